"""What an embedding layer is worth: whether a user takes the item, by each network and by those without one."""

from __future__ import annotations

import polars as pl
import streamlit as st

from pages.kit import stage
from pages.kit.live_chart import live_chart
from pages.kit.session import ActiveData
from pages.views.deep_models.table import ABOVE, HIGH
from recemb_core.deep.features import FeatureTable
from recemb_core.experiments.networks import LayerReport
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure


def scores(data: ActiveData, table: FeatureTable, report: LayerReport | None) -> None:
    """The AUC of each model, with popularity and chance."""
    if report is None:
        return
    lines = [ScoreLine(m.name, m.scores.auc, *m.scores.auc_interval) for m in report.models]
    figure = score_intervals_figure(lines, x_title="AUC on the test part (95% interval over users)", chance=0.5)
    with stage.picture():
        live_chart(figure, key=f"scores@{data.key}", height=HIGH, above=ABOVE)
    best = max(report.models, key=lambda model: model.scores.auc)
    d = best.difference
    sure = "beyond its 95% interval" if d.low > 0 else "**within its 95% interval: it may be chance**"
    st.caption(
        f"{best.name} is ahead of logistic regression, which has no interactions, by {d.value:+.3f} ({d.low:+.3f} to "
        f"{d.high:+.3f}), {sure}. The rows: {table.sample}; the last 10% of the events in time are the test."
    )


def interval(limits: tuple[float, float]) -> str:
    """Its ends in words."""
    return f"{limits[0]:.3f} to {limits[1]:.3f}"


def scores_table(report: LayerReport) -> None:
    """All figures of the models."""
    models = report.models
    st.dataframe(
        pl.DataFrame(
            {
                "Model": [m.name for m in models],
                "AUC": [m.scores.auc for m in models],
                "AUC, 95%": [interval(m.scores.auc_interval) for m in models],
                "Log loss": [m.scores.log_loss for m in models],
                "Log loss, 95%": [interval(m.scores.log_loss_interval) for m in models],
                "AUC − logistic regression": [
                    f"{m.difference.value:+.3f} ({m.difference.low:+.3f} to {m.difference.high:+.3f})" for m in models
                ],
                "Parameters": [sum(m.parameters.values()) for m in models],
                "Epochs": [m.epochs for m in models],
                "Training": [m.seconds for m in models],
            }
        ),
        hide_index=True,
        column_config={
            "AUC": st.column_config.NumberColumn(format="%.3f", help="P(a taken item is scored above one not taken)."),
            "Log loss": st.column_config.NumberColumn(format="%.3f", help="Nats a row; smaller is better."),
            "Epochs": st.column_config.NumberColumn(format="%.0f", help="Until the lowest validation loss."),
            "Training": st.column_config.NumberColumn(format="%.1f s", help="Where it was trained, without compiling."),
            "Parameters": st.column_config.NumberColumn(format="localized"),
        },
    )
    speeds = [m.steps_per_second for m in models if m.embedding is not None]
    st.caption(
        f"Trained with {report.config.training.batch_size} rows a step, {min(speeds):,.0f} to {max(speeds):,.0f} steps "
        "a second where embeddings are learned. Popularity looks at the item alone: the share of takers among items "
        "about as popular."
    )
