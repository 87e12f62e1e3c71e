"""The living summary: every figure against the library, on three data sets and an upload; links go where they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.uploads.uploads import File, Upload
from pages.views.summary.facts import pairs
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.deep.registry import recall_defaults
from recemb_core.embeddings import comparison_defaults, default_graph, node2vec_defaults
from recemb_core.evaluation import compare_with_control
from recemb_core.experiments.leaderboard import OPENING_SEEDS, Entry, Leaderboard, Protocol, default_query, part_cases
from recemb_core.experiments.recall_models import recall_fingerprint
from recemb_core.neighbors.lsh import LSHConfig
from recemb_core.neighbors.lsh.grid import lsh_cell
from recemb_core.scorers import PopularityConfig
from recemb_core.sequences import Sequences, split_sessions
from recemb_core.validation import UsageError
from tests.pages.conftest import ROOT, healthy, run_the_python, text

Open = Callable[..., AppTest]
METHODS = (
    "word2vec",
    "item2vec",
    "DeepWalk",
    "node2vec",
    "EGES",
    "YouTube DNN",
    "Two-tower",
    "LSH",
    "Tables weekly, network daily",
)


def cells(page: AppTest) -> dict[str, list[str]]:
    """Method → principle, strength, limit as they are written."""
    said = [m.value for m in page.markdown]
    found = {}
    for name in METHODS:
        at = next(i for i, one in enumerate(said) if one.startswith(f"**{name}**  \n"))
        said[at] = said[at].removeprefix(f"**{name}**  \n")
        found[name] = [one.removeprefix(":small[").removesuffix("]") for one in said[at : at + 3]]
        assert found[name][1].startswith("**Strength.** ")
        assert found[name][2].startswith("**Limit.** ")
    return found


def sequences_of(name: str) -> Sequences:
    found = load_dataset(name).sequences
    assert found is not None
    return split_sessions(found, gap_minutes=60) if found.ordered else found


def bundled_board(name: str) -> Leaderboard:
    """The rows that come with the app, by the library alone."""
    sequences = sequences_of(name)
    data, train = load_dataset(name), part_cases(sequences, Protocol()).train
    graph = data.graph if data.graph is not None else default_graph(sequences)
    configs: dict[str, Any] = comparison_defaults(sequences, graph, data.side_info)
    entries = [Entry(name=n, config=c, query=default_query(c, train)) for n, c in configs.items()]
    networks = {n: c for n, c in recall_defaults().items() if n in ("YouTube DNN", "Two-tower")}
    entries += [Entry(name=n, config=c) for n, c in networks.items()]
    entries.append(Entry(name="Popularity", config=PopularityConfig()))
    source = recall_fingerprint(sequences)
    runs = []
    for entry in entries:
        for seed in OPENING_SEEDS if entry.seeded else OPENING_SEEDS[:1]:
            run = precomputed.load_run(source, Protocol(), entry, "validation", seed)
            assert run is not None, f"{entry.name}: run python data/build_precomputed.py missing"
            runs.append((entry, replace(run, name=entry.name)))
    return Leaderboard.of(runs)


def written(value: float, form: str = ".3f") -> str:
    shown = f"{value:+{form}}"
    return (shown if re.search("[1-9]", shown) else shown[1:]).replace("-", "−")


@pytest.mark.parametrize("name", ["planted_shop", "complete_journey"])
@pytest.mark.slow
def test_every_figure_is_that_of_the_library(name: str, open_page: Open) -> None:
    page = healthy(open_page("summary", data=name))
    told, board, sequences = cells(page), bundled_board(name), sequences_of(name)
    for method, place, other in (
        ("word2vec", 1, "Popularity"),
        ("item2vec", 1, "word2vec"),
        ("DeepWalk", 2, "item2vec"),
        ("node2vec", 2, "DeepWalk"),
        ("EGES", 1, "DeepWalk"),
        ("EGES", 2, "GES"),
        ("YouTube DNN", 1, "item2vec"),
        ("Two-tower", 2, "YouTube DNN"),
    ):
        by_user = [board.rows[one].users("hr", 10).mean() for one in (method, other)]
        assert f"{written(by_user[0] - by_user[1])} against {other} (" in told[method][place]
        said = re.search(r"against .*?: \*\*(.*?)\*\*", told[method][place])
        assert said is not None
        assert said[1] in ("more, beyond noise", "less, beyond noise", "not told apart")
        if said[1] != "not told apart":
            assert (by_user[0] > by_user[1]) == said[1].startswith("more")
    for method in ("word2vec", "item2vec", "YouTube DNN"):
        assert f"HR@10 **{board.rows[method].users('hr', 10).mean():.3f}**" in told[method][1]
    # Pairs, counted one by one.
    window = comparison_defaults(sequences, None)["word2vec"].window
    every = sum(m * (m - 1) // 2 for m in sequences.lengths.tolist())
    far = sum(1 for m in sequences.lengths.tolist() for a in range(m) for b in range(a + window + 1, m))
    assert f"**{far / every:.0%}** stand more than its {window} steps" in told["word2vec"][2]
    assert ("whose order means nothing" in told["word2vec"][2]) != sequences.ordered
    many = round(0.01 * len(sequences))
    sets = [m * (m - 1) // 2 for m in sorted(len(set(line.tolist())) for line in sequences)]
    assert f"**{sum(sets[-many:]) / sum(sets):.0%}** are in the largest {many:,} of" in told["item2vec"][2]
    # node2vec's leanings, over seeds.
    graph = load_dataset(name).graph or default_graph(sequences)
    start = node2vec_defaults(len(graph))
    near, low = (precomputed.load_scores(graph, replace(start, q=q)) for q in (20.0, 0.05))
    assert near is not None
    assert low is not None
    for label in near:
        beyond = compare_with_control({label: near[label]}, low[label]).beyond(label)
        line = next(part for part in told["node2vec"][1].split(";") if f"score by {label} " in part)
        assert ("beyond noise" in line) == beyond
        if beyond:
            assert ("**rises**" in line) == (np.mean(near[label]) > np.mean(low[label]))
    assert not any("Not measured yet" in cell for row in told.values() for cell in row)
    assert "18 of 18 figures are measured" in text(page)


def test_buckets_are_those_of_the_index(open_page: Open) -> None:
    told = cells(healthy(open_page("summary", data="planted_shop")))["LSH"]
    sequences = sequences_of("planted_shop")
    config = comparison_defaults(sequences, None)["item2vec"]
    vectors = precomputed.load_vectors(sequences, config)
    assert vectors is not None
    cell = lsh_cell(vectors.vectors, np.arange(len(vectors)), 10, LSHConfig(tables=24, functions=10))
    assert f"looks at **{cell.cost:.1%}** of the items" in told[1]
    assert f"misses **{1 - cell.recall:.1%}**" in told[2]


def test_a_graph_alone_says_what_it_lacks(open_page: Open) -> None:
    page = healthy(open_page("summary", data="les_miserables"))
    told = cells(page)
    assert "no log to measure it on" in told["word2vec"][1]
    assert "no side information" in told["EGES"][1]
    assert "From q = 0.05 to q = 20" in told["node2vec"][1]
    assert "looks at **" in told["LSH"][1]
    assert "graph without a log" in text(page)


def clicks(days: int = 0, users: int = 40, kinds: bool = False) -> str:
    """A log of twelve items; ``days`` between a user's two halves."""
    lines = ["user,item,time" + ",kind" * kinds]
    draw = np.random.default_rng(0)
    for user in range(users):
        for number, item in enumerate(draw.permutation(12)[:8]):
            at = 1_600_000_000 + user * 10_000 + number * 60 + (number > 3) * days * 86_400
            lines.append(f"u{user},item {item},{at}" + f",k{item % 3}" * kinds)
    return "\n".join(lines)


def uploaded(log: str) -> AppTest:
    upload = Upload(File("clicks.csv", log.encode()), None)
    page = AppTest.from_file(str(ROOT / "pages" / "summary.py"), default_timeout=400)
    page.session_state["uploads"], page.session_state["data"] = {upload.key: upload}, upload.key
    return page


def measures(page: AppTest) -> dict[str, Any]:
    """Row, or "models" for all → its button."""
    found = {button.key.removeprefix("run ").partition("@")[0]: button for button in page.button if button.key}
    return {name.removeprefix("summary "): button for name, button in found.items() if "Measure" in button.label}


@pytest.mark.slow
def test_an_upload_says_what_is_not_measured_yet() -> None:
    page = uploaded(clicks())
    told = cells(healthy(page.run()))
    assert "Not measured yet on this data" in told["word2vec"][1]
    window = 5
    every, far = 8 * 7 // 2, sum(1 for a in range(8) for b in range(a + window + 1, 8))
    assert f"**{far / every:.0%}** stand more than its {window} steps apart" in told["word2vec"][2]
    assert "no side information" in told["EGES"][1]
    assert "this data has none" in told["Two-tower"][1]
    assert "12 items are too few to search" in told["LSH"][1]
    assert "week" in told["Tables weekly, network daily"][1]
    assert "No method is measured on this data yet" in text(page)
    buttons = measures(page)
    assert "all that is missing" in buttons["models"].label
    assert {"word2vec", "item2vec", "DeepWalk", "node2vec", "YouTube DNN"} <= set(buttons)
    assert not {"LSH", "Tables weekly, network daily"} & set(buttons)
    # One row alone: its own rows and those that it is held against, and no other.
    buttons["word2vec"].click()
    told = cells(healthy(page.run()))
    assert re.search(r"HR@10 \*\*\d\.\d{3}\*\* \(.* against Popularity", told["word2vec"][1])
    assert "Not measured yet on this data" in told["YouTube DNN"][1]
    assert "word2vec" not in measures(page)


@pytest.mark.slow
def test_every_row_of_an_upload_is_measured_on_request() -> None:
    page = uploaded(clicks(days=70, kinds=True).replace("item ", "thing "))
    cells(healthy(page.run()))
    measures(page)["models"].click()
    told = cells(healthy(page.run()))
    for method, (_, *both) in told.items():
        for cell in both:
            assert "Not measured yet" not in cell, (method, cell)
    assert "From q = 0.05 to q = 20" in told["node2vec"][1]
    assert "against DeepWalk" in told["EGES"][1]
    assert measures(page) == {}


@pytest.mark.slow
def test_what_a_training_says_of_the_data_stands_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not "Not measured yet" for ever, and no button that would fail again."""

    def cannot(*args: Any, **named: Any) -> None:
        raise UsageError("nobody took a cold item")

    monkeypatch.setattr("pages.kit.cold_items.cold_item_report", cannot)
    monkeypatch.setattr("pages.views.summary.missing.LIVE_SECONDS", 1e9)  # all of them without asking
    monkeypatch.setattr("pages.views.summary.missing.aging_job", lambda ground: None)
    page = uploaded(clicks(kinds=True, users=30))
    told = cells(healthy(page.run()))
    assert "Nobody took a cold item." in told["Two-tower"][1]
    assert "against YouTube DNN" in told["Two-tower"][2]
    assert measures(page) == {}


@pytest.mark.parametrize(
    ("method", "question", "set_there"),
    [
        ("word2vec", "How does training", {"look": "window"}),
        ("Two-tower", "What do embeddings do", {"section": "recall", "recall_look": "cold"}),
        ("Tables weekly, network daily", "What do embeddings do", {"section": "staleness"}),
        ("LSH", "How little can I scan", {"lab": "tune"}),
    ],
)
def test_a_row_leads_to_the_view_that_shows_it(
    method: str, question: str, set_there: dict[str, str], app: AppTest
) -> None:
    app.query_params["data"] = "planted_shop"
    healthy(app.run())
    healthy(app.switch_page("pages/summary.py").run())
    app.button(key=f"see {method}").click()
    healthy(app.run())
    assert app.title[0].value.startswith(question)
    for name, value in set_there.items():
        assert app.session_state[f"{name}@planted_shop"] == value


@pytest.mark.slow
def test_the_python_runs(open_page: Open) -> None:
    for name in ("planted_shop", "les_miserables"):
        assert run_the_python(healthy(open_page("summary", data=name)))


def test_pairs_of_places() -> None:
    for m in range(-3, 9):
        assert pairs(np.array([m]))[0] == sum(1 for a in range(max(m, 0)) for b in range(a + 1, max(m, 0)))
