"""The kd-tree on principal axes: distances kept, a time for every number of axes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.experiments.kd_tree_decay import kd_tree_decay, principal_axes
from recemb_core.timing import ROUNDS


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 6))
def test_turned_vectors_keep_every_distance(seed: int, n: int, d: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    turned, share = principal_axes(rows)
    gap = lambda v: np.linalg.norm(v[:, None] - v[None], axis=2)  # noqa: E731
    np.testing.assert_allclose(gap(turned), gap(rows), atol=1e-4)
    assert share.sum() == pytest.approx(1)
    assert (np.diff(share) <= 1e-12).all()
    assert (np.diff(turned.var(axis=0)) <= 1e-5).all()


def test_the_decay_has_a_time_for_every_number_of_axes() -> None:
    rows = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    stages = []
    decay = kd_tree_decay(
        rows,
        np.arange(20),
        3,
        dimensions=[8, 1, 4, 4],
        progress=lambda fraction, stage: stages.append((fraction, stage)),
    )
    assert decay.dimensions.tolist() == [1, 4, 8]
    for timing in (*decay.tree, *decay.scan):
        assert 0 < timing.low <= timing.median <= timing.high
        assert timing.laps == ROUNDS
    assert len(decay.tree) == len(decay.scan) == 3
    assert decay.variance[-1] == pytest.approx(1)
    fractions = [fraction for fraction, _ in stages]
    assert fractions == sorted(fractions)
    assert stages[0][1] == "first batch: 1 dimensions"
    assert stages[-1][1].startswith(f"round {ROUNDS} of {ROUNDS}")
    with pytest.raises(ValueError, match="dimensions must be"):
        kd_tree_decay(rows, np.arange(20), 3, dimensions=[9])


def test_stop_ends_a_run() -> None:
    class Stop(Exception):
        pass

    def stop(fraction: float, stage: str) -> None:
        raise Stop

    rows = np.ones((9, 2), dtype=np.float32)
    with pytest.raises(Stop):
        kd_tree_decay(rows, np.arange(3), 2, dimensions=[1], progress=stop)
