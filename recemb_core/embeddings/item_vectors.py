"""What every trainer returns: item vectors with their vocabulary, history and config."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from recemb_core.neighbors.base import unit_rows
from recemb_core.vocabulary import Vocabulary

# progress(fraction from 0 to 1, what is being done); an exception raised in it ends the training.
Progress = Callable[[float, str], None]


class TrainingCancelled(RuntimeError):
    """Raised by a trainer whose ``cancel()`` callback answered True."""


@dataclass(frozen=True, eq=False)
class ItemVectors:
    """Trained item vectors.

    Attributes:
        items: the vocabulary; row i of every array belongs to ``items[i]``.
        vectors: float32 (n, d), the input vectors v.
        output_vectors: float32 (n, d), the output vectors v', or None where the model has none
            (hierarchical softmax scores tree nodes, not items).
        counts: int64 (n,), how often each item was seen in training, or None.
        history: mean loss by epoch, in nats, per training pair (per token with hierarchical softmax); it compares
            epochs of one model, not models.
        config: the frozen config that made them, or None.
    """

    items: Vocabulary
    vectors: npt.NDArray[np.float32]
    output_vectors: npt.NDArray[np.float32] | None = None
    counts: npt.NDArray[np.int64] | None = None
    history: tuple[float, ...] = ()
    config: Any = None

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.items):
            raise ValueError(
                f"vectors must have one row for each of the {len(self.items)} items, not {self.vectors.shape}"
            )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, item: object) -> npt.NDArray[np.float32]:
        """The vector of an item id, float32 (d,)."""
        return self.vectors[self.items.row(item)]

    def scores(self, item: object, score: Literal["cosine", "in_out"] = "cosine") -> npt.NDArray[np.float32]:
        """Score of every item against one: cosine(v_i, v_j), or v_i · v'_j for ``"in_out"``; float32 (n,)."""
        row = self.items.row(item)
        if score == "cosine":
            unit = unit_rows(self.vectors)
            return _dot_rows(unit, unit[row])
        if score != "in_out":
            raise ValueError(f"score must be 'cosine' or 'in_out', not {score!r}")
        if self.output_vectors is None:
            raise ValueError("score='in_out' needs output vectors, and this model has none; use score='cosine'")
        return _dot_rows(self.output_vectors, self.vectors[row])

    def most_similar(
        self, item: object, k: int = 10, score: Literal["cosine", "in_out"] = "cosine"
    ) -> list[tuple[str, float]]:
        """The k best-scored other items, best first, as (id, score) pairs; ties by row number.

        Raises:
            ValueError: k below 1, an unknown item (named, with near spellings), or a score the model lacks.

        >>> v = ItemVectors(Vocabulary("abc"), np.array([[1, 0], [1, 1], [0, 1]], np.float32))
        >>> v.most_similar("a", k=1)[0][0]
        'b'
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        values = self.scores(item, score)
        order = np.argsort(-values, kind="stable")
        order = order[order != self.items.row(item)][:k]
        return [(self.items[int(j)], float(values[j])) for j in order]

    def save(self, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Write a compressed ``.npz`` without pickle; :meth:`load` reads it back."""
        meta = {"items": self.items.ids, "history": self.history, "config": _config_to_json(self.config)}
        arrays: dict[str, npt.NDArray] = {"vectors": self.vectors}
        if self.output_vectors is not None:
            arrays["output_vectors"] = self.output_vectors
        if self.counts is not None:
            arrays["counts"] = self.counts
        # default: a NumPy number in a config
        text = json.dumps(meta, ensure_ascii=False, default=lambda number: number.item())
        arrays["meta"] = np.frombuffer(text.encode(), dtype=np.uint8)
        if isinstance(target, (str, os.PathLike)):
            with open(target, "wb") as file:  # numpy would append .npz to a name without it
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        else:
            np.savez_compressed(target, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, source: str | os.PathLike[str] | IO[bytes]) -> ItemVectors:
        """Read what :meth:`save` wrote; never unpickles."""
        with np.load(source, allow_pickle=False) as file:
            meta = json.loads(file["meta"].tobytes().decode())
            return cls(
                items=Vocabulary(meta["items"]),
                vectors=file["vectors"],
                output_vectors=file.get("output_vectors"),
                counts=file.get("counts"),
                history=tuple(meta["history"]),
                config=_config_from_json(meta["config"]),
            )

    def to_bytes(self) -> bytes:
        """The same file as :meth:`save`, in memory (for a download button)."""
        buffer = io.BytesIO()
        self.save(buffer)
        return buffer.getvalue()


def _dot_rows(rows: npt.NDArray[np.float32], vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """rows · vector, computed alike for every row: BLAS rounds the last rows otherwise, which breaks ties."""
    return np.einsum("ij,j->i", rows, vector)


def _config_to_json(config: Any) -> dict[str, Any] | None:
    if config is None:
        return None
    return {"class": type(config).__name__, **dataclasses.asdict(config)}


def _config_from_json(values: dict[str, Any] | None) -> Any:
    """The config class by name from this package; an unknown one, or unknown fields (a newer file), stay a dict."""
    import recemb_core.embeddings as package

    if values is None:
        return None
    kind = getattr(package, values["class"], None)
    given = {k: v for k, v in values.items() if k != "class"}
    # A file may name anything: nothing but a config is called.
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind) and values["class"].endswith("Config")):
        return values
    return kind(**given) if given.keys() <= {f.name for f in dataclasses.fields(kind)} else values
