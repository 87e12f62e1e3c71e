"""Item graphs against naive counting, and backbones against the published formulas written as loops."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.item_graph import ItemGraph, backbone, build_item_graph, communities, field_codes
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import UnknownItemError, Vocabulary

# Graphs of a few items: what breaks one breaks many, in each of several tests.
few = settings(max_examples=40)

WEIGHTS = st.one_of(st.integers(1, 50).map(float), st.floats(0.015625, 100, width=32))
BASKETS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=7), max_size=12)


@st.composite
def edge_lists(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, float]], bool]:
    n = draw(st.integers(1, 12))
    node = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(node, node, WEIGHTS), max_size=40)), draw(st.booleans())


def build(n: int, edges: list[tuple[int, int, float]], directed: bool) -> ItemGraph:
    source, target, weight = (np.array([e[k] for e in edges], dtype=t) for k, t in enumerate((int, int, float)))
    return ItemGraph.from_edges(source, target, weight, directed=directed, items=Vocabulary(range(n)))


def as_dict(graph: ItemGraph) -> dict[tuple[str, str], float]:
    """{(id, id): weight} of every stored edge."""
    ids = graph.items.ids
    rows = zip(graph.sources, graph.indices, graph.weights, strict=True)
    return {(ids[i], ids[j]): float(w) for i, j, w in rows}


def check_csr(graph: ItemGraph) -> None:
    """What every graph promises about its arrays."""
    n = len(graph)
    assert graph.indptr.dtype == np.int64
    assert graph.indices.dtype == np.int32
    assert graph.weights.dtype == np.float32
    assert len(graph.indptr) == n + 1
    assert graph.indptr[0] == 0
    assert graph.indptr[-1] == len(graph.indices) == len(graph.weights)
    assert (np.diff(graph.indptr) >= 0).all()
    assert (graph.weights > 0).all()
    assert np.isfinite(graph.weights).all()
    for row in range(n):
        near, _ = graph.neighbors(row)
        assert (np.diff(near) > 0).all()
        assert row not in near
        assert ((near >= 0) & (near < n)).all()
    if not graph.directed:
        edges = as_dict(graph)
        assert edges == {(b, a): w for (a, b), w in edges.items()}  # to the last bit


# --- the graph itself ---


@few
@given(edge_lists())
def test_edges_are_summed_and_stored_once_a_direction(drawn: tuple[int, list[tuple[int, int, float]], bool]) -> None:
    n, edges, directed = drawn
    graph = build(n, edges, directed)
    check_csr(graph)
    expected: Counter[tuple[str, str]] = Counter()
    for a, b, w in edges:
        if a != b:
            expected[str(a), str(b)] += w
            if not directed:
                expected[str(b), str(a)] += w
    assert as_dict(graph) == pytest.approx(dict(expected), rel=1e-6)
    assert graph.num_edges == len(expected) // (1 if directed else 2)
    assert graph.density == pytest.approx(len(expected) / (n * (n - 1)) if n > 1 else 0)
    total = sum(w for a, b, w in edges if a != b)
    assert graph.strength.sum() == pytest.approx(2 * total, rel=1e-5)
    assert graph.out_degree.tolist() == np.diff(graph.indptr).tolist()


@few
@given(edge_lists())
@pytest.mark.slow
def test_networkx_and_scipy_round_trips(drawn: tuple[int, list[tuple[int, int, float]], bool]) -> None:
    graph = build(*drawn)
    back = ItemGraph.from_networkx(graph.to_networkx())
    assert back.items == graph.items
    assert back.directed == graph.directed
    assert back.fingerprint == graph.fingerprint
    dense = graph.to_scipy().toarray()
    assert (dense[graph.sources, graph.indices] == graph.weights).all()
    assert np.count_nonzero(dense) == len(graph.indices)
    assert (graph.reversed.to_scipy().toarray() == dense.T).all()


@few
@given(edge_lists(), st.randoms(use_true_random=False))
@pytest.mark.slow
def test_order_of_edges_does_not_matter(drawn: tuple[int, list[tuple[int, int, float]], bool], random: object) -> None:
    n, edges, directed = drawn
    whole = [(a, b, float(round(w) + 1)) for a, b, w in edges]  # whole numbers add up exactly in any order
    shuffled = whole.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build(n, whole, directed).fingerprint == build(n, shuffled, directed).fingerprint


def test_ids_come_in_order_of_first_appearance() -> None:
    graph = ItemGraph.from_edges(["tea", "cup"], ["milk", "tea"], directed=False)
    assert graph.items.ids == ("tea", "milk", "cup")
    assert as_dict(graph)["tea", "cup"] == 1
    assert ItemGraph.from_edges([0, 4], [1, 0], directed=True).items.ids == ("0", "1", "2", "3", "4")


@pytest.mark.parametrize("directed", [True, False])
def test_a_graph_may_be_empty(directed: bool) -> None:
    empty = ItemGraph.from_edges([], [], directed=directed)
    alone = ItemGraph.from_edges([], [], directed=directed, items=Vocabulary(["tea"]))
    for graph, size in ((empty, 0), (alone, 1)):
        check_csr(graph)
        assert (len(graph), graph.num_edges, graph.density) == (size, 0, 0.0)
        assert graph.strength.dtype == np.float64
        assert len(backbone(graph)) == len(communities(graph)) == size
        assert ItemGraph.from_networkx(graph.to_networkx()).fingerprint == graph.fingerprint


def test_networkx_multigraphs_missing_weights_and_loops() -> None:
    source = nx.MultiGraph([("a", "b"), ("a", "b"), ("c", "c")])
    source.add_edge("b", "c", weight=2.5)
    graph = ItemGraph.from_networkx(source)
    assert as_dict(graph) == {("a", "b"): 2, ("b", "a"): 2, ("b", "c"): 2.5, ("c", "b"): 2.5}


@pytest.mark.parametrize(
    ("source", "target", "weight", "words"),
    [
        ([0, 1], [1], None, "equally long"),
        ([[0]], [[1]], None, "one-dimensional"),
        ([0], [1], [1, 2], "2 values for 1 edges"),
        ([0, 1], [1, 2], 3.0, "1 values for 2 edges"),
        ([0], [1], [0.0], "positive finite"),
        ([0], [1], [-2.0], "'0' → '1' has -2.0"),
        ([0], [1], [math.nan], "has nan"),
        ([0], [1], [math.inf], "has inf"),
        ([0], [1], [1e-60], "has 1e-60"),
        ([0], [1], [1e60], "positive finite"),
        ([-1], [1], None, "from 0 to 1"),
    ],
)
def test_bad_edges_are_refused(source: list, target: list, weight: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ItemGraph.from_edges(source, target, weight, directed=True)  # type: ignore[arg-type]


def test_edges_outside_the_vocabulary_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        ItemGraph.from_edges([0], [2], directed=True, items=Vocabulary("ab"))
    with pytest.raises(UnknownItemError, match="'c' is not among"):
        ItemGraph.from_edges(["a"], ["c"], directed=True, items=Vocabulary("ab"))


@pytest.mark.parametrize("change", ["weight", "direction", "item"])
def test_fingerprint_notices(change: str) -> None:
    items = Vocabulary(["a", "b", "d" if change == "item" else "c"])
    weight = [2.0, 1.0 if change != "weight" else 1.5]
    changed = ItemGraph.from_edges([0, 1], [1, 2], weight, directed=change == "direction", items=items)
    assert changed.fingerprint != ItemGraph.from_edges([0, 1], [1, 2], [2, 1], directed=False).fingerprint


# --- from behaviour ---


@few
@given(BASKETS, st.booleans(), st.integers(1, 3))
def test_transitions_count_followers(lists: list[list[str]], directed: bool, least: int) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for line in lists:
        for a, b in pairwise(line):
            expected[a, b] += a != b
            expected[b, a] += (a != b) and not directed
    graph = build_item_graph(Sequences.from_lists(lists), directed=directed, min_weight=least)
    check_csr(graph)
    assert graph.directed is directed
    assert as_dict(graph) == {pair: w for pair, w in expected.items() if w >= least}


@few
@given(BASKETS, st.integers(1, 3), st.booleans())
@pytest.mark.slow
def test_co_occurrence_counts_baskets(lists: list[list[str]], least: int, share: bool) -> None:
    count: Counter[tuple[str, str]] = Counter()
    unit: Counter[tuple[str, str]] = Counter()
    for line in lists:
        pairs = list(combinations(sorted(set(line)), 2))
        for a, b in pairs:
            for pair in ((a, b), (b, a)):
                count[pair] += 1
                unit[pair] += 1 / len(pairs)
    sequences = Sequences.from_lists(lists, ordered=False)
    graph = build_item_graph(sequences, min_weight=least, share_baskets=share)
    check_csr(graph)
    assert not graph.directed
    weights = unit if share else count
    assert as_dict(graph) == pytest.approx({pair: w for pair, w in weights.items() if count[pair] >= least}, rel=1e-5)


@few
@given(BASKETS)
@pytest.mark.slow
def test_every_basket_shares_one_unit(lists: list[list[str]]) -> None:
    graph = build_item_graph(Sequences.from_lists(lists, ordered=False), share_baskets=True)
    assert graph.weights.sum() / 2 == pytest.approx(sum(len(set(line)) > 1 for line in lists), rel=1e-5)


@few
@given(BASKETS, st.integers(1, 3), st.booleans(), st.integers(1, 40), st.sampled_from((0, 1000)))
def test_pairs_are_the_product_of_the_baskets_to_the_byte(
    lists: list[list[str]], least: int, share: bool, at_a_time: int, dense: int
) -> None:
    """However many pairs are counted at a time, by sorting or by a table, the sums are those of a matrix product."""
    sequences = Sequences.from_lists(lists, ordered=False)
    holds = np.zeros((len(lists), len(sequences.items)))
    for row, line in enumerate(sequences):
        holds[row, line] = 1.0
    number = holds.T @ holds
    size = holds.sum(axis=1, keepdims=True)
    shares = holds * np.sqrt(2.0 / np.maximum(size * (size - 1), 1.0))
    expected = np.zeros_like(number)
    for one in shares:  # basket by basket, as a sum of floats depends on its order
        expected += one[:, None] * one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recemb_core.item_graph.together._AT_A_TIME", at_a_time)
        patch.setattr("recemb_core.item_graph.together._DENSE", dense)
        patch.setattr("recemb_core.item_graph.graph._EDGES_AT_A_TIME", at_a_time)
        graph = build_item_graph(sequences, min_weight=least, share_baskets=share)
    check_csr(graph)
    kept = (number >= least) & ~np.eye(len(number), dtype=bool)
    found = np.zeros(number.shape, np.float32)
    found[graph.sources, graph.indices] = graph.weights
    assert np.array_equal(found > 0, kept)
    assert np.array_equal(found[kept], (expected if share else number)[kept].astype(np.float32))


@few
@given(BASKETS)
def test_sequences_are_left_as_they_were(lists: list[list[str]]) -> None:
    sequences = Sequences.from_lists(lists)
    tokens, offsets = sequences.tokens.copy(), sequences.offsets.copy()
    build_item_graph(sequences, edges="co_occurrence", share_baskets=True)
    assert (sequences.tokens == tokens).all()
    assert (sequences.offsets == offsets).all()


def test_auto_follows_what_is_known_about_order() -> None:
    lists = [["a", "b", "c"]]
    assert build_item_graph(Sequences.from_lists(lists)).num_edges == 2
    assert build_item_graph(Sequences.from_lists(lists, ordered=False)).num_edges == 3
    assert build_item_graph(Sequences.from_lists(lists, ordered=False), edges="transitions").directed


def test_unweighted_comes_after_the_minimum() -> None:
    sequences = Sequences.from_lists([["a", "b"], ["a", "b"], ["b", "c"]])
    graph = build_item_graph(sequences, weighted=False, min_weight=2)
    assert as_dict(graph) == {("a", "b"): 1.0}
    assert graph.rule.endswith("at least 2; unweighted")


def with_side_info(**fields: list) -> Sequences:
    plain = Sequences.from_lists([["a", "b"], ["b", "c"], ["d"]])
    return Sequences(plain.items, plain.offsets, plain.tokens, True, side_info=pl.DataFrame(fields, strict=False))


def test_content_edges_join_items_that_share_values() -> None:
    sequences = with_side_info(
        title=["A", "B", "C", "D"], kind=["hot", None, "hot", None], tags=[["x", "y"], ["y"], ["y", "x", "x"], []]
    )
    graph = build_item_graph(sequences, side_info_fields=("kind", "tags"))
    check_csr(graph)
    assert as_dict(graph) == {
        ("a", "b"): 1 + 1,
        ("b", "a"): 1,
        ("b", "c"): 1 + 1,
        ("c", "b"): 1,
        ("a", "c"): 1 + 2,
        ("c", "a"): 1 + 2,
    }
    assert "kind, tags" in graph.rule
    undirected = build_item_graph(sequences, directed=False, side_info_fields=("kind",))
    check_csr(undirected)
    assert as_dict(undirected)["a", "c"] == 1  # nothing is doubled
    assert build_item_graph(with_side_info(none=[None] * 4), side_info_fields=("none",)).num_edges == 2


def test_field_codes_unpack_lists_and_skip_missing_values() -> None:
    rows, codes = field_codes(pl.Series([["b", "a"], None, [], ["a", None, "a"]]))
    assert sorted(zip(rows.tolist(), codes.tolist(), strict=True)) == [(0, 0), (0, 1), (3, 0)]
    rows, codes = field_codes(pl.Series([7, None, 7, 8]))
    assert rows.tolist() == [0, 2, 3]
    assert codes.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edges": "clicks"}, "'clicks'"),
        ({"edges": "co_occurrence", "directed": True}, "no direction"),
        ({"share_baskets": True}, "share_baskets"),
        ({"side_info_fields": ("color",)}, "'color'; the fields are title, kind"),
    ],
)
def test_impossible_wishes_are_refused(options: dict, words: str) -> None:
    sequences = with_side_info(title=["A", "B", "C", "D"], kind=["x"] * 4)
    with pytest.raises(ValueError, match=words):
        build_item_graph(sequences, **options)


def test_content_edges_need_a_field_that_tells_items_apart() -> None:
    with pytest.raises(ValueError, match="have none"):
        build_item_graph(Sequences.from_lists([["a", "b"]]), side_info_fields=("kind",))
    many = Sequences.from_lists([[str(i) for i in range(2_300)]])
    many = Sequences(many.items, many.offsets, many.tokens, side_info=pl.DataFrame({"all": ["same"] * 2_300}))
    with pytest.raises(ValueError, match=r"'all' would join 2,643,850 pairs"):
        build_item_graph(many, side_info_fields=("all",))


# --- backbone ---


def naive_backbone(graph: ItemGraph, method: str, parameter: float) -> set[tuple[int, int]]:
    """The kept edges, one at a time, straight from the definitions."""
    edges = {(int(i), int(j)): float(w) for i, j, w in zip(graph.sources, graph.indices, graph.weights, strict=True)}
    out: dict[int, list[int]] = {i: [b for a, b in edges if a == i] for i in range(len(graph))}
    into: dict[int, list[int]] = {j: [a for a, b in edges if b == j] for j in range(len(graph))}
    leaving = {i: sum(edges[i, b] for b in out[i]) for i in out}
    arriving = {j: sum(edges[a, j] for a in into[j]) for j in into}
    total = sum(edges.values())

    def deviations(i: int, j: int) -> float:
        """Coscia & Neffke: symmetric lift over its standard deviation by the delta method."""
        if total <= 1:
            return 0.0
        a, b = leaving[i], arriving[j]
        mean = a * b / total**2
        variance = a * b * (total - a) * (total - b) / (total**2 * total**2 * (total - 1))
        if variance <= 0:
            return 0.0
        alpha = mean**2 / variance * (1 - mean) - mean
        beta = mean / variance * (1 - mean) ** 2 - (1 - mean)
        p = (edges[i, j] + alpha) / (total + alpha + beta)
        count_variance = max(p * (1 - p), 0.0) * total
        kappa = total / (a * b)
        derivative = 1 / (a * b) - total * (a + b) / (a * b) ** 2
        lift = (kappa * edges[i, j] - 1) / (kappa * edges[i, j] + 1)
        spread = (
            math.sqrt(count_variance) * abs(2 * (kappa + edges[i, j] * derivative)) / (kappa * edges[i, j] + 1) ** 2
        )
        return lift / spread if spread > 0 else 0.0

    worth = {edge: deviations(*edge) for edge in edges} if method == "noise_corrected" else edges

    def rank(edge: tuple[int, int], rivals: list[tuple[int, int]], other: int) -> int:
        return sorted(rivals, key=lambda rival: (-worth[rival], rival[other])).index(edge)

    kept = set()
    for i, j in edges:
        own, others = [(i, b) for b in out[i]], [(a, j) for a in into[j]]
        ranks = rank((i, j), own, 1), rank((i, j), others, 0)
        p_values = [
            max(1 - edges[i, j] / strength, 0.0) ** (degree - 1) if degree > 1 else 1.0
            for strength, degree in ((leaving[i], len(own)), (arriving[j], len(others)))
        ]
        wanted = {
            "disparity": min(p_values) < parameter,
            "top_edges": min(ranks) < parameter,
            "noise_corrected": worth[i, j] >= parameter,
        }[method]
        if wanted or 0 in ranks:
            kept.add((i, j))
    return kept


@settings(max_examples=80)
@given(
    edge_lists(),
    st.sampled_from(
        [
            *(("disparity", alpha) for alpha in (0.05, 0.4, 1.0)),
            *(("top_edges", top) for top in (1, 3)),
            *(("noise_corrected", delta) for delta in (0.0, 1.64)),
        ]
    ),
)
@pytest.mark.slow
def test_backbone_is_the_definition(
    drawn: tuple[int, list[tuple[int, int, float]], bool], rule: tuple[str, float]
) -> None:
    n, edges, directed = drawn
    graph = build(n, [(a, b, float(math.ceil(w))) for a, b, w in edges], directed)
    method, parameter = rule
    name = {"disparity": "alpha", "top_edges": "top", "noise_corrected": "delta"}[method]
    kept = backbone(graph, method=method, **{name: parameter})  # type: ignore[arg-type]
    check_csr(kept)
    assert kept.items == graph.items
    assert kept.directed == graph.directed
    before, after = as_dict(graph), as_dict(kept)
    assert after.items() <= before.items()
    assert ((kept.strength > 0) == (graph.strength > 0)).all()  # no connected item falls out
    if method != "noise_corrected":  # there, ties by rounding are the algorithm's own
        assert {(int(a), int(b)) for a, b in after} == naive_backbone(graph, method, parameter)
    assert "backbone" in kept.rule


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_noise_corrected_is_the_published_formula(seed: int, directed: bool) -> None:
    rng = np.random.default_rng(seed)
    n = 14
    weight = rng.lognormal(2, 1.2, size=150).round() + 1
    graph = ItemGraph.from_edges(rng.integers(n, size=150), rng.integers(n, size=150), weight, directed=directed)
    for delta in (0.5, 1.64, 2.32):
        kept = backbone(graph, method="noise_corrected", delta=delta)
        found = set(zip(kept.sources.tolist(), kept.indices.tolist(), strict=True))
        assert found == naive_backbone(graph, "noise_corrected", delta)
        check_csr(kept)


def test_backbones_shrink_with_their_parameter() -> None:
    rng = np.random.default_rng(1)
    graph = ItemGraph.from_edges(
        rng.integers(40, size=900), rng.integers(40, size=900), rng.integers(1, 60, size=900), directed=False
    )
    for name, values in (("alpha", (0.01, 0.1, 0.5)), ("top", (1, 3, 9)), ("delta", (3.0, 1.0, 0.0))):
        method = {"alpha": "disparity", "top": "top_edges", "delta": "noise_corrected"}[name]
        sizes = [backbone(graph, method=method, **{name: v}).num_edges for v in values]  # type: ignore[arg-type]
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[-1] <= graph.num_edges


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("edges_per_item", [0.001, 2, 5.5, 1_000])
def test_noise_corrected_keeps_to_its_number_of_edges(edges_per_item: float, directed: bool) -> None:
    rng = np.random.default_rng(2)
    weight = rng.lognormal(2, 1.2, size=900).round() + 1
    graph = ItemGraph.from_edges(rng.integers(40, size=900), rng.integers(40, size=900), weight, directed=directed)
    kept = backbone(graph, method="noise_corrected", delta=0, edges_per_item=edges_per_item)
    check_csr(kept)
    # The best edge out of and into each item comes on top.
    assert kept.num_edges <= edges_per_item * 40 + (2 if directed else 1) * 40
    assert (kept.strength > 0).all()
    if edges_per_item == 1_000:
        assert kept.fingerprint == backbone(graph, method="noise_corrected", delta=0).fingerprint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edges_per_item": 0}, "edges_per_item must be above 0, or None, not 0"),
        ({"method": "random"}, "'random'"),
        ({"alpha": 0}, "alpha"),
        ({"alpha": 1.5}, "1.5"),
        ({"method": "top_edges", "top": 0}, "top must be at least 1, not 0"),
        ({"method": "noise_corrected", "delta": -1}, "delta"),
    ],
)
def test_backbone_refuses(options: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        backbone(ItemGraph.from_edges([0], [1], directed=False), **options)


# --- communities ---


@pytest.mark.parametrize("directed", [True, False])
def test_communities_are_repeatable_and_numbered_by_size(directed: bool) -> None:
    blocks = nx.disjoint_union_all([nx.complete_graph(k) for k in (3, 9, 5)])
    graph = ItemGraph.from_networkx(blocks.to_directed() if directed else blocks)
    found = communities(graph, seed=3)
    assert found.dtype == np.int32
    assert found.tolist() == [2] * 3 + [0] * 9 + [1] * 5
    karate = ItemGraph.from_networkx(nx.karate_club_graph())
    assert (communities(karate, seed=5) == communities(karate, seed=5)).all()
    sizes = np.bincount(communities(karate, seed=5))
    assert (np.diff(sizes) <= 0).all()
    assert (
        nx.community.modularity(
            nx.karate_club_graph(), [set(np.flatnonzero(communities(karate) == c)) for c in range(len(sizes))]
        )
        > 0.4
    )


def test_communities_leave_pythons_randomness_alone() -> None:
    import random

    karate = ItemGraph.from_networkx(nx.karate_club_graph())
    random.seed(7)
    expected = random.Random(7).random()
    communities(karate, seed=1)
    assert random.random() == expected


def test_communities_mind_weights_not_direction() -> None:
    # A square whose opposite sides are heavy falls into those two sides; turning edges round changes nothing.
    edges = ([0, 1, 2, 3], [1, 2, 3, 0], [9, 1, 9, 1])
    one_way = communities(ItemGraph.from_edges(*edges, directed=True))
    both = communities(ItemGraph.from_edges(*edges, directed=False))
    assert one_way.tolist() == both.tolist() == [0, 0, 1, 1]


@few
@given(edge_lists())
def test_communities_cover_every_graph(drawn: tuple[int, list[tuple[int, int, float]], bool]) -> None:
    graph = build(*drawn)
    found = communities(graph)
    assert len(found) == len(graph)
    assert sorted(set(found.tolist())) == list(range(int(found.max()) + 1))
    assert (np.diff(np.bincount(found)) <= 0).all()


def test_edges_equally_far_above_expectation_stay_together() -> None:
    """Ten groups of four, all edges alike: none of them goes before another, whatever is asked for an item."""
    pairs = [(4 * group + i, 4 * group + j) for group in range(10) for i in range(4) for j in range(i)]
    source, target = map(list, zip(*pairs, strict=True))
    graph = ItemGraph.from_edges(source, target, [9.0] * len(pairs), directed=False)
    assert backbone(graph, method="noise_corrected", edges_per_item=1).num_edges == len(pairs)
