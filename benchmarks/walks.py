"""Second-order walks a second: ours beside GRAPE (ensmallen) and PecanPy, in one run.

    python -m benchmarks.walks                  # some ten minutes, plus the peers' environment the first time
    python -m benchmarks.walks --nodes 10000    # one size only

Weighted undirected graphs, p = 0.5, q = 2, 10 walks of 80 nodes from every node. Ours and the peer take turns; medians.
A step is a node of a walk. Ours includes building the tables, as for a graph never walked before; compilation is left
out on all sides: ours is warmed up, GRAPE comes compiled, and PecanPy, which compiles anew at every call, is read from
the slope between two walk counts. The peers walk fewer than 10 rounds where that takes minutes: their speed does not
depend on it. By default GRAPE looks at 100 random neighbors of a larger node at most, which
is fast and only approximate; ``exact`` looks at all. PecanPy uses one core, so it is compared by processor time.

The goals are for the default and the slope, that is, for the peers at their best.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numba
import numpy as np

from benchmarks.graphs import les_miserables, power_law_graph
from benchmarks.table import Row
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import WalkConfig, generate_walks

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers"
REQUIREMENTS = Path(__file__).with_name("requirements-peers.txt")
WALK_LENGTH, P, Q = 80, 0.5, 2.0
# Set for other work on some machines, and not what a measurement should run under.
UNWANTED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
GOALS = {("GRAPE", 10_000): 6.0, ("GRAPE", 100_000): 4.0, ("PecanPy", 10_000): 15.0, ("PecanPy", 100_000): 15.0}


class Run(NamedTuple):
    """One measurement: nodes walked, seconds on the clock, processor seconds of all threads."""

    steps: int
    wall: float
    cpu: float


class Peers:
    """A process in the peers' environment that has one graph and answers one request at a time."""

    def __init__(self, edges: Path, threads: int) -> None:
        self.process = subprocess.Popen(
            [peers_python(), "-W", "ignore", str(Path(__file__).with_name("peers_walks.py")), str(edges)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "RAYON_NUM_THREADS": str(threads)},
            text=True,
        )

    def walk(self, peer: str, num_walks: int, **options: Any) -> Run:
        assert self.process.stdin
        assert self.process.stdout
        request = {"peer": peer, "num_walks": num_walks, "walk_length": WALK_LENGTH, "p": P, "q": Q, "options": options}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{peer} ended with return code {self.process.wait()}")
        return Run(**json.loads(answer))

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def peers_python() -> str:
    """Python of the peers' environment, which is made when it is missing."""
    python = PEERS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = PEERS / "installed.txt"
    if not done.exists() or done.read_text() != REQUIREMENTS.read_text():
        if sys.version_info[:2] not in ((3, 11), (3, 12)):
            raise SystemExit("the peers need Python 3.11 or 3.12: run this benchmark with one of them")
        print(f"installing the peers into {PEERS.name} …", flush=True)
        venv.create(PEERS, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-r", REQUIREMENTS], check=True)
        done.write_text(REQUIREMENTS.read_text())
    return str(python)


def ours(graph: ItemGraph, threads: int, num_walks: int) -> Run:
    """A graph never walked before: a new object has no tables yet."""
    numba.set_num_threads(threads)
    graph = dataclasses.replace(graph)
    wall, cpu = time.perf_counter(), time.process_time()
    walks = generate_walks(graph, WalkConfig(num_walks=num_walks, walk_length=WALK_LENGTH, p=P, q=Q))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Run(int((walks >= 0).sum()), wall, cpu)


def take_turns(repeats: int, *sides: Callable[[], Run]) -> list[list[Run]]:
    """Each side in turn, ``repeats`` times, so that whatever else the machine does meets all sides alike."""
    rounds = [[side() for side in sides] for _ in range(repeats)]
    return [list(runs) for runs in zip(*rounds, strict=True)]


def speed(runs: Iterable[Run], clock: str) -> float:
    """Median million steps a second."""
    return median(run.steps / getattr(run, clock) for run in runs) / 1e6


def write_edges(graph: ItemGraph, path: Path) -> None:
    once = graph.sources < graph.indices
    rows = np.column_stack([graph.sources[once], graph.indices[once], graph.weights[once]])
    np.savetxt(path, rows, fmt=("%d", "%d", "%g"), delimiter="\t")


def row(*cells: object) -> None:
    print("| " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in cells) + " |", flush=True)


def compare(
    name: str,
    graph: ItemGraph,
    repeats: int,
    grape_walks: int,
    pecanpy_walks: tuple[int, int],
    *,
    threads_each: tuple[int, ...],
) -> Iterator[Row]:
    """Print every comparison on this graph, and give those with two threads, and PecanPy's."""
    nodes = len(graph)
    with tempfile.TemporaryDirectory() as folder:
        edges = Path(folder, "edges.tsv")
        write_edges(graph, edges)
        for threads in threads_each:
            if threads > numba.config.NUMBA_NUM_THREADS:
                continue
            peers = Peers(edges, threads)
            versions: list[tuple[str, dict[str, Any]]] = [("GRAPE", {})]
            if graph.out_degree.max() > 100 and threads == 2:
                versions.append(("GRAPE exact", {"max_neighbours": 2**31 - 1}))
            for title, options in versions:
                mine, theirs = take_turns(
                    repeats,
                    lambda threads=threads: ours(graph, threads, 10),
                    lambda peers=peers, options=options: peers.walk("grape", grape_walks, **options),
                )
                wall = speed(mine, "wall"), speed(theirs, "wall")
                cpu = speed(mine, "cpu"), speed(theirs, "cpu")
                goal = GOALS.get((title, nodes), "") if threads == 2 else ""
                row(name, title, threads, *wall, wall[0] / wall[1], *cpu, cpu[0] / cpu[1], goal)
                if threads == 2:
                    rates = ([run.steps / run.wall / 1e6 for run in runs] for runs in (mine, theirs))
                    yield Row.of_turns("walks, 2 threads", name, "M steps/s", title, *rates)
            peers.close()
        peers = Peers(edges, 1)
        mine, few, many = take_turns(
            repeats,
            lambda: ours(graph, 1, 10),
            lambda: peers.walk("pecanpy", pecanpy_walks[0]),
            lambda: peers.walk("pecanpy", pecanpy_walks[1]),
        )
        peers.close()
        extra_seconds = median(run.cpu for run in many) - median(run.cpu for run in few)
        slope = (many[0].steps - few[0].steps) / extra_seconds / 1e6
        cpu = speed(mine, "cpu"), slope
        row(name, "PecanPy SparseOTF", 1, "", "", "", *cpu, cpu[0] / cpu[1], GOALS.get(("PecanPy", nodes), ""))
        # Its slope is between two medians: turn by turn, compilation that differs would be most of it.
        rates = [run.steps / run.cpu / 1e6 for run in mine]
        yield Row.of_turns("walks, 1 thread", name, "M steps/CPU-s", "PecanPy SparseOTF", rates, [slope] * len(rates))


def sizes(nodes: int | None, repeats: int, *, threads: tuple[int, ...] = (2, 1)) -> Iterator[Row]:
    """The comparisons of one size, or of all three."""
    ours(les_miserables(), 1, 1)  # compiles
    measure = partial(compare, threads_each=threads)
    if nodes in (None, 77):
        yield from measure("Les Misérables, 77 nodes", les_miserables(), repeats * 5, 10, (100, 1100))
    if nodes in (None, 10_000):
        yield from measure("10,000 nodes, 50,000 edges", power_law_graph(10_000, 50_000), repeats, 10, (1, 11))
    if nodes in (None, 100_000):
        graph = power_law_graph(100_000, 1_000_000)
        yield from measure("100,000 nodes, 1,000,000 edges", graph, repeats, 2, (1, 3))


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: two sizes, in three turns each, GRAPE with two threads."""
    try:
        peers_python()
    except (SystemExit, OSError, subprocess.CalledProcessError) as error:
        why = f"not installed: {error}" if isinstance(error, SystemExit) else "not installed: pip could not get them"
        for peer in ("GRAPE", "PecanPy SparseOTF"):
            yield Row.missing("walks", "", peer, why)
        return
    for nodes in (10_000, 100_000):
        yield from sizes(nodes, 3, threads=(2,))


def main() -> None:
    if any(name in os.environ for name in UNWANTED):
        clean = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.walks", *sys.argv[1:]], clean)
    parser = argparse.ArgumentParser(description="Second-order walks a second: ours, GRAPE, PecanPy.")
    parser.add_argument("--nodes", type=int, choices=(77, 10_000, 100_000), help="this size only")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    peers_python()
    print("Million steps a second (wall) and per processor second; ratios ours / peer.\n")
    row("graph", "peer", "threads", "ours", "peer", "ratio", "ours per CPU-s", "peer per CPU-s", "ratio", "goal")
    row(*["---"] * 10)
    for _ in sizes(arguments.nodes, arguments.repeats):
        pass


if __name__ == "__main__":
    main()
