"""word2vec on item sequences: CBOW or skip-gram, negative sampling or hierarchical softmax."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.embeddings.block_training import pairs_of_sentences, train_blocks
from recemb_core.embeddings.epochs import epochs_by_size
from recemb_core.embeddings.gensim_training import train_gensim
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.sentences import Sentences, SequenceConfig, keep_probabilities, subsampled
from recemb_core.progress import Cancel, Progress, Reporter
from recemb_core.validation import require

if TYPE_CHECKING:
    from recemb_core.arrays import Int64Array
    from recemb_core.embeddings.skip_gram import WalkSkipGramConfig
    from recemb_core.sequences import Sequences


@dataclass(frozen=True, kw_only=True)
class Word2VecConfig(SequenceConfig):
    """Fields of :class:`~recemb_core.embeddings.sentences.SequenceConfig`, and which word2vec it is.

    Attributes:
        skip_gram: an item predicts each item around it; False is CBOW, the mean of the items around predicts it.
        hierarchical_softmax: a Huffman tree instead of negative sampling; ``negative`` is ignored, and there are no
            output vectors, because the tree scores its nodes.
        shrink_windows: draw a radius from 1 … window for each center, so that near items count more; False uses the
            full window always.
    """

    skip_gram: bool = True
    hierarchical_softmax: bool = False
    shrink_windows: bool = True

    @property
    def repeats_on_threads(self) -> bool:
        """Whether it is skip-gram with negative sampling, which our own kernel trains; the others are gensim's."""
        return self.skip_gram and not self.hierarchical_softmax


def word2vec_defaults(sequences: Sequences, seed: int = 0) -> Word2VecConfig:
    """A starting point for this data: epochs by :func:`~recemb_core.embeddings.epochs.epochs_by_size`.

    Fewer dimensions for fewer items, and no frequent-item subsampling in a small catalogue, where every item is
    frequent by the measure of a language.
    """
    n = len(sequences.items)
    config = Word2VecConfig(dimensions=16 if n <= 500 else 32, subsample=1e-3 if n > 500 else 0.0, seed=seed)
    pairs = pairs_of_sentences(sequences.lengths, config.window, config.shrink_windows).sum()
    return replace(config, epochs=epochs_by_size(float(pairs), int((sequences.counts > 0).sum())))


def train_word2vec(
    sequences: Sequences,
    config: Word2VecConfig | None = None,
    *,
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> ItemVectors:
    """Item vectors from the order of items in sequences.

    Skip-gram maximises (1/T) Σ_t Σ_{−c≤j≤c, j≠0} log p(w_{t+j} | w_t) with p(o | i) = softmax_o(v'_o · v_i); CBOW
    predicts w_t from h, the mean of the vectors around it. The softmax is approximated by negative sampling,
    E = −log σ(v'_o · h) − Σ_{j∈neg} log σ(−v'_j · h), or by hierarchical softmax over a Huffman tree. What is trained
    are inner products of input and output vectors; cosine between input vectors is what neighbors are ranked by.

    Skip-gram with negative sampling is trained by our own kernel (see
    :func:`~recemb_core.embeddings.block_training.train_blocks`), and a seed gives the same bytes on any number of
    ``workers``. CBOW and the tree are trained by gensim's inner loops: one worker, the default, repeats exactly; with
    more, threads overwrite each other's updates and no two runs are alike. A basket is read in the order in which it
    is stored.

    Args:
        sequences: of any lengths; one of a single event trains nothing. For gensim one of more than 10,000 events is
            cut into parts of 10,000, losing the pairs across the cuts.
        config: see :class:`Word2VecConfig`.
        progress, cancel: see :func:`~recemb_core.embeddings.registry.train_model`.

    Returns:
        One row for each item of ``sequences.items``, in that order; an item that never trains keeps its small random
        start vector and has count 0. ``counts`` are events after ``min_count``; ``history`` is the loss a pair
        (for gensim a token).

    Raises:
        ValueError: ``min_count`` is above the count of every item.

    References:
        Mikolov et al., *Efficient Estimation of Word Representations in Vector Space* (2013).
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013).

    >>> from recemb_core.sequences import Sequences
    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> train_word2vec(shop, Word2VecConfig(dimensions=4, epochs=1)).vectors.shape
    (3, 4)
    """
    config = config or Word2VecConfig()
    report = Reporter(progress, cancel)
    sentences, counts = training_sentences(sequences, config)
    keep = keep_probabilities(counts, config.subsample)
    seeds = np.random.SeedSequence(config.seed).spawn(config.epochs)

    def of_epoch(epoch: int) -> Sentences:
        return subsampled(sentences, keep, np.random.default_rng(seeds[epoch]))

    train = train_blocks if config.repeats_on_threads else train_gensim
    vectors, outputs, history = train(of_epoch, counts, config, report)
    report.tell(1.0)
    return ItemVectors(sequences.items, vectors, outputs, counts, tuple(history), config)


def as_word2vec(config: SequenceConfig | WalkSkipGramConfig) -> Word2VecConfig:
    """The word2vec that another trainer is on its sentences: with all settings that the two share."""
    shared = (f.name for f in fields(Word2VecConfig) if hasattr(config, f.name))
    return Word2VecConfig(**{name: getattr(config, name) for name in shared})


def training_sentences(sequences: Sequences, config: SequenceConfig) -> tuple[Sentences, Int64Array]:
    """(sequences without the items below ``min_count``, count of every item that is left)."""
    most = int(sequences.counts.max(initial=0))
    if config.min_count > max(most, 1):
        require(False, "min_count", config.min_count, f"at most {most:,}, the events of the most frequent item")
    counts = np.where(sequences.counts >= config.min_count, sequences.counts, 0)
    sentences = Sentences(sequences.tokens, sequences.offsets)
    return sentences if config.min_count <= 1 else sentences.keep(counts[sequences.tokens] > 0), counts
