"""node2vec's objective on one node: contexts, softmaxes and negative sampling against sums made by hand."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from recemb_core.embeddings import Node2VecConfig, train_node2vec
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.noise import noise_distribution
from recemb_core.embeddings.training_steps import sigmoid
from recemb_core.evaluation.walk_objective import neighborhood, walk_objective
from recemb_core.item_graph import ItemGraph
from recemb_core.vocabulary import Vocabulary
from recemb_core.walks import generate_walks

WALKS = np.random.default_rng(1).integers(-1, 9, size=(600, 12)).astype(np.int32)
WALKS[np.cumsum(WALKS < 0, axis=1) > 0] = -1  # a walk that has ended stays so
N = 9


def model_of(seed: int = 0, dimensions: int = 5) -> ItemVectors:
    draw = np.random.default_rng(seed)
    v, out = (draw.normal(size=(N, dimensions)).astype(np.float32) for _ in range(2))
    counts = np.bincount(WALKS[WALKS >= 0], minlength=N)
    return ItemVectors(Vocabulary(map(str, range(N))), v, out, counts, (), Node2VecConfig(negative=3))


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("row", [0, 4])
def test_contexts_are_those_of_the_windows(row: int, window: int) -> None:
    found = neighborhood(WALKS, row, N, window)
    steps = [step for step in range(-window, window + 1) if step]
    times, places = np.zeros(N), []
    for walk in WALKS.tolist():
        for i, item in enumerate(walk):
            if item == row:
                at = [walk[i + step] if 0 <= i + step < len(walk) else -1 for step in steps]
                places.append(at)
                for node, step in zip(at, steps, strict=True):
                    times[node] += (node >= 0) * (window - abs(step) + 1) / window
    assert found.times == pytest.approx(times)
    assert (found.windows, found.size) == (len(places), pytest.approx(times.sum()))
    both, expected = dict.fromkeys(combinations(set(range(N)) - {row}, 2), 0), {}
    for pair in both:
        expected[pair] = 0.0
        for s, t in permutations(range(len(steps)), 2):
            seen = [at for at in places if at[s] >= 0 and at[t] >= 0]
            both[pair] += sum((at[s], at[t]) == pair for at in seen)
            share = [sum(at[k] == node for at in seen) / len(seen) for k, node in zip((s, t), pair, strict=True)]
            expected[pair] += len(seen) * share[0] * share[1]
    judged = {pair for pair in both if expected[pair] >= 5}
    if not judged:
        assert found.first == -1
        return
    pair = (min(found.first, found.second), max(found.first, found.second))
    assert (found.both, found.expected) == (both[pair], pytest.approx(expected[pair]))
    apart = max(abs(both[p] - expected[p]) / expected[p] ** 0.5 for p in judged)
    assert abs(found.both - found.expected) / found.expected**0.5 == pytest.approx(apart)


def test_walks_without_memory_pass_for_independent() -> None:
    """Uniform draws: with window 2 the places around a node are independent; 28 pairs, bound of 4.5 deviations."""
    walks = np.random.default_rng(2).integers(9, size=(4_000, 30)).astype(np.int32)
    found = neighborhood(walks, 0, 9, 2)
    assert abs(found.both - found.expected) < 4.5 * found.expected**0.5


def test_the_objective_is_the_sum_of_log_probabilities() -> None:
    model = model_of()
    around = neighborhood(WALKS, 2, N, 2)
    found = walk_objective(model, around)
    v, out = model.vectors.astype(float), model.output_vectors.astype(float)  # type: ignore[union-attr]
    noise = noise_distribution(model.counts)
    for softmax, scores in (
        (found.one_table, v @ v[2]),
        (found.two_tables, out @ v[2]),
        (found.with_noise, out @ v[2] + np.log(noise)),
    ):
        p = np.exp(scores) / np.exp(scores).sum()
        assert softmax.probabilities == pytest.approx(p)
        assert softmax.value == pytest.approx(float(around.times @ np.log(p)))
        assert softmax.by_context <= found.best + 1e-12
        assert softmax.printed - softmax.value == pytest.approx((around.size - 1) * softmax.log_z)
    assert found.uniform == pytest.approx(-np.log(N))
    share = around.shares
    x = out @ v[2]
    assert found.trained == pytest.approx(share @ np.log(sigmoid(x)) + 3 * (noise @ np.log(sigmoid(-x))))
    assert found.trained <= found.trained_best


def test_nothing_near_the_optimum_is_better() -> None:
    """Products at log(share / (k · p_n)) give the best of what is trained; a step to any side is worse."""
    around = neighborhood(WALKS, 3, N, 2)
    model = model_of(dimensions=N + 1)
    noise = noise_distribution(model.counts)
    optimum = np.log(around.shares / (3 * noise))
    v = np.zeros((N, N), dtype=np.float32)
    v[3, 0] = 1

    def at(products: np.ndarray) -> float:
        out = np.zeros((N, N), dtype=np.float32)
        out[:, 0] = products
        made = ItemVectors(model.items, v, out, model.counts, (), model.config)
        found = walk_objective(made, around)
        return found.trained

    top = at(optimum)
    assert top == pytest.approx(walk_objective(model, around).trained_best, abs=1e-5)
    for n in range(N):
        for by in (-0.3, 0.3):
            assert at(optimum + by * (np.arange(N) == n)) < top


def test_training_comes_near_what_it_maximizes() -> None:
    edges = [(a, b) for group in (range(6), range(6, 12)) for a, b in combinations(group, 2)] + [(0, 6)]
    graph = ItemGraph.from_edges(*np.array(edges).T, directed=False)
    config = Node2VecConfig(dimensions=8, window=2, epochs=5, num_walks=20, walk_length=40)
    model = train_node2vec(graph, config)
    around = neighborhood(generate_walks(graph, config), 1, len(graph), config.window)
    found = walk_objective(model, around)
    assert found.trained_best - found.trained < 0.1
    assert found.with_noise.by_context > found.uniform + 0.3


def test_a_model_without_a_second_table_is_refused() -> None:
    model = model_of()
    lone = ItemVectors(model.items, model.vectors, None, model.counts, (), model.config)
    with pytest.raises(ValueError, match="no output vectors"):
        walk_objective(lone, neighborhood(WALKS, 0, N, 1))
