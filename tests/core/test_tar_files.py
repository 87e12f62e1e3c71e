"""Tars are read as zips are: the same files chosen, the same bounds, the same words; damage is one sentence."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.readers import InputError, Reading, Table, load_table
from recemb_core.sequences import read_events

T = 1_709_290_000


def log(n: int, first: int = 0) -> bytes:
    rows = (f"u{k % 3},i{k % 4},{T + 60 * k}\n" for k in range(first, first + n))
    return ("user,item,time\n" + "".join(rows)).encode()


def tar(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT, *links: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def told(table: Table) -> str:
    return " ".join([*(a.words for a in table.assumptions), *table.notes])


FILES = {
    "one": {"log.csv": log(12)},
    "two months": {"./data/oct.csv": log(12), "./data/nov.csv": log(9, 12), "./README.md": b"# Log"},
    "with items": {"log.csv": log(30), "items.csv": b"item,name\ni0,Tea\ni1,Cup\ni2,Pot\ni3,Jug\n"},
    "without endings": {"out/part-00000": log(12), "out/part-00001": log(12, 12), "out/_SUCCESS": b""},
    "partitions": {"l/dt=2024-03-01/part-0": log(9), "l/dt=2024-03-02/part-0": log(9, 9), "l/.x.crc": b"\0\1"},
    "known": {"ml/ratings.csv": log(12), "ml/movies.csv": b"item,title\ni1,Tea\n", "ml/tags.csv": log(5)},
    "packed inside": {"log.csv.gz": gzip.compress(log(12)), "photo.png": b"\x89PNG\r\n\x1a\n\0" * 9},
    "a long name": {"a" * 90 + "/" + "b" * 90 + "/" + "ü" * 30 + ".csv": log(12)},
}  # fmt: skip
FORMS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_tar_is_read_as_a_zip_is(what: str, form: str, packed: bool) -> None:
    if what == "a long name" and form == "ustar":
        return  # it cannot hold one
    data = tar(FILES[what], FORMS[form])
    name = "own.tar.gz" if packed else "own.tar"
    table, right = load_table(gzip.compress(data) if packed else data, name), load_table(zipped(FILES[what]), "own.zip")
    assert table.frame.equals(right.frame)
    assert told(table).replace(name, "own.zip") == told(right)
    assert (table.companion is None) == (right.companion is None)
    for assumption in table.assumptions:
        for choice in assumption.alternatives if assumption.name == "part" else ():
            assert Reading().changed(dict(choice.changes)).table(data, name).frame.height > 0


def test_very_old_tars_and_tgz() -> None:
    data = bytearray(tar({"log.csv": log(12)}, tarfile.USTAR_FORMAT))
    data[257:265] = bytes(8)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert len(load_table(bytes(data), "old.tar").frame) == 12
    table = load_table(gzip.compress(tar({"a.csv": log(12), "b.csv": log(9)})), "own.tgz")
    assert len(table.frame) == 21


def test_links_are_named_and_followed_nowhere() -> None:
    table = load_table(tar({"log.csv": log(12), "../up.csv": log(5)}, tarfile.GNU_FORMAT, "passwd.csv"), "own.tar")
    assert len(table.frame) == 12
    assert "passwd.csv (a link or a device)" in table.notes[-1]
    with pytest.raises(InputError, match=r"holds no table .*passwd\.csv \(a link"):
        load_table(tar({}, tarfile.GNU_FORMAT, "passwd.csv"), "own.tar")


def test_what_stands_where_the_end_should_be_is_said() -> None:
    whole = tar({"log.csv": log(12)})
    size = 512 + -(-len(log(12)) // 512) * 512
    assert "no end mark" in told(load_table(whole[:size], "own.tar"))
    assert "behind the end mark" in told(load_table(whole + tar({"b.csv": log(9)}), "own.tar"))
    assert not load_table(whole, "own.tar").notes


# --- damage and bounds ---


@pytest.mark.parametrize("cut", [700, 1_000, 1_500])
def test_a_torn_tar_is_one_sentence(cut: int) -> None:
    with pytest.raises(InputError, match="damaged tar archive"):
        load_table(tar({"a.csv": log(40), "b.csv": log(40)})[:cut], "own.tar")


def test_a_broken_header_in_the_middle_is_no_end() -> None:
    data = bytearray(tar({"a.csv": log(12), "b.csv": log(12)}, tarfile.USTAR_FORMAT))
    at = data.index(b"b.csv")
    data[at + 2] ^= 1
    with pytest.raises(InputError, match="damaged tar archive"):
        load_table(bytes(data), "own.tar")


def test_a_size_below_nothing_does_not_run_for_ever() -> None:
    data = bytearray(tar({"a.csv": log(12)}, tarfile.GNU_FORMAT))
    data[124:136] = b"\xff" * 8 + (-1_024).to_bytes(4, "big", signed=True)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    with pytest.raises(InputError, match="damaged tar archive"):
        load_table(bytes(data), "own.tar")


def test_headers_upon_headers_are_one_sentence() -> None:
    info = tarfile.TarInfo("x" * 120)
    one = info.tobuf(tarfile.GNU_FORMAT)[:1_024]
    with pytest.raises(InputError):
        load_table(one * 5_000 + bytes(1_024), "own.tar")


def test_size_and_number_and_depth_have_the_bounds_of_a_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="holds 401 tables"):
        load_table(tar({f"{k}.csv": b"a,b\n" for k in range(401)}), "own.tar")
    inner = tar({"log.csv": log(9)})
    for _ in range(4):
        inner = tar({"a.tar": inner})
    with pytest.raises(InputError, match="unpack it once by hand"):
        load_table(inner, "own.tar")
    monkeypatch.setenv("RECEMB_FILE_MEGABYTES", "1")
    bomb = b"user,item\n" + b"a,b\n" * 2_000_000
    for data in (gzip.compress(tar({"a.csv": bomb})), zipped({"a.tar": tar({"a.csv": bomb})}),
                 tar({"a.csv.gz": gzip.compress(bomb)})):  # fmt: skip
        with pytest.raises(InputError, match="more than 1 MB unpacked, the limit"):
            load_table(data, "own.tar")
    sparse = bytearray(tar({"a.csv": b""}, tarfile.GNU_FORMAT))
    sparse[156:157], sparse[483:495] = b"S", b"%011o\0" % 8_000_000_000
    sparse[148:156] = b" " * 8
    sparse[148:156] = b"%06o\0 " % sum(sparse[:512])
    with pytest.raises(InputError, match="more than 1 MB unpacked, the limit"):
        load_table(bytes(sparse), "own.tar")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(st.tuples(st.integers(0, 3_500), st.integers(0, 255)), min_size=1, max_size=12),
    st.booleans(),
)
def test_any_damage_reads_or_says_why(form: str, changes: list[tuple[int, int]], mended: bool) -> None:
    data = bytearray(
        tar({"a" * 120 + ".csv": log(12), "b.csv": log(9)} if form == "pax" else FILES["one"], FORMS[form])
    )
    for place, value in changes:
        data[place % len(data)] = value
    if mended:  # the checksum holds, so that the damage is looked at
        data[148:156] = b" " * 8
        data[148:156] = b"%06o\0 " % sum(data[:512])
    with suppress(InputError):  # a sentence is fine, any other exception is not
        read_events(load_table(bytes(data), "own.tar"), min_length=1)
