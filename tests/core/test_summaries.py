"""Gaps, histograms and survival curves against plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.sequences import Sequences
from recemb_core.summaries import density_lines, event_gaps, log_histogram, survival

VALUES = st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e9)), max_size=40)


def clicks(users: list[str], sequences: list[list[float]]) -> Sequences:
    """A sequence a user with an event at every time (seconds); the items do not matter."""
    plain = Sequences.from_lists([["tea"] * len(times) for times in sequences])
    return replace(plain, users=np.array(users), timestamps=np.concatenate([np.zeros(0), *sequences]))


def test_gaps_join_the_sessions_of_one_person() -> None:
    # Ann's two sessions lie a day and an hour apart: whole days count.
    log = clicks(["ann", "bob", "ann"], [[0, 60], [30, 630], [60 + 25 * 3600.0]])
    assert event_gaps(log).tolist() == [1, 10, 25 * 60]


def test_gaps_do_not_depend_on_the_order_of_the_sessions() -> None:
    log = clicks(["ann", "ann"], [[600, 660], [0, 0]])
    assert event_gaps(log).tolist() == [0, 1, 10]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 10**9), max_size=5)), max_size=6))
@pytest.mark.slow
def test_gaps_against_a_loop(sessions: list[tuple[str, list[int]]]) -> None:
    times: dict[str, list[int]] = {}
    for user, events in sessions:
        times.setdefault(user, []).extend(events)
    expected = sorted(
        (b - a) / 60 for own in times.values() for a, b in zip(sorted(own), sorted(own)[1:], strict=False)
    )
    log = clicks([user for user, _ in sessions], [[float(t) for t in events] for _, events in sessions])
    np.testing.assert_allclose(event_gaps(log), expected)


def test_gaps_need_users_and_times() -> None:
    with pytest.raises(ValueError, match="a user and a timestamp"):
        event_gaps(Sequences.from_lists([["tea", "milk"]]))
    with pytest.raises(ValueError, match="a user and a timestamp"):
        event_gaps(replace(clicks(["ann"], [[0, 60]]), users=None))


@given(VALUES, st.integers(1, 30))
@pytest.mark.slow
def test_a_histogram_counts_every_value_once(values: list[float], bins: int) -> None:
    histogram = log_histogram(values, bins)
    assert histogram.counts.sum() == len(values)
    assert len(histogram.edges) == len(histogram.counts) + 1
    assert (np.diff(histogram.edges) >= 0).all()


def test_histogram_bins_are_equally_wide_in_the_logarithm() -> None:
    histogram = log_histogram([1, 3, 20, 1000, 0, 0], bins=3)
    np.testing.assert_allclose(histogram.edges, [1, 10, 100, 1000])
    # The zeros go into the first bin, the largest value into the last.
    assert histogram.counts.tolist() == [4, 1, 1]


def test_histograms_of_one_value_of_zeros_and_of_nothing() -> None:
    assert log_histogram([5, 5], bins=4).counts.tolist() == [2, 0, 0, 0]
    assert log_histogram([0, 0]).counts.tolist() == [2]
    assert log_histogram([]).counts.tolist() == [0]


@given(VALUES)
def test_survival_against_a_loop(values: list[float]) -> None:
    x, share = survival(values)
    assert x.tolist() == sorted(set(values))
    np.testing.assert_allclose(share, [sum(v >= at for v in values) / len(values) for at in x])
    assert not len(share) or share[0] == 1
    assert (np.diff(share) < 0).all()


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_line_of_density_holds_its_share_of_the_items(share: float) -> None:
    """Two heaps: a ray from an item crosses the line around it an odd number of times."""
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.normal(size=(4_000, 2)), rng.normal(size=(2_000, 2)) * 0.5 + [7, 3]])
    ((starts, ends),) = density_lines(points, [share])
    some = points[rng.permutation(len(points))[:1_500]]
    inside = 0
    for x, y in some:
        (x0, y0), (x1, y1) = starts.T, ends.T
        passes = (y0 > y) != (y1 > y)
        at = x0 + (y - y0) / np.where(y1 == y0, 1, y1 - y0) * (x1 - x0)
        inside += int((passes & (at > x)).sum() % 2)
    assert inside / len(some) == pytest.approx(share, abs=0.04)  # 3 standard errors of 1,500 items


def test_density_lines_are_closed_and_degenerate_maps_have_none() -> None:
    rng = np.random.default_rng(2)
    for starts, ends in density_lines(rng.normal(size=(900, 2)) * [3, 0.01]):
        around = np.round(np.concatenate([starts, ends]) / [3, 0.01], 9)
        _, times = np.unique(around, axis=0, return_counts=True)
        assert len(starts)
        assert (times % 2 == 0).all(), "where a line ends, another begins"
    for points in (np.empty((0, 2)), np.ones((5, 2)), np.column_stack([np.arange(9.0), np.zeros(9)])):
        assert [len(starts) for starts, _ in density_lines(points)] == [0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"positions has shape \(4, 3\); a map needs \(n, 2\)"):
        density_lines(np.ones((4, 3)))
