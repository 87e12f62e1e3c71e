"""The table of taken and not taken items: split by time, nothing known ahead, negatives that were not taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.auc import auc, weighted_auc
from recemb_core.datasets import load_dataset
from recemb_core.deep.click_scores import compare, log_loss
from recemb_core.deep.features import (
    PARTS,
    FeatureConfig,
    FeatureTable,
    feature_table,
    item_fields,
    previous_name,
    training_sequences,
)
from recemb_core.deep.fitting import popularity_probabilities
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

SHOP = load_dataset("planted_shop").sequences
assert SHOP is not None
SMALL = FeatureConfig(max_positives=3_000)


def shop_table(**options: Any) -> FeatureTable:
    assert SHOP is not None
    return feature_table(SHOP, replace(SMALL, **options))


def random_baskets(seed: int, ordered: bool) -> Sequences:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 6, 60)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    times = np.sort(rng.uniform(0, 1e7, 60))
    return Sequences(
        items=Vocabulary([f"i{k}" for k in range(12)]),
        offsets=offsets.astype(np.int64),
        tokens=rng.integers(0, 12, offsets[-1]).astype(np.int32),
        ordered=ordered,
        users=rng.integers(0, 7, 60).astype(np.str_),
        timestamps=np.repeat(times, lengths) + (0 if not ordered else np.arange(offsets[-1]) * 1e-3),
        side_info=pl.DataFrame({"kind": ["a", None, "b"] * 4, "title": [f"Item {k}" for k in range(12)]}),
    )


@given(st.integers(0, 10_000), st.booleans())
@pytest.mark.slow
def test_a_negative_is_never_in_the_sequence_of_its_positive(seed: int, ordered: bool) -> None:
    sequences = random_baskets(seed, ordered)
    table = feature_table(sequences, FeatureConfig(seed=seed, negatives=3))
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    positives = table.y == 1
    np.testing.assert_array_equal(table.items[positives], sequences.tokens)  # all events, in order
    # A negative repeats its positive's user, context and time; find its sequence through them.
    contexts = [i for i, field in enumerate(table.fields) if field.kind in ("user", "context", "time")]
    for row in np.flatnonzero(~positives)[:60]:
        same = positives & (table.x[:, contexts] == table.x[row, contexts]).all(axis=1)
        same &= (table.part == table.part[row]) & (table.users == table.users[row])
        homes = np.unique(owner[np.flatnonzero(same)])
        assert len(homes)
        assert any(table.items[row] not in sequences[int(home)] for home in homes)


@given(st.integers(0, 10_000), st.booleans())
@pytest.mark.slow
def test_positions_decode_to_the_row(seed: int, ordered: bool) -> None:
    sequences = random_baskets(seed, ordered)
    table = feature_table(sequences, FeatureConfig(seed=seed))
    assert table.x.shape == (len(table.y), len(table.fields))
    assert sum(field.size for field in table.fields) == table.n_features
    for i, field in enumerate(table.fields):
        known = table.x[:, i] >= 0
        assert ((table.x[known, i] >= field.start) & (table.x[known, i] < field.start + field.size)).all()
    item = table.fields[table.column("item") or 0]
    known = table.x[:, table.column("item") or 0] >= 0
    np.testing.assert_array_equal(table.x[known, table.column("item") or 0] - item.start, table.items[known])
    # What the item decides is the same in the table and in the list by item.
    np.testing.assert_array_equal(table.x[:, list(table.item_columns)], table.item_x[table.items])


def test_parts_follow_time_and_hold_whole_sequences() -> None:
    assert SHOP is not None
    table = shop_table(max_positives=10**6)
    positives = table.y == 1
    owner = np.repeat(np.arange(len(SHOP)), SHOP.lengths)
    assert len(owner) == positives.sum()
    parts = [set(owner[table.part[positives] == k]) for k in range(3)]
    assert not parts[0] & parts[1]
    assert not parts[1] & parts[2]
    assert SHOP.timestamps is not None
    last = SHOP.timestamps[SHOP.offsets[1:] - 1]
    assert max(last[list(parts[0])]) <= min(last[list(parts[1])])
    assert max(last[list(parts[1])]) <= min(last[list(parts[2])])
    shares = np.bincount(table.part[positives]) / positives.sum()
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.01)


def test_what_training_has_not_seen_is_unknown_elsewhere() -> None:
    table = shop_table(max_positives=300)
    seen = np.unique(table.x[table.rows("train")])
    for part in PARTS:
        assert np.isin(table.x[table.rows(part)], [-1, *seen]).all()
    assert (table.x == -1).any()


def test_popularity_counts_only_the_training_part() -> None:
    assert SHOP is not None
    table = shop_table()
    before = training_sequences(SHOP, table)
    np.testing.assert_array_equal(table.popularity, np.bincount(before.tokens, minlength=len(SHOP.items)))
    assert len(before) == table.train_sequences.sum()
    assert before.timestamps is not None
    assert SHOP.timestamps is not None
    assert before.timestamps.max() <= SHOP.timestamps.max()
    np.testing.assert_array_equal(before[0], SHOP[int(np.flatnonzero(table.train_sequences)[0])])


def test_a_seed_repeats() -> None:
    a, b, c = shop_table(), shop_table(), shop_table(seed=1)
    np.testing.assert_array_equal(a.x, b.x)
    assert not np.array_equal(a.items, c.items)


def test_popularity_power_moves_the_baseline() -> None:
    """Uniform negatives make popularity a good guess; drawn by popularity, it is worth nothing.

    3,000 test rows of 1,000 positives have an AUC standard error of about 0.012: 0.5 ± 0.04 is three of them.
    """
    rng = np.random.default_rng(0)
    weight = 1 / np.arange(1, 501)
    baskets = Sequences.from_lists(rng.choice(500, (5_000, 2), p=weight / weight.sum()).tolist(), ordered=False)
    aucs = []
    for power in (0.0, 1.0):
        table = feature_table(baskets, FeatureConfig(popularity_power=power, negatives=2, max_positives=10_000))
        aucs.append(auc(table.y[table.rows("test")], popularity_probabilities(table, "test")))
    assert aucs[0] > 0.75
    assert aucs[1] == pytest.approx(0.5, abs=0.04)


def test_weekday_and_hour_are_those_of_the_calendar() -> None:
    from datetime import UTC, datetime

    assert SHOP is not None
    assert SHOP.timestamps is not None
    table = shop_table(max_positives=10**6)
    weekday, hour = table.column("weekday") or 0, table.column("hour (UTC)") or 0
    for event in (0, 1_000, 40_000):
        at = datetime.fromtimestamp(SHOP.timestamps[event], UTC)
        for column, text in ((weekday, at.strftime("%A")), (hour, f"{at.hour:02d}:00")):
            field = table.fields[column]
            assert field.values[table.x[event, column] - field.start] == text


def test_the_item_before_is_the_item_before() -> None:
    assert SHOP is not None
    table = shop_table(max_positives=10**6)
    column = table.column("previous item") or 0
    start = table.fields[column].start
    assert (table.x[:5, column] == [-1, *(SHOP.tokens[:4] + start)]).all()


def test_in_a_basket_it_is_another_item_of_the_basket() -> None:
    sequences = random_baskets(3, ordered=False)
    assert previous_name(sequences) == "another item of the basket"
    table = feature_table(sequences)
    column = table.column("another item of the basket") or 0
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    for event in range(len(sequences.tokens)):
        other = table.x[event, column] - table.fields[column].start
        if table.x[event, column] >= 0:
            assert other in sequences[int(owner[event])]
            assert other != sequences.tokens[event]


def test_missing_values_are_no_class() -> None:
    (kind,) = item_fields(Vocabulary("abc"), pl.DataFrame({"kind": ["x", None, "y"]}))
    assert kind.values == ("x", "y")
    assert kind.codes.tolist() == [0, -1, 1]


def test_which_columns_become_fields() -> None:
    n = 40
    frame = pl.DataFrame(
        {
            "title": [f"t{i}" for i in range(n)],
            "own_number": [f"{i}" for i in range(n)],  # a value of its own for each item
            "constant": ["same"] * n,
            "price": [None, *[float(i) for i in range(1, n)]],
            "tags": [["a", "b"] if i % 2 else [] for i in range(n)],
            "brand": ["p" if i % 3 else " " for i in range(n)],
            "size": [i % 4 for i in range(n)],
        }
    )
    fields = {f.name: f for f in item_fields(Vocabulary([str(i) for i in range(n)]), frame)}
    assert set(fields) == {"price", "size"}
    assert len(fields["price"].values) == 10
    assert fields["price"].codes[0] == -1
    assert np.bincount(fields["price"].codes[1:]).min() >= 3
    assert item_fields(Vocabulary("abc"), None) == ()


def test_without_users_times_and_side_information() -> None:
    rng = np.random.default_rng(0)
    sequences = Sequences.from_lists(rng.integers(0, 9, (50, 4)).tolist())
    table = feature_table(sequences)
    assert [field.name for field in table.fields] == ["item", "previous item"]
    assert set(np.unique(table.part)) == {0, 1, 2}
    assert len(np.unique(table.users)) == 50  # each sequence stands for one


def test_too_little_behavior_is_said() -> None:
    with pytest.raises(ValueError, match="at least 10 sequences"):
        feature_table(Sequences.from_lists([["a", "b"]] * 3))
    with pytest.raises(ValueError, match="training, validation and test part"):
        feature_table(Sequences.from_lists([["a"] * 500, *[["b", "c"]] * 9]))


@pytest.mark.parametrize(
    "values", [{"negatives": 0}, {"popularity_power": -1.0}, {"max_positives": 0}, {"test_share": 0.0}, {"seed": 2**33}]
)
def test_bad_settings_are_named(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        FeatureConfig(**values)


# --- scores ---


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
@pytest.mark.slow
def test_auc_is_the_share_of_pairs(rows: list[tuple[bool, int]]) -> None:
    y, s = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], dtype=float)
    pairs = [(a > b) + (a == b) / 2 for a in s[y] for b in s[~y]]
    if pairs:
        assert auc(y, s) == pytest.approx(np.mean(pairs))
    else:
        assert np.isnan(auc(y, s))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=2, max_size=40))
@pytest.mark.slow
def test_weights_of_auc_are_copies_of_a_row(rows: list[tuple[bool, int, int]]) -> None:
    y, s, w = (np.array(column) for column in zip(*rows, strict=True))
    once = auc(np.repeat(y, w), np.repeat(s, w))
    assert weighted_auc(y, s)(w) == pytest.approx(once, nan_ok=True)


def test_log_loss_is_that_of_sklearn() -> None:
    from sklearn import metrics

    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 200), rng.uniform(0.01, 0.99, 200)
    assert log_loss(y, p) == pytest.approx(metrics.log_loss(y, p))
    assert auc(y, p) == pytest.approx(metrics.roc_auc_score(y, p))


@pytest.mark.slow
def test_intervals_hold_the_truth_about_95_times_in_100() -> None:
    """80 samples of 60 users; the interval misses the true AUC 4 times on average, more than 12 times in 10⁻³."""
    rng = np.random.default_rng(1)
    misses = 0
    for sample in range(80):
        users = np.repeat(np.arange(60), 10)
        y = rng.integers(0, 2, 600)
        s = y + rng.normal(size=600)  # true AUC Φ(1/√2) = 0.7602
        scores, _ = compare(y, {"m": s}, users, seed=sample)
        low, high = scores["m"].auc_interval
        misses += not low <= 0.7602 <= high
    assert misses <= 12


def test_a_model_does_not_differ_from_itself_and_a_better_one_does() -> None:
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 2_000)
    noise = rng.normal(size=2_000)
    scores, differences = compare(
        y,
        {"weak": y * 0.5 + noise, "same": y * 0.5 + noise, "strong": y + noise},
        np.arange(2_000) // 5,
        against="weak",
    )
    assert (differences["same"].value, differences["same"].low, differences["same"].high) == (0, 0, 0)
    assert 0 < differences["strong"].low < differences["strong"].value < differences["strong"].high
    assert scores["weak"].auc_interval[0] < scores["weak"].auc < scores["weak"].auc_interval[1]


def test_numbers_are_cut_as_all_side_information_is_into_ten() -> None:
    """30 different prices become 10 ranges of three; 20 stay themselves; of a list the first value counts."""
    names = Vocabulary(range(30))
    frame = pl.DataFrame(
        {
            "price": [float(k) if k else None for k in range(30)],
            "size": [k % 20 for k in range(30)],
            "tags": [["b", "a"] if k % 2 else ["a"] for k in range(30)],
        }
    )
    price, size, tags = item_fields(names, frame)
    assert len(price.values) == 10
    assert price.values[0] == "1 to 3"
    assert price.codes[0] == -1
    assert (np.diff(price.codes[1:]) >= 0).all()
    assert set(np.bincount(price.codes[1:])) <= {2, 3}
    assert len(size.values) == 20
    assert tags.codes.tolist() == [k % 2 for k in range(30)]
