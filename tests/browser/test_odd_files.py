"""Logs in the shapes that exports really have, uploaded in a browser: right without touching the mapping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import metric, no_exception, open_page, screenshot, settled, upload

Serve = Callable[..., str]
FILES = Path(__file__).parents[1] / "odd_files"
WAIT = 90_000
# file: events, items, and what stands open because it is doubtful (nothing: all is folded)
RIGHT = {
    "14_sep_hint.csv": ("129", "28", ""),
    "48b_title_line.csv": ("129", "28", "skipped as a title"),
    "07_lastfm1k.tsv": ("107", "24", ""),
    "34b_sessions_tab.txt": ("129", "28", "names it and is no item"),
    "40_mind_behaviors.tsv": ("149", "29", "impression log"),
    "27c_groceries_count.csv": ("108", "28", "no row holds an item twice"),
    "16_mixed_units.csv": ("129", "28", "mix units"),
    "45_tmall_log.csv": ("129", "28", "month and day"),
    "08_steam_items.json": ("99", "28", ""),
    "18b2_dates_us_dashes.csv": ("129", "28", "day or month"),
}


@pytest.fixture(scope="module")
def url(serve: Serve) -> str:
    return serve("app.py", JOURNEYS="1", RECEMB_NO_WARM_UP="1")


def test_ten_odd_files_are_right_as_they_come(url: str, page: Page) -> None:
    open_page(page, f"{url}/sequences", WAIT)
    for name, (events, items, doubt) in RIGHT.items():
        upload(page, 0, name, (FILES / name).read_bytes())
        expect(page.get_by_test_id("stMain").get_by_text(f"{name}:", exact=False).first).to_be_visible(timeout=WAIT)
        expect(metric(page, "Events")).to_have_text(events, timeout=WAIT)
        settled(page, WAIT)
        assert metric(page, "Items").inner_text() == items, name
        open_doubts = page.locator(".st-key-doubts")
        if doubt:
            expect(open_doubts).to_contain_text(doubt)
        else:
            expect(open_doubts).to_have_count(0)
        no_exception(page)
    # The other reading of the dates is one click away, and is said to be chosen.
    before = page.get_by_test_id("stMain").inner_text()
    page.get_by_role("button", name="month first").click()
    settled(page, WAIT)
    expect(page.locator(".st-key-doubts")).to_have_count(0)
    assert page.get_by_test_id("stMain").inner_text() != before
    screenshot(page, "odd-file-switched")
