"""Addresses full of nonsense: what a page cannot have is said and gives way to the default; no page stops."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks import attack_addresses
from pages.kit import opened_link
from pages.kit.allowed import Number, Options, Several, Span, Steps, number, whole
from recemb_core.readers import InputError
from recemb_core.session_file import SessionFile
from tests.pages.conftest import ROOT, healthy


@pytest.mark.slow
def test_two_thousand_addresses_at_the_mechanism() -> None:
    found = attack_addresses.at_the_mechanism(2_000, seed=0)
    assert found["tried"] == 2_000
    assert found["faults"] == []
    assert found["refused"] > 1_000  # the values do get there
    assert found["repaired"] > 100


@pytest.mark.slow
def test_a_sample_of_addresses_on_every_page() -> None:
    found = attack_addresses.on_pages(60, seed=0)
    assert found["tried"] == 60
    assert found["faults"] == []
    assert found["refused"] > 20


@pytest.mark.parametrize("value", ["²", "٣", "9" * 5_000, "-1", str(2**31), "1e3", "nan", "", "1_0", " 5"], ids=repr)
def test_a_seed_that_is_none_is_said(value: str) -> None:
    page = AppTest.from_file(str(ROOT / "pages" / "home.py"), default_timeout=60)
    page.query_params["seed"] = value
    healthy(page.run())
    assert page.session_state["seed"] == 0
    (said,) = [toast.value for toast in page.toast]
    assert said.startswith("The link's seed=")
    assert said.endswith("'0' is used.")
    assert len(said) < 200


@pytest.mark.parametrize("text", ["²", "٣", "1_0", " 5", "5 ", "+", "", "0x1", "1" * 101, "½", "１"], ids=repr)
def test_numbers_are_what_links_write(text: str) -> None:
    for read in (whole, number):
        if read is number and text == "0x1":
            continue
        with pytest.raises(ValueError):
            read(text)


def test_what_a_widget_does_not_offer_gives_way_to_the_nearest_that_it_does() -> None:
    assert Span(2, 33).nearest(50) == 33
    assert Number(0.5, 1.0).nearest(0.0) == 0.5
    assert Steps((1, 10, 100)).nearest(50) == 10
    assert Steps((1, 10, 100)).nearest(0) == 1
    assert Options(("a", "b")).nearest("c") == "a"
    assert Several(("a", "b")).nearest(["c", "b", "b"]) == ["b"]


@pytest.mark.slow
def test_a_slider_that_ends_before_the_links_value_says_so() -> None:
    page = AppTest.from_file(str(ROOT / "pages" / "node2vec.py"), default_timeout=180)
    page.query_params["data"] = "karate_club"
    page.query_params["umap_neighbors"] = "50"
    healthy(page.run())
    assert page.session_state["umap_neighbors@karate_club"] == 33
    assert [toast.value for toast in page.toast] == ["UMAP neighbors: '50' is not offered here, '33' is used."]


def test_one_name_twice_and_halves_of_characters_are_said_or_mended() -> None:
    found, said = opened_link.cleaned({"p": ["1", "2"], "item": ["a\ud800b\0"], "q": ["x" * 30_000], "z": []})
    assert found == {"p": "2", "item": "a?b?", "z": ""}
    assert said == [
        "The link says p 2 times; the last one counts.",
        "The link's q has 30,001 characters and is not read.",
    ]


@pytest.mark.parametrize(
    "line", [f"p = {'9' * 5000}", f"p = 0x{'f' * 5000}", f"p = [0x{'f' * 5000}]", "p = 9223372036854775808"]
)
def test_numbers_that_no_file_writes_are_one_sentence(line: str) -> None:
    with pytest.raises(InputError, match=r"(64 bits|no valid TOML)") as caught:
        SessionFile.from_toml(f'format = "recemb-session"\nversion = 1\ndata = "karate_club"\n[settings]\n{line}\n')
    assert len(str(caught.value)) < 400


@pytest.mark.slow
def test_a_reading_in_a_link_is_understood_or_one_sentence() -> None:
    from dataclasses import fields

    from recemb_core.readers import CleaningConfig, ColumnMapping, Reading

    names = [field.name for kind in (ColumnMapping, CleaningConfig, Reading) for field in fields(kind)]
    for value in attack_addresses.NASTY:
        for link in (value, *(f"events~item.i~{name}.{value}" for name in names)):
            found, refused = None, ""
            try:
                found = Reading.from_link(link)
            except InputError as error:
                refused = str(error)
            assert len(refused) < 1_000
            assert found is None or Reading.from_link(found.to_link()) == found
