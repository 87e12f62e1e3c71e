"""What a comparison of models is about: how the log is split, which targets count, how long a list is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from recemb_core.validation import UsageError, is_whole, require

Part = Literal["validation", "test"]
Split = Literal["leave_last_out", "global_time"]
Targets = Literal["all", "first_time", "repeated"]

PARTS: tuple[Part, ...] = ("validation", "test")
REPEATS_FROM = 0.05
"""Share of repeats from which on nothing is masked: below it a mask loses hardly a target, above it many."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How models are compared; one protocol gives one question, and answers to two questions are never compared.

    *Leave last out*: of each user the last event (of baskets: the last basket) is the test, the one before it the
    validation, all that is older is learned from. Every user counts once, and many are asked about. But what others did
    later than a user's target is learned from as well, which no live system could.

    *Global time*: one moment cuts the log for everybody. Learned from is what came before it; asked about are the users
    with a history by then, each about the first event (basket) after it. Nothing of the future is known, fewer users
    are asked about, and new items are misses.

    In both the test part is ranked by models that are trained on the validation part as well, as they would be when put
    to use; see :func:`~recemb_core.experiments.leaderboard.part_cases`.

    Attributes:
        split: ``"leave_last_out"`` or ``"global_time"``.
        validation_share, test_share: of a global split, shares of all events that come after the two cuts.
        validation_from, test_from: of a global split, the cuts as ISO dates or times ("2011-11-01"; UTC where nothing
            else is said) in place of shares.
        targets: ``"all"``: every target counts and nothing is masked. ``"first_time"``: items of the history are masked
            and only other items are targets. ``"repeated"``: only targets that the history holds count, nothing is
            masked. None: decided from the share of repeats in the training part, see
            :class:`~recemb_core.experiments.leaderboard.TargetChoice`.
        ks: lengths of the lists; the first is the one that a table shows.
        most_users: a larger number of users is asked about by a fixed sample of that size; None: all.

    Raises:
        ValueError: a field out of range, or only one of the two dates, or dates in the wrong order.

    References:
        Meng, McCreadie, Macdonald, Ounis, *Exploring Data Splitting Strategies for the Evaluation of Recommendation
        Models* (RecSys 2020). Ji, Sun, Zhang, Li, *A Critical Study on Data Leakage in Recommender System Offline
        Evaluation* (TOIS 2023).

    >>> Protocol().k, Protocol(split="global_time", validation_from="2011-10-01", test_from="2011-11-01").cuts
    (10, (1317427200.0, 1320105600.0))
    """

    split: Split = "leave_last_out"
    validation_share: float = 0.1
    test_share: float = 0.1
    validation_from: str | None = None
    test_from: str | None = None
    targets: Targets | None = None
    ks: tuple[int, ...] = (10, 20, 50, 100)
    most_users: int | None = 3_000

    def __post_init__(self) -> None:
        require(
            self.split in ("leave_last_out", "global_time"), "split", self.split, "'leave_last_out' or 'global_time'"
        )
        for name in ("validation_share", "test_share"):
            require(0 < getattr(self, name) < 1, name, getattr(self, name), "between 0 and 1")
        both = self.validation_share + self.test_share
        require(both < 1, "validation_share + test_share", both, "below 1, so that something is left to learn from")
        known = self.targets in (None, "all", "first_time", "repeated")
        require(known, "targets", self.targets, "'all', 'first_time', 'repeated' or None")
        fine = len(self.ks) > 0 and all(is_whole(k) and k >= 1 for k in self.ks) and len(set(self.ks)) == len(self.ks)
        require(fine, "ks", self.ks, "distinct whole numbers, each 1 or more, at least one")
        users = self.most_users
        require(users is None or (is_whole(users) and users >= 2), "most_users", users, "None or 2 or more")
        if self.cuts is not None:
            require(self.cuts[0] < self.cuts[1], "test_from", self.test_from, f"later than {self.validation_from}")

    @property
    def k(self) -> int:
        """Length of the list that a table shows."""
        return self.ks[0]

    @property
    def cuts(self) -> tuple[float, float] | None:
        """Unix seconds of the two dates; None where there are none."""
        if self.validation_from is None and self.test_from is None:
            return None
        if self.validation_from is None or self.test_from is None:
            raise UsageError("give validation_from and test_from, or neither: two cuts make three parts")
        return _seconds("validation_from", self.validation_from), _seconds("test_from", self.test_from)


def _seconds(name: str, text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name} must be a date like '2011-11-01' or a date with a time, not {text!r}") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
