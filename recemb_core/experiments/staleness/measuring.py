"""Train what every window and age needs, and ask it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.evaluation.ranking import Scorer
from recemb_core.experiments.staleness.cold import ColdItems
from recemb_core.experiments.staleness.plan import WEEK, StalenessConfig, Timeline, timeline
from recemb_core.experiments.staleness.questions import asked, window_questions
from recemb_core.experiments.staleness.report import METRICS, Arm, StalenessReport
from recemb_core.experiments.staleness.tables import Table, train_table
from recemb_core.progress import Cancel, Progress
from recemb_core.scorers import popularity_scorer
from recemb_core.sequences import Sequences
from recemb_core.splits import between
from recemb_core.validation import UsageError

T = TypeVar("T")
ON_TABLE: tuple[Arm, ...] = ("table", "popularity")
WITH_NETWORK: tuple[Arm, ...] = ("table", "network_fresh", "network_old", "popularity")


def measure_staleness(
    sequences: Sequences, config: StalenessConfig, *, progress: Progress | None = None, cancel: Cancel = None
) -> StalenessReport:
    """Tables, and networks on them, trained up to several weeks before a week that they are asked about.

    For each window (T, T + 1 week] and each age a, a table is trained on what happened up to T − a. It is asked about
    the events (baskets) of the window, each with all of the user's past up to then, in up to four ways: by the mean of
    the history's vectors; by YouTube's network trained up to T, which reads the table as it is and has columns of its
    own; by that network trained up to T − a as well; and, as a floor, by popularity up to T − a. Nothing is masked.

    Args:
        sequences: with timestamps, and users where they are known.
        config: see :class:`StalenessConfig`.
        progress, cancel: called with (fraction, stage); True ends it with ``TrainingCancelled``.

    Raises:
        ValueError: no times, too short a log (:func:`~recemb_core.experiments.staleness.plan.timeline`), a window in
            which nobody can be asked, or a training part without anything to learn from.

    >>> from recemb_core.datasets import load_dataset
    >>> from recemb_core.embeddings import Item2VecConfig
    >>> shop = load_dataset("planted_shop").sequences
    >>> table = Item2VecConfig(dimensions=8, epochs=1, mode="sequence")
    >>> found = measure_staleness(shop, StalenessConfig(table=table, ages=(0, 1), windows=2, questions=100))
    >>> found.figures.shape[:3], found.questions, found.unknown.tolist()
    ((2, 2, 3), 47, [0, 0])
    """
    lines = timeline(sequences, config.ages, config.windows)
    run = _Run(sequences, config, lines, progress, cancel)
    for w in range(config.windows):
        run.window(w)
    users = np.unique(np.concatenate([part.users for part in run.blocks]), return_inverse=True)[1]
    return StalenessReport(
        config=config,
        arms=run.arms,
        figures=np.concatenate([part.figures for part in run.blocks], axis=3).astype(np.float32),
        users=users.astype(np.int32),
        windows=np.repeat(np.arange(config.windows), [len(part.users) for part in run.blocks]).astype(np.int32),
        starts=np.array(lines.starts),
        learned=lines.learned,
        questions=sum(part.questions for part in run.blocks),
        targets=sum(part.targets for part in run.blocks),
        unknown=np.sum([part.unknown for part in run.blocks], axis=0).astype(np.int64),
        cold=run.cold.found(),
        seconds={what: float(np.median(spent)) for what, spent in run.seconds.items()},
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """One window: figures (arms, ages, metrics, users), and what was asked."""

    figures: Float64Array
    users: Int64Array
    questions: int
    targets: int
    unknown: Int64Array


@dataclass
class _Run:
    sequences: Sequences
    config: StalenessConfig
    lines: Timeline
    progress: Progress | None
    cancel: Cancel
    blocks: list[_Block] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.arms = ON_TABLE if self.config.network is None else WITH_NETWORK
        self.cold = ColdItems(self.config)

    def window(self, w: int) -> None:
        """Everything about one window."""
        config, start = self.config, self.lines.starts[w]
        seed = config.seed + w
        questions = window_questions(self.sequences, start, start + WEEK, most=config.questions, seed=seed)
        if not len(questions):
            raise UsageError(
                f"in week {w + 1} of the {config.windows} asked about nobody did anything that has something before "
                "it; choose fewer weeks, or give a log without such gaps"
            )
        users, of_case = np.unique(questions.users, return_inverse=True)
        wanted = np.concatenate(questions.targets)
        figures = np.empty((len(self.arms), len(config.ages), len(METRICS), len(users)))
        unknown = np.zeros(len(config.ages), dtype=np.int64)
        now = self.part(start, 0)
        for j, age in enumerate(config.ages):
            tell = self.teller(w, j)
            train = now if age == 0 else self.part(start, age)
            unknown[j] = np.count_nonzero(train.counts[wanted] == 0)
            for i, scorer in enumerate(self.scorers(now, train, seed, tell)):
                figures[i, j] = _by_case(asked(scorer, questions, config.k), of_case, len(users))
            self.cold.ask(train, questions, w, age, _share(tell, 0.9, 1), self.cancel)
        self.blocks.append(_Block(figures, users, len(questions), len(wanted), unknown))

    def scorers(self, now: Sequences, train: Sequences, seed: int, tell: Progress) -> list[Scorer]:
        """What is asked, in the order of the arms."""
        config, cancel = self.config, self.cancel
        own = replace(config.table, seed=seed) if hasattr(config.table, "seed") else config.table
        table = self.timed("table", lambda: train_table(train, own, progress=_share(tell, 0, 0.3), cancel=cancel))
        found: list[Scorer] = [table.scorer()]
        if config.network is not None:
            fresh = self.network(now, table, seed, _share(tell, 0.3, 0.6))
            old = fresh if train is now else self.network(train, table, seed, _share(tell, 0.6, 0.9))
            found += [fresh, old]
        return [*found, popularity_scorer(train.counts)]

    def network(self, train: Sequences, table: Table, seed: int, tell: Progress) -> Scorer:
        """YouTube's network on the table."""
        from recemb_core.deep.youtube_dnn import train_youtube_dnn

        assert self.config.network is not None
        rows = table.rows
        own = replace(self.config.network, dimensions=rows.shape[1], seed=seed)
        model = self.timed(
            "network", lambda: train_youtube_dnn(train, own, table=rows, progress=tell, cancel=self.cancel)
        )
        return model.scores

    def part(self, start: float, age: int) -> Sequences:
        """What a training of that age sees."""
        found = between(self.sequences, *self.lines.training(start, age, self.config.all_before))
        if not len(found.tokens):
            raise UsageError("a training part of this log has no event at all; choose fewer weeks or younger tables")
        return found

    def timed(self, what: str, work: Callable[[], T]) -> T:
        """Its result; the processor seconds are noted: of all threads, whatever runs beside."""
        begun = time.process_time()
        found = work()
        self.seconds.setdefault(what, []).append(time.process_time() - begun)
        return found

    def teller(self, w: int, j: int) -> Progress:
        """Progress of one age of one window."""
        config = self.config
        done, steps = w * len(config.ages) + j, config.windows * len(config.ages)

        def tell(fraction: float, stage: str) -> None:
            if self.progress is not None:
                words = f"week {w + 1} of {config.windows}, {config.ages[j]} weeks old: {stage}"
                self.progress((done + fraction) / steps, words)

        return tell


def _share(tell: Progress, low: float, high: float) -> Progress:
    return lambda fraction, stage: tell(low + fraction * (high - low), stage)


def _by_case(values: Float64Array, case: Int64Array, count: int) -> Float64Array:
    """Means over each user's questions, (3, q) → (3, count)."""
    many = np.bincount(case, minlength=count)
    return np.stack([np.bincount(case, weights=line, minlength=count) / many for line in values])
