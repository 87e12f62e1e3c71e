"""A navigable small-world graph: today's usual index, approximate, searched by walking towards the query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.neighbors.base import Metric, answer, check_query, checked_vectors, unit_rows
from recemb_core.neighbors.hnsw_graph import HNSWGraph
from recemb_core.parallel import faiss_threads
from recemb_core.validation import is_whole, require


@dataclass(frozen=True, kw_only=True)
class HNSWConfig:
    """What an :class:`HNSWIndex` can be told.

    Attributes:
        metric: ``"cosine"``, ``"euclidean"`` or ``"inner_product"`` (the graph's own, no reduction).
        links: M, neighbors kept for a node; more find more, cost memory and build time.
        ef_construction: candidates kept while building; more make a better graph more slowly.
        ef_search: candidates kept while searching, at least k in effect; more find more and take longer. A query can
            override it.
    """

    metric: Metric = "cosine"
    links: int = 16
    ef_construction: int = 80
    ef_search: int = 64

    def __post_init__(self) -> None:
        metrics = ("cosine", "euclidean", "inner_product")
        require(self.metric in metrics, "metric", self.metric, "'cosine', 'euclidean' or 'inner_product'")
        for name, least, most in (("links", 2, 256), ("ef_construction", 1, 10_000), ("ef_search", 1, 100_000)):
            value = getattr(self, name)
            whole = is_whole(value) and least <= value <= most
            require(whole, name, value, f"a whole number from {least} to {most:,}")


class HNSWIndex:
    """Hierarchical navigable small world of faiss.

    Values are distances for cosine (1 − cos) and Euclidean, similarities for the inner product. Built by more than one
    thread the graph differs from run to run a little.

    Args:
        config: see :class:`HNSWConfig`.
        threads: for building and querying; None for all processors.

    References:
        Malkov, Yashunin, *Efficient and robust approximate nearest neighbor search using HNSW graphs* (2018).

    >>> rows = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    >>> ids, distances = HNSWIndex(HNSWConfig(metric="euclidean")).build(rows).query(rows[:1], k=2)
    >>> int(ids[0, 0]), float(distances[0, 0])
    (0, 0.0)
    """

    def __init__(self, config: HNSWConfig | None = None, *, threads: int | None = None) -> None:
        self.config = config or HNSWConfig()
        self.threads = threads
        inner = self.config.metric == "inner_product"
        self.measure: Literal["distance", "similarity"] = "similarity" if inner else "distance"
        self._index: Any = None

    def build(self, vectors: Float32Array) -> HNSWIndex:
        """Index the rows of (n, d); returns itself."""
        import faiss

        rows = self._prepare(checked_vectors(vectors, None))
        kind = faiss.METRIC_L2 if self.config.metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
        index = faiss.IndexHNSWFlat(rows.shape[1], self.config.links, kind)
        index.hnsw.efConstruction = self.config.ef_construction
        with faiss_threads(self.threads):
            index.add(rows)
        self._index = index
        return self

    @property
    def memory_bytes(self) -> int:
        """Vectors and links, as faiss writes them."""
        import faiss

        return 0 if self._index is None else int(faiss.serialize_index(self._index).nbytes)

    def to_bytes(self) -> bytes:
        """The index as faiss writes it to a file, ``ef_search`` included: ``faiss.read_index`` reads it."""
        import faiss

        check_query(self._index, 1)
        self._index.hnsw.efSearch = self.config.ef_search
        return bytes(faiss.serialize_index(self._index).tobytes())

    def graph(self) -> HNSWGraph:
        """The layers and links inside, to look at: its :meth:`~HNSWGraph.walk` takes the way that a query takes."""
        import faiss

        check_query(self._index, 1)
        inside = self._index.hnsw
        n = self._index.ntotal
        levels = faiss.vector_to_array(inside.levels).astype(np.int32) - 1
        offsets = faiss.vector_to_array(inside.offsets).astype(np.int64)
        width = faiss.vector_to_array(inside.cum_nneighbor_per_level)
        every = faiss.vector_to_array(inside.neighbors)
        none = np.zeros(0, dtype=np.int32)

        def linked(row: int, layer: int) -> Int32Array:
            if levels[row] < layer:
                return none
            found = every[offsets[row] + width[layer] : offsets[row] + width[layer + 1]]
            return np.asarray(found[found >= 0], dtype=np.int32)

        links = tuple(tuple(linked(row, layer) for row in range(n)) for layer in range(int(levels.max(initial=0)) + 1))
        return HNSWGraph(self._index.reconstruct_n(0, n), self.config.metric, levels, links, int(inside.entry_point))

    def query(self, queries: Float32Array, k: int, *, ef_search: int | None = None) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), values (q, k)), best first, −1 and NaN where fewer were found; ``ef_search`` for this query."""
        import faiss

        check_query(self._index, k)
        ef = self.config.ef_search if ef_search is None else ef_search
        require(is_whole(ef) and ef >= 1, "ef_search", ef, "a whole number, at least 1")
        wanted = self._prepare(checked_vectors(queries, self._index.d, "queries"))
        library: Any = faiss  # its stubs lack what the next line needs
        with faiss_threads(self.threads):
            values, ids = self._index.search(wanted, k, params=library.SearchParametersHNSW(efSearch=int(ef)))
        if self.config.metric == "euclidean":
            values = np.sqrt(np.maximum(values, 0))
        elif self.config.metric == "cosine":
            values = np.maximum(1 - values, 0)
        return answer(ids, values)

    def _prepare(self, rows: Float32Array) -> Float32Array:
        return unit_rows(rows) if self.config.metric == "cosine" else rows
