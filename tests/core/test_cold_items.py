"""Hidden items, the score of a guess, weights against popularity, a new point on a map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.evaluation.attention import attention_by_popularity
from recemb_core.evaluation.cold_items import hide_items, score_guess, score_guesses, true_neighbors
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts.placing import place_on_map
from recemb_core.vocabulary import Vocabulary


def random_graph(n: int, edges: int, *, directed: bool, seed: int) -> ItemGraph:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, n, (2, edges))
    keep = a != b
    weight = rng.integers(1, 5, int(keep.sum()))
    return ItemGraph.from_edges(a[keep], b[keep], weight, directed=directed, items=Vocabulary(range(n)))


# --- hiding ---


@given(st.booleans(), st.integers(0, 200), st.integers(1, 6))
@pytest.mark.slow
def test_hidden_items_keep_no_edge_and_the_others_keep_theirs(directed: bool, seed: int, many: int) -> None:
    graph = random_graph(25, 60, directed=directed, seed=seed)
    rows = np.random.default_rng(seed).choice(25, many, replace=False)
    found = hide_items(graph, rows, seed=seed)
    hidden = np.isin(np.arange(25), rows)
    assert found.rows.tolist() == sorted(rows.tolist())
    assert not (hidden[found.graph.sources] | hidden[found.graph.indices]).any()
    before = {(int(a), int(b)) for a, b in zip(graph.sources, graph.indices, strict=True)}
    after = {(int(a), int(b)) for a, b in zip(found.graph.sources, found.graph.indices, strict=True)}
    assert after == {(a, b) for a, b in before if not hidden[a] and not hidden[b]}
    edges = {(int(a), int(b)) for a, b in found.edges}
    assert len(edges) == len(found.edges)
    assert edges == {
        (a, b) for a in rows.tolist() for b in range(25) if not hidden[b] and ((a, b) in before or (b, a) in before)
    }
    assert found.non_edges[:, 0].tolist() == found.edges[:, 0].tolist()
    for a, b in found.non_edges.tolist():
        assert not hidden[b]
        assert (a, b) not in before
        assert (b, a) not in before


def test_what_cannot_be_hidden_is_said() -> None:
    graph = ItemGraph.from_edges([0, 0, 0], [1, 2, 3], directed=False)
    for rows in ([], [0, 1, 2, 3]):
        with pytest.raises(ValueError, match="from 1 to 3 distinct items"):
            hide_items(graph, rows)
    with pytest.raises(ValueError, match="item '0' is joined to every other"):
        hide_items(graph, [0])


# --- scoring ---


@given(st.integers(2, 30), st.data())
@pytest.mark.slow
def test_a_guess_is_scored_by_comparing_every_pair(n: int, data: st.DataObject) -> None:
    scores = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n + 1, max_size=n + 1)), dtype=float)
    truth = data.draw(st.sets(st.integers(1, n), min_size=1, max_size=n - 1))
    k = data.draw(st.integers(1, n + 3))
    found = score_guess(scores, sorted(truth), item=0, k=k)
    others = [row for row in range(1, n + 1) if row not in truth]
    wins = [1.0 if scores[t] > scores[o] else 0.5 if scores[t] == scores[o] else 0.0 for t in truth for o in others]
    assert found.beaten == pytest.approx(np.mean(wins))
    expected = 0.0  # of true neighbors among the first k, tied ones in a random order
    for t in truth:
        above, tied = (scores[1:] > scores[t]).sum(), (scores[1:] == scores[t]).sum()
        expected += min(max(k - above, 0), tied) / tied
    assert found.hits == pytest.approx(expected)
    assert found.recall == pytest.approx(found.hits / min(k, len(truth)))
    assert found.expected_hits == pytest.approx(min(k, n) * len(truth) / n)


def test_the_item_itself_and_the_others_that_cannot_be_guessed_do_not_count() -> None:
    scores = np.array([9.0, 1.0, 3.0, 2.0, 8.0])
    able = np.array([True, True, True, True, False])
    found = score_guess(scores, [2, 4], item=0, k=1, candidates=able)
    assert (found.neighbors, found.beaten, found.hits) == (1, 1.0, 1)
    assert able.tolist() == [True, True, True, True, False]  # the mask of the caller is left alone
    for truth, k in (([], 1), ([1, 2, 3, 4], 1), ([1], 0)):
        with pytest.raises(ValueError, match="must be at least"):
            score_guess(scores, truth, item=0, k=k)


def test_a_random_order_scores_as_expected() -> None:
    # 400 orders of 40 items with 6 neighbors: the means lie within 4 standard errors (0.006 and 0.06) of chance.
    rng = np.random.default_rng(0)
    found = [score_guess(rng.random(41), range(1, 7), item=0, k=10) for _ in range(400)]
    assert np.mean([f.beaten for f in found]) == pytest.approx(0.5, abs=0.025)
    assert np.mean([f.hits for f in found]) == pytest.approx(found[0].expected_hits, abs=0.25)
    assert found[0].expected_recall == pytest.approx(1.5 / 6)


def test_many_guesses_are_the_single_ones_and_nothing_known_guesses_nothing() -> None:
    graph = random_graph(20, 50, directed=True, seed=3)
    rng = np.random.default_rng(1)
    vectors, queries = rng.normal(size=(20, 4)), rng.normal(size=(20, 4))
    queries[5] = 0
    found = score_guesses(queries, vectors, graph, np.arange(20), k=3)
    assert 5 not in found
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for row, one in found.items():
        truth = true_neighbors(graph, row)
        into = graph.sources[graph.indices == row]
        edges = {*graph.neighbors(row)[0].tolist(), *into.tolist()}
        assert set(truth.tolist()) == edges
        assert one == score_guess(unit @ queries[row], truth, item=row, k=3)
    alone = set(range(20)) - set(found) - {5}
    assert all(len(true_neighbors(graph, row)) == 0 for row in alone)


# --- weights against popularity ---


def test_a_trend_is_found_and_noise_is_none() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 1_000, 500)
    rising = attention_by_popularity(counts / 1_000 + rng.normal(0, 0.1, 500), counts)
    assert rising.correlation.low > 0.8
    assert len(rising.means) == 8
    assert [m.n for m in rising.means] == pytest.approx([62.5] * 8, abs=3)
    assert np.all(np.diff(rising.centers) > 0)
    noise = attention_by_popularity(rng.random(500), counts).correlation
    assert noise.low < 0 < noise.high


def test_equal_counts_share_a_bin_and_a_constant_has_no_correlation() -> None:
    trend = attention_by_popularity(np.arange(6.0), np.array([2, 2, 2, 2, 2, 2]))
    assert (trend.centers.tolist(), trend.means[0].value, trend.correlation.value) == ([2.0], 2.5, 0.0)
    with pytest.raises(ValueError, match="at least 4"):
        attention_by_popularity(np.arange(3.0), np.arange(3))


# --- placing ---


def test_a_copy_of_an_item_lands_on_it_and_a_mixture_between() -> None:
    vectors = np.eye(4, dtype=np.float32)
    positions = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], np.float32)
    at = place_on_map(vectors[1] * 7, vectors, positions)
    np.testing.assert_allclose(at.position, [10, 0], atol=1e-4)
    assert at.rows[0] == 1
    assert at.weights.sum() == pytest.approx(1)
    between = place_on_map(vectors[0] + vectors[1], vectors, positions, k=2)
    np.testing.assert_allclose(between.position, [5, 0], atol=1e-4)
    assert between.spread == pytest.approx(5)
    assert len(place_on_map(vectors[0], vectors, positions, k=99).rows) == 4


def test_what_cannot_be_placed_is_said() -> None:
    with pytest.raises(ValueError, match="without items"):
        place_on_map(np.ones(2), np.empty((0, 2)), np.empty((0, 2)))
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        place_on_map(np.ones(2), np.eye(2), np.eye(2), k=0)
    with pytest.raises(ValueError, match="softness must be above 0"):
        place_on_map(np.ones(2), np.eye(2), np.eye(2), softness=0)
