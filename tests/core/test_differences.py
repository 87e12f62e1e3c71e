"""Differences: formulas by hand, letters by their definition, and how often 'better' is said where nothing is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from recemb_core.evaluation.differences import compare_all, holm, mean_over_seeds, paired_difference
from recemb_core.evaluation.intervals import share_interval
from recemb_core.evaluation.letters import letters

# --- one pair ---


def test_the_difference_by_its_formula() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((3, 50)), rng.random((4, 50)) - 0.1
    found = paired_difference(a, b)
    by_user = a.mean(axis=0) - b.mean(axis=0)
    users = (((by_user - by_user.mean()) ** 2).sum() + (by_user**2).max()) / (50 * 49)
    terms = [(users, 49), (a.mean(axis=1).var(ddof=1) / 3, 2), (b.mean(axis=1).var(ddof=1) / 4, 3)]
    variance = sum(term for term, _ in terms)
    degrees = variance**2 / sum(term**2 / own for term, own in terms)
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert found.error == pytest.approx(variance**0.5)
    assert found.degrees == pytest.approx(degrees)
    assert found.p == pytest.approx(2 * t.sf(abs(found.value) / found.error, degrees))
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, degrees, found.value, found.error))
    back = paired_difference(b, a)
    assert (back.value, back.low, back.high) == pytest.approx((-found.value, -found.high, -found.low))


def test_what_has_no_seed_has_no_noise_of_seeds() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((1, 80)), rng.random((3, 80))
    fixed = paired_difference(a, b, seeded=(False, True))
    assert fixed.measured
    assert not paired_difference(a, b).measured, "one training of what depends on a seed says nothing of its noise"
    assert paired_difference(a, a[:, ::-1], seeded=(False, False)).degrees == 79
    once = paired_difference(a, b[:1], seeded=(False, True))
    assert (once.verdict, once.told_apart, once.better) == ("noise not measured", False, None)
    assert np.isnan(once.p)
    assert once.low < once.value < once.high


def test_one_training_asked_in_two_ways_is_paired() -> None:
    rng = np.random.default_rng(2)
    seed = rng.normal(0, 0.3, (4, 1))  # what the training did to both
    a, b = rng.normal(0.1, 0.1, (4, 200)) + seed, rng.normal(0, 0.1, (4, 200)) + seed
    together, apart = paired_difference(a, b, paired=True), paired_difference(a, b)
    assert together.better == "first"
    assert not apart.told_apart
    assert together.error < apart.error / 3
    found = compare_all({"a": a, "b": b, "c": a + 0.0}, trainings={"a": 1, "b": 1, "c": 2})
    assert found.between("a", "b").error == pytest.approx(together.error)
    noise = np.mean([runs.mean(axis=1).var(ddof=1) for runs in (a, b, a)])
    assert found.between("c", "b").error == pytest.approx(paired_difference(a, b, seed_variance=noise).error)


def test_no_model_has_less_noise_of_training_than_all_have_on_average() -> None:
    rng = np.random.default_rng(10)
    quiet, loud, fixed = rng.random((3, 90)), rng.random((3, 90)) + rng.normal(0, 0.2, (3, 1)), rng.random((1, 90))
    own = [runs.mean(axis=1).var(ddof=1) for runs in (quiet, loud)]
    noise = np.mean(own)
    assert own[0] < noise < own[1]
    found = compare_all({"quiet": quiet, "loud": loud, "fixed": fixed}, unseeded={"fixed"})

    def users(a: np.ndarray, b: np.ndarray) -> float:
        return paired_difference(a, b, seeded=(False, False)).error ** 2

    assert found.between("quiet", "loud").error ** 2 == pytest.approx(users(quiet, loud) + (noise + own[1]) / 3)
    alone = found.between("quiet", "fixed")
    term = (users(quiet, fixed), noise / 3)
    assert alone.error**2 == pytest.approx(sum(term))
    assert alone.degrees == pytest.approx(sum(term) ** 2 / (term[0] ** 2 / 89 + term[1] ** 2 / 1)), "half of two"


@pytest.mark.parametrize("users", [1, 2, 3, 5])
def test_a_handful_of_users_who_agree_prove_nothing(users: int) -> None:
    found = paired_difference(np.ones((1, users)), np.zeros((1, users)), seeded=(False, False))
    assert not found.told_apart
    assert found.p >= 2.0 ** (1 - users)


def test_who_are_served_alike_are_not_told_apart() -> None:
    same = np.random.default_rng(3).random((3, 40))
    found = paired_difference(same, same, paired=True)
    assert (found.value, found.p, found.verdict) == (0.0, 1.0, "within noise")


def test_figures_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="same"):
        paired_difference(np.ones((3, 4)), np.ones((3, 5)))
    with pytest.raises(ValueError, match="finite"):
        paired_difference(np.ones((3, 4)), np.full((3, 4), np.nan))
    with pytest.raises(ValueError, match="at least one"):
        paired_difference(np.ones((3, 0)), np.ones((3, 0)))
    with pytest.raises(ValueError, match="as many of both"):
        paired_difference(np.ones((3, 4)), np.ones((4, 4)), paired=True)
    with pytest.raises(ValueError, match="level must be"):
        compare_all({"a": np.ones((3, 4))}, level=0.0)
    with pytest.raises(ValueError, match="were not compared"):
        compare_all({"a": np.ones((3, 4)), "b": np.ones((3, 4))}).between("a", "c")


def test_a_mean_over_seeds_is_wider_than_over_users_alone() -> None:
    rng = np.random.default_rng(4)
    values = (rng.random((3, 300)) < rng.normal(0.3, 0.1, (3, 1))).astype(float)
    whole, users = mean_over_seeds(values), mean_over_seeds(values, seeded=False)
    assert whole.value == users.value == values.mean()
    assert whole.high - whole.low > 1.5 * (users.high - users.low)
    assert mean_over_seeds(values[:1]) == share_interval(values[0])


# --- many pairs ---


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_says_less_than_bonferroni_nor_more_than_nothing(values: list[float]) -> None:
    p = dict(enumerate(values))
    found = holm(p)
    for name, own in p.items():
        assert own <= found[name] <= min(1.0, len(p) * own) + 1e-12
    order = sorted(p, key=lambda name: p[name])
    assert [found[name] for name in order] == sorted(found.values())


@given(st.integers(1, 8), st.sets(st.sampled_from([*combinations(range(8), 2)])))
def test_two_share_a_letter_if_and_only_if_they_are_not_told_apart(n: int, pairs: set[tuple[int, int]]) -> None:
    names = [f"model {i}" for i in range(n)]
    apart = {(names[b], names[a]) for a, b in pairs if b < n}
    found = letters(names, apart)
    for a, b in combinations(names, 2):
        shares = bool(set(_split(found[a])) & set(_split(found[b])))
        assert shares == ((a, b) not in apart and (b, a) not in apart)
    assert all(found.values()), "everybody has a letter"


def _split(text: str) -> list[str]:
    return [one for one in text.replace("′", "′ ").replace(" ", "") if one]


def test_the_top_is_the_best_and_what_is_not_told_apart_from_it() -> None:
    rng = np.random.default_rng(5)
    shares = {"worst": 0.05, "good": 0.30, "best": 0.32}
    found = compare_all({name: (rng.random((3, 600)) < p).astype(float) for name, p in shares.items()})
    assert found.order[-1] == "worst"
    assert set(found.top) == {"best", "good"}
    assert found.letters["best"] == found.letters["good"] == "a"
    assert found.letters["worst"] == "b"
    assert found.between("worst", "best").value == -found.between("best", "worst").value < 0
    assert compare_all({}).top == ()


def test_what_has_fewer_than_three_seeds_stands_apart_from_the_letters() -> None:
    rng = np.random.default_rng(9)
    drawn = {name: (rng.random((3, 600)) < p).astype(float) for name, p in (("a", 0.5), ("b", 0.3), ("c", 0.1))}
    found = compare_all(drawn | {"once": drawn["b"][:1]})
    assert found.unmeasured == ("once",)
    assert found.letters == {"a": "a", "b": "b", "c": "c", "once": ""}
    assert found.top == ("a",)
    assert compare_all({"once": drawn["a"][:1], "twice": drawn["b"][:2]}).top == ()
    assert compare_all({"once": drawn["a"][:1], "c": drawn["c"]}, unseeded={"once"}).unmeasured == ()


# --- honesty ---

USERS, SEEDS, TIMES = 400, 3, 1000


def drawn(rng: np.random.Generator, mean: float, of_seed: float, of_user: float, of_both: float) -> np.ndarray:
    """Figures of one model: what a seed, a user, and both together do to it."""
    parts = rng.normal(0, of_seed, (SEEDS, 1)), rng.normal(0, of_user, USERS), rng.normal(0, of_both, (SEEDS, USERS))
    return mean + parts[0] + parts[1] + parts[2]


@pytest.mark.parametrize("of_seed", [0.0, 0.01, 0.1])
@pytest.mark.parametrize("of_user", [0.0, 0.3])
def test_equals_are_told_apart_in_one_of_twenty_at_most(of_seed: float, of_user: float) -> None:
    """1,000 pairs of equals, with little or much noise of training; the upper 95% bound is 7% or less."""
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(TIMES):
        pair = (drawn(rng, 0.2, of_seed, of_user, 0.3) for _ in range(2))
        hits += paired_difference(*pair).told_apart
    assert binomtest(hits, TIMES).proportion_ci(0.95).high <= 0.07


@pytest.mark.parametrize("of_seed", [0.01, 0.05, 0.1])
def test_one_with_noise_of_training_and_one_without_are_as_seldom_told_apart(of_seed: float) -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(TIMES):
        pair = drawn(rng, 0.2, of_seed, 0.3, 0.3), drawn(rng, 0.2, 0.0, 0.3, 0.0)[:1]
        hits += paired_difference(*pair, seeded=(True, False)).told_apart
    assert binomtest(hits, TIMES).proportion_ci(0.95).high <= 0.07


@pytest.mark.parametrize("pairs", [1, 45])
def test_a_difference_is_found_with_the_power_that_is_promised(pairs: int) -> None:
    """Promised among 45 pairs is power at a 45th of the level, which is what Holm asks of the first of them."""
    rng = np.random.default_rng(7)
    both = [[drawn(rng, 0.2, 0.002, 0.3, 0.3) for _ in range(2)] for _ in range(500)]
    size = float(np.median([paired_difference(*pair).detectable(0.9, pairs=pairs) for pair in both]))
    found = [paired_difference(first + size, second) for first, second in both]
    assert 0.85 <= np.mean([d.value > 0 and d.p * pairs <= d.level for d in found]) <= 0.96


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("noisy", "quiet", "fixed"), [(5, 0, 0), (10, 0, 0), (2, 6, 0), (3, 3, 3), (1, 0, 6)], ids=lambda n: str(n)
)
@pytest.mark.parametrize("of_seed", [0.02, 0.05])
@pytest.mark.slow
def test_among_many_equals_any_pair_is_told_apart_in_one_of_twenty_at_most(
    noisy: int, quiet: int, fixed: int, of_seed: float, seed: int
) -> None:
    """Whatever they depend on a seed; 200 tables each, and 5% or less must be believable of each."""
    rng = np.random.default_rng([8, seed])
    noise = [of_seed] * noisy + [of_seed / 5] * quiet
    hits, times = 0, 200
    for _ in range(times):
        board = {str(i): drawn(rng, 0.2, own, 0.3, 0.1) for i, own in enumerate(noise)}
        without = {f"fixed {i}": drawn(rng, 0.2, 0.0, 0.3, 0.1)[:1] for i in range(fixed)}
        compared = compare_all(board | without, unseeded=set(without))
        hits += any(found.told_apart for found in compared.differences.values())
    assert binomtest(hits, times, 0.05, alternative="greater").pvalue > 0.01


@pytest.mark.slow
def test_real_runs_of_one_setting_are_not_told_apart_and_two_settings_are() -> None:
    """The short form of ``python -m benchmarks.evaluation --part honesty``: trainings, through the whole code."""
    from benchmarks.evaluation_honesty import any_told_apart, board_of, pool, settings
    from recemb_core.datasets import load_dataset
    from recemb_core.experiments.leaderboard import Protocol, part_cases

    shop = load_dataset("planted_shop").sequences
    assert shop is not None
    cases = part_cases(shop, Protocol(most_users=600))
    weak, strong = list(settings().values())[:2]
    pools = [pool(cases, entry, 15) for entry in (weak, strong)]
    rng = np.random.default_rng(0)
    for entry, runs in zip((weak, strong), pools, strict=True):
        hits = sum(any_told_apart(entry, runs, 2, "hr", rng) for _ in range(200))
        assert hits <= 14  # 7%
    found = 0
    for _ in range(50):
        groups = [[runs[i] for i in rng.permutation(len(runs))[:3]] for runs in pools]
        found += board_of(strong, groups).compare("hr").between("1", "0").better == "1"
    assert found >= 45
