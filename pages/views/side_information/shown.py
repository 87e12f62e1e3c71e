"""What every view of the side-information page needs: its settings, the trained model, tables of neighbors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, navigation, session
from pages.kit.allowed import Several
from pages.kit.model_controls import model_config, model_controls
from pages.kit.model_jobs import Entry, entry
from pages.kit.parameters import Parameter, Scope
from pages.kit.session import ActiveData
from pages.kit.stage import Answer
from pages.kit.text import field_words, plain, plain_field
from recemb_core.arrays import AnyArray, BoolArray
from recemb_core.embeddings import EGESConfig, EGESVectors
from recemb_core.item_graph import ItemGraph

OWN = "the item itself"

SIDE_INFORMATION_PAGE = Scope("side_information")
FIELDS = Parameter(
    SIDE_INFORMATION_PAGE,
    "eges_fields",
    "Fields to learn from",
    Several(shown=field_words),
    help="Each field gives every item one more embedding, shared by all items with the same value.",
)


@dataclass(frozen=True, eq=False)
class Shown:
    """What the views draw: the trained EGES vectors of a graph, and the chosen item in them."""

    graph: ItemGraph
    config: EGESConfig
    vectors: EGESVectors
    row: int

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of the attention."""
        return (OWN, *self.vectors.field_names)

    @property
    def present(self) -> BoolArray:
        """Which item has which of them; every item has itself."""
        have = self.vectors.side.present
        return np.hstack([np.ones((len(have), 1), dtype=bool), have])


@dataclass(frozen=True, eq=False)
class Places:
    """Where a view draws: its numbers, its picture and what comes below, and what moves it."""

    numbers: Any
    main: Any
    side: Any


def answered(data: ActiveData, shown: Shown, say: Callable[[], Answer]) -> Callable[[], Answer]:
    """An answer that waits until the page shows the settings that are asked for."""
    return lambda: say() if eges_config(data, shown.graph) == shown.config else ""


def eges_config(data: ActiveData, graph: ItemGraph) -> EGESConfig | None:
    """The settings in use, bound to the session and the link; None while no field is chosen."""
    fields = data.side_fields
    chosen = FIELDS.value(data, default=list(fields), among=fields)
    if not chosen:
        return None
    config: EGESConfig = model_config(data, graph, "EGES")
    kept = tuple(name for name in fields if name in chosen)
    return config if kept == fields else replace(config, fields=kept)


def fields_control(data: ActiveData) -> None:
    """What EGES learns from."""
    FIELDS.draw(data, default=list(data.side_fields), among=data.side_fields)


def settings_controls(data: ActiveData, graph: ItemGraph) -> None:
    """How EGES is trained."""
    with st.expander("Walks and training"):
        model_controls(data, graph, "EGES", first_look=False)


def shown_model(data: ActiveData, graph: ItemGraph, config: EGESConfig) -> tuple[Entry, Shown | None]:
    """The model as far as it is there, with the last settings while new ones are not trained yet."""
    one = entry(data, graph, "EGES", "EGES", config)
    if one.state == "unavailable":
        st.error(one.message)
    if one.vectors is None:
        return one, None
    assert isinstance(one.vectors, EGESVectors)
    row = graph.items.row(session.chosen_item(data))
    return one, Shown(graph, one.config, one.vectors, row)


def without_fields(data: ActiveData) -> None:
    """What this page needs, and how to get it."""
    names = ", ".join(map(plain_field, data.side_info.columns)) if data.side_info is not None else ""
    st.info(
        f"**{plain(data.title)}** says nothing about its items{' but their ' + names if names else ''}. This page "
        "needs side information: a column or a second table with a category, a brand, a price … of each item."
    )
    left, right = st.columns(2)
    left.button(
        f"Show it on {session.bundled_title('complete_journey')}",
        type="primary",
        on_click=session.choose_data,
        args=("complete_journey",),
    )
    navigation.link("sequences", "Upload a log with its item table", right)


def headline(shown: Shown, place: Any) -> None:
    """The numbers that matter about the chosen item."""
    weights, names, n = shown.vectors.attention, shown.names, len(shown.graph)
    mine, have = weights[shown.row], shown.present[shown.row]
    own = weights[:, 0]
    best = int(np.argmax(mine[1:])) + 1 if len(names) > 1 and have[1:].any() else 0
    frame.metrics(
        [
            (
                "Its own weight",
                f"{mine[0]:.2f}",
                f"What its own clicks taught counts this much in its vector; the rest is side information. "
                f"Over the {n:,} items: mean {own.mean():.2f}, middle half {np.quantile(own, 0.25):.2f} to "
                f"{np.quantile(own, 0.75):.2f}.",
            ),
            (
                plain_field(names[best]) if best else "Strongest field",
                f"{mine[best]:.2f}" if best else "none",
                "The field that counts most in this item. Over the items that have it, the mean is "
                f"{weights[shown.present[:, best], best].mean():.2f}.",
            ),
            (
                "Fields it has",
                f"{int(have[1:].sum())} of {len(names) - 1}",
                "A missing value has no embedding and no weight.",
            ),
            ("Plain average", f"{1 / have.sum():.2f}", "GES gives every embedding that the item has the same weight."),
        ],
        place,
    )


def neighbor_frame(data: ActiveData, shown: Shown, rows: AnyArray, cosines: AnyArray, given: Any) -> pl.DataFrame:
    """A table of items with their cosine and what they share with given values by field."""
    sides = [shown.vectors.side.of(int(row)) for row in rows]
    shares = [
        ", ".join(field_words(name) for name, values in given.items() if set(values) & set(has.get(name, ())))
        for has in sides
    ]
    return pl.DataFrame({"Item": [data.titles[int(row)] for row in rows], "Cosine": cosines, "Shares": shares})


COSINE = {"Cosine": st.column_config.NumberColumn(format="%.3f")}
