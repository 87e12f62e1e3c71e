"""What the server does before and around the script: settings are checked, browsers get their headers and cookie."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware
from streamlit import cli_util, config
from streamlit.web.server import server_util

from pages.kit import first_page
from pages.kit.headers import SecurityHeaders, ancestors_from_environment
from pages.kit.uploads.memory import held_limits_from_environment, limits_from_environment
from pages.kit.uploads.visitor import VisitorCookie

# Seconds until a thread gives way to another that wants to run. What the pages of a class show goes out through one
# thread, which asks for its turn at every message: beside four scripts that compute, a step of it takes 35 ms by
# Python's own 5 ms, and 2 to 3 by this.
GIVE_WAY = 0.001


def middleware() -> list[Middleware]:
    """What a page may load and run, and, where uploads are kept, the cookie that finds one again after a reload.

    Settings are checked first.
    """
    keep_uploads_in_memory()
    try:
        limits = limits_from_environment()
        held_limits_from_environment()
        _check_readers()
        _check_runs()
        ancestors = ancestors_from_environment()
    except ValueError as error:
        raise SystemExit(str(error)) from None
    cookie = [Middleware(VisitorCookie, seconds=limits.seconds)] if limits.on else []
    return [Middleware(SecurityHeaders, ancestors=ancestors), *cookie, Middleware(first_page.AfterFirstPage)]


def _check_readers() -> None:
    """Where nothing is set nothing is wrong, and the server answers before it has imported what reads files."""
    if any(name.startswith(("RECEMB_READER_", "RECEMB_FILE_")) for name in os.environ):
        from recemb_core.reader_pool import ReaderLimits
        from recemb_core.readers.limits import FileLimits

        ReaderLimits.from_environment()
        FileLimits.from_environment()


def _check_runs() -> None:
    """The same for kept runs."""
    if any(name.startswith("RECEMB_RUNS") for name in os.environ):
        from pages.kit.kept_runs import switched_on
        from recemb_core.runs.limits import RunLimits

        switched_on(None)
        RunLimits.from_environment()


def keep_uploads_in_memory() -> None:
    """Files on their way in stay off the disk, too: by default those over a megabyte wait in a temporary file.

    What one may have is bounded before (``server.maxUploadSize``).
    """
    MultiPartParser.spool_max_size = sys.maxsize


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Let messages to browsers out between the steps of scripts; open a browser where there is a screen; load its page.

    Streamlit opens a browser for a plain script, not for an ``st.App``.
    """
    sys.setswitchinterval(GIVE_WAY)
    if not st.get_option("server.headless"):
        asyncio.get_running_loop().call_soon(_open_browser)  # what fails there does not keep the server from starting
    first_page.start()
    yield


def _open_browser() -> None:
    known = next((n for n in ("browser.serverAddress", "server.address") if config.is_manually_set(n)), None)
    address = server_util.get_display_address(config.get_option(known)) if known else "localhost"
    cli_util.open_browser(server_util.get_url(address))
