"""The pictures of a sweep: every setting where its values are, the better ones told apart."""

from __future__ import annotations

from itertools import pairwise

import pytest

from recemb_core.figures.sweep_axes import SweptAxis, SweptLine, sweep_axes_figure
from recemb_core.figures.sweep_board import SweptSetting, sweep_board_figure
from recemb_core.figures.sweep_front import FrontPoint, sweep_front_figure
from recemb_core.figures.sweep_importance import sweep_importance_figure
from recemb_core.figures.sweep_slices import MOST, Slice, sweep_slices_figure


def test_lines_pass_their_places_on_every_axis() -> None:
    axes = [SweptAxis("window", ((0.0, "1"), (1.0, "9"))), SweptAxis("HR@10 <b>", ((0.0, "0.1"), (1.0, "0.2")))]
    lines = [SweptLine("#1 window 9", (1.0, 0.4), final=True), SweptLine("the default", (0.5, 0.0), default=True)]
    figure = sweep_axes_figure(axes, lines, file_name="axes")
    assert sorted(tuple(trace.y) for trace in figure.data) == [(0.5, 0.0), (1.0, 0.4)]
    assert [name.replace("\u2060", "") for name in figure.layout.xaxis.ticktext] == ["window", "HR@10 &lt;b&gt;"]
    assert {note.text for note in figure.layout.annotations} == {"1", "9", "0.1", "0.2"}
    dotted = [trace for trace in figure.data if trace.line.dash == "dot"]
    assert [tuple(trace.y) for trace in dotted] == [(0.5, 0.0)]
    assert "best: #1 window 9" in figure.layout.meta["description"]


def test_slices_share_one_aim_and_end_at_six() -> None:
    one = Slice("window", (1, 9), (0.1, 0.2), ("#1", "#2"), (False, True))
    words = Slice("mode", ("set", "shuffle"), (0.1, 0.2), ("#1", "#2"), (False, True))
    log = Slice("rate", (0.01, 0.1), (0.1, 0.2), ("#1", "#2"), (False, True), log=True)
    figure = sweep_slices_figure([one, words, log], y_title="HR@10", default=0.15, file_name="slices")
    assert [figure.layout[f"xaxis{n}"].type for n in ("", 2, 3)] == [None, "category", "log"]
    assert figure.layout.xaxis3.tickvals == (0.01, 0.1), "what was tried is written out"
    assert all(value in (0.1, 0.2) for trace in figure.data for value in trace.y)
    ends = [figure.layout[f"xaxis{n}"].domain for n in ("", 2, 3)]
    assert all(before[1] < after[0] for before, after in pairwise(ends)), "side by side"
    assert [shape.y0 for shape in figure.layout.shapes] == [0.15]
    many = sweep_slices_figure([one] * 9, y_title="HR@10", default=None, file_name="slices")
    assert len({trace.xaxis for trace in many.data}) == MOST


def test_the_front_is_a_line_through_its_settings() -> None:
    points = [
        FrontPoint("#0", 1.0, 0.1, default=True),
        FrontPoint("#1", 2.0, 0.3, front=True),
        FrontPoint("#2", 0.5, 0.2, front=True),
    ]
    figure = sweep_front_figure(points, cost_title="MB", quality_title="HR@10", file_name="front")
    named = {trace.name: trace for trace in figure.data}
    assert (tuple(named["Pareto front"].x), tuple(named["Pareto front"].y)) == ((0.5, 2.0), (0.2, 0.3))
    assert tuple(named["the default"].x) == (1.0,)
    assert figure.layout.xaxis.type is None
    wide = sweep_front_figure(
        [*points, FrontPoint("#3", 50.0, 0.1)], cost_title="MB", quality_title="HR", file_name="f"
    )
    assert wide.layout.xaxis.type == "log"
    assert {1.0, 10.0} <= set(wide.layout.xaxis.tickvals), "whole numbers, and no 2 that stands for 20"


def test_each_training_is_a_mark_and_the_mean_is_over_all() -> None:
    settings = [SweptSetting("#4 epochs 20", (0.3, 0.4), (0.35,)), SweptSetting("the default", (0.2,), default=True)]
    figure = sweep_board_figure(settings, x_title="HR@10", file_name="board")
    named = {trace.name: trace for trace in figure.data}
    assert sorted(zip(named["first looks"].x, named["first looks"].y, strict=True)) == [(0.2, 1), (0.3, 0), (0.4, 0)]
    assert (tuple(named["fresh seeds"].x), tuple(named["fresh seeds"].y)) == ((0.35,), (0,))
    assert tuple(named["mean"].x) == pytest.approx((0.35, 0.2))
    assert figure.layout.shapes[0].x0 == 0.2
    usual = "#16 dimensions 64, epochs 30, query half life 40"  # three parameters: their values tell settings apart
    one = sweep_board_figure([SweptSetting(usual, (0.3,))], x_title="HR@10", file_name="board")
    assert one.layout.yaxis.ticktext == (usual,)


def test_bars_are_the_shares() -> None:
    figure = sweep_importance_figure({"window": 0.7, "mode": 0.1}, how="fANOVA", noise=0.2, file_name="importance")
    assert tuple(figure.data[0].x) == (0.7, 0.1)
    assert tuple(figure.data[0].y) == ("window", "mode")
    assert "seeds alone" in [note.text for note in figure.layout.annotations]
    assert not sweep_importance_figure({"window": 1.0}, how="fANOVA", noise=None, file_name="i").layout.annotations


@pytest.mark.parametrize(
    "figure",
    [
        sweep_axes_figure([SweptAxis("a", ())], [], file_name="x"),
        sweep_slices_figure([], y_title="HR", default=None, file_name="x"),
        sweep_board_figure([], x_title="HR", file_name="x"),
        sweep_front_figure([], cost_title="MB", quality_title="HR", file_name="x"),
        sweep_importance_figure({}, how="fANOVA", noise=None, file_name="x"),
    ],
)
def test_without_settings_they_say_so(figure: object) -> None:
    assert figure.layout.annotations[0].text  # type: ignore[attr-defined]
