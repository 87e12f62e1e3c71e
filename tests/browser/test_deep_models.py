"""The Deep models page in a browser: the lookup follows the item, the curves and the gliding map are drawn."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.driver import (
    chart,
    choose,
    frame,
    metric,
    no_exception,
    on_chart,
    open_page,
    revision,
    screenshot,
    set_frame,
    settled,
    wait_revision,
)

Serve = Callable[..., str]
PATIENCE = 120_000  # milliseconds


def test_no_line_of_a_history_is_cut(serve: Serve, new_page: Callable[..., Page]) -> None:
    page = new_page(width=1280, height=720)
    open_page(page, f"{serve('app.py')}/deep_models?section=history", PATIENCE)
    left = """(list) => {
        const end = list.getBoundingClientRect().bottom;
        const rows = [...list.querySelectorAll('[data-testid=stHorizontalBlock]')];
        const lines = rows.map((e) => e.getBoundingClientRect());
        return [lines.length, Math.max(...lines.map((e) => Math.min(end - e.top, e.bottom - end)))];
    }"""
    lines, seen = page.locator(".st-key-history-list").evaluate(left)
    assert lines > 8, "there are more than are in sight"
    assert seen <= 1.5, f"{seen} pixels of a line are seen, or cut"


def test_the_lookup_follows_the_item_and_the_network(serve: Serve, page: Page) -> None:
    url = serve("app.py")
    open_page(page, f"{url}/deep_models?section=embedding", PATIENCE)
    no_exception(page)
    # plot.data holds the numbers packed; what is drawn holds them as rows.
    rows = "(plot) => plot.calcdata.find((c) => c[0].trace.type === 'heatmap')[0].z.map((row) => [...row])"
    before, first = on_chart(page, "lookup@", rows), revision(page, "lookup@")
    # One-hots with a 1: a marker for each field, inside its bar.
    places = on_chart(page, "lookup@", "(plot) => [...plot.data.find((trace) => trace.name === 'one-hot').x]")
    assert len(places) == len(before) == 7
    assert all(0 < place < 1 for place in places)
    choose(page, "Network", "Deep Crossing")
    settled(page)
    wait_revision(page, "lookup@", first, PATIENCE)
    after = on_chart(page, "lookup@", rows)
    assert len(after[0]) == 16
    assert len(before[0]) == 17
    expect(metric(page, "AUC of Deep Crossing")).to_be_visible()
    assert "embedding_network=Deep+Crossing" in page.url
    screenshot(page, "deep_embedding", whole=True)


def test_the_curves_change_and_the_map_glides(serve: Serve, page: Page) -> None:
    url = serve("app.py")
    open_page(page, f"{url}/deep_models?section=pretraining", PATIENCE)
    no_exception(page)
    names = on_chart(
        page, "learning curves@", "(plot) => plot.data.filter((t) => t.mode !== 'lines').map((t) => t.name)"
    )
    assert len(names) == 5
    first = revision(page, "learning curves@")
    choose(page, "Up", "Validation AUC")
    settled(page)
    wait_revision(page, "learning curves@", first)
    title = on_chart(page, "learning curves@", "(plot) => plot._fullLayout.yaxis.title.text")
    assert title == "Validation AUC"
    page.get_by_test_id("stMain").get_by_text("Items' vectors").click()
    settled(page)
    chart(page, "map graph@").scroll_into_view_if_needed()
    assert frame(page, "map graph@") == 0
    set_frame(page, "map graph@", 1)
    assert frame(page, "map graph@") == 1
    no_exception(page)
    screenshot(page, "deep_pretraining", whole=True)
