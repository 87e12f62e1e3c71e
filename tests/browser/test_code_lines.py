"""A line of *As Python*, pointed at or gone to by keys, says which control it goes by and frames what it draws."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.driver import open_page, settled

Serve = Callable[..., str]


def test_a_line_says_what_it_goes_by_and_draws(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/walks", 60_000)
    page.get_by_test_id("stExpander").filter(has_text="As Python").locator("summary").click()
    code, said = page.get_by_test_id("stCode").locator("visible=true").locator("pre"), page.locator(".code-lines")
    expect(said).to_contain_text("Point at a line")
    lines = code.inner_text().rstrip("\n").split("\n")
    at = next(n for n, line in enumerate(lines) if "transition_probabilities(" in line and "=" in line)
    settled(page)  # what is unfolded moves what is below it
    code.scroll_into_view_if_needed()
    for _ in range(5):  # and a chart that takes its height above moves the lines from under the mouse
        box = code.locator("code").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 40, box["y"] + (at + 0.5) * box["height"] / len(lines))
        page.wait_for_timeout(500)
        if said.get_attribute("data-line") == str(at):
            break
    expect(said).to_contain_text("Goes by: p (return), q (in–out)")
    expect(page.locator(".live-chart[data-chart-key^=microscope]")).to_have_class(re.compile("said-by-code"))
    assert "said-by-code" in (page.locator(".st-key-q-planted_shop").get_attribute("class") or "")
    page.mouse.move(5, 5)
    expect(said).to_contain_text("Point at a line")
    expect(page.locator(".said-by-code")).to_have_count(0)
    code.focus()
    for _ in range(at):
        page.keyboard.press("ArrowDown")
    expect(said).to_have_attribute("data-line", str(at))
    expect(said).to_contain_text("Draws: the edges of the next step")
    page.keyboard.press("Tab")
    expect(page.locator(".said-by-code")).to_have_count(0)
