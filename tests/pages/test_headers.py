"""What pages say that they may load: the policy itself, its hashes, its one setting. The browser tests run under it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pages.kit import headers
from pages.kit.headers import (
    ONE_ENTRY_A_PAGE,
    SecurityHeaders,
    ancestors_from_environment,
    inline_scripts,
    policy,
    script_hash,
)
from pages.kit.uploads import server
from tests.pages.conftest import ROOT
from tests.pages.test_visitor import PAGE, run


def answer(kind: dict[str, str], *, host: str = "127.0.0.1:8501", status: int = 200, **sent: str) -> dict[str, str]:
    out: list[dict[str, Any]] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        raw = [(k.encode(), v.encode()) for k, v in kind.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        out.append(dict(message))

    asked = [(k.encode(), v.encode()) for k, v in {"host": host, **sent}.items()]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": asked}
    run(SecurityHeaders(app, ancestors="'self'")(scope, receive, send))
    found = [(k.decode(), v.decode()) for k, v in out[0]["headers"]]
    assert len(dict(found)) == len(found)
    return dict(found)


def directives(text: str) -> dict[str, list[str]]:
    return {part.split()[0]: part.split()[1:] for part in text.split("; ")}


def test_a_page_may_load_its_own_things_alone() -> None:
    found = directives(answer(PAGE)["content-security-policy"])
    assert found["default-src"] == ["'none'"]
    assert found["connect-src"] == ["'self'", "ws://127.0.0.1:8501", "wss://127.0.0.1:8501"]
    assert not {"'unsafe-eval'", "*", "http:", "https:", "data:", "'unsafe-inline'"} & set(found["script-src"])
    assert not {"*", "http:", "https:"} & {source for sources in found.values() for source in sources}
    assert {script_hash(text) for text in inline_scripts()} < set(found["script-src"])


def test_the_hashes_are_of_what_is_there_now() -> None:
    own, *more = reversed(inline_scripts())
    assert own == ONE_ENTRY_A_PAGE == (ROOT / "pages/kit/one_entry_a_page.js").read_text(encoding="utf-8")
    assert len(more) == 1
    assert "prerenderReady" in more[0]


def test_every_answer_says_the_rest() -> None:
    for kind in (PAGE, {"content-type": "text/css", "X-Content-Type-Options": "other"}):
        found = answer(kind)
        assert headers.ALWAYS.items() <= {k.lower(): v for k, v in found.items()}.items()
    assert "content-security-policy" not in answer({"content-type": "text/css"})
    assert "content-security-policy" in answer({}, status=304, accept="text/html")


@pytest.mark.parametrize("host", ["evil.test; script-src *", "a b", "x'y", "", "a,b", "a\nb"])
def test_a_made_up_host_adds_nothing(host: str) -> None:
    assert policy("'self'", [], host) == policy("'self'", [])


@pytest.mark.parametrize(
    "text", ["'self' https://lms.example.org", "https://*.example.org:8443", "'none'", "lms.example.org", " 'self' "]
)
def test_who_may_show_it_in_a_frame(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(headers.ANCESTORS, text)
    assert ancestors_from_environment() == text.strip()
    assert {"ancestors": text.strip()} in [m.kwargs for m in server.middleware()]


@pytest.mark.parametrize(
    "text", ["'self'; script-src *", "self", "'none' https://a.org", "javascript:", "http://a/b", "*"]
)
def test_an_impossible_setting_ends_the_start(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(headers.ANCESTORS, text)
    with pytest.raises(SystemExit, match=re.escape(f"{headers.ANCESTORS}={text!r} is not possible")):
        server.middleware()


def test_the_table_in_the_docs_names_every_directive() -> None:
    said = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    for name in directives(policy("'self'", [])):
        assert f"`{name}" in said, name
