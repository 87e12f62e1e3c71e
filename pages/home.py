"""The way from a click to a recommendation, with one item followed along it."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, graph_controls, model_results, navigation, session, stage
from pages.kit.text import plain, quoted, sentence
from pages.views.home.chain import STYLE, links
from pages.views.home.moving import moving_map
from pages.views.home.strip import judged

ABOVE = 385  # pixels of the window around the moving picture, its bar included

with frame.page(
    "How does a click become a recommendation?",
    "Seven steps from a log to a list. One item is followed all the way: choose another in the sidebar.",
    opens_on=session.OPENS_ON,
) as data:
    settings = graph_controls.graph_settings(data)
    graph = graph_controls.walked_graph(data, settings)[1]
    config = controls.node2vec_config(data, len(graph))
    item = session.chosen_item(data)
    ready = model_results.has_model(data, config, graph=graph)
    st.html(STYLE)
    with st.container(key="chain"):
        chain = links(data, graph, config if ready else None)
        for at, (place, column) in enumerate(zip(chain, st.columns(len(chain), gap="small"), strict=True)):
            with column.container(border=True, height="stretch", gap="xxsmall", key=f"link {at}"):
                st.markdown(f"**{place.title}**")
                st.markdown(f":small[{place.said}]")
                navigation.link(place.page, place.link)
    main, side = frame.side_by_side("moving", (8, 3), "15rem")
    with main, stage.picture():
        moving_map(height=250, above=ABOVE)
    with side:
        st.markdown(
            "**One dial moves a whole shop.** Stars are best-sellers, dots their accessories, a color is a category. "
            "A larger q keeps walks from leading away from where they just were. Watch the stars.\n\n"
            ":small[This is the planted shop, which was made to show it. The bar below says what is measured.]"
        )
        navigation.link("node2vec", "Tune p and q")
        navigation.link("summary", "All methods in a table")
    events, runs = "–", "–"
    if data.sequences is not None:
        events, runs = f"{len(data.sequences.tokens):,}", f"{len(data.sequences):,}"
    frame.metrics(
        [
            ("Items", f"{len(graph):,}", "Different items."),
            ("Events", events, "Rows of behavior; – for a graph alone."),
            ("Sequences", runs, "Sessions or baskets; – for a graph alone."),
            ("Edges", f"{graph.num_edges:,}", f"Of the graph that is walked: {graph.rule}."),
        ]
    )
    left, right = frame.side_by_side("good-and-data", (1, 1), "18rem")
    with left.container(border=True, height="stretch"):
        st.subheader("Was it any good?", anchor=False)
        st.caption("A list is judged by what people did next, against popularity and with its noise.")
        navigation.link("evaluation", "Compare models")
        st.markdown(f":small[{judged(data, config)}]")
    with right.container(border=True, height="stretch"):
        st.subheader("Data set in use", anchor=False)
        st.markdown(f":small[{plain(data.title)}: {sentence(data.description)}]")
        if data.info is not None:
            st.caption(f"Source: {data.info.source}. License: {data.info.license}.")
        navigation.link("sequences", "Choose or upload data")
    frame.what_you_see(
        "Each step says what becomes of the followed item in the data set in use. The walk is one walker's path by "
        f"weight alone; vectors are node2vec's (p = {config.p:g}, q = {config.q:g}), compared by cosine. "
        "The moving picture is of the planted shop: both of its maps are UMAP's, the second started from the first. "
        "A near item is no proof of quality: a list is good when it holds what people did next."
    )
    frame.as_python(
        [
            *frame.import_lines(data),
            "from recemb_core.embeddings import Node2VecConfig, train_node2vec",
            "from recemb_core.item_graph import backbone, build_item_graph",
            "",
            *frame.load_lines(data),
            *settings.as_python(data),
            "vectors = train_node2vec(graph, Node2VecConfig())",
            f"print(vectors.most_similar({quoted(item)}, k=10))",
        ]
    )
