"""What benchmarks.skip_gram trains on: graphs and logs, the settings for each, and what its vectors are judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.graphs import les_miserables, power_law_graph
from recemb_core.datasets import load_dataset
from recemb_core.datasets.planted import PlantedShop, PlantedShopConfig, planted_shop
from recemb_core.embeddings import ItemVectors, Node2VecConfig, default_graph, node2vec_defaults
from recemb_core.embeddings.sentences import Sentences, distinct
from recemb_core.embeddings.skip_gram import as_sentences
from recemb_core.embeddings.word2vec import Word2VecConfig, as_word2vec, word2vec_defaults
from recemb_core.evaluation import group_score, homophily_score, structural_score
from recemb_core.evaluation.link_prediction import HiddenEdges, hide_edges, link_prediction_auc
from recemb_core.evaluation.ranking import next_item_cases, rank_next_items
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences, split_sessions
from recemb_core.vocabulary import Vocabulary
from recemb_core.walks import generate_walks

RECENT = 10
Measures = Mapping[str, Callable[[ItemVectors], float]]


@dataclass(frozen=True)
class Case:
    """One text by seed, how it is trained, and figures of its vectors."""

    name: str
    items: Vocabulary
    text: Callable[[int], Sentences]
    config: Word2VecConfig
    measures: Measures
    sets: bool = False

    def counts(self, sentences: Sentences) -> npt.NDArray[np.int64]:
        """How often each item occurs."""
        return np.bincount(sentences.tokens, minlength=len(self.items)).astype(np.int64)


def on_walks(name: str, graph: ItemGraph, config: Node2VecConfig, measures: Measures) -> Case:
    """Walks drawn anew for each seed."""

    @cache
    def text(seed: int) -> Sentences:
        return as_sentences(generate_walks(graph, replace(config, seed=seed)))

    return Case(name, graph.items, text, as_word2vec(config), measures)


def _links(name: str, graph: ItemGraph, config: Node2VecConfig) -> Case:
    split = hide_edges(graph, share=0.2)
    return on_walks(name, split.graph, config, {"link AUC": partial(_auc, split=split)})


def _auc(vectors: ItemVectors, split: HiddenEdges) -> float:
    return link_prediction_auc(vectors, split.hidden, split.non_edges)


def _hit_rate(vectors: ItemVectors, cases: Any) -> float:
    assert vectors.output_vectors is not None
    users = np.stack([vectors.vectors[rows[-RECENT:]].mean(axis=0) for rows in cases.histories])
    report = rank_next_items(
        vectors.output_vectors, cases.histories, cases.targets, ks=[10], exclude_seen=False, user_vectors=users
    )
    return report.hit_rate[10].value


def _on_log(name: str, log: Sequences, config: Word2VecConfig, labels: Any = None, *, sets: bool = False) -> Case:
    cases = next_item_cases(log)
    train = split_sessions(cases.train, gap_minutes=60) if log.ordered else cases.train
    sentences = Sentences(train.tokens, train.offsets)
    sentences = distinct(sentences) if sets else sentences
    measures: dict[str, Callable[[ItemVectors], float]] = {"HR@10": partial(_hit_rate, cases=cases)}
    if labels is not None:
        measures["category"] = lambda vectors: group_score(vectors, labels).value
    return Case(name, log.items, lambda seed: sentences, replace(config, subsample=0.0), measures, sets)


def large_shop(users: int) -> PlantedShop:
    """2,200 items in 200 categories."""
    return planted_shop(PlantedShopConfig(categories=200, users=users))


def _of_shop(name: str, shop: Any, config: Node2VecConfig) -> Case:
    roles = lambda v: group_score(v, shop.labels["role"]).value  # noqa: E731
    categories = lambda v: group_score(v, shop.labels["category"]).value  # noqa: E731
    return on_walks(name, shop.graph, config, {"role": roles, "category": categories})


def every_case() -> Iterator[Case]:
    """Five graphs and four logs."""
    novel, shop, large = les_miserables(), load_dataset("planted_shop"), large_shop(4_000)
    small = replace(node2vec_defaults(77), q=2.0)
    scores = {
        "role": lambda v: structural_score(v, novel).value,
        "homophily": lambda v: homophily_score(v, novel).value,
    }
    yield on_walks("Les Misérables, q = 2", novel, small, scores)
    yield _of_shop("planted shop, q = 20", shop, replace(small, q=20.0))
    yield _of_shop("shop of 2,200, q = 20", large, replace(node2vec_defaults(2_200), q=20.0))
    groceries = load_dataset("complete_journey").sequences
    assert groceries is not None
    assert shop.sequences is not None
    yield _links("groceries' backbone", default_graph(groceries), node2vec_defaults(len(groceries.items)))
    wide = Node2VecConfig(dimensions=64, window=5, epochs=2, num_walks=10, walk_length=40)
    yield _links("power law, 10,000", power_law_graph(10_000, 50_000, seed=0), wide)
    yield _on_log("planted shop's clicks", shop.sequences, word2vec_defaults(shop.sequences), shop.labels["category"])
    yield _on_log("groceries' baskets", groceries, Word2VecConfig(dimensions=32, epochs=3), sets=True)
    clicks = large.sequences
    yield _on_log("clicks of 2,200", clicks, word2vec_defaults(clicks), large.labels["category"])
    few = large_shop(1_000)
    yield _on_log("few clicks of 2,200", few.sequences, word2vec_defaults(few.sequences), few.labels["category"])
