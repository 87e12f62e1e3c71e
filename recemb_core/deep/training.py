"""One training loop for every network: Adam on shuffled batches, early stopping, progress, cancel, one seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from recemb_core.arrays import AnyArray, Int64Array
from recemb_core.progress import Progress, TrainingCancelled
from recemb_core.validation import UsageError, is_whole, require

# Steps in one compiled call: enough to hide Python, few enough that Stop is felt at once.
CHUNK = 32

Params = dict[str, Any]
# loss(params, batch, key) -> scalar; key is a JAX random key of this step.
Loss = Callable[[Params, dict[str, Any], Any], Any]
Validate = Callable[[Params], Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a network is trained.

    Attributes:
        epochs: at most so many passes over the rows.
        max_steps: at most so many steps, or None; the smaller of both ends the training.
        batch_size: rows in a step; larger gives steadier, fewer steps. More than there are rows: all of them.
        learning_rate: Adam's step size; larger is faster until it diverges.
        patience: validations in a row without a lower validation loss after which the training stops; None: never.
        evaluate_every: steps between validations; None: once an epoch.
        weight_decay: pull of every trained parameter toward 0 (AdamW); larger fights overfitting.
        seed: of the order of rows and of the random key that the loss is given.
    """

    epochs: int = 10
    max_steps: int | None = None
    batch_size: int = 512
    learning_rate: float = 1e-3
    patience: int | None = 3
    evaluate_every: int | None = None
    weight_decay: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number, at least 1")
        for name in ("max_steps", "patience", "evaluate_every"):
            value = getattr(self, name)
            allowed = value is None or (is_whole(value) and value >= 1)
            require(allowed, name, value, "a whole number, at least 1, or None")
        require(0 < self.learning_rate <= 1, "learning_rate", self.learning_rate, "above 0 and at most 1")
        require(0 <= self.weight_decay <= 1, "weight_decay", self.weight_decay, "from 0 to 1")
        require(is_whole(self.seed) and 0 <= self.seed < 2**32, "seed", self.seed, "from 0 to 2^32 − 1")


@dataclass(frozen=True)
class TrainingPoint:
    """Where the training stood at a validation.

    Attributes:
        step: steps done; 0 is the start.
        epoch: the same in passes over the rows.
        seconds: of training alone, without validating and compiling.
        train_loss: mean loss of the steps since the point before; NaN at the start.
        validation: what ``validate`` answered; empty without one.
    """

    step: int
    epoch: float
    seconds: float
    train_loss: float
    validation: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained network.

    Attributes:
        params: NumPy arrays in the form of the start; those of the lowest validation loss, or without ``validate``
            the last.
        history: a point for the start and for each validation.
        steps: steps done.
        best_step: the step that ``params`` are of.
        seconds: of training alone.
        compile_seconds: of the first call, before the clock started; near 0 when the loop was compiled before.
        steps_per_second: of training alone.
        stopped_early: whether ``patience`` ended it.
        config: what it was trained with.
    """

    params: Params
    history: tuple[TrainingPoint, ...]
    steps: int
    best_step: int
    seconds: float
    compile_seconds: float
    steps_per_second: float
    stopped_early: bool
    config: TrainingConfig


def train(
    loss: Loss,
    params: Params,
    data: Mapping[str, AnyArray],
    config: TrainingConfig | None = None,
    *,
    validate: Validate | None = None,
    frozen: tuple[str, ...] = (),
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Minimize the mean of ``loss`` over the rows of ``data``, batch by batch, with Adam.

    Each epoch takes the rows in a new random order, cut into batches; the rows that do not fill the last batch wait
    for another epoch. Same arguments, same seed, same machine: same result. The compiled loop is kept by
    (loss, learning_rate, weight_decay, frozen) and array shapes, so hand over the same function object, not a new
    closure, where several runs shall compile once.

    Args:
        loss: pure JAX function (params, batch, key) → mean loss of the batch.
        params: named float32 arrays, or dicts and lists of them.
        data: named arrays of n rows each; a batch has the same names with ``batch_size`` rows.
        config: see :class:`TrainingConfig`.
        validate: params → {"loss": …, …}; the lowest "loss" is kept. Also asked at the start.
        frozen: names in ``params`` that stay as they are.
        progress: called with (fraction, stage) at least every 32 steps.
        cancel: asked as often; True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: no rows, arrays of different lengths, an unknown name in ``frozen``, or a loss that is no longer
            finite.

    References:
        Kingma, Ba, *Adam: A Method for Stochastic Optimization* (ICLR 2015).

    >>> def loss(params, batch, key):
    ...     return ((batch["x"] * params["slope"] - batch["y"]) ** 2).mean()
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)
    >>> start = {"slope": np.float32(0)}
    >>> result = train(loss, start, {"x": x, "y": 3 * x}, TrainingConfig(epochs=100, batch_size=16, learning_rate=0.1))
    >>> round(float(result.params["slope"]), 2)
    3.0
    """
    import jax
    import jax.numpy as jnp

    config = config or TrainingConfig()
    rows = _rows(data)
    unknown = [name for name in frozen if name not in params]
    if unknown:
        raise UsageError(f"frozen names {unknown[0]!r}, which is no parameter; there are {', '.join(params)}")
    batch = min(config.batch_size, rows)
    per_epoch = rows // batch
    total = min(config.epochs * per_epoch, config.max_steps or 2**62)
    every = config.evaluate_every or per_epoch
    moving = {name: jax.tree.map(jnp.array, value) for name, value in params.items() if name not in frozen}
    fixed = {name: jax.tree.map(jnp.array, value) for name, value in params.items() if name in frozen}
    table = {name: jnp.asarray(values) for name, values in data.items()}
    begin, run = _loop(loss, config.learning_rate, config.weight_decay)
    state, key = begin(moving), jax.random.key(config.seed)
    batches = _batches(rows, batch, np.random.default_rng(config.seed))

    order = np.zeros((CHUNK, batch), dtype=np.int32)
    clock = time.perf_counter()
    moving, state, key, _ = run(moving, state, fixed, table, order, 0, key)  # no step: compiles
    jax.block_until_ready(moving)
    compile_seconds = time.perf_counter() - clock

    history: list[TrainingPoint] = []
    best, best_step, best_loss, waited, step = _copy(moving), 0, np.inf, 0, 0
    seconds, since, since_loss, stopped = 0.0, 0, 0.0, False

    def look() -> None:
        """Validate, and keep what is best so far."""
        nonlocal best, best_step, best_loss, waited
        found = dict(validate({**moving, **fixed})) if validate is not None else {}
        mean = since_loss / since if since else float("nan")
        history.append(TrainingPoint(step, step / per_epoch, seconds, mean, found))
        if found.get("loss", -np.inf) < best_loss or validate is None:
            best, best_step, best_loss, waited = _copy(moving), step, found.get("loss", np.inf), 0
        else:
            waited += 1

    look()
    while step < total and not stopped:
        if cancel is not None and cancel():
            raise TrainingCancelled(f"training was cancelled after {step} of {total} steps")
        if progress is not None:
            progress(step / total, f"step {step:,} of {total:,}")
        count = min(CHUNK, total - step, every - step % every)
        for i in range(count):
            order[i] = next(batches)
        clock = time.perf_counter()
        moving, state, key, value = run(moving, state, fixed, table, order, count, key)
        value = float(value)  # waits until the steps are done
        seconds += time.perf_counter() - clock
        step, since, since_loss = step + count, since + count, since_loss + value
        if not np.isfinite(value):
            raise UsageError(f"the loss is no longer finite after {step} steps; use a smaller learning_rate")
        if step % every == 0 or step == total:
            look()
            since, since_loss = 0, 0.0
            stopped = config.patience is not None and waited >= config.patience
    if progress is not None:
        progress(1.0, f"{step:,} steps")
    return TrainingResult(
        params={name: best[name] if name in best else _copy(fixed)[name] for name in params},
        history=tuple(history),
        steps=step,
        best_step=best_step,
        seconds=seconds,
        compile_seconds=compile_seconds,
        steps_per_second=step / seconds if seconds > 0 else 0.0,
        stopped_early=stopped,
        config=config,
    )


@lru_cache(maxsize=64)
def _loop(loss: Loss, learning_rate: float, weight_decay: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """(Trained parameters → state of the optimizer, several steps in one compiled call)."""
    import jax
    import jax.numpy as jnp
    import optax

    optimizer = optax.adamw(learning_rate, weight_decay=weight_decay) if weight_decay else optax.adam(learning_rate)

    def run(moving: Any, state: Any, fixed: Any, table: Any, order: Any, count: Any, key: Any) -> Any:
        def step(i: Any, carry: Any) -> Any:
            moving, state, key, total = carry
            key, own = jax.random.split(key)
            batch = {name: values[order[i]] for name, values in table.items()}
            value, gradient = jax.value_and_grad(lambda free: loss({**free, **fixed}, batch, own))(moving)
            updates, state = optimizer.update(gradient, state, moving)
            return optax.apply_updates(moving, updates), state, key, total + value

        # A loop whose length is an argument: the last, shorter chunk needs no second compilation.
        return jax.lax.fori_loop(0, count, step, (moving, state, key, jnp.float32(0)))

    return jax.jit(optimizer.init), jax.jit(run, donate_argnums=(0, 1))


def _rows(data: Mapping[str, AnyArray]) -> int:
    lengths = {name: len(values) for name, values in data.items()}
    if not lengths or 0 in lengths.values():
        raise UsageError("there are no rows to train on")
    if len(set(lengths.values())) > 1:
        raise UsageError(f"the arrays of data differ in length: {lengths}")
    return next(iter(lengths.values()))


def _batches(rows: int, batch: int, rng: np.random.Generator) -> Iterator[Int64Array]:
    while True:
        order = rng.permutation(rows)
        for start in range(0, rows - batch + 1, batch):
            yield order[start : start + batch]


def _copy(tree: Any) -> Any:
    """As NumPy arrays of their own: the loop overwrites its own."""
    import jax

    return jax.tree.map(lambda value: np.array(value, copy=True), tree)
