"""The checks of the experiments on CBOW, item2vec's sets, weights by e^a, node2vec's objective and Figure 3."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np

from recemb_core import precomputed
from recemb_core.experiments.figure_three import FigureThreeConfig, figure_three_base
from recemb_core.experiments.never_together import never_together, told_apart
from tests.pages.experiment_checks import Numbers, Seen, check, model, sign, trained
from tests.pages.verdicts import holds, whole

# --- CBOW ---


def _window(seen: Seen, width: int) -> int:
    """Contexts of the window shown, in a sequence or in its set."""
    rows = seen.source.sequences[seen.state("sequence")].tolist()
    if seen.state("pairs") == "set":
        return len(set(rows)) - 1
    at = min(seen.state("center"), len(rows)) - 1
    return sum(0 < abs(at - other) <= width for other in range(len(rows)))


def _times(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


@check("Nothing trained yet.", "3,000 windows by", "Window 10 instead of 2. **How many")
def _cbow(seen: Seen) -> None:
    seen = whole(seen)
    found, m = seen.names()["found"], _window(seen, seen.state("width"))
    skip, cbow = found["skip_gram"], found["cbow"]
    assert (len(skip.rows), int(skip.scored.targets.labels.sum())) == (1, m)
    assert int(cbow.scored.targets.labels.sum()) == 1
    if seen.prediction.startswith("Nothing"):
        outputs = []
        for one in (skip, cbow):  # a row that is a context and a noise item of the same window may stand still
            moved = np.zeros((len(seen.source.items), one.hidden.shape[0]))
            np.add.at(moved, one.scored.targets.rows, one.scored.outputs)
            outputs.append(int((np.abs(moved).sum(axis=1) > 0).sum()))
        holds(seen, "Of v′ alone")
        seen.says(f"Skip-gram moves 0 rows of v and {outputs[0]} of v′", f"CBOW moves 0 rows of v and {outputs[1]}")
        return
    if seen.prediction.startswith("3,000"):
        errors = [one.scored.probabilities - one.scored.targets.labels for one in (skip, cbow)]
        assert np.allclose(skip.scored.outputs, errors[0][:, None] * skip.hidden)
        shares = np.linalg.norm(cbow.inputs, axis=1)
        center, share = float(np.linalg.norm(skip.inputs)), float(shares.mean())
        seen.says(f"is {center:.4f} long", _times(m, "prediction"), f"a context's is {share:.4f}", f"1/{m} of ∂E/∂h")
        holds(seen, "Not as far" if share < center else "Farther")
        return
    few = _window(seen, 2)
    holds(seen, "One, as before")
    seen.says(_times(m, "context"), f"(window 2: {few})", f"1/{m} (window 2: 1/{few})")
    seen.says(_times(len(skip.scored.scores), "score"), _times(len(cbow.scored.scores), "score"))


# --- item2vec ---

NAMED, BOLD = re.compile(r"(?<!\*)\*([^*]+)\*(?!\*)"), re.compile(r"\*\*([\d,]+)\*\*")  # items, counts


@check("The same items without", "Shuffled anew before")
def _sets(seen: Seen) -> None:
    n = len(set(seen.source.sequences[seen.state("sequence")].tolist()))
    width = seen.state("width")
    near = sum(0 < abs(i - j) <= width for i in range(n) for j in range(n))
    every = n * (n - 1)
    if seen.prediction.startswith("The same"):
        seen.says(f"Of the {every} ordered pairs of these {n} items a window of {width} has {near}")
        seen.says(f"it misses {every - near}")
        holds(seen, "None" if every == near else "Up to half" if 2 * (every - near) <= every else "More than half")
        return
    epochs = seen.state("reshuffles")
    met = int(seen.numbers()[0])
    seen.says(f"{met} of {every} in {epochs} epochs")
    holds(seen, "Every one" if met == every else "Not every one")
    assert near <= met <= min(every, near * epochs)
    seen.says(f"{(1 - (1 - near / every) ** epochs) * every:.0f} are expected")


@check("Two pairs that a set", "The log's first half")
def _order(seen: Seen) -> None:
    """Every count of the answer, of the items that it names, from the sequences themselves."""
    seen = whole(seen)
    source = seen.source
    row = {title: at for at, title in enumerate(source.titles)}
    answer = seen.answer.replace("\\", "")
    bold = [int(number.replace(",", "")) for number in BOLD.findall(answer)]
    items = [row[name] for name in NAMED.findall(answer)]
    sequences = [one.tolist() for one in source.sequences]
    held = Counter(pair for one in sequences for pair in combinations(sorted(set(one)), 2))

    def key(a: int, b: int) -> tuple[int, int]:
        return min(a, b), max(a, b)

    if seen.prediction.startswith("The log's"):
        if not items:
            assert "no times" in answer
            return
        begun = source.sequences.timestamps[source.sequences.offsets[:-1]]
        early = set(np.argsort(begun, kind="stable")[: len(sequences) // 2].tolist())
        pair = set(items[:2])
        counts = [
            sum(pair <= set(one) for at, one in enumerate(sequences) if (at in early) == half) for half in (True, False)
        ]
        assert bold[-2:] == counts
        holds(seen, "No, it may be chance" if "beyond chance" in answer else "Yes")
        return
    beside: Counter[tuple[int, int]] = Counter()
    steps: Counter[tuple[int, int]] = Counter()
    for one in sequences:
        beside.update({key(a, b) for a, b in pairwise(one) if a != b})
        steps.update((a, b) for a, b in pairwise(one) if a != b)
    if "they stand side by side" in answer:
        told = answer[answer.rindex("sessions hold", 0, answer.index("they stand side by side")) :]
        near, far = key(*(row[n] for n in NAMED.findall(told)[:2])), key(*(row[n] for n in NAMED.findall(told)[2:4]))
        assert held[near] == held[far]
        seen.says(f"{held[near]:,} sessions hold")
        assert [int(n.replace(",", "")) for n in BOLD.findall(told)][:2] == [beside[near], beside[far]]
    if "comes directly before" in answer:
        told = answer[: answer.index("comes directly before")]
        a = row[NAMED.findall(told)[-1]]
        after = answer[len(told) :]
        b = row[NAMED.findall(after)[0]]
        assert [int(n.replace(",", "")) for n in BOLD.findall(after)][:2] == [steps[a, b], steps[b, a]]
    chance = "it may be chance" in answer or "they stand side by side" not in answer, "No direction to lose" in answer
    holds(seen, "No, it may be chance" if all(chance) else "Yes")


@check("Items that share their fields")
def _apart(seen: Seen) -> None:
    seen = whole(seen)
    source = seen.source
    side = source.side
    fields = [] if side is None else [name for name in side.columns if name != "title"]
    if not fields:
        seen.says("nothing of its items but their names")
        return
    pairs = never_together(source.sequences, side)
    if pairs is None:
        seen.says("share a value of any field")
        return
    rates = [told_apart(model(source, name), pairs) for name in ("item2vec", "EGES")]
    if rates[0] is None:
        seen.says("nothing to tell apart")
        return
    seen.says(f"Of {pairs.found:,} such pairs")
    for name, one in zip(("item2vec", "EGES"), rates, strict=True):
        assert one is not None
        seen.says(f"{name} in {one.value:.0%} (95%: {one.low:.0%} to {one.high:.0%})")
    without, knows = rates
    assert without is not None
    assert knows is not None
    ways = ("EGES, which knows the fields", "item2vec, by clicks alone", "Both alike, within noise")
    holds(seen, ways[0] if knows.low > without.high else ways[1] if knows.high < without.low else ways[2])


# --- node2vec: why two are neighbors ---


def _pair(seen: Seen) -> tuple[Numbers, int, int, int]:
    """(the walks that these settings are trained on, the two items, the window), by the library alone."""
    from recemb_core.embeddings import node2vec_defaults
    from recemb_core.walks import generate_walks

    graph = seen.source.graph
    config = replace(node2vec_defaults(len(graph)), p=seen.state("p"), q=seen.state("q"))
    (nearest, _), *_ = trained(seen.source, config).most_similar(graph.items[seen.row], k=1)
    return generate_walks(graph, config), seen.row, int(graph.items.row(nearest)), config.window


@check("An item and its nearest by cosine.")
def _met(seen: Seen) -> None:
    walks, a, b, window = _pair(seen)
    held = [walk[walk >= 0].tolist() for walk in walks]
    places = [(np.flatnonzero(walk == a), np.flatnonzero(walk == b)) for walk in walks]
    both = sum(bool((np.abs(x[:, None] - y[None]) <= window).any()) for x, y in places)
    everything = np.concatenate(held)
    rng = np.random.default_rng(1)
    chance = []
    for _ in range(60):  # the same visits, spread at random
        rng.shuffle(everything)
        at, met = 0, 0
        near = np.zeros(len(everything) + window, dtype=bool)
        for d in range(1, window + 1):
            x, y = everything[:-d], everything[d:]
            near[: len(x)] |= ((x == a) & (y == b)) | ((x == b) & (y == a))
        for walk in held:
            met += bool(near[at : at + len(walk) - 1].any())
            at += len(walk)
        chance.append(met)
    seen.says(f"{both:,} of {len(walks):,} walks")
    expected, noise = (float(n.replace(",", "")) for n in re.findall(r"([\d,]+\.\d) ± ([\d,]+\.\d)", seen.answer)[0])
    assert abs(np.mean(chance) - expected) <= noise / 2 + 1
    assert abs(noise - 2 * np.sqrt(expected * (1 - expected / len(walks)))) < 0.2
    change = both - expected
    beyond = abs(change) > noise
    seen.chose("No difference beyond noise" if not beyond else "More often than chance" if change > 0 else "Less often")


@check("The same two. **How do walks", "q = 20: another item may be nearest now.")
def _ways(seen: Seen) -> None:
    walks, a, b, window = _pair(seen)
    by_walk = []
    for walk in walks:
        x, y = np.flatnonzero(walk == a), np.flatnonzero(walk == b)
        apart = np.abs(x[:, None] - y[None])
        by_walk.append(((apart == 1).sum(), ((apart > 1) & (apart <= window)).sum()))
    direct, other = np.sum(by_walk, axis=0)
    difference = np.subtract(*np.transpose(by_walk))
    noise = 2 * np.sqrt(len(walks) * difference.var(ddof=1))
    if not direct + other:
        seen.says("no way to look at")
        return
    seen.says(f"one step apart {direct:,} times, and {other:,} times", f"±{noise:,.0f}")
    change = direct - other
    names = ("By the edge between them", "Through other items", "No difference beyond noise")
    seen.chose(names[2] if abs(change) <= noise else names[0] if change > 0 else names[1])


# --- node2vec's objective ---


@check("One vector a node, as", "Contexts of one window", "Small q, 0.05: walks")
def _objective(seen: Seen) -> None:
    made = seen.names()
    walks, vectors, row = made["walks"], made["vectors"], made["row"]
    window, n = vectors.config.window, len(vectors.items)
    line, place = np.nonzero(walks == row)
    slots = [
        np.where((place + d >= 0) & (place + d < walks.shape[1]), walks[line, (place + d) % walks.shape[1]], -1)
        for d in range(-window, window + 1)
        if d
    ]
    weights = [(window - abs(d) + 1) / window for d in range(-window, window + 1) if d]
    times = np.zeros(n)
    for slot, weight in zip(slots, weights, strict=True):
        np.add.at(times, slot[slot >= 0], weight)
    share = times / times.sum()
    v, out = vectors.vectors.astype(float), vectors.output_vectors.astype(float)
    if seen.prediction.startswith("One vector"):
        own = v @ v[row]
        by_context = float(share @ (own - np.log(np.exp(own - own.max()).sum()) - own.max()))
        other = out @ v[row]
        two = float(share @ (other - np.log(np.exp(other).sum())))
        seen.says(f"{sign(by_context, '.2f')} nats", f"{sign(-np.log(n), '.2f')} with all {n:,}")
        seen.says(f"two tables: {sign(two, '.2f')}")
        seen.chose("Better" if by_context > -np.log(n) else "No, worse")
    elif seen.prediction.startswith("Contexts"):
        found = made["around"]
        if found.first < 0:
            seen.says("cannot be judged")
            return
        both = sum(
            int(((a == found.first) & (b == found.second)).sum() + ((a == found.second) & (b == found.first)).sum())
            for a, b in combinations(slots, 2)
        )
        seen.says(f"{both:,} times", f"independent they would {found.expected:,.0f} times")
        names = ("Yes, nearly", "No, some meet far more often", "No, some meet far less often")
        far = both - found.expected
        seen.chose(names[0 if abs(far) <= 4 * found.expected**0.5 else 1 if far > 0 else 2])
    else:
        positive = share[share > 0]
        seen.says(f"as {np.exp(-(positive * np.log(positive)).sum()):.1f} equally frequent")
        seen.says(f"{int((times > 0).sum()):,} different ones")
        spreads = (
            [float(one) for one in re.findall(r"means ([\d.]+) and ([\d.]+)\)", seen.answer)[0]]
            if ("means" in seen.answer)
            else []
        )
        if spreads and abs(spreads[0] - spreads[1]) > 0.2 * max(spreads):  # clearly more than five seeds differ by
            seen.chose("More" if spreads[0] > spreads[1] else "Fewer")


# --- Figure 3 ---


@check("The paper's Figure 3, 20 seeds", "Twenty seeds at q = 0.5", "Window 2 instead of 10, q = 0.5")
def _figure_three(seen: Seen) -> None:
    if seen.answer.startswith("These runs are not made"):
        return
    config = FigureThreeConfig(base=figure_three_base(seen.state("figure_window")))
    found = precomputed.load_figure_three(seen.source.graph, config) or seen.names()["found"]
    by = 1 if seen.prediction.startswith("The paper's") else 0
    low, high = (float(values.mean()) for values in found.agreement[:, by])
    seen.says(f"{sign(low, '.3f').lstrip('+')} at q = 0.5, {sign(high, '.3f').lstrip('+')} at q = 2")
    seen.says(f"({sign(high - low, '.3f')})", found.names[by].replace("_", " "))
    spread = [values.var(ddof=1) / len(values) for values in found.agreement[:, by]]
    if abs(high - low) > 4 * sum(spread) ** 0.5:  # of four tests the strictest asks for 2.6 at 38 degrees of freedom
        seen.says("rises, beyond noise" if high > low else "falls, beyond noise")
        if by:
            seen.chose("More than at q = 0.5" if high > low else "Less than at q = 0.5")
        else:
            seen.chose("Less than those of q = 2" if high > low else "More than those of q = 2")
    if abs(high - low) < 1.9 * sum(spread) ** 0.5:
        seen.says("within noise")
        seen.chose("The two cannot be told apart")
