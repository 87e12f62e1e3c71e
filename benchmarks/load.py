"""A full class: many sessions at once on one server, some in browsers; latencies, values, memory.

    python -m benchmarks.load --sessions 20 --browsers 5 --minutes 10

Prints a table: how long light interactions (nothing is trained), page changes and runs took; whether the same page
showed the same numbers to everybody; memory before, at most, and after everybody has left.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.protocol_client import Answer, Visitor, Widget

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PAGES = (
    "",
    "sequences",
    "item_graph",
    "walks",
    "training",
    "node2vec",
    "neighbors",
    "side_information",
    "lsh",
    "deep_models",
)
# What a visitor moves on a page without anything being trained.
LIGHT = {
    "walks": ("p (return)", "q (in–out)", "Step"),
    "training": ("Window (each side)", "Chosen item"),
    "item_graph": ("Color by", "Chosen item"),
    "node2vec": ("Color by",),
    "neighbors": ("Attribute", "Chosen item"),
    "side_information": ("Chosen item", "Against popularity, the weight of"),
    "lsh": ("Functions K", "Tables L"),
    "deep_models": ("Measure", "Targets"),
}
LINKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("walks", {"data": "planted_shop", "p": "2", "q": "0.5"}),
    ("walks", {"data": "les_miserables", "q": "4"}),
    ("node2vec", {"data": "planted_shop", "q": "20"}),
    ("node2vec", {"data": "karate_club", "p": "0.5", "num_walks": "7"}),
    ("node2vec", {"data": "les_miserables", "q": "0.7", "epochs": "2"}),
    ("neighbors", {"data": "planted_shop"}),
    ("lsh", {"data": "planted_shop", "functions": "7", "tables": "5"}),
    ("item_graph", {"data": "complete_journey"}),
    ("side_information", {"data": "complete_journey"}),
    ("sequences", {"data": "planted_shop"}),
)
TIMED = ("Time", "scan", "seconds")  # metrics that are times of this machine
ARRIVE = 30.0  # seconds in which everybody comes
OVERTIME = 60  # seconds that an answer may take after the end before its visitor is given up
THINK = (3.0, 12.0)  # seconds between two actions of a visitor


class Log:
    """What everybody met."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.shown: dict[tuple[str, ...], dict[str, str]] = {}
        self.wrong: list[str] = []

    def take(self, kind: str, answer: Answer, setting: tuple[str, ...] = ()) -> None:
        self.seconds[kind].append(answer.seconds)
        self.errors += answer.errors
        metrics = {name: value for name, value in answer.metrics.items() if not any(word in name for word in TIMED)}
        if setting and metrics != self.shown.setdefault(setting, metrics):
            self.wrong.append(f"{setting}: {metrics} and {self.shown[setting]}")


def another(rng: random.Random) -> Callable[[Widget], WidgetState]:
    """Move a control to another place."""

    def state(widget: Widget) -> WidgetState:
        proto, made = widget.proto, WidgetState()
        if widget.kind == "slider" and proto.options:
            made.string_array_value.data.append(rng.choice(list(proto.options)))
        elif widget.kind == "slider":
            made.double_array_value.data.append(float(rng.randint(int(proto.min), int(proto.max))))
        elif widget.kind == "button_group":
            made.string_array_value.data.append(rng.choice([option.content for option in proto.options]))
        elif widget.kind == "button":
            made.trigger_value = True
        else:
            made.string_value = rng.choice(list(proto.options))
        return made

    return state


async def visit(url: str, seed: int, until: float, log: Log) -> None:
    """One visitor: changes pages, moves controls, now and then trains something."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(0, ARRIVE))
    async with Visitor(url) as visitor:
        while time.monotonic() < until:
            page = rng.choice(PAGES)
            log.take("page change", await visitor.open(page))
            if rng.random() < 0.2:
                await compare(url, rng, log)
            for _ in range(rng.randint(1, 4)):
                await asyncio.sleep(rng.uniform(*THINK))
                if time.monotonic() > until:
                    break
                if page == "node2vec" and rng.random() < 0.5:  # trains, and draws a map
                    log.take("run", await visitor.move("q (in–out)", another(rng)))
                elif page == "neighbors" and rng.random() < 0.3:
                    log.take("run", await visitor.move("Dimensions", another(rng)))
                elif page in LIGHT:
                    label = rng.choice(LIGHT[page])
                    if label in visitor.shown:
                        log.take("light interaction", await visitor.move(label, another(rng)))


async def compare(url: str, rng: random.Random, log: Log) -> None:
    """Open one of a few links as a new visitor: everybody must see the same numbers."""
    page, query = rng.choice(LINKS)
    async with Visitor(url, page, **query) as other:
        log.take("first page of a link", other.first, (page, *query.values()))


async def browse(browser: Any, url: str, seed: int, until: float, log: Log) -> None:
    """The same in a browser: pages by their address in the list, sliders by the keyboard."""
    rng = random.Random(seed)
    page = await (await browser.new_context(viewport={"width": 1280, "height": 720})).new_page()
    page.set_default_timeout(300_000)

    async def idle() -> None:
        await page.wait_for_selector('.stApp[data-test-script-state="notRunning"]')

    await asyncio.sleep(rng.uniform(0, ARRIVE))
    await page.goto(url)
    await page.wait_for_selector("[data-testid=page-done]", state="attached")
    while time.monotonic() < until:
        name = rng.choice(PAGES[1:])
        link = page.locator(f'[data-testid=stSidebarNav] a[href$="/{name}"]')
        start = time.perf_counter()
        await link.click()
        await page.wait_for_timeout(50)
        await idle()
        log.take("page change (browser)", Answer(time.perf_counter() - start))
        if name in ("walks", "training", "lsh"):
            for _ in range(rng.randint(1, 4)):
                await asyncio.sleep(rng.uniform(*THINK))
                thumb = page.locator("[data-testid=stMain] [role=slider]").first
                start = time.perf_counter()
                await thumb.press(rng.choice(["ArrowRight", "ArrowLeft"]))
                await page.wait_for_selector('.stApp[data-test-script-state="running"]', timeout=2_000)
                await idle()
                log.take("light interaction (browser)", Answer(time.perf_counter() - start))
        if await page.locator("[data-testid=stException]").count():
            log.errors.append(f"{name}: a traceback in the browser")
        await asyncio.sleep(rng.uniform(*THINK))


def held(pid: int) -> dict[str, int]:
    """Megabytes in memory of a server and of the processes that it started."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(folder.name) == pid or int(fields[1]) == pid:
                pages = int((folder / "statm").read_text().split()[1])
                name = (folder / "comm").read_text().strip() if int(folder.name) != pid else "server"
                found[name] = found.get(name, 0) + pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    return found


def start_server(port: int, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """The app at this port, once it answers."""
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port), "--server.fileWatcherType", "none"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).read()
            return process
        time.sleep(0.1)
    process.kill()
    raise RuntimeError(log.read_text())


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def health(url: str, until: float, log: Log) -> None:
    """Ask once a second whether the server is there."""
    while time.monotonic() < until:
        start = time.perf_counter()
        await asyncio.to_thread(lambda: urllib.request.urlopen(f"{url}/_stcore/health", timeout=60).read())
        log.seconds["health check"].append(time.perf_counter() - start)
        await asyncio.sleep(1.0)


def _standing_back(folder: str) -> str:
    """Chromium, which in a class runs on other machines: here it gets what the server leaves of the processors."""
    script = Path(folder) / "chromium"
    script.write_text(f'#!/bin/sh\nexec nice -n 15 {CHROMIUM} "$@"\n')
    script.chmod(0o755)
    return str(script)


async def _class(
    url: str, folder: str, pid: int, sessions: int, browsers: int, minutes: float, seed: int, log: Log
) -> dict[str, int]:
    until = time.monotonic() + 60 * minutes
    most: dict[str, int] = {}

    async def watch() -> None:
        while time.monotonic() < until:
            now = held(pid)
            now["in all"] = sum(now.values())
            most.update({name: max(most.get(name, 0), value) for name, value in now.items()})
            await asyncio.sleep(2)

    def bounded(task: Any) -> Any:
        return asyncio.wait_for(task, 60 * minutes + OVERTIME)

    tasks = [bounded(visit(url, seed + number, until, log)) for number in range(sessions - browsers)]
    tasks += [health(url, until, log), watch()]
    if browsers:
        from playwright.async_api import async_playwright

        async with async_playwright() as play:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = await play.chromium.launch(executable_path=_standing_back(folder), args=arguments)
            tasks += [bounded(browse(browser, url, seed + 1_000 + n, until, log)) for n in range(browsers)]
            found = await asyncio.gather(*tasks, return_exceptions=True)
            await browser.close()
    else:
        found = await asyncio.gather(*tasks, return_exceptions=True)
    log.errors += [repr(error) for error in found if isinstance(error, BaseException)]
    return most


def main(
    sessions: int = 20, browsers: int = 5, minutes: float = 10.0, seed: int = 0, warm: float = 30.0
) -> dict[str, Any]:
    """Run it on a server of its own, print the table, and give its figures."""
    log, port = Log(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(port, Path(folder) / "log.txt")
        try:
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_first_visit(url))
            time.sleep(warm)
            before = held(server.pid)
            most = asyncio.run(_class(url, folder, server.pid, sessions, browsers, minutes, seed, log))
            alive = server.poll() is None
            time.sleep(min(20, 10 * minutes))
            after = held(server.pid)
        finally:
            server.terminate()
            server.wait(20)
        said = (Path(folder) / "log.txt").read_text()
    tracebacks = said.count("Traceback (most recent call last)")
    figures = {kind: _row(values) for kind, values in sorted(log.seconds.items())}
    print(f"{sessions} sessions, {browsers} of them in browsers, {minutes:g} minutes, {os.cpu_count()} processors")
    print(f"{'':30}{'times':>7}{'median':>9}{'p95':>9}{'longest':>9}   seconds")
    for kind, (count, median, high, longest) in figures.items():
        print(f"{kind:30}{count:7,}{median:9.2f}{high:9.2f}{longest:9.2f}")
    for name, memory in (("before", before), ("at most", most), ("after", after)):
        print(f"memory {name}: " + ", ".join(f"{who} {value:,} MB" for who, value in sorted(memory.items())))
    print(
        f"server alive: {alive}; error boxes and tracebacks: {len(log.errors) + tracebacks}; "
        f"settings compared: {len(log.shown)}; shown differently: {len(log.wrong)}"
    )
    for line in [*dict.fromkeys(log.errors), *log.wrong][:10]:
        print(f"  {line[:300]}")
    if tracebacks:
        print(said[said.index("Traceback (most recent call last)") :][:3_000])
    return {
        "figures": figures,
        "alive": alive,
        "errors": len(log.errors) + tracebacks,
        "wrong": len(log.wrong),
        "before": sum(before.values()),
        "after": sum(after.values()),
    }


async def _first_visit(url: str) -> None:
    async with Visitor(url) as visitor:
        await visitor.open("")


def _row(values: list[float]) -> tuple[int, float, float, float]:
    return len(values), float(np.median(values)), float(np.quantile(values, 0.95)), max(values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--browsers", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = main(asked.sessions, asked.browsers, asked.minutes, asked.seed)
    sys.exit(0 if found["alive"] and not found["errors"] and not found["wrong"] else 1)
