"""The scorers that come with the library, in the order in which tables show them."""

from __future__ import annotations

from recemb_core.scorers.ease import EASE, EASEConfig, too_many
from recemb_core.scorers.item_knn import ItemKNN, ItemKNNConfig, item_knn_defaults
from recemb_core.scorers.markov_chain import MarkovChain, MarkovChainConfig, markov_chain_defaults, no_steps
from recemb_core.scorers.pmi import PMI, PMIConfig, pmi_defaults
from recemb_core.scorers.popularity import Popularity, PopularityConfig
from recemb_core.scorers.registry import ScorerSpec, register_scorer

register_scorer(
    ScorerSpec(
        name="Popularity", config=PopularityConfig, fit=Popularity.fit, words="how often an item was taken by anyone"
    )
)
register_scorer(
    ScorerSpec(
        name="ItemKNN",
        config=ItemKNNConfig,
        fit=ItemKNN.fit,
        words="how often an item was taken together with those of the history, or of its newest events",
        defaults=item_knn_defaults,
    )
)
register_scorer(
    ScorerSpec(
        name="Markov chain",
        config=MarkovChainConfig,
        fit=MarkovChain.fit,
        words="how often an item came right after the newest of the history",
        defaults=markov_chain_defaults,
        missing=no_steps,
    )
)
register_scorer(
    ScorerSpec(
        name="EASE",
        config=EASEConfig,
        fit=EASE.fit,
        words="a linear model of each item by all the others of the history",
        missing=too_many,
    )
)
register_scorer(
    ScorerSpec(
        name="PMI",
        config=PMIConfig,
        fit=PMI.fit,
        words="how much oftener than by chance an item stands together with those of the history",
        defaults=pmi_defaults,
    )
)
