"""What one figure hides: items of the head against those of the tail, first-time against repeated targets."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from pages.kit import stage
from pages.kit.live_chart import live_chart
from pages.kit.tables import MAIN, fitted
from pages.kit.text import plain
from pages.views.evaluation.board import Board
from pages.views.evaluation.settings import FLOOR
from recemb_core.figures.model_intervals import model_intervals_figure

TITLES = {"head": "head", "tail": "tail", "first_time": "first-time", "repeated": "repeated"}


def popularity(board: Board) -> None:
    """Targets of the head and of the tail, apart."""
    cases = board.settings.cases
    _both(board, ("head", "tail"))
    st.caption(
        f"The head: {cases.head_words}; the tail is all others. Of the targets {cases.head_targets:.0%} lie in the "
        "head (mean over users). Each figure is over the users who have such a target."
    )


def targets(board: Board) -> None:
    """First-time and repeated targets, apart."""
    _both(board, ("first_time", "repeated"))
    st.caption(
        "First-time: what the user had before is masked, and only other items are targets. Repeated: only targets that "
        "the user had before, nothing masked. Each figure is over the users who have such a target."
    )


def _both(board: Board, views: tuple[str, str]) -> None:
    there = [view for view in views if board.names(view)]
    if len(there) < 2:
        lacking = " and ".join(TITLES[view] for view in views if view not in there)
        st.info(f"Nothing to set apart: no user has a {lacking} target, or nothing is measured yet.")
        return
    order = [name for name in board.comparison(views[0]).order if name in board.names(views[1])]
    values = {name: [board.estimate(name, view) for view in views] for name in order}
    sizes = [values[order[0]][i].n for i in range(2)]
    figure = model_intervals_figure(
        values,
        [f"{TITLES[view]} targets ({n:,} users)" for view, n in zip(views, sizes, strict=True)],
        floor=FLOOR if FLOOR in values else None,
        x_title=f"{board.settings.measure}, {board.settings.question.part} part",
    )
    # Clear of the buttons, and on two lines where the window is narrow.
    figure.update_layout(legend={"y": 0, "yref": "container", "yanchor": "bottom"}, margin={"t": 40, "b": 84})
    with stage.picture():
        live_chart(figure, key=f"apart {views[0]}@{board.data.key}", height=440, above=230)
    st.markdown(best_of_each(board, views))
    lines: list[dict[str, Any]] = []
    for name in order:
        lines.append({"Model": name})
        for view, found in zip(views, values[name], strict=True):
            lines[-1] |= {
                f"{board.settings.measure}, {TITLES[view]}": round(found.value, 4),
                f"95%, {TITLES[view]}": f"{found.low:.3f} to {found.high:.3f}",
                f"Group, {TITLES[view]}": board.comparison(view).letters[name],
            }
    columns: dict[str, Any] = {}
    for view in views:
        kind = f"{board.settings.measure} of {TITLES[view]} targets"
        value, interval, group = (f"{name}, {TITLES[view]}" for name in (board.settings.measure, "95%", "Group"))
        columns[value] = st.column_config.NumberColumn(TITLES[view], format="%.3f", help=kind)
        columns[interval] = st.column_config.TextColumn("95%", help=f"Interval of {kind}.")
        columns[group] = st.column_config.TextColumn(
            "Group", help=f"Rows that share a letter are not told apart by {kind}."
        )
    table = pl.DataFrame(lines)
    st.dataframe(table, hide_index=True, column_config=fitted(table, MAIN, columns))


def best_of_each(board: Board, views: tuple[str, str]) -> str:
    """Who leads on each kind of target, and how many are not told apart from it."""
    said = []
    for view in views:
        comparison = board.comparison(view)
        best = comparison.order[0]
        figure, same = board.estimate(best, view), max(len(comparison.top) - 1, 0)
        beside = f", not told apart from {same} other{'s' * (same != 1)}" if same else ", beyond noise of all others"
        floor = f"; popularity {board.estimate(FLOOR, view).value:.3f}" if FLOOR in comparison.means else ""
        said.append(f"on **{TITLES[view]}** targets {plain(best)} ({figure.value:.3f}{beside}{floor})")
    return f"By {board.settings.measure} the best are: {'; '.join(said)}."
