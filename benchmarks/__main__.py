"""Every comparison with a peer or a goal, bounded to less than half an hour, and one table of their ratios.

    python -m benchmarks [--only walks lsh …] [--write table.md table.json] [--limit 600]

Each part runs in a process of its own, one after the other, and gives its headline ratios; ratio is how many times as
good ours is. A peer that is not installed and a part that fails or does not end are rows too, which say so. A module's
own command (``python -m benchmarks.walks``) measures more of it, and longer.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import Row, markdown, read, write

# By name of its module, whose `headline()` gives the rows.
PARTS = (
    "walks",
    "skip_gram",
    "eges",
    "lsh",
    "lsh_intervals",
    "previews",
    "pq_figures",
    "null_sweeps",
    "models",
    "pretraining",
    "recall_models",
    "evaluation",
    "reading",
)
LIMIT = 600.0  # seconds of one part
# Set for other work on some machines, and not what a measurement should run under.
UNWANTED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a part that still runs, and what it has started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()


def so_far(path: Path) -> list[Row]:
    """The rows that a part has written."""
    return read(path) if path.exists() else []


def run_part(name: str, limit: float) -> list[Row]:
    """The rows of one part, in a process of its own; one that says so where there are none."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "rows.json")
        command = [sys.executable, "-m", "benchmarks", "--part", name, "--write", str(found)]
        environment = {key: value for key, value in os.environ.items() if key not in UNWANTED}
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            return [*so_far(found), Row.missing(name, "the rest", "", f"not over within {limit:g} s")]
        finally:
            end(process)
        if code:
            return [*so_far(found), Row.missing(name, "the rest", "", f"failed with return code {code}")]
        return so_far(found)


def parts(chosen: Sequence[str], limit: float) -> list[Row]:
    """The rows of all these parts, one after the other."""
    rows: list[Row] = []
    for number, name in enumerate(chosen, 1):
        print(f"\n=== {name} ({number} of {len(chosen)}) ===", flush=True)
        start = time.monotonic()
        rows += run_part(name, limit)
        print(f"=== {name}: {time.monotonic() - start:.0f} s ===", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--write", nargs="*", type=Path, default=[], help="files for the table: .md, .json")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds that one part may take")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    for path in given.write:
        if path.suffix not in (".md", ".json"):
            parser.error(f"{path} must end with .md or .json")
    if given.part:
        found: list[Row] = []
        for row in importlib.import_module(f"benchmarks.{given.part}").headline():
            found.append(row)
            for path in given.write:  # after each, for one whose time is over has what it has found
                write(path, found)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the part under way is ended, too
    start = time.monotonic()
    load = os.getloadavg()[0]
    rows = parts(given.only, given.limit)
    facts = {
        "machine": f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}",
        "load when it began": f"{load:.1f}",
        "minutes": f"{(time.monotonic() - start) / 60:.0f}",
    }
    print("\n" + "\n".join(f"{name}: {value}" for name, value in facts.items()) + "\n")
    print(markdown(rows))
    print("\nratio: how many times as good ours is (median of the turns); a goal's ratio is 1 where it is just met.")
    for path in given.write:
        write(path, rows, **facts)


if __name__ == "__main__":
    main()
