"""Do models name the same neighbors? For two models, for many, for one item, and against what the items are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import BoolArray, Float64Array, FloatArray, Int32Array, Int64Array, IntegerArray, NumberArray
from recemb_core.embeddings.item_vectors import ItemVectors, rows_of
from recemb_core.neighbors.exact import nearest_others
from recemb_core.validation import UsageError

# Neighbor lists by model: int32 (q, k) item rows, best first, −1 padded at the end, as ``ItemVectors.nearest`` gives.
NeighborLists = Mapping[str, Int32Array]
PERSISTENCE = 0.9


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement of two models' neighbor lists.

    Attributes:
        overlap: mean share of common items among the k nearest.
        chance: the overlap of two random lists, k/(n − 1).
        rank_biased: mean extrapolated rank-biased overlap, which weighs the top of the lists more.
        rank_biased_chance: that of two random lists.
        by_item: float64 (n,), the overlap of each item.
    """

    overlap: float
    chance: float
    rank_biased: float
    rank_biased_chance: float
    by_item: Float64Array


@dataclass(frozen=True, eq=False)
class AgreementMatrix:
    """Agreement of several models with each other; rows and columns in the order of ``names``.

    Attributes:
        names: of the m models.
        overlap: float64 (m, m), mean overlap@k; 1 on the diagonal.
        overlap_error: float64 (m, m), its standard error over items (sd / √items).
        overlap_chance: overlap of two random lists.
        rank_biased: float64 (m, m), mean extrapolated rank-biased overlap.
        rank_biased_error: float64 (m, m), its standard error over items.
        rank_biased_chance: that of two random lists.
        items: number of items averaged over.
    """

    names: tuple[str, ...]
    overlap: Float64Array
    overlap_error: Float64Array
    overlap_chance: float
    rank_biased: Float64Array
    rank_biased_error: Float64Array
    rank_biased_chance: float
    items: int


@dataclass(frozen=True)
class Purity:
    """How often an item's neighbors share its attribute value.

    Attributes:
        value: mean share over items.
        standard_error: of ``value − chance``, over items.
        chance: mean share among neighbors drawn at random.
        items: number of items averaged over: those with a value and a neighbor.
    """

    value: float
    standard_error: float
    chance: float
    items: int


def neighbor_agreement(
    a: ItemVectors | FloatArray, b: ItemVectors | FloatArray, k: int = 10, *, persistence: float = PERSISTENCE
) -> Agreement:
    """Overlap@k = |N_a(i) ∩ N_b(i)| / k by item and on average, and rank-biased overlap, each with its chance level.

    Args:
        a: (n, d_a) vectors, neighbors by cosine.
        b: (n, d_b) vectors of the same items.
        k: length of the lists.
        persistence: p of :func:`rank_biased_overlap`.

    Raises:
        ValueError: different numbers of items, k below 1, or vectors that are not finite.
    """
    rows = [rows_of(v, name) for v, name in ((a, "a"), (b, "b"))]
    n = len(rows[0])
    if len(rows[1]) != n:
        raise UsageError(f"both models must hold the same items; one has {n}, the other {len(rows[1])}")
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    first, second = (nearest_others(r, k) for r in rows)
    k = first.shape[1]
    if k == 0:
        return Agreement(0.0, 0.0, 0.0, 0.0, np.zeros(n))
    found = _compared(first, second)
    by_item, biased = _overlap(*found), float(_rank_biased(*found, persistence).mean())
    return Agreement(
        float(by_item.mean()), overlap_chance(k, n - 1), biased, rank_biased_chance(k, n - 1, persistence), by_item
    )


def overlap_at_k(a: NumberArray, b: NumberArray) -> Float64Array:
    """Common items of two lists over the length of the longer, row by row; 0 where both are empty.

    Args:
        a: int (q, k), item rows, −1 padded.
        b: int (q, k').

    >>> overlap_at_k(np.array([[1, 2, 3, 4]]), np.array([[4, 1, 7, 8]])).tolist()
    [0.5]
    """
    return _overlap(*_compared(a, b))


def overlap_chance(k: int, others: float) -> float:
    """Expected overlap@k of two independent random lists out of ``others`` items: min(1, k / others)."""
    return min(1.0, k / others) if others > 0 else 0.0


def rank_biased_overlap(a: NumberArray, b: NumberArray, *, persistence: float = PERSISTENCE) -> Float64Array:
    """Extrapolated rank-biased overlap of two lists, row by row, from 0 (nothing common) to 1 (the same list).

    With X_d the number of common items among the first d of both, RBO averages the agreement X_d / d over depths with
    weights (1 − p) p^{d−1}, as a reader would who goes on to the next rank with probability p. Below the end of lists
    of length k the agreement is taken to stay what it was there:
    RBO = p^k · X_k / k + ((1 − p) / p) Σ_{d=1..k} p^d · X_d / d. Lists of lengths s < l are continued as in
    equation 32 of the paper: the shorter one is taken to go on agreeing as it did at s.

    Args:
        a: int (q, k), item rows, best first, −1 padded at the end.
        b: int (q, k').
        persistence: p, above 0 and below 1; smaller looks more at the top. At 0.9 the first ten ranks carry 86% of
            the weight.

    Returns:
        float64 (q,); 0 where either list is empty.

    Raises:
        ValueError: different numbers of lists, or a persistence out of range.

    References:
        Webber, Moffat, Zobel, *A Similarity Measure for Indefinite Rankings*, TOIS 28(4), 2010.

    >>> rank_biased_overlap(np.array([[1, 2], [1, 2]]), np.array([[2, 1], [1, 2]]), persistence=0.5).tolist()
    [0.5, 1.0]
    """
    return _rank_biased(*_compared(a, b), persistence)


def rank_biased_chance(k: int, others: float, persistence: float = PERSISTENCE) -> float:
    """Expected RBO of two independent random lists of k out of ``others`` items: (1 − p^k) / ((1 − p) · others).

    At depth d the expected agreement is d / others; the sum over depths, the extrapolated end included, is that.
    """
    if others <= 0:
        return 0.0
    k = min(k, int(others))
    return (1 - persistence**k) / ((1 - persistence) * others)


def agreement_matrix(
    neighbors: NeighborLists,
    *,
    items: int,
    candidates: int | IntegerArray | None = None,
    persistence: float = PERSISTENCE,
) -> AgreementMatrix:
    """Mean overlap@k and rank-biased overlap of every two models, with standard errors and chance levels.

    The standard errors take the items as a random sample; they do not hold what another training seed would change.

    Args:
        neighbors: model → int (q, k), the lists of the same q items (all, or a random sample).
        items: n, number of items there are.
        candidates: how many items a list can hold, the item itself not counted: (q,), or one number for all lists;
            n − 1 without it. A rare-item filter lowers it and raises the chance level.
        persistence: p of :func:`rank_biased_overlap`.

    >>> lists = {"a": np.array([[1], [0], [0]]), "b": np.array([[1], [2], [0]])}
    >>> agreement_matrix(lists, items=3).overlap.round(2).tolist()
    [[1.0, 0.67], [0.67, 1.0]]
    """
    names = tuple(neighbors)
    m, q = len(names), _asked(neighbors)
    others, lists_of = np.unique(items - 1 if candidates is None else candidates, return_counts=True)
    k = max((lists.shape[1] for lists in neighbors.values()), default=0)
    means, errors = np.ones((2, m, m)), np.zeros((2, m, m))
    for i, j in combinations(range(m), 2):
        found = _compared(neighbors[names[i]], neighbors[names[j]])
        for at, values in enumerate((_overlap(*found), _rank_biased(*found, persistence))):
            means[at, i, j] = means[at, j, i] = values.mean() if q else 0.0
            errors[at, i, j] = errors[at, j, i] = values.std(ddof=1) / np.sqrt(q) if q > 1 else 0.0
    by_many = [(overlap_chance(k, m), rank_biased_chance(k, m, persistence)) for m in others.tolist()]
    chances = np.average(by_many, axis=0, weights=lists_of).tolist() if by_many else [0.0, 0.0]
    return AgreementMatrix(names, means[0], errors[0], chances[0], means[1], errors[1], chances[1], q)


def dispute(neighbors: NeighborLists) -> Float64Array:
    """1 − mean overlap@k over all pairs of models, by item: 0 all agree, 1 no two lists share an item; float64 (q,)."""
    pairs = list(combinations(neighbors.values(), 2))
    if not pairs:
        return np.zeros(_asked(neighbors))
    return np.asarray(1.0 - np.mean([overlap_at_k(a, b) for a, b in pairs], axis=0))


def most_disputed(
    neighbors: NeighborLists, top: int = 20, *, counts: NumberArray | None = None, min_count: int = 20
) -> tuple[Int64Array, Float64Array]:
    """(positions (t,), dispute (t,)) of the items on whose neighbors the models differ most, the most disputed first.

    A rare item's lists are noise in every model, so its models never agree: without a filter such junk fills the
    list. With ``counts`` only items of at least ``min_count`` occurrences compete. Ties go by position.

    Args:
        neighbors: model → int (q, k), the lists of the same q items; two models at least.
        top: at most so many items.
        counts: (q,), occurrences of those items.
        min_count: items with fewer are left out; nothing is where ``counts`` is not given.
    """
    values = dispute(neighbors)
    allowed = np.arange(len(values))
    if counts is not None:
        counts = np.asarray(counts)
        if counts.shape != values.shape:
            raise UsageError(f"counts must be ({len(values)},), one for each item asked, not {counts.shape}")
        allowed = np.flatnonzero(counts >= min_count)
    order = allowed[np.argsort(-values[allowed], kind="stable")][:top]
    return order, values[order]


def shared_by(lists: Mapping[str, npt.ArrayLike]) -> dict[tuple[str, ...], Int32Array]:
    """Which neighbors of one item lie in the lists of exactly which models: the cells of a Venn diagram.

    Args:
        lists: model → (k,), one item's neighbors, −1 padded.

    Returns:
        Models (in the order given) → the item rows that all of them name and no other does, in the order of the first
        of them; cells with the most models come first, empty cells are left out.

    >>> {m: rows.tolist() for m, rows in shared_by({"a": [1, 2], "b": [2, 3]}).items()}
    {('a', 'b'): [2], ('a',): [1], ('b',): [3]}
    """
    named: dict[int, list[str]] = {}
    for model, rows in lists.items():
        for row in dict.fromkeys(np.asarray(rows).tolist()):
            if row >= 0:
                named.setdefault(int(row), []).append(model)
    place = {model: at for at, model in enumerate(lists)}
    cells: dict[tuple[str, ...], list[int]] = {}
    for row, models in named.items():
        cells.setdefault(tuple(models), []).append(row)
    ordered = sorted(cells, key=lambda models: (-len(models), [place[model] for model in models]))
    return {models: np.array(cells[models], dtype=np.int32) for models in ordered}


def attribute_purity(
    neighbors: IntegerArray,
    values: npt.ArrayLike,
    *,
    rows: IntegerArray | None = None,
    candidates: BoolArray | None = None,
    missing: object = "(missing)",
) -> Purity:
    """Mean share of an item's neighbors that have its value of an attribute, against chance.

    Chance for item i is the share of its value among the items that its list can hold, itself not counted. Items
    without a value, or without a neighbor, are left out; a neighbor without a value shares nothing.

    Args:
        neighbors: int (q, k), item rows, −1 padded.
        values: (n,), the attribute of every item.
        rows: (q,), whose lists they are; all n items without it.
        candidates: bool (n,), the items that a list can hold; all without it.
        missing: the value that stands for none, beside None and "".

    >>> brand = ["a", "a", "b", "b"]
    >>> found = attribute_purity(np.array([[1], [0], [3], [0]]), brand)
    >>> found.value, round(found.chance, 3)
    (0.75, 0.333)
    """
    lists = np.asarray(neighbors)
    text = np.asarray(["" if v is None or v == missing else str(v) for v in np.asarray(values).tolist()])
    asked = np.arange(len(text)) if rows is None else np.asarray(rows)
    if len(asked) != len(lists):
        raise UsageError(f"rows must name the item of each of the {len(lists)} lists, not {len(asked)}")
    allowed = np.ones(len(text), dtype=bool) if candidates is None else np.asarray(candidates, dtype=bool)
    if not len(text) or not lists.shape[1]:
        return Purity(0.0, 0.0, 0.0, 0)
    kinds, codes = np.unique(text, return_inverse=True)
    codes = np.where(text == "", -1, codes)
    sizes = np.bincount(codes[allowed & (codes >= 0)], minlength=len(kinds))
    own = codes[asked]
    there = lists >= 0
    used = (own >= 0) & there.any(axis=1)
    if not used.any():
        return Purity(0.0, 0.0, 0.0, 0)
    same = (codes[lists] == own[:, None]) & there
    share = (same.sum(axis=1) / np.maximum(there.sum(axis=1), 1))[used]
    itself = allowed[asked]
    others = np.maximum(allowed.sum() - itself, 1)
    chance = ((sizes[own] - itself) / others)[used]
    error = float((share - chance).std(ddof=1) / np.sqrt(len(share))) if len(share) > 1 else 0.0
    return Purity(float(share.mean()), error, float(chance.mean()), int(used.sum()))


def _asked(neighbors: NeighborLists) -> int:
    sizes = {name: len(lists) for name, lists in neighbors.items()}
    if len(set(sizes.values())) > 1:
        raise UsageError(f"all models must be asked for the same items; the lists number {sizes}")
    return next(iter(sizes.values()), 0)


def _compared(a: NumberArray, b: NumberArray) -> tuple[NumberArray, NumberArray, Int64Array]:
    """Both as (q, k), the shorter padded with −1, and what they have in common."""
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        raise UsageError(f"both must be (q, k) lists of the same q items, not {a.shape} and {b.shape}")
    k = max(a.shape[1], b.shape[1])
    a, b = (np.pad(x, ((0, 0), (0, k - x.shape[1])), constant_values=-1) for x in (a, b))
    return a, b, _common(a, b)


def _overlap(a: NumberArray, b: NumberArray, common: Int64Array) -> Float64Array:
    longest = np.maximum((a >= 0).sum(axis=1), (b >= 0).sum(axis=1))
    return common[:, -1] / np.maximum(longest, 1) if a.shape[1] else np.zeros(len(a))


def _rank_biased(a: NumberArray, b: NumberArray, common: Int64Array, p: float) -> Float64Array:
    if not 0 < p < 1:
        raise UsageError(f"persistence must be above 0 and below 1, not {p!r}")
    q, k = a.shape
    if k == 0 or q == 0:
        return np.zeros(q)
    lengths = np.sort(np.stack([(a >= 0).sum(axis=1), (b >= 0).sum(axis=1)]), axis=0)
    short, long = lengths[0][:, None], lengths[1][:, None]
    depth = np.arange(1, k + 1)
    at_short = np.take_along_axis(common, np.maximum(short - 1, 0), axis=1)
    at_long = np.take_along_axis(common, np.maximum(long - 1, 0), axis=1)
    agreement = common / depth
    if (short != long).any():
        beyond = at_short * (depth - short) / np.maximum(short * depth, 1)
        agreement = agreement + np.where(depth > short, beyond, 0.0)
    total = (np.where(depth <= long, agreement, 0.0) * p**depth).sum(axis=1) * (1 - p) / p
    short, long, at_short, at_long = (x[:, 0] for x in (short, long, at_short, at_long))
    tail = ((at_long - at_short) / np.maximum(long, 1) + at_short / np.maximum(short, 1)) * p**long
    return np.where(short > 0, total + tail, 0.0)


def _common(a: NumberArray, b: NumberArray) -> Int64Array:
    """X_d: how many items the first d of both lists share, for d = 1 … k; int64 (q, k)."""
    q, k = a.shape
    found = np.zeros((q, k), dtype=np.int64)
    if not found.size:
        return found
    # A common item is a common (list, item) key; it counts from the depth at which both lists have named it.
    most = int(max(a.max(), b.max())) + 1
    keys, depths = [], []
    for lists in (a, b):
        row, at = np.nonzero(lists >= 0)
        key = row * most + lists[row, at]
        order = np.argsort(key)
        keys.append(key[order])
        depths.append(at[order])
    first = np.minimum(np.searchsorted(keys[1], keys[0]), max(len(keys[1]) - 1, 0))
    both = keys[1][first] == keys[0] if len(keys[1]) else np.zeros(len(keys[0]), dtype=bool)
    depth = np.maximum(depths[0][both], depths[1][first[both]])
    found += np.bincount(keys[0][both] // max(most, 1) * k + depth, minlength=q * k).reshape(q, k)
    return np.cumsum(found, axis=1)
