"""What the home page's chain is made of: whose sequence, a walk, a list, and how good it was."""

from __future__ import annotations

import numpy as np

from pages.kit.leaderboard import Question, ready_runs
from pages.kit.session import ActiveData
from recemb_core.arrays import Int64Array
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.experiments.leaderboard import Entry, Leaderboard, Protocol, Query
from recemb_core.experiments.recall_models import FLOOR
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.scorers import PopularityConfig

ROWS = 6
VIEW = "first_time"  # what stands in the history is not offered


def who_has(data: ActiveData, row: int) -> int | None:
    """Index of a readable sequence that holds the item: the shortest of at least four items, else the longest."""
    sequences = data.sequences
    if sequences is None:
        return None
    at = np.flatnonzero(sequences.tokens == row)
    if len(at) == 0:
        return None
    holders = np.unique(np.searchsorted(sequences.offsets, at, side="right") - 1)
    lengths = sequences.lengths[holders]
    good = lengths >= 4
    return int(holders[good][np.argmin(lengths[good])]) if good.any() else int(holders[np.argmax(lengths)])


def small_walk(graph: ItemGraph, row: int, seed: int, length: int = 12) -> Int64Array:
    """One first-order walk, drawn from the closed form (nothing to compile on the way to the first paint)."""
    rng = np.random.default_rng(seed)
    path = [row]
    for _ in range(length - 1):
        rows, weights = graph.neighbors(path[-1])
        if len(rows) == 0:
            break
        path.append(int(rng.choice(rows, p=weights / weights.sum(dtype=np.float64))))
    return np.array(path)


def recommended(data: ActiveData, vectors: ItemVectors, person: int) -> list[int]:
    """Rows of the nearest unseen items to the mean vector of a sequence."""
    assert data.sequences is not None
    history = np.unique(data.sequences[person])
    unit = unit_rows(vectors.vectors)
    scores = unit @ unit[history].mean(axis=0)
    scores[history] = -np.inf
    return [int(row) for row in np.argsort(-scores, kind="stable")[:ROWS] if np.isfinite(scores[row])]


def judged(data: ActiveData, config: Node2VecConfig) -> str:
    """What lists like that of step 7 hit, beside the most popular items, where that is measured already."""
    if data.sequences is None or data.sequences.users is None:
        return "Without people and what they did, no list can be judged."
    question = Question(data, Protocol())
    own = Entry(name="node2vec", config=config, query=Query())
    floor = Entry(name=FLOOR, config=PopularityConfig())
    runs = [(entry, run) for entry in (own, floor) for run in ready_runs(question, entry)]
    board = Leaderboard.of(runs)
    if len(board.rows) < 2 or VIEW not in board.views:
        return "Not measured for this data yet: the Evaluation page measures this and other methods."
    this, popular = (board.estimate(name, "hr", ROWS, VIEW) for name in (own.name, FLOOR))
    found = board.compare("hr", ROWS, VIEW).between(own.name, FLOOR)
    step = "event" if data.sequences.ordered else "basket"
    verdict = {"better": "more, beyond noise", "worse": "less, beyond noise"}.get(found.verdict, "not told apart")
    return (
        f"Held out: the last {step} but one of {this.n:,} people. The {ROWS} unseen items of step 7's method "
        f"(**node2vec**, p = {config.p:g}, q = {config.q:g}) hold something of it for {this.value:.1%} (95%: "
        f"{this.low:.1%} to {this.high:.1%}), the {ROWS} most popular unseen items for {popular.value:.1%} "
        f"({popular.low:.1%} to {popular.high:.1%}): **{verdict}**."
    )
