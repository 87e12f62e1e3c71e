"""Which edges of the item graph are drawn, against a plain loop."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.views.item_graph.drawn_edges import heaviest_of_each
from pages.views.item_graph.experiments import in_the_middle
from recemb_core.item_graph import ItemGraph
from tests.pages.conftest import healthy, numbers, text
from tests.pages.test_upload import upload


@given(st.integers(0, 10_000), st.booleans())
def test_all_firsts_come_before_all_seconds(seed: int, directed: bool) -> None:
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, 9, size=(2, 25))
    apart = source != target
    source, target = source[apart], target[apart]
    graph = ItemGraph.from_edges(source, target, rng.permutation(len(source)) + 1.0, directed=directed)
    rows = np.unique(rng.integers(0, len(graph), size=7))
    found = heaviest_of_each(graph, rows)
    ways = [
        (int(a), int(b), float(w), number)
        for number, (a, b, w) in enumerate(zip(graph.sources, graph.indices, graph.weights, strict=True))
        if a in rows and b in rows and (directed or a < b)
    ]
    assert sorted(found.tolist()) == [number for *_, number in ways], "every edge between these items, once"
    ranks = {}
    for a, b, weight, number in ways:
        heavier = [sum(end in way[:2] and way[2] > weight for way in ways) for end in (a, b)]
        ranks[number] = min(heavier)
    distinct = len({way[2] for way in ways}) == len(ways)
    if distinct:  # edges seen twice add up, and may weigh the same
        assert [ranks[int(number)] for number in found] == sorted(ranks.values())


@pytest.mark.parametrize("asked", [None, "3200"])
def test_the_page_says_how_many_edges_are_drawn(open_page: Callable[..., AppTest], asked: str | None) -> None:
    page = healthy(open_page("item_graph", data="complete_journey", **({"edges_drawn": asked} if asked else {})))
    (slider,) = [one for one in page.select_slider if one.label == "Edges drawn"]
    wanted = int(asked) if asked else 800
    assert slider.value == wanted
    assert re.search(rf"{wanted:,} of [\d,]+ edges drawn: each item's heaviest first", text(page))


@pytest.mark.slow
def test_what_is_said_of_arrows_is_true_of_arrows(app: AppTest) -> None:
    """a and b lead to each other, c is led to alone: five arrows, of twelve, join four of six pairs."""
    sessions = ["abab", "ac", "bc", "dc"]
    lines = [
        f"u{n},{item},{1_600_000_000 + 60 * place}" for n, s in enumerate(sessions) for place, item in enumerate(s)
    ]
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "few.csv", "\n".join(["user,item,timestamp", *lines]).encode()))
    app.switch_page("pages/item_graph.py").run()
    assert numbers(healthy(app))["Density"] == f"{5 / 12:.3f}"
    (density,) = (metric for metric in app.metric if metric.label == "Density")
    assert "ordered pairs" in density.help
    assert f"The behavior joins {4 / 6:.1%} of all pairs" in text(app)
    app.switch_page("pages/home.py").run()
    app.sidebar.selectbox[1].set_value("c")
    assert "Leads to 0 items" in text(healthy(app.run()))


def test_the_item_with_most_edges_is_told_by_both_its_ways() -> None:
    """d is led to by three and leads to one: it has the most edges, and leads to fewer items than a."""
    graph = ItemGraph.from_edges(list("aabbcd"), list("bdcdda"), directed=True)
    told = in_the_middle(SimpleNamespace(titles=list(graph.items)), graph)  # type: ignore[arg-type]
    assert "d has the most: 1 to others and 3 from others, of 3 items." in told.text
