"""Trainers: sequences or graphs in, :class:`ItemVectors` out."""

from recemb_core.embeddings.deepwalk import DeepWalkConfig, train_deepwalk
from recemb_core.embeddings.item_vectors import ItemVectors, Progress, TrainingCancelled
from recemb_core.embeddings.node2vec import Node2VecConfig, node2vec_defaults, train_node2vec
from recemb_core.embeddings.role_features import RoleFeaturesConfig, train_role_features

__all__ = [
    "DeepWalkConfig",
    "ItemVectors",
    "Node2VecConfig",
    "Progress",
    "RoleFeaturesConfig",
    "TrainingCancelled",
    "node2vec_defaults",
    "train_deepwalk",
    "train_node2vec",
    "train_role_features",
]
