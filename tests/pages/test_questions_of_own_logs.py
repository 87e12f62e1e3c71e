"""Questions on logs of a person's own that are small or odd: nothing is called right that was not measured."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.answer_words import with_noise
from pages.kit.uploads.uploads import File, Upload
from pages.views.training.factorization_experiments import loses_more
from tests.pages.conftest import ROOT, healthy, questions, show_me
from tests.pages.verdicts import figures, named, sentence

pytestmark = pytest.mark.slow


def log(*visits: str) -> bytes:
    """A user for each visit, whose letters are the items, a minute apart."""
    lines = ["user,item,time"]
    for user, visit in enumerate(visits):
        lines += [f"u{user},{item},{1_600_000_000 + user * 9_000 + at * 60}" for at, item in enumerate(visit)]
    return "\n".join(lines).encode()


SMALL = log("abcde", "bcaed", "fghij", "hgjif", "abfgc")  # no pair is met five times, and ten items in all
TWO = log(*["abab", "baba"] * 4)


def opened(name: str, content: bytes, items: File | None = None, **view: str) -> AppTest:
    """A page in a session that has uploaded the log."""
    return healthy(opened_anyhow(name, content, items, **view))


def opened_anyhow(name: str, content: bytes, items: File | None = None, **view: str) -> AppTest:
    """The same where the page may have to say that it cannot."""
    upload = Upload(File("own.csv", content), items)
    page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=180)
    page.session_state["uploads"], page.session_state["data"] = {upload.key: upload}, upload.key
    for parameter, value in view.items():
        page.session_state[f"{parameter}@{upload.key}"] = value
    return page.run()


def asked(page: AppTest, number: int) -> str:
    """What the page says to a question, figures included."""
    show_me(page, number)
    healthy(page.run())
    return f"{sentence(page)} {figures(page)}"


def test_products_are_not_held_against_pairs_that_the_log_does_not_have() -> None:
    page = opened("training", SMALL, look="learned")
    for number in range(questions(page)):
        said = asked(page, number)
        assert "nan" not in said
        assert "–" not in said
        assert named(page) == (), said
        assert "No pair of this log was seen 5 times" in said or number == 2
        assert "Fewer than 30 pairs were seen twice" in said or number != 2


def test_a_window_over_repeats_is_no_set() -> None:
    page = opened("training", TWO, look="window")
    said = asked(page, 1)
    assert "2 of these items are different: the set has 2 pairs" in said
    assert named(page) == ("Not the same: an item comes twice",)
    assert "12 of the 12" in said


def test_one_of_a_thing_is_one() -> None:
    page = opened("training", TWO, look="noise")
    assert "is drawn as often as the most popular one" in asked(page, 2)
    page = opened("training", TWO, look="two")
    assert "1 of the other 1 item scores higher" in asked(page, 1)
    page = opened("training", TWO, look="costs", learned="0")
    assert "½ for its one decision" in asked(page, 0)
    page = opened("training", TWO, look="set")
    assert "the 1 pairs" not in asked(page, 2)


def test_lists_that_name_all_other_items_are_not_asked_about() -> None:
    """Ten items: every list of ten is the whole catalogue, in whatever model."""
    for view in ("models", "two"):
        assert questions(opened("neighbors", SMALL, compare=view)) == 0
    kinds = b"\n".join(
        b"%s,%s" % (item.encode(), b"odd" if at % 2 else b"even") for at, item in enumerate("abcdefghij")
    )
    page = opened("side_information", SMALL, File("items.csv", b"item_id,kind\n" + kinds), side="ges")
    assert questions(page) == 1
    assert not any("How many of ten" in one.value for one in page.markdown)
    twelve = log("abcdef", "bcafed", "ghijkl", "hgjilk", "abgfgc")
    page = opened("neighbors", twelve, compare="models")
    for number in range(questions(page)):
        said = asked(page, number)
        assert "agreement 1.00" not in said
        assert "More popular in **0**, rarer in **0**" not in said
        if "In none of" in said:
            assert named(page) == ()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"basket_id,product\n" + b"\n".join(b"b%d,p%d" % (n // 3, n * 7 % 11) for n in range(90)), "say on the Sequ"),
        (TWO, "there is no first-time target"),
    ],
)
def test_what_nobody_can_be_asked_is_said_before_anything_is_trained(content: bytes, why: str) -> None:
    for section in ("recall", "history", "serving", "drawn"):
        page = opened_anyhow("deep_models", content, section=section)
        said = [error.value for error in page.error]
        assert said == [] if section == "drawn" else why in " ".join(said)
        assert not any("hold something out" in one for one in said)
        assert questions(page) == 0
        assert not page.exception


def test_no_question_sets_a_pause_that_leaves_no_session() -> None:
    """Songs last longer than a minute: cut at one, no two are in a session, and the log could not be used."""
    songs = b"user,item,time\n" + b"\n".join(
        b"u%d,song%d,%d" % (n // 20, n * 7 % 30, 1_600_000_000 + n * 200 + n // 5 * 9_000) for n in range(200)
    )
    page = opened("sequences", songs)
    assert questions(page) == 2
    for number in range(2):
        asked(page, number)
        healthy(page)


def test_a_change_and_its_noise_are_told_apart_by_their_digits() -> None:
    assert with_noise(0.0649, 0.0612) == "+0.065 ± 0.061"
    assert with_noise(-0.97, 0.1) == "−0.97 ± 0.10"
    assert with_noise(0.0, 0.0) == "0.00 ± 0.00"


def test_pairs_that_gain_less_than_others_have_not_lost_more() -> None:
    assert loses_more([0.1, 0.2], [0.0, -0.1]) == 0
    assert loses_more([-0.1, -0.2], [-0.3, -0.4]) == 2
    assert loses_more([0.1, 0.2], [0.3, 0.4]) == 1
    assert loses_more([0.1, 0.3], [0.2, 0.4]) == 2
