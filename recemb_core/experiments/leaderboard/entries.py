"""What is compared: a model with its settings, and how a history becomes a query to its vectors."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.util import find_spec
from typing import Any, Literal

from recemb_core.brought import BroughtConfig
from recemb_core.embeddings import MODELS, comparison_defaults
from recemb_core.embeddings.item_vectors import Score
from recemb_core.scorers import SCORERS, events_at_once, scorer_defaults
from recemb_core.sequences import Sequences
from recemb_core.splits import share_of_repeats
from recemb_core.validation import UsageError, is_whole, require

Kind = Literal["embedding", "scorer", "recall"]
HALF_LIFE = 20.0  # events, of the decayed history
OPENING_SEEDS = (0, 1, 2)
"""Trainings of each row that depends on a seed, as few as let its noise be known."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """How a history of items becomes a query to item vectors, and how items are scored against it.

    With the newest m events i_1 … i_m of a history, i_m the newest, and w_j = 2^(−(m − j)/h) (1 without a half-life),

        u = Σ_j w_j v_{i_j} / Σ_j w_j,    score(u, i) = u · v_i (vectors of length 1) or u · v'_i (output vectors).

    An item that stands in the history twice counts twice.

    Attributes:
        newest: events of a history that count; None: all. One is *the last item*, five *the last five*. In baskets the
            order means nothing, so there take about as many as a basket holds (:func:`query_kinds`).
        half_life: events after which a weight has halved; None: a plain mean. Smaller follows the newest events more.
        score: ``"cosine"``: what is used like the history; ``"in_out"``: what comes beside it, as skip-gram trains it.
        min_count: items with fewer training events are not offered: rare items train little, and their vectors, near
            where they started, turn up as neighbors of everything. An item without any is never offered.

    >>> Query(newest=1).words, Query(half_life=20.0, score="in_out").words
    ('last event, cosine', 'half-life 20 events, in · out')
    """

    newest: int | None = None
    half_life: float | None = None
    score: Score = "cosine"
    min_count: int = 0

    def __post_init__(self) -> None:
        newest = self.newest
        require(newest is None or (is_whole(newest) and newest >= 1), "newest", newest, "None or 1 or more")
        require(self.half_life is None or self.half_life > 0, "half_life", self.half_life, "None or over 0")
        require(self.score in ("cosine", "in_out"), "score", self.score, "'cosine' or 'in_out'")
        fine = is_whole(self.min_count) and self.min_count >= 0
        require(fine, "min_count", self.min_count, "a whole number, 0 or more")

    @property
    def words(self) -> str:
        """The query in a few words."""
        said = []
        if self.newest is not None:
            said.append("last event" if self.newest == 1 else f"last {self.newest} events")
        if self.half_life is not None:
            said.append(f"half-life {self.half_life:g} events")
        said = said or ["mean of the history"]
        said.append("cosine" if self.score == "cosine" else "in · out")
        if self.min_count:
            said.append(f"items with {self.min_count} events or more")
        return ", ".join(said)


def query_kinds(sequences: Sequences, score: Score = "cosine") -> dict[str, Query]:
    """The four ways by name. Of baskets, the last one is as many events as a basket holds on average, five five times.

    >>> {name: query.newest for name, query in query_kinds(Sequences.from_lists([["a", "b"]])).items()}
    {'last': 1, 'last five': 5, 'mean': None, 'decayed': None}
    """
    each = events_at_once(sequences)
    return {
        "last": Query(newest=each, score=score),
        "last five": Query(newest=5 * each, score=score),
        "mean": Query(score=score),
        "decayed": Query(half_life=HALF_LIFE * each, score=score),
    }


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A row of the comparison.

    Attributes:
        name: for people; it may be any, and is no part of what a result is found by.
        config: of any registered model of item vectors, scorer or recall model; of vectors made elsewhere which file
            (:func:`~recemb_core.experiments.leaderboard.brought_row`).
        query: of a model of item vectors how it is asked, by default the mean of the history by cosine. None for
            scorers and recall models, which have their own way.

    Raises:
        ValueError: the config of nothing that is registered, or a query where there is nothing to ask with it.

    >>> from recemb_core.scorers import PopularityConfig
    >>> Entry(name="floor", config=PopularityConfig()).kind
    'scorer'
    """

    name: str
    config: Any
    query: Query | None = None

    def __post_init__(self) -> None:
        kind = self.kind
        if kind == "embedding" and self.query is None:
            object.__setattr__(self, "query", Query())
        if kind != "embedding" and self.query is not None:
            raise UsageError(f"query must be left out for {self.name}: it is no model of item vectors")

    @property
    def kind(self) -> Kind:
        """``"embedding"``, ``"scorer"`` or ``"recall"``."""
        if self.brought or any(spec.owns(self.config) for spec in MODELS.values()):
            return "embedding"
        if any(type(self.config) is spec.config for spec in SCORERS.values()):
            return "scorer"
        if recall_is_there():
            from recemb_core.deep.registry import recall_spec

            recall_spec(self.config)
            return "recall"
        raise UsageError(f"config must be that of a registered model or scorer, not {self.config!r}")

    @property
    def brought(self) -> bool:
        """Whether its vectors were made elsewhere: they are as they are, and nothing is known of their training."""
        return isinstance(self.config, BroughtConfig)

    @property
    def seeded(self) -> bool:
        """Whether another seed gives another result."""
        return _has_seed(self.config)

    def with_seed(self, seed: int) -> Entry:
        """The same with another seed, wherever its config holds one.

        >>> from recemb_core.embeddings import DeepWalkConfig
        >>> Entry(name="walks", config=DeepWalkConfig()).with_seed(3).config.seed
        3
        """
        return replace(self, config=_seeded(self.config, seed))


def _has_seed(config: Any) -> bool:
    return is_dataclass(config) and any(f.name == "seed" or _has_seed(getattr(config, f.name)) for f in fields(config))


def _seeded(config: Any, seed: int) -> Any:
    if not is_dataclass(config) or isinstance(config, type):
        return config
    inside = {f.name: seed if f.name == "seed" else _seeded(getattr(config, f.name), seed) for f in fields(config)}
    return replace(config, **inside)


def recall_is_there() -> bool:
    """Whether the recall networks can be had: they need jax and optax."""
    return find_spec("jax") is not None and find_spec("optax") is not None


def entry_defaults(train: Sequences, *, seed: int = 0, graph: Any = None, recall: bool = False) -> dict[str, Entry]:
    """The rows that this data can have, by name, each with its defaults: scorers, then models of item vectors.

    Item vectors are asked as :func:`default_query` says.

    Args:
        train: the training part.
        seed: of all of them.
        graph: that walks use; without it models on graphs are left out, since building one takes its time.
        recall: whether recall models stand there too; where nobody takes anything twice, none that learns first-time
            targets alone, which would be the same model again.

    >>> list(entry_defaults(Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])))[:2]
    ['Popularity', 'ItemKNN']
    """
    found: dict[str, Any] = {**scorer_defaults(train), **comparison_defaults(train, graph, train.side_info, seed)}
    if recall and recall_is_there():
        from recemb_core.deep.registry import recall_defaults

        repeated = share_of_repeats(train) > 0
        found |= {
            name: _with_vectors(config, found)
            for name, config in recall_defaults(seed).items()
            if repeated or not getattr(config, "novel", False)
        }
    return {
        name: Entry(name=name, config=config, query=default_query(config, train) if name in MODELS else None)
        for name, config in found.items()
    }


def _with_vectors(config: Any, found: dict[str, Any]) -> Any:
    """A recall model's config with item vectors inside it trained as the row of their own is."""
    inside = {f.name: name for f in fields(config) for name in MODELS if MODELS[name].owns(getattr(config, f.name))}
    return replace(config, **{field: found[name] for field, name in inside.items() if name in found})


def default_query(config: Any, train: Sequences) -> Query:
    """The decayed history, in · out; by cosine for what is trained on baskets, and where there are no output vectors.

    No way of asking is best everywhere: it is a setting like any other, to be chosen on the validation part. With
    models trained enough (:mod:`~recemb_core.embeddings.epochs`), cosine finds more on baskets: on the groceries
    word2vec has HR@10 .476 [.443, .510] by it and .295 [.265, .326] in · out, item2vec .467 and .227, EGES .330 and
    .207; on a retail log item2vec .610 and .473, word2vec .621 and .631, which is noise. On ordered logs in · out does:
    word2vec on the planted shop .447 [.425, .470] against .387 [.366, .408]. PPMI-SVD is not trained in steps, and
    finds more in · out on the groceries (.551 against .404). ``python -m benchmarks.evaluation --part queries``
    measures all of them.

    >>> from recemb_core.embeddings import Word2VecConfig
    >>> default_query(Word2VecConfig(hierarchical_softmax=True), Sequences.from_lists([["tea", "cup"]])).words
    'half-life 20 events, cosine'
    """
    on_baskets = hasattr(config, "epochs") and not train.ordered
    score: Score = "cosine" if on_baskets or getattr(config, "hierarchical_softmax", False) else "in_out"
    return query_kinds(train, score)["decayed"]
