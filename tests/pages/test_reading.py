"""One reading, one result: what a page makes of a file is what its printed lines make of it, on every way there."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.navigation import SECTIONS
from recemb_core.item_graph import build_item_graph, communities
from recemb_core.readers import CleaningConfig, ColumnMapping, Reading
from recemb_core.sequences import read_events
from recemb_core.session_file import SessionFile
from tests.pages.conftest import healthy, show_me
from tests.pages.test_upload import ITEMS, baskets, upload

Open = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[2]


def returning_users() -> bytes:
    """People who come back, a day later, to the item that they saw last."""
    lines = ["user_id,item_id,timestamp"]
    for user in range(30):
        start, item = 1_600_000_000 + 1000 * user, 100 + user % 15
        visits = [(start, item), (start + 60, item + 1), (start + 86_460, item + 1), (start + 86_520, item + 2)]
        lines += [f"{user},{item},{time}" for time, item in visits]
    return "\n".join(lines).encode()


def rated_films(users: int = 150, seed: int = 3) -> bytes:
    """A log in the manner of MovieLens: ratings of four kinds of films in a few sittings, and films seen once."""
    rng = random.Random(seed)
    lines = ["userId,movieId,rating,timestamp"]
    for user in range(users):
        kind, time = user % 4, 900_000_000 + user * 50_000
        for _ in range(rng.randint(1, 5)):
            time += rng.randint(2, 40) * 86_400
            for _ in range(rng.randint(1, 9)):
                film = 40 * kind + min(int(rng.expovariate(0.12)), 39) if rng.random() < 0.85 else rng.randint(0, 159)
                time += rng.randint(5, 90)
                lines.append(f"{user},{film},{rng.randint(1, 5)},{time}")
        lines.append(f"{user},{1_000 + user},3,{time + 40 * 86_400}")  # alone in its session: no sequence has it
    return "\n".join(lines).encode()


def active(page: AppTest):
    """The data set that the page shows."""
    ready = page.session_state["_ready"]
    return ready[page.query_params["data"]]


def printed_lines(page: AppTest) -> str:
    return next(code.value for code in page.code if "read_events" in code.value or "read_edges" in code.value)


def run_lines(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **files: bytes) -> dict:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    monkeypatch.chdir(folder)
    names: dict = {}
    exec(text, names)
    return names


def shown(page: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in page.metric}


def same_side(a, b) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and a.equals(b))


@pytest.mark.slow
def test_a_return_after_the_gap_is_no_repeat(open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page("sequences")
    healthy(upload(page, "visits.csv", returning_users()))
    assert (shown(page)["Sessions"], shown(page)["Events"]) == ("60", "120")
    sequences = run_lines(printed_lines(page), tmp_path, monkeypatch, **{"visits.csv": returning_users()})["sequences"]
    assert (len(sequences), len(sequences.tokens)) == (60, 120)
    everything = " ".join(str(element.value) for element in (*page.caption, *page.markdown))
    report = " ".join(step.text for step in sequences.report)
    for words in (everything, report):
        assert "inf minutes" not in words
        assert "shorter than 1 " not in words


@pytest.mark.parametrize("gap", [1, 60, 1440, 43200])
@pytest.mark.slow
def test_films_in_the_app_are_those_of_the_library(
    gap: int, open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = rated_films()
    page = open_page("sequences")
    healthy(upload(page, "ratings.csv", log))
    page.select_slider(key=f"gap@{page.query_params['data']}").set_value(gap)
    healthy(page.run())
    sequences = read_events(log, gap_minutes=gap)
    data = active(page)
    assert data.sequences.fingerprint == sequences.fingerprint
    assert shown(page)["Items"] == f"{len(sequences.items):,}"
    assert sequences.counts.min() >= 1, "every item occurs in a sequence"
    again = run_lines(printed_lines(page), tmp_path, monkeypatch, **{"ratings.csv": log})["sequences"]
    assert again.fingerprint == sequences.fingerprint
    graph = build_item_graph(data.sequences)
    sizes = np.bincount(communities(graph, 0))
    assert len(graph) == len(sequences.items)
    assert (sizes == 1).sum() == 0 or sequences.lengths.max() < 2, "no item without a neighbor makes a community"


@pytest.mark.slow
def test_every_cleaning_control_of_a_timed_log_acts(open_page: Open) -> None:
    log = rated_films()
    page = open_page("sequences")
    healthy(upload(page, "ratings.csv", log))
    key = page.query_params["data"]
    changes = [
        ("number_input", f"min_length {key}", 4, {"min_length": 4}),
        ("checkbox", f"repeats {key}", False, {"drop_repeats": False}),
        ("number_input", f"min_count {key}", 5, {"min_count": 5}),
        ("number_input", f"max_user {key}", 30, {"max_user_events": 30}),
        ("number_input", f"rating {key}", 3.0, {"min_rating": 3.0}),
    ]
    cleaning: dict = {}
    for kind, name, value, setting in changes:
        before = active(page).sequences.fingerprint
        getattr(page, kind)(key=name).set_value(value)
        healthy(page.run())
        cleaning |= setting
        assert active(page).sequences.fingerprint == read_events(log, **cleaning).fingerprint
        assert active(page).sequences.fingerprint != before or name.startswith("repeats")


# ---- random tables, mappings and cleanings: the page's way and the printed lines ----

SCRIPT = """
import streamlit as st
from pages.kit import links
from pages.kit import frame, parameters, session
from pages.kit.uploads import uploads
from pages.kit.uploads.uploads import File, Upload


def visit(upload, key, query, gap):
    for name in list(st.session_state):
        if name not in ("cases", "results"):
            del st.session_state[name]
    st.query_params.from_dict(query)
    uploads.put(upload)
    st.session_state["data"] = key
    if gap is not None:
        st.session_state[f"gap@{key}"] = gap
    parameters.forget_bound()
    return session.active_data("karate_club")


results = st.session_state["results"] = []
for name, content, reading, side, gap in st.session_state["cases"]:
    upload = Upload(File(name, content), side and File("items.csv", side), reading)
    data = visit(upload, upload.key, {}, gap)
    if not data.uploaded:
        results.append((data, [], {}, "", None))
        continue
    lines = frame.import_lines(data, always=True) + frame.load_lines(data, always=True)
    link, saved = links.current_link(data), links.saved_session(data).to_toml()
    fresh = Upload(File(name, content), side and File("items.csv", side))
    results.append((data, lines, link, saved, visit(fresh, upload.key, link, None)))
"""


def random_case(rng: random.Random) -> tuple[str, bytes, Reading, bytes | None, float]:
    """A random table, a mapping of its columns, a cleaning, item details or none, and a gap."""
    shape = rng.choice(["events", "events", "events", "sessions", "baskets", "orderless", "sequences", "dates"])
    names = {"user": "who", "item": "what ~ %thing.s", "time": "when", "group": "visit", "extra": "kind", "stars": "n°"}
    if rng.random() < 0.5:
        names = {"user": "user_id", "item": "item_id", "time": "timestamp", "group": "session_id", "extra": "brand"}
        names["stars"] = "rating"
    rows = []
    for _ in range(rng.randint(12, 90)):
        user, item = f"u{rng.randint(0, 7)}", f"i{min(int(rng.expovariate(0.2)), 25)}"
        seconds = 1_600_000_000 + rng.choice([60, 3_000, 90_000]) * rng.randint(0, 60)
        time = f"2020-09-{rng.randint(1, 28):02d}" if shape == "dates" else str(seconds)
        if rng.random() < 0.02:
            item = ""
        rows.append([user, item, time, f"g{rng.randint(0, 14)}", f"b{hash_of(item) % 4}", str(rng.randint(1, 5))])
    delimiter = rng.choice([",", "\t", ";"])
    cleaning = CleaningConfig(
        drop_repeats=rng.random() < 0.7,
        min_count=rng.choice([1, 1, 2, 3]),
        max_user_events=rng.choice([None, None, 12]),
        min_length=rng.choice([1, 2, 2, 3]),
        min_rating=rng.choice([None, None, 2.0]) if shape not in ("sequences",) else None,
        gap_minutes=rng.choice([60, 30, 1440.5]),
    )
    if shape == "sequences":
        lines = [" ".join(row[1] or "i1" for row in rows[i : i + rng.randint(1, 6)]) for i in range(0, len(rows), 6)]
        text = "\n".join([*lines, "i1 i2", "i2 i3 i4"])
        reading = Reading(cleaning=cleaning, one_sequence_a_line=True, delimiter=" ")
    else:
        text = "\n".join(delimiter.join(line) for line in [list(names.values()), *rows])
        roles = {"item": names["item"], "rating": names["stars"], "side": (names["extra"],)}
        roles |= {"user": names["user"]} if shape != "orderless" or rng.random() < 0.5 else {"session": names["group"]}
        if shape in ("events", "dates", "baskets") and rng.random() < 0.9:
            roles["timestamp"] = names["time"]
        roles |= {"sessions": {"session": names["group"]}, "baskets": {"basket": names["group"]}}.get(shape, {})
        mapping = ColumnMapping(shape="baskets" if shape == "baskets" else "events", **roles)
        reading = Reading(columns=mapping, cleaning=cleaning, delimiter=rng.choice([None, delimiter]))
    side = None
    if rng.random() < 0.5:
        lines = ["code,title,shelf", *(f"i{i},Thing {i},s{i % 3}" for i in range(rng.randint(3, 30)))]
        side = "\n".join(lines).encode()
        reading = Reading(**{**vars(reading), "details_key": rng.choice([None, "code"])})
    return f"log {rng.randint(0, 99)}.csv", text.encode(), reading, side, rng.choice([5, 60, 1440])


def hash_of(text: str) -> int:
    return sum(map(ord, text))


@pytest.mark.slow
def test_page_lines_link_and_session_file_give_one_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 random tables × mappings × cleanings: the page, its lines, a fresh visit by link, and session.toml."""
    rng = random.Random(20)
    cases = [random_case(rng) for _ in range(100)]
    page = AppTest.from_string(SCRIPT, default_timeout=600)
    page.session_state["cases"] = cases
    page.run()
    assert not page.exception, [e.message for e in page.exception]
    read, shapes = 0, set()
    results = page.session_state["results"]
    for number, (case, result) in enumerate(zip(cases, results, strict=True)):
        (name, content, reading, side, gap), (data, lines, link, saved, by_link) = case, result
        reading = reading.with_cleaning(gap_minutes=gap)
        if not data.uploaded:
            with pytest.raises(ValueError, match=r"."):  # refused by the library as well
                read_events(content, reading=reading, side_info=side)
            assert data.problem
            continue
        read += 1
        shapes.add(re.sub(r"~.*", "", link["reading"]))
        wanted = read_events(content, reading=reading, side_info=side)
        files = {name: content} | ({"items.csv": side} if side else {})
        made = run_lines("\n".join(lines), tmp_path, monkeypatch, **files)["sequences"]
        restored = SessionFile.from_toml(saved)
        assert restored.reading is not None
        assert restored.file is not None
        assert restored.file.matches(content)
        # The same reading of the same file is read once.
        same = restored.reading == reading
        by_file = wanted if same else read_events(content, reading=restored.reading, side_info=side)
        for other in (data.sequences, made, by_link.sequences, by_file):
            assert other.fingerprint == wanted.fingerprint, (number, name, reading)
            assert same_side(other.side_info, wanted.side_info)
            assert other.ordered == wanted.ordered
        assert wanted.counts.min() >= 1
    assert read > 60, read
    assert {"events", "baskets", "sequences"} <= shapes


# ---- the lines that every page prints ----

FILM_DETAILS = ("movieId,title,genre\n" + "\n".join(f"{i},Film {i},kind {i % 4}" for i in range(160))).encode()
EDGES = b"source,target,weight\n" + b"".join(
    b"n%d,n%d,%d\n" % (i, (i * 7 + j) % 40, j) for i in range(40) for j in (1, 2)
)
NODES = b"node,label,club\n" + b"".join(b"n%d,Node %d,club %d\n" % (i, i, i % 3) for i in range(40))
LINES_OF_WORDS = "\n".join(" ".join(f"w{(i * j) % 23}" for j in range(1, 9)) for i in range(60)).encode()
KINDS = {
    "films": ("ratings.csv", rated_films(60), FILM_DETAILS),
    "edges": ("graph.csv", EDGES, NODES),
    "baskets": ("shop.csv", baskets(), ITEMS),
    "sequences": ("words.txt", LINES_OF_WORDS, None),
}


# Every page with time-stamped events and with edges; those that treat baskets and given sequences in ways of their own.
EVERY = [page for pages in SECTIONS.values() for page in pages]
SHOWN = {
    **{"films": EVERY, "edges": EVERY},
    "baskets": ["sequences", "item_graph", "neighbors", "side_information"],
    "sequences": ["sequences", "item_graph", "training", "deep_models", "evaluation"],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_the_python_shown_for_an_upload_runs_on_every_page(
    kind: str, app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content, side = KINDS[kind]
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, name, content, side=side))
    files = {name: content} | ({"items.csv": side} if side else {})
    fingerprint = active(app).items.ids
    for page in SHOWN[kind]:
        app.switch_page(f"pages/{page}.py").run()
        healthy(app)
        assert app.query_params["file"] == name
        if page == "side_information" and side is None:
            continue  # it shows an example on bundled data
        for text in (code.value for code in app.code if "import" in code.value):
            with contextlib.redirect_stdout(io.StringIO()):
                names = run_lines(text, tmp_path, monkeypatch, **files)
            if page == "runs":
                continue  # it reads what is kept, not the file
            source = names["graph"] if kind == "edges" else names.get("sequences", names.get("graph"))
            assert source.items.ids == fingerprint, page
            monkeypatch.undo()
            monkeypatch.setenv("RECEMB_NO_WARM_UP", "1")


@pytest.mark.slow
def test_details_of_an_edge_list_name_color_and_score_its_nodes(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "graph.csv", EDGES, side=NODES))
    assert "Node 1" in active(app).titles
    app.switch_page("pages/item_graph.py").run()
    healthy(app)
    assert "club" in app.selectbox(key=f"color@{app.query_params['data']}").options
    app.switch_page("pages/node2vec.py").run()
    assert any("by club" in m.label for m in healthy(app).metric)
    app.switch_page("pages/sequences.py").run()
    key = app.query_params["data"]
    before = active(app).graph.num_edges
    app.checkbox(key=f"directed {key}").set_value(True).run()
    healthy(app)
    assert active(app).graph.directed
    assert active(app).graph.num_edges >= before
    app.selectbox(key=f"details {key}").set_value("label").run()
    assert any("matches no item" in error.value for error in app.error)


@pytest.mark.slow
def test_two_sessions_settings_come_back(open_page: Open, app: AppTest) -> None:
    """A saved session restores settings of pages that are not open."""
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "ratings.csv", rated_films(40)))
    key = app.query_params["data"]
    app.switch_page("pages/walks.py").run()
    app.sidebar.selectbox[1].set_value("5")
    app.sidebar.number_input[0].set_value(3)
    app.select_slider(key=f"p@{key}").set_value(0.5)
    healthy(app.run())
    saved = app.session_state["_saved"]
    assert b"p = 0.5" in saved.encode()
    other = open_page("sequences")
    other.file_uploader(key="session_file").set_value(("session.toml", saved.encode(), "application/toml")).run()
    assert any("upload it too" in warning.value for warning in other.warning)
    upload(other, "ratings.csv", rated_films(41))
    assert any("has other content" in warning.value for warning in other.warning)
    upload(other, "ratings.csv", rated_films(40))
    healthy(other)
    assert other.query_params["data"] == key
    assert other.session_state[f"item@{key}"] == "5"
    assert other.session_state["seed"] == 3
    assert "p" not in other.query_params or other.query_params["p"] == ["0.5"]


# ---- what people do to a reading ----


@pytest.mark.slow
def test_a_reading_without_the_chosen_item_chooses_another(open_page: Open) -> None:
    page = open_page("sequences")
    healthy(upload(page, "ratings.csv", rated_films(60)))
    key, data = page.query_params["data"], active(page)
    rare = next(item for item, n in zip(data.items.ids, data.sequences.counts, strict=True) if n == 1)
    page.sidebar.selectbox[1].set_value(rare)
    healthy(page.run())
    page.number_input(key=f"min_count {key}").set_value(2)
    healthy(page.run())
    assert page.session_state[f"item@{key}"] in active(page).items
    assert any(rare in toast.value for toast in page.toast), "it is said"
    for shape in ("sequences", "edges", "events"):
        page.selectbox(key=f"shape {key}").set_value(shape)
        assert not page.run().exception


@pytest.mark.slow
def test_a_log_that_names_nobody_is_one_persons(open_page: Open) -> None:
    log = "item,timestamp\n" + "\n".join(f"i{n % 7},{1_600_000_000 + 600 * n + 9_000 * (n // 8)}" for n in range(40))
    page = open_page("sequences")
    healthy(upload(page, "log.csv", log.encode()))
    assert shown(page)["Sessions"] == f"{len(read_events(log.encode()))}"


@pytest.mark.slow
def test_a_gap_that_leaves_nothing_can_be_raised_where_it_is_said(open_page: Open) -> None:
    log = "user,item,timestamp\n" + "\n".join(
        f"u{u},i{(u + k) % 9},{1_600_000_000 + 100_000 * k}" for u in range(10) for k in range(6)
    )
    page = upload(open_page("sequences"), "slow.csv", log.encode())
    assert "raise gap_minutes" in page.error[0].value
    key = next(iter(page.session_state["uploads"]))
    page.number_input(key=f"gap_minutes {key}").set_value(2_000.0)
    assert shown(healthy(page.run()))["Sessions"] == "10"
    assert page.query_params["gap"] in ("2000", ["2000"])


@pytest.mark.slow
def test_a_wrong_column_for_the_details_can_be_taken_back(open_page: Open) -> None:
    page = open_page("sequences")
    healthy(upload(page, "shop.csv", baskets(), side=ITEMS))
    key = page.query_params["data"]
    before = active(page).side_info
    page.selectbox(key=f"details {key}").set_value("kind").run()
    assert any("matches no item" in error.value for error in page.error)
    page.selectbox(key=f"details {key}").set_value("item_id")
    healthy(page.run())
    assert active(page).side_info.equals(before)
    page.button(key=f"bare {key}").click()
    healthy(page.run())
    assert active(page).side_info is None or "title" not in active(page).side_info.columns


@pytest.mark.slow
def test_a_limit_can_be_switched_off_again(open_page: Open) -> None:
    page = open_page("sequences")
    healthy(upload(page, "ratings.csv", rated_films(60)))
    key, before = page.query_params["data"], active(page).sequences.fingerprint
    for name, value in (("max_user", 20), ("rating", 3.0)):
        page.number_input(key=f"{name} {key}").set_value(value)
        assert active(healthy(page.run())).sequences.fingerprint != before
        page.number_input(key=f"{name} {key}").set_value(None)
        assert active(healthy(page.run())).sequences.fingerprint == before


@pytest.mark.slow
def test_a_log_stays_when_another_is_uploaded_after_a_walk_through_the_app(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "first.csv", rated_films(40)))
    app.switch_page("pages/item_graph.py").run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "second.csv", returning_users()))
    assert {u.name for u in app.session_state["uploads"].values()} == {"first.csv", "second.csv"}
    app.switch_page("pages/item_graph.py").run()  # a box that is left is empty
    app.switch_page("pages/sequences.py").run()
    upload(app, "bad.csv", b"x" * 100)
    bad = next(k for k, u in app.session_state["uploads"].items() if u.name == "bad.csv")
    app.button(key=f"remove {bad}").click()
    healthy(app.run())
    assert active(app).upload.name == "second.csv", "what was in use before it"


@pytest.mark.slow
def test_an_experiment_answers_for_an_upload(open_page: Open) -> None:
    page = open_page("sequences")
    healthy(upload(page, "ratings.csv", rated_films(60)))
    show_me(page, 0)
    healthy(page.run())
    assert f"{len(read_events(rated_films(60), gap_minutes=1)):,}" in page.success[0].value
