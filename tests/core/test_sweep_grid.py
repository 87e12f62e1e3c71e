"""A sweep whose settings all have the same seeds: the grid of p and q, its two questions, and what a kill leaves."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recemb_core.command_line import main
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import Node2VecConfig
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.sweeps import (
    Ground,
    Journal,
    Run,
    Step,
    Structure,
    Sweep,
    grid_ground,
    grid_plan,
    grid_scores,
    head_of,
    judge_grid,
    next_step,
    runs_in_all,
    seed_of,
)
from recemb_core.sweeps.grid import grid_runs
from recemb_core.validation import UsageError
from tests.core.sweep_helpers import killed, lasting

CLUB = load_dataset("karate_club")
SHORT = Node2VecConfig(dimensions=4, num_walks=2, walk_length=10, epochs=1, seed=40)
CONFIG = SweepConfig(ps=(0.5, 1.0), qs=(0.5, 1.0, 4.0), seeds=4, base=SHORT)


def ground_of(config: SweepConfig = CONFIG, **told: Any) -> Ground:
    return grid_ground(config, Structure.of(CLUB.graph, CLUB.labels), **told)  # type: ignore[arg-type]


def made_up(function: Any, ground: Ground, step: Step, **_: Any) -> tuple[Run, None]:
    """A run at once: q = 4 is better by structure, and seeds are noise."""
    seed = seed_of(ground.plan, step.setting, step.repeat)
    noise = np.random.default_rng(1000 * seed + step.setting).normal(scale=0.01, size=2)
    aims = {"homophily": 0.5 + noise[0], "structural": 0.2 + noise[1] + 0.2 * (step.values["q"] == 4.0), "bytes": 544.0}
    return Run(*step, seed=seed, users=np.array([aims[ground.plan.aims[0]]]), aims=aims, seconds=1.0), None


def swept(ground: Ground) -> Sweep:
    sweep = Sweep(ground)
    assert sweep.go(work=made_up) is not None
    return sweep


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_every_cell_has_the_same_seeds_and_the_last_stage_others(seeds: int) -> None:
    ground = ground_of(SweepConfig(ps=CONFIG.ps, qs=CONFIG.qs, seeds=seeds, base=SHORT))
    sweep = swept(ground)
    looks: dict[int, list[int]] = {}
    for run in sweep.runs:
        if run.stage == "look":
            looks.setdefault(run.setting, []).append(run.seed)
    assert list(looks.values()) == [list(range(40, 40 + seeds))] * 6
    cells = [run.setting for run in sweep.runs if run.stage == "look"]
    assert cells == sorted(cells), "cell after cell, so that they arrive whole"
    assert not {r.seed for r in sweep.runs if r.stage == "final"} & {r.seed for r in sweep.runs if r.stage != "final"}
    assert any(run.stage == "race" for run in sweep.runs) is (seeds < 3), "three seeds choose; who has them needs none"
    assert len(sweep.runs) == sweep.in_all == runs_in_all(ground.plan, sweep.runs)
    assert runs_in_all(ground.plan, []) == sweep.in_all
    assert set(grid_scores(ground.plan, sweep.runs)) == set(CONFIG.cells)


def test_the_two_questions_have_answers_of_their_own() -> None:
    sweep = swept(ground_of())
    scores = grid_scores(sweep.plan, sweep.runs)
    assert [len(own) for at in scores.values() for own in at.values()] == [4] * 12
    squares = judge_grid(scores, "structural")
    assert squares.level == pytest.approx(0.05 / 2)
    assert {at for at in squares.change if squares.beyond(at)} == {(0.5, 4.0), (1.0, 4.0)}
    assert not any(map(judge_grid(scores, "homophily").beyond, squares.change))
    verdict = sweep.verdict
    assert verdict is not None
    assert verdict.winner is not None
    assert verdict.values[verdict.winner]["q"] == 4.0
    other = swept(ground_of(aim="homophily")).verdict
    assert other is not None
    assert other.winner is None


def test_a_cell_stands_when_all_of_its_seeds_are_there() -> None:
    sweep = swept(ground_of())
    for count in range(13):
        assert len(grid_scores(sweep.plan, sweep.runs[:count])) == count // 4


def test_known_scores_are_the_runs_of_the_engine_s_first_look() -> None:
    ground = ground_of()
    sweep = swept(ground)
    runs = grid_runs(ground, grid_scores(ground.plan, sweep.runs), 544.0)
    looks = [run for run in sweep.runs if run.stage == "look"]
    assert [(r.setting, r.values, r.repeat, r.seed, r.aims) for r in runs] == [
        (r.setting, r.values, r.repeat, r.seed, r.aims) for r in looks
    ]
    step = next_step(ground.plan, ground.defaults, runs)
    assert step is not None
    assert step.stage == "final"
    some = {at: own for at, own in grid_scores(ground.plan, sweep.runs).items() if at != (0.5, 4.0)}
    assert len(grid_runs(ground, some, 544.0)) < len(looks)


def test_the_middle_is_compared_with_where_the_grid_has_it_not() -> None:
    config = SweepConfig(ps=(0.5,), qs=(0.5, 4.0), seeds=3, base=SHORT)
    assert grid_plan(config).trials == 3
    scores = grid_scores((sweep := swept(ground_of(config))).plan, sweep.runs)
    assert set(scores) == {(1.0, 1.0), (0.5, 0.5), (0.5, 4.0)}
    with pytest.raises(UsageError, match="seeds must be at least 2"):
        grid_plan(SweepConfig(seeds=1))


def test_minutes_leave_room_for_the_fresh_seeds() -> None:
    ground = ground_of(minutes=20 / 60)  # made-up runs take a second each
    sweep = swept(ground)
    done = len({run.setting for run in sweep.runs})
    assert 2 <= done < 6
    assert len(sweep.runs) <= 21
    assert sum(run.stage == "final" for run in sweep.runs) >= 10


def test_a_whole_number_is_the_same_setting_however_it_is_written() -> None:
    """Sweeps are found by a hash of their heads."""
    one, other = ground_of(), ground_of(SweepConfig(ps=(0.5, 1), qs=(0.5, 1, 4), seeds=4, base=SHORT))
    assert repr(head_of(one)["sweep"]) == repr(head_of(other)["sweep"])


TOML = """
format = "recemb-session"
version = 1
data = "karate_club"
seed = 3
[model]
name = "node2vec"
p = 1.0
q = 1.0
epochs = 1
num_walks = 2
walk_length = 10
[sweep]
sampler = "grid"
trials = 9
seeds_each = 3
aims = ["structural", "bytes"]
[sweep.space]
p = [0.5, 1.0, 4.0]
q = [0.5, 1.0, 4.0]
"""


@pytest.mark.slow
def test_a_killed_grid_loses_at_most_the_run_under_way_and_goes_on(tmp_path: Path) -> None:
    """``kill -9`` at random moments; what is kept is whole runs of equal seeds, never fewer than before."""
    file = tmp_path / "grid.toml"
    file.write_text(TOML)
    place = tmp_path / "store" / "sweeps" / "grid.jsonl"
    command = ["sweep", str(file), "--resume", "--store"]
    known = killed([*command, str(tmp_path / "store")], place, random.Random(1), kills=3, runs=(2, 5))
    assert 6 <= len(known) < 27 + 20
    assert main([*command, str(tmp_path / "store")]) == 0
    whole = Journal.read(place)[1]
    assert len({(run.setting, run.repeat) for run in whole}) == len(whole) == 27 + 20
    assert {run.seed for run in whole if run.stage == "look"} == {3, 4, 5}
    alone = tmp_path / "alone" / "sweeps" / "grid.jsonl"
    assert main([*command, str(tmp_path / "alone")]) == 0
    other = Journal.read(alone)[1]
    assert list(map(lasting, whole)) == list(map(lasting, other)), "as if nothing had happened"
