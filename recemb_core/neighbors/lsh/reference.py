"""What the compiled kernels compute, by its definition in plain NumPy: slow, whole matrices, made to be read.

Everything starts from bucket numbers ("codes"), int (n, L, K), as
:meth:`~recemb_core.neighbors.lsh.hashing.HashFunctions.codes` gives them. The tests compare the kernels with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from recemb_core.arrays import BoolArray, Float64Array, Int64Array, IntegerArray, NumberArray
from recemb_core.neighbors.lsh.families import BucketRule
from recemb_core.neighbors.lsh.theory import GridMode, Mode

Codes = IntegerArray


def buckets_of(codes: Codes) -> list[dict[tuple[int, ...], list[int]]]:
    """Table by table: the codes of K functions → the rows that have them, ascending.

    >>> buckets_of(np.array([[[0, 1]], [[0, 0]], [[0, 1]]]))
    [{(0, 1): [0, 2], (0, 0): [1]}]
    """
    found: list[dict[tuple[int, ...], list[int]]] = [{} for _ in range(codes.shape[1])]
    for row, tables in enumerate(codes.tolist()):
        for table, own in zip(found, tables, strict=True):
            table.setdefault(tuple(own), []).append(row)
    return found


def candidate_matrix(asked: Codes, codes: Codes, mode: Mode) -> BoolArray:
    """(q, n): all functions agree in some table; with ``"or_and"`` some function agrees in every table."""
    same = asked[:, None] == codes[None]
    return np.asarray(same.any(axis=3).all(axis=2) if mode == "or_and" else same.all(axis=3).any(axis=2))


def matching_prefix(asked: Codes, codes: Codes) -> Int64Array:
    """(q, n, L): how many functions of a table agree before the first that differs, 0 to K."""
    return np.asarray(np.cumprod(asked[:, None] == codes[None], axis=3).sum(axis=3))


def differing_prefix(asked: Codes, codes: Codes) -> Int64Array:
    """(q, n, L): how many functions of a table differ before the first that agrees, 0 to K."""
    return np.asarray(np.cumprod(asked[:, None] != codes[None], axis=3).sum(axis=3))


def grid_counts(asked: Codes, codes: Codes, modes: Sequence[GridMode]) -> Int64Array:
    """(modes, q, L, K): candidates of each query with the first L tables of the first K functions.

    AND-then-OR: the longest matching prefix over the tables is at least K. OR-then-AND: the longest differing prefix is
    below K.
    """
    tables, functions = codes.shape[1:]
    counts = np.zeros((len(modes), len(asked), tables, functions), dtype=np.int64)
    for m, mode in enumerate(modes):
        length = differing_prefix(asked, codes) if mode == "or_and" else matching_prefix(asked, codes)
        longest = np.maximum.accumulate(length, axis=2)
        for f in range(functions):
            found = longest <= f if mode == "or_and" else longest > f
            counts[m, :, :, f] = found.sum(axis=1)
    return counts


def nearest(candidates: BoolArray, values: NumberArray, k: int) -> Int64Array:
    """(q, k): the candidates of least value (q, n), equal ones by row; −1 where there are fewer."""
    found = np.full((len(candidates), k), -1, dtype=np.int64)
    for q, row in enumerate(candidates):
        rows = np.flatnonzero(row)
        best = rows[np.argsort(values[q, rows], kind="stable")][:k]
        found[q, : len(best)] = best
    return found


def probe_codes(positions: Float64Array, rule: BucketRule, count: int) -> Int64Array:
    """(at most ``count``, K): the own bucket of the positions (K,), then the likeliest other ones, best first.

    All sets of steps of different functions to their next buckets, sorted by the sum of the squared distances to the
    borders that they cross.

    >>> from recemb_core.neighbors.lsh.families import FLOOR
    >>> probe_codes(np.array([0.1, 2.6]), FLOOR, 4).tolist()
    [[0, 2], [-1, 2], [0, 3], [-1, 3]]
    """
    own = rule.buckets(positions).astype(np.int64)
    if rule.by_sign:
        steps = [(f, int(1 - 2 * own[f]), float(x) ** 2) for f, x in enumerate(positions)]
    else:
        down = positions - own
        steps = [(f, -1, float(x) ** 2) for f, x in enumerate(down)]
        steps += [(f, 1, float(1 - x) ** 2) for f, x in enumerate(down)]
    sets = [s for m in range(len(own) + 1) for s in combinations(steps, m) if len({f for f, *_ in s}) == m]
    sets.sort(key=lambda chosen: sum(score for *_, score in chosen))
    found = np.repeat(own[None], min(count, len(sets)), axis=0)
    for row, chosen in zip(found, sets, strict=False):
        for f, step, _ in chosen:
            row[f] += step
    return found
