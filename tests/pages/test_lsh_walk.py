"""HNSW beside LSH and a kd-tree: what stands on the page is what the library's walks give."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import model_results
from pages.views.lsh import measures, walk, walk_board
from recemb_core.datasets.point_clouds import plane_points
from recemb_core.experiments.index_walks import graph_effort, tree_effort
from recemb_core.neighbors.hnsw_graph import build_graph
from recemb_core.neighbors.kd_tree_walk import TreeOfCells
from recemb_core.neighbors.truth import true_neighbors
from tests.pages.conftest import healthy, run_the_python, show_me, text
from tests.pages.verdicts import figures, named, sentence

Open = Callable[..., AppTest]
WALK = {"data": "planted_shop", "lab": "inside", "inside": "walk"}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    measures.prepare_kernels()


@pytest.fixture(autouse=True)
def trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_results, "model_seconds", lambda *_: 0.0)


def plane() -> np.ndarray:
    return plane_points("even", 1, n=walk.COUNT).astype(np.float32)


def said(page: AppTest, pattern: str) -> tuple[str, ...]:
    found = re.search(pattern, text(page))
    assert found is not None, text(page)
    return found.groups()


@pytest.mark.slow
def test_the_numbers_are_those_of_the_walk(open_page: Open) -> None:
    page = healthy(open_page("lsh", **WALK, walk_query="17", walk_ef="9", walk_links="5"))
    graph = build_graph(plane(), links=5, ef_construction=walk.BUILDING)
    own = graph.walk(plane()[17], walk.K + 1, 9)
    near = true_neighbors(plane(), np.array([17]), walk.K).ids[0]
    hit = len(set(own.ids) & set(near.tolist()))
    expected = (str(own.distances), str(len(own.hops)), str(hit))
    assert said(page, r"\*\*HNSW\*\* here: (\d+) distances, (\d+) hops, \*\*(\d) of 5") == expected
    effort = graph_effort(graph, np.arange(walk.COUNT), walk.K, 9)
    assert f"{effort.distances.value / walk.COUNT:.1%} of the points, recall {effort.recall.value:.3f}" in text(page)
    row = page.dataframe[0].value.to_dict("records")[1]
    assert row["Recall"].startswith(f"{effort.recall.value:.3f}")


@pytest.mark.slow
def test_the_cells_are_those_of_the_tree(open_page: Open) -> None:
    page = healthy(open_page("lsh", **WALK, walk_beside="kd", walk_leaf="4", walk_query="3"))
    tree = TreeOfCells(plane(), 4)
    own = tree.walk(plane()[3], walk.K + 1)
    cells = len(own.visited) + len(own.skipped)
    assert said(page, r"\*\*kd-tree\*\* here: (\d+) distances, (\d+) of (\d+) cells") == (
        str(own.distances), str(len(own.visited)), str(cells),
    )  # fmt: skip
    effort = tree_effort(plane(), tree, np.arange(walk.COUNT), walk.K)
    assert effort.recall.value == 1
    assert effort.cells is not None
    assert 0 < effort.cells.value < 0.3


def test_the_candidates_are_those_that_lie_in_the_shaded_region(open_page: Open) -> None:
    healthy(open_page("lsh", **WALK))
    for query in (0, 40, 111):
        page = healthy(open_page("lsh", **WALK, walk_query=str(query)))
        (scanned, hit) = said(page, r"\*\*LSH\*\* here: (\d+) candidates, \*\*(\d) of 5")
        assert 0 <= int(hit) <= min(5, int(scanned))


def test_more_hops_show_more_until_all_are_shown(open_page: Open) -> None:
    page = healthy(open_page("lsh", **WALK))
    slider = page.slider(key="walk_hops@planted_shop")
    assert slider.value == slider.max > 3
    slider.set_value(1)
    healthy(page.run())
    graph = build_graph(plane(), links=6, ef_construction=walk.BUILDING)
    own = graph.walk(plane()[0], walk.K + 1, 8)
    for hops in (1, 4, len(own.hops)):
        layers = walk_board.layers_of(graph, own, hops)
        assert sum(len(layer.compared) for layer in layers) == sum(len(hop.compared) for hop in own.hops[:hops])
        assert [layer.start is not None for layer in layers] == [
            any(hop.layer == number for hop in own.hops[:hops]) for number in range(graph.layers)
        ]


def test_a_moved_ef_changes_the_hops_that_are_all_shown(open_page: Open) -> None:
    page = healthy(open_page("lsh", **WALK))
    before = page.slider(key="walk_hops@planted_shop").max
    page.slider(key="walk_ef@planted_shop").set_value(40)
    healthy(page.run())
    slider = page.slider(key="walk_hops@planted_shop")
    assert slider.value == slider.max > before


@pytest.mark.parametrize("number", range(4))
@pytest.mark.slow
def test_every_answer_is_measured_now(number: int, open_page: Open) -> None:
    page = healthy(open_page("lsh", **WALK))
    show_me(page, number)
    healthy(page.run())
    answer, choices = f"{sentence(page)} {figures(page)}", named(page)
    graph = build_graph(plane(), links=6, ef_construction=walk.BUILDING)
    rows = np.arange(walk.COUNT)
    if number == 0:
        few_links = build_graph(plane(), links=3, ef_construction=walk.BUILDING)
        few, many = (graph_effort(few_links, rows, walk.K, ef) for ef in (walk.K + 1, 48))
        assert f"distances {few.distances.value:.1f} → {many.distances.value:.1f}" in answer
        assert beyond(many.found, few.found) > 0
        cheap = many.distances.value < 2 * few.distances.value
        assert choices == (f"More found, at {'less than twice' if cheap else 'over twice'} the distances",)
    elif number == 1:
        made = [build_graph(plane(), links=m, ef_construction=walk.BUILDING) for m in (3, 12)]
        assert answer.startswith(f"{made[0].layers} layers with M = 3, {made[1].layers} with M = 12")
        few, many = (graph_effort(one, rows, walk.K, 8) for one in made)
        ways = {1: "More distances", -1: "Fewer distances", 0: "As many, within noise"}
        assert choices == (ways[beyond(many.worked, few.worked)],)
    elif number == 2:
        cells = tree_effort(plane(), TreeOfCells(plane(), 8), rows, walk.K).cells
        assert cells is not None
        assert f"**{cells.value:.0%}**" in answer
        assert "more, beyond both intervals" in answer
        assert choices == ("Into more than on the plane",)
    else:
        effort = graph_effort(graph, rows, walk.K, 8)
        assert f"distances {effort.distances.value:.1f} →" in answer
        recalls, distances = re.findall(r"recall (\d\.\d+)", answer)[:2], re.findall(r"(\d+) distances", answer)[:2]
        assert ("It finds more" in choices) <= (float(recalls[1]) > float(recalls[0]))
        assert ("It works out fewer distances" in choices) <= (int(distances[1]) < int(distances[0]))


def beyond(now: np.ndarray, before: np.ndarray) -> int:
    """Of paired figures: 1 more, −1 less, 0 where the 95% interval of the difference holds 0."""
    gain = np.asarray(now, float) - before
    half = 1.959964 * gain.std(ddof=1) / len(gain) ** 0.5
    return int(gain.mean() > half) - int(gain.mean() < -half)


def test_a_click_on_a_point_makes_it_the_query(open_page: Open) -> None:
    page = open_page("lsh", **WALK)
    page.session_state["walk_query@planted_shop"] = 42
    healthy(page.run())
    assert page.query_params["walk_query"] == "42"


@pytest.mark.slow
def test_the_python_gives_the_walks(open_page: Open) -> None:
    page = healthy(open_page("lsh", **WALK, walk_query="17"))
    lines = run_the_python(page).splitlines()
    own = build_graph(plane(), links=6, ef_construction=walk.BUILDING).walk(plane()[17], walk.K + 1, 8)
    assert len([line for line in lines if line.startswith("(")]) == 2
    first = next(line for line in lines if line.startswith("("))
    assert ast.literal_eval(first[: first.index(")") + 1]) == own.ids
    assert said(page, r"\*\*HNSW\*\* here: (\d+) distances")[0] == str(own.distances)


@pytest.mark.parametrize("more", [{"points": "gaussian", "size": "20000"}, {"points": "gaussian", "size": "1000"}])
def test_large_clouds_are_not_walked_and_that_is_said(more: dict[str, Any], open_page: Open) -> None:
    page = healthy(open_page("lsh", **WALK, **more, wide="4"))
    assert ("are not walked: this view stops at 10,000" in text(page)) == (more["size"] == "20000")
