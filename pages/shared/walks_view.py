"""The parts of the Walks page: where the walker is, its step as a table, the replay, many walks against the theory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import streamlit as st

from pages.shared import cached, controls, frame, graph_controls, selection
from pages.shared.live_chart import live_chart
from pages.shared.selection import ActiveData
from recemb_core import walk_statistics as statistics
from recemb_core.figures.walk_microscope import Candidates, walk_microscope, walk_replay
from recemb_core.figures.walk_profile import visit_check, walk_profile
from recemb_core.item_graph import ItemGraph

DRAWN = 30  # candidates in the picture
WALKS, STEPS = 1_000, 20
EXACT_PAIRS = 600_000  # pairs of edges looked at for the closed form: about 0.1 s
BARS = 12
NODES, EDGES = 300, 1_500  # drawn around a walk
START = ""  # the previous item of a walk's first step
CLICKS = {"previous": "makes it previous", "walk": "walks on to it"}


@dataclass(frozen=True, eq=False)
class Place:
    """Rows of where the walker is and where it came from (None: the walk starts here); ``before``: all ways in."""

    current: int
    previous: int | None
    before: tuple[int, ...]


def place(data: ActiveData, graph: ItemGraph) -> Place:
    """The chosen item, and the previous one: the chosen one, or the most strongly connected of those with an edge."""
    current = graph.items.row(selection.chosen_item(data))
    rows, _ = graph.reversed.neighbors(current)
    before = tuple(int(row) for row in rows[np.argsort(-graph.strength[rows], kind="stable")])
    options = [graph.items[row] for row in before] + [START]
    key = selection.parameter("previous", data, options[0], str, lambda item: item in options)
    if st.session_state[key] not in options:  # another item was chosen, which this one does not lead to
        st.session_state[key] = options[0]
    item = st.session_state[key]
    selection.parameter("click", data, "previous", str, lambda v: v in CLICKS)
    return Place(current, None if item == START else graph.items.row(item), before)


def walk_controls(data: ActiveData, graph: ItemGraph, at: Place) -> None:
    """Previous item, p and q (those of the node2vec page), and what a click does."""
    st.selectbox(
        f"Previous item (leads to {data.titles[at.current]})",
        [graph.items[row] for row in at.before] + [START],
        format_func=lambda item: data.title_of(item) if item else "none: the walk starts here",
        key=f"previous@{data.key}",
        persist_state="session",
        help="The item the walker came from. Items with an edge to the chosen one, most strongly connected first.",
    )
    left, right = st.columns(2)
    left.select_slider(
        "p (return)",
        controls.BIASES,
        key=f"p@{data.key}",
        persist_state="session",
        help="Weight 1/p on going straight back. The same p as on the node2vec page.",
    )
    right.select_slider(
        "q (in–out)",
        controls.BIASES,
        key=f"q@{data.key}",
        persist_state="session",
        help="Weight 1/q on leaving the neighborhood of the previous item. The same q as on the node2vec page.",
    )
    st.segmented_control(
        "A click on an item",
        list(CLICKS),
        format_func=CLICKS.__getitem__,
        key=f"click@{data.key}",
        required=True,
        persist_state="session",
        help="Walk by hand, or look at the same item from another side. The chosen item is set in the sidebar as well.",
    )


def clicked(data: ActiveData, graph: ItemGraph, at: Place, item: str) -> None:
    """What a click on the picture does (called before the script runs)."""
    row = graph.items.row(item)
    if row == at.current:
        return
    if st.session_state[f"click@{data.key}"] == "walk":
        if row in graph.neighbors(at.current)[0]:
            selection.set_parameters(data, item=item, previous=graph.items[at.current])
        else:
            st.toast(f"There is no edge from {data.titles[at.current]} to {data.title_of(item)}: no way back.")
    elif row in at.before:
        selection.set_parameters(data, previous=item)
    else:
        st.toast(
            f"There is no edge from {data.title_of(item)} to {data.titles[at.current]}, so no walk comes from there."
        )


def step_metrics(step: statistics.Step, at: Place) -> None:
    """The step in four or five numbers."""
    shares = [
        ("Back", statistics.RETURN, "Straight back to the previous item: α = 1/p."),
        ("Stay near", statistics.SHARED, "On to a neighbor of the previous item: α = 1."),
        ("Away", statistics.AWAY, "On to an item that the previous one has no edge to: α = 1/q."),
    ]
    known = at.previous is not None and len(step.ids) > 0
    found = [(name, f"{step.share(kind):.1%}" if known else "–", text) for name, kind, text in shares]
    positive = step.probabilities[step.probabilities > 0]
    even = float(np.exp(-(positive * np.log(positive)).sum())) if len(positive) else 0.0
    frame.metrics(
        [
            *found,
            ("Ways on", f"{len(step.ids)}", "Out-edges of the item where the walker is."),
            ("Even ways", f"{even:.1f}", "exp(entropy): that many equally likely ways are as uncertain."),
        ]
    )


def microscope(data: ActiveData, graph: ItemGraph, at: Place, step: statistics.Step, p: float, q: float) -> None:
    """The picture of the step."""
    top = np.argsort(-step.probabilities, kind="stable")[:DRAWN]
    back = np.flatnonzero(step.kinds == statistics.RETURN)
    shown = np.union1d(top[: DRAWN - 1], back) if len(back) and back[0] not in top else np.sort(top)
    rows = step.ids[shown]
    figure = walk_microscope(
        _named(data, at.current),
        None if at.previous is None else _named(data, at.previous),
        Candidates(
            ids=[graph.items[int(row)] for row in rows],
            titles=[data.titles[int(row)] for row in rows],
            kinds=step.kinds[shown],
            alpha=step.alpha[shown],
            weights=step.weights[shown],
            probabilities=step.probabilities[shown],
        ),
        rule={
            statistics.RETURN: f"α = 1/p = {1 / p:g}",
            statistics.SHARED: "α = 1",
            statistics.AWAY: f"α = 1/q = {1 / q:g}",
            statistics.FIRST: "α = 1",
        },
    )
    live_chart(
        figure,
        key=f"microscope@{data.key}",
        height=560,
        glide=False,
        on_click=lambda item: clicked(data, graph, at, item),
    )
    part = f"Showing {len(rows)} of {len(step.ids)} ways on, the most probable. " if len(rows) < len(step.ids) else ""
    st.caption(
        f"{part}An edge is as thick as its probability; hover over its end for α, weight and probability. "
        + (
            "Left: items that the previous one has an edge to (dotted). Right: the others."
            if at.previous is not None
            else "The first step goes by weight alone."
        )
    )


def _named(data: ActiveData, row: int) -> tuple[str, str]:
    return data.items[row], data.titles[row]


def step_table(data: ActiveData, step: statistics.Step, p: float, q: float) -> None:
    """Every candidate with its factors, and their sums."""
    order = np.lexsort((-step.weights, -step.probabilities))
    words = {statistics.RETURN: f"1/p = {1 / p:g}", statistics.AWAY: f"1/q = {1 / q:g}"}
    table = pl.DataFrame(
        {
            "Next item": [data.titles[int(row)] for row in step.ids[order]],
            "α": [words.get(str(kind), "1") for kind in step.kinds[order]],
            "w": step.weights[order],
            "α·w": (step.alpha * step.weights)[order],
            "P(x)": step.probabilities[order],
        }
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        height=min(318, 38 + 35 * len(table)),
        column_config={
            "Next item": st.column_config.TextColumn(width=104),
            "α": st.column_config.TextColumn(width=70),
            "w": number(format="%.5g", width=40, help="Weight of the edge."),
            "α·w": number(format="%.5g", width=48),
            "P(x)": number(format="%.5f", width=66, help="Probability: α·w over the sum of α·w."),
        },
    )
    mass = float((step.alpha * step.weights).sum())
    st.markdown(f"Σ α·w = {mass:,.6g}, **Σ probability = {step.probabilities.sum():.6f}**")


def plain(text: str) -> str:
    """A title as it is written: nothing in it is Markdown."""
    return re.sub(r"([\\`*_\[\]|~$:<>#])", r"\\\1", text)


def walks_from(data: ActiveData, graph: ItemGraph, row: int, p: float, q: float) -> npt.NDArray[np.int32]:
    """1,000 walks of 20 steps from one item."""
    seed = selection.seed()
    note = st.empty()

    def make() -> npt.NDArray[np.int32]:
        from recemb_core.walks import WalkConfig, generate_walks

        with note, st.spinner("Running 1,000 walks (the first time on a machine, their code is compiled: some 20 s) …"):
            config = WalkConfig(num_walks=WALKS, walk_length=STEPS + 1, p=p, q=q, seed=seed)
            return generate_walks(graph, config, starts=[row])

    def waiting(_: float, stage: str) -> None:
        note.caption(f"1,000 walks: {stage}.")

    walks = cached.remember_heavy(data, ("walks from", graph.fingerprint, row, p, q, seed), make, waiting)
    note.empty()
    return walks


def replay(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float, by: controls.Labelling) -> None:
    """One of the 1,000 walks, step by step."""
    walks = walks_from(data, graph, at.current, p, q)
    number_key = selection.parameter("walk", data, 1, int, lambda v: 1 <= v <= WALKS)
    step_key, playing = f"step@{data.key}", f"playing@{data.key}"
    number = st.session_state[number_key]
    walk = walks[number - 1][walks[number - 1] >= 0]
    last = len(walk) - 1
    st.session_state[step_key] = min(st.session_state.get(step_key, min(6, last)), last)

    def draw() -> None:
        if st.session_state.get(playing):
            st.session_state[step_key] = min(st.session_state[step_key] + 1, last)
        done = st.session_state[step_key]
        with st.container(horizontal=True):
            move = {"key": step_key, "by": -1, "last": last}
            st.button(
                "◀", key=f"back@{data.key}", on_click=_move, kwargs=move, disabled=done == 0, help="One step back"
            )
            move = {"key": step_key, "by": 1, "last": last}
            st.button("▶", key=f"on@{data.key}", on_click=_move, kwargs=move, disabled=done == last, help="One step on")
            pressed = st.button("Pause" if st.session_state.get(playing) else "Play", key=f"play@{data.key}")
            st.button("Another walk", key=f"another@{data.key}", on_click=_another, args=(number_key,))
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
        st.markdown(
            f"Walk {st.session_state[number_key]:,} of {WALKS:,}, step {done} of {last}: {' → '.join(names)}.{ended}"
        )
        if st.session_state.get(playing) and done == last:
            st.session_state[playing] = False
            st.rerun()

    st.fragment(draw, run_every=0.7 if st.session_state.get(playing) else None)()


def _move(key: str, by: int, last: int) -> None:
    st.session_state[key] = min(max(st.session_state[key] + by, 0), last)


def _another(number_key: str) -> None:
    st.session_state[number_key] = st.session_state[number_key] % WALKS + 1


def _draw_walk(data: ActiveData, graph: ItemGraph, walk: npt.NDArray, step: int, by: controls.Labelling) -> None:
    positions = cached.graph_positions(data, graph, selection.seed())
    low, high = positions[walk].min(axis=0), positions[walk].max(axis=0)
    pad = 0.15 * max(float((high - low).max()), 1e-9)
    inside = np.flatnonzero(((positions >= low - pad) & (positions <= high + pad)).all(axis=1))
    strongest = inside[np.argsort(-graph.strength[inside], kind="stable")[:NODES]]
    shown = np.union1d(strongest, walk)
    spot = np.full(len(graph), -1)
    spot[shown] = np.arange(len(shown))
    edges = np.flatnonzero((spot[graph.sources] >= 0) & (spot[graph.indices] >= 0) & (graph.sources < graph.indices))
    edges = edges[np.argsort(-graph.weights[edges], kind="stable")[:EDGES]]
    figure = walk_replay(
        positions[shown],
        [graph.items[int(row)] for row in shown],
        [data.titles[int(row)] for row in shown],
        (spot[graph.sources[edges]], spot[graph.indices[edges]]),
        spot[walk],
        step,
        colors=by.values[shown],
    )
    live_chart(figure, key=f"replay@{data.key}", height=460, glide=False, on_click=lambda i: selection.pick(data, i))
    st.caption(
        f"Showing {len(shown):,} of {len(graph):,} items, those around the walk, and {len(edges):,} edges; "
        f"color: {by.name}, the eight largest. The dot is the start, the ring the walker. Click an item to start there."
    )


@dataclass(frozen=True)
class Check:
    """One line of theory against walks."""

    what: str
    exact: str
    measured: str
    agreement: str


def many_walks(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> None:
    """1,000 walks: how far they get, and whether they are where the closed form says."""
    fingerprint = graph.fingerprint
    walks = walks_from(data, graph, at.current, p, q)
    exact = cached.remember(
        data,
        ("exact visits", fingerprint, at.current, p, q),
        lambda: statistics.exact_visits(graph, at.current, STEPS, p=p, q=q, most_pairs=EXACT_PAIRS),
    )
    left, right = frame.side_by_side("many-walks", (1, 1))
    with left:
        st.markdown("**How far do they get?**")
        hops = cached.remember(
            data, ("hops", fingerprint, at.current), lambda: statistics.hop_distances(graph, at.current)
        )
        references: dict[str, statistics.DistanceProfile | None] = {}
        for b, text in ((20.0, "stays near"), (1.0, "DeepWalk"), (0.05, "runs off")):
            same = (p, q) == (1.0, b)
            others = None if same else walks_from(data, graph, at.current, 1.0, b)
            profile = None if others is None else statistics.distance_profile(others, hops)
            references[f"p = 1, q = {b:g} ({text})"] = profile
        mine = (f"p = {p:g}, q = {q:g}", statistics.distance_profile(walks, hops))
        live_chart(walk_profile(mine, references), key=f"profile@{data.key}", height=400)
        st.caption("Mean over the walks still going; bands are two standard errors. Distance follows out-edges.")
    came = _came_through(data, graph, at, p, q)
    with right:
        options = ["next"] if came is not None else []
        options += [str(k) for k in range(1, min(3, exact.steps) + 1)]
        key = selection.parameter("check", data, options[0], str, lambda v: v in options)
        if st.session_state[key] not in options:
            st.session_state[key] = options[0]
        st.markdown("**Are they where the closed form says?**")
        st.segmented_control(
            "Where the walks are",
            options,
            format_func=lambda v: "next step" if v == "next" else f"after {v}",
            key=key,
            required=True,
            persist_state="session",
            label_visibility="collapsed",
            help="The next step of walks that came from the previous item, or the place after that many steps.",
        )
        if st.session_state[key] == "next":
            assert came is not None
            test = _visit_chart(data, came[0], came[1])
        else:
            step = int(st.session_state[key])
            test = _visit_chart(data, exact.visits[step], walks[:, step])
        st.caption(verdict(test))
    lines = ["| | Closed form | Walks (95 % interval) | Agreement |", "|:--|--:|:--|:--|"]
    lines += [f"| {c.what} | {c.exact} | {c.measured} | {c.agreement} |" for c in _checks(data, at, walks, exact, came)]
    st.markdown("\n".join(lines))
    known = "all steps" if exact.steps >= STEPS else f"the first {exact.steps} steps"
    st.caption(
        f"The closed form follows the chain on edges for {known} of this graph. "
        "Of twenty such tests one falls outside its noise by chance: another seed tells."
    )


def _came_through(
    data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]] | None:
    """(exact probability of every item, next items drawn) for walks that came from the previous item."""
    before = at.previous
    if before is None:
        return None
    seed = selection.seed() + 1
    drawn = cached.remember_heavy(
        data,
        ("steps through", graph.fingerprint, before, at.current, p, q, seed),
        lambda: statistics.steps_through(graph, before, at.current, WALKS, p=p, q=q, seed=seed),
    )
    step = statistics.next_step(graph, before, at.current, p=p, q=q)
    chance = np.zeros(len(graph))
    chance[step.ids] = step.probabilities
    return chance, drawn


def _visit_chart(
    data: ActiveData, chance: npt.NDArray[np.float64], at: npt.NDArray[np.int32]
) -> statistics.ChiSquare | None:
    counts = np.bincount(at[at >= 0], minlength=len(chance))
    rows = np.argsort(-chance, kind="stable")[:BARS]
    rows = rows[chance[rows] > 0]
    total = max(len(at), 1)
    intervals = np.array([statistics.share_interval(int(counts[row]), len(at)) for row in rows]).reshape(-1, 2)
    figure = visit_check(
        [data.titles[int(row)] for row in rows],
        [data.items[int(row)] for row in rows],
        chance[rows],
        counts[rows] / total,
        intervals,
    )
    live_chart(figure, key=f"visits@{data.key}", height=345, glide=False, on_click=lambda i: selection.pick(data, i))
    if len(rows) < (chance > 0).sum():
        st.caption(f"Showing the {len(rows)} most probable of {(chance > 0).sum():,} items; the test counts all.")
    return _test(chance, at)


def _test(chance: npt.NDArray[np.float64], at: npt.NDArray[np.int32]) -> statistics.ChiSquare | None:
    ended = max(0.0, 1.0 - float(chance.sum()))
    counts = np.bincount(at[at >= 0], minlength=len(chance))
    return statistics.chi_square(np.append(counts, (at < 0).sum()), np.append(chance, ended if ended > 1e-9 else 0.0))


def verdict(test: statistics.ChiSquare | None) -> str:
    """A χ² test in one honest sentence."""
    if test is None:
        return "One possible outcome (or too few walks): nothing to test."
    if test.p_value >= 0.05:
        return f"Within sampling noise: χ² p = {test.p_value:.2f} ({test.cells} cells, each expected 5 times or more)."
    if test.p_value >= 0.001:
        return (
            f"At the edge of sampling noise: χ² p = {test.p_value:.3f} ({test.cells} cells); 1 test in 20 is below .05."
        )
    return f"Beyond sampling noise: χ² p = {test.p_value:.1g} ({test.cells} cells). Walks and closed form disagree."


def _checks(
    data: ActiveData,
    at: Place,
    walks: npt.NDArray[np.int32],
    exact: statistics.ExactVisits,
    came: tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]] | None,
) -> list[Check]:
    found = []
    if came is not None and at.previous is not None and len(came[1]):
        names = f"{plain(data.titles[at.previous])} → {plain(data.titles[at.current])}"
        found.append(
            Check(f"Next item after {names}", "step table above", f"{len(came[1]):,} steps", verdict(_test(*came)))
        )
        back, chance = int((came[1] == at.previous).sum()), float(came[0][at.previous])
        found.append(_share_check(f"Back to {plain(data.titles[at.previous])} from there", chance, back, len(came[1])))
    for step in range(1, min(3, exact.steps) + 1):
        test = statistics.compare_visits(walks, exact, step)
        found.append(
            Check(f"Item after {step} step{'s' * (step > 1)}", "chain on edges", f"{len(walks):,} walks", verdict(test))
        )
    if exact.steps >= 2 and exact.walking[2] > 0:
        back, taken = statistics.returns_at(walks, 2)
        found.append(_share_check("Second step goes back", float(exact.returns[2] / exact.walking[2]), back, taken))
    if exact.steps >= 3:
        rate, error = statistics.return_rate(walks, exact.steps)
        chance = float(exact.returns[2:].sum() / max(float(exact.walking[2:].sum()), 1e-12))
        low, high = rate - 1.96 * error, rate + 1.96 * error
        found.append(_interval_check(f"Steps 2 to {exact.steps} that go back", chance, rate, low, high))
    return found


def _share_check(what: str, chance: float, count: int, total: int) -> Check:
    low, high = statistics.share_interval(count, total)
    return _interval_check(what, chance, count / max(total, 1), low, high)


def _interval_check(what: str, chance: float, rate: float, low: float, high: float) -> Check:
    inside = low - 1e-9 <= chance <= high + 1e-9
    return Check(
        what,
        f"{chance:.2%}",
        f"{rate:.2%} ({max(low, 0):.2%} to {min(high, 1):.2%})",
        "Inside the interval: within sampling noise."
        if inside
        else "Outside the 95 % interval (1 in 20 is, by chance).",
    )


def experiments(data: ActiveData, graph: ItemGraph) -> list[tuple[str, str, dict[str, Any]]]:
    """Predict, then press."""
    if data.key != "planted_shop":
        return [
            (
                "q = 20 makes leaving expensive. **Which edges grow thick?**",
                "Those to the left, joined to the previous item. Where nothing is on the right, q changes nothing.",
                {"p": 1.0, "q": 20.0},
            ),
            (
                "q = 0.05 makes leaving cheap. **Will the walks get farther than at p = q = 1?**",
                "Compare the two lines under 'How far do they get?': where the bands part, the difference is real.",
                {"p": 1.0, "q": 0.05},
            ),
            (
                "p = 0.05 multiplies the way back by 20. **Does that make a return certain?**",
                "No: 20 times its weight, against the weights of all other ways together.",
                {"p": 0.05, "q": 1.0},
            ),
            (
                "Back to the middle: p = q = 1.",
                "Every α is 1: only weights count. This is DeepWalk.",
                {"p": 1.0, "q": 1.0},
            ),
        ]
    roles = data.labels["role"]
    hub = next(item for item in selection.items_by_popularity(data) if roles[data.items.row(item)] == "best-seller")
    near, _ = graph.neighbors(graph.items.row(hub))
    other = graph.items[int(next(row for row in near if roles[row] == "best-seller"))]
    inner = graph.items[
        int(max((row for row in near if roles[row] != "best-seller"), key=lambda r: graph.out_degree[r]))
    ]
    club = {"item": hub, "previous": other}
    return [
        (
            "From one best-seller to another at q = 20. **Does the walker stay in the club?**",
            "Yes, 99 % of the time: the other best-sellers are joined to the previous one (α = 1), its own "
            "accessories are not (α = 1/20).",
            {**club, "p": 1.0, "q": 20.0},
        ),
        (
            "The same place at q = 0.05. **Where do the thick edges go now?**",
            "To the accessories, one step further from where the walker came: 82 % of the probability, 18 % at q = 1.",
            {**club, "p": 1.0, "q": 0.05},
        ),
        (
            "The same place at p = 0.05. **How often will it turn straight back?**",
            "54 % of the time: the way back weighs 3 · 20 = 60 against 52 for all the others.",
            {**club, "p": 0.05, "q": 1.0},
        ),
        (
            "At an accessory, coming from its best-seller, q = 20. **What does q change here?**",
            "Nothing: every neighbor of the accessory is also joined to the best-seller, so no way leads away. Drag q.",
            {"item": inner, "previous": hub, "p": 1.0, "q": 20.0},
        ),
    ]


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
    if sinks:
        word = "item has" if sinks == 1 else "items have"
        text += f"{sinks:,} {word} no edge out: a walk that gets there ends, its row filled with −1."
    else:
        text += "Every item has an edge out, so no walk ends early."
    return text


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
        "from recemb_core.walk_statistics import compare_visits, exact_visits",
        "from recemb_core.walks import WalkConfig, generate_walks, transition_probabilities",
        "",
        *frame.load_lines(data),
        *built,
        f"current, previous = graph.items.row({graph.items[at.current]!r}), {before}",
        f"rows, probabilities = transition_probabilities(graph, previous, current, p={p:g}, q={q:g})",
        "for row, probability in zip(rows, probabilities):",
        '    print(f"{graph.items[row]}: {probability:.5f}")',
        f"config = WalkConfig(num_walks={WALKS}, walk_length={STEPS + 1}, p={p:g}, q={q:g}, seed={selection.seed()})",
        "walks = generate_walks(graph, config, starts=[current])",
        f"exact = exact_visits(graph, current, 1, p={p:g}, q={q:g})",
        "print(compare_visits(walks, exact, step=1))  # χ², None where there is one outcome only",
    ]
