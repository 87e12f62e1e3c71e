"""An engineer with an own log: baselines first, models as they arrive, the test part only when it is asked for."""

from __future__ import annotations

import random
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.driver import (
    choose,
    metric,
    no_exception,
    on_chart,
    open_page,
    screenshot,
    settled,
    upload,
    wait_until,
)

Serve = Callable[..., str]
PATIENCE = 240_000  # milliseconds; on a cold server the first training waits for the compilers
MODELS = ("word2vec", "item2vec", "DeepWalk", "node2vec", "PPMI-SVD")
ROWS = "(plot) => plot.layout.yaxis.ticktext"
NAMES = "() => document.querySelector('.js-plotly-plot')?.layout?.yaxis?.ticktext ?? []"


def clicks(events: int) -> bytes:
    """People of three tastes, some visits each."""
    draw = random.Random(0)
    lines = ["user_id,item_id,timestamp"]
    for event in range(events):
        user, visit = event % 400, event // 400
        item = draw.randrange(60) * 3 + user % 3 if draw.random() < 0.8 else draw.randrange(180)
        start = 1_600_000_000 + visit // 4 * 90_000 + user
        lines.append(f"u{user},i{item},{start + visit % 4 * 50}")
    return "\n".join(lines).encode()


def rows(page: Page) -> list[str]:
    return list(page.evaluate(NAMES))


def test_an_own_log_from_upload_to_verdict(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/sequences")
    upload(page, 0, "clicks.csv", clicks(8_000))
    data_set = page.get_by_role("combobox", name="Data set")
    expect(data_set).to_have_value("clicks.csv (yours)", timeout=PATIENCE)
    settled(page)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Evaluation").click()
    expect(page.locator("h1")).to_have_text("Which setting is really better?", timeout=PATIENCE)
    wait_until(page, f"() => ({NAMES})().includes('Popularity')", timeout=PATIENCE)
    baselines = rows(page)
    assert {"ItemKNN", "EASE"} <= set(baselines), "all of them at once"
    assert "DeepWalk" not in baselines, "models come after them"
    wait_until(page, f"() => ({NAMES})().length > {len(baselines) + 1}", timeout=PATIENCE)
    wait_until(page, f"(names) => names.every((name) => ({NAMES})().includes(name))", [*MODELS], timeout=2 * PATIENCE)
    settled(page)
    assert "Two-tower" not in rows(page), "networks are a choice"
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("The test part is untouched")
    expect(main).to_contain_text("By HR@10:")
    no_exception(page)
    screenshot(page, "evaluation-upload")

    first = metric(page, "Best, HR@10").inner_text()
    choose(page, "K", "50")
    settled(page)
    assert metric(page, "Best, HR@50").inner_text() != first
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)

    main.get_by_role("radio", name="Test", exact=True).click()
    settled(page)
    expect(main).to_contain_text("Nobody has looked at it in this visit")
    assert "Popularity" not in rows(page), "nothing of it is measured yet"
    expect(main.get_by_role("button", name="on the test part")).to_be_visible()
    main.get_by_role("radio", name="Validation", exact=True).click()
    settled(page)
    expect(main).to_contain_text("The test part is untouched")
    assert on_chart(page, page.locator(".live-chart").first.get_attribute("data-chart-key") or "", ROWS)
