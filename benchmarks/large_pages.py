"""A large log in a browser: seconds to the first picture of every page and view, and the browser's heap.

    python -m benchmarks.large_pages [--items 20000] [--events 400000] [--only node2vec …] [--url http://…]

An invented log with item details is put into ``RECEMB_DATA_DIR`` of a server of its own and chosen there (or uploaded,
with ``--upload``); then each page is opened from the sidebar, and each of its views. *Picture*: seconds from the click
to the first chart or list of neighbors that was not there before; *rest*: until the script has ended, if it does
within ``--patience``; *heap*: megabytes of JavaScript in use then, in Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import Page, sync_playwright

from benchmarks.app_server import free_port, start_server
from benchmarks.cold_start import ARGUMENTS, CHROMIUM

VIEWS: dict[str, tuple[str, ...]] = {
    "Item graph": (),
    "Walks": (),
    "Training": (),
    "node2vec": ("Sweep of p and q", "What structure looks like", "Why are these neighbors?", "Objective"),
    "Neighbors": ("Two settings, or two models", "A − B + C"),
    "Side information": ("Why eᵃ", "Birth of an item", "Hide a known item", "GES against EGES"),
    "LSH": ("Look inside", "Against the alternatives"),
    "Deep models": (),
    "Evaluation": ("Head and tail", "Vectors"),
}
PICTURES = ".live-chart .main-svg, .live-chart canvas, [data-testid=stPlotlyChart] .main-svg, .neighbor-columns .row"
# What is there before a click is marked; a picture that is not marked has come since.
MARK = f"document.querySelectorAll('{PICTURES}').forEach((one) => {{ one.dataset.before = '1'; }})"
NEW = f"""() => [...document.querySelectorAll('{PICTURES}')].some((one) => one.dataset.before !== '1'
    && one.getBoundingClientRect().height > 0 && !one.closest('[data-stale=true]'))"""
REST = """() => document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'
    && !document.querySelector('[data-stale=true]')"""


@dataclass(frozen=True)
class Opened:
    """What opening a view took."""

    view: str
    picture: float | None
    rest: float | None
    heap: float
    said: str


def write_log(folder: Path, items: int, events: int) -> tuple[Path, Path]:
    """A log (parquet) and its item details (csv): sessions within groups, two fields that follow the groups."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 15, events)
    lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), events)) + 1]
    lengths[-1] -= lengths.sum() - events
    owner = np.repeat(np.arange(len(lengths)), lengths)
    groups = max(items // 100, 1)
    group = rng.integers(0, groups, len(lengths))[owner]
    item = group * 100 + (100 * rng.random(events) ** 1.7).astype(np.int64)
    item = np.where(rng.random(events) < 0.1, rng.integers(0, items, events), item)
    item[:items] = np.arange(items)
    time_ = 1_700_000_000 + owner * 4_000 + 60 * (np.arange(events) - (np.cumsum(lengths) - lengths)[owner])
    log = pl.DataFrame({"user_id": owner % (len(lengths) // 2), "item_id": item, "timestamp": time_})
    log = log.with_columns(pl.format("u{}", "user_id"), pl.format("i{}", "item_id"))
    log.write_parquet(folder / "clicks.parquet")
    all_items = np.arange(items)
    details = pl.DataFrame(
        {
            "item_id": [f"i{i}" for i in all_items],
            "title": [f"Thing {i}" for i in all_items],
            "category": [f"group {i}" for i in all_items // 1000],
            "brand": [f"brand {i}" for i in (all_items // 100) * 7 + all_items % 7],
        }
    )
    details.write_csv(folder / "things.csv")
    return folder / "clicks.parquet", folder / "things.csv"


def heap(page: Page) -> float:
    """Megabytes of JavaScript in use, after a collection."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return metrics["JSHeapUsedSize"] / 1e6


def until(page: Page, script: str, start: float, patience: float) -> float | None:
    """Seconds from ``start`` until a script says true, None where it does not."""
    while time.monotonic() - start < patience:
        if page.evaluate(script):
            return time.monotonic() - start
        page.wait_for_timeout(100)
    return None


def opened(page: Page, name: str, patience: float, click: str) -> Opened:
    """Click, and see what comes."""
    page.evaluate(MARK)
    start = time.monotonic()
    if click == "page":
        page.locator("[data-testid=stSidebarNav] a", has_text=name).first.click()
    else:
        page.get_by_text(name, exact=True).first.click()
    page.wait_for_timeout(300)
    picture = until(page, f"() => ({NEW})() || false", start, patience)
    if picture is not None or patience - (time.monotonic() - start) > 0:
        rest = until(page, REST, start, patience)
    else:
        rest = None
    run = page.get_by_role("button", name="(about")
    said = "; ".join(run.all_inner_texts()) if run.count() else ""
    problems = page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all_inner_texts()
    return Opened(name, picture, rest, heap(page), " ".join([said, *problems]).replace("\n", " ")[:160])


def measure(page: Page, only: list[str], patience: float, shots: Path | None) -> Iterator[Opened]:
    """Every page, then every view of it."""
    for name, views in VIEWS.items():
        if only and name not in only:
            continue
        for number, view in enumerate((name, *views)):
            try:
                found = opened(page, view, patience, "view" if number else "page")
            except Exception as error:
                found = Opened(view, None, None, 0.0, f"{type(error).__name__}: {error}"[:160])
            if shots is not None:
                page.screenshot(path=shots / f"{name} {number}.png".replace(" ", "_"))
            yield Opened(f"{name}: {view}" if number else name, found.picture, found.rest, found.heap, found.said)


def choose(page: Page, url: str, log: Path, details: Path, *, upload: bool) -> None:
    """The log in use."""
    page.goto(f"{url}/sequences")
    page.locator("[data-testid=stFileUploader] input[type=file]").first.wait_for(state="attached", timeout=120_000)
    page.wait_for_timeout(1500)
    page.get_by_text("Upload your own log").first.click()
    if upload:
        boxes = page.locator("[data-testid=stFileUploader] input[type=file]")
        boxes.nth(1).set_input_files(str(details))
        page.wait_for_timeout(2000)
        boxes.nth(0).set_input_files(str(log))
    else:
        for name, button in ((log.name, "Use as the log"), (details.name, "Use as item details")):
            box = page.get_by_role("combobox", name="Or a file of the server's folder")
            box.fill(name)
            page.keyboard.press("Enter")
            until(page, REST, time.monotonic() + 1, 300)
            page.get_by_role("button", name=button).last.click()  # a run draws it anew
            page.wait_for_timeout(1000)
            until(page, REST, time.monotonic(), 300)
    page.wait_for_function("() => location.search.includes('data=upload-')", timeout=300_000)
    until(page, REST, time.monotonic(), 300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--only", nargs="*", default=[], choices=VIEWS, metavar="PAGE")
    parser.add_argument("--patience", type=float, default=90.0, help="seconds")
    parser.add_argument("--upload", action="store_true", help="through the box, instead of by path")
    parser.add_argument("--shots", type=Path, help="a folder for a picture of every view")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        log, details = write_log(Path(folder), given.items, given.events)
        port = free_port()
        server = start_server(port, Path(folder, "server.log"), RECEMB_DATA_DIR=folder)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.set_default_timeout(180_000)  # a busy machine
            start = time.monotonic()
            choose(page, f"http://localhost:{port}", log, details, upload=given.upload)
            print(f"chosen: {time.monotonic() - start:.1f} s", flush=True)
            for one in measure(page, given.only, given.patience, given.shots):
                times = ("–" if t is None else f"{t:.1f} s" for t in (one.picture, one.rest))
                print(
                    f"{one.view:45} picture {next(times):>7}, rest {next(times):>7}, heap {one.heap:.0f} MB {one.said}",
                    flush=True,
                )
        finally:
            browser.close()
            server.terminate()
            server.wait(20)
            text = Path(folder, "server.log").read_text(errors="replace")
            if "Traceback" in text:
                print(text[-3000:])


if __name__ == "__main__":
    main()
