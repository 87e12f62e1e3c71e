"""The other LSH: short binary codes, all of them compared by Hamming distance."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.neighbors.base import answer_in_order, check_query, checked_vectors, distances_to_found
from recemb_core.parallel import faiss_threads
from recemb_core.validation import is_whole, require


class FaissLSHIndex:
    """faiss's ``IndexLSH``: one bit for each of many hyperplanes, then a scan over all codes.

    It has no buckets: every code is compared, which is cheap, and the nearest by Hamming distance are answered. Values
    are their exact Euclidean distances.

    Args:
        bits: of a code; more order the points more finely and take longer.
        rerank: codes taken for each neighbor asked for, ranked by exact distance; 1 is faiss's own answer.
        threads: None for all processors.
    """

    measure: Literal["distance", "similarity"] = "distance"

    def __init__(self, bits: int = 256, *, rerank: int = 1, threads: int | None = None) -> None:
        require(is_whole(bits) and 1 <= bits <= 8192, "bits", bits, "a whole number from 1 to 8,192")
        require(is_whole(rerank) and rerank >= 1, "rerank", rerank, "a whole number, at least 1")
        self.bits, self.rerank, self.threads = bits, rerank, threads
        self._rows = np.empty((0, 0), dtype=np.float32)
        self._index: Any = None

    def build(self, vectors: Float32Array) -> FaissLSHIndex:
        """Index the rows of (n, d); returns itself."""
        import faiss

        self._rows = checked_vectors(vectors, None).copy()
        # faiss cannot rotate to more bits than dimensions, it projects then.
        index = faiss.IndexLSH(self._rows.shape[1], self.bits, True, False)
        with faiss_threads(self.threads):
            index.add(self._rows)
        self._index = index
        return self

    @property
    def memory_bytes(self) -> int:
        """Codes and projection; the vectors too where they are needed to rank again."""
        import faiss

        if self._index is None:
            return 0
        return int(faiss.serialize_index(self._index).nbytes) + (self._rows.nbytes if self.rerank > 1 else 0)

    def query(self, queries: Float32Array, k: int) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), distances (q, k)), best first, −1 and NaN where fewer rows exist."""
        check_query(self._index, k)
        wanted = checked_vectors(queries, self._rows.shape[1], "queries")
        with faiss_threads(self.threads):
            _, found = self._index.search(wanted, min(k * self.rerank, max(len(self._rows), k)))
        ids, values = answer_in_order(found, distances_to_found(self._rows, wanted, found))
        return ids[:, :k], values[:, :k]
