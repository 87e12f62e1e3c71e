"""One walk replayed, step by step."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, maps, results, session, stage
from pages.kit.allowed import Span
from pages.kit.bias_formula import bias_formula
from pages.kit.jobs import BAR_AFTER
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.walks.microscope import STEPS, WALKS, WALKS_PAGE, Place
from recemb_core.arrays import AnyArray, Int32Array, Int64Array
from recemb_core.figures.walk_microscope import walk_replay
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import statistics

NODES, EDGES = 300, 1_500  # drawn around a walk
LEAST_GOING = 30  # walks that have not ended, below which a mean and its error say little
NUMBER = Parameter(WALKS_PAGE, "walk", "Walk", Span(1, WALKS), 1)


def walks_from(data: ActiveData, graph: ItemGraph, row: int, p: float, q: float) -> Int32Array:
    """1,000 walks of 20 steps from one item."""
    from recemb_core.walks import WalkConfig, generate_walks

    seed = session.seed()
    note, begun = st.empty(), time.monotonic()

    def waiting(_: float, stage: str) -> None:
        if time.monotonic() - begun > BAR_AFTER:
            note.caption(f"1,000 walks: {stage} (the first time on a machine their code is compiled, some 20 s).")

    config = WalkConfig(num_walks=WALKS, walk_length=STEPS + 1, p=p, q=q, seed=seed)
    key = ("walks from", graph.fingerprint, row, p, q, seed)
    short = results.HERE / 2
    walks: Int32Array = results.compute(
        data, key, generate_walks, graph, config, starts=[row], seconds=short, progress=waiting
    )
    note.empty()
    return walks


def distances(data: ActiveData, graph: ItemGraph, row: int, p: float, q: float) -> statistics.DistanceProfile:
    """How far these walks get from their start, step by step, as far as enough of them are going to tell a mean."""
    hops = results.remember(data, ("hops", graph.fingerprint, row), lambda: statistics.hop_distances(graph, row))
    found = statistics.distance_profile(walks_from(data, graph, row, p, q), hops)
    known = int((found.walking >= LEAST_GOING).sum())  # walks only become fewer
    return statistics.DistanceProfile(found.mean[:known], found.standard_error[:known], found.walking[:known])


def walk_metrics(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float, place: Any) -> None:
    """What 1,000 such walks do on average, with two standard errors, and this one."""
    walks = walks_from(data, graph, at.current, p, q)
    rate, error = statistics.return_rate(walks, STEPS)
    returning = "–" if np.isnan(rate) else f"{rate:.1%} ± {2 * error:.1%}"
    items = different_items(walks)
    mine = walks[NUMBER.value(data) - 1]
    about = f"Over {len(walks):,} walks of up to {STEPS} steps; ± two standard errors."
    frame.metrics(
        [
            ("Steps that go back", returning, f"Of the second and later steps; – where there are none. {about}"),
            ("Different items", f"{items.mean():.1f} ± {2 * standard_error(items):.1f}", f"In a walk. {about}"),
            ("In this walk", f"{int(different_items(mine[None])[0])}", "Different items in the walk that is shown."),
        ],
        place,
    )


def different_items(walks: Int32Array) -> Int64Array:
    """How many different items each walk sees.

    >>> different_items(np.array([[0, 1, 0, -1], [2, 3, 4, 5]], dtype=np.int32)).tolist()
    [2, 4]
    """
    rows = np.sort(walks, axis=1)
    new = np.diff(rows, axis=1, prepend=-1) != 0
    found: Int64Array = (new & (rows >= 0)).sum(axis=1)
    return found


def standard_error(values: Int64Array) -> float:
    """Of the mean of independent walks."""
    return float(values.std(ddof=1) / len(values) ** 0.5)


def replay(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float, by: controls.Labelling) -> None:
    """One of the 1,000 walks, step by step."""
    walks = walks_from(data, graph, at.current, p, q)
    number = NUMBER.bind(data)
    step_key, playing = stage.player(data, "step"), stage.player(data, "playing")
    walk = walks[number.value - 1][walks[number.value - 1] >= 0]
    last = len(walk) - 1
    st.session_state[step_key] = min(st.session_state.get(step_key, last), last)  # at first the whole walk

    def draw() -> None:
        if st.session_state.get(playing):
            st.session_state[step_key] = min(st.session_state[step_key] + 1, last)
        done = st.session_state[step_key]
        with stage.picture():
            bias_formula(p, q)
            _draw_walk(data, graph, walk, done, by)
            with st.container(horizontal=True, vertical_alignment="center"):
                for sign, name, by_, end in (("◀", "back", -1, 0), ("▶", "on", 1, last)):
                    move: dict[str, Any] = {"on_click": _move, "args": (step_key, by_, last), "disabled": done == end}
                    st.button(sign, key=f"{name}@{data.key}", help=f"One step {name}", **move)
                pressed = st.button("Pause" if st.session_state.get(playing) else "Play", key=f"play@{data.key}")
                st.button("Another walk", key=f"another@{data.key}", on_click=_another, args=(number,))
                st.slider("Step", 0, max(last, 1), key=step_key, label_visibility="collapsed", disabled=last == 0)
        if pressed:
            st.session_state[playing] = not st.session_state.get(playing)
            if st.session_state[playing] and done == last:
                st.session_state.pop(step_key)
            st.rerun()
        names = [plain(data.titles[int(row)]) for row in walk[: done + 1]]
        names[-1] = f"**{names[-1]}**"
        ended = " It ends here: no edge leads on." if done == last and last < STEPS else ""
        st.markdown(f"Walk {number.value:,} of {WALKS:,}, step {done} of {last}: {' → '.join(names)}.{ended}")
        _about_walk(data, graph, walk, by)
        if st.session_state.get(playing) and done == last:
            st.session_state[playing] = False
            st.rerun()

    st.fragment(draw, run_every=0.7 if st.session_state.get(playing) else None)()


def _move(key: str, by: int, last: int) -> None:
    st.session_state[key] = min(max(st.session_state[key] + by, 0), last)


def _another(number: Bound) -> None:
    number.set(number.value % WALKS + 1)


def _around(data: ActiveData, graph: ItemGraph, walk: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """(rows drawn, the edges drawn between them, where everything lies): what is around a walk."""
    positions = maps.graph_positions(data, graph, session.seed())
    low, high = positions[walk].min(axis=0), positions[walk].max(axis=0)
    pad = 0.15 * max(float((high - low).max()), 1e-9)
    inside = np.flatnonzero(((positions >= low - pad) & (positions <= high + pad)).all(axis=1))
    strongest = inside[np.argsort(-graph.strength[inside], kind="stable")[:NODES]]
    shown = np.union1d(strongest, walk)
    there = np.zeros(len(graph), dtype=bool)
    there[shown] = True
    edges = np.flatnonzero(there[graph.sources] & there[graph.indices] & (graph.sources < graph.indices))
    return shown, edges[np.argsort(-graph.weights[edges], kind="stable")[:EDGES]], positions


def _draw_walk(data: ActiveData, graph: ItemGraph, walk: AnyArray, step: int, by: controls.Labelling) -> None:
    shown, edges, positions = _around(data, graph, walk)
    spot = np.full(len(graph), -1)
    spot[shown] = np.arange(len(shown))
    ids, titles = ([names[int(row)] for row in shown] for names in (graph.items.ids, data.titles))
    drawn = spot[graph.sources[edges]], spot[graph.indices[edges]]
    figure = walk_replay(positions[shown], ids, titles, drawn, spot[walk], step, colors=by.values[shown])
    choose = lambda item: session.pick(data, item)  # noqa: E731
    live_chart(figure, key=f"replay@{data.key}", height=400, above=300, glide=False, on_click=choose)


def _about_walk(data: ActiveData, graph: ItemGraph, walk: AnyArray, by: controls.Labelling) -> None:
    shown, edges, _ = _around(data, graph, walk)
    st.caption(
        f"Showing {len(shown):,} of {len(graph):,} items, those around the walk, and {len(edges):,} edges; "
        f"color: {plain(by.words)}, the eight largest. The dot is the start, the ring the walker. "
        "Click an item to start there."
    )
