"""Runs in a browser: two settings kept on node2vec, found in the table, compared, noted, deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from recemb_core.embeddings import Word2VecConfig
from recemb_core.experiments.leaderboard import Entry, Protocol, default_query, part_cases
from recemb_core.prepared import prepare_bundled
from recemb_core.runs import RunStore
from recemb_core.runs.doing import kept_measurement
from tests.browser.driver import no_exception, open_page, settled, table
from tests.browser.test_stage import OPENED, ask_all

Serve = Callable[..., str]


def test_two_runs_are_kept_compared_noted_and_deleted(serve: Serve, page: Page) -> None:
    app = serve("app.py")
    open_page(page, f"{app}/runs?data=karate_club", timeout=120_000)
    expect(page.get_by_text("No runs of")).to_be_visible()
    for q in ("1", "20"):
        open_page(page, f"{app}/node2vec?data=karate_club&q={q}", timeout=120_000)
        page.get_by_role("button", name="Keep this run").click()
        expect(page.get_by_text("Kept: node2vec, seed 0")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="To the kept runs").click()
    expect(page.get_by_role("heading", name="What did I try, and which was better?")).to_be_visible()
    settled(page)
    head, *rows = table(page)
    assert "q" in head
    assert sorted(row[head.index("q")] for row in rows) == ["1", "20"]

    page.get_by_text("Two side by side").click()
    settled(page, 120_000)
    expect(page.get_by_text("Crimson rings")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("mean overlap@10 is")).to_be_visible()
    expect(page.get_by_text("No difference is shown")).to_be_visible()

    page.get_by_text("All runs", exact=True).click()
    settled(page)
    before = table(page)
    page.get_by_label("Note").fill("far and wide")
    page.get_by_role("button", name="Save", exact=True).click()
    settled(page)
    head, *rows = table(page, after=before)
    assert [row[head.index("Note")] for row in rows].count("far and wide") == 1
    page.get_by_role("button", name="Delete", exact=False).first.click()
    before = table(page)
    page.get_by_role("button", name="Delete it").click()
    settled(page)
    assert len(table(page, after=before)) == 2
    no_exception(page)


@pytest.mark.slow
def test_questions_of_kept_runs_stand_in_one_window(serve: Serve, page: Page, tmp_path: Path) -> None:
    shop = prepare_bundled("planted_shop")
    assert shop.sequences is not None
    cases = part_cases(shop.sequences, Protocol(most_users=300))
    for dimensions, epochs in ((8, 1), (32, 12)):
        config = Word2VecConfig(dimensions=dimensions, epochs=epochs)
        entry = Entry(name="word2vec", config=config, query=default_query(config, cases.train))
        for seed in range(3):
            store = RunStore.open(tmp_path)
            kept_measurement(store, cases, entry, seed, name=shop.name, fingerprint=shop.fingerprint)
    page.set_viewport_size({"width": 1280, "height": 720})
    open_page(page, f"{serve('app.py', RECEMB_RUNS_FOLDER=str(tmp_path))}/runs?data=planted_shop", timeout=120_000)
    assert page.evaluate(OPENED) == []
    assert ask_all(page) == {}
    no_exception(page)
