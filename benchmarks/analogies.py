"""How often A − B + C is right, model by model: analogies that the data's fields ask.

    python -m benchmarks.analogies                 # planted shop and groceries, three seeds, some minutes
    python -m benchmarks.analogies --seeds 1

A and B differ in one field and are alike in the others that are held; C has B's value of it and other held values;
right is every item with A's value and the rest of C. Beside the share of first answers that are right: that of the item
nearest to C without any sum, chance, and the gain with its 95 % interval over targets, all models of a set together.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import comparison_defaults, default_graph, train_model
from recemb_core.evaluation.analogies import analogies, analogy_fields, measure_analogies
from recemb_core.sequences import split_sessions

STEPS = {"planted_shop": ("role", "price_band"), "complete_journey": ("brand", "package_size", "product_type")}


def main(seeds: int = 3) -> None:
    """Print a table a set and step."""
    for name, steps in STEPS.items():
        data = load_dataset(name)
        assert data.sequences is not None
        log = split_sessions(data.sequences, gap_minutes=60) if data.sequences.ordered else data.sequences
        known = {"sequences": log, "graph": data.graph or default_graph(log), "side_info": data.side_info}
        side = data.side_info
        fields = dict(data.labels)
        if side is not None:
            fields |= {
                c: np.array(side[c].to_list(), dtype=object) for c in side.columns if c not in ("title", *fields)
            }
        configs = comparison_defaults(**known)
        trained = {
            model: [
                train_model(replace(config, seed=seed) if hasattr(config, "seed") else config, **known)
                for seed in range(seeds if hasattr(config, "seed") else 1)
            ]
            for model, config in configs.items()
        }
        for step in steps:
            held = analogy_fields(fields, step)
            asked = analogies(fields, step, held)
            print(f"\n{name}: {step} steps, {', '.join(held)} alike; {len(asked):,} of {asked.there:,} questions")
            print(f"{'':12}{'right':>16}{'of 5':>8}{'nearest to C':>14}{'chance':>8}  gain of the first seed")
            for model, runs in trained.items():
                first = [measure_analogies(run.vectors, asked, level=1 - 0.05 / len(trained)) for run in runs]
                five = np.mean([measure_analogies(run.vectors, asked, k=5).accuracy.value for run in runs])
                right = [one.accuracy.value for one in first]
                gain = first[0].gain
                near = np.mean([one.nearest.value for one in first])
                print(
                    f"{model:12}{f'{min(right):.3f} to {max(right):.3f}':>16}{five:8.3f}{near:14.3f}"
                    f"{first[0].chance:8.3f}  {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    main(parser.parse_args().seeds)
