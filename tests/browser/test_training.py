"""The Training page in a browser: the window slides, updates come one by one, every view fits."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.driver import (
    chart,
    click_point,
    fits,
    metric,
    no_exception,
    on_chart,
    open_page,
    revision,
    settled,
    wait_revision,
)

Serve = Callable[..., str]
NewPage = Callable[..., Page]
VIEWS = ("window", "noise", "lookup", "steps", "cbow", "two", "costs", "learned", "set")
STRIP = "strip@planted_shop"


def center(page: Page) -> float:
    """Position at which the window stands in the picture (0 is the first)."""
    at: float = on_chart(page, STRIP, "(plot) => plot.data.find((t) => t.name === 'center').y[0]")
    return at


def test_the_window_slides_by_button_click_and_play(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/training", timeout=60_000)
    assert center(page) == 2
    before = revision(page, STRIP)
    page.get_by_role("button", name="▶", exact=True).click()
    before = wait_revision(page, STRIP, before)
    assert center(page) == 3
    click_point(page, STRIP, "0")
    before = wait_revision(page, STRIP, before)
    assert center(page) == 0
    page.get_by_role("button", name="Play", exact=True).click()
    wait_revision(page, STRIP, before)
    assert center(page) >= 1
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=60_000)  # it stops at the end
    settled(page)
    assert center(page) == 7
    no_exception(page)


def test_updates_move_the_scores(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/training?look=steps&updates=0", timeout=60_000)
    expect(metric(page, "Score of the pair")).to_have_text("0.500")
    scores = "scores@planted_shop"
    before = revision(page, scores)
    page.get_by_role("button", name="+ 1,000", exact=True).click()
    wait_revision(page, scores, before)
    settled(page)
    expect(metric(page, "Updates")).to_have_text("1,000")
    ends = on_chart(page, scores, "(plot) => plot.data.map((t) => t.y[t.y.length - 1])")
    assert ends[-1] > 0.95  # the pair is drawn last
    assert max(ends[:-1]) < 0.2
    assert "updates=1000" in page.url


def test_every_view_fits_at_800_pixels(serve: Serve, new_page: NewPage) -> None:
    page = new_page(width=800, color_scheme="dark")
    for look in VIEWS:
        open_page(page, f"{serve('app.py')}/training?look={look}", timeout=90_000)
        expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=90_000)  # a model may be trained now
        settled(page, timeout=90_000)
        no_exception(page)
        assert page.get_by_test_id("stAlertContentError").count() == 0
        fits(page, look)
    assert chart(page, "pairs set@planted_shop").count() == 1


def test_the_mode_bar_of_a_narrow_chart_is_one_line(serve: Serve, new_page: NewPage) -> None:
    page = new_page(width=1280, height=720)
    open_page(page, f"{serve('app.py')}/training?look=set", timeout=90_000)
    for name in ("window", "shuffle", "set"):
        bar = chart(page, f"pairs {name}@planted_shop").locator(".modebar-btn")
        tops = bar.evaluate_all("(all) => [...new Set(all.map((b) => Math.round(b.getBoundingClientRect().top)))]")
        assert len(tops) == 1, f"the buttons of {name} stand at {tops}"
        assert "Save as PNG" in bar.evaluate_all("(all) => all.map((b) => b.dataset.title)")
