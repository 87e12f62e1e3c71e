"""Sequences or walks → item vectors, by Spark ML's own Word2Vec."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.embeddings.deepwalk import DeepWalkConfig
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.node2vec import Node2VecConfig
from recemb_core.embeddings.registry import spec_of
from recemb_core.embeddings.sentences import MAX_SENTENCE, start_vectors
from recemb_core.embeddings.word2vec import Word2VecConfig
from recemb_core.spark.cleaning import SEQUENCE, SparkSequences
from recemb_core.spark.graph import SparkGraph
from recemb_core.spark.settling import settled
from recemb_core.spark.walks import generate_walks
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Config = Word2VecConfig | DeepWalkConfig | Node2VecConfig
SERVED = ("word2vec", "DeepWalk", "node2vec")
_WORDS = "tokens"


def as_trained(config: Any) -> tuple[Any, tuple[str, ...]]:
    """A config as Spark ML trains it, and what that changes, one sentence each.

    Raises:
        UsageError: CBOW, or another model than word2vec, DeepWalk and node2vec.

    >>> config, said = as_trained(Word2VecConfig(subsample=0.001))
    >>> config.hierarchical_softmax, config.subsample, len(said)
    (True, 0.0, 2)
    """
    if not isinstance(config, Config):
        name = type(config).__name__.removesuffix("Config")
        raise UsageError(f"the Spark engine trains {', '.join(SERVED)}, not {name}; leave out --engine spark")
    if not getattr(config, "skip_gram", True):
        raise UsageError(
            "Spark ML's Word2Vec is skip-gram, not CBOW; say --set skip_gram=true, or leave out the engine"
        )
    changes: dict[str, Any] = {}
    said = []
    if not config.hierarchical_softmax:
        changes["hierarchical_softmax"] = True
        said.append(
            "Spark ML's Word2Vec trains a hierarchical softmax, so that is what was trained: negative samples play no "
            "part, and there are no output vectors."
        )
    if getattr(config, "subsample", 0.0):
        changes["subsample"] = 0.0
        said.append("Spark ML's Word2Vec drops no frequent items: subsample was 0.")
    if not getattr(config, "shrink_windows", True):
        changes["shrink_windows"] = True
        said.append("Spark ML's Word2Vec draws a radius from 1 … window for each center: shrink_windows was true.")
    return replace(config, **changes), tuple(said)


def train_vectors(
    config: Config, items: Vocabulary, *, sequences: SparkSequences | None = None, graph: SparkGraph | None = None
) -> ItemVectors:
    """Item vectors of sequences (word2vec) or of walks on a graph (DeepWalk, node2vec).

    ``org.apache.spark.ml.feature.Word2Vec`` maximises (1/T) Σ_t Σ_{−c≤j≤c, j≠0} log p(w_{t+j} | w_t) with a
    hierarchical softmax over a Huffman tree. ``workers`` is its number of partitions: None or 1 trains on one, where a
    seed gives the same vectors again; on more it is faster, and the vectors are sums of what each partition learned.

    Args:
        config: see :func:`as_trained`.
        items: the vocabulary.
        sequences: for word2vec.
        graph: for DeepWalk and node2vec.

    Returns:
        One row for each item; one that never trained keeps a small random start vector and has count 0. There is no
        history: Spark tells no loss.

    Raises:
        UsageError: what the model needs is not given, or see :func:`as_trained`.

    References:
        Mikolov et al., *Distributed Representations of Words and Phrases* (NIPS 2013).
    """
    config, _ = as_trained(config)
    own: Any = config  # of which class, its needs tell
    if "sequences" in spec_of(config).needs:
        if sequences is None:
            raise UsageError("word2vec needs sequences, and none are given")
        sentences, longest, least = _sentences(sequences), MAX_SENTENCE, own.min_count
    else:
        if graph is None:
            raise UsageError("DeepWalk and node2vec need a graph, and none is given")
        sentences, longest, least = _walks(graph, own), own.walk_length, 1
    return _trained(config, items, settled(sentences), longest, least)


def _sentences(sequences: SparkSequences) -> DataFrame:
    from pyspark.sql import functions as F

    line = F.array_sort(F.collect_list(F.struct("position", "item")))
    whole = sequences.events.groupBy(*SEQUENCE).agg(line.alias("line"))
    return whole.select(*SEQUENCE, F.transform("line", lambda e: e["item"].cast("string")).alias(_WORDS)).orderBy(
        *SEQUENCE
    )


def _walks(graph: SparkGraph, config: DeepWalkConfig | Node2VecConfig) -> DataFrame:
    from pyspark.sql import functions as F

    walks = generate_walks(graph, config).where(F.size("nodes") > 1)
    return walks.select("walk", F.transform("nodes", lambda x: x.cast("string")).alias(_WORDS)).orderBy("walk")


def _trained(config: Config, items: Vocabulary, sentences: DataFrame, longest: int, least: int) -> ItemVectors:
    from pyspark.ml.feature import Word2Vec
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions as F

    partitions = config.workers or 1
    counts = np.zeros(len(items), np.int64)
    seen = sentences.select(F.explode(_WORDS).alias("row")).groupBy("row").count().toArrow()
    counts[seen.column("row").to_numpy(zero_copy_only=False).astype(np.int64)] = seen.column("count").to_numpy()
    counts[counts < least] = 0
    vectors = start_vectors(config.seed, len(items), config.dimensions)
    if not counts.any():
        raise UsageError("there is nothing to train on: no sequence or walk has two items")
    model = Word2Vec(
        vectorSize=config.dimensions,
        windowSize=config.window,
        maxIter=config.epochs,
        stepSize=config.learning_rate,
        seed=config.seed,
        minCount=least,
        numPartitions=partitions,
        maxSentenceLength=longest,
        inputCol=_WORDS,
        outputCol="mean",
    )
    # In one partition, in order: in which order sentences come is part of what is learned.
    found = model.fit(sentences.coalesce(1) if partitions == 1 else sentences).getVectors()
    table = found.select(F.col("word").cast("int"), vector_to_array("vector", "float32").alias("vector")).toArrow()
    rows = table.column("word").to_numpy()
    vectors[rows] = np.stack(table.column("vector").to_numpy()).astype(np.float32)
    return ItemVectors(items, vectors, None, counts, (), config)
