"""The graph to look at, built as the paper says and walked as faiss walks; the cells a kd-tree goes back into."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recemb_core.datasets.point_clouds import clustered_points, gaussian_points
from recemb_core.neighbors import ExactIndex, HNSWConfig, HNSWIndex, KDTreeIndex
from recemb_core.neighbors.hnsw_graph import HNSWGraph, build_graph
from recemb_core.neighbors.kd_tree_walk import TreeOfCells

METRICS = ["euclidean", "cosine", "inner_product"]
ROWS, QUERIES = gaussian_points(800, 12), gaussian_points(80, 12, seed=2)


def faiss_index(metric: Any, links: int = 8) -> HNSWIndex:
    config = HNSWConfig(metric=metric, links=links, ef_construction=40)
    return HNSWIndex(config, threads=1).build(ROWS)


def recall(found: Any, truth: np.ndarray) -> float:
    return float(
        np.mean(
            [len(set(map(int, ids)) & set(best.tolist())) / len(best) for ids, best in zip(found, truth, strict=True)]
        )
    )


@pytest.mark.parametrize("metric", METRICS)
def test_a_walk_through_faiss_graph_finds_what_faiss_finds(metric: Any) -> None:
    index = faiss_index(metric)
    graph = index.graph()
    for ef in (10, 40):
        ids, _ = index.query(QUERIES, 10, ef_search=ef)
        mine = np.array([graph.walk(query, 10, ef).ids for query in QUERIES])
        assert (mine == ids).all()


@pytest.mark.parametrize("metric", METRICS)
def test_the_reference_has_faiss_recall_at_the_same_settings(metric: Any) -> None:
    # 800 hits each; two graphs drawn alike differ by about .02 (measured), recall goes from about .8 to .99.
    truth = ExactIndex(metric).build(ROWS).query(QUERIES, 10)[0]
    graph, index = build_graph(ROWS, links=8, ef_construction=40, metric=metric), faiss_index(metric)
    before = 0.0
    for ef in (10, 20, 80):
        ours = recall([graph.walk(query, 10, ef).ids for query in QUERIES], truth)
        theirs = recall(index.query(QUERIES, 10, ef_search=ef)[0], truth)
        assert abs(ours - theirs) < 0.05, (ef, ours, theirs)
        assert ours >= before
        before = ours
    assert before > 0.97


def check_links(graph: HNSWGraph, links: int) -> None:
    for layer in range(graph.layers):
        most = 2 * links if layer == 0 else links
        reach = set(graph.rows(layer).tolist())
        for row, linked in enumerate(graph.links[layer]):
            assert len(linked) <= most
            assert row not in linked
            assert len(set(linked.tolist())) == len(linked)
            assert set(linked.tolist()) <= reach
            assert not len(linked) or row in reach
        assert len(graph.edges(layer)) == sum(map(len, graph.links[layer]))


@pytest.mark.parametrize("links", [2, 4, 16])
def test_no_row_has_more_links_than_it_may_and_layers_hold_each_other(links: int) -> None:
    graph = build_graph(clustered_points(300, 2), links=links)
    check_links(graph, links)
    assert graph.levels[graph.entry] == graph.levels.max() == graph.layers - 1
    assert len(graph.rows(0)) == 300
    check_links(HNSWIndex(HNSWConfig(metric="euclidean", links=links), threads=1).build(ROWS).graph(), links)


def test_each_layer_holds_about_one_in_m_of_the_one_below() -> None:
    # P(level >= 1) = 1/M: 250 of 2,000 at M = 8, standard deviation 15; five of them.
    graph = build_graph(gaussian_points(2_000, 2), links=8, ef_construction=5)
    assert abs(len(graph.rows(1)) - 250) < 75


def test_a_walk_is_told_whole() -> None:
    graph = build_graph(ROWS[:400], links=4, ef_construction=30)
    for query in QUERIES[:20]:
        walk = graph.walk(query, 5, 12)
        layers = [hop.layer for hop in walk.hops]
        assert layers == sorted(layers, reverse=True)
        assert set(layers) == set(range(graph.layers))
        for layer in range(graph.layers):
            hops = [hop for hop in walk.hops if hop.layer == layer]
            met = [row for hop in hops for row in hop.compared]
            start = hops[0].row
            assert hops[0].before == -1
            assert len(met) == len(set(met))
            assert start not in met
            for hop in hops[1:]:
                assert hop.row in graph.links[layer][hop.before]
            for hop in hops:
                assert set(hop.compared) <= set(graph.links[layer][hop.row].tolist())
                assert hop.distance == pytest.approx(float(np.linalg.norm(graph.vectors[hop.row] - query)), abs=1e-5)
            if layer:  # the greedy part ends where no link is nearer, and the layer below begins there
                last = min(hops, key=lambda hop: hop.distance)
                below = next(hop for hop in walk.hops if hop.layer == layer - 1)
                assert below.row == last.row
                linked = np.linalg.norm(graph.vectors[graph.links[layer][last.row]] - query, axis=1)
                assert linked.min(initial=np.inf) >= last.distance - 1e-5
        assert walk.distances == 1 + sum(len(hop.compared) for hop in walk.hops)
        assert list(walk.values) == sorted(walk.values)


def test_a_graph_that_keeps_everything_finds_everything() -> None:
    rows = ROWS[:120]
    graph = build_graph(rows, links=64, ef_construction=120)
    truth = ExactIndex("euclidean").build(rows).query(QUERIES, 5)[0]
    assert [list(graph.walk(query, 5, 120).ids) for query in QUERIES] == truth.tolist()


def test_few_rows_and_copies_of_one_row() -> None:
    assert build_graph(np.zeros((0, 3), np.float32)).walk(np.zeros(3, np.float32), 2, 4).ids == ()
    assert build_graph(ROWS[:1]).walk(QUERIES[0], 3, 4).ids == (0,)
    same = build_graph(np.ones((30, 2), np.float32), links=2)
    walk = same.walk(np.ones(2, np.float32), 3, 8)
    assert walk.values == (0.0,) * len(walk.values)
    assert len(walk.ids) >= 1


@pytest.mark.parametrize("leaf_size", [1, 8, 40])
@pytest.mark.parametrize("d", [1, 2, 12])
def test_backtracking_finds_what_the_tree_finds_and_no_cell_twice(leaf_size: int, d: int) -> None:
    rows, queries = clustered_points(300, max(d, 2))[:, :d], clustered_points(300, max(d, 2), seed=1)[:20, :d]
    tree = TreeOfCells(rows, leaf_size)
    expected, far = KDTreeIndex(leaf_size).build(rows).query(queries, 5)
    for query, ids, values in zip(queries, expected, far, strict=True):
        walk = tree.walk(query, 5)
        assert list(walk.ids) == ids.tolist()
        assert np.allclose(walk.values, values, atol=1e-5)
        inside = np.concatenate([cell.rows for cell in (*walk.visited, *walk.skipped)])
        assert sorted(inside.tolist()) == list(range(300))
        assert all(cell.distance <= cell.limit for cell in walk.visited)
        assert all(cell.distance > walk.values[-1] for cell in walk.skipped if cell.distance > cell.limit)
        for cell in walk.visited:
            points = rows[cell.rows]
            assert (points >= cell.low - 1e-5).all()
            assert (points <= cell.high + 1e-5).all()


def test_many_dimensions_leave_nothing_to_skip() -> None:
    few, many = (TreeOfCells(gaussian_points(500, d), 8).walk(gaussian_points(1, d, seed=3)[0], 5) for d in (2, 32))
    assert len(few.visited) < len(few.skipped) / 3
    assert len(many.visited) > 10 * len(many.skipped)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: build_graph(ROWS, links=1), "links"),
        (lambda: build_graph(ROWS, ef_construction=0), "ef_construction"),
        (lambda: build_graph(ROWS, metric="l3"), "metric"),  # type: ignore[arg-type]
        (lambda: build_graph(ROWS[:30]).walk(QUERIES[0], 0, 4), "k"),
        (lambda: build_graph(ROWS[:30]).walk(QUERIES[0], 1, 0), "ef"),
        (lambda: build_graph(ROWS[:30]).walk(QUERIES[0, :3], 1, 4), "query"),
        (lambda: TreeOfCells(ROWS, 0), "leaf_size"),
        (lambda: TreeOfCells(ROWS).walk(QUERIES[0], 0), "k"),
        (lambda: HNSWIndex().graph(), "build"),
    ],
)
def test_bad_input_is_said_in_a_sentence(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)
