"""What to ask on the Walks page; the answers are the closed form and the walks of the place that is shown."""

from __future__ import annotations

import numpy as np

from pages.kit import session
from pages.kit.answer_words import counted, with_noise
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain
from pages.views.walks.many_walks import agreement
from pages.views.walks.microscope import STEPS, WALKS, Place
from pages.views.walks.replay import different_items, distances, standard_error, walks_from
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import statistics

HUB = "best-seller"
WAYS = {
    statistics.RETURN: "Straight back",
    statistics.SHARED: "On to a neighbor of the item before",
    statistics.AWAY: "Away from it",
}
CHANGES = ("More", "Fewer", "No difference beyond noise")
FAR = ("Farther", "Less far", "No difference beyond noise")
BACKS = ("Fewer than one in three", "One in three to two in three", "More than two in three")


def experiments(data: ActiveData, graph: ItemGraph, at: Place, view: str) -> list[Experiment]:
    """The questions of a view."""
    return {"step": _of_steps, "walk": _of_a_walk, "many": _of_many}[view](data, graph, at)


def _of_steps(data: ActiveData, graph: ItemGraph, at: Place) -> list[Experiment]:
    hubs = _hub_places(data, graph)
    club, accessory = hubs or ({}, {})
    asked: list[tuple[str, dict[str, str], float, float]]
    if hubs is None:
        asked = [
            ("q = 20: a step away weighs 1/20. **Where do most of the next steps go?**", {}, 1.0, 20.0),
            ("q = 0.05: a step away weighs 20 times as much. **Where do most go now?**", {}, 1.0, 0.05),
            ("p = 0.05: the way back weighs 20 times as much. **Where do most go?**", {}, 0.05, 1.0),
        ]
    else:
        asked = [
            (f"From one {HUB} to another, q = 20: a step away weighs 1/20. **Where do most steps go?**", club, 1, 20),
            (
                "The same place at q = 0.05: a step away weighs 20 times as much. **Where do most go now?**",
                club,
                1,
                0.05,
            ),
            ("The same place at p = 0.05: the way back weighs 20 times as much. **Where do most go?**", club, 0.05, 1),
            (f"At an accessory, coming from its {HUB}, q = 20. **Where do most steps go?**", accessory, 1, 20),
        ]

    def ask(question: str, place: dict[str, str], p: float, q: float) -> Experiment:
        sets = {**place, "p": float(p), "q": float(q)}
        return Experiment(question, tuple(WAYS.values()), lambda: step_verdict(data, graph, at, p, q), sets)

    return [ask(*one) for one in asked]


def _of_a_walk(data: ActiveData, graph: ItemGraph, at: Place) -> list[Experiment]:
    def sets(p: float, q: float) -> dict[str, float | str | int]:
        return {"p": p, "q": q, "walk": 1}

    return [
        Experiment(
            "p = 0.05: the way back weighs 20 times as much. **How many steps go straight back?**",
            BACKS,
            lambda: returns_verdict(data, graph, at, 0.05),
            sets(0.05, 1.0),
        ),
        Experiment(
            "p = 20: the way back weighs 1/20. **Does a walk see more different items than at p = 1?**",
            CHANGES,
            lambda: items_verdict(data, graph, at, 20.0, 1.0),
            sets(20.0, 1.0),
        ),
        Experiment(
            "q = 20: a step away weighs 1/20. **Does a walk see more different items than at q = 1?**",
            CHANGES,
            lambda: items_verdict(data, graph, at, 1.0, 20.0),
            sets(1.0, 20.0),
        ),
    ]


def _of_many(data: ActiveData, graph: ItemGraph, at: Place) -> list[Experiment]:
    def far(question: str, q: float) -> Experiment:
        sets = {"p": 1.0, "q": q}
        return Experiment(question, FAR, lambda: distance_verdict(data, graph, at, q), sets)

    return [
        far(f"q = 0.05: a step away weighs 20 times as much. **Where are walks after {STEPS} steps?**", 0.05),
        far(f"q = 20: a step away weighs 1/20. **Where are walks after {STEPS} steps?**", 20.0),
        Experiment(
            f"p = 0.05, q = 20. **Are {WALKS:,} walks after two steps where the closed form says?**",
            ("Yes, within sampling noise", "At the edge of that noise", "No, far beyond it"),
            lambda: agreement_verdict(data, graph, at, 0.05, 20.0),
            {"p": 0.05, "q": 20.0, "check": "2"},
        ),
    ]


def _hub_places(data: ActiveData, graph: ItemGraph) -> tuple[dict[str, str], dict[str, str]] | None:
    """(at a hub, come from another; at an accessory, come from its hub), where hubs are planted and joined."""
    roles = data.labels.get("role")
    if roles is None or not (roles == HUB).any():
        return None
    hub = next(item for item in session.items_by_popularity(data) if roles[data.items.row(item)] == HUB)
    near, _ = graph.neighbors(graph.items.row(hub))
    others, inner = near[roles[near] == HUB], near[roles[near] != HUB]
    if not len(others) or not len(inner):
        return None
    busiest = int(inner[np.argmax(graph.out_degree[inner])])
    return ({"item": hub, "previous": graph.items[int(others[0])]}, {"item": graph.items[busiest], "previous": hub})


NOWHERE = "No way leads on from here, so neither p nor q has a say. Choose another item."


def step_verdict(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> Verdict:
    """The next step by kind against p = q = 1, from the closed form."""
    now = statistics.next_step(graph, at.previous, at.current, p=p, q=q)
    if not len(now.ids):
        return Verdict(NOWHERE)
    if at.previous is None:
        return Verdict(
            "Nothing changes here: a walk that starts has no previous item, so its first step goes by weight alone. "
            "Choose a previous item, or another item."
        )
    before = statistics.next_step(graph, at.previous, at.current, p=1.0, q=1.0)
    names = {
        statistics.RETURN: f"back to {plain(data.titles[at.previous])}",
        statistics.SHARED: "on to neighbors of it",
        statistics.AWAY: "away from it",
    }
    kinds = [kind for kind in names if kind in now.kinds]
    shares = {kind: now.share(kind) for kind in kinds}
    most = max(shares.values())
    right = tuple(at_ for at_, kind in enumerate(WAYS) if kind in shares and np.isclose(shares[kind], most))
    if len(kinds) == 1:
        return Verdict(f"Nothing changes: every way on leads {names[kinds[0]]}, so α is the same for all.", right)
    told = f"{'; '.join(f'{names[kind]} **{shares[kind]:.1%}** ({before.share(kind):.1%})' for kind in kinds)}."
    if q != 1 and statistics.AWAY not in kinds:
        told += " No way leads away, so **q has no say here**."
    if p != 1 and statistics.RETURN not in kinds:
        told += " No edge leads back, so **p has no say here**."
    return Verdict(f"Of the next steps (at p = q = 1): {told}", right, more=_more_of_step(data, now))


def _more_of_step(data: ActiveData, now: statistics.Step) -> str:
    best = int(np.argmax(now.probabilities))
    equal = int(np.isclose(now.probabilities, now.probabilities[best]).sum())
    told = f"The most probable way: {plain(data.titles[int(now.ids[best])])}, {now.probabilities[best]:.1%}."
    if equal > 1:
        told = f"{equal} ways are equally probable and more than any other: {now.probabilities[best]:.1%} each."
    roles = data.labels.get("role")
    if roles is not None and (roles == HUB).any():
        told += f" **{now.probabilities[roles[now.ids] == HUB].sum():.0%}** of the next steps go to a {HUB}."
    return told


def returns_verdict(data: ActiveData, graph: ItemGraph, at: Place, p: float) -> Verdict:
    """How many steps go back, over 1,000 walks."""
    if not len(graph.neighbors(at.current)[0]):
        return Verdict(NOWHERE)
    (now, error), (base, _) = (
        statistics.return_rate(walks_from(data, graph, at.current, value, 1.0), STEPS) for value in (p, 1.0)
    )
    if np.isnan(now) or np.isnan(base):
        return Verdict("No walk takes a second step from here, so none can go back. Choose another item.")
    low, high = now - 2 * error, now + 2 * error
    right = tuple(i for i, (a, b) in enumerate(((0, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 1))) if low <= b and high >= a)
    return Verdict(
        f"**{now:.1%}** ± {2 * error:.1%} of the second and later steps, against {base:.1%} at p = 1 "
        f"({WALKS:,} walks, two standard errors).",
        right,
    )


def items_verdict(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> Verdict:
    """How many different items a walk sees, against p = q = 1."""
    if not len(graph.neighbors(at.current)[0]):
        return Verdict(NOWHERE)
    now, base = (different_items(walks_from(data, graph, at.current, *bias)) for bias in ((p, q), (1.0, 1.0)))
    change, error = float(now.mean() - base.mean()), float(np.hypot(standard_error(now), standard_error(base)))
    return Verdict(
        f"**{now.mean():.1f}** different items in a walk of up to {STEPS} steps, against {base.mean():.1f} "
        f"at p = q = 1: {with_noise(change, 2 * error)} ({WALKS:,} walks each, two standard errors).",
        _side(change, error),
    )


def _side(change: float, error: float) -> int:
    """The choice: more, less, or neither beyond two standard errors."""
    return 2 if abs(change) < 2 * error or change == 0 else 0 if change > 0 else 1


def distance_verdict(data: ActiveData, graph: ItemGraph, at: Place, q: float) -> Verdict:
    """How far the walks of p = 1 and this q are from their start, against p = q = 1."""
    if not len(graph.neighbors(at.current)[0]):
        return Verdict("No way leads on from here, so every walk is this item alone. Choose another item.")
    now, before = (distances(data, graph, at.current, 1.0, value) for value in (q, 1.0))
    step = min(len(now.mean), len(before.mean)) - 1
    change = float(now.mean[step] - before.mean[step])
    error = float(np.hypot(now.standard_error[step], before.standard_error[step]))
    return Verdict(
        f"After {counted(step, 'step')} the walks are **{now.mean[step]:.2f}** edges from their start on average, "
        f"against {before.mean[step]:.2f} at p = q = 1: {with_noise(change, 2 * error)} (two standard errors).",
        _side(change, error),
        more=f"{now.walking[step]:,} and {before.walking[step]:,} walks are still going.",
    )


def agreement_verdict(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> Verdict:
    """χ² of where the walks are after a step against the closed form."""
    test = agreement(data, graph, at, p, q, 2)
    if test is None:
        return Verdict("There is one place to be only, so there is nothing to test. Choose another item.")
    right = 0 if test.p_value >= 0.05 else 1 if test.p_value >= 0.001 else 2
    return Verdict(
        f"χ² p = {test.p_value:.3g} over {test.cells} items. By chance alone one such test in twenty is below .05.",
        right,
    )
