"""Names that other programs import, each from the module where it has to stay, with the arguments it is called by."""

from __future__ import annotations

import importlib
import inspect

import pytest

# Module → name → parameters that callers name or rely on (of a class: of its construction); None: no call.
NAMES: dict[str, dict[str, str | None]] = {
    "sequences": {
        "Sequences": "items offsets tokens ordered users timestamps weights side_info",
        "read_events": "source user item timestamp basket weight side_info",
        "read_sequences": "source delimiter",
        "split_sessions": "sequences gap_minutes min_length drop_repeats",
    },
    "datasets": {"list_datasets": "", "load_dataset": "name", "Dataset": None, "DatasetInfo": None},
    "item_graph": {
        "build_item_graph": "sequences edges directed weighted min_weight side_info_fields",
        "ItemGraph": None,
        "backbone": "graph method",
        "communities": "graph seed",
    },
    "walks": {
        "WalkConfig": "num_walks walk_length p q seed",
        "generate_walks": "graph config",
        "transition_probabilities": "graph previous current p q",
    },
    "embeddings": {
        "train_word2vec": "sequences config",
        "Word2VecConfig": "dimensions window epochs negative learning_rate seed workers skip_gram hierarchical_softmax "
        "ns_exponent subsample",
        "train_item2vec": "sequences config",
        "Item2VecConfig": "dimensions window epochs negative learning_rate seed workers mode",
        "train_deepwalk": "graph config",
        "DeepWalkConfig": "dimensions window epochs negative learning_rate seed workers num_walks walk_length",
        "train_node2vec": "graph config",
        "Node2VecConfig": "dimensions window epochs negative learning_rate seed workers num_walks walk_length p q",
        "train_eges": "graph side_info config",
        "EGESConfig": "dimensions window epochs negative learning_rate seed workers num_walks walk_length attention",
        "ItemVectors": "items vectors output_vectors counts history config",
    },
    "layouts": {"umap_layout": "vectors config", "aligned_layouts": "frames config", "UMAPConfig": None},
    "neighbors": {
        "ExactIndex": "metric",
        "KDTreeIndex": "",
        "HNSWIndex": "",
        "LSHIndex": "config",
        "LSHConfig": "family tables functions width mode seed",
        "lsh_grid": "vectors queries k family tables functions width modes seed",
        "LSHGrid": "recall precision cost",
        "collision_probability": "distance width family",
        "amplified_probability": "p tables functions mode",
    },
    "splits": {"leave_last_out": "sequences"},
    "evaluation": {
        "rank_next_items": "vectors histories targets ks exclude_seen",
        "RankingReport": None,
        "link_prediction_auc": "vectors",
        "homophily_score": "vectors graph groups k seed",
        "structural_score": "vectors graph roles k seed",
        "GroupScore": "value maximum by_group",
        "neighbor_agreement": "a b k",
    },
}
# Attributes and methods of classes that stay.
MEMBERS = {
    "item_graph.ItemGraph": "indptr indices weights items from_edges from_networkx to_networkx",
    "embeddings.ItemVectors": "items vectors output_vectors counts history config most_similar save load",
    "embeddings.EGESVectors": "attention field_names cold_start",
    "datasets.Dataset": "info sequences graph labels",
    "neighbors.ExactIndex": "build query",
    "neighbors.KDTreeIndex": "build query measure",
    "neighbors.HNSWIndex": "build query",
    "neighbors.LSHIndex": "build query candidates measure",
    "evaluation.RankingReport": "hit_rate ndcg mrr coverage",
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in NAMES.items() for n in names])
def test_a_name_stays_where_it_is(module: str, name: str) -> None:
    home = importlib.import_module(f"recemb_core.{module}")
    thing = getattr(home, name)
    if hasattr(home, "__all__"):
        assert name in home.__all__
    wanted = NAMES[module][name]
    if wanted is not None:
        assert set(wanted.split()) <= set(inspect.signature(thing).parameters)


@pytest.mark.parametrize("name", MEMBERS)
def test_members_stay(name: str) -> None:
    module, kind = name.rsplit(".", 1)
    thing = getattr(importlib.import_module(f"recemb_core.{module}"), kind)
    fields = set(getattr(thing, "__dataclass_fields__", ()))
    assert [m for m in MEMBERS[name].split() if not hasattr(thing, m) and m not in fields] == []
