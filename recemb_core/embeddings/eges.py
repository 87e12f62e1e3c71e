"""GES and EGES: an item's vector is a mean of its own embedding and those of its side information."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import AnyArray, Float32Array
from recemb_core.embeddings.deepwalk import deepwalk_defaults
from recemb_core.embeddings.hogwild import hogwild
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.noise import noise_table
from recemb_core.embeddings.sentences import start_vectors
from recemb_core.embeddings.skip_gram import WalkedText, WalkSkipGramConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Cancel, Progress, Reporter
from recemb_core.side_information import SideFields, encode_side_info
from recemb_core.validation import UsageError, finite_rows, require

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class EGESConfig(WalkSkipGramConfig):
    """Fields of :class:`~recemb_core.embeddings.skip_gram.WalkSkipGramConfig`; the walks are first-order.

    ``hierarchical_softmax`` must stay False: the output table belongs to items, not to nodes of a tree.

    Attributes:
        attention: learn for each item how much each of its embeddings counts (EGES); False: all count alike (GES).
        fields: columns of the side information to use; None: all but ``title``; (): none, which is DeepWalk.
    """

    attention: bool = True
    fields: tuple[str, ...] | None = None

    @property
    def repeats_on_threads(self) -> bool:
        """False: side information is shared by items of every part, so that threads would write to the same rows."""
        return False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(not self.hierarchical_softmax, "hierarchical_softmax", self.hierarchical_softmax, "False for EGES")
        require(isinstance(self.attention, bool), "attention", self.attention, "True (EGES) or False (GES)")
        if self.fields is not None:
            ok = not isinstance(self.fields, str) and all(isinstance(name, str) for name in self.fields)
            require(ok, "fields", self.fields, "a tuple of column names, or None")
            object.__setattr__(self, "fields", tuple(self.fields))  # hashable, whatever was given


def eges_defaults(n: int, seed: int = 0) -> EGESConfig:
    """A starting point for a graph of n items: the numbers of ``deepwalk_defaults``, but four times its rate.

    Each embedding gets only its share of every gradient; at a rate of 0.025 the plain mean of GES has not learned the
    groceries after as many walks (link AUC .754, against .792 at 0.1; DeepWalk .786).
    """
    return EGESConfig(**vars(deepwalk_defaults(n, seed)) | {"learning_rate": 0.1})


@dataclass(frozen=True, eq=False)
class EGESVectors(ItemVectors):
    """Item vectors H, what they are made of, and a vector for items that nobody has clicked yet.

    Attributes:
        own_vectors: float32 (n, d), W⁰: each item's own embedding.
        side_vectors: float32 (n_values, d), the embeddings of all values of all fields.
        attention: float32 (n, n_fields + 1), the weight of the item itself and of each field in H; rows sum to 1, a
            missing value has 0.
        side: which item has which values.
    """

    own_vectors: Float32Array = None  # type: ignore[assignment]
    side_vectors: Float32Array = None  # type: ignore[assignment]
    attention: Float32Array = None  # type: ignore[assignment]
    side: SideFields = None  # type: ignore[assignment]

    def _check_finite(self) -> None:
        super()._check_finite()
        for name in ("own_vectors", "attention"):
            finite_rows(getattr(self, name), name, items=self.items.ids)
        finite_rows(self.side_vectors, "side_vectors")

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the n_fields fields; ``attention[:, 0]`` is the item itself, ``attention[:, 1 + f]`` field f."""
        return self.side.names

    def cold_start(self, given: Mapping[str, Any]) -> Float32Array:
        """The vector of an item without behavior: the plain mean of the side vectors of the given values, (d,).

        Args:
            given: any subset of the fields. A list stands for several values (their mean counts as one), None for a
                missing one. In a field of bins a number, or text that is one, stands for the bin that it falls in;
                between two bins, or outside all of them, for the nearest bin (of two equally near ones the lower).

        Raises:
            UnknownValueError: no such field or value, a NaN or infinity; the known ones are named, of many the nearest
                spellings.
            ValueError: no value is given.
        """
        rows = self.side.rows(given)
        if not rows:
            names = ", ".join(self.side.names) or "there are none"
            raise UsageError(f"a new item needs a value in at least one field ({names})")
        means = [self.side_vectors[codes].mean(axis=0) for codes in rows]
        return np.asarray(np.mean(means, axis=0), dtype=np.float32)

    def from_side_alone(self) -> Float32Array:
        """:meth:`cold_start` of every item from its own values, (n, d); rows of zeros where it has none."""
        n, fields = len(self), len(self.side.names)
        total = np.zeros((n, self.vectors.shape[1]), dtype=np.float32)
        counts = np.diff(self.side.indptr)
        owner = np.repeat(np.arange(n * fields), counts)
        share = np.repeat(1 / np.maximum(counts, 1), counts).astype(np.float32)
        np.add.at(total, owner // max(fields, 1), self.side_vectors[self.side.codes] * share[:, None])
        return np.asarray(total / np.maximum(self.side.present.sum(axis=1), 1)[:, None].astype(np.float32))

    def _parts(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        meta, arrays = super()._parts()
        side = self.side
        meta |= {"kind": "EGESVectors", "fields": side.names, "values": side.values}
        meta |= {"uppers": side.uppers, "lowers": side.lowers}
        arrays |= {"own_vectors": self.own_vectors, "side_vectors": self.side_vectors, "attention": self.attention}
        return meta, arrays | {"side_indptr": side.indptr, "side_codes": side.codes}

    @classmethod
    def _from_parts(cls, meta: dict[str, Any], arrays: Mapping[str, AnyArray]) -> dict[str, Any]:
        values = tuple(map(tuple, meta["values"]))
        side = SideFields(
            len(meta["items"]),
            tuple(meta["fields"]),
            values,
            arrays["side_indptr"],
            arrays["side_codes"],
            tuple(map(tuple, meta["uppers"])),
            tuple(map(tuple, meta.get("lowers", ()))),  # older files have the labels alone
        )
        more = {name: arrays[name] for name in ("own_vectors", "side_vectors", "attention")}
        return super()._from_parts(meta, arrays) | more | {"side": side}


def train_eges(
    graph: ItemGraph,
    side_info: pl.DataFrame,
    config: EGESConfig | None = None,
    *,
    progress: Progress | None = None,
    cancel: Cancel = None,
) -> EGESVectors:
    """Item vectors from walks and side information.

    Item v has an embedding of its own, W_v⁰, and one for each field, W_v¹ … W_vⁿ, shared by all items with that value.
    Its vector is H_v = Σ_j e^{a_v^j} W_v^j / Σ_j e^{a_v^j} over the fields it has (GES: the plain mean). Over
    first-order walks, for a center v and an output u of a table Z of its own, with y = 1 for a context and 0 for a
    negative drawn from count^0.75, it minimises

        L = −[y log σ(H_v·Z_u) + (1−y) log(1 − σ(H_v·Z_u))],   g = ∂L/∂H_v = (σ(H_v·Z_u) − y) Z_u,
        ∂L/∂a_v^s = g·(W_v^s − H_v) e^{a_v^s} / Σ_j e^{a_v^j},   ∂L/∂W_v^s = g e^{a_v^s} / Σ_j e^{a_v^j}.

    A field with several values is the mean of theirs; a missing value has no embedding and no weight.

    Args:
        graph: weighted, directed or not; a walk ends at a node without out-edges.
        side_info: a row an item, in the order of ``graph.items``; how columns are read says
            :func:`~recemb_core.side_information.encode_side_info`.
        config: see :class:`EGESConfig`.
        progress, cancel: see :func:`~recemb_core.embeddings.registry.train_model`.

    Returns:
        ``vectors`` H, ``output_vectors`` Z, ``attention``, and ``history``: the loss of a positive pair with its
        negatives by epoch.

    Raises:
        ValueError: the side information has another number of rows than the graph has items, or a column that cannot
            be read.

    References:
        Wang et al., *Billion-scale Commodity Embedding for E-commerce Recommendation in Alibaba* (KDD 2018).

    >>> import polars as pl
    >>> graph = ItemGraph.from_edges(["tea", "milk", "cup"], ["milk", "cup", "tea"], directed=False)
    >>> side = pl.DataFrame({"shelf": ["dry", "cold", None]})
    >>> vectors = train_eges(graph, side, EGESConfig(dimensions=8, num_walks=2, walk_length=10))
    >>> vectors.attention.shape, float(vectors.attention[2, 1]), vectors.cold_start({"shelf": "cold"}).shape
    ((3, 2), 0.0, (8,))
    """
    from recemb_core.embeddings.eges_kernel import all_hidden, train_windows
    from recemb_core.embeddings.eges_update_kernel import Parts
    from recemb_core.walks import walks_or_stream

    config, report = config or EGESConfig(), Reporter(progress, cancel)
    n, d = len(graph), config.dimensions
    if len(side_info) != n:
        raise UsageError(f"side_info must have a row for each of the {n} items of the graph, not {len(side_info)}")
    side = encode_side_info(side_info, config.fields)
    report.tell(0.0, "walking")
    walks = walks_or_stream(graph, config)
    if isinstance(walks, np.ndarray):
        counts = np.bincount(walks[walks >= 0], minlength=n).astype(np.int64)
        lengths = (walks >= 0).sum(axis=1)
        useful, lengths = walks[lengths > 1], lengths[lengths > 1]
        some = lambda first, last: useful[first:last]  # noqa: E731
    else:
        text = WalkedText(walks, n, report)
        counts, lengths, some = text.counts, np.diff(text.offsets), text.walks

    start = np.random.default_rng(config.seed)
    own, side_vectors = (start_vectors(start, many, d, width=1.0) for many in (n, int(side.first[-1])))
    logits = np.zeros((n, len(side.names) + 1), dtype=np.float32)
    outputs = np.zeros((n, d), dtype=np.float32)
    table = start.permutation(noise_table(counts))
    parts = Parts(own, side_vectors, logits, side.indptr, side.codes)

    given = parts, outputs, table, config.attention, config.window, config.negative
    history = hogwild(lengths, some, config, report, train_windows, *given)
    vectors, attention = np.empty((n, d), dtype=np.float32), np.empty_like(logits)
    all_hidden(parts, vectors, attention)
    report.tell(1.0)
    return EGESVectors(
        graph.items, vectors, outputs, counts, tuple(history), config, own, side_vectors, attention, side
    )
