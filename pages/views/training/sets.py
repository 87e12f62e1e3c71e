"""Training, view of item2vec: a sequence as a set, whole or shuffled, and what a set does not see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from pages.kit import controls, frame, session, stage
from pages.kit.allowed import Span
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.text import plain
from pages.views.training import faults
from pages.views.training.lesson import (
    SHRINK,
    TRAINING_PAGE,
    WIDTH,
    Ask,
    Lesson,
    beside,
    items_of,
    sequence_control,
    shown_sequence,
    staged,
)
from recemb_core.arrays import AnyArray, Int32Array
from recemb_core.embeddings import Item2VecConfig, Word2VecConfig, training_pairs
from recemb_core.figures.pair_matrix import pair_matrix_figure

EPOCHS = Parameter(
    TRAINING_PAGE,
    "reshuffles",
    "Epochs, each in a new order",
    Span(1, 50),
    1,
    help="The shuffled form puts the set into a new random order before every epoch, and trains a window on it.",
)


def as_set(lesson: Lesson) -> Lesson:
    """The lesson with a sequence taken as a set, whatever pairs the other views are made of."""
    return replace(lesson, mode="set")


def three_ways(lesson: Lesson, rows: Int32Array, index: int, epochs: int) -> dict[str, AnyArray]:
    """How often each two places (n, n) are paired: by the window in order, shuffled over so many epochs, as a set."""
    places = np.arange(len(rows))
    window = Word2VecConfig(window=lesson.width, shrink_windows=False)
    shuffle = Item2VecConfig(mode="shuffle", window=lesson.width)
    draw = np.random.default_rng([session.seed(), index, 7])
    found = {"window": np.zeros((len(rows),) * 2, dtype=np.int64)}
    found |= {name: found["window"].copy() for name in ("shuffle", "set")}
    for name, pairs in (
        ("window", [training_pairs(places, window)]),
        ("shuffle", [training_pairs(places, shuffle, rng=draw) for _ in range(epochs)]),
        ("set", [training_pairs(places, Item2VecConfig(mode="set"))]),
    ):
        for centers, contexts in pairs:
            np.add.at(found[name], (centers, contexts), 1)
    return found


def section(lesson: Lesson, ask: Ask) -> None:
    """Three squares of pairs, then the three faults."""
    data, whole = lesson.data, as_set(lesson)
    main, side, numbers = staged("training-sets")
    with side:
        WIDTH.draw(data)
        epochs = EPOCHS.draw(data)
        ask()
        index = sequence_control(whole)
        SHRINK.bind(data)  # kept in the link for the other views
        controls.reset_button(data)
    with main:
        if index is None:
            st.info(
                f"No {lesson.unit} with **{plain(lesson.name)}** has 2 to 60 items. Choose another item in the sidebar."
            )
        else:
            _squares(lesson, index, epochs)
    faults.faults_section(lesson)
    if index is not None:
        frame.metrics(_numbers(lesson, index, epochs), numbers)


def pair_numbers(lesson: Lesson, index: int, epochs: int) -> tuple[int, int, int, int]:
    """(places, pairs of the window, pairs that the shuffled form has met, pairs of the set)."""
    rows = items_of(as_set(lesson), index)
    found = three_ways(lesson, rows, index, epochs)
    window, shuffle, whole = (int((found[name] > 0).sum()) for name in ("window", "shuffle", "set"))
    return len(rows), window, shuffle, whole


def _numbers(lesson: Lesson, index: int, epochs: int) -> list[tuple[str, str, str]]:
    n, window, shuffle, whole = pair_numbers(lesson, index, epochs)
    share = window / max(whole, 1)
    return [
        ("Items", f"{n}", f"Of this {lesson.unit}, each once."),
        ("Window", f"{window} of {whole}", f"Ordered pairs at most {lesson.width} places apart: {share:.0%} of all."),
        (
            "Shuffled",
            f"{shuffle} of {whole}",
            f"Pairs met at least once in {epochs} epochs; 1 − (1 − {share:.2f})^{epochs} = "
            f"{(1 - (1 - share) ** epochs) * whole:.0f} are expected.",
        ),
        ("Set", f"{whole}", "All ordered pairs i ≠ j: n·(n − 1), in every epoch."),
        (
            "Equal after",
            f"{whole / max(window, 1):.1f} epochs",
            "Of the shuffled form for one of the whole set: compare the two at equal numbers of pairs.",
        ),
    ]


def _squares(lesson: Lesson, index: int, epochs: int) -> None:
    data, rows = lesson.data, items_of(as_set(lesson), index)
    titles = [data.titles[int(row)] for row in rows]
    found = three_ways(lesson, rows, index, epochs)
    times = "once" if epochs == 1 else f"{epochs} times"
    heads = {
        "window": f"**Window {lesson.width}** in order",
        "shuffle": f"**Shuffled** {times}",
        "set": "**The whole set**",
    }
    with stage.picture():
        left, right = beside("three-squares", (5, 3), "9rem")
    for column, (name, head) in zip((left, right, right), heads.items(), strict=True):
        with column:
            st.markdown(head)
            most = int(found[name].max(initial=1)) if name == "shuffle" else 1
            figure = pair_matrix_figure(
                found[name],
                titles,
                name=head.replace("*", ""),
                most=most,
                ordered=lesson.sequences.ordered,
                named=name == "window",
                file_name=f"pairs {name}",
            )
            live_chart(
                figure,
                key=f"pairs {name}@{data.key}",
                height=440 if name == "window" else 190,
                above=276 if name == "window" else None,
                glide=False,
            )
    kept = int(((found["window"] > 0) & (found["shuffle"] > 0)).sum())
    order = (
        "" if lesson.sequences.ordered else " A basket's own order is that of its lines in the file: it says nothing."
    )
    st.caption(
        f"A cell is a pair (center: row, context: column). Of the {int((found['window'] > 0).sum())} pairs of the "
        f"window in order, the shuffled form has met {kept}.{order}"
    )


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "**item2vec** (Barkan & Koenigstein 2016) drops the window: any two items of a set are each other's context, "
        "$\\frac{1}{K} \\sum_i \\sum_{j \\neq i} \\log p(w_j \\mid w_i)$. It can be trained in two ways: the window is "
        "the whole set, so that all n·(n − 1) ordered pairs are there in every epoch; or the network stays as it is "
        "and the set is put into a new random order before each epoch, so that every pair comes into a window sooner "
        "or later. The paper finds both alike; compare them at equal numbers of pairs.\n\n"
        "**Larger window**: the shuffled form needs fewer epochs. What a set leaves out is below, each on what shows "
        "it most in this log: **order and time**, **strength**, and **side information** that no click tells. Examples "
        "are chosen by counts alone, before any vector is looked at, and where this log has none it is said."
    )


def as_python(lesson: Lesson) -> list[str]:
    """The pairs of the sequence shown, and the examples."""
    index = shown_sequence(as_set(lesson)) or 0
    imports, lines = faults.in_lines(lesson)
    imports.append("from recemb_core.embeddings import Item2VecConfig, Word2VecConfig, training_pairs")
    return [
        *frame.sorted_imports(imports),
        "",
        *lines,
        f"basket = dict.fromkeys(sequences[{index}].tolist())",
        "for config in (",
        f"    Word2VecConfig(window={lesson.width}, shrink_windows=False),",
        f'    Item2VecConfig(mode="shuffle", window={lesson.width}),',
        '    Item2VecConfig(mode="set"),',
        "):",
        f"    print(config, len(training_pairs(list(basket), config, rng={session.seed()})[0]))",
    ]
