"""Who may import whom, read from the source: the core knows no app, heavy libraries wait until they are needed."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "recemb_core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
KIT = sorted((ROOT / "pages" / "kit").rglob("*.py"))
VIEWS = sorted((ROOT / "pages" / "views").rglob("*.py"))
APP = [ROOT / "app.py"]
EVERY = CORE + PAGES + KIT + VIEWS + APP

# Modules of the core in the order data flows: each imports only from those before it.
ORDER = [
    "moved",
    "numba_cache",
    "arrays",
    "data_folder",
    "validation",
    "config_fields",
    "vocabulary",
    "progress",
    "timing",
    "auc",
    "array_files",
    "parallel",
    "peak_memory",
    "processes",
    "versions",
    "sqlite_files",
    "foreign_text",
    "readers",
    "sequences",
    "session_file",
    "side_information",
    "splits",
    "scorers",
    "item_graph",
    "reader_pool",
    "kernels",
    "walks",
    "datasets",
    "neighbors",
    "embeddings",
    "brought",
    "plans",
    "prepared",
    "layouts",
    "deep",
    "summaries",
    "evaluation",
    "result_agreement",
    "experiments",
    "serving",
    "result_files",
    "bundles",
    "precomputed",
    "figures",
    "warm_up",
    "job_pool",
    "runs",
    "sweeps",
    "spark",
    "command_line",
    "__main__",
]
HEAVY = {
    "umap",
    "gensim",
    "faiss",
    "jax",
    "optax",
    "igraph",
    "scipy",
    "networkx",
    "sklearn",
    "torch",
    "pyspark",
    "pandas",
}
# What figures may not do is compute: no module that trains, walks, lays out or reads.
NOT_FOR_FIGURES = {"readers", "walks", "datasets", "layouts", "precomputed"}

# A test a rule and not one a file: with thousands of files' cases pytest itself would cost more than the reading does.


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def broken(files: Iterable[Path], rule: Callable[[Path], Iterable[object]]) -> dict[str, list[str]]:
    """File → what it does against a rule, of those that do any."""
    found = {name_of(path): sorted(map(str, rule(path))) for path in files}
    assert found, "no file is looked at"
    return {path: wrong for path, wrong in found.items() if wrong}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def import_names(node: ast.AST) -> Iterator[str]:
    """Full names that an import statement may bring in: ``from a import b`` gives a.b, ``import a.b`` gives a.b."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import in line {node.lineno}"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def all_imports(path: Path) -> frozenset[str]:
    """Every import of a file: inside functions and for type checking as well."""
    return frozenset(name for node in ast.walk(tree(path)) for name in import_names(node))


@cache
def module_level_imports(path: Path) -> frozenset[str]:
    """What importing the file imports: not the bodies of functions, not ``if TYPE_CHECKING``."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree(path)]
    while waiting:
        node = waiting.pop()
        found |= set(import_names(node))
        if is_type_checking(node):
            assert isinstance(node, ast.If)
            waiting += node.orelse
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def top(name: str) -> str:
    return name.partition(".")[0]


def core_part(name: str) -> str | None:
    """The module or package of the core that a full name lies in: recemb_core.embeddings.node2vec → embeddings."""
    parts = name.split(".")
    return parts[1] if parts[0] == "recemb_core" and len(parts) > 1 else None


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "recemb_core").parts[0].removesuffix(".py")


@cache
def attributes_of_streamlit(path: Path) -> set[str]:
    """Names read from streamlit, as ``st.name`` or ``from streamlit import name``."""
    read = {
        node.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("st", "streamlit")
    }
    return read | {name.split(".")[1] for name in all_imports(path) if name.startswith("streamlit.")}


# --- the readers of this file do see imports ---


def test_imports_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(
        "import a.b as c\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import d\nelse:\n    import e\n"
        "try:\n    from f import g\nexcept ImportError:\n    import h\n"
        "class K:\n    import i\n    def method(self):\n        from j.k import l\n"
        "st.cache_data(st.session_state)\nfrom streamlit import query_params\n"
    )
    level = {"a.b", "typing.TYPE_CHECKING", "e", "f.g", "h", "i", "streamlit.query_params"}
    assert module_level_imports(path) == level
    assert all_imports(path) == level | {"d", "j.k.l"}
    assert attributes_of_streamlit(path) == {"cache_data", "session_state", "query_params"}
    assert broken([path], lambda path: all_imports(path) & {"h", "x"}) == {"sample.py": ["h"]}
    assert broken([path], lambda path: all_imports(path) & {"x"}) == {}


# --- the core ---


@pytest.mark.slow
def test_the_core_knows_no_app() -> None:
    app = {"streamlit", "pages", "app", "tests", "benchmarks"}
    assert broken(CORE, lambda path: {top(name) for name in all_imports(path)} & app) == {}


def test_core_imports_point_up_the_list() -> None:
    def below(path: Path) -> Iterable[object]:
        part = part_of(path)
        if part == "__init__":  # importing any module runs it, so it imports nothing but what has to come before
            return all_imports(path) ^ {"recemb_core.moved", "recemb_core.numba_cache"}
        if part not in ORDER:
            return [f"put {part} into its place in ORDER"]
        return {core_part(name) for name in all_imports(path)} - {None, part} - set(ORDER[: ORDER.index(part)])

    assert broken(CORE, below) == {}


STILL_ROUND = {"embeddings"}  # vectors know the models that have them


def core_file(name: str) -> Path | None:
    """The core's file that a full name lies in, packages' lists of names left out."""
    parts = name.split(".")
    paths = (ROOT.joinpath(*parts[:end]).with_suffix(".py") for end in range(len(parts), 1, -1))
    return next((path for path in paths if path in CORE), None)


def runtime_imports(path: Path) -> set[str]:
    """Imports of a file, inside functions too, but not those for type checking alone."""
    typing = {name for node in ast.walk(tree(path)) if is_type_checking(node) for name in all_names(node)}
    return all_imports(path) - typing | module_level_imports(path)


def all_names(node: ast.AST) -> set[str]:
    return {name for inner in ast.walk(node) for name in import_names(inner)}


@pytest.mark.parametrize("part", sorted({part_of(path) for path in CORE} - STILL_ROUND))
def test_no_part_of_the_core_imports_in_a_circle(part: str) -> None:
    files = [path for path in CORE if part_of(path) == part]
    graph = {path: {core_file(name) for name in runtime_imports(path)} & set(files) - {path} for path in files}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the files


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    assert broken(CORE, lambda path: {top(name) for name in module_level_imports(path)} & HEAVY) == {}


def is_a_kernel(path: Path) -> bool:
    """Numba code, which is imported where it runs: kernels, what they share, and what walks look up."""
    shared = part_of(path) == "kernels" and path.stem not in ("__init__", "outdated", "reference")
    return path.stem.endswith("_kernel") or shared or path == ROOT / "recemb_core" / "walks" / "tables.py"


KERNELS = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in CORE if is_a_kernel(path)]


def test_numba_belongs_to_the_kernels() -> None:
    kernels = ("numba.", *(f"{kernel}." for kernel in KERNELS))
    others = [path for path in CORE if not is_a_kernel(path)]
    wrong = broken(others, lambda path: [n for n in module_level_imports(path) if f"{n}.".startswith(kernels)])
    assert wrong == {}


def test_plotly_belongs_to_the_figures() -> None:
    def wrong(path: Path) -> Iterable[object]:
        names = all_imports(path)
        if part_of(path) != "figures":
            return [name for name in names if top(name) == "plotly"]
        return [n for n in names if core_part(n) in NOT_FOR_FIGURES or n.split(".")[-1].startswith("train_")]

    assert broken(CORE, wrong) == {}


# --- the pages ---

FOR_PAGES = {"__future__", "streamlit", "recemb_core", "numpy", "polars", "pages"} | set(sys.stdlib_module_names)


def own_rooms(page: str) -> tuple[str, ...]:
    """What a page and its views may import of the app."""
    return ("pages.kit.", f"pages.views.{page}.")


def strangers(path: Path, rooms: tuple[str, ...], *more: str) -> set[str]:
    """What a file of the app imports that is neither for all pages nor in these rooms of the app."""
    names = all_imports(path)
    outside = {name for name in names if top(name) == "pages" and not name.startswith(rooms)}
    return outside | {name for name in names if top(name) not in FOR_PAGES.union(more)}


def test_pages_import_only_streamlit_the_core_the_kit_and_their_own_views() -> None:
    assert broken(PAGES, lambda path: strangers(path, own_rooms(path.stem))) == {}


def page_of(view: Path) -> str:
    return view.relative_to(ROOT / "pages" / "views").parts[0]


@pytest.mark.slow
def test_views_import_no_other_page() -> None:
    assert {page_of(path) for path in VIEWS} <= {path.stem for path in PAGES}
    assert broken(VIEWS, lambda path: strangers(path, own_rooms(page_of(path)))) == {}


def test_the_kit_imports_no_page() -> None:
    server = {"server.py": ["starlette"]}  # what Streamlit's own server is made of
    assert broken(KIT, lambda path: strangers(path, ("pages.kit.",), *server.get(path.name, ()))) == {}


def room(name: str) -> Path | None:
    """The file of a full name: pages.kit.frame.page → pages/kit/frame.py."""
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        path = ROOT.joinpath(*parts[:end]).with_suffix(".py")
        if path.exists():
            return path
    return None


@cache
def reached(path: Path) -> frozenset[Path]:
    """The kit's files that a file imports, its own views and the kit's own imports included."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for name in all_imports(waiting.pop()):
            other = room(name) if top(name) == "pages" else None
            if other is not None and other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)


@pytest.mark.slow
def test_a_kit_file_serves_two_pages_or_more() -> None:
    """One that does not belongs to that page's views."""
    users = {path: [page.stem for page in PAGES if path in reached(page)] for path in KIT}
    assert {name_of(p): pages for p, pages in users.items() if len(pages) < 2 and p not in reached(APP[0])} == {}


def test_the_app_is_a_list_of_pages() -> None:
    (app,) = APP
    assert all(name.startswith(("pages.kit.", "__future__.", "streamlit")) for name in all_imports(app))


def test_caches_live_in_few_files() -> None:
    few = {ROOT / "pages" / "kit" / f"{name}.py" for name in ("results", "model_results", "background", "session")}
    others = set(EVERY) - few
    assert broken(others, lambda p: [name for name in attributes_of_streamlit(p) if name.startswith("cache_")]) == {}


def test_state_lives_in_what_pages_share() -> None:
    others = set(EVERY) - set(KIT) - set(VIEWS)
    assert broken(others, lambda path: attributes_of_streamlit(path) & {"session_state", "query_params"}) == {}


# --- what importing costs ---


@pytest.mark.slow
def test_importing_the_core_is_light() -> None:
    parts = ("datasets", "sequences", "item_graph", "walks.statistics", "embeddings")
    modules = ", ".join(f"recemb_core.{part}" for part in parts)
    heavy = sorted(HEAVY - {"scipy", "networkx", "igraph", "optax"} | {"numba", "streamlit"})
    code = f"import sys, {modules}; print(*sorted(set({heavy}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*")), ids=lambda p: p.name)
def test_torch_is_never_required(path: Path) -> None:
    names = re.findall(r"^([A-Za-z0-9._-]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert names
    assert not [name for name in names if re.match(r"torch|pytorch", name, flags=re.IGNORECASE)]
