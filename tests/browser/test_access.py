"""What axe-core says of every page, in both themes: no serious finding but those of Streamlit's own elements."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from pages.kit.navigation import SECTIONS
from tests.browser.driver import open_page, settled

Serve = Callable[..., str]
NewPage = Callable[..., Page]
AXE = Path(__file__).with_name("axe")
OWN: list[dict[str, str]] = json.loads((AXE / "streamlits_own.json").read_text(encoding="utf-8"))
PAGES = ["" if name == "home" else name for names in SECTIONS.values() for name in names]
# Findings by rule; of each element whether it is one of the reviewed ones, by their selectors.
RUN = """async (own) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((found) => ["serious", "critical"].includes(found.impact)).flatMap((found) =>
        found.nodes.map((node) => {
            const element = document.querySelector(node.target.at(-1));
            const at = own.findIndex((one) => one.rule === found.id && element?.matches(one.selector));
            return { rule: found.id, html: node.html.slice(0, 160), said: node.failureSummary.slice(0, 200), own: at };
        }));
}"""


def findings(page: Page) -> list[dict[str, Any]]:
    """Serious and critical ones of what is on the page now."""
    page.evaluate(AXE.joinpath("axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, OWN)
    return found


@pytest.fixture(scope="module")
def reviewed() -> set[int]:
    """Which lines of the reviewed file were met."""
    return set()


@pytest.mark.parametrize("name", PAGES)
def test_no_serious_finding_is_ours(name: str, serve: Serve, new_page: NewPage, reviewed: set[int]) -> None:
    page = new_page(width=1280, height=900, color_scheme="light")
    open_page(page, f"{serve('app.py')}/{name}", 90_000)
    ours = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(300)
        settled(page, 90_000)
        found = findings(page)
        reviewed |= {one["own"] for one in found}
        ours += [f"{scheme}: {one['rule']}: {one['html']}: {one['said']}" for one in found if one["own"] < 0]
    assert ours == []


def test_the_reviewed_list_names_what_is_there(reviewed: set[int]) -> None:
    """After the pages of this file: a line that nothing matches is out of date."""
    assert [one for at, one in enumerate(OWN) if at not in reviewed] == []


@pytest.mark.parametrize("name", ["training?look=window", "sequences?data=complete_journey"])
def test_the_chosen_items_name_in_a_chart_is_lighter_on_a_dark_page(name: str, serve: Serve, new_page: NewPage) -> None:
    """Its color of light pages has less contrast than 4.5 : 1 on dark ones."""
    words = """() => [...document.querySelectorAll('.js-plotly-plot :is(text, tspan)')]
        .filter((e) => getComputedStyle(e).fill === 'rgb(230, 0, 76)').map((e) => e.textContent)"""
    page = new_page(width=1280, height=900, color_scheme="light")
    open_page(page, f"{serve('app.py')}/{name}", 90_000)
    assert page.evaluate(words)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    settled(page, 90_000)
    assert page.evaluate(words) == []
