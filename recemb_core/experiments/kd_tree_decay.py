"""How a kd-tree decays with dimensions, measured on the vectors' own principal axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int64Array, IntegerArray
from recemb_core.neighbors.exact import ExactIndex
from recemb_core.progress import Progress
from recemb_core.timing import ROUNDS, Timing, race
from recemb_core.validation import finite_rows, is_whole, require


@dataclass(frozen=True, eq=False)
class KDTreeDecay:
    """Time a query on the first principal axes of the vectors.

    Attributes:
        dimensions: int64 (m,), axes kept, ascending.
        variance: float64 (m,), share of the variance that they hold.
        tree, scan: a timing each, in microseconds a query, of the kd-tree and of the exact scan: one thread, all
            asked in turns.
    """

    dimensions: Int64Array
    variance: Float64Array
    tree: tuple[Timing, ...]
    scan: tuple[Timing, ...]


def principal_axes(vectors: Float32Array) -> tuple[Float32Array, Float64Array]:
    """((n, d) vectors turned onto their principal axes, widest first; (d,) share of the variance on each).

    All d axes keep every distance; the first few keep what few can.

    >>> turned, share = principal_axes(np.array([[0, 0], [0, 4], [1, 0], [1, 4]], np.float32))
    >>> np.ptp(turned, axis=0).round(3).tolist(), share.round(3).tolist()
    ([4.0, 1.0], [0.941, 0.059])
    """
    rows = finite_rows(np.asarray(vectors, dtype=np.float64))
    rows = rows - rows.mean(axis=0)
    values, axes = np.linalg.eigh(rows.T @ rows / max(len(rows), 1))
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    return (rows @ axes).astype(np.float32), values / max(float(values.sum()), 1e-300)


def kd_tree_decay(
    vectors: Float32Array,
    queries: IntegerArray,
    k: int,
    *,
    dimensions: Sequence[int],
    only_quiet: bool = False,
    progress: Progress | None = None,
) -> KDTreeDecay:
    """Time a kd-tree and an exact scan on the first principal axes, more and more of them.

    Args:
        vectors: float32 (n, d).
        queries: row numbers (q,).
        k: neighbors a query.
        dimensions: numbers of axes, each from 1 to d.
        only_quiet: as in :func:`~recemb_core.experiments.index_race.compare_indexes`.
        progress: called with (fraction, stage); an exception raised in it ends the run.

    Raises:
        ValueError: a number of axes that the vectors do not have.
        OtherWorkError: ``only_quiet``, and the machine is not.
    """
    from recemb_core.neighbors.kd_tree import KDTreeIndex
    from recemb_core.parallel import faiss_threads

    wanted = sorted(set(dimensions))
    d = vectors.shape[1]
    for number in wanted:
        require(is_whole(number) and 1 <= number <= d, "dimensions", number, f"whole numbers from 1 to {d}")
    turned, share = principal_axes(vectors)
    works: list[Callable[[], object]] = []
    for number in wanted:
        rows = np.ascontiguousarray(turned[:, :number])
        asked = rows[queries]
        for index in (KDTreeIndex(threads=1), ExactIndex("euclidean")):
            built: Any = index.build(rows)
            works.append(partial(built.query, asked, k))
    steps, done = (1 + ROUNDS) * len(works), 0

    def step(stage: str) -> None:
        nonlocal done
        if progress is not None:
            progress(min(done / steps, 1.0), stage)
        done += 1

    with faiss_threads(1):
        for at, work in enumerate(works):
            step(f"first batch: {wanted[at // 2]} dimensions")
            work()
        timings = race(
            works, keep_disturbed=not only_quiet, step=lambda stage, at: step(f"{stage}: {wanted[at // 2]} dimensions")
        )
    each = tuple(timing.scaled(1e6 / len(queries)) for timing in timings)
    return KDTreeDecay(np.array(wanted), np.cumsum(share)[np.array(wanted) - 1], each[::2], each[1::2])
