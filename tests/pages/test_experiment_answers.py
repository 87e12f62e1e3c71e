"""Every experiment of every view, pressed on three kinds of data: its answer is true there, and goes with its settings.

The LSH page has its own tests. What would train for long is left to the smaller data sets (``LONG``).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import stage
from pages.kit.navigation import SECTIONS
from pages.kit.uploads.uploads import File, Upload
from recemb_core import precomputed
from recemb_core.experiments import leaderboard
from recemb_core.experiments.leaderboard import Entry, EntryRun, PartCases
from recemb_core.experiments.recall_models import recall_fingerprint
from tests.pages import (  # noqa: F401  (they register checks)
    experiment_checks_article,
    experiment_checks_deep,
    experiment_checks_models,
    experiment_checks_stage,
    experiment_checks_staleness,
    experiment_checks_sweep,
)
from tests.pages.conftest import ROOT, healthy, show_me
from tests.pages.experiment_checks import THEORY, WAITING, Seen, Source, bundled, find, uploaded

Open = Callable[..., AppTest]
pytestmark = pytest.mark.slow

# Page → (parameter of the view, its values); a page that is not named has one view.
VIEWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "node2vec": ("view", ("map", "sweep", "roles", "why", "objective", "figure")),
    "walks": ("walks_view", ("step", "walk", "many")),
    "training": ("look", ("window", "noise", "lookup", "steps", "cbow", "two", "costs", "learned", "set")),
    "neighbors": ("compare", ("models", "two", "sum")),
    "side_information": ("side", ("attention", "forms", "birth", "hide", "ges")),
    "evaluation": ("evaluation_look", ("all", "popularity", "targets", "pairs", "vectors")),
    "runs": ("runs_view", ("all", "two", "sweep")),
    "deep_models": ("section", ("recall", "history", "drawn", "embedding", "pretraining", "serving", "staleness")),
}
SAME = {  # views of a page whose experiments are those of its first view
    "node2vec sweep",
    "node2vec roles",
    "evaluation popularity",
    "evaluation targets",
    "evaluation vectors",
}
PAGES = [name for names in SECTIONS.values() for name in names if name != "lsh"]
CASES = [
    (page, view) for page in PAGES for view in VIEWS.get(page, ("", ("",)))[1] if f"{page} {view}" not in SAME
]  # fmt: skip
LONG = {
    "complete_journey": (
        "training lookup",
        "training steps",
        "training two",
        "training costs",
        "training learned",
        "node2vec objective",
        "node2vec figure",  # forty trainings; the upload makes its own as well, and the paper's graph has them ready
        "neighbors two",
        "side_information hide",
    ),
    "planted_shop": (
        "training lookup",
        "training two",
        "training costs",
        "training learned",
        "neighbors two",
        "deep_models embedding",
        "deep_models pretraining",
    ),
}
WITHOUT_SEQUENCES = {"sequences", "training", "deep_models", "evaluation"}  # nothing to try on a graph alone
# The same models on a graph alone: not another branch.
SAME_ON_GRAPHS = {"neighbors", "side_information"}
GRAPHS = {"les_miserables"}
LONG_ALONE = {"complete_journey": ("Learn from ",), "planted_shop": ("The list may be found",)}
TELLING = re.compile(
    r"\d|\b(more|less|fewer|better|worse|faster|slower|higher|lower|larger|smaller|longer|shorter|nearer|further|farther|"
    r"most|least|best|hardly|nearly|mostly|rises?|falls?|rarer|always|never|close to)\b"
)


def clicks() -> bytes:
    """A shop's log: kitchen things and tools, visits of some minutes, weeks apart or hours."""
    draw = random.Random(3)
    kinds = [
        ["tea", "milk", "sugar", "cup", "pot", "spoon", "tray"],
        ["hammer", "nail", "saw", "drill", "glue", "tape"],
    ]
    lines = ["user,item,time"]
    for user in range(50):
        now = 1_600_000_000 + user * 1_000
        for _ in range(draw.randint(2, 4)):
            items = draw.choice(kinds)
            weights = [1 / (i + 1) for i in range(len(items))]
            for item in draw.choices(items, weights, k=draw.randint(2, 6)):
                lines.append(f"u{user},{item},{now}")
                now += draw.choice([30, 200, 900, 2_500])
            now += draw.choice([5_000, 90_000, 900_000])
    return "\n".join(lines).encode()


ITEMS = b"item_id,title,kind,price\n" + b"\n".join(
    f"{item},{item.title()} of the shop,{kind},{'low' if i % 2 else 'high'}".encode()
    for kind, items in {
        "kitchen": "tea milk sugar cup pot spoon tray",
        "tools": "hammer nail saw drill glue tape",
    }.items()
    for i, item in enumerate(items.split())
)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """What the page offers to try, run by run; nothing is laid out, since no answer is about places."""
    offered: list[list[Any]] = []
    real = stage.try_this

    def note(data: Any, experiments: Any, **options: Any) -> None:
        offered.append(list(experiments))
        real(data, experiments, **options)

    monkeypatch.setattr(stage, "try_this", note)
    flat = lambda n: np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)  # noqa: E731
    monkeypatch.setattr("pages.kit.maps.umap_layout", lambda vectors, *a, **b: flat(len(vectors)))
    monkeypatch.setattr("pages.views.training.four.LEARNED", (0, 300, 1_000))
    monkeypatch.setattr("pages.kit.maps.graph_layout", lambda graph, *a, **b: flat(len(graph)))
    monkeypatch.setattr("recemb_core.experiments.recall_indexes.REPEATS", 1)  # no time is checked
    monkeypatch.setattr("recemb_core.experiments.recall_indexes.QUERIES", 20)
    return offered


def shop(page: str, view: dict[str, str]) -> AppTest:
    """A page on its own, in a session that has uploaded the log."""
    upload = Upload(File("shop.csv", clicks()), File("items.csv", ITEMS))
    found = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=180)
    found.session_state["uploads"], found.session_state["data"] = {upload.key: upload}, upload.key
    for parameter, value in view.items():
        found.session_state[f"{parameter}@{upload.key}"] = value
    return healthy(found.run())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Python of an upload finds its files."""
    place = tmp_path_factory.mktemp("shop")
    (place / "shop.csv").write_bytes(clicks())
    (place / "items.csv").write_bytes(ITEMS)
    return place


@cache
def shop_source() -> Source:
    """The uploaded log as the library reads it, in the folder of its files."""
    page = shop("sequences", {})
    code = next(block.value for block in page.code if "import" in block.value)
    return uploaded(page.session_state["data"], code)


def runs_that_come_with_the_app(source: Source) -> Callable[..., Iterator[tuple[Entry, EntryRun]]]:
    """``measure_all`` without its trainings, which take minutes; what comes of them is from the runs as ever."""

    def found(cases: PartCases, entries: list[Entry], seeds: tuple[int, ...]) -> Iterator[tuple[Entry, EntryRun]]:
        fingerprint = recall_fingerprint(source.sequences)
        for entry in entries:
            for seed in seeds if entry.seeded else seeds[:1]:
                run = precomputed.load_run(fingerprint, cases.protocol, entry, cases.part, seed)
                assert run is not None, f"{entry.name}: run python data/build_precomputed.py missing"
                assert run.part == cases.part
                yield entry, run

    return found


@pytest.mark.parametrize(
    ("page_name", "view", "name"),
    [
        (page, view, name)
        for page, view in CASES
        for name in ("upload", "planted_shop", "complete_journey", "les_miserables")
        if f"{page} {view}" not in LONG.get(name, ())
        and (page != "home" or name == "upload")
        and not (name in GRAPHS and page in WITHOUT_SEQUENCES | SAME_ON_GRAPHS)
    ],
)
def test_an_answer_is_true(
    page_name: str,
    view: str,
    name: str,
    open_page: Open,
    tries: list[list[Any]],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameter = VIEWS.get(page_name, ("", ()))[0]
    where = {parameter: view} if parameter else {}
    monkeypatch.chdir(folder)
    source = shop_source() if name == "upload" else bundled(name)
    if name != "upload":
        monkeypatch.setattr(leaderboard, "measure_all", runs_that_come_with_the_app(source))
    if name == "upload" and page_name == "deep_models":  # or each question trains its networks
        monkeypatch.setattr("pages.kit.jobs.EXPERIMENT_SECONDS", 0)
    tries.clear()
    page = shop(page_name, where) if name == "upload" else healthy(open_page(page_name, data=name, **where))
    for control in page.segmented_control:
        if control.key in {f"{p}@{source.key}" for p, _ in VIEWS.values()} and page_name in VIEWS:
            assert len(control.options) == len(VIEWS[page_name][1]), "a view that this test does not know"
    if not tries:
        return
    opening = next((block.value for block in page.code if "import" in block.value), "")
    ran: dict[str, dict[str, Any]] = {}
    for number, asked in enumerate(tries[-1]):
        prediction = asked.question
        if prediction.startswith(LONG_ALONE.get(name, ("\0",))):
            continue
        show_me(page, number)
        healthy(page.run())
        assert len(page.success) == 1, f"no answer to {prediction!r}"
        answer = page.success[0].value
        for choice in asked.choices:
            answer = answer.removeprefix(f"**{choice}.** ")
        if answer in THEORY or (name == "upload" and page_name == "deep_models" and WAITING.match(answer)):
            continue  # the upload's networks are not trained
        check = find(prediction)
        if check is None:
            assert not TELLING.search(answer), f"nothing checks what is said after {prediction!r}: {answer!r}"
            continue
        check(Seen(source, page, prediction, answer, opening, ran))


def test_an_answer_goes_with_its_settings(open_page: Open) -> None:
    page = healthy(open_page("walks", data="les_miserables"))
    show_me(page, 0)
    healthy(page.run())
    assert len(page.success) == 1
    page.select_slider(key="q@les_miserables").set_value(4.0)
    healthy(page.run())
    assert not page.success
    page.select_slider(key="q@les_miserables").set_value(20.0)  # in force again, and true again
    healthy(page.run())
    assert len(page.success) == 1
    page.sidebar.selectbox[0].set_value("karate_club")
    healthy(page.run())
    assert not page.success


def test_an_answer_speaks_of_what_is_shown_now(open_page: Open) -> None:
    """Another item is chosen: the settings stay in force, the numbers become those of that item."""
    page = healthy(open_page("walks", data="les_miserables"))
    show_me(page, 0)
    healthy(page.run())
    before = page.success[0].value
    page.sidebar.selectbox[1].set_value("Myriel")
    healthy(page.run())
    assert page.success[0].value != before
