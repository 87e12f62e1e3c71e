"""Train a network on a feature table and score it beside its baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.auc import auc
from recemb_core.deep.click_scores import ClickScores, Difference, compare, log_loss
from recemb_core.deep.features import FeatureTable, Part
from recemb_core.deep.training import Loss, Params, TrainingConfig, TrainingResult, train
from recemb_core.progress import Progress

BLOCK = 8_192  # rows scored in one call
POPULARITY = "Popularity"


class Network(Protocol):
    """What a network over categorical fields can do; its own config, frozen and hashable."""

    @property
    def name(self) -> str: ...

    def __hash__(self) -> int: ...

    def init(self, table: FeatureTable, seed: int = 0) -> Params: ...

    def logits(self, params: Params, x: Any) -> Any: ...


def fit(
    network: Network,
    table: FeatureTable,
    config: TrainingConfig | None = None,
    *,
    start: Params | None = None,
    frozen: tuple[str, ...] = (),
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train on the training part with log loss; the validation part (log loss and AUC) decides when to stop.

    Args:
        network: one of :mod:`recemb_core.deep.fm` or :mod:`recemb_core.deep.networks`.
        table: see :func:`~recemb_core.deep.features.feature_table`.
        config: its seed is also that of the random start.
        start: parameters to start from; None: ``network.init``.
        frozen: names of parameters that stay as they are.
        progress, cancel: as in :func:`~recemb_core.deep.training.train`.
    """
    config = config or TrainingConfig()
    held = table.data("validation")

    def validate(params: Params) -> dict[str, float]:
        p = probabilities(network, params, held["x"])
        return {"loss": log_loss(held["y"], p), "auc": auc(held["y"], p)}

    return train(
        click_loss(network),
        network.init(table, config.seed) if start is None else start,
        table.data("train"),
        config,
        validate=validate,
        frozen=frozen,
        progress=progress,
        cancel=cancel,
    )


@lru_cache(maxsize=64)
def click_loss(network: Network) -> Loss:
    """Mean log loss of a network's answers; the same function for equal networks, so that it is compiled once."""

    def loss(params: Params, batch: dict[str, Any], key: Any) -> Any:
        import optax

        return optax.sigmoid_binary_cross_entropy(network.logits(params, batch["x"]), batch["y"]).mean()

    return loss


@lru_cache(maxsize=64)
def _scorer(network: Network) -> Callable[[Params, Any], Any]:
    import jax

    return jax.jit(lambda params, x: jax.nn.sigmoid(network.logits(params, x)))


def probabilities(network: Network, params: Params, x: Int32Array) -> Float32Array:
    """P(taken) of each row, float32 (n,); x int (n, F) as in a feature table."""
    import jax
    import jax.numpy as jnp

    score, placed = _scorer(network), jax.tree.map(jnp.asarray, params)
    found = np.empty(len(x), dtype=np.float32)
    for first in range(0, len(x), BLOCK):
        rows = x[first : first + BLOCK]
        # Blocks of one shape compile once; the last one is filled up.
        block = np.pad(rows, ((0, BLOCK - len(rows)), (0, 0)), constant_values=-1)
        found[first : first + len(rows)] = np.asarray(score(placed, block))[: len(rows)]
    return found


def popularity_probabilities(table: FeatureTable, part: Part) -> Float32Array:
    """The baseline without a user: share of takers among the training rows whose item is about as popular.

    Items are put into 20 groups by popularity; rows of one group get the share that the group has in training.
    """
    train = table.rows("train")
    order = np.argsort(np.argsort(table.popularity, kind="stable"), kind="stable")
    group = order * min(20, len(order)) // len(order)
    taken = np.bincount(group[table.items[train]], weights=table.y[train], minlength=20)
    shown = np.bincount(group[table.items[train]], minlength=20)
    share = (taken + table.y[train].mean()) / (shown + 1)  # an empty group gives the overall share
    return np.asarray(share[group[table.items[table.rows(part)]]], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models on the same rows.

    Attributes:
        scores: model → AUC and log loss with intervals.
        differences: model → AUC minus that of the ``against`` model.
        rows, users: how many rows of how many users were scored.
    """

    scores: dict[str, ClickScores]
    differences: dict[str, Difference]
    rows: int
    users: int


def compare_on_test(
    table: FeatureTable, models: Mapping[str, tuple[Network, Params]], *, against: str | None = None, seed: int = 0
) -> Comparison:
    """Score trained models, and popularity, on the test part: what happened last."""
    rows = table.rows("test")
    found = {POPULARITY: popularity_probabilities(table, "test")}
    found |= {name: probabilities(network, params, table.x[rows]) for name, (network, params) in models.items()}
    users = table.users[rows]
    scores, differences = compare(table.y[rows], found, users, against=against, seed=seed)
    return Comparison(scores, differences, len(rows), len(np.unique(users)))
