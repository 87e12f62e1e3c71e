"""Vectors made elsewhere as rows of a leaderboard: the same figures as the model that they came from, and no more."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from recemb_core.brought import Brought, read_vectors
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import ItemVectors, Word2VecConfig, train_model
from recemb_core.experiments.leaderboard import (
    Advice,
    Entry,
    Leaderboard,
    PartCases,
    Protocol,
    brought_row,
    default_query,
    measure,
    measure_trained,
    part_cases,
    train_entry,
)
from recemb_core.scorers import PopularityConfig
from recemb_core.validation import UsageError

CONFIG = Word2VecConfig(dimensions=8, window=2, epochs=2)


@pytest.fixture(scope="module")
def cases() -> PartCases:
    log = load_dataset("planted_shop").sequences
    assert log is not None
    return part_cases(log, Protocol(most_users=300))


@pytest.fixture(scope="module")
def trained(cases: PartCases) -> ItemVectors:
    return train_model(CONFIG, sequences=cases.train)


def saved(vectors: ItemVectors, keep: np.ndarray | None = None) -> Brought:
    """Vectors by way of a file; of ``keep`` (rows) alone."""
    if keep is not None:
        from recemb_core.vocabulary import Vocabulary

        out = None if vectors.output_vectors is None else vectors.output_vectors[keep]
        items = Vocabulary(vectors.items[int(row)] for row in keep)
        vectors = ItemVectors(items, vectors.vectors[keep], out, config=vectors.config)
    file = io.BytesIO()
    vectors.save(file)
    return read_vectors(file.getvalue(), name="mine.npz")


def test_a_model_by_way_of_a_file_has_the_figures_that_it_has(cases: PartCases, trained: ItemVectors) -> None:
    row, vectors = brought_row(cases, saved(trained))
    assert (row.name, row.kind, row.seeded, row.brought) == ("mine.npz", "embedding", False, True)
    assert row.query == default_query(CONFIG, cases.train), "output vectors are in the file"
    run = measure_trained(cases, row, vectors)
    here = measure(cases, Entry(name="here", config=CONFIG, query=row.query))
    for view, report in here.views.items():
        np.testing.assert_array_equal(run.views[view].user_ndcg, report.user_ndcg)
    assert run.vectors == here.vectors, "links and fields as well"
    np.testing.assert_array_equal(run.head_lists, here.head_lists)
    assert np.isnan(run.train_seconds)
    assert run.seed is None


def test_what_has_no_vector_is_a_miss_and_in_no_list(cases: PartCases, trained: ItemVectors) -> None:
    keep = np.flatnonzero(np.arange(len(trained)) % 3 > 0)
    known = np.isin(np.arange(len(trained)), keep)
    row, vectors = brought_row(cases, saved(trained, keep), "two thirds")
    run = measure_trained(cases, row, vectors)
    report = run.views["main"]
    lost = np.array([not known[target].any() for target in cases.targets])
    assert lost.any()
    assert report.user_hits(10)[lost].max() == 0
    # By hand: the mean of the known vectors of a history, in · out, among the items that have a vector.
    assert row.query is not None
    half_life, out = row.query.half_life, trained.output_vectors
    assert half_life is not None
    assert out is not None
    for user in np.flatnonzero(~lost)[:40]:
        history = cases.histories[user]
        weights = 0.5 ** (np.arange(len(history))[::-1] / half_life) * known[history]
        scores = np.where(known, out @ (weights @ trained.vectors[history]), -np.inf)
        (target,) = cases.targets[user]
        assert report.user_hits(10)[user] == float((scores > scores[target]).sum() < 10)
    assert report.user_hits(len(keep))[~lost].all()
    whole = measure(cases, Entry(name="whole", config=CONFIG, query=row.query))
    assert run.vectors is not None
    assert whole.vectors is not None
    assert run.vectors.links == whole.vectors.links, "asked about the same links"
    assert run.views["main"].coverage[10] <= known.mean()


def test_what_was_made_elsewhere_is_not_trained_and_has_no_price(cases: PartCases, trained: ItemVectors) -> None:
    row, vectors = brought_row(cases, saved(trained))
    with pytest.raises(UsageError, match="made elsewhere and cannot be trained"):
        train_entry(cases, row)
    floor = Entry(name="floor", config=PopularityConfig())
    board = Leaderboard.of([(floor, measure(cases, floor)), (row, measure_trained(cases, row, vectors))])
    copy = replace(row, name="copy")
    board = board.plus(copy, measure_trained(cases, copy, vectors))
    comparison = board.compare()
    assert comparison.unmeasured == ()
    assert not comparison.between("mine.npz", "copy").told_apart
    advice = board.advice(comparison)
    assert advice.take == comparison.order[0]
    words = Advice(("mine", "slow", "quick"), "mine", {"mine": float("nan"), "slow": 9.0, "quick": 0.1}).words
    assert "what it cost to train is not known here, against slow 9 s and quick 0.1 s" in words
    with pytest.raises(UsageError, match="is an item of this data"):
        brought_row(cases, read_vectors(b"1 2\nnobody 1 0\n", name="other.txt"))
