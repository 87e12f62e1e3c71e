"""A version for every algorithm whose results are kept, and which algorithms a result is made by.

**Raise an algorithm's number in** :data:`ALGORITHMS` **when its arithmetic changes**: another update rule, another
schedule of the learning rate, another order of random draws, another rounding on purpose. A change that gives the same
numbers (faster, renamed, moved) raises nothing; nor does a new default, since settings are part of what a result is
found by. Results computed beforehand (:mod:`recemb_core.precomputed`) carry the numbers of all algorithms that made
them, and one with another number is not used: run ``python data/build_precomputed.py missing`` after raising one.

What is registered elsewhere declares its number there: recall models in :mod:`recemb_core.deep.registry`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import metadata
from typing import Any

from recemb_core.validation import UsageError

ALGORITHMS: dict[str, int] = {
    "item_graph": 1,  # edges from sequences and their backbone, where the graph is not itself the data of the key
    "walks": 1,  # draws of first- and second-order walks, and the bias by p and q
    "noise_table": 1,  # the table that GES and EGES draw negatives from
    "skip_gram": 2,  # skip-gram with negative sampling: chunks, parts and blocks, their order, draws and update
    "walk_training": 1,  # what GES and EGES make of epochs over walks; gensim for a tree
    "sequence_training": 1,  # what is done to sequences before an epoch, and gensim's epochs (CBOW, a tree)
    "word2vec": 2,  # word2vec on sequences
    "item2vec": 2,  # pairs of sets, shuffled sets
    "deepwalk": 1,  # first-order walks, then skip-gram
    "node2vec": 1,  # walks biased by p and q, then skip-gram
    "eges": 1,  # GES and EGES: mean of an item's embeddings, its gradients, and what its side information is read as
    "role_features": 1,  # recursive features of a node's surroundings and their reduction
    "umap_layout": 1,  # maps of vectors, from nothing or from another map
    "graph_layout": 1,  # the drawing of a graph
    "communities": 1,  # Louvain communities
    "strength_tiers": 1,  # roles by rank of strength
    "group_score": 1,  # share of neighbors in the own group, less chance
    "sweep": 1,  # a grid over p and q: which runs, what is compared with p = q = 1, which are run again
    "next_item_cases": 1,  # which part recall models learn from, and what they are asked
    "recall_training": 1,  # examples of histories, batches and stopping of the recall networks
    "ranking": 1,  # HR, recall, NDCG, MRR and coverage over the whole catalogue
    "leaderboard": 1,  # the parts of a split, which targets count, how a history becomes a query to item vectors
    "popularity": 1,  # the floor: how often an item was taken
    "cold_items": 1,  # items taken out of the training and ranked by side information
    "optimizer": 1,  # the training loop of all networks: Adam, order of batches, early stopping
    "click_networks": 1,  # logistic regression, FM, FNN, Wide & Deep, Deep Crossing, and their scores on the test part
    "embedding_layer": 1,  # the comparison of those networks on one table
    "factorization": 1,  # products of input and output vectors against the pairs trained on
    "staleness": 1,  # the windows, what is trained for each age, what it is asked
    "figure_three": 1,  # k-means on node2vec's vectors over seeds, and what the clusters follow
    "user_features": 1,  # which runs tell what a network's further inputs are worth
    "analogies": 1,  # which questions fields can ask, how they are drawn, and how often sums answer them
    "lsh": 1,  # hash functions, and what an index of them scans and finds
    "pretraining": 1,  # the starts of an FNN, their runs, and what is measured on the way
}

_ON_WALKS = ("walks", "walk_training")
_SCORES = ("communities", "strength_tiers", "group_score")

# Config class → what a result of it is made by, beside what the configs inside it say of themselves. Models of item
# vectors are entered by ``recemb_core.embeddings.registry``.
OF_CONFIG: dict[str, tuple[str, ...]] = {
    "BroughtConfig": (),  # vectors made elsewhere
    "RoleFeaturesConfig": ("role_features",),
    "UMAPConfig": ("umap_layout",),
    "SweepConfig": ("sweep", *_SCORES),
    "FactorizationConfig": ("factorization",),
    "FigureThreeConfig": ("figure_three", *_SCORES),
    "LayerConfig": ("embedding_layer",),
    "PretrainingConfig": ("pretraining", "item_graph", "node2vec", "skip_gram", *_ON_WALKS),
    "FeatureStudyConfig": ("user_features",),
    "TrainingConfig": ("optimizer",),
    "LSHConfig": ("lsh",),
    "Protocol": ("leaderboard",),
    "Query": ("leaderboard",),
    "StalenessConfig": ("staleness", "ranking", "popularity", "item_graph"),
    "FNN": ("click_networks",),
    "FeatureConfig": ("click_networks",),  # the table itself is the data that a result is found by
}

# Kind of result → what it is made by, whatever its configs are.
OF_KIND: dict[str, tuple[str, ...]] = {
    "vectors": (),
    "map": (),
    "layout": ("graph_layout",),
    "graph": ("item_graph",),
    "communities": ("communities",),
    "scores": _SCORES,
    "sweep": (),
    "recall": (),
    "ranking": ("next_item_cases", "ranking", "popularity"),
    "cold": ("cold_items",),
    "features": ("next_item_cases", "ranking"),
    "leaderboard": ("leaderboard", "ranking", "item_graph"),
    "swept": ("leaderboard", "ranking", "item_graph"),
    "swept_structure": ("sweep", *_SCORES),
    "networks": (),
    "networks_map": (),
    "factorization": (),
    "staleness": (),
    "figure_three": (),
    "questions": ("analogies",),
    "analogies": ("analogies",),
    "lsh_cell": (),
}


_DECLARED: set[str] = set()  # lines of ALGORITHMS that are not written above


def declare(config: str, algorithm: str, version: int = 1, built_on: tuple[str, ...] = ()) -> None:
    """Enter a config class into :data:`OF_CONFIG`; its algorithm too, where :data:`ALGORITHMS` has no such line.

    Args:
        config: name of the class; keys and files go by it, so there is one of a name.
        algorithm: its own line.
        version: of that, where the line is new.
        built_on: other lines, which must be there.
    """
    if config in OF_CONFIG:
        raise UsageError(f"there is another {config} already, and files go by this name; choose another")
    for name in built_on:
        if name not in ALGORITHMS:
            raise UsageError(f"built_on must name lines of versions.ALGORITHMS, not {name!r}")
    if algorithm not in ALGORITHMS:
        ALGORITHMS[algorithm] = version
        _DECLARED.add(algorithm)
    OF_CONFIG[config] = (algorithm, *built_on)


def withdraw(config: str) -> None:
    """Take a declared config class out again, and its algorithm where nothing else is made by it."""
    algorithm = OF_CONFIG.pop(config)[0]
    if algorithm in _DECLARED and not any(algorithm in lines for lines in OF_CONFIG.values()):
        del ALGORITHMS[algorithm]
        _DECLARED.remove(algorithm)


def versions_of(kind: str, *configs: object) -> dict[str, int]:
    """The versions of all algorithms that a result is made by: of its kind, of its configs, and of configs in those.

    Args:
        kind: a key of :data:`OF_KIND`.
        configs: the settings of the result; what is no config (None, a seed, a name) adds nothing.

    Returns:
        Algorithm → number, by name.

    Raises:
        ValueError: no such kind, or a config of a class that :data:`OF_CONFIG` does not know.

    >>> from recemb_core.embeddings import DeepWalkConfig
    >>> list(versions_of("vectors", DeepWalkConfig()))
    ['deepwalk', 'skip_gram', 'walk_training', 'walks']
    """
    if kind not in OF_KIND:
        raise UsageError(f"kind must be one of {', '.join(OF_KIND)}, not {kind!r}; put a new one into versions.OF_KIND")
    names = set(OF_KIND[kind])
    for config in configs:
        for name in _class_names(config):
            if name not in OF_CONFIG:
                raise UsageError(
                    f"no version is known for {name}: say in versions.OF_CONFIG which algorithms a result of it is "
                    "made by"
                )
            names.update(OF_CONFIG[name])
    return {name: ALGORITHMS[name] for name in sorted(names)}


def installed() -> dict[str, str]:
    """Package → version of what computes: this library, and those that its numbers come from.

    >>> "numpy" in installed()
    True
    """
    found = {}
    for name in ("recemb-explorer", "numpy", "numba", "scipy", "gensim", "faiss-cpu"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from its folder, nothing is installed of it
            if name == "recemb-explorer":
                found[name] = "not installed, run from its folder"
    return found


def _class_names(value: Any) -> Iterator[str]:
    """Class names of a config and of the configs that it holds."""
    if is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__
        for field in fields(value):
            yield from _class_names(getattr(value, field.name))
