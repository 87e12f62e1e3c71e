"""What the Neighbors page compares: which models, which lists, and the figures computed once from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pages.kit import results, session
from pages.kit.allowed import Options, Several, Steps
from pages.kit.controls import NOT_KNOWN, default_attribute
from pages.kit.model_controls import able_models, missing, model_config
from pages.kit.model_jobs import Entry, entry
from pages.kit.parameters import Bound, Parameter, Scope
from pages.kit.session import ActiveData
from pages.kit.text import field_words
from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from recemb_core.embeddings import MODELS, ItemVectors
from recemb_core.evaluation import AgreementMatrix, Purity, agreement_matrix, attribute_purity, dispute, overlap_at_k
from recemb_core.item_graph import ItemGraph

SCORES = {"cosine": "cosine", "in_out": "in · out"}
NICE = tuple(step * 10**power for power in range(6) for step in (1, 2, 5))
SAMPLE, SAMPLE_FROM = 2_000, 4_000  # lists are compared for so many random items where there are more
RARE = 20  # below so many events an item's lists are noise in every model

MOST = 8  # columns that a window holds

NEIGHBORS_PAGE = Scope("neighbors")
SHOWN_MODELS = Parameter(
    NEIGHBORS_PAGE,
    "models",
    f"Models (up to {MOST})",
    Several(),
    help="A column each, left to right in the order of the list.",
)
LENGTH = Parameter(NEIGHBORS_PAGE, "k", "Neighbors", Options((3, 5, 10, 20), row=True), 10, help="Length of a list, k.")
SCORE = Parameter(
    NEIGHBORS_PAGE,
    "score",
    "Score",
    Options(SCORES, row=True),
    "cosine",
    help="cosine: angle between two items' input vectors. in · out: input vector of the chosen item times output "
    "vector of the other, which is what training makes large for items that occur together.",
)
MIN_COUNT = Parameter(
    NEIGHBORS_PAGE,
    "min_count",
    "Name items from …",
    Steps((0,), lambda v: "all" if v == 0 else f"{v:,}"),
    0,
    help="Rarer items are not named as neighbors. Their vectors rest on few events; 'Who is named most?' below shows "
    "how rare the named items are.",
)
ATTRIBUTE = Parameter(
    NEIGHBORS_PAGE,
    "attribute",
    "Attribute",
    Options(shown=field_words),
    help="On the chips; outlined where it is that of the chosen item. Also in the purity figure below.",
)


@dataclass(frozen=True, eq=False)
class Settings:
    """How lists are made and shown; none of it retrains anything.

    Attributes:
        k: length of a list.
        score: ``"cosine"`` or ``"in_out"``.
        min_count: rarer items are not named.
        attribute: the field on the chips and in the purity figure; "" without side information.
        counts: (n,) events of an item, or its strength in a graph alone.
    """

    k: int
    score: Literal["cosine", "in_out"]
    min_count: int
    attribute: str
    counts: AnyArray

    @property
    def allowed(self) -> BoolArray:
        """Which items may be named."""
        return self.counts >= self.min_count


@dataclass(frozen=True, eq=False)
class Compared:
    """The lists of all models that are there, of the same items.

    Attributes:
        entries: the models, in the order of the columns.
        lists: label → int32 (q, k) of the rows that are compared.
        own: label → int32 (k,) and float32 (k,): list and scores of the chosen item.
        rows: (q,) whose lists are compared.
        failed: label → why a model has no list.
    """

    entries: tuple[Entry, ...]
    lists: dict[str, Int32Array]
    own: dict[str, tuple[Int32Array, Float32Array]]
    rows: Int64Array
    failed: dict[str, str]


def counts_of(data: ActiveData) -> AnyArray:
    """Events of each item; its strength where the data is a graph alone."""
    if data.sequences is not None:
        return data.sequences.counts
    assert data.graph is not None
    return np.asarray(data.graph.strength)


def shown_models(data: ActiveData) -> Bound:
    """The box of models; at first it holds all that the data can have, as far as there is room."""
    return SHOWN_MODELS.bind(
        data, default=able_models(data)[:MOST], among=MODELS, check=lambda names: len(names) <= MOST
    )


def chosen_models(data: ActiveData) -> list[str]:
    """The models in the columns: those in the box; while it is empty, those that it held at first."""
    names = shown_models(data).value or able_models(data)[:MOST]
    return [name for name in MODELS if name in names]


def least_count(data: ActiveData) -> Bound:
    """From how many events on an item is named."""
    return MIN_COUNT.bind(data, among=filter_steps(counts_of(data)))


def attribute(data: ActiveData) -> Bound:
    """The field on the chips; "" where the data has none."""
    return ATTRIBUTE.bind(data, default=default_attribute(data), among=list(data.fields) or [""])


def bind(data: ActiveData) -> Settings:
    """The view's settings, bound without drawing anything."""
    return Settings(
        k=LENGTH.value(data),
        score=SCORE.value(data),
        min_count=least_count(data).value,
        attribute=attribute(data).value,
        counts=counts_of(data),
    )


def filter_steps(counts: AnyArray) -> tuple[int, ...]:
    """Round numbers that leave at least a tenth of the items."""
    most = float(np.quantile(counts, 0.9)) if len(counts) else 0.0
    return (0, *(step for step in NICE if step <= most))


def page_entries(data: ActiveData, graph: ItemGraph, names: Sequence[str]) -> list[Entry]:
    """The chosen models with the page's settings, as far as they are there."""
    return [
        entry(data, graph, name, name, None if missing(data, name) else model_config(data, graph, name))
        for name in names
    ]


def compare(data: ActiveData, graph: ItemGraph, entries: Sequence[Entry], settings: Settings) -> Compared:
    """Neighbor lists of every model that is there, computed once for each setting of the view."""
    n = len(graph)
    rows = np.arange(n)
    if n > SAMPLE_FROM:
        rows = np.sort(np.random.default_rng(0).choice(n, SAMPLE, replace=False))
    lists, own, failed = {}, {}, {}
    row = graph.items.row(session.chosen_item(data))
    for one in entries:
        if one.vectors is None:
            continue
        if settings.score == "in_out" and one.vectors.output_vectors is None:
            failed[one.label] = (
                "Has no output vectors (hierarchical softmax scores a tree), so no in · out: use cosine."
            )
            continue
        lists[one.label] = _lists(data, graph, one, settings, rows)
        own[one.label] = _own(one.vectors, settings, row)
    return Compared(tuple(entries), lists, own, rows, failed)


def _lists(data: ActiveData, graph: ItemGraph, one: Entry, settings: Settings, rows: Int64Array) -> Int32Array:
    key = (data.key, data.fingerprint, graph.fingerprint, one.config, settings.k, settings.score, settings.min_count)
    vectors = one.vectors
    assert vectors is not None
    return results.remember(
        data,
        ("neighbor lists", *key),
        lambda: vectors.nearest(settings.k, settings.score, settings.min_count, counts=settings.counts, rows=rows)[0],
    )


def _own(vectors: ItemVectors, settings: Settings, row: int) -> tuple[Int32Array, Float32Array]:
    ids, values = vectors.nearest(
        settings.k, settings.score, settings.min_count, counts=settings.counts, rows=np.array([row])
    )
    return ids[0], values[0]


def _key(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> tuple[Any, ...]:
    """What every figure of these lists depends on."""
    configs = tuple((one.label, one.config) for one in found.entries if one.label in found.lists)
    return (data.key, data.fingerprint, graph.fingerprint, configs, settings.k, settings.score, settings.min_count)


def matrix_of(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> AgreementMatrix:
    """Agreement of every two models, computed once."""
    candidates = max(int(settings.allowed.sum()) - 1, 0)

    def make() -> AgreementMatrix:
        return agreement_matrix(found.lists, items=len(graph), candidates=candidates)

    return results.remember(data, ("agreement", *_key(data, graph, found, settings)), make)


def dispute_of(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> Float64Array:
    """1 − mean overlap over all pairs of models, by item; computed once."""
    return results.remember(data, ("dispute", *_key(data, graph, found, settings)), lambda: dispute(found.lists))


def purity_of(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> dict[str, Purity]:
    """Purity of every model's lists by the chosen attribute, computed once."""
    values = data.fields[settings.attribute]

    def make() -> tuple[tuple[str, Purity], ...]:
        return tuple(
            (label, attribute_purity(ids, values, rows=found.rows, candidates=settings.allowed, missing=NOT_KNOWN))
            for label, ids in found.lists.items()
        )

    key = ("purity", settings.attribute, *_key(data, graph, found, settings))
    return dict(results.remember(data, key, make))


def own_agreement(found: Compared) -> float | None:
    """Mean overlap of the chosen item's lists over all pairs of models."""
    own = [ids[None, :] for ids, _ in found.own.values()]
    pairs = [(a, b) for i, a in enumerate(own) for b in own[i + 1 :]]
    return float(np.mean([overlap_at_k(a, b)[0] for a, b in pairs])) if pairs else None


def rare_limit(data: ActiveData, settings: Settings) -> int:
    """From how many events on an item may be called disputed: 20, less in small data."""
    if data.sequences is None or len(settings.counts) == 0:
        return 0
    return min(RARE, int(np.median(settings.counts)))
