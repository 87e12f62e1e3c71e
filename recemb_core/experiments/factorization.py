"""What skip-gram with negative sampling learns: v · v′ against the mutual information of the pairs it was shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.arrays import AnyArray, Float64Array, Int32Array, Int64Array
from recemb_core.embeddings.item2vec import Item2VecConfig
from recemb_core.embeddings.noise import noise_distribution
from recemb_core.embeddings.pairs import is_negative_sampling, pair_table
from recemb_core.embeddings.registry import train_model
from recemb_core.embeddings.word2vec import Word2VecConfig
from recemb_core.progress import Cancel, Progress, Reporter
from recemb_core.validation import is_whole, require

if TYPE_CHECKING:
    from recemb_core.embeddings.item_vectors import ItemVectors
    from recemb_core.sequences import Sequences

AT_LEAST = (1, 2, 5, 10, 20, 50)  # times that a pair was seen, from which on it is looked at
CELLS = 60  # of the density, to either side
PARTNERS = 5  # named pairs of each item
SHOWN_PAIRS = 30_000_000  # that one training is shown, about: ten seconds


@dataclass(frozen=True, kw_only=True)
class FactorizationConfig:
    """Which trainings are held against the pairs they saw.

    Attributes:
        model: what makes pairs and trains on them: word2vec's skip-gram with negative sampling, or item2vec. Its
            noise exponent and seed are set by the next two.
        exponents: of the noise, a training each; at 1 the optimum is PMI − log k.
        seeds: trainings of each; the first is drawn.
    """

    model: Word2VecConfig | Item2VecConfig = field(default_factory=Word2VecConfig)
    exponents: tuple[float, ...] = (1.0, 0.75)
    seeds: int = 3

    def __post_init__(self) -> None:
        model = self.model
        plain = is_negative_sampling(model)
        require(plain, "model", model, "skip-gram with negative sampling on a log, which is what the equation is about")
        require(model.subsample == 0, "subsample", model.subsample, "0: dropped events would change the pairs counted")
        fine = len(self.exponents) > 0 and all(-1 <= one <= 1 for one in self.exponents)
        require(fine, "exponents", self.exponents, "one or more numbers from -1 to 1")
        require(is_whole(self.seeds) and self.seeds >= 1, "seeds", self.seeds, "a whole number, 1 or more")


def factorization_epochs(pairs: float) -> int:
    """Passes that bring a log of so many pairs near its optimum in seconds: 5 to 50.

    >>> factorization_epochs(150_000), factorization_epochs(4_300_000), factorization_epochs(1e9)
    (50, 7, 5)
    """
    return int(np.clip(round(SHOWN_PAIRS / max(pairs, 1.0)), 5, 50))


def factorization_defaults(sequences: Sequences, seed: int = 0) -> FactorizationConfig:
    """Skip-gram in windows of two of ordered sequences, item2vec's sets of baskets; 32 dimensions, 5 negatives.

    >>> from recemb_core.sequences import Sequences
    >>> factorization_defaults(Sequences.from_lists([["a", "b", "c"]])).model.epochs
    50
    """
    common: dict[str, Any] = {"dimensions": 32, "subsample": 0.0, "negative": 5, "seed": seed}
    model = Word2VecConfig(window=2, shrink_windows=False, **common) if sequences.ordered else None
    return trained_long(sequences, FactorizationConfig(model=model or Item2VecConfig(mode="set", window=2, **common)))


def trained_long(sequences: Sequences, config: FactorizationConfig) -> FactorizationConfig:
    """The same with the epochs of :func:`factorization_epochs`."""
    pairs = float(pairs_of(sequences, config.model).times.sum())
    return replace(config, model=replace(config.model, epochs=factorization_epochs(pairs)))


@dataclass(frozen=True, eq=False)
class Pairs:
    """(center, context) pairs that a trainer is shown in a pass, and what their products would be at the optimum.

    Attributes:
        center, context: int32 (m,), item rows of the pairs that were seen.
        times: float64 (m,), how often in a pass; with windows that shrink at random, the expected number.
    """

    center: Int32Array
    context: Int32Array
    times: Float64Array
    items: int

    def pmi(self) -> Float64Array:
        """(m,) PMI = log(c_ij · Σc / (c_i· · c_·j)), natural logarithm."""
        own = np.bincount(self.center, self.times, self.items)
        other = np.bincount(self.context, self.times, self.items)
        ratio: Float64Array = self.times * self.times.sum() / (own[self.center] * other[self.context])
        return np.log(ratio)

    def optimum(self, noise: Float64Array, negative: int) -> Float64Array:
        """(m,) where the gradient of each product vanishes: log(P(j | i) / p_n(j)) − log k, noise (n,) summing to 1."""
        own = np.bincount(self.center, self.times, self.items)
        ratio: Float64Array = self.times / (own[self.center] * noise[self.context] * negative)
        return np.log(ratio)


def pairs_of(sequences: Sequences, model: Word2VecConfig | Item2VecConfig) -> Pairs:
    """The pairs of a pass.

    >>> from recemb_core.sequences import Sequences
    >>> log = Sequences.from_lists([["a", "b", "c"]])
    >>> pairs_of(log, Word2VecConfig(window=2, shrink_windows=True)).times.tolist()  # a–c: every other time
    [1.0, 0.5, 1.0, 1.0, 0.5, 1.0]
    """
    table = pair_table(sequences, model).tocoo()
    times = np.asarray(table.data, dtype=np.float64)
    return Pairs(table.row.astype(np.int32), table.col.astype(np.int32), times, len(sequences.items))


@dataclass(frozen=True)
class Fit:
    """How products lie against what they should be: over pairs, each once.

    Attributes:
        pairs: how many.
        correlation: Pearson's r; nan where one side does not vary.
        slope: of the least squares line of the products; 1 at the optimum.
        offset: mean of product less optimum; 0 at the optimum.
    """

    pairs: int
    correlation: float
    slope: float
    offset: float


def fit(expected: Float64Array, products: Float64Array) -> Fit:
    """Products against expected values.

    >>> fit(np.array([0.0, 1.0, 2.0]), np.array([0.5, 1.5, 2.5]))
    Fit(pairs=3, correlation=1.0, slope=1.0, offset=0.5)
    """
    if len(expected) < 2:
        return Fit(len(expected), np.nan, np.nan, float(np.mean(products - expected)) if len(expected) else np.nan)
    x, y = expected - expected.mean(), products - products.mean()
    # What is all the same varies by nothing but rounding.
    xx, yy = (float(side @ side) if np.ptp(of) > 0 else 0.0 for side, of in ((x, expected), (y, products)))
    xy = float(x @ y)
    return Fit(
        len(expected),
        float(round(xy / (xx * yy) ** 0.5, 12)) if xx > 0 and yy > 0 else np.nan,
        round(xy / xx, 12) if xx > 0 else np.nan,
        float(np.mean(products - expected)),
    )


@dataclass(frozen=True, eq=False)
class Factorization:
    """Trainings with e noise exponents and s seeds, held against PMI − log k and each against its own optimum.

    Attributes:
        config: of the trainings.
        against_pmi: float64 (e, s, a, 3): correlation, slope and offset (:class:`Fit`) against PMI − log k, over the
            pairs seen at least ``AT_LEAST[a]`` times.
        against_own: float64 (e, s, a, 3): the same against the optimum of the training's own noise.
        pairs: int64 (a,), how many these are.
        density: int32 (e, a, CELLS, CELLS), pairs of the first seed by v · v′ (up) and PMI − log k (across).
        x, y: float64 (CELLS + 1,), edges of the cells; pairs outside them, at most .2%, are in the outermost.
        partners: int32 (n, PARTNERS), contexts that each item was seen with most, -1 where there are fewer.
        products: float32 (e, n, PARTNERS), their v · v′ of the first seed.
        times, expected: float64 (n, PARTNERS), how often a pass has the pair; its PMI − log k.
    """

    config: FactorizationConfig
    against_pmi: Float64Array
    against_own: Float64Array
    pairs: Int64Array
    density: AnyArray
    x: Float64Array
    y: Float64Array
    partners: Int32Array
    products: AnyArray
    times: Float64Array
    expected: Float64Array

    def fits(self, exponent: float, at_least: int, *, own: bool = False) -> list[Fit]:
        """One a seed, over the pairs seen at least so often (of ``AT_LEAST``)."""
        level = AT_LEAST.index(at_least)
        table = (self.against_own if own else self.against_pmi)[self.config.exponents.index(exponent), :, level]
        return [Fit(int(self.pairs[level]), *map(float, row)) for row in table]

    def to_arrays(self) -> dict[str, AnyArray]:
        """All but the config."""
        return {name: np.asarray(value) for name, value in vars(self).items() if name != "config"}

    @classmethod
    def from_arrays(cls, config: FactorizationConfig, arrays: dict[str, Any]) -> Factorization:
        """What :meth:`to_arrays` gave."""
        return cls(config=config, **arrays)


def factorization(
    sequences: Sequences, config: FactorizationConfig, *, progress: Progress | None = None, cancel: Cancel = None
) -> Factorization:
    """Train, and hold the product of input and output vector of every pair that was seen against its optimum.

    Skip-gram with negative sampling maximizes Σ_ij c_ij log σ(v_i·v'_j) + k Σ_i c_i· Σ_j p_n(j) log σ(−v_i·v'_j). If
    every product could be chosen alone (d large enough), the derivative would vanish at

        v_i · v'_j = log(P(j | i) / p_n(j)) − log k,

    which is PMI_ij − log k where the noise p_n is how often j is a context (exponent 1, Levy & Goldberg 2014). With
    few dimensions, pairs seen often are met more closely, since each weighs by how often it is trained. Pairs that were
    never seen have PMI −∞ and are left out.

    Args:
        sequences: the log.
        config: see :class:`FactorizationConfig`; ``factorization_epochs`` says how long to train.
        progress, cancel: called with (fraction, stage); True ends the run with ``TrainingCancelled``.

    References:
        Levy, Goldberg, *Neural Word Embedding as Implicit Matrix Factorization* (NIPS 2014).

    >>> from recemb_core.sequences import Sequences
    >>> log = Sequences.from_lists([["a", "b", "c"], ["a", "b", "c"], ["d", "e", "f"], ["c", "d"]] * 50)
    >>> config = factorization_defaults(log)
    >>> found = factorization(log, replace(config, exponents=(1.0,), seeds=1))
    >>> found.fits(1.0, at_least=1)[0].correlation > 0.9
    True
    """
    report = Reporter(progress, cancel)
    report(0.0)
    model, seen = config.model, pairs_of(sequences, config.model)
    expected = seen.pmi() - np.log(model.negative)
    levels = [seen.times >= least for least in AT_LEAST]
    runs = len(config.exponents) * config.seeds
    against_pmi = np.full((len(config.exponents), config.seeds, len(AT_LEAST), 3), np.nan)
    against_own = against_pmi.copy()
    first: list[Float64Array] = []
    for e, exponent in enumerate(config.exponents):
        own = seen.optimum(noise_distribution(sequences.counts, exponent), model.negative)
        for s in range(config.seeds):
            asked = replace(model, ns_exponent=exponent, seed=model.seed + s)
            vectors = train_model(asked, sequences=sequences, progress=_share(report, e * config.seeds + s, runs))
            products = _products(vectors, seen)
            for a, level in enumerate(levels):
                for table, target in ((against_pmi, expected), (against_own, own)):
                    one = fit(target[level], products[level])
                    table[e, s, a] = one.correlation, one.slope, one.offset
            if s == 0:
                first.append(products)
    x, y = _edges(expected), _edges(np.concatenate(first)) if len(expected) else _edges(expected)
    partners, places = _partners(seen)
    known = places >= 0

    def named(values: Float64Array, missing: float = np.nan) -> Float64Array:
        """(n, PARTNERS) of values a pair."""
        return np.where(known, np.append(values, missing)[places], missing)

    report(1.0)
    return Factorization(
        config,
        against_pmi,
        against_own,
        np.array([int(level.sum()) for level in levels], dtype=np.int64),
        np.array([[_density(expected[level], one[level], x, y) for level in levels] for one in first], dtype=np.int32),
        x,
        y,
        partners,
        np.array([named(one) for one in first], dtype=np.float32),
        named(seen.times, 0.0),
        named(expected),
    )


def _share(report: Reporter, done: int, runs: int) -> Progress:
    """What one of several runs reports to."""
    return lambda fraction, stage: report((done + fraction) / runs)


def _products(vectors: ItemVectors, seen: Pairs) -> Float64Array:
    """(m,) v · v′ of each pair, in parts that stay small."""
    assert vectors.output_vectors is not None
    found = np.empty(len(seen.center))
    for begin in range(0, len(found), 200_000):
        part = slice(begin, begin + 200_000)
        rows, columns = vectors.vectors[seen.center[part]], vectors.output_vectors[seen.context[part]]
        found[part] = np.einsum("md,md->m", rows, columns, dtype=np.float64)
    return found


def _edges(values: Float64Array) -> Float64Array:
    """Cells from the .1% quantile to the 99.9%."""
    low, high = np.quantile(values, [0.001, 0.999]) if len(values) else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, CELLS + 1)


def _density(across: Float64Array, up: Float64Array, x: Float64Array, y: Float64Array) -> AnyArray:
    """(CELLS, CELLS) pairs, rows by ``up``."""
    column = np.clip(np.searchsorted(x, across, "right") - 1, 0, CELLS - 1)
    row = np.clip(np.searchsorted(y, up, "right") - 1, 0, CELLS - 1)
    return np.bincount(row * CELLS + column, minlength=CELLS * CELLS).reshape(CELLS, CELLS)


def _partners(seen: Pairs) -> tuple[Int32Array, Int64Array]:
    """((n, PARTNERS) contexts seen most, (n, PARTNERS) their places among the pairs), -1 where there are fewer."""
    order = np.lexsort((seen.context, -seen.times, seen.center))
    starts = np.searchsorted(seen.center[order], np.arange(seen.items))
    ends = np.searchsorted(seen.center[order], np.arange(seen.items), "right")
    at = starts[:, None] + np.arange(PARTNERS)
    known = at < ends[:, None]
    if not len(order):
        return np.full((seen.items, PARTNERS), -1, np.int32), np.full((seen.items, PARTNERS), -1)
    places = np.where(known, order[np.minimum(at, len(order) - 1)], -1)
    return np.where(known, seen.context[places], -1).astype(np.int32), places.astype(np.int64)
