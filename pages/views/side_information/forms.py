"""The view of why e^a: plain a, a / Σa and e^a / Σe^a on one item's real numbers, with their gradients."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from pages.kit import frame, results, session, stage
from pages.kit.allowed import Options, Span, Steps
from pages.kit.answer_words import counted, number
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.number_table import number_table
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import field_words, plain, quoted, sentence
from pages.views.side_information.shown import SIDE_INFORMATION_PAGE, Places, Shown, answered, fields_control, headline
from recemb_core.arrays import Float64Array
from recemb_core.embeddings.weight_forms import (
    FORMS,
    Form,
    WeightCase,
    WeightPath,
    WeightStep,
    descend,
    form_weights,
    numbers_for,
    weight_case,
    weight_step,
)
from recemb_core.figures.weight_paths import weight_color, weight_paths_figure
from recemb_core.validation import UsageError

CHART = 285  # pixels of the window around a chart
Say = Callable[[ActiveData, WeightCase], Verdict]
NAMES: dict[Form, str] = {"plain": "a", "share": "a / Σa", "exp": "eᵃ / Σeᵃ"}
STARTS = {
    "weights": "the weights that EGES learned",
    "learned": "the a that EGES learned",
    "zero": "0, where training starts",
}
START = Parameter(
    SIDE_INFORMATION_PAGE,
    "form_start",
    "The numbers a are",
    Options(STARTS),
    "weights",
    help="Weights: each form gets the a that give it the learned weights, so that all start with the same vector.",
)
SHIFT = Parameter(
    SIDE_INFORMATION_PAGE,
    "form_shift",
    "Added to every a",
    Span(-2.0, 2.0, 0.1),
    0.0,
    help="Only differences count for eᵃ / Σeᵃ; the other two change.",
)
RATE = Parameter(
    SIDE_INFORMATION_PAGE,
    "form_rate",
    "Learning rate",
    Steps((0.01, 0.03, 0.1, 0.3, 1.0)),
    0.1,
    help="Length of a step of descent on a; larger goes faster, and breaks sooner what can break.",
)
STEPS = Parameter(
    SIDE_INFORMATION_PAGE,
    "form_steps",
    "Steps of descent",
    Steps((0, 10, 50, 200, 1_000)),
    200,
    help="On a alone; the embeddings, the contexts and their noise stay as they are.",
)


def case_of(data: ActiveData, shown: Shown) -> WeightCase:
    """The chosen item as a step of training meets it."""
    key = ("weight case", shown.graph.fingerprint, shown.config, data.fingerprint, shown.row, session.seed())
    found: WeightCase = results.remember(
        data, key, lambda: weight_case(shown.vectors, shown.graph, shown.row, seed=session.seed())
    )
    return found


def start_of(data: ActiveData, case: WeightCase, form: Form) -> Float64Array:
    """The numbers a of a form, as the controls say."""
    shift = SHIFT.value(data)
    start = START.value(data)
    if start == "weights":
        numbers = numbers_for(form, form_weights("exp", case.learned))
    else:
        numbers = case.learned if start == "learned" else np.zeros(len(case.learned))
    return numbers + shift


def ways(data: ActiveData, case: WeightCase) -> dict[Form, tuple[WeightStep, WeightPath]]:
    """Form → (its first step, its descent)."""
    found: dict[Form, tuple[WeightStep, WeightPath]] = {}
    for form in FORMS:
        a = start_of(data, case, form)
        path = descend(form, a, case, rate=RATE.value(data), steps=STEPS.value(data))
        found[form] = weight_step(form, a, case), path
    return found


def forms_view(data: ActiveData, shown: Shown, places: Places) -> list[Job]:
    """The three forms beside each other: the way of the weights, and the first step in numbers."""
    headline(shown, places.numbers)
    with places.side:
        START.draw(data)
        SHIFT.draw(data)
        stage.try_this(data, experiments(data, shown))
        with st.expander("Descent"):
            RATE.draw(data)
            STEPS.draw(data)
        fields_control(data)
    try:
        case = case_of(data, shown)
    except UsageError as error:
        places.main.info(sentence(error))
        return []
    names = [field_words(shown.names[int(column)]) for column in case.columns]
    found = ways(data, case)
    contexts = int(case.labels.sum())
    dots = (f"<span style='color:{weight_color(j)}'>●</span> {escape(name)}" for j, name in enumerate(names))
    with places.main:
        with stage.picture():
            st.html(f"<div style='font-size:.875rem'>{' &nbsp; '.join(dots)}</div>")
            for column, (form, (_, path)) in zip(
                frame.side_by_side("three-forms", (1, 1, 1), "12rem"), found.items(), strict=True
            ):
                with column:
                    st.markdown(f"**w = {NAMES[form]}**")
                    figure = weight_paths_figure(path.weights, names, form=NAMES[form])
                    live_chart(figure, key=f"weights {form}@{data.key}", height=300, above=CHART, glide=False)
        st.caption(
            f"{plain(data.titles[shown.row])}: {counted(len(names), 'embedding')}, scored by "
            f"{counted(contexts, 'context')} of the graph and {counted(len(case.labels) - contexts, 'noise item')}."
        )
        for column, (form, (step, path)) in zip(
            frame.side_by_side("forms-in-words", (1, 1, 1), "12rem"), found.items(), strict=True
        ):
            column.html(_table(names, start_of(data, case, form), step))
            column.markdown(f"**{NAMES[form]}**\n\n" + "\n".join(f"- {line}" for line in in_words(form, step, path)))
    return []


def _table(names: list[str], a: Float64Array, step: WeightStep) -> str:
    short = [name if len(name) <= 9 else f"{name[:8]}…" for name in names]
    if not np.isfinite(step.loss):
        return number_table(["start", "a"], [(name, a[[j]]) for j, name in enumerate(short)], digits=2)
    rows = [(name, np.array([a[j], step.weights[j], step.gradient[j]])) for j, name in enumerate(short)]
    return number_table(["start", "a", "w", "∂L/∂a"], rows, digits=2)


def size(value: float) -> str:
    """A number of any size in a few signs."""
    return number(value, ".3g" if 0.001 <= abs(value) < 10_000 else ".1e") if value else "0"


def in_words(form: Form, step: WeightStep, path: WeightPath) -> list[str]:
    """What the numbers of one form say."""
    if not np.isfinite(step.loss):
        return ["**Σa = 0**: nothing can be divided by it, so there is no weight, no vector and no gradient."]
    zero, below = int((step.weights == 0).sum()), int((step.weights < 0).sum())
    told = []
    signs = (
        f"**{counted(below, 'weight')} below 0**, {zero} at 0: a negative one turns the step of its embedding round, "
        "one of 0 lets nothing through to it."
        if below or zero
        else "At the start no weight is 0 or below."
    )
    if form == "share":
        told.append(
            f"**Σa = {size(step.total)}**, by which every gradient is divided: the largest |∂L/∂a| is "
            f"**{size(float(np.abs(step.gradient).max()))}**."
        )
    if form == "exp":
        told.append(
            f"Weights from {step.weights.min():.3f} to {step.weights.max():.3f}, whatever a is, and they sum to 1. The "
            f"∂L/∂a sum to 0: Σa stays {size(step.total)}."
        )
    else:
        told.append(signs)
    told.append(path_words(path))
    return told


def path_words(path: WeightPath) -> str:
    """How the descent went."""
    if path.last < 0:
        return "There is no first step."
    flips = f"{counted(path.flips, 'weight')} below 0 on the way" if path.flips else "no weight below 0 on the way"
    end = "" if path.broke is None else f"; **broken off after step {path.broke}**, beyond any meaning"
    return f"{counted(path.last, 'step')}: {_ends(path)}; {flips}{end}."


BELOW = ("None", "Up to half of them", "More than half")
THREE = tuple(NAMES.values())


def experiments(data: ActiveData, shown: Shown) -> list[Experiment]:
    """Predictions of this view."""

    def ask(question: str, choices: tuple[str, ...], say: Say, start: str, shift: float) -> Experiment:
        told = answered(data, shown, lambda: _answer(data, shown, say))
        return Experiment(question, choices, told, {"form_start": start, "form_shift": shift})

    return [
        ask(
            "The a that EGES learned, taken as weights themselves. **How many of them are below 0?**",
            BELOW, _signs, "learned", 0.0,
        ),
        ask(
            "0.1 added to every a. **Which of the three has the same weights as before?**",
            THREE, _shifted, "learned", 0.1,
        ),
        ask(
            "Training starts with every a at 0. **In which of the three do the embeddings learn?**",
            THREE, _begins, "zero", 0.0,
        ),
        ask(
            "All three start with the same weights, and descend. **Which keeps every weight above 0?**",
            THREE, _descends, "weights", 0.0,
        ),
    ]  # fmt: skip


def _answer(data: ActiveData, shown: Shown, say: Say) -> Verdict:
    try:
        case = case_of(data, shown)
    except UsageError as error:
        return Verdict(sentence(error))
    return say(data, case)


def _signs(data: ActiveData, case: WeightCase) -> Verdict:
    a = start_of(data, case, "plain")
    found = ways(data, case)
    share, below = found["share"][0], int((a < 0).sum())
    total = f"{size(share.total)}" if share.total else "0 (up to rounding)"
    return Verdict(
        f"**{below} of {len(a)}**. Their sum is {total}: a / Σa "
        f"{'divides by it' if share.total else 'is not defined'}. As eᵃ / Σeᵃ the same numbers are weights from "
        f"{found['exp'][0].weights.min():.3f} to {found['exp'][0].weights.max():.3f}.",
        0 if below == 0 else 1 if below <= len(a) / 2 else 2,
        more="The gradients of eᵃ / Σeᵃ sum to 0 and training starts at 0, so the learned a sum to 0.",
    )


def _shifted(data: ActiveData, case: WeightCase) -> Verdict:
    found, shift = ways(data, case), SHIFT.value(data)
    changes = {
        form: float(np.abs(step.weights - weight_step(form, case.learned, case).weights).max())
        for form, (step, _) in found.items()
    }
    same = tuple(at for at, form in enumerate(NAMES) if changes[form] < 1e-9)  # not a number: not the same
    share, exp = found["share"][0], found["exp"][0]
    told = "e to the power of a + 0.1 is a multiple of e to the power of a, which the sum divides out."
    if not np.isfinite(share.loss):
        return Verdict(f"{told} Σa is 0 still, so that a / Σa is not defined.", same)
    return Verdict(
        f"{told} a / Σa divides by {size(share.total)} now: its weights go from {size(float(share.weights.min()))} to "
        f"{size(float(share.weights.max()))}.",
        same,
        more=f"Largest |∂L/∂a| of a / Σa **{size(float(np.abs(share.gradient).max()))}** against "
        f"{size(float(np.abs(exp.gradient).max()))} of eᵃ / Σeᵃ. Σa is {len(case.learned)} times {shift:g}.",
    )


def _begins(data: ActiveData, case: WeightCase) -> Verdict:
    found = ways(data, case)
    plain_step, exp = found["plain"][0], found["exp"][0]
    steps = [found[form][0] for form in NAMES]
    right = tuple(at for at, one in enumerate(steps) if np.isfinite(one.loss) and np.abs(one.reach).max() > 0)
    return Verdict(
        f"a / Σa is 0 / 0. With plain a the vector is 0 and the largest |∂L/∂W| is "
        f"{float(np.abs(plain_step.reach).max()):g}. **eᵃ / Σeᵃ** starts as the plain average, every weight "
        f"{exp.weights[0]:.3f}.",
        right,
        more=f"With plain a, a itself does learn: largest |∂L/∂a| {size(float(np.abs(plain_step.gradient).max()))}.",
    )


def _descends(data: ActiveData, case: WeightCase) -> Verdict:
    paths = {form: path for form, (_, path) in ways(data, case).items()}
    right = tuple(at for at, form in enumerate(NAMES) if paths[form].last >= 0 and not paths[form].flips)
    told = [f"{NAMES[form]}: {path.flips} of {len(case.learned)}" for form, path in paths.items()]
    plain_end, exp_end = (path.losses[path.last] for path in (paths["plain"], paths["exp"]))
    lower = (
        " The lower loss of plain a is no merit of a mean: H grows longer, to fit these contexts and this noise alone."
        if plain_end < exp_end
        else ""
    )
    ends = "; ".join(f"{NAMES[form]}: {_ends(path)}" for form, path in paths.items())
    return Verdict(f"Weights below 0 at some step: {'; '.join(told)}.", right or None, more=f"{ends}.{lower}")


def _ends(path: WeightPath) -> str:
    last = path.last
    if last < 0:
        return "no first step"
    return f"loss {path.losses[0]:.2f} → {path.losses[last]:.2f}, |H| {path.lengths[0]:.2f} → {path.lengths[last]:.2f}"


WORDS = (
    "EGES could weigh an item's embeddings in other ways. **Plain a**, H = Σ aʲWʲ: a weight of 0 cuts its embedding "
    "off from every gradient, ∂L/∂Wʲ = aʲ·g with g = ∂L/∂H, and below 0 it sends it the wrong way; nothing keeps H at "
    "the size of its parts. **a / Σa** sums to 1, but its gradient, ∂L/∂aʲ = g·(Wʲ − H) / Σa, is divided by a sum that "
    "may be small, 0, or change its sign. **eᵃ / Σeᵃ**: every weight above 0, their sum 1, and ∂L/∂aʲ = wʲ g·(Wʲ − H), "
    "which goes to 0 with the weight itself and sums to 0 over j. That is what Alibaba's model uses (Wang et al. 2018)."
    "\n\n"
    "**Larger learning rate**: what can break does so sooner. **Another seed**: other noise items. The numbers are the "
    "trained model's own: embeddings, contexts by the heaviest edges, five noise items each, drawn by count⁰·⁷⁵; L is "
    "the mean over the contexts."
)


def python_lines(data: ActiveData, shown: Shown) -> tuple[list[str], list[str]]:
    """(lines, imports) of the three forms at the start, and after their descent."""
    try:
        case = case_of(data, shown)
    except UsageError:
        return ["print(graph.strength)"], []
    start, shift = START.value(data), SHIFT.value(data)
    numbers = {
        "weights": "numbers_for(form, form_weights('exp', case.learned))",
        "learned": "case.learned",
        "zero": f"np.zeros({len(case.learned)})",
    }[start]
    return [
        f"row = graph.items.row({quoted(shown.graph.items[shown.row])})",
        f"case = weight_case(vectors, graph, row, seed={session.seed()})",
        "found = {}",
        "for form in FORMS:",
        f"    a = {numbers} + {shift:g}",
        f"    path = descend(form, a, case, rate={RATE.value(data):g}, steps={STEPS.value(data)})",
        "    found[form] = weight_step(form, a, case), path",
        "    print(form, found[form][0].weights, found[form][0].gradient, path.losses[-1], path.broke)",
    ], [
        *(["import numpy as np"] if start == "zero" else []),
        "from recemb_core.embeddings.weight_forms import FORMS, descend, form_weights, numbers_for, weight_case, "
        "weight_step",
    ]
