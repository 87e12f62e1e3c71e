"""Train and held-out parts of sequences, and each user's sequences in the order of time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recemb_core.arrays import Float64Array, Int64Array, StrArray
from recemb_core.sequences import Sequences


def leave_last_out(sequences: Sequences) -> tuple[Sequences, Sequences]:
    """Hold out what each user did last, the usual test of next-item recommendation.

    A user's last sequence is the one that ends latest (without timestamps: that stands last). Of an ordered one, the
    last item is held out; of a basket, all items, because a basket has no last one. A user with nothing before that
    is left whole in the training part, because there would be no history to predict from. Where users are unknown,
    each sequence stands for one: its last item is held out, of a basket the item that its file names last.

    Args:
        sequences: of one or more events each.

    Returns:
        ``(train, held_out)``, both with the whole vocabulary, so that row numbers agree. ``held_out`` has one sequence
        for each user who has one, in the order in which the users first appear. Both carry ``users``; where they were
        unknown, these are the numbers of the sequences.

    >>> train, held_out = leave_last_out(Sequences.from_lists([["a", "b", "c"], ["b", "c"]]))
    >>> [x.tolist() for x in train], [x.tolist() for x in held_out], held_out.users.tolist()
    ([[0, 1], [1]], [[2], [2]], ['0', '1'])
    """
    n = len(sequences)
    named = sequences.users is not None
    users = sequences.users if sequences.users is not None else np.arange(n).astype(np.str_)
    if n == 0:
        return replace(sequences, users=users), replace(sequences, users=users)
    lengths, ends = sequences.lengths, sequences.offsets[1:]
    _, first, owner = np.unique(users, return_index=True, return_inverse=True)
    finish = np.zeros(n)
    if sequences.timestamps is not None and len(sequences.tokens):
        # Events inside a sequence are in time order, baskets have one time: the last event tells when it ended.
        finish = np.where(lengths > 0, sequences.timestamps[np.maximum(ends - 1, 0)], -np.inf)
    filled = np.flatnonzero(lengths > 0)
    order = filled[np.lexsort((filled, finish[filled], owner[filled]))]
    is_last = np.diff(owner[order], append=-1) != 0
    last = order[is_last]
    last = last[np.argsort(first[owner[last]], kind="stable")]
    whole_basket = named and not sequences.ordered
    held = lengths[last] if whole_basket else np.ones(len(last), np.int64)
    total = np.bincount(owner, weights=lengths, minlength=len(first)).astype(np.int64)
    has_history = total[owner[last]] > held
    last, held = last[has_history], held[has_history]
    starts = ends[last] - held
    out = np.zeros(len(sequences.tokens), dtype=bool)
    chosen = _runs(starts, held)
    out[chosen] = True
    kept = lengths.copy()
    kept[last] -= held
    full = np.repeat(users, lengths)
    train = subset(sequences, np.flatnonzero(~out), kept[kept > 0], users[kept > 0])
    return train, subset(sequences, chosen, held, full[starts] if len(starts) else users[:0])


def user_streams(sequences: Sequences) -> tuple[StrArray, Int64Array, Int64Array]:
    """Every user's sequences as one run, oldest first: (users (q,), offsets in events (q+1,), order of sequences).

    Users are in the order of their first sequence. Where users are unknown, each sequence is one. Without timestamps,
    sequences stay in their order.
    """
    n = len(sequences)
    users = sequences.users if sequences.users is not None else np.arange(n).astype(np.str_)
    names, first, inverse = np.unique(users, return_index=True, return_inverse=True)
    place = np.empty(len(names), dtype=np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(names))
    owner = place[inverse]
    begin = np.zeros(n)
    if sequences.timestamps is not None and len(sequences.tokens):
        filled = sequences.lengths > 0
        begin[filled] = sequences.timestamps[sequences.offsets[:-1][filled]]
    order = np.lexsort((np.arange(n), begin, owner))
    totals = np.bincount(owner, weights=sequences.lengths, minlength=len(names)).astype(np.int64)
    return names[np.argsort(place)], np.r_[0, np.cumsum(totals)].astype(np.int64), order


def event_order(sequences: Sequences, order: Int64Array) -> Int64Array:
    """Numbers of the events when sequences are taken in ``order``, as :func:`user_streams` gives it.

    Sessions of one user that lie inside each other, as on two devices, are merged by time: an event never stands before
    an older one of its user.

    >>> both = Sequences.from_lists([["a", "d"], ["b", "c"]])
    >>> both = replace(both, users=np.array(["ann", "ann"]), timestamps=np.array([1.0, 4, 2, 3]))
    >>> [both.items[token] for token in both.tokens[event_order(both, user_streams(both)[2])]]
    ['a', 'b', 'c', 'd']
    """
    events = _runs(sequences.offsets[:-1][order], sequences.lengths[order])
    if not sequences.ordered or sequences.users is None or sequences.timestamps is None:
        return events
    time = np.asarray(sequences.timestamps)[events]
    _, user = np.unique(sequences.users, return_inverse=True)
    owner = np.repeat(user[order], sequences.lengths[order])
    new = np.diff(owner) != 0
    if not (np.diff(time) < 0)[~new].any():
        return events
    return events[np.lexsort((time, np.cumsum(np.r_[False, new])))]


def _runs(starts: Int64Array, lengths: Int64Array) -> Int64Array:
    """start, start + 1, … for each start and length, one after another."""
    return np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(int(lengths.sum()))


def subset(sequences: Sequences, events: Int64Array, lengths: Int64Array, users: StrArray | None) -> Sequences:
    """Some of the events as sequences of these lengths, (s,), and users, (s,) or None; the vocabulary stays whole."""
    return replace(
        sequences,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        tokens=sequences.tokens[events],
        users=users,
        timestamps=None if sequences.timestamps is None else sequences.timestamps[events],
        weights=None if sequences.weights is None else sequences.weights[events],
    )


def split_at(sequences: Sequences, cut: float, stop: float = np.inf) -> tuple[Sequences, Sequences]:
    """(what happened before ``cut``, the first event or basket from then on and before ``stop`` of users known by it).

    A basket belongs to the time of its first event. Both parts keep the whole vocabulary and carry ``users``.

    Args:
        sequences: with timestamps.
        cut, stop: unix seconds.

    >>> log = Sequences.from_lists([["a", "b", "c"], ["c", "a"]])
    >>> before, after = split_at(replace(log, timestamps=np.array([1.0, 2, 3, 5, 6])), 2.5)
    >>> [x.tolist() for x in before], [x.tolist() for x in after], after.users.tolist()
    ([[0, 1]], [[2]], ['0'])
    """
    assert sequences.timestamps is not None
    named = sequences.users
    users = named if named is not None else np.arange(len(sequences)).astype(np.str_)
    sequences = replace(sequences, users=users)
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    times = event_times(sequences)
    before = _part(sequences, np.flatnonzero(times < cut), owner)
    rows = np.flatnonzero((times >= cut) & (times < stop))
    rows = rows[np.isin(users[owner[rows]], np.asarray(before.users))]
    rows = rows[np.lexsort((rows, times[rows]))]  # by time, then as they stand
    _, first = np.unique(users[owner[rows]], return_index=True)
    first = np.sort(first)
    chosen = rows[first]
    if not sequences.ordered:
        chosen = np.flatnonzero(np.isin(owner, owner[chosen]))
    return before, _part(sequences, np.sort(chosen), owner)


def between(sequences: Sequences, start: float, stop: float) -> Sequences:
    """What happened from ``start`` on and before ``stop``, the whole vocabulary kept; sequences left empty go.

    A basket belongs to the time of its first event; an ordered sequence is cut where it crosses an end.

    Args:
        sequences: with timestamps.
        start, stop: unix seconds.

    >>> log = replace(Sequences.from_lists([["a", "b", "c"], ["c", "a"]]), timestamps=np.array([1.0, 2, 3, 5, 6]))
    >>> [x.tolist() for x in between(log, 2, 6)]
    [[1, 2], [2]]
    """
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    times = event_times(sequences)
    events = np.flatnonzero((times >= start) & (times < stop))
    lengths = np.bincount(owner[events], minlength=len(sequences))
    filled = lengths > 0
    return subset(sequences, events, lengths[filled], None if sequences.users is None else sequences.users[filled])


def event_times(sequences: Sequences) -> Float64Array:
    """Unix seconds of each event, (n_events,); of a basket those of its first event."""
    assert sequences.timestamps is not None
    times = np.asarray(sequences.timestamps, dtype=np.float64)
    if sequences.ordered or not len(times):
        return times
    lengths = sequences.lengths
    return np.repeat(times[np.minimum(sequences.offsets[:-1], len(times) - 1)], lengths)


def _part(sequences: Sequences, events: Int64Array, owner: Int64Array) -> Sequences:
    lengths = np.bincount(owner[events], minlength=len(sequences))
    filled = lengths > 0
    assert sequences.users is not None
    return subset(sequences, events, lengths[filled], sequences.users[filled])


def share_of_repeats(sequences: Sequences) -> float:
    """Share of a user's events whose item the user had before, the first event (basket) aside; NaN without any.

    It is the mean over users with a second event (basket), as measures of ranking are: one visitor who clicks thousands
    of times, a crawler perhaps, says no more than anybody else. Of baskets, before means in an earlier one.

    >>> share_of_repeats(Sequences.from_lists([["a", "b", "a"], ["c", "d"]]))  # b, a again; d
    0.25
    """
    _, offsets, order = user_streams(sequences)
    events = event_order(sequences, order)
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    step = np.arange(len(events)) if sequences.ordered else np.repeat(np.arange(len(order)), sequences.lengths[order])
    first_step = np.full(len(offsets), np.iinfo(np.int64).max)
    np.minimum.at(first_step, owner, step)
    pair = owner * len(sequences.items) + sequences.tokens[events]
    _, place = np.unique(pair, return_inverse=True)
    earliest = np.full(int(place.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(earliest, place, step)
    later = step > first_step[owner]
    counted = np.bincount(owner[later], minlength=len(offsets) - 1)
    again = np.bincount(owner[later], weights=(earliest[place] < step)[later], minlength=len(offsets) - 1)
    return float((again[counted > 0] / counted[counted > 0]).mean()) if later.any() else float("nan")
