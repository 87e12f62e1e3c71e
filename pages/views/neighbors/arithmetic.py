"""Arithmetic with item vectors: A − B + C, or what goes with a basket, and how often such answers are right here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.kit import controls, frame, large, session, stage
from pages.kit.allowed import Options, Several
from pages.kit.answer_words import signed
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.model_jobs import Entry
from pages.kit.parameters import Bound, Parameter
from pages.kit.session import ActiveData
from pages.kit.text import plain, plain_field, quoted
from pages.views.neighbors.analogy_rates import (
    SUM,
    carrying,
    listed,
    questions,
    rates_section,
    reports,
    step_bound,
    verdict,
)
from pages.views.neighbors.compared import NEIGHBORS_PAGE, Compared
from pages.views.neighbors.maps import map_job, on_map
from recemb_core.arrays import Float32Array, Float64Array
from recemb_core.brought import BroughtVectors
from recemb_core.evaluation.analogies import Analogies, How, Rate, arithmetic
from recemb_core.figures import theme
from recemb_core.figures.item_map import item_map_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.layouts import UMAPConfig

MOST_ITEMS = 10  # that go in on one side
LISTED = 5
ROOM = (1_600.0, 900.0)  # pixels that the names have: those of the map, of which only a part is shown
LEAST_SEEN = 0.3  # of the map's longer side, high
SUM_MODEL = Parameter(NEIGHBORS_PAGE, "sum_model", "Model", Options(), help="Whose vectors are added.")
PLUS = Parameter(
    NEIGHBORS_PAGE,
    "plus",
    "With",
    Several(least=1),
    help="Their vectors are added, each at length 1. Two here and one below: A − B + C. Several here and none below: "
    "what goes with this basket.",
)
MINUS = Parameter(NEIGHBORS_PAGE, "minus", "Without", Several(), help="Their vectors are taken off; may be empty.")


@dataclass(frozen=True, eq=False)
class Sum:
    """What is asked, of whom."""

    data: ActiveData
    graph: ItemGraph
    one: Entry
    plus: tuple[int, ...]
    minus: tuple[int, ...]
    how: How

    @property
    def given(self) -> tuple[int, ...]:
        """Rows that go in."""
        return (*self.plus, *self.minus)

    def scores(self) -> Float64Array:
        """(n,) of every item; −∞ without a vector."""
        assert self.one.vectors is not None
        found = arithmetic(self.one.vectors.vectors, self.plus, self.minus, how=self.how)
        if isinstance(self.one.vectors, BroughtVectors):
            found[~self.one.vectors.known] = -np.inf
        return found

    def answers(self, *, leave_out: bool = True) -> list[tuple[int, float]]:
        """The best rows with their scores."""
        scores = self.scores()
        if leave_out:
            scores[list(self.given)] = -np.inf
        order = np.argsort(-scores, kind="stable")[:LISTED]
        return [(int(row), float(scores[row])) for row in order if np.isfinite(scores[row])]


def first_question(data: ActiveData, graph: ItemGraph, asked: dict[str, Analogies]) -> tuple[list[str], list[str]]:
    """(with, without) that the view opens on: a question about the chosen item, else any, else two popular items."""
    chosen = graph.items.row(session.chosen_item(data))
    if asked:
        of = asked[step_bound(data, asked).value]
        own = np.flatnonzero(of.c == chosen)
        at = int(own[0]) if len(own) else 0
        return [graph.items[int(of.b[at])], graph.items[int(of.c[at])]], [graph.items[int(of.a[at])]]
    others = [item for item in session.items_by_popularity(data) if item != graph.items[chosen]]
    return [graph.items[chosen], *others[:1]], []


def bind(data: ActiveData, graph: ItemGraph, names: Sequence[str]) -> tuple[Bound, Bound, Bound]:
    """(model, with, without), bound without drawing anything."""
    plus, minus = first_question(data, graph, questions(data, graph))
    few = lambda items: len(items) <= MOST_ITEMS  # noqa: E731
    among = tuple(graph.items.ids)
    # Its sums are right most often on the planted shop; of many items it is long to make, and has no first look.
    best = "PPMI-SVD" if "PPMI-SVD" in names and not large.is_large(data) else names[0]
    return (
        SUM_MODEL.bind(data, default=best, among=names),
        PLUS.bind(data, default=plus, among=among, check=few),
        MINUS.bind(data, default=minus, among=among, check=few),
    )


def used(found: Compared) -> str:
    """The model whose vectors are added; "" where none can be trained."""
    names = [one.label for one in found.entries if one.state != "unavailable"]
    value: str = bind(found.data, found.graph, names)[0].value if names else ""
    return value


# --- the view ---


def section(found: Compared, numbers: Any, main: Any, side: Any) -> list[Job]:
    """The composer above its map; its answers in lists, and how often such questions are answered rightly."""
    data, graph = found.data, found.graph
    names = [one.label for one in found.entries if one.state != "unavailable"]
    if not names:
        main.info("No model can be trained on this data, so there is nothing to add.")
        return []
    whose, plus, minus = bind(data, graph, names)
    every = questions(data, graph)
    with side:
        if every:
            step_bound(data, every).draw()
        stage.try_this(data, experiments(found))
        model = whose.draw()
        how = SUM.draw(data)
        controls.reset_button(data)
    one = found.entries[[each.label for each in found.entries].index(model)]
    _numbers(found, model, numbers)
    todo: list[Job] = []
    with main:
        with stage.picture():
            left, right = frame.side_by_side("composer", (3, 2), "14rem")
            title = lambda item: data.title_of(item)  # noqa: E731
            offered = session.listed_items(data, session.chosen_item(data), *plus.value, *minus.value)
            for bound, place in ((plus, left), (minus, right)):
                words = f"{bound.parameter.help or ''}{session.listed_words(data)}" or None
                # In one line, for the sum below names them in full and the map needs the room.
                more = {"max_selections": MOST_ITEMS, "help": words, "wrap": False}
                bound.draw(place, offered=offered, format_func=title, **more)
            rows = [tuple(graph.items.row(item) for item in bound.value) for bound in (plus, minus)]
            asked = Sum(data, graph, one, rows[0], rows[1], how)
            ready = one.vectors is not None and bool(plus.value) and not _without_vector(asked)
            if one.vectors is None:
                st.caption(f"{model} is not trained yet.")
            elif not plus.value:
                st.info("Choose at least one item under *With*.")
            elif not ready:
                st.info(f"{model} has no vector of {_without_vector(asked)}. Choose other items.")
            else:
                st.markdown(_sentence(asked)[0])
                todo = _map(found, asked)
        if ready:
            st.markdown(_sentence(asked)[1])
            st.caption(f"{large.drawn_words(found.data)}{_map_words(asked)}")
            _lists(asked)
    rates_section(found)
    return todo


def _numbers(found: Compared, model: str, place: Any) -> None:
    """How often the chosen model's sums are right."""
    _, of = reports(found)
    if model not in of:
        return
    first, five = of[model]
    gain = first.gain
    bounds = _bounds(gain)
    frame.metrics(
        [
            ("Right by the sum", f"{first.accuracy.value:.1%}", f"Of {first.groups:,} targets' questions, {model}."),
            ("Nearest to C is right", f"{first.nearest.value:.1%}", "Without any sum."),
            (
                "The step adds",
                f"{gain.value:+.1%}".replace("-", "−"),
                f"Right by the sum less right by what is nearest to C{bounds}; the interval holds for all models of "
                "the table together with 95%.",
            ),
            ("By chance", f"{first.chance:.1%}", f"A blind draw. Among the first five {five.accuracy.value:.1%}."),
        ],
        place,
    )


def _without_vector(asked: Sum) -> str:
    vectors = asked.one.vectors
    if not isinstance(vectors, BroughtVectors):
        return ""
    return ", ".join(
        plain(asked.data.title_of(asked.graph.items[row])) for row in asked.given if not vectors.known[row]
    )


def _title(asked: Sum, row: int) -> str:
    return str(asked.data.title_of(asked.graph.items[row]))


def _sentence(asked: Sum) -> tuple[str, str]:
    """(what is asked and what comes of it, what other questions would give)."""
    best, free = asked.answers(), asked.answers(leave_out=False)
    own = Sum(asked.data, asked.graph, asked.one, asked.plus[-1:], (), "add").answers()
    named = lambda found: f"**{plain(_title(asked, found[0][0]))}**" if found else "none"  # noqa: E731
    parts = [plain(_title(asked, row)) for row in asked.plus]
    signs = [f" − {plain(_title(asked, row))}" for row in asked.minus]
    asks = parts[0] + "".join(signs) + "".join(f" + {part}" for part in parts[1:])
    inside = " (it went in)" if free and free[0][0] in asked.given else ""
    return f"{asks} → :red[{named(best)}]", (
        f"With nothing left out: {named(free)}{inside}. Nearest to {parts[-1]} alone: {named(own)}."
    )


def _map(found: Compared, asked: Sum) -> list[Job]:
    data, graph, one = asked.data, asked.graph, asked.one
    umap = controls.umap_config(data, len(graph), draw=False)
    job = map_job(data, graph, one, umap)
    if job is not None:
        st.caption("The map is being drawn.")
        return [job]
    _draw_map(found, asked, umap)
    return []


def _draw_map(found: Compared, asked: Sum, umap: UMAPConfig) -> None:
    data, graph, one = asked.data, asked.graph, asked.one
    best = [row for row, _ in asked.answers()]
    rows, positions = on_map(found, one, umap, (*best, *asked.given))
    place = {int(row): positions[at] for at, row in enumerate(rows)}
    color = controls.labellings(data, graph)[0]
    figure = item_map_figure(
        positions,
        [graph.items[int(row)] for row in rows],
        [data.titles[int(row)] for row in rows],
        color_by=color.values[rows],
        color_title=color.words,
        size=np.sqrt(found.settings.counts[rows]),
        chosen=graph.items[best[0]] if best else None,
        highlighted=[graph.items[row] for row in asked.given],
        highlighted_title="went in",
        labels=[graph.items[row] for row in (*best[:1], *asked.given)],
        room=ROOM,
        named=f"arithmetic with {one.label}",
    )
    arrows = _arrows(asked, best)
    figure.update_layout(
        title_text=None,
        showlegend=False,  # its colors are under the button, and what is ringed is named
        **_window(positions, np.array([place[row] for row in (*best[:1], *asked.given)])),
        annotations=[
            *figure.layout.annotations,
            *(theme.arrow(tuple(place[a]), tuple(place[b]), arrowcolor=theme.CHOSEN, standoff=5) for a, b in arrows),
        ],
    )
    choose = lambda item: session.pick(data, item)  # noqa: E731
    above = 365 if len(asked.plus) <= 5 else 390  # a longer sentence above it
    live_chart(figure, key=f"arithmetic map@{data.key}", height=250, above=above, on_click=choose)


def _window(positions: Float32Array, asked: Float32Array) -> dict[str, Any]:
    """The ranges of the axes: where the question lies, with room for names; on the whole map nothing is told apart."""
    whole = np.ptp(positions, axis=0)
    middle = (asked.min(axis=0) + asked.max(axis=0)) / 2
    half = np.maximum(0.7 * np.ptp(asked, axis=0), LEAST_SEEN / 2 * whole.max())
    ranges = np.stack([middle - half, middle + half], axis=1).tolist()
    return {"xaxis_range": ranges[0], "yaxis_range": ranges[1]}


def _map_words(asked: Sum) -> str:
    went = "Arrows: the step that is taken off and put on, and the same step from the last item to the answer."
    basket = "Arrows: from what goes in to the answer."
    return (
        f"{went if asked.minus else basket} The map shows where the question lies, a double click all of it. Places "
        "are UMAP's, which keeps neighborhoods and not directions: the sum is made of the vectors, not of the places."
    )


def _arrows(asked: Sum, best: Sequence[int]) -> list[tuple[int, int]]:
    """From row to row: B → A and C → answer of A − B + C, else from all that goes in to the answer."""
    if not best:
        return []
    if len(asked.plus) == 2 and len(asked.minus) == 1:
        return [(asked.minus[0], asked.plus[0]), (asked.plus[1], best[0])]
    return [(row, best[0]) for row in asked.plus]


def _lists(asked: Sum) -> None:
    left, free = asked.answers(), asked.answers(leave_out=False)
    known = [free[at] if at < len(free) else None for at in range(LISTED)]
    given = dict.fromkeys(asked.plus, "with") | dict.fromkeys(asked.minus, "without")
    st.dataframe(
        {
            "Answer": [_title(asked, row) for row, _ in left] + [""] * (LISTED - len(left)),
            "Nothing left out": [
                "" if each is None else _title(asked, each[0]) + (f" ({given[each[0]]})" if each[0] in given else "")
                for each in known
            ],
        },
        hide_index=True,
        height=38 + 35 * LISTED,
        column_config={name: st.column_config.TextColumn(width=165) for name in ("Answer", "Nothing left out")},
    )


def words() -> str:
    """What you see."""
    return (
        "If one and the same step leads from any item to its variant, it can be added: **A − B + C** asks for the item "
        "that is to C as A is to B. The answer is the item with the highest cosine to $u_A - u_B + u_C$, vectors at "
        "length 1 (**3CosAdd**), or the one with the highest product of similarities (**3CosMul**, Levy & Goldberg "
        "2014). Famous examples leave A, B and C out of the answers; with them left in, the best is mostly one of the "
        "three (Rogers, Drozd & Li 2017), so both are shown, and beside them what is nearest to C without any sum. A "
        "**basket** is the sum alone: what goes with all of these.\n\n"
        "**One example proves nothing**: the table asks every question that this data's fields allow. Only what goes "
        "beyond *nearest to C* is owed to the step. **More held fields**: fewer and purer questions."
    )


CARRIES = ("In none", "In some", "In all")
POPULAR = ("Among the most popular tenth", "In the middle", "Among the rarest tenth")


def experiments(found: Compared) -> list[stage.Experiment]:
    """What to try: a step of another field, a basket, the other score."""
    data, graph = found.data, found.graph
    every = questions(data, graph)
    tries: list[stage.Experiment] = []
    if every:
        ordered = sorted(every, key=lambda name: -every[name].there)
        for step in list(dict.fromkeys(["role", *ordered]))[:2] if "role" in every else ordered[:2]:
            question = f"A step in {plain_field(step)}, all else alike. **In how many models does adding it help?**"
            tries.append(stage.Experiment(question, CARRIES, lambda: _carried(found), {"step": step}))
    popular = list(session.items_by_popularity(data)[:5])
    if len(popular) == 5 and len(graph) > 8:
        question = "A basket of the five most popular items. **How popular is what goes with them?**"
        sets = {"plus": popular, "minus": []}
        tries.append(stage.Experiment(question, POPULAR, lambda: _basket(found), sets))
    return tries


def _bounds(gain: Rate) -> str:
    """Its interval in brackets; "" where there is none."""
    return f" ({signed(gain.low, '.1%')} to {signed(gain.high, '.1%')})" if np.isfinite(gain.low) else ""


def _carried(found: Compared) -> stage.Verdict | str:
    _, of = reports(found)
    if len(of) < sum(one.state != "unavailable" for one in found.entries):
        return ""  # models are being trained
    up, _, known = carrying(of)
    best = max(of, key=lambda name: of[name][0].gain.value)
    gain = of[best][0].gain
    said = f"The largest gain is that of {best}: {signed(gain.value, '.1%')}{_bounds(gain)}."
    helps = f"It helps in {listed(up)}, beyond noise." if up else "In no model is the sum right oftener, beyond noise."
    right = None if not known else 0 if not up else 2 if len(up) == known else 1
    return stage.Verdict(f"{helps} {said}", right, more=verdict(of))


def _basket(found: Compared) -> stage.Verdict | str:
    data, graph = found.data, found.graph
    names = [one.label for one in found.entries if one.state != "unavailable"]
    whose, plus, minus = bind(data, graph, names)
    one = found.entries[[each.label for each in found.entries].index(whose.value)]
    if one.vectors is None:
        return ""
    rows = [tuple(graph.items.row(item) for item in bound.value) for bound in (plus, minus)]
    best = Sum(data, graph, one, rows[0], rows[1], SUM.value(data)).answers()
    if not best:
        return stage.Verdict("There is no other item.")
    counts = found.settings.counts
    place = int((counts > counts[best[0][0]]).sum())
    return stage.Verdict(
        f"{plain(data.title_of(graph.items[best[0][0]]))}, number **{place + 1:,}** of {len(counts):,} by "
        f"{found.unit} ({one.label}); the five that it goes with are numbers 1 to 5.",
        0 if place < 0.1 * len(counts) else 2 if place >= 0.9 * len(counts) else 1,
    )


def as_python(found: Compared) -> list[str]:
    """The sum, after the lines that train the models."""
    data, graph = found.data, found.graph
    names = [one.label for one in found.entries if one.state != "unavailable"]
    if not names:
        return []
    whose, plus, minus = bind(data, graph, names)
    rows = [f"vectors.items.rows({[*bound.value]!r})" if bound.value else "[]" for bound in (plus, minus)]
    return [
        f"vectors = models[{quoted(whose.value)}]",
        f"scores = arithmetic(vectors.vectors, {rows[0]}, {rows[1]}, how={SUM.value(data)!r})",
        f"print([vectors.items[row] for row in (-scores).argsort()[:{LISTED}].tolist()])  # nothing left out",
    ]
