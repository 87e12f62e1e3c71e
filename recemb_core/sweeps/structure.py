"""What a sweep by structure stands on: the whole graph, and the two labellings that its vectors are held against."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import AnyArray
from recemb_core.embeddings import ItemVectors, train_model
from recemb_core.embeddings.registry import training_fingerprint
from recemb_core.evaluation.homophily import group_score, score_labels
from recemb_core.experiments.leaderboard import Trained
from recemb_core.item_graph import ItemGraph
from recemb_core.plans import graph_config
from recemb_core.progress import Progress
from recemb_core.sweeps.plan import STRUCTURE
from recemb_core.timing import timed

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.prepared import Prepared
    from recemb_core.sequences import Sequences


@dataclass(frozen=True, eq=False)
class Structure:
    """All of the data, trained on as it is: nothing is held out, and nobody is asked.

    Attributes:
        graph: that is walked, and that the labels are of.
        labels: name → labels (n,): groups, by which homophily goes, then roles.
        edges: how the graph was made of a log, in clear; empty where the data is a graph itself.
        sequences, side_info: of models that need these.

    >>> from recemb_core.datasets import load_dataset
    >>> Structure.of(load_dataset("karate_club").graph).words
    '34 items; homophily by community, structural by strength tier'
    """

    graph: ItemGraph
    labels: Mapping[str, AnyArray]
    edges: Mapping[str, Any] = field(default_factory=dict)
    sequences: Sequences | None = None
    side_info: pl.DataFrame | None = None

    @classmethod
    def of(cls, graph: ItemGraph, labels: Mapping[str, AnyArray] | None = None, **more: Any) -> Structure:
        """With what is planted where ``labels`` say it, see :func:`~recemb_core.evaluation.score_labels`."""
        return cls(graph, score_labels(graph, labels), **more)

    @classmethod
    def of_prepared(cls, prepared: Prepared) -> Structure:
        """Of a data set or file, with the graph that its session makes."""
        sequences, edges = prepared.sequences, dict[str, Any]()
        if prepared.own_graph is None and sequences is not None:
            edges = asdict(graph_config(prepared.session, ordered=sequences.ordered))
        more = {"edges": edges, "sequences": sequences, "side_info": prepared.side_info}
        return cls.of(prepared.graph, prepared.labels, **more)

    def needed(self, needs: Collection[str]) -> Structure:
        """Without what a model does not train on: it is sent to other processes with every run."""
        less: dict[str, Any] = {name: None for name in ("sequences", "side_info") if name not in needs}
        return replace(self, **less)

    @property
    def words(self) -> str:
        """What is looked at."""
        by = ", ".join(f"{score} by {name}" for score, name in zip(STRUCTURE, self.labels, strict=True))
        return f"{len(self.graph):,} items; {by}"

    @cached_property
    def source(self) -> str:
        """A hash of the graph and of who shares a label with whom, whatever the labels are called."""
        digest = hashlib.blake2b(self.graph.fingerprint.encode(), digest_size=12)
        for values in self.labels.values():
            _, first, codes = np.unique(values, return_index=True, return_inverse=True)
            digest.update(np.argsort(np.argsort(first))[codes].astype("<i4").tobytes())
        if self.sequences is not None:
            digest.update(self.sequences.fingerprint.encode())
        return digest.hexdigest()

    @property
    def given(self) -> dict[str, Any]:
        """What a model may be trained on, as :func:`~recemb_core.embeddings.train_model` takes it."""
        return {"sequences": self.sequences, "graph": self.graph, "side_info": self.side_info}

    def trained_on(self, config: Any) -> str:
        """A hash of what a model sees of it, as runs are known by."""
        return training_fingerprint(config, **self.given)

    def train(self, config: Any, progress: Progress | None = None) -> Trained:
        """A model of all of it."""
        return Trained(*timed(lambda: train_model(config, **self.given, progress=progress)))

    def scores(self, vectors: ItemVectors) -> dict[str, float]:
        """Both scores."""
        by = zip(STRUCTURE, self.labels.values(), strict=True)
        return {aim: group_score(vectors, groups).value for aim, groups in by}
