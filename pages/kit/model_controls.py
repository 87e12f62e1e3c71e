"""Six models and their settings: widgets → frozen configs, kept in the session and the link."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from pages.kit import session
from pages.kit.allowed import Allowed, Flag, Options, Steps
from pages.kit.controls import BIASES, DIMENSIONS
from pages.kit.parameters import VISIT, Bound, Parameter
from pages.kit.session import ActiveData
from recemb_core.embeddings import comparison_defaults
from recemb_core.item_graph import ItemGraph
from recemb_core.validation import UsageError

Needs = Literal["sequences", "graph", "side information"]


@dataclass(frozen=True)
class Model:
    """A model: its name, what the data must have, and what it learns from in a few words."""

    name: str
    needs: Needs
    words: str


MODELS = {
    model.name: model
    for model in (
        Model("word2vec", "sequences", "items near each other in a sequence"),
        Model("item2vec", "sequences", "items of one basket or session, order aside"),
        Model("DeepWalk", "graph", "items that random walks pass one after the other"),
        Model("node2vec", "graph", "walks that p and q bend"),
        Model("GES", "side information", "random walks, and brand, category … of each item, all weighing the same"),
        Model("EGES", "side information", "random walks, and brand, category … of each item, with learned weights"),
    )
}


def _shown(value: Any) -> str:
    return f"{value:g}".replace("-", "−") if isinstance(value, float) else str(value)


def _steps(*values: float) -> Steps[Any]:
    return Steps(values, _shown)


@dataclass(frozen=True)
class Setting:
    """A control that several models have: field of the config, label, what it can be, help."""

    field: str
    label: str
    allowed: Allowed[Any]
    help: str


EPOCHS = Setting("epochs", "Epochs", _steps(1, 2, 3, 5, 8, 10, 15, 20, 30), "Passes over the data.")
SIZE = Setting("dimensions", "Dimensions", _steps(*DIMENSIONS), "Length of a vector.")
NEGATIVE = Setting("negative", "Negative samples", _steps(1, 2, 3, 5, 8, 10, 15, 20), "Noise items for each true pair.")
WINDOW = Setting(
    "window", "Window (steps)", _steps(1, 2, 3, 5, 8, 10, 15, 20), "How far apart two items still count as context."
)
RATE = Setting(
    "learning_rate", "Learning rate", _steps(0.005, 0.01, 0.025, 0.05, 0.1), "At the start; it falls to nearly zero."
)
ON_SEQUENCES = (
    Setting(
        "ns_exponent",
        "Noise exponent",
        _steps(-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0),
        "Noise items are drawn by count to this power: 0.75 is word2vec's, 0 draws all alike, below 0 prefers rare.",
    ),
    Setting(
        "subsample",
        "Subsampling of frequent items",
        _steps(0.0, 1e-5, 1e-4, 1e-3, 1e-2),
        "An item with a larger share of all events is dropped now and then; 0 drops none, smaller values drop more.",
    ),
    NEGATIVE,
    RATE,
)
ON_WALKS = (
    Setting("num_walks", "Walks from each item", _steps(1, 2, 5, 10, 20, 40), "More walks, less noise."),
    Setting("walk_length", "Walk length (items)", _steps(10, 20, 40, 80, 120), "Items in a walk."),
    NEGATIVE,
    RATE,
)
MODES = {"set": "set: all pairs", "shuffle": "set, shuffled each epoch", "sequence": "sequence (as word2vec)"}
SETTINGS: dict[str, tuple[Setting, ...]] = {
    "word2vec": (
        SIZE,
        WINDOW,
        EPOCHS,
        Setting("skip_gram", "Skip-gram", Flag(), "An item predicts each item around it. Off: CBOW, their mean does."),
        Setting(
            "hierarchical_softmax",
            "Hierarchical softmax",
            Flag(),
            "A tree instead of negative samples: then there are no output vectors, and in · out cannot be scored.",
        ),
        *ON_SEQUENCES,
    ),
    "item2vec": (
        SIZE,
        Setting(
            "mode",
            "A sequence is a",
            Options(MODES),
            "All pairs of a set (m items weigh m²), near pairs of a shuffled set (they weigh m), or a sequence.",
        ),
        replace(WINDOW, help="How far apart two items still count; not used where a sequence is a set of all pairs."),
        EPOCHS,
        *ON_SEQUENCES,
    ),
    "DeepWalk": (SIZE, WINDOW, EPOCHS, *ON_WALKS),
    "node2vec": (
        Setting("p", "p (return)", _steps(*BIASES), "Weight 1/p on going straight back."),
        Setting("q", "q (in–out)", _steps(*BIASES), "Weight 1/q on leaving the neighborhood; p = q = 1 is DeepWalk."),
        SIZE,
        WINDOW,
        EPOCHS,
        *ON_WALKS,
    ),
    "GES": (SIZE, WINDOW, EPOCHS, *ON_WALKS),
    "EGES": (SIZE, WINDOW, EPOCHS, *ON_WALKS),
}
SECOND = "b_"  # of the second of two settings
PARAMETERS: dict[tuple[str, str, str], Parameter[Any]] = {
    (prefix, model, setting.field): Parameter(
        VISIT,  # EGES has the same settings on two pages
        f"{prefix}{model}_{setting.field}",
        f"{'second ' if prefix else ''}{model}, {setting.label}",
        setting.allowed,
        help=setting.help,
    )
    for prefix in ("", SECOND)
    for model, settings in SETTINGS.items()
    for setting in settings
}


def fields_of(data: ActiveData) -> tuple[str, ...]:
    """Columns of side information that a model can learn from."""
    return tuple(c for c in (data.side_info.columns if data.side_info is not None else ()) if c != "title")


def missing(data: ActiveData, key: str) -> str:
    """What the data lacks for a model, in a sentence; empty where it lacks nothing."""
    needs = MODELS[key].needs
    if needs == "sequences" and data.sequences is None:
        return "Needs sequences (baskets, sessions, clicks); this data set is a graph alone."
    if needs == "side information" and not fields_of(data):
        return "Needs side information (category, brand, …); this data set has none but names."
    return ""


def default_config(data: ActiveData, graph: ItemGraph, key: str) -> Any:
    """Where a model's settings start for this data."""
    found = comparison_defaults(data.sequences, graph, data.side_info)
    if key not in found:
        raise ValueError(f"{key} cannot be trained on {data.title}. {missing(data, key)}")
    return found[key]


def model_config(data: ActiveData, graph: ItemGraph, key: str, *, prefix: str = "", seed: int | None = None) -> Any:
    """The settings in use, bound to the session and the link; a combination that is not possible is said.

    Args:
        data: the data set in use.
        graph: what is walked.
        key: of the model.
        prefix: "b_" for the second of two settings.
        seed: of the training; the visit's where left out.
    """
    default = default_config(data, graph, key)
    values = {
        setting.field: _bind(data, key, setting, getattr(default, setting.field), prefix).value
        for setting in SETTINGS[key]
    }
    seed = session.seed() if seed is None else seed
    try:
        return replace(default, **values, seed=seed)
    except UsageError as error:
        st.warning(f"{key}: {error}. The defaults are used.")
        return replace(default, seed=seed)


def _bind(data: ActiveData, key: str, setting: Setting, default: Any, prefix: str) -> Bound:
    steps = setting.allowed
    among = sorted({*steps.values, default}) if isinstance(steps, Steps) else None  # the default is always offered
    return PARAMETERS[prefix, key, setting.field].bind(data, default=default, among=among)


def model_controls(data: ActiveData, graph: ItemGraph, key: str, *, prefix: str = "") -> None:
    """The widgets of one model's settings, two in a row."""
    default = default_config(data, graph, key)
    st.caption(f"{key} learns from {MODELS[key].words}.")
    columns = st.columns(2)
    for number, setting in enumerate(SETTINGS[key]):
        bound = _bind(data, key, setting, getattr(default, setting.field), prefix)
        bound.draw(columns[number % 2], label=setting.label)


def second_like_first(data: ActiveData, graph: ItemGraph, key: str) -> dict[str, Any]:
    """The parameters that give the second of two settings the values of the first."""
    config = model_config(data, graph, key)
    return {f"{SECOND}{key}_{setting.field}": getattr(config, setting.field) for setting in SETTINGS[key]}


def changed(config: Any, default: Any) -> dict[str, Any]:
    """Fields that differ, in the order of the class."""
    return {
        f.name: getattr(config, f.name)
        for f in dataclasses.fields(config)
        if getattr(config, f.name) != getattr(default, f.name)
    }


def in_words(key: str, config: Any) -> str:
    """A config in a few words, for the head of a column."""
    if key == "node2vec":
        return f"p = {config.p:g}, q = {config.q:g}"
    if key == "item2vec":
        return {"set": "all pairs of a set", "shuffle": "shuffled sets", "sequence": "as a sequence"}[config.mode]
    if key == "word2vec":
        kind = "skip-gram" if config.skip_gram else "CBOW"
        return f"{kind}, window {config.window}"
    if key in ("GES", "EGES"):
        return "walks + side information"
    return f"window {config.window}, {config.num_walks} walks"


def differences(a: Any, b: Any) -> str:
    """What two settings of one model differ in, in words."""
    found = [
        f"{name.replace('_', ' ')} {_shown(getattr(a, name))} against {_shown(value)}"
        for name, value in changed(b, a).items()
    ]
    return ", ".join(found)


TRAINERS = {
    "word2vec": ("Word2VecConfig", "train_word2vec", "sequences"),
    "item2vec": ("Item2VecConfig", "train_item2vec", "sequences"),
    "DeepWalk": ("DeepWalkConfig", "train_deepwalk", "graph"),
    "node2vec": ("Node2VecConfig", "train_node2vec", "graph"),
    "GES": ("EGESConfig", "train_eges", "graph, side_info"),
    "EGES": ("EGESConfig", "train_eges", "graph, side_info"),
}


def python_call(key: str, config: Any) -> str:
    """The call that trains a model, with every field that differs from the class's own default."""
    name, train, source = TRAINERS[key]
    given = ", ".join(f"{field}={value!r}" for field, value in changed(config, type(config)()).items())
    return f"{train}({source}, {name}({given}))"


def python_imports(keys: Sequence[str]) -> str:
    """The import line that these calls need."""
    names = sorted({name for key in keys for name in TRAINERS[key][:2]}, key=lambda name: (name[0].islower(), name))
    return f"from recemb_core.embeddings import {', '.join(names)}"
