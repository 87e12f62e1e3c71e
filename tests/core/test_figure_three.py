"""Figure 3 over seeds: clusters, their agreement, and what is said to be beyond noise."""

from __future__ import annotations

import warnings
from itertools import combinations

import numpy as np
import pytest

from recemb_core.embeddings import train_node2vec
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.evaluation import group_score
from recemb_core.experiments.figure_three import (
    FigureThree,
    FigureThreeConfig,
    agree,
    cluster,
    figure_three,
    figure_three_base,
    t_interval,
)
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import TrainingCancelled
from recemb_core.vocabulary import Vocabulary

GROUPS = (range(6), range(6, 12), range(12, 18))
EDGES = [(a, b) for group in GROUPS for a, b in combinations(group, 2)] + [(0, 6), (6, 12), (12, 0)]
GRAPH = ItemGraph.from_edges(*np.array(EDGES).T, directed=False)
BY = {"community": np.repeat([0, 1, 2], 6), "role": np.array([1, 0, 0, 0, 0, 0] * 3)}
CONFIG = FigureThreeConfig(base=figure_three_base(2), seeds=4)


def model_of(rows: np.ndarray) -> ItemVectors:
    return ItemVectors(Vocabulary(map(str, range(len(rows)))), rows.astype(np.float32))


@pytest.fixture(scope="module")
def found() -> FigureThree:
    return figure_three(GRAPH, BY, CONFIG)


def test_clusters_are_those_of_far_apart_points_the_largest_first() -> None:
    draw = np.random.default_rng(0)
    truth = np.repeat([2, 0, 1], [5, 20, 10])
    rows = np.array([[0, 0], [10, 0], [0, 10]])[truth] + draw.normal(scale=0.1, size=(35, 2))
    made = cluster(model_of(rows), 3, seed=4)
    assert (made == truth).all()
    assert (cluster(model_of(rows), 3, seed=9) == made).all()


def test_fewer_different_vectors_than_clusters_make_no_noise() -> None:
    rows = np.repeat(np.eye(2), [3, 5], axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cluster(model_of(rows), 5).tolist() == [1] * 3 + [0] * 5
        assert cluster(model_of(rows[:1]), 3).tolist() == [0]


@pytest.mark.slow
def test_every_figure_is_that_of_its_run(found: FigureThree) -> None:
    assert (found.names, found.sizes) == (("community", "role"), (3, 2))
    for i, q in enumerate(CONFIG.qs):
        for s, run in enumerate(CONFIG.runs(q)):
            assert (run.q, run.p, run.seed, run.dimensions) == (q, 1.0, s, 16)
            vectors = train_node2vec(GRAPH, run)
            for by, labels in enumerate(BY.values()):
                made = cluster(vectors, found.sizes[by], seed=s)
                assert found.agreement[i, by, s] == agree(made, labels)
                score = group_score(vectors, labels)
                assert (found.scores[i, by, s], found.maximum[by]) == (score.value, score.maximum)
                if s == 0:
                    assert (found.clusters[i, by] == made).all()
    assert found.agreement[:, 0].mean() > 0.8  # three cliques


def test_likeness_is_a_mean_over_the_other_runs(found: FigureThree) -> None:
    made = [
        [cluster(train_node2vec(GRAPH, run), 3, seed=run.seed) for run in CONFIG.runs(q)] for q in CONFIG.qs
    ]  # fmt: skip
    for s in range(CONFIG.seeds):
        others = [t for t in range(CONFIG.seeds) if t != s]
        for i in (0, 1):
            assert found.alike[0, i, s] == pytest.approx(np.mean([agree(made[i][s], made[i][t]) for t in others]))
        assert found.alike[0, 2, s] == pytest.approx(np.mean([agree(made[0][s], made[1][t]) for t in others]))


def test_arrays_hold_it_all(found: FigureThree) -> None:
    again = FigureThree.from_arrays(found.to_arrays())
    assert (again.names, again.sizes) == (found.names, found.sizes)
    for name in ("agreement", "scores", "maximum", "alike", "clusters"):
        assert (getattr(again, name) == getattr(found, name)).all()


def test_two_halves_of_the_same_runs_are_rarely_told_apart() -> None:
    """Holm over four tests at .05: of 200 draws of equal settings 10 are expected; 25 or more have P < 1e-4."""
    draw = np.random.default_rng(5)
    told = 0
    for _ in range(200):
        values = draw.normal(0.5, 0.1, size=(2, 2, 2, 20))
        none = np.zeros((2, 3, 20))
        one = FigureThree(("a", "b"), (2, 2), values[0], values[1], np.ones(2), none, np.zeros((2, 2, 3), np.int32))
        told += any(beyond for _, beyond in one.tests().values())
    assert told < 25
    values[0, 1, 0] += 0.3
    one = FigureThree(("a", "b"), (2, 2), values[0], values[1], np.ones(2), none, np.zeros((2, 2, 3), np.int32))
    assert one.tests()["clusters", 0][1]


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    """1,000 intervals of 20 draws each; 95% ± 2.2 points (3 standard errors) hold the true mean."""
    draws = np.random.default_rng(6).normal(2.0, 1.0, size=(1_000, 20))
    held = np.mean([(e := t_interval(row)).low <= 2.0 <= e.high for row in draws])
    assert abs(held - 0.95) < 0.022


def test_what_cannot_be_is_said_and_a_run_can_be_stopped() -> None:
    with pytest.raises(ValueError, match="seeds must be"):
        FigureThreeConfig(seeds=2)
    with pytest.raises(ValueError, match="qs must be"):
        FigureThreeConfig(qs=(1.0, 1.0))
    with pytest.raises(ValueError, match="labellings must be"):
        figure_three(GRAPH, {"community": BY["community"]}, CONFIG)
    with pytest.raises(TrainingCancelled):
        figure_three(GRAPH, BY, CONFIG, cancel=lambda: True)
