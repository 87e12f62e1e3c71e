"""A folder of runs: begun, finished, found again, annotated, deleted; by several programs at once."""

from __future__ import annotations

import dataclasses
import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.foreign_text import for_terminal
from recemb_core.runs import notes
from recemb_core.runs.arrays import ARRAYS, USERS, VECTORS, Arrays, size_of
from recemb_core.runs.database import FILE, LOCK, erase, file_id, needs_optuna, open_storage, told
from recemb_core.runs.finding import Finder
from recemb_core.runs.handle import RunHandle
from recemb_core.runs.limits import RunLimits
from recemb_core.runs.locks import HeldFile, release, waited_for
from recemb_core.runs.reading import DONE, FAILED, RUN
from recemb_core.runs.record import RunRecord
from recemb_core.runs.room import check_room, make_room
from recemb_core.runs.spec import RunSpec
from recemb_core.runs.trials import attributes_of, new_trial
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from recemb_core.experiments.leaderboard.measuring import EntryRun

Aim = Literal["minimize", "maximize"]
KILLED = "its program ended before it was done"


class RunStore:
    """Runs in a folder; see :mod:`recemb_core.runs`.

    The folder holds ``optuna.db`` (Optuna's storage: a trial a run), ``artifacts`` (Optuna's artifact store: vectors
    and figures of each user as ``.npz``), and locks. A run counts from the moment when all of it is written: before
    that it is *running*, and *failed* as soon as its program has ended. Threads may share a store; each program opens
    its own.

    Args:
        folder: made where there is none.
        limits: how much it may hold.

    >>> import tempfile
    >>> from recemb_core.embeddings import Node2VecConfig, train_node2vec
    >>> from recemb_core.prepared import prepare_bundled
    >>> club = prepare_bundled("karate_club")
    >>> spec = RunSpec.of(Node2VecConfig(epochs=1, seed=3), club)
    >>> store = RunStore.open(tempfile.mkdtemp())
    >>> with store.begin("clubs", spec) as handle:
    ...     vectors = train_node2vec(club.graph, spec.config)
    ...     _ = handle.finish(vectors=vectors, seconds=0.1)
    >>> found = store.find(spec)
    >>> found.state, found.spec.settings["epochs"], len(store.load(found.run_id))
    ('finished', 1, 34)
    >>> store.delete(found.run_id), store.runs()
    (None, [])
    """

    def __init__(self, folder: Path, storage: RDBStorage, limits: RunLimits) -> None:
        self.folder, self.limits = folder, limits
        self._storage = storage
        self._arrays = Arrays(folder)
        self._finder = Finder(storage, self._arrays)
        self._running = folder / "running"
        self._running.mkdir(exist_ok=True)
        self._file = file_id(folder / FILE)

    @staticmethod
    def is_in(folder: str | os.PathLike[str]) -> bool:
        """Whether a folder is one of kept runs already: it is not opened, and nothing is made."""
        return (Path(folder).expanduser() / FILE).is_file()

    @classmethod
    def open(cls, folder: str | os.PathLike[str], limits: RunLimits | None = None) -> Self:
        """The store in a folder; runs whose program was killed are failed from now on.

        Raises:
            UsageError: Optuna is not installed, or the folder cannot be used.
        """
        needs_optuna()
        limits = limits or RunLimits.from_environment()
        path = Path(folder).expanduser().absolute()
        store = cls(path, open_storage(path), limits)
        store.tidy()
        return store

    # --- writing ---

    @told
    def begin(self, study: str, run: RunSpec, *, trial: Trial | None = None) -> RunHandle:
        """A run that starts now.

        Args:
            study: that it is a trial of; ``run.study`` is where the app and the command line keep theirs. One that is
                not there is made, with HR@k as its aim (bytes of the vectors where nothing is measured).
            run: what it is.
            trial: of a sweep that is one run a trial: what ``study.ask()`` gave. Without it there is a new one.

        Raises:
            UsageError: the store is full of what must not be removed, or a study of another aim.
        """
        check_room(self)
        with self._alone():
            if trial is None:
                trial_id = new_trial(self._storage, self.study(study, run=run)._study_id, run)
            else:
                trial_id = trial._trial_id
                for name, value in attributes_of(run).items():
                    self._storage.set_trial_user_attr(trial_id, name, value)
            held = HeldFile.soon(self._running / str(trial_id))
            if held is None:
                raise UsageError(f"trial {trial_id} of {study} has a run already")
        return RunHandle(self, study, run, trial_id, trial, held)

    @told
    def annotate(
        self, run_id: str, *, note: str | None = None, tags: Sequence[str] | None = None, pinned: bool | None = None
    ) -> None:
        """Say something of a run; what is None stays as it is. optuna-dashboard shows the note, and can change it.

        Raises:
            UsageError: no such run, or a note or tags that are too long.
        """
        told_tags = None if tags is None else tuple(tag.strip() for tag in tags)
        notes.checked(note, told_tags)
        given = {"note": note, "tags": told_tags, "pinned": pinned}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        with self._alone():
            for study_id, trial in self._finder.trials(run_id):
                system, user = self._finder.attributes(study_id)
                before = notes.read(system, user, trial._trial_id)
                notes.write(self._storage, study_id, trial._trial_id, dataclasses.replace(before, **changes))

    @told
    def delete(self, run_id: str) -> None:
        """Take a run out: nothing of it is left in any file of the folder.

        Raises:
            UsageError: no such run, or it is running.
        """
        with self._alone():
            trials = [trial for _, trial in self._finder.trials(run_id)]
            if any(not trial.state.is_finished() for trial in trials):
                raise UsageError(f"run {run_id} is running; stop it, then delete it")
            for trial in trials:  # files first: rows that name no file are harmless, files that no row names are not
                self._arrays.remove(trial)
            erase(self.folder, [trial._trial_id for trial in trials])

    @told
    def drop_vectors(self, run_id: str) -> None:
        """Remove the vectors of a run; settings, scores and what was said of it stay."""
        with self._alone():
            for _, trial in self._finder.trials(run_id):
                self._arrays.remove(trial, VECTORS)

    @told
    def has_study(self, name: str) -> bool:
        """Whether there is a study of this name."""
        return name in self._finder.studies()

    @told
    def delete_study(self, name: str, *, spare_said: bool = False) -> None:
        """Take a study out with all of its runs and trials.

        Args:
            name: of it.
            spare_said: leave the runs of which somebody has said something: a note, a tag, a pin.

        Raises:
            UsageError: no such study, or a run of it is running.
        """
        with self._alone():
            study = self._finder.studies().get(name)
            if study is None:
                raise UsageError(
                    f"no study is called {for_terminal(name, 80)}; there are {len(self._finder.studies())}"
                )
            trials = self._storage.get_all_trials(study, deepcopy=False)
            if any(RUN in trial.user_attrs and not trial.state.is_finished() for trial in trials):
                raise UsageError(f"a run of {for_terminal(name, 80)} is running; stop it, then delete the study")
            system, user = self._finder.attributes(study)
            said = [notes.read(system, user, one._trial_id) != notes.Said() for one in trials]
            gone = [one for one, spoken in zip(trials, said, strict=True) if not (spare_said and spoken)]
            for trial in gone:
                self._arrays.remove(trial)
            if len(gone) < len(trials):
                erase(self.folder, [trial._trial_id for trial in gone])
            else:
                erase(self.folder, studies=[study])

    @told
    def tidy(self) -> None:
        """Fail the runs whose program has ended, and remove what they had begun to write."""
        with self._alone():
            for study in self._finder.studies().values():
                for trial in self._storage.get_all_trials(study, deepcopy=False):
                    if RUN in trial.user_attrs and not trial.state.is_finished():
                        self._fail_if_dead(trial)
            for path in self._running.iterdir():  # of trials that are gone
                if path.name.isdecimal() and (held := HeldFile.take(path)) is not None:
                    with held:
                        release(path)

    # --- reading ---

    @told
    def runs(self, study: str | None = None, *, fingerprint: str | None = None) -> list[RunRecord]:
        """The runs, the newest first.

        Args:
            study: of this one alone.
            fingerprint: of this data alone.
        """
        found = self._finder.records(study, fingerprint)
        if any(one.state == "running" and not self._alive(one) for one in found):
            self.tidy()
            found = self._finder.records(study, fingerprint)
        return found

    def _alive(self, record: RunRecord) -> bool:
        """Whether the program of a running run is there."""
        held = HeldFile.take(self._running / str(record.trial_id))
        if held is not None:
            held.close()
        return held is None

    def find(self, spec: RunSpec) -> RunRecord | None:
        """The finished run of this identity, or None: what was trained is not trained again."""
        found = self._beginning(spec.run_id).get(spec.run_id)
        return None if found is None or found.state != DONE else found

    def record(self, run_id: str) -> RunRecord:
        """A run by its id, or by the first characters of it where only one begins so.

        Raises:
            UsageError: none, or several.
        """
        found = self._beginning(run_id)
        if len(found) != 1:
            many = f"{len(found)} runs begin with" if found else "no run is called"
            raise UsageError(f"{many} {for_terminal(run_id, 40)!r}; 'recemb runs' lists them")
        return next(iter(found.values()))

    @told
    def _beginning(self, run_id: str) -> dict[str, RunRecord]:
        return self._finder.beginning(run_id)

    @told
    def load(self, run_id: str) -> ItemVectors:
        """The vectors of a run.

        Raises:
            UsageError: no such run, or one without vectors: it has none, or they made room for later ones.
        """
        return ItemVectors.from_arrays(self._read(run_id, VECTORS))

    @told
    def user_scores(self, run_id: str) -> EntryRun:
        """What a run got, user by user; paired differences come from these.

        Raises:
            UsageError: no such run, or one that was not measured.
        """
        from recemb_core.experiments.leaderboard.measuring import EntryRun

        return EntryRun.from_arrays(self._read(run_id, USERS))

    @told
    def study(self, name: str, *, run: RunSpec | None = None, directions: Sequence[Aim] = (), **how: Any) -> Study:
        """Optuna's study of a name, made where there is none.

        Args:
            run: what its aim is read from, where it is new and there are no ``directions``.
            directions: ``"maximize"`` or ``"minimize"`` for each aim, where it is new.
            how: ``sampler`` and ``pruner`` of the study that is given, as ``optuna.create_study`` takes them.
        """
        import optuna

        new = name not in self._finder.studies()
        default: Aim = "minimize" if run is not None and run.protocol is None else "maximize"
        study = optuna.create_study(
            study_name=name, storage=self._storage, directions=list(directions or [default]), load_if_exists=True, **how
        )
        if new and not directions and run is not None:
            with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                study.set_metric_names([run.aim])
        return study

    @property
    def there(self) -> bool:
        """Whether its folder still has the file that was opened; an open file outlives its folder, and is read from."""
        return file_id(self.folder / FILE) == self._file is not None

    @property
    def bytes(self) -> int:
        """Bytes of the whole folder."""
        return size_of(self.folder)

    # --- inside ---

    @told
    def _make_room(self, newest: str) -> None:
        make_room(self, newest)

    @told
    def _put(
        self, handle: RunHandle, arrays: dict[str, dict[str, Any]], facts: dict[str, Any], values: Sequence[float]
    ) -> None:
        """Write a run; the last step makes it finished."""
        work = self._running / f"{handle.trial_id}.d"
        try:
            facts["arrays"] = {
                name: self._arrays.write(self._storage, handle.trial_id, work / ARRAYS[name], found)
                for name, found in arrays.items()
            }
            self._storage.set_trial_user_attr(handle.trial_id, "result", facts)
            self._carry_over(handle)
            self._tell(handle, values)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _tell(self, handle: RunHandle, values: Sequence[float]) -> None:
        from optuna.trial import TrialState

        aims = len(self._storage.get_study_directions(self._finder.studies()[handle.study]))
        if len(values) != aims:
            raise UsageError(f"{handle.study} has {aims} aims, and {len(values)} values are given; give one for each")
        if handle.trial is not None:
            handle.trial.study.tell(handle.trial, list(values))
        else:
            self._storage.set_trial_state_values(handle.trial_id, TrialState.COMPLETE, values)

    def _carry_over(self, handle: RunHandle) -> None:
        """Note and tags of an earlier training of the same run go over to this one."""
        for study_id, trial in self._finder.trials(handle.run.run_id):
            if trial._trial_id != handle.trial_id:
                system, user = self._finder.attributes(study_id)
                said = notes.read(system, user, trial._trial_id)
                if said != notes.Said():
                    own = self._storage.get_study_id_from_name(handle.study)
                    notes.write(self._storage, own, handle.trial_id, said)

    @told
    def _fail(self, trial_id: int, sentence: str) -> None:
        from optuna.trial import TrialState

        trial = self._storage.get_trial(trial_id)
        self._arrays.remove(trial)
        self._storage.set_trial_user_attr(trial_id, FAILED, sentence)
        self._storage.set_trial_state_values(trial_id, TrialState.FAIL)

    def _fail_if_dead(self, trial: FrozenTrial) -> None:
        path = self._running / str(trial._trial_id)
        held = HeldFile.take(path)
        if held is None:
            return
        with held:
            # It may have been finished since it was listed, and then given up its lock.
            if not self._storage.get_trial(trial._trial_id).state.is_finished():
                self._fail(trial._trial_id, KILLED)
            release(path)

    def _read(self, run_id: str, name: str) -> dict[str, Any]:
        for _, trial in reversed(self._finder.trials(run_id)):
            found = self._arrays.read(trial, name)
            if found is not None:
                return found
        what = "vectors: it has none, or they made room for later runs" if name == VECTORS else "figures of its users"
        raise UsageError(f"run {run_id} has no {what}; train it again")

    def _alone(self) -> Any:
        return waited_for(self.folder / LOCK)
