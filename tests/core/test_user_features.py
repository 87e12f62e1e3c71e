"""What inputs beside the history are worth: the study, the sizes of the networks, and tables of users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from recemb_core.datasets import load_dataset
from recemb_core.deep import RecallModel, TwoTowerConfig, YouTubeDNNConfig, train_two_tower, train_youtube_dnn
from recemb_core.deep.anatomy import Sizes, input_width, two_tower_parameters, youtube_parameters
from recemb_core.deep.user_fields import UserFields, details_fingerprint
from recemb_core.evaluation.ranking import NextItemCases, next_item_cases, rank_next_items
from recemb_core.experiments.user_features import FeatureReport, FeatureStudyConfig, feature_defaults, measure_features
from recemb_core.readers import InputError
from recemb_core.readers.user_details import (
    EVERYTHING,
    EXAMPLE_AGE,
    NOTHING,
    SIDE_INFORMATION,
    join_details,
    read_user_details,
)
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError

YOUTUBE = YouTubeDNNConfig(dimensions=8, hidden=(16, 12), epochs=30, batch_size=64, learning_rate=0.01, negative=20)
TOWERS = TwoTowerConfig(dimensions=8, hidden=16, epochs=30, batch_size=64, learning_rate=0.01)


def shop(users: int = 160) -> tuple[NextItemCases, pl.DataFrame]:
    """What a user takes turns on the place they come from; their color says nothing, nor does their history."""
    rng = np.random.default_rng(0)
    place = rng.integers(4, size=users)
    lists = [["x", f"{place[u]} {rng.integers(3)}", "x", f"{place[u]} {rng.integers(3)}"] for u in range(users)]
    names = [str(u) for u in range(users)]
    details = pl.DataFrame(
        {"user": names, "place": [f"p{one}" for one in place], "color": rng.choice(["red", "blue"], users).tolist()}
    )
    data = Sequences.from_lists(lists)
    time = np.repeat(np.arange(float(users)), 4) * 100 + np.tile(np.arange(4.0), users)
    return next_item_cases(replace(data, users=np.array(names), timestamps=time)), details


# ---- the study ----


def test_every_feature_is_left_out_once() -> None:
    config = FeatureStudyConfig(model=YOUTUBE, fields=("place", "color"), example_age=True)
    assert config.variants == {
        EVERYTHING: ("place", "color", EXAMPLE_AGE),
        "without place": ("color", EXAMPLE_AGE),
        "without color": ("place", EXAMPLE_AGE),
        f"without {EXAMPLE_AGE}": ("place", "color"),
        NOTHING: (),
    }
    assert list(FeatureStudyConfig(model=YOUTUBE, fields=("place",)).variants) == [EVERYTHING, NOTHING]


def test_what_the_page_measures() -> None:
    columns = ["a", "b", "c", "d", "e"]
    config = feature_defaults(YOUTUBE, columns, timed=True, side_information=True)
    assert config is not None
    assert config.features == ("a", "b", "c", "d", EXAMPLE_AGE)
    towers = feature_defaults(TOWERS, [], timed=True, side_information=True)
    assert towers is not None
    assert towers.features == (SIDE_INFORMATION,)
    assert feature_defaults(YOUTUBE, [], timed=False, side_information=True) is None


@pytest.mark.slow
@pytest.mark.parametrize("model", [YOUTUBE, TOWERS])
def test_a_field_that_decides_is_told_apart_and_one_that_says_nothing_is_not(model: Any) -> None:
    cases, details = shop()
    model = replace(model, history_length=1)  # the newest event is an "x", which says nothing of the place
    config = FeatureStudyConfig(model=model, fields=("place", "color"), k=3)
    told: list[float] = []
    report = measure_features(cases, config, details, progress=lambda fraction, stage: told.append(fraction))
    assert told == sorted(told)
    effects = report.effects(1)
    assert list(effects) == ["place", "color", NOTHING]
    assert not effects["color"].told_apart
    assert effects["place"].told_apart
    assert effects["place"].value > 0.2
    assert effects[NOTHING].told_apart
    again = FeatureReport.from_arrays(config, report.to_arrays())
    assert again.effects(1)["place"].value == pytest.approx(effects["place"].value, abs=1e-6)
    assert report.figures(1)[EVERYTHING].value > report.figures(1)[NOTHING].value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fields": ()}, "one feature at least"),
        ({"fields": ("a", "a")}, "distinct"),
        ({"side_information": True}, "side_information"),
        ({"model": TOWERS, "example_age": True}, "example_age"),
        ({"seeds": 0}, "seeds"),
    ],
)
def test_a_study_that_cannot_be_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FeatureStudyConfig(**{"model": YOUTUBE, "fields": ("a",), **change})


def test_a_column_that_is_not_there_is_named() -> None:
    cases, details = shop(20)
    with pytest.raises(ValueError, match="no column 'size'"):
        measure_features(cases, FeatureStudyConfig(model=YOUTUBE, fields=("size",)), details)


def test_facts_reach_the_scores_of_their_own_user() -> None:
    n = 12
    histories, targets = [np.array([0])] * n, [np.array([user % 5]) for user in range(n)]
    facts = [{"likes": user % 5} for user in range(n)]

    def scores(batch: Any, told: Any) -> np.ndarray:
        assert len(batch) == len(told)
        return np.eye(5)[[fact["likes"] for fact in told]]

    report = rank_next_items(scores, histories, targets, ks=(1,), exclude_seen=False, user_facts=facts)  # type: ignore[arg-type]
    assert report.hit_rate[1].value == 1
    with pytest.raises(ValueError, match="user_facts"):
        rank_next_items(np.eye(5), histories, targets, ks=(1,), user_facts=facts)
    with pytest.raises(ValueError, match="one for each of 12"):
        rank_next_items(scores, histories, targets, ks=(1,), user_facts=facts[:3])  # type: ignore[arg-type]


# ---- the sizes ----


def learned(model: RecallModel, left_out: tuple[str, ...]) -> int:
    """Numbers in the arrays of a trained model that are parameters."""
    arrays = model.tower.arrays()
    return sum(int(array.size) for name, array in arrays.items() if name not in left_out)


@pytest.mark.parametrize("fields", [(), ("place",), ("place", "color")])
@pytest.mark.slow
def test_youtube_has_as_many_parameters_as_are_counted(fields: tuple[str, ...]) -> None:
    cases, details = shop(30)
    table = details.select("user", *fields) if fields else None
    model = train_youtube_dnn(cases.train, replace(YOUTUBE, epochs=1), user_fields=table)
    sizes = Sizes(items=len(cases.train.items), fields=UserFields.of(table))
    counted = youtube_parameters(YOUTUBE, sizes)
    assert sum(counted.values()) == learned(model, ()) + model.item_vectors.size
    assert model.tower.arrays()["w 0"].shape[0] == input_width(YOUTUBE, sizes)


def test_an_age_adds_three_inputs() -> None:
    with_age, without = (youtube_parameters(YOUTUBE, Sizes(items=5, example_age=aged)) for aged in (True, False))
    assert with_age["layer 1"] - without["layer 1"] == 3 * YOUTUBE.hidden[0]


@pytest.mark.parametrize("sided", [True, False])
@pytest.mark.slow
def test_two_tower_has_as_many_parameters_as_are_counted(sided: bool) -> None:
    cases, details = shop(30)
    n = len(cases.train.items)
    kinds = pl.DataFrame({"kind": ["a", "b"] * n}).head(n)
    config = replace(TOWERS, epochs=1, side_information=sided)
    model = train_two_tower(cases.train, config, side_info=kinds, user_fields=details)
    sizes = Sizes(items=n, fields=UserFields.of(details), side_values=2)
    counted: Mapping[str, int] = two_tower_parameters(config, sizes)
    arrays = model.tower.arrays()
    assert arrays["inputs"].shape == (n, TOWERS.dimensions)  # the items' embeddings, mixed with their fields
    nothing = TOWERS.dimensions * (not sided)  # a table of no values has a row that nothing reads
    assert sum(counted.values()) == learned(model, ("trained_values", "temperature")) - nothing


# ---- tables of users ----

FILE = (
    b"customer,age,city,searched,shoe\n"
    b"u1,19,Bern,green tea,40\nu2,33,Bern,tea cup,41\nu3,61,Basel,saw,42\nu9,70,Basel,tea,39\nu2,34,Bern,x,41\n"
)


def test_a_table_is_joined_by_the_column_that_holds_the_users() -> None:
    found = read_user_details(FILE, ["u1", "u2", "u3", "u4"], words="searched")
    assert found.frame["user"].to_list() == ["u1", "u2", "u3"]
    assert found.frame["city"].to_list() == ["Bern", "Bern", "Basel"]
    assert found.frame["searched"].to_list() == [["tea"], ["tea"], None]
    assert "3 users of 4 have details" in " ".join(found.notes)
    assert "1 row of no user of this log was left out." in found.notes
    assert "1 row for a user who has one before; the first one counts." in found.notes
    assert any("1 of 4 are kept" in note for note in found.notes)
    assert found.columns == ("age", "city", "searched", "shoe")


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        (b"id,age\nz1,3\nz2,4\n", None, "no column of the user details holds users of this log, such as 'u1'"),
        (FILE, "query", "no column 'query' of words"),
        (FILE, "customer", "no column 'customer' of words"),
        (b"user,note\nu1,same\nu2,same\n", None, "nothing that groups users beside 'user'"),
    ],
)
def test_a_table_that_says_nothing_is_refused_in_a_sentence(file: bytes, words: str | None, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        read_user_details(file, ["u1", "u2", "u3", "u4"], words=words)
    assert "\n" not in str(error.value)


def test_users_of_the_groceries_are_those_of_its_log() -> None:
    data = load_dataset("complete_journey")
    assert data.sequences is not None
    assert data.sequences.users is not None
    assert data.user_details is not None
    assert set(data.user_details["user"]) == set(data.sequences.users.tolist())
    assert data.user_details.columns[:5] == ["user", "age", "income", "household_comp", "home_ownership"]
    fields = UserFields.of(data.user_details)
    assert dict(zip(fields.names, map(len, fields.values), strict=True))["age"] == 6
    assert len({details_fingerprint(None), details_fingerprint(data.user_details)}) == 2


@pytest.mark.parametrize("name", [EXAMPLE_AGE, SIDE_INFORMATION, EVERYTHING, NOTHING, "user"])
def test_a_column_that_is_called_as_one_of_our_own_gets_a_number_and_that_is_said(name: str) -> None:
    """In a study it would be told twice, or take another's place."""
    users = ["ann", "bob", "cy"]
    file = f"id,{name}\nann,x\nbob,y\ncy,x\n".encode()
    found = read_user_details(file, users)
    assert found.frame.columns == ["user", f"{name} (2)"]
    assert f"{name!r} is called '{name} (2)' here" in " ".join(found.notes)
    again = join_details(found.frame, found.frame)
    assert again is not None
    assert len(set(again.columns)) == 3
    config = FeatureStudyConfig(model=YOUTUBE, fields=tuple(found.frame.columns[1:]), example_age=True)
    assert len(set(config.variants)) == 4
    with pytest.raises(UsageError, match="none of"):
        FeatureStudyConfig(model=YOUTUBE, fields=(name,))
