"""Closed forms against brute force, tests against scipy, and the figures that show them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as some

from recemb_core.evaluation.intervals import wilson_interval
from recemb_core.figures.walk_microscope import Candidates, walk_microscope_figure, walk_replay
from recemb_core.figures.walk_profile import visit_check, walk_profile_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import WalkConfig, generate_walks, transition_probabilities
from recemb_core.walks.statistics import (
    AWAY,
    FIRST,
    RETURN,
    SHARED,
    chi_square,
    compare_visits,
    distance_profile,
    exact_visits,
    hop_distances,
    next_step,
    return_rate,
    returns_at,
    steps_through,
)


def random_graph(seed: int, *, directed: bool, n: int = 7, m: int = 16) -> ItemGraph:
    """A small graph with weights; directed ones usually have sinks."""
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, n, (2, m))
    keep = source != target
    items = ItemGraph.from_edges([0], [n - 1], directed=True).items
    return ItemGraph.from_edges(
        source[keep], target[keep], rng.uniform(0.2, 4, keep.sum()), directed=directed, items=items
    )


def by_enumeration(graph: ItemGraph, start: int, steps: int, p: float, q: float) -> tuple[np.ndarray, float]:
    """(where all walks of exactly so many steps end, probability that the last step is a return), walk by walk."""
    visits, back = np.zeros(len(graph)), 0.0
    for path in itertools.product(range(len(graph)), repeat=steps):
        walk, chance = (start, *path), 1.0
        for i in range(1, len(walk)):
            ids, probabilities = transition_probabilities(graph, walk[i - 2] if i > 1 else None, walk[i - 1], p=p, q=q)
            chance *= float(probabilities[ids == walk[i]].sum())
            if chance == 0:
                break
        visits[walk[-1]] += chance
        back += chance * (steps > 1 and walk[-1] == walk[-3])
    return visits, back


# --- one step ---


def test_a_step_is_taken_apart_into_its_factors() -> None:
    graph = ItemGraph.from_edges([0, 1, 1, 0], [1, 2, 3, 2], [2, 3, 5, 1], directed=False)
    step = next_step(graph, 0, 1, p=0.25, q=2)
    assert step.kinds.tolist() == [RETURN, SHARED, AWAY]
    assert step.alpha.tolist() == [4, 1, 0.5]
    assert step.weights.tolist() == [2, 3, 5]
    assert step.probabilities == pytest.approx(np.array([8, 3, 2.5]) / 13.5)
    assert step.share(RETURN) == pytest.approx(8 / 13.5)
    assert next_step(graph, None, 1, p=0.25, q=2).kinds.tolist() == [FIRST] * 3


def test_a_shared_neighbor_needs_the_edge_from_the_previous_node() -> None:
    # t = 0, v = 1; 2 → 0 points the wrong way, 0 → 3 the right one; there is no way back.
    graph = ItemGraph.from_edges([0, 1, 1, 2, 0], [1, 2, 3, 0, 3], directed=True)
    step = next_step(graph, 0, 1, p=1, q=4)
    assert dict(zip(step.ids.tolist(), step.kinds.tolist(), strict=True)) == {2: AWAY, 3: SHARED}
    assert step.probabilities == pytest.approx([0.2, 0.8])


def test_a_sink_has_no_step() -> None:
    graph = ItemGraph.from_edges([0], [1], directed=True)
    step = next_step(graph, 0, 1, p=1, q=1)
    assert len(step.ids) == len(step.probabilities) == 0
    assert step.share(RETURN) == 0


@settings(max_examples=30, deadline=None)
@given(some.integers(0, 10**6), some.booleans(), some.sampled_from([0.05, 1.0, 20.0]), some.sampled_from([0.05, 1, 20]))
def test_factors_multiply_to_the_probabilities(seed: int, directed: bool, p: float, q: float) -> None:
    graph = random_graph(seed, directed=directed)
    for e in range(len(graph.indices)):
        step = next_step(graph, int(graph.sources[e]), int(graph.indices[e]), p=p, q=q)
        mass = step.alpha * step.weights
        if len(mass):
            assert step.probabilities == pytest.approx(mass / mass.sum())


# --- several steps ---


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (0.1, 5.0), (4.0, 0.2)])
@pytest.mark.slow
def test_exact_visits_equal_the_sum_over_all_walks(directed: bool, p: float, q: float) -> None:
    graph = random_graph(3, directed=directed)
    for start in range(len(graph)):
        exact = exact_visits(graph, start, 3, p=p, q=q)
        assert exact.steps == 3
        for step in range(4):
            visits, back = by_enumeration(graph, start, step, p, q)
            assert exact.visits[step] == pytest.approx(visits)
            assert exact.returns[step] == pytest.approx(back)
            assert exact.walking[step] == pytest.approx(visits.sum())


def test_exact_visits_stop_where_it_gets_too_much() -> None:
    graph = random_graph(1, directed=False)
    assert exact_visits(graph, 0, 5, p=1, q=1, most_pairs=1).steps == 1
    assert exact_visits(graph, 0, 0, p=1, q=1).steps == 0


def test_exact_visits_of_an_isolated_node_end_at_once() -> None:
    graph = ItemGraph.from_edges([0], [1], directed=True)
    exact = exact_visits(graph, 1, 2, p=1, q=1)
    assert exact.visits.tolist() == [[0, 1], [0, 0], [0, 0]]
    assert exact.walking.tolist() == [1, 0, 0]


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (0.05, 20.0), (20.0, 0.05)])
def test_walks_are_where_the_closed_form_says(directed: bool, p: float, q: float) -> None:
    """12 settings × 3 steps at a fixed seed, each p-value above .0005."""
    graph = random_graph(8, directed=directed, n=9, m=30)
    start = int(np.argmax(graph.out_degree))
    config = WalkConfig(num_walks=20_000, walk_length=4, p=p, q=q, seed=5)
    walks = generate_walks(graph, config, starts=[start])
    assert walks.shape == (20_000, 4)
    assert set(walks[:, 0].tolist()) == {start}
    exact = exact_visits(graph, start, 3, p=p, q=q)
    for step in (1, 2, 3):
        test = compare_visits(walks, exact, step)
        assert test is None or test.p_value > 0.0005
        back, taken = returns_at(walks, step)
        if taken:
            seen = wilson_interval(back, taken, z=3.5)
            assert seen.low <= exact.returns[step] / exact.walking[step] <= seen.high
    rate, error = return_rate(walks, 3)
    assert abs(rate - exact.returns[2:].sum() / exact.walking[2:].sum()) < 4 * error + 1e-12


def test_a_wrong_closed_form_is_found_out() -> None:
    graph = random_graph(8, directed=False, n=9, m=30)
    walks = generate_walks(graph, WalkConfig(num_walks=5_000, walk_length=3, p=1, q=1), starts=[0])
    test = compare_visits(walks, exact_visits(graph, 0, 2, p=0.2, q=5), 2)
    assert test is not None
    assert test.p_value < 1e-6


def test_steps_through_an_edge_follow_its_probabilities() -> None:
    graph = random_graph(8, directed=False, n=9, m=30)
    previous = 0
    current = int(graph.neighbors(previous)[0][0])
    drawn = steps_through(graph, previous, current, 4_000, p=0.5, q=4, seed=1)
    assert len(drawn) == 4_000
    ids, probabilities = transition_probabilities(graph, previous, current, p=0.5, q=4)
    assert set(drawn.tolist()) <= set(ids.tolist())
    test = chi_square([(drawn == i).sum() for i in ids], probabilities)
    assert test is not None
    assert test.p_value > 0.001


def test_steps_through_a_rare_edge_are_as_many_as_can_be_had() -> None:
    graph = ItemGraph.from_edges([0, 0, 1], [1, 2, 2], [1, 999, 1], directed=True)
    drawn = steps_through(graph, 0, 1, 1_000, p=1, q=1, seed=0, most=10_000)
    assert 0 < len(drawn) < 40
    assert set(drawn.tolist()) == {2}
    with pytest.raises(ValueError, match="previous must have an edge to current"):
        steps_through(graph, 2, 1, 10, p=1, q=1, seed=0)


def test_starts_are_checked_and_leave_the_rest_alone() -> None:
    graph = random_graph(0, directed=False)
    config = WalkConfig(num_walks=2, walk_length=5)
    assert np.array_equal(generate_walks(graph, config), generate_walks(graph, config, starts=range(len(graph))))
    assert sorted(generate_walks(graph, config, starts=[3, 1])[:, 0].tolist()) == [1, 1, 3, 3]
    with pytest.raises(ValueError, match="starts must be a row number"):
        generate_walks(graph, config, starts=[len(graph)])


# --- tests and profiles ---


def test_chi_square_agrees_with_scipy() -> None:
    observed, chance = np.array([30, 50, 20]), np.array([0.25, 0.5, 0.25])
    ours, theirs = chi_square(observed, chance), scipy.stats.chisquare(observed, chance * 100)
    assert ours is not None
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_chi_square_pools_rare_cells_and_knows_when_it_cannot_say() -> None:
    test = chi_square([60, 38, 1, 1], [0.6, 0.36, 0.02, 0.02])
    assert test is not None
    assert test.cells == 2  # the last three together
    assert chi_square([10], [1.0]) is None
    assert chi_square([2, 1], [0.5, 0.5]) is None
    assert chi_square([], []) is None
    impossible = chi_square([99, 1], [1.0, 0.0])
    assert impossible is not None
    assert impossible.p_value == 0


def test_hop_distances_follow_arrows() -> None:
    graph = ItemGraph.from_edges([0, 1, 3], [1, 2, 0], directed=True)
    assert hop_distances(graph, 0).tolist() == [0, 1, 2, -1]
    ring = ItemGraph.from_edges(range(6), [1, 2, 3, 4, 5, 0], directed=False)
    assert hop_distances(ring, 1).tolist() == [1, 0, 1, 2, 3, 2]


def test_a_distance_profile_leaves_ended_walks_out() -> None:
    walks = np.array([[0, 1, 2], [0, 1, 0], [0, 1, -1]], dtype=np.int32)
    profile = distance_profile(walks, np.array([0, 1, 2], dtype=np.int32))
    assert profile.mean.tolist() == [0, 1, 1]
    assert profile.walking.tolist() == [3, 3, 2]
    assert profile.standard_error == pytest.approx([0, 0, np.sqrt(2) / np.sqrt(2)])
    assert len(distance_profile(walks[2:], np.array([0, 1, 2], dtype=np.int32)).mean) == 2


def test_large_q_stays_nearer_than_small_q() -> None:
    ring = np.arange(60)
    graph = ItemGraph.from_edges([*ring, *ring], [*np.roll(ring, 1), *np.roll(ring, 2)], directed=False)
    hops = hop_distances(graph, 0)
    end = {
        q: distance_profile(
            generate_walks(graph, WalkConfig(num_walks=1000, walk_length=11, p=1, q=q), starts=[0]), hops
        )
        for q in (0.05, 20.0)
    }
    assert end[0.05].mean[-1] > end[20.0].mean[-1] + 10 * end[20.0].standard_error[-1]


def test_returns_are_counted_among_the_steps_taken() -> None:
    walks = np.array([[0, 1, 0, 2], [0, 1, 2, 1], [0, 1, -1, -1]], dtype=np.int32)
    assert returns_at(walks, 1) == (0, 3)
    assert returns_at(walks, 2) == (1, 2)
    assert returns_at(walks, 3) == (1, 2)
    assert return_rate(walks, 3)[0] == 0.5
    assert np.isnan(return_rate(walks[2:], 3)).all()


@given(some.integers(1, 500), some.floats(0, 1))
@pytest.mark.slow
def test_the_interval_holds_the_share_and_stays_a_share(total: int, part: float) -> None:
    count = round(part * total)
    found = wilson_interval(count, total)
    assert 0 <= found.low <= count / total <= found.high <= 1
    theirs = scipy.stats.binomtest(count, total).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


# --- figures ---


def test_the_microscope_draws_edges_as_thick_as_they_are_probable() -> None:
    candidates = Candidates(
        ids=["t", "x", "y"],
        titles=["<b>t", "x", "y"],
        kinds=np.array([RETURN, SHARED, AWAY]),
        alpha=np.array([2.0, 1.0, 0.5]),
        weights=np.array([1.0, 1.0, 1.0]),
        probabilities=np.array([4, 2, 1]) / 7,
    )
    figure = walk_microscope_figure(("v", "v"), ("t", "<b>t"), candidates, rule={RETURN: "α = 2"})
    width = {t.uid: t.line.width for t in figure.data if (t.uid or "").startswith("edge:")}
    assert list(width) == ["edge:t", "edge:x", "edge:y"]
    assert width["edge:t"] - width["edge:x"] == pytest.approx(2 * (width["edge:x"] - width["edge:y"]))
    points = next(t for t in figure.data if t.uid == "candidates")
    assert [c[0] for c in points.customdata] == ["t", "x", "y"]
    assert points.customdata[0][1] == "&lt;b&gt;t"
    assert float(points.customdata[0][5]) == pytest.approx(4 / 7, abs=1e-5)
    triads = next(t for t in figure.data if t.uid == "triads")
    assert len(triads.x) == 3  # one edge from the previous node to x
    start = walk_microscope_figure(("v", "v"), None, candidates, rule={})
    assert not any("came from" in (note.text or "") for note in start.layout.annotations)


def test_a_replay_draws_the_path_up_to_the_step_in_a_picture_that_holds_still() -> None:
    positions = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [5.0, 5.0]])
    arguments = (positions, list("abcd"), list("ABCD"), (np.array([0, 1]), np.array([1, 2])), np.array([0, 1, 2]))
    early, late = walk_replay(*arguments, 0), walk_replay(*arguments, 2)
    path = {t.uid: t for t in late.data}["path"]
    assert list(path.x) == [0, 1, 1]
    assert len({t.uid: t for t in early.data}["path"].x) == 1
    assert early.layout.xaxis.range == late.layout.xaxis.range


def test_profiles_and_visits_show_what_they_are_given() -> None:
    walks = np.array([[0, 1, 2], [0, 1, 0]], dtype=np.int32)
    profile = distance_profile(walks, np.array([0, 1, 2], dtype=np.int32))
    figure = walk_profile_figure(("a", profile), {"b": None, "c": profile})
    assert [t.name for t in figure.data if (t.uid or "").startswith("mean:")] == ["c", "a"]
    assert list(next(t for t in figure.data if t.uid == "mean:a").y) == [0, 1, 1]
    shares = np.array([0.5, 0.2])
    check = visit_check(["A", "B"], ["a", "b"], shares, shares, np.array([[0.4, 0.6], [0.1, 0.3]]))
    measured = next(t for t in check.data if t.uid == "measured")
    assert list(measured.error_x.array) == pytest.approx([0.1, 0.1])
