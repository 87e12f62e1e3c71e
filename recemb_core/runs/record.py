"""A run as a store has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from recemb_core.evaluation.intervals import Estimate
from recemb_core.runs.spec import RunSpec

if TYPE_CHECKING:
    from recemb_core.experiments.leaderboard.measuring import EntryRun

State = Literal["finished", "running", "failed"]


@dataclass(frozen=True)
class Score:
    """A figure over the users of a part, of one training.

    Attributes:
        value: mean over users.
        low, high: its 95% interval over users; the noise of training is not in it.
        users: who were asked.
        k: length of the list, 0 where it has none.
    """

    value: float
    low: float
    high: float
    users: int
    k: int = 0

    @property
    def estimate(self) -> Estimate:
        """The same for what draws intervals."""
        return Estimate(self.value, self.low, self.high, self.users)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run of a store; equal ids are one run, whichever study it was done for.

    Attributes:
        run_id: of :attr:`RunSpec.run_id`.
        study: that it was done for.
        number: of its trial there.
        trial_id: of the trial in the storage.
        spec: what it is.
        state: ``"finished"``, ``"running"`` or ``"failed"``.
        begun: local time.
        ended: local time, None of one that is running.
        sentence: why it failed, else "".
        seconds: of training, wall clock.
        peak_bytes: the most memory that its process had while it trained, None where nobody measured.
        scores: metric → figure of the main view; empty where nothing was measured.
        figures: what was measured of the vectors themselves, the homophily and the structural score: one figure each,
            of this training; empty where nothing was.
        bytes: on disk, its vectors and its figures of each user.
        has_vectors, has_users: whether these are there: :meth:`RunStore.load`, :meth:`RunStore.user_scores`.
        note, tags, pinned: what a person said of it.
    """

    run_id: str
    study: str
    number: int
    trial_id: int
    spec: RunSpec
    state: State
    begun: datetime | None = None
    ended: datetime | None = None
    sentence: str = ""
    seconds: float | None = None
    peak_bytes: int | None = None
    scores: Mapping[str, Score] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    bytes: int = 0
    has_vectors: bool = False
    has_users: bool = False
    note: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False

    @property
    def name(self) -> str:
        """For people: model, seed, and the first characters of the id."""
        seed = "" if self.spec.seed is None else f", seed {self.spec.seed}"
        return f"{self.spec.model}{seed} ({self.run_id[:6]})"


def differing(records: Mapping[str, RunSpec]) -> dict[str, dict[str, Any]]:
    """Setting → name → value, of the settings that are not the same in all of them; what one lacks is left out.

    >>> from recemb_core.embeddings import Node2VecConfig
    >>> about = {"data": "shop", "fingerprint": "0a", "trained_on": "0b", "model": "node2vec"}
    >>> differing({str(q): RunSpec(**about, config=Node2VecConfig(q=q)) for q in (1.0, 2.0)})
    {'q': {'1.0': 1.0, '2.0': 2.0}}
    """
    return _apart({name: spec.settings for name, spec in records.items()})


def asked_differently(records: Mapping[str, RunSpec]) -> dict[str, dict[str, Any]]:
    """The same of what measured runs were asked (part, split, targets …): their scores are of different questions."""
    return _apart({name: spec.question for name, spec in records.items() if spec.question})


def _apart(known: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(setting for own in known.values() for setting in own)
    found = {}
    for setting in names:
        values = {name: own[setting] for name, own in known.items() if setting in own}
        if len(values) < len(known) or len({repr(value) for value in values.values()}) > 1:
            found[setting] = values
    return found


def scores_of(run: EntryRun) -> dict[str, Score]:
    """Every metric of the main view, over the users of one training."""
    report = run.views["main"]
    k = report.ks[0]
    found = {"hr": (report.hit_rate[k], k), "ndcg": (report.ndcg[k], k), "mrr": (report.mrr, 0)}
    return {name: Score(about.value, about.low, about.high, about.n, k) for name, (about, k) in found.items()}
