"""'As Python' with names that hold quotes, backslashes, line ends and braces: it runs, in every view."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.kit.text import quoted
from tests import hostile
from tests.pages.conftest import ROOT
from tests.pages.test_foreign_text import VIEWS, opened

# One file a kind would be many; this one has what a literal can stumble over.
LOG = "'a\\b' \"{x}\" #.csv"
SLOW = {"roles", "sweep", "recall", "history", "pretraining", "race", "tune", "serving"}  # parsed, not run


@pytest.mark.parametrize("title", [13, 21, 23, 24], ids=["math", "percent", "quotes", "backslash"])
def test_quoted_is_read_back(title: int) -> None:
    name = hostile.name(title, 7)
    assert ast.literal_eval(quoted(name)) == name


@given(st.text())
def test_any_text_is_read_back(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text
    assert "\n" not in quoted(text)


@pytest.mark.parametrize(("page", "view"), VIEWS, ids=lambda v: "-".join(v.values()) if isinstance(v, dict) else v)
@pytest.mark.slow
def test_the_lines_of_every_view_run(
    page: str, view: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hostile, "FILE", LOG)
    # The chosen item is the most popular one: each of these names in turn, on the page that it is likely to break.
    # Figure 3 trains forty models for each, by lines whose names stand in those of the page's other views too.
    likely = page in {"home", "item_graph", "walks", "node2vec"} and "figure" not in view.values()
    for kind in (22, 23, 24) if likely else (24,):
        chosen = hostile.ITEMS[kind]
        found = opened(page, view, item=chosen)
        blocks = [block.value for block in found.code if "import" in block.value]
        assert blocks or page in {"home"} or view == {"section": "staleness"}  # this log is too short for it
        (tmp_path / LOG).write_bytes(hostile.log())
        (tmp_path / hostile.DETAILS).write_bytes(hostile.details())
        monkeypatch.chdir(tmp_path)
        for lines in blocks:
            tree = compile(lines, "As Python", "exec")
            assert chosen not in re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "", lines)  # as a literal or not at all
            if not SLOW & set(view.values()):
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(tree, {})


@pytest.mark.slow
def test_no_value_stands_between_quotes_of_a_line() -> None:
    """What a snippet quotes goes through ``quoted`` or ``!r``, which know what to escape."""
    found = []
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else []
            for before, value, after in zip(parts, parts[1:], parts[2:], strict=False):
                if not (isinstance(before, ast.Constant) and isinstance(after, ast.Constant)):
                    continue
                ends, starts = str(before.value), str(after.value)
                code = re.search(r"[(\[=,:{ ]\"$", ends) and starts.startswith('"')
                html = ends.endswith('="') and "<" in ends
                if isinstance(value, ast.FormattedValue) and value.conversion == -1 and code and not html:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ends[-20:]}…{starts[:10]}")
    assert not found, "\n".join(found)
