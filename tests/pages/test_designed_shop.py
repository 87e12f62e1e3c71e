"""The designed shop's sliders and the choice of the planted shop's graph: in link, Python and saved session."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.made_to_order import SHOP, in_words
from recemb_core.datasets import load_dataset
from recemb_core.datasets.designed_shop import DesignedShopConfig, designed_shop
from recemb_core.embeddings import default_graph
from recemb_core.prepared import prepare_bundled
from recemb_core.sequences import split_sessions
from recemb_core.session_file import SessionFile
from tests.pages.conftest import healthy, text

Open = Callable[..., AppTest]
SETTINGS = {"noise": 0.3, "drift": 0.05, "categories": 5, "users": 300}
LINK = {f"made_{name}": str(value) for name, value in SETTINGS.items()}


def code_of(page: AppTest) -> str:
    """The lines of Python on a page."""
    (code,) = (block.value for block in page.code if "load_dataset" in block.value)
    return code


def made(page: AppTest) -> dict[str, Any]:
    """What they make."""
    found: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code_of(page), "As Python", "exec"), found)
    return found


def told(page: AppTest, name: str) -> str:
    """What the address says of a parameter."""
    value = page.query_params[name]
    return value if isinstance(value, str) else value[-1]


def test_every_setting_has_a_slider_inside_what_a_shop_can_be() -> None:
    assert set(SHOP) == set(DesignedShopConfig.__dataclass_fields__)
    sizes = ("categories", "products", "variants", "accessories", "bridges", "users", "sessions_per_user", "weeks")
    for ends in product((0, 1), repeat=len(sizes)):  # every corner; between them no sum is larger
        values = {}
        for name, end in zip(sizes, ends, strict=True):
            low, high, _ = DesignedShopConfig.__dataclass_fields__[name].metadata["slider"]
            values[name] = (low, high)[end]
        DesignedShopConfig(**values)
    for name, one in SHOP.items():
        default = getattr(DesignedShopConfig(), name)
        assert one.allowed.holds(default)
        assert one.help


def test_a_link_shares_a_shop(open_page: Open) -> None:
    page = healthy(open_page("sequences", data="designed_shop", **LINK))
    shop = designed_shop(DesignedShopConfig(**SETTINGS))  # type: ignore[arg-type]
    cut = split_sessions(shop.sequences, gap_minutes=60)
    assert {m.label: m.value for m in page.metric}["Events"] == f"{len(cut.tokens):,}"
    assert {name: told(page, name) for name in LINK} == LINK
    assert made(page)["sequences"].fingerprint == cut.fingerprint
    saved = SessionFile.from_toml(page.session_state["_saved"])
    assert prepare_bundled("designed_shop", saved).sequences.fingerprint == cut.fingerprint  # type: ignore[union-attr]


def test_a_slider_remakes_it(open_page: Open) -> None:
    page = healthy(open_page("sequences", data="designed_shop"))
    before = made(page)["sequences"].fingerprint
    assert 'load_dataset("designed_shop")' in code_of(page)
    (noise,) = (slider for slider in page.slider if slider.key == "made_noise@designed_shop")
    noise.set_value(1.0)
    page = healthy(page.run())
    assert told(page, "made_noise") == "1"
    assert made(page)["sequences"].fingerprint != before
    assert "noise=1.0" in code_of(page)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["item_graph", "walks"])
def test_other_pages_work_on_it(name: str, open_page: Open) -> None:
    page = healthy(open_page(name, data="designed_shop", **LINK))
    graph = made(page)["graph"]
    shop = designed_shop(DesignedShopConfig(**SETTINGS))  # type: ignore[arg-type]
    assert graph.fingerprint == default_graph(split_sessions(shop.sequences, gap_minutes=60)).fingerprint
    assert told(page, "made_drift") == "0.05"


def test_reset_leaves_the_shop_alone_and_a_button_of_its_own_does_not(open_page: Open) -> None:
    page = healthy(open_page("item_graph", data="designed_shop", edges="co_occurrence", **LINK))
    next(button for button in page.button if button.label == "Reset").click()
    page = healthy(page.run())
    assert {name: told(page, name) for name in LINK} == LINK
    assert "edges" not in page.query_params
    page = healthy(open_page("sequences", data="designed_shop", **LINK))
    next(button for button in page.button if button.label == "The usual shop").click()
    page = healthy(page.run())
    assert not set(LINK) & set(page.query_params)
    assert {m.label: m.value for m in page.metric}["Users"] == "2,000"


def test_what_a_link_cannot_ask_is_said(open_page: Open) -> None:
    page = healthy(open_page("sequences", data="designed_shop", made_noise="7", made_users="many"))
    said = " ".join(toast.value for toast in page.toast)
    assert "made_noise" in said
    assert "made_users" in said
    assert {m.label: m.value for m in page.metric}["Users"] == "2,000"


def test_only_it_has_the_box(open_page: Open) -> None:
    assert "Design the shop" in text(healthy(open_page("sequences", data="designed_shop")))
    page = healthy(open_page("sequences", data="planted_shop", made_noise="0.5"))
    assert "Design the shop" not in text(page)
    assert "made_noise" not in page.query_params
    assert in_words(None) == in_words(DesignedShopConfig()) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["item_graph", "walks", "node2vec"])
def test_the_planted_shop_s_graph_is_given_or_counted(name: str, open_page: Open) -> None:
    data = load_dataset("planted_shop")
    assert data.sequences is not None
    assert data.graph is not None
    counted = default_graph(split_sessions(data.sequences, gap_minutes=60))
    if name != "node2vec":  # as it opens it is tested with every page
        assert made(healthy(open_page(name, data="planted_shop")))["graph"].fingerprint == data.graph.fingerprint
    page = healthy(open_page(name, data="planted_shop", graph_from="log", num_walks="2", epochs="1"))
    assert told(page, "graph_from") == "log"
    assert 'build_item_graph(sequences, edges="transitions")' in code_of(page)
    saved = SessionFile.from_toml(page.session_state["_saved"])
    assert prepare_bundled("planted_shop", saved).graph.fingerprint == counted.fingerprint


def test_no_backbone_is_told_of_a_given_graph(open_page: Open) -> None:
    given = text(healthy(open_page("item_graph", data="planted_shop")))
    assert "Here the edges are given, and all are kept" in given
    assert "The backbone compares" not in given
    assert "The behavior joins" in text(healthy(open_page("item_graph", data="planted_shop", graph_from="log")))


def test_a_graph_alone_has_no_such_choice(open_page: Open) -> None:
    page = healthy(open_page("item_graph", data="les_miserables", graph_from="log"))
    assert "The graph is" not in [box.label for box in page.selectbox]
    assert "graph_from" not in page.query_params
