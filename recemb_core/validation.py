"""The one sentence that every config says when a field is out of range."""

from __future__ import annotations

from numbers import Integral


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise ``ValueError`` naming the field, its value and what is allowed, unless ``condition`` holds."""
    if not condition:
        raise ValueError(f"{field} must be {allowed}, not {value!r}")


def is_whole(value: object) -> bool:
    """Whether a value is an integer, NumPy's included; True and False are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)
