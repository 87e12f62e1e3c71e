"""What the first page needs is loaded while its browser still loads the scripts around it.

A server answers before it has imported what pages are made of. A thread imports that meanwhile, and no run of a page
begins before it is through: of two threads that import at once, each could see a package half made.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import importlib
import inspect
import logging
import os
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from pages.kit.uploads import visitor
from pages.kit.uploads.visitor import AsgiApp, Message, Receive, Send

HOME = Path(__file__).resolve().parents[1] / "home.py"
PATIENCE = 10.0  # seconds; a browser gives a connection up after 15
_log = logging.getLogger("recemb")


def start() -> threading.Thread | None:
    """Begin to load, once a process."""
    if os.environ.get("RECEMB_NO_WARM_UP"):
        return None
    return visitor.once_a_process("first page", _begun)


def _begun() -> threading.Thread:
    thread = threading.Thread(target=load, name="first page", daemon=True)
    thread.start()
    return thread


def load() -> None:
    """Import what Home imports, read the data set that it opens on, and draw a chart of it that nobody sees."""
    gc.disable()  # of what imports make nothing is garbage, and looking through all of it again and again takes long
    try:
        import numpy as np

        # Without Student's t (scipy.special, a fifth of a second), which Home needs long after its title is painted.
        for name in imported(HOME):
            importlib.import_module(name)
        from pages.kit import session
        from recemb_core.figures.item_map import item_map_figure

        titles = session.opening_data().titles
        session.bundled("planted_shop")  # of the moving picture
        item_map_figure(np.zeros((len(titles), 2)), titles, titles).to_json()  # what figures are made of, the names
        inspect.stack()  # Streamlit asks once who has called; the places of all modules are looked up then, and kept
    except Exception:  # the page itself meets the same, and says so
        _log.exception("what the first page needs could not be loaded ahead")
    finally:
        gc.enable()


def imported(path: Path) -> Iterator[str]:
    """The modules that a script imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            inside = (f"{node.module}.{alias.name}" for alias in node.names)
            if getattr(importlib.import_module(node.module), "__path__", None) is not None:
                yield from (name for name in inside if find_spec(name) is not None)


class AfterFirstPage:
    """ASGI middleware: a page's connection, over which its script is run, opens once everything is loaded."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and (loading := start()) is not None and loading.is_alive():
            await asyncio.to_thread(loading.join, PATIENCE)
        await self._app(scope, receive, send)
