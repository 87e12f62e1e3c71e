"""What both recall networks share: the step from examples to the training loop, and their towers' arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import AnyArray, BoolArray
from recemb_core.deep.histories import Examples, RecallConfig
from recemb_core.deep.training import Loss, Params, TrainingConfig, TrainingResult, train
from recemb_core.progress import Progress
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError

MADE_BY = ("next_item_cases", "recall_training", "optimizer")
SETTINGS = ("dimensions", "history_length", "half_life", "epochs")  # that people set for every network
WIDTHS = "widths of user fields"  # of the arrays, where a user field holds several values
NEWEST = 0.05  # share of each user's histories that early stopping looks at
LOOKED_AT = 4_096  # of them, at most


@dataclass(frozen=True, eq=False)
class NetworkTower:
    """The user tower of a network: named arrays as a file holds them, a list's as ``"name 0"``, ``"name 1"`` …"""

    params: dict[str, AnyArray]
    history_length: int | None
    half_life: float | None
    summed = None  # a network is no sum

    def many(self, name: str) -> list[AnyArray]:
        """The list of that name."""
        return [self.params[f"{name} {j}"] for j in range(sum(key.startswith(f"{name} ") for key in self.params))]

    @property
    def widths(self) -> tuple[int, ...] | None:
        """Values a user has at most in each user field; None: one in each."""
        found = self.params.get(WIDTHS)
        return None if found is None else tuple(found.tolist())

    def arrays(self) -> dict[str, AnyArray]:
        """Everything that a file has to hold."""
        return self.params


def fit(
    loss: Loss,
    start: Params,
    examples: Examples,
    config: RecallConfig,
    *,
    frozen: tuple[str, ...],
    progress: Progress | None,
    cancel: Callable[[], bool] | None,
) -> TrainingResult:
    """Train ``start`` on the examples; with ``config.patience``, each user's newest are kept for stopping."""
    if len(examples) < 2:
        raise UsageError("no event has a history; a recall model needs users with two or more items one after another")
    names = ("start", "end", "stop", "user", *(() if examples.age is None else ("age",)))
    data = {name: getattr(examples, name) for name in names}
    settings = TrainingConfig(
        epochs=config.epochs,
        max_steps=config.max_steps,
        batch_size=max(2, config.batch_size // drawn(examples, config)),
        learning_rate=config.learning_rate,
        patience=config.patience,
        seed=config.seed,
    )
    validate = None
    if config.patience is not None:
        newest = _newest(examples)
        looked_at = np.random.default_rng(config.seed).permutation(np.flatnonzero(newest))[:LOOKED_AT]
        validate = _validation(loss, {name: values[looked_at] for name, values in data.items()})
        data = {name: values[~newest] for name, values in data.items()}
    return train(loss, start, data, settings, validate=validate, frozen=frozen, progress=progress, cancel=cancel)


def drawn(examples: Examples, config: RecallConfig) -> int:
    """Targets of a history that a step draws: no more than the largest basket holds."""
    return int(min(config.targets, (examples.stop - examples.end).max(initial=1)))


def training_work(config: RecallConfig, sequences: Sequences) -> float:
    """Steps of a training, weighted by how long one takes; about 1 a step with the usual settings."""
    examples = min(len(sequences), len(sequences.tokens))
    steps = min(examples * config.epochs * min(config.targets, 4) / config.batch_size, config.max_steps)
    return steps * (0.3 + config.history_length / 400 + config.dimensions / 128)


def _newest(examples: Examples) -> BoolArray:
    """Which examples are each user's newest: the last 5%, whole baskets."""
    last = np.zeros(int(examples.user.max()) + 1)
    np.maximum.at(last, examples.user, examples.end)
    first = np.full(len(last), np.inf)
    np.minimum.at(first, examples.user, examples.start)
    return np.asarray(examples.end > (last - NEWEST * (last - first))[examples.user])


def _validation(loss: Loss, rows: dict[str, np.ndarray]) -> Callable[[Params], dict[str, float]]:
    import jax

    score = jax.jit(loss)
    key = jax.random.key(0)  # the same negatives each time
    return lambda params: {"loss": float(score(params, rows, key))}
