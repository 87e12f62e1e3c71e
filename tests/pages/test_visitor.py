"""The cookie: only this process can make one, pages alone carry it, a made-up one is nobody's."""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.kit.uploads import server, visitor
from pages.kit.uploads.visitor import VisitorCookie, cookie_name, new_token, visitor_of

PAGE = {"content-type": "text/html; charset=utf-8", "cache-control": "no-cache"}


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser test in the same process leaves a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def answer(
    *, sent: dict[str, str] | None = None, status: int = 200, headers: dict[str, str] = PAGE, **scope: Any
) -> list[tuple[str, str]]:
    """Headers of the answer to one request, as the middleware lets them out."""
    out: list[dict[str, Any]] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        raw = [(k.encode(), v.encode()) for k, v in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b"page"})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        out.append(dict(message))

    request = [(k.encode(), v.encode("latin-1")) for k, v in (sent or {}).items()]
    asked = {"type": "http", "method": "GET", "scheme": "http", "path": "/", "headers": request} | scope
    run(VisitorCookie(app, seconds=7_200)(asked, receive, send))
    assert [m["type"] for m in out] == ["http.response.start", "http.response.body"]
    return [(k.decode().lower(), v.decode()) for k, v in out[0]["headers"]]


def cookie(headers: list[tuple[str, str]]) -> str | None:
    found = [v for k, v in headers if k == "set-cookie"]
    assert len(found) <= 1
    return found[0] if found else None


def token_in(line: str | None) -> str:
    assert line is not None
    match = re.match(rf"{cookie_name()}=([^;]+);", line)
    assert match is not None, line
    return match[1]


def test_a_new_browser_gets_a_random_cookie_with_all_its_flags() -> None:
    headers = answer()
    line = cookie(headers)
    _, *flags = str(line).split("; ")
    assert flags == ["Path=/", "Max-Age=7200", "HttpOnly", "SameSite=Lax"]
    assert visitor_of(token_in(line)) is not None
    assert token_in(line) != token_in(cookie(answer()))
    # no shared cache may hand the cookie on
    assert [v for k, v in headers if k == "cache-control"] == ["private, no-cache"]
    assert cookie(answer(scheme="https")).endswith("; Secure")  # type: ignore[union-attr]


def test_a_cookie_of_this_process_is_renewed_and_any_other_replaced() -> None:
    token = new_token()
    for line in (
        f"{cookie_name()}={token}",
        f"a=b; {cookie_name()}={token};c",
        f"other={new_token()}; {cookie_name()}={token}",
    ):
        assert token_in(cookie(answer(sent={"cookie": line}))) == token
    for made_up in (
        "",
        "x",
        token[:-1],
        token + "0",
        token.upper(),
        "x" * 43 + token[43:],
        token[:44] + "0" * 64,
        "ü;ü",
    ):
        given_now = token_in(cookie(answer(sent={"cookie": f"{cookie_name()}={made_up}"})))
        assert given_now not in (token, made_up)
        assert visitor_of(given_now) is not None


def test_pages_alone_carry_the_cookie() -> None:
    assert cookie(answer(status=404)) is None
    assert cookie(answer(method="POST")) is None
    for kind in ("text/css", "application/json", "image/png"):
        headers = answer(
            headers={"content-type": kind, "cache-control": "public, max-age=9"}, sent={"accept": "text/html"}
        )
        assert cookie(headers) is None
        assert ("cache-control", "public, max-age=9") in headers
    # "not modified" of a page that the browser still has, after its cookie ended; not of a script
    assert cookie(answer(status=304, headers={}, sent={"accept": "text/html,*/*"})) is not None
    assert cookie(answer(status=304, headers={}, sent={"accept": "*/*"})) is None


def test_a_websocket_passes_through_untouched() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend((scope, receive, send))

    scope, receive, send = {"type": "websocket"}, object(), object()
    run(VisitorCookie(app, seconds=1)(scope, receive, send))  # type: ignore[arg-type]
    assert seen == [scope, receive, send]


BYTES = st.binary(min_size=32, max_size=32)
MADE_UP = st.builds(lambda a, b: f"{urlsafe_b64encode(a).decode().rstrip('=')}.{b.hex()}", BYTES, BYTES)


@given(st.text() | MADE_UP)
def test_no_made_up_token_is_anybody_s(token: str) -> None:
    assert visitor_of(token) is None


def test_the_token_cannot_be_told_from_the_visitor() -> None:
    token = new_token()
    who = visitor_of(token)
    assert who is not None
    assert visitor_of(who) is None
    assert not set(token.split(".")) & {who}
    assert who not in token


def test_what_a_process_has_once_outlives_a_reload_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    token, who = (t := new_token()), visitor_of(t)
    monkeypatch.delitem(sys.modules, "pages.kit.uploads.visitor")
    monkeypatch.setattr("pages.kit.uploads.visitor", visitor)  # put back afterwards, too
    again = importlib.import_module("pages.kit.uploads.visitor")
    assert again is not visitor
    assert again.visitor_of(token) == who


# ---- at start ----


def test_no_cookie_is_set_where_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [m.kwargs for m in server.middleware() if m.cls is VisitorCookie] == [{"seconds": 12 * 3600.0}]
    monkeypatch.setenv("RECEMB_UPLOAD_MEMORY_COUNT", "0")
    assert VisitorCookie not in [m.cls for m in server.middleware()]


def test_an_impossible_setting_ends_the_start_with_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEMB_UPLOAD_MEMORY_HOURS", "soon")
    with pytest.raises(SystemExit, match="RECEMB_UPLOAD_MEMORY_HOURS='soon' is not possible"):
        server.middleware()


@pytest.mark.parametrize(
    ("options", "opened"),
    [
        ({"server.headless": True}, None),
        ({"server.headless": False}, "http://localhost:8501"),
        ({"server.headless": False, "server.address": "0.0.0.0"}, "http://localhost:8501"),
        ({"server.headless": False, "server.address": "10.1.2.3", "server.port": 8600}, "http://10.1.2.3:8600"),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], opened: str | None
) -> None:
    from streamlit import config

    real = config.get_option
    monkeypatch.setattr("streamlit.config.get_option", lambda name: options.get(name, real(name)))
    monkeypatch.setattr("streamlit.get_option", lambda name: options.get(name, real(name)))
    monkeypatch.setattr("streamlit.config.is_manually_set", lambda name: name in options)
    calls: list[str] = []
    monkeypatch.setattr("streamlit.cli_util.open_browser", calls.append)

    async def start() -> None:
        async with server.lifespan(None):
            await asyncio.sleep(0)

    run(start())
    assert calls == ([opened] if opened else [])


def test_messages_get_out_between_the_steps_of_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that sends waits for its turn at each message; Python's own turn of 5 ms adds up beside others."""
    monkeypatch.setattr("pages.kit.first_page.start", lambda: None)
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    found = list[float]()

    async def start() -> None:
        async with server.lifespan(None):
            found.append(sys.getswitchinterval())

    try:
        run(start())
        assert found[0] <= 0.001
    finally:
        sys.setswitchinterval(before)
