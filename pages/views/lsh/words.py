"""The LSH page in words: the explanation, the verdict, what the figures are, the lines of Python."""

from __future__ import annotations

import math

from pages.kit import session
from pages.kit.session import ActiveData
from pages.kit.text import quoted
from pages.views.lsh import walk_words
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import SIZES, UNIT, LabPoints
from pages.views.lsh.times import LabTimes
from recemb_core.figures.lsh_tradeoff import share_text
from recemb_core.neighbors.lsh.cells import LSHCell, LSHGrid
from recemb_core.neighbors.lsh.families import FAMILIES

EXPLANATION = (
    r"**AND** of K functions: $p^K$. **OR** of L: $1 - (1 - p)^L$. **AND-then-OR**: $1 - (1 - p^K)^L$. "
    r"**OR-then-AND**: $(1 - (1 - p)^K)^L$. "
    "What meets is a *candidate*, and candidates are ranked by their exact distance.\n\n"
    "**Recall** is the share of the k truly nearest among the candidates, **precision** the share of candidates that "
    "are among them, **cost** the share of points that are candidates. Queries are items, and none counts itself. "
    "**Larger K**: smaller buckets, less cost, less recall (the reverse in OR-then-AND). **Larger L**: more of both "
    "(again the reverse). **Larger w**: more of both. Where the nearest are hardly nearer than the rest, as in many "
    "dimensions, no setting parts them: look at the two histograms."
)


def explanation(view: str) -> str:
    """What a person sees: how each family hashes, how functions combine, what is measured, and more of the view."""
    return f"{' '.join(family.explanation for family in FAMILIES.values())} {EXPLANATION}{MORE[view]}"


MORE = {
    "tune": "",
    "inside": (
        "\n\n**One item**: every table against every true neighbor; for one square, the functions that part the two. "
        "**The plane**: the same in two dimensions; the browser computes the buckets with the very numbers of the "
        "library. **The guess**: theory's recall is the mean height of the curve over the distances to the nearest; "
        "what is measured is a mean over several draws of functions, each of which scatters around it."
    ),
    "race": (
        "\n\n**Exact scan**: every point, O(n·d) a query. **kd-tree**: space halved over and over, exact, of no use "
        "where no half can be skipped. **HNSW**: a graph of near points, walked towards the query; larger efSearch "
        "looks at more of them. **faiss LSH**: a code of hyperplane bits for each point, and all codes compared; no "
        "buckets. **LSH tables**: this page's index. Recall counts equally near points as found."
    ),
}


def verdict(points: LabPoints, settings: LabSettings, cell: LSHCell, times: LabTimes | None) -> str:
    """Whether the setting in use pays, from the numbers; "" where that depends on times and there are none yet."""
    if math.isnan(cell.precision):
        return "Verdict: no query has a single candidate; nothing is found, however fast."
    if times is None:
        return ""
    index, scan = times.index, times.scan
    lost = 1 - cell.recall
    found = "finds everything" if lost < 0.0005 else f"misses {lost:.1%} of the {settings.k} nearest"
    if index.clearly_shorter(scan):
        speed = f"**{scan.median / index.median:.1f} times as fast** as the exact scan"
    elif scan.clearly_shorter(index):
        speed = f"**{index.median / scan.median:.1f} times slower** than the exact scan"
        found += ". Here LSH loses on both counts" if lost >= 0.0005 else ". Here LSH loses"
        found += f". These are {len(points):,} points; clouds of up to {SIZES[-1]:,} are under Points"
    else:
        speed = "**as fast as** the exact scan within the spread of the rounds"
    return f"Verdict: this setting is {speed} and {found}."


def draws_line(settings: LabSettings, measured: LSHGrid, cell: LSHCell) -> str:
    """What the figures are, and what the index with the chosen seed does alone."""
    said = (
        f"Figures are means of {cell.draws} draws of functions, below them 95% intervals over the draws and "
        + (
            f"the sample of {measured.queries} queries"
            if measured.queries < measured.n
            else f"nothing else: all {measured.n} points are queries"
        )
        + "."
    )
    if settings.probing:
        return said
    own = measured.first.cell(settings.grid_mode, *settings.shape)
    alone = "no candidates" if math.isnan(own.precision) else f"precision {own.precision:.3f}"
    return (
        f"{said} The index with seed {settings.seed} alone: recall {own.recall:.3f}, {alone}, "
        f"scans {share_text(own.cost)}."
    )


def as_python(
    data: ActiveData, points: LabPoints, settings: LabSettings, view: str, part: str, draws: int
) -> list[str]:
    """The page in a few lines of the library; ``draws`` of functions stand behind the figures shown."""
    functions, tables = settings.shape
    scaled, probing = part != "product" and UNIT.value(data), settings.probing > 0
    names = ["LSHConfig", "LSHIndex", *(["lsh_cell"] if probing else []), "lsh_grid"]
    unit = ["from recemb_core.neighbors.base import unit_rows"] if scaled else []
    imports = [*points.imports, f"from recemb_core.neighbors import {', '.join(names)}", *unit]
    lines = [*points.lines, *(["vectors = unit_rows(vectors)"] if scaled else [])]
    width = [] if settings.width is None else [f"width={settings.width:.6g}"]
    shared = [f"family={quoted(settings.family)}", *width, f"seed={settings.seed}"]
    config = [f"mode={quoted(settings.mode)}", f"functions={functions}", f"tables={tables}"]
    config += [f"multi_probe={settings.probing}"] if probing else []
    if len(points.queries) < len(points):
        rows = f"np.random.default_rng({session.seed()}).choice(len(vectors), {len(points.queries)}, replace=False)"
    else:
        rows = "np.arange(len(vectors))"
    start = ["import numpy as np", "", *imports, *settings.hashing.imports, "", *lines, f"queries = {rows}"]
    if view == "race":
        return _race_in_python(start, settings, part, points.vectors.shape[1])
    if part == "walk":
        return walk_words.python(data, points, [*points.imports, *unit], lines)
    end = [
        f"ids, distances = index.query(vectors[[{points.chosen}]], k={settings.k + 1})  # an item finds itself first"
    ]
    if view == "inside":
        end = [
            f"seen = explain_query(index, {points.chosen}, k={settings.k})",
            "print(seen.by_table)  # a row a true neighbor, a column a table",
        ]
        start.insert(2, "from recemb_core.neighbors.lsh.explain import explain_query")
    return [
        *start,
        f"grid = lsh_grid(vectors, queries, k={settings.k}, {', '.join(shared)}, draws={draws})  # every K and L",
        f"print(grid.cell({quoted(settings.grid_mode)}, functions={functions}, tables={tables}))",
        f"print(grid.best_cell({settings.target:g}, {quoted(settings.grid_mode)}))",
        f"config = LSHConfig({', '.join(config + shared)})",
        *(
            [f"print(lsh_cell(vectors, queries, {settings.k}, config, draws={draws}))  # with the further buckets"]
            if probing
            else []
        ),
        "index = LSHIndex(config).build(vectors)  # the first of the draws",
        *end,
    ]


def _race_in_python(start: list[str], settings: LabSettings, part: str, dimensions: int) -> list[str]:
    called = "kd_tree_decay" if part == "kd" else "compare_indexes"
    start.insert(2, f"from recemb_core.experiments.{'kd_tree_decay' if part == 'kd' else 'index_race'} import {called}")
    if part == "kd":
        axes = [a for a in (1, 2, 4, 8, 16, 32, 64) if a < dimensions] + [dimensions]
        return [
            *start,
            f"decay = kd_tree_decay(vectors, queries, k={settings.k}, dimensions={axes}, only_quiet=True)",
            "for number, tree, scan in zip(decay.dimensions, decay.tree, decay.scan):",
            "    print(number, tree, scan)  # microseconds a query",
        ]
    metric = ', metric="inner_product"' if part == "product" else ""
    return [
        *start,
        f"for report in compare_indexes(vectors, queries, k={settings.k}{metric}, only_quiet=True):",
        "    print(report.family, report.setting, round(report.recall, 3), round(report.queries_per_second))",
    ]
