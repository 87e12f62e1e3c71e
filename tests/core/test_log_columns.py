"""User features out of a log's own columns: what is taken, from which events, and that nothing held out is seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.deep import YouTubeDNNConfig
from recemb_core.deep.log_columns import LogColumns, free_columns, user_columns
from recemb_core.deep.user_fields import UserFields, details_fingerprint
from recemb_core.evaluation.ranking import next_item_cases
from recemb_core.experiments.user_features import FeatureStudyConfig, measure_features
from recemb_core.readers import CleaningConfig, ColumnMapping, InputError, Reading
from recemb_core.readers.assembly import ParsedLog, parse_log
from recemb_core.readers.user_details import join_details, read_user_details, shared_words
from recemb_core.sequences import Sequences, clean_log
from recemb_core.splits import leave_last_out
from tests import hostile

CITIES, SEARCHES = ["Bern", "Chur", "Genf", ""], ["green tea", "tea cup", "saw", "", "Green  TEA pot"]
KEPT = CleaningConfig(drop_repeats=False, min_length=1)


def frame_of(seed: int = 0, users: int = 12, events: int = 7) -> pl.DataFrame:
    """A log whose rows stand in no order, with a place and search words in each."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "user": f"u{user}",
            "item": f"i{rng.integers(9)}",
            "time": str(1_700_000_000 + 100_000 * user + 7_000 * step),
            "city": CITIES[rng.integers(4)],
            "search": SEARCHES[rng.integers(5)],
            "price": f"{rng.integers(1, 900)}.5",
        }
        for user in range(users)
        for step in range(events)
    ]
    return pl.DataFrame(rows).sample(fraction=1.0, shuffle=True, seed=seed)


ROLES = ColumnMapping(shape="events", user="user", item="item", timestamp="time")


def log_of(frame: pl.DataFrame, mapping: ColumnMapping = ROLES) -> ParsedLog:
    return parse_log(frame, Reading(columns=mapping))


def by_hand(frame: pl.DataFrame, column: str, held_out: int) -> dict[str, list[str]]:
    """The texts of each user's training events, newest first, written without the library."""
    found: dict[str, list[str]] = {}
    for user in frame["user"].unique():
        own = frame.filter(pl.col("user") == user).sort(pl.col("time").cast(pl.Int64))[column].to_list()
        found[user] = [text for text in reversed(own[: len(own) - held_out]) if text]
    return found


@pytest.mark.parametrize("held_out", [0, 1, 2])
def test_a_user_has_the_newest_value_of_the_training_part(held_out: int) -> None:
    frame = frame_of()
    found = user_columns(log_of(frame), KEPT, latest=["city"], held_out=held_out).frame
    wanted = by_hand(frame, "city", held_out)
    assert dict(found.iter_rows()) == {user: texts[0] for user, texts in wanted.items() if texts}


def test_a_user_has_the_words_of_all_training_events_the_newest_first() -> None:
    frame = frame_of()
    found = dict(user_columns(log_of(frame), KEPT, words="search").frame.iter_rows())
    texts = by_hand(frame, "search", 2)
    known, _ = shared_words(pl.Series("search", ["\n".join(texts[user]) for user in texts]))
    wanted = dict(zip(texts, known.to_list(), strict=True))
    assert found == {user: words for user, words in wanted.items() if words}
    assert all(len(set(words)) == len(words) for words in found.values())
    assert any(len(words) > 1 for words in found.values())


def trained_on(log: ParsedLog, cleaning: CleaningConfig) -> set[tuple[Any, ...]]:
    """(user, time) of what the page trains on, found as the page finds it."""
    train = next_item_cases(leave_last_out(clean_log(log, cleaning))[0]).train.to_frame()
    return set(train.select("user", "timestamp").iter_rows())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), events=st.integers(3, 7), gap=st.sampled_from([60.0, 120.0, 1e9]))
@pytest.mark.slow
def test_nothing_held_out_is_seen(seed: int, events: int, gap: float) -> None:
    """Every cell of an event that the page does not train on is changed; the same arrays, names and notes come."""
    frame = frame_of(seed, 8, events)
    cleaning = CleaningConfig(drop_repeats=seed % 2 == 0, gap_minutes=gap, min_length=1)
    trained = trained_on(log_of(frame), cleaning)
    gone = [(u, float(t)) not in trained for u, t in frame.select("user", "time").iter_rows()]
    assert sum(gone) >= 16
    spoilt = frame.with_columns(
        pl.when(pl.Series(gone)).then(pl.lit(new)).otherwise(pl.col(name)).alias(name)
        for name, new in (("city", "Elsewhere"), ("search", "secret next item"), ("price", "x"))
    )

    def found(of: pl.DataFrame) -> LogColumns | str:
        try:
            return user_columns(log_of(of), cleaning, latest=["city", "price"], words="search")
        except InputError as error:
            return str(error)

    before, after = found(frame), found(spoilt)
    if isinstance(before, str) or isinstance(after, str):
        assert before == after
        return
    assert before.notes == after.notes
    assert details_fingerprint(before.frame) == details_fingerprint(after.frame)
    one, other = (UserFields.of(part.frame) for part in (before, after))
    assert one.values == other.values
    names = np.array([f"u{user}" for user in range(8)])
    np.testing.assert_array_equal(one.codes_of(before.frame, names), other.codes_of(after.frame, names))


def test_what_is_trained_on_does_count() -> None:
    """The test above could pass where nothing is read at all."""
    frame = frame_of()
    newest = str(1_700_000_000 + 7_000 * 4)  # of the first user's seven events, two are held out
    changed = frame.with_columns(city=pl.when(pl.col("time") == newest).then(pl.lit("Oslo")).otherwise("city"))
    found = user_columns(log_of(changed), KEPT, latest=["city"]).frame
    assert dict(found.iter_rows())["u0"] == "Oslo"


def test_the_order_of_the_file_does_not_matter() -> None:
    frame = frame_of()
    other = frame.sample(fraction=1.0, shuffle=True, seed=9)
    one, two = (user_columns(log_of(part), KEPT, latest=["city", "price"], words="search").frame.sort("user")
                for part in (frame, other))  # fmt: skip
    assert one.equals(two)


def test_a_row_that_holds_a_whole_history_is_not_read_where_a_part_of_it_is_held_out() -> None:
    frame = pl.DataFrame(
        {
            "who": ["a", "a", "b", "b", "c"],
            "items": ["x y z", "x z y", "y x z", "z x y", "x y z"],
            "city": ["Bern", "Rome", "Chur", "Rome", "Oslo"],
        }
    )
    mapping = ColumnMapping(shape="sequences", user="who", sequence=("items",))
    found = user_columns(log_of(frame, mapping), KEPT, latest=["city"])
    assert found.frame.rows() == [("a", "Bern"), ("b", "Chur")]
    with pytest.raises(InputError, match="tell nothing of its users before what is held out"):
        user_columns(log_of(frame.tail(1), mapping), KEPT, latest=["city"])


def test_a_held_out_basket_is_held_out_whole() -> None:
    rows = [(f"u{u}", f"o{u}{o}", f"i{i}", str(1_700_000_000 + 90_000 * o), f"c{o}{u % 2}") for u in range(4)
            for o in range(4) for i in range(3)]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["user", "order", "item", "time", "city"], orient="row")
    mapping = ColumnMapping(shape="baskets", user="user", basket="order", item="item", timestamp="time")
    found = dict(user_columns(log_of(frame, mapping), KEPT, latest=["city"]).frame.iter_rows())
    assert found == {f"u{u}": f"c1{u % 2}" for u in range(4)}


def test_a_log_that_names_nobody_has_its_sequences_for_users() -> None:
    frame = pl.DataFrame(
        {"session": list("aaaabbbb"), "item": list("xyzxyxzy"), "city": [*["Bern"] * 4, *["Chur"] * 4]}
    )
    mapping = ColumnMapping(shape="events", session="session", item="item")
    log = log_of(frame, mapping)
    found = user_columns(log, KEPT, latest=["city"]).frame
    assert found.rows() == [("0", "Bern"), ("1", "Chur")]
    assert next_item_cases(leave_last_out(clean_log(log, KEPT))[0]).users.tolist() == found["user"].to_list()


def test_numbers_are_cut_into_bins_and_what_was_taken_is_said() -> None:
    found = user_columns(log_of(frame_of(users=60)), KEPT, latest=["price", "city"], words="search")
    values = UserFields.of(found.frame).values
    assert len(values[0]) == 5
    assert all(" to " in value for value in values[0])
    said = " ".join(found.notes)
    assert "'price' holds numbers; it was cut into bins" in said
    assert "300 events of 60 users; the last 2 baskets or clicks of each user are kept" in said
    counts = found.frame["city"].value_counts().sort(["count", "city"], descending=[True, False])
    assert f"{found.frame['city'].count()} of 60 users have one, 3 different; most often '{counts['city'][0]}' " in said
    assert f"({counts['count'][0]})" in said


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({}, "no column of the log is chosen"),
        ({"latest": ["town"]}, "the log has no column 'town'"),
        ({"latest": ["item"]}, "'item' of the log has a role already"),
        ({"latest": ["city"], "words": "city"}, "is chosen as one value and as words"),
        ({"latest": ["city", "city"]}, "is chosen twice"),
        ({"words": "price"}, "holds numbers and no words; choose it as one value"),
        ({"latest": ["when"]}, "holds times, which group no users"),
        ({"words": "when"}, "holds times, which group no users"),
        ({"latest": ["same"]}, "tell nothing of its users before what is held out.*one value only"),
        ({"latest": ["city"], "held_out": -1}, "held_out must be a whole number from 0"),
    ],
)
def test_a_bad_choice_is_one_sentence(chosen: dict[str, Any], said: str) -> None:
    days = pl.lit("2024-03-0") + (pl.int_range(pl.len()) % 9 + 1).cast(pl.String)
    frame = frame_of().with_columns(same=pl.lit("x"), when=days)
    with pytest.raises(ValueError, match=said):
        user_columns(log_of(frame), KEPT, **chosen)


def test_columns_without_a_role_are_offered_then_those_taken_for_the_items() -> None:
    frame = frame_of().with_columns(brand=pl.lit("a"), parts=pl.lit(["x"]))
    mapping = ColumnMapping(shape="events", user="user", item="item", timestamp="time", side=("brand", "city"))
    assert free_columns(log_of(frame, mapping)) == ("search", "price", "city", "brand")
    plain = frame_of().select("user", "item", "time")
    assert free_columns(log_of(plain)) == ()


@pytest.mark.parametrize("name", ["user", "value", "owner", "count", "title", "*", "^.*$", *hostile.FIELDS])
def test_a_column_of_any_name_holds_any_values(name: str) -> None:
    frame = frame_of().rename({"user": "who"})
    held = [hostile.VALUES[n % len(hostile.VALUES)] for n in range(len(frame))]
    frame = frame.with_columns(pl.Series(name, held))
    mapping = ColumnMapping(shape="events", user="who", item="item", timestamp="time")
    one = user_columns(log_of(frame, mapping), KEPT, latest=[name]).frame
    words = user_columns(log_of(frame, mapping), KEPT, words=name).frame
    for found in (one, words):
        assert found.columns == ["user", "user (2)" if name == "user" else name]
        assert len(found)
    both = join_details(one, words)
    assert both is not None
    assert len(both.columns) == 3
    assert UserFields.of(both).codes_of(both, np.array(["u1"])).max() >= 0


def test_a_table_of_users_may_have_another_column_called_user() -> None:
    file = b"id,user,searched\na,x,tea cup\nb,x,tea\nc,y,cup\n"
    assert read_user_details(file, ["a", "b", "c"]).frame.columns == ["user", "user (2)", "searched"]
    assert read_user_details(file, ["a", "b", "c"], words="searched").frame["searched"].to_list()[0] == ["tea", "cup"]


@pytest.mark.parametrize("name", ["*", "^.*$"])
@pytest.mark.slow
def test_no_columns_name_is_taken_for_a_pattern(name: str) -> None:
    table = pl.DataFrame({"id": ["a", "b", "c"], name: ["x y", "x y", "z"], "age": ["old", "old", "young"]})
    found = read_user_details(table, ["a", "b", "c"])
    assert found.frame.columns == ["user", name, "age"]
    assert found.frame[name].to_list() == ["x y", "x y", "z"]
    assert read_user_details(table.rename({"id": name, name: "who"}), ["a", "b", "c"]).frame.columns[0] == "user"
    cases = next_item_cases(Sequences.from_lists([["a", "b", "c"], ["b", "c", "a"]] * 4))
    people = pl.DataFrame({"user": [str(user) for user in range(8)], name: ["x", "y"] * 4, "age": ["old", "new"] * 4})
    model = YouTubeDNNConfig(dimensions=4, hidden=(4, 4), epochs=1, negative=4)
    measured = measure_features(cases, FeatureStudyConfig(model=model, fields=(name,), seeds=1), people)
    assert list(measured.figures(1)) == ["everything", "the history alone"]


def test_one_table_of_users_joined_to_none_is_itself() -> None:
    table = pl.DataFrame({"user": ["a"], "x": ["1"]})
    assert join_details(None, None) is None
    for first, second in ((table, None), (None, table)):
        assert join_details(first, second) is table
