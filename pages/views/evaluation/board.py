"""The rows of the page: what is there, what is measured next, and what may be said of all of them together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.kit import jobs, results, session
from pages.kit.asked import question_of
from pages.kit.jobs import Job
from pages.kit.leaderboard import BoardRow, Question, board_of, measuring_jobs, rows
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.evaluation.settings import FLOOR, Settings, shown_scorers
from recemb_core.evaluation.differences import Comparison
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.leaderboard import Advice, Leaderboard, Metric


@dataclass(frozen=True, eq=False)
class Board:
    """What the views draw.

    Attributes:
        settings: of the page.
        rows: all that were asked for.
        table: of those that are there.
    """

    settings: Settings
    rows: tuple[BoardRow, ...]
    table: Leaderboard

    @property
    def data(self) -> ActiveData:
        return self.settings.data

    @property
    def there(self) -> tuple[str, ...]:
        """Names of the rows that are there."""
        return tuple(self.table.rows)

    @property
    def stale(self) -> frozenset[str]:
        """Those that show settings left behind."""
        return frozenset(row.name for row in self.rows if row.state == "stale")

    def names(self, view: str) -> list[str]:
        """Rows that have a view; one without any user in it has none."""
        return [name for name, row in self.table.rows.items() if all(view in run.views for run in row.runs)]

    def comparison(self, view: str | None = None, metric: Metric | None = None, k: int | None = None) -> Comparison:
        """All pairs of rows, by the page's measure where nothing else is said."""
        view, metric, k = view or self.settings.view, metric or self.settings.metric, k or self.settings.k
        names = self.names(view)
        shown = tuple((row.name, row.shown and (row.shown.config, row.shown.query)) for row in self.rows)
        key = ("leaderboard pairs", *self.settings.question.key, session.seed(), shown, view, metric, k)
        make = lambda: self.table.compare(metric, k, view, names=names)  # noqa: E731
        found: Comparison = results.remember(self.data, key, make)
        return found

    def estimate(self, name: str, view: str | None = None, metric: Metric | None = None) -> Estimate:
        """A row's figure, by the page's measure where nothing else is said."""
        one = self.settings
        return self.table.estimate(name, metric or one.metric, one.k, view or one.view)

    def seed_means(self, name: str) -> tuple[float, ...]:
        """The figure of each single run."""
        one = self.settings
        return tuple(self.table.rows[name].users(one.metric, one.k, one.view).mean(axis=1).tolist())

    @property
    def advice(self) -> Advice:
        """Which row to take."""
        return self.table.advice(self.comparison())

    @property
    def users(self) -> int:
        """How many users the figures are means over."""
        row = self.table.rows[self.names(self.settings.view)[0]]
        return row.runs[0].views[self.settings.view].users

    @property
    def floor(self) -> Estimate | None:
        """Popularity's figure, where its row is there."""
        return self.estimate(FLOOR) if FLOOR in self.names(self.settings.view) else None


def board_of_page(settings: Settings) -> tuple[Board, list[Job]]:
    """(the rows as far as they are there, the jobs that measure the others)."""
    found = rows(settings.question, settings.entries)
    by_now = opening(settings.question)

    def asks(row: BoardRow) -> bool | None:
        if settings.question.part == "test":
            return True
        by_itself = by_now and row.state == "waiting" and row.wanted.kind != "recall"  # networks take minutes
        return False if by_itself else None

    todo = measuring_jobs(settings.question, found, asks=asks)
    board = Board(settings, tuple(found), board_of(found))
    if settings.question.part == "test" and board.there:
        _note_test(settings)
    return board, todo


def baselines_first(data: ActiveData, place: Any) -> None:
    """Where nothing is there yet, measure the baselines before anything that takes time, such as a graph, is built."""
    question = question_of(data)
    if question.part == "test" or not opening(question):
        return
    found = rows(question, shown_scorers(data, question))
    todo = measuring_jobs(question, found, asks=lambda row: False)
    if todo and all(row.state == "waiting" for row in found) and jobs.may_run(data, todo[0]):
        with place.container():
            jobs.perform(data, todo[0])
        st.rerun()


def opening(question: Question) -> bool:
    """Whether the question is the one that the page opened with: then models train without being asked to."""
    key = f"evaluation opened {question.data.key}"
    return bool(st.session_state.setdefault(key, _asked(question)) == _asked(question))


def _asked(question: Question) -> tuple[Any, ...]:
    return *question.key, session.seed()


# ---- the test part ----


def _looks(data: ActiveData) -> dict[Any, str]:
    # Not named as parameters are ("@"): Reset makes nobody unsee it.
    return st.session_state.setdefault(f"looks at the test part of {data.key}", {})


def _note_test(settings: Settings) -> None:
    rows = tuple((entry.config, entry.query) for entry in settings.entries.values())
    _looks(settings.data).setdefault((_asked(settings.question), rows), time.strftime("%H:%M"))


def test_words(settings: Settings) -> str:
    """What is to be said of the test part: that it is untouched, or how often it was looked at, ever since."""
    seen = _looks(settings.data)
    if settings.question.part == "test":
        said = "**This is the test part.** Models are trained on the validation part as well here. "
        if not seen:
            return f"{said}Nobody has looked at it in this visit. Measure it once, for what you chose on validation."
    elif not seen:
        return "The test part is untouched: nothing of it was measured in this visit."
    else:
        said = ""
    first, times = next(iter(seen.values())), len(seen)
    return (
        f"{said}The test part of **{plain(settings.data.title)}** was looked at {times} time{'s' * (times != 1)} in "
        f"this visit, first at {first}: what is chosen after that is chosen on the test part as well."
    )


def run_next(board: Board, todo: list[Job], place: Any) -> None:
    """Measure the next row, or show the button for those that wait."""
    if board.settings.question.part == "test":
        missing = sum(row.state in ("waiting", "stale") for row in board.rows)
        names = f"{missing} row{'s' * (missing != 1)} on the test part"
        waiting = [job for job in todo if not jobs.may_run(board.data, job)]
        if waiting and len(waiting) == len(todo):
            with place.container():
                jobs.run_button(board.data, "test part", waiting, verb="Measure", names=names)
            return
    jobs.run_next(board.data, todo, place)
