"""Walks: exact step frequencies, whatever the weights, the direction, p and q."""

from __future__ import annotations

import types
from collections.abc import Iterator

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from recemb_core.item_graph import ItemGraph
from recemb_core.vocabulary import Vocabulary
from recemb_core.walks import WalkConfig, generate_walks, transition_probabilities
from recemb_core.walks.tables import walk_tables

LEAST_P_VALUE = 0.001  # seeds are fixed, so a test that passes once passes always
STEPS = 100_000


def random_graph(*, directed: bool, n: int = 24, density: float = 0.25, seed: int = 0, decades: float = 1) -> ItemGraph:
    """Weights spread over ``decades`` powers of ten; in a directed graph every edge has a weight of its own."""
    rng = np.random.default_rng(seed)
    linked = rng.random((n, n)) < density
    source, target = np.nonzero(linked if directed else np.triu(linked, 1))
    weight = 10 ** rng.uniform(0, decades, len(source))
    return ItemGraph.from_edges(source, target, weight, directed=directed, items=Vocabulary(range(n)))


def steps_by_pair(walks: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Every (previous, current) that occurs, with the nodes that came next."""
    triples = np.column_stack([walks[:, :-2].ravel(), walks[:, 1:-1].ravel(), walks[:, 2:].ravel()])
    triples = triples[triples[:, 2] >= 0]
    triples = triples[np.lexsort((triples[:, 1], triples[:, 0]))]
    ends = np.flatnonzero(np.any(np.diff(triples[:, :2], axis=0), axis=1)) + 1
    for group in np.split(triples, ends):
        yield int(group[0, 0]), int(group[0, 1]), group[:, 2]


def p_value(graph: ItemGraph, walks: np.ndarray, p: float, q: float) -> float:
    """Pearson's test over all (previous, current) pairs at once.

    Outcomes expected fewer than five times are pooled with each other, or with the least common other one.
    """
    statistic, freedom = 0.0, 0
    for t, v, following in steps_by_pair(walks):
        ids, probabilities = transition_probabilities(graph, None if t < 0 else t, v, p=p, q=q)
        seen = np.bincount(following, minlength=len(graph))[ids]
        assert seen.sum() == len(following), "a step that is no edge"
        order = np.argsort(-probabilities)
        expected, seen = probabilities[order] * len(following), seen[order]
        cells = max(1, np.count_nonzero(expected >= 5))
        if expected[cells:].sum() >= 5:
            cells += 1
        expected = np.append(expected[: cells - 1], expected[cells - 1 :].sum())
        seen = np.append(seen[: cells - 1], seen[cells - 1 :].sum())
        statistic += float(((seen - expected) ** 2 / expected).sum())
        freedom += cells - 1
    return float(chi2.sf(statistic, freedom)) if freedom else 1.0


def first_steps(walks: np.ndarray) -> np.ndarray:
    """Every step as a walk of its own that came from nowhere, so that the same test applies."""
    here, there = walks[:, :-1].ravel(), walks[:, 1:].ravel()
    return np.column_stack([np.full(len(here), -1), here, there])


def class_scores(graph: ItemGraph, walks: np.ndarray, p: float, q: float) -> np.ndarray:
    """Standard scores of the numbers of steps back, to distance 1, and beyond: three rare or common classes."""
    seen, expected, variance = np.zeros(3), np.zeros(3), np.zeros(3)
    for t, v, following in steps_by_pair(walks):
        ids, probabilities = transition_probabilities(graph, t, v, p=p, q=q)
        kind = np.where(ids == t, 0, np.where(np.isin(ids, graph.neighbors(t)[0]), 1, 2))
        kind_of = np.full(len(graph), 3)
        kind_of[ids] = kind
        share = np.bincount(kind, weights=probabilities, minlength=3)
        seen += np.bincount(kind_of[following], minlength=3)
        expected += share * len(following)
        variance += share * (1 - share) * len(following)
    return (seen - expected)[variance > 1] / np.sqrt(variance[variance > 1])


def walk(graph: ItemGraph, p: float, q: float, *, seed: int = 1, length: int = 50) -> np.ndarray:
    rounds = max(1, round(STEPS / (len(graph) * length)))
    return generate_walks(graph, WalkConfig(num_walks=rounds, walk_length=length, p=p, q=q, seed=seed))


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(
    ("p", "q"), [(0.5, 2), (2, 0.5), (0.25, 0.25), (4, 4), (1, 3), (3, 1), (0.25, 1), (1, 0.25), (0.1, 0.5)]
)
def test_second_order_frequencies_match_the_closed_form(directed: bool, p: float, q: float) -> None:
    graph = random_graph(directed=directed, seed=3)
    assert p_value(graph, walk(graph, p, q), p, q) > LEAST_P_VALUE


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("p", [1e-3, 1e3])
@pytest.mark.parametrize("q", [1e-3, 1e3])
def test_extreme_p_and_q_are_exact_too(directed: bool, p: float, q: float) -> None:
    # Short walks: with a small p, long ones would spend their steps on one edge each.
    graph = random_graph(directed=directed, n=16, density=0.4, seed=4)
    walks = walk(graph, p, q, length=4)
    assert p_value(graph, walks, p, q) > LEAST_P_VALUE
    scores = class_scores(graph, walks, p, q)
    assert len(scores) >= 2
    assert np.abs(scores).max() < 3.6  # p > 0.001 for three scores together


def test_the_scan_after_many_rejections_draws_from_the_closed_form() -> None:
    # A ring with spokes has no triangles: with p = q = 1000 one draw in a thousand is accepted, so the scan decides.
    # A chord makes one triangle, whose steps have α = 1 among neighbors with 1/q.
    source, target = [*range(12), *range(12), 0], [*((i + 1) % 12 for i in range(12)), *range(12, 24), 2]
    graph = ItemGraph.from_edges(source, target, np.arange(1, 26), directed=False)
    walks = walk(graph, 1e3, 1e3)
    assert p_value(graph, walks, 1e3, 1e3) > LEAST_P_VALUE
    assert np.abs(class_scores(graph, walks, 1e3, 1e3)).max() < 3.6


@pytest.mark.parametrize("directed", [False, True])
def test_p_and_q_of_one_walk_first_order_with_weights(directed: bool) -> None:
    graph = random_graph(directed=directed, seed=6)
    walks = walk(graph, 1, 1)
    assert p_value(graph, first_steps(walks), 1, 1) > LEAST_P_VALUE
    assert p_value(graph, walks, 1, 1) > LEAST_P_VALUE


@pytest.mark.parametrize("directed", [False, True])
def test_first_steps_are_first_order_at_any_p_and_q(directed: bool) -> None:
    graph = random_graph(directed=directed, seed=7)
    walks = walk(graph, 0.1, 10, length=2)
    assert p_value(graph, first_steps(walks), 0.1, 10) > LEAST_P_VALUE


def test_weights_over_six_decades() -> None:
    graph = random_graph(directed=True, density=0.5, seed=8, decades=6)
    assert p_value(graph, walk(graph, 0.5, 2), 0.5, 2) > LEAST_P_VALUE


def test_return_edge_with_a_weight_of_its_own() -> None:
    # 0 → 1 weighs 1, 1 → 0 weighs 6: from 0 to 1, going back has 6/p against 2/q for 2 and 1 (an edge 0 → 3) for 3.
    graph = ItemGraph.from_edges([0, 1, 1, 1, 0, 2, 3], [1, 0, 2, 3, 3, 0, 0], [1, 6, 2, 1, 1, 1, 1], directed=True)
    ids, probabilities = transition_probabilities(graph, 0, 1, p=0.5, q=4)
    assert ids.tolist() == [0, 2, 3]
    np.testing.assert_allclose(probabilities, np.array([12, 0.5, 1]) / 13.5)
    walks = walk(graph, 0.5, 4)
    came = (walks[:, :-2] == 0) & (walks[:, 1:-1] == 1)
    seen = np.bincount(walks[:, 2:][came], minlength=4)[ids]
    expected = probabilities * seen.sum()
    assert chi2.sf(((seen - expected) ** 2 / expected).sum(), 2) > LEAST_P_VALUE


def test_distance_one_is_an_edge_from_previous_not_to_it() -> None:
    # 0 → 1, then 2 (0 → 2 exists) or 3 (only 3 → 0 exists).
    graph = ItemGraph.from_edges([0, 1, 1, 0, 3, 2], [1, 2, 3, 2, 0, 0], directed=True)
    ids, probabilities = transition_probabilities(graph, 0, 1, p=1, q=3)
    assert ids.tolist() == [2, 3]
    np.testing.assert_allclose(probabilities, [0.75, 0.25])
    walks = walk(graph, 1, 3)
    came = (walks[:, :-2] == 0) & (walks[:, 1:-1] == 1)
    share, total = (walks[:, 2:][came] == 2).mean(), came.sum()
    assert abs(share - 0.75) < 3.3 * np.sqrt(0.75 * 0.25 / total)  # p > 0.001


def test_a_graph_named_undirected_with_uneven_weights_is_walked_by_its_rows() -> None:
    even = random_graph(directed=False, seed=9)
    uneven = np.random.default_rng(0).integers(1, 9, len(even.weights)).astype(np.float32)
    graph = ItemGraph(even.indptr, even.indices, uneven, even.items, directed=False)
    assert p_value(graph, walk(graph, 0.3, 2), 0.3, 2) > LEAST_P_VALUE


@pytest.mark.parametrize("directed", [False, True])
def test_walks_depend_on_the_seed_and_not_on_threads(directed: bool) -> None:
    graph = random_graph(directed=directed, n=300, density=0.03, seed=10)
    config = WalkConfig(num_walks=3, walk_length=20, p=0.5, q=2, seed=5)
    before = numba.get_num_threads()
    try:
        found = []
        for threads in (1, min(2, before)):
            numba.set_num_threads(threads)
            found.append(generate_walks(graph, config))
    finally:
        numba.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], generate_walks(graph, WalkConfig(num_walks=3, walk_length=20, p=0.5, q=2)))


def test_rounds_visit_every_node_in_an_order_of_their_own() -> None:
    graph = random_graph(directed=False, seed=11)
    n = len(graph)
    walks = generate_walks(graph, WalkConfig(num_walks=3, walk_length=4))
    assert walks.shape == (3 * n, 4)
    assert walks.dtype == np.int32
    rounds = walks[:, 0].reshape(3, n)
    assert (np.sort(rounds, axis=1) == np.arange(n)).all()
    assert not (rounds[0] == rounds[1]).all()
    assert not (rounds[0] == np.arange(n)).all()


def test_walks_end_at_nodes_without_out_edges() -> None:
    graph = ItemGraph.from_edges([0, 1], [1, 2], directed=True, items=Vocabulary("abcd"))
    walks = generate_walks(graph, WalkConfig(num_walks=2, walk_length=5, p=0.5, q=2))
    by_start = {tuple(row) for row in walks.tolist()}
    assert by_start == {(0, 1, 2, -1, -1), (1, 2, -1, -1, -1), (2, -1, -1, -1, -1), (3, -1, -1, -1, -1)}


def test_small_graphs() -> None:
    nobody = ItemGraph.from_edges([], [], directed=False, items=Vocabulary([]))
    assert generate_walks(nobody, WalkConfig(walk_length=7)).shape == (0, 7)
    alone = ItemGraph.from_edges([], [], directed=False, items=Vocabulary(["tea"]))
    assert generate_walks(alone, WalkConfig(num_walks=2, walk_length=3)).tolist() == [[0, -1, -1]] * 2
    pair = ItemGraph.from_edges([0], [1], directed=False)
    assert sorted(generate_walks(pair, WalkConfig(num_walks=1, walk_length=3, p=9)).tolist()) == [[0, 1, 0], [1, 0, 1]]
    assert sorted(generate_walks(pair, WalkConfig(num_walks=1, walk_length=1)).tolist()) == [[0], [1]]


def test_any_object_with_the_five_attributes_is_a_config() -> None:
    graph = random_graph(directed=False, seed=12)
    fields = {"num_walks": 1, "walk_length": 5, "p": 2.0, "q": 0.5, "seed": 3}
    trainer = types.SimpleNamespace(dimensions=16, **fields)
    np.testing.assert_array_equal(generate_walks(graph, trainer), generate_walks(graph, WalkConfig(**fields)))
    with pytest.raises(ValueError, match="walk_length"):
        generate_walks(graph, types.SimpleNamespace(**{**fields, "walk_length": 0}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_walks", 0),
        ("num_walks", 2.5),
        ("num_walks", True),
        ("walk_length", 0),
        ("walk_length", "80"),
        ("p", 0),
        ("p", -1.0),
        ("p", float("nan")),
        ("p", None),
        ("q", float("inf")),
        ("q", "2"),
        ("seed", -1),
        ("seed", None),
        ("seed", 2**64),
    ],
)
def test_config_names_the_field_its_value_and_what_is_allowed(field: str, value: object) -> None:
    with pytest.raises(ValueError) as error:
        WalkConfig(**{field: value})  # type: ignore[arg-type]
    assert str(error.value).startswith(f"{field} must be ")
    assert repr(value) in str(error.value)


def test_config_is_frozen_and_keyword_only() -> None:
    with pytest.raises(AttributeError):
        WalkConfig().p = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        WalkConfig(10)  # type: ignore[misc]


def test_transition_probabilities_reject_what_no_walk_can_do() -> None:
    graph = ItemGraph.from_edges([0, 1], [1, 2], directed=True)
    with pytest.raises(ValueError, match="there is none"):
        transition_probabilities(graph, 1, 0, p=1, q=1)
    with pytest.raises(ValueError, match="current must be a row number from 0 to 2, not 3"):
        transition_probabilities(graph, None, 3, p=1, q=1)
    with pytest.raises(ValueError, match="previous must be a row number"):
        transition_probabilities(graph, -1, 1, p=1, q=1)
    with pytest.raises(ValueError, match="q must be"):
        transition_probabilities(graph, None, 1, p=1, q=0)
    for previous in (None, 1):
        ids, probabilities = transition_probabilities(graph, previous, 2, p=1, q=1)
        assert len(ids) == len(probabilities) == 0
        assert (ids.dtype, probabilities.dtype) == (np.int32, np.float64)


def test_tables_are_kept_with_the_graph() -> None:
    graph = random_graph(directed=False, seed=13)
    assert walk_tables(graph) is walk_tables(graph)


def test_alias_tables_give_back_the_weights() -> None:
    graph = random_graph(directed=True, density=0.6, seed=14, decades=4)
    tables = walk_tables(graph)
    keep = tables.edges["keep"] / 2**32
    mass = keep + np.bincount(tables.edges["alias"], weights=1 - keep, minlength=len(keep))
    share = mass / graph.out_degree[graph.sources]
    expected = graph.weights / tables.nodes["total"][graph.sources]
    np.testing.assert_allclose(share, expected, rtol=0, atol=1e-8)


graphs = st.builds(
    random_graph,
    directed=st.booleans(),
    n=st.integers(1, 30),
    density=st.sampled_from([0.02, 0.1, 0.5]),
    seed=st.integers(0, 10_000),
    decades=st.sampled_from([0.0, 1.0, 12.0]),
)
biases = st.floats(1e-3, 1e3)


@settings(max_examples=100, deadline=None)
@given(graph=graphs, p=biases, q=biases, seed=st.integers(0, 2**62))
@pytest.mark.slow
def test_every_step_is_an_edge_and_walks_end_only_where_they_must(
    graph: ItemGraph, p: float, q: float, seed: int
) -> None:
    walks = generate_walks(graph, WalkConfig(num_walks=2, walk_length=6, p=p, q=q, seed=seed))
    here, there = walks[:, :-1].ravel(), walks[:, 1:].ravel()
    step = there >= 0
    edges = set(zip(graph.sources.tolist(), graph.indices.tolist(), strict=True))
    assert set(zip(here[step].tolist(), there[step].tolist(), strict=True)) <= edges
    assert (graph.out_degree[here[~step & (here >= 0)]] == 0).all()


@settings(max_examples=100, deadline=None)
@given(graph=graphs, p=biases, q=biases, edge=st.integers(0, 10**6))
@pytest.mark.slow
def test_probabilities_are_positive_and_add_up_to_one(graph: ItemGraph, p: float, q: float, edge: int) -> None:
    if not len(graph.indices):
        return
    t, v = int(graph.sources[edge % len(graph.indices)]), int(graph.indices[edge % len(graph.indices)])
    for previous in (None, t):
        ids, probabilities = transition_probabilities(graph, previous, v, p=p, q=q)
        assert (ids == graph.neighbors(v)[0]).all()
        assert len(ids) == 0 or (probabilities > 0).all()
        assert len(ids) == 0 or abs(probabilities.sum() - 1) < 1e-12
