"""What a sweep of p and q may be said to have found: the rule, cell by cell and in words."""

from __future__ import annotations

from pages.kit.answer_words import signed
from pages.kit.controls import Labelling
from pages.kit.text import plain_field
from recemb_core.evaluation import NoiseTest
from recemb_core.evaluation.noise import LEAST_SEEDS, LEVEL
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.sweeps import STRUCTURE, judge_grid
from recemb_core.sweeps.grid import MIDDLE, Cell, Scores

TWO_QUESTIONS = (
    "Two questions, two answers. **The squares**: does a setting differ from p = q = 1 at all? By the seeds that all "
    "cells have, over the whole grid. **The winner**: which setting to take? By fresh seeds that had no part in the "
    "choice, of the best three by the one score that it goes by, against the default, p = q = 1. A square may differ "
    "and not win, and the other way round."
)


def judged(config: SweepConfig, scores: dict[Cell, Scores], aim: str) -> NoiseTest | None:
    """The test over the whole sweep; None while a cell is missing, as the rule is one for all cells together."""
    if any(cell not in scores for cell in (*config.cells, MIDDLE)):
        return None
    return judge_grid({at: scores[at] for at in (*config.cells, MIDDLE)}, aim)


def verdict(test: NoiseTest | None, p: float, q: float) -> str:
    if p == q == 1:
        return "the base of comparison"
    return "not judged yet" if test is None else test.verdict((p, q))


def verdicts(config: SweepConfig, labellings: tuple[Labelling, Labelling], scores: dict[Cell, Scores]) -> str:
    """The rule in words, and what it found: how many cells, the largest change, and what would have been missed."""
    words = f"Each square: the mean of {config.seeds} seeds. Click a square to take its p and q."
    tests = {by.name: judged(config, scores, aim) for by, aim in zip(labellings, STRUCTURE, strict=True)}
    if any(test is None for test in tests.values()):
        there = sum(at in scores for at in config.cells)
        return (
            f"{words} Noise is judged when the sweep is complete ({there} of {len(config.cells)} cells): "
            "until then a difference between squares may be noise."
        )
    if config.seeds < LEAST_SEEDS:
        return f"{words} Noise is not measured: that takes {LEAST_SEEDS} seeds a cell or more."
    words += (
        f" **≈**: within noise by Dunnett's test against p = q = 1 over the whole sweep, {LEVEL * 100:g}% for all "
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
