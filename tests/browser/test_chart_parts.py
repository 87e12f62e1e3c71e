"""A chart of which a part has changed draws that part alone, one whose items move moves them: as if built anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.driver import open_page, settled, wait_until

pytestmark = pytest.mark.browser

Serve = Callable[..., str]
NewPage = Callable[..., Page]
# Every shape of a chart: its place, its line, how it looks; without the names that no two charts share.
SHAPES = """(which) => {
    const chart = document.querySelector(`.st-key-${which} .live-chart`);
    const marks = [...chart.querySelectorAll('.scatterlayer path, .shapelayer path, .annotation text')];
    const said = (node, name) => (node.getAttribute(name) ?? '').replace(/url\\([^)]*\\)/, '');
    return marks.map((node) => ['d', 'transform', 'style'].map((name) => said(node, name)).join(' | '))
        .concat(chart.getAttribute('aria-label'));
}"""
MARK = (
    "() => document.querySelectorAll('.st-key-kept .scatterlayer .trace path').forEach((node) => { node.old = true; })"
)
COUNT = """() => {
    window.reacted = 0;
    const react = Plotly.react;
    Plotly.react = (plot, ...more) => {
        if (plot.closest('.st-key-kept')) window.reacted += 1;
        return react(plot, ...more);
    };
}"""
# By trace: how many of its shapes were there when they were marked, and how many are there.
KEPT = """() => [...document.querySelectorAll('.st-key-kept .scatterlayer .trace')].map((trace) => {
    const nodes = [...trace.querySelectorAll('path')];
    return [nodes.filter((node) => node.old).length, nodes.length];
})"""


@pytest.fixture
def app(serve: Serve, page: Page) -> Page:
    open_page(page, serve("tests/browser/parts_app.py"))
    _both_drawn(page)
    return page


def _both_drawn(page: Page) -> None:
    settled(page)
    wait_until(
        page,
        "() => { const boxes = [...document.querySelectorAll('.live-chart[data-rev]')];"
        " return boxes.length === 2 && boxes[0].dataset.rev === boxes[1].dataset.rev; }",
    )


def move(page: Page, slider: str, key: str = "ArrowRight") -> None:
    """One step of a slider, and both charts drawn."""
    page.get_by_role("slider", name=slider).focus()
    before = page.locator(".st-key-kept .live-chart").get_attribute("data-rev")
    page.keyboard.press(key)
    wait_until(page, "(rev) => document.querySelector('.st-key-kept .live-chart').dataset.rev !== rev", before)
    _both_drawn(page)


def shapes(page: Page, which: str) -> Any:
    return page.evaluate(SHAPES, which)


def test_a_part_drawn_anew_looks_like_the_whole(app: Page) -> None:
    for number, (slider, key) in enumerate(
        [("At", "ArrowRight"), ("At", "End"), ("Line", "ArrowLeft"), ("At", "Home")]
    ):
        move(app, slider, key)
        kept, anew = shapes(app, "kept"), shapes(app, "anew")
        assert kept == anew, f"step {number}"
        assert len(kept) > 60


def test_what_has_not_changed_is_not_touched(app: Page) -> None:
    app.evaluate(MARK)
    app.evaluate(COUNT)
    move(app, "At")
    every, path, _ = app.evaluate(KEPT)
    assert every == [40, 40]  # all points of the trace that stays
    assert path[1] == path[0] + 1  # a path with one more point
    assert app.evaluate("window.reacted") == 0
    move(app, "Line")  # the layout: the whole chart
    assert app.evaluate("window.reacted") > 0


def test_what_the_person_did_stays(app: Page) -> None:
    kept = app.locator(".st-key-kept")
    app.evaluate(
        "() => Plotly.relayout(document.querySelector('.st-key-kept .js-plotly-plot'), {'xaxis.range': [0, 0.5]})"
    )
    kept.locator(".legend .traces", has_text="path").locator(".legendtoggle").click()
    wait_until(app, "() => document.querySelectorAll('.st-key-kept .scatterlayer .trace').length === 2")
    move(app, "At")
    state = app.evaluate(
        "() => { const plot = document.querySelector('.st-key-kept .js-plotly-plot');"
        " return [plot._fullLayout.xaxis.range, plot._fullData.map((trace) => trace.visible)]; }"
    )
    assert state == [[0, 0.5], [True, "legendonly", True]]
    kept.locator(".legend .traces", has_text="path").locator(".legendtoggle").click()
    wait_until(app, "() => document.querySelectorAll('.st-key-kept .scatterlayer .trace').length === 3")
    # Shown again, it is the path of now.
    assert (
        app.evaluate("() => document.querySelector('.st-key-kept .js-plotly-plot').data[1].customdata[0][1]")
        == "at 1, step 0"
    )


def test_the_box_over_a_moved_point_says_where_it_is(app: Page) -> None:
    move(app, "At")
    app.locator(".st-key-kept .scatterlayer .trace").nth(2).locator(".point").hover(force=True)
    label = app.locator(".st-key-kept .hoverlayer .hovertext")
    label.wait_for()
    assert label.text_content() == "at 1, step 4"  # the path's own point, which lies on it


@pytest.fixture
def moved(serve: Serve, page: Page) -> Page:
    open_page(page, serve("tests/browser/moved_app.py"))
    _both_drawn(page)
    return page


def test_a_moved_map_ends_as_one_that_is_built_anew(moved: Page) -> None:
    steps = [("Turn", "ArrowRight"), ("Turn", "ArrowRight"), ("Named", "ArrowRight"), ("Turn", "End")]
    for number, (slider, key) in enumerate(steps):
        move(moved, slider, key)
        assert shapes(moved, "kept") == shapes(moved, "anew"), f"step {number}"
    moved.get_by_text("Fewer items").click()
    _both_drawn(moved)
    assert shapes(moved, "kept") == shapes(moved, "anew")


def test_a_map_moves_before_it_is_drawn(moved: Page) -> None:
    moved.evaluate(COUNT)
    moved.evaluate(
        "() => { const box = document.querySelector('.st-key-kept .live-chart'); window.moments = [];"
        " const note = () => moments.push([box.dataset.gliding, reacted]);"
        " new MutationObserver(note).observe(box, { attributes: true }); }"
    )
    move(moved, "Turn")
    moments = moved.evaluate("window.moments")
    assert ["true", 0] in moments  # it glides, and nothing was drawn
    assert ["true", 1] not in moments[: moments.index(["true", 0])]
    assert moved.evaluate("window.reacted") == 1  # once, where it has come to


def test_a_map_that_is_moved_on_its_way_comes_to_the_last_place(moved: Page) -> None:
    moved.get_by_role("slider", name="Turn").focus()
    for _ in range(4):
        moved.keyboard.press("ArrowRight")
        moved.wait_for_timeout(250)
    _both_drawn(moved)
    assert shapes(moved, "kept") == shapes(moved, "anew")


@pytest.mark.parametrize("name", ["training?look=window", "sequences?data=complete_journey"])
def test_the_chosen_items_name_in_a_chart_is_lighter_on_a_dark_page(name: str, serve: Serve, new_page: NewPage) -> None:
    """Its color of light pages has less contrast than 4.5 : 1 on dark ones."""
    words = """() => [...document.querySelectorAll('.js-plotly-plot :is(text, tspan)')]
        .filter((e) => getComputedStyle(e).fill === 'rgb(230, 0, 76)').map((e) => e.textContent)"""
    page = new_page(width=1280, height=900, color_scheme="light")
    open_page(page, f"{serve('app.py')}/{name}", 90_000)
    assert page.evaluate(words)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    settled(page, 90_000)
    assert page.evaluate(words) == []
