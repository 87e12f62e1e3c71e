"""Files of the server's folder on the Sequences page: off by default, read where they lie, said when they change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.uploads import uploads
from pages.kit.uploads.files import FolderFile, from_folder
from recemb_core.readers import InputError, Reading
from recemb_core.session_file import SessionFile
from tests.pages.conftest import healthy, run_the_python, text
from tests.pages.test_upload import ITEMS, baskets

Open = Callable[..., AppTest]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "shop.csv").write_bytes(baskets())
    (tmp_path / "things.csv").write_bytes(ITEMS)
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    monkeypatch.setenv("RECEMB_DATA_DIR", str(tmp_path))
    return tmp_path


def chosen(page: AppTest, name: str, button: str = "server log") -> AppTest:
    page.selectbox(key="server file").set_value(name).run()
    return page.button(key=button).click().run()


def test_nothing_is_offered_where_no_folder_is_set(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECEMB_DATA_DIR", raising=False)
    page = healthy(open_page("sequences"))
    assert not [box for box in page.selectbox if box.key == "server file"]
    with pytest.raises(InputError, match="offers no folder"):
        from_folder("logs/shop.csv")


def test_a_file_is_read_where_it_lies_and_named_by_its_place_in_the_folder(open_page: Open, place: Path) -> None:
    page = healthy(open_page("sequences"))
    offered = [name.split(" · ")[0] for name in page.selectbox(key="server file").options]
    assert offered == ["things.csv", "logs/shop.csv"]
    assert "1 entry left out" in text(page)
    page = healthy(chosen(page, "logs/shop.csv"))
    values = {m.label: m.value for m in page.metric}
    assert (values["Baskets"], values["Items"], values["Events"]) == ("120", "10", "360")
    assert page.query_params["file"] == "logs/shop.csv" or page.query_params["file"] == ["logs/shop.csv"]
    upload = next(iter(page.session_state["uploads"].values()))
    assert isinstance(upload.log, FolderFile)
    assert upload.log.held == {}
    assert "'logs/shop.csv'" in "".join(one.value for one in page.code)
    page = healthy(chosen(page, "things.csv", "server details"))
    upload = next(iter(page.session_state["uploads"].values()))
    assert upload.side is not None
    assert upload.side.name == "things.csv"
    assert str(place) not in text(page)  # where the folder lies is nobody's business


def test_as_python_reads_the_file_by_its_name_within_the_folder(
    open_page: Open, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = healthy(chosen(open_page("sequences"), "logs/shop.csv"))
    monkeypatch.chdir(place)
    run_the_python(page)


def test_what_changed_or_went_is_said_and_read_again_on_request(open_page: Open, place: Path) -> None:
    page = healthy(chosen(open_page("sequences"), "logs/shop.csv"))
    (place / "logs" / "shop.csv").write_bytes(baskets(seed=1) + b"\nu1,500,tea,1600000001,1")
    page = page.run()
    said = " ".join(one.value for one in page.warning)
    assert "has changed in the server's folder since it was chosen; choose it again. You still see" in said
    key = page.session_state["data"]
    page = healthy(page.button(key=f"again {key}").click().run())
    assert page.session_state["data"] != key
    assert not page.warning
    (place / "logs" / "shop.csv").unlink()
    page = page.run()
    assert "is not in the server's folder" in " ".join(one.value for one in page.warning)
    values = {m.label: m.value for m in page.metric}
    assert values["Items"] == "10"  # what was read before


def test_a_link_brings_the_file_into_use_as_long_as_it_is_the_same(open_page: Open, place: Path) -> None:
    key = f"{uploads.MARK}{from_folder('logs/shop.csv').short}"
    page = healthy(open_page("item_graph", data=key, file="logs/shop.csv", details="things.csv"))
    assert page.session_state["data"] == key
    assert page.session_state["uploads"][key].side.name == "things.csv"
    (place / "logs" / "shop.csv").write_bytes(baskets(seed=2))
    page = open_page("item_graph", data=key, file="logs/shop.csv")
    assert not page.exception
    assert page.session_state["uploads"] == {}
    assert "logs/shop.csv" in " ".join(one.value for one in page.warning)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "link.csv", "logs/../../x", "a\0b", "", "logs"])
def test_a_link_with_another_name_brings_nothing(open_page: Open, place: Path, name: str) -> None:
    page = open_page("item_graph", data=f"{uploads.MARK}0123456789ab", file=name)
    assert not page.exception
    assert page.session_state["uploads"] == {}


def test_a_folder_that_cannot_be_listed_is_said(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEMB_DATA_DIR", os.devnull)
    page = open_page("sequences")
    assert not page.exception
    assert "is no folder" in " ".join(one.value for one in page.warning)


def test_a_saved_session_finds_its_file_in_the_folder(open_page: Open, place: Path) -> None:
    page = healthy(chosen(open_page("sequences"), "logs/shop.csv"))
    upload = next(iter(page.session_state["uploads"].values()))
    saved = SessionFile(file=upload.log.mark, reading=Reading().with_cleaning(min_length=3))
    other = healthy(open_page("sequences"))
    other.file_uploader(key="session_file").set_value(("session.toml", saved.to_toml().encode(), "text/plain")).run()
    assert other.session_state["data"] == upload.key
    assert healthy(other).query_params["file"] in ("logs/shop.csv", ["logs/shop.csv"])
