"""Uploading a log: the boxes, the uploads there are, saved sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import links, session
from pages.kit.downloads import download
from pages.kit.session import ActiveData
from pages.kit.text import plain, sentence
from pages.kit.uploads import apart, memory, uploads
from pages.kit.uploads.files import File
from pages.kit.uploads.uploads import Upload
from pages.views.sequences.reading import edit_reading
from pages.views.sequences.server_files import outdated_words, read_again, server_files
from recemb_core.datasets import load_dataset
from recemb_core.plans import page_settings
from recemb_core.readers import InputError
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError

LIMIT_MB = 200  # .streamlit/config.toml: server.maxUploadSize


def upload_box(data: ActiveData) -> None:
    """The boxes, the uploads there are, and how the one in use is read; a readable log becomes the data set in use."""
    with st.container(key="boxes"):
        st.html("<style>.st-key-boxes [data-testid=stColumn] { min-width: min(11rem, 100%); }</style>")
        log, side, saved_box = st.columns(3)

    def box(place: Any, key: str, label: str, help: str, **more: Any) -> Any:
        more = {"max_upload_size": LIMIT_MB, "on_change": _changed, "args": (key,), **more}
        return place.file_uploader(label, key=key, help=help, **more)

    received = {
        "log_file": box(
            log,
            "log_file",
            "Your log",
            "Events, baskets, sequences, edges: csv, tsv, json, parquet, xlsx, GML, GraphML, also in .gz, .zip, .tar; "
            "MovieLens, Amazon, UCI Online Retail, RecBole and other well-known files are recognised.",
            accept_multiple_files=True,
        ),
        "side_file": box(
            side,
            "side_file",
            "Item details (optional)",
            "Titles, categories, …: one row an item, matched by its id. For an edge list: one row a node.",
        ),
        "session_file": box(
            saved_box,
            "session_file",
            "A saved session (optional)",
            "From 'Save the session' in the sidebar. It restores the reading, the cleaning and the settings of "
            "the pages; a log of your own is uploaded beside it.",
            type=["toml"],
            max_upload_size=1,
        ),
    }
    st.caption(
        f"Up to {LIMIT_MB} MB a file, {apart.limits_text()} A file goes to the memory of the computer that runs this "
        f"app, never to its disk, and only this browser sees it. {memory.limits_text()}"
    )
    server_files(size_text)
    download("A sample file to try", "sample_log.csv", sample_log)
    if "log_file" not in st.session_state.get("_boxes", ()) and not received["log_file"]:
        st.session_state["_boxed"] = {}  # the page was left: the box is empty, and nothing was taken out of it
    if _take(received):
        st.rerun()
    for said in uploads.said():
        st.warning(sentence(said), icon=":material/info:")
    _list(data)
    upload = uploads.every().get(st.session_state.get("data", ""))
    if upload is not None:
        edit_reading(upload, data)


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
            _put_details(in_use.key, _file(side))
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
        reading = session.linked_reading(upload.key) or (None if before is None else before.reading)
        uploads.put(replace(upload, reading=reading))
        wanted = session.linked_details(upload.key)
        if wanted is not None and upload.side is None:
            uploads.say(f"The link was made with {wanted} as item details: upload it as well.")
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
        if saved.data not in session.bundled_names():
            uploads.say(f"The saved session is of the data set {saved.data!r}, which this app does not have.")
        else:
            _settings(saved.data, saved)
        st.session_state["_session"] = None
        return
    upload = next((u for u in uploads.every().values() if u.log.mark.digest == saved.file.digest), None)
    upload = upload or uploads.of_mark(saved.file, saved.details)
    if upload is None:
        same = any(u.name == saved.file.name for u in uploads.every().values())
        other = f" The {saved.file.name} that is here has other content." if same else ""
        wanted = f"{saved.file.name} ({saved.file.size:,} bytes)"
        uploads.say(f"The saved session belongs to {wanted}: upload it too.{other}")
        return
    if saved.details is not None and (upload.side is None or upload.side.mark.digest != saved.details.digest):
        uploads.say(f"The saved session used {saved.details.name} as item details: upload it as well.")
        return
    if saved.details is None and upload.side is not None:
        uploads.say(f"The saved session used no item details, so {upload.side.name} was taken off.")
        upload = replace(upload, side=None)
    uploads.put(replace(upload, reading=saved.reading))
    _settings(upload.key, saved)
    st.session_state["_session"] = None


def _settings(key: str, saved: SessionFile) -> None:
    """The controls as the session says, written by a page or by the command line."""
    try:
        settings, left = page_settings(saved)
    except UsageError as error:
        uploads.say(f"The saved session's settings are passed over: {error}.")
        settings, left = {}, []
    uploads.say(*left)
    links.restore_settings(key, settings)


def remove(key: str) -> None:
    """Forget an upload; if it was in use, the page's own data set is shown again."""
    uploads.drop(key)
    session.forget_data(key)


def _list(data: ActiveData) -> None:
    """The uploads there are, each with a way to use it and a way to be rid of it."""
    for key, upload in uploads.every().items():
        row = st.container(horizontal=True, vertical_alignment="center")
        details = "" if upload.side is None else f" with {plain(upload.side.name)}"
        size = upload.log.mark.size + (0 if upload.side is None else upload.side.mark.size)
        chosen = key == st.session_state.get("data")
        state = "could not be used" if chosen and data.key != key else "in use" if chosen else ""
        row.markdown(
            f"**{plain(uploads.title(upload))}**{details} · {size_text(size)}" + (f" · {state}" if state else "")
        )
        if words := outdated_words(upload):
            row.caption(words, width="content")
            row.button("Read it as it is now", key=f"again {key}", on_click=read_again, args=(key,))
        if not chosen:
            row.button("Use", key=f"use {key}", on_click=session.choose_data, args=(key,))
        if upload.side is not None:
            row.button(
                "Without details",
                key=f"bare {key}",
                on_click=_put_details,
                args=(key, None),
                help=f"Read the log without {plain(upload.side.name)}.",
            )
        row.button(
            "Remove",
            key=f"remove {key}",
            icon=":material/delete:",
            on_click=remove,
            args=(key,),
            help="Forget this file, here and on the server."
            if isinstance(upload.log, File)
            else "Forget what was read of it; the file stays in the server's folder.",
        )


def _put_details(key: str, side: File | None) -> None:
    """Other item details, or none, beside a log; which column they are joined on is found again."""
    upload = uploads.every()[key]
    reading = upload.reading and replace(upload.reading, details_key=None)
    uploads.put(replace(upload, side=side, reading=reading))


def size_text(size: int) -> str:
    """Bytes in the unit that a person would take.

    >>> size_text(1_100), size_text(2_345_678)
    ('1.1 kB', '2.3 MB')
    """
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def sample_log() -> pl.DataFrame:
    """The planted shop's first users as an uploadable log."""
    data = load_dataset("planted_shop").sequences
    assert data is not None
    assert data.users is not None
    assert data.timestamps is not None
    few = int(data.offsets[min(200, len(data))])
    user = [str(u) for u, n in zip(data.users, data.lengths, strict=True) for _ in range(int(n))][:few]
    item = [data.items[int(t)] for t in data.tokens[:few]]
    time = pl.from_epoch(pl.Series("timestamp", data.timestamps[:few].astype("int64")), time_unit="s")
    return pl.DataFrame({"user_id": user, "item_id": item, "timestamp": time})
