"""What the Neighbors page compares: which models, which lists, and the figures computed once from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any, Literal

import numpy as np

from pages.kit import brought, results, session
from pages.kit.allowed import Options, Several, Steps
from pages.kit.brought import Fitted
from pages.kit.controls import NOT_KNOWN, default_attribute
from pages.kit.model_controls import able_models, missing, model_config
from pages.kit.model_jobs import Entry, entry
from pages.kit.parameters import Bound, Parameter, Scope
from pages.kit.session import ActiveData
from pages.kit.text import field_words, sentence
from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from recemb_core.brought import BroughtVectors
from recemb_core.embeddings import MODELS, ItemVectors
from recemb_core.evaluation import AgreementMatrix, Purity, agreement_matrix, attribute_purity, dispute, overlap_at_k
from recemb_core.item_graph import ItemGraph

SCORES = {"cosine": "cosine", "in_out": "in · out"}
NICE = tuple(step * 10**power for power in range(6) for step in (1, 2, 5))
SAMPLE, SAMPLE_FROM = 2_000, 4_000  # lists are compared for so many random items where there are more
RARE = 20  # below so many events an item's lists are noise in every model

MOST = 8  # columns that a window holds

NEIGHBORS_PAGE = Scope("neighbors")
LENGTH_ASKED = 10  # of a list, at first and in every question
SHOWN_MODELS = Parameter(
    NEIGHBORS_PAGE,
    "models",
    f"Models (up to {MOST})",
    Several(),
    help="A column each, left to right in the order of the list.",
)
LENGTH = Parameter(
    NEIGHBORS_PAGE, "k", "Neighbors", Options((3, 5, 10, 20), row=True), LENGTH_ASKED, help="Length of a list, k."
)
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

    def nearest(self, vectors: ItemVectors, rows: Int64Array) -> tuple[Int32Array, Float32Array]:
        """(ids, scores) (q, k) of the lists of some rows."""
        return vectors.nearest(self.k, self.score, self.min_count, counts=self.counts, rows=rows)


@dataclass(frozen=True, eq=False)
class Compared:
    """The lists of all models that are there, of the same items, and the figures computed once from them.

    Attributes:
        data, graph, settings: of what, and how.
        entries: the models, in the order of the columns.
        lists: label → int32 (q, k) of the rows that are compared.
        own: label → int32 (k,) and float32 (k,): list and scores of the chosen item.
        rows: (q,) whose lists are compared.
        failed: label → why a model has no list.
        shared: how many items have a vector in every column; ``rows`` are these, or a sample of them.
    """

    data: ActiveData
    graph: ItemGraph
    settings: Settings
    entries: tuple[Entry, ...]
    lists: dict[str, Int32Array]
    own: dict[str, tuple[Int32Array, Float32Array]]
    rows: Int64Array
    failed: dict[str, str]
    shared: int

    @property
    def sample(self) -> str:
        """Which items the lists are compared of, after "mean over"."""
        n = len(self.rows)
        of = "" if self.shared == len(self.graph) else " that have a vector in every column"
        return f"{n:,} items{of}" + (f" (a random sample of {self.shared:,})" if n < self.shared else "")

    def under(self, **change: Any) -> Compared:
        """The same models under other settings of the view."""
        return compare(self.data, self.graph, self.entries, replace(self.settings, **change))

    def _remember(self, name: str, make: Callable[[], Any], *more: str) -> Any:
        configs = tuple((one.label, one.config) for one in self.entries if one.label in self.lists)
        key = (name, *more, *_key(self.data, self.graph, self.settings), configs)
        return results.remember(self.data, key, make)

    @property
    def others(self) -> Int64Array:
        """(q,) how many items each list can hold: those that may be named, itself left out."""
        allowed = self.settings.allowed
        return np.asarray(allowed.sum() - allowed[self.rows], dtype=np.int64)

    @property
    def matrix(self) -> AgreementMatrix:
        """Agreement of every two models."""
        make = lambda: agreement_matrix(self.lists, items=len(self.graph), candidates=self.others)  # noqa: E731
        return self._remember("agreement", make)

    @property
    def dispute(self) -> Float64Array:
        """(q,) 1 − mean overlap over all pairs of models."""
        return self._remember("dispute", lambda: dispute(self.lists))

    @property
    def purity(self) -> dict[str, Purity]:
        """Purity of every model's lists by the chosen attribute."""
        values, allowed = self.data.fields[self.settings.attribute], self.settings.allowed
        make = lambda: tuple(  # noqa: E731
            (label, attribute_purity(ids, values, rows=self.rows, candidates=allowed, missing=NOT_KNOWN))
            for label, ids in self.lists.items()
        )
        return dict(self._remember("purity", make, self.settings.attribute))

    @property
    def unit(self) -> str:
        """What the counts are."""
        return "events" if self.data.sequences is not None else "strength"

    @property
    def chosen(self) -> int:
        """Row of the chosen item."""
        return self.graph.items.row(session.chosen_item(self.data))

    def named(self, label: str) -> list[str]:
        """Ids of the items that a model lists for the chosen one."""
        rows = self.own[label][0].tolist() if label in self.own else []
        return [self.graph.items[row] for row in rows if row >= 0]

    @property
    def own_agreement(self) -> float | None:
        """Mean overlap of the chosen item's lists over all pairs of models."""
        pairs = combinations((ids[None, :] for ids, _ in self.own.values()), 2)
        overlaps = [overlap_at_k(a, b)[0] for a, b in pairs]
        return float(np.mean(overlaps)) if overlaps else None

    @property
    def rare_limit(self) -> int:
        """From how many events on an item may be called disputed: 20, less in small data."""
        counts = self.settings.counts
        return 0 if self.data.sequences is None or len(counts) == 0 else min(RARE, int(np.median(counts)))

    def competing(self, values: Float64Array) -> Int64Array:
        """Places in ``rows`` of the items that are not rare, by rising value (q,), the most popular of equals first."""
        counts = self.settings.counts[self.rows]
        able = np.flatnonzero(counts >= self.rare_limit)
        return able[np.lexsort((-counts[able], np.round(values[able], 9)))]


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
    """The chosen models with the page's settings, as far as they are there, and what this session brought."""
    return [
        *(
            entry(data, graph, name, name, None if missing(data, name) else model_config(data, graph, name))
            for name in names
        ),
        *map(_brought_entry, brought.every(data)),
    ]


def _brought_entry(fitted: Fitted) -> Entry:
    if fitted.vectors is None:
        return Entry(fitted.label, fitted.label, None, None, None, "unavailable", sentence(fitted.said[0]))
    return Entry(fitted.label, fitted.label, fitted.config, fitted.config, fitted.vectors, "ready")


def compare(data: ActiveData, graph: ItemGraph, entries: Sequence[Entry], settings: Settings) -> Compared:
    """Neighbor lists of every model that is there, computed once for each setting of the view."""
    rows, failed = np.arange(len(graph)), dict[str, str]()
    usable = list[Entry]()
    for one in entries:
        if one.vectors is None:
            continue
        if settings.score == "in_out" and one.vectors.output_vectors is None:
            why = "hierarchical softmax scores a tree" if one.model in MODELS else "its file holds none"
            failed[one.label] = f"Has no output vectors ({why}), so no in · out: use cosine."
            continue
        if isinstance(one.vectors, BroughtVectors):  # lists are compared where every column has one
            both = rows[one.vectors.known[rows]]
            if len(both) < 2:
                failed[one.label] = "Shares less than two items with the file before it, so nothing can be compared."
                continue
            rows = both
        usable.append(one)
    shared = len(rows)
    if shared > SAMPLE_FROM:
        rows = np.sort(np.random.default_rng(0).choice(rows, SAMPLE, replace=False))
    lists, own = {}, {}
    row = graph.items.row(session.chosen_item(data))
    for one in usable:
        assert one.vectors is not None
        if isinstance(one.vectors, BroughtVectors) and not one.vectors.known[row]:
            failed[one.label] = "The chosen item has no vector in this file."
        key = ("neighbor lists", *_key(data, graph, settings), one.config, _same_rows(usable))
        lists[one.label] = results.remember(data, key, partial(settings.nearest, one.vectors, rows))[0]
        ids, values = settings.nearest(one.vectors, np.array([row]))
        own[one.label] = ids[0], values[0]
    return Compared(data, graph, settings, tuple(entries), lists, own, rows, failed, shared)


def _same_rows(entries: Sequence[Entry]) -> tuple[Any, ...]:
    """What the compared rows depend on: the brought vectors among the columns."""
    return tuple(one.config for one in entries if isinstance(one.vectors, BroughtVectors))


def _key(data: ActiveData, graph: ItemGraph, settings: Settings) -> tuple[Any, ...]:
    """What every list depends on, beside its model."""
    return data.key, data.fingerprint, graph.fingerprint, settings.k, settings.score, settings.min_count
