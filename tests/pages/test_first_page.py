"""A server that has just been started: what it imports when, and what waits for that."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pages.kit import first_page
from pages.kit.background import Drawing
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import default_graph
from recemb_core.item_graph import build_item_graph
from tests.pages.conftest import ROOT

# Seconds each, or kernels to compile: nothing that a first page shows needs them. The planted shop's graph needs
# scipy.sparse, which is loaded ahead.
HEAVY = "pandas pyarrow scipy.stats scipy.optimize sklearn numba igraph networkx jax optax umap gensim faiss"

IN_A_NEW_PROCESS = f"""
import os, sys
from pathlib import Path
import streamlit.web.cli
from pages.kit.uploads import server

def imported(names):
    print(*sorted(set(names) & set(sys.modules)), sep=",", end=";")

server.middleware()
imported(["numpy", "polars", "recemb_core"])

from pages.kit import first_page
from recemb_core import job_pool, reader_pool

def refuse(*args, **named):
    raise AssertionError("a first page starts no process")

job_pool.WorkerProcess = reader_pool.WorkerProcess = refuse
first_page.load()
before = set(sys.modules)
from streamlit.testing.v1 import AppTest

page = AppTest.from_file(os.path.abspath("app.py"), default_timeout=120).run()
assert not page.exception and not page.error and len(page.metric) == 4, page
ours = [name for name in sys.modules if name.startswith(("pages.", "recemb_core."))]
imported(set(ours) - before)
imported({HEAVY.split()})
"""


@pytest.mark.slow
def test_what_is_imported_when() -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RECEMB_RUNS")}  # set: looked at
    run = subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS], cwd=ROOT, env=plain, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    at_start, late, heavy, _ = run.stdout.split(";")
    assert at_start == "", "a server answers before it has imported what its pages are made of"
    assert late == "", "Home imports, within functions, what could be there before its browser is"
    assert heavy == "", "on the way to the first page"


def test_every_import_of_home_is_found() -> None:
    found = set(first_page.imported(first_page.HOME))
    assert {"streamlit", "pages.kit.frame", "pages.kit.graph_controls", "pages.views.home.moving"} <= found
    assert "pages.kit.session.OPENS_ON" not in found


@pytest.mark.parametrize("kind", ["websocket", "http"])
def test_no_page_runs_before_all_is_loaded_and_no_file_waits(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, happened = threading.Event(), []
    thread = threading.Thread(target=loaded.wait)
    thread.start()
    monkeypatch.setattr(first_page, "start", lambda: thread)

    async def app(*_: Any) -> None:
        happened.append("answered")

    async def asked() -> None:
        answer = asyncio.ensure_future(first_page.AfterFirstPage(app)({"type": kind}, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        happened.append("loaded")
        loaded.set()
        await answer

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, asked()).result()
    assert happened == (["loaded", "answered"] if kind == "websocket" else ["answered", "loaded"])


def test_loading_that_fails_is_left_to_the_page(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(first_page, "imported", lambda _: ["no.such.module"])
    first_page.load()
    assert "could not be loaded ahead" in caplog.text


def test_nothing_is_drawn_while_packages_are_imported() -> None:
    drawing, order = Drawing(), []
    begun = threading.Event()

    def page() -> None:
        begun.set()
        with drawing.page("b"):
            order.append("page")

    with drawing.page("a"), drawing.nobody(0.1):  # a page that is drawn is waited for, but not for ever
        other = threading.Thread(target=page)
        other.start()
        begun.wait()
        time.sleep(0.05)
        order.append("imported")
    other.join()
    assert order == ["imported", "page"]


def test_what_is_kept_of_the_graph_of_baskets_is_the_graph() -> None:
    sequences = load_dataset("complete_journey").sequences
    assert sequences is not None
    told = {"directed": False, "weighted": True, "min_weight": 1, "share_baskets": False, "side_info_fields": ()}
    kept = precomputed.load_graph(
        sequences, {"edges": "co_occurrence", **told}, {"method": "noise_corrected", "edges_per_item": 8}
    )
    assert kept is not None
    edges, graph = kept
    made = default_graph(sequences)
    assert edges == build_item_graph(sequences).num_edges
    assert (graph.fingerprint, graph.rule, graph.directed) == (made.fingerprint, made.rule, made.directed)
    other = {"method": "noise_corrected", "edges_per_item": 12}
    assert precomputed.load_graph(sequences, {"edges": "co_occurrence", **told}, other) is None
