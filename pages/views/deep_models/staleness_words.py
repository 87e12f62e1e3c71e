"""What is said of old tables: figures, the measured answer with its noise, schedules, new items, and their Python."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import frame
from pages.kit.answer_words import counted, number, signed
from pages.kit.session import ActiveData
from recemb_core.embeddings.registry import python_call, python_imports, spec_of
from recemb_core.evaluation.crossed import CrossedMean
from recemb_core.experiments.staleness import ARMS, Arm, Metric, Schedule, StalenessConfig, StalenessReport

FORM = ".3f"
FEW = 100  # cases; below, the page says how little that is


def named(report: StalenessReport, measure: Metric) -> str:
    """The measure's name."""
    k = report.config.k
    return {"hr": f"HR@{k}", "ndcg": f"NDCG@{k}", "auc": "AUC"}[measure]


def interval(one: CrossedMean, form: str = FORM) -> str:
    """A difference with its interval."""
    return f"{signed(one.value, form)} (95%: {signed(one.low, form)} to {signed(one.high, form)})"


def served(report: StalenessReport) -> Arm:
    """What is often served: an old table with a network of today; without a network the table itself."""
    return "network_fresh" if "network_fresh" in report.arms else "table"


def numbers(report: StalenessReport, measure: Metric) -> None:
    """At most four."""
    name, oldest, arm = named(report, measure), report.ages[-1], served(report)
    level, change = report.level(arm, measure, 0), report.change(arm, measure, oldest)
    fresh = level.share
    table = report.slope("table", measure)
    what = ARMS[arm].lower()
    found = [
        (
            f"{name}, all fresh",
            number(fresh.value, FORM),
            f"{ARMS[arm]} at age 0, over {report.questions:,} questions of {level.groups[0]:,} users in "
            f"{level.groups[1]} weeks; 95%: {number(fresh.low, FORM)} to {number(fresh.high, FORM)}.",
        ),
        (
            f"{oldest} weeks old",
            signed(change.value, FORM),
            f"Change of {what} since age 0, same users and weeks: {interval(change)}.",
        ),
        (
            "Table alone, a month",
            signed(table.value, FORM),
            f"Slope of the table alone: {interval(table)} a month of age. Those of the others stand below the picture.",
        ),
    ]
    share = report.unknown_share(oldest)
    found.append(
        (
            "New items",
            f"{share:.1%}",
            f"{int(report.unknown[-1]):,} of {report.targets:,} targets are items that the table of {oldest} weeks had "
            "never seen.",
        )
    )
    frame.metrics(found)


def slope_words(report: StalenessReport, arm: Arm, measure: Metric) -> str:
    """Whether it falls with age, beyond noise."""
    slope = report.slope(arm, measure)
    said = {-1: "**falls with age, beyond noise**", 1: "**rises with age, beyond noise**"}.get(
        slope.sign, "no slope told from none"
    )
    return f"{ARMS[arm]}: {interval(slope)} a month, {said}"


def verdict(report: StalenessReport, measure: Metric) -> str:
    """The measured answer."""
    lines = [f"{slope_words(report, arm, measure)}." for arm in report.arms]
    head = f"**{named(report, measure)} a month of age**, over {len(report.ages)} ages up to {report.ages[-1]} weeks:"
    few = ""
    if len(report.users) < FEW:
        few = (
            f"\n\n**Only {counted(len(report.users), 'case')}** (a user in a week) could be asked about in these "
            "weeks: hardly any difference would be seen."
        )
    return head + "\n" + "\n".join(f"- {line}" for line in lines) + few


def about(report: StalenessReport) -> str:
    """What was asked, of whom, when."""
    begins = [datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d") for start in report.starts[[0, -1]]]
    seen = (
        f"all before their end, {report.learned:.1f} weeks at least"
        if report.config.all_before
        else f"{report.learned:.1f} weeks, the same at every age"
    )
    return (
        f"{report.questions:,} questions ({len(report.users):,} cases of a user in a week), {report.config.windows} "
        f"weeks that begin from {begins[0]} to {begins[1]}; each training saw {seen}. Each line is compared with "
        "itself at age 0, on the same users in the same weeks; bars: 95%, over users and weeks."
    )


def schedule_name(one: Schedule, networked: bool) -> str:
    """How often what is trained."""
    every = {1: "daily", 7: "weekly"}
    table = every.get(one.table_days, f"every {one.table_days // 7} weeks")
    if not networked:
        return f"Table {table}"
    return f"Table {table}, network {every.get(one.network_days, f'every {one.network_days // 7} weeks')}"


def schedules_table(report: StalenessReport, measure: Metric) -> None:
    """What each schedule costs and finds."""
    networked = "network_fresh" in report.arms
    name = named(report, measure)
    rows: list[dict[str, Any]] = []
    for one in report.schedules(measure):
        daily = one.table_days == 1
        verdict = "" if daily else {-1: "less", 1: "more", 0: "within noise"}[one.change.sign]
        rows.append(
            {
                "Schedule": schedule_name(one, networked),
                "Seconds a week": one.seconds,
                name: _with_interval(one.score),
                "Against all daily": "" if daily else f"{interval(one.change)}, {verdict}",
            }
        )
    st.subheader("What each schedule costs, and what it finds", anchor=False)
    st.dataframe(
        pl.DataFrame(rows),
        hide_index=True,
        column_config={
            "Seconds a week": st.column_config.NumberColumn(
                format="%.1f", help="Processor seconds of all trainings of a week, on the machine that measured."
            )
        },
    )
    spent = f"a table {report.seconds['table']:.1f}"
    if networked:
        spent += f", a network {report.seconds['network']:.1f}"
    st.caption(
        f"Processor seconds of one training, median of {report.config.windows * len(report.ages)} or more: {spent}. A "
        "table that is trained every few weeks is served at every age up to that: its figure is the mean over these "
        "ages, by straight lines between those measured."
    )


def new_items(report: StalenessReport) -> None:
    """The share of items that old tables do not know, and who can place them."""
    st.subheader("Items that the old table has never seen", anchor=False)
    counts = zip(report.ages, report.unknown.tolist(), strict=True)
    told = ", ".join(f"{many:,} at {counted(age, 'week')}" for age, many in counts)
    text = f"Of {report.targets:,} targets: {told}."
    if not report.unknown.any():
        st.markdown(f"{text} Nothing new came up in these weeks, so there is no cold item to serve here.")
        return
    rows = []
    for model, by_age in report.cold.items():
        for age in by_age:
            found = report.cold_figures(model, age)
            if found is not None:
                auc, hits, among = found
                rows.append(
                    {
                        "Age (weeks)": age,
                        "Model": model,
                        "Events": auc.cases,
                        "AUC": _with_interval(auc),
                        "AUC among new items": "–" if among is None else _with_interval(among),
                        f"HR@{report.config.k}": _with_interval(hits),
                    }
                )
    if not rows:
        st.markdown(f"{text} The table cannot place them, and without side information no other model can.")
        return
    st.markdown(f"{text} The table cannot place them; models of the same age that read side information can:")
    st.dataframe(pl.DataFrame(rows), hide_index=True)
    st.caption(
        "AUC: share of the catalogue's other items that stand below the new one. A model may stand all new items high, "
        "or low; among new items alone 0.5 is chance. EGES serves it by the "
        "mean of its fields' vectors, two-tower by its item tower."
    )


def _with_interval(one: CrossedMean) -> str:
    share = one.share
    return f"{share.value:.3f} [{share.low:.3f}, {share.high:.3f}]"


def words(networked: bool) -> str:
    """What you see."""
    on_top = (
        ""
        if not networked
        else (
            " **Old table, network trained now**: YouTube's network reads the old table as it is, and its layers and "
            "its columns, a vector for each item, are trained up to *T*: as with a table that is trained "
            "weekly and a network daily. **Table and network old**: both end at *T* − *a*."
        )
    )
    return (
        "A table is trained on what happened up to *T* − *a* and asked about the week after *T*, for several *T*: each "
        "event (basket) with all of its user's past. Only the table is old, never the history. **Table alone**: the "
        f"mean of the history's vectors finds the next items.{on_top} **Popularity of that age** is the floor. Nothing "
        "is masked.\n\n"
        "The slope is the least-squares line through the ages, of each user in each week, "
        "$\\sum_j (a_j - \\bar a)\\, y_j / \\sum_j (a_j - \\bar a)^2$, averaged; its interval counts the draw of users "
        "and the draw of weeks, and each week has trainings of its own. **Older**: fewer of today's habits in the "
        "table. **More weeks asked about**: narrower intervals, longer training. **All that came before**: an older "
        "table has also learned from less."
    )


def python_lines(data: ActiveData, config: StalenessConfig) -> list[str]:
    """The same in a few lines."""
    network = "" if config.network is None else ", network=usual_network()"
    more = f", all_before={config.all_before}" if config.all_before else ""
    more += f", seed={config.seed}" if config.seed else ""
    table = _config_call(config.table)
    names = ["StalenessConfig", "measure_staleness", *(["usual_network"] if network else [])]
    train = spec_of(config.table).train.__name__  # the measuring trains
    imports = [line.replace(f", {train}", "") for line in python_imports([config.table])]
    return [
        *frame.import_lines(data, always=True),
        *imports,
        f"from recemb_core.experiments.staleness import {', '.join(names)}",
        "",
        *frame.load_lines(data, always=True),
        f"table = {table}",
        f"config = StalenessConfig(table=table{network}, ages={config.ages!r}, windows={config.windows}{more})",
        "report = measure_staleness(sequences, config)",
        "for arm in report.arms:",
        '    print(arm, report.slope(arm, "hr"))',
    ]


def _config_call(config: Any) -> str:
    call = python_call(config)
    return call[call.index(type(config).__name__) : -1]
