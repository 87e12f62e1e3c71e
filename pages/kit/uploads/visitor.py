"""Which browser is asking: a random cookie signed by this process, set with the page and read in the script."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from types import ModuleType
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

_TOKEN = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{64})")  # 256 random bits and their signature


def once_a_process(name: str, make: Callable[[], T]) -> T:
    """The one object of that name in this process, whatever is imported anew.

    Where sources are watched, Streamlit forgets a changed module and all that hangs on it; it never forgets one
    without a file.
    """
    kept = sys.modules.setdefault("recemb_process", ModuleType("recemb_process")).__dict__
    if name not in kept:
        kept.setdefault(name, make())  # of two threads, the first one's object stays
    found: T = kept[name]
    return found


def _key() -> bytes:
    return once_a_process("key of the visitors' cookies", lambda: secrets.token_bytes(32))


def _signature(text: str) -> str:
    return hmac.new(_key(), text.encode(), hashlib.sha256).hexdigest()


def new_token() -> str:
    """256 random bits, signed: only this process can make one, and it needs to remember none."""
    text = secrets.token_urlsafe(32)
    return f"{text}.{_signature(text)}"


def visitor_of(token: str | None) -> str | None:
    """The visitor whom a token stands for; None where this process did not issue it. The token cannot be told from it.

    >>> visitor_of(new_token()) is None, visitor_of("made up"), visitor_of(None)
    (False, None, None)
    """
    match = _TOKEN.fullmatch(token or "")
    if match is None or not hmac.compare_digest(match[2], _signature(match[1])):
        return None
    return _signature(f"visitor {match[1]}")


def cookie_name() -> str:
    """Browsers share cookies between the ports of one computer; two servers must not overwrite each other's."""
    return f"recemb_visitor_{st.get_option('server.port')}"


def visitor() -> str | None:
    """The visitor of the session that runs now; None without a cookie of this process (as in a test of a page)."""
    token = st.context.cookies.get(cookie_name())
    return visitor_of(token if isinstance(token, str) else None)  # a page under test has a stand-in for cookies


class VisitorCookie:
    """ASGI middleware: a page that goes out gives its browser the cookie, or renews the one it has.

    Scripts of a page cannot read it (HttpOnly), other sites' requests do not carry it (SameSite=Lax; Strict would also
    lose it, and the uploads with it, where a person follows a link to the app), and over https it never goes in clear.
    """

    def __init__(self, app: AsgiApp, *, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        sent = dict(scope["headers"])

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and is_page(message, sent):
                # A cache between here and the browsers must not hand one visitor's cookie to the next.
                headers = [(k, v) for k, v in message.get("headers", ()) if k.lower() != b"cache-control"]
                headers += [(b"cache-control", b"private, no-cache"), (b"set-cookie", self._cookie(scope))]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, with_cookie)

    def _cookie(self, scope: Message) -> bytes:
        token = _token_in(scope)
        if visitor_of(token) is None:
            token = new_token()
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        text = f"{cookie_name()}={token}; Path=/; Max-Age={int(self._seconds)}; HttpOnly; SameSite=Lax{secure}"
        return text.encode("ascii")


def is_page(message: Message, sent: dict[bytes, bytes]) -> bool:
    """Whether an answer is a page, or says that the page which the browser has is still good."""
    if message["status"] == 304:
        return b"text/html" in sent.get(b"accept", b"")
    kind = {k.lower(): v for k, v in message.get("headers", ())}.get(b"content-type", b"")
    return message["status"] == 200 and kind.startswith(b"text/html")


def _token_in(scope: Message) -> str | None:
    name = cookie_name()
    for key, line in scope["headers"]:
        for part in line.decode("latin-1").split(";") if key == b"cookie" else ():
            found, _, value = part.strip().partition("=")
            if found == name:
                return value
    return None
