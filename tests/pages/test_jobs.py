"""Stop, in every view that runs something: it ends that job, keeps it ended, and touches no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from pages.kit import jobs, maps, results
from pages.kit.jobs import Job
from pages.views.evaluation import settings
from recemb_core.validation import UsageError
from tests.pages.conftest import healthy

Open = Callable[..., AppTest]
KARATE, SHOP, JOURNEY = "karate_club", "planted_shop", "complete_journey"
OTHER_SEED = {"seed": "7"}  # nothing that is bundled has it
OTHER_MAPS = {"umap_neighbors": "5"}  # no map that is bundled has it


def nothing(*_: Any, **__: Any) -> None:
    """Not there."""


@dataclass(frozen=True)
class Case:
    """A view with a run.

    Attributes:
        page: of the app.
        data: small enough that what comes before the run takes a moment.
        label: how the job's label begins.
        view: name of the run; its button is ``run <view>@<data>``.
        query: the rest of the link; parameters that are no seed are views.
        away: views to go to and come back from, where another chosen item would be another job.
        slow: it waits for its button here, quick as it is.
        patched: what is bundled, or made quick.
    """

    page: str
    data: str
    label: str
    view: str
    query: Mapping[str, str] = field(default_factory=dict)
    away: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    patched: Mapping[str, Any] = field(default_factory=dict)

    @property
    def views(self) -> dict[str, str]:
        return {name: value for name, value in self.query.items() if name != "seed"}


DEEP = {"section": "recall"}
OTHER_SPLIT = {"evaluation_split": "global_time"}
BASELINES = ("Popularity", "ItemKNN", "ItemKNN, last 5", "ItemKNN, last 1", "Markov chain", "EASE", "PMI")
EVERY_ENTRY = "pages.views.evaluation.settings.every_entry"


def only(*names: str) -> dict[str, Any]:
    """The rows of the Evaluation page, cut down to these."""
    real = settings.every_entry
    return {EVERY_ENTRY: lambda *asked: {name: entry for name, entry in real(*asked).items() if name in names}}


CASES = {
    "node2vec map": Case("node2vec", KARATE, "node2vec", "node2vec", OTHER_SEED),
    "node2vec map, slow": Case("node2vec", KARATE, "node2vec", "node2vec", OTHER_SEED, slow=True),
    "node2vec seed noise": Case("node2vec", KARATE, "the noise of", "seed noise", OTHER_SEED),
    "sweep maps": Case("node2vec", KARATE, "maps of", "sweep maps", {"view": "sweep", **OTHER_MAPS}),
    "role maps": Case("node2vec", KARATE, "the map of the role features", "role maps", {"view": "roles", **OTHER_SEED}),
    "features": Case("node2vec", KARATE, "both leanings", "features", {"view": "roles", **OTHER_SEED}),
    "neighbors models": Case("neighbors", KARATE, "", "models", OTHER_SEED),
    "neighbors map": Case("neighbors", KARATE, "Map of", "models", OTHER_SEED),
    "neighbors second map": Case(
        "neighbors",
        KARATE,
        "Map of",
        "models",
        {"compare": "two", **OTHER_SEED},
        patched={"pages.views.neighbors.maps.second_map": nothing},
    ),
    "side information model": Case("side_information", SHOP, "EGES", "models", OTHER_SEED),
    "side information seeds": Case("side_information", SHOP, "4 more seeds", "models"),
    "side information map": Case(
        "side_information",
        SHOP,
        "EGES map",
        "models",
        {"side": "birth"},
        patched={"pages.kit.maps.has_model_map": nothing},
    ),
    "hidden tenth": Case(
        "side_information", SHOP, "a model that never", "models", {"side": "hide"}, away={"side": "attention"}
    ),
    "GES test": Case("side_information", SHOP, "the test on hidden edges", "models", {"side": "ges"}),
    "training lesson": Case("training", SHOP, "word2vec", "lesson", {"look": "lookup", **OTHER_SEED}),
    "four objectives": Case(
        "training", SHOP, "four objectives", "four objectives", {"look": "costs"}, away={"look": "window"}
    ),
    "LSH points": Case("lsh", SHOP, "word2vec", "lab", OTHER_SEED),
    "all indexes": Case("lsh", SHOP, "All indexes", "race", {"lab": "race"}),
    "kd-tree": Case("lsh", SHOP, "kd-tree", "kd", {"lab": "race", "race": "kd"}),
    "inner product": Case("lsh", SHOP, "Inner product", "product", {"lab": "race", "race": "product"}),
    "evaluation baselines": Case(
        "evaluation", SHOP, "7 baselines", "models", OTHER_SPLIT, slow=True, patched=only(*BASELINES)
    ),
    "evaluation model": Case(
        "evaluation", SHOP, "word2vec", "models", OTHER_SPLIT, slow=True, patched=only("word2vec")
    ),
    "evaluation test part": Case(
        "evaluation", SHOP, "Popularity", "test part", {"evaluation_part": "test"}, patched=only("Popularity")
    ),
    "recall models": Case("deep_models", SHOP, "the models", "recall models", {**DEEP, **OTHER_SEED}),
    "indexes": Case("deep_models", SHOP, "the indexes", "recall indexes", {**DEEP, "recall_look": "index"}),
    "cold items": Case("deep_models", SHOP, "cold items", "cold items", {**DEEP, **OTHER_SEED, "recall_look": "cold"}),
    "history map": Case(
        "deep_models",
        SHOP,
        "the map",
        "history map",
        {"section": "history"},
        patched={"pages.kit.recall_models.ready_positions": nothing},
    ),
    "embedding layer": Case(
        "deep_models", SHOP, "5 of 5 networks", "embedding", {"section": "embedding", **OTHER_SEED}
    ),
    "pre-training": Case("deep_models", SHOP, "Starts", "pretraining", {"section": "pretraining", **OTHER_SEED}),
    "pre-training maps": Case(
        "deep_models",
        JOURNEY,
        "two maps",
        "network maps",
        {"section": "pretraining", "pretraining_look": "map"},
        patched={"recemb_core.precomputed.load_networks_map": nothing},
    ),
    "staleness": Case("deep_models", SHOP, "9 tables", "staleness", {"section": "staleness", **OTHER_SEED}),
    "serving": Case("deep_models", SHOP, "the models", "recall models", {"section": "serving", **OTHER_SEED}),
}


@dataclass
class Hand:
    """A person who presses Stop as soon as it is there, on runs whose label begins so."""

    label: str = ""
    presses: bool = True
    started: list[str] = field(default_factory=list)
    others_are_left: bool = True


STOPPED = Job("another stopped one", "", 0.0, lambda report: None)
ALLOWED = Job("another allowed one", "", 99.0, lambda report: None)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """What the browser does on Stop: the run ends where it reports next, the callback is called, the page runs anew."""
    results._shared_results.clear()
    monkeypatch.setattr(jobs, "BAR_AFTER", 0.0)
    monkeypatch.setattr(maps, "umap_layout", lambda vectors, *_, **__: np.asarray(vectors.vectors[:, :2]))
    hand, perform, button = Hand(), jobs.perform, jobs._stop_button
    drawn: list[tuple[Any, list[Any]]] = []

    def draw(data: Any, key: str, label: str, of: Any) -> None:
        drawn.append((data, [job.identity for job in of]))
        button(data, key, label, of)

    def watched(data: Any, job: Job, queued: Any = (), **more: Any) -> Any:
        if not job.label.startswith(hand.label):
            return perform(data, job, queued, **more)

        def run(report: Callable[[float, str], None]) -> Any:
            if not hand.started:
                jobs.stop(data, [STOPPED.identity])
                jobs.allow(data, [ALLOWED.identity])
            hand.others_are_left &= jobs.stopped(data, STOPPED) and jobs.may_run(data, ALLOWED)
            hand.started.append(job.label)
            if not hand.presses:
                return job.run(report)
            drawn.clear()
            report(0.1, "under way")
            assert drawn[0] == (data, [job.identity]), "its own Stop stands there, and ends it alone"
            jobs.stop(*drawn[0])
            st.rerun()

        return perform(data, replace(job, run=run), queued, **more)

    monkeypatch.setattr(jobs, "perform", watched)
    monkeypatch.setattr(jobs, "_stop_button", draw)
    yield hand
    results._shared_results.clear()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.slow
def test_what_was_stopped_stays_stopped_until_its_own_button(
    name: str, hand: Hand, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    hand.label = case.label
    if case.slow:
        monkeypatch.setattr(jobs, "LIVE_SECONDS", -1.0)
    for where, value in case.patched.items():
        monkeypatch.setattr(where, value)
    page = healthy(open_page(case.page, data=case.data, **case.query))
    button = f"run {case.view}@{case.data}"
    if not hand.started:  # it waits for its button
        page.button(key=button).click()
        healthy(page.run())
    first = list(hand.started)
    assert first, "it has begun"
    assert len(set(first)) == len(first), "no run begins anew by itself"
    assert not page.button(key=button).disabled, "and can be started"

    healthy(page.run())
    if case.away:
        for views in (case.away, case.views):
            for parameter, value in views.items():
                page.session_state[f"{parameter}@{case.data}"] = value
            healthy(page.run())
    else:
        page.selectbox(key=f"item@{case.data}").select_index(2)
        healthy(page.run())
    assert hand.started == first, "nothing but its button starts it"
    for reset in [b for b in page.button if b.label == "Reset"]:
        reset.click()
        healthy(page.run())
        moved = {f"{name}@{case.data}": value for name, value in case.views.items()}
        moved = {key: value for key, value in moved.items() if page.session_state[key] != value}
        for key, value in moved.items():  # the same view, whatever Reset made of it
            page.session_state[key] = value
        if moved:
            healthy(page.run())
        assert hand.started == first, "Reset starts nothing"

    page.button(key=button).click()
    healthy(page.run())
    assert sorted(hand.started) == sorted(2 * first), "its own button starts it again, once"
    assert hand.others_are_left, "other jobs are what they were"


@pytest.mark.slow
def test_another_view_of_the_page_runs_while_one_is_stopped(hand: Hand, open_page: Open) -> None:
    hand.label = "the map of the role features"
    page = healthy(open_page("node2vec", data=KARATE, view="roles", **OTHER_MAPS))
    assert hand.started == ["the map of the role features"]
    hand.label = "maps of"
    page.session_state[f"view@{KARATE}"] = "sweep"
    healthy(page.run())
    page.button(key=f"run sweep maps@{KARATE}").click()
    healthy(page.run())
    assert len(hand.started) == 2
    assert hand.started[1].startswith("maps of 25 cells")
    hand.label = ""
    page.session_state[f"view@{KARATE}"] = "roles"
    healthy(page.run())
    assert len(hand.started) == 2, "the maps are stopped still"
    assert any("Stopped" in info.value for info in page.info)


@pytest.mark.slow
def test_a_run_that_ends_asks_again_for_other_settings(
    hand: Hand, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.label, hand.presses = "node2vec", False
    monkeypatch.setattr(jobs, "LIVE_SECONDS", -1.0)
    monkeypatch.setattr(jobs, "SETTLE_SECONDS", -1.0)
    page = healthy(open_page("node2vec", data=KARATE, **OTHER_SEED))
    assert len(hand.started) == 1, "with nothing else to look at, long settings are run when they are opened"
    assert not [b for b in page.button if b.key == f"run node2vec@{KARATE}"]
    page.select_slider(key=f"q@{KARATE}").set_value(4.0)
    healthy(page.run())
    assert len(hand.started) == 1
    assert not page.warning
    assert "You see a preview of p = 1, q = 4" in page.info[0].value
    page.button(key=f"run node2vec@{KARATE}").click()
    healthy(page.run())
    assert len(hand.started) == 2
    assert not page.warning
    assert not page.info


@given(
    some.lists(
        some.tuples(some.sampled_from(["allow", "stop"]), some.sets(some.integers(0, 3), min_size=1)), max_size=12
    ),
    some.lists(some.booleans(), min_size=4, max_size=4),
)
@pytest.mark.slow
def test_each_job_follows_what_was_last_pressed_for_it(pressed: list[tuple[str, set[int]]], waits: list[bool]) -> None:
    data: Any = SimpleNamespace(key="some")
    known = [Job(("job", i), f"job {i}", 1.0, lambda report: None, asks=asks) for i, asks in enumerate(waits)]
    last = [""] * len(known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "st", SimpleNamespace(session_state={}))
        for what, which in pressed:
            getattr(jobs, what)(data, [known[i].identity for i in which])
            for i in which:
                last[i] = what
        for job, said in zip(known, last, strict=True):
            assert jobs.stopped(data, job) == (said == "stop")
            assert jobs.may_run(data, job) == (said == "allow" or (said == "" and not job.waits))


@pytest.mark.slow
def test_a_run_that_fails_says_so_and_waits_for_its_button(
    hand: Hand, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.label = "nobody presses Stop"
    tries: list[int] = []

    def fails(*args: Any, **named: Any) -> Any:
        tries.append(1)
        raise UsageError("the maps cannot be made: this is a try")

    monkeypatch.setattr(maps, "umap_layout", fails)
    page = open_page("node2vec", data=KARATE, **OTHER_SEED)
    assert not page.exception
    assert len(tries) == 1
    said = [one.value for one in (*page.error, *page.warning) if "this is a try" in one.value]
    assert said, "the sentence is on the page"
    page.selectbox(key=f"item@{KARATE}").select_index(2)
    page.run()
    assert not page.exception
    assert len(tries) == 1, "nothing but its button tries again"
    assert any("The last try failed" in info.value for info in page.info)
    monkeypatch.setattr(maps, "umap_layout", lambda vectors, *_, **__: np.asarray(vectors.vectors[:, :2]))
    page.button(key=f"run node2vec@{KARATE}").click()
    healthy(page.run())
    assert not [one for one in (*page.error, *page.warning) if "this is a try" in one.value]
