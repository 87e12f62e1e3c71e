"""The map's traces: who is drawn, in which color, shape and order, and which names fit."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from recemb_core.figures import theme
from recemb_core.figures.item_map import LABEL_HEIGHT, NOMINAL_PLOT, item_map_figure


def grid(n: int) -> np.ndarray:
    side = int(np.ceil(np.sqrt(n)))
    return np.array([(i % side, i // side) for i in range(n)], dtype=np.float32)


def ids(n: int) -> list[str]:
    return [f"i{k}" for k in range(n)]


def items_of(trace: go.Scatter) -> list[str]:
    return [] if trace.customdata is None else [row[0] for row in trace.customdata]


def names_on(figure: go.Figure) -> list[go.layout.Annotation]:
    """Without the words about the axes in the corner."""
    return [note for note in figure.layout.annotations if note.name != "axes"]


def by_name(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data}


def test_every_item_is_drawn_once_with_its_own_place_and_color() -> None:
    labels = ["tea", "milk", "tea", "bread", "tea"]
    figure = item_map_figure(grid(5), ids(5), color_by=labels)
    drawn = {row[0]: (x, y) for t in figure.data for row, x, y in zip(t.customdata, t.x, t.y, strict=True)}
    assert drawn == {f"i{k}": tuple(grid(5)[k]) for k in range(5)}
    assert items_of(by_name(figure)["tea"]) == ["i0", "i2", "i4"]
    assert [t.name for t in figure.data] == ["tea", "bread", "milk"], "largest first, ties by name"
    assert [t.marker.color for t in figure.data] == list(theme.GROUPS[:3])


def test_the_seventeenth_group_and_later_share_one_grey_underneath() -> None:
    labels = [f"g{k:02d}" for k in range(19) for _ in range(20 - k)]
    n = len(labels)
    figure = item_map_figure(grid(n), ids(n), color_by=labels)
    assert figure.data[0].name == "other (3 groups)"
    assert figure.data[0].marker.color == theme.OTHER
    assert len(figure.data) == 17
    assert len({t.marker.color for t in figure.data}) == 17


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  "])
def test_missing_labels_are_grey_and_say_so(missing: object) -> None:
    figure = item_map_figure(grid(3), ids(3), color_by=np.array(["tea", missing, "tea"], dtype=object))
    assert by_name(figure)["no label"].marker.color == theme.OTHER
    assert items_of(by_name(figure)["no label"]) == ["i1"]


def test_numbers_get_a_scale_and_missing_ones_grey() -> None:
    figure = item_map_figure(grid(3), ids(3), color_by=np.array([1.0, np.nan, 3.0]), color_title="Price")
    values = by_name(figure)["Price"]
    assert list(values.marker.color) == [1.0, 3.0]
    assert values.marker.showscale
    assert values.marker.colorbar.title.text == "Price"
    assert items_of(by_name(figure)["no value"]) == ["i1"]


def test_booleans_are_two_groups() -> None:
    figure = item_map_figure(grid(3), ids(3), color_by=np.array([True, False, True]))
    assert [t.name for t in figure.data] == ["True", "False"]


def test_the_chosen_item_lies_on_top_in_its_own_color_with_its_name() -> None:
    figure = item_map_figure(
        grid(6), ids(6), list("ABCDEF"), color_by=list("xxyyzz"), chosen="i4", highlighted=["i1", "i4"]
    )
    assert figure.data[-1].name == "E"
    assert items_of(figure.data[-1]) == ["i4"]
    assert figure.data[-1].marker.color == theme.CHOSEN
    assert items_of(figure.data[-2]) == ["i1"], "the chosen one is not its own neighbor"
    assert theme.CHOSEN not in theme.PALETTE
    assert [(a.name, a.text, a.font.color) for a in names_on(figure)] == [("item:i4", "<b>E</b>", theme.CHOSEN)]
    assert items_of(by_name(figure)["z"]) == ["i4", "i5"], "and keeps the color of its group underneath"


def test_ids_that_are_not_on_the_map_are_ignored() -> None:
    figure = item_map_figure(grid(2), ids(2), chosen="gone", highlighted=["gone"], labels=["gone"])
    assert len(figure.data) == 1
    assert not names_on(figure)


def test_hover_shows_names_and_groups_never_row_numbers() -> None:
    figure = item_map_figure(grid(2), ids(2), ["Tea & <milk>", "Bread"], color_by=["a<b", "c"], color_title="Group")
    first = next(t for t in figure.data if "i0" in items_of(t))
    assert first.customdata[0][1] == "Tea &amp; &lt;milk&gt;"
    assert first.customdata[0][2] == "<br>Group: a&lt;b"
    assert first.hovertemplate == "<b>%{customdata[1]}</b>%{customdata[2]}<extra></extra>"


def test_long_names_wrap_in_hover_and_are_cut_in_labels() -> None:
    name = "word " * 30
    figure = item_map_figure(grid(2), ids(2), [name, "b"], labels=["i0"])
    assert "<br>" in figure.data[0].customdata[0][1]
    assert figure.layout.annotations[0].text.endswith("…")


@pytest.mark.parametrize("room", [NOMINAL_PLOT, (440.0, 290.0), (300.0, 200.0)])
def test_names_on_the_map_do_not_overlap_and_the_first_is_always_there(room: tuple[float, float]) -> None:
    rng = np.random.default_rng(0)
    n = 400
    points = rng.normal(size=(n, 2))
    names = [f"a name of some length {k}" for k in range(n)]
    figure = item_map_figure(points, ids(n), names, chosen="i7", labels=ids(n)[:120], room=room)
    notes = names_on(figure)
    assert notes[0].name == "item:i7"
    assert 5 < len(notes) < 120
    scale = min(room / np.ptp(points, axis=0))
    boxes = []
    for note in notes:
        width = 6.6 * len(note.text.removeprefix("<b>").removesuffix("</b>"))
        left = note.x * scale + {"left": 0, "right": -width, "center": -width / 2}[note.xanchor] + note.xshift
        low = note.y * scale + {"bottom": 0, "top": -1, "middle": -0.5}[note.yanchor] * LABEL_HEIGHT + note.yshift
        boxes.append((left, low, left + width, low + LABEL_HEIGHT))
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            overlap_x, overlap_y = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            assert min(overlap_x, overlap_y) < 5, f"{a} and {b}"


def test_sizes_grow_with_the_root_of_the_value() -> None:
    figure = item_map_figure(grid(3), ids(3), size=[0, 1, 4])
    small, middle, large = figure.data[0].marker.size
    assert large - small == pytest.approx(2 * (middle - small), abs=0.2)
    assert small > 0


def test_shapes_follow_roles_and_have_their_own_legend() -> None:
    roles = ["hub", "member", "bridge", "member"]
    figure = item_map_figure(grid(4), ids(4), color_by=list("aabb"), symbol_by=roles, symbol_title="Role", chosen="i0")
    shapes = {item: s for t in figure.data[:2] for item, s in zip(items_of(t), t.marker.symbol, strict=True)}
    assert shapes == {"i0": "star", "i1": "circle", "i2": "diamond", "i3": "circle"}
    keys = [t for t in figure.data if t.legendgroup == "symbols"]
    names = ["Role: bridge", "Role: hub", "Role: member"]
    assert [(t.name, t.marker.symbol) for t in keys] == list(zip(names, ["diamond", "star", "circle"], strict=True))
    assert figure.data[0].customdata[0][2] == "<br>a<br>Role: hub"


@pytest.mark.parametrize("n", [4, 3_000])
def test_no_map_needs_webgl(n: int) -> None:
    """The app's policy forbids what Plotly's WebGL compiles its drawing with, and many a browser has no WebGL."""
    assert {t.type for t in item_map_figure(grid(n), ids(n), chosen="i0").data} == {"scatter"}


def test_axes_have_equal_scale_and_no_numbers() -> None:
    layout = item_map_figure(grid(4), ids(4)).layout
    assert layout.yaxis.scaleanchor == "x"
    assert not layout.xaxis.showticklabels
    assert [note.text for note in layout.annotations] == ["UMAP; axes have no unit"]


def test_no_items_and_one_item() -> None:
    empty = item_map_figure(np.empty((0, 2)), [], [])
    assert len(empty.data) == 0
    assert empty.layout.annotations[0].text == "No items to draw yet."
    one = item_map_figure([[3.0, 4.0]], ["a"], ["Tea"], color_by=["x"], chosen="a", labels=["a"])
    assert [t.name for t in one.data] == ["x", "Tea"]


def test_identical_places_are_drawn() -> None:
    figure = item_map_figure(np.zeros((5, 2)), ids(5), labels=ids(5), chosen="i2")
    assert len(figure.data[0].x) == 5
    assert figure.layout.annotations[0].name == "item:i2"


def test_description_and_file_name_for_the_page() -> None:
    meta = item_map_figure(
        grid(3), ids(3), list("ABC"), title="Groceries: p = 1", color_title="Aisle", chosen="i1"
    ).layout.meta
    assert meta["file_name"] == "groceries-p-1"
    assert meta["description"].startswith("Groceries: p = 1: 3 items as points")
    assert meta["description"].endswith("chosen item: B.")


@pytest.mark.parametrize("argument", ["titles", "color_by", "symbol_by", "size"])
def test_wrong_lengths_are_named(argument: str) -> None:
    with pytest.raises(ValueError, match=f"{argument} has 2 values; the map has 3 items"):
        item_map_figure(grid(3), ids(3), **{argument: [1, 2]})


def test_wrong_shape_is_named() -> None:
    with pytest.raises(ValueError, match=r"positions has shape \(3, 3\); 3 ids need \(3, 2\)"):
        item_map_figure(np.zeros((3, 3)), ids(3))


def test_group_colors_are_stable_and_at_most_sixteen() -> None:
    colors = theme.color_groups("aabbbcdefghijklmnopqrstuv")
    assert list(colors)[:2] == ["b", "a"]
    assert len(colors) == len(theme.GROUPS) == 16


def test_more_roles_than_shapes_still_draw() -> None:
    shapes = theme.group_symbols([f"role {k}" for k in range(12)] + ["hub"])
    assert shapes["hub"] == "star"
    assert len(shapes) == 13


def test_points_know_their_group() -> None:
    """The live chart names groups on the map and lights up one of the grey ones."""
    labels = [f"g{k:02d}" for k in range(18) for _ in range(20 - k)] + [None, "<b>x</b>", "x" * 40]
    figure = item_map_figure(grid(len(labels)), ids(len(labels)), color_by=np.array(labels, dtype=object))
    rest, *colored = figure.data
    assert [trace.meta["group"] for trace in colored] == [f"g{k:02d}" for k in range(16)]
    named = dict(zip(items_of(rest), (rest.meta["groups"][k] for k in rest.meta["of"]), strict=True))
    given = {item: label for item, label in zip(ids(len(labels)), labels, strict=True) if item in named}
    assert {item: name for item, name in named.items() if given[item] in {"g16", "g17"}} == {
        item: label for item, label in given.items() if label in {"g16", "g17"}
    }
    assert [named[item] for item, label in given.items() if label is None] == [""], "no label is no name"
    assert max(map(len, rest.meta["groups"])) <= 26
    assert "<b>x</b>" not in rest.meta["groups"], "nothing in a name is markup"
    assert figure.layout.meta["map"] is True


def test_density_lies_beneath_many_points_and_is_not_for_few() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(5_001, 2))
    many = item_map_figure(points, ids(5_001), color_by=["a", "b"] * 2_500 + ["a"])
    lines = [trace for trace in many.data if (trace.meta or {}).get("density")]
    assert list(many.data[:4]) == lines, "the first lie lowest"
    assert [trace.showlegend for trace in lines] == [True, False, False, False]
    radii = [float(np.nanmean(np.hypot(trace.x, trace.y))) for trace in lines]
    assert radii == pytest.approx(list(np.sqrt(-2 * np.log([0.05, 0.25, 0.5, 0.75]))), rel=0.08)
    few = item_map_figure(points[:5_000], ids(5_000))
    assert not [trace for trace in few.data if (trace.meta or {}).get("density")]


def test_a_map_in_little_room_has_smaller_points_and_rings() -> None:
    usual, small = (
        item_map_figure(grid(9), ids(9), size=np.arange(9), chosen="i4", highlighted=["i5"], shrunk=shrunk)
        for shrunk in (1.0, 0.5)
    )
    assert len(usual.data) > 1
    for one, other in zip(usual.data, small.data, strict=True):
        assert np.asarray(other.marker.size) == pytest.approx(0.5 * np.asarray(one.marker.size))
