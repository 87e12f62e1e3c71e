"""How often vector arithmetic is right: every analogy that the data's fields can ask, model by model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import model_results, results
from pages.kit.allowed import Options
from pages.kit.controls import NOT_KNOWN
from pages.kit.model_jobs import Entry
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain_field
from pages.views.neighbors.compared import NEIGHBORS_PAGE, Compared
from recemb_core import precomputed
from recemb_core.arrays import AnyArray
from recemb_core.brought import BroughtVectors
from recemb_core.embeddings import MODELS, ItemVectors
from recemb_core.evaluation.analogies import Analogies, AnalogyReport, How, every_analogy
from recemb_core.evaluation.analogy_study import LISTS, fields_fingerprint, joint_level, report_both
from recemb_core.item_graph import ItemGraph

QUESTION, ASKING = 1e-5, 5e-10  # seconds: an item by pair of fields, a number of a question
Pair = tuple[AnalogyReport, ...]  # of the first answer and of the first five
Reports = dict[str, Pair]  # by model
HOW = {"add": "3CosAdd", "mul": "3CosMul"}
SUM = Parameter(
    NEIGHBORS_PAGE,
    "sum",
    "Score",
    Options(HOW, row=True),
    "add",
    help="3CosAdd: cosine with the sum of the vectors. 3CosMul: product of the similarities, divided by those to leave "
    "out, so that no single one outweighs the others.",
)
STEP = Parameter(
    NEIGHBORS_PAGE,
    "step",
    "What steps",
    Options(shown=field_words),
    help="The field that differs between the first two items of a question; everything held is alike.",
)


def _fields(data: ActiveData, graph: ItemGraph) -> dict[str, AnyArray]:
    """The data's fields of every item of the graph, None where one is missing."""
    rows = [data.items.row(item) for item in graph.items]
    return {
        name: np.array([None if value == NOT_KNOWN else value for value in values[rows].tolist()], dtype=object)
        for name, values in data.fields.items()
    }


def _of_fields(data: ActiveData, graph: ItemGraph) -> str:
    """The hash of these fields."""
    key = ("fields of items", data.fingerprint, graph.fingerprint)
    found: str = results.remember(data, key, lambda: fields_fingerprint(_fields(data, graph)))
    return found


def questions(data: ActiveData, graph: ItemGraph) -> dict[str, Analogies]:
    """Field that steps → questions, for every field of which the data has some."""
    key = ("analogies", data.fingerprint, graph.fingerprint)
    ready: dict[str, Analogies] | None = results.ready(
        data, key, lambda: precomputed.load_questions(_of_fields(data, graph))
    )
    if ready is not None:
        return ready
    fields = _fields(data, graph)
    found: dict[str, Analogies] = results.compute(
        data,
        key,
        every_analogy,
        fields,
        seconds=QUESTION * len(graph) * len(fields) ** 2,
        what="the questions that the fields can ask",
    )
    return found


def step_bound(data: ActiveData, asked: dict[str, Analogies]) -> Bound:
    """The field that steps: the planted role where there is one, else that of most questions."""
    best = "role" if "role" in asked else max(asked, key=lambda name: asked[name].there)
    return STEP.bind(data, default=best, among=list(asked))


def measured(found: Compared, one: Entry, asked: Analogies, how: How, level: float) -> Pair:
    """Of one model, its first answer and its first five: bundled, of the store, or computed now."""
    assert one.vectors is not None
    data, graph, vectors = found.data, found.graph, one.vectors.vectors
    key = ("analogy", data.fingerprint, graph.fingerprint, one.config, asked.step, asked.held, how, level)

    def load() -> Pair | None:
        if how != "add" or data.uploaded or isinstance(one.vectors, BroughtVectors):
            return None
        source = model_results.source_of(data, one.config, graph)
        return (precomputed.load_analogies(source, one.config, _of_fields(data, graph), level) or {}).get(asked.step)

    ready = results.ready(data, key, load)
    if ready is not None:
        return ready
    reports: Pair = results.compute(
        data,
        key,
        report_both,
        vectors,
        asked,
        how=how,
        level=level,
        seconds=ASKING * len(LISTS) * len(asked) * len(vectors) * (vectors.shape[1] + 200),
        what=f"how often sums of {one.label} are right",
    )
    return reports


def able(found: Compared) -> list[Entry]:
    """Models that can be asked: trained, with a vector of every item."""
    return [one for one in found.entries if one.vectors is not None and not _partial(one.vectors)]


def _partial(vectors: ItemVectors) -> bool:
    return isinstance(vectors, BroughtVectors) and not bool(vectors.known.all())


def reports(found: Compared) -> tuple[Analogies | None, Reports]:
    """(questions in use, model → reports of the first answer and of the first five)."""
    data = found.data
    every = questions(data, found.graph)
    entries = able(found)
    if not every or not entries:
        return None, {}
    asked, how = every[step_bound(data, every).value], SUM.value(data)
    level = joint_level(len(entries))  # all intervals of the table together
    return asked, {one.label: measured(found, one, asked, how, level) for one in entries if len(found.graph) > 3}


def carrying(of: Reports) -> tuple[list[str], list[str], int]:
    """(models in which the step helps beyond noise, in which it harms, how many can be said)."""
    known = {name: first.gain for name, (first, _) in of.items() if np.isfinite(first.gain.low)}
    up = [name for name, gain in known.items() if gain.low > 0]
    return up, [name for name, gain in known.items() if gain.high < 0], len(known)


def verdict(of: Reports) -> str:
    """Whose steps carry something: whose first answer is right oftener than the nearest item to C, beyond noise."""
    up, down, known = carrying(of)
    if not known:
        return "All questions have one target, so the noise is not known."
    told = (
        f"The step carries something in {listed(up)}: adding it is right oftener than just naming what is nearest to C."
        if up
        else "**Offsets carry nothing here**: in no model is the answer right oftener than what is nearest to C."
    )
    if down:
        told += f" In {listed(down)} the step makes it worse."
    given = [name for name in of if name in MODELS and "side_info" in MODELS[name].needs]
    if given and set(given) & {*up, *down}:
        told += f" {listed(given)} got these fields as input: their vectors are made of them."
    return told


def listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def rates_section(found: Compared) -> None:
    st.subheader("How often is such an answer right?", anchor=False)
    data = found.data
    every = questions(data, found.graph)
    if not every:
        st.info(
            "This data asks no such question: it needs fields (brand, size, category …) in which two pairs of items "
            "take the same step while all else is alike."
        )
        return
    asked, of = reports(found)
    if asked is None or not of:
        st.caption("The models are not trained yet.")
        return
    st.markdown(verdict(of))
    number, share = st.column_config.NumberColumn, "%.1f%%"
    st.dataframe(
        table(of),
        hide_index=True,
        height=38 + 35 * len(of),
        column_config={
            "Right, first": number(format=share, help="Share of questions whose first answer is right."),
            "Right, of 5": number(format=share, help="A right item is among the first five."),
            "Nearest to C": number(format=share, help="The item nearest to C is right, without any sum."),
            "By chance": number(format=share, help="A blind draw is right."),
            "Gain": st.column_config.TextColumn(help="Right by the sum less right by what is nearest to C."),
            "Gives back": number(format=share, help="Nothing left out, the answer is A, B or C itself."),
        },
    )
    first, step = next(iter(of.values()))[0], plain_field(asked.step)
    held = ", ".join(plain_field(name) for name in asked.held)
    drawn = "" if len(asked) == asked.there else f" (of {asked.there:,}, drawn at random)"
    st.caption(
        f"{len(asked):,} questions{drawn}: A and B differ in {step} and are alike in {held}; C has B's {step} and "
        f"another {held}; right is every item with A's {step} and the rest of C. Intervals of the gain hold for all "
        f"{len(of)} models together with 95%, over {first.groups:,} targets; one seed of each model."
    )


def table(of: Reports) -> dict[str, list[Any]]:
    """Columns of the table."""
    first, five = [pair[0] for pair in of.values()], [pair[1] for pair in of.values()]
    gains = [one.gain for one in first]
    return {
        "Model": list(of),
        "Right, first": [100 * one.accuracy.value for one in first],
        "Nearest to C": [100 * one.nearest.value for one in first],
        "Gain": [
            f"{gain.value:+.1%} ({gain.low:+.1%} to {gain.high:+.1%})".replace("-", "−")
            if np.isfinite(gain.low)
            else f"{gain.value:+.1%}".replace("-", "−")
            for gain in gains
        ],
        "Right, of 5": [100 * one.accuracy.value for one in five],
        "By chance": [100 * one.chance for one in first],
        "Gives back": [100 * one.given_back for one in first],
    }
