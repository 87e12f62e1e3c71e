"""The walk microscope: one step's probabilities, one walk replayed, 1,000 walks against the closed form."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, graph_controls, stage
from pages.kit.text import plain
from pages.views.walks import experiments, microscope
from pages.views.walks.many_walks import many_walks
from pages.views.walks.replay import replay
from recemb_core.walks.statistics import next_step

with frame.page(
    "What does a walker do at a node?",
    "It came from one item and stands at another; p and q decide whether it turns back, stays near, or leaves.",
    opens_on="planted_shop",
) as data:
    settings = graph_controls.graph_settings(data)
    edges, graph = graph_controls.walked_graph(data, settings)
    config = controls.node2vec_config(data, len(graph))
    p, q = config.p, config.q
    at = microscope.place(data, graph)
    here = plain(data.titles[at.current])
    step = next_step(graph, at.previous, at.current, p=p, q=q)
    microscope.step_metrics(step, at)
    main, side = frame.side_by_side("microscope", (4, 3))
    with side:
        microscope.walk_controls(data, graph, at)
        if len(step.ids):
            microscope.step_table(data, step, p, q)
        controls.reset_button(data)
    with main:
        if len(step.ids):
            microscope.microscope(data, graph, at, step, p, q)
        else:
            alone = "has no edge at all" if not at.before else "has edges in, but none out"
            st.info(
                f"**{here}** {alone} in this graph: a walk that stands here ends, and one that starts here is "
                f"this item alone. Choose another item in the sidebar, or keep more edges on the Item graph page."
            )
        st.caption(f"{frame.graph_line(edges, graph)} {microscope.graph_words(graph)}")
    stage.try_this(data, experiments.experiments(data, graph, at))
    if len(step.ids):
        st.subheader(f"One walk from {here}", anchor=False)
        replay(data, graph, at, p, q, controls.labellings(data, graph)[0])
        st.subheader(f"1,000 walks from {here}", anchor=False)
        many_walks(data, graph, at, p, q)
    frame.what_you_see(
        "The walker came from *t* (the previous item) to *v* (the chosen one). It goes on to *x* with probability "
        "**P(x) = α·w(v, x) / Σ α·w**, where *w* is the weight of the edge and **α = 1/p** if *x* is *t*, "
        "**1** if there is an edge *t → x*, **1/q** otherwise. The first step of a walk has no *t* and goes by weight "
        "alone. The closed form for several steps follows the probability of every *edge* just walked, because the "
        "next step depends on the last two items.\n\n"
        "**Larger p**: fewer steps back. **Larger q**: more of the steps go to neighbors of where the walk was, as in "
        "a breadth-first search; **smaller q**: more lead away, as in a depth-first one. p = q = 1 is DeepWalk. "
        "Where all neighbors are joined to each other, q has nothing to choose from; "
        f"density here is {graph.density:.3f} (1: all pairs are joined)."
    )
    frame.as_python(microscope.as_python(data, graph, settings, at, p, q))
