"""The upper part of the Neighbors page: controls, figures, columns; one model's map; the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls as drawing
from pages.kit import frame, maps, session
from pages.kit.allowed import Options
from pages.kit.controls import NOT_KNOWN
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.model_controls import able_models, fields_of, missing, model_controls
from pages.kit.model_jobs import Entry
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain
from pages.views.neighbors.columns import Chip, Column, Row, neighbor_columns
from pages.views.neighbors.compared import (
    LENGTH,
    MOST,
    NEIGHBORS_PAGE,
    SCORE,
    SCORES,
    Compared,
    Settings,
    attribute,
    dispute_of,
    filter_steps,
    least_count,
    matrix_of,
    own_agreement,
    shown_models,
)
from recemb_core.embeddings import MODELS
from recemb_core.evaluation import shared_by
from recemb_core.figures import theme
from recemb_core.figures.item_map import item_map_figure
from recemb_core.item_graph import ItemGraph

MAP_OF = Parameter(NEIGHBORS_PAGE, "map_of", "Map of", Options(), help="Whose vectors UMAP lays out.")


def controls(data: ActiveData, settings: Settings, *, models: bool = True) -> None:
    """What is listed: models, length, score, rare items, attribute."""
    n, hidden = len(settings.counts), int((~settings.allowed).sum())
    unit = "events" if data.sequences is not None else "strength"
    if models:
        able = len(able_models(data))
        which = "all" if able <= MOST else f"the first {MOST} of {able}"
        empty = f"None chosen: {which} that this data can have are shown"
        shown_models(data).draw(max_selections=MOST, placeholder=empty)
    with st.container(horizontal=True, vertical_alignment="top"):
        LENGTH.draw(data)
        SCORE.draw(data)
        if len(filter_steps(settings.counts)) > 1:
            with st.container(width=210):
                least_count(data).draw(label=f"Name items from … {unit}")
                st.caption(f"hides {hidden:,} of {n:,} items")
        if len(data.fields) > 0:
            attribute(data).draw(width=180)


def model_settings(data: ActiveData, graph: ItemGraph, names: Sequence[str], *, prefix: str = "") -> None:
    """The settings by model, folded away."""
    trainable = [name for name in names if not missing(data, name)]
    if not trainable:
        return
    with st.expander("Settings of the models", icon=":material/tune:"):
        for tab, name in zip(st.tabs(trainable), trainable, strict=True):
            with tab:
                model_controls(data, graph, name, prefix=prefix)


def numbers(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings, place: Any) -> None:
    """At most five figures: this item, then the catalogue."""
    own = {label: ids for label, (ids, _) in found.own.items()}
    cells = shared_by(own)
    named = sum(len(rows) for rows in cells.values())
    places = sum(int((ids >= 0).sum()) for ids in own.values())
    m = len(own)
    by_all = sum(len(rows) for models, rows in cells.items() if len(models) == m) if m > 1 else None
    here = own_agreement(found)
    figures = [
        (
            f"Named by all {m}" if m > 1 else "Named by all",
            "–" if by_all is None else f"{by_all} of {settings.k}",
            "Items in every column.",
        ),
        ("Different items", f"{named} in {places}", "Distinct items among all places of the columns."),
        (
            "Agreement here",
            "–" if here is None else f"{here:.2f}",
            f"Overlap@{settings.k} of the chosen item's lists: the share that two lists have in common, mean over all "
            "pairs of models. 1: all the same.",
        ),
    ]
    if m > 1:
        matrix = matrix_of(data, graph, found, settings)
        values = 1 - dispute_of(data, graph, found, settings)
        error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else 0.0
        figures += [
            (
                "Agreement overall",
                f"{values.mean():.2f} ± {error:.2f}" if error >= 0.005 else f"{values.mean():.3f} ± {error:.3f}",
                f"The same, mean over {len(values):,} items with its standard error; "
                f"two random lists: {matrix.overlap_chance:.3f}.",
            ),
            (
                "More disputed than",
                f"{(values > (here or 0.0) + 1e-9).mean():.0%} of items",
                "Share of items on which these models agree more than on the chosen one.",
            ),
        ]
    figures_row(figures, place)


def figures_row(figures: list[tuple[str, str, str]], place: Any) -> None:
    """The figures in a row, in two where the page is narrow."""
    with place.container(key="neighbor-figures"):
        st.html("<style>.st-key-neighbor-figures [data-testid=stColumn] { min-width: 8.5rem; }</style>")
        frame.metrics(figures)


def item_colors(found: Compared) -> dict[int, tuple[str, bool]]:
    """Row → (color, striped) of every item in two columns or more, those in most columns first."""
    times: dict[int, int] = {}
    best: dict[int, int] = {}
    for ids, _ in found.own.values():
        for rank, row in enumerate(ids.tolist()):
            if row >= 0:
                times[row] = times.get(row, 0) + 1
                best[row] = min(best.get(row, rank), rank)
    several = sorted((row for row in times if times[row] > 1), key=lambda row: (-times[row], best[row], row))
    colors = [*((color, False) for color in theme.PALETTE), *((color, True) for color in theme.PALETTE)]
    return {row: colors[i] if i < len(colors) else (theme.OTHER, True) for i, row in enumerate(several)}


def columns_of(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> list[Column]:
    """What the columns show, in plain values."""
    colors = item_colors(found)
    labels = data.fields.get(settings.attribute)
    at = graph.items.row(session.chosen_item(data))
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
            count=count,
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
                note=MODELS[one.model].head(one.config) if one.config is not None else "",
                state="unavailable" if one.label in found.failed else one.state,
                message=message,
                rows=rows,
            )
        )
    return columns


def columns_section(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings, *, key: str) -> None:
    """The columns with their heading."""
    item = session.chosen_item(data)
    row = graph.items.row(item)
    labels = data.fields.get(settings.attribute)
    about = [f"seen {settings.counts[row]:,.0f} times" if data.sequences is not None else ""]
    about += [f"{field_words(settings.attribute)}: {plain(str(labels[row]))}"] if labels is not None else []
    st.markdown(
        f"**Nearest to :red[{plain(data.title_of(item))}]** :small[{' · '.join(part for part in about if part)}]"
    )
    neighbor_columns(columns_of(data, graph, found, settings), key=key, on_click=lambda item: session.pick(data, item))
    st.caption(
        "An item in two columns or more has one color everywhere (stripes: the color's second use) and says in how "
        "many it stands; the others are plain. Point at an item to light it up, click it to choose it."
    )


def map_job(data: ActiveData, graph: ItemGraph, one: Entry, umap: Any) -> Job | None:
    """Drawing a model's map, where it is not there yet."""
    if one.vectors is None or maps.has_model_map(data, one.config, umap, graph=graph):
        return None
    config = one.config
    return Job(
        identity=("map", graph.fingerprint, config, umap),
        label=f"Map of {one.label}",
        seconds=1 + len(graph) / 1_000,
        run=lambda report: maps.model_map(data, config, umap, report, graph=graph),
    )


def map_section(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> list[Job]:
    """The map of one model with the chosen item's neighbors there; returns the drawing that is missing."""
    ready = [one for one in found.entries if one.vectors is not None]
    st.markdown("**The map of one model** — click an item to choose it")
    if not ready:
        st.caption("No model is ready yet.")
        return []
    umap = drawing.umap_config(data, len(graph), draw=False)
    names = [one.label for one in ready]
    best = "DeepWalk" if "DeepWalk" in names else names[0]
    # One that is still to be trained may be asked for, by a link say; its map comes when it is there.
    able = [one.label for one in found.entries if one.state != "unavailable"]
    left, right = st.columns(2)
    whose = MAP_OF.draw(data, left, default=best, among=able)
    with right:
        color = drawing.color_control(data, graph, default=drawing.labellings(data, graph)[0].name)
    if whose not in names:
        st.caption(f"{whose} is not trained yet.")
        return []
    one = ready[names.index(whose)]
    job = map_job(data, graph, one, umap)
    if job is not None:
        st.caption("The map is being drawn.")
        return [job]
    ids = found.own.get(one.label, (np.empty(0, np.int32), None))[0]
    figure = item_map_figure(
        maps.model_map(data, one.config, umap, graph=graph),
        graph.items.ids,
        data.titles,
        color_by=color.values,
        color_title=color.words,
        size=np.sqrt(settings.counts),
        chosen=session.chosen_item(data),
        highlighted=[graph.items[int(row)] for row in ids if row >= 0],
        title=f"map of {one.label}",
    )
    figure.update_layout(title_text=None, legend={"orientation": "h", "x": 0, "y": -0.08, "yanchor": "top"})
    live_chart(figure, key=f"neighbors map@{data.key}", height=520, on_click=lambda item: session.pick(data, item))
    return []


def neighbors_csv(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> bytes:
    """All columns as one table."""
    found_rows: list[dict[str, Any]] = []
    item = session.chosen_item(data)
    fields = fields_of(data)
    for label, (ids, values) in found.own.items():
        for rank, (row, value) in enumerate(zip(ids.tolist(), values.tolist(), strict=True), start=1):
            if row >= 0:
                found_rows.append(
                    {"item": item, "model": label, "rank": rank, "neighbor": graph.items[row],
                     "title": data.titles[row], settings.score: value, "count": float(settings.counts[row])}
                    | {name: str(data.fields[name][row]) for name in fields}
                )  # fmt: skip
    return pl.DataFrame(found_rows).write_csv().encode()


def downloads(data: ActiveData, graph: ItemGraph, found: Compared, settings: Settings) -> None:
    """The lists and the vectors as files."""
    from recemb_core.embeddings import exporting

    ready = {one.label: one.vectors for one in found.entries if one.vectors is not None}
    with st.container(horizontal=True):
        if found.own:
            st.download_button(
                "Neighbors (CSV)",
                lambda: neighbors_csv(data, graph, found, settings),
                "neighbors.csv",
                "text/csv",
                on_click="ignore",
                icon=":material/download:",
            )
        if not ready:
            return
        with st.popover("Vectors of each model", icon=":material/download:"):
            label = st.selectbox("Model", list(ready), key=f"files@{data.key}")
            vectors = ready[label]
            name = "".join(c if c.isalnum() else "_" for c in label)
            st.download_button(
                "word2vec text", lambda: exporting.word2vec_text(vectors), f"{name}.txt", on_click="ignore"
            )
            st.download_button("npz (numpy, no pickle)", vectors.to_bytes, f"{name}.npz", on_click="ignore")
            st.download_button(
                "parquet", lambda: exporting.vectors_parquet(vectors), f"{name}.parquet", on_click="ignore"
            )
