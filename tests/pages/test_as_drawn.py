"""The recall networks as drawn: sizes of this data, details of users, and what is measured of each input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.text import plain
from pages.views.deep_models.recall_boxes import ABSENT, two_tower_boxes, youtube_boxes
from recemb_core.datasets import load_dataset
from recemb_core.deep import TwoTowerConfig, YouTubeDNNConfig
from recemb_core.deep.anatomy import Sizes, youtube_parameters
from recemb_core.deep.user_fields import UserFields
from tests.pages.conftest import healthy, numbers, run_the_python, text
from tests.pages.test_upload import upload

Open = Callable[..., AppTest]
OTHERS = b"id,age\nz1,young\nz2,old\n"
DRAWN = {"data": "complete_journey", "section": "drawn"}
WORTH = {**DRAWN, "drawn_look": "worth"}


def groceries() -> Sizes:
    data = load_dataset("complete_journey")
    assert data.user_details is not None
    fields = UserFields.of(data.user_details.select(data.user_details.columns[:5]))
    return Sizes(items=len(data.items), fields=fields, example_age=True)


@pytest.mark.slow
def test_the_page_counts_what_the_network_learns(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **DRAWN))
    counted = youtube_parameters(YouTubeDNNConfig(), groceries())
    assert numbers(page)["Parameters"] == f"{sum(counted.values()):,}"
    assert numbers(page)["User's input"] == str(64 + 4 * 8 + 3)
    assert "800 of the 800 users" in text(page)
    page = healthy(open_page("deep_models", **WORTH))
    assert "not told apart" in text(page) or "A difference beyond noise" in text(page)
    assert page.dataframe[0].value["Told"].to_list()[-1] == "the history alone"


def test_other_widths_are_drawn_at_once(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **WORTH, recall_dimensions="16"))
    assert numbers(page)["User's input"] == str(16 + 4 * 8 + 3)
    assert any(button.label.startswith("Measure") for button in page.button), "other settings wait for the button"


def test_what_is_switched_off_leaves_the_drawing(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **WORTH))
    page.multiselect(key="drawn_told@complete_journey").set_value(["age"])
    healthy(page.run())
    assert numbers(page)["User's input"] == str(64 + 8)
    page.multiselect(key="drawn_told@complete_journey").set_value([])
    healthy(page.run())
    assert numbers(page)["User's input"] == "64"
    assert "Nothing is told beside the history" in text(page)


@pytest.mark.parametrize("fields", [0, 2, 5])
@pytest.mark.parametrize("network", ["youtube", "towers"])
def test_every_box_reads_from_boxes_below_it(network: str, fields: int) -> None:
    names = tuple(f"field {i}" for i in range(fields))
    known = UserFields(names, (("a", "b"),) * fields, (1,) * fields)
    for sizes in (Sizes(items=9, fields=known, side_values=4, example_age=True), Sizes(items=9, fields=known)):
        boxes = (
            youtube_boxes(YouTubeDNNConfig(), sizes)
            if network == "youtube"
            else two_tower_boxes(TwoTowerConfig(), sizes)
        )
        read = {one for box in boxes for one in box.after}
        for at, box in enumerate(boxes):
            assert all(boxes[one].level < box.level for one in box.after)
            assert box.after or box.level == 0
            absent = box.detail in (ABSENT, "not told")
            assert (at in read) != (absent or box.kind == "answer"), f"{box.label} goes nowhere, or comes from nowhere"
            assert 0 <= box.left < box.right <= 1
            for one in box.after:  # an arrow stands where both are
                assert max(box.left, boxes[one].left) < min(box.right, boxes[one].right)


def details_file(users: list[str]) -> bytes:
    lines = [
        f"{user},{'north' if at % 2 else 'south'},{'red' if at % 3 else 'blue'} shoes" for at, user in enumerate(users)
    ]
    return "\n".join(["who,place,looked for", *lines]).encode()


@pytest.mark.slow
def test_a_file_of_users_is_read_and_takes_the_place_of_none(app: AppTest) -> None:
    rows = [(user, step) for user in range(12) for step in range(5)]
    lines = [f"u{user},i{(user + step) % 7},{1_700_000_000 + user * 1000 + step}" for user, step in rows]
    log = "\n".join(["user,item,time", *lines])
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "log.csv", log.encode()))
    key = app.query_params["data"]
    key = key if isinstance(key, str) else key[0]
    app.session_state[f"section@{key}"] = "drawn"
    page = healthy(app.switch_page("pages/deep_models.py").run())
    assert "Nothing is known of the users here" in text(page)
    box: Any = page.file_uploader(key=f"user_details@{key}")
    box.set_value(("people.csv", details_file([f"u{i}" for i in range(12)]), "text/csv"))
    page = healthy(page.run())
    assert "12 users of 12 have details" in text(page)
    assert page.multiselect(key=f"drawn_told@{key}").value[:1] == ["place"]
    page.selectbox(key=f"user_words@{key}").set_value("looked for")
    page = healthy(page.run())
    assert "3 of 3 are kept" in text(page)
    assert "read_user_details" in next(code.value for code in page.code if "measure_features" in code.value)
    assert json.dumps("people.csv") in next(code.value for code in page.code if "measure_features" in code.value)


def test_a_file_without_these_users_is_said_in_a_sentence(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **DRAWN))
    page.file_uploader(key="user_details@complete_journey").set_value(("other.csv", OTHERS, "text/csv"))
    page = healthy(page.run())
    warned = " ".join(one.value for one in page.warning)
    assert plain("no column of the user details holds users of this log")[:40] in warned
    assert numbers(page)["User's input"] == str(64 + 4 * 8 + 3), "the bundled ones stay"


def own_log(users: int = 24) -> bytes:
    """A log with search words and a place in its rows; an item has no city, and few searches, of its own."""
    places, words = ["Bern", "Chur", "Genf"], ["green tea", "tea cup", "cup board", "green board"]
    lines = [
        f"u{user},i{(user + 3 * step) % 11},{1_700_000_000 + user * 50_000 + step * 60},"
        f"{places[(user + step // 4) % 3]},{words[(user + step) % 4]},{step}.5"
        for user in range(users)
        for step in range(8)
    ]
    return "\n".join(["user,item,time,city,search,price", *lines]).encode()


def drawn_page(app: AppTest, log: bytes, **chosen: Any) -> tuple[AppTest, str]:
    """The view with an upload, and the upload's key."""
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "own.csv", log))
    key = app.query_params["data"]
    key = key if isinstance(key, str) else key[0]
    app.session_state[f"section@{key}"] = "drawn"
    for name, value in chosen.items():
        app.session_state[f"{name}@{key}"] = value
    return healthy(app.switch_page("pages/deep_models.py").run()), key


@pytest.mark.slow
def test_columns_of_the_log_are_offered_and_taken_when_chosen(app: AppTest) -> None:
    page, key = drawn_page(app, own_log())
    assert "or choose columns of this log there (city, search, price)" in text(page)
    before = numbers(page)["User's input"]
    page.multiselect(key=f"user_latest@{key}").set_value(["city"])
    page.selectbox(key=f"user_searched@{key}").set_value("search")
    page = healthy(page.run())
    said = text(page)
    assert "144 events of 24 users; the last 2 baskets or clicks of each user are kept for measuring" in said
    assert "The latest value of 'city': 24 of 24 users have one, 3 different; most often " in said
    assert "Of these words: 24 of 24 users have some, 4 different" in said
    assert "columns of the log: city, search" in said
    assert page.multiselect(key=f"drawn_told@{key}").value[:2] == ["city", "search"]
    assert int(numbers(page)["User's input"]) == int(before) + 2 * 8
    assert (page.query_params["user_latest"], page.query_params["user_searched"]) in (
        ("city", "search"),
        (["city"], ["search"]),
    )
    page.multiselect(key=f"drawn_told@{key}").set_value(["search"])
    page = healthy(page.run())
    assert int(numbers(page)["User's input"]) == int(before) - 3 + 8, "city and the age of the example are off"


def test_a_log_without_further_columns_has_no_such_control(app: AppTest, open_page: Open) -> None:
    rows = [line.rsplit(b",", 3)[0] for line in own_log().split(b"\n")]
    page, key = drawn_page(app, b"\n".join(rows))
    for shown, name in ((page, key), (healthy(open_page("deep_models", **DRAWN)), "complete_journey")):
        assert f"user_latest@{name}" not in [box.key for box in shown.multiselect]
        assert f"user_searched@{name}" not in [box.key for box in shown.selectbox]
        assert "Columns of this log" not in text(shown)


@pytest.mark.parametrize(
    ("latest", "searched", "said"),
    [(["city"], "city", "is chosen as one value and as words"), ([], "price", "holds numbers and no words")],
)
def test_a_choice_that_cannot_be_is_said_in_a_sentence(
    app: AppTest, latest: list[str], searched: str, said: str
) -> None:
    page, key = drawn_page(app, own_log(), user_latest=latest, user_searched=searched)
    assert said in " ".join(one.value for one in page.warning)
    assert "Nothing is known of the users here" in text(page)
    assert page.multiselect(key=f"drawn_told@{key}").value == ["age of the example"]


@pytest.mark.slow
def test_what_a_column_of_the_log_is_worth_is_measured_and_the_lines_say_the_same(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {"user_latest": ["city"], "user_searched": "search", "recall_epochs": 1, "drawn_look": "worth"}
    page, key = drawn_page(app, own_log(), **chosen)
    page.file_uploader(key=f"user_details@{key}").set_value(
        ("people.csv", details_file([f"u{i}" for i in range(24)]), "text/csv")
    )
    page = healthy(page.run())
    assert page.multiselect(key=f"drawn_told@{key}").value == [
        "city",
        "search",
        "place",
        "looked for",
        "age of the example",
    ]
    page.multiselect(key=f"drawn_told@{key}").set_value(["city", "search"])
    page = healthy(page.run())
    next(button for button in page.button if button.label.startswith("Measure")).click()
    page = healthy(page.run())
    rows = page.dataframe[0].value
    assert rows["Told"].to_list() == ["everything", "without city", "without search", "the history alone"]
    (tmp_path / "own.csv").write_bytes(own_log())
    (tmp_path / "people.csv").write_bytes(details_file([f"u{i}" for i in range(24)]))
    monkeypatch.chdir(tmp_path)
    printed = run_the_python(page).splitlines()
    assert [line.split(" ")[0] for line in printed] == ["city", "search", "the"]
    effects = rows["Everything less this"].to_list()[1:]
    for line, shown in zip(printed, effects, strict=True):
        value = next(word for word in line.split() if word.lstrip("-").replace(".", "").isdigit())
        assert float(value) == pytest.approx(float(shown.split()[0].replace("−", "-")), abs=6e-4)
