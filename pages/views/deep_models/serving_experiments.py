"""What to try in the serving view; the answers are read off the models that are there."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np

from pages.kit import results
from pages.kit.session import ActiveData
from pages.kit.stage import Answer, Experiment, Verdict
from pages.views.deep_models.recall_experiments import TWO_TOWER
from recemb_core.arrays import Float32Array
from recemb_core.deep.recall import RecallModel
from recemb_core.serving import SQLiteStore, Switches, reads_while_publishing

OTHER = "YouTube DNN"
UNTRAINED = "No model is trained yet but this one: press Train."


def serving(data: ActiveData, models: dict[str, RecallModel], past: list[int]) -> list[Experiment]:
    """Of the store of vectors."""
    return [
        Experiment(
            "Another model takes the place of this one. **Is there a moment in which half of each is served?**",
            ("Yes, for a moment", "No, never"),
            lambda: switched(data, models),
            {"serving_model": OTHER},
        ),
        Experiment(
            "Back to the two-tower network. **Do the vectors of the same user agree between models?**",
            ("Yes: their cosine is above 0.9", "No"),
            lambda: same_user(models, past),
            {"serving_model": TWO_TOWER},
        ),
    ]


def switched(data: ActiveData, models: dict[str, RecallModel]) -> Answer:
    """What a reader gets while these two models are published in turn, in a store of its own."""
    if not {TWO_TOWER, OTHER} <= set(models):
        return UNTRAINED
    first, second = (_items(models[name]) for name in (TWO_TOWER, OTHER))

    def measure() -> Switches:
        if data.uploaded:  # an upload goes onto no disk
            return reads_while_publishing(SQLiteStore(None), "question", first, second)
        with (
            tempfile.TemporaryDirectory(prefix="recemb-question-") as folder,
            closing(SQLiteStore(Path(folder) / "vectors.db")) as store,
        ):
            return reads_while_publishing(store, "question", first, second)

    key = ("switches", data.fingerprint, *(repr(models[name].config) for name in (TWO_TOWER, OTHER)))
    found: Switches = results.remember(data, key, measure)
    reads = found.first + found.second + found.mixed
    where = "in memory" if data.uploaded else "in a file"
    return Verdict(
        f"Both were published {found.published} times in turn while a thread read all items {reads:,} times: "
        f"{found.first:,} times the two-tower network's, {found.second:,} times the other's, **{found.mixed:,} times a "
        "mixture**. Publish switches the store in use.",
        0 if found.mixed else 1,
        f"Measured here, in a SQLite store of the question's own, {where}, in {found.seconds:.1f} s.",
    )


def _items(model: RecallModel) -> tuple[list[str], Float32Array]:
    known = np.arange(len(model)) if model.known is None else np.flatnonzero(model.known)
    return [model.items[int(row)] for row in known], model.item_vectors[known]


def same_user(models: dict[str, RecallModel], past: list[int]) -> Answer:
    """Cosine of one history's vectors in two models."""
    reason = "Each model has a space of its own, so user and item vectors are always replaced together."
    if not {TWO_TOWER, "YouTube DNN"} <= set(models):
        return reason
    a, b = (models[name].encode([np.array(past, dtype=np.int32)])[0] for name in (TWO_TOWER, "YouTube DNN"))
    if len(a) != len(b):
        return Verdict(f"They have {len(a)} and {len(b)} numbers. {reason}", 1)
    cosine = float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))
    said = f"The cosine of one history's vector here and in YouTube DNN is **{cosine:.2f}**. {reason}"
    return Verdict(said.replace("-", "−"), 0 if cosine > 0.9 else 1)
