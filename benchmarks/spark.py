"""Spark on this computer beside the library's own engine, on the same log: seconds, and how they grow.

    python -m benchmarks.spark                             # 100,000 and a million events, some minutes
    python -m benchmarks.spark --events 1000000 10000000 --minutes 60 --memory 6g --append table.md

An invented log: users who click through sessions, items by Zipf's law. Each stage is timed with its result counted, so
that Spark has done it: the csv read and cleaned, the transition graph, its backbone (corrected for noise, at most 8
edges an item), walks of first order (p = q = 1) and of second order (p = ¼, q = 4) on the backbone, and one epoch of
word2vec on the sessions. A stage that would not end within ``--minutes``, going by the size before, is left out, and
those after it that need it. Both engines take the same settings; the library's own
word2vec trains negative samples, Spark's a tree. Spark is started before; what it compiles at its first query counts.
What is not measured here is a cluster, which is what Spark is for.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recemb_core.embeddings import Word2VecConfig, train_word2vec
from recemb_core.item_graph import backbone
from recemb_core.item_graph.config import GraphConfig
from recemb_core.readers import ColumnMapping, Reading
from recemb_core.sequences import read_events
from recemb_core.timing import timed
from recemb_core.walks import WalkConfig, generate_walks

READING = Reading(columns=ColumnMapping(shape="events", user="user", item="item", timestamp="time"))
GRAPH = GraphConfig()
NARROWED: dict[str, Any] = {"method": "noise_corrected", "edges_per_item": 8}
FIRST = WalkConfig(num_walks=1, walk_length=10)
SECOND = WalkConfig(num_walks=1, walk_length=5, p=0.25, q=4.0)
VECTORS = Word2VecConfig(dimensions=32, window=2, epochs=1, subsample=0.0)
NEEDS = {
    "read and clean": "",
    "transitions": "read and clean",
    "backbone": "transitions",
    "walks, first order": "backbone",
    "walks, second order": "backbone",
    "word2vec, an epoch": "read and clean",
}
"""Stages, and what each needs done before it."""


def invented_log(events: int, path: Path, seed: int = 0) -> None:
    """Write a csv: a user for ten events, an item for fifty, sessions of about five events an hour and more apart.

    Items follow Zipf's law with exponent 1; half of the steps in a session go to an item next to the one before, so
    that there is something to walk on.
    """
    rng = np.random.default_rng(seed)
    items, users = max(events // 50, 100), max(events // 10, 10)
    by_rank = np.cumsum(1.0 / np.arange(1, items + 1))
    item = np.searchsorted(by_rank, rng.random(events) * by_rank[-1])
    user = np.sort(rng.integers(0, users, events))
    near = (rng.random(events) < 0.5) & (np.diff(user, prepend=-1) == 0)
    step = rng.integers(1, 6, events)
    for at in np.flatnonzero(near):
        item[at] = (item[at - 1] + step[at]) % items
    time = np.cumsum(np.where(rng.random(events) < 0.2, 7_200, rng.integers(5, 600, events)))
    columns: dict[str, Any] = {"user": user, "item": item, "time": 1_700_000_000 + time}
    frame = pl.DataFrame(columns).with_columns(item=pl.format("i{}", "item"), user=pl.format("u{}", "user"))
    frame.write_csv(path)


def here(path: str) -> list[Callable[[], Any]]:
    """The stages of the library's own engine."""
    kept: dict[str, Any] = {}

    def read() -> int:
        kept["sequences"] = read_events(path, reading=READING)
        return len(kept["sequences"].tokens)

    def edges() -> int:
        kept["graph"] = GRAPH.build(kept["sequences"])
        return int(kept["graph"].num_edges)

    def narrow() -> int:
        kept["graph"] = backbone(kept["graph"], **NARROWED)
        return int(kept["graph"].num_edges)

    return [
        read,
        edges,
        narrow,
        lambda: int((generate_walks(kept["graph"], FIRST) >= 0).sum()),
        lambda: int((generate_walks(kept["graph"], SECOND) >= 0).sum()),
        lambda: len(train_word2vec(kept["sequences"], VECTORS)),
    ]


def there(session: Any, path: str) -> list[Callable[[], Any]]:
    """The stages of Spark."""
    from pyspark.sql import functions as F

    from recemb_core.spark import as_trained, clean_events, item_edges, read_log, train_vectors
    from recemb_core.spark import backbone as spark_backbone
    from recemb_core.spark import generate_walks as spark_walks

    kept: dict[str, Any] = {}

    def read() -> int:
        kept["sequences"] = clean_events(read_log(session, path, READING))
        return int(kept["sequences"].events.count())

    def edges() -> int:
        kept["graph"] = item_edges(kept["sequences"], GRAPH)
        return int(kept["graph"].num_edges())

    def narrow() -> int:
        kept["graph"] = spark_backbone(kept["graph"], **NARROWED)
        return int(kept["graph"].num_edges())

    def walk(config: WalkConfig) -> int:
        return int(spark_walks(kept["graph"], config).agg(F.sum(F.size("nodes"))).collect()[0][0])

    def train() -> int:
        config, _ = as_trained(VECTORS)
        return len(train_vectors(config, kept["sequences"].vocabulary(), sequences=kept["sequences"]))

    return [read, edges, narrow, lambda: walk(FIRST), lambda: walk(SECOND), train]


def cpu_seconds(session: Any) -> float:
    """Of this process and Spark's; it depends little on what else the computer does. Linux alone tells Spark's."""
    stat = Path(f"/proc/{session.sparkContext._gateway.proc.pid}/stat")
    ticks = [int(part) for part in stat.read_text().rpartition(")")[2].split()[11:13]] if stat.exists() else [0]
    return os.times().user + os.times().system + sum(ticks) / os.sysconf("SC_CLK_TCK")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--master", default="local[*]")
    parser.add_argument("--memory", default="4g", help="of Spark's process")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="in all, at most about")
    parser.add_argument("--append", nargs="*", type=Path, default=[], help="files (.md) that the table is added to")
    args = parser.parse_args(arguments)
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--driver-memory {args.memory} pyspark-shell"
    from recemb_core.spark import connect

    session, seconds = timed(lambda: connect(args.master))
    print(f"Spark started in {seconds:.1f} s\n", flush=True)
    until = time.monotonic() + 60 * args.minutes
    lines = list[str]()

    def say(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    say("| events | stage | own engine, s (CPU s) | Spark, s (CPU s) | Spark / own, CPU | result, own and Spark |")
    say("|-:|-|-:|-:|-:|-|")
    took = dict[str, tuple[int, float]]()  # stage → events and seconds of Spark, at the size before
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder, "warm.csv")
        invented_log(5_000, warm)
        for stage in here(str(warm)):  # numba compiles once a machine
            stage()
        for events in sorted(args.events):
            path, left_out = Path(folder, f"{events}.csv"), set[str]()
            invented_log(events, path)
            for name, own, spark in zip(NEEDS, here(str(path)), there(session, str(path)), strict=True):
                before = cpu_seconds(session)
                one, a = timed(own)
                between = cpu_seconds(session)
                mine = f"{a:.2f} ({between - before:.2f})"
                size, spent = took.get(name, (events, 0.0))
                expected = spent * events / size
                if NEEDS[name] in left_out or time.monotonic() + expected > until:
                    left_out.add(name)
                    say(f"| {events:,} | {name} | {mine} | not run (about {expected / 60:.0f} min) | | {one:,} |")
                    continue
                other, b = timed(spark)
                took[name] = events, b
                its = cpu_seconds(session) - between
                ratio = f"{its / max(between - before, 0.01):.0f}"
                say(f"| {events:,} | {name} | {mine} | {b:.1f} ({its:.1f}) | {ratio} | {one:,} and {other:,} |")
            session.catalog.clearCache()
    session.stop()
    for file in args.append:
        with file.open("a", encoding="utf-8") as out:
            out.write("\n".join(["", f"Spark, {args.master}, beside the library's own engine:", "", *lines, ""]))


if __name__ == "__main__":
    main()
