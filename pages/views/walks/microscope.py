"""The Walks page: where the walker is, its next step as a picture and a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, graph_controls, parameters, session
from pages.kit.allowed import Options
from pages.kit.bias_formula import bias_formula, lit
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter, Scope
from pages.kit.session import ActiveData
from pages.kit.text import plain
from recemb_core.embeddings import node2vec_defaults
from recemb_core.figures.walk_microscope import Candidates, walk_microscope_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import statistics

DRAWN = 30  # candidates in the picture
WALKS, STEPS = 1_000, 20
START = ""  # the previous item of a walk's first step

WALKS_PAGE = Scope("walks")
WAY_IN = "The item the walker came from. Items with an edge to the chosen one, most strongly connected first."
PREVIOUS = Parameter(WALKS_PAGE, "previous", "Previous item", Options(), help=WAY_IN)
CLICK = Parameter(
    WALKS_PAGE,
    "click",
    "A click on an item",
    Options({"previous": "makes it previous", "walk": "walks on to it"}, row=True),
    "previous",
    help="Walk by hand, or look at the same item from another side. The chosen item is set in the sidebar as well.",
)


@dataclass(frozen=True, eq=False)
class Place:
    """Rows of where the walker is and where it came from (None: the walk starts here); ``before``: all ways in."""

    current: int
    previous: int | None
    before: tuple[int, ...]


def place(data: ActiveData, graph: ItemGraph) -> Place:
    """The chosen item, and the previous one: the chosen one, or the most strongly connected of those with an edge."""
    current = graph.items.row(session.chosen_item(data))
    rows, _ = graph.reversed.neighbors(current)
    before = tuple(int(row) for row in rows[np.argsort(-graph.strength[rows], kind="stable")])
    item = _previous(data, graph, before).value
    return Place(current, None if item == START else graph.items.row(item), before)


def _previous(data: ActiveData, graph: ItemGraph, before: tuple[int, ...]) -> Bound:
    options = [graph.items[row] for row in before] + [START]
    return PREVIOUS.bind(data, default=options[0], among=options)


def bias_controls(data: ActiveData, graph: ItemGraph) -> None:
    """p and q, those of the node2vec page, one beside the other."""
    start = node2vec_defaults(len(graph))
    actions = {"p": "going straight back", "q": "leaving the neighborhood of the previous item"}
    for column, (name, action) in zip(st.columns(2), actions.items(), strict=True):
        said = f"Weight 1/{name} on {action}. The same {name} as on the node2vec page."
        controls.NODE2VEC[name].draw(data, column, default=getattr(start, name), help=said)


def place_controls(data: ActiveData, graph: ItemGraph, at: Place) -> None:
    """Previous item, and what a click does."""
    _previous(data, graph, at.before).draw(
        label=f"Previous item (leads to {plain(data.titles[at.current])})",
        format_func=lambda item: data.title_of(item) if item else "none: the walk starts here",
    )
    CLICK.draw(data)


def clicked(data: ActiveData, graph: ItemGraph, at: Place, item: str) -> None:
    """What a click on the picture does (called before the script runs)."""
    row, here, there = graph.items.row(item), data.titles[at.current], data.title_of(item)
    if row == at.current:
        return
    if CLICK.value(data) == "walk":
        if row in graph.neighbors(at.current)[0]:
            parameters.set_parameters(data, item=item, previous=graph.items[at.current])
        else:
            st.toast(f"There is no edge from {here} to {there}: no way back.")
    elif row in at.before:
        parameters.set_parameters(data, previous=item)
    else:
        st.toast(f"There is no edge from {there} to {here}, so no walk comes from there.")


def step_metrics(step: statistics.Step, at: Place, place: Any = st) -> None:
    """The step in four numbers."""
    shares = [
        ("Back", statistics.RETURN, "Straight back to the previous item: α = 1/p."),
        ("Stay near", statistics.SHARED, "On to a neighbor of the previous item: α = 1."),
        ("Away", statistics.AWAY, "On to an item that the previous one has no edge to: α = 1/q."),
    ]
    known = at.previous is not None and len(step.ids) > 0
    found = [(name, f"{step.share(kind):.1%}" if known else "–", text) for name, kind, text in shares]
    positive = step.probabilities[step.probabilities > 0]
    even = float(np.exp(-(positive * np.log(positive)).sum())) if len(positive) else 0.0
    words = f"The next step is as hard to guess as one of {even:.1f} equally likely ways (exp of its entropy)."
    found.append(("Ways on", f"{len(step.ids)}", f"Out-edges of the item where the walker is. {words}"))
    frame.metrics(found, place)


def microscope(data: ActiveData, graph: ItemGraph, at: Place, step: statistics.Step, p: float, q: float) -> None:
    """The picture of the step."""
    top = np.argsort(-step.probabilities, kind="stable")[:DRAWN]
    back = np.flatnonzero(step.kinds == statistics.RETURN)
    shown = np.union1d(top[: DRAWN - 1], back) if len(back) and back[0] not in top else np.sort(top)
    rows = step.ids[shown]
    candidates = Candidates(
        ids=[graph.items[int(row)] for row in rows],
        titles=[data.titles[int(row)] for row in rows],
        kinds=step.kinds[shown],
        alpha=step.alpha[shown],
        weights=step.weights[shown],
        probabilities=step.probabilities[shown],
    )
    current, previous = (
        None if row is None else (data.items[row], data.titles[row]) for row in (at.current, at.previous)
    )
    assert current is not None
    kinds = (statistics.RETURN, statistics.SHARED, statistics.AWAY, statistics.FIRST)
    rule = {kind: f"α = {_factor(kind, p, q)}" for kind in kinds}
    bias_formula(p, q)
    figure = walk_microscope_figure(current, previous, candidates, rule=rule, lit=lit(p, q))
    click = lambda item: clicked(data, graph, at, item)  # noqa: E731
    live_chart(figure, key=f"microscope@{data.key}", height=440, above=254, glide=False, on_click=click)


def step_words(step: statistics.Step, at: Place) -> None:
    """How the picture is read."""
    part = f"Showing {DRAWN} of {len(step.ids)} ways on, the most probable. " if len(step.ids) > DRAWN else ""
    sides = (
        "Left: items that the previous one has an edge to (dotted). Right: the others. Lit: what p or q has changed."
    )
    st.caption(
        f"{part}An edge is as thick as its probability; hover over its end for α, weight and probability. "
        f"{'The first step goes by weight alone.' if at.previous is None else sides}"
    )


def _factor(kind: str, p: float, q: float) -> str:
    """α of a kind of step."""
    return {statistics.RETURN: f"1/p = {1 / p:g}", statistics.AWAY: f"1/q = {1 / q:g}"}.get(kind, "1")


def step_table(data: ActiveData, step: statistics.Step, p: float, q: float) -> None:
    """Every candidate with its factors, and their sums."""
    order = np.lexsort((-step.weights, -step.probabilities))
    table = pl.DataFrame(
        {
            "Next item": [data.titles[int(row)] for row in step.ids[order]],
            "α": [_factor(str(kind), p, q) for kind in step.kinds[order]],
            "w": step.weights[order],
            "α·w": (step.alpha * step.weights)[order],
            "P(x)": step.probabilities[order],
        }
    )
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "Next item": text(width="medium"),
        "α": text(width="small"),
        "w": number(format="%.5g", width="small", help="Weight of the edge."),
        "α·w": number(format="%.5g", width="small"),
        "P(x)": number(format="%.5f", width="small", help="Probability: α·w over the sum of α·w."),
    }
    st.dataframe(table, hide_index=True, height=min(318, 38 + 35 * len(table)), column_config=columns)
    mass = float((step.alpha * step.weights).sum())
    st.markdown(f"Σ α·w = {mass:,.6g}, **Σ probability = {step.probabilities.sum():.6f}**")


def graph_words(graph: ItemGraph) -> str:
    """What direction and sinks mean on this graph."""
    sinks = int((graph.out_degree == 0).sum())
    if graph.directed:
        text = (
            "This graph is **directed**: a walk follows arrows only. α = 1 needs an edge from the previous item *t* to "
            "*x* (x → t does not count), and there is a way back only where an edge leads from *v* to *t*. "
        )
    else:
        text = (
            "This graph is **undirected**: every edge works both ways, so the way back is always among the candidates. "
        )
    if not sinks:
        return f"{text}Every item has an edge out, so no walk ends early."
    word = "item has" if sinks == 1 else "items have"
    return f"{text}{sinks:,} {word} no edge out: a walk that gets there ends, its row filled with −1."


def as_python(
    data: ActiveData, graph: ItemGraph, settings: graph_controls.GraphSettings, at: Place, p: float, q: float
) -> list[str]:
    """The page in a few lines of the library."""
    built = settings.as_python(data)
    builders = [name for name in ("backbone", "build_item_graph") if any(f"{name}(" in line for line in built)]
    before = "None" if at.previous is None else f"graph.items.row({graph.items[at.previous]!r})"
    return [
        *frame.import_lines(data),
        *([f"from recemb_core.item_graph import {', '.join(builders)}"] if builders else []),
        "from recemb_core.walks.statistics import compare_visits, exact_visits",
        "from recemb_core.walks import WalkConfig, generate_walks, transition_probabilities",
        "",
        *frame.load_lines(data),
        *built,
        f"current, previous = graph.items.row({graph.items[at.current]!r}), {before}",
        f"rows, probabilities = transition_probabilities(graph, previous, current, p={p:g}, q={q:g})",
        "for row, probability in zip(rows, probabilities):",
        '    print(f"{graph.items[row]}: {probability:.5f}")',
        f"config = WalkConfig(num_walks={WALKS}, walk_length={STEPS + 1}, p={p:g}, q={q:g}, seed={session.seed()})",
        "walks = generate_walks(graph, config, starts=[current])",
        f"exact = exact_visits(graph, current, 1, p={p:g}, q={q:g})",
        "print(compare_visits(walks, exact, step=1))  # χ², None where there is one outcome only",
    ]
