"""The paper's Figure 3 over 20 seeds: what clusters at q = 0.5 and q = 2 follow, and what one picture cannot say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, jobs, maps, model_results, parameters, results, session, stage
from pages.kit.allowed import Options
from pages.kit.answer_words import number, signed
from pages.kit.controls import Labelling
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain_field, quoted
from pages.views.node2vec.one_setting import NODE2VEC_PAGE
from recemb_core import precomputed
from recemb_core.experiments.figure_three import FigureThree, FigureThreeConfig, figure_three, figure_three_base
from recemb_core.figures.graph_map import graph_map_figure
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.item_graph import ItemGraph

PAPERS = "les_miserables"  # the graph that the paper draws
DRAWN = 300  # items of a picture
WINDOW = Parameter(
    NODE2VEC_PAGE,
    "figure_window",
    "Window of these runs",
    Options({10: "10, as its authors' program", 2: "2, as this page opens"}),
    10,
    help="The paper does not say it. Walks: 10 of 80 steps from each node, one pass; d = 16, p = 1.",
)
KINDS = {"clusters": "clusters", "neighbors": "5 nearest"}


@dataclass(frozen=True)
class Key:
    """Another data set, as far as its parameters go."""

    key: str


@dataclass(frozen=True, eq=False)
class Asked:
    """The data, its graph, the two labellings, and the runs that are asked for."""

    data: ActiveData
    graph: ItemGraph
    labellings: tuple[Labelling, Labelling]
    config: FigureThreeConfig

    @property
    def identity(self) -> tuple[Any, ...]:
        """What a result is found by."""
        return ("figure three", self.graph.fingerprint, self.config, *(by.name for by in self.labellings))


def asked_of(data: ActiveData, graph: ItemGraph, labellings: tuple[Labelling, Labelling]) -> Asked:
    """The runs of the controls in use."""
    return Asked(data, graph, labellings, FigureThreeConfig(base=figure_three_base(WINDOW.value(data))))


def there(asked: Asked) -> FigureThree | None:
    """The result, where it is there."""
    found: FigureThree | None = results.results(asked.data).get(asked.identity)
    if found is not None:
        return found
    ready = precomputed.load_figure_three(asked.graph, asked.config)
    return ready if ready is not None and ready.names == tuple(by.name for by in asked.labellings) else None


def _result(asked: Asked) -> FigureThree | None:
    data, graph, config = asked.data, asked.graph, asked.config
    runs = 2 * config.seeds
    seconds = runs * model_results.model_seconds(data, config.base, len(graph)) + 15
    by = {one.name: one.values for one in asked.labellings}
    job = Job(
        asked.identity,
        f"{runs} trainings, clustered",
        seconds,
        lambda report: results.compute(
            data, asked.identity, figure_three, graph, by, config, seconds=seconds, progress=report, reports=True
        ),
    )
    return jobs.result(
        data,
        "figure three",
        job,
        ready=lambda identity: there(asked) if identity == asked.identity else None,
        stale=None,
        waiting="These runs are not made for this graph yet.",
    )[0]


def figure_controls(data: ActiveData) -> None:
    """The way to the paper's own graph, and the window."""
    if data.key != PAPERS:
        st.button(
            "On Les Misérables",
            icon=":material/open_in_new:",
            on_click=to_the_paper,
            help="The same runs on the graph that the paper draws.",
        )
    WINDOW.draw(data)


def figure_section(asked: Asked, numbers: Any) -> None:
    """Both pictures, the intervals over the seeds, and what they show and do not; figures at ``numbers``."""
    found = _result(asked)
    if found is None:
        return
    frame.metrics(_numbers(asked, found), numbers)
    with stage.picture():
        columns = frame.side_by_side("figure-three", (1, 1), "16rem")
        for i, (column, q) in enumerate(zip(columns, asked.config.qs, strict=True)):
            with column:
                st.markdown(f"**q = {q:g}**, {found.sizes[i]} clusters")  # one line in both: they stand evenly
                _picture(asked, found, i)
    if (drawn := min(DRAWN, len(asked.graph))) < len(asked.graph):
        st.caption(f"Showing the {drawn:,} most strongly connected of {len(asked.graph):,} items.")
    as_many = " and ".join(
        f"as many clusters as there are {_plural(name)} at q = {q:g}"
        for name, q in zip(found.names, asked.config.qs, strict=True)
    )
    st.caption(
        f"k-means on the vectors of the first of {asked.config.seeds} seeds, {as_many}, as the paper colors its two "
        "pictures. "
        "Places are those of the graph itself, the same in both."
    )
    _intervals(asked, found)
    st.markdown("\n".join(f"- {line}" for line in in_words(asked, found)))


def _numbers(asked: Asked, found: FigureThree) -> list[tuple[str, str, str]]:
    return [
        (
            f"As {plain_field(found.names[by])}, q = {q:g}",
            number(found.estimate("clusters", by, i).value, ".3f"),
            f"How far {found.sizes[by]} clusters of k-means are as these groups: adjusted mutual information, mean of "
            f"{asked.config.seeds} seeds; 0 is chance, 1 the same groups.",
        )
        for by in (0, 1)
        for i, q in enumerate(asked.config.qs)
    ]


def to_the_paper() -> None:
    """Open this view on Les Misérables; a button's callback."""
    parameters.set_parameters(Key(PAPERS), view="figure")
    session.choose_data(PAPERS)


def _plural(name: str) -> str:
    words = plain_field(name)
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _picture(asked: Asked, found: FigureThree, i: int) -> None:
    data, graph = asked.data, asked.graph
    rows = np.sort(np.argsort(-graph.strength, kind="stable")[:DRAWN])
    place = np.full(len(graph), -1)
    place[rows] = np.arange(len(rows))
    inside = (place[graph.sources] >= 0) & (place[graph.indices] >= 0) & (graph.sources < graph.indices)
    labels = np.array([f"cluster {one + 1}" for one in found.clusters[i, i]])
    figure = graph_map_figure(
        maps.graph_positions(data, graph, 0)[rows],
        (place[graph.sources[inside]], place[graph.indices[inside]]),
        ids=[graph.items[int(row)] for row in rows],
        titles=[data.titles[int(row)] for row in rows],
        color_by=labels[rows],
        color_title="k-means",
        size=graph.strength[rows],
        chosen=session.chosen_item(data),
    )
    figure.update_layout(showlegend=False)
    key = f"figure three {i}@{data.key}"
    live_chart(figure, key=key, height=400, above=254, on_click=lambda item: session.pick(data, item))


def _intervals(asked: Asked, found: FigureThree) -> None:
    lines = []
    for (measure, by), _ in found.tests().items():
        for i, q in enumerate(asked.config.qs):
            one = found.estimate(measure, by, i)
            lines.append(ScoreLine(f"{_measure(found, measure, by)}, q = {q:g}", one.value, one.low, one.high))
    figure = score_intervals_figure(
        lines, x_title=f"mean of {asked.config.seeds} seeds, 95% interval", chance=0.0, chance_title="chance"
    )
    live_chart(figure, key=f"figure three intervals@{asked.data.key}", height=380, glide=False)


def _measure(found: FigureThree, measure: str, by: int) -> str:
    return f"{KINDS[measure]} · {plain_field(found.names[by])}"


def change_words(asked: Asked, found: FigureThree, measure: str, by: int) -> str:
    """One measure at both q, its change, and what may be said of it."""
    test, beyond = found.tests()[measure, by]
    before, after = (found.estimate(measure, by, i) for i in (0, 1))
    change = test.change["q"]
    verdict = "within noise" if not beyond else "it rises, beyond noise" if change > 0 else "it falls, beyond noise"
    low, high = asked.config.qs
    return (
        f"{number(before.value, '.3f')} at q = {low:g}, {number(after.value, '.3f')} at q = {high:g} "
        f"({signed(change, '.3f')}): **{verdict}**"
    )


def in_words(asked: Asked, found: FigureThree) -> list[str]:
    """What the runs show of the paper's two claims, and what they do not."""
    seeds = asked.config.seeds
    groups, roles = (plain_field(name) for name in found.names)
    tests = found.tests()
    group_change, role_change = (tests["clusters", by] for by in (0, 1))
    kept = _as_claimed(group_change[0].change["q"] < 0, group_change[1])
    gained = _as_claimed(role_change[0].change["q"] > 0, role_change[1])
    roles_at_two, groups_at_two = (found.estimate("clusters", by, 1).value for by in (1, 0))
    within = [float(found.alike[by, by].mean()) for by in (0, 1)]
    across = float(found.alike[1, 2].mean())
    return [
        f"**Clusters against {groups}** (adjusted mutual information; 0 chance, 1 the same groups): "
        f"{change_words(asked, found, 'clusters', 0)}. The paper: small q for communities. Here {kept}.",
        f"**Clusters against {roles}**: {change_words(asked, found, 'clusters', 1)}. The paper: large q for roles. "
        f"Here {gained}.",
        f"**Neighbors** (share of the 5 nearest in the own group, less chance): {groups} of at most "
        f"{found.maximum[0]:.2f}, {change_words(asked, found, 'neighbors', 0)}; {roles} of at most "
        f"{found.maximum[1]:.2f}, {change_words(asked, found, 'neighbors', 1)}.",
        f"**What it does not show**: at q = {asked.config.qs[1]:g} the {found.sizes[1]} clusters agree with {roles} by "
        f"{number(roles_at_two, '.3f')}, where 1 is the same groups; {found.sizes[0]} clusters of the same vectors "
        f"agree with {groups} by {number(groups_at_two, '.3f')}.",
        f"**One picture is one seed**: two runs alike but for the seed have clusters alike by {within[0]:.2f} (q = "
        f"{asked.config.qs[0]:g}, {found.sizes[0]} clusters) and {within[1]:.2f} (q = {asked.config.qs[1]:g}, "
        f"{found.sizes[1]} clusters); one run of either q, {found.sizes[1]} clusters each, by {across:.2f}.",
        f"Rule: t tests of {seeds} seeds a side, the four corrected together (Holm, 5%); another graph, window or "
        f"number of clusters may say otherwise.",
    ]


def _as_claimed(same_way: bool, beyond: bool) -> str:
    if not beyond:
        return "the two cannot be told apart"
    return "it goes that way" if same_way else "it goes **the other way**"


CHANGES = ("More than at q = 0.5", "Less than at q = 0.5", "The two cannot be told apart")
LESS = ("More than those of q = 2", "Less than those of q = 2", "The two cannot be told apart")


def experiments(asked: Asked) -> list[Experiment]:
    """Questions of this view."""
    here = {"view": "figure", "figure_window": 10}
    return [
        Experiment(
            "The paper's Figure 3, 20 seeds a side. **Do clusters at q = 2 follow roles, as in its lower picture?**",
            CHANGES,
            lambda: _answer(asked, 1, low=False),
            here,
        ),
        Experiment(
            "Twenty seeds at q = 0.5. **Do its clusters follow communities more than those of q = 2?**",
            LESS,
            lambda: _answer(asked, 0, low=True),
            here,
        ),
        Experiment(
            "Window 2 instead of 10, q = 0.5. **Do its clusters follow communities more than those of q = 2?**",
            LESS,
            lambda: _answer(asked, 0, low=True),
            {"view": "figure", "figure_window": 2},
        ),
    ]


def _answer(asked: Asked, by: int, *, low: bool) -> Verdict | str:
    """The change from q = 0.5 to q = 2, or, ``low``, the other way round."""
    found = there(asked)
    if found is None:
        return Verdict("These runs are not made for this graph yet: press Run.")
    test, beyond = found.tests()["clusters", by]
    rises = (test.change["q"] > 0) != low
    return Verdict(
        f"Agreement of the clusters with {plain_field(found.names[by])}, mean of {asked.config.seeds} "
        f"seeds (0 chance, 1 the same groups): {change_words(asked, found, 'clusters', by)}.",
        2 if not beyond else 0 if rises else 1,
    )


WORDS = (
    "The paper (Grover & Leskovec 2016) shows Les Misérables twice, d = 16, p = 1: colored by k-means at **q = 0.5** "
    "for *communities*, and at **q = 2** for *structural roles*. It shows one run each, says neither window nor walks, "
    "and measures nothing (issue 2 of its repository asks for them). So here it is run over many seeds: the clusters' "
    "**adjusted mutual information** with communities (Louvain) and with roles (tiers of strength, or the data's own), "
    "and the share of an item's 5 nearest neighbors in its own group, less chance.\n\n"
    "**Larger q**: walks stay near where they were, so that hubs joined to each other meet more often; a role whose "
    "items are far apart no walk brings together. **Smaller window**: fewer and nearer contexts, and q shows more. "
    "k-means makes as many clusters as the labelling has groups; other numbers give other agreement."
)


def python_lines(asked: Asked, labels: Callable[[Labelling], str]) -> tuple[list[str], list[str]]:
    """(imports, lines) of the same runs."""
    base = asked.config.base
    return ["from recemb_core.experiments.figure_three import FigureThreeConfig, figure_three, figure_three_base"], [
        "labellings = {",
        *[f"    {quoted(by.name)}: {labels(by)}," for by in asked.labellings],
        "}",
        f"config = FigureThreeConfig(base=figure_three_base({base.window}), qs={asked.config.qs}, "
        f"seeds={asked.config.seeds})",
        "found = figure_three(graph, labellings, config)",
        "for (measure, by), (test, beyond) in found.tests().items():",
        "    print(measure, found.names[by], found.values(measure, by).mean(axis=1), test.change['q'], beyond)",
    ]
