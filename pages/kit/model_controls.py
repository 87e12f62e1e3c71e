"""The settings of every registered model: widgets → frozen configs, kept in the session and the link."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from pages.kit import frame, large, results, session
from pages.kit.allowed import Allowed, Flag, Options, Steps
from pages.kit.graph_controls import GraphSettings
from pages.kit.parameters import VISIT, Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import field_words, sentence
from recemb_core.embeddings.registry import MODELS, Setting, python_imports, spec_of
from recemb_core.item_graph import ItemGraph
from recemb_core.validation import UsageError

SECOND = "b_"  # of the second of two settings
TRIALS_OFFERED = (5, 10, 20, 30, 50, 100, 200)  # settings that a sweep tries at most
MINUTES_OFFERED = (0, 1, 2, 5, 10, 20, 30, 60, 120)  # of a sweep; 0: no limit
LACKS = {
    "sequences": "Needs sequences (baskets, sessions, clicks); this data set is a graph alone.",
    "side_info": "Needs side information (category, brand, …); this data set has none but names.",
}


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(field_words, value)) or "none"
    return f"{value:g}".replace("-", "−") if isinstance(value, float) else str(value)


def _parameter(prefix: str, model: str, setting: Setting) -> Parameter[Any]:
    allowed: Allowed[Any] = Flag()
    if isinstance(setting.values, Mapping):
        allowed = Options(setting.values)
    elif setting.values is not None:
        allowed = Steps(setting.values, _shown)
    label = f"{'second ' if prefix else ''}{model}, {setting.label}"
    # EGES has the same settings on two pages.
    name, follows = f"{prefix}{MODELS[model].key_of(setting.field)}", setting.field == "epochs"
    return Parameter(VISIT, name, label, allowed, help=setting.help or None, follows=follows)


def missing(data: ActiveData, key: str) -> str:
    """What the data lacks for a model, in a sentence; empty where it lacks nothing."""
    lacking = MODELS[key].lacking(data.sequences, True, data.side_info)  # a graph to walk on there always is
    return LACKS[lacking[0]] if lacking else ""


def able_models(data: ActiveData) -> list[str]:
    """The models that this data can have."""
    return [name for name in MODELS if not missing(data, name)]


def default_config(data: ActiveData, graph: ItemGraph, key: str) -> Any:
    """Where a model's settings start for this data."""
    if missing(data, key):
        raise ValueError(f"{key} cannot be trained on {data.title}. {missing(data, key)}")
    usual = usual_config(data, graph, key)
    return results.remember(
        data, ("first look", data.fingerprint, usual), lambda: large.first_look(data, MODELS[key], usual)
    )


def usual_config(data: ActiveData, graph: ItemGraph, key: str) -> Any:
    """A model's settings by the size of the data, however long they train."""
    make = partial(MODELS[key].default_config, data.sequences, graph, data.side_info)
    return results.remember(data, ("default settings", key, data.fingerprint, graph.fingerprint), make)


def first_look_line(data: ActiveData, graph: ItemGraph, keys: Sequence[str]) -> None:
    """Says which of several models are trained for a first look; the settings of each have its button."""
    if not large.is_large(data):
        return
    names = [key for key in keys if large.is_first_look(model_config(data, graph, key), usual_config(data, graph, key))]
    if names:
        st.caption(
            f"**First look** at {len(data.items):,} items: {', '.join(names)} with fewer passes or shorter walks than "
            "the size asks for. *Settings of the models* says what, and trains longer."
        )


def first_look_note(data: ActiveData, graph: ItemGraph, key: str, view: str) -> None:
    """See :func:`large.first_look_note`, for a model in the settings that all pages share."""
    usual = usual_config(data, graph, key)
    names = {name: MODELS[key].key_of(name) for name in large.FEWER if hasattr(usual, name)}
    large.first_look_note(data, graph, model_config(data, graph, key), usual, names, view)


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
        for setting in MODELS[key].shown()
    }
    seeded = {"seed": session.seed() if seed is None else seed} if hasattr(default, "seed") else {}
    try:
        return replace(default, **values, **seeded)
    except UsageError as error:
        st.warning(f"{key}: {sentence(error)}. The defaults are used.")
        return replace(default, **seeded)


def _bind(data: ActiveData, key: str, setting: Setting, default: Any, prefix: str) -> Bound:
    # The default is always offered.
    among = sorted({*setting.values, default}) if isinstance(setting.values, tuple) else None
    return _parameter(prefix, key, setting).bind(data, default=default, among=among)


def model_controls(data: ActiveData, graph: ItemGraph, key: str, *, prefix: str = "", first_look: bool = True) -> None:
    """The widgets of one model's settings, two in a row; ``first_look``: with the word that they are one."""
    default = default_config(data, graph, key)
    st.caption(f"{key} learns from {MODELS[key].words}.")
    if first_look and not prefix:
        first_look_note(data, graph, key, "settings")
    columns = st.columns(2)
    for number, setting in enumerate(MODELS[key].shown()):
        start = getattr(default, setting.field)
        more: dict[str, Any] = {"format_func": partial(by_size, start)} if setting.field == "epochs" else {}
        _bind(data, key, setting, start, prefix).draw(columns[number % 2], label=setting.label, **more)


def by_size(default: int, value: int) -> str:
    """A number of epochs as its control shows it: the one that the data's size asks for is called so.

    >>> by_size(12, 12), by_size(12, 20)
    ('12 (by size)', '20')
    """
    return f"{value} (by size)" if value == default else str(value)


def second_like_first(data: ActiveData, graph: ItemGraph, key: str) -> dict[str, Any]:
    """The parameters that give the second of two settings the values of the first."""
    return _parameters_of(model_config(data, graph, key), key, SECOND)


def twice_the_default(data: ActiveData, graph: ItemGraph, key: str) -> dict[str, Any]:
    """The parameters that give both of two settings a model's defaults."""
    config = default_config(data, graph, key)
    return _parameters_of(config, key, "") | _parameters_of(config, key, SECOND)


def _parameters_of(config: Any, key: str, prefix: str) -> dict[str, Any]:
    spec = MODELS[key]
    return {f"{prefix}{spec.key_of(setting.field)}": getattr(config, setting.field) for setting in spec.shown()}


def changed(config: Any, default: Any) -> dict[str, Any]:
    """Fields that differ, in the order of the class."""
    return {
        f.name: getattr(config, f.name)
        for f in dataclasses.fields(config)
        if getattr(config, f.name) != getattr(default, f.name)
    }


def differences(a: Any, b: Any) -> str:
    """What two settings of one model differ in, in words."""
    found = [
        f"{field_words(name)} {_shown(getattr(a, name))} against {_shown(value)}"
        for name, value in changed(b, a).items()
    ]
    return ", ".join(found)


def in_python(
    data: ActiveData, settings: GraphSettings, configs: Sequence[Any], *, counts: bool = False
) -> tuple[list[str], list[str]]:
    """(imports, lines) that load and build what these models are trained on; ``counts``: and the events of items."""
    needs = {need for config in configs for need in spec_of(config).needs}
    always = counts or "sequences" in needs
    graph = settings.as_python(data) if "graph" in needs else []
    builders = [name for name in ("build_item_graph", "backbone") if any(f"{name}(" in line for line in graph)]
    imports = [*frame.import_lines(data, always=always), *python_imports(configs)]
    imports += [f"from recemb_core.item_graph import {', '.join(builders)}"] if builders else []
    side = [frame.side_info_line(data)] if "side_info" in needs else []
    return sorted(imports), [*frame.load_lines(data, always=always), *graph, *side]
