"""Many points: painted on a canvas below the chart, and alike in all that a person sees and does."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.driver import (
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
    wait_revision,
)

APP = "tests/browser/chart_app.py"
ITEMS = 5_000
SHAPES = "(plot) => plot.querySelectorAll('.scatterlayer .point').length"
PAINTED = "(plot) => Number(plot.querySelector('.live-chart-points')?.dataset.points ?? -1)"
PICKED = "(plot) => plot.data.flatMap((t) => (t.selectedpoints ?? []).map((i) => t.customdata[i][0]))"
COLOR = """(plot, item) => {
    const trace = plot.data.find((t) => t.customdata?.some((one) => one[0] === item));
    return trace.marker.color;
}"""


@pytest.fixture
def app(serve: Callable[..., str], page: Page) -> Page:
    open_page(page, f"{serve(APP)}/?items={ITEMS}")
    no_exception(page)
    return page


def seen(page: Page, place: tuple[float, float]) -> tuple[int, ...]:
    """Red, green and blue of a place on the screen, without what lies under the mouse."""
    page.mouse.move(2, 2)
    page.wait_for_timeout(150)
    x, y = place
    shot = page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 3, "height": 3})
    return tuple(Image.open(BytesIO(shot)).convert("RGB").getpixel((1, 1))[:3])


def over_white(color: str, opacity: float) -> list[float]:
    parts = [int(color[k : k + 2], 16) for k in (1, 3, 5)] if color[0] == "#" else map(int, re.findall(r"\d+", color))
    return [opacity * part + (1 - opacity) * 255 for part in parts]


def test_each_point_has_its_color_where_plotly_has_its_place(app: Page) -> None:
    assert on_chart(app, "map", SHAPES) <= len(traces(app, "map"))  # one a trace, which Plotly takes for all
    assert on_chart(app, "map", PAINTED) == ITEMS
    for _ in range(2):
        item = loneliest(app, "map")
        color = on_chart(app, "map", COLOR, item)
        assert seen(app, pixel_of(app, "map", item)) == pytest.approx(over_white(color, 0.7), abs=12)
        assert f"item no. {item[1:]}," in hover_point(app, "map", item)
        shown = revision(app, "map")
        move_slider(app, "Angle", 2)
        wait_revision(app, "map", shown)
    screenshot(app, "painted points")


def test_zoom_moves_them(app: Page) -> None:
    item = loneliest(app, "map")
    color = over_white(on_chart(app, "map", COLOR, item), 0.7)
    before = pixel_of(app, "map", item)
    app.mouse.move(*before)
    on_chart(app, "map", "(plot) => plot.closest('.live-chart').focus()")
    app.mouse.wheel(0, -400)
    app.mouse.move(before[0] + 30, before[1])  # another center for the second turn
    app.mouse.wheel(0, -200)
    app.wait_for_timeout(600)
    after = pixel_of(app, "map", item)
    assert after != pytest.approx(before, abs=1)
    assert seen(app, after) == pytest.approx(color, abs=12)
    mode(app, "map", "Reset view")
    app.wait_for_timeout(400)
    assert seen(app, before) == pytest.approx(color, abs=12)


def test_a_group_hidden_in_the_legend_is_gone_and_a_selection_leaves_the_others_pale(app: Page) -> None:
    item = loneliest(app, "map")
    place, color = pixel_of(app, "map", item), on_chart(app, "map", COLOR, item)
    lasso(app, "map", center=(0.35, 0.5), radius=0.2)
    expect(app.get_by_test_id("facts")).not_to_have_attribute("data-selected", "0")
    settled(app)
    assert item not in on_chart(app, "map", PICKED)
    assert seen(app, place) == pytest.approx(over_white(color, 0.12), abs=6)
    app.keyboard.press("Escape")
    settled(app)
    assert seen(app, place) == pytest.approx(over_white(color, 0.7), abs=12)
    open_legend(app, "map")
    place = pixel_of(app, "map", item)
    group = next(name for name, items in traces(app, "map").items() if item in items)
    app.locator(".legendtext", has_text=re.compile(f"^{re.escape(group)}$")).click(force=True)
    app.wait_for_timeout(800)  # Plotly waits for a second click
    assert on_chart(app, "map", PAINTED) == ITEMS - len(traces(app, "map")[group])
    assert seen(app, place) == (255, 255, 255)


def test_numbers_have_the_scale_s_colors(app: Page) -> None:
    app.get_by_text("price").click()
    settled(app)
    item = loneliest(app, "map")
    scale, values = on_chart(
        app, "map", "(plot) => [plot._fullData[0].marker.colorscale, [...plot._fullData[0].marker.color]]"
    )
    row = traces(app, "map")["Price"].index(item)
    share = (values[row] - min(values)) / (max(values) - min(values))
    ends = [next(k for k in range(1, len(scale)) if scale[k][0] >= share) + by for by in (-1, 0)]
    (low, first), (high, second) = (scale[k] for k in ends)
    at = (share - low) / (high - low)
    pure = [a + at * (b - a) for a, b in zip(over_white(first, 1), over_white(second, 1), strict=True)]
    wanted = [0.7 * part + 0.3 * 255 for part in pure]
    assert seen(app, pixel_of(app, "map", item)) == pytest.approx(wanted, abs=14)


def test_a_saved_image_has_every_point(app: Page, tmp_path: Path) -> None:
    with app.expect_download() as waiting:
        mode(app, "map", "Save as SVG")
    path = tmp_path / "map.svg"
    waiting.value.save_as(path)
    assert path.read_text().count('class="point') >= ITEMS
    assert on_chart(app, "map", PAINTED) == ITEMS
    assert len(positions(app, "map")) == ITEMS
