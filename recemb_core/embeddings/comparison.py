"""Six models of the same items: their default settings on a data set, and one call that trains any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recemb_core.embeddings.deepwalk import DeepWalkConfig, deepwalk_defaults, train_deepwalk
from recemb_core.embeddings.eges import EGESConfig, eges_defaults, train_eges
from recemb_core.embeddings.item2vec import Item2VecConfig, item2vec_defaults, train_item2vec
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.node2vec import Node2VecConfig, node2vec_defaults, train_node2vec
from recemb_core.embeddings.sentences import SequenceConfig
from recemb_core.embeddings.skip_gram import WalkSkipGramConfig
from recemb_core.embeddings.word2vec import Word2VecConfig, train_word2vec, word2vec_defaults
from recemb_core.item_graph import ItemGraph, backbone, build_item_graph
from recemb_core.progress import Progress
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.sequences import Sequences

# The edges an item of the backbone that co-occurrence graphs are walked on.
EDGES_PER_ITEM = 8


def default_graph(sequences: Sequences) -> ItemGraph:
    """The graph that walks use: transitions where order is known, else the noise-corrected backbone of baskets."""
    graph = build_item_graph(sequences)
    return graph if graph.directed else backbone(graph, method="noise_corrected", edges_per_item=EDGES_PER_ITEM)


def comparison_defaults(
    sequences: Sequences | None, graph: ItemGraph | None, side_info: pl.DataFrame | None = None, seed: int = 0
) -> dict[str, Any]:
    """Name → config of the models that this data can have, each with its defaults for this data.

    word2vec and item2vec need sequences; DeepWalk, node2vec, GES and EGES a graph, the last two a field of side
    information beside ``title``. DeepWalk and node2vec differ by q = 20 alone (with p = q = 1 they are the same), and
    GES and EGES by attention alone.

    >>> from recemb_core.sequences import Sequences
    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> list(comparison_defaults(shop, default_graph(shop)))
    ['word2vec', 'item2vec', 'DeepWalk', 'node2vec']
    """
    found: dict[str, Any] = {}
    if sequences is not None:
        found |= {"word2vec": word2vec_defaults(sequences, seed), "item2vec": item2vec_defaults(sequences, seed)}
    if graph is None:
        return found
    n = len(graph)
    node2vec = node2vec_defaults(n, seed)
    node2vec = Node2VecConfig(**vars(node2vec) | {"q": 20.0})
    found |= {"DeepWalk": deepwalk_defaults(n, seed), "node2vec": node2vec}
    if side_info is not None and any(name != "title" for name in side_info.columns):
        found |= {name: replace(eges_defaults(n, seed), attention=name == "EGES") for name in ("GES", "EGES")}
    return found


def needs_graph(config: Any) -> bool:
    """Whether a config's model is trained on walks of a graph (and not on sequences).

    Raises:
        ValueError: the config of no model that can be compared.
    """
    if isinstance(config, WalkSkipGramConfig):
        return True
    if isinstance(config, SequenceConfig):
        return False
    raise UsageError(f"config must be that of word2vec, item2vec, DeepWalk, node2vec or EGES, not {config!r}")


def training_fingerprint(
    config: Any,
    *,
    sequences: Sequences | None = None,
    graph: ItemGraph | None = None,
    side_info: pl.DataFrame | None = None,
) -> str:
    """A short hash of all data that a model sees; with its config, the key of its vectors.

    Raises:
        ValueError: the data that this model needs is not there.
    """
    source = graph if needs_graph(config) else sequences
    if source is None:
        raise UsageError(
            f"{_name(config)} needs {'a graph' if needs_graph(config) else 'sequences'}, and none is given"
        )
    if not isinstance(config, EGESConfig):
        return source.fingerprint
    if side_info is None:
        raise UsageError(f"{_name(config)} needs side information, and none is given")
    from recemb_core.side_information import encode_side_info

    side = encode_side_info(side_info, config.fields)
    digest = hashlib.blake2b(repr((source.fingerprint, side.names, side.values, side.uppers)).encode(), digest_size=12)
    digest.update(side.indptr.tobytes() + side.codes.tobytes())
    return digest.hexdigest()


def train_model(
    config: Any,
    *,
    sequences: Sequences | None = None,
    graph: ItemGraph | None = None,
    side_info: pl.DataFrame | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ItemVectors:
    """Train the model that a config belongs to, on the part of the data that it reads.

    Args:
        config: of word2vec, item2vec, DeepWalk, node2vec or EGES.
        sequences: for word2vec and item2vec.
        graph: for the others.
        side_info: for EGES and GES, a row an item.
        progress: called with (fraction, stage).
        cancel: True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: another config, or the data that the model needs is not there.
    """
    training_fingerprint(config, sequences=sequences, graph=graph, side_info=side_info)
    if isinstance(config, Word2VecConfig):
        return train_word2vec(sequences, config, progress=progress, cancel=cancel)  # type: ignore[arg-type]
    if isinstance(config, Item2VecConfig):
        return train_item2vec(sequences, config, progress=progress, cancel=cancel)  # type: ignore[arg-type]
    assert graph is not None
    if isinstance(config, Node2VecConfig):
        return train_node2vec(graph, config, progress=progress, cancel=cancel)
    if isinstance(config, DeepWalkConfig):
        return train_deepwalk(graph, config, progress=progress, cancel=cancel)
    assert isinstance(config, EGESConfig)
    assert side_info is not None
    return train_eges(graph, side_info, config, progress=progress, cancel=cancel)


def _name(config: Any) -> str:
    return type(config).__name__.removesuffix("Config")
