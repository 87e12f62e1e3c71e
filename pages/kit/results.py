"""Results that are computed once: the only ``st.cache_*``, the one lock around heavy work, the warm-up."""

from __future__ import annotations

import dataclasses
import gc
import importlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.embeddings import (
    EGESConfig,
    Item2VecConfig,
    ItemVectors,
    Node2VecConfig,
    Progress,
    Score,
    needs_graph,
    pairs_per_epoch,
    train_model,
    training_fingerprint,
)
from recemb_core.evaluation import GroupScore, group_score
from recemb_core.item_graph import ItemGraph, communities
from recemb_core.layouts import UMAPConfig, graph_layout, umap_layout

BYTES_KEPT = 400_000_000


class Results:
    """A least-recently-used store of results under a byte budget; safe to use from several threads."""

    def __init__(self, budget: int = BYTES_KEPT) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._budget, self._used, self._lock = budget, 0, threading.Lock()

    def get(self, key: Hashable) -> Any:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, value: Any) -> None:
        with self._lock:
            if key in self._kept:
                return
            size = _size(value)
            self._kept[key] = (value, size)
            self._used += size
            while self._used > self._budget and len(self._kept) > 1:
                self._used -= self._kept.popitem(last=False)[1][1]


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if dataclasses.is_dataclass(value):
        return sum(_size(getattr(value, f.name)) for f in dataclasses.fields(value)) + 200
    if isinstance(value, tuple | list):
        return sum(map(_size, value)) + 100
    if isinstance(value, dict):
        return sum(map(_size, value.values())) + 100
    return 100


@st.cache_resource(max_entries=1, show_spinner=False)
def _shared_results() -> Results:
    return Results()


@st.cache_resource(max_entries=1, show_spinner=False, scope="session")
def session_results() -> Results:
    """Results that only this session may see, and that go with it."""
    return Results()


@st.cache_resource(max_entries=1, show_spinner=False)
def heavy_lock() -> threading.Lock:
    """One training or UMAP run at a time in the whole process: jobs queue instead of fighting for the cores."""
    return threading.Lock()


def busy() -> bool:
    """Whether a training, a map or the warm-up has the cores: no time to measure a time."""
    return heavy_lock().locked()


def results(data: ActiveData) -> Results:
    """Where results of this data set live: an upload's in its own session, a bundled set's shared by all."""
    return session_results() if data.uploaded else _shared_results()


def remember(data: ActiveData, key: Hashable, make: Callable[[], Any]) -> Any:
    """The stored result of ``key``, or ``make()`` stored."""
    store = results(data)
    value = store.get(key)
    if value is None:
        value = make()
        store.put(key, value)
    return value


def remember_heavy(data: ActiveData, key: Hashable, make: Callable[[], Any], progress: Progress | None = None) -> Any:
    """Like :func:`remember`, under the lock; while another run has it, the wait is shown and can be stopped."""
    value = results(data).get(key)
    if value is not None:
        return value
    lock = heavy_lock()
    while not lock.acquire(timeout=0.2):
        if progress is not None:
            progress(0.0, "waiting for another run on this server to end")
    try:
        return remember(data, key, make)
    finally:
        lock.release()


def _source(data: ActiveData, config: Any, graph: ItemGraph | None) -> str:
    """The hash of what a model is trained on."""

    def make() -> str:
        return training_fingerprint(config, sequences=data.sequences, graph=graph, side_info=data.side_info)

    if not isinstance(config, EGESConfig) or graph is None:
        return make()
    return remember(data, ("side information", data.fingerprint, graph.fingerprint, config.fields), make)


def model_vectors(
    data: ActiveData, config: Any, progress: Progress | None = None, *, graph: ItemGraph | None = None
) -> ItemVectors:
    """Vectors of the model that a config belongs to: from the store, from the bundled file, or trained now.

    ``graph`` is what walks are made on: DeepWalk, node2vec and EGES need one, word2vec and item2vec none. An exception
    raised in ``progress`` (Stop) ends the training.
    """
    source = _source(data, config, graph)
    key = ("model", source, config)
    ready = results(data).get(key) or precomputed.load_vectors(source, config)
    if ready is not None:
        results(data).put(key, ready)
        return ready

    def train() -> ItemVectors:
        start = time.perf_counter()
        vectors = train_model(
            config, sequences=data.sequences, graph=graph, side_info=data.side_info, progress=progress
        )
        kind = type(config).__name__
        seconds = time.perf_counter() - start
        # Compiling, or a busy machine, makes a run look slow: come down by steps only.
        _speed()[kind] = max(_work(data, config, len(vectors)) / seconds, 0.7 * _speed()[kind])
        return vectors

    return remember_heavy(data, key, train, progress)


def has_model(data: ActiveData, config: Any, *, graph: ItemGraph | None = None) -> bool:
    """Whether a model's vectors are there without training."""
    source = _source(data, config, graph)
    return results(data).get(("model", source, config)) is not None or precomputed.has_vectors(source, config)


def model_map(
    data: ActiveData, config: Any, umap: UMAPConfig, progress: Progress | None = None, *, graph: ItemGraph | None = None
) -> npt.NDArray[np.float32]:
    """The UMAP positions of a model's vectors; see :func:`model_vectors`."""
    vectors = model_vectors(data, config, progress, graph=graph)
    return map_positions(data, _source(data, config, graph), vectors, umap, None, progress)


def has_model_map(data: ActiveData, config: Any, umap: UMAPConfig, *, graph: ItemGraph | None = None) -> bool:
    """Whether a model's map is there without running UMAP."""
    return has_map(data, _source(data, config, graph), config, umap, None)


def model_neighbors(
    data: ActiveData,
    config: Any,
    k: int,
    score: Score = "cosine",
    min_count: int = 0,
    *,
    graph: ItemGraph | None = None,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """(ids (n, k), values (n, k)) of every item, of a model that is there; ``min_count`` goes by events of the data.

    Without events (a data set that is a graph), it goes by the model's own counts.
    """
    counts = data.sequences.counts if data.sequences is not None else None
    key = ("neighbors", _source(data, config, graph), config, k, score, min_count)

    def make() -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        return model_vectors(data, config, graph=graph).nearest(k, score, min_count, counts=counts)

    return remember(data, key, make)


def node2vec_vectors(
    data: ActiveData, graph: ItemGraph, config: Node2VecConfig, progress: Progress | None = None
) -> ItemVectors:
    """node2vec vectors of a graph: :func:`model_vectors`."""
    return model_vectors(data, config, progress, graph=graph)


def has_node2vec(data: ActiveData, graph: ItemGraph, config: Node2VecConfig) -> bool:
    """Whether the vectors are there without training."""
    return has_model(data, config, graph=graph)


def _work(data: ActiveData, config: Any, n: int) -> float:
    """Multiplications of a training run, up to a factor: pairs × (1 + negatives) × (d and overhead)."""
    if needs_graph(config):
        pairs = n * config.num_walks * config.walk_length * (config.window + 1)
    elif isinstance(config, Item2VecConfig) and config.mode != "sequence":
        assert data.sequences is not None
        pairs = pairs_per_epoch(data.sequences, config)
    else:
        assert data.sequences is not None
        pairs = len(data.sequences.tokens) * (config.window + 1)
    return pairs * config.epochs * (1 + config.negative) * (config.dimensions + 64)


@st.cache_resource(max_entries=1, show_spinner=False)
def _speed() -> dict[str, float]:
    """Work a second by model: a start, which each run on this machine corrects."""
    start = {"Word2VecConfig": 8e8, "Item2VecConfig": 1.5e9, "EGESConfig": 1e9}
    return {**start, "DeepWalkConfig": 2.5e9, "Node2VecConfig": 2.5e9}


def model_seconds(data: ActiveData, config: Any, n: int) -> float:
    """Estimated seconds of training a model of n items, from the last run on this machine."""
    return _work(data, config, n) / _speed()[type(config).__name__]


def training_seconds(config: Node2VecConfig, n: int) -> float:
    """Estimated seconds of a node2vec run on a graph of n items."""
    tokens = n * config.num_walks * config.walk_length * config.epochs
    work = tokens * (config.window + 1) * (1 + config.negative) * (config.dimensions + 64)
    return work / _speed()["Node2VecConfig"]


def map_positions(
    data: ActiveData,
    graph: ItemGraph | str,
    vectors: ItemVectors,
    config: UMAPConfig,
    anchor: ItemVectors | None = None,
    progress: Progress | None = None,
) -> npt.NDArray[np.float32]:
    """UMAP positions; with an anchor, started from the anchor's map so that unmoved items stay where they were.

    ``graph`` is what the vectors were trained on, or the hash of it.
    """
    ready = _ready_map(data, graph, vectors.config, config, None if anchor is None else anchor.config)
    if ready is not None:
        return ready
    key = ("map", _hash(graph), vectors.config, config, None if anchor is None else anchor.config)
    start = None if anchor is None else map_positions(data, graph, anchor, config, None, progress)
    if progress is not None:
        progress(1.0, "drawing the map (UMAP)")
    return remember_heavy(data, key, lambda: umap_layout(vectors, config, start=start), progress)


def _ready_map(
    data: ActiveData,
    graph: ItemGraph | str,
    vectors_config: Any,
    config: UMAPConfig,
    anchor: Node2VecConfig | None,
) -> npt.NDArray[np.float32] | None:
    key = ("map", _hash(graph), vectors_config, config, anchor)
    ready = results(data).get(key)
    if ready is None:
        ready = precomputed.load_map(graph, vectors_config, config, anchor)
        if ready is not None:
            results(data).put(key, ready)
    return ready


def has_map(
    data: ActiveData,
    graph: ItemGraph | str,
    vectors_config: Any,
    config: UMAPConfig,
    anchor: Node2VecConfig | None,
) -> bool:
    """Whether the map is there without running UMAP."""
    return _ready_map(data, graph, vectors_config, config, anchor) is not None


def _hash(source: ItemGraph | str) -> str:
    return source if isinstance(source, str) else source.fingerprint


def graph_positions(data: ActiveData, graph: ItemGraph, seed: int) -> npt.NDArray[np.float32]:
    """Force-directed positions of the graph's nodes."""

    def make() -> npt.NDArray[np.float32]:
        ready = precomputed.load_layout(graph, seed)
        return graph_layout(graph, seed) if ready is None else ready

    return remember(data, ("graph layout", graph.fingerprint, seed), make)


def graph_communities(data: ActiveData, graph: ItemGraph, seed: int) -> npt.NDArray[np.int32]:
    """Louvain communities of the graph."""
    return remember(data, ("communities", graph.fingerprint, seed), lambda: communities(graph, seed))


def score(data: ActiveData, vectors: ItemVectors, graph: ItemGraph, by: str, groups: npt.NDArray) -> GroupScore:
    """Neighbor-share score of the vectors by a labelling named ``by``."""
    # Communities found with another seed, or another table's field, go by the same name.
    key = ("score", graph.fingerprint, vectors.config, by, hash(tuple(groups.tolist())))
    return remember(data, key, lambda: group_score(vectors, groups))


@st.cache_resource(max_entries=16, show_spinner=False)
def _thread(name: str, _work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=_work, name=name, daemon=True)
    thread.start()
    return thread


def in_background(name: str, work: Callable[[], None], seconds: float) -> bool:
    """Whether ``work``, done once a process in a thread of its own, is over; waits at most so many seconds."""
    thread = _thread(name, work)
    thread.join(seconds)
    return not thread.is_alive()


@st.cache_resource(max_entries=1, show_spinner=False)
def warm_up() -> threading.Thread | None:
    """Import and compile what training and UMAP need, once a process, behind the first paint."""
    if os.environ.get("RECEMB_NO_WARM_UP"):
        return None
    # Imported here first: two threads that import a package with circular imports can each see it half made.
    for name in ("pandas", "scipy.sparse", "scipy.stats", "igraph", "faiss"):
        importlib.import_module(name)
    thread = threading.Thread(target=_warm, name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    time.sleep(1.0)  # the first page is drawn before the compilers take the processor
    from recemb_core.warm_up import warm_up as run

    with heavy_lock():
        run()
    # Streamlit collects garbage after every script run. What is loaded by now stays loaded: looking through all of it
    # again (0.1 s and more) only holds up the next run.
    gc.collect()
    gc.freeze()
