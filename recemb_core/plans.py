"""What a saved session asks for, whoever wrote it: seed, gap, graph and a model's config; and as settings of the pages.

The command line writes its own parts of :class:`~recemb_core.session_file.SessionFile`, the pages write their controls
by name. Both are read here, so that the one trains what the other shows. Where both speak, the part counts more.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from recemb_core.config_fields import changed, check_names, config_fields
from recemb_core.embeddings.registry import MODELS, ModelSpec, spec_of
from recemb_core.item_graph.config import GraphConfig
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError, is_whole, require, written

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.item_graph import ItemGraph
    from recemb_core.sequences import Sequences

MADE = "made_"  # before the name of a setting of a data set made to order, among the pages' settings
GAP_MINUTES = 60.0  # of bundled logs, where nothing else is said
_BACKBONE = "backbone"  # the pages have one control of it for each kind of edges
_SHARED = tuple(f.name for f in dataclasses.fields(GraphConfig) if f.name != _BACKBONE)


def model_named(name: str) -> ModelSpec:
    """A registered model by its name, capitals aside.

    Raises:
        UsageError: there is none; it lists the names.

    >>> model_named("NODE2VEC").name
    'node2vec'
    """
    found = [spec for spec in MODELS.values() if spec.name.lower() == name.lower()]
    if not found:
        raise UsageError(f"no model is called {written(name, 60)}; there are {', '.join(MODELS)}")
    return found[0]


def seed_of(saved: SessionFile) -> int:
    """Its seed, 0 where it says none."""
    seed = saved.seed if saved.seed is not None else saved.settings.get("seed", 0)
    require(is_whole(seed) and 0 <= seed < 2**32, "seed", seed, "a whole number from 0 to 2^32 − 1")
    return int(seed)


def gap_of(saved: SessionFile) -> float:
    """Minutes after which a session of a bundled log ends."""
    gap = saved.gap_minutes if saved.gap_minutes is not None else saved.settings.get("gap", GAP_MINUTES)
    number = isinstance(gap, int | float) and not isinstance(gap, bool) and gap > 0
    require(number, "gap_minutes", gap, "a number over 0")
    return float(gap)


def made_of(saved: SessionFile) -> dict[str, Any]:
    """Settings of a data set that is made to order, whoever wrote them.

    >>> made_of(SessionFile(data="designed_shop", made={"noise": 0.2}, settings={"made_drift": 0.1, "q": 2}))
    {'drift': 0.1, 'noise': 0.2}
    """
    own = {name.removeprefix(MADE): value for name, value in saved.settings.items() if name.startswith(MADE)}
    return own | dict(saved.made)


def counts_graph(saved: SessionFile) -> bool:
    """Whether the graph of a data set that comes with one is counted from its log instead.

    >>> counts_graph(SessionFile(settings={"graph_from": "log"})), counts_graph(SessionFile())
    (True, False)
    """
    told = saved.graph_from or saved.settings.get("graph_from", "given")
    require(told in ("given", "log"), "graph_from", told, "'given' or 'log'")
    return bool(told == "log")


def graph_config(saved: SessionFile, *, ordered: bool) -> GraphConfig:
    """How the graph is made of sequences with or without order.

    Raises:
        UsageError: a setting that is none of a graph, or a value that it cannot have.

    >>> graph_config(SessionFile(settings={"backbone_transitions": "top_edges", "top": 3}), ordered=True).narrowed
    {'method': 'top_edges', 'top': 3}
    """
    check_names(GraphConfig, saved.graph, "the graph")
    told = {name: saved.settings[name] for name in _SHARED if name in saved.settings} | dict(saved.graph)
    edges = changed(GraphConfig(), told, "the graph").resolved(ordered).edges
    if _BACKBONE not in told and f"{_BACKBONE}_{edges}" in saved.settings:
        told[_BACKBONE] = saved.settings[f"{_BACKBONE}_{edges}"]
    return changed(GraphConfig(), told, "the graph").resolved(ordered)


def model_config(
    saved: SessionFile,
    spec: ModelSpec,
    *,
    sequences: Sequences | None,
    graph: ItemGraph | None,
    side_info: pl.DataFrame | None,
) -> Any:
    """A model's config: the defaults for this data, and over them what the session says.

    Raises:
        UsageError: a setting that the model does not have, or a value that it cannot have.

    >>> from recemb_core.sequences import Sequences
    >>> shop = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]])
    >>> saved = SessionFile(model="word2vec", config={"window": 2}, settings={"word2vec_window": 9, "seed": 4})
    >>> config = model_config(saved, model_named("word2vec"), sequences=shop, graph=None, side_info=None)
    >>> config.window, config.seed
    (2, 4)
    """
    default = spec.default_config(sequences, graph, side_info, seed_of(saved))
    told = told_settings(saved, spec)
    fixed = {name: value for name, value in spec.fixed.items() if name in told and told[name] != value}
    if fixed:
        name, value = next(iter(fixed.items()))
        raise UsageError(f"{name} is {value} of {spec.name}; choose another model to change it")
    config = changed(default, told, spec.name)
    # A seed in the model's own part is refused rather than passed over: there would be two.
    if "seed" in saved.config and saved.seed is not None and saved.config["seed"] != saved.seed:
        raise UsageError(f"seed is {saved.seed} of the session and {saved.config['seed']} of its model; say it once")
    return config


def told_settings(saved: SessionFile, spec: ModelSpec) -> dict[str, Any]:
    """What a session says of a model's config; where it does not name ``epochs``, these go by the size of the data.

    >>> told_settings(SessionFile(settings={"word2vec_window": 9, "seed": 4}), model_named("word2vec"))
    {'window': 9}
    """
    names = [field.name for field in dataclasses.fields(spec.config) if field.name != "seed"]
    told = {name: saved.settings[key] for name in names if (key := spec.key_of(name)) in saved.settings}
    return told | dict(saved.config) if saved.model and model_named(saved.model) is spec else told


def whole_session(saved: SessionFile, config: Any) -> SessionFile:
    """The session with a model's settings said in full, so that another default changes nothing.

    >>> from recemb_core.embeddings import EGESConfig
    >>> whole_session(SessionFile(), EGESConfig(attention=False, seed=3)).model
    'GES'
    """
    spec = spec_of(config)
    names = [
        field.name for field in dataclasses.fields(config) if field.name != "seed" and field.name not in spec.fixed
    ]
    own = {name: getattr(config, name) for name in names}
    return dataclasses.replace(saved, model=spec.name, config=own, seed=getattr(config, "seed", saved.seed))


def page_settings(saved: SessionFile) -> tuple[dict[str, Any], list[str]]:
    """(parameters of the pages by name, sentences about what no page has a control for).

    >>> page_settings(SessionFile(seed=3, model="word2vec", config={"window": 2, "min_count": 5}))[0]
    {'seed': 3, 'models': ['word2vec'], 'word2vec_window': 2}
    """
    found: dict[str, Any] = dict(saved.settings)
    said: list[str] = []
    if saved.sweep:
        said.append(
            "The session's sweep is not taken over: 'recemb sweep' runs it, the Runs page sweeps by its controls."
        )
    if saved.seed is not None:
        found["seed"] = saved.seed
    found |= {f"{MADE}{name}": value for name, value in saved.made.items()}
    if saved.graph_from:
        found["graph_from"] = saved.graph_from
    if saved.gap_minutes is not None:
        found["gap"] = int(saved.gap_minutes) if float(saved.gap_minutes).is_integer() else saved.gap_minutes
    check_names(GraphConfig, saved.graph, "the graph")
    found |= {name: value for name, value in saved.graph.items() if name != _BACKBONE}
    if saved.graph.get(_BACKBONE, "auto") != "auto":
        edges = saved.graph.get("edges", "auto")
        kinds = ("transitions", "co_occurrence") if edges == "auto" else (edges,)
        found |= {f"{_BACKBONE}_{kind}": saved.graph[_BACKBONE] for kind in kinds}
    if found.get("edges") == "auto":
        del found["edges"]
    if saved.model:
        spec = model_named(saved.model)
        check_names(spec.config, saved.config, spec.name)
        shown = {setting.field for setting in spec.shown()}
        found["models"] = [spec.name]
        own = {field.name: field.default for field in config_fields(spec.config)}
        for name, value in saved.config.items():
            if name == "seed":
                found["seed"] = value
            elif name in shown:
                found[spec.key_of(name)] = value
            elif name not in spec.fixed and value != own[name]:
                said.append(f"The session's {spec.name} has {name} = {value}, which no page has a control for.")
    return found, said
