"""Charts that compare models: what their traces hold is what was given."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from recemb_core.figures import theme
from recemb_core.figures.agreement_matrix import agreement_matrix_figure, pair_id, parse_pair
from recemb_core.figures.attribute_purity import attribute_purity_figure
from recemb_core.figures.linked_lists import linked_lists_figure
from recemb_core.figures.membership_counts import NAMED, Membership, membership_counts_figure
from recemb_core.figures.paired_maps import paired_maps_figure

NAMES = ["word2vec", "node2vec", "EGES"]
OVERLAP = np.array([[1, 0.5, 0.2], [0.5, 1, 0.3], [0.2, 0.3, 1]])
BIASED = np.array([[1, 0.6, 0.25], [0.6, 1, 0.35], [0.25, 0.35, 1]])
ERROR = np.full((3, 3), 0.01)
MARKUP = "Salt & <b>Vinegar</b>"


def is_described(figure: go.Figure) -> bool:
    meta = figure.layout.meta
    shared = figure.layout.template.to_plotly_json() == theme.template().to_plotly_json()
    return bool(meta["file_name"] and meta["description"]) and shared


# --- the matrix ---


def matrix(**more: Any) -> go.Figure:
    return agreement_matrix_figure(NAMES, OVERLAP, ERROR, BIASED, ERROR / 2, k=10, chance=0.006, **more)


def test_overlap_is_above_the_diagonal_and_rank_biased_overlap_below() -> None:
    (squares,) = matrix().data
    shown = dict(zip(zip(squares.y, squares.x, strict=True), squares.marker.color, strict=True))
    assert shown == {(r, c): (OVERLAP if c > r else BIASED)[r, c] for r in range(3) for c in range(3) if r != c}
    assert (squares.marker.cmin, squares.marker.cmax) == (0, 1)
    assert is_described(matrix())


def test_a_square_says_its_numbers_and_hands_over_its_pair() -> None:
    (squares,) = matrix(keys=["w", "n", "e"]).data
    at = list(zip(squares.y, squares.x, strict=True))
    custom, hover = squares.customdata[at.index((0, 2))]
    assert parse_pair(custom) == ("w", "e")
    assert "word2vec and EGES" in hover
    assert "overlap@10: 0.200 ± 0.010" in hover
    assert "0.006" in hover, "the chance level"
    custom, hover = squares.customdata[at.index((2, 0))]
    assert custom == pair_id("w", "e"), "either half gives the pair in the order of the models"
    assert "rank-biased" in hover
    assert "0.250 ± 0.005" in hover


def test_the_first_model_is_on_top() -> None:
    figure = matrix()
    low, high = figure.layout.yaxis.range
    assert low > high
    assert list(figure.layout.xaxis.ticktext) == list(figure.layout.yaxis.ticktext) == NAMES


def test_one_model_agrees_with_nobody_and_says_so() -> None:
    one = np.ones((1, 1))
    figure = agreement_matrix_figure(["word2vec"], one, one, one, one, k=10, chance=0.1)
    assert not figure.data
    assert "Two models" in figure.layout.annotations[0].text


def test_a_matrix_of_another_size_is_named() -> None:
    with pytest.raises(ValueError, match=r"rank_biased has shape \(2, 2\)"):
        agreement_matrix_figure(NAMES, OVERLAP, ERROR, BIASED[:2, :2], ERROR, k=10, chance=0.1)


# --- who names what ---


GROUPS = [
    Membership((0, 1, 2), ("Tea",)),
    Membership((0, 2), (MARKUP, "Milk")),
    Membership((1,), ("Cup", "Jug", "Pot")),
]


def test_a_bar_for_each_group_and_dots_for_its_models() -> None:
    figure = membership_counts_figure(NAMES, GROUPS)
    bars = figure.data[-1]
    assert bars.type == "bar"
    assert list(bars.x) == [1, 2, 3]
    lines = figure.data[1:-1]
    assert [list(line.x) for line in lines] == [[0, 1, 2], [0, 2], [1]]
    assert [set(line.y) for line in lines] == [{0}, {1}, {2}]
    assert list(bars.marker.color) == [line.line.color for line in lines], "a bar has the color of its dots"
    assert bars.marker.color[2] == theme.OTHER, "one model alone is grey"
    assert is_described(figure)


def test_names_are_written_out_and_markup_is_escaped() -> None:
    bars = membership_counts_figure(NAMES, GROUPS).data[-1]
    assert "<b>2</b>  Salt &amp; &lt;b&gt;Vinegar&lt;/b&gt;; Milk" in bars.text[1]
    assert "all 3" in bars.hovertext[0]
    assert "node2vec</b> alone: 3" in bars.hovertext[2]
    assert all(name in bars.hovertext[2] for name in ("Cup", "Jug", "Pot"))


def test_long_lists_of_names_say_how_many_are_left_out() -> None:
    titles = tuple(f"A rather long product name {i}" for i in range(8))
    (text,) = membership_counts_figure(["A"], [Membership((0,), titles)]).data[-1].text
    assert text.endswith("+7")
    assert len(text) < NAMED + 25


def test_groups_beyond_the_limit_are_counted_at_the_foot() -> None:
    groups = [Membership((0,), (f"i{i}",)) for i in range(5)]
    figure = membership_counts_figure(["A"], groups, most=3)
    assert len(figure.data[-1].x) == 3
    assert [note.text for note in figure.layout.annotations] == ["and 2 more groups with 2 items"]


def test_nothing_to_count_says_so() -> None:
    assert "No neighbors" in membership_counts_figure(NAMES, []).layout.annotations[0].text


# --- purity ---


def test_purity_shows_two_standard_errors_and_chance() -> None:
    figure = attribute_purity_figure(NAMES, [0.2, 0.3, 0.4], [0.01, 0.02, 0.03], chance=0.05, field="category", k=10)
    (points,) = figure.data
    assert list(points.x) == [0.2, 0.3, 0.4]
    assert list(points.error_x.array) == pytest.approx([0.02, 0.04, 0.06])
    assert [shape.x0 for shape in figure.layout.shapes] == [0.05]
    assert figure.layout.annotations[0].text == "chance 5.0%"
    assert "category" in figure.layout.xaxis.title.text
    assert is_described(figure)


def test_the_chosen_item_has_a_mark_of_its_own() -> None:
    figure = attribute_purity_figure(
        NAMES, [0.2] * 3, [0.0] * 3, chance=0.1, field="brand", k=5, chosen=[0.4, None, 1.0], chosen_title=MARKUP
    )
    mark = figure.data[1]
    assert (list(mark.x), list(mark.y)) == ([0.4, 1.0], [0, 2])
    assert mark.marker.color == theme.CHOSEN
    assert "<b>V" not in mark.name
    assert figure.layout.xaxis.range[1] > 1


def test_purity_needs_a_value_for_every_model() -> None:
    with pytest.raises(ValueError, match="error has 2 values; there are 3 models"):
        attribute_purity_figure(NAMES, [0.1] * 3, [0.1] * 2, chance=0.1, field="x", k=5)


# --- two maps ---


IDS = ["t", "m", "s", "c"]
TITLES = ["Tea", "Milk", MARKUP, "Cup"]
FIRST = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
SECOND = FIRST * 3


def pair(**more: Any) -> go.Figure:
    return paired_maps_figure(
        FIRST, SECOND, IDS, TITLES, names=("A", "B <i>"), color_by=list("xxyy"), chosen="m", **more
    )


def places(figure: go.Figure, axis: str) -> dict[str, tuple[float, float]]:
    return {
        row[0]: (float(x), float(y))
        for trace in figure.data
        if trace.xaxis == axis and trace.customdata is not None
        for row, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }


def test_every_item_has_its_place_in_either_map() -> None:
    figure = pair()
    assert places(figure, "x") == {item: tuple(at) for item, at in zip(IDS, FIRST.tolist(), strict=True)}
    assert places(figure, "x2") == {item: tuple(at) for item, at in zip(IDS, SECOND.tolist(), strict=True)}
    assert is_described(figure)
    assert figure.layout.meta["linked_hover"] is True


def test_one_legend_and_one_zoom_for_both() -> None:
    figure = pair()
    entries = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert len(entries) == len(set(entries))
    for name in ("x", "y"):
        groups = {t.legendgroup for t in figure.data if t.name == name}
        assert len(groups) == 1
    assert (figure.layout.xaxis2.matches, figure.layout.yaxis2.matches) == ("x", "y")
    low, high = figure.layout.xaxis.range
    assert low < 0
    assert high > 3, "the ranges hold both maps"


def test_each_map_rings_its_own_neighbors_and_names_the_chosen_item() -> None:
    figure = pair(highlighted=(["t"], ["s", "c"]))
    ringed = [t for t in figure.data if t.name == "nearest neighbors"]
    assert [[row[0] for row in t.customdata] for t in ringed] == [["t"], ["s", "c"]]
    named = [(a.name, a.xref, a.text) for a in figure.layout.annotations]
    assert ("item:m", "x2", "<b>Milk</b>") in named
    assert sum(name == "item:m" for name, _, _ in named) == 2
    assert "<b>B &lt;i&gt;</b>" in [text for _, _, text in named]


def test_stacked_maps_lie_one_below_the_other() -> None:
    figure = pair(stacked=True)
    assert figure.layout.xaxis.domain == figure.layout.xaxis2.domain == (0, 1)
    assert figure.layout.yaxis.domain[0] > figure.layout.yaxis2.domain[1], "the first is above"


def test_no_items_say_so() -> None:
    none = np.empty((0, 2))
    assert "No items" in paired_maps_figure(none, none, [], [], names=("A", "B")).layout.annotations[0].text


def test_two_lists_are_joined_where_they_name_the_same_item() -> None:
    lists, titles = (["a", "b", "c"], ["c", "x", "a"]), (["A", "B", "<b>C</b>"], ["<b>C</b>", "X", "A"])
    figure = linked_lists_figure(("One", "Two"), lists, titles, ([0.9, 0.8, 0.7], [0.6, 0.5, 0.4]))
    lines = [(list(trace.x), list(trace.y)) for trace in figure.data if trace.mode == "lines"]
    assert lines == [([0, 1], [0, 2]), ([0, 1], [2, 0])]
    points = {
        (int(x), int(y)): (custom[0], text, trace.name)
        for trace in figure.data
        if trace.mode != "lines"
        for x, y, custom, text in zip(trace.x, trace.y, trace.customdata, trace.text, strict=True)
    }
    assert points[0, 1] == ("b", "B", "in one")
    assert points[1, 0] == ("c", "&lt;b&gt;C&lt;/b&gt;", "in both")
    assert len(points) == 6
    assert "2 of 3 items in common" in figure.layout.meta["description"]
    assert (
        "No neighbors" in linked_lists_figure(("One", "Two"), ([], []), ([], []), ([], [])).layout.annotations[0].text
    )
