"""Bands over seeds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.evaluation import seed_band


def test_a_hand_computed_band() -> None:
    band = seed_band([1, 2, 6])
    assert (band.mean, band.low, band.high, band.seeds) == (3, 1, 6, 3)
    assert band.sd == pytest.approx(7**0.5)  # (4 + 1 + 9) / 2
    assert band.standard_error == pytest.approx((7 / 3) ** 0.5)


def test_one_seed_says_nothing_about_noise() -> None:
    band = seed_band([0.5])
    assert (band.mean, band.sd, band.standard_error, band.seeds) == (0.5, 0, 0, 1)


def test_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        seed_band([])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_the_mean_lies_in_the_band(values: list[float]) -> None:
    band = seed_band(values)
    assert band.low - 1e-9 <= band.mean <= band.high + 1e-9
    assert 0 <= band.sd <= band.high - band.low + 1e-9
    assert band.seeds == len(values)
