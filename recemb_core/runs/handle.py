"""A run that has begun, and is finished or fails."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.runs.arrays import USERS, VECTORS
from recemb_core.runs.locks import HeldFile, release
from recemb_core.runs.record import RunRecord, scores_of
from recemb_core.runs.spec import RunSpec
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from optuna.trial import Trial

    from recemb_core.experiments.leaderboard.measuring import EntryRun
    from recemb_core.runs.store import RunStore


@dataclasses.dataclass(eq=False)
class RunHandle:
    """A run that has begun. As a context it fails where its block is left before it is finished.

    Attributes:
        study: that it belongs to.
        run: what it is.
        trial_id: of Optuna's trial.
        trial: what a sweep gave.
    """

    store: RunStore
    study: str
    run: RunSpec
    trial_id: int
    trial: Trial | None
    _held: HeldFile

    @cached_property
    def run_id(self) -> str:
        """What the store finds it by."""
        return self.run.run_id

    @property
    def over(self) -> bool:
        """Whether it is finished or failed."""
        return self._held.closed

    def finish(
        self,
        *,
        vectors: ItemVectors | None = None,
        scores: EntryRun | None = None,
        figures: Mapping[str, float] | None = None,
        seconds: float | None,
        peak_bytes: int | None = None,
        values: Sequence[float] | None = None,
    ) -> RunRecord:
        """Keep what came out of it. Where that fails, the run fails, and everything finished before stays.

        Args:
            vectors: its item vectors, where it has some.
            scores: what it got, where it was measured.
            figures: name → figure of the vectors themselves, see :class:`RunRecord`.
            seconds: of training, wall clock; None where nobody took the time.
            peak_bytes: the most memory that its process had, where that is known.
            values: one for each aim of the study; by default HR@k, or bytes of the vectors where nothing is measured.

        Raises:
            UsageError: it is over, it has no scores and its study is about these, or the disk is full.
        """
        if self.over:
            raise UsageError(f"run {self.run_id} is finished or failed already; begin another")
        measured = {} if scores is None else scores_of(scores)
        if values is None:
            if self.run.protocol is not None and scores is None:
                raise UsageError("a run with a protocol is finished with its scores, or with values")
            held = 0 if vectors is None else vectors.vectors.nbytes
            values = [measured["hr"].value if self.run.protocol is not None else held]
        arrays = {} if vectors is None else {VECTORS: dict(vectors.to_arrays())}
        if scores is not None:
            arrays[USERS] = dict(scores.to_arrays())
        facts = {
            "seconds": seconds,
            "peak_bytes": peak_bytes,
            "scores": {name: dataclasses.asdict(one) for name, one in measured.items()},
            "figures": {name: float(value) for name, value in (figures or {}).items()},
        }
        try:
            self.store._put(self, arrays, facts, [float(value) for value in values])
        except BaseException as error:
            self.fail(str(error))
            raise
        self._close()
        self.store._make_room(self.run_id)
        return self.store.record(self.run_id)

    def fail(self, sentence: str) -> None:
        """It came to nothing; nothing of its arrays is kept."""
        if self.over:
            return
        try:
            self.store._fail(self.trial_id, sentence[:2_000])
        except UsageError:
            return self._held.close()  # a full disk: whoever opens the store next sees that it has ended
        self._close()
        return None

    def _close(self) -> None:
        release(self._held.path)
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.over:
            self.fail(
                str(error) or kind.__name__ if error is not None and kind is not None else "it was left unfinished"
            )
