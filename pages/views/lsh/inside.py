"""The LSH page's second view: guess the recall, drag points over buckets, see which table caught which neighbor."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, parameters, session, stage
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
from recemb_core.figures.lsh_tradeoff import share_text
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
TELLING, CHOSEN = "telling", "chosen"
WHOSE = Parameter(
    LSH_PAGE,
    "whose",
    "Neighbors of",
    Options({TELLING: "An item half found at first", CHOSEN: "The chosen item"}),
    help="Of the queries, the item of whose nearest the settings that the page starts with find the share nearest to a "
    "half: all or nothing shows little. Or the item chosen in the sidebar.",
    follows=True,
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
REVEALED = Parameter(LSH_PAGE, "revealed", "Setting that is revealed", Text(lambda text: len(text) < 200), "")


# ---- one item ----


def item_controls(data: ActiveData, points: LabPoints) -> None:
    """Whose neighbors are shown."""
    _whose(data, points).draw()
    if points.cloud and _whose(data, points).value == CHOSEN:
        POINT.draw(data, default=points.chosen, among=(0, len(points) - 1))


def _whose(data: ActiveData, points: LabPoints) -> parameters.Bound:
    """An item that tells something, until a person chooses one."""
    chosen = not points.cloud and session.chosen_item(data) != session.items_by_popularity(data)[0]
    return WHOSE.bind(data, default=CHOSEN if chosen else TELLING)


def shown_row(data: ActiveData, points: LabPoints) -> int:
    """The point whose neighbors are shown."""
    if _whose(data, points).value == TELLING:
        return measures.half_found(data, points, controls.usual_settings(data, points))
    return int(
        POINT.bind(data, default=points.chosen, among=(0, len(points) - 1)).value if points.cloud else points.chosen
    )


def item_section(data: ActiveData, points: LabPoints, settings: LabSettings, numbers: Any) -> None:
    """Tables against true neighbors of one item, and one cell of it explained."""
    row = shown_row(data, points)
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
    n, by_table = len(points), seen.by_table.sum(axis=0)
    index = f"Of this very index, seed {settings.seed}: another seed draws other functions."
    frame.metrics(
        [
            ("Found", f"{int(seen.caught.sum())} of {len(ids)}", f"Of the truly nearest to it, by all tables. {index}"),
            (
                "Theory expects",
                f"{chance.sum():.1f}",
                "The sum of their probabilities to be found, from the distances alone"
                f"{', without further buckets' if settings.probing else ''}.",
            ),
            (
                "By one table",
                f"{by_table.mean():.1f}",
                f"Of its nearest, the mean of {tables} tables; from {by_table.min()} to {by_table.max()}.",
            ),
            (
                "Scanned",
                share_text(seen.candidates / max(n - 1, 1)),
                f"{seen.candidates:,} candidates of {n - 1:,} points{more}. {index}",
            ),
        ],
        numbers,
    )
    counted = f"; the number is how many of the {functions} functions agree" if tables <= 16 else ""
    with stage.picture():
        st.markdown(
            f"The {len(ids)} nearest to **{plain(points.names[row])}**, and which of {tables} tables caught them"
        )
        figure = catch_matrix_figure(
            ids, names, distances, seen.agrees.sum(axis=2), seen.by_table, seen.caught, functions=functions,
            chosen=picked,
        )  # fmt: skip
        live_chart(
            figure, key=f"lsh catches@{data.key}", height=max(430, 110 + 24 * len(ids)), above=262, glide=False,
            on_click=lambda mark: parameters.set_parameters(data, catch=mark),
        )  # fmt: skip
    st.caption(
        f"{'It was taken' if _whose(data, points).value == TELLING else 'You chose it'}: "
        + (
            "of the queries, the page's first settings find of its nearest the share nearest to a half. "
            if _whose(data, points).value == TELLING
            else "another item in the sidebar, or the one half found beside, shows its own. "
        )
        + "A row is one of the truly nearest, nearest on top (✓ found, ✗ lost); a column is a table. Full squares "
        f"caught it{counted}. Click a square to see why."
    )
    with st.container():
        st.subheader("Why one table caught or missed one neighbor", anchor=False)
        _why(points, settings, seen, (row, ids.index(picked[0]), picked[1]), float(distances[ids.index(picked[0])]))


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


def mark_of(points: LabPoints, settings: LabSettings) -> str:
    """Tells the setting and the points that were revealed from others."""
    mode, (functions, tables) = settings.mode, settings.shape
    told = f"{mode} {functions} {tables} {settings.family} {settings.ratio:g} {settings.k} {settings.seed}"
    return f"{told} {hashlib.blake2b(repr(points.key).encode(), digest_size=4).hexdigest()}"


def guess_section(data: ActiveData, points: LabPoints, settings: LabSettings, numbers: Any) -> None:
    """The person guesses from the theory's curve; the measurement lands on it."""
    mark = mark_of(points, settings)
    revealed = REVEALED.value(data) == mark
    guess = GUESS.value(data)
    theory, measured = expected_recall(data, points, settings), None
    if revealed:
        with st.spinner("Measuring with several draws of functions …"):
            grid = measures.grid_over_draws(data, points, settings)
        cell = settings.cell_of(grid)
        measured = (cell.recall, cell.recall_low, cell.recall_high)
    _guess_figures(points, settings, guess, theory if revealed else None, measured, numbers)
    with stage.picture():
        key = "lsh guess curve"
        curve_chart(data, points, settings, [settings.mode], measured=revealed, key=key, height=310, above=410)
        strip = guess_strip_figure(guess, theory=theory if revealed else None, measured=measured)
        live_chart(strip, key=f"lsh guess@{data.key}", height=160, glide=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        GUESS.draw(data, width=320)
        st.button(
            "Reveal", type="primary", icon=":material/visibility:", disabled=revealed,
            on_click=lambda: parameters.set_parameters(data, revealed=mark),
        )  # fmt: skip
        st.button("Another setting", icon=":material/casino:", on_click=_deal, args=(data,))
    st.caption(band_line(settings))
    if measured is None:
        st.caption("Set the guess from the curve, then press Reveal: theory and measurement land beside it.")
        return
    own, inside = settings.cell_of(grid.first).recall, measured[1] <= theory <= measured[2]
    st.markdown(
        f"Your guess is off by **{abs(guess - cell.recall):.2f}**, theory by **{abs(theory - cell.recall):.2f}**, "
        f"{'inside' if inside else 'outside'} the 95% interval. Measured is the mean over {cell.draws} draws of "
        f"functions and {len(points.queries)} queries, and the bar covers both; the first draw alone (seed "
        f"{settings.seed}) finds {own:.2f}."
    )


def expected_recall(data: ActiveData, points: LabPoints, settings: LabSettings) -> float:
    """What theory expects: the mean height of the curve over the distances to the nearest."""
    return float(settings.chance(measures.distances(data, points, settings)[0])[1].mean())


def _guess_figures(
    points: LabPoints,
    settings: LabSettings,
    guess: float,
    theory: float | None,
    measured: tuple[float, float, float] | None,
    numbers: Any,
) -> None:
    hidden = "?"
    frame.metrics(
        [
            ("Your guess", f"{guess:.2f}", f"Of recall@{settings.k} of {settings.said()}."),
            ("Theory", hidden if theory is None else f"{theory:.2f}", "The curve's mean height over the nearest."),
            (
                "Measured",
                hidden if measured is None else f"{measured[0]:.2f}",
                f"Recall@{settings.k} of {len(points.queries)} queries, the mean over several draws of functions.",
            ),
            (
                "95% interval",
                hidden if measured is None else f"{measured[1]:.2f}–{measured[2]:.2f}",
                "Of the measured recall, over draws of functions and queries.",
            ),
        ],
        numbers,
    )


def _deal(data: ActiveData) -> None:
    """A random setting, so that nobody knows the answer."""
    rng = np.random.default_rng()
    parameters.set_parameters(
        data,
        mode=str(rng.choice(["and_or", "and_or", "or_and", "and", "or"])),
        functions=int(rng.integers(1, measures.MOST_FUNCTIONS + 1)),
        tables=int(rng.integers(1, measures.MOST_TABLES + 1)),
        guess=0.5,
        revealed="",
    )
