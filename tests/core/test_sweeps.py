"""The sweep: cells independent of their order, honest noise, files that read back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import Node2VecConfig, train_node2vec
from recemb_core.evaluation import group_score
from recemb_core.experiments.sweep import (
    SweepConfig,
    judge_sweep,
    sweep_base,
    sweep_cell,
    sweep_from_arrays,
    sweep_to_arrays,
)
from recemb_core.layouts import UMAPConfig

SHOP = load_dataset("planted_shop")
LABELS = {name: SHOP.labels[name] for name in ("category", "role")}
CONFIG = SweepConfig(
    ps=(1.0,),
    qs=(0.05, 1.0, 20.0),
    seeds=3,
    base=Node2VecConfig(dimensions=16, window=2, num_walks=20, walk_length=80, epochs=3),
    umap=UMAPConfig().for_size(176),
)


@pytest.fixture(scope="module")
def swept():
    assert SHOP.graph is not None
    base = sweep_base(SHOP.graph, CONFIG, LABELS, train_node2vec)
    cells = [sweep_cell(SHOP.graph, CONFIG, LABELS, base, p, q, train_node2vec) for p, q in CONFIG.cells]
    return cells, base


@pytest.mark.slow
def test_the_structural_score_rises_with_q_and_the_map_follows(swept) -> None:
    cells, base = swept
    structural = [cell.band("role").mean for cell in cells]
    assert structural[0] < 0.1 < 0.35 < structural[2]
    assert judge_sweep(cells, base, "role").verdict((1.0, 20.0)) == "beyond noise"
    neighbors = group_score(cells[2].map - cells[2].map.mean(axis=0), LABELS["role"], metric="euclidean")
    assert neighbors.by_group["best-seller"].share >= 0.7  # in the plane, not only in the vectors
    assert cells[2].spread_2d["role"] == pytest.approx(neighbors.value)


def test_p_q_one_is_its_own_base(swept) -> None:
    cells, base = swept
    assert np.array_equal(cells[1].map, base.map)
    assert cells[1].overlap.min() == 1.0
    assert cells[1].scores == base.scores


def test_a_sweep_is_judged_as_one_family_over_both_labellings(swept) -> None:
    cells, base = swept
    for by in ("category", "role"):
        test = judge_sweep(cells, base, by)
        assert set(test.change) == {(1.0, 0.05), (1.0, 20.0)}  # the base is no setting that is compared
        assert test.level == pytest.approx(0.05 / 2)
        assert (test.seeds, test.degrees) == (3, 6)
        assert test.change[1.0, 20.0] == pytest.approx(cells[2].band(by).mean - cells[1].band(by).mean)


def test_two_seeds_judge_nothing(swept) -> None:
    cells, base = swept
    cut = lambda scores: {name: values[:2] for name, values in scores.items()}  # noqa: E731
    fewer = [dataclasses.replace(cell, scores=cut(cell.scores)) for cell in cells]
    test = judge_sweep(fewer, dataclasses.replace(base, scores=cut(base.scores)), "role")
    assert test.verdict((1.0, 20.0)) == "noise not measured"


@pytest.mark.slow
def test_a_cell_does_not_depend_on_the_cells_before_it(swept) -> None:
    cells, base = swept
    assert SHOP.graph is not None
    again = sweep_cell(SHOP.graph, CONFIG, LABELS, base, 1.0, 20.0, train_node2vec)
    assert again.scores == cells[2].scores
    assert np.array_equal(again.map, cells[2].map)


def test_best_sellers_move_most(swept) -> None:
    cells, base = swept
    lost = base.own_overlap - cells[2].overlap
    best = LABELS["role"] == "best-seller"
    assert lost[best].mean() > lost[~best].mean() + 0.2


def test_a_sweep_reads_back(swept) -> None:
    cells, base = swept
    read, read_base = sweep_from_arrays(sweep_to_arrays(cells, base), base.vectors)
    assert [(c.p, c.q) for c in read] == list(CONFIG.cells)
    assert read[2].scores == cells[2].scores
    assert np.array_equal(read[2].map, cells[2].map)
    assert read_base.scores == base.scores
    assert judge_sweep(read, read_base, "role").change == judge_sweep(cells, base, "role").change
    np.testing.assert_allclose(read[2].overlap, cells[2].overlap, atol=1e-3)


def test_a_grid_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="ps must be distinct values"):
        SweepConfig(ps=())
    with pytest.raises(ValueError, match="seeds must be a whole number"):
        SweepConfig(seeds=0)
