"""The walk microscope: one step's probabilities, one walk replayed, 1,000 walks against the closed form."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, graph_controls, stage
from pages.kit.allowed import Options
from pages.kit.parameters import Parameter
from pages.kit.text import plain
from pages.views.walks import experiments, microscope
from pages.views.walks.code_guide import GUIDE
from pages.views.walks.many_walks import many_metrics, many_walks, place_control
from pages.views.walks.microscope import WALKS_PAGE
from pages.views.walks.replay import NUMBER, replay, walk_metrics
from recemb_core.walks.statistics import next_step

VIEWS = {"step": "The next step", "walk": "One walk", "many": "1,000 walks"}
VIEW = Parameter(WALKS_PAGE, "walks_view", "View", Options(VIEWS, row=True), "step", view=True)

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
    NUMBER.value(data)  # stays in the link in the other views
    here = plain(data.titles[at.current])
    step = next_step(graph, at.previous, at.current, p=p, q=q)
    view = VIEW.draw(data, label_visibility="collapsed")
    main, side = frame.side_by_side("microscope", (8, 3), "15rem")
    numbers = stage.scores(main)
    with side:
        microscope.bias_controls(data, graph)
        if view == "many" and len(step.ids):
            place_control(data, graph, at, p, q).draw()
        stage.try_this(data, experiments.experiments(data, graph, at, view), of=f"walks {view}")
        if view == "step":
            microscope.place_controls(data, graph, at)
        controls.reset_button(data)
    with main:
        if not len(step.ids):
            microscope.step_metrics(step, at, numbers)
            alone = "has no edge at all" if not at.before else "has edges in, but none out"
            st.info(
                f"**{here}** {alone} in this graph: a walk that stands here ends, and one that starts here is "
                f"this item alone. Choose another item in the sidebar, or keep more edges on the Item graph page."
            )
        elif view == "walk":
            walk_metrics(data, graph, at, p, q, numbers)
            replay(data, graph, at, p, q, controls.labellings(data, graph)[0])
        elif view == "many":
            many_metrics(data, graph, at, p, q, numbers)
            many_walks(data, graph, at, p, q)
        else:
            microscope.step_metrics(step, at, numbers)
            with stage.picture():
                microscope.microscope(data, graph, at, step, p, q)
            microscope.step_words(step, at)
            with st.expander(f"All {len(step.ids):,} ways on, with α, w and P(x)"):
                microscope.step_table(data, step, p, q)
        st.caption(f"{frame.graph_line(edges, graph)} {microscope.graph_words(graph)}")
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
    frame.as_python(microscope.as_python(data, graph, settings, at, p, q), data=data, guide=GUIDE)
