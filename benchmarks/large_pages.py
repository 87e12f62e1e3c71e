"""A large log in a browser: seconds to the first picture of every page and view, and the browser's heap.

    python -m benchmarks.large_pages [--items 20000] [--events 400000] [--only node2vec …] [--write table.md]

An invented log with item details is put into ``RECEMB_DATA_DIR`` of a server of its own and chosen there (or uploaded,
with ``--upload``); then each page is opened from the sidebar, and each of its views that a row of buttons offers; last
the LSH page on a cloud of 100,000 points. *Picture*: seconds from the click to the first chart, table or list of
neighbors that was not there before; *rest*: until the script has ended, if it does within ``--patience``; *heap*:
megabytes of JavaScript in use then, in Chromium. *Empty* is the same click to a page with one small chart and nothing
else, in another tab just before, and *load* the machine's of the last minute: what other programs do to the figures.
*CPU* is the seconds of processor that the server, its processes and the browser spent until the picture, on all cores:
other programs change it little.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from benchmarks.app_server import free_port, spend, start_server, wait_for
from benchmarks.cold_start import ARGUMENTS, CHROMIUM
from pages.kit.navigation import LINKED, SECTIONS

NAMES = tuple(title for names in SECTIONS.values() for name, title in names.items() if name not in LINKED)
CLOUD = "LSH, 100,000 points"
BOUNDS = ((20_000, 5.0), (1 << 62, 15.0))
"""(items at most, seconds to the first picture)."""
CLOUD_BOUND, HEAP_BOUND = 3.0, 500.0
EMPTY = """import plotly.graph_objects as go
import streamlit as st

def draw():
    st.plotly_chart(go.Figure(go.Scatter(y=[1, 3, 2])), key=str(st.session_state.setdefault("n", 0)))
    st.session_state["n"] += 1

st.navigation([st.Page(draw, title=name, url_path=name) for name in ("One", "Two")]).run()
"""
GROUPS = "[data-testid=stMain] [role=radiogroup][aria-label=View], .st-key-lsh-views [role=radiogroup]"
PICTURES = (
    ".live-chart .main-svg, .live-chart canvas, [data-testid=stPlotlyChart] .main-svg, .neighbor-columns .row, "
    "[data-testid=stDataFrame] canvas, .hash-board svg, .numbers table"
)
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
    load: float = 0.0
    cpu: float | None = None
    empty: float | None = None

    def line(self) -> str:
        """A row of the table."""
        times = ("–" if t is None else f"{t:.1f}" for t in (self.picture, self.cpu, self.rest, self.empty))
        return " | ".join(["", self.view, *times, f"{self.load:.1f}", f"{self.heap:.0f}", self.said, ""]).strip()


HEAD = "| View | picture, s | CPU, s | rest, s | empty page, s | load | heap, MB | |\n|---|--:|--:|--:|--:|--:|--:|---|"


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
    return float(metrics["JSHeapUsedSize"]) / 1e6


def until(page: Page, script: str, start: float, patience: float) -> float | None:
    """Seconds from ``start`` until a script says true, None where it does not."""
    while time.monotonic() - start < patience:
        if page.evaluate(script):
            return time.monotonic() - start
        page.wait_for_timeout(50)
    return None


class Clock:
    """Seconds since now, and those of processor that a server, its processes and the browser have spent since."""

    def __init__(self, server: int) -> None:
        self._server, self._spent = server, dict[tuple[str, int], float]()
        self.start, self._before = time.monotonic(), self._worked()

    def _worked(self) -> float:
        spend(self._server, self._spent)
        return sum(seconds for (group, _), seconds in self._spent.items() if group != "this program")

    def worked(self) -> float:
        """Seconds of processor."""
        return self._worked() - self._before


def opened(page: Page, name: str, patience: float, click: str, server: int = 0) -> Opened:
    """Click, and see what comes."""
    page.evaluate(MARK)
    clock = Clock(server)
    if click == "page":
        page.locator("[data-testid=stSidebarNav] a", has_text=name).first.click()
    else:
        page.locator(GROUPS).get_by_role("radio", name=name, exact=True).first.click()
    page.wait_for_timeout(100)
    return arrived(page, name, clock, patience)


def arrived(page: Page, name: str, clock: Clock, patience: float) -> Opened:
    """What comes after a click."""
    picture, cpu, rest = None, None, None
    while rest is None and time.monotonic() - clock.start < patience:
        if picture is None and page.evaluate(f"() => ({NEW})() || false"):
            picture, cpu = time.monotonic() - clock.start, clock.worked()
        if page.evaluate(REST):  # twice: between a click and its run there is rest as well
            page.wait_for_timeout(300)
            rest = time.monotonic() - clock.start if page.evaluate(REST) else None
        page.wait_for_timeout(50)
    if picture is None:  # the browser may still be drawing
        picture = until(page, f"() => ({NEW})() || false", clock.start, (rest or patience) + 3)
        cpu = clock.worked() if picture is not None else None
    run = page.get_by_role("button", name="(about")
    said = "; ".join(run.all_inner_texts()) if run.count() else ""
    problems = page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all_inner_texts()
    words = " ".join([said, *problems]).replace("\n", " ").replace("|", "/")[:160]
    return Opened(name, picture, rest, heap(page), words, os.getloadavg()[0], cpu)


def views(page: Page, *, shown: bool = False) -> list[str]:
    """The views that the page offers and does not show, or those that it shows."""
    offered = page.locator(GROUPS).locator(f"[role=radio][aria-checked={'true' if shown else 'false'}]")
    return [" ".join(text.split()) for text in offered.all_inner_texts()]


def measure(
    page: Page, peer: Page, server: int, only: list[str], patience: float, shots: Path | None
) -> Iterator[Opened]:
    """Every page, then every view of it, and the views within a view."""
    for name in only or NAMES:
        if name == CLOUD:
            continue
        empty = opened(peer, "Two" if "One" in peer.title() else "One", patience, "page").picture
        trail, seen, number = [(name, "page")], set[str](), 0
        while trail:
            view, kind = trail.pop(0)
            seen.add(view)
            try:
                found = opened(page, view, patience, kind, server)
                seen.update(views(page, shown=True))
                trail = [(one, "view") for one in views(page) if one not in seen and (one, "view") not in trail] + trail
            except Exception as error:
                found = Opened(view, None, None, 0.0, f"{type(error).__name__}: {error}"[:160])
            if shots is not None:
                page.screenshot(path=shots / f"{name} {number}.png".replace(" ", "_"))
            number += 1
            yield replace(found, view=name if kind == "page" else f"{name}: {view}", empty=empty)


def cloud(page: Page, url: str, server: int, patience: float) -> Opened:
    """The LSH page opened at 100,000 points by a person who has just come, in a server that has shown it before."""
    page.goto(f"{url}/home")
    until(page, REST, time.monotonic() + 1, 60)
    page.goto("about:blank")
    clock = Clock(server)
    page.goto(f"{url}/lsh?points=clustered&size=100000&v=2")
    page.wait_for_selector("[data-testid=stApp]")
    return arrived(page, CLOUD, clock, patience)


@contextmanager
def empty_app(folder: Path) -> Iterator[str]:
    """The address of a server whose two pages show one small chart each."""
    script, port = folder / "empty.py", free_port()
    script.write_text(EMPTY, encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(20)


def judged(found: list[Opened], items: int) -> list[str]:
    """What is over its bound, a sentence each; and that nothing is."""
    bound = next(seconds for most, seconds in BOUNDS if items <= most)
    lines = []
    for one in found:
        least = CLOUD_BOUND if one.view == CLOUD else bound
        if one.picture is not None and one.picture > least:
            words = f"load {one.load:.1f}, {one.cpu or 0:.1f} s of processor"
            lines.append(f"{one.view}: {one.picture:.1f} s to its picture, more than {least:g} ({words})")
        if one.heap > HEAP_BOUND:
            lines.append(f"{one.view}: {one.heap:.0f} MB of heap, more than {HEAP_BOUND:g}")
    return lines or [f"Every picture of {items:,} items within {bound:g} s, every heap within {HEAP_BOUND:g} MB."]


def choose(page: Page, url: str, log: Path, details: Path, *, upload: bool) -> None:
    """The log in use."""
    page.goto(f"{url}/sequences")
    page.locator("[data-testid=stFileUploader] input[type=file]").first.wait_for(state="attached", timeout=120_000)
    page.wait_for_timeout(1500)
    page.get_by_text("Upload your own log").first.click()
    page.wait_for_timeout(1500)  # the run that it asks for draws the boxes anew
    until(page, REST, time.monotonic(), 300)
    if upload:
        boxes = page.locator("[data-testid=stFileUploader] input[type=file]")
        boxes.nth(1).set_input_files(str(details))
        page.wait_for_timeout(2000)
        boxes.nth(0).set_input_files(str(log))
    else:
        for name, button in ((log.name, "Use as the log"), (details.name, "Use as item details")):
            box = page.get_by_role("combobox", name="Or a file of the server's folder")
            for _ in range(30):  # a run that comes meanwhile closes what is offered
                box.fill("")
                box.fill(name)
                with suppress(PlaywrightTimeout):
                    page.get_by_role("option", name=name).first.click(timeout=2000)
                    break
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
    parser.add_argument("--only", nargs="*", default=[], choices=[*NAMES, CLOUD], metavar="PAGE")
    parser.add_argument("--patience", type=float, default=90.0, help="seconds")
    parser.add_argument("--upload", action="store_true", help="through the box, instead of by path")
    parser.add_argument("--shots", type=Path, help="a folder for a picture of every view")
    parser.add_argument("--write", type=Path, help="a file for the table")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver, empty_app(Path(folder)) as peer_url:
        log, details = write_log(Path(folder), given.items, given.events)
        port = free_port()
        server = start_server(port, Path(folder, "server.log"), RECEMB_DATA_DIR=folder)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page, peer = (browser.new_page(viewport={"width": 1280, "height": 720}) for _ in range(2))
            page.set_default_timeout(180_000)  # a busy machine
            peer.goto(peer_url)
            until(peer, f"() => ({NEW})() || false", time.monotonic(), 60)
            opened(peer, "Two", 60, "page")  # what it loads at first is loaded
            url, start, found = f"http://localhost:{port}", time.monotonic(), list[Opened]()
            choose(page, url, log, details, upload=given.upload)
            print(f"chosen: {time.monotonic() - start:.1f} s\n\n{HEAD}", flush=True)
            for one in measure(page, peer, server.pid, given.only, given.patience, given.shots):
                found.append(one)
                print(one.line(), flush=True)
            if not given.only or CLOUD in given.only:
                other = browser.new_page(viewport={"width": 1280, "height": 720})
                cloud(other, url, server.pid, given.patience)
                found.append(cloud(other, url, server.pid, given.patience))
                print(found[-1].line(), flush=True)
            words = judged(found, given.items)
            print("", *words, sep="\n")
            if given.write is not None:
                about = f"{given.items:,} items, {given.events:,} events; {os.cpu_count()} processors"
                lines = [about, "", HEAD, *(one.line() for one in found), "", *words]
                given.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
        finally:
            browser.close()
            server.terminate()
            server.wait(20)
            text = Path(folder, "server.log").read_text(errors="replace")
            if "Traceback" in text:
                print(text[-3000:])


if __name__ == "__main__":
    main()
