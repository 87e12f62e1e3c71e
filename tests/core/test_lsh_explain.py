"""What each table did with each true neighbor, against the index itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recemb_core.datasets.point_clouds import clustered_points
from recemb_core.neighbors import LSHConfig, LSHIndex
from recemb_core.neighbors.lsh.explain import explain_query
from recemb_core.neighbors.truth import true_neighbors


@pytest.mark.parametrize("family", ["euclidean", "hyperplane"])
@pytest.mark.parametrize("mode", ["and", "or", "and_or", "or_and"])
def test_it_says_what_the_index_does(family: Any, mode: Any) -> None:
    rows = clustered_points(600, 8)
    config = LSHConfig(family=family, mode=mode, tables=5, functions=4)
    index = LSHIndex(config).build(rows)
    for query in (3, np.int64(77), rows[5] + 0.01):
        seen = explain_query(index, query, 6)
        vector = np.atleast_2d(query if isinstance(query, np.ndarray) else rows[query]).astype(np.float32)
        own = -1 if isinstance(query, np.ndarray) else int(query)
        candidates = index.candidates(vector)[1]
        assert seen.caught.tolist() == np.isin(seen.ids, candidates).tolist()
        assert seen.candidates == (candidates != own).sum()
        metric: Any = "cosine" if family == "hyperplane" else "euclidean"
        asked = vector if own < 0 else np.array([own])
        assert seen.ids.tolist() == true_neighbors(rows, asked, 6, metric).ids[0].tolist()
        together = seen.agrees.any(axis=2) if mode in ("or", "or_and") else seen.agrees.all(axis=2)
        np.testing.assert_array_equal(seen.by_table, together)
        np.testing.assert_array_equal(
            seen.caught, seen.by_table.all(axis=1) if mode == "or_and" else seen.by_table.any(axis=1)
        )
        assert (seen.table_candidates >= seen.by_table.sum(axis=0)).all()


def test_the_first_disagreement_and_the_border() -> None:
    rows = clustered_points(600, 8)
    index = LSHIndex(LSHConfig(tables=5, functions=4)).build(rows)
    seen = explain_query(index, 10, 8)
    assert index.hashing is not None
    assert index.width is not None
    for i, row in enumerate(seen.ids):
        for t in range(5):
            first = seen.first_disagreement[i, t]
            if first < 0:
                assert seen.agrees[i, t].all()
                assert np.isnan(seen.border_distance[i, t])
                continue
            assert seen.agrees[i, t, :first].all()
            assert not seen.agrees[i, t, first]
            # Along the direction, query to border and border to neighbor add up to their distance.
            direction = index.hashing.directions[t, first]
            along = abs((rows[row] - rows[10]).astype(float) @ direction) / np.linalg.norm(direction)
            assert seen.border_distance[i, t] + seen.missed_by[i, t] == pytest.approx(along, rel=1e-5)
            assert along <= seen.distances[i] * (1 + 1e-5)
    assert (seen.first_agreement >= -1).all()


def test_a_probe_can_catch_what_the_own_bucket_misses() -> None:
    rows = clustered_points(600, 8)
    plain, probing = (
        explain_query(LSHIndex(LSHConfig(tables=3, functions=6, multi_probe=m)).build(rows), 10, 20) for m in (0, 30)
    )
    np.testing.assert_array_equal(plain.agrees, probing.agrees)
    assert probing.by_table.sum() > plain.by_table.sum()
    assert (probing.by_table | ~plain.by_table).all()


def test_removed_rows_are_no_neighbors() -> None:
    rows = clustered_points(300, 6)
    index = LSHIndex(LSHConfig(tables=3, functions=2)).build(rows)
    gone = explain_query(index, 7, 3).ids
    index.remove(gone)
    assert not set(explain_query(index, 7, 3).ids.tolist()) & set(gone.tolist())
    with pytest.raises(ValueError, match="query must be an id in the index"):
        explain_query(index, int(gone[0]))
