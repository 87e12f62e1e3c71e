"""What a person meets in the first minute: every page by its address, at both widths, in both themes.

What axe-core says of it is asked on the same visit: no serious finding but those of Streamlit's own elements.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from pages.kit.navigation import LINKED, SECTIONS, SIDEBAR
from tests.browser.accessibility import OWN, findings
from tests.browser.driver import chart, no_exception, open_page, screenshot, settled

Serve = Callable[..., str]
NewPage = Callable[..., Page]

PAGES = ["" if name == "home" else name for names in SECTIONS.values() for name in names]
# Page → its question, some of the figures on top, some of the charts on it.
EXPECTED = {
    "": ("How does a click become a recommendation?", ("1,748", "363,335", "60,127", "Edges"), ("home moving",)),
    "summary": ("Which method does what, and how well here?", (), ()),
    "sequences": (
        "What is in my log?",
        ("44,040", "Sessions", "176", "Median length"),
        ("gaps@planted_shop", "lengths@planted_shop", "popularity@planted_shop"),
    ),
    "item_graph": (
        "Which items follow which?",
        ("1,748", "Edges kept", "Communities"),
        ("graph@complete_journey", "ego@complete_journey", "degree"),
    ),
    "walks": ("What does a walker do at a node?", (), ()),
    "node2vec": (
        "What do p and q change?",
        ("Homophily score by category", "Structural score by role", "p = 1, q = 1", "in all 5 seeds"),
        ("map@planted_shop",),
    ),
    "training": ("How does training turn clicks into vectors?", (), ()),
    "neighbors": ("Do the models agree on this item?", (), ()),
    "side_information": ("What does the brand know that the clicks don't?", (), ()),
    "lsh": ("How little can I scan and still find the neighbors?", ("Precision", "Recall"), ()),
    "evaluation": ("Which setting is really better?", ("Best, HR@10", "Popularity, HR@10", "800"), ()),
    "runs": ("What did I try, and which was better?", (), ()),
    "deep_models": ("What do embeddings do inside a network?", ("HR@10, popularity", "0.422"), ()),
}

EMPTY = {"runs": "are kept yet"}  # pages with nothing to draw at a first visit, and what they say of it


def shows_itself(page: Page, name: str) -> None:
    """The page's own question, figures and charts are there, and nothing that speaks of an error."""
    question, figures, charts = EXPECTED.get(name, ("", (), ()))
    no_exception(page)
    expect(page.locator("h1")).to_contain_text(question)
    assert page.get_by_test_id("stAlertContentError").count() == 0
    said = " ".join(page.get_by_test_id("stMetric").all_inner_texts())
    assert [figure for figure in figures if figure not in said] == [], said
    for key in charts:
        assert chart(page, key).count() == 1, f"no chart {key}"
    boxes = page.locator(".live-chart:visible")
    if name in EMPTY:
        expect(page.get_by_test_id("stMain")).to_contain_text(EMPTY[name])
        return
    assert boxes.count() + page.locator("[data-testid=stPlotlyChart]:visible").count() > 0
    for box in boxes.all():
        key, failed = box.get_attribute("data-chart-key"), box.get_attribute("data-error")
        assert failed is None, f"{key}: {failed}"
        drawn = box.locator(".js-plotly-plot").evaluate(
            """(plot) => {
                const { width, height } = plot.querySelector('.main-svg').getBoundingClientRect();
                return [plot.data.reduce((n, t) => n + (t.x?.length ?? 0), 0), width, height];
            }"""
        )
        assert drawn[0] > 1, f"{key} draws {drawn[0]} points"
        assert min(drawn[1:]) > 100, f"{key} is {drawn[1]} by {drawn[2]} pixels"


STICKS_OUT = """() => {
    const wide = (e) => e.scrollWidth > e.clientWidth;
    const block = document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect();
    const said = (e, why) => `${why}: ${e.innerText.slice(0, 60) || e.className}`;
    return [
        ...[document.documentElement, document.querySelector('[data-testid=stMain]')]
            .filter(wide).map((e) => `${e.tagName} is ${e.scrollWidth} pixels wide in ${e.clientWidth}`),
        ...[...document.querySelectorAll('[data-testid=stMain] [data-testid=stElementContainer]')]
            .filter((e) => e.getBoundingClientRect().right > block.right + 1).map((e) => said(e, 'sticks out')),
        ...[...document.querySelectorAll('[data-testid=stMain] [data-testid=stVerticalBlock]')]
            .filter((e) => e.scrollHeight > e.clientHeight + 2 && getComputedStyle(e).overflowY !== 'visible')
            .filter((e) => getComputedStyle(e).visibility !== 'hidden') // one of two pictures, by the window's width
            .map((e) => said(e, 'cuts off what it holds')),
    ];
}"""


def fits(page: Page) -> None:
    """Nothing sticks out sideways or is cut: neither the page, nor its main block, nor a chart's svg.

    Streamlit measures some of its elements a moment after the window has changed, on a busy machine later.
    """
    until = time.monotonic() + 5
    while (found := page.evaluate(STICKS_OUT)) and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert found == []


def test_home_opens_on_the_groceries(serve: Serve, page: Page) -> None:
    start = time.perf_counter()
    page.goto(serve("app.py"))
    expect(page.locator("h1")).to_have_text(EXPECTED[""][0], timeout=60_000)
    title = time.perf_counter() - start
    open_page(page, page.url, timeout=60_000)
    print(f"\ntitle after {title:.1f} s")
    shows_itself(page, "")
    cards = page.get_by_test_id("stMain").inner_text()
    for step, name in enumerate(("Log", "Sequences", "Item graph", "Walks", "Vectors", "Index", "The list"), 1):
        assert f"{step} · {name}" in cards
    assert "Not trained" not in cards, "the bundled vectors are used"
    # One item is followed: it is named in the sidebar, in the log, in the sequence and above the neighbors.
    item = page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").nth(1).locator("input").input_value()
    assert item
    assert cards.count(item) >= 4
    page.get_by_test_id("stMain").get_by_role("link", name="Tune p and q").click()
    expect(page.locator("h1")).to_have_text(EXPECTED["node2vec"][0])


def test_home_by_its_name_is_home(serve: Serve, page: Page) -> None:
    """Streamlit has the first page at the root alone; what the address asks for goes with it."""
    open_page(page, f"{serve('app.py')}/home?data=karate_club", timeout=60_000)
    expect(page.locator("h1")).to_have_text(EXPECTED[""][0])
    expect(page.get_by_text("Page not found")).to_have_count(0)
    assert urlsplit(page.url).path == "/"
    assert "data=karate_club" in page.url
    assert page.get_by_test_id("stSidebarNavLink").all_inner_texts().count("Home") == 1


def test_the_sidebar_of_a_servers_first_deep_link_is_as_narrow_as_the_others(serve: Serve, page: Page) -> None:
    """That one is drawn by the page's own script, which says the width too late: Streamlit's own stays."""
    open_page(page, f"{serve('app.py')}/walks", timeout=60_000)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.evaluate("(e) => { e.style.width = '300px'; }")
    assert sidebar.evaluate("(e) => e.getBoundingClientRect().width") == SIDEBAR


@pytest.fixture(scope="module")
def reviewed() -> set[int]:
    """Which lines of the file of reviewed findings were met."""
    return set()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_by_its_address(name: str, serve: Serve, new_page: NewPage, reviewed: set[int]) -> None:
    """It opens wide and light, turns dark, and is made narrow; axe-core finds nothing in either theme."""
    page = new_page(color_scheme="light")
    start = time.perf_counter()
    open_page(page, f"{serve('app.py')}/{name}", timeout=90_000)
    print(f"\n{name or 'home'}: at rest after {time.perf_counter() - start:.1f} s")
    menu = page.get_by_test_id("stSidebarNav")
    titles = [title for names in SECTIONS.values() for name, title in names.items() if name not in LINKED]
    assert menu.get_by_test_id("stSidebarNavLink").all_inner_texts() == titles
    assert set(SECTIONS) - {""} <= set(menu.inner_text().split("\n"))
    ours = []
    for width, scheme in ((1280, "light"), (1280, "dark"), (800, "dark"), (800, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(300)
        settled(page, 90_000)
        shows_itself(page, name)
        fits(page)
        background = page.get_by_test_id("stApp").evaluate("(app) => getComputedStyle(app).backgroundColor")
        level = [int(part) for part in background[background.index("(") + 1 : -1].split(",")[:3]]
        assert (sum(level) < 200) == (scheme == "dark"), f"a {scheme} page is {background}"
        screenshot(page, f"{name or 'home'}-{scheme}-{width}", whole=True)
        if width == 1280:
            found = findings(page)
            reviewed |= {one["own"] for one in found}
            ours += [f"{scheme}: {one['rule']}: {one['html']}: {one['said']}" for one in found if one["own"] < 0]
    assert ours == []


def test_the_reviewed_list_names_what_is_there(reviewed: set[int]) -> None:
    """After the pages of this file: a line that nothing matches is out of date."""
    assert [one for at, one in enumerate(OWN) if at not in reviewed] == []
