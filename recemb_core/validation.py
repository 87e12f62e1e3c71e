"""The one sentence that every config says when a field is out of range."""

from __future__ import annotations


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise ``ValueError`` naming the field, its value and what is allowed, unless ``condition`` holds."""
    if not condition:
        raise ValueError(f"{field} must be {allowed}, not {value!r}")
