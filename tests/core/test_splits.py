"""Leave-last-out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.deep.histories import history_examples
from recemb_core.evaluation.ranking import next_item_cases
from recemb_core.sequences import Sequences, read_events
from recemb_core.splits import leave_last_out


def lists(sequences: Sequences) -> list[list[str]]:
    return [[sequences.items[t] for t in line] for line in sequences]


def test_the_latest_session_counts_not_the_last_row() -> None:
    log = b"user,item,time\nann,d,90000\nann,e,90060\nbob,a,0\nbob,b,60\nann,a,0\nann,b,60\nann,c,120\n"
    s = read_events(log)
    turned = Sequences(
        s.items,
        np.array([0, 2, 5, 7]),
        s.items.rows(["d", "e", "a", "b", "c", "a", "b"]),
        users=np.array(["ann", "ann", "bob"]),
        timestamps=np.array([90000.0, 90060, 0, 60, 120, 0, 60]),
    )
    for sequences in (s, turned):
        train, held_out = leave_last_out(sequences)
        assert lists(held_out) == [["e"], ["b"]]
        assert held_out.users.tolist() == ["ann", "bob"]
        assert sorted(lists(train)) == [["a"], ["a", "b", "c"], ["d"]]
        assert len(train.timestamps) == len(train.tokens) == 5
        assert train.items is sequences.items


def test_baskets_hold_out_the_last_basket() -> None:
    log = (
        b"user,basket,item,date\na,1,x,2020-01-01\na,1,y,2020-01-01\na,2,y,2020-01-05\na,2,z,2020-01-05\n"
        b"b,3,x,2020-01-01\nb,3,z,2020-01-01\n"
    )
    train, held_out = leave_last_out(read_events(log))
    assert sorted(map(sorted, lists(held_out))) == [["y", "z"]]
    assert held_out.users.tolist() == ["a"]
    assert sorted(map(sorted, lists(train))) == [["x", "y"], ["x", "z"]]
    assert train.users.tolist() == ["a", "b"]


def test_one_event_is_history_only() -> None:
    train, held_out = leave_last_out(Sequences.from_lists([["a"], ["a", "b"], []]))
    assert (lists(train), lists(held_out)) == ([["a"], ["a"]], [["b"]])
    assert held_out.users.tolist() == ["1"]
    empty, nothing = leave_last_out(Sequences.from_lists([]))
    assert len(empty) == len(nothing) == 0


@given(st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 6), min_size=1, max_size=5)), max_size=12))
@pytest.mark.slow
def test_parts_make_the_whole(rows: list[tuple[int, list[int]]]) -> None:
    s = Sequences.from_lists([line for _, line in rows])
    s = Sequences(s.items, s.offsets, s.tokens, users=np.array([str(user) for user, _ in rows], dtype=np.str_))
    train, held_out = leave_last_out(s)
    assert sorted([*train.tokens, *held_out.tokens]) == sorted(s.tokens)
    assert (held_out.lengths == 1).all()
    assert len(set(held_out.users)) == len(held_out)
    assert set(held_out.users) <= set(train.users)
    for user in set(s.users):
        mine = [t for u, line in zip(s.users, s, strict=True) if u == user for t in line]
        kept = [t for u, line in zip(train.users, train, strict=True) if u == user for t in line]
        out = [t for u, line in zip(held_out.users, held_out, strict=True) if u == user for t in line]
        assert kept + out == mine if len(mine) > 1 else kept == mine


def test_sessions_that_lie_inside_each_other_are_merged_by_time() -> None:
    """On two devices: what came before an event is what is older, whichever session it is of."""
    lines = [("s1", "a", 0), ("s2", "b", 10), ("s2", "c", 20), ("s1", "d", 30), ("s2", "e", 40), ("s1", "f", 50)]
    log = "\n".join(["user,session,item,timestamp", *(f"ann,{s},{i},{t}" for s, i, t in [*lines, ("s1", "g", 60)])])
    sequences = read_events(log.encode(), session="session")
    assert len(sequences) == 2
    cases = next_item_cases(sequences)
    assert [sequences.items[t] for t in cases.histories[0]] == list("abcdef")
    assert [sequences.items[t] for t in cases.targets[0]] == ["g"]
    examples = history_examples(sequences)
    for start, end in zip(examples.start, examples.end, strict=True):
        seen = "".join(sequences.items[t] for t in examples.stream[start : end + 1])
        assert seen == "abcdefg"[: len(seen)], "the future is never seen"
