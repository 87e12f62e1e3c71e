"""Runs looked up in Optuna's storage: all of them, those whose id begins so, those of one identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recemb_core.foreign_text import for_terminal
from recemb_core.runs import notes
from recemb_core.runs.arrays import Arrays
from recemb_core.runs.reading import RUN_ID, best_of, record_of
from recemb_core.runs.record import RunRecord
from recemb_core.runs.trials import trials_of
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial


class Finder:
    """Of one store: its storage, and its files."""

    def __init__(self, storage: RDBStorage, arrays: Arrays) -> None:
        self._storage, self._arrays = storage, arrays

    def studies(self) -> dict[str, int]:
        """Name → number of every study."""
        return {study.study_name: study._study_id for study in self._storage.get_all_studies()}

    def attributes(self, study: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """(system, user) attributes of a study, which hold what was said of its trials."""
        return self._storage.get_study_system_attrs(study), self._storage.get_study_user_attrs(study)

    def trials(self, run_id: str) -> list[tuple[int, FrozenTrial]]:
        """(study, trial) of every training of a run.

        Raises:
            UsageError: there is none.
        """
        found = [one for one in trials_of(self._storage, run_id) if one[1].user_attrs.get(RUN_ID) == run_id]
        if not found:
            raise UsageError(f"there is no run {for_terminal(run_id, 40)!r}; it may have been deleted")
        return found

    def records(self, study: str | None, fingerprint: str | None) -> list[RunRecord]:
        """All runs, or those of a study or of some data, the newest first."""
        found: dict[str, list[RunRecord]] = {}
        for name, number in self.studies().items():
            if study is not None and name != study:
                continue
            attributes = self.attributes(number)
            for trial in self._storage.get_all_trials(number, deepcopy=False):
                record = record_of(name, trial, notes.read(*attributes, trial._trial_id), self._arrays)
                if record is not None and fingerprint in (None, record.spec.fingerprint):
                    found.setdefault(record.run_id, []).append(record)
        return sorted(map(best_of, found.values()), key=lambda one: (str(one.begun), one.number), reverse=True)

    def beginning(self, run_id: str) -> dict[str, RunRecord]:
        """Runs whose id begins so."""
        names = {number: name for name, number in self.studies().items()}
        found: dict[str, list[RunRecord]] = {}
        for study, trial in trials_of(self._storage, run_id):
            said = notes.read(*self.attributes(study), trial._trial_id)
            record = record_of(names.get(study, ""), trial, said, self._arrays)
            if record is not None:
                found.setdefault(record.run_id, []).append(record)
        return {one: best_of(records) for one, records in found.items()}
