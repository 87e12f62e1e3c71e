"""What a network's embedding can start from: chance, a factorization machine, walks on the graph, other vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Literal

import numpy as np

from recemb_core.arrays import BoolArray, Float32Array
from recemb_core.brought import BroughtVectors
from recemb_core.deep.features import ITEM, FeatureTable, training_sequences
from recemb_core.deep.fitting import fit
from recemb_core.deep.fm import FactorizationMachine
from recemb_core.deep.networks import FNN
from recemb_core.deep.training import Params, TrainingConfig, TrainingResult
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.progress import Progress
from recemb_core.sequences import Sequences
from recemb_core.timing import timed
from recemb_core.validation import finite_rows

Start = Literal["random", "fm", "fm_frozen", "graph", "communities_and_roles", "brought"]
START_NAMES: dict[Start, str] = {
    "random": "Random start",
    "fm": "FM start, fine-tuned",
    "fm_frozen": "FM start, frozen",
    "graph": "DeepWalk start",
    "communities_and_roles": "node2vec start, both leanings",
    "brought": "Start from your vectors",
}
OWN_STARTS: tuple[Start, ...] = ("random", "fm", "fm_frozen", "graph", "communities_and_roles")
"""Those that need nothing from outside."""
# q of the two halves at p = 1: which lean to communities, which to roles.
COMMUNITIES_Q, ROLES_Q = 0.05, 20.0


@dataclass
class Starts:
    """Makes what runs start from; what several share, the FM of each seed and the graph, is made once.

    Attributes:
        sequences, table: what is learned from.
        network: that is started.
        fm_training: how an FM is trained before.
        scale: root mean square of a copied vector's entries.
        brought: vectors made elsewhere, in the order of the sequences' items; None where no start is of them.
        cancel: True ends it.
        fms: seed → what its FM came to.
    """

    sequences: Sequences
    table: FeatureTable
    network: FNN
    fm_training: TrainingConfig
    scale: float
    brought: ItemVectors | None
    cancel: Callable[[], bool] | None
    fms: dict[int, TrainingResult] = field(default_factory=dict)

    @cached_property
    def graph(self) -> tuple[ItemGraph, float]:
        """The graph, and the seconds that it took."""
        return timed(partial(training_graph, self.sequences, self.table))

    def make(self, start: Start, seed: int, tell: Progress) -> tuple[Params, float]:
        """Parameters to start from, and the seconds that making them took."""
        table, network = self.table, self.network
        if start == "random":
            return network.init(table, seed), 0.0
        if start in ("fm", "fm_frozen"):
            if seed not in self.fms:
                fm = FactorizationMachine(dimensions=network.dimensions, init_scale=network.init_scale)
                stage = lambda fraction, words: tell(0.0, f"FM, {words}")  # noqa: E731
                training = replace(self.fm_training, seed=seed)
                self.fms[seed] = fit(fm, table, training, progress=stage, cancel=self.cancel)
            return network.init_from_fm(table, self.fms[seed].params, seed), self.fms[seed].seconds
        if start == "brought":
            assert self.brought is not None
            rows, _ = narrowed(self.brought, network.dimensions)
            own = known_rows(self.brought)
            return start_from_vectors(table, network.init(table, seed), rows, self.scale, known=own), 0.0
        tell(0.0, "graph embeddings")
        graph, before = self.graph
        vectors, seconds = timed(partial(graph_vectors, graph, network.dimensions, start, seed))
        params = start_from_vectors(table, network.init(table, seed), vectors, self.scale)
        return params, before + seconds


def training_graph(sequences: Sequences, table: FeatureTable) -> ItemGraph:
    """The item graph of the training part; of baskets its noise-corrected backbone with 8 edges an item."""
    from recemb_core.item_graph import backbone, build_item_graph

    graph = build_item_graph(training_sequences(sequences, table))
    return graph if graph.directed else backbone(graph, method="noise_corrected", edges_per_item=8)


def graph_vectors(graph: ItemGraph, dimensions: int, start: Start, seed: int = 0) -> Float32Array:
    """Item vectors from walks on a graph, each of length 1, float32 (n_items, dimensions).

    Args:
        start: "graph": DeepWalk (p = q = 1); "communities_and_roles": half the dimensions with q = 0.05, which leans
            to communities, half with q = 20, which leans to roles, side by side with equal weight.
    """
    from recemb_core.embeddings.node2vec import node2vec_defaults, train_node2vec

    base = replace(node2vec_defaults(len(graph), seed), dimensions=dimensions, window=5)
    if start == "graph":
        return unit_rows(train_node2vec(graph, base).vectors)
    sizes = (dimensions // 2, dimensions - dimensions // 2)
    halves = [
        unit_rows(train_node2vec(graph, replace(base, q=q, dimensions=size)).vectors)
        for q, size in zip((COMMUNITIES_Q, ROLES_Q), sizes, strict=True)
        if size > 0
    ]
    return unit_rows(np.concatenate(halves, axis=1))


def known_rows(vectors: ItemVectors) -> BoolArray:
    """Which items have a vector: all, or of vectors made elsewhere those of the file."""
    return vectors.known if isinstance(vectors, BroughtVectors) else np.ones(len(vectors), dtype=bool)


def narrowed(vectors: ItemVectors, dimensions: int) -> tuple[Float32Array, float]:
    """Vectors of other lengths brought to k numbers: (rows (n, k), the share of their squared length that is kept).

    Rows are scaled to length 1. Where they have more than k numbers they are turned to their k principal directions,
    X V_k of X = U S Vᵀ, which keeps the inner products as well as k numbers can; where they have fewer, zeros follow.
    Items without a vector have zeros.

    References:
        Eckart, Young, *The approximation of one matrix by another of lower rank* (Psychometrika 1936).

    >>> from recemb_core.vocabulary import Vocabulary
    >>> two = ItemVectors(Vocabulary("ab"), np.array([[3, 0, 0], [0, 4, 0]], np.float32))
    >>> rows, kept = narrowed(two, 2)
    >>> float(abs(rows @ rows.T - np.eye(2)).max()) < 1e-6, round(kept, 6)
    (True, 1.0)
    """
    known = known_rows(vectors)
    rows = np.zeros_like(vectors.vectors, dtype=np.float64)
    rows[known] = unit_rows(finite_rows(vectors.vectors[known]))
    whole = float((rows**2).sum())
    if rows.shape[1] > dimensions:
        _, turned = np.linalg.eigh(rows.T @ rows)
        rows = rows @ turned[:, ::-1][:, :dimensions]
    elif rows.shape[1] < dimensions:
        rows = np.pad(rows, ((0, 0), (0, dimensions - rows.shape[1])))
    return rows.astype(np.float32), float((rows**2).sum()) / max(whole, 1e-12)


def start_from_vectors(
    table: FeatureTable, params: Params, vectors: Float32Array, scale: float, *, known: BoolArray | None = None
) -> Params:
    """FNN parameters with item vectors in the rows of the item field and of the item-before field.

    Args:
        params: a start of the FNN; column 0 of its embedding, the linear weights, and every other row stay.
        vectors: (n_items, k), scaled so that the root mean square of their entries is ``scale``.
        known: bool (n_items,), the items that have a vector; the others keep their start. None: all.
    """
    embedding = np.array(params["embedding"], copy=True)
    rows = np.arange(len(vectors)) if known is None else np.flatnonzero(known)
    size = np.sqrt(np.mean(finite_rows(vectors)[rows].astype(np.float64) ** 2))
    scaled = (vectors * (scale / max(size, 1e-12))).astype(np.float32)
    for item_field in table.fields:
        if item_field.kind in ("item", "context"):
            embedding[item_field.start + rows, 1:] = scaled[rows]
    return {**params, "embedding": embedding}


def item_vectors(table: FeatureTable, params: Params) -> Float32Array:
    """The item field's vectors in an FNN, float32 (n_items, k), without the linear weight."""
    column = table.column(ITEM)
    assert column is not None
    rows = table.fields[column]
    return np.asarray(params["embedding"])[rows.start : rows.start + rows.size, 1:]
