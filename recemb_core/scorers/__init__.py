"""Scorers: scores of all items for a history, without vectors; each registered once, like models of item vectors.

A scorer is fitted to sequences and has ``scores(histories) -> float32 (q, n)``, which is what
:func:`recemb_core.evaluation.ranking.rank_next_items` takes and what a recall model has as well. What can be drawn on
a map needs vectors; what can be ranked and measured needs scores alone.
"""

from recemb_core.scorers import models  # registers those that come with the library
from recemb_core.scorers.ease import EASE, EASEConfig
from recemb_core.scorers.histories import Histories, Scorer, events_at_once
from recemb_core.scorers.item_knn import ItemKNN, ItemKNNConfig
from recemb_core.scorers.markov_chain import MarkovChain, MarkovChainConfig, markov_chain_defaults
from recemb_core.scorers.pmi import PMI, PMIConfig, pair_counts, positive_pmi
from recemb_core.scorers.popularity import Popularity, PopularityConfig, popularity_scorer
from recemb_core.scorers.registry import (
    SCORERS,
    ScorerSpec,
    fit_scorer,
    register_scorer,
    scorer_defaults,
    unregister_scorer,
)

__all__ = [
    "EASE",
    "PMI",
    "SCORERS",
    "EASEConfig",
    "Histories",
    "ItemKNN",
    "ItemKNNConfig",
    "MarkovChain",
    "MarkovChainConfig",
    "PMIConfig",
    "Popularity",
    "PopularityConfig",
    "Scorer",
    "ScorerSpec",
    "events_at_once",
    "fit_scorer",
    "markov_chain_defaults",
    "models",
    "pair_counts",
    "popularity_scorer",
    "positive_pmi",
    "register_scorer",
    "scorer_defaults",
    "unregister_scorer",
]
