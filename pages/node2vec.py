"""Tune node2vec's p and q and watch the map and the two scores."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, graph_controls, large, stage
from pages.kit.allowed import Options
from pages.kit.parameters import Parameter
from pages.views.node2vec import figure_three, objective
from pages.views.node2vec.code_guide import GUIDE
from pages.views.node2vec.experiments import experiments
from pages.views.node2vec.one_setting import NODE2VEC_PAGE, Shown, results_or_stale, score_metrics
from pages.views.node2vec.roles import roles_section
from pages.views.node2vec.snippets import as_python, figure_python
from pages.views.node2vec.sweep import sweep_controls, sweep_section
from pages.views.node2vec.two_maps import map_section
from pages.views.node2vec.why import why_metrics, why_section
from pages.views.node2vec.why_experiments import pair_experiments
from recemb_core.embeddings import node2vec_defaults

VIEWS = {
    "map": "One setting",
    "sweep": "Sweep of p and q",
    "roles": "What structure looks like",
    "why": "Why are these neighbors?",
    "objective": "Objective",
    "figure": "Figure 3",
}
VIEW = Parameter(NODE2VEC_PAGE, "view", "View", Options(VIEWS, row=True), "map", view=True)


def words(density: float) -> str:
    """What you see in the views of maps."""
    return (
        "Each point is an item, colored by group; training pulls together the vectors of items that a walk passes "
        "one soon after the other. "
        "Coming from *t* to *v*, the next item *x* is drawn with probability ∝ α·w(v, x): "
        "**α = 1/p** for going back to *t*, **1** if *x* is also joined to *t*, **1/q** if it leads away. "
        "The paper (Grover & Leskovec 2016) claims that small q brings out communities and large q "
        "structural roles; the two scores above measure both on this data: the share of an item's 5 nearest neighbors "
        "(cosine) in its own group, minus chance, averaged over groups. 0 is chance, and the maximum "
        "stands beside each value.\n\n"
        "**Larger p**: fewer steps back. **Larger q**: fewer steps to where *t* has no edge. "
        f"α can matter only where neighbors are not all joined to each other; density here is {density:.3f}."
    )


with frame.page(
    "What do p and q change?",
    "node2vec walks over the item graph and learns a vector for each item; p and q decide how the walk moves.",
    opens_on="planted_shop",
) as data:
    settings = graph_controls.graph_settings(data)
    edges, graph = graph_controls.walked_graph(data, settings)
    wanted = controls.node2vec_config(data, len(graph))
    view = VIEW.draw(data, label_visibility="collapsed")
    main, side = frame.side_by_side("map-and-controls", (8, 3), "15rem")
    numbers = stage.scores(main)
    with side:
        labellings = controls.labellings(data, graph)
        asked = figure_three.asked_of(data, graph, labellings)
        later: list[Shown] = []  # filled below, before an experiment is answered
        if view == "figure":
            figure_three.figure_controls(data)
            stage.try_this(data, figure_three.experiments(asked))
        else:
            controls.bias_controls(data, len(graph))
            pair_place = st.container() if view == "why" else st.empty()
            tries = experiments(labellings, lambda: later[0])
            if view == "objective":
                tries = objective.experiments(lambda: later[0])
            elif data.key == figure_three.PAPERS:
                tries = [*tries, figure_three.experiments(asked)[0]]  # the last: it leads to another view
            elif view == "why":
                tries = pair_experiments(lambda: later[0])
            stage.try_this(data, tries)
            controls.walk_controls(data, len(graph))
            color = controls.color_control(data, graph, default=labellings[0].name)
            with st.expander("Map"):
                umap = controls.umap_config(data, len(graph))
        sweep = sweep_controls(data, len(graph), wanted, umap) if view == "sweep" else None
        controls.reset_button(data)
    if view == "figure":
        with main:
            figure_three.figure_section(asked, numbers)
            st.caption(frame.graph_line(edges, graph))
        frame.what_you_see(figure_three.WORDS)
        frame.as_python(figure_python(asked, settings), data=data, guide=GUIDE)
    else:
        with main:
            shown = results_or_stale(data, graph, wanted, umap, labellings, previews=view == "map")
            usual = {name: name for name in large.FEWER}
            large.first_look_note(data, graph, wanted, node2vec_defaults(len(graph)), usual, "node2vec page")
            if shown is None:
                st.stop()
            later.append(shown)
            if sweep is not None:
                sweep_section(shown, sweep, color)
            elif view == "roles":
                roles_section(shown)
            elif view == "why":
                why_section(shown, pair_place)
            elif view == "objective":
                objective.objective_section(shown)
            note = map_section(shown, color) if view == "map" else st.empty()
            st.caption(frame.graph_line(edges, graph))
        with numbers:
            if view == "objective":
                objective.objective_metrics(shown)
            elif view == "why":
                why_metrics(shown)
            else:
                score_metrics(shown, note)
        frame.what_you_see(objective.WORDS if view == "objective" else words(graph.density))
        frame.as_python(as_python(shown, settings, view, sweep), data=data, guide=GUIDE)
