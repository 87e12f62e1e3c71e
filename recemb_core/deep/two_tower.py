"""Two towers: one makes user vectors, one makes item vectors from the item's number and its side information."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Int32Array
from recemb_core.deep.histories import RecallConfig, draw_targets, history_examples, mean_of, window
from recemb_core.deep.layers import init_dense
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.recall_training import MADE_BY, SETTINGS, WIDTHS, NetworkTower, drawn, fit, training_work
from recemb_core.deep.registry import RecallSpec
from recemb_core.deep.user_fields import UserFields, beside_fields
from recemb_core.progress import Progress
from recemb_core.sequences import Sequences
from recemb_core.side_information import SideFields, encode_side_info
from recemb_core.validation import UsageError, require, require_dimensions

if TYPE_CHECKING:
    import polars as pl

FROZEN = ("stream", "log_q", "item_values", "item_shares", "known", "user_codes")


@dataclass(frozen=True, kw_only=True)
class TwoTowerConfig(RecallConfig):
    """Settings of :func:`train_two_tower`, beside those of :class:`~recemb_core.deep.histories.RecallConfig`.

    Attributes:
        hidden: width of the ReLU layer of each tower.
        temperature: scores are cosine / temperature. Smaller: sharper, the hardest negatives count most.
        id_dropout: chance that an item's own embedding is left out for a step, so that its side information learns to
            stand alone. 0: a new item is served by fields that were never asked to.
        side_information: whether the item tower sees the fields; without them it cannot serve new items.
    """

    hidden: int = 128
    temperature: float = 0.1
    id_dropout: float = 0.1
    side_information: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_dimensions(self.hidden, "hidden")
        require(self.temperature > 0, "temperature", self.temperature, "over 0")
        require(0 <= self.id_dropout < 1, "id_dropout", self.id_dropout, "from 0 to below 1")


def item_inputs(params: dict[str, Any], own: Any, values: Any, shares: Any) -> Any:
    """What an item is before its tower: the mean of its own embedding and that of each field it has a value in.

    Args:
        params: ``embedding`` (n, d) by item, ``values`` (m, d) by value of the side information.
        own: (n,), weight of the item's own embedding: 1, or 0 where it is unknown or left out.
        values: (n, s), rows of the table of values.
        shares: (n, s), weight of each: 1 / (values that the item has in that field), 0 for padding. A missing field
            thus carries no weight.

    Returns:
        (n, d); zeros for an item of which nothing is known.
    """
    total = own[:, None] * params["embedding"] + (shares[..., None] * params["values"][values]).sum(axis=1)  # (n, d)
    weight = own + shares.sum(axis=1)  # (n,): 1 for the item, 1 for each field present
    return total / (weight + (weight == 0))[:, None]


def tower(layers: dict[str, Any], x: Any, skip: Any, xp: Any) -> Any:
    """x (b, inputs) → skip + W₂ · ReLU(W₁ x), scaled to length 1: (b, d)."""
    (w1, w2), (b1, b2) = layers["w"], layers["b"]
    y = skip + xp.maximum(x @ w1 + b1, 0.0) @ w2 + b2
    return y / xp.sqrt((y * y).sum(axis=1, keepdims=True) + 1e-12)


def user_vectors(
    params: dict[str, Any],
    inputs: Any,
    rows: Any,
    weights: Any,
    codes: Any,
    xp: Any,
    widths: tuple[int, ...] | None = None,
) -> Any:
    """The user tower: mean of the history's item inputs, user fields beside it. (b, L) → (b, d), length 1."""
    mean = mean_of(inputs, rows, weights, xp)  # (b, L) → (b, d)
    x = beside_fields(mean, params["user_fields"], codes, xp, widths)  # (b, d + e·f)
    return tower(params["user_layers"], x, mean, xp)


@lru_cache(maxsize=16)
def in_batch_softmax_loss(
    length: int,
    half_life: float | None,
    targets: int,
    temperature: float,
    id_dropout: float,
    widths: tuple[int, ...] | None = None,
) -> Callable[[Any, Any, Any], Any]:
    """Loss of a batch: each history has to find its own targets among the targets of the whole batch.

    Popular items are often somebody else's target and would be pushed down for it, so log Q(i) is taken off every
    logit, positive and negative, Q being the item's chance to be a target. Further targets of the same history, and
    the same item elsewhere in the batch, are no negatives and are masked (accidental hits).
    """

    def loss(params: dict[str, Any], batch: dict[str, Any], key: Any) -> Any:
        import jax
        import jax.numpy as jnp

        which, drop = jax.random.split(key)
        own = params["known"] * (jax.random.uniform(drop, params["known"].shape) >= id_dropout)  # (n,)
        inputs = item_inputs(params, own, params["item_values"], params["item_shares"])  # (n, d)
        rows, weights = window(params["stream"], batch["start"], batch["end"], length, half_life, jnp)  # (b, L)
        codes = params["user_codes"][batch["user"]]
        u = user_vectors(params, inputs, rows, weights, codes, jnp, widths)  # (b, d)
        target = draw_targets(params["stream"], batch["end"], batch["stop"], targets, which)  # (b, t)
        b = len(target)
        everyones = target.reshape(-1)  # (b·t,)
        x = inputs[everyones]
        v = tower(params["item_layers"], x, x, jnp)  # (b·t, d)
        logits = u @ v.T / temperature - params["log_q"][everyones]  # (b, b·t)
        positive = logits.reshape(b, b, targets)[jnp.arange(b), jnp.arange(b)]  # (b, t), a history's own targets
        mine = jnp.repeat(jnp.eye(b, dtype=bool), targets, axis=1)[:, None]  # (b, 1, b·t)
        same = everyones == target[..., None]  # (b, t, b·t)
        against = jnp.where(mine | same, -jnp.inf, logits[:, None])
        everything = jnp.logaddexp(positive, jax.nn.logsumexp(against, axis=-1))  # (b, t)
        return (everything - positive).mean()

    return loss


def side_values(n: int, side_info: pl.DataFrame | None, known: BoolArray) -> tuple[Int32Array, Float32Array, BoolArray]:
    """Side information as :func:`item_inputs` takes it: value rows (n, s), shares (n, s), and which values are trained.

    A value that no known item has would stay where the dice put it; it carries no weight.
    """
    if side_info is None:
        return np.zeros((n, 0), np.int32), np.zeros((n, 0), np.float32), np.zeros(1, dtype=bool)
    side = encode_side_info(side_info)
    require(side.n_items == n, "side_info", f"{side.n_items} rows", f"one row for each of the {n} items")
    total = max(int(side.first[-1]), 1)
    cell = np.repeat(np.arange(n * len(side.names)), np.diff(side.indptr))  # item · fields + field, for every value
    item = cell // max(len(side.names), 1)
    trained = np.bincount(side.codes[known[item]], minlength=total) > 0
    use = trained[side.codes]
    codes, cell, item = side.codes[use], cell[use], item[use]
    per_item, per_cell = np.bincount(item, minlength=n), np.bincount(cell, minlength=n * len(side.names))
    values = np.zeros((n, int(per_item.max(initial=0))), dtype=np.int32)
    shares = np.zeros(values.shape, dtype=np.float32)
    place = np.arange(len(codes)) - (np.cumsum(per_item) - per_item)[item]
    values[item, place] = codes
    shares[item, place] = 1 / per_cell[cell]
    return values, shares, trained


class TwoTower(NetworkTower):
    """Both towers with trained parameters, in NumPy."""

    @property
    def tree(self) -> dict[str, Any]:
        """The parameters as the functions above take them."""
        layers = {f"{side}_layers": {kind: self.many(f"{side} {kind}") for kind in "wb"} for side in ("item", "user")}
        return {"values": self.params["values"], "user_fields": self.many("user field"), **layers}

    def encode(self, rows: Int32Array, weights: Float32Array, codes: Int32Array) -> Float32Array:
        u = user_vectors(self.tree, self.params["inputs"], rows, weights, codes, np, self.widths)
        return np.asarray(u / self.params["temperature"], dtype=np.float32)

    def compose(self, side: SideFields, given: Mapping[str, object]) -> Float32Array:
        """The item vector (d,) of an item that is known by side information alone, {field: value or values}.

        A value that no item of the training had carries no weight.

        Raises:
            UnknownValueError: no such field or value; the message names it and near spellings.
            ValueError: nothing is left to serve it by.
        """
        trained = self.params["trained_values"]
        rows = [known for value in side.rows(given) if len(known := value[trained[value]])]
        if not rows:
            raise UsageError("an item without a number needs the value of at least one field that was trained")
        x = np.stack([self.params["values"][r].mean(axis=0) for r in rows]).mean(axis=0, keepdims=True)
        return np.asarray(tower(self.tree["item_layers"], x, x, np)[0], dtype=np.float32)

    def arrays(self) -> dict[str, AnyArray]:
        return self.params


def train_two_tower(
    sequences: Sequences,
    config: TwoTowerConfig | None = None,
    *,
    side_info: pl.DataFrame | None = None,
    user_fields: pl.DataFrame | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> RecallModel:
    """Train both towers so that a history's vector is close to that of its next item.

    s(u, i) = cos(u, v_i) / temperature is what is served; trained on s(u, i) − log Q(i) over the batch. An item that
    the sequences never show (a *cold* item) is served from its side information alone.

    Args:
        sequences: the training part; each event after a user's first (of baskets: first basket) is an example.
        config: see :class:`TwoTowerConfig`.
        side_info: a row an item in the order of the vocabulary; that of the sequences where left out.
        user_fields: a row a user, a column ``user`` and a column a categorical field (of lists: several values), or
            None.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: no event has a history.

    References:
        Yi et al., *Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations* (RecSys 2019).

    >>> data = Sequences.from_lists([["tea", "cup", "tea", "cup"]] * 20 + [["nail", "saw", "nail", "saw"]] * 20)
    >>> config = TwoTowerConfig(dimensions=8, hidden=16, epochs=40, batch_size=20, learning_rate=0.01)
    >>> model = train_two_tower(data, config)
    >>> model.recommend(np.array([data.items.row("tea")]), k=1)[0][0]
    'cup'
    """
    config = config or TwoTowerConfig()
    rng = np.random.default_rng(config.seed)
    examples = history_examples(sequences, novel=config.novel)
    n, d, e = len(sequences.items), config.dimensions, config.field_dimensions
    side_info = sequences.side_info if side_info is None else side_info
    known = np.bincount(sequences.tokens, minlength=n) > 0
    values, shares, trained = side_values(n, side_info if config.side_information else None, known)
    users = UserFields.of(user_fields)

    def table(rows: int, width: int) -> Float32Array:
        return rng.normal(0, 1 / width**0.5, (rows, width)).astype(np.float32)

    chances = examples.target_chances(n)
    start = {
        "embedding": table(n, d),
        "values": table(len(trained), d),
        "user_fields": [table(max(len(values), 1), e) for values in users.values],
        "item_layers": init_dense(rng, [d, config.hidden, d]),
        "user_layers": init_dense(rng, [d + e * len(users.names), config.hidden, d]),
        "stream": examples.stream,
        "log_q": np.log(np.where(chances > 0, chances, 1.0)).astype(np.float32),
        "item_values": values,
        "item_shares": shares,
        "known": known.astype(np.float32),
        "user_codes": users.codes_of(user_fields, examples.users),
    }
    dropout = config.id_dropout if trained.any() else 0.0  # without a number, an item needs other legs to stand on
    loss = in_batch_softmax_loss(
        config.history_length, config.half_life, drawn(examples, config), config.temperature, dropout, users.several
    )
    result = fit(loss, start, examples, config, frozen=FROZEN, progress=progress, cancel=cancel)
    p = result.params
    inputs = item_inputs(p, p["known"], values, shares).astype(np.float32)
    parts = {"user field": p["user_fields"]}
    parts |= {f"{side} {kind}": p[f"{side}_layers"][kind] for side in ("item", "user") for kind in "wb"}
    params = {
        "values": p["values"],
        "trained_values": trained,
        "inputs": inputs,
        "temperature": np.float32(config.temperature).reshape(()),
        **{f"{name} {j}": value for name, values in parts.items() for j, value in enumerate(values)},
        **({} if users.several is None else {WIDTHS: np.array(users.several)}),
    }
    return RecallModel(
        kind="two_tower",
        title="Two-tower",
        items=sequences.items,
        item_vectors=tower(p["item_layers"], inputs, inputs, np).astype(np.float32),
        tower=TwoTower(params, config.history_length, config.half_life),
        user_fields=users,
        config=config,
        known=known | (shares.sum(axis=1) > 0),
        history=tuple(point.train_loss for point in result.history[1:]),
        steps=result.steps,
        seconds=result.seconds,
    )


SPEC = RecallSpec(
    kind="two_tower",
    config=TwoTowerConfig,
    # Chosen on the groceries without each user's last two baskets.
    defaults=lambda seed: {
        "Two-tower": TwoTowerConfig(seed=seed),
        "Two-tower, first-time targets": TwoTowerConfig(seed=seed, novel=True),
    },
    words="**Two-tower** (Yi 2019): a second network makes item vectors from the item and its side information.",
    train=train_two_tower,
    tower=TwoTower,
    work=training_work,
    settings=(*SETTINGS, "temperature"),
    told=("side_information",),
    cold=True,
    made_by=MADE_BY,
)
