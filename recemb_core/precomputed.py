"""Embeddings and maps of the bundled data that were computed beforehand, so that a first page has something to show.

The files hold what the same call would compute; their names are hashes of the graph and the configs, so that another
graph or another setting never finds them. ``data/build_precomputed.py`` writes them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.item_graph import ItemGraph

FOLDER = Path(__file__).resolve().parent.parent / "data" / "precomputed"


def _name(*parts: Any) -> str:
    text = json.dumps([_fields(part) for part in parts], sort_keys=True, default=lambda number: number.item())
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _fields(part: Any) -> Any:
    """A config as a dict in which p=1 and p=1.0, which are equal, are written alike; configs inside it likewise."""
    if not dataclasses.is_dataclass(part):
        return part
    found: dict[str, Any] = {}
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        decimal = "float" in str(field.type)
        if isinstance(value, tuple):
            found[field.name] = [float(v) if decimal else v for v in value]
        else:
            found[field.name] = float(value) if decimal and value is not None else _fields(value)
    return found


def vectors_path(graph: ItemGraph, config: Any) -> Path:
    """Where the vectors of a graph under a config lie, if they were computed."""
    return FOLDER / f"vectors_{_name(graph.fingerprint, type(config).__name__, config)}.npz"


def map_path(graph: ItemGraph, config: Any, umap_config: Any, anchor_config: Any) -> Path:
    """Where the map of those vectors lies, started from the map of the anchor's vectors (None: from nothing)."""
    return FOLDER / f"map_{_name(graph.fingerprint, type(config).__name__, config, umap_config, anchor_config)}.npy"


def scores_path(graph: ItemGraph, config: Any) -> Path:
    """Where the scores of several seeds lie."""
    seedless = dataclasses.replace(config, seed=0)
    return FOLDER / f"scores_{_name(graph.fingerprint, type(config).__name__, seedless)}.json"


def load_vectors(graph: ItemGraph, config: Any) -> ItemVectors | None:
    """The vectors computed beforehand, or None."""
    path = vectors_path(graph, config)
    return ItemVectors.load(path) if path.exists() else None


def load_map(graph: ItemGraph, config: Any, umap_config: Any, anchor_config: Any) -> npt.NDArray[np.float32] | None:
    """The map computed beforehand, or None."""
    path = map_path(graph, config, umap_config, anchor_config)
    return np.load(path, allow_pickle=False) if path.exists() else None


def load_scores(graph: ItemGraph, config: Any) -> dict[str, list[float]] | None:
    """Scores by labelling over seeds 0, 1, 2 …, or None."""
    path = scores_path(graph, config)
    return json.loads(path.read_text()) if path.exists() else None


def sweep_path(graph: ItemGraph, sweep_config: Any) -> Path:
    """Where a finished sweep of p and q lies."""
    return FOLDER / f"sweep_{_name(graph.fingerprint, sweep_config)}.npz"


def layout_path(graph: ItemGraph, seed: int) -> Path:
    """Where the drawing of the graph itself lies."""
    return FOLDER / f"layout_{_name(graph.fingerprint, seed)}.npy"


def load_layout(graph: ItemGraph, seed: int) -> npt.NDArray[np.float32] | None:
    """The drawing computed beforehand, or None."""
    path = layout_path(graph, seed)
    return np.load(path, allow_pickle=False) if path.exists() else None
