"""The checks of the experiments on trained models: Training, Neighbors, Side information, Evaluation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from recemb_core.embeddings import train_model
from recemb_core.embeddings.pair_sources import CenterPairs, context_counts
from recemb_core.embeddings.training_steps import OBJECTIVES, StepConfig, StepTrainer, train_to_rest
from recemb_core.evaluation import overlap_at_k
from recemb_core.experiments import leaderboard
from recemb_core.experiments.factorization import AT_LEAST
from recemb_core.neighbors.base import unit_rows
from tests.pages.experiment_checks import Numbers, Seen, Source, check, model, sign
from tests.pages.verdicts import holds, named, whole

# --- Training ---


def _times(count: float, word: str) -> str:
    return f"{count:,g} {word}{'s' * (count != 1)}"


@check("A basket of n items, all paired")
def _twice(seen: Seen) -> None:
    seen = whole(seen)
    holds(seen, "About four times")
    sizes = np.array([len(set(basket.tolist())) for basket in seen.source.sequences])
    pairs = np.sort(sizes * (sizes - 1))[::-1]
    n = int(np.median(sizes))
    seen.says(f"of {n} (the median) has {n * (n - 1):,}, one of {2 * n} has {2 * n * (2 * n - 1):,}")
    seen.says(f"{pairs[: -(-len(pairs) // 10)].sum() / pairs.sum():.0%} of all pairs")


@check("Read the basket as", "A window of 10", "Window 1:", "item2vec: a set", "The same window 10")
def _windows(seen: Seen) -> None:
    from recemb_core.embeddings import Word2VecConfig, training_pairs

    seen = whole(seen)
    rows = seen.source.sequences[seen.state("sequence")]
    if seen.state("pairs") == "set":
        n, width = len(set(rows.tolist())), len(rows)
    else:
        n, width = len(rows), seen.state("width")
    pairs = sum(i != j and abs(i - j) <= width for i in range(n) for j in range(n))
    lengths = seen.source.sequences.lengths
    if seen.state("shrink") and seen.state("pairs") == "window":
        config = Word2VecConfig(window=width, shrink_windows=True)
        drawn = training_pairs(np.arange(n), config, rng=np.random.default_rng([0, seen.state("sequence")]))
        every = [sum(2 * max(int(length) - d, 0) for length in lengths for d in range(1, w + 1)) for w in range(1, 11)]
        seen.says(f"{len(drawn[0]):,} of {pairs:,} pairs", f"{np.mean(every) / every[-1]:.0%} are expected")
        holds(seen, "All pairs of it" if len(drawn[0]) == pairs else "Not all")
        return
    seen.says(f"{pairs:,} of the {n * (n - 1):,} pairs")
    if seen.prediction.startswith("A window"):
        of_set = len(set(rows.tolist())) * (len(set(rows.tolist())) - 1)
        if len(set(rows.tolist())) == n:
            holds(seen, "The same pairs" if pairs == of_set else "Fewer pairs than the set")
        else:
            repeated = "Not the same: an item comes twice"
            holds(seen, *(["Fewer pairs than the set"] if pairs < of_set else []), repeated)
    elif seen.prediction.startswith("Read"):
        holds(seen, "More than half" if 2 * pairs > n * (n - 1) else "Not more than half")
    elif seen.prediction.startswith("Window 1"):
        assert pairs == 2 * (n - 1)
        holds(seen, "2·(n − 1)")
    else:
        assert pairs == n * (n - 1)
        holds(seen, "Its order and its distances")
    if "have at most 11" in seen.answer:
        seen.says(f"{(lengths <= 11).mean():.0%} of the {len(lengths):,}")


@check("Exponent 1:", "Exponent 0:", "Exponent −1: the rarer", "Back to word2vec's 0.75")
def _noise(seen: Seen) -> None:
    counts = seen.source.counts.astype(np.float64)
    top = np.argsort(-counts, kind="stable")[: int(np.ceil(len(counts) / 10))]

    def share(a: float) -> float:
        weight = counts**a
        return float(weight[top].sum() / weight.sum())

    def against(now: float, before: float) -> str:
        return "Fewer of them" if now < before else "More of them" if now > before else "As many"

    a = seen.state("exponent")
    if a == 0.75:
        seen.says(f"{share(0.75):.0%} of negatives", f"{share(0):.0%} when", f"{share(1):.0%} when")
        even = share(0.75) - share(0) < share(1) - share(0.75)
        nearer = "Drawn all alike" if even else "Drawn as they occur"
        holds(seen, "Both are the same here" if share(0) == share(1) else nearer)
        return
    seen.says(f"{share(a):.1%}" if a < 0 else f"{share(a):.0%}")
    if a < 0:
        seen.says(f"{counts.max() / counts.min():,.4g} times as often")
        holds(seen, against(share(-1), share(0)))
    elif a == 0:
        holds(seen, against(share(0), share(1)))
    else:
        parts = ("Up to a quarter", "A quarter to three quarters", "More than three quarters")
        holds(seen, parts[int(share(1) > 0.25) + int(share(1) > 0.75)])


@check("Choose the rarest item.")
def _row_lengths(seen: Seen) -> None:
    holds(seen, "As much")
    seen = whole(seen)
    vectors, counts = seen.names()["vectors"], seen.source.counts
    order = np.argsort(-counts, kind="stable")
    for row in (order[-1], order[0]):
        seen.says(_times(int(counts[row]), "event"), f"length {np.linalg.norm(vectors.vectors[row]):.2f}")


@check("Choose the most popular item. **Which rows")
def _own_row(seen: Seen) -> None:
    """One update of a pair with it moves its own row of W, and no other."""
    config = StepConfig(objective="negative_sampling", negative=5, learning_rate=0.1, seed=0)
    trainer = StepTrainer(seen.source.sequences.counts, config)
    for _ in train_to_rest(trainer, CenterPairs(seen.row, np.ones(len(seen.source.items)), seed=0), 3):
        pass
    start = StepTrainer(seen.source.sequences.counts, config).vectors
    assert np.flatnonzero((trainer.vectors != start).any(axis=1)).tolist() == [seen.row]
    holds(seen, "Its own row alone")


@check("Train on sets instead", "Train on windows instead")
def _kept(seen: Seen) -> None:
    rows = [seen.names(code)["vectors"].vectors[seen.row] for code in (seen.python, seen.opening)]
    a, b = rows
    same = int((np.abs(a - b) < 0.005).sum())
    seen.says(f"{same} of its {len(a)} numbers")
    holds(seen, "Yes, at least half of them" if 2 * same >= len(a) else "No, most become others")
    seen.says(f"{sign(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), '.2f').lstrip('+')}.")


@check("Noise as often as", "15 negatives a pair", "8 dimensions in place", "All pairs, those seen once")
def _factorized(seen: Seen) -> None:
    seen = whole(seen)
    made = seen.names()
    sequences, config = seen.source.sequences, made["found"].config
    times: Counter[tuple[int, int]] = Counter()
    for at in range(len(sequences)):
        rows = sequences[at].tolist()
        if seen.state("pairs") == "set":
            times.update((i, j) for i in set(rows) for j in set(rows) if i != j)
        else:
            near = [(a, b) for a in range(len(rows)) for b in range(len(rows)) if 0 < abs(a - b) <= seen.state("width")]
            times.update((rows[a], rows[b]) for a, b in near)
    pairs, count = np.array(list(times)), np.array(list(times.values()), dtype=float)
    own, other = (np.bincount(pairs[:, side], count, len(sequences.items)) for side in (0, 1))
    expected = np.log(count * count.sum() / (own[pairs[:, 0]] * other[pairs[:, 1]]))

    def measured(least: int, exponent: float = 1.0, **more: Any) -> tuple[str, Numbers]:
        """(r as the page writes it, what products are more than PMI − log k by seed)."""
        found, far = [], []
        for seed in range(config.seeds):
            model = trained_on(seen.source, replace(config.model, ns_exponent=exponent, seed=seed, **more))
            products = (model.vectors[pairs[:, 0]] * model.output_vectors[pairs[:, 1]]).sum(axis=1)
            asked = count >= least
            found.append(np.corrcoef(expected[asked], products[asked])[0, 1])
            far.append(np.mean((products - expected)[asked]))
        values.clear()
        values.extend(found)
        return f"{min(found):.3f} to {max(found):.3f}", np.array(far)

    values: list[float] = []  # r by seed of what was measured last
    least = seen.state("seen")
    if seen.prediction.startswith("Noise as often"):
        measured(5)
        ways = ("Hardly: r below 0.5", "Roughly: r from 0.5 to 0.9", "Close: r above 0.9")
        assert {ways[int(r >= 0.5) + int(r > 0.9)] for r in values} == set(named(seen.page))
        seen.says(f"r is {measured(5)[0]} over the {(count >= 5).sum():,} pairs", measured(5, 0.75)[0])
    elif seen.prediction.startswith("15 negatives"):
        seen.says(f"r is {measured(5)[0]}")
        if "nothing to compare" not in seen.answer:
            fall = (measured(5, negative=5)[1] - measured(5)[1]).mean()
            assert abs(seen.numbers()[0] - fall) < 0.0051
            assert named(seen.page) in ((("Down",), ("It stays",)) if fall > 0 else (("Up",), ("It stays",)))
            seen.says(f"log(15/5) is {np.log(3):.2f}", f"with k = 5 it is {measured(5, negative=5)[0]}")
    elif seen.prediction.startswith("8 dimensions"):
        seen.says(f"seen at least once: r {measured(1)[0]}")
        every = np.array(values)
        if "with 32 dimensions" in seen.answer:
            often = max(n for n in AT_LEAST if (count >= n).sum() >= 30)
            seen.says(f"r {measured(often)[0]}")
            lost = [-np.array(values)]
            measured(often, dimensions=32)
            lost[0] += values
            measured(1, dimensions=32)
            lost.append(np.array(values) - every)
            more = lost[1].min() > lost[0].max(), lost[1].max() < lost[0].min()
            more = more[0] and lost[1].mean() > 0, more[1] and lost[0].mean() > 0
            ways = "All pairs lose more", "Those seen often lose more", "Neither, by the spread of the seeds"
            holds(seen, ways[0] if more[0] else ways[1] if more[1] else ways[2])
    else:
        seen.says(f"all {len(count):,} pairs r is {measured(least)[0]}", f"at least 5 times {measured(5)[0]}")
        seen.says(f"{(count < 2).mean():.0%} of the pairs")
        measured(1)
        every = np.array(values)
        measured(5)
        ways = "It rises" if every.min() > max(values) else "It falls" if every.max() < min(values) else ""
        holds(seen, ways or "No change beyond the seeds")


@cache
def trained_on(source: Source, config: Any) -> Any:
    """Vectors of the log alone."""
    return train_model(config, sequences=source.sequences)


def _three(vectors: Any, row: int, counts: Numbers) -> dict[str, float]:
    scores = {
        "cosine of v and v": unit_rows(vectors.vectors) @ unit_rows(vectors.vectors[[row]])[0],
        "v · v": vectors.vectors @ vectors.vectors[row],
        "v′ · v": vectors.output_vectors @ vectors.vectors[row],
    }
    found = {}
    for name, values in scores.items():
        order = np.argsort(-values, kind="stable")
        found[name] = float(np.median(counts[order[order != row][:10]]))
    return found


@check("A middling item", "Exponent −1: popular items are seldom")
def _medians(seen: Seen) -> None:
    now = _three(seen.names()["vectors"], seen.row, seen.source.counts)
    if seen.prediction.startswith("A middling"):
        seen.says(*(f"{name}: {value:,g}" for name, value in now.items()))
        up = now["v · v"] - now["cosine of v and v"]
        holds(seen, "More popular items" if up > 0 else "Rarer items" if up < 0 else "As popular ones")
        return
    before = _three(seen.names(seen.opening)["vectors"], seen.row, seen.source.counts)["v′ · v"]
    change = now["v′ · v"] - before
    seen.says(f"v′ · v: {now['v′ · v']:,g}, at exponent 0.75 {before:,g}")
    holds(seen, "More popular items" if change > 0 else "Rarer items" if change < 0 else "As popular ones")


@check("The most popular item. **Is it its own")
def _own(seen: Seen) -> None:
    vectors, row = seen.names()["vectors"], seen.row
    scores = vectors.output_vectors @ vectors.vectors[row]
    window = None if seen.state("pairs") == "set" else seen.state("width")
    above = int((scores > scores[row]).sum())
    seen.says(f"is {sign(float(scores[row]), '.2f').lstrip('+')};", f"{above:,} of the other")
    ways = ("None: it comes first", "Up to half of the items", "More than half")
    holds(seen, ways[int(above > 0) + int(2 * above > len(scores) - 1)])
    seen.says(_times(int(context_counts(seen.source.sequences, row, window)[row]), "time") + ".")


@check("One single update", "100 updates", "1,000 updates", "10,000 updates on the whole log")
def _updates(seen: Seen) -> None:
    made, seen = seen.names(), whole(seen)
    if seen.state("updates") == 1:
        outputs = made["last"].outputs
        assert np.abs(made["last"].center).max() == 0
        holds(seen, "v′ alone")
        seen.says(f"{int((np.linalg.norm(outputs, axis=1) > 0).sum())} output vectors", "v moved by 0:")
        return
    watch = made["watch"]
    score = watch.scores[-1][0]
    seen.says(f"score of the pair is {score:.3f}", f"100 updates is {np.mean(watch.losses[-100:]):.2f}")
    if seen.state("source") != "log":
        holds(seen, ("Still near 0.5", "Between 0.6 and 0.9", "Above 0.9")[int(score >= 0.6) + int(score > 0.9)])
    else:
        holds(seen, "Yes" if score > 0.9 else "No")
        seqs, partner = seen.source.sequences, made["context"]
        contexts = context_counts(seqs, seen.row, None if seen.state("pairs") == "set" else seen.state("width"))
        p, weight = contexts[partner] / contexts.sum(), seqs.counts.astype(np.float64) ** 0.75
        seen.says(f"= {p / (p + 5 * weight[partner] / weight.sum()):.3f} for this pair")


LOSSES = {
    "softmax": "Full softmax",
    "hierarchical_softmax": "Hierarchical softmax",
    "nce": "NCE",
    "negative_sampling": "Negative sampling",
}


def four(seen: Seen) -> tuple[dict[str, StepTrainer], int]:
    """The four objectives as the page trains them."""
    seqs, k = seen.source.sequences, seen.state("negatives")
    contexts = context_counts(seqs, seen.row, None if seen.state("pairs") == "set" else seen.state("width"))
    found = {}
    for objective in OBJECTIVES:
        trainer = StepTrainer(seqs.counts, StepConfig(objective=objective, negative=k, learning_rate=0.1, seed=0))
        for _ in train_to_rest(trainer, CenterPairs(seen.row, contexts, seed=0), seen.state("learned")):
            pass
        found[objective] = trainer
    return found, seqs.items.row(seen.state("partner"))


@check("No training at all", "A rare context", "20 negatives instead")
def _untrained(seen: Seen) -> None:
    seen, counts = whole(seen), seen.source.counts
    seen.page.session_state[f"learned@{seen.source.key}"] = 0  # none of these answers hangs on training
    trainers, partner = four(seen)
    lengths = trainers["hierarchical_softmax"].tree.lengths  # type: ignore[union-attr]
    if seen.prediction.startswith("No"):
        loss = {name: trainer.gradients(seen.row, partner).loss for name, trainer in trainers.items()}
        seen.says(
            f"p = {1 / len(counts):.4f}, 1/n", f"its {lengths[partner]} decisions, p = {0.5 ** lengths[partner]:.4f}"
        )
        holds(seen, *(LOSSES[name] for name in LOSSES if np.isclose(loss[name], max(loss.values()))))
        seen.says(*(f"{LOSSES[name]} {value:.2f}" for name, value in loss.items()))
    elif seen.prediction.startswith("A rare"):
        contexts = context_counts(seen.source.sequences, seen.row, None if seen.state("pairs") == "set" else 2)
        first = int(np.argmax(contexts))
        assert counts[partner] == counts[contexts > 0].min()
        change = int(lengths[partner]) - int(lengths[first])
        seen.says(_times(int(lengths[partner]), "decision"))
        holds(seen, "It grows longer" if change > 0 else "It grows shorter" if change else "It is equally long")
    else:
        weight = counts.astype(np.float64) ** 0.75
        now = float(np.log(20 * weight[partner] / weight.sum()))
        holds(seen, "By log 4, for every context")
        seen.says(
            f"is {sign(now, '.2f').lstrip('+')} here, with 5 it is {sign(now - np.log(4), '.2f').lstrip('+')}:", "1.39"
        )


@check("1,000 updates. **Whose")
def _sums(seen: Seen) -> None:
    holds(seen, "Full softmax", "Hierarchical softmax")
    trainers, _ = four(seen)
    row, negative = seen.row, trainers["negative_sampling"]
    softmax = np.exp(trainers["softmax"].scores(row))
    seen.says(f"Full softmax {(softmax / softmax.sum()).sum():.3f}")
    seen.says(f"Hierarchical softmax {np.exp(trainers['hierarchical_softmax'].scores(row)).sum():.3f}")
    seen.says(f"NCE {np.exp(trainers['nce'].scores(row)).sum():.3f}")
    total = (np.exp(negative.scores(row)) * 5 * negative.noise).sum()
    seen.says(f"Negative sampling {total:.3f}")


# --- Neighbors ---


@cache
def lists(source: Source, score: str = "cosine", least: int = 0) -> dict[str, Numbers]:
    names = ["word2vec", "item2vec"] if source.log is not None else []
    names += ["DeepWalk", "node2vec", *(["GES", "EGES"] if source.side is not None and source.side.width > 1 else [])]
    names += ["PPMI-SVD"] if source.log is not None else []
    return {n: model(source, n).nearest(10, score, least, counts=source.counts)[0] for n in names}


def agreement(found: dict[str, Numbers]) -> Numbers:
    return np.mean([overlap_at_k(a, b) for a, b in combinations(found.values(), 2)], axis=0)


def analogy_rates(seen: Seen, vectors: Numbers) -> tuple[float, float]:
    """(share of questions that the sum answers, that the nearest item to C answers), one question after the other."""
    from recemb_core.evaluation.analogies import analogies, analogy_fields

    fields: dict[str, Any] = dict(seen.source.labels)
    for name in () if seen.source.side is None else seen.source.side.columns:
        if name not in ("title", *fields):
            fields[name] = np.array(seen.source.side[name].to_list(), dtype=object)
    step = seen.state("step")
    asked = analogies(fields, step, analogy_fields(fields, step))
    rows, hits, near = unit_rows(vectors), 0, 0
    values = list(zip(*(np.asarray(fields[name], dtype=str) for name in (step, *asked.held)), strict=True))
    for a, b, c in zip(asked.a, asked.b, asked.c, strict=True):
        wanted = (values[b][0], *values[c][1:])
        for asking, at in ((rows[b] - rows[a] + rows[c], 0), (rows[c], 1)):
            scores = rows @ asking
            scores[[a, b, c]] = -np.inf
            right = values[int(scores.argmax())] == wanted
            hits, near = (hits + right, near) if at == 0 else (hits, near + right)
    return hits / len(asked), near / len(asked)


# --- Evaluation ---


@check(
    "Judge by the place", "Ask the same vectors", "Count only what people", "Count every target", "Two of these rows"
)
def _evaluation(seen: Seen) -> None:
    board, now = seen.names(seen.opening)["board"], seen.names()["board"]
    start = seen.prediction.split()[0]
    if start == "Judge":
        hits, places = (board.compare(metric, 10).order for metric in ("hr", "mrr"))
        moved = [name for name in hits if hits.index(name) != places.index(name)]
        seen.says(f"{len(moved)} of {len(hits)} rows" if moved else "rows alike", places[0])
        names = ("No, not at all", "Yes, but the same row is first", "Yes, and another row is first")
        seen.chose(names[0 if not moved else 1 if hits[0] == places[0] else 2])
    elif start == "Ask":
        cases = seen.names()["cases"]
        in_out = leaderboard.query_kinds(cases.train, "in_out")["decayed"]  # of walks on baskets not the usual query
        asked = [replace(row.entry, query=in_out) for row in board.rows.values() if row.entry.query is not None]
        before = leaderboard.Leaderboard.of(leaderboard.measure_all(cases, asked, seeds=(0, 1, 2)))
        changes = []
        for name in before.rows:
            old, new = before.estimate(name, "hr", 10), now.estimate(name, "hr", 10)
            seen.says(f"{name} {old.value:.3f} ({old.low:.3f} to {old.high:.3f}) → {new.value:.3f}")
            changes.append((new.low > old.high) - (new.high < old.low))
        seen.says(f"of {len(asked)} rows {changes.count(1)} rise, {changes.count(-1)} fall")
        seen.says(f"{cases.head_targets:.0%} lie in the head")
        names = {1: "Most rows find more", -1: "Most rows find less", 0: "Most do not change beyond noise"}
        most = max(map(changes.count, names))
        seen.chose(*(words for way, words in names.items() if changes.count(way) == most))
    elif start == "Count":
        view = "first_time" if "only what" in seen.prediction else "all"
        best, other = board.compare("hr", 10).order[0], board.compare("hr", 10, view).order[0]
        seen.says(f"{other} {board.estimate(other, 'hr', 10, view).value:.3f}")
        same = best in board.compare("hr", 10, view).top
        another = ("Another is first, but they are not told apart", "No, another one, beyond noise")
        seen.chose("Yes" if best == other else another[0 if same else 1])
    else:
        compared = board.compare("hr", 10)
        pairs = zip(compared.order, compared.order[1:], strict=False)
        nearest = min((compared.between(*pair) for pair in pairs), key=lambda d: abs(d.value))
        seen.says(f"{nearest.first} less {nearest.second}: {sign(nearest.value, '.4f')}", nearest.first)
        seen.says("not told apart" if not nearest.told_apart else "beyond noise")
        seen.chose("Yes, beyond noise" if nearest.told_apart else "No, they are not told apart")
