"""What to try in the updates and losses views of the Training page; the answers are read off the run that is shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from pages.kit.answer_words import counted, number
from pages.kit.stage import Old as Experiment
from pages.kit.text import plain
from pages.views.training import steps as steps_view
from pages.views.training.experiments import NO_PAIR
from pages.views.training.four import NAMES, Four, ready_trainers, trained_for, updates_options
from pages.views.training.lesson import PARTNERS, SET, Lesson, partner_control
from recemb_core.embeddings.noise import noise_distribution
from recemb_core.embeddings.training_steps import sigmoid

# --- 4 · updates ---


def steps(lesson: Lesson) -> list[Experiment]:
    """Of the view of single updates."""
    pair = {"source": steps_view.PAIR}
    return [
        (
            "One single update from a fresh start. **Which vectors move, v or v′?**",
            lambda: _first_update(lesson),
            {"updates": 1, **pair, "rate": 0.1},
        ),
        (
            "100 updates at word2vec's own η = 0.025. **Has the score of the pair left 0.5?**",
            lambda: _score_words(lesson),
            {"updates": 100, **pair, "rate": 0.025},
        ),
        (
            "1,000 updates on this one pair at η = 0.1. **Where do score and loss end?**",
            lambda: (
                f"{_score_words(lesson)} Nothing contradicts a single pair: more updates go on learning it by heart."
            ),
            {"updates": 1_000, **pair, "rate": 0.1},
        ),
        (
            "10,000 updates on the whole log. **Will this pair still reach 1?**",
            lambda: f"{_score_words(lesson)} {_rest_point(lesson)}",
            {"updates": 10_000, "source": steps_view.LOG, "rate": 0.1},
        ),
    ]


def _run(lesson: Lesson) -> steps_view.Run | None:
    run: steps_view.Run | None = st.session_state.get("training_run")
    shown = run is not None and (run.watch.center, run.watch.context) == (
        lesson.row,
        partner_control(lesson, draw=False),
    )
    return run if shown else None


def _first_update(lesson: Lesson) -> str:
    run = _run(lesson)
    if run is None or run.last is None:
        return NO_PAIR
    moved = int((np.linalg.norm(run.last.outputs, axis=1) > 0).sum())
    length = float(np.linalg.norm(run.trainer.config.learning_rate * run.last.center))
    return (
        f"{counted(moved, 'output vector')} v′ moved, of the context and of the negatives; v moved by {length:g}: its "
        "gradient is Σ (σ − y)·v′, and every v′ starts at zero."
    )


def _score_words(lesson: Lesson) -> str:
    run = _run(lesson)
    if run is None or not run.watch.losses:
        return NO_PAIR
    score, losses = float(run.watch.scores[-1][0]), run.watch.losses[-100:]
    return (
        f"After {run.trainer.updates:,} updates the score of the pair is **{score:.3f}** (0.5 at the start) and the "
        f"mean loss of the last {len(losses)} updates {np.mean(losses):.2f} (at the start "
        f"{(1 + lesson.negative) * np.log(2):.2f})."
    )


def _rest_point(lesson: Lesson) -> str:
    partner = partner_control(lesson, draw=False)
    if partner is None:
        return ""
    text = "A context is a negative at times: pulls and pushes cancel at σ(v′·v) = p / (p + k·pₙ)"
    counts = lesson.contexts()
    if lesson.shrink and lesson.mode != SET:
        return f"{text}, with p the share of this context and pₙ its noise."
    p = counts[partner] / counts.sum()
    drawn = noise_distribution(lesson.sequences.counts, lesson.exponent)[partner]
    rest = p / (p + lesson.negative * drawn)
    return (
        f"{text} = **{rest:.3f}** for this pair (p = {p:.4f}, the share of this context; pₙ = {drawn:.4f}, its noise)."
    )


# --- 6 · four losses ---


def costs(lesson: Lesson) -> list[Experiment]:
    """Of the view of the four objectives."""
    most = updates_options(lesson)[-1]
    counts = lesson.contexts()
    met = np.flatnonzero(counts)
    tries: list[Experiment] = [
        (
            "No training at all. **What does each of the four believe?**",
            lambda: _answer(lesson, _beliefs),
            {"learned": 0},
        ),
        (f"{most:,} updates. **Whose p(w | c) sum to 1?**", lambda: _answer(lesson, _sums), {"learned": most}),
        (
            "20 negatives instead of 5. **By how much does the dropped term change?**",
            lambda: _answer(lesson, _dropped),
            {"negatives": 20},
        ),
    ]
    if 0 < len(met) <= PARTNERS:
        rare = lesson.data.items[int(met[np.argmin(lesson.sequences.counts[met])])]
        question = "A rare context instead of a frequent one. **Does its path in the tree grow longer?**"
        tries.insert(2, (question, lambda: _answer(lesson, _paths), {"partner": rare}))
    return tries


def _answer(lesson: Lesson, say: Callable[[Four], str]) -> str:
    """What is said of the four models that the page shows, and its pair."""
    partner = partner_control(lesson, draw=False)
    trainers = ready_trainers(lesson, trained_for(lesson).value)
    return NO_PAIR if partner is None or trainers is None else say(Four(lesson, trainers, partner))


def _beliefs(four: Four) -> str:
    p = {name: float(values[four.partner]) for name, values in four.estimates().items()}
    loss = four.losses()
    score = sigmoid(four.trainers["negative_sampling"].score(four.lesson.row, four.partner))
    return (
        f"Softmax: p = {p['softmax']:.4f}, 1/n. The tree: ½ for each of its {four.size['code_length']} decisions, p = "
        f"{p['hierarchical_softmax']:.4f}. NCE: e^s = {p['nce']:.2f} for every item. Negative sampling: σ = "
        f"{score:.2f}, no opinion. The largest loss has **{NAMES[max(loss, key=loss.__getitem__)]}** "
        f"({max(loss.values()):.2f})."
    )


def _sums(four: Four) -> str:
    listed = ", ".join(f"{NAMES[name]} **{p.sum():.3f}**" for name, p in four.estimates().items())
    return (
        f"{listed}. Softmax and tree sum to 1 by construction; NCE only as far as it has learned to, negative sampling "
        "only with k·p_n put back."
    )


def _paths(four: Four) -> str:
    lesson, first = four.lesson, int(np.argmax(four.lesson.contexts()))
    now, before = (int(four.tree.lengths[row]) for row in (four.partner, first))
    verdict = "equally long" if now == before else "**longer**" if now > before else "**shorter**"
    rare, usual = (
        f"{plain(lesson.data.titles[row])} ({counted(int(lesson.sequences.counts[row]), 'event')})"
        for row in (four.partner, first)
    )
    return (
        f"{rare} takes {counted(now, 'decision')}, {usual}, the most frequent context, {before}: its path is "
        f"{verdict}. The other three cost the same for every context."
    )


def _dropped(four: Four) -> str:
    now, k = float(four.trainers["nce"].log_k_noise[four.partner]), four.lesson.negative
    change = float(np.log(k / 5))
    return (
        f"log k·p_n(o) is {number(now)} here, with 5 it is {number(now - change)}: the difference is log {k / 5:g} = "
        f"**{number(change)}** for every context. NCE accounts for it, negative sampling learns another score."
    )
