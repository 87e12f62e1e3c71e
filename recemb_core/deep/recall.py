"""What every recall model gives: a user vector for a history, item vectors, and their inner products as scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from recemb_core.array_files import File, from_json, from_plain, load_arrays, save_arrays, to_json
from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Int32Array, IntegerArray
from recemb_core.deep.histories import windows_of
from recemb_core.deep.registry import recall_kind
from recemb_core.deep.user_fields import UserFields
from recemb_core.moved import moved_name
from recemb_core.neighbors.base import Distinct, distinct_rows, inner_products
from recemb_core.validation import UsageError, finite_rows, require
from recemb_core.vocabulary import Vocabulary

History = IntegerArray
Facts = Mapping[str, object] | None


class UserTower(Protocol):
    """The part of a model that turns histories into vectors; plain arrays, no training library needed.

    Attributes:
        history_length: newest events that count; None: all.
        half_life: events after which a weight has halved; None: a plain mean.
        summed: (n, d) vectors whose weighted sum over the history is the user vector; None: it is no such sum.
    """

    @property
    def history_length(self) -> int | None: ...

    @property
    def half_life(self) -> float | None: ...

    @property
    def summed(self) -> Float32Array | None: ...

    def encode(self, rows: Int32Array, weights: Float32Array, codes: Int32Array) -> Float32Array:
        """(q, L) item rows, their weights (0: not there) and (q, fields) codes of user fields → (q, d)."""
        ...

    def arrays(self) -> dict[str, AnyArray]:
        """Everything that a file has to hold."""
        ...


@dataclass(frozen=True, eq=False)
class RecallModel:
    """User vectors and item vectors of one space: score(u, i) = u · v_i, so top-N is a search for inner products.

    Attributes:
        kind: of the registry, such as ``"two_tower"``.
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
    item_vectors: Float32Array
    tower: UserTower
    user_fields: UserFields = dataclasses.field(default_factory=UserFields)
    config: Any = None
    history: tuple[float, ...] = ()
    known: BoolArray | None = None
    steps: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        finite_rows(self.item_vectors, "item_vectors", items=self.items.ids)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def is_sum(self) -> bool:
        """Whether a score is a sum over the history, so that :meth:`pulls` are exact parts of it."""
        return self.tower.summed is not None

    @cached_property
    def _distinct(self) -> Distinct:
        """Cold items with the same side information have one vector, and have to get one score."""
        return distinct_rows(self.item_vectors)

    def encode(self, histories: Sequence[History], user_facts: Sequence[Facts] | None = None) -> Float32Array:
        """User vectors (q, d) of histories of item rows, oldest first.

        Args:
            histories: only the newest ``tower.history_length`` events of each count; an empty one is a newcomer.
            user_facts: {field: value} for each, where the model takes user fields.

        Raises:
            ValueError: a row that is no item, or a field value that the training did not see.
        """
        rows, weights = self._windows(histories)
        return self.tower.encode(rows, weights, self._codes(len(rows), user_facts))

    def _codes(self, count: int, user_facts: Sequence[Facts] | None) -> Int32Array:
        return self.user_fields.codes([None] * count if user_facts is None else user_facts)

    def _windows(self, histories: Sequence[History]) -> tuple[Int32Array, Float32Array]:
        for history in histories:
            if len(history) and not (np.min(history) >= 0 and np.max(history) < len(self.items)):
                raise UsageError(f"histories must hold item rows from 0 to {len(self.items) - 1}")
        longest = max([1, *map(len, histories)])
        length = longest if self.tower.history_length is None else min(self.tower.history_length, longest)
        return windows_of(histories, length, self.tower.half_life)

    def scores(self, histories: Sequence[History], user_facts: Sequence[Facts] | None = None) -> Float32Array:
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
    ) -> tuple[Int32Array, Float32Array]:
        """What each item of the history did for the scores of the wanted items.

        Where a score is a sum (:attr:`is_sum`), an item's part of the inner product: w_h · (v_h · v_i), and the parts
        add up to the score. Elsewhere, the score less the score without the item, all its occurrences left out and the
        other weights scaled up (leave one out): parts need not add up, since a network is not linear.

        Returns:
            (item rows of the history that count, newest first and once each (m,), parts float32 (m, len(wanted))).
        """
        rows, weights = self._windows([history])
        codes, columns = self._codes(1, [user_facts]), self.item_vectors[np.asarray(wanted, dtype=np.int64)]
        present = rows[0][weights[0] > 0]
        _, first = np.unique(present, return_index=True)
        items = present[np.sort(first)].astype(np.int32)
        if self.tower.summed is not None:
            share = np.array([weights[0][rows[0] == item].sum() for item in items], dtype=np.float32)
            return items, (share[:, None] * self.tower.summed[items]) @ columns.T
        without = np.where(rows[0][None] == items[:, None], 0.0, weights[0][None])
        total = without.sum(axis=1, keepdims=True)
        without = np.divide(without, total, out=np.zeros_like(without), where=total > 0).astype(np.float32)
        full = self.tower.encode(rows, weights, codes)
        left = self.tower.encode(np.repeat(rows, len(items), axis=0), without, np.repeat(codes, len(items), axis=0))
        return items, ((full - left) @ columns.T).astype(np.float32)

    def save(self, target: File, *, half: bool = False) -> None:
        """Write a compressed ``.npz`` without pickle; ``half`` writes float16, half the size and three digits."""
        save_arrays(target, self.to_arrays(half=half))

    @classmethod
    def load(cls, source: File) -> RecallModel:
        """Read what :meth:`save` wrote; never unpickles."""
        return cls.from_arrays(load_arrays(source))

    def to_arrays(self, *, half: bool = False) -> dict[str, AnyArray]:
        """Everything as arrays by name, what is no array as JSON in ``meta``; :meth:`from_arrays` reads it back."""
        meta = {
            "kind": self.kind,
            "title": self.title,
            "items": self.items.ids,
            "history_length": self.tower.history_length,
            "half_life": self.tower.half_life,
            "field_names": self.user_fields.names,
            "field_values": self.user_fields.values,
            **({} if self.user_fields.several is None else {"field_widths": self.user_fields.several}),
            "config": None
            if self.config is None
            else {"class": type(self.config).__name__, **dataclasses.asdict(self.config)},
            "history": self.history,
            "steps": self.steps,
            "seconds": self.seconds,
        }

        def small(x: AnyArray) -> AnyArray:
            return x.astype(np.float16) if half and x.dtype == np.float32 else x

        arrays = {f"tower.{name}": small(value) for name, value in self.tower.arrays().items()}
        arrays["item_vectors"] = small(self.item_vectors)
        if self.known is not None:
            arrays["known"] = self.known
        return {**arrays, "meta": to_json(meta)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> RecallModel:
        """What :meth:`to_arrays` gave."""
        meta = from_json(arrays["meta"])
        full = {name: _single(value) for name, value in arrays.items() if name != "meta"}
        parts = {name.removeprefix("tower."): value for name, value in full.items() if name.startswith("tower.")}
        spec = recall_kind(meta["kind"])
        settings = {name: value for name, value in (meta["config"] or {}).items() if name != "class"}
        return cls(
            kind=meta["kind"],
            title=meta["title"],
            items=Vocabulary(meta["items"]),
            item_vectors=full["item_vectors"],
            tower=spec.tower(parts, meta["history_length"], meta["half_life"]),
            user_fields=UserFields(
                tuple(meta["field_names"]), tuple(map(tuple, meta["field_values"])), tuple(meta.get("field_widths", ()))
            ),
            config=from_plain(spec.config, settings) if settings else None,
            history=tuple(meta["history"]),
            known=full.get("known"),
            steps=meta["steps"],
            seconds=meta["seconds"],
        )

    def halved(self) -> RecallModel:
        """The same model as it comes back from a file of float16."""
        return RecallModel.from_arrays(self.to_arrays(half=True))


def _single(value: AnyArray) -> AnyArray:
    return value.astype(np.float32) if value.dtype == np.float16 else value


def __getattr__(name: str) -> Any:
    return moved_name(__name__, name)
