"""What every trainer returns: item vectors with their vocabulary, history and config."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, Literal, Self

import numpy as np

from recemb_core.arrays import (
    AnyArray,
    BoolArray,
    Float32Array,
    FloatArray,
    Int32Array,
    Int64Array,
    IntegerArray,
    NumberArray,
)
from recemb_core.neighbors.base import Metric, NeighborIndex, unit_rows
from recemb_core.validation import UsageError, finite_rows
from recemb_core.vocabulary import Vocabulary

# "cosine": of two input vectors; "in_out": input of the one, output vector of the other.
Score = Literal["cosine", "in_out"]


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """Trained item vectors, all of them finite: a training that ran away is refused here, with the first item named.

    Attributes:
        items: the vocabulary; row i of every array belongs to ``items[i]``.
        vectors: float32 (n, d), the input vectors v.
        output_vectors: float32 (n, d), the output vectors v', or None where the model has none
            (hierarchical softmax scores tree nodes, not items).
        counts: int64 (n,), how often each item was seen in training, or None.
        history: mean loss by epoch, in nats, per training pair (per token where gensim trains: CBOW and hierarchical
            softmax); it compares epochs of one model, not models. It may rise while vectors improve: with a falling
            learning rate the pairs just trained stand out less.
        config: the frozen config that made them, or None.
    """

    items: Vocabulary
    vectors: Float32Array
    output_vectors: Float32Array | None = None
    counts: Int64Array | None = None
    history: tuple[float, ...] = ()
    config: Any = None

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.items):
            raise UsageError(
                f"vectors must have one row for each of the {len(self.items)} items, not {self.vectors.shape}"
            )
        self._check_finite()

    def _check_finite(self) -> None:
        """NaN has no neighbors and no place on a map."""
        finite_rows(self.vectors, items=self.items.ids)
        if self.output_vectors is not None:
            finite_rows(self.output_vectors, "output_vectors", items=self.items.ids)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, item: object) -> Float32Array:
        """The vector of an item id, float32 (d,)."""
        return np.asarray(self.vectors[self.items.row(item)])

    def scores(self, item: object, score: Score = "cosine") -> Float32Array:
        """Score of every item against one: cosine(v_i, v_j), or v_i · v'_j for ``"in_out"``; float32 (n,)."""
        self._check_finite()
        row = self.items.row(item)
        if score == "cosine":
            unit = unit_rows(self.vectors)
            return _dot_rows(unit, unit[row])
        return _dot_rows(self.targets_of(score), self.vectors[row])

    def targets_of(self, score: Score) -> Float32Array:
        """The vectors (n, d) that an item's own vector is scored against: input ones by cosine, output ones by in·out.

        Raises:
            ValueError: another score, or ``"in_out"`` where there are no output vectors.
        """
        if score == "cosine":
            return self.vectors
        if score != "in_out":
            raise UsageError(f"score must be 'cosine' or 'in_out', not {score!r}")
        if self.output_vectors is None:
            raise UsageError("score='in_out' needs output vectors, and this model has none; use score='cosine'")
        return self.output_vectors

    def most_similar(
        self,
        item: object,
        k: int = 10,
        score: Score = "cosine",
        *,
        min_count: int = 0,
        counts: NumberArray | None = None,
    ) -> list[tuple[str, float]]:
        """The k best-scored other items, best first, as (id, score) pairs; ties by row number.

        Args:
            item: an item id; it may be rarer than ``min_count``.
            k: length of the list; shorter where there are fewer other items.
            score: cosine(v_i, v_j), or v_i · v'_j for ``"in_out"``.
            min_count: leave out items with fewer occurrences: rare items train little, and their vectors, near where
                they started, turn up as neighbors of everything.
            counts: (n,), the occurrences to go by; without them the model's own (events, or steps of walks).

        Raises:
            ValueError: k below 1, an unknown item (named, with near spellings), a score the model lacks, or a
                ``min_count`` without counts.

        >>> v = ItemVectors(Vocabulary("abc"), np.array([[1, 0], [1, 1], [0, 1]], np.float32))
        >>> v.most_similar("a", k=1)[0][0]
        'b'
        """
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}")
        values = self.scores(item, score)
        order = np.argsort(-values, kind="stable")
        allowed = self.candidates(min_count, counts)
        allowed[self.items.row(item)] = False
        return [(self.items[int(j)], float(values[j])) for j in order[allowed[order]][:k]]

    def nearest(
        self,
        k: int = 10,
        score: Score = "cosine",
        min_count: int = 0,
        *,
        counts: NumberArray | None = None,
        rows: IntegerArray | None = None,
        approximate: bool = False,
    ) -> tuple[Int32Array, Float32Array]:
        """:meth:`most_similar` of all items at once: (ids (q, k), values (q, k)), best first.

        Args:
            k: length of the lists.
            score: as in :meth:`most_similar`.
            min_count: as in :meth:`most_similar`; every item is asked, only candidates are left out.
            counts: as in :meth:`most_similar`.
            rows: (q,), ask these rows only; all n without it.
            approximate: search by :class:`~recemb_core.neighbors.HNSWIndex` with its defaults, in one thread, so that
                it repeats: for all rows of many items, where an exact scan takes O(d·n²). It may miss neighbors.

        Returns:
            int32 item rows and float32 scores; where fewer than k other items exist, −1 and NaN. Ties go by row
            number, except where a tie crosses the end of the list: any of the tied items may then be on it.

        >>> v = ItemVectors(Vocabulary("abc"), np.array([[1, 0], [1, 1], [0, 1]], np.float32))
        >>> v.nearest(k=3)[0].tolist()
        [[1, 2, -1], [0, 2, -1], [1, 0, -1]]
        """
        from recemb_core.neighbors.exact import ExactIndex
        from recemb_core.neighbors.hnsw import HNSWConfig, HNSWIndex

        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}")
        asked = np.arange(len(self)) if rows is None else np.asarray(rows)
        self._check_finite()
        targets = self.targets_of(score)
        queries = self.vectors[asked]
        if score == "cosine":
            targets, queries = unit_rows(targets), unit_rows(queries)
        candidates = np.flatnonzero(self.candidates(min_count, counts))
        found = np.full((len(asked), k + 1), -1, dtype=np.int64)
        values = np.full((len(asked), k + 1), -np.inf, dtype=np.float32)
        if len(candidates) and len(asked):
            index: NeighborIndex = ExactIndex("inner_product")
            if approximate:
                # Of unit rows the cosine's own graph: that of inner products is for rows of any length.
                metric: Metric = "cosine" if score == "cosine" else "inner_product"
                index = HNSWIndex(HNSWConfig(metric=metric), threads=1)
            at, values = index.build(targets[candidates]).query(queries, k + 1)
            values = 1 - values if index.measure == "distance" else values
            found = np.where(at >= 0, candidates[np.maximum(at, 0)], -1)
        # An item is not its own neighbor: it goes to the end, and what is missing stays there.
        gone = (found < 0) | (found == asked[:, None])
        values = np.where(gone, -np.inf, values)
        order = np.lexsort((found, -values), axis=1)[:, :k]
        values = np.take_along_axis(values, order, axis=1)
        ids = np.where(np.isinf(values), -1, np.take_along_axis(found, order, axis=1))
        return ids.astype(np.int32), np.where(ids < 0, np.nan, values).astype(np.float32)

    def candidates(self, min_count: int = 0, counts: NumberArray | None = None) -> BoolArray:
        """Which items occur at least ``min_count`` times, bool (n,); by the model's own counts unless others are given.

        Raises:
            ValueError: ``min_count`` above 0 where neither the model nor the call has counts, or counts of another
                number of items.
        """
        if min_count <= 0:
            return np.ones(len(self), dtype=bool)
        by = self.counts if counts is None else np.asarray(counts)
        if by is None:
            raise UsageError(f"min_count={min_count} needs counts, and this model has none; give counts=")
        if by.shape != (len(self),):
            raise UsageError(f"counts must be ({len(self)},), one for each item, not {by.shape}")
        return by >= min_count

    def save(self, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Write a compressed ``.npz`` without pickle; :meth:`load` reads it back."""
        arrays = self.to_arrays()
        if isinstance(target, (str, os.PathLike)):
            with open(target, "wb") as file:  # numpy would append .npz to a name without it
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        else:
            np.savez_compressed(target, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, source: str | os.PathLike[str] | IO[bytes]) -> Self:
        """Read what :meth:`save` wrote, with what the model has beside its vectors; never unpickles."""
        with np.load(source, allow_pickle=False) as file:
            return cls.from_arrays(file)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Everything as arrays by name, what is no array as JSON in ``meta``; :meth:`from_arrays` reads it back."""
        meta, arrays = self._parts()
        # default: a NumPy number in a config
        text = json.dumps(meta, ensure_ascii=False, default=lambda number: number.item())
        return {**arrays, "meta": np.frombuffer(text.encode(), dtype=np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> Self:
        """What :meth:`to_arrays` gave, with what the model has beside its vectors."""
        meta = json.loads(arrays["meta"].tobytes().decode())
        # A model with more than vectors has a class of its own, derived from this one.
        kinds: dict[str, type[ItemVectors]] = {kind.__name__: kind for kind in ItemVectors.__subclasses__()}
        kind = kinds.get(meta.get("kind", ""), ItemVectors)
        if not issubclass(kind, cls):
            raise UsageError(f"the file holds {kind.__name__}, not {cls.__name__}; use ItemVectors.load")
        return kind(**kind._from_parts(meta, arrays))

    def _parts(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """What a file holds: values for its JSON, and arrays by name."""
        self._check_finite()
        config = self.config
        if hasattr(config, "identity"):
            config = config.identity()
        if dataclasses.is_dataclass(config):  # else there is none, or a file had one that is not known here
            config = {"class": type(config).__name__, **dataclasses.asdict(config)}  # type: ignore[arg-type]
        meta = {"items": self.items.ids, "history": self.history, "config": config}
        found = {"vectors": self.vectors, "output_vectors": self.output_vectors, "counts": self.counts}
        return meta, {name: array for name, array in found.items() if array is not None}

    @classmethod
    def _from_parts(cls, meta: dict[str, Any], arrays: Mapping[str, AnyArray]) -> dict[str, Any]:
        """The arguments of the class from what :meth:`_parts` gave."""
        return {
            "items": Vocabulary(meta["items"]),
            "vectors": arrays["vectors"],
            "output_vectors": arrays.get("output_vectors"),
            "counts": arrays.get("counts"),
            "history": tuple(meta["history"]),
            "config": _config_from_json(meta["config"]),
        }

    def to_bytes(self) -> bytes:
        """The same file as :meth:`save`, in memory (for a download button)."""
        buffer = io.BytesIO()
        self.save(buffer)
        return buffer.getvalue()


def rows_of(vectors: ItemVectors | FloatArray, name: str = "vectors") -> FloatArray:
    """The array (n, d) of item vectors, or of an array itself.

    Raises:
        ValueError: NaN or infinity in it; the first row is named, by its item where that is known.
    """
    if isinstance(vectors, ItemVectors):
        return finite_rows(vectors.vectors, name, items=vectors.items.ids)
    return finite_rows(np.asarray(vectors), name)


def _dot_rows(rows: Float32Array, vector: Float32Array) -> Float32Array:
    """rows · vector, computed alike for every row: BLAS rounds the last rows otherwise, which breaks ties."""
    return np.asarray(np.einsum("ij,j->i", rows, vector))


def _config_from_json(values: dict[str, Any] | None) -> Any:
    """The config class by name, of a model or of this package; an unknown one, or unknown fields, stay a dict."""
    import recemb_core.embeddings as package

    if values is None:
        return None
    kinds = {spec.config.__name__: spec.config for spec in package.MODELS.values()}
    name = values["class"]
    # A file may name anything: nothing but a config is called.
    kind = kinds.get(name) or (getattr(package, name, None) if name.endswith("Config") else None)
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "class"}
    if not isinstance(kind, type) or not given.keys() <= {f.name for f in dataclasses.fields(kind)}:
        return values
    return kind(**given)
