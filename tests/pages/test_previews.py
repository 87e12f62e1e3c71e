"""A moved slider shows a preview, marked as one, and then the exact result; nothing of a preview is a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import jobs, live_chart, results
from pages.views.node2vec import one_setting
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import Node2VecConfig, node2vec_defaults, train_node2vec
from recemb_core.embeddings.preview import Preview
from recemb_core.layouts import MapPreview, UMAPConfig, preview_map, umap_layout
from tests.pages.conftest import healthy, numbers, text

Open = Callable[..., AppTest]
KARATE = "karate_club"
UNSEEN = {"num_walks": "7", "walk_length": "20"}  # nothing of these was computed beforehand


class Watch:
    """What the page's map was given, run by run, and what previews were made of."""

    def __init__(self) -> None:
        self.maps: list[tuple[str, Any]] = []  # (badge, figure)
        self.made: list[tuple[Node2VecConfig, Any]] = []  # (settings, config of what it went on from)
        self.settles = True


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    results._shared_results.clear()
    seen, chart, settle = Watch(), live_chart.live_chart, jobs.settle

    def drawn(figure: Any, **named: Any) -> Any:
        if str(named["key"]).startswith("map@"):
            seen.maps.append((named.get("badge", ""), figure))
        return chart(figure, **named)

    def made(config: Any, shown: Any, *given: Any, **named: Any) -> MapPreview:
        seen.made.append((config, shown.config))
        return preview_map(config, shown, *given, **named)

    monkeypatch.setattr(one_setting, "live_chart", drawn)
    monkeypatch.setattr(one_setting, "preview_map", made)
    monkeypatch.setattr(jobs, "settle", lambda: settle() if seen.settles else None)
    yield seen
    results._shared_results.clear()


def opened(open_page: Open, **query: str) -> AppTest:
    return healthy(open_page("node2vec", data=KARATE, **UNSEEN, **query))


def move(page: AppTest, **values: float) -> AppTest:
    for name, value in values.items():
        page.select_slider(key=f"{name}@{KARATE}").set_value(value)
    return healthy(page.run())


def settings(page: AppTest, **values: Any) -> Node2VecConfig:
    graph = load_dataset(KARATE).graph
    assert graph is not None
    return replace(node2vec_defaults(len(graph)), num_walks=7, walk_length=20, **values)


def files(page: AppTest) -> list[Any]:
    """What can be downloaded."""
    return list(page.get("download_button"))


def kept() -> list[Any]:
    """Keys of all results of bundled data."""
    return list(results._shared_results()._kept)


def test_a_preview_is_marked_and_the_scores_are_those_before(open_page: Open, watch: Watch) -> None:
    page = opened(open_page)
    before, before_files = numbers(page), files(page)
    assert watch.maps[-1][0] == ""
    watch.settles = False
    move(page, q=4.0)
    assert watch.maps[-1][0] == one_setting.PREVIEW
    now = numbers(page)
    assert {**now, "Settings": ""} == {**before, "Settings": ""}, "no score is said of what is no result"
    assert now["Settings"] == "p = 1, q = 4"
    assert [m.delta for m in page.metric][:2] == 2 * ["still of p = 1, q = 1"]
    assert "follow with the exact result" in text(page)
    assert len(files(page)) == len(before_files) - 5, "no file of it"


def test_what_follows_is_what_the_library_gives(open_page: Open, watch: Watch) -> None:
    page = opened(open_page)
    move(page, q=4.0)
    badges = [badge for badge, _ in watch.maps]
    assert badges[-2:] == [one_setting.PREVIEW, ""]
    graph = load_dataset(KARATE).graph
    assert graph is not None
    wanted, umap = settings(page, q=4.0), replace(UMAPConfig().for_size(len(graph)), repulsion=None)
    vectors, base = (train_node2vec(graph, one) for one in (wanted, replace(wanted, q=1.0)))
    (shown,) = [results._shared_results().get(key) for key in kept() if key[0] == "model" and key[2] == wanted]
    assert shown.vectors.tobytes() == vectors.vectors.tobytes()
    assert shown.output_vectors.tobytes() == vectors.output_vectors.tobytes()  # type: ignore[union-attr]
    (key,) = [key for key in kept() if key[0] == "map" and key[2] == wanted]
    umap = key[3]
    places = umap_layout(vectors, umap, start=umap_layout(base, umap))
    assert results._shared_results().get(key).tobytes() == places.tobytes()
    assert numbers(page)["Settings"] == "p = 1, q = 4"
    assert all("still of" not in (m.delta or "") for m in page.metric)


def test_nothing_of_a_preview_is_kept_as_a_result(open_page: Open, watch: Watch) -> None:
    page = opened(open_page)
    before = set(map(repr, kept()))
    watch.settles = False
    move(page, q=4.0)
    page.selectbox(key=f"item@{KARATE}").select_index(2)
    healthy(page.run())
    assert set(map(repr, kept())) == before
    assert len(watch.made) == 1, "and it is made once, whatever else changes on the page"
    watch.settles = True
    healthy(page.run())
    assert watch.maps[-1][0] == ""


def test_a_newer_move_goes_on_from_the_preview_on_the_screen_and_its_result_alone_follows(
    open_page: Open, watch: Watch
) -> None:
    page = opened(open_page)
    watch.settles = False
    move(page, q=4.0)
    move(page, q=10.0)
    assert [config.q for config, _ in watch.made] == [4.0, 10.0]
    first, second = (start for _, start in watch.made)
    assert first == settings(page)
    assert isinstance(second, Preview)
    assert second.of == settings(page, q=4.0)
    watch.settles = True
    healthy(page.run())
    assert numbers(page)["Settings"] == "p = 1, q = 10"
    trained = {key[2].q for key in kept() if key[0] == "model" and key[2].seed == 0}
    assert trained == {1.0, 10.0}, "what was overtaken is not trained"
    watch.settles = False
    move(page, q=20.0)
    assert watch.made[-1][1] == settings(page, q=10.0), "an exact result is what the next one goes on from"


@pytest.mark.parametrize("field", ["dimensions", "window"])
def test_every_setting_of_the_walks_and_the_training_is_previewed(open_page: Open, watch: Watch, field: str) -> None:
    page = opened(open_page)
    watch.settles = False
    if field == "dimensions":
        move(page, dimensions=4)
    else:
        page.slider(key=f"window@{KARATE}").set_value(4)
        healthy(page.run())
    assert watch.maps[-1][0] == one_setting.PREVIEW
    assert getattr(watch.made[-1][0], field) == 4


def test_what_is_there_is_shown_without_a_preview(open_page: Open, watch: Watch) -> None:
    page = opened(open_page)
    move(page, q=4.0)
    move(page, q=1.0)
    move(page, q=4.0)
    assert [config.q for config, _ in watch.made] == [4.0]
    assert watch.maps[-1][0] == ""


def test_stop_leaves_the_preview_and_a_button_for_the_exact_result(open_page: Open, watch: Watch) -> None:
    page = opened(open_page)
    watch.settles = False
    move(page, q=4.0)
    graph = load_dataset(KARATE).graph
    assert graph is not None
    page.session_state[f"stopped jobs of {KARATE}"] = {(graph.fingerprint, settings(page, q=4.0))}
    watch.settles = True
    healthy(page.run())
    assert watch.maps[-1][0] == one_setting.PREVIEW
    assert page.info[0].value.startswith("Stopped. You see a preview of p = 1, q = 4")
    page.button(key=f"run node2vec@{KARATE}").click()
    healthy(page.run())
    assert watch.maps[-1][0] == ""
    assert not page.info


def test_a_preview_that_is_long_in_following_waits_for_its_button(
    open_page: Open, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(open_page)
    for name in ("LIVE_SECONDS", "SETTLE_SECONDS"):
        monkeypatch.setattr(jobs, name, -1.0)
    move(page, q=4.0)
    assert watch.maps[-1][0] == one_setting.PREVIEW
    assert "Press Run for the exact result" in page.info[0].value


def test_positions_of_a_preview_are_its_own(open_page: Open, watch: Watch) -> None:
    page = opened(open_page)
    watch.settles = False
    move(page, q=4.0)
    preview = np.concatenate([np.asarray(t.x, dtype=float) for t in watch.maps[-1][1].data if t.customdata is not None])
    watch.settles = True
    healthy(page.run())
    exact = np.concatenate([np.asarray(t.x, dtype=float) for t in watch.maps[-1][1].data if t.customdata is not None])
    assert preview.shape == exact.shape
    assert not np.array_equal(preview, exact)


@pytest.mark.slow
def test_experiments_are_answered_by_exact_results_only(open_page: Open, watch: Watch) -> None:
    page = opened(open_page, seed="97531")  # a question sets all else to what comes with the app
    watch.settles = False
    show = next(b for b in page.button if b.label == "Show me")
    show.click()
    healthy(page.run())
    assert watch.maps[-1][0] == one_setting.PREVIEW
    assert not page.success
    watch.settles = True
    healthy(page.run())
    assert watch.maps[-1][0] == ""
    assert page.success
