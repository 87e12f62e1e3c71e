"""What the LSH page says of its measurements: answers of the experiments, verdicts of the comparisons.

Nothing is said that was not measured now; a difference inside the intervals, or the spread of the rounds, is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pages.kit.session import ActiveData
from pages.kit.stage import Answer, Experiment, Verdict
from pages.views.lsh import measures
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LabPoints
from recemb_core.experiments.index_race import IndexReport
from recemb_core.experiments.kd_tree_decay import KDTreeDecay
from recemb_core.figures.lsh_tradeoff import share_text
from recemb_core.neighbors.lsh.cells import LSHCell, LSHGrid

FINDS = ("Fewer than a tenth", "Between a tenth and a half", "More than half")
ENDS = (0.1, 0.5)
HEAVY = 100_000  # points of a race that takes minutes


def experiments(data: ActiveData, points: LabPoints, settings: LabSettings) -> list[Experiment]:
    """Questions of the first view; each answer is read off the grid of its own setting, on the points in use."""
    of = partial(_cell_of, data, points, settings)
    both = {"mode": "and_or", "functions": 10, "tables": 24, "ratio": 4.0}
    alone, any_of, narrow = {**both, "mode": "and"}, {**both, "mode": "or"}, {**both, "ratio": 2.0}

    def and_answer() -> Verdict:
        one, many = of(alone), of(both)
        more = f"With 24 such tables, OR over them: {_figures(many)}. "
        more += f"{_compared('The precision of AND alone is', one, many, 'precision')}."
        return Verdict(f"AND, one table of ten functions: {_figures(one)}.", part_of(*_with_ends(one, "recall")), more)

    def or_answer() -> Verdict:
        cell = of(any_of)
        value, low, high = (1 - end for end in _with_ends(cell, "cost"))
        left_out = f"It leaves out {share_text(value)} of the points."
        return Verdict(f"OR of 24 functions: {_figures(cell)}. {left_out}", part_of(value, high, low))

    def both_answer() -> Verdict:
        cell = of(both)
        near, every = measures.distances(data, points, settings)
        chance = _at(settings, both).chance([np.median(near), np.median(every)])[1]
        many, few = (_with_ends(cell, name) for name in ("recall", "cost"))
        complete, thrifty = _side(many, 0.9), _side(few, 0.5)
        right = (
            ({2} if -1 in complete else set())
            | ({1} if 1 in complete and 1 in thrifty else set())
            | ({0} if 1 in complete and -1 in thrifty else set())
        )
        return Verdict(
            f"AND inside, OR over 24: {_figures(cell)}.",
            tuple(sorted(right)),
            f"In theory a pair at the median distance of the nearest meets with {chance[0]:.2f}, one at the median of "
            f"all pairs with {chance[1]:.2f}: the curve below.",
        )

    def narrow_answer() -> Verdict:
        wide, half = of(both), of(narrow)
        if not settings.hashing.has_width:
            said = f"{settings.hashing.label}: these functions have no width, nothing changes. {_figures(half)}."
            return Verdict(said, 2)
        if not (wide.recall and wide.cost):
            return Verdict(f"At the full width there is nothing to lose: {_figures(wide)}.", 2)
        left = {name: getattr(half, name) / getattr(wide, name) for name in ("recall", "cost")}
        ends = {name: _ratio_ends(half, wide, name) for name in left}
        faster = [at for at, (name, other) in enumerate(PAIRS) if ends[name][1] < ends[other][0]]
        best = [
            _grid_of(data, points, settings, values).best_cell(settings.target, "and_or") for values in (both, narrow)
        ]
        names = ["none reaches it" if cell is None else f"K = {cell.functions}, L = {cell.tables}" for cell in best]
        return Verdict(
            f"Recall keeps {left['recall']:.0%} of what it was ({wide.recall:.3f} → {half.recall:.3f}), scanning "
            f"{left['cost']:.0%} ({share_text(wide.cost)} → {share_text(half.cost)}).",
            faster[0] if faster else 2,
            f"By their 95% intervals recall keeps {_share_range(ends['recall'])}, scanning "
            f"{_share_range(ends['cost'])}. The cheapest setting with recall {settings.target:.0%}: {names[0]} before, "
            f"{names[1]} now.",
        )

    def ready(answer: Callable[[], Verdict]) -> Callable[[], Verdict]:
        def said() -> Verdict:
            if not measures.kernels_ready(0):
                return Verdict("Not measured yet: the code that measures is being compiled for this machine.")
            if settings.probing:
                return Verdict(
                    "The question is not about further buckets (multi-probe): set them to 0, and it is answered."
                )
            found = answer()
            if measures.grid_so_far(data, points, settings).draws > 1:
                return found
            return Verdict(f"{found.text} One draw of functions so far; the others follow, and with them the answer.")

        return said

    return [
        Experiment(
            "AND alone: one table in which ten functions must all agree. **How many of the nearest does it find?**",
            FINDS, ready(and_answer), alone,
        ),
        Experiment(
            "OR alone: it is enough that one of 24 functions agrees. **How many points does it leave out?**",
            FINDS, ready(or_answer), any_of,
        ),
        Experiment(
            "AND inside a table, OR over 24 of them. **What can it have at once?**",
            ("It finds 90% and scans less than half", "It finds 90%, but scans more than half",
             "It misses more than a tenth"),
            ready(both_answer), both,
        ),
        Experiment(
            "Half the bucket width, K and L as they were. **Which falls faster?**",
            ("What it finds", "What it scans", "Neither, beyond noise"), ready(narrow_answer), narrow,
        ),
    ]  # fmt: skip


PAIRS = (("recall", "cost"), ("cost", "recall"))


def part_of(value: float, low: float, high: float) -> tuple[int, ...]:
    """Which of :data:`FINDS` a share can be, by its interval."""
    low, high = (value, value) if math.isnan(low) else (low, high)
    return tuple(range(int(np.searchsorted(ENDS, low, "right")), int(np.searchsorted(ENDS, high, "right")) + 1))


def _side(ends: tuple[float, float, float], of: float) -> set[int]:
    """On which sides of a number a figure can lie, by its interval: −1 below, 1 at it or above."""
    value, low, high = ends
    low, high = (value, value) if math.isnan(low) else (low, high)
    return {1 if end >= of else -1 for end in (low, high)}


def _share_range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.0%} to {ends[1]:.0%}" if math.isfinite(ends[1]) else "what one draw cannot say"


def _grid_of(data: ActiveData, points: LabPoints, settings: LabSettings, values: dict[str, Any]) -> LSHGrid:
    """The grid of another width, with as many draws of functions as the one in use has by now."""
    now = measures.grid_so_far(data, points, settings)
    wanted = measures.grid_over_draws if now.draws > 1 else measures.grid_so_far
    return wanted(data, points, _at(settings, values))


def _at(settings: LabSettings, values: dict[str, Any]) -> LabSettings:
    """The settings with those of an experiment."""
    width = settings.default_width * values["ratio"] / 4 if settings.hashing.has_width else None
    return replace(settings, **values, probes=0, width=width)


def _cell_of(data: ActiveData, points: LabPoints, settings: LabSettings, values: dict[str, Any]) -> LSHCell:
    return _at(settings, values).cell_of(_grid_of(data, points, settings, values))


def _figures(cell: LSHCell) -> str:
    """ "recall 0.064 (0.060 to 0.068), precision …, scans …" with 95% intervals once there are several draws."""
    three = "{:.3f}".format

    def one(name: str, text: Callable[[float], str]) -> str:
        value, low, high = _with_ends(cell, name)
        if math.isnan(value):
            return "undefined, no candidates"
        return text(value) + ("" if math.isnan(low) else f" ({text(low)} to {text(high)})")

    return f"recall {one('recall', three)}, precision {one('precision', three)}, scans {one('cost', share_text)}"


def _with_ends(cell: LSHCell, name: str) -> tuple[float, float, float]:
    value, low, high = (getattr(cell, name + end) for end in ("", "_low", "_high"))
    return value, low, high


def _compared(start: str, one: LSHCell, other: LSHCell, name: str) -> str:
    """ "… higher", "… lower", or within the noise where the intervals touch or are not known."""
    (value, *a), (other_value, *b) = (_with_ends(cell, name) for cell in (one, other))
    if math.isnan(value) or math.isnan(other_value):
        return f"{start} not defined: there are no candidates"
    if any(math.isnan(end) for end in (*a, *b)):
        return f"{start} compared when further draws of functions are measured"
    if a[0] > b[1]:
        return f"{start} higher"
    return f"{start} lower" if a[1] < b[0] else f"{start} within the noise of the other"


def _ratio_ends(part: LSHCell, whole: LSHCell, name: str) -> tuple[float, float]:
    """How far the ratio of two figures can lie by their intervals; anywhere while those are not known."""
    (_, low, high), (_, below, above) = (_with_ends(cell, name) for cell in (part, whole))
    if any(map(math.isnan, (low, high, below, above))):
        return 0.0, math.inf
    return low / max(above, 1e-300), high / max(below, 1e-300)


def race_experiments(points: LabPoints, settings: LabSettings, part: str, result: Sequence[Any]) -> list[Experiment]:
    """Questions of the third view; ``result`` has, once it is drawn, what its comparison ``part`` measured, or None.

    Each is in force only on its own comparison (:class:`Experiment` ``sets``), so it speaks of no other.
    """

    def answer(wanted: str, say: Callable[[Any], Verdict]) -> Callable[[], Answer]:
        def said() -> Answer:
            if part != wanted or not result:
                return ""
            if result[0] is None:
                return Verdict("Not measured yet: press the button under the picture; the answer comes with the times.")
            return say(result[0])

        return said

    def tree(decay: KDTreeDecay) -> Verdict:
        last = len(decay.dimensions) - 1
        two = min(int(np.searchsorted(decay.dimensions, 2)), last)
        fast, slow = decay.tree[two].clearly_shorter(decay.scan[two]), decay.scan[two].clearly_shorter(decay.tree[two])
        more = f"{tree_against_scan(decay, last)}. {crossing(decay)}"
        return Verdict(f"{tree_against_scan(decay, two)}.", 0 if fast else 1 if slow else 2, more)

    def scan(reports: list[IndexReport]) -> Verdict:
        return Verdict(lsh_against_scan(reports, settings.k), _race_won(reports), f"{len(points):,} points.")

    def product(reports: list[IndexReport]) -> Verdict:
        raw = next(r for r in reports if r.setting == "exact, Euclidean" and r.family.startswith("raw"))
        ends = raw.interval
        can = {0 if end >= 0.9 else 2 if end < 0.5 else 1 for end in (ends.low, ends.value, ends.high)}
        said = f"The nearest vectors are {raw.recall:.0%} ({ends.low:.0%} to {ends.high:.0%}) of the {settings.k} with "
        return Verdict(f"{said}the largest inner product.", tuple(sorted(can)), product_verdict(reports))

    beats = ("Yes, it is faster", "No, the scan is faster", "They cannot be told apart", "It never finds 90%")
    return [
        Experiment(
            "Only the two widest axes of the vectors. **Which answers faster now, a kd-tree or a scan of all?**",
            ("The kd-tree", "The scan", "No difference beyond the spread"), answer("kd", tree),
            {"race": "kd", "axes": 2},
        ),
        Experiment(
            "Make some vectors much longer than others. **Are the nearest still the largest inner products?**",
            ("Yes, at least nine of ten", "Half to nine of ten", "Fewer than half"), answer("product", product),
            {"race": "product", "spread": 1.0},
        ),
        Experiment(
            f"{HEAVY:,} points in clusters. **Does LSH that finds 90% beat the exact scan now?**",
            beats, answer("all", scan), {"race": "all", "points": "clustered", "size": HEAVY, "wide": 64},
        ),
        Experiment(
            "The items of this data set. **And does it beat the scan on these?**",
            beats, answer("all", scan), {"race": "all", "points": "items"},
        ),
    ]  # fmt: skip


def _race_won(reports: list[IndexReport]) -> int:
    """0: the fastest LSH that finds enough beats the scan beyond the spread, 1: loses, 2: neither, 3: none finds it."""
    fast = fastest_lsh(reports)
    (exact,) = [r for r in reports if r.family == "exact scan"]
    if fast is None:
        return 3
    return 0 if fast.clearly_faster(exact) else 1 if exact.clearly_faster(fast) else 2


def fastest_lsh(reports: list[IndexReport], least: float = 0.9) -> IndexReport | None:
    """Of the hash tables that find so much the fastest; None where none does."""
    ours = [r for r in reports if "LSH" in r.family and r.family != "faiss LSH" and r.recall >= least]
    return max(ours, key=lambda r: r.queries_per_second, default=None)


def lsh_against_scan(reports: list[IndexReport], k: int) -> str:
    """Whether hash tables that find enough beat looking at every point; never closer than the spread of the rounds."""
    ours = [r for r in reports if "LSH" in r.family and r.family != "faiss LSH"]
    (exact,) = [r for r in reports if r.family == "exact scan"]
    good = 0.9
    fast = fastest_lsh(reports, good)
    if fast is None:
        most = max(ours, key=lambda r: r.recall)
        return (
            f"No LSH setting entered reaches recall@{k} of {good:g}; the best finds {most.recall:.2f} "
            f"({most.setting}). **Here LSH loses.**"
        )
    said = (
        f"The fastest LSH with recall@{k} of {good:g} or more ({fast.setting}) answers "
        f"**{fast.queries_per_second:,.0f}** queries a second, "
    )
    if fast.clearly_faster(exact):
        factor = fast.queries_per_second / exact.queries_per_second
        return f"{said}{factor:.1f} times the exact scan's {exact.queries_per_second:,.0f}."
    said += f"and the exact scan, which finds everything, **{exact.queries_per_second:,.0f}**: "
    if exact.clearly_faster(fast):
        return f"{said}**here LSH loses to looking at every point.**"
    return f"{said}**the same within the spread of the rounds.**"


def race_verdict(reports: list[IndexReport], k: int) -> str:
    """Who wins, and how many LSH settings a graph index beats, from the numbers alone."""
    graph = [r for r in reports if r.family == "HNSW"]
    ours = [r for r in reports if "LSH" in r.family and r.family != "faiss LSH"]
    beaten = sum(any(g.recall >= r.recall and g.clearly_faster(r) for g in graph) for r in ours)
    close = sum(any(g.recall >= r.recall and not r.clearly_faster(g) for g in graph) for r in ours) - beaten
    of_all = f"all {beaten}" if beaten == len(ours) else f"{beaten} of {len(ours)}"
    said = (
        f"{lsh_against_scan(reports, k)} On this chart, **{of_all}** LSH settings are beaten by an HNSW setting that "
        "finds at least as much and is faster beyond the spread of the rounds"
    )
    others = ((close, "within the spread"), (len(ours) - beaten - close, "not"))
    return said + "".join(f"; {n} {'is' if n == 1 else 'are'} {what}" for n, what in others if n) + "."


def tree_against_scan(decay: KDTreeDecay, at: int) -> str:
    """The two times at one number of dimensions, and which is shorter beyond the spread of the rounds."""
    number, tree, scan = int(decay.dimensions[at]), decay.tree[at], decay.scan[at]
    said = (
        f"With **{number}** dimension{'' if number == 1 else 's'}, which hold {decay.variance[at]:.0%} of the "
        f"variance, the kd-tree takes **{tree.median:,.1f} µs** a query ({tree.low:,.1f} to {tree.high:,.1f}) and the "
        f"exact scan **{scan.median:,.1f} µs** ({scan.low:,.1f} to {scan.high:,.1f}): the tree is "
    )
    if tree.clearly_shorter(scan):
        return f"{said}**{scan.median / tree.median:.1f} times as fast**"
    if scan.clearly_shorter(tree):
        return f"{said}**{tree.median / scan.median:.1f} times slower**"
    return f"{said}**as fast within the spread of the rounds**"


def crossing(decay: KDTreeDecay) -> str:
    """From which number of dimensions on the scan is faster; a difference within the spread of the rounds is none."""
    sides = [
        1 if tree.clearly_shorter(scan) else -1 if scan.clearly_shorter(tree) else 0
        for tree, scan in zip(decay.tree, decay.scan, strict=True)
    ]
    names = [int(d) for d in decay.dimensions]
    if all(side == 1 for side in sides):
        return f"On these points the tree is faster at every number of dimensions measured, {names[0]} to {names[-1]}."
    if all(side == -1 for side in sides):
        return "On these points the scan is faster from the first dimension on."
    lost = max(at for at, side in enumerate(sides, start=1) if side != -1)
    if lost == len(sides):
        fast = [str(name) for name, side in zip(names, sides, strict=True) if side == 1]
        ahead = f"the tree is faster at {', '.join(fast)} dimensions; " if fast else ""
        return f"On these points {ahead}at {names[-1]} the scan is not faster beyond the spread."
    return (
        f"At up to {names[lost - 1]} dimensions the tree can be faster or level, from **{names[lost]}** on the scan is "
        "faster."
    )


def product_verdict(reports: list[IndexReport]) -> str:
    """What finds the largest inner products here, from the numbers."""
    exact = [r for r in reports if r.setting == "exact, Euclidean"]
    raw, added = (next(r for r in exact if r.family.startswith(start)) for start in ("raw", "added"))
    behind = max((r for r in reports if r.setting.startswith("HNSW")), key=lambda r: r.recall)
    own = max((r for r in reports if r.family == "HNSW, inner product"), key=lambda r: r.recall)
    better, worse = (own, behind) if own.recall >= behind.recall else (behind, own)
    noise = 1.96 * math.hypot(own.recall_error, behind.recall_error)
    name = "the graph's own inner product" if better is own else "the graph behind the added coordinate"
    return (
        f"The nearest vectors are {raw.recall:.0%} of those with the largest inner product. With one added coordinate "
        f"the exact search finds **{added.recall:.1%}**. Of the graphs, the one by its own inner product reaches "
        f"**{own.recall:.3f}** and the one behind the added coordinate **{behind.recall:.3f}**: here {name} "
        f"{'finds more' if better.recall - worse.recall > noise else 'is level with the other on so many queries'}."
    )
