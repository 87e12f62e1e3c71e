"""What item vectors know beside the next item: links that were still to come, and fields of the items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import stage
from pages.kit.allowed import Options
from pages.kit.asked import EVALUATION_PAGE
from pages.kit.jobs import Job
from pages.kit.leaderboard import one_seed_job, vectors_of_one_seed
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.tables import MAIN, fitted
from pages.kit.text import field_words, plain, plain_field
from pages.kit.told_fields import is_told, told_words
from pages.views.evaluation.board import Board
from recemb_core.evaluation.intervals import seed_band
from recemb_core.experiments.leaderboard.vector_measures import (
    NEIGHBORS,
    VectorMeasures,
    link_auc_of,
    popularity_link_auc,
)
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure

LINK = "link AUC"
SHOWN = Parameter(
    EVALUATION_PAGE,
    "evaluation_vectors",
    "Score",
    Options(shown=lambda name: name if name == LINK else f"purity by {field_words(name)}"),
    LINK,
    help="Link AUC: chance that a link which was still to come scores above a pair that is none. Purity: share of an "
    f"item's {NEIGHBORS} nearest with its value of a field.",
)


@dataclass(frozen=True)
class Known:
    """What is measured of item vectors.

    Attributes:
        rows: name of a row → what its vectors know, one a seed.
        first: they are one seed of one row, before anybody is asked.
    """

    rows: Mapping[str, Sequence[VectorMeasures]]
    first: bool = False

    @property
    def one(self) -> VectorMeasures:
        """Any of them: what is the same for all."""
        return next(iter(self.rows.values()))[0]


def known_of(board: Board) -> Known:
    """The rows that are there; while none is, the one seed that was measured first."""
    runs = {name: row.runs for name, row in board.table.rows.items()}
    every = {name: [run.vectors for run in of if run.vectors is not None] for name, of in runs.items()}
    if rows := {name: of for name, of in every.items() if of}:
        return Known(rows)
    question = board.settings.question
    first = {row.name: found for row in board.rows if (found := vectors_of_one_seed(question, row.wanted)) is not None}
    return Known({name: [one] for name, one in first.items()}, first=True)


def first_jobs(board: Board, *, asks: bool | None) -> list[Job]:
    """What is measured before anybody is asked, where nothing of item vectors is there."""
    question = board.settings.question
    if known_of(board).rows or question.part == "test":
        return []
    job = one_seed_job(question, board.rows, asks=asks)
    return [] if job is None else [job]


def vector_scores(board: Board) -> None:
    """One score of every row of item vectors, with its range over seeds."""
    known = known_of(board)
    if not known.rows:
        coming = [plain(row.name) for row in board.rows if row.state == "waiting" and row.wanted.kind == "embedding"]
        st.info(
            f"Of the rows that have item vectors none is measured yet: {', '.join(coming)}."
            if coming
            else "None of the rows that are there has item vectors: choose word2vec or node2vec among the rows."
        )
        return
    fields = list(known.one.purity)
    score = shown_score(board, fields).value
    links, fields_found = _link_lines(known), _purity_lines(known, fields)
    found = links if score == LINK else fields_found[score]
    if not found:
        st.info("The held-out part joins no two items for the first time: there is no link to foretell.")
        return
    popular = popularity_link_auc(board.settings.cases)
    words = link_words(found, popular) if score == LINK else purity_words(score, found, known.one.purity_chance[score])
    noise = "95% interval over links and seeds" if score == LINK else "range over seeds"
    figure = score_intervals_figure(
        found,
        x_title=f"{score if score == LINK else f'purity by {field_words(score)}'}, mean and {noise}",
        chance=0.5 if score == LINK else known.one.purity_chance[score],
    )
    with stage.picture():
        live_chart(figure, key=f"vector scores@{board.data.key}", height=440, above=230)
    shown_score(board, fields).draw()
    if known.first:
        st.markdown(
            f"**First look: one seed of {plain(next(iter(known.rows)))}, before anybody is asked.** What other seeds "
            "do is not known yet; every row stands here as soon as all its seeds are measured."
        )
    st.markdown(words)
    if score != LINK and (told := told_words(told_rows(board, [line.name for line in found], score), "the field")):
        st.markdown(told.strip())
    table = scores_table([line.name for line in found], links, fields_found)
    st.dataframe(table, hide_index=True, column_config=fitted(table, MAIN))
    asked = known.one.asked
    of = f"of {asked:,} of {len(board.data.items):,} items drawn at random, the same for every row" if asked else ""
    purity = (
        f"Purity is the share of an item's {NEIGHBORS} nearest by cosine with its value of the field"
        f"{of and f' ({of})'}; chance is that of neighbors drawn at random; of purity the range is of seeds alone. "
    )
    floor = "" if isnan(popular) else f" The product of the two items' events alone, popularity, has {popular:.3f}."
    st.caption(
        f"Link AUC is of {known.one.links:,} links that the held-out part joins for the first time and as many pairs "
        f"that neither part joins, by the score that the rows are asked with; .5 is chance.{floor} Its interval is "
        f"Hanley and McNeil's, with that of the seeds. {purity if fields else ''}"
        f"{'Neither says' if fields else 'It does not say'} what a person takes next."
    )


def told_rows(board: Board, names: Sequence[str], field: str) -> list[str]:
    """Those of these rows whose models learn from the field itself."""
    every = {row.name: row.shown or row.wanted for row in board.rows}
    own = {name: one for name, one in every.items() if one.kind == "embedding" and not one.brought}
    return [name for name in names if name in own and is_told(own[name].config, field, board.data)]


def _link_lines(known: Known) -> list[ScoreLine]:
    found = {name: link_auc_of(of) for name, of in known.rows.items()}
    lines = [ScoreLine(name, one.value, one.low, one.high) for name, one in found.items() if one is not None]
    return sorted(lines, key=lambda line: -line.value)


def _purity_lines(known: Known, fields: Sequence[str]) -> dict[str, list[ScoreLine]]:
    lines: dict[str, list[ScoreLine]] = {}
    for field in fields:
        bands = {name: seed_band([one.purity[field] for one in of]) for name, of in known.rows.items()}
        own = [ScoreLine(name, band.mean, band.low, band.high) for name, band in bands.items()]
        lines[field] = sorted(own, key=lambda line: -line.value)
    return lines


def shown_score(board: Board, fields: Sequence[str]) -> Bound:
    """Which score the picture shows."""
    return SHOWN.bind(board.data, among=[LINK, *fields])


def link_words(lines: Sequence[ScoreLine], popular: float) -> str:
    """The highest, what popularity alone has, and how many rows are within the noise of links and seeds.

    Two are told apart where the difference is larger than the root of their squared half intervals: cautious, for the
    links are the same.
    """
    best, *others = lines
    said = f"The highest {LINK} has **{plain(best.name)}**, {best.value:.3f} ({best.low:.3f} to {best.high:.3f})"
    if not isnan(popular):
        more = ", more than any of these rows" if popular > best.value else ""
        said += f"; popularity alone has **{popular:.3f}**{more}, chance 0.500"
    if not others:
        return f"{said}."
    near = [one for one in others if best.value - one.value <= np.hypot(best.high - best.low, one.high - one.low) / 2]
    if not near:
        return f"{said}. {plain(best.name)} is above every other row beyond noise."
    return f"{said}. {plain(best.name)} is **not told apart** from {len(near)} of {len(others)} other rows."


def purity_words(field: str, lines: Sequence[ScoreLine], chance: float) -> str:
    """The highest, and whether the next one's range over seeds reaches into its own."""
    best, *others = lines
    said = (
        f"The highest purity by {plain_field(field)} has **{plain(best.name)}**, {best.value:.3f} (chance {chance:.3f})"
    )
    if not others:
        return f"{said}."
    second = others[0]
    apart = "lies apart from" if second.high < best.low else "overlaps with"
    return f"{said}; its range over seeds {apart} that of the next, {plain(second.name)}, {second.value:.3f}."


def scores_table(
    names: Sequence[str], links: Sequence[ScoreLine], fields: Mapping[str, Sequence[ScoreLine]]
) -> pl.DataFrame:
    """Every score of every row of item vectors, a row a score; the interval of each is in its picture."""

    def shown(lines: Sequence[ScoreLine], name: str) -> str:
        return next((f"{one.value:.3f}" for one in lines if one.name == name), "–")

    every = {LINK: links} | {f"Purity by {field_words(field)}": lines for field, lines in fields.items()}
    return pl.DataFrame(
        [{"Score": score} | {name: shown(lines, name) for name in names} for score, lines in every.items()]
    )
