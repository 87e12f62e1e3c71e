"""The charts of the recall views, read from their traces."""

from __future__ import annotations

import numpy as np
import pytest

from recemb_core.evaluation.intervals import Estimate, wilson_interval
from recemb_core.experiments.recall_indexes import IndexPoint
from recemb_core.figures.index_cost import index_cost_figure
from recemb_core.figures.item_map import item_map_figure
from recemb_core.figures.model_intervals import model_intervals_figure
from recemb_core.figures.user_on_map import USER, user_on_map_figure


def test_a_row_a_model_with_its_interval_and_the_floor_as_a_line() -> None:
    values = {"Floor": [wilson_interval(40, 100)] * 2, "A & <b>": [wilson_interval(60, 100), wilson_interval(70, 100)]}
    figure = model_intervals_figure(values, ["HR@10", "HR@50"], floor="Floor", x_title="HR@K")
    dots = [t for t in figure.data if t.mode == "markers"]
    assert [t.name for t in dots] == ["HR@10", "HR@50"]
    assert list(dots[0].x) == [0.6, 0.4]  # the first model on top
    low = np.array(dots[0].x) - np.array(dots[0].error_x.arrayminus)
    assert low[0] == pytest.approx(values["A & <b>"][0].low)
    lines = [t for t in figure.data if t.mode == "lines"]
    assert [set(t.x) for t in lines] == [{0.4}, {0.4}]
    assert figure.layout.yaxis.ticktext[0].replace("<br>", " ") == "A &amp; &lt;b&gt;"
    assert "HR@K" in figure.layout.meta["description"]


def point(index: str, hit: float, microseconds: float, scanned: float | None) -> IndexPoint:
    hits, found = Estimate(hit, hit - 0.05, hit + 0.05, 100), Estimate(1, 1, 1, 100)
    return IndexPoint(index, "a setting", hits, found, microseconds, scanned, 0.01)


def test_each_index_is_a_line_over_time() -> None:
    points = [point("Exact", 0.6, 50, 1.0), point("LSH", 0.3, 5, 0.1), point("LSH", 0.5, 20, 0.4)]
    points += [point("HNSW", 0.6, 30, None)]
    figure = index_cost_figure(points, n=10, model="Two-tower")
    assert [t.name for t in figure.data] == ["Exact", "LSH", "HNSW"]
    assert list(figure.data[1].x) == [5, 20]
    assert list(figure.data[1].y) == [0.3, 0.5]
    assert figure.data[2].customdata[0][2] == "not told"
    assert figure.layout.xaxis.type == "log"
    band, line = figure.layout.shapes
    assert (band.y0, band.y1, line.y0) == (pytest.approx(0.55), pytest.approx(0.65), 0.6)
    assert "HR@10" in figure.layout.yaxis.title.text


def test_no_points_say_so() -> None:
    assert index_cost_figure([], n=10, model="x").layout.annotations[0].text == "No index was measured yet."


def test_the_user_stands_on_the_item_map() -> None:
    positions, ids = np.array([[0, 0], [1, 1], [2, 0]]), ["a", "b", "c"]
    figure = user_on_map_figure(
        positions, ids, ["A", "B", "C"], user=(0.5, 0.25), history=["a", "a", "zz"], recommended=["c"]
    )
    plain = item_map_figure(positions, ids, ["A", "B", "C"], highlighted=["c"])
    assert len(figure.data) == len(plain.data) + 2
    history, user = figure.data[-2:]
    assert (list(history.x), list(history.y)) == ([0.0], [0.0])  # once, and no unknown item
    assert history.customdata is None  # clicks go to the items underneath
    assert (list(user.x), list(user.y)) == ([0.5], [0.25])
    assert user.customdata[0][0] == USER
    ring = next(t for t in figure.data if t.name == "recommended")
    assert list(ring.x) == [2.0]
