"""One row measured: a model trained once on a part's training half, asked about every user of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from recemb_core.array_files import from_json, to_json
from recemb_core.arrays import AnyArray, Float32Array, Float64Array, Int64Array
from recemb_core.embeddings import ItemVectors, train_model
from recemb_core.evaluation.ranking import RankingReport, rank_views, report_from_arrays, report_to_arrays
from recemb_core.experiments.leaderboard.cases import VIEWS, PartCases
from recemb_core.experiments.leaderboard.entries import OPENING_SEEDS, Entry, Query
from recemb_core.experiments.leaderboard.vector_measures import VectorMeasures, measure_vectors
from recemb_core.neighbors.base import distinct_rows, inner_products, unit_rows
from recemb_core.progress import Cancel, Progress
from recemb_core.scorers import Histories, fit_scorer
from recemb_core.timing import timed
from recemb_core.validation import UsageError, finite_rows


@dataclass(frozen=True, eq=False)
class Trained:
    """A model ready to be asked.

    Attributes:
        model: :class:`~recemb_core.embeddings.ItemVectors`, a scorer or a recall model.
        seconds: of training; a graph that it walks is part of it. NaN of vectors made elsewhere.
    """

    model: Any
    seconds: float


@dataclass(frozen=True, eq=False)
class EntryRun:
    """What one training of a row got, user by user.

    Attributes:
        name: of the row.
        part: ``"validation"`` or ``"test"``.
        seed: of the training; None where the row has none.
        views: view → report on the targets that count there. ``"main"``: those of the protocol; ``"all"``: every
            target, nothing masked; ``"first_time"``: those not in the history, which is masked; ``"repeated"``: those
            in the history, nothing masked; ``"head"``, ``"tail"``: the main ones among the most taken items (which hold
            half of the training events) and among the rest; ``"unmasked"``: first-time targets with items of the
            history in the lists, a common mistake. A view that no user has a target in is left out.
        head_lists: expected share of the head in each user's list of the main view, float64 (users,): with
            ``PartCases.head_targets`` beside, the bias to what is popular.
        train_seconds: wall clock; NaN of vectors made elsewhere.
        score_seconds: wall clock of scoring and ranking every user.
        bytes: numbers that the model holds, in bytes.
        vectors: link AUC and purity of a model of item vectors; None of others.
    """

    name: str
    part: str
    seed: int | None
    views: dict[str, RankingReport]
    head_lists: Float64Array
    train_seconds: float
    score_seconds: float
    bytes: int
    vectors: VectorMeasures | None = None

    def to_arrays(self) -> dict[str, AnyArray]:
        """Everything as arrays by name, for a file; :meth:`from_arrays` makes the same of them."""
        facts = ("name", "part", "seed", "train_seconds", "score_seconds", "bytes")
        found: dict[str, AnyArray] = {"head_lists": self.head_lists}
        for view, report in self.views.items():
            found |= {f"{view} {name}": value for name, value in report_to_arrays(report).items()}
        meta = {name: getattr(self, name) for name in facts}
        meta["vectors"] = None if self.vectors is None else self.vectors.to_json()
        return found | {"meta": to_json(meta)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> EntryRun:
        """See :meth:`to_arrays`."""
        parts: dict[str, dict[str, AnyArray]] = {}
        for name, value in arrays.items():
            view, _, field = name.partition(" ")
            if field:
                parts.setdefault(view, {})[field] = value
        views = {view: report_from_arrays(parts[view]) for view in VIEWS if view in parts}
        meta = from_json(arrays["meta"])
        vectors = meta.pop("vectors")
        known = None if vectors is None else VectorMeasures(**vectors)
        return cls(views=views, head_lists=arrays["head_lists"], vectors=known, **meta)


def train_entry(
    cases: PartCases, entry: Entry, seed: int = 0, *, progress: Progress | None = None, cancel: Cancel = None
) -> Trained:
    """Train a row's model on the training part.

    Args:
        cases: see :func:`part_cases`.
        entry: the row.
        seed: in place of the one in its config.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: the data lacks what the model needs.
    """
    if entry.brought:
        raise UsageError(f"{entry.name} was made elsewhere and cannot be trained; measure its vectors as they are")
    config, train = entry.with_seed(seed).config, cases.train
    kind, told = entry.kind, {"progress": progress, "cancel": cancel}
    if kind == "scorer":
        return Trained(*timed(lambda: fit_scorer(train, config)))
    if kind == "recall":
        from recemb_core.experiments.recall_models import train_recall_model

        return Trained(*timed(lambda: train_recall_model(train, config, **told)))  # type: ignore[arg-type]
    from recemb_core.embeddings import needs_graph

    graph, before = cases.timed_graph if needs_graph(config) else (None, 0.0)
    given: dict[str, Any] = {"sequences": train, "graph": graph, "side_info": train.side_info, **told}
    vectors, seconds = timed(lambda: train_model(config, **given))
    return Trained(vectors, before + seconds)


def measure_trained(cases: PartCases, entry: Entry, trained: Trained, seed: int = 0) -> EntryRun:
    """Ask a trained model about every user; see :class:`EntryRun`.

    Rows that differ by their query alone share a training: train once, measure each.
    """
    model, query = trained.model, entry.query
    scorer = model.scores if query is None else history_scorer(model, query)
    ks, head, views = cases.protocol.ks, cases.head, cases.views
    ranked, seconds = timed(lambda: rank_views(scorer, cases.histories, views, ks=ks, listed=("main",), marked=head))
    return EntryRun(
        name=entry.name,
        part=cases.part,
        seed=seed if entry.seeded else None,
        views=ranked.reports,
        head_lists=ranked.marked,
        train_seconds=trained.seconds,
        score_seconds=seconds,
        bytes=held_bytes(model),
        vectors=measure_vectors(cases, model, query) if query is not None else None,
    )


def measure(
    cases: PartCases, entry: Entry, seed: int = 0, *, progress: Progress | None = None, cancel: Cancel = None
) -> EntryRun:
    """Train a row and ask it; of the same cases, row and seed the same figures.

    >>> from recemb_core.experiments.leaderboard import Protocol, part_cases
    >>> from recemb_core.scorers import PopularityConfig
    >>> from recemb_core.sequences import Sequences
    >>> log = Sequences.from_lists([["a", "b", "c", "d"], ["b", "c", "d", "a"], ["c", "d", "b", "a"]])
    >>> run = measure(part_cases(log, Protocol(ks=(1,))), Entry(name="floor", config=PopularityConfig()))
    >>> round(run.views["main"].hit_rate[1].value, 3)
    0.833
    """
    return measure_trained(cases, entry, train_entry(cases, entry, seed, progress=progress, cancel=cancel), seed)


def measure_all(
    cases: PartCases,
    entries: Iterable[Entry],
    seeds: Iterable[int] = OPENING_SEEDS,
    *,
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> Iterator[tuple[Entry, EntryRun]]:
    """Every row with every seed, as they come: (row, run). Rows without a seed run once, rows of one training share it.

    Give cheap rows first, so that the first of them is there soon.
    """
    rows, numbers = list(entries), list(seeds)
    done = 0
    total = sum(len(numbers) if row.seeded else 1 for row in rows)
    groups: dict[Any, list[Entry]] = {}
    for row in rows:
        groups.setdefault(row.config, []).append(row)
    for alike in groups.values():
        for seed in numbers if alike[0].seeded else numbers[:1]:

            def tell(fraction: float, stage: str, at: int = done, name: str = alike[0].name) -> None:
                if progress is not None:
                    progress((at + fraction) / total, f"{name}, {stage}")

            trained = train_entry(cases, alike[0], seed, progress=tell, cancel=cancel)
            for row in alike:
                yield row, measure_trained(cases, row, trained, seed)
                done += 1


def history_scorer(vectors: ItemVectors, query: Query) -> Callable[[Histories], Float32Array]:
    """Scores (q, n) of all items for histories by item vectors; see :class:`Query` for the equation.

    Raises:
        ValueError: ``"in_out"`` of vectors that have no output vectors, or a ``min_count`` without counts.

    >>> from recemb_core.vocabulary import Vocabulary
    >>> v = ItemVectors(Vocabulary("abc"), np.array([[1, 0], [1, 1], [0, 1]], np.float32))
    >>> history_scorer(v, Query())([np.array([0, 2])]).round(3).tolist()
    [[0.5, 0.7070000171661377, 0.5]]
    """
    columns = vectors.targets_of(query.score)
    rows = unit_rows(vectors.vectors) if query.score == "cosine" else finite_rows(vectors.vectors)
    columns = rows if query.score == "cosine" else finite_rows(columns, "output_vectors")
    counted = vectors.counts is not None
    offered = vectors.candidates(max(query.min_count, 1) if counted else query.min_count)
    distinct = distinct_rows(columns)

    def scores(histories: Histories) -> Float32Array:
        values = inner_products(_queries(rows, histories, query), columns, distinct)
        values[:, ~offered] = -np.inf
        return values

    return scores


def _queries(rows: Float32Array, histories: Histories, query: Query) -> Float32Array:
    """Weighted means (q, d) of the rows of histories; an empty one is 0."""
    from scipy.sparse import csr_array

    newest = [np.asarray(line, dtype=np.int64)[-(query.newest or len(line)) :] for line in histories]
    lengths = np.array([len(line) for line in newest], dtype=np.int64)
    ends = np.cumsum(lengths)
    age: Int64Array = np.repeat(ends, lengths) - 1 - np.arange(int(lengths.sum()))
    weights = np.ones(len(age)) if query.half_life is None else 0.5 ** (age / query.half_life)
    total = np.bincount(np.repeat(np.arange(len(newest)), lengths), weights=weights, minlength=len(newest))
    weights = weights / np.repeat(np.maximum(total, 1e-300), lengths)
    items = np.concatenate([np.empty(0, dtype=np.int64), *newest])
    table = csr_array((weights, items, np.r_[0, ends]), shape=(len(newest), len(rows)))
    return np.asarray(table @ rows.astype(np.float64), dtype=np.float32)


def held_bytes(model: Any) -> int:
    """Bytes of the arrays that a model holds, sparse tables and what stands inside it included.

    >>> from recemb_core.scorers import Popularity
    >>> held_bytes(Popularity(np.zeros(3, dtype=np.int64)))
    24
    """
    if isinstance(model, np.ndarray):
        return model.nbytes
    sparse = ("data", "indices", "indptr")
    if all(hasattr(model, name) for name in sparse):
        return sum(getattr(model, name).nbytes for name in sparse)
    if is_dataclass(model) and not isinstance(model, type):
        return sum(held_bytes(getattr(model, field.name)) for field in fields(model))
    return 0
