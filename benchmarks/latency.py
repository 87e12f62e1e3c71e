"""A slider is moved in a browser: how long until the picture begins to answer, and until everything is there.

    python -m benchmarks.latency [--presses 7] [--only "planted shop" …] [--url http://…]

Chromium presses an arrow key on a slider; an observer inside the page stamps, from the key's own time stamp and on the
same clock, when the map begins to glide (the first frame after it has taken the new positions), when it is marked as a
preview, when the exact result is there, and when both scores have their bands. Every press asks for a setting that was
not computed before. Beside it the bound: an empty script with a slider and a chart of as many points, which computes
nothing. Milliseconds, median and 90th percentile of the presses. Then the LSH page, its three charts; and how soon a
run is given up that a newer move has overtaken.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.app_server import ROOT, free_port
from benchmarks.cold_start import ARGUMENTS, CHROMIUM, server
from pages.kit.live_chart import ensure_plotly_js
from recemb_core.embeddings import Node2VecConfig, train_node2vec
from recemb_core.item_graph import ItemGraph
from recemb_core.job_pool import JobLimits, JobPool
from recemb_core.layouts import UMAPConfig, umap_layout

PATIENCE = 240.0  # seconds
QUIET = 0.7  # seconds at rest before a key is pressed
Q_STEPS = 8  # from q = .05 to q = 20
# Stamps of one key press, on the page's clock. Nothing is polled from outside while they are taken.
OBSERVE = """(() => {
    const one = (name) => document.querySelector(name);
    const state = () => one('[data-testid=stApp]')?.getAttribute('data-test-script-state');
    const texts = () => [...document.querySelectorAll('[data-testid=stMetric]')].map((box) => box.innerText);
    const settings = () => texts().filter((text) => text.startsWith('Settings')).join();
    const stale = (box) => box.closest('[data-stale=true]') !== null;
    const charts = () => [...document.querySelectorAll('.live-chart')];
    const drawn = () => new Map(charts().map((box) => [box.dataset.chartKey, box.getAttribute('data-drawn')]));
    let press = null;
    const stamp = (name) => { press.seen[name] ??= performance.now() - press.at; };
    const look = () => {
        if (!press) return;
        const now = drawn();
        const preview = one('[data-preview=true]') !== null;
        const changed = [...now].filter(([key, value]) => value !== press.drawn.get(key));
        for (const [key] of changed) {
            if (press.moved.has(key)) continue;
            press.moved.add(key);
            requestAnimationFrame((frame) => {
                press.seen.glide ??= frame - press.at;
                if (/^lsh (cost|paths|map)/.test(key)) press.lab = frame - press.at;  // of the last of the three
            });
        }
        if (['cost', 'paths', 'map'].every((one) => [...press.moved].some((key) => key.startsWith(`lsh ${one}`)))) {
            requestAnimationFrame(() => { press.seen.charts = press.lab; });
        }
        if (preview && changed.length) stamp('preview');
        if (preview) press.previewed = true;
        if (!preview && changed.length && settings() !== press.settings) {
            stamp('exact');
            const scores = texts().filter((text) => text.includes(' of ') && text.includes('core by'));
            if (scores.length === 2 && scores.every((text) => text.includes('seeds:'))) stamp('bands');
        }
        if (press.ran && state() === 'notRunning') stamp('rest');
        press.ran ||= state() === 'running';
    };
    const start = () => new MutationObserver(look).observe(document,
        { subtree: true, childList: true, attributes: true, characterData: true });
    start();
    addEventListener('keydown', (event) => {
        if (!event.isTrusted || !event.key.startsWith('Arrow')) return;
        press = { at: event.timeStamp, drawn: drawn(), settings: settings(), moved: new Set(), seen: {}, ran: false };
    }, true);
    window.press = () => press && { ...press.seen, previewed: press.previewed === true };
    window.atRest = () => state() === 'notRunning' && charts().length > 0
        && charts().every((box) => box.hasAttribute('data-rev') && box.getAttribute('data-gliding') !== 'true')
        && !one('[data-stale=true], [data-preview=true]');
})()"""
# The bound: what Streamlit and the browser take for a chart of this size, with nothing behind it.
EMPTY = """import numpy as np
import streamlit as st

from pages.kit.live_chart import live_chart
from recemb_core.figures.item_map import item_map_figure

st.set_page_config(layout="wide")
n = int(st.query_params["n"])
turn = st.slider("q (in–out)", 0, 20, 0)
base = np.random.default_rng(0).normal(size=(n, 2))
place = base @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
ids = [f"i{i}" for i in range(n)]
live_chart(item_map_figure(place, ids, ids, color_by=np.arange(n) % 12), key="map", height=600)
"""


@dataclass(frozen=True)
class Case:
    """A row of the table: a page, a slider, and how many points its map has."""

    name: str
    path: str
    slider: str
    points: int
    upload: bool = False
    steps: tuple[str, ...] = ("glide", "preview", "exact", "bands")


def cases(unseen: int) -> list[Case]:
    """All rows; ``unseen`` is a number of walks for which nothing was computed beforehand."""
    shop = f"node2vec?v=2&data=planted_shop&q=0.05&num_walks={unseen}"
    groceries = "node2vec?v=2&data=complete_journey&q=0.05"
    q = "q (in–out)"
    lab, cloud = ("charts",), "lsh?v=2&points=clustered&functions=4"
    return [
        Case("planted shop, q", shop, q, 176),
        Case("planted shop, p", shop.replace("q=0.05", "p=0.05&q=20"), "p (return)", 176),
        Case("planted shop, dimensions", shop.replace("q=0.05", "q=20&dimensions=4"), "Dimensions", 176),
        Case("planted shop, window", shop.replace("q=0.05", "q=20&window=1"), "Window (steps)", 176),
        Case("Les Misérables, q", f"node2vec?v=2&data=les_miserables&q=0.05&num_walks={unseen}", q, 77),
        Case("groceries, q", f"{groceries}&num_walks={unseen % 4 + 8}", q, 1748),
        Case("upload of 20,000 items, q", "node2vec", q, 20_000, upload=True, steps=("glide", "preview")),
        Case("LSH, 10,000 points, K", f"{cloud}&size=10000", "Functions K", 10_000, steps=lab),
        Case("LSH, 100,000 points, K", f"{cloud}&size=100000", "Functions K", 100_000, steps=lab),
    ]


def log_of(items: int) -> bytes:
    """A click log of this many items in groups of 100: sessions of eight clicks, most inside one group."""
    rng = np.random.default_rng(0)
    sessions = items * 2
    group = rng.integers(items // 100, size=sessions)[:, None]
    inside = group * 100 + rng.integers(100, size=(sessions, 8))
    clicks = np.where(rng.random((sessions, 8)) < 0.9, inside, rng.integers(items, size=(sessions, 8)))
    clicks.ravel()[:items] = np.arange(items)  # every item is there
    lines = ["user,item,timestamp"]
    for number, row in enumerate(clicks):
        start = 1_600_000_000 + number * 100_000
        lines += [f"u{number},i{item},{start + 30 * k}" for k, item in enumerate(row)]
    return "\n".join(lines).encode()


def wait_for(page: Page, script: str, seconds: float = PATIENCE) -> None:
    """Until a script says true; asked seldom, and never while a press is being timed."""
    end = time.monotonic() + seconds
    while not page.evaluate(script):
        if time.monotonic() > end:
            raise TimeoutError(f"not true within {seconds:.0f} s: {script}")
        page.wait_for_timeout(250)


def at_rest(page: Page, seconds: float = PATIENCE) -> None:
    """Until nothing has moved for a moment."""
    wait_for(page, "window.atRest()", seconds)
    page.wait_for_timeout(QUIET * 1000)
    wait_for(page, "window.atRest()", seconds)


def open_case(page: Page, url: str, case: Case) -> None:
    """The page of a case, at rest."""
    if not case.upload:
        page.goto(f"{url}/{case.path}")
        at_rest(page)
        return
    page.goto(f"{url}/sequences")
    file = {"name": "clicks.csv", "mimeType": "text/csv", "buffer": log_of(case.points)}
    page.locator("[data-testid=stFileUploader] input[type=file]").first.set_input_files(file)
    page.get_by_text("clicks.csv").first.wait_for(timeout=PATIENCE * 1000)
    at_rest(page)
    page.locator("[data-testid=stSidebarNav] a", has_text="node2vec").click()
    page.wait_for_timeout(1000)
    end = time.monotonic() + PATIENCE
    run = page.get_by_role("button", name="Run (")
    while not page.evaluate("window.atRest()"):
        if run.count() and run.first.is_visible() and not page.locator(".live-chart").count():
            run.first.click()
        page.wait_for_timeout(500)
        if time.monotonic() > end:
            raise TimeoutError("the upload's first map did not come")
    at_rest(page)


def press(page: Page, slider: str, key: str, steps: tuple[str, ...], wait: float) -> dict[str, Any]:
    """One key press and its stamps, in milliseconds; what has not come in time is missing."""
    page.get_by_role("slider", name=slider).focus()
    page.keyboard.press(key)
    end = time.monotonic() + wait
    while True:
        page.wait_for_timeout(400)
        seen: dict[str, Any] = page.evaluate("window.press()") or {}
        if time.monotonic() > end or ("rest" in seen and page.evaluate("window.atRest()")):
            return seen
        if all(step in seen or (step == "preview" and "exact" in seen) for step in steps) and "bands" not in steps:
            return seen


def measure(browser: Browser, url: str, case: Case, presses: int) -> list[dict[str, Any]]:
    """Stamps of several presses on one page."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        context.add_init_script(OBSERVE)
        page = context.new_page()
        open_case(page, url, case)
        if case.slider in ("Dimensions", "Window (steps)"):
            page.get_by_text("Walks and training").click()
            page.wait_for_timeout(500)
        found = []
        for _ in range(presses):
            found.append(press(page, case.slider, "ArrowRight", case.steps, 90.0))
            if not case.upload:
                at_rest(page)
            else:
                page.wait_for_timeout(1500)
        return found
    finally:
        context.close()


def in_words(values: list[float]) -> str:
    """Median and 90th percentile, or a dash."""
    if not values:
        return "–"
    return f"{statistics.median(values):.0f} ({np.quantile(values, 0.9):.0f})"


@contextmanager
def running(script: Path, folder: Path) -> Iterator[str]:
    """A server of a script; its address."""
    port = free_port()
    with server(script, port, folder / f"{script.stem}.log"):
        yield f"http://127.0.0.1:{port}"


def bound(browser: Browser, folder: Path) -> Callable[[int, int], list[float]]:
    """(points, presses) → key to glide of the empty script, on a server of its own that ends with it."""
    script = folder / "empty.py"
    script.write_text(EMPTY)
    (folder / "static").mkdir()
    shutil.copy(ensure_plotly_js(), folder / "static")
    kept: dict[int, list[float]] = {}

    def take(points: int, presses: int) -> list[float]:
        if points not in kept:
            with running(script, folder) as url:
                case = Case("empty", f"?n={points}", "q (in–out)", points, steps=("glide",))
                seen = measure(browser, url, case, presses + 1)[1:]  # the first one loads what all need
                kept[points] = [one["glide"] for one in seen if "glide" in one]
        return kept[points]

    return take


class Overtaken(BaseException):
    """What a newer move is to a run that is under way."""


def called_off(times: int, warm: float) -> None:
    """Print how soon a run that a newer move has overtaken is given up, and its core is free."""
    pool = JobPool(JobLimits(processes=1))
    pool.warm()
    time.sleep(warm)  # what its processes compile at leisure
    rng = np.random.default_rng(0)
    at = np.arange(20_000)
    graph = ItemGraph.from_edges(at, rng.permutation(at), directed=False)
    long = Node2VecConfig(dimensions=32, epochs=500)
    rows = rng.normal(size=(3_000, 16)).astype(np.float32)
    runs: dict[str, tuple[Any, ...]] = {
        "training": (train_node2vec, graph, long),
        "map": (umap_layout, rows, UMAPConfig(n_epochs=50_000)),
        "what tells nothing": (time.sleep, 600),
    }
    print("\na newer move, milliseconds   the older run is given up   its core is free")
    for name, (function, *args) in runs.items():
        given_up, free = [], []
        for _ in range(times):
            pool.run(os.getpid)  # a process is there
            moved: list[float] = []
            timer = threading.Timer(4.0, lambda moved=moved: moved.append(time.monotonic()))
            timer.start()

            def stop(fraction: float, stage: str, moved: list[float] = moved) -> None:
                if moved:
                    raise Overtaken

            try:
                pool.run(function, *args, progress=stop, reports=function is not time.sleep)
            except Overtaken:
                given_up.append(1000 * (time.monotonic() - moved[0]))
            pool.settle()
            free.append(1000 * (time.monotonic() - moved[0]))
        print(f"{name:28} {in_words(given_up):>26} {in_words(free):>18}", flush=True)
    pool.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=7, help=f"at most {Q_STEPS}")
    parser.add_argument("--only", nargs="*", default=[], help="rows whose name begins so")
    parser.add_argument("--url", help="of a server that runs already and is warm")
    parser.add_argument("--unseen", type=int, default=int(time.time()) % 9 + 11, help="walks from each item, 11 to 19")
    parser.add_argument("--warm", type=float, default=60.0, help="seconds for the server to warm up")
    chosen = parser.parse_args()
    rows = [case for case in cases(chosen.unseen) if not chosen.only or case.name.startswith(tuple(chosen.only))]
    os.environ["STREAMLIT_SERVER_ENABLE_STATIC_SERVING"] = "true"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    heads = ("glide", "bound", "preview", "exact", "bands")
    print(f"{'milliseconds, median (90%)':28} {'n':>2} " + " ".join(f"{head:>12}" for head in heads), flush=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        folder = Path(name)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        limit = bound(browser, folder)

        def table(url: str) -> None:
            for case in rows:
                presses = min(chosen.presses, 4) if case.slider == "Dimensions" or case.upload else chosen.presses
                try:
                    seen = measure(browser, url, case, presses)
                except Exception as error:
                    print(f"{case.name:28} failed: {str(error).splitlines()[0]}", flush=True)
                    continue
                lab = case.steps == ("charts",)
                column = {step: [one[step] for one in seen if step in one] for step in (*case.steps, "glide")}
                first = column["charts"] if lab else column["glide"]
                least = [] if lab else limit(case.points, 5)
                cells = [
                    in_words(first),
                    in_words(least),
                    *(in_words(column.get(s, [])) for s in ("preview", "exact", "bands")),
                ]
                print(f"{case.name:28} {len(seen):2} " + " ".join(f"{cell:>12}" for cell in cells), flush=True)

        if chosen.url:
            table(chosen.url.rstrip("/"))
        elif rows:
            with running(ROOT / "app.py", folder) as url:
                page = browser.new_page()
                page.goto(url)  # the warm-up begins behind the first page
                time.sleep(chosen.warm)
                page.close()
                table(url)
        browser.close()
    if not chosen.only or "newer move" in chosen.only:
        called_off(chosen.presses, chosen.warm)


if __name__ == "__main__":
    sys.exit(main())
