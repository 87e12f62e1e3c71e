"""Tune node2vec's p and q and watch the map and the two scores."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.shared import controls, frame, selection
from pages.shared.live_chart import live_chart
from pages.shared.node2vec_view import (
    as_python,
    downloads,
    lasso_table,
    neighbor_table,
    results_or_stale,
    score_metrics,
)
from recemb_core.figures.item_map import item_map

EXPERIMENTS = {
    "planted_shop": [
        (
            "Large q keeps a walk among the best-sellers. **Will the best-sellers (stars) leave their categories?**",
            "They gather in the middle: at q = 20 nearly all neighbors of a best-seller are best-sellers (chance 9 %).",
            {"p": 1.0, "q": 20.0},
        ),
        (
            "Small q lets the walk run off. **Will the stars go home?**",
            "Each best-seller sits inside its own category: communities are all that the map shows.",
            {"p": 1.0, "q": 0.05},
        ),
        (
            "Small p makes the walk turn back at once. **Does q = 20 still gather the stars?**",
            "No: returning to where it came from is no exploration, and the best-sellers are back in their categories.",
            {"p": 0.05, "q": 20.0},
        ),
        (
            "Back to the middle: p = q = 1 is DeepWalk.",
            "p = q = 1: every neighbor is drawn by edge weight alone.",
            {"p": 1.0, "q": 1.0},
        ),
    ],
    "*": [
        (
            "Large q keeps walks near their start. **Will the structural score rise by more than its seed band?**",
            "Compare the two scores with their bands below the title: a change inside the band is noise.",
            {"p": 1.0, "q": 20.0},
        ),
        (
            "Small q lets walks run outward. **Will communities come apart more clearly?**",
            "Look at the homophily score: on most graphs it hardly moves, whatever the picture suggests.",
            {"p": 1.0, "q": 0.05},
        ),
        (
            "Back to the middle: p = q = 1 is DeepWalk.",
            "p = q = 1: every neighbor is drawn by edge weight alone.",
            {"p": 1.0, "q": 1.0},
        ),
    ],
}

with frame.page(
    "What do p and q change?",
    "node2vec walks over the item graph and learns a vector for each item; p and q decide how the walk moves.",
    opens_on="planted_shop",
) as data:
    settings = controls.graph_settings(data)
    whole, graph = controls.walk_graph(data, settings)
    wanted = controls.node2vec_config(data, len(graph))
    numbers = st.container()
    main, side = st.columns([3, 1], gap="medium")
    with side:
        controls.node2vec_controls(data)
        groups, roles = controls.labellings(data, graph)
        color = controls.color_control(data, graph, default=groups.name)
        with st.expander("Map"):
            umap = controls.umap_config(data, len(graph))
        controls.reset_button(data)
    with main:
        config, vectors, positions = results_or_stale(data, graph, wanted, umap)
        neighbors = vectors.most_similar(selection.chosen_item(data), k=min(10, max(1, len(graph) - 1)))
        figure = item_map(
            positions,
            graph.items.ids,
            data.titles,
            color_by=color.values,
            color_title=color.name,
            symbol_by=roles.values if roles.planted else None,
            symbol_title=roles.name,
            size=np.sqrt(graph.strength),
            chosen=selection.chosen_item(data),
            highlighted=[item for item, _ in neighbors],
            title=f"node2vec map, p = {config.p:g}, q = {config.q:g}",
        )
        figure.update_layout(title_text=None)
        events = live_chart(figure, key=f"map@{data.key}", height=600, on_click=lambda item: selection.pick(data, item))
        st.caption(
            f"{frame.graph_line(whole, graph)} Click a point to choose it; lasso or box lists items. "
            "Near points have near vectors; axes and distances between far groups mean nothing."
        )
    with numbers:
        score_metrics(data, graph, config, vectors, groups, roles)
    left, right = st.columns(2, gap="medium")
    with left:
        neighbor_table(data, graph, neighbors, color)
        downloads(data, vectors)
    with right:
        lasso_table(data, graph, events.selected, color)
    frame.try_this(data, EXPERIMENTS.get(data.key, EXPERIMENTS["*"]))
    frame.what_you_see(
        "Each point is an item, colored by group; a walk that passes two items often pulls their vectors together. "
        "Coming from *t* to *v*, the next item *x* is drawn with probability ∝ α·w(v, x): "
        "**α = 1/p** for going back to *t*, **1** if *x* is also joined to *t*, **1/q** if it leads away. "
        "The paper (Grover & Leskovec 2016) claims that small q brings out communities and large q "
        "structural roles; the two scores above measure both on this data: the share of an item's 5 nearest neighbors "
        "(cosine) in its own group, minus chance, averaged over groups. 0 is chance, and the maximum "
        "stands beside each value.\n\n"
        "**Larger p**: fewer steps back. **Larger q**: the walk stays near where it was. "
        f"α can matter only where neighbors are not all joined to each other; density here is {graph.density:.3f}."
    )
    frame.as_python(as_python(data, settings, config, umap))
