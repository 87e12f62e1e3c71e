"""What a fast index loses of a recall model: the same users, the same lists, found by exact search, LSH or HNSW."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from recemb_core.evaluation.intervals import Estimate, share_interval, wilson_interval
from recemb_core.evaluation.ties import any_of
from recemb_core.experiments.index_race import recall_at_k
from recemb_core.neighbors import ExactIndex, LSHConfig, LSHIndex
from recemb_core.neighbors.base import distinct_rows, inner_products, unit_rows
from recemb_core.progress import Progress
from recemb_core.validation import finite_rows, require

TABLES = (1, 2, 4, 8, 16, 32)
FUNCTIONS = 6
EF_SEARCH = (10, 20, 50, 100, 200)
LINKS, EF_CONSTRUCTION = 16, 80
QUERIES, REPEATS = 400, 5


@dataclass(frozen=True)
class IndexPoint:
    """One index at one setting.

    Attributes:
        index: ``"Exact"``, ``"LSH"`` or ``"HNSW"``.
        setting: in words.
        hit_rate: share of users with a target among the N items that the index returned. Which of equal items an index
            returns says nothing, so of c items of one score, s of them returned and m of them targets, a hit counts
            1 − C(c − m, s) / C(c, s) (s / c for one target): the mean over all ways to number them.
        found: share of the N returned items that score no less than the N-th best (ties count as found), mean over
            users.
        microseconds: a query, one thread, median over repeats of a batch.
        scanned: share of the catalogue whose inner product was worked out; None where the index does not say.
        build_seconds: once.
    """

    index: str
    setting: str
    hit_rate: Estimate
    found: Estimate
    microseconds: float
    scanned: float | None
    build_seconds: float


class _Searcher(Protocol):
    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.integer]: ...


def augmented(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """One added coordinate √(M² − ‖x‖²) makes all rows equally long (M): (n, d) → (n, d + 1).

    A query gets a 0 there, so its inner products stay, and the largest inner product is the smallest angle: an index
    for angles can then search for inner products.

    References:
        Neyshabur, Srebro, *On Symmetric and Asymmetric LSHs for Inner Product Search* (ICML 2015).

    >>> rows = augmented(np.array([[3, 4], [0, 1]], np.float32))
    >>> np.linalg.norm(rows, axis=1).round(4).tolist()
    [5.0, 5.0]
    """
    square = (finite_rows(vectors).astype(np.float64) ** 2).sum(axis=1)
    extra = np.sqrt(np.maximum(square.max(initial=0.0) - square, 0.0))
    return np.column_stack([vectors, extra]).astype(np.float32)


def compare_recall_indexes(
    user_vectors: npt.NDArray[np.float32],
    item_vectors: npt.NDArray[np.float32],
    targets: list[npt.NDArray[np.integer]] | tuple[npt.NDArray[np.integer], ...],
    *,
    n: int = 50,
    tables: tuple[int, ...] = TABLES,
    ef_search: tuple[int, ...] = EF_SEARCH,
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> list[IndexPoint]:
    """Top N by inner product through each index, on one thread: what is still hit, and at what cost.

    LSH draws random hyperplanes over the augmented vectors (:func:`augmented`), 6 in each table, and ranks the
    candidates exactly; more tables find more and scan more. HNSW walks a graph built on the inner product itself;
    a larger ``ef_search`` keeps more candidates on the way.

    Args:
        user_vectors: (q, d).
        item_vectors: (n_items, d).
        targets: item rows that came next, for each user; nothing is masked.
        n: length of the list.
        tables: settings of LSH.
        ef_search: settings of HNSW.
        seed: of the hyperplanes.

    Raises:
        ValueError: shapes that do not fit.
    """
    from recemb_core.progress import TrainingCancelled

    require(n >= 1, "n", n, "1 or more")
    require(len(user_vectors) == len(targets), "targets", len(targets), f"one array for each of {len(user_vectors)}")
    queries = finite_rows(np.ascontiguousarray(user_vectors, dtype=np.float32), "user_vectors")
    items = finite_rows(np.ascontiguousarray(item_vectors, dtype=np.float32), "item_vectors")
    n = min(n, len(items))
    best = ExactIndex("inner_product").build(items).query(queries, n)[1]
    makers: list[tuple[str, str, Callable[[], _Searcher]]] = [("Exact", "every item is scored", partial(_Exact, items))]
    for t in tables:
        makers.append(("LSH", f"{t} table{'s' * (t > 1)} of {FUNCTIONS} bits", partial(_LSH, items, t, seed)))
    graph: list[Any] = []
    makers += [("HNSW", f"ef = {ef}", partial(_HNSW, items, ef, graph)) for ef in ef_search]
    points = []
    for done, (name, setting, make) in enumerate(makers):
        if cancel is not None and cancel():
            raise TrainingCancelled("the comparison of indexes was cancelled")
        if progress is not None:
            progress(done / len(makers), f"{name}, {setting}")
        start = time.perf_counter()
        searcher = make()
        build = time.perf_counter() - start
        ids = searcher.search(queries, n)
        hits, returned = _hits_and_scores(queries, items, targets, ids)
        found = recall_at_k(returned, best, measure="similarity")
        scanned = getattr(searcher, "scanned", None)
        points.append(
            IndexPoint(
                name,
                setting,
                wilson_interval(hits, len(ids)),
                share_interval(found),
                _microseconds(searcher, queries, n),
                1.0 if name == "Exact" else scanned,
                build,
            )
        )
    return points


def _hits_and_scores(
    queries: npt.NDArray[np.float32],
    items: npt.NDArray[np.float32],
    targets: list[npt.NDArray[np.integer]] | tuple[npt.NDArray[np.integer], ...],
    ids: npt.NDArray[np.integer],
) -> tuple[float, npt.NDArray[np.float32]]:
    """Hits over all users, ties by their expectation, and the exact scores (q, n) of what was returned."""
    returned = np.full(ids.shape, np.nan, dtype=np.float32)
    distinct = distinct_rows(items)
    hits, step = 0.0, max(1, 8_000_000 // max(len(items), 1))
    for start in range(0, len(queries), step):
        for i, scores in enumerate(inner_products(queries[start : start + step], items, distinct), start):
            there = ids[i] >= 0
            returned[i, there] = scores[ids[i, there]]
            asked = np.unique(targets[i])
            asked = asked[(asked >= 0) & (asked < len(items))]
            missed = 1.0
            for score, wanted in zip(*np.unique(scores[asked], return_counts=True), strict=True):
                drawn = np.count_nonzero(returned[i] == score)
                missed *= 1 - float(any_of(drawn, wanted, np.count_nonzero(scores == score)))
            hits += 1 - missed
    return hits, returned


def _microseconds(searcher: _Searcher, queries: npt.NDArray[np.float32], n: int) -> float:
    batch = queries[np.arange(QUERIES) % len(queries)]
    searcher.search(batch, n)
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        searcher.search(batch, n)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)) / len(batch) * 1e6


class _Exact:
    def __init__(self, items: npt.NDArray[np.float32]) -> None:
        self._index = ExactIndex("inner_product").build(items)

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.integer]:
        with _OneThread():
            return self._index.query(queries, k)[0]


class _LSH:
    def __init__(self, items: npt.NDArray[np.float32], tables: int, seed: int) -> None:
        config = LSHConfig(family="hyperplane", tables=tables, functions=FUNCTIONS, seed=seed)
        self._index = LSHIndex(config, threads=1).build(augmented(items))
        self._n = len(items)

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.integer]:
        answer = self._index.search(np.column_stack([unit_rows(queries), np.zeros(len(queries), np.float32)]), k)
        self.scanned = float(answer.candidates.mean()) / self._n
        return answer.ids


class _HNSW:
    """faiss's HNSW on the inner product; the graph is shared by all settings of the search."""

    def __init__(self, items: npt.NDArray[np.float32], ef_search: int, graph: list[Any]) -> None:
        import faiss

        if not graph:
            index = faiss.IndexHNSWFlat(items.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = EF_CONSTRUCTION
            with _OneThread():  # the graph depends on the order in which threads add items
                index.add(items)
            graph.append(index)
        self._index, self._ef = graph[0], ef_search

    def search(self, queries: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.integer]:
        self._index.hnsw.efSearch = self._ef
        with _OneThread():
            _, ids = self._index.search(queries, k)
        return np.asarray(ids)


class _OneThread:
    """faiss on one thread inside the block."""

    def __enter__(self) -> None:
        import faiss

        self._before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        import faiss

        faiss.omp_set_num_threads(self._before)
