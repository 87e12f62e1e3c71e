"""Forms of lines: one small log in each is read as the same sequences, and the other reading is one click away."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.readers import Assumption, CleaningConfig, InputError, Reading, load_table
from recemb_core.readers.line_forms import LINE_FORMS, form_of
from recemb_core.sequences import Sequences, read_events

Row = tuple[str, str, int]


def log() -> list[Row]:
    """Two visits of each of seven people, a day apart, of two to five different films a minute apart."""
    rng, found = random.Random(5), []
    for user in range(7):
        for day in range(2):
            start = 1_500_000_000 + 86_400 * day + 977 * user
            films = rng.sample(range(300, 312), rng.randint(2, 5))
            found += [(f"{41 + user}", f"{film}", start + 60 * k) for k, film in enumerate(films)]
    return found


LOG = log()
TIMES = [dt.datetime.fromtimestamp(t, dt.UTC) for _, _, t in LOG]
NAMES = ("member", "film", "seen_at")
TEXTS = [(u, i, f"{t:%Y-%m-%d %H:%M:%S}") for (u, i, _), t in zip(LOG, TIMES, strict=True)]
VISITS: dict[tuple[str, int], list[str]] = {}
PEOPLE: dict[str, list[str]] = {}
for who, what, when in LOG:
    VISITS.setdefault((who, (when - 977 * (int(who) - 41)) // 86_400), []).append(what)
    PEOPLE.setdefault(who, []).append(what)
CUT, WHOLE = sorted(VISITS.values()), sorted(PEOPLE.values())


def lines(rows: Any) -> bytes:
    return ("\n".join(rows) + "\n").encode()


def cells(left: str, between: str, right: str, widths: tuple[int, int, int] = (6, 6, 19)) -> list[str]:
    return [left + between.join(v.ljust(w) for v, w in zip(r, widths, strict=True)) + right for r in (NAMES, *TEXTS)]


def under(rows: list[str], rule: str) -> list[str]:
    return [rows[0], rule, *rows[1:]]


PAGED, GROUPS = cells("", " ", ""), "------ ------ -------------------"
BOX = "+--------+--------+---------------------+"
DRAWN = {
    "psql": lines(
        [*under(cells(" ", " | ", " "), "--------+--------+---------------------"), f"({len(LOG)} rows)", ""]
    ),
    "sqlcmd": lines([*under(cells("", " ", ""), f"{'-' * 6} {'-' * 6} {'-' * 19}"), "", f"({len(LOG)} rows affected)"]),
    "mysql": lines([BOX, *under(cells("| ", " | ", " |"), BOX), BOX, f"{len(LOG)} rows in set (0.01 sec)"]),
    "a box of lines": lines(
        [
            "┌────────┬────────┬─────────────────────┐",
            *cells("│ ", " │ ", " │")[:1],
            "│ int64  │ int64  │ timestamp           │",
            "├────────┼────────┼─────────────────────┤",
            *cells("│ ", " │ ", " │")[1:],
            "└────────┴────────┴─────────────────────┘",
        ]
    ),
    "sap": lines(["01.02.2018   List output   1", "-" * 38, *under(cells("|", "|", "|"), "-" * 38), "-" * 38]),
    "names on each page": lines([*PAGED[:1], GROUPS, *PAGED[1:20], "", *PAGED[:1], GROUPS, *PAGED[20:]]),
    "markdown": lines(under(cells("| ", " | ", " |"), "|:---|---:|:---:|")),
    "groups of equal signs": lines(
        [f"{'=' * 6}  {'=' * 6}  {'=' * 19}", *under(cells("", "  ", ""), f"{'=' * 6}  {'=' * 6}  {'=' * 19}")]
    ),
}
ARFF = lines(
    [
        *("% from a lab", "", "@RELATION films", "@attribute member {41,42}", "@attribute 'film' string"),
        *('@ATTRIBUTE seen_at date "yyyy-MM-dd HH:mm:ss"', "% rows", "@DATA"),
        *(f"{u}, {i} ,'{t}'" if k % 2 else f'{u},"{i}","{t}"' for k, (u, i, t) in enumerate(TEXTS)),
    ]
)
VALUES = [f"({u}, '{i}', '{t}')" for u, i, t in TEXTS]
SQL = {
    "one statement": lines(["INSERT INTO seen (member, film, seen_at) VALUES", ",\n".join(VALUES) + ";"]),
    "one a row, names in CREATE TABLE": lines(
        [
            *("-- dump", "CREATE TABLE IF NOT EXISTS `seen` (", "  `member` int(11) NOT NULL,", "  `film` varchar(9),"),
            *("  `seen_at` datetime DEFAULT NULL,", "  PRIMARY KEY (`member`,`seen_at`)", ");"),
            *(f"INSERT INTO `seen` VALUES {row};" for row in VALUES),
        ]
    ),
    "SQL Server": lines(
        f"INSERT [dbo].[seen] ([member], [film], [seen_at]) VALUES ({u}, N'{i}', CAST(N'{t}' AS DateTime))\nGO"
        for u, i, t in TEXTS
    ),
    "COPY": lines(
        ["--", "COPY public.seen (member, film, seen_at) FROM stdin;", *("\t".join(r) for r in TEXTS), "\\."]
    ),
}


def access(combined: bool, named: bool = True, query: str = "") -> bytes:
    tail = ' "https://films.example/" "Browser/1.0 (X; \\"Y\\")"' * combined
    return lines(
        f"192.0.2.{u} - {u if named else '-'} [{t:%d/%b/%Y:%H:%M:%S} +0000] "
        f'"GET /film/{i}{query} HTTP/1.1" {200 if n % 3 else 304} {n}{tail}'
        for n, ((u, i, _), t) in enumerate(zip(LOG, TIMES, strict=True))
    )


OF_EVENTS = {
    **{f"drawn: {name}": text for name, text in DRAWN.items()},
    "arff": ARFF,
    **{f"sql: {name}": text for name, text in SQL.items()},
}
OF_PEOPLE = {
    "spmf": lines(" -1 ".join(items) + " -1 -2" for items in PEOPLE.values()),
    "spmf: times and names": lines(
        ["@CONVERTED_FROM_TEXT", *(f"@ITEM={n}={n + 300}" for n in range(12))]
        + [" ".join(f"<{k}> {int(i) - 300} -1" for k, i in enumerate(items)) + " -2" for items in PEOPLE.values()]
    ),
    "counted": lines(f"{len(items)} " + " ".join(items) for items in PEOPLE.values()),
    "counted: padded": lines(
        ",".join([str(len(items)), *items, *[""] * (10 - len(items))]) for items in PEOPLE.values()
    ),
    "pairs": lines(
        f"{who} " + " ".join(f"{i}:{1 + n % 5}" for n, i in enumerate(items)) for who, items in PEOPLE.items()
    ),
    "pairs: labels": lines(
        f"{'+-'[int(who) % 2]}1 " + " ".join(f"{i}:0.5" for i in items) for who, items in PEOPLE.items()
    ),
}


def lists(found: Sequences) -> list[list[str]]:
    return sorted([found.items[t] for t in one] for one in found)


def said(found: Sequences, name: str) -> Assumption:
    return next(a for a in found.assumptions if a.name == name)


def read(data: bytes, **settings: Any) -> Sequences:
    return read_events(data, reading=Reading(cleaning=CleaningConfig(min_length=1), **settings))


@pytest.mark.parametrize("name", OF_EVENTS)
def test_rows_in_other_forms(name: str) -> None:
    found = read_events(OF_EVENTS[name])
    assert lists(found) == CUT
    assert set(found.users) == set(PEOPLE)
    form = said(found, "line_form")
    assert form.value == name.partition(":")[0]
    assert not form.doubtful
    assert ("line_form", "plain") in [change for choice in form.alternatives for change in choice.changes]


@pytest.mark.parametrize("name", OF_PEOPLE)
def test_lists_in_other_forms(name: str) -> None:
    found = read_events(OF_PEOPLE[name], min_length=1)
    assert lists(found) == WHOLE
    form = said(found, "line_form")
    assert form.value == name.partition(":")[0]
    assert form.doubtful == (form.value != "spmf")
    assert lists(read(OF_PEOPLE[name], one_sequence_a_line=True)) == WHOLE
    assert lists(read(OF_PEOPLE[name], line_form=form.value)) == WHOLE
    assert not said(read(OF_PEOPLE[name], line_form=form.value), "line_form").doubtful
    plain = read(OF_PEOPLE[name], line_form="plain")
    assert lists(plain) != WHOLE
    assert said(plain, "line_form").alternatives[0].changes == (("line_form", None),)


@pytest.mark.parametrize("combined", [True, False])
def test_access_logs(combined: bool) -> None:
    found = read_events(access(combined))
    assert lists(found) == [[f"/film/{item}" for item in visit] for visit in CUT]
    assert set(found.users) == set(PEOPLE)
    assert load_table(access(combined)).frame.columns == ["user", "time", "url", "status", "address"]
    assert not any(a.doubtful for a in found.assumptions)


def test_an_address_stands_for_the_person_and_that_is_said() -> None:
    found = read_events(access(True, named=False))
    assert set(found.users) == {f"192.0.2.{who}" for who in PEOPLE}
    user = next(a for a in found.assumptions if a.name == "user" and a.doubtful)
    assert f"{len(LOG)} requests of {len(LOG)} without a user's name" in user.words


def test_a_query_is_left_out_or_read() -> None:
    data = access(True, query="?from=mail")
    data = data.replace(b"from=mail HTTP", b"from=page HTTP", 3)
    found = read_events(data)
    assert lists(found) == [[f"/film/{item}" for item in visit] for visit in CUT]
    item = next(a for a in found.assumptions if a.name == "item" and "behind ?" in a.words)
    reading = Reading().completed(Reading().table(data)).changed(dict(item.alternatives[0].changes))
    assert read_events(data, reading=reading).items[0].startswith("/film/3")
    assert "?from=" in read_events(data, reading=reading).items[0]


def blocks() -> bytes:
    films = sorted({item for _, item, _ in LOG})
    return lines(
        line
        for film in films
        for line in (f"{film}:", *(f"{u},{1 + k % 5},{t}" for k, (u, i, t) in enumerate(TEXTS) if i == film))
    )


def test_blocks() -> None:
    table = load_table(blocks())
    assert table.frame.columns == ["column_1", "column_2", "column_3", "column_4"]
    assert table.where(0) == "line 2"
    found = read_events(blocks())
    assert lists(found) == CUT
    assert set(found.users) == set(PEOPLE)
    assert said(found, "line_form").doubtful
    swap = next(a for a in found.assumptions if a.name == "user" and a.doubtful)
    reading = Reading().completed(Reading().table(blocks())).changed(dict(swap.alternatives[0].changes))
    swapped = read_events(blocks(), reading=reading)
    assert set(swapped.items.ids) == set(PEOPLE)
    assert not any(a.name == "user" and a.doubtful for a in swapped.assumptions)


def test_blocks_of_one_number_a_line() -> None:
    frame = load_table(b"1:\n30\n26\n2:\n30\n").frame
    assert frame.rows() == [("30", "1"), ("26", "1"), ("30", "2")]


def test_the_name_of_a_line_of_pairs_is_a_choice() -> None:
    named, labels = read(OF_PEOPLE["pairs"]), read(OF_PEOPLE["pairs: labels"])
    assert named.users is not None
    assert said(named, "line_id").value is True
    assert labels.users is None
    assert said(labels, "line_id").value is False
    assert read(OF_PEOPLE["pairs"], line_id=False).users is None
    counts = lines(f"{len(i)} " + " ".join(f"{k}:1" for k in i) for i in PEOPLE.values())
    assert "counts its pairs" in said(read(counts), "line_id").words


def test_lines_are_those_of_the_file() -> None:
    cases = {
        b"# made by hand\n\n5 -1 6 -1 -2\n\n7 -1 5 -1 -2\n": ("line 3", "line 5"),
        lines(["", *DRAWN["mysql"].decode().split("\n")]): ("line 5", "line 6"),
        ARFF: ("line 9", "line 10"),
        SQL["one statement"]: ("line 2", "line 3"),
        SQL["COPY"]: ("line 3", "line 4"),
        b"no request\n" + access(False): ("line 2", "line 3"),
    }
    for data, where in cases.items():
        table = load_table(data)
        assert (table.where(0), table.where(1)) == where
    tags = b"#a:1 b:2\n#c:2 a:5 b:1\n7 a:1 c:2\n8 b:1 c:3\n"
    assert [len(load_table(tags, skip_lines=n).frame) for n in (None, 0)] == [2, 4]
    skipped = load_table(b"title\n" + OF_PEOPLE["spmf"], skip_lines=1)
    assert (skipped.format, skipped.where(0)) == ("sequences", "line 2")


def test_what_does_not_fit_is_counted_and_named() -> None:
    cases: dict[bytes, tuple[int, str]] = {
        DRAWN["psql"].replace(b"| 30", b"| 3|0", 1): (1, "line 4"),
        ARFF + b"41,300\n": (1, f"line {len(LOG) + 9}"),
        SQL["one statement"].replace(b"(41, '", b"('", 1): (1, "line 2"),
        access(False) + b"??\n": (1, f"line {len(LOG) + 1}"),
        blocks() + b"41\n": (1, "line "),
    }
    for data, (left, where) in cases.items():
        table = load_table(data)
        assert table.left_out == left
        assert any(where in note for note in table.notes), table.notes
    wrong = lines(f"{len(items) + (n == 3)} " + " ".join(items) for n, items in enumerate(VISITS.values()))
    assert form_of(wrong) == "plain"
    assert any("1 line with another number" in note for note in load_table(wrong, line_form="counted").notes)


def test_values_of_sql_and_arff() -> None:
    text = b"INSERT INTO t (a, b, c) VALUES ('it''s, (x)', NULL, -5), (\"q\", TRUE, f(1, 'in')); -- end\n"
    assert load_table(text).frame.rows() == [("it's, (x)", None, "-5"), ("q", "TRUE", "in")]
    text = b"INSERT INTO `t` VALUES ('it\\'s','a\\\\b\\n'),('x','y');\n"
    assert load_table(text).frame.rows() == [("it's", "a\\b\n"), ("x", "y")]
    text = b"@relation r\n@attribute 'a b' string\n@attribute c numeric\n@data\n'it\\'s, x',?\n\"p\"  ,2, {3}\n?,\n"
    table = load_table(text)
    assert table.frame.columns == ["a b", "c"]
    assert table.frame.rows() == [("it's, x", None), ("p", "2"), (None, "")]


def test_one_table_of_a_dump() -> None:
    people = lines([f"INSERT INTO people (id, city) VALUES ({n}, 'Oslo');" for n in range(200)])
    table = load_table(people + SQL["one statement"])
    assert table.frame.columns == list(NAMES)
    assert table.where(0) == "line 202"
    told = next(a for a in table.assumptions if a.name == "part")
    assert told.doubtful
    assert "people (200 rows)" in told.words


def test_a_long_statement_is_no_giant_line() -> None:
    rows = b",".join(b"('u%d','i%d')" % (n % 9, n % 7) for n in range(90_000))
    data = b"INSERT INTO t (user_id, item_id) VALUES " + rows
    assert len(data) > 1_000_000
    assert len(load_table(data + b";\n").frame) == 90_000


PLAIN = {
    "a log": b"user,item,when\n" + b"u1,i2,12:30\nu2,i3,12:31\n" * 9,
    "times in two fields": b"".join(b"5%d 2020-09-13 17:%d\n" % (n, n) for n in range(10, 40)),
    "names of fields": b"".join(b"x user:%d item:%d\n" % (n % 3, n % 7) for n in range(40)),
    "numbers of one length": b"2 7 8\n" * 9,
    "a count under names": b"n,item 1,item 2,item 3\n" + b"2,a,b,\n1,a,,\n3,a,b,c\n" * 20,
    "a title under a line": b"Report\n======\n\nuser,item,time\n" + b"u1,i2,1600000000\n" * 9,
    "yaml": b"users:\n  - ann\n  - bob\nitems:\n  - tea\n",
    "words of SQL": b"set,insert\n" + b"insert,into\nset,values\n" * 5,
    "negative numbers": b"4 -1 3\n-1 -2 5\n6 7 -2\n",
}


@pytest.mark.parametrize("name", PLAIN)
def test_ordinary_texts_stay_plain(name: str) -> None:
    assert form_of(PLAIN[name]) == "plain"


def test_a_delimiter_means_plain_lines() -> None:
    assert said(read_events(DRAWN["markdown"], reading=Reading(delimiter="|")), "line_form").value == "plain"


@pytest.mark.parametrize("form", [form for form in LINE_FORMS if form != "plain"])
def test_a_form_that_is_not_there_is_one_sentence(form: str) -> None:
    with pytest.raises(InputError, match=r"line_form|pair of an item"):
        load_table(b"user\titem\na\tb\n" * 5, line_form=form)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"INSERT INTO t (a, b) VALUES (1, 'x);\n", "line 1 is never closed"),
        (b"INSERT INTO t (a, b) VALUES (1, 2", "line 1 is never closed"),
        (b"INSERT INTO t (a, a) VALUES (1, 2);", "two columns 'a'"),
        (b"INSERT INTO t (a, b) VALUES (1);", "no row for its columns"),
        (b"@relation r\n@attribute a string\n@data\n{0 x}\n", "sparse"),
        (b"@relation r\n@attribute a string\n", "no @attribute"),
        (b" a | a \n---+---\n 1 | 2 \n", "two columns 'a'"),
        (b"5 -1 -2\n6 -1 -2\n", "one item a line"),
    ],
)
def test_damage_is_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_table(data)


def test_an_unknown_form_is_one_sentence() -> None:
    for ask in (lambda: Reading(line_form="x"), lambda: load_table(b"a,b\n1,2\n", line_form="x")):
        with pytest.raises(ValueError, match=r"line_form must be one of plain, spmf, .* or None, not 'x'"):
            ask()
    with pytest.raises(InputError, match="leave one of the two out"):
        load_table(ARFF, line_form="arff", sequences=True)


PIECES = (
    *(
        "1",
        "-1",
        "-2",
        " ",
        "\n",
        ":",
        "|",
        ",",
        "--",
        "+",
        "(",
        ")",
        "'",
        '"',
        "\\",
        ";",
        "{",
        "#",
        "a",
        "[",
        "]",
        "?",
    ),
    *("@data", "@relation r", "@attribute a string\n", "INSERT INTO t VALUES ", "COPY t (a) FROM stdin;\n", "\u2502"),
    *('1.1.1.1 - - [13/Sep/2020:17:53:42 +0000] "GET /a HTTP/1.1" 200 5\n', "---+---\n", "-- --\n", "2:\n", "a:1 "),
)


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from([None, *LINE_FORMS]))
def test_any_text_is_a_table_or_one_sentence(pieces: list[str], form: str | None) -> None:
    with suppress(InputError):
        table = load_table("".join(pieces).encode(), line_form=form)
        assert table.lines is None or len(table.lines) == len(table.frame)


LOGFMT = "\n".join(
    f'ts=2024-03-01T10:{n:02d}:00Z level=info msg="item \\"seen\\" now" user=u{n % 4} item=i{n % 6}' for n in range(40)
)
VERTICAL = "\n".join(
    f"{'*' * 9} {n + 1}. row {'*' * 9}\n user_id: u{n % 4}\n item_id: i{n % 6}\ncreated_at: 2024-03-01 10:{n:02d}:00"
    for n in range(40)
)


@pytest.mark.parametrize(("text", "form"), [(LOGFMT, "key=value"), (VERTICAL, "vertical")])
def test_rows_that_name_their_own_values(text: str, form: str) -> None:
    s = read_events(text.encode())
    assert (sum(map(len, s)), len(s.items)) == (40, 6)
    assert s.users is not None
    assert set(map(str, s.users)) == {f"u{n}" for n in range(4)}
    assert s.timestamps is not None
    assert s.timestamps.min() == 1_709_287_200
    assert [a.value for a in s.assumptions if a.name == "line_form"] == [form]
    assert Reading.from_link(Reading(line_form=form).to_link()) == Reading(line_form=form)


def test_lines_without_pairs_among_pairs_are_left_out_and_said() -> None:
    table = load_table(("started\n" + LOGFMT + "\nstopped by hand\n").encode())
    assert (len(table.frame), table.left_out) == (40, 2)
    assert any("2 lines" in a.words and "line 1, 'started'" in a.words for a in table.assumptions)
    assert table.where(0) == "line 2"
