"""Three networks over categorical fields; each puts the embedding layer between the one-hots and the dense layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from recemb_core.deep.features import FeatureTable
from recemb_core.deep.layers import dense, init_dense, look_up
from recemb_core.deep.training import Params
from recemb_core.validation import MOST_DIMENSIONS, UsageError, is_whole, require, require_dimensions


@dataclass(frozen=True, kw_only=True)
class FNN:
    """Factorization-machine supported neural network: an FM's weights, then dense layers.

    z = (w₀, z_1, …, z_F) with z_f = (w_i, v_i) of the value i that field f has; ŷ = σ(dense(z)).
    A field's z_f is k + 1 numbers long: the value's linear weight, and its vector.

    Attributes:
        dimensions: k, as in the FM whose vectors are copied.
        hidden: sizes of the dense layers between z and the answer.
        activation: after each hidden layer; the paper has "tanh".
        init_scale: standard deviation of a random embedding.

    References:
        Zhang, Du, Wang, *Deep Learning over Multi-field Categorical Data* (ECIR 2016).
    """

    dimensions: int = 16
    hidden: tuple[int, ...] = (64, 32)
    activation: Literal["relu", "tanh"] = "relu"
    init_scale: float = 0.05
    name: ClassVar[str] = "FNN"

    def __post_init__(self) -> None:
        _check(self.dimensions, self.hidden, self.init_scale)
        require(self.activation in ("relu", "tanh"), "activation", self.activation, "'relu' or 'tanh'")

    def init(self, table: FeatureTable, seed: int = 0) -> Params:
        """A random start: bias (), embedding (m, k + 1), dense layers from 1 + F·(k + 1) to 1."""
        rng = np.random.default_rng(seed)
        width = 1 + len(table.fields) * (self.dimensions + 1)
        embedding = rng.normal(0, self.init_scale, (table.n_features, self.dimensions + 1))
        embedding[:, 0] = 0  # the column of the linear weights starts as an FM's does
        return {
            "bias": np.float32(0),
            "embedding": embedding.astype(np.float32),
            "dense": init_dense(rng, [width, *self.hidden, 1]),
        }

    def init_from_fm(self, table: FeatureTable, fm: Params, seed: int = 0) -> Params:
        """A start from a trained FM: row i of the embedding is (w_i, v_i), the bias is w₀, copied to the last bit.

        The dense layers stay random, the same as those of :meth:`init` with this seed.

        Raises:
            ValueError: the FM has other fields or another k.
        """
        wanted = (table.n_features, self.dimensions)
        if np.shape(fm["vectors"]) != wanted:
            raise UsageError(f"the FM's vectors have shape {np.shape(fm['vectors'])}; this network needs {wanted}")
        embedding = np.concatenate([np.asarray(fm["linear"])[:, None], np.asarray(fm["vectors"])], axis=1)
        return {**self.init(table, seed), "bias": np.float32(fm["bias"]), "embedding": embedding.astype(np.float32)}

    def logits(self, params: Params, x: Any) -> Any:
        """x int (batch, F) → (batch,)."""
        import jax.numpy as jnp

        z = look_up(params["embedding"], x)  # (batch, F, k + 1)
        z = z.reshape(len(x), -1)  # (batch, F·(k + 1))
        bias = jnp.broadcast_to(params["bias"], (len(x), 1))  # (batch, 1)
        return dense(params["dense"], jnp.concatenate([bias, z], axis=1), activation=self.activation)[:, 0]


@dataclass(frozen=True, kw_only=True)
class WideAndDeep:
    """Wide & Deep: a linear model over one-hots and their crosses beside embeddings with dense layers, summed.

    ŷ = σ(b + Σ w_i x_i + Σ c_h(i,j) x_i x_j + dense(concatenated embeddings)). A cross is 1 where both values occur
    together; each pair of values has a weight of its own (crosses share weights where their hashes meet).
    The paper trains the wide side with FTRL and L1; here Adam trains both.

    Attributes:
        dimensions: length of each embedding.
        hidden: sizes of the dense layers.
        crosses: pairs of columns that are crossed; see :func:`wide_and_deep` for the usual ones.
        buckets: weights for the crosses; fewer means more of them meet in one.
        init_scale: standard deviation of a random embedding.

    References:
        Cheng et al., *Wide & Deep Learning for Recommender Systems* (2016), arXiv 1606.07792.
    """

    dimensions: int = 16
    hidden: tuple[int, ...] = (64, 32)
    crosses: tuple[tuple[int, int], ...] = ()
    buckets: int = 2**16
    init_scale: float = 0.05
    name: ClassVar[str] = "Wide & Deep"

    def __post_init__(self) -> None:
        _check(self.dimensions, self.hidden, self.init_scale)
        require(is_whole(self.buckets) and self.buckets >= 1, "buckets", self.buckets, "a whole number, at least 1")

    def init(self, table: FeatureTable, seed: int = 0) -> Params:
        """Wide side 0: bias (), wide (m,), crossed (buckets,); deep side random: embedding (m, d), dense layers."""
        rng = np.random.default_rng(seed)
        return {
            "bias": np.float32(0),
            "wide": np.zeros(table.n_features, dtype=np.float32),
            "crossed": np.zeros(self.buckets, dtype=np.float32),
            "embedding": _random_rows(rng, table.n_features, self.dimensions, self.init_scale),
            "dense": init_dense(rng, [len(table.fields) * self.dimensions, *self.hidden, 1]),
        }

    def logits(self, params: Params, x: Any) -> Any:
        """x int (batch, F) → (batch,)."""
        wide = params["bias"] + look_up(params["wide"], x).sum(axis=1)  # (batch,)
        for a, b in self.crosses:
            wide = wide + look_up(params["crossed"], self.bucket(x[:, a], x[:, b]))  # (batch,)
        z = look_up(params["embedding"], x).reshape(len(x), -1)  # (batch, F·d)
        return wide + dense(params["dense"], z)[:, 0]

    def bucket(self, a: Any, b: Any) -> Any:
        """The weight that a pair of values uses, int (batch,); −1 where one of them is unknown."""
        import jax.numpy as jnp

        # Knuth's multiplicative hashing, in 32 bits that wrap round.
        mixed = (a.astype(jnp.uint32) * jnp.uint32(2654435761)) ^ (b.astype(jnp.uint32) * jnp.uint32(2246822519))
        mixed = (mixed ^ (mixed >> 15)) * jnp.uint32(3266489917)
        places = ((mixed ^ (mixed >> 13)) % jnp.uint32(self.buckets)).astype(jnp.int32)
        return jnp.where((a >= 0) & (b >= 0), places, -1)


def wide_and_deep(table: FeatureTable, **options: Any) -> WideAndDeep:
    """Wide & Deep with the usual crosses: who × item, and the item before × item, the paper's "installed × shown"."""
    item = table.column("item")
    others = [i for i, field in enumerate(table.fields) if field.kind in ("user", "context")]
    crosses = tuple((i, item) for i in others if item is not None)
    return WideAndDeep(crosses=crosses, **options)


@dataclass(frozen=True, kw_only=True)
class DeepCrossing:
    """Deep Crossing: embeddings, stacked, then residual units instead of hand-made crosses.

    A unit gives relu(x + W₁ relu(W₀ x + b₀) + b₁): it only has to learn what to add to x.
    The paper embeds only fields of more than 256 values; here every field is.

    Attributes:
        dimensions: length of each embedding.
        units: residual units, one after another.
        inner: width inside a unit.
        init_scale: standard deviation of a random embedding.

    References:
        Shan et al., *Deep Crossing: Web-Scale Modeling without Manually Crafted Combinatorial Features* (KDD 2016).
    """

    dimensions: int = 16
    units: int = 2
    inner: int = 64
    init_scale: float = 0.05
    name: ClassVar[str] = "Deep Crossing"

    def __post_init__(self) -> None:
        _check(self.dimensions, (self.inner,), self.init_scale)
        require(is_whole(self.units) and self.units >= 1, "units", self.units, "a whole number, at least 1")

    def init(self, table: FeatureTable, seed: int = 0) -> Params:
        """Random: embedding (m, d), units of two layers each, and the scoring layer from F·d to 1."""
        rng = np.random.default_rng(seed)
        width = len(table.fields) * self.dimensions
        return {
            "embedding": _random_rows(rng, table.n_features, self.dimensions, self.init_scale),
            "units": [init_dense(rng, [width, self.inner, width]) for _ in range(self.units)],
            "score": init_dense(rng, [width, 1]),
        }

    def logits(self, params: Params, x: Any) -> Any:
        """x int (batch, F) → (batch,)."""
        import jax

        z = look_up(params["embedding"], x).reshape(len(x), -1)  # (batch, F·d)
        for unit in params["units"]:
            z = jax.nn.relu(z + dense(unit, z))  # (batch, F·d)
        return dense(params["score"], z)[:, 0]


def _random_rows(rng: np.random.Generator, rows: int, dimensions: int, scale: float) -> np.ndarray:
    return rng.normal(0, scale, (rows, dimensions)).astype(np.float32)


def _check(dimensions: int, hidden: tuple[int, ...], init_scale: float) -> None:
    require_dimensions(dimensions)
    sizes = len(hidden) >= 1 and all(is_whole(size) and 1 <= size <= MOST_DIMENSIONS for size in hidden)
    require(sizes, "hidden", hidden, f"sizes from 1 to {MOST_DIMENSIONS:,}, one for each layer")
    require(0 < init_scale <= 1, "init_scale", init_scale, "above 0 and at most 1")
