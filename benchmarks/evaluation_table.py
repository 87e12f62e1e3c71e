"""The table of the evaluation on four logs: every row with intervals, letters, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import comparison_defaults
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.leaderboard import (
    Entry,
    Leaderboard,
    Part,
    PartCases,
    Protocol,
    chosen_on_the_same_users,
    entry_defaults,
    measure_all,
    other_ways,
    part_cases,
    query_kinds,
)
from recemb_core.sequences import Sequences, read_events
from recemb_core.vocabulary import Vocabulary


def invented_ratings(users: int = 1_500, films: int = 800, seed: int = 0, *, longest: int = 120) -> Sequences:
    """A log of ratings: everybody sees a film once, films have tastes and fame, and tastes drift a little.

    A user sees 20 to ``longest`` films in some order. The next one is drawn by exp(2 u · v + fame) among those not yet
    seen; u moves a little towards each film that was seen. Times are a week apart, on a calendar of the user's own
    start.
    """
    rng = np.random.default_rng(seed)
    tastes = rng.normal(size=(films, 6)) / 6**0.5
    fame = rng.gumbel(size=films)
    tokens, times, lengths = [], [], rng.integers(20, longest + 1, users)
    for length in lengths:
        own = rng.normal(size=6)
        left = np.ones(films, dtype=bool)
        when = rng.uniform(0, 2 * 365 * 86_400)
        for _ in range(length):
            appeal = np.where(left, 2 * tastes @ own + fame, -np.inf)
            film = int(np.argmax(appeal + rng.gumbel(size=films)))
            left[film] = False
            own += 0.2 * (tastes[film] - own * 0.1)
            when += rng.exponential(7 * 86_400)
            tokens.append(film)
            times.append(when)
    return Sequences(
        Vocabulary(f"film {row}" for row in range(films)),
        np.r_[0, np.cumsum(lengths)].astype(np.int64),
        np.array(tokens, dtype=np.int32),
        users=np.array([f"user {row}" for row in range(users)]),
        timestamps=np.array(times),
    )


def logs(retail: Path | None) -> Iterator[tuple[str, Callable[[], Sequences | None]]]:
    """Name → how to get it."""
    yield "groceries", lambda: load_dataset("complete_journey").sequences
    yield "shop", lambda: load_dataset("planted_shop").sequences
    yield "ratings", invented_ratings
    if retail is not None:
        yield "retail", lambda: read_events(retail)


def shown(value: Estimate) -> str:
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def line(board: Leaderboard, cases: PartCases, name: str, letters: dict[str, str]) -> str:
    row, k = board.rows[name], cases.protocol.k
    kinds = []
    for view in ("first_time", "repeated", "head", "tail"):
        there = view in board.views
        kinds.append(f"{board.estimate(name, 'hr', k, view).value:.3f}" if there else "  –  ")
    return (
        f"{name:32} {letters[name]:6} HR@{k} {shown(board.estimate(name, 'hr', k))}  "
        f"NDCG@{k} {shown(board.estimate(name, 'ndcg', k))}  MRR {shown(board.estimate(name, 'mrr', k))}  "
        f"first-time, repeated, head, tail {' '.join(kinds)}  coverage {board.coverage(name, k):.2f}  "
        f"head {board.head_share(name).value:.2f}  "
        f"{row.mean('train_seconds'):.2f} s + {row.mean('score_seconds'):.2f} s  "
        f"{row.mean('bytes') / 1e6:.1f} MB  {len(row.runs)} run{'s' * (len(row.runs) > 1)}"
    )


def table(sequences: Sequences, part: Part, seeds: int, *, recall: bool) -> None:
    cases = part_cases(sequences, Protocol(), part)
    print(f"{len(cases.users):,} users of {cases.there:,}, {len(sequences.items):,} items. {cases.choice.words}")
    print(f"Of the targets {cases.head_targets:.2f} are of the head, {int(cases.head.sum()):,} items.", flush=True)
    entries = entry_defaults(cases.train, graph=cases.timed_graph[0], recall=recall)
    board = Leaderboard.of(measure_all(cases, entries.values(), range(seeds)))
    comparison = board.compare("hr", cases.protocol.k)
    for name in comparison.order:
        print(line(board, cases, name, comparison.letters))
    print(board.advice(comparison).words, flush=True)
    print("\n  Other ways of measuring the same runs:")
    for way in other_ways(board, cases, cases.protocol.k):
        print(f"  {way.title}. {way.words}")
    chosen = chosen_on_the_same_users(board, cases.protocol.k)
    picks = ", ".join(f"{name} {share:.0%}" for name, share in sorted(chosen.picks.items(), key=lambda p: -p[1])[:4])
    print(
        f"  Chosen and reported on the same {chosen.users:,} users: {chosen.reported:.3f}; "
        f"on others {chosen.honest:.3f}, {chosen.optimism:+.3f} too much "
        f"(mean of {chosen.times} halvings; chosen: {picks})",
        flush=True,
    )


def report(retail: Path | None, only: list[str] | None, seeds: int, part: Part, *, recall: bool) -> None:
    for name, load in logs(retail):
        if only and name not in only:
            continue
        sequences = load()
        assert sequences is not None
        print(
            f"\n{name}, {part} part: {len(sequences.tokens):,} events, {'ordered' if sequences.ordered else 'baskets'}"
        )
        table(sequences, part, seeds, recall=recall)


def queries(retail: Path | None, only: list[str] | None) -> None:
    """Every model of item vectors by every way of asking it, one training each."""
    for name, load in logs(retail):
        if only and name not in only:
            continue
        sequences = load()
        assert sequences is not None
        cases = part_cases(sequences, Protocol())
        print(f"\n{name}: HR@{cases.protocol.k} by history and score, one training")
        graph, side = cases.timed_graph[0], cases.train.side_info
        kinds = {score: query_kinds(cases.train, score) for score in ("cosine", "in_out")}  # type: ignore[arg-type]
        for model, config in comparison_defaults(cases.train, graph, side, 0).items():
            entries = [
                Entry(name=f"{way} {score}", config=config, query=query)
                for score, ways in kinds.items()
                for way, query in ways.items()
            ]
            runs = list(measure_all(cases, entries, [0]))
            figures = "  ".join(f"{e.name} {r.views['main'].hit_rate[cases.protocol.k].value:.3f}" for e, r in runs)
            print(f"{model:10} {figures}", flush=True)
