"""plotly asks whether a value is one of pandas' where that is imported, and takes a half-imported one for a whole one.

Our figures hold no pandas values, so pandas, which takes longer to import than a first page may, is not imported for
them; and while another thread imports it, it is not there yet.
"""

from __future__ import annotations

from typing import Any

import _plotly_utils.basevalidators
import _plotly_utils.utils
from _plotly_utils.optional_imports import get_module


def whole_module(name: str, should_load: bool = True) -> Any:
    """As plotly's own ``get_module``, but None for a module that another thread is importing."""
    found = get_module(name, should_load)
    return None if getattr(getattr(found, "__spec__", None), "_initializing", False) else found


def install() -> None:
    """Let plotly ask this instead."""
    for module in (_plotly_utils.basevalidators, _plotly_utils.utils):
        module.get_module = whole_module
