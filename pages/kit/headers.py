"""What every answer says to the browser about itself: what a page may load, run and be shown in."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from pages.kit.uploads.visitor import AsgiApp, Message, Receive, Send, is_page

ONE_ENTRY_A_PAGE = Path(__file__).with_name("one_entry_a_page.js").read_text(encoding="utf-8")
ANCESTORS = "RECEMB_FRAME_ANCESTORS"
_ANCESTOR = re.compile(
    r"'self'|'none'|(?!(self|none)$)(https?://)?(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:(\d{1,5}|\*))?", re.IGNORECASE
)
_HOST = re.compile(r"[a-z0-9.-]+(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?", re.IGNORECASE)
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# For every answer: no guessing of types, no address to other sites, no other site's window, none of these devices.
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(
        f"{name}=()"
        for name in (
            "accelerometer",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "magnetometer",
            "microphone",
            "midi",
            "payment",
            "usb",
        )
    ),
}


def ancestors_from_environment() -> str:
    """Who may show the app in a frame: ``RECEMB_FRAME_ANCESTORS``, sites parted by blanks; ``'self'`` when unset.

    Raises:
        ValueError: what cannot stand there.
    """
    text = os.environ.get(ANCESTORS, "").strip() or "'self'"
    sources = text.split()
    if not all(map(_ANCESTOR.fullmatch, sources)) or ("'none'" in sources and len(sources) > 1):
        raise ValueError(
            f"{ANCESTORS}={text!r} is not possible: give sites parted by blanks, like "
            "\"'self' https://lms.example.org\", or 'none' alone."
        )
    return " ".join(sources)


def script_hash(text: str) -> str:
    """How a policy names a script that stands in the page itself.

    >>> script_hash("1")
    "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def inline_scripts() -> list[str]:
    """Streamlit's own script inside its page, as installed, and the one that this app puts there."""
    package = find_spec("streamlit")
    assert package is not None
    assert package.origin is not None
    page = (Path(package.origin).parent / "static" / "index.html").read_text(encoding="utf-8")
    return [*_INLINE.findall(page), ONE_ENTRY_A_PAGE]


def policy(ancestors: str, scripts: Iterable[str], host: str = "") -> str:
    """The Content-Security-Policy of a page.

    Args:
        ancestors: who may show it in a frame.
        scripts: texts of the scripts inside the page.
        host: the name by which the browser has called the server, where a browser does not take ``'self'`` for web
            sockets.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    parts = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", "blob:", *map(script_hash, scripts)]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self'{sockets}",
        "media-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self' blob:",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": ancestors,
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


class SecurityHeaders:
    """ASGI middleware: every answer has :data:`ALWAYS`, and a page its policy besides."""

    def __init__(self, app: AsgiApp, *, ancestors: str) -> None:
        self._app, self._ancestors, self._scripts = app, ancestors, inline_scripts()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = dict(scope["headers"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = dict(ALWAYS)
                if is_page(message, sent):
                    host = sent.get(b"host", b"").decode("latin-1")
                    more["content-security-policy"] = policy(self._ancestors, self._scripts, host)
                    if (old := {"'self'": "SAMEORIGIN", "'none'": "DENY"}.get(self._ancestors)) is not None:
                        more["x-frame-options"] = old
                names = {name.encode() for name in more}
                headers = [(k, v) for k, v in message.get("headers", ()) if k.lower() not in names]
                message = {**message, "headers": [*headers, *((k.encode(), v.encode()) for k, v in more.items())]}
            await send(message)

        await self._app(scope, receive, with_headers)
