"""node2vec: second-order walks biased by p and q, then skip-gram."""

from __future__ import annotations

from dataclasses import dataclass

from recemb_core.embeddings.deepwalk import deepwalk_defaults
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.skip_gram import WalkSkipGramConfig, train_skip_gram
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Cancel, Progress, Reporter
from recemb_core.validation import require


@dataclass(frozen=True, kw_only=True)
class Node2VecConfig(WalkSkipGramConfig):
    """Fields of :class:`~recemb_core.embeddings.skip_gram.WalkSkipGramConfig`, and the two biases.

    Attributes:
        p: return parameter; below 1 the walk turns back often, above 1 rarely.
        q: in-out parameter; below 1 the walk runs outward (DFS-like), above 1 it stays near where it was (BFS-like).
    """

    p: float = 1.0
    q: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(1e-4 <= self.p <= 1e4, "p", self.p, "from 0.0001 to 10,000")
        require(1e-4 <= self.q <= 1e4, "q", self.q, "from 0.0001 to 10,000")


def node2vec_defaults(n: int, seed: int = 0) -> Node2VecConfig:
    """The numbers of ``deepwalk_defaults``, so that the two differ by p and q alone."""
    return Node2VecConfig(**vars(deepwalk_defaults(n, seed)))


def train_node2vec(
    graph: ItemGraph, config: Node2VecConfig | None = None, *, progress: Progress | None = None, cancel: Cancel = None
) -> ItemVectors:
    """Item vectors from walks with π_vx = α_pq(t, x) · w_vx.

    Having come over (t → v), the next x is drawn with α = 1/p if x = t, 1 if t → x is an edge, 1/q otherwise.
    With p = q = 1 this is DeepWalk.

    Args:
        graph: weighted, directed or not.
        config: see :class:`Node2VecConfig`.
        progress, cancel: see :func:`~recemb_core.embeddings.registry.train_model`.

    References:
        Grover, Leskovec, *node2vec: Scalable Feature Learning for Networks* (KDD 2016).

    >>> import networkx as nx
    >>> graph = ItemGraph.from_networkx(nx.karate_club_graph())
    >>> train_node2vec(graph, Node2VecConfig(dimensions=8, num_walks=2, walk_length=10, q=4.0)).vectors.shape
    (34, 8)
    """
    from recemb_core.walks import walks_or_stream

    config, report = config or Node2VecConfig(), Reporter(progress, cancel)
    report.tell(0.0, "walking")
    return train_skip_gram(walks_or_stream(graph, config), graph.items, config, report)
