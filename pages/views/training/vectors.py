"""Training, third and fourth view: one-hot times matrix is a row; every item has an input and an output vector."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, stage
from pages.kit.number_table import number_table
from pages.kit.text import plain
from pages.views.training import own_vectors
from pages.views.training.lesson import (
    EXPONENT,
    NEGATIVES,
    SET,
    Ask,
    Lesson,
    beside,
    mode_control,
    named,
    pair_controls,
    staged,
    trained,
    window_controls,
)
from recemb_core.embeddings import ItemVectors
from recemb_core.embeddings.training_steps import sigmoid
from recemb_core.neighbors.base import unit_rows

AROUND, COLUMNS = 3, 8
NEIGHBORS = 10
COSINE, PRODUCT, TRAINED = "cosine of v and v", "v · v", "v′ · v"


def lookup_section(lesson: Lesson, ask: Ask) -> None:
    """The one-hot vector, the matrix with its row lit, the product."""
    main, side, numbers = staged("training-lookup")
    with side:
        _mode_first(lesson, ask)
        own_vectors.table_controls(lesson)
        controls.reset_button(lesson.data)
    own = own_vectors.chosen(lesson)
    with main:
        vectors = trained(lesson) if own is None else own_vectors.vectors_of(lesson, own)
        if vectors is None:
            return
        _lookup(lesson, vectors)
        if own is not None:
            own_vectors.said(lesson, own)
    n, d = vectors.vectors.shape
    frame.metrics(
        [
            ("Rows of W", f"{n:,}", "Items, one row each."),
            ("Columns of W", f"{d}", "Dimensions d of a vector."),
            ("As a product", f"{n * d:,} products", "Multiplications of one-hot × W: n·d, all but d of them by zero."),
            ("As a lookup", "0 products", f"Multiplications: the row is read, {d} numbers are copied."),
        ],
        numbers,
    )


def _lookup(lesson: Lesson, vectors: ItemVectors) -> None:
    matrix, row, titles = vectors.vectors, lesson.row, lesson.data.titles
    n, d = matrix.shape
    columns = min(d, COLUMNS)
    low = max(0, min(row - AROUND, n - 2 * AROUND - 1))
    shown = list(dict.fromkeys([0, *range(low, min(n, low + 2 * AROUND + 1)), n - 1]))
    one_hot = np.zeros(n, dtype=np.float32)
    one_hot[row] = 1.0
    product = one_hot @ matrix
    heads = ["Item", "x", *(f"W {c + 1}" for c in range(columns))]
    largest = float(np.abs(matrix[shown, :columns]).max())
    rows: list[tuple[str, Any]] = []
    lead: list[str] = []
    for before, at in pairwise([-1, *shown]):
        if at > before + 1:
            rows.append((f"… {at - before - 1:,} rows more", None))
            lead.append("0")
        rows.append((f"{at:,} · {titles[at]}", matrix[at, :columns]))
        lead.append(f"{one_hot[at]:.0f}")
    with stage.picture():
        # Rows as high as the window leaves them.
        st.html(
            "<style>.st-key-stage-picture { gap: 0.25rem; } "
            ".st-key-stage-picture tr { height: max(1.75rem, (100vh - 25rem) / 13); }</style>"
        )
        st.markdown(
            f"**x · W**: each number of *x* times its row of *W*, all rows added up; *x* is 1 at row {row:,} only."
        )
        st.html(number_table(heads, rows, lit=[lead.index("1")], lead=lead, largest=largest))
        st.markdown("**= the result**, which is that row:")
        st.html(number_table(["x · W", *heads[2:]], [(titles[row], product[:columns])], lit=[0], largest=largest))
    difference, whole = float(np.abs(product - matrix[row]).max()), "" if d > columns else ", all of them"
    st.caption(
        f"Showing {len(shown)} of {n:,} rows and {columns} of {d} columns of W{whole}. Largest difference between "
        f"product and row: {difference:g}."
    )


def lookup_words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "The input of the network is the center item as a **one-hot** vector *x*: one place for each item, a single 1. "
        "The first layer is a matrix **W** with a row of *d* numbers for each item. In the product *x · W* every row "
        "is multiplied by 0 except one, so **the result is that row**: no program multiplies here, it looks up. "
        "That row is the item's vector *v*, also called its *embedding*; a deep network's *embedding layer* is the "
        "same table.\n\n"
        "**More items**: a longer table and the same cost to read a row. **More dimensions**: longer rows, which can "
        "hold more and need more data. Training moves only the row that was looked up."
    )


def lookup_python(lesson: Lesson) -> list[str]:
    """The product against the row."""
    return [
        "import numpy as np",
        *own_vectors.python(lesson, own_vectors.chosen(lesson)),
        f"row = vectors.items.row({lesson.data.items[lesson.row]!r})",
        "one_hot = np.zeros(len(vectors), dtype=np.float32)",
        "one_hot[row] = 1",
        "print(np.abs(one_hot @ vectors.vectors - vectors.vectors[row]).max())  # 0: the product is the row",
    ]


def _mode_first(lesson: Lesson, ask: Ask) -> None:
    """What pairs are made of, the question, and the rest of it folded."""
    mode_control(lesson)
    ask()
    if lesson.mode != SET:
        with st.expander("Window"):
            window_controls(lesson)


def two_section(lesson: Lesson, ask: Ask) -> None:
    """v and v' of the chosen item, and its neighbors by three scores."""
    main, side, numbers = staged("training-two")
    with side:
        EXPONENT.draw(lesson.data)
        ask()
        with st.expander("Pairs and negatives"):
            NEGATIVES.draw(lesson.data)
            pair_controls(lesson)
        own_vectors.table_controls(lesson, outputs=True)
        controls.reset_button(lesson.data)
    own = own_vectors.chosen(lesson, outputs=True)
    with main:
        vectors = trained(lesson) if own is None else own_vectors.vectors_of(lesson, own)
        if vectors is None or vectors.output_vectors is None:
            return
        _two(lesson, vectors)
        if own is not None:
            own_vectors.said(lesson, own)
    v, out = vectors.vectors[lesson.row], vectors.output_vectors[lesson.row]
    lengths = float(np.linalg.norm(v)), float(np.linalg.norm(out))
    cosine = float(v @ out) / max(lengths[0] * lengths[1], 1e-12)
    own_score = sigmoid(v @ out)
    unit = unit_rows(vectors.vectors), unit_rows(vectors.output_vectors)
    typical = float(np.median((unit[0] * unit[1]).sum(axis=1)))
    frame.metrics(
        [
            ("cos(v, v′)", f"{cosine:.2f}", f"Of the chosen item with itself. The median item has {typical:.2f}."),
            (
                "v · v′",
                f"{v @ out:.2f}",
                f"Score of {plain(lesson.name)} as its own context. σ of it: {own_score:.2f}.",
            ),
            ("Length of v", f"{lengths[0]:.2f}", "√Σ v²: the input vector, used when the item is the center."),
            ("Length of v′", f"{lengths[1]:.2f}", "The output vector, used when the item is a context or a negative."),
        ],
        numbers,
    )


def _two(lesson: Lesson, vectors: ItemVectors) -> None:
    assert vectors.output_vectors is not None
    data, row = lesson.data, lesson.row
    v, out = vectors.vectors[row], vectors.output_vectors[row]
    lists = three_lists(vectors, row)
    with stage.picture():
        st.markdown(f"The nearest to {named(lesson, row)} by three scores")
        st.html(
            "<style>.st-key-stage-picture table { width: 100%; } "
            ".st-key-stage-picture tr { height: max(1.75rem, (100vh - 19rem) / 11); }</style>"
        )
        columns = beside("score-columns", (1, 1, 1), "10rem")
        for column, (name, (best, values)) in zip(columns, lists.items(), strict=True):
            with column:
                listed = [(data.titles[at], values[[at]]) for at in best]
                st.html(number_table([name, "score"], listed))
    cosine, product = lists[COSINE][0], lists[TRAINED][0]
    counts = lesson.contexts()
    met = [float(counts[group].mean()) if group else 0.0 for group in (cosine, product)]
    st.caption(
        "Cosine: direction alone, the length plays no part. v · v: direction and length. v′ · v: output times input "
        f"vector, the score that is trained. {len(set(cosine) & set(product))} of {len(cosine)} neighbors are the same "
        "by cosine and by v′ · v. "
        f"Those by v′ · v met the chosen item {met[1]:,.1f} times on average, those by cosine {met[0]:,.1f} times."
    )
    st.subheader("The two vectors in numbers", anchor=False)
    top = float(np.abs([v, out]).max())
    for part in (slice(0, COLUMNS), slice(COLUMNS, None)):
        heads = ["", *(str(c + 1) for c in range(len(v))[part])]
        st.html(number_table(heads, [("v (input)", v[part]), ("v′ (output)", out[part])], largest=top))


def three_lists(vectors: ItemVectors, row: int) -> dict[str, tuple[list[int], np.ndarray]]:
    """Score → (rows of the best items, scores of all items) of one item."""
    assert vectors.output_vectors is not None
    v = vectors.vectors[row]
    scores = {
        COSINE: unit_rows(vectors.vectors) @ unit_rows(vectors.vectors[row : row + 1])[0],
        PRODUCT: vectors.vectors @ v,
        TRAINED: vectors.output_vectors @ v,
    }
    return {
        name: ([int(at) for at in np.argsort(-values, kind="stable") if at != row][:NEIGHBORS], values)
        for name, values in scores.items()
    }


def two_words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "Every item has **two vectors**: *v* (a row of W), used when it is the center, and *v′* (of W′), used when it "
        "is a context or a negative. The model scores a pair by the inner product $v'_o \\cdot v_c$ and trains nothing "
        "else: it is large where *o* occurs beside *c* more often than the noise would have it. Two items get similar "
        "*v* when the same contexts follow them, even if they never meet: that is why neighbors are ranked by the "
        "**cosine of v and v**, $v_i \\cdot v_j\\,/\\,(|v_i|\\,|v_j|)$, though no cosine was ever trained. (The often "
        "heard 'skip-gram computes cosine similarity' is loose: it computes inner products, and of an input with an "
        "output vector.)\n\n"
        "**By v′ · v** you get what *goes with* the item (complements: what to offer next), **by cosine of v** what is "
        "*used like* it (substitutes). An item of few events was trained by few pairs: look at its count before you "
        "trust its list."
    )


def two_python(lesson: Lesson) -> list[str]:
    """The two lists."""
    item = lesson.data.items[lesson.row]
    return [
        *own_vectors.python(lesson, own_vectors.chosen(lesson, outputs=True)),
        f'print(vectors.most_similar({item!r}, k={NEIGHBORS}, score="cosine"))',
        f'print(vectors.most_similar({item!r}, k={NEIGHBORS}, score="in_out"))',
    ]
