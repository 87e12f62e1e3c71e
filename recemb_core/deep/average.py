"""The plain recall model: item vectors by item2vec, a user is the mean of what they took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recemb_core.arrays import AnyArray, Float32Array, Int32Array
from recemb_core.deep.histories import mean_of
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.registry import RecallSpec
from recemb_core.embeddings.item2vec import Item2VecConfig, train_item2vec
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.neighbors.base import unit_rows
from recemb_core.progress import Progress
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError, require


@dataclass(frozen=True, kw_only=True)
class HistoryAverageConfig:
    """Item vectors by item2vec, users by the mean of their histories.

    Attributes:
        vectors: how the item vectors are trained.
        score: ``"cosine"`` or ``"in_out"``; see :func:`history_average`.
        half_life: events after which a weight has halved; None: a plain mean.
    """

    vectors: Item2VecConfig
    score: Literal["cosine", "in_out"] = "cosine"
    half_life: float | None = None

    def __post_init__(self) -> None:
        require(self.score in ("cosine", "in_out"), "score", self.score, "'cosine' or 'in_out'")
        require(self.half_life is None or self.half_life > 0, "half_life", self.half_life, "None or over 0")


@dataclass(frozen=True, eq=False)
class AverageTower:
    """u = Σ_h w_h · v_h over the history; no parameters but the item vectors themselves."""

    table: Float32Array
    history_length: int | None = None
    half_life: float | None = None

    @property
    def summed(self) -> Float32Array:
        return self.table

    def encode(self, rows: Int32Array, weights: Float32Array, codes: Int32Array) -> Float32Array:
        return np.asarray(mean_of(self.table, rows, weights, np))

    def arrays(self) -> dict[str, AnyArray]:
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

    >>> from recemb_core.vocabulary import Vocabulary
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


def train_history_average(
    sequences: Sequences,
    config: HistoryAverageConfig,
    *,
    item_vectors: ItemVectors | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> RecallModel:
    """:func:`history_average` of item2vec vectors trained on the sequences.

    Args:
        sequences: the training part.
        config: see :class:`HistoryAverageConfig`.
        item_vectors: vectors already trained with ``config.vectors`` on it.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.
    """
    vectors = item_vectors or train_item2vec(sequences, config.vectors, progress=progress, cancel=cancel)
    return history_average(vectors, score=config.score, half_life=config.half_life)


def _defaults(seed: int) -> dict[str, HistoryAverageConfig]:
    vectors = Item2VecConfig(dimensions=32, window=5, epochs=3, seed=seed)
    return {
        "Item average, cosine": HistoryAverageConfig(vectors=vectors),
        "Item average, in · out": HistoryAverageConfig(vectors=vectors, score="in_out"),
    }


SPEC = RecallSpec(
    kind="average",
    config=HistoryAverageConfig,
    defaults=_defaults,
    words="**Item average**: a user is the mean of the vectors of what they took.",
    train=train_history_average,
    tower=lambda arrays, history_length, half_life: AverageTower(arrays["table"], history_length, half_life),
    work=lambda config, train: 0.004 * len(train.tokens),  # of item2vec; the rest is nothing
    item_vectors=lambda config: config.vectors,
    algorithm="history_average",
    made_by=("next_item_cases",),
)
