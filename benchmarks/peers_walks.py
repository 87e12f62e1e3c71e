"""The peers' side of ``benchmarks.walks``; runs in their environment, not in ours.

``python peers_walks.py EDGES``: EDGES is a tab-separated edge list (source, target, weight; no header). Then one
request a line on standard input, one answer a line on standard output, both JSON::

    {"peer": "grape", "num_walks": 10, "walk_length": 80, "p": 0.5, "q": 2, "options": {}}
    {"steps": 8000000, "wall": 1.6, "cpu": 3.2}

GRAPE uses as many threads as ``RAYON_NUM_THREADS`` says, PecanPy one whatever it is told.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any
from unittest.mock import MagicMock


def load_grape(path: str) -> Any:
    # Imported by ensmallen for the download of public graphs only, and dozens of packages with them.
    for name in ("cache_decorator", "compress_json", "dict_hash", "downloaders", "userinput", "userinput.utils"):
        sys.modules[name] = MagicMock()
    from ensmallen import Graph

    return Graph.from_csv(
        edge_path=path,
        edge_list_separator="\t",
        edge_list_header=False,
        sources_column_number=0,
        destinations_column_number=1,
        weights_column_number=2,
        directed=False,
        verbose=False,
    )


def load_pecanpy(path: str) -> Any:
    from pecanpy.pecanpy import SparseOTF

    graph = SparseOTF(p=1, q=1, workers=1, verbose=False)
    graph.read_edg(path, weighted=True, directed=False, delimiter="\t")
    return graph


def walk(peer: str, graph: Any, request: dict[str, Any]) -> int:
    """Walk, and say how many nodes the walks have."""
    num_walks, length = request["num_walks"], request["walk_length"]
    if peer == "grape":
        found = graph.complete_walks(
            walk_length=length,
            return_weight=1 / request["p"],
            explore_weight=1 / request["q"],
            iterations=num_walks,
            **request["options"],
        )
        return int(found.size)
    graph.p, graph.q = request["p"], request["q"]
    return sum(map(len, graph.simulate_walks(num_walks, length)))


def main() -> None:
    graphs: dict[str, Any] = {}
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes elsewhere
    for line in sys.stdin:
        request = json.loads(line)
        peer = request["peer"]
        if peer not in graphs:
            graphs[peer] = (load_grape if peer == "grape" else load_pecanpy)(sys.argv[1])
        wall, cpu = time.perf_counter(), time.process_time()
        steps = walk(peer, graphs[peer], request)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"steps": steps, "wall": wall, "cpu": cpu}), file=answers)


if __name__ == "__main__":
    main()
