"""The three faults of item2vec on one log: every example in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recemb_core.experiments.item2vec_faults import (
    Lean,
    SideBySide,
    Sizes,
    Unweighted,
    early_or_late,
    one_way,
    side_by_side,
    sizes,
    unweighted,
)
from recemb_core.experiments.never_together import NeverTogether, never_together
from recemb_core.sequences import Sequences

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class FaultExamples:
    """What was found; None, or nothing, where the log has no such example.

    Attributes:
        beside: two pairs that differ in how often they stand side by side.
        direction: the pair most often taken in one order.
        time: the pair that changed most between the halves of the log.
        strength: items of one sequence that differ in weight or number.
        sizes: how pairs are spread over sets.
        apart: pairs that no sequence holds, by how many fields they share.
    """

    beside: SideBySide | None
    direction: Lean | None
    time: Lean | None
    strength: tuple[Unweighted, ...]
    sizes: Sizes | None
    apart: NeverTogether | None


def fault_examples(sequences: Sequences, side_info: pl.DataFrame | None = None) -> FaultExamples:
    """All examples of a log; see the functions of :mod:`~recemb_core.experiments.item2vec_faults`.

    >>> found = fault_examples(Sequences.from_lists([["tea", "milk", "tea"]] * 9))
    >>> found.time is None, found.apart is None, found.strength[0].kind
    (True, True, 'repeats')
    """
    return FaultExamples(
        side_by_side(sequences),
        one_way(sequences),
        early_or_late(sequences),
        unweighted(sequences),
        sizes(sequences),
        None if side_info is None else never_together(sequences, side_info),
    )
