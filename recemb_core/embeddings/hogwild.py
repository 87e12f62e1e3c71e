"""Epochs over walks by threads that share what they train without locks: fast, and with two no run is like another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import IntegerArray
from recemb_core.embeddings.sentences import threads_for
from recemb_core.progress import LAST_RATE, Reporter

if TYPE_CHECKING:
    from recemb_core.embeddings.skip_gram import WalkSkipGramConfig

# Walks are handed over in slices, so that progress and cancelling are felt within a fraction of a second.
TOKENS_PER_SLICE = 200_000
Sums = tuple[float, int]  # of the loss, and how many pairs it is of


def hogwild(
    lengths: IntegerArray, config: WalkSkipGramConfig, report: Reporter, train: Callable[..., Sums], *given: Any
) -> list[float]:
    """Epochs of ``train(first walk, last, *given, rates at these two, seed)`` on threads; mean loss by epoch.

    ``train`` returns (sum of the loss, pairs) and writes to arrays that all threads share. ``lengths`` (n_walks,).

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
            for step, (first, last) in enumerate(pairwise(bounds), epoch * slices):
                report(step / steps)
                rates = float(falling[step]), float(falling[step + 1])
                part_loss, part_pairs = on_threads(pool, threads, train, first, last, *given, rates, seed)
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
