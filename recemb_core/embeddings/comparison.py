"""Models of the same items: their default settings on a data set, and one call that trains any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.registry import MODELS, NEEDS, spec_of
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

    Of those that come with the library, word2vec and item2vec need sequences; DeepWalk, node2vec, GES and EGES a graph,
    the last two a field of side information beside ``title``. DeepWalk and node2vec differ by q = 20 alone (with
    p = q = 1 they are the same), and GES and EGES by attention alone.

    >>> from recemb_core.sequences import Sequences
    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> list(comparison_defaults(shop, default_graph(shop)))
    ['word2vec', 'item2vec', 'DeepWalk', 'node2vec']
    """
    return {
        name: spec.default_config(sequences, graph, side_info, seed)
        for name, spec in MODELS.items()
        if not spec.lacking(sequences, graph, side_info)
    }


def needs_graph(config: Any) -> bool:
    """Whether a config's model is trained on a graph.

    Raises:
        ValueError: the config of no model that can be compared.
    """
    return "graph" in spec_of(config).needs


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
    needs = spec_of(config).needs
    given: dict[str, Any] = {"sequences": sequences, "graph": graph, "side_info": side_info}
    for need in needs:
        if given[need] is None:
            kind = type(config).__name__.removesuffix("Config")
            raise UsageError(f"{kind} needs {NEEDS[need]}, and none is given")
    sources = [given[need].fingerprint for need in needs if need != "side_info"]
    source = sources[0] if len(sources) == 1 else "+".join(sources)
    if side_info is None or "side_info" not in needs:
        return source
    from recemb_core.side_information import encode_side_info

    side = encode_side_info(side_info, getattr(config, "fields", None))
    digest = hashlib.blake2b(repr((source, side.names, side.values, side.uppers)).encode(), digest_size=12)
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
        config: of any registered model; its :class:`~recemb_core.embeddings.registry.ModelSpec` says what it needs.
        sequences: for word2vec and item2vec.
        graph: for DeepWalk, node2vec, GES and EGES.
        side_info: for EGES and GES, a row an item.
        progress: called with (fraction, stage).
        cancel: True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: another config, or the data that the model needs is not there.
    """
    training_fingerprint(config, sequences=sequences, graph=graph, side_info=side_info)
    spec = spec_of(config)
    given = {"sequences": sequences, "graph": graph, "side_info": side_info}
    return spec.train(*(given[need] for need in spec.needs), config, progress=progress, cancel=cancel)
