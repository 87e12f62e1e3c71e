"""The item graph: one item's edges beside the catalogue's backbone."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.kit import controls, frame, graph_controls, maps, session, stage
from pages.kit.live_chart import live_chart
from pages.kit.text import plain, quoted
from pages.views.item_graph.drawn_edges import edges_drawn
from pages.views.item_graph.experiments import experiments
from pages.views.item_graph.two_graphs import beside_each_other
from recemb_core.figures.ego_graph import ego_graph_figure
from recemb_core.figures.graph_map import graph_map_figure
from recemb_core.figures.survival_curve import survival_curve_figure
from recemb_core.summaries import survival

EGO_EDGES = 12


def heaviest(rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The heaviest edges of one item, heaviest first."""
    order = np.argsort(-weights, kind="stable")[:EGO_EDGES]
    return rows[order], weights[order]


with frame.page(
    "Which items follow which?",
    "Every sequence leaves edges between items; with popularity taken out, the catalogue's skeleton is left.",
    opens_on="complete_journey",
) as data:
    main, side = frame.side_by_side("graph-and-controls", (8, 3), "15rem")
    numbers = stage.scores(main)
    with side:
        settings = graph_controls.graph_controls(data)
        whole, graph = graph_controls.walk_graph(data, settings)
        stage.try_this(data, experiments(data, settings, whole, graph))
        graph_controls.more_graph_controls(data, settings)
        with st.expander("Picture"):
            color = controls.color_control(data, graph, default=controls.labellings(data, graph)[0].name)
            drawn = graph_controls.items_drawn(data, graph)
            chosen = session.chosen_item(data)
            row = graph.items.row(chosen)
            shown = graph_controls.most_connected(graph, drawn, always=row)
            kept, joining = edges_drawn(data, graph, shown)
        controls.reset_button(data)
    found = graph_controls.graph_communities(data, graph, 0)
    source = "data set" if settings.own else "behavior"
    ways = "ordered pairs (i, j) with an edge i → j" if graph.directed else "pairs that are joined"
    density = f"Share of all {ways}. Near 1, p and q of node2vec cannot matter."
    louvain = "Louvain, seed 0, on the kept edges; direction left aside."
    frame.metrics(
        [
            ("Items", f"{len(graph):,}", "Items of the data set; items without an edge lie on the outer ring."),
            ("Edges kept", f"{graph.num_edges:,}", f"Of {whole.num_edges:,} edges that the {source} gives."),
            ("Density", f"{graph.density:.3f}", density),
            ("Communities", f"{found.max(initial=-1) + 1}", louvain),
        ],
        numbers,
    )
    out_rows, out_weights = graph.neighbors(row)
    in_rows, in_weights = graph.reversed.neighbors(row)
    with main:
        positions = maps.graph_positions(data, graph, session.seed())
        place = np.full(len(graph), -1)
        place[shown] = np.arange(len(shown))
        ids = [graph.items[int(i)] for i in shown]
        lit_out, lit_in = place[out_rows][place[out_rows] >= 0], place[in_rows][place[in_rows] >= 0]
        figure = graph_map_figure(
            positions[shown],
            (place[graph.sources[kept]], place[graph.indices[kept]]),
            out_rows=lit_out,
            in_rows=lit_in,
            chosen_row=int(place[row]),
            directed=graph.directed,
            ids=ids,
            titles=[data.titles[int(i)] for i in shown],
            color_by=color.values[shown],
            color_title=color.words,
            size=graph.strength[shown],
            chosen=chosen,
            labels=[ids[int(i)] for i in np.argsort(-graph.strength[shown], kind="stable")[:5]],
        )
        with stage.picture():
            choose = lambda item: session.pick(data, item)  # noqa: E731
            live_chart(figure, key=f"graph@{data.key}", height=440, above=165, on_click=choose)
        st.caption(
            f"{len(kept):,} of {joining:,} edges drawn: each item's heaviest first, between the {len(shown):,} most "
            f"strongly connected of {len(graph):,} items. {frame.graph_line(whole.num_edges, graph)} "
            "Point size: strength, the sum of an item's edge weights. Click an item to light up its edges."
        )
        if (between := beside_each_other(data)) is not None:
            st.caption(between.words)
    st.subheader(f"Edges of {plain(data.title_of(chosen))}", anchor=False)
    left, right = frame.side_by_side("ego-and-degrees", (3, 2), "16rem")
    with left:
        figure = ego_graph_figure(
            row,
            data.titles,
            graph.items.ids,
            heaviest(out_rows, out_weights),
            heaviest(in_rows, in_weights) if graph.directed else None,
            unit="weight",
        )
        live_chart(figure, key=f"ego@{data.key}", height=430, on_click=lambda item: session.pick(data, item))
        st.caption(
            f"The {min(EGO_EDGES, len(out_rows))} heaviest of {len(out_rows)} edges"
            + (f" out of it, and {min(EGO_EDGES, len(in_rows))} of {len(in_rows)} into it" if graph.directed else "")
            + "; the number is the edge's weight. Click a neighbor to move on to it."
        )
    with right:
        degrees, weights = st.tabs(["Degree", "Edge weight"])
        values = {"out-degree": graph.out_degree, "in-degree": graph.reversed.out_degree}
        values = values if graph.directed else {"degree": graph.out_degree}
        heavy = {"kept": graph.weights} if whole is graph else {"all edges": whole.weights, "kept": graph.weights}
        for tab, key, of, x_title, measured in (
            (degrees, "degree", "items", "edges of an item", values),
            (weights, "weight", "edges", "weight of an edge", heavy),
        ):
            curves = {name: survival(array) for name, array in measured.items()}
            with tab:
                live_chart(survival_curve_figure(curves, x_title=x_title, of=of), key=key, height=360)
    how_kept = (
        f"Here the edges are given, and all are kept: {whole.joined_share:.1%} of all pairs of items are joined."
        if settings.own
        else f"The behavior joins {whole.joined_share:.1%} of all pairs of items: best-sellers come together with many "
        "items by chance alone. "
        "The backbone compares an edge's weight with what the popularity of both ends leads one to expect, "
        "*s(i)·s(j)/S*, and keeps the edges furthest above it in units of their own standard deviation "
        "(Coscia & Neffke 2017). **Fewer edges an item**: only the edges furthest above it are left, and of each "
        "item its best. **More edges**: back towards all of them."
    )
    frame.what_you_see(
        "Each point is an item, each line an edge: **M(i, j) = how often j directly follows i** where the order "
        "is known, **= how many baskets hold both** where it is not. Joined points attract and others repel "
        "(UMAP's forces along the edges; Fruchterman–Reingold up to 300 items); position has no other meaning. "
        "A community is named by its most strongly connected item.\n\n"
        f"{how_kept} Walks on the next pages use exactly the kept edges."
    )
    frame.as_python(
        [
            *frame.import_lines(data),
            "from recemb_core.item_graph import backbone, build_item_graph, communities",
            "",
            *frame.load_lines(data),
            *settings.as_python(data),
            f"ids, weights = graph.neighbors(graph.items.row({quoted(chosen)}))",
            "groups = communities(graph, seed=0)",
        ]
    )
