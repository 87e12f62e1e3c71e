"""The checks of the experiments of the Deep models page but those on staleness."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from recemb_core import precomputed
from recemb_core.evaluation.intervals import wilson_interval
from tests.pages.experiment_checks import Numbers, Seen, Source, check, sign, verdict


@cache
def recall_configs(source: Source) -> dict[str, Any]:
    """The recall models as the page has them at first: the average starts from item2vec with its usual settings."""
    from recemb_core.deep.registry import recall_spec
    from recemb_core.embeddings import item2vec_defaults
    from recemb_core.experiments.recall_models import recall_defaults

    vectors = item2vec_defaults(source.sequences)
    return {
        name: replace(config, vectors=vectors) if recall_spec(config).item_vectors else config
        for name, config in recall_defaults().items()
    }


@cache
def reports(source: Source) -> dict[str, Any]:
    from recemb_core.evaluation.ranking import next_item_cases
    from recemb_core.experiments.recall_models import both_figures, recall_fingerprint
    from recemb_core.scorers import fit_scorer, scorer_defaults

    key, cases = recall_fingerprint(source.known), next_item_cases(source.known)
    scorers = scorer_defaults(cases.train)
    found = {n: precomputed.load_rankings(key, c) for n, c in {**scorers, **recall_configs(source)}.items()}
    for name in scorers:
        found[name] = found[name] or both_figures(fit_scorer(cases.train, scorers[name]).scores, cases)
    return {name: both for name, both in found.items() if both is not None}


@cache
def recall_model(source: Source, name: str) -> Any:
    from recemb_core.experiments.recall_models import recall_fingerprint

    return precomputed.load_recall(recall_fingerprint(source.known), recall_configs(source)[name])


@check("Mask what people had", "Back to all targets")
def _recall(seen: Seen) -> None:
    from scipy.stats import t as student

    from recemb_core.evaluation.ranking import next_item_cases

    cases, found = next_item_cases(seen.source.known), reports(seen.source)
    targets = [set(t.tolist()) for t in cases.targets]
    had = sum(len(t & set(h.tolist())) for t, h in zip(targets, cases.histories, strict=True))
    if seen.prediction.startswith("Mask"):
        every = sum(map(len, targets))
        seen.says(f"Of the {every:,} held-out target", f"{had / every:.0%} were in the history")
        floor, others = found["Popularity"][0], [name for name in found if name != "Popularity"]
        gains = {n: found[n][0].user_hits(10) - floor.user_hits(10) for n in others}
        users = len(gains[others[0]])
        errors = {n: (((d - d.mean()) ** 2).sum() + (d**2).max()) / users / (users - 1) for n, d in gains.items()}
        z = {n: d.mean() / max(errors[n] ** 0.5, 1e-12) for n, d in gains.items()}
        better = list[str]()
        for place, name in enumerate(sorted(z, key=lambda n: -abs(z[n]))):  # Holm, the clearest first
            if 2 * student.sf(abs(z[name]), users - 1) * (len(z) - place) > 0.05:
                break
            better += [name] if z[name] > 0 else []
        rest = [name for name in others if name not in better]
        seen.says(
            *(better if len(better) <= 3 else rest if len(rest) <= 3 else [f"{len(better)} of {len(others)} beat"])
        )
        seen.says(*([] if better else ["no model beats popularity"]))
        names = ("All of the table", "Some of the table", "Nobody, beyond noise")
        seen.chose(names[0 if len(better) == len(found) - 1 else 1 if better else 2])
        return
    if "Two-tower" not in found:
        seen.says("No model is trained yet")
        return
    tower, floor = found["Two-tower"][1], found["Popularity"][1]
    for report in (tower, floor):
        e = wilson_interval(int((report.best_rank <= 10).sum()), report.users)
        seen.says(f"{e.value:.3f} ({e.low:.3f} to {e.high:.3f})")
    gain = (tower.best_rank <= 10).astype(float) - (floor.best_rank <= 10)
    seen.says(sign(gain.mean(), ".3f"), verdict(gain))
    said = {"more": "Above it", "less": "Below it"}
    seen.chose(said.get(verdict(gain)[:4], "Not told apart"))
    n = len(seen.source.items)
    missed = [np.prod([(n - len(t) - j) / (n - j) for j in range(10)]) for t in targets]
    seen.says(f"HR@10 {1 - np.mean(missed):.3f}.")


@check("YouTube DNN, told all that is known", "The network is told how old", "Two-tower: its item tower sees")
def _drawn(seen: Seen) -> None:
    """From the hits that were measured: a mean less a mean, which no interval is needed for."""
    from recemb_core.datasets import load_dataset
    from recemb_core.deep import TwoTowerConfig, YouTubeDNNConfig
    from recemb_core.deep.user_fields import details_fingerprint
    from recemb_core.experiments.recall_models import recall_fingerprint
    from recemb_core.experiments.user_features import feature_defaults

    details = load_dataset(seen.source.name).user_details
    model = TwoTowerConfig() if seen.prediction.startswith("Two-tower") else YouTubeDNNConfig()
    columns = [] if details is None else details.columns[1:]
    config = feature_defaults(model, columns, timed=True, side_information=True)
    assert config is not None
    source = recall_fingerprint(seen.source.known)
    report = precomputed.load_features(source, details_fingerprint(details), config)
    assert report is not None
    at = len(config.variants) - (1 if seen.prediction.startswith("YouTube") or len(config.features) == 1 else 2)
    hits = report.hits[1]
    seen.says(f"HR@10 {sign(hits[0].mean() - hits[at].mean(), '.3f')}", "on all targets")
    # Holm: the smallest p of m counts m times, the next m − 1 times, and none less than the one before.
    p_values = [p_of_hits(hits[0], hits[other]) for other in range(1, len(config.variants))]
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = np.maximum.accumulate([(len(order) - place) * p_values[one] for place, one in enumerate(order)])
    apart = adjusted[order.index(at - 1)] <= 0.05
    ways = ("It finds more, beyond noise", "It finds less, beyond noise", "No difference beyond noise")
    seen.chose(ways[2 if not apart else 0 if hits[0].mean() > hits[at].mean() else 1])


def p_of_hits(a: Numbers, b: Numbers) -> float:
    """P(so large a mean difference by noise alone) of two models' hits (seeds, users), by Student's t."""
    from scipy.stats import t

    d, users = a.mean(axis=0) - b.mean(axis=0), a.shape[1]
    terms = [(((d - d.mean()) ** 2).sum() + (d**2).max()) / (users * (users - 1))]
    terms += [rows.mean(axis=1).var(ddof=1) / len(rows) for rows in (a, b)]
    own = [users - 1, len(a) - 1, len(b) - 1]
    degrees = sum(terms) ** 2 / sum(term**2 / of for term, of in zip(terms, own, strict=True))
    return float(2 * t.sf(abs(d.mean()) / sum(terms) ** 0.5, degrees))


@check("A tenth of the items")
def _cold(seen: Seen) -> None:
    """The report's own figures, and who was asked."""
    from recemb_core.deep.registry import recall_spec
    from recemb_core.evaluation.ranking import next_item_cases
    from recemb_core.experiments.recall_models import recall_fingerprint

    config = next(one for one in recall_configs(seen.source).values() if recall_spec(one).cold)
    report = precomputed.load_cold(recall_fingerprint(seen.source.known), config)
    assert report is not None
    cases, cold = next_item_cases(seen.source.known), np.zeros(len(seen.source.items), dtype=bool)
    cold[np.random.default_rng(0).permutation(len(cold))[: round(0.1 * len(cold))]] = True
    asked = [t for t in cases.targets if cold[t].any()]
    low, high = report.ranked_below.low, report.ranked_below.high
    seen.says(f"{report.ranked_below.value:.0%} of the catalogue", f"{low:.0%} to {high:.0%}", f"{len(asked):,} users")
    seen.chose("Above chance" if low > 0.5 else "Below chance" if high < 0.5 else "Not told from chance")


@check("The list may be found by a fast index")
def _indexes(seen: Seen) -> None:
    from recemb_core.evaluation.ranking import next_item_cases
    from recemb_core.experiments.recall_indexes import compare_recall_indexes

    cases, tower = next_item_cases(seen.source.known), recall_model(seen.source, "Two-tower")
    points = compare_recall_indexes(tower.encode(cases.histories), tower.item_vectors, cases.targets, n=10)
    lost = {}
    for name in ("LSH", "HNSW"):
        least = min((p for p in points if p.index == name), key=lambda p: p.found.value)
        seen.says(f"returns {least.found.value:.0%} of the exact list, HR@10 {least.hit_rate.value:.3f}")
        lost[name] = -least.hit_rate.value
    first = "Neither more than the other" if lost["LSH"] == lost["HNSW"] else max(lost, key=lambda n: lost[n])
    seen.chose(first)


def _list(source: Source, name: str, history: list[int], seen: bool = False) -> list[int]:
    found = recall_model(source, name).recommend(np.array(history, np.int32), 10, exclude_seen=not seen)
    return [source.items.row(item) for item, _ in found]


def _history(seen: Seen) -> list[int]:
    from recemb_core.evaluation.ranking import next_item_cases

    text = seen.state("history_items")
    if text:
        return [int(part) for part in text.split(".")]
    cases = next_item_cases(seen.source.known)
    user = list(cases.users).index(seen.state("history_user"))
    return cases.histories[user][-seen.state("history_take") :].tolist()


@check(
    "Start from the chosen item", "The same user under plain", "Back to the two-tower network, with", "Take a real user"
)
def _histories(seen: Seen) -> None:
    from recemb_core.experiments.recall_models import recall_defaults

    source, past = seen.source, _history(seen)
    labels = source.field[1]
    if seen.prediction.startswith("Start"):
        found = {n: _list(source, n, [seen.row]) for n in recall_defaults()}
        shared = [len(set(a) & set(b)) for a, b in combinations(found.values(), 2)]
        seen.says(f"{np.mean(shared):.1f} of 10 items on average ({min(shared)} to {max(shared)})")
        names = ("On most of the list", "On some of it", "On hardly any item")
        seen.chose(names[0 if np.mean(shared) > 5 else 1 if np.mean(shared) >= 1 else 2])
        same = labels == labels[seen.row]
        if same.sum() > 1:
            seen.says(*(f"{n} {same[rows].sum()} of 10" for n, rows in found.items()))
            seen.says(f"by chance {(same.sum() - 1) / (len(same) - 1) * 10:.2f}")
        else:
            seen.says("No other item is of the same")
    elif seen.prediction.startswith("The same user"):
        near = [
            np.mean([labels[a] == labels[b] for a in rows for b in past])
            for rows in (
                _list(source, "Item average, cosine", past),
                _list(source, "Two-tower", past),
                range(len(labels)),
            )
        ]
        seen.says(f"{near[0]:.1%} have the same, two-tower {near[1]:.1%}, the whole catalogue {near[2]:.1%}")
        seen.chose("Nearer" if near[0] > near[1] else "Further away" if near[0] < near[1] else "Equally near")
    elif seen.prediction.startswith("Back"):
        again = len(set(_list(source, "Two-tower", past, seen=True)) & set(past))
        seen.says(f"{again} of 10 stand in")
        seen.chose("More than half" if again > 5 else "Up to half" if again else "Nothing")
    else:
        shown = seen.state("history_model")
        whole = set(_list(source, shown, past, seen.state("history_seen")))
        kept = [
            len(whole & set(_list(source, shown, past[:at] + past[at + 1 :], seen.state("history_seen"))))
            for at in range(len(past) - 1, max(-1, len(past) - 13), -1)
        ]
        seen.says(f"{np.mean(kept):.1f} of 10 offered items stay", f"{min(kept)} stay")
        names = ("Yes, most of the list changes", "A part of it", "Hardly")
        seen.chose(names[0 if min(kept) < 5 else 1 if min(kept) <= 8 else 2])


@cache
def layers(source: Source, power: float) -> Any:
    from recemb_core.deep.features import feature_table
    from recemb_core.experiments.networks import layer_defaults

    config = layer_defaults(16, power)
    table = feature_table(source.sequences, config.features)
    return table, precomputed.load_networks(table.fingerprint, config)


@check("d = 8 in place of 16", "Negatives drawn", "Deep Crossing instead")
def _layers(seen: Seen) -> None:
    from recemb_core.experiments.networks import networks

    if seen.prediction.startswith("d = 8"):
        table, _ = layers(seen.source, 0.75)
        small, large = (
            next(n for n in networks(table, d) if n.name == "FNN").init(table)["embedding"].shape for d in (8, 16)
        )
        seen.says(
            f"keep their {small[0]:,} places", f"{small[0] * small[1]:,} numbers in place of {large[0] * large[1]:,}"
        )
        seen.says(f"{small[1] / large[1]:.0%}")
        seen.chose("Numbers in W and multiplications")
        return
    _, report = layers(seen.source, seen.state("embedding_power"))
    if report is None:
        seen.says("Press Train" if "Deep" in seen.prediction else "not trained yet")
        return
    if seen.prediction.startswith("Deep"):
        a, b = (report.model(n).embedding[:, -16:] for n in ("FNN", "Deep Crossing"))
        same = (np.abs(a - b) < 0.0005).sum()
        seen.says(f"{same:,} of {a.size:,} numbers are the same")
        share = same / a.size
        names = ("Yes, nearly all are others", "Some are the same", "No, the same ones")
        seen.chose(names[0 if share < 0.1 else 2 if share > 0.9 else 1])
        return
    usual = layers(seen.source, 0.75)[1]
    low, high = report.model("Popularity").scores.auc_interval
    if "all alike" in seen.prediction:
        below, above = usual.model("Popularity").scores.auc_interval
        names = ("Yes: popularity, which learns nothing, keeps its own", "No: popularity's AUC changes as well")
        seen.chose(names[int(low > above or high < below)])
    else:
        names = ("More than chance", "No more and no less than chance", "Less than chance")
        seen.chose(names[0 if low > 0.5 else 2 if high < 0.5 else 1])
    seen.says("cannot be told" if low <= 0.5 <= high else "above chance" if low > 0.5 else "below chance")
    best = max(report.models, key=lambda m: m.scores.auc)
    for one, name in ((report, "Popularity"), (report, best.name), (usual, "Popularity"), (usual, best.name)):
        scores = one.model(name).scores
        seen.says(f"{scores.auc:.3f} ({scores.auc_interval[0]:.3f} to {scores.auc_interval[1]:.3f})")


@cache
def starts(source: Source) -> tuple[Any, Any]:
    from recemb_core.deep.features import feature_table
    from recemb_core.experiments.pretraining import pretraining_defaults

    config = pretraining_defaults()
    table = feature_table(source.sequences, config.features)
    return config, precomputed.load_pretraining(table.fingerprint, config)


@check("Look at the training loss", "Let the clock run", "AUC instead of log loss", "The FM's vectors")
def _starts(seen: Seen) -> None:
    from scipy.stats import ttest_ind

    from recemb_core.evaluation import group_score
    from recemb_core.experiments.pretraining import START_NAMES, reach

    config, report = starts(seen.source)

    def mean(measure: str, pick: Any) -> dict[str, float]:
        return {s: float(np.mean([pick(getattr(c, measure)[1:]) for c in report.of(s)])) for s in config.starts}

    lowest = mean("loss", np.min)
    if seen.prediction.startswith("Look"):
        ends = mean("train_loss", lambda values: values[-1])
        fits, wins = min(ends, key=lambda s: ends[s]), min(lowest, key=lambda s: lowest[s])
        seen.says(f"{START_NAMES[fits]} ({ends[fits]:.4f})", f"{START_NAMES[wins]} ({lowest[wins]:.4f})")
        runs = [[curve.loss[1:].min() for curve in report.of(start)] for start in (fits, wins)]
        apart = (
            fits != wins and ttest_ind(*runs).pvalue <= 0.05
        )  # one against the control alone: Dunnett's is the t test
        names = ("Yes", "No, another one does", "The two are not told apart")
        seen.chose(names[0 if fits == wins else 1 if apart else 2])
    elif seen.prediction.startswith("Let"):
        seconds = {}
        for line in reach(report)[1]:
            before = np.mean([curve.seconds_before for curve in report.of(line.start)])
            if line.seconds:
                seconds[line.start] = before + np.mean(line.seconds)
                seen.says(f"{START_NAMES[line.start]} {before:.1f} + {np.mean(line.seconds):.1f} s")
        faster = [START_NAMES[s] for s, value in seconds.items() if value < seconds["random"]]
        seen.says(f"Before the random start: {', '.join(faster) or 'none'}.")
        seen.chose("Yes, with some start" if faster else "No, with none")
    elif seen.prediction.startswith("AUC"):
        end = mean("loss", lambda values: values[-1])
        most = max(end, key=lambda s: end[s] - lowest[s])
        seen.says(START_NAMES[most], f"from {lowest[most]:.4f} at its lowest to {end[most]:.4f}")
        high, last = mean("auc", np.max)[most], mean("auc", lambda values: values[-1])[most]
        seen.says(f"from {high:.4f}", f"to {last:.4f}")
        names = ("As bad as by log loss, or worse", "Less bad", "No start overfits here")
        rise, fall = end[most] / lowest[most] - 1, 1 - last / high
        seen.chose(names[2 if rise == 0 else 0 if fall >= rise else 1])
    else:
        labels, first = seen.source.fields[seen.state("pretraining_color")], []
        for start in ("fm", "graph"):
            before, after = (group_score(part[start], labels).value for part in (report.before, report.after))
            first.append(before)
            seen.says(f"{START_NAMES[start]} {before:.2f} before, {after:.2f} after")
        more = first[0] - first[1]
        seen.chose("Yes: within 0.05 of the walks' score" if abs(more) < 0.05 else "More" if more > 0 else "Less")


@check("Another model takes the place")
def _switched(seen: Seen) -> None:
    """Counts of threads differ from run to run; every read is one of three, and in a right store never the third."""
    published, reads, first, second, mixed = map(int, seen.numbers()[:5])
    assert published >= 6
    assert reads == first + second + mixed >= 20
    assert mixed == 0
    seen.chose("No, never")


@check("Back to the two-tower network. **Do the vectors")
def _spaces(seen: Seen) -> None:
    from recemb_core.evaluation.ranking import next_item_cases

    past = next_item_cases(seen.source.known).histories[0][-15:]
    a, b = (recall_model(seen.source, name).encode([past])[0] for name in ("Two-tower", "YouTube DNN"))
    cosine = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    seen.says(f"{sign(cosine, '.2f').lstrip('+')}.")
    seen.chose("Yes: their cosine is above 0.9" if cosine > 0.9 else "No")
