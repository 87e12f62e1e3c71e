"""What the Evaluation page asks, and of whom: protocol, part, targets, query, rows; the controls of all that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from pages.kit import brought, graph_controls, recall_models, results
from pages.kit.allowed import Options, Several
from pages.kit.asked import EVALUATION_PAGE, PART, QUERY, SCORE, query_of, question_of, split_controls
from pages.kit.bring_box import bring_box
from pages.kit.leaderboard import Question
from pages.kit.model_controls import SECOND, able_models, missing, model_config, model_controls, second_like_first
from pages.kit.parameters import Bound, Parameter, set_parameters
from pages.kit.session import ActiveData
from pages.kit.text import plain, sentence
from recemb_core.deep.registry import recall_spec
from recemb_core.embeddings import MODELS
from recemb_core.experiments.leaderboard import METRICS, Entry, Metric, PartCases, Protocol, brought_query, query_kinds
from recemb_core.experiments.leaderboard.entries import recall_is_there
from recemb_core.item_graph import ItemGraph
from recemb_core.scorers import SCORERS, scorer_defaults

FLOOR = "Popularity"
SECOND_NAME = "{name}, second setting"

METRIC = Parameter(
    EVALUATION_PAGE,
    "evaluation_metric",
    "Measure",
    Options(METRICS, row=True),
    "hr",
    help="HR@K: share of users with a target among the first K. NDCG@K counts every target, a high place more. MRR: "
    "mean of 1 / place of the first target.",
)
LENGTH = Parameter(
    EVALUATION_PAGE,
    "evaluation_k",
    "K",
    Options(Protocol().ks),
    Protocol().k,
    help="Length of the list that a user would be shown; MRR looks at the whole order.",
)
TARGETS = Parameter(
    EVALUATION_PAGE,
    "evaluation_targets",
    "Targets",
    Options({"all": "All", "first_time": "First-time", "repeated": "Repeated"}),
    help="All: nothing is masked and every target counts. First-time: what a user had is masked, and only other items "
    "are targets. Repeated: only targets that the user had before.",
)
SHOWN = Parameter(
    EVALUATION_PAGE,
    "evaluation_rows",
    "Rows",
    Several(least=1),
    help="What is compared. Rows that are left out are neither measured nor judged.",
)
SECOND_MODEL = Parameter(
    EVALUATION_PAGE,
    "evaluation_second",
    "Second setting of",
    Options(shown=lambda name: name or "none"),
    "",
    help="One more row: the same model with settings of its own, which begin as they are set now.",
)


@dataclass(frozen=True, eq=False)
class Settings:
    """What the page shows, none of which measures anything anew but ``question`` and ``entries``.

    Attributes:
        question: what every row is asked.
        entries: rows by name.
        graph: of the whole data, by whose size models choose their defaults; each walks one of the training part.
        lacking: name → why a row cannot be had.
        metric, k: of picture, table and comparison.
        targets: which targets count.
    """

    question: Question
    entries: dict[str, Entry]
    graph: ItemGraph
    lacking: dict[str, str]
    metric: Metric
    k: int
    targets: Literal["all", "first_time", "repeated"]

    @property
    def data(self) -> ActiveData:
        return self.question.data

    @property
    def cases(self) -> PartCases:
        return self.question.cases

    @property
    def view(self) -> str:
        """The view of every run that is looked at; the usual targets have coverage as well."""
        return "main" if self.targets == self.cases.choice.targets else self.targets

    @property
    def measure(self) -> str:
        """The measure as a head of a column."""
        return METRICS[self.metric] if self.metric == "mrr" else f"{METRICS[self.metric]}@{self.k}"


def settings_of(data: ActiveData) -> Settings:
    """All of it, bound without drawing anything.

    Raises:
        UsageError: the cut leaves nobody to ask.
    """
    question = question_of(data)
    _ = question.cases  # before anything that takes time
    graph = graph_controls.walked_graph(data, graph_controls.graph_settings(data))[1]
    metric, k = METRIC.value(data), LENGTH.value(data)
    targets = TARGETS.value(data, default=question.cases.choice.targets)
    names = shown_rows(data, question).value
    entries = {name: entry for name, entry in every_entry(question, graph).items() if without_commas(name) in names}
    if second := second_model(data).value:
        name = SECOND_NAME.format(name=second)
        config = model_config(data, graph, second, prefix=SECOND)
        entries[name] = Entry(name=name, config=config, query=query_of(question, config))
    entries |= brought_entries(question, taken=entries)
    lacking = {name: why for name, spec in SCORERS.items() if (why := spec.missing(question.cases.train))}
    lacking |= {name: why for name in MODELS if (why := missing(data, name))}
    lacking |= {one.label: " ".join(one.said) for one in brought.every(data) if one.vectors is None}
    return Settings(question, entries, graph, lacking, metric, k, targets)


def every_entry(question: Question, graph: ItemGraph) -> dict[str, Entry]:
    """All rows that this data can have, with the settings in use: scorers, item vectors, networks."""
    data = question.data
    found = {name: Entry(name=name, config=config) for name, config in _scorers(question).items()}
    for name in able_models(data):
        config = model_config(data, graph, name)
        found[name] = Entry(name=name, config=config, query=query_of(question, config))
    return found | {name: Entry(name=name, config=config) for name, config in networks(data).items()}


def brought_entries(question: Question, taken: Collection[str]) -> dict[str, Entry]:
    """A row for each file of vectors that this session brought, as far as it fits this data; no choice, and no link."""
    found = {}
    for one in brought.every(question.data):
        if one.vectors is not None:
            usual = brought_query(question.cases, one.vectors).score
            asked = SCORE.value(question.data)
            kinds = query_kinds(question.cases.train, asked if usual == "in_out" and asked != "usual" else usual)
            name = f"{one.label} (yours)" if one.label in taken else one.label
            found[name] = Entry(name=name, config=one.config, query=kinds[QUERY.value(question.data)])
    return found


def _scorers(question: Question) -> dict[str, Any]:
    train = question.cases.train
    key = ("leaderboard scorers", *question.key)
    return results.remember(question.data, key, lambda: scorer_defaults(train))  # type: ignore[no-any-return]


def networks(data: ActiveData) -> dict[str, Any]:
    """Recall models that are no average of item vectors: those stand in the table as item vectors already."""
    if not recall_is_there():
        return {}
    configs = recall_models.model_configs(data)
    return {name: config for name, config in configs.items() if recall_spec(config).item_vectors is None}


def shown_rows(data: ActiveData, question: Question) -> Bound:
    """The box of rows; at first it holds all, of an upload all but the networks, which take longest."""
    quick = [*_scorers(question), *able_models(data)]
    every = [*quick, *networks(data)]
    default, among = (list(map(without_commas, some)) for some in (quick if data.uploaded else every, every))
    return SHOWN.bind(data, default=default, among=among)


def shown_scorers(data: ActiveData, question: Question) -> dict[str, Entry]:
    """The chosen rows that need no training; nothing else is worked out for them."""
    chosen = shown_rows(data, question).value
    scorers = _scorers(question).items()
    return {name: Entry(name=name, config=config) for name, config in scorers if without_commas(name) in chosen}


def without_commas(name: str) -> str:
    """A row's name as a link lists it."""
    return name.replace(",", "")


def second_model(data: ActiveData) -> Bound:
    """Which model has a second row."""
    return SECOND_MODEL.bind(data, among=["", *able_models(data)])


def controls(settings: Settings) -> None:
    """What the questions move."""
    METRIC.draw(settings.data)
    TARGETS.draw(settings.data, default=settings.cases.choice.targets)
    SCORE.draw(settings.data)


def more_controls(settings: Settings) -> None:
    """The others, below the question."""
    data, question = settings.data, settings.question
    if settings.metric != "mrr":
        LENGTH.draw(data)
    PART.draw(data)
    with st.popover("Rows", icon=":material/checklist:", width="stretch"):
        shown_rows(data, question).draw()
        second = second_model(data)
        second.draw(on_change=_second_begins, args=(data, settings.graph, second.key))
        for name, why in settings.lacking.items():
            st.caption(f"No row of {plain(name)}: {sentence(why)}")
    with st.popover("Split and query", icon=":material/tune:", width="stretch"):
        split_controls(data)
        QUERY.draw(data)
    bring_box(data, width="stretch")


def _second_begins(data: ActiveData, graph: ItemGraph, key: str) -> None:
    if name := st.session_state[key]:
        set_parameters(data, **second_like_first(data, graph, name))


def model_settings(settings: Settings) -> None:
    """The settings of the models of item vectors, folded away."""
    data, second = settings.data, second_model(settings.data).value
    tabs = {name: (name, "") for name in able_models(data) if name in settings.entries}
    if second:
        tabs[SECOND_NAME.format(name=second)] = (second, SECOND)
    if not tabs:
        return
    with st.expander("Settings of the models", icon=":material/tune:"):
        st.caption("Those of the Neighbors page, and the other way round. The networks' are on the Deep models page.")
        for tab, (name, prefix) in zip(st.tabs(list(tabs)), tabs.values(), strict=True):
            with tab:
                model_controls(data, settings.graph, name, prefix=prefix)
