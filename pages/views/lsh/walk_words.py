"""The three indexes in words: the table, the verdict, the experiments, the lines of Python."""

from __future__ import annotations

from typing import Any

from pages.kit import frame
from pages.kit.answer_words import paired, signed
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import quoted
from pages.views.lsh import board, walk
from pages.views.lsh.measures import LabSettings
from pages.views.lsh.points import LabPoints
from pages.views.lsh.walk import BUILDING, COUNT, MOST_POINTS, K, Seen
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.index_walks import Effort

Efforts = dict[str, Effort]


def table(seen: Seen, own: Efforts | None, points: LabPoints) -> list[dict[str, Any]]:
    """A row an index, on the plane and on the page's own points."""
    rows = _rows(f"the plane: {COUNT}, d = 2", COUNT, seen.efforts)
    if own is not None:
        rows += _rows(f"{len(points):,}, d = {points.vectors.shape[1]}", len(points), own)
    return rows


def _rows(name: str, n: int, efforts: Efforts) -> list[dict[str, Any]]:
    def shown(value: Estimate, form: str) -> str:
        return f"{value.value:{form}}  [{value.low:{form}}, {value.high:{form}}]"

    scan = {"Points": name, "Index": "Scan of all", "Distances a query": f"{n - 1:,}", "Recall": "1", "Cells": ""}
    return [
        scan,
        *(
            {
                "Points": name,
                "Index": index,
                "Distances a query": shown(effort.distances, ",.1f"),
                "Recall": shown(effort.recall, ".3f"),
                "Cells": "" if effort.cells is None else f"{effort.cells.value:.1%}",
            }
            for index, effort in efforts.items()
        ),
    ]


def verdict(seen: Seen, own: Efforts | None, points: LabPoints) -> str:
    """What the figures say, on the plane and where the dimensions are many."""

    def one(effort: Effort, n: int) -> str:
        return f"{effort.distances.value / n:.1%} of the points, recall {effort.recall.value:.3f}"

    flat = seen.efforts
    said = (
        f"On the plane HNSW works out the distance to {one(flat['HNSW'], COUNT)}; LSH to {one(flat['LSH'], COUNT)}; "
        f"the kd-tree to {one(flat['kd-tree'], COUNT)}."
    )
    if own is None:
        return said
    n, cells = len(points), own["kd-tree"].cells
    assert cells is not None
    return (
        f"{said} On the page's own {n:,} points in {points.vectors.shape[1]} dimensions: HNSW {one(own['HNSW'], n)}; "
        f"LSH {one(own['LSH'], n)}; and **the kd-tree backtracks into {cells.value:.0%} of its cells** "
        f"({cells.low:.0%} to {cells.high:.0%})."
    )


def about(own: Efforts | None, points: LabPoints, settings: LabSettings) -> str:
    """What was measured, and of what."""
    said = (
        f"Recall of the {K} nearest by Euclidean distance, so LSH hashes by the Euclidean family on the plane whatever "
        "the page uses. Means a query with 95% intervals over queries; no query counts itself. The plane: all "
        f"{COUNT} points are queries; one graph and one draw of functions. "
    )
    if own is None:
        reason = f"this view stops at {MOST_POINTS:,}" if len(points) > MOST_POINTS else "too few for it"
        said += f"The page's own {len(points):,} points are not walked: {reason}. "
    else:
        said += (
            f"The page's own points: {len(walk.own_queries(points))} queries; faiss builds the graph with the same M, "
            f"and it is walked hop by hop; LSH as set on this page ({settings.said()}, {settings.hashing.label}). "
        )
    return f"{said}HNSW was built with ef_construction = {BUILDING}. Hashing costs LSH K·L inner products more."


EXPLANATION = (
    "\n\n**The walk** (Malkov & Yashunin 2018): every point lies on layer 0, about one in M on layer 1, one in M² on "
    "layer 2. A query starts on top, goes to the nearest point it can see until none is nearer, drops a layer, and "
    "goes on from there; on layer 0 it keeps the ef nearest met so far and stops when the nearest one not yet followed "
    "is farther than all of them. **Larger ef**: more distances, more found. **Larger M**: fewer layers, more links to "
    "look at on each. **The kd-tree** halves space at the median of the longest side; a query finds its cell, then "
    "goes back into every cell that is nearer than the worst of the nearest so far: in many dimensions, nearly all."
)


def figures(seen: Seen, numbers: Any) -> None:
    """What a query costs and finds on the plane, by index."""
    places = frame.figure_columns("scores", 4, numbers)
    for place, (name, effort) in zip(places, seen.efforts.items(), strict=False):
        cost, found = effort.distances, effort.recall
        place.metric(
            f"{name} compares",
            f"{cost.value:.0f} of {COUNT - 1}",
            delta=f"recall {found.value:.2f}",
            delta_color="off",
            delta_arrow="off",
            help=f"Points whose distance a query works out, and the share of the {K} nearest it finds: means over all "
            f"{COUNT} points as queries. 95%: {cost.low:.1f} to {cost.high:.1f} points, recall {found.low:.3f} to "
            f"{found.high:.3f}.",
        )
    places[3].metric("Layers", f"{seen.graph.layers}", help="Of the HNSW graph on the plane.")


def experiments(data: ActiveData, points: LabPoints, settings: LabSettings) -> list[Experiment]:
    """What is asked; each answer is of the setting on the screen against one measured now."""

    def ef_answer() -> Verdict:
        few, many = (walk.graph_effort_of(data, links=3, ef=ef) for ef in (K + 1, 48))
        gain = paired(many.found, few.found)
        times = many.distances.value / few.distances.value
        said = f"Distances {few.distances.value:.0f} → {many.distances.value:.0f} ({times:.1f} times), recall "
        said += f"{few.recall.value:.3f} → {many.recall.value:.3f}."
        right = 2 if gain.low <= 0 else 0 if times < 2 else 1
        return Verdict(said, right, f"From ef = {K + 1} to 48: {_change(few, many)}.")

    def links_answer() -> Verdict:
        few, many = (walk.graph_effort_of(data, links=links, ef=8) for links in (3, 12))
        layers = [walk.graph_of(data, links).layers for links in (3, 12)]
        gain = paired(many.worked, few.worked)
        right = 2 if gain.low <= 0 <= gain.high else 0 if gain.value > 0 else 1
        said = f"{layers[0]} layers with M = 3, {layers[1]} with M = 12; distances {few.distances.value:.0f} → "
        said += f"{many.distances.value:.0f} a query, recall {few.recall.value:.3f} → {many.recall.value:.3f}."
        return Verdict(said, right, f"From 3 to 12: {_change(few, many)}.")

    def tree_answer() -> Verdict:
        flat, own = walk.look(data, settings).efforts["kd-tree"].cells, walk.own_efforts(data, points, settings)
        assert flat is not None
        said = f"On the plane into **{flat.value:.0%}** of its cells ({flat.low:.0%} to {flat.high:.0%})"
        if own is None:
            return Verdict(f"{said}. The page's own points are too many, or too few, to be walked here.")
        many = own["kd-tree"].cells
        assert many is not None
        right = 0 if many.low > flat.high else 1 if many.high < flat.low else 2
        told = "more, beyond both intervals" if right == 0 else "not told apart from the plane's"
        d = points.vectors.shape[1]
        told = "fewer, beyond both intervals" if right == 1 else told
        own_said = f"in {d} dimensions into **{many.value:.0%}** ({many.low:.0%} to {many.high:.0%}): {told}."
        return Verdict(f"{said}; {own_said}", right)

    def lsh_answer() -> Verdict:
        efforts = walk.look(data, settings).efforts
        graph, tables = efforts["HNSW"], efforts["LSH"]
        found, worked = paired(tables.found, graph.found), paired(tables.worked, graph.worked)
        right = []
        if found.low > 0:
            right.append(0)
        if worked.high < 0:
            right.append(1)
        said = f"HNSW: {graph.distances.value:.0f} distances, recall {graph.recall.value:.3f}. LSH: "
        said += f"{tables.distances.value:.0f} distances, recall {tables.recall.value:.3f}."
        return Verdict(said, tuple(right) or 2, f"LSH against HNSW on the plane: {_change(graph, tables)}.")

    start = {"walk_links": 6, "walk_ef": 8}
    ef = f"HNSW with three links a point keeps {K + 1} candidates; let it keep 48. **What does that buy?**"
    return [
        Experiment(
            ef, ("More found, at less than twice the distances", "More found, at over twice the distances",
                 "Nothing more is found, beyond noise"), ef_answer, {"walk_links": 3, "walk_ef": 48},
        ),
        Experiment(
            "Twelve links a point in place of three. **What does a query cost?**",
            ("More distances", "Fewer distances", "As many, within noise"), links_answer, {**start, "walk_links": 12},
        ),
        Experiment(
            "A kd-tree beside it. **Into how many of its cells must it go with this data's own points?**",
            ("Into more than on the plane", "Into fewer", "No difference beyond noise"), tree_answer,
            {**start, "walk_beside": "kd"},
        ),
        Experiment(
            "LSH with two tables of two functions. **What does it do better than the graph?**",
            ("It finds more", "It works out fewer distances", "Neither"), lsh_answer, {**start, "walk_beside": "lsh"},
        ),
    ]  # fmt: skip


def _change(before: Effort, now: Effort) -> str:
    """Distances and recall of two indexes on the same queries, with paired intervals."""
    parts = []
    for name, a, b, form in (
        ("distances", before.worked, now.worked, ".1f"),
        ("recall", before.found, now.found, ".3f"),
    ):
        gain = paired(b, a)
        if gain.low <= 0 <= gain.high:
            told = "no difference at all" if gain.low == gain.high == 0 else "not told apart"
        else:
            told = "more" if gain.value > 0 else "less"
        ends = f"95%: {signed(gain.low, form)} to {signed(gain.high, form)}"
        parts.append(f"{name} {a.mean():{form}} → {b.mean():{form}} ({signed(gain.value, form)}, {ends}): **{told}**")
    return "; ".join(parts)


def python(data: ActiveData, points: LabPoints, imports: list[str], vectors: list[str]) -> list[str]:
    """The plane and the page's own points, walked; ``vectors`` are lines that end with such an array."""
    links, ef, leaf = walk.LINKS.value(data), walk.EF.value(data), walk.LEAF.value(data)
    pattern, drawn, query = walk.PATTERN.value(data), board.DRAWN_POINTS.value(data), walk.QUERY.value(data)
    return [
        "import numpy as np",
        "",
        *imports,
        "from recemb_core.datasets.point_clouds import plane_points",
        "from recemb_core.neighbors import HNSWConfig, HNSWIndex",
        "from recemb_core.neighbors.hnsw_graph import build_graph",
        "from recemb_core.neighbors.kd_tree_walk import TreeOfCells",
        "",
        *vectors,
        f"plane = plane_points({quoted(pattern)}, {drawn}, n={COUNT}).astype(np.float32)",
        f"graph = build_graph(plane, links={links}, ef_construction={BUILDING})",
        f'config = HNSWConfig(metric="euclidean", links={links}, ef_construction={BUILDING})',
        "index = HNSWIndex(config, threads=1).build(vectors)",
        f"for rows, graph, query in ((plane, graph, {query}), (vectors, index.graph(), {points.chosen})):",
        f"    walk = graph.walk(rows[query], k={K + 1}, ef={ef})  # a point finds itself first",
        "    for hop in walk.hops:",
        "        print(hop.layer, hop.row, round(hop.distance, 3), len(hop.compared))",
        f"    tree = TreeOfCells(rows, leaf_size={leaf}).walk(rows[query], k={K + 1})",
        "    print(walk.ids, walk.distances, tree.ids, len(tree.visited), len(tree.skipped))",
    ]
