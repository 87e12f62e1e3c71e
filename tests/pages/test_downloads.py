"""Files to take along: each is made outside a run of the script, whole, and harmless in a spreadsheet."""

from __future__ import annotations

import ast
import csv
import io
import re
import tomllib
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl
import pytest
import streamlit as st

from pages.views.node2vec import one_setting, two_maps
from tests import hostile
from tests.pages.conftest import ROOT
from tests.pages.test_foreign_text import VIEWS, opened

# Every file of every view of a small upload; the browser test presses each.
EVERYWHERE = {"session.toml"}
OF_A_MODEL = {
    f"word2vec{end}"
    for end in (".txt", ".bin", ".npz", ".parquet", "_projector.zip", "_bundle.zip", "_neighbors.parquet")
}
FILES: dict[str, set[str]] = {
    "sequences": {"sample_log.csv"},
    "node2vec-map": {"vectors.txt", "vectors.npz", "vectors.parquet", "vectors.tsv", "metadata.tsv"},
    "neighbors-models": {"neighbors.csv", *OF_A_MODEL},
    "neighbors-two": {"neighbors.csv", *OF_A_MODEL},
    "runs-sweep": {"sweep-item2vec.toml"},
    **{
        f"evaluation-{look}": {"evaluation-validation.csv", "evaluation-validation.json"}
        for look in ("all", "popularity", "targets", "pairs", "vectors")
    },
}


def name_of(page: str, view: dict[str, str]) -> str:
    return "-".join([page, *view.values()])


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """File name → what gives its content, of the buttons that a page has drawn."""
    found: dict[str, Callable[[], Any]] = {}

    def note(label: str, data: Any, name: str, kind: str, **more: Any) -> None:
        assert callable(data)
        found[name] = data

    monkeypatch.setattr(st, "download_button", note)
    return found


def outside_a_run(make: Callable[[], Any]) -> bytes:
    """As the server calls it when the button is pressed: in a thread that runs no script."""
    with ThreadPoolExecutor(1) as pool:
        content = pool.submit(make).result()
    return content.encode() if isinstance(content, str) else content


def look_into(name: str, content: bytes) -> None:
    """Whether a file is what its name says."""
    assert content
    if name.endswith(".csv"):
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        heads = {"neighbors.csv": ["item", "model", "rank", "neighbor", "title"], "sample_log.csv": ["user_id"]}
        assert rows[0][: len(heads.get(name, []))] == heads.get(name, [])
        assert len(rows) > 1
        starts_no_formula(rows)
    elif name.endswith(".toml"):
        assert tomllib.loads(content.decode())
    elif name.endswith(".npz"):
        assert "vectors" in np.load(io.BytesIO(content))
    elif name.endswith("_neighbors.parquet"):
        assert pl.read_parquet(content).columns == ["item", "rank", "neighbor", "cosine"]
    elif name.endswith(".parquet"):
        assert pl.read_parquet(content).columns == ["item", "vector"]
    elif name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert {"README.md", "load.py"} <= set(archive.namelist()) or "metadata.tsv" in archive.namelist()
    else:
        assert len(content.splitlines()) >= len(hostile.ITEMS)


def starts_no_formula(rows: list[list[str]]) -> None:
    for row in rows:
        for cell in row:
            assert cell[:1] not in set("=+@\t\r")
            if cell[:1] == "-":
                float(cell)


@pytest.mark.parametrize(("page", "view"), VIEWS, ids=lambda v: "-".join(v.values()) if isinstance(v, dict) else v)
@pytest.mark.slow
def test_every_file_is_made_without_the_session(
    page: str, view: dict[str, str], offered: dict[str, Callable[[], Any]]
) -> None:
    opened(page, view)
    # Of the first model that is there; what an earlier test has trained on the same file may come first.
    found = {re.sub("^item2vec", "word2vec", name) for name in offered}
    if (page, view) == ("node2vec", {"view": "roles"}):  # there when an earlier page has trained them
        found -= {f"{made}.{kind}" for made in ("features", "role_features") for kind in ("txt", "npz", "parquet")}
    assert found == EVERYWHERE | FILES.get(name_of(page, view), set())
    for name, make in offered.items():
        look_into(name, outside_a_run(make))


@pytest.mark.slow
def test_only_one_place_makes_buttons_and_nothing_is_handed_over_by_a_closure() -> None:
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert called != "download_button" or path.name == "downloads.py", where
            assert called != "write_csv", f"{where}: spreadsheet_csv writes what a person opens"
            if called == "download":
                assert not any(isinstance(inner, ast.Lambda) for inner in ast.walk(node)), where


@pytest.mark.slow
def test_the_selected_items_are_a_file(offered: dict[str, Callable[[], Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The lasso's table, which no page under test can draw."""
    found: list[Any] = []
    real = one_setting.lasso_table
    monkeypatch.setattr(two_maps, "lasso_table", lambda shown, selected, color: found.append((shown, color)))
    page = opened("node2vec", {"view": "map"})
    assert not page.exception
    shown, color = found[0]
    real(shown, tuple(hostile.ITEMS), color)
    content = outside_a_run(offered["selected_items.csv"])
    rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    starts_no_formula(rows)
    assert {row[1] for row in rows[1:]} >= {
        item for item in hostile.ITEMS if item in shown.graph.items and item[0] in "*<"
    }
