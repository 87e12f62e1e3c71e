"""The live chart, alone on a page: what must survive a new figure, what must reach Python, how it looks."""

from __future__ import annotations

import itertools
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import (
    chart,
    click_point,
    drag,
    fits,
    hover_point,
    lasso,
    loneliest,
    mode,
    move_slider,
    no_exception,
    on_chart,
    open_legend,
    open_page,
    pixel_of,
    positions,
    revision,
    screenshot,
    settled,
    traces,
    view,
    wait_revision,
)

APP = "tests/browser/chart_app.py"
Serve = Callable[..., str]
NewPage = Callable[..., Page]

# Collects where one item is drawn, frame by frame, while a change is under way.
WATCH = """(plot) => {
    window.watched = [];
    const look = () => {
        const box = document.querySelector('.live-chart');
        const live = box.querySelector('.js-plotly-plot');
        const trace = live.data.find((one) => one.customdata?.[0]?.[0] === 'i0');
        window.watched.push({
            at: performance.now(), x: trace.x[0], drawn: box.dataset.drawn, revision: box.dataset.rev,
            low: live._fullLayout.xaxis.range[0],
        });
        window.watching = requestAnimationFrame(look);
    };
    look();
}"""

PICKED = """(plot) => [...new Set(
    plot.data.flatMap((t) => (t.selectedpoints ?? []).map((i) => t.customdata[i][0])))].sort()"""


def facts(page: Page, name: str) -> str:
    return page.get_by_test_id("facts").get_attribute(f"data-{name}") or ""


@pytest.fixture
def app(serve: Serve, page: Page) -> Page:
    open_page(page, serve(APP))
    no_exception(page)
    return page


@pytest.mark.parametrize("items", [5_000])
def test_zoom_and_dom_node_survive_a_new_figure(serve: Serve, page: Page, items: int) -> None:
    open_page(page, f"{serve(APP)}/?items={items}")
    on_chart(page, "map", "(plot) => { plot.dataset.mine = 'yes'; }")
    before = view(page, "map")
    mode(page, "map", "Zoom")
    drag(page, "map", x=(0.3, 0.6), y=(0.3, 0.6))
    page.wait_for_timeout(300)
    zoomed = view(page, "map")
    assert zoomed[0][1] - zoomed[0][0] < 0.6 * (before[0][1] - before[0][0])
    shown = revision(page, "map")
    move_slider(page, "Angle", 2)
    wait_revision(page, "map", shown)
    assert view(page, "map") == (pytest.approx(zoomed[0]), pytest.approx(zoomed[1]))
    assert on_chart(page, "map", "(plot) => plot.dataset.mine") == "yes"
    mode(page, "map", "Reset view")
    page.wait_for_timeout(200)
    full = view(page, "map")
    assert all(full[0][0] < x < full[0][1] and full[1][0] < y < full[1][1] for x, y in positions(page, "map").values())


def test_double_click_shows_everything_again(app: Page) -> None:
    before = view(app, "map")
    mode(app, "map", "Zoom")
    drag(app, "map")
    app.wait_for_timeout(300)
    assert view(app, "map")[0] != pytest.approx(before[0])
    x, y = pixel_of(app, "map", loneliest(app, "map"))
    app.mouse.dblclick(x + 25, y)
    app.wait_for_timeout(300)
    assert view(app, "map")[0] == pytest.approx(before[0])


@pytest.mark.parametrize("items", [5_000])
def test_lasso_reaches_python_and_survives(serve: Serve, page: Page, items: int) -> None:
    open_page(page, f"{serve(APP)}/?items={items}")
    lasso(page, "map", center=(0.35, 0.5), radius=0.2)
    expect(page.get_by_test_id("facts")).not_to_have_attribute("data-selected", "0")
    settled(page)
    selected = int(facts(page, "selected"))
    assert 0 < selected < items
    items_before = on_chart(page, "map", PICKED)
    assert len(items_before) == selected
    for change in (lambda: page.get_by_text("halves").click(), lambda: move_slider(page, "Angle", 3)):
        shown = revision(page, "map")
        change()
        wait_revision(page, "map", shown)
        settled(page)
        assert on_chart(page, "map", PICKED) == items_before, (
            "the same items, wherever they are and whatever their color"
        )
        assert int(facts(page, "selected")) == selected
    runs = facts(page, "runs")
    page.wait_for_timeout(700)
    assert facts(page, "runs") == runs, "a new figure sends no selection back"
    page.keyboard.press("Tab")
    mode(page, "map", "Clear selection")
    expect(page.get_by_test_id("facts")).to_have_attribute("data-selected", "0")
    assert on_chart(page, "map", PICKED) == []


def test_box_with_shift_adds_and_escape_clears(app: Page) -> None:
    mode(app, "map", "Box Select")
    drag(app, "map", x=(0.05, 0.5), y=(0.05, 0.45))
    expect(app.get_by_test_id("facts")).not_to_have_attribute("data-selected", "0")
    settled(app)
    first = int(facts(app, "selected"))
    app.keyboard.down("Shift")
    drag(app, "map", x=(0.5, 0.95), y=(0.55, 0.95))
    app.keyboard.up("Shift")
    expect(app.get_by_test_id("facts")).not_to_have_attribute("data-selected", str(first))
    settled(app)
    assert int(facts(app, "selected")) > first
    app.keyboard.press("Escape")
    expect(app.get_by_test_id("facts")).to_have_attribute("data-selected", "0")


@pytest.mark.parametrize("items", [300, 5_000])
def test_points_glide_and_end_on_target(serve: Serve, page: Page, items: int) -> None:
    address = f"{serve(APP)}/?items={items}"
    for _ in range(5):  # a machine too busy to draw a frame in time is asked again
        open_page(page, address)
        start = positions(page, "map")["i0"]
        shown = revision(page, "map")
        on_chart(page, "map", WATCH)
        move_slider(page, "Angle", 6)
        wait_revision(page, "map", shown)
        settled(page)
        seen = page.evaluate("() => { cancelAnimationFrame(window.watching); return window.watched; }")
        x, y = positions(page, "map")["i0"]
        assert (x, y) == (pytest.approx(start[1] * 2.5, abs=1e-9), pytest.approx(-start[0] * 2.5, abs=1e-9))
        between = {s["x"] for s in seen} - {start[0], x}
        if between:
            break
    assert between, "no place between the first and the last: a jump, not a glide"
    assert all(min(start[0], x) - 15 <= value <= max(start[0], x) + 15 for value in between)
    lows = [s["low"] for s in seen]
    assert all(b <= a + 1e-6 for a, b in itertools.pairwise(lows)), "the view only grows, without jitter"
    print(f"\n{items} items: {len(between)} frames in the glide")


def test_regrouped_colors_keep_identity(app: Page) -> None:
    before, groups = positions(app, "map"), traces(app, "map")
    assert len(groups) == 12
    shown = revision(app, "map")
    on_chart(app, "map", WATCH)
    app.get_by_text("halves").click()
    wait_revision(app, "map", shown)
    assert set(traces(app, "map")) == {"left", "right"}
    assert positions(app, "map") == before
    shown = revision(app, "map")
    app.get_by_text("price").click()
    move_slider(app, "Angle", 1)
    wait_revision(app, "map", shown)
    settled(app)
    assert positions(app, "map").keys() == before.keys()


def test_click_reaches_python_once(app: Page) -> None:
    first = loneliest(app, "map")
    click_point(app, "map", first)
    expect(app.get_by_test_id("facts")).to_have_attribute("data-chosen", first)
    settled(app)
    assert (facts(app, "clicks"), facts(app, "seen")) == ("1", "1")
    app.get_by_role("button", name="Run again").click()
    settled(app)
    assert (facts(app, "clicks"), facts(app, "seen")) == ("1", "1")
    near = traces(app, "map")["nearest neighbors"]
    assert len(near) == 8
    shown = view(app, "map")
    click_point(app, "map", first)
    expect(app.get_by_test_id("facts")).to_have_attribute("data-clicks", "2")  # the same item can be clicked again
    settled(app)
    assert (facts(app, "clicks"), facts(app, "seen")) == ("2", "2")
    assert view(app, "map") == shown


def test_hover_names_the_item(app: Page) -> None:
    text = hover_point(app, "map", loneliest(app, "map"))
    assert "item no." in text
    assert "Department" in text


def test_mode_bar_offers_saving_and_no_sharing(app: Page, tmp_path: Path) -> None:
    titles = chart(app, "map").locator(".modebar-btn").evaluate_all("(all) => all.map((b) => b.dataset.title)")
    assert titles == [
        "Zoom",
        "Pan",
        "Box Select",
        "Lasso Select",
        "Clear selection",
        "Reset view",
        "Save as PNG",
        "Save as SVG",
        "Full screen",
    ]
    for format_name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with app.expect_download() as waiting:
            mode(app, "map", f"Save as {format_name}")
        target = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(target)
        assert target.name == f"a-map-that-turns.{format_name.lower()}"
        assert target.read_bytes().startswith(start)
    from PIL import Image

    with Image.open(tmp_path / "a-map-that-turns.png") as image:
        assert image.width == 2 * on_chart(app, "map", "(plot) => plot._fullLayout.width")


def test_large_map_saves_points_as_shapes(serve: Serve, page: Page, tmp_path: Path) -> None:
    open_page(page, f"{serve(APP)}/?items=1500")
    with page.expect_download() as waiting:
        mode(page, "map", "Save as SVG")
    waiting.value.save_as(tmp_path / "map.svg")
    drawing = (tmp_path / "map.svg").read_text()
    assert drawing.count('class="point') >= 1_500
    assert "<image" not in drawing


def test_reduced_motion_jumps(serve: Serve, new_page: NewPage) -> None:
    page = new_page(reduced_motion="reduce")
    open_page(page, serve(APP))
    start = positions(page, "map")["i0"][0]
    shown = revision(page, "map")
    on_chart(page, "map", WATCH)
    move_slider(page, "Angle", 1)
    wait_revision(page, "map", shown)
    settled(page)
    end = positions(page, "map")["i0"][0]
    assert {s["x"] for s in page.evaluate("window.watched")} <= {start, end}


@pytest.mark.parametrize(("width", "scheme"), [(800, "light"), (1280, "dark")])
def test_both_themes_and_widths(serve: Serve, new_page: NewPage, scheme: str, width: int) -> None:
    page = new_page(width=width, color_scheme=scheme)
    open_page(page, serve(APP))
    page.get_by_text("Size by popularity").click()
    settled(page)
    item = loneliest(page, "map")
    click_point(page, "map", item)
    expect(page.get_by_test_id("facts")).to_have_attribute("data-chosen", item)
    settled(page)
    color = on_chart(page, "map", "(plot) => getComputedStyle(plot.querySelector('.gtitle')).fill")
    level = [int(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    assert (sum(level) / 3 > 128) == (scheme == "dark"), f"title is {color} on a {scheme} page"
    fits(page)
    screenshot(page, f"chart-{scheme}-{width}")


def test_theme_change_repaints_in_place(app: Page) -> None:
    on_chart(app, "map", "(plot) => { plot.dataset.mine = 'yes'; }")
    app.emulate_media(color_scheme="dark")
    title = chart(app, "map").locator(".gtitle")
    expect(title).to_have_css("fill", re.compile(r"rgb\(2\d\d, 2\d\d, 2\d\d\)"))
    assert on_chart(app, "map", "(plot) => plot.dataset.mine") == "yes"


def test_size_changes_are_followed(app: Page) -> None:
    legend = "(plot) => plot._fullLayout.legend.orientation"
    open_legend(app, "map")
    assert on_chart(app, "map", legend) == "v"
    app.set_viewport_size({"width": 560, "height": 900})
    app.wait_for_function("document.querySelector('.live-chart .js-plotly-plot')._fullLayout.width < 600")
    app.wait_for_timeout(400)
    assert on_chart(app, "map", legend) == "h"
    screenshot(app, "chart-narrow")
    app.set_viewport_size({"width": 1280, "height": 900})
    app.wait_for_function(
        "document.querySelector('.live-chart .js-plotly-plot')._fullLayout.legend.orientation === 'v'"
    )


def test_screen_readers_are_told_what_it_is(app: Page) -> None:
    box = chart(app, "map")
    assert box.get_attribute("role") == "group", "a search inside an img would be unheard"
    assert box.get_by_role("figure", name="A map that turns: 300 items").count() == 1
    assert "Arrow keys" in (box.get_attribute("aria-description") or "")


def test_a_script_that_does_not_load_is_said_in_the_box(serve: Serve, new_page: NewPage) -> None:
    page = new_page()
    page.route("**/plotly.min.js*", lambda route: route.fulfill(status=200, body=""))
    open_page(page, serve(APP))
    expect(chart(page, "map")).to_contain_text("its script did not load")


def test_app_under_a_base_path(serve: Serve, page: Page) -> None:
    open_page(page, serve(APP, STREAMLIT_SERVER_BASE_URL_PATH="lesson/one"))
    assert len(positions(page, "map")) == 300


@pytest.mark.parametrize("items", [300, 5_000])
def test_slider_to_changed_chart(serve: Serve, page: Page, items: int) -> None:
    open_page(page, f"{serve(APP)}/?items={items}")
    waits = []
    for step in (1, 1, 1, -1, -1, -1, 1):
        shown = chart(page, "map").get_attribute("data-drawn")
        start = time.perf_counter()
        move_slider(page, "Angle", step)
        expect(chart(page, "map")).not_to_have_attribute("data-drawn", shown or "")
        waits.append(1_000 * (time.perf_counter() - start))
        settled(page)
    print(f"\n{items} items, slider to changed chart: median {statistics.median(waits):.0f} ms, all {waits}")
