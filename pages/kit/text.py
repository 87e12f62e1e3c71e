"""Foreign text inside Markdown, fields as words.

Whatever comes from a file, a link or a person goes through :func:`plain` before it stands in Markdown, and nearly every
text that Streamlit shows is Markdown: labels, options, help, warnings, captions of figures. What is shown as it is
(cells, options of a select box) takes :func:`~recemb_core.foreign_text.inert`. Names of items and data sets are inert
from the start (``ActiveData.titles``), so that one that somebody forgot to escape is ugly, never live.
"""

from __future__ import annotations

import re

from recemb_core.foreign_text import JOINER, LONGEST, inert

_MARKUP = re.compile(r"([\\`*\[\]|~$]|(?<!\w)_|_(?!\w))")  # an underscore inside a word means nothing
_BLOCK = re.compile(r"^(\d+)([.)])")  # a numbered list
_ITEM = re.compile(r"^([-+=>#])")  # a list, a line, a quotation, a heading
_DRAWN = re.compile(r"(?<!\S)(<->|<-|->|--|>=|<=|~=)(?!\S)")  # what Streamlit draws as one sign


def plain(text: object, width: int = LONGEST) -> str:
    """A name as it is written: nothing in it is Markdown, a link or a picture, and it is cut at ``width``."""
    words = _DRAWN.sub(lambda found: found[0][0] + JOINER + found[0][1:], inert(text, width))
    words = _MARKUP.sub(r"\\\1", words)
    return _ITEM.sub(r"\\\1", _BLOCK.sub(r"\1\\\2", words))


def sentence(text: object) -> str:
    """A sentence with foreign words in it (the library's own errors and notes), as it is written."""
    return plain(text, 4_000)


def field_words(name: str) -> str:
    """A field's or setting's name as a person writes it: product_category is a product category."""
    return inert(name.replace("_", " ").strip())


def plain_field(name: str) -> str:
    """A field's words inside Markdown."""
    return plain(field_words(name))


def quoted(text: object) -> str:
    """A text as Python writes it, whatever is in it; in double quotes, as the library does, where nothing forbids."""
    words = str(text)
    literal = repr(words)
    return literal if set(words) & set("'\"\\") else f'"{literal[1:-1]}"'
