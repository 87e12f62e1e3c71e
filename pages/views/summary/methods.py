"""The table's rows: each method's principle, what it is good for and where it ends, with this data's own figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pages.views.summary import facts
from pages.views.summary.ground import Ground
from pages.views.summary.missing import NO_FIELDS, Lacks

NOT_YET = "Not measured yet on this data."


@dataclass(frozen=True)
class Method:
    """A row.

    Attributes:
        name: of the method.
        principle: what it does, in a sentence.
        strength, limit: what is always true of it.
        measured: the figure behind the strength; empty where it is not measured yet.
        limited: the figure behind the limit; likewise.
        page: that shows it.
        view: what is set there.
        words: of the link.
    """

    name: str
    principle: str
    strength: str
    limit: str
    measured: str
    limited: str
    page: str
    view: dict[str, Any]
    words: str

    @property
    def there(self) -> int:
        """How many of its two figures are measured."""
        return sum(bool(one) and not isinstance(one, Lacks) for one in (self.measured, self.limited))


def said(sentence: str, figure: str) -> str:
    """A sentence and its figure; or that there is none, and why."""
    return f"{sentence} {figure}" if figure and not isinstance(figure, Lacks) else f"{sentence} *{figure or NOT_YET}*"


def _with_fields(ground: Ground, figure: str) -> str:
    """What hangs on side information, or that there is none."""
    known = facts.known_fields(ground)
    if not known:
        return NO_FIELDS
    if isinstance(figure, Lacks):
        return Lacks(f"{known} {figure}")
    return f"{known} {figure}" if figure else Lacks(f"{known} {NOT_YET}")


def methods(ground: Ground) -> list[Method]:
    """Every method, in the order in which each mends the one before."""
    scans, missed = facts.buckets(ground)
    return [
        Method(
            "word2vec",
            "Items near each other in a sequence predict each other; the one hidden layer is the vector.",
            "Needs sequences of items and nothing else.",
            "Learns from sequences alone, and only inside its window.",
            facts.hits(ground, "word2vec"),
            facts.outside_window(ground),
            "training",
            {"look": "window"},
            "Watch it learn",
        ),
        Method(
            "item2vec",
            "Any two items of a set predict each other, wherever they stand.",
            "Right for baskets and for any set.",
            "Order and strength are lost; a set of m items weighs m(m − 1).",
            facts.hits(ground, "item2vec", "word2vec"),
            facts.large_sets(ground),
            "neighbors",
            {"compare": "models"},
            "See neighbors",
        ),
        Method(
            "DeepWalk",
            "Random walks on the item graph make the sentences that word2vec learns from.",
            "Joins items through others that no sequence holds together.",
            "Walks go where the weights lead, and nowhere on purpose.",
            facts.new_links(ground),
            facts.difference(ground, "DeepWalk", "item2vec"),
            "walks",
            {},
            "Follow a walk",
        ),
        Method(
            "node2vec",
            "p and q bend the walks: to stay near, or to run off.",
            "Can lean to communities or to roles.",
            "Two more settings to tune.",
            facts.leanings(ground),
            facts.difference(ground, "node2vec", "DeepWalk"),
            "node2vec",
            {"view": "map"},
            "Tune p and q",
        ),
        Method(
            "EGES",
            "An item's vector is a weighted mean of its own embedding and those of brand, category …",
            "Adds side information to behavior, and gives new items a place.",
            "Engineering more than theory: the learned weights (EGES) against a plain mean (GES).",
            _with_fields(ground, facts.difference(ground, "EGES", "DeepWalk")),
            facts.difference(ground, "EGES", "GES"),
            "side_information",
            {"side": "attention"},
            "See the weights",
        ),
        Method(
            "YouTube DNN",
            "Layers turn the history's mean vector into a user vector; a softmax over all items is the teacher.",
            "Learns what comes next, and orders the history by its age.",
            "A network to train, often.",
            facts.hits(ground, "YouTube DNN", "item2vec"),
            facts.training_time(ground, "YouTube DNN", "item2vec"),
            "deep_models",
            {"section": "recall", "recall_look": "models"},
            "See it recall",
        ),
        Method(
            "Two-tower",
            "One network for users, one for items and their side information; their product is the score.",
            "Places items that nobody has taken yet.",
            "Takes the batch's other targets as negatives, so that popular items need a correction (log Q).",
            facts.cold(ground),
            facts.difference(ground, "Two-tower", "YouTube DNN"),
            "deep_models",
            {"section": "recall", "recall_look": "cold"},
            "See cold items",
        ),
        Method(
            "LSH",
            "Near vectors fall into the same bucket of random projections, so that a query scans few.",
            "A list without a look at the whole catalogue.",
            "May miss some of the nearest, and has K, L and w to tune.",
            scans,
            missed,
            "lsh",
            {"lab": "tune"},
            "Tune it",
        ),
        Method(
            "Tables weekly, network daily",
            "Item vectors are trained less often than the network that reads them.",
            "Spares most trainings, as long as what an item means moves slowly.",
            "A new item waits for the next table.",
            facts.aging(ground),
            facts.newcomers(ground),
            "deep_models",
            {"section": "staleness"},
            "Let a table age",
        ),
    ]
