"""The recall networks as drawn: sizes of this data, details of users, and what is measured of each input."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.text import plain
from pages.views.deep_models.recall_boxes import ABSENT, two_tower_boxes, youtube_boxes
from recemb_core.datasets import load_dataset
from recemb_core.deep import TwoTowerConfig, YouTubeDNNConfig
from recemb_core.deep.anatomy import Sizes, youtube_parameters
from recemb_core.deep.user_fields import UserFields
from tests.pages.conftest import healthy, numbers, text
from tests.pages.test_upload import upload

Open = Callable[..., AppTest]
OTHERS = b"id,age\nz1,young\nz2,old\n"
DRAWN = {"data": "complete_journey", "section": "drawn"}


def groceries() -> Sizes:
    data = load_dataset("complete_journey")
    assert data.user_details is not None
    fields = UserFields.of(data.user_details.select(data.user_details.columns[:5]))
    return Sizes(items=len(data.items), fields=fields, example_age=True)


def test_the_page_counts_what_the_network_learns(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **DRAWN))
    counted = youtube_parameters(YouTubeDNNConfig(), groceries())
    assert numbers(page)["Parameters"] == f"{sum(counted.values()):,}"
    assert numbers(page)["User's input"] == str(64 + 4 * 8 + 3)
    assert "800 of the 800 users" in text(page)
    assert "not told apart" in text(page) or "Told apart" in text(page)
    assert page.dataframe[0].value["Told"].to_list()[-1] == "the history alone"


def test_other_widths_are_drawn_at_once(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **DRAWN, recall_dimensions="16"))
    assert numbers(page)["User's input"] == str(16 + 4 * 8 + 3)
    assert any(button.label.startswith("Measure") for button in page.button), "other settings wait for the button"


def test_what_is_switched_off_leaves_the_drawing(open_page: Open) -> None:
    page = healthy(open_page("deep_models", **DRAWN))
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
