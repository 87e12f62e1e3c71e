"""The server's folder: its plain files and nothing else, whatever a name says and whatever changes meanwhile."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.readers import InputError, Reading
from recemb_core.readers import server_folder as module
from recemb_core.readers.server_folder import Seen, fingerprint_within, list_folder, open_within, table_within

LOG = b"user,item,time\nann,tea,0\nann,cup,60\nbob,tea,90\n"
SECRET = b"not yours"
HOSTILE = (
    *("..", "../secret", "a/../../secret", "a/../log.csv", "./log.csv", ".", "", "/", "//log.csv", "log.csv/"),
    *("/etc/passwd", "a/./b.csv", "a//b.csv", ".hidden", "a/.hidden", "log.csv\0.txt", "\0", "..\\secret", "a\\b.csv"),
    *("link", "folder link/secret", "broken", "log.csv\udcff", "x" * 5_000, "a/" * 600 + "b", "pipe", "a", "gone.csv"),
    *("%2e%2e/secret", "~", "~root", "$HOME", "log.csv ", "LOG.CSV\n"),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder beside a secret, with a link to it in every form."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(SECRET)
    (tmp_path / "secret").write_bytes(SECRET)
    folder = tmp_path / "data"
    (folder / "a").mkdir(parents=True)
    (folder / "log.csv").write_bytes(LOG)
    (folder / "a" / "b.csv").write_bytes(LOG)
    (folder / ".hidden").write_bytes(SECRET)
    (folder / "a" / ".hidden").write_bytes(SECRET)
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "folder link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (folder / "broken").symlink_to("nowhere")
    os.mkfifo(folder / "pipe")
    return folder


def test_plain_files_are_listed_and_nothing_else(place: Path) -> None:
    found = list_folder(place)
    assert list(found.files) == ["log.csv", "a/b.csv"]
    assert found.files["log.csv"].size == len(LOG)
    assert found.left == 6  # two hidden, three links, a pipe
    assert not found.more


@pytest.mark.parametrize("name", HOSTILE)
def test_no_other_name_opens_anything(place: Path, name: str) -> None:
    with pytest.raises(InputError) as refused, open_within(place, name):
        pass
    said = str(refused.value)
    assert len(said) < 250
    assert str(place) not in said  # where the folder lies is nobody's business
    with pytest.raises(InputError):
        fingerprint_within(place, name, 6)


@given(st.text(st.sampled_from("./\\~ab\0 \n%") | st.characters(codec="utf-8"), max_size=12))
def test_whatever_is_asked_for_is_a_listed_file_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    outside = tmp_path_factory.getbasetemp() / "asked"
    folder = outside / "data"
    if not folder.exists():
        (folder / "a").mkdir(parents=True)
        (outside / "b").write_bytes(SECRET)
        (folder / "a" / "b").write_bytes(LOG)
        (folder / "b").symlink_to(outside / "b")
    try:
        with open_within(folder, name) as stream:
            assert name in list_folder(folder).files
            assert stream.read() == LOG
    except InputError:
        pass


def test_hostile_names_that_are_files_are_just_names(place: Path) -> None:
    for name in ("<script>.csv", "line\nbreak.csv", "‮exe.csv", "$(id).csv", "a b & c.csv", "ü日本.csv", "%s%n.csv"):
        (place / name).write_bytes(LOG)
        assert name in list_folder(place).files
        with open_within(place, name) as stream:
            assert stream.read() == LOG
    os.close(os.open(os.fsencode(str(place)) + b"/\xff\xfe.csv", os.O_CREAT | os.O_WRONLY))
    assert list_folder(place).left == 7


def test_a_file_that_changed_or_went_is_not_read_for_another(place: Path) -> None:
    seen, digests = fingerprint_within(place, "log.csv", 6, 12)
    assert [len(one) for one in digests] == [12, 24]
    assert len(table_within(Reading(), place, "log.csv", seen).frame) == 3
    (place / "log.csv").write_bytes(LOG + b"eve,pot,99\n")
    with pytest.raises(InputError, match=r"'log\.csv' has changed in the server's folder since it was chosen"):
        table_within(Reading(), place, "log.csv", seen)
    os.replace(place / "a" / "b.csv", place / "log.csv")  # the same bytes, another file
    with pytest.raises(InputError, match="has changed"):
        table_within(Reading(), place, "log.csv", seen)
    (place / "log.csv").unlink()
    with pytest.raises(InputError, match=r"'log\.csv' is not in the server's folder \(any more\)"):
        table_within(Reading(), place, "log.csv", seen)
    (place / "log.csv").symlink_to(place.parent / "secret")
    with pytest.raises(InputError, match="cannot be opened there"):
        table_within(Reading(), place, "log.csv", seen)


def test_the_setting_itself_may_be_a_link(place: Path) -> None:
    (place.parent / "by link").symlink_to(place, target_is_directory=True)
    linked = list_folder(place.parent / "by link")
    assert list(linked.files) == ["log.csv", "a/b.csv"]
    assert linked == list_folder(place)
    with open_within(place.parent / "by link", "a/b.csv") as stream:
        assert stream.read() == LOG


def test_folders_that_may_not_be_read_are_counted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def closed(path: os.PathLike[str] | str, *how: int, **more: int | None) -> int:
        if path == "a":
            raise PermissionError(13, "Permission denied", "a")
        return real(path, *how, **more)  # type: ignore[arg-type]

    before = list_folder(place).left
    monkeypatch.setattr(os, "open", closed)
    monkeypatch.setattr(os, "supports_dir_fd", {closed})
    found = list_folder(place)
    assert list(found.files) == ["log.csv"]
    assert found.left == before  # its hidden file is not seen, and it is counted itself


def test_a_folder_that_becomes_a_link_leads_nowhere(place: Path) -> None:
    (place.parent / "outside" / "b.csv").write_bytes(SECRET)
    (place / "a").rename(place / "was a")
    (place / "a").symlink_to(place.parent / "outside", target_is_directory=True)
    with pytest.raises(InputError, match="cannot be opened"), open_within(place, "a/b.csv"):
        pass
    assert "a/b.csv" not in list_folder(place).files


def test_nobody_wins_a_race_for_the_name(place: Path) -> None:
    """While a name is swapped between a file and a link out of the folder, only the file is ever read."""
    over, swap = threading.Event(), place / "swap"

    def swapping() -> None:
        while not over.is_set():
            swap.symlink_to(place.parent / "secret")
            os.replace(swap, place / "log.csv")
            swap.write_bytes(LOG)
            os.replace(swap, place / "log.csv")

    thread = threading.Thread(target=swapping)
    thread.start()
    read = 0
    try:
        for _ in range(3_000):
            try:
                with open_within(place, "log.csv") as stream:
                    assert stream.read() in (LOG, b"")
                    read += 1
            except InputError:
                pass
    finally:
        over.set()
        thread.join()
    assert read > 0


def test_a_file_that_is_written_to_meanwhile_has_no_fingerprint(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 8)
    real = Seen.of
    calls: list[int] = []

    def growing(found: os.stat_result) -> Seen:
        calls.append(1)
        if len(calls) == 1:
            with (place / "log.csv").open("ab") as file:
                file.write(b"eve,pot,99\n")
        return real(found)

    monkeypatch.setattr(Seen, "of", growing)
    with pytest.raises(InputError, match="is being written to"):
        fingerprint_within(place, "log.csv", 6)


def test_what_is_no_folder_and_too_many_files_are_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (place / "log.csv", place / "missing"):
        with pytest.raises(InputError, match="is no folder"):
            list_folder(wrong)
    monkeypatch.setattr(module, "MOST_FILES", 1)
    found = list_folder(place)
    assert (list(found.files), found.more) == (["log.csv"], True)
    monkeypatch.setattr(module, "DEPTH", 0)
    assert list_folder(place).more
    monkeypatch.delattr(os, "O_NOFOLLOW")
    with pytest.raises(InputError, match="needs a system"):
        list_folder(place)
