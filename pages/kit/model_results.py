"""Models that are trained once: vectors, neighbors, scores, and how long a training takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st

from pages.kit import brought, large, results
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.arrays import AnyArray, Float32Array, Int32Array, Int64Array
from recemb_core.brought import BroughtConfig
from recemb_core.embeddings import ItemVectors, Score, spec_of, train_model, training_fingerprint
from recemb_core.evaluation import GroupScore, group_score
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress


def source_of(data: ActiveData, config: Any, graph: ItemGraph | None) -> str:
    """The hash of what a model is trained on; of brought vectors, of the file and the items that it is shown for."""
    if isinstance(config, BroughtConfig):
        return f"{config.digest}+{data.fingerprint}"

    def make() -> str:
        return training_fingerprint(config, sequences=data.sequences, graph=graph, side_info=data.side_info)

    if "side_info" not in spec_of(config).needs:
        return make()
    known = None if graph is None else graph.fingerprint
    return results.remember(
        data, ("side information", data.fingerprint, known, type(config), getattr(config, "fields", None)), make
    )


def key_of(source: str, config: Any) -> tuple[Any, ...]:
    """What vectors are stored by; ``source`` of :func:`source_of`."""
    return "model", source, config


def model_vectors(
    data: ActiveData, config: Any, progress: Progress | None = None, *, graph: ItemGraph | None = None
) -> ItemVectors:
    """Vectors of the model that a config belongs to: from the store, from the bundled file, or trained now.

    ``graph`` is for the models that need one. An exception raised in ``progress`` (Stop) ends the training.
    """
    if isinstance(config, BroughtConfig):
        return brought.vectors_of(data, config)
    source = source_of(data, config, graph)
    key = key_of(source, config)
    ready = results.results(data).get(key) or precomputed.load_vectors(source, config)
    if ready is not None:
        results.results(data).put(key, ready)
        return ready

    n = len(data.items) if graph is None else len(graph)

    def took(seconds: float, peak_bytes: int | None) -> None:
        # Compiling, or a busy machine, makes a run look slow: come down by steps only.
        work = spec_of(config).cost(config, data.sequences, n)
        _speed()[type(config).__name__] = max(work / seconds, 0.7 * _speed_of(config))
        results.results(data).put(_spent_key(source, config), Spent(seconds, peak_bytes))

    found: ItemVectors = results.compute(
        data,
        key,
        train_model,
        config,
        sequences=data.sequences,
        graph=graph,
        side_info=data.side_info,
        seconds=model_seconds(data, config, n),
        progress=progress,
        reports=True,
        took=took,
    )
    return found


def _spent_key(source: str, config: Any) -> tuple[Any, ...]:
    return "seconds of training", source, config


class Spent(NamedTuple):
    """What a training took in a process of its own.

    Attributes:
        seconds: wall clock; None of a model that came ready.
        peak_bytes: the most memory of that process, libraries included; None where that is not known.
    """

    seconds: float | None = None
    peak_bytes: int | None = None


def spent_on(data: ActiveData, config: Any, graph: ItemGraph | None) -> Spent:
    """What a model took to train."""
    found: Spent | None = results.results(data).get(_spent_key(source_of(data, config, graph), config))
    return found or Spent()


def put_model(data: ActiveData, vectors: ItemVectors, *, graph: ItemGraph | None = None) -> None:
    """Vectors that come from elsewhere for their config, a kept run say: they are not trained again."""
    results.results(data).put(key_of(source_of(data, vectors.config, graph), vectors.config), vectors)


def has_model(data: ActiveData, config: Any, *, graph: ItemGraph | None = None) -> bool:
    """Whether a model's vectors are there without training."""
    if isinstance(config, BroughtConfig):
        return True
    source = source_of(data, config, graph)
    return results.results(data).get(key_of(source, config)) is not None or precomputed.has(
        precomputed.result_key("vectors", source, config)
    )


def model_neighbors(
    data: ActiveData,
    config: Any,
    k: int,
    score: Score = "cosine",
    min_count: int = 0,
    *,
    rows: Int64Array,
    graph: ItemGraph | None = None,
) -> tuple[Int32Array, Float32Array]:
    """(ids (q, k), values (q, k)) of some items, exact, of a model that is there; ``min_count`` goes by events.

    Without events (a data set that is a graph), it goes by the model's own counts.
    """
    counts = data.sequences.counts if data.sequences is not None else None
    key = ("neighbors", source_of(data, config, graph), config, k, score, min_count, hash(rows.tobytes()))

    def make() -> tuple[Int32Array, Float32Array]:
        return model_vectors(data, config, graph=graph).nearest(k, score, min_count, counts=counts, rows=rows)

    return results.remember(data, key, make)


@st.cache_resource(max_entries=1, show_spinner=False)
def _speed() -> dict[str, float]:
    """Work a second by class of config, of the last run on this machine."""
    return {}


def _speed_of(config: Any) -> float:
    return _speed().get(type(config).__name__, spec_of(config).speed)


def model_seconds(data: ActiveData, config: Any, n: int) -> float:
    """Estimated seconds of training a model of n items, from the last run on this machine."""
    return spec_of(config).cost(config, data.sequences, n) / _speed_of(config)


def score(data: ActiveData, vectors: ItemVectors, graph: ItemGraph, by: str, groups: AnyArray) -> GroupScore:
    """Neighbor-share score of the vectors by a labelling named ``by``."""
    # Communities found with another seed, or another table's field, go by the same name.
    key = ("score", graph.fingerprint, vectors.config, by, hash(tuple(groups.tolist())))
    return results.remember(data, key, lambda: group_score(vectors, groups, sample=large.scored(data)))
