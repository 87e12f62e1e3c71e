"""The LSH page's second view: guess the recall, drag points over buckets, see which table caught which neighbor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import parameters, session
from pages.kit.allowed import Number, Options, Span, Text
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.lsh import controls, measures
from pages.views.lsh.curve import band_line, curve_chart
from pages.views.lsh.measures import LabSettings, angles_or_distances
from pages.views.lsh.points import LSH_PAGE, LabPoints
from recemb_core.arrays import Float64Array
from recemb_core.figures.bucket_lines import bucket_lines_figure
from recemb_core.figures.catch_matrix import catch_matrix_figure, is_catch, parse_catch
from recemb_core.figures.guess_strip import guess_strip_figure
from recemb_core.neighbors.lsh.explain import LSHExplanation

INSIDE = Parameter(
    LSH_PAGE,
    "inside",
    "Look at",
    Options(
        {
            "item": "One item",
            "plane": "Drag points over buckets",
            "walk": "HNSW beside it",
            "guess": "Guess the recall",
        },
        row=True,
    ),
    "item",
    view=True,
)
POINT = Parameter(LSH_PAGE, "point", "Point of the cloud", Number(0, 0), help="Its neighbors are shown.")
CATCH = Parameter(LSH_PAGE, "catch", "Neighbor and table", Text(is_catch), "")  # the square that was clicked
GUESS = Parameter(
    LSH_PAGE,
    "guess",
    "My guess of the recall",
    Span(0.0, 1.0, 0.01),
    0.5,
    help="Read the curve inside the shaded band: its mean height there is what theory expects.",
)


# ---- one item ----


def item_section(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """Tables against true neighbors for the chosen item, and one cell of it explained."""
    row = points.chosen
    if points.cloud:
        row = int(POINT.draw(data, default=row, among=(0, len(points) - 1)))
    seen = measures.explain(data, points, settings, row)
    functions, tables = settings.shape
    ids = [points.ids[int(r)] for r in seen.ids]
    names = [points.names[int(r)] for r in seen.ids]
    distances = angles_or_distances(points.vectors[seen.ids], points.vectors[[row]], settings.family)
    chance = settings.chance(distances)[1]
    catch = CATCH.value(data)
    picked = parse_catch(catch) if catch else None
    if picked is None or picked[0] not in ids or not 0 <= picked[1] < tables:
        picked = _telling(seen, ids)
    more = f", with {settings.probing} further buckets a table looked into" if settings.probing else ""
    st.markdown(
        f"**{plain(points.names[row])}**: {settings.said()} finds **{int(seen.caught.sum())}** of its {len(ids)} "
        f"nearest among {seen.candidates:,} candidates{more}; theory expects {chance.sum():.1f}"
        f"{' without them' if settings.probing else ''}."
    )
    all_or_nothing = not points.cloud and int(seen.caught.sum()) in (0, len(ids))
    if all_or_nothing and (other := _half_found(data, points, settings)) is not None:
        st.button(
            "An item of which about half is found",
            icon=":material/contrast:",
            help="All or nothing shows little: of the queries, the one whose neighbors theory expects to find by half.",
            on_click=session.pick,
            args=(data, points.ids[other]),
        )
    counted = f"; the number is how many of the {functions} functions agree" if tables <= 16 else ""
    with st.container():
        figure = catch_matrix_figure(
            ids, names, distances, seen.agrees.sum(axis=2), seen.by_table, seen.caught, functions=functions,
            chosen=picked,
        )  # fmt: skip
        live_chart(
            figure, key=f"lsh catches@{data.key}", height=110 + 30 * max(len(ids), 4), glide=False,
            on_click=lambda mark: parameters.set_parameters(data, catch=mark),
        )  # fmt: skip
        st.caption(
            "A row is one of the truly nearest, nearest on top (✓ found, ✗ lost); a column is a table. Full squares "
            f"caught it{counted}. Click a square to see why."
        )
    with st.container():
        _why(points, settings, seen, (row, ids.index(picked[0]), picked[1]), float(distances[ids.index(picked[0])]))


def _half_found(data: ActiveData, points: LabPoints, settings: LabSettings) -> int | None:
    """Row of the query whose expected share of found neighbors is nearest to a half; None where none is near it."""
    near, _ = measures.distances(data, points, settings)
    query = np.nonzero(measures.truth(data, points, settings).ids >= 0)[0]
    share = np.bincount(query, settings.chance(near)[1]) / np.maximum(np.bincount(query), 1)
    best = int(np.argmin(np.abs(share - 0.5)))
    return int(points.queries[best]) if 0.3 <= share[best] <= 0.7 else None


def _telling(seen: LSHExplanation, ids: list[str]) -> tuple[str, int]:
    """The cell to open with: the nearest that is lost (or else the farthest), and the table that missed it closest."""
    lost = np.flatnonzero(~seen.caught)
    at = int(lost[0]) if len(lost) else len(ids) - 1
    agreeing = seen.agrees[at].sum(axis=1)
    missed = ~seen.by_table[at]
    return ids[at], int(np.argmax(np.where(missed, agreeing, -1) if missed.any() else agreeing))


def _why(
    points: LabPoints, settings: LabSettings, seen: LSHExplanation, cell: tuple[int, int, int], distance: float
) -> None:
    row, at, table = cell
    functions, tables = settings.shape
    raw = points.names[int(seen.ids[at])]
    name, agree, caught = plain(raw), int(seen.agrees[at, table].sum()), bool(seen.by_table[at, table])
    rule = settings.hashing.rule
    st.markdown(
        f"**Table {table + 1} {'caught' if caught else 'missed'} {name}**: {agree} of {functions} functions agree, and "
        f"{'one of them has' if settings.mode == 'or_and' else 'all of them have'} to."
    )
    mine, theirs = seen.query_position[table], seen.neighbor_position[at, table]
    if rule is None:  # buckets without an order on a line
        _bucket_numbers(mine, theirs)
    else:
        figure = bucket_lines_figure(mine, theirs, names=(points.names[row], raw), hyperplane=rule.by_sign)
        live_chart(figure, key="lsh lines", height=120 + 24 * max(functions, 3), glide=False)
    if not caught and np.isfinite(seen.missed_by[at, table]):
        st.markdown(
            f"The first function that parts them is **h{int(seen.first_disagreement[at, table]) + 1}**: the query's "
            f"projection lies {seen.border_distance[at, table]:.3g} from the border, and {name}'s is "
            f"{seen.missed_by[at, table]:.3g} beyond it."
        )
    elif caught and agree < functions and settings.mode != "or_and":
        st.markdown("One of the further buckets that were looked into holds it.")
    p, chance = settings.chance(distance)
    one_table = replace(settings, tables=1).chance(distance)[1]
    angle = settings.hashing.distance.is_angle
    far = f"{np.degrees(distance):.0f}° away" if angle else f"at distance {distance:.3g}"
    met = f"{int(seen.by_table[at].sum())} of {tables} tables caught it" if tables > 1 else "there is one table only"
    st.markdown(
        f"It lies {far}, where one function keeps two points together with p = **{p:.2f}**, a table of {functions} "
        f"with **{one_table:.3f}**, and {settings.said()} finds it with **{chance:.2f}**; {met}."
    )


def _bucket_numbers(mine: Float64Array, theirs: Float64Array) -> None:
    """Which bucket each function of a table puts the query and the neighbor into."""
    columns = {"Function": [f"h{f + 1}" for f in range(len(mine))]}
    numbers = {"Query's bucket": mine.astype(np.int64), "Neighbor's bucket": theirs.astype(np.int64)}
    st.dataframe(pl.DataFrame(columns | numbers | {"Agree": mine == theirs}), hide_index=True)


# ---- guess, then reveal ----


def guess_section(data: ActiveData, points: LabPoints, settings: LabSettings) -> None:
    """The person guesses from the theory's curve; the measurement lands on it."""
    shown_key = f"revealed@{data.key}"
    mark = (points.key, settings)
    revealed = st.session_state.get(shown_key) == mark
    left, right = controls.columns("guess", (3, 2))
    with left:
        st.markdown(f"**{settings.said()}**: how many of the {settings.k} nearest will it find?")
        curve_chart(data, points, settings, [settings.mode], measured=revealed, key="lsh guess curve", height=380)
        st.caption(band_line(settings))
    with right:
        guess = GUESS.draw(data)
        with st.container(horizontal=True):
            st.button(
                "Reveal", type="primary", icon=":material/visibility:", disabled=revealed,
                on_click=lambda: st.session_state.update({shown_key: mark}),
            )  # fmt: skip
            st.button("Another setting", icon=":material/casino:", on_click=_deal, args=(data, shown_key))
        if not revealed:
            live_chart(guess_strip_figure(guess), key=f"lsh guess@{data.key}", height=210, glide=False)
            st.caption("Set the guess from the curve, then press Reveal: theory and measurement land beside it.")
            return
        with st.spinner("Measuring with several draws of functions …"):
            grid = measures.grid_over_draws(data, points, settings)
        cell, own = settings.cell_of(grid), settings.cell_of(grid.first).recall
        theory = float(settings.chance(measures.distances(data, points, settings)[0])[1].mean())
        figure = guess_strip_figure(guess, theory=theory, measured=(cell.recall, cell.recall_low, cell.recall_high))
        live_chart(figure, key=f"lsh guess@{data.key}", height=210, glide=False)
        inside = "inside" if cell.recall_low <= theory <= cell.recall_high else "outside"
        st.markdown(
            f"Your guess is off by **{abs(guess - cell.recall):.2f}**, theory by **{abs(theory - cell.recall):.2f}**, "
            f"{inside} the 95 % interval. Measured is the mean over {cell.draws} draws of functions and "
            f"{len(points.queries)} queries, and the bar covers both; the first draw alone (seed {settings.seed}) "
            f"finds {own:.2f}."
        )


def _deal(data: ActiveData, shown_key: str) -> None:
    """A random setting, so that nobody knows the answer."""
    rng = np.random.default_rng()
    st.session_state.pop(shown_key, None)
    parameters.set_parameters(
        data,
        mode=str(rng.choice(["and_or", "and_or", "or_and", "and", "or"])),
        functions=int(rng.integers(1, measures.MOST_FUNCTIONS + 1)),
        tables=int(rng.integers(1, measures.MOST_TABLES + 1)),
        guess=0.5,
    )
