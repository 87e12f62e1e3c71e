"""Examples in docstrings and the README's Python run; what docs/architecture.md says of the files is so."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

from tests.test_import_rules import ORDER, all_imports

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
OWN_LOG = "# your own log"


def modules_with_examples() -> list[str]:
    files = sorted((ROOT / "recemb_core").rglob("*.py"))
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files if ">>> " in f.read_text("utf-8")]
    return [name.removesuffix(".__init__") for name in names]


def readme_blocks() -> list[str]:
    text = README.read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", modules_with_examples())
def test_docstring_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0, "see the captured output for what differs"


def test_the_readme_shows_python() -> None:
    assert readme_blocks()


@pytest.mark.parametrize("block", readme_blocks(), ids=lambda b: b.splitlines()[0][:40])
def test_readme_blocks(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As they stand, each on its own: from the repository, or beside a log of one's own.
    if block.startswith(OWN_LOG):
        write_log(tmp_path / "my_log.csv")
        monkeypatch.chdir(tmp_path)
    else:
        monkeypatch.chdir(ROOT)
    exec(compile(block, str(README), "exec"), {"__name__": "__main__"})


def write_log(path: Path) -> None:
    """Thirty people, each with two sessions of six clicks a day apart, on twelve items of two kinds."""
    kinds = (["tea", "milk", "cup", "spoon", "sugar", "lemon"], ["nail", "screw", "hammer", "saw", "drill", "plank"])
    lines = ["user_id,item_id,timestamp"]
    for user in range(30):
        items = kinds[user % 2]
        for session in range(2):
            for step in range(6):
                item = items[(user * (session + 1) + step * (1 + user % 3)) % 6]
                lines.append(f"user{user},{item},{1_700_000_000 + user * 5_000 + session * 86_400 + step * 40}")
    path.write_text("\n".join(lines) + "\n")


# --- docs/architecture.md ---


def walks() -> list[list[str]]:
    """The numbered lists of files, in the order of the page."""
    found: list[list[str]] = []
    for number, path in re.findall(r"^(\d+)\. `([^`]+)`", ARCHITECTURE.read_text("utf-8"), flags=re.MULTILINE):
        if number == "1":
            found.append([])
        found[-1].append(path)
    return found


def files_imported(path: str) -> set[str]:
    """The files that a file imports from; of a name that a package hands on, also the file that defines it."""
    files: set[str] = set()
    for name in all_imports(ROOT / path):
        module, _, last = name.rpartition(".")
        for candidate in (name, module):
            if candidate and (ROOT / f"{candidate.replace('.', '/')}.py").is_file():
                files.add(f"{candidate.replace('.', '/')}.py")
        if module.startswith("recemb_core"):
            home = getattr(getattr(importlib.import_module(module), last, None), "__module__", None)
            files.add(f"{str(home).replace('.', '/')}.py")
    return files


def test_one_slider_is_followed_in_ten_files_or_fewer() -> None:
    to_the_walk, to_the_picture = walks()
    assert to_the_walk[0].startswith("pages/")
    assert to_the_walk[-1].startswith("recemb_core/walks/")
    assert len(to_the_walk) <= 10
    assert to_the_picture[0] in to_the_walk
    assert to_the_picture[-1] == "pages/kit/live_chart.py"


@pytest.mark.parametrize("files", walks(), ids=["to the walk", "to the picture"])
def test_each_file_of_the_walk_is_imported_by_one_above_it(files: list[str]) -> None:
    for at, path in enumerate(files[1:], start=1):
        above = set().union(*(files_imported(other) for other in files[:at]))
        assert path in above, f"{path} is not imported by any of {files[:at]}"


def test_the_rooms_are_those_of_the_import_rules_in_their_order() -> None:
    table = re.findall(r"^\| [A-Z][^|]*\| (.*) \|$", ARCHITECTURE.read_text("utf-8"), flags=re.MULTILINE)
    assert [name for row in table for name in re.findall(r"`(\w+)`", row)] == ORDER


@pytest.mark.parametrize("page", [ARCHITECTURE, ROOT / "CONTRIBUTING.md", README], ids=lambda path: path.name)
def test_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"`((?:pages|recemb_core|tests|data|docs|benchmarks)/[\w/.]*)`", text))
    assert named or page == README
    for path in named:
        assert (ROOT / path).exists(), f"{page.name} names {path}"
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
