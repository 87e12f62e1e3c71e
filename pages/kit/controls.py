"""Widgets → frozen configs. Every control has its unit and one sentence of help; keys live in selection.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import graph_controls, large
from pages.kit.allowed import Options, Span, Steps
from pages.kit.parameters import VISIT, Parameter, reset_parameters
from pages.kit.session import ActiveData, seed
from pages.kit.text import field_words
from recemb_core.arrays import AnyArray
from recemb_core.embeddings import MODELS, Node2VecConfig, node2vec_defaults
from recemb_core.embeddings.models import BIASES, DIMENSIONS, WALK_EPOCHS
from recemb_core.evaluation import strength_tiers
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig
from recemb_core.side_information import MISSING

# The defaults are those of the data's size; what is possible, the config says.
NODE2VEC: dict[str, Parameter[Any]] = {
    "p": Parameter(
        VISIT,
        "p",
        "p (return)",
        Steps(BIASES),
        help="Weight 1/p on going straight back. Small p: more steps back; large p: fewer.",
    ),
    "q": Parameter(
        VISIT,
        "q",
        "q (in–out)",
        Steps(BIASES),
        help="Weight 1/q on leaving the neighborhood. Small q: more steps away (DFS-like); large q: fewer (BFS-like).",
    ),
    "num_walks": Parameter(VISIT, "num_walks", "Walks from each item", Span(1, 50), help="More walks, less noise."),
    "walk_length": Parameter(VISIT, "walk_length", "Walk length (items)", Span(10, 200, 10), help="Items in a walk."),
    "window": Parameter(
        VISIT, "window", "Window (steps)", Span(1, 10), help="How far apart two items of a walk still count as context."
    ),
    "dimensions": Parameter(VISIT, "dimensions", "Dimensions", Steps(DIMENSIONS), help="Length of a vector."),
    "epochs": Parameter(VISIT, "epochs", "Epochs", Span(1, 10), help=WALK_EPOCHS.help, follows=True),
    "negative": Parameter(VISIT, "negative", "Negative samples", Span(1, 20), help="Noise items for each true pair."),
}


def node2vec_start(data: ActiveData, n: int) -> Node2VecConfig:
    """Where the node2vec settings start: by size, and a first look at large data."""
    return large.first_look(data, MODELS["node2vec"], node2vec_defaults(n))


def node2vec_config(data: ActiveData, n: int) -> Node2VecConfig:
    """The node2vec settings in use; binds them to the session and the link without drawing anything."""
    start = node2vec_start(data, n)
    values = {name: one.value(data, default=getattr(start, name)) for name, one in NODE2VEC.items()}
    return Node2VecConfig(**values, seed=seed())


def bias_controls(data: ActiveData, n: int) -> None:
    """p and q, one beside the other."""
    start = node2vec_start(data, n)
    for column, name in zip(st.columns(2), ("p", "q"), strict=True):
        NODE2VEC[name].draw(data, column, default=getattr(start, name))


def walk_controls(data: ActiveData, n: int) -> None:
    """The rest of the node2vec settings, folded."""
    start = node2vec_start(data, n)
    with st.expander("Walks and training"):
        for name, one in NODE2VEC.items():
            if name not in ("p", "q"):
                usual = getattr(start, name)
                label = f"{one.label} (by size: {usual})" if name == "epochs" else one.label
                one.draw(data, default=usual, label=label)


UMAP_NEIGHBORS = Parameter(
    VISIT,
    "umap_neighbors",
    "UMAP neighbors",
    Span(2, 50),
    help="Items that each item tries to stay near. Small shows detail, large the whole.",
)
MIN_DIST = Parameter(
    VISIT,
    "min_dist",
    "UMAP min_dist",
    Span(0.0, 1.0, 0.05),
    help="How closely points may pack; larger spreads groups out.",
)
COLOR = Parameter(
    VISIT, "color", "Color by", Options(shown=field_words), help="Eight largest groups in color, the rest grey."
)


def umap_config(data: ActiveData, n: int, *, draw: bool = True) -> UMAPConfig:
    """How the map is drawn; changing it never retrains."""
    default = UMAPConfig().for_size(n)
    near = UMAP_NEIGHBORS.bind(data, default=default.n_neighbors)
    apart = MIN_DIST.bind(data, default=default.min_dist)
    if draw and n > 3:
        near.draw(offered=(2, max(3, min(50, n - 1))))
        apart.draw()
        large.on_map_control(data)
    return replace(default, n_neighbors=near.value, min_dist=apart.value, seed=seed())


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
    values: AnyArray
    planted: bool = False

    @property
    def words(self) -> str:
        """The name as a person writes it."""
        return field_words(self.name)


NOT_KNOWN = MISSING  # a value that the details leave out
COMMUNITY, TIER = "community", "strength tier"


def community_labels(data: ActiveData, graph: ItemGraph) -> Labelling:
    """Louvain communities as labels: number by size, and the most strongly connected item as a face."""
    found = graph_controls.graph_communities(data, graph, 0)
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
        shared = counts[(counts > 1) & (found != NOT_KNOWN)]
        if len(shared) > 1 and shared.sum() > 0.5 * len(values):
            return name
    return None


def color_control(data: ActiveData, graph: ItemGraph, *, default: str) -> Labelling:
    """Color by a community, a role, popularity, or any field of the data."""
    options = dict.fromkeys([default, *data.fields, COMMUNITY, TIER, "popularity"])
    name = COLOR.draw(data, default=default, among=options)
    if name in data.fields:
        return Labelling(name, data.fields[name], name in data.labels)
    if name == TIER:
        return Labelling(name, strength_tiers(graph))
    if name == "popularity":
        counts = data.sequences.counts if data.sequences is not None else graph.strength
        return Labelling(name, np.asarray(counts, dtype=np.float64))
    return community_labels(data, graph)


def default_attribute(data: ActiveData) -> str:
    """The field that says most at a glance: a category where there is one."""
    fields = list(data.fields)
    named = [name for name in fields if "category" in name.lower() or "genre" in name.lower()]
    return (named or fields or [""])[0]
