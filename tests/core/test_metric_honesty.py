"""Other ways of measuring: each against a plain count, and the winners that they would have made."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from benchmarks.evaluation_table import invented_ratings
from recemb_core.datasets import load_dataset
from recemb_core.evaluation.ranking import RankingReport, rank_next_items
from recemb_core.experiments.leaderboard import (
    Entry,
    Leaderboard,
    PartCases,
    Protocol,
    chosen_on_test,
    chosen_on_the_same_users,
    measure_all,
    other_ways,
    part_cases,
)
from recemb_core.experiments.leaderboard.metric_honesty import optimistic_hits, sampled_hits
from recemb_core.scorers import EASEConfig, ItemKNNConfig, MarkovChainConfig, PopularityConfig
from recemb_core.sequences import Sequences
from tests.core.test_leaderboard import fake_run

ROWS = [
    Entry(name="Popularity", config=PopularityConfig()),
    Entry(name="ItemKNN", config=ItemKNNConfig()),
    Entry(name="EASE", config=EASEConfig()),
    Entry(name="Markov chain", config=MarkovChainConfig()),
]


@pytest.fixture(scope="module")
def ratings() -> Sequences:
    return invented_ratings(users=400, films=300)


@pytest.fixture(scope="module")
def films(ratings: Sequences) -> tuple[PartCases, Leaderboard]:
    cases = part_cases(ratings, Protocol())
    return cases, Leaderboard.of(measure_all(cases, ROWS, [0]))


@pytest.fixture(scope="module")
def clicks() -> tuple[PartCases, Leaderboard]:
    shop = load_dataset("planted_shop").sequences
    assert shop is not None
    cases = part_cases(shop, Protocol(most_users=600))
    return cases, Leaderboard.of(measure_all(cases, ROWS, [0]))


# --- sampled negatives ---


def report_of(scores: list[float], targets: list[int]) -> RankingReport:
    table = np.array([scores])
    return rank_next_items(lambda h: table, [np.array([], int)], [np.array(targets)], ks=[1], exclude_seen=False)


@pytest.mark.parametrize("scores", [[5, 4, 3, 2, 1, 0], [3, 3, 3, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 2, 2, 2, 9, 9]])
@pytest.mark.parametrize("targets", [[0], [2], [5], [1, 2], [0, 3]])
@pytest.mark.parametrize("k", [1, 2])
def test_sampled_hits_are_what_all_samples_give_on_average(scores: list[float], targets: list[int], k: int) -> None:
    """Over every order of the tied and every draw of two negatives, the best target by the full order counts."""
    others = [item for item in range(6) if item not in targets]
    hits = []
    for order in permutations(range(6)):
        ranked = sorted(order, key=lambda item: -scores[item])  # a stable sort: ties as in this order
        best = min(targets, key=ranked.index)
        for i, a in enumerate(others):
            for b in others[i + 1 :]:
                hits.append(sum(ranked.index(one) < ranked.index(best) for one in (a, b)) < k)
    found = sampled_hits(report_of(scores, targets), k, np.array([float(len(others))]), negatives=2)
    assert found[0] == pytest.approx(np.mean(hits))


def test_sampling_everything_is_the_full_ranking(films: tuple[PartCases, Leaderboard]) -> None:
    cases, board = films
    report = board.rows["EASE"].runs[0].views["main"]
    others = np.array([len(cases.train.items) - len(np.unique(h)) - 1.0 for h in cases.histories])
    whole = sampled_hits(report, 10, others[report.kept], negatives=10**6)
    np.testing.assert_allclose(whole, report.user_hits(10), atol=1e-9)
    few = sampled_hits(report, 10, others[report.kept], negatives=20)
    assert few.mean() > whole.mean() + 0.1


def test_ties_in_favor_find_everything_where_all_scores_are_one() -> None:
    report = report_of([1, 1, 1, 1, 1, 1], [3])
    assert optimistic_hits(report, 1).tolist() == [1.0]
    assert report.user_hits(1)[0] == pytest.approx(1 / 6)
    assert optimistic_hits(report_of([9, 8, 7, 1, 0, 0], [3]), 3).tolist() == [0.0]


# --- on data ---


def test_what_each_way_reports_of_films(films: tuple[PartCases, Leaderboard]) -> None:
    cases, board = films
    assert cases.choice.targets == "first_time"
    ways = {way.name: way for way in other_ways(board, cases)}
    assert list(ways) == ["sampled", "unmasked", "optimistic"]
    for way in ways.values():
        assert way.honest.keys() == way.reported.keys() == board.rows.keys()
        assert way.winner in way.words
    assert all(ways["sampled"].reported[name].value > e.value for name, e in ways["sampled"].honest.items())
    unmasked = ways["unmasked"]
    assert all(unmasked.reported[name].value <= e.value + 1e-12 for name, e in unmasked.honest.items())
    assert unmasked.reported["ItemKNN"].value < unmasked.honest["ItemKNN"].value  # lists are full of what was seen
    assert ways["optimistic"].honest == ways["sampled"].honest


def test_what_masking_would_have_reported_where_people_buy_again(clicks: tuple[PartCases, Leaderboard]) -> None:
    cases, board = clicks
    ways = {way.name: way for way in other_ways(board, cases)}
    assert list(ways) == ["sampled", "unmasked", "masked", "optimistic"]
    assert ways["masked"].honest == ways["sampled"].honest
    assert ways["masked"].reported == ways["unmasked"].honest
    assert "nobody" not in ways["sampled"].words
    with pytest.raises(ValueError, match="takes two rows"):
        other_ways(Leaderboard({"Popularity": board.rows["Popularity"]}), cases)


def test_a_reversal_is_one_beyond_noise_both_times(clicks: tuple[PartCases, Leaderboard]) -> None:
    cases, board = clicks
    for way in other_ways(board, cases):
        for better, worse in way.turned:
            assert way.truth.between(better, worse).better == better
            assert way.told.between(better, worse).better == worse
        assert set(way.moved) <= set(way.truth.order)


# --- choosing ---


def test_choosing_and_measuring_on_the_same_users_reports_too_much() -> None:
    """Forty rows that are alike: the best of a half is luck, and the other half knows nothing of it."""
    rng = np.random.default_rng(0)
    rows = {f"row {i}": (rng.random(200) < 0.2).astype(float) for i in range(40)}
    found = chosen_on_the_same_users(fake_board(rows), times=300)
    assert found.optimism > 0.05
    assert found.users == 100
    assert sum(found.picks.values()) == pytest.approx(1.0)
    clear = {"good": np.tile([1.0, 0.0], 100), "bad": np.tile([0.0, 0.0], 100)}
    certain = chosen_on_the_same_users(fake_board(clear))
    assert abs(certain.optimism) < 0.01
    assert certain.picks == {"good": 1.0}


def fake_board(hits: dict[str, np.ndarray]) -> Leaderboard:
    """A board whose rows hit these users."""
    runs = ((Entry(name=name, config=PopularityConfig()), fake_run(name, line > 0, 1.0)) for name, line in hits.items())
    return Leaderboard.of(runs)


def test_choosing_on_the_test_part_says_what_may_be_reported(ratings: Sequences) -> None:
    boards = [
        Leaderboard.of(measure_all(part_cases(ratings, Protocol(), part), ROWS, [0]))  # type: ignore[arg-type]
        for part in ("validation", "test")
    ]
    found = chosen_on_test(*boards)
    assert found.reported.value >= found.honest.value
    assert found.validation_choice in boards[1].rows
    assert found.honest == boards[1].estimate(found.validation_choice)
    with pytest.raises(ValueError, match="the same rows"):
        chosen_on_test(boards[0], Leaderboard({}))
