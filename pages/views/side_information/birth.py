"""Birth of an item: pick field values, and an item that nobody has clicked yet finds its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, large, maps, parameters, session
from pages.kit.allowed import Allowed, Options, Several
from pages.kit.controls import Labelling
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain, plain_field
from pages.views.side_information.shown import COSINE, SIDE_INFORMATION_PAGE, Shown, neighbor_frame
from recemb_core.arrays import AnyArray
from recemb_core.figures.item_map import item_map_figure
from recemb_core.layouts.placing import place_on_map

NEW_ID = "(a new item)"
NEW_TITLE = "New item"
NOT_GIVEN = ""
PLACED_BY = 5
LISTED = 10


@dataclass(frozen=True)
class FieldValues(Options):
    """What a new item can have in a field: one value, NOT_GIVEN among them, or several, which may be none."""

    def among(self, options: Iterable[str]) -> Allowed[Any]:  # type: ignore[override]
        found = tuple(options)
        return Options(found, shown=lambda value: value or "(not given)") if NOT_GIVEN in found else Several(found)


NEW = Parameter(SIDE_INFORMATION_PAGE, "new", "New item", FieldValues(), parts=True)


def given_values(data: ActiveData, shown: Shown) -> dict[str, tuple[str, ...]]:
    """The values chosen for the new item by field, bound to the session and the link; fields not given are left out."""
    start = first_values(shown)
    values = {name: _field(data, shown, f, start).value for f, name in enumerate(shown.vectors.side.names)}
    return {name: (v,) if isinstance(v, str) else tuple(v) for name, v in values.items() if v}


def _field(data: ActiveData, shown: Shown, f: int, start: dict[str, tuple[str, ...]]) -> Bound:
    """What the new item has in a field."""
    name, values = shown.vectors.side.names[f], shown.vectors.side.values[f]
    options = values if _several(shown, f) else (NOT_GIVEN, *values)
    return NEW.bind(data, name, default=_in_field(shown, f, start), among=options)


def _in_field(shown: Shown, f: int, values: dict[str, tuple[str, ...]]) -> str | list[str]:
    given = values.get(shown.vectors.side.names[f], ())
    return list(given) if _several(shown, f) else (given or (NOT_GIVEN,))[0]


def first_values(shown: Shown) -> dict[str, tuple[str, ...]]:
    """What the first new item is made of: the first two fields of the most popular item that has them all."""
    counts = shown.vectors.counts
    assert counts is not None
    full = shown.vectors.side.present.sum(axis=1)
    row = int(np.lexsort((-counts, -full))[0])
    values = shown.vectors.side.of(row)
    return {name: values[name] for name in list(values)[:2]}


def _several(shown: Shown, f: int) -> bool:
    counts = np.diff(shown.vectors.side.indptr).reshape(shown.vectors.side.n_items, -1)
    return bool((counts[:, f] > 1).any())


def birth_controls(data: ActiveData, shown: Shown) -> None:
    """A box for each field, and two shortcuts."""
    st.markdown("**The new item's fields**")
    side, start = shown.vectors.side, first_values(shown)
    for f, name in enumerate(side.names):
        search = "" if _several(shown, f) else "; type to search"
        _field(data, shown, f, start).draw(label=plain_field(name), help=f"{len(side.values[f]):,} values{search}.")
    mine = side.of(shown.row)
    st.button(
        f"Like {plain(data.titles[shown.row])}",
        on_click=parameters.set_parameters,
        args=(data,),
        kwargs=birth_parameters(shown, mine),
        help="Take over all fields of the chosen item; then change one and see where it goes.",
    )
    st.button("Nothing given", on_click=parameters.set_parameters, args=(data,), kwargs=birth_parameters(shown, {}))


def birth_parameters(shown: Shown, values: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """The page's parameters that give a new item these values and no others."""
    return {f"{NEW.name}_{name}": _in_field(shown, f, values) for f, name in enumerate(shown.vectors.side.names)}


def birth_section(data: ActiveData, shown: Shown, given: dict[str, tuple[str, ...]], color: Labelling) -> list[Job]:
    """The map with the new item on it, and its nearest items."""
    umap = controls.umap_config(data, len(shown.graph), draw=False)
    draw = partial(maps.model_map, data, shown.config, umap, graph=shown.graph)
    if not maps.has_model_map(data, shown.config, umap, graph=shown.graph):
        st.info("The map is being drawn.")
        identity = ("map", shown.graph.fingerprint, shown.config, umap, large.on_map(data))
        return [Job(identity, "EGES map (UMAP)", 1 + maps.map_seconds(data, len(shown.graph)), draw)]
    positions = draw()
    near: list[str] = []
    placing, drawn = None, [shown.row]
    if given:
        vector = shown.vectors.cold_start(given)
        placing = place_on_map(vector, shown.vectors.vectors, positions, k=PLACED_BY)
        rows = place_on_map(vector, shown.vectors.vectors, positions, k=LISTED)
        near = [shown.graph.items[int(row)] for row in rows.rows]
        drawn += rows.rows.tolist()
    on_map = large.drawn_rows(data, umap.seed, drawn)
    positions, size, color_by = positions[on_map], np.sqrt(shown.graph.strength[on_map]), color.values[on_map]
    ids, titles = [shown.graph.items[int(row)] for row in on_map], [data.titles[int(row)] for row in on_map]
    if placing is not None:
        positions = np.vstack([positions, placing.position])
        ids, titles = [*ids, NEW_ID], [*titles, f"{NEW_TITLE}: " + ", ".join(v for vs in given.values() for v in vs)]
        size = np.append(size, float(np.quantile(size, 0.9)) if len(size) else 1.0)
        color_by = _with_new(color_by, color.name, given)
    figure = item_map_figure(
        positions,
        ids,
        titles,
        color_by=color_by,
        color_title=color.words,
        size=size,
        chosen=NEW_ID if given else shown.graph.items[shown.row],
        highlighted=near,
        named="Birth of an item",
    )
    live_chart(figure, key=f"birth@{data.key}", height=560, on_click=lambda item: session.pick(data, item))
    if placing is None:
        st.info("Give the new item a value in at least one field, and it appears on the map.")
        return []
    st.caption(
        f"{large.drawn_words(data)}"
        f"The vector of the new item is the plain mean of the {len(given)} side vectors of its values: no click was "
        f"needed. The map is not drawn anew: the item stands at the weighted mean of the places of its {PLACED_BY} "
        "nearest items by cosine (near ones weigh more); where these lie in different corners, it stands between them."
    )
    left, right = frame.side_by_side("born", (3, 2), "22rem")
    with left:
        st.markdown(f"**The {LISTED} nearest items** (cosine with their trained vectors)")
        table = neighbor_frame(data, shown, rows.rows, rows.cosines, given)
        st.dataframe(table, hide_index=True, column_config=COSINE)
    with right:
        st.markdown("**Do they share what was given?**")
        st.dataframe(_shares(shown, rows.rows, given), hide_index=True)
        st.caption("Last column: how many of 10 would share it if they were drawn from the catalogue at random.")
    return []


def _with_new(labels: AnyArray, name: str, given: dict[str, tuple[str, ...]]) -> AnyArray:
    """The labels of the map and that of the new item: what was given, else none."""
    if labels.dtype.kind in "iuf":
        return np.append(labels.astype(np.float64), [np.nan])
    return np.array([*labels.tolist(), given.get(name, (None,))[0]], dtype=object)


def _shares(shown: Shown, rows: AnyArray, given: dict[str, tuple[str, ...]]) -> pl.DataFrame:
    side = shown.vectors.side
    everyone = [side.of(row) for row in range(side.n_items)]
    near = np.unique(rows)
    lines = []
    for name, values in given.items():
        same = np.array([bool(set(values) & set(has.get(name, ()))) for has in everyone])
        lines.append((field_words(name), f"{same[near].sum()} of {len(near)}", f"{same.mean() * len(near):.1f}"))
    return pl.DataFrame(lines, schema=["Field", "Nearest items", "By chance"], orient="row")


def color_of(data: ActiveData, shown: Shown) -> Labelling:
    """What the map is colored by: the data's own first field at first."""
    return controls.color_control(data, shown.graph, default=next(iter(data.fields)))
