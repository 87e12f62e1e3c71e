"""The compiled kernels against the plain NumPy reference: keys, buckets, candidates, prefix lengths, ranking."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.neighbors import LSHConfig, LSHIndex
from recemb_core.neighbors.lsh.families import FAMILIES, FLOOR, SIGN
from recemb_core.neighbors.lsh.grid_kernel import BLOCK, grid_all, grid_some, pack_codes
from recemb_core.neighbors.lsh.hashing import draw_functions
from recemb_core.neighbors.lsh.probe_kernel import probe_keys
from recemb_core.neighbors.lsh.reference import (
    buckets_of,
    candidate_matrix,
    differing_prefix,
    grid_counts,
    matching_prefix,
    nearest,
    probe_codes,
)
from recemb_core.neighbors.lsh.table_kernel import fill_keys, trailing_zeros
from recemb_core.neighbors.lsh.theory import GRID_MODES, MODES

rules = pytest.mark.parametrize("rule", [FLOOR, SIGN], ids=["floor", "sign"])


def multipliers(functions: int) -> np.ndarray:
    return np.random.default_rng(0).integers(2**63, size=functions, dtype=np.uint64) | np.uint64(1)


def packed(codes: np.ndarray, log_bits: int, padding: int) -> np.ndarray:
    """uint64 (L, words, n), through the kernel."""
    n, tables, functions = codes.shape
    words = np.zeros((tables, -(-functions // (64 >> log_bits)), n), dtype=np.uint64)
    low, high = np.full((tables, functions), 2**31, dtype=np.int64), np.full((tables, functions), -(2**31))
    pack_codes(codes.astype(np.float64), False, log_bits, padding, words, low, high, 0)
    if n:
        np.testing.assert_array_equal(low, codes.min(axis=0))
        np.testing.assert_array_equal(high, codes.max(axis=0))
    return words


def counted(asked: np.ndarray, codes: np.ndarray, log_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """(points that match so far, points that differ so far), (q, L, K) each, through the kernel."""
    shape = len(asked), *codes.shape[1:]
    prefixes, misses = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    queries = np.ascontiguousarray(packed(asked, log_bits, 1).transpose(2, 0, 1))
    grid_all(packed(codes, log_bits, 0), queries, log_bits, prefixes, misses, 0, len(asked))
    return prefixes, misses


def assert_counts(asked: np.ndarray, codes: np.ndarray, log_bits: int) -> None:
    prefixes, misses = counted(asked, codes, log_bits)
    reference = grid_counts(asked, codes, GRID_MODES)
    np.testing.assert_array_equal(prefixes, reference[GRID_MODES.index("and_or")])
    np.testing.assert_array_equal(len(codes) - misses, reference[GRID_MODES.index("or_and")])


# --- the reference itself, on what can be seen ---


def test_the_reference_on_a_case_to_look_at() -> None:
    asked, codes = np.array([[[1, 2], [3, 4]]]), np.array([[[1, 2], [0, 4]], [[1, 0], [3, 0]], [[0, 2], [0, 0]]])
    assert matching_prefix(asked, codes).tolist() == [[[2, 0], [1, 1], [0, 0]]]
    assert differing_prefix(asked, codes).tolist() == [[[0, 1], [0, 0], [1, 2]]]
    assert candidate_matrix(asked, codes, "and_or").tolist() == [[True, False, False]]
    assert candidate_matrix(asked, codes, "or_and").tolist() == [[True, True, False]]
    counts = grid_counts(asked, codes, GRID_MODES)
    assert counts[GRID_MODES.index("and_or"), 0].tolist() == [[2, 1], [2, 1]]  # (L, K)
    assert counts[GRID_MODES.index("or_and"), 0].tolist() == [[2, 3], [1, 2]]
    assert nearest(np.array([[True, False, True]]), np.array([[2.0, 0.0, 2.0]]), 3).tolist() == [[0, 2, -1]]


def test_zeros_at_the_end_of_a_word() -> None:
    import numba

    zeros = numba.njit(lambda word: trailing_zeros(word))
    for word in (0, 1, 2, 12, 1 << 63, 3 << 40):
        assert zeros(np.uint64(word)) == (64 if word == 0 else (word & -word).bit_length() - 1)


# --- keys and buckets ---


@rules
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_two_rows_share_a_key_where_they_share_all_codes(rule: Any, data: Any) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    n, tables, functions = (data.draw(st.integers(1, most)) for most in (40, 4, 33))
    scale = data.draw(st.sampled_from([0.3, 1.5, 1e6]))
    positions = rng.normal(size=(n, tables, functions)) * scale
    positions[rng.random(n) < 0.5] = positions[0]
    positions[rng.random(positions.shape) < 0.1] = 0.0
    positions[rng.random(positions.shape) < 0.05] = -1.0  # on a border
    keys = np.empty((tables, n), dtype=np.uint64)
    fill_keys(positions, rule.by_sign, multipliers(functions), keys, 0)
    for table, buckets in enumerate(buckets_of(rule.buckets(positions))):
        found: dict[int, list[int]] = {}
        for row, key in enumerate(keys[table].tolist()):
            found.setdefault(key, []).append(row)
        assert sorted(found.values()) == sorted(buckets.values())


@rules
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_probes_are_those_of_the_reference(rule: Any, data: Any) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    functions, probes = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 40))
    positions = rng.normal(size=(1, 1, functions)) * data.draw(st.sampled_from([0.1, 1.0, 20.0]))
    keys, probed = np.zeros((1, 1, probes), dtype=np.uint64), np.zeros((1, 1), dtype=np.int64)
    probe_keys(positions, rule.by_sign, multipliers(functions), keys, probed, 0, 1)
    codes = probe_codes(positions[0, 0], rule, probes)
    expected = np.empty((1, len(codes)), dtype=np.uint64)
    fill_keys(codes[:, None].astype(np.float64), False, multipliers(functions), expected, 0)
    assert probed[0, 0] == len(codes)
    np.testing.assert_array_equal(keys[0, 0, : len(codes)], expected[0])


# --- counts ---


@settings(max_examples=80, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_counts_are_those_of_the_reference(data: Any) -> None:
    """Any shape, lane and range: few codes that agree often, and many that use the whole lane, also below 0."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    log_bits = data.draw(st.sampled_from([3, 4, 5]))
    n, q, tables, functions = (
        data.draw(st.integers(least, most)) for least, most in ((0, 60), (1, 5), (1, 6), (1, 32))
    )
    span = data.draw(st.sampled_from([1, 2, 3, 2 ** min(1 << log_bits, 31)]))
    codes, asked = (rng.integers(-(span // 2), span - span // 2, size=(m, tables, functions)) for m in (n, q))
    if n:
        asked[0] = codes[0]
        codes[n // 2 :, :, functions // 2 :] = asked[0, :, functions // 2 :]
    assert_counts(asked, codes, log_bits)


@pytest.mark.parametrize("log_bits", [3, 4, 5])
@pytest.mark.parametrize("n", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_counts_at_the_edges_of_a_block(log_bits: int, n: int) -> None:
    """All points agree: a lane of 8 bits counts a whole block without running over; nine queries are two rounds."""
    codes = np.zeros((n, 2, 9), dtype=np.int64)
    asked = np.zeros((9, 2, 9), dtype=np.int64)
    asked[1:, 0, 4] = 1
    asked[2:, 1, 8] = 1
    assert_counts(asked, codes, log_bits)
    prefixes, misses = counted(asked, codes, log_bits)
    assert (prefixes[0] == n).all()
    assert (misses[0] == 0).all()


@pytest.mark.parametrize("log_bits", [3, 4, 5])
def test_a_lane_is_never_taken_for_its_neighbor(log_bits: int) -> None:
    """Differences of one bit in each place of each lane: the borrow of the bit tricks crosses lanes."""
    size, lanes = 1 << log_bits, 64 >> log_bits
    codes = np.zeros((size * lanes, 1, lanes), dtype=np.int64)
    codes[np.arange(size * lanes), 0, np.arange(size * lanes) // size] = 1 << (np.arange(size * lanes) % size)
    codes = np.concatenate([codes, (1 << size) - 1 - codes, 1 * (codes == 0)])
    if size < 32:  # bucket numbers are of 32 bits
        assert_counts(codes[:: max(1, len(codes) // 40)], codes, log_bits)
    codes %= 2**31
    assert_counts(codes[:: max(1, len(codes) // 40)], codes, log_bits)


def test_some_points_count_like_all_points() -> None:
    rng = np.random.default_rng(1)
    codes, asked = (rng.integers(3, size=(m, 4, 11)) for m in (30, 6))
    rows = np.stack([np.sort(rng.choice(30, 7, replace=False)) for _ in range(6)]).astype(np.int32)
    rows[2, 3:] = -1
    rows[4] = -1
    queries = np.ascontiguousarray(packed(asked, 3, 1).transpose(2, 0, 1))
    for wanted in ((True, True), (True, False), (False, True)):
        prefixes, misses = (np.zeros((6 if w else 0, 4, 11), dtype=np.int32) for w in wanted)
        grid_some(packed(codes, 3, 0), queries, rows, 3, prefixes, misses, 0, 6)
        for q in range(6):
            part = codes[rows[q][rows[q] >= 0]]
            reference = grid_counts(asked[q : q + 1], part, ("and_or", "or_and"))[:, 0]
            if wanted[0]:
                np.testing.assert_array_equal(prefixes[q], reference[0])
            if wanted[1]:
                np.testing.assert_array_equal(len(part) - misses[q], reference[1])


# --- candidates and ranking ---


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_an_index_finds_what_the_reference_finds(data: Any) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    n, d, q, k = (data.draw(st.integers(1, most)) for most in (150, 5, 6, 9))
    family, mode = data.draw(st.sampled_from(list(FAMILIES))), data.draw(st.sampled_from(MODES))
    rows, asked = (rng.integers(-2, 3, size=(m, d)).astype(np.float32) for m in (n, q))  # ties, copies, zero rows
    config = LSHConfig(
        family=family,
        mode=mode,
        tables=data.draw(st.integers(1, 5)),
        functions=data.draw(st.integers(1, 5)),
        width=data.draw(st.sampled_from([None, 0.7, 3.0])),
    )
    index = LSHIndex(config).build(rows)
    gone = rng.choice(n, n // 4, replace=False)
    index.remove(gone)
    assert index.hashing is not None
    space = index.family.distance.space
    there = candidate_matrix(index.hashing.codes(space(asked)), index.hashing.codes(index.vectors), mode)
    there[:, gone] = False
    indptr, ids = index.candidates(asked)
    np.testing.assert_array_equal(np.diff(indptr), there.sum(axis=1))
    np.testing.assert_array_equal(ids, np.nonzero(there)[1])
    a, b = space(asked)[:, None], index.vectors[None]
    values = 1 - (a * b).sum(axis=2) if index.family.distance.is_angle else ((a - b) ** 2).sum(axis=2)
    found, distances = index.query(asked, k)
    expected = nearest(there, values, k)
    if not index.family.distance.is_angle:  # whole numbers: equal distances are equal, and their rows ascend
        np.testing.assert_array_equal(found, expected)
    reached = np.take_along_axis(values, np.maximum(expected, 0), axis=1)
    reached = reached if index.family.distance.is_angle else np.sqrt(reached)
    np.testing.assert_allclose(distances, np.where(expected < 0, np.nan, reached), atol=1e-5)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_large_buckets_and_many_slots(family: str) -> None:
    """Slots of more rows than are sorted by insertion, with one bucket and with several."""
    rng = np.random.default_rng(2)
    rows = np.repeat(rng.normal(size=(4, 3)), [500, 3, 200, 1], axis=0).astype(np.float32)[rng.permutation(704)]
    index = LSHIndex(LSHConfig(family=family, tables=3, functions=2)).build(rows)
    assert index.hashing is not None
    codes = index.hashing.codes(index.vectors)
    np.testing.assert_array_equal(
        index.candidates(rows[:5])[1], np.nonzero(candidate_matrix(codes[:5], codes, "and_or"))[1]
    )
    for table, sizes in zip(buckets_of(codes), index.bucket_sizes(), strict=True):
        assert sorted(sizes.tolist()) == sorted(map(len, table.values()))


@pytest.mark.parametrize("family", list(FAMILIES))
def test_codes_are_the_buckets_of_positions(family: str) -> None:
    hashing = draw_functions(4, family=family, tables=2, functions=3, width=0.7, seed=1)
    rows = np.random.default_rng(0).normal(size=(50, 4))
    rule = hashing.kind.rule
    assert rule is not None
    np.testing.assert_array_equal(hashing.codes(rows), rule.buckets(hashing.positions(rows)))
