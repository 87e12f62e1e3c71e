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

from recemb_core.deep.recall import RecallModel
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import RankingReport, report_from_arrays, report_to_arrays
from recemb_core.item_graph import ItemGraph
from recemb_core.recall_comparison import ColdItemReport
from recemb_core.sequences import Sequences

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


# What a model was trained on: a graph or sequences, or the hash of its data (``embeddings.training_fingerprint``).
Source = ItemGraph | Sequences | str


def _hash(source: Source) -> str:
    return source if isinstance(source, str) else source.fingerprint


def vectors_path(source: Source, config: Any) -> Path:
    """Where the vectors of a model under a config lie, if they were computed."""
    return FOLDER / f"vectors_{_name(_hash(source), type(config).__name__, config)}.npz"


def map_path(source: Source, config: Any, umap_config: Any, anchor_config: Any) -> Path:
    """Where the map of those vectors lies, started from the map of the anchor's vectors (None: from nothing)."""
    return FOLDER / f"map_{_name(_hash(source), type(config).__name__, config, umap_config, anchor_config)}.npy"


def scores_path(graph: ItemGraph, config: Any) -> Path:
    """Where the scores of several seeds lie."""
    seedless = dataclasses.replace(config, seed=0)
    return FOLDER / f"scores_{_name(graph.fingerprint, type(config).__name__, seedless)}.json"


def load_vectors(source: Source, config: Any) -> ItemVectors | None:
    """The vectors computed beforehand, or None."""
    path = vectors_path(source, config)
    return ItemVectors.load(path) if path.exists() else None


def load_map(source: Source, config: Any, umap_config: Any, anchor_config: Any) -> npt.NDArray[np.float32] | None:
    """The map computed beforehand, or None."""
    path = map_path(source, config, umap_config, anchor_config)
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


def networks_path(rows: str, config: Any) -> Path:
    """Where a finished comparison of networks lies: by the fingerprint of its feature table and its config."""
    return FOLDER / f"networks_{_name(rows, type(config).__name__, config)}.npz"


def networks_map_path(rows: str, config: Any, start: str, umap_config: Any) -> Path:
    """Where the maps of a start's item vectors before and after training lie, (2, n, 2)."""
    return FOLDER / f"networks_map_{_name(rows, type(config).__name__, config, start, umap_config)}.npy"


def recall_path(fingerprint: str, config: Any) -> Path:
    """Where a recall model of the training part lies; the hash is :func:`recall_comparison.recall_fingerprint`'s."""
    return FOLDER / f"recall_{_name(fingerprint, type(config).__name__, config)}.npz"


def load_recall(fingerprint: str, config: Any) -> RecallModel | None:
    """The recall model computed beforehand, or None."""
    path = recall_path(fingerprint, config)
    return RecallModel.load(path) if path.exists() else None


def ranking_path(fingerprint: str, config: Any) -> Path:
    """Where both ranking reports of a recall model lie; the config None stands for popularity."""
    return FOLDER / f"ranking_{_name(fingerprint, type(config).__name__, config)}.npz"


def save_rankings(fingerprint: str, config: Any, reports: tuple[RankingReport, RankingReport]) -> None:
    """Write the reports (novel targets, all targets)."""
    arrays = {f"{i} {name}": value for i, r in enumerate(reports) for name, value in report_to_arrays(r).items()}
    np.savez_compressed(ranking_path(fingerprint, config), **arrays)  # type: ignore[arg-type]


def load_rankings(fingerprint: str, config: Any) -> tuple[RankingReport, RankingReport] | None:
    """The reports computed beforehand, or None."""
    path = ranking_path(fingerprint, config)
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as file:
        novel, every = (
            report_from_arrays({name[2:]: file[name] for name in file.files if name.startswith(f"{i} ")})
            for i in range(2)
        )
    return novel, every


def cold_path(fingerprint: str, config: Any) -> Path:
    """Where the report on cold items lies."""
    return FOLDER / f"cold_{_name(fingerprint, type(config).__name__, config)}.json"


def save_cold(fingerprint: str, config: Any, report: ColdItemReport) -> None:
    """Write the report on cold items."""
    cold_path(fingerprint, config).write_text(json.dumps(dataclasses.asdict(report)) + "\n")


def load_cold(fingerprint: str, config: Any) -> ColdItemReport | None:
    """The report computed beforehand, or None."""
    path = cold_path(fingerprint, config)
    if not path.exists():
        return None
    values: dict[str, Any] = json.loads(path.read_text())
    fields: dict[str, Any] = {name: Estimate(**v) if isinstance(v, dict) else v for name, v in values.items()}
    return ColdItemReport(**fields)
