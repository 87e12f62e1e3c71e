"""The LSH laboratory: tables and functions, AND and OR, with precision and recall moving live."""

from __future__ import annotations

import streamlit as st

from pages.kit import controls, frame, stage
from pages.kit.allowed import Options
from pages.kit.parameters import Parameter
from pages.views.lsh import answers, board, inside, race, tune, walk, walk_board, walk_words, words
from pages.views.lsh import controls as lsh_view
from pages.views.lsh import points as lsh_points

VIEWS = {"tune": "Tune", "inside": "Look inside", "race": "Against the alternatives"}
VIEW = Parameter(lsh_points.LSH_PAGE, "lab", "View", Options(VIEWS, row=True), "tune", view=True)

with frame.page(
    "How little can I scan and still find the neighbors?",
    "Locality-sensitive hashing drops near vectors into the same buckets, so that a query looks at a few points only.",
    opens_on="complete_journey",
) as data:
    now = VIEW.draw(data, label_visibility="collapsed")
    parts = {"inside": inside.INSIDE, "race": race.RACE}
    part = parts[now].draw(data, label_visibility="collapsed") if now in parts else ""
    numbers = st.container(key="lsh-numbers")
    result = None
    main, side = frame.side_by_side("lsh-main", (3, 1), "12rem")
    with side:
        hashing_box = st.container()
        line = lsh_points.points_controls(data)
        controls.reset_button(data)
    with main:
        points = lsh_points.lab_points(data)
        lsh_points.need_enough(points)
        settings = lsh_view.lab_settings(data, points)
        measured = tune.measured_or_theory(data, points, settings, wait=now != "tune")
    if now == "tune":  # what a moved slider changes most comes first: the browser draws it while the rest is on its way
        with main:
            cell = tune.trade_section(data, points, settings, measured)
    line.caption(f"{points.what}: {len(points):,} × {points.vectors.shape[1]}.")
    with hashing_box:
        if part == "plane":
            board.board_controls(data, settings)
        elif part == "walk":
            walk.walk_controls(data, settings)
        else:
            lsh_view.lab_controls(data, points, settings)
        if now == "tune":
            lsh_view.target_controls(data, settings, measured)
    if now == "tune":
        tune.tune_section(data, points, settings, measured, cell, numbers)
    with main:
        if part == "plane":
            board.board_section(data, settings)
        elif part == "walk":
            walk_board.walk_section(data, points, settings)
        elif part == "guess":
            inside.guess_section(data, points, settings)
        elif part == "item":
            inside.item_section(data, points, settings)
        elif now == "race":
            result = race.race_section(data, points, settings, measured, part)
    if now == "race":
        stage.try_this(data, answers.race_experiments(points, settings, part, result))
    if part == "walk":
        stage.try_this(data, walk_words.experiments(data, points, settings))
    frame.what_you_see(words.explanation(now) + (walk_words.EXPLANATION if part == "walk" else ""))
    frame.as_python(words.as_python(data, points, settings, now, part, measured.draws))
