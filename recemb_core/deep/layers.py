"""What every network is made of: the embedding lookup and dense layers, as plain functions of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from recemb_core.arrays import Float32Array


def look_up(table: Any, index: Any) -> Any:
    """Rows of an embedding table: one-hot (1, m) times W (m, d), without the multiplication.

    Args:
        table: W, (m, d) or (m,).
        index: int (…), the position of each one-hot's 1; −1 is a one-hot without a 1 (missing or unseen).

    Returns:
        (…, d) or (…); zeros at −1, through which no gradient flows.

    >>> look_up(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, -1])).tolist()
    [[3.0, 4.0], [0.0, 0.0]]
    """
    import jax.numpy as jnp

    table, index = jnp.asarray(table), jnp.asarray(index)
    known = (index >= 0).reshape(index.shape + (1,) * (table.ndim - 1))
    return jnp.where(known, table[jnp.maximum(index, 0)], 0)


def init_dense(rng: np.random.Generator, sizes: Sequence[int]) -> dict[str, list[Float32Array]]:
    """Weights and biases of dense layers of these sizes, input first: w ~ N(0, 2 / inputs), b = 0.

    References:
        He, Zhang, Ren, Sun, *Delving Deep into Rectifiers* (ICCV 2015).

    >>> [w.shape for w in init_dense(np.random.default_rng(0), [8, 4, 1])["w"]]
    [(8, 4), (4, 1)]
    """
    pairs = list(pairwise(sizes))
    return {
        "w": [rng.normal(0, (2 / a) ** 0.5, (a, b)).astype(np.float32) for a, b in pairs],
        "b": [np.zeros(b, dtype=np.float32) for _, b in pairs],
    }


def dense(params: dict[str, Any], x: Any, *, activation: str = "relu", last: str | None = None) -> Any:
    """x → f(x·w + b), layer after layer; x (…, inputs) → (…, outputs).

    Args:
        params: as :func:`init_dense` makes them.
        activation: between layers, "relu" or "tanh".
        last: after the last layer; None: nothing.
    """
    import jax
    import jax.numpy as jnp

    functions: dict[str | None, Any] = {"relu": jax.nn.relu, "tanh": jnp.tanh, None: lambda x: x}
    end = len(params["w"]) - 1
    for i, (w, b) in enumerate(zip(params["w"], params["b"], strict=True)):
        x = functions[last if i == end else activation](x @ w + b)
    return x
