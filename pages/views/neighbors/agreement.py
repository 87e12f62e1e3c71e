"""Who agrees with whom: the chosen item's lists taken apart, all pairs of models, disputed items, purity, hubs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, parameters, session
from pages.kit.allowed import Options
from pages.kit.controls import NOT_KNOWN
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.tables import HALF, fitted
from pages.kit.text import field_words, plain_field
from pages.kit.told_fields import is_told, told_words
from pages.views.neighbors.compared import NEIGHBORS_PAGE, Compared
from pages.views.neighbors.maps import map_section
from recemb_core.embeddings import MODELS
from recemb_core.evaluation import shared_by
from recemb_core.figures.agreement_matrix import agreement_matrix_figure as agreement_figure
from recemb_core.figures.agreement_matrix import parse_pair
from recemb_core.figures.attribute_purity import attribute_purity_figure as purity_figure
from recemb_core.figures.membership_counts import Membership, membership_counts_figure

ORDER = Parameter(
    NEIGHBORS_PAGE,
    "order",
    "Items",
    Options({"disputed": "Most disputed items", "agreed": "Most agreed items"}, row=True),
    "disputed",
)
BOXES = 40  # pixels of the boxes that select a row
TWO_NEEDED = "Two models that are ready are needed."
NONE_READY = "No model is ready yet."


def membership_section(found: Compared, key: str) -> None:
    """Who names what, for the chosen item."""
    names = list(found.own)
    cells = shared_by({label: ids for label, (ids, _) in found.own.items()})
    groups = [
        Membership(tuple(names.index(model) for model in models), tuple(found.data.titles[int(row)] for row in rows))
        for models, rows in cells.items()
    ]
    st.subheader("Who names what, for the chosen item", anchor=False)
    live_chart(membership_counts_figure(names, groups), key=key, height=142 + 26 * min(max(len(groups), 3), 13))
    sizes: Counter[int] = Counter()
    for models, rows in cells.items():
        sizes[len(models)] += len(rows)
    said = ", ".join(f"{count} by {'one alone' if size == 1 else size}" for size, count in sizes.items())
    st.caption(f"Named {said}. Each line: exactly these models name these items." if said else "Nothing is named yet.")


def agreement_section(found: Compared, *, key: str) -> None:
    """The matrix, over all items."""
    st.subheader("How far two models agree, over all items", anchor=False)
    names, k = tuple(found.lists), found.settings.k
    if len(names) < 2:
        st.caption(TWO_NEEDED)
        return
    matrix = found.matrix
    figure = agreement_figure(
        names,
        matrix.overlap,
        matrix.overlap_error,
        matrix.rank_biased,
        matrix.rank_biased_error,
        k=k,
        chance=matrix.overlap_chance,
    )
    live_chart(figure, key=key, height=365, on_click=lambda pair: open_pair(found.data, *parse_pair(pair)))
    upper = np.triu_indices(len(names), 1)
    st.caption(
        f"Above the diagonal **overlap@{k}**, the share of two lists that is common (random lists: "
        f"{matrix.overlap_chance:.3f}). Below it **rank-biased overlap**, which weighs the top more (random lists: "
        f"{matrix.rank_biased_chance:.3f}). Mean over {found.sample}; standard errors up to "
        f"{max(matrix.overlap_error[upper].max(), matrix.rank_biased_error[upper].max()):.3f}. "
        "Click a square to compare the two."
    )


def open_pair(data: ActiveData, first: str, second: str) -> None:
    """Go to the view of two, with these models (called before the script runs)."""
    if first in MODELS and second in MODELS:
        parameters.set_parameters(data, compare="two", first=first, second=second)


def disputed_section(found: Compared) -> None:
    """The items on which the models differ most, or least; a click chooses one."""
    if len(found.lists) < 2:
        st.subheader("Most disputed items", anchor=False)
        st.caption(TWO_NEEDED)
        return
    data, settings = found.data, found.settings
    order = ORDER.draw(data, label_visibility="collapsed")
    values, least = 1 - found.dispute, found.rare_limit
    competing = found.competing(values if order == "disputed" else -values)
    best = competing[:20]
    rows = found.rows[best]
    unit = "Seen" if data.sequences is not None else "Strength"
    titles = [data.titles[int(row)] for row in rows]
    table = pl.DataFrame({"Item": titles, "Agreement": values[best], unit: settings.counts[rows]})
    name = f"disputed@{order}@{data.key}"

    def take() -> None:
        state = st.session_state.get(name)
        if state is not None and state["selection"]["rows"]:
            session.pick(data, found.graph.items[int(rows[state["selection"]["rows"][0]])])

    st.dataframe(
        table,
        hide_index=True,
        height=283,
        key=name,
        on_select=take,
        selection_mode="single-row",
        column_config=fitted(
            table,
            HALF - BOXES,
            {
                "Agreement": st.column_config.NumberColumn(
                    format="%.2f", width=90, help=f"Overlap@{settings.k}, mean over all pairs of the models."
                ),
                unit: st.column_config.NumberColumn(width=66),
            },
        ),
    )
    rule = f" of those seen at least {least:,} times" if least > 1 and data.sequences is not None else ""
    st.caption(
        f"{len(best)} of {len(competing):,} items{rule}; a rare item's lists rest on few events. "
        "Select a row to choose the item."
    )


def purity_section(found: Compared, *, key: str) -> None:
    """Do neighbors share the attribute?"""
    data, attribute = found.data, found.settings.attribute
    if attribute not in data.fields or not found.lists:
        st.subheader("Do neighbors share an attribute?", anchor=False)
        st.caption("This data has no side information beside names." if not data.fields else NONE_READY)
        return
    st.subheader(f"Do neighbors share the {plain_field(attribute)}?", anchor=False)
    purity = found.purity
    values = data.fields[attribute]
    wanted = values[found.chosen]
    own: list[float | None] = []
    for label in purity:
        ids = found.own[label][0]
        ids = ids[ids >= 0]
        own.append(float((values[ids] == wanted).mean()) if len(ids) and wanted != NOT_KNOWN else None)
    first = next(iter(purity.values()))
    figure = purity_figure(
        list(purity),
        [p.value for p in purity.values()],
        [p.standard_error for p in purity.values()],
        chance=first.chance,
        field=field_words(attribute),
        k=found.settings.k,
        chosen=own,
        chosen_title=data.title_of(session.chosen_item(data)),
    )
    live_chart(figure, key=key, height=360)
    st.caption(
        f"Mean over {first.items:,} items that have a value; bars: two standard errors over items, not over seeds."
        + told(found)
    )


def told(found: Compared) -> str:
    """Which models learn from the attribute itself, so that a high share is no merit."""
    own = [one for one in found.entries if one.label in found.lists and one.model in MODELS]
    names = [one.label for one in own if is_told(one.config, found.settings.attribute, found.data)]
    return told_words(names, "the attribute")


def hubs_section(found: Compared) -> None:
    """Which items are named most, and how rare the named ones are."""
    st.subheader("Who is named most, over all lists?", anchor=False)
    if not found.lists:
        st.caption(NONE_READY)
        return
    counts, unit = found.settings.counts, "Seen" if found.data.sequences is not None else "Strength"
    may = int(found.settings.allowed.sum())
    chance = float(np.minimum(found.settings.k, found.others).mean()) / max(may, 1)  # of an item that may be named
    rows: list[tuple[Any, ...]] = []
    for label, ids in found.lists.items():
        named = ids[ids >= 0]
        if len(named):
            times = np.bincount(named)
            top = int(times.argmax())
            share, middle = times[top] / len(ids), float(np.median(counts[named]))
            rows.append((label, found.data.titles[top], share, float(counts[top]), middle))
    columns = ["Model", "Most named item", "In lists", unit, "Median named"]
    st.dataframe(
        pl.DataFrame(rows, columns, orient="row"),
        hide_index=True,
        column_config={
            "Model": st.column_config.TextColumn(width=75),
            "Most named item": st.column_config.TextColumn(width=140),
            "In lists": st.column_config.NumberColumn(
                format="percent", width=65, help=f"Share of all lists; by chance {chance:.1%}."
            ),
            unit: st.column_config.NumberColumn(format="localized", width=60, help="Of the most named item."),
            "Median named": st.column_config.NumberColumn(
                format="localized", width=70, help=f"{unit}: of the named item in the middle."
            ),
        },
    )
    st.caption(
        f"The median item of the catalogue: {np.median(counts):,.0f}. Below it, a model names items of "
        "few events; an item in far more lists than chance has it is a hub."
    )


def agreement_sections(found: Compared) -> None:
    """Who names what beside who agrees with whom."""
    left, right = frame.side_by_side("who-agrees", (1, 1), "22rem")
    with left:
        membership_section(found, f"named@{found.data.key}")
    with right:
        agreement_section(found, key=f"agreement@{found.data.key}")


def dispute_and_map(found: Compared) -> list[Job]:
    """The disputed items beside one model's map; returns the drawing that is missing."""
    left, right = frame.side_by_side("disputed-and-map", (2, 3), "20rem")
    with left:
        disputed_section(found)
    with right:
        return map_section(found)


def likeness_sections(found: Compared) -> None:
    """What neighbors are like, and who is named most."""
    left, right = frame.side_by_side("what-neighbors-are-like", (1, 1), "20rem")
    with left:
        purity_section(found, key=f"purity@{found.data.key}")
    with right:
        hubs_section(found)
