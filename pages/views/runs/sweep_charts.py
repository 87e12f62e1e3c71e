"""The pictures of a sweep: leaderboard, parallel axes, slices, what decides, quality and cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import stage
from pages.kit.live_chart import live_chart
from pages.kit.sweeps.live import Found
from pages.kit.text import field_words
from recemb_core.figures.sweep_axes import SweptAxis, SweptLine, sweep_axes_figure
from recemb_core.figures.sweep_board import SweptSetting, sweep_board_figure
from recemb_core.figures.sweep_front import FrontPoint, sweep_front_figure
from recemb_core.figures.sweep_importance import sweep_importance_figure
from recemb_core.figures.sweep_slices import Slice, sweep_slices_figure
from recemb_core.sweeps import COSTS, Choices, SweepPlan, importance, in_words, pareto_front, rows
from recemb_core.sweeps.importance import LEAST_SETTINGS, Importance
from recemb_core.sweeps.space import Dimension, same_values, value_words

HIGH, ABOVE = 460, 225  # pixels of a picture at least, and of what lies above and below it
TABLE = 330
MOST = 24  # settings drawn


def table(found: Found) -> pl.DataFrame:
    """A line a setting, the best mean first."""
    plan, defaults = found.sweep.plan, found.sweep.ground.defaults
    several = len(plan.aims) > 1
    front = set(pareto_front(plan, found.runs)) if several else set()
    lines = []
    for row in rows(plan, found.runs):
        line: dict[str, Any] = {"Setting": row["setting"], "Differs by": in_words(row["values"], defaults)}
        for name in plan.space.names:
            line[_head(name)] = value_words([row["values"][name]])[0]
        for aim in plan.aims:
            value = row[aim]
            line[plan.aim_words(aim)] = value / 1e6 if aim == "bytes" and value is not None else value
        line |= {"Trainings": row["runs"], "Fresh": row["fresh"]}
        if several:
            line["Front"] = row["setting"] in front
        line["Failed"] = row["failed"]
        lines.append(line)
    return pl.DataFrame(lines, infer_schema_length=None)


def leaderboard(found: Found) -> None:
    """Every training of the settings with the best means, and the default's."""
    plan, done = found.sweep.plan, _settings(found)
    shown = [row for at, row in enumerate(done) if at < MOST or row["setting"] == 0]
    points = {row["setting"]: ([], []) for row in shown}  # type: dict[int, tuple[list[float], list[float]]]
    for run in found.runs:
        if run.setting in points and not run.failed:
            points[run.setting][run.stage == "final"].append(run.aims[plan.aims[0]])
    settings = [
        SweptSetting(
            "the default" if row["setting"] == 0 else _name(row, found),
            tuple(points[row["setting"]][0]),
            tuple(points[row["setting"]][1]),
            row["setting"] == 0,
        )
        for row in shown
    ]
    title = plan.aim_words(plan.aims[0])
    with stage.picture():
        figure = sweep_board_figure(settings, x_title=title, file_name="sweep leaderboard")
        live_chart(figure, key="sweep board", height=HIGH, above=ABOVE, glide=False)
    rest = f" The best {len(shown)} of {len(done)} settings are drawn." if len(shown) < len(done) else ""
    st.caption(
        f"A mark a training, by {title}. The mean of what was chosen for its mean is too high: the verdict goes by "
        f"trainings with fresh seeds alone.{rest}"
    )


def board_table(found: Found) -> None:
    """The table so far, with what its columns mean."""
    plan, shown = found.sweep.plan, table(found)
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "Setting": number(format="%d", help="In the order of trying; 0 is the default.", width=62),
        "Differs by": None,
        "Trainings": number(help="With different seeds; the means are over these.", width=72),
        "Fresh": number(
            help="Of these, with seeds that had no part in the choice: the verdict goes by them alone.", width=56
        ),
        "Front": st.column_config.CheckboxColumn(
            help="No other is better in one aim and not worse in another.", width=56
        ),
        "Failed": st.column_config.TextColumn(help="Why a setting came to nothing."),
    }
    for aim in plan.aims:
        head = plan.aim_words(aim)
        form = "%.4f" if aim not in COSTS else "%.3f"
        columns[head] = number("MB" if aim == "bytes" else head, format=form, help=f"{head}, mean over trainings.")
    if not any(shown["Failed"].to_list()):
        shown = shown.drop("Failed")
    height = min(TABLE, 38 + 35 * len(shown))
    st.dataframe(shown, hide_index=True, column_config=columns, height=height, placeholder="–")


def axes(found: Found) -> None:
    """Parallel axes."""
    plan, done = found.sweep.plan, _settings(found)
    dimensions = list(plan.space.dimensions)
    figures = [row[plan.aims[0]] for row in done]
    low, high = (min(figures), max(figures)) if figures else (0.0, 1.0)
    span = (high - low) or 1.0
    swept = [SweptAxis(_head(one.name), _ticks(one, done)) for one in dimensions]
    swept.append(SweptAxis(plan.aim_words(plan.aims[0]), ((0.0, f"{low:.3f}"), (1.0, f"{high:.3f}"))))
    lines = [
        SweptLine(
            f"{_name(row, found)}: {row[plan.aims[0]]:.4f}",
            (*(_place(one, row["values"][one.name], done) for one in dimensions), (row[plan.aims[0]] - low) / span),
            row["fresh"] > 0,
            row["setting"] == 0,
        )
        for row in done
    ]
    with stage.picture():
        figure = sweep_axes_figure(swept, lines, file_name="sweep settings")
        live_chart(figure, key="sweep axes", height=HIGH, above=ABOVE)
    st.caption(
        f"A line a setting ({len(lines)}), its color by {plan.aim_words(plan.aims[0])}, mean over trainings; the "
        "dotted one is the default, those with large dots were trained again with fresh seeds."
    )


def slices(found: Found) -> None:
    """Each parameter against the aim, what decides most first."""
    plan, done, decides = found.sweep.plan, _settings(found), _decides(found)
    names = list(decides.shares) if decides is not None else list(plan.space.names)
    shown = []
    for name in names:
        one = next(own for own in plan.space.dimensions if own.name == name)
        values = [row["values"][name] for row in done]
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        positive = [v for v in values if numbers and v > 0]
        log = numbers and len(positive) == len(values) and bool(values) and max(positive) >= 8 * min(positive)
        shown.append(
            Slice(
                _head(name),
                tuple(values if numbers else value_words(values)),
                tuple(row[plan.aims[0]] for row in done),
                tuple(_name(row, found) for row in done),
                tuple(row["fresh"] > 0 for row in done),
                log or bool(getattr(one, "log", False)),
            )
        )
    default = next((row[plan.aims[0]] for row in done if row["setting"] == 0), None)
    title = plan.aim_words(plan.aims[0])
    figure = sweep_slices_figure(shown, y_title=title, default=default, file_name="sweep slices")
    with stage.picture():
        live_chart(figure, key="sweep slices", height=HIGH, above=ABOVE)
    more = f" Of {len(shown)} parameters the first 6 are shown." if len(shown) > 6 else ""
    st.caption(
        f"Each point a setting, whatever its other parameters are: a cloud without a slope says that this one decides "
        f"little beside them. {title}, mean over trainings.{more}"
    )


def what_decides(found: Found) -> None:
    """Shares of parameters."""
    decides = _decides(found)
    if decides is None:
        st.info(
            f"What decides is worked out from {LEAST_SETTINGS} settings on that differ in "
            f"{found.sweep.plan.aim_words(found.sweep.plan.aims[0])}."
        )
        return
    noise = None if math.isnan(decides.noise) else decides.noise
    shares = {_head(name): share for name, share in decides.shares.items()}
    figure = sweep_importance_figure(shares, how=decides.how, noise=noise, file_name="sweep importance")
    with stage.picture():
        live_chart(figure, key="sweep importance", height=HIGH, above=ABOVE)
    how = {
        "fANOVA": "By fANOVA: a forest is fitted to the settings, and the share is that of a parameter's own marginal. "
        "The shares add up to 100%, so one that does nothing has a few percent too.",
        "variance ratio": "The share of the variance between settings that groups of one parameter's values explain, "
        "less what groups of chance would.",
    }[decides.how]
    seeds = "" if noise is None else f" Seeds alone make {noise:.0%} of that variance."
    st.caption(f"{how}{seeds} From the first training of each of {decides.settings} settings: of few, it is a hint.")


def front(found: Found) -> None:
    """Quality and cost."""
    plan, done = found.sweep.plan, _settings(found)
    cost = next((aim for aim in plan.aims if aim in COSTS), None)
    if cost is None:
        st.info("Choose a cost beside the aim that decides, and the settings are drawn by both.")
        return
    quality, best = plan.aims[0], set(pareto_front(plan, found.runs))
    scale = 1e-6 if cost == "bytes" else 1.0
    points = [
        FrontPoint(_name(row, found), row[cost] * scale, row[quality], row["setting"] in best, row["setting"] == 0)
        for row in done
    ]
    title = "megabytes held" if cost == "bytes" else COSTS[cost]
    figure = sweep_front_figure(
        points, cost_title=title, quality_title=plan.aim_words(quality), file_name="sweep quality and cost"
    )
    with stage.picture():
        live_chart(figure, key="sweep front", height=HIGH, above=ABOVE)
    timed = cost in ("seconds", "milliseconds")
    st.caption(
        f"Means over trainings. {len(best)} of {len(done)} settings are on the front: none other is better in one and "
        "not worse in the other. Neighbors on it need not be told apart."
        + (" Times were measured while other work may have run beside." if timed else "")
    )


# ---- shared ----


def _decides(found: Found) -> Importance | None:
    return importance(found.sweep.plan, found.runs)


def _settings(found: Found) -> list[dict[str, Any]]:
    plan: SweepPlan = found.sweep.plan
    return [row for row in rows(plan, found.runs) if row[plan.aims[0]] is not None]


def _name(row: dict[str, Any], found: Found) -> str:
    return f"#{row['setting']} {in_words(row['values'], found.sweep.ground.defaults)}"


def _head(name: str) -> str:
    scope, dot, inner = name.partition(".")
    return f"{scope} {field_words(inner)}" if dot else field_words(name)


def _order(one: Dimension, done: Sequence[dict[str, Any]]) -> list[Any]:
    """Places of words and of few values: those of the sweep, and the default's where it is another."""
    known = list(one.values) if isinstance(one, Choices) else []
    for row in done:
        value = row["values"][one.name]
        if not any(same_values({"v": value}, {"v": other}) for other in known):
            known.append(value)
    plain = all(isinstance(v, int | float) and not isinstance(v, bool) for v in known)
    return sorted(known) if plain else known


def _place(one: Dimension, value: Any, done: Sequence[dict[str, Any]]) -> float:
    if isinstance(one, Choices):
        order = _order(one, done)
        at = next(i for i, other in enumerate(order) if same_values({"v": value}, {"v": other}))
        return at / max(len(order) - 1, 1)
    low, high = _ends(one, done)
    if one.log:
        return float((np.log(value) - np.log(low)) / (np.log(high) - np.log(low)))
    return (value - low) / (high - low)


def _ends(one: Any, done: Sequence[dict[str, Any]]) -> tuple[float, float]:
    values = [row["values"][one.name] for row in done]
    return min([one.low, *values]), max([one.high, *values])


def _ticks(one: Dimension, done: Sequence[dict[str, Any]]) -> tuple[tuple[float, str], ...]:
    if isinstance(one, Choices):
        order = _order(one, done)
        every = max(1, len(order) // 6)
        texts = value_words(order)
        return tuple((i / max(len(order) - 1, 1), texts[i]) for i in range(0, len(order), every))
    return tuple((place, f"{end:g}") for place, end in zip((0.0, 1.0), _ends(one, done), strict=True))
