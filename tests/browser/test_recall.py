"""The Deep models page in a browser: a history is edited and the user moves; a version is published."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from recemb_core.figures.user_on_map import USER
from tests.browser.driver import (
    click_point,
    loneliest,
    metric,
    no_exception,
    open_page,
    positions,
    revision,
    screenshot,
    settled,
    wait_revision,
)

Serve = Callable[..., str]
MAP = "user map@"


def items_of(page: Page) -> list[str]:
    cells = (
        page.get_by_test_id("stTable")
        .locator("tr")
        .evaluate_all(
            "(rows) => rows.map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.innerText.trim()))"
        )
    )
    header, *rows = cells
    return [row[header.index("Item")] for row in rows]


@pytest.mark.parametrize("model", ["Two-tower", "Item average, cosine"])
def test_a_removed_item_moves_the_user_and_reorders_the_list(serve: Serve, page: Page, model: str) -> None:
    open_page(page, f"{serve('app.py')}/deep_models?data=complete_journey&section=history&history_model={model}")
    expect(page.get_by_text("15 events", exact=False).first).to_be_visible()
    shown, place, before = revision(page, MAP), positions(page, MAP)[USER], items_of(page)
    remove = page.locator("[class*=st-key-history-gone] button").first
    remove.scroll_into_view_if_needed()
    remove.click()
    wait_revision(page, MAP, shown)
    settled(page)
    expect(page.get_by_text("14 events, edited", exact=False).first).to_be_visible()
    assert positions(page, MAP)[USER] != place
    assert items_of(page) != before
    assert "history_items=" in page.url
    screenshot(page, f"history {model}")
    no_exception(page)


def test_a_click_on_the_map_adds_to_the_history(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/deep_models?data=planted_shop&section=history&history_items=3.14")
    shown, item = revision(page, MAP), loneliest(page, MAP, but=USER)
    click_point(page, MAP, item)
    wait_revision(page, MAP, shown)
    settled(page)
    expect(page.get_by_text("3 events, edited", exact=False).first).to_be_visible()
    assert f"item={item}".replace(" ", "+") in page.url.replace("%20", "+")
    no_exception(page)


def test_a_new_version_is_published(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/deep_models?data=planted_shop&section=serving")
    before = metric(page, "Version").inner_text()
    page.get_by_role("button", name="Publish a new version").click()
    expect(metric(page, "Version")).not_to_have_text(before)
    settled(page)
    expect(page.get_by_text("in one step for every reader", exact=False)).to_be_visible()
    no_exception(page)
