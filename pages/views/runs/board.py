"""The measured runs as a picture, and what can be asked of them: what seeds do, and whether the best is better."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, results, stage
from pages.kit.allowed import Options
from pages.kit.answer_words import signed
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.text import plain
from pages.views.runs.kept import RUNS_PAGE, Kept
from pages.views.runs.table import cell_of, head_of, settings_apart
from recemb_core.evaluation.differences import Difference
from recemb_core.experiments.leaderboard import Leaderboard
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.runs import RunRecord

ORDER = Parameter(
    RUNS_PAGE,
    "runs_order",
    "Order of the rows",
    Options({"score": "best first", "setting": "seeds of a setting together"}),
    "score",
    help="One below the other: runs by their score, or those that differ by their seed alone.",
)
MOST = 20  # rows of the picture
TELLING = 2  # settings in the name of a row
ABOVE, HIGH = 225, 430  # pixels of the window around the picture, and of the picture at least
SEEDS = "Runs of one setting differ by their seed alone. **Do they lie closer than the interval over users is wide?**"
BEST = "The two settings with the best means. **Is the first better than the second?**"


def measured(kept: Kept) -> list[RunRecord]:
    """The runs that can be compared user by user: asked the same question as the newest that was measured."""
    runs = [one for one in kept.finished.values() if "hr" in one.scores and one.spec.protocol is not None]
    runs = [one for one in runs if one.has_users]
    asked = [(one.spec.protocol, one.spec.part) for one in runs]
    return [one for one, question in zip(runs, asked, strict=True) if question == asked[0]]


def settings_of(runs: list[RunRecord]) -> dict[str, list[RunRecord]]:
    """Setting → its runs; the best mean first."""
    found: dict[str, list[RunRecord]] = {}
    for one in runs:
        found.setdefault(one.spec.setting_id, []).append(one)
    return dict(sorted(found.items(), key=lambda pair: -mean(pair[1])))


def mean(runs: list[RunRecord]) -> float:
    """HR over the seeds that are kept."""
    return float(np.mean([one.scores["hr"].value for one in runs]))


def board_section(kept: Kept) -> None:
    """The picture with its questions; nothing where no run was measured."""
    runs = measured(kept)
    if not runs:
        return
    main, side = frame.side_by_side("all-runs", (8, 3), "15rem")
    by_setting = settings_of(runs)
    with side:
        order = ORDER.draw(kept.data)
        stage.try_this(kept.data, experiments(kept, by_setting))
    with stage.scores(main):
        frame.metrics(_figures(runs, by_setting))
    if order == "setting":
        rows = [one for alike in by_setting.values() for one in _by_seed(alike)]
    else:
        rows = sorted(runs, key=lambda one: -one.scores["hr"].value)
    k = runs[0].scores["hr"].k
    settings = _in_words(kept)
    lines = [ScoreLine(_name(one, settings), *_three(one)) for one in rows[:MOST]]
    figure = score_intervals_figure(lines, x_title=f"HR@{k}, 95% interval over users, one training each")
    with main:
        with stage.picture():
            live_chart(figure, key=f"all runs@{kept.data.key}", height=HIGH, above=ABOVE, glide=False)
        st.caption(_about(kept, runs, len(lines)))


def _by_seed(runs: list[RunRecord]) -> list[RunRecord]:
    return sorted(runs, key=lambda one: -1 if one.spec.seed is None else one.spec.seed)


def _three(run: RunRecord) -> tuple[float, float, float]:
    score = run.scores["hr"]
    return score.value, score.low, score.high


def _in_words(kept: Kept) -> dict[str, str]:
    """Run → its model with the settings that tell it apart."""
    apart = dict(list(settings_apart(kept).items())[:TELLING])
    found = {}
    for one in kept.runs:
        cells = {head_of(name): cell_of(values, one.run_id) for name, values in apart.items()}
        told = ", ".join(f"{head.lower()} {cell}" for head, cell in cells.items() if cell is not None)
        found[one.run_id] = f"{one.spec.model} · {told}" if told else one.spec.model
    return found


def _name(run: RunRecord, settings: dict[str, str]) -> str:
    seed = "" if run.spec.seed is None else f", seed {run.spec.seed}"
    return f"{settings[run.run_id]}{seed} ({run.run_id[:6]})"


def _figures(runs: list[RunRecord], by_setting: dict[str, list[RunRecord]]) -> list[tuple[str, str, str]]:
    k, users = runs[0].scores["hr"].k, runs[0].scores["hr"].users
    best = next(iter(by_setting.values()))
    about = f"Mean over {len(best)} kept {'seed' if len(best) == 1 else 'seeds'} of {best[0].spec.model}."
    return [
        ("Runs", f"{len(runs):,}", "Measured on the same users by the same question."),
        ("Settings", f"{len(by_setting):,}", "Runs that differ by their seed alone are of one setting."),
        (f"Best mean, HR@{k}", f"{mean(best):.3f}", about),
        ("Users asked", f"{users:,}", f"Of the {runs[0].spec.part} part."),
    ]


def _about(kept: Kept, runs: list[RunRecord], drawn: int) -> str:
    part = f"Showing {drawn} of {len(runs):,} runs. " if drawn < len(runs) else ""
    others = sum("hr" in one.scores for one in kept.finished.values()) - len(runs)
    why = "asked another question, or without scores of each user"
    left = f" In the table alone: {others:,}, {why}." if others else ""
    return (
        f"{part}A row is one training, a bar the 95% interval over users. Two bars may overlap and still differ, for "
        f"they are of the same users: *Two side by side* compares user by user.{left}"
    )


# ---- what can be asked ----


def experiments(kept: Kept, by_setting: dict[str, list[RunRecord]]) -> list[Experiment]:
    """Of the measured runs."""
    return [
        Experiment(
            SEEDS,
            ("Yes, closer", "No, as far apart or further"),
            lambda: seeds_lie(by_setting),
            {"runs_order": "setting"},
        ),
        Experiment(
            BEST,
            ("Yes, beyond noise", "No, they are not told apart"),
            lambda: is_better(kept, by_setting),
            {"runs_order": "score"},
        ),
    ]


def seeds_lie(by_setting: dict[str, list[RunRecord]]) -> Answer:
    """How far the seeds of a setting lie apart, beside the interval over users; of the setting with most seeds."""
    runs = max(by_setting.values(), key=len)
    if len(runs) < 2:
        return "No setting has two kept seeds yet: choose another seed in the sidebar, and keep the row once more."
    values = [one.scores["hr"].value for one in runs]
    apart = max(values) - min(values)
    wide = float(np.mean([one.scores["hr"].high - one.scores["hr"].low for one in runs]))
    return Verdict(
        f"{len(runs)} seeds of {runs[0].spec.model} reach {min(values):.3f} to {max(values):.3f}: **{apart:.3f}** "
        f"apart. The interval over {runs[0].scores['hr'].users:,} users is {wide:.3f} wide.",
        0 if apart < wide else 1,
        "Seeds are the noise of training, users the noise of who was asked; a comparison has to count both.",
    )


def is_better(kept: Kept, by_setting: dict[str, list[RunRecord]]) -> Answer:
    """The two best settings, user by user over all kept seeds, judged together with all other pairs."""
    if len(by_setting) < 2:
        return "There is one setting alone: keep a run of another one."
    first, second = list(by_setting.values())[:2]
    found = _judged(kept, by_setting)
    settings = _in_words(kept)
    names = [settings[runs[0].run_id] for runs in (first, second)]
    value, low, high = (signed(number, ".3f") for number in (found.value, found.low, found.high))
    said = f"{plain(names[0])} less {plain(names[1])}: **{value}** (95%: {low} to {high}), {found.users:,} users."
    if not found.measured:
        return Verdict(f"{said} Whether that is noise cannot be said: keep three seeds or more of both settings.")
    pairs = len(by_setting) * (len(by_setting) - 1) // 2
    return Verdict(
        f"{said} p = {found.adjusted:.2g}.",
        0 if found.told_apart and found.value > 0 else 1,
        f"Paired over users and seeds; p by Holm's correction for {pairs:,} {'pair' if pairs == 1 else 'pairs'}, for "
        "the two were chosen by their scores.",
    )


def _judged(kept: Kept, by_setting: dict[str, list[RunRecord]]) -> Difference:
    runs = [one for alike in by_setting.values() for one in alike]
    key: tuple[Any, ...] = ("kept runs judged together", tuple(one.run_id for one in runs))

    def judge() -> Difference:
        board = Leaderboard({})
        for one in runs:
            entry = dataclasses.replace(one.spec.entry, name=one.spec.setting_id)
            board = board.plus(entry, kept.store.user_scores(one.run_id))
        return board.compare("hr", runs[0].scores["hr"].k).between(*list(by_setting)[:2])

    found: Difference = results.remember(kept.data, key, judge)
    return found
