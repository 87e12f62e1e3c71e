"""The measured half of each sentence of the table: from this data, now, or "" where nothing is measured yet."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pages.kit import model_results, results
from pages.kit.answer_words import counted, noise_words, signed
from pages.kit.text import plain_field
from pages.views.summary.ground import FLOOR, Ground, K
from recemb_core import precomputed
from recemb_core.arrays import Int64Array
from recemb_core.embeddings import node2vec_defaults
from recemb_core.evaluation.intervals import Estimate
from recemb_core.neighbors.lsh import LSHConfig
from recemb_core.neighbors.lsh.grid import lsh_cell

LONGEST = 0.01  # share of the sequences that are called the longest
LSH = LSHConfig(tables=24, functions=10)  # the laboratory's opening
QUERIES, LEAST_POINTS = 200, 20


def _of(one: Estimate, form: str = ".3f") -> str:
    return f"**{one.value:{form}}** ({one.low:{form}} to {one.high:{form}})"


def hits(ground: Ground, name: str, other: str = FLOOR) -> str:
    """HR@10 of a row, and its difference to another."""
    if not ground.has(name, other):
        return ""
    return f"HR@{K} {_of(ground.hit_rate(name))}, {ground.against(name, other)}."


def difference(ground: Ground, name: str, other: str) -> str:
    """HR@10 of a row less another's."""
    return f"HR@{K} {ground.against(name, other)}." if ground.has(name, other) else ""


def outside_window(ground: Ground) -> str:
    """Share of the pairs inside a sequence that stand farther apart than word2vec's window."""
    sequences, config = ground.data.sequences, ground.tables.get("word2vec")
    if sequences is None or config is None:
        return ""
    every = pairs(sequences.lengths).sum()
    if not every:
        return ""
    far = pairs(sequences.lengths - config.window).sum() / every
    order = "" if sequences.ordered else " These are baskets, whose order means nothing."
    return f"Of the pairs inside a sequence, **{far:.0%}** stand more than its {config.window} steps apart.{order}"


def pairs(lengths: Int64Array) -> Int64Array:
    """Unordered pairs of m places, m (m − 1) / 2; none below two.

    >>> pairs(np.array([-1, 1, 4])).tolist()
    [0, 0, 6]
    """
    m = np.maximum(lengths, 0).astype(np.int64)
    return m * (m - 1) // 2


def long_sequences(ground: Ground) -> str:
    """What share of all pairs the longest sequences bring."""
    sequences = ground.data.sequences
    if sequences is None or not pairs(sequences.lengths).sum():
        return ""
    each = np.sort(pairs(sequences.lengths))[::-1]
    many = max(1, round(LONGEST * len(each)))
    share = each[:many].sum() / each.sum()
    return f"The longest {counted(many, 'sequence')} of {len(each):,} bring **{share:.0%}** of all pairs."


def new_links(ground: Ground) -> str:
    """Link AUC of DeepWalk: whether it foresees pairs that come later."""
    found = ground.board.link_auc("DeepWalk") if ground.has("DeepWalk") else None
    if found is None:
        return ""
    return f"Pairs that first meet in what was held out, told from pairs that do not: AUC {_of(found)}; 0.5 is chance."


def leanings(ground: Ground) -> str:
    """Scores by communities and roles at q = 20 and at q = 0.05, over seeds."""
    start = node2vec_defaults(len(ground.graph))
    near, far = (precomputed.load_scores(ground.graph, replace(start, q=q)) for q in (20.0, 0.05))
    if near is None or far is None:
        return ""
    told = [noise_words(f"score by {plain_field(name)}", near[name], far[name]) for name in near if name in far]
    return f"From q = 0.05 to q = 20: {'; '.join(told)}."


def known_fields(ground: Ground) -> str:
    """How much side information there is to average."""
    side, names = ground.data.side_info, ground.data.side_fields
    if side is None or not names:
        return ""
    filled = float(np.mean([side[name].is_not_null().mean() for name in names]))  # type: ignore[arg-type]
    return f"{counted(len(names), 'field')} here, {filled:.0%} of their cells filled."


def cold(ground: Ground) -> str:
    """Where two-tower puts items that the training never saw."""
    report = ground.cold
    if report is None:
        return ""
    return (
        f"{report.cold} items taken out of the log stand above {_of(report.ranked_below, '.1%')} of the catalogue for "
        f"the {counted(report.users, 'user')} who took one; 50 % is chance."
    )


def aging(ground: Ground) -> str:
    """Slope of HR@10 with the age of the table, under a network of today."""
    report = ground.staleness
    if report is None:
        return ""
    networked = "network_fresh" in report.arms
    slope = report.slope("network_fresh" if networked else "table", "hr")
    said = {-1: "falls beyond noise", 1: "rises beyond noise"}.get(slope.sign, "no slope told from none")
    top = "a network trained daily" if networked else "nothing on top"
    return (
        f"item2vec up to {report.ages[-1]} weeks old, {top}: HR@{K} {signed(slope.value, '.3f')} a month "
        f"({signed(slope.low, '.3f')} to {signed(slope.high, '.3f')}): **{said}**."
    )


def newcomers(ground: Ground) -> str:
    """Share of the targets that the oldest table does not know."""
    report = ground.staleness
    if report is None:
        return ""
    return (
        f"**{report.unknown_share(report.ages[-1]):.1%}** of {report.targets:,} targets are items that a table "
        f"{report.ages[-1]} weeks old had never seen."
    )


def training_time(ground: Ground, name: str, other: str) -> str:
    """Seconds of training of two rows, as they were measured."""
    if not ground.has(name, other):
        return ""
    a, b = (ground.board.rows[one].mean("train_seconds") for one in (name, other))
    if not (np.isfinite([a, b]).all() and min(a, b) > 0):
        return ""
    return f"A training took {a:.1f} s, one of {other} {b:.1f} s, on the machine that measured each."


def buckets(ground: Ground) -> tuple[str, str]:
    """(what LSH scans, what it misses) on item vectors of this data; "" where no vectors are there."""
    cell = _cell(ground)
    if cell is None:
        return "", ""
    setting = f"K = {cell.functions}, L = {cell.tables}"
    scans = (
        f"{setting}: a query looks at **{cell.cost:.1%}** of the items ({cell.cost_low:.1%} to {cell.cost_high:.1%})."
    )
    missed = (
        f"Of the {K} nearest it misses **{1 - cell.recall:.1%}** ({1 - cell.recall_high:.1%} to "
        f"{1 - cell.recall_low:.1%}; {cell.draws} draws of functions)."
    )
    return scans, missed


def _cell(ground: Ground) -> Any:
    """One setting of LSH, on the vectors of the first model that is there."""
    data = ground.data
    for name in ("item2vec", "node2vec"):
        config = ground.tables.get(name)
        graph = ground.graph if name == "node2vec" else None
        if config is None or not model_results.has_model(data, config, graph=graph):
            continue
        vectors = model_results.model_vectors(data, config, graph=graph).vectors
        if len(vectors) < LEAST_POINTS:
            return None
        queries = np.linspace(0, len(vectors) - 1, min(QUERIES, len(vectors))).astype(np.int64)
        key = ("summary lsh", model_results.source_of(data, config, graph), config, LSH)
        return results.remember(data, key, partial(lsh_cell, vectors, queries, K, LSH))  # as the laboratory does
    return None
