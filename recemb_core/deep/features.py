"""Behavior → a table of categorical fields for the question: does a user take an item?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Int8Array, Int32Array, Int64Array, NumberArray
from recemb_core.sequences import Sequences
from recemb_core.side_information import TITLE, encode_side_info
from recemb_core.splits import subset
from recemb_core.validation import UsageError, is_whole, require
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["user", "item", "side information", "context", "time"]
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_NUMBERS, BINS = 20, 10  # a numeric column with more distinct values is cut into that many ranges
DRAWS = 20


@dataclass(frozen=True, eq=False)
class ItemField:
    """What the side information says of every item, as codes.

    Attributes:
        name: the column's.
        values: text of each code.
        codes: int32 (n_items,); −1 where the value is missing, which is no class of its own.
    """

    name: str
    values: tuple[str, ...]
    codes: Int32Array


def item_fields(items: Vocabulary, side_info: pl.DataFrame | None) -> tuple[ItemField, ...]:
    """The columns of the side information that can serve as categorical fields.

    ``title``, columns with one value in all, and columns in which nearly every item has a value of its own are left
    out. Of a list the first value counts; numbers with many distinct values are cut into 10 ranges of equal count.

    >>> import polars as pl
    >>> frame = pl.DataFrame({"brand": ["A", None, "B", "A"], "title": ["w", "x", "y", "z"]})
    >>> [(f.name, f.values, f.codes.tolist()) for f in item_fields(Vocabulary("wxyz"), frame)]
    [('brand', ('A', 'B'), [0, -1, 1, 0])]
    """
    import polars as pl

    found = []
    for column in side_info.iter_columns() if side_info is not None and len(side_info) == len(items) else ():
        if isinstance(column.dtype, pl.List):
            column = column.list.first()
        if column.name == TITLE or column.dtype.is_nested():
            continue
        if not column.dtype.is_numeric() or column.n_unique() <= MOST_NUMBERS:
            column = pl.Series(column.name, [None if v is None else str(v) for v in column.to_list()], dtype=pl.String)
        side = encode_side_info(column.to_frame(), bins=BINS)
        if 2 <= len(side.values[0]) <= max(2, 0.9 * len(items)):
            codes = np.full(len(items), -1, dtype=np.int32)
            codes[side.present[:, 0]] = side.codes  # one value at most
            found.append(ItemField(column.name, side.values[0], codes))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class FeatureConfig:
    """How the table is drawn from the log.

    Attributes:
        negatives: items that were not taken, drawn beside each one that was.
        popularity_power: negatives are drawn ∝ (times taken in the training part)^power: 0 gives every item the same
            chance and makes popularity a strong guess, 1 makes popularity useless.
        max_positives: at most so many events are taken, at random; larger trains better and longer.
        validation_share, test_share: the last part of the events, by time.
        seed: of the sample and the negatives.
    """

    negatives: int = 4
    popularity_power: float = 0.75
    max_positives: int = 50_000
    validation_share: float = 0.1
    test_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("negatives", "max_positives"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number, at least 1")
        require(0 <= self.popularity_power <= 2, "popularity_power", self.popularity_power, "from 0 to 2")
        for name in ("validation_share", "test_share"):
            value = getattr(self, name)
            require(0 < value <= 0.4, name, value, "above 0 and at most 0.4")
        require(is_whole(self.seed) and 0 <= self.seed < 2**32, "seed", self.seed, "from 0 to 2^32 − 1")


@dataclass(frozen=True)
class Field:
    """A categorical field: its values are neighboring positions of the one long one-hot.

    Attributes:
        name: for people.
        kind: whose field it is.
        values: text of each value.
        start: position of its first value; its positions are start … start + size − 1.
    """

    name: str
    kind: Kind
    values: tuple[str, ...]
    start: int

    @property
    def size(self) -> int:
        """Number of values: the length m of its one-hot."""
        return len(self.values)


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Rows (user, item, context) with the answer; columns are fields.

    Attributes:
        fields: F fields, in the order of the columns.
        x: int32 (n, F), the position of each field's 1 in the one-hot of ``n_features`` places; −1 where the value
            is missing, or does not occur in the training part.
        y: float32 (n,), 1 for taken.
        part: int8 (n,), 0 train, 1 validation, 2 test: by time, whole sequences together.
        users: int32 (n,), whose row it is (the sequence's number where users are unknown).
        items: int32 (n,), row numbers of the items.
        item_x: int32 (n_items, item columns), the same positions for every item; columns are ``item_columns``.
        item_columns: the columns of ``x`` that the item alone decides.
        popularity: int64 (n_items,), how often each item was taken in the training part, all events counted.
        train_sequences: bool (n_sequences,), the sequences of the training part.
        sample: one sentence: how many of how many events.
        config: how it was drawn.
    """

    fields: tuple[Field, ...]
    x: Int32Array
    y: Float32Array
    part: Int8Array
    users: Int32Array
    items: Int32Array
    item_x: Int32Array
    item_columns: tuple[int, ...]
    popularity: Int64Array
    train_sequences: BoolArray
    sample: str
    config: FeatureConfig

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of rows, answers and parts: what a result on this table depends on."""
        digest = hashlib.blake2b(digest_size=12)
        for array in (self.x, self.y, self.part, self.item_x):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(repr([(field.name, field.size) for field in self.fields]).encode())
        return digest.hexdigest()

    @property
    def n_features(self) -> int:
        """Length of the whole one-hot: values of all fields together."""
        last = self.fields[-1]
        return last.start + last.size

    def rows(self, part: Part) -> Int64Array:
        """Row numbers of a part."""
        return np.flatnonzero(self.part == PARTS.index(part))

    def data(self, part: Part = "train") -> dict[str, AnyArray]:
        """``{"x": …, "y": …}`` of a part, as the training loop takes them."""
        rows = self.rows(part)
        return {"x": self.x[rows], "y": self.y[rows]}

    def column(self, name: str) -> int | None:
        """The column of a field by its name, or None."""
        return next((i for i, field in enumerate(self.fields) if field.name == name), None)

    def pairs(self, *names: str) -> NumberArray:
        """Of every row the values of two or more fields as one number, −1 where one is unknown."""
        columns = [self.x[:, i] for i in map(self.column, names) if i is not None]
        code = np.zeros(len(self.x), dtype=np.int64)
        for column in columns:
            code = np.where((code < 0) | (column < 0), -1, code * self.n_features + column)
        return code


ITEM, USER = "item", "user"


def previous_name(sequences: Sequences) -> str:
    """Name of the field that holds the item before, or in a basket another item of it."""
    return "previous item" if sequences.ordered else "another item of the basket"


def feature_table(sequences: Sequences, config: FeatureConfig | None = None) -> FeatureTable:
    """Positives from the log, sampled negatives, split by time.

    A positive is an event: the user took the item. Its negatives keep user, time and the item before, and have
    another item (with its side information) that is not in the same sequence. What happened last is the test part,
    what happened before it the validation part, the rest trains; a sequence lies in one part by its last event
    (without times: by its place in the data).

    Fields: user (where known), item, the side information of the item, the item before (in a basket, which has no
    order, another item of it, at random), weekday and hour (UTC; where there are times).

    Args:
        sequences: at least 10 sequences, of at least 2 items.
        config: see :class:`FeatureConfig`.

    Raises:
        ValueError: too little behavior to split.

    >>> from recemb_core.datasets import load_dataset
    >>> table = feature_table(load_dataset("planted_shop").sequences, FeatureConfig(max_positives=1_000))
    >>> [field.name for field in table.fields]
    ['user', 'item', 'department', 'brand', 'price_band', 'previous item', 'weekday', 'hour (UTC)']
    >>> table.x.shape, float(table.y.mean())
    ((5000, 8), 0.20000000298023224)
    """
    config = config or FeatureConfig()
    n = len(sequences.items)
    if len(sequences) < 10 or n < 2:
        raise UsageError(
            f"a table of taken and not taken items needs at least 10 sequences and 2 items; there are "
            f"{len(sequences)} and {n}"
        )
    rng = np.random.default_rng(config.seed)
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    sequence_part = _parts(sequences, config)
    event_part = sequence_part[owner]
    if len(np.unique(event_part)) < 3:
        raise UsageError("the sequences are too few, or too uneven in length, for a training, validation and test part")
    popularity = np.bincount(sequences.tokens[event_part == 0], minlength=n)

    total = len(sequences.tokens)
    positives = np.sort(rng.choice(total, min(config.max_positives, total), replace=False))
    event, item, label = _with_negatives(sequences, owner, positives, popularity, config, rng)
    if sequences.users is None:
        user_names, user_of = (), np.arange(len(sequences), dtype=np.int32)
    else:
        names, inverse = np.unique(sequences.users, return_inverse=True)
        user_names, user_of = tuple(names.tolist()), inverse.astype(np.int32)

    side = item_fields(sequences.items, sequences.side_info)
    titles = _titles(sequences)
    columns: list[tuple[str, Kind, tuple[str, ...], NumberArray]] = []
    if len(user_names) > 1:
        columns.append((USER, "user", user_names, user_of[owner[event]]))
    columns.append((ITEM, "item", titles, item))
    columns += [(field.name, "side information", field.values, field.codes[item]) for field in side]
    columns.append((previous_name(sequences), "context", titles, _before(sequences, owner, rng)[event]))
    if sequences.timestamps is not None:
        seconds = sequences.timestamps[event]
        days = np.floor(seconds / 86_400).astype(np.int64)
        hours = ((seconds - days * 86_400) // 3_600).astype(np.int64)
        columns.append(("weekday", "time", WEEKDAYS, (days + 3) % 7))  # 1970 began on a Thursday
        columns.append(("hour (UTC)", "time", tuple(f"{h:02d}:00" for h in range(24)), hours))

    fields, x, start = [], np.empty((len(event), len(columns)), dtype=np.int32), 0
    for i, (name, kind, values, codes) in enumerate(columns):
        fields.append(Field(name, kind, values, start))
        x[:, i] = np.where(codes >= 0, codes + start, -1)
        start += len(values)
    part = event_part[event]
    seen = np.zeros(start + 1, dtype=bool)  # the last place stands for −1
    seen[x[part == 0]] = True
    seen[-1] = False
    item_columns = tuple(i for i, field in enumerate(fields) if field.kind in ("item", "side information"))
    codes_of = {ITEM: np.arange(n, dtype=np.int32)} | {field.name: field.codes for field in side}
    item_x = np.empty((n, len(item_columns)), dtype=np.int32)
    for j, i in enumerate(item_columns):
        codes = codes_of[fields[i].name]
        item_x[:, j] = np.where(codes >= 0, codes + fields[i].start, -1)
    return FeatureTable(
        fields=tuple(fields),
        x=np.where(seen[x], x, -1).astype(np.int32),
        y=label,
        part=part,
        users=user_of[owner[event]],
        items=item,
        item_x=np.where(seen[item_x], item_x, -1).astype(np.int32),
        item_columns=item_columns,
        popularity=popularity.astype(np.int64),
        train_sequences=sequence_part == 0,
        sample=f"{'all' if len(positives) == total else f'{len(positives):,} of'} {total:,} events, and "
        f"{int((label == 0).sum()):,} sampled items that were not taken",
        config=config,
    )


def training_sequences(sequences: Sequences, table: FeatureTable) -> Sequences:
    """The sequences of the training part, whole vocabulary kept: what a graph may be built from without looking ahead.

    >>> from recemb_core.datasets import load_dataset
    >>> shop = load_dataset("planted_shop").sequences
    >>> len(training_sequences(shop, feature_table(shop))) < len(shop)
    True
    """
    keep = table.train_sequences
    users = None if sequences.users is None else sequences.users[keep]
    return subset(sequences, np.flatnonzero(np.repeat(keep, sequences.lengths)), sequences.lengths[keep], users)


def _titles(sequences: Sequences) -> tuple[str, ...]:
    side = sequences.side_info
    if side is None or "title" not in side.columns:
        return sequences.items.ids
    return tuple(title or item for title, item in zip(side["title"].to_list(), sequences.items.ids, strict=True))


def _parts(sequences: Sequences, config: FeatureConfig) -> Int8Array:
    """0 train, 1 validation, 2 test of each sequence, by the time of its last event, cut by share of events."""
    lengths = sequences.lengths
    order = np.arange(len(sequences))
    if sequences.timestamps is not None and len(sequences.tokens):
        last = np.where(lengths > 0, sequences.timestamps[np.maximum(sequences.offsets[1:] - 1, 0)], -np.inf)
        order = np.argsort(last, kind="stable")
    done = np.cumsum(lengths[order]) / max(int(lengths.sum()), 1)
    part = np.empty(len(sequences), dtype=np.int8)
    cuts = [1 - config.validation_share - config.test_share, 1 - config.test_share]
    part[order] = np.searchsorted(cuts, done - 1e-12, side="left")
    return part


def _before(sequences: Sequences, owner: Int64Array, rng: np.random.Generator) -> Int32Array:
    """Of every event the item before it, in a basket another one of it at random; −1 where there is none."""
    tokens, starts = sequences.tokens, sequences.offsets[owner]
    at = np.arange(len(tokens))
    if sequences.ordered:
        return np.where(at > starts, tokens[np.maximum(at - 1, 0)], -1).astype(np.int32)
    lengths = sequences.lengths[owner]
    step = rng.integers(1, np.maximum(lengths, 2))  # 1 … length − 1 places further, round the basket
    other = starts + (at - starts + step) % lengths
    return np.where((lengths > 1) & (tokens[other] != tokens), tokens[other], -1).astype(np.int32)


def _with_negatives(
    sequences: Sequences,
    owner: Int64Array,
    positives: Int64Array,
    popularity: Int64Array,
    config: FeatureConfig,
    rng: np.random.Generator,
) -> tuple[Int64Array, Int32Array, Float32Array]:
    """(event, item, label) of positives and negatives; a draw that stays in the sequence is left out."""
    n = len(popularity)
    weight = popularity.astype(np.float64) ** config.popularity_power
    bounds = np.cumsum(weight / weight.sum())
    taken = np.unique(owner * n + sequences.tokens)
    event = np.repeat(positives, config.negatives)
    item = np.empty(len(event), dtype=np.int32)
    open_ = np.arange(len(event))
    for _ in range(DRAWS):
        item[open_] = np.minimum(np.searchsorted(bounds, rng.random(len(open_)), side="right"), n - 1)
        key = owner[event[open_]] * n + item[open_]
        at = np.minimum(np.searchsorted(taken, key), len(taken) - 1)
        open_ = open_[taken[at] == key]
        if len(open_) == 0:
            break
    keep = np.setdiff1d(np.arange(len(event)), open_)
    events = np.concatenate([positives, event[keep]])
    items = np.concatenate([sequences.tokens[positives], item[keep]]).astype(np.int32)
    labels = np.concatenate([np.ones(len(positives)), np.zeros(len(keep))]).astype(np.float32)
    return events, items, labels
