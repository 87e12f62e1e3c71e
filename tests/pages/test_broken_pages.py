"""Pages in broken surroundings: the app stays usable, and one sentence says what to do."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import live_chart
from pages.kit.results import Results
from pages.views.deep_models import serving
from recemb_core.serving import SQLiteStore, StoreError
from tests.pages.conftest import healthy

Open = Callable[..., AppTest]
FULL = OSError(errno.ENOSPC, "No space left on device")


def full(*args: object, **more: object) -> Any:
    raise FULL


@pytest.mark.parametrize("name", ["home", "node2vec"])
@pytest.mark.slow
def test_a_static_folder_that_cannot_be_written_leaves_still_charts(
    name: str, open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = live_chart.ensure_plotly_js.__wrapped__
    (tmp_path / "static").touch()  # a file, where nobody can make a folder
    for module in ("pages.kit.live_chart", "pages.kit.frame"):
        monkeypatch.setattr(f"{module}.ensure_plotly_js", lambda: real(tmp_path / "static"))
    page = healthy(open_page(name, data="planted_shop"))
    said = [one.value for one in page.warning if "hold still" in one.value]
    assert len(said) == 1
    assert "Make this folder writable, or free some room on its disk" in said[0]
    assert page.get("plotly_chart")


def test_a_full_disk_under_static_is_the_same_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(live_chart.NoScript, match="No space left on device"):
        live_chart.ensure_plotly_js.__wrapped__(tmp_path)
    assert not (tmp_path / "plotly.min.js").exists()
    assert not list(tmp_path.iterdir())  # and no draft takes the room that is left


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Results:
    found = Results()  # no store that another test has opened
    monkeypatch.setattr("pages.kit.results.session_results", lambda: found)
    return found


@pytest.mark.slow
def test_without_a_temporary_folder_the_store_is_in_memory_and_that_is_said(
    open_page: Open, fresh: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    page = healthy(open_page("deep_models", data="planted_shop", section="serving"))
    assert {m.label: m.value for m in page.metric}["Store"] == "Memory"
    (said,) = [one.value for one in page.warning if "kept in memory" in one.value]
    assert "No space left on device" in said
    assert "TMPDIR" in said
    assert page.dataframe


@pytest.mark.slow
def test_a_store_that_breaks_can_be_made_anew(open_page: Open, fresh: Results) -> None:
    page = healthy(open_page("deep_models", data="planted_shop", section="serving"))
    store = fresh.get(("vector store", False))
    assert isinstance(store, SQLiteStore)
    assert store.path is not None
    store._db.execute("DROP TABLE vectors")
    page.run()
    assert not page.exception
    (said,) = [one.value for one in page.error]
    assert "cannot be used (no such table: vectors): move this file away, and publish anew" in said
    page.button(key="serving anew").click()
    healthy(page.run())
    assert fresh.get(("vector store", False)) is not store


@pytest.mark.slow
def test_no_room_while_publishing_is_said_and_the_old_version_serves_on(
    open_page: Open, fresh: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = healthy(open_page("deep_models", data="planted_shop", section="serving"))
    before = {m.label: m.value for m in page.metric}["Version"]

    def refuse(*args: object, **more: object) -> float:
        raise StoreError("the store x cannot be used (database or disk is full): free some room on its disk")

    with monkeypatch.context() as patch:
        patch.setattr(serving, "publish", refuse)
        page.button(key="serving publish").click()
        page.run()
        assert not page.exception
        assert "disk is full" in page.error[0].value
    healthy(page.run())
    assert {m.label: m.value for m in page.metric}["Version"] == before
