"""The Huffman tree of hierarchical softmax: frequent items sit near the root and are reached in few decisions."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import Float64Array, Int8Array, Int64Array
from recemb_core.validation import UsageError


@dataclass(frozen=True, eq=False)
class HuffmanTree:
    """A binary tree whose n leaves are the items and whose n − 1 inner nodes carry the output vectors.

    Nodes 0 … n−1 are the leaves, n … 2n−2 the inner nodes in the order in which they were made; the last one is the
    root. ``inner`` numbers in paths start at 0: row m of the output table is node n + m.

    Attributes:
        counts: float64 (2n−1,), of each node: of an item at least 1, of an inner node the sum of its two children.
        parents: int64 (2n−1,), the inner number of each node's parent; −1 at the root.
        bits: int8 (2n−1,), 0 for the child that was the lighter of its two, 1 for the other; 0 at the root.

    References:
        Huffman, *A Method for the Construction of Minimum-Redundancy Codes* (1952).
        Morin, Bengio, *Hierarchical Probabilistic Neural Network Language Model* (AISTATS 2005).
    """

    counts: Float64Array
    parents: Int64Array
    bits: Int8Array

    @classmethod
    def of(cls, counts: npt.ArrayLike) -> HuffmanTree:
        """The tree of these counts; joins the two lightest nodes until one is left, ties by node number.

        >>> HuffmanTree.of([8, 4, 2, 2]).lengths.tolist()
        [1, 2, 3, 3]
        """
        leaves = np.maximum(np.asarray(counts, dtype=np.float64), 1.0)
        n = len(leaves)
        if n == 0:
            raise UsageError("counts is empty; a tree needs at least one item")
        weight = np.concatenate([leaves, np.zeros(n - 1)])
        parents, bits = np.full(2 * n - 1, -1, dtype=np.int64), np.zeros(2 * n - 1, dtype=np.int8)
        waiting = [(float(count), node) for node, count in enumerate(leaves)]
        heapq.heapify(waiting)
        for inner in range(n - 1):
            (light, first), (heavy, second) = heapq.heappop(waiting), heapq.heappop(waiting)
            parents[[first, second]], bits[second] = inner, 1
            weight[n + inner] = light + heavy
            heapq.heappush(waiting, (light + heavy, n + inner))
        return cls(weight, parents, bits)

    def __len__(self) -> int:
        """Number of items."""
        return (len(self.parents) + 1) // 2

    @cached_property
    def depths(self) -> Int64Array:
        """Decisions from the root to each node, int64 (2n−1,)."""
        n = len(self)
        depth = np.zeros(2 * n - 1, dtype=np.int64)
        for node in range(2 * n - 3, -1, -1):  # a parent is made after its children
            depth[node] = depth[n + self.parents[node]] + 1
        return depth

    @property
    def lengths(self) -> Int64Array:
        """Code length of each item in bits, which is the number of decisions that reach it: int64 (n,)."""
        return self.depths[: len(self)]

    def path(self, row: int) -> tuple[Int64Array, Int8Array]:
        """(inner numbers of the nodes decided at, the bit taken at each), from the root down to an item."""
        n, node = len(self), row
        nodes: list[int] = []
        taken: list[int] = []
        while self.parents[node] >= 0:
            nodes.append(int(self.parents[node]))
            taken.append(int(self.bits[node]))
            node = n + nodes[-1]
        return np.array(nodes[::-1], dtype=np.int64), np.array(taken[::-1], dtype=np.int8)

    @property
    def expected_length(self) -> float:
        """Mean code length of an event, in bits: Σ p(w)·length(w) with p from the counts."""
        share = self.counts[: len(self)]
        return float((share * self.lengths).sum() / share.sum())

    @property
    def entropy(self) -> float:
        """Entropy of the items in bits: no code is shorter on average, and this one is less than a bit longer."""
        share = self.counts[: len(self)] / self.counts[: len(self)].sum()
        return float(-(share * np.log2(share)).sum())

    def log_probabilities(self, node_scores: Float64Array) -> Float64Array:
        """log p of every item, float64 (n,): along its path, σ(score) for a bit 0 and σ(−score) for a bit 1.

        Args:
            node_scores: (n−1,), v'_m · v of each inner node m with the vector that predicts.
        """
        n = len(self)
        side = np.where(self.bits == 0, 1.0, -1.0)[:-1]  # the root is nobody's child
        step = -np.logaddexp(0.0, -side * np.asarray(node_scores, dtype=np.float64)[self.parents[:-1]])
        total = np.zeros(2 * n - 1)
        for depth in range(1, int(self.depths.max(initial=0)) + 1):
            nodes = np.flatnonzero(self.depths == depth)
            total[nodes] = total[n + self.parents[nodes]] + step[nodes]
        return total[:n]
