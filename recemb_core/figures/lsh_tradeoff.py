"""What a setting of tables and functions buys: recall against cost, precision against recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from recemb_core.arrays import Float64Array
from recemb_core.figures import theme

FRONTIER = theme.FOUND
SAID = "%{customdata[1]}"  # :attr:`Cells.custom`
INSIDE = {"xanchor": "right", "x": 0.99, "font": {"size": 11}, "itemwidth": 30, "tracegroupgap": 0}


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Measures of every setting: one row a number of functions K, one column a number of tables L."""

    functions: Sequence[int]
    """(rows,) values of K"""
    tables: Sequence[int]
    """(columns,) values of L"""
    recall: Float64Array
    """(rows, columns), 0 to 1"""
    precision: Float64Array
    """(rows, columns), 0 to 1; NaN where no query has a candidate"""
    cost: Float64Array
    """(rows, columns), mean share of the points that are scanned"""
    counts: Float64Array
    """(rows, columns), mean candidates a query"""
    ranges: Mapping[str, tuple[Float64Array, Float64Array]] = field(default_factory=dict)
    """"recall", "precision", "cost" → (low, high) of the 95% interval, (rows, columns) each; empty where unknown"""

    @cached_property
    def custom(self) -> npt.NDArray[np.object_]:
        """(rows, columns, 2): the id of each setting and its :meth:`hover`, for a trace's ``customdata``."""
        found = np.empty((*self.recall.shape, 2), dtype=object)
        for place in np.ndindex(self.recall.shape):
            row, column = place
            found[place] = cell_id(self.functions[row], self.tables[column]), self.hover(row, column)
        return found

    def hover(self, row: int, column: int) -> str:
        """What a setting says of itself."""
        precision, place = self.precision[row, column], (row, column)
        said = f"precision {precision:.3f}{self._range('precision', place)}"
        return (
            f"<b>K = {self.functions[row]}, L = {self.tables[column]}</b><br>"
            f"recall {self.recall[place]:.3f}{self._range('recall', place)}<br>"
            f"{said if np.isfinite(precision) else 'no candidates at all'}<br>"
            f"scanned {share_text(self.cost[place])}{self._range('cost', place)}, {self.counts[place]:,.1f} candidates"
        )

    def _range(self, measure: str, place: tuple[int, int]) -> str:
        ends = self.interval(measure, place)
        if ends is None:
            return ""
        low, high = (share_text(end) if measure == "cost" else f"{end:.3f}" for end in ends)
        return f" ({low} to {high})"

    def interval(self, measure: str, place: tuple[int, int]) -> tuple[float, float] | None:
        """(low, high) of one setting; None where it is not known."""
        if measure not in self.ranges:
            return None
        low, high = (float(end[place]) for end in self.ranges[measure])
        return (low, high) if np.isfinite(low) else None

    def find(self, functions: int, tables: int) -> tuple[int, int] | None:
        """(row, column) of a setting, None where it is not in the grid."""
        if functions not in self.functions or tables not in self.tables:
            return None
        return list(self.functions).index(functions), list(self.tables).index(tables)


def cell_id(functions: int, tables: int) -> str:
    """The id that the mark of a setting carries; :func:`parse_cell` reads it."""
    return f"{functions},{tables}"


def parse_cell(text: str) -> tuple[int, int]:
    """(functions, tables) of a setting's id."""
    functions, tables = text.split(",")
    return int(functions), int(tables)


def share_text(share: float) -> str:
    """A share as a percentage with two meaningful digits: "0.0034%", "12%"."""
    percent = 100 * share
    if percent == 0 or percent >= 10:
        return f"{percent:.0f}%"
    return f"{percent:.{max(0, 1 - int(np.floor(np.log10(percent))))}f}%"


def recall_cost(
    cells: Cells,
    *,
    current: tuple[int, int],
    frontier: Sequence[tuple[int, int]],
    target: float,
    best: tuple[int, int] | None,
    others: Mapping[str, tuple[float, float]] | None = None,
) -> go.Figure:
    """Draw every setting by what it scans and what it finds; the one in use with its intervals where they are known.

    Args:
        cells: all settings of one mode.
        current: (functions, tables) in use.
        frontier: settings that no other one beats in both recall and cost, cheapest first.
        target: recall asked for, a dashed line.
        best: the cheapest setting that reaches the target, starred; None where none does.
        others: name → (cost, recall) of further points, a multi-probe setting for instance.
    """
    drawn = [(r, c) for r in range(len(cells.functions)) for c in range(len(cells.tables)) if cells.cost[r, c] > 0]
    if not drawn:
        return theme.empty_figure("No setting has a single candidate: every bucket holds one point at most.")
    faint: theme.Trace = {"marker": {"opacity": 0.55}, "name": "all K and L", "uid": "settings", "hover": SAID}
    places = [place for cell in frontier if (place := cells.find(*cell)) is not None and cells.cost[place] > 0]
    steps: theme.Trace = {"line": {"shape": "hv"}, "dots": 6, "name": "least cost", "uid": "frontier"}
    box = f"{SAID}<br>no setting finds more for less"
    traces = [
        theme.marks(**_at(cells, drawn, "cost", "recall"), color=theme.OTHER, size=6, **faint),
        theme.lines(**_at(cells, places, "cost", "recall"), color=FRONTIER, width=2, hover=box, **steps),
    ]
    edge = {"width": 1, "color": "white"}
    for name, (cost, recall) in (others or {}).items():
        box = f"<b>{theme.plain(name)}</b><br>recall %{{y:.3f}}<br>scanned %{{x:.2%}}"
        shape: theme.Trace = {"marker": {"symbol": "diamond", "line": edge}, "name": theme.plain(name), "uid": name}
        traces.append(theme.marks(([cost], [recall]), theme.SINGLE, 12, hover=box, **shape))
    place = None if best is None else cells.find(*best)
    if place is not None:
        said: theme.Trace = {"name": f"least cost at {target:g}", "hover": f"{SAID}<br>least cost at recall {target:g}"}
        star: theme.Trace = {"color": FRONTIER, "size": 15, "marker": {"symbol": "star", "line": edge}, "uid": "best"}
        traces.append(theme.marks(**_at(cells, [place], "cost", "recall"), **star, **said))
    traces.append(_current(cells, current, "cost", "recall"))
    lowest = float(min(cells.cost[p] for p in drawn))
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": target, "y1": target}
    return theme.chart(
        traces,
        file_name="recall-against-cost",
        description=f"Recall against share scanned of {len(drawn)} settings",
        x={
            "type": "log",
            "title": "share of the points scanned",
            "tickformat": "~%",
            "dtick": 1,
            "range": [float(np.log10(lowest)) - 0.15, 0.08],
        },
        y={"title": "recall", "range": [-0.03, 1.05]},
        legend={**INSIDE, "y": 0.02, "yanchor": "bottom"},
        margin=theme.RIGHT_ROOM,
        shapes=[{**across, "line": {"dash": "dash", "width": 1, "color": theme.OTHER}}],
    )


def precision_recall(cells: Cells, *, current: tuple[int, int], mode: str = "") -> go.Figure:
    """Draw the path over L at the K in use and the path over K at the L in use.

    Settings without a candidate have no precision: they are counted in a note, not drawn as 0 or 1.

    Args:
        cells: all settings of one mode.
        current: (functions, tables) in use.
        mode: what the description calls the mode.
    """
    place = cells.find(*current)
    if place is None:
        return theme.empty_figure("The setting in use is not in the grid.")
    row, column = place
    traces, empty = [], []
    for letter, values, color, path in (
        ("L", cells.tables, theme.PLAIN, [(row, c) for c in range(len(cells.tables))]),
        ("K", cells.functions, theme.CONTRAST, [(r, column) for r in range(len(cells.functions))]),
    ):
        known = [p for p in path if np.isfinite(cells.precision[p])]
        named: theme.Trace = {"name": f"{letter} = {values[0]} to {values[-1]}", "uid": f"over {letter}"}
        at = _at(cells, known, "recall", "precision")
        traces.append(theme.lines(**at, color=color, width=2, dots=6, hover=SAID, **named))
        without = [v for v, p in zip(values, path, strict=True) if p not in known]
        if without:
            empty.append(f"{letter} = {_runs(without)}")
    traces.append(_current(cells, current, "recall", "precision"))
    most = float(np.nanmax(cells.precision, initial=0.0))
    corner = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "font_size": 12}
    here = cells.precision[place]
    said = f"precision {here:.3f}" if np.isfinite(here) else "no candidates"
    return theme.chart(
        traces,
        file_name="precision-against-recall",
        description=f"Precision against recall {mode}: at K = {current[0]}, L = {current[1]} recall "
        f"{cells.recall[place]:.3f}, {said}",
        x={"title": "recall", "range": [-0.03, 1.05]},
        y={"title": "precision", "range": [-0.03 * most, 1.15 * most or 1.0]},
        legend={**INSIDE, "y": 0.98, "yanchor": "top"},
        margin=theme.RIGHT_ROOM,
        annotations=[theme.note(f"no candidates: {'; '.join(empty)}", 0.02, 0.02, **corner)] if empty else [],
    )


def _at(cells: Cells, places: Sequence[tuple[int, int]], x: str, y: str) -> dict[str, Any]:
    """Settings by two of their measures, with what :data:`SAID` reads."""
    across, up = ([getattr(cells, measure)[p] for p in places] for measure in (x, y))
    return {"at": (across, up), "customdata": [cells.custom[p].tolist() for p in places]}


def _current(cells: Cells, current: tuple[int, int], x: str, y: str) -> dict[str, Any]:
    place = cells.find(*current)
    known = place is not None and np.isfinite(getattr(cells, x)[place]) and np.isfinite(getattr(cells, y)[place])
    places = [place] if known and place is not None else []
    bars = {}
    for axis, measure in (("x", x), ("y", y)):
        for p in places:
            if ends := cells.interval(measure, p):
                reach = theme.whiskers(*[[v] for v in (getattr(cells, measure)[p], *ends)], thickness=1.5, width=4)
                bars[f"error_{axis}"] = reach | {"color": theme.CHOSEN}
    shape: theme.Trace = {"marker": {"line": theme.WHITE_EDGE}, "name": "in use", "uid": "current", **bars}
    return theme.marks(**_at(cells, places, x, y), color=theme.CHOSEN, size=14, hover=f"{SAID}<br>in use", **shape)


def _runs(values: Sequence[int]) -> str:
    """Numbers in words: 1, 2, 3, 7 → "1 to 3, 7"."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs)
