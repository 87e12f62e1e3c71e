"""Trainers: sequences or graphs in, :class:`ItemVectors` out."""

from recemb_core.embeddings.deepwalk import DeepWalkConfig, deepwalk_defaults, train_deepwalk
from recemb_core.embeddings.eges import EGESConfig, EGESVectors, eges_defaults, train_eges
from recemb_core.embeddings.item2vec import Item2VecConfig, item2vec_defaults, pairs_per_epoch, train_item2vec
from recemb_core.embeddings.item_vectors import ItemVectors, Score
from recemb_core.embeddings.models import default_graph  # registers those of the library, too
from recemb_core.embeddings.node2vec import Node2VecConfig, node2vec_defaults, train_node2vec
from recemb_core.embeddings.noise import noise_distribution
from recemb_core.embeddings.pairs import training_pairs
from recemb_core.embeddings.ppmi_svd import PPMISVDConfig, ppmi_svd_defaults, train_ppmi_svd
from recemb_core.embeddings.preview import preview_vectors
from recemb_core.embeddings.registry import (
    MODELS,
    ModelSpec,
    Setting,
    comparison_defaults,
    needs_graph,
    register,
    spec_of,
    train_model,
    training_fingerprint,
    unregister,
)
from recemb_core.embeddings.role_features import RoleFeaturesConfig, train_role_features
from recemb_core.embeddings.word2vec import Word2VecConfig, train_word2vec, word2vec_defaults
from recemb_core.progress import Progress, TrainingCancelled

__all__ = [
    "DeepWalkConfig",
    "EGESConfig",
    "EGESVectors",
    "Item2VecConfig",
    "ItemVectors",
    "MODELS",
    "ModelSpec",
    "Node2VecConfig",
    "PPMISVDConfig",
    "Progress",
    "RoleFeaturesConfig",
    "Score",
    "Setting",
    "TrainingCancelled",
    "Word2VecConfig",
    "comparison_defaults",
    "deepwalk_defaults",
    "default_graph",
    "item2vec_defaults",
    "eges_defaults",
    "node2vec_defaults",
    "needs_graph",
    "noise_distribution",
    "pairs_per_epoch",
    "ppmi_svd_defaults",
    "preview_vectors",
    "register",
    "spec_of",
    "train_deepwalk",
    "train_eges",
    "train_item2vec",
    "train_model",
    "train_node2vec",
    "train_ppmi_svd",
    "train_role_features",
    "train_word2vec",
    "training_fingerprint",
    "training_pairs",
    "unregister",
    "word2vec_defaults",
]
