"""The recall table: scorers and recall models as they are registered, and what may be said of them."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from pages.kit import controls, event_fields, frame, parameters, recall_models, session, stage
from pages.kit.allowed import Options
from pages.kit.answer_words import signed
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE, Reports
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.deep_models import edited_history, recall_experiments
from pages.views.deep_models import history as history_view
from pages.views.deep_models.cold_items import cold_section
from pages.views.deep_models.fast_index import index_section, ready_points
from pages.views.deep_models.table import with_sample
from recemb_core.deep.registry import SPECS
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import RankingReport, paired_gain
from recemb_core.experiments.recall_models import FLOOR, KS, ModelConfig
from recemb_core.figures.model_intervals import model_intervals_figure
from recemb_core.scorers import SCORERS

FIGURES = {"all": "All", "novel": "First-time"}
MEASURES = {"hr": "HR", "ndcg": "NDCG"}

FIGURE = Parameter(
    DEEP_PAGE,
    "recall_figure",
    "Targets",
    Options(FIGURES, row=True),
    "all",
    help="First-time: what a user had before is masked, and only new items are targets. All: nothing is "
    "masked, and every item of the held-out basket (or the held-out click) is a target.",
)
MEASURE = Parameter(
    DEEP_PAGE,
    "recall_measure",
    "Measure",
    Options(MEASURES, row=True),
    "hr",
    help="HR@K: share of users with at least one target among the first K. NDCG@K counts every target, a high "
    "place more.",
)


def recall_section(data: ActiveData) -> None:
    """The whole view."""
    wanted = recall_models.model_configs(data)
    numbers = st.container()
    main, side = frame.side_by_side("recall", (3, 1), "11rem")
    with side:
        which = list(FIGURES).index(FIGURE.draw(data))
        measure = MEASURE.draw(data)
        recall_models.model_controls(data)
        tries = recall_experiments.recall(
            data, lambda: reports, verdict, clearly_better, lambda: ready_points(data, configs)
        )
        stage.try_this(data, tries)
        controls.reset_button(data)
    with main:
        configs = recall_models.ready_or_run(
            data, wanted, "What needs no training stands below; press Train to see the models beside it."
        )
        reports = all_reports(data, configs)
        _chart(reports, 1 - which, measure)
        st.markdown(verdict(reports, 1 - which))
        st.dataframe(
            report_table(data, reports, 1 - which, configs),
            hide_index=True,
            column_config={
                "Gain over popularity, HR@10": st.column_config.TextColumn(
                    help="Difference on the same users (paired), with its 95 % interval."
                )
            },
        )
        st.caption(_about(data, reports, 1 - which))
        if said := event_fields.held_out_words(data):
            st.caption(said)
        _glance(data, configs, reports)
        st.subheader("What a fast index loses", anchor=False)
        indexes = st.container()  # measured last: everything else is there meanwhile
        st.subheader("Items that nobody has taken yet", anchor=False)
        cold_section(data, wanted)
    with numbers:
        _metrics(reports)
    frame.what_you_see(
        "Each user's last basket but one (of a click log: last click but one) is asked for, the models learn from what "
        "is older, and the whole catalogue is ranked for every user: nothing is sampled. It is the validation part of "
        "the Evaluation page, with the same models; the last one is kept for the test there. A dot is a model's "
        "figure, the bar its 95 % interval, the dotted line what popularity "
        "gets.\n\n"
        f"{' '.join(f'**{name}** scores by {spec.words}.' for name, spec in SCORERS.items())} "
        f"{' '.join(spec.words for spec in SPECS.values())} The networks sample their negatives, so log Q(i), the "
        "chance of being sampled, is taken off every score while training; served is u·v alone.\n\n"
        "**Longer history**: "
        "older events are seen as well. **Smaller half-life**: newer events weigh more. Trained on **first-time "
        "targets**, a network is never asked for what is taken again: compare it on both kinds of targets."
    )
    frame.as_python(_python(data, wanted))
    with indexes:
        index_section(data, configs)


def all_reports(data: ActiveData, configs: dict[str, ModelConfig]) -> Reports:
    """Scorers first, popularity before all, then every model that is there: (first-time, all)."""
    found = {name: recall_models.rankings_of(data, config) for name, config in configs.items()}
    return recall_models.scorer_rankings(data) | {name: both for name, both in found.items() if both is not None}


def _chart(reports: Reports, which: int, measure: str) -> None:
    values: dict[str, list[Estimate]] = {}
    for name, both in reports.items():
        by_k = getattr(both[which], "hit_rate" if measure == "hr" else "ndcg")
        values[name] = [by_k[k] for k in KS]
    title = "HR@K: share of users with a hit" if measure == "hr" else "NDCG@K"
    figure = model_intervals_figure(values, [f"{MEASURES[measure]}@{k}" for k in KS], floor=FLOOR, x_title=title)
    figure.update_layout(height=120 + round(min(62, 400 / len(values)) * len(values)))  # one window holds it
    st.plotly_chart(figure, theme="streamlit", key="recall bars")


def best_row(reports: Reports, which: int, k: int = 10) -> str | None:
    """What has the highest HR@k, the floor left out."""
    others = [name for name in reports if name != FLOOR]
    return max(others, key=lambda name: reports[name][which].hit_rate[k].value, default=None)


def clearly_better(reports: Reports, which: int, k: int = 10) -> list[str]:
    """Models whose interval lies above popularity's."""
    floor = reports[FLOOR][which].hit_rate[k].high
    return [name for name, both in reports.items() if name != FLOOR and both[which].hit_rate[k].low > floor]


def verdict(reports: Reports, which: int) -> str:
    """One sentence on who beats popularity."""
    best = best_row(reports, which)
    if best is None:
        return ""
    better, what = clearly_better(reports, which), "all targets" if which else "first-time targets"
    gain = paired_gain(reports[best][which], reports[FLOOR][which], 10)
    words = (
        f"{best}: {signed(gain.value, '.3f')} HR@10 on the same users (95 %: {signed(gain.low, '.3f')} to "
        f"{signed(gain.high, '.3f')})"
    )
    if better:
        return (
            f"On {what}, **{_listed(better)} beat{'s' * (len(better) == 1)} popularity outside its interval**; {words}."
        )
    return f"On {what}, **no model beats popularity outside its interval**; the best is {words}."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{'; '.join(names[:-1])} and {names[-1]}"


def report_table(data: ActiveData, reports: Reports, which: int, configs: dict[str, ModelConfig]) -> pl.DataFrame:
    """Every figure with its interval."""

    def shown(e: Estimate) -> str:
        return f"{e.value:.3f}  [{e.low:.3f}, {e.high:.3f}]"

    rows: list[dict[str, Any]] = []
    for name, both in reports.items():
        report: RankingReport = both[which]
        gain = paired_gain(report, reports[FLOOR][which], 10)
        model = recall_models.model_of(data, configs[name]) if name in configs else None
        trained = model is not None and model.steps > 0
        rows.append(
            {
                "Model": name,
                **{f"HR@{k}": shown(report.hit_rate[k]) for k in KS},
                "NDCG@10": shown(report.ndcg[10]),
                "NDCG@100": shown(report.ndcg[100]),
                "MRR": report.mrr.value,
                "Coverage@10": f"{report.coverage[10]:.1%}",
                "Gain over popularity, HR@10": ""
                if name == FLOOR
                else f"{gain.value:+.3f}  [{gain.low:+.3f}, {gain.high:+.3f}]",
                "Training": f"{model.steps:,} steps, {model.seconds:.1f} s ({model.steps / model.seconds:.0f}/s)"
                if trained and model is not None
                else "",
            }
        )
    return pl.DataFrame(rows).with_columns(pl.col("MRR").round(4))


def _glance(data: ActiveData, configs: dict[str, ModelConfig], reports: Reports) -> None:
    """One history and its list under the best model."""
    best = best_row({name: both for name, both in reports.items() if name in (FLOOR, *configs)}, 1)
    if best is None:
        return
    model = recall_models.all_models(data, configs)[best]
    who, history = edited_history.current_user(data), edited_history.current_history(data)
    st.subheader("One history and what it leads to", anchor=False)
    left, right = st.columns(2, gap="medium")
    newest = history[-1:-6:-1]
    left.markdown(
        f"**User {plain(who)}**, the newest {len(newest)} of {len(history)} events:\n"
        + "\n".join(f"- {plain(data.titles[row])}" for row in newest)
    )
    top = edited_history.top_rows(model, history, False)[:5]
    right.markdown(
        f"**{best}** offers first, leaving out the history:\n"
        + "\n".join(f"{place}. {plain(data.titles[row])}" for place, (row, _) in enumerate(top, 1))
    )
    left.button(
        "Edit this history",
        icon=":material/edit:",
        key="recall to history",
        on_click=parameters.set_parameters,
        args=(data,),
        kwargs={"section": "history", "history_model": best},
    )


def _about(data: ActiveData, reports: Reports, which: int) -> str:
    report = reports[FLOOR][which]
    masked = "items of the history masked" if report.exclude_seen else "nothing masked"
    people, sampled = len(recall_models.cases(data).users), len(recall_models.asked(data).users)
    sample = f" (from a sample of {sampled:,} of {people:,})" if sampled < people else ""
    train = recall_models.cases(data).train
    lacks = [f" No row of {name}: {spec.missing(train)}" for name, spec in SCORERS.items() if spec.missing(train)]
    return (
        f"{report.users:,} users{sample}, {report.targets:,} targets, {masked}, {len(data.items):,} items ranked. HR: "
        "Wilson interval; NDCG and MRR: the same with the variance of their values; gain: ± 1.96 standard errors; "
        f"equal scores count by their mean over all orders; one training seed ({session.seed()}). "
        + recall_models.chance_words(data, which)
        + "".join(lacks)
        + f" {recall_models.left_out(data)}".rstrip()
    )


def _metrics(reports: Reports) -> None:
    every, novel = 1, 0
    floor = reports[FLOOR]
    popular = floor[every].hit_rate[10]
    about = f"All targets. 95 %: {popular.low:.3f} to {popular.high:.3f}, {floor[every].users:,} users."
    figures = [("HR@10, popularity", with_sample(popular, ".3f"), about)]
    for which, label in ((every, "all"), (novel, "first-time")):
        best = best_row(reports, which)
        if best is not None:
            value = reports[best][which].hit_rate[10]
            about = f"{best}, {label} targets; 95 %: {value.low:.3f} to {value.high:.3f}, {value.n:,} users. "
            about += f"Popularity here: {floor[which].hit_rate[10].value:.3f}."
            figures.append((f"HR@10, best, {label}", with_sample(value, ".3f"), about))
    frame.metrics(figures)


def _python(data: ActiveData, configs: dict[str, ModelConfig]) -> list[str]:
    name = recall_models.usual_model(configs)
    train, options, imports = history_view.model_lines(configs[name])
    return [
        *frame.import_lines(data, always=True),
        *imports,
        "from recemb_core.evaluation.ranking import next_item_cases, rank_next_items",
        "from recemb_core.scorers import fit_scorer, scorer_defaults",
        "from recemb_core.splits import leave_last_out",
        "",
        *frame.load_lines(data, always=True),
        "known, _ = leave_last_out(sequences)  # the last basket or click of each user is kept for a test",
        "cases = next_item_cases(known)  # the one before it is what is asked for",
        f"model = {train}(cases.train, {options})",
        "fitted = {name: fit_scorer(cases.train, own) for name, own in scorer_defaults(cases.train).items()}",
        f"for name, one in {{**fitted, {name!r}: model}}.items():",
        f"    report = rank_next_items(one.scores, cases.histories, cases.targets, ks={list(KS)}, exclude_seen=False)",
        "    print(name, report.hit_rate[10], report.ndcg[10])",
    ]
