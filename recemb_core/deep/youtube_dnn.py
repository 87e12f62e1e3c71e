"""YouTube's deep recall network: a history goes through three layers, a softmax over all items is the teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import Float32Array, Float64Array, Int32Array
from recemb_core.deep.histories import RecallConfig, draw_targets, history_examples, mean_of, window
from recemb_core.deep.layers import init_dense
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.recall_training import MADE_BY, SETTINGS, WIDTHS, NetworkTower, drawn, fit, training_work
from recemb_core.deep.registry import RecallSpec
from recemb_core.deep.user_fields import UserFields, beside_fields
from recemb_core.progress import Progress
from recemb_core.sequences import Sequences
from recemb_core.validation import MOST_DIMENSIONS, finite_rows, is_whole, require

if TYPE_CHECKING:
    import polars as pl

AGES = 3  # x, x² and √x of an example's age, as inputs
FROZEN = ("stream", "log_q", "cumulative", "last", "user_codes")


@dataclass(frozen=True, kw_only=True)
class YouTubeDNNConfig(RecallConfig):
    """Settings of :func:`train_youtube_dnn`, beside those of :class:`~recemb_core.deep.histories.RecallConfig`.

    Attributes:
        hidden: widths of the first two ReLU layers; the third has ``dimensions`` units, the user vector.
        negative: items sampled for each step, shared by its examples. More come closer to the full softmax.
        ns_exponent: negatives are drawn ∝ count^ns_exponent; 1 as they are bought, 0 evenly. The log-Q correction makes
            the softmax the same either way; only its noise differs.
    """

    hidden: tuple[int, int] = (256, 128)
    negative: int = 500
    ns_exponent: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        widths = len(self.hidden) == 2 and all(is_whole(w) and 1 <= w <= MOST_DIMENSIONS for w in self.hidden)
        require(widths, "hidden", self.hidden, f"two whole numbers, each from 1 to {MOST_DIMENSIONS:,}")
        require(is_whole(self.negative) and self.negative >= 1, "negative", self.negative, "a whole number, 1 or more")
        require(0 <= self.ns_exponent <= 1, "ns_exponent", self.ns_exponent, "from 0 to 1")


def user_vectors(
    params: dict[str, Any],
    rows: Any,
    weights: Any,
    codes: Any,
    xp: Any,
    widths: tuple[int, ...] | None = None,
    age: Any = None,
) -> Any:
    """The user tower. b users, L events, d dimensions, f fields of e dimensions; ``xp`` is numpy or jax.numpy.

    ``age`` (b,) of each example goes in as x, x² and √x while training; served, it is 0 and adds nothing.
    """
    x = mean_of(params["embedding"], rows, weights, xp)  # (b, L) → (b, d): the mean of the history
    x = beside_fields(x, params["fields"], codes, xp, widths)  # (b, d + e·f)
    if age is not None:
        x = xp.concatenate([x, xp.stack([age, age**2, xp.sqrt(age)], axis=1)], axis=1)  # (b, d + e·f + 3)
    for w, b in zip(params["layers"]["w"], params["layers"]["b"], strict=True):
        x = xp.maximum(x @ w + b, 0.0)  # (b, hidden 1), (b, hidden 2), (b, d)
    return x


@lru_cache(maxsize=16)
def sampled_softmax_loss(
    length: int, half_life: float | None, targets: int, negative: int, widths: tuple[int, ...] | None = None
) -> Callable[[Any, Any, Any], Any]:
    """Loss of a batch: −log of the target's share in a softmax over the target and sampled negatives.

    An item that is sampled often would be pushed down often; so every logit, the target's as well, is lowered by
    log Q(i), Q the chance of being sampled (log-Q correction). A negative that is the target is taken out.
    """

    def loss(params: dict[str, Any], batch: dict[str, Any], key: Any) -> Any:
        import jax
        import jax.numpy as jnp

        which, draw = jax.random.split(key)
        rows, weights = window(params["stream"], batch["start"], batch["end"], length, half_life, jnp)  # (b, L)
        codes = params["user_codes"][batch["user"]]
        u = user_vectors(params, rows, weights, codes, jnp, widths, batch.get("age"))  # (b, d)
        target = draw_targets(params["stream"], batch["end"], batch["stop"], targets, which)  # (b, t)
        # An item's number is found where a uniform number falls among the cumulated chances of *these* items.
        noise = jnp.searchsorted(params["cumulative"], jax.random.uniform(draw, (negative,)), side="right")  # (s,)
        noise = jnp.minimum(noise, params["last"])
        log_q = params["log_q"]
        positive = (u[:, None] * params["columns"][target]).sum(axis=-1) - log_q[target]  # (b, t)
        against = (u @ params["columns"][noise].T - log_q[noise])[:, None]  # (b, 1, s)
        against = jnp.where(noise == target[..., None], -jnp.inf, against)  # (b, t, s): accidental hits taken out
        everything = jnp.logaddexp(positive, jax.nn.logsumexp(against, axis=-1))  # (b, t)
        return (everything - positive).mean()

    return loss


def sampling(chances: Float64Array, exponent: float) -> Float64Array:
    """Chance Q of each item to be a negative, ∝ chance^exponent, in the order of the vocabulary; sums to 1.

    >>> sampling(np.array([0.2, 0.8, 0]), 0.5).round(3).tolist()
    [0.333, 0.667, 0.0]
    """
    weight = np.where(chances > 0, np.where(chances > 0, chances, 1.0) ** exponent, 0.0)
    return np.asarray(weight / max(weight.sum(), 1e-300))


class YouTubeTower(NetworkTower):
    """:func:`user_vectors` with trained parameters, in NumPy."""

    def encode(self, rows: Int32Array, weights: Float32Array, codes: Int32Array) -> Float32Array:
        layers = {kind: self.many(kind) for kind in "wb"}
        tree = {"embedding": self.params["embedding"], "fields": self.many("field"), "layers": layers}
        return np.asarray(user_vectors(tree, rows, weights, codes, np, self.widths), dtype=np.float32)


def train_youtube_dnn(
    sequences: Sequences,
    config: YouTubeDNNConfig | None = None,
    *,
    user_fields: pl.DataFrame | None = None,
    table: Float32Array | None = None,
    example_age: bool = False,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> RecallModel:
    """Train user and item vectors to predict the next item of each history, and nothing of it from its future.

    p(i | u) = exp(u · v_i) / Σ_j exp(u · v_j). u = ReLU(ReLU(ReLU([mean of history embeddings, fields] W₁) W₂) W₃);
    the softmax's columns v are the item vectors. Items that are
    nobody's target are not known to the model.

    Args:
        sequences: the training part; each event after a user's first (of baskets: first basket) is an example.
        config: see :class:`YouTubeDNNConfig`.
        user_fields: a row a user, a column ``user`` and a column a categorical field (of lists, such as the words
            searched for: several values), or None.
        table: (n, dimensions) vectors made before, which histories are read by and which stay as they are, while layers
            and columns are trained: a table that is trained less often than the network on top. Rows of zeros for items
            that it does not know. None: the histories' vectors are trained too.
        example_age: whether the network is told how old each example is, in shares of the log's time, so that it need
            not mix what was popular then with what is now; whoever is served is served at age 0.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: no event has a history, a table of another shape or with values that are not finite, or
            ``example_age`` where the sequences have no time.

    References:
        Covington, Adams, Sargin, *Deep Neural Networks for YouTube Recommendations* (RecSys 2016).
        Jean et al., *On Using Very Large Target Vocabulary for Neural Machine Translation* (ACL 2015): sampling.

    >>> data = Sequences.from_lists([["tea", "cup", "tea", "cup"]] * 20 + [["nail", "saw", "nail", "saw"]] * 20)
    >>> config = YouTubeDNNConfig(dimensions=8, hidden=(16, 16), epochs=40, batch_size=20, learning_rate=0.01)
    >>> model = train_youtube_dnn(data, config)
    >>> model.recommend(np.array([data.items.row("tea")]), k=1)[0][0]
    'cup'
    """
    config = config or YouTubeDNNConfig()
    rng = np.random.default_rng(config.seed)
    examples = history_examples(sequences, novel=config.novel, aged=example_age)
    n, d, e = len(sequences.items), config.dimensions, config.field_dimensions
    fields = UserFields.of(user_fields)
    q = sampling(examples.target_chances(n), config.ns_exponent)
    width = d + e * len(fields.names)
    with np.errstate(divide="ignore"):
        log_q = np.where(q > 0, np.log(q), 0.0).astype(np.float32)
    own = rng.normal(0, 1 / d**0.5, (n, d)).astype(np.float32)  # drawn in any case: all else starts alike
    start = {
        "embedding": own if table is None else _checked(table, n, d),
        "columns": rng.normal(0, 0.1 / d**0.5, (n, d)).astype(np.float32),
        "fields": [rng.normal(0, 1 / e**0.5, (len(v), e)).astype(np.float32) for v in fields.values],
        "layers": init_dense(rng, [width + AGES * example_age, *config.hidden, d]),
        "stream": examples.stream,
        "log_q": log_q,
        "cumulative": np.cumsum(q).astype(np.float32),
        "last": np.int32(np.flatnonzero(q).max(initial=0)),  # rounding may leave the last sum a hair below 1
        "user_codes": fields.codes_of(user_fields, examples.users),
    }
    loss = sampled_softmax_loss(
        config.history_length, config.half_life, drawn(examples, config), config.negative, fields.several
    )
    frozen = FROZEN if table is None else (*FROZEN, "embedding")
    result = fit(loss, start, examples, config, frozen=frozen, progress=progress, cancel=cancel)
    p = result.params
    params = {
        "embedding": p["embedding"],
        **{f"field {j}": table for j, table in enumerate(p["fields"])},
        **{f"{kind} {i}": layer for kind in "wb" for i, layer in enumerate(p["layers"][kind])},
        "w 0": p["layers"]["w"][0][:width],  # the rows of the age are multiplied by 0 when served
        **({} if fields.several is None else {WIDTHS: np.array(fields.several)}),
    }
    known = examples.is_target(n)
    return RecallModel(
        kind="youtube_dnn",
        title="YouTube DNN",
        items=sequences.items,
        item_vectors=np.where(known[:, None], p["columns"], 0.0).astype(np.float32),
        tower=YouTubeTower(params, config.history_length, config.half_life),
        user_fields=fields,
        config=config,
        known=known,
        history=tuple(point.train_loss for point in result.history[1:]),
        steps=result.steps,
        seconds=result.seconds,
    )


def _checked(table: Float32Array, n: int, dimensions: int) -> Float32Array:
    require(table.shape == (n, dimensions), "table", table.shape, f"({n}, {dimensions}): a row an item")
    return finite_rows(np.asarray(table, dtype=np.float32), "table")


SPEC = RecallSpec(
    kind="youtube_dnn",
    config=YouTubeDNNConfig,
    defaults=lambda seed: {"YouTube DNN": YouTubeDNNConfig(seed=seed)},
    words="**YouTube DNN** (Covington 2016): that mean goes through three ReLU layers; a softmax over the items is the "
    "teacher, and its columns are the item vectors: p(i | u) = exp(u·vᵢ) / Σⱼ exp(u·vⱼ).",
    train=train_youtube_dnn,
    tower=YouTubeTower,
    work=training_work,
    settings=(*SETTINGS, "negative"),
    told=("example_age",),
    made_by=MADE_BY,
)
