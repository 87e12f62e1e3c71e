"""What to try on the Walks page; the answers are the closed form and the walks of the place that is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from pages.kit import session
from pages.kit.answer_words import signed
from pages.kit.session import ActiveData
from pages.kit.stage import Old as Experiment
from pages.kit.text import plain
from pages.views.walks.microscope import Place
from pages.views.walks.replay import distances
from recemb_core.item_graph import ItemGraph
from recemb_core.walks import statistics

HUB = "best-seller"


def experiments(data: ActiveData, graph: ItemGraph, at: Place) -> list[Experiment]:
    """Predict, then press."""

    def step(p: float, q: float) -> str:
        return step_words(data, graph, at, p, q)

    def in_club(p: float, q: float) -> str:
        return f"{_club_words(data, graph, at, p, q)} {step(p, q)}"

    def far(_: float, q: float) -> str:
        return distance_words(data, graph, at, q)

    hubs = _hub_places(data, graph)
    tries: list[tuple[str, Callable[[float, float], str], dict[str, str], float, float]]
    if hubs is None:
        tries = [
            ("q = 20 makes leaving expensive. **Which edges grow thick?**", step, {}, 1.0, 20.0),
            ("q = 0.05 makes leaving cheap. **Will the walks get farther than at p = q = 1?**", far, {}, 1.0, 0.05),
            ("p = 0.05 multiplies the way back by 20. **Does that make a return certain?**", step, {}, 0.05, 1.0),
        ]
    else:
        club, accessory = hubs
        change = f"At an accessory, coming from its {HUB}, q = 20. **What does q change here?**"
        tries = [
            (f"From one {HUB} to another at q = 20. **Does the walker stay in the club?**", in_club, club, 1.0, 20.0),
            ("The same place at q = 0.05. **Where do the thick edges go now?**", in_club, club, 1.0, 0.05),
            ("The same place at p = 0.05. **How often will it turn straight back?**", step, club, 0.05, 1.0),
            (change, step, accessory, 1.0, 20.0),
        ]
    found: list[Experiment] = [
        (question, partial(answer, p, q), {**place, "p": p, "q": q}) for question, answer, place, p, q in tries
    ]
    if hubs is None:
        middle = "Every α is 1: only weights count. This is DeepWalk."
        found.append(("Back to the middle: p = q = 1.", middle, {"p": 1.0, "q": 1.0}))
    return found


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


def _club_words(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> str:
    step = statistics.next_step(graph, at.previous, at.current, p=p, q=q)
    hub = data.labels["role"][step.ids] == HUB
    return f"**{step.probabilities[hub].sum():.0%}** of the next steps go to another {HUB}."


def step_words(data: ActiveData, graph: ItemGraph, at: Place, p: float, q: float) -> str:
    """The next step by kind against p = q = 1, from the closed form."""
    now = statistics.next_step(graph, at.previous, at.current, p=p, q=q)
    if not len(now.ids):
        return "No way leads on from here, so neither p nor q has a say. Choose another item."
    if at.previous is None:
        return (
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
    if len(kinds) == 1:
        return f"**Nothing changes**: every way on leads {names[kinds[0]]}, so α is the same for all of them."
    shares = "; ".join(f"{names[kind]} **{now.share(kind):.1%}** ({before.share(kind):.1%})" for kind in kinds)
    told = f"Of the next steps (in brackets: at p = q = 1): {shares}."
    if q != 1 and statistics.AWAY not in kinds:
        told += " No way leads away, so **q has no say here**."
    if p != 1 and statistics.RETURN not in kinds:
        told += " No edge leads back, so **p has no say here**."
    best = int(np.argmax(now.probabilities))
    equal = int(np.isclose(now.probabilities, now.probabilities[best]).sum())
    if equal > 1:
        return f"{told} {equal} ways are equally probable and more than any other: {now.probabilities[best]:.1%} each."
    return f"{told} The most probable way: {plain(data.titles[int(now.ids[best])])}, {now.probabilities[best]:.1%}."


def distance_words(data: ActiveData, graph: ItemGraph, at: Place, q: float) -> str:
    """How far the walks of p = 1 and this q are from their start, against p = q = 1."""
    if not len(graph.neighbors(at.current)[0]):
        return "No way leads on from here, so every walk is this item alone. Choose another item."
    now, before = (distances(data, graph, at.current, 1.0, value) for value in (q, 1.0))
    step = min(len(now.mean), len(before.mean)) - 1
    change = float(now.mean[step] - before.mean[step])
    error = float(np.hypot(now.standard_error[step], before.standard_error[step]))
    if error == 0 and change == 0:
        verdict = "no difference at all"
    elif abs(change) < 2 * error:
        verdict = "**within noise** (two standard errors)"
    else:
        verdict = f"**{'farther' if change > 0 else 'less far'}**, beyond two standard errors"
    return (
        f"After {step} steps the walks are {now.mean[step]:.2f} edges from their start on average, at p = q = 1 "
        f"{before.mean[step]:.2f}: {signed(change)}, {verdict} ({now.walking[step]:,} and {before.walking[step]:,} "
        "walks still going)."
    )
