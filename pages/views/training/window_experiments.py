"""What to try in the views of CBOW and of item2vec; the answers are read off the windows and examples shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pages.kit.answer_words import counted
from pages.kit.frame import Experiment
from pages.kit.text import plain
from pages.views.training import cbow as cbow_view
from pages.views.training.experiments import NO_PAIR
from pages.views.training.lesson import WINDOW, Lesson

# --- 5 · CBOW ---


def cbow(lesson: Lesson) -> list[Experiment]:
    """Of the view of CBOW."""
    return [
        (
            "Nothing trained yet. **Which rows move in the first window, of v or of v′?**",
            lambda: _first_window(lesson),
            {"windows": 0},
        ),
        (
            "1,000 windows by each method. **Does a context move as far in CBOW as the center in skip-gram?**",
            lambda: _shares(lesson),
            {"windows": 1_000},
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
        f"where {counted(m, 'prediction')} add up; in CBOW a context's is {context:.4f} on average, 1/{m} of ∂E/∂h, which is "
        f"{float(np.linalg.norm(window.cbow.undivided)):.4f}. gensim adds the whole of that to each context."
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
