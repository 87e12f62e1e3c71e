"""From a log and a protocol to the users who are asked about, what is known of them, and what came next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recemb_core.arrays import BoolArray, Int32Array, Int64Array, StrArray
from recemb_core.embeddings import default_graph
from recemb_core.evaluation.ranking import View
from recemb_core.experiments.leaderboard.protocol import REPEATS_FROM, Part, Protocol, Targets
from recemb_core.experiments.leaderboard.vector_measures import links_to_come
from recemb_core.experiments.recall_models import recall_fingerprint
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences
from recemb_core.splits import event_order, leave_last_out, share_of_repeats, split_at, user_streams
from recemb_core.timing import timed
from recemb_core.validation import UsageError, require

VIEWS = ("main", "all", "first_time", "repeated", "head", "tail", "unmasked")
"""What every run is measured on: the protocol's targets, all kinds of targets, head and tail, and a mistake."""
HEAD_SHARE = 0.5
"""Share of the training events that the head's items hold together."""


@dataclass(frozen=True)
class TargetChoice:
    """Which targets count, and why.

    Attributes:
        targets: ``"all"``, ``"first_time"`` or ``"repeated"``.
        repeats: share of a user's training events, the first event (basket) aside, whose item the user had before,
            mean over users; NaN where nobody has a second.
        decided: whether the data decided, because the protocol left it open.
    """

    targets: Targets
    repeats: float
    decided: bool

    @property
    def masked(self) -> bool:
        """Whether items of the history are kept off the lists."""
        return self.targets == "first_time"

    @property
    def words(self) -> str:
        """The choice and its reason, in a sentence or two.

        >>> TargetChoice("all", 0.3, True).words.partition(":")[0]
        'Nothing is masked and every target counts'
        """
        what = {
            "all": "Nothing is masked and every target counts",
            "first_time": "Items of the history are masked and only first-time targets count",
            "repeated": "Nothing is masked and only targets that the user had before count",
        }[self.targets]
        if np.isnan(self.repeats):
            return f"{what}: nobody has a second event to tell repeats by."
        seen = f"{self.repeats:.1%} of a user's events repeat an item that the user had before (mean over users)"
        if not self.decided:
            return f"{what}, as was asked for; {seen}."
        return f"{what}: {seen}, {'fewer than' if self.masked else 'at least'} {REPEATS_FROM:.0%}."


@dataclass(frozen=True, eq=False)
class PartCases:
    """One part of a split: what is learned from, who is asked about what.

    Attributes:
        protocol: that made it.
        part: ``"validation"`` or ``"test"``.
        train: all that models may learn from; the whole vocabulary.
        users: str (q,), those asked about.
        histories: item rows of each user before the cut, oldest first.
        targets: item rows of what came next, each once.
        choice: which targets count.
        there: users with a history and a target, before sampling.
        cut: unix seconds of the global cut; None where each user has an own.
    """

    protocol: Protocol
    part: Part
    train: Sequences
    users: StrArray
    histories: tuple[Int32Array, ...]
    targets: tuple[Int32Array, ...]
    choice: TargetChoice
    there: int
    cut: float | None = None

    @cached_property
    def head(self) -> BoolArray:
        """Items of the head: the fewest, most taken first, that hold half of the training events; bool (n,).

        >>> part_cases(Sequences.from_lists([["a", "b", "a", "c", "a"]] * 3), Protocol()).head.tolist()
        [True, False, False]
        """
        counts = self.train.counts
        order = np.argsort(-counts, kind="stable")
        before = np.cumsum(counts[order]) - counts[order]
        head = np.zeros(len(counts), dtype=bool)
        head[order[(before < HEAD_SHARE * counts.sum()) & (counts[order] > 0)]] = True
        return head

    @property
    def head_words(self) -> str:
        """Which items the head is, and what it holds: the last of them may take it well over the half.

        >>> part_cases(Sequences.from_lists([["a", "b", "a", "c", "a"]] * 3), Protocol()).head_words
        'the most taken of 3 items, the fewest that hold half of the training events (67%)'
        """
        counts, many = self.train.counts, int(self.head.sum())
        held = counts[self.head].sum() / max(counts.sum(), 1)
        taken = "the most taken" if many == 1 else f"the {many:,} most taken"
        return f"{taken} of {len(counts):,} items, the fewest that hold half of the training events ({held:.0%})"

    @cached_property
    def head_targets(self) -> float:
        """Share of the head among the targets that count, mean over users; what an unbiased list would have."""
        shares = [self.head[t].mean() for t in self.counted() if len(t)]
        return float(np.mean(shares)) if shares else float("nan")

    def counted(self, targets: Targets | None = None) -> tuple[Int32Array, ...]:
        """The targets that count: all, first-time ones, or those that the history holds; by default the protocol's."""
        wanted = targets or self.choice.targets
        if wanted == "all":
            return self.targets
        keep = wanted == "repeated"
        pairs = zip(self.targets, self.histories, strict=True)
        return tuple(target[np.isin(target, history) == keep] for target, history in pairs)

    @cached_property
    def views(self) -> dict[str, View]:
        """What every model is asked, by name; see :class:`EntryRun`. One that no user has a target in is left out."""
        main, novel, masked = self.counted(), self.counted("first_time"), self.choice.masked
        found = {
            "main": View(main, masked),
            "all": View(self.targets, False),
            "first_time": View(novel, True),
            "repeated": View(self.counted("repeated"), False),
            "head": View(tuple(t[self.head[t]] for t in main), masked),
            "tail": View(tuple(t[~self.head[t]] for t in main), masked),
            "unmasked": View(novel, False),
        }
        return {name: view for name, view in found.items() if any(map(len, view.targets))}

    def asked(self, view: str = "main") -> int:
        """Users who have a target of the view: those that its figures are means over.

        >>> log = Sequences.from_lists([["a", "b", "a", "c"], ["b", "c", "a", "b"]])
        >>> cases = part_cases(log, Protocol(targets="all"))
        >>> len(cases.users), cases.asked("first_time"), cases.asked("repeated")
        (2, 1, 1)
        """
        found = self.views.get(view)
        return 0 if found is None else sum(len(target) > 0 for target in found.targets)

    @cached_property
    def links(self) -> tuple[Int64Array, Int64Array]:
        """New links and as many pairs that are none; see :class:`VectorMeasures`."""
        return links_to_come(self)

    @cached_property
    def timed_graph(self) -> tuple[ItemGraph, float]:
        """(the graph that walks use, of the training part alone, seconds it took)."""
        return timed(lambda: default_graph(self.train))

    @cached_property
    def source(self) -> str:
        """A hash of the training part; with a protocol and an entry, the key of a result."""
        return recall_fingerprint(self.train)


def part_cases(sequences: Sequences, protocol: Protocol, part: Part = "validation") -> PartCases:
    """One part of a split. The test part is made when it is asked for by name, and not before.

    Args:
        sequences: the log, with users where they are known (else each sequence is one), with times for a global split.
        protocol: see :class:`Protocol`.
        part: ``"validation"``: models learn from what is older than the validation targets. ``"test"``: they learn from
            what is older than the test targets, validation targets included.

    Raises:
        ValueError: nobody has a history and a target, no times for a global split, or a cut outside the log.

    >>> log = Sequences.from_lists([["a", "b", "c", "d"], ["b", "c", "d"]])
    >>> for part in ("validation", "test"):
    ...     found = part_cases(log, Protocol(), part)
    ...     print([h.tolist() for h in found.histories], [t.tolist() for t in found.targets])
    [[0, 1], [1]] [[2], [2]]
    [[0, 1, 2], [1, 2]] [[3], [3]]
    """
    require(part in ("validation", "test"), "part", part, "'validation' or 'test'")
    if protocol.split == "leave_last_out":
        known, held_out = leave_last_out(sequences)
        before, older = leave_last_out(known)
        learned, asked = (before, older) if part == "validation" else (known, held_out)
        cut: float | None = None
    else:
        first, second = _cuts(sequences, protocol)
        cut = first if part == "validation" else second
        learned, asked = split_at(sequences, cut, second if part == "validation" else np.inf)
        before = learned if part == "validation" else split_at(sequences, first)[0]
    choice = _choice(before, protocol)
    users, histories = _histories(learned, asked)
    if len(users) == 0:
        raise UsageError(
            f"nobody has both a history and something after it in the {part} part; give a longer log, or another split"
        )
    targets = [np.unique(line).astype(np.int32) for line in asked]
    there = len(users)
    if protocol.most_users is not None and there > protocol.most_users:
        rows = np.sort(np.random.default_rng(0).choice(there, protocol.most_users, replace=False))
        users, histories, targets = users[rows], [histories[r] for r in rows], [targets[r] for r in rows]
    found = PartCases(protocol, part, learned, users, tuple(histories), tuple(targets), choice, there, cut)
    if not any(map(len, found.counted())):
        raise UsageError(f"the {part} part has no {choice.targets.replace('_', '-')} target; choose other targets")
    return found


def _histories(learned: Sequences, asked: Sequences) -> tuple[StrArray, list[Int32Array]]:
    names, offsets, order = user_streams(learned)
    row = {name: i for i, name in enumerate(names.tolist())}
    stream = learned.tokens[event_order(learned, order)]
    assert asked.users is not None
    rows = [row[name] for name in asked.users.tolist()]
    return asked.users, [stream[offsets[i] : offsets[i + 1]] for i in rows]


def _choice(train: Sequences, protocol: Protocol) -> TargetChoice:
    repeats = share_of_repeats(train)
    if protocol.targets is not None:
        return TargetChoice(protocol.targets, repeats, False)
    return TargetChoice("all" if repeats >= REPEATS_FROM else "first_time", repeats, True)


# --- a global split ---


def _cuts(sequences: Sequences, protocol: Protocol) -> tuple[float, float]:
    """(start of the validation part, of the test part)."""
    if sequences.timestamps is None:
        raise UsageError("a global split cuts by time, and these sequences have no times; use split='leave_last_out'")
    times = np.sort(sequences.timestamps)
    if protocol.cuts is not None and len(times):
        first, second = protocol.cuts
        for name, cut in (("validation_from", first), ("test_from", second)):
            inside = times[0] < cut <= times[-1]
            require(bool(inside), name, getattr(protocol, name), "inside the time that the log spans")
        return first, second
    n = len(times)
    test = round(n * protocol.test_share)
    validation = round(n * protocol.validation_share)
    first, second = (times[min(n - 1, n - after)] if n else 0.0 for after in (test + validation, test))
    if not n or not times[0] < first < second:
        raise UsageError("too few different times to cut this log twice; use split='leave_last_out'")
    return float(first), float(second)
