"""The table of the benchmarks: ratios of pairs, what could not be measured, and files of it. No times."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import math
import subprocess
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import __main__ as bench
from benchmarks.table import HEADS, Row, markdown, read, write

ROOT = Path(__file__).resolve().parents[2]
RATES = st.lists(
    st.tuples(st.floats(0.01, 1e6, allow_subnormal=False), st.floats(0.01, 1e6, allow_subnormal=False)),
    min_size=1,
    max_size=9,
)


def row_of(pairs: list[tuple[float, float]], **more: bool) -> Row:
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
    return Row.of_turns("walks", "77 nodes", "M steps/s", "GRAPE", ours, theirs, **more)


@given(RATES)
def test_a_ratio_is_of_the_two_of_one_turn(pairs: list[tuple[float, float]]) -> None:
    row = row_of(pairs)
    ratios = [a / b for a, b in pairs]
    assert (row.ratio, row.lowest, row.highest) == (median(ratios), min(ratios), max(ratios))
    assert (row.ours, row.theirs, row.turns) == (median(a for a, _ in pairs), median(b for _, b in pairs), len(pairs))


@given(RATES)
def test_less_is_better_turns_every_ratio_round(pairs: list[tuple[float, float]]) -> None:
    row, other = row_of(pairs, less_is_better=True), row_of([(b, a) for a, b in pairs])
    assert (row.ratio, row.lowest, row.highest) == (other.ratio, other.lowest, other.highest)


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0])])
def test_what_is_no_pair_is_refused(ours: list[float], theirs: list[float]) -> None:
    with pytest.raises(ValueError, match="a ratio needs pairs"):
        Row.of_turns("walks", "", "s", "GRAPE", ours, theirs)


def test_a_share_beside_its_goal() -> None:
    good = Row.of_share("covered", "", 57, 60, 0.9, over="settings")
    assert good.ratio == pytest.approx(57 / 60 / 0.9)
    assert good.lowest is not None
    assert good.highest is not None
    assert good.lowest < good.ratio < good.highest  # type: ignore[operator]
    errs = Row.of_share("errs", "", 10, 400, 0.05, over="sweeps", less_is_better=True)
    assert errs.ratio == pytest.approx(2.0)  # half of what it may
    never = Row.of_share("errs", "", 0, 400, 0.05, over="sweeps", less_is_better=True)
    assert never.ratio == never.lowest  # a bound, and no infinity
    assert math.isfinite(never.ratio or math.nan)
    assert "at least" in never.cells()[-1]


def test_every_line_of_the_table_has_every_column() -> None:
    rows = [
        row_of([(58.7, 5.8), (60.0, 6.0)]),
        Row.missing("walks", "", "PecanPy", "not installed"),
        Row.of_share("errs", "", 0, 400, 0.05, over="sweeps", less_is_better=True),
        replace(row_of([(1.0, 1.0)]), what="a | b"),
    ]
    lines = markdown(rows).splitlines()
    assert len(lines) == len(rows) + 2
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(HEADS) + 1}
    assert "10.06" in lines[2]  # the median of 58.7 / 5.8 and 10
    assert "PecanPy" in lines[3]
    assert "not installed" in lines[3]


def test_files_hold_the_rows(tmp_path: Path) -> None:
    rows = [row_of([(2.0, 1.0)]), Row.missing("eges", "", "JAX", "not installed")]
    write(tmp_path / "table.json", rows, machine="two processors")
    assert read(tmp_path / "table.json") == rows
    assert json.loads((tmp_path / "table.json").read_text())["machine"] == "two processors"
    write(tmp_path / "table.md", rows, machine="two processors")
    text = (tmp_path / "table.md").read_text()
    assert markdown(rows) in text
    assert "two processors" in text
    with pytest.raises(ValueError, match="must end with"):
        write(tmp_path / "table.txt", rows)


def test_every_part_gives_headline_rows() -> None:
    for name in bench.PARTS:
        tree = ast.parse((ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8"))
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "headline"]
        assert found, f"benchmarks/{name}.py has no headline()"
        assert not found[0].args.args, name


def test_every_module_that_has_a_headline_is_a_part() -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py")}
    assert {name for name, text in texts.items() if "\ndef headline()" in text} == set(bench.PARTS)


def test_a_part_that_fails_is_a_row(capfd: pytest.CaptureFixture[str]) -> None:
    (row,) = bench.run_part("no such part", 60)
    assert row.ratio is None
    assert row.why == "failed with return code 2"
    capfd.readouterr()


def test_a_part_that_does_not_end_is_a_row_and_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Slow(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, command: list[str], **more: object) -> None:
            super().__init__([command[0], "-c", "import time; time.sleep(600)"], **more)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(bench.subprocess, "Popen", Slow)
    (row,) = bench.run_part("walks", 0.2)
    assert row.why == "not over within 0.2 s"
    assert started[0].poll() is not None


def test_what_a_part_has_found_before_its_time_is_over_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Row.of_turns("walks", "77 nodes", "s", "GRAPE", [1.0], [2.0])

    class Half(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, command: list[str], **more: object) -> None:
            write(Path(command[-1]), [kept])
            super().__init__([command[0], "-c", "import time; time.sleep(600)"], **more)  # type: ignore[call-overload]

    monkeypatch.setattr(bench.subprocess, "Popen", Half)
    first, rest = bench.run_part("walks", 0.2)
    assert first == kept
    assert rest.size == "the rest"


def test_peers_that_cannot_be_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = importlib.import_module("benchmarks.walks")

    def refuse() -> str:
        raise subprocess.CalledProcessError(1, ["pip"])

    monkeypatch.setattr(walks, "peers_python", refuse)
    rows = list(walks.headline())
    assert [row.peer for row in rows] == ["GRAPE", "PecanPy SparseOTF"]
    assert all(row.ratio is None and "not installed" in row.why for row in rows)


def test_what_the_benchmarks_import_is_there() -> None:
    """Also inside their functions, which run in no other test."""
    gone = []
    for path in sorted((ROOT / "benchmarks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "recemb_core":
                module = importlib.import_module(node.module or "")
                gone += [f"{path.name}: {node.module}.{one.name}" for one in node.names if not there(module, one.name)]
    assert not gone


def there(module: object, name: str) -> bool:
    """A module's name, or a module in a package."""
    package = getattr(module, "__path__", None) is not None
    return hasattr(module, name) or (package and importlib.util.find_spec(f"{module.__name__}.{name}") is not None)  # type: ignore[attr-defined]
