"""The small live pieces of the home page's strip."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from streamlit.delta_generator import DeltaGenerator

from pages.kit import recall_models, session
from pages.kit.session import ActiveData
from pages.kit.text import plain
from recemb_core.arrays import Int64Array
from recemb_core.embeddings import ItemVectors
from recemb_core.experiments.recall_models import recall_defaults
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.scorers import PopularityConfig

ROWS = 6
SMALL = 300  # in a larger catalogue ten items at random hit next to nothing, and counting it would take a second


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
        box.caption("Without behaviour there is no person to recommend to.")
        return
    history = np.unique(data.sequences[person])
    unit = unit_rows(vectors.vectors)
    scores = unit @ unit[history].mean(axis=0)
    scores[history] = -np.inf
    best = np.argsort(-scores, kind="stable")[:ROWS]
    box.caption(f"For the {'session' if data.sequences.ordered else 'basket'} in step 2:")
    box.markdown("\n".join(f"1. :small[{plain(data.titles[int(i)])} · {scores[i]:.2f}]" for i in best))


def judged(data: ActiveData) -> str:
    """What the best recall model's lists hit, beside popularity's, where that is measured already."""
    if data.sequences is None or data.sequences.users is None:
        return "Without people and what they did, no list can be judged."
    floor = recall_models.ready_rankings(data, PopularityConfig())
    models = {
        name: report[1].hit_rate[10]
        for name, config in recall_defaults(session.seed()).items()
        if (report := recall_models.ready_rankings(data, config)) is not None
    }
    if floor is None or not models:
        return "Not measured for this data yet: the Deep models page trains the models and measures them."
    if len(data.items) <= SMALL and recall_models.random_hit_rate(data, 1) > 0.5:
        return recall_models.chance_words(data, 1)
    best = max(models, key=lambda name: models[name].value)
    top, popular = models[best], floor[1].hit_rate[10]
    return (
        f"Held out: what {floor[1].users:,} people took last. The ten items that the best of {len(models)} models "
        f"(**{best}**) offers hold at least one of these for **{top.value:.0%}** of the people (95 %: {top.low:.0%} to "
        f"{top.high:.0%}), the ten most popular items for {popular.value:.0%} ({popular.low:.0%} to "
        f"{popular.high:.0%})."
    )
