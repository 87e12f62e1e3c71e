"""The measured half of each sentence of the table: from this data, now; "" where it is not measured yet, or why not."""

from __future__ import annotations

import numpy as np

from pages.kit.answer_words import counted, noise_words, signed
from pages.kit.text import plain_field
from pages.views.summary import missing
from pages.views.summary.ground import FLOOR, Ground, K
from recemb_core.arrays import Int64Array
from recemb_core.evaluation.intervals import Estimate
from recemb_core.neighbors.lsh.usual import NEAREST
from recemb_core.sequences import Sequences

LARGEST = 0.01  # share of the sets that are called the largest
NO_PAIRS = missing.Lacks("No sequence holds two items.")


def _of(one: Estimate, form: str = ".3f") -> str:
    return f"**{one.value:{form}}** ({one.low:{form}} to {one.high:{form}})"


def hits(ground: Ground, name: str, other: str = FLOOR) -> str:
    """HR@10 of a row, and its difference to another."""
    if not ground.has(name, other):
        return missing.of_rows(ground, name, other)
    return f"HR@{K} {_of(ground.hit_rate(name))}, {ground.against(name, other)}."


def difference(ground: Ground, name: str, other: str) -> str:
    """HR@10 of a row less another's."""
    if not ground.has(name, other):
        return missing.of_rows(ground, name, other)
    return f"HR@{K} {ground.against(name, other)}."


def outside_window(ground: Ground) -> str:
    """Share of the pairs inside a sequence that stand farther apart than word2vec's window."""
    sequences, config = ground.data.sequences, ground.tables.get("word2vec")
    if sequences is None or config is None:
        return missing.NO_LOG
    every = pairs(sequences.lengths).sum()
    if not every:
        return NO_PAIRS
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


def set_sizes(sequences: Sequences) -> Int64Array:
    """Distinct items of each sequence, which is what item2vec pairs.

    >>> set_sizes(Sequences.from_lists([["a", "b", "a"], ["b"]])).tolist()
    [2, 1]
    """
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    held = np.unique(owner * len(sequences.items) + sequences.tokens)
    return np.bincount(held // len(sequences.items), minlength=len(sequences)).astype(np.int64)


def large_sets(ground: Ground) -> str:
    """What share of all pairs the largest sets bring."""
    sequences = ground.data.sequences
    if sequences is None:
        return missing.NO_LOG
    each = np.sort(pairs(set_sizes(sequences)))[::-1]
    if not each.sum():
        return NO_PAIRS
    many = max(1, round(LARGEST * len(each)))
    share = each[:many].sum() / each.sum()
    return f"Of the pairs inside a set, **{share:.0%}** are in the largest {many:,} of {len(each):,} sets."


def new_links(ground: Ground) -> str:
    """Link AUC of DeepWalk: whether it foresees pairs that come later."""
    if not ground.has("DeepWalk"):
        return missing.of_rows(ground, "DeepWalk")
    found = ground.board.link_auc("DeepWalk")
    if found is None:
        return missing.Lacks("What was held out joins no new pair of items, so there is nothing to foresee.")
    return f"Pairs that first meet in what was held out, told from pairs that do not: AUC {_of(found)}; 0.5 is chance."


def leanings(ground: Ground) -> str:
    """Scores by communities and roles at q = 20 and at q = 0.05, over seeds."""
    if ground.leanings is None:
        return ""
    near, far = ground.leanings
    told = [noise_words(f"score by {plain_field(name)}", near[name], far[name]) for name in near if name in far]
    return f"From q = 0.05 to q = 20 ({len(next(iter(near.values())))} seeds): {'; '.join(told)}."


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
        if ground.question is not None and not ground.data.side_fields:
            return missing.Lacks("It places new items by their side information, and this data has none.")
        return missing.of_rows(ground, "Two-tower") or missing.failed(ground, missing.cold_job(ground))
    return (
        f"{report.cold} items taken out of the log stand above {_of(report.ranked_below, '.1%')} of the catalogue for "
        f"the {counted(report.users, 'user')} who took one; 50% is chance."
    )


def aging(ground: Ground) -> str:
    """Slope of HR@10 with the age of the table, under a network of today."""
    report = ground.staleness
    if report is None:
        return _no_ages(ground)
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
        return _no_ages(ground)
    return (
        f"**{report.unknown_share(report.ages[-1]):.1%}** of {report.targets:,} targets are items that a table "
        f"{report.ages[-1]} weeks old had never seen."
    )


def _no_ages(ground: Ground) -> str:
    """Why tables have no ages here; "" where they are only not measured."""
    if ground.question is None:
        return missing.NO_LOG
    if ground.plan is None:
        return missing.Lacks(ground.no_plan)
    return missing.failed(ground, missing.aging_job(ground))


def training_time(ground: Ground, name: str, other: str) -> str:
    """Seconds of training of two rows, as they were measured."""
    if not ground.has(name, other):
        return missing.of_rows(ground, name, other)
    a, b = (ground.board.rows[one].mean("train_seconds") for one in (name, other))
    if not (np.isfinite([a, b]).all() and min(a, b) > 0):
        return missing.Lacks("The times of these trainings are not known.")
    return f"A training took {a:.1f} s, one of {other} {b:.1f} s, on the machine that measured each."


def buckets(ground: Ground) -> tuple[str, str]:
    """(what LSH scans, what it misses) on item vectors of this data; "" where no vectors are there."""
    cell = ground.cell
    if cell is None:
        why: str = missing.failed(ground, missing.scan_job(ground))
        if ground.searched is None:
            why = missing.Lacks(f"{counted(len(ground.graph), 'item')} are too few to search.")
        return why, why
    setting = f"K = {cell.functions}, L = {cell.tables}"
    scans = (
        f"{setting}: a query looks at **{cell.cost:.1%}** of the items ({cell.cost_low:.1%} to {cell.cost_high:.1%})."
    )
    missed = (
        f"Of the {NEAREST} nearest it misses **{1 - cell.recall:.1%}** ({1 - cell.recall_high:.1%} to "
        f"{1 - cell.recall_low:.1%}; {cell.draws} draws of functions)."
    )
    return scans, missed
