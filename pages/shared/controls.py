"""Widgets → frozen configs. Every control has its unit and one sentence of help; keys live in selection.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from pages.shared import cached
from pages.shared.selection import ActiveData, parameter, reset_parameters, seed
from recemb_core.embeddings import Node2VecConfig, node2vec_defaults
from recemb_core.evaluation import strength_tiers
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig

BIASES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0)

DIMENSIONS = (2, 4, 8, 16, 32, 64, 128)


def node2vec_config(data: ActiveData, n: int) -> Node2VecConfig:
    """The node2vec settings in use; binds them to the session and the link without drawing anything."""
    d = node2vec_defaults(n)
    spec: dict[str, tuple[Any, Any, Any]] = {
        "p": (d.p, float, lambda v: v in BIASES),
        "q": (d.q, float, lambda v: v in BIASES),
        "dimensions": (d.dimensions, int, lambda v: v in DIMENSIONS),
        "window": (d.window, int, lambda v: 1 <= v <= 10),
        "num_walks": (d.num_walks, int, lambda v: 1 <= v <= 50),
        "walk_length": (d.walk_length, int, lambda v: v in range(10, 201, 10)),
        "epochs": (d.epochs, int, lambda v: 1 <= v <= 10),
        "negative": (d.negative, int, lambda v: 1 <= v <= 20),
    }
    values = {
        name: st.session_state[parameter(name, data, default, parse, allowed)]
        for name, (default, parse, allowed) in spec.items()
    }
    return Node2VecConfig(**values, seed=seed())


def node2vec_controls(data: ActiveData) -> None:
    """Widgets of the node2vec settings."""
    keep: Any = "session"
    st.select_slider(
        "p (return)",
        BIASES,
        key=f"p@{data.key}",
        persist_state=keep,
        help="Weight 1/p on going straight back. Small p: more steps back; large p: fewer.",
    )
    st.select_slider(
        "q (in–out)",
        BIASES,
        key=f"q@{data.key}",
        persist_state=keep,
        help="Weight 1/q on leaving the neighborhood. Small q: more steps away (DFS-like); large q: fewer (BFS-like).",
    )
    with st.expander("Walks and training"):
        st.slider(
            "Walks from each item",
            1,
            50,
            key=f"num_walks@{data.key}",
            persist_state=keep,
            help="More walks, less noise.",
        )
        st.slider(
            "Walk length (items)",
            10,
            200,
            step=10,
            key=f"walk_length@{data.key}",
            persist_state=keep,
            help="Items in a walk.",
        )
        st.slider(
            "Window (steps)",
            1,
            10,
            key=f"window@{data.key}",
            persist_state=keep,
            help="How far apart two items of a walk still count as context.",
        )
        st.select_slider(
            "Dimensions", DIMENSIONS, key=f"dimensions@{data.key}", persist_state=keep, help="Length of a vector."
        )
        st.slider("Epochs", 1, 10, key=f"epochs@{data.key}", persist_state=keep, help="Passes over the walks.")
        st.slider(
            "Negative samples",
            1,
            20,
            key=f"negative@{data.key}",
            persist_state=keep,
            help="Noise items for each true pair.",
        )


def umap_config(data: ActiveData, n: int, *, draw: bool = True) -> UMAPConfig:
    """How the map is drawn; changing it never retrains."""
    default = UMAPConfig().for_size(n)
    neighbors_key = parameter("umap_neighbors", data, default.n_neighbors, int, lambda v: 2 <= v <= 50)
    min_dist_key = parameter("min_dist", data, default.min_dist, float, lambda v: 0 <= v <= 1)
    if draw and n > 3:
        st.slider(
            "UMAP neighbors",
            2,
            max(3, min(50, n - 1)),
            key=neighbors_key,
            persist_state="session",
            help="Items that each item tries to stay near. Small shows detail, large the whole.",
        )
        st.slider(
            "UMAP min_dist",
            0.0,
            1.0,
            step=0.05,
            key=min_dist_key,
            persist_state="session",
            help="How closely points may pack; larger spreads groups out.",
        )
    return replace(
        default, n_neighbors=st.session_state[neighbors_key], min_dist=st.session_state[min_dist_key], seed=seed()
    )


def reset_button(data: ActiveData) -> None:
    """Back to the defaults of this data set."""
    st.button(
        "Reset",
        icon=":material/restart_alt:",
        on_click=reset_parameters,
        args=(data,),
        help="All controls of this data set back to where they started; the view stays.",
    )


@dataclass(frozen=True, eq=False)
class Labelling:
    """Labels by item under a name; ``planted`` where the data set itself says what is true."""

    name: str
    values: npt.NDArray
    planted: bool = False


COMMUNITY, TIER = "community", "strength tier"


def community_labels(data: ActiveData, graph: ItemGraph) -> Labelling:
    """Louvain communities as labels: number by size, and the most strongly connected item as a face."""
    found = cached.graph_communities(data, graph, 0)
    best_first = np.argsort(-graph.strength, kind="stable")
    _, first = np.unique(found[best_first], return_index=True)
    names = np.array([f"{c + 1} · {data.titles[int(best_first[at])]}" for c, at in enumerate(first)])
    return Labelling(COMMUNITY, names[found] if len(found) else np.empty(0, dtype=str))


def labellings(data: ActiveData, graph: ItemGraph) -> tuple[Labelling, Labelling]:
    """What the two scores go by: (groups, roles); planted labels where the data has them.

    An uploaded graph that came with details of its nodes is scored by the first detail that groups them.
    """
    labels = data.labels
    detail = _grouping_detail(data) if data.graph is not None and data.uploaded else None
    if "category" in labels:
        groups = Labelling("category", labels["category"], True)
    elif detail is not None:
        groups = Labelling(detail, data.fields[detail], True)
    else:
        groups = community_labels(data, graph)
    roles = Labelling("role", labels["role"], True) if "role" in labels else Labelling(TIER, strength_tiers(graph))
    return groups, roles


def _grouping_detail(data: ActiveData) -> str | None:
    """The first field that puts most items into groups of two or more."""
    for name, values in data.fields.items():
        found, counts = np.unique(values, return_counts=True)
        shared = counts[(counts > 1) & (found != "(missing)")]
        if len(shared) > 1 and shared.sum() > 0.5 * len(values):
            return name
    return None


def color_control(data: ActiveData, graph: ItemGraph, *, default: str) -> Labelling:
    """Color by a community, a role, popularity, or any field of the data."""
    options = [*dict.fromkeys([default, *data.fields, COMMUNITY, TIER, "popularity"])]
    key = parameter("color", data, default, str, lambda v: v in options)
    if st.session_state[key] not in options:
        st.session_state[key] = default
    name = st.selectbox(
        "Color by", options, key=key, persist_state="session", help="Eight largest groups in color, the rest grey."
    )
    if name in data.fields:
        return Labelling(name, data.fields[name], name in data.labels)
    if name == TIER:
        return Labelling(name, strength_tiers(graph))
    if name == "popularity":
        counts = data.sequences.counts if data.sequences is not None else graph.strength
        return Labelling(name, np.asarray(counts, dtype=np.float64))
    return community_labels(data, graph)
