"""Many walks against the closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, results, session, stage
from pages.kit.allowed import Options
from pages.kit.answer_words import counted
from pages.kit.bias_formula import bias_formula
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain
from pages.views.walks.microscope import STEPS, WALKS, WALKS_PAGE, Place
from pages.views.walks.replay import LEAST_GOING, distances, walks_from
from recemb_core.arrays import Float64Array, Int32Array
from recemb_core.evaluation.intervals import share_from_error, wilson_interval
from recemb_core.figures.walk_profile import visit_check, walk_profile_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import statistics

EXACT_PAIRS = 600_000  # pairs of edges looked at for the closed form: about 0.1 s
BARS = 12
EXACT_STEPS = 3  # places after so many steps are shown
NEXT = "next"
PLACES = (NEXT, *map(str, range(1, EXACT_STEPS + 1)))
CHECK = Parameter(
    WALKS_PAGE,
    "check",
    "Where the walks are",
    Options(PLACES, shown=lambda v: "next step" if v == NEXT else f"after {v}"),
    help="The next step of walks that came from the previous item, or the place after that many steps.",
)


@dataclass(frozen=True)
class Check:
    """One line of theory against walks."""

    what: str
    exact: str
    measured: str
    agreement: str


def place_control(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> Bound:
    """After how many steps the walks are looked at: as far as the closed form goes."""
    steps = min(EXACT_STEPS, _exact(data, graph, at, p, q).steps)
    options = [*([NEXT] if at.previous is not None else []), *map(str, range(1, steps + 1))]
    return CHECK.bind(data, default=options[0], among=options)


def many_metrics(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float, place: Any) -> None:
    """How far the walks are at their last step, against p = q = 1."""
    figures = []
    for name, bias in {f"p = {p:g}, q = {q:g}": (p, q), "p = 1, q = 1": (1.0, 1.0)}.items():
        one = distances(data, graph, at.current, *bias)
        step = len(one.mean) - 1
        about = f"Mean after {counted(step, 'step')}, ± two standard errors, of the {one.walking[step]:,} walks "
        about += "still going."
        figures.append(
            (f"Edges from the start, {name}", f"{one.mean[step]:.2f} ± {2 * one.standard_error[step]:.2f}", about)
        )
    frame.metrics(figures, place)


def _profile(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> None:
    references = {
        f"p = 1, q = {b:g} ({text})": None if (p, q) == (1.0, b) else distances(data, graph, at.current, 1.0, b)
        for b, text in ((20.0, "away: α = 1/20"), (1.0, "DeepWalk"), (0.05, "away: α = 20"))
    }
    mine = (f"p = {p:g}, q = {q:g}", distances(data, graph, at.current, p, q))
    live_chart(walk_profile_figure(mine, references), key=f"profile@{data.key}", height=360, above=316)


def many_walks(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> None:
    """1,000 walks: how far they get, and whether they are where the closed form says."""
    walks = walks_from(data, graph, at.current, p, q)
    exact = _exact(data, graph, at, p, q)
    came = _came_through(data, graph, at, p, q)
    with stage.picture():
        bias_formula(p, q)
        left, right = frame.side_by_side("many-walks", (1, 1), "20rem")
        with left:
            st.markdown("**How far do they get?**")
            _profile(data, graph, at, p, q)
        with right:
            where = place_control(data, graph, at, p, q).value
            after = "at the next step" if where == NEXT else f"after {where} step{'s' * (where != '1')}"
            st.markdown(f"**Where are they {after}?**")
            if where == NEXT:
                assert came is not None
                chance, places = came
            else:
                chance, places = exact.visits[int(where)], walks[:, int(where)]
            test = _visit_chart(data, chance, places)
    left, right = frame.side_by_side("many-words", (1, 1), "20rem")
    going = f"Mean over the walks still going, as long as {LEAST_GOING} are; bands are two standard errors. "
    left.caption(f"{going}Distance follows out-edges.")
    with right:
        st.caption(verdict(test))
        drawn, possible = min(BARS, int((chance > 0).sum())), int((chance > 0).sum())
        if drawn < possible:
            st.caption(f"Showing the {drawn} most probable of {possible:,} items; the test counts all.")
    lines = ["| | Closed form | Walks (95% interval) | Agreement |", "|:--|--:|:--|:--|"]
    lines += [f"| {c.what} | {c.exact} | {c.measured} | {c.agreement} |" for c in _checks(data, at, walks, exact, came)]
    st.markdown("\n".join(lines))
    known = "all steps" if exact.steps >= STEPS else f"the first {exact.steps} steps"
    st.caption(
        f"The closed form follows the chain on edges for {known} of this graph. "
        "Of twenty such tests one is expected outside its noise by chance alone: another seed tells."
    )


def _exact(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> statistics.ExactVisits:
    found: statistics.ExactVisits = results.remember(
        data,
        ("exact visits", graph.fingerprint, at.current, p, q),
        lambda: statistics.exact_visits(graph, at.current, STEPS, p=p, q=q, most_pairs=EXACT_PAIRS),
    )
    return found


def agreement(
    data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float, step: int
) -> statistics.ChiSquare | None:
    """Where the walks are after a step, held against the closed form."""
    return statistics.compare_visits(walks_from(data, graph, at.current, p, q), _exact(data, graph, at, p, q), step)


def _came_through(
    data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float
) -> tuple[Float64Array, Int32Array] | None:
    """(exact probability of every item, next items drawn) for walks that came from the previous item."""
    before = at.previous
    if before is None:
        return None
    seed = session.seed() + 1
    key = ("steps through", graph.fingerprint, before, at.current, p, q, seed)
    through = partial(statistics.steps_through, p=p, q=q, seed=seed)
    drawn = results.compute(data, key, through, graph, before, at.current, WALKS, seconds=results.HERE / 2)
    step = statistics.next_step(graph, before, at.current, p=p, q=q)
    chance = np.zeros(len(graph))
    chance[step.ids] = step.probabilities
    return chance, drawn


def _visit_chart(data: ActiveData, chance: Float64Array, at: Int32Array) -> statistics.ChiSquare | None:
    counts = np.bincount(at[at >= 0], minlength=len(chance))
    rows = np.argsort(-chance, kind="stable")[:BARS]
    rows = rows[chance[rows] > 0]
    intervals = np.array([_interval(int(counts[row]), len(at)) for row in rows]).reshape(-1, 2)
    titles, ids = ([names[int(row)] for row in rows] for names in (data.titles, data.items.ids))
    figure = visit_check(titles, ids, chance[rows], counts[rows] / max(len(at), 1), intervals)
    choose = lambda item: session.pick(data, item)  # noqa: E731
    live_chart(figure, key=f"visits@{data.key}", height=360, above=316, glide=False, on_click=choose)
    return _test(chance, at)


def _test(chance: Float64Array, at: Int32Array) -> statistics.ChiSquare | None:
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
    walks: Int32Array,
    exact: statistics.ExactVisits,
    came: tuple[Float64Array, Int32Array] | None,
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
    further = walks[walks[:, 2] >= 0]  # a walk that ended before says nothing of returns
    if exact.steps >= 3 and len(further):
        rate, error = statistics.return_rate(further, exact.steps)
        chance = float(exact.returns[2:].sum() / max(float(exact.walking[2:].sum()), 1e-12))
        seen = share_from_error(rate, error, len(further))
        found.append(_interval_check(f"Steps 2 to {exact.steps} that go back", chance, rate, seen.low, seen.high))
    return found


def _interval(count: int, total: int) -> tuple[float, float]:
    """Wilson's interval of a share; of nothing anything."""
    found = wilson_interval(count, total) if total else None
    return (found.low, found.high) if found else (0.0, 1.0)


def _share_check(what: str, chance: float, count: int, total: int) -> Check:
    return _interval_check(what, chance, count / max(total, 1), *_interval(count, total))


def _interval_check(what: str, chance: float, rate: float, low: float, high: float) -> Check:
    told = "Outside the 95% interval (1 in 20 is, by chance)."
    if low - 1e-9 <= chance <= high + 1e-9:
        told = "Inside the interval: within sampling noise."
    return Check(what, f"{chance:.2%}", f"{rate:.2%} ({low:.2%} to {high:.2%})", told)
