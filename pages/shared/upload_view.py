"""Uploading a log: files, what each column is, cleaning, saved sessions, and the report of what was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from pages.shared import selection, upload_memory, uploads
from pages.shared.markdown import plain
from pages.shared.selection import ActiveData
from pages.shared.uploads import File, Outcome, Upload
from recemb_core.datasets import load_dataset
from recemb_core.readers import ColumnMapping, InputError, Reading, guess_columns
from recemb_core.session_file import SessionFile

LIMIT_MB = 200  # .streamlit/config.toml: server.maxUploadSize
SHAPES = {
    "events": "events: one row, one action",
    "baskets": "baskets: one row, one line of a basket",
    "sequences": "sequences: one row, one whole sequence",
    "edges": "edges: one row joins two items",
}
ROLES = {
    "events": ("user", "item", "timestamp", "session", "order", "rating", "event_type", "dwell", "title"),
    "baskets": ("basket", "item", "user", "timestamp", "weight", "title"),
    "sequences": ("user",),
    "edges": ("source", "target", "weight"),
}
DAY_FIRST = {None: "decided on the whole column", True: "day first", False: "month first"}
BOXES = ("log_file", "side_file", "session_file")


def upload_box(data: ActiveData) -> None:
    """The boxes, the uploads there are, and how the one in use is read; a readable log becomes the data set in use."""
    log, side, session = st.columns(3)
    received: dict[str, Any] = {
        "log_file": log.file_uploader(
            "Your log",
            key="log_file",
            accept_multiple_files=True,
            max_upload_size=LIMIT_MB,
            on_change=_changed,
            args=("log_file",),
            help="Events, baskets, sequences or edges: csv, tsv, jsonl, parquet or xlsx, also as .gz or .zip; "
            "MovieLens, UCI Online Retail, RetailRocket and RecBole files are recognised.",
        ),
        "side_file": side.file_uploader(
            "Item details (optional)",
            key="side_file",
            max_upload_size=LIMIT_MB,
            on_change=_changed,
            args=("side_file",),
            help="Titles, categories, …: one row an item, matched by its id. For an edge list: one row a node.",
        ),
        "session_file": session.file_uploader(
            "A saved session (optional)",
            key="session_file",
            type=["toml"],
            max_upload_size=1,
            on_change=_changed,
            args=("session_file",),
            help="From 'Save the session' in the sidebar. It restores the reading, the cleaning and the settings of "
            "the pages; a log of your own is uploaded beside it.",
        ),
    }
    st.caption(
        f"Up to {LIMIT_MB} MB a file. A file goes to the memory of the computer that runs this app, never to its disk, "
        f"and only this browser sees it. {upload_memory.limits_text()}"
    )
    st.download_button(
        "A sample file to try",
        sample_csv,
        "sample_log.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
    if _take(received):
        st.rerun()
    for sentence in uploads.said():
        st.warning(plain(sentence), icon=":material/info:")
    _list(data)
    upload = uploads.every().get(st.session_state.get("data", ""))
    if upload is not None:
        _edit(upload, data)


def _changed(box: str) -> None:
    """A box was filled or emptied by the person; a box that is empty because the page was left says nothing."""
    st.session_state["_boxes"] = {*st.session_state.get("_boxes", ()), box}


def _take(received: dict[str, Any]) -> bool:
    """Do what the changed boxes ask for; whether anything changed."""
    changed = st.session_state.pop("_boxes", set())
    if not changed:
        return False
    st.session_state["_upload_said"] = []
    side = received["side_file"]
    if "log_file" in changed:
        _take_logs(received["log_file"], side)
    elif "side_file" in changed:
        in_use = uploads.every().get(st.session_state.get("data", ""))
        if in_use is None:
            uploads.say("Item details belong to a log: upload the log as well.")
        else:
            reading = in_use.reading and replace(in_use.reading, details_key=None)
            uploads.put(replace(in_use, side=_file(side), reading=reading))
    if "session_file" in changed:
        st.session_state["_session"] = None
        if received["session_file"] is not None:
            try:
                st.session_state["_session"] = SessionFile.from_toml(received["session_file"].getvalue())
            except InputError as error:
                uploads.say(f"{received['session_file'].name}: {error}")
    _restore()
    return True


def _take_logs(logs: list[Any], side: Any) -> None:
    """Files that are new in the box come into use, those taken out of it are removed."""
    boxed: dict[str, str] = st.session_state.setdefault("_boxed", {})  # file in the box → its upload
    here = {log.file_id for log in logs}
    gone = {boxed.pop(file_id) for file_id in list(boxed) if file_id not in here}
    for log in logs:
        if log.file_id in boxed:
            continue
        upload = Upload(File(log.name, log.getvalue()), _file(side))
        before = uploads.every().get(upload.key)
        reading = selection.linked_reading(upload.key) or (None if before is None else before.reading)
        uploads.put(replace(upload, reading=reading))
        boxed[log.file_id] = st.session_state["data"] = upload.key
    for key in gone - set(boxed.values()):
        remove(key)


def _file(received: Any) -> File | None:
    return None if received is None else File(received.name, received.getvalue())


def _restore() -> None:
    """Apply a saved session as soon as its data are here; what is still missing is said."""
    saved: SessionFile | None = st.session_state.get("_session")
    if saved is None:
        return
    if saved.file is None:
        if saved.data not in selection.bundled_names():
            uploads.say(f"The saved session is of the data set {saved.data!r}, which this app does not have.")
        else:
            selection.restore_settings(saved.data, dict(saved.settings))
        st.session_state["_session"] = None
        return
    upload = next((u for u in uploads.every().values() if u.log.mark.digest == saved.file.digest), None)
    if upload is None:
        same = any(u.name == saved.file.name for u in uploads.every().values())
        other = f" The {saved.file.name} that is here has other content." if same else ""
        wanted = f"{saved.file.name} ({saved.file.size:,} bytes)"
        uploads.say(f"The saved session belongs to {wanted}: upload it too.{other}")
        return
    if saved.details is not None and (upload.side is None or upload.side.mark.digest != saved.details.digest):
        uploads.say(f"The saved session used {saved.details.name} as item details: upload it as well.")
        return
    uploads.put(replace(upload, reading=saved.reading))
    selection.restore_settings(upload.key, dict(saved.settings))
    st.session_state["_session"] = None


def remove(key: str) -> None:
    """Forget an upload; if it was in use, the page's own data set is shown again."""
    uploads.drop(key)
    selection.forget_data(key)


def _list(data: ActiveData) -> None:
    """The uploads there are, each with a way to use it and a way to be rid of it."""
    for key, upload in uploads.every().items():
        name, use, away = st.columns([4, 1, 1], vertical_alignment="center")
        details = "" if upload.side is None else f" with {plain(upload.side.name)}"
        size = upload.log.mark.size + (0 if upload.side is None else upload.side.mark.size)
        chosen = key == st.session_state.get("data")
        state = "could not be used" if chosen and data.key != key else "in use" if chosen else ""
        name.markdown(
            f"**{plain(uploads.title(upload))}**{details} · {size_text(size)}" + (f" · {state}" if state else "")
        )
        if not chosen:
            use.button("Use", key=f"use {key}", on_click=selection.choose_data, args=(key,), width="stretch")
        away.button(
            "Remove",
            key=f"remove {key}",
            icon=":material/delete:",
            on_click=remove,
            args=(key,),
            width="stretch",
            help="Forget this file, here and on the server.",
        )


def size_text(size: int) -> str:
    """Bytes in the unit that a person would take.

    >>> size_text(1_100), size_text(2_345_678)
    ('1.1 kB', '2.3 MB')
    """
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def sample_csv() -> str:
    """The planted shop's first users as an uploadable log."""
    data = load_dataset("planted_shop").sequences
    assert data is not None
    assert data.users is not None
    assert data.timestamps is not None
    few = int(data.offsets[min(200, len(data))])
    user = [str(u) for u, n in zip(data.users, data.lengths, strict=True) for _ in range(int(n))][:few]
    item = [data.items[int(t)] for t in data.tokens[:few]]
    time = pl.from_epoch(pl.Series("timestamp", data.timestamps[:few].astype("int64")), time_unit="s")
    return pl.DataFrame({"user_id": user, "item_id": item, "timestamp": time}).write_csv()


def _edit(upload: Upload, data: ActiveData) -> None:
    """How the upload is read, every part of it changeable."""
    found = uploads.outcome(upload)
    if found.table is None or found.reading is None or found.reading.columns is None:
        return
    table, reading, columns = found.table, found.reading, found.reading.columns
    with st.container(border=True):
        st.markdown(
            f"**{plain(upload.name)}**: {len(table.frame):,} rows, {len(table.frame.columns)} columns, {table.format}"
            + (f", {table.encoding}" if table.encoding else "")
            + (f", recognised as **{columns.preset}**" if columns.preset else "")
        )
        notes = table.notes if found.log is None else found.log.parsed.notes
        for note in notes:
            st.caption(plain(note))
        _mapping(upload, found, reading, columns)
        if columns.shape != "edges":
            _cleaning(upload, table.frame, reading, columns)
        with st.expander("First rows of the file"):
            st.dataframe(table.frame.head(8), hide_index=True)
    if data.key == upload.key:
        _report(data)


def _control(
    draw: Callable[..., Any],
    label: str,
    current: Any,
    change: Callable[[Reading, Any], Reading],
    *args: Any,
    key: str,
    upload: Upload,
    **options: Any,
) -> None:
    """A widget that shows what the reading says and writes into the reading what the person chooses."""
    st.session_state[key] = current

    def write() -> None:
        value = st.session_state[key]
        uploads.change_reading(upload.key, lambda reading: change(reading, value))

    draw(label, *args, key=key, on_change=write, **options)


def _column(role: str) -> Callable[[Reading, Any], Reading]:
    """How a reading changes when its widget says something else for a role."""

    def change(reading: Reading, value: Any) -> Reading:
        assert reading.columns is not None
        named = role.replace("_", " ")
        why = [line for line in reading.columns.why if not line.startswith((f"{role}:", f"{named}:"))]
        if isinstance(value, str):
            why.append(f"{named}: {value}, as chosen")
        return replace(reading, columns=replace(reading.columns, preset=None, why=tuple(why), **{role: value}))

    return change


def _mapping(upload: Upload, found: Outcome, reading: Reading, columns: ColumnMapping) -> None:
    """The shape, and which column plays which role."""
    assert found.table is not None
    frame = found.table.frame
    ready = columns.is_complete or columns.shape == "edges"
    with st.expander("Which column is what", expanded=not ready or bool(found.problem)):
        st.caption(plain(" ".join(f"{why.rstrip('.')}." for why in columns.why)) or "As chosen.")

        def shaped(now: Reading, shape: Any) -> Reading:
            guess = guess_columns(frame)
            return replace(now, columns=guess if guess.shape == shape else _of_shape(guess, shape, frame.columns))

        _control(
            st.selectbox,
            "Shape",
            columns.shape,
            shaped,
            list(SHAPES),
            format_func=SHAPES.__getitem__,
            key=f"shape {upload.key}",
            upload=upload,
        )
        boxes = st.columns(3)
        options = [None, *frame.columns]
        for place, role in enumerate(ROLES[columns.shape]):
            _control(
                boxes[place % 3].selectbox,
                role.replace("_", " "),
                getattr(columns, role) if getattr(columns, role) in options else None,
                _column(role),
                options,
                format_func=lambda name: "–" if name is None else name,
                key=f"role {role} {upload.key}",
                upload=upload,
            )
        if columns.shape == "sequences":
            _control(
                st.multiselect,
                "columns that hold the items",
                list(columns.sequence),
                _column("sequence"),
                frame.columns,
                key=f"sequence {upload.key}",
                upload=upload,
                help="One column with the whole list, or a column a position.",
            )
        elif columns.shape == "edges":
            _control(
                st.checkbox,
                "Edges run one way only (directed)",
                reading.directed,
                lambda now, value: replace(now, directed=value),
                key=f"directed {upload.key}",
                upload=upload,
            )
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
            left.selectbox,
            "dates like 3/4",
            columns.day_first,
            _column("day_first"),
            list(DAY_FIRST),
            format_func=DAY_FIRST.__getitem__,
            key=f"day_first {upload.key}",
            upload=upload,
            help="Whether the day or the month comes first; only for dates written that way.",
        )
    taken = set(columns.columns.values())
    _control(
        right.multiselect,
        "properties of the items",
        [name for name in columns.side if name in frame.columns],
        _column("side"),
        [name for name in frame.columns if name not in taken or name in columns.side],
        key=f"side {upload.key}",
        upload=upload,
        help="Further columns that say something about the item of the row: category, price, …",
    )


def _key_of_details(upload: Upload, found: Outcome, reading: Reading) -> None:
    """Which column of the item details holds the ids, with what each would cover."""
    details = uploads.details_of(upload, found)
    if details is None or details.key is None:
        return
    covered, ids = dict(details.coverage), len(details.rows)
    _control(
        st.selectbox,
        "item details are joined on",
        details.key,
        lambda now, value: replace(now, details_key=value),
        list(covered),
        format_func=lambda name: f"{name}: {covered[name]:,} of {ids:,} items",
        key=f"details {upload.key}",
        upload=upload,
        help="The column of the details that holds the items' ids; at first the one that covers most of them.",
    )


def _cleaning(upload: Upload, frame: pl.DataFrame, reading: Reading, columns: ColumnMapping) -> None:
    """The cleaning steps as controls, each off by default except those that only tidy."""
    now, key = reading.cleaning, upload.key
    one, two, three = st.expander("Cleaning").columns(3)

    def setting(name: str) -> Callable[[Reading, Any], Reading]:
        return lambda reading, value: reading.with_cleaning(**{name: value})

    def number(place: Any, label: str, name: str, short: str, *limits: Any) -> None:
        value = getattr(now, name)
        _control(place.number_input, label, value, setting(name), *limits, key=f"{short} {key}", upload=upload)

    number(one, "Rare items: at least … events", "min_count", "min_count", 1, 1_000_000)
    number(two, "Over-active users: at most … events", "max_user_events", "max_user", 1, None)
    number(three, "Short sequences: at least … events", "min_length", "min_length", 1, 1_000)
    _control(
        one.checkbox,
        "Drop direct repeats",
        now.drop_repeats,
        setting("drop_repeats"),
        key=f"repeats {key}",
        upload=upload,
    )
    if columns.rating:
        number(two, f"{plain(columns.rating)}: at least …", "min_rating", "rating", None, None)
    if columns.event_type and columns.event_type in frame.columns:
        kinds = sorted(frame[columns.event_type].drop_nulls().cast(pl.String).str.strip_chars().unique().to_list())[:50]
        chosen = [kind for kind in now.event_types or () if kind in kinds]
        _control(
            two.multiselect,
            f"{plain(columns.event_type)}: only",
            chosen,
            lambda reading, value: reading.with_cleaning(event_types=tuple(value) or None),
            kinds,
            key=f"kinds {key}",
            upload=upload,
        )
    if columns.dwell:
        number(three, f"{plain(columns.dwell)}: at least … seconds", "min_dwell_seconds", "dwell", None, None)


def _report(data: ActiveData) -> None:
    """What each cleaning step did; nothing is dropped without a line here."""
    if data.sequences is None:
        return
    steps = data.sequences.report
    rows = pl.DataFrame(
        {
            "Step": [s.name for s in steps],
            "What happened": [s.text for s in steps],
            "Rows dropped": [s.dropped_rows for s in steps],
            "Items dropped": [s.dropped_items for s in steps],
            "Rows left": [s.rows[1] for s in steps],
        }
    )
    st.markdown("**Cleaning report**")
    st.dataframe(rows, hide_index=True, column_config={"What happened": st.column_config.TextColumn(width="large")})
    for step in steps:
        if step.examples:
            st.caption(plain(f"{step.name}, for example: {' · '.join(step.examples[:3])}"))
