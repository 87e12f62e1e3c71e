"""A slider moved in a browser: the old picture stands until a preview glides in, and the exact result follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import chart, metric, move_slider, no_exception, open_page, screenshot, settled

Serve = Callable[..., str]
TRAINING = 150_000  # milliseconds
# What the map's box says of itself and how many points it has, whenever one of them changes, and at every frame.
WATCH = """() => {
    window.seen = [];
    const look = () => {
        const box = document.querySelector('.live-chart[data-chart-key^="map@"]');
        const points = box?.querySelectorAll('.scatterlayer .point').length ?? 0;
        const text = [...document.querySelectorAll('[data-testid=stMetric]')].map((one) => one.innerText).join(' ');
        const old = [...document.querySelectorAll('[data-testid=stMetric]')]
            .filter((one) => one.innerText.includes('core by'))
            .map((one) => Number(getComputedStyle(one).opacity));
        const badge = box?.querySelector('.live-chart-badge')?.innerText ?? '';
        const now = { preview: box?.dataset.preview, points: points > 0, still: text.includes('still of'), old, badge };
        if (JSON.stringify(now) !== JSON.stringify(window.seen.at(-1))) window.seen.push(now);
    };
    const box = document.querySelector('.live-chart[data-chart-key^="map@"]');
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    const frame = () => { look(); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    window.box = box;
}"""


@pytest.fixture
def warm(serve: Serve, page: Page) -> Page:
    """The page at settings that nothing was computed for, on a server that has warmed up."""
    url = serve("app.py")
    open_page(page, f"{url}/node2vec?v=2&data=les_miserables&q=0.05&num_walks=7&window=3", TRAINING)
    return page


def test_a_moved_slider_is_previewed_and_settles_into_the_exact_result(warm: Page) -> None:
    page, seen = warm, list[dict[str, Any]]()
    page.evaluate(WATCH)
    for _ in range(7):  # until the server has warmed up, results come without a preview
        before = metric(page, "Settings").inner_text()
        page.evaluate("window.seen = []")
        move_slider(page, "q (in–out)", 1)
        expect(metric(page, "Settings")).not_to_have_text(before)
        settled(page, TRAINING)
        expect(chart(page, "map")).to_have_attribute("data-preview", "false", timeout=TRAINING)
        settled(page, TRAINING)
        seen = page.evaluate("window.seen")
        if any(one["preview"] == "true" for one in seen):
            break
        page.wait_for_timeout(5_000)
    no_exception(page)
    order = [one["preview"] for one in seen]
    assert order[0] == "false"
    assert "true" in order
    assert order[-1] == "false"
    assert all(one["points"] for one in seen), "the picture is never blank"
    assert page.evaluate("window.box === document.querySelector('.live-chart[data-chart-key^=\"map@\"]')")
    previews = [one for one in seen if one["preview"] == "true"]
    assert all(one["badge"].startswith("Preview") for one in previews)
    greyed = [one for one in seen if one["still"]]
    assert greyed, "the scores say whose they are"
    assert any(max(one["old"]) < 0.6 for one in greyed)
    assert not seen[-1]["still"]
    assert seen[-1]["badge"] == ""
    screenshot(page, "preview_settled")
