"""Everything that is tried against the app, one after the other, with its table (``make attack``).

python -m benchmarks.attack --share 1.0
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import attack_addresses, attack_files, attack_kills, attack_processes, attack_uploads


def main(share: float = 1.0, seed: int = 0) -> int:
    """Run all; the number of parts that found a fault."""
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "files": lambda: attack_files.main(max(10, int(2_000 * share)), seed),
        "addresses": lambda: attack_addresses.main(max(20, int(2_000 * share)), seed),
        "processes of heavy work": lambda: attack_processes.main(max(2, int(50 * share)), seed),
        "server and writers": lambda: attack_kills.main(max(2, int(100 * share)), seed),
        "uploads beside somebody's work": attack_uploads.main,
    }
    failed = 0
    for name, run in parts.items():
        print(f"\n== {name} ==", flush=True)
        start = time.monotonic()
        found = run()
        failed += bool(found["failed"])
        print(f"({time.monotonic() - start:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the inputs that a whole run tries")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(main(asked.share, asked.seed))
