"""A person's own log in a real browser: one result everywhere, kept over a reload, restored, removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from recemb_core.item_graph import communities
from recemb_core.sequences import read_events
from tests.browser.driver import (
    chosen,
    downloaded,
    metric,
    move_slider,
    no_exception,
    open_page,
    screenshot,
    settled,
    upload,
)
from tests.pages.test_reading import rated_films, returning_users

Serve = Callable[..., str]
NewPage = Callable[..., Page]
TRAINING = 150_000
QUESTION = "What is in my log?"


@pytest.fixture(scope="module")
def url(serve: Serve) -> str:
    return serve("app.py", JOURNEYS="1", RECEMB_NO_WARM_UP="1")


def numbers(page: Page) -> dict[str, str]:
    """The five figures on top of the Sequences page."""
    settled(page)
    found = page.get_by_test_id("stMain").get_by_test_id("stMetric")
    labels = ("Events", "Sessions", "Sequences", "Items", "Users", "Median length")
    return {name: metric(page, name).inner_text() for name in labels if found.filter(has_text=name).count()}


def lines_under(page: Page) -> str:
    """What 'As Python' prints."""
    page.get_by_text("As Python", exact=True).click()
    code = page.get_by_test_id("stExpander").filter(has_text="As Python").get_by_test_id("stCode")
    return code.inner_text()


def run(lines: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **files: bytes) -> dict:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    monkeypatch.chdir(folder)
    names: dict = {}
    exec(lines, names)
    return names


def sidebar(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNavLink").get_by_text(name, exact=True).click()


def test_films_have_the_librarys_numbers_on_every_page(
    url: str, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = rated_films()
    open_page(page, f"{url}/sequences", TRAINING)
    upload(page, 0, "ratings.csv", log)
    expect(page.get_by_text("Cleaning report")).to_be_visible(timeout=TRAINING)
    wanted = read_events(log)
    found = numbers(page)
    assert (found["Items"], found["Sessions"], found["Events"]) == (
        f"{len(wanted.items):,}", f"{len(wanted):,}", f"{len(wanted.tokens):,}",
    )  # fmt: skip
    screenshot(page, "upload-films", whole=True)
    made = run(lines_under(page), tmp_path, monkeypatch, **{"ratings.csv": log})["sequences"]
    assert made.fingerprint == wanted.fingerprint

    sidebar(page, "node2vec")
    expect(page.locator("h1")).to_have_text("What do p and q change?")
    settled(page, TRAINING)
    no_exception(page)
    names = run(lines_under(page), tmp_path, monkeypatch)
    graph = names["graph"]
    assert len(graph) == len(wanted.items)
    shown = metric(page, "Homophily score").inner_text()
    from recemb_core.evaluation import homophily_score

    value = homophily_score(names["vectors"], graph)
    assert shown == f"{value.value:.2f} of {value.maximum:.2f}"
    assert int(communities(graph, 0).max()) + 1 < 0.5 * len(graph), "no communities of one"


def test_a_reload_a_new_tab_a_link_and_a_session_file_give_the_same(
    url: str, page: Page, new_page: NewPage, tmp_path: Path
) -> None:
    log = returning_users()
    open_page(page, f"{url}/sequences", TRAINING)
    upload(page, 0, "visits.csv", log)
    expect(page.get_by_text("Cleaning report")).to_be_visible(timeout=TRAINING)
    first = numbers(page)
    assert (first["Sessions"], first["Events"]) == ("60", "120")
    page.get_by_text("Cleaning", exact=True).click()
    box = page.get_by_role("spinbutton", name="Rare items: at least … events")
    box.fill("5")
    box.press("Enter")
    settled(page)
    move_slider(page, "A longer pause ends the session", -3)
    settled(page)
    cleaned = numbers(page)
    assert cleaned != first
    link = page.url
    assert "visits.csv" in link
    page.get_by_test_id("stSidebar").get_by_text("Copy link").click()
    place = page.get_by_test_id("stPopoverBody").get_by_role("button", name="Save the session")
    saved = downloaded(page, place).path().read_bytes()
    assert b"min_count = 5" in saved

    page.reload()
    page.wait_for_selector("[data-testid=stApp]")
    settled(page)
    assert numbers(page) == cleaned, "a reload keeps the upload and how it is read"
    tab = page.context.new_page()
    tab.goto(f"{url}/sequences")
    tab.wait_for_selector("[data-testid=stApp]")
    settled(tab)
    tab.get_by_role("button", name="Use", exact=True).click()
    expect(tab.get_by_text("Cleaning report")).to_be_visible()
    settled(tab)
    assert metric(tab, "Items").inner_text() == cleaned["Items"], "a tab opened later finds it"
    tab.close()

    other = new_page()
    open_page(other, link)
    expect(other.get_by_text("Upload this file again")).to_be_visible()
    assert chosen(other, "Data set") != "visits.csv (yours)", "another person does not have it"
    other.reload()
    other.wait_for_selector("[data-testid=stApp]")
    settled(other)
    expect(other.get_by_text("Upload this file again")).to_be_visible()
    upload(other, 0, "visits.csv", log)
    expect(other.get_by_text("Cleaning report")).to_be_visible()
    assert numbers(other) == cleaned, "the link and the same file"

    third = new_page()
    open_page(third, f"{url}/sequences")
    upload(third, 2, "session.toml", saved)
    expect(third.get_by_text("upload it too")).to_be_visible()
    screenshot(third, "session-waits-for-its-file")
    upload(third, 0, "visits.csv", log)
    expect(third.get_by_text("Cleaning report")).to_be_visible()
    assert numbers(third) == cleaned, "the session file and the same log"


def test_uploads_of_one_name_are_told_apart_and_removed(url: str, page: Page) -> None:
    open_page(page, f"{url}/sequences", TRAINING)
    for _ in range(page.get_by_role("button", name="Remove", exact=True).count()):  # of the tests before this one
        page.get_by_role("button", name="Remove", exact=True).first.click()
        settled(page)
    upload(page, 0, "log.csv", returning_users())
    expect(page.get_by_text("Cleaning report")).to_be_visible(timeout=TRAINING)
    settled(page)
    before = numbers(page)
    upload(page, 0, "log.csv", rated_films(40))
    settled(page)
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(2)
    settled(page)
    assert numbers(page) != before
    assert chosen(page, "Data set").startswith("log.csv (yours, ")
    screenshot(page, "two-uploads-of-one-name")
    page.get_by_role("button", name="Use", exact=True).click()
    settled(page)
    assert numbers(page) == before
    upload(page, 0, "bad.csv", b"x" * 3_000)
    expect(page.get_by_test_id("stAlert").filter(has_text="bad.csv")).to_have_count(1)
    settled(page)
    assert numbers(page) == before, "what was in use is still shown"
    screenshot(page, "a-refused-upload")
    for left in (2, 1, 0):
        page.get_by_role("button", name="Remove", exact=True).last.click()
        expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(left)
        settled(page)
    no_exception(page)
    assert "yours" not in chosen(page, "Data set")
    page.reload()
    page.wait_for_selector("[data-testid=stApp]")
    settled(page)
    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(0)
