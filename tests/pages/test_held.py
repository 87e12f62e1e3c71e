"""Bytes that sessions hold: counted as they are, within budgets, and nobody's upload goes without a word."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.kit.held_bytes import held_bytes
from pages.kit.results import Results
from pages.kit.uploads import held
from pages.kit.uploads.held import HeldLimits, Holding, Ledger
from pages.kit.uploads.memory import held_limits_from_environment
from pages.kit.uploads.uploads import File, Upload
from recemb_core.vocabulary import Vocabulary
from tests.pages.conftest import healthy
from tests.pages.test_upload import baskets, upload

Open = Callable[..., AppTest]
KB = 1_000


@dataclass
class Thing:
    rows: Any
    inside: Any = None
    more: dict[str, Any] = field(default_factory=dict)


def make(rng: random.Random, depth: int) -> Any:
    """Something of a hundred kilobytes or so, of any of the kinds that results have."""
    n = rng.randint(2_000, 9_000)
    kind = rng.randrange(9 if depth else 6)
    if kind == 0:
        return np.full((n, 4), rng.random())
    if kind == 1:
        return [f"item {rng.random()}" for _ in range(n)]
    if kind == 2:
        return bytes(n * 20)
    if kind == 3:
        return np.array([f"a rather long title, {i}" for i in range(n)], dtype=object)
    if kind == 4:
        return Vocabulary(f"item-{rng.random()}-{i}" for i in range(n))
    if kind == 5:
        return {f"{i} {rng.random()}": float(i) for i in range(n)}
    inside = make(rng, depth - 1)
    if kind == 6:
        return Thing(np.full(n, 1.0)[::2], inside, {"again": inside})
    if kind == 7:
        return (inside, [inside], inside)
    return {"a": inside, "b": make(rng, depth - 1)}


@pytest.fixture(scope="module")
def only_what_is_made_here() -> Iterator[None]:
    """Collections look at nothing that was there before: all of a process's libraries, twice an example."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
@pytest.mark.usefixtures("only_what_is_made_here")
@pytest.mark.slow
def test_what_is_counted_is_what_is_held_within_a_factor(seed: int) -> None:
    rng = random.Random(seed)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        value = make(rng, 3)
        gc.collect()
        really = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.6 * really <= held_bytes(value) <= 1.7 * really + 5 * KB, (held_bytes(value), really)


def test_frames_sparse_matrices_and_pandas_are_counted() -> None:
    from scipy import sparse

    texts = [f"a text of some length, number {i:06d}" for i in range(10_000)]
    frame = pl.DataFrame({"text": texts, "number": np.arange(10_000)})
    assert 400 * KB < held_bytes(frame) < 800 * KB  # 35 letters and 8 bytes a row
    assert 400 * KB < held_bytes(Thing([frame, frame])) < 800 * KB
    assert 300 * KB < held_bytes(frame.to_pandas()) < 2_000 * KB
    matrix = sparse.csr_array(np.eye(1_000))
    assert matrix.data.nbytes + matrix.indices.nbytes <= held_bytes(matrix) < 40 * KB


def test_a_view_counts_as_what_it_keeps_alive_and_once() -> None:
    rows = np.zeros((1_000, 100))
    assert 800 * KB <= held_bytes(rows[:2, ::7].T) < 801 * KB
    assert held_bytes([rows[i] for i in range(100)]) < 820 * KB
    loop: list[Any] = [rows]
    loop.append(loop)
    assert held_bytes(loop) < 802 * KB


def test_results_that_share_an_array_count_it_once_until_the_last_goes() -> None:
    store, rows = Results(budget=10_000 * KB), np.zeros(100_000)
    for number in range(5):
        store.put(number, (number, rows))
    assert 800 * KB <= store.used_bytes < 805 * KB
    for number in range(4):
        store.drop(number)
    assert 800 * KB <= store.used_bytes < 805 * KB
    store.drop(4)
    assert store.used_bytes == 0
    assert store.parts() == {}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 60)), max_size=40))
def test_results_stay_within_their_budget(puts: list[tuple[int, int]]) -> None:
    store = Results(budget=100 * KB)
    for key, size in puts:
        store.put(key, np.zeros(size * 125), again=True)  # kilobytes
        assert store.used_bytes <= 100 * KB
        assert store.used_bytes == sum(store.parts().values())
        assert store.get(key) is not None


# ---- sessions ----


def an_upload(name: str, kilobytes: int) -> Upload:
    return Upload(File(f"{name}.csv", random.Random(name).randbytes(kilobytes * KB)))


def session(ledger: Ledger, *uploads: Upload) -> Holding:
    found = ledger.open()
    found.uploads = {one.key: one for one in uploads}
    for at, one in enumerate(uploads):
        found.used[one.key] = float(at)
    return found


def limits(session: int, total: int) -> HeldLimits:
    return HeldLimits(session_bytes=session * KB, total_bytes=total * KB)


def names(holding: Holding) -> list[str]:
    return [one.log.name for one in holding.uploads.values()]


def test_a_sessions_oldest_upload_goes_first_and_it_is_said() -> None:
    ledger = Ledger(limits(1_000, 9_000))
    mine = session(ledger, *(an_upload(name, 400) for name in "abc"))
    ledger.make_room(mine)
    assert names(mine) == ["b.csv", "c.csv"]
    ((_, sentence),) = mine.gone
    assert sentence.startswith(
        "a.csv was let go because this session's uploads and what was made of them need more than"
    )
    assert sentence.endswith("upload it again to go on with it.")


def test_what_can_be_made_again_goes_before_an_upload_and_without_a_word() -> None:
    ledger = Ledger(limits(1_000, 9_000))
    one = an_upload("a", 400)
    mine = session(ledger, one)
    mine.keep(("table", 1), np.zeros(60_000), one.digests, 8)
    mine.seen += 10  # a later run, which has not used that table
    mine.keep(("table", 2), np.zeros(20_000), one.digests, 8)
    mine.made["table", 2] = type(mine.made["table", 2])(None, mine.made["table", 2].parts, one.digests, mine.seen + 1)
    ledger.make_room(mine)
    assert list(mine.made) == [("table", 2)]
    mine.results = Results()
    for number in range(4):
        mine.results.put(number, np.zeros(30_000))
    ledger.make_room(mine)
    assert names(mine) == ["a.csv"]
    assert not mine.gone
    assert sum(mine.parts().values()) <= 1_000 * KB


def test_for_the_room_of_all_whoever_was_away_for_longest_gives_way() -> None:
    ledger = Ledger(limits(1_000, 1_500))
    away, here, mine = (session(ledger, an_upload(name, 600)) for name in ("away", "here", "mine"))
    away.seen, here.seen = 1.0, 2.0
    ledger.make_room(mine)
    assert (names(away), names(here), names(mine)) == ([], ["here.csv"], ["mine.csv"])
    assert "all sessions' uploads together need more than" in away.gone[0][1]
    assert ledger.used_bytes() <= 1_500 * KB


def test_a_closed_session_holds_nothing_and_equal_files_count_once() -> None:
    ledger = Ledger(limits(1_000, 9_000))
    same = an_upload("same", 500)
    one, other = session(ledger, same), session(ledger, same)
    assert ledger.used_bytes() == 500 * KB
    del one
    gc.collect()
    assert ledger.used_bytes() == 500 * KB
    del other
    gc.collect()
    assert ledger.used_bytes() == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 700)), max_size=25))
def test_the_budgets_hold_whatever_is_uploaded(steps: list[tuple[int, int]]) -> None:
    ledger = Ledger(limits(800, 1_500))
    sessions = [ledger.open() for _ in range(4)]
    put = 0
    for number, (who, size) in enumerate(steps):
        one = Upload(File(f"{number}.csv", number.to_bytes(4) + bytes(size * KB - 4)))
        sessions[who].seen = sessions[who].used[one.key] = float(number)
        sessions[who].uploads[one.key] = one
        put += 1
        ledger.make_room(sessions[who])
        assert ledger.used_bytes() <= 1_500 * KB
        for holding in sessions:
            assert sum(holding.parts().values()) <= 800 * KB
    assert put == sum(len(h.uploads) + len(h.gone) for h in sessions)  # kept, or said to be gone


@pytest.mark.parametrize("text", ["0", "-1", "nan", "much", "1e9"])
def test_a_limit_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"RECEMB_SESSION_MB=.* is not possible: give a number of megabytes"):
        held_limits_from_environment({"RECEMB_SESSION_MB": text})


@pytest.mark.slow
def test_the_page_says_which_upload_was_let_go(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Ledger(HeldLimits(session_bytes=200 * KB, total_bytes=10_000 * KB))
    monkeypatch.setattr(held, "ledger", lambda: small)
    page = open_page("sequences")
    files = [(f"{seed}.csv", baskets(seed), "text/csv") for seed in range(12)]
    page.file_uploader(key="log_file").set_value(files)
    page.run()
    assert not page.exception
    said = [one.value for one in page.warning if "was let go" in one.value]
    assert said
    assert "0.csv was let go because this session" in said[0].replace("\\", "")
    assert "upload it again" in said[0]
    offered = page.sidebar.selectbox[0].options
    assert "0.csv (yours)" not in offered
    assert "11.csv (yours)" in offered
    assert small.used_bytes() <= 200 * KB
    healthy(page.run())


@pytest.mark.slow
def test_an_upload_larger_than_a_session_may_hold_leaves_a_usable_page(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Ledger(HeldLimits(session_bytes=20 * KB, total_bytes=10_000 * KB))
    monkeypatch.setattr(held, "ledger", lambda: small)
    page = open_page("sequences")
    upload(page, "large.csv", baskets())
    assert not page.exception
    assert any("large" in one.value and "was let go" in one.value for one in page.warning)
    assert page.metric
    healthy(page.run())
    assert small.used_bytes() <= 20 * KB
