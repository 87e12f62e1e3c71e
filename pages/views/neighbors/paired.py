"""Two settings of one model, or two models: their lists, their agreement, and two maps that move together."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit import frame, session, stage
from pages.kit.allowed import Flag, Options
from pages.kit.controls import reset_button
from pages.kit.jobs import Job
from pages.kit.model_controls import SECOND, able_models, differences, model_config, model_controls
from pages.kit.model_jobs import Entry, entry
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.views.neighbors.agreement import disputed_section, likeness_sections, membership_section
from pages.views.neighbors.compared import NEIGHBORS_PAGE, Compared
from pages.views.neighbors.experiments import pair_experiments
from pages.views.neighbors.maps import paired_maps_section
from pages.views.neighbors.side_by_side import columns_section, controls, list_controls
from recemb_core.evaluation import overlap_at_k
from recemb_core.item_graph import ItemGraph

HELP = "The first has the settings of the column of that name; the second has settings of its own."
FIRST_MODEL = Parameter(NEIGHBORS_PAGE, "first", "First", Options(), help=HELP)
SECOND_MODEL = Parameter(NEIGHBORS_PAGE, "second", "Second", Options(), help=HELP)
RESEED = Parameter(
    NEIGHBORS_PAGE,
    f"{SECOND}reseed",
    "Another seed",
    Flag(),
    False,
    help="The second is trained with the next seed: what noise alone does to the lists.",
)


def bind(data: ActiveData) -> tuple[Bound, Bound]:
    """(first model, second model), bound without drawing anything."""
    able = able_models(data)
    second = able[min(1, len(able) - 1)]
    return FIRST_MODEL.bind(data, default=able[0], among=able), SECOND_MODEL.bind(data, default=second, among=able)


def _pair_settings(data: ActiveData, graph: ItemGraph) -> None:
    """The settings of the two, folded away."""
    for model, prefix in zip(bind(data), ("", SECOND), strict=True):
        with st.expander(f"Settings of the {model.parameter.label.lower()}"):
            model_controls(data, graph, model.value, prefix=prefix)


def pair_entries(data: ActiveData, graph: ItemGraph) -> list[Entry]:
    """Both models as far as they are there."""
    first, second = (model.value for model in bind(data))
    labels = (first, second) if first != second else (f"{first}, first", f"{second}, second")
    seed = session.seed() + int(RESEED.value(data))
    configs = (model_config(data, graph, first), model_config(data, graph, second, prefix=SECOND, seed=seed))
    return [
        entry(data, graph, label, model, config)
        for label, model, config in zip(labels, (first, second), configs, strict=True)
    ]


def pair_view(found: Compared, numbers: Any, main: Any, side: Any) -> list[Job]:
    """The two lists and what they have in common; below, two maps. Returns the maps that are missing."""
    data, (first, second) = found.data, found.entries
    with side:
        for model in bind(data):
            model.draw()
        RESEED.draw(data)
        stage.try_this(data, pair_experiments(found))
        with st.expander("Score and rare items"):
            controls(data, found.settings)
        list_controls(data, models=False)
        _pair_settings(data, found.graph)
        reset_button(data)
    _numbers(found, numbers)
    with main:
        columns_section(found, key=f"pair columns@{data.key}")
        if first.wanted == second.wanted:
            st.info("Both are the same model with the same settings and seed: everything agrees. Change one of them.")
        elif first.model == second.model:
            st.caption(f"The two differ in: {differences(first.wanted, second.wanted)} (first against second).")
    both, disputed, alike = st.tabs(["Two maps", "Most disputed items", "What the neighbors are like"])
    with both:
        todo = paired_maps_section(found)
    with disputed:
        left, right = frame.side_by_side("pair-lower", (1, 1))
        with left:
            disputed_section(found)
        with right:
            membership_section(found, f"pair named@{data.key}")
    with alike:
        likeness_sections(found)
    return todo


def _numbers(found: Compared, place: Any) -> None:
    if len(found.lists) < 2:
        return
    matrix, k = found.matrix, found.settings.k
    (a, _), (b, _) = found.own.values()
    here = overlap_at_k(a[None, :], b[None, :])[0]
    longest = max(int((a >= 0).sum()), int((b >= 0).sum()))
    frame.metrics(
        [
            ("Common here", f"{round(here * longest)} of {longest}", "Items in both lists of the chosen item."),
            (
                f"Overlap@{k}",
                f"{matrix.overlap[0, 1]:.2f} ± {matrix.overlap_error[0, 1]:.3f}",
                f"Share of two lists that is common: mean over {matrix.items:,} items, standard error over items.",
            ),
            (
                "Rank-biased overlap",
                f"{matrix.rank_biased[0, 1]:.2f} ± {matrix.rank_biased_error[0, 1]:.3f}",
                "The same, weighing the top of the lists more (persistence 0.9).",
            ),
            ("By chance", f"{matrix.overlap_chance:.3f}", f"Overlap@{k} of two random lists."),
        ],
        place,
    )
