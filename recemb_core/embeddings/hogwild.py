"""Epochs over walks by threads that share what they train without locks: fast, and with two no run is like another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import Int32Array, IntegerArray
from recemb_core.embeddings.sentences import threads_for
from recemb_core.progress import LAST_RATE, Reporter

if TYPE_CHECKING:
    from recemb_core.embeddings.skip_gram import WalkSkipGramConfig

# Walks are handed over in slices, so that progress and cancelling are felt within a fraction of a second.
TOKENS_PER_SLICE = 200_000
SLICES_AT_A_TIME = 40
"""In memory, of walks that are made anew in portions: about 32 MB."""
Sums = tuple[float, int]  # of the loss, and how many pairs it is of


def hogwild(
    lengths: IntegerArray,
    walks: Callable[[int, int], Int32Array],
    config: WalkSkipGramConfig,
    report: Reporter,
    train: Callable[..., Sums],
    *given: Any,
) -> list[float]:
    """Epochs of ``train(a, b, rows, *given, rates at these two, seed, begins)`` on threads; mean loss by epoch.

    ``train`` returns (sum of the loss, pairs) of rows a … b − 1 and writes to arrays that all threads share; ``rows``
    are walks, the first of them number ``begins`` of all.

    Args:
        lengths: (n_walks,).
        walks: (first, last) → int32 (last − first, length), of all walks; asked for anew in each epoch.

    References:
        Niu, Recht, Ré, Wright, *Hogwild!: A Lock-Free Approach to Parallelizing Stochastic Gradient Descent* (NIPS
        2011).
    """
    slices = max(1, -(-int(lengths.sum()) // TOKENS_PER_SLICE)) if len(lengths) else 0
    bounds = np.linspace(0, len(lengths), slices + 1).astype(np.int64)
    steps = config.epochs * max(slices, 1)
    falling = np.linspace(config.learning_rate, min(LAST_RATE, config.learning_rate), steps + 1)
    seeds = np.random.SeedSequence(config.seed).generate_state(config.epochs, np.uint64)
    history = []
    threads = threads_for(config)
    with ThreadPoolExecutor(threads) as pool:
        for epoch, seed in enumerate(seeds):
            loss, pairs = 0.0, 0
            for portion in range(0, slices, SLICES_AT_A_TIME):
                cuts = bounds[portion : portion + SLICES_AT_A_TIME + 1]
                begins, rows = int(cuts[0]), walks(int(cuts[0]), int(cuts[-1]))
                for step, (first, last) in enumerate(pairwise(cuts - begins), epoch * slices + portion):
                    report(step / steps)
                    rates = float(falling[step]), float(falling[step + 1])
                    more = *given, rates, seed, begins
                    part_loss, part_pairs = on_threads(pool, threads, train, first, last, rows, *more)
                    loss, pairs = loss + part_loss, pairs + part_pairs
            history.append(loss / pairs if pairs else 0.0)
    return history


def on_threads(
    pool: ThreadPoolExecutor, threads: int, train: Callable[..., Sums], first: int, last: int, *given: Any
) -> Sums:
    """``train(first, last, *given)`` in as many equal parts as there are threads; its two sums over the parts."""
    shares = np.linspace(first, last, threads + 1).astype(np.int64)
    found = [run.result() for run in [pool.submit(train, a, b, *given) for a, b in pairwise(shares)]]
    return sum(loss for loss, _ in found), sum(pairs for _, pairs in found)
