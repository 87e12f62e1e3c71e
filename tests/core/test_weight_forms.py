"""Three forms of EGES's weights: gradients against finite differences, and what goes wrong with two of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recemb_core.embeddings import EGESConfig, train_eges
from recemb_core.embeddings.weight_forms import (
    FORMS,
    Form,
    WeightCase,
    descend,
    form_weights,
    numbers_for,
    weight_case,
    weight_step,
)
from recemb_core.item_graph import ItemGraph


def case_of(seed: int = 0, parts: int = 4) -> WeightCase:
    draw = np.random.default_rng(seed)
    labels = np.array([1.0, 0, 0, 1, 0, 0])
    learned = draw.normal(size=parts)
    return WeightCase(
        draw.normal(size=(parts, 5)), learned - learned.mean(), np.arange(parts), draw.normal(size=(6, 5)), labels
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_the_slopes_of_the_loss(form: Form, seed: int) -> None:
    case = case_of(seed)
    a = np.random.default_rng([seed, 1]).normal(size=4) + 0.7
    found = weight_step(form, a, case)
    step = 1e-6
    for j in range(4):
        up, down = a.copy(), a.copy()
        up[j] += step
        down[j] -= step
        slope = (weight_step(form, up, case).loss - weight_step(form, down, case).loss) / (2 * step)
        assert found.gradient[j] == pytest.approx(slope, rel=1e-5, abs=1e-7)
    for at in np.ndindex(case.embeddings.shape):
        moved = []
        for by in (step, -step):
            parts = case.embeddings.copy()
            parts[at] += by
            other = WeightCase(parts, case.learned, case.columns, case.outputs, case.labels)
            moved.append(weight_step(form, a, other).loss)
        assert found.reach[at] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-5, abs=1e-7)


def test_the_loss_is_that_of_its_formula() -> None:
    case = case_of()
    found = weight_step("exp", case.learned, case)
    scores = case.outputs @ found.hidden
    by_hand = -(case.labels * np.log(1 / (1 + np.exp(-scores))) + (1 - case.labels) * np.log(1 / (1 + np.exp(scores))))
    assert found.loss == pytest.approx(by_hand.sum() / 2)


def test_only_the_exponential_keeps_weights_positive_and_gradients_at_rest() -> None:
    case = case_of()
    exp = weight_step("exp", case.learned + 3.0, case)
    assert (exp.weights > 0).all()
    assert exp.weights.sum() == pytest.approx(1)
    assert exp.gradient.sum() == pytest.approx(0, abs=1e-12)
    assert exp.loss == pytest.approx(weight_step("exp", case.learned, case).loss)  # a shift of all changes nothing
    plain = weight_step("plain", case.learned, case)
    wrong = plain.weights < 0
    assert wrong.any()
    g = weight_step("plain", np.ones(4), WeightCase(case.embeddings * 0 + plain.hidden / 4, *_rest(case))).reach[0]
    assert ((plain.reach @ g < 0) == wrong).all()  # the step of those embeddings is the wrong way round


def _rest(case: WeightCase) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return case.learned, case.columns, case.outputs, case.labels


def test_a_sum_of_nothing_divides_nothing() -> None:
    case = case_of()
    assert case.learned.sum() == pytest.approx(0, abs=1e-12)
    assert np.isnan(form_weights("share", case.learned)).all()
    path = descend("share", case.learned, case, steps=3)
    assert path.broke == 0
    assert np.isnan(path.least_total)
    near = descend("share", case.learned + 1e-4, case, steps=3)
    assert np.abs(weight_step("share", case.learned + 1e-4, case).gradient).max() > 1e3
    assert np.abs(near.numbers[1] - near.numbers[0]).max() > 1e2  # one step, of numbers about 1


@pytest.mark.parametrize("form", FORMS)
def test_forms_that_give_the_same_weights_have_the_same_loss(form: Form) -> None:
    case = case_of()
    weights = form_weights("exp", case.learned)
    found = weight_step(form, numbers_for(form, weights), case)
    assert found.weights == pytest.approx(weights)
    assert found.loss == pytest.approx(weight_step("exp", case.learned, case).loss)


def test_a_path_starts_where_it_is_put_and_descends() -> None:
    case = case_of()
    path = descend("exp", case.learned, case, rate=0.1, steps=50)
    assert path.numbers[0] == pytest.approx(case.learned)
    assert path.numbers[1] == pytest.approx(case.learned - 0.1 * weight_step("exp", case.learned, case).gradient)
    assert (np.diff(path.losses) < 1e-12).all()
    assert path.numbers.sum(axis=1) == pytest.approx(0, abs=1e-9)
    assert (path.weights.shape, path.broke, path.flips) == ((51, 4), None, 0)


@pytest.mark.slow
def test_an_item_of_eges_is_met_as_training_meets_it() -> None:
    ring = np.arange(20)
    graph = ItemGraph.from_edges(ring, (ring + 1) % 20, directed=False)
    kinds = [None if k == 3 else ["x", "y"][k % 2] for k in range(20)]
    side = pl.DataFrame({"kind": kinds, "tags": [["s", "t"] if k % 3 else ["s"] for k in range(20)]})
    vectors = train_eges(graph, side, EGESConfig(dimensions=6, num_walks=5, walk_length=10, epochs=2))
    for row in (3, 4):
        case = weight_case(vectors, graph, row, negative=2)
        weights = form_weights("exp", case.learned)
        assert weights == pytest.approx(vectors.attention[row][case.columns], abs=1e-6)
        assert weight_step("exp", case.learned, case).hidden == pytest.approx(vectors.vectors[row], abs=1e-5)
        assert case.learned.sum() == pytest.approx(0, abs=1e-9)
        assert int(case.labels.sum()) == 2
    assert weight_case(vectors, graph, 3).columns.tolist() == [0, 2]  # its kind is missing
    ges = train_eges(graph, side, EGESConfig(dimensions=6, num_walks=2, walk_length=5, attention=False))
    with pytest.raises(ValueError, match="GES has no numbers a"):
        weight_case(ges, graph, 0)
    alone = ItemGraph.from_edges([0], [1], directed=True, items=graph.items)
    with pytest.raises(ValueError, match="has no neighbor"):
        weight_case(vectors, alone, 5)
