"""Names that try something, in every view: each stands in Markdown as it is written, and in cells without escapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from pages.kit.text import plain
from pages.kit.uploads.uploads import File, Upload
from recemb_core.foreign_text import inert
from recemb_core.runs import RunStore
from tests import hostile
from tests.pages.conftest import ROOT, questions, show_me

VIEWS: list[tuple[str, dict[str, str]]] = [
    ("home", {}),
    ("summary", {}),
    ("sequences", {}),
    ("item_graph", {}),
    ("walks", {}),
    *(
        ("training", {"look": v})
        for v in ("window", "noise", "lookup", "steps", "cbow", "two", "costs", "learned", "set")
    ),
    *(("node2vec", {"view": v}) for v in ("map", "sweep", "roles", "why", "objective", "figure")),
    *(("neighbors", {"compare": v}) for v in ("models", "two", "sum")),
    *(("side_information", {"side": v}) for v in ("attention", "forms", "birth", "hide", "ges")),
    ("lsh", {"lab": "tune"}),
    *(("lsh", {"lab": "inside", "inside": v}) for v in ("item", "plane", "walk", "guess")),
    *(("lsh", {"lab": "race", "race": v}) for v in ("all", "kd", "product")),
    *(("evaluation", {"evaluation_look": v}) for v in ("all", "popularity", "targets", "pairs", "vectors")),
    *(("runs", {"runs_view": v}) for v in ("all", "two", "sweep")),
    *(
        ("deep_models", {"section": v})
        for v in ("recall", "history", "drawn", "embedding", "pretraining", "serving", "staleness")
    ),
    *(("deep_models", {"section": "recall", "recall_look": v}) for v in ("index", "cold")),
    *(("deep_models", {"section": "embedding", "embedding_look": v}) for v in ("network", "worth")),
    ("deep_models", {"section": "pretraining", "pretraining_look": "map"}),
]
# Where an experiment is an answer in words within seconds; the others train or measure for a minute each.
LONG = ("deep_models", "evaluation")
ANSWERED = [(page, view) for page, view in VIEWS if page not in LONG and view.get("lab") != "race"]
ALL = [
    *(*hostile.ITEMS, *hostile.USERS, *hostile.TITLES, *hostile.VALUES, *hostile.PLACES),
    *(*hostile.FIELDS, *hostile.OWN, hostile.FILE, hostile.DETAILS),
]
# Those whose own text is not found again inside what is right.
MARKED = [n for n in ALL if n not in plain(n)]
# Fields of messages whose text Streamlit reads as Markdown, and those that it shows as they are.
MARKDOWN = {
    "label",
    "help",
    "body",
    "title",
    "text",
    "delta",
    "caption",
    "captions",
    "content",
    "options",
    "chart_caption",
}
# Name → it inert, but with its Markdown, where that is not part of how it is written ("" where it is).
BARE = {n: "" if inert(n) in plain(n) else inert(n) for n in MARKED}
ESCAPED = [plain(n) for n in ALL if plain(n) != inert(n)]
AS_IS = {("Selectbox", "options"), ("MultiSelect", "options"), ("Slider", "options")}
PASSED_OVER = {"Code", "Html", "BidiComponent", "PlotlyChart", "ArrowData", "Navigation", "NewSession"}


def texts(message: Any, inside: str = "") -> Iterator[tuple[str, str, str]]:
    """(message type, field, text) of every text in a message."""
    kind = message.DESCRIPTOR.name
    for field, value in message.ListFields():
        repeated = value if not isinstance(value, str | bytes) and hasattr(value, "__iter__") else [value]
        for one in repeated:
            if isinstance(one, str):
                yield kind, field.name, one
            elif hasattr(one, "DESCRIPTOR") and hasattr(one, "ListFields"):
                yield from texts(one)


def faults(kind: str, field: str, text: str) -> list[str]:
    """What is wrong with a text that goes to the browser."""
    if kind in PASSED_OVER:
        return []
    if field in MARKDOWN and (kind, field) not in AS_IS:
        found = [n for n in MARKED if n in text or (BARE[n] and BARE[n] in text)]
        return [f"{kind}.{field}: {n!r} unescaped in {text[:200]!r}" for n in found]
    if (kind, field) in AS_IS:
        return [f"{kind}.{field}: escapes show in {text[:200]!r}" for escaped in ESCAPED if escaped in text]
    return []


def in_chart(text: str) -> list[str]:
    """Names that a chart would read as markup. What is a raw id, and nothing else, is not shown."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, str):
            if value.startswith("{"):  # a figure inside a component's data
                try:
                    look(json.loads(value))
                except ValueError:
                    found.extend(_markup(value))
            elif value not in ALL and not value.startswith("item:"):  # the name of a label, which moves with its item
                found.extend(_markup(value))
        elif isinstance(value, dict):
            for key, one in value.items():  # the first of a point's data is its id, which is never shown
                if key == "customdata":
                    look([row[1:] for row in one if isinstance(row, list)])
                elif key not in {"ids", "uid", "description"}:  # a description is read aloud, as text
                    look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    look(json.loads(text))
    return found


def _markup(value: str) -> list[str]:
    return [f"{n!r} in {value[:200]!r}" for n in ALL if ("<" in n or "%{" in n) and n in value]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every message of every run, also what was shown for a moment."""
    found: list[Any] = []
    real = ScriptRunContext.enqueue

    def note(self: ScriptRunContext, message: Any) -> None:
        found.append(message)
        real(self, message)

    monkeypatch.setattr(ScriptRunContext, "enqueue", note)
    return found


def opened(page: str, view: dict[str, str], *, titles: bool = True, **visit: Any) -> AppTest:
    """A page that shows the upload; ``visit``: parameters, besides those of the view."""
    upload = Upload(File(hostile.FILE, hostile.log()), File(hostile.DETAILS, hostile.details(titles=titles)))
    found = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=180)
    found.session_state["uploads"], found.session_state["data"] = {upload.key: upload}, upload.key
    for parameter, value in (view | visit).items():
        found.session_state[f"{parameter}@{upload.key}"] = value
    found.run()
    for button in [b for b in found.button if b.label.startswith("Train the models")]:
        button.click().run()  # nothing is there without them
    return found


def check(sent: list[Any]) -> None:
    wrong: list[str] = []
    for message in sent:
        for kind, field, text in texts(message):
            wrong += faults(kind, field, text)
            if (kind, field) in {("Mixed", "json"), ("BidiComponent", "json"), ("PlotlyChart", "spec")} and text:
                wrong += [f"{kind}: {fault}" for fault in in_chart(text)]
            if kind == "Html" and not message.delta.new_element.html.unsafe_allow_javascript:
                wrong += [f"Html: {n!r}" for n in ALL if "<" in n and n in text]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


@pytest.mark.parametrize(("page", "view"), VIEWS, ids=lambda v: "-".join(v.values()) if isinstance(v, dict) else v)
@pytest.mark.slow
def test_no_name_is_markdown_in_any_view(page: str, view: dict[str, str], sent: list[Any]) -> None:
    found = opened(page, view)
    assert not found.exception
    assert not [e.value for e in found.error if "could not be drawn" in e.value]
    assert found.session_state["data"] in found.session_state["_ready"]  # the upload is what is shown
    check(sent)


@pytest.mark.parametrize("network", ["YouTube DNN", "Two-tower"])
@pytest.mark.slow
def test_no_name_is_markdown_where_the_logs_own_columns_are_told(network: str, sent: list[Any]) -> None:
    where, searched = hostile.OWN
    few = {"recall_epochs": 1, "recall_dimensions": 16, "drawn_network": network}
    found = opened(
        "deep_models", {"section": "drawn", "drawn_look": "worth"}, user_latest=[where], user_searched=searched, **few
    )
    assert not found.exception
    assert not found.warning, "both are taken"
    told = next(box for box in found.multiselect if (box.key or "").startswith("drawn_told@"))
    assert told.value[:2] == [where, searched]
    next(button for button in found.button if button.label.startswith("Measure")).click().run()
    assert not found.exception
    assert found.dataframe, "what each is worth is shown"
    check(sent)


@pytest.mark.parametrize(("page", "view"), ANSWERED, ids=lambda v: "-".join(v.values()) if isinstance(v, dict) else v)
@pytest.mark.slow
def test_no_name_is_markdown_in_any_answer(page: str, view: dict[str, str], sent: list[Any]) -> None:
    """Every experiment pressed, with ids for titles."""
    found = opened(page, view, titles=False)
    for number in range(questions(found)):
        show_me(found, number)
        found.run()
        assert not found.exception
        for button in [b for b in found.button if (b.key or "").startswith("run ")]:
            button.click()
            found.run()
    check(sent)


@pytest.mark.slow
def test_no_name_note_or_tag_of_a_kept_run_is_markdown(
    sent: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECEMB_RUNS", "on")
    monkeypatch.setenv("RECEMB_RUNS_FOLDER", str(tmp_path / "runs"))
    page = opened("neighbors", {"compare": "models"})
    page.session_state["_runs of uploads"] = {page.session_state["data"]}
    page.run()
    next(button for button in page.button if button.label.startswith("Keep th")).click().run()
    store = RunStore.open(tmp_path / "runs")
    runs = store.runs()
    assert runs, "they are kept"
    for at, run in enumerate(runs):
        store.annotate(run.run_id, note=hostile.TITLES[at % len(hostile.TITLES)], tags=[hostile.VALUES[0]])
    for view in ("all", "two", "sweep"):
        found = AppTest.from_file(str(ROOT / "pages" / "runs.py"), default_timeout=180)
        for name in ("uploads", "data", "_runs of uploads"):
            found.session_state[name] = page.session_state[name]
        found.session_state[f"runs_view@{page.session_state['data']}"] = view
        found.run()
        assert not found.exception
        assert view == "sweep" or found.dataframe, "the runs are listed"
    check(sent)
