"""Pairs hashed once: what every K, L and mode reads from them is what counting afresh gives."""

from __future__ import annotations

import numpy as np
import pytest

from recemb_core.neighbors.lsh.draws import draw_seed
from recemb_core.neighbors.lsh.hashing import draw_functions
from recemb_core.neighbors.lsh.pairs import PairAgreement, pair_agreement
from recemb_core.neighbors.lsh.theory import MODES, Family, Mode

ROWS = np.random.default_rng(3).normal(size=(300, 6)).astype(np.float32)
PAIRS = np.random.default_rng(4).integers(300, size=(500, 2))


@pytest.mark.parametrize("family", ["euclidean", "hyperplane"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("functions", "tables"), [(1, 1), (3, 5), (4, 6)])
def test_a_curve_counts_what_the_functions_do(family: Family, mode: Mode, functions: int, tables: int) -> None:
    width = 3.0 if family == "euclidean" else None
    seen = pair_agreement(ROWS, PAIRS, family=family, width=width, tables=6, functions=4, repeats=3, seed=5)
    counted = np.zeros(len(PAIRS))
    rows = ROWS if family == "euclidean" else ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    for repeat in range(3):
        hashing = draw_functions(6, family=family, tables=6, functions=4, width=width, seed=draw_seed(5, repeat))
        codes = hashing.codes(rows)[:, : 1 if mode == "and" else tables, : 1 if mode == "or" else functions]
        same = codes[PAIRS[:, 0]] == codes[PAIRS[:, 1]]
        counted += same.any(axis=2).all(axis=1) if mode == "or_and" else same.all(axis=2).any(axis=1)
    curve = seen.curve(mode, functions, tables, bins=1)
    assert curve.frequency[0] == pytest.approx(counted.mean() / 3)
    assert curve.pairs.tolist() == [500]


@pytest.fixture(scope="module", params=["euclidean", "hyperplane"])
def often(request: pytest.FixtureRequest) -> PairAgreement:
    width = 5.0 if request.param == "euclidean" else None
    return pair_agreement(ROWS, PAIRS, family=request.param, width=width, tables=4, functions=3, repeats=200)


@pytest.mark.parametrize("mode", MODES)
def test_a_measured_curve_follows_the_closed_form(mode: Mode, often: PairAgreement) -> None:
    # 200 draws: a bin's standard error is below .02, and .08 is four of them.
    curve = often.curve(mode, 3, 4, bins=8)
    assert ((curve.distance >= curve.edges[:, 0]) & (curve.distance <= curve.edges[:, 1] + 1e-9)).all()
    assert np.abs(curve.frequency - curve.expected).max() < 0.08
    assert np.all(np.diff(curve.distance) > 0)
    assert np.all((curve.low <= curve.frequency) & (curve.frequency <= curve.high))
    assert curve.pairs.sum() == 500


@pytest.mark.parametrize("family", ["euclidean", "hyperplane"])
@pytest.mark.slow
def test_nine_tenths_of_the_intervals_hold_what_theory_expects(family: Family) -> None:
    """Of 1,600 intervals (20 seeds, 5 settings, 16 bins) from 16 draws each: also where no pair met, or all did."""
    inside = []
    for seed in range(20):
        seen = pair_agreement(
            ROWS, PAIRS, family=family, width=2.0 if family == "euclidean" else None, tables=8, functions=6, seed=seed
        )
        for mode, functions, tables in (("and", 6, 1), ("and", 1, 1), ("or", 1, 8), ("and_or", 3, 4), ("or_and", 2, 8)):
            curve = seen.curve(mode, functions, tables)  # type: ignore[arg-type]
            assert (curve.low >= 0).all()
            assert (curve.high <= 1).all()
            inside.append((curve.low <= curve.expected) & (curve.expected <= curve.high))
    assert np.mean(inside) >= 0.9


def test_angles_are_those_of_the_vectors() -> None:
    rows = np.array([[1, 0], [0, 2], [-3, 0], [5, 0]], dtype=np.float32)
    seen = pair_agreement(rows, np.array([[0, 1], [0, 2], [0, 3]]), family="hyperplane", tables=1, functions=1)
    np.testing.assert_allclose(seen.distance, [np.pi / 2, np.pi, 0], atol=1e-7)


def test_what_was_not_drawn_cannot_be_asked_for() -> None:
    seen = pair_agreement(ROWS, PAIRS, width=1.0, tables=2, functions=2, repeats=2)
    with pytest.raises(ValueError, match="functions must be"):
        seen.curve("and", 3, 1)
    with pytest.raises(ValueError, match="tables must be"):
        seen.curve("or", 1, 3)
    with pytest.raises(ValueError, match="mode must be"):
        seen.curve("xor", 1, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": None}, "width must be"),
        ({"width": 0.0}, "width must be"),
        ({"pairs": np.empty((0, 2), dtype=int)}, "pairs must be"),
        ({"pairs": np.array([[0, 300]])}, "pairs must be"),
        ({"repeats": 1}, "repeats must be"),
        ({"family": "cosine"}, "family must be"),
    ],
)
def test_bad_input_is_named(change: dict, said: str) -> None:
    arguments = {"pairs": PAIRS, "width": 1.0, "tables": 2, "functions": 2} | change
    with pytest.raises(ValueError, match=said):
        pair_agreement(ROWS, arguments.pop("pairs"), **arguments)
