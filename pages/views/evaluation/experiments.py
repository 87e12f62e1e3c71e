"""What to try on the Evaluation page; the answers are read off the rows that are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pages.kit.answer_words import counted
from pages.kit.leaderboard import ready_runs
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain, sentence
from pages.views.evaluation.board import Board
from pages.views.evaluation.overview import TARGET_WORDS
from pages.views.evaluation.pairs import closest, closest_words, difference_words
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.leaderboard import Leaderboard, query_kinds

HERE = {"evaluation_look": "all"}
"""Where the answers can be seen: other views are of parts of the targets, or of links."""
NOTHING = "Nothing is measured yet: wait for the first rows, or press the button above the picture."


def experiments(board: Callable[[], Board], usual: str, look: str) -> list[Experiment]:
    """Of a view; ``board`` is asked for when the page has it. ``usual``: the targets that the data decided on."""
    other = "first_time" if usual == "all" else "all"
    ask = {"first_time": "Count only what people had never taken before.", "all": "Count every target, mask nothing."}
    pairs = Experiment(
        "Two of these rows are nearest to each other. **Is their difference more than noise?**",
        ("Yes, beyond noise", "No, they are not told apart"),
        lambda: nearest(board()),
        {"evaluation_against": ""},
    )
    rest = [
        Experiment(
            "Judge by the place of the first hit (MRR), not by whether there is one. **Does the order change?**",
            ("No, not at all", "Yes, but the same row is first", "Yes, and another row is first"),
            lambda: reordered(board()),
            HERE | {"evaluation_metric": "mrr"},
        ),
        Experiment(
            "Ask the same vectors by cosine instead of in · out. **Do they find more?**",
            ("Most rows find more", "Most rows find less", "Most do not change beyond noise"),
            lambda: by_cosine(board()),
            HERE | {"evaluation_score": "cosine"},
        ),
        Experiment(
            f"{ask[other]} **Does the same model win?**",
            ("Yes", "No, another one, beyond noise", "Another is first, but they are not told apart"),
            lambda: other_targets(board(), usual),
            HERE | {"evaluation_targets": other},
        ),
    ]
    return [pairs] if look == "pairs" else rest


def _figure(value: Estimate) -> str:
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def reordered(board: Board) -> Verdict:
    """How far HR and MRR order the rows alike."""
    if len(board.names(board.settings.view)) < 2:
        return Verdict(NOTHING)
    hits, places = board.comparison(metric="hr").order, board.comparison(metric="mrr").order
    moved = {name: hits.index(name) - places.index(name) for name in places}
    most = max(moved, key=lambda name: abs(moved[name]))
    if not moved[most]:
        return Verdict(f"Both order the {len(places)} rows alike, {plain(places[0])} first.", 0)
    same = hits[0] == places[0]
    winner = (
        f"{plain(places[0])} is first by both" if same else f"first is {plain(places[0])} in place of {plain(hits[0])}"
    )
    apart = len(board.comparison(metric="mrr").top) - 1
    return Verdict(
        f"**{sum(map(bool, moved.values()))} of {len(moved)} rows** have another place; {winner}. By MRR the first is "
        f"{'beyond noise of all others' if apart < 1 else f'not told apart from {apart} more'}.",
        1 if same else 2,
        more=f"{plain(most)} goes {'up' if moved[most] > 0 else 'down'} by {abs(moved[most])}.",
    )


def by_cosine(board: Board) -> Verdict:
    """Both scores of every model of item vectors that has both."""
    one, lines, risen, alone = board.settings, [], [], 0
    in_out = query_kinds(one.cases.train, "in_out")["decayed"]
    for row in board.rows:
        if row.wanted.query is None or row.state != "ready":
            continue
        before = ready_runs(one.question, replace(row.wanted, query=in_out))
        if not before:
            alone += 1
            continue
        table = Leaderboard.of((row.wanted, run) for run in before)
        old, new = table.estimate(row.name, one.metric, one.k, one.view), board.estimate(row.name)
        head = [float(np.mean([run.head_lists.mean() for run in runs])) for runs in (before, row.runs)]
        risen.append((new.low > old.high) - (new.high < old.low))
        lines.append(
            f"{plain(row.name)} {_figure(old)} → {_figure(new)}, head in its lists {head[0]:.0%} → {head[1]:.0%}"
        )
    if not lines:
        return Verdict(
            "The two scores are not measured side by side yet: measure item vectors by in · out, then by cosine."
        )
    counts = [risen.count(way) for way in (1, -1, 0)]
    return Verdict(
        f"By {one.measure}, of {counted(len(lines), 'row')} **{counts[0]} rise, {counts[1]} fall** beyond both "
        f"intervals.{_alone(alone)}",
        tuple(at for at, count in enumerate(counts) if count == max(counts)),
        more=f"{'; '.join(lines)}. Of the targets {one.cases.head_targets:.0%} lie in the head.",
    )


def _alone(rows: int) -> str:
    """How many rows the verdict leaves out."""
    return f" {counted(rows, 'more row')} {'is' if rows == 1 else 'are'} measured by cosine alone." if rows else ""


def other_targets(board: Board, usual: str) -> Verdict:
    """The best of the usual and of the other targets."""
    views = ("main", board.settings.view)
    if any(not board.names(view) for view in views):
        return Verdict(NOTHING)
    before, now = map(board.comparison, views)
    old, new, same = before.order[0], now.order[0], max(len(now.top) - 1, 0)
    said = f"**{plain(new)}** {_figure(board.estimate(new))}"
    are = "is" if same == 1 else "are"
    beside = f"{same} more {are} not told apart from it" if same else "beyond noise of all others"
    if old == new:
        return Verdict(f"{said} leads here as well ({TARGET_WORDS[board.settings.targets]}); {beside}.", 0)
    there = f"; {plain(old)}, the best on {TARGET_WORDS[usual]}, has {_figure(board.estimate(old))}"
    right = 2 if old in now.top else 1
    return Verdict(f"{said} is first, {beside}.", right, more=f"With {TARGET_WORDS[board.settings.targets]}{there}.")


def nearest(board: Board) -> Verdict:
    """The nearest two rows, and which to take of all."""
    if len(board.names(board.settings.view)) < 2:
        return Verdict(NOTHING)
    comparison = board.comparison()
    d = closest(comparison)
    more = f"{closest_words(board, comparison)} Over all rows: {sentence(board.advice.words)}"
    return Verdict(f"The nearest two: {difference_words(d)}", 0 if d.told_apart else 1, more=more)
