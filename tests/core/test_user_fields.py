"""What recall networks know of users beside the history: several values in a field, and the age of an example."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from recemb_core.deep import RecallModel, TwoTowerConfig, YouTubeDNNConfig, train_two_tower, train_youtube_dnn
from recemb_core.deep.histories import history_examples
from recemb_core.deep.user_fields import UserFields, beside_fields, facts_of
from recemb_core.sequences import Sequences

WORDS = pl.DataFrame(
    {"user": ["a", "b", "c"], "place": ["north", None, "south"], "words": [["tea", "cup"], ["tea"], None]}
)
SMALL = YouTubeDNNConfig(dimensions=8, hidden=(16, 16), epochs=20, batch_size=32, learning_rate=0.01, negative=20)


def test_codes_of_several_values_stand_side_by_side() -> None:
    fields = UserFields.of(WORDS)
    assert fields.names == ("place", "words")
    assert fields.widths == (1, 2)
    assert fields.starts == (0, 1)
    assert fields.codes_of(WORDS, np.array(["a", "b", "c", "d"])).tolist() == [
        [0, 0, 1],
        [-1, 1, -1],
        [1, -1, -1],
        [-1, -1, -1],
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"words": ["tea", "nail"]}, "'words' has no value 'nail'"),
        ({"place": ["north", "south"]}, "'place' takes 1 values at most, not 2"),
    ],
)
def test_what_is_not_known_is_said(facts: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        UserFields.of(WORDS).codes([facts])


def test_a_field_of_several_values_is_their_mean_and_none_is_zero() -> None:
    fields = UserFields.of(WORDS)
    codes = fields.codes_of(WORDS, np.array(["a", "b", "c"]))
    place, words = np.array([[1.0], [2.0]]), np.array([[10.0, 0.0], [30.0, 4.0]])
    found = beside_fields(np.zeros((3, 1)), [place, words], codes, np, fields.widths)
    assert found.tolist() == [[0, 1, 20, 2], [0, 0, 30, 4], [0, 2, 0, 0]]


def searchers() -> tuple[Sequences, pl.DataFrame]:
    """Each takes what one of its two words names; the first event says nothing."""
    rng = np.random.default_rng(0)
    people = [str(user) for user in range(240)]
    kinds = rng.integers(4, size=240)
    lists = [["x", f"{kind} {rng.integers(3)}"] for kind in kinds]
    words = [[f"word {kind}", f"noise {rng.integers(5)}"] for kind in kinds]
    return Sequences.from_lists(lists), pl.DataFrame({"user": people, "words": words})


@pytest.mark.slow
@pytest.mark.parametrize("network", ["youtube", "two-tower"])
def test_words_searched_for_are_learned_and_kept_in_a_file(network: str) -> None:
    data, words = searchers()
    if network == "youtube":
        model = train_youtube_dnn(data, replace(SMALL, epochs=40), user_fields=words)
    else:
        config = TwoTowerConfig(dimensions=8, hidden=16, epochs=40, batch_size=64, learning_rate=0.01)
        model = train_two_tower(data, config, user_fields=words)
    history = np.array([data.items.row("x")])
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    again = RecallModel.load(file)
    assert again.user_fields.widths == (2,)
    right = []
    for kind in range(4):
        facts = {"words": [f"word {kind}", "noise 1"]}
        best = model.recommend(history, k=3, user_facts=facts)
        assert best[0][0].startswith(str(kind))
        right += [item.startswith(str(kind)) for item, _ in best]
        assert again.recommend(history, k=3, user_facts=facts) == best
    assert np.mean(right) > 0.75  # by chance .25
    assert len(model.recommend(history, k=2)) == 2


def changing() -> Sequences:
    """Half of the log takes 'old', the newer half 'new'; what stands before it says nothing."""
    lists = [["x", "old" if user < 200 else "new"] for user in range(400)]
    times = np.repeat(np.arange(400.0), 2) * 1_000 + np.tile([0.0, 1.0], 400)
    data = Sequences.from_lists(lists)
    return replace(data, users=np.arange(400).astype(np.str_), timestamps=times)


def test_ages_run_from_one_to_zero_by_time() -> None:
    data = changing()
    examples = history_examples(data, aged=True)
    assert examples.age is not None
    span = data.timestamps.max() - data.timestamps.min()  # type: ignore[union-attr]
    expected = (data.timestamps.max() - data.timestamps[1::2]) / span  # type: ignore[union-attr,index]
    np.testing.assert_allclose(examples.age, expected, atol=1e-6)
    assert examples.age.min() == 0
    assert history_examples(data).age is None


def test_the_ages_of_baskets_are_those_of_the_basket_asked_for() -> None:
    data = Sequences(
        items=Sequences.from_lists([["a", "b", "c"]]).items,
        offsets=np.array([0, 2, 3, 5]),
        tokens=np.array([0, 1, 2, 0, 2], np.int32),
        ordered=False,
        users=np.array(["u", "u", "u"]),
        timestamps=np.array([0.0, 0.0, 60.0, 100.0, 100.0]),
    )
    examples = history_examples(data, aged=True)
    assert examples.age is not None
    np.testing.assert_allclose(examples.age, [0.4, 0.0], atol=1e-6)


@pytest.mark.slow
def test_told_the_age_the_network_serves_what_is_taken_now() -> None:
    data = changing()
    history = np.array([data.items.row("x")])
    rows = [data.items.row(name) for name in ("old", "new")]
    gaps = {}
    for aged in (False, True):
        model = train_youtube_dnn(data, replace(SMALL, epochs=60), example_age=aged)
        old, new = model.scores([history])[0][rows]
        gaps[aged] = float(new - old)
        assert model.tower.arrays()["w 0"].shape == (8, 16)  # served at age 0, it needs no input
    assert abs(gaps[False]) < 1  # both were taken alike
    assert gaps[True] > 2


def test_no_time_no_age() -> None:
    with pytest.raises(ValueError, match="needs timestamps"):
        train_youtube_dnn(Sequences.from_lists([["a", "b"], ["b", "a"]]), SMALL, example_age=True)


def test_facts_are_found_by_user() -> None:
    assert facts_of(WORDS, ["c", "x"]) == [{"place": "south", "words": None}, None]
