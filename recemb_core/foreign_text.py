"""Text from a file, a link or a person: shown, it does nothing; in a spreadsheet, it computes nothing."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

LONGEST = 120  # characters of a name that are shown
_TAIL = 30  # of these, the name's last ones: ids often differ at their end alone
JOINER = "\u2060"  # takes no place, and no pattern for links, pictures or emoji reaches over it
# Capitals are ignored of www alone: else i, k and s would be letters beyond ASCII too (İ, the Kelvin sign, ſ).
_NEEDS_LOOK = re.compile(r"[^\w .,;'()/+&-]|[\xa0-\U0010ffff]|&\S|(?i:www)\.|^ | $|  ")
# Where a renderer would see the beginning of something live: what stands before and after the joiner.
_LIVE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r":(?=//)",  # an address
        r"www(?=\.)",
        r":(?=[\w+-]+[:\[/])",  # :smile:, :red[…], :material/…:
        r"\](?=[(\[:])",  # [text](address), [text][name], [name]: address
        r"!(?=\[)",  # ![picture]
        r"<(?=[\w/!?])",  # HTML
        r"%(?=\{)",  # %{x}: a place in a chart's hover text
        r"&(?=[\w#])",  # &copy;
    )
)
_FORMULA = re.compile(r"[=+\-@\t\r]")


def inert(text: object, width: int = LONGEST) -> str:
    r"""A name as it can be shown anywhere: on one line, not too long, and nothing in it becomes a link or a picture.

    Line ends and runs of blanks become one blank; control characters, halves of a character and those that turn the
    direction of writing become \ufffd, for they would hide what a name is. What is longer than ``width`` loses its
    middle. Where Markdown, HTML or a chart's text would see something live (an address, a picture, a tag, an emoji's
    name), a character without width is put between; a person reads the same as before.

    >>> inert("tea\n  and\u202e cup"), inert("a" * 20 + "z", width=9)
    ('tea and\ufffd cup', 'aaaaaa…az')
    >>> inert("http://shop") == "http://shop", inert("http://shop").replace(JOINER, "")
    (False, 'http://shop')
    """
    return _inert(str(text), width)


@lru_cache(maxsize=2**17)  # more names than a catalogue has: of one more than it holds, none would be found again
def _inert(words: str, width: int) -> str:
    if len(words) <= width and not _NEEDS_LOOK.search(words):
        return words
    if len(words) > 8 * width:  # the ends alone are looked at
        words = f"{words[: 4 * width]}{words[-4 * width :]}"
    words = " ".join(words.replace(JOINER, "").split())
    if not (words.isascii() and words.isprintable()):
        words = "".join(map(_seen, words))
    if len(words) > width:
        tail = min(_TAIL, width // 4)
        words = f"{words[: width - tail - 1].rstrip()}…{words[len(words) - tail :]}"
    words = words.replace("@", f"{JOINER}@{JOINER}")  # mail, xmpp
    for pattern in _LIVE:
        words = pattern.sub(_broken, words)  # a function: templates are looked up anew at every call
    return words


def for_terminal(text: object, width: int = LONGEST) -> str:
    r"""A name as a terminal can show it: on one line, cut at ``width``, and nothing in it moves the cursor or colors.

    >>> for_terminal("tea\x1b[31m\n cup"), for_terminal("a" * 20 + "z", width=9)
    ('tea�[31m cup', 'aaaaaa…az')
    """
    words = "".join(map(_seen, " ".join(str(text)[: 8 * width].split())))
    if len(words) > width:
        tail = min(_TAIL, width // 4)
        words = f"{words[: width - tail - 1].rstrip()}…{words[len(words) - tail :]}"
    return words


def _broken(start: re.Match[str]) -> str:
    return start[0] + JOINER


def _seen(character: str) -> str:
    kind = unicodedata.category(character)
    turns = unicodedata.bidirectional(character) in _TURNS or character in "\u061c\u200e\u200f"
    return "\ufffd" if kind in ("Cc", "Cs", "Co") or turns else character


_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def guarded(cell: str) -> str:
    """A text cell that a spreadsheet shows instead of computing: ``'`` before a beginning that means a formula.

    A text that begins with ``'`` gets one too, so that :func:`unguarded` gives back every text as it was.

    >>> guarded("=1+1"), guarded("tea"), guarded("'tea")
    ("'=1+1", 'tea', "''tea")
    """
    return f"'{cell}" if cell[:1] == "'" or _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The text that :func:`guarded` was given.

    >>> unguarded(guarded("'=1+1")), unguarded("tea")
    ("'=1+1", 'tea')
    """
    return cell[1:] if cell[:1] == "'" else cell


def spreadsheet_csv(table: pl.DataFrame) -> bytes:
    """A CSV file for spreadsheets: no text cell and no column's name starts a formula; numbers stay numbers."""
    import polars as pl

    named = table.rename({name: guarded(name) for name in table.columns})
    texts = [name for name, kind in named.schema.items() if kind in (pl.String, pl.Categorical, pl.Enum)]
    starts = pl.col(texts).cast(pl.String).str.contains(r"^['=+\-@\t\r]")
    safe = pl.when(starts).then(pl.lit("'") + pl.col(texts).cast(pl.String)).otherwise(pl.col(texts).cast(pl.String))
    return (named.with_columns(safe.name.keep()) if texts else named).write_csv().encode()
