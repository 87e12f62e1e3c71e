"""Examples in docstrings and the README's Python run; what docs/architecture.md says of the files is so."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import results
from recemb_core.command_line import main
from recemb_core.job_pool import JobLimits, JobPool
from tests.test_import_rules import ORDER

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
@pytest.mark.slow
def test_docstring_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0, "see the captured output for what differs"


def test_the_readme_shows_python() -> None:
    assert readme_blocks()


@pytest.mark.parametrize("block", readme_blocks(), ids=lambda b: b.splitlines()[0][:40])
@pytest.mark.slow
def test_readme_blocks(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As they stand, each on its own: from the repository, or beside a log of one's own.
    if block.startswith(OWN_LOG):
        write_log(tmp_path / "my_log.csv")
        monkeypatch.chdir(tmp_path)
    else:
        monkeypatch.chdir(ROOT)
    exec(compile(block, str(README), "exec"), {"__name__": "__main__"})


def readme_commands(section: str = "From a terminal") -> list[str]:
    """The lines of a section of the README that a person types, the bundle's loader among them, in their order."""
    section = README.read_text("utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.mark.slow
def test_readme_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    write_log(tmp_path / "my_log.csv")
    monkeypatch.chdir(tmp_path)
    lines = readme_commands()
    assert sum(line.startswith("recemb ") for line in lines) >= 6
    for line in lines:
        line, _, into = line.partition(" > ")
        name, *arguments = shlex.split(line)
        if name == "recemb":
            capfd.readouterr()
            assert main(arguments) == 0, line
            if into:
                (tmp_path / into).write_text(capfd.readouterr().out)
        elif name == "cd":
            monkeypatch.chdir(tmp_path / arguments[0])
        else:
            assert name == "python", line
            subprocess.run([sys.executable, *arguments], check=True, timeout=120)
    listed = [line.split("  ")[1] for line in capfd.readouterr().out.splitlines()[-5:]]
    assert set(listed) == {"milk", "cup", "spoon", "sugar", "lemon"}, "the other items that the same people took"


@pytest.mark.slow
def test_readme_commands_of_kept_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")
    write_log(tmp_path / "my_log.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECEMB_RUNS_FOLDER", str(tmp_path / "usual"))
    lines = readme_commands("Runs that are kept")
    assert len(lines) >= 4
    for line in lines:
        name, *arguments = shlex.split(line)
        assert name == "recemb"
        assert main(arguments) == 0, line
    assert "word2vec" in capsys.readouterr().out


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


# Where q is read, where it becomes odds, where vectors become places, places a figure, and where that is shown.
REACHED = {
    ("pages/kit/parameters.py", "value"),
    ("recemb_core/walks/generate.py", "proposal_for"),
    ("recemb_core/layouts/umap_map.py", "umap_layout"),
    ("recemb_core/figures/item_map.py", "item_map_figure"),
    ("pages/kit/live_chart.py", "live_chart"),
}


@pytest.fixture(scope="module")
def passed() -> dict[str, list[str]]:
    """Function of ``REACHED`` → the files on its call stack, outermost first, when the page trains a setting live."""
    found: dict[str, list[str]] = {}

    def own(frame: Any) -> str:
        name = frame.f_code.co_filename
        return name[len(str(ROOT)) + 1 :] if name.startswith(str(ROOT)) else ""

    def look(frame: Any, event: str, argument: object) -> None:
        if event != "call" or frame.f_code.co_name in found or (own(frame), frame.f_code.co_name) not in REACHED:
            return
        if frame.f_code.co_name == "value" and getattr(frame.f_locals["self"], "name", "") != "q":
            return
        files, at = [], frame
        while at is not None:
            files.append(own(at))
            at = at.f_back
        inside = [name for name in files[::-1] if name.startswith(("pages/", "recemb_core/"))]
        found[frame.f_code.co_name] = list(dict.fromkeys(inside))

    page = AppTest.from_file(str(ROOT / "pages" / "node2vec.py"), default_timeout=600)
    # What nobody has computed beforehand.
    setting = {
        "data": "karate_club",
        "q": "0.5",
        "num_walks": "1",
        "walk_length": "10",
        "dimensions": "4",
        "epochs": "1",
    }
    for name, value in setting.items():
        page.query_params[name] = value
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECEMB_NO_WARM_UP", "1")
        patch.setattr(results, "workers", lambda: JobPool(JobLimits(processes=0)))  # where a profile can see
        threading.setprofile(look)
        try:
            page.run()
        finally:
            threading.setprofile(None)
    assert not page.exception
    return found


@pytest.mark.slow
def test_one_slider_is_followed_in_ten_files_or_fewer(passed: dict[str, list[str]]) -> None:
    to_the_walk = walks()[0]
    assert to_the_walk == list(dict.fromkeys(passed["value"] + passed["proposal_for"]))
    assert len(to_the_walk) <= 10


def test_and_what_comes_back_to_its_figure(passed: dict[str, list[str]]) -> None:
    ways = (passed[name] for name in ("umap_layout", "item_map_figure", "live_chart"))
    seen = dict.fromkeys(name for way in ways for name in way[way.index("pages/views/node2vec/one_setting.py") :])
    known = walks()[0]
    assert walks()[1] == [name for name in seen if name not in known or name == "pages/views/node2vec/one_setting.py"]


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
