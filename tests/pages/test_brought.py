"""Vectors of one's own on the Neighbors page: a column like any, this session's alone; and models taken away."""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import results
from pages.kit.results import Results
from recemb_core.brought import BroughtConfig, read_vectors
from recemb_core.command_line import main
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.exporting import word2vec_binary, word2vec_text
from recemb_core.evaluation import overlap_at_k
from recemb_core.session_file import SessionFile
from recemb_core.vocabulary import Vocabulary
from tests.pages.conftest import healthy, numbers, run_the_python, text
from tests.pages.test_downloads import offered, outside_a_run  # noqa: F401  # a fixture
from tests.pages.test_neighbors import SMALL, columns, ids

Open = Callable[..., AppTest]
ITEMS = load_dataset(SMALL).items
ROWS = np.random.default_rng(7).normal(size=(len(ITEMS), 6)).astype(np.float32)
MINE = ItemVectors(ITEMS, ROWS)


def bring(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    page.file_uploader(key="brought_files").set_value([(*file, "application/octet-stream") for file in files])
    return healthy(page.run())


def two_columns(open_page: Open) -> AppTest:
    return healthy(open_page("neighbors", data=SMALL, models="DeepWalk,node2vec"))


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> tuple[Results, Results]:
    """(that of everybody, this session's): empty ones."""
    everybody, mine = Results(), Results()
    monkeypatch.setattr(results, "_shared_results", lambda: everybody)
    monkeypatch.setattr(results, "session_results", lambda: mine)
    return everybody, mine


@pytest.mark.slow
def test_brought_vectors_are_a_column_with_the_lists_of_the_library(open_page: Open) -> None:
    page = bring(two_columns(open_page), ("mine.bin", word2vec_binary(MINE)))
    assert list(columns(page)) == ["DeepWalk", "node2vec", "mine"]
    chosen = page.session_state[f"item@{SMALL}"]
    assert ids(page)["mine"] == [item for item, _ in MINE.most_similar(chosen, 10)]
    assert columns(page)["mine"]["note"] == "yours, 34 items with 6 numbers"
    assert numbers(page)["Named by all 3"]
    said = text(page)
    assert "34 of the data's 34 items have a vector in mine.bin" in said
    assert f"mean over {len(ITEMS)} items" in page.metric[3].help
    assert "mine" not in str(page.query_params), "what is this session's is in no link"
    page.segmented_control(key=f"k@{SMALL}").set_value(5)
    assert len(ids(healthy(page.run()))["mine"]) == 5


@pytest.mark.slow
def test_the_agreement_with_a_model_is_that_of_the_lists(open_page: Open) -> None:
    page = bring(healthy(open_page("neighbors", data=SMALL, models="DeepWalk")), ("mine.txt", word2vec_text(MINE)))
    printed = run_the_python_beside(page, ("mine.txt", word2vec_text(MINE)))
    assert list(ids(page)) == ["DeepWalk", "mine"]
    assert MINE.most_similar(page.session_state[f"item@{SMALL}"], 10)[0][0] in printed
    shares = [float(number) for number in re.findall(r"\d\.\d*", printed.rsplit("('DeepWalk', 'mine')", 1)[1])]
    assert shares[1] == pytest.approx(float(numbers(page)["Agreement overall"].split(" ± ")[0]), abs=0.006)


def run_the_python_beside(page: AppTest, *files: tuple[str, bytes]) -> str:
    """As Python, run where the files are."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files:
            (Path(folder) / name).write_bytes(data)
        os.chdir(folder)
        try:
            return run_the_python(page)
        finally:
            os.chdir(before)


@pytest.mark.slow
def test_items_without_a_vector_are_counted_and_compared_nowhere(open_page: Open) -> None:
    few = ItemVectors(Vocabulary([*ITEMS.ids[:20], "somebody else"]), ROWS[:21])
    page = bring(two_columns(open_page), ("few.txt", word2vec_text(few)))
    said = text(page)
    assert "20 of the data's 34 items have a vector in few.txt; 14 have none" in said
    assert "1 of the file's 21 ids is no item of the data" in said
    assert "20 items that have a vector in every column" in page.metric[3].help
    assert set(ids(page)["few"]) <= set(ITEMS.ids[:20])
    page.sidebar.selectbox(key=f"item@{SMALL}").set_value(ITEMS[30])
    shown = columns(healthy(page.run()))["few"]
    assert shown["rows"] == []
    assert "no vector in this file" in shown["message"]
    page.selectbox(key=f"map_of@{SMALL}").set_value("few")
    assert "20 of 34 items have a vector and can be on the map" in text(healthy(page.run()))


@pytest.mark.slow
def test_what_is_made_of_brought_vectors_is_kept_for_this_session_alone(
    open_page: Open, stores: tuple[Results, Results]
) -> None:
    everybody, mine = stores
    page = bring(two_columns(open_page), ("mine.txt", word2vec_text(MINE)))
    page.selectbox(key=f"map_of@{SMALL}").set_value("mine")
    healthy(page.run())

    def holds(value: Any) -> bool:
        if isinstance(value, (tuple, list)):
            return any(map(holds, value))
        return isinstance(value, BroughtConfig) or isinstance(getattr(value, "config", None), BroughtConfig)

    kept = {store: [key for key, (value, _) in store._kept.items() if holds(key) or holds(value)] for store in stores}
    assert kept[everybody] == []
    kinds = {key[0] for key in kept[mine]}
    assert kinds >= {"brought", "fitted", "neighbor lists", "agreement", "dispute", "map"}
    other = Results()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "session_results", lambda: other)
        assert list(columns(two_columns(open_page))) == ["DeepWalk", "node2vec"], "another session"


@pytest.mark.slow
def test_brought_vectors_are_searched_on_the_lsh_page(
    open_page: Open, stores: tuple[Results, Results], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items without a vector are no points, and what is measured stays in the session."""
    everybody, mine = stores
    ItemVectors(Vocabulary(ITEMS.ids[:30]), ROWS[:30]).save(tmp_path / "mine.npz")
    monkeypatch.chdir(tmp_path)
    found = read_vectors("mine.npz")
    mine.put(("brought", found.config.digest), found)
    page = open_page("lsh", data=SMALL)
    page.session_state["_brought"] = {found.config.digest: found.config.name}
    healthy(page.run())
    page.selectbox(key=f"vectors@{SMALL}").set_value("mine")
    healthy(page.run())
    assert f"30 of {len(ITEMS)} items by the vectors of mine, which you brought, normalized: 30 × 6" in text(page)
    kinds = {key[0] for key in mine._kept if isinstance(key, tuple)}
    assert kinds > {"brought", "fitted"}, "measured here"
    assert not any(results.is_private(key) for key in everybody._kept)
    run_the_python(page)


def test_keys_that_hold_brought_vectors_are_private_at_any_depth() -> None:
    config = BroughtConfig(name="v", digest="", form="", dimensions=1, rows=1)
    assert results.is_private(("agreement", 3, (("mine", (1, config)),)))
    assert not results.is_private(("agreement", 3, (("mine", (1, "config")),)))
    assert not results.is_private(None)


@pytest.mark.slow
def test_a_file_that_cannot_be_used_is_a_sentence_and_the_page_goes_on(open_page: Open) -> None:
    page = bring(
        two_columns(open_page), ("bad.txt", word2vec_text(MINE).replace(b" ", b"  ", 9)), ("v.kv", b"\x80\x04\x95x")
    )
    said = " ".join(w.value for w in page.warning)
    assert "bad.txt" in said
    assert "pickle" in said
    assert list(columns(page)) == ["DeepWalk", "node2vec"]
    other = ItemVectors(Vocabulary(f"x{i}" for i in range(5)), ROWS[:5])
    page = bring(page, ("other.txt", word2vec_text(other)))
    assert columns(page)["other"]["state"] == "unavailable"
    assert "is an item of this data" in columns(page)["other"]["message"]


@pytest.mark.slow
def test_an_array_comes_with_its_ids_and_is_removed_again(open_page: Open) -> None:
    buffer = io.BytesIO()
    np.save(buffer, ROWS)
    array = ("emb.npy", buffer.getvalue())
    page = bring(two_columns(open_page), array)
    assert "bring the file of its ids" in " ".join(w.value for w in page.warning)
    page = bring(page, ("ids.json", json.dumps(ITEMS.ids).encode()), array)
    assert "emb" in columns(page)
    (remove,) = (button for button in page.button if (button.key or "").startswith("remove vectors"))
    page = healthy(remove.click().run())
    assert list(columns(page)) == ["DeepWalk", "node2vec"]
    assert "emb.npy" not in text(page)


@pytest.mark.slow
def test_hostile_names_of_files_do_nothing(open_page: Open) -> None:
    page = bring(two_columns(open_page), ("[x](http://evil.example) <b>@,_.txt", word2vec_text(MINE)))
    assert len(columns(page)) == 3
    assert "](http" not in text(page).replace("\\", "")
    page = bring(two_columns(open_page), ("DeepWalk.txt", word2vec_text(MINE)))
    assert len(columns(page)) == 3, "a file that is called like a model has a column of its own"


@pytest.mark.slow
def test_in_out_is_refused_where_the_file_has_no_output_vectors(open_page: Open) -> None:
    page = bring(two_columns(open_page), ("mine.txt", word2vec_text(MINE)))
    page.segmented_control(key=f"score@{SMALL}").set_value("in_out")
    shown = columns(healthy(page.run()))
    assert "its file holds none" in shown["mine"]["message"]
    assert shown["DeepWalk"]["rows"]


# --- take away ---


@pytest.mark.slow
def test_the_bundle_of_a_column_is_what_it_shows_and_its_session_trains_it_again(
    open_page: Open,
    offered: dict[str, Callable[[], Any]],  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = two_columns(open_page)
    made = outside_a_run(offered["DeepWalk_bundle.zip"])
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        archive.extractall(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "load", raising=False)
    from load import Bundle  # type: ignore[import-not-found]

    chosen = page.session_state[f"item@{SMALL}"]
    assert [item for item, _ in Bundle(tmp_path).nearest(chosen, 10)] == ids(page)["DeepWalk"]
    assert "Karate" in (tmp_path / "README.md").read_text("utf-8")
    assert main(["train", "--session", str(tmp_path / "session.toml"), "--out", str(tmp_path / "again.npz")]) == 0
    shown = np.load(tmp_path / "vectors.npy")
    np.testing.assert_allclose(ItemVectors.load(tmp_path / "again.npz").vectors, shown, atol=1e-5)


@pytest.mark.slow
def test_all_lists_of_a_model_are_a_file(open_page: Open, offered: dict[str, Callable[[], Any]]) -> None:  # noqa: F811
    page = two_columns(open_page)
    table = pl.read_parquet(io.BytesIO(outside_a_run(offered["DeepWalk_neighbors.parquet"])))
    chosen = page.session_state[f"item@{SMALL}"]
    listed = table.filter(pl.col("item") == chosen).sort("rank")["neighbor"].to_list()
    assert overlap_at_k(*(np.array([ITEMS.rows(names)]) for names in (listed, ids(page)["DeepWalk"])))[0] >= 0.9
    assert len(table) == 10 * len(ITEMS)


# --- a session that the command line wrote ---


@pytest.mark.slow
def test_a_session_of_the_command_line_is_restored_with_its_model(app: AppTest) -> None:
    saved = SessionFile(
        data=SMALL, model="node2vec", config={"window": 3, "q": 0.5, "workers": 2}, seed=4, graph={"top": 3}
    )
    app.run()
    app.switch_page("pages/sequences.py").run()
    app.file_uploader(key="session_file").set_value(("session.toml", saved.to_toml().encode(), "application/toml"))
    healthy(app.run())
    assert "workers = 2, which no page has a control for" in text(app)
    app.switch_page("pages/neighbors.py").run()
    healthy(app)
    state = app.session_state
    assert (state[f"node2vec_window@{SMALL}"], state[f"node2vec_q@{SMALL}"], state["seed"]) == (3, 0.5, 4)
    assert state[f"models@{SMALL}"] == ["node2vec"]
