"""What to try in the embedding-layer and pre-training views; the answers are read off the reports that are there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pages.kit.answer_words import counted, signed
from pages.kit.stage import Answer, Experiment, Verdict
from pages.kit.text import plain_field
from recemb_core.deep.features import FeatureTable
from recemb_core.evaluation import GroupScore, SeedBand, compare_with_control, seed_band
from recemb_core.experiments.networks import LayerReport, NetworkReport
from recemb_core.experiments.pretraining import PretrainingReport, reach
from recemb_core.experiments.starts import START_NAMES, Start

NOT_TRAINED = "These settings are not trained yet: press Train."


# --- the embedding layer ---


def embedding(
    table: FeatureTable,
    columns: Callable[[int], int],
    report: Callable[[], LayerReport | None],
    usual: Callable[[], LayerReport | None],
) -> list[Experiment]:
    """Of the embedding layer; ``columns`` of W at d dimensions; ``report`` is that of the settings shown, ``usual``
    that of d = 16 and power 0.75."""
    return [
        Experiment(
            "d = 8 in place of 16. **Which numbers halve: places of the one-hots, numbers in W, multiplications?**",
            ("All three", "Numbers in W and multiplications", "The places of the one-hots alone"),
            lambda: halved(table, columns),
            {"embedding_dimensions": 8},
        ),
        Experiment(
            "Negatives drawn as often as items are bought. **What is popularity worth now?**",
            ("More than chance", "No more and no less than chance", "Less than chance"),
            lambda: worth(report(), usual()),
            {"embedding_dimensions": 16, "embedding_power": 1.0},
        ),
        Experiment(
            "Negatives drawn all alike. **Do the AUCs change because the networks did?**",
            ("Yes: popularity, which learns nothing, keeps its own", "No: popularity's AUC changes as well"),
            lambda: alike(report(), usual()),
            {"embedding_dimensions": 16, "embedding_power": 0.0},
        ),
        Experiment(
            "Deep Crossing instead of FNN. **Will W hold other numbers?**",
            ("Yes, nearly all are others", "Some are the same", "No, the same ones"),
            lambda: same_table(report()),
            {"embedding_dimensions": 16, "embedding_power": 0.75, "embedding_network": "Deep Crossing"},
        ),
    ]


def _auc(model: NetworkReport) -> str:
    low, high = model.scores.auc_interval
    return f"{model.scores.auc:.3f} ({low:.3f} to {high:.3f})"


def halved(table: FeatureTable, columns: Callable[[int], int]) -> Answer:
    """Sizes of W at 8 and 16 dimensions; a network may keep one more number for each value."""
    places, small, large = table.n_features, columns(8), columns(16)
    more = "" if small == 8 else f" (d and {small - 8} more: a linear weight)"
    return Verdict(
        f"The one-hots keep their {places:,} places. W has {small} columns{more} in place of {large}, so "
        f"{places * small:,} numbers in place of {places * large:,}: **{small / large:.0%}**, and the same share of "
        "the multiplications.",
        1,
    )


def worth(report: LayerReport | None, usual: LayerReport | None) -> Answer:
    """Whether popularity alone tells anything under these negatives."""
    if report is None:
        return NOT_TRAINED
    low, high = report.model("Popularity").scores.auc_interval
    return Verdict(worth_words(report, usual), 0 if low > 0.5 else 2 if high < 0.5 else 1)


def alike(report: LayerReport | None, usual: LayerReport | None) -> Answer:
    """Whether the AUC of popularity, which no training changes, is another under these negatives."""
    if report is None or usual is None:
        return worth_words(report, usual)
    (low, high), (below, above) = (one.model("Popularity").scores.auc_interval for one in (report, usual))
    return Verdict(worth_words(report, usual), 1 if low > above or high < below else 0)


def worth_words(report: LayerReport | None, usual: LayerReport | None) -> str:
    """What popularity alone tells, and the best network, under these negatives and the usual ones."""
    if report is None:
        return NOT_TRAINED
    floor, best = report.model("Popularity"), max(report.models, key=lambda model: model.scores.auc)
    low, high = floor.scores.auc_interval
    worth = (
        "**cannot be told from chance**" if low <= 0.5 <= high else f"is **{'above' if low > 0.5 else 'below'} chance**"
    )
    text = (
        f"Popularity alone has AUC {_auc(floor)} and {worth}; the best model, {best.name}, {_auc(best)}: "
        f"{signed(best.scores.auc - floor.scores.auc, '.3f')} beyond popularity ({report.users:,} users)."
    )
    if usual is not None:
        before, then = usual.model("Popularity"), usual.model(best.name)
        text += f" With the usual negatives (0.75): popularity {_auc(before)}, {then.name} {_auc(then)}."
    return f"{text} Other negatives ask another question: AUCs compare only under the same ones."


def same_table(report: LayerReport | None) -> Answer:
    """Whether two networks have the same W."""
    if report is None:
        return "Each network learns a W of its own; untrained ones start at random. Press Train to compare them."
    a, b = (report.model(name).embedding for name in ("FNN", "Deep Crossing"))
    assert a is not None
    assert b is not None
    shared = min(a.shape[1], b.shape[1])
    same = int((np.abs(a[:, -shared:] - b[:, -shared:]) < 0.0005).sum())
    shape = "" if a.shape == b.shape else f" FNN's W has {a.shape[1]} columns, this one {b.shape[1]}."
    share = same / max(shared * len(a), 1)
    return Verdict(
        f"**{same:,} of {shared * len(a):,}** numbers are the same to three decimals: each network learns its own "
        f"W.{shape} Looking a row up works alike.",
        0 if share < 0.1 else 2 if share > 0.9 else 1,
    )


# --- pre-training ---


def pretraining(
    report: PretrainingReport, color: str, tidiness: Callable[[Start, str], GroupScore]
) -> list[Experiment]:
    """Of the learning curves; ``tidiness`` scores a start's item vectors "before" or "after" by the map's color."""
    starts = report.config.starts
    tries: list[Experiment] = [
        Experiment(
            "Look at the training loss. **Does the start with the lowest one win?**",
            ("Yes", "No, another one does", "The two are not told apart"),
            lambda: train_loss_words(report),
            {"pretraining_measure": "train_loss", "pretraining_by": "epochs"},
        ),
        Experiment(
            "Let the clock run while the start is made. **Is pre-training faster by the clock?**",
            ("Yes, with some start", "No, with none"),
            lambda: clock_words(report),
            {"pretraining_measure": "loss", "pretraining_by": "all_seconds"},
        ),
        Experiment(
            "AUC instead of log loss. **Do the starts that overfit look as bad?**",
            ("As bad as by log loss, or worse", "Less bad", "No start overfits here"),
            lambda: overfit_words(report),
            {"pretraining_measure": "auc", "pretraining_by": "epochs"},
        ),
    ]
    if color and {"fm", "graph"} <= set(starts):
        tries.append(
            Experiment(
                "The FM's vectors on the map. **Will the groups lie together as they do for walks?**",
                ("Yes: within 0.05 of the walks' score", "Less", "More"),
                lambda: tidiness_words(color, tidiness),
                {"pretraining_map": "fm"},
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
        f"{end.mean:.4f} at the end ({signed(100 * (end.mean / low.mean - 1), '.1f')} %), its AUC from {high.mean:.4f} "
        f"at its highest to {after.mean:.4f} ({signed(100 * (after.mean / high.mean - 1), '.1f')} %; {low.seeds} "
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
