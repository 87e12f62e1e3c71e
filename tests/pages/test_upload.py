"""Uploading: good files become the data in use, bad ones get one sentence, nothing leaks or is lost."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import healthy

Open = Callable[..., AppTest]


def baskets(seed: int = 0) -> bytes:
    """A small log of baskets from two clear groups of items."""
    rng = random.Random(seed)
    groups = [["tea", "milk", "sugar", "cup", "pot"], ["hammer", "nail", "saw", "drill", "glue"]]
    lines = ["user_id,basket_id,item_id,timestamp,quantity"]
    for basket in range(120):
        for item in rng.sample(groups[basket % 2], 3):
            lines.append(f"u{basket % 17},{basket},{item},{1_600_000_000 + basket * 7_000},1")
    return "\n".join(lines).encode()


ITEMS = b"item_id,title,kind\n" + b"\n".join(
    f"{item},{item.title()} of the shop,{kind}".encode()
    for kind, items in {"kitchen": "tea milk sugar cup pot", "tools": "hammer nail saw drill glue"}.items()
    for item in items.split()
)


def upload(page: AppTest, name: str, data: bytes, *, side: bytes | None = None) -> AppTest:
    if side is not None:
        page.file_uploader(key="side_file").set_value(("items.csv", side, "text/csv"))
    page.file_uploader(key="log_file").set_value((name, data, "application/octet-stream"))
    return page.run()


@pytest.mark.slow
def test_an_upload_is_mapped_without_help_and_follows_to_every_page(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "shop.csv.gz", gzip.compress(baskets(), mtime=0), side=ITEMS))
    values = {m.label: m.value for m in app.metric}
    assert (values["Baskets"], values["Items"], values["Events"]) == ("120", "10", "360")
    assert app.query_params["file"] == "shop.csv.gz"
    for name, question in (("item_graph", "Which items"), ("node2vec", "What do p"), ("home", "How does")):
        app.switch_page(f"pages/{name}.py").run()
        healthy(app)
        assert app.title[0].value.startswith(question)
        assert app.query_params["data"].startswith("upload-")
    app.switch_page("pages/node2vec.py").run()
    app.sidebar.selectbox[1].set_value("tea")
    table = healthy(app.run()).dataframe[0].value
    near = set(table["Item"][:4])
    assert near <= {f"{item.title()} of the shop" for item in ("milk", "sugar", "cup", "pot")}


@pytest.mark.slow
def test_the_upload_survives_a_page_change_and_can_be_cleaned_again(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    upload(app, "shop.csv", baskets())
    app.switch_page("pages/item_graph.py").run()
    app.switch_page("pages/sequences.py").run()
    healthy(app)
    key = app.query_params["data"]
    app.number_input(key=f"min_length {key}").set_value(4).run()
    assert any("could not be used" in e.value and "min_length" in e.value for e in app.error)
    app.number_input(key=f"min_length {key}").set_value(2).run()
    healthy(app)


@pytest.mark.slow
def test_one_sessions_upload_is_nothing_to_another(open_page: Open) -> None:
    mine = open_page("sequences")
    upload(mine, "mine.csv", baskets())
    link = {key: mine.query_params[key] for key in mine.query_params}
    other = open_page("item_graph", **link)
    assert "mine.csv (yours)" not in other.sidebar.selectbox[0].options
    assert any("mine.csv" in warning.value for warning in other.warning)


def test_an_edge_list_becomes_a_graph(open_page: Open) -> None:
    page = open_page("sequences")
    edges = b"source,target,weight\na,b,2\nb,c,1\nc,a,1\nc,d,3\n"
    healthy(upload(page, "edges.csv", edges))
    assert any("graph without a log" in info.value for info in page.info)


@pytest.mark.slow
def test_a_long_gap_joins_what_a_short_one_parts(open_page: Open) -> None:
    page = open_page("sequences")
    log = b"user,item,time\n" + b"".join(
        b"u1,%s,%d\n" % (i, t)
        for i, t in zip(b"abcdef", (0, 60, 7200, 7260, 20000, 20060), strict=True)
        for i in [bytes([i])]
    )
    healthy(upload(page, "log.csv", log))
    assert {m.label: m.value for m in page.metric}["Sessions"] == "3"
    page.select_slider(key=f"gap@{page.query_params['data']}").set_value(1440)
    assert {m.label: m.value for m in healthy(page.run()).metric}["Sessions"] == "1"


BAD = {
    "empty": (b"", "empty"),
    "header only": (b"user_id,item_id,timestamp\n", "header"),
    "binary": (bytes(random.Random(0).randrange(256) for _ in range(4000)), ""),
    "no time": (
        b"user_id,item_id,timestamp\n" + b"".join(b"u%d,i%d,soon\n" % (i % 5, i % 7) for i in range(60)),
        "timestamp",
    ),
    "one giant line": (b"x" * 12_000_000, "line"),
    "nothing left": (
        b"user_id,item_id,timestamp\n" + b"".join(b"u%d,i%d,%d\n" % (i, i, i * 10**6) for i in range(50)),
        "min_length",
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.slow
def test_a_bad_file_gets_one_sentence_and_the_page_stays(name: str, open_page: Open) -> None:
    data, word = BAD[name]
    page = open_page("sequences")
    upload(page, "bad.csv", data)
    assert not page.exception
    assert len(page.error) == 1
    sentence = page.error[0].value
    assert "bad.csv" in sentence
    assert word in sentence
    assert "Traceback" not in sentence
    assert page.metric, "the data set in use is still shown"
