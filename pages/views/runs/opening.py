"""The way back from a kept run to the page that shows it: every setting as the run has it, nothing trained again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.kit import brought, kept_runs, parameters, recall_models
from pages.kit.asked import PART, QUERY, SCORE, SPLIT, TEST_SHARE, VALIDATION_SHARE, splits_of
from pages.kit.graph_controls import graph_settings, walked_graph
from pages.kit.leaderboard import Question, put_run
from pages.kit.model_controls import default_config
from pages.kit.model_results import put_model
from pages.kit.parameters import Parameter
from pages.kit.session import SEED, ActiveData
from pages.kit.text import field_words, sentence
from recemb_core.brought import Brought, BroughtConfig
from recemb_core.deep.registry import recall_defaults
from recemb_core.embeddings import MODELS
from recemb_core.experiments.leaderboard import Protocol, Query, default_query, query_kinds
from recemb_core.plans import page_settings
from recemb_core.runs import RunRecord, RunSpec, RunStore
from recemb_core.scorers import scorer_defaults
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError

_RECALL: Mapping[str, Parameter] = {
    "dimensions": recall_models.DIMENSIONS,
    "history_length": recall_models.LENGTH,
    "half_life": recall_models.HALF_LIFE,
    "epochs": recall_models.EPOCHS,
    "negative": recall_models.NEGATIVES,
    "temperature": recall_models.TEMPERATURE,
}


def open_run(data: ActiveData, store: RunStore, run: RunRecord) -> None:
    """Set the page's controls as the run has them, and hand it what is kept; a button's callback.

    Raises:
        UsageError: the run has been deleted meanwhile.
    """
    spec = run.spec
    store.record(run.run_id)  # somebody may have deleted it meanwhile, and the page would train it anew unasked
    told, lacking = state_of(data, spec)
    st.session_state[SEED.name] = spec.seed or 0
    parameters.set_parameters(data, **told)
    if lacking:
        st.toast(f"No control shows {', '.join(lacking)} of this run: the page has its own there.")
    if isinstance(spec.config, BroughtConfig):
        try:
            brought.put(Brought.of_kept(spec.config, store.load(run.run_id)))
        except UsageError as error:
            st.toast(f"It could not be opened: {sentence(error)}.")
            return
    if spec.protocol is not None and run.has_users:
        question = Question(data, spec.protocol, spec.part)
        for one in store.runs(fingerprint=spec.fingerprint):
            if one.has_users and one.spec.setting_id == spec.setting_id:
                put_run(question, one.spec.entry, store.user_scores(one.run_id), one.spec.seed or 0)
    elif run.has_vectors and spec.model in MODELS:
        graph = walked_graph(data, graph_settings(data))[1] if "graph" in MODELS[spec.model].needs else None
        if kept_runs.vectors_spec(data, spec.config, graph).run_id == run.run_id:
            put_model(data, dataclasses.replace(store.load(run.run_id), config=spec.config), graph=graph)


def state_of(data: ActiveData, spec: RunSpec) -> tuple[dict[str, Any], list[str]]:
    """(parameters of the pages by name that show a run, what of it no control shows)."""
    told, lacking = dict[str, Any](), list[str]()
    if spec.model in MODELS:
        # The graph of a measured run is that of its training part, which the page makes itself.
        _model(data, spec.model, spec.config, {} if spec.protocol is not None else spec.graph, told, lacking)
    if spec.protocol is not None:
        _question(data, spec, told, lacking)
    return told, lacking


def _set(told: dict[str, Any], lacking: list[str], one: Parameter, value: Any, words: str) -> None:
    """A value that the control offers, else a word of it."""
    if one.allowed.holds(value):
        told[one.name] = value
    else:
        lacking.append(words)


def _model(
    data: ActiveData, model: str, own: Any, graph: Mapping[str, Any], told: dict[str, Any], lacking: list[str]
) -> None:
    spec = MODELS[model]
    names = [f.name for f in dataclasses.fields(own) if f.name not in ("seed", *spec.fixed)]
    config = {name: getattr(own, name) for name in names}
    # What has no control is looked at below, by the defaults for this data.
    settings = page_settings(SessionFile(model=model, config=config, graph=graph))[0]
    told |= {name: value for name, value in settings.items() if name != "seed"}
    usual = default_config(data, walked_graph(data, graph_settings(data))[1], model)
    shown = {one.field: one for one in spec.shown()}
    for name, value in config.items():
        default = getattr(usual, name)
        one = shown.get(name)
        offered = one is not None and (one.values is None or value in one.values)
        if value != default and not offered:
            told.pop(spec.key_of(name), None)
            lacking.append(f"{field_words(name)} {value}")


def _question(data: ActiveData, spec: RunSpec, told: dict[str, Any], lacking: list[str]) -> None:
    protocol = spec.protocol
    assert protocol is not None
    told[PART.name] = spec.part
    if protocol.split in splits_of(data):
        told[SPLIT.name] = protocol.split
    usual = Protocol(split=protocol.split)
    if protocol.split == "global_time":
        for share, one in (("validation_share", VALIDATION_SHARE), ("test_share", TEST_SHARE)):
            _set(told, lacking, one, getattr(protocol, share), f"{field_words(share)} {getattr(protocol, share)}")
            usual = dataclasses.replace(usual, **{share: getattr(protocol, share)})
    for field in dataclasses.fields(protocol):
        if getattr(protocol, field.name) != getattr(usual, field.name):
            lacking.append(f"{field_words(field.name)} {getattr(protocol, field.name)}")
    question = Question(data, protocol, spec.part)
    if spec.query is not None:
        _query(question, spec.config, spec.query, told, lacking)
    if isinstance(spec.config, BroughtConfig):  # its row is there with the file, and no choice
        told["evaluation_rows"] = ["Popularity"]
        return
    name = spec.model
    if spec.model not in MODELS:
        name = _other(question, spec, told, lacking)
    told["evaluation_rows"] = list(dict.fromkeys([name.replace(",", ""), "Popularity"]))


def _query(question: Question, config: Any, query: Query, told: dict[str, Any], lacking: list[str]) -> None:
    train = question.cases.train
    kinds = {kind: one for kind, one in query_kinds(train, query.score).items() if one == query}
    if not kinds:
        lacking.append(f"the query ({query.words})")
        return
    told[QUERY.name] = next(iter(kinds))
    told[SCORE.name] = "usual" if default_query(config, train).score == query.score else query.score


def _other(question: Question, spec: RunSpec, told: dict[str, Any], lacking: list[str]) -> str:
    """The row of a scorer or network, by its settings."""
    defaults = scorer_defaults(question.cases.train)
    alike = [name for name, config in defaults.items() if type(config) is type(spec.config)]
    if alike:
        same = [name for name in alike if defaults[name] == spec.config]
        if not same:
            lacking.append(f"the settings of {spec.model}, which has its defaults there")
        return (same or alike)[0]
    settable = {"seed", *_RECALL}
    for field in dataclasses.fields(spec.config):
        value = getattr(spec.config, field.name)
        inside = next((name for name, own in MODELS.items() if own.owns(value)), None)
        if inside is not None:
            settable.add(field.name)
            _model(question.data, inside, value, {}, told, lacking)
        elif field.name in _RECALL:
            value = int(value or 0) if field.name == "half_life" else value
            _set(told, lacking, _RECALL[field.name], value, f"{field_words(field.name)} {value}")
    rest = _without(spec.config, settable)
    networks = {name: one for name, one in recall_defaults().items() if type(one) is type(spec.config)}
    same = [name for name, one in networks.items() if _without(one, settable) == rest]
    if not same:
        lacking.append(f"all settings of {spec.model}, some of which have no control")
    return (same or [spec.model])[0]


def _without(config: Any, names: set[str]) -> dict[str, Any]:
    return {one.name: getattr(config, one.name) for one in dataclasses.fields(config) if one.name not in names}
