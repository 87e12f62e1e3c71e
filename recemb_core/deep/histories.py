"""What recall models learn from: each event is a target, the user's events before it are its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recemb_core.arrays import BoolArray, Float32Array, Float64Array, Int32Array, IntegerArray, StrArray
from recemb_core.moved import moved_name
from recemb_core.sequences import Sequences
from recemb_core.splits import event_order, user_streams
from recemb_core.validation import UsageError, is_whole, require, require_dimensions

DENSE = 6_000  # items up to which the history mean is a product with a matrix of counts


@dataclass(frozen=True, kw_only=True)
class RecallConfig:
    """Settings that the recall networks share.

    Attributes:
        dimensions: d, length of an item embedding, a user vector and an item vector. Larger separates more, and needs
            more data.
        history_length: events of a history that are looked at, the newest ones. Larger knows older habits.
        half_life: events after which an event's weight in the history mean has halved; None is a plain mean, which
            does not see order. Smaller follows the last purchases more.
        epochs: passes over the histories; too many learn the training users by heart.
        max_steps: batches after which training ends in any case, so that a large log takes no longer.
        targets: how many targets of each history a step draws, where the next basket holds several.
        batch_size: targets a step, of ``batch_size / targets`` histories.
        learning_rate: of Adam.
        patience: epochs without a lower loss on the newest 5% of each user's histories until training stops and
            the best epoch is kept; None trains all epochs on all of them.
        novel: whether only items that a user has not had before are targets. True finds new things better and says less
            about what is bought again.
        field_dimensions: length of the embedding of each user field.
        seed: of start values, order of examples and negatives; the same seed gives the same model.
    """

    dimensions: int = 64
    history_length: int = 200
    half_life: float | None = 50.0
    epochs: int = 5
    max_steps: int = 20_000
    targets: int = 4
    batch_size: int = 512
    learning_rate: float = 2e-3
    patience: int | None = None
    novel: bool = False
    field_dimensions: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        require_dimensions(self.dimensions)
        require_dimensions(self.field_dimensions, "field_dimensions")
        for name in ("history_length", "epochs", "max_steps", "targets"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number, 1 or more")
        require(is_whole(self.batch_size) and self.batch_size >= 2, "batch_size", self.batch_size, "2 or more")
        require(self.half_life is None or self.half_life > 0, "half_life", self.half_life, "None or over 0")
        require(self.learning_rate > 0, "learning_rate", self.learning_rate, "over 0")
        require(
            self.patience is None or (is_whole(self.patience) and self.patience >= 1),
            "patience",
            self.patience,
            "None or a whole number, 1 or more",
        )
        require(is_whole(self.seed) and self.seed >= 0, "seed", self.seed, "a whole number, 0 or more")


@dataclass(frozen=True, eq=False)
class Examples:
    """Training examples over one stream of events in which each user's events stand together, oldest first.

    Attributes:
        users: str (q,).
        stream: int32 (n_events,), item rows.
        start, end: int32 (m,), a history is ``stream[start:end]``, at least one event.
        stop: int32 (m,), its targets are ``stream[end:stop]``: the next item, or the items of the next basket.
        user: int32 (m,), row in ``users``.
        age: float32 (m,), how long before the log's last event its targets were taken, in shares of the log's whole
            time: 0 now, 1 at the first event; None where it was not asked for.
    """

    users: StrArray
    stream: Int32Array
    start: Int32Array
    end: Int32Array
    stop: Int32Array
    user: Int32Array
    age: Float32Array | None = None

    def __len__(self) -> int:
        return len(self.end)

    def target_chances(self, n: int) -> Float64Array:
        """Chance Q of each of n items to be drawn as a target: histories alike, targets of a history alike."""
        share = np.zeros(len(self.stream) + 1)
        size = (self.stop - self.end).astype(np.float64)
        np.add.at(share, self.end, 1 / size)
        np.add.at(share, self.stop, -1 / size)
        chance = np.bincount(self.stream, weights=np.cumsum(share[:-1]), minlength=n)
        chance = np.where(self.is_target(n), np.maximum(chance, 0), 0.0)  # sums that should cancel leave 1e-17
        return chance / max(len(self), 1)

    def is_target(self, n: int) -> BoolArray:
        """Which of n items are a target at all."""
        edge = np.zeros(len(self.stream) + 1, dtype=np.int64)
        np.add.at(edge, self.end, 1)
        np.add.at(edge, self.stop, -1)
        return np.bincount(self.stream[np.cumsum(edge[:-1]) > 0], minlength=n) > 0


def history_examples(sequences: Sequences, *, novel: bool = False, aged: bool = False) -> Examples:
    """Every event that has something before it, with the user's history up to it.

    A basket has no order inside: its items are targets together, of the history that ends where the basket begins. The
    future is never seen. ``novel``: only items that the user has not had before are targets; histories keep all.
    ``aged``: with the age of each example; a ``ValueError`` where the sequences have no time.

    >>> x = history_examples(Sequences.from_lists([["a", "b", "c"]]))
    >>> [(x.stream[s:e].tolist(), x.stream[e:t].tolist()) for s, e, t in zip(x.start, x.end, x.stop)]
    [([0], [1]), ([0, 1], [2])]
    """
    users, offsets, order = user_streams(sequences)
    events = event_order(sequences, order)
    stream = sequences.tokens[events]
    size = np.ones(len(stream), dtype=np.int64) if sequences.ordered else sequences.lengths[order]
    size = size[size > 0]
    stop = np.cumsum(size)
    end = stop - size
    user = np.searchsorted(offsets, end, side="right") - 1
    start = offsets[:-1][user]
    if novel:
        first = np.zeros(len(stream), dtype=bool)
        owner = np.repeat(np.arange(len(users)), np.diff(offsets))
        first[np.unique(owner * len(sequences.items) + stream, return_index=True)[1]] = True
        basket = np.repeat(np.arange(len(end)), size)
        # Inside a basket order means nothing: first-time items go to the front, and only they are targets.
        stream = stream[np.lexsort((~first, basket))]
        stop = end + np.bincount(basket, weights=first, minlength=len(end)).astype(np.int64)
    has = (end > start) & (stop > end)
    age = _ages(sequences, events)[np.minimum(end, max(len(events) - 1, 0))][has] if aged else None

    def cut(values: IntegerArray) -> Int32Array:
        return values[has].astype(np.int32)

    return Examples(users, stream, cut(start), cut(end), cut(stop), cut(user), age)


def _ages(sequences: Sequences, events: IntegerArray) -> Float32Array:
    """Of events in that order; see :class:`Examples`."""
    if sequences.timestamps is None:
        raise UsageError("the age of an example needs timestamps, and these sequences have none")
    time = sequences.timestamps[events]
    last, span = time.max(initial=0.0), np.ptp(time) if len(time) else 0.0
    return np.asarray((last - time) / (span or 1.0), dtype=np.float32)


def draw_targets(stream: Any, end: Any, stop: Any, count: int, key: Any) -> Any:
    """``count`` targets of each history, drawn with replacement from what came next: (b, count)."""
    import jax
    import jax.numpy as jnp

    at = jax.random.uniform(key, (len(end), count)) * (stop - end)[:, None]
    return stream[jnp.minimum(end[:, None] + at.astype(jnp.int32), stop[:, None] - 1)]


def mean_of(table: Any, rows: Any, weights: Any, xp: Any) -> Any:
    """Σ_l weights[:, l] · table[rows[:, l]]: (b, L) → (b, d)."""
    if xp is np or len(table) > DENSE:
        return xp.einsum("bl,bld->bd", weights, table[rows])
    # The same as a matrix product, whose gradient costs less than one of L scattered rows an example.
    counts = xp.zeros((len(rows), len(table)), xp.float32).at[xp.arange(len(rows))[:, None], rows].add(weights)
    return counts @ table


def window(tokens: Any, start: Any, end: Any, length: int, half_life: float | None, xp: Any) -> tuple[Any, Any]:
    """The newest ``length`` events before ``end``, newest first: item rows (b, length) and weights (b, length).

    Weights of a row sum to 1, an empty history's to 0. ``xp`` is numpy or jax.numpy.
    """
    back = xp.arange(length)
    at = end[:, None] - 1 - back[None]
    inside = at >= start[:, None]
    fade = xp.ones(length) if half_life is None else 0.5 ** (back / half_life)
    weight = xp.where(inside, fade[None], 0.0)
    total = weight.sum(axis=1, keepdims=True)
    rows = tokens[xp.where(inside, at, 0)]
    return rows, (weight / xp.where(total > 0, total, 1.0)).astype(xp.float32)


def windows_of(
    histories: Sequence[IntegerArray], length: int, half_life: float | None
) -> tuple[Int32Array, Float32Array]:
    """:func:`window` of separate histories."""
    lengths = np.array([len(h) for h in histories], dtype=np.int64)
    end = np.cumsum(lengths)
    tokens = np.concatenate([np.zeros(0, np.int32), *(np.asarray(h, np.int32) for h in histories)])
    tokens = tokens if len(tokens) else np.zeros(1, np.int32)
    return window(tokens, end - lengths, end, length, half_life, np)


def __getattr__(name: str) -> Any:
    return moved_name(__name__, name)
