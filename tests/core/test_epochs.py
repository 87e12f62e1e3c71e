"""The rule that gives a model its epochs: bounds, order, no jumps, and that every default comes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core import precomputed
from recemb_core.embeddings import (
    MODELS,
    comparison_defaults,
    default_graph,
    item2vec_defaults,
    training_pairs,
    word2vec_defaults,
)
from recemb_core.embeddings.epochs import LEAST, MOST, MOST_PAIRS, PAIRS_AN_ITEM, epochs_by_size
from recemb_core.experiments.leaderboard import entry_defaults
from recemb_core.experiments.leaderboard.entries import recall_is_there
from recemb_core.plans import model_config, model_named
from recemb_core.sequences import Sequences
from recemb_core.session_file import SessionFile

PAIRS = st.floats(0, 1e12)
ITEMS = st.integers(0, 10**7)


@given(PAIRS, ITEMS)
def test_epochs_stay_within_their_bounds(pairs: float, items: int) -> None:
    epochs = epochs_by_size(pairs, items)
    assert 1 <= epochs <= MOST
    assert epochs == 1 or epochs * pairs <= MOST_PAIRS + pairs / 2
    assert epochs >= LEAST or LEAST * pairs > MOST_PAIRS - pairs / 2


@given(PAIRS, PAIRS, ITEMS, ITEMS)
def test_more_pairs_never_mean_more_epochs_nor_more_items_fewer(a: float, b: float, n: int, m: int) -> None:
    assert epochs_by_size(max(a, b), n) <= epochs_by_size(min(a, b), n)
    assert epochs_by_size(a, min(n, m)) <= epochs_by_size(a, max(n, m))


@given(st.floats(1, 1e12), ITEMS, st.floats(0, 1))
def test_epochs_change_by_no_larger_share_than_the_pairs_do(pairs: float, items: int, share: float) -> None:
    before, after = epochs_by_size(pairs, items), epochs_by_size(pairs * (1 + share), items)
    assert before - after <= 1 + (before + 0.5) * share


@given(st.integers(2, 5_000), st.floats(10, 1e4))
def test_between_the_bounds_an_item_is_trained_so_many_times(items: int, each: float) -> None:
    epochs = epochs_by_size(each * items, items)
    free = PAIRS_AN_ITEM / each
    if LEAST + 1 < free < min(MOST, MOST_PAIRS / (each * items)) - 1:
        assert epochs * each == pytest.approx(PAIRS_AN_ITEM, abs=each / 2 + 1e-6)


def log(users: int, items: int = 40, seed: int = 0) -> Sequences:
    rng = np.random.default_rng(seed)
    return Sequences.from_lists([[f"i{j}" for j in rng.integers(items, size=rng.integers(2, 9))] for _ in range(users)])


def test_the_defaults_count_the_pairs_that_a_pass_gives() -> None:
    shop = log(300)
    config = item2vec_defaults(shop)
    pairs = sum(len(training_pairs(line, config)[0]) for line in shop)
    assert config.epochs == epochs_by_size(pairs, 40)
    config = word2vec_defaults(shop)
    rng = np.random.default_rng(0)
    drawn = np.mean([sum(len(training_pairs(line, config, rng=rng)[0]) for line in shop) for _ in range(20)])
    assert config.epochs == pytest.approx(epochs_by_size(drawn, 40), rel=0.02)


def test_an_item_without_events_asks_for_no_more_epochs() -> None:
    shop = log(300)
    more = Sequences.from_lists([*([shop.items[t] for t in line] for line in shop), [f"new{i}" for i in range(40)]])
    unseen = replace(more, offsets=shop.offsets, tokens=shop.tokens)
    assert len(unseen.items) == 80
    assert word2vec_defaults(unseen).epochs == word2vec_defaults(shop).epochs
    assert item2vec_defaults(unseen).epochs == item2vec_defaults(shop).epochs


@pytest.mark.parametrize("defaults", [word2vec_defaults, item2vec_defaults])
def test_one_event_more_changes_the_epochs_by_little(defaults: object) -> None:
    lines = [[f"i{t}" for t in line] for line in log(400)]
    epochs = []
    for extra in range(30):
        lines[extra].append("i3")
        epochs.append(defaults(Sequences.from_lists(lines)).epochs)  # type: ignore[operator]
    assert np.abs(np.diff(epochs)).max() <= 1 + 0.01 * max(epochs)
    assert len(set(epochs)) > 1


def test_a_small_log_is_trained_longer_than_a_large_one() -> None:
    small, large = log(50), log(3_000)
    for defaults in (word2vec_defaults, item2vec_defaults):
        assert defaults(small).epochs > 3 * defaults(large).epochs


def test_a_number_that_is_said_wins_and_is_part_of_the_key() -> None:
    shop = log(300)
    graph = default_graph(shop)
    for name, default in comparison_defaults(shop, graph).items():
        if not hasattr(default, "epochs"):
            continue
        told = {"sequences": shop, "graph": graph, "side_info": None}
        asked = model_config(SessionFile(model=name, config={"epochs": 7}), model_named(name), **told)
        by_link = model_config(SessionFile(settings={MODELS[name].key_of("epochs"): 7}), model_named(name), **told)
        unsaid = model_config(SessionFile(model=name), model_named(name), **told)
        assert asked == by_link == replace(default, epochs=7)
        assert unsaid == default
        keys = [precomputed.result_key("vectors", shop.fingerprint, one) for one in (default, asked)]
        assert [key.identity["settings"]["config"]["epochs"] for key in keys] == [default.epochs, 7]


@pytest.mark.skipif(not recall_is_there(), reason="needs jax and optax")
def test_vectors_inside_a_recall_model_have_the_epochs_of_their_own_row() -> None:
    shop = log(300)
    found = entry_defaults(shop, recall=True)
    inside = [one.config.vectors for one in found.values() if hasattr(one.config, "vectors")]
    assert inside
    assert all(config == found["item2vec"].config for config in inside)


@pytest.mark.parametrize("model", ["word2vec", "item2vec"])
def test_the_estimate_of_a_run_follows_pairs_and_epochs(model: str) -> None:
    small, large = log(200), log(1_200)
    spec = MODELS[model]
    config = spec.default_config(small, None, None)
    twice = replace(config, epochs=2 * config.epochs)
    assert spec.cost(twice, small, 40) == pytest.approx(2 * spec.cost(config, small, 40))
    # Between the bounds the work of a start is that of 25,000 pairs an item, however large the log.
    pairs = [sum(len(training_pairs(line, config)[0]) for line in one) for one in (small, large)]
    assert pairs[1] > 4 * pairs[0]
    ends = [spec.cost(spec.default_config(one, None, None), one, 40) for one in (small, large)]
    assert ends[1] == pytest.approx(ends[0], rel=0.05)
