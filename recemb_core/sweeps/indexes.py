"""An index as a setting: which kind, what it is told, and what it finds, takes and weighs over given vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.embeddings import ItemVectors
from recemb_core.neighbors import ExactIndex, HNSWConfig, HNSWIndex, KDTreeIndex, LSHConfig, LSHIndex
from recemb_core.neighbors.base import distances_to_found, unit_rows, without_own
from recemb_core.neighbors.truth import true_neighbors
from recemb_core.timing import timed
from recemb_core.validation import require

Kind = Literal["exact", "kd_tree", "lsh", "hnsw"]
QUERIES = 1_000
"""Items that an index is asked about, at most: a fixed sample."""
_LAPS = 3


@dataclass(frozen=True, kw_only=True)
class IndexConfig:
    """Which index stands over the vectors, scaled to length 1, so that all kinds have the same neighbors to find.

    Attributes:
        kind: ``"exact"``, ``"kd_tree"``, ``"lsh"`` or ``"hnsw"``.
        lsh: of ``"lsh"``.
        hnsw: of ``"hnsw"``.

    >>> IndexConfig(kind="hnsw").hnsw.links
    16
    """

    kind: Kind = "lsh"
    lsh: LSHConfig = field(default_factory=LSHConfig)
    hnsw: HNSWConfig = field(default_factory=lambda: HNSWConfig(metric="euclidean"))

    def __post_init__(self) -> None:
        require(self.kind in get_args(Kind), "kind", self.kind, "'exact', 'kd_tree', 'lsh' or 'hnsw'")


@dataclass(frozen=True, eq=False)
class IndexMeasures:
    """What an index did.

    Attributes:
        recall: of each query the share of its true k neighbors that were found, float64 (queries,).
        milliseconds: a query, one thread, all queries at once; the median of three laps. Other work on the machine
            makes it longer.
        bytes: of the index, its vectors included.
    """

    recall: Float64Array
    milliseconds: float
    bytes: int


def measure_index(vectors: ItemVectors, config: IndexConfig, k: int = 10) -> IndexMeasures:
    """Build an index over item vectors and ask it about the items themselves; no item is its own neighbor.

    Items without training events are neither indexed nor asked. Equally near neighbors count as found, whichever came.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    >>> items = Vocabulary(map(str, range(40)))
    >>> float(measure_index(ItemVectors(items, rows), IndexConfig(kind="exact")).recall.mean())
    1.0
    """
    seen = vectors.vectors if vectors.counts is None else vectors.vectors[vectors.counts > 0]
    rows = unit_rows(seen)
    n = len(rows)
    k = min(k, max(n - 1, 1))
    asked = np.sort(np.random.default_rng(0).choice(n, min(n, QUERIES), replace=False))
    truth = true_neighbors(rows, asked, k)
    index, size = _built(config, rows)
    laps = [timed(lambda: index.query(rows[asked], k + 1)) for _ in range(_LAPS)]
    (ids, values), _ = laps[-1]
    ids, _ = without_own(ids, values, asked)
    # By distance rather than by id: of equally near ones any will do.
    reach = truth.values[:, -1:] * (1 + 1e-5) + 1e-6
    recall = (distances_to_found(rows, rows[asked], ids) <= reach).sum(axis=1) / k
    seconds = float(np.median([spent for _, spent in laps]))
    return IndexMeasures(np.minimum(recall, 1.0), 1e3 * seconds / len(asked), size)


def _built(config: IndexConfig, rows: Any) -> tuple[Any, int]:
    makers: dict[str, Callable[[], Any]] = {
        "exact": lambda: ExactIndex("euclidean"),
        "kd_tree": lambda: KDTreeIndex(threads=1),
        "lsh": lambda: LSHIndex(config.lsh, threads=1),
        "hnsw": lambda: HNSWIndex(config.hnsw, threads=1),
    }
    index = makers[config.kind]().build(rows)
    return index, int(getattr(index, "memory_bytes", rows.nbytes))
