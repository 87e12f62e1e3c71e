"""Two kept settings side by side: what differs in them, in what their users got, and in their neighbors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import Float64Array, Int32Array
from recemb_core.brought import BroughtVectors
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.evaluation.differences import Difference
from recemb_core.experiments.leaderboard import METRICS, Leaderboard, Metric
from recemb_core.runs.record import RunRecord, asked_differently
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from recemb_core.runs.store import RunStore


@dataclass(frozen=True)
class SideBySide:
    """What two settings got on the same users, all of their kept seeds taken together.

    Attributes:
        differences: metric → first less second, paired over users and seeds; judged one metric at a time.
        seeds: kept trainings of the first and of the second; 0 where a setting has no seed.
        k: length of the lists.
    """

    differences: dict[Metric, Difference]
    seeds: tuple[int, int]
    k: int


def seeds_of(records: Sequence[RunRecord], run: RunRecord) -> list[RunRecord]:
    """The measured runs of a run's setting, itself among them, by seed."""
    setting = run.spec.setting_id
    alike = [one for one in records if one.has_users and one.spec.setting_id == setting]
    return sorted(alike, key=lambda one: -1 if one.spec.seed is None else one.spec.seed)


def side_by_side(store: RunStore, first: RunRecord, second: RunRecord) -> SideBySide:
    """Paired differences of two runs' settings, by all the seeds of them that are kept.

    Raises:
        UsageError: one was not measured, they are of other data or another question, or of one setting.
    """
    why = not_comparable(first, second)
    if why:
        raise UsageError(why)
    records = store.runs(fingerprint=first.spec.fingerprint)
    board, seeds = Leaderboard({}), []
    for name, run in (("first", first), ("second", second)):
        alike = seeds_of(records, run)
        entry = dataclasses.replace(run.spec.entry, name=name)
        for one in alike:
            board = board.plus(entry, store.user_scores(one.run_id))
        seeds.append(len(alike) if entry.seeded else 0)
    assert first.spec.protocol is not None
    k = first.spec.protocol.k
    found: dict[Metric, Difference] = {
        metric: board.compare(metric, k).between("first", "second") for metric in METRICS
    }
    return SideBySide(found, (seeds[0], seeds[1]), k)


def not_comparable(first: RunRecord, second: RunRecord) -> str:
    """Why two runs have no paired difference, as a sentence; "" where they have."""
    one, other = first.spec, second.spec
    if not (first.has_users and second.has_users):
        run = second if first.has_users else first
        return f"{run.name} was not measured: it is vectors of all of the data, and nothing was held out"
    if one.fingerprint != other.fingerprint:
        return f"{one.data} and {other.data} are other data or another reading; runs are compared on the same users"
    if one.protocol != other.protocol or one.part != other.part:
        apart = asked_differently({"first": one, "second": other})
        told = "; ".join(f"{name} {values['first']} and {values['second']}" for name, values in apart.items())
        return f"the two were asked different questions ({told})"
    if one.setting_id == other.setting_id:
        return "the two differ by their seed alone: what lies between them is the noise of training"
    return ""


def overlap(first: ItemVectors, second: ItemVectors, k: int = 10) -> tuple[Float64Array, Int32Array, Int32Array]:
    """(share of each item's k nearest that both have, the lists of the first, of the second), by cosine.

    overlap@k(i) = |N_k(i) of the first ∩ N_k(i) of the second| / k, NaN for items that one of them never saw, or that
    brought vectors lack; shapes (n,), (n, k), (n, k). Where fewer than k others exist, k is their number.

    Raises:
        UsageError: vectors of other items.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> v = ItemVectors(Vocabulary("abc"), np.array([[1, 0], [1, 1], [0, 1]], np.float32))
    >>> overlap(v, v, k=1)[0].tolist()
    [1.0, 1.0, 1.0]
    """
    if first.items != second.items:
        raise UsageError("the two runs have other items; neighbors are compared on the same ones")
    k = max(1, min(k, len(first) - 1))
    lists = [one.nearest(k, min_count=0 if one.counts is None else 1)[0] for one in (first, second)]
    both = (lists[0][:, :, None] == lists[1][:, None, :]) & (lists[0][:, :, None] >= 0)
    shares = both.any(axis=2).sum(axis=1) / k
    for one in (first, second):
        if one.counts is not None:
            shares = np.where(one.counts > 0, shares, np.nan)
        if isinstance(one, BroughtVectors):
            shares = np.where(one.known, shares, np.nan)
    return shares, lists[0], lists[1]
