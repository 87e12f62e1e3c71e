"""The view of why e^a: plain a, a / Σa and e^a / Σe^a on one item's real numbers, with their gradients."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, results, session
from pages.kit.allowed import Options, Span, Steps
from pages.kit.answer_words import counted, number
from pages.kit.live_chart import live_chart
from pages.kit.number_table import number_table
from pages.kit.parameters import Parameter
from pages.kit.session import ActiveData
from pages.kit.stage import Old as Experiment
from pages.kit.text import field_words, plain, quoted, sentence
from pages.views.side_information.shown import SIDE_INFORMATION_PAGE, Shown
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


def forms_section(data: ActiveData, shown: Shown) -> None:
    """Controls in a row; the three forms beside each other: the way of the weights, and the first step in numbers."""
    columns = frame.figure_columns("form-controls", 4, narrowest="11rem")
    parameters: tuple[Parameter[Any], ...] = (START, SHIFT, RATE, STEPS)
    for column, parameter in zip(columns, parameters, strict=True):
        parameter.draw(data, column)
    try:
        case = case_of(data, shown)
    except UsageError as error:
        st.info(sentence(error))
        return
    names = [field_words(shown.names[int(column)]) for column in case.columns]
    found = ways(data, case)
    contexts = int(case.labels.sum())
    st.markdown(
        f"**{plain(data.titles[shown.row])}**: {counted(len(names), 'embedding')}, scored by "
        f"{counted(contexts, 'context')} of the graph and {counted(len(case.labels) - contexts, 'noise item')}"
    )
    dots = (f"<span style='color:{weight_color(j)}'>●</span> {escape(name)}" for j, name in enumerate(names))
    st.html(f"<div style='font-size:.875rem'>{' &nbsp; '.join(dots)}</div>")
    for column, (form, (step, path)) in zip(
        frame.side_by_side("three-forms", (1, 1, 1), "15rem"), found.items(), strict=True
    ):
        with column:
            st.markdown(f"**w = {NAMES[form]}**")
            figure = weight_paths_figure(path.weights, names, form=NAMES[form])
            live_chart(figure, key=f"weights {form}@{data.key}", height=230, glide=False)
            st.html(_table(names, start_of(data, case, form), step))
            st.markdown("\n".join(f"- {line}" for line in in_words(form, step, path)))


def _table(names: list[str], a: Float64Array, step: WeightStep) -> str:
    short = [name if len(name) <= 16 else f"{name[:15]}…" for name in names]
    if not np.isfinite(step.loss):
        return number_table(["at the start", "a"], [(name, a[[j]]) for j, name in enumerate(short)], digits=2)
    rows = [(name, np.array([a[j], step.weights[j], step.gradient[j]])) for j, name in enumerate(short)]
    return number_table(["at the start", "a", "w", "∂L/∂a"], rows, digits=2)


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


def experiments(data: ActiveData, shown: Shown) -> list[Experiment]:
    """Predictions of this view."""
    learned = {"side": "forms", "form_start": "learned"}
    return [
        (
            "The a that EGES learned, taken as weights themselves. **How many of them are below 0?**",
            lambda: _answer(data, shown, _signs),
            {**learned, "form_shift": 0.0},
        ),
        (
            "0.1 added to every a. **Which of the three gets other weights?**",
            lambda: _answer(data, shown, _shifted),
            {**learned, "form_shift": 0.1},
        ),
        (
            "Training starts with every a at 0. **Which of the three can begin?**",
            lambda: _answer(data, shown, _begins),
            {"side": "forms", "form_start": "zero", "form_shift": 0.0},
        ),
        (
            "All three start with the same weights, and descend. **Which keeps them above 0?**",
            lambda: _answer(data, shown, _descends),
            {"side": "forms", "form_start": "weights", "form_shift": 0.0, "form_steps": 200},
        ),
    ]


def _answer(data: ActiveData, shown: Shown, say: object) -> str:
    try:
        case = case_of(data, shown)
    except UsageError as error:
        return sentence(error)
    assert callable(say)
    return str(say(data, case))


def _signs(data: ActiveData, case: WeightCase) -> str:
    a = start_of(data, case, "plain")
    found = ways(data, case)
    share = found["share"][0]
    total = f"{size(share.total)}" if share.total else "0 (up to rounding)"
    return (
        f"**{int((a < 0).sum())} of {len(a)}**. Their sum is {total}, since the gradients of eᵃ / Σeᵃ sum to 0 and "
        f"training starts at 0: a / Σa {'divides by it' if share.total else 'is not defined'}. As eᵃ / Σeᵃ the same "
        f"numbers are weights from {found['exp'][0].weights.min():.3f} to {found['exp'][0].weights.max():.3f}."
    )


def _shifted(data: ActiveData, case: WeightCase) -> str:
    found, shift = ways(data, case), SHIFT.value(data)
    moved = weight_step("exp", case.learned, case)
    change = float(np.abs(found["exp"][0].weights - moved.weights).max())
    share = found["share"][0]
    told = f"a and a / Σa do. eᵃ / Σeᵃ changes by {size(change) if change > 1e-12 else '**0**'}"
    if not np.isfinite(share.loss):
        return f"{told}. Σa is 0 still, so that a / Σa is not defined."
    return (
        f"{told}. Σa is now {size(share.total)} ({len(case.learned)} times {shift:g}), and a / Σa divides by it: "
        f"weights from {size(float(share.weights.min()))} to {size(float(share.weights.max()))}, the largest |∂L/∂a| "
        f"**{size(float(np.abs(share.gradient).max()))}** against "
        f"{size(float(np.abs(found['exp'][0].gradient).max()))}."
    )


def _begins(data: ActiveData, case: WeightCase) -> str:
    found = ways(data, case)
    plain_step, exp = found["plain"][0], found["exp"][0]
    reach = float(np.abs(plain_step.reach).max())
    return (
        f"a / Σa cannot: 0 / 0. With plain a the vector H is 0 (length {np.linalg.norm(plain_step.hidden):g}) and no "
        f"embedding learns (largest |∂L/∂W| {reach:g}), though a itself does (largest |∂L/∂a| "
        f"{size(float(np.abs(plain_step.gradient).max()))}). **eᵃ / Σeᵃ** starts as the plain average, every weight "
        f"{exp.weights[0]:.3f}."
    )


def _descends(data: ActiveData, case: WeightCase) -> str:
    paths = {form: path for form, (_, path) in ways(data, case).items()}
    told = [
        f"{NAMES[form]}: {path.flips} of {len(case.learned)} below 0 at some step, {_ends(path)}"
        for form, path in paths.items()
    ]
    plain_end, exp_end = (path.losses[path.last] for path in (paths["plain"], paths["exp"]))
    lower = (
        " The lower loss of plain a is no merit of a mean: H grows longer, to fit these contexts and this noise alone."
        if plain_end < exp_end
        else ""
    )
    return f"**eᵃ / Σeᵃ** always. {'; '.join(told)}.{lower}"


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
