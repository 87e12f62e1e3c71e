"""The one sentence that every config says when a field is out of range, and the one about vectors not finite."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)


class UsageError(ValueError):
    """An argument, config or data that cannot be used: one sentence for a person, of what is wrong and what to do."""


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise ``ValueError`` naming the field, its value and what is allowed, unless ``condition`` holds."""
    if not condition:
        raise UsageError(f"{field} must be {allowed}, not {written(value)}")


def written(value: object, most: int = 200) -> str:
    """A value as Python writes it, for a sentence: cut where it would fill the screen.

    >>> written("tea"), written("x" * 300, most=8), written(10**5000)
    ("'tea'", "'xxxxxxx…", 'a number of some 5,000 digits')
    """
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write a whole number of thousands of digits
        digits = round(value.bit_length() * 0.30103, -3) if isinstance(value, int) else 0
        return f"a number of some {digits:,.0f} digits" if digits else f"this {type(value).__name__}"
    return text if len(text) <= most else text[:most] + "…"


MOST_DIMENSIONS = 4_096
"""Numbers in a vector at most, trained here or brought: tables of n × d float32 are what fills the memory."""


def require_dimensions(value: object, field: str = "dimensions") -> None:
    """Refuse a length of vectors that is no whole number from 1 to :data:`MOST_DIMENSIONS`.

    >>> require_dimensions(10**9)
    Traceback (most recent call last):
    recemb_core.validation.UsageError: dimensions must be a whole number from 1 to 4,096, not 1000000000
    """
    fits = isinstance(value, Integral) and is_whole(value) and 1 <= int(value) <= MOST_DIMENSIONS
    require(fits, field, value, f"a whole number from 1 to {MOST_DIMENSIONS:,}")


def is_whole(value: object) -> bool:
    """Whether a value is an integer, NumPy's included; True and False are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def finite_rows(
    vectors: npt.NDArray[Scalar],
    name: str = "vectors",
    *,
    items: Sequence[str] | None = None,
    called: str = "item",
    advice: str | None = None,
) -> npt.NDArray[Scalar]:
    """The vectors themselves, (n, d) or one (d,), where every number is finite.

    Nothing that ranks, measures, draws or stores vectors can treat a NaN as a number: it is neither near nor far.

    Args:
        vectors: float (n, d) or (d,); another shape is the business of the caller.
        name: what the caller calls them.
        items: the ids of the rows, where they are known; ``called`` says of what.
        advice: what to do about it; by default, leave the rows out or train again.

    Raises:
        ValueError: NaN or infinity; says which row is the first, of how many such rows among how many.

    >>> finite_rows(np.array([[1, 2], [np.nan, 0]]), items=["tea", "milk"], advice="drop it")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    recemb_core.validation.UsageError: vectors must be finite, but row 1 holds a NaN or infinity ...
    """
    vectors = np.asarray(vectors)
    if vectors.dtype.kind not in "fc" or np.isfinite(vectors).all():
        return vectors
    advice = advice or "leave such rows out, or train again with a smaller learning_rate"
    wrong = ~np.isfinite(vectors).all(axis=tuple(range(1, vectors.ndim)))
    first, count = int(wrong.argmax()), int(wrong.sum())
    thing, has = ("number", "is") if vectors.ndim < 2 else ("row", "holds")
    which = f"{called} {items[first]!r}, " if thing == "row" and items is not None and first < len(items) else ""
    which += f"the only such {thing}" if count == 1 else f"the first of {count:,} such {thing}s"
    raise UsageError(
        f"{name} must be finite, but {thing} {first} {has} a NaN or infinity ({which} of {wrong.size:,}); {advice}"
    )
