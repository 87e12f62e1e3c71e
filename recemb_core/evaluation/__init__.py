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
from recemb_core.evaluation.homophily import (
    GroupScore,
    group_score,
    homophily_score,
    score_labels,
    strength_tiers,
    structural_score,
)
from recemb_core.evaluation.intervals import (
    Estimate,
    SeedBand,
    mean_interval,
    seed_band,
    share_from_error,
    share_interval,
    wilson_interval,
)
from recemb_core.evaluation.link_prediction import HiddenEdges, hide_edges, link_prediction_auc
from recemb_core.evaluation.noise import NoiseTest, compare_with_control
from recemb_core.evaluation.ranking import RankingReport, next_item_cases, rank_next_items

__all__ = [
    "RankingReport",
    "next_item_cases",
    "rank_next_items",
    "Agreement",
    "AgreementMatrix",
    "Estimate",
    "GroupScore",
    "HiddenEdges",
    "NoiseTest",
    "Purity",
    "SeedBand",
    "agreement_matrix",
    "attribute_purity",
    "compare_with_control",
    "dispute",
    "group_score",
    "hide_edges",
    "homophily_score",
    "link_prediction_auc",
    "mean_interval",
    "most_disputed",
    "neighbor_agreement",
    "overlap_at_k",
    "overlap_chance",
    "rank_biased_chance",
    "rank_biased_overlap",
    "score_labels",
    "seed_band",
    "share_from_error",
    "share_interval",
    "shared_by",
    "strength_tiers",
    "structural_score",
    "wilson_interval",
]
