"""Scorers against plain loops over the formulas, and what every registered one promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core import versions
from recemb_core.datasets import load_dataset
from recemb_core.evaluation.ranking import next_item_cases, rank_next_items
from recemb_core.experiments.recall_models import both_figures
from recemb_core.scorers import (
    EASE,
    PMI,
    SCORERS,
    EASEConfig,
    ItemKNN,
    ItemKNNConfig,
    MarkovChain,
    MarkovChainConfig,
    PMIConfig,
    PopularityConfig,
    ScorerSpec,
    fit_scorer,
    markov_chain_defaults,
    pair_counts,
    positive_pmi,
    register_scorer,
    scorer_defaults,
    unregister_scorer,
)
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

N = 6
BUNDLED = ["Popularity", "ItemKNN", "Markov chain", "EASE", "PMI"]
LOGS = st.lists(st.lists(st.integers(0, N - 1), max_size=5), max_size=8)
HISTORIES = st.lists(st.lists(st.integers(0, N - 1), max_size=6), max_size=4)


def log(lists: list[list[int]], users: list[str] | None = None, *, ordered: bool = True) -> Sequences:
    return Sequences(
        Vocabulary(list("abcdef")),
        np.cumsum([0, *map(len, lists)]).astype(np.int64),
        np.array([row for one in lists for row in one], dtype=np.int32),
        ordered=ordered,
        users=None if users is None else np.array(users, dtype=np.str_),
    )


def rows(histories: list[list[int]]) -> list[np.ndarray]:
    return [np.array(history, dtype=np.int64) for history in histories]


# --- the formulas, item by item ---


def plain_item_knn(sets: list[set[int]], history: list[int], k: int, shrink: float) -> list[float]:
    def together(i: int, j: int) -> int:
        return sum(i in one and j in one for one in sets)

    scores = [0.0] * N
    for i in set(history):
        alike = {}
        for j in range(N):
            if j != i and together(i, j):
                alike[j] = together(i, j) / ((together(i, i) * together(j, j)) ** 0.5 + shrink)
        for j in sorted(alike, key=lambda j: (-round(alike[j], 12), j))[:k]:
            scores[j] += alike[j]
    return scores


def plain_chain(steps: np.ndarray, share: np.ndarray, history: list[int], last: int, smoothing: float) -> np.ndarray:
    newest = history[-last:]
    if not newest:
        return share
    return np.mean([(steps[i] + smoothing * share) / (steps[i].sum() + smoothing) for i in newest], axis=0)


@given(LOGS, HISTORIES, st.integers(1, N), st.sampled_from([0.0, 2.5]), st.booleans())
@pytest.mark.slow
def test_item_knn_is_the_cosine_of_who_holds_both(
    lists: list[list[int]], histories: list[list[int]], k: int, shrink: float, by_users: bool
) -> None:
    users = [str(number % 3) for number in range(len(lists))]
    config = ItemKNNConfig(neighbors=k, shrink=shrink, over="users" if by_users else "sequences")
    sets = [set(one) for one in lists]
    if by_users:
        sets = [set().union(*(one for one, owner in zip(sets, users, strict=True) if owner == u)) for u in set(users)]
    found = ItemKNN.fit(log(lists, users), config).scores(rows(histories))
    assert found.dtype == np.float32
    assert found.shape == (len(histories), N)
    expected = [plain_item_knn(sets, history, k, shrink) for history in histories]
    np.testing.assert_allclose(found, np.reshape(expected, (-1, N)), rtol=1e-5, atol=1e-6)


def test_the_blocks_of_items_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = np.random.default_rng(0).integers(0, N, (40, 4)).tolist()
    whole = ItemKNN.fit(log(lists), ItemKNNConfig(neighbors=2)).similarities.toarray()
    monkeypatch.setattr("recemb_core.scorers.item_knn.ITEMS_AT_ONCE", 4)
    assert (ItemKNN.fit(log(lists), ItemKNNConfig(neighbors=2)).similarities.toarray() == whole).all()
    assert ((whole > 0).sum(axis=1) == 2).all()


@given(LOGS, HISTORIES, st.integers(1, 3))
def test_the_last_events_speak_alone(lists: list[list[int]], histories: list[list[int]], last: int) -> None:
    for kind, config in ((ItemKNN, ItemKNNConfig()), (PMI, PMIConfig(window=2))):
        whole = kind.fit(log(lists), config)  # type: ignore[attr-defined]
        newest = kind.fit(log(lists), replace(config, last=last))  # type: ignore[attr-defined, type-var]
        expected = whole.scores(rows([history[-last:] for history in histories]))
        np.testing.assert_array_equal(newest.scores(rows(histories)), expected)


@given(LOGS, HISTORIES, st.sampled_from([0.5, 10.0]), st.booleans())
@pytest.mark.slow
def test_ease_is_a_regression_of_each_item_on_the_others(
    lists: list[list[int]], histories: list[list[int]], l2: float, by_users: bool
) -> None:
    users = [str(number % 3) for number in range(len(lists))]
    held = np.zeros((len(lists), N))
    for number, one in enumerate(lists):
        held[int(users[number]) if by_users else number, one] = 1
    weights = np.zeros((N, N))
    for item in range(N):
        others = np.delete(np.arange(N), item)
        left = held[:, others].T @ held[:, others] + l2 * np.eye(N - 1)
        weights[others, item] = np.linalg.solve(left, held[:, others].T @ held[:, item])
    config = EASEConfig(l2=l2, over="users" if by_users else "sequences")
    found = EASE.fit(log(lists, users), config).scores(rows(histories))
    expected = [weights[sorted(set(history))].sum(axis=0) for history in histories]
    np.testing.assert_allclose(found, np.reshape(expected, (-1, N)), rtol=1e-5, atol=1e-6)


@given(LOGS, st.sampled_from([1, 2, 9, None]))
def test_pairs_are_counted_place_by_place(lists: list[list[int]], window: int | None) -> None:
    expected = np.zeros((N, N))
    for one in lists:
        places = sorted(set(one)) if window is None else one
        for s, i in enumerate(places):
            for t, j in enumerate(places):
                if s != t and i != j and (window is None or abs(s - t) <= window):
                    expected[i, j] += 1
    assert (pair_counts(log(lists), window).toarray() == expected).all()


@given(LOGS, st.sampled_from([1.0, 2.0]), st.sampled_from([0.5, 1.0]))
def test_ppmi_by_its_formula(lists: list[list[int]], shift: float, smoothing: float) -> None:
    counts = pair_counts(log(lists), 2)
    found = positive_pmi(counts, shift=shift, smoothing=smoothing).toarray()
    plain = counts.toarray()
    noise = np.where(plain.sum(axis=0) > 0, plain.sum(axis=0) ** smoothing, 0)
    for i in range(N):
        for j in range(N):
            value = 0.0
            if plain[i, j]:
                value = np.log(plain[i, j] / plain[i].sum()) - np.log(noise[j] / noise.sum()) - np.log(shift)
            assert found[i, j] == pytest.approx(max(0.0, value), abs=1e-12)


def test_too_many_items_for_ease_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recemb_core.scorers.ease.MOST_ITEMS", 5)
    assert "EASE" not in scorer_defaults(log([[0, 1]]))
    with pytest.raises(ValueError, match=r"for 6 items takes .* up to 5 items\. Leave rare items out"):
        fit_scorer(log([[0, 1]]), EASEConfig())


def test_ease_gives_the_same_bytes_on_any_number_of_threads() -> None:
    from threadpoolctl import threadpool_limits

    lists = np.random.default_rng(0).integers(0, 300, (500, 6)).tolist()
    sequences = Sequences.from_lists(lists)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(EASE.fit(sequences).weights)
    np.testing.assert_array_equal(*found)


@given(LOGS, HISTORIES, st.integers(1, 4), st.sampled_from([0.1, 1.0, 20.0]))
@pytest.mark.slow
def test_a_chain_counts_what_came_next(
    lists: list[list[int]], histories: list[list[int]], last: int, smoothing: float
) -> None:
    steps, sequences = np.zeros((N, N)), log(lists)
    for one in lists:
        for i, j in pairwise(one):
            steps[i, j] += 1
    share = sequences.counts / max(sequences.counts.sum(), 1)
    found = MarkovChain.fit(sequences, MarkovChainConfig(last=last, smoothing=smoothing)).scores(rows(histories))
    expected = [plain_chain(steps, share, history, last, smoothing) for history in histories]
    np.testing.assert_allclose(found, np.reshape(expected, (-1, N)), rtol=1e-5, atol=1e-6)
    if sequences.counts.sum():
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@given(LOGS.filter(lambda lists: len(lists) > 2), HISTORIES)
@pytest.mark.slow
def test_a_chain_of_baskets_leads_to_the_next_basket_of_the_same_person(
    lists: list[list[int]], histories: list[list[int]]
) -> None:
    users = [str(number % 2) for number in range(len(lists))]
    steps, sequences = np.zeros((N, N)), log(lists, users, ordered=False)
    for person in "01":
        own = [set(one) for one, user in zip(lists, users, strict=True) if user == person and one]
        for now, then in pairwise(own):
            for i in now:
                for j in then:
                    steps[i, j] += 1 / len(then)
    share = sequences.counts / max(sequences.counts.sum(), 1)
    found = MarkovChain.fit(sequences, MarkovChainConfig(last=2)).scores(rows(histories))
    expected = [plain_chain(steps, share, history, 2, 1.0) for history in histories]
    np.testing.assert_allclose(found, np.reshape(expected, (-1, N)), rtol=1e-5, atol=1e-6)


def test_baskets_without_a_second_one_have_no_chain() -> None:
    for users in (None, ["ann", "ben"]):
        baskets = log([[0, 1], [1, 2]], users, ordered=False)
        found = list(scorer_defaults(baskets))
        knn = ["ItemKNN", "ItemKNN, last 10", "ItemKNN, last 2"]  # a basket holds two
        assert found == ["Popularity", *knn, "EASE", "PMI", "Newest"]
        with pytest.raises(ValueError, match="Markov chain: A chain needs an order"):
            fit_scorer(baskets, MarkovChainConfig())
    assert markov_chain_defaults(log([[0, 1, 2], [1]], ["ann", "ann"], ordered=False)).last == 2


# --- what every scorer promises, a new one too ---


@dataclass(frozen=True, kw_only=True)
class NewestConfig:
    """Nothing to set."""


@dataclass(frozen=True)
class Newest:
    n: int

    def scores(self, histories: Any) -> np.ndarray:
        found = np.zeros((len(histories), self.n), dtype=np.float32)
        for line, history in zip(found, histories, strict=True):
            line[history[-1:]] = 1
        return found


NEWEST = ScorerSpec(name="Newest", config=NewestConfig, fit=lambda s, config: Newest(len(s.items)), words="the newest")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    before, lines = list(SCORERS), dict(versions.ALGORITHMS)
    register_scorer(NEWEST)
    yield
    unregister_scorer("Newest")
    assert list(SCORERS) == before
    assert lines == versions.ALGORITHMS
    with pytest.raises(ValueError, match=f"config must be that of {', '.join(BUNDLED)}, not"):
        fit_scorer(log([[0]]), NewestConfig())


@pytest.mark.parametrize("name", [*BUNDLED, "ItemKNN, last 1", "ItemKNN, last 5", "Newest"])
def test_what_a_scorer_promises(name: str) -> None:
    shop = load_dataset("planted_shop").sequences
    assert shop is not None
    cases = next_item_cases(replace(shop, offsets=shop.offsets[:301], tokens=shop.tokens[: shop.offsets[300]],
                                    users=shop.users[:300], timestamps=shop.timestamps[: shop.offsets[300]]))  # type: ignore[index]  # fmt: skip
    config = scorer_defaults(cases.train)[name]
    fitted = fit_scorer(cases.train, config)
    histories = list(cases.histories[:20])
    batch = fitted.scores(histories)
    assert batch.shape == (20, len(shop.items))
    assert batch.dtype == np.float32
    assert np.isfinite(batch).all()
    one_by_one = np.concatenate([fitted.scores([history]) for history in histories])
    np.testing.assert_allclose(one_by_one, batch, rtol=1e-5, atol=1e-7)
    assert fitted.scores([]).shape == (0, len(shop.items))
    assert fitted.scores([np.empty(0, np.int32)]).shape == (1, len(shop.items))
    assert (fit_scorer(cases.train, config).scores(histories) == batch).all(), "the same data, the same scores"
    novel, every = both_figures(fitted.scores, cases)  # the recall table takes it as it is
    assert 0 <= novel.hit_rate[10].value <= 1
    assert every.users == 300
    assert versions.versions_of("ranking", config)


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.parametrize("row", [-1, N])
def test_a_row_that_is_no_item_is_refused(name: str, row: int) -> None:
    fitted = fit_scorer(log([[0, 1], [1, 2]]), scorer_defaults(log([[0, 1], [1, 2]]))[name])
    with pytest.raises(ValueError, match="histories must hold item rows from 0 to 5"):
        fitted.scores([np.array([0, row])])


@pytest.mark.slow
def test_the_chain_of_the_planted_shop_beats_the_floor() -> None:
    """Its clicks are walks: where a walk stands says more than what is popular. Many standard errors apart."""
    shop = load_dataset("planted_shop").sequences
    assert shop is not None
    cases = next_item_cases(shop)
    reports = {
        config: rank_next_items(fit_scorer(cases.train, config).scores, cases.histories, cases.targets, ks=[10])
        for config in (PopularityConfig(), ItemKNNConfig(), MarkovChainConfig())
    }
    floor, knn, chain = (report.hit_rate[10] for report in reports.values())
    assert floor.high < knn.low < knn.high < chain.low


def test_what_cannot_be_registered_is_named() -> None:
    with pytest.raises(ValueError, match="there is a scorer 'Newest' already"):
        register_scorer(NEWEST)
    with pytest.raises(ValueError, match="there is another NewestConfig already"):
        register_scorer(replace(NEWEST, name="Latest"))
    with pytest.raises(ValueError, match="no scorer is called 'Latest'"):
        unregister_scorer("Latest")
    assert list(SCORERS) == [*BUNDLED, "Newest"]
    for wrong in ({"neighbors": 0}, {"over": "baskets"}, {"shrink": -1.0}, {"last": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            ItemKNNConfig(**wrong)  # type: ignore[arg-type]
    for wrong in ({"l2": 0.0}, {"over": "baskets"}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            EASEConfig(**wrong)  # type: ignore[arg-type]
    for wrong in ({"window": -1}, {"last": 0}, {"shift": 0.0}, {"smoothing": 2.0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            PMIConfig(**wrong)  # type: ignore[arg-type]
    for wrong in ({"last": 0}, {"smoothing": 0.0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            MarkovChainConfig(**wrong)  # type: ignore[arg-type]
