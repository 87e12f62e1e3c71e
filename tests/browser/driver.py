"""What a browser test does to a page: wait, move sliders, click and lasso points, look at charts."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Download, Locator, Page, expect
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

PATIENCE = 30_000  # milliseconds
SCREENSHOTS = Path(os.environ.get("SCREENSHOT_DIR", Path(tempfile.gettempdir()) / "recemb-screenshots"))

_SETTLED = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app && app.getAttribute('data-test-script-state') === 'notRunning'
        && app.getAttribute('data-test-connection-state') === 'CONNECTED'
        && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
        && document.querySelector('[data-testid=stMain] [data-testid=stElementContainer]');
}"""
_CHARTS_DONE = """() => [...document.querySelectorAll('.stBidiComponent')].every((component) => {
    const box = component.querySelector('.live-chart, .hash-board, .neighbor-columns, .code-lines');
    return box && box.hasAttribute('data-rev') && box.getAttribute('data-gliding') !== 'true';
})"""


def wait_until(page: Page, script: str, arg: Any = None, timeout: int = PATIENCE) -> None:
    """Wait until a script says true; asked a few times a second, not at every frame, which would itself be work.

    Playwright's own wait_for_function needs `eval`, which the app's policy forbids; the tests run under the policy.
    """
    end = time.monotonic() + timeout / 1000
    while True:
        try:
            if page.evaluate(script, arg):
                return
        except PlaywrightError as error:
            if "context was destroyed" not in error.message:  # the page went to another address meanwhile
                raise
        if time.monotonic() > end:
            raise PlaywrightTimeout(f"not true within {timeout / 1000:g} s: {script}")
        page.wait_for_timeout(40)


def settled(page: Page, timeout: int = PATIENCE) -> None:
    """Wait until the script has run, the connection is up, nothing is stale, and every live chart has come to rest."""
    wait_until(page, _SETTLED, timeout=timeout)
    page.wait_for_timeout(60)  # a rerun asked for by the last event starts within this time
    wait_until(page, _SETTLED, timeout=timeout)
    wait_until(page, _CHARTS_DONE, timeout=timeout)


def open_page(page: Page, url: str, timeout: int = PATIENCE) -> None:
    """Go to a page of the app and wait for it to settle."""
    page.goto(url)
    page.wait_for_selector("[data-testid=stApp]", timeout=timeout)
    settled(page, timeout)


def downloaded(page: Page, button: Locator, times: int = 4) -> Download:
    """What a button gives to take along.

    It is pressed again where nothing has come: a press that falls while a chart above takes its height goes beside it.
    """
    for left in reversed(range(times)):
        try:
            with page.expect_download(timeout=PATIENCE) as started:
                button.click()
            return started.value
        except PlaywrightTimeout:
            if not left:
                raise
            settled(page)
    raise AssertionError("asked for no time at all")


def no_exception(page: Page) -> None:
    """No red traceback box anywhere on the page."""
    boxes = page.locator("[data-testid=stException]")
    assert boxes.count() == 0, boxes.first.inner_text()


def fits(page: Page, what: str = "") -> None:
    """Wait until nothing of the page is wider than its room: after a new width, charts follow one after another."""
    wider = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
        .filter((e) => e.scrollWidth > e.clientWidth + 1)
        .map((e) => `${e.tagName} is ${e.scrollWidth} pixels wide in ${e.clientWidth}`)"""
    try:
        wait_until(page, f"() => ({wider})().length === 0")
    except PlaywrightTimeout:
        raise AssertionError(f"{what or page.url}: {page.evaluate(wider)}") from None


# ---- charts ----


def chart(page: Page, key: str) -> Locator:
    """The live chart's box; keys that carry a suffix (a data set, a reset count) are found by their start."""
    return page.locator(f'.live-chart[data-chart-key^="{key}"]').first


def revision(page: Page, key: str) -> str | None:
    """A marker of the figure last drawn to its end; it changes when the figure does."""
    return chart(page, key).get_attribute("data-rev")


def wait_revision(page: Page, key: str, after: str | None, timeout: int = PATIENCE) -> str:
    """Wait until the chart shows another figure than `after`, glide included; returns its revision."""
    box = chart(page, key)
    if after is not None:
        expect(box).not_to_have_attribute("data-rev", after, timeout=timeout)
    drawn = "(box) => box.hasAttribute('data-rev') && box.getAttribute('data-gliding') !== 'true'"
    wait_until(page, drawn, box.element_handle(timeout=timeout), timeout)
    return revision(page, key) or ""


def on_chart(page: Page, key: str, script: str, arg: Any = None) -> Any:
    """Evaluate ``(plot, arg) => …`` with Plotly's own element of the chart."""
    return chart(page, key).locator(".js-plotly-plot").evaluate(script, arg)


def positions(page: Page, key: str) -> dict[str, tuple[float, float]]:
    """Item id → place where it is drawn now."""
    found: dict[str, list[float]] = on_chart(
        page,
        key,
        """(plot) => {
            const found = {};
            for (const trace of plot.data) {
                if (!trace.customdata) continue;
                trace.customdata.forEach((c, i) => {
                    const id = [].concat(c)[0];
                    if (id !== null) found[id] ??= [trace.x[i], trace.y[i]]; // null: the gap between two edges
                });
            }
            return found;
        }""",
    )
    return {item: (x, y) for item, (x, y) in found.items()}


def view(page: Page, key: str) -> tuple[list[float], list[float]]:
    """The visible ranges of both axes."""
    x, y = on_chart(page, key, "(plot) => [plot._fullLayout.xaxis.range, plot._fullLayout.yaxis.range]")
    return x, y


def traces(page: Page, key: str) -> dict[str, list[str]]:
    """Trace name → the item ids in it."""
    found: dict[str, list[str]] = on_chart(
        page,
        key,
        """(plot) => Object.fromEntries(
            plot.data.map((t) => [t.name, (t.customdata ?? []).map((c) => [].concat(c)[0])]))""",
    )
    return found


def pixel_of(page: Page, key: str, item: str) -> tuple[float, float]:
    """Where an item's point is on the screen."""
    chart(page, key).scroll_into_view_if_needed()
    place = on_chart(
        page,
        key,
        """(plot, item) => {
            const { xaxis, yaxis } = plot._fullLayout;
            const frame = plot.getBoundingClientRect();
            for (const trace of plot.data) {
                const i = (trace.customdata ?? []).findIndex((c) => String([].concat(c)[0]) === item);
                if (i < 0) continue;
                const [x, y] = [xaxis.d2p(trace.x[i]), yaxis.d2p(trace.y[i])];
                return [frame.left + xaxis._offset + x, frame.top + yaxis._offset + y];
            }
            return null;
        }""",
        item,
    )
    assert place is not None, f"no point of item {item!r} on chart {key!r}"
    return place[0], place[1]


def wait_point(page: Page, key: str, item: str, timeout: int = PATIENCE) -> None:
    """Wait until a chart has a point of the item."""
    end = time.monotonic() + timeout / 1000
    has = "(plot, item) => plot.data.some((t) => (t.customdata ?? []).some((c) => String([].concat(c)[0]) === item))"
    while True:
        settled(page, timeout)
        if on_chart(page, key, has, item) or time.monotonic() > end:
            return
        page.wait_for_timeout(200)


def loneliest(page: Page, key: str, *, but: str = "") -> str:
    """The visible item, ``but`` one, that is farthest from its nearest neighbor on the screen: safe to point at."""
    item: str = on_chart(
        page,
        key,
        """(plot, but) => {
            const { xaxis, yaxis } = plot._fullLayout;
            const points = new Map();
            for (const trace of plot.data) {
                (trace.customdata ?? []).forEach((c, i) => {
                    const [x, y] = [xaxis.l2p(trace.x[i]), yaxis.l2p(trace.y[i])];
                    const inside = x > 10 && y > 10 && x < xaxis._length - 10 && y < yaxis._length - 10;
                    if (inside) points.set(String([].concat(c)[0]), [x, y]);
                });
            }
            let best = [null, -1];
            for (const [id, [x, y]] of points) {
                let near = Infinity;
                for (const [other, [a, b]] of points) if (other !== id) near = Math.min(near, Math.hypot(a - x, b - y));
                if (near > best[1] && id !== but) best = [id, near];
            }
            return best[0];
        }""",
        but,
    )
    return item


def hover_point(page: Page, key: str, item: str) -> str:
    """Move the mouse onto a point; returns the hover text."""
    x, y = pixel_of(page, key, item)
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y, steps=3)
    label = chart(page, key).locator(".hoverlayer .hovertext").first
    label.wait_for(timeout=5_000)
    return label.text_content() or ""


def click_point(page: Page, key: str, item: str) -> None:
    """Click an item's point."""
    hover_point(page, key, item)
    x, y = pixel_of(page, key, item)
    page.mouse.click(x, y)


def mode(page: Page, key: str, button: str) -> None:
    """Press a button of the chart's mode bar by its tooltip ("Lasso Select", "Reset view", …)."""
    chart(page, key).hover()  # the buttons come with the mouse
    chart(page, key).locator(f'.modebar-btn[data-title="{button}"]').click()


def open_legend(page: Page, key: str) -> None:
    """Unfold a map's legend, which has a line for every group."""
    button = chart(page, key).locator(".live-chart-tools button")
    if button.get_attribute("aria-expanded") != "true":
        button.click()
    chart(page, key).locator(".legendtext").first.wait_for()
    settled(page)


def names_on_map(page: Page, key: str, kind: str = "") -> dict[str, dict[str, float]]:
    """Text → box of each name on a map, in pixels of the window; `kind`: group, rest, item, chosen or cursor."""
    found: dict[str, dict[str, float]] = chart(page, key).evaluate(
        """(box, kind) => Object.fromEntries([...box.querySelectorAll('.live-chart-names > span')]
            .filter((node) => node.textContent && (!kind || node.className === kind))
            .map((node) => [node.textContent, node.getBoundingClientRect().toJSON()]))""",
        kind,
    )
    return found


def drag(page: Page, key: str, *, x: tuple[float, float] = (0.25, 0.75), y: tuple[float, float] = (0.25, 0.75)) -> None:
    """Drag over a part of the plot; 0 and 1 are its edges."""
    left, top, width, height = _plot_area(page, key)
    page.mouse.move(left + x[0] * width, top + y[0] * height)
    page.mouse.down()
    page.mouse.move(left + x[1] * width, top + y[1] * height, steps=8)
    page.mouse.up()


def lasso(page: Page, key: str, *, center: tuple[float, float] = (0.5, 0.5), radius: float = 0.25) -> None:
    """Draw a closed lasso around a part of the plot (shares of its width and height)."""
    mode(page, key, "Lasso Select")
    left, top, width, height = _plot_area(page, key)
    corners = [(-1, -1), (0, -1.2), (1, -1), (1.2, 0), (1, 1), (0, 1.2), (-1, 1), (-1.2, 0), (-1, -0.9)]
    path = [(left + (center[0] + radius * a) * width, top + (center[1] + radius * b) * height) for a, b in corners]
    page.mouse.move(*path[0])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def _plot_area(page: Page, key: str) -> tuple[float, float, float, float]:
    chart(page, key).scroll_into_view_if_needed()
    left, top, width, height = on_chart(
        page,
        key,
        """(plot) => {
            const { xaxis, yaxis } = plot._fullLayout;
            const frame = plot.getBoundingClientRect();
            return [frame.left + xaxis._offset, frame.top + yaxis._offset, xaxis._length, yaxis._length];
        }""",
    )
    return left, top, width, height


# ---- frames of a chart ----


def frame(page: Page, key: str) -> int:
    """Index of the frame that the chart shows or glides to."""
    return int(chart(page, key).get_attribute("data-frame") or -1)


def set_frame(page: Page, key: str, index: int, *, wait: bool = True) -> None:
    """Go to a frame with an arrow key held down on the chart's own slider; `wait` until the points have arrived."""
    chart(page, key).get_by_role("slider", name="Frame").focus()
    steps = index - frame(page, key)
    arrow = "ArrowRight" if steps > 0 else "ArrowLeft"
    for _ in range(abs(steps)):
        page.keyboard.down(arrow)
    page.keyboard.up(arrow)
    expect(chart(page, key)).to_have_attribute("data-frame", str(index))
    if wait:
        wait_revision(page, key, None)


def play(page: Page, key: str, *, wait: bool = True) -> None:
    """Press Play; `wait` until it has come to its end by itself."""
    chart(page, key).get_by_role("button", name="Play").click()
    if wait:
        expect(chart(page, key)).to_have_attribute("data-playing", "false", timeout=PATIENCE)
        wait_revision(page, key, None)


# ---- widgets ----


def move_slider(page: Page, label: str, steps: int) -> None:
    """Move a slider by keyboard: `steps` to the right, to the left when negative."""
    handle = page.get_by_role("slider", name=label)
    handle.focus()
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")


def screenshot(page: Page, name: str, *, whole: bool = False) -> Path:
    """Save what the page looks like, for people; the folder is SCREENSHOT_DIR or one under the temporary directory.

    `whole` also shows what one would have to scroll to. It takes time, so only where SCREENSHOT_DIR asks for it.
    """
    if "SCREENSHOT_DIR" not in os.environ:
        return SCREENSHOTS / f"{name}.png"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    size = page.viewport_size
    if whole and size is not None:
        height = page.get_by_test_id("stMain").evaluate("(main) => main.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
        page.wait_for_timeout(300)
    page.screenshot(path=path)
    if whole and size is not None:
        page.set_viewport_size(size)
    return path


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a select box by its text."""
    box = page.get_by_role("combobox", name=label, exact=True)
    box.evaluate("(box) => box.scrollIntoView({ block: 'center' })")
    page.wait_for_timeout(100)  # a list that is open closes when the page scrolls
    box.click()
    page.get_by_role("option", name=option, exact=True).click()


def chosen(page: Page, label: str) -> str:
    """What a select box shows."""
    return page.get_by_role("combobox", name=label, exact=True).input_value()


def metric(page: Page, label: str) -> Locator:
    """The value of a figure on top of the page."""
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").first


def table(page: Page, index: int = 0, *, after: list[list[str]] | None = None) -> list[list[str]]:
    """Cells of a data frame, header first, as far as it shows them; with `after`, once they are others than those.

    The grid writes the cells that can be read a moment later than those that are seen.
    """
    grid = page.get_by_test_id("stDataFrame").locator("visible=true").nth(index)
    grid.scroll_into_view_if_needed()
    end = time.monotonic() + PATIENCE / 1000
    while True:
        rows: list[list[str]] = grid.locator("canvas table").first.evaluate(
            """(table) => [...table.querySelectorAll('tr')].map(
                (row) => [...row.querySelectorAll('th, td')].map((cell) => cell.innerText || cell.textContent))"""
        )
        if rows != after or time.monotonic() > end:
            return rows
        page.wait_for_timeout(100)


def upload(page: Page, box: int, name: str, content: bytes) -> None:
    """Give a file to one of the page's upload boxes."""
    page.get_by_test_id("stFileUploader").nth(box).locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
