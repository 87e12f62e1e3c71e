"""A true role embedding: recursive structural features; and two embeddings side by side as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError, is_whole, require, require_dimensions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# From this density on, one dense product is cheaper than a sparse one whose result is full.
DENSE_FROM, DENSE_UP_TO = 0.05, 6_000
PATHS_AT_A_TIME = 8_000_000  # ways of two steps, an entry of 12 bytes each at most


@dataclass(frozen=True, kw_only=True)
class RoleFeaturesConfig:
    """How roles are read off the graph.

    Attributes:
        dimensions: vector length d; larger keeps rarer differences. Where fewer features differ, the last are 0.
        rounds: how often neighbors are asked, so features see this many steps further than the egonet; larger tells
            apart items that differ only far away, 0 looks at the egonet alone.
        scale: "log" takes log(1 + x) of every feature; "bins" is ReFeX's vertical logarithmic binning, where the lowest
            half of the items gets 0, half of the rest 1, and so on: only rank counts.
        similarity: of two features whose correlation (without its sign) exceeds this, the later one is left out;
            smaller keeps fewer.
    """

    dimensions: int = 16
    rounds: int = 2
    scale: Literal["log", "bins"] = "log"
    similarity: float = 0.98

    def __post_init__(self) -> None:
        require_dimensions(self.dimensions)
        require(is_whole(self.rounds) and 0 <= self.rounds <= 10, "rounds", self.rounds, "a whole number from 0 to 10")
        require(self.scale in ("log", "bins"), "scale", self.scale, "'log' or 'bins'")
        require(0 < self.similarity <= 1, "similarity", self.similarity, "above 0 and at most 1")


def train_role_features(graph: ItemGraph, config: RoleFeaturesConfig | None = None) -> ItemVectors:
    """Role vectors: items whose surroundings look alike are near, however far apart they are in the graph.

    Local features F₀ (n, f) of every item: degree and strength (in and out as well where edges have a direction), the
    edges and the weight inside its egonet and leaving it, clustering coefficient and core number. Each round asks the
    neighbors N(i) about what the round before found:

        F_{r+1}(i) = [ Σ_{j ∈ N(i)} F_r(j),  (1 / |N(i)|) Σ_{j ∈ N(i)} F_r(j) ]

    (out- and in-neighbors apart where edges have a direction). Features that nearly repeat an earlier one are left out
    and not asked about again. The rest, scaled and standardised to X (n, f'), are reduced by X ≈ U S Vᵀ to the
    d columns of U S. Nothing is random: the same graph gives the same vectors, and items that no feature tells apart,
    such as mirror images, get the same vector.

    Args:
        graph: n items; weighted, directed or not.
        config: see :class:`RoleFeaturesConfig`.

    Returns:
        Vectors (n, ``dimensions``) without output vectors. The mean vector is 0, so cosine compares directions away
        from the average item.

    References:
        Henderson et al., *It's Who You Know: Graph Mining Using Recursive Structural Features*, KDD 2011. There a
        feature is left out when its bins differ nowhere by more than a tolerance; here the correlation decides.
        Rossi et al., *On Proximity and Structural Role-based Embeddings in Networks*, TKDD 2020, arXiv 1908.08572.

    >>> from recemb_core.datasets import load_dataset
    >>> barbell = load_dataset("barbell").graph
    >>> roles = train_role_features(barbell, RoleFeaturesConfig(dimensions=4))
    >>> roles.vectors.shape, roles.most_similar("9", k=1)[0][0]   # the gates at the two ends of the path
    ((30, 4), '20')
    """
    config = config or RoleFeaturesConfig()
    kept = _scaled(_recursive_features(graph, config), config.scale)
    return ItemVectors(graph.items, _reduced(kept, config.dimensions), config=config)


def concatenate(a: ItemVectors, b: ItemVectors) -> ItemVectors:
    """Two embeddings of the same items side by side, each row of each scaled to length 1: float32 (n, d_a + d_b).

    Cosine in the result is the mean of the two cosines (of items that neither embedding leaves at 0).
    Two node2vec embeddings, one that leans to communities (small q) and one to roles (large q), become the input
    features of one deep model.

    Raises:
        ValueError: the two are not of the same items in the same order.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> a = ItemVectors(Vocabulary("xy"), np.array([[2, 0], [0, 1]], np.float32))
    >>> concatenate(a, a).vectors.tolist()
    [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    """
    if a.items != b.items:
        raise UsageError(f"both must hold the same items in the same order; one has {len(a)} items, the other {len(b)}")
    return ItemVectors(a.items, np.hstack([unit_rows(a.vectors), unit_rows(b.vectors)]))


def _recursive_features(graph: ItemGraph, config: RoleFeaturesConfig) -> Float64Array:
    ways = _neighbor_matrices(graph)
    found = _kept(_local_features(graph), np.empty((len(graph), 0)), config)
    latest = found
    for _ in range(config.rounds):
        asked = []
        for neighbors in ways:
            total = neighbors @ latest
            count = np.diff(neighbors.indptr)[:, None]
            asked += [total, total / np.maximum(count, 1)]
        latest = _kept(np.hstack(asked), found, config)
        found = np.hstack([found, latest])
        if latest.shape[1] == 0:
            break
    return found


def _neighbor_matrices(graph: ItemGraph) -> list[csr_array]:
    """0/1 matrices of out-neighbors and, where they are others, of in-neighbors."""
    out = graph.to_scipy().astype(np.float64)
    out.data[:] = 1.0
    return [out, out.T.tocsr()] if graph.directed else [out]


def _local_features(graph: ItemGraph) -> Float64Array:
    """(n, f); the egonet is that of the graph without directions."""
    from recemb_core.item_graph.igraph_bridge import undirected_igraph

    weights = graph.to_scipy().astype(np.float64)
    directed = []
    if graph.directed:
        out, into = weights, weights.T.tocsr()
        directed = [np.diff(m.indptr).astype(np.float64) for m in (out, into)]
        directed += [m.sum(axis=1) for m in (out, into)]
        weights = (out + into).tocsr()
    joined = weights.copy()
    joined.data = np.ones_like(joined.data)
    degree, strength = joined.sum(axis=1), weights.sum(axis=1)
    triangles, triangle_weight = _opposite(joined, joined), _opposite(joined, weights)
    inside, inside_weight = degree + triangles, strength + triangle_weight
    leaving = degree + joined @ degree - 2 * inside
    leaving_weight = strength + joined @ strength - 2 * inside_weight
    clustering = 2 * triangles / np.maximum(degree * (degree - 1), 1)
    core = np.asarray(undirected_igraph(graph)[0].coreness(), dtype=np.float64).reshape(len(graph))
    columns = [degree, strength, *directed, inside, inside_weight, leaving, leaving_weight, clustering, core]
    return np.asarray(np.maximum(np.column_stack(columns), 0.0))  # leaving weight may come out at −1e-13


def _opposite(joined: csr_array, values: csr_array) -> Float64Array:
    """Σ of ``values`` over the edges between neighbors of each item: ½ Σ_jk A_ij V_jk A_ik."""
    n = joined.shape[0]
    if n and joined.nnz / n**2 > DENSE_FROM and n <= DENSE_UP_TO:
        dense = joined.toarray().astype(np.float32)
        twice = np.einsum("ij,ij->i", dense @ values.toarray().astype(np.float32), dense, dtype=np.float64)
        return np.asarray(twice / 2)
    found = np.zeros(n)
    # A row of the product has an entry for every item two steps away: as many rows at a time as fit into the bound.
    paths = np.cumsum(joined @ np.diff(values.indptr).astype(np.float64))
    start = 0
    while start < n:
        before = paths[start - 1] if start else 0.0
        end = max(int(np.searchsorted(paths, before + PATHS_AT_A_TIME, side="right")), start + 1)
        rows = joined[start:end]
        found[start:end] = np.asarray((rows @ values).multiply(rows).sum(axis=1)).reshape(end - start)
        start = end
    return found / 2


def _scaled(features: Float64Array, scale: str) -> Float64Array:
    """Scaled and standardised; a column that is the same everywhere becomes 0."""
    values = np.log1p(features) if scale == "log" else _bins(features)
    centered = values - values.mean(axis=0) if len(values) else values
    spread = centered.std(axis=0) if len(values) else np.ones(values.shape[1])
    level = spread > 1e-9 * np.maximum(np.abs(values).max(axis=0, initial=0.0), 1.0)
    return np.divide(centered, spread, out=np.zeros_like(centered), where=level)


def _bins(features: Float64Array) -> Float64Array:
    """Vertical logarithmic binning: bin b where a share 1 − 2^−b to 1 − 2^−(b+1) of the items has smaller values."""
    n = len(features)
    tidy = np.round(features, 9)  # sums that differ by rounding are ties
    below = np.column_stack([np.searchsorted(np.sort(c), c, side="left") for c in tidy.T]) if tidy.size else tidy
    return np.floor(-np.log2(1 - below / max(n, 1)) + 1e-9)


def _kept(new: Float64Array, found: Float64Array, config: RoleFeaturesConfig) -> Float64Array:
    """The new columns that differ between items and repeat neither an earlier column nor one another."""
    n = max(len(new), 1)
    before, after = _scaled(found, config.scale), _scaled(new, config.scale)
    with_earlier = np.abs(before.T @ after / n).max(axis=0, initial=0.0)
    among = np.abs(after.T @ after / n)
    chosen: list[int] = []
    for column in range(new.shape[1]):
        level = among[column, column] < 0.5  # standardised columns have 1, level ones 0
        nearest = max(with_earlier[column], among[column, chosen].max(initial=0.0))
        if not level and nearest <= config.similarity:
            chosen.append(column)
    return new[:, chosen]


def _reduced(standard: Float64Array, dimensions: int) -> Float32Array:
    """U S of the first ``dimensions`` singular values, signs fixed; columns beyond the rank are 0."""
    vectors = np.zeros((len(standard), dimensions), dtype=np.float32)
    if standard.size == 0:
        return vectors
    _, size, right = np.linalg.svd(standard, full_matrices=False)
    rank = min(dimensions, int((size > 1e-9 * size[0]).sum()))
    right = right[:rank]
    sign = np.sign(right[np.arange(rank), np.abs(right).argmax(axis=1)])
    vectors[:, :rank] = standard @ (right.T * sign)
    return vectors
