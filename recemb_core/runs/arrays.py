"""Arrays of runs in Optuna's artifact store."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recemb_core.array_files import load_arrays, save_arrays
from recemb_core.arrays import AnyArray

if TYPE_CHECKING:
    from optuna.artifacts import FileSystemArtifactStore
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

VECTORS, USERS = "vectors", "users"
ARRAYS = {VECTORS: "vectors.npz", USERS: "figures_of_users.npz"}
_PREFIX = "artifacts:"  # of the attributes by which a trial names its artifacts


class Arrays:
    """Files of runs: ``folder/artifacts``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "artifacts"
        self._folder.mkdir(exist_ok=True)

    def _store(self) -> FileSystemArtifactStore:
        from optuna.artifacts import FileSystemArtifactStore

        return FileSystemArtifactStore(self._folder)

    def write(self, storage: BaseStorage, trial_id: int, draft: Path, arrays: Mapping[str, AnyArray]) -> str:
        """Keep arrays for a trial; returns the id of the artifact.

        Args:
            storage: that has the trial.
            trial_id: of it.
            draft: where the file is written first; its name is what others see.
            arrays: by name.
        """
        from optuna.artifacts import upload_artifact

        draft.parent.mkdir(exist_ok=True)
        save_arrays(draft, arrays)
        trial = storage.get_trial(trial_id)
        found: str = upload_artifact(
            artifact_store=self._store(), file_path=str(draft), study_or_trial=trial, storage=storage
        )
        draft.unlink()
        return found

    def path(self, trial: FrozenTrial, name: str) -> Path | None:
        """Where a trial's arrays are; None where it has none, or they were removed."""
        for key, told in trial.system_attrs.items():
            if key.startswith(_PREFIX) and json.loads(told).get("filename") == ARRAYS[name]:
                path = self._folder / Path(key.removeprefix(_PREFIX)).name
                if path.is_file():
                    return path
        return None

    def read(self, trial: FrozenTrial, name: str) -> dict[str, Any] | None:
        """A trial's arrays; None where it has none, or a file of them that is torn."""
        path = self.path(trial, name)
        try:
            return None if path is None else load_arrays(path)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def remove(self, trial: FrozenTrial, name: str = "") -> None:
        """Remove a trial's files, or one of them."""
        for key, told in trial.system_attrs.items():
            if key.startswith(_PREFIX) and (not name or json.loads(told).get("filename") == ARRAYS[name]):
                (self._folder / Path(key.removeprefix(_PREFIX)).name).unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder; one that goes meanwhile counts nothing."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found += os.stat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return found
