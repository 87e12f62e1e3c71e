"""A live chart with frames: the browser moves through them alone, and tells Python where the person stopped."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.kit.live_chart import Frames
from tests.browser.driver import (
    chart,
    click_point,
    drag,
    fits,
    frame,
    lasso,
    loneliest,
    mode,
    names_on_map,
    on_chart,
    open_page,
    pixel_of,
    play,
    positions,
    revision,
    screenshot,
    set_frame,
    settled,
    traces,
    view,
    wait_revision,
)

APP = "tests/browser/frames_app.py"
Serve = Callable[..., str]
NewPage = Callable[..., Page]

WATCH = """(plot) => {
    window.watched = [];
    const look = () => {
        const box = document.querySelector('.live-chart');
        const live = box.querySelector('.js-plotly-plot');
        window.watched.push({ x: live.data[0].x[0], frame: box.dataset.frame, low: live._fullLayout.xaxis.range[0] });
        window.watching = requestAnimationFrame(look);
    };
    look();
}"""


def facts(page: Page, name: str) -> str:
    return page.get_by_test_id("facts").get_attribute(f"data-{name}") or ""


def expect_fact(page: Page, name: str, value: str) -> None:
    expect(page.get_by_test_id("facts")).to_have_attribute(f"data-{name}", value, timeout=15_000)


def wait_frame(page: Page, index: int) -> None:
    expect(chart(page, "map")).to_have_attribute("data-frame", str(index))
    wait_revision(page, "map", None)


def play_ended(page: Page) -> None:
    expect(chart(page, "map")).to_have_attribute("data-playing", "false", timeout=30_000)


def scale(page: Page, item: str = "i7") -> float:
    """How far from the middle an item is: frame i of the test page is 1 + i/5 times as wide as the first."""
    x, y = positions(page, "map")[item]
    return float((x**2 + y**2) ** 0.5)


@pytest.fixture
def app(serve: Serve, page: Page) -> Page:
    open_page(page, serve(APP))
    return page


def test_frames_glide_without_a_script_run(app: Page) -> None:
    for _ in range(5):  # a machine too busy to draw a frame in time is asked again
        first, runs, before, width = positions(app, "map"), facts(app, "runs"), view(app, "map"), scale(app)
        assert (frame(app, "map"), chart(app, "map").get_attribute("data-frames")) == (0, "5")
        on_chart(app, "map", WATCH)
        chart(app, "map").get_by_role("slider", name="Frame").focus()
        app.keyboard.down("ArrowRight")
        wait_frame(app, 1)
        seen = app.evaluate("() => { cancelAnimationFrame(window.watching); return window.watched; }")
        second = positions(app, "map")
        assert scale(app) == pytest.approx(1.2 * width, rel=1e-6)
        between = {s["x"] for s in seen} - {seen[0]["x"], seen[-1]["x"]}
        if between:
            break
        app.keyboard.up("ArrowRight")
        open_page(app, app.url)
    assert between, "no place between the first and the last: a jump, not a glide"
    assert view(app, "map") == before, "the axes hold all frames, so that what stays seems to stay"
    app.wait_for_timeout(500)
    assert facts(app, "runs") == runs, "nothing goes to Python while the key is down"
    app.keyboard.up("ArrowRight")
    expect_fact(app, "frame", "1")
    settled(app)
    assert (facts(app, "told"), facts(app, "last")) == ("1", "1")
    assert int(facts(app, "runs")) == int(runs) + 1, "one run after the release"
    set_frame(app, "map", 0)
    assert positions(app, "map") == first, "back exactly"
    set_frame(app, "map", 1)
    assert positions(app, "map") == second
    print(f"\n{len(between)} frames in the glide")


def test_a_retarget_ends_at_the_last_frame_asked_for(app: Page) -> None:
    width = scale(app)
    set_frame(app, "map", 4)
    assert scale(app) == pytest.approx(1.8 * width, rel=1e-6)
    expect_fact(app, "frame", "4")
    assert facts(app, "told") == "1", "the frames passed on the way are not told"


def test_play_reaches_the_last_frame_and_pause_stops(app: Page) -> None:
    runs, width = facts(app, "runs"), scale(app)
    on_chart(app, "map", WATCH)
    play(app, "map", wait=False)
    expect(chart(app, "map")).to_have_attribute("data-frame", "3", timeout=15_000)
    assert facts(app, "runs") == runs, "ticks stay in the browser"
    play_ended(app)
    seen = app.evaluate("() => { cancelAnimationFrame(window.watching); return window.watched; }")
    order = [s["frame"] for s in seen]
    assert order == sorted(order)
    assert set(order) == {"0", "1", "2", "3", "4"}
    assert scale(app) == pytest.approx(1.8 * width, rel=1e-6)
    expect_fact(app, "frame", "4")
    play(app, "map", wait=False)  # again, from the first
    expect(chart(app, "map")).to_have_attribute("data-frame", "1", timeout=15_000)
    assert facts(app, "told") == "1"
    chart(app, "map").get_by_role("button", name="Pause").click()
    stopped_at = frame(app, "map")
    expect_fact(app, "frame", str(stopped_at))
    app.wait_for_timeout(1_500)
    assert frame(app, "map") == stopped_at


def test_loop_and_step_buttons(app: Page) -> None:
    app.get_by_text("Loop").click()
    settled(app)
    chart(app, "map").get_by_role("button", name="Previous frame").click()
    wait_frame(app, 4)
    chart(app, "map").get_by_role("button", name="Next frame").click()
    wait_frame(app, 0)
    set_frame(app, "map", 4)
    play(app, "map", wait=False)
    expect(chart(app, "map")).to_have_attribute("data-frame", "1", timeout=15_000)
    app.get_by_text("halves").click()
    expect(chart(app, "map")).to_have_attribute("data-frame", "3", timeout=15_000)
    assert set(traces(app, "map")) == {"left", "right"}, "a new figure does not stop the play"


def test_zoom_frame_and_selection_survive_each_other(app: Page) -> None:
    mode(app, "map", "Zoom")
    drag(app, "map", x=(0.3, 0.8), y=(0.3, 0.8))
    app.wait_for_timeout(300)
    zoomed = view(app, "map")
    lasso(app, "map")
    expect(app.get_by_test_id("facts")).not_to_have_attribute("data-selected", "0")
    settled(app)
    selected = facts(app, "selected")
    set_frame(app, "map", 2)
    assert view(app, "map") == (pytest.approx(zoomed[0]), pytest.approx(zoomed[1]))
    expect_fact(app, "frame", "2")
    settled(app)
    assert facts(app, "selected") == selected
    place, drawn = positions(app, "map"), revision(app, "map")
    app.get_by_text("halves").click()
    wait_revision(app, "map", drawn)
    settled(app)
    assert set(traces(app, "map")) == {"left", "right"}
    assert (frame(app, "map"), facts(app, "frame"), facts(app, "selected")) == (2, "2", selected)
    assert positions(app, "map") == place, "a recolored map keeps its frame"
    assert view(app, "map") == (pytest.approx(zoomed[0]), pytest.approx(zoomed[1]))


def test_rings_and_names_move_along(app: Page) -> None:
    set_frame(app, "map", 1)
    settled(app)
    item = loneliest(app, "map")
    click_point(app, "map", item)
    expect_fact(app, "chosen", item)
    settled(app)
    assert frame(app, "map") == 1
    set_frame(app, "map", 3)
    strays = on_chart(
        app,
        "map",
        """(plot) => {
            const at = new Map();
            const strays = [];
            for (const trace of plot.data) (trace.customdata ?? []).forEach((c, i) => {
                const place = `${trace.x[i]} ${trace.y[i]}`;
                if (!at.has(c[0])) at.set(c[0], place);
                else if (at.get(c[0]) !== place) strays.push([trace.name, c[0]]);
            });
            const rings = plot.data.filter((trace) => trace.name?.startsWith('Item no.'));
            return { strays, rings: rings.length };
        }""",
    )
    assert strays == {"strays": [], "rings": 1}
    name = names_on_map(app, "map", "chosen")[f"Item no. {item[1:]}"]
    x, y = pixel_of(app, "map", item)
    assert abs(name["x"] + name["width"] / 2 - x) < name["width"] / 2 + 30
    assert abs(name["y"] + name["height"] / 2 - y) < 40, "the chosen item's name stands beside it"


def test_other_frames_keep_the_label_that_is_shown(app: Page) -> None:
    set_frame(app, "map", 2)
    expect_fact(app, "frame", "2")
    settled(app)
    place = positions(app, "map")
    app.get_by_text("Two earlier frames").click()
    expect(chart(app, "map")).to_have_attribute("data-frames", "7")
    settled(app)
    # "Start" names another label now, which is a wish of the page's: the chart goes there.
    assert (frame(app, "map"), facts(app, "frame")) == (0, "0")
    set_frame(app, "map", 4)
    expect_fact(app, "frame", "4")
    assert positions(app, "map") == place, "p = 1, q = 2, two places later"
    settled(app)
    field = app.get_by_label("Frames", exact=True)
    field.fill("9")
    field.press("Enter")
    expect(chart(app, "map")).to_have_attribute("data-frames", "11")
    settled(app)
    assert (frame(app, "map"), facts(app, "frame")) == (4, "4"), "arriving frames leave the shown one alone"
    assert positions(app, "map") == place
    field.fill("1")
    field.press("Enter")
    expect(chart(app, "map")).to_have_attribute("data-frames", "3")
    settled(app)
    assert (frame(app, "map"), facts(app, "frame")) == (0, "0"), "the start, when the shown one is gone"


def test_python_can_name_the_frame_to_go_to(app: Page) -> None:
    set_frame(app, "map", 1)
    expect_fact(app, "frame", "1")
    settled(app)
    field = app.get_by_label("Start")
    field.fill("3")
    field.press("Enter")
    expect(chart(app, "map")).to_have_attribute("data-frame", "3")
    settled(app)
    assert facts(app, "frame") == "3"
    set_frame(app, "map", 2)
    expect_fact(app, "frame", "2")


def test_reduced_motion_jumps_within_a_third_of_a_second(serve: Serve, new_page: NewPage) -> None:
    page = new_page(color_scheme="light", reduced_motion="reduce")
    open_page(page, serve(APP))
    slider = chart(page, "map").get_by_role("slider", name="Frame")
    slider.evaluate(
        """(slider) => {
            window.waits = [];
            slider.addEventListener('keydown', () => {
                const start = performance.now();
                const box = slider.closest('.live-chart');
                const wait = new MutationObserver(() => {
                    if (box.dataset.gliding !== 'false') return;
                    wait.disconnect();
                    // The pixels are on the screen at the next frame.
                    requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - start)));
                });
                wait.observe(box, { attributes: true, attributeFilter: ['data-gliding'] });
            });
        }"""
    )
    on_chart(page, "map", WATCH)
    places = set()
    for index in (1, 2, 3, 4, 3, 2, 1, 0):
        set_frame(page, "map", index)
        places.add(on_chart(page, "map", "(plot) => plot.data[0].x[0]"))
        page.wait_for_timeout(400)
    seen = {s["x"] for s in page.evaluate("window.watched")}
    assert len(places) == 5
    assert seen <= places, "no place between two frames"
    waits = page.evaluate("window.waits")
    median = statistics.median(waits)
    print(f"\n2,000 points, key to redrawn frame: median {median:.0f} ms, all {[round(w) for w in waits]}")
    assert len(waits) == 8


@pytest.mark.parametrize(("width", "scheme"), [(800, "light"), (1280, "dark")])
def test_the_bar_in_both_themes_and_widths(serve: Serve, new_page: NewPage, scheme: str, width: int) -> None:
    page = new_page(width=width, color_scheme=scheme)
    open_page(page, serve(APP))
    set_frame(page, "map", 2)
    settled(page)
    bar = chart(page, "map").locator(".live-chart-bar")
    expect(bar).to_contain_text("p = 1, q = 2")
    expect(bar).to_contain_text("homophily 0.50")
    expect(bar).to_contain_text("3 / 5")
    color = bar.locator("b").evaluate("(node) => getComputedStyle(node).color")
    level = [int(part) for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    assert (sum(level) / 3 > 128) == (scheme == "dark"), f"the label is {color} on a {scheme} page"
    fits(page)
    screenshot(page, f"frames-{scheme}-{width}")


def test_keyboard_and_screen_readers(app: Page) -> None:
    box = chart(app, "map")
    assert box.get_attribute("role") == "group", "the parts of a figure would be unheard"
    assert box.get_by_role("figure", name="A map with frames").count() == 1
    slider = box.get_by_role("slider", name="Frame")
    slider.focus()
    app.keyboard.press("End")
    wait_frame(app, 4)
    assert slider.get_attribute("aria-valuetext") == "p = 1, q = 4; homophily 0.40 ± 0.02 · structure 0.30 ± 0.01"
    app.keyboard.press("Shift+Tab")
    app.keyboard.press("Shift+Tab")
    assert app.evaluate("document.activeElement.title") == "Play"
    app.keyboard.press("Space")
    expect(box).to_have_attribute("data-playing", "true")


def test_positions_travel_once(serve: Serve, new_page: NewPage) -> None:
    page = new_page(color_scheme="light")
    received: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
    open_page(page, serve(APP))
    field = page.get_by_label("Frames", exact=True)
    field.fill("25")
    field.press("Enter")
    expect(chart(page, "map")).to_have_attribute("data-frames", "25")
    settled(page)
    assert sum(received) > 25 * 2_000 * 8
    received.clear()
    drawn = revision(page, "map")
    page.get_by_text("halves").click()
    wait_revision(page, "map", drawn)
    settled(page)
    print(f"\nrecoloring 2,000 points with 25 frames: {sum(received):,} bytes")
    assert sum(received) < 25 * 2_000 * 8


def test_frames_say_what_does_not_fit() -> None:
    good = {"ids": ("a", "b"), "positions": np.zeros((2, 2, 2)), "labels": ("x", "y")}
    assert Frames(**good).positions.dtype == np.float32
    for wrong, words in (
        ({"labels": ()}, "labels is empty"),
        ({"labels": ("x", "x")}, "labels must be distinct"),
        ({"ids": ("a", "a")}, "ids must be distinct"),
        ({"ids": ("a",)}, r"need \(2, 1, 2\)"),
        ({"positions": np.full((2, 2, 2), np.nan)}, "not finite"),
        ({"captions": ("x",)}, "captions has 1"),
        ({"start": 2}, "start is 2; allowed are 0 to 1"),
    ):
        with pytest.raises(ValueError, match=words):
            Frames(**{**good, **wrong})
