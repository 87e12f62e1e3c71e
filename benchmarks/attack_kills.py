"""kill −9 at random moments: of a writer of stores and files, and of the server. What is left is whole.

A writer publishes versions and saves results for ever; it is killed, and what it leaves is read: the store's version
has all its vectors, all of one publish; a results folder has a manifest whose arrays are all there, or no result. The
server is killed while a page is asked for, and started again; the seconds until it answers are measured.

    python -m benchmarks.attack_kills --count 100 --seed 0
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
ITEMS, DIMENSIONS, FILLS = 3_000, 32, 5
KEY_KIND = "layout"
RESTART_SECONDS = 5.0


def write_for_ever(folder: Path) -> None:
    """The writer: every vector of a version is filled with the version's number, every result with its own."""
    from recemb_core.result_files import key_of, write
    from recemb_core.serving import SQLiteStore

    store = SQLiteStore(folder / "vectors.db")
    ids = [f"item {i}" for i in range(ITEMS)]
    print("ready", flush=True)
    number = 0
    while True:
        number += 1
        rows = np.full((ITEMS, DIMENSIONS), float(number), np.float32)
        store.publish("m", ids, rows, ids[: ITEMS // 3], rows[: ITEMS // 3], {"number": number})
        result = {"a": np.full(20_000, number), "b": np.full(20_000, number)}
        key = key_of(KEY_KIND, "data", seed=number % FILLS)
        write(folder / "results" / "toy", {key: result}, {KEY_KIND: "maps"})


def _faults(folder: Path) -> list[str]:
    """What of the things that a killed writer has left is not whole."""
    from recemb_core.result_files import key_of, places, read
    from recemb_core.serving import SQLiteStore, StoreError

    found = []
    store = SQLiteStore(folder / "vectors.db")
    try:
        version = store.version("m")
    except StoreError:  # it was killed before its first publish
        version = None
    if version is not None:
        for kind, count in (("item", ITEMS), ("user", ITEMS // 3)):
            name, ids, rows = store.load("m", kind)  # type: ignore[arg-type]
            whole = (name, len(ids), rows.shape) == (version.name, count, (count, DIMENSIONS))
            if not whole or not (rows == version.facts["number"]).all():
                found.append(f"{kind}s of version {name}: {len(ids)}, {np.unique(rows)[:5]}")
    store.close()
    places.cache_clear()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for seed in range(FILLS):
            result = read(folder / "results", key_of(KEY_KIND, "data", seed=seed))
            if result is not None and len({*result["a"].tolist(), *result["b"].tolist()}) != 1:
                found.append(f"result {seed} is of two writes")
    found += [str(one.message)[:200] for one in said]
    return found


def writers(count: int, seed: int) -> dict[str, Any]:
    """Kill so many writers, one after the other on the same folder, each at a random moment of its work."""
    rng = random.Random(seed)
    faults: list[str] = []
    half = 0
    with tempfile.TemporaryDirectory(prefix="recemb-kills-") as name:
        folder = Path(name)
        for _ in range(count):
            command = [sys.executable, "-m", "benchmarks.attack_kills", "--write", str(folder)]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
            try:
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(rng.uniform(0, 0.4))
            finally:
                process.kill()
                process.wait()
            left = _faults(folder)
            half += bool(left)
            faults += left
    return {"tried": count, "half": half, "faults": faults}


def servers(count: int, seed: int) -> dict[str, Any]:
    """Kill the server so many times at a random moment of its first second of work; the seconds to its next answer."""
    rng = random.Random(seed)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    seconds, processor, faults = [], [], []
    for _ in range(count + 1):
        start = time.monotonic()
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
        command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            answer = _answer(port, 60)
            seconds.append(time.monotonic() - start)
            processor.append(_processor_seconds(process.pid))
            if answer != 200:
                faults.append(f"the server answered {answer}")
            for _ in range(rng.randrange(4)):
                with suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/?data=planted_shop", timeout=5).read()
            time.sleep(rng.uniform(0, 1))
        finally:
            process.kill()
            process.wait()
    return {"tried": count, "seconds": seconds[1:], "processor": processor[1:], "faults": faults}  # first: no restart


def _processor_seconds(pid: int) -> float:
    """Of a process so far; 0 where there is no /proc."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _answer(port: int, patience: float) -> int:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            return int(urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.05)
    return 0


def main(count: int, seed: int) -> dict[str, Any]:
    """Nine of ten kills are of writers, the others of the server; a table."""
    restarts = max(1, count // 10)
    stores, server = writers(count - restarts, seed), servers(restarts, seed)
    slow = sum(s > RESTART_SECONDS for s in server["seconds"])
    busy = os.getloadavg()[0] > (os.cpu_count() or 1) + 1  # others have the machine: seconds say nothing of the app
    print(f"{'killed':<10}{'times':>8}{'half':>8}   restart")
    print(f"{'writer':<10}{stores['tried']:>8}{stores['half']:>8}")
    median, worst = statistics.median(server["seconds"]), max(server["seconds"])
    print(
        f"{'server':<10}{server['tried']:>8}{len(server['faults']):>8}   median {median:.1f} s, slowest {worst:.1f} s"
    )
    spent = statistics.median(server["processor"])
    print(f"processor until the answer: median {spent:.1f} s; load average {os.getloadavg()[0]:.1f}")
    if slow and busy:
        print(f"{slow} restarts took more than {RESTART_SECONDS:g} s; the machine is busy, so they are not counted")
    for fault in [*stores["faults"], *server["faults"]][:20]:
        print(fault)
    failed = stores["half"] + len(server["faults"]) + (0 if busy else slow)
    return {"tried": count, "failed": failed, "slow_restarts": slow, "writers": stores, "servers": server}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write is not None:
        os.environ.pop("RECEMB_REDIS_URL", None)
        write_for_ever(given.write)
    sys.exit(bool(main(given.count, given.seed)["failed"]))
