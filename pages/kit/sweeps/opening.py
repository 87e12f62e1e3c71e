"""From one page's view of a sweep to another's: the same sweep, by the parameters that the other page has for it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import streamlit as st

from pages.kit import controls, kept_runs, navigation, parameters, results, session
from pages.kit.model_controls import MINUTES_OFFERED, TRIALS_OFFERED
from pages.kit.session import ActiveData
from pages.kit.sweeps import live
from pages.kit.text import plain
from recemb_core.embeddings import Node2VecConfig
from recemb_core.embeddings.registry import MODELS
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.item_graph import ItemGraph
from recemb_core.plans import page_settings
from recemb_core.session_file import SessionFile
from recemb_core.sweeps import COSTS, Choices, Ground, Structure, SweepPlan, grid_plan
from recemb_core.sweeps.grid import MIDDLE


def structure_of(data: ActiveData, graph: ItemGraph) -> Structure:
    """The graph that is walked, with the two labellings that the node2vec page's scores go by."""
    labels = {by.name: by.values for by in controls.labellings(data, graph)}
    more: dict[str, Any] = {"edges": kept_runs.edges_of(data), "sequences": data.sequences, "side_info": data.side_info}
    key = ("structure", data.fingerprint, graph.fingerprint, tuple(labels))
    found: Structure = results.remember(data, key, lambda: Structure(graph, labels, **more))
    return found


def of_the_sweeps(ground: Ground) -> dict[str, Any]:
    """A sweep as parameters of the Sweeps view."""
    plan = ground.plan
    own = {name: value for name, value in asdict(ground.base.entry.config).items() if name != "seed"}
    told = page_settings(SessionFile(model=plan.model, config=own))[0]
    del told["models"]
    told |= {f"sweep_values_{plan.model}.{one.name}": one.text for one in plan.space.dimensions}
    minutes = plan.minutes or 0
    return told | {
        "runs_view": "sweep",
        "sweep_model": plan.model,
        "sweep_over": list(plan.space.names),
        "sweep_aim": plan.aims[0],
        "sweep_cost": next((aim for aim in plan.aims if aim in COSTS), ""),
        "sweep_sampler": plan.sampler,
        "sweep_each": plan.seeds_each,
        "sweep_trials": next((most for most in TRIALS_OFFERED if most >= plan.trials), TRIALS_OFFERED[-1]),
        "sweep_minutes": next((most for most in MINUTES_OFFERED if most >= minutes), MINUTES_OFFERED[-1]),
    }


def of_the_grid(ground: Ground) -> dict[str, Any] | None:
    """A sweep as parameters of the node2vec page's grid; None where that page cannot ask for it."""
    plan, base = ground.plan, ground.base.entry.config
    if type(base) is not Node2VecConfig or not is_of_p_and_q(plan):
        return None
    values = {one.name: one.values for one in plan.space.dimensions if isinstance(one, Choices)}
    offered = controls.NODE2VEC["p"].allowed
    if len(values) < 2 or any(list(v) != sorted(v) or not all(map(offered.holds, v)) for v in values.values()):
        return None
    own = {name: getattr(base, name) for name in controls.NODE2VEC}
    shown = all(controls.NODE2VEC[name].allowed.holds(value) for name, value in own.items())
    if not shown or Node2VecConfig(**own) != base or (base.p, base.q) != MIDDLE or plan.seeds_each < 2:
        return None
    first = Node2VecConfig(**own, seed=plan.seed)
    grid = SweepConfig(ps=values["p"], qs=values["q"], seeds=plan.seeds_each, base=first)
    if replace(grid_plan(grid, aim=plan.aims[0]), trials=plan.trials, minutes=plan.minutes) != plan:
        return None
    del own["p"], own["q"]  # what the page shows beside the grid stays
    return own | {
        "view": "sweep",
        "sweep_ps": list(values["p"]),
        "sweep_qs": list(values["q"]),
        "sweep_seeds": plan.seeds_each,
        "sweep_by": plan.aims[0],
    }


def is_of_p_and_q(plan: SweepPlan) -> bool:
    """Whether it is of node2vec's p and q, by structure."""
    return plan.model == "node2vec" and plan.of_seeds and set(plan.space.names) == {"p", "q"}


def _set(data: ActiveData, seed: int, told: dict[str, Any]) -> None:
    st.session_state[session.SEED.name] = seed
    parameters.set_parameters(data, **told)


def _not_offered(ground: Ground) -> list[str]:
    """Settings of the first one that the Sweeps view's controls do not have at this value."""
    spec, config = MODELS[ground.plan.model], ground.base.entry.config
    offered = [(one, one.values) for one in spec.shown() if isinstance(one.values, tuple)]
    return [one.label for one, values in offered if getattr(config, one.field) not in values]


def to_the_sweeps(data: ActiveData, ground: Ground) -> None:
    """The button that leads to the same sweep among the sweeps."""
    lacking = _not_offered(ground)
    pressed = st.button(
        "See it among the sweeps",
        key=f"to sweeps {data.key}",
        icon=":material/table_rows:",
        disabled=bool(lacking),
        help=f"Not offered there: {', '.join(lacking)} as set here."
        if lacking
        else "The same sweep with its leaderboard, slices, importance and files.",
        on_click=_set,
        args=(data, ground.plan.seed, of_the_sweeps(ground)),
    )
    if pressed:
        navigation.go("runs")


def to_the_maps(data: ActiveData, ground: Ground) -> None:
    """The button that leads from a sweep of p and q to its maps on the node2vec page."""
    if not is_of_p_and_q(ground.plan):
        return
    told = of_the_grid(ground)
    if told is None:
        st.caption(
            "The node2vec page draws phase maps of such a sweep where every combination is taken, with 2 seeds or more "
            "in the first look and bytes beside, from p = q = 1 and settings that its controls have."
        )
        return
    pressed = st.button(
        "Its phase maps on the node2vec page",
        key=f"to maps {data.key}",
        icon=":material/grid_on:",
        on_click=_set,
        args=(data, ground.plan.seed, told),
    )
    if pressed:
        navigation.go("node2vec")


def to_mine_at_work(data: ActiveData, ground: Ground) -> None:
    """Where another sweep of this person is at work: which, and the way to it."""
    there = live.mine_at_work()
    if there is None or live.key_of(data, there.sweep.ground) == live.key_of(data, ground):
        return
    other = there.sweep.ground
    words = f"A sweep of {other.plan.model} over {', '.join(other.plan.space.names)} is at work"
    with st.container(horizontal=True, vertical_alignment="center"):
        if there.data_key != data.key:
            st.caption(f"{words} on {plain(there.title)}.")
            return
        st.caption(f"{words}: {there.fraction:.0%}.")
        lacking, grid = _not_offered(other), of_the_grid(other)
        page, told = ("node2vec", grid) if lacking and grid is not None else ("runs", of_the_sweeps(other))
        pressed = st.button(
            "Go to it",
            key="to the sweep at work",
            icon=":material/arrow_forward:",
            disabled=bool(lacking) and grid is None,
            help=f"Not offered here: {', '.join(lacking)} as set there." if lacking else None,
            on_click=_set,
            args=(data, other.plan.seed, told),
        )
    if pressed:
        navigation.go(page)
