"""What a log, a graph and a map look like in a few arrays: gaps, histograms, survival curves, lines of density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, Int64Array
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError


@dataclass(frozen=True)
class Histogram:
    """Counts in bins: ``edges`` (b+1,), ``counts`` (b,)."""

    edges: Float64Array
    counts: Int64Array


def event_gaps(sequences: Sequences) -> Float64Array:
    """Minutes between consecutive events of the same user, over all sequences, ascending.

    Raises:
        ValueError: the sequences carry no users or no timestamps.
    """
    if sequences.users is None or sequences.timestamps is None:
        raise UsageError("gaps between events need a user and a timestamp for every event")
    _, user = np.unique(sequences.users, return_inverse=True)
    user = np.repeat(user, sequences.lengths)
    order = np.lexsort((sequences.timestamps, user))
    user, time = user[order], sequences.timestamps[order]
    return np.sort((time[1:] - time[:-1])[user[1:] == user[:-1]] / 60.0)


def log_histogram(values: npt.ArrayLike, bins: int = 60) -> Histogram:
    """A histogram whose bins are equally wide in log10; values of 0 go into the first bin.

    >>> log_histogram([1, 10, 100], bins=2).counts.tolist()
    [1, 2]
    """
    array = np.asarray(values, dtype=np.float64)
    positive = array[array > 0]
    if len(positive) == 0:
        return Histogram(np.array([0.1, 1.0]), np.array([len(array)]))
    low, high = float(positive.min()), float(positive.max())
    edges = np.geomspace(low, high if high > low else low * 10, bins + 1)
    counts, _ = np.histogram(np.clip(array, edges[0], edges[-1]), edges)
    return Histogram(edges, counts)


def survival(values: npt.ArrayLike) -> tuple[Float64Array, Float64Array]:
    """(x, share of values ≥ x) at each distinct value, the curve that shows a long tail at a glance.

    >>> [a.tolist() for a in survival([1, 1, 2, 4])]
    [[1.0, 2.0, 4.0], [1.0, 0.5, 0.25]]
    """
    array = np.sort(np.asarray(values, dtype=np.float64))
    x, first = np.unique(array, return_index=True)
    return x, 1.0 - first / max(len(array), 1)


def density_lines(
    positions: npt.ArrayLike, shares: Sequence[float] = (0.25, 0.5, 0.75, 0.95), *, cells: int = 96
) -> list[tuple[Float64Array, Float64Array]]:
    """Lines on a map around its densest parts: inside the line of share s lie about s of all items.

    The density is a Gaussian kernel's, counted in ``cells`` × ``cells`` squares: h = σ n^(−1/6) in each direction
    (Scott's rule), σ the standard deviation, and half of it, for a map is many heaps and not one. A line stands where
    the density is that of the item below which 1 − s of all items lie (the highest-density region, Hyndman 1996).

    Args:
        positions: (n, 2), finite.
        shares: in (0, 1).
        cells: squares along each axis.

    Returns:
        For each share (starts (m, 2), ends (m, 2)) of m short lines, by marching squares; m = 0 where all items lie on
        one place.

    Raises:
        ValueError: positions are not (n, 2).

    >>> rng = np.random.default_rng(0)
    >>> (starts, ends), = density_lines(rng.normal(size=(4000, 2)), [0.5])
    >>> bool(abs(np.hypot(*starts.T).mean() - np.sqrt(2 * np.log(2))) < 0.1)  # half of a normal lies inside this
    True
    """
    points = np.asarray(positions, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise UsageError(f"positions has shape {points.shape}; a map needs (n, 2)")
    nothing = (np.empty((0, 2)), np.empty((0, 2)))
    spread = points.std(axis=0) if len(points) else np.zeros(2)
    if not (spread > 0).all():
        return [nothing for _ in shares]
    width = 0.5 * spread * len(points) ** (-1 / 6)
    low, high = points.min(axis=0) - 3 * width, points.max(axis=0) + 3 * width
    step = (high - low) / cells
    # Each item counts for the four squares around it by its nearness to their middles.
    at = (points - low) / step - 0.5
    corner = np.clip(np.floor(at).astype(np.int64), 0, cells - 2)
    part = np.clip(at - corner, 0.0, 1.0)
    count = np.zeros((cells, cells))
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = np.abs(1 - i - part[:, 0]) * np.abs(1 - j - part[:, 1])
        np.add.at(count, (corner[:, 0] + i, corner[:, 1] + j), weight)
    apart = np.arange(cells)[:, None] - np.arange(cells)
    blur = [np.exp(-0.5 * (apart * step[k] / width[k]) ** 2) for k in (0, 1)]
    density = blur[0] @ count @ blur[1]
    own = sum(
        np.abs(1 - i - part[:, 0]) * np.abs(1 - j - part[:, 1]) * density[corner[:, 0] + i, corner[:, 1] + j]
        for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    )
    levels = np.quantile(own, [1 - share for share in shares])
    return [tuple(low + (ends + 0.5) * step for ends in _marching_squares(density, level)) for level in levels]


def _marching_squares(values: Float64Array, level: float) -> tuple[Float64Array, Float64Array]:
    """Where a grid's values cross a level, as short lines in units of its squares: (starts, ends), (m, 2) each."""
    corners = ((0, 0), (1, 0), (1, 1), (0, 1))  # of a square, in turn
    n, m = values.shape
    value = np.stack([values[i : n - 1 + i, j : m - 1 + j] for i, j in corners])
    row, column = np.indices(value.shape[1:])
    base = np.stack([row, column], axis=-1).astype(np.float64)
    places, crossed = [], []
    for k in range(4):
        a, b = value[k], value[(k + 1) % 4]
        cut = (a > level) != (b > level)
        share = np.where(cut, (level - a) / np.where(cut, b - a, 1.0), 0.0)[..., None]
        start, end = (np.array(corners[c % 4], dtype=np.float64) for c in (k, k + 1))
        places.append(base + start + share * (end - start))
        crossed.append(cut)
    starts, ends = [], []
    sides = np.stack(crossed)
    total = sides.sum(axis=0)
    for a in range(4):
        for b in range(a + 1, 4):
            joined = (total == 2) & sides[a] & sides[b]
            starts.append(places[a][joined])
            ends.append(places[b][joined])
    # Four sides cut: high corners across from each other; they are joined where the middle is high.
    middle = value.mean(axis=0) > level
    first = value[0] > level
    for pairs, chosen in ((((0, 1), (2, 3)), first == middle), (((0, 3), (1, 2)), first != middle)):
        for a, b in pairs:
            joined = (total == 4) & chosen
            starts.append(places[a][joined])
            ends.append(places[b][joined])
    return np.concatenate(starts), np.concatenate(ends)
