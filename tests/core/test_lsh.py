"""The LSH index: candidates by the definition of each mode, exact re-ranking, changes, files, probing, theory."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.datasets.point_clouds import clustered_points, gaussian_points
from recemb_core.neighbors import ExactIndex, LSHConfig, LSHIndex
from recemb_core.neighbors.base import unit_rows
from recemb_core.neighbors.lsh.hashing import HashFunctions, default_width, draw_functions
from recemb_core.neighbors.lsh.reference import candidate_matrix, probe_codes

MODES = ["and", "or", "and_or", "or_and"]
FAMILIES = ["euclidean", "hyperplane"]
every_mode = pytest.mark.parametrize("mode", MODES)
every_family = pytest.mark.parametrize("family", FAMILIES)


def by_definition(config: LSHConfig, hashing: HashFunctions, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """bool (q, n): is b a candidate of a, from the bucket numbers alone."""
    space = hashing.kind.distance.space
    return candidate_matrix(hashing.codes(space(a)), hashing.codes(space(b)), config.mode)


def as_matrix(indptr: np.ndarray, ids: np.ndarray, n: int) -> np.ndarray:
    matrix = np.zeros((len(indptr) - 1, n), dtype=bool)
    matrix[np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), ids] = True
    return matrix


def distances(family: str, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    if family == "hyperplane":
        return 1 - unit_rows(queries).astype(float) @ unit_rows(rows).T.astype(float)
    return np.linalg.norm(queries[:, None].astype(float) - rows[None], axis=2)


def assert_candidates_and_ranking(config: LSHConfig, rows: np.ndarray, queries: np.ndarray, k: int) -> None:
    index = LSHIndex(config).build(rows)
    assert index.hashing is not None
    indptr, ids = index.candidates(queries)
    assert (indptr.dtype, ids.dtype) == (np.int64, np.int32)
    for i in range(len(queries)):
        assert (np.diff(ids[indptr[i] : indptr[i + 1]]) > 0).all()  # ascending, each once
    matrix = as_matrix(indptr, ids, len(rows))
    np.testing.assert_array_equal(matrix, by_definition(config, index.hashing, queries, rows))
    answer = index.search(queries, k)
    found, values = index.query(queries, k)
    np.testing.assert_array_equal(found, answer.ids)
    np.testing.assert_array_equal(values, answer.values)
    np.testing.assert_array_equal(answer.candidates, np.diff(indptr))
    assert found.shape == values.shape == (len(queries), k)
    assert (found.dtype, values.dtype) == (np.int32, np.float32)
    truth = np.where(matrix, distances(config.family, queries, rows), np.inf)
    for i in range(len(queries)):
        m = min(k, int(matrix[i].sum()))
        assert (found[i, m:] == -1).all()
        assert np.isnan(values[i, m:]).all()
        assert len(set(found[i, :m].tolist())) == m
        np.testing.assert_allclose(values[i, :m], np.sort(truth[i])[:m], atol=1e-4)
        np.testing.assert_allclose(values[i, :m], truth[i, found[i, :m]], atol=1e-4)
        order = list(zip(values[i, :m].tolist(), found[i, :m].tolist(), strict=True))
        assert order == sorted(order)  # equal distances by row


@every_family
@every_mode
def test_candidates_are_those_of_the_definition(family: Any, mode: Any) -> None:
    rows = clustered_points(400, 10, clusters=8, seed=1)
    rows[50:60] = rows[:10]
    queries = np.concatenate([rows[:20], gaussian_points(20, 10, seed=2)])
    config = LSHConfig(family=family, mode=mode, tables=5, functions=4, seed=7)
    assert_candidates_and_ranking(config, rows, queries, 7)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_any_setting_on_points_full_of_ties(data: Any) -> None:
    n, d, q = data.draw(st.integers(1, 90)), data.draw(st.integers(1, 4)), data.draw(st.integers(1, 9))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    rows, queries = (rng.integers(-2, 3, size=(m, d)).astype(np.float32) for m in (n, q))
    config = LSHConfig(
        family=data.draw(st.sampled_from(FAMILIES)),
        mode=data.draw(st.sampled_from(MODES)),
        tables=data.draw(st.integers(1, 6)),
        functions=data.draw(st.integers(1, 6)),
        width=data.draw(st.sampled_from([None, 0.5, 3.0, 1e-4])),
        seed=data.draw(st.integers(0, 3)),
    )
    assert_candidates_and_ranking(config, rows, queries, data.draw(st.integers(1, 12)))


def test_negative_projections_are_rounded_down() -> None:
    hashing = HashFunctions("euclidean", np.ones((1, 1, 1)), np.zeros((1, 1)), 1.0)
    codes = hashing.codes(np.array([[-1.5], [-1.0], [-0.5], [-0.0], [0.5], [1.0]]))
    assert codes.ravel().tolist() == [-2, -1, -1, 0, 0, 1]
    # Two values on either side of 0 would share a bucket twice as wide if the index truncated.
    index = LSHIndex(LSHConfig(tables=1, functions=1, width=1.0)).build(np.array([[1.0]], np.float32))
    index._take(hashing)
    index._vectors, index._keys = np.empty((0, 1), np.float32), np.empty((1, 0), np.uint64)
    index._alive = np.empty(0, bool)
    index.add(np.array([[-0.5], [0.5]], np.float32))
    assert index.candidates(np.array([[-0.4], [0.4], [-1.2]], np.float32))[1].tolist() == [0, 1]


@every_family
@every_mode
def test_wide_open_it_is_exact_search(family: Any, mode: Any) -> None:
    """With buckets that hold everything (one hyperplane of few) the answer is brute force, ties and all."""
    rows = clustered_points(300, 6, clusters=3)
    rows[10:20] = rows[:10]
    config = LSHConfig(family="euclidean", mode=mode, tables=3, functions=2, width=1e6)
    queries = gaussian_points(30, 6, seed=5)
    ids, values = LSHIndex(config).build(rows).query(queries, 20)
    # The offset may put one border through the points: only functions without one there find all.
    index = LSHIndex(config).build(rows)
    assert index.hashing is not None
    assert (np.floor(index.hashing.positions(rows)) == 0).all()
    exact, truth = ExactIndex("euclidean").build(rows).query(queries, 20)
    np.testing.assert_allclose(values, truth, atol=1e-4)
    assert (np.sort(distances("euclidean", queries, rows), axis=1)[:, :20] - values < 1e-4).all()
    assert ids.shape == exact.shape


@pytest.mark.parametrize("family", FAMILIES)
def test_the_recall_contract(family: Any) -> None:
    """The default finds at least .9 of the 10 nearest on clustered points, and scans less than a third for it."""
    rows = clustered_points(4_000, 32)
    queries = rows[:200] + 0.05 * gaussian_points(200, 32, seed=3)
    index = LSHIndex(LSHConfig(family=family)).build(rows)
    answer = index.search(queries, 10)
    exact = ExactIndex("cosine" if family == "hyperplane" else "euclidean").build(rows).query(queries, 10)[1]
    recall = (answer.values <= exact[:, -1:] + 1e-5).sum() / exact.size
    assert recall >= 0.9
    assert answer.candidates.mean() < len(rows) / 3


@pytest.mark.slow
def test_a_batch_equals_single_queries_on_any_number_of_threads() -> None:
    rows = clustered_points(3_000, 16)
    for mode in ("and_or", "or_and"):
        config = LSHConfig(tables=6, functions=5, mode=mode, multi_probe=3 * (mode == "and_or"))  # type: ignore[arg-type]
        one = LSHIndex(config, threads=1).build(rows).search(rows[:500], 5)
        for threads in (2, 5, None):
            many = LSHIndex(config, threads=threads).build(rows)
            for a, b in zip(one, many.search(rows[:500], 5), strict=True):
                np.testing.assert_array_equal(a, b)
        for i in range(40):
            single = many.search(rows[[i]], 5)
            np.testing.assert_array_equal(single.ids[0], one.ids[i])
            np.testing.assert_array_equal(single.values[0], one.values[i])


# --- adding, removing, files ---


@every_mode
def test_adding_is_building_on_all(mode: Any) -> None:
    rows = clustered_points(500, 8)
    config = LSHConfig(mode=mode, tables=4, functions=3, width=2.0)
    whole, grown = LSHIndex(config).build(rows), LSHIndex(config).build(rows[:200])
    assert grown.add(rows[200:210]).tolist() == list(range(200, 210))
    grown.add(rows[210:])
    assert len(grown) == 500
    for a, b in zip(whole.candidates(rows), grown.candidates(rows), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(whole.query(rows, 6), grown.query(rows, 6), strict=True):
        np.testing.assert_array_equal(a, b)


@every_mode
def test_what_is_removed_is_never_found_and_the_others_keep_their_ids(mode: Any) -> None:
    rows = clustered_points(300, 8)
    index = LSHIndex(LSHConfig(mode=mode, tables=4, functions=3, width=2.0)).build(rows)
    before = as_matrix(*index.candidates(rows), 300)
    gone = np.arange(0, 300, 3)
    index.remove(gone)
    assert len(index) == 200
    assert not set(index.ids.tolist()) & set(gone.tolist())
    before[:, gone] = False
    np.testing.assert_array_equal(as_matrix(*index.candidates(rows), 300), before)
    assert not np.isin(index.query(rows, 5)[0], gone).any()
    assert index.add(rows[:1]).tolist() == [300]
    with pytest.raises(ValueError, match="ids must be in the index, and 3 is not"):
        index.remove([1, 3])
    assert 1 in index.ids  # nothing happened
    index.remove(index.ids)
    assert len(index) == 0
    assert (index.query(rows[:2], 3)[0] == -1).all()


@every_mode
@every_family
def test_a_file_answers_alike(mode: Any, family: Any, tmp_path: Path) -> None:
    rows = clustered_points(200, 6)
    index = LSHIndex(LSHConfig(mode=mode, family=family, tables=3, functions=3, seed=4)).build(rows)
    index.remove([5, 7])
    index.save(tmp_path / "index")
    again = LSHIndex.load(tmp_path / "index")
    assert (again.config, again.width) == (index.config, index.width)
    np.testing.assert_array_equal(again.ids, index.ids)
    for a, b in zip(index.query(rows, 4), again.query(rows, 4), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.add(rows[:1]).tolist() == [200]
    buffer = io.BytesIO()
    index.save(buffer)
    buffer.seek(0)
    np.testing.assert_array_equal(LSHIndex.load(buffer).ids, index.ids)


def test_a_file_is_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", meta=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError):
        LSHIndex.load(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", vectors=np.ones(3))
    with pytest.raises(ValueError, match=r"written by LSHIndex\.save"):
        LSHIndex.load(tmp_path / "other.npz")


# --- multi-probe ---


@pytest.mark.parametrize("family", FAMILIES)
def test_probes_are_the_likeliest_buckets_in_order(family: Any) -> None:
    """Against all sets of steps, sorted by their score."""
    from recemb_core.neighbors.lsh.probe_kernel import probe_keys
    from recemb_core.neighbors.lsh.table_kernel import fill_keys

    functions = 4
    hashing = draw_functions(5, family=family, tables=2, functions=functions, width=1.0, seed=3)
    rule = hashing.kind.rule
    assert rule is not None
    queries = gaussian_points(20, 5)
    positions = hashing.positions(queries)
    multipliers = np.random.default_rng(0).integers(2**63, size=functions, dtype=np.uint64) | np.uint64(1)
    keys, probed = np.zeros((20, 2, 200), np.uint64), np.zeros((20, 2), np.int64)
    probe_keys(positions, rule.by_sign, multipliers, keys, probed, 0, 20)
    for q in range(20):
        for t in range(2):
            codes = probe_codes(positions[q, t], rule, 200)
            assert probed[q, t] == len(codes)
            # By sign, the kernel reads −0.5 and 0.5 as the buckets 0 and 1.
            moved = codes.astype(np.float64) - (0.5 if rule.by_sign else 0.0)
            expected = np.empty((1, len(codes)), np.uint64)
            fill_keys(moved[:, None], rule.by_sign, multipliers, expected, 0)
            np.testing.assert_array_equal(keys[q, t, : len(codes)], expected[0])


@pytest.mark.parametrize("mode", ["and", "or", "and_or"])
def test_probing_finds_more_for_more(mode: Any) -> None:
    rows = clustered_points(2_000, 16)
    before = np.zeros((200, 2_000), dtype=bool)
    for probes in (0, 1, 4, 16):
        index = LSHIndex(LSHConfig(mode=mode, tables=4, functions=6, width=4.0, multi_probe=probes)).build(rows)
        now = as_matrix(*index.candidates(rows[:200]), 2_000)
        assert (now | before == now).all()
        answer = index.search(rows[:200], 3)
        np.testing.assert_array_equal(answer.candidates, now.sum(axis=1))
        # With one function there are but two neighboring buckets.
        lookups = index.config.shape[0] * (1 + (min(probes, 2) if mode == "or" else probes))
        assert (answer.buckets == lookups).all()
        assert probes == 0 or now.sum() > before.sum() or (mode == "or" and probes > 2)
        before = now


def test_one_table_with_probes_beats_one_without() -> None:
    rows = clustered_points(4_000, 16)
    recall = []
    for probes in (0, 15):
        index = LSHIndex(LSHConfig(mode="and", functions=8, multi_probe=probes)).build(rows)
        values = index.query(rows[:300], 11)[1]
        exact = ExactIndex("euclidean").build(rows).query(rows[:300], 11)[1]
        recall.append(float((values <= exact[:, -1:] + 1e-5).mean()))
    assert recall[1] > recall[0] + 0.2


# --- width, functions, errors ---


def test_the_default_width_is_in_the_scale_of_the_data() -> None:
    rows = clustered_points(1_000, 16)
    near = ExactIndex("euclidean").build(rows).query(rows, 11)[1][:, 1:]
    assert default_width(rows, sample=1_000) == pytest.approx(4 * float(np.median(near)), rel=1e-5)
    assert default_width(rows * 100) == pytest.approx(100 * default_width(rows), rel=1e-4)
    assert LSHIndex().build(rows).width == default_width(rows)
    assert default_width(np.ones((5, 3), np.float32)) == 1.0
    assert default_width(np.ones((1, 3), np.float32)) == 1.0
    copies = np.repeat(clustered_points(20, 4), 50, axis=0)
    assert 0 < default_width(copies) < 100


def test_functions_do_not_depend_on_how_many_there_are() -> None:
    few = draw_functions(6, family="euclidean", tables=3, functions=2, width=1.0, seed=5)
    many = draw_functions(6, family="euclidean", tables=8, functions=9, width=2.0, seed=5)
    np.testing.assert_array_equal(few.directions, many.directions[:3, :2])
    np.testing.assert_array_equal(few.offsets, many.offsets[:3, :2])
    assert len(np.unique(many.directions)) == many.directions.size


def test_building_copies_the_vectors() -> None:
    rows = clustered_points(100, 4)
    index = LSHIndex(LSHConfig(tables=4, functions=2)).build(rows)
    before = index.query(rows[:5].copy(), 3)
    asked = rows[:5].copy()
    rows[:] = 0
    for a, b in zip(before, index.query(asked, 3), strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_vectors_and_no_queries() -> None:
    index = LSHIndex(LSHConfig(width=1.0)).build(np.empty((0, 3), np.float32))
    ids, values = index.query(np.zeros((2, 3), np.float32), 2)
    assert (ids == -1).all()
    assert np.isnan(values).all()
    assert index.add(np.zeros((1, 3), np.float32)).tolist() == [0]
    assert index.query(np.zeros((2, 3), np.float32), 2)[0].tolist() == [[0, -1]] * 2
    assert index.query(np.empty((0, 3), np.float32), 2)[0].shape == (0, 2)
    assert index.candidates(np.empty((0, 3), np.float32))[0].tolist() == [0]


def test_what_it_says_about_itself() -> None:
    rows = clustered_points(500, 8)
    index = LSHIndex(LSHConfig(tables=3, functions=2)).build(rows)
    assert index.measure == "distance"
    assert [int(sizes.sum()) for sizes in index.bucket_sizes()] == [500] * 3
    assert index.memory_bytes > rows.nbytes
    parts = index.table_candidates(rows[0])
    np.testing.assert_array_equal(np.unique(np.concatenate(parts)), index.candidates(rows[:1])[1])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"family": "manhattan"}, "family must be 'euclidean' or 'hyperplane', not 'manhattan'"),
        ({"mode": "xor"}, "mode must be"),
        ({"tables": 0}, "tables must be a whole number from 1 to 1,024, not 0"),
        ({"functions": 33}, "functions must be a whole number from 1 to 32, not 33"),
        ({"width": 0.0}, "width must be None or a finite number above 0"),
        ({"multi_probe": -1}, "multi_probe must be"),
        ({"multi_probe": 1, "mode": "or_and"}, "multi_probe must be 0 with mode 'or_and', not 1"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_configs_check_themselves(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LSHConfig(**fields)


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"build\(vectors\) must come before"):
        LSHIndex().query(np.ones((1, 2), np.float32), 1)
    with pytest.raises(ValueError, match=r"vectors must be \(n, d\)"):
        LSHIndex().build(np.ones(3, np.float32))
    with pytest.raises(ValueError, match="vectors must be finite"):
        LSHIndex().build(np.full((3, 2), np.nan, np.float32))
    index = LSHIndex().build(np.eye(3, 2, dtype=np.float32))
    with pytest.raises(ValueError, match=r"queries must be \(n, 2\)"):
        index.query(np.ones((1, 3), np.float32), 1)
    with pytest.raises(ValueError, match="k must be a whole number, at least 1, not 0"):
        index.query(np.ones((1, 2), np.float32), 0)
