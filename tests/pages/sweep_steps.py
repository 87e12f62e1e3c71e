"""A sweep on a page, driven to its end: what the tests of its two pages share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.sweeps import live
from pages.kit.uploads import visitor
from tests.pages.conftest import healthy


@pytest.fixture(autouse=True)
def own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A store of runs of its own, and no sweep of another test."""
    monkeypatch.setenv("RECEMB_RUNS_FOLDER", str(tmp_path))
    monkeypatch.setenv("RECEMB_RUNS", "on")
    visitor.once_a_process("sweeps at work", dict).clear()


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [one for one in page.button if one.label.startswith(label)]
    return button.click().run()


def over(page: AppTest) -> AppTest:
    """The page when the sweep behind it has ended."""
    deadline = time.monotonic() + 240
    while any(one.running for one in live._registry().values()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return healthy(page.run())


def labels(page: AppTest) -> list[str]:
    return [one.label.partition(" (")[0] for one in page.button]
