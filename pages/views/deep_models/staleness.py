"""Staleness: tables of several ages under a network of today, scores over age, what each schedule costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, graph_controls, jobs, old_tables, session, stage
from pages.kit.allowed import Options, Span
from pages.kit.live_chart import live_chart
from pages.kit.model_controls import able_models, model_config
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import sentence
from pages.views.deep_models import staleness_experiments, staleness_words
from pages.views.deep_models.table import ABOVE, HIGH, staged
from recemb_core.embeddings import MODELS
from recemb_core.experiments.leaderboard.entries import recall_is_there
from recemb_core.experiments.staleness import AGES, ARMS, Arm, Metric, StalenessConfig, StalenessReport, usual_network
from recemb_core.figures.aging import AgingLine, aging_figure
from recemb_core.figures.theme import series_color
from recemb_core.item_graph import ItemGraph
from recemb_core.validation import UsageError

TABLE = Parameter(
    DEEP_PAGE,
    "stale_table",
    "Table",
    Options(tuple(MODELS)),
    "item2vec",
    help="The model whose item vectors grow old, with its settings of this visit. What walks on a graph is given that "
    "of each training part.",
)
TOPS = {"network": "YouTube's network", "mean": "nothing: the history's mean"}
TOP = Parameter(
    DEEP_PAGE,
    "stale_top",
    "On top of it",
    Options(TOPS),
    "network",
    help="The network reads the table as it is and trains its layers and its columns. The mean has nothing to train.",
)
MEASURE = Parameter(
    DEEP_PAGE,
    "stale_measure",
    "Measure",
    Options({"auc": "AUC", "hr": "HR@10", "ndcg": "NDCG@10"}),
    "auc",
    help="AUC: share of pairs of a target and another item of the catalogue in the right order. HR@10: share of "
    "questions with a target among the first 10. NDCG@10: high places count more.",
)
SEEN = Parameter(
    DEEP_PAGE,
    "stale_seen",
    "A training sees",
    Options({"same": "the same weeks at every age", "all": "all that came before"}),
    "same",
    help="With all that came before, an old table is also trained on less, and a fall has two causes.",
)
OLDEST = Parameter(
    DEEP_PAGE,
    "stale_oldest",
    "Oldest table (weeks)",
    Options(AGES[1:]),
    8,
    help="Ages measured: 0, 1, 2, 4, 8 weeks up to this one.",
)
WINDOWS = Parameter(
    DEEP_PAGE,
    "stale_windows",
    "Weeks asked about",
    Span(2, 12),
    6,
    help="At the end of the log, each with trainings and a seed of its own. More make the intervals narrower.",
)
COLORS: dict[Arm, str] = {
    "table": series_color(0),
    "network_fresh": series_color(2),
    "network_old": series_color(1),
    "popularity": series_color(5),
}


def staleness_section(data: ActiveData) -> None:
    """The whole view."""
    try:
        usual = old_tables.usual_plan(data, _table(data, "item2vec"))
    except UsageError as error:  # no times, or too few weeks: a property of the log, not a fault
        st.info(f"Nothing can be measured here with this log: {sentence(error)}.")
        frame.what_you_see(staleness_words.words(recall_is_there()))
        return
    main, side, numbers = staged("staleness")
    with side:
        measure = MEASURE.draw(data)
        top = TOP.draw(data, default=_tops()[0], among=_tops())
        seen = SEEN.draw(data)
        tries = staleness_experiments.staleness(
            usual.ages[-1], len(_tops()) > 1, lambda: report if current else None, lambda r: _otherwise(data, r.config)
        )
        stage.try_this(data, tries)
        with st.expander("Table, ages and weeks"):
            table = _table(data, TABLE.draw(data, among=able_models(data)))
            oldest = OLDEST.draw(data, default=usual.ages[-1])
            windows = WINDOWS.draw(data, default=usual.windows)
        controls.reset_button(data)
    config = StalenessConfig(
        table=old_tables.unseeded(table),
        network=usual_network() if top == "network" else None,
        ages=tuple(age for age in AGES if age <= oldest),
        windows=windows,
        all_before=seen == "all",
        seed=session.seed(),
    )
    with main:
        report, current = _shown(data, config)
        if report is not None:
            with stage.picture():
                _picture(data, report, measure)
            st.markdown(staleness_words.verdict(report, measure))
            st.caption(staleness_words.about(report))
    if report is not None:
        with numbers:
            staleness_words.numbers(report, measure)
        staleness_words.schedules_table(report, measure)
        staleness_words.new_items(report)
    frame.what_you_see(staleness_words.words(config.network is not None))
    frame.as_python(staleness_words.python_lines(data, config))


def _tops() -> list[str]:
    return [name for name in TOPS if name == "mean" or recall_is_there()]


def _table(data: ActiveData, name: str) -> Any:
    """The settings of a model in use; the graph, which takes its time, only where it is one's own."""
    if "graph" in MODELS[name].needs:
        graph = graph_controls.walked_graph(data, graph_controls.graph_settings(data))[1]
    else:
        graph = ItemGraph.from_edges([], [], directed=False, items=data.items)
    return model_config(data, graph, name)


def _otherwise(data: ActiveData, config: StalenessConfig) -> StalenessReport | None:
    """The report whose trainings see the other weeks, where it is there; its table is the same under any network."""
    other = replace(config, all_before=not config.all_before)
    tried = [replace(other, network=network) for network in (config.network, usual_network(), None)]
    return next(
        (found for one in tried if (found := old_tables.ready(data, old_tables.key_of(data, one))) is not None), None
    )


def _shown(data: ActiveData, config: StalenessConfig) -> tuple[StalenessReport | None, bool]:
    """The report of the settings in use, or the last one until that is measured; whether it is theirs."""
    try:
        job = old_tables.job(data, config)
    except UsageError as error:
        st.warning(sentence(error))
        return None, False
    waiting = f"Tables of these ages are not trained yet. Press Train for {job.label}."
    return jobs.result(
        data, "staleness", job, ready=lambda key: old_tables.ready(data, key), verb="Train", waiting=waiting
    )


def _picture(data: ActiveData, report: StalenessReport, measure: Metric) -> None:
    lines = []
    for arm in report.arms:
        changes = [report.change(arm, measure, age) for age in report.ages]
        levels = [report.level(arm, measure, age).share for age in report.ages]
        name = staleness_words.named(report, measure)
        said = [f"{name} {one.value:.4f} ({one.low:.4f} to {one.high:.4f})" for one in levels]
        change, low, high = (np.array([getattr(one, end) for one in changes]) for end in ("value", "low", "high"))
        lines.append(AgingLine(ARMS[arm], change, low, high, said, COLORS[arm]))
    title = f"{staleness_words.named(report, measure)}, change since age 0"
    figure = aging_figure(lines, report.ages, y_title=title)
    live_chart(figure, key=f"staleness@{data.key}", height=HIGH, above=ABOVE, glide=False)
