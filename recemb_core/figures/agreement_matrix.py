"""Who agrees with whom: a square for every pair of models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme
from recemb_core.validation import UsageError

SEPARATOR = "|"


def pair_id(a: str, b: str) -> str:
    """The id that a square carries; :func:`parse_pair` reads it."""
    return f"{a}{SEPARATOR}{b}"


def parse_pair(text: str) -> tuple[str, str]:
    """The two keys of a square's id."""
    a, b = text.split(SEPARATOR)
    return a, b


def agreement_matrix_figure(
    names: Sequence[str],
    overlap: Float64Array,
    overlap_error: Float64Array,
    rank_biased: Float64Array,
    rank_biased_error: Float64Array,
    *,
    k: int,
    chance: float,
    keys: Sequence[str] | None = None,
) -> go.Figure:
    """Overlap@k above the diagonal, rank-biased overlap below it.

    Args:
        names: m model names, in the order of rows and columns.
        overlap: (m, m) symmetric, mean share of common neighbors; only the part above the diagonal is read.
        overlap_error: (m, m), its standard error.
        rank_biased: (m, m) symmetric, mean rank-biased overlap; only the part below the diagonal is read.
        rank_biased_error: (m, m), its standard error.
        k: length of the lists.
        chance: overlap of two random lists.
        keys: m short names that a clicked square hands over; ``names`` where left out.

    Raises:
        ValueError: a matrix is not (m, m).
    """
    m = len(names)
    keys = names if keys is None else keys
    given = {
        "overlap": overlap,
        "overlap_error": overlap_error,
        "rank_biased": rank_biased,
        "rank_biased_error": rank_biased_error,
    }
    for name, matrix in given.items():
        if np.shape(matrix) != (m, m):
            raise UsageError(f"{name} has shape {np.shape(matrix)}; {m} names need ({m}, {m})")
    if m < 2:
        return theme.empty_figure("Two models are needed to speak of agreement.", file_name="agreement")
    pairs = [(row, column) for row in range(m) for column in range(m) if row != column]
    values, custom = [], []
    for row, column in pairs:
        if column > row:
            value, error = overlap[row, column], overlap_error[row, column]
            what, note = f"overlap@{k}", f"<br>two random lists: {chance:.3f}"
        else:
            value, error = rank_biased[row, column], rank_biased_error[row, column]
            what, note = f"rank-biased overlap of the first {k}", ""
        hover = (
            f"<b>{theme.plain(names[row])} and {theme.plain(names[column])}</b>"
            f"<br>{what}: {value:.3f} ± {error:.3f} (standard error){note}"
        )
        values.append(float(value))
        custom.append([pair_id(keys[min(row, column)], keys[max(row, column)]), hover])
    ink = [theme.LIGHT_INK if value < 0.55 else theme.DARK_INK for value in values]
    y, x = zip(*pairs, strict=True)
    squares = theme.marks(
        (x, y),
        values,
        {2: 84, 3: 76, 4: 68, 5: 60}.get(m, 52),
        **theme.words([_two_decimals(value) for value in values], None, 13, ink),
        **theme.tiles((0.0, 1.0)),
        customdata=custom,
        hover="%{customdata[1]}",
        name="agreement",
    )
    labels = [theme.plain(name) for name in names]
    turn = 0 if m < 5 else -30
    upper = [value for (row, column), value in zip(pairs, values, strict=True) if column > row]
    return theme.chart(
        [squares],
        file_name="agreement-of-models",
        description=f"Agreement of {theme.names_in_words(list(names), 6)}: overlap@{k} from {min(upper):.2f} to "
        f"{max(upper):.2f} above the diagonal (chance {chance:.3f}), rank-biased overlap below it.",
        x=theme.names_axis(labels, fixedrange=True, side="top", range=[-0.55, m - 0.45], tickangle=turn),
        y=theme.names_axis(labels, fixedrange=True, range=[m - 0.45, -0.55]),
        margin_t=64,
    )


def _two_decimals(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.1f}"
