"""The methods side by side: principle, strength and limit, each with a figure of the data in use."""

from __future__ import annotations

import streamlit as st

from pages.kit import event_fields, frame, graph_controls, jobs, navigation, parameters
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.text import plain
from pages.views.summary.ground import FLOOR, K, ground_of
from pages.views.summary.methods import Method, methods, said
from pages.views.summary.missing import all_jobs, jobs_of
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure


def show(one: Method, todo: list[Job]) -> None:
    """One row: the method with its principle and its link, what it is good for and where it ends, and what it lacks.

    As few elements as can be: the browser draws them all before it draws the picture above.
    """
    with st.container(border=True):
        what, *judged = st.columns((7, 6, 5), gap="medium")
        what.markdown(f"**{one.name}**  \n:small[{one.principle}]")
        if what.button(one.words, key=f"see {one.name}", type="tertiary", icon=":material/arrow_forward:"):
            parameters.set_parameters(data, **one.view)
            navigation.go(one.page)
        for place, title, words, figure in zip(
            judged, ("Strength", "Limit"), (one.strength, one.limit), (one.measured, one.limited), strict=True
        ):
            place.markdown(f":small[**{title}.** {said(words, figure)}]")
        waiting = [job for job in todo if not jobs.may_run(data, job)]
        if waiting:
            with what:
                jobs.run_button(data, f"summary {one.name}", waiting, verb="Measure")


def python_lines() -> list[str]:
    """HR of two rows; of a graph alone, the vectors of node2vec."""
    if data.sequences is None:
        return [
            *frame.import_lines(data),
            "from recemb_core.embeddings import node2vec_defaults, train_node2vec",
            "",
            *frame.load_lines(data),
            *graph_controls.graph_settings(data).as_python(data),
            "vectors = train_node2vec(graph, node2vec_defaults(len(graph)))",
            "print(vectors.vectors.shape)",
        ]
    return [
        *frame.import_lines(data, always=True),
        "from recemb_core.experiments.leaderboard import Leaderboard, Protocol",
        "from recemb_core.experiments.leaderboard import entry_defaults, measure_all, part_cases",
        "",
        *frame.load_lines(data, always=True),
        "cases = part_cases(sequences, Protocol())",
        "every = entry_defaults(cases.train)  # graph=default_graph(cases.train): those that walk as well",
        'rows = [every[name] for name in ("Popularity", "item2vec")]',
        "board = Leaderboard.of(measure_all(cases, rows))",
        "for name in board.rows:",
        f'    print(name, board.estimate(name, "hr", {K}))',
    ]


with frame.page(
    "Which method does what, and how well here?",
    "Every method in a row: what it does, what it is good for and where it ends, with figures of the data in use.",
    opens_on="complete_journey",
) as data:
    ground = ground_of(data)
    place = st.container()
    rows, todo = methods(ground), jobs_of(ground)
    named = [one.name for one in rows if one.name in ground.board.rows]
    order = sorted(named, key=lambda name: -ground.hit_rate(name).value)
    with place:
        if order:
            figures = [(name, ground.hit_rate(name)) for name in order]
            live_chart(
                score_intervals_figure(
                    [ScoreLine(name, one.value, one.low, one.high) for name, one in figures],
                    x_title=f"HR@{K}, 95% intervals, {figures[0][1].n:,} users",
                    chance=ground.hit_rate(FLOOR).value if ground.has(FLOOR) else None,
                    chance_title="popularity",
                ),
                key=f"summary bars@{data.key}",
                height=90 + 32 * len(figures),
                glide=False,
            )
        elif data.sequences is None:
            st.info(f"**{plain(data.title)}** is a graph without a log, so no list can be judged on it.")
        else:
            st.info("No method is measured on this data yet: press Measure, for one of them or for all.")
        there = sum(one.there for one in rows)
        st.caption(
            f"{there} of {2 * len(rows)} figures are measured on {plain(data.title)}. Intervals are 95%, of a pair "
            "alone; *beyond noise* is over users and seeds, all rows judged together."
        )
        if said_of_fields := event_fields.held_out_words(data):
            st.caption(said_of_fields)
        progress = st.empty()
    with frame.wrapping_columns("summary-rows", "15rem"):  # on a narrow screen one above the other
        for one in rows:
            show(one, todo[one.name])
    frame.what_you_see(
        f"**HR@{K}** is the share of users with a hit among the first {K}, on the validation part of the Evaluation "
        "page, with its usual settings: each user's last event but one (of baskets: last basket but one) is asked for. "
        "The sentences before the figures hold anywhere; the figures, and what they say, are those of this data. *Not "
        "told apart* is not the same as equal: the noise of users and seeds may hide a difference. **Measure** trains "
        "what a row lacks with the settings and seeds of the page behind its link, which has the results then as well."
    )
    frame.as_python(python_lines())
    jobs.run_next(data, all_jobs(todo), progress, verb="Measure", names="all that is missing")
