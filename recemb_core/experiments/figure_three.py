"""node2vec's Figure 3 over many seeds: do k-means clusters at q = 0.5 follow communities, and at q = 2 roles?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from typing import Any

import numpy as np

from recemb_core.arrays import AnyArray, Float64Array, Int32Array
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.node2vec import Node2VecConfig, train_node2vec
from recemb_core.evaluation.differences import holm
from recemb_core.evaluation.homophily import group_score
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.noise import LEVEL, NoiseTest, compare_with_control
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Cancel, Progress, Reporter
from recemb_core.validation import is_whole, require

RESTARTS = 10  # of k-means; the tightest clusters stand
MEASURES = ("clusters", "neighbors")


def figure_three_base(window: int = 10) -> Node2VecConfig:
    """The paper's d = 16 and p = 1; what it does not say as in its authors' program: 10 walks of 80, one pass.

    >>> figure_three_base().dimensions, figure_three_base().window
    (16, 10)
    """
    return Node2VecConfig(dimensions=16, window=window, num_walks=10, walk_length=80, epochs=1)


@dataclass(frozen=True, kw_only=True)
class FigureThreeConfig:
    """Which trainings are clustered.

    Attributes:
        base: all settings but q; its seed is the first of the runs.
        qs: (for communities, for roles), the paper's 0.5 and 2.
        seeds: runs of each, 3 or more.
    """

    base: Node2VecConfig = field(default_factory=figure_three_base)
    qs: tuple[float, float] = (0.5, 2.0)
    seeds: int = 20

    def __post_init__(self) -> None:
        fine = len(self.qs) == 2 and self.qs[0] != self.qs[1]
        require(fine, "qs", self.qs, "two values that differ")
        require(is_whole(self.seeds) and self.seeds >= 3, "seeds", self.seeds, "a whole number, 3 or more")

    def runs(self, q: float) -> tuple[Node2VecConfig, ...]:
        """The trainings of one q."""
        return tuple(replace(self.base, q=q, seed=self.base.seed + i) for i in range(self.seeds))


@dataclass(frozen=True, eq=False)
class FigureThree:
    """Both settings over s seeds, by labelling: communities first, roles second.

    Attributes:
        names: of the two labellings.
        sizes: groups of each, which is also how many clusters are made to compare with it.
        agreement: float64 (2, 2, s): q, labelling, seed → adjusted mutual information of the clusters with the
            labelling. 0 is chance, 1 the same groups.
        scores: float64 (2, 2, s): the neighbor share of :func:`~recemb_core.evaluation.homophily.group_score`.
        maximum: float64 (2,): the most that each labelling allows of it.
        alike: float64 (2, 3, s): labelling, (two seeds at the first q, at the second, one of each) → mean agreement of
            a run's clusters with those of the other runs.
        clusters: int32 (2, 2, n): q, labelling → the first seed's clusters, the largest 0.
    """

    names: tuple[str, str]
    sizes: tuple[int, int]
    agreement: Float64Array
    scores: Float64Array
    maximum: Float64Array
    alike: Float64Array
    clusters: Int32Array

    def values(self, measure: str, by: int) -> Float64Array:
        """(2, s) of "clusters" (agreement) or "neighbors" (scores), by labelling 0 or 1."""
        table = self.agreement if measure == "clusters" else self.scores
        return np.asarray(table[:, by])

    def estimate(self, measure: str, by: int, q: int) -> Estimate:
        """Mean over the seeds with its 95% interval (Student's t)."""
        return t_interval(self.values(measure, by)[q])

    def tests(self) -> dict[tuple[str, int], tuple[NoiseTest, bool]]:
        """(measure, labelling) → (second q against the first, whether it is beyond noise: Holm over all four)."""
        every = {
            (measure, by): compare_with_control({"q": self.values(measure, by)[1]}, self.values(measure, by)[0])
            for measure, by in product(MEASURES, (0, 1))
        }
        adjusted = holm({key: test.p_value("q") for key, test in every.items()})
        return {key: (test, adjusted[key] < LEVEL) for key, test in every.items()}

    def to_arrays(self) -> dict[str, AnyArray]:
        """As arrays by name."""
        found = {name: np.asarray(value) for name, value in vars(self).items()}
        return {**found, "names": np.array(self.names), "sizes": np.array(self.sizes, dtype=np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> FigureThree:
        """What :meth:`to_arrays` gave."""
        more = {name: np.asarray(arrays[name]) for name in cls.__annotations__ if name not in ("names", "sizes")}
        first, second = (str(name) for name in arrays["names"])
        a, b = (int(size) for size in arrays["sizes"])
        return cls(names=(first, second), sizes=(a, b), **more)


def figure_three(
    graph: ItemGraph,
    labellings: Mapping[str, AnyArray],
    config: FigureThreeConfig | None = None,
    *,
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> FigureThree:
    """Train both settings with every seed, cluster the vectors by k-means, and measure what the clusters follow.

    As many clusters are made as the labelling has groups, once for each labelling. The paper shows one run, says
    neither its window nor its walks, and measures nothing.

    Args:
        graph: that is walked.
        labellings: two of them, name → labels (n,): communities first, roles second.
        config: see :class:`FigureThreeConfig`.
        progress, cancel: called with (fraction, stage); True ends the run with ``TrainingCancelled``.

    References:
        Grover, Leskovec, *node2vec: Scalable Feature Learning for Networks* (KDD 2016), Figure 3.
        Vinh, Epps, Bailey, *Information Theoretic Measures for Clusterings Comparison* (JMLR 2010).

    >>> from itertools import combinations
    >>> edges = [(a, b) for part in (range(5), range(5, 10)) for a, b in combinations(part, 2)] + [(0, 5)]
    >>> graph = ItemGraph.from_edges(*np.array(edges).T, directed=False)
    >>> by = {"community": np.repeat([0, 1], 5), "role": np.array([1, 0, 0, 0, 0] * 2)}
    >>> found = figure_three(graph, by, FigureThreeConfig(base=figure_three_base(2), seeds=3))
    >>> found.sizes, found.agreement.shape
    ((2, 2), (2, 2, 3))
    """
    config = config or FigureThreeConfig()
    require(len(labellings) == 2, "labellings", len(labellings), "two: communities and roles")
    report = Reporter(progress, cancel)
    report(0.0)
    first, second = labellings
    groups = [np.unique(labels, return_inverse=True)[1] for labels in labellings.values()]
    sizes = int(groups[0].max()) + 1, int(groups[1].max()) + 1
    seeds, n = config.seeds, len(graph)
    scores = np.zeros((2, 2, seeds))
    made = np.zeros((2, 2, seeds, n), dtype=np.int32)
    maximum = np.zeros(2)
    for i, q in enumerate(config.qs):
        for s, run in enumerate(config.runs(q)):
            report((i * seeds + s) / (2 * seeds + 1))
            vectors = train_node2vec(graph, run)
            for by, labels in enumerate(groups):
                score = group_score(vectors, labels)
                scores[i, by, s], maximum[by] = score.value, score.maximum
                made[i, by, s] = cluster(vectors, sizes[by], seed=run.seed)
    agreement = np.array([[[agree(one, groups[by]) for one in made[i, by]] for by in (0, 1)] for i in (0, 1)])
    report(2 * seeds / (2 * seeds + 1))
    alike = np.array([_alike(made[:, by]) for by in (0, 1)])
    report(1.0)
    return FigureThree((first, second), sizes, agreement, scores, maximum, alike, made[:, :, 0])


def cluster(model: ItemVectors, clusters: int, *, seed: int = 0) -> Int32Array:
    """k-means on the vectors as they are: int32 (n,), the largest cluster 0; ties by first row.

    The tightest of :data:`RESTARTS` k-means++ starts; on one thread, so that a seed always gives the same.
    """
    from scipy.cluster.vq import ClusterError, kmeans2

    rows = np.asarray(model.vectors, dtype=np.float64)
    distinct, alike = np.unique(rows, axis=0, return_inverse=True)
    rng = np.random.default_rng(seed)
    best: tuple[float, AnyArray] = np.inf, alike  # as many groups as there are different vectors
    for _ in range(RESTARTS if clusters < len(distinct) else 0):
        try:
            centers, labels = kmeans2(rows, clusters, iter=50, minit="++", missing="raise", rng=rng)
        except ClusterError:  # one has lost all its items; another start will do
            continue
        spread = float(((rows - centers[labels]) ** 2).sum())
        if spread < best[0]:
            best = spread, labels
    names, start, code, counts = np.unique(best[1], return_index=True, return_inverse=True, return_counts=True)
    order = np.empty(len(names), dtype=np.int32)
    order[np.lexsort((start, -counts))] = np.arange(len(names))
    return order[code]


def agree(a: AnyArray, b: AnyArray) -> float:
    """Adjusted mutual information of two labellings: 1 the same groups, 0 what random groups of these sizes have.

    >>> agree(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(a, b))


def t_interval(values: AnyArray) -> Estimate:
    """Mean of a few runs with its 95% interval by Student's t.

    >>> e = t_interval(np.array([0.1, 0.2, 0.3]))
    >>> round(e.value, 3), round(e.low, 3), round(e.high, 3)
    (0.2, -0.048, 0.448)
    """
    from scipy.stats import t

    n, mean = len(values), float(np.mean(values))
    half = float(t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / n**0.5
    return Estimate(mean, mean - half, mean + half, n)


def _alike(made: AnyArray) -> Float64Array:
    """(3, s): how alike a run's clusters are to those of other seeds: first q, second q, one of each."""
    seeds = made.shape[1]
    found = np.zeros((3, seeds))
    for i in (0, 1):
        for a, b in combinations(range(seeds), 2):
            value = agree(made[i, a], made[i, b]) / (seeds - 1)
            found[i, a] += value
            found[i, b] += value
    for a, b in product(range(seeds), repeat=2):
        if a != b:  # seeds that share nothing, as above
            found[2, a] += agree(made[0, a], made[1, b]) / (seeds - 1)
    return found
