"""What a sweep of p and q may be said to have found: the rule, cell by cell and in words."""

from __future__ import annotations

from pages.kit.answer_words import signed
from pages.kit.controls import Labelling
from pages.kit.text import plain_field
from recemb_core.evaluation import NoiseTest
from recemb_core.evaluation.noise import LEAST_SEEDS, LEVEL
from recemb_core.experiments.sweep import SweepBase, SweepCell, SweepConfig, judge_sweep


def judged(
    config: SweepConfig, found: dict[tuple[float, float], SweepCell], base: SweepBase | None, by: str
) -> NoiseTest | None:
    """The test over the whole sweep; None while a cell is missing, as the rule is one for all cells together."""
    if base is None or any(cell not in found for cell in config.cells):
        return None
    return judge_sweep(found.values(), base, by)


def verdict(test: NoiseTest | None, p: float, q: float) -> str:
    if p == q == 1:
        return "the base of comparison"
    return "not judged yet" if test is None else test.verdict((p, q))


def verdicts(
    config: SweepConfig,
    labellings: tuple[Labelling, Labelling],
    found: dict[tuple[float, float], SweepCell],
    base: SweepBase | None,
) -> str:
    """The rule in words, and what it found: how many cells, the largest change, and what would have been missed."""
    words = f"Each square: the mean of {config.seeds} seeds. Click a square to take its p and q."
    tests = {by.name: judged(config, found, base, by.name) for by in labellings}
    if any(test is None for test in tests.values()):
        return (
            f"{words} Noise is judged when the sweep is complete ({len(found)} of {len(config.cells)} cells): "
            "until then a difference between squares may be noise."
        )
    if config.seeds < LEAST_SEEDS:
        return f"{words} Noise is not measured: that takes {LEAST_SEEDS} seeds a cell or more."
    words += (
        f" **≈**: within noise by Dunnett's test against p = q = 1 over the whole sweep, {LEVEL * 100:g} % for all "
        f"cells of both maps together, {config.seeds} seeds a cell."
    )
    for name, test in tests.items():
        if test is None or not test.change:
            continue
        cell = max(test.change, key=lambda at: abs(test.change[at]))
        told = f"{sum(map(test.beyond, test.change))} of {len(test.change)} cells beyond noise; largest change"
        change = signed(test.change[cell], ".3f")
        words += (
            f"  \nBy {plain_field(name)}: {told} {change} at p = {cell[0]:g}, q = {cell[1]:g}, {test.verdict(cell)}. "
            f"A change under about {test.detectable():.3f} would mostly not be seen with {config.seeds} seeds."
        )
    return words
