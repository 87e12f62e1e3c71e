"""One setting of LSH to begin with, and what it scans and misses on given vectors."""

from __future__ import annotations

import numpy as np

from recemb_core.arrays import Float32Array, Int64Array
from recemb_core.neighbors.lsh.cells import LSHCell
from recemb_core.neighbors.lsh.index import LSHConfig
from recemb_core.validation import UsageError

OPENING = LSHConfig(tables=24, functions=10)
NEAREST = 10
LEAST_POINTS, MOST_QUERIES = 20, 200


def spread_queries(n: int) -> Int64Array:
    """Rows that are asked of n: all, or 200 evenly spread.

    >>> spread_queries(3).tolist(), len(spread_queries(5_000))
    ([0, 1, 2], 200)
    """
    return np.linspace(0, n - 1, min(MOST_QUERIES, n)).astype(np.int64)


def opening_cell(vectors: Float32Array) -> LSHCell:
    """Recall, precision and cost of :data:`OPENING` for the 10 nearest, over 8 draws of functions.

    Args:
        vectors: (n, d), at least :data:`LEAST_POINTS`.

    Raises:
        UsageError: fewer vectors.

    >>> opening_cell(np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)).draws
    8
    """
    from recemb_core.neighbors.lsh.grid import lsh_cell  # compiled code

    if len(vectors) < LEAST_POINTS:
        raise UsageError(f"an index of {len(vectors)} vectors says nothing; it takes {LEAST_POINTS} or more")
    return lsh_cell(vectors, spread_queries(len(vectors)), NEAREST, OPENING)
