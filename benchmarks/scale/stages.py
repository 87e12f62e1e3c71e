"""The stages from a file to a map, each a function of the folder that the stages before it have written to."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale.invented import write
from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.item_graph import ItemGraph
from recemb_core.peak_memory import PeakMemory
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

GAP = 60.0  # minutes
WALKS, LENGTH, DIMENSIONS = 10, 40, 32
EDGES_PER_ITEM = 8
MAPPED = 5_000  # items of the map
TURNS, ENOUGH = 3, 4.0  # a stage is run again, at most so often, until so many seconds are spent on it


@dataclass(frozen=True)
class Stage:
    """A stage: what it is called, what it needs in hand, what is timed, and what it leaves.

    Attributes:
        name: in the table.
        take: folder → what is timed on; not timed.
        do: that → the result; timed.
        leave: (folder, result) → figures to be noted beside its seconds.
    """

    name: str
    take: Callable[[Path], Any]
    do: Callable[[Any], Any]
    leave: Callable[[Path, Any], dict[str, int]] = lambda folder, result: {}


# --- files between stages ---


def _save_sequences(path: Path, found: Sequences) -> dict[str, int]:
    arrays = {"offsets": found.offsets, "tokens": found.tokens, "times": found.timestamps, "users": found.users}
    np.savez(path, ids=np.array(found.items.ids), **arrays)  # type: ignore[arg-type]
    return {"events": len(found.tokens), "items": len(found.items), "sequences": len(found)}


def _sequences(path: Path) -> Sequences:
    with np.load(path) as saved:
        items = Vocabulary(saved["ids"].tolist())
        return Sequences(items, saved["offsets"], saved["tokens"], users=saved["users"], timestamps=saved["times"])


def _save_graph(path: Path, graph: ItemGraph) -> dict[str, int]:
    np.savez(path, indptr=graph.indptr, indices=graph.indices, weights=graph.weights, ids=np.array(graph.items.ids))
    return {"items": len(graph), "edges": graph.num_edges}


def _graph(path: Path) -> ItemGraph:
    with np.load(path) as saved:
        items = Vocabulary(saved["ids"].tolist())
        return ItemGraph(saved["indptr"], saved["indices"], saved["weights"], items, True)


def _vectors(folder: Path) -> Float32Array:
    return np.load(folder / "vectors.npy")


def _save_vectors(folder: Path, found: Any) -> dict[str, int]:
    np.save(folder / "vectors.npy", found.vectors)
    return {"items": len(found.vectors), "dimensions": found.vectors.shape[1]}


# --- what is timed ---


def _read(path: Path) -> Any:
    from recemb_core.readers import Reading
    from recemb_core.readers.assembly import parse_log

    return parse_log(path, Reading())


def _clean(log: Any) -> Sequences:
    from recemb_core.readers import CleaningConfig
    from recemb_core.sequences import clean_log

    return clean_log(log, CleaningConfig(gap_minutes=float("inf"), drop_repeats=False))


def _sessions(sequences: Sequences) -> Sequences:
    from recemb_core.sequences import split_sessions

    return split_sessions(sequences, gap_minutes=GAP)


def _transitions(sequences: Sequences) -> ItemGraph:
    from recemb_core.item_graph import build_item_graph

    return build_item_graph(sequences)


def _together(sequences: Sequences) -> ItemGraph:
    from recemb_core.item_graph import build_item_graph

    return build_item_graph(sequences, edges="co_occurrence")


def _backbone(graph: ItemGraph) -> ItemGraph:
    from recemb_core.item_graph import backbone

    return backbone(graph, method="noise_corrected", edges_per_item=EDGES_PER_ITEM)


def _settings() -> Any:
    from recemb_core.embeddings import Node2VecConfig

    return Node2VecConfig(dimensions=DIMENSIONS, window=2, num_walks=WALKS, walk_length=LENGTH, epochs=1, p=0.5, q=2.0)


def _walk(graph: ItemGraph) -> int:
    from recemb_core.embeddings.skip_gram import WalkedText
    from recemb_core.walks import WalkStream

    return int(WalkedText(WalkStream(graph, _settings()), len(graph)).counts.sum())


def _train(graph: ItemGraph) -> Any:
    from recemb_core.embeddings import train_node2vec

    return train_node2vec(graph, _settings())


def _index(vectors: Float32Array) -> Any:
    from recemb_core.neighbors import HNSWIndex

    return HNSWIndex().build(vectors)


def _search(vectors: Float32Array) -> Any:
    return _index(vectors).query(vectors, 10)


def _map(vectors: Float32Array) -> Any:
    from recemb_core.layouts import umap_layout

    return umap_layout(vectors[np.sort(np.random.default_rng(0).permutation(len(vectors))[:MAPPED])])


STAGES = (
    Stage("csv read", lambda folder: folder / "log.csv", _read, lambda folder, log: {"rows": len(log.table.frame)}),
    Stage("parquet read", lambda folder: folder / "log.parquet", _read),
    Stage(
        "clean",
        lambda folder: _read(folder / "log.parquet"),
        _clean,
        lambda folder, found: _save_sequences(folder / "cleaned.npz", found),
    ),
    Stage(
        "sessionise",
        lambda folder: _sequences(folder / "cleaned.npz"),
        _sessions,
        lambda folder, found: _save_sequences(folder / "sessions.npz", found),
    ),
    Stage(
        "graph (transitions)",
        lambda folder: _sequences(folder / "sessions.npz"),
        _transitions,
        lambda folder, found: _save_graph(folder / "graph.npz", found),
    ),
    Stage(
        "graph (together)",
        lambda folder: _sequences(folder / "sessions.npz"),
        _together,
        lambda folder, found: {"items": len(found), "edges": found.num_edges},
    ),
    Stage(
        "backbone",
        lambda folder: _graph(folder / "graph.npz"),
        _backbone,
        lambda folder, found: _save_graph(folder / "backbone.npz", found),
    ),
    Stage(
        "walks (streamed)",
        lambda folder: _graph(folder / "backbone.npz"),
        _walk,
        lambda folder, found: {"steps": found},
    ),
    Stage("node2vec, one epoch", lambda folder: _graph(folder / "backbone.npz"), _train, _save_vectors),
    Stage("HNSW, built", _vectors, _index),
    Stage("HNSW, 10 neighbors of each", _vectors, _search),
    Stage(f"map of {MAPPED:,} items", _vectors, _map),
)
NOT_BY_EVENT = {STAGES[-1].name: "its size is the sample's"}


def clocks() -> Float64Array:
    """Seconds so far: by the wall, of processor, and of these the program's own, without the system's."""
    return np.array([time.perf_counter(), time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_utime])


def told(seconds: Float64Array, turns: int) -> dict[str, float]:
    """These with their names."""
    return {**dict(zip(("seconds", "cpu", "user"), seconds.tolist(), strict=True)), "turns": turns}


def run(name: str, folder: Path, warm: Path | None) -> dict[str, Any]:
    """One stage in this process: seconds (median of its turns), peak bytes, and its figures.

    ``warm``: the folder of a small log that it is run on first, so that compiling and importing are not timed.
    """
    stage = next(one for one in STAGES if one.name == name)
    if warm is not None:
        stage.leave(warm, stage.do(stage.take(warm)))
    given, peak = stage.take(folder), PeakMemory()
    turns = list[Float64Array]()
    while not turns or (len(turns) < TURNS and sum(float(turn[0]) for turn in turns) < ENOUGH):
        result = None  # so that two are not held at a time
        start = clocks()
        result = stage.do(given)
        turns.append(clocks() - start)
    most = peak.bytes
    times = told(np.median(turns, axis=0), len(turns))
    return {**times, "peak": most, **stage.leave(folder, result)}


def make(events: int, folder: Path) -> dict[str, Any]:
    """Write the log of so many events."""
    peak, start = PeakMemory(), clocks()
    write(events, folder / "log.csv", folder / "log.parquet")
    sizes = {f"{kind} bytes": (folder / f"log.{kind}").stat().st_size for kind in ("csv", "parquet")}
    return {**told(clocks() - start, 1), "peak": peak.bytes, **sizes}


def main() -> None:
    """One stage, as JSON on the last line: ``python -m benchmarks.scale.stages NAME FOLDER WARM BYTES``."""
    import sys

    name, folder, warm, limit = sys.argv[1:]
    if int(limit):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
    place, small = Path(folder), Path(warm) if warm else None
    found = make(int(name), place) if name.isdigit() else run(name, place, small)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
