"""Journeys through the whole app, as a person makes them: upload, tune, click, lasso, share, stop."""

from __future__ import annotations

import csv
import gzip
import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NotThere

from recemb_core.datasets import load_dataset
from tests.browser.driver import (
    chart,
    choose,
    chosen,
    click_point,
    downloaded,
    drag,
    lasso,
    loneliest,
    metric,
    mode,
    move_slider,
    no_exception,
    on_chart,
    open_page,
    positions,
    revision,
    screenshot,
    settled,
    table,
    traces,
    upload,
    view,
    wait_revision,
    wait_until,
)

Serve = Callable[..., str]
NewPage = Callable[..., Page]
TRAINING = 150_000  # milliseconds; on a cold server the first training waits for the compilers

# Where each point is drawn, frame by frame, while a change is under way.
WATCH = """(plot, item) => {
    window.watched = [];
    const look = () => {
        const live = document.querySelector('.live-chart[data-chart-key^="map@"] .js-plotly-plot');
        for (const trace of live?.data ?? []) {
            const i = (trace.customdata ?? []).findIndex((c) => c[0] === item);
            if (i >= 0) { window.watched.push(trace.x[i]); break; }
        }
        window.watching = requestAnimationFrame(look);
    };
    look();
}"""
PICKED = """(plot) => [...new Set(
    plot.data.flatMap((t) => (t.selectedpoints ?? []).map((i) => t.customdata[i][0])))].sort()"""
# Notes every progress bar that ever appears from now on.
WATCH_BARS = """() => {
    window.bars = 0;
    new MutationObserver((all) => {
        if (document.querySelector('[data-testid=stProgress]')) window.bars += all.length;
    }).observe(document.body, { childList: true, subtree: true });
}"""

KINDS = {
    "kitchen": "tea milk sugar cup pot spoon tray jug",
    "tools": "hammer nail saw drill glue screw file vice",
    "garden": "rake spade hose seed soil bulb fork shears",
}


def basket_log(baskets: int = 180) -> bytes:
    """Baskets of three items of one kind each."""
    rng = random.Random(1)
    lines = ["user_id,basket_id,item_id,timestamp,quantity"]
    for basket in range(baskets):
        kind = list(KINDS.values())[basket % 3].split()
        lines += [f"u{basket % 23},{basket},{i},{1_600_000_000 + basket * 7_000},1" for i in rng.sample(kind, 3)]
    return gzip.compress("\n".join(lines).encode())


ITEMS = "\n".join(
    ["item_id,title,kind"]
    + [f"{item},{item.title()} of the shop,{kind}" for kind, items in KINDS.items() for item in items.split()]
).encode()


@pytest.fixture(scope="module")
def url(serve: Serve) -> str:
    """A server of these journeys' own: the upload, which comes first, meets it cold."""
    return serve("app.py", JOURNEYS="1", RECEMB_NO_WARM_UP="1")


def go_to(page: Page, name: str, question: str) -> None:
    """Change the page by the navigation."""
    page.get_by_test_id("stSidebarNavLink").get_by_text(name, exact=True).click()
    expect(page.locator("h1")).to_have_text(question)
    settled(page, TRAINING)
    no_exception(page)


def try_this(page: Page, prediction: str) -> None:
    """Go to the question with these words and press "Show me"."""
    box = page.locator(".st-key-question")
    while not box.get_by_text(prediction).count():
        box.get_by_role("button", name="Next").click()
        settled(page)
    box.get_by_role("button", name="Show me").click()


def address(page: Page) -> str:
    """What "Copy link" offers."""
    page.get_by_test_id("stSidebar").get_by_text("Copy link").click()
    link = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode").inner_text().strip()
    page.keyboard.press("Escape")
    return link


def test_upload_tune_choose_and_share(url: str, page: Page, new_page: NewPage) -> None:
    open_page(page, f"{url}/sequences", TRAINING)
    # Into the closed box, at once: the first thing a person does on a cold server must not be lost.
    upload(page, 0, "shop.csv.gz", basket_log())
    expect(page.get_by_text("Cleaning report")).to_be_visible(timeout=TRAINING)
    upload(page, 1, "items.csv", ITEMS)
    # The titles came with the second file, and the box shows them.
    expect(page.get_by_role("combobox", name="Chosen item")).to_have_value(re.compile("of the shop$"))
    settled(page)
    no_exception(page)
    assert metric(page, "Baskets").inner_text() == "180"
    assert metric(page, "Events").inner_text() == "540"
    assert metric(page, "Items").inner_text() == "24"
    expect(page.get_by_text("shop.csv.gz: 540 rows, 5 columns")).to_be_visible()
    page.get_by_text("Which column is what").click()
    for role, column in (("basket", "basket_id"), ("item", "item_id"), ("user", "user_id")):
        assert chosen(page, role) == column
    report = table(page, 0)
    assert report[0][:2] == ["Step", "What happened"]
    assert report[1][:2] == ["parse", "540 rows read, every one usable."]
    assert chosen(page, "Data set") == "shop.csv.gz (yours)"
    screenshot(page, "upload", whole=True)

    go_to(page, "Item graph", "Which items follow which?")
    assert metric(page, "Items").inner_text() == "24"
    assert metric(page, "Communities").inner_text() == "3"
    assert len(positions(page, "graph@")) == 24
    screenshot(page, "upload-item-graph", whole=True)

    go_to(page, "node2vec", "What do p and q change?")
    before = positions(page, "map@")
    assert len(before) == 24
    on_chart(page, "map@", "(plot) => { plot.dataset.mine = 'yes'; }")
    mode(page, "map@", "Zoom")
    drag(page, "map@", x=(0.1, 0.9), y=(0.1, 0.9))
    page.wait_for_timeout(300)
    zoomed, shown = view(page, "map@"), revision(page, "map@")
    on_chart(page, "map@", WATCH, "tea")
    move_slider(page, "q (in–out)", 4)
    wait_revision(page, "map@", shown, TRAINING)
    settled(page, TRAINING)
    after = positions(page, "map@")
    seen: list[float] = page.evaluate("() => { cancelAnimationFrame(window.watching); return window.watched; }")
    assert after != before, "q moved the map"
    assert len(set(seen) - {before["tea"][0], after["tea"][0]}) >= 2, "the point glided through places in between"
    assert on_chart(page, "map@", "(plot) => plot.dataset.mine") == "yes", "it is the same chart"
    assert view(page, "map@") == (pytest.approx(zoomed[0]), pytest.approx(zoomed[1])), "the zoom is kept"

    mode(page, "map@", "Reset view")
    page.wait_for_timeout(300)
    old = chosen(page, "Chosen item")
    ids = [i for i in positions(page, "map@") if f"{i.title()} of the shop" != old]
    item = loneliest(page, "map@")
    item = item if item in ids else ids[0]
    neighbors = table(page)
    click_point(page, "map@", item)
    name = f"{item.title()} of the shop"
    expect(page.get_by_role("combobox", name="Chosen item")).to_have_value(name)
    expect(page.get_by_text(f"Nearest to {name} (cosine)")).to_be_visible()
    settled(page)
    near = table(page, after=neighbors)
    assert near != neighbors
    kind = next(kind for kind, all_ in KINDS.items() if item in all_.split())
    company = {f"{i.title()} of the shop" for i in KINDS[kind].split()} - {name}
    assert len(company & {row[0] for row in near[1:6]}) >= 4, f"{name} keeps company with {near}"
    screenshot(page, "upload-node2vec", whole=True)

    go_to(page, "Item graph", "Which items follow which?")
    assert chosen(page, "Chosen item") == name
    expect(page.get_by_text(f"Edges of {name}")).to_be_visible()
    link = address(page)
    assert link.startswith(f"{url}/item_graph?data=upload-")
    assert f"item={item}" in link
    assert "file=shop.csv.gz" in link

    other = new_page(color_scheme="light")
    open_page(other, link, TRAINING)
    warning = other.get_by_test_id("stAlert").filter(has_text="Upload this file again")
    expect(warning).to_contain_text("shop.csv.gz")
    assert "(yours)" not in chosen(other, "Data set"), "one person's upload is not another's"
    assert len(positions(other, "graph@")) > 24


def share_of_stars(page: Page, key: str = "map@") -> float:
    """Share of best-sellers among the five points nearest to a best-seller on the map."""
    shop = load_dataset("planted_shop")
    place = positions(page, key)
    xy = np.array([place[item] for item in shop.items])
    star = shop.labels["role"] == "best-seller"
    assert star.sum() == 16
    away = np.linalg.norm(xy[star][:, None] - xy[None], axis=2)
    away[np.arange(star.sum()), np.flatnonzero(star)] = np.inf
    return float(star[np.argsort(away, axis=1)[:, :5]].mean())


def test_planted_best_sellers_gather_at_large_q(url: str, page: Page, new_page: NewPage) -> None:
    open_page(page, f"{url}/node2vec", TRAINING)
    assert share_of_stars(page, "left map@") < 0.3
    assert share_of_stars(page) >= 0.7, "q = 20 stands beside p = q = 1"
    try_this(page, "What does the structural score")
    settled(page, TRAINING)
    assert share_of_stars(page) >= 0.7
    shown = revision(page, "map@")
    expect(page.get_by_text("nearest are best-sellers")).to_be_visible()
    assert metric(page, "Settings").inner_text() == "p = 1, q = 20"
    gathered, link = positions(page, "map@"), address(page)
    screenshot(page, "planted-q20", whole=True)
    try_this(page, "Against p = 1")
    wait_revision(page, "map@", shown, TRAINING)
    settled(page, TRAINING)
    assert metric(page, "Settings").inner_text() == "p = 0.05, q = 20"
    assert share_of_stars(page) < 0.3
    assert link == f"{url}/node2vec?data=planted_shop&q=20"
    other = new_page(color_scheme="light")
    open_page(other, link, TRAINING)
    again = positions(other, "map@")
    assert again.keys() == gathered.keys()
    assert all(again[item] == pytest.approx(place, abs=1e-3) for item, place in gathered.items())


def test_lasso_lists_and_saves_items(url: str, page: Page, tmp_path: Path) -> None:
    open_page(page, f"{url}/node2vec", TRAINING)
    lasso(page, "map@", center=(0.5, 0.5), radius=0.2)
    button = page.get_by_role("button", name=re.compile(r"CSV of \d+ items"))
    expect(button).to_be_visible()
    settled(page)
    picked: list[str] = on_chart(page, "map@", PICKED)
    assert 0 < len(picked) < 176
    assert re.search(r"CSV of (\d+) items", button.inner_text()).group(1) == str(len(picked))  # type: ignore[union-attr]
    downloaded(page, button).save_as(tmp_path / "selected.csv")
    with (tmp_path / "selected.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["Id"] for row in rows) == picked
    shop = load_dataset("planted_shop")
    for row in rows:
        at = shop.items.row(row["Id"])
        assert (row["Item"], row["Category"]) == (shop.titles[at], shop.labels["category"][at])
    listed = table(page, 1)
    assert [row[1] for row in listed[1:]] == [row["Id"] for row in rows][: len(listed) - 1]
    mode(page, "map@", "Clear selection")
    expect(page.get_by_text("Draw a lasso or a box on the map")).to_be_visible()
    settled(page)
    assert on_chart(page, "map@", PICKED) == []
    assert button.count() == 0


def test_another_color_moves_and_trains_nothing(url: str, page: Page) -> None:
    open_page(page, f"{url}/node2vec?data=planted_shop&q=20", TRAINING)
    before, shown = positions(page, "map@"), revision(page, "map@")
    assert "Gaming" in traces(page, "map@")
    page.evaluate(WATCH_BARS)
    for option, name in (("community", r"1 · .+"), ("popularity", ".*"), ("role", "best-seller")):
        choose(page, "Color by", option)
        shown = wait_revision(page, "map@", shown)
        settled(page)
        assert positions(page, "map@") == before
        assert any(re.fullmatch(name, trace or "") for trace in traces(page, "map@")), traces(page, "map@").keys()
    assert page.evaluate("window.bars") == 0, "no progress bar: nothing was trained"
    assert "color=role" in address(page), "the link has the newest setting"


def test_the_gap_cuts_sessions(url: str, page: Page) -> None:
    open_page(page, f"{url}/sequences?data=planted_shop", TRAINING)
    line = "(plot) => [plot.layout.shapes[0].x0, plot.layout.annotations.map((a) => a.text.trim())]"
    sessions = [int(metric(page, "Sessions").inner_text().replace(",", ""))]
    assert on_chart(page, "gaps@", line) == [60, ["cut at 1 h"]]
    for steps, minutes, text in ((-6, 1, "cut at 1 min"), (13, 10_080, "cut at 7 days")):
        shown = revision(page, "gaps@")
        move_slider(page, "A longer pause ends the session", steps)
        expect(page.get_by_role("slider", name="A longer pause ends the session")).to_have_attribute(
            "aria-valuetext", text.removeprefix("cut at ")
        )
        wait_revision(page, "gaps@", shown)
        wait_until(
            page,
            """(minutes) => document.querySelector('.live-chart[data-chart-key^="gaps@"] .js-plotly-plot')
                .layout.shapes[0].x0 === minutes""",
            arg=minutes,
        )
        settled(page)
        assert on_chart(page, "gaps@", line) == [minutes, [text]]
        sessions.append(int(metric(page, "Sessions").inner_text().replace(",", "")))
    hour, minute, week = sessions
    assert minute != hour
    assert week < hour / 2, "visits of different days became one"
    assert "gap=10080" in page.url


def test_an_arrow_key_that_is_held_down_loses_nothing(url: str, page: Page) -> None:
    """Runs overtake one another; what the browser still holds of their messages is enough (console errors fail it)."""
    open_page(page, f"{url}/sequences?data=planted_shop", TRAINING)
    slider = page.get_by_role("slider", name="A longer pause ends the session")
    slider.focus()
    for key in ("ArrowLeft", "ArrowRight") * 4:
        for _ in range(5):
            page.keyboard.press(key)
            page.wait_for_timeout(60)
    settled(page, TRAINING)
    expect(slider).to_have_attribute("aria-valuetext", "1 h")
    assert "gap=" not in page.url


def edges_drawn(page: Page) -> int:
    """Edges under the points of the item graph."""
    found: int = on_chart(page, "graph@", "(plot) => plot.data.find((t) => t.name === 'edges').x.length / 3")
    return found


def test_item_graph_lights_up_an_item_and_thins_out(url: str, page: Page) -> None:
    open_page(page, f"{url}/item_graph?data=complete_journey", TRAINING)
    shop = load_dataset("complete_journey")
    before, old = positions(page, "graph@"), chosen(page, "Chosen item")
    item = loneliest(page, "graph@")
    shown = revision(page, "graph@")
    click_point(page, "graph@", item)
    wait_revision(page, "graph@", shown)
    settled(page)
    title = str(shop.titles[shop.items.row(item)])
    assert chosen(page, "Chosen item") == title != old
    expect(page.get_by_text(f"Edges of {title}")).to_be_visible()
    assert positions(page, "graph@").keys() == before.keys()
    lit = traces(page, "graph@")["its edges"]
    assert set(lit[0::3]) == {item}, "every lit edge begins at the item"
    ego = traces(page, "ego@")
    assert ego["chosen item"] == [item]
    assert set(lit[1::3]) <= set(before)
    # The picture beside it shows the heaviest edges: those that are drawn above are among them, or lighter.
    assert set(ego["its heaviest edges"]) & set(lit[1::3]) or len(lit) == 0
    screenshot(page, "item-graph-chosen", whole=True)

    kept, drawn, shown = metric(page, "Edges kept").inner_text(), edges_drawn(page), revision(page, "graph@")
    move_slider(page, "Edges an item, on average", -2)
    expect(page.get_by_role("slider", name="Edges an item, on average")).to_have_attribute("aria-valuetext", "4")
    wait_revision(page, "graph@", shown, TRAINING)
    settled(page, TRAINING)
    fewer = int(metric(page, "Edges kept").inner_text().replace(",", ""))
    assert fewer == pytest.approx(int(kept.replace(",", "")) / 2, rel=0.05)
    said = page.get_by_text(re.compile(rf"{edges_drawn(page):,} of ([\d,]+) edges drawn: each item's heaviest first"))
    expect(said).to_be_visible()
    assert 0 < edges_drawn(page) == drawn <= len(before), "no more than items, whatever is kept"
    assert chosen(page, "Chosen item") == title


def test_a_bad_file_costs_one_sentence(url: str, page: Page) -> None:
    open_page(page, f"{url}/sequences", TRAINING)
    page.get_by_text("Upload your own log").click()
    upload(page, 0, "good.csv.gz", basket_log(90))
    expect(metric(page, "Baskets")).to_have_text("90")
    settled(page)
    upload(page, 0, "bad.csv", b"user_id,item_id,timestamp\n")
    alert = page.get_by_test_id("stAlertContentError")
    expect(alert).to_contain_text("bad.csv")
    settled(page)
    no_exception(page)
    assert alert.count() == 1
    sentence = alert.inner_text()
    assert "header" in sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 300, sentence
    screenshot(page, "bad-upload", whole=True)
    assert chosen(page, "Data set") == "good.csv.gz (yours)", "the earlier data set is still in use"
    assert metric(page, "Baskets").inner_text() == "90"
    choose(page, "Data set", "Planted shop")
    expect(metric(page, "Sessions")).to_be_visible()
    choose(page, "Data set", "good.csv.gz (yours)")
    expect(metric(page, "Baskets")).to_have_text("90")


def bar_moves(page: Page) -> None:
    """The progress bar says how far it is, and gets further."""
    bar = page.get_by_test_id("stProgress")
    expect(bar).to_contain_text(re.compile(r"\(\d+%\)"), timeout=TRAINING)
    expect(bar).not_to_contain_text("(0%)", timeout=TRAINING)
    expect(bar).to_contain_text(re.compile(r"training \(\d+%\)"))


def stop(page: Page) -> float:
    """Press Stop; seconds until the bar is gone."""
    start = time.perf_counter()
    page.get_by_role("button", name="Stop").click(timeout=TRAINING)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=15_000)
    settled(page)
    no_exception(page)
    return time.perf_counter() - start


def test_a_long_training_can_be_stopped(url: str, page: Page) -> None:
    for _ in range(3):  # a machine too busy to draw the button beside the bar is asked again
        # A link to heavy settings, with nothing to show yet.
        page.goto(f"{url}/node2vec?data=complete_journey&num_walks=50&walk_length=200&epochs=10")
        bar_moves(page)
        with suppress(NotThere):
            page.get_by_role("button", name="Stop").wait_for(timeout=20_000)
            break
        print("no Stop:", page.get_by_test_id("stMain").inner_text())
    seconds = [stop(page)]
    expect(page.get_by_text("Stopped. Press Run to train these settings.")).to_be_visible()
    choose(page, "Color by", "popularity")
    settled(page)
    expect(page.get_by_text("Stopped. Press Run to train these settings.")).to_be_visible()
    assert page.get_by_test_id("stProgress").count() == 0, "another color is no Run"
    page.get_by_role("button", name="Run (about").click()
    bar_moves(page)
    seconds.append(stop(page))
    page.get_by_role("button", name="Reset").click()
    expect(chart(page, "map@")).to_be_visible(timeout=TRAINING)
    settled(page, TRAINING)
    assert len(positions(page, "map@")) == 1_748, "the page is usable: the defaults are shown"
    # From a picture to heavy settings: the picture stays, marked as old.
    shown = revision(page, "map@")
    page.get_by_text("Walks and training").click()
    move_slider(page, "Epochs", 9)
    expect(page.get_by_text("The settings changed. You still see p = 1, q = 1")).to_be_visible(timeout=TRAINING)
    page.get_by_role("button", name="Run (about").click()
    bar_moves(page)
    seconds.append(stop(page))
    expect(page.get_by_text("The settings changed. You still see p = 1, q = 1")).to_be_visible()
    assert revision(page, "map@") == shown
    assert len(positions(page, "map@")) == 1_748
    print(f"\nStop took {', '.join(f'{s:.1f}' for s in seconds)} s")


def test_back_takes_one_press_a_page(url: str, page: Page) -> None:
    open_page(page, f"{url}/walks?data=karate_club")
    for _ in range(2):  # two settings, each of which is written into the address
        before = page.url
        move_slider(page, "q (in–out)", 1)
        wait_until(page, "(before) => location.href !== before", arg=before)
        settled(page)
    left = page.url
    for name, title in (("item_graph", "Item graph"), ("sequences", "Sequences")):
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        page.wait_for_url(f"**/{name}?*")
        settled(page)
    page.go_back()
    page.wait_for_url("**/item_graph?*")
    settled(page)
    page.go_back()
    page.wait_for_url("**/walks?*")
    settled(page)
    assert page.url == left
    no_exception(page)


def test_another_page_starts_at_its_top(url: str, page: Page) -> None:
    top = "(main) => main.scrollTop"
    open_page(page, f"{url}/summary?data=planted_shop")
    button = page.get_by_role("button", name="Let a table age")  # the last row's
    button.scroll_into_view_if_needed()
    assert page.get_by_test_id("stMain").evaluate(top) > 0
    button.click()
    page.wait_for_url("**/deep_models?*")
    settled(page)
    assert page.get_by_test_id("stMain").evaluate(top) == 0
    page.get_by_text("What you see").scroll_into_view_if_needed()
    assert page.get_by_test_id("stMain").evaluate(top) > 0
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Item graph", exact=True).click()
    page.wait_for_url("**/item_graph?*")
    settled(page)
    assert page.get_by_test_id("stMain").evaluate(top) == 0
