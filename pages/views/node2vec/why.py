"""Why are these neighbors? The ways of walks between two items, and what else joins them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, results, session, stage
from pages.kit.allowed import Options
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.node2vec.one_setting import NODE2VEC_PAGE, Shown
from recemb_core.arrays import Int32Array
from recemb_core.embeddings import Node2VecConfig
from recemb_core.evaluation.explanations import PairExplanation, explain_pair, joined
from recemb_core.evaluation.walk_paths import WalkPaths, walk_paths
from recemb_core.figures.pair_paths import Beside, pair_paths_figure
from recemb_core.item_graph import ItemGraph

NEAREST = ""  # the second item until a person chooses one
SECOND = Parameter(
    NODE2VEC_PAGE, "why", "Second item", Options(), NEAREST, help="Its nearest neighbor by cosine, or any other item."
)
SHOWN, AROUND = 5, 4  # sequences, and items to either side of the two in a long one
BETWEEN, ALONE = 8, 6  # items drawn between the two, and beside each of them


def walks_of(data: ActiveData, graph: ItemGraph, config: Node2VecConfig) -> Int32Array:
    """The walks that these settings are trained on, made once."""
    from recemb_core.walks import generate_walks

    key = ("walks", graph.fingerprint, config.p, config.q, config.num_walks, config.walk_length, config.seed)
    walks: Int32Array = results.compute(data, key, generate_walks, graph, config, what="the walks")
    return walks


@dataclass(frozen=True, eq=False)
class Pair:
    """Two items of what is shown, with what joins them."""

    shown: Shown
    first: str
    second: str
    found: PairExplanation
    paths: WalkPaths
    cosine: float
    rank: int

    @property
    def rows(self) -> tuple[int, int]:
        """Of the two in the graph."""
        return self.shown.graph.items.row(self.first), self.shown.graph.items.row(self.second)


def pair_of(shown: Shown) -> Pair:
    """The chosen item and the second one, as the parameters have them."""
    data, graph, config = shown.data, shown.graph, shown.config
    first = shown.item
    second = SECOND.value(data, among=(NEAREST, *data.items.ids)) or nearest_of(shown)
    a, b = graph.items.row(first), graph.items.row(second)
    walks = walks_of(data, graph, config)
    found = explain_pair(graph, walks, a, b, window=config.window, sequences=data.sequences)
    scores = shown.vectors.scores(first)
    rank = 1 + int((np.delete(scores, a) > scores[b]).sum())
    return Pair(shown, first, second, found, walk_paths(walks, a, b, window=config.window), float(scores[b]), rank)


def nearest_of(shown: Shown) -> str:
    """The chosen item's nearest by cosine."""
    return str(shown.vectors.most_similar(shown.item, k=1)[0][0])


def why_section(shown: Shown, place: Any = st) -> None:
    """The pair, chosen in ``place``; its ways as a picture, then in words, as a table, and the sequences themselves."""
    data, graph, config = shown.data, shown.graph, shown.config
    if len(graph) < 2:
        st.info("There is one item only, so there is no pair to explain.")
        return
    _pair_controls(data, nearest_of(shown), place)
    pair = pair_of(shown)
    found, first, second = pair.found, pair.first, pair.second
    with stage.picture():
        drawn = _ways(pair)
    st.caption(drawn)
    told = in_words(data, graph, config, found, (first, second), pair.cosine, pair.rank)
    st.markdown("\n".join(f"- {line}" for line in told))
    left, right = frame.side_by_side("why-more", (1, 1), "18rem")
    with left:
        _shared_table(data, found, first, second)
    with right:
        _linking(data, found, first, second)


def why_metrics(shown: Shown) -> None:
    """The pair in five numbers; nothing where there is no pair."""
    if len(shown.graph) < 2:
        return
    pair = pair_of(shown)
    found, others = pair.found, len(shown.graph) - 1
    window = f"At most {found.window} steps apart in a walk, the window of the training."
    frame.metrics(
        [
            ("Cosine", f"{pair.cosine:.2f}", "Of the two vectors."),
            ("Place", f"{pair.rank:,} of {others:,}", "Of the second among all others, the nearest first."),
            ("Walks with both", f"{found.walks_within:,}", f"Of {found.walks:,}. {window}"),
            ("By chance", f"{found.expected_within:,.1f}", "Were the same visits spread at random over all walks."),
            ("Shared", f"{found.num_shared:,}", "Items joined to both in the graph that is walked."),
        ]
    )


def _ways(pair: Pair) -> str:
    """The two, what walks pass between them, and what is joined to one of them alone; returns how to read it."""
    shown, data, graph = pair.shown, pair.shown.data, pair.shown.graph
    through = [Beside(row, pairs) for row, pairs in pair.paths.through[:BETWEEN]]
    known = {one.row for one in through} | {*pair.rows}
    shared = [Beside(one.row) for one in pair.found.shared if one.row not in known][: BETWEEN - len(through)]
    alone = _alone(graph, pair.rows)
    figure = pair_paths_figure(
        pair.rows,
        data.titles,
        graph.items.ids,
        [*through, *shared],
        (alone[0][:ALONE], alone[1][:ALONE]),
        direct=pair.paths.direct,
        joined=bool(pair.found.weight_ab or pair.found.weight_ba),
    )
    st.markdown(f"**{plain(data.title_of(pair.first))}** and **{plain(data.title_of(pair.second))}**: ways of walks")
    live_chart(
        figure,
        key=f"ways@{data.key}",
        height=340,
        above=270,
        glide=False,
        on_click=lambda item: session.pick(data, item),
    )
    more = [
        f"{len(rows) - ALONE:,} more are joined to {plain(data.title_of(item))} alone"
        for rows, item in zip(alone, (pair.first, pair.second), strict=True)
        if len(rows) > ALONE
    ]
    if (rest := len(pair.paths.through) - len(through)) > 0:
        more.insert(0, f"{rest:,} more items lie between")
    steps, left_out = shown.config.window, f"Not drawn: {'; '.join(more)}. " if more else ""
    return (
        f"{pair.paths.pairs:,} times a walk has the two at most {steps} step{'s' * (steps != 1)} apart: a line is as "
        "thick as its share of them. Dotted: joined to both, but on no such way. Grey at the sides: joined to one "
        f"alone, the heaviest edges first. {left_out}Click an item to choose it."
    )


def _alone(graph: ItemGraph, rows: tuple[int, int]) -> tuple[list[int], list[int]]:
    """Rows joined to the one and not to the other, heaviest edges first, for both."""
    near = [joined(graph, row) for row in rows]
    found: list[list[int]] = []
    for mine, other in (near, near[::-1]):
        rest = [row for row in mine if row not in other and row not in rows]
        found.append(sorted(rest, key=lambda row, mine=mine: (-mine[row], row)))  # type: ignore[misc]
    return found[0], found[1]


def _pair_controls(data: ActiveData, nearest: str, place: Any) -> None:
    order = session.listed_items(data)
    first = session.chosen_item(data)
    second = SECOND.bind(data, among=(NEAREST, *data.items.ids))
    if second.value == first:
        second.set(NEAREST)
    st.session_state["why_first"] = first
    place.selectbox(
        "First item",
        order if first in order else [*order, first],
        format_func=data.title_of,
        key="why_first",
        on_change=lambda: session.pick(data, st.session_state["why_first"]),
        help="The chosen item; another one here becomes the chosen item everywhere.",
    )
    others = [item for item in order if item != first]
    if second.value not in (NEAREST, *others):
        others.append(second.value)
    second.draw(
        place,
        offered=[NEAREST, *others],
        format_func=lambda item: f"its nearest: {data.title_of(nearest)}" if item == NEAREST else data.title_of(item),
    )


def in_words(
    data: ActiveData,
    graph: ItemGraph,
    config: Node2VecConfig,
    found: PairExplanation,
    pair: tuple[str, str],
    cosine: float,
    rank: int,
) -> list[str]:
    """What the numbers say, a sentence or two each."""
    a, b = (f"**{plain(data.title_of(item))}**" for item in pair)
    steps = "1 step" if config.window == 1 else f"{config.window} steps"
    lines = [
        f"Cosine {cosine:.2f}: {b} is number {rank:,} of the {len(graph) - 1:,} others around {a}.",
        f"Of {found.walks:,} walks, {found.walks_a:,} hold {a}, {found.walks_b:,} hold {b}, and "
        f"**{found.walks_within:,} hold both within {steps}** (the window). Were the same visits spread at random over "
        f"all walks, {found.expected_within:,.1f} would{_times(found.walks_within, found.expected_within)}.",
        _edges(graph, found, a, b),
        f"They share **{found.num_shared:,} neighbor{'s' * (found.num_shared != 1)}**: "
        f"{a} has {found.neighbors_a:,} in all, {b} {found.neighbors_b:,}.",
    ]
    if found.sequences is not None:
        kind = _kind(data)
        lines.append(
            f"Of {found.sequences:,} {kind}, {found.sequences_a:,} hold {a}, {found.sequences_b:,} hold {b}, and "
            f"**{found.sequences_both:,} hold both**. Were the two independent, {found.expected_both:,.1f} would"
            f"{_times(found.sequences_both, found.expected_both)}."
        )
    if found.walks_within == 0:
        lines.append(
            "No walk joins them within the window: if their vectors are near all the same, it is through items that "
            "both are seen with, or by accident of the training."
        )
    return lines


def _kind(data: ActiveData) -> str:
    assert data.sequences is not None
    return "sessions" if data.sequences.ordered else "baskets"


def _times(seen: int, expected: float) -> str:
    return f" ({seen / expected:,.1f} times)" if seen and expected else ""


def _edges(graph: ItemGraph, found: PairExplanation, a: str, b: str) -> str:
    if not found.weight_ab and not found.weight_ba:
        return "No edge joins them in the graph that is walked."
    if not graph.directed:
        return f"An edge of weight {found.weight_ab:g} joins them."
    ways = ((f"{a} → {b}", found.weight_ab), (f"{b} → {a}", found.weight_ba))
    return " ".join(f"{way}: {f'an edge of weight {weight:g}' if weight else 'no edge'}." for way, weight in ways)


def _shared_table(data: ActiveData, found: PairExplanation, first: str, second: str) -> None:
    st.subheader("Shared neighbors", anchor=False)
    if not found.shared:
        st.caption("No item is joined to both.")
        return
    table = {
        "Item": [data.titles[s.row] for s in found.shared],
        "To first": [s.weight_a for s in found.shared],
        "To second": [s.weight_b for s in found.shared],
    }
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(width=88, help=f"Weight of the edge to {data.title_of(item)}.")
        for name, item in (("To first", first), ("To second", second))
    }
    columns["Item"] = st.column_config.TextColumn(width=140)
    st.dataframe(table, hide_index=True, height=min(300, 38 + 35 * len(found.shared)), column_config=columns)
    shown = len(found.shared)
    more = f" Showing {shown} of {found.num_shared:,}." if shown < found.num_shared else ""
    st.caption(f"Largest product of the two weights first.{more}")


def _linking(data: ActiveData, found: PairExplanation, first: str, second: str) -> None:
    if data.sequences is None:
        st.subheader("What links them", anchor=False)
        st.caption("This data set is a graph without sequences; the walks are all that was seen.")
        return
    kind = _kind(data)
    st.subheader(f"{kind.capitalize()} that link them", anchor=False)
    if not found.linking:
        st.caption(f"None of the {found.sequences or 0:,} {kind} holds both.")
        return
    separator = " → " if data.sequences.ordered else " · "
    items = data.sequences.items
    every = ([items[int(token)] for token in data.sequences[index]] for index in found.linking)
    lines = (separator.join(_excerpt(data, one, (first, second))) for one in every)
    shown = list(dict.fromkeys(lines))[:SHOWN]  # twenty baskets may well be one and the same pair
    for line in shown:
        st.markdown(f"- {line}")
    order = "closest together first" if data.sequences.ordered else "smallest first"
    st.caption(f"Showing {len(shown)} of {found.sequences_both:,}, {order}, equal ones once.")


def _excerpt(data: ActiveData, items: list[str], pair: tuple[str, str]) -> list[str]:
    """Names with the two in bold; of a long sequence, the part where they are closest together."""
    start, stop = 0, len(items)
    if len(items) > 3 * AROUND:
        places = [[at for at, item in enumerate(items) if item == wanted] for wanted in pair]
        a, b = min(((a, b) for a in places[0] for b in places[1]), key=lambda p: abs(p[0] - p[1]))
        start, stop = max(0, min(a, b) - AROUND), min(len(items), max(a, b) + AROUND + 1)
    names = [f"**{plain(data.title_of(item))}**" if item in pair else plain(data.title_of(item)) for item in items]
    low, high = start + AROUND + 1, stop - AROUND - 1
    words = [*names[start:low], "…", *names[high:stop]] if high - low > 2 * AROUND else names[start:stop]
    return ["…"] * (start > 0) + words + ["…"] * (stop < len(items))
