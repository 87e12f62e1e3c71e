"""gensim's inner loops (CBOW, skip-gram; negative sampling, hierarchical softmax) with our own schedule around them.

``Word2Vec.train`` adds the loss of a whole pass up in float32, where small terms vanish beside the sum, tells its
progress by the second and cannot be stopped. Here the batches are ours: the loss of each is small and exact and joins a
float64 sum, progress and cancelling come between batches, and the learning rate falls by the batch.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import Float32Array, Int64Array
from recemb_core.embeddings.noise import noise_weights
from recemb_core.embeddings.sentences import (
    MAX_SENTENCE,
    Sentences,
    cut_long,
    start_vectors,
    threads_for,
    without_short,
)
from recemb_core.progress import rate_at

if TYPE_CHECKING:
    from recemb_core.embeddings.word2vec import Word2VecConfig

Trained = tuple[Float32Array, Float32Array | None, list[float]]
# Loss terms in a batch; their float32 sum is then right to a few parts in a million.
TERMS_PER_BATCH = 100_000
_LARGEST_DRAW = 2**31 - 1


def train_gensim(
    sentences: Callable[[int], Sentences], counts: Int64Array, config: Word2VecConfig, report: Callable[[float], None]
) -> Trained:
    """(input vectors, output vectors or None, mean loss a token by epoch).

    Args:
        sentences: epoch → what it trains on; longer ones than gensim can take are cut.
        counts: (n,), occurrences of each item, for the noise and the Huffman tree.
        config: what is trained; frequent items are dropped, and rare ones left out, before the sentences come here.
        report: called between batches with the fraction done.
    """
    from gensim.models import Word2Vec
    from gensim.models.word2vec import train_batch_cbow, train_batch_sg

    n, tree, workers = len(counts), config.hierarchical_softmax, threads_for(config)
    if n < 2 or not len(without_short(sentences(0)).tokens):
        report(0.0)
        vectors = start_vectors(config.seed, n, config.dimensions)
        return vectors, None if tree else np.zeros_like(vectors), [0.0] * config.epochs
    model: Any = Word2Vec(
        vector_size=config.dimensions,
        window=config.window,
        sg=int(config.skip_gram),
        hs=int(tree),
        negative=0 if tree else config.negative,
        sample=0,  # frequent items are dropped before the sentences come here
        min_count=0,
        sorted_vocab=0,
        shrink_windows=config.shrink_windows,
        seed=config.seed,
        workers=workers,
    )
    # gensim's keys are the row numbers in row order, so that its matrix is ours without reordering.
    names = np.array([str(row) for row in range(n)], dtype=object)
    model.build_vocab_from_freq({name: max(int(count), 1) for name, count in zip(names, counts, strict=True)})
    if not tree:
        noise = noise_weights(counts, config.ns_exponent)
        # gensim would count items never seen as seen once.
        model.cum_table = np.round(np.cumsum(noise) / noise.sum() * _LARGEST_DRAW).astype(np.uint32)
    terms = (config.window + 1) * (max(np.log2(n), 1) if tree else config.negative + 1)
    batch = int(np.clip(TERMS_PER_BATCH / terms, 1, MAX_SENTENCE))
    # Each thread has a loss and a generator of its own; all share the weights.
    copies = [model, *(copy.copy(model) for _ in range(workers - 1))]
    for number, one in enumerate(copies[1:], 1):
        one.random = np.random.RandomState((config.seed + number) % 2**32)
    memory = [one._get_thread_working_mem() for one in copies]

    def train(worker: int, part: Sentences, rate: float) -> float:
        one, (work, neu1) = copies[worker], memory[worker]
        one.running_training_loss = 0.0
        named = names[part.tokens].tolist()
        lists = [named[a:b] for a, b in pairwise(part.offsets.tolist())]
        if config.skip_gram:
            train_batch_sg(one, lists, rate, work, True)
        else:
            train_batch_cbow(one, lists, rate, work, neu1, True)
        return float(one.running_training_loss)

    history = []
    with ThreadPoolExecutor(workers) as pool:
        for epoch in range(config.epochs):
            given = cut_long(without_short(sentences(epoch)))
            edges = _batch_edges(given.offsets, batch)
            report(epoch / config.epochs)
            loss, total = 0.0, max(len(given.tokens), 1)
            for first in range(0, len(edges) - 1, workers):
                share = float(given.offsets[edges[first]]) / total
                done = (epoch + share) / config.epochs
                if first:
                    report(done)
                rate = rate_at(config.learning_rate, done)
                runs = []
                for worker, (a, b) in enumerate(pairwise(edges[first : first + workers + 1])):
                    low, high = given.offsets[a], given.offsets[b]
                    part = Sentences(given.tokens[low:high], given.offsets[a : b + 1] - low)
                    runs.append(pool.submit(train, worker, part, rate))
                loss += sum(run.result() for run in runs)
            history.append(loss / total)
    outputs = None if tree else np.array(model.syn1neg, dtype=np.float32)
    return np.array(model.wv.vectors, dtype=np.float32), outputs, history


def _batch_edges(offsets: Int64Array, tokens: int) -> list[int]:
    """Sentence numbers that part the sentences into batches of about ``tokens`` tokens, never over gensim's most."""
    edges = [0]
    while edges[-1] < len(offsets) - 1:
        start = edges[-1]
        reach = int(np.searchsorted(offsets, offsets[start] + tokens, side="right")) - 1
        edges.append(max(reach, start + 1))
    return edges
