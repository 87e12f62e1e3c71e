"""What is asked of a window: each event, or basket, that has something before it, with all of the user's past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recemb_core.arrays import Float64Array, FloatArray, Int32Array, Int64Array
from recemb_core.evaluation.ranking import Scorer, View, rank_views
from recemb_core.sequences import Sequences
from recemb_core.splits import event_times


@dataclass(frozen=True, eq=False)
class Questions:
    """Row i of each is one question.

    Attributes:
        histories: item rows before it, oldest first, those of the window included: what a live system would know.
        targets: item rows of the event, or of the basket, each once.
        users: int64 (q,), whose question it is; where users are unknown, the number of the sequence.
    """

    histories: tuple[Int32Array, ...]
    targets: tuple[Int32Array, ...]
    users: Int64Array

    def __len__(self) -> int:
        return len(self.users)


def window_questions(sequences: Sequences, start: float, stop: float, *, most: int, seed: int = 0) -> Questions:
    """The questions of one window; see :class:`Questions`.

    Args:
        sequences: with timestamps; where users are unknown each sequence is one.
        start, stop: unix seconds; the window holds ``start`` and not ``stop``.
        most: of more questions, so many are drawn at random.
        seed: of that draw.

    >>> from dataclasses import replace
    >>> log = Sequences.from_lists([["a", "b", "c"], ["c", "a"]])
    >>> log = replace(log, timestamps=np.array([1.0, 2, 3, 5, 6]))
    >>> asked = window_questions(log, 3, 9, most=10)
    >>> [h.tolist() for h in asked.histories], [t.tolist() for t in asked.targets], asked.users.tolist()
    ([[0, 1], [2]], [[2], [0]], [0, 1])
    """
    times = event_times(sequences)
    number = np.repeat(np.arange(len(sequences)), sequences.lengths)
    owner = np.arange(len(sequences))
    if sequences.users is not None:
        owner = np.unique(sequences.users, return_inverse=True)[1]
    whose = owner[number]
    order = np.lexsort((np.arange(len(times)), times, whose))
    stream, times, whose, number = sequences.tokens[order], times[order], whose[order], number[order]
    begin = np.searchsorted(whose, np.arange(len(sequences) + 1))  # of each owner's events
    # A basket is one question: it begins where the sequence changes.
    step = np.r_[True, number[1:] != number[:-1]] if not sequences.ordered else np.ones(len(stream), dtype=bool)
    heads = np.flatnonzero(step)
    tails = np.r_[heads[1:], len(stream)]
    asked = (times[heads] >= start) & (times[heads] < stop) & (heads > begin[whose[heads]])
    heads, tails = heads[asked], tails[asked]
    if len(heads) > most:
        chosen = np.sort(np.random.default_rng(seed).choice(len(heads), most, replace=False))
        heads, tails = heads[chosen], tails[chosen]
    firsts = begin[whose[heads]]
    return Questions(
        tuple(stream[a:b] for a, b in zip(firsts, heads, strict=True)),
        tuple(np.unique(stream[a:b]).astype(np.int32) for a, b in zip(heads, tails, strict=True)),
        whose[heads].astype(np.int64),
    )


def asked(scorer: Scorer, questions: Questions, k: int) -> Float64Array:
    """HR@k, NDCG@k and AUC of every question, float64 (3, q); every target counts and nothing is masked.

    AUC is the share of pairs of a target and another item of the catalogue in which the target is scored higher, an
    equal score counting half; an item without a score stands below all that have one.
    """
    aucs: list[float] = []

    def noting(histories: Any) -> FloatArray:
        values = np.asarray(scorer(histories))
        values = np.where(np.isfinite(values), values, -np.inf)
        for line in values:
            aucs.append(target_auc(line, questions.targets[len(aucs)]))
        return values

    views = {"": View(questions.targets, False)}
    report = rank_views(noting, questions.histories, views, ks=(k,)).reports[""]
    return np.stack([report.user_hits(k), report.user_ndcg[:, 0], np.array(aucs)])


def target_auc(values: FloatArray, targets: Any) -> float:
    """P(a target is scored above another item) + ½ P(equal); 0.5 where there is no other item.

    >>> target_auc(np.array([3.0, 1, 2, 2]), [0, 2]), target_auc(np.array([1.0]), [0])
    (0.875, 0.5)
    """
    own, ordered, inside = values[targets], np.sort(values), np.sort(values[targets])
    others = len(values) - len(own)
    if not others:
        return 0.5
    places = [np.searchsorted(ordered, own, side) - np.searchsorted(inside, own, side) for side in ("left", "right")]
    return float((places[0] + places[1]).mean() / 2 / others)
