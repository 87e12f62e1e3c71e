"""The setting in use as an index of its own: how many candidates a query gets, and how long it takes beside a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.kit import background, results
from pages.kit.session import ActiveData
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LabPoints
from recemb_core.arrays import Int64Array
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.neighbors.lsh import LSHIndex
from recemb_core.parallel import faiss_threads
from recemb_core.timing import OtherWorkError, Timing, lap, race, timed


def candidate_counts(data: ActiveData, points: LabPoints, settings: LabSettings) -> Int64Array:
    """(q,) candidates of each query in the index with the chosen seed; the query itself never counts."""
    config = settings.config

    def make() -> Int64Array:
        index = LSHIndex(config).build(points.vectors)
        return np.diff(index.candidates(points.vectors[points.queries])[0]) - 1

    return results.remember(data, ("lab counts", points.key, config), make)


def _a_little() -> None:
    """Some milliseconds of one thread."""
    sum(range(200_000))


def _give_way(*_: object) -> None:
    """Before each lap: whoever moves on goes first, others or this person (reading the session ends an old run)."""
    st.session_state.get("data")
    if background.others_at_work():
        raise OtherWorkError("another page is being drawn")


@dataclass(frozen=True)
class LabTimes:
    """Microseconds a query of one batch, one thread: the index in use and the exact scan, asked in turns."""

    index: Timing
    scan: Timing
    build_seconds: float


def lab_times(data: ActiveData, points: LabPoints, settings: LabSettings) -> LabTimes | None:
    """Times of the setting in use; None while other work, here or elsewhere on the machine, would spoil them.

    Nobody waits for them: not while other people's pages are drawn, and a page that begins meanwhile ends the try.
    """
    config = settings.config
    metric = settings.hashing.distance.metric
    key = ("lab times", points.key, config, settings.k)
    found = results.kept(data, key)
    if found is not None or background.busy() or background.others_at_work():
        return found
    if sum(lap(_a_little)[1] for _ in range(5)) > 2:  # somebody else is at work: no need to try for seconds
        return None
    wanted, k = points.vectors[points.queries], settings.k + 1
    index, built = timed(lambda: LSHIndex(config, threads=1).build(points.vectors))
    scan = ExactIndex(metric).build(points.vectors)
    works = [lambda: index.search(wanted, k), lambda: scan.query(wanted, k)]
    with faiss_threads(1):
        for work in works:
            work()
        try:
            each = [timing.scaled(1e6 / len(wanted)) for timing in race(works, step=_give_way)]
        except OtherWorkError:
            return None
    if background.busy():
        return None
    found = LabTimes(each[0], each[1], built)
    results.store_of(data, key).put(key, found)
    return found
