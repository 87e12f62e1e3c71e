"""Charts of the LSH page: what their traces hold is what was given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from recemb_core.figures import theme
from recemb_core.figures.bucket_lines import bucket_lines_figure
from recemb_core.figures.bucket_loads import bucket_loads_figure
from recemb_core.figures.catch_matrix import CAUGHT, catch_id, catch_matrix_figure, parse_catch
from recemb_core.figures.collision_curve import MODE_COLORS, collision_curve_figure
from recemb_core.figures.distance_histogram import distance_histogram_figure
from recemb_core.figures.guess_strip import guess_strip_figure
from recemb_core.figures.index_race import RacePoint, index_race_figure, kd_tree_decay
from recemb_core.figures.layered_walk import Layer, layered_walk_figure
from recemb_core.figures.lsh_heat_map import lsh_heat_map_figure
from recemb_core.figures.lsh_tradeoff import Cells, cell_id, parse_cell, precision_recall, recall_cost, share_text
from recemb_core.figures.plane_search import Plane, plane_buckets_figure, plane_cells_figure
from recemb_core.figures.recall_bars import recall_bars_figure
from recemb_core.neighbors.lsh.curve import CollisionCurve

# Two numbers of functions, three of tables; the setting K = 4, L = 1 has no candidate.
CELLS = Cells(
    functions=[2, 4],
    tables=[1, 2, 8],
    recall=np.array([[0.4, 0.6, 0.95], [0.0, 0.2, 0.5]]),
    precision=np.array([[0.5, 0.3, 0.1], [np.nan, 0.9, 0.7]]),
    cost=np.array([[0.01, 0.03, 0.2], [0.0, 0.002, 0.006]]),
    counts=np.array([[10.0, 30.0, 200.0], [0.0, 2.0, 6.0]]),
)


def trace(figure: go.Figure, uid: str) -> Any:
    (found,) = [t for t in figure.data if t.uid == uid]
    return found


def is_described(figure: go.Figure) -> bool:
    meta = figure.layout.meta
    shared = figure.layout.template.to_plotly_json() == theme.template().to_plotly_json()
    return bool(meta["file_name"] and meta["description"]) and shared


# --- recall, precision, cost ---


def test_a_setting_has_an_id_and_a_place() -> None:
    assert parse_cell(cell_id(8, 16)) == (8, 16)
    assert CELLS.find(4, 8) == (1, 2)
    assert CELLS.find(3, 8) is None
    assert "no candidates at all" in CELLS.hover(1, 0)
    assert "K = 2, L = 8" in CELLS.hover(0, 2)
    assert "precision 0.100" in CELLS.hover(0, 2)


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (1, "100%"), (0.123, "12%"), (0.0314, "3.1%"), (0.000034, "0.0034%")]
)
def test_shares_keep_two_meaningful_digits(share: float, text: str) -> None:
    assert share_text(share) == text


def test_recall_against_cost_holds_every_setting_that_scans() -> None:
    figure = recall_cost(
        CELLS, current=(2, 2), frontier=[(4, 1), (4, 2), (2, 8)], target=0.9, best=(2, 8), others={"probe": (0.1, 0.8)}
    )
    settings = trace(figure, "settings")
    assert [c[0] for c in settings.customdata] == ["2,1", "2,2", "2,8", "4,2", "4,8"]
    assert list(settings.x) == [0.01, 0.03, 0.2, 0.002, 0.006]
    assert list(settings.y) == [0.4, 0.6, 0.95, 0.2, 0.5]
    assert list(trace(figure, "frontier").x) == [0.002, 0.2]  # a setting that scans nothing has no place on a log axis
    assert (list(trace(figure, "best").x), list(trace(figure, "best").y)) == ([0.2], [0.95])
    current = trace(figure, "current")
    assert (list(current.x), list(current.y), current.marker.color) == ([0.03], [0.6], theme.CHOSEN)
    assert (list(trace(figure, "probe").x), list(trace(figure, "probe").y)) == ([0.1], [0.8])
    (line,) = figure.layout.shapes
    assert line.y0 == line.y1 == 0.9
    assert figure.layout.xaxis.type == "log"
    assert is_described(figure)


def test_intervals_are_drawn_at_the_setting_in_use_and_said_on_hover() -> None:
    values = {"recall": CELLS.recall, "precision": CELLS.precision, "cost": CELLS.cost}
    ranges = {name: (0.5 * value, 1.5 * value) for name, value in values.items()}
    cells = replace(CELLS, ranges=ranges)
    figure = recall_cost(cells, current=(2, 2), frontier=[], target=0.9, best=None)
    current = trace(figure, "current")
    assert (current.error_x.array[0], current.error_x.arrayminus[0]) == pytest.approx((0.015, 0.015))
    assert (current.error_y.array[0], current.error_y.arrayminus[0]) == pytest.approx((0.3, 0.3))
    assert "recall 0.600 (0.300 to 0.900)" in cells.hover(0, 1)
    assert f"scanned {share_text(0.03)} ({share_text(0.015)} to {share_text(0.045)})" in cells.hover(0, 1)
    assert "no candidates at all" in cells.hover(1, 0)
    assert " to " not in CELLS.hover(0, 1)
    plain = recall_cost(CELLS, current=(2, 2), frontier=[], target=0.9, best=None)
    assert trace(plain, "current").error_x.array is None


def test_recall_against_cost_without_a_best_or_a_candidate() -> None:
    figure = recall_cost(CELLS, current=(4, 1), frontier=[], target=0.99, best=None)
    assert not [t for t in figure.data if t.uid == "best"]
    assert list(trace(figure, "current").x) == [0.0]
    nothing = Cells(
        functions=[1], tables=[1], recall=np.zeros((1, 1)), precision=np.full((1, 1), np.nan), cost=np.zeros((1, 1)),
        counts=np.zeros((1, 1)),
    )  # fmt: skip
    empty = recall_cost(nothing, current=(1, 1), frontier=[], target=0.9, best=None)
    assert "every bucket holds one" in empty.layout.annotations[0].text


def test_precision_recall_goes_over_tables_and_functions() -> None:
    figure = precision_recall(CELLS, current=(4, 8), mode="AND-then-OR")
    tables, functions = trace(figure, "over L"), trace(figure, "over K")
    assert [c[0] for c in tables.customdata] == ["4,2", "4,8"]
    assert [c[0] for c in functions.customdata] == ["2,8", "4,8"]
    assert list(tables.x) == [0.2, 0.5]
    assert list(tables.y) == [0.9, 0.7]
    assert [a.text for a in figure.layout.annotations] == ["no candidates: L = 1"]
    assert list(trace(figure, "current").y) == [0.7]
    assert is_described(figure)


def test_precision_recall_never_draws_an_empty_setting_as_zero() -> None:
    figure = precision_recall(CELLS, current=(4, 1))
    assert list(trace(figure, "current").x) == []
    assert "no candidates" in figure.layout.meta["description"]
    assert all(np.isfinite(t.y).all() for t in figure.data)


def test_runs_of_empty_settings_are_said_briefly() -> None:
    precision = np.full((6, 1), np.nan)
    precision[3] = 0.5
    cells = Cells(
        functions=[1, 2, 3, 4, 5, 6], tables=[1], recall=np.zeros((6, 1)), precision=precision, cost=np.zeros((6, 1)),
        counts=np.zeros((6, 1)),
    )  # fmt: skip
    assert precision_recall(cells, current=(4, 1)).layout.annotations[0].text == "no candidates: K = 1 to 3, 5 to 6"


@pytest.mark.parametrize("measure", ["recall", "precision", "cost"])
def test_the_heat_map_colors_and_carries_every_setting(measure: str) -> None:
    figure = lsh_heat_map_figure(CELLS, measure=measure, current=(2, 2), targets={0.9: "solid"}, best=(2, 8))
    squares, marks = trace(figure, "squares"), trace(figure, "settings")
    expected = getattr(CELLS, measure)
    shown = np.array(squares.z, dtype=float)
    if measure == "cost":
        assert np.isnan(shown[1, 0])
        np.testing.assert_allclose(10 ** shown[0], expected[0])
    else:
        np.testing.assert_array_equal(shown, expected)
    at = {custom[0]: (x, y) for custom, x, y in zip(marks.customdata, marks.x, marks.y, strict=True)}
    assert at == {"2,1": (0, 0), "2,2": (1, 0), "2,8": (2, 0), "4,1": (0, 1), "4,2": (1, 1), "4,8": (2, 1)}
    assert marks.marker.opacity == 0
    assert (list(trace(figure, "in use").x), list(trace(figure, "in use").y)) == ([1], [0])
    assert (list(trace(figure, "least cost").x), list(trace(figure, "least cost").y)) == ([2], [0])
    assert list(figure.layout.xaxis.ticktext) == ["1", "2", "8"]
    assert is_described(figure)


def test_the_target_line_parts_reached_from_missed() -> None:
    figure = lsh_heat_map_figure(CELLS, measure="recall", current=(2, 2), targets={0.9: "solid"}, best=None)
    line = trace(figure, "target 0.9 2")
    # Only K = 2, L = 8 (column 2, row 0) reaches .9: its left side and its top.
    assert list(line.x) == [1.5, 1.5, None, 1.5, 2.5, None]
    assert list(line.y) == [-0.5, 0.5, None, 0.5, 0.5, None]
    nowhere = lsh_heat_map_figure(CELLS, measure="recall", current=(2, 2), targets={0.99: "dash"}, best=None)
    assert list(trace(nowhere, "target 0.99 2").x) == []


# --- curves and histograms ---


def test_the_collision_curve_shows_theory_and_measurement() -> None:
    distance = np.linspace(0, 2, 5)
    measured = CollisionCurve(
        edges=np.array([[0.4, 0.6], [0.9, 1.1]]),
        expected=np.array([0.75, 0.5]),
        distance=np.array([0.5, 1.0]),
        frequency=np.array([0.8, 0.4]),
        low=np.array([0.7, 0.3]),
        high=np.array([0.85, 0.6]),
        pairs=np.array([100, 50]),
    )
    curves = {"and": 1 - distance / 2, "and_or": np.ones(5)}
    figure = collision_curve_figure(
        distance, 1 - distance / 4, curves, mode="and_or", measured={"and": measured}, bands={"10 nearest": (0.2, 0.4)}
    )
    assert list(trace(figure, "single").y) == list(1 - distance / 4)
    assert trace(figure, "theory and_or").line.width > trace(figure, "theory and").line.width
    points = trace(figure, "measured and")
    assert (list(points.x), list(points.y)) == ([0.5, 1.0], [0.8, 0.4])
    np.testing.assert_allclose(points.error_y.array, [0.05, 0.2])
    np.testing.assert_allclose(points.error_y.arrayminus, [0.1, 0.1])
    assert points.marker.color == MODE_COLORS["and"]
    assert [c[2] for c in points.customdata] == ["100", "50"]
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == (0.2, 0.4)
    assert figure.layout.annotations[0].text == "10 nearest"
    assert is_described(figure)


def test_angles_are_shown_in_degrees() -> None:
    distance = np.array([0.0, np.pi])
    figure = collision_curve_figure(distance, 1 - distance / np.pi, {"or": np.ones(2)}, mode="or", angle=True)
    assert list(trace(figure, "single").x) == [0, 180]
    assert "degrees" in figure.layout.xaxis.title.text
    edges = np.array([0.0, np.pi / 2, np.pi])
    histogram = distance_histogram_figure(edges, np.array([1, 0]), np.array([1, 1]), k=1, angle=True)
    assert list(trace(histogram, "1 nearest").x) == [45, 135]
    assert "degrees" in histogram.layout.xaxis.title.text


def test_the_distance_histogram_draws_the_width_to_scale() -> None:
    edges = np.array([0.0, 0.5, 1.0, 2.0])
    figure = distance_histogram_figure(
        edges, np.array([3, 1, 0]), np.array([10, 30, 60]), k=10, width=1.5, default_width=1.2
    )
    assert list(trace(figure, "10 nearest").y) == [0.75, 0.25, 0]
    assert list(trace(figure, "all pairs").y) == [0.1, 0.3, 0.6]
    assert list(trace(figure, "all pairs").width) == [0.5, 0.5, 1.0]
    assert list(trace(figure, "width").x) == [0, 1.5]
    assert list(trace(figure, "default").x) == [1.2]
    assert figure.layout.annotations[0].text == "bucket width w = 1.5"
    assert figure.layout.xaxis.range[1] == 2.0
    wide = distance_histogram_figure(edges, np.array([3, 1, 0]), np.array([10, 30, 60]), k=10, width=8.0)
    assert wide.layout.xaxis.range[1] > 8
    assert is_described(figure)


def test_candidates_of_a_query_are_counted_once_each() -> None:
    counts = np.array([0, 0, 1, 2, 3, 50, 1748])
    figure = bucket_loads_figure(counts, 1748, name="K = 8, L = 16")
    bars = trace(figure, "queries")
    shown = dict(zip(bars.x, [c[2] for c in bars.customdata], strict=True))
    assert shown["0"] == 2
    assert shown["1"] == 1
    assert shown["2–3"] == 2
    assert shown["31–100"] == 1
    assert shown["1,001–1,748"] == 1
    assert sum(shown.values()) == 7
    assert sum(bars.y) == pytest.approx(1)
    assert bars.marker.color[0] == theme.CHOSEN
    assert is_described(figure)
    assert "No queries" in bucket_loads_figure(np.empty(0, dtype=np.int64), 5, name="").layout.annotations[0].text


# --- looking inside ---


def test_catches_name_item_and_table() -> None:
    assert parse_catch(catch_id("a:b,c", 3)) == ("a:b,c", 3)
    agreeing = np.array([[2, 1], [0, 2], [1, 1]])
    figure = catch_matrix_figure(
        ["a", "b", "c"],
        ["Tea", "Milk & <b>Honey</b>", "Cup"],
        np.array([0.1, 0.2, 0.3]),
        agreeing,
        agreeing == 2,
        np.array([True, True, False]),
        functions=2,
        chosen=("b", 1),
    )
    caught, missed = trace(figure, "caught"), trace(figure, "missed")
    assert [c[0] for c in caught.customdata] == ["0:a", "1:b"]
    assert [c[0] for c in missed.customdata] == ["1:a", "0:b", "0:c", "1:c"]
    assert (list(caught.x), list(caught.y)) == ([1, 2], [0, 1])
    assert caught.marker.color == CAUGHT
    assert list(missed.text) == ["1", "0", "1", "1"]
    assert list(figure.layout.yaxis.ticktext) == ["✓ Tea", "✓ Milk &amp; &lt;b&gt;Honey&lt;/b&gt;", "✗ Cup"]
    assert (list(trace(figure, "chosen").x), list(trace(figure, "chosen").y)) == ([2], [1])
    assert "2 of 3" in figure.layout.meta["description"]
    assert is_described(figure)


def test_bucket_lines_put_the_query_bucket_in_one_place() -> None:
    figure = bucket_lines_figure(np.array([2.3, -0.4]), np.array([2.9, 0.2]), names=("Tea", "Milk & <b>Honey</b>"))
    query, same, other = (trace(figure, uid) for uid in ("query", "same bucket", "another bucket"))
    np.testing.assert_allclose(query.x, [0.3, 0.6])  # −0.4 lies in bucket −1
    np.testing.assert_allclose(same.x, [0.9])
    np.testing.assert_allclose(other.x, [1.2])
    assert (list(same.y), list(other.y)) == ([0], [1])
    strip = figure.layout.shapes[0]
    assert (strip.x0, strip.x1) == (0, 1)
    assert "1 of 2" in figure.layout.meta["description"]
    assert "<b>" not in same.name
    assert is_described(figure)
    sides = bucket_lines_figure(np.array([-2.0, 1.0]), np.array([-0.5, -3.0]), names=("a", "b"), hyperplane=True)
    assert list(trace(sides, "query").x) == [2, 1]
    assert list(trace(sides, "same bucket").x) == [0.5]
    assert list(trace(sides, "another bucket").x) == [-3]


def test_the_guess_hides_what_is_not_revealed() -> None:
    assert [t.name for t in guess_strip_figure(0.5).data] == ["your guess"]
    figure = guess_strip_figure(0.5, theory=0.8, measured=(0.78, 0.75, 0.81))
    assert [t.name for t in figure.data] == ["your guess", "theory", "measured"]
    assert list(figure.layout.yaxis.ticktext) == ["your guess 0.50", "theory 0.80", "measured 0.78"]
    assert not any(t.text for t in figure.data), "numbers on marks that lie over each other cannot be read"
    measured = trace(figure, "measured")
    assert measured.error_x.array[0] == pytest.approx(0.03)
    assert measured.error_x.arrayminus[0] == pytest.approx(0.03)
    assert "measured 0.78" in figure.layout.meta["description"]


# --- the race ---


def test_the_race_joins_the_settings_of_an_index_in_order_of_recall() -> None:
    points = [
        RacePoint(
            family="HNSW", setting="efSearch = 64", recall=0.99, queries_per_second=1e4, slowest=8e3, fastest=1.1e4
        ),
        RacePoint(
            family="HNSW",
            setting="efSearch = 16",
            recall=0.9,
            queries_per_second=5e4,
            slowest=5e4,
            fastest=6e4,
            key="hnsw 16",
        ),
        RacePoint(family="exact scan", setting="flat", recall=1.0, queries_per_second=2e3, slowest=2e3, fastest=2e3),
    ]
    figure = index_race_figure(points, k=10, families=["exact scan", "kd-tree", "HNSW"])
    graph = trace(figure, "HNSW")
    assert list(graph.x) == [0.9, 0.99]
    assert list(graph.y) == [5e4, 1e4]
    assert [c[1:] for c in graph.customdata] == [
        ["efSearch = 16", "50,000 to 60,000"],
        ["efSearch = 64", "8,000 to 11,000"],
    ]
    assert (list(graph.error_y.array), list(graph.error_y.arrayminus)) == ([1e4, 1e3], [0, 2e3])
    assert graph.line.color == theme.PALETTE[2], "colors hold still while results arrive"
    assert list(trace(figure, "kd-tree").x) == []
    assert figure.layout.yaxis.type == "log"
    assert "exact scan" not in figure.layout.meta["description"]
    assert is_described(figure)
    assert "Nothing measured" in index_race_figure([], k=10).layout.annotations[0].text


def test_bars_say_recall_and_time() -> None:
    figure = recall_bars_figure(
        ["plain", "added & exact"],
        np.array([0.25, 1.0]),
        np.array([[0.235, 0.27], [np.nan, np.nan]]),
        np.array([5.0, 1234.5]),
        k=10,
    )
    bars = trace(figure, "recall")
    assert list(bars.x) == [0.25, 1.0]
    assert list(bars.error_x.array) == pytest.approx([0.02, 0.0])
    assert list(bars.error_x.arrayminus) == pytest.approx([0.015, 0.0])
    assert [c[1:] for c in bars.customdata] == [["plain", "5.0"], ["added &amp; exact", "1,234.5"]]
    assert [a.text.strip() for a in figure.layout.annotations] == ["0.250", "1.000"]
    assert list(figure.layout.yaxis.ticktext) == ["plain", "added &amp; exact"]
    assert is_described(figure)


def test_the_decay_marks_the_chosen_number_of_dimensions() -> None:
    dimensions = np.array([2, 8, 32])
    figure = kd_tree_decay(
        dimensions,
        {
            "kd-tree": np.array([[5.0, 30.0, 400.0], [4.0, 30.0, 300.0], [6.0, 33.0, 600.0]]),
            "exact scan": np.array([[20.0, 22.0, 30.0]] * 3),
        },
        current=8,
    )
    tree = trace(figure, "kd-tree")
    assert list(tree.y) == [5, 30, 400]
    assert (list(tree.error_y.array), list(tree.error_y.arrayminus)) == ([1, 3, 200], [1, 0, 100])
    assert tree.customdata[2][1] == "300.0 to 600.0"
    assert (list(trace(figure, "chosen").x), list(trace(figure, "chosen").y)) == ([8, 8], [30, 22])
    assert list(figure.layout.xaxis.ticktext) == ["2", "8", "32"]
    assert not list(kd_tree_decay(dimensions, {}, current=5).data)


def test_a_layered_walk_stands_above_the_plane_it_goes_down_to() -> None:
    points = np.random.default_rng(0).uniform(-2, 2, size=(6, 2))
    rows = np.arange(6, dtype=np.int32)
    none, two = np.zeros((0, 2), dtype=np.int32), np.array([1, 2], np.int32)
    lowest = Layer(rows, np.array([[0, 1], [1, 2]], np.int32), two, np.array([[0, 1]], np.int32), 0)
    top = Layer(rows[:2], none, np.array([1], np.int32), np.array([[1, 0]], np.int32), 1)
    figure = layered_walk_figure(points, [lowest, top], query=3, near=[1, 2], reach=(4.0, 3.0))
    by = {trace.uid: trace for trace in figure.data}
    assert min(by["plane 1"].y) > max(by["plane 0"].y)
    assert by["down 0"].x[0] == pytest.approx(by["down 0"].x[1], abs=3)
    assert [c[0] for c in by["distance worked out 0"].customdata] == ["0", "1", "2"]
    assert [c[0] for c in by["the query 0"].customdata] == ["3"]
    assert "the query 1" not in by
    assert len(by["nearest"].x) == 2
    assert "3 distances" in figure.layout.meta["description"]


def test_buckets_and_cells_lie_on_the_same_plane() -> None:
    points = np.random.default_rng(0).uniform(-2, 2, size=(6, 2))
    plane = Plane(points, 0, (1, 2), np.array([True, True, False, False, True, False]), (4.0, 3.0))
    buckets = plane_buckets_figure(plane, np.arange(12).reshape(3, 4))
    shade = buckets.data[0]
    assert (min(shade.x), max(shade.x)) == (-3.0, 3.0)
    assert (min(shade.y), max(shade.y)) == (-2.0, 2.0)
    corners = [(np.array([-2.0, -2.0]), np.array([0.0, 2.0])), (np.array([0.0, -2.0]), np.array([2.0, 2.0]))]
    cells = plane_cells_figure(plane, corners, 1)
    assert [shape.type for shape in cells.layout.shapes] == ["rect", "rect", "circle"]
    assert [note.text for note in cells.layout.annotations] == ["1"]
    for figure in (buckets, cells):
        looked = next(trace for trace in figure.data if trace.uid in ("candidate", "in a cell visited"))
        assert [c[0] for c in looked.customdata] == ["1", "4"]
