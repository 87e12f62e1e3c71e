"""Pre-training: the same network from a random start, from an FM, from graph embeddings; curves, table, maps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
import streamlit as st

from pages.kit import brought, controls, frame, jobs, results, session, stage
from pages.kit.allowed import Options, Several, Span, Steps
from pages.kit.bring_box import bring_box
from pages.kit.live_chart import Frames, live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words
from pages.views.deep_models import network_experiments, pretraining_words
from pages.views.deep_models.table import STEPS_PER_SECOND, deep_table, network_result
from recemb_core import precomputed
from recemb_core.arrays import Float32Array
from recemb_core.brought import BroughtVectors
from recemb_core.deep.features import FeatureTable
from recemb_core.evaluation import GroupScore, group_score
from recemb_core.experiments.pretraining import (
    PretrainingConfig,
    PretrainingReport,
    before_and_after,
    compare_starts,
    curve_bands,
    pretraining_defaults,
    reach,
)
from recemb_core.experiments.starts import OWN_STARTS, START_NAMES, Start
from recemb_core.figures.item_map import item_map_figure
from recemb_core.figures.learning_curves import Curve, learning_curves_figure
from recemb_core.figures.theme import series_color
from recemb_core.layouts import UMAPConfig

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
    "all_seconds": "Seconds, what the start took included",
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
MAP = Parameter(
    DEEP_PAGE,
    "pretraining_map",
    "Start",
    Options(START_NAMES),
    "graph",
    help="The vectors of the item field in the network of the first seed.",
)
COLOR = Parameter(
    DEEP_PAGE,
    "pretraining_color",
    "Color by",
    Options(shown=field_words),
    help="Eight largest groups in color, the rest grey.",
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
    key = ("deep pretraining", table.fingerprint, config, *_key(own))
    numbers = st.container()
    main, side = frame.side_by_side("curves-and-controls", (3, 1), "11rem")
    with side:
        for one in (MEASURE, ACROSS, EVENTS):
            one.draw(data)
        with st.expander("Starts and seeds"):
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
        if report is not None:
            _curves(data, report)
        if own is not None:
            st.caption(pretraining_words.of_brought(own, config.network.dimensions))
    if report is not None:
        shown = table if current else deep_table(data, report.config.features)
        with numbers:
            pretraining_words.numbers(report)
        st.markdown(pretraining_words.verdict(report))
        field = _colored_by(data)
        color = "" if field is None else field.value
        stage.try_this(
            data,
            network_experiments.pretraining(
                report, color, lambda start, when: _tidiness(data, report, start, when, color, own)
            ),
        )
        pretraining_words.starts_table(report)
        _map(data, shown, report, own)
    frame.what_you_see(pretraining_words.words(config))
    frame.as_python(pretraining_words.python_lines(data, config, own))


def _settings(data: ActiveData) -> PretrainingConfig:
    """The settings in use, bound to the session and the link."""
    starts = _offered(data).value
    chosen = tuple(start for start in START_NAMES if start in starts) or ("random",)
    _mapped(data, chosen)  # stays in the link while there is no map
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


def _key(own: brought.Fitted | None) -> tuple[Hashable, ...]:
    """What keeps a result with such a start in its owner's session."""
    return () if own is None else (own.config,)


def _vectors(data: ActiveData, own: brought.Fitted | None) -> BroughtVectors | None:
    return None if own is None else brought.vectors_of(data, own.config)


def _mapped(data: ActiveData, starts: Sequence[Start]) -> Bound:
    """Which of these starts the map is of."""
    return MAP.bind(data, default="graph" if "graph" in starts else starts[0], among=starts)


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
    live_chart(figure, key=f"learning curves@{data.key}", height=470, glide=False)
    rows = "{:,} training, {:,} validation and {:,} test rows".format(*report.rows)
    st.caption(
        f"Line: mean of {report.config.seeds} seeds; band: smallest to largest. The first point is after a quarter of "
        f"an epoch. {rows} ({report.sample})."
    )


def _map(data: ActiveData, table: FeatureTable, report: PretrainingReport, own: brought.Fitted | None) -> None:
    """Item vectors before and after training, gliding from one to the other."""
    st.markdown("**The items' vectors before and after training**")
    first, second = st.columns(2)
    start: Start = _mapped(data, report.config.starts).draw(first)
    field = _colored_by(data)
    color = "" if field is None else field.draw(second)
    umap = UMAPConfig(seed=session.seed()).for_size(len(data.items))
    maps = _positions(data, table, report, start, umap, own)
    if maps is None:
        return
    captions: tuple[str, ...] = ("", "")
    if color:
        scores = [_tidiness(data, report, start, when, color, own) for when in ("before", "after")]
        by = field_words(color)
        captions = tuple(f"homophily score by {by} {s.value:.2f} of {s.maximum:.2f} (0: chance)" for s in scores)
    figure = item_map_figure(
        maps[0],
        data.items.ids,
        data.titles,
        color_by=data.fields[color] if color else None,
        color_title=field_words(color),
        size=np.sqrt(table.popularity),
        chosen=session.chosen_item(data),
        named=f"{START_NAMES[start]}, before and after training",
    )
    frames = Frames(ids=data.items.ids, positions=maps, labels=("before", "after training"), captions=captions)
    live_chart(
        figure, key=f"map {start}@{data.key}", height=520, frames=frames, on_click=lambda item: session.pick(data, item)
    )
    st.caption(
        "Press play. UMAP by cosine of the item field's vectors, first seed; the two maps are started from each other, "
        "so that places can be compared. The score in the bar is measured on the vectors, not the map."
    )


def _colored_by(data: ActiveData) -> Bound | None:
    """The field that the map is colored by; None where the data has none."""
    fields = list(data.fields)
    if not fields:
        return None
    return COLOR.bind(
        data, default=next((name for name in ("department", "category") if name in fields), fields[0]), among=fields
    )


def _positions(
    data: ActiveData,
    table: FeatureTable,
    report: PretrainingReport,
    start: Start,
    umap: UMAPConfig,
    own: brought.Fitted | None,
) -> Float32Array | None:
    """Maps before and after: bundled, kept, or drawn on request."""
    config = report.config
    key = ("deep map", table.fingerprint, config, start, umap, *_key(own))
    ready = results.ready(data, key, lambda: precomputed.load_networks_map(table.fingerprint, config, start, umap))
    seconds, ends = 2 + len(report.before[start]) / 500, (report.before[start], report.after[start])
    job = jobs.heavy_job(data, key, "two maps", seconds, before_and_after, *ends, umap, reports=False)
    if ready is not None:
        return ready
    waiting = "The item vectors before and after are not drawn yet."
    # Title and scores are those of this start: another one's map will not do.
    return jobs.result(data, "network maps", job, verb="Draw", waiting=waiting, stale=None)[0]


def _tidiness(
    data: ActiveData, report: PretrainingReport, start: Start, when: str, color: str, own: brought.Fitted | None
) -> GroupScore:
    vectors = (report.before if when == "before" else report.after)[start]
    key = ("deep tidiness", data.fingerprint, report.config, start, when, color, *_key(own))
    score: GroupScore = results.remember(data, key, lambda: group_score(vectors, data.fields[color]))
    return score
