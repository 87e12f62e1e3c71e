"""How a kd-tree decays with dimensions, measured on the vectors' own principal axes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from recemb_core.neighbors.exact import ExactIndex
from recemb_core.validation import is_whole, require

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class KDTreeDecay:
    """Time a query on the first principal axes of the vectors.

    Attributes:
        dimensions: int64 (m,), axes kept, ascending.
        variance: float64 (m,), share of the variance that they hold.
        tree, scan: float64 (m,), microseconds a query of the kd-tree and of the exact scan: one thread, best of five
            batches.
    """

    dimensions: npt.NDArray[np.int64]
    variance: npt.NDArray[np.float64]
    tree: npt.NDArray[np.float64]
    scan: npt.NDArray[np.float64]


def principal_axes(vectors: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """((n, d) vectors turned onto their principal axes, widest first; (d,) share of the variance on each).

    All d axes keep every distance; the first few keep what few can.

    >>> turned, share = principal_axes(np.array([[0, 0], [0, 4], [1, 0], [1, 4]], np.float32))
    >>> np.ptp(turned, axis=0).round(3).tolist(), share.round(3).tolist()
    ([4.0, 1.0], [0.941, 0.059])
    """
    rows = np.asarray(vectors, dtype=np.float64)
    rows = rows - rows.mean(axis=0)
    values, axes = np.linalg.eigh(rows.T @ rows / max(len(rows), 1))
    values, axes = np.maximum(values[::-1], 0), axes[:, ::-1]
    return (rows @ axes).astype(np.float32), values / max(float(values.sum()), 1e-300)


def kd_tree_decay(
    vectors: npt.NDArray[np.float32],
    queries: npt.NDArray[np.integer],
    k: int,
    *,
    dimensions: Sequence[int],
    progress: Progress | None = None,
) -> KDTreeDecay:
    """Time a kd-tree and an exact scan on the first principal axes, more and more of them.

    Args:
        vectors: float32 (n, d).
        queries: row numbers (q,).
        k: neighbors a query.
        dimensions: numbers of axes, each from 1 to d.
        progress: called with (fraction, stage); an exception raised in it ends the run.

    Raises:
        ValueError: a number of axes that the vectors do not have.
    """
    from recemb_core.neighbors.kd_tree import KDTreeIndex
    from recemb_core.neighbors.threads import faiss_threads

    wanted = sorted(set(dimensions))
    d = vectors.shape[1]
    for number in wanted:
        require(is_whole(number) and 1 <= number <= d, "dimensions", number, f"whole numbers from 1 to {d}")
    turned, share = principal_axes(vectors)
    tree, scan = np.empty(len(wanted)), np.empty(len(wanted))
    for at, number in enumerate(wanted):
        if progress is not None:
            progress(at / len(wanted), f"{number} dimensions")
        rows = np.ascontiguousarray(turned[:, :number])
        asked = rows[queries]
        for index, found in ((KDTreeIndex(threads=1), tree), (ExactIndex("euclidean"), scan)):
            built: Any = index.build(rows)
            with faiss_threads(1):
                found[at] = 1e6 * best_seconds(partial(built.query, asked, k)) / len(asked)
    return KDTreeDecay(np.array(wanted), np.cumsum(share)[np.array(wanted) - 1], tree, scan)


def best_seconds(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)
