"""Training one (center, context) pair at a time, with four objectives and every number in the open.

The trainers proper run the same updates in compiled loops; this one is for looking at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.embeddings.huffman import HuffmanTree
from recemb_core.embeddings.noise import MOST_EXPONENT, noise_distribution
from recemb_core.embeddings.pair_sources import PairSource
from recemb_core.progress import Progress
from recemb_core.validation import is_whole, require, require_dimensions

Objective = Literal["softmax", "hierarchical_softmax", "nce", "negative_sampling"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
_BLOCK = 1_024
Floats = Float64Array


@dataclass(frozen=True, kw_only=True)
class StepConfig:
    """What the step-by-step trainer can be told.

    Attributes:
        objective: which loss is descended, see :class:`StepTrainer`.
        dimensions: vector length d.
        negative: noise items k for each pair (negative sampling and NCE).
        ns_exponent: power of the counts that negatives are drawn by.
        learning_rate: step length η; it stays the same. Larger learns in fewer updates and overshoots sooner.
        seed: of the start and of every negative.
    """

    objective: Objective = "negative_sampling"
    dimensions: int = 8
    negative: int = 5
    ns_exponent: float = 0.75
    learning_rate: float = 0.025
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.objective in OBJECTIVES, "objective", self.objective, f"one of {', '.join(OBJECTIVES)}")
        require_dimensions(self.dimensions)
        whole = is_whole(self.negative) and self.negative >= 1
        require(whole, "negative", self.negative, "a whole number, at least 1")
        require(abs(self.ns_exponent) <= MOST_EXPONENT, "ns_exponent", self.ns_exponent, "from −4 to 4")
        require(0 < self.learning_rate <= 10, "learning_rate", self.learning_rate, "above 0 and at most 10")
        require(is_whole(self.seed) and 0 <= self.seed < 2**32, "seed", self.seed, "a whole number from 0 to 2^32 − 1")


@dataclass(frozen=True, eq=False)
class Targets:
    """The rows of the output table that one pair is scored against: int64 (m,), what each should answer, its offset."""

    rows: Int64Array
    labels: Floats
    offsets: Floats


@dataclass(frozen=True, eq=False)
class Gradients:
    """One pair's loss E and its gradients.

    Attributes:
        targets: the output rows r with their labels y and offsets b.
        scores: (m,), s_r = v'_r · v + b_r.
        probabilities: (m,), σ(s_r), or the softmax of all scores.
        errors: (m,), probabilities − labels; every gradient is a multiple of them.
        loss: E in nats.
        center: (d,), ∂E/∂v = Σ_r error_r · v'_r.
        outputs: (m, d), ∂E/∂v'_r = error_r · v.
    """

    targets: Targets
    scores: Floats
    probabilities: Floats
    errors: Floats
    loss: float
    center: Floats
    outputs: Floats


def sigmoid(x: npt.ArrayLike) -> Floats:
    """σ(x) = 1 / (1 + e^−x), without overflow.

    >>> sigmoid([-1000, 0, 1000]).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.exp(-np.logaddexp(0.0, -np.asarray(x, dtype=np.float64)))


def pair_gradients(vector: Floats, outputs: Floats, targets: Targets, *, softmax: bool = False) -> Gradients:
    """Loss and gradients of one pair.

    Logistic (negative sampling, NCE, hierarchical softmax): E = −Σ_r [y_r log σ(s_r) + (1 − y_r) log σ(−s_r)].
    Softmax: E = −log(exp s_o / Σ_r exp s_r) for the one row with label 1. Both have ∂E/∂s_r = probability − label.

    Args:
        vector: (d,), the input vector v of the center.
        outputs: (rows, d), the output table.
        targets: which rows are scored, with their labels.
        softmax: the scores compete with each other, instead of answering one by one.
    """
    rows = outputs[targets.rows]
    scores = rows @ vector + targets.offsets
    if softmax:
        top = scores.max()
        total = top + math.log(float(np.exp(scores - top).sum()))
        probabilities = np.exp(scores - total)
        loss = float((targets.labels * (total - scores)).sum())
    else:
        probabilities = sigmoid(scores)
        loss = float(np.logaddexp(0.0, np.where(targets.labels > 0.5, -scores, scores)).sum())
    errors = probabilities - targets.labels
    return Gradients(targets, scores, probabilities, errors, loss, errors @ rows, errors[:, None] * vector)


class StepTrainer:
    """Skip-gram trained one pair at a time from a fresh start.

    The start is word2vec's: input vectors v uniform in ±1/(2d), output vectors v' all zero, so that every score is 0.
    For a pair (c, o) with negatives w_1 … w_k drawn from p_n, the objective is one of

    - ``softmax``: E = −log(exp(v'_o·v_c) / Σ_w exp(v'_w·v_c)), over the whole catalogue;
    - ``hierarchical_softmax``: E = −Σ log σ(±v'_m·v_c) over the inner nodes m on o's path in the Huffman tree, + for
      a bit 0, − for a bit 1; the output table holds inner nodes, not items;
    - ``nce``: E = −log σ(v'_o·v_c − log k·p_n(o)) − Σ_j log σ(−(v'_{w_j}·v_c − log k·p_n(w_j)));
    - ``negative_sampling``: the same without log k·p_n.

    An update moves v_c and the scored rows of v' by −η times their gradients, all taken before the update. A negative
    that happens to be o is left out, as in word2vec; so, trained to the end, NCE's e^(v'_o·v_c) is p(o|c)/(1 − p(o|c)),
    which is p itself for all but overwhelming contexts.

    Args:
        counts: (n,), how often each item occurs: the noise and the Huffman tree are made of it.
        config: see :class:`StepConfig`.

    References:
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013).
        Gutmann, Hyvärinen, *Noise-contrastive Estimation* (AISTATS 2010); Mnih, Teh (ICML 2012) for language models.

    >>> trainer = StepTrainer([5, 3, 2], StepConfig(dimensions=4, learning_rate=0.5))
    >>> first = trainer.update(0, 1)
    >>> first.probabilities[0], bool(trainer.score(0, 1) > 0)
    (np.float64(0.5), True)
    """

    def __init__(self, counts: npt.ArrayLike, config: StepConfig) -> None:
        count = np.asarray(counts)
        require(len(count) > 0, "counts", len(count), "of at least one item")
        self.config = config
        self.noise = noise_distribution(count, config.ns_exponent)
        self._cumulative = np.cumsum(self.noise)
        self.log_k_noise = np.log(config.negative * np.maximum(self.noise, 1e-300))
        tree = config.objective == "hierarchical_softmax"
        self.tree = HuffmanTree.of(count) if tree else None
        n, d = len(count), config.dimensions
        self.vectors: Floats = (np.random.default_rng(config.seed).random((n, d)) - 0.5) / d
        self.outputs: Floats = np.zeros((n - 1 if tree else n, d))
        self.updates = 0
        self._every = Targets(np.arange(n), np.zeros(n), np.zeros(n))
        self._drawn: tuple[int, Int64Array] | None = None

    def negatives(self, update: int) -> Int64Array:
        """The k noise items of the update with this number (the first is 0), int64 (k,)."""
        block = update // _BLOCK
        if self._drawn is None or self._drawn[0] != block:
            u = np.random.default_rng([self.config.seed, 1, block]).random((_BLOCK, self.config.negative))
            rows = np.searchsorted(self._cumulative, u * self._cumulative[-1], side="right")
            self._drawn = block, np.minimum(rows, len(self.noise) - 1)
        return np.asarray(self._drawn[1][update % _BLOCK])

    def targets(self, context: int, negatives: Int64Array) -> Targets:
        """What the pair is scored against under the objective; the softmax scores everything, the tree a path."""
        if self.config.objective == "softmax":
            labels = self._every.labels.copy()
            labels[context] = 1.0
            return Targets(self._every.rows, labels, self._every.offsets)
        if self.tree is not None:
            nodes, bits = self.tree.path(context)
            return Targets(nodes, (1 - bits).astype(np.float64), np.zeros(len(nodes)))
        rows = np.concatenate([[context], negatives[negatives != context]])
        labels = np.zeros(len(rows))
        labels[0] = 1.0
        offsets: Floats = -self.log_k_noise[rows] if self.config.objective == "nce" else np.zeros(len(rows))
        return Targets(rows, labels, offsets)

    def gradients(self, center: int, context: int, negatives: Int64Array | None = None) -> Gradients:
        """Loss and gradients of a pair as things stand; negatives left out are those of the next update."""
        drawn = self.negatives(self.updates) if negatives is None else np.asarray(negatives, dtype=np.int64)
        softmax = self.config.objective == "softmax"
        return pair_gradients(self.vectors[center], self.outputs, self.targets(context, drawn), softmax=softmax)

    def update(
        self, center: int, context: int, negatives: Int64Array | None = None, *, rate: float | None = None
    ) -> Gradients:
        """One step of gradient descent on a pair; returns what it was computed from, before the step.

        ``rate`` is for a schedule: it takes the place of the config's learning rate in this step.
        """
        found = self.gradients(center, context, negatives)
        rate = self.config.learning_rate if rate is None else rate
        if self.config.objective in ("softmax", "hierarchical_softmax"):
            self.outputs[found.targets.rows] -= rate * found.outputs
        else:  # a negative may be drawn twice, and counts twice
            np.subtract.at(self.outputs, found.targets.rows, rate * found.outputs)
        self.vectors[center] -= rate * found.center
        self.updates += 1
        return found

    def score(self, center: int, item: int) -> float:
        """v'_item · v_center, without any offset; with the tree, log p(item | center)."""
        return float(self.scores(center)[item])

    def scores(self, center: int) -> Floats:
        """Of every item, float64 (n,): v'_w · v_center; with the tree, log p(w | center)."""
        found = self.outputs @ self.vectors[center]
        return found if self.tree is None else self.tree.log_probabilities(found)


@dataclass(eq=False)
class Watch:
    """What is written down while training: a pair, some noise items, the loss.

    Attributes:
        center, context: the pair, as item rows.
        others: rows of the noise items that are watched.
        scores: (updates + 1, 1 + len(others)), σ(v'·v) with the center, the context first; the first row is the start.
        losses: (updates,), E of each pair trained, before its update.
    """

    center: int
    context: int
    others: tuple[int, ...]
    scores: list[Floats] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def train_and_watch(trainer: StepTrainer, source: PairSource, until: int, watch: Watch) -> Gradients | None:
    """Train up to an update number, writing down every step; returns the gradients of the last one, if any was made.

    Ten updates and then ninety are the same as a hundred.
    """
    rows = np.array([watch.context, *watch.others], dtype=np.int64)
    if not watch.scores:
        watch.scores.append(sigmoid(trainer.outputs[rows] @ trainer.vectors[watch.center]))
    last = None
    for center, context in source.take(trainer.updates, until).tolist():
        last = trainer.update(center, context)
        watch.losses.append(last.loss)
        watch.scores.append(sigmoid(trainer.outputs[rows] @ trainer.vectors[watch.center]))
    return last


def train_to_rest(trainer: StepTrainer, source: PairSource, updates: int) -> Iterator[int]:
    """Train with a learning rate that falls linearly to zero, so that the noise of single updates dies away.

    Yields the number of updates done, every 500 and at the end, for whoever shows the progress.
    """
    for start in range(0, updates, 500):
        pairs = source.take(start, min(start + 500, updates)).tolist()
        for number, (center, context) in enumerate(pairs, start):
            trainer.update(center, context, rate=trainer.config.learning_rate * (1 - number / updates))
        yield start + len(pairs)


def trained_to_rest(
    trainer: StepTrainer, source: PairSource, updates: int, *, progress: Progress | None = None
) -> StepTrainer:
    """:func:`train_to_rest` to its end; the trainer itself, which has learned."""
    for done in train_to_rest(trainer, source, updates):
        if progress is not None:
            progress(done / updates, "training")
    return trainer


def multiplications(objective: Objective, *, items: float, dimensions: int, negative: int, code_length: float) -> float:
    """Multiplications that score one pair in the forward pass: rows scored × d (the update costs the same again twice).

    Softmax scores all n items, the tree the ``code_length`` nodes of a path, the other two 1 + k items.

    >>> multiplications("softmax", items=1000, dimensions=10, negative=5, code_length=9)
    10000
    """
    return exponentials(objective, items=items, negative=negative, code_length=code_length) * dimensions


def exponentials(objective: Objective, *, items: float, negative: int, code_length: float) -> float:
    """Exponentials that one pair needs: one for each row scored."""
    return {"softmax": items, "hierarchical_softmax": code_length}.get(objective, 1 + negative)
