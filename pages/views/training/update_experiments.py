"""What to try in the updates and losses views of the Training page; the answers are read off the run that is shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from pages.kit.answer_words import counted, number
from pages.kit.stage import Experiment, Verdict
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
    scores = ("Still near 0.5", "Between 0.6 and 0.9", "Above 0.9")
    return [
        Experiment(
            "One single update from a fresh start. **Which vectors move, v or v′?**",
            ("v alone", "v′ alone", "Both"), lambda: _first_update(lesson), {"updates": 1, **pair, "rate": 0.1},
        ),
        Experiment(
            "100 updates at word2vec's own η = 0.025. **Where is the score of the pair, which starts at 0.5?**",
            scores, lambda: _score(lesson), {"updates": 100, **pair, "rate": 0.025},
        ),
        Experiment(
            "1,000 updates on this one pair at η = 0.1. **Where does its score end?**",
            scores, lambda: _score(lesson, "Nothing contradicts a single pair: more updates learn it by heart."),
            {"updates": 1_000, **pair, "rate": 0.1},
        ),
        Experiment(
            "10,000 updates on the whole log. **Does this pair still come above 0.9?**",
            ("Yes", "No"), lambda: _whole_log(lesson),
            {"updates": 10_000, "source": steps_view.LOG, "rate": 0.1},
        ),
    ]  # fmt: skip


def _run(lesson: Lesson) -> steps_view.Run | None:
    run: steps_view.Run | None = st.session_state.get("training_run")
    shown = run is not None and (run.watch.center, run.watch.context) == (
        lesson.row,
        partner_control(lesson, draw=False),
    )
    return run if shown else None


def _first_update(lesson: Lesson) -> Verdict:
    run = _run(lesson)
    if run is None or run.last is None:
        return Verdict(NO_PAIR)
    moved = int((np.linalg.norm(run.last.outputs, axis=1) > 0).sum())
    length = float(np.linalg.norm(run.trainer.config.learning_rate * run.last.center))
    right = {(True, False): 0, (False, True): 1, (True, True): 2}.get((length > 0, moved > 0))
    return Verdict(
        f"{counted(moved, 'output vector')} v′ moved, of the context and of the negatives; v moved by {length:g}: its "
        "gradient is Σ (σ − y)·v′, and every v′ starts at zero.",
        right,
    )


def _score_words(run: steps_view.Run) -> tuple[float, str, str]:
    """(the score of the pair, it in words, the loss in words)."""
    score, losses = float(run.watch.scores[-1][0]), run.watch.losses[-100:]
    start = run.trainer.config.negative + 1
    return (
        score,
        f"After {run.trainer.updates:,} updates the score of the pair is **{score:.3f}**.",
        f"The mean loss of the last {len(losses)} updates is {np.mean(losses):.2f} nats, at the start "
        f"{start * np.log(2):.2f}.",
    )


def _score(lesson: Lesson, more: str = "") -> Verdict:
    run = _run(lesson)
    if run is None or not run.watch.losses:
        return Verdict(NO_PAIR)
    score, said, loss = _score_words(run)
    right = 0 if score < 0.6 else 1 if score <= 0.9 else 2
    return Verdict(f"{said} {loss}", right, more)


def _whole_log(lesson: Lesson) -> Verdict:
    run = _run(lesson)
    if run is None or not run.watch.losses:
        return Verdict(NO_PAIR)
    score, said, loss = _score_words(run)
    return Verdict(said, 0 if score > 0.9 else 1, f"{loss} {_rest_point(lesson)}")


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
    names = tuple(NAMES.values())
    tries = [
        Experiment(
            "No training at all. **Whose loss is the largest for this pair?**",
            names, lambda: _answer(lesson, _beliefs), {"learned": 0},
        ),
        Experiment(
            f"{most:,} updates. **Whose p(w | c) sum to 1 over all items, by construction?**",
            names, lambda: _answer(lesson, _sums), {"learned": most},
        ),
        Experiment(
            "20 negatives instead of 5. **By how much does the dropped term, log k·pₙ(o), change?**",
            ("By log 4, for every context", "By more for rare contexts", "Not at all"),
            lambda: _answer(lesson, _dropped), {"negatives": 20},
        ),
    ]  # fmt: skip
    if 0 < len(met) <= PARTNERS:
        rare = lesson.data.items[int(met[np.argmin(lesson.sequences.counts[met])])]
        question = "A rare context instead of a frequent one. **What becomes of its path in the tree?**"
        ways = ("It grows longer", "It grows shorter", "It is equally long")
        tries.insert(2, Experiment(question, ways, lambda: _answer(lesson, _paths), {"partner": rare}))
    return tries


def _answer(lesson: Lesson, say: Callable[[Four], Verdict]) -> Verdict:
    """What is said of the four models that the page shows, and its pair."""
    partner = partner_control(lesson, draw=False)
    if partner is None:
        return Verdict(NO_PAIR)
    trainers = ready_trainers(lesson, trained_for(lesson).value)
    return Verdict(NO_FOUR) if trainers is None else say(Four(lesson, trainers, partner))


NO_FOUR = "The four are not trained for this yet: press Train."


def _beliefs(four: Four) -> Verdict:
    p = {name: float(values[four.partner]) for name, values in four.estimates().items()}
    loss = four.losses()
    score = sigmoid(four.trainers["negative_sampling"].score(four.lesson.row, four.partner))
    largest = max(loss.values())
    ways = int(four.size["code_length"])
    tree = f"½ for each of its {ways} decisions" if ways > 1 else "½ for its one decision"
    return Verdict(
        f"In nats: {', '.join(f'{NAMES[name]} {value:.2f}' for name, value in loss.items())}.",
        tuple(at for at, name in enumerate(NAMES) if np.isclose(loss[name], largest)),
        f"Softmax: p = {p['softmax']:.4f}, 1/n. The tree: {tree}, p = "
        f"{p['hierarchical_softmax']:.4f}. NCE: e^s = {p['nce']:.2f} for every item. Negative sampling: σ = "
        f"{score:.2f}, no opinion.",
    )


def _sums(four: Four) -> Verdict:
    listed = ", ".join(f"{NAMES[name]} **{p.sum():.3f}**" for name, p in four.estimates().items())
    return Verdict(
        f"{listed}.",
        (0, 1),
        "NCE sums to 1 only as far as it has learned to, negative sampling only with k·p_n put back.",
    )


def _paths(four: Four) -> Verdict:
    lesson, first = four.lesson, int(np.argmax(four.lesson.contexts()))
    now, before = (int(four.tree.lengths[row]) for row in (four.partner, first))
    rare, usual = (
        f"{plain(lesson.data.titles[row])} ({counted(int(lesson.sequences.counts[row]), 'event')})"
        for row in (four.partner, first)
    )
    return Verdict(
        f"{rare} takes {counted(now, 'decision')}, {usual}, the most frequent context, {before}.",
        0 if now > before else 1 if now < before else 2,
        "The other three cost the same for every context.",
    )


def _dropped(four: Four) -> Verdict:
    now, k = float(four.trainers["nce"].log_k_noise[four.partner]), four.lesson.negative
    change = float(np.log(k / 5))
    return Verdict(
        f"log k·pₙ(o) is {number(now)} here, with 5 it is {number(now - change)}: the difference is log {k / 5:g} = "
        f"**{number(change)}**.",
        0,
        "NCE accounts for it, negative sampling learns another score.",
    )
