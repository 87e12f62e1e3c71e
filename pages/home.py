"""The way from a click to a recommendation, with one item followed along it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, graph_controls, maps, model_results, navigation, session
from pages.kit.live_chart import live_chart
from pages.kit.text import plain, quoted, sentence
from pages.views.home.strip import judged, log_rows, recommendations, sequence_chips, small_walk, who_has
from recemb_core.arrays import NumberArray
from recemb_core.figures.small_map import small_map_figure

HEIGHT = 190
CARDS = (  # title, what happens there, the page that shows it, the words of the link to it
    ("Log", "Somebody did something with an item, at some time.", "sequences", "Read your own"),
    ("Sequences", "One person's events, cut into sessions or baskets.", "sequences", "See lengths and pauses"),
    ("Item graph", "Items that follow each other, or share baskets, are joined.", "item_graph", "See the graph"),
    ("Walks", "A walker strolls along the edges; each walk is a sentence.", "walks", "Watch a step"),
    ("Vectors", "Training pulls together items that meet in walks; UMAP draws them flat.", "node2vec", "Tune p and q"),
    ("Index", "Nearest vectors are found by an exact scan, or by an index.", "lsh", "Tune an index"),
    (
        "Recommendations",
        "A person's vector is the mean of their items; the nearest unseen items are offered.",
        "deep_models",
        "See models learn it",
    ),
)

with frame.page(
    "How does a click become a recommendation?",
    "Seven steps from a log to a list, each drawn from the data set in use. The chosen item is followed all the way.",
    opens_on=session.OPENS_ON,
) as data:
    settings = graph_controls.graph_settings(data)
    graph = graph_controls.walked_graph(data, settings)[1]
    config = controls.node2vec_config(data, len(graph))
    umap = controls.umap_config(data, len(graph), draw=False)
    item = session.chosen_item(data)
    row = graph.items.row(item)
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
    st.markdown(
        f"Following **:red[{plain(data.title_of(item))}]** through **{plain(data.title)}** — choose "
        "others in the sidebar."
    )
    colors = graph_controls.graph_communities(data, graph, 0).astype(str)
    ready = model_results.has_model(data, config, graph=graph) and maps.has_map(data, graph, config, umap, None)
    with st.container(key="strip"):  # three cards in a row, two on a narrow screen
        st.html("<style>.st-key-strip [data-testid=stColumn] { min-width: max(13rem, 30%); }</style>")
        cards = st.columns(9)
    person = who_has(data, row)

    def card(place: int) -> st.delta_generator.DeltaGenerator:
        title, text, page, label = CARDS[place]
        box = cards[place].container(border=True, height="stretch")
        box.markdown(f"**{place + 1} · {title}**")
        box.caption(text)
        navigation.link(page, label, box)
        return box

    def thumbnail(key: str, at: NumberArray, description: str, **more: Any) -> None:
        figure = small_map_figure(at, data.titles, chosen=row, description=description, **more)
        live_chart(figure, key=key, height=HEIGHT)

    log_rows(card(0), data, person, row)
    sequence_chips(card(1), data, person, row)
    positions = maps.graph_positions(data, graph, session.seed())
    near, _ = graph.neighbors(row)
    with card(2):
        thumbnail("home graph", positions, "Item graph", colors=colors, near=near[:200])
    with card(3):
        path = small_walk(graph, row, session.seed())
        thumbnail("home walk", positions, "One walk", path=path)
        st.caption(" → ".join(plain(data.titles[int(i)]) for i in path[:4]) + (" → …" if len(path) > 4 else ""))
    box = card(4)
    if not ready:
        box.caption("Not trained for this data yet: open the node2vec page once.")
    else:
        vectors = model_results.model_vectors(data, config, graph=graph)
        nearest = vectors.most_similar(item, k=min(10, max(1, len(graph) - 1)))
        rows = np.array([graph.items.row(i) for i, _ in nearest])
        with box:
            on_map = maps.map_positions(data, graph, vectors, umap)
            thumbnail("home map", on_map, "Vectors", colors=colors, near=rows)
        box = card(5)
        box.markdown(f"Nearest to **:red[{plain(data.title_of(item))}]** by cosine:")
        box.markdown(
            "\n".join(f"1. :small[{plain(data.title_of(other))} · {score:.2f}]" for other, score in nearest[:6])
        )
        recommendations(card(6), data, vectors, person)
    with cards[7].container(border=True, height="stretch"):
        st.markdown("**Was it any good?**")
        st.caption("A list is judged by what people did next, against popularity and with its noise.")
        navigation.link("evaluation", "Compare models")
        navigation.link("summary", "All methods in a table")
        st.markdown(f":small[{judged(data, config)}]")
    with cards[8].container(border=True, height="stretch"):
        st.markdown("**Data set in use**")
        st.markdown(f":small[{plain(data.title)}: {sentence(data.description)}]")
        if data.info is not None:
            st.caption(f"Source: {data.info.source}. License: {data.info.license}.")
        navigation.link("sequences", "Choose or upload data")
    frame.what_you_see(
        "The item graph is drawn with its communities in color; the walk is one walker's path by weight alone; "
        f"the map shows node2vec vectors (p = {config.p:g}, q = {config.q:g}), whose cosine decides what is near. "
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
