"""Why EGES weighs by e^a: plain a, a / Σa and e^a / Σe^a on one item's embeddings, with the gradient of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.embeddings.noise import noise_distribution
from recemb_core.embeddings.training_steps import Targets, pair_gradients
from recemb_core.validation import UsageError, is_whole, require

if TYPE_CHECKING:
    from recemb_core.embeddings.eges import EGESVectors
    from recemb_core.item_graph import ItemGraph

Form = Literal["plain", "share", "exp"]
FORMS: tuple[Form, ...] = get_args(Form)
FAR = 1e6
"""A weight beyond it, to either side, ends a descent: nothing that comes after means anything."""

ROUNDING = 1e-12
"""A sum of a, in sums of |a|, that is 0 but for rounding."""


@dataclass(frozen=True, eq=False)
class WeightStep:
    """One item's weights under a form, its vector, and the gradients.

    Attributes:
        form: "plain", "share" or "exp".
        weights: (m,), w of each of its embeddings; H = Σ_j w_j W_j.
        total: Σ_j a_j, which "share" divides by.
        hidden: (d,), H.
        loss: of a context with its noise items, in nats, mean over the contexts.
        gradient: (m,), ∂L/∂a.
        reach: (m, d), ∂L/∂W_j = w_j ∂L/∂H: with weight 0 nothing, with a weight below 0 the step is the wrong way
            round for H.
    """

    form: Form
    weights: Float64Array
    total: float
    hidden: Float64Array
    loss: float
    gradient: Float64Array
    reach: Float64Array


def form_weights(form: Form, a: npt.ArrayLike) -> Float64Array:
    """The weights that numbers a (m,) stand for: a, a / Σ a, or e^a / Σ e^a.

    Where Σ a is 0 (up to rounding), a / Σ a is not defined: all NaN.

    >>> form_weights("exp", [0.0, 0.0]).tolist(), form_weights("share", [1.0, 3.0]).tolist()
    ([0.5, 0.5], [0.25, 0.75])
    >>> form_weights("share", [1.0, -1.0]).tolist()
    [nan, nan]
    """
    require(form in FORMS, "form", form, f"one of {', '.join(FORMS)}")
    numbers = np.asarray(a, dtype=np.float64)
    if form == "plain":
        return numbers.copy()
    if form == "share":
        total = _total(numbers)
        return numbers / total if total else np.full(len(numbers), np.nan)
    top = np.exp(numbers - numbers.max())
    return np.asarray(top / top.sum())


def _total(numbers: Float64Array) -> float:
    """Σ a, where it is no more than rounding 0."""
    total = float(numbers.sum())
    return total if abs(total) > ROUNDING * float(np.abs(numbers).sum()) else 0.0


def numbers_for(form: Form, weights: npt.ArrayLike) -> Float64Array:
    """Numbers a that give these weights (m,), above 0 and summing to 1: the weights themselves, or their logarithms.

    >>> numbers_for("exp", [0.25, 0.75]).round(2).tolist()
    [-1.39, -0.29]
    """
    given = np.asarray(weights, dtype=np.float64)
    return np.log(given) if form == "exp" else given.copy()


@dataclass(frozen=True, eq=False)
class WeightCase:
    """One item as a step of training meets it.

    Attributes:
        embeddings: (m, d), W_j: the item's own, then those of the fields that it has.
        learned: (m,), the a that EGES has learned. Only differences count for e^a, and their gradients sum to 0, so
            they sum to what they started with, 0.
        columns: int64 (m,), of the attention: 0 is the item itself.
        outputs: (r, d), Z of the contexts and of their noise items.
        labels: (r,), 1 for a context.
    """

    embeddings: Float64Array
    learned: Float64Array
    columns: Int64Array
    outputs: Float64Array
    labels: Float64Array


def weight_case(
    vectors: EGESVectors, graph: ItemGraph, row: int, *, contexts: int = 10, negative: int = 5, seed: int = 0
) -> WeightCase:
    """An item's embeddings and learned numbers, its heaviest neighbors as contexts, and noise items for each.

    Args:
        vectors: EGES, trained on ``graph``.
        graph: whose out-edges say what the item's contexts are; without any, its in-edges.
        row: of the item.
        contexts: at most so many neighbors, the heaviest first (ties by row).
        negative: noise items for each, drawn by count^0.75 as in training, the context itself left out.
        seed: of the draws.

    Raises:
        ValueError: no attention was learned, the item has no neighbor, or no noise.
    """
    if vectors.output_vectors is None or vectors.counts is None or not getattr(vectors.config, "attention", True):
        raise UsageError("vectors must come from EGES with attention; GES has no numbers a to look at")
    require(is_whole(negative) and negative >= 1, "negative", negative, "a whole number, at least 1")
    ids, strength = graph.neighbors(row)
    if not len(ids):
        raise UsageError(f"item {graph.items[row]!r} has no neighbor, so it has no context; choose another")
    near = ids[np.lexsort((ids, -strength))[:contexts]].astype(np.int64)
    cumulative = np.cumsum(noise_distribution(vectors.counts))
    drawn = np.searchsorted(cumulative, np.random.default_rng(seed).random((len(near), negative)) * cumulative[-1])
    rows = np.column_stack([near, np.minimum(drawn, len(cumulative) - 1)])
    labels = np.zeros(rows.shape)
    labels[:, 0] = 1.0
    kept = (labels == 1) | (rows != near[:, None])
    weights = vectors.attention[row].astype(np.float64)
    columns = np.flatnonzero(weights > 0)
    learned = np.log(weights[columns])
    fields = len(vectors.side.names)
    parts = [vectors.own_vectors[row]]
    for column in columns[columns > 0]:
        at = row * fields + int(column) - 1
        codes = vectors.side.codes[vectors.side.indptr[at] : vectors.side.indptr[at + 1]]
        parts.append(vectors.side_vectors[codes].mean(axis=0))
    return WeightCase(
        np.array(parts, dtype=np.float64),
        learned - learned.mean(),
        columns.astype(np.int64),
        vectors.output_vectors[rows[kept]].astype(np.float64),
        labels[kept],
    )


def weight_step(form: Form, a: npt.ArrayLike, case: WeightCase) -> WeightStep:
    """Loss and gradients of an item under one form of its weights.

    With H = Σ_j w_j W_j and g = ∂L/∂H = Σ_u (σ(H · Z_u) − y_u) Z_u over the contexts and their noise, by contexts:

    - ``plain``, w = a: ∂L/∂a_j = g · W_j;
    - ``share``, w = a / Σ a: ∂L/∂a_j = g · (W_j − H) / Σ a;
    - ``exp``, w = e^a / Σ e^a: ∂L/∂a_j = w_j g · (W_j − H), which sum to 0 over j.

    ∂L/∂W_j = w_j g in all three. (The gradients of a context and its noise, summed over the contexts as training sums
    them, are divided here by the number of contexts, which makes items comparable.)

    Args:
        form: see above.
        a: (m,), the numbers.
        case: the item.

    References:
        Wang et al., *Billion-scale Commodity Embedding for E-commerce Recommendation in Alibaba* (KDD 2018).

    >>> case = WeightCase(np.eye(2), np.zeros(2), np.arange(2), np.array([[2.0, 0.0]]), np.ones(1))
    >>> step = weight_step("exp", [0.0, 0.0], case)
    >>> step.hidden.tolist(), bool(step.gradient[0] < 0), abs(float(step.gradient.sum())) < 1e-12
    ([0.5, 0.5], True, True)
    """
    numbers = np.asarray(a, dtype=np.float64)
    weights, total = form_weights(form, numbers), _total(numbers)
    if not np.isfinite(weights).all():
        none, rows = np.full(len(numbers), np.nan), np.full(case.embeddings.shape, np.nan)
        return WeightStep(form, weights, total, rows[0], float("nan"), none, rows)
    hidden = weights @ case.embeddings
    targets = Targets(np.arange(len(case.labels)), case.labels, np.zeros(len(case.labels)))
    found = pair_gradients(hidden, case.outputs, targets)
    contexts = max(float(case.labels.sum()), 1.0)
    g = found.center / contexts
    if form == "plain":
        gradient = case.embeddings @ g
    else:
        away = (case.embeddings - hidden) @ g
        gradient = weights * away if form == "exp" else away / total
    return WeightStep(form, weights, total, hidden, found.loss / contexts, gradient, weights[:, None] * g)


@dataclass(frozen=True, eq=False)
class WeightPath:
    """Gradient descent on a alone, all else as it was.

    Attributes:
        form: of the weights.
        numbers: (steps + 1, m), a; the first row is the start.
        weights: (steps + 1, m).
        losses: (steps + 1,).
        lengths: (steps + 1,), |H|.
        broke: number of the step after which weights were no numbers, or beyond ±10⁶; None where that never happened.
            Rows from there on are NaN.
    """

    form: Form
    numbers: Float64Array
    weights: Float64Array
    losses: Float64Array
    lengths: Float64Array
    broke: int | None

    @property
    def last(self) -> int:
        """Number of the last step that means something; −1 where there is not even a start."""
        return len(self.losses) - 1 if self.broke is None else self.broke - 1

    @property
    def flips(self) -> int:
        """How many weights stand below 0 at some point of the way."""
        with np.errstate(invalid="ignore"):
            return int((self.weights < 0).any(axis=0).sum())

    @property
    def least_total(self) -> float:
        """The smallest |Σ a| on the way; NaN where there was no step."""
        totals = np.abs(self.numbers.sum(axis=1))
        return float(np.min(totals, initial=np.inf, where=np.isfinite(totals))) if np.isfinite(totals[0]) else np.nan


def descend(form: Form, a: npt.ArrayLike, case: WeightCase, *, rate: float = 0.5, steps: int = 200) -> WeightPath:
    """Steps a ← a − rate · ∂L/∂a of one item's numbers; see :func:`weight_step`.

    >>> case = WeightCase(np.eye(2), np.zeros(2), np.arange(2), np.array([[2.0, 0.0]]), np.ones(1))
    >>> path = descend("exp", [0.0, 0.0], case, steps=50)
    >>> path.broke is None, bool(path.losses[-1] < path.losses[0]), path.flips
    (True, True, 0)
    """
    require(rate > 0, "rate", rate, "above 0")
    require(is_whole(steps) and steps >= 0, "steps", steps, "a whole number, 0 or more")
    now = np.asarray(a, dtype=np.float64).copy()
    numbers, weights = np.full((steps + 1, len(now)), np.nan), np.full((steps + 1, len(now)), np.nan)
    losses, lengths = np.full(steps + 1, np.nan), np.full(steps + 1, np.nan)
    for step in range(steps + 1):
        found = weight_step(form, now, case)
        if not np.isfinite(found.gradient).all() or np.abs(found.weights).max() > FAR:
            return WeightPath(form, numbers, weights, losses, lengths, step)
        numbers[step], weights[step] = now, found.weights
        losses[step], lengths[step] = found.loss, np.linalg.norm(found.hidden)
        now = now - rate * found.gradient
    return WeightPath(form, numbers, weights, losses, lengths, None)
