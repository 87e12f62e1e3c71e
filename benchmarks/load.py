"""A full class: many sessions at once on one server, some in browsers; latencies, values, memory.

    python -m benchmarks.load --sessions 20 --browsers 5 --minutes 10
    python -m benchmarks.load --sessions 1 --browsers 0 --minutes 4 --sweep   # while a sweep is at work

Prints a table: how long light interactions (nothing is trained; also by page and control), page changes and runs took;
whether the same page showed the same numbers to everybody; memory before, at most, and after everybody has left; to
whom how many seconds of processor went; what error boxes said, and what a browser was doing when a wait ended.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
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

from benchmarks.app_server import free_port, held, spend, start_server
from benchmarks.protocol_client import Answer, Visitor, Widget

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
    "evaluation",
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
    "evaluation": ("Measure", "K", "Targets"),
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
SWEEP = {"v": "2", "data": "complete_journey", "runs_view": "sweep", "sweep_trials": "200"}  # longer than anybody waits
TIMED = ("Time", "scan", "seconds")  # metrics that are times of this machine
ARRIVE = 30.0  # seconds in which everybody comes
OVERTIME = 60  # seconds that an answer may take after the end before its visitor is given up
THINK = (3.0, 12.0)  # seconds between two actions of a visitor
PATIENCE = 300.0  # seconds that a browser waits for anything
# Resolved when a run of the page's script ends that has not begun yet; asked for before the click or the key.
# A run that is over before a busy browser has drawn its start never shows in the state: then what it changed tells.
RESTS = """() => {
    const app = document.querySelector('.stApp');
    const state = () => app.getAttribute('data-test-script-state');
    const start = performance.now();
    let last = null;
    window.rests = new Promise((done) => {
        const end = (at) => { observer.disconnect(); clearInterval(clock); done((at - start) / 1000); };
        const observer = new MutationObserver((changes) => {
            last = performance.now();
            const stated = changes.some((c) => c.target === app && c.attributeName === 'data-test-script-state');
            if (stated && state() === 'notRunning') end(last);
        });
        observer.observe(app, { attributes: true, childList: true, characterData: true, subtree: true });
        const clock = setInterval(() => {
            if (last !== null && state() === 'notRunning' && performance.now() - last > 1500) end(last);
        }, 250);
    });
}"""
STATE = """() => {
    const app = document.querySelector('.stApp');
    const state = (name) => app ? app.getAttribute(`data-test-${name}-state`) : 'no app';
    const alerts = [...document.querySelectorAll('[data-testid=stAlert]')].map((box) => box.innerText.slice(0, 120));
    const sliders = document.querySelectorAll('[data-testid=stMain] input[type=range]').length;
    return `at ${location.pathname}: script ${state('script')}, connection ${state('connection')}, `
        + `${sliders} sliders, boxes: ${alerts.join(' | ') || 'none'}`;
}"""


class Log:
    """What everybody met."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.parts: dict[tuple[str, str, str], list[float]] = defaultdict(list)  # (kind, page, control)
        self.processor: dict[tuple[str, int], float] = {}  # (group, process) → seconds
        self.errors: list[str] = []
        self.doing: dict[str, str] = {}  # who → what they wait for
        self.shown: dict[tuple[str, ...], dict[str, str]] = {}
        self.wrong: list[str] = []

    def take(
        self,
        kind: str,
        answer: Answer,
        setting: tuple[str, ...] = (),
        *,
        page: str = "",
        control: str = "",
        to: str = "",
    ) -> None:
        """Note an answer: of ``kind``, on a page, after a control was moved ``to`` a value, or of a link's setting."""
        self.seconds[kind].append(answer.seconds)
        if page:
            self.parts[kind, page, control].append(answer.seconds)
        where = ", ".join(filter(None, (kind, page, f"{control} = {to}" if control else "", " ".join(setting))))
        self.errors += [f"{where}: {error}" for error in answer.errors]
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


async def move(visitor: Visitor, kind: str, page: str, control: str, rng: random.Random, log: Log) -> None:
    """Move a control to another place, and note what came of it."""
    made: list[WidgetState] = []

    def state(widget: Widget) -> WidgetState:
        made.append(another(rng)(widget))
        return made[0]

    log.doing[visitor.name] = f"{page}, {control}"
    answer = await visitor.move(control, state)
    value = made[0].WhichOneof("value")
    found = getattr(made[0], value)
    log.take(kind, answer, page=page, control=control, to=str(list(getattr(found, "data", [found]))))


async def sweep(url: str, until: float) -> None:
    """One more, who starts a sweep of item2vec on the groceries and watches it to the end."""
    async with Visitor(url, "runs", **SWEEP) as visitor:
        start = next(label for label in visitor.shown if label.startswith("Run it anew"))  # … (about 19 min)
        await visitor.move(start, another(random.Random(0)))
        await asyncio.sleep(max(0.0, until - time.monotonic()))


async def visit(url: str, number: int, seed: int, until: float, log: Log, *, trains: bool = True) -> None:
    """One visitor: changes pages, moves controls, now and then trains something."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(0, ARRIVE))
    log.doing[name := f"visitor {number}"] = "opening the app"
    async with Visitor(url) as visitor:
        visitor.name = name
        while time.monotonic() < until:
            page = rng.choice(PAGES)
            log.doing[name] = f"{page or 'home'}, page change"
            log.take("page change", await visitor.open(page), page=page or "home")
            if rng.random() < 0.2:
                log.doing[name] = "the first page of a link"
                await compare(url, rng, log)
            for _ in range(rng.randint(1, 4)):
                await asyncio.sleep(rng.uniform(*THINK))
                if time.monotonic() > until:
                    break
                if trains and page == "node2vec" and rng.random() < 0.5:  # trains, and draws a map
                    await move(visitor, "run", page, "q (in–out)", rng, log)
                elif trains and page == "neighbors" and rng.random() < 0.3:
                    await move(visitor, "run", page, "Dimensions", rng, log)
                elif page in LIGHT:
                    label = rng.choice(LIGHT[page])
                    if label in visitor.shown:
                        await move(visitor, "light interaction", page, label, rng, log)


async def compare(url: str, rng: random.Random, log: Log) -> None:
    """Open one of a few links as a new visitor: everybody must see the same numbers."""
    page, query = rng.choice(LINKS)
    async with Visitor(url, page, **query) as other:
        log.take(
            "first page of a link", other.first, (page, *query.values()), page=page, control=" ".join(query.values())
        )


async def browse(browser: Any, url: str, number: int, seed: int, until: float, log: Log) -> None:
    """The same in a browser: pages by their address in the list, sliders by the keyboard.

    A wait that ends is noted with what was being done and how the page stood; the visitor opens the app anew.
    """
    from playwright.async_api import Error

    rng = random.Random(seed)
    page = await (await browser.new_context(viewport={"width": 1280, "height": 720})).new_page()
    page.set_default_timeout(1000 * PATIENCE)
    name, doing = "home", "opening the app"

    async def rested(action: Any) -> float:
        """Seconds from an action to the end of the run that it starts."""
        log.doing[f"browser {number}"] = f"{name}, {doing}"
        await page.evaluate(RESTS)
        await action()
        return float(await asyncio.wait_for(page.evaluate("() => window.rests"), PATIENCE))

    await asyncio.sleep(rng.uniform(0, ARRIVE))
    opened = False
    while time.monotonic() < until:
        try:
            if not opened:
                await page.goto(url)
                await page.wait_for_selector("[data-testid=page-done]", state="attached")
                await page.wait_for_selector('.stApp[data-test-script-state="notRunning"]')
                opened = True
            name = rng.choice([one for one in PAGES[1:] if one != name])
            doing = "page change"
            seconds = await rested(page.locator(f'[data-testid=stSidebarNav] a[href$="/{name}"]').click)
            log.take("page change (browser)", Answer(seconds), page=name)
            if name in ("walks", "training", "lsh"):
                for _ in range(rng.randint(1, 4)):
                    await asyncio.sleep(rng.uniform(*THINK))
                    doing = "looking for a slider"
                    thumb = page.locator("[data-testid=stMain] input[type=range]").first
                    label, now, high = await thumb.evaluate("(it) => [it.ariaLabel ?? '', it.value, it.max]")
                    key = "ArrowLeft" if now == high else "ArrowRight"  # at the end of a slider nothing would happen
                    doing = f"{label}, {key} at {now} of {high}"
                    seconds = await rested(lambda thumb=thumb, key=key: thumb.press(key))
                    log.take("light interaction (browser)", Answer(seconds), page=name, control=label)
            if await page.locator("[data-testid=stException]").count():
                log.errors.append(f"{name}: a traceback in the browser")
        except (Error, TimeoutError) as error:
            state = "the page does not say how it stands"
            with suppress(Error, TimeoutError):
                state = await asyncio.wait_for(page.evaluate(STATE), 10)
            said = str(error).partition("\n")[0] or f"{type(error).__name__} after {PATIENCE:g} s"
            log.errors.append(f"browser {number}, {name}, {doing}: {said}; {state}")
            opened = False
        await asyncio.sleep(rng.uniform(*THINK))


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
    url: str, folder: str, pid: int, sessions: int, browsers: int, minutes: float, seed: int, log: Log, swept: bool
) -> dict[str, int]:
    until = time.monotonic() + 60 * minutes
    most: dict[str, int] = {}

    async def watch() -> None:
        while time.monotonic() < until:
            spend(pid, log.processor)
            now = held(pid)
            now["in all"] = sum(now.values())
            most.update({name: max(most.get(name, 0), value) for name, value in now.items()})
            await asyncio.sleep(2)

    async def bounded(who: str, task: Any) -> None:
        try:
            await asyncio.wait_for(task, 60 * minutes + OVERTIME)
        except TimeoutError:
            doing = log.doing.get(who, "nothing yet")
            log.errors.append(f"{who} was still waiting {OVERTIME} s after the end (or for 15 minutes): {doing}")

    tasks = [
        bounded(f"visitor {n}", visit(url, n, seed + n, until, log, trains=not swept))
        for n in range(sessions - browsers)
    ]
    if swept:
        tasks.append(bounded("who sweeps", sweep(url, until)))
    tasks += [health(url, until, log), watch()]
    if browsers:
        from playwright.async_api import async_playwright

        async with async_playwright() as play:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = await play.chromium.launch(executable_path=_standing_back(folder), args=arguments)
            people = [browse(browser, url, n, seed + 1_000 + n, until, log) for n in range(browsers)]
            tasks += [bounded(f"browser {n}", person) for n, person in enumerate(people)]
            found = await asyncio.gather(*tasks, return_exceptions=True)
            await browser.close()
    else:
        found = await asyncio.gather(*tasks, return_exceptions=True)
    log.errors += [repr(error) for error in found if isinstance(error, BaseException)]
    return most


def main(
    sessions: int = 20, browsers: int = 5, minutes: float = 10.0, seed: int = 0, warm: float = 30.0, swept: bool = False
) -> dict[str, Any]:
    """Run it on a server of its own, print the table, and give its figures."""
    log, port = Log(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        server = start_server(port, Path(folder) / "log.txt", RECEMB_RUNS="on", RECEMB_RUNS_FOLDER=str(runs))
        try:
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_first_visit(url))
            time.sleep(warm)
            before = held(server.pid)
            spend(server.pid, log.processor)
            started = dict(log.processor)
            most = asyncio.run(_class(url, folder, server.pid, sessions, browsers, minutes, seed, log, swept))
            alive = server.poll() is None
            time.sleep(min(20, 10 * minutes))
            after = held(server.pid)
        finally:
            server.terminate()
            server.wait(20)
        said = (Path(folder) / "log.txt").read_text()
        trainings = sum(len(one.read_bytes().splitlines()) - 1 for one in runs.glob("sweeps/*.jsonl"))
    tracebacks = said.count("Traceback (most recent call last)")
    figures = {kind: _row(values) for kind, values in sorted(log.seconds.items())}
    spent: dict[str, float] = defaultdict(float)
    for one, total in log.processor.items():
        spent[one[0]] += total - started.get(one, 0.0)
    print(f"{sessions} sessions, {browsers} of them in browsers, {minutes:g} minutes, {os.cpu_count()} processors")
    print(f"{'':72}{'times':>7}{'median':>9}{'p95':>9}{'longest':>9}   seconds")
    for kind, (count, median, high, longest) in figures.items():
        print(f"{kind:72}{count:7,}{median:9.2f}{high:9.2f}{longest:9.2f}")
    for part, values in sorted(log.parts.items(), key=lambda one: (one[0][0], -np.quantile(one[1], 0.95))):
        count, median, high, longest = _row(values)
        print(f"  {', '.join(filter(None, part))[:69]:70}{count:7,}{median:9.2f}{high:9.2f}{longest:9.2f}")
    if swept:
        print(f"trainings of the sweep meanwhile: {trainings:,}")
    print("seconds of processor: " + ", ".join(f"{who} {total:,.0f}" for who, total in sorted(spent.items())))
    for name, memory in (("before", before), ("at most", most), ("after", after)):
        print(f"memory {name}: " + ", ".join(f"{who} {value:,} MB" for who, value in sorted(memory.items())))
    print(
        f"server alive: {alive}; error boxes and tracebacks: {len(log.errors) + tracebacks}; "
        f"settings compared: {len(log.shown)}; shown differently: {len(log.wrong)}"
    )
    for line in [*dict.fromkeys(log.errors), *log.wrong][:40]:
        print(f"  {line[:600]}")
    if tracebacks:
        print(said[said.index("Traceback (most recent call last)") :][:3_000])
    return {
        "figures": figures,
        "alive": alive,
        "errors": len(log.errors) + tracebacks,
        "processor": dict(spent),
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
    parser.add_argument("--sweep", action="store_true", help="a sweep is at work; the visitors train nothing")
    asked = parser.parse_args()
    found = main(asked.sessions, asked.browsers, asked.minutes, asked.seed, swept=asked.sweep)
    sys.exit(0 if found["alive"] and not found["errors"] and not found["wrong"] else 1)
