"""One window on a sequence, both ways: skip-gram's pairs and CBOW's mean, with every gradient in the open.

The trainers proper run such updates in compiled loops; this one is for looking at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recemb_core.arrays import Int64Array, IntegerArray
from recemb_core.embeddings.noise import noise_distribution
from recemb_core.embeddings.sentences import Sentences, distinct, without_short
from recemb_core.embeddings.training_steps import Floats, Gradients, StepConfig, Targets, pair_gradients
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError, is_whole, require

WindowMethod = Literal["skip_gram", "cbow"]
WINDOW_METHODS: tuple[WindowMethod, ...] = get_args(WindowMethod)


@dataclass(frozen=True, eq=False)
class WindowGradients:
    """One window's loss and gradients under one of the two methods.

    Attributes:
        method: "skip_gram" or "cbow".
        hidden: (d,), what the rows of the output table are scored by: v of the center, or the mean h of the contexts.
        scored: loss, scores and gradients of the scored rows; ``scored.center`` is ∂E/∂hidden.
        rows: (r,), distinct rows of the input table that get a gradient: the center alone, or the contexts.
        inputs: (r, d), ∂E/∂v of these rows. CBOW: each context has its share 1/m of ∂E/∂h.
    """

    method: WindowMethod
    hidden: Floats
    scored: Gradients
    rows: Int64Array
    inputs: Floats

    @property
    def undivided(self) -> Floats:
        """(d,), ∂E/∂h: what word2vec's own code, and gensim's, adds to *each* context in CBOW, m times its share."""
        return self.scored.center


def window_gradients(
    method: WindowMethod, center: int, contexts: IntegerArray, vectors: Floats, outputs: Floats, negatives: IntegerArray
) -> WindowGradients:
    """Loss and gradients of one window, all taken from the values before the update.

    Skip-gram: the center predicts each of its m contexts o, with k noise items each,

        E = Σ_o [−log σ(v'_o · v_c) − Σ_j log σ(−v'_{w_oj} · v_c)],
        ∂E/∂v_c = Σ_r (σ_r − y_r) v'_r over all m·(1 + k) scored rows r,   ∂E/∂v'_r = (σ_r − y_r) v_c.

    CBOW: the mean of the contexts, h = (1/m) Σ_o v_o, predicts the center, once, with k noise items,

        E = −log σ(v'_c · h) − Σ_j log σ(−v'_{w_j} · h),
        ∂E/∂v_o = (1/m) Σ_r (σ_r − y_r) v'_r for each context alike,   ∂E/∂v'_r = (σ_r − y_r) h.

    A context that stands there twice counts twice in the mean and gets two shares. A noise item that happens to be the
    wanted one is left out, as in word2vec.

    Args:
        method: "skip_gram" or "cbow".
        center: item row.
        contexts: (m,), item rows, at least one.
        vectors: (n, d), input table v.
        outputs: (n, d), output table v'.
        negatives: noise items: (m, k) for skip-gram, (k,) for CBOW.

    Raises:
        ValueError: no such method, or no context.

    References:
        Mikolov et al., *Efficient Estimation of Word Representations in Vector Space* (2013).
        İrsoy, Benton, Stratos, *Corrected CBOW Performs as well as Skip-gram* (2021), on the missing 1/m.

    >>> v, out = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.ones((3, 2))
    >>> found = window_gradients("cbow", 2, np.array([0, 1]), v, out, np.array([0]))
    >>> found.hidden.tolist(), found.rows.tolist(), bool(np.allclose(found.inputs, found.undivided / 2))
    ([0.5, 0.5], [0, 1], True)
    >>> window_gradients("skip_gram", 2, np.array([0, 1]), v, out, np.array([[1], [0]])).rows.tolist()
    [2]
    """
    require(method in WINDOW_METHODS, "method", method, f"one of {', '.join(WINDOW_METHODS)}")
    around = np.asarray(contexts, dtype=np.int64)
    require(len(around) > 0, "contexts", len(around), "of at least one item")
    noise = np.asarray(negatives, dtype=np.int64)
    wanted = np.array([center]) if method == "cbow" else around
    noise = noise.reshape(len(wanted), -1)
    # Wanted, its noise, the next wanted, its noise …
    rows = np.column_stack([wanted, noise]).ravel()
    labels = np.column_stack([np.ones(len(wanted)), np.zeros(noise.shape)]).ravel()
    kept = (labels == 1) | (rows != np.repeat(wanted, 1 + noise.shape[1]))
    targets = Targets(rows[kept], labels[kept], np.zeros(int(kept.sum())))
    hidden = vectors[around].mean(axis=0) if method == "cbow" else vectors[center]
    scored = pair_gradients(hidden, outputs, targets)
    if method == "skip_gram":
        return WindowGradients(method, hidden, scored, np.array([center], dtype=np.int64), scored.center[None])
    found, times = np.unique(around, return_counts=True)
    return WindowGradients(method, hidden, scored, found, times[:, None] / len(around) * scored.center)


class WindowTrainer:
    """Skip-gram or CBOW trained window by window from a fresh start: v uniform in ±1/(2d), v' zero.

    Windows stand at random places of the log. A window is one step: all its gradients are taken before it.

    Args:
        sequences: the log.
        method: "skip_gram" or "cbow".
        config: dimensions, negatives, noise exponent, learning rate and seed; its objective is negative sampling.
        window: reach to either side in items; None takes each sequence as a set, every other item being a context.

    Raises:
        ValueError: another objective, a window below 1, or no sequence with two items.

    >>> log = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> trainer = WindowTrainer(log, "cbow", StepConfig(dimensions=4), window=None).train(50)
    >>> trainer.windows, bool(np.abs(trainer.outputs).max() > 0)
    (50, True)
    """

    def __init__(self, sequences: Sequences, method: WindowMethod, config: StepConfig, *, window: int | None) -> None:
        fine = config.objective == "negative_sampling"
        require(fine, "objective", config.objective, "negative_sampling, which both methods have here")
        require(window is None or (is_whole(window) and window >= 1), "window", window, "a whole number, at least 1")
        sentences = Sentences(sequences.tokens, sequences.offsets)
        self._sentences = without_short(distinct(sentences) if window is None else sentences)
        if not len(self._sentences.tokens):
            raise UsageError("no sequence holds two items, so there is no window to train on")
        self.method, self.config, self._window = method, config, window
        self._cumulative = np.cumsum(noise_distribution(sequences.counts, config.ns_exponent))
        n, d = len(sequences.items), config.dimensions
        self.vectors: Floats = (np.random.default_rng(config.seed).random((n, d)) - 0.5) / d
        self.outputs: Floats = np.zeros((n, d))
        self.windows = 0
        self._places, self._noise = (np.random.default_rng([config.seed, part]) for part in (4, 5))

    def negatives(self, wanted: int, rng: int | np.random.Generator | None = None) -> Int64Array:
        """Noise for so many wanted items, (wanted, k); of this trainer's own draws without ``rng``."""
        draw = self._noise if rng is None else np.random.default_rng(rng)
        u = draw.random((wanted, self.config.negative)) * self._cumulative[-1]
        rows: Int64Array = np.searchsorted(self._cumulative, u, side="right")
        return np.minimum(rows, len(self._cumulative) - 1)

    def gradients(self, center: int, contexts: IntegerArray, negatives: IntegerArray) -> WindowGradients:
        """Of a window as things stand; see :func:`window_gradients`."""
        return window_gradients(self.method, center, contexts, self.vectors, self.outputs, negatives)

    def step(self, center: int, contexts: IntegerArray, negatives: IntegerArray) -> WindowGradients:
        """One step of gradient descent on a window; returns what it was computed from."""
        found, rate = self.gradients(center, contexts, negatives), self.config.learning_rate
        np.subtract.at(self.outputs, found.scored.targets.rows, rate * found.scored.outputs)
        self.vectors[found.rows] -= rate * found.inputs
        self.windows += 1
        return found

    def train(self, windows: int) -> WindowTrainer:
        """So many windows at random places of the log; itself, which has learned."""
        tokens, offsets = self._sentences
        for place in self._places.integers(len(tokens), size=windows).tolist():
            sentence = int(np.searchsorted(offsets, place, side="right")) - 1
            low, high = int(offsets[sentence]), int(offsets[sentence + 1])
            if self._window is not None:
                low, high = max(low, place - self._window), min(high, place + self._window + 1)
            contexts = np.concatenate([tokens[low:place], tokens[place + 1 : high]])
            self.step(int(tokens[place]), contexts, self.negatives(1 if self.method == "cbow" else len(contexts)))
        return self


def window_tables(
    sequences: Sequences,
    method: WindowMethod,
    config: StepConfig,
    *,
    window: int | None,
    windows: int,
    noise_for: int,
    draws: int = 0,
) -> tuple[Floats, Floats, Int64Array]:
    """(v, v') after so many windows of :class:`WindowTrainer`, and noise for ``noise_for`` items by a seed of its own.

    >>> log = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> v, out, noise = window_tables(log, "cbow", StepConfig(negative=2), window=1, windows=5, noise_for=3)
    >>> v.shape, out.shape, noise.shape
    ((3, 8), (3, 8), (3, 2))
    """
    trainer = WindowTrainer(sequences, method, config, window=window).train(windows)
    return trainer.vectors, trainer.outputs, trainer.negatives(noise_for, np.random.default_rng([config.seed, draws]))
