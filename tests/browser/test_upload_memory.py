"""Uploads outlive a reload, for the browser that sent them and for no other; the cookie is seen by nobody."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from http.client import HTTPMessage

from playwright.sync_api import Page, Route, expect

from tests.browser.driver import no_exception, open_page, screenshot, settled, upload

APP = "tests/browser/upload_memory_app.py"
Serve = Callable[..., str]
NewPage = Callable[..., Page]


def facts(page: Page, name: str) -> str:
    return page.get_by_test_id("facts").get_attribute(f"data-{name}") or ""


def has(page: Page, kept: str) -> None:
    expect(page.get_by_test_id("facts")).to_have_attribute("data-kept", kept)


def headers_of(url: str, **sent: str) -> HTTPMessage:
    with urllib.request.urlopen(urllib.request.Request(url, headers=sent)) as response:
        return response.headers


def our_cookie(page: Page) -> dict:
    (found,) = [c for c in page.context.cookies() if c["name"].startswith("recemb_visitor_")]
    return dict(found)


def test_the_page_carries_the_cookie_with_its_flags_and_nothing_else_does(serve: Serve) -> None:
    for url in (serve("app.py"), serve("app.py") + "/sequences?data=planted_shop"):
        headers = headers_of(url)
        (line,) = [c for c in headers.get_all("set-cookie") or [] if c.startswith("recemb_visitor_")]
        assert re.search(
            r"^recemb_visitor_\d+=[\w-]{43}\.[0-9a-f]{64}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax$", line
        )
        assert "private" in headers["cache-control"]
        again = headers_of(url, Cookie=line.split(";")[0])
        assert line in (again.get_all("set-cookie") or [])
    behind_tls = headers_of(serve("app.py"), **{"X-Forwarded-Proto": "https"})
    assert "; Secure" in behind_tls["set-cookie"]
    for path in ("/_stcore/health", "/_stcore/host-config", "/app/static/page_icon.png"):
        assert "recemb_visitor" not in str(headers_of(serve("app.py") + path).get_all("set-cookie"))
    off = serve(APP, RECEMB_UPLOAD_MEMORY_MB="0")
    assert "recemb_visitor" not in str(headers_of(off).get_all("set-cookie"))


def test_an_upload_outlives_a_reload_and_a_reopened_tab(serve: Serve, page: Page) -> None:
    url = serve(APP)
    open_page(page, url)
    assert (facts(page, "first"), facts(page, "runs")) == ("True", "1")  # the very first run has the cookie already
    upload(page, 0, "log.csv", b"user,item\n1,2\n")
    has(page, "log.csv:14:as events")
    page.reload()
    settled(page)
    has(page, "log.csv:14:as events")
    tab = page.context.new_page()
    page.goto("about:blank")
    open_page(tab, url + "/?data=x")
    has(tab, "log.csv:14:as events")
    assert "5 uploads" in tab.get_by_test_id("stCaptionContainer").inner_text()
    screenshot(tab, "upload_memory")

    token = our_cookie(tab)["value"]
    assert our_cookie(tab)["httpOnly"]
    assert tab.evaluate("document.cookie").count("recemb") == 0
    assert token.split(".")[0] not in tab.content() + tab.url
    no_exception(tab)

    tab.get_by_role("button", name="Forget the newest").click()
    has(tab, "")
    open_page(page, url)
    has(page, "")
    tab.close()


def test_another_browser_and_a_made_up_cookie_see_nothing(serve: Serve, page: Page, new_page: NewPage) -> None:
    url = serve(APP)
    open_page(page, url)
    upload(page, 0, "mine.csv", b"mine")
    has(page, "mine.csv:4:as events")

    other = new_page()
    open_page(other, url)
    has(other, "")
    upload(other, 0, "mine.csv", b"mine")  # an equal file, held once, is still two persons'
    has(other, "mine.csv:4:as events")
    other.reload()  # the box, which would send its file again, is empty
    settled(other)
    other.get_by_role("button", name="Forget all").click()
    has(other, "")
    page.reload()
    settled(page)
    has(page, "mine.csv:4:as events")

    # A made-up cookie is replaced with the page …
    mine = our_cookie(page)["value"]
    made_up = {**our_cookie(other), "value": "A" * 43 + mine[43:]}
    other.context.add_cookies([made_up])
    other.reload()
    settled(other)
    has(other, "")
    assert our_cookie(other)["value"] not in (made_up["value"], mine)

    # … and where it is put in place after the page has come, it neither opens nor fills anything.
    def swap(route: Route) -> None:
        other.context.add_cookies([made_up])
        route.continue_()

    other.route("**/static/js/*.js", swap)  # before there is a script that could open the connection
    open_page(other, url)
    assert our_cookie(other)["value"] == made_up["value"]
    assert facts(other, "enabled") == facts(other, "first") == "False"
    upload(other, 0, "theirs.csv", b"theirs")
    expect(other.get_by_test_id("facts")).to_have_attribute("data-said", re.compile("loses the upload"))
    has(other, "")
    assert "loses the upload" in other.get_by_test_id("stCaptionContainer").inner_text()


def test_the_limits_of_the_settings_hold_and_what_goes_is_said(serve: Serve, page: Page) -> None:
    open_page(page, serve(APP, RECEMB_UPLOAD_MEMORY_MB="2", RECEMB_UPLOAD_MEMORY_COUNT="2"))
    for name in ("a", "b", "c"):
        upload(page, 0, f"{name}.csv", name.encode())
        expect(page.get_by_test_id("facts")).to_have_attribute("data-kept", re.compile(f"^{name}"))
    has(page, "c.csv:1:as events|b.csv:1:as events")
    assert "a.csv is no longer kept" in facts(page, "said")
    upload(page, 0, "large.csv", b"x" * (1 << 20))
    expect(page.get_by_test_id("facts")).to_have_attribute("data-said", re.compile("large.csv .* is not kept"))
    has(page, "c.csv:1:as events|b.csv:1:as events")


def test_turned_off_it_says_so_before_anything_is_lost(serve: Serve, page: Page) -> None:
    open_page(page, serve(APP, RECEMB_UPLOAD_MEMORY_MB="0"))
    assert "set to keep none" in page.get_by_test_id("stCaptionContainer").inner_text()
    assert not [c for c in page.context.cookies() if c["name"].startswith("recemb")]
