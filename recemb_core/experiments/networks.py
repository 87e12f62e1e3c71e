"""Networks side by side on one feature table: what the embedding layer holds, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from recemb_core.array_files import from_json, from_plain, to_json
from recemb_core.arrays import AnyArray, Float32Array
from recemb_core.deep.click_scores import ClickScores, Difference
from recemb_core.deep.features import FeatureConfig, FeatureTable
from recemb_core.deep.fitting import POPULARITY, Network, compare_on_test, fit
from recemb_core.deep.fm import FactorizationMachine, LogisticRegression
from recemb_core.deep.networks import FNN, DeepCrossing, wide_and_deep
from recemb_core.deep.training import Params, TrainingConfig, TrainingResult
from recemb_core.progress import Progress
from recemb_core.validation import is_whole, require


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """What is compared.

    Attributes:
        dimensions: d, numbers an embedding has.
        features: the rows.
        training: the same for all models.
    """

    dimensions: int = 16
    features: FeatureConfig = field(default_factory=FeatureConfig)
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(epochs=8, learning_rate=0.003, patience=2))

    def __post_init__(self) -> None:
        allowed = is_whole(self.dimensions) and 1 <= self.dimensions <= 256
        require(allowed, "dimensions", self.dimensions, "a whole number from 1 to 256")


def layer_defaults(dimensions: int = 16, popularity_power: float = 0.75, seed: int = 0) -> LayerConfig:
    """What the page compares.

    >>> layer_defaults().training.epochs
    8
    """
    features, base = FeatureConfig(popularity_power=popularity_power, seed=seed), LayerConfig()
    return LayerConfig(dimensions=dimensions, features=features, training=replace(base.training, seed=seed))


@dataclass(frozen=True, eq=False)
class NetworkReport:
    """One model.

    Attributes:
        name: for people.
        scores: AUC and log loss on the test part, with intervals.
        difference: AUC minus that of logistic regression on the same users.
        parameters: how many numbers it learns, by name.
        seconds: of training, without compiling.
        steps_per_second: the same as speed.
        epochs: passes over the rows until the lowest validation loss.
        embedding: float32 (m, d), trained; None for models without an embedding layer.
    """

    name: str
    scores: ClickScores
    difference: Difference
    parameters: dict[str, int]
    seconds: float
    steps_per_second: float
    epochs: float
    embedding: Float32Array | None = None


@dataclass(frozen=True, eq=False)
class LayerReport:
    """Models on the same test rows: popularity, logistic regression, FM and three networks.

    Attributes:
        models: in this order.
        rows, users: how many test rows of how many users.
        config: what was compared.
    """

    models: tuple[NetworkReport, ...]
    rows: int
    users: int
    config: LayerConfig

    def model(self, name: str) -> NetworkReport:
        """By its name."""
        return next(model for model in self.models if model.name == name)

    def to_arrays(self) -> dict[str, AnyArray]:
        """Everything as arrays by name, embeddings in float16; :meth:`from_arrays` reads it back."""
        arrays: dict[str, AnyArray] = {
            f"embedding {m.name}": m.embedding.astype(np.float16) for m in self.models if m.embedding is not None
        }
        plain = [asdict(replace(m, embedding=None)) for m in self.models]
        meta = {"models": plain, "rows": self.rows, "users": self.users, "config": asdict(self.config)}
        return {**arrays, "meta": to_json(meta)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> LayerReport:
        """What :meth:`to_arrays` gave."""
        meta = from_json(arrays["meta"])
        for plain in meta["models"]:
            name = f"embedding {plain['name']}"
            plain["embedding"] = arrays[name].astype(np.float32) if name in arrays else None
        report: LayerReport = from_plain(cls, meta)
        return report


def networks(table: FeatureTable, dimensions: int = 16) -> tuple[Network, ...]:
    """Logistic regression, FM, FNN, Wide & Deep and Deep Crossing with embeddings of one length."""
    return (
        LogisticRegression(),
        FactorizationMachine(dimensions=dimensions),
        FNN(dimensions=dimensions),
        wide_and_deep(table, dimensions=dimensions),
        DeepCrossing(dimensions=dimensions),
    )


def compare_networks(
    table: FeatureTable,
    config: LayerConfig | None = None,
    *,
    trained: dict[str, TrainingResult] | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> LayerReport:
    """Train every model on the training part and score all on the test part, beside popularity.

    Args:
        table: drawn with ``config.features``.
        config: see :class:`LayerConfig`.
        trained: results by model name; those in it are not trained again, new ones are put in, so that a run that
            was stopped goes on where it was.
        progress, cancel: called with (fraction, stage); True ends it with ``TrainingCancelled``.
    """
    config = config or LayerConfig()
    trained = {} if trained is None else trained
    all_networks = networks(table, config.dimensions)
    for done, network in enumerate(all_networks):
        if network.name in trained:
            continue

        def tell(fraction: float, stage: str, done: int = done, name: str = network.name) -> None:
            if progress is not None:
                progress((done + fraction) / len(all_networks), f"{name}, {stage}")

        trained[network.name] = fit(network, table, config.training, progress=tell, cancel=cancel)
    models = {n.name: (n, trained[n.name].params) for n in all_networks}
    found = compare_on_test(table, models, against=LogisticRegression.name, seed=config.features.seed)
    per_epoch = max(1, len(table.rows("train")) // config.training.batch_size)

    def report(name: str) -> NetworkReport:
        judged = (name, found.scores[name], found.differences[name])
        if name == POPULARITY:
            return NetworkReport(*judged, {}, 0.0, 0.0, 0.0)
        result = trained[name]
        sizes, epochs = count_parameters(result.params), result.best_step / per_epoch
        embedding = result.params.get("embedding")
        vectors = None if embedding is None else np.asarray(embedding, dtype=np.float32)
        return NetworkReport(*judged, sizes, result.seconds, result.steps_per_second, epochs, vectors)

    return LayerReport(tuple(map(report, (POPULARITY, *models))), found.rows, found.users, config)


def count_parameters(params: Params) -> dict[str, int]:
    """How many numbers each named part holds.

    >>> count_parameters({"bias": np.float32(0), "dense": {"w": [np.zeros((2, 3))], "b": [np.zeros(3)]}})
    {'bias': 1, 'dense': 9}
    """
    return {name: _count(value) for name, value in params.items()}


def _count(value: Any) -> int:
    inside = value.values() if isinstance(value, Mapping) else value
    return sum(map(_count, inside)) if isinstance(value, Mapping | list | tuple) else int(np.size(value))
