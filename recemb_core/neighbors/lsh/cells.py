"""What a measurement of LSH settings holds: one setting's figures, and those of a whole grid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recemb_core.arrays import BoolArray, Float64Array, Int64Array
from recemb_core.neighbors.lsh.draws import share_over_draws
from recemb_core.neighbors.lsh.theory import Family, GridMode
from recemb_core.validation import require


class LSHCell(NamedTuple):
    """One setting's figures, means over draws of functions.

    Attributes:
        mode, functions, tables: the setting.
        recall: mean over queries of |candidates ∩ true neighbors| / |true neighbors|.
        precision: |candidates ∩ true neighbors| / |candidates| over all queries of a draw together, mean over the draws
            with candidates; NaN without candidates.
        cost: mean |candidates| / n.
        candidates: mean |candidates|.
        recall_error, precision_error, cost_error: standard errors over queries and draws; of one draw over queries.
        recall_low … cost_high: 95 % intervals over queries and draws, in [0, 1]; NaN from one draw alone, which does
            not tell what another one would find. See :func:`~recemb_core.neighbors.lsh.draws.share_over_draws`.
        draws: of functions.
    """

    mode: GridMode
    functions: int
    tables: int
    recall: float
    precision: float
    cost: float
    candidates: float
    recall_error: float
    precision_error: float
    cost_error: float
    recall_low: float
    recall_high: float
    precision_low: float
    precision_high: float
    cost_low: float
    cost_high: float
    draws: int


SHARES = ("recall", "precision", "cost")
FIGURES = LSHCell._fields[3:-1]  # those that a grid has an array of


@dataclass(frozen=True, eq=False)
class LSHGrid:
    """Measured figures of every cell: arrays (modes, functions K, tables L), where index 0 is K = 1 or L = 1.

    One table of K functions alone (``"and"``) is L = 1 of ``"and_or"``, L tables of one function (``"or"``) is K = 1.

    Attributes:
        modes: of the first axis.
        recall, precision, cost, candidates: as in :class:`LSHCell`.
        recall_error, precision_error, cost_error: standard errors; NaN for a single query of a single draw.
        recall_low … cost_high: 95 % intervals; NaN from one draw.
        n: points, k: true neighbors a query, queries: how many.
        family, width, seed: of the functions; width is None for families without.
        by_draw: the grid of each draw alone, the first that of ``seed`` itself; empty if this is one draw.
    """

    modes: tuple[GridMode, ...]
    recall: Float64Array
    precision: Float64Array
    cost: Float64Array
    candidates: Float64Array
    recall_error: Float64Array
    precision_error: Float64Array
    cost_error: Float64Array
    recall_low: Float64Array
    recall_high: Float64Array
    precision_low: Float64Array
    precision_high: Float64Array
    cost_low: Float64Array
    cost_high: Float64Array
    n: int
    k: int
    queries: int
    family: Family
    width: float | None
    seed: int
    by_draw: tuple[LSHGrid, ...] = ()

    @property
    def draws(self) -> int:
        """Draws of functions behind the figures."""
        return len(self.by_draw) or 1

    @property
    def first(self) -> LSHGrid:
        """The grid of the draw of ``seed``: what an index with this seed does."""
        return self.by_draw[0] if self.by_draw else self

    def cell(self, mode: GridMode, functions: int, tables: int) -> LSHCell:
        """The figures of one setting.

        Raises:
            ValueError: a setting outside the grid.
        """
        require(mode in self.modes, "mode", mode, f"one of {self.modes}")
        most_functions, most_tables = self.recall.shape[1:]
        require(1 <= functions <= most_functions, "functions", functions, f"from 1 to {most_functions}")
        require(1 <= tables <= most_tables, "tables", tables, f"from 1 to {most_tables}")
        at = self.modes.index(mode), functions - 1, tables - 1
        figures = {name: float(getattr(self, name)[at]) for name in FIGURES}
        # One and the same NaN, so that equal cells are equal.
        figures = {name: math.nan if math.isnan(value) else value for name, value in figures.items()}
        return LSHCell(mode=mode, functions=functions, tables=tables, draws=self.draws, **figures)

    def best_cell(self, target_recall: float, mode: GridMode | None = None) -> LSHCell | None:
        """The cheapest cell whose recall is at least the target, of one mode or of all; None where no cell is.

        Of equally cheap ones the one with higher recall, then fewer functions in all.
        """
        require(0 <= target_recall <= 1, "target_recall", target_recall, "from 0 to 1")
        good = self.recall >= target_recall - 1e-12
        if mode is not None:
            require(mode in self.modes, "mode", mode, f"one of {self.modes}")
            good &= np.array([m == mode for m in self.modes])[:, None, None]
        if not good.any():
            return None
        at = np.argwhere(good)
        cost, recall = self.cost[good], self.recall[good]
        best = np.lexsort(((at[:, 1] + 1) * (at[:, 2] + 1), -recall, cost))[0]
        m, functions, tables = (int(i) for i in at[best])
        return self.cell(self.modes[m], functions + 1, tables + 1)


class Measured(NamedTuple):
    """Points and queries of a measurement; what every draw of functions shares."""

    modes: tuple[GridMode, ...]
    n: int
    k: int
    wanted: Int64Array
    """(q,) true neighbors of each query"""
    unasked: float
    """1 − share of the rows that are queries: what is left of the sampling noise; 1 for queries that are no rows"""
    family: Family
    width: float | None
    seed: int


class Influence:
    """How much each query moves each figure, sum over draws: (3 figures, modes, q, K, L)."""

    def __init__(self) -> None:
        self._total: Float64Array | None = None
        self._draws: Int64Array | None = None

    def add(self, moves: Float64Array, defined: BoolArray) -> None:
        """Of one draw; ``defined`` (modes, K, L) says where there is a precision."""
        if self._total is None or self._draws is None:
            self._total, self._draws = moves, defined.astype(np.int64)
        else:
            self._total += moves
            self._draws += defined

    def errors(self, draws: int, unasked: float) -> Float64Array:
        """(3, modes, K, L): standard errors over queries of the means over draws."""
        assert self._total is not None
        assert self._draws is not None
        found = _query_errors(self._total, unasked)
        found[[0, 2]] /= draws
        found[1] /= np.maximum(self._draws, 1)
        return found


def _query_errors(moves: Float64Array, unasked: float) -> Float64Array:
    """√(variance over queries · share of the rows not asked / q); NaN for one query.

    Queries drawn from the rows without replacement: there is no noise left when all are asked.
    """
    q = moves.shape[2]
    if unasked == 0 or q < 2:
        return np.full((*moves.shape[:2], *moves.shape[3:]), 0.0 if unasked == 0 else np.nan)
    return np.asarray(moves.std(axis=2, ddof=1) * np.sqrt(unasked / q))


def one_draw(about: Measured, counts: Float64Array, hits: Float64Array, seed: int, influence: Influence) -> LSHGrid:
    """Figures of one draw from candidates and found neighbors, (modes, q, K, L) each; adds to ``influence``."""
    q, some = counts.shape[1], about.wanted > 0
    share = hits[:, some] / about.wanted[some][None, :, None, None]
    total, found = counts.sum(axis=1), hits.sum(axis=1)
    there = total > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = share.sum(axis=1) / some.sum()
        precision = np.where(there, found / total, np.nan)
        moves = np.empty((3, *counts.shape))
        moves[0] = 0.0
        moves[0][:, some] = (share - recall[:, None]) * (q / max(some.sum(), 1))
        # Of a ratio of sums, linearised.
        moves[1] = (hits - np.where(there, precision, 0.0)[:, None] * counts) * (q / np.maximum(total, 1))[:, None]
        moves[2] = counts / about.n
    errors = _query_errors(moves, about.unasked)
    errors[1][~there] = np.nan
    influence.add(moves, there)
    unknown = np.full_like(recall, np.nan)
    figures = dict.fromkeys(FIGURES, unknown) | {
        "recall": recall,
        "precision": precision,
        "cost": total / (q * about.n),
    }
    figures |= {f"{name}_error": error for name, error in zip(SHARES, errors, strict=True)}
    return _grid(about, seed, figures | {"candidates": total / q})


def _grid(
    about: Measured, seed: int, figures: Mapping[str, Float64Array], by_draw: tuple[LSHGrid, ...] = ()
) -> LSHGrid:
    return LSHGrid(
        modes=about.modes,
        n=about.n,
        k=about.k,
        queries=len(about.wanted),
        family=about.family,
        width=about.width,
        seed=seed,
        by_draw=by_draw,
        **figures,
    )


def over_draws(about: Measured, draws: list[LSHGrid], influence: Influence) -> LSHGrid:
    """Means over the draws, with intervals that cover the draw of functions and the sample of queries."""
    if len(draws) == 1:
        return draws[0]
    q, errors = len(about.wanted), influence.errors(len(draws), about.unasked)
    errors = np.nan_to_num(errors)  # a single query: the draws alone
    # The k neighbors of a query lie together and are found together: they count as one trial.
    asked = len(draws) * q
    candidates = np.sum([d.candidates for d in draws], axis=0) * q
    trials = {"recall": asked, "precision": np.clip(candidates, 1, asked), "cost": asked * about.n / about.k}
    figures: dict[str, Float64Array] = {}
    for name, error in zip(SHARES, errors, strict=True):
        share = share_over_draws([getattr(d, name) for d in draws], query_error=error, trials=trials[name])
        figures |= {name: share.mean, f"{name}_error": share.error}
        figures |= {f"{name}_low": share.low, f"{name}_high": share.high}
    return _grid(about, about.seed, figures | {"candidates": figures["cost"] * about.n}, tuple(draws))
