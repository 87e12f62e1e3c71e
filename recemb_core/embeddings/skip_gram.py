"""Skip-gram on a matrix of walks, trained by gensim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recemb_core.embeddings.item_vectors import ItemVectors, Progress, TrainingCancelled
from recemb_core.validation import is_whole, require
from recemb_core.vocabulary import Vocabulary

# gensim cuts longer sentences silently.
MAX_WALK_LENGTH = 10_000
# Walks are handed over in slices, so that progress and cancelling are felt within a fraction of a second.
TOKENS_PER_SLICE = 200_000


@dataclass(frozen=True, kw_only=True)
class WalkSkipGramConfig:
    """What skip-gram on walks can be told.

    Attributes:
        dimensions: vector length d; larger separates more and needs more data.
        window: context radius c in steps; the trainer draws 1…c for each centre, as word2vec does.
        epochs: passes over the walks.
        negative: noise items for each positive pair; ignored with hierarchical softmax.
        hierarchical_softmax: a Huffman tree instead of negative sampling (then no output vectors).
        learning_rate: at the start; it falls linearly to nearly zero.
        num_walks: walks from each node.
        walk_length: nodes in a walk, at most 10,000.
        seed: of walks and training.
        workers: gensim threads; only 1 repeats exactly.
    """

    dimensions: int = 64
    window: int = 5
    epochs: int = 2
    negative: int = 5
    hierarchical_softmax: bool = False
    learning_rate: float = 0.025
    num_walks: int = 10
    walk_length: int = 80
    seed: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("dimensions", "window", "epochs", "num_walks", "workers"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number, at least 1")
        require(
            is_whole(self.negative) and (self.negative >= 1 or self.hierarchical_softmax),
            "negative",
            self.negative,
            "a whole number, at least 1 (or set hierarchical_softmax)",
        )
        require(0 < self.learning_rate <= 1, "learning_rate", self.learning_rate, "above 0 and at most 1")
        require(
            is_whole(self.walk_length) and 2 <= self.walk_length <= MAX_WALK_LENGTH,
            "walk_length",
            self.walk_length,
            f"a whole number from 2 to {MAX_WALK_LENGTH:,}",
        )
        require(is_whole(self.seed) and 0 <= self.seed < 2**32, "seed", self.seed, "a whole number from 0 to 2^32 − 1")


def train_skip_gram(
    walks: npt.NDArray[np.int32],
    items: Vocabulary,
    config: WalkSkipGramConfig,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ItemVectors:
    """Skip-gram vectors from walks.

    For a centre i and a context o within the window, negative sampling minimises
    E = −log σ(v'_o · v_i) − Σ_{j∈neg} log σ(−v'_j · v_i), negatives drawn from count^0.75. No frequent-item
    subsampling: on walks it would drop the hubs.

    Args:
        walks: int32 (n_walks, length), padded with −1.
        items: the vocabulary; every item gets a vector, also one that no walk visits.
        config: see :class:`WalkSkipGramConfig`.
        progress: called with (fraction done, "training") a few times a second.
        cancel: asked as often; True ends the training with :class:`TrainingCancelled`.

    References:
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013).
    """
    from gensim.models import Word2Vec

    counts = np.bincount(walks[walks >= 0], minlength=len(items)).astype(np.int64)
    model: Any = Word2Vec(
        vector_size=config.dimensions,
        window=config.window,
        sg=1,
        hs=int(config.hierarchical_softmax),
        negative=0 if config.hierarchical_softmax else config.negative,
        sample=0,
        min_count=0,
        sorted_vocab=0,
        seed=config.seed,
        workers=config.workers,
    )
    # gensim's keys are the row numbers in row order, so that its matrix is ours without reordering.
    names = np.array([str(row) for row in range(len(items))], dtype=object)
    model.build_vocab_from_freq({name: max(int(count), 1) for name, count in zip(names, counts, strict=True)})
    lengths = (walks >= 0).sum(axis=1)
    walks, lengths = walks[lengths > 1], lengths[lengths > 1]
    slices = max(1, -(-int(lengths.sum()) // TOKENS_PER_SLICE))
    bounds = np.linspace(0, len(walks), slices + 1).astype(int)
    steps, history = config.epochs * slices, []
    floor = min(1e-4, config.learning_rate)
    rates = np.linspace(config.learning_rate, floor, steps + 1)
    for epoch in range(config.epochs):
        loss, tokens = 0.0, 0
        for part in range(slices if len(walks) else 0):
            step = epoch * slices + part
            if cancel is not None and cancel():
                raise TrainingCancelled("training was cancelled")
            if progress is not None:
                progress(step / steps, "training")
            rows = slice(bounds[part], bounds[part + 1])
            sentences = [names[walk[:n]].tolist() for walk, n in zip(walks[rows], lengths[rows], strict=True)]
            model.train(
                sentences,
                total_examples=len(sentences),
                epochs=1,
                start_alpha=rates[step],
                end_alpha=rates[step + 1],
                compute_loss=True,
            )
            loss += float(model.get_latest_training_loss())
            tokens += int(lengths[rows].sum())
        history.append(loss / tokens if tokens else 0.0)
    if progress is not None:
        progress(1.0, "training")
    output = None if config.hierarchical_softmax else np.array(model.syn1neg, dtype=np.float32)
    return ItemVectors(items, np.array(model.wv.vectors, dtype=np.float32), output, counts, tuple(history), config)
