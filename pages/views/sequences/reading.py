"""How an upload is read, every part of it changeable: columns, cleaning, and the report of what was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import session
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain, sentence
from pages.kit.uploads import uploads
from pages.kit.uploads.uploads import Outcome, Upload
from pages.views.sequences.assumptions import assumptions_of, back_to_first, show_assumptions
from recemb_core.readers import CleaningConfig, ColumnMapping, Reading, guess_columns

SHAPES = {
    "events": "events: one row, one action",
    "baskets": "baskets: one row, one line of a basket",
    "sequences": "sequences: one row, one whole sequence",
    "edges": "edges: one row joins two items",
}
ROLES = {
    "events": (
        *("user", "item", "timestamp", "clock", "session", "order", "rating", "event_type", "click", "dwell", "title"),
    ),
    "baskets": ("basket", "item", "user", "timestamp", "clock", "weight", "title"),
    "sequences": ("user",),
    "edges": ("source", "target", "weight"),
}
FROM_ELSEWHERE = "As the address, a saved session or an earlier visit says."
NONE = "–"  # a select box takes None for "nothing is chosen yet"
# (day_first, year_first)
DATE_ORDERS: dict[str, tuple[bool | None, bool | None]] = {
    **{"decided on the whole column": (None, None), "day first": (True, None), "month first": (False, None)},
    "year first": (None, True),
}


def edit_reading(upload: Upload, data: ActiveData) -> None:
    """How the upload is read, every part of it changeable."""
    shown = data.found if data.upload is upload and not data.problem else None
    found = shown or uploads.outcome(upload, gap_minutes=session.gap_of(upload.key))
    if found.table is None or found.reading is None or found.reading.columns is None:
        back_to_first(upload)
        return
    table, reading, columns = found.table, found.reading, found.reading.columns
    with st.container(border=True, key="reading"):
        st.html("<style>.st-key-reading [data-testid=stColumn] { min-width: min(11rem, 100%); }</style>")
        st.markdown(
            f"**{plain(upload.name)}**: {len(table.frame):,} rows, {len(table.frame.columns)} columns, {table.format}"
            + (f", {table.encoding}" if table.encoding else "")
            + (f", recognised as **{columns.preset}**" if columns.preset else "")
        )
        notes = table.notes if found.log is None else found.log.parsed.notes
        if found.details is not None:
            notes = (*notes, *found.details.notes)
        if found.problem:
            back_to_first(upload)
        assumptions = assumptions_of(found)
        show_assumptions(upload, assumptions)
        said = {assumption.words for assumption in assumptions}
        for note in notes:
            if note not in said:
                st.caption(sentence(note))
        _mapping(upload, found, reading, columns)
        if columns.shape != "edges":
            _cleaning(upload, found, reading, columns)
        with st.expander("First rows of the file"):
            st.dataframe(table.frame.head(8), hide_index=True)
    if data.key == upload.key:
        _report(data)


def _control(
    upload: Upload,
    draw: Callable[..., Any],
    label: str,
    current: Any,
    change: Callable[[Reading, Any], Reading],
    *args: Any,
    key: str,
    **options: Any,
) -> None:
    """A widget that shows what the reading says and writes into the reading what the person chooses."""
    key = f"{key} {upload.key}"
    st.session_state[key] = current

    def write() -> None:
        value = st.session_state[key]
        uploads.change_reading(upload.key, lambda reading: change(reading, value))

    draw(label, *args, key=key, on_change=write, **options)


def _column(role: str) -> Callable[[Reading, Any], Reading]:
    """How a reading changes when its widget says something else for a role."""

    def change(reading: Reading, value: Any) -> Reading:
        assert reading.columns is not None
        value = None if value == NONE else value
        return replace(reading, columns=replace(reading.columns.taking({role: value}), preset=None))

    return change


def _mapping(upload: Upload, found: Outcome, reading: Reading, columns: ColumnMapping) -> None:
    """The shape, and which column plays which role."""
    assert found.table is not None
    frame = found.table.frame
    ready = columns.is_complete or columns.shape == "edges"
    with st.expander("Which column is what", expanded=not ready or bool(found.problem)):
        st.caption(sentence(" ".join(f"{why.rstrip('.')}." for why in columns.why)) or FROM_ELSEWHERE)

        def shaped(now: Reading, shape: Any) -> Reading:
            guess = guess_columns(frame)
            return replace(now, columns=guess if guess.shape == shape else _of_shape(guess, shape, frame.columns))

        control = partial(_control, upload)
        shapes = SHAPES.__getitem__
        control(st.selectbox, "Shape", columns.shape, shaped, list(SHAPES), format_func=shapes, key="shape")
        boxes = st.columns(3)
        options = [NONE, *(name for name in frame.columns if name != NONE)]
        drawn = dict.fromkeys((*ROLES[columns.shape], *columns.columns))  # what is read can be changed, usual or not
        for place, role in enumerate(drawn):
            now = getattr(columns, role) if getattr(columns, role) in options else NONE
            control(boxes[place % 3].selectbox, field_words(role), now, _column(role), options, key=f"role {role}")
        if columns.shape == "sequences":
            control(
                st.multiselect,
                "columns that hold the items",
                list(columns.sequence),
                _column("sequence"),
                frame.columns,
                key="sequence",
                help="One column with the whole list, or a column a position.",
            )
        elif columns.shape == "edges":
            words = "Edges run one way only (directed)"
            directed = lambda now, value: replace(now, directed=value)  # noqa: E731
            one_way = bool(found.table.directed) if reading.directed is None else reading.directed
            control(st.checkbox, words, one_way, directed, key="directed")
        else:
            _events_only(upload, reading, columns, frame)
        _key_of_details(upload, found, reading)


def _of_shape(guess: ColumnMapping, shape: Any, names: list[str]) -> ColumnMapping:
    """A first mapping for a shape that was not guessed."""
    if shape == "sequences":
        return ColumnMapping(shape=shape, sequence=tuple(names))
    if shape == "edges":
        return ColumnMapping(shape=shape, source=names[0], target=names[1] if len(names) > 1 else None)
    roles = guess_columns_as_events(guess)
    return replace(roles, shape=shape, basket=roles.basket if shape == "baskets" else None)


def guess_columns_as_events(guess: ColumnMapping) -> ColumnMapping:
    """What a guess says about who, what and when, whatever shape it found."""
    if guess.shape in ("events", "baskets"):
        return guess
    first, second = (guess.source, guess.target) if guess.shape == "edges" else (guess.user, None)
    return ColumnMapping(shape="events", user=first, item=second)


def _events_only(upload: Upload, reading: Reading, columns: ColumnMapping, frame: pl.DataFrame) -> None:
    left, right = st.columns([1, 2])
    if columns.timestamp is not None:
        _control(
            upload,
            left.selectbox,
            "dates like 3/4",
            "year first" if columns.year_first else list(DATE_ORDERS)[{None: 0, True: 1, False: 2}[columns.day_first]],
            lambda now, words: now.changed(dict(zip(("day_first", "year_first"), DATE_ORDERS[words], strict=True))),
            list(DATE_ORDERS),
            key="day_first",
            help="Whether the day, the month or a year of two digits comes first; only for dates written that way.",
        )
    taken = set(columns.columns.values())
    _control(
        upload,
        right.multiselect,
        "properties of the items",
        [name for name in columns.side if name in frame.columns],
        _column("side"),
        [name for name in frame.columns if name not in taken or name in columns.side],
        key="side",
        help="Further columns that say something about the item of the row: category, price, …",
    )


def _key_of_details(upload: Upload, found: Outcome, reading: Reading) -> None:
    """Which column of the item details holds the ids, with what each would cover."""
    details = uploads.details_of(upload, found)
    if details is None or not details.coverage:
        return
    covered, ids = dict(details.coverage), len(details.rows)
    _control(
        upload,
        st.selectbox,
        "item details are joined on",
        reading.details_key if reading.details_key in covered else details.coverage[0][0],
        lambda now, value: replace(now, details_key=value),
        list(covered),
        format_func=lambda name: f"{name}: {covered[name]:,} of {ids:,} items",
        key="details",
        help="The column of the details that holds the items' ids; at first the one that covers most of them.",
    )


def _cleaning(upload: Upload, found: Outcome, reading: Reading, columns: ColumnMapping) -> None:
    """The cleaning steps as controls, each off by default except those that only tidy."""
    now, key, control = reading.cleaning, upload.key, partial(_control, upload)
    one, two, three = st.expander("Cleaning", expanded=bool(found.problem)).columns(3)

    def setting(name: str) -> Callable[[Reading, Any], Reading]:
        return lambda reading, value: reading.with_cleaning(**{name: value})

    def number(place: Any, label: str, name: str, short: str, least: int | None, most: int | None) -> None:
        at_first = None if getattr(CleaningConfig(), name) is None else "min"  # None: the field can be emptied again
        control(place.number_input, label, getattr(now, name), setting(name), least, most, at_first, key=short)

    number(one, "Rare items: at least … events", "min_count", "min_count", 1, 1_000_000)
    number(two, "Over-active users: at most … events", "max_user_events", "max_user", 1, None)
    number(three, "Short sequences: at least … events", "min_length", "min_length", 1, 1_000)
    if columns.shape == "events" and columns.timestamp is not None and columns.session is None:
        minutes = f"gap_minutes {key}"
        st.session_state[minutes] = float(session.gap_of(key) or now.gap_minutes)
        three.number_input(
            "A session ends after a pause of … minutes",
            0.001,
            None,
            key=minutes,
            on_change=lambda: session.set_gap(key, st.session_state[minutes]),
            help="The same gap as on the slider below, to any value.",
        )
    control(one.checkbox, "Drop direct repeats", now.drop_repeats, setting("drop_repeats"), key="repeats")
    if columns.rating:
        number(two, f"{plain(columns.rating)}: at least …", "min_rating", "rating", None, None)
    if columns.event_type and found.log is not None:
        kinds = sorted(found.log.parsed.events.kinds)
        wanted = {kind.strip().lower() for kind in now.event_types or ()}
        chosen = [kind for kind in kinds if kind.lower() in wanted]
        only = lambda reading, value: reading.with_cleaning(event_types=tuple(value) or None)  # noqa: E731
        control(two.multiselect, f"{plain(columns.event_type)}: only", chosen, only, kinds, key="kinds")
    if columns.dwell:
        number(three, f"{plain(columns.dwell)}: at least … seconds", "min_dwell_seconds", "dwell", None, None)


def _report(data: ActiveData) -> None:
    """What each cleaning step did; nothing is dropped without a line here."""
    if data.sequences is None:
        return
    steps = [step for step in data.sequences.report if not step.name.startswith("reading: ")]  # those stand above
    names = ("Step", "What happened", "Rows dropped", "Items dropped", "Rows left")
    told = [(s.name, s.text, s.dropped_rows, s.dropped_items, s.rows[1]) for s in steps]
    rows = pl.DataFrame(told, schema=names, orient="row")
    st.markdown("**Cleaning report**")
    st.dataframe(rows, hide_index=True, column_config={"What happened": st.column_config.TextColumn(width="large")})
    for step in steps:
        if step.examples:
            st.caption(sentence(f"{step.name}: {step.text} For example: {' · '.join(step.examples[:3])}"))
