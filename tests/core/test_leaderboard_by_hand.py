"""Every measure of the leaderboard on invented logs, worked out again from the raw events with plain NumPy."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from recemb_core.brought import Brought, BroughtConfig
from recemb_core.experiments.leaderboard import (
    Entry,
    EntryRun,
    Leaderboard,
    PartCases,
    Protocol,
    Query,
    brought_row,
    measure,
    measure_trained,
    part_cases,
    popularity_link_auc,
)
from recemb_core.scorers import ItemKNNConfig, PopularityConfig
from recemb_core.sequences import Sequences

K = 5
Log = dict[str, list[str]]


def ratings() -> Log:
    """Nobody takes anything twice."""
    draw = random.Random(1)
    return {f"u{user}": draw.sample([f"film {i}" for i in range(40)], draw.randint(4, 15)) for user in range(60)}


def favorites() -> Log:
    """Everybody comes back to a few things."""
    draw, found = random.Random(2), {}
    for user in range(50):
        own = draw.sample(range(30), 4)
        found[f"u{user}"] = [
            f"good {draw.choice(own) if draw.random() < 0.7 else draw.randrange(30)}" for _ in range(9)
        ]
    return found


def crawler() -> Log:
    """One visitor clicks more than all others together; many counts are equal; some items come last and once only."""
    draw = random.Random(3)
    found = {f"u{user}": [f"page {draw.randrange(25)}" for _ in range(draw.randint(3, 6))] for user in range(40)}
    found["robot"] = [f"page {i % 25}" for i in range(902)]
    for user in range(0, 40, 6):
        found[f"u{user}"].append(f"new {user}")
    return found


LOGS = {"ratings": ratings, "favorites": favorites, "crawler": crawler}


class ByHand:
    """A split, and every list of a model's scores, from the events themselves; everybody has three events or more."""

    def __init__(self, log: Log, part: str, items: tuple[str, ...]) -> None:
        self.items, self.row, end = items, {item: i for i, item in enumerate(items)}, 2 if part == "validation" else 1
        self.past = {user: [self.row[item] for item in line[:-end]] for user, line in log.items()}
        self.next = {user: self.row[line[-end]] for user, line in log.items()}
        self.repeats = float(
            np.mean(
                [
                    np.mean([item in line[:at] for at, item in enumerate(line[:-2]) if at])
                    for line in log.values()
                    if len(line) > 3
                ]
            )
        )
        self.masked = self.repeats < 0.05
        counts = Counter(item for line in self.past.values() for item in line)
        self.counts = np.array([counts[i] for i in range(len(items))])
        self.head, sofar = np.zeros(len(items), bool), 0
        for i in sorted(range(len(items)), key=lambda i: -self.counts[i]):
            if 2 * sofar < self.counts.sum() and self.counts[i]:
                self.head[i], sofar = True, sofar + self.counts[i]

    def users(self, view: str) -> list[str]:
        def counts(user: str) -> bool:
            target, again = self.next[user], self.next[user] in self.past[user]
            if (view == "first_time" or (self.masked and view != "repeated")) and again:
                return False
            return {"repeated": again, "head": self.head[target], "tail": not self.head[target]}.get(view, True)

        return [user for user in self.next if counts(user)]

    def allowed(self, user: str, view: str, offered: np.ndarray) -> np.ndarray:
        mask = view == "first_time" or (self.masked and view != "repeated")
        return offered & ~np.isin(np.arange(len(self.items)), self.past[user] if mask else [])

    def figures(self, scores: dict[str, np.ndarray], view: str, offered: np.ndarray) -> dict[str, float]:
        hits, gains, places = [], [], []
        for user in self.users(view):
            s, target, allowed = scores[user], self.next[user], self.allowed(user, view, offered)
            if not allowed[target]:
                at = np.array([np.inf])
            else:  # every place that it may have among its ties
                at = (s[allowed] > s[target]).sum() + 1.0 + np.arange((s[allowed] == s[target]).sum())
            hits.append((at <= K).mean())
            gains.append(np.where(at <= K, 1 / np.log2(1 + at), 0).mean())
            places.append((1 / at).mean())
        return {"hr": float(np.mean(hits)), "ndcg": float(np.mean(gains)), "mrr": float(np.mean(places))}

    def lists(self, scores: dict[str, np.ndarray], offered: np.ndarray) -> tuple[float, float]:
        """(coverage, share of the head), each item by its chance to be among the first K."""
        missed, heads = np.ones(len(self.items)), []
        for user in self.users("main"):
            s, allowed = scores[user], self.allowed(user, "main", offered)
            above = np.array([(s[allowed] > value).sum() for value in s])
            tied = np.array([(s[allowed] == value).sum() for value in s])
            chance = np.where(allowed, np.clip((K - above) / np.maximum(tied, 1), 0, 1), 0)
            missed *= 1 - chance
            heads.append(chance[self.head].sum() / chance.sum())
        return float((1 - missed).mean()), float(np.mean(heads))


def opened(name: str, part: str) -> tuple[ByHand, PartCases]:
    log = LOGS[name]()
    made = Sequences.from_lists(list(log.values()))
    times = np.concatenate([np.arange(len(line)) * 60.0 + 1e9 for line in log.values()])
    side = pl.DataFrame({"kind": [item[-1] for item in made.items.ids]})
    sequences = replace(made, users=np.array(list(log)), timestamps=times, side_info=side)
    return ByHand(log, part, made.items.ids), part_cases(sequences, Protocol(ks=(K,)), part)  # type: ignore[arg-type]


def compared(hand: ByHand, run: EntryRun, entry: Entry, scores: dict[str, np.ndarray], offered: np.ndarray) -> None:
    board = Leaderboard.of([(entry, run)])
    for view in ("main", "first_time", "repeated", "head", "tail"):
        if not hand.users(view):
            assert view not in run.views
            continue
        assert run.views[view].users == len(hand.users(view))
        for measure_, value in hand.figures(scores, view, offered).items():
            found = board.estimate(entry.name, measure_, K, view).value  # type: ignore[arg-type]
            assert found == pytest.approx(value, abs=1e-9), (view, measure_)
    coverage, head = hand.lists(scores, offered)
    assert board.coverage(entry.name, K) == pytest.approx(coverage, abs=1e-9)
    assert board.head_share(entry.name).value == pytest.approx(head, abs=1e-9)


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("name", LOGS)
def test_the_split_is_what_the_events_say(name: str, part: str) -> None:
    hand, cases = opened(name, part)
    assert cases.users.tolist() == list(hand.next)
    assert [history.tolist() for history in cases.histories] == list(hand.past.values())
    assert [target.tolist() for target in cases.targets] == [[target] for target in hand.next.values()]
    assert cases.choice.repeats == pytest.approx(hand.repeats)
    assert cases.choice.masked == hand.masked == (name == "ratings")
    np.testing.assert_array_equal(cases.train.counts, hand.counts)
    np.testing.assert_array_equal(cases.head, hand.head)
    wanted = [hand.head[hand.next[user]] for user in hand.users("main")]
    assert cases.head_targets == pytest.approx(np.mean(wanted))


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("name", LOGS)
def test_scorers_with_many_ties(name: str, part: str) -> None:
    hand, cases = opened(name, part)
    n = len(hand.items)
    every = np.ones(n, bool)
    entry = Entry(name="floor", config=PopularityConfig())
    compared(hand, measure(cases, entry), entry, dict.fromkeys(hand.next, hand.counts.astype(float)), every)
    held = np.array([np.isin(np.arange(n), line) for line in hand.past.values()], dtype=float)
    together = held.T @ held
    square = together**2 / np.outer(together.diagonal(), together.diagonal()).clip(1)  # of whole numbers: ties are ties
    alike = np.sqrt(square) * ~np.eye(n, dtype=bool)
    entry = Entry(name="alike", config=ItemKNNConfig(neighbors=n, last=1))
    scores = {user: alike[line[-1]].astype(np.float32) for user, line in hand.past.items()}
    compared(hand, measure(cases, entry), entry, scores, every)


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("name", LOGS)
def test_vectors_of_most_items(name: str, part: str) -> None:
    """Lists, links and a field, of vectors made elsewhere that some items lack."""
    hand, cases = opened(name, part)
    n = len(hand.items)
    known = np.arange(n) % 7 != 3
    rows = np.random.default_rng(4).normal(size=(n, 3)).astype(np.float32)
    config = BroughtConfig(name="mine", digest="", form="", dimensions=3, rows=int(known.sum()))
    brought = Brought(config, tuple(np.array(hand.items)[known].tolist()), rows[known])
    entry, vectors = brought_row(cases, brought, query=Query(half_life=2.0))
    run = measure_trained(cases, entry, vectors)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True) * known[:, None]
    scores = {}
    for user, line in hand.past.items():
        weights = 0.5 ** (np.arange(len(line))[::-1] / 2.0)
        scores[user] = unit.astype(np.float64) @ (weights @ unit[line])
    compared(hand, run, entry, scores, known)
    # Links: the newest item of a history and its target, where no history goes from the one to the other.
    steps = {pair for line in hand.past.values() for pair in pairwise(line)}
    came = {(line[-1], hand.next[user]) for user, line in hand.past.items() if line[-1] != hand.next[user]}
    new, none = (cases.links[i].tolist() for i in (0, 1))
    assert {tuple(pair) for pair in new} == came - steps
    assert len(none) == min(len(new), len(none)) > 0
    assert not {tuple(pair) for pair in none} & (came | steps)

    def auc(score: np.ndarray) -> float:
        ones, zeros = (np.array([score[a, b] for a, b in pairs]) for pairs in (new, none))
        return float(((ones[:, None] > zeros).mean() + (ones[:, None] >= zeros).mean()) / 2)

    both = np.where(np.outer(known, known), unit @ unit.T, -np.inf)
    assert run.vectors is not None
    assert run.vectors.link_auc == pytest.approx(auc(both), abs=2e-3)
    assert popularity_link_auc(cases) == pytest.approx(auc(np.outer(hand.counts, hand.counts)))
    # Purity: of each item with a vector, the ten nearest others with one.
    shares = []
    for i in np.flatnonzero(known):
        order = sorted((j for j in np.flatnonzero(known) if j != i), key=lambda j: -float(unit[i] @ unit[j]))[:10]
        shares.append(np.mean([hand.items[j][-1] == hand.items[i][-1] for j in order]))
    assert run.vectors.purity["kind"] == pytest.approx(np.mean(shares), abs=1e-6)
