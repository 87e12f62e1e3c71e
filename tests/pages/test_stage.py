"""The stage: a guess against what is measured, a complete state, the way back; answers whatever was tried before."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox, SelectSlider

from pages.kit.parameters import declared
from pages.kit.session import ITEM
from pages.kit.stage import either
from tests.pages.conftest import healthy, questions, show_me
from tests.pages.test_runs import measured

Open = Callable[..., AppTest]
KARATE = "karate_club"


def guess(page: AppTest, number: int, choice: int) -> AppTest:
    """Answer a question, the first is 0, with one of its choices."""
    page.session_state[page.session_state["_place"]] = number
    page.run()
    page.button(key=f"guess{number}-{choice}").click()
    return healthy(page.run())


def verdict(page: AppTest) -> str:
    """What stands below the question, once it is measured."""
    for _ in range(300):
        # A button's sentence says that it may be pressed, and is no answer.
        (said,) = [str(one.value) for one in (*page.success, *page.info) if "Press " not in str(one.value)]
        if "being compiled" not in said:
            return said
        time.sleep(0.2)
        healthy(page.run())
    raise AssertionError(f"no answer after a minute: {said}")


@pytest.mark.slow
def test_the_guess_is_held_against_what_was_measured(open_page: Open) -> None:
    page = healthy(open_page("node2vec", data=KARATE))
    choices = [b.label for b in page.button if str(b.key).startswith("guess0-")]
    assert 2 <= len(choices) <= 4
    show_me(page, 0)
    measured = verdict(healthy(page.run()))
    right = next(n for n, choice in enumerate(choices) if measured.startswith(f"**{choice}.**"))
    for choice in range(len(choices)):
        page = healthy(open_page("node2vec", data=KARATE))
        said = verdict(guess(page, 0, choice))
        if choice == right:
            assert said.startswith(f"**Right: {choices[right]}.**")
            assert len(page.success) == 1
        else:
            assert said.startswith(f"You said: {choices[choice]}. **Measured: {choices[right]}.**")
            assert not page.success
        assert measured.removeprefix(f"**{choices[right]}.** ") in said


def test_choices_that_hold_together_are_one_sentence() -> None:
    assert either(["More than half"]) == "More than half"
    assert either(["LSH", "A quarter to a half", "HNSW", "None: it comes first"]) == (
        "LSH or a quarter to a half or HNSW or none: it comes first"
    )
    assert either([]) == ""


def test_show_me_is_remembered_until_the_person_wants_to_guess(open_page: Open) -> None:
    page = healthy(open_page("node2vec", data=KARATE))
    show_me(page, 0)
    healthy(page.run())
    page.button(key="question next").click()
    healthy(page.run())
    assert not [b for b in page.button if str(b.key).startswith("guess1")]
    page.button(key="guess again").click()
    healthy(page.run())
    assert [b for b in page.button if str(b.key).startswith("guess1-")]


@pytest.mark.slow
def test_a_question_sets_the_complete_state_and_the_way_back_restores_it(open_page: Open) -> None:
    fresh = healthy(open_page("node2vec", data=KARATE))
    names = ("p", "q", "num_walks", "window", "dimensions", "umap_neighbors")
    keys = [f"{name}@{KARATE}" for name in names if f"{name}@{KARATE}" in fresh.session_state]
    assert len(keys) >= 4
    at_first = {key: fresh.session_state[key] for key in keys}
    item = fresh.session_state[f"item@{KARATE}"]
    page = healthy(open_page("node2vec", data=KARATE, num_walks="3", window="2", p="4"))
    page.sidebar.selectbox[1].set_value("5")
    healthy(page.run())
    own = {key: page.session_state[key] for key in keys}
    assert own != at_first
    for number in (0, 1):
        show_me(page, number)
        healthy(page.run())
    now = {key: page.session_state[key] for key in keys}
    assert {k: v for k, v in now.items() if k[0] not in "pq"} == {k: v for k, v in at_first.items() if k[0] not in "pq"}
    assert page.session_state[f"item@{KARATE}"] != item, "the chosen item is the visit's"
    page.button(key="question undo").click()
    healthy(page.run())
    assert {key: page.session_state[key] for key in keys} == own
    assert not page.success


@pytest.mark.slow
def test_a_moved_control_takes_the_verdict_away(open_page: Open) -> None:
    page = healthy(open_page("node2vec", data=KARATE))
    show_me(page, 0)
    healthy(page.run())
    assert page.success
    page.select_slider(key=f"q@{KARATE}").set_value(2.0)
    healthy(page.run())
    assert not page.success


def test_a_question_starts_a_player_anew(open_page: Open) -> None:
    """Else its answer about a whole walk would stand under the first steps of one, or a player would run on."""
    page = healthy(open_page("walks", data="planted_shop", walks_view="walk"))
    page.slider(key="player step@planted_shop").set_value(2)
    healthy(page.run())
    show_me(page, 0)
    healthy(page.run())
    assert page.slider(key="player step@planted_shop").value == page.slider(key="player step@planted_shop").max


def test_a_player_and_a_setting_of_one_name_are_two_things(open_page: Open) -> None:
    walks = healthy(open_page("walks", data="planted_shop", walks_view="walk"))
    page = healthy(open_page("neighbors", data="planted_shop", compare="sum"))
    asked = page.selectbox(key="step@planted_shop")
    other = next(one for one in asked.options if one != asked.options[0])
    for key in ("_players", "player step@planted_shop"):
        page.session_state[key] = walks.session_state[key]
    page.session_state["step@planted_shop"] = other
    show_me(page, 0)
    healthy(page.run())
    assert verdict(page)
    assert page.session_state["step@planted_shop"] in asked.options
    walks.session_state["step@planted_shop"] = other
    healthy(walks.run())


def test_an_item_that_a_question_chose_is_left_with_it(open_page: Open) -> None:
    """The next question that names no item is about the person's own, and so is the page after all of them."""
    page = healthy(open_page("training", data="planted_shop", look="lookup"))
    key = "item@planted_shop"
    own = page.selectbox(key=key).options[7]
    page.selectbox(key=key).__class__ = SelectboxOfWords
    page.selectbox(key=key).set_value(own)
    healthy(page.run())
    chosen = page.session_state[key]
    show_me(page, 0)
    healthy(page.run())
    assert page.session_state[key] != chosen
    page.slider(key="width@planted_shop").set_value(5)
    healthy(page.run())
    show_me(page, 2)
    healthy(page.run())
    assert page.session_state[key] == chosen
    page.button(key="question undo").click()
    healthy(page.run())
    assert page.session_state[key] == chosen
    assert page.session_state["width@planted_shop"] == 5


def test_two_of_one_model_begin_alike_and_what_was_set_comes_back_at_the_end(open_page: Open) -> None:
    page = healthy(open_page("neighbors", data="planted_shop", compare="two"))
    keys = ["word2vec_window@planted_shop", "b_item2vec_negative@planted_shop"]
    at_first = [page.session_state[key] for key in keys]
    for key, value in zip(keys, (10, 10), strict=True):
        kind = next(kind for kind in ("select_slider", "slider") if any(w.key == key for w in page.get(kind)))
        getattr(page, kind)(key=key).set_value(value)
        healthy(page.run())
    own = [page.session_state[key] for key in keys]
    assert all(now != before for now, before in zip(own, at_first, strict=True))
    show_me(page, 0)  # word2vec twice: the second box shows another model's settings
    healthy(page.run())
    second = page.session_state["b_word2vec_window@planted_shop"]
    assert second == page.session_state["word2vec_window@planted_shop"] == at_first[0]
    show_me(page, 2)  # word2vec against item2vec, each at its defaults
    healthy(page.run())
    assert [page.session_state[key] for key in keys] == at_first
    page.button(key="question undo").click()
    healthy(page.run())
    assert [page.session_state[key] for key in keys] == own


def test_a_question_leaves_the_controls_of_other_pages_alone(open_page: Open) -> None:
    first = healthy(open_page("node2vec", data="planted_shop"))
    show_me(first, 0)
    healthy(first.run())
    pressed = first.session_state["_experiment"]
    page = healthy(open_page("walks", data="planted_shop"))
    (key, *_) = [key for key in pressed.defaults if key not in page.session_state]
    page.session_state[key] = "one's own"
    page.session_state["_experiment"] = pressed
    show_me(page, 0)
    healthy(page.run())
    assert page.session_state[key] == "one's own"


def test_what_two_pages_share_comes_back_after_a_question_on_each(app: AppTest) -> None:
    """Not what the question of the other page had set it to."""
    app.query_params["data"] = KARATE
    page = healthy(app.run())
    page.switch_page("pages/node2vec.py").run()
    page.select_slider(key=f"q@{KARATE}").set_value(4.0)
    healthy(page.run())
    for name, number in (("node2vec", 0), ("walks", 1)):
        page.switch_page(f"pages/{name}.py").run()
        show_me(page, number)
        healthy(page.run())
        assert page.session_state[f"q@{KARATE}"] != 4.0
    page.button(key="question undo").click()
    healthy(page.run())
    assert page.session_state[f"q@{KARATE}"] == 4.0


# ---- whatever was tried before ----

# Page and its view, those that train for no long; with RECEMB_ORDERS set so many orders of each, else one of a few.
SOME: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("sequences", "planted_shop", {}),
    ("walks", "les_miserables", {}),
    ("node2vec", KARATE, {}),
    ("item_graph", "planted_shop", {}),
    ("lsh", "planted_shop", {"lab": "tune"}),
    ("deep_models", "planted_shop", {"section": "history"}),
    ("deep_models", "complete_journey", {"section": "embedding"}),
    ("deep_models", "complete_journey", {"section": "staleness"}),
    ("runs", "planted_shop", {"runs_view": "sweep"}),
)
RACE = ("lsh", "planted_shop", {"lab": "race"})
"""Its answers are times, which no two measurements share; test_experiment_answers holds them against its own table."""
EVERY = (
    *SOME,
    ("walks", "planted_shop", {"walks_view": "walk"}),
    ("walks", "planted_shop", {"walks_view": "many"}),
    ("node2vec", KARATE, {"view": "why"}),
    ("node2vec", KARATE, {"view": "objective"}),
    ("node2vec", "les_miserables", {"view": "figure"}),
    ("neighbors", "planted_shop", {}),
    ("neighbors", "planted_shop", {"compare": "sum"}),
    ("side_information", "planted_shop", {}),
    ("side_information", "planted_shop", {"side": "birth"}),
    ("side_information", "planted_shop", {"side": "forms"}),
    ("side_information", "planted_shop", {"side": "ges"}),
    ("evaluation", "planted_shop", {}),
    ("evaluation", "planted_shop", {"evaluation_look": "pairs"}),
    ("lsh", "planted_shop", {"lab": "inside"}),
    ("lsh", "planted_shop", {"lab": "inside", "inside": "plane"}),
    ("lsh", "planted_shop", {"lab": "inside", "inside": "walk"}),
    ("lsh", "planted_shop", {"lab": "inside", "inside": "guess"}),
    *(("training", "planted_shop", {"look": look}) for look in ("window", "noise", "steps", "cbow", "set")),
    *(("training", "planted_shop", {"look": look}) for look in ("lookup", "two", "costs", "learned")),
    *(("deep_models", "complete_journey", {"section": one}) for one in ("recall", "drawn", "pretraining", "serving")),
    ("item_graph", "complete_journey", {}),
    ("neighbors", "planted_shop", {"compare": "two"}),
    ("side_information", "planted_shop", {"side": "hide"}),
    ("runs", "planted_shop", {"runs_view": "all"}),
    RACE,
)
ORDERS = int(os.environ.get("RECEMB_ORDERS", "1"))
VIEWS = EVERY if "RECEMB_ORDERS" in os.environ else SOME


def answers_of(page: AppTest, number: int) -> str:
    show_me(page, number)
    return verdict(healthy(page.run()))


@pytest.mark.slow
def test_a_question_that_leads_to_another_view_stands_there_too(open_page: Open) -> None:
    """Wherever that view's questions were turned to before: the answer and the way back are those of the question."""
    page = healthy(open_page("evaluation", data="planted_shop"))
    page.button(key="question next").click()
    healthy(page.run())
    look = next(one for one in page.segmented_control if str(one.key).startswith("evaluation_look@"))
    look.set_value("popularity")
    healthy(page.run())
    guess(page, 0, 0)
    assert next(one for one in page.segmented_control if one.key == look.key).value == "all"
    assert any(caption.value.startswith("Question 1 ") for caption in page.caption)
    assert verdict(page)
    page.button(key="question undo").click()
    healthy(page.run())
    assert next(one for one in page.segmented_control if one.key == look.key).value == "popularity"


@pytest.mark.slow
def test_the_item_that_a_question_chooses_is_that_of_its_own_settings(open_page: Open) -> None:
    """Lists of three dispute another item than lists of ten, to which the question goes back."""
    page = healthy(open_page("neighbors", data="les_miserables", k="3"))
    key = "item@les_miserables"
    before = page.session_state[key]
    said = verdict(guess(page, 0, 0))
    assert f" {page.session_state[key]}: agreement" in said
    page.button(key="question undo").click()
    healthy(page.run())
    assert (page.session_state[key], page.session_state["k@les_miserables"]) == (before, 3)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "data", "view"), VIEWS)
def test_answers_are_the_same_whatever_was_tried_before(
    name: str, data: str, view: dict[str, str], open_page: Open
) -> None:
    if view == {"runs_view": "all"}:  # of runs that somebody kept
        for dimensions in (8, 16):
            measured(dimensions)
    first = healthy(open_page(name, data=data, **view))
    number = questions(first)
    assert number
    fresh: dict[int, str] = {}
    state: dict[int, dict[str, Any]] = {}
    for n in range(number):
        page = healthy(open_page(name, data=data, **view))
        fresh[n], state[n] = answers_of(page, n), settings_of(page)
    for seed in range(ORDERS):
        draw = random.Random(f"{name} {seed}")
        page, moved = healthy(open_page(name, data=data, **view)), ""
        for n in draw.sample(range(number), number):
            _move_something(page, draw)
            if not any(str(b.key) == f"try{n}" for b in page.button):
                page.session_state[page.session_state["_place"]] = n
                healthy(page.run())
            if any(str(b.key) == f"try{n}" for b in page.button):
                moved = _move_unseen(page, draw)
                page.button(key=f"try{n}").click()
                healthy(page.run())
            said = verdict(page)
            assert said == fresh[n] or (name, data, view) == RACE, f"order {seed}, question {n + 1}, after {moved}"
            assert settings_of(page) == state[n], f"order {seed}, question {n + 1}, after {moved}"


def settings_of(page: AppTest) -> dict[str, Any]:
    """All that the controls of the page are set to, but which item and which file to save: those are the person's."""
    return {str(w.key): w.value for w in _settings(page) if str(w.key).split("@")[0] not in (ITEM.name, "files")}


def _settings(page: AppTest) -> list[Any]:
    """Its controls, but the one that chooses the view, for another view asks other questions."""
    views = {one.name for one in declared() if one.view}
    kinds: list[Any] = [page.main.get(kind) for kind in ("select_slider", "slider", "selectbox", "toggle", "checkbox")]
    return [w for kind in kinds for w in kind if "@" in str(w.key) and str(w.key).split("@")[0] not in views]


def _move_something(page: AppTest, draw: random.Random) -> None:
    """One slider of the page to another place, as a person who plays between two questions."""
    sliders: list[Any] = [s for s in page.select_slider if len(s.options) > 1 and not s.disabled]
    if sliders:
        one = draw.choice(sliders)
        one.set_value(draw.choice([v for v in (0.05, 0.5, 2.0) if str(v) in one.options] or [one.value]))
        healthy(page.run())


class SelectboxOfWords(Selectbox[str]):
    """One that is set by the words of an option: the framework puts values into words, and knows words alone."""

    format_func = property(lambda _: str)


class SliderOfWords(SelectSlider[str]):
    """The same of a slider."""

    format_func = property(lambda _: str)


ACTS = {"history_add", "history_take", "history_user"}
"""Controls that do something of their own when they are moved, in a run of theirs: nobody presses two at once."""


def _move_unseen(page: AppTest, draw: random.Random) -> str:
    """Any control of the page to any of its places, in the run that answers the question: nothing is trained for it."""
    free = [w for w in _settings(page) if not w.disabled]
    if not free:
        return "nothing"
    one = draw.choice(free)
    if one.type in {"toggle", "checkbox"}:
        one.set_value(not one.value)
    elif one.type == "slider":
        one.set_value(draw.choice([one.min, one.max]))
    else:
        one.__class__ = SelectboxOfWords if one.type == "selectbox" else SliderOfWords
        one.set_value(draw.choice(one.options))
    moved = f"{one.key} = {one.value}"
    if str(one.key).split("@")[0] in ACTS:
        healthy(page.run())
    return moved
