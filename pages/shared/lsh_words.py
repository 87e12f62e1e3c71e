"""The LSH page in words: experiments, the explanation, the verdict, the lines of Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pages.shared import frame, graph_controls, model_choice, selection
from pages.shared.lsh_measures import LabRun, LabSettings
from pages.shared.lsh_points import LabPoints, graph_of
from pages.shared.selection import ActiveData
from recemb_core.evaluation.kd_tree_decay import KDTreeDecay
from recemb_core.evaluation.neighbor_recall import IndexReport

EXPERIMENTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "AND alone: one table in which ten functions must all agree. **Will it still find the neighbors?**",
        "AND empties the buckets: what few candidates there are hold more true neighbors, and most neighbors are lost.",
        {"mode": "and", "functions": 10, "ratio": 4.0, "probes": 0},
    ),
    (
        "OR alone: one of 24 functions must agree. **How much is left out?**",
        "OR floods the buckets: nearly every point is a candidate, so everything is found and nothing is saved.",
        {"mode": "or", "tables": 24, "ratio": 4.0, "probes": 0},
    ),
    (
        "AND inside a table, OR over 24 of them. **Can it be precise and complete at once?**",
        "The S-curve below is steep: high for the near ones, low for the rest. It parts what distance parts.",
        {"mode": "and_or", "functions": 10, "tables": 24, "ratio": 4.0, "probes": 0},
    ),
    (
        "Half the bucket width, K and L as they were. **Which falls faster, recall or cost?**",
        "Both fall: ten functions multiply what one loses. So w and K move together; a narrow w wants a smaller K.",
        {"mode": "and_or", "functions": 10, "tables": 24, "ratio": 2.0, "probes": 0},
    ),
]

RACE_EXPERIMENTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "Only the two widest axes of the vectors. **How much faster than a scan is a kd-tree now?**",
        "In two dimensions it skips nearly everything. Move the slider to the right and watch the advantage go.",
        {"compare": "kd", "axes": 2},
    ),
    (
        "Make some vectors much longer than others. **Are the nearest still those with the largest inner product?**",
        "No: the longest vectors win the product. Compare the graph's own inner product with the added coordinate.",
        {"compare": "product", "spread": 1.0},
    ),
    (
        "100,000 points in clusters. **Does LSH beat the exact scan now?**",
        "The scan's time grows with the points, that of a good index hardly does: read the verdict above the chart.",
        {"compare": "all", "points": "clustered", "size": 100_000, "wide": 64},
    ),
    (
        "Back to the items of this data set.",
        "On few points a scan is hard to beat.",
        {"compare": "all", "points": "items"},
    ),
]

EXPLANATION = (
    r"A hash function of the Euclidean family cuts space into strips: $h(v) = \lfloor (a \cdot v + b)/w \rfloor$ with "
    "random *a* and *b*. Two points at distance *c* fall into the same strip with probability "
    r"$p(c) = 1 - 2\Phi(-w/c) - \frac{2c}{\sqrt{2\pi}\,w}\,(1 - e^{-w^2/2c^2})$; random hyperplanes, "
    r"$h(v) = [a \cdot v \ge 0]$, meet with $p = 1 - \theta/\pi$ at angle θ. **AND** of K functions: $p^K$. **OR** of "
    "L: $1 - (1 - p)^L$. **AND-then-OR**: $1 - (1 - p^K)^L$. **OR-then-AND**: $(1 - (1 - p)^K)^L$. "
    "What meets is a *candidate*, and candidates are ranked by their exact distance.\n\n"
    "**Recall** is the share of the k truly nearest among the candidates, **precision** the share of candidates that "
    "are among them, **cost** the share of points that are candidates. Queries are items, and none counts itself. "
    "**Larger K**: smaller buckets, less cost, less recall (the reverse in OR-then-AND). **Larger L**: more of both "
    "(again the reverse). **Larger w**: more of both. Where the nearest are hardly nearer than the rest, as in many "
    "dimensions, no setting parts them: look at the two histograms."
)


MORE = {
    "tune": "",
    "inside": (
        "\n\n**One item**: every table against every true neighbor; for one square, the functions that part the two. "
        "**The plane**: the same in two dimensions; the browser computes the buckets with the very numbers of the "
        "library. **The guess**: theory's recall is the mean height of the curve over the distances to the nearest; "
        "one draw of functions scatters around it."
    ),
    "race": (
        "\n\n**Exact scan**: every point, O(n·d) a query. **kd-tree**: space halved over and over, exact, good in few "
        "dimensions. **HNSW**: a graph of near points, walked towards the query; larger efSearch looks at more of "
        "them. **faiss LSH**: a code of hyperplane bits for each point, and all codes compared; no buckets. **LSH "
        "tables**: this page's index. Recall counts equally near points as found."
    ),
}


def verdict(points: LabPoints, settings: LabSettings, run: LabRun, exact: float) -> str:
    """Whether the setting in use pays, from the numbers."""
    if math.isnan(run.precision):
        return "Verdict: no query has a single candidate; nothing is found, however fast."
    factor = exact / max(run.microseconds, 1e-9)
    if factor >= 1.1:
        speed = f"**{factor:.1f} times as fast** as the exact scan"
    elif factor > 0.9:
        speed = "**as fast as** the exact scan"
    else:
        speed = f"**{1 / factor:.1f} times slower** than the exact scan"
    lost = 1 - run.recall
    found = "and finds everything" if lost < 0.0005 else f"and misses {lost:.1%} of the {settings.k} nearest"
    if factor <= 0.9:
        end = " Here LSH loses on both counts." if lost >= 0.0005 else " Here LSH loses."
        if len(points) < 20_000:
            end += f" On {len(points):,} points a scan is hard to beat: try a cloud of 100,000 under Points."
        return f"Verdict: this setting is {speed} {found}.{end}"
    return f"Verdict: this setting is {speed} {found}."


def as_python(data: ActiveData, points: LabPoints, settings: LabSettings, view: str, part: str) -> list[str]:
    """The page in a few lines of the library."""
    imports, lines = _vectors_in_python(data, points, unit=part != "product")
    functions, tables = settings.shape
    width = [] if settings.width is None else [f"width={settings.width:.6g}"]
    shared = [f'family="{settings.family}"', *width, f"seed={settings.seed}"]
    config = [f'mode="{settings.mode}"', f"functions={functions}", f"tables={tables}"]
    if settings.probing:
        config.append(f"multi_probe={settings.probing}")
    if len(points.queries) < len(points):
        rows = f"np.random.default_rng({selection.seed()}).choice(len(vectors), {len(points.queries)}, replace=False)"
    else:
        rows = "np.arange(len(vectors))"
    start = ["import numpy as np", "", *imports, "", *lines, f"queries = {rows}"]
    if view == "race":
        return _race_in_python(start, settings, part, points.vectors.shape[1])
    end = [
        f"ids, distances = index.query(vectors[[{points.chosen}]], k={settings.k + 1})  # an item finds itself first"
    ]
    if view == "inside":
        end = [
            f"seen = explain_query(index, {points.chosen}, k={settings.k})",
            "print(seen.by_table)  # a row a true neighbor, a column a table",
        ]
        start.insert(2, "from recemb_core.neighbors.lsh_explain import explain_query")
    return [
        *start,
        f"grid = lsh_grid(vectors, queries, k={settings.k}, {', '.join(shared)})  # every K and L in one pass",
        f'print(grid.cell("{settings.grid_mode}", functions={functions}, tables={tables}))',
        f'print(grid.best_cell({settings.target:g}, "{settings.grid_mode}"))',
        f"index = LSHIndex(LSHConfig({', '.join(config + shared)})).build(vectors)",
        *end,
    ]


def _race_in_python(start: list[str], settings: LabSettings, part: str, dimensions: int) -> list[str]:
    if part == "kd":
        start.insert(2, "from recemb_core.evaluation.kd_tree_decay import kd_tree_decay")
        axes = [a for a in (1, 2, 4, 8, 16, 32, 64) if a < dimensions] + [dimensions]
        return [
            *start,
            f"decay = kd_tree_decay(vectors, queries, k={settings.k}, dimensions={axes})",
            "print(decay.dimensions, decay.tree, decay.scan)  # microseconds a query",
        ]
    start.insert(2, "from recemb_core.evaluation.neighbor_recall import compare_indexes")
    metric = ', metric="inner_product"' if part == "product" else ""
    return [
        *start,
        f"for report in compare_indexes(vectors, queries, k={settings.k}{metric}):",
        "    print(report.family, report.setting, round(report.recall, 3), round(report.queries_per_second))",
    ]


def _vectors_in_python(data: ActiveData, points: LabPoints, *, unit: bool) -> tuple[list[str], list[str]]:
    """(imports, lines) that end with an array ``vectors``."""
    names = ["LSHConfig", "LSHIndex", "lsh_grid"]
    unit = unit and selection.value(data, "unit")
    base = ["from recemb_core.neighbors.base import unit_rows"] if unit else []
    scale = ["vectors = unit_rows(vectors)"] if unit else []
    if points.lines:
        own = [*points.imports, f"from recemb_core.neighbors import {', '.join(names)}", *base]
        return own, [*points.lines, *scale]
    model = selection.value(data, "vectors")
    settings = graph_controls.graph_settings(data)
    config = model_choice.model_config(data, graph_of(data), model)
    walks = model_choice.MODELS[model].needs != "sequences"
    graph = settings.as_python(data) if walks else []
    builders = [n for n in ("build_item_graph", "backbone") if any(f"{n}(" in line for line in graph)]
    side = []
    if model_choice.MODELS[model].needs == "side information":
        side = [f"side_info = {'sequences' if data.uploaded else 'data'}.side_info"]
    imports = [
        *frame.import_lines(data, always=not walks),
        model_choice.python_imports([model]),
        *([f"from recemb_core.item_graph import {', '.join(builders)}"] if builders else []),
        f"from recemb_core.neighbors import {', '.join(names)}",
        *base,
    ]
    lines = [
        *frame.load_lines(data, always=not walks),
        *graph,
        *side,
        f"vectors = {model_choice.python_call(model, config)}.vectors",
        *scale,
    ]
    return imports, lines


def race_verdict(reports: list[IndexReport], k: int) -> str:
    """Who wins, and whether the article's remark on graph indexes holds here, from the numbers alone."""
    graph = [r for r in reports if r.family == "HNSW"]
    ours = [r for r in reports if "LSH" in r.family and r.family != "faiss LSH"]
    (exact,) = [r for r in reports if r.family == "exact scan"]
    good = 0.9
    lines = []
    fast = max((r for r in ours if r.recall >= good), key=lambda r: r.queries_per_second, default=None)
    if fast is None:
        most = max(ours, key=lambda r: r.recall)
        lines.append(
            f"No LSH setting entered reaches recall@{k} of {good:g}; the best finds {most.recall:.2f} "
            f"({most.setting}). **Here LSH loses.**"
        )
    else:
        factor = fast.queries_per_second / exact.queries_per_second
        lines.append(
            f"The fastest LSH with recall@{k} of {good:g} or more ({fast.setting}) answers "
            f"**{fast.queries_per_second:,.0f}** queries a second, "
            + (
                f"{factor:.1f} times the exact scan's {exact.queries_per_second:,.0f}."
                if factor >= 1
                else f"and the exact scan, which finds everything, **{exact.queries_per_second:,.0f}**: "
                "**here LSH loses to looking at every point.**"
            )
        )
    beaten = sum(any(g.recall >= r.recall and g.queries_per_second > r.queries_per_second for g in graph) for r in ours)
    lines.append(
        "The article says that graph indexes have the higher recall. On this chart, "
        + (
            f"**all {len(ours)}** LSH settings are beaten by an HNSW setting that is faster and finds at least as much."
            if beaten == len(ours)
            else f"**{beaten} of {len(ours)}** LSH settings are beaten by an HNSW setting that is faster and finds at "
            f"least as much; {len(ours) - beaten} {'is' if len(ours) - beaten == 1 else 'are'} not."
        )
    )
    return " ".join(lines)


def crossing(decay: KDTreeDecay) -> str:
    """Where the kd-tree stops paying: the scan is faster there and in all that follow."""
    slower = decay.tree > decay.scan
    if not slower.any():
        return "On these points the tree is faster all the way."
    if slower.all():
        return "On these points the scan is faster from the first dimension on."
    if not slower[-1]:
        return "On these points neither is faster throughout."
    last = int(np.flatnonzero(~slower)[-1])
    before, after = int(decay.dimensions[last]), int(decay.dimensions[last + 1])
    return f"Up to {before} the tree can be faster, from **{after}** on the scan is."


def product_verdict(reports: list[IndexReport]) -> str:
    """What finds the largest inner products here, from the numbers."""
    raw = next(r for r in reports if r.setting == "exact, Euclidean" and r.family.startswith("raw"))
    added = next(r for r in reports if r.setting == "exact, Euclidean" and r.family == "added coordinate")
    behind = max((r for r in reports if r.setting.startswith("HNSW")), key=lambda r: r.recall)
    own = max((r for r in reports if r.family == "HNSW, inner product"), key=lambda r: r.recall)
    better = own if own.recall >= behind.recall else behind
    name = "the graph's own inner product" if better is own else "the graph behind the added coordinate"
    return (
        f"The nearest vectors are {raw.recall:.0%} of those with the largest inner product. With one added coordinate "
        f"the exact search finds **{added.recall:.1%}**. Of the graphs, the one by its own inner product reaches "
        f"**{own.recall:.3f}** and the one behind the added coordinate **{behind.recall:.3f}**: here {name} "
        f"{'finds more' if abs(own.recall - behind.recall) > 0.005 else 'is level with the other'}."
    )
