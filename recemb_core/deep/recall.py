"""What every recall model gives: a user vector for a history, item vectors, and their inner products as scores."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from recemb_core.deep.histories import UserFields, mean_of, windows_of
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.neighbors.base import Distinct, distinct_rows, inner_products, unit_rows
from recemb_core.validation import UsageError, finite_rows, require
from recemb_core.vocabulary import Vocabulary

History = npt.NDArray[np.integer]
Facts = Mapping[str, object] | None


class UserTower(Protocol):
    """The part of a model that turns histories into vectors; plain arrays, no training library needed."""

    @property
    def history_length(self) -> int | None:
        """Newest events that count; None: all."""
        ...

    @property
    def half_life(self) -> float | None:
        """Events after which a weight has halved; None: a plain mean."""
        ...

    def encode(
        self, rows: npt.NDArray[np.int32], weights: npt.NDArray[np.float32], codes: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float32]:
        """(q, L) item rows, their weights (0: not there) and (q, fields) codes of user fields → (q, d)."""
        ...

    def arrays(self) -> dict[str, npt.NDArray]:
        """Everything that a file has to hold."""
        ...


@dataclass(frozen=True, eq=False)
class RecallModel:
    """User vectors and item vectors of one space: score(u, i) = u · v_i, so top-N is a search for inner products.

    Attributes:
        kind: ``"average"``, ``"youtube_dnn"`` or ``"two_tower"``.
        title: for people.
        items: the vocabulary; row i of ``item_vectors`` is item i.
        item_vectors: float32 (n, d).
        tower: makes user vectors.
        user_fields: the facts about users that it takes; none by default.
        config: the settings it was trained with.
        history: mean training loss by epoch, in nats an example.
        known: bool (n,), items that the model can place; the others are never recommended. None: all.
        steps: training steps; 0 where nothing was trained here.
        seconds: of training, without compiling.
    """

    kind: str
    title: str
    items: Vocabulary
    item_vectors: npt.NDArray[np.float32]
    tower: UserTower
    user_fields: UserFields = dataclasses.field(default_factory=UserFields)
    config: Any = None
    history: tuple[float, ...] = ()
    known: npt.NDArray[np.bool_] | None = None
    steps: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        finite_rows(self.item_vectors, "item_vectors", items=self.items.ids)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def _distinct(self) -> Distinct:
        """Cold items with the same side information have one vector, and have to get one score."""
        return distinct_rows(self.item_vectors)

    def encode(
        self, histories: Sequence[History], user_facts: Sequence[Facts] | None = None
    ) -> npt.NDArray[np.float32]:
        """User vectors (q, d) of histories of item rows, oldest first.

        Args:
            histories: only the newest ``tower.history_length`` events of each count; an empty one is a newcomer.
            user_facts: {field: value} for each, where the model takes user fields.

        Raises:
            ValueError: a row that is no item, or a field value that the training did not see.
        """
        rows, weights = self._windows(histories)
        return self.tower.encode(rows, weights, self._codes(len(rows), user_facts))

    def _codes(self, count: int, user_facts: Sequence[Facts] | None) -> npt.NDArray[np.int32]:
        return self.user_fields.codes([None] * count if user_facts is None else user_facts)

    def _windows(self, histories: Sequence[History]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        for history in histories:
            if len(history) and not (np.min(history) >= 0 and np.max(history) < len(self.items)):
                raise UsageError(f"histories must hold item rows from 0 to {len(self.items) - 1}")
        longest = max([1, *map(len, histories)])
        length = longest if self.tower.history_length is None else min(self.tower.history_length, longest)
        return windows_of(histories, length, self.tower.half_life)

    def scores(
        self, histories: Sequence[History], user_facts: Sequence[Facts] | None = None
    ) -> npt.NDArray[np.float32]:
        """Scores (q, n) of every item, −∞ for items not known; the function that ``rank_next_items`` takes."""
        values = inner_products(self.encode(histories, user_facts), self.item_vectors, self._distinct)
        if self.known is not None:
            values[:, ~self.known] = -np.inf
        return values

    def recommend(
        self, history: History, k: int = 10, *, exclude_seen: bool = True, user_facts: Facts = None
    ) -> list[tuple[str, float]]:
        """The k best items for a history, best first, as (id, score) pairs; ties by row number."""
        require(k >= 1, "k", k, "at least 1")
        values = self.scores([history], [user_facts])[0]
        if exclude_seen:
            values[np.asarray(history, dtype=np.int64)] = -np.inf
        order = np.argsort(-values, kind="stable")[:k]
        return [(self.items[int(i)], float(values[i])) for i in order if np.isfinite(values[i])]

    def pulls(
        self, history: History, wanted: Sequence[int], user_facts: Facts = None
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """What each item of the history did for the scores of the wanted items.

        For an average, an item's part of the inner product: w_h · (v_h · v_i), and the parts add up to the score.
        For a network, the score less the score without the item, all its occurrences left out and the other weights
        scaled up (leave one out): parts need not add up, since the network is not linear.

        Returns:
            (item rows of the history that count, newest first and once each (m,), parts float32 (m, len(wanted))).
        """
        rows, weights = self._windows([history])
        codes, columns = self._codes(1, [user_facts]), self.item_vectors[np.asarray(wanted, dtype=np.int64)]
        present = rows[0][weights[0] > 0]
        _, first = np.unique(present, return_index=True)
        items = present[np.sort(first)].astype(np.int32)
        if isinstance(self.tower, AverageTower):
            share = np.array([weights[0][rows[0] == item].sum() for item in items], dtype=np.float32)
            return items, (share[:, None] * self.tower.table[items]) @ columns.T
        without = np.where(rows[0][None] == items[:, None], 0.0, weights[0][None])
        total = without.sum(axis=1, keepdims=True)
        without = np.divide(without, total, out=np.zeros_like(without), where=total > 0).astype(np.float32)
        full = self.tower.encode(rows, weights, codes)
        left = self.tower.encode(np.repeat(rows, len(items), axis=0), without, np.repeat(codes, len(items), axis=0))
        return items, ((full - left) @ columns.T).astype(np.float32)

    def save(self, target: str | os.PathLike[str] | IO[bytes], *, half: bool = False) -> None:
        """Write a compressed ``.npz`` without pickle; ``half`` writes float16, half the size and three digits."""
        arrays = self.to_arrays(half=half)
        if isinstance(target, (str, os.PathLike)):
            with open(target, "wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        else:
            np.savez_compressed(target, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, source: str | os.PathLike[str] | IO[bytes]) -> RecallModel:
        """Read what :meth:`save` wrote; never unpickles."""
        with np.load(source, allow_pickle=False) as file:
            return cls.from_arrays(file)

    def to_arrays(self, *, half: bool = False) -> dict[str, npt.NDArray]:
        """Everything as arrays by name, what is no array as JSON in ``meta``; :meth:`from_arrays` reads it back."""
        meta = {
            "kind": self.kind,
            "title": self.title,
            "items": self.items.ids,
            "history_length": self.tower.history_length,
            "half_life": self.tower.half_life,
            "field_names": self.user_fields.names,
            "field_values": self.user_fields.values,
            "config": None
            if self.config is None
            else {"class": type(self.config).__name__, **dataclasses.asdict(self.config)},
            "history": self.history,
            "steps": self.steps,
            "seconds": self.seconds,
        }
        small = lambda x: x.astype(np.float16) if half and x.dtype == np.float32 else x  # noqa: E731
        arrays = {f"tower.{name}": small(value) for name, value in self.tower.arrays().items()}
        arrays["item_vectors"] = small(self.item_vectors)
        if self.known is not None:
            arrays["known"] = self.known
        text = json.dumps(meta, ensure_ascii=False, default=lambda number: number.item())
        return {**arrays, "meta": np.frombuffer(text.encode(), dtype=np.uint8)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray]) -> RecallModel:
        """What :meth:`to_arrays` gave."""
        meta = json.loads(arrays["meta"].tobytes().decode())
        full = {name: _single(value) for name, value in arrays.items() if name != "meta"}
        parts = {name.removeprefix("tower."): value for name, value in full.items() if name.startswith("tower.")}
        if meta["kind"] not in _towers():
            raise UsageError(f"the file holds a model of kind {meta['kind']!r}; known are {', '.join(_towers())}")
        tower, config = _towers()[meta["kind"]]
        settings = {name: _tuple(v) for name, v in (meta["config"] or {}).items() if name != "class"}
        return cls(
            kind=meta["kind"],
            title=meta["title"],
            items=Vocabulary(meta["items"]),
            item_vectors=full["item_vectors"],
            tower=tower(parts, meta["history_length"], meta["half_life"]),
            user_fields=UserFields(tuple(meta["field_names"]), tuple(map(tuple, meta["field_values"]))),
            config=None if config is None or not settings else config(**settings),
            history=tuple(meta["history"]),
            known=full.get("known"),
            steps=meta["steps"],
            seconds=meta["seconds"],
        )

    def halved(self) -> RecallModel:
        """The same model as it comes back from a file of float16."""
        return RecallModel.from_arrays(self.to_arrays(half=True))


def _single(value: npt.NDArray) -> npt.NDArray:
    return value.astype(np.float32) if value.dtype == np.float16 else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _towers() -> dict[str, tuple[Any, Any]]:
    from recemb_core.deep.two_tower import TwoTower, TwoTowerConfig
    from recemb_core.deep.youtube_dnn import YouTubeDNNConfig, YouTubeTower

    return {
        "average": (AverageTower.from_arrays, None),
        "youtube_dnn": (YouTubeTower, YouTubeDNNConfig),
        "two_tower": (TwoTower, TwoTowerConfig),
    }


@dataclass(frozen=True, eq=False)
class AverageTower:
    """u = Σ_h w_h · v_h over the history; no parameters but the item vectors themselves."""

    table: npt.NDArray[np.float32]
    history_length: int | None = None
    half_life: float | None = None

    @classmethod
    def from_arrays(
        cls, arrays: dict[str, npt.NDArray], history_length: int | None, half_life: float | None
    ) -> AverageTower:
        return cls(arrays["table"], history_length, half_life)

    def encode(
        self, rows: npt.NDArray[np.int32], weights: npt.NDArray[np.float32], codes: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float32]:
        return mean_of(self.table, rows, weights, np)

    def arrays(self) -> dict[str, npt.NDArray]:
        return {"table": self.table}


def history_average(
    vectors: ItemVectors,
    *,
    score: Literal["cosine", "in_out"] = "cosine",
    history_length: int | None = None,
    half_life: float | None = None,
) -> RecallModel:
    """The plain way: a user is the mean of the vectors of what they took, u = (1/|H|) Σ_{h∈H} v_h.

    Args:
        vectors: trained item vectors.
        score: ``"cosine"``: vectors are scaled to length 1, and items are ranked by u · v_i, the mean cosine with the
            history. ``"in_out"``: u · v'_i with the output vectors v', which is what skip-gram trains: what comes
            beside these items, where the cosine asks what is used like them.
        history_length: newest events that count; None: all.
        half_life: events after which a weight has halved; None: a plain mean.

    Raises:
        ValueError: ``"in_out"`` with vectors that have no output vectors.

    >>> v = ItemVectors(Vocabulary("abc"), np.array([[1, 0], [1, 1], [0, 1]], np.float32))
    >>> history_average(v).recommend(np.array([0]), k=1)[0][0]
    'b'
    """
    require(score in ("cosine", "in_out"), "score", score, "'cosine' or 'in_out'")
    if score == "in_out" and vectors.output_vectors is None:
        raise UsageError("score='in_out' needs output vectors, and this model has none; use score='cosine'")
    table = unit_rows(vectors.vectors) if score == "cosine" else vectors.vectors
    columns = table if vectors.output_vectors is None or score == "cosine" else vectors.output_vectors
    return RecallModel(
        kind="average",
        title=f"Item average ({'cosine' if score == 'cosine' else 'in · out'})",
        items=vectors.items,
        item_vectors=np.ascontiguousarray(columns, dtype=np.float32),
        known=None if vectors.counts is None or (vectors.counts > 0).all() else vectors.counts > 0,
        tower=AverageTower(np.ascontiguousarray(table, dtype=np.float32), history_length, half_life),
    )
