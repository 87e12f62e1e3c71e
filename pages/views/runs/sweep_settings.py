"""What the Sweeps view asks for: model, what varies over what, sampler, budget, aims; the controls of all that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages.kit import graph_controls, session
from pages.kit.allowed import Options, Several, Span, Steps, Text
from pages.kit.leaderboard import Question
from pages.kit.model_controls import (
    MINUTES_OFFERED,
    TRIALS_OFFERED,
    able_models,
    default_config,
    model_config,
    model_controls,
)
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.sweeps.opening import structure_of
from pages.kit.text import field_words, plain, sentence
from pages.views.runs.kept import RUNS_PAGE
from recemb_core.config_fields import said_of
from recemb_core.embeddings.registry import MODELS, ModelSpec
from recemb_core.experiments.leaderboard import Protocol, default_query
from recemb_core.item_graph import ItemGraph
from recemb_core.sweeps import (
    COSTS,
    QUALITIES,
    SAMPLERS,
    STRUCTURE,
    Ground,
    Space,
    SweepPlan,
    dimension,
    parameters,
    tpe_is_there,
)
from recemb_core.sweeps.idle import idle_words
from recemb_core.sweeps.plan import config_of
from recemb_core.sweeps.usual import OF_AN_INDEX, USUAL_MODEL, USUAL_OF_A_GRAPH, usual_names, usual_text
from recemb_core.sweeps.usual import TRIALS as TRIALS_AT_FIRST
from recemb_core.validation import UsageError

MODEL = Parameter(RUNS_PAGE, "sweep_model", "Model", Options(), help="Whose settings are tried.")
VARIES = Parameter(
    RUNS_PAGE,
    "sweep_over",
    "What varies",
    Several(least=1),
    help="Fields of the model; query: how a history becomes a query; graph: how the graph that is walked is made; "
    "index, lsh, hnsw: an index over the vectors. All else stays as it is set for the model.",
)
VALUES = Parameter(
    RUNS_PAGE,
    "sweep_values",
    "Values",
    Text(),
    parts=True,
    help="Values with commas between (16, 32, 64), or a range (1..9), drawn by its logarithm with log at the end "
    "(0.005..0.1 log).",
)
SAMPLER = Parameter(
    RUNS_PAGE,
    "sweep_sampler",
    "Settings are taken",
    Options(SAMPLERS),
    "random",
    help="At random covers few parameters best. Every combination takes a grid in an order of chance. TPE looks where "
    "settings did well, after ten at random.",
)
TRIALS = Parameter(
    RUNS_PAGE,
    "sweep_trials",
    "Settings tried",
    Steps(TRIALS_OFFERED),
    TRIALS_AT_FIRST,
    help="At most, the default among them. Each is trained once; the better third twice more; the best three, and the "
    "default, five times with fresh seeds.",
)
EACH = Parameter(
    RUNS_PAGE,
    "sweep_each",
    "Seeds in the first look",
    Span(1, 10),
    1,
    help="Trainings of every setting, before the better ones are trained again. From 2 on all settings have the same "
    "seeds, and from 3 on no second look follows: more work, and settings that can be compared as they are.",
)
MINUTES = Parameter(
    RUNS_PAGE,
    "sweep_minutes",
    "Minutes",
    Steps(MINUTES_OFFERED, lambda value: str(value) if value else "no limit"),
    MINUTES_OFFERED[0],
    help="Of work, fresh seeds at the end included: fewer settings are tried where these would take longer.",
)
QUALITY = Parameter(
    RUNS_PAGE,
    "sweep_aim",
    "Decides",
    Options({name: f"{words}@10" if name in ("hr", "ndcg") else words for name, words in QUALITIES.items()}),
    "hr",
    help="What the winner is judged by. HR, NDCG and MRR: on validation users. Recall of an index: the share of an "
    "item's true ten neighbors that it finds. Homophily, structural score: what vectors of the whole graph look like, "
    "as on the node2vec page; nothing is held out.",
)
COST = Parameter(
    RUNS_PAGE,
    "sweep_cost",
    "Beside it",
    Options({"": "nothing", **COSTS}),
    "bytes",
    help="A cost that is measured as well: the Pareto front shows both, TPE seeks both, and of settings that are not "
    "told apart a much cheaper one is taken.",
)


@dataclass(frozen=True, eq=False)
class SweepSettings:
    """What the controls ask for.

    Attributes:
        data: the data set in use.
        model: name.
        graph: of the whole data, by whose size a model chooses its defaults.
        ground: plan, cases and first setting; None where the controls ask for what is not possible.
        problem: why.
    """

    data: ActiveData
    model: str
    graph: ItemGraph
    ground: Ground | None
    problem: str = ""


def settings_of(data: ActiveData) -> SweepSettings:
    """All of it, bound without drawing anything."""
    model = model_of(data)
    graph = graph_controls.walked_graph(data, graph_controls.graph_settings(data))[1]
    try:
        ground = _ground(data, model, graph)
    except UsageError as error:
        return SweepSettings(data, model, graph, None, f"{error}.")
    return SweepSettings(data, model, graph, ground)


def model_of(data: ActiveData) -> str:
    """The model in use."""
    return str(_model(data).value)


def _model(data: ActiveData) -> Any:
    return MODEL.bind(data, default=_usual_model(data), among=able_models(data))


def _usual_model(data: ActiveData) -> str:
    able = able_models(data)
    return next((name for name in (USUAL_MODEL, USUAL_OF_A_GRAPH) if name in able), able[0])


def _quality(data: ActiveData) -> Any:
    """What decides: of a graph alone nobody can be asked."""
    alone = data.sequences is None
    return QUALITY.bind(data, default="structural" if alone else "hr", among=STRUCTURE if alone else QUALITIES)


def _by_structure(data: ActiveData) -> bool:
    return _quality(data).value in STRUCTURE


def _known(data: ActiveData, spec: ModelSpec) -> list[str]:
    """Parameters that can vary under what decides."""
    known = list(parameters(spec))
    return [name for name in known if not name.startswith(("graph.", "query."))] if _by_structure(data) else known


def _cost(data: ActiveData, spec: ModelSpec) -> Any:
    answers = not _by_structure(data) or any(name.startswith(OF_AN_INDEX) for name in _varies(data, spec).value)
    return COST.bind(data, among=["", *(name for name in COSTS if answers or name != "milliseconds")])


def _ground(data: ActiveData, model: str, graph: ItemGraph) -> Ground:
    plan = _plan(data, model)
    config = replace_seed(model_config(data, graph, model, seed=0))
    if plan.by_structure:
        return Ground.of(plan, data.sequences, structure=structure_of(data, graph), config=config)
    return Ground.of(plan, data.sequences, cases=Question(data, plan.protocol).cases, config=config)


def replace_seed(config: Any) -> Any:
    """The config with seed 0: every run of a sweep has its own."""
    return replace(config, seed=0) if hasattr(config, "seed") else config


def _plan(data: ActiveData, model: str) -> SweepPlan:
    spec = MODELS[model]
    names = _varies(data, spec).value
    dimensions = tuple(dimension(spec, name, _values(data, spec, name).value) for name in names)
    cost, minutes = _cost(data, spec).value, MINUTES.value(data)
    space, first = Space(dimensions), _quality(data).value
    aims = [first, *([cost] if cost else [])]
    if "recall" not in aims and any(name.startswith(OF_AN_INDEX) for name in names):
        aims.insert(1, "recall")
    return SweepPlan(
        model=model,
        space=space,
        sampler=_sampler(data).value,
        trials=TRIALS.value(data),
        minutes=minutes or None,
        aims=tuple(aims),
        protocol=Protocol(),
        seed=session.seed(),
        seeds_each=EACH.value(data),
    )


def _sampler(data: ActiveData) -> Any:
    return SAMPLER.bind(data, among=SAMPLERS if tpe_is_there() else [name for name in SAMPLERS if name != "tpe"])


def _varies(data: ActiveData, spec: ModelSpec) -> Any:
    known = _known(data, spec)
    usual = usual_names(spec, known, by_structure=_by_structure(data))
    return VARIES.bind(data, default=usual, among=known)


def opening_names(data: ActiveData) -> dict[str, str]:
    """What varies when the view is opened: parameter → words."""
    alone = data.sequences is None
    spec = MODELS[_usual_model(data)]
    known = [name for name in parameters(spec) if not (alone and name.startswith(("graph.", "query.")))]
    return {name: parameter_words(name) for name in usual_names(spec, known, by_structure=alone)}


def _values(data: ActiveData, spec: ModelSpec, name: str) -> Any:
    return VALUES.bind(data, f"{spec.name}.{name}", default=usual_values(data, spec, name))


def usual_values(data: ActiveData, spec: ModelSpec, name: str) -> str:
    """What a parameter varies over until a person says otherwise: around its default for this data."""
    graph = graph_controls.walked_graph(data, graph_controls.graph_settings(data))[1]
    config = default_config(data, graph, spec.name)
    asks = name == "query.half_life"
    query = default_query(config, Question(data, Protocol()).cases.train) if asks else None
    return usual_text(spec, name, config, query)


# ---- widgets ----


def controls(settings: SweepSettings) -> None:
    """The widgets beside the picture."""
    data, spec = settings.data, MODELS[settings.model]
    _model(data).draw()
    varies = _varies(data, spec)
    varies.draw(format_func=parameter_words)
    for name in varies.value:
        _values(data, spec, name).draw(label=parameter_words(name), help=_help(spec, name))
    if settings.problem:
        st.error(sentence(settings.problem))
    if settings.ground is not None:
        for words in idle_words(settings.ground):
            st.warning(sentence(words))
    _quality(data).draw()
    _cost(data, spec).draw()
    with st.popover("Budget and sampler", icon=":material/tune:", width="stretch"):
        TRIALS.draw(data)
        MINUTES.draw(data)
        EACH.draw(data)
        _sampler(data).draw()
        if not tpe_is_there():
            st.caption("Optuna's TPE is not there: install recemb-explorer[sweep].")


def model_settings(settings: SweepSettings) -> None:
    """Where the sweep starts, folded away."""
    with st.expander(f"Where the sweep starts: settings of {plain(settings.model)}", icon=":material/tune:"):
        st.caption("The first setting, which every other one is compared with. Those of the Neighbors page.")
        model_controls(settings.data, settings.graph, settings.model)


def parameter_words(name: str) -> str:
    """A parameter's name for a person."""
    scope, dot, inner = name.partition(".")
    return f"{scope}: {field_words(inner)}" if dot else field_words(name)


def _help(spec: ModelSpec, name: str) -> str:
    config, inner = config_of(spec, name)
    setting = next((one for one in spec.shown() if one.field == name), None)
    said = setting.help if setting is not None and setting.help else said_of(config, inner)
    return f"{plain(said)} {VALUES.help}" if said else VALUES.help or ""
