"""The app in a real browser: a server and a profile a process, and no call to any other host."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
OWN_HOSTS = {"127.0.0.1", "localhost"}
START_SECONDS = 60
# Streamlit's placeholders pulse without end until what they stand for has come. Without a graphics card each frame is
# drawn by the processor, which took more than the page itself and kept it from coming. Nothing of the app's moves so.
STILL_PLACEHOLDERS = """(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("[data-testid=stSkeleton], [data-testid=stAppSkeleton] * { animation: none !important }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
})()"""
# What is asked for is there or comes; on a busy machine five seconds, the default, are too few to tell.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


class Servers:
    """Running servers: the same file and environment share one."""

    def __init__(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        self._folders = tmp_path_factory
        self._running: dict[tuple[object, ...], tuple[subprocess.Popen[bytes], str]] = {}

    def start(self, path: str | Path, **environment: str) -> str:
        script = (ROOT / path).resolve()
        name = (script, *sorted(environment.items()))
        if name not in self._running:
            if script.parent != ROOT:  # Streamlit serves static/ beside the script it runs
                folder = self._folders.mktemp(script.stem)
                shutil.copy(script, folder)
                _copy_plotly(folder / "static")
                script = folder / script.name
            log = self._folders.mktemp("server") / "log.txt"
            self._running[name] = _start(script, environment, log)
        return self._running[name][1]

    def stop(self) -> None:
        for process, _ in self._running.values():
            process.terminate()
        for process, _ in self._running.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def _plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory)
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def serve(_plain: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """``serve(path, **environment) -> url``: one server of the app as it is serves all files of tests.

    Others end with their file: each holds half a gigabyte and the processes of its heavy work.
    """
    own = Servers(tmp_path_factory)

    def start(path: str | Path, **environment: str) -> str:
        plain = path == "app.py" and not environment
        return (_plain if plain else own).start(path, **environment)

    yield start
    own.stop()


def _copy_plotly(static: Path) -> None:
    from pages.kit.live_chart import ensure_plotly_js

    static.mkdir()
    shutil.copy(ensure_plotly_js(), static)


def _start(script: Path, environment: dict[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    command += ["--server.fileWatcherType", "none", "--server.enableStaticServing", "true"]
    command += ["--browser.gatherUsageStats", "false"]
    kept = {"RECEMB_RUNS_FOLDER": str(log.parent / "runs")}  # not among those of whoever runs the tests
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **kept, **environment}
    variables.pop(
        "RECEMB_CHECK_FIGURES", None
    )  # figures as people get them: ten times as fast (tests/core compare both)
    with log.open("wb") as output:
        # From the script's own folder: a test app does not get the app's configuration.
        process = subprocess.Popen(command, cwd=script.parent, env=variables, stdout=output, stderr=subprocess.STDOUT)
    base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    url = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return process, url
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"{script.name} did not start:\n{log.read_text(errors='replace')[-4000:]}")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


def _launch(playwright: Playwright, profile: Path, **options: Any) -> BrowserContext:
    context = playwright.chromium.launch_persistent_context(
        str(profile), executable_path=CHROMIUM, headless=True, args=ARGUMENTS, accept_downloads=True, **options
    )
    context.add_init_script(STILL_PLACEHOLDERS)
    return context


@pytest.fixture(scope="session")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One browser for all tests, with a profile that starts empty: scripts are compiled once and not in every test."""
    context = _launch(playwright, tmp_path_factory.mktemp("profile"))
    yield context
    context.close()


@pytest.fixture
def new_page(browser: BrowserContext, playwright: Playwright, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """``new_page(width=…, height=…, color_scheme=…, reduced_motion=…) -> Page``.

    The first page of a test is a tab of the shared browser; any further one is another person's, in an empty profile
    of its own. At the end of the test, errors on the console and requests to other hosts fail it.
    """
    opened: list[Page] = []
    strangers: list[BrowserContext] = []
    errors: list[str] = []
    outside: list[str] = []

    def launch(width: int = 1280, height: int = 900, **media: Any) -> Page:
        if opened:
            strangers.append(_launch(playwright, tmp_path / f"profile{len(opened)}"))
            page = strangers[-1].pages[0]
        else:
            page = browser.new_page()
        opened.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(**media)
        page.on("request", lambda request: _note_outside(request.url, outside))
        page.on("console", lambda message: _note_error(message, errors))
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield launch
    for page in opened:
        page.close()
    for context in strangers:
        context.close()
    browser.clear_cookies()
    assert not outside, f"requests to other hosts: {sorted(set(outside))}"
    assert not errors, f"errors on the console: {errors}"


def _note_error(message: ConsoleMessage, errors: list[str]) -> None:
    address = urlsplit(message.location["url"]).path
    # At a deep link Streamlit looks for its base path below the page's own address first, then one level up.
    searching = re.fullmatch(r"/\w+/_stcore/(health|host-config)", address) and "status of 404" in message.text
    if message.type == "error" and not searching:
        errors.append(f"{message.text} ({address})" if address else message.text)


def _note_outside(url: str, outside: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in OWN_HOSTS:
        outside.append(url)


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One browser page of 1280 × 900 in the light theme."""
    return new_page(color_scheme="light")
