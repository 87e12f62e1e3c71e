"""What a measurement of LSH settings holds: one setting's figures, and those of a whole grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, NumberArray
from recemb_core.neighbors.base import checked_vectors
from recemb_core.neighbors.lsh.draws import draw_seed, share_over_draws
from recemb_core.neighbors.lsh.families import family_named
from recemb_core.neighbors.lsh.hashing import width_in_use
from recemb_core.neighbors.lsh.theory import Family, GridMode
from recemb_core.neighbors.truth import split_queries, true_neighbors
from recemb_core.progress import Progress
from recemb_core.validation import UsageError, is_whole, require


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
        recall_low … cost_high: 95% intervals over queries and draws, in [0, 1]; NaN from one draw alone, which does
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
        recall_low … cost_high: 95% intervals; NaN from one draw.
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
        values = ((name, float(getattr(self, name)[at])) for name in FIGURES)
        # One and the same NaN, so that equal cells are equal.
        figures = {name: math.nan if math.isnan(value) else value for name, value in values}
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
        at = np.argwhere(good) + 1
        best = np.lexsort((at[:, 1] * at[:, 2], -self.recall[good], self.cost[good]))[0]
        m, functions, tables = at[best].tolist()
        return self.cell(self.modes[m - 1], functions, tables)


class Measurement:
    """Points, queries and their true neighbors, and what draws of functions find: recall, precision, cost.

    ``wanted`` (q, d) are the queries, ``own`` (q,) their rows or −1, ``neighbors`` (q, k) ids, −1 for none. The
    arguments are those of :func:`~recemb_core.neighbors.lsh.grid.lsh_grid`.
    """

    def __init__(
        self,
        vectors: Float32Array,
        queries: NumberArray,
        k: int,
        *,
        family: Family,
        width: float | None,
        modes: tuple[GridMode, ...],
        seed: int,
        draws: int,
        truth: Int32Array | None,
    ) -> None:
        require(is_whole(k) and k >= 1, "k", k, "a whole number, at least 1")
        require(is_whole(draws) and draws >= 1, "draws", draws, "a whole number, at least 1")
        self.vectors = checked_vectors(vectors, None)
        if truth is None:
            found = true_neighbors(self.vectors, queries, k, family_named(family).distance.metric)
            truth, self.own, wanted = found.ids, found.own, found.queries
        else:
            self.own, wanted = split_queries(self.vectors, queries)
            require(truth.shape == (len(self.own), k), "truth", truth.shape, f"of shape {(len(self.own), k)}")
        self.wanted = checked_vectors(wanted, self.vectors.shape[1], "queries")
        if not len(wanted):
            raise UsageError("queries must not be empty")
        self.neighbors = np.ascontiguousarray(truth, dtype=np.int32)
        self.width = width_in_use(self.vectors, family, width, seed=seed)
        self.draws, self.seed = draws, seed
        self._about: dict[str, Any] = {
            "modes": modes,
            "n": len(self.vectors),
            "k": k,
            "queries": len(wanted),
            "family": family,
            "width": self.width,
        }
        # What is left of the sampling noise of queries drawn from the rows without replacement; all for others.
        distinct = len(np.unique(self.own))
        sampled = bool((self.own >= 0).all()) and distinct == len(wanted)
        self._unasked = 1 - distinct / len(self.vectors) if sampled else 1.0
        self._grids: list[LSHGrid] = []
        # Sums over draws: how much each query moves each figure (3, modes, q, K, L), and where there is a precision.
        self._moves: Any = 0.0
        self._defined: Any = 0

    def seeds(self, progress: Progress | None) -> Iterator[int]:
        """The seed of each draw; what ``progress`` raises ends the run."""
        for number in range(self.draws):
            if progress is not None:
                progress(number / self.draws, f"draw {number + 1} of {self.draws}")
            yield draw_seed(self.seed, number)

    def add(self, counts: NumberArray, hits: NumberArray, seed: int) -> None:
        """One draw's candidates and true neighbors among them, (modes, q, K, L) each."""
        counts, hits = counts.astype(np.float64), hits.astype(np.float64)
        there = (self.neighbors >= 0).sum(axis=1)
        n, q, some = len(self.vectors), len(there), there > 0
        share = hits[:, some] / there[some][None, :, None, None]
        total, found = counts.sum(axis=1), hits.sum(axis=1)
        defined = total > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            recall = share.sum(axis=1) / some.sum()
            precision = np.where(defined, found / total, np.nan)
            moves = np.zeros((3, *counts.shape))
            moves[0][:, some] = (share - recall[:, None]) * (q / max(some.sum(), 1))
            # Of a ratio of sums, linearised.
            ratio = np.where(defined, precision, 0.0)
            moves[1] = (hits - ratio[:, None] * counts) * (q / np.maximum(total, 1))[:, None]
            moves[2] = counts / n
        errors = self._errors(moves)
        errors[1][~defined] = np.nan
        self._moves, self._defined = self._moves + moves, self._defined + defined
        figures = dict.fromkeys(FIGURES, np.full_like(recall, np.nan))
        figures |= {"recall": recall, "precision": precision, "cost": total / (q * n), "candidates": total / q}
        figures |= {f"{name}_error": error for name, error in zip(SHARES, errors, strict=True)}
        self._grids.append(LSHGrid(**self._about, **figures, seed=seed))

    def _errors(self, moves: Float64Array) -> Float64Array:
        """(3, modes, K, L): √(variance over queries · share of the rows not asked / q); NaN for one query."""
        q = moves.shape[2]
        if self._unasked == 0 or q < 2:
            return np.full((*moves.shape[:2], *moves.shape[3:]), 0.0 if self._unasked == 0 else np.nan)
        return np.asarray(moves.std(axis=2, ddof=1) * np.sqrt(self._unasked / q))

    def result(self) -> LSHGrid:
        """Means over the draws, with intervals that cover the draw of functions and the sample of queries."""
        draws = self._grids
        if len(draws) == 1:
            return draws[0]
        errors = self._errors(self._moves)
        errors[[0, 2]] /= len(draws)
        errors[1] /= np.maximum(self._defined, 1)
        n, k, q = (self._about[name] for name in ("n", "k", "queries"))
        # The k neighbors of a query lie together and are found together: they count as one trial.
        asked = len(draws) * q
        candidates = np.sum([d.candidates for d in draws], axis=0) * q
        trials = {"recall": asked, "precision": np.clip(candidates, 1, asked), "cost": asked * n / k}
        figures: dict[str, Any] = {}
        for name, error in zip(SHARES, np.nan_to_num(errors), strict=True):  # NaN: a single query, the draws alone
            share = share_over_draws([getattr(d, name) for d in draws], query_error=error, trials=trials[name])
            figures |= {name: share.mean, f"{name}_error": share.error}
            figures |= {f"{name}_low": share.low, f"{name}_high": share.high}
        figures["candidates"] = figures["cost"] * n
        return LSHGrid(**self._about, **figures, seed=self.seed, by_draw=tuple(draws))
