"""Names that try something, in a real browser under the app's own policy: no request, link, picture or script."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.kit.navigation import LINKED, SECTIONS
from recemb_core.embeddings import MODELS
from tests import hostile
from tests.browser.driver import downloaded, no_exception, open_page, settled, upload, wait_until
from tests.pages.test_downloads import EVERYWHERE, FILES, look_into, name_of, starts_no_formula
from tests.pages.test_foreign_text import VIEWS

Serve = Callable[..., str]
PATIENCE = 150_000
ROWS = {"inside": "Look at", "race": "Compare"}  # the parameter's label, where it is not "View"
OWN_HOSTS = {"127.0.0.1", "localhost"}
# Live links to other places, pictures from elsewhere, and whether a script of a name ran. What is drawn outside the
# page's own tree (a hover label, a menu) is looked at too; shadow trees are not used by the app.
_LIVE = """() => {
    const found = [];
    const inside = (address) => new URL(address, location.href).origin === location.origin;
    const own = (address) => /^(data|blob):/.test(address) || address.startsWith("#") || inside(address);
    for (const link of document.querySelectorAll("a, area")) {
        const address = link.getAttribute("href") ?? link.getAttribute("xlink:href");
        if (address && (!own(address) || /^(mailto|xmpp|javascript):/i.test(address)))
            found.push(`${link.tagName} to ${address}`);
    }
    const kinds = "img, image, video, audio, iframe, object, embed, source";
    for (const picture of document.querySelectorAll(kinds)) {
        const address = ["src", "href", "data"].map((name) => picture.getAttribute(name)).find(Boolean) ?? "";
        if (address && !own(address)) found.push(`${picture.tagName} of ${address}`);
    }
    if (window.__pwned !== undefined) found.push(`a script ran: ${window.__pwned}`);
    return found;
}"""
# Where Markdown made something of a name, or escapes are seen: names are told by their letter and number.
_MADE = """() => {
    const main = document.querySelector("[data-testid=stApp]");
    const found = [];
    const kinds = "em, del, s, blockquote, a[href], .katex, h1, h2, li > h1";
    for (const node of main.querySelectorAll(kinds)) {
        const words = node.textContent.trim();
        if (/^[buslxhqr]?\\d{1,3}$/.test(words)) found.push(`${node.tagName}: ${words}`);
    }
    for (const code of main.querySelectorAll("code"))
        if (/^c\\d+$/.test(code.textContent)) found.push(`code: ${code.textContent}`);
    const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        if (node.parentElement.closest("style, script, pre, [data-testid=stCode]")) continue;
        if (/\\\\[*_`~[\\]|$<>#:]/.test(node.data)) found.push(`escape: ${node.data.slice(0, 80)}`);
    }
    return found;
}"""


@pytest.fixture
def requests(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def far(requests: list[str]) -> list[str]:
    """Requests to other hosts; an address of the app may name one in its query."""
    return [one for one in requests if urlsplit(one).hostname not in OWN_HOSTS | {None}]


def go(page: Page, name: str, view: dict[str, str]) -> None:
    """Inside one visit, so that nothing is trained or loaded twice: a page by the sidebar, its view by its buttons."""
    title = next(names[name] for names in SECTIONS.values() if name in names)
    if urlsplit(page.url).path.strip("/") != ("" if name == "home" else name):
        if name in LINKED:  # by way of Home, which alone leads there
            go(page, "home", {})
            page.get_by_role("link", name="All methods in a table").click()
        else:
            page.get_by_test_id("stSidebarNavLink").get_by_text(title, exact=True).click()
        there = "(name) => location.pathname.endsWith(`/${name}`) && location.search.includes('data=upload-')"
        wait_until(page, there, "" if name == "home" else name, PATIENCE)
        settled(page, PATIENCE)
    for parameter, value in view.items():
        values = list(dict.fromkeys(views[parameter] for at, views in VIEWS if at == name and parameter in views))
        row = page.get_by_role("radiogroup", name=ROWS.get(parameter, "View"), exact=True)
        button = row.get_by_role("radio").nth(values.index(value))
        if button.get_attribute("aria-checked") != "true":
            button.click()
            settled(page, PATIENCE)
    train = page.get_by_role("button", name="Train the models")  # asked for where the machine is busy
    if train.count():
        train.click()
        settled(page, PATIENCE)


def look(page: Page, where: str, faults: list[str]) -> None:
    no_exception(page)
    for script in (_LIVE, _MADE):
        faults += [f"{where}: {fault}" for fault in page.evaluate(script)]


def press_downloads(page: Page, where: str, wanted: set[str]) -> None:
    """Press every button for a file, also those behind a button of their own, and look into the files."""
    for opener in ("Copy link", "Download the vectors", "Take a model away"):
        popover = page.get_by_test_id("stPopoverButton").filter(has_text=opener)
        for at in range(popover.count()):
            popover.nth(at).scroll_into_view_if_needed()
            popover.nth(at).click()
            body = page.get_by_test_id("stPopoverBody")
            body.get_by_test_id("stDownloadButton").first.wait_for()
            wanted = press_those_in(body, page, wanted)
            page.keyboard.press("Escape")
            expect(body).to_have_count(0)
    wanted = press_those_in(page.get_by_test_id("stMain"), page, wanted)
    assert not wanted, f"{where}: no button gave {wanted}"


def press_those_in(place: Locator, page: Page, wanted: set[str]) -> set[str]:
    buttons = place.get_by_test_id("stDownloadButton").get_by_role("button").locator("visible=true")
    for at in range(buttons.count()):
        buttons.nth(at).scroll_into_view_if_needed()
        file = downloaded(page, buttons.nth(at))
        name, content = file.suggested_filename, file.path().read_bytes()
        look_into(name, content)
        if name.endswith(".csv"):
            starts_no_formula(list(csv.reader(io.StringIO(content.decode(), newline=""))))
        # Of whichever model was there first.
        wanted = wanted - {name, re.sub(rf"^({'|'.join(map(re.escape, MODELS))})(?=[._])", "word2vec", name)}
    return wanted


def test_no_name_does_anything_in_any_view_and_every_file_comes(serve: Serve, page: Page, requests: list[str]) -> None:
    start = time.monotonic()
    url = serve("app.py", RECEMB_NO_WARM_UP="1")
    faults: list[str] = []
    open_page(page, f"{url}/sequences", PATIENCE)
    upload(page, 1, hostile.DETAILS, hostile.details())
    settled(page, PATIENCE)
    upload(page, 0, hostile.FILE, hostile.log())
    wait_until(page, "() => location.search.includes('data=upload-')", timeout=PATIENCE)
    settled(page, PATIENCE)
    key = page.url.split("data=")[1].split("&")[0]
    pressed = 0
    for name, view in VIEWS:
        where = name_of(name, view)
        go(page, name, view)
        assert f"data={key}" in page.url, f"{where} does not show the upload"
        look(page, where, faults)
        if where in FILES:
            files = EVERYWHERE | FILES[where]
            press_downloads(page, where, files)
            pressed += len(files)
        if where == "node2vec-roles":  # these come after a training of their own
            page.get_by_text("Communities and roles together, as features").click()
            train = page.get_by_role("button", name="Train both leanings")
            if train.count():  # Summary has trained them where they are quick
                train.click()
            expect(page.get_by_role("button", name="Role features: npz")).to_be_visible(timeout=PATIENCE)
            settled(page, PATIENCE)
            files = {f"{made}.{kind}" for made in ("features", "role_features") for kind in ("txt", "npz", "parquet")}
            press_downloads(page, where, EVERYWHERE | files)
            pressed += len(files)
    print(
        f"\n{len(VIEWS)} views, {pressed} files, {len(requests)} requests, "
        f"{len(far(requests))} to other hosts, {len(faults)} faults, "
        f"{time.monotonic() - start:.0f} s"
    )
    assert not faults, "\n".join(dict.fromkeys(faults))
    assert not far(requests)


PARAMETERS = ("data", "file", "item", "seed", "gap", "view", "look", "lab", "reading", "p", "user", "color")


@pytest.mark.parametrize("data", ["planted_shop", "upload-0123456789ab", "{name}"])
def test_no_link_does_anything(data: str, serve: Serve, page: Page, requests: list[str]) -> None:
    """Every parameter a hostile text, on pages that show most of them."""
    url = serve("app.py", RECEMB_NO_WARM_UP="1")
    faults: list[str] = []
    tried = [5, 14]  # a picture in Markdown, and in HTML
    pages = ["sequences", "node2vec", "lsh"] if data.startswith("upload") else ["walks"]
    for name in pages:
        for kind in tried:
            text = hostile.name(kind, 900 + kind)
            query = dict.fromkeys(PARAMETERS, text) | {"data": data.replace("{name}", text)}
            open_page(page, f"{url}/{name}?{urlencode(query)}", PATIENCE)
            look(page, f"{name} {text}", faults)
    assert not faults, "\n".join(dict.fromkeys(faults))
    assert not far(requests)
