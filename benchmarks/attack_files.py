"""Files that are made to do harm, and honest files damaged at random, each read as an upload is.

What is *read* gave a table and its events; what is *refused* gave one sentence; *lost* counts readers that ended
before they answered (that too is one sentence); anything else is a fault.

    python -m benchmarks.attack_files --mutated 500 --seed 0
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import sys
import threading
import time
import zipfile
from collections import Counter
from typing import Any

import polars as pl

from recemb_core.processes import memory_of
from recemb_core.reader_pool import ReaderPool, parse_columns
from recemb_core.readers import InputError, Reading
from tests.bombs import bombs, workbook

WEDGES = (b"\0", b"\xff\xfe", b'"', b"\n\n", b",,,,", b"[", b"{", b"1e999")
ROWS = [{"user": f"u{n % 9}", "item": f"i{n % 13}", "time": 1_700_000_000 + 60 * n, "kind": "tea"} for n in range(300)]


def _honest() -> dict[str, bytes]:
    """A small log in every form that is read."""
    frame = pl.DataFrame(ROWS)
    found = {"log.csv": frame.write_csv().encode(), "log.tsv": frame.write_csv(separator="\t").encode()}
    out = io.BytesIO()
    frame.write_parquet(out)
    found["log.parquet"] = out.getvalue()
    cell = '<c t="inlineStr"><is><t>{}</t></is></c>'.format
    sheet = [list(ROWS[0]), *(row.values() for row in ROWS)]
    found["log.xlsx"] = workbook("".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheet))
    found["log.jsonl"] = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    found["log.json"] = json.dumps(ROWS).encode()
    found["log.csv.gz"] = gzip.compress(found["log.csv"])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.csv", found["log.csv"])
    found["log.zip"] = out.getvalue()
    found["baskets.txt"] = "\n".join("milk bread tea" for _ in range(60)).encode()
    found["graph.edges"] = "\n".join(f"{n % 20} {n % 17} 1" for n in range(200)).encode()
    return found


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The file with one to eight wounds: bytes changed, cut out, doubled, or another end."""
    for _ in range(rng.randint(1, 8)):
        at, size = rng.randrange(len(data) + 1), rng.randint(1, 40)
        piece = data[at : at + size]
        wound = rng.randrange(5)
        if wound == 0:
            data = data[:at] + rng.randbytes(len(piece)) + data[at + size :]
        elif wound == 1:
            data = data[:at] + data[at + size :]
        elif wound == 2:
            data = data[:at] + piece * rng.randint(2, 50) + data[at:]
        elif wound == 3:
            data = data[:at]
        else:
            data = (
                data[:at] + rng.choice([b"\0", b"\xff\xfe", b'"', b"\n\n", b",,,,", b"[", b"{", b"1e999"]) + data[at:]
            )
        data = data or b" "
    return data


class Readers:
    """The pool that uploads use, watched."""

    def __init__(self) -> None:
        self.pool = ReaderPool()
        self.most, self.faults, self._watching = 0, list[str](), True
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        from pathlib import Path

        while self._watching:
            for status in Path("/proc").glob("[0-9]*/status"):
                try:
                    text = status.read_text()
                except OSError:
                    continue
                if f"PPid:\t{os.getpid()}\n" in text:
                    self.most = max(self.most, memory_of(int(status.parent.name))[1])
            time.sleep(0.1)

    def read(self, name: str, data: bytes) -> tuple[str, float]:
        """(what came of it, seconds)."""
        start, lost, reading = time.monotonic(), self.pool.lost, Reading()
        try:
            table = self.pool.read(name, reading.table, data, name)
            self.pool.read(name, parse_columns, table, reading, None)
            outcome = "read"
        except InputError as error:
            sentence = str(error)
            outcome = "lost" if self.pool.lost > lost else "refused"
            if "Traceback" in sentence or len(sentence) > 600 or "\n" in sentence:
                self.faults.append(f"{name}: {sentence[:200]}")
        except Exception as error:
            outcome = "fault"
            self.faults.append(f"{name}: {error!r:.300}")
        return outcome, time.monotonic() - start

    def close(self) -> None:
        self._watching = False
        self._watcher.join()
        self.pool.close()


def main(count: int = 500, seed: int = 0) -> dict[str, Any]:
    """All bombs once and ``count`` damaged files; prints the table and gives its figures."""
    rng, readers, honest = random.Random(seed), Readers(), _honest()
    found: dict[str, Counter[str]] = {"made to do harm": Counter(), "damaged": Counter()}
    longest = dict.fromkeys(found, 0.0)
    own = memory_of(os.getpid())[1]
    for kind, files in (
        ("made to do harm", bombs()),
        ("damaged", ((name, mutated(honest[name], rng)) for name in rng.choices(list(honest), k=count))),
    ):
        for name, data in files:
            outcome, seconds = readers.read(name, data)
            found[kind][outcome] += 1
            longest[kind] = max(longest[kind], seconds)
    readers.close()
    print(f"{'files':20}{'tried':>8}{'read':>8}{'refused':>8}{'lost':>8}{'faults':>8}{'longest':>9}")
    for kind, outcomes in found.items():
        row = "".join(
            f"{outcomes[name]:{width}}" for name, width in (("read", 8), ("refused", 9), ("lost", 7), ("fault", 8))
        )
        print(f"{kind:20}{outcomes.total():8}{row}{longest[kind]:8.1f}s")
    grown = (memory_of(os.getpid())[1] - own) / 1e6
    print(f"most memory of a reader: {readers.most / 1e6:,.0f} MB; this process grew by {grown:,.0f} MB")
    for fault in readers.faults[:20]:
        print(f"  {fault}")
    return {"found": found, "failed": len(readers.faults), "most": readers.most}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutated", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(1 if main(asked.mutated, asked.seed)["failed"] else 0)
