"""What to try in the pre-training view; the answers are read off the report that is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pages.kit.answer_words import counted, signed
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.text import plain_field
from pages.views.deep_models.table import NOT_TRAINED
from recemb_core.evaluation import GroupScore, SeedBand, compare_with_control, seed_band
from recemb_core.experiments.pretraining import PretrainingReport, reach
from recemb_core.experiments.starts import START_NAMES, Start

Tidiness = Callable[[PretrainingReport, Start, str], GroupScore]


def pretraining(
    report: Callable[[], PretrainingReport | None], starts: Sequence[Start], color: str, tidiness: Tidiness
) -> list[Experiment]:
    """Of the view.

    Args:
        report: of the settings in use, once it is there.
        starts: of these settings.
        color: the field that the map is colored by; "" for none.
        tidiness: scores a start's item vectors "before" or "after" by it.
    """

    def of(answer: Callable[[PretrainingReport], Answer]) -> Callable[[], Answer]:
        return lambda: NOT_TRAINED if (found := report()) is None else answer(found)

    curves = {"pretraining_look": "curves"}
    tries = [
        Experiment(
            "Look at the training loss. **Does the start with the lowest one win?**",
            ("Yes", "No, another one does", "The two are not told apart"),
            of(train_loss_words),
            {"pretraining_measure": "train_loss", "pretraining_by": "epochs", **curves},
        ),
        Experiment(
            "Let the clock run while the start is made. **Is pre-training faster by the clock?**",
            ("Yes, with some start", "No, with none"),
            of(clock_words),
            {"pretraining_measure": "loss", "pretraining_by": "all_seconds", **curves},
        ),
        Experiment(
            "AUC instead of log loss. **Do the starts that overfit look as bad?**",
            ("As bad as by log loss, or worse", "Less bad", "No start overfits here"),
            of(overfit_words),
            {"pretraining_measure": "auc", "pretraining_by": "epochs", **curves},
        ),
    ]
    if color and {"fm", "graph"} <= set(starts):
        tries.append(
            Experiment(
                "The FM's vectors on the map. **Will the groups lie together as they do for walks?**",
                ("Yes: within 0.05 of the walks' score", "Less", "More"),
                of(lambda found: tidiness_words(color, lambda start, when: tidiness(found, start, when))),
                {"pretraining_map": "fm", "pretraining_look": "map"},
            )
        )
    return tries


def _band(report: PretrainingReport, start: Start, measure: str, at: str) -> SeedBand:
    return seed_band(_runs(report, start, measure, at))


def _runs(report: PretrainingReport, start: Start, measure: str, at: str) -> list[float]:
    """Of each seed: the lowest, highest or last value of a curve after its start, where all guess at random."""
    curves = [getattr(curve, measure)[1:] for curve in report.of(start)]
    return [float({"min": c.min(), "max": c.max(), "last": c[-1]}[at]) for c in curves]


def train_loss_words(report: PretrainingReport) -> Answer:
    """Whether the lowest training loss goes with the lowest validation loss."""
    starts = report.config.starts
    trained = {start: _runs(report, start, "train_loss", "last") for start in starts}
    lowest = {start: _runs(report, start, "loss", "min") for start in starts}
    fits, wins = (min(found, key=lambda start: np.mean(found[start])) for found in (trained, lowest))
    text = (
        f"Lowest training loss at the end: **{START_NAMES[fits]}** ({np.mean(trained[fits]):.4f}). "
        f"Lowest validation loss: **{START_NAMES[wins]}** ({np.mean(lowest[wins]):.4f})"
    )
    if fits == wins:
        return Verdict(f"{text}: the same start, here. Only rows that were not trained on can tell.", 0)
    test = compare_with_control({fits: lowest[fits]}, lowest[wins])
    return Verdict(
        f"{text}, {test.change[fits]:.4f} below the other's, {test.verdict(fits)} ({test.seeds} seeds). Only rows that "
        "were not trained on can tell.",
        None if not test.measured else 1 if test.beyond(fits) else 2,
    )


def clock_words(report: PretrainingReport) -> Answer:
    """Seconds to the random start's loss, what the start took included."""
    target, found = reach(report)
    seconds: dict[Start, float] = {}
    told = []
    for line in found:
        before = float(np.mean([curve.seconds_before for curve in report.of(line.start)]))
        if not line.seconds:
            told.append(f"{START_NAMES[line.start]}: never there")
            continue
        seconds[line.start] = before + float(np.mean(line.seconds))
        told.append(f"{START_NAMES[line.start]} {before:.1f} + {np.mean(line.seconds):.1f} s")
    text = (
        f"Until the validation loss is {target:.4f}, what the start took + training (mean of the runs that get there, "
        f"on the machine that trained): {'; '.join(told)}."
    )
    if "random" not in seconds or len(report.config.starts) < 2:
        return text
    faster = [START_NAMES[s] for s in seconds if s != "random" and seconds[s] < seconds["random"]]
    said = f"{text} Before the random start: {'**' + ', '.join(faster) + '**' if faster else '**none**'}."
    return Verdict(said, 0 if faster else 1)


def overfit_words(report: PretrainingReport) -> Answer:
    """The start whose validation loss rises most after its lowest point, and what its AUC does meanwhile."""
    rise = {
        start: _band(report, start, "loss", "last").mean - _band(report, start, "loss", "min").mean
        for start in report.config.starts
    }
    most = max(rise, key=lambda start: rise[start])
    low, end = _band(report, most, "loss", "min"), _band(report, most, "loss", "last")
    high, after = _band(report, most, "auc", "max"), _band(report, most, "auc", "last")
    if rise[most] == 0:
        return Verdict(
            f"No start overfits in the {counted(report.config.training.epochs, 'epoch')} shown: every loss ends "
            "lowest.",
            2,
        )
    return Verdict(
        f"Most overfit: **{START_NAMES[most]}**, whose validation loss goes from {low.mean:.4f} at its lowest to "
        f"{end.mean:.4f} at the end ({signed(100 * (end.mean / low.mean - 1), '.1f')}%), its AUC from {high.mean:.4f} "
        f"at its highest to {after.mean:.4f} ({signed(100 * (after.mean / high.mean - 1), '.1f')}%; {low.seeds} "
        "seeds). AUC asks for the order of the rows alone, log loss for honest probabilities as well.",
        0 if 1 - after.mean / high.mean >= end.mean / low.mean - 1 else 1,
    )


def tidiness_words(color: str, tidiness: Callable[[Start, str], GroupScore]) -> Answer:
    """Homophily of the FM's and the walks' vectors, before and after training."""
    told, started = [], []
    for start in ("fm", "graph"):
        before, after = tidiness(start, "before"), tidiness(start, "after")  # type: ignore[arg-type]
        started.append(before.value)
        told.append(
            f"{START_NAMES[start]} **{before.value:.2f}** before, **{after.value:.2f}** after training"  # type: ignore[index]
        )
    less = started[0] - started[1]
    return Verdict(
        f"Homophily score by {plain_field(color)} (0: chance, at most {after.maximum:.2f}; first seed): "
        f"{'; '.join(told)}. A field that has a vector of its own need not be told by the item's.",
        0 if abs(less) < 0.05 else 1 if less < 0 else 2,
    )
