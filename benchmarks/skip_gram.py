"""Our skip-gram kernel against gensim on the same walks: speed, link AUC and neighbor overlap, side by side in one run.

    python -m benchmarks.skip_gram

Both train with the same learning-rate schedule (linear, slice by slice), the same window, negatives and noise exponent.
Quality is the link AUC over seeds, and the overlap@10 of ours with gensim beside that of gensim with itself.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.graphs import les_miserables, power_law_graph
from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.skip_gram import LAST_RATE, WalkSkipGramConfig, train_skip_gram
from recemb_core.evaluation.agreement import neighbor_agreement
from recemb_core.evaluation.link_prediction import hide_edges, link_prediction_auc
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import WalkConfig, generate_walks

SLICE = 200_000


def train_gensim(walks: npt.NDArray[np.int32], graph: ItemGraph, config: WalkSkipGramConfig) -> ItemVectors:
    """The reference: gensim's Word2Vec on lists of strings, conversion included."""
    from gensim.models import Word2Vec

    n = len(graph)
    names = np.array([str(row) for row in range(n)], dtype=object)
    counts = np.bincount(walks[walks >= 0], minlength=n)
    model: Any = Word2Vec(
        vector_size=config.dimensions, window=config.window, sg=1, hs=0, negative=config.negative, sample=0,
        min_count=0, sorted_vocab=0, seed=config.seed, workers=config.workers,
    )  # fmt: skip
    model.build_vocab_from_freq({name: max(int(c), 1) for name, c in zip(names, counts, strict=True)})
    bounds = np.linspace(0, len(walks), max(1, -(-walks.size // SLICE)) + 1).astype(int)
    steps = config.epochs * (len(bounds) - 1)
    rates = np.linspace(config.learning_rate, LAST_RATE, steps + 1)
    lengths = (walks >= 0).sum(axis=1)
    for step in range(steps):
        part = step % (len(bounds) - 1)
        rows = slice(bounds[part], bounds[part + 1])
        sentences = [names[walk[:k]].tolist() for walk, k in zip(walks[rows], lengths[rows], strict=True)]
        model.train(
            sentences, total_examples=len(sentences), epochs=1, start_alpha=rates[step], end_alpha=rates[step + 1]
        )
    return ItemVectors(graph.items, np.array(model.wv.vectors, dtype=np.float32))


def speed(graph: ItemGraph, config: WalkSkipGramConfig, repeats: int) -> tuple[float, float]:
    """Thousand walk items a second, (ours, gensim), medians of turns taken one after the other."""
    walks = generate_walks(graph, WalkConfig(num_walks=config.num_walks, walk_length=config.walk_length))
    items = float((walks >= 0).sum()) * config.epochs / 1e3
    train_skip_gram(walks[:64], graph.items, config)  # compiled before the clock runs
    seconds: dict[str, list[float]] = {"ours": [], "gensim": []}
    for _ in range(repeats):
        start = time.perf_counter()
        train_skip_gram(walks, graph.items, config)
        seconds["ours"].append(time.perf_counter() - start)
        start = time.perf_counter()
        train_gensim(walks, graph, config)
        seconds["gensim"].append(time.perf_counter() - start)
    return items / statistics.median(seconds["ours"]), items / statistics.median(seconds["gensim"])


def quality(name: str, graph: ItemGraph, config: WalkSkipGramConfig, seeds: int) -> None:
    """Print link AUC and neighbor overlap of both over seeds of walks and training."""
    from dataclasses import replace

    split = hide_edges(graph, share=0.2)
    ours, theirs = [], []
    for seed in range(seeds):
        setting = replace(config, seed=seed)
        walk = WalkConfig(num_walks=config.num_walks, walk_length=config.walk_length, seed=seed)
        walks = generate_walks(split.graph, walk)
        ours.append(train_skip_gram(walks, graph.items, setting))
        theirs.append(train_gensim(walks, split.graph, setting))
    auc = {k: [link_prediction_auc(v, split.hidden, split.non_edges) for v in vs] for k, vs in
           (("ours", ours), ("gensim", theirs))}  # fmt: skip
    pairs = [(i, j) for i in range(seeds) for j in range(seeds) if i < j]
    same = [neighbor_agreement(theirs[i], theirs[j]).overlap for i, j in pairs]
    cross = [neighbor_agreement(ours[i], theirs[j]).overlap for i, j in pairs]
    own = [neighbor_agreement(ours[i], ours[j]).overlap for i, j in pairs]
    for label, values in auc.items():
        print(f"{name:22} link AUC {label:7} {np.mean(values):.4f} (seeds {min(values):.4f} to {max(values):.4f})")
    print(
        f"{name:22} overlap@10 gensim·gensim {np.mean(same):.3f} ({min(same):.3f} to {max(same):.3f}), "
        f"ours·gensim {np.mean(cross):.3f} ({min(cross):.3f} to {max(cross):.3f}), ours·ours {np.mean(own):.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    from recemb_core.datasets import load_dataset
    from recemb_core.item_graph import backbone, build_item_graph

    large = power_law_graph(10_000, 50_000, seed=0)
    for workers in (1, 2):
        config = WalkSkipGramConfig(dimensions=64, window=5, epochs=1, num_walks=3, walk_length=80, workers=workers)
        ours, gensim = speed(large, config, arguments.repeats)
        print(
            f"speed, {workers} worker(s): ours {ours:,.0f}, gensim {gensim:,.0f} thousand items/s, "
            f"ratio {ours / gensim:.1f} (goal 2)"
        )
    groceries = load_dataset("complete_journey").sequences
    assert groceries is not None
    baskets = backbone(build_item_graph(groceries), method="noise_corrected", edges_per_item=8)
    small = WalkSkipGramConfig(dimensions=16, window=5, epochs=3, num_walks=20, walk_length=80)
    medium = WalkSkipGramConfig(dimensions=64, window=5, epochs=2, num_walks=10, walk_length=40)
    quality("Les Misérables", les_miserables(), small, arguments.seeds)
    quality("groceries' backbone", baskets, medium, arguments.seeds)
    shop = load_dataset("planted_shop").sequences
    assert shop is not None
    quality("planted shop's clicks", build_item_graph(shop, directed=False), small, arguments.seeds)


if __name__ == "__main__":
    main()
