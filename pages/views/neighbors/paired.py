"""Two settings of one model, or two models: their lists, their agreement, and two maps that move together."""

from __future__ import annotations

import streamlit as st

from pages.kit import frame, session, stage
from pages.kit.allowed import Flag, Options
from pages.kit.jobs import Job
from pages.kit.model_controls import SECOND, able_models, differences, model_config, model_controls
from pages.kit.model_jobs import Entry, entry
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.views.neighbors.agreement import disputed_section, likeness_sections, membership_section
from pages.views.neighbors.compared import NEIGHBORS_PAGE, Compared, Settings, compare
from pages.views.neighbors.experiments import pair_experiments
from pages.views.neighbors.maps import paired_maps_section
from pages.views.neighbors.side_by_side import columns_section, figures_row
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


def pair_controls(data: ActiveData, graph: ItemGraph) -> None:
    """Which two, each with its settings folded away."""
    for place, model, prefix in zip(frame.side_by_side("the-two", (1, 1)), bind(data), ("", SECOND), strict=True):
        with place:
            left, right = st.columns([3, 2], vertical_alignment="bottom")
            name = model.draw(left)
            if prefix:
                RESEED.draw(data, right)
            with st.expander(f"Settings of the {model.parameter.label.lower()}"):
                model_controls(data, graph, name, prefix=prefix)


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


def pair_section(data: ActiveData, graph: ItemGraph, settings: Settings) -> tuple[list[Entry], Compared, list[Job]]:
    """Everything of the view; returns what it compared and the maps that are missing."""
    entries = pair_entries(data, graph)
    found = compare(data, graph, entries, settings)
    first, second = entries
    if first.wanted == second.wanted:
        st.info("Both are the same model with the same settings and seed: everything agrees. Change one of them.")
    elif first.model == second.model:
        st.caption(f"The two differ in: {differences(first.wanted, second.wanted)} (first against second).")
    _numbers(found)
    columns_section(found, key=f"pair columns@{data.key}")
    todo = paired_maps_section(found)
    stage.try_this(data, pair_experiments(found))
    left, right = frame.side_by_side("pair-lower", (1, 1))
    with left:
        disputed_section(found)
    with right:
        membership_section(found, f"pair named@{data.key}")
    likeness_sections(found)
    return entries, found, todo


def _numbers(found: Compared) -> None:
    if len(found.lists) < 2:
        return
    matrix, k = found.matrix, found.settings.k
    (a, _), (b, _) = found.own.values()
    here = overlap_at_k(a[None, :], b[None, :])[0]
    longest = max(int((a >= 0).sum()), int((b >= 0).sum()))
    figures_row(
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
        st,
    )
