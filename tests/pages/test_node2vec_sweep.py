"""The node2vec page's grid of p and q: a sweep like any other, and its maps a view of its runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.kit import results
from pages.kit.controls import Labelling
from pages.kit.sweeps import live, opening
from pages.views.node2vec import sweep_words
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import Node2VecConfig
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.sweeps import Ground, Journal, Structure, grid_ground, head_of, tpe_is_there
from recemb_core.sweeps.beforehand import load_swept
from tests.pages.conftest import healthy, text
from tests.pages.sweep_steps import labels, over, own_place, press  # noqa: F401 (the place is a fixture)

Open = Callable[..., AppTest]
SMALL = {
    "data": "karate_club",
    "view": "sweep",
    "sweep_ps": "1",
    "sweep_qs": "0.05,1",
    "sweep_seeds": "3",
    "num_walks": "2",
    "walk_length": "10",
    "epochs": "1",
    "dimensions": "4",
}


def verdict(page: AppTest) -> list[str]:
    return [one.value for one in (*page.success, *page.info)]


def squares(page: AppTest) -> str:
    (found,) = [one.value for one in page.caption if "Each square" in one.value]
    return found


def grounds(page: AppTest) -> str:
    (found,) = [one.value for one in page.caption if one.value.startswith("Runs: ")]
    return found


def maps_drawn(page: AppTest) -> bool:
    return any("What moved at" in one.value for one in page.subheader)


@pytest.mark.slow
@pytest.mark.skipif(not tpe_is_there(), reason="pages keep sweeps beside the store of runs, which needs Optuna")
def test_a_grid_is_a_sweep_that_outlives_the_server_and_is_seen_among_the_sweeps(
    open_page: Open, tmp_path: Path
) -> None:
    page = healthy(open_page("node2vec", **SMALL))
    assert "Nothing is tried yet" in text(page)
    page = over(press(page, "Start"))
    said, told = verdict(page), squares(page)
    assert "structural score" in said[0]
    assert maps_drawn(page), "whoever starts the sweep has its maps drawn as well"
    (place,) = (tmp_path / "sweeps").glob("*.jsonl")
    runs = Journal.read(place)[1]
    assert [(run.stage, run.setting) for run in runs] == [("look", 0)] * 3 + [("look", 1)] * 3 + [("final", 0)] * 5 + [
        ("final", 1)
    ] * 5
    looks = [run.seed for run in runs if run.stage == "look"]
    assert looks == [0, 1, 2] * 2, "every cell has the same seeds"
    assert not {run.seed for run in runs if run.stage == "final"} & set(looks)

    # Another start of the server, after it was ended in the middle of a line.
    lines = place.read_bytes().splitlines(keepends=True)
    place.write_bytes(b"".join(lines[:5]) + lines[5][:40])
    live._registry().clear()
    results._shared_results.clear()
    broken = healthy(open_page("node2vec", **SMALL))
    assert "4 of about 16 runs are done" in text(broken)
    resumed = over(press(broken, "Resume"))
    assert (verdict(resumed), squares(resumed)) == (said, told)
    assert Journal.read(place)[1][0].seconds == runs[0].seconds, "what was done was not done again"

    # The same one on the Sweeps view, and back.
    pressed = next(one for one in resumed.button if one.label == "See it among the sweeps")
    assert not pressed.disabled
    ground = ground_on(resumed, SMALL)
    sweeps = healthy(opened("runs", "karate_club", opening.of_the_sweeps(ground)))
    assert said[0] in [one.value for one in sweeps.markdown]
    assert "Its phase maps on the node2vec page" in labels(sweeps)
    assert "Forget these runs" in labels(sweeps)


def opened(page: str, data: str, told: dict[str, Any]) -> AppTest:
    """A page with these parameters set, as a button of another page sets them."""
    found = AppTest.from_file(str(Path(__file__).parents[2] / "pages" / f"{page}.py"), default_timeout=180)
    found.query_params["data"] = data
    for name, value in told.items():
        found.session_state[f"{name}@{data}"] = value
    return found.run()


def ground_on(page: AppTest, query: dict[str, str]) -> Ground:
    """What the node2vec page's lines of Python sweep."""
    shown = next(block.value for block in page.code if "grid_ground" in block.value)
    names: dict[str, Any] = {}
    exec(compile(shown.partition("print(sweep.go()")[0], "As Python", "exec"), names)
    found = names["sweep"].ground
    assert isinstance(found, Ground)
    return found


@pytest.mark.parametrize("data", ["karate_club", "planted_shop"])
def test_both_pages_and_both_pythons_ask_for_one_sweep(open_page: Open, data: str) -> None:
    few = {**SMALL, "data": data, "sweep_ps": "0.5,1", "sweep_by": "homophily", "seed": "3"}
    here = ground_on(healthy(open_page("node2vec", **few)), few)
    told = opening.of_the_sweeps(here)
    there = AppTest.from_file(str(Path(__file__).parents[2] / "pages" / "runs.py"), default_timeout=180)
    there.query_params["data"] = data
    there.query_params["seed"] = "3"
    for name, value in told.items():
        there.session_state[f"{name}@{data}"] = value
    healthy(there.run())
    shown = next(block.value for block in there.code if "SweepPlan" in block.value)
    names: dict[str, Any] = {}
    exec(compile(shown.replace("print(sweep.go().words)", ""), "As Python", "exec"), names)
    there_is, here_is = (
        json.dumps({name: value for name, value in head_of(one).items() if name != "budget"}, sort_keys=True)
        for one in (names["sweep"].ground, here)
    )
    assert there_is == here_is, "to the letter: sweeps are found by a hash of it"
    back = opening.of_the_grid(names["sweep"].ground)
    assert back is not None
    assert (back["sweep_ps"], back["sweep_qs"], back["sweep_seeds"], back["sweep_by"]) == (
        [0.5, 1.0],
        [0.05, 1.0],
        3,
        "homophily",
    )
    assert {name: str(back[name]) for name in ("num_walks", "walk_length", "epochs", "dimensions")} == {
        name: few[name] for name in ("num_walks", "walk_length", "epochs", "dimensions")
    }


def test_a_sweep_that_the_page_cannot_draw_is_not_sent_there() -> None:
    club = load_dataset("karate_club")
    structure = Structure.of(club.graph, club.labels)  # type: ignore[arg-type]
    able = grid_ground(SweepConfig(), structure)
    assert opening.of_the_grid(able) is not None
    for config in (
        SweepConfig(base=Node2VecConfig(learning_rate=0.1)),  # no control of the page
        SweepConfig(ps=(0.3, 1.0)),  # no value of its controls
        SweepConfig(qs=(4.0, 1.0)),  # it sorts them
    ):
        assert opening.of_the_grid(grid_ground(config, structure)) is None


@pytest.mark.parametrize("data", ["planted_shop", "karate_club"])
def test_a_bundled_sweep_says_its_rule_and_what_it_found(open_page: Open, data: str) -> None:
    page = healthy(open_page("node2vec", data=data, view="sweep"))
    said, seeds = squares(page), 5 if data == "planted_shop" else 8
    assert "Dunnett's test against p = q = 1 over the whole sweep, 5% for all cells of both maps together" in said
    assert f"{seeds} seeds a cell" in said
    assert "A change under about 0.0" in said or f"with {seeds} seeds" in said
    assert "These runs came with the app" in grounds(page)
    assert f"Runs: {25 * seeds} first look, 0 second look, 20 fresh seeds" in grounds(page)
    assert "structural score" in verdict(page)[0]
    assert "Two questions, two answers" in text(page)
    assert {"Start", "Resume", "Forget these runs"}.isdisjoint(labels(page))
    assert "Run it anew here" in labels(page)
    assert maps_drawn(page)
    if data == "planted_shop":
        assert re.search(r"By role: \d+ of 24 cells beyond noise; largest change \+0\.\d+ at p = \d+, q = 20", said)


def test_a_new_column_is_trained_and_nothing_else(open_page: Open) -> None:
    """What comes with the app, or was trained for another grid, stands in this one."""
    page = healthy(open_page("node2vec", data="karate_club", view="sweep", sweep_qs="0.05,0.2,1,2,4,20"))
    assert "Noise is judged when the sweep is complete (25 of 30 cells)" in squares(page)
    assert maps_drawn(page)
    start = next(one.label for one in page.button if one.label.startswith("Start"))
    whole = next(
        one.label
        for one in healthy(open_page("node2vec", data="karate_club", view="sweep", seed="5")).button
        if one.label.startswith("Start")
    )
    assert seconds(start) < seconds(whole) / 2


def seconds(label: str) -> float:
    number, unit = re.search(r"about (a|\d+) (second|s|min)\b", label).groups()  # type: ignore[union-attr]
    return (1.0 if number == "a" else float(number)) * (60 if unit == "min" else 1)


def test_the_bundled_runs_are_those_of_the_bundled_maps() -> None:
    """Their figures are one file's, and another training of one gives them again."""
    from pages.kit import session  # noqa: F401  (the pages' own defaults)
    from recemb_core import precomputed
    from recemb_core.embeddings import node2vec_defaults, train_node2vec
    from recemb_core.evaluation.noise import default_seeds
    from recemb_core.layouts import UMAPConfig
    from recemb_core.sweeps import STRUCTURE, grid_scores, measure_setting

    club = load_dataset("karate_club")
    assert club.graph is not None
    n = len(club.graph)
    config = SweepConfig(seeds=default_seeds(n), base=node2vec_defaults(n), umap=UMAPConfig().for_size(n))
    ground = grid_ground(config, Structure.of(club.graph, club.labels))
    runs = load_swept(ground)
    cells, _ = precomputed.load_sweep(club.graph, config, train_node2vec(club.graph, config.base)) or ([], None)
    by_aim = {(c.p, c.q): dict(zip(STRUCTURE, c.scores.values(), strict=True)) for c in cells}
    assert grid_scores(ground.plan, runs) == by_aim
    last = runs[-1]
    assert last.stage == "final"
    again = measure_setting(ground, ground.setting(last.values), last.seed)
    assert again.aims["structural"] == pytest.approx(last.aims["structural"], abs=0.02)


def test_nothing_is_judged_before_the_sweep_is_complete() -> None:
    config = SweepConfig(ps=(1.0,), qs=(0.05, 1.0, 20.0), seeds=3)
    each = {0.05: (0.1, 0.11, 0.12), 1.0: (0.2, 0.21, 0.22), 20.0: (0.4, 0.41, 0.42)}
    scores: dict[Any, Any] = {(1.0, q): {"homophily": own, "structural": own} for q, own in each.items()}
    labellings = (Labelling("group", None), Labelling("role", None))  # type: ignore[arg-type]
    some = {at: own for at, own in scores.items() if at != (1.0, 20.0)}
    assert "complete (2 of 3 cells)" in sweep_words.verdicts(config, labellings, some)
    assert sweep_words.verdict(sweep_words.judged(config, some, "structural"), 1.0, 0.05) == "not judged yet"
    test = sweep_words.judged(config, scores, "structural")
    assert [sweep_words.verdict(test, *at) for at in config.cells] == [
        "beyond noise",
        "the base of comparison",
        "beyond noise",
    ]
    assert "2 of 2 cells beyond noise" in sweep_words.verdicts(config, labellings, scores)
