"""What habits of measuring would have reported on this data, and who would then have won; folded away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import polars as pl
import streamlit as st

from pages.kit import results, session
from pages.kit.allowed import Flag
from pages.kit.asked import EVALUATION_PAGE
from pages.kit.leaderboard import Question, board_of, rows
from pages.kit.parameters import Parameter
from pages.kit.text import plain, sentence
from pages.views.evaluation.board import Board
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.leaderboard import PARTS, Leaderboard
from recemb_core.experiments.leaderboard.metric_honesty import (
    Chosen,
    OtherWay,
    chosen_on_test,
    chosen_on_the_same_users,
    other_ways,
)

T = TypeVar("T")


UNFOLDED = Parameter(
    EVALUATION_PAGE,
    "evaluation_honesty",
    "Metric honesty",
    Flag(switch=True),
    False,
    help="What sampled negatives, seen items in the lists, optimistic ties and choosing on the test part would have "
    "reported on this data, and which row would then have won.",
    view=True,
)


def metric_honesty(board: Board) -> None:
    """Behind its switch: a line a habit, and choosing where one reports."""
    if not UNFOLDED.draw(board.data):
        return
    if len(board.names("main")) < 2:
        st.info("Two rows have to be measured before it can be said who would have won.")
        return
    k = board.settings.k
    ways = _remembered(board, "other ways", lambda: other_ways(board.table, board.settings.cases, k))
    st.dataframe(ways_table(ways, k), hide_index=True)
    chosen: Chosen = _remembered(board, "chosen", lambda: chosen_on_the_same_users(board.table, k))
    lines = [f"- **{sentence(way.title)}**: {sentence(way.words)}" for way in ways]
    lines.append(f"- **Choosing on the users that one reports**: {chosen_words(board, chosen)}")
    lines.append(f"- **Choosing on the test part**: {test_words(board)}")
    st.markdown("\n".join(lines))
    st.caption(
        f"HR@{k} of the rows above, by the targets that the data decided on; nothing is trained or asked anew. Ranking "
        "among random items: expectation over their draw."
    )


def _remembered(board: Board, name: str, make: Callable[[], T]) -> T:
    shown = tuple((row.name, row.shown and (row.shown.config, row.shown.query)) for row in board.rows)
    key = (name, *board.settings.question.key, session.seed(), shown, board.settings.k)
    found: T = results.remember(board.data, key, make)
    return found


def ways_table(ways: list[OtherWay], k: int) -> pl.DataFrame:
    """A line a way: the best as it is and as reported, and who would win."""

    def shown(value: Estimate) -> str:
        return f"{value.value:.3f}  [{value.low:.3f}, {value.high:.3f}]"

    return pl.DataFrame(
        [
            {
                "Way": way.title,
                "Best in truth": way.winner,
                f"HR@{k} in truth": shown(way.honest[way.winner]),
                "As reported": shown(way.reported[way.winner]),
                "Who would win": way.reported_winner,
                "Pairs reversed": len(way.turned),
            }
            for way in ways
        ]
    )


def chosen_words(board: Board, chosen: Chosen) -> str:
    """How much too good the best of all runs looks on the users that it was chosen on."""
    picks = sorted(chosen.picks, key=lambda name: -chosen.picks[name])[:3]
    named = ", ".join(f"{plain(name)} {chosen.picks[name]:.0%}" for name in picks)
    return (
        f"of {chosen.times:,} random halves of the users ({chosen.users:,} each), the run that looked best on one half "
        f"had {chosen.reported:.4f} there and {chosen.honest:.4f} on the other: {chosen.optimism:.4f} too high by "
        f"choosing alone. Chosen: {named}."
    )


def test_words(board: Board) -> str:
    """What choosing on the test part would have reported, where a person has had both parts measured."""
    question = board.settings.question
    boards: dict[str, Leaderboard] = {}
    for part in PARTS:
        other = Question(question.data, question.protocol, part)
        boards[part] = board_of([row for row in rows(other, board.settings.entries) if row.state == "ready"])
    both = boards["validation"].rows.keys() == boards["test"].rows.keys()
    if not boards["test"].rows or not both:
        return "not measured, since the test part is not (it is measured on request only)."
    found = chosen_on_test(boards["validation"], boards["test"], board.settings.k)
    if found.validation_choice == found.test_choice:
        return (
            f"both parts choose {plain(found.test_choice)}, so nothing is gained by looking: {found.honest.value:.3f} "
            f"({found.honest.low:.3f} to {found.honest.high:.3f})."
        )
    return (
        f"validation chooses {plain(found.validation_choice)}, which has {found.honest.value:.3f} on the test part; "
        f"who chooses there reports {plain(found.test_choice)} with {found.reported.value:.3f}."
    )
