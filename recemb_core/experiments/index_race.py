"""Indexes against each other on the same vectors in the same run: what they find, how fast, at what price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array, NumberArray
from recemb_core.evaluation.intervals import Estimate, share_from_error
from recemb_core.neighbors import (
    AugmentedIndex,
    ExactIndex,
    FaissLSHIndex,
    HNSWConfig,
    HNSWIndex,
    KDTreeIndex,
    LSHConfig,
    LSHIndex,
)
from recemb_core.neighbors.base import Metric, checked_vectors, distances_to_found, parts_of, unit_rows, without_own
from recemb_core.neighbors.lsh.families import family_named
from recemb_core.neighbors.lsh.hashing import default_width
from recemb_core.neighbors.truth import Truth, true_neighbors
from recemb_core.parallel import faiss_threads
from recemb_core.progress import Progress, TrainingCancelled
from recemb_core.timing import ROUNDS, OtherWorkError, Timing, race, timed
from recemb_core.validation import UsageError, is_whole, require

Ask = Callable[[Any, Float32Array, int], tuple[Int32Array, Float32Array]]


def recall_at_k(
    values: NumberArray,
    truth: NumberArray,
    *,
    measure: Literal["distance", "similarity"] = "distance",
    tolerance: float = 1e-5,
) -> Float64Array:
    """Share of the k answers that are no farther than the k-th true neighbor, query by query: ties count as found.

    Args:
        values: (q, k) exact values of what was found, NaN where nothing was.
        truth: (q, k) values of the true neighbors, best first, NaN where there are fewer.
        measure: whether small or large is near.
        tolerance: of the comparison, as a share of the largest finite value in ``truth``.

    Returns:
        float64 (q,); NaN for a query without true neighbors.

    >>> recall_at_k(np.array([[1.0, 2.0, 4.0]]), np.array([[1.0, 2.0, 2.0]])).round(2).tolist()
    [0.67]
    """
    if values.shape != truth.shape:
        raise UsageError(f"values and truth must have one shape, not {values.shape} and {truth.shape}")
    sign = 1.0 if measure == "distance" else -1.0
    found, best = sign * values.astype(np.float64), sign * truth.astype(np.float64)
    wanted = np.isfinite(best).sum(axis=1)
    slack = tolerance * float(np.abs(best[np.isfinite(best)]).max(initial=0.0))
    last = np.where(np.isfinite(best), best, -np.inf).max(axis=1, initial=-np.inf)
    hits = (found <= last[:, None] + slack).sum(axis=1)
    return np.where(wanted > 0, hits / np.maximum(wanted, 1), np.nan)


def _ask(index: Any, queries: Float32Array, k: int, **settings: int) -> tuple[Int32Array, Float32Array]:
    found: tuple[Int32Array, Float32Array] = index.query(queries, k, **settings)
    return found


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One index in one build, and the settings it is asked with; it can be pickled if its functions can.

    Attributes:
        family: what it is, such as ``"HNSW"``.
        build: makes the unbuilt index, told the number of threads.
        settings: (what is set, how to ask (index, queries, k)); one build serves them all.
        setting: of the build, in words; put before each of ``settings``.
    """

    family: str
    build: Callable[[int], Any]
    setting: str = ""
    settings: tuple[tuple[str, Ask], ...] = (("", _ask),)


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What one index at one setting did.

    Attributes:
        family, setting: which.
        recall: mean recall@k over queries, ties by distance.
        recall_error: its standard error over queries, of this one build: another seed of an index draws another.
        queries_per_second: of a batch, median over repeats.
        slowest, fastest: queries a second of the slowest and the fastest repeat; two indexes whose ranges overlap are
            equally fast as far as can be told.
        build_seconds: to build, once.
        memory_bytes: of the built index, vectors included where it needs them.
        scanned: mean share of rows whose distance was computed, where the index can tell; else None.
        queries: how many were timed; fewer than given for an index too slow for all of them.
        disturbed: batches beside which other work ran on the machine; see :mod:`recemb_core.timing`.
    """

    family: str
    setting: str
    recall: float
    recall_error: float
    queries_per_second: float
    slowest: float
    fastest: float
    build_seconds: float
    memory_bytes: int
    scanned: float | None
    queries: int
    disturbed: int = 0

    def clearly_faster(self, other: IndexReport) -> bool:
        """Whether the slowest repeat of this is faster than the fastest of the other."""
        return self.slowest > other.fastest

    @property
    def interval(self) -> Estimate:
        """The recall with its 95% interval over queries, inside [0, 1]; of a recall of NaN, NaN throughout."""
        if np.isnan(self.recall):
            return Estimate(self.recall, float("nan"), float("nan"), self.queries)
        return share_from_error(self.recall, self.recall_error, self.queries if self.recall_error >= 0 else 1)


def default_contenders(
    vectors: Float32Array,
    *,
    width: float | None = None,
    ef_searches: Sequence[int] = (8, 16, 32, 64, 128),
    lsh: Sequence[LSHConfig] | None = None,
    seed: int = 0,
) -> list[Contender]:
    """Euclidean contenders: exact scan, kd-tree, HNSW over efSearch, faiss's LSH codes, and hash tables at settings.

    Args:
        vectors: float32 (n, d); decides the width where none is given.
        width: of the Euclidean hash functions.
        ef_searches: of HNSW.
        lsh: settings of :class:`LSHIndex`; None takes some from narrow to wide, with AND-OR, OR-AND and multi-probe.
        seed: of the hash functions.
    """
    wide = default_width(vectors, seed=seed) if width is None else width
    if lsh is None:
        shapes = ((12, 16), (10, 16), (10, 32), (8, 16), (8, 32), (6, 16), (5, 32))
        lsh = [LSHConfig(functions=f, tables=t, width=wide, seed=seed) for f, t in shapes]
        lsh += [LSHConfig(functions=10, tables=8, multi_probe=m, width=wide, seed=seed) for m in (4, 16)]
    names = "LSH tables", "multi-probe LSH"
    return [
        _exact("euclidean", "", "exact scan"),
        _threaded("kd-tree", "", KDTreeIndex),
        _graph("euclidean", ef_searches),
        *(_threaded("faiss LSH", f"{bits} bits", FaissLSHIndex, bits) for bits in (64, 256, 1024)),
        *(lsh_contender(c, names[c.multi_probe > 0]) for c in lsh),
    ]


def inner_product_contenders(*, lsh: LSHConfig | None = None) -> list[Contender]:
    """Ways to the largest inner product: exact, Euclidean and cosine indexes on the raw vectors as they are (which
    answer another question), the same behind one added coordinate, and the graph by its own metric.
    """
    lsh, ef_searches = lsh or LSHConfig(functions=6, tables=32), (16, 64, 256)
    graphs = [(f"HNSW, efSearch {ef}", HNSWConfig(metric="euclidean", ef_search=ef)) for ef in ef_searches]
    inside = [
        _exact("euclidean", "exact, Euclidean", ""),
        _threaded("", "kd-tree", KDTreeIndex),
        _threaded("", f"LSH, {describe_setting(lsh)}", LSHIndex, lsh),
        *(_threaded("", setting, HNSWIndex, config) for setting, config in graphs),
    ]
    return [
        _exact("inner_product", "", "exact, inner product"),
        replace(inside[0], family="raw vectors, nearest"),
        _exact("cosine", "exact, cosine", "raw vectors, nearest"),
        *(replace(one, family="added coordinate", build=partial(_augmented, one.build)) for one in inside),
        _graph("inner_product", ef_searches),
    ]


def lsh_contender(config: LSHConfig, family: str) -> Contender:
    """Hash tables at one setting."""
    return _threaded(family, describe_setting(config), LSHIndex, config)


def _threaded(family: str, setting: str, index: Callable[..., Any], *arguments: object) -> Contender:
    """An index class that is told the number of threads."""
    return Contender(family=family, setting=setting, build=partial(_built, index, arguments))


def _exact(metric: Metric, setting: str, family: str) -> Contender:
    return Contender(family=family, setting=setting, build=partial(_built_exact, metric))


def _built(index: Callable[..., Any], arguments: Sequence[object], threads: int) -> Any:
    return index(*arguments, threads=threads)


def _built_exact(metric: Metric, threads: int) -> Any:
    return ExactIndex(metric)


def _augmented(build: Callable[[int], Any], threads: int) -> Any:
    return AugmentedIndex(build(threads))


def _graph(metric: Metric, ef_searches: Sequence[int]) -> Contender:
    """HNSW, built once and asked with several efSearch."""
    family = "HNSW" if metric != "inner_product" else "HNSW, inner product"
    contender = _threaded(family, "", HNSWIndex, HNSWConfig(metric=metric))
    return replace(contender, settings=tuple((f"efSearch {ef}", partial(_ask, ef_search=ef)) for ef in ef_searches))


def describe_setting(config: LSHConfig) -> str:
    """``"K 8, L 16, w 2.4"`` and what else is not the default."""
    words = [f"K {config.functions}", f"L {config.tables}"]
    if family_named(config.family).has_width and config.width is not None:
        words.append(f"w {config.width:.3g}")
    if config.mode != "and_or":
        words.append({"and": "AND", "or": "OR", "or_and": "OR-AND"}[config.mode])
    if config.multi_probe:
        words.append(f"{config.multi_probe} probes")
    return ", ".join(words)


def compare_indexes(
    vectors: Float32Array,
    queries: NumberArray,
    k: int = 10,
    *,
    metric: Metric = "euclidean",
    contenders: Sequence[Contender] | None = None,
    repeats: int = ROUNDS,
    threads: int = 1,
    seconds: float = 2.0,
    only_quiet: bool = False,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> list[IndexReport]:
    """Build every index, then ask all of them in turns, in another order each round.

    Queries go in one batch; the first batch, which warms up, is not timed. An index that would take longer than
    ``seconds`` for a batch is asked a part of the queries, and its recall is of that part.

    Args:
        vectors: float32 (n, d).
        queries: row numbers (q,), which are no neighbors of themselves, or vectors (q, d).
        k: neighbors asked for.
        metric: of the truth. Every index is judged by it: an index with another measure is judged by what its ids are
            worth in this one.
        contenders: None takes :func:`default_contenders`, or :func:`inner_product_contenders` for that metric.
        repeats: timed batches of each; the median counts.
        threads: that every index may use.
        seconds: longest batch.
        only_quiet: repeat batches beside which other work ran on the machine, and refuse where that does not help.
            Otherwise they are counted.
        progress: called with (fraction done, what is being done).
        cancel: asked between batches; True ends with ``TrainingCancelled``.

    Returns:
        A report for each setting, in the order of the contenders.

    Raises:
        OtherWorkError: ``only_quiet``, and the machine is not; its ``reports`` hold all that is no time.
    """
    for name, value in (("repeats", repeats), ("threads", threads), ("k", k)):
        require(is_whole(value) and value >= 1, name, value, "a whole number, at least 1")
    vectors = checked_vectors(vectors, None)
    if contenders is None:
        contenders = inner_product_contenders() if metric == "inner_product" else default_contenders(vectors)
    truth = true_neighbors(vectors, queries, k, metric)
    if not len(truth.own):
        raise UsageError("queries must not be empty")
    extra = int((truth.own >= 0).any())
    entries: list[_Entry] = []
    steps = len(contenders) + (1 + repeats) * sum(len(c.settings) for c in contenders)
    done = 0

    def step(stage: str) -> None:
        nonlocal done
        if cancel is not None and cancel():
            raise TrainingCancelled("the comparison was cancelled")
        if progress is not None:
            progress(min(done / steps, 1.0), stage)
        done += 1

    with _limited(threads):
        for contender in contenders:
            step(f"building: {contender.family} {contender.setting}".rstrip())
            index, built = timed(partial(contender.build(threads).build, vectors))
            for words, ask in contender.settings:
                setting = ", ".join(part for part in (contender.setting, words) if part)
                entries.append(_Entry(contender.family, setting, index, ask, built))
        for entry in entries:
            step(f"first batch: {entry.name}")
            entry.warm(truth.queries, k + extra, seconds)
        try:
            timings = race(
                [partial(entry.ask, entry.index, entry.queries, k + extra) for entry in entries],
                rounds=repeats,
                threads=threads,
                keep_disturbed=not only_quiet,
                step=lambda stage, at: step(f"{stage}: {entries[at].name}"),
            )
        except OtherWorkError as error:
            nothing = Timing(np.nan, np.nan, np.nan, 0, 0)
            error.reports = [entry.report(nothing, vectors, truth, metric) for entry in entries]
            raise
    if progress is not None:
        progress(1.0, "done")
    return [entry.report(timing, vectors, truth, metric) for entry, timing in zip(entries, timings, strict=True)]


class _Entry:
    """One index at one setting while it is measured."""

    def __init__(self, family: str, setting: str, index: Any, ask: Ask, built: float) -> None:
        self.family, self.setting, self.index, self.ask, self.built = family, setting, index, ask, built
        self.name = f"{family} {setting}".rstrip()

    def warm(self, queries: Float32Array, k: int, seconds: float) -> None:
        """Ask for a few first: they compile, and tell how many can be asked in the time."""
        few = queries[:16]
        self.ask(self.index, few, k)
        each = timed(partial(self.ask, self.index, few, k))[1] / len(few)
        self.queries = queries[: max(len(few), int(seconds / max(each, 1e-9)))]
        self.ids, _ = self.ask(self.index, self.queries, k)

    def report(self, timing: Timing, vectors: Float32Array, truth: Truth, metric: Metric) -> IndexReport:
        """What it found and how long that took."""
        ids, q = self.ids, len(self.queries)
        values = _values(vectors, self.queries, ids, metric)
        if (truth.own >= 0).any():
            ids, values = without_own(ids, values, truth.own[:q])
        measure: Literal["distance", "similarity"] = "similarity" if metric == "inner_product" else "distance"
        recall = recall_at_k(values, truth.values[:q], measure=measure)
        recall = recall[~np.isnan(recall)]
        scanned = None
        if isinstance(self.index, LSHIndex):
            scanned = float(np.diff(self.index.candidates(self.queries)[0]).mean() / len(vectors))
        elif isinstance(self.index, ExactIndex):
            scanned = 1.0
        return IndexReport(
            family=self.family,
            setting=self.setting,
            recall=float(recall.mean()) if len(recall) else float("nan"),
            recall_error=float(recall.std(ddof=1) / len(recall) ** 0.5) if len(recall) > 1 else float("nan"),
            queries_per_second=q / timing.median,
            slowest=q / timing.high,
            fastest=q / timing.low,
            build_seconds=self.built,
            memory_bytes=int(self.index.memory_bytes),
            scanned=scanned,
            queries=q,
            disturbed=timing.disturbed,
        )


def _values(vectors: Float32Array, queries: Float32Array, ids: Int32Array, metric: Metric) -> Float32Array:
    """(q, k) what the ids are worth in the metric, whatever the index says; NaN for −1."""
    if metric == "cosine":
        vectors, queries = unit_rows(vectors), unit_rows(queries)
    if metric == "euclidean":
        values = distances_to_found(vectors, queries, ids)
    else:
        values = np.empty(ids.shape, dtype=np.float32)
        for part in parts_of(len(ids), ids.shape[1] * vectors.shape[1]):
            dot = np.einsum("qkd,qd->qk", vectors[ids[part]], queries[part])
            values[part] = dot if metric == "inner_product" else np.maximum(1 - dot, 0)
    values[ids < 0] = np.nan
    return values


def _limited(threads: int) -> AbstractContextManager[Any]:
    """The libraries inside NumPy and faiss held to so many threads; faiss alone where threadpoolctl is missing."""
    import faiss  # before the limit, which holds for what is loaded

    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # comes with scikit-learn
        return faiss_threads(min(threads, faiss.omp_get_max_threads()))
    return threadpool_limits(threads)  # type: ignore[no-any-return]
