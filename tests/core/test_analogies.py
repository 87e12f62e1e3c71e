"""Vector arithmetic and its questions: against loops over all items, planted answers, and chance."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.evaluation.analogies import (
    EPSILON,
    Analogies,
    analogies,
    analogy_fields,
    arithmetic,
    measure_analogies,
)
from recemb_core.validation import UsageError

KINDS, SIZES = 12, 3


def grid(noise: float = 0.0, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Items of every kind in every size: a direction a kind and one a size, and noise."""
    rng = np.random.default_rng(seed)
    kinds, sizes = rng.normal(size=(KINDS, 24)), rng.normal(size=(SIZES, 24))
    items = list(product(range(KINDS), range(SIZES)))
    vectors = np.array([kinds[i] + sizes[j] for i, j in items]) + noise * rng.normal(size=(len(items), 24))
    fields = {"kind": np.array([f"k{i}" for i, _ in items]), "size": np.array([f"s{j}" for _, j in items])}
    return fields, vectors.astype(np.float32)


def by_hand(vectors: np.ndarray, plus: list[int], minus: list[int], how: str) -> list[float]:
    unit = [v / np.linalg.norm(v) for v in np.asarray(vectors, dtype=float)]
    if how == "add":
        asked = sum(unit[p] for p in plus) - sum((unit[m] for m in minus), np.zeros(len(unit[0])))
        return [float(u @ asked / np.linalg.norm(asked)) for u in unit]
    found = []
    for u in unit:
        value = 1.0
        for p in plus:
            value *= (u @ unit[p] + 1) / 2
        for m in minus:
            value /= (u @ unit[m] + 1) / 2 + EPSILON
        found.append(value)
    return found


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 8), min_size=1, max_size=4),
    st.lists(st.integers(0, 8), max_size=3),
    st.sampled_from(("add", "mul")),
)
def test_scores_are_those_of_the_formula(seed: int, plus: list[int], minus: list[int], how: str) -> None:
    vectors = np.random.default_rng(seed).normal(size=(9, 5)).astype(np.float32)
    asked = sum(vectors[p] / np.linalg.norm(vectors[p]) for p in plus)
    asked = asked - sum((vectors[m] / np.linalg.norm(vectors[m]) for m in minus), np.zeros(5))
    if np.linalg.norm(asked) < 1e-3:
        return  # nothing is left to point anywhere
    found = arithmetic(vectors, plus, minus, how=how)  # type: ignore[arg-type]
    assert found == pytest.approx(by_hand(vectors, plus, minus, how), rel=1e-3, abs=1e-4)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("pq")), min_size=2, max_size=14)
)
def test_every_question_that_there_is_and_no_other(items: list[tuple[str, str, str]]) -> None:
    columns = zip(*items, strict=True)
    fields = {name: np.array(values) for name, values in zip(("one", "two", "three"), columns, strict=True)}
    cells = set(items)
    wanted = {  # (from, to, a's and b's rest, c's and the answer's rest)
        (a[0], b[0], a[1:], c[1:])
        for a, b, c in product(cells, cells, cells)
        if a[1:] == b[1:] and a[0] != b[0] and a[0] == c[0] and c[1:] != a[1:] and (b[0], *c[1:]) in cells
    }
    if not wanted:
        with pytest.raises(UsageError, match="no analogy to ask"):
            analogies(fields, "one")
        return
    asked = analogies(fields, "one")
    assert asked.there == len(wanted) == len(asked)
    found = set()
    for at, (a, b, c) in enumerate(zip(asked.a, asked.b, asked.c, strict=True)):
        right = np.flatnonzero(asked.cell == asked.target[at])
        assert items[a][1:] == items[b][1:]
        assert items[a][0] == items[c][0]
        assert {items[row] for row in right} == {(items[b][0], *items[c][1:])}
        found.add((items[a][0], items[b][0], items[a][1:], items[c][1:]))
    assert found == wanted


def test_few_are_drawn_of_many_and_the_same_again() -> None:
    fields, _ = grid()
    asked, again, other = (analogies(fields, "size", most=20, seed=seed) for seed in (0, 0, 1))
    assert len(asked) == 20 < asked.there
    assert (asked.a == again.a).all()
    assert not (np.array_equal(asked.a, other.a) and np.array_equal(asked.b, other.b))


def test_a_step_that_is_one_direction_is_found_and_noise_is_not() -> None:
    fields, vectors = grid(noise=0.05)
    asked = analogies(fields, "size")
    found = measure_analogies(vectors, asked)
    assert found.accuracy.value > 0.95
    assert found.gain.low > 0
    assert found.accuracy.low <= found.accuracy.value <= found.accuracy.high
    blind = measure_analogies(np.random.default_rng(5).normal(size=vectors.shape).astype(np.float32), asked, k=5)
    assert abs(blind.accuracy.value - blind.chance) < 0.1
    assert blind.gain.low < 0 < blind.gain.high


def loop(vectors: np.ndarray, asked: Analogies, k: int) -> tuple[float, float, float]:
    """(accuracy, that of C's neighbors, share given back), one question after the other."""
    hits = near = back = 0
    for at in range(len(asked)):
        given = [int(side[at]) for side in (asked.a, asked.b, asked.c)]
        scores = np.array(by_hand(vectors, given[1:], given[:1], "add"))
        back += int(scores.argmax()) in given
        own = np.array(by_hand(vectors, given[2:], [], "add"))
        for table in (scores, own):
            table[given] = -np.inf
        right = set(np.flatnonzero(asked.cell == asked.target[at])) - set(given)
        hits += bool(right & set(np.argsort(-scores)[:k]))
        near += bool(right & set(np.argsort(-own)[:k]))
    return hits / len(asked), near / len(asked), back / len(asked)


@pytest.mark.parametrize("k", [1, 3])
def test_rates_are_those_of_a_loop(k: int) -> None:
    fields, vectors = grid(noise=1.0)
    asked = analogies(fields, "size", most=120)
    found = measure_analogies(vectors, asked, k=k)
    accuracy, near, back = loop(vectors, asked, k)
    assert (found.accuracy.value, found.nearest.value) == (accuracy, near)
    assert found.gain.value == pytest.approx(accuracy - near)
    assert found.given_back == back
    assert found.questions == 120
    assert found.groups == len(set(asked.group.tolist()))


def test_chance_is_that_of_blind_draws() -> None:
    fields, vectors = grid()
    asked = analogies(fields, "kind")
    found, rng = measure_analogies(vectors, asked, k=4), np.random.default_rng(0)
    hits = []
    for at in rng.integers(0, len(asked), 4_000):
        others = np.setdiff1d(np.arange(len(vectors)), [asked.a[at], asked.b[at], asked.c[at]])
        hits.append((asked.cell[rng.choice(others, 4, replace=False)] == asked.target[at]).any())
    assert found.chance == pytest.approx(np.mean(hits), abs=0.02)


@pytest.mark.slow
def test_an_interval_covers_what_other_targets_would_give() -> None:
    """Kinds are drawn anew: in about 95 of 100 draws the interval holds the mean over many."""
    means, intervals = [], []
    for seed in range(120):
        fields, vectors = grid(noise=0.9, seed=seed)
        found = measure_analogies(vectors, analogies(fields, "size", most=300)).accuracy
        means.append(found.value)
        intervals.append((found.low, found.high))
    truth = float(np.mean(means))
    covered = np.mean([low <= truth <= high for low, high in intervals])
    assert covered > 0.7, covered  # steps are shared by all targets of a draw, which no interval over targets knows


def test_held_fields_are_as_many_as_leave_questions() -> None:
    fields, _ = grid()
    fields["id"] = np.arange(len(fields["kind"]))
    assert analogy_fields(fields, "size") == ("kind",)
    assert analogy_fields({"size": fields["size"]}, "size") == ()
    assert analogy_fields({"id": fields["id"], "size": fields["size"]}, "size") == ()


def test_what_is_missing_is_in_no_question() -> None:
    kind = np.array(["tea", "tea", "nail", "nail", None, "nail"], dtype=object)
    size = np.array(["s", "l", "s", "l", "l", float("nan")], dtype=object)
    asked = analogies({"kind": kind, "size": size}, "size")
    assert asked.cell[4] == asked.cell[5] == -1
    assert {4, 5}.isdisjoint({*asked.a.tolist(), *asked.b.tolist(), *asked.c.tolist()})


def test_what_cannot_be_asked_is_said() -> None:
    fields, vectors = grid()
    asked = analogies(fields, "size")
    with pytest.raises(UsageError, match="there is no field 'color'"):
        analogies(fields, "color")
    with pytest.raises(UsageError, match="cannot stay as well"):
        analogies(fields, "size", ["size"])
    with pytest.raises(UsageError, match="no analogy to ask"):
        analogies({"kind": np.array(["a", "b"]), "size": np.array(["s", "l"])}, "size")
    with pytest.raises(UsageError, match="no item has a value"):
        analogies({"kind": np.array([None, None]), "size": np.array(["s", "l"])}, "size")
    with pytest.raises(UsageError, match="36 items and the vectors of 35"):
        measure_analogies(vectors[:-1], asked)
    with pytest.raises(UsageError, match="k must be"):
        measure_analogies(vectors, asked, k=0)
    for plus, minus in (([], []), ([99], []), ([0], [-1])):
        with pytest.raises(UsageError):
            arithmetic(vectors, plus, minus)
    with pytest.raises(UsageError, match="how must be"):
        arithmetic(vectors, [0], how="sum")  # type: ignore[arg-type]
    assert len(replace(asked, a=asked.a[:1], b=asked.b[:1], c=asked.c[:1])) == 1


def test_a_field_that_says_nothing_is_not_held_where_it_leaves_few_targets() -> None:
    """Of 20 kinds in two sizes, an empty field leaves questions of a few targets only."""
    kind, size = np.repeat(np.arange(20), 8), np.tile(np.repeat(["small", "large"], 4), 20)
    empty = np.where(kind < 8, 0, np.arange(160))
    fields = {"kind": kind, "size": size, "empty": empty}
    assert analogies(fields, "size", ("kind", "empty")).there == 8 * 7 * 2
    assert analogy_fields(fields, "size") == ("kind",)
    assert analogy_fields(fields, "size", targets=8) == ("kind", "empty")
    few = {name: values[:64] for name, values in fields.items()}
    assert analogy_fields(few, "size") == ("kind", "empty")  # no choice has more than eight
