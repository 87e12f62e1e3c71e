"""What the baselines cost: a log of 100,000 events, and EASE and PPMI-SVD at the sizes they grow to."""

from __future__ import annotations

import os
import resource
import time

import numpy as np

from recemb_core.embeddings import PPMISVDConfig, train_ppmi_svd
from recemb_core.experiments.leaderboard import Entry, Protocol, measure, part_cases
from recemb_core.experiments.leaderboard.measuring import held_bytes
from recemb_core.scorers import EASE, ease, scorer_defaults
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary


def invented_clicks(events: int, items: int, *, groups: int = 50, seed: int = 0) -> Sequences:
    """Sessions of ten clicks of users with ten sessions: nine clicks of ten in the session's group, by fame."""
    rng = np.random.default_rng(seed)
    sessions = events // 10
    fame = 1 / (1 + rng.permutation(items)) ** 0.8
    group_of = rng.integers(groups, size=items)
    whole = rng.choice(items, size=events, p=fame / fame.sum())
    theme = np.repeat(rng.integers(groups, size=sessions), 10)
    tokens = whole.copy()
    for group in range(groups):
        own = np.flatnonzero(group_of == group)
        here = np.flatnonzero((theme == group) & (rng.random(events) < 0.9))
        tokens[here] = rng.choice(own, size=len(here), p=fame[own] / fame[own].sum())
    users = np.array([f"user {number // 10}" for number in range(sessions)])
    times = np.repeat(np.arange(sessions) * 3_600.0, 10) + np.tile(np.arange(10) * 20.0, sessions)
    offsets = np.arange(sessions + 1, dtype=np.int64) * 10
    return Sequences(
        Vocabulary(f"item {row}" for row in range(items)),
        offsets,
        tokens.astype(np.int32),
        users=users,
        timestamps=times,
    )


def peak() -> str:
    return f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB"


class Clock:
    """Seconds since it was made, by the wall and of this process's own work, which others beside it do not lengthen."""

    def __init__(self) -> None:
        self.wall, self.own = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        return f"{time.perf_counter() - self.wall:.1f} s ({time.process_time() - self.own:.1f} s of processor)"


def baselines(events: int, items: int) -> None:
    """Fit and rank every baseline of such a log."""
    sequences = invented_clicks(events, items)
    whole = Clock()
    cases = part_cases(sequences, Protocol())
    print(f"\n{events:,} events, {items:,} items, {len(cases.users):,} users asked")
    for name, config in scorer_defaults(cases.train).items():
        clock = Clock()
        run = measure(cases, Entry(name=name, config=config))
        seconds = f"fit {run.train_seconds:6.2f} s, rank {run.score_seconds:6.2f} s"
        print(f"  {name:20} {seconds}, together {clock}, {run.bytes / 1e6:.1f} MB")
    print(f"  all baselines and the split: {whole}; {peak()}", flush=True)


def large(items: int) -> None:
    """EASE, its cap lifted, and PPMI-SVD on 500,000 events of so many items."""
    sequences = invented_clicks(500_000, items, groups=items // 40)
    clock = Clock()
    vectors = train_ppmi_svd(sequences, PPMISVDConfig())
    print(f"  {items:,} items: PPMI-SVD {clock}, {held_bytes(vectors) / 1e6:.0f} MB; {peak()}", flush=True)
    before, ease.MOST_ITEMS = ease.MOST_ITEMS, max(items, ease.MOST_ITEMS)
    try:
        clock = Clock()
        model = EASE.fit(sequences)
        print(f"  {items:,} items: EASE {clock}, {held_bytes(model) / 1e6:.0f} MB; {peak()}", flush=True)
    finally:
        ease.MOST_ITEMS = before


def report(largest: int) -> None:
    load = os.getloadavg()[0]
    print(f"\nSpeed, one run each; {os.cpu_count()} processors, load {load:.1f} when it began")
    for items in (1_000, ease.MOST_ITEMS, 20_000):
        baselines(100_000, items)
    print("\nLarge catalogues, 500,000 events:")
    for items in (ease.MOST_ITEMS, largest):
        large(items)
