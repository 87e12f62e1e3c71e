"""Seconds and peak memory of every stage from a file to a map, at several sizes, and how they grow.

    python -m benchmarks.scale [--events 100000 1000000 10000000] [--gib 8] [--folder DIR] [--write table.md table.json]

An invented log (``invented.py``: 50 events an item, 5 a user) is written as csv and as parquet. Each stage runs in a
process of its own that may have no more than --gib of address space, on what the stages before it left in the folder;
it is run on a log of 20,000 events first, so that compiling is not timed, and up to three times (the median counts).
Peak memory is the most that its process had, libraries included, from when what it works on was in hand; CPU seconds
are those of all its threads, and what other programs do at the time hardly changes them. Growth is the seconds per
event beside those of the size before, and in brackets the same of the CPU seconds in the program itself: what is left
out there is the system's time, which for large arrays is mostly that of handing memory over, and is the machine's. A
stage that fails is a row that says so, and those after it go on as far as they can.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

WARM = 20_000  # events of the log that stages are run on first
TIMES = ("seconds", "cpu", "user", "turns")
LINEAR = 0.2  # growth of seconds per event that still counts as linear


@dataclass(frozen=True)
class Row:
    """A stage at a size."""

    events: int
    stage: str
    seconds: float | None
    peak_bytes: int | None
    cpu: float = 0.0
    user: float = 0.0
    turns: int = 0
    figures: tuple[tuple[str, int], ...] = ()
    failed: str = ""


def stage(name: str, folder: Path, warm: Path | None, limit: int) -> tuple[dict[str, Any] | None, str]:
    """(what a stage says, why it failed)."""
    command = [sys.executable, "-m", "benchmarks.scale.stages", name, str(folder), str(warm or ""), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or [f"return code {done.returncode}"])[-1][:200]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found, ""


def measured(events: int, name: str, found: dict[str, Any] | None, why: str) -> Row:
    """A row of what :func:`stage` gave."""
    if found is None:
        return Row(events, name, None, None, failed=why)
    figures = tuple((key, value) for key, value in found.items() if key not in ("peak", *TIMES))
    return Row(events, name, peak_bytes=found["peak"], figures=figures, **{name: found[name] for name in TIMES})


def measure(sizes: list[int], folder: Path, gib: float) -> Iterator[Row]:
    """Every stage at every size."""
    from benchmarks.scale.stages import STAGES

    limit, warm = int(gib * 2**30), folder / "warm"
    warm.mkdir(exist_ok=True)
    stage(str(WARM), warm, None, 0)
    for one in STAGES:
        stage(one.name, warm, None, 0)
    for events in sizes:
        place = folder / str(events)
        place.mkdir(exist_ok=True)
        yield measured(events, "the log written", *stage(str(events), place, None, limit))
        for one in STAGES:
            yield measured(events, one.name, *stage(one.name, place, warm, limit))


def growth(rows: list[Row], row: Row) -> tuple[float, float] | None:
    """Seconds, and CPU seconds of the program itself, per event beside the next smaller size's; None without one."""
    same = sorted((r for r in rows if r.stage == row.stage and r.seconds), key=lambda r: r.events)
    before = [r for r in same if r.events < row.events]
    if row.seconds is None or not before or before[-1].seconds is None:
        return None
    more = row.events / before[-1].events
    return row.seconds / before[-1].seconds / more, row.user / max(before[-1].user, 1e-3) / more


def size_words(events: int) -> str:
    """A number of events in words.

    >>> size_words(100_000), size_words(10_000_000)
    ('.1 million', '10 million')
    """
    return f"{events / 1e6:g} million".removeprefix("0")


def markdown(rows: list[Row]) -> str:
    """A line a stage; for each size seconds and peak memory, and growth against the size before."""
    from benchmarks.scale.stages import NOT_BY_EVENT

    sizes = sorted({row.events for row in rows})
    head, rule = ["Stage"], ["---"]
    for number, events in enumerate(sizes):
        head += [f"{size_words(events)}: s", "CPU s", "GB"] + ["per event (program alone)"] * bool(number)
        rule += ["--:"] * (4 if number else 3)
    lines = [head, rule]
    for name in dict.fromkeys(row.stage for row in rows):
        line = [name]
        for number, events in enumerate(sizes):
            row = next((r for r in rows if (r.stage, r.events) == (name, events)), None)
            if row is None or row.seconds is None:
                line += ["failed" if row else "", "", ""] + [""] * bool(number)
                continue
            peak = "" if row.peak_bytes is None else f"{row.peak_bytes / 1e9:.2f}"
            line += [f"{row.seconds:.3g}", f"{row.cpu:.3g}", peak]
            times = growth(rows, row)
            if number:
                told = times is not None and name not in NOT_BY_EVENT
                line.append(f"× {times[0]:.2f} ({times[1]:.2f})" if told and times is not None else "")
        lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def said(rows: list[Row]) -> list[str]:
    """What the table does not say by itself: what failed, what is not linear."""
    from benchmarks.scale.stages import NOT_BY_EVENT

    lines = [f"{row.stage} at {size_words(row.events)}: failed ({row.failed})" for row in rows if row.failed]
    for row in rows:
        times = growth(rows, row)
        if times is None or row.stage in NOT_BY_EVENT or abs(times[1] - 1) <= LINEAR:
            continue
        what = "more than linear" if times[1] > 1 else "less than linear: a part that does not grow with the events"
        lines.append(
            f"{row.stage} at {size_words(row.events)}: {times[0]:.2f} times the seconds per event, {times[1]:.2f} "
            f"times the program's own ({what})"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--gib", type=float, default=8.0, help="address space of a stage; 0: no bound")
    parser.add_argument("--folder", type=Path, help="for the files; a temporary one without it")
    parser.add_argument("--write", nargs="*", type=Path, default=[], help="files for the table: .md, .json")
    given = parser.parse_args()
    for path in given.write:
        if path.suffix not in (".md", ".json"):
            parser.error(f"{path} must end with .md or .json")
    load, rows = os.getloadavg()[0], list[Row]()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for row in measure(sorted(given.events), Path(folder), given.gib):
            rows.append(row)
            text = row.failed or f"{row.seconds:.2f} s, {(row.peak_bytes or 0) / 1e9:.2f} GB"
            print(f"{row.events:>11,} {row.stage}: {text} {dict(row.figures) or ''}", flush=True)
    facts = {
        "machine": f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}",
        "load when it began": f"{load:.1f}",
        "address space of a stage": f"{given.gib:g} GiB" if given.gib else "no bound",
    }
    table, words = markdown(rows), said(rows)
    print("\n" + "\n".join(f"{name}: {value}" for name, value in facts.items()) + f"\n\n{table}\n\n" + "\n".join(words))
    for path in given.write:
        if path.suffix == ".json":
            text = json.dumps({**facts, "rows": [asdict(row) for row in rows]}, indent=1)
        else:
            text = "\n".join([*(f"{name}: {value}  " for name, value in facts.items()), "", table, "", *words])
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
