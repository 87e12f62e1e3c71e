"""Pages whose heavy work is done in processes of its own, as on a server: same vectors, and a loss is one sentence."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import results
from recemb_core.job_pool import JobLimits, JobPool
from recemb_core.peak_memory import PeakMemory
from tests.pages.conftest import healthy

Open = Callable[..., AppTest]
# What nobody has computed beforehand, and what takes long enough to be sent.
SETTING = {"data": "karate_club", "num_walks": "20", "walk_length": "80", "epochs": "5", "dimensions": "8"}


@pytest.fixture(scope="module")
def pool() -> Iterator[JobPool]:
    pool = JobPool(JobLimits(processes=1))
    yield pool
    pool.close()


@pytest.fixture(autouse=True)
def workers(pool: JobPool, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages use this pool; what they have it do, by name."""
    asked: list[str] = []
    run = pool.run

    def noted(function: Callable[..., object], *args: object, **named: object) -> object:
        asked.append(getattr(function, "__name__", "partial"))
        return run(function, *args, **named)

    monkeypatch.setattr(results, "workers", lambda: pool)
    monkeypatch.setattr(results, "HERE", 0.0)
    monkeypatch.setattr(pool, "run", noted)
    return asked


@pytest.mark.slow
def test_a_page_shows_what_another_process_computed(open_page: Open, workers: list[str]) -> None:
    page = healthy(open_page("node2vec", **SETTING, q="0.35"))
    assert {"train_model", "umap_layout"} <= set(workers)
    assert any("Nearest to" in one.value for one in page.markdown)


@pytest.mark.slow
def test_what_is_kept_has_the_most_memory_of_its_own_process(
    open_page: Open, workers: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not of this one, which holds three hundred megabytes more."""
    pytest.importorskip("optuna")
    from recemb_core.runs import RunStore

    monkeypatch.setenv("RECEMB_RUNS_FOLDER", str(tmp_path))
    monkeypatch.setenv("RECEMB_RUNS", "on")
    ballast = np.ones(300_000_000, dtype=np.uint8)
    page = healthy(open_page("node2vec", **SETTING, q="0.55"))
    (button,) = [one for one in page.button if one.label == "Keep this run"]
    healthy(button.click().run())
    (only,) = RunStore.open(tmp_path).runs()
    assert only.seconds is not None
    if sys.platform == "linux":
        assert only.peak_bytes is not None
        assert 50e6 < only.peak_bytes < PeakMemory().bytes  # type: ignore[operator]
    assert len(ballast)


@pytest.mark.slow
def test_a_process_that_is_lost_is_a_sentence_and_the_next_run_works(open_page: Open, pool: JobPool) -> None:
    victim = pool.run(os.getpid)[0]
    threading.Timer(0.2, os.kill, (victim, signal.SIGKILL)).start()
    page = open_page("node2vec", **SETTING, q="0.45")
    if page.error:  # killed while it ran
        assert not page.exception
        assert len(page.error) == 1
        assert "Traceback" not in page.error[0].value
    page = healthy(open_page("node2vec", **SETTING, q="0.45"))
    assert any("Nearest to" in one.value for one in page.markdown)
