"""All models: the picture, what may be said of it, the table."""

from __future__ import annotations

from math import isnan
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import frame, stage
from pages.kit.live_chart import live_chart
from pages.kit.tables import FOLDED, MAIN, fitted
from pages.kit.text import plain, sentence
from pages.views.evaluation.board import Board
from pages.views.evaluation.settings import FLOOR, Settings
from recemb_core.experiments.leaderboard import METRICS
from recemb_core.experiments.leaderboard.protocol import REPEATS_FROM
from recemb_core.figures.leaderboard import BoardLine, leaderboard_figure

TARGET_WORDS = {
    "all": "all targets, nothing masked",
    "first_time": "first-time targets, items of the history masked",
    "repeated": "targets that the user had before, nothing masked",
}


def overview(board: Board) -> None:
    """Picture, verdict, table."""
    if not board.there or not board.names(board.settings.view):
        st.info(_nothing(board))
        return
    with stage.picture():
        picture(board)
    st.markdown(verdict(board))
    if said := unseen_words(board):
        st.caption(said)
    table_section(board)


def _nothing(board: Board) -> str:
    if board.settings.question.part == "test" and not board.there:
        return "Nothing is measured on the test part. Press Measure, once you have chosen on the validation part."
    if board.there:
        return f"No user has a target of this kind ({TARGET_WORDS[board.settings.targets]})."
    return "Nothing is measured under these settings yet."


def picture(board: Board) -> None:
    """The interval picture, best first."""
    one, comparison, floor = board.settings, board.comparison(), board.floor
    lines = []
    for name in comparison.order:
        figure, shown = board.estimate(name), board.table.rows[name].entry
        lines.append(
            BoardLine(
                name,
                figure.value,
                figure.low,
                figure.high,
                shown.kind,
                comparison.letters[name],
                board.seed_means(name) if shown.seeded else (),
                name in board.stale,
            )
        )
    kind = one.targets.replace("_", "-")
    figure = leaderboard_figure(
        lines,
        x_title=f"{one.measure}, {kind} targets, {board.users:,} users, {one.question.part} part",
        floor=None if floor is None else floor.value,
        floor_name="popularity",
        file_name=f"evaluation {one.measure} {one.targets} {one.question.part}",
    )
    live_chart(figure, key=f"leaderboard@{board.data.key}", height=max(440, 84 + 15 * len(lines)), above=230)


def verdict(board: Board) -> str:
    """Which to take, or that more has to be measured before that can be said."""
    if len(board.there) < 2:
        return "One row alone is compared with nothing."
    advice, comparison = board.advice, board.comparison()
    stale = [name for name in comparison.order if name in board.stale]
    more = f" {_listed(stale)} still show{'s' * (len(stale) == 1)} the settings of before." if stale else ""
    return f"By {board.settings.measure}: **{sentence(advice.words)}**{more}"


def unseen_words(board: Board) -> str:
    """How large the difference to the best would have to be, of the row that is taken or the next best."""
    if len(board.there) < 2:
        return ""
    advice, comparison = board.advice, board.comparison()
    if len(advice.top) < 2:
        return ""
    other = advice.take if advice.take != advice.top[0] else advice.top[1]
    least = comparison.between(advice.top[0], other).detectable(pairs=comparison.judged)
    if isnan(least):
        return ""
    return (
        f"Not told apart is not the same: between {plain(advice.top[0])} and {plain(other)}, a difference in "
        f"{board.settings.measure} under about {least:.3f} would mostly not be seen with these users and seeds."
    )


def _listed(names: list[str]) -> str:
    shown = [plain(name) for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def table(board: Board) -> pl.DataFrame:
    """A line a row, best first."""
    one, comparison, cases = board.settings, board.comparison(), board.settings.cases
    lines = []
    for name in comparison.order:
        row, figure = board.table.rows[name], board.estimate(name)
        line: dict[str, object] = {
            "Model": name + " (old settings)" * (name in board.stale),
            "Group": comparison.letters[name],
            one.measure: figure.value,
            "95%": f"{figure.low:.3f} to {figure.high:.3f}",
        }
        for metric, title in METRICS.items():
            if metric != one.metric:
                head = title if metric == "mrr" else f"{title}@{one.k}"
                line[head] = board.estimate(name, metric=metric).value
        if one.view == "main":
            line[f"Coverage@{one.k}"] = board.table.coverage(name, one.k)
            line["Popularity bias"] = board.table.head_share(name).value - cases.head_targets
        lines.append(
            line
            | {
                "Training, s": None if row.entry.brought else row.mean("train_seconds"),
                "Ranking, s": row.mean("score_seconds"),
                "Megabytes": row.mean("bytes") / 1e6,
                "Seeds": len(row.runs) if row.entry.seeded else 0,
            }
        )
    return pl.DataFrame(lines)


def table_section(board: Board) -> None:
    """The table with what its columns mean."""
    one, cases = board.settings, board.settings.cases
    number = st.column_config.NumberColumn
    k = one.question.protocol.k
    bias = (
        f"Share of the head in the lists of {k}, less its share among the targets ({cases.head_targets:.2f}). 0: as "
        f"people took; above: the lists hold more of what is popular. The head: {cases.head_words}."
    )
    lines = table(board)
    columns: dict[str, Any] = {
        "Group": st.column_config.TextColumn(help="Rows that share a letter are not told apart."),
        **{
            name: number(name.split("@")[0], format="%.3f")
            for name in (*(f"{title}@{one.k}" for title in METRICS.values()), "MRR")
        },
        one.measure: number(format="%.3f"),
        "95%": st.column_config.TextColumn(help=f"Interval of {one.measure} over users and seeds."),
        f"Coverage@{one.k}": number(
            "Cover", format="percent", help=f"Share of the catalogue in anybody's list of {one.k}."
        ),
        "Popularity bias": number("Bias", format="%+.2f", help=f"Popularity bias. {bias}"),
        "Training, s": number("Train, s", format="%.2f", help="Wall clock of one training, its graph included."),
        "Ranking, s": number(
            "Rank, s", format="%.2f", help=f"To score and rank everything for {len(cases.users):,} users."
        ),
        "Megabytes": number("MB", format="%.1f", help="Megabytes of numbers that the model holds."),
        "Seeds": None,  # said below: there is no room for it
    }
    costs = {"Popularity bias", "Training, s", "Ranking, s", "Megabytes"} & set(lines.columns)
    scores = set(lines.columns) - costs - {"Model"}
    st.dataframe(lines, hide_index=True, column_config=fitted(lines, MAIN, columns | dict.fromkeys(costs)))
    with st.expander("Popularity bias, time and memory" if "Popularity bias" in costs else "Time and memory"):
        st.dataframe(lines, hide_index=True, column_config=fitted(lines, FOLDED, columns | dict.fromkeys(scores)))
    seeds = sorted({int(n) for n in lines["Seeds"] if n})
    if seeds:
        trainings = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
        st.caption(
            f"Rows that share a letter (group) are not told apart. Means of {trainings} trainings, where a seed plays "
            "a part. Pointed at, a heading says what it means."
        )
    if one.view != "main":
        st.caption("Coverage and popularity bias are of the lists of the usual targets; choose them to see both.")
    for row in board.rows:
        if row.state in ("unavailable", "waiting"):
            st.caption(f"{plain(row.name)}: {sentence(row.message)}")


def about(board: Board) -> str:
    """Of whom the figures are, and how sure: one line for under the picture."""
    one, cases = board.settings, board.settings.cases
    protocol = one.question.protocol
    sample = f" (a sample of {cases.there:,})" if cases.there > len(cases.users) else ""
    if (asked := cases.asked(one.view)) < len(cases.users):
        sample += f", of whom {asked:,} have a target that counts"
    split = "leave last out" if protocol.split == "leave_last_out" else "global time"
    repeats = cases.choice.repeats
    again = (
        ""
        if repeats != repeats
        else f" Of a user's training events, the first aside, {repeats:.0%} are of an item that the user had before "
        f"(mean over users); from {REPEATS_FROM:.0%} on, nothing is masked by default."
    )
    return (
        f"Split: {split}, {one.question.part} part: {len(cases.users):,} users{sample}, "
        f"{len(cases.train.tokens):,} events to learn from, {len(cases.train.items):,} items ranked, none sampled. "
        f"{sentence(cases.choice.words)}{again} Intervals are over users and training seeds; pairs are judged on the "
        "same users with Holm's correction."
    )


def brought_words(board: Board) -> str:
    """What has to be known of rows whose vectors were made elsewhere; "" where there is none."""
    names = [name for name, row in board.table.rows.items() if row.entry.brought]
    if not names:
        return ""
    it, its, has = ("it", "its", "has") if len(names) == 1 else ("they", "their", "have")
    return (
        f"{_listed(names)}: vectors as you brought them, without a seed. What {its} training cost is not known here, "
        f"nor whether {it} {has} seen the {board.settings.question.part} part; if so, {its} figures are too good."
    )


def numbers(board: Board) -> None:
    """At most five figures."""
    one, cases = board.settings, board.settings.cases
    figures = [
        (
            "Users asked",
            f"{cases.asked(one.view):,}",
            f"Those with such a target, of {cases.there:,} who have a history and something after it in the "
            f"{one.question.part} part.",
        )
    ]
    if board.names(one.view):
        comparison, floor = board.comparison(), board.floor
        best = comparison.order[0]
        top = board.estimate(best)
        figures.insert(
            0, (f"Best, {one.measure}", f"{top.value:.3f}", f"{best}; 95%: {top.low:.3f} to {top.high:.3f}.")
        )
        if floor is not None:
            figures.insert(
                1,
                (
                    f"{FLOOR}, {one.measure}",
                    f"{floor.value:.3f}",
                    f"What a list of the most taken items gets; 95%: {floor.low:.3f} to {floor.high:.3f}.",
                ),
            )
        same = max(len(comparison.top) - 1, 0)
        figures.insert(
            2,
            (
                "Not told apart",
                f"{same} of {len(comparison.order) - 1}" if len(comparison.order) > 1 else "–",
                "Rows whose difference to the best is no more than noise of users and seeds.",
            ),
        )
    frame.metrics(figures)


def settings_words(settings: Settings) -> str:
    """The query in words, for captions."""
    queries = {entry.query.words for entry in settings.entries.values() if entry.query is not None}
    return f"Item vectors are asked by: {'; '.join(sorted(queries))}." if queries else ""
