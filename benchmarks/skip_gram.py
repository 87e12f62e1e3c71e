"""Our skip-gram trainer against gensim on the same text: speed, quality, and what the length of a chunk does to it.

    python -m benchmarks.skip_gram              # all three; --part speed | quality | chunks for one

Both train with the same learning-rate schedule (linear, slice by slice), window, negatives and noise exponent.
speed: thousand items of text a second, in turns (one thread, two, gensim with two workers, again and again); medians of
the ratios within a turn. Seconds of the processor beside those of the clock say whether other work ran.
quality: figures of the vectors by seed of walks and training, ours beside gensim's; ours is inside where its mean lies
between gensim's lowest and highest seed.
chunks: the same figures by the pairs that an item has in a chunk, and by parts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.graphs import power_law_graph
from benchmarks.skip_gram_cases import Case, every_case, on_walks
from benchmarks.table import Row
from recemb_core.embeddings import ItemVectors, Node2VecConfig, block_training
from recemb_core.embeddings.block_training import pairs_of_sentences, train_blocks
from recemb_core.embeddings.noise import noise_weights
from recemb_core.embeddings.sentences import Sentences
from recemb_core.progress import LAST_RATE

SLICE = 200_000
PARTS = ("speed", "quality", "chunks")


def train_gensim(case: Case, sentences: Sentences, seed: int, workers: int = 1) -> ItemVectors:
    """The reference: gensim's Word2Vec on lists of strings, conversion included."""
    from gensim.models import Word2Vec

    config, n = case.config, len(case.items)
    names = np.array([str(row) for row in range(n)], dtype=object)
    longest = int(np.diff(sentences.offsets).max())
    model: Any = Word2Vec(
        vector_size=config.dimensions, window=longest if case.sets else config.window, sg=1, hs=0, sample=0,
        negative=config.negative, min_count=0, sorted_vocab=0, seed=seed, workers=workers,
        shrink_windows=config.shrink_windows and not case.sets,
    )  # fmt: skip
    model.build_vocab_from_freq({name: max(int(c), 1) for name, c in zip(names, case.counts(sentences), strict=True)})
    noise = noise_weights(case.counts(sentences), config.ns_exponent)  # gensim counts items never seen as seen once
    model.cum_table = np.round(np.cumsum(noise) / noise.sum() * (2**31 - 1)).astype(np.uint32)
    many = len(sentences.offsets) - 1
    bounds = np.linspace(0, many, min(max(1, -(-len(sentences.tokens) // SLICE)), many) + 1).astype(int)
    steps = config.epochs * (len(bounds) - 1)
    rates = np.linspace(config.learning_rate, LAST_RATE, steps + 1)
    for step in range(steps):
        part = step % (len(bounds) - 1)
        ends = sentences.offsets[bounds[part] : bounds[part + 1] + 1]
        lists = [names[sentences.tokens[a:b]].tolist() for a, b in pairwise(ends.tolist())]
        model.train(lists, total_examples=len(lists), epochs=1, start_alpha=rates[step], end_alpha=rates[step + 1])
    vectors = np.array(model.wv.vectors, dtype=np.float32)
    return ItemVectors(case.items, vectors, np.array(model.syn1neg, dtype=np.float32))


def train_ours(case: Case, sentences: Sentences, seed: int, workers: int | None = None) -> ItemVectors:
    """The trainer of DeepWalk, node2vec, word2vec and item2vec."""
    config, counts = replace(case.config, seed=seed, workers=workers), case.counts(sentences)
    vectors, outputs, _ = train_blocks(lambda epoch: sentences, counts, config, lambda share: None, sets=case.sets)
    return ItemVectors(case.items, vectors, outputs)


# --- speed ---


def _seconds(run: Callable[[], object]) -> tuple[float, float]:
    """Of the clock, and of the processor."""
    start, used = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - start, time.process_time() - used


def speed(nodes: int, edges: int, turns: int) -> list[Row]:
    """Print medians of turns taken one after the other, and give their ratios."""
    graph = power_law_graph(nodes, edges, seed=0)
    config = Node2VecConfig(dimensions=64, window=5, epochs=1, num_walks=max(1, 30_000 // nodes), walk_length=80)
    case = on_walks(f"power law, {nodes:,} items", graph, config, {})
    text = case.text(0)
    train_ours(case, Sentences(text.tokens[:2_000], np.array([0, 1_000, 2_000])), 0)  # compiled before the clock runs
    ways = {"one thread": (train_ours, 1), "two threads": (train_ours, 2), "gensim, 2 workers": (train_gensim, 2)}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(turns):
        for name in (list(ways), list(ways)[::-1])[turn % 2]:
            train, workers = ways[name]
            found[name].append(_seconds(lambda train=train, workers=workers: train(case, text, 0, workers)))
    for name, laps in found.items():
        clock, processor = (statistics.median(lap[k] for lap in laps) for k in (0, 1))
        rate = len(text.tokens) / clock / 1e3
        print(f"{case.name}: {name:18} {rate:6,.0f} thousand items/s, clock {clock:.2f} s, processor {processor:.2f} s")
    for over, under in (("one thread", "two threads"), ("gensim, 2 workers", "two threads")):
        ratios = [a[0] / b[0] for a, b in zip(found[over], found[under], strict=True)]
        print(
            f"{case.name}: {under} against {over}: {statistics.median(ratios):.2f} times as fast "
            f"({min(ratios):.2f} to {max(ratios):.2f} in {turns} turns)",
            flush=True,
        )
    rates = {name: [len(text.tokens) / lap[0] / 1e3 for lap in laps] for name, laps in found.items()}
    return [
        Row.of_turns("skip-gram, 2 threads", case.name, "k items/s", peer, rates["two threads"], rates[under])
        for peer, under in (("gensim, 2 workers", "gensim, 2 workers"), ("ours, 1 thread", "one thread"))
    ]


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: speed at two sizes."""
    yield from speed(10_000, 50_000, turns=3)
    yield from speed(100_000, 1_000_000, turns=2)


# --- quality ---

Figures = dict[str, list[float]]


def figures(case: Case, train: Callable[[Case, Sentences, int], ItemVectors], seeds: int) -> Figures:
    """Every measure of a case by seed."""
    runs = [train(case, case.text(seed), seed) for seed in range(seeds)]
    return {name: [measure(run) for run in runs] for name, measure in case.measures.items()}


def in_words(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def quality(seeds: int) -> None:
    """Print ours and gensim's, case by case."""
    for case in every_case():
        ours, theirs = figures(case, train_ours, seeds), figures(case, train_gensim, seeds)
        for name, values in ours.items():
            mean, low, high = float(np.mean(values)), min(theirs[name]), max(theirs[name])
            place = "inside" if low <= mean <= high else f"{mean - (high if mean > high else low):+.3f}"
            print(
                f"{case.name:24} {name:10} ours {in_words(values)}  gensim {in_words(theirs[name])}  {place}",
                flush=True,
            )


def pairs_a_token(case: Case) -> float:
    """Of the case's text, by its window."""
    text, window = case.text(0), None if case.sets else case.config.window
    shrink = case.config.shrink_windows and not case.sets
    return float(pairs_of_sentences(np.diff(text.offsets), window, shrink).sum()) / len(text.tokens)


def chunks(seeds: int) -> None:
    """Print the figures by the length of a chunk; one part, which keeps the order of the text, first."""
    usual = block_training.PAIRS_AN_ITEM, block_training.PARTS
    try:
        for case in every_case():
            for each in (0, 5, 15, 30, 60, 240, 960):
                block_training.PAIRS_AN_ITEM, block_training.PARTS = each, ((0, 8 if each else 1),)
                found = figures(case, train_ours, seeds)
                tokens = each / pairs_a_token(case)
                label = f"{each:4} pairs, {tokens:5.1f} tokens an item" if each else "one part, in order"
                print(
                    f"{case.name:24} {label}: " + ", ".join(f"{k} {in_words(v)}" for k, v in found.items()), flush=True
                )
    finally:
        block_training.PAIRS_AN_ITEM, block_training.PARTS = usual


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, help="one of them alone")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    wanted = (arguments.part,) if arguments.part else PARTS
    if "speed" in wanted:
        speed(10_000, 50_000, arguments.turns)
        speed(100_000, 1_000_000, arguments.turns)
    if "quality" in wanted:
        quality(arguments.seeds)
    if "chunks" in wanted:
        chunks(arguments.seeds)


if __name__ == "__main__":
    main()
