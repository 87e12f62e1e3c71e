"""The items' vectors before and after training, as two maps of which one glides into the other."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import streamlit as st

from pages.kit import brought, jobs, results, session, stage
from pages.kit.allowed import Options
from pages.kit.live_chart import Frames, live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words
from pages.views.deep_models.table import ABOVE, HIGH
from recemb_core import precomputed
from recemb_core.arrays import Float32Array
from recemb_core.deep.features import FeatureTable
from recemb_core.evaluation import GroupScore, group_score
from recemb_core.experiments.pretraining import PretrainingReport, before_and_after
from recemb_core.experiments.starts import START_NAMES, Start
from recemb_core.figures.item_map import item_map_figure
from recemb_core.layouts import UMAPConfig

BAR = 60  # pixels of the frames' bar below the map
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


def map_controls(data: ActiveData, starts: Sequence[Start]) -> None:
    """Which start is mapped, and its colors."""
    mapped(data, starts).draw()
    field = colored_by(data)
    if field is not None:
        field.draw()


def mapped(data: ActiveData, starts: Sequence[Start]) -> Bound:
    """Which of these starts the map is of."""
    return MAP.bind(data, default="graph" if "graph" in starts else starts[0], among=starts)


def own_key(own: brought.Fitted | None) -> tuple[Hashable, ...]:
    """What keeps a result with such a start in its owner's session."""
    return () if own is None else (own.config,)


def map_section(data: ActiveData, table: FeatureTable, report: PretrainingReport, own: brought.Fitted | None) -> bool:
    """Item vectors before and after training, gliding from one to the other; whether there is a map of them."""
    start: Start = mapped(data, report.config.starts).value
    field = colored_by(data)
    color = "" if field is None else field.value
    umap = UMAPConfig(seed=session.seed()).for_size(len(data.items))
    maps = _positions(data, table, report, start, umap, own)
    if maps is None:
        return False
    captions: tuple[str, ...] = ("", "")
    if color:
        scores = [tidiness(data, report, start, when, color, own) for when in ("before", "after")]
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
    choose = lambda item: session.pick(data, item)  # noqa: E731
    key = f"map {start}@{data.key}"
    with stage.picture():
        live_chart(figure, key=key, height=HIGH - BAR, above=ABOVE + BAR, frames=frames, on_click=choose)
    st.caption(
        "Press play. UMAP by cosine of the item field's vectors, first seed; the two maps are started from each other, "
        "so that places can be compared. The score in the bar is measured on the vectors, not the map."
    )
    return True


def colored_by(data: ActiveData) -> Bound | None:
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
    key = ("deep map", table.fingerprint, config, start, umap, *own_key(own))
    ready = results.ready(data, key, lambda: precomputed.load_networks_map(table.fingerprint, config, start, umap))
    seconds, ends = 2 + len(report.before[start]) / 500, (report.before[start], report.after[start])
    job = jobs.heavy_job(data, key, "two maps", seconds, before_and_after, *ends, umap, reports=False)
    if ready is not None:
        return ready
    waiting = "The item vectors before and after are not drawn yet."
    # Title and scores are those of this start: another one's map will not do.
    return jobs.result(data, "network maps", job, verb="Draw", waiting=waiting, stale=None)[0]


def tidiness(
    data: ActiveData, report: PretrainingReport, start: Start, when: str, color: str, own: brought.Fitted | None
) -> GroupScore:
    vectors = (report.before if when == "before" else report.after)[start]
    key = ("deep tidiness", data.fingerprint, report.config, start, when, color, *own_key(own))
    score: GroupScore = results.remember(data, key, lambda: group_score(vectors, data.fields[color]))
    return score
