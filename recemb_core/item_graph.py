"""Item graphs: who follows whom, or who is bought with whom, as a weighted CSR matrix."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import networkx as nx
    import polars as pl
    from scipy.sparse import csr_array

Edges = Literal["auto", "transitions", "co_occurrence"]
BackboneMethod = Literal["disparity", "top_edges"]

# A content field whose values join more pairs than this is a label, not an edge source.
MAX_CONTENT_EDGES = 5_000_000


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
    """

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    items: Vocabulary
    directed: bool
    rule: str = field(default="edges as given")

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
    def sources(self) -> npt.NDArray[np.int32]:
        """Source row of every stored edge, int32 (m,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def out_degree(self) -> npt.NDArray[np.int64]:
        """Number of out-edges by row (an undirected graph: the degree)."""
        return np.diff(self.indptr)

    @cached_property
    def strength(self) -> npt.NDArray[np.float64]:
        """Sum of edge weights at each row, in- and out-edges together (undirected: each edge once)."""
        out = np.bincount(self.sources, weights=self.weights, minlength=len(self))
        if not self.directed:
            return out
        return out + np.bincount(self.indices, weights=self.weights, minlength=len(self))

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of everything that a walk could notice; the key of every cache."""
        digest = hashlib.blake2b(digest_size=12)
        for array in (self.indptr, self.indices, self.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr((self.directed, self.items.ids)).encode())
        return digest.hexdigest()

    def neighbors(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Out-neighbors of a row and the weights of the edges to them."""
        span = slice(self.indptr[row], self.indptr[row + 1])
        return self.indices[span], self.weights[span]

    @cached_property
    def reversed(self) -> ItemGraph:
        """The graph with every edge turned round (itself if undirected); its out-edges are our in-edges."""
        if not self.directed:
            return self
        return _from_rows(self.indices, self.sources, self.weights, self.items, directed=True, rule=self.rule)

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
            raise ValueError(
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
            raise ValueError(f"edge ends must be row numbers from 0 to {n - 1}")
        w = np.ones(len(src)) if weight is None else np.asarray(weight, dtype=np.float64)
        if w.shape != src.shape:
            raise ValueError(f"weight has {len(w)} values for {len(src)} edges")
        bad = np.flatnonzero(~(np.isfinite(w) & (w > 0)))
        if len(bad):
            e = bad[0]
            raise ValueError(
                f"edge weights must be positive finite numbers; edge {items[src[e]]!r} → {items[dst[e]]!r} has {w[e]}"
            )
        return _from_rows(src, dst, w, items, directed=directed)


def _from_rows(
    source: npt.NDArray,
    target: npt.NDArray,
    weight: npt.NDArray,
    items: Vocabulary,
    *,
    directed: bool,
    rule: str = "edges as given",
) -> ItemGraph:
    """CSR from row-number edges: self-loops out, both directions in if undirected, parallel edges summed."""
    n = len(items)
    keep = source != target
    src, dst, w = source[keep].astype(np.int64), target[keep].astype(np.int64), weight[keep].astype(np.float64)
    if not directed:
        src, dst, w = np.concatenate([src, dst]), np.concatenate([dst, src]), np.concatenate([w, w])
    keys, inverse = np.unique(src * n + dst, return_inverse=True)
    weights = np.bincount(inverse, weights=w, minlength=len(keys)).astype(np.float32)
    rows = keys // n if n else keys
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
    indices = (keys % n if n else keys).astype(np.int32)
    return ItemGraph(indptr, indices, weights, items, directed, rule)


def build_item_graph(
    sequences: Sequences,
    *,
    edges: Edges = "auto",
    directed: bool | None = None,
    weighted: bool = True,
    min_weight: float = 1,
    side_info_fields: tuple[str, ...] = (),
    share_baskets: bool = False,
) -> ItemGraph:
    """The item graph of behaviour sequences.

    Transitions (order known): M_ij = number of times j directly follows i, over all sequences.
    Co-occurrence (baskets): M_ij = number of sequences that hold both i and j.
    Content edges (``side_info_fields``): plus one for every value that i and j share, in both directions.

    Args:
        sequences: behaviour; ``sequences.ordered`` decides what ``"auto"`` means.
        edges: ``"transitions"``, ``"co_occurrence"``, or ``"auto"`` (transitions where order is known).
        directed: default True for transitions; False adds M and its transpose. Co-occurrence has no direction.
        weighted: False sets every kept weight to 1 (after ``min_weight``).
        min_weight: behaviour edges lighter than this are left out; larger values give a sparser graph.
        side_info_fields: fields of ``sequences.side_info`` whose shared values join items as well.
        share_baskets: each basket shares one unit among its pairs, so that huge baskets do not rule:
            it adds 1/C(|basket|, 2) to each of its pairs instead of 1. Co-occurrence only.

    Raises:
        ValueError: an unknown edge kind or field, or directed co-occurrence.

    References:
        Wang et al., *Billion-scale Commodity Embedding* (KDD 2018), §3.2 for the directed transition graph.

    >>> from recemb_core.sequences import Sequences
    >>> s = Sequences.from_lists([["tea", "milk", "tea"], ["tea", "milk"]])
    >>> g = build_item_graph(s)
    >>> g.directed, g.neighbors(0)[1].tolist()   # tea → milk twice
    (True, [2.0])
    """
    if edges not in ("auto", "transitions", "co_occurrence"):
        raise ValueError(f"edges must be 'auto', 'transitions' or 'co_occurrence', not {edges!r}")
    if edges == "auto":
        edges = "transitions" if sequences.ordered else "co_occurrence"
    if edges == "co_occurrence" and directed:
        raise ValueError("directed=True needs edges='transitions': a co-occurrence has no direction")
    if share_baskets and edges != "co_occurrence":
        raise ValueError("share_baskets=True needs edges='co_occurrence'")
    directed = (edges == "transitions") if directed is None else directed
    source, target, weight = (
        _transitions(sequences) if edges == "transitions" else _co_occurrences(sequences, share=share_baskets)
    )
    graph = _from_rows(source, target, weight, sequences.items, directed=directed)
    heavy = graph.weights >= min_weight
    source, target, weight = graph.sources[heavy], graph.indices[heavy], graph.weights[heavy]
    what = (
        "how often the second item directly follows the first"
        if edges == "transitions"
        else (
            "how many baskets hold both items"
            if not share_baskets
            else "baskets that hold both items, each sharing one unit"
        )
    )
    rule = f"weight = {what}" + (f", at least {min_weight:g}" if min_weight > 1 else "")
    if side_info_fields:
        extra = _content_edges(sequences, side_info_fields)
        source, target, weight = (np.concatenate(p) for p in zip((source, target, weight), extra, strict=True))
        rule += f", plus one for each shared value of {', '.join(side_info_fields)}"
    # Both directions are in hand already, so undirected graphs are assembled as directed ones and only named so.
    graph = _from_rows(source, target, weight, sequences.items, directed=True)
    weights = graph.weights if weighted else np.ones_like(graph.weights)
    return ItemGraph(
        graph.indptr, graph.indices, weights, sequences.items, directed, rule if weighted else rule + "; unweighted"
    )


def _transitions(sequences: Sequences) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    tokens = sequences.tokens
    if len(tokens) < 2:
        return (np.empty(0, np.int64),) * 2 + (np.empty(0),)
    inside = np.ones(len(tokens) - 1, dtype=bool)
    ends = sequences.offsets[1:-1] - 1
    inside[ends[(ends >= 0) & (ends < len(inside))]] = False
    return tokens[:-1][inside], tokens[1:][inside], np.ones(int(inside.sum()))


def _co_occurrences(sequences: Sequences, *, share: bool) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    from scipy.sparse import csr_array, triu

    shape = (len(sequences), len(sequences.items))
    holds = csr_array((np.ones(len(sequences.tokens)), sequences.tokens, sequences.offsets), shape=shape)
    holds.sum_duplicates()
    holds.data[:] = 1.0
    if share:
        size = np.diff(holds.indptr).astype(np.float64)
        unit = np.sqrt(2.0 / np.maximum(size * (size - 1), 1.0))
        holds.data[:] = np.repeat(unit, np.diff(holds.indptr))
    pairs = triu(holds.T @ holds, k=1).tocoo()
    return pairs.row, pairs.col, pairs.data


def _content_edges(sequences: Sequences, fields: tuple[str, ...]) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    from scipy.sparse import csr_array, hstack

    if sequences.side_info is None:
        raise ValueError("side_info_fields needs side information, and these sequences have none")
    blocks = []
    for name in fields:
        if name not in sequences.side_info.columns:
            raise ValueError(
                f"side_info_fields names {name!r}; the fields are {', '.join(sequences.side_info.columns)}"
            )
        rows, codes = field_codes(sequences.side_info[name])
        size = np.bincount(codes)
        if float((size.astype(np.float64) ** 2).sum()) > MAX_CONTENT_EDGES:
            raise ValueError(
                f"field {name!r} would join {int((size * (size - 1)).sum() // 2):,} pairs of items; "
                "choose a field with more and smaller values"
            )
        shape = (len(sequences.items), len(size))
        blocks.append(csr_array((np.ones(len(rows)), (rows, codes)), shape=shape))
    has = hstack(blocks).tocsr()
    shared = (has @ has.T).tocoo()
    off = shared.row != shared.col
    return shared.row[off], shared.col[off], shared.data[off]


def field_codes(column: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and value codes of a categorical field: one pair per (item, value), missing values left out, lists unpacked."""
    import polars as pl

    frame = pl.DataFrame({"value": column}).with_row_index("row")
    if isinstance(frame.schema["value"], pl.List):
        frame = frame.explode("value")
    frame = frame.filter(pl.col("value").is_not_null()).unique(maintain_order=True)
    codes = frame["value"].cast(pl.String).rank("dense").to_numpy().astype(np.int64) - 1
    return frame["row"].to_numpy().astype(np.int64), codes


def backbone(
    graph: ItemGraph, *, method: BackboneMethod = "disparity", alpha: float = 0.05, top: int = 10
) -> ItemGraph:
    """The significant edges of a graph.

    ``"disparity"`` keeps an edge when, at either of its ends, it carries more of the node's strength than a random
    split would: α_ij = (1 − w_ij/s_i)^(k_i − 1) < ``alpha``, with s_i the strength and k_i the degree (out at the
    source, in at the target). ``"top_edges"`` keeps an edge that is among the ``top`` heaviest of either end.
    Both also keep each node's heaviest edge, so that no connected item falls out of the graph.

    Args:
        graph: any graph; the items stay, only edges go.
        method: the rule.
        alpha: significance level in (0, 1]; smaller keeps fewer edges.
        top: edges a node for ``"top_edges"``, at least 1.

    References:
        Serrano, Boguñá, Vespignani, *Extracting the multiscale backbone of complex weighted networks*, PNAS 2009.
    """
    if method not in ("disparity", "top_edges"):
        raise ValueError(f"method must be 'disparity' or 'top_edges', not {method!r}")
    if not 0 < alpha <= 1:
        raise ValueError(f"alpha must be above 0 and at most 1, not {alpha}")
    if top < 1:
        raise ValueError(f"top must be at least 1, not {top}")
    source, target, weight = graph.sources, graph.indices, graph.weights.astype(np.float64)
    ends = (source, target)
    first = np.zeros(len(weight), dtype=bool)
    keep = np.zeros(len(weight), dtype=bool)
    for end, other in (ends, ends[::-1]):
        position = _rank_within(end, weight, other)
        first |= position == 0
        if method == "top_edges":
            keep |= position < top
        else:
            strength = np.bincount(end, weights=weight, minlength=len(graph))[end]
            degree = np.bincount(end, minlength=len(graph))[end]
            share = np.clip(1.0 - weight / strength, 0.0, 1.0)
            keep |= (degree > 1) & (share ** (degree - 1) < alpha)
    keep |= first
    how = f"disparity filter, α = {alpha:g}" if method == "disparity" else f"the {top} heaviest edges of each item"
    kept = _from_rows(source[keep], target[keep], weight[keep], graph.items, directed=True)
    return ItemGraph(
        kept.indptr, kept.indices, kept.weights, graph.items, graph.directed, f"{graph.rule}; backbone: {how}"
    )


def _rank_within(end: npt.NDArray, weight: npt.NDArray, other: npt.NDArray) -> npt.NDArray[np.int64]:
    """Rank of every edge among the edges of its end, heaviest 0, ties by the other end's row number."""
    order = np.lexsort((other, -weight, end))
    sorted_end = end[order]
    starts = np.flatnonzero(np.r_[True, sorted_end[1:] != sorted_end[:-1]]) if len(end) else np.empty(0, np.int64)
    position = np.empty(len(end), dtype=np.int64)
    position[order] = np.arange(len(end)) - np.repeat(starts, np.diff(np.r_[starts, len(end)]))
    return position


def communities(graph: ItemGraph, seed: int = 0) -> npt.NDArray[np.int32]:
    """Louvain communities (weights count, direction does not), numbered by size, largest first: int32 (n,).

    References:
        Blondel et al., *Fast unfolding of communities in large networks*, J. Stat. Mech. 2008.
    """
    import random

    import igraph

    n = len(graph)
    half = slice(None) if graph.directed else graph.sources < graph.indices
    pairs = np.column_stack([graph.sources[half], graph.indices[half]])
    g = igraph.Graph(n=n, edges=pairs)
    igraph.set_random_number_generator(random.Random(seed))
    try:
        found = g.community_multilevel(weights=graph.weights[half].astype(float).tolist()).membership
    finally:
        igraph.set_random_number_generator(random)
    _, codes, sizes = np.unique(np.asarray(found, dtype=np.int64), return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes), dtype=np.int32)
    return rank[codes] if n else np.empty(0, np.int32)
