"""Training one pair at a time: gradients by finite differences, the compiled kernel, trees, noise, sources of pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings import Item2VecConfig, Word2VecConfig, training_pairs
from recemb_core.embeddings.huffman import HuffmanTree
from recemb_core.embeddings.noise import effective_items, noise_distribution, noise_table, popular_rows
from recemb_core.embeddings.pair_sources import CenterPairs, DrawnPairs, RepeatedPairs, context_counts
from recemb_core.embeddings.training_steps import (
    OBJECTIVES,
    Objective,
    StepConfig,
    StepTrainer,
    Watch,
    exponentials,
    multiplications,
    sigmoid,
    train_and_watch,
    train_to_rest,
)
from recemb_core.sequences import Sequences

COUNTS = np.array([40, 25, 13, 9, 7, 4, 1])
LOG = Sequences.from_lists(["abcde", "ba", "cad", "e", "abab"])


def trained(objective: Objective, **config: float) -> StepTrainer:
    """A trainer away from the start, where every score is still 0."""
    trainer = StepTrainer(COUNTS, StepConfig(objective=objective, learning_rate=0.3, **config))  # type: ignore[arg-type]
    rng = np.random.default_rng(1)
    trainer.vectors[:] = rng.normal(size=trainer.vectors.shape)
    trainer.outputs[:] = rng.normal(size=trainer.outputs.shape)
    return trainer


# --- gradients ---


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_gradients_agree_with_finite_differences(objective: Objective) -> None:
    trainer, negatives, h = trained(objective), np.array([2, 2, 5, 1, 0]), 1e-5
    center, context = 3, 1
    found = trainer.gradients(center, context, negatives)
    output = np.zeros_like(trainer.outputs)
    np.add.at(output, found.targets.rows, found.outputs)

    def slope(table: np.ndarray, at: tuple[int, ...]) -> float:
        before = table[at]
        losses = []
        for sign in (1, -1):
            table[at] = before + sign * h
            losses.append(trainer.gradients(center, context, negatives).loss)
        table[at] = before
        return (losses[0] - losses[1]) / (2 * h)

    for c in range(trainer.config.dimensions):
        assert slope(trainer.vectors, (center, c)) == pytest.approx(found.center[c], abs=1e-6)
    for at in np.ndindex(*trainer.outputs.shape):
        assert slope(trainer.outputs, at) == pytest.approx(output[at], abs=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_update_is_a_step_down_from_values_before_it(objective: Objective) -> None:
    trainer, negatives = trained(objective), np.array([2, 2, 5])
    v, outputs = trainer.vectors.copy(), trainer.outputs.copy()
    found = trainer.update(0, 1, negatives)
    moved = np.zeros_like(outputs)
    np.add.at(moved, found.targets.rows, found.outputs)
    assert trainer.vectors[0] == pytest.approx(v[0] - 0.3 * found.center)
    assert trainer.outputs == pytest.approx(outputs - 0.3 * moved)
    assert (trainer.vectors[1:] == v[1:]).all()
    small = trained(objective)
    before = small.gradients(0, 1, negatives).loss
    small.update(0, 1, negatives, rate=1e-3)
    assert small.gradients(0, 1, negatives).loss < before


def test_the_step_is_that_of_the_compiled_kernel() -> None:
    """One sentence of two items and a noise of one item: nothing is left to chance but the start."""
    from recemb_core.embeddings.skip_gram_kernel import Tables, train_block
    from recemb_core.kernels.sigmoid import LARGEST_SCORE, STEPS

    a, b, noise, rate, d = 0, 1, 2, 0.5, 8
    trainer = trained("negative_sampling")
    trainer.vectors *= 0.5
    trainer.outputs *= 0.5
    vectors, outputs = trainer.vectors.astype(np.float32), trainer.outputs.astype(np.float32)
    only = np.array([[2**32 - 1, noise, noise, 0]], dtype=np.uint32)
    pairs = np.array([[b, a], [a, b]], dtype=np.int32)
    loss = train_block(pairs, only, Tables(vectors, outputs), 1, (rate, rate), np.uint64(3))
    # The kernel feeds the context and predicts the center.
    steps = [trainer.update(b, a, np.array([noise]), rate=rate), trainer.update(a, b, np.array([noise]), rate=rate)]
    # Its σ comes from a table of 4,096 steps over ±8: off by up to a quarter of half a step, twice, times |v| < 3.
    bound = 2 * rate * 3 * (2 * LARGEST_SCORE / STEPS) / 2 / 4 * 2
    assert np.abs(trainer.vectors - vectors).max() < bound
    assert np.abs(trainer.outputs - outputs).max() < bound
    assert loss == pytest.approx(sum(step.loss for step in steps), abs=0.02)
    assert vectors.shape[1] == d


# --- what the four objectives say ---


def test_full_softmax_is_a_distribution() -> None:
    trainer = trained("softmax")
    found = trainer.gradients(2, 4)
    assert len(found.probabilities) == len(COUNTS)
    assert found.probabilities.sum() == pytest.approx(1)
    scores = trainer.outputs @ trainer.vectors[2]
    assert found.loss == pytest.approx(-math.log(math.exp(scores[4]) / np.exp(scores).sum()))


def test_tree_probabilities_sum_to_one_and_the_loss_is_that_of_the_path() -> None:
    trainer = trained("hierarchical_softmax")
    for center in range(len(COUNTS)):
        logs = trainer.scores(center)
        assert np.exp(logs).sum() == pytest.approx(1)
        for context in range(len(COUNTS)):
            assert trainer.gradients(center, context).loss == pytest.approx(-logs[context])


def test_nce_follows_its_formula_and_negative_sampling_drops_one_term() -> None:
    nce, plain = trained("nce", negative=3), trained("negative_sampling", negative=3)
    negatives = np.array([2, 5, 6])
    p = COUNTS**0.75 / (COUNTS**0.75).sum()
    rows = np.array([1, *negatives])
    s = nce.outputs[rows] @ nce.vectors[0]
    # P(D = 1 | w, c) = e^s / (e^s + k p_n(w)).
    data = np.exp(s) / (np.exp(s) + 3 * p[rows])
    found = nce.gradients(0, 1, negatives)
    assert found.probabilities == pytest.approx(data)
    assert found.loss == pytest.approx(-math.log(data[0]) - np.log(1 - data[1:]).sum())
    other = plain.gradients(0, 1, negatives)
    assert other.scores - found.scores == pytest.approx(np.log(3 * p[rows]))
    assert other.probabilities == pytest.approx(sigmoid(s))


def test_a_negative_that_is_the_context_is_left_out() -> None:
    for objective in ("nce", "negative_sampling"):
        rows = trained(objective).gradients(0, 1, np.array([1, 4, 1])).targets.rows
        assert rows.tolist() == [1, 4]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_finds_what_the_log_has(objective: Objective) -> None:
    """4,000 updates, seed 0; at the start all are 1/7, 1/2 or 1.

    NCE and negative sampling leave out noise that is the context itself, so that they find the odds p/(1 − p).
    """
    truth = np.array([0, 0.4, 0.3, 0.15, 0.1, 0.05, 0])
    trainer = StepTrainer(COUNTS, StepConfig(objective=objective, learning_rate=0.1))
    assert list(train_to_rest(trainer, CenterPairs(0, (truth * 1_000).astype(int)), 4_000))[-1] == 4_000
    scores = trainer.scores(0)
    if objective == "softmax":
        found = np.exp(scores) / np.exp(scores).sum()
    elif objective == "negative_sampling":
        found = np.exp(scores + trainer.log_k_noise)
    else:
        found = np.exp(scores)
    wanted = truth / (1 - truth) if objective in ("nce", "negative_sampling") else truth
    assert np.abs(found - wanted).max() < 0.08
    assert np.abs(found - wanted).mean() < 0.03


def test_costs_count_the_rows_that_are_scored() -> None:
    for objective, rows in zip(OBJECTIVES, (7, 3, 6, 6), strict=True):
        trainer = trained(objective)
        context = int(np.flatnonzero(HuffmanTree.of(COUNTS).lengths == 3)[0])
        scored = len(trainer.gradients(0, context, np.array([6, 6, 6, 6, 6])).targets.rows)
        given_costs = {"items": 7, "negative": 5, "code_length": 3}
        assert scored == rows == exponentials(objective, **given_costs)
        assert multiplications(objective, dimensions=8, **given_costs) == rows * 8


# --- the Huffman tree (its code is tested in test_huffman) ---


def test_tree_probabilities_of_a_known_tree() -> None:
    tree = HuffmanTree.of([4, 2, 1])  # inner 0 joins items 2 and 1, inner 1 (the root) that and item 0
    assert tree.path(0)[0].tolist() == [1]
    assert tree.path(2)[0].tolist() == [1, 0]
    assert tree.path(2)[1][1] == 0  # the lighter of the two
    scores = np.array([0.3, -1.2])
    p = np.exp(tree.log_probabilities(scores))
    to_inner = sigmoid(-1.2 if tree.path(2)[1][0] == 0 else 1.2)
    assert p[2] == pytest.approx(to_inner * sigmoid(0.3))
    assert p[1] == pytest.approx(to_inner * sigmoid(-0.3))
    assert p.sum() == pytest.approx(1)


def test_a_tree_of_one_item_decides_nothing_and_of_none_is_refused() -> None:
    tree = HuffmanTree.of([5])
    assert tree.lengths.tolist() == [0]
    assert tree.log_probabilities(np.empty(0)).tolist() == [0]
    with pytest.raises(ValueError, match="at least one item"):
        HuffmanTree.of([])


# --- noise ---


@given(st.lists(st.integers(0, 500), min_size=1, max_size=40), st.floats(-1, 1))
def test_noise_is_a_distribution_that_follows_the_exponent(counts: list[int], exponent: float) -> None:
    noise = noise_distribution(counts, exponent)
    assert noise.sum() == pytest.approx(1)
    seen = np.array(counts) > 0
    if seen.any():
        assert (noise[~seen] == 0).all()
        ratio = noise[seen] / noise[seen][0]
        assert ratio == pytest.approx((np.array(counts)[seen] / np.array(counts)[seen][0]) ** exponent)
    assert 1 - 1e-9 <= effective_items(noise) <= len(counts) + 1e-6


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 0.75, 1.0])
def test_negatives_are_drawn_as_the_noise_and_the_kernel_s_table_say(exponent: float) -> None:

    noise = noise_distribution(COUNTS, exponent)
    table = noise_table(COUNTS, exponent)
    assert np.bincount(table, minlength=7) / len(table) == pytest.approx(noise, abs=2 / len(table))
    trainer = StepTrainer(COUNTS, StepConfig(ns_exponent=exponent, negative=20, seed=3))
    drawn = np.bincount(np.concatenate([trainer.negatives(u) for u in range(2_000)]), minlength=7)
    error = np.sqrt(noise * (1 - noise) / drawn.sum())  # 40,000 draws, five standard errors
    assert (np.abs(drawn / drawn.sum() - noise) < 5 * error).all()


def test_the_popular_are_the_first_by_count() -> None:
    assert popular_rows(COUNTS, 0.3).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="share"):
        popular_rows(COUNTS, 0)


# --- sources of pairs ---


@pytest.mark.parametrize("window", [1, 2, None])
def test_drawn_pairs_come_as_often_as_the_log_has_them(window: int | None) -> None:
    config = Item2VecConfig(mode="set") if window is None else Word2VecConfig(window=window, shrink_windows=False)
    expected = np.zeros((5, 5))
    for sequence in LOG:
        np.add.at(expected, training_pairs(sequence, config), 1)
    pairs = DrawnPairs(LOG, window=window, seed=2).take(0, 40_000)
    drawn = np.zeros((5, 5))
    np.add.at(drawn, (pairs[:, 0], pairs[:, 1]), 1)
    share = expected / expected.sum()
    error = np.sqrt(share * (1 - share) / len(pairs))
    assert (np.abs(drawn / len(pairs) - share) <= 5 * error).all()
    for row in range(5):
        assert context_counts(LOG, row, window).tolist() == expected[row].tolist()


def test_shrinking_draws_near_contexts_more_often() -> None:
    """Window 2 of abc: a–b and b–c at distance 1 weigh 2, a–c weighs 1, so 8 of 10 pairs are direct neighbors."""
    pairs = DrawnPairs(Sequences.from_lists(["abc"]), window=2, shrink=True).take(0, 20_000)
    near = (np.abs(pairs[:, 0] - pairs[:, 1]) == 1).mean()
    assert near == pytest.approx(0.8, abs=5 * math.sqrt(0.8 * 0.2 / 20_000))


@given(st.integers(0, 3_000), st.integers(0, 3_000), st.integers(0, 3_000))
def test_pairs_have_numbers(first: int, middle: int, last: int) -> None:
    first, middle, last = sorted((first, middle, last))
    counts = np.array([0, 3, 1])
    for source in (
        DrawnPairs(LOG, window=2),
        CenterPairs(0, counts),
        RepeatedPairs(np.array([[0, 1], [1, 2], [2, 0]])),
    ):
        whole = source.take(first, last)
        assert whole.shape == (last - first, 2)
        assert (np.concatenate([source.take(first, middle), source.take(middle, last)]) == whole).all()


def test_center_pairs_are_drawn_by_count() -> None:
    pairs = CenterPairs(4, np.array([0, 30, 10, 0, 0])).take(0, 20_000)
    assert (pairs[:, 0] == 4).all()
    assert set(pairs[:, 1].tolist()) == {1, 2}
    assert (pairs[:, 1] == 1).mean() == pytest.approx(0.75, abs=5 * math.sqrt(0.75 * 0.25 / 20_000))


def test_sources_say_what_they_lack() -> None:
    with pytest.raises(ValueError, match="no sequence holds two items"):
        DrawnPairs(Sequences.from_lists(["a", "b"]), window=2)
    with pytest.raises(ValueError, match="no sequence holds two items"):
        DrawnPairs(Sequences.from_lists(["aa"]), window=None)  # a set of one
    with pytest.raises(ValueError, match="window"):
        DrawnPairs(LOG, window=0)
    with pytest.raises(ValueError, match="at least one context"):
        CenterPairs(0, np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="at least one pair"):
        RepeatedPairs(np.empty((0, 2), dtype=int))


# --- a run ---


def test_the_start_is_word2vec_s_and_the_first_update_leaves_v() -> None:
    trainer = StepTrainer(COUNTS, StepConfig(dimensions=10, seed=4))
    assert np.abs(trainer.vectors).max() <= 0.05
    assert (trainer.outputs == 0).all()
    v = trainer.vectors.copy()
    first = trainer.update(0, 1, np.array([2, 3, 4, 5, 6]))
    assert first.loss == pytest.approx(6 * math.log(2))
    assert (trainer.vectors == v).all()
    assert trainer.outputs[1] == pytest.approx(0.025 * 0.5 * v[0])
    assert trainer.outputs[2] == pytest.approx(-0.025 * 0.5 * v[0])


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_ten_and_ninety_updates_are_a_hundred(objective: Objective) -> None:
    runs = []
    for stops in ((100,), (10, 100), (0, 1, 37, 100)):
        trainer = StepTrainer(COUNTS[:5], StepConfig(objective=objective, seed=5, learning_rate=0.2))
        watch = Watch(0, 1, (2, 3) if objective != "hierarchical_softmax" else ())
        source = DrawnPairs(LOG, window=2, seed=5)
        last = [train_and_watch(trainer, source, stop, watch) for stop in stops][-1]
        assert last is not None
        assert len(watch.losses) == 100
        assert len(watch.scores) == 101
        assert last.loss == watch.losses[-1]
        runs.append((trainer.vectors, trainer.outputs, np.array(watch.losses)))
    for run in runs[1:]:
        assert all((a == b).all() for a, b in zip(run, runs[0], strict=True))
    other = StepTrainer(COUNTS[:5], StepConfig(objective=objective, seed=6))
    assert (other.vectors != runs[0][0]).any()


def test_a_pair_trained_alone_goes_to_one_and_its_noise_to_zero() -> None:
    trainer = StepTrainer(COUNTS, StepConfig(learning_rate=0.1))
    watch = Watch(0, 1, (2, 3))
    train_and_watch(trainer, RepeatedPairs(np.array([[0, 1]])), 1_000, watch)
    assert watch.scores[0] == pytest.approx(0.5)
    assert watch.scores[-1][0] > 0.95
    assert watch.scores[-1][1:].max() < 0.05
    assert watch.losses[-1] < watch.losses[0] / 10


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"objective": "softplus"}, "objective"),
        ({"dimensions": 0}, "dimensions"),
        ({"negative": 0}, "negative"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"ns_exponent": float("nan")}, "ns_exponent"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_config_says_what_is_wrong(wrong: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        StepConfig(**wrong)  # type: ignore[arg-type]
