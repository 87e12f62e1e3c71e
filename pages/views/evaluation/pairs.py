"""Any two rows: their difference on the same users with its interval, all pairs judged together."""

from __future__ import annotations

from math import isnan

import polars as pl
import streamlit as st

from pages.kit import stage
from pages.kit.allowed import Options
from pages.kit.answer_words import signed
from pages.kit.asked import EVALUATION_PAGE
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.tables import MAIN, fitted
from pages.kit.text import plain
from pages.views.evaluation.board import Board
from pages.views.evaluation.settings import without_commas
from recemb_core.evaluation.differences import Comparison, Difference
from recemb_core.experiments.leaderboard.board import cheapest_of, seconds_words
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure

REFERENCE = Parameter(
    EVALUATION_PAGE,
    "evaluation_against",
    "Differences to",
    Options(shown=lambda name: name or "the best"),
    "",
    help="Each other row less this one, on the same users.",
)


def reference(board: Board) -> Bound:
    """The row that all others are compared with; "" for the best."""
    return REFERENCE.bind(board.data, among=["", *map(without_commas, board.settings.entries)])


def pairs(board: Board) -> None:
    """The picture of the differences to one row, the sentence, all pairs."""
    chosen = reference(board)
    names = board.names(board.settings.view)
    if len(names) < 2:
        st.info("Two rows have to be measured before they can be compared.")
        return
    comparison = board.comparison()
    first = next((name for name in names if without_commas(name) == chosen.value), comparison.order[0])
    found = [comparison.between(name, first) for name in comparison.order if name != first]
    shown = [d for d in found if d.low > -1 and d.high < 1]
    figure = score_intervals_figure(
        [ScoreLine(d.first, d.value, d.low, d.high) for d in shown],
        x_title=f"{board.settings.measure} less that of {first} (bar: 95%)",
        chance=0.0,
        chance_title="no difference",
    )
    with stage.picture():
        high = 90 + 24 * max(len(shown), 3)
        live_chart(figure, key=f"pairs@{board.data.key}", height=max(440, min(high, 480)), above=230)
    st.markdown(closest_words(board, comparison))
    if wide := [plain(d.first) for d in found if d not in shown]:
        st.caption(f"Not drawn, for the interval is wider than the scale: {', '.join(wide)}.")
    st.markdown(groups_words(comparison))
    with st.expander(f"All {len(comparison.differences):,} pairs"):
        table = pairs_table(comparison)
        st.dataframe(table, hide_index=True, column_config=fitted(table, MAIN))
    users = next(iter(comparison.differences.values())).users
    st.caption(
        f"{len(comparison.differences):,} pairs, {users:,} users. The interval is of the pair alone; Holm's p takes "
        f"all pairs into account: a pair is told apart at {comparison.level:.0%} or below. *Found from*: a difference "
        "of this size would be found in 9 of 10 such comparisons, with these users, seeds and pairs. Users and "
        "training seeds are both sources of noise, and no row is taken to have less noise of training than all have "
        "on average; rows of one training are paired run by run."
    )


def difference_words(d: Difference) -> str:
    """A pair in a sentence."""
    said = f"{signed(d.value, '.4f')} (95%: {signed(d.low, '.4f')} to {signed(d.high, '.4f')})"
    verdict = {
        "better": "**better beyond noise**",
        "worse": "**worse beyond noise**",
        "within noise": "**not told apart**",
        "noise not measured": "whose noise of training is not measured",
    }[d.verdict]
    p = "" if isnan(d.adjusted) else f", Holm's p {p_words(d.adjusted)}"
    return f"{plain(d.first)} less {plain(d.second)}: {said}, {verdict}{p}."


def p_words(p: float) -> str:
    """A probability for people."""
    return "below .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 0.9995 else "1"


def closest(comparison: Comparison) -> Difference:
    """The pair of neighbors in the order with the smallest difference."""
    pairs = zip(comparison.order, comparison.order[1:], strict=False)
    return min((comparison.differences[pair] for pair in pairs), key=lambda d: abs(d.value))


def closest_words(board: Board, comparison: Comparison) -> str:
    """The nearest two, and which is cheaper."""
    d = closest(comparison)
    cost = {name: board.table.rows[name].mean("train_seconds") for name in (d.first, d.second)}
    words = f"The nearest two: {difference_words(d)}"
    if d.told_apart:
        return words
    if not isnan(least := d.detectable(pairs=comparison.judged)):
        words += f" A difference under about {least:.3f} would mostly not be seen."
    if any(isnan(seconds) for seconds in cost.values()):
        return words  # vectors made elsewhere: nobody knows
    cheap = min(cost, key=lambda name: cost[name])
    other = next(name for name in cost if name != cheap)
    if seconds_words(cost[cheap]) == seconds_words(cost[other]):
        return f"{words} Both train in {seconds_words(cost[cheap])}."
    if cheapest_of((other, cheap), {name: board.table.rows[name].each("train_seconds") for name in cost}) == other:
        return (
            f"{words} {plain(cheap)} trains in {seconds_words(cost[cheap])}, {plain(other)} in "
            f"{seconds_words(cost[other])}: neither clearly in half the time."
        )
    return (
        f"{words} Take the cheaper of them: **{plain(cheap)}** trains in {seconds_words(cost[cheap])}, "
        f"{plain(other)} in {seconds_words(cost[other])}."
    )


def groups_words(comparison: Comparison) -> str:
    """Who shares which letter."""
    letters = sorted({letter for found in comparison.letters.values() for letter in found})
    groups = {
        letter: [plain(name) for name in comparison.order if letter in comparison.letters[name]] for letter in letters
    }
    lines = "\n".join(f"- **{letter}**: {', '.join(names)}" for letter, names in groups.items())
    return f"Groups whose rows are not told apart from each other:\n{lines}"


def pairs_table(comparison: Comparison) -> pl.DataFrame:
    """Every pair, the better mean first."""
    return pl.DataFrame(
        [
            {
                "Row": d.first,
                "Less": d.second,
                "Difference": round(d.value, 5),
                "95%": f"{signed(d.low, '.4f')} to {signed(d.high, '.4f')}",
                "Verdict": d.verdict,
                "Holm's p": "–" if isnan(d.adjusted) else p_words(d.adjusted),
                "Found from": "–" if isnan(least := d.detectable(pairs=comparison.judged)) else f"{least:.4f}",
            }
            for d in comparison.differences.values()
        ]
    )
