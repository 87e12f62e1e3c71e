"""Does a good start help? FNN from random, FM, graph embeddings and vectors made elsewhere, over several seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, cast

import numpy as np

from recemb_core.array_files import from_json, from_plain, to_json
from recemb_core.arrays import AnyArray, Float32Array, Float64Array
from recemb_core.auc import auc
from recemb_core.deep.features import FeatureConfig, feature_table
from recemb_core.deep.fitting import fit, probabilities
from recemb_core.deep.networks import FNN
from recemb_core.deep.training import TrainingConfig
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.experiments.starts import OWN_STARTS, START_NAMES, Start, Starts, item_vectors
from recemb_core.layouts import UMAPConfig, umap_layout
from recemb_core.progress import Progress
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError, is_whole, require


@dataclass(frozen=True, kw_only=True)
class PretrainingConfig:
    """What is compared, on which rows, how long.

    Attributes:
        starts: which starts; keys of :data:`~recemb_core.experiments.starts.START_NAMES`.
        seeds: runs of each start; the band comes from them.
        features: the rows.
        network: the FNN; its ``dimensions`` are also those of the FM and of the graph embeddings.
        fm_training: how the FM is trained before.
        training: how the FNN is trained after, the same for every start.
        graph_scale: root mean square of a graph vector's entries after copying; an FM's come out at 0.1 to 0.3.
        seed: of the first run; the others follow it.
    """

    starts: tuple[Start, ...] = OWN_STARTS
    seeds: int = 3
    features: FeatureConfig = field(default_factory=FeatureConfig)
    network: FNN = field(default_factory=FNN)
    fm_training: TrainingConfig = field(default_factory=TrainingConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    graph_scale: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        known = len(self.starts) >= 1 and all(start in START_NAMES for start in self.starts)
        require(known, "starts", self.starts, f"one or more of {', '.join(START_NAMES)}")
        require(is_whole(self.seeds) and 1 <= self.seeds <= 20, "seeds", self.seeds, "from 1 to 20")
        require(0 < self.graph_scale <= 10, "graph_scale", self.graph_scale, "above 0 and at most 10")
        require(is_whole(self.seed) and 0 <= self.seed < 2**31, "seed", self.seed, "from 0 to 2^31 − 1")


def pretraining_defaults(
    events: int = 40_000, seeds: int = 3, starts: tuple[Start, ...] = OWN_STARTS, seed: int = 0
) -> PretrainingConfig:
    """What the page compares: five epochs from each start, four validations an epoch, no early stopping.

    Without early stopping the curves of all runs are equally long, and overfitting can be seen. The learning rates
    were chosen on the groceries: the FM needs a larger one than the network that is to keep what the FM has found.

    >>> pretraining_defaults(seeds=2).training.patience is None
    True
    """
    features = FeatureConfig(max_positives=events, seed=seed)
    batch = 512
    steps = max(1, round(events * (1 + features.negatives) * 0.8 / batch))
    return PretrainingConfig(
        starts=starts,
        seeds=seeds,
        features=features,
        fm_training=TrainingConfig(epochs=6, batch_size=batch, learning_rate=0.003, patience=2),
        training=TrainingConfig(
            epochs=5, batch_size=batch, learning_rate=0.001, patience=None, evaluate_every=max(1, steps // 4)
        ),
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One run of the FNN.

    Attributes:
        start: where it started.
        seed: of start and order of rows.
        epochs, seconds, train_loss, loss, auc: at the start and after each validation; loss and AUC are those of the
            validation part, seconds those of training the FNN alone.
        seconds_before: of training what was copied (FM or graph embedding); 0 for the random start.
        test_auc: of the parameters with the lowest validation loss.
        steps_per_second: of training.
    """

    start: Start
    seed: int
    epochs: Float64Array
    seconds: Float64Array
    train_loss: Float64Array
    loss: Float64Array
    auc: Float64Array
    seconds_before: float
    test_auc: float
    steps_per_second: float


@dataclass(frozen=True, eq=False)
class PretrainingReport:
    """All runs, and the item embeddings of the first seed before and after.

    Attributes:
        curves: one for each start and seed.
        before, after: start → float32 (n_items, k), the item field's vectors copied in, and after training.
        sample: what rows were used, in words.
        rows: training, validation and test rows.
        n_features: length of the one-hot.
        seconds: of the whole comparison, as it took where it ran.
        config: what was compared.
    """

    curves: tuple[LearningCurve, ...]
    before: dict[str, Float32Array]
    after: dict[str, Float32Array]
    sample: str
    rows: tuple[int, int, int]
    n_features: int
    seconds: float
    config: PretrainingConfig

    def of(self, start: Start) -> list[LearningCurve]:
        """The curves of one start, by seed."""
        return [curve for curve in self.curves if curve.start == start]

    def to_arrays(self) -> dict[str, AnyArray]:
        """Everything as arrays by name, item vectors in float16; :meth:`from_arrays` reads it back."""
        every = [(i, name, value) for i, curve in enumerate(self.curves) for name, value in vars(curve).items()]
        arrays = {f"curve {i} {name}": value for i, name, value in every if isinstance(value, np.ndarray)}
        for when, vectors in (("before", self.before), ("after", self.after)):
            arrays |= {f"{when} {start}": value.astype(np.float16) for start, value in vectors.items()}
        lines = [{k: v for k, v in vars(curve).items() if not isinstance(v, np.ndarray)} for curve in self.curves]
        meta = {"curves": lines, "sample": self.sample, "rows": self.rows, "n_features": self.n_features}
        meta |= {"seconds": self.seconds, "config": asdict(self.config)}
        return {**arrays, "meta": to_json(meta)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, AnyArray]) -> PretrainingReport:
        """What :meth:`to_arrays` gave."""
        meta = from_json(arrays["meta"])

        def part(word: str) -> dict[str, AnyArray]:
            return {name.removeprefix(word): arrays[name] for name in arrays if name.startswith(word)}

        for i, plain in enumerate(meta["curves"]):
            plain |= part(f"curve {i} ")
        for when in ("before", "after"):
            meta[when] = {start: value.astype(np.float32) for start, value in part(f"{when} ").items()}
        report: PretrainingReport = from_plain(cls, meta)
        return report


def compare_starts(
    sequences: Sequences,
    config: PretrainingConfig | None = None,
    *,
    brought: ItemVectors | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> PretrainingReport:
    """Train the same FNN on the same rows from several starts.

    The FM is trained on the training rows; graph embeddings on the item graph of the training part's sequences
    (for baskets its noise-corrected backbone, 8 edges an item). Their vectors are copied into the embedding of the
    item field and of the item-before field, so that nothing of the validation or test part is known before.
    Everything else starts at random, the same for every start of one seed.

    Args:
        sequences: see :func:`~recemb_core.deep.features.feature_table`.
        config: see :class:`PretrainingConfig`.
        brought: vectors made elsewhere, of the start ``"brought"``, in the order of the sequences' items
            (:meth:`~recemb_core.brought.Brought.aligned`); brought to the network's dimensions by
            :func:`~recemb_core.experiments.starts.narrowed`. What they have seen of the log is not known here.
        progress, cancel: called with (fraction, stage); True ends it with ``TrainingCancelled``.

    Raises:
        UsageError: a start from vectors made elsewhere without these, or with those of other items.
    """
    config = config or PretrainingConfig()
    if "brought" in config.starts and (brought is None or brought.items.ids != sequences.items.ids):
        raise UsageError(
            "the start 'brought' needs vectors in the order of the sequences' items: give brought, as "
            "read_vectors(file).aligned(sequences.items)[0] has them"
        )
    begun = time.perf_counter()
    table = feature_table(sequences, config.features)
    runs = [(config.seed + i, start) for i in range(config.seeds) for start in config.starts]
    curves: list[LearningCurve] = []
    before: dict[str, Float32Array] = {}
    after: dict[str, Float32Array] = {}
    given = (config.network, config.fm_training, config.graph_scale, brought, cancel)
    starts = Starts(sequences, table, *given)
    for done, (seed, start) in enumerate(runs):

        def tell(fraction: float, stage: str, done: int = done, seed: int = seed, start: Start = start) -> None:
            if progress is not None:
                progress((done + fraction) / len(runs), f"{START_NAMES[start]}, seed {seed}: {stage}")

        tell(0.0, "preparing")
        params, seconds_before = starts.make(start, seed, tell)
        training = replace(config.training, seed=seed)
        frozen = ("embedding", "bias") if start == "fm_frozen" else ()
        result = fit(config.network, table, training, start=params, frozen=frozen, progress=tell, cancel=cancel)
        points, test = result.history, table.data("test")
        curves.append(
            LearningCurve(
                start=start,
                seed=seed,
                epochs=np.array([p.epoch for p in points]),
                seconds=np.array([p.seconds for p in points]),
                train_loss=np.array([p.train_loss for p in points]),
                loss=np.array([p.validation["loss"] for p in points]),
                auc=np.array([p.validation["auc"] for p in points]),
                seconds_before=seconds_before,
                test_auc=auc(test["y"], probabilities(config.network, result.params, test["x"])),
                steps_per_second=result.steps_per_second,
            )
        )
        if seed == config.seed:
            before[start] = item_vectors(table, params)
            after[start] = item_vectors(table, result.params)
    rows = tuple(len(table.rows(part)) for part in ("train", "validation", "test"))
    return PretrainingReport(
        curves=tuple(curves),
        before=before,
        after=after,
        sample=table.sample,
        rows=cast("tuple[int, int, int]", rows),
        n_features=table.n_features,
        seconds=time.perf_counter() - begun,
        config=config,
    )


def before_and_after(before: Float32Array, after: Float32Array, umap: UMAPConfig) -> Float32Array:
    """Maps of vectors before and after training, float32 (2, n, 2); items whose neighbors stay do not move.

    The second is laid out first and the first is started from it: a random start has no shape to start from.
    """
    end = umap_layout(after, umap)
    return np.stack([umap_layout(before, umap, start=end), end])


@dataclass(frozen=True, eq=False)
class CurveBand:
    """A start's learning curves as one line with its band over seeds.

    Attributes:
        start: which.
        x: epochs, or seconds (mean over seeds).
        mean, low, high: of the measure at each point; low and high are the smallest and largest over seeds.
        seeds: number of runs.
    """

    start: Start
    x: Float64Array
    mean: Float64Array
    low: Float64Array
    high: Float64Array
    seeds: int


def curve_bands(
    report: PretrainingReport,
    measure: Literal["loss", "auc", "train_loss"] = "loss",
    by: Literal["epochs", "seconds", "all_seconds"] = "epochs",
) -> list[CurveBand]:
    """The curves of each start as mean and band, as far as all its runs go (one may have stopped early).

    Args:
        measure: what goes up and down.
        by: passes over the rows, seconds of training the FNN, or those and the seconds that its start took before.
    """
    found = []
    for start in report.config.starts:
        curves = report.of(start)
        points = min(len(curve.epochs) for curve in curves)
        first = 1 if measure == "train_loss" else 0  # there is no training loss before the first step
        values = np.array([getattr(curve, measure)[first:points] for curve in curves])
        x = np.array([(curve.epochs if by == "epochs" else curve.seconds)[first:points] for curve in curves])
        if by == "all_seconds":
            x = x + np.array([[curve.seconds_before] for curve in curves])
        x = x.mean(axis=0)
        found.append(CurveBand(start, x, values.mean(axis=0), values.min(axis=0), values.max(axis=0), len(curves)))
    return found


@dataclass(frozen=True)
class Reached:
    """How long a start takes to a validation loss.

    Attributes:
        start: which.
        epochs, seconds: of each run that got there, in training the FNN.
        runs: all runs, also those that never got there.
    """

    start: Start
    epochs: tuple[float, ...]
    seconds: tuple[float, ...]
    runs: int


def reach(report: PretrainingReport, loss: float | None = None) -> tuple[float, list[Reached]]:
    """Epochs and seconds until each start's validation loss is at or below a value, interpolated between validations.

    Args:
        loss: the value; None: the lowest that every run of the random start reaches (of the first start, where there
            is no random one).

    Returns:
        (the value, one :class:`Reached` for each start).
    """
    starts = report.config.starts
    if loss is None:
        base: Start = "random" if "random" in starts else starts[0]
        loss = float(max(curve.loss.min() for curve in report.of(base)))
    found = []
    for start in starts:
        epochs: list[float] = []
        seconds: list[float] = []
        for curve in report.of(start):
            there = np.flatnonzero(curve.loss <= loss)
            if len(there) == 0:
                continue
            around = slice(max(there[0] - 1, 0), there[0] + 1)  # losses fall from the one to the other
            for times, axis in ((epochs, curve.epochs), (seconds, curve.seconds)):
                times.append(float(np.interp(-loss, -curve.loss[around], axis[around])))
        found.append(Reached(start, tuple(epochs), tuple(seconds), len(report.of(start))))
    return loss, found
