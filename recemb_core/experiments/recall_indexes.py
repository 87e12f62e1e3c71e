"""What a fast index loses of a recall model: the same users, the same lists, found by exact search, LSH or HNSW."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from recemb_core.arrays import AnyArray, Float32Array, IntegerArray
from recemb_core.evaluation.intervals import Estimate, share_interval, wilson_interval
from recemb_core.evaluation.ties import any_of
from recemb_core.experiments.index_race import recall_at_k
from recemb_core.neighbors import ExactIndex, HNSWConfig, HNSWIndex, LSHConfig, LSHIndex
from recemb_core.neighbors.base import distinct_rows, inner_products, parts_of
from recemb_core.neighbors.inner_product import augment_queries, augment_rows
from recemb_core.parallel import faiss_threads
from recemb_core.progress import Progress, TrainingCancelled
from recemb_core.timing import race, timed
from recemb_core.validation import finite_rows, require

# (queries (q, d), k) → (item rows (q, k), share of the catalogue that was scored, or None where it does not say).
Search = Callable[[Float32Array, int], tuple[IntegerArray, float | None]]
TABLES = (1, 2, 4, 8, 16, 32)
FUNCTIONS = 6
EF_SEARCH = (10, 20, 50, 100, 200)
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


def compare_recall_indexes(
    user_vectors: Float32Array,
    item_vectors: Float32Array,
    targets: list[IntegerArray] | tuple[IntegerArray, ...],
    *,
    n: int = 50,
    tables: tuple[int, ...] = TABLES,
    ef_search: tuple[int, ...] = EF_SEARCH,
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> list[IndexPoint]:
    """Top N by inner product through each index, on one thread: what is still hit, and at what cost.

    LSH draws random hyperplanes over the augmented vectors
    (:func:`~recemb_core.neighbors.inner_product.augment_rows`), 6 in each table, and ranks the candidates exactly; more
    tables find more and scan more. HNSW walks a graph built on the inner product itself; a larger ``ef_search`` keeps
    more candidates on the way.

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
    require(n >= 1, "n", n, "1 or more")
    require(len(user_vectors) == len(targets), "targets", len(targets), f"one array for each of {len(user_vectors)}")
    queries = finite_rows(np.ascontiguousarray(user_vectors, dtype=np.float32), "user_vectors")
    items = finite_rows(np.ascontiguousarray(item_vectors, dtype=np.float32), "item_vectors")
    n = min(n, len(items))
    best = ExactIndex("inner_product").build(items).query(queries, n)[1]
    makers = list(_makers(items, tables, ef_search, seed))
    measured, answers = [], []
    for done, (name, setting, make) in enumerate(makers):
        if cancel is not None and cancel():
            raise TrainingCancelled("the comparison of indexes was cancelled")
        if progress is not None:
            progress(done / len(makers), f"{name}, {setting}")
        with faiss_threads(1):
            search, build = timed(make)
            ids, scanned = search(queries, n)
            batch = queries[np.arange(QUERIES) % len(queries)]
            search(batch, n)
            (each,) = race([partial(search, batch, n)], rounds=REPEATS, keep_disturbed=True)
        cost = (each.median / len(batch) * 1e6, 1.0 if name == "Exact" else scanned, build)
        measured.append((name, setting, cost))
        answers.append(ids)
    points = []
    for (name, setting, cost), (hits, returned) in zip(
        measured, _hits_and_scores(queries, items, targets, answers), strict=True
    ):
        found = recall_at_k(returned, best, measure="similarity")
        points.append(IndexPoint(name, setting, wilson_interval(hits, len(queries)), share_interval(found), *cost))
    return points


def _hits_and_scores(
    queries: Float32Array,
    items: Float32Array,
    targets: list[IntegerArray] | tuple[IntegerArray, ...],
    answers: Sequence[IntegerArray],
) -> list[tuple[float, Float32Array]]:
    """For each index: hits over all users, ties by their expectation, and the exact scores (q, n) of its answers."""
    returned = [np.full(ids.shape, np.nan, dtype=np.float32) for ids in answers]
    distinct = distinct_rows(items)
    users, values, wanted, tied = [], [], [], []
    for part in parts_of(len(queries), len(items), 8_000_000):
        for i, scores in enumerate(inner_products(queries[part], items, distinct), part.start):
            for ids, kept in zip(answers, returned, strict=True):
                there = ids[i] >= 0
                kept[i, there] = scores[ids[i, there]]
            asked = np.unique(targets[i])
            for value, count in zip(
                *np.unique(scores[asked[(asked >= 0) & (asked < len(items))]], return_counts=True), strict=True
            ):
                users.append(i)
                values.append(value)
                wanted.append(count)
                tied.append(np.count_nonzero(scores == value))
    user, value = np.array(users, dtype=np.int64), np.array(values, dtype=np.float32)
    found = []
    for kept in returned:
        drawn = (kept[user] == value[:, None]).sum(axis=1)
        missed = np.ones(len(queries))
        np.multiply.at(missed, user, 1 - any_of(drawn, wanted, tied))
        found.append((float((1 - missed).sum()), kept))
    return found


def _makers(
    items: Float32Array, tables: tuple[int, ...], ef_search: tuple[int, ...], seed: int
) -> Iterator[tuple[str, str, Callable[[], Search]]]:
    """(index, setting, what builds it and gives its search); everything on one thread."""
    yield "Exact", "every item is scored", lambda: _answers(ExactIndex("inner_product").build(items).query)
    for t in tables:
        config = LSHConfig(family="hyperplane", tables=t, functions=FUNCTIONS, seed=seed)
        yield "LSH", f"{t} table{'s' * (t > 1)} of {FUNCTIONS} bits", partial(_lsh, items, config)
    graph = cache(lambda: HNSWIndex(HNSWConfig(metric="inner_product"), threads=1).build(items))

    def hnsw(ef: int) -> Search:
        return _answers(partial(graph().query, ef_search=ef))

    for ef in ef_search:  # all of them search the same graph
        yield "HNSW", f"ef = {ef}", partial(hnsw, ef)


def _answers(query: Callable[..., tuple[AnyArray, AnyArray]]) -> Search:
    return lambda queries, k: (query(queries, k)[0], None)


def _lsh(items: Float32Array, config: LSHConfig) -> Search:
    rows, longest = augment_rows(items)
    index = LSHIndex(config, threads=1).build(rows)

    def search(queries: Float32Array, k: int) -> tuple[AnyArray, float]:
        answer = index.search(augment_queries(queries, longest), k)
        return answer.ids, float(answer.candidates.mean()) / len(items)

    return search
