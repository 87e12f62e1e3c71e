"""Views that follow the article beyond the opening ones: whole in the three forms, drawn, nothing cut, no error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import no_exception, open_page, screenshot, settled
from tests.browser.test_first_minute import fits

Serve = Callable[..., str]
NewPage = Callable[..., Page]

# Name of the picture → address, and a live chart of the view ("" where it has none).
VIEWS = {
    "summary": ("summary?v=2&data=planted_shop", ""),
    "sequences-designed": ("sequences?v=2&data=designed_shop", "gaps@"),
    "item_graph-two": ("item_graph?v=2&data=planted_shop", "graph@"),
    "training-cbow": ("training?v=2&data=planted_shop&look=cbow", ""),
    "training-pmi": ("training?v=2&data=planted_shop&look=learned", ""),
    "training-item2vec": ("training?v=2&data=planted_shop&look=set", ""),
    "node2vec-objective": ("node2vec?v=2&data=planted_shop&view=objective", ""),
    "node2vec-figure": ("node2vec?v=2&data=les_miserables&view=figure", ""),
    "neighbors-arithmetic": ("neighbors?v=2&data=planted_shop&compare=sum", "arithmetic map@"),
    "side_information-forms": ("side_information?v=2&data=planted_shop&side=forms", ""),
    "lsh-walk": ("lsh?v=2&data=planted_shop&lab=inside&inside=walk", ""),
    "deep_models-drawn": ("deep_models?v=2&data=planted_shop&section=drawn", ""),
    "deep_models-staleness": ("deep_models?v=2&data=planted_shop&section=staleness", "staleness@"),
}
FORMS = ((1280, "light"), (1280, "dark"), (800, "light"))
CUT = """() => [...document.querySelectorAll(
    '[data-testid=stMain] [data-testid=stMetricLabel] p, [data-testid=stMain] [data-testid=stMetricValue] > div')]
    .filter((e) => e.getClientRects().length && (e.scrollWidth > e.clientWidth + 1))
    .map((e) => e.innerText)"""
DRAWN = """() => [...document.querySelectorAll('.live-chart')].map((box) => [box.dataset.chartKey, 'rev' in box.dataset,
    box.dataset.error ?? '', box.querySelectorAll('.js-plotly-plot .main-svg').length > 0])"""


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_in_three_forms(name: str, serve: Serve, new_page: NewPage) -> None:
    address, key = VIEWS[name]
    page = new_page(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 720})
    open_page(page, f"{serve('app.py')}/{address}", timeout=120_000)
    for width, scheme in FORMS:
        page.set_viewport_size({"width": width, "height": 720})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_timeout(300)
        settled(page, timeout=60_000)
        no_exception(page)
        assert page.get_by_test_id("stAlertContentError").count() == 0
        assert page.get_by_test_id("stSkeleton").count() == 0
        drawn = page.evaluate(DRAWN)
        assert [one for one in drawn if one[1:] != [True, "", True]] == []
        assert any(one[0].startswith(key) for one in drawn) or not key, drawn
        shown = page.locator(".live-chart, .hash-board, [data-testid=stPlotlyChart]").locator("visible=true")
        expect(shown.first).to_be_visible()
        fits(page)
        assert page.evaluate(CUT) == [], "a metric's words are cut"
        screenshot(page, f"{name}-{scheme}-{width}", whole=True)


def test_what_is_cut_would_be_seen(serve: Serve, new_page: NewPage) -> None:
    """A metric made narrow is told, and one at rest is not."""
    page = new_page(color_scheme="light")
    open_page(page, f"{serve('app.py')}/{VIEWS['training-cbow'][0]}", timeout=120_000)
    assert page.evaluate(CUT) == []
    label = page.get_by_test_id("stMain").get_by_test_id("stMetricLabel").first
    label.locator("p").first.evaluate("(p) => { p.style.cssText += ';display: block; width: 20px; overflow: hidden'; }")
    assert page.evaluate(CUT) == ["Contexts m"]
