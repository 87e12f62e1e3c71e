"""What is known of the users of the data in use: a bundled table, a file of this session, columns of the log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import polars as pl
import streamlit as st

from pages.kit import results
from pages.kit.allowed import Options
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain, quoted, sentence
from pages.kit.uploads.apart import read_apart
from pages.views.deep_models.log_columns import NO_WORDS, OwnColumns, own_columns_box, own_columns_lines
from recemb_core.deep.user_fields import USER
from recemb_core.readers import InputError
from recemb_core.readers.user_details import UserDetails, join_details, read_user_details

LIMIT_MB = 50
NETWORKS = ("YouTube DNN", "Two-tower")
WORDS = Parameter(
    DEEP_PAGE,
    "user_words",
    "Words searched for",
    Options(),
    NO_WORDS,
    help="A column of your file whose words count one by one, as the words of a search do: their mean goes in.",
)


@dataclass(frozen=True, eq=False)
class Details:
    """User details in use.

    Attributes:
        frame: ``user`` and a column a fact; None where nothing is known.
        file: name of the file that was brought; "" for those bundled with the data.
        notes: how it was read.
        words: its column of words, "" for none.
        own: columns of the log itself, which stand first in the frame.
    """

    frame: pl.DataFrame | None
    file: str = ""
    notes: tuple[str, ...] = ()
    words: str = ""
    own: OwnColumns = field(default_factory=OwnColumns)

    @property
    def columns(self) -> list[str]:
        """The facts."""
        return [] if self.frame is None else [name for name in self.frame.columns if name != USER]


def details_box(data: ActiveData) -> Details:
    """The box for a file of user details, behind a button; what is in use."""
    key = f"user details of {data.key}"
    file = results.session_results().get(("user details", data.key))
    with st.popover("User details", icon=":material/group:", width="stretch"):
        own = own_columns_box(data)
        received = st.file_uploader(
            "A table with a row a user",
            key=f"user_details@{data.key}",
            on_change=lambda: st.session_state.update({f"{key} changed": True}),
            max_upload_size=LIMIT_MB,
            help="csv, tsv, JSON, parquet or xlsx: a column with the users of this log, and columns such as age group, "
            "place, or the words they searched for.",
        )
        if st.session_state.pop(f"{key} changed", False):
            file = None if received is None else (received.name, received.getvalue())
            if file is None:
                results.session_results().drop(("user details", data.key))
            else:
                results.session_results().put(("user details", data.key), file, again=True)
        details = _read(data, file)
        for note in details.notes:
            st.caption(sentence(note))
        if details.frame is None:
            lacks = "No file says more" if own.frame is not None else "Nothing is known"
            rest = "A file is kept for this session alone, and is in no link or saved session."
            st.caption(f"{lacks} of the users of this log. {rest}")
        elif not details.file:
            st.caption(f"Bundled with {plain(data.title)}: {details.frame.height:,} users, "
                       f"{', '.join(plain(field_words(name)) for name in details.columns)}. "
                       "A file of yours takes their place.")  # fmt: skip
    return replace(details, frame=join_details(own.frame, details.frame), own=own)


def _read(data: ActiveData, file: tuple[str, bytes] | None) -> Details:
    assert data.sequences is not None
    if file is None:
        WORDS.bind(data, default=NO_WORDS, among=[NO_WORDS])
        return Details(data.user_details)
    users = () if data.sequences.users is None else tuple(dict.fromkeys(data.sequences.users.tolist()))
    digest = hashlib.blake2b(file[1], digest_size=12).hexdigest()

    def read(words: str) -> UserDetails:
        remember = ("user details", data.fingerprint, digest, words)
        return read_apart(
            file[0], read_user_details, file[1], users, words=words or None, name=file[0], remember=remember
        )

    try:
        first: UserDetails = results.remember(data, ("user details", digest, ""), lambda: read(""))
        names = {NO_WORDS: "none", **{name: field_words(name) for name in first.columns}}
        words = WORDS.bind(data, default=NO_WORDS, among=list(names)).draw(format_func=names.__getitem__)
        found = results.remember(data, ("user details", digest, words), lambda: read(words))
    except InputError as error:
        st.warning(sentence(f"{error}."))
        WORDS.bind(data, default=NO_WORDS, among=[NO_WORDS])
        return Details(data.user_details)
    return Details(found.frame, file[0], found.notes, words)


def details_lines(data: ActiveData, details: Details) -> tuple[list[str], list[str]]:
    """The imports and the lines of Python that make ``details``, the frame."""
    imports, lines = own_columns_lines(data, details.own)
    names = ["read_user_details"] if details.file else []
    if details.file:
        words = f", words={quoted(details.words)}" if details.words else ""
        table = f"read_user_details({quoted(details.file)}, list(set(sequences.users)){words}).frame"
    else:
        table = "None" if data.user_details is None else "data.user_details"
    if lines and table != "None":
        names.append("join_details")
        table = f"join_details(own, {table})"
    elif lines:
        table = "own"
    imports += [f"from recemb_core.readers.user_details import {', '.join(sorted(names))}"] if names else []
    return imports, [*lines, f"details = {table}"]
