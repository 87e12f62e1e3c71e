"""The LSH page: figures that agree with the library, controls that do what they say, data of every size."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import background, model_results, stage
from pages.kit.text import plain
from pages.views.lsh import measures
from pages.views.lsh.answers import crossing, lsh_against_scan, product_verdict, race_verdict, tree_against_scan
from pages.views.lsh.board import DRAWS, PATTERNS, POINTS, meets
from pages.views.lsh.hash_board import Board
from pages.views.lsh.times import LabTimes
from pages.views.lsh.words import verdict
from recemb_core import timing as quiet_timing
from recemb_core.datasets.point_clouds import plane_points
from recemb_core.experiments.index_race import IndexReport
from recemb_core.experiments.kd_tree_decay import KDTreeDecay
from recemb_core.figures.lsh_tradeoff import Cells, share_text
from recemb_core.neighbors import LSHCell, LSHConfig, LSHIndex
from recemb_core.neighbors.lsh.hashing import draw_functions
from recemb_core.timing import Timing
from tests.pages.conftest import healthy, numbers, questions, run_the_python, show_me, text
from tests.pages.test_upload import upload
from tests.pages.verdicts import apart

Open = Callable[..., AppTest]
SHOP = {"data": "planted_shop"}


REAL_LAP, ONE_DRAW = quiet_timing.lap, measures.grid_so_far


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No browser asks for the further draws here, so they come at once; and a busy machine is no failure."""
    monkeypatch.setattr(measures, "grid_so_far", measures.grid_over_draws)
    undisturbed = lambda work, threads=1: (REAL_LAP(work, threads)[0], False)  # noqa: E731
    for where in ("recemb_core.timing.lap", "pages.views.lsh.times.lap"):
        monkeypatch.setattr(where, undisturbed)
    # A slow machine would ask before it trains.
    monkeypatch.setattr(model_results, "model_seconds", lambda *_: 0.0)


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """The page shows theory's figures until the code that measures is there; a busy machine takes its time."""
    measures.prepare_kernels()


def recall(page: AppTest) -> float:
    return next(float(value) for label, value in numbers(page).items() if label.startswith("Recall@"))


def scanned(page: AppTest) -> float:
    return float(numbers(page)["Scanned"].rstrip("%"))


# --- Tune ---


@pytest.mark.slow
def test_it_opens_on_the_groceries_with_five_figures(open_page: Open) -> None:
    page = healthy(open_page("lsh"))
    assert page.query_params["data"] == "complete_journey"
    shown = numbers(page)
    assert list(shown) == ["Recall@10", "Precision", "Scanned", "Time a query", "Exact scan"]
    assert 0.5 < recall(page) <= 1
    assert 0 < scanned(page) < 100
    assert shown["Time a query"].endswith("µs")
    assert shown["Exact scan"].endswith("µs")
    assert "Verdict: this setting is" in text(page)


@pytest.mark.slow
def test_the_figures_are_those_of_an_index(open_page: Open) -> None:
    for more in ({}, {"hashing": "hyperplane"}, {"mode": "or_and"}):
        page = healthy(open_page("lsh", **SHOP, functions="6", tables="9", **more))
        said = run_the_python(page).splitlines()[0]
        assert "functions=6, tables=9" in said
        assert_cards_are(page, said)


@pytest.mark.slow
def test_further_buckets_are_measured_over_draws_too(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, functions="12", tables="4", probes="8"))
    assert_cards_are(page, run_the_python(page).splitlines()[2])


def assert_cards_are(page: AppTest, cell: str) -> None:
    """The three cards and their intervals are those of the printed cell."""
    printed = {name: float(value) for name, value in re.findall(r"(\w+)=([0-9.e-]+)[,)]", cell)}
    for at, name in enumerate(("recall", "precision", "cost")):
        text_of = share_text if name == "cost" else "{:.3f}".format
        assert page.metric[at].value == text_of(printed[name])
        assert page.metric[at].delta == f"{text_of(printed[f'{name}_low'])} to {text_of(printed[f'{name}_high'])}"
    assert printed["draws"] == measures.DRAWS


@pytest.mark.slow
def test_one_draw_has_no_interval_and_says_so(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {**SHOP, "functions": "7", "tables": "6", "seed": "11"}
    monkeypatch.setattr(measures, "grid_so_far", ONE_DRAW)
    page = healthy(open_page("lsh", **query))
    assert [m.delta for m in page.metric[:3]] == ["95% interval follows"] * 3
    assert "One draw of functions so far" in text(page)
    assert "draws=1" in next(c.value for c in page.code if "import" in c.value)
    alone = recall(page)
    monkeypatch.setattr(measures, "grid_so_far", measures.grid_over_draws)
    page = healthy(open_page("lsh", **query))
    assert re.fullmatch(r"0\.\d{3} to [01]\.\d{3}", page.metric[0].delta)
    assert f"The index with seed 11 alone: recall {alone:.3f}" in text(page)
    monkeypatch.setattr(measures, "grid_so_far", ONE_DRAW)
    assert recall(healthy(open_page("lsh", **query))) == recall(page), "what has been measured is shown"


def test_the_grid_and_an_index_of_the_same_setting_agree() -> None:
    rows = np.random.default_rng(0).normal(size=(150, 6)).astype(np.float32)
    settings = lsh_settings(mode="or_and", functions=3, tables=4, width=1.5)
    points = lab_points(rows)
    grid = measures.lsh_grid(rows, points.queries, 5, width=1.5, tables=4, functions=3, seed=0)
    index = LSHIndex(settings.config).build(rows)
    indptr, _ = index.candidates(rows)
    assert grid.cell("or_and", 3, 4).candidates == pytest.approx((np.diff(indptr) - 1).mean())


def lsh_settings(**change: Any) -> measures.LabSettings:
    base: dict[str, Any] = {
        "family": "euclidean", "mode": "and_or", "functions": 4, "tables": 8, "ratio": 4.0, "width": 2.0,
        "default_width": 2.0, "k": 5, "probes": 0, "target": 0.9, "seed": 0,
    }  # fmt: skip
    return measures.LabSettings(**base | change)


def lab_points(rows: np.ndarray) -> measures.LabPoints:
    n = len(rows)
    return measures.LabPoints(
        vectors=rows, raw=rows, queries=np.arange(n), ids=tuple(map(str, range(n))), names=tuple(map(str, range(n))),
        chosen=0, key="test", what="rows", imports=(), lines=(),
    )  # fmt: skip


@pytest.mark.slow
def test_more_tables_find_more_and_more_functions_less(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP))
    middle = recall(page), scanned(page)
    page.slider(key="tables@planted_shop").set_value(4)
    healthy(page.run())
    assert recall(page) < middle[0]
    assert scanned(page) < middle[1]
    page.slider(key="functions@planted_shop").set_value(3)
    healthy(page.run())
    assert recall(page) > middle[0]
    assert page.query_params["functions"] == "3"


CELL = re.compile(
    r"recall ([0-9.]+) \(([0-9.]+) to ([0-9.]+)\), precision (?:([0-9.]+) \(([0-9.]+) to ([0-9.]+)\)|undefined, no "
    r"candidates), scans ([0-9.]+)% \(([0-9.]+)% to ([0-9.]+)%\)"
)


def uploaded(app: AppTest) -> AppTest:
    """A log of 60 items in baskets at random."""
    rng = np.random.default_rng(5)
    rows = ["user,basket,item"]
    for basket in range(300):
        rows += [f"u{basket},b{basket},i{item}" for item in rng.choice(60, 5, replace=False).tolist()]
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "random.csv", "\n".join(rows).encode()))
    return healthy(app.switch_page("pages/lsh.py").run())


def of_verdict(page: AppTest) -> tuple[tuple[str, ...], str, str]:
    """(choices that the verdict names, what it says, its further figures) of the question that was pressed."""
    said = page.success[0].value
    pressed = page.session_state["_experiment"]
    (asked,) = [one for one in offered[-1] if one.question == pressed.question]
    named = re.match(r"\*\*(.+?)\.\*\* ", said)
    choices = apart(named.group(1)) if named else ()
    assert all(choice in asked.choices for choice in choices), choices
    more = [m.value for e in page.expander if e.label == "The figures" for m in e.markdown]
    return choices, said[named.end() :] if named else said, more[0] if more else ""


offered: list[list[Any]] = []


@pytest.fixture(autouse=True)
def what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The questions that the page offers, run by run."""
    real = stage.try_this

    def note(data: Any, experiments: Any, **options: Any) -> None:
        offered.append(list(experiments))
        real(data, experiments, **options)

    offered.clear()
    monkeypatch.setattr(stage, "try_this", note)


def within(low: float, high: float) -> set[str]:
    """The parts that a share with this interval can lie in."""
    parts = (("Fewer than a tenth", 0, 0.1), ("Between a tenth and a half", 0.1, 0.5), ("More than half", 0.5, 1.01))
    return {name for name, least, most in parts if low < most and high >= least}


@pytest.mark.parametrize("where", ["complete_journey", "planted_shop", "random"])
@pytest.mark.slow
def test_every_answer_is_what_is_measured_here(where: str, open_page: Open, app: AppTest) -> None:
    page = uploaded(app) if where == "random" else healthy(open_page("lsh", data=where))
    assert questions(page) == 4
    found: list[tuple[tuple[str, ...], str, str]] = []
    recalls: list[float] = []
    for number in range(4):
        show_me(page, number)
        healthy(page.run())
        choices, said, more = of_verdict(page)
        recalls.append(recall(page))
        found.append((choices, said, more))
        if number == 3:
            continue
        figures = CELL.search(said)  # those of the cards
        assert figures, said
        assert figures.group(1) == f"{recall(page):.3f}"
        assert (figures.group(4) or "no candidates") == numbers(page)["Precision"]
        assert f"{figures.group(7)}%" == numbers(page)["Scanned"]
        assert page.metric[0].delta == f"{figures.group(2)} to {figures.group(3)}"
        low, high = float(figures.group(2)), float(figures.group(3))
        few, many = float(figures.group(8)) / 100, float(figures.group(9)) / 100
        near = 0.006  # figures are rounded on the page
        if number == 0:
            assert within(low + 0.001, high - 0.001) <= set(choices) <= within(low - 0.001, high + 0.001)
        elif number == 1:
            assert within(1 - many + near, 1 - few - near) <= set(choices) <= within(1 - many - near, 1 - few + near)
        else:
            assert ("It misses more than a tenth" in choices) == (low < 0.9) or abs(low - 0.9) < 0.001
            assert ("It finds 90% and scans less than half" in choices) == (high >= 0.9 and few < 0.5)
            assert len(re.findall(r"with ([0-9.]+)[,:]", more)) == 2
    alone, any_of, _, narrow = found
    one, many_tables = CELL.search(alone[1]), CELL.search(alone[2])
    assert one
    assert many_tables
    assert many_tables.group(1) == f"{recalls[2]:.3f}"
    if one.group(4) and many_tables.group(4):
        ends = [float(match.group(group)) for match in (one, many_tables) for group in (5, 6)]
        word = "higher" if ends[0] > ends[3] else "lower" if ends[1] < ends[2] else "noise"
        assert word in alone[2].rsplit("The precision", 1)[1]
    left_out = float(re.search(r"leaves out ([0-9.]+)%", any_of[1]).group(1))  # type: ignore[union-attr]
    assert left_out == pytest.approx(100 - float(CELL.search(any_of[1]).group(7)), abs=0.6)  # type: ignore[union-attr]
    before, after = re.search(r"\(([0-9.]+) → ([0-9.]+)\)", narrow[1]).groups()  # type: ignore[union-attr]
    assert (float(before), float(after)) == (recalls[2], recalls[3])
    scans = re.search(r"\(([0-9.]+)% → ([0-9.]+)%\)", narrow[1])
    assert scans
    assert float(scans.group(2)) == scanned(page)
    keeps = {
        "What it finds": float(after) / float(before),
        "What it scans": float(scans.group(2)) / float(scans.group(1)),
    }
    (choice,) = narrow[0]
    if choice in keeps:
        assert keeps[choice] == min(keeps.values())


@pytest.mark.slow
def test_an_answer_stays_with_its_own_setting_and_follows_the_rest(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP))
    show_me(page, 0)
    first = healthy(page.run()).success[0].value
    page.select_slider(key="nearest@planted_shop").set_value(1)
    assert healthy(page.run()).success[0].value != first
    page.slider(key="functions@planted_shop").set_value(2)
    assert not healthy(page.run()).success, "its setting is no longer in force"


@pytest.mark.slow
def test_the_button_takes_the_cheapest_setting_that_reaches_the_target(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, target="0.8"))
    next(b for b in page.button if b.label == "Least cost at this recall").click()
    healthy(page.run())
    assert recall(page) >= 0.8
    cheapest = scanned(page)
    shown = page.slider(key="functions@planted_shop").value, page.slider(key="tables@planted_shop").value
    assert f"K = {shown[0]}, L = {shown[1]}: scans" in text(page)
    page.select_slider(key="target@planted_shop").set_value(0.95)
    healthy(page.run())
    next(b for b in page.button if b.label == "Least cost at this recall").click()
    healthy(page.run())
    assert recall(page) >= 0.95
    assert scanned(page) > cheapest


def test_least_cost_stays_inside_the_mode() -> None:
    grid = measures.lsh_grid(
        np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32), np.arange(50), 5, width=4.0
    )
    for mode, allowed in (("and", lambda k, t: t == 1), ("or", lambda k, t: k == 1)):
        found = measures.least_cost(grid, lsh_settings(mode=mode, target=0.5))
        assert found is not None
        assert allowed(*found)
        assert grid.cell("and_or", *found).recall >= 0.5
    best = grid.best_cell(0.9, "and_or")
    assert best is not None
    assert measures.least_cost(grid, lsh_settings()) == (best.functions, best.tables)
    assert measures.least_cost(grid, lsh_settings(mode="and", target=1.1)) is None


def test_nothing_on_the_frontier_is_beaten() -> None:
    rng = np.random.default_rng(2)
    recall_, cost = rng.random((2, 4, 5)).round(1)
    cells = Cells(
        functions=[1, 2, 3, 4], tables=[1, 2, 3, 4, 5], recall=recall_, precision=recall_, cost=cost, counts=cost
    )
    found = [(cost[k - 1, t - 1], recall_[k - 1, t - 1]) for k, t in measures.frontier(cells)]
    assert found == sorted(found)
    for c, r in found:
        assert not ((cost <= c) & (recall_ > r) & (cost > 0)).any()


def test_a_click_on_a_cell_takes_its_mode_along(open_page: Open) -> None:
    from pages.views.lsh.controls import take_cell

    changed: dict[str, Any] = {}
    data: Any = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pages.kit.parameters.set_parameters", lambda _, **values: changed.update(values))
        take_cell(data, lsh_settings(mode="and"), 5, 1)
        assert changed == {"functions": 5, "tables": 1, "mode": "and"}
        take_cell(data, lsh_settings(mode="and"), 5, 7)
        assert changed["mode"] == "and_or"
        take_cell(data, lsh_settings(mode="or"), 2, 7)
        assert changed["mode"] == "and_or"
        take_cell(data, lsh_settings(mode="or_and"), 2, 7)
        assert changed["mode"] == "or_and"


@pytest.mark.slow
def test_further_buckets_find_more_without_more_tables(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, functions="12", tables="4"))
    without = recall(page)
    page.select_slider(key="probes@planted_shop").set_value(16)
    healthy(page.run())
    assert recall(page) > without
    page.selectbox(key="mode@planted_shop").set_value("or_and")
    healthy(page.run())  # which has no further buckets


@pytest.mark.parametrize("mode", ["and", "or", "and_or", "or_and"])
@pytest.mark.slow
def test_every_mode_with_hyperplanes(mode: str, open_page: Open) -> None:
    """The modes of the Euclidean family are what the experiments and the figures above set."""
    assert 0 <= recall(healthy(open_page("lsh", **SHOP, mode=mode, hashing="hyperplane"))) <= 1


@pytest.mark.parametrize("at", range(8))
@pytest.mark.slow
def test_every_mode_and_family_inside(at: int, open_page: Open) -> None:
    """Each mode with each family, the three parts in turn: both families and at least two modes meet every part."""
    mode, family = ("and", "or", "and_or", "or_and")[at % 4], ("euclidean", "hyperplane")[at // 4]
    part = ("item", "plane", "guess")[at % 3]
    healthy(open_page("lsh", **SHOP, mode=mode, hashing=family, lab="inside", inside=part))


@pytest.mark.slow
def test_empty_buckets_are_said_and_not_called_zero(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, mode="and", functions="16", ratio="0.25"))
    assert numbers(page)["Precision"] == "no candidates"
    assert "no query has a single candidate" in text(page)


@pytest.mark.slow
def test_theory_stands_in_while_the_code_is_compiled(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = healthy(open_page("lsh", **SHOP))
    monkeypatch.setattr("pages.views.lsh.measures.kernels_ready", lambda seconds: False)
    page = healthy(open_page("lsh", **SHOP))
    assert "theory's figures" in text(page)
    assert numbers(page)["Time a query"] == "…"
    assert recall(page) == pytest.approx(recall(measured), abs=0.1)


# --- points of every kind ---


@pytest.mark.parametrize("cloud", ["gaussian", "clustered"])
@pytest.mark.slow
def test_a_cloud_is_searched_and_its_python_runs(cloud: str, open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, points=cloud, size="1000", wide="16"))
    assert "1,000 × 16" in text(page)
    assert f"{cloud}_points(1_000, 16, seed=0)" in next(c.value for c in page.code if "import" in c.value)
    assert "LSHCell" in run_the_python(page)


@pytest.mark.slow
def test_vectors_as_trained(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, unit="False"))
    assert "normalized" not in "".join(c.value for c in page.caption)
    assert "unit_rows" not in next(c.value for c in page.code if "import" in c.value)


@pytest.mark.slow
def test_two_searches_hash_alike_whatever_the_page_asks(open_page: Open) -> None:
    one, other, again = (healthy(open_page("lsh", **SHOP, seed=seed)) for seed in ("0", "1", "0"))
    assert numbers(one)["Recall@10"] == numbers(again)["Recall@10"]
    assert numbers(one) != numbers(other)


@pytest.mark.parametrize(("items", "works"), [("abc", False), ("abcd", True)], ids=["3", "4"])
@pytest.mark.slow
def test_tiny_logs(items: str, works: bool, app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    baskets = [f"u{i},b{i},{item}" for i in range(6) for item in items]
    healthy(upload(app, "tiny.csv", "\n".join(["user,basket,item", *baskets]).encode()))
    app.switch_page("pages/lsh.py").run()
    healthy(app)
    if works:
        assert any(label.startswith("Recall@") for label in numbers(app))
    else:
        assert f"only {len(items)} points to search" in text(app)


@pytest.mark.slow
def test_no_time_is_measured_while_another_run_has_the_cores(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(background, "busy", lambda: True)
        page = healthy(open_page("lsh", **SHOP, functions="7", tables="5"))
    assert "Times are measured as soon as" in text(page)
    assert numbers(page)["Time a query"] == numbers(page)["Exact scan"] == "…"
    assert recall(page) > 0, "all that is no time is there"
    page = healthy(page.run())
    assert "Times are measured as soon as" not in text(page)
    assert numbers(page)["Time a query"].endswith("µs")
    assert numbers(page)["Exact scan"].endswith("µs")


@pytest.mark.slow
def test_times_give_way_to_other_people(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {**SHOP, "functions": "6", "tables": "4"}
    monkeypatch.setattr(background, "PAUSE", 0.0)
    with background.drawing().page("somebody else"):
        page = healthy(open_page("lsh", **query))
    assert "Other people use this server" in text(page)
    assert numbers(page)["Time a query"] == numbers(page)["Exact scan"] == "…"
    assert recall(page) > 0, "all that is no time is there"

    asked: list[int] = []  # somebody comes while it is measured

    def others() -> bool:
        asked.append(1)
        return len(asked) > 3

    with monkeypatch.context() as patch:
        patch.setattr(background, "others_at_work", others)
        page = healthy(page.run())
    assert len(asked) <= 5, "the try ends at once"
    assert numbers(page)["Time a query"] == "…"
    monkeypatch.setattr(background, "others_at_work", lambda: False)
    page = healthy(page.run())
    assert numbers(page)["Time a query"].endswith("µs")


def test_whose_pages_are_drawn() -> None:
    drawing = background.Drawing()
    assert not drawing.others("me", pause=60)
    with drawing.page("me"), drawing.page("me"):
        assert not drawing.others("me", pause=60)
        assert drawing.others("you", pause=0)
    assert drawing.others("you", pause=60), "a moment ago"
    assert not drawing.others("you", pause=0)
    with pytest.raises(ZeroDivisionError), drawing.page("you"):
        raise ZeroDivisionError
    assert not drawing.others("me", pause=0), "a page that failed is not drawn any more"


# --- Look inside ---


@pytest.mark.slow
def test_tables_and_true_neighbors_of_the_chosen_item(open_page: Open) -> None:
    cloud = {"points": "clustered", "size": "1000", "wide": "16"}
    page = healthy(open_page("lsh", **SHOP, **cloud, lab="inside", tables="6", functions="9"))
    page.selectbox(key="whose@planted_shop").set_value("chosen")
    healthy(page.run())
    assert page.number_input(key="point@planted_shop").value >= 0
    assert numbers(page)["Found"].endswith(" of 10")
    assert "functions agree, and all of them have to" in text(page)
    page = healthy(open_page("lsh", **SHOP, lab="inside", mode="or_and", tables="6", functions="9"))
    assert "one of them has to" in text(page)


@pytest.mark.parametrize("where", ["complete_journey", "planted_shop"])
@pytest.mark.slow
def test_it_opens_on_an_item_about_half_of_whose_nearest_are_found(where: str, open_page: Open) -> None:
    page = healthy(open_page("lsh", data=where, lab="inside"))
    found, k = map(int, numbers(page)["Found"].split(" of "))
    assert 0.3 <= found / k <= 0.7
    named = re.search(r"nearest to \*\*(.+?)\*\*", text(page))
    assert named
    page.slider(key=f"tables@{where}").set_value(2)
    healthy(page.run())
    assert f"nearest to **{named.group(1)}**" in text(page), "another setting shows the same item"
    page.sidebar.selectbox[1].set_value(page.sidebar.selectbox[1].options[3])
    page = healthy(page.run())
    assert page.selectbox(key=f"whose@{where}").value == "chosen"
    assert f"nearest to **{plain(page.sidebar.selectbox[1].options[3])}**" in text(page)


@pytest.mark.parametrize("where", ["complete_journey", "planted_shop"])
@pytest.mark.slow
def test_the_answers_of_one_item_are_what_is_measured(where: str, open_page: Open) -> None:
    page = healthy(open_page("lsh", data=where, lab="inside"))
    assert questions(page) == 3
    show_me(page, 0)
    choices, said, _ = of_verdict(healthy(page.run()))
    found, k = map(int, numbers(page)["Found"].split(" of "))
    assert f"all together **{found}**" in said
    share = float(re.search(r"catches ([0-9.]+)%", said).group(1)) / 100  # type: ignore[union-attr]
    assert float(numbers(page)["By one table"]) == pytest.approx(share * k, abs=0.06)
    assert set(choices) == within(share, share)
    show_me(page, 1)
    choices, said, more = of_verdict(healthy(page.run()))
    near, far = (float(one) for one in re.findall(r"([0-9.]+)%", said))
    low, high = (float(end.replace("−", "-")) for end in re.findall(r"95%: (\S+) to (\S+)\)", more)[0])
    assert choices == (
        ("The farther ones",) if high < 0 else ("The nearer ones",) if low > 0 else ("No difference beyond noise",)
    )
    assert (far < near) == (high + low < 0) or abs(far - near) <= 1
    show_me(page, 2)
    choices, said, _ = of_verdict(healthy(page.run()))
    before, now = (
        int(one.replace(",", "")) for one in re.search(r"([\d,]+) candidates become ([\d,]+)", said).groups()
    )  # type: ignore[union-attr]
    times = now / before
    assert choices == (
        ("Hardly more", "About twice as many", "Over three times as many")[(times >= 1.5) + (times > 3)],
    )
    assert f"now {found_now(page)}" in said


def found_now(page: AppTest) -> int:
    return int(numbers(page)["Found"].split(" of ")[0])


@pytest.mark.slow
def test_the_answers_of_the_plane_are_what_is_measured(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, lab="inside", inside="plane"))
    for number in range(questions(page)):
        show_me(page, number)
        choices, said, more = of_verdict(healthy(page.run()))
        before, now = (float(one) for one in re.search(r"Recall ([0-9.]+) → ([0-9.]+)", said).groups())  # type: ignore[union-attr]
        assert f"{now:.2f}" == numbers(page)[f"Recall, {DRAWS} draws"]
        ends = [float(end) for pair in re.findall(r"([0-9.]+) to ([0-9.]+)", more) for end in pair]
        expected = "It rises" if ends[2] > ends[1] else "It falls" if ends[3] < ends[0] else "No change beyond noise"
        assert choices == (expected,) or abs(ends[2] - ends[1]) < 0.011 or abs(ends[3] - ends[0]) < 0.011
        assert (now > before) == (expected == "It rises")


@pytest.mark.slow
def test_a_guess_hides_the_answer_until_it_is_revealed(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, lab="inside", inside="guess"))
    assert numbers(page)["Measured"] == numbers(page)["Theory"] == "?"
    assert "Your guess is off" not in text(page)
    page.slider(key="guess@planted_shop").set_value(0.25)
    healthy(page.run())
    next(b for b in page.button if b.label == "Reveal").click()
    assert "Your guess is off by" in text(healthy(page.run()))
    assert numbers(page)["Measured"] != "?"
    page.slider(key="tables@planted_shop").set_value(3)
    assert "Your guess is off" not in text(healthy(page.run())), "another setting is another question"
    next(b for b in page.button if b.label == "Another setting").click()
    healthy(page.run())
    assert page.slider(key="guess@planted_shop").value == 0.5
    assert numbers(page)["Measured"] == "?"


@pytest.mark.slow
def test_the_answers_of_the_guess_are_what_is_measured(open_page: Open) -> None:
    page = healthy(
        open_page("lsh", **SHOP, lab="inside", inside="guess", seed="3", functions="2", hashing="hyperplane")
    )
    for number in range(questions(page)):
        show_me(page, number)
        choices, said, _ = of_verdict(healthy(page.run()))
        low, high = (float(end) for end in re.search(r"\(([0-9.]+) to ([0-9.]+)\)", said).groups())  # type: ignore[union-attr]
        assert numbers(page)["95% interval"] == f"{low:.2f}–{high:.2f}"
        assert within(low + 0.006, high - 0.006) <= set(choices) <= within(low - 0.006, high + 0.006)
        assert page.slider(key="functions@planted_shop").value == 10, "its complete state"
        assert page.session_state["hashing@planted_shop"] == "euclidean"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_plane_holds_forty_points_and_a_central_query(pattern: str) -> None:
    points = plane_points(pattern, 3)
    assert points.shape == (POINTS, 2)
    assert (np.abs(points) <= [3.8, 2.8]).all()
    assert (plane_points(pattern, 3) == points).all()
    assert (plane_points(pattern, 4) != points).any()


@pytest.mark.parametrize("mode", ["and", "or", "and_or", "or_and"])
@pytest.mark.parametrize("family", ["euclidean", "hyperplane"])
def test_the_plane_finds_what_an_index_finds(mode: str, family: str) -> None:
    points = plane_points("cloud", 1)
    width = 1.5 if family == "euclidean" else None
    config = LSHConfig(family=family, mode=mode, tables=3, functions=2, width=width, seed=11)  # type: ignore[arg-type]
    tables, functions = config.shape
    hashing = draw_functions(2, family=family, tables=tables, functions=functions, width=width, seed=11)  # type: ignore[arg-type]
    caught = meets(hashing, points.astype(np.float32), mode)
    found = caught.all(axis=1) if mode == "or_and" else caught.any(axis=1)
    _, ids = LSHIndex(config).build(points.astype(np.float32)).candidates(points[:1].astype(np.float32))
    assert np.flatnonzero(found).tolist() == ids.tolist()


@pytest.mark.slow
def test_new_functions_are_others_and_stay_in_the_link(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, lab="inside", inside="plane"))
    assert "Theory expects a recall of" in text(page)
    next(b for b in page.button if b.label == "New functions").click()
    healthy(page.run())
    assert page.query_params["drawn_functions"] == "2"


STRIPS = draw_functions(2, family="euclidean", tables=2, functions=2, width=1.0, seed=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": np.zeros((1, 2))}, "points must be"),
        ({"names": ("a",)}, "names must be a name for each of 3 points, not 1"),
        ({"query": 3}, "query must be from 0 to 2, not 3"),
        ({"hashing": replace(STRIPS, directions=np.zeros((2, 2)))}, "directions must be"),
        ({"hashing": replace(STRIPS, offsets=np.zeros((1, 1)))}, "offsets must be"),
    ],
)
def test_a_board_that_does_not_fit_is_refused(change: dict, said: str) -> None:
    good: dict[str, Any] = {
        "points": np.zeros((3, 2)), "names": ("a", "b", "c"), "query": 0, "k": 1,
        "hashing": STRIPS,
    }  # fmt: skip
    Board(**good)
    with pytest.raises(ValueError, match=said):
        Board(**good | change)


# --- Against the alternatives ---


def report(family: str, recall_: float, speed: float, setting: str = "", spread: float = 0.1) -> IndexReport:
    return IndexReport(
        family=family, setting=setting, recall=recall_, recall_error=0.01, queries_per_second=speed,
        slowest=speed * (1 - spread), fastest=speed * (1 + spread), build_seconds=0.1, memory_bytes=10, scanned=None,
        queries=9,
    )  # fmt: skip


def timing(middle: float, spread: float = 0.1) -> Timing:
    return Timing(middle, middle * (1 - spread), middle * (1 + spread), 5, 0)


@pytest.mark.slow
def test_the_race_is_run_at_once_on_few_points_and_says_who_wins(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, lab="race"))
    table = page.dataframe[0].value
    families = {name.split(":")[0] for name in table["Index"]}
    assert {"exact scan", "kd-tree", "HNSW", "faiss LSH", "LSH tables", "LSH in use"} <= families
    exact = table[table["Index"] == "exact scan"]
    assert exact["Recall"].tolist() == [1.0]
    assert table[table["Index"] == "kd-tree"]["Recall"].tolist() == [1.0]
    assert (table["Queries/s"] > 0).all()
    assert "LSH settings are beaten by an HNSW setting" in text(page)
    assert "recall@10 of 0.9" in text(page)


@pytest.mark.slow
def test_a_long_race_waits_for_run(open_page: Open) -> None:
    query = {**SHOP, "points": "clustered", "size": "10000", "wide": "8", "lab": "race"}
    page = healthy(open_page("lsh", **query))
    assert any(b.label.startswith("Run (about") for b in page.button) == (not page.dataframe)


def test_the_verdict_says_when_lsh_loses() -> None:
    exact, fast, slow = report("exact scan", 1, 100), report("LSH tables", 0.95, 300), report("LSH tables", 0.95, 50)
    graph = report("HNSW", 0.99, 400)
    assert "3.0 times the exact scan's" in race_verdict([exact, graph, fast], 10)
    assert "**all 1** LSH settings are beaten" in race_verdict([exact, graph, fast], 10)
    assert "LSH loses to looking at every point" in race_verdict([exact, graph, slow], 10)
    said = race_verdict([exact, report("HNSW", 0.9, 400), fast, report("LSH in use", 0.5, 10)], 10)
    assert "**1 of 2** LSH settings are beaten" in said
    assert "1 is not" in said
    said = race_verdict([exact, graph, report("LSH tables", 0.4, 900, "K 9")], 10)
    assert "the best finds 0.40 (K 9). **Here LSH loses.**" in said


def test_within_the_spread_nobody_wins_the_race() -> None:
    exact, ours = report("exact scan", 1, 100), report("LSH tables", 0.95, 115)
    assert "the same within the spread of the rounds" in lsh_against_scan([exact, ours], 10)
    assert "1.1 times the exact scan's" in lsh_against_scan([replace(exact, fastest=103.0), ours], 10)
    said = race_verdict([exact, report("HNSW", 0.99, 120), ours], 10)
    assert "**0 of 1** LSH settings are beaten" in said
    assert said.endswith("; 1 is within the spread.")


def test_a_race_verdict_counts_every_lsh_setting_once() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        families = ["exact scan", "HNSW", "HNSW", *["LSH tables"] * int(rng.integers(1, 8))]
        reports = [report(f, rng.random(), 10 ** rng.uniform(2, 3), "", rng.uniform(0, 0.5)) for f in families]
        said = race_verdict(reports, 10).split("On this chart, ")[1]
        counts = [int(n) for pair in re.findall(r"\*\*(?:all )?(\d+)|; (\d+)", said) for n in pair if n]
        assert sum(counts) == len(reports) - 3


def test_the_setting_in_use_is_judged_by_its_own_numbers() -> None:
    points, settings = lab_points(np.zeros((1_748, 2), np.float32)), lsh_settings()
    cell = LSHCell("and_or", 4, 8, 0.9, 0.1, 0.1, 170.0, *[0.01] * 3, 0.88, 0.92, 0.09, 0.11, 0.09, 0.11, 8)
    times = LabTimes(timing(10.0), timing(50.0), 0.1)
    assert "**5.0 times as fast** as the exact scan and misses 10.0%" in verdict(points, settings, cell, times)
    slow = replace(times, scan=timing(5.0))
    assert "Here LSH loses on both counts." in verdict(points, settings, cell, slow)
    close = replace(times, scan=timing(11.0))
    assert "**as fast as** the exact scan within the spread" in verdict(points, settings, cell, close)
    assert "finds everything. Here LSH loses." in verdict(points, settings, cell._replace(recall=1.0), slow)
    nothing = cell._replace(precision=float("nan"))
    assert "no query has a single candidate" in verdict(points, settings, nothing, slow)


@pytest.mark.parametrize(
    ("tree", "said", "first"),
    [
        ([1, 2, 3], "faster at every number of dimensions measured, 2 to 8", "5.0 times as fast"),
        ([6.5, 7, 8], "from the first dimension on", "1.3 times slower"),
        ([1, 6.5, 9], "At up to 2 dimensions the tree can be faster or level, from **4** on", "as fast"),
        ([6.5, 1, 9], "At up to 4 dimensions the tree can be faster or level, from **8** on", "slower"),
        ([1, 9, 1], "the tree is faster at 2, 8 dimensions; at 8 the scan is not faster", "as fast"),
        ([1, 9, 5.2], "the tree is faster at 2 dimensions; at 8 the scan is not faster beyond the spread", "as fast"),
        ([4.8, 5.1, 5.2], "On these points at 8 the scan is not faster beyond the spread", "within the spread"),
        ([4.8, 5.1, 9], "At up to 4 dimensions the tree can be faster or level", "within the spread"),
    ],
)
def test_where_the_tree_stops_paying(tree: list[float], said: str, first: str) -> None:
    decay = KDTreeDecay(np.array([2, 4, 8]), np.ones(3), tuple(map(timing, tree)), tuple(map(timing, [5.0] * 3)))
    assert said in crossing(decay)
    assert first in tree_against_scan(decay, 0)


def test_two_graphs_on_few_queries_are_level() -> None:
    raw, added = report("raw vectors", 0.3, 9, "exact, Euclidean"), report("added coordinate", 1, 9, "exact, Euclidean")
    ours, behind = report("HNSW, inner product", 0.95, 9), report("added coordinate", 0.93, 9, "HNSW, efSearch 64")
    assert "is level with the other" in product_verdict([raw, added, behind, ours])
    behind = replace(behind, recall=0.5)
    assert "the graph's own inner product finds more" in product_verdict([raw, added, behind, ours])


@pytest.mark.slow
def test_other_work_on_the_machine_leaves_no_time_on_the_page(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {**SHOP, "functions": "8", "tables": "3"}
    with monkeypatch.context() as patch:
        patch.setattr(quiet_timing, "lap", lambda work, threads=1: (0.001, True))
        page = healthy(open_page("lsh", **query))
        assert numbers(page)["Time a query"] == numbers(page)["Exact scan"] == "…"
        assert "Other work on this machine spoils the times" in text(page)
        assert "Verdict" not in text(page)
        for compare in ("kd", "product", "all"):
            page = healthy(open_page("lsh", **query, lab="race", race=compare, nearest="5", spread="0.5"))
            assert "Other work on this machine ran beside" in page.warning[0].value
            assert [list(table.value) for table in page.dataframe] == [["Index", "Recall", "95%", "MB", "Scanned"]] * (
                compare != "kd"
            ), "what is no time is there"
    next(b for b in page.button if b.label == "Measure again").click()
    page = healthy(page.run())
    assert not page.warning, "measured anew: nothing was kept"
    assert "Queries/s" in page.dataframe[0].value


@pytest.mark.parametrize("where", ["complete_journey", "planted_shop", "random"])
@pytest.mark.slow
def test_the_answers_of_the_race_are_what_is_measured(where: str, open_page: Open, app: AppTest) -> None:
    page = uploaded(app) if where == "random" else healthy(open_page("lsh", data=where))
    control = lambda name: next(c for c in page.segmented_control if str(c.key).startswith(name))  # noqa: E731
    control("lab@").set_value("race")
    healthy(page.run())
    speed = lambda name: float(numbers(page)[name].replace(",", "").removesuffix("/s"))  # noqa: E731
    for number in (0, 1, 3):
        show_me(page, number)
        choices, said, more = of_verdict(healthy(page.run()))
        if number == 0:
            assert said.removesuffix(".") in text(page), "the same words stand under the chart"
            faster = "**" in said.rsplit("the tree is ", 1)[1] and "times as fast" in said
            expected = (
                "The kd-tree" if faster else "The scan" if "times slower" in said else "No difference beyond the spread"
            )
            assert choices == (expected,)
        elif number == 1:
            assert more in text(page)
            assert f"{float(numbers(page)['The nearest']):.0%}"[:-1] in said
            ends = [float(end) / 100 for end in re.search(r"\((\d+)% to (\d+)%\)", said).groups()]  # type: ignore[union-attr]
            if ends[1] < 0.49:
                assert choices == ("Fewer than half",)
        else:
            assert said in text(page)
            if numbers(page)["LSH, recall ≥ 0.9"] == "–":
                assert choices == ("It never finds 90%",)
            elif choices != ("They cannot be told apart",):
                wins = speed("LSH, recall ≥ 0.9") > speed("Exact scan")
                assert choices == ("Yes, it is faster" if wins else "No, the scan is faster",)
    control("race@").set_value("kd")
    assert not healthy(page.run()).success, "another comparison is on the screen"


@pytest.mark.slow
def test_a_question_waits_for_its_own_race(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of points whose race takes long there is no chart of other points, and no answer, before it is run."""
    monkeypatch.setattr("pages.views.lsh.answers.HEAVY", 10_000)
    monkeypatch.setattr("pages.kit.jobs.EXPERIMENT_SECONDS", 0.1)
    page = healthy(open_page("lsh", **SHOP, lab="race"))
    assert page.dataframe
    show_me(page, 2)
    healthy(page.run())
    assert any(button.label.startswith("Run (about") for button in page.button)
    assert not page.dataframe, "no table of the points before"
    assert "Not measured yet" in page.success[0].value
    assert not page.success[0].value.startswith("**")
    assert "No time is measured here yet" in text(page)


@pytest.mark.slow
def test_the_tree_by_dimensions_and_its_slider(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, lab="race", compare="kd"))  # as in links of before
    assert page.segmented_control(key="race@planted_shop").value == "kd"
    assert page.query_params["race"] == "kd"
    assert "compare" not in page.query_params
    assert run_the_python(page)
    assert "With **16** dimensions, which hold 100% of the variance" in text(page)
    page.select_slider(key="axes@planted_shop").set_value(2)
    assert "With **2** dimensions" in text(healthy(page.run()))


@pytest.mark.slow
def test_more_neighbors_than_points_are_said_not_to_be_possible(open_page: Open) -> None:
    page = healthy(open_page("lsh", data="karate_club", nearest="50"))
    assert page.select_slider(key="nearest@karate_club").value == 10
    assert "nearest='50' is not possible here" in page.toast[0].value


@pytest.mark.slow
def test_lengths_part_the_nearest_from_the_largest_product(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, lab="race", race="product", spread="1"))
    share = float(re.search(r"nearest vectors are (\d+)%", text(page)).group(1))  # type: ignore[union-attr]
    assert share < 50
    assert "finds **100.0%**" in text(page)
    assert run_the_python(page)


@pytest.mark.slow
def test_reset_goes_back(open_page: Open) -> None:
    page = healthy(open_page("lsh", **SHOP, functions="3", lab="inside"))
    assert run_the_python(page)
    next(button for button in page.button if button.label == "Reset").click()
    healthy(page.run())
    assert page.slider(key="functions@planted_shop").value == 10
    assert "functions" not in page.query_params
    assert page.segmented_control(key="lab@planted_shop").value == "inside", "the view is no setting"
