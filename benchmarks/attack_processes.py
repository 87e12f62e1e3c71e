"""kill −9 of the processes that do heavy work, at random moments: one person's sentence, and the next run is whole.

python -m benchmarks.attack_processes --count 100 --seed 0
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
from typing import Any

import numpy as np

from recemb_core.embeddings import Node2VecConfig, train_node2vec
from recemb_core.item_graph import ItemGraph
from recemb_core.job_pool import JobLimits, JobPool
from recemb_core.validation import UsageError


def main(count: int = 100, seed: int = 0) -> dict[str, Any]:
    """Kill so many; prints the table and gives its figures."""
    rng, pool = random.Random(seed), JobPool(JobLimits(processes=1))
    at = np.arange(400)
    graph, config = ItemGraph.from_edges(at, np.roll(at, 1), directed=False), Node2VecConfig(epochs=6, seed=seed)
    right = train_node2vec(graph, config).vectors.tobytes()
    killed = said = whole = 0
    faults, recovery = [], []
    for _ in range(count):
        process = pool.run(os.getpid)[0]
        killer = threading.Timer(rng.uniform(0.0, 1.0), os.kill, (process, signal.SIGKILL))
        killer.start()
        try:
            vectors, _ = pool.run(train_node2vec, graph, config)
            whole += vectors.vectors.tobytes() == right
        except UsageError as error:
            said += "\n" not in str(error)
        except Exception as error:
            faults.append(repr(error))
        killer.join()
        start = time.monotonic()
        while pool.run(os.getpid)[0] == process:  # it was killed after its answer
            time.sleep(0.01)
        recovery.append(time.monotonic() - start)
        killed += 1
    if pool.run(train_node2vec, graph, config)[0].vectors.tobytes() != right:
        faults.append("a run after the last kill gives other vectors")
    pool.close()
    print(f"processes killed: {killed}; sentences: {said}; right before the kill: {whole}; faults: {len(faults)}")
    print(f"until another process answers: median {np.median(recovery):.2f} s, longest {max(recovery):.2f} s")
    for fault in faults[:10]:
        print(f"  {fault:.300}")
    return {"killed": killed, "said": said, "whole": whole, "failed": len(faults)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(1 if main(asked.count, asked.seed)["failed"] else 0)
