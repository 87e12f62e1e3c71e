"""Agreement of neighbor lists: overlap, rank-biased overlap against its definition, chance, disputes, purity."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation import (
    agreement_matrix,
    attribute_purity,
    dispute,
    most_disputed,
    neighbor_agreement,
    overlap_at_k,
    overlap_chance,
    rank_biased_chance,
    rank_biased_overlap,
    shared_by,
)
from recemb_core.neighbors.exact import nearest_others
from recemb_core.vocabulary import Vocabulary

ranking = st.lists(st.integers(0, 15), max_size=8, unique=True)
persistence = st.sampled_from([0.3, 0.5, 0.9, 0.98])


def one(rows: list[int]) -> np.ndarray:
    return np.array([rows], dtype=np.int32).reshape(1, len(rows))


def random_lists(rng: np.random.Generator, q: int, k: int, n: int) -> np.ndarray:
    return rng.random((q, n)).argsort(axis=1)[:, :k].astype(np.int32)


def rbo_by_the_book(a: list[int], b: list[int], p: float) -> float:
    """Equation 32 of Webber et al., term by term."""
    short, long = sorted((a, b), key=len)
    s, ell = len(short), len(long)
    if s == 0:
        return 0.0
    x = [len(set(short[:d]) & set(long[:d])) for d in range(ell + 1)]
    total = sum(x[d] / d * p**d for d in range(1, ell + 1))
    total += sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, ell + 1))
    return (1 - p) / p * total + ((x[ell] - x[s]) / ell + x[s] / s) * p**ell


# --- two lists ---


@given(ranking, ranking, persistence)
@pytest.mark.slow
def test_rank_biased_overlap_is_that_of_the_paper(a: list[int], b: list[int], p: float) -> None:
    found = rank_biased_overlap(one(a), one(b), persistence=p)[0]
    assert found == pytest.approx(rbo_by_the_book(a, b, p), abs=1e-12)
    assert -1e-12 <= found <= 1 + 1e-12
    assert found == pytest.approx(rank_biased_overlap(one(b), one(a), persistence=p)[0])


@given(st.lists(st.integers(0, 15), min_size=1, max_size=8, unique=True), persistence)
def test_a_list_agrees_with_itself_and_not_with_strangers(a: list[int], p: float) -> None:
    assert rank_biased_overlap(one(a), one(a), persistence=p)[0] == pytest.approx(1)
    assert rank_biased_overlap(one(a), one([x + 100 for x in a]), persistence=p)[0] == 0
    assert overlap_at_k(one(a), one(a))[0] == 1


def test_the_top_weighs_more() -> None:
    a = one(list(range(10)))
    at_top, at_end = [0, *range(20, 29)], [*range(20, 29), 9]
    assert rank_biased_overlap(a, one(at_top))[0] > 3 * rank_biased_overlap(a, one(at_end))[0]
    assert overlap_at_k(a, one(at_top))[0] == overlap_at_k(a, one(at_end))[0] == 0.1


def test_many_lists_at_once_are_each_list_alone_padding_included() -> None:
    rng = np.random.default_rng(0)
    a, b = random_lists(rng, 60, 7, 12), random_lists(rng, 60, 5, 12)
    for lists in (a, b):
        for row, length in enumerate(rng.integers(0, lists.shape[1] + 1, size=60)):
            lists[row, length:] = -1
    for i, value in enumerate(rank_biased_overlap(a, b, persistence=0.8)):
        x, y = ([j for j in lists[i].tolist() if j >= 0] for lists in (a, b))
        assert value == pytest.approx(rbo_by_the_book(x, y, 0.8))
        assert overlap_at_k(a, b)[i] == pytest.approx(len(set(x) & set(y)) / max(len(x), len(y), 1))


@pytest.mark.parametrize(("k", "n", "p"), [(10, 60, 0.9), (3, 20, 0.5), (8, 8, 0.9)])
def test_chance_is_what_random_lists_give(k: int, n: int, p: float) -> None:
    rng = np.random.default_rng(1)
    a, b = random_lists(rng, 20_000, k, n), random_lists(rng, 20_000, k, n)
    for values, chance in (
        (overlap_at_k(a, b), overlap_chance(k, n)),
        (rank_biased_overlap(a, b, persistence=p), rank_biased_chance(k, n, p)),
    ):
        # Five standard errors of the mean.
        assert values.mean() == pytest.approx(chance, abs=5 * values.std() / np.sqrt(len(values)) + 1e-9)


def test_chance_without_others_is_nothing() -> None:
    assert overlap_chance(5, 0) == rank_biased_chance(5, 0) == 0


@pytest.mark.parametrize("p", [0.0, 1.0, -1.0, float("nan")])
def test_a_persistence_out_of_range_is_named(p: float) -> None:
    with pytest.raises(ValueError, match="persistence must be above 0 and below 1"):
        rank_biased_overlap(one([1]), one([1]), persistence=p)


def test_lists_of_different_items_are_refused() -> None:
    with pytest.raises(ValueError, match=r"same q items, not \(1, 1\) and \(2, 1\)"):
        overlap_at_k(one([1]), np.array([[1], [2]]))


# --- two models ---


def test_neighbor_agreement_of_a_model_with_itself_and_with_noise() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 400, 8)).astype(np.float32)
    same = neighbor_agreement(a, a)
    assert (same.overlap, same.rank_biased) == (1.0, pytest.approx(1))
    other = neighbor_agreement(a, b)
    assert other.chance == 10 / 399
    assert other.rank_biased_chance == rank_biased_chance(10, 399)
    # Five standard errors over items.
    assert abs(other.overlap - other.chance) < 5 * other.by_item.std() / 20
    assert abs(other.rank_biased - other.rank_biased_chance) < 0.02


@pytest.mark.parametrize(
    ("a", "b", "k", "message"), [(3, 4, 1, "the same items; one has 3, the other 4"), (3, 3, 0, "k must be at least 1")]
)
def test_neighbor_agreement_says_what_is_wrong(a: int, b: int, k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        neighbor_agreement(np.eye(a), np.eye(b), k)


def test_a_single_item_has_no_neighbors_to_agree_on() -> None:
    assert neighbor_agreement(np.eye(1), np.eye(1)).overlap == 0


# --- several models ---


def planted_lists() -> dict[str, np.ndarray]:
    """Two models that agree everywhere but at items 7 and 8, and a third that never agrees."""
    rng = np.random.default_rng(0)
    a = random_lists(rng, 50, 4, 30)
    b = a.copy()
    b[7], b[8, :2] = [40, 41, 42, 43], [44, 45]
    return {"a": a, "b": b, "c": a + 100}


def test_the_matrix_holds_every_pair() -> None:
    lists = planted_lists()
    matrix = agreement_matrix(lists, items=50, persistence=0.8)
    assert matrix.names == ("a", "b", "c")
    assert matrix.items == 50
    np.testing.assert_allclose(np.diag(matrix.overlap), 1)
    np.testing.assert_allclose(matrix.overlap, matrix.overlap.T)
    assert matrix.overlap[0, 1] == pytest.approx((48 + 0 + 0.5) / 50)
    assert matrix.overlap[0, 2] == matrix.rank_biased[1, 2] == 0
    assert matrix.overlap_chance == 4 / 49
    for i, j in combinations(range(3), 2):
        a, b = lists[matrix.names[i]], lists[matrix.names[j]]
        for values, mean, error in (
            (overlap_at_k(a, b), matrix.overlap, matrix.overlap_error),
            (rank_biased_overlap(a, b, persistence=0.8), matrix.rank_biased, matrix.rank_biased_error),
        ):
            assert mean[i, j] == mean[j, i] == pytest.approx(values.mean())
            assert error[i, j] == error[j, i] == pytest.approx(values.std(ddof=1) / np.sqrt(50))


def test_a_filter_raises_the_chance_level() -> None:
    matrix = agreement_matrix(planted_lists(), items=50, candidates=20)
    assert matrix.overlap_chance == 4 / 20
    assert matrix.rank_biased_chance == rank_biased_chance(4, 20)


def test_lists_of_items_that_may_not_be_named_can_hold_one_more() -> None:
    """Of 50 items 21 may be named: a list of one of these can hold 20, any other list 21."""
    may = np.arange(50) < 21
    matrix = agreement_matrix(planted_lists(), items=50, candidates=may.sum() - may)
    assert matrix.overlap_chance == pytest.approx((21 * 4 / 20 + 29 * 4 / 21) / 50)
    told = (21 * rank_biased_chance(4, 20) + 29 * rank_biased_chance(4, 21)) / 50
    assert matrix.rank_biased_chance == pytest.approx(told)


def test_a_sample_of_items_is_within_its_standard_error() -> None:
    rng = np.random.default_rng(2)
    a = random_lists(rng, 4_000, 5, 40)
    b = np.where(rng.random((4_000, 1)) < 0.3, a, random_lists(rng, 4_000, 5, 40))
    whole = agreement_matrix({"a": a, "b": b}, items=4_000)
    rows = rng.choice(4_000, 400, replace=False)
    part = agreement_matrix({"a": a[rows], "b": b[rows]}, items=4_000)
    assert part.items == 400
    assert part.overlap_error[0, 1] == pytest.approx(whole.overlap_error[0, 1] * 10**0.5, rel=0.1)
    assert abs(part.overlap[0, 1] - whole.overlap[0, 1]) < 4 * part.overlap_error[0, 1]
    assert part.overlap_chance == whole.overlap_chance == 5 / 3_999


def test_the_matrix_of_one_model_and_of_none() -> None:
    assert agreement_matrix({"a": one([1])}, items=2).overlap.tolist() == [[1.0]]
    assert agreement_matrix({}, items=0).overlap.shape == (0, 0)


def test_models_asked_for_different_items_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the same items; the lists number \{'a': 1, 'b': 2\}"):
        agreement_matrix({"a": one([1]), "b": np.array([[1], [2]])}, items=3)


# --- disputed items ---


def test_the_disputed_items_are_those_on_which_the_models_differ() -> None:
    lists = {name: rows for name, rows in planted_lists().items() if name != "c"}
    rows, values = most_disputed(lists, 3)
    assert rows.tolist() == [7, 8, 0]
    assert values.tolist() == [1, 0.5, 0]
    np.testing.assert_array_equal(dispute(lists)[rows], values)


def test_a_third_model_that_never_agrees_adds_the_same_to_all() -> None:
    values = dispute(planted_lists())
    assert values[0] == pytest.approx(2 / 3)
    assert values[7] == 1


def test_rare_items_do_not_compete() -> None:
    lists = {name: rows for name, rows in planted_lists().items() if name != "c"}
    counts = np.full(50, 20)
    counts[7] = 19
    assert most_disputed(lists, 1, counts=counts)[0].tolist() == [8]
    assert most_disputed(lists, 1, counts=counts, min_count=19)[0].tolist() == [7]
    assert most_disputed(lists, 1, counts=counts, min_count=21)[0].tolist() == []
    with pytest.raises(ValueError, match=r"counts must be \(50,\)"):
        most_disputed(lists, 1, counts=np.ones(3))


def test_one_model_disputes_nothing() -> None:
    assert dispute({"a": one([1, 2])}).tolist() == [0]


# --- one item ---


@given(st.dictionaries(st.sampled_from("abcdef"), ranking, max_size=5))
def test_the_cells_of_the_venn_diagram_are_the_exact_subsets(lists: dict[str, list[int]]) -> None:
    cells = shared_by({name: np.array([*rows, -1, -1]) for name, rows in lists.items()})
    found = {int(row): models for models, rows in cells.items() for row in rows}
    everything = {row for rows in lists.values() for row in rows}
    assert set(found) == everything
    assert sum(len(rows) for rows in cells.values()) == len(everything)
    for row, models in found.items():
        assert models == tuple(name for name, rows in lists.items() if row in rows)
    assert [len(models) for models in cells] == sorted((len(models) for models in cells), reverse=True)


# --- attribute purity ---


def test_purity_is_the_share_of_neighbors_with_the_same_value() -> None:
    values = ["a", "a", "a", "b", "b", None, "(missing)", ""]
    lists = np.array([[1, 2], [3, 4], [0, 5], [4, -1], [-1, -1], [0, 1], [0, 1], [0, 1]])
    found = attribute_purity(lists, values)
    shares, chances = [1, 0, 0.5, 1], [2 / 7, 2 / 7, 2 / 7, 1 / 7]
    assert found.items == 4
    assert found.value == pytest.approx(np.mean(shares))
    assert found.chance == pytest.approx(np.mean(chances))
    assert found.standard_error == pytest.approx(np.std(np.subtract(shares, chances), ddof=1) / 2)


def test_purity_of_random_neighbors_is_chance() -> None:
    rng = np.random.default_rng(3)
    values = rng.choice(["x", "y", "z"], p=[0.6, 0.3, 0.1], size=500)
    allowed = rng.random(500) < 0.7
    where = np.flatnonzero(allowed)
    lists = np.array([rng.choice(where[where != i], 10, replace=False) for i in range(500)])
    found = attribute_purity(lists, values, candidates=allowed)
    assert abs(found.value - found.chance) < 4 * found.standard_error
    assert 0 < found.standard_error < 0.02


def test_purity_of_planted_vectors_is_one_and_of_a_sample_too() -> None:
    group = np.repeat(np.arange(5), 10)
    rows = np.random.default_rng(0).normal(size=(50, 8)) * 0.05 + np.eye(8)[group]
    lists = nearest_others(rows.astype(np.float32), 5)
    assert attribute_purity(lists, group).value == 1
    some = np.array([3, 44])
    found = attribute_purity(lists[some], group, rows=some)
    assert (found.value, found.items, found.chance) == (1, 2, pytest.approx(9 / 49))


def test_purity_of_nothing() -> None:
    assert attribute_purity(np.empty((0, 3), int), []).items == 0
    assert attribute_purity(np.array([[1], [0]]), [None, ""]).items == 0
    with pytest.raises(ValueError, match="rows must name the item of each of the 1 lists, not 2"):
        attribute_purity(np.array([[1]]), ["a", "b"])


# --- the lists of a model ---


def random_model(n: int, d: int = 6) -> ItemVectors:
    rows, output = np.random.default_rng(n).normal(size=(2, n, d)).astype(np.float32)
    return ItemVectors(Vocabulary(range(n)), rows, output, np.arange(n, dtype=np.int64))


@pytest.mark.parametrize("score", ["cosine", "in_out"])
@pytest.mark.parametrize("min_count", [0, 20])
@pytest.mark.parametrize(("n", "k"), [(60, 7), (4, 10)])
def test_nearest_is_most_similar_of_every_item(score: Any, min_count: int, n: int, k: int) -> None:
    model = random_model(n)
    ids, values = model.nearest(k, score, min_count)
    assert ids.shape == values.shape == (n, k)
    assert (ids.dtype, values.dtype) == (np.int32, np.float32)
    for row in range(n):
        single = model.most_similar(str(row), k, score, min_count=min_count)
        there = ids[row] >= 0
        assert [model.items[int(i)] for i in ids[row][there]] == [item for item, _ in single]
        np.testing.assert_allclose(values[row][there], [value for _, value in single], atol=1e-4)
        assert np.isnan(values[row][~there]).all()
        assert not there[len(single) :].any()


def test_nearest_of_some_rows_and_with_counts_of_ones_own() -> None:
    model = random_model(30)
    ids, _ = model.nearest(5)
    rows = np.array([4, 29])
    np.testing.assert_array_equal(model.nearest(5, rows=rows)[0], ids[rows])
    events = np.zeros(30)
    events[[1, 2, 3]] = 50
    found, values = model.nearest(5, min_count=20, counts=events, rows=np.array([2, 9]))
    assert [set(line.tolist()) for line in found] == [{1, 3, -1}, {1, 2, 3, -1}]
    assert np.isnan(values[0, 2:]).all()
    assert {item for item, _ in model.most_similar("9", 5, min_count=20, counts=events)} == {"1", "2", "3"}


def test_equal_rows_go_by_row_number_and_never_name_the_item_itself() -> None:
    rows = np.ones((20, 3), np.float32)
    ids, _ = ItemVectors(Vocabulary(range(20)), rows).nearest(25)
    for row in range(20):
        assert ids[row, :19].tolist() == [i for i in range(20) if i != row]
        assert (ids[row, 19:] == -1).all()
    short, _ = ItemVectors(Vocabulary(range(20)), rows).nearest(4)
    assert (short >= 0).all()
    assert not (short == np.arange(20)[:, None]).any()


def test_nearest_says_what_is_wrong() -> None:
    bare = ItemVectors(Vocabulary("ab"), np.eye(2, dtype=np.float32))
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        bare.nearest(0)
    with pytest.raises(ValueError, match="needs output vectors"):
        bare.nearest(1, "in_out")
    for call in (lambda: bare.nearest(1, min_count=2), lambda: bare.most_similar("a", min_count=2)):
        with pytest.raises(ValueError, match="min_count=2 needs counts, and this model has none"):
            call()
    with pytest.raises(ValueError, match=r"counts must be \(2,\), one for each item, not \(3,\)"):
        bare.nearest(1, min_count=2, counts=np.ones(3))
    assert bare.nearest(1, min_count=9, counts=np.ones(2))[0].tolist() == [[-1], [-1]]
