"""Recall: scorers and models as they are registered, with their hits; through a fast index; on items new to the log."""

from __future__ import annotations

import polars as pl
import streamlit as st

from pages.kit import controls, event_fields, frame, parameters, recall_models, session, stage
from pages.kit.allowed import Options
from pages.kit.answer_words import signed
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE, Reports
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.deep_models import cold_items, edited_history, fast_index, recall_board, recall_experiments
from pages.views.deep_models import history as history_view
from pages.views.deep_models.table import ABOVE, HIGH, staged, with_sample
from recemb_core.deep.registry import SPECS
from recemb_core.evaluation.intervals import Estimate
from recemb_core.evaluation.ranking import paired_gain
from recemb_core.experiments.recall_models import FLOOR, KS, ModelConfig
from recemb_core.figures.model_intervals import model_intervals_figure
from recemb_core.scorers import SCORERS

LOOKS = {"models": "Models", "index": "Fast index", "cold": "New items"}
LOOK = Parameter(DEEP_PAGE, "recall_look", "Picture", Options(LOOKS, row=True), "models", view=True)
FIGURES = {"all": "All", "novel": "First-time"}
TARGETS = ("First-time targets", "All targets")
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
    recall_models.check_askable(data)
    wanted, look = recall_models.model_configs(data), LOOK.value(data)
    main, side, numbers = staged("recall")
    with main:
        configs = recall_models.ready_or_run(
            data, wanted, "What needs no training stands below; press Train to see the models beside it."
        )
    with side:
        if look == "models":
            FIGURE.draw(data)
            MEASURE.draw(data)
        elif look == "index":
            fast_index.index_controls(data, configs)
        tries = recall_experiments.recall(
            data,
            lambda: reports if configs == wanted else None,
            lambda: fast_index.ready_points(data, configs),
            lambda: cold,
        )
        stage.try_this(data, tries)
        with st.expander("Settings of the networks"):
            recall_models.model_controls(data)
        controls.reset_button(data)
    reports: Reports = {}
    cold = None
    with main:
        if look == "models":
            reports = recall_board.all_reports(data, configs)
            _models(data, reports)
            with numbers:
                _metrics(reports, 1 - list(FIGURES).index(FIGURE.value(data)))
        elif look == "index":
            fast_index.index_section(data, configs, numbers)
        else:
            cold = cold_items.cold_section(data, wanted, numbers)
    if look == "models":
        _below(data, configs, reports)
    frame.what_you_see(
        "Each user's last basket but one (of a click log: last click but one) is asked for, the models learn from what "
        "is older, and the whole catalogue is ranked for every user: nothing is sampled. It is the validation part of "
        "the Evaluation page, with the same models; the last one is kept for the test there. A dot is a model's "
        "figure, the bar its 95% interval, the dotted line what popularity "
        "gets.\n\n"
        f"{' '.join(f'**{name}** scores by {spec.words}.' for name, spec in SCORERS.items())} "
        f"{' '.join(spec.words for spec in SPECS.values())} The networks sample their negatives, so log Q(i), the "
        "chance of being sampled, is taken off every score while training; served is u·v alone.\n\n"
        "**Longer history**: "
        "older events are seen as well. **Smaller half-life**: newer events weigh more. Trained on **first-time "
        "targets**, a network is never asked for what is taken again: compare it on both kinds of targets."
    )
    frame.as_python(_python(data, wanted))


def _models(data: ActiveData, reports: Reports) -> None:
    """The picture of all models, and who beats popularity."""
    which = 1 - list(FIGURES).index(FIGURE.value(data))
    with stage.picture():
        _chart(data, reports, which, MEASURE.value(data))
    st.markdown(recall_board.verdict(reports, which))


def _below(data: ActiveData, configs: dict[str, ModelConfig], reports: Reports) -> None:
    """The table, whom it is about, and one history."""
    which = 1 - list(FIGURES).index(FIGURE.value(data))
    table = recall_board.report_table(data, reports, which, configs)
    st.dataframe(
        table.select(recall_board.SHOWN),
        hide_index=True,
        column_config={
            "Coverage@10": st.column_config.TextColumn(help="Share of the catalogue in anybody's list of 10."),
            recall_board.GAIN: st.column_config.TextColumn(
                help="Difference in HR@10 on the same users (paired), with its 95% interval."
            ),
        },
    )
    with st.expander("Longer lists, and what training took"):
        st.dataframe(table.select("Model", pl.exclude(recall_board.SHOWN)), hide_index=True)
    st.caption(f"{_about(data, reports, which)} {recall_board.rule(reports)}")
    if said := event_fields.held_out_words(data):
        st.caption(said)
    _glance(data, configs, reports)


def _chart(data: ActiveData, reports: Reports, which: int, measure: str) -> None:
    values: dict[str, list[Estimate]] = {}
    for name, both in reports.items():
        by_k = getattr(both[which], "hit_rate" if measure == "hr" else "ndcg")
        values[name] = [by_k[k] for k in KS]
    title = "HR@K: share of users with a hit" if measure == "hr" else "NDCG@K"
    figure = model_intervals_figure(values, [f"{MEASURES[measure]}@{k}" for k in KS], floor=FLOOR, x_title=title)
    live_chart(figure, key=f"recall bars@{data.key}", height=HIGH, above=ABOVE, glide=False)


def _glance(data: ActiveData, configs: dict[str, ModelConfig], reports: Reports) -> None:
    """One history and its list under the best model."""
    best = recall_board.best_row({name: both for name, both in reports.items() if name in (FLOOR, *configs)}, 1)
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


def _metrics(reports: Reports, which: int) -> None:
    floor = reports[FLOOR][which].hit_rate[10]
    users = f"{floor.n:,} users" if floor.n else "nobody"
    about = f"{TARGETS[which]}. 95%: {floor.low:.3f} to {floor.high:.3f}, {users}."
    figures = [("HR@10, popularity", with_sample(floor, ".3f"), about)]
    best = recall_board.best_row(reports, which)
    if best is not None:
        value, gain = reports[best][which].hit_rate[10], paired_gain(reports[best][which], reports[FLOOR][which], 10)
        about = f"{best}, {TARGETS[which].lower()}; 95%: {value.low:.3f} to {value.high:.3f}, {value.n:,} users."
        figures.append(("HR@10, the best", with_sample(value, ".3f"), about))
        many = len(recall_board.clearly_better(reports, which))
        figures += [
            (
                "Its gain",
                signed(gain.value, ".3f"),
                f"{best} less popularity on the same users; 95% of this pair alone: {signed(gain.low, '.3f')} to "
                f"{signed(gain.high, '.3f')}.",
            ),
            ("Beat popularity", f"{many} of {len(reports) - 1}", recall_board.rule(reports)),
        ]
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
