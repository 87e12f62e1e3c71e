"""Factorization machine: a linear model plus every pairwise interaction through inner products of embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from recemb_core.deep.features import FeatureTable
from recemb_core.deep.layers import look_up
from recemb_core.deep.training import Params
from recemb_core.validation import require, require_dimensions


@dataclass(frozen=True, kw_only=True)
class LogisticRegression:
    """ŷ = σ(w₀ + Σ_i w_i x_i): one weight for each value of each field, no interaction.

    >>> LogisticRegression().name
    'Logistic regression'
    """

    name: ClassVar[str] = "Logistic regression"

    def init(self, table: FeatureTable, seed: int = 0) -> Params:
        """All zero: w₀ (), w (m,)."""
        return {"bias": np.float32(0), "linear": np.zeros(table.n_features, dtype=np.float32)}

    def logits(self, params: Params, x: Any) -> Any:
        """x int (batch, F) → (batch,)."""
        return params["bias"] + look_up(params["linear"], x).sum(axis=1)


@dataclass(frozen=True, kw_only=True)
class FactorizationMachine:
    """ŷ = σ(w₀ + Σ_i w_i x_i + Σ_{i<j} ⟨v_i, v_j⟩ x_i x_j).

    The double sum over pairs costs O(k·n²); it equals ½ Σ_f [(Σ_i v_if x_i)² − Σ_i v_if² x_i²], which costs O(k·n).

    Attributes:
        dimensions: k, length of each v_i; larger tells more pairs apart and overfits sooner.
        init_scale: standard deviation of the random start of v.

    References:
        Rendle, *Factorization Machines* (ICDM 2010).
    """

    dimensions: int = 16
    init_scale: float = 0.05
    name: ClassVar[str] = "FM"

    def __post_init__(self) -> None:
        require_dimensions(self.dimensions)
        require(0 < self.init_scale <= 1, "init_scale", self.init_scale, "above 0 and at most 1")

    def init(self, table: FeatureTable, seed: int = 0) -> Params:
        """w₀ = 0 (), w = 0 (m,), v random (m, k)."""
        rng = np.random.default_rng(seed)
        return {
            "bias": np.float32(0),
            "linear": np.zeros(table.n_features, dtype=np.float32),
            "vectors": rng.normal(0, self.init_scale, (table.n_features, self.dimensions)).astype(np.float32),
        }

    def logits(self, params: Params, x: Any) -> Any:
        """x int (batch, F) → (batch,)."""
        linear = look_up(params["linear"], x).sum(axis=1)  # (batch,)
        v = look_up(params["vectors"], x)  # (batch, F, k)
        pairs = (v.sum(axis=1) ** 2 - (v**2).sum(axis=1)).sum(axis=1) / 2  # (batch,)
        return params["bias"] + linear + pairs
