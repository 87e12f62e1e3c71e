"""Files of the server's own folder beside the upload box: chosen by name, read where they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from pages.kit.text import plain, sentence
from pages.kit.uploads import files, uploads
from pages.kit.uploads.uploads import Upload
from recemb_core.readers import InputError
from recemb_core.readers.errors import counted
from recemb_core.readers.server_folder import DEPTH, MOST_FILES

CHOSEN = "server file"


def server_files(size_text: Callable[[int], str]) -> None:
    """The box of files, with what they can be; nothing where the server offers no folder."""
    try:
        found = files.listing()
    except InputError as error:
        st.warning(sentence(error), icon=":material/folder_off:")
        return
    if found is None:
        return
    name = st.selectbox(
        f"Or a file of the server's folder ({len(found.files):,})",
        list(found.files),
        index=None,
        placeholder="Type to search" if found.files else "The folder is empty",
        format_func=lambda one: f"{one} · {size_text(found.files[one].size)}" if one in found.files else one,
        key=CHOSEN,
        help="Files of any size up to the reader's own limits: they are read where they lie and not uploaded.",
    )
    with st.container(horizontal=True):
        log_there = uploads.every().get(st.session_state.get("data", "")) is not None
        st.button("Use as the log", disabled=name is None, on_click=use_as_log, args=(name,), key="server log")
        st.button(
            "Use as item details",
            disabled=name is None or not log_there,
            on_click=use_as_details,
            args=(name,),
            key="server details",
            help="Of the log in use." if log_there else "Choose a log first.",
        )
    left = (
        f"{counted(found.left, 'entry')} left out: links, hidden ones, what is no plain file, and what may not be read."
    )
    more = (
        f"There are more: the first {MOST_FILES:,} files are listed, by name, of folders up to {DEPTH} deep. To find "
        "another here, give it a place nearer, or the server a folder with fewer files."
    )
    if said := " ".join([left] * bool(found.left) + [more] * found.more):
        st.caption(said)


def use_as_log(name: str) -> None:
    """Make a file of the folder the log in use; a button's callback."""
    st.session_state["_upload_said"] = []
    try:
        log = files.from_folder(name)
    except InputError as error:
        uploads.say(str(error))
        return
    before = uploads.every().get(f"{uploads.MARK}{log.short}")
    uploads.put(Upload(log) if before is None else replace(before, log=log))
    st.session_state["data"] = f"{uploads.MARK}{log.short}"


def use_as_details(name: str) -> None:
    """Put a file of the folder beside the log in use; a button's callback."""
    st.session_state["_upload_said"] = []
    upload = uploads.every().get(st.session_state.get("data", ""))
    if upload is None:
        return
    try:
        side = files.from_folder(name)
    except InputError as error:
        uploads.say(str(error))
        return
    uploads.put(replace(upload, side=side, reading=upload.reading and replace(upload.reading, details_key=None)))


def read_again(key: str) -> None:
    """Take the files of an upload as they are now; a button's callback."""
    upload = uploads.every().get(key)
    if upload is None:
        return
    try:
        log, side = (
            files.from_folder(one.name) if isinstance(one, files.FolderFile) else one
            for one in (upload.log, upload.side)
        )
    except InputError as error:
        uploads.say(str(error))
        return
    assert log is not None
    fresh = replace(upload, log=log, side=side)
    uploads.drop(key)
    uploads.put(fresh)
    st.session_state["data"] = fresh.key


def outdated_words(upload: Upload) -> str:
    """Which files of an upload are no longer what they were; "" where all are."""
    return " ".join(plain(sentence(one)) for one in uploads.outdated(upload))
