"""Charts of the training page: what their traces hold is what was given."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from recemb_core.figures import theme
from recemb_core.figures.noise_bars import noise_bars_figure
from recemb_core.figures.noise_share import noise_share_figure
from recemb_core.figures.pair_scores import MOST_POINTS, pair_scores_figure
from recemb_core.figures.softmax_costs import softmax_costs_figure
from recemb_core.figures.step_losses import step_losses_figure
from recemb_core.figures.window_strip import window_strip_figure

MARKUP, ESCAPED = "Salt & <b>Vinegar</b>", "Salt &amp; &lt;b&gt;Vinegar&lt;/b&gt;"


def named(figure: go.Figure, name: str) -> go.Scatter:
    (trace,) = [trace for trace in figure.data if trace.name == name]
    return trace


def is_described(figure: go.Figure) -> bool:
    meta = figure.layout.meta
    shared = figure.layout.template.to_plotly_json() == theme.template().to_plotly_json()
    return bool(meta["file_name"] and meta["description"]) and shared


def test_the_window_strip_marks_center_and_contexts() -> None:
    titles = ["Tea", MARKUP, "Cup", "Pot", "Jam"]
    figure = window_strip_figure(titles, [4, 5, 6, 7, 8], 6, [5, 7], window=1, chosen=[5])
    assert list(named(figure, "center").y) == [6]
    assert list(named(figure, "context").y) == [5, 7]
    assert list(named(figure, "not in this window").y) == [4, 8]
    assert [row[0] for row in named(figure, "context").customdata] == ["5", "7"]
    text = named(figure, "context").text[0]
    assert ESCAPED in text
    assert theme.CHOSEN in text
    assert "6 · " in text
    for arc, end in (("arc to 5", 5), ("arc to 7", 7)):
        assert sorted([named(figure, arc).y[0], named(figure, arc).y[-1]]) == pytest.approx(sorted([6, end]))
    (band,) = figure.layout.shapes
    assert (band.y0, band.y1) == pytest.approx((4.55, 7.45))
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # first on top
    assert "Cup" in figure.layout.meta["description"]
    assert is_described(figure)


def test_the_window_strip_of_a_set_has_no_band_and_no_numbers() -> None:
    figure = window_strip_figure(["Tea", "Milk"], [0, 1], 0, [1], window=None, ordered=False)
    assert not figure.layout.shapes
    assert "·" not in named(figure, "context").text[0]
    alone = window_strip_figure(["Tea"], [0], 0, [], window=2)
    assert "nothing" in alone.layout.meta["description"]


def test_noise_bars_part_the_popular_from_the_rest_and_mark_the_chosen() -> None:
    noise, shares = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.6, 0.2, 0.15, 0.05])
    popular = np.array([True, True, False, False])
    figure = noise_bars_figure(
        ["t", "m", "s", "c"],
        ["Tea", "Milk", MARKUP, "Cup"],
        noise,
        shares,
        popular,
        np.array([60, 20, 15, 5]),
        chosen=1,
        even=0.25,
    )
    assert list(named(figure, "most popular tenth").x) == [0.4]
    assert list(named(figure, "chosen item").x) == [0.3]
    assert named(figure, "chosen item").marker.color == theme.CHOSEN
    assert list(named(figure, "the rest").x) == [0.2, 0.1]
    assert [row[0] for row in named(figure, "the rest").customdata] == ["s", "c"]
    assert list(named(figure, "share of events (exponent 1)").x) == list(shares)
    assert figure.layout.yaxis.ticktext[2] == ESCAPED
    assert figure.layout.shapes[0].x0 == 0.25
    assert is_described(figure)


def test_noise_share_marks_the_exponent_in_use() -> None:
    figure = noise_share_figure(np.array([-1.0, 0, 1]), np.array([0.01, 0.1, 0.6]), (0.5, 0.3))
    assert list(named(figure, "share").y) == [0.01, 0.1, 0.6]
    assert list(named(figure, "in use").x) == [0.5]
    assert list(named(figure, "in use").text) == ["30%"]
    assert is_described(figure)


def test_pair_scores_draw_the_pair_on_top_and_thin_long_runs() -> None:
    scores = np.array([[0.5, 0.5, 0.5], [0.6, 0.4, 0.5]])
    figure = pair_scores_figure(scores, ["Milk", "Cup", MARKUP])
    assert figure.data[-1].name == "the pair"
    assert list(figure.data[-1].y) == [0.5, 0.6]
    assert [trace.showlegend for trace in figure.data] == [False, True, True]
    assert ESCAPED in figure.data[0].hovertemplate
    assert is_described(figure)
    long = pair_scores_figure(np.linspace(0, 1, 20_001)[:, None], ["Milk"])
    assert len(long.data[0].x) <= MOST_POINTS
    assert (long.data[0].x[0], long.data[0].x[-1], long.data[0].y[-1]) == (0, 20_000, 1)
    assert is_described(pair_scores_figure(scores[:1], ["Milk", "Cup", "Tea"]))


def test_step_losses_have_a_running_mean() -> None:
    figure = step_losses_figure(np.array([4.0, 2, 3, 1]), 2)
    assert list(named(figure, "each update").y) == [4, 2, 3, 1]
    assert list(named(figure, "mean of the last 2").y) == [4, 3, 2.5, 2]
    assert list(named(figure, "each update").x) == [1, 2, 3, 4]
    assert is_described(figure)
    assert is_described(step_losses_figure(np.empty(0), 1))


def test_softmax_costs_mark_this_catalogue() -> None:
    sizes = np.array([100.0, 1e4])
    figure = softmax_costs_figure(sizes, {"full": sizes * 8, "tree": np.log2(sizes) * 8}, (176, [1408.0, 40.0]))
    assert list(named(figure, "full").y) == [800, 80_000]
    assert (named(figure, "tree, here").x[0], named(figure, "tree, here").y[0]) == (176, 40)
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert "1,408" in figure.layout.meta["description"]
    assert is_described(figure)
