"""What a log and a graph look like in a few arrays: gaps, histograms, survival curves."""

from __future__ import annotations

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
