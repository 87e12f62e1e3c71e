"""A server that has just been started: how long until the first page is there, beside an empty script.

    python -m benchmarks.cold_start [--rounds 5] [--pages]

Each round starts the app and its peer, a script with a title and nothing else, one after the other, each as a server of
its own, and opens it in a browser that was never there. Seconds since the process was started (medians): until the
port answers, the title is painted, the page's own mark of its end is there, everything is at rest (the script has ended
and every chart is drawn), and the seconds of processor of the server. The last column is the median of the rounds'
ratios: on a machine that does other work beside, it is the figure to look at.

``--pages``: every page of the app, its first visit in a process that has just been started (and warmed up, where
``--wait`` gives the seconds for that) beside its second visit by another person: what a first visitor waits for.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.app_server import ROOT, free_port
from pages.kit.navigation import SECTIONS

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 180.0  # seconds
EMPTY = """import streamlit as st

st.title("Empty")
st.html("<span data-testid='page-done'></span>")
"""
# The page's own clock notes when things are on the screen; asked for later, so that asking is no work meanwhile.
NOTE = """(() => {
    window.seen = {};
    const look = () => {
        const here = (name, what) => {
            if (what && !(name in window.seen)) {
                window.seen[name] = 0;
                requestAnimationFrame(() => setTimeout(() => { window.seen[name] = Date.now() / 1000; }));
            }
        };
        const app = document.querySelector('[data-testid=stApp]');
        const done = document.querySelector('[data-testid=page-done]');
        here('title painted', document.querySelector('[data-testid=stMain] h1'));
        here('page done', done);
        here('at rest', done && app && app.getAttribute('data-test-script-state') === 'notRunning'
            && [...document.querySelectorAll('.live-chart')].every((box) => box.hasAttribute('data-rev')));
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
})()"""
STEPS = ("port answers", "title painted", "page done", "at rest", "processor")


@contextmanager
def server(script: Path, port: int, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], float, float]]:
    """A server that is starting: its process, when that was, when the port answered (seconds since the epoch)."""
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.time()
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=script.parent, env=kept, stdout=said, stderr=subprocess.STDOUT)
    try:
        while True:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).read()
                break
            if process.poll() is not None or time.time() > start + PATIENCE:
                raise RuntimeError(log.read_text())
            time.sleep(0.01)
        yield process, start, time.time()
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def visit(browser: Browser, url: str) -> dict[str, float]:
    """When what was on the screen of somebody who has never been there (seconds since the epoch)."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        context.add_init_script(NOTE)
        page = context.new_page()
        page.goto(url, wait_until="commit")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            page.wait_for_timeout(100)
            seen: dict[str, float] = page.evaluate("window.seen")
            if len(seen) == 3 and all(seen.values()):
                return seen
        raise TimeoutError(f"{url} was not done within {PATIENCE:.0f} s: {seen}")
    finally:
        context.close()


def processor(pid: int) -> float:
    """Seconds of processor that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cold(browser: Browser, script: Path, log: Path) -> dict[str, float]:
    """Seconds from a server's start to each step of its first page."""
    port = free_port()
    with server(script, port, log) as (process, start, answered):
        seen = visit(browser, f"http://127.0.0.1:{port}/")
        took = {"port answers": answered - start} | {name: at - start for name, at in seen.items()}
        return took | {"processor": processor(process.pid)}


def starts(browser: Browser, rounds: int, folder: Path) -> None:
    """Print the table of first pages."""
    empty = folder / "empty.py"
    empty.write_text(EMPTY)
    scripts = {"app": ROOT / "app.py", "empty": empty}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in scripts}
    for number in range(rounds + 1):
        for name, script in scripts.items() if number % 2 else reversed(scripts.items()):
            took = cold(browser, script, folder / "log.txt")
            if number:  # the first round fills the disk's cache
                found[name].append(took)
    print(f"{'seconds since start':22} {'app':>7} {'empty':>7} {'ratio':>6}    (median of {rounds})")
    for step in STEPS:
        app, peer = ([took[step] for took in found[name]] for name in scripts)
        ratio = statistics.median(a / b for a, b in zip(app, peer, strict=True))
        print(f"{step:22} {statistics.median(app):7.2f} {statistics.median(peer):7.2f} {ratio:6.2f}")


def visits(browser: Browser, rounds: int, wait: float, folder: Path) -> None:
    """Print the table of first and second visits to every page."""
    print(f"{'seconds to the end':22} {'first':>7} {'second':>7} {'more':>6}    (median of {rounds})")
    for name in ("" if name == "home" else name for names in SECTIONS.values() for name in names):
        first, second = [], []
        for _ in range(rounds):
            port = free_port()
            with server(ROOT / "app.py", port, folder / "log.txt"):
                url = f"http://127.0.0.1:{port}/"
                visit(browser, f"{url}sequences" if name == "" else url)  # who opens a page has seen another before
                time.sleep(wait)
                for found in (first, second):
                    start = time.time()
                    found.append(visit(browser, f"{url}{name}")["at rest"] - start)
        a, b = statistics.median(first), statistics.median(second)
        print(f"{name or 'home':22} {a:7.2f} {b:7.2f} {a - b:6.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--wait", type=float, default=0.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        if chosen.pages:
            visits(browser, chosen.rounds, chosen.wait, Path(folder))
        else:
            starts(browser, chosen.rounds, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
