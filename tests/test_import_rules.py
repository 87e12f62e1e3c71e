"""Who may import whom, read from the source: the core knows no app, heavy libraries wait until they are needed."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "recemb_core").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
KIT = sorted((ROOT / "pages" / "kit").rglob("*.py"))
VIEWS = sorted((ROOT / "pages" / "views").rglob("*.py"))
APP = [ROOT / "app.py"]

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

every_core_file = pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT)))
every_page = pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
every_kit_file = pytest.mark.parametrize("path", KIT, ids=lambda p: p.name)
every_view = pytest.mark.parametrize("path", VIEWS, ids=lambda p: f"{p.parent.name}/{p.name}")
every_file = pytest.mark.parametrize("path", CORE + PAGES + KIT + VIEWS + APP, ids=lambda p: str(p.relative_to(ROOT)))


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


def all_imports(path: Path) -> set[str]:
    """Every import of a file: inside functions and for type checking as well."""
    return {name for node in ast.walk(tree(path)) for name in import_names(node)}


def module_level_imports(path: Path) -> set[str]:
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
    return found


def top(name: str) -> str:
    return name.partition(".")[0]


def core_part(name: str) -> str | None:
    """The module or package of the core that a full name lies in: recemb_core.embeddings.node2vec → embeddings."""
    parts = name.split(".")
    return parts[1] if parts[0] == "recemb_core" and len(parts) > 1 else None


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "recemb_core").parts[0].removesuffix(".py")


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


# --- the core ---


@every_core_file
@pytest.mark.slow
def test_the_core_knows_no_app(path: Path) -> None:
    assert not {top(name) for name in all_imports(path)} & {"streamlit", "pages", "app", "tests", "benchmarks"}


@every_core_file
def test_core_imports_point_up_the_list(path: Path) -> None:
    part = part_of(path)
    used = {core_part(name) for name in all_imports(path)} - {None, part}
    if part == "__init__":  # importing any module runs it, so it imports nothing but what has to come before
        assert all_imports(path) == {"recemb_core.moved", "recemb_core.numba_cache"}
        return
    assert part in ORDER, f"put {part} into its place in ORDER"
    assert used <= set(ORDER[: ORDER.index(part)])


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


@every_core_file
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    assert not {top(name) for name in module_level_imports(path)} & HEAVY


def is_a_kernel(path: Path) -> bool:
    """Numba code, which is imported where it runs: kernels, what they share, and what walks look up."""
    shared = part_of(path) == "kernels" and path.stem not in ("__init__", "outdated", "reference")
    return path.stem.endswith("_kernel") or shared or path == ROOT / "recemb_core" / "walks" / "tables.py"


KERNELS = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in CORE if is_a_kernel(path)]


@pytest.mark.parametrize("path", [p for p in CORE if not is_a_kernel(p)], ids=lambda p: str(p.relative_to(ROOT)))
def test_numba_belongs_to_the_kernels(path: Path) -> None:
    level = module_level_imports(path)
    assert "numba" not in {top(name) for name in level}
    assert not {name for name in level for kernel in KERNELS if f"{name}.".startswith(f"{kernel}.")}


@every_core_file
def test_plotly_belongs_to_the_figures(path: Path) -> None:
    if part_of(path) == "figures":
        assert not {core_part(name) for name in all_imports(path)} & NOT_FOR_FIGURES
        assert not any(name.split(".")[-1].startswith("train_") for name in all_imports(path))
    else:
        assert "plotly" not in {top(name) for name in all_imports(path)}


# --- the pages ---

FOR_PAGES = {"__future__", "streamlit", "recemb_core", "numpy", "polars", "pages"} | set(sys.stdlib_module_names)


def own_rooms(page: str) -> tuple[str, ...]:
    """What a page and its views may import of the app."""
    return ("pages.kit.", f"pages.views.{page}.")


@every_page
def test_pages_import_only_streamlit_the_core_the_kit_and_their_own_views(path: Path) -> None:
    names = all_imports(path)
    assert {top(name) for name in names} <= FOR_PAGES
    assert all(name.startswith(own_rooms(path.stem)) for name in names if top(name) == "pages")


@every_view
@pytest.mark.slow
def test_views_import_no_other_page(path: Path) -> None:
    page = path.relative_to(ROOT / "pages" / "views").parts[0]
    names = all_imports(path)
    assert (ROOT / "pages" / f"{page}.py").exists(), f"{page} is no page"
    assert {top(name) for name in names} <= FOR_PAGES
    assert all(name.startswith(own_rooms(page)) for name in names if top(name) == "pages")


@every_kit_file
def test_the_kit_imports_no_page(path: Path) -> None:
    names = all_imports(path)
    server = {"starlette"} if path.name == "server.py" else set()  # what Streamlit's own server is made of
    assert {top(name) for name in names} <= FOR_PAGES | server
    assert all(name.startswith("pages.kit.") for name in names if top(name) == "pages")


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


@every_kit_file
@pytest.mark.slow
def test_a_kit_file_serves_two_pages_or_more(path: Path) -> None:
    users = [page.stem for page in PAGES if path in reached(page)]
    assert len(users) >= 2 or path in reached(APP[0]), f"only {users}: it belongs to that page's views"


def test_the_app_is_a_list_of_pages() -> None:
    (app,) = APP
    assert all(name.startswith(("pages.kit.", "__future__.", "streamlit")) for name in all_imports(app))


@every_file
def test_caches_live_in_few_files(path: Path) -> None:
    caches = {name for name in attributes_of_streamlit(path) if name.startswith("cache_")}
    few = ("results", "model_results", "background", "session")
    assert not caches or path in [ROOT / "pages" / "kit" / f"{name}.py" for name in few]


@every_file
def test_state_lives_in_what_pages_share(path: Path) -> None:
    state = {name for name in attributes_of_streamlit(path) if name in ("session_state", "query_params")}
    assert not state or path in KIT + VIEWS


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
