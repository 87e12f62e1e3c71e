"""Titles inside Markdown."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """A title as it is written: nothing in it is Markdown."""
    return re.sub(r"([\\`*_\[\]|~$:<>#])", r"\\\1", text)
