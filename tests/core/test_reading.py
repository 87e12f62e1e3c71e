"""A reading as a value: it survives a link and a session file, and its report balances row by row."""

from __future__ import annotations

from contextlib import suppress
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.item_graph.edge_lists import read_edges
from recemb_core.readers import CleaningConfig, ColumnMapping, InputError, Reading
from recemb_core.readers.line_forms import LINE_FORMS
from recemb_core.sequences import Sequences, read_events, split_sessions
from recemb_core.session_file import FileMark, SessionFile

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
NAME = st.one_of(st.none(), TEXT)
NUMBER = st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-9, 9))
MAPPINGS = st.builds(
    ColumnMapping,
    shape=st.sampled_from(["events", "baskets", "sequences", "edges"]),
    **dict.fromkeys(("user", "item", "timestamp", "basket", "weight", "rating", "title", "source", "target"), NAME),
    side=st.lists(TEXT, max_size=3).map(tuple),
    sequence=st.lists(TEXT, max_size=3).map(tuple),
    clock=NAME,
    day_first=st.sampled_from([None, True, False]),
    year_first=st.sampled_from([None, True, False]),
    time_unit=st.sampled_from([None, "seconds", "month and day"]),
    zone=st.sampled_from([None, "+02:00", "UTC", "Europe/Berlin"]),
    year=st.one_of(st.none(), st.integers(1, 9_998)),
    dwell_unit=st.sampled_from([None, "seconds", "milliseconds"]),
    decimal=st.sampled_from([None, ".", ","]),
    missing=st.one_of(st.none(), st.lists(st.one_of(TEXT, st.just("")), min_size=1, max_size=3).map(tuple)),
    ordered=st.sampled_from([None, True, False]),
    list_mark=NAME,
    clicked=NAME,
    fill_down=st.sampled_from([None, True, False]),
    once_a_user=st.booleans(),
    cancelled=NAME,
)
CLEANINGS = st.builds(
    CleaningConfig,
    min_rating=NUMBER,
    event_types=st.one_of(st.none(), st.lists(TEXT, min_size=1, max_size=3).map(tuple)),
    min_dwell_seconds=NUMBER,
    drop_repeats=st.booleans(),
    min_count=st.integers(1, 99),
    max_user_events=st.one_of(st.none(), st.integers(1, 10**9)),
    gap_minutes=st.one_of(st.floats(1e-3, 1e9), st.integers(1, 10**6), st.just(float("inf"))),
    min_length=st.integers(1, 9),
)
READINGS = st.builds(
    Reading,
    columns=st.one_of(st.none(), MAPPINGS),
    cleaning=CLEANINGS,
    delimiter=NAME,
    encoding=NAME,
    header=st.sampled_from([None, True, False]),
    one_sequence_a_line=st.booleans(),
    skip_lines=st.one_of(st.none(), st.integers(0, 99)),
    quotes=st.sampled_from([None, True, False]),
    line_id=st.sampled_from([None, True, False]),
    line_form=st.sampled_from([None, *LINE_FORMS]),
    unfold=NAME,
    joins=st.booleans(),
    details=st.booleans(),
    details_key=NAME,
    directed=st.sampled_from([None, True, False]),
)


@given(READINGS)
@pytest.mark.slow
def test_a_reading_survives_link_file_and_python(reading: Reading) -> None:
    assert Reading.from_link(reading.to_link()) == reading
    assert SessionFile.from_toml(SessionFile(reading=reading).to_toml()).reading == reading
    names = {"Reading": Reading, "ColumnMapping": ColumnMapping, "CleaningConfig": CleaningConfig}
    scope = {name: names[name] for name in reading.names_used()}
    exec("\n".join(reading.as_python()), scope)
    assert scope["reading"] == reading


@given(st.text(max_size=60))
def test_any_text_in_a_link_is_a_reading_or_one_sentence(text: str) -> None:
    for candidate in (text, f"events~user.{text}", f"events~min_count.{text}", f"events~header.{text}~{text}.1"):
        with suppress(InputError):
            Reading.from_link(candidate)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff\xfe\x00", "UTF-8"),
        ("a = [", "no valid TOML"),
        ("a = 1", "format"),
        ('format = "recemb-session"\nversion = 99', "version 99"),
        ('format = "recemb-session"\nversion = 1\nlessons = 3', "'lessons'"),
        ('format = "recemb-session"\nversion = 1\n[file]\nname = "a"', "name, size, digest"),
        ('format = "recemb-session"\nversion = 1\n[settings]\np = [[1]]', "'p'"),
        ('format = "recemb-session"\nversion = 1\n[reading.cleaning]\nmin_count = 0', "min_count"),
        ('format = "recemb-session"\nversion = 1\n[reading.cleaning]\nmincount = 2', "'mincount'"),
        ('format = "recemb-session"\nversion = 1\n[reading.columns]\nuser = 3\nshape = "events"', "user"),
        ('format = "recemb-session"\nversion = 1\n[reading.columns]\nuser = "u"', "shape"),
        ('format = "recemb-session"\nversion = 1\nreading = 3', "group of settings"),
    ],
)
def test_a_file_that_is_no_session_gets_one_sentence(text: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        SessionFile.from_toml(text)


def test_a_saved_session_knows_its_file_again() -> None:
    mark = FileMark.of("log.csv", b"a,b\n1,2\n")
    saved = SessionFile(
        file=mark, details=FileMark.of("i.csv", b""), settings={"p": 0.5, "color": "brand", "k": [1, 2]}
    )
    again = SessionFile.from_toml(saved.to_toml().encode())
    assert again == saved
    assert again.file is not None
    assert again.file.matches(b"a,b\n1,2\n")
    assert not again.file.matches(b"a,b\n1,3\n")


# ---- the balance ----


def reference(rows: list[tuple], cleaning: CleaningConfig) -> tuple[dict[str, int], list[list[str]]]:
    """Cleaning in plain Python, row by row: what each step drops, and the sequences (each user's in time order)."""
    steps = ("parse", "filter: rating", "repeats", "rare items", "over-active users", "short sessions")
    dropped = dict.fromkeys(steps, 0)
    users = list(dict.fromkeys(row[0] for row in rows))

    def keep(step: str, chosen: list[tuple]) -> list[tuple]:
        dropped[step] += len(rows) - len(chosen)
        return chosen

    rows = keep("parse", [r for r in rows if r[0] and r[1]])
    if cleaning.min_rating is not None:
        rows = keep("filter: rating", [r for r in rows if r[3] >= cleaning.min_rating])
    rows = sorted(rows, key=lambda r: (users.index(r[0]), r[2]))
    visit, numbered = 0, []
    for i, row in enumerate(rows):
        before = rows[i - 1] if i else None
        visit += before is None or before[0] != row[0] or row[2] - before[2] > cleaning.gap_minutes * 60
        numbered.append((*row, visit))
    rows = numbered
    if cleaning.drop_repeats:
        pairs = zip([None, *rows], rows, strict=False)
        kept = [row for before, row in pairs if not (before and (before[1], before[-1]) == (row[1], row[-1]))]
        rows = keep("repeats", kept)
    rows = keep("rare items", [r for r in rows if sum(o[1] == r[1] for o in rows) >= cleaning.min_count])
    if cleaning.max_user_events is not None:
        most = cleaning.max_user_events
        rows = keep("over-active users", [r for r in rows if sum(o[0] == r[0] for o in rows) <= most])
    sessions = [list(of) for _, of in groupby(rows, key=lambda row: row[-1])]
    long = [s for s in sessions if len(s) >= cleaning.min_length]
    keep("short sessions", [r for s in long for r in s])
    return dropped, [[r[1] for r in s] for s in long]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", "u3", ""]),
        st.sampled_from(["a", "b", "c", "d", ""]),
        st.integers(0, 40).map(lambda step: 1_600_000_000 + 900 * step),
        st.integers(1, 5),
    ),
    min_size=1,
    max_size=40,
)
ACTING = st.builds(
    CleaningConfig,
    min_rating=st.sampled_from([None, 2]),
    drop_repeats=st.booleans(),
    min_count=st.sampled_from([1, 2, 3]),
    max_user_events=st.sampled_from([None, 6]),
    gap_minutes=st.sampled_from([15, 60, 200.5, float("inf")]),
    min_length=st.sampled_from([1, 2, 3]),
)
TIMED = ColumnMapping(
    shape="events", user="user", item="item", timestamp="time", rating="stars", fill_down=False
)  # rows without a user are nobody's, however many they are


def as_csv(rows: list[tuple]) -> bytes:
    return "\n".join(["user,item,time,stars", *(",".join(map(str, row)) for row in rows)]).encode()


def chained(sequences: Sequences) -> None:
    """Each step begins where the one before it ended, and the last one leaves what is used."""
    steps = sequences.report
    assert all(a.rows[1] == b.rows[0] for a, b in pairwise(steps))
    assert steps[-1].rows[1] == len(sequences.tokens)
    assert steps[0].rows[0] == len(sequences.tokens) + sum(step.dropped_rows for step in steps)


@given(EVENTS, ACTING)
@settings(max_examples=120, deadline=None)
@pytest.mark.slow
def test_every_dropped_row_is_booked_to_its_step(rows: list[tuple], cleaning: CleaningConfig) -> None:
    dropped, sessions = reference(rows, cleaning)
    try:
        sequences = read_events(as_csv(rows), reading=Reading(columns=TIMED, cleaning=cleaning))
    except InputError:
        unusable = sum(not r[0] or not r[1] for r in rows)
        assert not sessions or unusable > 0  # refused: nothing left, or a column mostly empty
        return
    assert [[sequences.items[t] for t in line] for line in sequences] == sessions
    booked = {step.name: step.dropped_rows for step in sequences.report}
    assert {name: n for name, n in booked.items() if n} == {name: n for name, n in dropped.items() if n}
    assert sequences.report[0].rows[0] == len(rows)
    chained(sequences)
    text = " ".join(step.text for step in sequences.report)
    assert "inf" not in text
    assert "shorter than 1 " not in text


@given(EVENTS, ACTING)
@settings(max_examples=60, deadline=None)
@pytest.mark.slow
def test_cutting_later_is_cutting_at_once(rows: list[tuple], cleaning: CleaningConfig) -> None:
    """An uncut log that is split has the sessions of one that was read with the gap, and the same items."""
    settings_later = {name: getattr(cleaning, name) for name in ("gap_minutes", "min_length", "drop_repeats")}
    try:
        whole = read_events(as_csv(rows), mapping=TIMED, gap_minutes=float("inf"), min_length=1, drop_repeats=False)
        at_once = read_events(as_csv(rows), mapping=TIMED, **settings_later)
    except InputError:
        return
    later = split_sessions(whole, **settings_later)
    assert [[later.items[t] for t in s] for s in later] == [[at_once.items[t] for t in s] for s in at_once]
    assert set(later.items.ids) == set(at_once.items.ids)
    assert later.counts.min() >= 1
    chained(later)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", "c", ""]), st.integers(-1, 3)), min_size=1, max_size=40
    ),
    st.sampled_from([1, 2]),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.slow
def test_basket_lines_balance(lines: list[tuple], min_length: int) -> None:
    text = "\n".join(["basket,item,quantity", *(f"b{b},{i},{q}" for b, i, q in lines)]).encode()
    mapping = ColumnMapping(shape="baskets", basket="basket", item="item", weight="quantity")
    try:
        sequences = read_events(text, mapping=mapping, min_length=min_length)
    except InputError:
        return
    assert sequences.report[0].rows[0] == len(lines)
    chained(sequences)
    used = [(b, i) for b, i, q in lines if i and q > 0]
    baskets = {b: {i for other, i in used if other == b} for b, _ in used}
    assert len(sequences.tokens) == sum(len(items) for items in baskets.values() if len(items) >= min_length)


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "NULL", "nan", "", " "]), max_size=6), min_size=2, max_size=12),
    st.sampled_from(["lists", "columns", "text"]),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.slow
def test_lists_balance_in_items(lines: list[list[str]], form: str) -> None:
    """Items in the file: entries that hold something. 'NULL' and the like are dropped with a line that counts them."""
    lines = [*lines, ["a", "b", "a"]]
    mapping = ColumnMapping(shape="sequences", sequence=("items",))
    if form == "lists":
        source = pl.DataFrame({"items": lines})
    elif form == "text":
        source = pl.DataFrame({"items": ["|".join(line) for line in lines]})
    else:
        width = max(map(len, lines))
        padded = [line + [""] * (width - len(line)) for line in lines]
        source = pl.DataFrame({f"p{i}": [line[i] for line in padded] for i in range(width)})
        mapping = ColumnMapping(shape="sequences", sequence=tuple(source.columns))
    sequences = read_events(source, mapping=mapping, min_length=1, drop_repeats=False)
    entries = [entry for line in lines for entry in line if entry.strip()]
    wanted = [entry for entry in entries if entry not in ("NULL", "nan")]
    assert len(sequences.tokens) == len(wanted)
    assert sequences.report[0].rows[0] == len(entries)
    assert f"{len(entries):,} item" in sequences.report[0].text
    chained(sequences)


def test_lines_that_cannot_be_split_are_rows_too() -> None:
    rows = [f"u{i % 5},i{i % 7},{1_600_000_000 + 60 * i}" for i in range(60)]
    text = "\n".join(["user,item,time", *rows, "u1,i2,1600000000,too,many", "", "u1,i3"]).encode()
    sequences = read_events(text)
    assert sequences.report[0].rows == (62, 60)  # the blank line is no row
    assert "could not be split" in sequences.report[0].text
    assert "no readable time" in sequences.report[0].text
    chained(sequences)


# ---- item details ----


def test_details_join_on_the_column_that_covers_most_ids() -> None:
    """Artists whose names are numbers, in the manner of Last.fm: a few of the names are ids by chance."""
    ids = [str(i) for i in range(2, 402)]
    log = pl.DataFrame({"userID": [str(i % 9) for i in range(800)], "artistID": ids * 2, "weight": ["3"] * 800})
    artists = pl.DataFrame({"name": ["311" if i == "7" else f"Artist {i}" for i in ids], "id": ids, "url": ["x"] * 400})
    sequences = read_events(log, item="artistID", user="userID", side_info=artists)
    assert sequences.side_info is not None
    assert sequences.side_info["title"][sequences.items.row("7")] == "311"
    said = next(step.text for step in sequences.report if step.name == "side information")
    assert "matched by 'id': 0 items without any" in said
    chosen = Reading(columns=ColumnMapping(shape="events", user="userID", item="artistID"), details_key="name")
    other = read_events(log, reading=chosen, side_info=artists)
    assert "matched by 'name': 399 items without any" in " ".join(step.text for step in other.report)
    with pytest.raises(InputError, match="no column 'nom'"):
        read_events(log, reading=Reading(details_key="nom"), side_info=artists)


def test_details_of_an_edge_list_become_its_side_information() -> None:
    edges = b"source,target\na,b\nb,c\nc,a\nd,c\nc,c\n"
    nodes = b"node,label,club\na,Ann,x\nb,Bob,x\nc,Cleo,y\ne,Eve,y\n"
    graph = read_edges(edges, side_info=nodes)
    assert graph.side_info is not None
    assert graph.side_info["title"].to_list() == ["Ann", "Bob", "Cleo", None]
    assert "matched by 'node': 1 item without any, 1 row without an item" in graph.rule
    with pytest.raises(InputError, match="matches no item"):
        read_edges(edges, side_info=b"node,club\n1,x\n2,y\n")
    directed = Reading(columns=ColumnMapping(shape="edges", source="source", target="target"), directed=True)
    assert read_edges(edges, reading=directed).num_edges == 4
    with pytest.raises(ValueError, match="either reading or directed"):
        read_edges(edges, reading=directed, directed=True)


def test_a_reading_stands_alone() -> None:
    log = b"user,item,time\nann,tea,0\nann,cup,60\n"
    with pytest.raises(ValueError, match="either reading or user, min_length"):
        read_events(log, reading=Reading(), user="user", min_length=1)


def test_the_vocabulary_holds_what_occurs_and_details_follow() -> None:
    rows = [f"u{u},i{i},{1_600_000_000 + 90_000 * k}" for u in range(4) for k, i in enumerate([u, u + 1, u + 2])]
    text = "\n".join(["user,item,time", *rows, "u0,pair,1700000000", "u0,i1,1700000060"]).encode()
    items = "item,title\n" + "\n".join(f"{name},The {name}" for name in ["pair", *(f"i{i}" for i in range(6))])
    for sequences in (
        read_events(text, side_info=items.encode()),
        split_sessions(read_events(text, side_info=items.encode(), gap_minutes=float("inf"), min_length=1)),
    ):
        assert sequences.items.ids in (("i1", "pair"), ("pair", "i1"))
        assert sequences.side_info is not None
        assert sequences.side_info["title"].to_list() == [f"The {name}" for name in sequences.items.ids]
        assert np.array_equal(np.sort(sequences.tokens), [0, 1])


def test_the_printed_path_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"user,item,time\nann,tea,0\nann,cup,60\n")
    assert len(read_events(tmp_path / "log.csv", reading=Reading())) == 1


@pytest.mark.parametrize("columns", [("kind:token", "kind:float", "kind"), ("kind", "kind (2)", "kind:token")])
def test_details_with_columns_alike_keep_all(columns: tuple[str, ...]) -> None:
    rows = [f"i{n},Thing {n},a{n % 2},b{n % 2},c{n % 2}" for n in range(4)]
    details = "\n".join(["item,title," + ",".join(columns), *rows])
    log = "user,item,time\n" + "\n".join(f"u,i{n},{1_600_000_000 + n}" for n in range(4))
    sequences = read_events(log.encode(), side_info=details.encode())
    assert sequences.side_info is not None
    assert sequences.side_info.width == 4


def test_settings_from_numpy_are_plain_and_impossible_ones_are_refused() -> None:
    reading = Reading(cleaning=CleaningConfig(min_count=np.int64(2), gap_minutes=np.float32(30)))
    assert "np." not in "\n".join(reading.as_python())
    assert SessionFile.from_toml(SessionFile(reading=reading).to_toml()).reading == reading
    with pytest.raises(ValueError, match="gap_minutes"):
        CleaningConfig(gap_minutes=10**400)
    with pytest.raises(ValueError, match="header"):
        Reading(header=1)  # type: ignore[arg-type]


def test_entries_that_say_nothing_are_booked_in_columns_too() -> None:
    frame = pl.DataFrame({"a": ["x", "NULL", "y"], "b": ["y", "x", None], "c": ["nan", "z", ""]})
    sequences = read_events(frame, mapping=ColumnMapping(shape="sequences", sequence=("a", "b", "c")), min_length=1)
    assert sequences.report[0].rows == (7, 5)
    assert "2 entries with no item" in sequences.report[0].text
