"""node2vec's objective on one node: what the paper maximizes, and what two tables and negative sampling train."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from recemb_core.arrays import AnyArray, Float64Array, Int32Array
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.noise import noise_distribution
from recemb_core.embeddings.training_steps import sigmoid
from recemb_core.validation import UsageError, is_whole, require

JUDGED = 100  # contexts; of rarer ones too few meetings are expected


@dataclass(frozen=True, eq=False)
class Neighborhood:
    """What walks pass around one node: the sampled N_S(u) of the paper, all windows of it together.

    Attributes:
        row: of the node u.
        times: float64 (n,), how often each node is a context of u in one pass of training. A context at distance δ
            counts (c − δ + 1)/c, how often the trainer's random reach takes it in.
        windows: places of the walks where u stands.
        first, second: the two contexts whose meeting in one window is farthest from independence, −1 where there are
            none to judge (5 expected meetings and more, among the 100 most frequent contexts).
        both: how often one stands at one place of a window of u and the other at another.
        expected: the same, were places independent of each other given u: Σ over two places s ≠ t of
            windows · P_s(first) · P_t(second).
    """

    row: int
    times: Float64Array
    windows: int
    first: int
    second: int
    both: int
    expected: float

    @property
    def size(self) -> float:
        """|N_S(u)|, each context as often as it counts."""
        return float(self.times.sum())

    @property
    def shares(self) -> Float64Array:
        """(n,), of all contexts; zeros where there are none."""
        return self.times / max(self.size, 1e-300)


def neighborhood(walks: Int32Array, row: int, n: int, window: int) -> Neighborhood:
    """Contexts of a node over all walks.

    Args:
        walks: int32 (walks, length), padded with −1.
        row: the node u.
        n: number of nodes.
        window: c, steps to either side.

    >>> walks = np.array([[0, 1, 2], [0, 1, -1]], dtype=np.int32)
    >>> found = neighborhood(walks, 0, 3, 2)
    >>> found.times.tolist(), found.windows, found.size
    ([0.0, 2.0, 0.5], 2, 2.5)
    """
    require(is_whole(window) and window >= 1, "window", window, "a whole number, at least 1")
    line, place = np.nonzero(walks == row)
    steps = np.array([*range(-window, 0), *range(1, window + 1)])
    at = place[:, None] + steps
    inside = (at >= 0) & (at < walks.shape[1])
    places = np.where(inside, walks[line[:, None], np.where(inside, at, 0)], -1)
    weight = np.broadcast_to((window - np.abs(steps) + 1) / window, places.shape)
    there = places >= 0
    times = np.bincount(places[there], weights=weight[there], minlength=n).astype(np.float64)
    first, second, both, expected = _farthest(places, row, n)
    return Neighborhood(row, times, len(line), first, second, both, expected)


def _farthest(places: AnyArray, row: int, n: int) -> tuple[int, int, int, float]:
    """The two contexts whose meetings differ most, in standard deviations, from independent places of the window.

    Args:
        places: (windows, 2c), the node at each place, −1 for none.
        row: of the center, which is no context of its own here.
        n: number of nodes.
    """
    counts = np.bincount(places[places >= 0], minlength=n)
    counts[row] = 0
    common = np.argsort(-counts, kind="stable")[:JUDGED]
    common = common[counts[common] > 0]
    m = len(common)
    number = np.full(n + 1, -1)  # the last is that of no node, −1
    number[common] = np.arange(m)
    coded = number[places]
    both, expected = np.zeros((m, m)), np.zeros((m, m))
    for s, t in combinations(range(places.shape[1]), 2):
        open_ = (places[:, s] >= 0) & (places[:, t] >= 0)
        a, b = coded[open_, s], coded[open_, t]
        met = (a >= 0) & (b >= 0)
        both += np.bincount(a[met] * m + b[met], minlength=m * m).reshape(m, m)
        of_a, of_b = (np.bincount(side[side >= 0], minlength=m) for side in (a, b))
        expected += np.outer(of_a, of_b) / max(int(open_.sum()), 1)
    both, expected = both + both.T, expected + expected.T
    judged = np.triu(expected >= 5, 1)
    if not judged.any():
        return -1, -1, 0, 0.0
    apart = np.where(judged, np.abs(both - expected) / np.sqrt(np.maximum(expected, 1e-9)), -1.0)
    i, j = np.unravel_index(int(np.argmax(apart)), apart.shape)
    return int(common[i]), int(common[j]), int(both[i, j]), float(expected[i, j])


@dataclass(frozen=True, eq=False)
class Softmax:
    """p(n | u) ∝ e^score over all nodes, and the objective of one node by it.

    Attributes:
        scores: (n,), what stands in the exponent.
        log_z: log Z_u = log Σ_v e^score(v).
        dots: Σ score(n) over the neighborhood.
        size: |N_S(u)|.
    """

    scores: Float64Array
    log_z: float
    dots: float
    size: float

    @property
    def value(self) -> float:
        """log Pr(N_S(u) | u) = Σ score(n) − |N_S(u)| · log Z_u, in nats."""
        return self.dots - self.size * self.log_z

    @property
    def printed(self) -> float:
        """Σ score(n) − log Z_u, as the paper prints it."""
        return self.dots - self.log_z

    @property
    def by_context(self) -> float:
        """``value`` by context: the mean of log p(n | u); NaN without any."""
        return self.value / self.size if self.size else float("nan")

    @property
    def probabilities(self) -> Float64Array:
        """(n,), p(n | u)."""
        return np.asarray(np.exp(self.scores - self.log_z))


@dataclass(frozen=True, eq=False)
class WalkObjective:
    """The objective of one node, by three readings of the same vectors, and what was trained.

    Attributes:
        around: the node's contexts.
        one_table: as the paper has it, f(n) · f(u) with f = v in both places.
        two_tables: v'(n) · v(u), as skip-gram scores.
        with_noise: v'(n) · v(u) + log p_n(n): negative sampling's optimum is log p(n | u)/p_n(n) − log k, so that p_n
            has to be put back before a softmax gives p(n | u).
        best: mean of log p(n | u) by the shares themselves, which no model beats: −H.
        uniform: the same, all nodes alike: −log n.
        trained: what negative sampling maximizes here, by context: mean of log σ(v'(n)·v(u)), plus k times the
            expectation of log σ(−v'·v(u)) over the noise.
        trained_best: the same at its optimum, were every product free.
        negative: k.
    """

    around: Neighborhood
    one_table: Softmax
    two_tables: Softmax
    with_noise: Softmax
    best: float
    uniform: float
    trained: float
    trained_best: float
    negative: int


def walk_objective(model: ItemVectors, around: Neighborhood) -> WalkObjective:
    """node2vec's objective on one node's numbers.

    The paper maximizes Σ_u log Pr(N_S(u) | f(u)). Conditional independence makes it a product over the neighborhood,
    Pr(N_S(u) | f(u)) = Π_n Pr(n | f(u)); symmetry in feature space makes each factor a softmax of f(n) · f(u) with the
    same f for both, so that the node's part is

        Σ_{n ∈ N_S(u)} f(n) · f(u) − |N_S(u)| · log Z_u,   Z_u = Σ_{v ∈ V} e^{f(v) · f(u)}.

    Training uses two tables and negative sampling: it maximizes, for each context,
    log σ(v'_n · v_u) + k · E_{j ~ p_n} log σ(−v'_j · v_u).

    Args:
        model: trained on walks with negative sampling, output vectors and counts included.
        around: see :func:`neighborhood`.

    Raises:
        ValueError: the model has no output vectors or counts, as with hierarchical softmax.

    References:
        Grover, Leskovec, *node2vec: Scalable Feature Learning for Networks* (KDD 2016).
        Levy, Goldberg, *Neural Word Embedding as Implicit Matrix Factorization* (NIPS 2014).

    >>> from recemb_core.vocabulary import Vocabulary
    >>> model = ItemVectors(Vocabulary(["a", "b"]), np.eye(2, dtype="f4"), np.eye(2, dtype="f4")[::-1], np.ones(2))
    >>> found = walk_objective(model, neighborhood(np.array([[0, 1]], dtype=np.int32), 0, 2, 1))
    >>> round(found.one_table.by_context, 3), round(found.two_tables.by_context, 3)
    (-1.313, -0.313)
    """
    if model.output_vectors is None or model.counts is None:
        raise UsageError(
            "the model has no output vectors, so there is no second table to compare with; train it with negative "
            "sampling"
        )
    v, out = model.vectors.astype(np.float64), model.output_vectors.astype(np.float64)
    own, times = v[around.row], around.times
    noise = noise_distribution(model.counts)
    k = int(getattr(model.config, "negative", 5))
    products = out @ own
    with np.errstate(divide="ignore"):
        log_noise = np.log(noise)

    def softmax(scores: Float64Array) -> Softmax:
        top = float(scores.max())
        log_z = top + float(np.log(np.exp(scores - top).sum()))
        there = times > 0
        return Softmax(scores, log_z, float(times[there] @ scores[there]), around.size)

    share, there = around.shares, around.times > 0
    best = float((share[there] * np.log(share[there])).sum())
    with np.errstate(divide="ignore"):
        optimum = np.log(share) - np.log(k) - log_noise

    def sampled(x: Float64Array) -> float:
        drawn, met = noise > 0, there
        up = share[met] @ np.log(np.maximum(sigmoid(x[met]), 1e-300))
        return float(up + k * (noise[drawn] @ np.log(np.maximum(sigmoid(-x[drawn]), 1e-300))))

    return WalkObjective(
        around,
        softmax(v @ own),
        softmax(products),
        softmax(products + log_noise),
        best,
        -float(np.log(len(v))),
        sampled(products),
        sampled(optimum),
        k,
    )
