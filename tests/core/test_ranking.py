"""Next-item ranking against hand-counted cases and brute force; intervals; who is asked about what."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation.intervals import mean_interval, share_interval, wilson_interval
from recemb_core.evaluation.ranking import View, next_item_cases, paired_gain, rank_next_items, rank_views
from recemb_core.evaluation.ties import BestRanks, expected_reciprocal
from recemb_core.scorers import popularity_scorer
from recemb_core.sequences import Sequences, read_events
from recemb_core.vocabulary import Vocabulary


def rows(*lists: list[int]) -> list[np.ndarray]:
    return [np.array(line, dtype=np.int32) for line in lists]


def fixed(*scores: list[float]):  # type: ignore[no-untyped-def]
    """A model that gives user i the i-th line of scores; the history's first item names the user."""
    table = np.array(scores)
    return lambda histories: table[[int(h[0]) for h in histories]]


# --- ranks by hand ---


def test_a_hand_counted_case() -> None:
    # Items 0 to 4; user 0 has taken item 0, user 1 item 1.
    model = fixed([9, 5, 4, 3, 1], [8, 9, 7, 6, 5])
    report = rank_next_items(model, rows([0], [1]), rows([3], [0, 4]), ks=[1, 2, 3])
    # User 0: items 1, 2, 3 without the seen 0: rank 3. User 1: 0 is first, 4 is last of 0, 2, 3, 4: ranks 1 and 4.
    assert report.best_rank.tolist() == [3, 1]
    assert [report.hit_rate[k].value for k in (1, 2, 3)] == [0.5, 0.5, 1.0]
    assert [report.recall[k].value for k in (1, 2, 3)] == [0.25, 0.25, 0.75]
    assert report.mrr.value == pytest.approx((1 / 3 + 1) / 2)
    ideal = 1 + 1 / math.log2(3)
    assert report.ndcg[3].value == pytest.approx((1 / math.log2(4) + 1 / ideal) / 2)
    assert (report.users, report.targets, report.unknown) == (2, 3, 0)
    # First places: item 1 for user 0, item 0 for user 1.
    assert report.coverage[1] == pytest.approx(2 / 5)


def test_without_masking_seen_items_rank_and_count() -> None:
    model = fixed([9, 5, 4, 3, 1])
    seen = rank_next_items(model, rows([0]), rows([0, 3]), ks=[1], exclude_seen=False)
    assert (seen.best_rank.tolist(), seen.targets) == ([1.0], 2)
    novel = rank_next_items(model, rows([0]), rows([0, 3]), ks=[1])
    assert (novel.best_rank.tolist(), novel.targets) == ([3.0], 1)


def test_a_user_without_a_novel_target_is_not_asked_about() -> None:
    model = fixed([3, 2, 1], [3, 2, 1])
    report = rank_next_items(model, rows([0], [1]), rows([0], [2]), ks=[1])
    assert report.kept.tolist() == [1]
    assert report.users == 1
    with pytest.raises(ValueError, match="no user has a target"):
        rank_next_items(model, rows([0]), rows([0]), ks=[1])


def test_a_constant_model_finds_its_share_of_the_catalogue() -> None:
    report = rank_next_items(fixed([1.0] * 96), rows([0]), rows([7]), ks=[10, 40, 50, 95])
    assert report.best_rank.tolist() == [48]  # 95 items are left; the mean of 1 … 95
    assert [report.hit_rate[k].value for k in (10, 40, 50, 95)] == [10 / 95, 40 / 95, 50 / 95, 1.0]
    assert report.mrr.value == pytest.approx(sum(1 / r for r in range(1, 96)) / 95)
    assert report.coverage[10] == pytest.approx(10 / 96)


def test_ties_count_by_their_expectation() -> None:
    report = rank_next_items(fixed([0, 5, 5, 5, 1]), rows([0]), rows([2]), ks=[1, 2])
    assert report.best_rank.tolist() == [2.0]
    assert (report.hit_rate[1].value, report.hit_rate[2].value) == (1 / 3, 2 / 3)
    assert report.user_hits(4).tolist() == [1.0]  # any k, not those of the lists alone


@pytest.mark.parametrize("n", [95, 101, 1701])
@pytest.mark.parametrize("score", ["inner_product", "cosine"])
def test_equal_vectors_are_tied_however_the_product_is_rounded(n: int, score: str) -> None:
    rng = np.random.default_rng(n)
    items = np.tile(rng.normal(size=33).astype(np.float32), (n, 1))
    users = rng.normal(size=(37, 33)).astype(np.float32)
    histories, targets = rows(*[[0]] * 37), rows(*[[i + 1] for i in range(37)])
    report = rank_next_items(
        items,
        histories,
        targets,
        ks=[10],
        exclude_seen=False,
        user_vectors=users,
        score=score,  # type: ignore[arg-type]
    )
    assert report.hit_rate[10].value == pytest.approx(10 / n)
    assert rank_next_items(items, histories, targets, ks=[10]).hit_rate[10].value == pytest.approx(10 / (n - 1))


@pytest.mark.parametrize("target", [-1, 99])
def test_an_unknown_target_is_a_miss(target: int) -> None:
    report = rank_next_items(fixed([3, 2, 1]), rows([0]), rows([target]), ks=[1, 100])
    assert (report.unknown, report.hit_rate[100].value, report.mrr.value) == (1, 0.0, 0.0)
    assert report.ndcg[100].value == 0.0


def test_a_target_without_a_score_is_a_miss_and_outranks_nobody() -> None:
    report = rank_next_items(fixed([3, np.nan, 1]), rows([0]), rows([1, 2]), ks=[1], exclude_seen=False)
    assert report.unknown == 1
    assert report.best_rank.tolist() == [2.0]
    assert report.coverage[1] == pytest.approx(1 / 3)


def test_an_unknown_item_in_the_history_is_passed_over() -> None:
    vectors = np.eye(3, dtype=np.float32)
    report = rank_next_items(vectors, rows([0, -1]), rows([2]), ks=[1])
    assert report.users == 1


# --- the three ways to hand over a model ---


def test_item_vectors_user_vectors_and_functions_agree() -> None:
    rng = np.random.default_rng(0)
    items = rng.normal(size=(30, 5)).astype(np.float32)
    histories = [rng.integers(0, 30, 4) for _ in range(20)]
    targets = [rng.integers(0, 30, 2) for _ in range(20)]
    users = np.stack([items[h].mean(axis=0) for h in histories])
    vectors = ItemVectors(Vocabulary(range(30)), items)
    found = [
        rank_next_items(vectors, histories, targets),
        rank_next_items(items, histories, targets, user_vectors=users),
        rank_next_items(lambda hs: np.stack([items[h].mean(axis=0) for h in hs]) @ items.T, histories, targets),
    ]
    for report in found[1:]:
        np.testing.assert_array_equal(report.best_rank, found[0].best_rank)
    cosine = rank_next_items(items * rng.uniform(1, 9, (30, 1)), histories, targets, score="cosine")
    unit = items / np.linalg.norm(items, axis=1, keepdims=True)
    np.testing.assert_allclose(cosine.best_rank, rank_next_items(unit, histories, targets).best_rank)


def test_batches_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    items = rng.normal(size=(40, 4)).astype(np.float32)
    histories = [rng.integers(0, 40, 3) for _ in range(25)]
    targets = [rng.integers(0, 40, 1) for _ in range(25)]
    whole = rank_next_items(items, histories, targets, exclude_seen=False)
    monkeypatch.setattr("recemb_core.evaluation.ranking.BATCH_VALUES", 90)
    parts = rank_next_items(items, histories, targets, exclude_seen=False)
    np.testing.assert_array_equal(whole.best_rank, parts.best_rank)
    assert whole.coverage == parts.coverage


def every_order(scores: list[float], items: list[int]) -> list[list[int]]:
    """All ways to order the items by score, best first, in which equal ones stand in any order."""
    groups = [[i for i in items if scores[i] == v] for v in sorted({scores[i] for i in items}, reverse=True)]
    ways = itertools.product(*(itertools.permutations(group) for group in groups))
    return [list(itertools.chain(*way)) for way in ways]


SCORES = st.one_of(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, -math.inf]), min_size=2, max_size=6),
    st.integers(2, 6).map(lambda n: [1.0] * n),  # all equal
    st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=6),  # two levels
    st.permutations(range(5)).map(lambda order: [float(v) for v in order]),  # none equal
)


@settings(max_examples=60)
@given(
    scores=SCORES,
    history=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    targets=st.lists(st.integers(-1, 6), min_size=1, max_size=4),
    masked=st.booleans(),
)
@pytest.mark.slow
def test_against_every_order_of_the_tied(
    scores: list[float], history: list[int], targets: list[int], masked: bool
) -> None:
    """Each figure of one user is its mean over all orders of the tied items, counted item by item."""
    n, ks = len(scores), [1, 2, 3, 5]
    history = [h % n for h in history]
    wanted = sorted(set(targets) - (set(history) if masked else set()))
    model = lambda histories: np.array([scores])  # noqa: E731
    if not wanted:
        with pytest.raises(ValueError, match="no user"):
            rank_next_items(model, rows(history), rows(targets), exclude_seen=masked)
        return
    report = rank_next_items(model, rows(history), rows(targets), ks=ks, exclude_seen=masked)
    open_items = [i for i in range(n) if scores[i] > -math.inf and not (masked and i in history)]
    orders = every_order(scores, open_items)
    places = [[order.index(t) + 1 for t in wanted if t in order] for order in orders]
    over = lambda figure: pytest.approx(sum(map(figure, places)) / len(places), abs=1e-12)  # noqa: E731
    assert report.unknown == len(wanted) - len(places[0])
    assert report.mrr.value == over(lambda r: 1 / min(r) if r else 0)
    if places[0]:
        assert report.best_rank[0] == over(min)
    for k in ks:
        assert report.hit_rate[k].value == over(lambda r, k=k: any(x <= k for x in r))
        assert report.recall[k].value == over(lambda r, k=k: sum(x <= k for x in r) / len(wanted))
        ideal = sum(1 / math.log2(1 + i) for i in range(1, min(len(wanted), k) + 1))
        assert report.ndcg[k].value == over(
            lambda r, k=k, ideal=ideal: sum(1 / math.log2(1 + x) for x in r if x <= k) / ideal
        )
        assert report.coverage[k] == pytest.approx(min(k, len(open_items)) / n)
        for found in (report.hit_rate[k], report.recall[k], report.ndcg[k], report.mrr):
            assert 0 <= found.low <= found.value <= found.high <= 1


def test_coverage_is_that_of_orders_drawn_for_each_user() -> None:
    """Three users, 2,000 draws of an order for each; bound: 5 standard errors of the mean share."""
    rng = np.random.default_rng(0)
    table = np.array([[2, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1], [0, 0, 3, 3, 1, 2]], float)
    report = rank_next_items(fixed(*table), rows([0], [1], [2]), rows([3], [3], [3]), ks=[2], exclude_seen=False)
    drawn = [
        len({i for line in table for i in np.lexsort((rng.random(6), -line))[:2].tolist()}) / 6 for _ in range(2_000)
    ]
    assert abs(report.coverage[2] - np.mean(drawn)) < 5 * np.std(drawn) / 2_000**0.5


def test_many_tied_targets_of_a_large_catalogue() -> None:
    """5,000 equal items, 40 of them wanted: hypergeometric hits, checked by 20,000 draws (bound: 5 sd)."""
    rng = np.random.default_rng(1)
    report = rank_next_items(fixed([1.0] * 5_000), rows([0]), rows(list(range(1, 41))), ks=[100], exclude_seen=False)
    hits = rng.hypergeometric(40, 4_960, 100, 20_000) > 0
    share = report.hit_rate[100].value
    assert abs(share - hits.mean()) < 5 * (share * (1 - share) / 20_000) ** 0.5
    assert report.recall[100].value == pytest.approx(100 / 5_000)
    assert report.best_rank[0] == pytest.approx(5_001 / 41)


# --- the floor and the gain over it ---


def test_popularity_is_the_same_list_for_everyone() -> None:
    report = rank_next_items(popularity_scorer(np.array([5, 9, 1, 3])), rows([1], [2]), rows([0], [1]), ks=[1])
    assert report.hit_rate[1].value == 1.0
    assert report.coverage[1] == 0.5  # item 0 where 1 is masked, item 1 otherwise


def test_the_paired_gain_is_sharper_than_two_intervals() -> None:
    base = fixed(*[[0, 3, 2, 1]] * 100)
    better = fixed(*[[0, 2, 3, 1] if i < 20 else [0, 3, 2, 1] for i in range(100)])
    histories = [np.array([i]) for i in range(100)]
    targets = rows(*[[2]] * 100)
    a = rank_next_items(better, histories, targets, ks=[1], exclude_seen=False)
    b = rank_next_items(base, histories, targets, ks=[1], exclude_seen=False)
    gain = paired_gain(a, b, 1)
    assert gain.value == pytest.approx(0.2)
    assert gain.low > 0
    assert paired_gain(a, a, 1).low == paired_gain(a, a, 1).high == 0
    with pytest.raises(ValueError, match="different users"):
        paired_gain(a, rank_next_items(base, histories[1:], targets[1:], ks=[1]), 1)


def test_bad_arguments_are_named() -> None:
    vectors = np.eye(3, dtype=np.float32)
    with pytest.raises(ValueError, match="ks must be"):
        rank_next_items(vectors, rows([0]), rows([1]), ks=[0])
    with pytest.raises(ValueError, match="targets must be"):
        rank_next_items(vectors, rows([0]), rows([1], [2]))
    with pytest.raises(ValueError, match="user_vectors must be"):
        rank_next_items(vectors, rows([0]), rows([1]), user_vectors=np.zeros((1, 2)))
    with pytest.raises(ValueError, match="score must be"):
        rank_next_items(vectors, rows([0]), rows([1]), score="euclid")  # type: ignore[arg-type]


# --- intervals ---


def test_wilson_against_its_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    published = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)]
    for hits, n, low, high in published:
        found = wilson_interval(hits, n)
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_covers_what_it_promises() -> None:
    """4,000 draws of 60 trials at p = 0.1: the 95% interval holds p in 93 to 98 of 100 (bound: 5 sd of the share)."""
    rng = np.random.default_rng(0)
    hits = rng.binomial(60, 0.1, 4_000)
    inside = np.mean([(e := wilson_interval(int(h), 60)).low <= 0.1 <= e.high for h in hits])
    assert 0.93 <= inside <= 0.98


def test_the_interval_of_a_mean() -> None:
    found = mean_interval([0.0, 1.0] * 50)
    assert found.value == 0.5
    assert found.high - 0.5 == pytest.approx(1.96 * 0.5025 / 10, rel=1e-3)
    assert mean_interval([1.0]).low == -math.inf
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([])
    with pytest.raises(ValueError, match="hits must be"):
        wilson_interval(3, 2)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_an_interval_of_shares_stays_inside_and_holds_its_mean(values: list[float]) -> None:
    found = share_interval(values)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.n == len(values)
    assert found.low < found.high  # no sample is exact
    hits = [float(v > 0.5) for v in values]
    wilson, mine = wilson_interval(sum(hits), len(hits)), share_interval(hits)
    assert (mine.low, mine.high) == (pytest.approx(wilson.low), pytest.approx(wilson.high))


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30, 300])
@pytest.mark.parametrize("kind", ["hits", "fractions", "gains"])
def test_an_interval_of_shares_covers_what_it_promises(n: int, kind: str) -> None:
    """3,000 samples: the 95% interval holds the true mean in at least 87 of 100. (Wilson dips to 90 at n = 3.)"""
    rng = np.random.default_rng(n)
    draw, mean = {
        "hits": (lambda: (rng.random(n) < 0.2).astype(float), 0.2),
        "fractions": (lambda: rng.beta(2, 5, n), 2 / 7),
        "gains": (lambda: (rng.random(n) < 0.3) * rng.random(n), 0.15),
    }[kind]
    inside = np.mean([(e := share_interval(draw())).low <= mean <= e.high for _ in range(3_000)])
    assert inside >= 0.87


def test_wilson_of_fractional_hits_covers_their_mean() -> None:
    """2,000 samples of 50 users whose hits are probabilities (as with ties): held in at least 93 of 100."""
    rng = np.random.default_rng(3)
    inside = [
        (e := wilson_interval(float(rng.choice([0, 0.1, 0.5, 1.0], 50).sum()), 50)).low <= 0.4 <= e.high
        for _ in range(2_000)
    ]
    assert np.mean(inside) >= 0.93


def test_what_is_no_share_is_refused() -> None:
    for values in ([1.2], [-0.1, 0.5], [np.nan], [np.inf]):
        with pytest.raises(ValueError, match="values must be shares"):
            share_interval(values)
    with pytest.raises(ValueError, match="at least one"):
        share_interval([])
    with pytest.raises(ValueError, match="hits must be"):
        wilson_interval(float("nan"), 2)


def test_a_difference_of_shares_stays_between_minus_one_and_one() -> None:
    model, base = fixed(*[[0, 1]] * 3), fixed(*[[1, 0]] * 3)
    given_ = rows([0], [1], [2]), rows(*[[1]] * 3)
    a, b = (rank_next_items(m, *given_, ks=[1], exclude_seen=False) for m in (model, base))
    for found in (paired_gain(a, b, 1), paired_gain(b, a, 1)):
        assert -1 <= found.low <= found.value <= found.high <= 1
    one = [rank_next_items(m, given_[0][:1], given_[1][:1], ks=[1], exclude_seen=False) for m in (model, base)]
    assert (paired_gain(*one, 1).low, paired_gain(*one, 1).high) == (-1, 1)  # one user says nothing about noise


# --- who is asked about what ---


def test_cases_of_baskets_hold_out_the_last_basket_and_keep_time() -> None:
    log = (
        b"user,item,basket,time\n"
        b"ann,pot,3,2024-01-03\nann,tea,1,2024-01-01\nann,cup,1,2024-01-01\nann,tea,3,2024-01-03\n"
        b"ann,jug,2,2024-01-02\nann,cup,2,2024-01-02\n"
        b"bob,tea,4,2024-01-01\nbob,pot,4,2024-01-01\nbob,jug,5,2024-01-09\nbob,cup,5,2024-01-09\n"
    )
    sequences = read_events(log, min_length=1)
    assert not sequences.ordered
    cases = next_item_cases(sequences)
    names = lambda line: [sequences.items[int(i)] for i in line]  # noqa: E731
    by_user = {u: (names(h), names(t)) for u, h, t in zip(cases.users, cases.histories, cases.targets, strict=True)}
    assert set(by_user) == {"ann", "bob"}
    history, targets = by_user["ann"]
    assert (set(history[:2]), set(history[2:]), set(targets)) == ({"tea", "cup"}, {"jug", "cup"}, {"pot", "tea"})
    assert set(by_user["bob"][1]) == {"jug", "cup"}
    assert cases.train.counts.sum() == 6


def test_a_case_never_sees_its_future() -> None:
    sequences = Sequences.from_lists([["a", "b", "c"], ["b", "a"]])
    cases = next_item_cases(sequences)
    for history, target in zip(cases.histories, cases.targets, strict=True):
        assert target[0] not in history


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6), st.integers(1, 6)), max_size=30))
def test_the_mean_reciprocal_rank_of_many_is_that_of_each_alone(cases: list[tuple[int, int, int]]) -> None:
    """Σ_x P(best of m among c tied takes place x) / (first − 1 + x), with P by counting all draws."""
    best = BestRanks(*np.array([(f, c, min(m, c)) for f, c, m in cases], dtype=np.int64).reshape(-1, 3).T)
    wanted = []
    for first, tied, targets in zip(*(field.tolist() for field in best), strict=True):
        places = [min(chosen) for chosen in itertools.combinations(range(tied), targets)]
        wanted.append(float(np.mean([1 / (first + place) for place in places])) if first else 0.0)
    np.testing.assert_allclose(expected_reciprocal(best), wanted, rtol=1e-12)


# --- several kinds of targets at once ---


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_views_are_what_each_would_be_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, n = 5, 6
    table = rng.integers(0, 4, (users, n)).astype(float)  # many ties
    table[rng.random((users, n)) < 0.1] = np.nan
    histories = [np.array([user, *rng.integers(0, n, 2)]) for user in range(users)]  # the first names the user
    targets = [rng.choice(n, rng.integers(0, 4), replace=False) for _ in range(users)]
    targets[0] = np.array([n - 1])
    novel = [np.setdiff1d(t, h) for t, h in zip(targets, histories, strict=True)]
    views = {"all": View(targets, False)}
    if any(map(len, novel)):
        views["new"] = View(novel, True)
    marked = np.arange(n) < 3
    found = rank_views(fixed(*table.tolist()), histories, views, ks=[2, 4], listed=list(views), marked=marked)
    for name, view in views.items():
        alone = rank_next_items(fixed(*table.tolist()), histories, view.targets, ks=[2, 4], exclude_seen=view.masked)
        together = found.reports[name]
        assert together.kept.tolist() == alone.kept.tolist()
        assert together.best_rank.tolist() == alone.best_rank.tolist()
        np.testing.assert_allclose(together.user_ndcg, alone.user_ndcg)
        assert together.coverage == pytest.approx(alone.coverage)
    shares = []  # of the first two places, over every order of the tied
    for user, target in enumerate(targets):
        line = np.where(np.isnan(table[user]), -np.inf, table[user])
        there = np.flatnonzero(line > -np.inf)
        tops = [sorted(order, key=lambda item, line=line: -line[item])[:2] for order in itertools.permutations(there)]
        if len(target):
            shares.append(np.mean([marked[top].mean() for top in tops]) if len(there) else 0.0)
    np.testing.assert_allclose(found.marked, shares)
