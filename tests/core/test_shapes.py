"""Kinds of shapes, not single files: one log written in many ways is read as the same sequences."""

from __future__ import annotations

import datetime as dt
import io
import json
import random
import zipfile

import pytest

from recemb_core.item_graph.edge_lists import read_edges
from recemb_core.readers import InputError, Reading, load_table, parse_times
from recemb_core.sequences import read_events

Row = tuple[object, ...]


def log(users: int = 10) -> list[tuple[int, int, int]]:
    """Three visits of each user, a day apart, of four items a minute apart."""
    rng, found = random.Random(3), []
    for user in range(1, users + 1):
        for day in range(3):
            start = 1_600_000_000 + 86_400 * day + 977 * user
            found += [(user, rng.randint(100, 125), start + 60 * k) for k in range(4)]
    return found


LOG = log()
VISITS = [[f"x{item}" for _, item, _ in LOG[i : i + 4]] for i in range(0, len(LOG), 4)]
RAGGED = [visit if k % 3 else visit[:2] for k, visit in enumerate(VISITS)]
NAMES = "user_id,item_id,timestamp"


def csv(rows: list[Row], header: str = "", mark: str = ",") -> bytes:
    lines = [header.replace(",", mark)] * bool(header) + [mark.join(map(str, row)) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def written(form: str) -> list[str]:
    return [dt.datetime.fromtimestamp(t, dt.UTC).strftime(form) for _, _, t in LOG]


def lists(source: bytes) -> list[list[str]]:
    s = read_events(source, min_length=1)
    return sorted([s.items[t] for t in line] for line in s)


USUAL = lists(csv(LOG, NAMES))
SETS = lists("\n".join(" ".join(visit) for visit in RAGGED).encode())

TIMES = [
    *("%d.%m.%Y, %H:%M:%S", "%d.%m.%Y %H:%M:%S Uhr", "%d. %B %Y %H:%M:%S", "%a, %d %b %Y %H:%M:%S +0000"),
    *("%a %b %d %Y %H:%M:%S GMT+0000 (UTC)", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S+0200", "%Y-%m-%d %H:%M:%S,123"),
    *("%Y-%m-%dT%H:%M:%S,123Z", "%a %b %d %H:%M:%S PST %Y", "%Y-%m-%d %H:%M:%S CEST", "%Y%m%d%H%M%S"),
    *("[%d/%b/%Y:%H:%M:%S +0000]", "%b %d, %Y %I:%M:%S %p", "%d-%b-%Y %H:%M:%S", "%Y-%m-%d-%H.%M.%S"),
    *("%d %b %y %H:%M:%S", "%d. Sept. %Y %H:%M:%S", "%a %b %d %H:%M:%S %z %Y", "%A, %d %B %Y %H:%M:%S"),
]


@pytest.mark.parametrize("form", TIMES)
def test_times(form: str) -> None:
    rows = [(u, i, time) for (u, i, _), time in zip(LOG, written(form), strict=True)]
    assert lists(csv(rows, "user,item,when", "|")) == USUAL


def padded(mark: str, first: str = "") -> bytes:
    rows = [[f"{first}{k}"] * bool(first) + visit + [""] * (4 - len(visit)) for k, visit in enumerate(RAGGED)]
    return "\n".join(mark.join(row) for row in rows).encode()


FRAMES = {
    "a title and a blank line": b"Report: clicks\nGenerated, by hand\n\n" + csv(LOG, NAMES),
    "a title above tabs": b"Export of 2020\n" + csv(LOG, NAMES, "\t"),
    "sep= a tab": b"sep=\t\r\n" + csv(LOG, NAMES, "\t").replace(b"\n", b"\r\n"),
    "sep= behind a mark": b"\xef\xbb\xbfsep=,\n" + csv(LOG, NAMES),
    "delimiters at every end": csv([(*row, "") for row in LOG], NAMES + ","),
    "delimiters at ends, no names": csv([(*row, "") for row in LOG], mark="|"),
    "delimiters at the ends of rows": csv([(*row, "") for row in LOG], NAMES, "|"),
    "three kinds of line ends": csv(LOG, NAMES).replace(b"\n", b"\r", 40).replace(b"\n", b"\r\n", 20),
    "date and time with AM": csv(
        [(u, i, *t.split("_")) for (u, i, _), t in zip(LOG, written("%m/%d/%Y_%I:%M:%S %p"), strict=True)],
        "user,item,date,time",
    ),
    "midnights and a time of day": csv(
        [(u, i, *t.split("_")) for (u, i, _), t in zip(LOG, written("%Y-%m-%d 00:00:00_%H:%M:%S"), strict=True)],
        "user,item,order_date,order_time",
    ),
    "micro- and seconds": csv([(u, i, t * (10**6 if k % 2 else 1)) for k, (u, i, t) in enumerate(LOG)], NAMES),
    "some float ids": csv([(f"{u}.0" if k % 2 else u, i, t) for k, (u, i, t) in enumerate(LOG)], NAMES),
}
ROWS = [dict(zip(NAMES.split(","), row, strict=True)) for row in LOG]
JSON = {
    "records": json.dumps(ROWS),
    "indented": json.dumps(ROWS, indent=2),
    "columns": json.dumps({name: {str(k): row[name] for k, row in enumerate(ROWS)} for name in ROWS[0]}),
    "index": json.dumps({str(k): row for k, row in enumerate(ROWS)}),
    "split": json.dumps({"columns": list(ROWS[0]), "index": list(range(len(LOG))), "data": LOG}),
    "table": json.dumps({"schema": {"fields": []}, "data": ROWS}),
    "values": json.dumps(LOG),
    "a list a column": json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}),
    "under a key": json.dumps({"status": "ok", "events": ROWS}),
    "python lines": "\n".join(map(repr, ROWS)),
    "python list": repr(ROWS),
    "paths": "\n".join(
        json.dumps({"event": {"actor": {"user_id": u}, "object": {"item_id": i}}, "created_at": t}) for u, i, t in LOG
    ),
}
LISTS = {
    "a name before spaces": "\n".join(f"s{k} " + " ".join(visit) for k, visit in enumerate(RAGGED)),
    "a number before commas": "\n".join(f"{900 + k}," + ",".join(visit) for k, visit in enumerate(RAGGED)),
    "joined by |": "customer,purchases\n" + "\n".join(f"c{k}," + "|".join(v) for k, v in enumerate(RAGGED)),
    "joined in quotes": "order_id,products\n" + "\n".join(f'{k},"{", ".join(v)}"' for k, v in enumerate(RAGGED)),
    "python lists": "user;history\n" + "\n".join(f"u{k};{v}" for k, v in enumerate(RAGGED)),
    "json lists": "\n".join(map(json.dumps, RAGGED)),
    "a json list of lists": json.dumps(RAGGED),
    "padded": padded(";").decode(),
    "numbered": "basket,product_1,product_2,product_3,product_4\n" + padded(",", "b").decode(),
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_stands_around_a_table(name: str) -> None:
    assert lists(FRAMES[name]) == USUAL


@pytest.mark.parametrize("name", JSON)
def test_json(name: str) -> None:
    assert lists(JSON[name].encode()) == USUAL


@pytest.mark.parametrize("name", LISTS)
def test_lists_in_rows(name: str) -> None:
    assert lists(LISTS[name].encode()) == SETS


def test_lightgcn_lines() -> None:
    text = "\n".join(f"{k} " + " ".join(item[1:] for item in visit) for k, visit in enumerate(RAGGED))
    s = read_events(text.encode(), min_length=1)
    assert s.users.tolist() == [str(k) for k in range(len(RAGGED))]
    assert any(a.name == "line_id" and a.doubtful for a in s.assumptions)
    without_ids = read_events("\n".join(map(" ".join, RAGGED)).encode(), min_length=1)
    assert s.lengths.tolist() == without_ids.lengths.tolist()


def test_a_person_overrules_the_first_of_a_line() -> None:
    s = read_events(LISTS["a name before spaces"].encode(), reading=Reading(line_id=False))
    assert "s0" in s.items.ids


def test_the_lines_above_are_said_and_kept_when_asked() -> None:
    s = read_events(FRAMES["a title and a blank line"])
    assert next(a for a in s.assumptions if a.name == "skip_lines").value == 3
    assert load_table(FRAMES["a title and a blank line"]).where(0) == "line 5"
    exact = load_table(b"1,2,3\n" + csv(LOG, NAMES), skip_lines=1)
    assert exact.frame.columns == NAMES.split(",")


def test_suspicions_have_a_number() -> None:
    rows: list[Row] = [(u if u % 2 else "guest", f"i{i}", t, f"name {k % 7}") for k, (u, i, t) in enumerate(LOG)]
    rows[0] = (*rows[0][:2], 1_000_000, rows[0][3])
    details = csv([(f"i{i}", i % 3) for i in range(100, 104)], "item_id,kind")
    s = read_events(csv(rows, "user_id,item_id,timestamp,item_name"), side_info=details)
    words = " ".join(a.words for a in s.assumptions if a.doubtful)
    assert "One user, 'guest', has 50% of the rows" in words
    assert "1 before 1990" in words
    assert "is no name of an item" in words
    assert "know only" in words


def test_zones_are_arguments() -> None:
    import polars as pl

    noon = pl.Series(["2020-07-01 12:00", "2020-12-01 12:00"])
    utc = parse_times(noon).seconds
    assert (utc - parse_times(noon, zone="+02:00").seconds).to_list() == [7_200, 7_200]
    assert (utc - parse_times(noon, zone="Europe/Berlin").seconds).to_list() == [7_200, 3_600]
    with pytest.raises(InputError, match="no time zone 'Mars'"):
        parse_times(noon, zone="Mars")


GML = (
    b'Creator "x"\ngraph [ directed 1 node [ id 0 label "Ann" ] node [ id 1 label "Bob" ] edge [ source 0 target 1 ] ]'
)
GRAPHML = (
    b'<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    b'<key id="d0" for="node" attr.name="label"/><key id="d1" for="edge" attr.name="weight"/>'
    b'<graph edgedefault="undirected"><node id="a"><data key="d0">Ann</data></node><node id="b"/>'
    b'<edge source="a" target="b"><data key="d1">2.5</data></edge></graph></graphml>'
)


def test_graph_files() -> None:
    g = read_edges(GML)
    assert g.directed
    assert g.side_info["title"].to_list() == ["Ann", "Bob"]
    assert not read_edges(GML, directed=False).directed
    g = read_edges(GRAPHML)
    assert g.weights.tolist() == [2.5, 2.5]
    assert g.side_info["title"].to_list() == ["Ann", None]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (GRAPHML.replace(b"<graphml", b"<!DOCTYPE g [<!ENTITY a 'b'>]><graphml", 1), "DOCTYPE"),
        (GRAPHML[:-20], "damaged GraphML"),
        (GML[:-2], "never closed"),
        (GML + b" ]", "never opened"),
        (b"graph [ node [ id 1 ] ]", "without edges"),
        (b"graph " + b"[ a " * 100, "deep"),
        (b"{'a': " + b"[" * 100 + b"]" * 100 + b"}\n{'a': 1}", "deep"),
    ],
)
def test_damage_is_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_edges(data)


# --- shapes that a stranger found ---


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


def _month(month: int) -> str:
    rows = (f"u{n % 4},i{n % 7},{1_600_000_000 + month * 2_600_000 + n * 60}\n" for n in range(40 + month))
    return "user_id,item_id,ts\n" + "".join(rows)


def test_a_file_a_month_is_one_log_and_said() -> None:
    data = _zip({f"2020-{month:02}.csv": _month(month) for month in range(3)})
    table = load_table(data, "log.zip")
    assert len(table.frame) == 40 + 41 + 42
    assert [a.words for a in table.assumptions if a.name == "part"] == [
        "'2020-00.csv', '2020-01.csv', '2020-02.csv' have the same columns and were put together: 123 rows."
    ]
    assert len(load_table(data, "log.zip", joins=False).frame) == 42


@pytest.mark.parametrize(("unfold", "rows"), [(None, 9), ("clicks", 9), ("orders", 6)])
def test_one_list_of_two_is_unfolded_and_never_both(unfold: str | None, rows: int) -> None:
    row = {"session": 1, "clicks": [{"aid": 1}, {"aid": 2}, {"aid": 3}], "orders": [{"aid": 1}, {"aid": 3}]}
    assert len(load_table(json.dumps([row] * 3).encode(), "log.json", unfold=unfold).frame) == rows


def test_rows_whose_list_is_empty_are_counted() -> None:
    rows = [{"session": n, "clicks": [{"aid": 1}] * (n % 2)} for n in range(6)]
    words = [a.words for a in load_table(json.dumps(rows).encode(), "log.json").assumptions]
    assert "3 rows whose 'clicks' is empty or absent were left out." in words


def test_an_object_of_lists_whose_keys_are_columns_is_a_sentence() -> None:
    data = json.dumps({"u1": ["a", "b"], "u2": ["b", "c", "a"], "u3": ["c"]}).encode()
    with pytest.raises(InputError, match="say which one holds the item"):
        read_events(data, reading=Reading(unfold="nothing"))


def test_a_log_without_anybody_is_doubtful_where_somebody_may_be_named() -> None:
    rows = "".join(f"a{n % 4},x{n % 7},{1_600_000_000 + n * 60}\n" for n in range(60))
    found = read_events(("pseudo_id,item_id,time\n" + rows).encode())
    nobody = next(a for a in found.assumptions if a.name == "user")
    assert nobody.doubtful
    assert ("user", "pseudo_id") in [change for choice in nobody.alternatives for change in choice.changes]


def test_a_date_that_cannot_be_read_is_said() -> None:
    rows = "".join(f"a{n % 4};x{n % 7};{n % 9}\n" for n in range(60))
    found = read_events(("user;item;date\n" + rows).encode())
    assert any(a.name == "timestamp" and a.doubtful and "'date'" in str(a) for a in found.assumptions)


def test_marks_between_items_raise_a_doubt() -> None:
    lines = "".join(f"{n % 7} -1 {n % 5} {'4 ' * (n % 3)}-1 -2\n" for n in range(40))
    found = read_events(lines.encode(), reading=Reading(line_form="plain"))
    assert any(a.name == "delimiter" and a.doubtful and "100% of the lines" in str(a) for a in found.assumptions)
