"""The compiled kernels against the plain references: random numbers, σ, walks and their tables, blocks of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recemb_core.embeddings import reference as training
from recemb_core.embeddings.eges_kernel import all_hidden, stride_of, train_windows
from recemb_core.embeddings.eges_update_kernel import Parts
from recemb_core.embeddings.noise import noise_table
from recemb_core.item_graph import ItemGraph
from recemb_core.kernels import random_numbers, sigmoid
from recemb_core.kernels import reference as plain
from recemb_core.kernels.outdated import forget_outdated
from recemb_core.side_information import encode_side_info
from recemb_core.vocabulary import Vocabulary
from recemb_core.walks import WalkConfig, generate_walks, transition_probabilities
from recemb_core.walks import reference as walking
from recemb_core.walks.generate import proposal_for
from recemb_core.walks.tables import has_edge, may_have_edge, walk_tables
from recemb_core.walks.walk_kernel import LANES, PATIENCE, mass

words = st.integers(0, 2**64 - 1)


# --- random numbers and σ ---


@given(words, words)
@pytest.mark.slow
def test_random_numbers_are_those_of_the_reference(a: int, b: int) -> None:
    assert int(random_numbers.mix(np.uint64(a))) == plain.mix(a)
    draws, state = plain.Draws(b | 1), np.uint64(b | 1)
    for _ in range(3):
        state = np.uint64(random_numbers.next_state(state))  # a kernel hands whole numbers back as int
        assert int(random_numbers.random_bits(state)) == draws.bits()
    assert int(state) == draws.state


@given(words, st.integers(0, 2**40))
def test_a_number_of_a_stream_is_that_of_the_stream_read_in_a_row(seed: int, number: int) -> None:
    assert int(random_numbers.mixed_number(np.uint64(seed), number)) == plain.mixed_number(seed, number)
    further = plain.mixed_number(seed + plain.GOLDEN & 2**64 - 1, number)
    assert plain.mixed_number(seed, number + 1) == further


@given(st.floats(-50, 50, width=32))
@pytest.mark.slow
def test_sigma_by_table_is_sigma_at_the_middle_of_the_step(score: float) -> None:
    place = (score + sigmoid.LARGEST_SCORE) / sigmoid.LARGEST_SCORE * sigmoid.STEPS / 2
    assume(place == round(place) or abs(place - round(place)) > 1e-3)  # else float32 may round over a step's border
    step = sigmoid.step_of(np.float32(score))
    middle = plain.stepped(score)
    assert sigmoid.SIGMOID[step] == pytest.approx(1 / (1 + np.exp(-middle)), rel=1e-6)
    assert sigmoid.LOG_SIGMOID[step] == pytest.approx(-np.log1p(np.exp(-middle)), rel=1e-5)
    assert sigmoid.SIGMOID[sigmoid.STEPS - 1 - step] == pytest.approx(1 - sigmoid.SIGMOID[step], abs=1e-6)
    exact = 1 / (1 + np.exp(-np.float64(score)))
    assert abs(sigmoid.SIGMOID[step] - exact) <= sigmoid.LARGEST_SCORE / sigmoid.STEPS / 4 + 1e-6


# --- walks ---


def random_graph(n: int, density: float, directed: bool, decades: float, seed: int) -> ItemGraph:
    rng = np.random.default_rng(seed)
    linked = rng.random((n, n)) < density
    source, target = np.nonzero(linked if directed else np.triu(linked, 1))
    weight = 10 ** rng.uniform(0, decades, len(source))
    return ItemGraph.from_edges(source, target, weight, directed=directed, items=Vocabulary(range(n)))


graphs = st.builds(
    random_graph,
    st.integers(1, 40),
    st.sampled_from([0.03, 0.2, 0.7]),
    st.booleans(),
    st.sampled_from([0.0, 1.0, 6.0]),
    st.integers(0, 10_000),
)
biases = st.one_of(st.just(1.0), st.floats(1e-3, 1e3), st.sampled_from([1e-6, 1e6]))


@settings(max_examples=60, deadline=None)
@given(graphs, biases, biases, st.integers(0, 2**62))
@pytest.mark.slow
def test_walks_are_those_of_the_reference_node_by_node(graph: ItemGraph, p: float, q: float, seed: int) -> None:
    length = 7
    walks = generate_walks(graph, WalkConfig(num_walks=2, walk_length=length, p=p, q=q, seed=seed))
    for row in range(0, len(walks), 3):
        expected = walking.walk(graph, int(walks[row, 0]), row, length=length, p=p, q=q, seed=seed)
        assert walks[row].tolist() == expected + [-1] * (length - len(expected))


@pytest.mark.slow
def test_walks_that_need_the_scan_are_those_of_the_reference() -> None:
    """On a star q = 1e6 and p = 1e6 reject nearly every draw at the hub."""
    graph = ItemGraph.from_edges(np.zeros(30, int), np.arange(1, 31), directed=False)
    config = WalkConfig(num_walks=4 * LANES // 31 + 1, walk_length=9, p=1e6, q=1e6, seed=3)
    walks = generate_walks(graph, config)
    for row, walk in enumerate(walks.tolist()):
        assert walk == walking.walk(graph, walk[0], row, length=9, p=1e6, q=1e6, seed=3)
    assert walking.PATIENCE == PATIENCE


@settings(max_examples=60, deadline=None)
@given(graphs)
@pytest.mark.slow
def test_alias_tables_are_those_of_the_reference_and_hold_the_first_order_masses(graph: ItemGraph) -> None:
    tables = walk_tables(graph)
    for row in range(len(graph)):
        ids, weights = graph.neighbors(row)
        node = tables.nodes[row]
        slots = tables.edges[node["start"] : node["start"] + node["degree"]]
        keep, alias = plain.alias_table(weights)
        assert slots["target"].tolist() == ids.tolist()
        assert (slots["keep"].tolist(), (slots["alias"] - node["start"]).tolist()) == (keep, alias)
        if len(ids):
            kept = np.array(keep) / 2**32
            drawn = (kept + np.bincount(alias, weights=1 - kept, minlength=len(ids))) / len(ids)
            expected = transition_probabilities(graph, None, row, p=1, q=1)[1]
            np.testing.assert_allclose(drawn, expected, rtol=0, atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(graphs, biases, biases)
@pytest.mark.slow
def test_edges_and_second_order_masses_are_those_of_the_reference(graph: ItemGraph, p: float, q: float) -> None:
    tables, proposal = walk_tables(graph), proposal_for(p, q)
    edges = set(zip(graph.sources.tolist(), graph.indices.tolist(), strict=True))
    for t in range(len(graph)):
        for x in range(len(graph)):
            if t != x:
                assert bool(has_edge(t, x, tables)) == ((t, x) in edges)
                assert may_have_edge(t, x, tables) or (t, x) not in edges  # the filter never denies an edge
    for t, v in sorted(edges)[:30]:
        first, degree = tables.nodes[v]["start"], tables.nodes[v]["degree"]
        ours = np.array([mass(t, e, proposal, tables) for e in range(first, first + degree)])
        expected = walking.masses(graph, t, v, p, q)
        np.testing.assert_allclose(ours, expected, rtol=1e-12)
        if len(ours):
            closed = transition_probabilities(graph, t, v, p=p, q=q)[1]
            np.testing.assert_allclose(ours / ours.sum(), closed, rtol=1e-9)


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.slow
def test_the_filter_errs_as_seldom_as_it_says(directed: bool) -> None:
    """About 1 in 100, at the latest 1 in 50: 16 bits an edge or more; 40,000 pairs, so that noise is under 0.001."""
    graph = random_graph(400, 0.02, directed, 0.0, seed=1)
    tables = walk_tables(graph)
    wrong, asked = count_errors(len(graph), tables)
    assert asked > 40_000
    assert wrong / asked < 0.02


@numba.njit
def count_errors(n: int, tables: Any) -> tuple[int, int]:
    wrong, asked = 0, 0
    for t in range(n):
        for x in range(n):
            if t != x and not has_edge(t, x, tables):
                asked += 1
                wrong += may_have_edge(t, x, tables)
    return wrong, asked


# --- skip-gram on walks and sets ---


def tables(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * 0.4, rng.normal(size=(n, d)) * 0.4


def padded_walks(rng: np.random.Generator, n: int, many: int, length: int) -> np.ndarray:
    """Walks of any length from 0 on; items come again, also next to each other."""
    walks = rng.integers(0, n, (many, length)).astype(np.int32)
    walks[np.arange(length) >= rng.integers(0, length + 1, many)[:, None]] = -1
    return walks


shapes = pytest.mark.parametrize(
    ("d", "window", "negative"), [(1, 1, 1), (3, 2, 5), (8, 4, 0), (16, 1, 2), (33, 5, 3), (64, 2, 20)]
)
# Rounded otherwise, a score may fall on the other side of a step's border: σ is off by 1/1024, times rate · |v| < 0.01.
RATES = (0.01, 0.002)


def compare(ours: tuple[Any, ...], expected: tuple[Any, ...], found: tuple, wanted: tuple, atol: float) -> None:
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)
    assert found[1] == wanted[1]
    assert found[0] == pytest.approx(wanted[0], rel=max(atol, 1e-9))


# --- EGES ---


def item_parts(n: int, d: int, seed: int) -> Parts:
    """Three fields: one that all have, one that some lack, one with several values."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "shelf": rng.integers(0, 3, n).astype(str),
            "maker": [None if x < 2 else str(x) for x in rng.integers(0, 6, n)],
            "tags": [sorted({str(tag) for tag in rng.integers(0, 5, many)}) for many in rng.integers(0, 4, n)],
        }
    )
    side = encode_side_info(frame)
    own, values = rng.normal(size=(n, d)) * 0.4, rng.normal(size=(int(side.first[-1]), d)) * 0.4
    return Parts(own, values, rng.normal(size=(n, len(side.names) + 1)), side.indptr, side.codes)


def typed(parts: Parts, kind: type) -> Parts:
    own, side, attention = (array.astype(kind) for array in parts[:3])
    return Parts(own, side, attention, parts.indptr, parts.codes)


@shapes
@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize(("kind", "atol"), [(np.float64, 1e-8), (np.float32, 1e-5)])
@pytest.mark.slow
def test_a_block_of_windows_trains_as_the_reference(
    d: int, window: int, negative: int, attention: bool, kind: type, atol: float
) -> None:
    n, seed = 9, 5
    rng = np.random.default_rng(seed)
    parts, outputs = item_parts(n, d, seed), rng.normal(size=(n, d)) * 0.4
    before, logits = parts.own.copy(), parts.attention.copy()
    ours, our_outputs = typed(parts, kind), outputs.astype(kind)
    walks, table = padded_walks(rng, n, 6, 8), rng.permutation(noise_table(rng.integers(0, 20, n)))
    walks[0] = np.arange(8)
    how = attention, window, negative, RATES
    found = train_windows(0, len(walks), walks, ours, our_outputs, table, *how, np.uint64(seed))
    wanted = training.train_windows(walks, parts, outputs, table, *how, seed)
    compare((*ours[:3], our_outputs), (*parts[:3], outputs), found, wanted, atol)
    assert np.abs(parts.own - before).max() > 1e-3
    assert np.array_equal(parts.attention, logits) == (not attention)

    vectors, shares = np.empty_like(ours.own), np.empty_like(ours.attention)
    all_hidden(ours, vectors, shares)
    for item in range(n):
        _, weights, embeddings = training.embeddings_of(item, parts)
        np.testing.assert_allclose(shares[item], weights, rtol=0, atol=atol)
        np.testing.assert_allclose(vectors[item], weights @ embeddings, rtol=0, atol=10 * atol)


@given(st.integers(1, 3_000), words)
def test_windows_come_in_the_order_of_the_reference_each_once(total: int, seed: int) -> None:
    order = list(training.scattered(total, seed))
    assert sorted(order) == list(range(total))
    if total > 1:
        assert (order[1] - order[0]) % total == stride_of(total) % total


# --- compiled code on disk ---


def test_compiled_code_goes_when_any_source_of_a_kernel_has_changed(tmp_path: Path) -> None:
    (tmp_path / "kernels").mkdir()
    (tmp_path / "walks" / "__pycache__").mkdir(parents=True)
    shared, other = tmp_path / "kernels" / "shared.py", tmp_path / "other.py"
    index = tmp_path / "walks" / "__pycache__" / "walk_kernel.walk-1.py311.nbi"

    def kept() -> bool:
        index.touch()
        changed = forget_outdated(tmp_path)
        assert changed != index.exists()
        return index.exists()

    shared.write_text("import numba\nrate = 1\n")
    other.write_text("x = 1\n")
    assert not kept()  # nobody knows what it was made from
    assert kept()
    other.write_text("x = 2\n")
    assert kept()
    shared.write_text("import numba\nrate = 2\n")
    assert not kept()
    assert kept()
