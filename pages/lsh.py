"""The LSH laboratory: tables and functions, AND and OR, with precision and recall moving live."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit import controls, frame, stage
from pages.kit.allowed import Options
from pages.kit.parameters import Parameter
from pages.views.lsh import (
    answers,
    board,
    inside,
    inside_answers,
    measures,
    race,
    tune,
    walk,
    walk_board,
    walk_words,
    words,
)
from pages.views.lsh import controls as lsh_view
from pages.views.lsh import points as lsh_points
from pages.views.lsh.code_guide import GUIDE

VIEWS = {"tune": "Tune", "inside": "Look inside", "race": "Against the alternatives"}
VIEW = Parameter(lsh_points.LSH_PAGE, "lab", "View", Options(VIEWS, row=True), "tune", view=True)
PARTS = {"inside": inside.INSIDE, "race": race.RACE}

with frame.page(
    "How little can I scan and still find the neighbors?",
    "Locality-sensitive hashing drops near vectors into the same buckets, so that a query looks at a few points only.",
    opens_on="complete_journey",
) as data:
    with st.container(horizontal=True, key="lsh-views"):
        now = VIEW.draw(data, label_visibility="collapsed", width="content")
        part = PARTS[now].draw(data, label_visibility="collapsed", width="content") if now in PARTS else ""
    main, side = frame.side_by_side("lsh-main", (8, 3), "15rem")
    numbers = stage.scores(main)
    with side:
        hashing_box, question_box, further = st.container(), st.container(), st.container()
        first_box = further.container()
        with hashing_box if part == "all" else further:
            line = lsh_points.points_controls(data, folded=part != "all")
        with further:
            more_box = st.container()
            controls.reset_button(data)
    with main:
        points = lsh_points.lab_points(data)
        lsh_points.need_enough(points)
        settings = lsh_view.lab_settings(data, points)
        if now == "race" and len(points) > race.BY_THEORY:
            measured = measures.theory_grid(data, points, settings)
        else:
            measured = tune.measured_or_theory(data, points, settings, wait=now != "tune")
    if now == "tune":  # what a moved slider changes most comes first: the browser draws it while the rest is on its way
        with main:
            cell = tune.trade_section(data, points, settings, measured)
    line.caption(f"{points.what}: {len(points):,} × {points.vectors.shape[1]}.")
    result: list[Any] = []  # what a view has drawn or measured, filled below, before an experiment is answered
    tries: list[stage.Experiment] = []
    if part == "plane":
        with hashing_box:
            board.board_controls(data, settings, first_box)
    elif part == "walk":
        with hashing_box:
            walk.walk_controls(data, settings, first_box)
    else:
        if now == "race":
            with hashing_box:
                race.part_controls(data, points, part)
            with more_box, st.expander("LSH in use"):
                lsh_view.lab_controls(data, settings)
                lsh_view.more_controls(data, points, settings)
        else:
            with hashing_box:
                lsh_view.lab_controls(data, settings)
            with first_box:
                if part == "item":
                    inside.item_controls(data, points)
                if now == "tune":
                    tune.SHADE.draw(data)
                    lsh_view.target_controls(data, settings, measured)
                lsh_view.more_controls(data, points, settings)
    if now == "tune":
        tries = answers.experiments(data, points, settings)
    elif part == "walk":
        tries = walk_words.experiments(data, points, settings)
    elif now == "inside":
        tries = inside_answers.experiments(data, points, settings, part, result)
    if now == "race":
        tries = answers.race_experiments(points, settings, part, result)
    with question_box:
        stage.try_this(data, tries, of=f"{now} {part}")
    if now == "tune":
        tune.tune_section(data, points, settings, measured, cell, numbers)
    with main:
        if part == "plane":
            board.board_section(data, settings, numbers, result)
        elif part == "walk":
            walk_board.walk_section(data, points, settings, numbers)
        elif part == "guess":
            inside.guess_section(data, points, settings, numbers)
        elif part == "item":
            inside.item_section(data, points, settings, numbers)
        elif now == "race":
            result.append(race.race_section(data, points, settings, measured, part, numbers))
    frame.what_you_see(words.explanation(now) + (walk_words.EXPLANATION if part == "walk" else ""))
    code = words.as_python(data, points, settings, now, part, measured.draws)
    frame.as_python(code, data=data, guide=GUIDE)
