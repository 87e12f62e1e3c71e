"""Stages and verdict of a sweep, by made-up figures through the code that real sweeps run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from recemb_core.sweeps import (
    Choices,
    Control,
    Range,
    Run,
    Space,
    Sweep,
    finalists,
    importance,
    judge,
    pareto_front,
    rows,
    runs_in_all,
    tpe_is_there,
)
from recemb_core.sweeps.winner import Verdict
from tests.core.sweep_helpers import SPACE, MadeUp, done, ground_of

SAMPLERS = ["random", "grid", *(["tpe"] if tpe_is_there() else [])]


def better_with(dimensions: int, gain: float) -> MadeUp:
    return MadeUp(lambda values: gain * (values["dimensions"] == dimensions))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_stages_are_as_told(sampler: str) -> None:
    sweep = done(ground_of(sampler=sampler))
    assert Counter(run.stage for run in sweep.runs) == {"look": 12, "race": 2 * 5, "final": 5 * 4}
    assert len(sweep.runs) == runs_in_all(sweep.plan, sweep.runs[:3]) == sweep.in_all
    assert sweep.runs[0].values == sweep.ground.defaults
    settings = [tuple(run.values.items()) for run in sweep.runs if run.stage == "look"]
    assert len(set(settings)) == 12, "no setting is tried twice"
    seeds = [run.seed for run in sweep.runs]
    assert len(set(seeds)) == len(seeds), "no two trainings share a seed"


def test_fresh_seeds_choose_nothing() -> None:
    """The finalists stay the same whatever the last stage gives."""
    sweep = done(ground_of(), better_with(64, 0.1))
    first = [run for run in sweep.runs if run.stage != "final"]
    turned = [Run(**{**vars(run), "users": 1 - run.users}) for run in sweep.runs if run.stage == "final"]
    assert finalists(sweep.plan, first) == finalists(sweep.plan, [*first, *turned])


def test_a_better_setting_is_found_and_a_cheaper_one_taken() -> None:
    verdict = done(ground_of(trials=20), better_with(64, 0.15)).verdict
    assert verdict is not None
    assert verdict.winner is not None
    assert verdict.values[verdict.winner]["dimensions"] == 64
    assert "beats the default beyond noise" in verdict.words
    # 32 and 64 are alike, and 16 (the default) worse: the cheaper of the two by bytes, if both come to the end.
    alike = MadeUp(lambda values: 0.15 * (values["dimensions"] >= 32))
    space = Space((Choices("dimensions", (32, 64)),))
    verdict = done(ground_of(space=space, trials=3, aims=("hr", "bytes"), sampler="grid"), alike).verdict
    assert verdict is not None
    assert {verdict.values[n]["dimensions"] for n in verdict.leads} == {32, 64}
    assert verdict.values[verdict.take]["dimensions"] == 32
    assert "Take the cheaper" in verdict.words or verdict.leads[0] == verdict.take


@pytest.mark.slow
def test_no_effect_has_a_winner_rarely() -> None:
    """Of 200 null sweeps at most as many as 5% make likely (1 in 10,000 to fail by chance); it is none in practice."""
    winners = 0
    for seed in range(200):
        verdict = done(ground_of(trials=8, seed=1000 * seed), MadeUp(users=120)).verdict
        assert verdict is not None
        winners += verdict.winner is not None
    assert winners <= binom.ppf(0.9999, 200, 0.05)


@pytest.mark.slow
def test_users_who_like_settings_differently_make_no_winner() -> None:
    """Settings alike on average over people, each user liking each otherwise: chosen on users, judged on the same."""

    class Liked(MadeUp):
        def __call__(self, *args: object, **named: object) -> tuple[Run, None]:
            run, _ = super().__call__(*args, **named)  # type: ignore[arg-type]
            liking = np.random.default_rng([7, run.setting, run.seed // 1_000_000]).normal(scale=0.4, size=self.users)
            return Run(**{**vars(run), "users": run.users + liking * (run.setting > 0)}), None

    winners, naive = 0, 0
    for i in range(100):
        sweep = done(ground_of(trials=20, seed=1_000_000 * i), Liked(users=100))
        verdict = sweep.verdict
        assert verdict is not None
        winners += verdict.winner is not None
        best = max(verdict.against_default.values(), key=lambda gap: gap.value)
        naive += best.value > 0 and best.p <= 0.05
    assert winners <= binom.ppf(0.9999, 100, 0.05)
    assert naive > binom.ppf(0.999, 100, 0.05), "without counting all that were tried, too many are called winners"


def test_the_default_is_kept_where_nothing_is_better() -> None:
    verdict = done(ground_of(), MadeUp(lambda values: -0.2 * (values["dimensions"] != 16))).verdict
    assert verdict is not None
    assert (verdict.winner, verdict.beats) == (None, ())
    assert verdict.values[verdict.take]["dimensions"] == 16


@pytest.mark.parametrize(("p", "asked"), [(0.036, True), (0.2, False)])
def test_a_p_below_five_percent_that_does_not_beat_says_what_is_asked_for(p: float, asked: bool) -> None:
    verdict = done(ground_of(), better_with(16, 0.0)).verdict
    assert verdict is not None
    gaps = {n: replace(gap, adjusted=p) for n, gap in verdict.against_default.items()}
    said = replace(verdict, against_default=gaps, beats=(), leads=()).finding
    assert ("beyond noise is 0.025 or less" in said) == asked, said


def test_one_that_is_broken_off_goes_on_as_if_nothing_had_happened() -> None:
    ground = ground_of(sampler=SAMPLERS[-1])
    whole = done(ground)
    for cut in (0, 1, 7, 12, 15, 25, len(whole.runs)):
        again = Sweep(ground, runs=list(whole.runs[:cut]))
        again.go(work=MadeUp())
        assert [(r.setting, r.values, r.seed, r.stage) for r in again.runs] == [
            (r.setting, r.values, r.seed, r.stage) for r in whole.runs
        ]


def test_pause_ends_after_the_run_and_stop_at_once() -> None:
    control = Control()
    sweep = Sweep(ground_of())
    assert (
        sweep.go(work=MadeUp(), control=control, told=lambda run: control.pause() if run.setting == 3 else None) is None
    )
    assert len(sweep.runs) == 4
    control, work = Control(), MadeUp()

    def stopping(*args: object, **named: object) -> object:
        if len(work.steps) == 2:
            control.stop()
        return work(*args, **named)  # type: ignore[arg-type]

    assert Sweep(ground_of()).go(work=stopping, control=control) is None  # type: ignore[arg-type]
    assert len(work.steps) == 2, "the run under way was ended by its report"


def test_minutes_leave_room_for_the_fresh_seeds() -> None:
    sweep = done(ground_of(trials=1000, minutes=1.0))  # every run takes a second
    assert 30 <= len(sweep.runs) <= 60
    assert {run.stage for run in sweep.runs} == {"look", "race", "final"}
    assert sweep.verdict is not None


def test_a_small_space_ends_by_itself() -> None:
    for sampler in SAMPLERS:
        sweep = done(ground_of(space=Space((Choices("dimensions", (16, 32)),)), sampler=sampler))
        assert {run.values["dimensions"] for run in sweep.runs} == {16, 32}
        assert len({run.setting for run in sweep.runs}) == 2


def test_a_setting_that_fails_is_passed_over_and_said() -> None:
    class Failing(MadeUp):
        def __call__(self, *args: object, **named: object) -> tuple[Run, None]:
            run, _ = super().__call__(*args, **named)  # type: ignore[arg-type]
            if run.values["dimensions"] == 64:
                return Run(**{**vars(run), "users": np.empty(0), "aims": {}, "failed": "too large"}), None
            return run, None

    sweep = done(ground_of(), Failing())
    failed = {run.setting for run in sweep.runs if run.failed}
    assert failed
    assert isinstance(sweep.verdict, Verdict)
    assert sweep.verdict.failed == len(failed)
    assert not failed & set(sweep.verdict.finalists)
    assert [row["failed"] for row in rows(sweep.plan, sweep.runs)][-len(failed) :] == ["too large"] * len(failed)


@pytest.mark.slow
def test_what_decides_is_found_and_what_does_not_is_not() -> None:
    sweep = done(ground_of(trials=40), MadeUp(lambda values: 0.1 * (values["dimensions"] == 64)))
    for fanova in (False, True) if tpe_is_there() else (False,):
        found = importance(sweep.plan, sweep.runs, fanova=fanova)
        assert found is not None
        assert next(iter(found.shares)) == "dimensions"
        assert found.shares["dimensions"] > 0.6 > 3 * found.shares["learning_rate"]
        assert 0 < found.noise < 0.5


def test_the_front_holds_what_nothing_else_beats() -> None:
    sweep = done(ground_of(aims=("hr", "bytes")), MadeUp(lambda values: values["dimensions"] / 200))
    front = pareto_front(sweep.plan, sweep.runs)
    board = {row["setting"]: row for row in rows(sweep.plan, sweep.runs)}
    for n, row in board.items():
        beaten = any(
            (o["hr"] >= row["hr"] and o["bytes"] <= row["bytes"] and (o["hr"], o["bytes"]) != (row["hr"], row["bytes"]))
            for o in board.values()
        )
        assert (n in front) is not beaten


def test_without_seeds_one_training_each_and_still_all_are_counted() -> None:
    ground = ground_of(model="PPMI-SVD", space=Space((Range("dimensions", 2, 40, whole=True),)), trials=6)
    sweep = Sweep(ground)
    verdict = sweep.go()
    assert verdict is not None
    assert Counter(run.stage for run in sweep.runs) == {"look": 6}
    assert (verdict.tried, verdict.fresh) == (6, 1)
    assert judge(sweep.plan, sweep.runs[:3], seeded=False) is not None


def test_the_space_is_that_of_the_plan() -> None:
    assert {run.values["dimensions"] for run in done(ground_of()).runs[1:]} <= set(SPACE.dimensions[0].ends)
