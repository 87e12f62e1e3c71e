"""Uploads are read in processes of their own; what they may hold and take stands beside the upload box."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, TypeVar

import streamlit as st

from pages.kit import text
from pages.kit.uploads import visitor
from recemb_core.reader_pool import ReaderLimits, ReaderPool
from recemb_core.readers.limits import FileLimits

T = TypeVar("T")


def readers() -> ReaderPool:
    """The processes that read this server's uploads."""
    return visitor.once_a_process("readers", lambda: ReaderPool(ReaderLimits.from_environment()))


def limits_text() -> str:
    """What a file may hold and what reading it may take, for beside the upload box."""
    file, reader = FileLimits.from_environment(), readers().limits
    return (
        f"{file.megabytes:,} MB unpacked, {file.columns:,} columns and {file.id_length:,} characters an id; reading it "
        f"may take {reader.seconds:g} s a step and, where the system can bound it, {reader.megabytes:,} MB of memory."
    )


def read_apart(name: str, function: Callable[..., T], /, *args: Any, remember: Hashable = None, **named: Any) -> T:
    """``function`` in a process of its own, which a file can end without ending this one."""
    place, start = st.empty(), time.monotonic()

    def wanted() -> bool:
        seconds = time.monotonic() - start
        if seconds > 1:  # drawing is also where Streamlit ends a run that nobody waits for any more
            place.caption(f"Reading {text.plain(name)} … {seconds:.0f} s; a step may take {readers().limits.seconds:g}")
        return True

    try:
        return readers().read(name, partial(function, **named), *args, key=remember, wanted=wanted)
    finally:
        place.empty()
