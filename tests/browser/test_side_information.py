"""The side-information page as a person uses it: read the weights, give birth to an item, hide one, stop a training."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import (
    chart,
    choose,
    chosen,
    click_point,
    fits,
    metric,
    no_exception,
    open_page,
    positions,
    revision,
    screenshot,
    settled,
    table,
    wait_revision,
)

Serve = Callable[..., str]
TRAINING = 150_000  # milliseconds; on a cold server the first training waits for the compilers
NEW = "(a new item)"
BIRTH = "birth@planted_shop"


@pytest.fixture(scope="module")
def url(serve: Serve) -> str:
    return serve("app.py", SIDE="1", RECEMB_NO_WARM_UP="1")


def test_the_weights_are_there_at_first_paint_and_a_click_chooses_another_item(url: str, page: Page) -> None:
    open_page(page, f"{url}/side_information", TRAINING)
    expect(metric(page, "Its own weight")).to_have_text(re.compile(r"^0\.\d\d$"))
    for key in ("attention bars", "attention spread", "attention trend"):
        expect(chart(page, f"{key}@complete_journey")).to_be_visible()
    no_exception(page)
    before = chosen(page, "Chosen item")
    points = positions(page, "attention trend@complete_journey")
    second = sorted(points, key=lambda item: -points[item][0])[1]  # the most popular one is chosen already
    click_point(page, "attention trend@complete_journey", second)
    page.wait_for_url(re.compile(f"item={second}"))
    settled(page)
    assert chosen(page, "Chosen item") != before
    screenshot(page, "side_information")


def test_a_new_item_moves_when_its_fields_change(url: str, page: Page) -> None:
    open_page(page, f"{url}/side_information?data=planted_shop&side=birth", TRAINING)
    first = positions(page, BIRTH)[NEW]
    mark = revision(page, BIRTH)
    for department in ("Fishing", "Sewing"):
        choose(page, "department", department)
        mark = wait_revision(page, BIRTH, mark)
        settled(page)
        rows = table(page)
        assert rows[0][:1] == ["Item"]
    # A department of its own company: the point has moved, and its nearest items are of the department.
    assert positions(page, BIRTH)[NEW] != first
    assert "new_department=Sewing" in page.url
    no_exception(page)


def test_a_hidden_item_is_retrained_and_can_be_stopped(url: str, page: Page) -> None:
    open_page(page, f"{url}/side_information?data=planted_shop&side=hide", TRAINING)
    expect(page.get_by_text(re.compile(r"hidden items"))).to_be_visible(timeout=TRAINING)
    settled(page)
    button = page.get_by_role("button", name=re.compile("Run the same for the other"))
    expect(button).to_be_visible()
    button.click()
    expect(page.get_by_text("10 of 10 tenths")).to_be_visible(timeout=TRAINING)
    no_exception(page)


def test_it_fits_800_pixels_in_the_dark(url: str, new_page: Callable[..., Page]) -> None:
    page = new_page(width=800, color_scheme="dark")
    for side in ("attention", "forms", "birth", "hide", "ges"):
        open_page(page, f"{url}/side_information?data=planted_shop&side={side}", TRAINING)
        settled(page)
        fits(page, side)
        no_exception(page)
