"""What to try in the embedding-layer view; the answers are read off the reports that are there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pages.kit.answer_words import signed
from pages.kit.stage import Answer, Experiment, Verdict
from pages.views.deep_models.table import NOT_TRAINED
from recemb_core.deep.features import FeatureTable
from recemb_core.experiments.networks import LayerReport, NetworkReport


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
            {"embedding_dimensions": 8, "embedding_look": "lookup"},
        ),
        Experiment(
            "Negatives drawn as often as items are bought. **What is popularity worth now?**",
            ("More than chance", "No more and no less than chance", "Less than chance"),
            lambda: worth(report(), usual()),
            {"embedding_power": 1.0, "embedding_look": "worth"},
        ),
        Experiment(
            "Negatives drawn all alike. **Do the AUCs change because the networks did?**",
            ("Yes: popularity, which learns nothing, keeps its own", "No: popularity's AUC changes as well"),
            lambda: alike(report(), usual()),
            {"embedding_power": 0.0, "embedding_look": "worth"},
        ),
        Experiment(
            "Deep Crossing instead of FNN. **Will W hold other numbers?**",
            ("Yes, nearly all are others", "Some are the same", "No, the same ones"),
            lambda: same_table(report()),
            {"embedding_network": "Deep Crossing", "embedding_look": "lookup"},
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
    return Verdict(*worth_words(report, usual, 0 if low > 0.5 else 2 if high < 0.5 else 1))


def alike(report: LayerReport | None, usual: LayerReport | None) -> Answer:
    """Whether the AUC of popularity, which no training changes, is another under these negatives."""
    if report is None or usual is None:
        return NOT_TRAINED
    (low, high), (below, above) = (one.model("Popularity").scores.auc_interval for one in (report, usual))
    return Verdict(*worth_words(report, usual, 1 if low > above or high < below else 0))


def worth_words(report: LayerReport, usual: LayerReport | None, right: int) -> tuple[str, int, str]:
    """What popularity alone tells, and the best network, under these negatives; under the usual ones as the figures."""
    floor, best = report.model("Popularity"), max(report.models, key=lambda model: model.scores.auc)
    low, high = floor.scores.auc_interval
    worth = (
        "**cannot be told from chance**" if low <= 0.5 <= high else f"**{'above' if low > 0.5 else 'below'} chance**"
    )
    text = f"Popularity alone has AUC {_auc(floor)}: {worth}."
    beyond = signed(best.scores.auc - floor.scores.auc, ".3f")
    more = f"The best model here, {best.name}, has {_auc(best)}, {beyond} beyond popularity ({report.users:,} users). "
    if usual is not None:
        before, then = usual.model("Popularity"), usual.model(best.name)
        text += f" With the usual negatives (0.75) popularity has {_auc(before)}."
        more += f"With the usual negatives {then.name} has {_auc(then)}. "
    return text, right, f"{more}Other negatives ask another question: AUCs compare only under the same ones."


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
