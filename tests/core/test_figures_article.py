"""Charts of windows, pairs, weights and contexts: what their traces hold is what was given."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme
from recemb_core.figures.context_shares import FLOOR, context_shares_figure
from recemb_core.figures.pair_matrix import NAMED, pair_matrix_figure
from recemb_core.figures.weight_paths import weight_paths_figure
from recemb_core.figures.window_network import RIGHT, Ball, window_network_figure

MARKUP = "Salt & <b>Vinegar</b>"
ESCAPED = "Salt &amp; &lt;b&gt;Vinegar&lt;/b&gt;"


def is_described(figure: go.Figure) -> bool:
    meta = figure.layout.meta
    return bool(meta["file_name"] and meta["description"])


def named(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def test_a_window_has_a_ball_a_row_and_a_line_as_strong_as_its_gradient() -> None:
    inputs = [Ball("Tea", "|∂E/∂v| 0.1", "context", 1.0), Ball(MARKUP, "|∂E/∂v| 0.05", "context", 0.5)]
    outputs = [Ball("Cup", "σ 0.3, wanted 1", "center", 0.7), Ball("5 noise items", "σ 0.4, wanted 0", "noise", -0.4)]
    figure = window_network_figure(inputs, "h, mean of 2", outputs, title="CBOW", file_name="cbow")
    (left,), (right,) = named(figure, "rows of v"), named(figure, "rows of v′")
    assert (list(left.x), list(right.x)) == ([0, 0], [RIGHT, RIGHT])
    assert list(left.y) == list(right.y) == [0.5, -0.5]
    assert [row[1] for row in left.customdata] == ["Tea", ESCAPED]
    assert list(right.marker.color) == [theme.CENTER, theme.OTHER]
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert [line.line.width for line in lines] == [7.0, 4.0, 1 + 6 * 0.7, 1 + 6 * 0.4]
    assert [line.line.color for line in lines] == [theme.PAIR] * 3 + [theme.NOISE]
    assert "wanted 1" in figure.layout.meta["description"]
    assert is_described(figure)


def test_pairs_are_cells_and_what_was_never_paired_is_open() -> None:
    times = np.array([[0, 2, 0], [2, 0, 1], [0, 1, 0]])
    figure = pair_matrix_figure(
        times, ["Tea", MARKUP, "Cup"], name="shuffled", most=2, ordered=True, named=True, file_name="pairs"
    )
    (cells,) = figure.data
    assert np.isnan(np.array(cells.z)[times == 0]).all()
    assert np.array(cells.z)[times > 0].tolist() == times[times > 0].tolist()
    assert list(figure.layout.yaxis.ticktext) == ["1 · Tea", f"2 · {theme.label(MARKUP, 16)}", "3 · Cup"]
    assert cells.customdata[0][1] == f"Tea → {ESCAPED}"
    assert "4 of 6 ordered pairs" in figure.layout.meta["description"]
    many = ["x"] * (NAMED + 1)
    wide = pair_matrix_figure(
        np.ones((len(many),) * 2), many, name="set", most=1, ordered=False, named=True, file_name="pairs"
    )
    assert wide.layout.yaxis.ticktext is None


def test_weights_are_drawn_as_far_as_they_mean_anything() -> None:
    weights = np.array([[0.5, 0.5], [0.6, 0.4], [np.nan, np.nan]])
    figure = weight_paths_figure(weights, ["the item itself", MARKUP], form="a / Σa")
    assert [list(trace.x) for trace in figure.data] == [[0, 1], [0, 1]]
    assert [list(trace.y) for trace in figure.data] == [[0.5, 0.6], [0.5, 0.4]]
    assert figure.data[0].line.color == theme.CHOSEN
    assert figure.data[1].name == theme.label(MARKUP, 18)
    none = weight_paths_figure(np.full((1, 2), np.nan), ["a", "b"], form="a / Σa")
    assert not none.data
    assert "Not defined" in none.layout.annotations[0].text
    assert is_described(figure)
    assert is_described(none)


def test_contexts_have_a_stroke_for_the_walks_and_a_point_for_each_model() -> None:
    figure = context_shares_figure(
        ["Tea", MARKUP], np.array([0.5, 0.1]), {"one": np.array([0.2, 0.0]), "two": np.array([0.4, 0.2])}, alike=0.25
    )
    walked, one, two = figure.data
    assert (walked.name, list(walked.x)) == ("in the walks", [0.5, 0.1])
    assert (one.name, list(one.x)) == ("one", [0.2, FLOOR])
    assert list(two.x) == [0.4, 0.2]
    assert one.customdata[1][1] == 0.0  # the number itself is told, wherever it is drawn
    assert figure.layout.shapes[0].x0 == 0.25
    assert list(figure.layout.yaxis.ticktext) == ["Tea", theme.label(MARKUP, 22)]
    assert is_described(figure)
