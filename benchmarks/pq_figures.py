"""What p and q do, in figures, each with its goal: the planted shop, Les Misérables, a barbell, role features.

    python -m benchmarks.pq_figures

Scores are shares of an item's 5 nearest neighbors (cosine), minus chance, averaged over groups. Everything but the role
features is a mean over seeds of walks and training. That p = q = 1 equals DeepWalk is tested by χ² in
tests/core/test_walks.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.graphs import les_miserables
from benchmarks.table import Row
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import ItemVectors, Node2VecConfig, RoleFeaturesConfig, train_node2vec, train_role_features
from recemb_core.evaluation import SeedBand, group_score, homophily_score, seed_band, structural_score
from recemb_core.evaluation.far_roles import far_roles_auc
from recemb_core.item_graph import ItemGraph
from recemb_core.item_graph.igraph_bridge import undirected_igraph
from recemb_core.neighbors.exact import nearest_others

SMALL = Node2VecConfig(dimensions=16, window=2, num_walks=20, walk_length=80, epochs=3)


def modularity(vectors: ItemVectors, graph: ItemGraph, clusters: int, seed: int) -> float:
    """Weighted modularity of the graph under k-means clusters of the vectors."""
    from sklearn.cluster import KMeans

    found = KMeans(clusters, n_init=10, random_state=seed).fit_predict(vectors.vectors)
    merged, weights = undirected_igraph(graph)
    return float(merged.modularity(found.tolist(), weights=weights.tolist()))


def linked_share(vectors: ItemVectors, graph: ItemGraph, k: int = 5) -> float:
    """Share of an item's k nearest vectors that are its neighbors in the graph."""
    joined = graph.to_scipy().toarray() > 0
    return float(np.take_along_axis(joined, nearest_others(vectors.vectors, k).astype(np.int64), axis=1).mean())


def over_seeds(
    graph: ItemGraph, config: Node2VecConfig, seeds: int, measure: Callable[[ItemVectors, int], float]
) -> SeedBand:
    """A figure of node2vec vectors over seeds."""
    return seed_band([measure(train_node2vec(graph, replace(config, seed=s)), s) for s in range(seeds)])


def band(found: SeedBand) -> str:
    return f"{found.mean:.3f} (seeds {found.low:.3f} to {found.high:.3f}, sd {found.sd:.3f})"


def gap(more: SeedBand, less: SeedBand) -> str:
    error = float(np.hypot(more.standard_error, less.standard_error))
    change = more.mean - less.mean
    return f"{change:+.3f}, standard error {error:.4f}, {change / max(error, 1e-12):.1f} standard errors"


def novel(seeds: int) -> None:
    """Les Misérables: the claim of the paper's Figure 3, its communities, and who is near whom."""
    graph = les_miserables()
    print(f"Les Misérables, 20 × 80 walks, 3 epochs, d = 16, {seeds} seeds")
    for window in (2, 10):
        config = replace(SMALL, window=window)
        low, high = (
            over_seeds(graph, replace(config, q=q), seeds, lambda v, _: structural_score(v, graph).value)
            for q in (0.5, 2.0)
        )
        goal = " (goal: 2 to 8 standard errors above 0)" if window == 2 else " (not asked for)"
        print(f"  window {window:2}: structural, q = .5 {band(low)}; q = 2 {band(high)}")
        print(f"             q = 2 minus q = .5: {gap(high, low)}{goal}")
        community = [
            over_seeds(graph, replace(config, q=q), seeds, lambda v, _: homophily_score(v, graph).value)
            for q in (0.5, 2.0)
        ]
        print(f"             homophily, q = .5 {band(community[0])}; q = 2 {band(community[1])}")
    for window in (2, 5, 10):
        found = over_seeds(graph, replace(SMALL, window=window, q=0.5), seeds, lambda v, s: modularity(v, graph, 6, s))
        print(f"  window {window:2}: modularity of 6 k-means clusters at q = .5: {band(found)} (goal .52 or more)")
    for window in (2, 10):
        home, away = (
            over_seeds(graph, replace(SMALL, window=window, p=p, q=q), seeds, lambda v, _: linked_share(v, graph))
            for p, q in ((0.05, 20.0), (20.0, 0.05))
        )
        print(
            f"  window {window:2}: nearest 5 that are graph neighbors, (p = .05, q = 20) {home.mean:.3f}, "
            f"(p = 20, q = .05) {away.mean:.3f}: {gap(home, away)} (goal +.08 or more)"
        )
    roles = train_role_features(graph)
    print(
        f"  role features: structural {structural_score(roles, graph).value:.3f}, "
        f"homophily {homophily_score(roles, graph).value:.3f}"
    )


def shop(seeds: int) -> None:
    """The planted shop: best-sellers leave their categories, and come home."""
    data = load_dataset("planted_shop")
    graph = data.graph
    assert graph is not None
    print(f"Planted shop, 20 × 80 walks, window 2, 3 epochs, d = 16, {seeds} seeds; planted roles and categories")
    goals = {(1.0, 0.05): "below .1", (1.0, 20.0): "above .35", (1.0, 1.0): "about .02", (0.05, 20.0): "low again"}
    for p, q in ((1.0, 0.05), (1.0, 1.0), (1.0, 20.0), (0.05, 20.0)):
        trained = [train_node2vec(graph, replace(SMALL, p=p, q=q, seed=s)) for s in range(seeds)]
        structural, homophily = (
            seed_band([group_score(v, data.labels[label]).value for v in trained]) for label in ("role", "category")
        )
        print(
            f"  p = {p:g}, q = {q:g}: structural {band(structural)} (goal {goals[p, q]}); homophily {band(homophily)}"
        )
    roles = train_role_features(graph)
    found, by_category = (group_score(roles, data.labels[label]) for label in ("role", "category"))
    print(
        f"  role features: structural {found.value:.3f} of {found.maximum:.3f} (goal .45 or more); "
        f"homophily {by_category.value:.3f} of {by_category.maximum:.3f} (goal: far below node2vec's)"
    )


def barbell(seeds: int) -> None:
    """Same-role pairs at opposite ends against pairs of two roles."""
    data = load_dataset("barbell")
    graph = data.graph
    assert graph is not None
    role, side = data.labels["role"], data.labels["side"]
    print(f"Barbell: P(cosine of a same-role pair at opposite ends > that of a pair of two roles), {seeds} seeds")
    for scale in ("log", "bins"):
        roles = train_role_features(graph, RoleFeaturesConfig(scale=scale))  # type: ignore[arg-type]
        print(f"  role features ({scale}): {far_roles_auc(roles, role, side):.3f} (goal .9 or more)")
    highest = 0.0
    for p in (0.05, 1.0, 20.0):
        cells = []
        for q in (0.05, 1.0, 20.0):
            trained = [train_node2vec(graph, replace(SMALL, p=p, q=q, seed=s)) for s in range(seeds)]
            found = seed_band([far_roles_auc(v, role, side) for v in trained])
            # Pairs that all reach from end to end: distance tells them apart no longer.
            across = seed_band([far_roles_auc(v, role, side, both_across=True) for v in trained])
            highest = max(highest, found.high)
            cells.append(f"q = {q:g}: {found.mean:.3f} (highest {found.high:.3f}; all pairs across {across.mean:.3f})")
        print(f"  node2vec p = {p:g}: {'; '.join(cells)}")
    print(f"  node2vec, highest of all cells and seeds: {highest:.3f} (goal below .5)")


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: what can be told in one number, beside its goal."""
    data = load_dataset("planted_shop")
    graph, role = data.graph, data.labels["role"]
    assert graph is not None
    trained = [group_score(train_node2vec(graph, replace(SMALL, q=20.0, seed=s)), role).value for s in range(5)]
    roles = group_score(train_role_features(graph), role).value
    for name, scores, goal in (("node2vec, q = 20", trained, 0.35), ("role features", [roles], 0.45)):
        what, size = f"structural score, {name}", f"planted shop, {len(graph)} items"
        yield Row.of_turns(what, size, "share", "goal", scores, [goal] * len(scores), over="seeds")
    novel = les_miserables()
    scores = [modularity(train_node2vec(novel, replace(SMALL, q=0.5, seed=s)), novel, 6, s) for s in range(5)]
    what = "modularity of 6 clusters, q = .5"
    yield Row.of_turns(what, "Les Misérables", "modularity", "goal", scores, [0.52] * len(scores), over="seeds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    novel(arguments.seeds)
    shop(arguments.seeds)
    barbell(arguments.seeds)


if __name__ == "__main__":
    main()
