"""Uploads kept over a reload: within the limits whatever happens, each visitor's own, nothing lost in silence."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.kit.uploads import memory as upload_memory
from pages.kit.uploads import visitor
from pages.kit.uploads.memory import KeptUpload, limits_from_environment
from pages.kit.uploads.store import MB, Limits, UploadMemory, megabytes

HOUR = 3600.0


@dataclass
class Clock:
    now: float = 1e9

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """A memory of 2,000 bytes, its clock, and what each visitor was told."""

    limits: Limits = field(default_factory=lambda: Limits(total_bytes=2_000, seconds=HOUR, count=3))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.memory = UploadMemory(self.limits, self.clock)


def upload(key: str, size: int = 100, fill: str = "x", side: int | None = None) -> KeptUpload:
    details = None if side is None else b"d" * side
    return KeptUpload(key, f"{key}.csv", fill.encode() * size, None if side is None else "items.csv", details)


def keys(memory: UploadMemory, who: str) -> list[str]:
    return [kept.key for kept in memory.kept(who)]


def distinct_bytes(memory: UploadMemory) -> int:
    """The memory's real size, counted anew: each file that is there once, and all names."""
    files: dict[int, int] = {}
    texts = 0
    for shelf in memory._shelves.values():
        for kept, _ in shelf.uploads.values():
            files |= {id(file): len(file) for file in kept.files if file}
            texts += kept.text_bytes
    return sum(files.values()) + texts


# ---- what a visitor finds ----


def test_newest_first_and_replaced_by_key() -> None:
    memory = World().memory
    for key in ("a", "b", "c"):
        assert memory.keep("v", upload(key)) == ()
    assert memory.keep("v", upload("a", 50, side=7)) == ()
    assert keys(memory, "v") == ["a", "c", "b"]
    newest = memory.kept("v")[0]
    assert (newest.data, newest.side_name, newest.side_data) == (b"x" * 50, "items.csv", b"d" * 7)


def test_a_visitor_sees_its_own_alone_though_equal_files_are_held_once() -> None:
    memory = World().memory
    memory.keep("v", upload("a", 900))
    memory.keep("w", upload("a", 900, fill="x"))
    assert memory.used_bytes == 900 + 2 * upload("a").text_bytes
    assert memory.kept("v")[0].data is memory.kept("w")[0].data
    assert memory.kept("stranger") == ()
    memory.forget("w", "a")
    assert (keys(memory, "v"), keys(memory, "w")) == (["a"], [])
    memory.forget("w", "a")
    memory.forget_all("stranger")
    assert keys(memory, "v") == ["a"]
    memory.forget_all("v")
    assert (keys(memory, "v"), memory.used_bytes) == ([], 0)


def test_too_many_or_too_large_is_said_and_the_oldest_goes() -> None:
    memory = World().memory
    for key in ("a", "b", "c"):
        memory.keep("v", upload(key))
    (said,) = memory.keep("v", upload("d"))
    assert "a.csv" in said
    assert "d.csv" in said
    assert keys(memory, "v") == ["d", "c", "b"]
    said_now = memory.keep("v", upload("e", 800))
    assert [text.split()[0] for text in said_now] == ["b.csv", "c.csv"][: len(said_now)]
    assert keys(memory, "v")[0] == "e"
    (refused,) = memory.keep("v", upload("huge", 1_001))
    assert "huge.csv" in refused
    assert "not kept" in refused
    assert keys(memory, "v")[0] == "e"


def test_a_new_version_that_is_too_large_does_not_leave_the_old_one_to_come_back() -> None:
    memory = World().memory
    memory.keep("v", upload("a"))
    assert memory.keep("v", upload("a", side=1_000))
    assert keys(memory, "v") == []


def test_the_room_of_all_is_taken_from_who_was_away_for_longest_and_that_is_said_once() -> None:
    world = World()
    memory = world.memory
    for who in ("v", "w"):
        memory.keep(who, upload("a", 900, fill=who))
        world.clock.now += 60
    memory.kept("v")  # now w is the one who was away for longest
    assert memory.keep("x", upload("b", 500, fill="n")) == ()
    assert (keys(memory, "v"), keys(memory, "w"), keys(memory, "x")) == (["a"], [], ["b"])
    (said,) = memory.losses("w")
    assert "a.csv" in said
    assert memory.losses("w") == memory.losses("v") == memory.losses("x") == ()


def test_time_drops_what_nobody_came_for_and_anybody_s_visit_frees_it() -> None:
    world = World()
    memory = world.memory
    memory.keep("v", upload("a", 900, fill="v"))
    world.clock.now += HOUR
    assert keys(memory, "v") == ["a"]  # a visit counts as a use
    world.clock.now += HOUR
    assert keys(memory, "v") == ["a"]
    world.clock.now += HOUR + 1
    assert memory.kept("somebody else") == ()
    assert distinct_bytes(memory) == 0
    (said,) = memory.losses("v")
    assert "1 hour" in said
    world.clock.now += 2 * HOUR + 1
    memory.kept("somebody else")
    assert not memory._shelves


def test_a_clock_that_is_set_back_drops_nothing() -> None:
    world = World()
    world.memory.keep("v", upload("a"))
    world.clock.now -= 30 * HOUR
    world.memory.keep("w", upload("b"))
    assert (keys(world.memory, "v"), keys(world.memory, "w")) == (["a"], ["b"])


def test_an_upload_s_text_tells_no_content() -> None:
    assert "secret" not in repr(KeptUpload("k", "log.csv", b"secret", "items.csv", b"secret"))


# ---- whatever happens ----

visitors = st.sampled_from("vwx")
names = st.sampled_from("abcde")
steps = st.one_of(
    st.tuples(st.just("keep"), visitors, names, st.integers(0, 1_300), st.none() | st.integers(0, 600)),
    st.tuples(st.just("forget"), visitors, names),
    st.tuples(st.just("forget_all"), visitors),
    st.tuples(st.just("losses"), visitors),
    st.tuples(st.just("kept"), visitors),
    st.tuples(st.just("time"), st.floats(-HOUR, 3 * HOUR)),
)


@settings(max_examples=60)
@given(
    st.lists(steps, max_size=40),
    st.builds(Limits, total_bytes=st.integers(1, 3_000), seconds=st.just(HOUR), count=st.integers(1, 4)),
)
@pytest.mark.slow
def test_bounds_hold_the_newest_is_there_and_what_goes_is_told(sequence: list[tuple], limits: Limits) -> None:
    world = World(limits)
    memory = world.memory
    mine: dict[str, set[str]] = {who: set() for who in "vwx"}  # kept, and neither forgotten by its owner nor told lost
    for action, *arguments in sequence:
        if action == "time":
            world.clock.now += arguments[0]
            continue
        who = arguments[0]
        if action == "keep":
            new = upload(arguments[1], arguments[2], fill=arguments[1], side=arguments[3])
            said = memory.keep(who, new)
            mine[who] -= {text.split(".csv")[0] for text in said}
            fits = new.nbytes <= limits.visitor_bytes
            if fits:
                mine[who].add(new.key)
                first = memory.kept(who)[0]
                assert (first.key, first.files) == (new.key, new.files)
            else:
                assert said
                assert new.key not in keys(memory, who)
        elif action == "forget":
            memory.forget(who, arguments[1])
            mine[who].discard(arguments[1])
        elif action == "forget_all":
            memory.forget_all(who)
            mine[who].clear()
        elif action == "losses":
            mine[who] -= {text.split(".csv")[0] for text in memory.losses(who)} - set(keys(memory, who))
            assert memory.losses(who) == ()
        else:
            memory.kept(who)
        assert memory.used_bytes == distinct_bytes(memory) <= limits.total_bytes
        for shelf in memory._shelves.values():
            held = [kept for kept, _ in shelf.uploads.values()]
            assert len(held) <= limits.count
            assert sum(kept.nbytes for kept in held) == shelf.nbytes <= limits.visitor_bytes
            assert not held or memory._now - shelf.seen <= limits.seconds
        for name, shelf in memory._shelves.items():
            untold = mine[name] - set(shelf.uploads) - {text.split(".csv")[0] for text in shelf.lost}
            assert not untold, f"{untold} went in silence"


def test_many_threads_leave_the_books_in_order() -> None:
    limits = Limits(total_bytes=60_000, seconds=HOUR, count=3)
    memory = UploadMemory(limits)
    wrong: list[str] = []

    def work(number: int) -> None:
        who = f"visitor {number % 4}"  # two threads a visitor, as two tabs
        for turn in range(150):
            memory.keep(who, upload(f"k{turn % 5}", 2_000 + 700 * (turn % 9), fill="abcd"[turn % 4]))
            if turn % 7 == 0:
                memory.forget(who, f"k{turn % 5}")
            if turn % 50 == 49:
                memory.forget_all(who)
            if len(memory.kept(who)) > limits.count or memory.used_bytes > limits.total_bytes:
                wrong.append(who)
            memory.losses(who)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert memory.used_bytes == distinct_bytes(memory) <= limits.total_bytes
    for n in range(4):
        memory.forget_all(f"visitor {n}")
    assert (memory.used_bytes, memory._files) == (0, {})


# ---- settings ----


def test_settings_have_defaults_and_0_turns_the_memory_off() -> None:
    limits = limits_from_environment({})
    assert limits.on
    # The largest log and the largest table of details, 200 MB each, fit together but for their names.
    assert limits.visitor_bytes >= 2 * 200 * MB
    for name in upload_memory.SETTINGS:
        assert not limits_from_environment({name: "0"}).on
        assert limits_from_environment({name: " "}) == limits


@pytest.mark.parametrize("name", upload_memory.SETTINGS)
@pytest.mark.parametrize("value", ["lots", "-1", "nan", "inf", "1e12"])
def test_an_impossible_setting_is_one_sentence(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name}='{value}' .* from 0 to .*; 0 keeps no uploads"):
        limits_from_environment({name: value})


def test_half_an_upload_is_no_setting_but_half_an_hour_is() -> None:
    with pytest.raises(ValueError, match="whole number"):
        limits_from_environment({"RECEMB_UPLOAD_MEMORY_COUNT": "2.5"})
    assert limits_from_environment({"RECEMB_UPLOAD_MEMORY_HOURS": "0.5"}).seconds == 1800


def test_a_size_over_the_limit_looks_larger_than_the_limit() -> None:
    assert (megabytes(400 * MB), megabytes(400 * MB + 1, up=True)) == ("400", "400.1")


# ---- the functions that pages call ----


def test_without_a_cookie_nothing_is_kept_and_that_is_said() -> None:
    assert not upload_memory.enabled()
    (said,) = upload_memory.keep(upload("a"))
    assert said == upload_memory.limits_text()
    assert "loses the upload" in said
    assert "cookie" in said
    assert upload_memory.kept() == upload_memory.losses() == ()
    upload_memory.forget("a")
    upload_memory.forget_all()


def test_with_a_cookie_of_this_process_an_upload_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    cookies = {visitor.cookie_name(): visitor.new_token()}
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.cookies", property(lambda _: cookies))
    assert upload_memory.enabled()
    assert upload_memory.keep(upload("a")) == ()
    assert [kept.key for kept in upload_memory.kept()] == ["a"]
    text = upload_memory.limits_text()
    assert "5 uploads" in text
    assert "400 MB" in text
    assert "12 hours" in text
    upload_memory.forget("a")
    assert upload_memory.kept() == upload_memory.losses() == ()
    cookies[visitor.cookie_name()] = "x" * 43 + "." + "0" * 64
    assert not upload_memory.enabled()


def test_turned_off_the_text_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    off = UploadMemory(limits_from_environment({"RECEMB_UPLOAD_MEMORY_MB": "0"}))
    monkeypatch.setattr(upload_memory, "_memory", lambda: off)
    assert not upload_memory.enabled()
    assert "loses the upload" in upload_memory.limits_text()
    assert "set to keep none" in upload_memory.limits_text()
