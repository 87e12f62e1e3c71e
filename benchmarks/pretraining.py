"""Training speed of the networks, and what pre-training does to learning, with bands over seeds.

    python -m benchmarks.pretraining                 # about three minutes on two quiet cores
    python -m benchmarks.pretraining --seeds 5
    python -m benchmarks.pretraining --data planted_shop

1. Steps a second of the one training loop, by model, at 512 rows a step; goal: 700 for a network of YouTube DNN's size.
2. The Pre-training view's default: lowest validation loss, test AUC, epochs and seconds to the random start's loss, for
   each start, as mean (smallest to largest) over seeds; and the seconds of the whole; goal: under 60.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.table import Row
from recemb_core.datasets import load_dataset
from recemb_core.deep.features import FeatureConfig, FeatureTable, feature_table
from recemb_core.deep.fitting import fit
from recemb_core.deep.training import TrainingConfig
from recemb_core.evaluation import compare_with_control
from recemb_core.experiments.networks import networks
from recemb_core.experiments.pretraining import PretrainingReport, compare_starts, pretraining_defaults, reach
from recemb_core.experiments.starts import START_NAMES

GOAL_STEPS, GOAL_SECONDS = 700, 60


def span(values: Sequence[float], form: str = "{:.4f}") -> str:
    """Mean (smallest to largest)."""
    if len(values) == 0:
        return "never"
    return f"{form.format(np.mean(values))} ({form.format(min(values))} to {form.format(max(values))})"


def speed(table: FeatureTable, steps: int) -> dict[str, list[float]]:
    """Print steps a second of every model, and give them."""
    found = {}
    print(f"{table.n_features:,} places in {len(table.fields)} fields, {len(table.rows('train')):,} training rows")
    for network in networks(table):
        config = TrainingConfig(epochs=10**6, max_steps=steps, patience=None, evaluate_every=steps)
        rates = [fit(network, table, config).steps_per_second for _ in range(3)]
        print(f"  {network.name:20} {np.median(rates):7,.0f} steps/s  ({min(rates):,.0f} to {max(rates):,.0f})")
        found[network.name] = rates
    return found


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: steps a second beside the goal."""
    sequences = load_dataset("complete_journey").sequences
    assert sequences is not None
    table = feature_table(sequences, FeatureConfig())
    for name, rates in speed(table, 640).items():
        goal = [float(GOAL_STEPS)] * len(rates)
        yield Row.of_turns(f"training, {name}", "groceries, 512 rows a step", "steps/s", "goal", rates, goal)


def starts(report: PretrainingReport) -> None:
    """Print the table of starts, and what may be said of each."""
    target, found = reach(report)
    lowest = {line.start: [float(curve.loss.min()) for curve in report.of(line.start)] for line in found}
    test = compare_with_control({start: lowest[start] for start in lowest if start != "random"}, lowest["random"])
    print(f"rows {report.rows}, {report.config.seeds} seeds; same loss: {target:.4f}")
    for line in found:
        curves = report.of(line.start)
        losses = lowest[line.start]
        verdict = "" if line.start == "random" else f"{test.change[line.start]:+.4f} {test.verdict(line.start)}"
        before = np.mean([curve.seconds_before for curve in curves])
        aucs = span([curve.test_auc for curve in curves], "{:.3f}")
        epochs, seconds = span(line.epochs, "{:.2f}"), span(line.seconds, "{:.1f}")
        print(f"  {START_NAMES[line.start]:30} loss {span(losses)}  test AUC {aucs}  {verdict}")
        print(
            f"{'':33}epochs {epochs}  seconds {seconds}  {len(line.epochs)} of {line.runs} runs  before {before:.1f} s"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="complete_journey")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--steps", type=int, default=640)
    arguments = parser.parse_args()
    sequences = load_dataset(arguments.data).sequences
    if sequences is None:
        raise SystemExit(f"{arguments.data} is a graph without sequences")
    clock = time.perf_counter()
    table = feature_table(sequences, FeatureConfig())
    print(f"feature table {time.perf_counter() - clock:.2f} s")
    speed(table, arguments.steps)
    print(f"goal: {GOAL_STEPS} steps/s")
    report = compare_starts(sequences, pretraining_defaults(arguments.events, seeds=arguments.seeds))
    starts(report)
    print(f"the whole comparison {report.seconds:.0f} s; goal for three seeds: under {GOAL_SECONDS}")


if __name__ == "__main__":
    main()
