"""Answers of Sequences, Item graph, Neighbors and Side information, worked out anew: what is said, and which choice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from recemb_core.embeddings import train_eges
from recemb_core.embeddings.weight_forms import FORMS, descend, form_weights, numbers_for, weight_case, weight_step
from recemb_core.evaluation.agreement import overlap_at_k
from recemb_core.item_graph import ItemGraph, backbone, build_item_graph
from recemb_core.neighbors.base import unit_rows
from recemb_core.sequences import Sequences
from tests.pages.experiment_checks import Numbers, Seen, check, model, sign, trained, verdict, whole_graph
from tests.pages.experiment_checks_models import agreement, analogy_rates, lists


def picked(seen: Seen, *choices: str) -> None:
    """These choices, and no others, are said to be what was measured."""
    said = seen.page.success[0].value
    assert said.startswith(f"**{' or '.join(choices)}.** "), said


def figures(seen: Seen) -> str:
    """What is folded away below the verdict, without marks."""
    boxes = [box for box in seen.page.expander if box.label == "The figures"]
    return boxes[0].markdown[0].value.replace("**", "").replace("\\", "") if boxes else ""


def sided(change: Numbers, more: str, less: str, none: str) -> str:
    """Which of three choices paired differences are."""
    found = verdict(change)
    return more if found.startswith("more") else less if found.startswith("less") else none


# --- Sequences ---


@check("A pause of one minute", "Only a pause of a week", "The usual hour")
def _sessions(seen: Seen) -> None:
    log = seen.source.log
    assert log is not None

    def cut(minutes: int) -> Sequences | None:
        try:
            return seen.source.cut(minutes)
        except ValueError:
            return None

    times = pl.DataFrame({"user": np.repeat(log.users, log.lengths), "time": log.timestamps}).sort("user", "time")
    gaps = times.select(pl.col("time").diff().over("user")).drop_nulls().to_series().to_numpy()
    minutes = seen.state("gap")
    now, hour = cut(minutes), cut(60)
    if minutes == 1:
        lost = len(log.tokens) - (0 if now is None else len(now.tokens))
        seen.says(f"{lost:,} of {len(log.tokens):,} events are left out")
        share = lost / len(log.tokens)
        picked(seen, "Under 10% of the events" if share < 0.1 else "10 to 50%" if share <= 0.5 else "More than half")
    elif minutes > 60:
        assert now is not None
        assert hour is not None
        bridged = ((gaps > 3600) & (gaps <= minutes * 60)).sum()
        seen.says(f"{len(now):,} of {len(hour):,}. {bridged:,} of {len(gaps):,} pauses")
        share = len(now) / len(hour)
        few, nearly = "Fewer than half: visits are mixed", "Nearly all: over 90%"
        picked(seen, few if share < 0.5 else "Half to 90%" if share <= 0.9 else nearly)
    else:
        counts = [0 if (one := cut(m)) is None else len(one) for m in (30, 60, 120)]
        seen.says(", ".join(f"{count:,}" if count else "no session" for count in counts))
        seen.says(f"{((gaps > 1800) & (gaps <= 7200)).mean():.1%} of the {len(gaps):,} pauses")
        change = max(abs(count - counts[1]) for count in counts) / counts[1]
        little, much = "By less than 2%", "By more than 10%"
        picked(seen, little if change < 0.02 else "By 2 to 10%" if change <= 0.1 else much)


@check("The most popular tenth of the items", "An embedding learns an item")
def _popularity(seen: Seen) -> None:
    counts = np.sort(seen.source.counts)[::-1]
    if seen.prediction.startswith("The most"):
        top = counts[: int(np.ceil(len(counts) / 10))]
        share = top.sum() / counts.sum()
        seen.says(f"The {len(top):,} item", f"{share:.0%} of all {counts.sum():,} events")
        alike = "About a tenth: all sell alike"
        picked(seen, alike if share <= 0.15 else "Up to half" if share <= 0.5 else "More than half")
    else:
        few = int((counts < 5).sum())
        seen.says(f"{few:,} of {len(counts):,} items", f"the rarest {counts[-1]:,};")
        picked(seen, "None" if not few else "Less than a tenth" if few / len(counts) < 0.1 else "A tenth or more")


# --- Item graph ---


def _popular_ends(seen: Seen, graph: ItemGraph) -> float:
    counts = seen.source.counts
    top = np.argsort(-counts, kind="stable")[: int(np.ceil(len(counts) / 10))]
    return float((np.isin(graph.sources, top) | np.isin(graph.indices, top)).mean())


def _same_kind(seen: Seen, graph: ItemGraph) -> float:
    labels = seen.source.field[1]
    known = (labels[graph.sources] != "(missing)") & (labels[graph.indices] != "(missing)")
    return float((labels[graph.sources] == labels[graph.indices])[known].mean())


@check("Two edges an item", "Another filter, *disparity*", "The ten heaviest")
def _backbones(seen: Seen) -> None:
    import networkx as nx

    whole, eight = whole_graph(seen.source), seen.source.graph  # the default is eight an item beyond popularity
    if seen.prediction.startswith("Two"):
        kept = backbone(whole, method="noise_corrected", edges_per_item=2)
        if "one piece" in seen.prediction:
            groups = [len(group) for group in nx.connected_components(kept.to_networkx().to_undirected())]
            seen.says(f"{kept.num_edges:,} edge", f"{sum(g > 1 for g in groups):,} connected group")
            seen.says(f"the largest of {max(groups):,} of", f"{sum(g == 1 for g in groups):,} item")
            one, half = max(groups) == len(kept), max(groups) > len(kept) / 2
            small = "No, it falls into small groups"
            picked(seen, "Yes, all of it" if one else "More than half of it" if half else small)
        else:
            shares = [_same_kind(seen, graph) for graph in (kept, eight, whole)]
            seen.says(f"on {shares[0]:.0%} of the kept edges, on {shares[1]:.0%} at eight", f"{shares[2]:.0%} of all")
            alike = abs(shares[0] - shares[1]) <= 0.01
            more = "More often" if shares[0] > shares[1] else "Less often"
            picked(seen, "As often, within one point" if alike else more)
        return
    disparity = seen.prediction.startswith("Another")
    kept = backbone(whole, method="disparity", alpha=0.01) if disparity else backbone(whole, method="top_edges", top=10)
    now, beyond, every = (_popular_ends(seen, graph) for graph in (kept, eight, whole))
    seen.says(f"{now:.0%} of the kept edges have an end", f"popularity {beyond:.0%}, of all edges {every:.0%}.")
    row = int(np.lexsort((-seen.source.counts, -kept.out_degree))[0])
    assert f"{seen.source.titles[row]} has the most edges, to {kept.out_degree[row]:,} of" in figures(seen)
    assert f"it is number {(seen.source.counts > seen.source.counts[row]).sum() + 1:,}." in figures(seen)
    if disparity:
        more = "More to best-sellers" if now > beyond else "Fewer to best-sellers"
        picked(seen, "As many, within five points" if abs(now - beyond) <= 0.05 else more)
    else:
        best, alike = "Best-sellers, on most edges", "All alike: one edge in five"
        picked(seen, best if now > 0.5 else alike if now <= 0.25 else "In between")


@check("Forget the direction")
def _direction(seen: Seen) -> None:
    arrows = whole_graph(seen.source)
    ways = set(zip(arrows.sources.tolist(), arrows.indices.tolist(), strict=True))
    pairs = {frozenset(way) for way in ways}
    both = sum((b, a) in ways for a, b in ways if a < b)
    left = whole_graph(seen.source, directed=False).num_edges
    seen.says(f"{len(ways):,} arrow", f"{len(pairs):,} pair", f"{both:,} of them both", f"leaves {left:,} edge")
    half, nearly = "About half: most pairs have two arrows", "Nearly all: most pairs have one"
    share = left / len(ways)
    picked(seen, half if share <= 0.6 else nearly if share >= 0.9 else "In between")


@check("Count the graph from the log")
def _counted_graph(seen: Seen) -> None:
    own, log = seen.source.own, build_item_graph(seen.source.sequences, edges="transitions")
    assert own is not None
    assert seen.names()["graph"].fingerprint == log.fingerprint
    tables = [graph.to_scipy().toarray().astype(np.float64) for graph in (own, log)]
    tables = [table / np.maximum(table.sum(axis=1, keepdims=True), 1e-300) for table in tables]
    either = (tables[0] > 0) | (tables[1] > 0)
    r = np.corrcoef(tables[0][either], tables[1][either])[0, 1]
    elsewhere = int(((tables[0] == 0) & (tables[1] > 0)).sum())
    seen.says(f"along {log.num_edges:,} arrows now", f"r = {r:.2f};", f"{elsewhere:,} arrows lead")
    more = figures(seen)
    assert f"{log.weights.sum():,.0f} transitions" in more
    assert f"{int(((tables[0] > 0) & (tables[1] > 0)).sum()):,} were clicked" in more
    assert f"r = {r:.2f} over {int(either.sum()):,} ordered" in more
    near, part, hardly = "Nearly: r of 0.9 or more", "In part: r of 0.5 to 0.9", "Hardly: r below 0.5"
    picked(seen, near if r >= 0.9 else part if r >= 0.5 else hardly)


@check("The tenth of the items with most edges")
def _in_the_middle(seen: Seen) -> None:
    graph = seen.source.graph
    degree = graph.out_degree + np.bincount(graph.indices, minlength=len(graph))
    top = np.argsort(-degree, kind="stable")[: int(np.ceil(len(graph) / 10))]
    share = float((np.isin(graph.sources, top) | np.isin(graph.indices, top)).mean())
    seen.says(f"{share:.0%} of the edges have an end among the {len(top):,} item")
    alike = "About a fifth, as if all were alike"
    picked(seen, alike if share <= 0.25 else "Up to half" if share <= 0.5 else "More than half")


# --- Neighbors ---


def _popular_choice(place: float) -> str:
    top, rare = "Among the most popular tenth", "Among the rarest tenth"
    return top if place < 0.1 else rare if place >= 0.9 else "In the middle"


@check("One item divides", "*in · out*", "Name no item below")
def _all_models(seen: Seen) -> None:
    source, plain = seen.source, lists(seen.source)
    counts = source.counts
    if seen.prediction.startswith("One"):
        values = agreement(plain)
        place = float((counts > counts[seen.row]).mean())
        seen.says(f"agreement {values[seen.row]:.2f}", f"the mean is {values.mean():.2f}", f"{place:.0%} of the items")
        able = counts >= (min(20, int(np.median(counts))) if source.log is not None else 0)
        assert values[seen.row] == values[able].min()
        picked(seen, _popular_choice(place))
    elif seen.prediction.startswith("*in"):
        up = down = 0
        for name, ids in lists(source, "in_out").items():
            now, before = np.median(counts[ids[ids >= 0]]), np.median(counts[plain[name][plain[name] >= 0]])
            assert f"{name} {before:,.4g} → {now:,.4g}" in figures(seen)
            up, down = up + int(now > before), down + int(now < before)
        if not up and not down:
            seen.says(f"In none of {len(plain)} models")
            picked(seen)
            return
        seen.says(f"More popular in {up}, rarer in {down} of")
        every = len(plain)
        more, less = "More popular, in every model", "Rarer, in every model"
        picked(seen, more if up == every else less if down == every else "It depends on the model")
    else:
        least = seen.state("min_count")
        change = agreement(lists(source, "cosine", least)) - agreement(plain)
        seen.says(
            f"changes by {sign(change.mean(), '.3f')}", verdict(change), f"{(counts < least).mean():.0%} of the items"
        )
        picked(seen, sided(change, "They agree more", "They agree less", "No difference beyond noise"))


@check("The same ", "Noise drawn evenly", "A window over the order", "DeepWalk against node2vec")
def _two_models(seen: Seen) -> None:
    source = seen.source
    first, second = (model(source, seen.state(side)).config for side in ("first", "second"))
    if seen.prediction.startswith("The same"):
        second = replace(first, seed=1)
    elif seen.prediction.startswith("Noise"):
        second = replace(first, ns_exponent=0.0)
    elif seen.prediction.startswith("DeepWalk"):
        second = replace(second, p=1.0, q=20.0)
    assert (seen.state("score"), seen.state("min_count")) == ("cosine", 0)
    ids = [trained(source, config).nearest(10, counts=source.counts)[0] for config in (first, second)]
    values = overlap_at_k(*ids)
    share = values.mean()
    seen.says(f"{share:.1%} of two lists")
    if seen.prediction.startswith("Noise"):
        if "not measured yet" in seen.answer:
            return
        noise = overlap_at_k(ids[0], trained(source, replace(first, seed=1)).nearest(10, counts=source.counts)[0])
        seen.says(
            f"of two seeds {noise.mean():.1%}", f"{sign((values - noise).mean(), '.3f')}", verdict(values - noise)
        )
        picked(seen, sided(values - noise, "Less change", "More change", "No difference beyond noise"))
        return
    picked(seen, "Nine or ten" if share >= 0.85 else "Six to eight" if share >= 0.55 else "Five or fewer")
    if "Least in common" in seen.answer:
        able = np.flatnonzero(
            source.counts >= (min(20, int(np.median(source.counts))) if source.log is not None else 0)
        )
        worst = able[np.lexsort((-source.counts[able], np.round(values[able], 9)))[0]]
        seen.says(f"{source.titles[worst]} ({values[worst]:.0%})")


@check("A step in ")
def _steps_carry(seen: Seen) -> None:
    best = seen.answer.split("The largest gain is that of ")[1].split(":")[0]
    rates = {}
    for name in ("PPMI-SVD", best):
        right, near = analogy_rates(seen, model(seen.source, name).vectors)
        rates[name] = right - near
    assert rates[best] >= rates["PPMI-SVD"] - 1e-9
    seen.says(f"The largest gain is that of {best}: {sign(rates[best], '.1%')}")
    assert "-" not in seen.answer.split(best)[-1]  # a true minus
    choice = seen.page.success[0].value.split(".** ")[0].removeprefix("**")
    assert (choice == "In none") == ("In no model is the sum right" in seen.answer)
    assert ("offsets carry nothing" in figures(seen).lower()) == (choice == "In none")
    low = seen.numbers()[-2]  # of the largest gain's interval
    assert (choice == "In none") == (low <= 0)


@check("A basket of the five most popular")
def _popular_basket(seen: Seen) -> None:
    counts = seen.source.counts
    five = [seen.source.items.row(item) for item in seen.state("plus")]
    assert sorted(counts[five]) == sorted(np.sort(counts)[-5:])
    rows = unit_rows(model(seen.source, seen.state("sum_model")).vectors)
    scores = rows @ rows[five].sum(axis=0)
    scores[five] = -np.inf
    place = int((counts > counts[scores.argmax()]).sum())
    seen.says(f"number {place + 1:,} of {len(counts):,}")
    picked(seen, _popular_choice(place / len(counts)))


# --- Side information ---


def _interval(values: Numbers) -> tuple[float, float]:
    half = 1.959964 * values.std(ddof=1) / len(values) ** 0.5
    return values.mean() - half, values.mean() + half


@check("Its own embedding", "A popular item was trained", "Learn from ")
def _attention(seen: Seen) -> None:
    from recemb_core.evaluation.attention import attention_by_popularity

    source, vectors = seen.source, model(seen.source, "EGES")
    weights = vectors.attention[:, 0]
    if seen.prediction.startswith("Its"):
        equal = 1 / (1 + vectors.side.present.sum(axis=1))
        low, high = _interval((weights - equal).astype(np.float64))
        seen.says(f"{weights.mean():.2f} on average", f"gives {equal.mean():.2f}")
        picked(
            seen,
            "No difference beyond noise" if low <= 0 <= high else "More than the plain average" if low > 0 else "Less",
        )
    elif seen.prediction.startswith("A popular"):
        found = attention_by_popularity(weights, np.maximum(source.counts, 1)).correlation
        seen.says(f"popularity {sign(found.value, '.2f')}")
        noise = found.low <= 0 <= found.high
        picked(seen, "No trend beyond noise" if noise else "It rises" if found.value > 0 else "It falls")
    else:
        name = vectors.field_names[-1]
        have = vectors.side.present[:, -1]
        alone = trained(source, replace(vectors.config, fields=(name,))).attention
        now = alone[:, 0].mean(), alone[have, 1].mean()
        before = weights.mean(), vectors.attention[have, len(vectors.field_names)].mean()
        seen.says(f"Now {now[0]:.2f} for the item itself", f"fields {before[0]:.2f} and {before[1]:.2f}")
        own, field = now[0] - before[0], now[1] - before[1]
        more = "Mostly the item itself" if own > field else "Mostly the field that is left"
        picked(seen, "Both alike, within 0.05" if abs(own - field) <= 0.05 else more)


@check("An item is born with its ", "An item is born with all the fields")
def _birth(seen: Seen) -> None:
    source, vectors = seen.source, model(seen.source, "EGES")
    given: dict[str, Any] = {n: v for n in vectors.field_names if (v := seen.state(f"new_{n}"))}
    cosines = unit_rows(vectors.vectors) @ unit_rows(vectors.cold_start(given)[None])[0]
    if "all the fields" in seen.prediction:
        row = int(np.argmax(source.counts))
        place = int((cosines > cosines[row] + 1e-6).sum())
        seen.says(f"is number {place + 1:,} of {len(cosines):,} from it, at cosine {cosines[row]:.2f}")
        near, far = "Among its ten nearest", "Farther away"
        picked(seen, near if place < 10 else "Among the nearest tenth" if place < len(cosines) / 10 else far)
        return
    near10 = np.argsort(-cosines, kind="stable")[:10]
    more = []
    for name in set(vectors.field_names) - set(given):
        labels = source.fields[name]
        shares = []
        for rows in (near10, np.arange(len(labels))):
            values = labels[rows][labels[rows] != "(missing)"].tolist()
            alike = sum(values.count(value) - 1 for value in values)
            shares.append(alike / (len(values) * (len(values) - 1)))
        seen.says(f"{name.replace('_', ' ')} {shares[0]:.0%} ({shares[1]:.0%})")
        more.append(shares[0] > shares[1])
    picked(seen, "In every one of them" if all(more) else "In some" if any(more) else "In none")


@check("Items without clicks", "The same fields, but trained")
def _hidden(seen: Seen) -> None:
    from recemb_core.evaluation.cold_items import hide_items, score_guess, score_guesses, true_neighbors

    source, vectors = seen.source, model(seen.source, "EGES")
    n = len(vectors.vectors)
    parts = np.random.default_rng(0).permutation(n) % min(10, n)
    rows = np.flatnonzero(parts == parts[seen.row])
    rest = hide_items(source.graph, rows, seed=int(parts[seen.row])).graph
    blind = train_eges(rest, source.side, vectors.config)
    able = ~np.isin(np.arange(n), rows)

    def guessed(by: Any) -> dict[int, float]:
        placed = by.from_side_alone()[rows]
        found = score_guesses(placed, by.vectors, source.graph, rows, k=10, candidates=able)
        return {row: score.beaten for row, score in found.items()}

    fields = guessed(blind)
    if seen.prediction.startswith("Items"):
        now, before = fields, {
            row: score_guess(
                rest.strength, true_neighbors(source.graph, row), item=row, k=10, candidates=able
            ).beaten
            for row in fields
        }  # fmt: skip
    else:
        now, before = guessed(vectors), fields
    change = np.array([now[row] - before[row] for row in fields])
    assert abs(change.mean() - seen.numbers()[2]) < 0.02  # the bundled vectors may come from another processor
    seen.says(f"over {len(change):,} hidden items")
    low, high = _interval(change)
    if min(abs(low), abs(high)) > 0.01:
        picked(seen, "No difference beyond noise" if low <= 0 <= high else "Better" if low > 0 else "Worse")


@check("GES weighs every embedding alike", "Attention learns other weights")
def _ges(seen: Seen) -> None:
    source, vectors = seen.source, model(seen.source, "EGES")
    if seen.prediction.startswith("GES"):
        plain = trained(source, replace(vectors.config, attention=False))
        share = 10 * overlap_at_k(plain.nearest(10)[0], vectors.nearest(10)[0]).mean()
        seen.says(f"{share:.1f} of 10 on average over all {len(vectors.vectors):,} items")
        few = "Three or fewer"
        picked(seen, "Eight or more" if share >= 7.5 else "Four to seven" if share >= 3.5 else few)
    else:
        have = np.hstack([np.ones((len(vectors.vectors), 1)), vectors.side.present])
        moved = np.abs(vectors.attention - have / have.sum(axis=1, keepdims=True)).sum(axis=1).mean() / 2
        seen.says(f"{moved:.1%} on average")
        picked(seen, "Under 5%" if moved < 0.05 else "5 to 20%" if moved <= 0.2 else "More than 20%")


@check("The a that EGES learned", "0.1 added to every a", "Training starts with every a", "All three start with")
def _forms(seen: Seen) -> None:
    source = seen.source
    case = weight_case(model(source, "EGES"), source.graph, seen.row, seed=0)
    weights = form_weights("exp", case.learned)
    names = {"plain": "a", "share": "a / Σa", "exp": "eᵃ / Σeᵃ"}
    if seen.prediction.startswith("The a"):
        below = int((case.learned < 0).sum())
        seen.says(f"{below} of {len(weights)}", "0 (up to rounding)", "is not defined")
        seen.says(f"from {weights.min():.3f} to {weights.max():.3f}")
        half = below <= len(weights) / 2
        picked(seen, "None" if not below else "Up to half of them" if half else "More than half")
    elif seen.prediction.startswith("0.1"):
        moved = case.learned + 0.1
        assert np.allclose(form_weights("exp", moved), weights)
        share = weight_step("share", moved, case)
        assert np.isclose(share.total, 0.1 * len(weights))
        seen.says(f"divides by {share.total:.3g} now")
        largest = figures(seen).split("of a / Σa ")[1].split(" against")[0]
        assert np.isclose(float(largest.replace(",", "")), np.abs(share.gradient).max(), rtol=0.01)
        picked(seen, names["exp"])
    elif seen.prediction.startswith("Training"):
        steps = {form: weight_step(form, np.zeros(len(weights)), case) for form in ("plain", "exp")}
        assert np.abs(steps["plain"].reach).max() == 0
        assert np.abs(steps["exp"].reach).max() > 0
        seen.says(f"every weight {1 / len(weights):.3f}", "0 / 0")
        picked(seen, names["exp"])
    else:
        above = []
        for form in FORMS:
            path = descend(form, numbers_for(form, weights), case, rate=0.1, steps=200)
            below = int((path.weights < 0).any(axis=0).sum())
            seen.says(f"{names[form]}: {below} of {len(weights)}")
            if path.broke is None:
                told = f"{names[form]}: loss {path.losses[0]:.2f} → {path.losses[-1]:.2f}, |H| {path.lengths[0]:.2f} → "
                assert told in figures(seen)
            if not below:
                above.append(names[form])
        assert names["exp"] in above
        picked(seen, *above)
