"""What item vectors know beside the next item: links that were still to come, and fields of the items."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st

from pages.kit.allowed import Options
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.text import field_words, plain, plain_field
from pages.views.evaluation.board import Board
from pages.views.evaluation.settings import EVALUATION_PAGE
from recemb_core.evaluation.intervals import SeedBand
from recemb_core.experiments.leaderboard.vector_measures import NEIGHBORS
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


def vector_scores(board: Board) -> None:
    """One score of every row of item vectors, with its range over seeds."""
    runs = {name: row.runs[0].vectors for name, row in board.table.rows.items() if row.runs[0].vectors is not None}
    if not runs:
        st.info("None of the rows that are there has item vectors: choose word2vec or node2vec among the rows.")
        return
    known = next(iter(runs.values()))
    assert known is not None
    fields = list(known.purity)
    score = shown_score(board, fields).draw()
    bands = {name: board.table.link_auc(name) if score == LINK else board.table.purity(name, score) for name in runs}
    found = {name: band for name, band in bands.items() if band is not None}
    if not found:
        st.info("The held-out part joins no two items for the first time: there is no link to foretell.")
        return
    order = sorted(found, key=lambda name: -found[name].mean)
    chance = 0.5 if score == LINK else known.purity_chance[score]
    st.markdown(best_words(score, found, order, chance))
    title = f"{score if score == LINK else f'purity by {field_words(score)}'}, mean and range over seeds"
    figure = score_intervals_figure(
        [ScoreLine(name, found[name].mean, found[name].low, found[name].high) for name in order],
        x_title=title,
        chance=chance,
    )
    live_chart(figure, key=f"vector scores@{board.data.key}", height=96 + 34 * max(len(order), 3))
    st.dataframe(scores_table(board, list(runs), fields), hide_index=True)
    st.caption(
        f"Link AUC is of {known.links:,} links that the held-out part joins for the first time and as many pairs that "
        "neither part joins, by the score that the rows are asked with; .5 is chance, and knowing what is popular "
        f"alone is more. Purity is the share of an item's {NEIGHBORS} nearest by cosine with its value of the "
        "field; chance is that of neighbors drawn at random. ± is the standard deviation over seeds. Neither says "
        "what a person takes next."
    )


def shown_score(board: Board, fields: Sequence[str]) -> Bound:
    """Which score the picture shows."""
    return SHOWN.bind(board.data, among=[LINK, *fields])


def best_words(score: str, found: dict[str, SeedBand], order: list[str], chance: float) -> str:
    """The highest, and whether the next one's range over seeds reaches into its own."""
    what = score if score == LINK else f"purity by {plain_field(score)}"
    best = found[order[0]]
    said = f"The highest {what} has **{plain(order[0])}**, {best.mean:.3f} (chance {chance:.3f})"
    if len(order) < 2:
        return f"{said}."
    second = found[order[1]]
    apart = "its seeds lie apart from those of" if second.high < best.low else "its seeds overlap with those of"
    return f"{said}; {apart} the next, {plain(order[1])}, {second.mean:.3f}."


def scores_table(board: Board, names: Sequence[str], fields: Sequence[str]) -> pl.DataFrame:
    """Every score of every row of item vectors."""

    def shown(band: SeedBand | None) -> str:
        if band is None:
            return "–"
        return f"{band.mean:.3f}" if band.seeds < 2 else f"{band.mean:.3f} ± {band.sd:.3f}"

    return pl.DataFrame(
        [
            {"Model": name, "Link AUC": shown(board.table.link_auc(name))}
            | {f"Purity by {field_words(field)}": shown(board.table.purity(name, field)) for field in fields}
            for name in names
        ]
    )
