"""Birth of an item: pick field values, and an item that nobody has clicked yet finds its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, large, maps, parameters, session, stage
from pages.kit.allowed import Allowed, Options, Several
from pages.kit.answer_words import pairs_alike
from pages.kit.controls import NOT_KNOWN, Labelling
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import field_words, plain, plain_field
from pages.views.side_information.shown import COSINE, SIDE_INFORMATION_PAGE, Places, Shown, answered, neighbor_frame
from recemb_core.arrays import AnyArray
from recemb_core.figures.item_map import item_map_figure
from recemb_core.layouts.placing import place_on_map
from recemb_core.neighbors import ExactIndex

NEW_ID = "(a new item)"
NEW_TITLE = "New item"
NOT_GIVEN = ""
ABOVE, BOXES, IN_A_ROW = 305, 84, 5  # pixels of the window around the map, and of each further row of fields
PLACED_BY = 5
LISTED = 10
Given = dict[str, tuple[str, ...]]  # field → its values


@dataclass(frozen=True)
class FieldValues(Options):
    """What a new item can have in a field: one value, NOT_GIVEN among them, or several, which may be none."""

    def among(self, options: Iterable[str]) -> Allowed[Any]:  # type: ignore[override]
        found = tuple(options)
        return Options(found, shown=lambda value: value or "(not given)") if NOT_GIVEN in found else Several(found)


NEW = Parameter(SIDE_INFORMATION_PAGE, "new", "New item", FieldValues(), parts=True)


def given_values(data: ActiveData, shown: Shown) -> Given:
    """The values chosen for the new item by field, bound to the session and the link; fields not given are left out."""
    start = first_values(shown)
    values = {name: _field(data, shown, f, start).value for f, name in enumerate(shown.vectors.side.names)}
    return {name: (v,) if isinstance(v, str) else tuple(v) for name, v in values.items() if v}


def _field(data: ActiveData, shown: Shown, f: int, start: Given) -> Bound:
    """What the new item has in a field."""
    name, values = shown.vectors.side.names[f], shown.vectors.side.values[f]
    options = values if _several(shown, f) else (NOT_GIVEN, *values)
    return NEW.bind(data, name, default=_in_field(shown, f, start), among=options)


def _in_field(shown: Shown, f: int, values: Given) -> str | list[str]:
    given = values.get(shown.vectors.side.names[f], ())
    return list(given) if _several(shown, f) else (given or (NOT_GIVEN,))[0]


def first_values(shown: Shown) -> Given:
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


def _boxes(data: ActiveData, shown: Shown) -> None:
    """A box for each field, in a row."""
    side, start = shown.vectors.side, first_values(shown)
    narrowest = "12rem" if len(side.names) == 6 else "7.5rem"  # three and three, not five and a broad one
    places = frame.figure_columns("new-fields", len(side.names), narrowest=narrowest)
    for place, (f, name) in zip(places, enumerate(side.names), strict=True):
        search = "" if _several(shown, f) else "; type to search"
        values = f"What the new item has. {len(side.values[f]):,} values{search}."
        _field(data, shown, f, start).draw(place, label=plain_field(name), help=values)


def _shortcuts(data: ActiveData, shown: Shown) -> None:
    """All fields of the chosen item, or none."""
    mine = shown.vectors.side.of(shown.row)
    st.button(
        f"Like {plain(data.titles[shown.row])}",
        on_click=parameters.set_parameters,
        args=(data,),
        kwargs=birth_parameters(shown, mine),
        help="Take over all fields of the chosen item; then change one and see where it goes.",
    )
    st.button("Nothing given", on_click=parameters.set_parameters, args=(data,), kwargs=birth_parameters(shown, {}))


def birth_parameters(shown: Shown, values: Given) -> dict[str, Any]:
    """The page's parameters that give a new item these values and no others."""
    return {f"{NEW.name}_{name}": _in_field(shown, f, values) for f, name in enumerate(shown.vectors.side.names)}


def birth_view(data: ActiveData, shown: Shown, places: Places) -> list[Job]:
    """The map with the new item on it, its fields above it, and its nearest items below; the map that is missing."""
    given = given_values(data, shown)
    _numbers(data, shown, given, places)
    with places.side:
        stage.try_this(data, experiments(data, shown))
        _shortcuts(data, shown)
        color = controls.color_control(data, shown.graph, default=next(iter(data.fields)))
    umap = controls.umap_config(data, len(shown.graph), draw=False)
    draw = partial(maps.model_map, data, shown.config, umap, graph=shown.graph)
    with places.main:
        with stage.picture():
            _boxes(data, shown)
            if not maps.has_model_map(data, shown.config, umap, graph=shown.graph):
                st.info("The map is being drawn.")
                identity = ("map", shown.graph.fingerprint, shown.config, umap, large.on_map(data))
                seconds = 1 + maps.map_seconds(data, len(shown.graph))
                return [Job(identity, "EGES map (UMAP)", seconds, draw, asks=maps.map_asks(data))]
            _draw(data, shown, given, draw(), color, umap.seed)
        if not given:
            st.info("Give the new item a value in at least one field, and it appears on the map.")
            return []
        st.caption(
            f"{large.drawn_words(data)}"
            f"The vector of the new item is the plain mean of the {len(given)} side vectors of its values: no click "
            "was needed. The map is not drawn anew: the item stands at the weighted mean of the places of its "
            f"{PLACED_BY} nearest items by cosine (near ones weigh more); where these lie in different corners, it "
            "stands between them."
        )
        left, right = frame.side_by_side("born", (3, 2), "22rem")
        rows, cosines = _nearest(shown, given)
        with left:
            st.subheader(f"The {LISTED} nearest items", anchor=False)
            table = neighbor_frame(data, shown, rows, cosines, given)
            st.dataframe(table, hide_index=True, column_config=COSINE)
            st.caption("Cosine with their trained vectors.")
        with right:
            st.subheader("Do they share what was given?", anchor=False)
            st.dataframe(_shares(shown, rows, given), hide_index=True)
            st.caption("Last column: how many of 10 would share it if they were drawn from the catalogue at random.")
    return []


def _numbers(data: ActiveData, shown: Shown, given: Given, places: Places) -> None:
    """What there is of the new item: what it was given, and how near the catalogue comes to it."""
    rows, cosines = _nearest(shown, given) if given else (np.empty(0, dtype=np.int64), np.empty(0))
    about = "Cosine of the new item's vector with the trained vector of"
    frame.metrics(
        [
            ("Fields given", f"{len(given)} of {len(shown.vectors.field_names)}", "To the new item, below."),
            ("Clicks", "0", "A new item has none; its vector is made from its fields alone."),
            *(
                [
                    ("Nearest, cosine", f"{cosines[0]:.2f}", f"{about} {plain(data.titles[int(rows[0])])}."),
                    (f"Mean of {len(rows)}, cosine", f"{cosines.mean():.2f}", f"{about} each of these items."),
                ]
                if len(rows)
                else []
            ),
        ],
        places.numbers,
    )


def _nearest(shown: Shown, given: Given, k: int = LISTED) -> tuple[AnyArray, AnyArray]:
    """(rows, cosines) of the items nearest to the new one."""
    vector = shown.vectors.cold_start(given)
    ids, distances = ExactIndex("cosine").build(shown.vectors.vectors).query(vector[None], k=k)
    there = ids[0] >= 0
    return ids[0][there], 1 - distances[0][there]


def _draw(data: ActiveData, shown: Shown, given: Given, positions: AnyArray, color: Labelling, seed: int) -> None:
    rows = _nearest(shown, given)[0] if given else np.empty(0, dtype=np.int64)
    on_map = large.drawn_rows(data, seed, [shown.row, *rows.tolist()])
    ids, titles = [shown.graph.items[int(row)] for row in on_map], [data.titles[int(row)] for row in on_map]
    color_by, size = color.values[on_map], np.sqrt(shown.graph.strength[on_map])
    every, positions = positions, positions[on_map]
    near = [shown.graph.items[int(row)] for row in rows]
    if given:
        placing = place_on_map(shown.vectors.cold_start(given), shown.vectors.vectors, every, k=PLACED_BY)
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
    more = (len(shown.vectors.side.names) - 1) // IN_A_ROW
    choose = lambda item: session.pick(data, item)  # noqa: E731
    live_chart(figure, key=f"birth@{data.key}", height=320, above=ABOVE + more * BOXES, on_click=choose)


# ---- questions ----

SHARED = ("In every one of them", "In some", "In none")
LANDS = ("Among its ten nearest", "Among the nearest tenth", "Farther away")


def experiments(data: ActiveData, shown: Shown) -> list[Experiment]:
    """Of this view."""
    one, popular = _one_field(shown), shown.graph.items.row(session.items_by_popularity(data)[0])
    tries = []
    if one and len(shown.vectors.field_names) > 1:
        asks = (
            f"An item is born with its {plain_field(next(iter(one)))} alone. **In how many of its other fields are its "
            "nearest items more alike than any items?**"
        )
        say = answered(data, shown, lambda: alike(data, shown, one))
        tries.append(Experiment(asks, SHARED, say, birth_parameters(shown, one)))
    mine = shown.vectors.side.of(popular)
    if mine:
        asks = (
            "An item is born with all the fields of the most popular item, but none of its clicks. **Where does it "
            "land, seen from there?**"
        )
        say = answered(data, shown, lambda: lands(data, shown, mine, popular))
        tries.append(Experiment(asks, LANDS, say, birth_parameters(shown, mine)))
    return tries


def _one_field(shown: Shown) -> Given:
    start = first_values(shown)
    return {name: start[name] for name in list(start)[-1:]}


def alike(data: ActiveData, shown: Shown, given: Given) -> Verdict:
    """How alike the new item's nearest items are in the fields that it was not given."""
    rows, _ = _nearest(shown, given)
    told, more = [], []
    for name in [name for name in shown.vectors.field_names if name not in given]:
        labels = data.fields[name]
        known = labels != NOT_KNOWN
        near, every = pairs_alike(labels, rows[known[rows]]), pairs_alike(labels, np.flatnonzero(known))
        if near is not None and every is not None:
            told.append(f"{plain_field(name)} **{near:.0%}** ({every:.0%})")
            more.append(near > every)
    if not told:
        return Verdict("There is no field that it was not given. The table counts what the nearest items share.")
    return Verdict(
        f"Pairs of its {len(rows)} nearest items with the same value, in brackets of the whole catalogue: "
        f"{'; '.join(told)}. One new item, counted.",
        0 if all(more) else 1 if any(more) else 2,
    )


def lands(data: ActiveData, shown: Shown, given: Given, beside: int) -> Verdict:
    """How many items lie nearer to the new one than the item that it was made like."""
    n = len(shown.graph)
    rows, cosines = _nearest(shown, given, n)
    at = int(np.flatnonzero(rows == beside)[0])
    first = "" if at == 0 else f" Nearest is {plain(data.titles[int(rows[0])])} ({cosines[0]:.2f})."
    return Verdict(
        f"{plain(data.titles[beside])} is number **{at + 1:,}** of {n:,} from it, at cosine {cosines[at]:.2f}.{first} "
        "What separates them is what its own clicks have taught.",
        0 if at < 10 else 1 if at < n / 10 else 2,
    )


def _with_new(labels: AnyArray, name: str, given: Given) -> AnyArray:
    """The labels of the map and that of the new item: what was given, else none."""
    if labels.dtype.kind in "iuf":
        return np.append(labels.astype(np.float64), [np.nan])
    return np.array([*labels.tolist(), given.get(name, (None,))[0]], dtype=object)


def _shares(shown: Shown, rows: AnyArray, given: Given) -> pl.DataFrame:
    side = shown.vectors.side
    everyone = [side.of(row) for row in range(side.n_items)]
    near = np.unique(rows)
    lines = []
    for name, values in given.items():
        same = np.array([bool(set(values) & set(has.get(name, ()))) for has in everyone])
        lines.append((field_words(name), f"{same[near].sum()} of {len(near)}", f"{same.mean() * len(near):.1f}"))
    return pl.DataFrame(lines, schema=["Field", "Nearest items", "By chance"], orient="row")
