"""Old tables: windows and parts by hand, no look ahead, slopes by least squares, drift found and none invented."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.auc import auc_of
from recemb_core.datasets.designed_shop import DesignedShopConfig, designed_shop
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig, train_youtube_dnn
from recemb_core.embeddings import DeepWalkConfig, EGESConfig, Item2VecConfig, Word2VecConfig, word2vec_defaults
from recemb_core.evaluation.crossed import crossed_mean
from recemb_core.experiments.staleness import (
    METRICS,
    StalenessConfig,
    StalenessReport,
    measure_staleness,
    staleness_config,
    timeline,
    usual_network,
)
from recemb_core.experiments.staleness.plan import WEEK
from recemb_core.experiments.staleness.questions import target_auc, window_questions
from recemb_core.experiments.staleness.report import MONTH
from recemb_core.experiments.staleness.tables import train_table
from recemb_core.figures.aging import AgingLine, aging_figure
from recemb_core.sequences import Sequences, split_sessions
from recemb_core.splits import between, event_times
from recemb_core.validation import UsageError

SMALL = Word2VecConfig(dimensions=8, epochs=5, subsample=0.0)
NETWORK = YouTubeDNNConfig(hidden=(16, 16), negative=20, epochs=1, max_steps=20)


def log_of(weeks: float = 8.0, users: int = 30, seed: int = 0, *, ordered: bool = True) -> Sequences:
    """Users who take one of two runs of items, evenly over the weeks; side information says which."""
    rng = np.random.default_rng(seed)
    lists, names, times = [], [], []
    for user in range(users):
        for at in np.sort(rng.uniform(0, weeks * WEEK, 20)):
            kind = "ab"[user % 2]
            lists.append([f"{kind}{i}" for i in rng.permutation(6)[:3]])
            names.append(f"user {user}")
            times += [at, at + 1, at + 2]
    log = Sequences.from_lists(lists, ordered=ordered)
    side = pl.DataFrame({"kind": [item[0] for item in log.items.ids]})
    return replace(log, users=np.array(names), timestamps=np.array(times), side_info=side)


LOG = log_of()


@pytest.fixture(scope="module")
def report() -> StalenessReport:
    config = StalenessConfig(table=SMALL, network=NETWORK, ages=(0, 1, 2), windows=3, questions=60, k=3)
    return measure_staleness(LOG, config)


# --- plan and parts ---


@given(st.floats(0.5, 120), st.integers(2, 12), st.sampled_from([(0, 1), (0, 2, 4), (0, 1, 2, 4, 8)]))
def test_a_plan_fits_the_log_or_is_refused(weeks: float, windows: int, ages: tuple[int, ...]) -> None:
    log = replace(Sequences.from_lists([["a", "b"]]), timestamps=np.array([0.0, weeks * WEEK]))
    if weeks < windows + ages[-1] + 1:
        with pytest.raises(UsageError, match="need at least") as refused:
            timeline(log, ages, windows)
        said = re.match(r"the log spans (\d+\.\d) weeks", str(refused.value))
        assert said is not None
        assert abs(float(said[1]) - weeks) < 0.051, "rounded, its last moment counted"
        return
    lines = timeline(log, ages, windows)
    assert np.allclose(np.diff([*lines.starts, lines.end]), WEEK)
    for start in lines.starts:
        for age in ages:
            first, stop = lines.training(start, age, all_before=False)
            assert stop == start - age * WEEK
            assert np.isclose(stop - first, lines.learned * WEEK)
            assert first >= lines.first - 1
            assert lines.training(start, age, all_before=True) == (lines.first, stop)


@pytest.mark.parametrize("weeks", [6, 8.7, 20, 52])
def test_the_usual_plan_leaves_a_third_to_learn_from(weeks: float) -> None:
    log = replace(Sequences.from_lists([["a", "b"]]), timestamps=np.array([0.0, weeks * WEEK]))
    plan = staleness_config(log, SMALL)
    assert timeline(log, plan.ages, plan.windows).learned >= weeks / 3 - 1e-6
    assert plan.windows >= 3


@pytest.mark.parametrize(
    ("log", "says"),
    [
        (Sequences.from_lists([["a", "b"]]), "no timestamps"),
        (replace(Sequences.from_lists([["a", "b"]]), timestamps=np.array([0.0, 2 * WEEK])), "2.0 weeks.*longer log"),
        (replace(Sequences.from_lists([]), timestamps=np.zeros(0)), "no event"),
    ],
)
def test_a_log_without_times_or_too_short_is_refused_in_a_sentence(log: Sequences, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        staleness_config(log, SMALL)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ages": (1, 2)},
        {"ages": (0,)},
        {"ages": (0, 2, 1)},
        {"windows": 1},
        {"windows": 13},
        {"questions": 0},
        {"k": 0},
        {"seed": -1},
        {"table": object()},
    ],
)
def test_settings_out_of_range_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        StalenessConfig(**{"table": SMALL} | wrong)


@given(st.floats(0, 8 * WEEK), st.floats(0, 8 * WEEK), st.booleans())
def test_a_part_is_what_happened_between(a: float, b: float, ordered: bool) -> None:
    log = replace(LOG, ordered=ordered)
    start, stop = min(a, b), max(a, b)
    found, times = between(log, start, stop), event_times(log)
    inside = (times >= start) & (times < stop)
    assert found.tokens.tolist() == log.tokens[inside].tolist()
    assert found.items is log.items
    assert (found.lengths > 0).all()
    if not ordered:  # a basket is never cut
        assert set(found.lengths.tolist()) <= {3}


@pytest.mark.parametrize("ordered", [True, False])
def test_questions_hold_the_whole_past_and_nothing_of_the_future(ordered: bool) -> None:
    log = replace(LOG, ordered=ordered)
    start, stop = 5 * WEEK, 6 * WEEK
    asked = window_questions(log, start, stop, most=10_000)
    names, owner = np.unique(log.users, return_inverse=True)
    times = event_times(log)
    wanted = []
    for user in range(len(names)):
        events = np.flatnonzero(owner[np.repeat(np.arange(len(log)), log.lengths)] == user)
        events = events[np.argsort(times[events], kind="stable")]
        steps = [[e] for e in events] if ordered else [events[i : i + 3] for i in range(0, len(events), 3)]
        done: list[int] = []
        for step in steps:
            if start <= times[step[0]] < stop and done:
                wanted.append((user, log.tokens[done].tolist(), sorted(set(log.tokens[step].tolist()))))
            done += list(step)
    found = zip(asked.users.tolist(), asked.histories, asked.targets, strict=True)
    assert [(u, h.tolist(), t.tolist()) for u, h, t in found] == wanted
    few = window_questions(log, start, stop, most=7, seed=1)
    assert len(few) == 7
    assert few.users.tolist() == window_questions(log, start, stop, most=7, seed=1).users.tolist()


def test_where_nobody_is_named_each_session_is_one() -> None:
    log = replace(LOG, users=None)
    asked = window_questions(log, 0, 9 * WEEK, most=10_000)
    assert len(asked) == 2 * len(log)  # the first of three has no past
    assert max(map(len, asked.histories)) == 2


@given(st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 2.0]), min_size=3, max_size=12), st.data())
def test_auc_is_that_of_all_pairs(values: list[float], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(values) - 1), min_size=1, max_size=len(values) - 1, unique=True))
    scores = np.array(values)
    finite = np.where(np.isfinite(scores), scores, -9.0)  # below all that have a score
    rest = np.setdiff1d(np.arange(len(scores)), rows)
    assert np.isclose(target_auc(scores, rows), auc_of(finite[rows], finite[rest]))


# --- tables and networks ---


def test_a_table_places_what_it_was_trained_on_and_no_other_item() -> None:
    part = between(LOG, 0, 2 * WEEK)
    gone = replace(part, tokens=np.where(part.tokens == 0, 1, part.tokens).astype(np.int32))
    for config in (SMALL, Item2VecConfig(dimensions=8, epochs=2), DeepWalkConfig(dimensions=8, num_walks=2)):
        table = train_table(gone, config)
        assert table.placed.tolist() == (gone.counts > 0).tolist()
        assert not table.placed[0]
        scores = np.asarray(table.scorer()([np.array([1, 2]), np.array([0]), np.array([], dtype=np.int32)]))
        assert np.isneginf(scores[:, 0]).all()
        assert np.isfinite(scores[:, table.placed]).all()
        assert not table.rows[0].any()
        assert np.allclose(np.linalg.norm(table.rows[table.placed], axis=1), 1, atol=1e-5)


def test_eges_places_new_items_by_their_side_information() -> None:
    part = between(LOG, 0, 4 * WEEK)
    gone = replace(part, tokens=np.where(part.tokens == 0, 1, part.tokens).astype(np.int32))
    table = train_table(gone, EGESConfig(dimensions=8, num_walks=5, learning_rate=0.1))
    assert table.placed.all()
    assert table.query.score == "cosine"
    assert np.isfinite(np.asarray(table.scorer()([np.array([1, 2])]))).all()


@pytest.mark.slow
def test_a_frozen_table_stays_as_it_is_and_the_rest_starts_alike() -> None:
    rows = np.random.default_rng(0).normal(size=(len(LOG.items), 64)).astype(np.float32)
    model = train_youtube_dnn(LOG, NETWORK, table=rows)
    assert np.array_equal(model.tower.arrays()["embedding"], rows)
    own = train_youtube_dnn(LOG, replace(NETWORK, max_steps=1))
    held = train_youtube_dnn(LOG, replace(NETWORK, max_steps=1), table=rows)
    assert own.item_vectors.shape == held.item_vectors.shape
    with pytest.raises(UsageError, match="table"):
        train_youtube_dnn(LOG, NETWORK, table=rows[:, :3])
    rows[3, 1] = np.nan
    with pytest.raises(UsageError, match="table must be finite"):
        train_youtube_dnn(LOG, NETWORK, table=rows)


# --- the report ---


@pytest.mark.slow
def test_old_and_new_network_are_one_at_age_0_and_arms_stand_on_the_same_cases(report: StalenessReport) -> None:
    assert report.arms == ("table", "network_fresh", "network_old", "popularity")
    assert report.figures.shape == (4, 3, 3, len(report.users))
    assert np.array_equal(report.figures[1, 0], report.figures[2, 0])
    assert not np.array_equal(report.figures[1, 2], report.figures[2, 2])
    assert ((report.figures >= 0) & (report.figures <= 1)).all()
    assert report.seconds["table"] > 0
    assert report.seconds["network"] > 0


def test_the_slope_is_that_of_least_squares(report: StalenessReport) -> None:
    for arm in report.arms:
        for metric in METRICS:
            levels = [report.level(arm, metric, age).value for age in report.ages]
            wanted = np.polyfit(np.array(report.ages) / MONTH, levels, 1)[0]
            assert np.isclose(report.slope(arm, metric).value, wanted, atol=1e-6)
            assert np.isclose(report.change(arm, metric, 2).value, levels[2] - levels[0], atol=1e-6)


def test_schedules_are_means_over_the_ages_that_a_table_has(report: StalenessReport) -> None:
    table, network = report.seconds["table"], report.seconds["network"]
    y = [report.level("network_fresh", "hr", age).value for age in report.ages]
    old = [report.level("network_old", "hr", age).value for age in report.ages]
    daily, weekly, second, both = report.schedules("hr")
    assert np.isclose(daily.seconds, 7 * (table + network))
    assert np.isclose(weekly.seconds, table + 7 * network)
    assert np.isclose(second.seconds, table / 2 + 7 * network)
    assert np.isclose(both.seconds, table + network)
    assert np.isclose(daily.score.value, y[0])
    assert np.isclose(weekly.score.value, (y[0] + y[1]) / 2)
    assert np.isclose(second.score.value, (y[0] + 2 * y[1] + y[2]) / 4)
    assert np.isclose(both.score.value, (old[0] + old[1]) / 2)
    assert np.isclose(second.change.value, second.score.value - daily.score.value)


def test_a_report_comes_back_from_its_arrays(report: StalenessReport) -> None:
    again = StalenessReport.from_arrays(report.config, report.to_arrays())
    assert again.slope("table", "hr") == report.slope("table", "hr")
    assert again.seconds == report.seconds
    assert again.unknown.tolist() == report.unknown.tolist()


@pytest.mark.slow
def test_the_same_log_settings_and_seed_give_the_same_report() -> None:
    config = StalenessConfig(table=SMALL, network=NETWORK, ages=(0, 1), windows=2, questions=40)
    first, second = (measure_staleness(LOG, config) for _ in range(2))
    assert np.array_equal(first.figures, second.figures)
    other = measure_staleness(LOG, replace(config, seed=5))
    assert not np.array_equal(first.figures[:, :, :, : len(other.users)], other.figures[:, :, :, : len(first.users)])


def test_nothing_after_the_age_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    from recemb_core.experiments.staleness import measuring

    seen: list[tuple[float, float]] = []
    real = measuring.train_table

    def noting(train: Sequences, config: Any, **more: Any) -> Any:
        assert train.timestamps is not None
        seen.append((float(train.timestamps.min()), float(train.timestamps.max())))
        return real(train, config, **more)

    monkeypatch.setattr(measuring, "train_table", noting)
    config = StalenessConfig(table=SMALL, ages=(0, 1, 2), windows=2, questions=20)
    measure_staleness(LOG, config)
    lines = timeline(LOG, config.ages, 2)
    wanted = [lines.training(start, age, False) for start in lines.starts for age in config.ages]
    assert len(seen) == len(wanted)
    for (first, last), (start, stop) in zip(seen, wanted, strict=True):
        assert start <= first <= last < stop


@pytest.mark.slow
def test_new_items_are_counted_and_served_by_side_information() -> None:
    # Items a0 and b0 come up in the last two weeks alone, in place of a1 and b1 half the time.
    log = log_of(seed=3)
    assert log.timestamps is not None
    rows = {item: log.items.row(item) for item in ("a0", "b0", "a1", "b1")}
    early = log.timestamps < 6.5 * WEEK
    tokens = log.tokens.copy()
    for kind in "ab":
        tokens[early & (tokens == rows[f"{kind}0"])] = rows[f"{kind}1"]
    log = replace(log, tokens=tokens)
    found = measure_staleness(
        log, StalenessConfig(table=SMALL, network=NETWORK, ages=(0, 2), windows=2, questions=500, k=3)
    )
    assert found.unknown[1] > found.unknown[0]
    assert found.unknown_share(2) == found.unknown[1] / found.targets
    for model in ("EGES", "Two-tower"):
        figures = found.cold_figures(model, 2)
        assert figures is not None
        assert figures[0].cases == found.unknown[1]
    eges = found.cold_figures("EGES", 2)
    assert eges is not None
    assert eges[0].value > 0.6  # the kind tells half of the catalogue
    assert eges[2] is not None
    assert eges[2].value > 0.75  # a0 from b0
    assert found.cold_figures("EGES", 1) is None
    again = StalenessReport.from_arrays(found.config, found.to_arrays())
    assert again.cold_figures("EGES", 2) == eges
    without = measure_staleness(
        replace(log, side_info=None), StalenessConfig(table=SMALL, ages=(0, 2), windows=2, questions=500)
    )
    assert not without.cold
    assert without.unknown.tolist() == found.unknown.tolist()


@pytest.mark.slow
@pytest.mark.parametrize(("drift", "sign"), [(0.0, 0), (0.1, -1)])
def test_drift_is_found_and_none_is_invented(drift: float, sign: int) -> None:
    """benchmarks/staleness.py has this over seeds; here one seed of each."""
    shop = designed_shop(DesignedShopConfig(drift=drift, weeks=17)).sequences
    log = split_sessions(shop, gap_minutes=60)
    found = measure_staleness(log, staleness_config(log, word2vec_defaults(log), windows=4))
    slope = found.slope("table", "hr")
    assert slope.sign == sign
    assert slope.half_width <= 0.02


# --- the interval ---


def test_crossed_intervals_hold_as_often_as_they_promise() -> None:
    """1,000 draws of users and windows with effects of both: 95% promised, 92.5% asked for (3.5 standard errors)."""
    rng = np.random.default_rng(0)
    users, windows = (x.ravel() for x in np.meshgrid(np.arange(80), np.arange(6)))
    for of_user, of_window in ((0, 0), (1, 0), (0, 0.3), (1, 0.3)):
        inside = 0
        for _ in range(1_000):
            kept = rng.random(len(users)) < 0.6
            x = (
                rng.normal(size=len(users))
                + of_user * rng.normal(size=80)[users]
                + of_window * rng.normal(size=6)[windows]
            )
            found = crossed_mean(x[kept], users[kept], windows[kept])
            inside += found.low <= 0 <= found.high
        assert inside >= 925, (of_user, of_window, inside)


def test_one_window_or_one_user_says_nothing_about_noise() -> None:
    for users, windows in (([0, 1, 2], [0, 0, 0]), ([0, 0, 0], [0, 1, 2])):
        found = crossed_mean([1.0, 2, 3], users, windows)
        assert np.isinf([found.low, found.high]).all()
        assert found.sign == 0
    with pytest.raises(UsageError, match="finite"):
        crossed_mean([np.nan, 1], [0, 1], [0, 1])
    with pytest.raises(UsageError, match="same cases"):
        crossed_mean([1.0], [0, 1], [0])


def test_all_alike_is_exact() -> None:
    found = crossed_mean([0.0] * 4, [0, 0, 1, 1], [0, 1, 0, 1])
    assert (found.low, found.value, found.high, found.sign) == (0.0, 0.0, 0.0, 0)


def test_shares_of_few_cases_claim_no_certainty() -> None:
    found = crossed_mean([0.0] * 4, [0, 0, 1, 1], [0, 1, 0, 1]).share
    assert found.low == 0.0
    assert found.high > 0.5
    assert crossed_mean([1.0, 1.0], [0, 1], [0, 0]).share.low == 0.0
    coin = np.random.default_rng(0).integers(0, 2, 4_000)
    many = crossed_mean(coin, np.arange(4_000) // 4, np.arange(4_000) % 4)
    assert np.isclose(many.share.high - many.share.low, 2 * many.half_width, rtol=0.05)


# --- the picture ---


def test_the_picture_shows_changes_with_their_intervals() -> None:
    change, low, high = np.array([0.0, -0.1]), np.array([0.0, -0.17]), np.array([0.0, -0.03])
    figure = aging_figure([AgingLine("a <b>", change, low, high, ["", ""], "#123456")], [0, 8], y_title="HR@10")
    (line,) = figure.data
    assert np.allclose(line.y, change)
    assert np.allclose(line.error_y.array, high - change)
    assert np.allclose(line.error_y.arrayminus, change - low)
    assert figure.layout.yaxis.range[0] < -0.17
    assert figure.layout.yaxis.range[1] > 0
    assert "<b>" not in line.name


def test_the_usual_network_is_youtubes() -> None:
    assert isinstance(usual_network(3), YouTubeDNNConfig)
    assert usual_network(3).seed == 3
