"""Next-item recommendation, scored on the whole catalogue: HR, recall, NDCG, MRR and coverage with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from recemb_core.arrays import (
    AnyArray,
    BoolArray,
    Float32Array,
    Float64Array,
    FloatArray,
    Int32Array,
    Int64Array,
    IntegerArray,
    NumberArray,
    StrArray,
)
from recemb_core.embeddings.item_vectors import ItemVectors, rows_of
from recemb_core.evaluation.intervals import Estimate, mean_interval, share_interval, wilson_interval
from recemb_core.evaluation.ties import (
    BestRanks,
    TiedRanks,
    best_ranks,
    expected_best_rank,
    expected_gain,
    expected_hit,
    expected_reciprocal,
    expected_within,
)
from recemb_core.moved import moved_name
from recemb_core.neighbors.base import distinct_rows, inner_products, parts_of, unit_rows
from recemb_core.sequences import Sequences
from recemb_core.splits import event_order, leave_last_out, user_streams
from recemb_core.validation import UsageError, finite_rows, require

Rows = Sequence[IntegerArray] | Sequences
# Scores of every item for a batch of histories: (batch, n); NaN for an item that the model does not know.
Scorer = Callable[[Sequence[IntegerArray]], FloatArray]

BATCH_VALUES = 8_000_000  # scores held at a time
FIRST_BATCH = 256  # users, where the number of items is not known yet
LOOKED_AT = 1_000_000  # scores compared at a time: they stay in the cache


@dataclass(frozen=True, eq=False)
class RankingReport:
    """How well next items are found; every figure is a mean over users, with a 95% interval.

    Equal scores count by their expectation over a random order of the tied items, another one for each user: a target
    that shares its score with c items (itself included), a others scored higher, has each rank r from a + 1 to a + c
    with probability 1 / c. (:mod:`recemb_core.evaluation.ties` has the closed forms.) A constant score over N items
    has HR@k = k / N and MRR = (1 / N) Σ_r 1 / r.

    Attributes:
        ks: lengths of the lists looked at.
        hit_rate: HR@k = (1 / users) Σ_u P(a target of u has rank ≤ k); Wilson interval, which holds for fractions too.
        recall: recall@k = (1 / users) Σ_u (1 / targets of u) Σ_t P(rank_t ≤ k). Equal to ``hit_rate`` for one target
            a user.
        ndcg: NDCG@k = (1 / users) Σ_u E[Σ_t 1 / log₂(1 + rank_t) over ranks ≤ k] / (its best possible value).
        mrr: (1 / users) Σ_u E[1 / rank of the best target of u]; 0 for a user without a ranked target.
        coverage: expected share of the catalogue that stands in at least one user's first k:
            (1 / n) Σ_i (1 − Π_u (1 − P(i among u's first k))).
        users: users who were asked about.
        targets: targets they have, unknown ones included.
        unknown: targets that the model has no score for; each is a miss.
        exclude_seen: whether items of the history were masked, and targets among them left out.
        best: of each user the rank of the best target: the first of the tied, how many are, how many are targets.
        user_recall, user_ndcg: float64 (users, len(ks)).
        kept: int64 (users,), positions of these users in the arguments.

    The intervals of recall, NDCG and MRR are those of :func:`~recemb_core.evaluation.intervals.share_interval`: none
    leaves [0, 1].
    """

    ks: tuple[int, ...]
    coverage: dict[int, float]
    targets: int
    unknown: int
    exclude_seen: bool
    best: BestRanks
    user_recall: Float64Array
    user_ndcg: Float64Array
    kept: Int64Array

    @property
    def users(self) -> int:
        return len(self.kept)

    @cached_property
    def hit_rate(self) -> dict[int, Estimate]:
        return {k: wilson_interval(float(self.user_hits(k).sum()), self.users) for k in self.ks}

    @cached_property
    def recall(self) -> dict[int, Estimate]:
        return {k: share_interval(self.user_recall[:, j]) for j, k in enumerate(self.ks)}

    @cached_property
    def ndcg(self) -> dict[int, Estimate]:
        return {k: share_interval(self.user_ndcg[:, j]) for j, k in enumerate(self.ks)}

    @cached_property
    def mrr(self) -> Estimate:
        return share_interval(expected_reciprocal(self.best))

    @property
    def best_rank(self) -> Float64Array:
        """Expected rank of each user's best target, infinity where none has one; float64 (users,)."""
        return expected_best_rank(self.best)

    def user_hits(self, k: int) -> Float64Array:
        """P(a target among the first k) of each user, whether or not k is one of ``ks``; float64 (users,)."""
        return expected_hit(self.best, k)


@dataclass(frozen=True, eq=False)
class NextItemCases:
    """Who is asked about what: row i of each belongs to ``users[i]``.

    Attributes:
        train: what may be learned from.
        users: str (q,).
        histories: item rows before the held-out part, oldest first.
        targets: item rows of the held-out part.
    """

    train: Sequences
    users: StrArray
    histories: tuple[Int32Array, ...]
    targets: tuple[Int32Array, ...]


def next_item_cases(sequences: Sequences) -> NextItemCases:
    """Leave each user's last item (of baskets: the last basket) out; see :func:`recemb_core.splits.leave_last_out`.

    >>> cases = next_item_cases(Sequences.from_lists([["a", "b", "c"], ["b", "c"]]))
    >>> [h.tolist() for h in cases.histories], [t.tolist() for t in cases.targets]
    ([[0, 1], [1]], [[2], [2]])
    """
    train, held_out = leave_last_out(sequences)
    users, offsets, order = user_streams(train)
    row = {user: i for i, user in enumerate(users.tolist())}
    assert held_out.users is not None
    asked = [row[user] for user in held_out.users.tolist()]
    stream = train.tokens[event_order(train, order)]
    histories = tuple(stream[offsets[i] : offsets[i + 1]] for i in asked)
    return NextItemCases(train, held_out.users, histories, tuple(np.array(t) for t in held_out))


def rank_next_items(
    vectors: ItemVectors | FloatArray | Scorer,
    histories: Rows,
    targets: Rows,
    *,
    ks: Sequence[int] = (10, 50, 100),
    exclude_seen: bool = True,
    user_vectors: FloatArray | None = None,
    score: Literal["inner_product", "cosine"] = "inner_product",
    user_facts: Sequence[Any] | None = None,
) -> RankingReport:
    """Rank the whole catalogue for every user and see where the targets stand.

    A target's rank is 1 + (items scored higher) + its place among the items scored equal, which is random: every
    measure is the expectation over it (:class:`RankingReport`). Items of equal vectors are scored equal. Nothing is
    sampled. A target outside the catalogue, or one that the model gives no finite score, is a miss. With
    ``exclude_seen`` the figure is about novel targets: items of the history are not ranked, targets among them are left
    out, and a user who has no other target is not asked about. Without it, all targets count and nothing is masked.

    Args:
        vectors: item vectors (n, d), or a function that gives the scores (batch, n) of a batch of histories.
        histories: item rows of each user, oldest first.
        targets: item rows that came next, for each user; repeats count once. −1 stands for an unknown item.
        ks: list lengths, 1 or more.
        exclude_seen: see above.
        user_vectors: (users, d); left out, a user is the mean of the vectors of the history's items.
        score: of a user and an item: u · v, or their cosine. (With ``"cosine"`` and no user vectors, the mean is over
            vectors of length 1.)
        user_facts: of each user, for a function of scores that takes those of its batch as a second argument, as
            :meth:`recemb_core.deep.recall.RecallModel.scores` does.

    Raises:
        ValueError: lengths that do not fit, a k below 1, no user with a target, or vectors that are not finite.

    References:
        Krichene, Rendle, *On Sampled Metrics for Item Recommendation* (KDD 2020): why nothing is sampled.

    >>> vectors = np.array([[1, 0], [1, 0.1], [0, 1]], np.float32)
    >>> report = rank_next_items(vectors, [np.array([0])], [np.array([1])], ks=[1])
    >>> report.hit_rate[1].value, report.mrr.value
    (1.0, 1.0)
    """
    ks = tuple(int(k) for k in ks)
    require(len(ks) > 0 and min(ks) >= 1, "ks", ks, "at least one whole number, each 1 or more")
    require(len(histories) == len(targets), "targets", len(targets), f"as many as histories, {len(histories)}")
    past = [np.unique(np.asarray(h)) for h in histories]
    asked = [np.unique(np.asarray(t)) for t in targets]
    if exclude_seen:
        asked = [np.setdiff1d(t, h, assume_unique=True) for t, h in zip(asked, past, strict=True)]
    if not any(map(len, asked)):
        raise UsageError("no user has a target to be found; hold something out, or do not exclude what was seen")
    scorer, n = _scorer(vectors, user_vectors, score, len(histories))
    if user_facts is not None:
        require(callable(vectors), "user_facts", "given", "left out where the scores are those of vectors")
        require(len(user_facts) == len(histories), "user_facts", len(user_facts), f"one for each of {len(histories)}")
        function: Any = vectors
        scorer = lambda batch, part: function(batch, [user_facts[i] for i in part])  # noqa: E731
    views = {"": View(asked, exclude_seen)}
    return _rank_views(scorer, n, [np.asarray(h) for h in histories], views, ks, ("",), None).reports[""]


@dataclass(frozen=True, eq=False)
class View:
    """Which targets count, and whether items of the history are ranked beside them.

    Attributes:
        targets: item rows of each user, each once; −1 for an unknown item. Users without any are left out.
        masked: whether items of the history are kept off the lists.
    """

    targets: Sequence[IntegerArray]
    masked: bool


@dataclass(frozen=True, eq=False)
class RankedViews:
    """Reports by view, and how much of the lists is marked.

    Attributes:
        reports: view → report; coverage is NaN where a view was not ``listed``.
        marked: of the first listed view, the expected share of marked items among each user's first ks[0], (users,).
    """

    reports: dict[str, RankingReport]
    marked: Float64Array


def rank_views(
    scorer: Scorer,
    histories: Rows,
    views: Mapping[str, View],
    *,
    ks: Sequence[int] = (10, 50, 100),
    listed: Sequence[str] = (),
    marked: BoolArray | None = None,
) -> RankedViews:
    """:func:`rank_next_items` by several kinds of targets at once: every user is scored once.

    Args:
        scorer: gives the scores (batch, n) of a batch of histories.
        histories: item rows of each user, oldest first.
        views: name → what is asked.
        ks: list lengths, 1 or more.
        listed: views whose lists are looked at as well, for coverage and ``marked``.
        marked: items (n,) whose share of the lists is wanted.

    Raises:
        ValueError: a k below 1, a view of another number of users or without any target.

    >>> model = lambda histories: np.tile([3.0, 2.0, 1.0], (len(histories), 1))
    >>> both = {"all": View([np.array([1])], False), "new": View([np.array([1])], True)}
    >>> {name: r.best_rank.tolist() for name, r in rank_views(model, [np.array([0])], both, ks=[1]).reports.items()}
    {'all': [2.0], 'new': [1.0]}
    """
    ks = tuple(int(k) for k in ks)
    require(len(ks) > 0 and min(ks) >= 1, "ks", ks, "at least one whole number, each 1 or more")
    for name, view in views.items():
        require(len(view.targets) == len(histories), name, len(view.targets), f"as many as histories, {len(histories)}")
        if not any(map(len, view.targets)):
            raise UsageError(f"no user has a target in the view {name!r}; leave it out")
    rows: list[IntegerArray] = [np.asarray(h) for h in histories]
    return _rank_views(lambda lines, part: scorer(lines), None, rows, views, ks, tuple(listed), marked)


def _rank_views(
    scorer: Callable[[list[IntegerArray], Int64Array], NumberArray],
    n: int | None,
    rows: list[IntegerArray],
    views: Mapping[str, View],
    ks: tuple[int, ...],
    listed: tuple[str, ...],
    marked: BoolArray | None,
) -> RankedViews:
    kept = {name: np.array([i for i, t in enumerate(view.targets) if len(t)], np.int64) for name, view in views.items()}
    anyone = np.unique(np.concatenate(list(kept.values())))
    ranks: dict[str, list[TiedRanks]] = {name: [] for name in views}
    unseen: dict[str, Float64Array] = {}  # P(item in nobody's first k), by k
    shares: list[Float64Array] = []
    start = 0
    while start < len(anyone):
        step = FIRST_BATCH if n is None else max(1, BATCH_VALUES // max(n, 1))
        part = anyone[start : start + step]
        start += step
        given = np.asarray(scorer([rows[i] for i in part], part))
        values: FloatArray = np.array(given, dtype=given.dtype if given.dtype.kind == "f" else np.float64)
        values[~np.isfinite(values)] = -np.inf
        n = values.shape[1]
        for masked in (False, True):  # masked last: it overwrites
            asked = {name: view for name, view in views.items() if view.masked == masked}
            if masked and asked:
                _mask(values, [rows[i] for i in part])
            mine = {name: np.flatnonzero(np.isin(part, kept[name])) for name in asked}
            targets = {name: [np.asarray(view.targets[i]) for i in part[mine[name]]] for name, view in asked.items()}
            for name, found in _tied_ranks(values, mine, targets).items():
                ranks[name].append(found)
            for name in asked:
                if name in listed:
                    lines = values if len(mine[name]) == len(part) else values[mine[name]]
                    left = unseen.setdefault(name, np.ones((len(ks), n)))
                    wanted = marked if name == listed[0] else None
                    shares += _look_at_lists(lines, ks, left, wanted)
    reports = {}
    for name, view in views.items():
        every = TiedRanks(*(np.concatenate(one) for one in zip(*ranks[name], strict=True)))
        coverage = 1 - unseen[name].mean(axis=1) if name in unseen else np.full(len(ks), np.nan)
        counts = np.array([len(view.targets[i]) for i in kept[name]], dtype=np.int64)
        reports[name] = _report(ks, every, counts, coverage, view.masked, kept[name])
    return RankedViews(reports, np.concatenate([np.empty(0), *shares]))


def _mask(values: FloatArray, histories: list[IntegerArray]) -> None:
    owner = np.repeat(np.arange(len(histories)), [len(h) for h in histories])
    seen = np.concatenate([np.empty(0, dtype=np.int64), *histories]).astype(np.int64)
    there = (seen >= 0) & (seen < values.shape[1])
    values[owner[there], seen[there]] = -np.inf


def _tied_ranks(
    values: FloatArray, lines: Mapping[str, Int64Array], targets: Mapping[str, list[IntegerArray]]
) -> dict[str, TiedRanks]:
    """:func:`tied_ranks` of the targets of some lines, view by view, one target after another.

    Views ask for many of the same targets; each is looked for once.
    """
    none, n = np.empty(0, dtype=np.int64), values.shape[1]
    owners = {name: np.repeat(mine, [len(t) for t in targets[name]]) for name, mine in lines.items()}
    rows = np.concatenate([none, *(t for of in targets.values() for t in of)]).astype(np.int64)
    there = (rows >= 0) & (rows < n)
    code = np.concatenate([none, *owners.values()]) * (n + 1) + np.where(there, rows, n)
    pairs, where = np.unique(code, return_inverse=True)
    owner, row = np.divmod(pairs, n + 1)
    own = np.where(row < n, values[owner, np.minimum(row, n - 1)] if values.size else -np.inf, -np.inf)
    first, tied = np.zeros(len(pairs), dtype=np.int64), np.ones(len(pairs), dtype=np.int64)
    found = np.flatnonzero(own > -np.inf)
    for piece in parts_of(len(found), n, LOOKED_AT):
        at = found[piece]
        compared, score = values[owner[at]], own[at, None]
        first[at] = 1 + np.count_nonzero(compared > score, axis=1)
        tied[at] = np.count_nonzero(compared == score, axis=1)
    cuts = np.cumsum([len(owners[name]) for name in lines])[:-1]
    each = np.split(where.reshape(-1), cuts) if lines else []
    return {name: TiedRanks(first[at], tied[at]) for name, at in zip(lines, each, strict=True)}


def _look_at_lists(
    values: FloatArray, ks: tuple[int, ...], unseen: Float64Array, marked: BoolArray | None
) -> list[Float64Array]:
    """Take each item's chances to be in a list out of ``unseen``; the marked share of each line's first ks[0]."""
    n, found = values.shape[1], []
    cuts = sorted({n - k for k in ks if k < n})
    for piece in parts_of(len(values), n, LOOKED_AT):
        lines = values[piece]
        ordered = np.partition(lines, cuts, axis=1) if cuts else lines
        ends = [ordered[:, n - k] if k < n else np.full(len(lines), -np.inf) for k in ks]
        # Who can be in the longest list can be in no other than these.
        every = np.nonzero((lines >= np.min(ends, axis=0)[:, None]) & (lines > -np.inf))
        score = lines[every]
        for j, (k, last) in enumerate(zip(ks, ends, strict=True)):
            inside = score >= last[every[0]]
            line, item = every[0][inside], every[1][inside]
            above = score[inside] > last[line]
            sure = np.bincount(line[above], minlength=len(lines))
            shown = np.bincount(line, minlength=len(lines))
            chance = np.where(above, 1.0, (np.minimum(k, shown) - sure)[line] / np.maximum(shown - sure, 1)[line])
            certain = chance >= 1
            unseen[j, item[certain]] = 0.0
            missed = np.bincount(item[~certain], weights=np.log1p(-chance[~certain]), minlength=n)
            unseen[j] *= np.exp(missed)
            if j == 0 and marked is not None:
                held = np.bincount(line, weights=chance * marked[item], minlength=len(lines))
                found.append(held / np.maximum(np.minimum(k, shown), 1))
    return found


def paired_gain(model: RankingReport, base: RankingReport, k: int) -> Estimate:
    """HR@k of one model minus that of another on the same users, with the 95% interval of the paired difference.

    (1 / users) Σ_u (P_model(hit of u) − P_base(hit of u)), ± 1.96 standard errors, cut at −1 and 1.

    Users whom both serve alike cancel out, so this is sharper than comparing two intervals.

    Raises:
        ValueError: the reports are not about the same users.
    """
    if not np.array_equal(model.kept, base.kept):
        raise UsageError("the two reports ask about different users, so they cannot be compared user by user")
    found = mean_interval(model.user_hits(k) - base.user_hits(k))
    return replace(found, low=max(found.low, -1.0), high=min(found.high, 1.0))


def _scorer(
    vectors: ItemVectors | FloatArray | Scorer, user_vectors: FloatArray | None, score: str, users: int
) -> tuple[Callable[[list[IntegerArray], Int64Array], NumberArray], int | None]:
    require(score in ("inner_product", "cosine"), "score", score, "'inner_product' or 'cosine'")
    if callable(vectors):
        require(user_vectors is None, "user_vectors", "given", "left out where a function gives the scores")
        function = vectors
        return lambda histories, part: function(histories), None
    items = np.asarray(rows_of(vectors), dtype=np.float32)
    items = unit_rows(items) if score == "cosine" else items
    distinct = distinct_rows(items)
    if user_vectors is None:
        return lambda histories, part: inner_products(mean_rows(items, histories), items, distinct), len(items)
    queries = np.asarray(user_vectors, dtype=np.float32)
    require(queries.shape == (users, items.shape[1]), "user_vectors", queries.shape, f"({users}, {items.shape[1]})")
    queries = finite_rows(queries, "user_vectors")
    queries = unit_rows(queries) if score == "cosine" else queries
    return lambda histories, part: inner_products(queries[part], items, distinct), len(items)


def mean_rows(vectors: Float32Array, histories: Iterable[NumberArray]) -> Float32Array:
    """Mean vector of each history's items, (len(histories), d); rows outside the array are passed over, none give 0."""
    means = []
    vectors = finite_rows(vectors)
    for history in histories:
        known = history[(history >= 0) & (history < len(vectors))]
        means.append(vectors[known].mean(axis=0) if len(known) else np.zeros(vectors.shape[1], np.float32))
    return np.array(means, dtype=np.float32).reshape(-1, vectors.shape[1])


def _report(
    ks: tuple[int, ...],
    every: TiedRanks,
    counts: Int64Array,
    coverage: Float64Array,
    exclude_seen: bool,
    kept: Int64Array,
) -> RankingReport:
    users = len(counts)
    owner = np.repeat(np.arange(users), counts)

    def by_user(values: Float64Array) -> Float64Array:
        return np.asarray(np.bincount(owner, weights=values, minlength=users), dtype=np.float64)

    ideal = np.cumsum(1 / np.log2(2 + np.arange(max(*ks, 1))))
    return RankingReport(
        ks=ks,
        coverage=dict(zip(ks, coverage.tolist(), strict=True)),
        targets=len(owner),
        unknown=int(np.count_nonzero(every.first == 0)),
        exclude_seen=exclude_seen,
        best=best_ranks(every, owner, users),
        user_recall=np.column_stack([by_user(expected_within(every, k)) / counts for k in ks]),
        user_ndcg=np.column_stack([by_user(expected_gain(every, k)) / ideal[np.minimum(counts, k) - 1] for k in ks]),
        kept=kept,
    )


def report_to_arrays(report: RankingReport) -> dict[str, AnyArray]:
    """A report as arrays for a file; :func:`report_from_arrays` makes the same one of them."""
    names = ("best", "user_recall", "user_ndcg", "kept", "targets", "unknown", "exclude_seen")
    found = {name: np.asarray(getattr(report, name)) for name in names}
    return {**found, "ks": np.array(report.ks), "coverage": np.array([report.coverage[k] for k in report.ks])}


def report_from_arrays(arrays: Mapping[str, AnyArray]) -> RankingReport:
    """See :func:`report_to_arrays`."""
    ks = tuple(map(int, arrays["ks"]))
    return RankingReport(
        ks=ks,
        coverage=dict(zip(ks, arrays["coverage"].tolist(), strict=True)),
        targets=int(arrays["targets"]),
        unknown=int(arrays["unknown"]),
        exclude_seen=bool(arrays["exclude_seen"]),
        best=BestRanks(*arrays["best"]),
        **{name: arrays[name] for name in ("user_recall", "user_ndcg", "kept")},
    )


def __getattr__(name: str) -> Any:
    return moved_name(__name__, name)
