"""The Neighbors page as a person uses it: point at an item, click it, compare two maps that answer each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from recemb_core.embeddings import MODELS
from tests.browser.driver import (
    chart,
    click_point,
    hover_point,
    lasso,
    metric,
    no_exception,
    on_chart,
    open_page,
    pixel_of,
    screenshot,
    settled,
    wait_point,
    wait_revision,
    wait_until,
)

Serve = Callable[..., str]
TRAINING = 150_000  # milliseconds; on a cold server the first training waits for the compilers
PAIR = "neighbors?data=karate_club&compare=two&first=DeepWalk&second=node2vec"
# Item id → its place in the second map.
SECOND = """(plot, item) => {
    const axes = plot._fullLayout;
    const frame = plot.getBoundingClientRect();
    const trace = plot.data.find((t) => t.xaxis === 'x2' && (t.customdata ?? []).some((c) => c[0] === item));
    const i = trace.customdata.findIndex((c) => c[0] === item);
    return [frame.left + axes.xaxis2._offset + axes.xaxis2.l2p(trace.x[i]),
            frame.top + axes.yaxis2._offset + axes.yaxis2.l2p(trace.y[i])];
}"""
PICKED = """(plot) => ['x', 'x2'].map((axis) => [...new Set(plot.data.filter((t) => (t.xaxis ?? 'x') === axis).flatMap(
    (t) => (t.selectedpoints ?? []).map((i) => t.customdata[i][0])))].sort())"""
LONELY = """(plot) => {
    const points = new Map();
    for (const t of plot.data.filter((t) => (t.xaxis ?? 'x') === 'x')) {
        (t.customdata ?? []).forEach((c, i) => points.set(c[0], [t.x[i], t.y[i]]));
    }
    let best = [null, -1];
    for (const [id, [x, y]] of points) {
        const near = Math.min(...[...points].filter(([o]) => o !== id).map(([, [a, b]]) => Math.hypot(a - x, b - y)));
        if (near > best[1]) best = [id, near];
    }
    return best[0];
}"""


@pytest.fixture(scope="module")
def url(serve: Serve) -> str:
    return serve("app.py", NEIGHBORS="1", RECEMB_NO_WARM_UP="1")


def rows(page: Page, model: str) -> Locator:
    return page.locator(f'.neighbor-columns [data-model="{model}"] button.row')


def test_columns_light_up_and_a_click_chooses(url: str, page: Page) -> None:
    open_page(page, f"{url}/neighbors", TRAINING)
    expect(page.locator(".neighbor-columns section")).to_have_count(len(MODELS))
    expect(page.locator(".neighbor-columns button.row")).to_have_count(10 * len(MODELS))
    no_exception(page)
    # One row of columns, and rank 1 of all at one height.
    tops = {round(rows(page, name).first.bounding_box()["y"]) for name in ("word2vec", "EGES")}  # type: ignore[index]
    assert len(tops) == 1
    shared = page.locator(".neighbor-columns button[data-mark]").first
    item = shared.get_attribute("data-item") or ""
    shared.hover()
    same = page.locator(".neighbor-columns button[data-same]")
    times = shared.locator(".times").inner_text()
    expect(same).to_have_count(int(times.removeprefix("×")))
    assert {same.nth(i).get_attribute("data-item") for i in range(same.count())} == {item}
    screenshot(page, "neighbors-columns")
    title = shared.locator(".title").inner_text()
    shared.click()
    expect(page.get_by_text(f"Nearest to {title}")).to_be_visible(timeout=TRAINING)
    settled(page, TRAINING)
    assert f"item={item}" in page.url
    rows(page, "DeepWalk").first.focus()  # and by keyboard
    again = rows(page, "DeepWalk").first.get_attribute("data-item")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**item={again}**", timeout=TRAINING)


def test_a_square_of_the_matrix_opens_the_two(url: str, page: Page) -> None:
    open_page(page, f"{url}/neighbors?data=karate_club", TRAINING)
    wait_point(page, "agreement", "DeepWalk|GES", TRAINING)  # the models come one by one
    click_point(page, "agreement", "DeepWalk|GES")
    expect(page.locator('.neighbor-columns [data-model="GES"]')).to_be_visible(timeout=TRAINING)
    settled(page, TRAINING)
    expect(page.locator(".neighbor-columns section")).to_have_count(2)
    assert "compare=two" in page.url
    no_exception(page)


def test_two_maps_answer_each_other(url: str, page: Page) -> None:
    open_page(page, f"{url}/{PAIR}", TRAINING)
    wait_revision(page, "pair maps", None, TRAINING)
    chart(page, "pair maps").scroll_into_view_if_needed()
    item = on_chart(page, "pair maps", LONELY)
    hover_point(page, "pair maps", item)
    marks = chart(page, "pair maps").locator(".live-chart-links span")
    expect(marks).to_have_count(2)
    centers = []
    for i in range(2):
        box = marks.nth(i).bounding_box()
        assert box is not None
        centers.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    expected = [pixel_of(page, "pair maps", item), tuple(on_chart(page, "pair maps", SECOND, item))]
    for center, place in zip(sorted(centers), sorted(expected), strict=True):
        assert center == pytest.approx(place, abs=2)
    screenshot(page, "neighbors-two-maps")
    page.mouse.move(5, 5)
    expect(marks).to_have_count(0)

    lasso(page, "pair maps", center=(0.5, 0.5), radius=0.35)
    page.wait_for_timeout(300)
    settled(page, TRAINING)
    first, second = on_chart(page, "pair maps", PICKED)
    assert len(first) > 0
    assert first == second, "the same items are selected in both"
    expect(page.get_by_text(f"Selected in both maps, {len(first)} items")).to_be_visible()

    page.keyboard.press("Escape")
    settled(page, TRAINING)
    before = page.url
    click_point(page, "pair maps", item)
    wait_until(page, "(old) => location.href !== old", arg=before, timeout=TRAINING)
    settled(page, TRAINING)
    assert f"item={item}" in page.url
    expect(metric(page, "Overlap@10")).to_be_visible()


def test_the_map_of_a_sum_shows_where_the_question_lies(url: str, page: Page) -> None:
    """Its rings are on the picture and far from each other; a double click shows the whole map."""
    ringed = """(plot) => {
        const { xaxis, yaxis } = plot._fullLayout;
        const rings = plot.data.slice(-2);  // what went in, and the answer
        const share = (axis, v) => (v - axis.range[0]) / (axis.range[1] - axis.range[0]);
        return rings.flatMap((t) => [...t.x].map((x, i) => [share(xaxis, x), share(yaxis, t.y[i])]));
    }"""
    spread = "(plot) => plot._fullLayout.yaxis.range[1] - plot._fullLayout.yaxis.range[0]"
    open_page(page, f"{url}/neighbors?data=planted_shop&compare=sum", TRAINING)
    wait_revision(page, "arithmetic map", None, TRAINING)
    places = on_chart(page, "arithmetic map", ringed)
    assert len(places) == 4
    assert all(0 < share < 1 for place in places for share in place)
    assert max(max(at) - min(at) for at in zip(*places, strict=True)) > 0.5
    before = on_chart(page, "arithmetic map", spread)
    chart(page, "arithmetic map").locator(".nsewdrag").first.dblclick(position={"x": 8, "y": 8})
    page.wait_for_timeout(500)
    assert on_chart(page, "arithmetic map", spread) > before
    no_exception(page)
