"""What an upload did not say itself: the doubtful open and a click from their alternative, the rest folded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.uploads.uploads import File, Upload
from recemb_core.readers import Reading
from recemb_core.sequences import read_events
from tests.pages.conftest import healthy
from tests.pages.test_reading import active
from tests.pages.test_upload import upload

Open = Callable[..., AppTest]
FILES = Path(__file__).parents[1] / "odd_files"


def doubts(page: AppTest) -> str:
    return " ".join(m.value for m in page.markdown if ":material/help:" in m.value)


def test_the_other_order_of_dates_is_a_click_away_and_in_the_link(open_page: Open) -> None:
    content = (FILES / "18b2_dates_us_dashes.csv").read_bytes()
    page = healthy(upload(open_page("sequences"), "dates.csv", content))
    assert "day first was assumed" in doubts(page)
    assert any(e.label.endswith("more, read as usual") for e in page.expander)
    before = active(page).sequences.fingerprint
    next(b for b in page.button if b.label == "month first").click()
    healthy(page.run())
    assert "day first was assumed" not in doubts(page)
    assert active(page).sequences.fingerprint != before
    link = page.query_params["reading"]
    reading = Reading.from_link(link if isinstance(link, str) else link[0])
    assert reading.columns is not None
    assert reading.columns.day_first is False
    assert active(page).sequences.fingerprint == read_events(content, reading=reading).fingerprint


def test_short_dates_may_have_the_year_in_front_by_a_control_that_the_link_keeps(open_page: Open) -> None:
    rows = [f"u{k % 3},i{k % 5},{1 + k % 12:02d}/03/{1 + k % 12:02d} 10:{k:02d}" for k in range(36)]
    content = "\n".join(["user,item,date", *rows]).encode()
    page = healthy(upload(open_page("sequences"), "dates.csv", content))
    assert "12 different numbers in the first place and 12 different numbers in the last" in doubts(page)
    for words, year_first, day_first in (("year first", True, None), ("day first", None, True)):
        next(s for s in page.selectbox if s.key.startswith("day_first")).set_value(words)
        healthy(page.run())
        assert "different numbers in the first place" not in doubts(page)
        link = page.query_params["reading"]
        reading = Reading.from_link(link if isinstance(link, str) else link[0])
        assert reading.columns is not None
        assert (reading.columns.year_first, reading.columns.day_first) == (year_first, day_first)
        assert next(s for s in page.selectbox if s.key.startswith("day_first")).value == words
        assert active(page).sequences.fingerprint == read_events(content, reading=reading).fingerprint


def test_a_choice_that_cannot_be_read_has_a_way_back(open_page: Open) -> None:
    page = healthy(upload(open_page("sequences"), "log.csv", (FILES / "48b_title_line.csv").read_bytes()))
    key = page.query_params["data"]
    key = key if isinstance(key, str) else key[0]
    before = active(page).sequences.fingerprint
    box = next(s for s in page.selectbox if s.key.startswith("usual delimiter"))
    box.set_value("|")
    assert not page.run().exception
    assert page.error
    page.button(key=f"at first {key}").click()
    healthy(page.run())
    assert active(page).sequences.fingerprint == before


@pytest.mark.slow
def test_every_usual_choice_is_a_reading_or_one_sentence(open_page: Open) -> None:
    content = (FILES / "46_kuairec.csv").read_bytes()
    page = healthy(upload(open_page("sequences"), "videos.csv", content))
    key, before = active(page).key, active(page).sequences.fingerprint
    tried = 0
    for name in [s.key for s in page.selectbox if s.key.startswith("usual ")]:
        for option in list(page.selectbox(key=name).options):
            page.selectbox(key=name).set_value(option)
            assert not page.run().exception, (name, option)
            page.session_state["uploads"][key] = Upload(File("videos.csv", content))  # each is tried on what was there
            healthy(page.run())
            assert active(page).sequences.fingerprint == before
            tried += 1
    assert tried > 10


@pytest.mark.parametrize(
    "header",
    [
        "user,item,date,time,clicked",  # the day and the time of day apart
        "basket_id,item,date,time,user,step",  # an order in a basket file
    ],
)
def test_every_role_that_is_read_has_a_control(header: str, open_page: Open) -> None:
    names = header.split(",")
    values = {
        "date": "2024-03-0{d}", "time": "10:1{d}", "clicked": "{odd}", "user": "u{d}", "basket_id": "b{d}",
        "item": "i{n}", "step": "{n}",
    }  # fmt: skip
    rows = [",".join(values[name].format(d=d, n=n, odd=n % 2) for name in names) for d in range(1, 9) for n in range(6)]
    content = "\n".join([header, *rows]).encode()
    page = healthy(upload(open_page("sequences"), "log.csv", content))
    columns = Reading().completed(Reading().table(content)).columns
    assert columns is not None
    assert columns.clock == "time"
    boxes = {box.label: box.value for box in page.selectbox}
    for role, column in columns.columns.items():
        assert boxes.get(role.replace("_", " ")) == column, role


def test_a_column_chosen_for_a_role_leaves_its_old_one(open_page: Open) -> None:
    rows = [f"u{n % 5},{('view', 'buy')[n % 2]},v{n % 7},{1_700_000_000 + n}" for n in range(60)]
    content = "\n".join(["user,event_type,product,time", *rows]).encode()
    page = healthy(upload(open_page("sequences"), "log.csv", content))

    def box(label: str) -> Any:
        return next(s for s in page.selectbox if s.label == label)

    assert (box("item").value, box("event type").value) == ("product", "event_type")
    box("item").set_value("event_type")
    healthy(page.run())
    assert box("item").value == "event_type"
    assert box("event type").value == "–"
    assert set(active(page).sequences.items.ids) == {"view", "buy"}


def test_a_column_chosen_for_the_user_is_no_item_any_more(open_page: Open) -> None:
    rows = [",".join(f"i{(n * k) % 9}" for k in range(1, 5)) for n in range(30)]
    content = "\n".join(["item1,item2,item3,item4", *rows]).encode()
    page = healthy(upload(open_page("sequences"), "log.csv", content))

    def held() -> list[str]:
        return list(next(m for m in page.multiselect if m.label == "columns that hold the items").value)

    assert held() == ["item1", "item2", "item3", "item4"]
    next(s for s in page.selectbox if s.label == "user").set_value("item1")
    healthy(page.run())
    assert held() == ["item2", "item3", "item4"]
    next(m for m in page.multiselect if m.label == "columns that hold the items").set_value(["item1", *held()])
    healthy(page.run())
    assert next(s for s in page.selectbox if s.label == "user").value == "–"
