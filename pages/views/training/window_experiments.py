"""What to try in the views of CBOW and of item2vec; the answers are read off the windows and examples shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pages.kit.answer_words import counted
from pages.kit.stage import Old as Experiment
from pages.kit.text import plain
from pages.views.training import cbow as cbow_view
from pages.views.training import faults
from pages.views.training import sets as sets_view
from pages.views.training.experiments import NO_PAIR
from pages.views.training.lesson import WINDOW, Lesson, shown_sequence

# --- CBOW ---


def cbow(lesson: Lesson) -> list[Experiment]:
    """Of the view of CBOW."""
    return [
        (
            "Nothing trained yet. **Which rows move in the first window, of v or of v′?**",
            lambda: _first_window(lesson),
            {"windows": 0},
        ),
        (
            "3,000 windows by each method. **Does a context move as far in CBOW as the center in skip-gram?**",
            lambda: _shares(lesson),
            {"windows": 3_000},
        ),
        (
            "Window 10 instead of 2. **Does CBOW make more predictions of this window?**",
            lambda: _wider(lesson),
            {"pairs": WINDOW, "width": 10, "shrink": False},
        ),
    ]


def _first_window(lesson: Lesson) -> str:
    window = cbow_view.shown_window(lesson)
    if window is None:
        return NO_PAIR
    told = []
    for method, name in cbow_view.WORDS.items():
        inputs, outputs = window.pulls(method).values(), window.pushes(method).values()
        moved = [sum(length > 0 for length in lengths) for lengths in (inputs, outputs)]
        told.append(f"{name} moves **{counted(moved[0], 'row')} of v and {moved[1]} of v′**")
    return f"{'; '.join(told)}. Every v′ starts at zero, and a row of v is moved by a sum of (σ − y)·v′."


def _shares(lesson: Lesson) -> str:
    window = cbow_view.shown_window(lesson)
    if window is None:
        return NO_PAIR
    center = float(np.linalg.norm(window.skip_gram.inputs))
    shares = list(window.pulls("cbow").values())
    context = float(np.mean(shares))
    verdict = "**Not as far**" if context < center else "**Farther**" if context > center else "As far"
    m = len(window.contexts)
    return (
        f"{verdict}: the gradient of {plain(lesson.data.titles[window.center])} is {center:.4f} long in skip-gram, "
        f"where {counted(m, 'prediction')} add up; in CBOW a context's is {context:.4f} on average, 1/{m} of ∂E/∂h, "
        f"which is {float(np.linalg.norm(window.cbow.undivided)):.4f}. gensim adds the whole of that to each context."
    )


def _wider(lesson: Lesson) -> str:
    window, narrow = cbow_view.shown_window(lesson), cbow_view.shown_window(replace(lesson, width=2))
    if window is None or narrow is None:
        return NO_PAIR
    many, few = len(window.contexts), len(narrow.contexts)
    return (
        f"No, **one still**: {counted(len(window.cbow.scored.scores), 'score')} with k = {lesson.negative}, from the "
        f"mean of {counted(many, 'context')} (window 2: {few}). Skip-gram makes {many} (window 2: {few}), with "
        f"{counted(len(window.skip_gram.scored.scores), 'score')}. Each context's share of CBOW's gradient is "
        f"1/{many} (window 2: 1/{few})."
    )


# --- item2vec ---


def sets(lesson: Lesson) -> list[Experiment]:
    """Of the view of item2vec."""
    order = "Two pairs that a set trains alike. **Does their order in the log differ?**"
    when = "The log's first half and its second. **Does a set know when two items went together?**"
    return [
        (
            "The same items without their order, as a set. **How many pairs does the window miss?**",
            lambda: _missed(lesson),
            {"width": 2, "reshuffles": 1},
        ),
        (
            "Shuffled anew before each of 10 epochs, window 2. **Has it met every pair of the set?**",
            lambda: _met(lesson),
            {"width": 2, "reshuffles": 10},
        ),
        (order, lambda: _order(lesson), {"look": "set"})
        if lesson.sequences.ordered
        else (when, lambda: faults.time_words(lesson, faults.examples(lesson).time), {"look": "set"}),
        (
            "Items that share their fields and were never taken together. **Does item2vec put them near each other?**",
            lambda: _apart(lesson),
            {"look": "set"},
        ),
    ]


def _counts(lesson: Lesson) -> tuple[int, int, int, int] | None:
    index = shown_sequence(sets_view.as_set(lesson))
    return None if index is None else sets_view.pair_numbers(lesson, index, sets_view.EPOCHS.value(lesson.data))


def _missed(lesson: Lesson) -> str:
    counts = _counts(lesson)
    if counts is None:
        return NO_PAIR
    n, window, _, whole = counts
    return (
        f"Of the {whole} ordered pairs of these {n} items a window of {lesson.width} has {window}: it misses "
        f"**{whole - window}**, those more than {counted(lesson.width, 'place')} apart."
    )


def _met(lesson: Lesson) -> str:
    counts = _counts(lesson)
    if counts is None:
        return NO_PAIR
    _, window, shuffle, whole = counts
    epochs, share = sets_view.EPOCHS.value(lesson.data), window / max(whole, 1)
    told = "Every one" if shuffle == whole else "Not every one"
    return (
        f"**{told}**: {shuffle} of {whole} in {epochs} epochs. Each order has {share:.0%} of them in the window, so "
        f"{(1 - (1 - share) ** epochs) * whole:.0f} are expected (another seed draws others)."
    )


def _order(lesson: Lesson) -> str:
    found = faults.examples(lesson)
    lines = faults.order_words(lesson, found)
    return " ".join(lines[:2])


def _apart(lesson: Lesson) -> str:
    pairs = faults.examples(lesson).apart
    if pairs is None or not lesson.data.side_fields:
        return faults.side_words(lesson, faults.examples(lesson))[0]
    trained = faults.models(lesson, asked=False)
    if trained is None:
        return "The two models are not trained on this log yet: press Train."
    return faults.rate_words(lesson, pairs, trained)
