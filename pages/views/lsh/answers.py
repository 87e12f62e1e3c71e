"""What the LSH page says of its measurements: answers of the experiments, verdicts of the comparisons.

Nothing is said that was not measured now; a difference inside the intervals, or the spread of the rounds, is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pages.kit.session import ActiveData
from pages.views.lsh import measures
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LabPoints
from recemb_core.experiments.index_race import IndexReport
from recemb_core.experiments.kd_tree_decay import KDTreeDecay
from recemb_core.figures.lsh_tradeoff import share_text
from recemb_core.neighbors.lsh.cells import LSHCell, LSHGrid

Experiment = tuple[str, Callable[[], str], dict[str, Any]]


def experiments(data: ActiveData, points: LabPoints, settings: LabSettings) -> list[Experiment]:
    """What to try on the first view; each answer is read off the grid of its own setting, on the points in use."""
    of = partial(_cell_of, data, points, settings)
    both = {"mode": "and_or", "functions": 10, "tables": 24, "ratio": 4.0, "probes": 0}
    alone = {"mode": "and", "functions": 10, "ratio": 4.0, "probes": 0}
    any_of = {"mode": "or", "tables": 24, "ratio": 4.0, "probes": 0}
    narrow = {**both, "ratio": 2.0}

    def and_answer() -> str:
        one, many = of(alone), of(both)
        return (
            f"**AND**, one table of ten: {_figures(one)}. With 24 such tables, OR over them: {_figures(many)}. "
            f"{_compared('The precision of AND alone is', one, many, 'precision')}."
        )

    def or_answer() -> str:
        cell = of(any_of)
        return f"**OR** of 24 functions: {_figures(cell)}. It leaves out {share_text(1 - cell.cost)} of the points."

    def both_answer() -> str:
        cell = of(both)
        near, every = measures.distances(data, points, settings)
        chance = _at(settings, both).chance([np.median(near), np.median(every)])[1]
        return (
            f"**AND inside, OR over 24**: {_figures(cell)}. In theory a pair at the median distance of the nearest "
            f"meets with {chance[0]:.2f}, one at the median of all pairs with {chance[1]:.2f}: the curve below."
        )

    def narrow_answer() -> str:
        wide, half = of(both), of(narrow)
        if not settings.hashing.has_width:
            return f"{settings.hashing.label}: these functions have no width, nothing changes. {_figures(half)}."
        if not (wide.recall and wide.cost):
            return f"At the full width there is nothing to lose: {_figures(wide)}."
        left = {name: getattr(half, name) / getattr(wide, name) for name in ("recall", "cost")}
        said = f"Recall keeps {left['recall']:.0%} of what it was ({wide.recall:.3f} → {half.recall:.3f}), cost "
        said += f"{left['cost']:.0%} ({share_text(wide.cost)} → {share_text(half.cost)}): "
        ends = {name: _ratio_ends(half, wide, name) for name in left}
        faster = [name for name, other in (("recall", "cost"), ("cost", "recall")) if ends[name][1] < ends[other][0]]
        if faster:
            said += f"**{faster[0]} falls faster**. "
        else:
            known = "is within the noise" if half.draws > 1 else "shows when further draws of functions are measured"
            said += f"which falls faster {known}. "
        best = [
            _grid_of(data, points, settings, values).best_cell(settings.target, "and_or") for values in (both, narrow)
        ]
        names = ["none reaches it" if cell is None else f"K = {cell.functions}, L = {cell.tables}" for cell in best]
        return f"{said}The cheapest setting with recall {settings.target:.0%}: {names[0]} before, {names[1]} now."

    def ready(answer: Callable[[], str]) -> Callable[[], str]:
        waits = "Not measured yet: the code that measures is being compiled for this machine."
        return lambda: answer() if measures.kernels_ready(0) else waits

    return [
        ("AND alone: one table in which ten functions must all agree. **Will it still find the neighbors?**",
         ready(and_answer), alone),
        ("OR alone: one of 24 functions must agree. **How much is left out?**", ready(or_answer), any_of),
        ("AND inside a table, OR over 24 of them. **Can it be precise and complete at once?**",
         ready(both_answer), both),
        ("Half the bucket width, K and L as they were. **Which falls faster, recall or cost?**",
         ready(narrow_answer), narrow),
    ]  # fmt: skip


def _grid_of(data: ActiveData, points: LabPoints, settings: LabSettings, values: dict[str, Any]) -> LSHGrid:
    """The grid of another width, with as many draws of functions as the one in use has by now."""
    now = measures.grid_so_far(data, points, settings)
    wanted = measures.grid_over_draws if now.draws > 1 else measures.grid_so_far
    return wanted(data, points, _at(settings, values))


def _at(settings: LabSettings, values: dict[str, Any]) -> LabSettings:
    """The settings with those of an experiment."""
    width = settings.default_width * values["ratio"] / 4 if settings.hashing.has_width else None
    return replace(settings, **values, width=width)


def _cell_of(data: ActiveData, points: LabPoints, settings: LabSettings, values: dict[str, Any]) -> LSHCell:
    return _at(settings, values).cell_of(_grid_of(data, points, settings, values))


def _figures(cell: LSHCell) -> str:
    """ "recall 0.064 (0.060 to 0.068), precision …, scans …" with 95 % intervals once there are several draws."""
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


def race_experiments(points: LabPoints, settings: LabSettings, part: str, result: Any) -> list[Experiment]:
    """What to try on the third view; ``result`` is what its comparison ``part`` measured, None if nothing yet."""

    def answer(wanted: str, say: Callable[[Any], str]) -> Callable[[], str]:
        def said() -> str:
            if part != wanted:
                return "Another comparison is on the screen now: press Show me again for this one."
            return "Not measured yet: the answer comes with the comparison above." if result is None else say(result)

        return said

    def tree(decay: KDTreeDecay) -> str:
        last = len(decay.dimensions) - 1
        two = min(int(np.searchsorted(decay.dimensions, 2)), last)
        return " ".join(f"{tree_against_scan(decay, at)}." for at in dict.fromkeys((two, last)))

    def scan(reports: list[IndexReport]) -> str:
        return f"On these {len(points):,} points: {lsh_against_scan(reports, settings.k)}"

    return [
        ("Only the two widest axes of the vectors. **How much faster than a scan is a kd-tree now?**",
         answer("kd", tree), {"race": "kd", "axes": 2}),
        ("Make some vectors much longer than others. **Are the nearest still those with the largest inner product?**",
         answer("product", product_verdict), {"race": "product", "spread": 1.0}),
        ("100,000 points in clusters. **Does LSH beat the exact scan now?**",
         answer("all", scan), {"race": "all", "points": "clustered", "size": 100_000, "wide": 64}),
        ("Back to the items of this data set. **And on these?**",
         answer("all", scan), {"race": "all", "points": "items"}),
    ]  # fmt: skip


def lsh_against_scan(reports: list[IndexReport], k: int) -> str:
    """Whether hash tables that find enough beat looking at every point; never closer than the spread of the rounds."""
    ours = [r for r in reports if "LSH" in r.family and r.family != "faiss LSH"]
    (exact,) = [r for r in reports if r.family == "exact scan"]
    good = 0.9
    fast = max((r for r in ours if r.recall >= good), key=lambda r: r.queries_per_second, default=None)
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
