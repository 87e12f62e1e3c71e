"""A weighted graph over items as a CSR matrix."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, IntegerArray, NumberArray
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import networkx as nx
    import polars as pl
    from scipy.sparse import csr_array

_EDGES_AT_A_TIME = 1 << 18  # of what is in hand while a graph is put together


@dataclass(frozen=True, eq=False)
class ItemGraph:
    """A weighted graph over items in compressed sparse rows.

    The out-edges of row ``i`` are ``indices[indptr[i]:indptr[i+1]]`` (ascending) with ``weights`` beside them.
    An undirected graph stores each edge in both rows. There are no self-loops and no parallel edges.

    Attributes:
        indptr: int64 (n+1,).
        indices: int32 (m,), target rows, ascending inside each row.
        weights: float32 (m,), positive.
        items: the vocabulary, row number = node number.
        directed: whether (i, j) and (j, i) are different edges.
        rule: how the edges came about, in words that a page can print.
        side_info: one row an item in the order of ``items``, as in ``Sequences``; None where nothing is known.
    """

    indptr: Int64Array
    indices: Int32Array
    weights: Float32Array
    items: Vocabulary
    directed: bool
    rule: str = field(default="edges as given")
    side_info: pl.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def num_edges(self) -> int:
        """Number of edges; an undirected edge counts once."""
        return len(self.indices) if self.directed else len(self.indices) // 2

    @property
    def density(self) -> float:
        """Share of all possible (ordered, if directed) pairs that are edges; 0 for fewer than two items."""
        n = len(self)
        return len(self.indices) / (n * (n - 1)) if n > 1 else 0.0

    @cached_property
    def joined_share(self) -> float:
        """Share of all pairs of items that an edge joins, whichever way it runs; 0 for fewer than two items.

        >>> ItemGraph.from_edges([0, 1, 1], [1, 0, 2], directed=True).joined_share.__round__(3)
        0.667
        """
        n = len(self)
        low, high = np.minimum(self.sources, self.indices), np.maximum(self.sources, self.indices)
        pairs = len(np.unique(low.astype(np.int64) * n + high)) if self.directed else self.num_edges
        return 2 * pairs / (n * (n - 1)) if n > 1 else 0.0

    @cached_property
    def sources(self) -> Int32Array:
        """Source row of every stored edge, int32 (m,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def out_degree(self) -> Int64Array:
        """Number of out-edges by row (an undirected graph: the degree)."""
        return np.diff(self.indptr)

    @cached_property
    def strength(self) -> Float64Array:
        """Sum of edge weights at each row, in- and out-edges together (undirected: each edge once)."""
        total = np.bincount(self.sources, weights=self.weights, minlength=len(self)).astype(np.float64)
        if self.directed:
            total += np.bincount(self.indices, weights=self.weights, minlength=len(self))
        return total

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of everything that a walk could notice; the key of every cache."""
        digest = hashlib.blake2b(digest_size=12)
        for array in (self.indptr, self.indices, self.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr((self.directed, self.items.ids)).encode())
        return digest.hexdigest()

    def neighbors(self, row: int) -> tuple[Int32Array, Float32Array]:
        """Out-neighbors of a row and the weights of the edges to them."""
        span = slice(self.indptr[row], self.indptr[row + 1])
        return self.indices[span], self.weights[span]

    @cached_property
    def reversed(self) -> ItemGraph:
        """The graph with every edge turned round (itself if undirected); its out-edges are our in-edges."""
        if not self.directed:
            return self
        return from_rows(self.indices, self.sources, self.weights, self.items, directed=True, rule=self.rule)

    def to_scipy(self) -> csr_array:
        """The adjacency matrix M, M[i, j] = weight of i → j, as a scipy CSR array."""
        from scipy.sparse import csr_array

        return csr_array((self.weights, self.indices, self.indptr), shape=(len(self), len(self)))

    def to_networkx(self) -> nx.Graph:
        """A networkx (Di)Graph whose nodes are item ids and whose edges carry ``weight``."""
        import networkx as nx

        graph: nx.Graph = nx.DiGraph() if self.directed else nx.Graph()
        graph.add_nodes_from(self.items)
        ids = self.items.ids
        keep = slice(None) if self.directed else self.sources < self.indices
        for i, j, w in zip(self.sources[keep], self.indices[keep], self.weights[keep], strict=True):
            graph.add_edge(ids[i], ids[j], weight=float(w))
        return graph

    @classmethod
    def from_networkx(cls, graph: nx.Graph) -> ItemGraph:
        """From a networkx graph; a missing ``weight`` counts 1, parallel edges add up, self-loops are left out."""
        items = Vocabulary(graph.nodes)
        rows = {node: row for row, node in enumerate(graph.nodes)}
        edges = list(graph.edges(data="weight", default=1.0))
        source = np.array([rows[a] for a, _, _ in edges], dtype=np.int64)
        target = np.array([rows[b] for _, b, _ in edges], dtype=np.int64)
        weight = np.array([w for _, _, w in edges], dtype=np.float64)
        return cls.from_edges(source, target, weight, directed=graph.is_directed(), items=items)

    @classmethod
    def from_edges(
        cls,
        source: npt.ArrayLike,
        target: npt.ArrayLike,
        weight: npt.ArrayLike | None = None,
        *,
        directed: bool,
        items: Vocabulary | None = None,
    ) -> ItemGraph:
        """A graph from an edge list.

        Args:
            source: (m,) integers are row numbers, anything else item ids.
            target: (m,) likewise.
            weight: (m,) positive numbers; 1 each when left out. Parallel edges add up.
            directed: whether an edge runs one way only.
            items: the vocabulary; without it, ids in order of first appearance, or ``"0" … "n-1"`` for row numbers.

        Raises:
            ValueError: lengths differ, a weight is not a positive finite number, or a row is out of range.

        >>> g = ItemGraph.from_edges(["tea", "tea"], ["milk", "cup"], [2, 1], directed=True)
        >>> g.items.ids, g.neighbors(0)[0].tolist(), g.neighbors(0)[1].tolist()
        (('tea', 'milk', 'cup'), [1, 2], [2.0, 1.0])
        """
        src, dst = np.asarray(source), np.asarray(target)
        if src.shape != dst.shape or src.ndim != 1:
            raise UsageError(
                f"source and target must be one-dimensional and equally long, not {src.shape}, {dst.shape}"
            )
        by_row = src.dtype.kind in "iu" and dst.dtype.kind in "iu"
        if items is None:
            items = (
                Vocabulary(range(int(max(src.max(), dst.max())) + 1 if len(src) else 0))
                if by_row
                else Vocabulary(dict.fromkeys(str(x) for pair in zip(src, dst, strict=True) for x in pair))
            )
        if not by_row:
            src, dst = items.rows(src), items.rows(dst)
        n = len(items)
        if len(src) and (min(src.min(), dst.min()) < 0 or max(src.max(), dst.max()) >= n):
            raise UsageError(f"edge ends must be row numbers from 0 to {n - 1}")
        w = np.ones(len(src)) if weight is None else np.asarray(weight, dtype=np.float64)
        if w.shape != src.shape:
            raise UsageError(f"weight has {w.size} values for {len(src)} edges")
        with np.errstate(over="ignore", under="ignore"):
            stored = w.astype(np.float32)  # 1e-50 and 1e50 are positive and finite, but not in float32
        bad = np.flatnonzero(~(np.isfinite(stored) & (stored > 0)))
        if len(bad):
            e = bad[0]
            raise UsageError(
                f"edge weights must be positive finite numbers; edge {items[src[e]]!r} → {items[dst[e]]!r} has {w[e]}"
            )
        return from_rows(src, dst, w, items, directed=directed)


def from_rows(
    source: IntegerArray,
    target: IntegerArray,
    weight: NumberArray,
    items: Vocabulary,
    *,
    directed: bool,
    rule: str = "edges as given",
) -> ItemGraph:
    """CSR from row-number edges: self-loops out, both directions in if undirected, parallel edges summed."""
    from scipy.sparse import coo_array

    n = len(items)
    keep = source != target
    src, dst, w = source[keep], target[keep], weight[keep].astype(np.float64)
    if not directed:
        src, dst, w = np.concatenate([src, dst]), np.concatenate([dst, src]), np.concatenate([w, w])
    matrix = coo_array((w, (src, dst)), shape=(n, n)).tocsr()
    matrix.sum_duplicates()  # sorts each row as well
    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    return ItemGraph(indptr, indices, matrix.data.astype(np.float32), items, directed, rule)


def kept_edges(graph: ItemGraph, keep: BoolArray) -> ItemGraph:
    """The graph with some of its stored edges alone; the items stay."""
    if keep.all():
        return graph
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return replace(graph, indptr=before[graph.indptr], indices=graph.indices[keep], weights=graph.weights[keep])


def both_ways(indptr: Int64Array, partner: Int32Array, weight: Float32Array, items: Vocabulary) -> ItemGraph:
    """The undirected graph of pairs i < j, each given once: the rows of i, ascending j.

    As :func:`from_rows` makes it, in fewer passes and less memory: the edges to earlier items are the transposed of
    those to later ones, and stand before them in each row.
    """
    from scipy.sparse import csr_array

    n, kind = len(items), partner.dtype if len(partner) < 1 << 31 else np.dtype(np.int64)
    later = csr_array((weight, partner.astype(kind, copy=False), indptr.astype(kind)), shape=(n, n))
    earlier = later.T.tocsr()
    whole = later.indptr.astype(np.int64) + earlier.indptr
    indices, weights = np.empty(2 * len(partner), np.int32), np.empty(2 * len(partner), np.float32)
    cuts = np.searchsorted(whole, np.arange(0, whole[-1], _EDGES_AT_A_TIME))
    for start, stop in pairwise([*np.unique(cuts).tolist(), n]):
        for half, shift in ((earlier, later.indptr[start:stop]), (later, earlier.indptr[start + 1 : stop + 1])):
            some = slice(half.indptr[start], half.indptr[stop])
            at = np.repeat(shift, np.diff(half.indptr[start : stop + 1])) + np.arange(some.start, some.stop)
            indices[at], weights[at] = half.indices[some], half.data[some]
    return ItemGraph(whole, indices, weights, items, False)
