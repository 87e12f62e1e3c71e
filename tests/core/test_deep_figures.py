"""Charts of the deep part: what their traces hold is what was given."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from recemb_core.figures import theme
from recemb_core.figures.learning_curves import Curve, learning_curves_figure
from recemb_core.figures.lookup import lookup_figure
from recemb_core.figures.network_diagram import Box, network_diagram_figure
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure

MARKUP = "Salt & <b>Vinegar</b>"


def is_described(figure: go.Figure) -> bool:
    meta = figure.layout.meta
    shared = figure.layout.template.to_plotly_json() == theme.template().to_plotly_json()
    return bool(meta["file_name"] and meta["description"]) and shared


def test_lookup_shows_places_and_rows() -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    figure = lookup_figure(
        ["item", "brand", "size"], [MARKUP, "Own", None], [10, 2, 4], [0, 1, 0], rows, title="Lookup"
    )
    points, heat = figure.data
    assert list(points.x) == [0.05, 0.75]  # the middle of each place; nothing for the field that is not known
    assert list(points.y) == [0, 1]
    assert list(points.text) == ["1", "2"]
    np.testing.assert_array_equal(heat.z, rows)
    assert heat.zmax == -heat.zmin == 5
    assert "&lt;b&gt;" in figure.layout.yaxis.ticktext[0]
    assert "not known" in figure.layout.yaxis.ticktext[2]
    assert heat.texttemplate == "%{z:.2f}"
    assert is_described(figure)


def test_many_numbers_are_not_written_into_cells() -> None:
    figure = lookup_figure(["a"], ["b"], [3], [1], np.zeros((1, 32), dtype=np.float32), title="Lookup")
    assert figure.data[1].texttemplate is None


def test_diagram_draws_each_box_and_arrow() -> None:
    boxes = [
        Box("One-hots", "3 fields", "input", 0),
        Box("Embedding layer", MARKUP, "embedding", 1, 0.0, 0.6, (0,)),
        Box("Wide", "", "layer", 1, 0.7, 1.0, (0,)),
        Box("P(taken)", "", "answer", 2, 0.0, 1.0, (1, 2)),
    ]
    figure = network_diagram_figure(boxes, title="Net")
    assert len(figure.layout.shapes) == 4
    arrows = [a for a in figure.layout.annotations if a.showarrow]
    assert len(arrows) == 4
    texts = [a.text for a in figure.layout.annotations if not a.showarrow]
    assert any("&lt;b&gt;" in text for text in texts)
    colors = {shape.fillcolor for shape in figure.layout.shapes}
    assert theme.PALETTE[0] in colors
    assert is_described(figure)


def test_learning_curves_hold_mean_and_band() -> None:
    x = np.array([0.0, 1.0])
    curves = [
        Curve("Random", x, np.array([0.6, 0.5]), np.array([0.5, 0.4]), np.array([0.7, 0.6]), 3),
        Curve("FM", x, np.array([0.5, 0.4]), np.array([0.5, 0.4]), np.array([0.5, 0.4]), 1),
    ]
    figure = learning_curves_figure(curves, x_title="epochs", y_title="loss", target=0.45, target_title="random's best")
    band, random, fm = figure.data
    assert list(band.y) == [0.7, 0.6, 0.4, 0.5]
    assert list(band.x) == [0, 1, 1, 0]
    assert list(random.y) == [0.6, 0.5]
    assert fm.name == "FM"
    assert len({random.line.color, fm.line.color}) == 2
    assert figure.layout.shapes[0].y0 == 0.45
    assert is_described(figure)
    assert "No learning curve" in learning_curves_figure([], x_title="", y_title="").layout.annotations[0].text


def test_score_intervals_hold_value_and_whisker() -> None:
    figure = score_intervals_figure(
        [ScoreLine("FM", 0.7, 0.65, 0.8), ScoreLine("Popularity", 0.55, 0.5, 0.6)], x_title="AUC", chance=0.5
    )
    (points,) = figure.data
    assert list(points.x) == [0.7, 0.55]
    np.testing.assert_allclose(points.error_x.array, [0.1, 0.05])
    np.testing.assert_allclose(points.error_x.arrayminus, [0.05, 0.05])
    assert figure.layout.shapes[0].x0 == 0.5
    assert is_described(figure)
