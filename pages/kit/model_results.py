"""Models that are trained once: vectors, neighbors, scores, and how long a training takes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages.kit import results
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.embeddings import (
    EGESConfig,
    Item2VecConfig,
    ItemVectors,
    Node2VecConfig,
    Score,
    needs_graph,
    pairs_per_epoch,
    train_model,
    training_fingerprint,
)
from recemb_core.evaluation import GroupScore, group_score
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress


def source_of(data: ActiveData, config: Any, graph: ItemGraph | None) -> str:
    """The hash of what a model is trained on."""

    def make() -> str:
        return training_fingerprint(config, sequences=data.sequences, graph=graph, side_info=data.side_info)

    if not isinstance(config, EGESConfig) or graph is None:
        return make()
    return results.remember(data, ("side information", data.fingerprint, graph.fingerprint, config.fields), make)


def model_vectors(
    data: ActiveData, config: Any, progress: Progress | None = None, *, graph: ItemGraph | None = None
) -> ItemVectors:
    """Vectors of the model that a config belongs to: from the store, from the bundled file, or trained now.

    ``graph`` is what walks are made on: DeepWalk, node2vec and EGES need one, word2vec and item2vec none. An exception
    raised in ``progress`` (Stop) ends the training.
    """
    source = source_of(data, config, graph)
    key = ("model", source, config)
    ready = results.results(data).get(key) or precomputed.load_vectors(source, config)
    if ready is not None:
        results.results(data).put(key, ready)
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

    return results.remember_heavy(data, key, train, progress)


def has_model(data: ActiveData, config: Any, *, graph: ItemGraph | None = None) -> bool:
    """Whether a model's vectors are there without training."""
    source = source_of(data, config, graph)
    return results.results(data).get(("model", source, config)) is not None or precomputed.has_vectors(source, config)


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
    key = ("neighbors", source_of(data, config, graph), config, k, score, min_count)

    def make() -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        return model_vectors(data, config, graph=graph).nearest(k, score, min_count, counts=counts)

    return results.remember(data, key, make)


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


def score(data: ActiveData, vectors: ItemVectors, graph: ItemGraph, by: str, groups: npt.NDArray) -> GroupScore:
    """Neighbor-share score of the vectors by a labelling named ``by``."""
    # Communities found with another seed, or another table's field, go by the same name.
    key = ("score", graph.fingerprint, vectors.config, by, hash(tuple(groups.tolist())))
    return results.remember(data, key, lambda: group_score(vectors, groups))
