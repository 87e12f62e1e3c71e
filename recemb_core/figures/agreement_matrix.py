"""Who agrees with whom: a square for every pair of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    size = {2: 84, 3: 76, 4: 68, 5: 60}.get(m, 52)
    x, y, values, texts, custom = [], [], [], [], []
    for row in range(m):
        for column in range(m):
            if row == column:
                continue
            above = column > row
            value, error = (
                (overlap[row, column], overlap_error[row, column])
                if above
                else (rank_biased[row, column], rank_biased_error[row, column])
            )
            what = f"overlap@{k}" if above else f"rank-biased overlap of the first {k}"
            note = f"<br>two random lists: {chance:.3f}" if above else ""
            hover = (
                f"<b>{theme.plain(names[row])} and {theme.plain(names[column])}</b>"
                f"<br>{what}: {value:.3f} ± {error:.3f} (standard error){note}"
            )
            x.append(column)
            y.append(row)
            values.append(float(value))
            texts.append(_two_decimals(value))
            custom.append([pair_id(keys[min(row, column)], keys[max(row, column)]), hover])
    marker: dict[str, Any] = {
        "symbol": "square",
        "size": size,
        "color": values,
        "cmin": 0.0,
        "cmax": 1.0,
        "colorscale": theme.sequential_scale(),
        "opacity": 1,
    }
    figure = go.Figure(
        go.Scatter(
            x=x,
            y=y,
            mode="markers+text",
            text=texts,
            textfont={"size": 13, "color": [theme.LIGHT_INK if value < 0.55 else theme.DARK_INK for value in values]},
            marker=marker,
            customdata=custom,
            hovertemplate="%{customdata[1]}<extra></extra>",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            showlegend=False,
            name="agreement",
        )
    )
    labels = [theme.plain(name) for name in names]
    axis = {"tickvals": list(range(m)), "ticktext": labels, "showgrid": False, "fixedrange": True}
    figure.update_layout(
        template=theme.template(),
        xaxis={**axis, "side": "top", "range": [-0.55, m - 0.45], "tickangle": 0 if m < 5 else -30},
        yaxis={**axis, "range": [m - 0.45, -0.55]},
        margin={"t": 64},
    )
    upper = [float(overlap[row, column]) for row in range(m) for column in range(row + 1, m)]
    return theme.describe(
        figure,
        file_name="agreement-of-models",
        description=f"Agreement of {theme.names_in_words(list(names), 6)}: overlap@{k} from {min(upper):.2f} to "
        f"{max(upper):.2f} above the diagonal (chance {chance:.3f}), rank-biased overlap below it.",
    )


def _two_decimals(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.1f}"
