"""What a walk looks up at every step, built once a graph: alias tables, reverse weights and an edge filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numba
import numpy as np

from recemb_core.arrays import AnyArray, Float32Array, Int32Array, Int64Array, UInt64Array
from recemb_core.kernels.alias_tables import fill_alias_table
from recemb_core.kernels.random_numbers import mix

if TYPE_CHECKING:
    from recemb_core.item_graph import ItemGraph

# Sixteen bytes each, so that four share a cache line and none straddles two.
NODE = np.dtype([("total", np.float64), ("start", np.int32), ("degree", np.int32)])
EDGE = np.dtype([("target", np.int32), ("alias", np.int32), ("keep", np.uint32), ("weight", np.float32)])

_FILTER_BITS_PER_EDGE = 16

Offsets = Int64Array  # (n + 1,)
Rows = Int32Array  # (m,)
Weights = Float32Array  # (m,)
Words = UInt64Array
Records = AnyArray


class WalkTables(NamedTuple):
    """A graph in the form that the walk kernel reads.

    Attributes:
        nodes: (n,) ``NODE`` records: total out-weight, first edge and number of edges of a row.
        edges: (m,) ``EDGE`` records in the order of ``indices``: an alias table for each row. A slot drawn uniformly
            is kept with probability ``keep`` / 2³² and else replaced by edge ``alias``.
        indices: int32 (m,), the targets alone, for bisection.
        return_weights: float32 (m,), weight of the reverse edge, 0 where there is none; empty if they all equal the
            weights forth.
        paired: every edge has a reverse edge, whatever its weight.
        edge_filter: uint64 words of a blocked Bloom filter over the edges; their number is a power of two.
    """

    nodes: Records
    edges: Records
    indices: Rows
    return_weights: Weights
    paired: bool
    edge_filter: Words


_tables: WeakKeyDictionary[ItemGraph, WalkTables] = WeakKeyDictionary()


def walk_tables(graph: ItemGraph) -> WalkTables:
    """The tables of a graph, built at its first walk and kept as long as the graph itself.

    A sweep over p and q reuses them: they depend on neither.
    """
    tables = _tables.get(graph)
    if tables is None:
        tables = _tables[graph] = _build(graph)
    return tables


def _build(graph: ItemGraph) -> WalkTables:
    indptr = np.ascontiguousarray(graph.indptr, dtype=np.int64)
    indices = np.ascontiguousarray(graph.indices, dtype=np.int32)
    weights = np.ascontiguousarray(graph.weights, dtype=np.float32)
    nodes = np.zeros(len(graph), dtype=NODE)
    edges = np.zeros(len(indices), dtype=EDGE)
    _fill_alias_tables(indptr, indices, weights, nodes, edges)
    return_weights = np.zeros(len(indices), dtype=np.float32)
    _fill_return_weights(indptr, indices, weights, return_weights)
    paired = bool(np.all(return_weights > 0))
    keys = len(indices) // 2 if paired else len(indices)
    words = 1 << max(0, (keys * _FILTER_BITS_PER_EDGE // 64 - 1).bit_length())
    edge_filter = np.zeros(words, dtype=np.uint64)
    _fill_edge_filter(indptr, indices, paired, edge_filter)
    if np.array_equal(return_weights, weights):
        return_weights = return_weights[:0]
    return WalkTables(nodes, edges, indices, return_weights, paired, edge_filter)


@numba.njit(cache=True, nogil=True)
def _fill_alias_tables(indptr: Offsets, indices: Rows, weights: Weights, nodes: Records, edges: Records) -> None:
    """An alias table a row: O(degree) to build, O(1) to draw from."""
    share = np.empty(len(indices), dtype=np.float64)
    stack = np.empty(len(indices), dtype=np.int32)
    for row in range(len(indptr) - 1):
        first, end = indptr[row], indptr[row + 1]
        total = 0.0
        for e in range(first, end):
            total += np.float64(weights[e])
        nodes[row].total = total
        nodes[row].start = first
        nodes[row].degree = end - first
        for e in range(first, end):
            edges[e].target = indices[e]
            edges[e].weight = weights[e]
            share[e] = weights[e] * (end - first) / total
        fill_alias_table(share, first, end, edges["keep"], edges["alias"], stack)


@numba.njit(cache=True, nogil=True)
def _fill_return_weights(indptr: Offsets, indices: Rows, weights: Weights, return_weights: Weights) -> None:
    """Weight of v → t beside every edge t → v, in one sweep: as t ascends, so does its place in the row of v."""
    place = indptr.copy()
    for t in range(len(indptr) - 1):
        for e in range(indptr[t], indptr[t + 1]):
            v = indices[e]
            i = place[v]
            while i < indptr[v + 1] and indices[i] < t:
                i += 1
            place[v] = i
            if i < indptr[v + 1] and indices[i] == t:
                return_weights[e] = weights[i]


@numba.njit(cache=True, nogil=True)
def _fill_edge_filter(indptr: Offsets, indices: Rows, paired: bool, edge_filter: Words) -> None:
    """A blocked Bloom filter: every edge, or every pair {t, x} of edges, sets the bits of its hash in one word."""
    for t in range(len(indptr) - 1):
        for e in range(indptr[t], indptr[t + 1]):
            x = indices[e]
            if not paired or t < x:
                h = _edge_hash(t, x, paired)
                edge_filter[_filter_word(h, edge_filter)] |= _filter_bits(h)


@numba.njit(cache=True, nogil=True, inline="always")
def may_have_edge(t: int, x: int, tables: WalkTables) -> bool | np.bool:
    """False: there is no edge t → x. True: there is one, or (about 1 in 100) the filter errs."""
    h = _edge_hash(t, x, tables.paired)
    bits = _filter_bits(h)
    return tables.edge_filter[_filter_word(h, tables.edge_filter)] & bits == bits


@numba.njit(cache=True, nogil=True)
def has_edge(t: int, x: int, tables: WalkTables) -> bool:
    """Whether there is an edge t → x, by bisection of the shorter row that can tell."""
    if tables.paired and tables.nodes[x].degree < tables.nodes[t].degree:
        t, x = x, t
    low, size = tables.nodes[t].start, tables.nodes[t].degree
    while size > 1:
        half = size >> 1
        low = low + half if tables.indices[low + half] <= x else low
        size -= half
    return size == 1 and tables.indices[low] == x


@numba.njit(cache=True, nogil=True, inline="always")
def _edge_hash(t: int, x: int, paired: bool) -> np.uint64:
    """64 mixed bits of the edge t → x; of the pair {t, x} if every edge has its reverse (half the filter)."""
    a, b = np.uint64(t), np.uint64(x)
    if paired and x < t:
        a, b = b, a
    return mix((a << np.uint64(32)) | b)


@numba.njit(cache=True, nogil=True, inline="always")
def _filter_word(h: np.uint64, edge_filter: Words) -> np.uint64:
    """Which word holds the bits of a hash: the lower bits of its upper half, as many as the filter needs."""
    return (h >> np.uint64(32)) & np.uint64(len(edge_filter) - 1)


@numba.njit(cache=True, nogil=True, inline="always")
def _filter_bits(h: np.uint64) -> np.uint64:
    """Three bits of one 64-bit word, so that a look-up costs one cache miss."""
    one, six = np.uint64(1), np.uint64(63)
    return (one << (h & six)) | (one << ((h >> np.uint64(6)) & six)) | (one << ((h >> np.uint64(12)) & six))
