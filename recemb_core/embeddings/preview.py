"""A first look at what other settings will give: vectors that go on from those of the settings before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from recemb_core.arrays import Float32Array
from recemb_core.embeddings.block_training import train_blocks
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.sentences import start_vectors
from recemb_core.embeddings.skip_gram import WalkSkipGramConfig, as_sentences
from recemb_core.embeddings.word2vec import as_word2vec
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Cancel, Progress, Reporter
from recemb_core.validation import UsageError

# Multiplications that a preview may take, a fiftieth of a second, and tokens an item that it takes in any case. Below
# 20 the neighbors of 1,748 items were no nearer to the exact ones than those of the old vectors.
WORK, LEAST_TOKENS = 1.25e8, 20
RATE = 0.05  # at 0.1 and above the vectors of 1,748 items lose neighbors that the exact ones keep
# What is kept of the old vectors' lengths, with many tokens an item and with few: at 1 they hardly let go of old
# contexts (planted shop, from q = 1 to 20: structural score .11 of .46 at 1, .35 at .3).
MANY_TOKENS, KEPT_OF_MANY, KEPT_OF_FEW = 200, 0.3, 0.6


@dataclass(frozen=True)
class Preview:
    """What preview vectors have in the place of a config, so that nobody takes them for those of ``of``.

    Attributes:
        of: the config whose vectors they go before.
        num_walks: walks from each item that they were trained on.
        walk_length: items in a walk.
        shrunk: what was kept of the length of the vectors that they started from, 0 to 1.
    """

    of: WalkSkipGramConfig
    num_walks: int
    walk_length: int
    shrunk: float


def preview_of(config: WalkSkipGramConfig, n: int) -> Preview:
    """How much a preview of these settings trains, for n items: never more than they do themselves.

    >>> from recemb_core.embeddings import Node2VecConfig
    >>> few = preview_of(Node2VecConfig(dimensions=32, window=2, num_walks=10, walk_length=40), 1748)
    >>> few.num_walks, few.walk_length, few.shrunk
    (1, 40, 0.6)
    """
    each = (config.window + 1) * (1 + config.negative) * (config.dimensions + 64)
    tokens = max(WORK / each, LEAST_TOKENS * n) / max(n, 1)  # an item
    tokens = min(tokens, config.num_walks * config.walk_length)
    length = int(min(config.walk_length, max(tokens, 2)))
    shrunk = KEPT_OF_MANY if tokens >= MANY_TOKENS else KEPT_OF_FEW
    return Preview(config, max(1, round(tokens / length)), length, shrunk)


def preview_vectors(
    graph: ItemGraph,
    config: WalkSkipGramConfig,
    shown: ItemVectors,
    *,
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> ItemVectors:
    """Vectors near those that a model on walks will have under ``config``, in a small part of its time.

    Few new walks by ``config``, one epoch of skip-gram, from the vectors of other settings of the same items:

        v⁰ = λ · v_shown,    v'⁰ = λ · v'_shown,    λ < 1

    At λ = 1 the large dot products of the old contexts leave no gradient to unlearn them; a smaller λ keeps the
    directions and lets new walks turn them. What comes out depends on what was shown, so it repeats only from the same
    start, and it is no result: see ``docs/previews.md`` for how many neighbors it shares with the exact one.

    Args:
        graph: that is walked.
        config: of a model on walks with negative sampling (DeepWalk, node2vec), whose vectors are wanted.
        shown: vectors of the same items, in the same order, of whatever length: other settings', or a preview's.
        progress, cancel: see :func:`~recemb_core.embeddings.registry.train_model`.

    Returns:
        Vectors whose ``config`` is a :class:`Preview`.

    Raises:
        ValueError: ``shown`` is of other items or has no output vectors.

    >>> import networkx as nx
    >>> from recemb_core.embeddings import Node2VecConfig, train_node2vec
    >>> graph = ItemGraph.from_networkx(nx.karate_club_graph())
    >>> config = Node2VecConfig(dimensions=8, num_walks=4, walk_length=10)
    >>> first = train_node2vec(graph, config)
    >>> preview_vectors(graph, replace(config, dimensions=4, q=4.0), first).vectors.shape
    (34, 4)
    """
    from recemb_core.walks import generate_walks

    if shown.items.ids != graph.items.ids:
        raise UsageError("shown must hold the items of the graph, in its order; train the first vectors on this graph")
    if shown.output_vectors is None or config.hierarchical_softmax:
        raise UsageError("a preview goes on with output vectors, which hierarchical softmax has not; train it instead")
    report = Reporter(progress, cancel)
    few = preview_of(config, len(graph))
    walks = generate_walks(graph, replace(config, num_walks=few.num_walks, walk_length=few.walk_length))
    vectors, outputs = resized(shown.vectors, shown.output_vectors, config.dimensions, config.seed)
    counts = np.bincount(walks[walks >= 0], minlength=len(graph)).astype(np.int64)
    once = replace(as_word2vec(config), epochs=1, learning_rate=RATE)
    start = vectors * np.float32(few.shrunk), outputs * np.float32(few.shrunk)
    sentences = as_sentences(walks)
    vectors, outputs, loss = train_blocks(lambda epoch: sentences, counts, once, report, start=start)
    report.tell(1.0)
    return ItemVectors(graph.items, vectors, outputs, counts, tuple(loss), few)


def resized(
    vectors: Float32Array, outputs: Float32Array, dimensions: int, seed: int = 0
) -> tuple[Float32Array, Float32Array]:
    """Vectors (n, d) and output vectors (n, d) in another number of dimensions D, float32 (n, D).

    D < d: the D principal directions of both together, about the origin, which keep their dot products best (Eckart and
    Young). D > d: new coordinates start as those of a new model do, small at random and 0.

    >>> x = np.array([[3.0, 4.0], [6.0, 8.0]], dtype=np.float32)   # on one line
    >>> resized(x, x, 1)[0].round(3).tolist() in ([[5.0], [10.0]], [[-5.0], [-10.0]])
    True
    """
    n, d = vectors.shape
    if dimensions < d:
        both = np.concatenate([vectors, outputs]).astype(np.float64)
        _, directions = np.linalg.eigh(both.T @ both)  # ascending
        turn = directions[:, ::-1][:, :dimensions]
        return (vectors @ turn).astype(np.float32), (outputs @ turn).astype(np.float32)
    more = dimensions - d
    new = start_vectors(seed, n, dimensions)[:, :more]
    empty = np.zeros((n, more), dtype=np.float32)
    return np.hstack([vectors, new]).astype(np.float32), np.hstack([outputs, empty]).astype(np.float32)
