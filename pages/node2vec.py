"""Tune node2vec's p and q and watch the map and the two scores."""

from __future__ import annotations

import streamlit as st

from pages.shared import controls, frame, graph_controls, selection
from pages.shared.node2vec_python import as_python
from pages.shared.node2vec_view import map_section, results_or_stale, score_metrics
from pages.shared.roles_view import roles_section
from pages.shared.sweep_view import sweep_controls, sweep_section
from pages.shared.why_view import why_section

EXPERIMENTS = {
    "planted_shop": [
        (
            "Small q lets the walk run off. **Will the stars go home?**",
            "Each best-seller sits inside its own category: communities are all that the map shows.",
            {"p": 1.0, "q": 0.05},
        ),
        (
            "Large q keeps a walk among the best-sellers. **Will the best-sellers (stars) leave their categories?**",
            "They gather in the middle: at q = 20 nearly all neighbors of a best-seller are best-sellers (chance 9 %).",
            {"p": 1.0, "q": 20.0},
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
            "Large q keeps walks near their start. **Will the structural score rise by more than noise?**",
            "The line below the two scores says of each change whether it is beyond the noise of other seeds.",
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

VIEWS = {
    "map": "One setting",
    "sweep": "Sweep of p and q",
    "roles": "What structure looks like",
    "why": "Why are these neighbors?",
}

with frame.page(
    "What do p and q change?",
    "node2vec walks over the item graph and learns a vector for each item; p and q decide how the walk moves.",
    opens_on="planted_shop",
) as data:
    settings = graph_controls.graph_settings(data)
    whole, graph = graph_controls.walk_graph(data, settings)
    wanted = controls.node2vec_config(data, len(graph))
    view = selection.choice("view", data, "map", VIEWS)
    st.segmented_control(
        "View", list(VIEWS), format_func=VIEWS.__getitem__, key=view, required=True, label_visibility="collapsed"
    )
    numbers = st.container()
    main, side = frame.side_by_side("map-and-controls", (3, 1), "11rem")
    with side:
        controls.node2vec_controls(data)
        frame.try_this(data, EXPERIMENTS.get(data.key, EXPERIMENTS["*"]), stacked=True)
        groups, roles = controls.labellings(data, graph)
        color = controls.color_control(data, graph, default=groups.name)
        with st.expander("Map"):
            umap = controls.umap_config(data, len(graph))
        sweep = sweep_controls(data, len(graph), wanted, umap) if selection.value(data, "view") == "sweep" else None
        controls.reset_button(data)
    with main:
        config, vectors, positions = results_or_stale(data, graph, wanted, umap)
        if sweep is not None:
            sweep_section(data, graph, sweep, (groups, roles), color)
        elif selection.value(data, "view") == "roles":
            roles_section(data, graph, vectors, umap, groups, roles)
        elif selection.value(data, "view") == "why":
            why_section(data, graph, config)
        else:
            map_section(data, graph, config, vectors, positions, color, roles)
        st.caption(frame.graph_line(whole, graph))
    with numbers:
        score_metrics(data, graph, config, vectors, groups, roles)
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
    frame.as_python(as_python(data, settings, config, umap, selection.value(data, "view"), (groups, roles), sweep))
