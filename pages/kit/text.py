"""Titles inside Markdown, fields as words."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """A title as it is written: nothing in it is Markdown."""
    return re.sub(r"([\\`*_\[\]|~$:<>#])", r"\\\1", text)


def field_words(name: str) -> str:
    """A field's or setting's name as a person writes it: product_category is a product category."""
    return name.replace("_", " ").strip()
