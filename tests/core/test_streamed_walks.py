"""Walks that are made anew in portions give what walks in memory give, byte for byte."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.arrays import Int32Array
from recemb_core.embeddings import (
    DeepWalkConfig,
    EGESConfig,
    Node2VecConfig,
    block_training,
    hogwild,
    skip_gram,
    train_eges,
    train_model,
)
from recemb_core.embeddings.block_training import portions
from recemb_core.embeddings.skip_gram import WalkedText, as_sentences
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import TrainingCancelled
from recemb_core.walks import WalkConfig, WalkStream, generate, generate_walks


def a_graph(n: int, *, directed: bool, seed: int = 0) -> ItemGraph:
    """Few edges: where they have a direction, walks end early, and some before their first step."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, n, (2, 2 * n))
    return ItemGraph.from_edges(*ends, rng.integers(1, 9, 2 * n), directed=directed, items=None)


@given(st.integers(2, 40), st.booleans(), st.integers(1, 4), st.integers(1, 9), st.integers(0, 5), st.data())
@settings(deadline=None, max_examples=40)
def test_any_rows_are_those_of_all_walks(
    n: int, directed: bool, rounds: int, length: int, seed: int, data: st.DataObject
) -> None:
    graph, config = a_graph(n, directed=directed), WalkConfig(num_walks=rounds, walk_length=length, q=3, seed=seed)
    walks, whole = WalkStream(graph, config), generate_walks(graph, config)
    assert len(walks) == len(whole) == rounds * len(graph)
    first = data.draw(st.integers(0, len(whole)))
    last = data.draw(st.integers(first, len(whole)))
    np.testing.assert_array_equal(walks.rows(first, last), whole[first:last])


@pytest.mark.parametrize("directed", [True, False])
def test_the_text_of_a_stream_is_that_of_the_matrix(directed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skip_gram, "TOKENS_AT_A_TIME", 70)
    graph, config = a_graph(50, directed=directed), WalkConfig(num_walks=3, walk_length=7)
    walks = generate_walks(graph, config)
    text, whole = WalkedText(WalkStream(graph, config), len(graph)), as_sentences(walks)
    np.testing.assert_array_equal(text.offsets, whole.offsets)
    np.testing.assert_array_equal(text.counts, np.bincount(walks[walks >= 0], minlength=len(graph)))
    many = len(whole.offsets) - 1
    for first, last in ((0, many), (0, 1), (many - 1, many), (9, 31)):
        part = text.part(first, last)
        np.testing.assert_array_equal(part.tokens, whole.tokens[whole.offsets[first] : whole.offsets[last]])
        np.testing.assert_array_equal(part.offsets, whole.offsets[first : last + 1] - whole.offsets[first])


@given(st.lists(st.integers(2, 30), min_size=1, max_size=30), st.integers(1, 40), st.integers(1, 90))
def test_portions_hold_every_chunk_once_and_the_sentences_of_its_centers(
    sizes: list[int], step: int, most: int
) -> None:
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    edges = np.unique(np.append(np.arange(0, offsets[-1], step), offsets[-1]))
    found = list(portions(edges, offsets, most))
    assert [p.chunks.start for p in found] == [0, *(p.chunks.stop for p in found[:-1])]
    assert found[-1].chunks.stop == len(edges) - 1
    for chunks, lines in found:
        begin, end = edges[chunks.start], edges[chunks.stop]
        assert offsets[lines.start] <= begin < offsets[lines.start + 1]
        assert offsets[lines.stop - 1] < end <= offsets[lines.stop]
        assert end - begin <= max(most, max(b - a for a, b in pairwise(edges.tolist())))


def watch_the_stream(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many walks are asked for, each time."""
    asked: list[int] = []
    rows = WalkStream.rows

    def watched(self: WalkStream, first: int, last: int) -> Int32Array:
        asked.append(min(last, len(self)) - first)
        return rows(self, first, last)

    monkeypatch.setattr(WalkStream, "rows", watched)
    return asked


@pytest.mark.parametrize(("n", "directed"), [(80, True), (700, True), (700, False)])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("kind", [Node2VecConfig, DeepWalkConfig])
def test_vectors_do_not_depend_on_whether_walks_are_kept(
    n: int, directed: bool, workers: int, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = a_graph(n, directed=directed)
    config = kind(dimensions=6, num_walks=4, walk_length=13, window=3, epochs=2, seed=5, workers=workers)
    monkeypatch.setattr(block_training, "PAIRS_OF_ONE_PART", 900)
    kept = train_model(config, graph=graph)
    monkeypatch.setattr(generate, "MOST_STEPS", 0)
    monkeypatch.setattr(skip_gram, "TOKENS_AT_A_TIME", 500)
    monkeypatch.setattr(block_training, "TOKENS_AT_A_TIME", 2_000)
    asked = watch_the_stream(monkeypatch)
    streamed = train_model(config, graph=graph)
    assert max(asked) < 4 * len(graph)  # never all of them
    assert streamed.vectors.tobytes() == kept.vectors.tobytes()
    assert streamed.output_vectors is not None
    assert kept.output_vectors is not None
    assert streamed.output_vectors.tobytes() == kept.output_vectors.tobytes()
    assert streamed.history == kept.history
    assert streamed.counts is not None
    assert streamed.counts.tolist() == kept.counts.tolist()


@pytest.mark.parametrize("attention", [True, False])
def test_eges_does_not_depend_on_whether_walks_are_kept(attention: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = a_graph(300, directed=True)  # some of its walks are of one item
    side = pl.DataFrame(
        {"kind": [f"k{i % 7}" for i in range(300)], "maker": [None if i % 5 else "m" for i in range(300)]}
    )
    config = EGESConfig(
        dimensions=6, num_walks=4, walk_length=13, window=3, epochs=2, seed=5, workers=1, attention=attention
    )
    monkeypatch.setattr(hogwild, "TOKENS_PER_SLICE", 400)
    kept = train_eges(graph, side, config)
    monkeypatch.setattr(hogwild, "SLICES_AT_A_TIME", 3)
    monkeypatch.setattr(skip_gram, "TOKENS_AT_A_TIME", 500)
    monkeypatch.setattr(generate, "MOST_STEPS", 0)
    asked = watch_the_stream(monkeypatch)
    streamed = train_eges(graph, side, config)
    assert len(asked) > 20
    assert max(asked) < len(graph)  # a fourth of them at most
    for name in ("vectors", "output_vectors", "own_vectors", "side_vectors", "attention", "counts"):
        assert getattr(streamed, name).tobytes() == getattr(kept, name).tobytes(), name
    assert streamed.history == kept.history


def test_a_streamed_training_reports_forward_and_can_be_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "MOST_STEPS", 0)
    monkeypatch.setattr(block_training, "TOKENS_AT_A_TIME", 2_000)
    graph, config = a_graph(700, directed=False), Node2VecConfig(dimensions=6, num_walks=4, walk_length=13)
    told: list[float] = []
    train_model(config, graph=graph, progress=lambda done, stage: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1.0
    with pytest.raises(TrainingCancelled):
        train_model(config, graph=graph, cancel=lambda: True)
