"""What a button does before the page is drawn: where that cannot be, a sentence over the page and no traceback.

Streamlit runs callbacks before the script, outside of what :func:`pages.kit.frame.page` says errors by.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import streamlit as st

from pages.kit.text import sentence
from recemb_core.validation import UsageError

P = ParamSpec("P")


def told(callback: Callable[P, object]) -> Callable[P, None]:
    """The callback, whose :class:`UsageError` is a message that stays until it is closed.

    It is for callbacks that reach for what others may have taken away meanwhile: a kept run, its folder, a file.
    """

    @wraps(callback)
    def wrapped(*args: P.args, **named: P.kwargs) -> None:
        try:
            callback(*args, **named)
        except UsageError as error:
            words = str(error)
            st.toast(sentence(f"{words[:1].upper()}{words[1:]}."), icon=":material/error:", duration="infinite")

    return wrapped
