"""What the second view of the LSH page asks: of one item, of the plane, and of a setting whose recall is guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pages.kit.answer_words import gain_words, paired
from pages.kit.session import ActiveData
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.text import plain
from pages.views.lsh import board, inside, measures
from pages.views.lsh.answers import FINDS, part_of
from pages.views.lsh.controls import usual_settings
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LabPoints

CHANGES = ("It rises", "It falls", "No change beyond noise")


def experiments(
    data: ActiveData, points: LabPoints, settings: LabSettings, part: str, drawn: Sequence[board.Plane]
) -> list[Experiment]:
    """Of a part of the view; ``drawn`` has the plane, once it is drawn."""
    if part == "plane":
        return _plane(data, drawn)
    return _guess(data, points, settings) if part == "guess" else _item(data, points, settings)


# ---- one item ----


def _item(data: ActiveData, points: LabPoints, settings: LabSettings) -> list[Experiment]:
    def alone() -> Verdict:
        row = inside.shown_row(data, points)
        seen = measures.explain(data, points, settings, row)
        share = float(seen.by_table.mean())
        least, most = seen.by_table.sum(axis=0).min(), seen.by_table.sum(axis=0).max()
        every = float(measures.found_nearest(data, points, settings).mean())
        return Verdict(
            f"A table catches {share:.1%} of the {len(seen.ids)} nearest to {plain(points.names[row])}, the mean of "
            f"{seen.by_table.shape[1]}; all together **{int(seen.caught.sum())}**.",
            part_of(share, share, share),
            f"From {least} to {most} by table, in this very index (seed {settings.seed}). Over {len(points.queries)} "
            f"queries all tables together find {every:.0%}.",
        )

    def lost() -> Verdict:
        found = measures.found_nearest(data, points, settings)
        half = found.shape[1] // 2
        if not half:
            return Verdict("One neighbor has no nearer and no farther half: ask for more of them.", 2)
        near, far = found[:, :half].mean(axis=1), found[:, -half:].mean(axis=1)
        gain = paired(far, near)
        right = 2 if gain.low <= 0 <= gain.high else 1 if gain.value > 0 else 0
        return Verdict(
            f"Of the nearer half {near.mean():.0%} are found, of the farther {far.mean():.0%}, over "
            f"{len(points.queries)} queries.",
            right,
            f"Farther less nearer, query by query: {gain_words(gain)}. One index, seed {settings.seed}.",
        )

    def price() -> Verdict:
        row = inside.shown_row(data, points)
        now = measures.explain(data, points, settings, row)
        before = measures.explain(data, points, replace(settings, functions=10), row)
        times = now.candidates / max(before.candidates, 1)
        return Verdict(
            f"{before.candidates:,} candidates become {now.candidates:,} of {len(points) - 1:,}, {times:.1f} times as "
            f"many; of its {len(now.ids)} nearest {int(before.caught.sum())} were found, now {int(now.caught.sum())}.",
            0 if times < 1.5 else 1 if times <= 3 else 2,
            f"Of this one item, {plain(points.names[row])}, in one index (seed {settings.seed}); the number "
            "of candidates that a setting has on average is on the view Tune.",
        )

    both = {"mode": "and_or", "functions": 10, "tables": 24}
    return [
        Experiment(
            "A full square: all ten functions of that table agree. **How many of the nearest does one table catch?**",
            FINDS, alone, {**both, "tables": 24},
        ),
        Experiment(
            "Four tables in place of 24. **Which of the nearest are lost more often?**",
            ("The farther ones", "The nearer ones", "No difference beyond noise"), lost,
            {**both, "tables": 4},
        ),
        Experiment(
            "Five functions a table in place of ten: more neighbors meet. **How many more points are scanned?**",
            ("Hardly more", "About twice as many", "Over three times as many"), price, {**both, "functions": 5},
        ),
    ]  # fmt: skip


# ---- the plane ----


def _plane(data: ActiveData, drawn: Sequence[board.Plane]) -> list[Experiment]:
    def against(**before: Any) -> Callable[[], Answer]:
        """The recall over many draws, now and with other functions on the same points."""

        def said() -> Answer:
            if not drawn:
                return Verdict("This hash family has no straight borders, so there is no plane to look at.")
            plane = drawn[0]
            other = board.plane_with(data, plane, **before)
            now, then = board.many_draws(data, plane), board.many_draws(data, other)
            right = 0 if now.low > then.high else 1 if now.high < then.low else 2
            return Verdict(
                f"Recall {float(then.mean):.2f} → {float(now.mean):.2f} over {board.DRAWS} draws of functions; scanned "
                f"here: {int(other.found[1:].sum())} → {int(plane.found[1:].sum())} of {len(plane.points) - 1}.",
                right,
                f"95%: {float(then.low):.2f} to {float(then.high):.2f} before, {float(now.low):.2f} to "
                f"{float(now.high):.2f} now, on the points as they lie; scanned is of the functions drawn here.",
            )

        return said

    usual = {"mode": "and_or", "board_k": 2, "board_l": 2, "board_w": 2.0}
    return [
        Experiment(
            "Four functions in place of two, which must all agree. **What does the recall do?**",
            CHANGES, against(functions=2), {**usual, "board_k": 4},
        ),
        Experiment(
            "Four tables in place of two. **What does the recall do?**",
            CHANGES, against(tables=2), {**usual, "board_l": 4},
        ),
        Experiment(
            "Strips half as wide. **What does the recall do?**", CHANGES, against(width=2.0), {**usual, "board_w": 1.0},
        ),
    ]  # fmt: skip


# ---- the guess ----


def _guess(data: ActiveData, points: LabPoints, settings: LabSettings) -> list[Experiment]:
    usual = usual_settings(data, points)

    def said() -> Answer:
        if inside.REVEALED.value(data) != inside.mark_of(points, settings):
            return ""
        cell = settings.cell_of(measures.grid_over_draws(data, points, settings))
        theory = inside.expected_recall(data, points, settings)
        within = "inside" if cell.recall_low <= theory <= cell.recall_high else "outside"
        return Verdict(
            f"Recall {cell.recall:.2f} ({cell.recall_low:.2f} to {cell.recall_high:.2f}); theory, the curve's height "
            f"over the band, {theory:.2f}: {within} the interval.",
            part_of(cell.recall, cell.recall_low, cell.recall_high),
            f"The mean over {cell.draws} draws of functions and {len(points.queries)} queries, with its 95% interval.",
        )

    def ask(question: str, **shape: Any) -> Experiment:
        sets = {**shape, "revealed": inside.mark_of(points, replace(usual, **shape))}
        return Experiment(f"{question} **How many of the nearest will it find?**", FINDS, said, sets)

    return [
        ask("Ten functions, 24 tables: read the curve's height in the band.", functions=10, tables=24),
        ask("The same ten functions in one table, AND alone.", mode="and"),
        ask("OR-then-AND: in each of 24 tables one of ten functions agrees.", mode="or_and"),
    ]
