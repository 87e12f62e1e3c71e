"""Every experiment's answer against numbers worked out anew with the library: prediction → check."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from streamlit.testing.v1 import AppTest

from pages.kit.stage import either
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import comparison_defaults, default_graph, train_model, training_fingerprint
from recemb_core.item_graph import ItemGraph, build_item_graph
from recemb_core.sequences import Sequences, read_events, split_sessions
from recemb_core.splits import leave_last_out

Numbers = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Source:
    """A data set as the pages open it, loaded with the library alone."""

    name: str
    log: Sequences | None
    own: ItemGraph | None
    labels: dict[str, Numbers]
    side: pl.DataFrame | None
    cut: Callable[[float], Sequences]

    @property
    def key(self) -> str:
        return self.name

    @property
    def sequences(self) -> Sequences:
        assert self.log is not None
        return self.cut(60) if self.log.ordered else self.log

    @property
    def known(self) -> Sequences:
        """Without each user's last, which is the test part of Evaluation."""
        return leave_last_out(self.sequences)[0]

    @property
    def graph(self) -> ItemGraph:
        return self.own if self.own is not None else default_graph(self.sequences)

    @property
    def items(self) -> Any:
        return self.graph.items if self.log is None else self.sequences.items

    @property
    def counts(self) -> Numbers:
        return self.sequences.counts if self.log is not None else np.asarray(self.graph.strength)

    @property
    def titles(self) -> list[str]:
        if self.side is None or "title" not in self.side.columns:
            return list(self.items.ids)
        return [title or item for title, item in zip(self.side["title"].to_list(), self.items.ids, strict=True)]

    @property
    def fields(self) -> dict[str, Numbers]:
        found = dict(self.labels)
        for name in self.side.columns if self.side is not None else ():
            if name != "title" and name not in found:
                values = [v[0] if isinstance(v, list) and v else v for v in self.side[name].to_list()]
                found[name] = np.array([str(v) if v not in (None, []) else "(missing)" for v in values])
        return found

    @property
    def field(self) -> tuple[str, Numbers]:
        """The field that says what kind an item is."""
        names = [n for n in self.fields if "category" in n or "genre" in n] or list(self.fields)
        return names[0], self.fields[names[0]]


class Cached(Source):
    """The same, each part made once."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("sequences", "known", "graph", "counts", "titles", "fields"):
            kept = object.__getattribute__(self, "__dict__").setdefault("_kept", {})
            if name not in kept:
                kept[name] = object.__getattribute__(self, name)
            return kept[name]
        return object.__getattribute__(self, name)


@cache
def bundled(name: str) -> Source:
    data = load_dataset(name)
    log = data.sequences
    cut = lambda minutes: split_sessions(log, gap_minutes=minutes)  # noqa: E731
    return Cached(name, log, data.graph, data.labels, data.side_info, cut)


def uploaded(key: str, code: str) -> Source:
    """An upload, read by the lines that the Sequences page prints."""
    made: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, made)
    files = {"side_info": "items.csv"}

    def cut(minutes: float, **more: Any) -> Sequences:
        reading = made["reading"].with_cleaning(gap_minutes=minutes, **more)
        return read_events("shop.csv", reading=reading, **files)

    log = cut(float("inf"), min_length=1, drop_repeats=False)
    return Cached(key, log, None, {}, made["sequences"].side_info, cut)


@dataclass(frozen=True, eq=False)
class Seen:
    """An answer, and the page that shows it."""

    source: Source
    page: AppTest
    prediction: str
    answer: str
    opening: str  # the Python that the page showed when it was opened
    ran: dict[str, dict[str, Any]] = field(default_factory=dict)

    def state(self, name: str) -> Any:
        return self.page.session_state[f"{name}@{self.source.key}"]

    @property
    def row(self) -> int:
        return int(self.source.items.row(self.state("item")))

    @property
    def python(self) -> str:
        return next(block.value for block in self.page.code if "import" in block.value)

    def names(self, code: str | None = None) -> dict[str, Any]:
        """What the Python of the page makes."""
        code = code or self.python
        if code not in self.ran:
            made: dict[str, Any] = {}
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(code, self.prediction, "exec"), made)
            self.ran[code] = made
        return self.ran[code]

    @property
    def more(self) -> str:
        """What stands folded below the answer."""
        return "\n".join(m.value for e in self.page.expander if e.label == "The figures" for m in e.markdown)

    def chose(self, *choices: str) -> None:
        """The answer names these choices, in bold at its start, and no other; without any: it names none."""
        named = re.match(r"\*\*(.+?)\.\*\* ", self.page.success[0].value)
        assert (named[1] if named else "") == either(choices), f"{choices} in {self.page.success[0].value!r}"

    def says(self, *parts: str) -> None:
        plain = f"{self.answer}\n{self.more}".replace("\\", "").replace("**", "")
        for part in parts:
            assert part.replace("**", "") in plain, f"{part!r} is not in {plain!r}"

    def numbers(self) -> list[float]:
        text = self.answer.replace("−", "-").replace("**", "")
        return [float(n.replace(",", "")) for n in re.findall(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?", text)]


Check = Callable[[Seen], None]
CHECKS: dict[str, Check] = {}
# Answers that state no more than a definition, word for word.
THEORY = {
    "1/p, 1 and 1/q are all 1: this is DeepWalk, with which the others are compared.",
    "Its own row only, where it is the center. The gradient of a lookup is zero for every row that was not looked up.",
    "Exponent 0.75 and the most popular item.",
}
# Said while nothing is trained.
WAITING = re.compile(
    r"^(No model|These settings are not|The indexes are not|Press |Each network learns a W of its own; un)"
)


def check(*predictions: str) -> Callable[[Check], Check]:
    """Register a check for the experiments whose predictions begin so."""

    def add(function: Check) -> Check:
        CHECKS.update(dict.fromkeys(predictions, function))
        return function

    return add


def find(prediction: str) -> Check | None:
    """The check of a prediction: the longest beginning that fits."""
    fitting = [begin for begin in CHECKS if prediction.startswith(begin)]
    return CHECKS[max(fitting, key=len)] if fitting else None


def sign(value: float, form: str) -> str:
    text = f"{value:+{form}}"
    return (text if any(c in "123456789" for c in text) else text[1:]).replace("-", "−")


def verdict(values: Numbers) -> str:
    """Of paired differences: their 95% interval's side of 0."""
    half = 1.959964 * values.std(ddof=1) / len(values) ** 0.5
    low, high = values.mean() - half, values.mean() + half
    if low == high == 0:
        return "no difference at all"
    return "it may be chance" if low <= 0 <= high else "more, beyond" if values.mean() > 0 else "less, beyond"


@cache
def model(source: Source, name: str, **_: Any) -> Any:
    return trained(
        source, comparison_defaults(source.sequences if source.log else None, source.graph, source.side)[name]
    )


@cache
def trained(source: Source, config: Any) -> Any:
    """Vectors of a config: bundled, or trained now."""
    given = {"sequences": source.sequences if source.log else None, "graph": source.graph, "side_info": source.side}
    ready = precomputed.load_vectors(training_fingerprint(config, **given), config)
    return ready if ready is not None else train_model(config, **given)


# --- Sequences, item graph ---


@cache
def whole_graph(source: Source, **options: Any) -> ItemGraph:
    return build_item_graph(source.sequences, **options)


# --- Walks, node2vec ---


@check(
    "From one best-seller",
    "The same place at",
    "At an accessory",
    "q = 20: a step away weighs 1/20. **Where do most of",
    "q = 0.05: a step away weighs 20 times as much. **Where do most",
    "p = 0.05: the way back weighs 20 times as much. **Where do most",
)
def _steps(seen: Seen) -> None:
    from recemb_core.walks import transition_probabilities

    made = seen.names()
    graph, now, before = made["graph"], made["current"], made["previous"]
    if not len(graph.neighbors(now)[0]):
        seen.says("No way leads on")
        return
    if before is None:
        seen.says("Nothing changes")
        return
    p, q = seen.state("p"), seen.state("q")
    near = set(graph.neighbors(before)[0].tolist())
    shares = []
    for bias in ({"p": p, "q": q}, {"p": 1.0, "q": 1.0}):
        rows, chances = transition_probabilities(graph, before, now, **bias)
        kinds = np.array(["back" if r == before else "near" if r in near else "away" for r in rows.tolist()])
        shares.append({kind: float(chances[kinds == kind].sum()) for kind in set(kinds.tolist())})
    names = {"back": "Straight back", "near": "On to a neighbor of the item before", "away": "Away from it"}
    most = max(shares[0].values())
    seen.chose(*(name for kind, name in names.items() if np.isclose(shares[0].get(kind, -1), most)))
    if len(shares[0]) == 1:
        seen.says("Nothing changes")
        return
    for kind in shares[0]:
        seen.says(f"{shares[0][kind]:.1%} ({shares[1][kind]:.1%})")
    assert ("q has no say" in seen.answer) == ("away" not in shares[0] and q != 1)
    assert ("p has no say" in seen.answer) == ("back" not in shares[0] and p != 1)
    if "role" in seen.source.labels:
        rows, chances = transition_probabilities(graph, before, now, p=p, q=q)
        hubs = seen.source.labels["role"][rows] == "best-seller"
        assert hubs.any() or "best-seller" not in set(seen.source.labels["role"].tolist()) or not chances[hubs].sum()
        if "best-seller" in set(seen.source.labels["role"].tolist()):
            seen.says(f"{chances[hubs].sum():.0%} of the next steps go to a best-seller")


def _walks(seen: Seen, p: float, q: float) -> Any:
    from recemb_core.walks import WalkConfig, generate_walks

    return generate_walks(seen.source.graph, WalkConfig(num_walks=1000, walk_length=21, p=p, q=q), starts=[seen.row])


def _beyond(now: Any, before: Any, names: tuple[str, str, str]) -> str:
    change = np.mean(now) - np.mean(before)
    error = np.hypot(*(np.std(one, ddof=1) / len(one) ** 0.5 for one in (now, before)))
    return names[2] if abs(change) < 2 * error or change == 0 else names[0] if change > 0 else names[1]


@check("q = 0.05: a step away weighs 20 times as much. **Where are", "q = 20: a step away weighs 1/20. **Where are")
def _distance(seen: Seen) -> None:
    import networkx as nx

    graph, now = seen.source.graph, seen.row
    if not len(graph.neighbors(now)[0]):
        seen.says("No way leads on")
        return
    hops = nx.single_source_shortest_path_length(nx.DiGraph(zip(graph.sources, graph.indices, strict=True)), now)
    far = [[hops[int(row)] for row in _walks(seen, 1.0, q)[:, 20] if row >= 0] for q in (seen.state("q"), 1.0)]
    means = [np.mean(one) for one in far]
    seen.says(f"{means[0]:.2f} edges", f"{means[1]:.2f} at p = q = 1: {sign(float(means[0] - means[1]), '.2f')}")
    seen.says(f"{len(far[0]):,} and {len(far[1]):,} walks")
    seen.chose(_beyond(*far, ("Farther", "Less far", "No difference beyond noise")))


@check("p = 0.05: the way back weighs 20 times as much. **How many")
def _returns(seen: Seen) -> None:
    if not len(seen.source.graph.neighbors(seen.row)[0]):
        seen.says("No way leads on")
        return
    shares = []
    for p in (0.05, 1.0):
        walks = _walks(seen, p, 1.0)
        taken = walks[:, 2:] >= 0
        shares.append(float((walks[:, 2:] == walks[:, :-2])[taken].mean()))
    seen.says(f"{shares[0]:.1%}", f"{shares[1]:.1%} at p = 1")
    thirds = ("Fewer than one in three", "One in three to two in three", "More than two in three")
    if min(abs(shares[0] - 1 / 3), abs(shares[0] - 2 / 3)) > 0.05:
        seen.chose(thirds[int(shares[0] * 3)] if shares[0] < 1 else thirds[2])


@check("p = 20: the way back", "q = 20: a step away weighs 1/20. **Does a walk see")
def _different(seen: Seen) -> None:
    if not len(seen.source.graph.neighbors(seen.row)[0]):
        seen.says("No way leads on")
        return
    counts = [
        [len(set(walk.tolist()) - {-1}) for walk in _walks(seen, *bias)]
        for bias in ((seen.state("p"), seen.state("q")), (1.0, 1.0))
    ]
    seen.says(f"{np.mean(counts[0]):.1f} different items", f"{np.mean(counts[1]):.1f} at p = q = 1:")
    seen.chose(_beyond(*counts, ("More", "Fewer", "No difference beyond noise")))


@check("p = 0.05, q = 20. **Are 1,000 walks")
def _agreement(seen: Seen) -> None:
    from scipy.stats import chisquare

    from recemb_core.walks import transition_probabilities

    graph = seen.source.graph
    chance = np.zeros(len(graph))
    for between, first in zip(*transition_probabilities(graph, None, seen.row, p=1.0, q=1.0), strict=True):
        rows, second = transition_probabilities(graph, seen.row, int(between), p=0.05, q=20.0)
        chance[rows] += first * second
    if not chance.any():
        seen.says("No way leads on" if not len(graph.neighbors(seen.row)[0]) else "nothing to test")
        return
    there = _walks(seen, 0.05, 20.0)[:, 2]
    counts = np.bincount(there[there >= 0], minlength=len(graph))
    possible = chance > 0
    if (chance[possible] * 1000).min() >= 5 and possible.sum() > 1 and np.isclose(chance.sum(), 1):
        p = float(chisquare(counts[possible], 1000 * chance[possible] / chance.sum()).pvalue)
        seen.says(f"p = {p:.3g} over {possible.sum()} items")
    p = float(re.findall(r"p = ([\d.e-]+)", seen.answer)[-1]) if "p = " in seen.answer else 1.0
    names = ("Yes, within sampling noise", "At the edge of that noise", "No, far beyond it")
    if "nothing to test" not in seen.answer:
        seen.chose(names[0 if p >= 0.05 else 1 if p >= 0.001 else 2])
        assert np.corrcoef(counts, chance)[0, 1] > 0.9


@check(
    "q = 0.05: a step away weighs 20 times as much. **What", "q = 20: a step away weighs 1/20. **What", "q = 20 again"
)  # fmt: skip
def _scores(seen: Seen) -> None:
    from recemb_core.embeddings import node2vec_defaults
    from recemb_core.evaluation import compare_with_control, group_score, strength_tiers
    from recemb_core.evaluation.noise import default_seeds
    from recemb_core.item_graph import communities

    source, graph = seen.source, seen.source.graph
    usual = node2vec_defaults(len(graph))
    shown = replace(usual, p=seen.state("p"), q=seen.state("q"))
    roles = source.labels.get("role", strength_tiers(graph))
    groups = source.labels.get("category", communities(graph, 0))

    def runs(config: Any) -> list[list[float]]:
        ready = precomputed.load_scores(graph, config)
        if ready is None:
            models = [trained(source, replace(config, seed=seed)) for seed in range(default_seeds(len(graph)))]
            return [[group_score(m, by).value for m in models] for by in (groups, roles)]
        names = [
            next(name for name in options if name in ready)
            for options in (("category", "community"), ("role", "strength tier"))
        ]
        return [ready[name] for name in names]

    base = replace(usual, p=1.0, q=20.0 if "again" in seen.prediction else 1.0)
    whole = f"{seen.answer}\n{seen.more}".replace("\\", "").replace("**", "")
    if "cannot be said yet" in whole:
        seen.chose()
        return
    asked = "Structure" if "structural" in seen.prediction else "Homophily"
    for title, now, before in zip(("Homophily", "Structure"), runs(shown), runs(base), strict=True):
        part = re.split(r" from p =|\n", whole.split(f"{title} by ")[1])[0]
        old, new, test = np.mean(before), np.mean(now), compare_with_control({title: now}, before)
        assert ("within noise" in part) == (test.measured and not test.beyond(title))
        if test.beyond(title):
            assert ("rises" if new > old else "falls") in part
        if title == asked and test.measured:
            seen.chose("No change beyond noise" if not test.beyond(title) else "It rises" if new > old else "It falls")
        form = ".2f" if f"{old:.2f}" != f"{new:.2f}" else ".3f"
        seen.says(f"{sign(old, form).lstrip('+')} → {sign(new, form).lstrip('+')}")
    if asked == "Structure" and "best-seller" in set(roles.tolist()):
        for config in (shown, base):
            share = group_score(trained(source, config), roles).by_group["best-seller"].share
            seen.says(f"{share:.0%}")
