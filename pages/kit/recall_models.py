"""The recall models of the data set in use: settings, training, rankings, maps; shared by three views."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import graph_controls, jobs, results, session
from pages.kit.allowed import Span, Steps
from pages.kit.jobs import Job
from pages.kit.maps import draw_umap
from pages.kit.model_controls import model_config
from pages.kit.parameters import Parameter, Scope
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.arrays import Float32Array
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.registry import recall_spec
from recemb_core.embeddings import MODELS, train_model
from recemb_core.evaluation.ranking import NextItemCases, RankingReport, next_item_cases
from recemb_core.experiments.leaderboard import Part, Protocol
from recemb_core.experiments.recall_models import (
    FLOOR,
    ModelConfig,
    both_figures,
    recall_defaults,
    recall_fingerprint,
    train_recall_model,
)
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.progress import Progress
from recemb_core.scorers import SCORERS, fit_scorer, scorer_defaults
from recemb_core.sequences import Sequences
from recemb_core.splits import leave_last_out, share_of_repeats
from recemb_core.validation import UsageError

DEEP_PAGE = Scope("deep_models")

MOST_ASKED = 3_000  # users that figures are measured on; more would only make the page wait

LENGTH = Parameter(
    DEEP_PAGE,
    "recall_length",
    "History (events)",
    Steps((10, 20, 50, 100, 200, 500)),
    200,
    help="Newest events of a user that the networks look at.",
)
HALF_LIFE = Parameter(  # 0 stands for a plain mean
    DEEP_PAGE,
    "recall_half_life",
    "Half-life (events)",
    Steps((0, 10, 20, 50, 100, 200), lambda events: "none" if events == 0 else str(events)),
    50,
    help="After so many events an event weighs half in the history mean. None: a plain mean, which is blind to order.",
)
DIMENSIONS = Parameter(
    DEEP_PAGE,
    "recall_dimensions",
    "Dimensions",
    Steps((16, 32, 64, 128)),
    64,
    help="Length of user and item vectors of the networks.",
)
EPOCHS = Parameter(
    DEEP_PAGE,
    "recall_epochs",
    "Epochs",
    Span(1, 15),
    5,
    help="Passes over the histories. More fit them more closely; whether the figures follow, the table says.",
)
NEGATIVES = Parameter(
    DEEP_PAGE,
    "recall_negative",
    "Sampled negatives (YouTube DNN)",
    Steps((50, 200, 500, 1000)),
    500,
    help="Items drawn for each step in place of the whole catalogue. More come closer to the full softmax.",
)
TEMPERATURE = Parameter(
    DEEP_PAGE,
    "recall_temperature",
    "Temperature (two-tower)",
    Steps((0.05, 0.1, 0.2, 0.5)),
    0.1,
    help="Scores are cosine / temperature. Small: only the closest count; large: all are much alike.",
)

Rankings = tuple[RankingReport, RankingReport]
Reports = dict[str, Rankings]


def model_configs(data: ActiveData) -> dict[str, ModelConfig]:
    """The models with the settings in use; binds them to the session and the link without drawing anything."""
    given: dict[str, Any] = {
        "dimensions": DIMENSIONS.value(data),
        "history_length": LENGTH.value(data),
        "half_life": float(HALF_LIFE.value(data)) or None,
        "epochs": EPOCHS.value(data),
        "negative": NEGATIVES.value(data),
        "temperature": TEMPERATURE.value(data),
    }
    return {
        name: replace(config, **_vectors_in_use(data, config), **{f: given[f] for f in recall_spec(config).settings})
        for name, config in recall_defaults(session.seed()).items()
        if not (getattr(config, "novel", False) and repeats(data) == 0)
    }


def _vectors_in_use(data: ActiveData, config: ModelConfig) -> dict[str, Any]:
    """Settings of item vectors inside a config as the visit has them for that model, on whichever page they are set."""
    owners = {f.name: spec for f in fields(config) for spec in MODELS.values() if spec.owns(getattr(config, f.name))}
    if not owners:
        return {}
    if any("graph" in spec.needs for spec in owners.values()):
        graph = graph_controls.walked_graph(data, graph_controls.graph_settings(data))[1]
    else:  # nobody reads it, and building it takes its time
        graph = ItemGraph.from_edges([], [], directed=False, items=data.items)
    return {field: model_config(data, graph, spec.name) for field, spec in owners.items()}


def repeats(data: ActiveData) -> float:
    """Share of a user's training events that repeat an item; where it is 0, first-time targets are all targets."""
    found: float = results.remember(data, ("repeats", source(data)), lambda: share_of_repeats(cases(data).train))
    return found


def left_out(data: ActiveData) -> str:
    """Which models have no row, and why, in a sentence; "" where all have one."""
    gone = [name for name in recall_defaults(session.seed()) if name not in model_configs(data)]
    if not gone:
        return ""
    return f"No row of {', '.join(gone)}: nobody takes anything twice here, so it would be the same network again."


def model_controls(data: ActiveData) -> None:
    """Widgets of those settings."""
    LENGTH.draw(data)
    HALF_LIFE.draw(data)
    with st.expander("Training"):
        for one in (DIMENSIONS, EPOCHS, NEGATIVES, TEMPERATURE):
            one.draw(data)


def source(data: ActiveData) -> str:
    """The hash of all that the models depend on."""
    key = ("recall source", data.fingerprint, data.key)
    return results.remember(data, key, lambda: recall_fingerprint(known(data)))  # type: ignore[no-any-return]


def known(data: ActiveData) -> Sequences:
    """The log without each user's last event or basket: that is the test part, which only Evaluation may ask for."""
    assert data.sequences is not None
    sequences = data.sequences
    key = ("known", data.fingerprint, data.key)
    return results.remember(data, key, lambda: leave_last_out(sequences)[0])  # type: ignore[no-any-return]


def cases(data: ActiveData) -> NextItemCases:
    """Who is asked about what: the validation part of Evaluation's usual split."""
    return results.remember(data, ("recall cases", source(data)), lambda: next_item_cases(known(data)))  # type: ignore[no-any-return]


def not_askable(data: ActiveData) -> str:
    """Why no model can be measured on both kinds of targets, first-time ones and all; "" where it can."""
    who = cases(data)
    if not len(who.users):
        return (
            "nobody in this log has both a history and something after it, so no model can be asked what comes next; "
            "give a log whose users come back, or say on the Sequences page which column holds the user"
        )
    if not any(len(np.setdiff1d(target, past)) for target, past in zip(who.targets, who.histories, strict=True)):
        return (
            "everybody in this log took last what they had had before, so there is no first-time target, on which "
            "these models are measured too; give a log of more users or of more items"
        )
    return ""


def check_askable(data: ActiveData) -> None:
    """Before anything is trained.

    Raises:
        UsageError: no model could be measured.
    """
    if why := not_askable(data):
        raise UsageError(why)


def asked(data: ActiveData) -> NextItemCases:
    """The users that figures are measured on: all, or a fixed sample where there are many."""
    who = cases(data)
    if len(who.users) <= MOST_ASKED:
        return who

    def sample() -> NextItemCases:
        rows = np.sort(np.random.default_rng(0).choice(len(who.users), MOST_ASKED, replace=False))
        pick = lambda lines: tuple(lines[row] for row in rows)  # noqa: E731
        return replace(who, users=who.users[rows], histories=pick(who.histories), targets=pick(who.targets))

    return results.remember(data, ("recall asked", source(data)), sample)


def log_source(data: ActiveData) -> str:
    """The hash of the whole log, by which Evaluation keeps its results."""
    assert data.sequences is not None
    sequences = data.sequences
    key = ("log source", data.fingerprint, data.key)
    return results.remember(data, key, lambda: recall_fingerprint(sequences))  # type: ignore[no-any-return]


def trained_key(question: tuple[str, Protocol, Part], config: Any) -> tuple[Any, ...]:
    """What a model that Evaluation has trained is kept by."""
    return "leaderboard model", *question, config


def _trained(data: ActiveData, config: Any) -> Any:
    """A model that Evaluation has trained for its usual question, which is that of these pages; None without."""
    found = results.results(data).get(trained_key((log_source(data), Protocol(), "validation"), config))
    return None if found is None else found.model


def model_of(data: ActiveData, config: ModelConfig) -> RecallModel | None:
    """The model, if it is there: from the store, whichever page trained it, or from the bundled file."""
    key = ("recall", source(data), config)
    if (trained := _trained(data, config)) is not None:
        return trained  # type: ignore[no-any-return]
    return results.ready(data, key, lambda: precomputed.load_recall(source(data), config))


def all_models(data: ActiveData, configs: dict[str, ModelConfig]) -> dict[str, RecallModel]:
    """The models that are there."""
    return {name: model for name, config in configs.items() if (model := model_of(data, config)) is not None}


def usual_model(names: Collection[str]) -> str:
    """The one of these models that a view opens with."""
    return "Two-tower" if "Two-tower" in names else list(names)[-1]


def random_hit_rate(data: ActiveData, which: int, k: int = 10) -> float:
    """HR@k that lists drawn at random have, on first-time targets (0, history masked) or on all (1).

    Of n items that may be listed, t of them targets, a list misses all with ∏_{j<k} (n − t − j) / (n − j); mean over
    the users that have a target.
    """

    def make() -> float:
        who, missed = asked(data), []
        for past, target in zip(who.histories, who.targets, strict=True):
            wanted = np.unique(target[target >= 0])
            n = len(data.items)
            if which == 0:
                wanted, n = np.setdiff1d(wanted, past), n - len(np.unique(past))
            if len(wanted):
                j = np.arange(min(k, n))
                missed.append(float(np.prod(np.maximum(n - len(wanted) - j, 0) / (n - j))))
        return 1 - float(np.mean(missed)) if missed else 0.0

    found: float = results.remember(data, ("recall by chance", source(data), which, k), make)
    return found


def chance_words(data: ActiveData, which: int, k: int = 10) -> str:
    """What a random list would hit, and a warning where that is nearly all there is to hit."""
    chance = random_hit_rate(data, which, k)
    text = f"A random list of {k} has HR@{k} {chance:.3f}."
    if chance > 0.5:
        n = len(data.items)
        text += f" **With {n:,} items a list of {k} hits by chance alone: HR@{k} says little here.**"
    return text


def ready_rankings(data: ActiveData, config: Any) -> Rankings | None:
    """(first-time targets, all targets) of a model or scorer, if they are measured already."""
    key = ("recall ranking", source(data), config)
    return results.ready(data, key, lambda: precomputed.load_rankings(source(data), config))


def rankings_of(data: ActiveData, config: Any) -> Rankings | None:
    """(first-time targets, all targets) of a scorer, or of a model that is there."""
    ready = ready_rankings(data, config)
    if ready is None:
        who = asked(data)
        if isinstance(config, tuple(spec.config for spec in SCORERS.values())):
            ready = both_figures(fit_scorer(who.train, config).scores, who)
        elif (model := model_of(data, config)) is not None:
            ready = both_figures(model.scores, who)
        else:
            return None
        results.results(data).put(("recall ranking", source(data), config), ready)
    return ready


def scorer_rankings(data: ActiveData) -> Reports:
    """Of the scorers that this data can have: all of them, or the floor alone while the others wait to be measured."""
    train = cases(data).train
    configs = scorer_defaults(train)
    missing = [name for name, config in configs.items() if ready_rankings(data, config) is None]

    def measured() -> Reports | None:
        found = {name: ready for name, config in configs.items() if (ready := ready_rankings(data, config))}
        return found if len(found) == len(configs) else None

    def run(report: Progress) -> Reports | None:
        for done, name in enumerate(missing):
            report(done / len(missing), f"{name}: ranking the catalogue for every user")
            rankings_of(data, configs[name])
        return measured()

    pairs = len(asked(data).users) * len(data.items)
    seconds = len(missing) * (0.2 + 2e-6 * pairs + 5e-6 * len(train.tokens))
    job = Job(("recall scorers", source(data), *configs.values()), ", ".join(missing), seconds, run)
    waiting = f"{', '.join(missing)}: not measured on this data yet."
    found, _ = jobs.result(
        data, "scorers", job, ready=lambda _: measured(), verb="Measure", waiting=waiting, stale=None
    )
    floor = rankings_of(data, configs[FLOOR])
    assert floor is not None  # a scorer's always are
    return found or {FLOOR: floor}


def ready_positions(data: ActiveData, config: ModelConfig) -> Float32Array | None:
    """The UMAP map of a model's item vectors, if it was drawn."""
    umap = UMAPConfig(seed=session.seed()).for_size(len(data.items))
    key = ("recall map", source(data), config, umap)
    return results.ready(data, key, lambda: precomputed.load_map(source(data), config, umap, None))


def draw_positions(data: ActiveData, config: ModelConfig, progress: Progress) -> Float32Array:
    """Draw that map."""
    model = model_of(data, config)
    assert model is not None
    umap = UMAPConfig(seed=session.seed()).for_size(len(data.items))
    return draw_umap(data, ("recall map", source(data), config, umap), model.item_vectors, umap, progress=progress)


def train_missing(data: ActiveData, configs: dict[str, ModelConfig], report: Progress) -> None:
    """Train what is not there, one model after another; what is done stays when the run is stopped."""
    for done, (name, config) in enumerate(configs.items()):

        def tick(fraction: float, stage: str, done: int = done, name: str = name) -> None:
            report((done + fraction) / len(configs), f"{name}, {stage}")

        if model_of(data, config) is None:
            _train(data, config, tick)
        tick(1.0, "ranking the catalogue for every user")
        rankings_of(data, config)


def _train(data: ActiveData, config: ModelConfig, tick: Progress) -> None:
    train, begin = cases(data).train, _beginning(config)
    run: dict[str, Any] = {"seconds": _work(data, config) * _speed(data)["seconds"], "progress": tick, "reports": True}
    key = ("recall", source(data), config)
    if begin is not config:  # models that begin with the same item vectors share them
        vectors = _trained(data, begin)
        if vectors is None:
            vectors_key = ("recall item vectors", source(data), begin)
            vectors = results.compute(data, vectors_key, train_model, begin, sequences=train, **run)
        results.compute(data, key, train_recall_model, train, config, item_vectors=vectors, **run)
        return

    def took(seconds: float, _: int | None) -> None:
        _speed(data)["seconds"] = seconds / max(_work(data, config), 1.0)

    results.compute(data, key, train_recall_model, train, config, took=took, **run)


def _beginning(config: ModelConfig) -> Any:
    """What takes the time of a training: the item vectors that it starts from, or the model itself."""
    start = recall_spec(config).item_vectors
    return config if start is None else start(config)


def _work(data: ActiveData, config: ModelConfig) -> float:
    return recall_spec(config).work(config, cases(data).train)


def _speed(data: ActiveData) -> dict[str, float]:
    """Seconds a step of usual size, of the last run on this data."""
    return results.remember(data, ("recall speed",), lambda: {"seconds": 0.004})  # type: ignore[no-any-return]


def training_seconds(data: ActiveData, *configs: ModelConfig) -> float:
    """Estimated seconds to train and rank these models, from the last run on this data."""
    once = {_beginning(c): c for c in configs}
    return 4 * len(configs) + sum(_work(data, c) for c in once.values()) * _speed(data)["seconds"]


def ready_or_run(data: ActiveData, configs: dict[str, ModelConfig], waiting: str) -> dict[str, ModelConfig]:
    """The settings whose models are there: those asked for, or the last ones shown, marked stale, until Train."""
    shown = f"recall shown@{data.key}"
    missing = {name: c for name, c in configs.items() if model_of(data, c) is None}
    if not missing:
        st.session_state[shown] = (source(data), configs)
        return configs
    whose, last = st.session_state.get(shown, ("", {}))
    last = {name: c for name, c in last.items() if whose == source(data) and model_of(data, c) is not None}
    job = Job(
        ("recall models", source(data), *configs.values()),
        "the models" if len(missing) == len(configs) else ", ".join(missing),
        training_seconds(data, *missing.values()),
        lambda report: train_missing(data, configs, report),
        asks=True,
    )
    if jobs.may_run(data, job):
        jobs.perform(data, job)
        st.session_state[shown] = (source(data), configs)
        return configs
    jobs.run_button(data, "recall models", [job], verb="Train", names=job.label)
    halted = jobs.halted(data, job, "; what was trained is kept")
    there = {name: c for name, c in configs.items() if name not in missing}
    if last:
        st.warning(f"{halted}The settings changed. You still see the models of the last ones; press Train for the new.")
        return {name: last.get(name, c) for name, c in configs.items() if name in last or name in there}
    st.info(f"{halted}{waiting}")
    return there
