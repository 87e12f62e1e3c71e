"""YouTube DNN and two-tower as they are usually drawn, with this data's sizes; and what each input is worth here."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
import streamlit as st

from pages.kit import controls, frame, jobs, recall_models, results, stage
from pages.kit.allowed import Options, Several
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words
from pages.views.deep_models import drawn_words
from pages.views.deep_models.recall_boxes import network_boxes
from pages.views.deep_models.table import ABOVE, HIGH, staged
from pages.views.deep_models.user_details import NETWORKS, Details, details_box
from recemb_core import precomputed
from recemb_core.deep.anatomy import Sizes, input_width, network_parameters
from recemb_core.deep.registry import recall_spec
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.deep.user_fields import USER, UserFields, details_fingerprint
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig
from recemb_core.experiments.user_features import (
    KINDS,
    MOST_FIELDS,
    FeatureReport,
    FeatureStudyConfig,
    measure_features,
    told_side_information,
)
from recemb_core.figures.network_diagram import network_diagram_figure
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.readers.user_details import EXAMPLE_AGE, SIDE_INFORMATION
from recemb_core.side_information import encode_side_info

LOOKS = {"network": "The network", "worth": "Worth of inputs"}
LOOK = Parameter(DEEP_PAGE, "drawn_look", "Picture", Options(LOOKS, row=True), "network", view=True)
NETWORK = Parameter(
    DEEP_PAGE, "drawn_network", "Network", Options(NETWORKS, row=True), NETWORKS[0], help="Which one is drawn."
)
TOLD = Parameter(
    DEEP_PAGE,
    "drawn_told",
    "Told beside the history",
    Several(),
    help="What goes into the network. Each is switched off in turn and the network trained without it.",
    follows=True,
)
TARGETS = Parameter(
    DEEP_PAGE,
    "drawn_targets",
    "Targets asked for",
    Options({1: "All", 0: "First-time"}, row=True),
    1,
    help="First-time: what a user had before is masked, and only new items are targets.",
)


def drawn_section(data: ActiveData) -> None:
    """The whole view."""
    look = LOOK.value(data)
    if look == "worth":
        recall_models.check_askable(data)
    main, side, numbers = staged("as-drawn")
    report: FeatureReport | None = None
    with side:
        chosen = NETWORK.draw(data)
        own = st.container()  # the details decide what can be told
        below = st.container()
        with below:
            details = details_box(data)
            with st.expander("Settings of the network"):
                recall_models.model_controls(data)
            controls.reset_button(data)
        usual = lambda network: _usual(offered(data, network, details))  # noqa: E731
        with own:
            model = recall_models.model_configs(data)[chosen]
            options = offered(data, chosen, details)
            told = TOLD.draw(data, default=_usual(options), among=list(options), format_func=options.__getitem__)
            if look == "worth":
                TARGETS.draw(data)
            if not recall_models.not_askable(data):
                stage.try_this(data, drawn_words.experiments(data, usual, lambda: report))
    sizes = sizes_of(data, model, details, told)
    config = study(model, told, options)
    with numbers:
        _numbers(data, model, sizes)
    with main:
        if look == "network":
            with stage.picture():
                figure = network_diagram_figure(network_boxes(model, sizes), title=chosen, width=96)
                live_chart(figure, key=f"as drawn@{data.key}", height=HIGH, above=ABOVE, glide=False)
        elif config is None:
            st.info("Nothing is told beside the history: choose an input beside, or bring user details.")
        else:
            report, current = _report(data, config, details)
            if report is not None:
                _worth(data, report, TARGETS.value(data))
            report = report if current else None
        st.caption(drawn_words.lacking(data, model, details, told))
    frame.what_you_see(drawn_words.EXPLANATION)
    frame.as_python(drawn_words.as_python(data, config, details))


def offered(data: ActiveData, network: str, details: Details) -> dict[str, str]:
    """What the network can be told beside the history: key → words."""
    train = recall_models.cases(data).train
    found = {name: field_words(name) for name in details.columns}
    if network == NETWORKS[0] and train.timestamps is not None:
        found[EXAMPLE_AGE] = EXAMPLE_AGE
    if network == NETWORKS[1] and train.side_info is not None:
        found[SIDE_INFORMATION] = SIDE_INFORMATION
    return found


def _usual(options: dict[str, str]) -> list[str]:
    """The first columns, and what the network takes besides."""
    columns = [name for name in options if name not in (EXAMPLE_AGE, SIDE_INFORMATION)]
    return [*columns[:MOST_FIELDS], *(name for name in (EXAMPLE_AGE, SIDE_INFORMATION) if name in options)]


def study(
    model: YouTubeDNNConfig | TwoTowerConfig, told: list[str], options: Collection[str]
) -> FeatureStudyConfig | None:
    """What is measured; None where nothing is told."""
    fields = tuple(name for name in told if name not in (EXAMPLE_AGE, SIDE_INFORMATION))
    if not told:
        return None
    if "side_information" in recall_spec(model).told and SIDE_INFORMATION in options and SIDE_INFORMATION not in told:
        model = told_side_information(model, False)
    return FeatureStudyConfig(
        model=model, fields=fields, example_age=EXAMPLE_AGE in told, side_information=SIDE_INFORMATION in told
    )


def sizes_of(data: ActiveData, model: YouTubeDNNConfig | TwoTowerConfig, details: Details, told: list[str]) -> Sizes:
    """The sizes that the network has here."""
    fields = [name for name in told if name not in (EXAMPLE_AGE, SIDE_INFORMATION)]
    side, values = recall_models.cases(data).train.side_info, 0
    if side is not None and SIDE_INFORMATION in told and "side_information" in recall_spec(model).told:
        count = lambda: int(encode_side_info(side).first[-1])  # noqa: E731
        values = results.remember(data, ("drawn side values", data.fingerprint), count)
    return Sizes(
        items=len(data.items),
        fields=UserFields.of(details.frame[[USER, *fields]] if details.frame is not None and fields else None),
        side_values=values,
        example_age=EXAMPLE_AGE in told,
    )


def _numbers(data: ActiveData, model: YouTubeDNNConfig | TwoTowerConfig, sizes: Sizes) -> None:
    parts = network_parameters(model, sizes)
    total = sum(parts.values())
    tables = ("history embeddings", "item vectors", "item embeddings", "side information", "user fields")
    embedded = sum(count for name, count in parts.items() if name in tables)
    listed = "; ".join(f"{name}: {count:,}" for name, count in parts.items())
    frame.metrics(
        [
            ("Parameters", f"{total:,}", f"Numbers that are learned. {listed}."),
            ("In embeddings", f"{embedded / total:.1%}", "Share of them that stands in tables of vectors."),
            ("User's input", f"{input_width(model, sizes):,}", "Numbers that go into the user's first dense layer."),
            ("Items", f"{sizes.items:,}", "Rows of the tables, and places of the softmax."),
        ]
    )


def _report(data: ActiveData, config: FeatureStudyConfig, details: Details) -> tuple[FeatureReport | None, bool]:
    """What was measured under these settings, or the last ones; whether it is theirs."""
    source, mark = recall_models.source(data), details_fingerprint(details.frame)
    key = ("feature study", source, mark, config)
    results.ready(data, key, lambda: precomputed.load_features(source, mark, config))
    runs = len(config.variants) * config.seeds
    seconds = runs * recall_models.training_seconds(data, config.model)
    cases = recall_models.asked(data)
    label = f"{runs} trainings of {len(config.variants)} settings"
    job = jobs.heavy_job(data, key, label, seconds, measure_features, cases, config, details.frame)
    waiting = f"Trains with everything, without each input, and with the history alone, {config.seeds} seeds each."
    return jobs.result(data, "feature study", job, verb="Measure", waiting=waiting)


def _worth(data: ActiveData, report: FeatureReport, which: int) -> None:
    """What is lost without each input, its table and the verdict."""
    effects, k = report.effects(which), report.config.k
    lines = [ScoreLine(drawn_words.without(name), one.value, one.low, one.high) for name, one in effects.items()]
    title = f"HR@{k} lost without (95%), {KINDS[which]}"
    figure = score_intervals_figure(lines, x_title=title, chance=0.0, chance_title="no difference")
    with stage.picture():
        live_chart(figure, key=f"drawn effects@{data.key}", height=HIGH, above=ABOVE, glide=False)
    st.markdown(drawn_words.verdict(report, which))
    st.dataframe(pl.DataFrame(drawn_words.table(report, which)), hide_index=True)
    st.caption(drawn_words.about(report, which))
