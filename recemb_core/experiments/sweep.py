"""Pictures of a grid of node2vec settings: aligned maps and what moved, cell by cell, and their scores over seeds.

The sweep itself is one of :mod:`recemb_core.sweeps` (``grid_ground``): it decides what is trained, keeps it and goes on
with it. :func:`sweep_base`, :func:`sweep_cell` and :func:`judge_sweep` do the same grid in three lines without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from recemb_core.arrays import AnyArray, Float32Array
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.node2vec import Node2VecConfig
from recemb_core.evaluation.agreement import neighbor_agreement
from recemb_core.evaluation.homophily import group_score
from recemb_core.evaluation.intervals import SeedBand, seed_band
from recemb_core.evaluation.noise import LEVEL, NoiseTest, compare_with_control
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig, umap_layout
from recemb_core.validation import is_whole, require

NEIGHBORS_COMPARED = 10
Trainer = Callable[[ItemGraph, Node2VecConfig], ItemVectors]


@dataclass(frozen=True, kw_only=True)
class SweepConfig:
    """The grid.

    Attributes:
        ps: values of p, rows of the grid.
        qs: values of q, columns of the grid.
        seeds: runs of each cell; noise is measured from 3 on, and ``default_seeds(n)`` suits a graph of n items.
        base: all other settings; its seed is the first of the runs.
        umap: how the maps are drawn.
    """

    ps: tuple[float, ...] = (0.05, 0.2, 1.0, 4.0, 20.0)
    qs: tuple[float, ...] = (0.05, 0.2, 1.0, 4.0, 20.0)
    seeds: int = 5
    base: Node2VecConfig = field(default_factory=Node2VecConfig)
    umap: UMAPConfig = field(default_factory=UMAPConfig)

    def __post_init__(self) -> None:
        for name in ("ps", "qs"):
            values = getattr(self, name)
            require(len(values) > 0 and len(set(values)) == len(values), name, values, "distinct values, at least one")
        require(is_whole(self.seeds) and self.seeds >= 1, "seeds", self.seeds, "a whole number, at least 1")

    @property
    def cells(self) -> tuple[tuple[float, float], ...]:
        """(p, q) of every cell, row by row."""
        return tuple((p, q) for p in self.ps for q in self.qs)

    def runs(self, p: float, q: float) -> tuple[Node2VecConfig, ...]:
        """The trainings of one cell."""
        return tuple(replace(self.base, p=p, q=q, seed=self.base.seed + i) for i in range(self.seeds))


@dataclass(frozen=True, eq=False)
class SweepCell:
    """One setting's results.

    Attributes:
        p, q: the setting.
        scores: labelling → score of each seed.
        map: float32 (n, 2), of the first seed, started from the map at p = q = 1.
        overlap: float32 (n,), share of an item's 10 nearest neighbors that are the same at p = q = 1, same seed.
        spread_2d: labelling → score of the map itself, neighbors taken in 2-D.
    """

    p: float
    q: float
    scores: dict[str, tuple[float, ...]]
    map: Float32Array
    overlap: Float32Array
    spread_2d: dict[str, float]

    def band(self, by: str) -> SeedBand:
        """The score's band over seeds."""
        return seed_band(self.scores[by])


@dataclass(frozen=True, eq=False)
class SweepBase:
    """p = q = 1, which every cell is compared with.

    Attributes:
        vectors: of the first seed.
        map: its map.
        scores: labelling → score of each seed.
        own_overlap: float32 (n,), overlap@10 of two seeds: what noise alone does to an item's neighbors.
    """

    vectors: ItemVectors
    map: Float32Array
    scores: dict[str, tuple[float, ...]]
    own_overlap: Float32Array


def sweep_base(graph: ItemGraph, config: SweepConfig, labellings: Mapping[str, AnyArray], train: Trainer) -> SweepBase:
    """Train p = q = 1 with every seed (at least two, for an overlap of its own)."""
    configs = replace(config, seeds=max(config.seeds, 2)).runs(1.0, 1.0)
    runs = [train(graph, run) for run in configs]
    return base_of_vectors(runs[0], runs[1], umap_layout(runs[0], config.umap), _scores(runs, labellings))


def base_of_vectors(
    first: ItemVectors, second: ItemVectors, place: Float32Array, scores: dict[str, tuple[float, ...]]
) -> SweepBase:
    """The base from two trainings with different seeds, the first one's map, and the scores of all seeds."""
    own = neighbor_agreement(first, second, NEIGHBORS_COMPARED).by_item.astype(np.float32)
    return SweepBase(first, place, scores, own)


def sweep_cell(
    graph: ItemGraph,
    config: SweepConfig,
    labellings: Mapping[str, AnyArray],
    base: SweepBase,
    p: float,
    q: float,
    train: Trainer,
) -> SweepCell:
    """Train one cell, score every seed, and lay out the first from the map at p = q = 1.

    Starting each frame from the same map keeps unmoved items in place, and makes a cell independent of the order in
    which the grid is walked.
    """
    runs = [train(graph, run) for run in config.runs(p, q)]
    place = base.map if p == q == 1 else umap_layout(runs[0], config.umap, start=base.map)
    return cell_of_vectors(p, q, runs[0], place, base, labellings, _scores(runs, labellings))


def cell_of_vectors(
    p: float,
    q: float,
    vectors: ItemVectors,
    place: Float32Array,
    base: SweepBase,
    labellings: Mapping[str, AnyArray],
    scores: dict[str, tuple[float, ...]],
) -> SweepCell:
    """A cell from its first training, its map, which started from the base's, and the scores of all seeds."""
    overlap = neighbor_agreement(vectors, base.vectors, NEIGHBORS_COMPARED).by_item.astype(np.float32)
    centered = place - place.mean(axis=0)
    spread = {name: group_score(centered, by, metric="euclidean").value for name, by in labellings.items()}
    return SweepCell(p, q, scores, place, overlap, spread)


def _scores(runs: Sequence[ItemVectors], labellings: Mapping[str, AnyArray]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(group_score(run, by).value for run in runs) for name, by in labellings.items()}


def judge_sweep(cells: Iterable[SweepCell], base: SweepBase, by: str) -> NoiseTest:
    """Which cells' scores differ from p = q = 1 by more than noise: Dunnett's test over the whole sweep.

    Give all cells of the grid at once: the level, 5%, is that of any false 'beyond noise' in the whole sweep, shared
    evenly by its labellings. Settings of the result are (p, q); p = q = 1 is the control, not one of them. Cells
    share their seeds but are not paired: what a seed does to all of them is 4 to 13% of the variance within cells on
    the bundled graphs, and taking it out would narrow an error by less than 7% (``python -m benchmarks.null_sweeps``).

    See :func:`recemb_core.evaluation.noise.compare_with_control`.
    """
    values = {(c.p, c.q): c.scores[by] for c in cells if (c.p, c.q) != (1.0, 1.0)}
    return compare_with_control(values, base.scores[by], level=LEVEL / len(base.scores))


def sweep_to_arrays(cells: Sequence[SweepCell], base: SweepBase) -> dict[str, AnyArray]:
    """A finished sweep as arrays by name; the base's vectors are not part of it."""
    names = tuple(cells[0].scores)
    return {
        "names": np.array(names),
        "pq": np.array([(c.p, c.q) for c in cells]),
        "scores": np.array([[c.scores[name] for name in names] for c in cells]),
        "maps": np.stack([c.map for c in cells]),
        "overlap": np.stack([c.overlap for c in cells]).astype(np.float16),
        "spread": np.array([[c.spread_2d[name] for name in names] for c in cells]),
        "base_map": base.map,
        "own_overlap": base.own_overlap,
        "base_scores": np.array([base.scores[name] for name in names]),
    }


def sweep_from_arrays(arrays: Mapping[str, AnyArray], base_vectors: ItemVectors) -> tuple[list[SweepCell], SweepBase]:
    """What :func:`sweep_to_arrays` gave."""
    names = [str(name) for name in arrays["names"]]
    base_scores = {name: tuple(map(float, arrays["base_scores"][k])) for k, name in enumerate(names)}
    base = SweepBase(base_vectors, arrays["base_map"], base_scores, arrays["own_overlap"])
    scores, maps, spread = arrays["scores"], arrays["maps"], arrays["spread"]
    overlap = arrays["overlap"].astype(np.float32)
    cells = [
        SweepCell(
            float(p),
            float(q),
            {name: tuple(map(float, scores[i, k])) for k, name in enumerate(names)},
            maps[i],
            overlap[i],
            {name: float(spread[i, k]) for k, name in enumerate(names)},
        )
        for i, (p, q) in enumerate(arrays["pq"])
    ]
    return cells, base
