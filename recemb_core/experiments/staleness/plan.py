"""What is compared: which table, how old, over which weeks; and whether a log is long enough for it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.embeddings.registry import spec_of
from recemb_core.sequences import Sequences
from recemb_core.splits import event_times
from recemb_core.validation import UsageError, is_whole, require

if TYPE_CHECKING:
    from recemb_core.deep.youtube_dnn import YouTubeDNNConfig

AGES = (0, 1, 2, 4, 8)
"""Weeks between the end of what a table has learned from and the week that it is asked about."""
WEEK = 7 * 86_400.0
MOST_WINDOWS, USUAL_WINDOWS, LEAST_WINDOWS = 12, 6, 3
LEARNED_SHARE = 1 / 3  # of the log, at least, that the usual plan leaves to learn from
LEAST_LEARNED = 1.0  # weeks


@dataclass(frozen=True, kw_only=True)
class StalenessConfig:
    """What is trained, how old it grows, and what it is asked.

    Attributes:
        table: config of any registered model of item vectors.
        network: what reads the table: YouTube's network, whose ``dimensions`` are set to the table's. None: the mean of
            the history's vectors, which has nothing to train.
        ages: whole weeks, rising, the first 0.
        windows: weeks at the end of the log that are asked about, each with trainings and a seed of its own.
        all_before: whether a training sees all that came before its end. False: the same number of weeks at every age,
            so that an old table is old and not also trained on less.
        cold: whether EGES and two-tower are asked about the items that the old table does not know, where there is side
            information and there are such items.
        questions: of each window at most so many events (baskets) are asked about, drawn at random.
        k: length of the lists.
        seed: of the first window; the others follow it.

    Raises:
        ValueError: a field out of range, or the config of no registered model.

    >>> from recemb_core.embeddings import Item2VecConfig
    >>> StalenessConfig(table=Item2VecConfig()).ages
    (0, 1, 2, 4, 8)
    """

    table: Any
    network: YouTubeDNNConfig | None = None
    ages: tuple[int, ...] = AGES
    windows: int = USUAL_WINDOWS
    all_before: bool = False
    cold: bool = True
    questions: int = 2_000
    k: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        spec_of(self.table)
        ages = self.ages
        fine = len(ages) >= 2 and all(is_whole(age) for age in ages) and ages[0] == 0
        fine = fine and all(a < b for a, b in pairwise(ages))
        require(fine, "ages", ages, "two or more whole numbers of weeks, rising from 0")
        many = is_whole(self.windows) and 2 <= self.windows <= MOST_WINDOWS
        require(many, "windows", self.windows, f"a whole number from 2 to {MOST_WINDOWS}")
        for name in ("questions", "k"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number, 1 or more")
        require(is_whole(self.seed) and 0 <= self.seed < 2**31, "seed", self.seed, "from 0 to 2^31 − 1")


@dataclass(frozen=True)
class Timeline:
    """Where a plan lies in a log; unix seconds.

    Attributes:
        first, end: of the log, ``end`` just after its last event.
        starts: of the windows, oldest first; each is a week long, the last one ends the log.
        learned: weeks that every training sees, where it does not see all before.
    """

    first: float
    end: float
    starts: tuple[float, ...]
    learned: float

    def training(self, start: float, age: int, all_before: bool) -> tuple[float, float]:
        """(from, to) of what a table of that age has learned from when the window at ``start`` begins."""
        stop = start - age * WEEK
        return (self.first if all_before else stop - self.learned * WEEK), stop


def timeline(sequences: Sequences, ages: tuple[int, ...], windows: int) -> Timeline:
    """Windows at the end of the log, and the weeks that are left to learn from at every age.

    Raises:
        ValueError: no times, or a log too short for these ages and windows; the message says how long it is.
    """
    first, end = _span(sequences)
    starts = tuple(end - (windows - j) * WEEK for j in range(windows))
    learned = (starts[0] - ages[-1] * WEEK - first) / WEEK
    if learned < LEAST_LEARNED:
        raise UsageError(
            f"the log spans {(end - first) / WEEK:.1f} weeks, and tables up to {ages[-1]} weeks old, asked about "
            f"{windows} weeks, need at least {windows + ages[-1] + LEAST_LEARNED:.0f}; choose younger tables or fewer "
            "weeks, or give a longer log"
        )
    return Timeline(first, end, starts, learned)


def _span(sequences: Sequences) -> tuple[float, float]:
    if sequences.timestamps is None:
        raise UsageError("age is measured in weeks, and these sequences have no timestamps; map a column for the time")
    times = event_times(sequences)
    if not len(times):
        raise UsageError("there is no event in these sequences, so nothing can grow old")
    return float(np.min(times)), float(np.nextafter(np.max(times), np.inf))


def usual_network(seed: int = 0) -> YouTubeDNNConfig:
    """The network on top as the page has it: YouTube's, three epochs, the newest 100 events.

    >>> usual_network().epochs
    3
    """
    from recemb_core.deep.youtube_dnn import YouTubeDNNConfig

    return YouTubeDNNConfig(epochs=3, history_length=100, seed=seed)


def staleness_config(sequences: Sequences, table: Any, **settings: Any) -> StalenessConfig:
    """The plan that a log has room for: ages up to 8 weeks and up to 6 windows, a third of the log left to learn from.

    Args:
        sequences: with timestamps.
        table: config of any registered model of item vectors.
        **settings: further fields of :class:`StalenessConfig`; ``ages`` and ``windows`` are then not chosen.

    Raises:
        ValueError: no times, or a log too short for a table of one week and three windows.

    >>> from recemb_core.datasets import load_dataset
    >>> from recemb_core.embeddings import Item2VecConfig
    >>> plan = staleness_config(load_dataset("planted_shop").sequences, Item2VecConfig())
    >>> plan.ages, plan.windows
    ((0, 1, 2), 3)
    """
    first, end = _span(sequences)
    weeks = (end - first) / WEEK
    room = weeks - max(LEARNED_SHARE * weeks, LEAST_LEARNED)  # for ages and windows together
    oldest = max((age for age in AGES[1:] if age + LEAST_WINDOWS <= room), default=0)
    if not oldest and not {"ages", "windows"} <= settings.keys():
        raise UsageError(
            f"the log spans {weeks:.1f} weeks; to see tables grow a week older over {LEAST_WINDOWS} windows, and to "
            f"leave a third of it to learn from, {(1 + LEAST_WINDOWS) / (1 - LEARNED_SHARE):.0f} are needed: give a "
            "longer log"
        )
    usual: dict[str, Any] = {
        "ages": tuple(age for age in AGES if age <= oldest),
        "windows": int(min(USUAL_WINDOWS, room - oldest)) if oldest else USUAL_WINDOWS,
    }
    return StalenessConfig(table=table, **usual | settings)
