"""What to try in the views of CBOW and of item2vec; the answers are read off the windows and examples shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pages.kit.answer_words import counted
from pages.kit.stage import Experiment, Verdict
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
        Experiment(
            "Nothing trained yet. **Which rows move in the first window, of v or of v′?**",
            ("Of v alone", "Of v′ alone", "Of both"), lambda: _first_window(lesson), {"windows": 0},
        ),
        Experiment(
            "3,000 windows by each method. **Does a context move as far in CBOW as the center in skip-gram?**",
            ("Not as far", "Farther", "As far"), lambda: _shares(lesson), {"windows": 3_000},
        ),
        Experiment(
            "Window 10 instead of 2. **How many predictions does CBOW make of this window?**",
            ("One, as before", "One for each context"), lambda: _wider(lesson),
            {"pairs": WINDOW, "width": 10},
        ),
    ]  # fmt: skip


def _first_window(lesson: Lesson) -> Verdict:
    window = cbow_view.shown_window(lesson)
    if window is None:
        return Verdict(NO_PAIR)
    told, moved = [], []
    for method, name in cbow_view.WORDS.items():
        inputs, outputs = window.pulls(method).values(), window.pushes(method).values()
        moved.append([sum(length > 0 for length in lengths) for lengths in (inputs, outputs)])
        told.append(f"{name} moves **{counted(moved[-1][0], 'row')} of v and {moved[-1][1]} of v′**")
    ways = any(one[0] for one in moved), any(one[1] for one in moved)
    right = {(True, False): 0, (False, True): 1, (True, True): 2}.get(ways)
    more = "Every v′ starts at zero, and a row of v is moved by a sum of (σ − y)·v′."
    return Verdict(f"{'; '.join(told)}.", right, more)


def _shares(lesson: Lesson) -> Verdict:
    window = cbow_view.shown_window(lesson)
    if window is None:
        return Verdict(NO_PAIR)
    center = float(np.linalg.norm(window.skip_gram.inputs))
    shares = list(window.pulls("cbow").values())
    context = float(np.mean(shares))
    m = len(window.contexts)
    return Verdict(
        f"The gradient of {plain(lesson.data.titles[window.center])} is {center:.4f} long in skip-gram, where "
        f"{counted(m, 'prediction')} add up; in CBOW a context's is {context:.4f} on average. One window, one seed.",
        0 if context < center else 1 if context > center else 2,
        f"A context's share is 1/{m} of ∂E/∂h, which is {float(np.linalg.norm(window.cbow.undivided)):.4f} long. "
        "gensim adds the whole of that to each context.",
    )


def _wider(lesson: Lesson) -> Verdict:
    window, narrow = cbow_view.shown_window(lesson), cbow_view.shown_window(replace(lesson, width=2))
    if window is None or narrow is None:
        return Verdict(NO_PAIR)
    many, few = len(window.contexts), len(narrow.contexts)
    return Verdict(
        f"{counted(len(window.cbow.scored.scores), 'score')} with k = {lesson.negative}, from the mean of "
        f"{counted(many, 'context')} (window 2: {few}). Skip-gram makes {counted(many, 'prediction')}, with "
        f"{counted(len(window.skip_gram.scored.scores), 'score')}.",
        0,
        f"Each context's share of CBOW's gradient is 1/{many} (window 2: 1/{few}).",
    )


# --- item2vec ---


def sets(lesson: Lesson) -> list[Experiment]:
    """Of the view of item2vec."""
    order = "Two pairs that a set trains alike. **Does their order in the log differ beyond chance?**"
    when = "The log's first half and its second. **Does any pair of items change with time beyond chance?**"
    here = {"width": 2, "reshuffles": 1}
    return [
        Experiment(
            "The same items without their order, as a set. **How many of its pairs does the window of 2 miss?**",
            ("None", "Up to half", "More than half"), lambda: _missed(lesson), here,
        ),
        Experiment(
            "Shuffled anew before each of 10 epochs, window 2. **Has it met every pair of the set?**",
            ("Every one", "Not every one"), lambda: _met(lesson), {"width": 2, "reshuffles": 10},
        ),
        Experiment(order, CHANCE, lambda: _order(lesson), here)
        if lesson.sequences.ordered
        else Experiment(when, CHANCE, lambda: _when(lesson), here),
        Experiment(
            "Items that share their fields and were never taken together. **Which model puts them nearer each other?**",
            ("EGES, which knows the fields", "item2vec, by clicks alone", "Both alike, within noise"),
            lambda: _apart(lesson), here,
        ),
    ]  # fmt: skip


CHANCE = ("Yes", "No, it may be chance")


def _counts(lesson: Lesson) -> tuple[int, int, int, int] | None:
    index = shown_sequence(sets_view.as_set(lesson))
    return None if index is None else sets_view.pair_numbers(lesson, index, sets_view.EPOCHS.value(lesson.data))


def _missed(lesson: Lesson) -> Verdict:
    counts = _counts(lesson)
    if counts is None:
        return Verdict(NO_PAIR)
    n, window, _, whole = counts
    missed = whole - window
    return Verdict(
        f"Of the {whole} ordered pairs of these {n} items a window of {lesson.width} has {window}: it misses "
        f"**{missed}**, those more than {counted(lesson.width, 'place')} apart.",
        0 if not missed else 1 if 2 * missed <= whole else 2,
    )


def _met(lesson: Lesson) -> Verdict:
    counts = _counts(lesson)
    if counts is None:
        return Verdict(NO_PAIR)
    _, window, shuffle, whole = counts
    epochs, share = sets_view.EPOCHS.value(lesson.data), window / max(whole, 1)
    return Verdict(
        f"{shuffle} of {whole} in {epochs} epochs. Each order has {share:.0%} of them in the window, so "
        f"{(1 - (1 - share) ** epochs) * whole:.0f} are expected (another seed draws others).",
        0 if shuffle == whole else 1,
    )


def _order(lesson: Lesson) -> Verdict:
    found = faults.examples(lesson)
    lines = faults.order_words(lesson, found)
    beyond = [one.beyond_chance for one in (found.beside, found.direction) if one is not None]
    right = None if not beyond else 0 if any(beyond) else 1
    first, second = (found.beside, found.direction)
    if first is not None and first.beyond_chance:
        return Verdict(lines[0], right, lines[1])
    return Verdict(lines[1], right, lines[0]) if second is not None else Verdict(lines[0], right)


def _when(lesson: Lesson) -> Verdict:
    one = faults.examples(lesson).time
    return Verdict(faults.time_words(lesson, one), None if one is None else 0 if one.beyond_chance else 1)


def _apart(lesson: Lesson) -> Verdict:
    pairs = faults.examples(lesson).apart
    if pairs is None or not lesson.data.side_fields:
        return Verdict(faults.side_words(lesson, faults.examples(lesson))[0])
    trained = faults.models(lesson, asked=False)
    if trained is None:
        return Verdict("The two models are not trained on this log yet: press Train.")
    found = faults.rates(lesson, pairs, trained)
    words, known = faults.rate_words(lesson, pairs, trained), [found.get(name) for name in faults.MODELS]
    if None in known:
        return Verdict(words)
    without, knows = known
    assert without is not None
    assert knows is not None
    right = 0 if knows.low > without.high else 1 if knows.high < without.low else 2
    listed = ", ".join(
        f"{name} in **{one.value:.0%}** (95%: {one.low:.0%} to {one.high:.0%})"
        for name, one in zip(faults.MODELS, (without, knows), strict=True)
    )
    return Verdict(f"The alike pair is the nearer one by {listed}; chance is 50%.", right, words)
