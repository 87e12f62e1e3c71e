"""The phase map: a square a cell, its number, and a mark that says what noise allows to be said."""

from __future__ import annotations

from recemb_core.figures.phase_map import MARKS, PhaseCell, parse_cell, phase_map_figure


def test_every_verdict_has_its_mark_and_its_words() -> None:
    verdicts = ["beyond noise", *MARKS]
    cells = [PhaseCell(1.0, float(i), 0.25, 0.2, 0.3, 5, verdict) for i, verdict in enumerate(verdicts)]
    figure = phase_map_figure(cells, [1.0], [cell.q for cell in cells], title="Score")
    squares = figure.data[1]
    assert list(squares.text) == ["0.25", *(f"0.25<br>{mark}" for mark in MARKS.values())]
    assert len(set(squares.text)) == len(verdicts)  # no two verdicts look alike
    for (place, hover), cell in zip(squares.customdata, cells, strict=True):
        assert parse_cell(place) == (cell.p, cell.q)
        assert f"against p = q = 1: {cell.verdict}" in hover
