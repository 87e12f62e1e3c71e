"""Scores, each with its chance level or interval."""

from recemb_core.evaluation.agreement import (
    Agreement,
    AgreementMatrix,
    Purity,
    agreement_matrix,
    attribute_purity,
    dispute,
    most_disputed,
    neighbor_agreement,
    overlap_at_k,
    overlap_chance,
    rank_biased_chance,
    rank_biased_overlap,
    shared_by,
)
from recemb_core.evaluation.homophily import GroupScore, group_score, homophily_score, strength_tiers, structural_score
from recemb_core.evaluation.intervals import SeedBand, seed_band
from recemb_core.evaluation.noise import NoiseTest, compare_with_control
from recemb_core.evaluation.ranking import RankingReport, next_item_cases, rank_next_items

__all__ = [
    "RankingReport",
    "next_item_cases",
    "rank_next_items",
    "Agreement",
    "AgreementMatrix",
    "GroupScore",
    "NoiseTest",
    "Purity",
    "SeedBand",
    "agreement_matrix",
    "attribute_purity",
    "compare_with_control",
    "dispute",
    "group_score",
    "homophily_score",
    "most_disputed",
    "neighbor_agreement",
    "overlap_at_k",
    "overlap_chance",
    "rank_biased_chance",
    "rank_biased_overlap",
    "seed_band",
    "shared_by",
    "strength_tiers",
    "structural_score",
]
