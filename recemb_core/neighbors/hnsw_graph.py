"""A navigable small-world graph to look at: its layers, how it is built, and the walk of one query through it.

Plain Python in the order of the paper's algorithms, made to be read; :class:`~recemb_core.neighbors.hnsw.HNSWIndex` is
what searches fast, and :meth:`~recemb_core.neighbors.hnsw.HNSWIndex.graph` gives the graph inside it.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from math import log

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array
from recemb_core.neighbors.base import Metric, checked_vectors, unit_rows
from recemb_core.validation import finite_rows, is_whole, require

Found = list[tuple[float, int]]  # (distance, row), nearest first


@dataclass(frozen=True)
class Hop:
    """One step of a walk: a row whose links are followed.

    Attributes:
        layer: where; 0 holds every row.
        row: whose links are looked at.
        before: the row by whose links it was reached; −1 for the one that the layer starts from.
        distance: of ``row`` to the query.
        compared: rows that it links to and that this layer had not met, whose distances are now worked out.
    """

    layer: int
    row: int
    before: int
    distance: float
    compared: tuple[int, ...]


@dataclass(frozen=True)
class Walk:
    """What a query does in the graph.

    Attributes:
        hops: in the order in which they are taken, from the top layer down.
        ids: the k rows found, nearest first.
        values: their distances, as :class:`HNSWGraph` measures them.
    """

    hops: tuple[Hop, ...]
    ids: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def distances(self) -> int:
        """Distances worked out: the entry point's, and that of every row that a layer meets for the first time."""
        return 1 + sum(len(hop.compared) for hop in self.hops)


@dataclass(frozen=True, eq=False)
class HNSWGraph:
    """Rows, each up to its own highest layer, and the links between them on every layer.

    A distance is ‖x − y‖ for the Euclidean metric, 1 − cos(x, y) for cosine, −x · y for the inner product.

    Attributes:
        vectors: float32 (n, d); of length 1 for cosine.
        metric: what a distance is.
        levels: int32 (n,), the highest layer of each row.
        links: layer → row → the rows it links to there, int32; empty where it does not reach the layer.
        entry: the row from which every walk starts, on the top layer.
    """

    vectors: Float32Array
    metric: Metric
    levels: Int32Array
    links: tuple[tuple[Int32Array, ...], ...]
    entry: int

    def __post_init__(self) -> None:
        finite_rows(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def layers(self) -> int:
        """How many there are."""
        return len(self.links)

    def rows(self, layer: int) -> Int32Array:
        """The rows that reach a layer."""
        return np.flatnonzero(self.levels >= layer).astype(np.int32)

    def edges(self, layer: int) -> Int32Array:
        """(m, 2): every link of a layer, from and to."""
        found = [(row, other) for row, linked in enumerate(self.links[layer]) for other in linked.tolist()]
        return np.array(found, dtype=np.int32).reshape(-1, 2)

    def walk(self, query: Float32Array, k: int, ef: int) -> Walk:
        """The k nearest that a greedy walk finds, and the way it took (algorithm 5).

        On every layer but the last it goes to the nearest row it can see until none is nearer; on layer 0 it keeps
        the ``ef`` nearest it has met, and goes on from the nearest of them not yet followed, until that one is
        farther than all of these.

        Args:
            query: (d,).
            k: rows wanted.
            ef: candidates kept on layer 0, at least k in effect. More find more and cost more distances.

        Raises:
            ValueError: another shape, a query that is not finite, or k or ef below 1.

        >>> rows = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
        >>> walk = build_graph(rows, links=8).walk(rows[3], k=2, ef=16)
        >>> walk.ids[0], walk.distances < 200
        (3, True)
        """
        require(is_whole(k) and k >= 1, "k", k, "a whole number, at least 1")
        require(is_whole(ef) and ef >= 1, "ef", ef, "a whole number, at least 1")
        if not len(self):
            return Walk((), (), ())
        asked = checked_vectors(np.reshape(query, (1, -1)), self.vectors.shape[1], "query")
        asked = (unit_rows(asked) if self.metric == "cosine" else asked)[0]
        hops: list[Hop] = []
        near: Found = [(float(_distances(asked, self.vectors[[self.entry]], self.metric)[0]), self.entry)]
        for layer in range(self.layers - 1, -1, -1):
            kept = max(ef, k) if layer == 0 else 1
            near = _search_layer(self.vectors, self.links[layer], self.metric, asked, near[:1], kept, layer, hops)
        return Walk(tuple(hops), tuple(row for _, row in near[:k]), tuple(value for value, _ in near[:k]))


def _distances(query: Float32Array, rows: Float32Array, metric: Metric) -> Float64Array:
    """Of one vector to some rows, as :class:`HNSWGraph` says; float64 (m,)."""
    if metric == "euclidean":
        return np.asarray(np.linalg.norm(rows - query, axis=1), dtype=np.float64)
    products = np.asarray(rows @ query, dtype=np.float64)
    return 1 - products if metric == "cosine" else -products


def _search_layer(
    vectors: Float32Array,
    links: tuple[Int32Array, ...] | list[Int32Array],
    metric: Metric,
    query: Float32Array,
    start: Found,
    ef: int,
    layer: int,
    hops: list[Hop] | None = None,
) -> Found:
    """The ``ef`` nearest that a walk from ``start`` meets on a layer, nearest first (algorithm 2)."""
    seen = {row for _, row in start}
    by = dict.fromkeys(seen, -1)
    ahead = list(start)  # a heap, the nearest on top: rows whose links are still to be followed
    kept = [(-value, -row) for value, row in start]  # a heap, the farthest on top: the nearest met so far
    heapq.heapify(ahead)
    heapq.heapify(kept)
    while ahead:
        value, row = heapq.heappop(ahead)
        if value > -kept[0][0]:
            break
        fresh = [other for other in links[row].tolist() if other not in seen]
        seen.update(fresh)
        if hops is not None:
            hops.append(Hop(layer, row, by[row], value, tuple(fresh)))
        if not fresh:
            continue
        for other, far in zip(fresh, _distances(query, vectors[fresh], metric).tolist(), strict=True):
            if len(kept) >= ef and far >= -kept[0][0]:
                continue
            by[other] = row
            heapq.heappush(ahead, (far, other))
            heapq.heappush(kept, (-far, -other))
            if len(kept) > ef:
                heapq.heappop(kept)
    return sorted((-value, -row) for value, row in kept)


def _select(vectors: Float32Array, metric: Metric, near: Found, most: int) -> list[int]:
    """Up to ``most`` of the candidates, each nearer to the new row than to any taken before it (algorithm 4).

    So links go out in all directions; those that are dropped are not filled up again, as in hnswlib and faiss.
    """
    taken: list[int] = []
    for value, row in near:
        if len(taken) == most:
            break
        if not taken or _distances(vectors[row], vectors[taken], metric).min() > value:
            taken.append(row)
    return taken


def build_graph(
    vectors: Float32Array, *, links: int = 8, ef_construction: int = 40, metric: Metric = "euclidean", seed: int = 0
) -> HNSWGraph:
    """Insert row after row, as the paper does it (algorithm 1).

    A row's highest layer is ⌊−ln U · m⌋ with U uniform on (0, 1] and m = 1 / ln M, so that each layer holds about 1/M
    of the one below it. On every layer it reaches it is linked, both ways, to up to M rows; a row keeps M links, and 2M
    on layer 0.

    Args:
        vectors: (n, d).
        links: M. More links find more and cost more distances.
        ef_construction: candidates kept while a row looks for its links. More make a better graph more slowly.
        metric: see :class:`HNSWGraph`.
        seed: of the layers.

    Raises:
        ValueError: vectors that are not finite, or a setting out of range.

    References:
        Malkov, Yashunin, *Efficient and robust approximate nearest neighbor search using Hierarchical Navigable Small
        World graphs* (TPAMI 2018; arXiv 1603.09320).

    >>> rows = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    >>> graph = build_graph(rows, links=4)
    >>> [len(graph.rows(layer)) for layer in range(graph.layers)]
    [200, 62, 18, 3, 1]
    """
    for name, value, least, most in (("links", links, 2, 256), ("ef_construction", ef_construction, 1, 10_000)):
        require(is_whole(value) and least <= value <= most, name, value, f"a whole number from {least} to {most:,}")
    metrics = ("cosine", "euclidean", "inner_product")
    require(metric in metrics, "metric", metric, "'cosine', 'euclidean' or 'inner_product'")
    rows = checked_vectors(vectors, None)
    rows = unit_rows(rows) if metric == "cosine" else rows
    n = len(rows)
    uniform = 1 - np.random.default_rng(seed).random(n)  # never 0
    levels = np.floor(-np.log(uniform) / log(links)).astype(np.int32)
    top = int(levels.max(initial=0))
    found: list[list[Int32Array]] = [[np.zeros(0, np.int32)] * n for _ in range(top + 1)]
    entry, highest = 0, int(levels[0]) if n else 0
    for row in range(1, n):
        level = int(levels[row])
        near: Found = [(float(_distances(rows[row], rows[[entry]], metric)[0]), entry)]
        for layer in range(highest, -1, -1):
            linking = layer <= level
            kept, start = (ef_construction, near) if linking else (1, near[:1])
            near = _search_layer(rows, found[layer], metric, rows[row], start, kept, layer)
            if linking:
                _link(rows, metric, found[layer], row, near, links, 2 * links if layer == 0 else links)
        if level > highest:
            entry, highest = row, level
    return HNSWGraph(rows, metric, levels, tuple(tuple(layer) for layer in found), entry)


def _link(
    vectors: Float32Array, metric: Metric, layer: list[Int32Array], row: int, near: Found, links: int, most: int
) -> None:
    """Link a new row both ways; whoever then has more than ``most`` links chooses among them anew."""
    taken = _select(vectors, metric, near, links)
    layer[row] = np.array(taken, dtype=np.int32)
    for other in taken:
        linked = [*layer[other].tolist(), row]
        if len(linked) > most:
            far = _distances(vectors[other], vectors[linked], metric).tolist()
            linked = _select(vectors, metric, sorted(zip(far, linked, strict=True)), most)
        layer[other] = np.array(linked, dtype=np.int32)
