"""What to try in the updates and losses views of the Training page; the answers are read off the run that is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages.kit.answer_words import counted, number
from pages.kit.frame import Experiment
from pages.kit.text import plain
from pages.views.training import costs as costs_view
from pages.views.training import steps as steps_view
from pages.views.training.experiments import NO_PAIR
from pages.views.training.lesson import SET, Lesson, partner_control
from recemb_core.embeddings.noise import noise_distribution

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
    if run is None or run.watch.center != lesson.row or run.watch.context != partner_control(lesson, draw=False):
        return None
    return run


def _first_update(lesson: Lesson) -> str:
    run = _run(lesson)
    if run is None or run.last is None:
        return NO_PAIR
    moved = int((np.linalg.norm(run.last.outputs, axis=1) > 0).sum())
    length = float(np.linalg.norm(run.trainer.config.learning_rate * run.last.center))
    return (
        f"{counted(moved, 'output vector')} v′ moved, of the context and of the negatives; v moved by {length:g}: "
        f"its gradient is "
        "Σ (σ − y)·v′, and every v′ starts at zero."
    )


def _score_words(lesson: Lesson) -> str:
    run = _run(lesson)
    if run is None or not run.watch.losses:
        return NO_PAIR
    score, losses = float(run.watch.scores[-1][0]), run.watch.losses[-100:]
    return (
        f"After {run.trainer.updates:,} updates the score of the pair is **{score:.3f}** (0.5 at the start) and the "
        f"mean "
        f"loss of the last {len(losses)} updates {np.mean(losses):.2f} (at the start "
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
    options = costs_view.updates_options(lesson)
    counts = lesson.contexts()
    met = np.flatnonzero(counts)
    rare = lesson.data.items[int(met[np.argmin(lesson.sequences.counts[met])])] if len(met) else None
    rarest: list[Experiment] = [
        (
            "A rare context instead of a frequent one. **Does its path in the tree grow longer?**",
            lambda: _paths(lesson),
            {"partner": rare},
        )
    ]
    return [
        ("No training at all. **What does each of the four believe?**", lambda: _beliefs(lesson), {"learned": 0}),
        (f"{options[-1]:,} updates. **Whose p(w | c) sum to 1?**", lambda: _sums(lesson), {"learned": options[-1]}),
        *(rarest if rare is not None and len(met) <= 50 else []),
        (
            "20 negatives instead of 5. **By how much does the dropped term change?**",
            lambda: _dropped(lesson),
            {"negatives": 20},
        ),
    ]


def _trained_four(lesson: Lesson) -> tuple[Any, int] | None:
    """The four trainers that the page shows and the row of the context; None where there is no pair."""
    partner = partner_control(lesson, draw=False)
    if partner is None:
        return None
    trainers = costs_view.ready_trainers(lesson, costs_view.trained_for(lesson).value)
    return None if trainers is None else (trainers, partner)


def _beliefs(lesson: Lesson) -> str:
    found = _trained_four(lesson)
    if found is None:
        return NO_PAIR
    trainers, partner = found
    p = {name: float(values[partner]) for name, values in costs_view.estimates(trainers, lesson.row).items()}
    loss = {name: trainer.gradients(lesson.row, partner).loss for name, trainer in trainers.items()}
    score = float(1 / (1 + np.exp(-trainers["negative_sampling"].score(lesson.row, partner))))
    length = int(trainers["hierarchical_softmax"].tree.lengths[partner])
    return (
        f"Softmax: p = {p['softmax']:.4f}, 1/n. The tree: ½ for each of its {length} decisions, p = "
        f"{p['hierarchical_softmax']:.4f}. NCE: e^s = {p['nce']:.2f} for every item. Negative sampling: σ = "
        f"{score:.2f}, no "
        f"opinion. The largest loss has **{costs_view.NAMES[max(loss, key=lambda name: loss[name])]}** "
        f"({max(loss.values()):.2f})."
    )


def _sums(lesson: Lesson) -> str:
    found = _trained_four(lesson)
    if found is None:
        return NO_PAIR
    sums = {name: float(values.sum()) for name, values in costs_view.estimates(found[0], lesson.row).items()}
    listed = ", ".join(f"{costs_view.NAMES[name]} **{value:.3f}**" for name, value in sums.items())  # type: ignore[index]
    return (
        f"{listed}. Softmax and tree sum to 1 by construction; NCE only as far as it has learned to, negative sampling "
        "only with k·p_n put back."
    )


def _paths(lesson: Lesson) -> str:
    found = _trained_four(lesson)
    if found is None:
        return NO_PAIR
    trainers, partner = found
    lengths, counts, contexts = (
        trainers["hierarchical_softmax"].tree.lengths,
        lesson.sequences.counts,
        lesson.contexts(),
    )
    first = int(np.argmax(contexts))
    now, before = int(lengths[partner]), int(lengths[first])
    verdict = "equally long" if now == before else "**longer**" if now > before else "**shorter**"
    return (
        f"{plain(lesson.data.titles[partner])} ({counted(int(counts[partner]), 'event')}) takes "
        f"{counted(now, 'decision')}, {plain(lesson.data.titles[first])} ({counted(int(counts[first]), 'event')}), "
        f"the most "
        f"frequent context, {before}: its path is {verdict}. The other three cost the same for every context."
    )


def _dropped(lesson: Lesson) -> str:
    found = _trained_four(lesson)
    if found is None:
        return NO_PAIR
    now = float(found[0]["nce"].log_k_noise[found[1]])
    change = float(np.log(lesson.negative / 5))
    return (
        f"log k·p_n(o) is {number(now)} here, with 5 it is {number(now - change)}: the difference is log "
        f"{lesson.negative / 5:g} = "
        f"**{number(change)}** for every context. NCE accounts for it, negative sampling learns another score."
    )
