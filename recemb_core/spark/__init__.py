"""Spark, for logs that one machine cannot hold: the same reading, sessions, edges and walks on DataFrames.

Nothing here but ``collect`` and the vectors themselves brings to one process what grows with the events.
"""

from recemb_core.spark.cleaning import SparkSequences, clean_events, from_sequences
from recemb_core.spark.connection import connect
from recemb_core.spark.edges import item_edges
from recemb_core.spark.graph import SparkGraph, from_graph
from recemb_core.spark.narrowing import backbone
from recemb_core.spark.parsing import SparkLog, read_log
from recemb_core.spark.training import SERVED, as_trained, train_vectors
from recemb_core.spark.walks import generate_walks

__all__ = [
    "SERVED",
    "SparkGraph",
    "SparkLog",
    "SparkSequences",
    "as_trained",
    "backbone",
    "clean_events",
    "connect",
    "from_graph",
    "from_sequences",
    "generate_walks",
    "item_edges",
    "read_log",
    "train_vectors",
]
