"""Scores, each with its chance level or interval."""

from recemb_core.evaluation.homophily import GroupScore, group_score, homophily_score, strength_tiers, structural_score
from recemb_core.evaluation.intervals import SeedBand, seed_band

__all__ = [
    "GroupScore",
    "SeedBand",
    "group_score",
    "homophily_score",
    "seed_band",
    "strength_tiers",
    "structural_score",
]
