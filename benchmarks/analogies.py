"""How often A − B + C is right, model by model: analogies that the data's fields ask.

    python -m benchmarks.analogies                 # planted shop, designed shop, groceries; three seeds, some minutes
    python -m benchmarks.analogies --sets designed_shop --seeds 1

A and B differ in one field and are alike in the others that are held; C has B's value of it and other held values;
right is every item with A's value and the rest of C. Beside the share of first answers that are right: that of the item
nearest to C without any sum, chance, and the gain with its interval over targets, at 95% for all models of a set
together; of the first seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import comparison_defaults, default_graph, train_model
from recemb_core.evaluation.analogies import Rate, analogies, analogy_fields, measure_analogies
from recemb_core.sequences import split_sessions

# Set → field that steps → fields that are held; () for those that leave enough questions.
STEPS: dict[str, dict[str, tuple[str, ...]]] = {
    "planted_shop": {"role": (), "price_band": ()},
    "designed_shop": {"brand": ("product",), "role": ("category",), "color": ()},
    "complete_journey": {"brand": (), "package_size": (), "product_type": ()},
}


def main(seeds: int = 3, sets: Sequence[str] = tuple(STEPS)) -> None:
    """Print a table a set and step."""
    for name in sets:
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
        for step, named in STEPS[name].items():
            held = named or analogy_fields(fields, step)
            asked = analogies(fields, step, held)
            print(f"\n{name}: {step} steps, {', '.join(held)} alike; {len(asked):,} of {asked.there:,} questions")
            heads = (("right, seeds", 16), ("first seed", 26), ("of 5", 26), ("nearest to C", 14), ("chance", 8))
            print(f"{'':12}{''.join(f'{head:>{width}}' for head, width in heads)}  gain")
            for model, runs in trained.items():
                first = [measure_analogies(run.vectors, asked, level=1 - 0.05 / len(trained)) for run in runs]
                five = measure_analogies(runs[0].vectors, asked, k=5, level=1 - 0.05 / len(trained)).accuracy
                right = [one.accuracy.value for one in first]
                one, gain = first[0].accuracy, first[0].gain
                print(
                    f"{model:12}{f'{min(right):.3f} to {max(right):.3f}':>16}{between(one):>26}{between(five):>26}"
                    f"{first[0].nearest.value:14.3f}{first[0].chance:8.4f}  {gained(gain)}",
                    flush=True,
                )


def between(rate: Rate) -> str:
    """A share with its interval."""
    return f"{rate.value:.3f} ({max(rate.low, 0):.3f} to {min(rate.high, 1):.3f})"


def gained(rate: Rate) -> str:
    """A difference of shares with its interval."""
    return f"{rate.value:+.3f} ({rate.low:+.3f} to {rate.high:+.3f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", nargs="+", choices=tuple(STEPS), default=list(STEPS))
    asked = parser.parse_args()
    main(asked.seeds, asked.sets)
