"""From events to sequences: cleaning in its fixed order, sessions, baskets."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.readers import CleaningConfig, InputError, guess_columns, load_table
from recemb_core.sequences import Sequences, read_events, read_sequences, split_sessions

Event = tuple[str, str, float]
HOUR = 3600.0

# Few users, items and times, so that repeats, ties and exact gaps are common.
EVENTS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcde"), st.integers(0, 400).map(lambda m: 60.0 * m + 1.6e9)),
    min_size=1,
    max_size=60,
)
DATES = {"user": "user", "item": "item", "timestamp": "time"}


def frame_of(events: list[Event]) -> pl.DataFrame:
    return pl.DataFrame(events, schema={"user": pl.String, "item": pl.String, "time": pl.Float64}, orient="row")


def lines_of(sequences: Sequences) -> list[list[str]]:
    return [[sequences.items[t] for t in line] for line in sequences]


def by_hand(events: list[Event], config: CleaningConfig) -> list[tuple[str, list[str]]]:
    """The cleaning as loops, one paragraph a step."""
    gap = config.gap_minutes * 60
    first = {user: n for n, user in reversed(list(enumerate(e[0] for e in events)))}
    rows = sorted(events, key=lambda e: (first[e[0]], e[2]))
    pairs = list(zip([None, *rows], rows, strict=False))
    opens = [a is None or a[0] != b[0] or b[2] - a[2] > gap for a, b in pairs]
    rows = [(*row, visit) for row, visit in zip(rows, np.cumsum(opens).tolist(), strict=True)]
    if config.drop_repeats:
        rows = [row for row, (a, b), new in zip(rows, pairs, opens, strict=True) if new or a[1] != b[1]]
    counts = Counter(row[1] for row in rows)
    rows = [e for e in rows if counts[e[1]] >= config.min_count]
    if config.max_user_events is not None:
        active = Counter(row[0] for row in rows)
        rows = [e for e in rows if active[e[0]] <= config.max_user_events]
    sessions = [list(of) for _, of in groupby(rows, key=lambda row: row[3])]
    return [(s[0][0], [e[1] for e in s]) for s in sessions if len(s) >= config.min_length]


@given(
    EVENTS,
    st.builds(
        CleaningConfig,
        drop_repeats=st.booleans(),
        min_count=st.integers(1, 4),
        max_user_events=st.none() | st.integers(1, 20),
        gap_minutes=st.sampled_from([5, 30, 60, 100.5]),
        min_length=st.integers(1, 4),
    ),
)
@pytest.mark.slow
def test_cleaning_in_its_order(events: list[Event], config: CleaningConfig) -> None:
    expected = by_hand(events, config)
    if not expected:
        with pytest.raises(InputError, match="no sequence is left"):
            read_events(frame_of(events), config=config, mapping=guess_columns(frame_of(events), **DATES))
        return
    s = read_events(frame_of(events), config=config, mapping=guess_columns(frame_of(events), **DATES))
    assert lines_of(s) == [line for _, line in expected]
    assert s.users.tolist() == [user for user, _ in expected]
    counts = Counter(item for _, line in expected for item in line)
    assert s.items.ids == tuple(sorted(counts, key=lambda item: (-counts[item], item)))
    assert s.report[0].rows[0] == len(events)
    assert s.report[-1].rows[1] == len(s.tokens)
    for before, after in zip(s.report, s.report[1:], strict=False):
        assert before.rows[1] == after.rows[0]
        assert before.items[1] == after.items[0]


@settings(max_examples=40)
@given(EVENTS, st.integers(1, 200), st.integers(1, 200))
@pytest.mark.slow
def test_sessions_partition_the_events(events: list[Event], gap: int, other: int) -> None:
    whole = read_events(frame_of(events), **DATES, gap_minutes=gap, min_length=1, drop_repeats=False)
    assert Counter(zip(np.repeat(whole.users, whole.lengths), whole.timestamps, strict=True)) == Counter(
        (user, time) for user, _, time in events
    )
    again = split_sessions(whole, gap_minutes=other, min_length=1, drop_repeats=False)
    straight = read_events(frame_of(events), **DATES, gap_minutes=other, min_length=1, drop_repeats=False)
    assert again.offsets.tolist() == straight.offsets.tolist()
    assert again.tokens.tolist() == straight.tokens.tolist()
    for s, limit in ((whole, gap * 60.0), (again, other * 60.0)):
        user, step = np.repeat(s.users, s.lengths), np.diff(s.timestamps)
        inside = np.ones(len(step), dtype=bool)
        inside[s.offsets[1:-1] - 1] = False
        assert (step[inside] <= limit).all()
        assert (step[inside] >= 0).all()
        assert ((step > limit) | (user[1:] != user[:-1]))[~inside].all()


def test_a_25_hour_gap_splits() -> None:
    log = [("u", "a", 0.0), ("u", "b", 60.0), ("u", "c", 25 * HOUR + 60), ("u", "d", 25 * HOUR + 120)]
    assert lines_of(read_events(frame_of(log))) == [["a", "b"], ["c", "d"]]
    joined = read_events(frame_of(log), gap_minutes=30 * 60)
    assert lines_of(joined) == [["a", "b", "c", "d"]]
    assert lines_of(split_sessions(joined)) == [["a", "b"], ["c", "d"]]


def test_a_gap_of_just_the_limit_does_not_split() -> None:
    log = [("u", "a", 0.0), ("u", "b", HOUR), ("u", "c", 2 * HOUR + 1), ("u", "d", 2 * HOUR + 2)]
    assert lines_of(read_events(frame_of(log))) == [["a", "b"], ["c", "d"]]


def test_a_dropped_event_is_no_pause() -> None:
    """Whoever looks again at the same item, or at a rare one, has not been away."""
    again = [("u", "a", 0.0), ("u", "a", 50 * 60.0), ("u", "b", 70 * 60.0)]
    assert lines_of(read_events(frame_of(again))) == [["a", "b"]]
    rare = [("u", "a", 0.0), ("u", "z", 50 * 60.0), ("u", "b", 70 * 60.0), ("v", "a", 0.0), ("v", "b", 1.0)]
    assert lines_of(read_events(frame_of(rare), min_count=2)) == [["a", "b"], ["a", "b"]]
    (cut,) = (step for step in read_events(frame_of(again)).report if step.name == "sessions")
    assert cut.sequences == (1, 1)


def test_repeats_end_with_the_session() -> None:
    log = [("u", "a", 0.0), ("u", "a", 60.0), ("u", "b", 120.0), ("u", "b", 30 * HOUR), ("u", "a", 30 * HOUR + 60)]
    assert lines_of(read_events(frame_of(log))) == [["a", "b"], ["b", "a"]]
    kept = read_events(frame_of(log), drop_repeats=False)
    assert lines_of(kept) == [["a", "a", "b"], ["b", "a"]]
    assert lines_of(split_sessions(kept)) == [["a", "b"], ["b", "a"]]


def test_equal_times_keep_the_order_of_the_file() -> None:
    log = [("u", item, 0.0) for item in "dbca"] + [("v", item, 60.0) for item in "cab"]
    assert lines_of(read_events(frame_of(log))) == [["d", "b", "c", "a"], ["c", "a", "b"]]


def test_split_sessions_refuses_what_it_cannot_do() -> None:
    plain = Sequences.from_lists([["a", "b"]])
    with pytest.raises(ValueError, match="no timestamps"):
        split_sessions(plain)
    with pytest.raises(ValueError, match="baskets have no order"):
        split_sessions(Sequences.from_lists([["a", "b"]], ordered=False))
    timed = read_events(frame_of([("u", "a", 0.0), ("u", "b", 60.0)]))
    with pytest.raises(ValueError, match="gap_minutes must be"):
        split_sessions(timed, gap_minutes=-1)
    with pytest.raises(ValueError, match=r"no session is left.*raise gap_minutes"):
        split_sessions(timed, gap_minutes=0.5)


def test_baskets() -> None:
    log = (
        b"customer,invoice,product,qty,date\n"
        b"c1,i1,a,2,2020-01-02 10:05\nc1,i1,b,1,2020-01-02 10:04\nc1,i1,a,3,2020-01-02 10:06\n"
        b"c2,i2,b,1,2020-01-01 09:00\nc2,i2,c,1,2020-01-01 09:00\n"
        b"c1,i0,c,1,2020-01-01 09:00\nc1,i0,a,1,2020-01-01 09:00\n"
        b"c2,i3,a,-1,2020-01-03 09:00\nc2,i4,a,1,2020-01-04 09:00\n"
    )
    s = read_events(log)
    assert not s.ordered
    assert lines_of(s) == [["c", "a"], ["a", "b"], ["b", "c"]]
    assert s.users.tolist() == ["c1", "c1", "c2"]
    assert s.weights.tolist() == [1, 1, 5, 1, 1, 1]
    at = s.timestamps.reshape(3, 2)
    assert (at[:, 0] == at[:, 1]).all()
    assert at[1, 0] == 1577959440.0  # the earliest line of the basket
    assert [step.name for step in s.report if not step.name.startswith("reading: ")] == [
        "parse",
        "filter: returns",
        "repeats",
        "sessions",
        "short sessions",
    ]


def test_basket_numbers_that_start_again_for_each_user() -> None:
    log = b"user,basket,item\na,1,x\na,1,y\nb,1,y\nb,1,z\n"
    assert sorted(map(sorted, lines_of(read_events(log)))) == [["x", "y"], ["y", "z"]]


def test_days_without_hours_are_baskets() -> None:
    log = b"user,item,date\na,x,2020-01-01\na,y,2020-01-01\na,z,2020-01-03\na,x,2020-01-03\n"
    s = read_events(log)
    assert not s.ordered
    assert lines_of(s) == [["x", "y"], ["z", "x"]]
    assert "one for each day of a user" in " ".join(step.text for step in s.report)
    once_a_day = b"user,item,date\na,x,2020-01-01\na,y,2020-01-02\na,z,2020-01-03\n"
    s = read_events(once_a_day, gap_minutes=2 * 24 * 60)
    assert s.ordered
    assert lines_of(s) == [["x", "y", "z"]]


def test_without_time_the_order_of_the_file_counts() -> None:
    s = read_events(b"user,item\nb,x\na,y\nb,z\na,x\n")
    assert lines_of(s) == [["x", "z"], ["y", "x"]]
    assert s.timestamps is None
    assert "no time, so nothing is cut" in " ".join(step.text for step in s.report)


def test_one_person_s_history_needs_no_user() -> None:
    s = read_events(b"item,timestamp\nx,1600000000\ny,1600000060\nz,1700000000\nx,1700000001\n")
    assert s.users is None
    assert lines_of(s) == [["x", "y"], ["z", "x"]]


def test_filters_run_before_everything_else() -> None:
    log = b"user,item,time,rating,event,dwell\n" + b"".join(
        b"u,%s,%d,%d,%s,%d\n" % row
        for row in [
            (b"a", 0, 5, b"view", 9), (b"b", 60, 1, b"view", 9), (b"a", 120, 5, b"view", 9),
            (b"c", 180, 5, b"hover", 9), (b"d", 240, 5, b"buy", 1), (b"e", 300, 5, b"buy", 9),
        ]
    )  # fmt: skip
    s = read_events(log, min_rating=2, event_types=["view", "buy"], min_dwell_seconds=5)
    assert lines_of(s) == [["a", "e"]]  # without b the two a are a repeat
    assert [step.name for step in s.report if not step.name.startswith("reading: ")] == [
        *(
            "parse",
            "filter: rating",
            "filter: event type",
            "filter: dwell time",
            "repeats",
            "sessions",
            "short sessions",
        )
    ]
    assert [step.dropped_rows for step in s.report if not step.name.startswith("reading: ")] == [0, 1, 1, 1, 1, 0, 0]


def test_properties_of_items_among_the_events() -> None:
    rng = np.random.default_rng(1)
    item = rng.integers(0, 20, 2_000)
    frame = pl.DataFrame(
        {
            "user": rng.integers(0, 50, 2_000),
            "item": item,
            "timestamp": 1_600_000_000 + rng.integers(0, 100_000, 2_000),
            "category": [f"c{i % 3}" for i in item],
            "device": rng.choice(["phone", "desk"], 2_000),
            "country": np.where(rng.random(2_000) < 0.95, "UK", "FR"),
        }
    )
    s = read_events(frame)
    assert s.side_info.columns == ["category"]
    assert s.side_info["category"].to_list() == [f"c{int(i) % 3}" for i in s.items]


def test_settings_and_columns_come_one_way_only() -> None:
    table = load_table(b"user,item\na,x\na,y\n")
    with pytest.raises(ValueError, match="either mapping or single columns"):
        read_events(table, mapping=guess_columns(table.frame), user="user")
    with pytest.raises(ValueError, match="either config or single settings"):
        read_events(table, config=CleaningConfig(), min_count=2)


def test_read_sequences_keeps_everything() -> None:
    s = read_sequences(b"b b a\na\n\nc b\n")
    assert lines_of(s) == [["b", "b", "a"], ["a"], ["c", "b"]]
    assert s.items.ids == ("b", "a", "c")
    assert s.tokens.dtype == np.int32
    assert s.offsets.dtype == np.int64


def test_types() -> None:
    s = read_events(b"user,item,time,qty\na,x,1600000000,1\na,y,1600000001,2\n")
    assert s.offsets.dtype == np.int64
    assert s.tokens.dtype == np.int32
    assert s.timestamps.dtype == np.float64
    assert s.weights.dtype == np.float32
    assert s.users.dtype.kind == "U"
    assert s.users.shape == (1,)


@pytest.mark.slow
def test_importing_sequences_imports_no_polars() -> None:
    code = (
        "import sys, recemb_core.sequences; print([m for m in ('polars', 'streamlit', 'pandas') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("log", "step", "said"),
    [
        (b"user,item,step\nann,a,2\nann,b,1\nbob,a,1\nbob,b,2\n", "sessions", "in the order of 'step'"),
        (b"user,item\nann,a\nann,b\nbob,a\nbob,b\n", "sessions", "in the order of the file"),
        (b"basket,item\n1,a\n1,a\n1,b\n2,a\n2,b\n", "repeats", "in the same basket."),
        (b"basket,item,qty\n1,a,1\n1,a,1\n1,b,2\n2,a,1\n2,b,1\n", "repeats", "(weights added up)"),
    ],
)
def test_a_step_says_what_this_log_has(log: bytes, step: str, said: str) -> None:
    roles = {"order": "step"} if b"step" in log else {"weight": "qty"} if b"qty" in log else {}
    (found,) = (one for one in read_events(log, **roles).report if one.name == step)
    assert said in found.text
