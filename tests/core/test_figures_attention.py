"""The charts of the attention weights hold what they are given."""

from __future__ import annotations

import numpy as np

from recemb_core.evaluation.attention import attention_by_popularity
from recemb_core.figures import theme
from recemb_core.figures.attention_bars import attention_bars_figure
from recemb_core.figures.attention_spread import attention_spread_figure
from recemb_core.figures.attention_trend import attention_trend_figure

NAMES = ("the item itself", "brand", "size")
WEIGHTS = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5], [0.1, 0.6, 0.3]])
PRESENT = np.array([[True, True, False], [True, True, True], [True, True, True]])


def test_bars_show_weights_the_catalogue_and_what_is_missing() -> None:
    figure = attention_bars_figure(
        NAMES, ["Tea <b>", "Fjell", ""], WEIGHTS[0], np.array([0.3, 0.4, 0.2]), equal=0.5, title="Tea"
    )
    bars, means = figure.data
    assert list(bars.x) == [0.5, 0.5, 0.0]
    assert list(bars.text) == ["0.50", "0.50", "missing"]
    assert list(means.x) == [0.3, 0.4, 0.2]
    assert figure.layout.yaxis.ticktext == ("the item itself: Tea &lt;b&gt;", "brand: Fjell", "size")
    assert figure.layout.shapes[0].x0 == 0.5
    assert bars.marker.color[0] == theme.CHOSEN
    assert bars.error_x.array is None


def test_bars_have_whiskers_when_seeds_are_known() -> None:
    low, high = WEIGHTS[0] - 0.1, WEIGHTS[0] + 0.05
    figure = attention_bars_figure(
        NAMES, ["Tea", "Fjell", ""], WEIGHTS[0], WEIGHTS[1], equal=0.5, low=low, high=high, seeds=4
    )
    np.testing.assert_allclose(figure.data[0].error_x.array, 0.05)
    np.testing.assert_allclose(figure.data[0].error_x.arrayminus, 0.1)
    assert "4 other seeds" in figure.layout.xaxis.title.text


def test_violins_hold_the_items_that_have_the_field() -> None:
    figure = attention_spread_figure(NAMES, WEIGHTS, PRESENT, chosen=0, equal=None)
    violins = [trace for trace in figure.data if trace.type == "violin"]
    assert [list(violin.x) for violin in violins] == [[0.5, 0.2, 0.1], [0.5, 0.3, 0.6], [0.5, 0.3]]
    means, mine = figure.data[3:]
    np.testing.assert_allclose(means.x, [0.8 / 3, 1.4 / 3, 0.4])
    assert list(mine.x) == [0.5, 0.5]  # the missing field has no diamond
    assert not figure.layout.shapes
    empty = attention_spread_figure(NAMES, WEIGHTS, PRESENT & [True, True, False])
    assert len([trace for trace in empty.data if trace.type == "violin"]) == 2


def test_the_trend_shows_items_means_and_the_chosen_one() -> None:
    counts, weights = np.array([1.0, 10, 100, 1000]), np.array([0.1, 0.2, 0.3, 0.4])
    trend = attention_by_popularity(weights, counts, bins=2)
    figure = attention_trend_figure(
        "abcd", ["A", "B", "C", "D"], counts, weights, trend, name="brand", unit="events", chosen=2
    )
    items, means, mine = figure.data
    assert [row[0] for row in items.customdata] == list("abcd")
    assert list(means.x) == [5.5, 550.0]
    np.testing.assert_allclose(means.y, [0.15, 0.35])
    assert (mine.x[0], mine.y[0]) == (100, 0.3)
    assert figure.layout.xaxis.type == "log"
    assert "rank correlation +1.00" in figure.layout.meta["description"]
    assert len(attention_trend_figure("abcd", list("ABCD"), counts, weights, trend, name="b", unit="events").data) == 2


def test_of_many_items_some_are_drawn_and_means_are_of_all() -> None:
    figure = attention_spread_figure(NAMES, WEIGHTS, PRESENT, chosen=0, drawn=np.array([0, 2]))
    violins = [trace for trace in figure.data if trace.type == "violin"]
    assert [list(violin.x) for violin in violins] == [[0.5, 0.1], [0.5, 0.6], [0.3]]
    np.testing.assert_allclose(figure.data[3].x, [0.8 / 3, 1.4 / 3, 0.4])
    counts, weights = np.array([1.0, 10, 100, 1000]), np.array([0.1, 0.2, 0.3, 0.4])
    trend = attention_by_popularity(weights, counts, bins=2)
    drawn = np.array([1, 3])
    some = attention_trend_figure("abcd", list("ABCD"), counts, weights, trend, name="b", unit="events", drawn=drawn)
    assert [row[1] for row in some.data[0].customdata] == ["B", "D"]
    assert (list(some.data[0].x), list(some.data[0].y)) == ([10, 1000], [0.2, 0.4])
    assert list(some.data[1].x) == [5.5, 550.0]
