"""Charts of distributions and graphs: what their traces hold is what was given."""

from __future__ import annotations

from math import log10

import numpy as np
import plotly.graph_objects as go
import pytest

from recemb_core.figures import theme
from recemb_core.figures.ego_graph import ego_graph_figure
from recemb_core.figures.graph_map import IN_COLOR, OUT_COLOR, graph_map_figure
from recemb_core.figures.pair_paths import Beside, pair_paths_figure
from recemb_core.figures.popularity import popularity_figure
from recemb_core.figures.session_gaps import duration, session_gaps_figure
from recemb_core.figures.session_lengths import LONGEST_BAR, session_lengths_figure
from recemb_core.figures.survival_curve import survival_curve_figure
from recemb_core.summaries import Histogram, log_histogram, survival

MARKUP = "Salt & <b>Vinegar</b>"
ESCAPED = "Salt &amp; &lt;b&gt;Vinegar&lt;/b&gt;"
TITLES = ["Tea", "Milk", MARKUP, "Cup", "Spoon"]
IDS = ["t", "m", "s", "c", "p"]
POSITIONS = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [3, 2]], dtype=np.float32)


def named(figure: go.Figure, name: str) -> go.Scatter:
    (trace,) = [trace for trace in figure.data if trace.name == name]
    return trace


def segments(trace: go.Scatter) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The lines of a trace drawn as x₀ x₁ gap x₀ x₁ gap …"""
    points = np.column_stack([trace.x, trace.y]).reshape(-1, 3, 2)
    assert np.isnan(points[:, 2]).all()
    return [(tuple(start), tuple(end)) for start, end in points[:, :2].tolist()]


def is_described(figure: go.Figure) -> bool:
    """Every chart has a name for saved files and a sentence for screen readers, and shares one template."""
    meta = figure.layout.meta
    shared = figure.layout.template.to_plotly_json() == theme.template().to_plotly_json()
    return bool(meta["file_name"] and meta["description"]) and shared


# --- distributions ---


def test_session_lengths_counts_sequences() -> None:
    figure = session_lengths_figure(np.array([1, 2, 2, 4]), unit="sessions")
    (bars,) = figure.data
    assert list(bars.x) == [1, 2, 3, 4]
    assert list(bars.y) == [1, 2, 0, 1]
    assert list(bars.customdata) == ["1", "2", "3", "4"]
    assert "sessions" in bars.hovertemplate
    assert figure.layout.xaxis.title.text == "items in one of the sessions"
    assert is_described(figure)


def test_session_lengths_gathers_the_long_ones_in_the_last_bar() -> None:
    figure = session_lengths_figure(np.array([3, LONGEST_BAR, LONGEST_BAR + 1, 999]))
    (bars,) = figure.data
    assert bars.x[-1] == LONGEST_BAR
    assert bars.y[-1] == 3
    assert bars.customdata[-1] == f"{LONGEST_BAR}+"
    assert sum(bars.y) == 4
    assert "that or more" in figure.layout.xaxis.title.text


def test_popularity_ranks_items_and_marks_the_chosen_one() -> None:
    figure = popularity_figure(np.array([5, 90, 20, 20, 1]), TITLES, chosen=3, unit="baskets")
    curve, mark = named(figure, "items"), named(figure, "chosen item")
    assert list(curve.x) == [1, 2, 3, 4, 5]
    assert list(curve.y) == [90, 20, 20, 5, 1]
    # Ties in row order; names are shown as written.
    assert list(curve.customdata) == ["Milk", ESCAPED, "Cup", "Tea", "Spoon"]
    assert (list(mark.x), list(mark.y), list(mark.text)) == ([3], [20], ["Cup"])
    assert mark.marker.color == theme.CHOSEN
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    assert figure.layout.yaxis.title.text == "baskets"
    assert is_described(figure)
    assert [t.name for t in popularity_figure(np.array([1, 2]), TITLES[:2]).data] == ["items"]


def test_popularity_of_a_large_catalogue_is_drawn_at_equal_steps_of_the_logarithm() -> None:
    counts = np.arange(500, 0, -1) ** 2
    names = [f"thing {row}" for row in range(500)]
    curve = named(popularity_figure(counts, names, chosen=77, most=50), "items")
    assert 30 < len(curve.x) <= 50
    assert (curve.x[0], curve.x[-1]) == (1, 500)
    assert np.array_equal(curve.y, counts[np.array(curve.x) - 1])
    assert list(curve.customdata) == [names[rank - 1] for rank in curve.x]
    steps = np.diff(np.log(curve.x))
    assert steps[-20:].max() < 2 * steps[-20:].min()


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        (session_lengths_figure(np.array([], dtype=np.int64)), "No sequences to draw yet."),
        (popularity_figure(np.array([]), []), "No items to draw yet."),
    ],
)
def test_an_empty_chart_says_why(figure: go.Figure, sentence: str) -> None:
    assert len(figure.data) == 0
    assert [a.text for a in figure.layout.annotations] == [sentence]
    assert is_described(figure)


def test_session_gaps_colors_what_is_cut() -> None:
    histogram = Histogram(np.array([1.0, 10.0, 100.0, 1000.0]), np.array([7, 0, 3]))
    figure = session_gaps_figure(histogram, cut_minutes=60)
    (bars,) = figure.data
    np.testing.assert_allclose(bars.x, [10**0.5, 10**1.5, 10**2.5])
    assert list(bars.y) == [7, 0, 3]
    assert list(bars.width) == [9, 90, 900]
    within, beyond = theme.PALETTE[0], theme.PALETTE[1]
    assert list(bars.marker.color) == [within, within, beyond]
    (line,) = figure.layout.shapes
    assert (line.x0, line.x1) == (60, 60)
    (label,) = figure.layout.annotations
    # Plotly places shapes on a logarithmic axis by value, annotations by exponent.
    assert label.x == pytest.approx(log10(60))
    assert label.text.strip() == "cut at 1 h"
    assert list(figure.layout.xaxis.ticktext) == ["1 min", "10 min", "1 h", "6 h", "1 day"]
    assert is_described(figure)


def test_session_gaps_without_a_cut() -> None:
    figure = session_gaps_figure(log_histogram([]))
    assert len(figure.layout.shapes) == len(figure.layout.annotations) == 0
    assert set(figure.data[0].marker.color) == {theme.PALETTE[0]}


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0.5, "30 s"),
        (1, "1 min"),
        (59, "59 min"),
        (90, "1.5 h"),
        (1440, "1 day"),
        (1500, "1.04 days"),
        (2880, "2 days"),
    ],
)
def test_durations_in_words(minutes: float, words: str) -> None:
    assert duration(minutes) == words


def test_survival_curves_one_a_name() -> None:
    curves = {"items": survival([1, 1, 2, 4]), "edges": survival([0, 3, 3, 9])}
    figure = survival_curve_figure(curves, x_title="events of an item", of="items")
    items, edges = figure.data
    assert (list(items.x), list(items.y)) == ([1, 2, 4], [1, 0.5, 0.25])
    # A logarithmic axis has no place for 0; the shares still count the zeros.
    assert (list(edges.x), list(edges.y)) == ([3, 9], [0.75, 0.25])
    assert [items.line.color, edges.line.color] == list(theme.PALETTE[:2])
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    assert figure.layout.showlegend
    assert not survival_curve_figure({"items": curves["items"]}, x_title="x", of="items").layout.showlegend
    assert figure.layout.xaxis.title.text == "events of an item"
    assert is_described(figure)


# --- graphs ---

EDGES = (np.array([0, 1, 2]), np.array([1, 2, 0]))


def test_graph_map_draws_edges_under_the_items() -> None:
    figure = graph_map_figure(POSITIONS, EDGES, ids=IDS, titles=TITLES)
    assert [trace.name for trace in figure.data] == ["edges", "items"]
    assert segments(figure.data[0]) == [((0, 0), (1, 0)), ((1, 0), (1, 1)), ((1, 1), (0, 0))]
    assert figure.data[0].line.color == theme.OTHER
    assert figure.data[0].hoverinfo == "skip"
    assert [row[0] for row in figure.data[1].customdata] == IDS
    assert figure.layout.xaxis.visible is figure.layout.yaxis.visible is False
    assert is_described(figure)


def test_graph_map_lights_up_the_chosen_items_edges() -> None:
    figure = graph_map_figure(
        POSITIONS,
        EDGES,
        out_rows=np.array([1]),
        in_rows=np.array([2, 3]),
        chosen_row=0,
        directed=True,
        ids=IDS,
        titles=TITLES,
        chosen="t",
    )
    assert [trace.name for trace in figure.data] == ["edges", "edges out of it", "edges into it", "items", "Tea"]
    out, into = named(figure, "edges out of it"), named(figure, "edges into it")
    assert segments(out) == [((0, 0), (1, 0))]
    assert segments(into) == [((0, 0), (1, 1)), ((0, 0), (0, 1))]
    assert (out.line.color, into.line.color) == (OUT_COLOR, IN_COLOR)
    assert out.showlegend
    assert into.showlegend
    uids = [trace.uid for trace in figure.data]
    assert len(set(uids)) == len(uids)


def test_graph_map_of_an_undirected_graph_has_one_kind_of_edge() -> None:
    rows = np.array([1, 2])
    figure = graph_map_figure(POSITIONS, EDGES, out_rows=rows, in_rows=rows, chosen_row=0, ids=IDS)
    assert [trace.name for trace in figure.data] == ["edges", "its edges", "items"]
    alone = graph_map_figure(
        POSITIONS, EDGES, out_rows=rows[:0], in_rows=rows[:0], chosen_row=4, directed=True, ids=IDS
    )
    assert [trace.name for trace in alone.data] == ["edges", "items"]


def test_ego_graph_has_edges_in_on_the_left_and_out_on_the_right() -> None:
    out = (np.array([1, 2], np.int32), np.array([4.0, 1.0], np.float32))
    into = (np.array([3], np.int32), np.array([8.0], np.float32))
    figure = ego_graph_figure(0, TITLES, IDS, out, into, unit="purchases")
    right, left, middle = (named(figure, n) for n in ("edges out of it", "edges into it", "chosen item"))
    assert (list(right.x), list(right.y), list(left.x), list(left.y)) == ([1, 1], [1, -1], [-1], [0])
    assert list(right.text) == ["Milk · 4", f"{ESCAPED} · 1"]
    assert [list(row) for row in right.customdata] == [["m", "Milk", "4"], ["s", ESCAPED, "1"]]
    assert [list(row) for row in left.customdata] == [["c", "Cup", "8"]]
    assert "purchases" in right.hovertemplate
    assert (right.marker.color, left.marker.color, middle.marker.color) == (OUT_COLOR, IN_COLOR, theme.CHOSEN)
    assert middle.customdata[0][0] == "t"
    # The heaviest edge of both sides is the thickest line, and width grows with weight.
    widths = {trace.x[1]: [] for trace in figure.data if trace.mode == "lines"}
    for trace in figure.data:
        if trace.mode == "lines":
            widths[trace.x[1]].append(trace.line.width)
    np.testing.assert_allclose(widths[1.0], [0.6 + 6 * 4 / 8, 0.6 + 6 * 1 / 8])
    np.testing.assert_allclose(widths[-1.0], [6.6])
    assert {a.text for a in figure.layout.annotations} == {
        "<b>edges into it</b>",
        "<b>edges out of it</b>",
        "<b>Tea</b>",
    }
    assert is_described(figure)


def test_ego_graph_of_an_undirected_graph_and_of_an_item_without_edges() -> None:
    nothing = (np.array([], np.int32), np.array([], np.float32))
    figure = ego_graph_figure(2, TITLES, IDS, nothing, None, unit="")
    assert [trace.name for trace in figure.data] == ["its heaviest edges", "chosen item"]
    assert len(named(figure, "its heaviest edges").x) == 0
    assert f"<b>{ESCAPED}</b>" in {a.text for a in figure.layout.annotations}


KINDS = [np.float32, np.float64, np.int64, np.uint8, np.bool_, object]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(0,), (5,), (3, 2)])
@pytest.mark.parametrize("checks", [True, False])
def test_json_is_plotlys_own(kind: type, shape: tuple[int, ...], checks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not checks:
        monkeypatch.delenv("RECEMB_CHECK_FIGURES", raising=False)
    values = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    traces = [theme.marks((values, values[::-1]), None, 3, customdata=values), theme.bars((values, [1, 2.5]), "red")]
    figure = theme.chart(traces, file_name="kinds", description="Of arrays.", x="x")
    figure.add_trace(go.Scatter(x=values, y=[None, 1], name="later"))
    figure.update_traces(opacity=0.5)
    assert figure.to_json() == go.Figure.to_json(figure)


def test_a_changed_figure_leaves_what_it_was_made_of_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECEMB_CHECK_FIGURES", raising=False)
    kept = dict(theme.DOTTED)
    traces = [theme.lines(([0, 1], [0, 1]), None, 1, line=theme.DOTTED, name="a")]
    figure = theme.chart(traces, file_name="a", description="A line.")
    figure.data[0].line.width = 9
    figure.update_traces(name="b")
    assert figure.data[0].line.width == 9
    assert kept == theme.DOTTED
    assert traces[0]["name"] == "a"


# --- two items and the ways between them ---


def test_ways_between_two_are_as_thick_as_they_are_used() -> None:
    figure = pair_paths_figure((0, 1), TITLES, IDS, [Beside(2, 10), Beside(3)], ([4], []), direct=40, joined=True)
    lines = {tuple(trace.x): trace.line for trace in figure.data if trace.mode == "lines"}
    assert lines[-1, 1].width == 10
    assert lines[-1, 1].dash is None
    bent = [trace for trace in figure.data if trace.mode == "lines" and len(trace.x) == 3]
    assert [(trace.y[1], trace.line.width, trace.line.dash) for trace in bent] == [(1, 3.25, None), (-1, 1, "dot")]
    marks = [trace for trace in figure.data if trace.customdata]
    points = {one[0]: at for trace in marks for one, *at in zip(trace.customdata, trace.x, trace.y, strict=True)}
    assert points["t"][0] == -points["m"][0] < 0
    assert points["p"][0] < points["t"][0], "what is joined to the first alone stands on its side"
    assert {points["s"][0], points["c"][0]} == {0}
    named_points = [text for trace in figure.data for text in trace.text or ()]
    assert f"{ESCAPED} · 10" in named_points
    assert "one step · 40" in figure.layout.annotations[0].text
    assert "one step apart 40 times" in figure.layout.meta["description"]
    assert is_described(figure)


def test_two_that_no_walk_brings_together_say_so() -> None:
    figure = pair_paths_figure((0, 1), TITLES, IDS, [], ([], [2]), direct=0, joined=False)
    assert not figure.layout.annotations
    assert "through no other item" in figure.layout.meta["description"]
    joined = pair_paths_figure((0, 1), TITLES, IDS, [], ([], []), direct=0, joined=True)
    assert joined.layout.annotations[0].text == "joined, never one step apart"
