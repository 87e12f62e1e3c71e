"""Pre-training: the same network from a random start, from an FM, from graph embeddings; curves, table, maps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, jobs, results, session
from pages.kit.allowed import Options, Several, Span, Steps
from pages.kit.jobs import Job
from pages.kit.live_chart import Frames, live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words
from pages.views.deep_models import network_experiments
from pages.views.deep_models.table import STEPS_PER_SECOND, deep_table, network_result, numbers_row
from recemb_core import precomputed
from recemb_core.arrays import Float32Array
from recemb_core.deep.features import FeatureTable
from recemb_core.evaluation import GroupScore, compare_with_control, group_score, seed_band
from recemb_core.evaluation.noise import LEVEL
from recemb_core.experiments.pretraining import (
    START_NAMES,
    PretrainingConfig,
    PretrainingReport,
    Start,
    before_and_after,
    compare_starts,
    curve_bands,
    pretraining_defaults,
    reach,
)
from recemb_core.figures.item_map import item_map_figure
from recemb_core.figures.learning_curves import Curve, learning_curves_figure
from recemb_core.figures.theme import series_color
from recemb_core.layouts import UMAPConfig
from recemb_core.progress import Progress

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
    list(START_NAMES),
    help="Where the network begins.",
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
COLORS = {name: series_color(at) for name, at in zip(START_NAMES.values(), (5, 0, 3, 2, 1), strict=True)}


def pretraining_section(data: ActiveData) -> None:
    """The whole view."""
    config = _settings(data)
    table = deep_table(data, config.features)
    key = ("deep pretraining", table.fingerprint, config)
    numbers = st.container()
    main, side = frame.side_by_side("curves-and-controls", (3, 1), "11rem")
    with side:
        for one in (MEASURE, ACROSS, EVENTS):
            one.draw(data)
        with st.expander("Starts and seeds"):
            STARTS.draw(data)
            SEEDS.draw(data)
        controls.reset_button(data)
    sequences = data.sequences
    assert sequences is not None
    with main:
        make = partial(compare_starts, sequences, config)
        job = Job(
            key,
            "Starts",
            _estimate(table, config),
            lambda tell: results.remember_heavy(data, key, lambda: make(progress=tell), tell),
            asks=True,
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
    if report is not None:
        shown = table if current else deep_table(data, report.config.features)
        with numbers:
            _numbers(report)
        st.markdown(_verdict(report))
        field = _colored_by(data)
        color = "" if field is None else field.value
        frame.try_this(
            data,
            network_experiments.pretraining(
                report, color, lambda start, when: _tidiness(data, report, start, when, color)
            ),
        )
        _table(report)
        _map(data, shown, report)
    frame.what_you_see(_words(config))
    frame.as_python(_as_python(data, config))


def _settings(data: ActiveData) -> PretrainingConfig:
    """The settings in use, bound to the session and the link."""
    starts = STARTS.value(data)
    chosen = tuple(start for start in START_NAMES if start in starts) or ("random",)
    _mapped(data, chosen)  # stays in the link while there is no map
    return pretraining_defaults(events=EVENTS.value(data), seeds=SEEDS.value(data), starts=chosen, seed=session.seed())


def _mapped(data: ActiveData, starts: Sequence[Start]) -> Bound:
    """Which of these starts the map is of."""
    return MAP.bind(data, default="graph" if "graph" in starts else starts[0], among=starts)


def _estimate(table: FeatureTable, config: PretrainingConfig) -> float:
    steps = len(table.rows("train")) / config.training.batch_size
    runs = len(config.starts) * config.seeds
    before = config.seeds * (2 * ("fm" in config.starts or "fm_frozen" in config.starts))
    graphs = config.seeds * sum(start in ("graph", "communities_and_roles") for start in config.starts)
    return steps * (runs * config.training.epochs + 3 * before) / STEPS_PER_SECOND + 2 * graphs + 8


def _lowest(report: PretrainingReport, start: Start) -> list[float]:
    """Lowest validation loss of each run of a start."""
    return [float(curve.loss.min()) for curve in report.of(start)]


def _numbers(report: PretrainingReport) -> None:
    starts = report.config.starts
    figures = []
    for start in [s for s in ("random", "fm", "graph") if s in starts]:
        band = seed_band(_lowest(report, start))
        spread = f"mean of {band.seeds} seeds ({band.low:.4f} to {band.high:.4f}). Smaller is better."
        figures.append((START_NAMES[start], f"{band.mean:.4f}", f"Lowest validation log loss, {spread}"))
    target, found = reach(report)
    if "random" in starts and "fm" in starts:
        epochs = {r.start: r.epochs for r in found}
        value = " / ".join(f"{np.mean(epochs[s]):.1f}" if epochs[s] else "never" for s in ("fm", "random"))
        until = f"Until the validation loss is {target:.4f}, the lowest that every run of the random start reaches; "
        figures.append(("Epochs, FM / random", value, f"{until}mean of the runs that got there."))
    speed = np.mean([curve.steps_per_second for curve in report.curves])
    runs = f"{len(report.curves)} runs at {speed:,.0f} steps a second on average, starts included, where it ran."
    numbers_row([*figures, ("Time it took", f"{report.seconds:.0f} s", runs)])


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


def _verdict(report: PretrainingReport) -> str:
    """What may be said of each start against the random one, and what not."""
    starts = report.config.starts
    if "random" not in starts or len(starts) < 2:
        return ""
    others = [start for start in starts if start != "random"]
    test = compare_with_control({start: _lowest(report, start) for start in others}, _lowest(report, "random"))
    _, found = reach(report)
    epochs = {r.start: r.epochs for r in found}
    told = []
    for start in others:
        words = (
            f"**{START_NAMES[start]}**: lowest loss {test.change[start]:+.4f} against the random start, "
            f"{test.verdict(start)}"
        )
        if epochs[start] and epochs["random"]:
            share = np.mean(epochs[start]) / np.mean(epochs["random"])
            words += f"; the same loss in {share:.0%} of the epochs"
            missing = report.config.seeds - len(epochs[start])
            words += f" ({missing} of {report.config.seeds} runs never get there)" if missing else ""
        else:
            words += "; its runs never get to the random start's loss"
        told.append(words + ".")
    if test.measured:
        told.append(
            f"Noise of the lowest loss: Dunnett's test against the random start, {LEVEL * 100:g} % for all starts "
            f"together, {test.seeds} seeds a start; a difference under about {test.detectable():.4f} would mostly not "
            "be seen. Shares of epochs are not tested."
        )
    return "  \n".join(told)


def _table(report: PretrainingReport) -> None:
    target, found = reach(report)
    rows: list[dict[str, Any]] = []
    for line in found:
        curves = report.of(line.start)
        loss, auc = seed_band(_lowest(report, line.start)), seed_band([curve.test_auc for curve in curves])
        rows.append(
            {
                "Start": START_NAMES[line.start],
                "Lowest loss": f"{loss.mean:.4f} ({loss.low:.4f} to {loss.high:.4f})",
                "Test AUC": f"{auc.mean:.3f} ({auc.low:.3f} to {auc.high:.3f})",
                "Epochs": _span(line.epochs, line.runs, "{:.1f}"),
                "Seconds": _span(line.seconds, line.runs, "{:.1f}"),
                "Before": float(np.mean([curve.seconds_before for curve in curves])),
            }
        )
    st.dataframe(
        pl.DataFrame(rows),
        hide_index=True,
        column_config={
            "Lowest loss": st.column_config.TextColumn(help="Validation log loss: mean, smallest, largest over seeds."),
            "Test AUC": st.column_config.TextColumn(help="Of the parameters with the lowest validation loss."),
            "Epochs": st.column_config.TextColumn(help=f"Until the validation loss is {target:.4f}."),
            "Seconds": st.column_config.TextColumn(help="The same in seconds of training the network."),
            "Before": st.column_config.NumberColumn(
                format="%.1f s", help="To train what is copied: the FM, or item graph, walks and skip-gram."
            ),
        },
    )
    st.caption(
        f"Epochs and seconds: until the validation loss is {target:.4f}, the lowest that every run of the random start "
        "reaches, between validations by a straight line; mean, smallest and largest over seeds. Seconds are those of "
        "the machine that trained; *before* is what the start itself took."
    )


def _span(values: Sequence[float], runs: int, form: str) -> str:
    if not values:
        return "never"
    text = form.format(np.mean(values))
    if len(values) > 1:
        text += f" ({form.format(min(values))} to {form.format(max(values))})"
    return text + (f", {len(values)} of {runs} runs" if len(values) < runs else "")


def _map(data: ActiveData, table: FeatureTable, report: PretrainingReport) -> None:
    """Item vectors before and after training, gliding from one to the other."""
    st.markdown("**The items' vectors before and after training**")
    first, second = st.columns(2)
    start: Start = _mapped(data, report.config.starts).draw(first)
    field = _colored_by(data)
    color = "" if field is None else field.draw(second)
    umap = UMAPConfig(seed=session.seed()).for_size(len(data.items))
    maps = _positions(data, table, report, start, umap)
    if maps is None:
        return
    captions: tuple[str, ...] = ("", "")
    if color:
        scores = [_tidiness(data, report, start, when, color) for when in ("before", "after")]
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
        title=f"{START_NAMES[start]}, before and after training",
    )
    figure.update_layout(title_text=None)
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
    data: ActiveData, table: FeatureTable, report: PretrainingReport, start: Start, umap: UMAPConfig
) -> Float32Array | None:
    """Maps before and after: bundled, kept, or drawn on request."""
    config = report.config
    key = ("deep map", table.fingerprint, config, start, umap)
    ready = results.ready(data, key, lambda: precomputed.load_networks_map(table.fingerprint, config, start, umap))
    make = partial(before_and_after, report.before[start], report.after[start], umap)

    def run(tell: Progress) -> Any:
        tell(0.0, "UMAP")
        return results.remember_heavy(data, key, make, tell)

    job = Job(key, "two maps", 2 + len(report.before[start]) / 500, run, asks=True)
    if ready is not None:
        return ready
    waiting = "The item vectors before and after are not drawn yet."
    # Title and scores are those of this start: another one's map will not do.
    return jobs.result(data, "network maps", job, verb="Draw", waiting=waiting, stale=None)[0]


def _tidiness(data: ActiveData, report: PretrainingReport, start: Start, when: str, color: str) -> GroupScore:
    vectors = (report.before if when == "before" else report.after)[start]
    key = ("deep tidiness", data.fingerprint, report.config, start, when, color)
    score: GroupScore = results.remember(data, key, lambda: group_score(vectors, data.fields[color]))
    return score


def _words(config: PretrainingConfig) -> str:
    k = config.network.dimensions
    hidden = " and ".join(map(str, config.network.hidden))
    return (
        "An **FNN** (Zhang, Du, Wang 2016) looks up k + 1 numbers for each field and sends them through dense layers "
        f"(here k = {k}, layers of {hidden}). Its embedding can start from a **factorization machine** trained on the "
        "same rows, ŷ = σ(w₀ + Σ wᵢxᵢ + Σ ⟨vᵢ, vⱼ⟩xᵢxⱼ): row i becomes (wᵢ, vᵢ), copied to the last bit, w₀ goes to "
        "the bias, and the dense layers start at random. *Fine-tuned*: everything is trained on; *frozen*: only the "
        "dense layers are. The graph starts copy **item vectors from walks** on the item graph of the training part "
        "(DeepWalk; or node2vec with q = 0.05, by its paper for communities, and q = 20, for roles, half the "
        "dimensions each) into the item fields; nothing after the cut is seen.\n\n"
        "Whether a start saves epochs, and "
        "whether it ends lower, the lines under the curves say, with the noise of the seeds. Where a validation loss "
        "turns up again the network overfits; early stopping would keep the lowest point. **More events**, or "
        "**fewer**: do the starts come closer together, or part?"
    )


def _as_python(data: ActiveData, config: PretrainingConfig) -> list[str]:
    seed = f", seed={config.seed}" if config.seed else ""
    judged = "random" in config.starts and len(config.starts) > 1
    verdicts = [
        "lowest = {start: [curve.loss.min() for curve in report.of(start)] for start in config.starts}",
        'base = lowest.pop("random")',
        "noise = compare_with_control(lowest, base)",
        "print({start: noise.verdict(start) for start in lowest})",
    ]
    return [
        *frame.import_lines(data, always=True),
        "from recemb_core.experiments.pretraining import compare_starts, pretraining_defaults, reach",
        *(["from recemb_core.evaluation import compare_with_control"] if judged else []),
        "",
        *frame.load_lines(data, always=True),
        f"config = pretraining_defaults(events={config.features.max_positives}, seeds={config.seeds}, "
        f"starts={config.starts!r}{seed})",
        "report = compare_starts(sequences, config)",
        "for curve in report.curves:",
        "    print(curve.start, curve.seed, curve.loss.min(), curve.test_auc)",
        "print(reach(report))",
        *(verdicts if judged else []),
    ]
