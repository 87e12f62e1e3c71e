"""What each thing a recall network is told beside the history is worth: trained with it and without, same users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.array_files import from_json, to_json
from recemb_core.arrays import AnyArray, Float64Array
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.registry import recall_spec
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.deep.user_fields import USER, facts_of
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig
from recemb_core.evaluation.differences import Difference, holm, mean_over_seeds, paired_difference
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import NextItemCases, rank_next_items
from recemb_core.progress import Progress, TrainingCancelled
from recemb_core.readers.user_details import EVERYTHING, EXAMPLE_AGE, NOTHING, RESERVED, SIDE_INFORMATION
from recemb_core.validation import UsageError, is_whole, require

if TYPE_CHECKING:
    import polars as pl

MOST_FIELDS = 4  # columns that are measured unless others are chosen: each is trained without, three times over
KINDS = ("first-time targets", "all targets")


@dataclass(frozen=True, kw_only=True)
class FeatureStudyConfig:
    """What is trained, and what it is told.

    Attributes:
        model: of the network; its seed is that of the first run.
        fields: columns of the user details, each a feature.
        example_age: whether the age of the example is one; of YouTube DNN alone.
        side_information: whether that of the items is one; of two-tower alone.
        seeds: runs of each setting; 2 or more show what the draw of start values does.
        k: length of the lists that hits are counted in.
    """

    model: YouTubeDNNConfig | TwoTowerConfig
    fields: tuple[str, ...] = ()
    example_age: bool = False
    side_information: bool = False
    seeds: int = 3
    k: int = 10

    def __post_init__(self) -> None:
        for name in ("seeds", "k"):
            value = getattr(self, name)
            require(is_whole(value) and value >= 1, name, value, "a whole number, 1 or more")
        told = recall_spec(self.model).told
        for name in ("example_age", "side_information"):
            require(name in told or not getattr(self, name), name, True, "False for this network")
        require(len(set(self.fields)) == len(self.fields), "fields", self.fields, "distinct names")
        require(not set(self.fields) & set(RESERVED), "fields", self.fields, f"none of {', '.join(RESERVED)}")
        require(bool(self.features), "fields", self.fields, "one feature at least")

    @property
    def features(self) -> tuple[str, ...]:
        """All that can be switched off."""
        more = ((EXAMPLE_AGE, self.example_age), (SIDE_INFORMATION, self.side_information))
        return (*self.fields, *(name for name, there in more if there))

    @property
    def variants(self) -> dict[str, tuple[str, ...]]:
        """Name of each setting → what the network is told in it."""
        every = self.features
        without = {f"without {name}": tuple(one for one in every if one != name) for name in every}
        return {EVERYTHING: every, **(without if len(every) > 1 else {}), NOTHING: ()}


@dataclass(frozen=True, eq=False)
class FeatureReport:
    """Who was served, by setting and seed.

    Attributes:
        config: what was measured.
        hits: for first-time targets and for all: float64 (settings, seeds, users), chance that a user finds a target
            among the first k; settings in the order of ``config.variants``.
        seconds: of all trainings.
    """

    config: FeatureStudyConfig
    hits: tuple[Float64Array, Float64Array]
    seconds: float

    def figures(self, which: int) -> dict[str, Estimate]:
        """HR@k of each setting, with the 95% interval over users and seeds; ``which``: 0 first-time, 1 all."""
        found = self.hits[which]
        return {name: mean_over_seeds(found[at]) for at, name in enumerate(self.config.variants)}

    def effects(self, which: int) -> dict[str, Difference]:
        """What each feature adds: HR@k with everything minus that without it, and with everything minus history alone.

        Paired over users and over seeds as independent runs (:func:`paired_difference`); p-values are adjusted by Holm
        over all of these.
        """
        names = list(self.config.variants)
        rows = dict(zip(names, self.hits[which], strict=True))
        others = {name.removeprefix("without "): name for name in names[1:]}
        found = {
            feature: paired_difference(rows[EVERYTHING], rows[name], names=(EVERYTHING, name))
            for feature, name in others.items()
        }
        adjusted = holm({name: one.p for name, one in found.items() if one.measured})
        return {name: replace(one, adjusted=adjusted.get(name, float("nan"))) for name, one in found.items()}

    def to_arrays(self) -> dict[str, AnyArray]:
        """As arrays by name; the config is not among them."""
        kinds = {f"hits {at}": hits.astype(np.float32) for at, hits in enumerate(self.hits)}
        return {**kinds, "meta": to_json({"seconds": self.seconds})}

    @classmethod
    def from_arrays(cls, config: FeatureStudyConfig, arrays: Mapping[str, AnyArray]) -> FeatureReport:
        """What :meth:`to_arrays` gave."""
        hits = arrays["hits 0"].astype(np.float64), arrays["hits 1"].astype(np.float64)
        return cls(config, hits, from_json(arrays["meta"])["seconds"])


def feature_defaults(
    model: YouTubeDNNConfig | TwoTowerConfig, columns: Sequence[str], *, timed: bool, side_information: bool
) -> FeatureStudyConfig | None:
    """What the page measures: the first four columns of the user details, and what the network takes besides.

    Args:
        model: of the network.
        columns: of the user details, without the users' own.
        timed: whether the log has times.
        side_information: whether its items have some.

    Returns:
        None where there is nothing to be told.

    >>> feature_defaults(TwoTowerConfig(), ["age", "place"], timed=True, side_information=True).features
    ('age', 'place', 'side information of items')
    """
    can = recall_spec(model).told
    aged, told = timed and "example_age" in can, side_information and "side_information" in can
    if not (columns or aged or told):
        return None
    return FeatureStudyConfig(model=model, fields=tuple(columns[:MOST_FIELDS]), example_age=aged, side_information=told)


def told_side_information(model: Any, told: bool) -> Any:
    """The config of a network that can be told it, with or without."""
    return replace(model, side_information=told)


def measure_features(
    cases: NextItemCases,
    config: FeatureStudyConfig,
    user_fields: pl.DataFrame | None = None,
    *,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> FeatureReport:
    """Train with everything, without each feature, and with the history alone; rank the catalogue for the same users.

    Args:
        cases: the training part and who is asked about what.
        config: see :class:`FeatureStudyConfig`.
        user_fields: a column ``user`` and those that ``config.fields`` names; see :func:`train_youtube_dnn`.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: fields that the user details do not have, or an age of examples where there is no time.

    References:
        Covington, Adams, Sargin, *Deep Neural Networks for YouTube Recommendations* (RecSys 2016), figure 4 and section
        3.5: the age of the example, and hit rates with more and more features.

    >>> from recemb_core.evaluation.ranking import next_item_cases
    >>> from recemb_core.sequences import Sequences
    >>> import polars as pl
    >>> cases = next_item_cases(Sequences.from_lists([["a", "b", "c"], ["b", "c", "a"]] * 4))
    >>> details = pl.DataFrame({"user": [str(user) for user in range(8)], "place": ["north", "south"] * 4})
    >>> model = YouTubeDNNConfig(dimensions=4, hidden=(4, 4), epochs=1, negative=4)
    >>> report = measure_features(cases, FeatureStudyConfig(model=model, fields=("place",), seeds=2), details)
    >>> list(report.figures(1))
    ['everything', 'the history alone']
    """
    lacking = [name for name in config.fields if user_fields is None or name not in user_fields.columns]
    if lacking:
        raise UsageError(f"the user details have no column {lacking[0]!r}")
    found: list[list[list[Float64Array]]] = [[], []]
    settings, seconds = list(config.variants.items()), 0.0
    runs = len(settings) * config.seeds
    for done, (name, told) in enumerate(settings):
        rows: list[list[Float64Array]] = [[], []]
        columns = [one for one in config.fields if one in told]
        fields = user_fields[[USER, *columns]] if user_fields is not None and columns else None
        facts = None if fields is None else facts_of(fields, cases.users.tolist())
        for seed in range(config.seeds):
            if cancel is not None and cancel():
                raise TrainingCancelled("the comparison of features was cancelled")

            def tick(fraction: float, stage: str, at: int = done * config.seeds + seed, name: str = name) -> None:
                if progress is not None:
                    progress((at + fraction) / runs, f"{name}, {stage}")

            model = _train(cases, config, told, fields, seed, tick, cancel)
            seconds += model.seconds
            for which, seen in enumerate((True, False)):
                report = rank_next_items(
                    model.scores, cases.histories, cases.targets, ks=(config.k,), exclude_seen=seen, user_facts=facts
                )
                rows[which].append(report.user_hits(config.k))
        for which in range(2):
            found[which].append(rows[which])
    return FeatureReport(config, (np.array(found[0]), np.array(found[1])), seconds)


def _train(
    cases: NextItemCases,
    config: FeatureStudyConfig,
    told: tuple[str, ...],
    fields: pl.DataFrame | None,
    seed: int,
    progress: Progress,
    cancel: Callable[[], bool] | None,
) -> RecallModel:
    model = replace(config.model, seed=config.model.seed + seed)
    more: dict[str, Any] = {"example_age": EXAMPLE_AGE in told} if config.example_age else {}
    if config.side_information:
        model = told_side_information(model, SIDE_INFORMATION in told)
    train = recall_spec(model).train
    return train(cases.train, model, user_fields=fields, **more, progress=progress, cancel=cancel)
