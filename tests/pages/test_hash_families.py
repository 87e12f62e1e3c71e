"""A family of hash functions is registered once: a third one works everywhere, and is gone afterwards."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.lsh_intervals import coverage, labs
from pages.kit import model_results
from pages.views.lsh import measures
from recemb_core import timing as quiet_timing
from recemb_core.datasets.point_clouds import clustered_points
from recemb_core.neighbors import ExactIndex, LSHConfig, LSHIndex, lsh_cell, lsh_grid
from recemb_core.neighbors.lsh.curve import distance_sample
from recemb_core.neighbors.lsh.explain import explain_query
from recemb_core.neighbors.lsh.families import (
    ANGLE,
    EUCLIDEAN,
    FAMILIES,
    FLOOR,
    SIGN,
    HashFamily,
    family_named,
    register_family,
    unregister_family,
)
from recemb_core.neighbors.lsh.hashing import draw_functions
from recemb_core.neighbors.lsh.pairs import pair_agreement
from recemb_core.neighbors.lsh.reference import candidate_matrix, grid_counts
from recemb_core.neighbors.lsh.theory import (
    MODES,
    amplified_probability,
    collision_probability,
    distance_at_probability,
    expected_grid,
)
from tests.pages.conftest import healthy

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


# --- three more families: two without a rule (by distance, by angle), one with ---


def wave_probability(distance: np.ndarray, width: float | None) -> np.ndarray:
    """½ + 4/π² · Σ over odd k of exp(−k²π²c² / 2w²) / k²: the mean of a triangle wave over N(0, (c/w)²)."""
    assert width is not None
    k = np.arange(1, 2_000, 2)
    ratio = np.asarray(distance)[..., None] / width
    terms = np.exp(-((np.pi * k * ratio) ** 2) / 2) / k**2
    return np.minimum(0.5 + 4 / np.pi**2 * (terms.sum(axis=-1) + 1 / (2 * 2_000)), 1.0)


def every_second_strip(vectors: np.ndarray, directions: np.ndarray, offsets: np.ndarray, width: Any) -> np.ndarray:
    return np.floor(np.einsum("nd,tfd->ntf", vectors, directions) / width + offsets).astype(np.int64) % 2


def draw_crosses(seed: tuple[int, int], functions: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng([*seed]).normal(size=(functions, 2, dimensions)), np.zeros(functions)


def nearest_end(vectors: np.ndarray, directions: np.ndarray, offsets: np.ndarray, width: Any) -> np.ndarray:
    """The nearest of the four ends ±e₁, ±e₂ of a cross in a random plane."""
    at = np.einsum("nd,tfpd->ntfp", vectors, directions)
    axis = np.abs(at).argmax(axis=3)
    return 2 * axis + (np.take_along_axis(at, axis[..., None], axis=3)[..., 0] > 0)


WAVES = HashFamily(
    name="waves",  # Raginsky, Lazebnik, Locality-sensitive binary codes from shift-invariant kernels (NIPS 2009)
    label="Waves",
    help="⌊(a·v + b)/w⌋ odd or even.",
    explanation="Waves: every second strip is one bucket.",
    distance=EUCLIDEAN,
    has_width=True,
    draw=family_named("euclidean").draw,
    probability=wave_probability,
    codes=every_second_strip,
)
CROSSES = HashFamily(
    name="crosses",  # Andoni et al., Practical and optimal LSH for angular distance (NIPS 2015), in a plane
    label="Crosses",
    help="the nearest end of a cross.",
    explanation="Crosses: four ends in a random plane.",
    distance=ANGLE,
    has_width=False,
    draw=draw_crosses,
    probability=lambda angle, width: (1 - angle / np.pi) ** 2,  # turned by 45°, the cross is two hyperplanes
    codes=nearest_end,
)
THIN = HashFamily(
    name="thin strips of angles",
    label="Thin strips",
    help="strips over vectors of length 1.",
    explanation="Thin strips: the strips of the chord.",
    distance=ANGLE,
    has_width=True,
    draw=family_named("euclidean").draw,
    probability=lambda angle, width: family_named("euclidean").probability(2 * np.sin(angle / 2), width),
    rule=FLOOR,
)
NEW = {family.name: family for family in (WAVES, CROSSES, THIN)}
each = pytest.mark.parametrize("family", NEW.values(), ids=lambda family: family.name.split()[0])


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    before = list(FAMILIES)
    for family in NEW.values():
        assert register_family(family) is family
    yield
    for name in NEW:
        unregister_family(name)
    assert list(FAMILIES) == before
    for name in NEW:
        with pytest.raises(ValueError, match="family must be 'euclidean' or 'hyperplane', not"):
            LSHConfig(family=name)


ROWS = clustered_points(2_000, 24)
RNG = np.random.default_rng(0)


def width_of(family: HashFamily) -> float | None:
    return distance_sample(ROWS, np.arange(20), family=family.name).width


# --- every registered family keeps the contract ---


@pytest.mark.parametrize("name", ["euclidean", "hyperplane", *NEW])
def test_what_a_family_promises(name: str) -> None:
    family = family_named(name)
    few, many = (draw_functions(5, family=name, tables=t, functions=t + 1, width=1.0, seed=3) for t in (2, 6))
    np.testing.assert_array_equal(few.directions, many.directions[:2, :3])
    np.testing.assert_array_equal(few.offsets, many.offsets[:2, :3])
    np.testing.assert_array_equal(
        many.directions, draw_functions(5, family=name, tables=6, functions=7, width=9.0, seed=3).directions
    )
    rows = family.distance.space(RNG.normal(size=(40, 5)).astype(np.float32))
    codes = many.codes(rows)
    assert (codes.shape, codes.dtype) == ((40, 6, 7), np.int32)
    for i in range(0, 40, 7):  # a vector has its buckets, whatever it is hashed together with
        np.testing.assert_array_equal(many.codes(rows[i : i + 1])[0], codes[i])
    distance = np.linspace(0, min(family.distance.largest, 8.0), 200)
    p = collision_probability(distance, 1.0, name)
    assert p[0] == pytest.approx(1, abs=1e-6)
    assert (np.diff(p) <= 1e-12).all()
    assert ((p >= 0) & (p <= 1)).all()
    assert all((family.label, family.help, family.explanation))


# --- hashing, theory ---


@each
@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_functions_collide_as_often_as_theory_says(family: HashFamily, share: float) -> None:
    """20,000 independent functions: the standard error is at most .0036, the bound of .015 four of them."""
    width = 1.3 if family.has_width else None
    angle = share * np.pi
    plane = np.linalg.qr(RNG.normal(size=(6, 2)))[0].T
    if family.distance.is_angle:
        x, y = plane[0], np.cos(angle) * plane[0] + np.sin(angle) * plane[1]
        distance = angle
    else:
        x, y, distance = 3 * plane[0], 3 * plane[0] + 2 * share * plane[1], 2 * share
    hashing = draw_functions(6, family=family.name, tables=200, functions=100, width=width, seed=5)
    a, b = hashing.codes(np.stack([x, y]))
    assert (a == b).mean() == pytest.approx(float(collision_probability(distance, width, family.name)), abs=0.015)


@each
@pytest.mark.slow
def test_measured_curves_land_on_theory(family: HashFamily) -> None:
    """150 draws: a bin's standard error is below .025, and .1 is four of them; 17 in 20 intervals hold theory ± .01."""
    width = width_of(family)
    pairs = RNG.integers(600, size=(400, 2))
    seen = pair_agreement(ROWS, pairs, family=family.name, width=width, tables=4, functions=3, repeats=150)
    p, inside = collision_probability(seen.distance, width, family.name), []
    for mode in MODES:
        found = seen.curve(mode, 3, 4, bins=6)
        assert np.abs(found.frequency - found.expected).max() < 0.1
        inside.append((found.expected >= found.low - 0.01) & (found.expected <= found.high + 0.01))
        assert found.expected.mean() == pytest.approx(amplified_probability(p, 4, 3, mode).mean(), abs=0.01)
    assert np.mean(inside) >= 0.85


@each
def test_the_inverse_of_the_curve(family: HashFamily) -> None:
    width = 2.0 if family.has_width else None
    far = 1.1
    chance = float(amplified_probability(collision_probability(far, width, family.name), 6, 4, "and_or"))
    found = distance_at_probability(chance, tables=6, functions=4, width=width, family=family.name)
    assert found == pytest.approx(far, rel=1e-6)


def test_a_probability_that_is_never_reached_is_said() -> None:
    with pytest.raises(ValueError, match=r"at least 0\.5, which family 'waves' never falls below"):
        distance_at_probability(0.3, width=1.0, family="waves")


# --- the index ---


@each
def test_the_recall_contract(family: HashFamily) -> None:
    """At a sensible shape .9 of the 10 nearest on clustered points, for less than half of a scan."""
    queries = ROWS[:150] + 0.05 * RNG.normal(size=(150, 24)).astype(np.float32)
    functions = 4 if family is CROSSES else 8
    index = LSHIndex(LSHConfig(family=family.name, tables=24, functions=functions)).build(ROWS)
    answer = index.search(queries, 10)
    exact = ExactIndex(family.distance.metric).build(ROWS).query(queries, 10)[1]
    assert (answer.values <= exact[:, -1:] + 1e-5).mean() >= 0.9
    assert answer.candidates.mean() < len(ROWS) / 2
    assert (index.width is not None) == family.has_width


@each
@pytest.mark.parametrize("mode", MODES)
def test_candidates_files_and_changes(family: HashFamily, mode: Any, tmp_path: Path) -> None:
    rows = ROWS[:300]
    index = LSHIndex(LSHConfig(family=family.name, mode=mode, tables=4, functions=3)).build(rows[:200])
    index.add(rows[200:])
    index.remove([3, 250])
    assert index.hashing is not None
    codes = index.hashing.codes(index.vectors)
    there = candidate_matrix(codes[:40], codes, mode)
    there[:, [3, 250]] = False
    np.testing.assert_array_equal(index.candidates(rows[:40])[1], np.nonzero(there)[1])
    index.save(tmp_path / "index.npz")
    again = LSHIndex.load(tmp_path / "index.npz")
    for a, b in zip(index.query(rows, 4), again.query(rows, 4), strict=True):
        np.testing.assert_array_equal(a, b)
    seen = explain_query(index, 7, 6)
    assert seen.caught.tolist() == np.isin(seen.ids, np.flatnonzero(there[7])).tolist()
    np.testing.assert_array_equal(seen.agrees, codes[seen.ids] == codes[7])
    assert np.isnan(seen.missed_by).all() or family.rule is not None


def test_no_probing_where_no_bucket_is_known_to_be_next() -> None:
    for family in (WAVES, CROSSES):
        with pytest.raises(ValueError, match=f"multi_probe must be 0 with family '{family.name}'"):
            LSHConfig(family=family.name, multi_probe=2)
    few, more = (LSHIndex(LSHConfig(family=THIN.name, tables=2, multi_probe=m)).build(ROWS) for m in (0, 8))
    assert more.search(ROWS[:50], 5).candidates.sum() > few.search(ROWS[:50], 5).candidates.sum()


# --- the grid ---


@each
def test_the_grid_is_the_indexes_and_the_theory(family: HashFamily) -> None:
    rows, queries = ROWS[:500], np.arange(0, 500, 10)
    grid = lsh_grid(rows, queries, 5, family=family.name, tables=6, functions=5, seed=2, draws=8)
    index = LSHIndex(
        LSHConfig(family=family.name, tables=6, functions=5, width=grid.width, seed=2)
    ).build(rows)  # fmt: skip
    assert index.hashing is not None
    codes = index.hashing.codes(index.vectors)
    counts = grid_counts(codes[queries], codes, grid.modes).mean(axis=1) - 1
    np.testing.assert_allclose(grid.first.candidates, counts.transpose(0, 2, 1))
    config = LSHConfig(family=family.name, tables=6, functions=5, seed=2)
    cell = lsh_cell(rows, queries, 5, config, draws=8)
    assert cell == pytest.approx(grid.cell("and_or", 5, 6))
    sample = distance_sample(rows, queries, 5, family=family.name, pairs=20_000, seed=2)
    assert sample.width == grid.width
    expected = expected_grid(
        sample.near, sample.every, n=500, k=5, tables=6, functions=5, width=sample.width, family=family.name
    )
    for name in ("recall", "cost"):  # four standard errors over 8 draws, and .02 for bins and sampled pairs
        runs = np.stack([getattr(draw, name) for draw in grid.by_draw])
        error = runs.std(axis=0, ddof=1) / 8**0.5
        assert (np.abs(runs.mean(axis=0) - getattr(expected, name)) < 4 * error + 0.02).all()


@pytest.mark.slow
def test_the_benchmarks_ask_the_registry() -> None:
    families = {lab.family for lab in labs(160, 3, ("gaussian 300",))}
    assert set(NEW) <= families
    assert coverage(labs(4, 1, ("gaussian 300",)), others=3, fresh=2)["recall"].settings == 4


# --- the page ---


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    lap = quiet_timing.lap
    measures.prepare_kernels()
    monkeypatch.setattr(measures, "grid_so_far", measures.grid_over_draws)
    monkeypatch.setattr(quiet_timing, "lap", lambda work, threads=1: (lap(work, threads)[0], False))
    monkeypatch.setattr(model_results, "model_seconds", lambda *_: 0.0)


@each
@pytest.mark.usefixtures("settled")
@pytest.mark.slow
def test_the_page_offers_it_and_draws_it(family: HashFamily, open_page: Open) -> None:
    page = healthy(open_page("lsh", data="planted_shop"))
    control = page.selectbox(key="hashing@planted_shop")
    assert [*control.options][2:] == [f.label for f in NEW.values()]
    assert f"{family.label}: {family.help}" in control.help
    assert any(family.explanation in m.value for m in page.markdown)
    control.set_value(family.name)
    page.select_slider(key="probes@planted_shop").set_value(4)
    healthy(page.run())
    assert page.query_params["hashing"] == family.name
    found = next(float(m.value) for m in page.metric if m.label.startswith("Recall@"))
    assert 0 < found <= 1
    width = page.select_slider(key="ratio@planted_shop")
    assert width.disabled != family.has_width
    assert page.select_slider(key="probes@planted_shop").disabled == (family.rule is None)
    printed = next(c.value for c in page.code if "import" in c.value)
    assert f'family="{family.name}"' in printed
    scope: dict[str, Any] = {}
    exec(compile(printed, "As Python", "exec"), scope)
    assert scope["grid"].family == family.name
    for part in ("item", "guess", "plane"):
        page = healthy(open_page("lsh", data="planted_shop", hashing=family.name, lab="inside", inside=part))
    assert "straight borders" in "".join(i.value for i in page.info), "none of them cuts the plane in straight lines"
    healthy(open_page("lsh", data="planted_shop", hashing=family.name, lab="race", race="all"))


@pytest.mark.usefixtures("settled")
@pytest.mark.slow
def test_the_lines_that_register_it_are_printed(open_page: Open) -> None:
    own = replace(CROSSES, name="printed", imports=("import my_family  # registers 'printed'",))
    register_family(own)
    try:
        page = healthy(open_page("lsh", data="planted_shop", hashing="printed"))
        assert own.imports[0] in next(c.value for c in page.code if "import numpy" in c.value)
    finally:
        unregister_family("printed")
    page = healthy(open_page("lsh", data="planted_shop", hashing="printed"))  # a link to a family that is gone
    assert page.selectbox(key="hashing@planted_shop").value == "euclidean"


# --- the registry ---


def test_a_name_is_given_once_and_a_family_is_whole() -> None:
    with pytest.raises(ValueError, match="name 'waves' is taken"):
        register_family(replace(CROSSES, name="waves"))
    with pytest.raises(ValueError, match="needs a rule or codes, and not both"):
        replace(WAVES, rule=SIGN)
    with pytest.raises(ValueError, match="needs a rule or codes, and not both"):
        replace(WAVES, codes=None)
    with pytest.raises(ValueError, match="name must be a text"):
        replace(WAVES, name="")
    with pytest.raises(ValueError, match="family must be 'euclidean', 'hyperplane', 'waves', 'crosses' or"):
        family_named("manhattan")
    with pytest.raises(ValueError, match="family must be"):
        unregister_family("manhattan")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"codes": lambda v, a, b, w: np.zeros((len(v), 1, 1), np.int64)}, "must be whole numbers"),
        ({"codes": lambda v, a, b, w: np.zeros((len(v), *b.shape))}, "must be whole numbers"),
        ({"codes": lambda v, a, b, w: np.full((len(v), *b.shape), 2**40)}, "over 2\\^31"),
        ({"codes": None, "rule": SIGN}, "must draw directions"),
    ],
)
def test_a_family_that_breaks_its_promise_is_named(change: dict[str, Any], said: str) -> None:
    register_family(replace(CROSSES, name="broken", **change))
    try:
        with pytest.raises(ValueError, match=f"family 'broken'.*{said}|{said}.*family 'broken'"):
            LSHIndex(LSHConfig(family="broken", tables=2, functions=2)).build(ROWS)
    finally:
        unregister_family("broken")


SOURCES = [
    path
    for folder in ("recemb_core", "pages", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.relative_to(ROOT).as_posix() != "recemb_core/neighbors/lsh/families.py"
]


def names_of_families(code: str) -> list[int]:
    """Lines in which something is compared with the name of one hash family."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, (ast.Compare, ast.MatchValue)):
            continue
        words = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
        about = ast.unparse(node)
        if "hyperplane" in words or ("euclidean" in words and ("family" in about or "hashing" in about)):
            found.append(node.lineno)
    return found


def test_comparisons_are_seen() -> None:
    lines = ("a = family == 'hyperplane'", "b = s.family != 'euclidean'", "c = metric == 'euclidean'")
    code = "\n".join([*lines, "d = f in ('hyperplane',)"])
    assert names_of_families(code) == [1, 2, 4]


@pytest.mark.slow
def test_nobody_but_the_registry_asks_for_one_family_by_name() -> None:
    assert {str(path.relative_to(ROOT)): names_of_families(path.read_text("utf-8")) for path in SOURCES} == {
        str(path.relative_to(ROOT)): [] for path in SOURCES
    }
    for script in (ROOT / "pages").rglob("*.js"):
        assert "hyperplane" not in script.read_text("utf-8")
        assert '"euclidean"' not in script.read_text("utf-8")
