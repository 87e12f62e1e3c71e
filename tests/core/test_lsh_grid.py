"""The grid against indexes of each setting, cell by cell, and against theory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.neighbors import LSHConfig, LSHIndex, lsh_grid
from recemb_core.neighbors.lsh_grid import LSHGrid
from recemb_core.neighbors.truth import true_neighbors


def clustered(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(max(n // 40, 1), d))
    return (centers[rng.integers(len(centers), size=n)] + 0.4 * rng.normal(size=(n, d))).astype(np.float32)


def pairs_of(index: LSHIndex, vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """(pairs, 2) of query number and candidate, a row that asks for itself left out."""
    wanted = vectors[queries] if queries.ndim == 1 else queries
    indptr, ids = index.candidates(wanted)
    who = np.repeat(np.arange(len(wanted)), np.diff(indptr))
    pairs = np.column_stack([who, ids])
    return pairs[queries[who] != ids] if queries.ndim == 1 else pairs


def assert_cell_is_the_index(
    grid: LSHGrid, vectors: np.ndarray, queries: np.ndarray, cell: tuple[Any, int, int]
) -> None:
    mode, functions, tables = cell
    config = LSHConfig(
        family=grid.family, tables=tables, functions=functions, width=grid.width, mode=mode, seed=grid.seed
    )
    pairs = pairs_of(LSHIndex(config).build(vectors), vectors, queries)
    metric: Any = "cosine" if grid.family == "hyperplane" else "euclidean"
    truth = true_neighbors(vectors, queries, grid.k, metric).ids
    hit = np.array([(who, i) for who, row in enumerate(truth.tolist()) for i in row if i >= 0], dtype=np.int64)
    found = len({tuple(p) for p in pairs.tolist()} & {tuple(p) for p in hit.tolist()})
    figures = grid.cell(*cell)
    q, n = len(queries), len(vectors)
    assert figures.candidates == pytest.approx(len(pairs) / q, abs=1e-9)
    assert figures.cost == pytest.approx(len(pairs) / (q * n), abs=1e-12)
    assert figures.recall == pytest.approx(found / len(hit), abs=1e-9)
    if len(pairs):
        assert figures.precision == pytest.approx(found / len(pairs), abs=1e-9)
    else:
        assert np.isnan(figures.precision)


@pytest.mark.parametrize("family", ["euclidean", "hyperplane"])
def test_every_cell_is_the_index_of_its_setting(family: Any) -> None:
    vectors = clustered(600, 12)
    queries = np.random.default_rng(1).choice(600, 30, replace=False)
    grid = lsh_grid(vectors, queries, 5, family=family, tables=5, functions=10, seed=3)
    for mode in grid.modes:
        for functions in range(1, 11):
            for tables in range(1, 6):
                assert_cell_is_the_index(grid, vectors, queries, (mode, functions, tables))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_cell_is_the_index_of_its_setting(data: Any) -> None:
    """Other shapes and widths, also those whose bucket numbers need 16 or 32 bits, and queries that are no rows."""
    n, d = data.draw(st.integers(2, 60)), data.draw(st.integers(1, 5))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    vectors = rng.normal(size=(n, d)).astype(np.float32) * np.float32(data.draw(st.sampled_from([0.01, 1.0, 50.0])))
    vectors[rng.random(n) < 0.2] = vectors[0]
    queries = rng.integers(n, size=6) if data.draw(st.booleans()) else rng.normal(size=(4, d)).astype(np.float32)
    tables, functions = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    grid = lsh_grid(
        vectors,
        queries,
        data.draw(st.integers(1, n - 1)),
        family=data.draw(st.sampled_from(["euclidean", "hyperplane"])),  # type: ignore[arg-type]
        width=data.draw(st.sampled_from([None, 10.0, 0.3, 1e-3, 1e-6])),
        tables=tables,
        functions=functions,
        seed=data.draw(st.integers(0, 5)),
    )
    mode = data.draw(st.sampled_from(grid.modes))
    cell = mode, data.draw(st.integers(1, functions)), data.draw(st.integers(1, tables))
    assert_cell_is_the_index(grid, vectors, queries, cell)


def test_the_result_does_not_depend_on_threads_modes_or_size() -> None:
    vectors = clustered(500, 8)
    queries = np.arange(0, 500, 10)
    whole = lsh_grid(vectors, queries, 5, tables=12, functions=9, threads=1)
    for other in (
        lsh_grid(vectors, queries, 5, tables=12, functions=9, threads=3),
        lsh_grid(vectors, queries, 5, tables=7, functions=4, modes=("and_or",)),
        lsh_grid(vectors, queries, 5, tables=7, functions=4, modes=("or_and",)),
        lsh_grid(vectors, queries, 5, tables=12, functions=9, truth=true_neighbors(vectors, queries, 5).ids),
    ):
        at = [whole.modes.index(m) for m in other.modes]
        part = np.s_[:, : other.recall.shape[1], : other.recall.shape[2]]
        for name in ("recall", "precision", "cost", "candidates", "recall_error", "precision_error", "cost_error"):
            np.testing.assert_array_equal(getattr(whole, name)[at][part], getattr(other, name))


def test_recall_and_cost_move_the_way_the_theory_says() -> None:
    grid = lsh_grid(clustered(400, 8), np.arange(40), 5, tables=10, functions=8)
    for values in (grid.recall, grid.cost):
        and_or, or_and = values
        assert (np.diff(and_or, axis=0) <= 0).all()
        assert (np.diff(and_or, axis=1) >= 0).all()
        assert (np.diff(or_and, axis=0) >= 0).all()
        assert (np.diff(or_and, axis=1) <= 0).all()


def test_best_cell_is_the_cheapest_that_reaches_the_target() -> None:
    grid = lsh_grid(clustered(400, 8), np.arange(60), 5, tables=10, functions=8)
    for target in (0.5, 0.8, 0.95):
        for mode in (None, "and_or", "or_and"):
            best = grid.best_cell(target, mode)  # type: ignore[arg-type]
            assert best is not None
            assert best.recall >= target
            values = [i for i, m in enumerate(grid.modes) if mode in (None, m)]
            cheaper = grid.cost[values] < best.cost - 1e-12
            assert (grid.recall[values][cheaper] < target).all()
            assert grid.cell(best.mode, best.functions, best.tables) == best
    assert lsh_grid(clustered(400, 8), np.arange(60), 5, tables=1, functions=2, width=1e-3).best_cell(0.9) is None


def test_no_candidates_at_all_have_no_precision() -> None:
    grid = lsh_grid(clustered(50, 8), np.arange(10), 3, tables=2, functions=2, width=1e-6)
    assert (grid.cost == 0).all()
    assert (grid.recall == 0).all()
    assert np.isnan(grid.precision).all()


def test_standard_errors_are_those_of_the_queries() -> None:
    vectors, queries = clustered(400, 8), np.arange(50)
    grid = lsh_grid(vectors, queries, 5, tables=4, functions=4)
    index = LSHIndex(LSHConfig(tables=4, functions=4, width=grid.width)).build(vectors)
    truth = true_neighbors(vectors, queries, 5).ids
    pairs = pairs_of(index, vectors, queries)
    counts = np.bincount(pairs[:, 0], minlength=50)
    hits = np.array([np.isin(truth[i], pairs[pairs[:, 0] == i, 1]).sum() for i in range(50)])
    cell = grid.cell("and_or", 4, 4)
    assert cell.recall_error == pytest.approx((hits / 5).std(ddof=1) / 50**0.5)
    assert cell.cost_error == pytest.approx(counts.std(ddof=1) / 50**0.5 / 400)
    # The ratio's error by the jackknife agrees with the linearised one.
    left_out = (hits.sum() - hits) / (counts.sum() - counts)
    jackknife = np.sqrt(49 / 50 * ((left_out - left_out.mean()) ** 2).sum())
    assert cell.precision_error == pytest.approx(jackknife, rel=0.05)
    assert np.isnan(lsh_grid(vectors, queries[:1], 5, tables=2, functions=2).recall_error).all()


def test_errors_say_what_is_wrong() -> None:
    vectors = clustered(20, 3)
    with pytest.raises(ValueError, match="modes must be some of 'and_or', 'or_and'"):
        lsh_grid(vectors, np.arange(3), 2, modes=("and",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="tables must be a whole number from 1 to 1,024, not 0"):
        lsh_grid(vectors, np.arange(3), 2, tables=0)
    with pytest.raises(ValueError, match="row numbers from 0 to 19"):
        lsh_grid(vectors, np.array([20]), 2)
    with pytest.raises(ValueError, match="queries must not be empty"):
        lsh_grid(vectors, np.empty(0, int), 2)
    with pytest.raises(ValueError, match="width must be larger"):
        lsh_grid(vectors, np.arange(3), 2, width=1e-12)
    with pytest.raises(ValueError, match="functions must be from 1 to 4, not 5"):
        lsh_grid(vectors, np.arange(3), 2, tables=2, functions=4).cell("and_or", 5, 1)
