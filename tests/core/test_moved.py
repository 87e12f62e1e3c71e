"""Import paths that 'As Python' has printed, or that a module once had, still lead to the same things."""

from __future__ import annotations

import importlib
import sys
import warnings

import pytest

from recemb_core.moved import MOVED

# What the pages' lines have said up to the rebuilding of the house, module by module.
PRINTED = {
    "recemb_core.datasets": "load_dataset",
    "recemb_core.deep.pretraining": "compare_starts pretraining_defaults reach",
    "recemb_core.deep.two_tower": "TwoTowerConfig train_two_tower",
    "recemb_core.edge_lists": "read_edges",
    "recemb_core.embeddings": "EGESConfig Item2VecConfig Node2VecConfig default_graph eges_defaults "
    "train_eges train_node2vec train_role_features",
    "recemb_core.embeddings.noise": "noise_distribution popular_rows",
    "recemb_core.embeddings.pair_sources": "CenterPairs context_counts",
    "recemb_core.embeddings.training_steps": "OBJECTIVES StepConfig StepTrainer Watch train_and_watch train_to_rest",
    "recemb_core.evaluation": "agreement_matrix compare_with_control group_score",
    "recemb_core.evaluation.agreement": "neighbor_agreement",
    "recemb_core.evaluation.cold_items": "hide_items score_guesses",
    "recemb_core.evaluation.explanations": "explain_pair",
    "recemb_core.evaluation.homophily": "group_score strength_tiers",
    "recemb_core.evaluation.kd_tree_decay": "kd_tree_decay",
    "recemb_core.evaluation.neighbor_recall": "compare_indexes",
    "recemb_core.evaluation.ranking": "next_item_cases popularity_scorer rank_next_items",
    "recemb_core.item_graph": "backbone build_item_graph communities",
    "recemb_core.layouts": "UMAPConfig umap_layout",
    "recemb_core.neighbors": "ExactIndex",
    "recemb_core.neighbors.base": "unit_rows",
    "recemb_core.neighbors.lsh_explain": "explain_query",
    "recemb_core.recall_comparison": "HistoryAverageConfig train_recall_model",
    "recemb_core.sequences": "read_events split_sessions",
    "recemb_core.serving": "RecallServer open_store",
    "recemb_core.sweeps": "SweepConfig judge_sweep sweep_base sweep_cell",
    "recemb_core.walk_statistics": "compare_visits exact_visits",
    "recemb_core.walks": "WalkConfig generate_walks transition_probabilities",
}


@pytest.mark.parametrize("module", PRINTED)
def test_what_was_printed_can_be_imported(module: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = importlib.import_module(module)
    assert [name for name in PRINTED[module].split() if not hasattr(found, name)] == []


@pytest.mark.parametrize("old", MOVED)
def test_an_old_path_says_where_its_names_are(old: str) -> None:
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=MOVED[old]):
        module = importlib.import_module(old)
    new = importlib.import_module(MOVED[old])
    public = [name for name in vars(new) if not name.startswith("_")]
    assert public
    assert all(getattr(module, name) is getattr(new, name) for name in public)
