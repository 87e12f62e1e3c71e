"""The LSH page in a browser: a click on a cell, points that are dragged, the same buckets as in the library."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from pages.views.lsh.board import meets
from recemb_core.neighbors.lsh.hashing import draw_functions
from tests.browser.driver import (
    chart,
    click_point,
    fits,
    metric,
    move_slider,
    no_exception,
    on_chart,
    open_page,
    revision,
    screenshot,
    settled,
    wait_revision,
    wait_until,
)

Serve = Callable[..., str]
NewPage = Callable[..., Page]
PLANE = "lsh?data=planted_shop&lab=inside&inside=plane"


def board(page: Page) -> Locator:
    return page.locator(".hash-board")


def read(page: Page, name: str) -> Any:
    return json.loads(board(page).get_attribute(f"data-{name}") or "null")


def test_a_click_on_a_square_takes_its_setting(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/lsh?data=planted_shop")
    before, shown = metric(page, "Recall@10").inner_text(), revision(page, "lsh map@")
    click_point(page, "lsh map@", "3,20")
    wait_revision(page, "lsh map@", shown)
    settled(page)
    assert "functions=3" in page.url
    assert "tables=20" in page.url
    assert metric(page, "Recall@10").inner_text() != before
    place = on_chart(
        page, "lsh map@", "(plot) => plot.data.filter((t) => t.name === 'in use').map((t) => [t.x[0], t.y[0]])"
    )
    assert place == [[19, 2]]
    squares = chart(page, "lsh map@").locator(".hm image")
    expect(squares).to_have_count(1)  # though marks alone have moved
    no_exception(page)


def test_the_interval_follows_behind_the_first_figures(serve: Serve, page: Page) -> None:
    """One draw of functions first; the others come by themselves, and the charts stay what they are."""
    open_page(page, f"{serve('app.py')}/lsh?data=planted_shop&ratio=3.0&seed=5", timeout=150_000)
    expect(page.get_by_test_id("stMetric").filter(has_text="Recall@10")).to_contain_text(" to ", timeout=150_000)
    settled(page)
    bars = "(plot) => plot.data.filter((t) => t.name === 'in use').map((t) => [t.error_x.array[0], t.error_y.array[0]])"
    (ends,) = on_chart(page, "lsh cost@", bars)
    assert ends[0] > 0
    assert ends[1] > 0
    expect(page.get_by_text("Figures are means of 8 draws of functions")).to_be_visible()
    no_exception(page)


def test_figures_and_charts_move_with_the_slider(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/lsh?data=planted_shop")
    # Compiled the first time on a machine; on a busy one no time is shown, and the page says so.
    said = page.get_by_text("Verdict: this setting").or_(page.get_by_text("spoils the times"))
    expect(said.first).to_be_visible(timeout=150_000)
    settled(page)
    keys = ("lsh cost@", "lsh paths@", "lsh map@", "lsh curve@")
    shown = {key: revision(page, key) for key in keys}
    before = metric(page, "Scanned").inner_text()
    move_slider(page, "Tables L", -3)
    for key in keys:
        wait_revision(page, key, shown[key])
    settled(page)
    assert metric(page, "Scanned").inner_text() != before
    expect(said.first).to_be_visible(timeout=60_000)
    distances = revision(page, "lsh distances@")
    move_slider(page, "Tables L", 1)
    settled(page)
    assert revision(page, "lsh distances@") == distances, "distances do not depend on the tables"


@pytest.mark.parametrize("query", ["", "&mode=or_and&board_k=3", "&hashing=hyperplane&board_l=3", "&mode=or&board_l=4"])
def test_the_browser_hashes_as_the_library_does(serve: Serve, page: Page, query: str) -> None:
    open_page(page, f"{serve('app.py')}/{PLANE}{query}")
    given = dict(part.split("=") for part in query.split("&") if part)
    mode, family = given.get("mode", "and_or"), given.get("hashing", "euclidean")
    hashing = draw_functions(
        2,
        family=family,  # type: ignore[arg-type]
        tables=1 if mode == "and" else int(given.get("board_l", 2)),
        functions=1 if mode == "or" else int(given.get("board_k", 2)),
        width=2.0 if family == "euclidean" else None,
        seed=1,
    )
    points = np.array(read(page, "points"))
    assert read(page, "codes") == hashing.codes(points).tolist()
    caught = meets(hashing, points, mode)
    found = np.asarray(caught.all(axis=1) if mode == "or_and" else caught.any(axis=1))
    assert read(page, "candidates") == [0, *found[1:].astype(int).tolist()]


def test_a_dragged_point_changes_its_bucket_and_reaches_python(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/{PLANE}")
    said = board(page).locator(".hash-board-words")
    before, places = said.inner_text(), read(page, "points")
    table = page.get_by_test_id("stMain").inner_text()
    query = board(page).locator("[data-point='0']")
    query.scroll_into_view_if_needed()
    box = query.bounding_box()
    frame = board(page).locator("svg").bounding_box()
    assert box is not None
    assert frame is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    corner = (frame["x"] + 0.04 * frame["width"], frame["y"] + 0.05 * frame["height"])
    page.mouse.move(*corner, steps=6)
    page.mouse.up()
    expect(said).not_to_have_text(before)
    page.wait_for_timeout(300)
    settled(page)
    moved = read(page, "points")
    assert moved[0] != places[0]
    assert moved[1:] == places[1:]
    main = page.get_by_test_id("stMain")
    wait_until(page, "([main, before]) => main.innerText !== before", arg=[main.element_handle(), table])
    # Another width leaves the point where it was put; the words follow.
    now = said.inner_text()
    move_slider(page, "Width w on the plane", 8)
    expect(said).not_to_have_text(now)
    settled(page)
    assert read(page, "points") == moved
    placed = board(page).get_attribute("data-points") or ""
    page.get_by_role("button", name="New points").click()
    expect(board(page)).not_to_have_attribute("data-points", placed, timeout=30_000)
    assert read(page, "points")[1:] != moved[1:]


def test_a_point_moves_by_keyboard(serve: Serve, page: Page) -> None:
    open_page(page, f"{serve('app.py')}/{PLANE}")
    before = read(page, "points")
    board(page).locator("[data-point='5']").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    after = read(page, "points")
    assert after[5][0] == pytest.approx(min(3.95, before[5][0] + 0.3))
    assert after[5][1] == before[5][1]


def test_a_guess_is_revealed_and_a_square_explained(serve: Serve, page: Page) -> None:
    url = f"{serve('app.py')}/lsh?data=planted_shop&lab=inside"
    open_page(page, f"{url}&inside=guess")
    names = "(plot) => plot.data.map((t) => t.name)"
    assert on_chart(page, "lsh guess@", names) == ["your guess"]
    shown = revision(page, "lsh guess@")
    page.get_by_role("button", name="Reveal").click()
    wait_revision(page, "lsh guess@", shown)
    assert on_chart(page, "lsh guess@", names) == ["your guess", "theory", "measured"]
    open_page(page, f"{url}&tables=6&functions=9")
    mark = on_chart(page, "lsh catches@", "(plot) => plot.data.find((t) => t.name === 'missed').customdata[3][0]")
    shown = revision(page, "lsh catches@")
    click_point(page, "lsh catches@", mark)
    wait_revision(page, "lsh catches@", shown)
    settled(page)
    expect(page.get_by_text(f"Table {int(mark.split(':')[0]) + 1} missed")).to_be_visible()


VIEWS = [
    "lab=tune",
    "lab=inside",
    "lab=inside&inside=plane",
    "lab=inside&inside=guess",
    "lab=race",
    "lab=race&race=kd",
    "lab=race&race=product",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_fits(serve: Serve, new_page: NewPage, scheme: str) -> None:
    """Every second view in each theme, opened wide and then made narrow."""
    page = new_page(color_scheme=scheme)
    for number, view in enumerate(VIEWS):
        if number % 2 == (scheme == "dark"):
            continue
        page.set_viewport_size({"width": 1280, "height": 900})
        open_page(page, f"{serve('app.py')}/lsh?data=planted_shop&{view}", timeout=60_000)
        no_exception(page)
        assert page.get_by_test_id("stAlertContentError").count() == 0
        for width in (1280, 800):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(200)
            settled(page)
            fits(page, f"{view} at {width}")
            for box in page.locator(".live-chart:visible").all():
                assert box.get_attribute("data-error") is None
                assert box.evaluate("(box) => box.clientWidth") > 220
            busy = page.get_by_text("Other work on this machine ran beside").count() > 0
            assert chart(page, "lsh").count() == 1 or board(page).count() == 1 or busy
            screenshot(page, f"lsh-{view.replace('&', '-').replace('=', '-')}-{width}-{scheme}", whole=True)


def test_a_long_comparison_runs_with_a_bar_and_stops(serve: Serve, page: Page) -> None:
    url = f"{serve('app.py')}/lsh?data=planted_shop&lab=race&points=clustered&size=20000&wide=64"
    open_page(page, url, timeout=150_000)
    run = page.get_by_role("button", name="Run (about")
    expect(run).to_be_visible(timeout=150_000)
    run.click()
    bar = page.get_by_test_id("stProgress")
    expect(bar).to_be_visible(timeout=30_000)
    expect(bar).to_contain_text("%")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. Press Run to measure.")).to_be_visible(timeout=60_000)
    expect(run).to_be_visible()
    no_exception(page)


def test_squares_of_one_item_do_not_touch_on_a_telephone(serve: Serve, page: Page) -> None:
    """However narrow the window is, and when it is made narrow."""
    parts = """(plot) => {
        const { xaxis } = plot._fullLayout;
        return [plot.data[0].marker.size, xaxis.l2p(2) - xaxis.l2p(1)];
    }"""
    page.set_viewport_size({"width": 1280, "height": 720})
    open_page(page, f"{serve('app.py')}/lsh?lab=inside", timeout=120_000)
    wait_revision(page, "lsh catches", None, 120_000)
    for width in (1280, 800, 390):
        page.set_viewport_size({"width": width, "height": 844})
        wait_until(page, "(w) => window.innerWidth === w", arg=width)
        page.wait_for_timeout(500)
        settled(page)
        square, column = on_chart(page, "lsh catches", parts)
        assert 3 <= square <= 0.8 * column, f"{square} of {column} pixels at {width}"
