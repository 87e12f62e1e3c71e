"""Pre-training: the same network from a random start, from an FM, from graph embeddings; curves, table, maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from pages.kit import brought, controls, frame, jobs, session, stage
from pages.kit.allowed import Options, Several, Span, Steps
from pages.kit.bring_box import bring_box
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.views.deep_models import pretraining_experiments, pretraining_map, pretraining_words
from pages.views.deep_models.table import ABOVE, HIGH, STEPS_PER_SECOND, deep_table, network_result, staged
from recemb_core import precomputed
from recemb_core.brought import BroughtVectors
from recemb_core.deep.features import FeatureTable
from recemb_core.experiments.pretraining import (
    PretrainingConfig,
    PretrainingReport,
    compare_starts,
    curve_bands,
    pretraining_defaults,
    reach,
)
from recemb_core.experiments.starts import OWN_STARTS, START_NAMES, Start
from recemb_core.figures.learning_curves import Curve, learning_curves_figure
from recemb_core.figures.theme import series_color

LOOKS = {"curves": "Curves", "map": "Items' vectors"}
LOOK = Parameter(DEEP_PAGE, "pretraining_look", "Picture", Options(LOOKS, row=True), "curves", view=True)
Measure = Literal["loss", "auc", "train_loss"]
MEASURES: dict[Measure, str] = {
    "loss": "Validation log loss (nats)",
    "auc": "Validation AUC",
    "train_loss": "Training log loss (nats)",
}
By = Literal["epochs", "seconds", "all_seconds"]
BY: dict[By, str] = {
    "epochs": "Epochs (passes over the training rows)",
    "seconds": "Seconds of training",
    "all_seconds": "Seconds, start included",
}
MEASURE = Parameter(DEEP_PAGE, "pretraining_measure", "Up", Options(MEASURES), "loss", help="What the curves show.")
ACROSS = Parameter(
    DEEP_PAGE,
    "pretraining_by",
    "Across",
    Options(BY),
    "epochs",
    help="Epochs are the same everywhere; seconds are those of the machine that trained.",
)
EVENTS = Parameter(
    DEEP_PAGE,
    "pretraining_events",
    "Events to learn from",
    Steps((10_000, 20_000, 40_000, 80_000), "{:,}".format),
    40_000,
    help="Events drawn from the log, training, validation and test together; each brings 4 items not taken.",
)
STARTS = Parameter(
    DEEP_PAGE,
    "pretraining_starts",
    "Starts",
    Several(START_NAMES, least=1),
    list(OWN_STARTS),
    help="Where the network begins. With vectors of your own, also there.",
)
SEEDS = Parameter(
    DEEP_PAGE,
    "pretraining_seeds",
    "Seeds",
    Span(2, 6),
    3,
    help="Runs of each start; the bands come from them, and from 3 on the noise.",
)
BROUGHT = Parameter(
    DEEP_PAGE,
    "pretraining_brought",
    "Your vectors",
    Options(),
    help="The file that the start from your vectors copies; a file is in no link.",
)
COLORS = {name: series_color(at) for name, at in zip(START_NAMES.values(), (5, 0, 3, 2, 1, 4), strict=True)}


def pretraining_section(data: ActiveData) -> None:
    """The whole view."""
    config = _settings(data)
    table = deep_table(data, config.features)
    own = _brought(data, config.starts)
    key = ("deep pretraining", table.fingerprint, config, *pretraining_map.own_key(own))
    look, field = LOOK.value(data), pretraining_map.colored_by(data)
    main, side, numbers = staged("curves-and-controls")
    with side:
        if look == "map":
            pretraining_map.map_controls(data, config.starts)
        else:
            MEASURE.draw(data)
            ACROSS.draw(data)
        color = "" if field is None else field.value
        stage.try_this(
            data,
            pretraining_experiments.pretraining(
                lambda: report if current and drawn else None,
                config.starts,
                color,
                lambda shown, start, when: pretraining_map.tidiness(data, shown, start, when, color, own),
            ),
        )
        with st.expander("Events, starts and seeds"):
            EVENTS.draw(data)
            _offered(data).draw()
            if own is not None:
                _file(data).draw()
            SEEDS.draw(data)
        bring_box(data, width="stretch")
        controls.reset_button(data)
    sequences = data.sequences
    assert sequences is not None
    with main:
        job = jobs.heavy_job(
            data,
            key,
            "Starts",
            _estimate(table, config),
            compare_starts,
            sequences,
            config,
            brought=_vectors(data, own),
        )
        report, current = network_result(
            data,
            "pretraining",
            job,
            load=lambda: precomputed.load_pretraining(table.fingerprint, config),
            waiting="These starts are not trained with these settings yet. Press Train for their learning curves.",
        )
        drawn = report is not None
        if report is not None and look == "map":
            shown = table if current else deep_table(data, report.config.features)
            drawn = pretraining_map.map_section(data, shown, report, own)
        elif report is not None:
            _curves(data, report)
        if own is not None:
            st.caption(pretraining_words.of_brought(own, config.network.dimensions))
    if report is not None:
        with numbers:
            pretraining_words.numbers(report)
        if look == "curves":
            st.markdown(pretraining_words.verdict(report))
        pretraining_words.starts_table(report)
    frame.what_you_see(pretraining_words.words(config))
    frame.as_python(pretraining_words.python_lines(data, config, own))


def _settings(data: ActiveData) -> PretrainingConfig:
    """The settings in use, bound to the session and the link."""
    starts = _offered(data).value
    chosen = tuple(start for start in START_NAMES if start in starts) or ("random",)
    pretraining_map.mapped(data, chosen)  # stays in the link while there is no map
    return pretraining_defaults(events=EVENTS.value(data), seeds=SEEDS.value(data), starts=chosen, seed=session.seed())


def _able(data: ActiveData) -> list[brought.Fitted]:
    """Files of vectors of this session that have some of the items."""
    return [one for one in brought.every(data) if one.vectors is not None]


def _offered(data: ActiveData) -> Bound:
    """Starts that there can be: one from vectors made elsewhere where there are such."""
    return STARTS.bind(data, among=START_NAMES if _able(data) else OWN_STARTS)


def _file(data: ActiveData) -> Bound:
    """Which file of vectors the start is from."""
    names = [one.label for one in _able(data)]
    return BROUGHT.bind(data, default=names[0], among=names)


def _brought(data: ActiveData, starts: Sequence[Start]) -> brought.Fitted | None:
    """The file of vectors that one of the starts is from."""
    able = {one.label: one for one in _able(data)} if "brought" in starts else {}
    return able[_file(data).value] if able else None


def _vectors(data: ActiveData, own: brought.Fitted | None) -> BroughtVectors | None:
    return None if own is None else brought.vectors_of(data, own.config)


def _estimate(table: FeatureTable, config: PretrainingConfig) -> float:
    steps = len(table.rows("train")) / config.training.batch_size
    runs = len(config.starts) * config.seeds
    before = config.seeds * (2 * ("fm" in config.starts or "fm_frozen" in config.starts))
    graphs = config.seeds * sum(start in ("graph", "communities_and_roles") for start in config.starts)
    return steps * (runs * config.training.epochs + 3 * before) / STEPS_PER_SECOND + 2 * graphs + 8


def _curves(data: ActiveData, report: PretrainingReport) -> None:
    measure: Measure = MEASURE.value(data)
    by: By = ACROSS.value(data)
    bands = curve_bands(report, measure, by)
    cut = 0 if measure == "train_loss" else 1  # at step 0 all guess at random, and the scale would be lost to it
    target, _ = reach(report)
    figure = learning_curves_figure(
        [Curve(START_NAMES[b.start], b.x[cut:], b.mean[cut:], b.low[cut:], b.high[cut:], b.seeds) for b in bands],
        x_title=BY[by],
        y_title=MEASURES[measure],
        target=target if measure == "loss" else None,
        target_title="reached by every random run",
        colors=COLORS,
    )
    with stage.picture():
        live_chart(figure, key=f"learning curves@{data.key}", height=HIGH, above=ABOVE, glide=False)
    rows = "{:,} training, {:,} validation and {:,} test rows".format(*report.rows)
    st.caption(
        f"Line: mean of {report.config.seeds} seeds; band: smallest to largest. The first point is after a quarter of "
        f"an epoch. {rows} ({report.sample})."
    )
