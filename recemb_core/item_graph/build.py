"""Sequences → item graph: transitions, co-occurrence, shared side information."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from recemb_core.arrays import Int64Array, IntegerArray, NumberArray
from recemb_core.item_graph.graph import ItemGraph, both_ways, from_rows, kept_edges
from recemb_core.item_graph.together import count_together
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    import polars as pl

Edges = Literal["auto", "transitions", "co_occurrence"]

# A content field whose values join more pairs than this is a label, not an edge source.
MAX_CONTENT_EDGES = 5_000_000
EdgeRows = tuple[IntegerArray, IntegerArray, NumberArray]  # from, to, weight


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
    """The item graph of behavior sequences.

    Transitions (order known): M_ij = number of times j directly follows i, over all sequences.
    Co-occurrence (baskets): M_ij = number of sequences that hold both i and j.
    Content edges (``side_info_fields``): plus one for every value that i and j share, in both directions.

    Args:
        sequences: behavior; ``sequences.ordered`` decides what ``"auto"`` means.
        edges: ``"transitions"``, ``"co_occurrence"``, or ``"auto"`` (transitions where order is known).
        directed: default True for transitions; False adds M and its transpose. Co-occurrence has no direction.
        weighted: False sets every kept weight to 1 (after ``min_weight``).
        min_weight: behavior edges lighter than this are left out; larger values give a sparser graph. With
            ``share_baskets`` it still counts baskets, as the shared weights may all be below 1.
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
        raise UsageError(f"edges must be 'auto', 'transitions' or 'co_occurrence', not {edges!r}")
    if edges == "auto":
        edges = "transitions" if sequences.ordered else "co_occurrence"
    if edges == "co_occurrence" and directed:
        raise UsageError("directed=True needs edges='transitions': a co-occurrence has no direction")
    if share_baskets and edges != "co_occurrence":
        raise UsageError("share_baskets=True needs edges='co_occurrence'")
    directed = (edges == "transitions") if directed is None else directed
    if edges == "transitions":
        graph = from_rows(*_transitions(sequences), sequences.items, directed=directed)
        graph = kept_edges(graph, graph.weights >= min_weight)
    else:
        graph = both_ways(*count_together(sequences, least=min_weight, share=share_baskets), sequences.items)
    what = "how often the second item directly follows the first"
    if edges == "co_occurrence":
        shared = "baskets that hold both items, each sharing one unit"
        what = shared if share_baskets else "how many baskets hold both items"
    least = f", at least {min_weight:g}{' baskets' if share_baskets else ''}" if min_weight > 1 else ""
    rule = f"weight = {what}{least}"
    if side_info_fields:
        own = graph.sources, graph.indices, graph.weights
        extra = _content_edges(sequences, side_info_fields)
        source, target, weight = (np.concatenate(p) for p in zip(own, extra, strict=True))
        rule += f", plus one for each shared value of {', '.join(side_info_fields)}"
        # Both directions are in hand already, so undirected graphs are assembled as directed ones and only named so.
        graph = from_rows(source, target, weight, sequences.items, directed=True)
    weights = graph.weights if weighted else np.ones_like(graph.weights)
    return ItemGraph(
        graph.indptr, graph.indices, weights, sequences.items, directed, rule if weighted else rule + "; unweighted"
    )


def _transitions(sequences: Sequences) -> EdgeRows:
    tokens = sequences.tokens
    if len(tokens) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    inside = np.ones(len(tokens) - 1, dtype=bool)
    ends = sequences.offsets[1:-1] - 1
    inside[ends[(ends >= 0) & (ends < len(inside))]] = False
    return tokens[:-1][inside], tokens[1:][inside], np.ones(int(inside.sum()))


def _content_edges(sequences: Sequences, fields: tuple[str, ...]) -> EdgeRows:
    from scipy.sparse import csr_array, hstack

    if sequences.side_info is None:
        raise UsageError("side_info_fields needs side information, and these sequences have none")
    blocks = []
    for name in fields:
        if name not in sequences.side_info.columns:
            raise UsageError(
                f"side_info_fields names {name!r}; the fields are {', '.join(sequences.side_info.columns)}"
            )
        rows, codes = field_codes(sequences.side_info[name])
        size = np.bincount(codes)
        if float((size.astype(np.float64) ** 2).sum()) > MAX_CONTENT_EDGES:
            raise UsageError(
                f"field {name!r} would join {int((size * (size - 1)).sum() // 2):,} pairs of items; "
                "choose a field with more and smaller values"
            )
        shape = (len(sequences.items), len(size))
        blocks.append(csr_array((np.ones(len(rows)), (rows, codes)), shape=shape))
    has = hstack(blocks).tocsr()
    shared = (has @ has.T).tocoo()
    off = shared.row != shared.col
    return shared.row[off], shared.col[off], shared.data[off]


def field_codes(column: pl.Series) -> tuple[Int64Array, Int64Array]:
    """(item row, value code) pairs of a categorical field: missing values left out, lists unpacked."""
    import polars as pl

    frame = pl.DataFrame({"value": column}).with_row_index("row")
    if isinstance(frame.schema["value"], pl.List):
        frame = frame.explode("value")
    frame = frame.filter(pl.col("value").is_not_null()).unique(maintain_order=True)
    codes = frame["value"].cast(pl.String).rank("dense").to_numpy().astype(np.int64) - 1
    return frame["row"].to_numpy().astype(np.int64), codes
