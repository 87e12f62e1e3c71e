"""The upper part of the Neighbors page: controls, figures, columns; one model's map; the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, parameters, session, stage
from pages.kit.controls import NOT_KNOWN
from pages.kit.model_controls import able_models, missing, model_controls
from pages.kit.model_jobs import Entry
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain, plain_field
from pages.views.neighbors.columns import Chip, Column, Row, neighbor_columns
from pages.views.neighbors.compared import (
    LENGTH,
    MOST,
    SCORE,
    SCORES,
    Compared,
    Settings,
    attribute,
    filter_steps,
    least_count,
    shown_models,
)
from recemb_core.brought import BroughtConfig
from recemb_core.embeddings import MODELS
from recemb_core.evaluation import shared_by
from recemb_core.figures import theme
from recemb_core.item_graph import ItemGraph

ABOVE = 262  # pixels of the window around the lists


def controls(data: ActiveData, settings: Settings) -> None:
    """What moves the lists most: the score, and which items are too rare to be named."""
    unit = "events" if data.sequences is not None else "strength"
    SCORE.draw(data)
    if len(filter_steps(settings.counts)) > 1:
        least_count(data).draw(label=f"Name items from … {unit}")


def list_controls(data: ActiveData, *, models: bool = True) -> None:
    """Which models, how long their lists, and what stands on the chips."""
    with st.expander("Models and lists" if models else "Lists"):
        if models:
            able = len(able_models(data))
            which = "all" if able <= MOST else f"the first {MOST} of {able}"
            empty = f"None chosen: {which} that this data can have are shown"
            shown_models(data).draw(max_selections=MOST, placeholder=empty)
        LENGTH.draw(data)
        if len(data.fields) > 0:
            attribute(data).draw()


def odd_ones(found: Compared) -> list[tuple[str, float]]:
    """(model, median count) of the lists of the chosen item that name mostly rare items: below half the catalogue's."""
    counts = found.settings.counts
    if found.data.sequences is None or found.settings.min_count or len(counts) == 0:
        return []
    medians = [
        (label, float(np.median(counts[ids[ids >= 0]]))) for label, (ids, _) in found.own.items() if (ids >= 0).any()
    ]
    return [(label, median) for label, median in medians if median < np.median(counts) / 2]


def said_why_odd(found: Compared) -> None:
    """Why a list looks odd, where that is known, and what to press."""
    there = [one for one in found.entries if one.label in found.own and one.label not in found.failed]
    empty = [one.label for one in there if one.vectors is not None and not one.vectors.vectors[found.chosen].any()]
    if empty:
        st.caption(
            f"**{plain(', '.join(empty))}**: the vector of this item is 0, so every cosine is 0 and the list is in the "
            "order of the data."
        )
    odd = odd_ones(found)
    if not odd:
        return
    data, middle = found.data, float(np.median(found.settings.counts))
    steps = [step for step in filter_steps(found.settings.counts) if 0 < step <= max(middle, 1)]
    names = ", ".join(f"{plain(label)} (half seen {median:,.4g} times or less)" for label, median in odd)
    st.caption(
        f"**Rare neighbors**: {names}; the catalogue's median is {middle:,.4g}. Vectors that rest on few events stand "
        "near anything."
    )
    if steps:
        st.button(
            f"Name items from {steps[-1]:,} events",
            key=f"rare filter@{data.key}",
            on_click=parameters.set_parameters,
            args=(data,),
            kwargs={"min_count": steps[-1]},
        )


def model_settings(data: ActiveData, graph: ItemGraph, names: Sequence[str]) -> None:
    """The settings by model, folded away."""
    trainable = [name for name in names if not missing(data, name)]
    if not trainable:
        return
    with st.expander("Settings of the models", icon=":material/tune:"):
        for tab, name in zip(st.tabs(trainable), trainable, strict=True):
            with tab:
                model_controls(data, graph, name)


def numbers(found: Compared, place: Any) -> None:
    """At most five figures: this item, then the catalogue."""
    own = {label: ids for label, (ids, _) in found.own.items()}
    cells = shared_by(own)
    places = sum(int((ids >= 0).sum()) for ids in own.values())
    m, k = len(own), found.settings.k
    longest = max((int((ids >= 0).sum()) for ids in own.values()), default=0)
    by_all = sum(len(rows) for models, rows in cells.items() if len(models) == m)
    here = found.own_agreement
    figures = [
        (
            f"Named by all {m}" if m > 1 else "Named by all",
            f"{by_all} of {longest}" if m > 1 else "–",
            "Items in every column.",
        ),
        (
            "Different items",
            f"{sum(map(len, cells.values()))} in {places}",
            "Distinct items among all places of the columns.",
        ),
        (
            "Agreement here",
            "–" if here is None else f"{here:.2f}",
            f"Overlap@{k} of the chosen item's lists: the share that two lists have in common, mean over all pairs of "
            "models. 1: all the same.",
        ),
    ]
    if m > 1:
        values = 1 - found.dispute
        error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
        figures.append(
            (
                "Agreement overall",
                f"{values.mean():.2f} ± {max(error, 0.01):.2f}" if error >= 0.005 else f"{values.mean():.3f}",
                f"The same, mean over {found.sample}: {values.mean():.3f} ± {error:.3f} (standard error); two random "
                f"lists: {found.matrix.overlap_chance:.3f}. On {(values > (here or 0) + 1e-9).mean():.0%} of the items "
                "these models agree more than on the chosen one.",
            )
        )
    frame.metrics(figures, place)


def item_colors(found: Compared) -> dict[int, tuple[str, bool]]:
    """Row → (color, striped) of every item in two columns or more, those in most columns first."""
    ranks: dict[int, list[int]] = {}
    for ids, _ in found.own.values():
        for rank, row in enumerate(ids.tolist()):
            if row >= 0:
                ranks.setdefault(row, []).append(rank)
    several = sorted((-len(at), min(at), row) for row, at in ranks.items() if len(at) > 1)
    colors = [(color, striped) for striped in (False, True) for color in theme.PALETTE]
    return {row: colors[i] if i < len(colors) else (theme.OTHER, True) for i, (*_, row) in enumerate(several)}


def columns_of(found: Compared) -> list[Column]:
    """What the columns show, in plain values."""
    data, graph, settings = found.data, found.graph, found.settings
    colors = item_colors(found)
    labels, at = data.fields.get(settings.attribute), found.chosen
    unit = "seen" if data.sequences is not None else "strength"
    holders: dict[int, list[str]] = {}
    for label, (ids, _) in found.own.items():
        for row in ids.tolist():
            holders.setdefault(row, []).append(label)

    def line(label: str, rank: int, row: int, value: float) -> Row:
        count = f"{unit} {settings.counts[row]:,.0f}"
        chip = str(labels[row]) if labels is not None else NOT_KNOWN
        score = f"{value:.3f}" if settings.score == "cosine" else f"{value:.2f}"
        words = [
            f"{data.titles[row]}: rank {rank} of {label}, {SCORES[settings.score]} {score}, {count}",
            *([f"{field_words(settings.attribute)}: {chip}"] if chip != NOT_KNOWN else []),
            f"named by {', '.join(holders[row])}" if len(holders[row]) > 1 else f"named by {label} alone",
        ]
        color, striped = colors.get(row, ("", False))
        return Row(
            id=graph.items[row],
            rank=rank,
            title=data.titles[row],
            score=score.replace("-", "−"),
            count=f"{settings.counts[row]:,.0f}",
            hint="; ".join(words),
            color=color,
            striped=striped,
            times=f"×{len(holders[row])}" if len(holders[row]) > 1 else "",
            chips=(Chip(text=chip, same=labels is not None and labels[at] == chip),) if chip != NOT_KNOWN else (),
        )

    columns = []
    for one in found.entries:
        ids, values = found.own.get(one.label, (np.empty(0, np.int32), np.empty(0, np.float32)))
        rows = tuple(
            line(one.label, rank, row, value)
            for rank, (row, value) in enumerate(zip(ids.tolist(), values.tolist(), strict=True), start=1)
            if row >= 0
        )
        message = found.failed.get(one.label, one.message)
        if not message and not rows:
            message = "No item may be named: lower the filter." if len(graph) > 1 else "There is no other item."
        columns.append(
            Column(
                key=one.label,
                name=one.label,
                note=_note(one),
                state="unavailable" if one.label in found.failed else one.state,
                message=message,
                rows=rows,
            )
        )
    return columns


def _note(one: Entry) -> str:
    """A few words under a column's name."""
    if isinstance(one.config, BroughtConfig):
        return f"yours, {one.config.data or 0:,} items with {one.config.dimensions:,} numbers"
    return MODELS[one.model].head(one.config) if one.config is not None else ""


def columns_section(found: Compared, *, key: str) -> None:
    """The columns with their heading."""
    data, field, row = found.data, found.settings.attribute, found.chosen
    labels = data.fields.get(field)
    about = [f"seen {found.settings.counts[row]:,.0f} times"] if data.sequences is not None else []
    about += [f"{plain_field(field)}: {plain(str(labels[row]))}"] if labels is not None else []
    title = plain(data.title_of(session.chosen_item(data)))
    with stage.picture():
        st.markdown(f"**Nearest to :red[{title}]** :small[{' · '.join(about)}]")
        choose = lambda item: session.pick(data, item)  # noqa: E731
        neighbor_columns(columns_of(found), key=key, above=ABOVE, on_click=choose)
    n, hidden = len(found.settings.counts), int((~found.settings.allowed).sum())
    hides = f" The filter hides {hidden:,} of {n:,} items." if hidden else ""
    counted = "times seen" if data.sequences is not None else "strength"
    st.caption(
        f"Of each item: {SCORES[found.settings.score]}, {counted}, and in how many lists it stands (×). One that is in "
        "two or more has one color everywhere (stripes: the color's second use). Point at an item to light it up, "
        f"click it to choose it.{hides}"
    )
