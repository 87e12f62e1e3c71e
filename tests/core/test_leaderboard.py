"""The comparison of models: its split, its targets, its rows; popularity and ItemKNN counted again by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import DeepWalkConfig, ItemVectors, PPMISVDConfig, Word2VecConfig
from recemb_core.evaluation.ranking import RankingReport
from recemb_core.evaluation.ties import BestRanks
from recemb_core.experiments.leaderboard import (
    Entry,
    EntryRun,
    Leaderboard,
    PartCases,
    Protocol,
    Query,
    VectorMeasures,
    entry_defaults,
    history_scorer,
    measure,
    measure_all,
    measure_vectors,
    part_cases,
    vector_measures,
)
from recemb_core.experiments.leaderboard.board import cheapest_of
from recemb_core.layouts import sample_rows
from recemb_core.scorers import ItemKNNConfig, PopularityConfig
from recemb_core.sequences import Sequences
from recemb_core.splits import leave_last_out, share_of_repeats
from recemb_core.vocabulary import Vocabulary

LEAST = {"dimensions": 8, "epochs": 1}


def log(
    lists: list[list[str]],
    users: list[str] | None = None,
    times: list[list[float]] | None = None,
    *,
    ordered: bool = True,
) -> Sequences:
    made = Sequences.from_lists(lists, ordered=ordered)
    stamps = None if times is None else np.concatenate([np.array(line, float) for line in times])
    return replace(made, users=None if users is None else np.array(users), timestamps=stamps)


@pytest.fixture(scope="module")
def shop() -> Sequences:
    found = load_dataset("planted_shop").sequences
    assert found is not None
    return found


# --- the split ---


def test_parts_are_older_than_what_they_are_asked_about(shop: Sequences) -> None:
    assert shop.timestamps is not None
    for split in ("leave_last_out", "global_time"):
        for part in ("validation", "test"):
            cases = part_cases(shop, Protocol(split=split), part)  # type: ignore[arg-type]
            assert len(cases.users) == len(cases.histories) == len(cases.targets) <= cases.there
            if cases.cut is not None:
                assert cases.train.timestamps is not None
                assert cases.train.timestamps.max() < cases.cut
    known = leave_last_out(shop)[0]
    test = part_cases(shop, Protocol())
    train, older = leave_last_out(known)
    assert test.train.tokens.tolist() == train.tokens.tolist()
    assert [t.tolist() for t in test.targets] == [t.tolist() for t in older]
    assert part_cases(shop, Protocol(), "test").train.tokens.tolist() == known.tokens.tolist()


def test_validation_knows_nothing_of_the_test_part() -> None:
    """Whatever is held out as the test, training part, histories and targets of the validation are the same."""
    lists = [["a", "b", "c", "d"], ["b", "c", "a", "b"], ["c", "b", "a", "c"]]
    times = [[1.0, 2, 3, 9], [1, 2, 4, 9], [1, 2, 5, 9]]
    base = log(lists, times=times)
    other = log([[*line[:-1], "d" if line[-1] != "d" else "a"] for line in lists], times=times)
    dates = {"validation_from": "1970-01-01T00:00:03", "test_from": "1970-01-01T00:00:08"}
    for protocol in (Protocol(), Protocol(split="global_time", **dates)):  # type: ignore[arg-type]
        one, two = part_cases(base, protocol), part_cases(other, protocol)
        names = lambda cases, rows: [[cases.train.items[int(i)] for i in row] for row in rows]  # noqa: E731
        assert names(one, one.train) == names(two, two.train)
        assert names(one, one.histories) == names(two, two.histories)
        assert names(one, one.targets) == names(two, two.targets)


def test_a_global_cut_asks_about_the_first_event_after_it_of_those_known_by_then() -> None:
    sequences = log(
        [["a", "b"], ["c", "d"], ["a", "c"], ["d"]], ["ann", "ann", "bob", "new"], [[1, 2], [6, 7], [2, 9], [6]]
    )
    dates = {"validation_from": "1970-01-01T00:00:05", "test_from": "1970-01-01T00:00:08"}
    cases = part_cases(sequences, Protocol(split="global_time", **dates))  # type: ignore[arg-type]
    assert cases.users.tolist() == ["ann"]  # bob comes back in the test part only, new has no history
    assert [h.tolist() for h in cases.histories] == [[0, 1]]
    assert [t.tolist() for t in cases.targets] == [[2]]
    test = part_cases(sequences, Protocol(split="global_time", **dates), "test")  # type: ignore[arg-type]
    assert test.users.tolist() == ["bob"]


def test_a_basket_is_never_cut() -> None:
    sequences = log(
        [["a", "b"], ["c", "d"], ["a", "d"]], ["ann"] * 3, [[1, 1], [4, 6], [9, 9]], ordered=False
    )  # the second begins before the cut
    dates = {"validation_from": "1970-01-01T00:00:05", "test_from": "1970-01-01T00:00:09"}
    with pytest.raises(ValueError, match="nobody has both"):
        part_cases(sequences, Protocol(split="global_time", targets="all", **dates))  # type: ignore[arg-type]
    test = part_cases(sequences, Protocol(split="global_time", targets="all", **dates), "test")  # type: ignore[arg-type]
    assert [t.tolist() for t in test.targets] == [[0, 3]]
    assert len(test.train.tokens) == 4


def test_the_share_of_repeats_decides_what_is_masked() -> None:
    films = log([["a", "b", "c", "d"], ["b", "c", "d", "a"]])
    milk = log([["a", "b", "a", "b", "a"], ["b", "a", "b", "a", "b"]])
    assert share_of_repeats(films) == 0.0
    assert share_of_repeats(log([["a", "b"], ["b", "c"]], ["ann", "ann"], ordered=False)) == 0.5
    crawler = log([["a", "b", "c", "d"]] * 30 + [["a", "b"] * 500])
    choice = part_cases(crawler, Protocol()).choice
    assert choice.repeats == pytest.approx(1 / 31, rel=0.01), "one visitor counts no more than another"
    assert choice.targets == "first_time"
    for sequences, targets in ((films, "first_time"), (milk, "all")):
        choice = part_cases(sequences, Protocol()).choice
        assert (choice.targets, choice.decided) == (targets, True)
        assert choice.masked == (targets == "first_time")
    asked = part_cases(milk, Protocol(targets="repeated")).choice
    assert (asked.targets, asked.decided) == ("repeated", False)
    with pytest.raises(ValueError, match="no first-time target"):
        part_cases(milk, Protocol(targets="first_time"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"split": "random"}, "split must be"),
        ({"test_share": 0.0}, "test_share must be"),
        ({"validation_share": 0.6, "test_share": 0.5}, "below 1"),
        ({"ks": ()}, "ks must be"),
        ({"ks": (10, 10)}, "ks must be"),
        ({"targets": "new"}, "targets must be"),
        ({"most_users": 1}, "most_users must be"),
        ({"validation_from": "2011-01-01"}, "or neither"),
        ({"validation_from": "soon", "test_from": "later"}, "must be a date"),
        ({"validation_from": "2011-02-01", "test_from": "2011-01-01"}, "later than"),
    ],
)
def test_a_protocol_that_cannot_be_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Protocol(**wrong)  # type: ignore[arg-type]


def test_a_log_that_cannot_be_cut_is_told_so() -> None:
    timeless = log([["a", "b", "c"]])
    with pytest.raises(ValueError, match="no times"):
        part_cases(timeless, Protocol(split="global_time"))
    with pytest.raises(ValueError, match="too few different times"):
        part_cases(log([["a", "b", "c"]], times=[[1, 1, 1]]), Protocol(split="global_time"))
    dates = {"validation_from": "2011-01-01", "test_from": "2011-02-01"}
    with pytest.raises(ValueError, match="inside the time"):
        part_cases(log([["a", "b", "c"]], times=[[1, 2, 3]]), Protocol(split="global_time", **dates))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nobody has both"):
        part_cases(log([["a", "b"], ["b", "a"]]), Protocol())


# --- popularity and ItemKNN, counted again ---


def hits_by_hand(cases: PartCases, scores: np.ndarray, k: int) -> np.ndarray:
    """P(hit) of each user that is asked, ties in random order, by sorting everything; one target a user."""
    found = []
    for history, target, line in zip(cases.histories, cases.targets, scores, strict=True):
        if cases.choice.masked and target[0] in history:
            continue
        rest = np.setdiff1d(np.arange(len(line)), history) if cases.choice.masked else np.arange(len(line))
        above, same = (line[rest] > line[target[0]]).sum(), (line[rest] == line[target[0]]).sum()
        found.append(np.clip(k - above, 0, same) / same)
    return np.array(found)


@pytest.mark.parametrize("targets", ["all", "first_time"])
@pytest.mark.parametrize("part", ["validation", "test"])
def test_popularity_and_item_knn_recomputed(shop: Sequences, targets: str, part: str) -> None:
    cases = part_cases(shop, Protocol(targets=targets), part)  # type: ignore[arg-type]
    n = len(shop.items)
    held = np.zeros((len(cases.train), n))
    for row, line in enumerate(cases.train):
        held[row, line] = 1
    together = held.T @ held
    cosine = together / np.sqrt(np.outer(together.diagonal(), together.diagonal()).clip(1))
    np.fill_diagonal(cosine, 0)
    popular = np.tile(np.bincount(cases.train.tokens, minlength=n), (len(cases.users), 1))
    alike = np.array([cosine[np.unique(history)].sum(axis=0) for history in cases.histories])
    for config, scores in ((PopularityConfig(), popular), (ItemKNNConfig(neighbors=n), alike)):
        run = measure(cases, Entry(name="row", config=config))
        by_hand = hits_by_hand(cases, scores, 10)
        # Sums in another order round otherwise, which parts ties: a user or two of a thousand.
        assert run.views["main"].hit_rate[10].value == pytest.approx(by_hand.mean(), abs=2e-3)
        if config == PopularityConfig():
            np.testing.assert_allclose(run.views["main"].user_hits(10), by_hand, rtol=1e-12)


# --- rows ---


def test_a_run_comes_back_from_its_arrays(shop: Sequences) -> None:
    cases = part_cases(shop, Protocol())
    run = measure(cases, Entry(name="walks", config=DeepWalkConfig(**LEAST, num_walks=1)), seed=3)  # type: ignore[arg-type]
    again = EntryRun.from_arrays(run.to_arrays())
    assert (again.name, again.seed, again.part, again.bytes) == ("walks", 3, "validation", run.bytes)
    assert run.bytes >= 2 * 4 * 8 * len(shop.items)
    assert again.views.keys() == run.views.keys()
    for view, report in run.views.items():
        np.testing.assert_array_equal(report.user_hits(10), again.views[view].user_hits(10))
        np.testing.assert_array_equal(report.user_ndcg, again.views[view].user_ndcg)


def test_head_and_tail_part_the_targets(shop: Sequences) -> None:
    cases = part_cases(shop, Protocol())
    views = measure(cases, Entry(name="floor", config=PopularityConfig())).views
    assert views["head"].targets + views["tail"].targets == views["main"].targets
    assert views["first_time"].targets + views["repeated"].targets == views["all"].targets
    counts = cases.train.counts
    assert counts[cases.head].sum() >= counts.sum() / 2 > counts[cases.head].sum() - counts[cases.head].min()
    assert views["tail"].hit_rate[10].value == 0.0  # the ten most taken are of the head


def test_of_one_seed_the_same_figures(shop: Sequences) -> None:
    cases = part_cases(shop, Protocol(most_users=200))
    entry = Entry(name="w", config=Word2VecConfig(**LEAST), query=Query(newest=1, score="in_out"))  # type: ignore[arg-type]
    one, two, other = (measure(cases, entry, seed).views["main"].user_ndcg for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_rows_of_one_training_share_it_and_rows_without_a_seed_run_once(shop: Sequences) -> None:
    cases = part_cases(shop, Protocol(most_users=200))
    config = Word2VecConfig(**LEAST)  # type: ignore[arg-type]
    entries = [
        Entry(name="floor", config=PopularityConfig()),
        Entry(name="cosine", config=config),
        Entry(name="in · out", config=config, query=Query(score="in_out")),
    ]
    told: list[float] = []
    board = Leaderboard.of(measure_all(cases, entries, (0, 1, 2), progress=lambda done, stage: told.append(done)))
    assert {name: [run.seed for run in row.runs] for name, row in board.rows.items()} == {
        "floor": [None],
        "cosine": [0, 1, 2],
        "in · out": [0, 1, 2],
    }
    assert told == sorted(told)
    cosine, other = board.rows["cosine"].runs[0], board.rows["in · out"].runs[0]
    assert cosine.train_seconds == other.train_seconds
    comparison = board.compare("hr", 10)
    assert set(comparison.order) == set(board.rows)
    assert board.advice(comparison).take in comparison.top
    with pytest.raises(ValueError, match="other users"):
        board.plus(entries[0], measure(part_cases(shop, Protocol(most_users=100)), entries[0]))


def test_a_time_that_is_short_by_chance_is_not_cheaper() -> None:
    """The same setting took .085 to .79 s on a busy computer."""
    slow = [0.39, 0.4, 0.79, 0.6, 0.35]
    assert cheapest_of(("slow", "quick"), {"slow": slow, "quick": [0.18, 0.085, 0.1, 0.12, 0.36]}) == "slow"
    assert cheapest_of(("slow", "quick"), {"slow": slow, "quick": [0.18, 0.085, 0.1, 0.12, 0.3]}) == "quick"
    assert cheapest_of(("slow", "near"), {"slow": slow, "near": [0.3] * 5}) == "slow", "not half of it"
    assert cheapest_of(("known", "brought"), {"known": slow, "brought": [float("nan")]}) == "known"


def test_the_advice_takes_the_cheaper_of_equals_alone() -> None:
    user, board = np.arange(800), Leaderboard({})
    runs = {"best": (0, 320, 30.0), "cheap": (20, 338, 1.0), "alike": (10, 329, 20.0), "bad": (0, 40, 0.1)}
    for name, (first, last, seconds) in runs.items():
        entry = Entry(name=name, config=PopularityConfig())
        board = board.plus(entry, fake_run(name, (user >= first) & (user < last), seconds))
    comparison = board.compare()
    assert set(comparison.top) == {"best", "cheap", "alike"}
    assert board.advice(comparison).take == "cheap"
    assert "Take the cheaper: cheap, trained in 1 s against" in board.advice(comparison).words
    some = board.compare(names=["best", "alike", "bad"])
    assert board.advice(some).take == some.order[0] == "best"
    assert "none of these trains clearly in half its time" in board.advice(some).words
    once = board.plus(Entry(name="once", config=DeepWalkConfig()), fake_run("once", user < 700, 1.0, seed=0))
    assert "once: fewer than three seeds, so nothing can be said of it." in once.advice(once.compare()).words
    assert not once.advice(once.compare()).words.startswith("best is better")
    with pytest.raises(ValueError, match="nothing is measured"):
        Leaderboard({}).advice(comparison)


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_row_is_not_better_than_what_has_too_few_seeds(seeds: int) -> None:
    """'recemb evaluate --seeds 1' said that popularity is better than a model with three times its score."""
    user, board = np.arange(800), Leaderboard({})
    board = board.plus(Entry(name="floor", config=PopularityConfig()), fake_run("floor", user < 100, 0.1))
    assert board.advice(board.compare()).words == "There is nothing to compare floor with."
    for seed in range(seeds):
        board = board.plus(Entry(name="model", config=DeepWalkConfig()), fake_run("model", user < 700, 1.0, seed=seed))
    words = board.advice(board.compare()).words
    assert words.startswith("There is nothing to compare floor with. model: fewer than three seeds")
    board = board.plus(Entry(name="worse", config=PopularityConfig()), fake_run("worse", user < 10, 0.1))
    assert board.advice(board.compare()).words.startswith("floor is better than every other measured row beyond noise.")


def fake_run(name: str, hits: np.ndarray, seconds: float, seed: int | None = None) -> EntryRun:
    """A run that hit these users at the first place, and the others not at all."""
    n = len(hits)
    best = BestRanks(np.where(hits, 1, 999), np.ones(n, int), np.ones(n, int))
    by_user = np.repeat(hits[:, None].astype(float), 2, axis=1)
    report = RankingReport((10, 20), {10: 0.5, 20: 0.5}, n, 0, False, best, by_user, by_user, np.arange(n))
    return EntryRun(name, "validation", seed, {"main": report}, np.zeros(n), seconds, 1.0, 8)


def test_a_query_by_hand() -> None:
    rows = np.array([[1, 0], [1, 1], [0, 2]], np.float32)
    out = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    vectors = ItemVectors(Vocabulary("abc"), rows, out, np.array([9, 2, 0]))
    history = [np.array([0, 1, 1, 2])]
    for query, mean in (
        (Query(newest=1, score="in_out"), rows[2]),
        (Query(newest=2, score="in_out"), (rows[1] + rows[2]) / 2),
        (Query(score="in_out"), (rows[0] + 2 * rows[1] + rows[2]) / 4),
        (Query(half_life=1, score="in_out"), (rows[0] / 8 + rows[1] / 4 + rows[1] / 2 + rows[2]) / 1.875),
    ):
        expected = out @ mean
        expected[2] = -np.inf  # never seen
        np.testing.assert_allclose(history_scorer(vectors, query)(history)[0], expected, rtol=1e-6)
    rare = history_scorer(vectors, Query(min_count=3))(history)[0]
    assert np.isneginf(rare).tolist() == [False, True, True]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = history_scorer(replace(vectors, counts=None), Query())(history)[0]
    np.testing.assert_allclose(found, unit @ (unit[0] + 2 * unit[1] + unit[2]) / 4, rtol=1e-6)
    assert (history_scorer(vectors, Query(score="in_out"))([np.array([], dtype=int)])[0, :2] == 0).all()


def test_new_links_are_those_that_only_the_held_out_part_joins() -> None:
    clicks = log([["a", "b", "c", "d", "e"], ["b", "c", "d", "a", "e"], ["c", "b", "e", "b", "a"]])
    cases = part_cases(clicks, Protocol(targets="all"))
    names = [[cases.train.items[int(i)] for i in pair] for pair in cases.links[0]]
    # Steps known: ab bc, bc cd, cb be. Next come cd (known), da, eb.
    assert sorted(names) == [["d", "a"], ["e", "b"]]
    none = {tuple(pair) for pair in cases.links[1].tolist()}
    known = {(0, 1), (1, 2), (2, 3), (2, 1), (1, 4)}
    assert len(none) == 2
    assert not none & (known | {(3, 0), (4, 1)})
    assert all(a != b for a, b in none)
    baskets = log([["a", "b"], ["b", "c"], ["a", "b", "c"], ["a"]], ["ann"] * 4, ordered=False)
    new, _ = part_cases(baskets, Protocol(targets="all")).links
    assert [[baskets.items[int(i)] for i in pair] for pair in new] == [["a", "c"]]


def test_vectors_are_measured_by_links_and_fields(shop: Sequences) -> None:
    cases = part_cases(shop, Protocol(most_users=300))
    good = Entry(name="good", config=PPMISVDConfig(dimensions=16), query=Query())
    run = measure(cases, good)
    assert run.vectors is not None
    assert shop.side_info is not None
    assert set(run.vectors.purity) == {"department", "brand", "price_band"}
    assert run.vectors.purity["department"] > 0.5 > run.vectors.purity_chance["department"]
    rng, size = np.random.default_rng(0), (len(shop.items), 16)
    random = [ItemVectors(shop.items, rng.normal(size=size).astype(np.float32)) for _ in range(30)]
    by_chance = [measure_vectors(cases, vectors, Query()) for vectors in random]
    assert abs(np.mean([found.link_auc for found in by_chance]) - 0.5) < 0.07  # 30 of a standard error of .09 each
    assert by_chance[0].links == run.vectors.links >= 20
    assert by_chance[0].purity["department"] < 0.2
    again = EntryRun.from_arrays(run.to_arrays())
    assert again.vectors == run.vectors
    assert measure(cases, Entry(name="floor", config=PopularityConfig())).vectors is None


def test_purity_of_many_items_is_that_of_a_sample(shop: Sequences, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = part_cases(shop, Protocol(most_users=300))
    rng = np.random.default_rng(0)
    vectors = ItemVectors(shop.items, rng.normal(size=(len(shop.items), 4)).astype(np.float32))
    every = measure_vectors(cases, vectors, Query())
    monkeypatch.setattr(vector_measures, "ALL", 30)
    monkeypatch.setattr(vector_measures, "ASKED", 20)
    some = measure_vectors(cases, vectors, Query())
    assert (every.asked, some.asked) == (None, 20)
    assert VectorMeasures(**every.to_json()) == every
    assert VectorMeasures(**some.to_json()) == some
    assert (every.link_auc, every.links) == (some.link_auc, some.links)
    assert shop.side_info is not None
    rows = sample_rows(len(vectors), 20)
    for field in some.purity:
        kinds = shop.side_info[field].to_list()
        unit = vectors.vectors / np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
        scores = unit[rows] @ unit.T
        scores[np.arange(20), rows] = -np.inf
        lists = np.argsort(-scores, axis=1)[:, :10]
        shares = [np.mean([kinds[j] == kinds[i] for j in row]) for i, row in zip(rows, lists, strict=True)]
        assert some.purity[field] == pytest.approx(np.mean(shares))
        assert some.purity[field] != every.purity[field]


def test_no_network_stands_twice_where_nobody_takes_anything_twice() -> None:
    films, milk = log([["a", "b", "c"], ["b", "c", "a"]]), log([["a", "b", "a"], ["b", "c", "b"]])
    with_repeats = {*entry_defaults(milk, recall=True)} - {*entry_defaults(films, recall=True)}
    assert with_repeats == {"Two-tower, first-time targets"}


def test_a_result_is_found_by_settings_and_not_by_name() -> None:
    protocol, config = Protocol(), DeepWalkConfig(**LEAST)  # type: ignore[arg-type]
    one, two = Entry(name="one", config=config), Entry(name="two", config=replace(config, seed=5))
    key = precomputed.run_key("0a", protocol, one, "validation", 1)
    assert key == precomputed.run_key("0a", protocol, two, "validation", 1)
    others = [
        precomputed.run_key("0a", replace(protocol, most_users=5), one, "validation", 1),
        precomputed.run_key("0a", protocol, replace(one, query=Query(newest=1)), "validation", 1),
        precomputed.run_key("0a", protocol, one, "test", 1),
        precomputed.run_key("0a", protocol, one, "validation", 2),
    ]
    assert len({key, *others}) == 5
    assert key.identity["versions"]["leaderboard"] >= 1


def test_an_entry_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="config must be that of"):
        Entry(name="nothing", config=Protocol())
    with pytest.raises(ValueError, match="query must be left out"):
        Entry(name="floor", config=PopularityConfig(), query=Query())
    for wrong in ({"newest": 0}, {"half_life": 0.0}, {"score": "dot"}, {"min_count": -1}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            Query(**wrong)  # type: ignore[arg-type]
