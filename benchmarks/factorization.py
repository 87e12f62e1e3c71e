"""How close v · v′ comes to PMI − log k, by negatives, dimensions and how often a pair was seen.

    python -m benchmarks.factorization                     # three sets, k = 1, 5, 15, d = 32, a few minutes
    python -m benchmarks.factorization --dimensions 8 128

Skip-gram with noise drawn as often as items occur (exponent 1), beside the usual 0.75, three seeds each: windows of two
on the planted shop's clicks and an invented log of ratings, sets of the groceries' baskets. r is Pearson's correlation
over pairs seen at least so often in a pass, each once; the range is over seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.evaluation_table import invented_ratings
from recemb_core.datasets import load_dataset
from recemb_core.experiments.factorization import AT_LEAST, factorization, factorization_defaults
from recemb_core.sequences import Sequences, split_sessions

SHOWN = (1, 5, 20)


def sets() -> Iterator[tuple[str, Sequences]]:
    """Name and log."""
    shop, groceries = (load_dataset(name).sequences for name in ("planted_shop", "complete_journey"))
    assert shop is not None
    assert groceries is not None
    yield "planted shop", split_sessions(shop, gap_minutes=60)
    yield "groceries", groceries
    yield "invented ratings", invented_ratings()


def main(negatives: Sequence[int] = (1, 5, 15), dimensions: Sequence[int] = (32,), seeds: int = 3) -> None:
    """Print a line a setting."""
    heads = "".join(f"{f'seen {least}+: pairs':>18}{'r, exponent 1':>18}{'r, .75':>10}" for least in SHOWN)
    print(f"{'':18}{'k':>4}{'d':>5}{heads}{'slope':>8}{'seconds':>9}")
    for name, log in sets():
        default = factorization_defaults(log)
        for d in dimensions:
            for k in negatives:
                begun = time.perf_counter()
                model = replace(default.model, negative=k, dimensions=d)
                found = factorization(log, replace(default, model=model, seeds=seeds))
                line = f"{name:18}{k:4}{d:5}"
                for least in SHOWN:
                    one, usual = found.fits(1.0, least), found.fits(0.75, least)
                    r = [fit.correlation for fit in one]
                    mean = sum(fit.correlation for fit in usual) / seeds
                    line += f"{found.pairs[AT_LEAST.index(least)]:18,}{f'{min(r):.3f} to {max(r):.3f}':>18}{mean:10.3f}"
                slope = sum(fit.slope for fit in found.fits(1.0, 5)) / seeds
                print(f"{line}{slope:8.2f}{time.perf_counter() - begun:9.1f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--negatives", type=int, nargs="+", default=[1, 5, 15])
    parser.add_argument("--dimensions", type=int, nargs="+", default=[32])
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    main(asked.negatives, asked.dimensions, asked.seeds)
