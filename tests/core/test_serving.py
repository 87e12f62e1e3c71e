"""Stores of vectors: put, get, top-N, one version in place of another at once, nothing lost on restart.

The Redis tests start a redis-server of their own (a free port, a temporary folder) and are skipped, with the reason,
where there is none: apt-get install redis-server, and pip install -r requirements-redis.txt.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from recemb_core.neighbors import ExactIndex
from recemb_core.serving import (
    RecallServer,
    RedisStore,
    SQLiteStore,
    StoreError,
    VectorStore,
    open_store,
    reads_while_publishing,
)

ROOT = Path(__file__).resolve().parents[2]
SERVER = shutil.which("redis-server")
IDS = ("tea", "cup", "pot")
EYE = np.eye(3, dtype=np.float32)
Open = Callable[[], VectorStore]


class RedisServer:
    """A redis-server that logs every write at once; it can be killed and started again on the same folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        assert SERVER is not None
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        options += ["--appendonly", "yes", "--appendfsync", "always"]
        self.process = subprocess.Popen([SERVER, *options], stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                RedisStore(self.url).close()
                return
            except StoreError:
                time.sleep(0.05)
        raise AssertionError("redis-server did not start in 10 seconds")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if SERVER is None:
        pytest.skip("there is no redis-server on this machine; nothing about Redis was tested")
    pytest.importorskip("redis", reason="the package redis is not installed; nothing about Redis was tested")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture(params=["sqlite", "redis"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the same store each time it is called."""
    if request.param == "sqlite":
        return lambda: SQLiteStore(tmp_path / "vectors.db")
    server: RedisServer = request.getfixturevalue("redis_server")
    prefix = f"test{time.monotonic_ns()}"
    return lambda: RedisStore(server.url, prefix=prefix)


# --- put, get, load ---


def test_what_is_published_is_got_by_id(opened: Open) -> None:
    store = opened()
    version = store.publish("dnn", IDS, EYE, ["ann"], np.array([[1, 2, 3]]), {"seed": 0})
    assert store.get("dnn", "item", "cup").tolist() == [0, 1, 0]
    assert store.get("dnn", "user", "ann").tolist() == [1, 2, 3]
    assert store.get("dnn", "user", "ann").dtype == np.float32
    assert store.version("dnn") == version
    assert (version.items, version.users, version.dimensions, version.facts) == (3, 1, 3, {"seed": 0})
    assert store.models() == ["dnn"]
    name, ids, vectors = store.load("dnn", "item")
    assert (name, ids) == (version.name, IDS)
    np.testing.assert_array_equal(vectors, EYE)


def test_values_come_back_to_the_bit(opened: Open) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    store = opened()
    store.publish("dnn", [f"item {i}" for i in range(50)], vectors)
    np.testing.assert_array_equal(store.load("dnn", "item")[2], vectors)
    np.testing.assert_array_equal(store.get("dnn", "item", "item 31"), vectors[31])


def test_a_single_vector_is_added_and_replaced(opened: Open) -> None:
    store = opened()
    store.publish("dnn", IDS, EYE)
    store.put("dnn", "user", "bob", np.array([1, 1, 0]))
    store.put("dnn", "item", "cup", np.array([5, 5, 5]))
    store.put("dnn", "item", "jug", np.array([0, 0, 2]))
    assert store.get("dnn", "user", "bob").tolist() == [1, 1, 0]
    _, ids, vectors = store.load("dnn", "item")
    assert ids == (*IDS, "jug")  # in its place, and at the end
    assert vectors[1].tolist() == [5, 5, 5]


def test_no_users_is_an_empty_matrix(opened: Open) -> None:
    store = opened()
    store.publish("dnn", IDS, EYE)
    _, ids, vectors = store.load("dnn", "user")
    assert ids == ()
    assert vectors.shape == (0, 3)


def test_models_live_side_by_side(opened: Open) -> None:
    store = opened()
    store.publish("a", IDS, EYE)
    store.publish("b", ["tea"], np.ones((1, 2)))
    store.publish("a", ["tea"], EYE[:1])
    assert store.models() == ["a", "b"]
    assert store.version("b").items == 1
    assert store.get("b", "item", "tea").tolist() == [1, 1]


def test_ids_may_be_any_text(opened: Open) -> None:
    names = ["tea: “green”, 100%", "茶", "a'b\"c", " ", "x\ny"]
    store = opened()
    store.publish("modèle: 1", names, np.eye(5), names, np.eye(5))
    assert store.load("modèle: 1", "item")[1] == tuple(names)
    assert store.get("modèle: 1", "user", "茶").tolist() == [0, 1, 0, 0, 0]


# --- what cannot be done is said ---


def test_what_is_missing_is_named(opened: Open) -> None:
    store = opened()
    for ask in (
        lambda: store.version("dnn"),
        lambda: store.get("dnn", "item", "tea"),
        lambda: store.load("dnn", "item"),
    ):
        with pytest.raises(StoreError, match="no vectors of 'dnn'"):
            ask()
    store.publish("dnn", IDS, EYE)
    with pytest.raises(StoreError, match="no user 'ann'"):
        store.get("dnn", "user", "ann")


def test_bad_vectors_are_named_and_change_nothing(opened: Open) -> None:
    store = opened()
    kept = store.publish("dnn", IDS, EYE)
    nan = EYE.copy()
    nan[1, 1] = np.nan
    for ids, items, users, user_vectors, words in [
        (IDS, EYE[:2], [], None, "item_vectors must be"),
        ([], EYE[:0], [], None, "at least one row"),
        (IDS, EYE, ["ann"], np.ones((1, 2)), "user_vectors must be"),
        (("tea", "tea", "cup"), EYE, [], None, "distinct"),
        (IDS, nan, [], None, "finite"),
    ]:
        with pytest.raises(ValueError, match=words):
            store.publish("dnn", ids, items, users, user_vectors)
    with pytest.raises(ValueError, match="vector must be"):
        store.put("dnn", "item", "tea", np.ones(2))
    with pytest.raises(ValueError, match="kind must be"):
        store.put("dnn", "shop", "tea", np.ones(3))  # type: ignore[arg-type]
    assert store.version("dnn") == kept
    assert store.get("dnn", "item", "tea").tolist() == [1, 0, 0]


# --- one version in place of another ---


def test_a_new_version_replaces_the_old_one_whole(opened: Open) -> None:
    store = opened()
    old = store.publish("dnn", IDS, EYE, ["ann"], EYE[:1])
    new = store.publish("dnn", ["cup", "jug"], 2 * EYE[:2, :2])
    assert new.name != old.name
    assert store.load("dnn", "item")[1] == ("cup", "jug")
    for kind, key in (("item", "tea"), ("user", "ann")):
        with pytest.raises(StoreError, match=f"no {kind}"):
            store.get("dnn", kind, key)  # type: ignore[arg-type]


@pytest.mark.slow
def test_readers_never_see_half_of_two_versions(opened: Open) -> None:
    """One writer, three readers: each load is all of one version (version v holds the value v everywhere)."""
    ids = [str(i) for i in range(400)]
    opened().publish("dnn", ids, np.zeros((400, 4)))
    stop, wrong, seen = threading.Event(), [], set()

    def read() -> None:
        store = opened()
        while not stop.is_set():
            try:
                _, names, vectors = store.load("dnn", "item")
            except Exception as error:
                wrong.append(repr(error))
                return
            values = set(vectors.ravel().tolist())
            if len(names) != 400 or len(values) != 1:
                wrong.append(values)
            seen.update(values)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    writer = opened()
    for value in range(1, 16):
        writer.publish("dnn", ids, np.full((400, 4), value))
    time.sleep(0.1)
    stop.set()
    for thread in readers:
        thread.join()
    assert not wrong
    assert 15.0 in seen


@pytest.mark.slow
def test_threads_that_share_a_store_never_see_half_of_two_versions(opened: Open) -> None:
    ids = [str(i) for i in range(400)]
    zero, one = np.zeros((400, 4), np.float32), np.ones((400, 4), np.float32)
    found = reads_while_publishing(opened(), "dnn", (ids, zero), (ids, one), times=15)
    assert found.mixed == 0
    assert found.published >= 15
    assert found.first + found.second >= 20


def test_a_store_that_mixes_versions_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite without a turn: within one connection the others see what is not finished."""
    store = SQLiteStore(None)
    store.turn = contextlib.nullcontext()
    ids = [str(i) for i in range(5_000)]
    zero, one = np.zeros((5_000, 4), np.float32), np.ones((5_000, 4), np.float32)
    mixed = (reads_while_publishing(store, "dnn", (ids, zero), (ids, one)).mixed for _ in range(20))
    assert any(mixed)
    with pytest.raises(ValueError, match="another version"):
        reads_while_publishing(store, "dnn", (ids, zero), (ids, zero))


def test_a_writer_that_dies_halfway_leaves_the_old_version(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened()
    kept = store.publish("dnn", IDS, EYE)

    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    if isinstance(store, RedisStore):
        monkeypatch.setattr(type(store._db), "pipeline", die)
    else:
        monkeypatch.setattr("recemb_core.serving.sqlite.json.dumps", die)  # after the vectors, before the version's row
    with pytest.raises(KeyboardInterrupt):
        store.publish("dnn", ["jug"], EYE[:1])
    monkeypatch.undo()
    again = opened()
    assert again.version("dnn") == kept
    assert again.load("dnn", "item")[1] == IDS
    store.publish("dnn", ["jug"], EYE[:1])  # and the store is not stuck
    assert again.load("dnn", "item")[1] == ("jug",)


# --- nothing lost on restart ---


def test_another_connection_sees_everything(opened: Open) -> None:
    store = opened()
    version = store.publish("dnn", IDS, EYE, ["ann"], EYE[:1])
    store.put("dnn", "user", "bob", EYE[1])
    store.close()
    again = opened()
    assert again.version("dnn") == version
    assert again.get("dnn", "user", "bob").tolist() == [0, 1, 0]


def test_a_killed_process_loses_nothing_that_was_published(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    code = (
        "import os, sys, numpy as np; from recemb_core.serving import SQLiteStore\n"
        "s = SQLiteStore(sys.argv[1]); s.publish('dnn', ['tea', 'cup'], np.eye(2))\n"
        "s.put('dnn', 'user', 'ann', np.ones(2))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT)
    assert run.returncode != 0
    store = SQLiteStore(path)
    assert store.load("dnn", "item")[1] == ("tea", "cup")
    assert store.get("dnn", "user", "ann").tolist() == [1, 1]


def test_a_killed_redis_loses_nothing(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url, prefix="restart")
    assert store.durable is True
    version = store.publish("dnn", IDS, EYE, ["ann"], EYE[:1])
    store.put("dnn", "user", "bob", EYE[2])
    redis_server.kill()
    with pytest.raises(StoreError, match="Redis server"):
        store.get("dnn", "user", "bob")
    redis_server.start()
    again = RedisStore(redis_server.url, prefix="restart")
    assert again.version("dnn") == version
    assert again.load("dnn", "item")[1] == IDS
    assert again.get("dnn", "user", "bob").tolist() == [0, 0, 1]


def test_old_versions_leave_redis_and_the_one_in_use_stays(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url, prefix="expiry")
    old, new = store.publish("dnn", IDS, EYE), store.publish("dnn", IDS, EYE)
    times = {key.decode(): store._db.ttl(key) for key in store._db.keys("expiry:*")}
    for key, seconds in times.items():
        if old.name in key:
            assert 0 < seconds <= 60
        else:
            assert seconds == -1, key  # for ever
    assert any(new.name in key for key in times)


# --- opening ---


def test_the_environment_chooses_redis(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RECEMB_REDIS_URL", redis_server.url)
    assert open_store(tmp_path / "x.db").backend == "Redis"
    assert not (tmp_path / "x.db").exists()


def test_without_redis_a_file_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RECEMB_REDIS_URL", raising=False)
    assert open_store(tmp_path / "x.db").backend == "SQLite"
    assert (tmp_path / "x.db").exists()
    with pytest.raises(ValueError, match="path must name a file"):
        open_store()


def test_what_cannot_be_opened_says_so_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        SQLiteStore(tmp_path / "no folder" / "x.db")
    (tmp_path / "text.db").write_text("no database " * 200)
    with pytest.raises(StoreError, match="cannot be used"):
        SQLiteStore(tmp_path / "text.db")
    pytest.importorskip("redis")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(StoreError, match="does not answer") as caught:
        RedisStore(f"redis://:secret@127.0.0.1:{port}/0")
    assert "secret" not in str(caught.value)


def test_without_the_package_redis_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(StoreError, match=r"pip install 'recemb-explorer\[redis\]'"):
        RedisStore("redis://localhost")


def test_another_programs_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "theirs.db")) as db:
        db.execute("CREATE TABLE mine (x)")
    before = (tmp_path / "theirs.db").read_bytes()
    with pytest.raises(StoreError, match=r"another program's file \(it holds 'mine'\): name another file"):
        SQLiteStore(tmp_path / "theirs.db")
    assert (tmp_path / "theirs.db").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["theirs.db"]


# --- top-N ---


def test_top_n_by_user_id_is_exact(opened: Open) -> None:
    rng = np.random.default_rng(0)
    items, users = rng.normal(size=(60, 5)).astype(np.float32), rng.normal(size=(4, 5)).astype(np.float32)
    store = opened()
    store.publish("dnn", [f"i{i}" for i in range(60)], items, [f"u{u}" for u in range(4)], users)
    server = RecallServer(store, "dnn")
    for u in range(4):
        best = np.argsort(-(items @ users[u]))[:7]
        found = server.top(f"u{u}", 7)
        assert [item for item, _ in found] == [f"i{i}" for i in best]
        np.testing.assert_allclose([value for _, value in found], (items @ users[u])[best], atol=1e-4)
    assert server.top_for(users[0], 3) == server.top("u0", 3)
    assert len(server.top("u0", 100)) == 60
    with pytest.raises(StoreError, match="no user 'nobody'"):
        server.top("nobody")


def test_the_server_takes_the_new_version_when_told(opened: Open) -> None:
    store = opened()
    store.publish("dnn", IDS, EYE, ["ann"], np.array([[3, 2, 1]]))
    made = []
    server = RecallServer(store, "dnn", lambda: made.append(1) or ExactIndex("inner_product"))  # type: ignore[func-returns-value]
    assert server.top("ann", 1) == [("tea", 3.0)]
    assert not server.refresh()
    store.publish("dnn", ["jug", "mug", "urn"], 2 * EYE, ["ann"], np.array([[1, 9, 1]]))
    assert server.refresh()
    assert server.top("ann", 1) == [("mug", 18.0)]
    assert len(made) == 2


@pytest.mark.slow
def test_importing_the_store_does_not_import_redis() -> None:
    code = "import sys, recemb_core.serving; print('redis' in sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "RECEMB_REDIS_URL"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"
