"""Embeddings inside networks: fields, factorization machines, networks on top, training.

JAX and optax are imported when something trains or scores, not before.
"""

from importlib.util import find_spec

if find_spec("jax") is None or find_spec("optax") is None:
    raise ImportError("recemb_core.deep needs jax and optax: pip install 'recemb-explorer[deep]'")

from recemb_core.deep import average, two_tower, youtube_dnn
from recemb_core.deep.average import HistoryAverageConfig, history_average, train_history_average
from recemb_core.deep.features import FeatureConfig, FeatureTable, feature_table, item_fields
from recemb_core.deep.fitting import compare_on_test, fit, probabilities
from recemb_core.deep.fm import FactorizationMachine, LogisticRegression
from recemb_core.deep.networks import FNN, DeepCrossing, WideAndDeep, wide_and_deep
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.registry import RecallSpec, register_recall, unregister_recall
from recemb_core.deep.training import TrainingConfig, TrainingResult, train
from recemb_core.deep.two_tower import TwoTowerConfig, train_two_tower
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig, train_youtube_dnn

__all__ = [
    "HistoryAverageConfig",
    "RecallModel",
    "RecallSpec",
    "TwoTowerConfig",
    "YouTubeDNNConfig",
    "history_average",
    "register_recall",
    "train_history_average",
    "train_two_tower",
    "train_youtube_dnn",
    "unregister_recall",
    "DeepCrossing",
    "FNN",
    "FactorizationMachine",
    "FeatureConfig",
    "FeatureTable",
    "LogisticRegression",
    "TrainingConfig",
    "TrainingResult",
    "WideAndDeep",
    "compare_on_test",
    "feature_table",
    "fit",
    "item_fields",
    "probabilities",
    "train",
    "wide_and_deep",
]

for _model in (average, youtube_dnn, two_tower):  # in the order of the tables
    register_recall(_model.SPEC)
