"""Models that learn from a field of the items: what their vectors know of it is no merit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pages.kit.session import ActiveData
from pages.kit.text import plain
from recemb_core.embeddings.registry import spec_of


def is_told(config: Any, field: str, data: ActiveData) -> bool:
    """Whether a model of this config is given a field of the side information."""
    if "side_info" not in spec_of(config).needs:
        return False
    fields = getattr(config, "fields", None)
    return field in (data.side_fields if fields is None else fields)


def told_words(names: Sequence[str], what: str) -> str:
    """A sentence on the models of these names, with a space before it; "" of none."""
    if not names:
        return ""
    are = "are" if len(names) > 1 else "is"
    return f" {' and '.join(map(plain, names))} {are} told {what}: a high share there is no proof of a better model."
