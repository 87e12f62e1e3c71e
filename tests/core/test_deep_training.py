"""The training loop: it finds known answers, repeats, keeps the best, stops early, and can be stopped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recemb_core.deep.training import CHUNK, TrainingConfig, train
from recemb_core.embeddings import TrainingCancelled

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 3)).astype(np.float32)
TRUTH = np.array([1.0, -2.0, 0.5], dtype=np.float32)
DATA = {"x": X, "y": X @ TRUTH + 1}


def squares(params: Any, batch: Any, key: Any) -> Any:
    return ((batch["x"] @ params["w"] + params["b"] - batch["y"]) ** 2).mean()


def start() -> dict[str, Any]:
    return {"w": np.zeros(3, dtype=np.float32), "b": np.float32(0)}


@pytest.mark.slow
def test_importing_the_package_imports_no_jax() -> None:
    code = (
        "import sys, recemb_core.deep, recemb_core.experiments.pretraining; print({'jax', 'optax'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.slow
def test_a_line_is_found() -> None:
    given = start()
    result = train(squares, given, DATA, TrainingConfig(epochs=100, batch_size=50, learning_rate=0.05))
    np.testing.assert_allclose(result.params["w"], TRUTH, atol=0.02)
    assert float(result.params["b"]) == pytest.approx(1, abs=0.02)
    assert result.steps == 1_000
    assert result.steps_per_second > 0
    assert not np.any(given["w"])  # what was handed over is not touched


@pytest.mark.slow
def test_a_seed_repeats_and_another_does_not() -> None:
    runs = [
        train(squares, start(), DATA, TrainingConfig(epochs=2, batch_size=64, seed=seed)).params["w"]
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


@pytest.mark.slow
def test_every_row_is_seen_once_an_epoch() -> None:
    def mark(params: Any, batch: Any, key: Any) -> Any:
        # The gradient of each weight is 1/batch where its row is in the batch.
        return (params["w"][batch["row"]]).mean()

    rows = 96
    config = TrainingConfig(epochs=1, batch_size=32, learning_rate=0.1)
    result = train(mark, {"w": np.zeros(rows, dtype=np.float32)}, {"row": np.arange(rows, dtype=np.int32)}, config)
    assert result.steps == 3
    assert (result.params["w"] < 0).all()


@pytest.mark.parametrize("steps", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
@pytest.mark.slow
def test_max_steps_is_exact(steps: int) -> None:
    result = train(squares, start(), DATA, TrainingConfig(epochs=10**6, max_steps=steps, patience=None))
    assert result.steps == steps
    assert result.history[-1].step == steps


@pytest.mark.slow
def test_a_chunk_is_the_same_as_single_steps() -> None:
    """The compiled loop over 40 steps does what 40 single steps of Adam written out by hand do."""
    config = TrainingConfig(max_steps=40, epochs=10**6, batch_size=500, learning_rate=0.01)
    result = train(squares, start(), DATA, config)
    w, b = np.zeros(3), 0.0
    m, v = np.zeros(4), np.zeros(4)
    for t in range(1, 41):
        error = X @ w + b - DATA["y"]
        g = np.append(2 * (X * error[:, None]).mean(axis=0), 2 * error.mean())
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        move = 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        w, b = w - move[:3], b - move[3]
    np.testing.assert_allclose(result.params["w"], w, atol=1e-4)


@pytest.mark.slow
def test_early_stopping_keeps_the_best() -> None:
    losses = iter([5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 0.0])
    config = TrainingConfig(epochs=50, batch_size=100, patience=3)
    result = train(squares, start(), DATA, config, validate=lambda params: {"loss": next(losses)})
    assert result.stopped_early
    assert [point.validation["loss"] for point in result.history] == [5.0, 4.0, 3.0, 3.5, 3.2, 3.1]
    assert result.best_step == result.history[2].step == 10
    assert result.steps == 25


def test_the_start_can_be_the_best() -> None:
    losses = iter([1.0, 2.0, 3.0])
    config = TrainingConfig(epochs=2, patience=None)
    result = train(squares, start(), DATA, config, validate=lambda params: {"loss": next(losses)})
    assert result.best_step == 0
    assert not np.any(result.params["w"])


def test_history_is_in_order_and_starts_at_zero() -> None:
    config = TrainingConfig(epochs=3, batch_size=100, evaluate_every=2, patience=None)
    seen: list[float] = []
    result = train(squares, start(), DATA, config, validate=lambda params: {"loss": float(seen.append(0) or 1)})
    assert [point.step for point in result.history] == [0, 2, 4, 6, 8, 10, 12, 14, 15]
    assert result.history[0].seconds == 0
    assert np.isnan(result.history[0].train_loss)
    assert result.history[-1].epoch == pytest.approx(3)
    assert len(seen) == len(result.history)


@pytest.mark.slow
def test_frozen_parameters_stay_to_the_bit() -> None:
    given = start() | {"w": np.array([0.3, 0.1, -7], dtype=np.float32)}
    result = train(squares, given, DATA, TrainingConfig(epochs=2), frozen=("w",))
    np.testing.assert_array_equal(result.params["w"], given["w"])
    assert float(result.params["b"]) != 0
    with pytest.raises(ValueError, match=r"'bias'.*there are w, b"):
        train(squares, start(), DATA, frozen=("bias",))


@pytest.mark.slow
def test_progress_rises_and_cancel_is_asked_every_chunk() -> None:
    told: list[float] = []
    config = TrainingConfig(epochs=10**6, max_steps=10 * CHUNK, batch_size=50)
    train(squares, start(), DATA, config, progress=lambda fraction, stage: told.append(fraction))
    assert told == sorted(told)
    assert told[0] == 0
    assert told[-1] == 1
    assert len(told) >= 10
    asked: list[int] = []

    def third_time() -> bool:
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(TrainingCancelled, match=r"after 20 of 320 steps"):
        train(squares, start(), DATA, config, cancel=third_time)


def test_an_exception_in_progress_ends_the_training() -> None:
    def stop(fraction: float, stage: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(squares, start(), DATA, progress=stop)


@pytest.mark.slow
def test_a_loss_that_runs_away_is_said() -> None:
    def explode(params: Any, batch: Any, key: Any) -> Any:
        return params["w"].sum() / 0.0 * batch["x"].sum()

    with pytest.raises(ValueError, match="smaller learning_rate"):
        train(explode, start(), DATA)


@pytest.mark.parametrize(
    ("data", "words"), [({}, "no rows"), ({"x": X[:0]}, "no rows"), ({"x": X, "y": X[:7]}, "differ in length")]
)
def test_bad_rows_are_refused(data: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        train(squares, start(), data)


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0}, {"batch_size": 1.5}, {"learning_rate": 0.0}, {"learning_rate": 2.0}, {"patience": 0},
        {"evaluate_every": 0}, {"max_steps": 0}, {"weight_decay": -1.0}, {"seed": -1},
    ],
)  # fmt: skip
def test_bad_settings_are_named(values: dict[str, Any]) -> None:
    ((name, value),) = values.items()
    with pytest.raises(ValueError, match=f"{name} must be .* not {value}"):
        TrainingConfig(**values)


@pytest.mark.slow
def test_the_random_key_differs_from_step_to_step_and_repeats_with_the_seed() -> None:
    def noisy(params: Any, batch: Any, key: Any) -> Any:
        import jax

        return (params["w"] * jax.random.normal(key, (3,))).sum() + 0 * batch["x"].sum()

    runs = [train(noisy, start(), DATA, TrainingConfig(epochs=3, seed=s)).params["w"] for s in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])
    assert len(np.unique(np.abs(runs[0]))) == 3
