"""Sweeps by structure: p and q of node2vec on a graph, judged over seeds alone."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, ttest_ind

from recemb_core.command_line import main
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import Node2VecConfig, train_node2vec
from recemb_core.evaluation import group_score, score_labels
from recemb_core.evaluation.differences import mean_of_seeds, seeds_difference
from recemb_core.prepared import prepare_bundled
from recemb_core.runs import RunSpec
from recemb_core.sweeps import (
    STRUCTURE,
    Choices,
    Ground,
    InStore,
    Run,
    Space,
    Step,
    Structure,
    Sweep,
    SweepPlan,
    head_of,
    measure_setting,
    seed_of,
    tpe_is_there,
)
from recemb_core.validation import UsageError

GRID = Space((Choices("p", (0.05, 0.2, 1.0, 4.0, 20.0)), Choices("q", (0.05, 0.2, 1.0, 4.0, 20.0))))
SHORT = Node2VecConfig(dimensions=4, num_walks=2, walk_length=10, epochs=1)


@cache
def club() -> Any:
    return load_dataset("karate_club")


def ground_of(**told: Any) -> Ground:
    plan = SweepPlan(**{"model": "node2vec", "space": GRID, "trials": 25, "aims": ("structural",), **told})
    return Ground.of(plan, None, structure=Structure.of(club().graph, club().labels), config=SHORT)


class Drawn:
    """Does runs at once: figures drawn from a pool without one standing twice, and what a setting is worth on top."""

    def __init__(self, pool: Any, seed: int, worth: Any = lambda values: 0.0) -> None:
        self.pool, self.order, self.worth = pool, iter(np.random.default_rng(seed).permutation(len(pool))), worth

    def __call__(self, function: Any, ground: Ground, step: Step, **_: Any) -> tuple[Run, None]:
        users = np.array([self.pool[next(self.order)] + self.worth(step.values)])
        seed = seed_of(ground.plan, step.setting, step.repeat)
        return Run(*step, seed=seed, users=users, aims=dict.fromkeys(ground.plan.aims, float(users[0]))), None


def test_a_run_is_what_the_node2vec_page_shows_of_its_seed() -> None:
    ground = ground_of(aims=("structural", "homophily", "bytes", "seconds"))
    found = measure_setting(ground, ground.setting({"p": 0.2, "q": 4.0}), seed=7)
    vectors = train_node2vec(club().graph, Node2VecConfig(**{**vars(SHORT), "p": 0.2, "q": 4.0, "seed": 7}))
    groups, roles = score_labels(club().graph, club().labels).values()
    assert found.aims["homophily"] == group_score(vectors, groups).value
    assert found.aims["structural"] == group_score(vectors, roles).value == found.users.item()
    assert found.run is None
    assert np.array_equal(found.vectors.vectors, vectors.vectors)


@pytest.mark.slow
def test_no_effect_of_p_and_q_has_a_winner_rarely() -> None:
    """200 runs of p = q = 1, drawn again and again, through the real stages and verdict."""
    pools = json.loads((Path(__file__).parent / "null_scores.json").read_text("utf-8"))
    ground = ground_of(sampler="grid")
    for scores in pools.values():
        for pool in scores.values():
            verdicts = [Sweep(ground).go(work=Drawn(pool, seed)) for seed in range(100)]
            winners = sum(one is not None and one.winner is not None for one in verdicts)
            assert winners <= binom.ppf(0.9999, len(verdicts), 0.05)


def test_an_effect_is_found_and_said() -> None:
    noise = np.random.default_rng(0).normal(scale=0.01, size=200)
    work = Drawn(noise, 1, lambda values: 0.1 * (values["q"] == 20.0))
    verdict = Sweep(ground_of(sampler="grid")).go(work=work)
    assert verdict is not None
    assert verdict.winner is not None
    assert verdict.values[verdict.winner]["q"] == 20.0
    assert "34 items; homophily by community, structural by strength tier; 5 trainings each" in verdict.words
    assert "users" not in verdict.words


def test_two_runs_are_judged_by_welch() -> None:
    a, b = np.array([0.2, 0.3, 0.25, 0.22]), np.array([0.1, 0.12, 0.3])
    found, true = seeds_difference(a, b), ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(true.pvalue)
    interval = true.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert seeds_difference(a, b, seed_variance=1.0).p > found.p
    assert not seeds_difference(a[:2], b).measured
    assert not seeds_difference(np.ones(5), np.ones(5)).told_apart
    assert mean_of_seeds(a).low < a.mean() < mean_of_seeds(a).high


def test_what_labels_are_called_plays_no_part() -> None:
    graph, labels = club().graph, score_labels(club().graph, club().labels)
    renamed = {
        name: np.array([f"z{9 - int(np.unique(v).searchsorted(one))}" for one in v]) for name, v in labels.items()
    }
    assert Structure(graph, labels).source == Structure(graph, renamed).source
    turned = dict(zip(labels, [next(iter(labels.values())).copy(), labels["strength tier"][::-1]], strict=True))
    assert Structure(graph, labels).source != Structure(graph, turned).source


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"aims": ("structural", "hr")}, "aims of one kind"),
        ({"aims": ("homophily", "milliseconds")}, "milliseconds is measured on users"),
        ({"space": Space((Choices("graph.top", (3, 5)),))}, "graph.top cannot vary here"),
        ({"space": Space((Choices("query.newest", (3, 5)),))}, "query.newest cannot vary here"),
        ({"space": Space((Choices("p", (-1.0, 2.0)),))}, "cannot give p the value -1.0"),
    ],
)
def test_what_is_not_possible_is_said(change: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ground_of(**change)


def test_what_the_data_lacks_is_said() -> None:
    plan = SweepPlan(model="item2vec", space=Space((Choices("dimensions", (4, 8)),)), aims=("structural",))
    with pytest.raises(UsageError, match="item2vec needs"):
        Ground.of(plan, None, structure=Structure.of(club().graph))
    with pytest.raises(UsageError, match="needs a graph"):
        Ground.of(plan, None)
    shop = load_dataset("planted_shop").sequences
    assert {aim for aim in STRUCTURE if aim in Ground.of(plan, shop).whom} == set(STRUCTURE)
    still = SweepPlan(model="PPMI-SVD", space=Space((Choices("dimensions", (4, 8)),)), aims=("structural",))
    with pytest.raises(UsageError, match="no seed"):
        Ground.of(still, shop)


def test_an_index_over_the_vectors_of_a_graph_can_vary() -> None:
    ground = ground_of(space=Space((Choices("lsh.tables", (2, 8)),)), aims=("recall", "structural", "milliseconds"))
    found = measure_setting(ground, ground.setting({"lsh.tables": 8}), 0)
    assert found.users.shape == (34,)
    assert found.aims["recall"] == found.users.mean()


@pytest.mark.skipif(not tpe_is_there(), reason="needs Optuna")
@pytest.mark.slow
def test_a_training_is_the_run_that_pages_and_train_keep(tmp_path: Path) -> None:
    from recemb_core.runs import RunStore

    prepared = prepare_bundled("karate_club")
    ground = ground_of(space=Space((Choices("q", (0.5, 4.0)),)), trials=2, finalists=1, fresh=3)
    store = RunStore.open(tmp_path)
    about = ("karate_club", prepared.fingerprint, prepared.session.to_toml())
    first = Sweep(ground, store=InStore(store, "sweep", ground, *about))
    assert first.go() is not None
    own = RunSpec.of(ground.setting(first.runs[1].values).with_seed(first.runs[1].seed).entry.config, prepared)
    record = store.find(own)
    assert record is not None
    assert record.spec.session == own.session
    assert record.figures == {aim: first.runs[1].aims[aim] for aim in STRUCTURE}
    again = Sweep(ground, store=InStore(store, "again", ground, *about))
    again.go(work=_refuse)
    assert [one.aims for one in first.runs] == [one.aims for one in again.runs]


def _refuse(*args: object, **named: object) -> object:
    raise AssertionError("trained again")


@pytest.mark.slow
def test_the_command_sweeps_a_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pq.toml"
    file.write_text(
        'format = "recemb-session"\nversion = 1\ndata = "karate_club"\n[model]\nname = "node2vec"\nepochs = 1\n'
        'num_walks = 2\nwalk_length = 10\n[sweep]\ntrials = 3\nfresh = 3\naims = ["homophily", "bytes"]\n'
        "[sweep.space]\nq = [0.05, 4.0]\n"
    )
    assert main(["sweep", str(file), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["aims"] == ["homophily", "bytes"]
    assert "34 items; homophily by community" in facts["verdict"]["words"]
    file.write_text(file.read_text().replace('aims = ["homophily", "bytes"]\n', ""))
    assert main(["sweep", str(file)]) == 1
    assert "structural or homophily as the aim" in capsys.readouterr().err


def test_the_data_and_its_labels_are_part_of_what_a_sweep_is_known_by() -> None:
    one, other = ground_of(), Ground.of(ground_of().plan, None, structure=Structure.of(load_dataset("barbell").graph))
    assert head_of(one)["data"] != head_of(other)["data"]
    assert "group_score" in head_of(one)["versions"]
