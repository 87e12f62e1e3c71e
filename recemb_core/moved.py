"""Where modules have gone: an old import path still works, and says where its names are now.

A path that stood in a page's 'As Python' may stand in somebody's notebook.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

# Old module → new module; names within a module have not changed. Kept for one release.
MOVED = {
    f"recemb_core.{old}": f"recemb_core.{new}"
    for old, new in {
        "deep.comparison": "experiments.networks",
        "deep.pretraining": "experiments.pretraining",
        "edge_lists": "item_graph.edge_lists",
        "embeddings.comparison": "embeddings.registry",
        "embeddings.reporter": "progress",
        "evaluation.kd_tree_decay": "experiments.kd_tree_decay",
        "evaluation.neighbor_recall": "experiments.index_race",
        "evaluation.quiet_timing": "timing",
        "exporting": "embeddings.exporting",
        "neighbors.lsh_cells": "neighbors.lsh.cells",
        "neighbors.lsh_curve": "neighbors.lsh.curve",
        "neighbors.lsh_draws": "neighbors.lsh.draws",
        "neighbors.lsh_explain": "neighbors.lsh.explain",
        "neighbors.lsh_hashing": "neighbors.lsh.hashing",
        "neighbors.lsh_pairs": "neighbors.lsh.pairs",
        "neighbors.lsh_theory": "neighbors.lsh.theory",
        "neighbors.threads": "parallel",
        "placing": "layouts.placing",
        "runs.peak": "peak_memory",
        "planted": "datasets.planted",
        "point_clouds": "datasets.point_clouds",
        "recall_comparison": "experiments.recall_models",
        "recall_indexes": "experiments.recall_indexes",
        "side_fields": "side_information",
        "walk_statistics": "walks.statistics",
        "walk_tables": "walks.tables",
    }.items()
}

# (Module, name that has left it) → module where it is now. Such a module's ``__getattr__`` asks :func:`moved_name`.
MOVED_NAMES = {
    ("recemb_core.deep.recall", "history_average"): "recemb_core.deep.average",
    ("recemb_core.deep.histories", "UserFields"): "recemb_core.deep.user_fields",
    ("recemb_core.evaluation.ranking", "popularity_scorer"): "recemb_core.scorers",
    **{
        ("recemb_core.sweeps", name): "recemb_core.experiments.sweep"
        for name in (
            "SweepBase",
            "SweepCell",
            "SweepConfig",
            "judge_sweep",
            "sweep_base",
            "sweep_cell",
            "sweep_from_arrays",
            "sweep_to_arrays",
        )
    },
}


def moved_name(module: str, name: str) -> Any:
    """What a module gave under this name before it moved; an AttributeError where nothing did."""
    if (module, name) not in MOVED_NAMES:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    new = MOVED_NAMES[module, name]
    warnings.warn(f"{module}.{name} has moved to {new}", DeprecationWarning, stacklevel=3)
    return getattr(importlib.import_module(new), name)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads the new module under the old name."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name in MOVED else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        new = MOVED[spec.name]
        warnings.warn(f"{spec.name} has moved to {new}", DeprecationWarning, stacklevel=2)
        found = importlib.import_module(new)
        # The importer writes the old name into a module's spec; the module itself keeps its own.
        alias = ModuleType(spec.name, found.__doc__)
        alias.__dict__.update({key: value for key, value in vars(found).items() if not key.startswith("__")})
        return alias

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: the new module is loaded."""


def install() -> None:
    """Let old paths be found, after all others."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
