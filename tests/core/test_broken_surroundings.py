"""Surroundings that are broken: each gets one sentence or another way, and nothing half done is left."""

from __future__ import annotations

import errno
import json
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import attack_kills
from recemb_core import numba_cache
from recemb_core.readers import Reading
from recemb_core.sequences import read_events
from recemb_core.serving import RecallServer, RedisStore, SQLiteStore, StoreError
from tests.core.test_serving import SERVER, RedisServer

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = Path("/proc/recemb")  # where nobody can make a folder, not even root
IDS = ("tea", "cup", "pot")
EYE = np.eye(3, dtype=np.float32)
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc, and limits of file sizes")


def everything(store: SQLiteStore | RedisStore) -> list[Callable[[], object]]:
    """All that can be asked of a store."""
    return [
        lambda: store.publish("m", IDS, EYE, ["ann"], EYE[:1]),
        lambda: store.models(),
        lambda: store.version("m"),
        lambda: store.load("m", "item"),
        lambda: store.load("m", "user"),
        lambda: store.get("m", "item", "cup"),
        lambda: store.put("m", "user", "bob", EYE[0]),
        lambda: RecallServer(store, "m").top("ann", 2),
    ]


def only_sentences(asked: list[Callable[[], object]]) -> list[str]:
    """What was said; any error but a StoreError comes through."""
    said = []
    for ask in asked:
        try:
            ask()
        except StoreError as error:
            said.append(str(error))
    assert all(0 < len(one) < 500 and "\n" not in one for one in said)
    return said


# ---- a store's file ----


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
@pytest.mark.slow
def test_a_damaged_file_gives_sentences_and_nothing_else(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path_factory.mktemp("store") / "vectors.db"
    store = SQLiteStore(path)
    store.publish("m", [*IDS, *(f"i{n}" for n in range(400))], rng_rows(403), ["ann"], rng_rows(1))
    store.close()
    content = bytearray(path.read_bytes())
    how = rng.randrange(4)
    if how == 0:
        content = content[: rng.randrange(len(content))]
    elif how == 1:
        content = bytearray(rng.randbytes(rng.randrange(1, 50_000)))
    else:
        for _ in range(rng.choice((1, 20, 500))):
            content[rng.randrange(100 if how == 2 else len(content))] = rng.randrange(256)
    path.write_bytes(content)

    def opened() -> None:
        found = SQLiteStore(path)
        try:
            only_sentences(everything(found))
        finally:
            found.close()

    only_sentences([opened])


def rng_rows(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE vectors SET vector = x'00'",
        "UPDATE vectors SET vector = 'text'",
        "UPDATE vectors SET vector = NULL",
        "UPDATE vectors SET vector = x'0000c07f0000000000000000'",  # NaN
        "UPDATE vectors SET id = x'ff' WHERE id = 'cup'",
        "UPDATE versions SET facts = '{'",
        "UPDATE versions SET facts = '[]'",
        "UPDATE versions SET facts = '{}'",
        "UPDATE versions SET facts = x'00ff'",
        'UPDATE versions SET facts = \'{"dimensions": "many"}\'',
        "UPDATE versions SET facts = '{\"dimensions\": 0}'",
        "DROP TABLE vectors",
        "DROP TABLE versions",
        "ALTER TABLE vectors RENAME COLUMN vector TO other",
    ],
)
def test_a_store_that_others_have_written_to_gives_sentences(change: str, tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "vectors.db")
    store.publish("m", IDS, EYE, ["ann"], EYE[:1])
    with sqlite3.connect(tmp_path / "vectors.db", isolation_level=None) as other:
        other.execute(change)
    other.close()
    asked = everything(store)
    if "RENAME" not in change and "DROP" not in change:
        if "NULL" not in change and "id" not in change.split()[3]:
            assert only_sentences(asked[1:])
        only_sentences(asked)  # publishing anew mends it
        assert store.get("m", "item", "cup").tolist() == [0, 1, 0]
    else:
        assert any("move this file away, and publish anew" in one for one in only_sentences(asked))
    store.close()


@pytest.mark.parametrize("path", [NOWHERE / "a.db", Path("/"), Path("/dev/full")], ids=str)
def test_a_place_that_cannot_be_written_is_named(path: Path) -> None:
    with pytest.raises(StoreError, match=r"the store .* cannot be used \(.*\): "):
        SQLiteStore(path).publish("m", IDS, EYE)


FULL = """
import resource, signal, sys
import numpy as np
from recemb_core.serving import SQLiteStore, StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = SQLiteStore(sys.argv[1])
store.publish("m", ["tea"], np.ones((1, 4), np.float32))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    store.publish("m", [str(i) for i in range(20_000)], np.ones((20_000, 64), np.float32))
except StoreError as error:
    print(error)
print(store.version("m").items, store.get("m", "item", "tea").tolist())
"""


@linux
def test_a_full_disk_is_one_sentence_and_the_old_version_stays(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "v.db")], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    sentence, rest = run.stdout.strip().splitlines()
    assert sentence.startswith(f"the store {tmp_path / 'v.db'} cannot be used (")
    assert "room" in sentence
    assert rest == "1 [1.0, 1.0, 1.0, 1.0]"


def test_a_store_in_memory_writes_no_file_and_counts_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore(None)
    store.publish("m", [str(i) for i in range(5_000)], np.ones((5_000, 64), np.float32))
    assert not list(tmp_path.iterdir())
    assert 5_000 * 64 * 4 < store.nbytes < 3 * 5_000 * 64 * 4
    assert not store.durable
    assert store.load("m", "item")[2].shape == (5_000, 64)
    store.close()
    assert only_sentences([lambda: store.get("m", "item", "1")]) == [
        "the store in memory cannot be used (Cannot operate on a closed database.): open it again"
    ]


# ---- Redis ----


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    if SERVER is None:
        pytest.skip("there is no redis-server on this machine; nothing about Redis was tested")
    pytest.importorskip("redis", reason="the package redis is not installed; nothing about Redis was tested")
    server = RedisServer(tmp_path)
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()


@pytest.mark.slow
def test_a_redis_that_freezes_is_one_sentence_in_time_and_goes_on_when_it_wakes(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recemb_core.serving.redis.SECONDS", 1)
    store = RedisStore(redis.url)
    store.publish("m", IDS, EYE)
    redis.process.send_signal(signal.SIGSTOP)
    start = time.monotonic()
    (said,) = only_sentences([lambda: store.get("m", "item", "cup")])
    assert time.monotonic() - start < 5
    assert "does not answer (TimeoutError); see that it runs" in said
    redis.process.send_signal(signal.SIGCONT)
    assert store.get("m", "item", "cup").tolist() == [0, 1, 0]


@pytest.mark.slow
def test_foreign_bytes_in_redis_are_sentences(redis: RedisServer) -> None:
    import redis as client

    db = client.Redis.from_url(redis.url)
    store = RedisStore(redis.url)
    garbage: list[Callable[[str], object]] = [
        lambda key: db.set(key, b"\xff\x00"),
        lambda key: db.rpush(key, b"\xff", b"\x80"),
        lambda key: db.hset(
            key, mapping={b"\xff\xfe": b"\x00", "m": b"\xff", "facts": b"{", "cup": b"\x00", "ann": b"1"}
        ),
        lambda key: db.hset(key, mapping={"m": "other", "facts": json.dumps([1])}),
    ]
    for part in ("current", "meta", "item", "item order", "user", "user order"):
        for put in garbage:
            db.flushall()
            version = store.publish("m", IDS, EYE, ["ann"], EYE[:1])
            key = "recemb:current" if part == "current" else f"recemb:m:{version.name}:{part}"
            db.delete(key)
            put(key)
            only_sentences(everything(store)[1:])
            only_sentences(everything(store)[:1])
    store.close()


@pytest.mark.slow
def test_a_redis_with_another_password_is_told_without_the_password(redis: RedisServer) -> None:
    import redis as client

    store = RedisStore(redis.url)
    store.publish("m", IDS, EYE)
    db = client.Redis.from_url(redis.url)
    db.config_set("requirepass", "another")
    db.execute_command("AUTH", "another")
    db.client_kill_filter(_type="normal", skipme=True)
    (said,) = only_sentences([lambda: store.get("m", "item", "cup")])
    assert "does not accept its user or password" in said
    wrong = redis.url.replace("redis://", "redis://:secret@")
    (said,) = only_sentences([lambda: RedisStore(wrong)])
    assert "does not accept its user or password" in said
    assert "secret" not in said
    RedisStore(redis.url.replace("redis://", "redis://:another@")).close()


# ---- where compiled code may lie ----

KERNEL = """
import errno, os, sys
import recemb_core
import numpy as np
import recemb_core.walks, recemb_core.embeddings, recemb_core.neighbors
from recemb_core.kernels.random_numbers import mix  # compiled in a moment, kept as all kernels are
if len(sys.argv) > 1:
    from numba.core import caching
    def full(self, *args):
        raise OSError(errno.ENOSPC, "No space left on device")
    caching.IndexDataCacheFile.save = full
print(f"mixed {mix(np.uint64(5)):x}", os.environ.get("NUMBA_CACHE_DIR"))
"""


def test_another_folder_is_named_only_where_the_usual_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(numba_cache.VARIABLE, "")
    assert numba_cache.ensure_place(NOWHERE, tmp_path / "usual") is None
    assert os.environ[numba_cache.VARIABLE] == ""
    assert numba_cache.ensure_place(tmp_path / "own", NOWHERE) == tmp_path / "own"
    assert numba_cache.ensure_place(tmp_path / "other", NOWHERE) is None  # what is set counts
    monkeypatch.setenv(numba_cache.VARIABLE, "")
    found = numba_cache.ensure_place(NOWHERE, NOWHERE, str(tmp_path))
    assert found is not None
    assert found.parent == tmp_path
    assert "compiled at every start" in caplog.text
    monkeypatch.setenv(numba_cache.VARIABLE, "")
    assert numba_cache.ensure_place(NOWHERE, NOWHERE, str(NOWHERE)) is None
    assert "set NUMBA_CACHE_DIR to one" in caplog.text


@linux
@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_no_reason_to_stop() -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
    }
    run = subprocess.run(
        [sys.executable, "-c", KERNEL],
        cwd=ROOT,
        env={**environment, "HOME": str(NOWHERE)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    assert run.stdout.startswith("mixed ")
    assert "numba" in run.stdout


@pytest.mark.slow
def test_a_kernel_runs_where_there_is_no_room_for_its_code(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", KERNEL, "full"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
    assert run.stdout.startswith("mixed ")
    assert "No space left" in run.stderr


def test_no_room_for_compiled_code_is_said_and_other_errors_are_not_swallowed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), numba_cache._guard(None):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "compiled anew at the next start" in caplog.text
    with pytest.raises(ZeroDivisionError), numba_cache._guard(None):
        raise ZeroDivisionError


# ---- files ----

BODY = "\n".join(f"u{i % 3},i{i % 5},{1_600_000_000 + i * 60}" for i in range(40))


@pytest.mark.parametrize(
    "head", ["column_2,,x", ",column_1,", "column_1,,column_2", ",,column_1", "column_2_unnamed,,column_2"]
)
def test_a_column_without_a_name_gets_one_that_is_free(head: str) -> None:
    columns = Reading().table(f"{head}\n{BODY}".encode(), "a.csv").frame.columns
    assert len(set(columns)) == 3
    for name, given_name in zip(columns, head.split(","), strict=True):
        assert given_name in ("", name)


def test_a_number_of_the_row_beside_a_column_called_row() -> None:
    body = "\n".join(f"{i},{line}" for i, line in enumerate(BODY.splitlines()))
    assert Reading().table(f"row,item,time\n{body}".encode(), "a.csv").frame.columns[0] == "row_unnamed"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "+02:00", None])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_parquet_times_with_a_zone_are_the_moments_that_they_name(zone: str | None, unit: str) -> None:
    import datetime
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    start = datetime.datetime(2024, 3, 31, tzinfo=datetime.UTC)  # the night in which Berlin loses an hour
    times = [start + datetime.timedelta(minutes=30 * i) for i in range(12)]
    column = pa.array([t if zone else t.replace(tzinfo=None) for t in times], pa.timestamp(unit, tz=zone))
    file = io.BytesIO()
    pq.write_table(pa.table({"user": ["a"] * 12, "item": list("abcd") * 3, "timestamp": column}), file)
    found = read_events(file.getvalue()).timestamps
    assert found is not None
    assert found.tolist() == [t.timestamp() for t in times]


# ---- kill −9 ----


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_no_half_store() -> None:
    found = attack_kills.writers(5, seed=0)
    assert found["tried"] == 5
    assert found["half"] == 0, found["faults"]
