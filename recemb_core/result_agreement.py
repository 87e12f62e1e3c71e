"""Whether a result computed again is the one that was kept, as far as another processor may round.

Kernels are compiled with ``fastmath`` for the processor that they run on, and a rounding grows over a training. So two
runs of one version are compared by size and by what people look at, the neighbors; an exact comparison would fail on
the next computer, and a comparison of neighbors alone would miss a changed schedule of the learning rate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from recemb_core.arrays import AnyArray
from recemb_core.evaluation.agreement import overlap_at_k
from recemb_core.neighbors.base import Metric
from recemb_core.neighbors.exact import nearest_others

# Largest share by which numbers may be off (root mean square of the difference by that of what was kept), and least
# share of common items among the 10 nearest. Kernels compiled for a processor without AVX were off by at most .0003,
# with all neighbors in common; a gradient 2% smaller puts vectors off by .006, a learning rate that does not fall
# within a slice of walks by .1.
MOST_OFF = 0.003
VECTOR_OVERLAP = 0.98
# UMAP carries a rounding further: its maps kept .73 to 1.00 of the neighbors there (.65 to .92 where .34 is chance), so
# the bound is the least part of the way from chance to 1.
MAP_OVERLAP = 0.4
K = 10


def disagreements(kept: Mapping[str, AnyArray], again: Mapping[str, AnyArray]) -> list[str]:
    """Sentences on what is not the same, beyond rounding, in two computations of one result; times are left out.

    Args:
        kept: arrays by name; ``positions`` are maps (…, n, 2), other floats of two axes and at least 3 columns are
            vectors, bytes are JSON.
        again: the same, computed again.
    """
    if kept.keys() != again.keys():
        return [f"arrays {sorted(kept)} became {sorted(again)}"]
    return [line for name in kept for line in _compare(name, kept[name], again[name])]


def _compare(name: str, a: AnyArray, b: AnyArray) -> Iterator[str]:
    if "second" in name:
        return
    if a.dtype == np.uint8 and a.ndim == 1:
        yield from _compare_json(name, json.loads(a.tobytes()), json.loads(b.tobytes()))
    elif a.shape != b.shape or a.dtype != b.dtype:
        yield f"{name} is {b.dtype} {b.shape}, not {a.dtype} {a.shape}"
    elif a.dtype.kind not in "fiu":
        if not np.array_equal(a, b):
            yield f"{name} differs"
    elif name == "positions":
        for before, after in zip(a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:]), strict=True):
            chance = min(1.0, K / max(len(before) - 1, 1))
            yield from _compare_neighbors(name, before, after, "euclidean", chance + MAP_OVERLAP * (1 - chance))
    else:
        yield from _compare_size(name, a, b)
        if a.dtype.kind == "f" and a.ndim == 2 and a.shape[1] >= 3 and len(a) > 2 * K:
            yield from _compare_neighbors(name, a, b, "cosine", VECTOR_OVERLAP)


def _compare_size(name: str, a: AnyArray, b: AnyArray) -> Iterator[str]:
    off = relative_difference(a, b)
    if not off <= MOST_OFF:
        yield f"{name} is {off:.1%} off (at most {MOST_OFF:.1%})"


def relative_difference(a: AnyArray, b: AnyArray) -> float:
    """‖b − a‖ / ‖a‖; places that are NaN in both count as equal.

    >>> relative_difference(np.array([3.0, 4.0]), np.array([3.0, 4.5]))
    0.1
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    both = np.isnan(x) & np.isnan(y)
    x, y = np.where(both, 0.0, x), np.where(both, 0.0, y)
    off, size = np.linalg.norm(y - x), np.linalg.norm(x)
    return float(off / size) if size else float(off > 0)


def _compare_neighbors(name: str, a: AnyArray, b: AnyArray, metric: Metric, least: float) -> Iterator[str]:
    if not np.isfinite(b).all():
        yield f"{name} holds a NaN or infinity"
        return
    share = neighbor_overlap(a, b, metric)
    if share < least:
        yield f"{name} has {share:.0%} of the {K} nearest in common (at least {least:.0%})"


def neighbor_overlap(a: AnyArray, b: AnyArray, metric: Metric) -> float:
    """Mean share of common rows among the 10 nearest of each row, by "cosine" or in the plane ("euclidean")."""
    lists = []
    for rows in (a, b):
        points = np.ascontiguousarray(rows, dtype=np.float32)
        lists.append(nearest_others(points, K, metric))
    return float(overlap_at_k(*lists).mean())


def _compare_json(name: str, a: Any, b: Any) -> Iterator[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            yield f"{name} has other entries"
            return
        for entry in a:
            if "second" not in entry:
                yield from _compare_json(f"{name}.{entry}", a[entry], b[entry])
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        if all(isinstance(value, float) for value in [*a, *b]):
            yield from _compare_size(name, np.array(a), np.array(b))
        else:
            for i, (before, after) in enumerate(zip(a, b, strict=True)):
                yield from _compare_json(f"{name}[{i}]", before, after)
    elif isinstance(a, float) and isinstance(b, float):
        yield from _compare_size(name, np.array(a), np.array(b))
    elif a != b:
        yield f"{name} is {b!r}, not {a!r}"
