"""What skip-gram factorizes: pairs counted one by one, the optimum by its derivative, trainings held against both."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings import Item2VecConfig, Word2VecConfig
from recemb_core.embeddings.training_steps import sigmoid
from recemb_core.experiments.factorization import (
    AT_LEAST,
    CELLS,
    PARTNERS,
    Factorization,
    FactorizationConfig,
    Pairs,
    factorization,
    factorization_defaults,
    factorization_epochs,
    fit,
    pairs_of,
)
from recemb_core.figures.factorization import factorization_figure
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError

LOGS = st.lists(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=8), min_size=1, max_size=6)


def log_of(seed: int = 0, lists: int = 1_500) -> Sequences:
    """Two kinds of items that keep among themselves, some far commoner than others."""
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, 9)
    made = []
    for _ in range(lists):
        kind = "ab"[rng.integers(2)]
        stray = rng.random(6) < 0.15
        items = rng.choice(8, size=6, p=weight / weight.sum())
        made.append([f"{'ba'['ab'.index(kind)] if out else kind}{i}" for i, out in zip(items, stray, strict=True)])
    return Sequences.from_lists(made)


def table(pairs: Pairs) -> dict[tuple[int, int], float]:
    return {(int(i), int(j)): float(n) for i, j, n in zip(pairs.center, pairs.context, pairs.times, strict=True)}


@given(LOGS, st.integers(1, 4), st.booleans())
def test_pairs_are_those_in_the_windows(lists: list[list[str]], window: int, shrink: bool) -> None:
    sequences, wanted = Sequences.from_lists(lists), Counter[tuple[int, int]]()
    for index in range(len(sequences)):
        rows = sequences[index].tolist()
        for at, i in enumerate(rows):
            for other, j in enumerate(rows):
                distance = abs(at - other)
                if 0 < distance <= window:  # a radius from 1 … window reaches so far in so many of its draws
                    wanted[i, j] += (window - distance + 1) / window if shrink else 1  # type: ignore[assignment]
    found = table(pairs_of(sequences, Word2VecConfig(window=window, shrink_windows=shrink)))
    assert found == pytest.approx(dict(wanted))


@given(LOGS)
def test_pairs_of_a_set_are_all_with_all_once(lists: list[list[str]]) -> None:
    sequences, wanted = Sequences.from_lists(lists), Counter[tuple[int, int]]()
    for index in range(len(sequences)):
        rows = set(sequences[index].tolist())
        wanted.update((i, j) for i in rows for j in rows if i != j)
    assert table(pairs_of(sequences, Item2VecConfig(mode="set"))) == dict(wanted)


@given(LOGS, st.integers(1, 20), st.sampled_from((-1.0, 0.0, 0.75, 1.0)))
def test_at_the_optimum_the_derivative_of_the_loss_vanishes(lists: list[list[str]], k: int, exponent: float) -> None:
    pairs = pairs_of(Sequences.from_lists(lists), Word2VecConfig(window=2, shrink_windows=False))
    contexts = np.bincount(pairs.context, pairs.times, pairs.items)
    noise = np.where(contexts > 0, np.maximum(contexts, 1.0) ** exponent, 0.0)
    noise /= noise.sum()
    at = pairs.optimum(noise, k)
    own = np.bincount(pairs.center, pairs.times, pairs.items)[pairs.center]
    pull, push = pairs.times * (1 - sigmoid(at)), k * own * noise[pairs.context] * sigmoid(at)
    assert pull == pytest.approx(push)
    if exponent == 1.0:  # contexts drawn as often as they occur
        assert at == pytest.approx(pairs.pmi() - np.log(k))


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=50))
def test_a_fit_is_numpys(points: list[tuple[float, float]]) -> None:
    x, y = (np.round(np.array(side), 3) for side in zip(*points, strict=True))
    found = fit(x, y)
    assert found.offset == pytest.approx(float(np.mean(y - x)))
    if np.ptp(x) > 0 and np.ptp(y) > 0:
        assert found.correlation == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
        assert found.slope == pytest.approx(np.polyfit(x, y, 1)[0], abs=1e-9)
    else:
        assert np.isnan(found.correlation)


@pytest.fixture(scope="module")
def runs() -> dict[int, Factorization]:
    model = Word2VecConfig(dimensions=16, window=2, shrink_windows=False, epochs=60, subsample=0)
    return {k: factorization(log_of(), FactorizationConfig(model=replace(model, negative=k), seeds=2)) for k in (1, 5)}


@pytest.mark.slow
def test_products_come_to_pmi_less_log_k(runs: dict[int, Factorization]) -> None:
    for k, found in runs.items():
        for one in found.fits(1.0, 10):
            assert one.pairs > 60
            assert one.correlation > 0.9, k
            assert 0.75 < one.slope < 1.25, k


def test_more_negatives_lower_the_cloud_by_the_logarithm(runs: dict[int, Factorization]) -> None:
    # Products less PMI, so that log k is left.
    rest = {k: np.mean([one.offset for one in found.fits(1.0, 10)]) - np.log(k) for k, found in runs.items()}
    assert rest[1] - rest[5] == pytest.approx(np.log(5), abs=0.2)


def test_another_noise_has_another_optimum(runs: dict[int, Factorization]) -> None:
    found = runs[5]
    own = np.mean([one.correlation for one in found.fits(0.75, 10, own=True)])
    assert own > np.mean([one.correlation for one in found.fits(0.75, 10)])


def test_what_is_drawn_and_named_is_what_was_counted(runs: dict[int, Factorization]) -> None:
    found, sequences = runs[5], log_of()
    pairs = pairs_of(sequences, found.config.model)
    for level, least in enumerate(AT_LEAST):
        assert found.pairs[level] == (pairs.times >= least).sum()
        assert (found.density[:, level].sum(axis=(1, 2)) == found.pairs[level]).all()
    counted, expected = table(pairs), pairs.pmi() - np.log(5)
    value = {key: expected[at] for at, key in enumerate(counted)}
    for row in range(len(sequences.items)):
        wanted = sorted((n for (i, _), n in counted.items() if i == row), reverse=True)[:PARTNERS]
        named = [int(one) for one in found.partners[row] if one >= 0]
        assert found.times[row][: len(named)].tolist() == wanted == [counted[row, one] for one in named]
        assert found.expected[row][: len(named)] == pytest.approx([value[row, one] for one in named])


def test_the_same_bytes_again_and_from_arrays(runs: dict[int, Factorization]) -> None:
    found = runs[1]
    again = Factorization.from_arrays(found.config, found.to_arrays())
    other = factorization(log_of(), replace(found.config, model=replace(found.config.model, workers=1)))
    for name, array in found.to_arrays().items():
        assert np.array_equal(again.to_arrays()[name], array, equal_nan=True)
        assert np.array_equal(other.to_arrays()[name], array, equal_nan=True), name


def test_a_log_with_few_pairs_has_what_there_is() -> None:
    model = Word2VecConfig(dimensions=4, window=1, shrink_windows=False, epochs=2, subsample=0)
    found = factorization(Sequences.from_lists([["a", "b"]]), FactorizationConfig(model=model, seeds=1))
    assert found.pairs.tolist() == [2, 0, 0, 0, 0, 0]
    assert found.partners.tolist() == [[1, -1, -1, -1, -1], [0, -1, -1, -1, -1]]
    assert np.isnan(found.fits(1.0, 50)[0].correlation)
    alone = factorization(
        Sequences.from_lists([["a"], ["b"]]),
        FactorizationConfig(model=Item2VecConfig(mode="set", dimensions=4, epochs=1, subsample=0), seeds=1),
    )
    assert alone.pairs[0] == 0
    assert (alone.partners == -1).all()


def test_settings_that_the_equation_is_not_about_are_refused() -> None:
    for model, words in (
        (Word2VecConfig(skip_gram=False, subsample=0), "skip-gram"),
        (Word2VecConfig(hierarchical_softmax=True, subsample=0), "skip-gram"),
        (Word2VecConfig(subsample=1e-3), "subsample must be 0"),
    ):
        with pytest.raises(UsageError, match=words):
            FactorizationConfig(model=model)
    model = Word2VecConfig(subsample=0)
    for more in ({"exponents": ()}, {"exponents": (2.0,)}, {"seeds": 0}):
        with pytest.raises(UsageError):
            FactorizationConfig(model=model, **more)


@pytest.mark.slow
def test_epochs_go_by_the_pairs() -> None:
    few, many = Sequences.from_lists([["a", "b", "c"]]), Sequences.from_lists([["a", "b", "c"]] * 200_000)
    assert factorization_defaults(few).model.epochs == 50
    assert factorization_defaults(many).model.epochs == factorization_epochs(1_200_000) == 25


def test_the_figure_has_every_pair_and_the_line(runs: dict[int, Factorization]) -> None:
    found = runs[5]
    figure = factorization_figure(
        found.density[0, 0], found.x, found.y, name="a", across="b", own=([0.0], [1.0], ["<b>tea</b>"])
    )
    cells, optimum, chosen = figure.data
    assert np.nansum(np.asarray(cells.customdata, dtype=float)) == found.pairs[0]
    assert np.shape(cells.z) == (CELLS, CELLS)
    assert list(optimum.x) == list(optimum.y)
    assert chosen.customdata[0] == "&lt;b&gt;tea&lt;/b&gt;"
