"""What to try in the serving view; the answers are read off the models that are there."""

from __future__ import annotations

import numpy as np

from pages.kit.stage import Answer, Experiment, Verdict
from pages.views.deep_models.recall_experiments import TWO_TOWER
from recemb_core.deep.recall import RecallModel

PUBLISHED = (
    "No: press Publish and look at the version. The new vectors are written beside the old ones and switched in one "
    "step."
)


def serving(models: dict[str, RecallModel], past: list[int]) -> list[Experiment]:
    """Of the store of vectors."""
    return [
        Experiment(
            "Another model takes the place of this one. **Is there a moment in which half of each is served?**",
            ("Yes, for a moment", "No, never"),
            lambda: Verdict(PUBLISHED, 1),
            {"serving_model": "YouTube DNN"},
        ),
        Experiment(
            "Back to the two-tower network. **Do the vectors of the same user agree between models?**",
            ("Yes: their cosine is above 0.9", "No"),
            lambda: same_user(models, past),
            {"serving_model": TWO_TOWER},
        ),
    ]


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
