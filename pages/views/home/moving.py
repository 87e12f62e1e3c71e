"""The moving picture of the home page: the planted shop at q = 1 and at q = 20."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.kit import maps, model_results, session
from pages.kit.live_chart import Frames, live_chart
from recemb_core.arrays import AnyArray, Float32Array
from recemb_core.embeddings import node2vec_defaults
from recemb_core.figures.item_map import item_map_figure
from recemb_core.layouts import UMAPConfig
from recemb_core.neighbors.base import unit_rows

SHOP, HUB = "planted_shop", "best-seller"
QS = (1.0, 20.0)


NEAR = 5  # as the scores of the node2vec page count them


def among_hubs(vectors: Float32Array, hub: AnyArray) -> float:
    """Share of hubs among the nearest items of hubs, by cosine; plain NumPy, for a first page imports no index."""
    unit = unit_rows(vectors)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    near = np.argsort(-cosines[hub], axis=1, kind="stable")[:, :NEAR]
    return float(hub[near].mean())


def moving_map(*, height: int, above: int) -> None:
    """Two maps of one shop that glide into each other, both computed beforehand; it plays once by itself."""
    shop = session.bundled(SHOP)
    graph = shop.given
    assert graph is not None
    start = replace(node2vec_defaults(len(graph)), p=1.0)
    base, umap = replace(start, q=1.0), UMAPConfig().for_size(len(graph))
    configs = [replace(start, q=q) for q in QS]
    anchors = [None if config == base else base for config in configs]
    if not all(maps.has_map(shop, graph, one, umap, other) for one, other in zip(configs, anchors, strict=True)):
        st.caption("The moving picture is not there: its maps were made by another version of this app.")
        return
    first = model_results.model_vectors(shop, base, graph=graph)
    places, captions = [], []
    roles = shop.labels["role"]
    for config, anchor in zip(configs, anchors, strict=True):
        vectors = model_results.model_vectors(shop, config, graph=graph)
        places.append(maps.map_positions(shop, graph, vectors, umap, None if anchor is None else first))
        share = among_hubs(vectors.vectors, roles == HUB)
        captions.append(f"{share:.0%} of a {HUB}'s {NEAR} nearest are {HUB}s")
    figure = item_map_figure(
        places[0],
        graph.items.ids,
        shop.titles,
        color_by=shop.labels["category"],
        color_title="category",
        symbol_by=roles,
        symbol_title="role",
        size=np.sqrt(graph.strength),
        axes="",
        named="planted shop, q = 1 and q = 20",
    )
    figure.update_layout(showlegend=False)
    labels = tuple(f"q = {q:g}" for q in QS)
    frames = Frames(
        ids=tuple(graph.items.ids), positions=np.array(places), labels=labels, captions=tuple(captions), plays=True
    )
    live_chart(figure, key="home moving", height=height, above=above, frames=frames)
