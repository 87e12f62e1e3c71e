"""What a command gives: facts for programs, tables and lines for people; and a bar while it runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from recemb_core.foreign_text import for_terminal
from recemb_core.progress import Progress

WIDEST = 60  # of a cell
LONGEST_LINE = 4_000


@dataclass(frozen=True)
class Table:
    """Rows under heads; numbers stand to the right."""

    head: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    title: str = ""
    widest: int = WIDEST

    def __str__(self) -> str:
        texts = [tuple(_cell(value, self.widest) for value in row) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(self.head, *texts, strict=True)]
        right = [
            bool(self.rows) and all(isinstance(row[at], int | float) or row[at] is None for row in self.rows)
            for at in range(len(self.head))
        ]
        lines = [
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)).rstrip()
            for line in [self.head, tuple("-" * w for w in widths), *texts]
        ]
        return "\n".join([*([self.title] if self.title else []), *lines])


@dataclass(frozen=True)
class Lines:
    """Sentences under a title; ``laid_out`` where the program itself has set them."""

    title: str
    lines: Sequence[str]
    laid_out: bool = False

    def __str__(self) -> str:
        if self.laid_out:
            return "\n".join([self.title, *self.lines])
        return "\n".join([self.title, *(f"  {for_terminal(line, LONGEST_LINE)}" for line in self.lines)])


@dataclass(frozen=True)
class Result:
    """What a command has done.

    Attributes:
        facts: plain values, printed with ``--json``.
        parts: what is printed without it.
        notes: sentences that a person has to know; in ``facts`` as ``notes``, else on the error stream.
        silent: everything but the notes was printed while it ran.
    """

    facts: dict[str, Any]
    parts: Sequence[Table | Lines] = ()
    notes: Sequence[str] = field(default=())
    silent: bool = False

    def show(self, as_json: bool) -> None:
        """Print it."""
        if as_json and not self.silent:
            print(json.dumps({**self.facts, "notes": list(self.notes)}, indent=1, default=_plain))
            return
        if not self.silent:
            print("\n\n".join(str(part) for part in self.parts))
        for note in self.notes:
            print(f"note: {for_terminal(note, LONGEST_LINE)}", file=sys.stderr)


def _cell(value: Any, widest: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else for_terminal(value, widest)


def _plain(value: Any) -> Any:
    """NumPy's numbers and whatever else JSON has not."""
    return value.item() if hasattr(value, "item") else str(value)


@contextmanager
def bar(what: str) -> Iterator[Progress]:
    """A bar on the terminal; nothing where the error stream is none."""
    from tqdm import tqdm

    shape = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}, {remaining} to go"
    with tqdm(total=1.0, desc=what, file=sys.stderr, disable=None, leave=False, bar_format=shape) as shown:

        def tell(fraction: float, stage: str) -> None:
            shown.set_description_str(f"{what}, {stage}", refresh=False)
            shown.update(max(0.0, fraction - shown.n))

        yield tell
