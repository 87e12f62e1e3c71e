"""Ten of the worst files uploaded in a browser, one after the other, while somebody else works.

python -m benchmarks.attack_uploads
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import async_playwright

from benchmarks.app_server import free_port, held, start_server
from benchmarks.load import CHROMIUM, Log, another
from benchmarks.protocol_client import Visitor
from tests import bombs

WORST = (
    *(bombs.far_cell, bombs.far_row, bombs.dictionary, bombs.repeated_rows, bombs.shared_strings),
    *(bombs.zips_in_zips, bombs.zeros, bombs.deep_json, bombs.long_user, bombs.blank_lines),
)


async def _work(url: str, log: Log, over: asyncio.Event) -> None:
    """Somebody who moves p and q on the Walks page."""
    rng = random.Random(0)
    async with Visitor(url, "walks", data="karate_club") as visitor:
        while not over.is_set():
            label = rng.choice(["p (return)", "q (in–out)"])
            log.take("light interaction", await visitor.move(label, another(rng)))
            await asyncio.sleep(0.5)


async def _upload(url: str) -> list[tuple[str, str, float]]:
    """(file, what the page said of it, seconds) of each."""
    said = []
    async with async_playwright() as play:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = await browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(180_000)
        await page.goto(f"{url}/sequences")
        await page.wait_for_selector("[data-testid=page-done]", state="attached")
        for make in WORST:
            name, data = make()
            start = time.monotonic()
            box = page.locator("[data-testid=stFileUploader] input[type=file]").first
            await box.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
            words = page.locator("[data-testid=stMain]").get_by_text(name).filter(visible=True).first
            await words.wait_for()
            await page.wait_for_timeout(300)
            await page.wait_for_selector('.stApp[data-test-script-state="notRunning"]')
            alerts = await page.locator("[data-testid=stAlert]").all_inner_texts()
            about = [text for text in alerts if name in text]
            said.append((name, about[0] if about else "read", time.monotonic() - start))
            if await page.locator("[data-testid=stException]").count():
                said[-1] = (name, "TRACEBACK", said[-1][2])
        await browser.close()
    return said


async def _both(url: str, log: Log) -> list[tuple[str, str, float]]:
    over = asyncio.Event()
    working = asyncio.create_task(_work(url, log, over))
    await asyncio.sleep(3)
    try:
        return await _upload(url)
    finally:
        over.set()
        await working


def main() -> dict[str, Any]:
    """Upload them; prints what was said of each, and how long the other one's interactions took."""
    log, port = Log(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(port, Path(folder) / "log.txt")
        try:
            time.sleep(30)  # the warm-up is over
            said = asyncio.run(_both(f"http://127.0.0.1:{port}", log))
            alive, memory = server.poll() is None, held(server.pid)
        finally:
            server.terminate()
            server.wait(20)
    seconds = log.seconds["light interaction"]
    for name, words, took in said:
        print(f"{name:24}{took:7.1f} s  {words[:150]}")
    print(f"server alive: {alive}; memory after: {memory}")
    print(
        f"the other one's interactions: {len(seconds)}, median {np.median(seconds):.2f} s, "
        f"p95 {np.quantile(seconds, 0.95):.2f} s, longest {max(seconds):.2f} s; errors: {len(log.errors)}"
    )
    faults = [name for name, words, _ in said if words == "TRACEBACK"] + log.errors + ([] if alive else ["server lost"])
    return {"said": said, "p95": float(np.quantile(seconds, 0.95)), "failed": len(faults)}


if __name__ == "__main__":
    sys.exit(1 if main()["failed"] else 0)
