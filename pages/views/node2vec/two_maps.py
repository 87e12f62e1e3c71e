"""The map of a setting beside that of p = q = 1, what is near to the chosen item, and what the lasso holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, kept_runs, large, maps, stage
from pages.kit.answer_words import number
from pages.kit.bias_formula import bias_formula
from pages.kit.controls import Labelling
from pages.kit.live_chart import ChartEvents, Frames
from pages.kit.text import plain
from pages.views.node2vec.one_setting import Shown, base_of, downloads, draw_map, lasso_table, neighbor_table

AWAY = 20.0  # of q, beside p = q = 1
MOST_GLIDING = 2_000  # items of the map that glides in a narrow window
# Both are drawn, for the server does not know how wide the window is; what is hidden keeps its width.
HIDDEN = (
    "{{ position: absolute; height: 0 !important; width: 100%; overflow: hidden; visibility: hidden; }} .st-key-{0} * "
    "{{ visibility: hidden !important; }}"
)
ONE_OR_TWO = (
    "<style>.st-key-stage-picture { position: relative; } "
    f"@media (min-width: 901px) {{ .st-key-one-map {HIDDEN.format('one-map')} }} "
    f"@media (max-width: 900px) {{ .st-key-two-maps {HIDDEN.format('two-maps')} }}</style>"
)


def pair_of(shown: Shown) -> tuple[Shown, Shown]:
    """(p = q = 1, the setting that is shown); at p = q = 1 itself q = 20 stands beside it where it is there.

    Else p = q = 1 stands there twice, and the right one glides away when p or q is moved.
    """
    base = base_of(shown.config)
    here = shown.config == base
    config, anchor = (replace(base, q=AWAY), base) if here else (base, None)
    data, graph = shown.data, shown.graph
    if not shown.has(config) or not maps.has_map(data, graph, config, shown.umap, anchor):
        return shown, shown
    vectors = shown.train(config)
    places = maps.map_positions(data, graph, vectors, shown.umap, shown.train(anchor) if anchor else None)
    other = replace(shown, wanted=config, config=config, vectors=vectors, positions=places, before=None)
    return (shown, other) if here else (other, shown)


def map_section(shown: Shown, color: Labelling) -> Any:
    """The maps of p = q = 1 and of the setting, and what may be said; returns the place of words on the scores."""
    pair = pair_of(shown)
    with stage.picture():
        bias_formula(shown.config.p, shown.config.q)
        events = _two_maps(pair, color)
    note = st.empty()
    if shown.config == base_of(shown.config):
        same = pair[0] is pair[1]
        other = "move p or q, and the right map glides" if same else f"the right map is q = {AWAY:g}"
        st.caption(f"The controls are still at p = q = 1: {other}.")
    roles = shown.labellings[1]
    stars = " Stars: best-sellers." if roles.planted and "best-seller" in set(roles.values.tolist()) else ""
    st.caption(
        f"{large.drawn_words(shown.data)}"
        f"A color is a {plain(color.words)}.{stars} Click a point to choose it; lasso or box lists items. UMAP puts "
        "near vectors near each other as far as a plane allows; axes, and distances between far groups, mean nothing. "
        "The right map starts from the left one, so items whose neighbors stay hardly move."
    )
    neighbors = shown.nearest(shown.vectors)
    left, right = frame.side_by_side("neighbors-and-lasso", (3, 2), "22rem")
    with left:
        neighbor_table(shown, neighbors, color)
        if shown.preview:
            st.caption("These neighbors are the preview's. The files come with the exact result.")
        else:
            downloads(shown)
            own = [(shown.config, shown.vectors)]
            kept_runs.keep_button(
                shown.data,
                "Keep this run",
                lambda store: kept_runs.keep_vectors(store, shown.data, own, shown.graph),
                help="The vectors with data, settings and seed, to be opened and compared on the Runs page.",
            )
    with right:
        lasso_table(shown, events.selected, color)
    return note


def _near(shown: Shown) -> list[str]:
    return [other for other, _ in shown.nearest(shown.vectors)]


def _title(shown: Shown) -> str:
    return f"node2vec map, p = {shown.config.p:g}, q = {shown.config.q:g}"


def _two_maps(pair: tuple[Shown, Shown], color: Labelling) -> ChartEvents:
    """Side by side on one scale; where the window is narrow, one map that glides from the one to the other."""
    glides = len(pair[0].graph) <= MOST_GLIDING and pair[0] is not pair[1]
    # An element in either case: one more or less before the charts would build them anew.
    st.html(ONE_OR_TWO if glides else "<style></style>")
    ends = np.vstack([one.positions for one in pair])
    low, high = ends.min(axis=0), ends.max(axis=0)
    pad = np.maximum(0.06 * (high - low), 1e-6)
    more: dict[str, Any] = {"height": 337, "above": 355, "limits": (low - pad, high + pad)}
    with st.container(key="two-maps"):
        columns = frame.side_by_side("left-and-right", (1, 1), "15rem")
        found = []
        for column, one, key in zip(columns, pair, ("left map", "map"), strict=True):
            with column:
                st.markdown(_head(one))
                found.append(
                    draw_map(one, one.positions, color, key=key, highlighted=_near(one), named=_title(one), **more)
                )
    selected = next((events for events in reversed(found) if events.selected), found[1])
    if not glides:
        return selected
    shown = pair[1]
    frames = Frames(
        ids=shown.graph.items.ids,
        positions=np.stack([one.positions for one in pair]),
        labels=tuple(f"p = {one.config.p:g}, q = {one.config.q:g}" for one in pair),
        start=1,
        captions=tuple(_scores_in_words(one) for one in pair),
    )
    with st.container(key="one-map"):
        title = "node2vec map, gliding"
        events = draw_map(
            shown, pair[0].positions, color, key="gliding map", height=440, named=title, frames=frames,
            highlighted=_near(shown),
        )  # fmt: skip
    return selected if selected.selected else events


def _head(one: Shown) -> str:
    return f"**p = {one.config.p:g}, q = {one.config.q:g}** · {_scores_in_words(one)}"


def _scores_in_words(one: Shown) -> str:
    if one.preview:  # of a first look no score is kept
        return "preview, its scores follow"
    values = [one.score(one.vectors, by).value for by in one.labellings]
    return "homophily {} · structure {}".format(*map(number, values))
