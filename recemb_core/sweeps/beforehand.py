"""Sweeps that were run beforehand: their runs as arrays, and what they are found by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recemb_core import precomputed
from recemb_core.array_files import Arrays, from_json, to_json
from recemb_core.result_files import Key, key_of
from recemb_core.sweeps.ground import Ground
from recemb_core.sweeps.records import Run
from recemb_core.sweeps.running import known_by


def swept_key(ground: Ground) -> Key:
    """What the runs of a sweep are found by: all that its figures depend on, its budget aside."""
    configs = {"config": ground.base.entry.config}
    if not ground.plan.by_structure:
        configs |= {"query": ground.base.entry.query, "protocol": ground.plan.protocol}
    said = json.dumps(known_by(ground), sort_keys=True)
    kind = "swept_structure" if ground.plan.by_structure else "swept"
    return key_of(kind, ground.source, **configs, sweep=said)


def swept_to_arrays(runs: Sequence[Run]) -> Arrays:
    """Runs as arrays; their seconds are left out: who measured them had other work beside."""
    quiet = [replace(run, users=np.empty(0), train_seconds=0.0, seconds=0.0).to_line() for run in runs]
    return {"runs": to_json(quiet), "users": np.stack([run.users for run in runs])}


def load_swept(ground: Ground) -> list[Run]:
    """The runs computed beforehand, or none."""
    found = precomputed.load(swept_key(ground))
    if found is None:
        return []
    lines = from_json(found["runs"])
    return [replace(Run.from_line(line), users=users) for line, users in zip(lines, found["users"], strict=True)]
