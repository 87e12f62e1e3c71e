"""Cold items: taken out of the log entirely, and ranked by their side information alone."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit import cold_items, frame, jobs, stage
from pages.kit.live_chart import live_chart
from pages.kit.session import ActiveData
from pages.views.deep_models.table import ABOVE, HIGH, with_sample
from recemb_core.deep.registry import recall_spec
from recemb_core.experiments.recall_models import ColdItemReport, ModelConfig
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure


def can_be(data: ActiveData, configs: dict[str, ModelConfig]) -> bool:
    """Whether anything places items by side information here."""
    sided = data.sequences is not None and data.sequences.side_info is not None
    return sided and any(recall_spec(config).cold for config in configs.values())


def cold_section(data: ActiveData, configs: dict[str, ModelConfig], numbers: Any) -> ColdItemReport | None:
    """The first model that places items by side information, on items that the training never saw."""
    able = {name: config for name, config in configs.items() if recall_spec(config).cold}
    if not able:
        st.info("None of these models places items by side information.")
        return None
    name, config = next(iter(able.items()))
    if data.sequences is None or data.sequences.side_info is None:
        st.info("New items are served by their side information, and this data has none. Add it on the Sequences page.")
        return None
    cold_items.ready(data, config)
    job = cold_items.job(data, config)
    waiting = "A tenth of the items is taken out of the log entirely and ranked by side information alone."
    found: tuple[ColdItemReport | None, bool] = jobs.result(data, "cold items", job, verb="Measure", waiting=waiting)
    report, current = found
    if report is None:
        return None
    with numbers:
        _metrics(report)
    _picture(data, report, name)
    return report if current else None


def _picture(data: ActiveData, report: ColdItemReport, name: str) -> None:
    lines = [
        ScoreLine(words, one.value, one.low, one.high)
        for words, one in (("among all items", report.ranked_below), ("among cold items", report.below_among_cold))
    ]
    figure = score_intervals_figure(
        lines, x_title="share of the items that stand below a cold target (95%)", chance=0.5
    )
    with stage.picture():
        live_chart(figure, key=f"cold items@{data.key}", height=HIGH, above=ABOVE, glide=False)
    above = report.ranked_below.low > 0.5
    st.caption(
        f"{report.cold} items (10%) were taken out of the training log entirely. {name} ranks them "
        f"among the whole catalogue by their side information alone, for the {report.users:,} users whose held-out "
        f"items hold one: {'above chance, outside the interval' if above else 'not clearly above chance'}. Scorers "
        "and models without side information know nothing of such items."
    )


def _metrics(report: ColdItemReport) -> None:
    whole, among, found = report.ranked_below, report.below_among_cold, report.recall
    frame.metrics(
        [
            (
                "Percentile, all items",
                with_sample(whole, ".1%"),
                f"Share of the catalogue below a cold target; chance 50%. 95%: {whole.low:.1%} to {whole.high:.1%}, "
                f"{report.users:,} users.",
            ),
            (
                "Percentile, cold items",
                with_sample(among, ".1%"),
                f"The same among the {report.cold} cold items; chance 50%. 95%: {among.low:.1%} to {among.high:.1%}.",
            ),
            (
                f"Recall@{report.k}",
                with_sample(found, ".3f"),
                f"Share of a user's cold targets among the first {report.k}; a random order gives "
                f"{report.chance_recall:.3f}. 95%: {found.low:.3f} to {found.high:.3f}.",
            ),
        ]
    )
