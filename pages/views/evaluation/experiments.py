"""What to try on the Evaluation page; the answers are read off the rows that are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pages.kit.leaderboard import ready_runs
from pages.kit.stage import Old as Experiment
from pages.kit.text import plain, sentence
from pages.views.evaluation.board import Board
from pages.views.evaluation.overview import TARGET_WORDS
from pages.views.evaluation.pairs import closest_words
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.leaderboard import Leaderboard, query_kinds

NOTHING = "Nothing is measured yet: wait for the first rows, or press the button above the picture."


def experiments(board: Callable[[], Board], usual: str) -> list[Experiment]:
    """Of every view; ``board`` is asked for when the page has it. ``usual``: the targets that the data decided on."""
    other = "first_time" if usual == "all" else "all"
    start = {
        "evaluation_part": "validation",
        "evaluation_split": "leave_last_out",
        "evaluation_k": 10,
        "evaluation_metric": "hr",
        "evaluation_targets": usual,
        "evaluation_query": "decayed",
        "evaluation_score": "usual",
        "evaluation_look": "all",
    }
    ask = {"first_time": "Count only what people had never taken before.", "all": "Count every target, mask nothing."}
    return [
        (
            "Judge by the place of the first hit (MRR) instead of whether there is one. **Does the order change?**",
            lambda: reordered(board()),
            {**start, "evaluation_metric": "mrr"},
        ),
        (
            "Ask the same vectors by cosine instead of in · out. **Do they find more, or only what is rarer?**",
            lambda: by_cosine(board()),
            {**start, "evaluation_score": "cosine"},
        ),
        (
            f"{ask[other]} **Does the same model win?**",
            lambda: other_targets(board(), usual),
            {**start, "evaluation_targets": other},
        ),
        (
            "Two of these rows are nearest to each other. **Is their difference more than noise?**",
            lambda: nearest(board()),
            {**start, "evaluation_look": "pairs", "evaluation_against": ""},
        ),
    ]


def _figure(value: Estimate) -> str:
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def reordered(board: Board) -> str:
    """How far HR and MRR order the rows alike."""
    if len(board.names(board.settings.view)) < 2:
        return NOTHING
    hits, places = board.comparison(metric="hr").order, board.comparison(metric="mrr").order
    moved = {name: hits.index(name) - places.index(name) for name in places}
    most = max(moved, key=lambda name: abs(moved[name]))
    if not moved[most]:
        return f"No: both order the {len(places)} rows alike, {plain(places[0])} first."
    way = "up" if moved[most] > 0 else "down"
    winner = (
        f"{plain(places[0])} is first by both"
        if hits[0] == places[0]
        else f"first is {plain(places[0])} in place of {plain(hits[0])}"
    )
    return (
        f"Yes: **{sum(map(bool, moved.values()))} of {len(moved)} rows** have another place; {winner}. "
        f"{plain(most)} goes {way} by {abs(moved[most])}."
    )


def by_cosine(board: Board) -> str:
    """Both scores of every model of item vectors that has both."""
    one, lines, risen = board.settings, [], []
    in_out = query_kinds(one.cases.train, "in_out")["decayed"]
    for row in board.rows:
        if row.wanted.query is None or row.state != "ready":
            continue
        before = ready_runs(one.question, replace(row.wanted, query=in_out))
        if not before:
            continue
        table = Leaderboard.of((row.wanted, run) for run in before)
        old, new = table.estimate(row.name, one.metric, one.k, one.view), board.estimate(row.name)
        head = [float(np.mean([run.head_lists.mean() for run in runs])) for runs in (before, row.runs)]
        risen.append((new.low > old.high) - (new.high < old.low))
        lines.append(
            f"{plain(row.name)} {_figure(old)} → {_figure(new)}, head in its lists {head[0]:.0%} → {head[1]:.0%}"
        )
    if not lines:
        return "The two scores are not measured side by side yet: measure item vectors by in · out, then by cosine."
    return (
        f"By {one.measure}, of {len(lines)} rows **{risen.count(1)} rise, {risen.count(-1)} fall** beyond both "
        f"intervals: {'; '.join(lines)}. Of the targets {one.cases.head_targets:.0%} lie in the head."
    )


def other_targets(board: Board, usual: str) -> str:
    """The best of the usual and of the other targets."""
    views = ("main", board.settings.view)
    if any(not board.names(view) for view in views):
        return NOTHING
    (old, _), (new, same) = ((c.order[0], max(len(c.top) - 1, 0)) for c in map(board.comparison, views))
    said = f"{plain(new)} {_figure(board.estimate(new))}"
    beside = f"; {same} more {'is' if same == 1 else 'are'} not told apart from it" if same else ""
    if old == new:
        return f"Yes: {said} leads here as well ({TARGET_WORDS[board.settings.targets]}){beside}."
    return (
        f"No: with {TARGET_WORDS[board.settings.targets]} the best is {said}{beside}; {plain(old)}, the best on "
        f"{TARGET_WORDS[usual]}, has {_figure(board.estimate(old))}."
    )


def nearest(board: Board) -> str:
    """The nearest two rows, and which to take of all."""
    if len(board.names(board.settings.view)) < 2:
        return NOTHING
    return f"{closest_words(board, board.comparison())} Over all rows: {sentence(board.advice.words)}"
