"""The small live pieces of the home page's strip."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from pages.kit.leaderboard import Question, ready_runs
from pages.kit.session import ActiveData
from pages.kit.text import plain
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


def log_rows(box: DeltaGenerator, data: ActiveData, person: int | None, row: int) -> None:
    """A few raw events."""
    sequences = data.sequences
    if sequences is None or person is None:
        box.caption("This data set is a graph: no log lies behind it.")
        return
    start = int(sequences.offsets[person])
    user = sequences.users[person] if sequences.users is not None else "?"
    lines = []
    for event in range(start, min(int(sequences.offsets[person + 1]), start + ROWS)):
        when = ""
        if sequences.timestamps is not None:
            when = f"{datetime.fromtimestamp(float(sequences.timestamps[event]), UTC):%Y-%m-%d %H:%M} "
        lines.append(f"{when}user {plain(user)}: {_name(data, int(sequences.tokens[event]), row)}")
    box.markdown("\n".join(f"- :small[{line}]" for line in lines))


def sequence_chips(box: DeltaGenerator, data: ActiveData, person: int | None, row: int) -> None:
    """The sequence that those events make."""
    sequences = data.sequences
    if sequences is None or person is None:
        box.caption("This data set is a graph: it has no sequences.")
        return
    tokens = sequences[person]
    joint = " → " if sequences.ordered else " + "
    shown = joint.join(_name(data, int(t), row) for t in tokens[:10])
    box.markdown(f"{shown}{joint + '…' if len(tokens) > 10 else ''}")
    box.caption(f"{'A session' if sequences.ordered else 'A basket, whose order means nothing'}: {len(tokens)} items.")


def _name(data: ActiveData, token: int, row: int) -> str:
    return f"**:red[{plain(data.titles[token])}]**" if token == row else plain(data.titles[token])


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


def recommendations(box: DeltaGenerator, data: ActiveData, vectors: ItemVectors, person: int | None) -> None:
    """Nearest unseen items to the mean vector of the sequence."""
    if data.sequences is None or person is None:
        box.caption("Without behavior there is no person to recommend to.")
        return
    history = np.unique(data.sequences[person])
    unit = unit_rows(vectors.vectors)
    scores = unit @ unit[history].mean(axis=0)
    scores[history] = -np.inf
    best = np.argsort(-scores, kind="stable")[:ROWS]
    box.caption(f"For the {'session' if data.sequences.ordered else 'basket'} in step 2:")
    box.markdown("\n".join(f"1. :small[{plain(data.titles[int(i)])} · {scores[i]:.2f}]" for i in best))


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
        f"(**node2vec**, p = {config.p:g}, q = {config.q:g}) hold something of it for {this.value:.1%} (95 %: "
        f"{this.low:.1%} to {this.high:.1%}), the {ROWS} most popular unseen items for {popular.value:.1%} "
        f"({popular.low:.1%} to {popular.high:.1%}): **{verdict}**."
    )
