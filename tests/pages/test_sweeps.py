"""The Sweeps view of the Runs page: what it asks for, a sweep at work behind it, and what is left of one."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.sweeps import live as sweep_live
from pages.views.runs import sweep_words
from recemb_core.datasets import list_datasets
from recemb_core.embeddings import item2vec_defaults
from recemb_core.experiments.leaderboard import Protocol, default_query, part_cases
from recemb_core.prepared import prepare_bundled
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import Ground, Journal, Structure, Sweep, head_of, measure_setting, plan_of, tpe_is_there
from recemb_core.sweeps.beforehand import load_swept
from recemb_core.sweeps.usual import opening_plan
from tests.pages.conftest import healthy, text
from tests.pages.sweep_steps import labels, over, own_place, press  # noqa: F401 (the place is a fixture)

Open = Callable[..., AppTest]
SMALL = {
    "data": "planted_shop",
    "runs_view": "sweep",
    "sweep_trials": "5",
    "sweep_over": "dimensions,epochs",
    "sweep_values_item2vec.dimensions": "4, 8",
    "sweep_values_item2vec.epochs": "1..3",
}


def finding(page: AppTest) -> list[str]:
    """What came of a sweep that is over."""
    return [one.value for one in page.markdown if "the default" in one.value and "after Holm" in one.value]


def test_nothing_is_tried_until_start(open_page: Open) -> None:
    page = healthy(open_page("runs", **SMALL))
    assert "Nothing is tried yet" in text(page)
    assert "Start" in labels(page)
    assert [one.label for one in page.text_input][:2] == ["dimensions", "epochs"]
    assert page.query_params["sweep_values_item2vec.dimensions"] in ("4, 8", ["4, 8"])


def test_what_is_not_possible_is_said_and_cannot_start(open_page: Open) -> None:
    page = open_page("runs", **{**SMALL, "sweep_values_item2vec.dimensions": "4, -1"})
    assert not page.exception
    assert any("cannot give dimensions the value" in error.value for error in page.error)
    assert "Start" not in labels(page)


def test_an_index_brings_its_recall_with_it(open_page: Open) -> None:
    page = healthy(open_page("runs", data="planted_shop", runs_view="sweep", sweep_over="lsh.tables"))
    assert "'recall'" in next(block.value for block in page.code if "SweepPlan" in block.value)


def test_what_varies_and_changes_nothing_is_said(open_page: Open) -> None:
    page = healthy(open_page("runs", data="planted_shop", runs_view="sweep", sweep_over="window"))
    assert any("window changes nothing in this sweep" in one.value for one in page.warning)
    assert not healthy(open_page("runs", data="planted_shop", runs_view="sweep", sweep_over="dimensions")).warning


@pytest.mark.slow
def test_a_sweep_ends_with_a_verdict_and_is_there_again(open_page: Open, tmp_path: Path) -> None:
    if not tpe_is_there():
        pytest.skip("pages keep sweeps beside the store of runs, which needs Optuna")
    page = over(press(healthy(open_page("runs", **SMALL)), "Start"))
    assert "Start" not in labels(page)
    verdict = finding(page)
    assert len(verdict) == 1
    assert page.dataframe[0].value["Setting"].tolist().count(0) == 1
    (place,) = (tmp_path / "sweeps").glob("*.jsonl")
    runs = Journal.read(place)[1]
    assert sum(run.stage == "final" for run in runs) == 20
    sweep_live._registry().clear()
    again = healthy(open_page("runs", **SMALL))
    assert finding(again) == verdict, "another session, another start: the same"
    # One that lost its end is resumed.
    lines = place.read_bytes().splitlines(keepends=True)
    place.write_bytes(b"".join(lines[:6]))
    from pages.kit import results

    results._shared_results.clear()
    broken = healthy(open_page("runs", **SMALL))
    assert "Resume" in labels(broken)
    resumed = over(press(broken, "Resume"))
    assert finding(resumed) == verdict
    for look in ("axes", "slices", "decides", "front"):
        healthy(open_page("runs", **SMALL, sweep_look=look))
    from pages.kit import kept_runs

    kept = kept_runs.store()
    assert len(kept.runs()) == len(runs), "each training is a kept run as well"
    spoken = kept.runs()[0].run_id
    kept.annotate(spoken, note="the good one")
    gone = press(resumed, "Forget these runs")
    assert not place.exists()
    assert [one.run_id for one in kept.runs()] == [spoken], "forgotten in the store too, but for what has a note"
    assert "Start" in labels(gone)


@pytest.mark.slow
def test_the_python_and_the_file_do_the_same_sweep(open_page: Open) -> None:
    page = healthy(open_page("runs", **SMALL))
    shown = next(block.value for block in page.code if "SweepPlan" in block.value)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names: dict[str, object] = {}
        exec(compile(shown, "As Python", "exec"), names)
    assert "default" in printed.getvalue()
    found = names["sweep"]
    told = plan_of(SessionFile.from_toml(sweep_words.as_toml(found.ground, SessionFile(data="planted_shop"))))  # type: ignore[attr-defined]
    assert told == found.plan  # type: ignore[attr-defined]


def test_a_class_server_keeps_nothing(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECEMB_RUNS", "off")
    page = healthy(open_page("runs", **SMALL))
    assert "memory" in text(page)
    assert not os.listdir(tmp_path)


def test_a_graph_alone_is_swept_by_its_structure(open_page: Open) -> None:
    page = healthy(open_page("runs", data="karate_club", runs_view="sweep"))
    assert [one.label for one in page.text_input][:2] == ["p", "q"]
    assert "34 items; homophily by community, structural by strength tier" in text(page)
    assert "Start" in labels(page)
    decides = next(one for one in page.selectbox if one.label == "Decides")
    assert len(decides.options) == 2


@pytest.mark.slow
@pytest.mark.parametrize("data", ["karate_club", "planted_shop", "complete_journey"])
def test_the_python_of_a_sweep_by_structure_is_the_same_sweep(open_page: Open, data: str) -> None:
    """As Python, the page and a session's file stand on one ground: data, first setting, versions."""
    page = healthy(open_page("runs", data=data, runs_view="sweep", sweep_model="node2vec", sweep_aim="structural"))
    shown = next(block.value for block in page.code if "SweepPlan" in block.value)
    names: dict[str, Any] = {}
    exec(compile(shown.replace("print(sweep.go().words)", ""), "As Python", "exec"), names)
    found = names["sweep"].ground
    saved = SessionFile.from_toml(sweep_words.as_toml(found, SessionFile(data=data)))
    assert plan_of(saved) == found.plan
    prepared = prepare_bundled(data, saved)
    again = Ground.of(found.plan, prepared.sequences, saved, structure=Structure.of_prepared(prepared))
    assert head_of(again) == head_of(found)


@pytest.mark.parametrize("data", [info.name for info in list_datasets() if info.sequences is not None])
def test_a_sweep_comes_with_the_app_and_can_be_run_anew(open_page: Open, data: str) -> None:
    page = healthy(open_page("runs", data=data, runs_view="sweep"))
    said = text(page)
    assert "These runs came with the app" in said
    assert "5 trainings each, with seeds that did not choose them" in said
    assert {"Run it anew here"} == {"Run it anew here", "Start", "Resume", "Forget these runs"} & set(labels(page))
    other = healthy(open_page("runs", data=data, runs_view="sweep", sweep_aim="ndcg"))
    assert "Start" in labels(other)
    assert "came with the app" not in text(other)


@pytest.mark.slow
def test_a_training_of_the_bundled_sweep_gives_its_figures_again() -> None:
    shop = prepare_bundled("planted_shop")
    config = item2vec_defaults(shop.sequences)
    query = default_query(config, part_cases(shop.sequences, Protocol()).train)
    ground = Ground.of(opening_plan(config, query), shop.sequences, config=config)
    runs = load_swept(ground)
    assert len(runs) == Sweep(ground, runs=runs).in_all
    assert Sweep(ground, runs=runs).next() is None
    cheapest = min(runs, key=lambda run: run.values["epochs"] * run.values["dimensions"])
    found = measure_setting(ground, ground.setting(cheapest.values), cheapest.seed)
    assert found.users == pytest.approx(cheapest.users, abs=0.02)
    assert not any(run.seconds or run.train_seconds for run in runs)
