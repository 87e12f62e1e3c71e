"""One walk replayed, step by step."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, maps, results, session
from pages.kit.allowed import Span
from pages.kit.jobs import BAR_AFTER
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.walks.microscope import STEPS, WALKS, WALKS_PAGE, Place
from recemb_core.arrays import AnyArray, Int32Array
from recemb_core.figures.walk_microscope import walk_replay
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import statistics

NODES, EDGES = 300, 1_500  # drawn around a walk
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
    """How far these walks get from their start, step by step."""
    hops = results.remember(data, ("hops", graph.fingerprint, row), lambda: statistics.hop_distances(graph, row))
    return statistics.distance_profile(walks_from(data, graph, row, p, q), hops)


def replay(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float, by: controls.Labelling) -> None:
    """One of the 1,000 walks, step by step."""
    walks = walks_from(data, graph, at.current, p, q)
    number = NUMBER.bind(data)
    step_key, playing = f"step@{data.key}", f"playing@{data.key}"  # where the player is: no setting
    walk = walks[number.value - 1][walks[number.value - 1] >= 0]
    last = len(walk) - 1
    st.session_state[step_key] = min(st.session_state.get(step_key, min(6, last)), last)

    def draw() -> None:
        if st.session_state.get(playing):
            st.session_state[step_key] = min(st.session_state[step_key] + 1, last)
        done = st.session_state[step_key]
        with st.container(horizontal=True):
            for sign, name, by_, end in (("◀", "back", -1, 0), ("▶", "on", 1, last)):
                move: dict[str, Any] = {"on_click": _move, "args": (step_key, by_, last), "disabled": done == end}
                st.button(sign, key=f"{name}@{data.key}", help=f"One step {name}", **move)
            pressed = st.button("Pause" if st.session_state.get(playing) else "Play", key=f"play@{data.key}")
            st.button("Another walk", key=f"another@{data.key}", on_click=_another, args=(number,))
        st.slider("Step", 0, last, key=step_key, help="Steps taken. The picture holds still while they are.")
        if pressed:
            st.session_state[playing] = not st.session_state.get(playing)
            if st.session_state[playing] and done == last:
                st.session_state.pop(step_key)
            st.rerun()
        _draw_walk(data, graph, walk, done, by)
        names = [plain(data.titles[int(row)]) for row in walk[: done + 1]]
        names[-1] = f"**{names[-1]}**"
        ended = " It ends here: no edge leads on." if done == last and last < STEPS else ""
        st.markdown(f"Walk {number.value:,} of {WALKS:,}, step {done} of {last}: {' → '.join(names)}.{ended}")
        if st.session_state.get(playing) and done == last:
            st.session_state[playing] = False
            st.rerun()

    st.fragment(draw, run_every=0.7 if st.session_state.get(playing) else None)()


def _move(key: str, by: int, last: int) -> None:
    st.session_state[key] = min(max(st.session_state[key] + by, 0), last)


def _another(number: Bound) -> None:
    number.set(number.value % WALKS + 1)


def _draw_walk(data: ActiveData, graph: ItemGraph, walk: AnyArray, step: int, by: controls.Labelling) -> None:
    positions = maps.graph_positions(data, graph, session.seed())
    low, high = positions[walk].min(axis=0), positions[walk].max(axis=0)
    pad = 0.15 * max(float((high - low).max()), 1e-9)
    inside = np.flatnonzero(((positions >= low - pad) & (positions <= high + pad)).all(axis=1))
    strongest = inside[np.argsort(-graph.strength[inside], kind="stable")[:NODES]]
    shown = np.union1d(strongest, walk)
    spot = np.full(len(graph), -1)
    spot[shown] = np.arange(len(shown))
    edges = np.flatnonzero((spot[graph.sources] >= 0) & (spot[graph.indices] >= 0) & (graph.sources < graph.indices))
    edges = edges[np.argsort(-graph.weights[edges], kind="stable")[:EDGES]]
    ids, titles = ([names[int(row)] for row in shown] for names in (graph.items.ids, data.titles))
    drawn = spot[graph.sources[edges]], spot[graph.indices[edges]]
    figure = walk_replay(positions[shown], ids, titles, drawn, spot[walk], step, colors=by.values[shown])
    live_chart(figure, key=f"replay@{data.key}", height=460, glide=False, on_click=lambda i: session.pick(data, i))
    st.caption(
        f"Showing {len(shown):,} of {len(graph):,} items, those around the walk, and {len(edges):,} edges; "
        f"color: {plain(by.words)}, the eight largest. The dot is the start, the ring the walker. "
        "Click an item to start there."
    )
