"""GES and EGES: speed and loss against the same model in JAX, and what side information is worth on hidden edges.

    python -m benchmarks.eges
    python -m benchmarks.eges --events events.csv --items items.csv     # the hidden edges of a log of your own as well

Speed: 10,000 items, 4 fields, d = 64, 5 negatives; JAX takes minibatches of 1,024 positive pairs inside one
``lax.scan``. Each side gets the same cores. Two ratios, because the kernel draws pairs and negatives as it trains:
with JAX's drawn beforehand and not timed, and with that drawing (numpy) timed too, which is equal work for both.

Hidden edges: a third of the edges of the backbone is hidden; AUC of hidden edges against as many non-edges by cosine.
Cold items: a tenth of the items loses every edge, is placed by the plain mean of its side vectors, and is scored on the
edges to the other items, against uniform non-edges and against non-edges whose other end is drawn by degree (so that
popularity alone gives .5).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks.table import Row, read, write

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.embeddings import EGESConfig
    from recemb_core.item_graph import ItemGraph
    from recemb_core.side_information import SideFields

BATCH = 1_024


# --- the same model in JAX ---


def window_pairs(walks: npt.NDArray[np.int32], window: int, seed: int) -> npt.NDArray[np.int32]:
    """(center, context) pairs, int32 (m, 2), with a reach of 1 … window drawn for each center, as the kernel does."""
    rng = np.random.default_rng(seed)
    reach = rng.integers(1, window + 1, walks.shape)
    found = []
    for shift in range(-window, window + 1):
        if shift == 0:
            continue
        context = np.full_like(walks, -1)
        if shift > 0:
            context[:, :-shift] = walks[:, shift:]
        else:
            context[:, -shift:] = walks[:, :shift]
        use = (walks >= 0) & (context >= 0) & (reach >= abs(shift))
        found.append(np.column_stack([walks[use], context[use]]))
    pairs = np.concatenate(found)
    return pairs[rng.permutation(len(pairs))]


def train_jax(graph: ItemGraph, side: SideFields, config: EGESConfig, *, epochs_timed: int = 1) -> dict[str, Any]:
    """Train with JAX; returns its tables, the loss by epoch, pairs, seconds inside the compiled scan and of drawing."""
    import jax
    import jax.numpy as jnp

    from recemb_core.embeddings.noise import noise_table
    from recemb_core.progress import LAST_RATE
    from recemb_core.walks import WalkConfig, generate_walks

    n, d, fields = len(graph), config.dimensions, len(side.names)
    counts_of = np.diff(side.indptr)
    assert counts_of.max(initial=0) <= 1  # one value a field is all that this reference needs
    codes = np.full(n * fields, int(side.first[-1]), dtype=np.int32)  # a missing value: the spare last row
    codes[counts_of > 0] = side.codes
    codes = codes.reshape(n, fields)
    present = np.hstack([np.ones((n, 1)), side.present]).astype(np.float32)

    walks = generate_walks(
        graph, WalkConfig(num_walks=config.num_walks, walk_length=config.walk_length, seed=config.seed)
    )
    table = noise_table(np.bincount(walks[walks >= 0], minlength=n))
    start = np.random.default_rng(config.seed)
    own, values = (
        ((start.random((many, d), dtype=np.float32) - 0.5) / d).astype(np.float32) for many in (n, int(side.first[-1]))
    )
    values = np.vstack([values, np.zeros((1, d), np.float32)])
    tables = tuple(map(jnp.asarray, (own, values, np.zeros((n, fields + 1), np.float32), np.zeros((n, d), np.float32))))
    code_rows, mask = jnp.asarray(codes), jnp.asarray(present)

    def gathered_loss(parts: Any, logits: Any, outputs: Any, here: Any, hit: Any) -> Any:
        weights = jax.nn.softmax(jnp.where(here > 0, logits, -jnp.inf), axis=1)
        hidden = jnp.einsum("bj,bjd->bd", weights, parts)
        scores = jnp.einsum("bd,bkd->bk", hidden, outputs)
        signs = jnp.concatenate([jnp.ones((1,)), -jnp.ones((scores.shape[1] - 1,))])
        return -(jax.nn.log_sigmoid(scores * signs) * hit).sum()

    def step(state: Any, batch: Any) -> Any:
        own, values, logits, outputs = state
        center, targets, rate = batch
        code = code_rows[center]
        parts = jnp.concatenate([own[center][:, None], values[code]], axis=1)
        hit = jnp.concatenate([jnp.ones((BATCH, 1)), targets[:, 1:] != targets[:, :1]], axis=1)
        loss, (d_parts, d_logits, d_outputs) = jax.value_and_grad(gathered_loss, argnums=(0, 1, 2))(
            parts, logits[center], outputs[targets], mask[center], hit
        )
        own = own.at[center].add(-rate * d_parts[:, 0])
        values = values.at[code].add(-rate * d_parts[:, 1:])
        if config.attention:
            logits = logits.at[center].add(-rate * d_logits)
        outputs = outputs.at[targets].add(-rate * d_outputs)
        return (own, values, logits, outputs), loss

    scan = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0)
    seconds, drawing, history, trained, batches_done = 0.0, 0.0, [], 0, 0
    rng = np.random.default_rng(config.seed + 1)
    pairs_a_time = len(window_pairs(walks, config.window, config.seed)) // BATCH * BATCH
    steps = pairs_a_time // BATCH * config.epochs
    for epoch in range(config.epochs):
        begin = time.perf_counter()
        pairs = window_pairs(walks, config.window, config.seed + 100 * epoch)
        many = len(pairs) // BATCH
        pairs = pairs[: many * BATCH]
        negatives = table[rng.integers(0, len(table), (len(pairs), config.negative))]
        targets = np.concatenate([pairs[:, 1:], negatives], axis=1)
        rates = np.interp(
            batches_done + np.arange(many), [0, steps], [config.learning_rate, min(LAST_RATE, config.learning_rate)]
        ).astype(np.float32)
        batches = tuple(
            map(
                jnp.asarray,
                (pairs[:, 0].reshape(many, BATCH), targets.reshape(many, BATCH, config.negative + 1), rates),
            )
        )
        drawing += time.perf_counter() - begin
        compiled = scan.lower(tables, batches).compile()  # compiling is not timed
        begin = time.perf_counter()
        tables, losses = compiled(tables, batches)
        losses.block_until_ready()
        seconds += time.perf_counter() - begin
        history.append(float(losses.sum()) / len(pairs))
        trained += len(pairs)
        batches_done += many
    own, values, logits, outputs = map(np.asarray, tables)
    return {
        "own": own, "values": values[:-1], "logits": logits, "outputs": outputs,
        "history": history, "pairs": trained, "seconds": seconds, "drawing": drawing,
    }  # fmt: skip


# --- speed and loss ---


def speed_data(items: int = 10_000, edges: int = 50_000) -> tuple[ItemGraph, pl.DataFrame]:
    """A power-law graph with four random fields of 20 to 2,000 values."""
    import polars as pl

    from benchmarks.graphs import power_law_graph

    graph = power_law_graph(items, edges, seed=0)
    rng = np.random.default_rng(0)
    sizes = {"department": 20, "category": 150, "brand": 500, "maker": 2_000}
    return graph, pl.DataFrame({name: rng.integers(0, many, items).astype(str) for name, many in sizes.items()})


def held_loss(own: Any, values: Any, logits: Any, outputs: Any, side: SideFields, pairs: Any, negatives: Any) -> float:
    """Mean loss of given positive pairs with given negatives under given tables."""
    from recemb_core.embeddings.eges_kernel import Parts, all_hidden

    vectors, shares = np.empty_like(own), np.empty_like(logits)
    all_hidden(Parts(np.array(own), np.array(values), np.array(logits), side.indptr, side.codes), vectors, shares)
    hidden = vectors[pairs[:, 0]]
    loss = np.logaddexp(0, -np.einsum("bd,bd->b", hidden, outputs[pairs[:, 1]]))
    for k in range(negatives.shape[1]):
        use = negatives[:, k] != pairs[:, 1]
        loss += use * np.logaddexp(0, np.einsum("bd,bd->b", hidden, outputs[negatives[:, k]]))
    return float(loss.mean())


def speed(threads: int, repeats: int) -> list[Row]:
    """Print pairs per second of both, and give their ratios."""
    from recemb_core.embeddings import EGESConfig, train_eges
    from recemb_core.side_information import encode_side_info
    from recemb_core.walks import WalkConfig, generate_walks

    graph, frame = speed_data()
    config = EGESConfig(dimensions=64, window=5, epochs=1, negative=5, num_walks=3, walk_length=80, workers=threads)
    side = encode_side_info(frame)
    train_eges(graph, frame, replace(config, num_walks=1, walk_length=4))  # compiled before the clock runs
    walks = generate_walks(graph, WalkConfig(num_walks=config.num_walks, walk_length=config.walk_length))
    pairs = len(window_pairs(walks, config.window, 0))
    ours, theirs, whole = [], [], []
    for _ in range(repeats):
        begin = time.perf_counter()
        train_eges(graph, frame, config)
        ours.append(pairs / (time.perf_counter() - begin) / 1e3)
        run = train_jax(graph, side, config)
        theirs.append(run["pairs"] / run["seconds"] / 1e3)
        whole.append(run["pairs"] / (run["seconds"] + run["drawing"]) / 1e3)
    a, b, drawn = map(statistics.median, (ours, theirs, whole))
    print(
        f"speed, {threads} thread(s): ours {a:,.0f}, JAX {b:,.0f} thousand positive pairs/s, each with 5 negatives "
        f"(scored pairs: {6 * a:,.0f} and {6 * b:,.0f}); ratio {a / b:.1f} (goal 3); with JAX's drawing timed as well "
        f"{drawn:,.0f}, ratio {a / drawn:.1f}",
        flush=True,
    )
    size, unit = f"{len(graph):,} items, 4 fields", "k pairs/s"
    what = f"EGES, {threads} {'thread' if threads == 1 else 'threads'}"
    return [
        Row.of_turns(what, size, unit, "JAX, its drawing not timed", ours, theirs),
        Row.of_turns(what, size, unit, "JAX", ours, whole),
    ]


def losses(seeds: int) -> None:
    """Print the losses of both at an equal schedule."""
    from recemb_core.datasets import load_dataset
    from recemb_core.embeddings import EGESConfig, train_eges
    from recemb_core.embeddings.noise import noise_table
    from recemb_core.side_information import encode_side_info
    from recemb_core.walks import WalkConfig, generate_walks

    data = load_dataset("complete_journey")
    assert data.side_info is not None
    graph = backbone_of(data.sequences)
    fields = ("department", "product_category", "brand", "manufacturer_id")
    side = encode_side_info(data.side_info, fields)
    rng = np.random.default_rng(5)
    for attention in (True, False):
        tested: dict[str, list[float]] = {"ours": [], "JAX": []}
        trained: dict[str, list[float]] = {"ours": [], "JAX": []}
        for seed in range(seeds):
            setting = EGESConfig(
                dimensions=64, num_walks=10, walk_length=40, epochs=2, fields=fields, seed=seed, attention=attention
            )
            walks = generate_walks(graph, WalkConfig(num_walks=2, walk_length=40, seed=1_000 + seed))
            test = window_pairs(walks, setting.window, seed)
            table = noise_table(np.bincount(walks[walks >= 0], minlength=len(graph)))
            negatives = table[rng.integers(0, len(table), (len(test), 5))]
            mine = train_eges(graph, data.side_info, setting)
            logits = np.log(np.maximum(mine.attention, 1e-30))
            assert mine.output_vectors is not None
            tested["ours"].append(
                held_loss(mine.own_vectors, mine.side_vectors, logits, mine.output_vectors, side, test, negatives)
            )
            run = train_jax(graph, side, setting)
            tested["JAX"].append(
                held_loss(run["own"], run["values"], run["logits"], run["outputs"], side, test, negatives)
            )
            trained["ours"].append(mine.history[-1])
            trained["JAX"].append(run["history"][-1])
        name = "EGES" if attention else "GES"
        for who in tested:
            print(
                f"loss, {name}, groceries, {who:5} {show(tested[who], 4)} on pairs of fresh walks; "
                f"in the last epoch {show(trained[who], 4)}",
                flush=True,
            )


def show(values: list[float], digits: int = 3) -> str:
    """Mean and range over seeds."""
    return f"{np.mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


# --- hidden edges ---


def backbone_of(sequences: Any) -> ItemGraph:
    """The graph that the pages walk by default, undirected."""
    from recemb_core.item_graph import backbone, build_item_graph

    if sequences.ordered:
        return build_item_graph(sequences, directed=False)
    return backbone(build_item_graph(sequences), method="noise_corrected", edges_per_item=8)


def shared_values(side: SideFields, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """In how many fields the two items of a pair share a value: what needs no training at all."""
    values = [side.of(row) for row in range(side.n_items)]
    return np.array(
        [sum(bool({*values[a].get(f, ())} & {*values[b].get(f, ())}) for f in side.names) for a, b in pairs], float
    )


def hidden_edges(name: str, graph: ItemGraph, frame: pl.DataFrame, config: EGESConfig, seeds: int) -> None:
    """Print the AUCs of a data set: hidden edges, then cold items."""
    from recemb_core.auc import auc_of
    from recemb_core.embeddings import train_eges
    from recemb_core.evaluation.cold_items import hide_items
    from recemb_core.evaluation.link_prediction import hide_edges, link_prediction_auc
    from recemb_core.neighbors.base import unit_rows

    models = {
        "no side information": replace(config, fields=()),
        "GES": replace(config, attention=False),
        "EGES": config,
    }
    warm: dict[str, list[float]] = {model: [] for model in models}
    cold: dict[str, list[float]] = {}
    for seed in range(seeds):
        split = hide_edges(graph, share=1 / 3, seed=seed)
        for model, setting in models.items():
            vectors = train_eges(split.graph, frame, replace(setting, seed=seed))
            warm[model].append(link_prediction_auc(vectors, split.hidden, split.non_edges))
        warm.setdefault("shared values (no training)", []).append(
            auc_of(shared_values(vectors.side, split.hidden), shared_values(vectors.side, split.non_edges))
        )
        rng = np.random.default_rng(seed)
        items = hide_items(graph, rng.choice(len(graph), len(graph) // 10, replace=False), seed=seed)
        by_degree = popular_non_edges(graph, items.edges, items.rows, seed)
        for model in ("GES", "EGES"):
            vectors = train_eges(items.graph, frame, replace(models[model], seed=seed))
            rows, placed = unit_rows(vectors.vectors), unit_rows(vectors.from_side_alone())
            score = lambda p, rows=rows, placed=placed: np.einsum("ij,ij->i", placed[p[:, 0]], rows[p[:, 1]])  # noqa: E731
            cold.setdefault(model, []).append(auc_of(score(items.edges), score(items.non_edges)))
            cold.setdefault(model + ", by degree", []).append(auc_of(score(items.edges), score(by_degree)))
        same = lambda p, side=vectors.side: shared_values(side, p)  # noqa: E731
        cold.setdefault("shared values", []).append(auc_of(same(items.edges), same(items.non_edges)))
        cold.setdefault("shared values, by degree", []).append(auc_of(same(items.edges), same(by_degree)))
        degree = items.graph.out_degree
        cold.setdefault("popularity", []).append(auc_of(degree[items.edges[:, 1]], degree[items.non_edges[:, 1]]))
        cold.setdefault("popularity, by degree", []).append(auc_of(degree[items.edges[:, 1]], degree[by_degree[:, 1]]))
    print(f"{name}: {len(graph):,} items, {graph.num_edges:,} edges; {seeds} seeds, mean (smallest to largest)")
    for model, values in warm.items():
        print(f"{name}: ⅓ of the edges hidden, AUC {show(values)} {model}")
    for model, values in cold.items():
        print(f"{name}: cold items, AUC {show(values)} {model}", flush=True)


def popular_non_edges(
    graph: ItemGraph, edges: npt.NDArray[np.int64], cold: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int64]:
    """For each pair of a cold item a non-edge whose other end is drawn as often as it has edges."""
    rng = np.random.default_rng(seed + 17)
    weight = graph.out_degree.astype(float)
    weight[cold] = 0
    found = edges.copy()
    for row in np.unique(edges[:, 0]):
        mine = edges[:, 0] == row
        free = weight.copy()
        free[[row, *graph.neighbors(int(row))[0]]] = 0
        found[mine, 1] = rng.choice(len(graph), int(mine.sum()), p=free / free.sum())
    return found


def available_cores() -> list[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def apart(threads: int, *more: str) -> None:
    """This module's own command on so many cores, with as many threads of JAX."""
    cores = available_cores()
    eigen = "" if threads > 1 else " --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    environment = os.environ | {"XLA_FLAGS": os.environ.get("XLA_FLAGS", "") + eigen, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "benchmarks.eges", "--threads", str(threads), *more]
    pin = (lambda some=cores[:threads]: os.sched_setaffinity(0, some)) if hasattr(os, "sched_setaffinity") else None
    subprocess.run(command, env=environment, preexec_fn=pin, check=True)


def headline() -> Iterator[Row]:
    """For the table of ``python -m benchmarks``: speed on one core and on two."""
    with tempfile.TemporaryDirectory() as folder:
        for threads in range(1, min(2, len(available_cores())) + 1):
            found = Path(folder, f"{threads}.json")
            apart(threads, "--repeats", "5", "--rows", str(found))
            yield from read(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--events", help="a log whose hidden edges are tested too")
    parser.add_argument("--items", help="its side information: a table with a row an item")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.threads:
        rows = speed(arguments.threads, arguments.repeats)
        if arguments.rows:
            write(arguments.rows, rows)
        elif arguments.threads == 1:
            losses(arguments.seeds)
        return
    cores = available_cores()
    for threads in range(1, min(2, len(cores)) + 1):
        apart(threads, "--repeats", str(arguments.repeats), "--seeds", str(arguments.seeds))

    from recemb_core.datasets import load_dataset
    from recemb_core.embeddings import EGESConfig
    from recemb_core.sequences import read_events

    config = EGESConfig(dimensions=64, num_walks=10, walk_length=40, epochs=2, learning_rate=0.1, workers=len(cores))
    groceries = load_dataset("complete_journey")
    assert groceries.side_info is not None
    hidden_edges("groceries", backbone_of(groceries.sequences), groceries.side_info, config, arguments.seeds)
    if arguments.events:
        log = read_events(arguments.events, side_info=arguments.items)
        if log.side_info is None:
            raise SystemExit("this log has no side information; name a table with --items")
        print("fields:", [c for c in log.side_info.columns if c != "title"])
        hidden_edges("your log", backbone_of(log), log.side_info, config, arguments.seeds)


if __name__ == "__main__":
    main()
