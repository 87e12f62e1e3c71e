"""PPMI-SVD against NumPy's decomposition, planted groups, threads, and the ends of its range."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import PPMISVDConfig, TrainingCancelled, ppmi_svd_defaults, train_ppmi_svd
from recemb_core.embeddings.ppmi_svd import DENSE_UP_TO
from recemb_core.neighbors.exact import nearest_others
from recemb_core.scorers import pair_counts, positive_pmi
from recemb_core.sequences import Sequences


def planted(groups: int, size: int, *, seed: int = 0, sequences: int = 400) -> tuple[Sequences, np.ndarray]:
    """Sequences of six items of one group, and the group of each row."""
    rng = np.random.default_rng(seed)
    lists = [rng.choice(size, 6) + size * rng.integers(groups) for _ in range(sequences)]
    made = Sequences.from_lists([[f"item {row}" for row in line] for line in lists])
    return made, np.array([int(item.split()[1]) // size for item in made.items])


@pytest.mark.parametrize("size", [12, DENSE_UP_TO // 4 + 20])  # decomposed whole, and by its largest values alone
def test_input_times_output_is_the_best_table_of_its_rank(size: int) -> None:
    sequences, _ = planted(4, size, sequences=800)
    table = positive_pmi(pair_counts(sequences, 3), shift=1.0, smoothing=0.75).toarray()
    left, values, right = np.linalg.svd(table)
    best = (left[:, :8] * values[:8]) @ right[:8]
    for power in (0.0, 0.5, 1.0):
        found = train_ppmi_svd(sequences, PPMISVDConfig(dimensions=8, window=3, power=power))
        assert found.output_vectors is not None
        np.testing.assert_allclose(found.vectors @ found.output_vectors.T, best, atol=1e-4)
        np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=0), values[:8] ** power, rtol=1e-4)


@pytest.mark.parametrize("mode", ["sequence", "set"])
def test_neighbors_come_from_the_items_own_group(mode: str) -> None:
    sequences, group_of = planted(4, 12)
    found = train_ppmi_svd(sequences, PPMISVDConfig(dimensions=8, mode=mode))  # type: ignore[arg-type]
    near = nearest_others(found.vectors, 5)
    assert (group_of[near] == group_of[:, None]).mean() >= 0.9
    assert found.counts is not None
    assert found.counts.tolist() == sequences.counts.tolist()


def test_it_gives_the_same_bytes_on_any_number_of_threads() -> None:
    from threadpoolctl import threadpool_limits

    sequences, _ = planted(4, DENSE_UP_TO // 4 + 20, sequences=900)
    assert len(sequences.items) > DENSE_UP_TO
    found = []
    for threads in (1, 2, 2):
        with threadpool_limits(threads):
            found.append(train_ppmi_svd(sequences, PPMISVDConfig(dimensions=16)).to_bytes())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    "lists", [[], [["a"]], [["a", "b"]], [["a", "b"], ["c"]], [list(pair) for pair in combinations("abcde", 2)]]
)
def test_small_logs_have_vectors_too(lists: list[list[str]]) -> None:
    sequences = Sequences.from_lists(lists)
    found = train_ppmi_svd(sequences, PPMISVDConfig(dimensions=4))
    assert found.vectors.shape == (len(sequences.items), 4)
    assert found.vectors.dtype == np.float32
    assert np.isfinite(found.vectors).all()
    if len(sequences.items) == 3:  # "c" met nobody
        assert (found.vectors[2] == 0).all()


def test_the_defaults_follow_the_data() -> None:
    shop, groceries = load_dataset("planted_shop").sequences, load_dataset("complete_journey").sequences
    assert shop is not None
    assert groceries is not None
    assert (ppmi_svd_defaults(shop).mode, ppmi_svd_defaults(groceries).mode) == ("sequence", "set")


def test_it_tells_how_far_it_is_and_stops_when_asked() -> None:
    sequences, _ = planted(4, DENSE_UP_TO // 4 + 20)
    told: list[float] = []
    train_ppmi_svd(sequences, progress=lambda done, stage: told.append(done))
    assert told == sorted(told)
    assert len(told) > 20
    assert told[-1] == 1.0
    with pytest.raises(TrainingCancelled):
        train_ppmi_svd(sequences, cancel=lambda: len(told) > 0)


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"dimensions": 0}, {"window": 0}, {"mode": "bag"}, {"shift": 0.0}, {"smoothing": 2.0}, {"power": -1}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            replace(PPMISVDConfig(), **wrong)  # type: ignore[arg-type]
