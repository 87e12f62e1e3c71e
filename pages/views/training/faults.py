"""Training, view of item2vec: its three faults, each on what shows it most in this log."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, graph_controls, jobs, model_results, results, session
from pages.kit.answer_words import counted, number
from pages.kit.jobs import Job
from pages.kit.model_controls import in_python
from pages.kit.text import plain
from pages.views.training.lesson import Lesson, beside
from recemb_core.embeddings import ItemVectors, comparison_defaults
from recemb_core.embeddings.registry import python_call
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.fault_examples import FaultExamples, fault_examples
from recemb_core.experiments.item2vec_faults import Lean
from recemb_core.experiments.never_together import NeverTogether, cosines, told_apart
from recemb_core.item_graph import ItemGraph

MODELS = ("item2vec", "EGES")  # one without side information, one with
EACH_EVENT = 3e-6  # seconds of the search, about


def examples(lesson: Lesson) -> FaultExamples:
    """What was found in the log, once."""
    sequences, side = lesson.sequences, lesson.data.side_info
    key = ("fault examples", lesson.data.fingerprint)
    found: FaultExamples = results.compute(
        lesson.data,
        key,
        fault_examples,
        sequences,
        side,
        seconds=EACH_EVENT * len(sequences.tokens),
        what="examples in the log",
    )
    return found


def faults_section(lesson: Lesson) -> None:
    """Three columns, a fault each."""
    found = examples(lesson)
    st.markdown("**What a set does not see**, on what shows it most in this log")
    for column, (head, lines) in zip(
        beside("three-faults", (1, 1, 1), "15rem"),
        {
            "1 · Order and time": order_words(lesson, found),
            "2 · Strength": strength_words(lesson, found),
            "3 · Side information": side_words(lesson, found),
        }.items(),
        strict=True,
    ):
        with column.container(border=True):
            st.markdown(f"**{head}**\n\n" + "\n".join(f"- {line}" for line in lines))


# --- order and time ---


def p_words(p: float) -> str:
    """A p value as it is written beside a number."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def _name(lesson: Lesson, row: int) -> str:
    return f"*{plain(lesson.data.titles[row])}*"


def order_words(lesson: Lesson, found: FaultExamples) -> list[str]:
    """The first fault: what is beside what, before what, and when."""
    told, unit = [], lesson.unit
    if not lesson.sequences.ordered:
        told.append("A basket has no order inside, so there is none to lose.")
    elif found.beside is None:
        told.append(f"No two pairs of this log that as many {unit}s hold differ in standing side by side.")
    else:
        one = found.beside
        (a, b), (c, d) = ((_name(lesson, row) for row in pair) for pair in (one.near, one.far))
        verdict = f"{p_words(one.p_value)}, corrected for {one.pairs:,} pairs"
        sure = verdict if one.beyond_chance else f"{verdict}: it may be chance"
        told.append(
            f"{one.sequences:,} {unit}s hold {a} and {b}; they stand side by side in **{one.near_times:,}** of them. "
            f"As many hold {c} and {d}, side by side in **{one.far_times:,}** (all pairs: {one.share:.0%}; {sure}). A "
            f"set trains both pairs {one.sequences:,} times each way."
        )
    if lesson.sequences.ordered:
        told.append(direction_words(lesson, found.direction))
    told.append(time_words(lesson, found.time))
    return told


def direction_words(lesson: Lesson, one: Lean | None) -> str:
    """The pair that is taken most one-sidedly, or that there is none beyond chance."""
    if one is None:
        return "No item of this log is ever followed by another."
    a, b = _name(lesson, one.first), _name(lesson, one.second)
    seen = f"{a} comes directly before {b} **{one.one:,}** times, after it **{one.other:,}**"
    if one.beyond_chance:
        return (
            f"{seen} ({p_words(one.p_value)}, corrected for {one.pairs:,} pairs). A set trains both directions alike."
        )
    if one.pairs == 1:
        return f"No direction to lose, for there is one pair to look at: {seen} ({p_words(one.p_value)})."
    return (
        f"No direction to lose: none of the {one.pairs:,} pairs that follow each other goes one way beyond chance. "
        f"Most so: {seen} ({p_words(one.p_value)}, corrected)."
    )


def time_words(lesson: Lesson, one: Lean | None) -> str:
    """The pair that changed most with time, or that there is none beyond chance."""
    if one is None:
        return "The log has no times, so nothing can be said of early and late."
    a, b = _name(lesson, one.first), _name(lesson, one.second)
    seen = f"{a} with {b}: **{one.one:,}** {lesson.unit}s in the first half of the log, **{one.other:,}** in the second"
    if one.beyond_chance:
        return (
            f"{seen} ({p_words(one.p_value)}, corrected for {one.pairs:,} pairs). item2vec trains all "
            f"{one.one + one.other:,} as of one day."
        )
    if one.pairs == 1:
        return f"No change with time to lose, for there is one pair to look at: {seen} ({p_words(one.p_value)})."
    return (
        f"No change with time to lose: none of {one.pairs:,} pairs differs between the halves of the log beyond "
        f"chance. Most so: {seen} ({p_words(one.p_value)}, corrected)."
    )


# --- strength ---


def strength_words(lesson: Lesson, found: FaultExamples) -> list[str]:
    """The second fault: weights, repeats, and how loosely a large set belongs together."""
    told, unit = [], lesson.unit
    for one in found.strength:
        a, b = _name(lesson, one.strong), _name(lesson, one.weak)
        where = f"{unit.capitalize()} No. {one.sequence + 1:,}"
        if one.kind == "weights":
            told.append(
                f"{where} has {a} with weight **{one.most:,g}**, {b} with **{one.least:,g}**. A set has both once."
            )
        else:
            told.append(
                f"{where} has {a} **{counted(one.most, 'time')}**, {b} **{counted(one.least, 'time')}**. A set has "
                f"both once, with the same pairs. Of all events {one.share:.0%} are such repeats, which it drops."
            )
    if not any(one.kind == "repeats" for one in found.strength):
        told.append(f"No {unit} has an item twice: there are no repeats to lose.")
    if not any(one.kind == "weights" for one in found.strength):
        told.append("The log has no weights that differ (amounts, seconds of looking): there is nothing more to lose.")
    if found.sizes is not None:
        size = found.sizes
        told.append(
            f"All pairs weigh alike, however loosely they belong together: the largest {unit} (No. "
            f"{size.sequence + 1:,}, {size.largest} items) has **{size.times:,.0f} times** the pairs of one of "
            f"{size.median}, the median. The tenth of the {unit}s with most items has **{size.share:.0%}** of "
            "all pairs."
        )
    return told


# --- side information ---


def configs(lesson: Lesson) -> tuple[ItemGraph, dict[str, Any]]:
    """(the graph that is walked, name → defaults for this data) of the two models."""
    data = lesson.data
    _, graph = graph_controls.walked_graph(data, graph_controls.graph_settings(data))
    known = comparison_defaults(data.sequences, graph, data.side_info, session.seed())
    return graph, {name: known[name] for name in MODELS if name in known}


def models(lesson: Lesson, *, asked: bool = True) -> dict[str, ItemVectors] | None:
    """Both models with their defaults, trained once; None until they are, or after Stop; ``asked``: train them."""
    data = lesson.data
    graph, wanted = configs(lesson)

    def every(report: jobs.Progress) -> dict[str, ItemVectors]:
        return {
            name: model_results.model_vectors(
                data, config, jobs.part(report, place, len(wanted), f"{name}, {{stage}}"), graph=graph
            )
            for place, (name, config) in enumerate(wanted.items())
        }

    there = all(model_results.has_model(data, config, graph=graph) for config in wanted.values())
    if not asked:
        return every(lambda fraction, stage: None) if there else None
    job = Job(
        ("fault models", data.fingerprint, graph.fingerprint, *wanted.values()),
        " and ".join(wanted),
        sum(model_results.model_seconds(data, config, len(graph)) for config in wanted.values()),
        every,
    )
    return jobs.result(
        data,
        "fault models",
        job,
        ready=lambda identity: every(lambda fraction, stage: None) if there and identity == job.identity else None,
        verb="Train",
        stale=None,
        waiting="item2vec and EGES, with their defaults, are not trained on this log yet.",
    )[0]


def rates(lesson: Lesson, pairs: NeverTogether, trained: dict[str, ItemVectors]) -> dict[str, Estimate | None]:
    """Model → how often an alike pair is nearer than one that is not."""
    key = ("told apart", lesson.data.fingerprint, *(str(one.config) for one in trained.values()))
    found: dict[str, Estimate | None] = results.remember(
        lesson.data, key, lambda: {name: told_apart(one, pairs) for name, one in trained.items()}
    )
    return found


def side_words(lesson: Lesson, found: FaultExamples) -> list[str]:
    """The third fault: items that are alike and were never in one sequence."""
    pairs, unit = found.apart, lesson.unit
    if not lesson.data.side_fields:
        return [
            "This data says nothing of its items but their names, so there is nothing that item2vec could have used."
        ]
    if pairs is None:
        return [f"No two items that were seen five times, never in one {unit}, share a value of any field."]
    a, b = pairs.first, pairs.second
    counts = lesson.sequences.counts
    told = [
        f"{_name(lesson, a)} and {_name(lesson, b)} share **{pairs.shared} of {pairs.fields}** fields. They were seen "
        f"{counts[a]:,} and {counts[b]:,} times, **never in one {unit}**: item2vec has no pair of them."
    ]
    trained = models(lesson)
    if trained is None:
        return told
    cosine = {
        name: (
            float(cosines(one.vectors.astype(np.float64), np.array([[a, b]]))[0]),
            _place(one, lesson.data.items[a], a, b),
        )
        for name, one in trained.items()
    }
    others = len(lesson.data.items) - 1
    listed = "; ".join(f"{name} {number(value)}, place {place:,}" for name, (value, place) in cosine.items())
    told.append(f"Cosine of the two, and the place of the second among the {others:,} others: {listed}.")
    told.append(rate_words(lesson, pairs, trained))
    return told


def _place(model: ItemVectors, item: str, a: int, b: int) -> int:
    scores = model.scores(item)
    return 1 + int((np.delete(scores, a) > scores[b]).sum())


def rate_words(lesson: Lesson, pairs: NeverTogether, trained: dict[str, ItemVectors]) -> str:
    """How often each model puts a pair that is alike before one that is not."""
    found = {name: one for name, one in rates(lesson, pairs, trained).items() if one is not None}
    if not found:
        return "None of these pairs, or all, share more than half of the fields, so there is nothing to tell apart."
    listed = ", ".join(
        f"{name} in **{one.value:.0%}** (95%: {one.low:.0%} to {one.high:.0%})" for name, one in found.items()
    )
    text = (
        f"Of {pairs.found:,} such pairs that share more than half of the fields, {len(pairs.alike):,} held against "
        f"{len(pairs.unlike):,} that share less: the alike one has the higher cosine by {listed}; chance is 50%."
    )
    if len(found) < 2:
        return text
    without, knows = found[MODELS[0]], found[MODELS[1]]
    if knows.low > without.high:
        return f"{text} The fields tell EGES more than the clicks alone tell item2vec."
    if knows.high < without.low:
        return f"{text} Here the clicks alone tell more than EGES with the fields."
    return f"{text} The two intervals meet: here the clicks alone say as much."


def in_lines(lesson: Lesson) -> tuple[list[str], list[str]]:
    """(imports, lines) that load the log, find the same examples, and judge both models where there are pairs."""
    data = lesson.data
    imports = ["from recemb_core.experiments.fault_examples import fault_examples"]
    if not data.side_fields:
        return [*frame.import_lines(data, always=True), *imports], [
            *frame.load_lines(data, always=True),
            "found = fault_examples(sequences)",
            "print(found)",
        ]
    _, wanted = configs(lesson)
    more, lines = in_python(data, graph_controls.graph_settings(data), list(wanted.values()))
    return [*more, *imports, "from recemb_core.experiments.never_together import told_apart"], [
        *lines,
        "found = fault_examples(sequences, side_info)",
        "print(found)",
        "if found.apart is not None:",
        f"    for train in ({', '.join(f'lambda: {python_call(config)}' for config in wanted.values())}):",
        "        print(told_apart(train(), found.apart))",
    ]
