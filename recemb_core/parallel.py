"""Share a range of queries among threads whose kernels let go of the interpreter lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import numpy as np


def available_threads() -> int:
    """Processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        return os.cpu_count() or 1


def share_out(work: Callable[[int, int], object], count: int, threads: int | None = None, least: int = 4) -> None:
    """Call ``work(first, last)`` on parts of range(count) that together cover it, in up to ``threads`` threads.

    Args:
        work: must write to places of its own; what it raises is raised here.
        count: length of the range.
        threads: None for all processors.
        least: a part is not smaller than this; one part runs without a thread.
    """
    threads = available_threads() if threads is None else threads
    parts = min(1 if threads == 1 else 4 * threads, count // least)
    if parts <= 1:
        work(0, count)
        return
    bounds = np.linspace(0, count, parts + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        for run in [pool.submit(work, first, last) for first, last in pairwise(bounds)]:
            run.result()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """The libraries inside NumPy and SciPy work in one thread, so that sums are rounded alike on any machine's threads.

    Where ``threadpoolctl`` is missing (it comes with scikit-learn), they work as they are.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield


@contextmanager
def faiss_threads(threads: int | None) -> Iterator[None]:
    """faiss inside works in so many threads; None leaves it as it is."""
    import faiss

    if threads is None:
        yield
        return
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
