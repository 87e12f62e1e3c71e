"""Names on a map, the search, the keys and the lines of density: what a person sees and reaches without a legend."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import (
    chart,
    click_point,
    hover_point,
    mode,
    move_slider,
    names_on_map,
    no_exception,
    on_chart,
    open_page,
    pixel_of,
    positions,
    revision,
    settled,
    traces,
    view,
    wait_revision,
    wait_until,
)

APP = "tests/browser/chart_app.py"
Serve = Callable[..., str]
Box = dict[str, float]
PLOT = """(plot) => {
    const { xaxis, yaxis } = plot._fullLayout;
    const { left, top } = plot.getBoundingClientRect();
    return { x: left + xaxis._offset, y: top + yaxis._offset, width: xaxis._length, height: yaxis._length };
}"""
# Median milliseconds that all names of the map take, of nine times.
PLACING = """async (box) => {
    const took = [];
    for (let i = 0; i < 9; i++) {
        await Plotly.relayout(box.querySelector('.js-plotly-plot'), { 'meta.time': i });
        box.querySelector('.js-plotly-plot').emit('plotly_afterplot');
        took.push(Number(box.dataset.placedIn));
    }
    return took.sort((a, b) => a - b)[4];
}"""


@pytest.fixture
def app(serve: Serve, page: Page) -> Page:
    open_page(page, serve(APP))
    no_exception(page)
    return page


def well_placed(page: Page) -> dict[str, Box]:
    """The names on the map, of which no two overlap, and all are inside the plot."""
    names = names_on_map(page, "map")
    plot = on_chart(page, "map", PLOT)
    for text, box in names.items():
        assert box["x"] >= plot["x"] - 1, text
        assert box["y"] >= plot["y"] - 1, text
        assert box["x"] + box["width"] <= plot["x"] + plot["width"] + 1, text
        assert box["y"] + box["height"] <= plot["y"] + plot["height"] + 1, text
    for (a, first), (b, second) in combinations(names.items(), 2):
        across = min(first["x"] + first["width"], second["x"] + second["width"]) - max(first["x"], second["x"])
        down = min(first["y"] + first["height"], second["y"] + second["height"]) - max(first["y"], second["y"])
        assert min(across, down) < 1, f"{a} and {b} overlap"
    return names


def zoom_in(page: Page, share: float = 0.12) -> None:
    """To a part of the map around an item."""
    x, y = positions(page, "map")["i0"]
    (left, right), (low, high) = view(page, "map")
    across, up = share * (right - left) / 2, share * (high - low) / 2
    ranges = {"xaxis.range": [x - across, x + across], "yaxis.range": [y - up, y + up]}
    on_chart(page, "map", "(plot, change) => Plotly.relayout(plot, change)", ranges)
    page.wait_for_timeout(200)


@pytest.mark.parametrize("items", [300, 5_500])
def test_groups_are_named_where_they_lie_and_items_when_one_looks_closer(serve: Serve, page: Page, items: int) -> None:
    open_page(page, f"{serve(APP)}/?items={items}")
    names = well_placed(page)
    groups = names_on_map(page, "map", "group")
    assert set(groups) == set(traces(page, "map")) - {"densest 25, 50, 75, 95%"}, "every group has its name"
    x, y = (sum(place) / len(place) for place in zip(*_pixels(page, "Dairy"), strict=True))
    box = groups["Dairy"]
    near = abs(box["x"] + box["width"] / 2 - x), abs(box["y"] + box["height"] / 2 - y)
    assert max(near) < 110, "the group's name stands with its points"
    size = (
        chart(page, "map")
        .locator(".live-chart-names .item, .live-chart-names .group")
        .evaluate_all("(all) => Math.min(...all.map((node) => parseFloat(getComputedStyle(node).fontSize)))")
    )
    assert size >= 11
    zoom_in(page, 0.12 if items < 1_000 else 0.02)
    well_placed(page)
    new = set(names_on_map(page, "map", "item")) - set(names)
    assert len(new) >= 3, "items are named that were not before"
    mode(page, "map", "Reset view")
    page.wait_for_timeout(300)
    assert names_on_map(page, "map", "group").keys() == groups.keys()


def _pixels(page: Page, group: str) -> list[tuple[float, float]]:
    return [pixel_of(page, "map", item) for item in traces(page, "map")[group][:25]]


def test_names_go_along_and_come_to_rest_beside_their_groups(app: Page) -> None:
    shown = revision(app, "map")
    move_slider(app, "Angle", 6)
    wait_revision(app, "map", shown)
    settled(app)
    assert len(names_on_map(app, "map", "group")) == 12
    well_placed(app)
    x, y = (sum(place) / len(place) for place in zip(*_pixels(app, "Pet"), strict=True))
    box = names_on_map(app, "map", "group")["Pet"]
    assert abs(box["x"] + box["width"] / 2 - x) < 110
    assert abs(box["y"] + box["height"] / 2 - y) < 110


def test_no_group_is_written_over_the_chosen_item(app: Page) -> None:
    covered = []
    for group in ("Dairy", "Pet", "Bakery"):
        box = names_on_map(app, "map", "group")[group]
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        places = {item: pixel_of(app, "map", item) for item in traces(app, "map")[group][:25]}
        item, place = min(places.items(), key=lambda one: abs(one[1][0] - middle[0]) + abs(one[1][1] - middle[1]))
        covered.append(_inside(place, box))
        shown = revision(app, "map")
        click_point(app, "map", item)
        wait_revision(app, "map", shown)
        settled(app)
        place = pixel_of(app, "map", item)
        assert not any(_inside(place, one) for one in names_on_map(app, "map", "group").values()), item
    assert any(covered), "of none of these items the name stood over its point before"


def _inside(place: tuple[float, float], box: Box) -> bool:
    x, y = place
    return box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]


def test_20_000_names_are_no_wait(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve(APP)}/?items=20000")
    took = chart(page, "map").evaluate(PLACING)
    print(f"\n20,000 points: all names placed in {took} ms, median of 9")
    assert len(names_on_map(page, "map", "group")) == 12


def test_a_search_rings_names_and_chooses(app: Page) -> None:
    field = chart(app, "map").get_by_label("Find an item on the map")
    chart(app, "map").focus()
    app.keyboard.press("/")
    expect(field).to_be_focused()
    app.keyboard.type("item no. 17,")
    expect(chart(app, "map").locator("output")).to_have_text("1 found. Snacks item no. 17, 500 g; Department: Snacks")
    (box,) = names_on_map(app, "map", "cursor").values()
    x, y = pixel_of(app, "map", "i17")
    assert abs(box["y"] + box["height"] / 2 - y) < 40
    assert box["x"] - 40 < x < box["x"] + box["width"] + 40
    app.keyboard.press("Enter")
    expect(app.get_by_test_id("facts")).to_have_attribute("data-chosen", "i17")
    settled(app)
    field.fill("snacks")
    rings = chart(app, "map").locator(".live-chart-names .ring, .live-chart-names .here")
    expect(rings).to_have_count(25)
    field.fill("no such thing")
    expect(chart(app, "map").locator("output")).to_have_text("Nothing called “no such thing” here.")
    expect(rings).to_have_count(0)
    field.press("Escape")
    assert field.input_value() == ""
    assert chart(app, "map").evaluate("(box) => document.activeElement === box"), "Escape leads back to the map"


def test_what_is_found_out_of_view_is_brought_into_it(app: Page) -> None:
    zoom_in(app)
    field = chart(app, "map").get_by_label("Find an item on the map")
    field.fill("item no. 5,")
    app.wait_for_timeout(300)
    plot = on_chart(app, "map", PLOT)
    x, y = pixel_of(app, "map", "i5")
    assert plot["x"] < x < plot["x"] + plot["width"]
    assert plot["y"] < y < plot["y"] + plot["height"]
    assert names_on_map(app, "map", "cursor")


def test_keys_go_from_item_to_item(app: Page) -> None:
    box, said = chart(app, "map"), chart(app, "map").locator("output")
    expect(said).to_have_attribute("aria-live", "polite")
    box.focus()
    app.keyboard.press("ArrowRight")
    first = said.inner_text()
    assert "item no." in first
    assert "Department: " in first
    places = {f"no. {item[1:]},": pixel_of(app, "map", item) for item in positions(app, "map")}

    def now() -> tuple[float, float]:
        return next(place for words, place in places.items() if words in said.inner_text())

    before = now()
    for key, axis, sign in (("ArrowRight", 0, 1), ("ArrowDown", 1, 1), ("ArrowLeft", 0, -1), ("ArrowUp", 1, -1)):
        app.keyboard.press(key)
        after = now()
        assert sign * (after[axis] - before[axis]) > 0, key
        assert abs(after[1 - axis] - before[1 - axis]) <= abs(after[axis] - before[axis]), f"{key}: within 45°"
        before = after
    ring = box.locator(".live-chart-names .here").bounding_box()
    assert ring is not None
    assert (ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2) == pytest.approx(before, abs=1.5)
    app.keyboard.press("Enter")
    expect(app.get_by_test_id("facts")).to_have_attribute("data-clicks", "1")
    chosen = app.get_by_test_id("facts").get_attribute("data-chosen") or ""
    assert places[f"no. {chosen[1:]},"] == before
    settled(app)
    box.focus()
    app.keyboard.press("Escape")
    expect(box.locator(".live-chart-names .here")).to_have_count(0)


def test_the_legend_folds_and_isolates_a_group(app: Page) -> None:
    button = chart(app, "map").get_by_role("button", name="Open the legend: Department")
    before = on_chart(app, "map", PLOT)
    button.click()
    settled(app)
    expect(chart(app, "map").locator(".legendtext", has_text="Dairy")).to_be_visible()
    chart(app, "map").locator(".legendtext", has_text="Dairy").dblclick(force=True)
    app.wait_for_timeout(800)
    assert set(names_on_map(app, "map", "group")) == {"Dairy"}
    fold = chart(app, "map").get_by_role("button", name="Fold the legend: Department")
    expect(fold).to_contain_text("11 hidden")
    fold.click()
    settled(app)
    assert set(names_on_map(app, "map", "group")) == {"Dairy"}, "what is hidden stays hidden, and is said"
    assert on_chart(app, "map", PLOT)["width"] == pytest.approx(before["width"], abs=1)


def test_a_grey_group_lights_up_while_it_is_pointed_at_and_when_it_is_chosen(app: Page) -> None:
    app.get_by_text("aisle").click()
    settled(app)
    lit = chart(app, "map").locator(".live-chart-lit")
    named = "(plot) => plot.data?.some((trace) => trace.name === 'other (4 groups)')"
    wait_until(app, f"() => [...document.querySelectorAll('.js-plotly-plot')].some({named})")
    grey = traces(app, "map")["other (4 groups)"]
    assert len(grey) == 4 * 15
    expect(lit).to_have_count(0)
    item = next(one for one in grey if int(one[1:]) % 20 == 17)
    hover_point(app, "map", item)
    expect(lit).to_have_attribute("data-points", "15")
    app.mouse.move(2, 2)
    expect(lit).to_have_count(0)
    click_point(app, "map", item)
    expect(app.get_by_test_id("facts")).to_have_attribute("data-chosen", item)
    settled(app)
    app.mouse.move(2, 2)
    expect(lit).to_have_attribute("data-points", "15")


def test_many_points_have_lines_of_density_beneath(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve(APP)}/?items=5500")
    lines = on_chart(page, "map", "(plot) => plot.data.filter((t) => t.meta?.density).map((t) => t.x.length / 3)")
    assert len(lines) == 4
    assert min(lines) > 20
    grey = """(plot) => {
        const canvas = plot.querySelector('.live-chart-points');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let i = 0; i < data.length; i += 4) {
            count += data[i + 3] > 60 && data[i] === data[i + 1] && data[i] === data[i + 2];
        }
        return count;
    }"""
    assert on_chart(page, "map", grey) > 300, "grey lines among colored points"
    on_chart(page, "map", "(plot) => Plotly.restyle(plot, { visible: 'legendonly' }, [0, 1, 2, 3])")
    page.wait_for_timeout(200)
    assert on_chart(page, "map", grey) < 30


def test_a_saved_image_has_the_names(app: Page, tmp_path: Path) -> None:
    with app.expect_download() as waiting:
        mode(app, "map", "Save as SVG")
    waiting.value.save_as(tmp_path / "map.svg")
    drawing = (tmp_path / "map.svg").read_text()
    for name in names_on_map(app, "map"):
        assert name.replace("&", "&amp;") in drawing


def test_the_tools_come_with_the_mouse_or_the_focus(app: Page) -> None:
    bar = chart(app, "map").locator(".modebar-group").first
    app.mouse.move(2, 2)
    expect(bar).to_have_css("opacity", "0")
    chart(app, "map").hover()
    expect(bar).to_have_css("opacity", "1")
    app.mouse.move(2, 2)
    expect(bar).to_have_css("opacity", "0")
    chart(app, "map").focus()
    expect(bar).to_have_css("opacity", "1")


def test_the_map_fills_its_canvas(app: Page) -> None:
    """Along the side that the equal scale leaves no paper on."""
    plot = on_chart(app, "map", PLOT)
    places = [pixel_of(app, "map", item) for item in positions(app, "map")]
    spans = [max(p[k] for p in places) - min(p[k] for p in places) for k in (0, 1)]
    assert max(spans[0] / plot["width"], spans[1] / plot["height"]) >= 0.9
    assert plot["width"] >= 0.97 * on_chart(app, "map", "(plot) => plot.getBoundingClientRect().width")


def test_full_screen_and_back(app: Page) -> None:
    width = on_chart(app, "map", PLOT)["height"]
    mode(app, "map", "Full screen")
    app.wait_for_function("document.fullscreenElement?.classList.contains('live-chart')")
    app.wait_for_timeout(600)
    assert on_chart(app, "map", PLOT)["height"] > width + 100
    app.evaluate("document.exitFullscreen()")
    app.wait_for_timeout(600)
    assert on_chart(app, "map", PLOT)["height"] == pytest.approx(width, abs=1)
