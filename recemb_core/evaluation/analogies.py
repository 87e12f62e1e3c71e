"""Vector arithmetic: what A − B + C finds, and how often it finds what it should, measured on analogies of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError, finite_rows, is_whole, require

How = Literal["add", "mul"]
EPSILON = 1e-3  # of 3CosMul, as in its paper
MOST = 2_000  # questions asked
LEAST, TARGETS = 50, 12  # questions, and targets of them, that a choice of held fields should leave
SLICE = 200  # analogies that are scored at a time


def arithmetic(
    vectors: Float32Array, plus: Sequence[int], minus: Sequence[int] = (), *, how: How = "add"
) -> Float64Array:
    """Every item's score as the answer to "all of ``plus`` without all of ``minus``".

    With u the vectors at length 1, ``"add"`` (3CosAdd) gives

        score(x) = cos(u_x, Σ_plus u − Σ_minus u),

    and ``"mul"`` (3CosMul) Π_plus s(x, p) / Π_minus (s(x, m) + ε) with s = (cos + 1) / 2 and ε = .001, in which no
    single term can outweigh the others. ``plus`` alone asks what goes with a basket. The items that were put in score
    like any other: whoever asks leaves them out, or does not.

    Args:
        vectors: (n, d).
        plus, minus: item rows; at least one in ``plus``.
        how: ``"add"`` or ``"mul"``.

    References:
        Mikolov, Yih, Zweig, *Linguistic Regularities in Continuous Space Word Representations* (NAACL 2013). Levy,
        Goldberg, *Linguistic Regularities in Sparse and Explicit Word Representations* (CoNLL 2014): 3CosMul.

    >>> square = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32) + 1
    >>> int(arithmetic(square, plus=[1, 2], minus=[0])[3] * 1000)  # up from one corner and right from it
    1000
    """
    rows = unit_rows(finite_rows(np.asarray(vectors, dtype=np.float32)))
    require(len(plus) > 0, "plus", tuple(plus), "one item or more")
    require(how in ("add", "mul"), "how", how, "'add' or 'mul'")
    for name, side in (("plus", plus), ("minus", minus)):
        fine = all(is_whole(row) and 0 <= row < len(rows) for row in side)
        require(fine, name, tuple(side), f"item rows from 0 to {len(rows) - 1}")
    asked = np.array([list(plus)], dtype=np.int64), np.array([list(minus)], dtype=np.int64).reshape(1, -1)
    found: Float64Array = _scores(rows, *asked, how)[0]
    return found


def _scores(rows: Float32Array, plus: AnyArray, minus: AnyArray, how: How) -> Float64Array:
    """(m, n) of m questions with equal numbers of inputs; ``rows`` have length 1."""
    if how == "add":
        asked = rows[plus].sum(axis=1) - (rows[minus].sum(axis=1) if minus.shape[1] else 0.0)
        found: Float64Array = (unit_rows(asked.astype(np.float32)) @ rows.T).astype(np.float64)
        return found
    found = np.ones((len(plus), len(rows)))
    for column in plus.T:
        found *= (rows[column] @ rows.T + 1.0) / 2.0
    for column in minus.T:
        found /= (rows[column] @ rows.T + 1.0) / 2.0 + EPSILON
    return found


@dataclass(frozen=True, eq=False)
class Analogies:
    """Questions "a is to b as c is to …" whose answer is known from the items' fields.

    Attributes:
        a, b, c: int32 (m,), item rows.
        target: int32 (m,), the cell of the right answers.
        cell: int32 (n,), each item's cell: alike in all held fields and in the one that steps; -1 for items without.
        group: int32 (m,), the questions of one target share what is peculiar to it: intervals go by these.
        step: the field that steps from a to b.
        held: fields alike in a and b, and in c and the answer.
        there: how many questions the data could ask; m of them are drawn.
    """

    a: Int32Array
    b: Int32Array
    c: Int32Array
    target: Int32Array
    cell: Int32Array
    group: Int32Array
    step: str
    held: tuple[str, ...]
    there: int

    def __len__(self) -> int:
        return len(self.a)

    def right(self, questions: slice = slice(None)) -> BoolArray:
        """(m, n), whether an item is a right answer; never one of the three that were put in."""
        found: BoolArray = np.equal(self.cell[None, :], self.target[questions, None])
        rows = np.arange(len(found))
        for given in (self.a, self.b, self.c):
            found[rows, given[questions]] = False
        return found


def analogies(
    fields: Mapping[str, AnyArray], step: str, held: Sequence[str] = (), *, most: int = MOST, seed: int = 0
) -> Analogies:
    """Questions in which one field steps and all else is alike.

    a and b are alike in the held fields and differ in ``step``; c has a's value of ``step`` and other held values;
    right is every item that has c's held values and b's value of ``step``. So with ``step="role"`` and
    ``held=["category"]``: best-seller of games : accessory of games = best-seller of shoes : accessory of shoes.

    Args:
        fields: name → (n,) values; None and NaN are missing, and such items are in no question.
        step: the field that steps.
        held: fields that stay; by default all others.
        most: questions drawn, evenly over pairs of (step from value to value, held values of c).
        seed: of the draw.

    Raises:
        UsageError: no such field, or the data has no such question.

    >>> kind, size = np.array(["tea", "tea", "nail", "nail"]), np.array(["small", "large", "small", "large"])
    >>> asked = analogies({"kind": kind, "size": size}, "size")
    >>> [(int(a), int(b), int(c)) for a, b, c in zip(asked.a, asked.b, asked.c)][:1], asked.there
    ([(3, 2, 1)], 4)
    """
    return _drawn(_Numbered.of(fields), step, held, most, seed)


def _drawn(fields: _Numbered, step: str, held: Sequence[str], most: int, seed: int) -> Analogies:
    held = tuple(held) or tuple(name for name in fields.places if name != step)
    table = _Cells.of(fields, step, held)
    if not table.there:
        raise UsageError(
            f"no two items alike in {', '.join(map(repr, held)) or 'nothing'} step in {step!r} as two others do: there "
            "is no analogy to ask"
        )
    return table.drawn(step, held, min(most, table.there), np.random.default_rng(seed))


def analogy_fields(
    fields: Mapping[str, AnyArray], step: str, *, least: int = LEAST, targets: int = TARGETS
) -> tuple[str, ...]:
    """The fields to hold when ``step`` steps: as many as leave ``least`` questions; of so many, those that leave most.

    They leave questions of ``targets`` targets as well (:attr:`Analogies.group`, by which intervals go), where any
    choice does: a field more that says nothing would only take away what can be known. Of more than six other fields,
    the six with fewest values. () where no choice leaves so many questions.

    >>> kind, size = np.array(["tea", "tea", "nail", "nail"] * 4), np.array(["small", "large"] * 8)
    >>> analogy_fields({"kind": kind, "size": size, "id": np.arange(16)}, "size", least=2)
    ('kind',)
    """
    return _held(_Numbered.of(fields), step, least, targets)


def _held(fields: _Numbered, step: str, least: int, targets: int) -> tuple[str, ...]:
    others = sorted((name for name in fields.places if name != step), key=fields.kinds)[:6]
    others = [name for name in fields.places if name in others]  # in their own order
    few: tuple[str, ...] = ()  # the best so far with fewer targets
    for size in range(len(others), 0, -1):
        tables = {held: _Cells.of(fields, step, held) for held in combinations(others, size)}
        asked = {held: table.there for held, table in tables.items() if table.there >= least}
        enough = {held: there for held, there in asked.items() if tables[held].targets >= targets}
        if enough:
            return max(enough, key=lambda held: enough[held])
        few = few or max(asked, key=lambda held: asked[held], default=())
    return few


def every_analogy(fields: Mapping[str, AnyArray]) -> dict[str, Analogies]:
    """Field that steps → its questions, the fields of :func:`analogy_fields` held; without those that have none.

    >>> kind, size = np.array(["tea", "nail"] * 8), np.array(["small", "small", "large", "large"] * 4)
    >>> sorted(every_analogy({"kind": kind, "size": size}))
    []
    """
    numbered = _Numbered.of(fields)
    held = {step: _held(numbered, step, LEAST, TARGETS) for step in fields}
    return {step: _drawn(numbered, step, names, MOST, 0) for step, names in held.items() if names}


@dataclass(frozen=True, eq=False)
class _Cells:
    """Items by their held values and their value of the field that steps, and which steps several groups can make.

    Attributes:
        cell: (n,), group of held values × ``steps`` + value of the field that steps; -1 for items without.
        steps: values of the field that steps.
        one, other: (moves,), from value to value, in order.
        ends: (moves,), where in ``groups`` the groups that have items of both values end.
        groups: of all moves, one after another; each move has two or more.
    """

    cell: Int64Array
    steps: int
    one: Int64Array
    other: Int64Array
    ends: Int64Array
    groups: Int64Array

    @property
    def widths(self) -> Int64Array:
        """(moves,), how many groups can make each."""
        return np.diff(self.ends, prepend=0)

    @property
    def there(self) -> int:
        return int((self.widths * (self.widths - 1)).sum())

    @property
    def targets(self) -> int:
        return len(np.unique(self.groups))

    @classmethod
    def of(cls, fields: _Numbered, step: str, held: Sequence[str]) -> _Cells:
        if step in held:
            raise UsageError(f"{step!r} steps from one value to another, so it cannot stay as well")
        value, steps = fields.together([step])
        kept, _ = fields.together(held)
        usable = (value >= 0) & (kept >= 0)
        if not usable.any():
            raise UsageError(f"no item has a value of all of {', '.join(map(repr, (step, *held)))}")
        cell = np.where(usable, kept * steps + value, -1)
        there = np.unique(cell[usable])
        # A value of one group alone steps nowhere twice.
        wide = np.bincount(there % steps, minlength=steps)[there % steps] > 1
        return cls(cell, steps, *_moves(there[wide] // steps, there[wide] % steps, steps))

    def drawn(self, step: str, held: tuple[str, ...], most: int, rng: np.random.Generator) -> Analogies:
        """Questions by their number among all that there are, each asked once."""
        asked = np.cumsum(self.widths * (self.widths - 1))
        order = np.argsort(self.cell, kind="stable")
        starts = np.searchsorted(self.cell[order], np.arange(self.cell.max() + 1))
        stops = np.searchsorted(self.cell[order], np.arange(self.cell.max() + 1), "right")

        def member(group: int, value: int) -> int:
            at = group * self.steps + value
            return int(order[rng.integers(starts[at], stops[at])])

        made = []
        for number in np.sort(rng.choice(self.there, size=most, replace=False)).tolist():
            at = int(np.searchsorted(asked, number, "right"))
            one, other = int(self.one[at]), int(self.other[at])
            both = self.groups[self.ends[at] - self.widths[at] : self.ends[at]]
            first, second = divmod(number - (int(asked[at - 1]) if at else 0), len(both) - 1)
            second += second >= first  # another group than the first
            mine, theirs = int(both[first]), int(both[second])
            target = theirs * self.steps + other
            made.append((member(mine, one), member(mine, other), member(theirs, one), target, theirs))
        a, b, c, target, group = np.array(made, dtype=np.int32).T
        return Analogies(a, b, c, target, self.cell.astype(np.int32), group, step, held, self.there)


def _moves(group: Int64Array, value: Int64Array, steps: int) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array]:
    """(from value, to value, where its groups end, groups) of all moves that two groups or more can make.

    ``group``, ``value``: of each cell that has items, by rising group.
    """
    sizes = np.bincount(group) if len(group) else np.zeros(0, dtype=np.int64)
    many = sizes[group]
    first = np.repeat(np.arange(len(group)), many)  # each cell with every cell of its group
    begin = np.repeat(np.cumsum(sizes)[group] - many, many)
    second = begin + np.arange(len(first)) - np.repeat(np.cumsum(many) - many, many)
    first, second = first[first != second], second[first != second]
    key = value[first] * steps + value[second]
    order = np.argsort(key, kind="stable")
    key, groups = key[order], group[first][order]
    heads = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.zeros(0, dtype=np.int64)
    widths = np.diff(heads, append=len(key))
    kept = widths > 1
    chosen = key[heads[kept]]
    return chosen // steps, chosen % steps, np.cumsum(widths[kept]), groups[np.repeat(kept, widths)]


@dataclass(frozen=True, eq=False)
class _Numbered:
    """Fields as numbers: of each its values by their place among the sorted texts, -1 where one is missing."""

    places: dict[str, tuple[Int64Array, int]]

    @classmethod
    def of(cls, fields: Mapping[str, AnyArray]) -> _Numbered:
        """Number the values of every field."""
        return cls({name: _places(values) for name, values in fields.items()})

    def kinds(self, name: str) -> int:
        """How many values a field has, "missing" among them."""
        places, values = self.places[name]
        return values + bool((places < 0).any())

    def together(self, names: Sequence[str]) -> tuple[Int64Array, int]:
        """(number of each item's combination of values, -1 where one is missing; how many there are)."""
        for name in names:
            if name not in self.places:
                there = ", ".join(map(repr, self.places)) or "none"
                raise UsageError(f"there is no field {name!r}; there are {there}")
        if not names:
            return np.zeros(len(next(iter(self.places.values()))[0]), dtype=np.int64), 1
        combined, count = self.places[names[0]]
        for name in names[1:]:
            more, values = self.places[name]
            both = np.where((combined >= 0) & (more >= 0), combined * values + more, -1)
            known, combined = np.unique(both, return_inverse=True)
            missing = int(len(known) > 0 and known[0] < 0)
            combined, count = combined.astype(np.int64) - missing, len(known) - missing
        return combined, count


def _places(values: AnyArray) -> tuple[Int64Array, int]:
    texts = [None if v is None or v != v else str(v) for v in np.asarray(values).tolist()]
    known = {text: at for at, text in enumerate(sorted({text for text in texts if text is not None}))}
    return np.array([-1 if text is None else known[text] for text in texts], dtype=np.int64), len(known)


@dataclass(frozen=True)
class Rate:
    """A share of questions with its interval over groups of questions (:attr:`Analogies.group`)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class AnalogyReport:
    """How often a model's arithmetic finds a right item among its first k.

    Attributes:
        k: length of the list.
        accuracy: a right answer among the first k, a, b and c left out.
        nearest: the same of c's own nearest neighbors, which know nothing of a and b.
        gain: the difference of the two, over the same questions.
        chance: of k items drawn blindly, the mean over the questions.
        given_back: share of questions whose best answer is a, b or c itself when none is left out.
        gives_c: share of those in which it is c.
        questions: how many were asked.
        groups: targets that they have, by which intervals go.
    """

    k: int
    accuracy: Rate
    nearest: Rate
    gain: Rate
    chance: float
    given_back: float
    gives_c: float
    questions: int
    groups: int


def measure_analogies(
    vectors: Float32Array, asked: Analogies, *, k: int = 1, how: How = "add", level: float = 0.95
) -> AnalogyReport:
    """Ask a model all questions: a is to b as c is to x.

    x = argmax of :func:`arithmetic` with plus = (b, c), minus = (a).

    Args:
        vectors: (n, d), rows as in the fields of the questions.
        asked: of :func:`analogies`.
        k: answers that count.
        how: ``"add"`` or ``"mul"``.
        level: of the intervals.

    References:
        Rogers, Drozd, Li, *The (Too Many) Problems of Analogical Reasoning with Word Vectors* (\\*SEM 2017): without
        leaving the inputs out, the answer is mostly one of them.

    >>> corners = np.array([[2, 0, 1], [2, 0, -1], [0, 2, 1], [0, 2, -1]], np.float32)
    >>> kind, size = np.array(["tea", "tea", "nail", "nail"]), np.array(["small", "large", "small", "large"])
    >>> measure_analogies(corners, analogies({"kind": kind, "size": size}, "size")).accuracy.value
    1.0
    """
    rows = unit_rows(finite_rows(np.asarray(vectors, dtype=np.float32)))
    if len(rows) != len(asked.cell):
        raise UsageError(f"the questions are of {len(asked.cell):,} items and the vectors of {len(rows):,}")
    n = len(rows)
    require(is_whole(k) and 1 <= k <= max(n - 3, 1), "k", k, f"a whole number from 1 to {max(n - 3, 1)}")
    hits, near, blind, back, gives = (np.zeros(len(asked)) for _ in range(5))
    for begin in range(0, len(asked), SLICE):
        part = slice(begin, begin + SLICE)
        a, b, c = (side[part].astype(np.int64) for side in (asked.a, asked.b, asked.c))
        right = asked.right(part)
        scores = _scores(rows, np.column_stack([b, c]), a[:, None], how)
        best = scores.argmax(axis=1)
        gives[part] = best == c
        back[part] = (best == a) | (best == b) | (best == c)
        own = np.asarray(rows[c] @ rows.T, dtype=np.float64)
        lines = np.arange(len(a))
        for table, into in ((scores, hits), (own, near)):
            for given in (a, b, c):
                table[lines, given] = -np.inf
            first = np.argpartition(-table, k - 1, axis=1)[:, :k]
            into[part] = right[lines[:, None], first].any(axis=1)
        blind[part] = _blindly(right.sum(axis=1), n - 3, k)
    given_back = float(back.mean())
    return AnalogyReport(
        k,
        _rate(hits, asked.group, level),
        _rate(near, asked.group, level),
        _rate(hits - near, asked.group, level),
        float(blind.mean()),
        given_back,
        float(gives.sum() / max(back.sum(), 1.0)),
        len(asked),
        len(np.unique(asked.group)),
    )


def _blindly(right: Int64Array, among: int, k: int) -> Float64Array:
    """1 − C(among − right, k) / C(among, k): k drawn without putting back find one of the right."""
    miss = np.ones(len(right))
    for drawn in range(k):
        miss *= np.maximum(among - right - drawn, 0) / max(among - drawn, 1)
    return 1.0 - miss


def _rate(values: Float64Array, group: Int32Array, level: float) -> Rate:
    """The mean, and its interval with questions of one group taken to say the same (Student's t over groups)."""
    from scipy.stats import t

    mean = float(values.mean())
    known, at = np.unique(group, return_inverse=True)
    if len(known) < 2:
        return Rate(mean, float("nan"), float("nan"))
    sums = np.bincount(at, values - mean)
    error = float(np.sqrt(len(known) / (len(known) - 1) * (sums**2).sum()) / len(values))
    half = float(t.ppf(0.5 + level / 2, len(known) - 1)) * error
    return Rate(mean, mean - half, mean + half)
