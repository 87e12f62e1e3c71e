"""A table of numbers on patches of color."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from pages.kit.answer_words import number
from recemb_core.arrays import AnyArray
from recemb_core.figures import theme

_STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8").replace("LIT", theme.CHOSEN)


def number_table(
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float] | AnyArray | None]],
    *,
    lit: Sequence[int] = (),
    lead: Sequence[str] = (),
    digits: int = 2,
    largest: float | None = None,
) -> str:
    """An HTML table of numbers, each on a patch of blue (positive) or orange (negative) as strong as it is large.

    Args:
        columns: heads; the first is over the names.
        rows: (name, numbers); None leaves the row open, for rows that are not shown.
        lit: rows in a frame of the chosen item's color.
        lead: a plain text for each row, between its name and its numbers.
        digits: after the point.
        largest: the number with the strongest patch; of the table itself when left out.
    """
    top = largest or max((float(np.abs(v).max()) for _, v in rows if v is not None and len(v)), default=1.0) or 1.0
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = []
    for index, (name, numbers) in enumerate(rows):
        cells = f"<td>{escape(lead[index])}</td>" if lead else ""
        if numbers is None:
            cells += f'<td colspan="{len(columns) - 1 - bool(lead)}" class="gap">⋮</td>'
        else:
            cells += "".join(_cell(float(value), top, digits) for value in numbers)
        body.append(f'<tr class="{"lit" if index in lit else ""}"><th>{escape(name)}</th>{cells}</tr>')
    return f'<div class="numbers"><table><tr>{head}</tr>{"".join(body)}</table></div><style>{_STYLE}</style>'


def _cell(value: float, top: float, digits: int) -> str:
    color = "62,114,242" if value >= 0 else "218,119,30"
    strength = 0.55 * min(abs(value) / top, 1.0)
    text = number(value, f".{digits}f")
    return f'<td style="background:rgba({color},{strength:.2f})">{text}</td>'
