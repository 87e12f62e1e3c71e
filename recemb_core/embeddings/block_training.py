"""Skip-gram with negative sampling on any text, by any number of threads, with the same bytes on each number.

An epoch is cut into chunks, the pairs of a chunk are sorted into P × P blocks by the parts of their two items, and
blocks that share no row are trained at the same time (:mod:`recemb_core.embeddings.pair_blocks_kernel`). The parts are
dealt anew for every chunk: Zhu et al. keep them, and let pairs of an item and a part come in long runs.

References:
    Zhu, Xu, Tang, Qu, *GraphVite: A High-Performance CPU-GPU Hybrid System for Node Embedding* (WWW 2019).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int64Array
from recemb_core.embeddings.noise import noise_weights
from recemb_core.embeddings.sentences import Sentences, StreamedText, start_vectors, threads_for, without_short
from recemb_core.progress import rate_at

if TYPE_CHECKING:
    from recemb_core.embeddings.pair_blocks_kernel import Blocks, Text
    from recemb_core.embeddings.skip_gram_kernel import Plan, Tables
    from recemb_core.embeddings.word2vec import Word2VecConfig

PARTS = ((5_000, 16), (500, 8), (0, 1))
"""(items at least, P). One part keeps the order of the text, and has no work for a second thread: a few hundred items
are trained before that would pay. More parts leave threads less to wait for each other, and each part in the cache."""
PAIRS_AN_ITEM = 15
"""In a chunk, where there are parts: sorting changes the order of updates, and long chunks cost quality. A planted shop
of 2,200 items at q = 20 has a category score of .24 in the order of the text, .26 with 15 pairs an item, .23 with 30
and .19 with 60 (``python -m benchmarks.skip_gram --part chunks``)."""
MOST_PAIRS = 4_000_000
"""In a chunk, for its memory: 8 bytes a pair."""
TOKENS_AT_A_TIME = 8_000_000
"""In memory, of a text that comes in portions: 32 MB, and about as many chunks as keep threads from waiting."""
PAIRS_OF_ONE_PART = 100_000
"""In a chunk of one part, where the order of the pairs is that of the text whatever the chunk."""
PAIRS_A_LOOK = 30_000
"""Between two looks at progress and cancelling, in each thread: some hundredths of a second."""
REST = 5e-5  # seconds that a waiting thread lets others have
LONGEST_SILENCE = 0.05  # seconds of a thread that reports and waits

Trained = tuple[Float32Array, Float32Array, list[float]]


class Chunks(NamedTuple):
    """How an epoch is cut.

    Attributes:
        edges: int64 (chunks + 1,), places of tokens.
        room: the most pairs that a chunk can have.
    """

    edges: Int64Array
    room: int


def parts_of(n: int) -> int:
    """P, the number of parts that n items are dealt into. It depends on nothing else, so that results do not."""
    return next(parts for least, parts in PARTS if n >= least)


def pairs_of_sentences(lengths: Int64Array, window: int | None, shrink: bool) -> Float64Array:
    """Expected training pairs of sentences of these lengths, (s,); a window of None pairs all their tokens.

    With a full window c, a sentence of m tokens has Σ_{k ≤ min(c, m − 1)} 2 (m − k) ordered pairs; with a drawn radius
    the mean of that over c = 1 … ``window``.

    >>> pairs_of_sentences(np.array([1, 3, 3]), None, False).tolist()
    [0.0, 6.0, 6.0]
    >>> pairs_of_sentences(np.array([3]), 2, True).tolist()   # 4 pairs at radius 1, 6 at radius 2
    [5.0]
    """
    m = np.asarray(lengths, dtype=np.float64)
    every = m * (m - 1)
    if window is None:
        return every
    k = np.minimum(window, np.maximum(m - 1, 0))
    if not shrink:
        return np.asarray(2 * k * m - k * (k + 1))
    squares = k * (k + 1) * (2 * k + 1) / 6
    return np.asarray((m * k * (k + 1) - squares - k * (k + 1) / 2 + (window - k) * every) / window)


def cut(offsets: Int64Array, window: int | None, shrink: bool, most: float) -> Chunks:
    """An epoch in chunks of equally many expected pairs, about ``most`` at most; long sentences are cut where they are.

    >>> cut(np.array([0, 3, 6]), None, False, 6.0)
    Chunks(edges=array([0, 3, 6]), room=6)
    """
    lengths = np.diff(offsets)
    before = np.concatenate([[0.0], np.cumsum(pairs_of_sentences(lengths, window, shrink))])
    many = max(1, int(np.ceil(before[-1] / most)))
    places = np.interp(np.linspace(0, before[-1], many + 1), before, offsets)
    edges = np.unique(np.round(places).astype(np.int64))
    edges[0], edges[-1] = 0, offsets[-1]
    each = lengths - 1 if window is None else np.minimum(lengths - 1, 2 * window)
    bound = np.interp(edges, offsets, np.concatenate([[0], np.cumsum(lengths * each)]))
    return Chunks(edges, int(np.ceil(np.diff(bound).max(initial=0))))


class Portion(NamedTuple):
    """What is in memory at a time of a text that is not all there: chunks c … d − 1, sentences s … t − 1."""

    chunks: slice
    sentences: slice


def portions(edges: Int64Array, offsets: Int64Array, most: int) -> Iterator[Portion]:
    """Chunks in runs of about ``most`` tokens, with every sentence that a center of theirs stands in.

    >>> list(portions(np.array([0, 4, 8, 12]), np.array([0, 6, 12]), 8))
    [Portion(chunks=slice(0, 2, None), sentences=slice(0, 2, None)), \
Portion(chunks=slice(2, 3, None), sentences=slice(1, 2, None))]
    """
    chunk, many = 0, len(edges) - 1
    while chunk < many:
        after = max(int(np.searchsorted(edges, edges[chunk] + most, side="right")) - 1, chunk + 1)
        first = int(np.searchsorted(offsets, edges[chunk], side="right")) - 1
        last = int(np.searchsorted(offsets, edges[after], side="left"))
        yield Portion(slice(chunk, after), slice(first, last))
        chunk = after


def train_blocks(
    sentences: Callable[[int], Sentences | StreamedText],
    counts: Int64Array,
    config: Word2VecConfig,
    report: Callable[[float], None],
    *,
    sets: bool = False,
    start: tuple[Float32Array, Float32Array] | None = None,
) -> Trained:
    """(input vectors, output vectors, mean loss a pair by epoch).

    Args:
        sentences: epoch → what it trains on; those of one token hold no pair. A text that is made anew in portions
            gives the bytes of the same text in memory.
        counts: (n,), occurrences of each item, for the noise and for equal parts.
        config: what is trained; frequent items are dropped, and rare ones left out, before the sentences come here.
        report: called several times a second with the fraction done; what it raises ends the training.
        sets: pair all tokens of a sentence, whatever the window.
        start: input and output vectors, float32 (n, d), to go on from; they are written to. None: those of a new model.
    """
    from recemb_core.embeddings.pair_blocks_kernel import Text
    from recemb_core.embeddings.skip_gram_kernel import Plan, Tables

    n, parts, epochs = len(counts), parts_of(len(counts)), config.epochs
    if start is None:
        vectors = start_vectors(config.seed, n, config.dimensions)
        start = vectors, np.zeros_like(vectors)
    tables = Tables(*start)
    most = PAIRS_OF_ONE_PART if parts == 1 else min(PAIRS_AN_ITEM * n, MOST_PAIRS)
    threads = min(threads_for(config), parts)
    window = None if sets else config.window
    shrink = config.shrink_windows and not sets
    room: Blocks | None = None
    history = []
    for epoch, seed in enumerate(np.random.SeedSequence(config.seed).generate_state(epochs, np.uint64)):
        report(epoch / epochs)
        given = sentences(epoch)
        if isinstance(given, Sentences):
            given = without_short(given)
        offsets = given.offsets
        if n < 2 or not offsets[-1]:
            history.append(0.0)
            continue
        chunks = cut(offsets, window, shrink, most)
        room = _room(room, counts, config.ns_exponent, parts, chunks.room)
        falls = np.linspace(epoch / epochs, (epoch + 1) / epochs, len(chunks.edges))
        rates = np.array([rate_at(config.learning_rate, share) for share in falls])
        many = len(chunks.edges) - 1
        losses, trained = np.zeros((many, parts * parts)), np.zeros(many, dtype=np.int64)
        at_a_time = int(offsets[-1]) if isinstance(given, Sentences) else TOKENS_AT_A_TIME
        for which, lines in portions(chunks.edges, offsets, at_a_time):
            begins = int(offsets[lines.start])
            here = given if isinstance(given, Sentences) else given.part(lines.start, lines.stop)
            edges, ends = chunks.edges[which.start : which.stop + 1] - begins, rates[which.start : which.stop + 1]
            plan = Plan(edges, ends, config.negative, seed, losses[which], trained[which], which.start)
            reach = int(offsets[-1]) if window is None else window
            text = Text(here.tokens, here.offsets, reach, shrink, begins)
            share = which.start / many, (which.stop - which.start) / many
            _share_out(text, plan, room, tables, threads, partial(_within, report, epoch, epochs, share))
        history.append(float(losses.sum()) / max(int(trained.sum()), 1))
    return tables.vectors, tables.outputs, history


def _within(
    report: Callable[[float], None], epoch: int, epochs: int, portion: tuple[float, float], share: float
) -> None:
    """Report this share of a portion (where it begins in its epoch, and how much of that it is) as one of all."""
    report((epoch + portion[0] + portion[1] * share) / epochs)


def _room(before: Blocks | None, counts: Int64Array, exponent: float, parts: int, pairs: int) -> Blocks:
    """Room for a chunk; that of the epoch before, where it is large enough."""
    from recemb_core.embeddings.pair_blocks_kernel import COLUMNS, Blocks

    if before is not None:
        large = len(before.pairs) >= pairs
        return before if large else before._replace(pairs=np.empty((pairs, 2), dtype=np.int32))
    n, squared = len(counts), parts * parts
    return Blocks(
        order=np.argsort(-counts, kind="stable").astype(np.int32),
        weights=noise_weights(counts, exponent),
        part=np.zeros(n, dtype=np.int32),
        members=np.zeros(n, dtype=np.int32),
        first=np.zeros(parts + 1, dtype=np.int64),
        noise=np.zeros((n, COLUMNS), dtype=np.uint32),
        share=np.zeros(n),
        keep=np.zeros(n, dtype=np.uint32),
        alias=np.zeros(n, dtype=np.int32),
        stack=np.zeros(n, dtype=np.int32),
        places=np.zeros((parts, squared), dtype=np.int64),
        begin=np.zeros(squared + 1, dtype=np.int64),
        pairs=np.empty((pairs, 2), dtype=np.int32),
    )


def _share_out(
    text: Text, plan: Plan, blocks: Blocks, tables: Tables, threads: int, report: Callable[[float], None]
) -> None:
    """An epoch, or a portion, on so many threads, this one among them; it alone reports."""
    from recemb_core.embeddings.skip_gram_kernel import OVER, STOP, WAITING, new_clock, work

    clock = new_clock(len(blocks.first) - 1)

    def help_out(report: Callable[[float], None] | None = None) -> None:
        mine, last = np.full(1, -1, dtype=np.int64), time.monotonic()
        try:
            while (state := work(mine, clock, text, plan, blocks, tables, PAIRS_A_LOOK)) != OVER:
                if state == WAITING:
                    time.sleep(REST)
                if report is not None and (state != WAITING or time.monotonic() - last > LONGEST_SILENCE):
                    report(done(clock, plan, blocks))
                    last = time.monotonic()
        except BaseException:
            clock[STOP] = 1  # so that nobody waits for this thread's task
            raise

    if threads == 1:
        help_out(report)
        return
    with ThreadPoolExecutor(threads - 1) as pool:
        helpers = [pool.submit(help_out) for _ in range(threads - 1)]
        help_out(report)
        for helper in helpers:
            helper.result()


def done(clock: Int64Array, plan: Plan, blocks: Blocks) -> float:
    """The share of an epoch that is over: blocks that are trained, of all."""
    from recemb_core.embeddings.skip_gram_kernel import blocks_trained

    return min(blocks_trained(clock, len(blocks.first) - 1) / max(plan.losses.size, 1), 1.0)
