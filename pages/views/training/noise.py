"""Training, second view: the noise that negative samples are drawn from, over the real items."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.kit import controls, frame, session, stage
from pages.kit.live_chart import live_chart
from pages.kit.text import plain
from pages.views.training.lesson import Ask, Lesson, load, named, noise_controls, staged
from recemb_core.embeddings.noise import effective_items, noise_distribution, popular_rows
from recemb_core.figures.noise_bars import noise_bars_figure
from recemb_core.figures.noise_share import noise_share_figure

TOP, SAMPLE = 10, 10
EXPONENTS = np.round(np.arange(-1, 1.01, 0.05), 2)


def section(lesson: Lesson, ask: Ask) -> None:
    """Bars over items, the curve over exponents."""
    counts, exponent = lesson.sequences.counts, lesson.exponent
    noise = noise_distribution(counts, exponent)
    popular = popular_rows(counts)
    seen = int((counts > 0).sum())
    main, side, numbers = staged("training-noise")
    share, by_count = noise[popular].sum(), counts[popular].sum() / max(counts.sum(), 1)
    frame.metrics(
        [
            (
                "Popular negatives",
                f"{share:.1%}",
                f"Share of negatives among the most popular tenth, {len(popular):,} of {seen:,} items. Those make up "
                f"{by_count:.1%} of all events.",
            ),
            (
                "Chosen item",
                f"{noise[lesson.row]:.2%}",
                f"Probability that one negative is {plain(lesson.name)}: p_n(w) = count^a / Σ count^a.",
            ),
            (
                "Its weight",
                f"{noise[lesson.row] * seen:.2f}×",
                "How many times as often as if all items were drawn alike.",
            ),
            (
                "As varied as",
                f"{effective_items(noise):,.0f} items",
                f"A fair draw among so many items, of {seen:,}, would vary as much: exp(entropy) of the noise.",
            ),
        ],
        numbers,
    )
    with side:
        noise_controls(lesson, count=False)
        ask()
        st.markdown("**Popular negatives by exponent**")
        curve = np.array([noise_distribution(counts, float(a))[popular].sum() for a in EXPONENTS])
        live_chart(
            noise_share_figure(EXPONENTS, curve, (exponent, float(share))),
            key=f"noise share@{lesson.data.key}",
            height=230,
        )
        controls.reset_button(lesson.data)
    with main:
        order = np.argsort(-counts, kind="stable")[:seen]
        rest = order[TOP:]
        spread = rest[np.unique(np.linspace(0, len(rest) - 1, min(SAMPLE, len(rest))).astype(int))] if len(rest) else []
        shown = np.concatenate([order[:TOP], spread]).astype(int)
        if lesson.row not in shown:
            shown = np.append(shown, lesson.row)
            shown = shown[np.argsort(-counts[shown], kind="stable")]
        figure = noise_bars_figure(
            [lesson.data.items[int(row)] for row in shown],
            [lesson.data.titles[int(row)] for row in shown],
            noise[shown],
            counts[shown] / max(counts.sum(), 1),
            np.isin(shown, popular),
            counts[shown],
            chosen=int(np.flatnonzero(shown == lesson.row)[0]),
            even=1 / max(seen, 1),
        )
        with stage.picture():
            live_chart(
                figure,
                key=f"noise@{lesson.data.key}",
                height=490,
                above=226,
                glide=False,
                on_click=lambda item: session.pick(lesson.data, item),
            )
        st.caption(
            f"Showing {len(shown)} of {seen:,} items, most popular on top: the {min(TOP, seen)} most popular, a sample "
            "of the rest at even distances in rank, and the chosen item. Click a bar to choose its item."
        )


def words(lesson: Lesson) -> str:
    """What you see."""
    return (
        "To learn what belongs together, the model must also see what does **not**. Negative sampling makes up wrong "
        "answers: for each true pair it draws *k* **noise items** from $p_n(w) = \\mathrm{count}(w)^a \\,/\\, \\sum_u "
        "\\mathrm{count}(u)^a$ and trains their scores down. *count(w)* is how often item *w* occurs in the log, *a* "
        "the exponent.\n\n"
        f"**a = 1** draws {named(lesson, lesson.row)} as often as it occurs, **a = 0** as often as any other item, **a "
        "< 0** less often the more popular it is. **Larger a**: popular items are pushed away from everything more "
        "often; **smaller a**: less often, and rare items are pushed instead. 0.75 was tuned on words (Mikolov et al. "
        "2013). For recommendation other values, 0 or below, have been reported as better (Caselles-Dupré et al. "
        "2018): try it on this data, with more than one seed."
    )


def as_python(lesson: Lesson) -> list[str]:
    """The noise of every item."""
    return [
        *load(lesson, "from recemb_core.embeddings.noise import noise_distribution, popular_rows"),
        f"noise = noise_distribution(sequences.counts, exponent={lesson.exponent:g})",
        "popular = popular_rows(sequences.counts, share=0.1)",
        f"print(noise[sequences.items.row({lesson.data.items[lesson.row]!r})], noise[popular].sum())",
    ]
