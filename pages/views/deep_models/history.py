"""Edit a history: the user moves on the map, the list reorders, and each line says what pulled it."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import controls, frame, jobs, recall_models, session, stage
from pages.kit.allowed import Flag, Options
from pages.kit.controls import default_attribute
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.recall_models import DEEP_PAGE
from pages.kit.session import ActiveData
from pages.kit.text import field_words, plain, plain_field
from pages.views.deep_models import edited_history, recall_experiments
from pages.views.deep_models.edited_history import TOP
from pages.views.deep_models.table import ABOVE, HIGH, staged
from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.registry import recall_spec
from recemb_core.experiments.recall_models import ModelConfig
from recemb_core.figures.user_on_map import user_on_map_figure

PLACED_BY = 10

MODEL = Parameter(DEEP_PAGE, "history_model", "Model", Options(), help="Whose user and item vectors are used.")
SEEN = Parameter(
    DEEP_PAGE,
    "history_seen",
    "Offer what was taken as well",
    Flag(switch=True),
    False,
    help="Off: items of the history are left out of the list.",
)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model makes of a history.

    Attributes:
        history, own: item rows, oldest first: as edited, and as the user has it.
        seen: whether items of the history may be offered.
        ranked: item row and score of each place of the list.
    """

    data: ActiveData
    model: RecallModel
    history: list[int]
    own: list[int]
    seen: bool
    ranked: list[tuple[int, float]]

    @property
    def rows(self) -> list[int]:
        """Item rows of the list."""
        return [row for row, _ in self.ranked]

    @property
    def edited(self) -> bool:
        """Whether the history is another than the user's."""
        return self.history != self.own

    def places_before(self) -> dict[int, int]:
        """Item row → its place under the user's own history; without those that may not be offered."""
        scores = self.model.scores([np.array(self.own, dtype=np.int32)])[0]
        if not self.seen:
            scores[self.own] = -np.inf
        order = np.argsort(-scores, kind="stable")
        return {int(row): place + 1 for place, row in enumerate(order) if np.isfinite(scores[row])}


def history_section(data: ActiveData) -> None:
    """The whole view."""
    recall_models.check_askable(data)
    main, side, numbers = staged("history")
    with main:
        configs = recall_models.ready_or_run(
            data, recall_models.model_configs(data), "Press Train to have models that answer to a history."
        )
    models = recall_models.all_models(data, configs)
    if not models:
        return
    own, history = edited_history.own_history(data), edited_history.current_history(data)
    with side:
        chosen = MODEL.draw(data, default=recall_models.usual_model(models), among=models)
        seen = SEEN.draw(data)
        stage.try_this(data, recall_experiments.history(data, models, (chosen, seen), history))
        with st.popover("User and length", icon=":material/person:", width="stretch"):
            edited_history.user_controls(data)
        edited_history.add_box(data, history)
        controls.reset_button(data)
    model = models[chosen]
    answer = Answer(data, model, history, own, seen, edited_history.top_rows(model, history, seen))
    with numbers:
        _numbers(answer)
    with main:
        with stage.picture():
            places, lists = frame.side_by_side("history-picture", (5, 4), "17rem")
            with places:
                _map(answer, configs[chosen])
            with lists:
                _lists(answer)
        st.caption("Click a point to add it to the history; it also becomes the chosen item.")
    st.subheader(f"What pulled each item ({chosen})", anchor=False)
    # A table that wraps: what pulled an item has to be read whole.
    st.table(top_table(answer), hide_index=True)
    st.caption(pull_words(answer))
    _side_by_side(data, models, history, seen)
    frame.what_you_see(
        "Points are items, placed by UMAP of the model's item vectors; squares are the history, rings the list. The "
        f"**diamond** is the user: the mean place of the {PLACED_BY} best-scored items, weighted by the model's "
        "probabilities among them; the user vector itself does not lie in the plane.\n\n"
        r"Score = $u \cdot v_i$, user vector times item vector. For an average, $u = \sum_h w_h v_h$, so a score is a "
        r"sum and each history item's part $w_h\,(v_h \cdot v_i)$ is exact. A network is not a sum: there, the pull of "
        "an item is the score minus the score without it (**leave one out**), and pulls need not add up.\n\n"
        "**Order** counts only where the model fades older events (half-life; the plain averages do not)."
    )
    frame.as_python(_python(data, configs[chosen], history))


def user_place(model: RecallModel, history: list[int], positions: Float32Array) -> tuple[float, float]:
    """Mean place of the best-scored items, weighted by exp(score) among them."""
    scores = model.scores([np.array(history, dtype=np.int32)])[0]
    best = np.argsort(-scores, kind="stable")[:PLACED_BY]
    best = best[np.isfinite(scores[best])]
    weight = np.exp(scores[best] - scores[best].max())
    x, y = (weight[:, None] * positions[best]).sum(axis=0) / weight.sum()
    return float(x), float(y)


def _map(answer: Answer, config: ModelConfig) -> None:
    data, model, history = answer.data, answer.model, answer.history
    positions = recall_models.ready_positions(data, config)
    if positions is None:
        key = ("history map", recall_models.source(data), config)
        draw = partial(recall_models.draw_positions, data, config)
        job = Job(key, "the map (UMAP)", 2 + len(model) / 1_000, draw, asks=True)
        if not jobs.may_run(data, job):
            jobs.run_button(data, "history map", [job], verb="Draw", names=job.label)
            st.caption("The map of this model's item vectors is not drawn yet.")
            return
        positions = jobs.perform(data, job)
    fields = data.fields
    color = next(iter(fields), None)
    assert data.sequences is not None
    figure = user_on_map_figure(
        positions,
        data.items.ids,
        data.titles,
        user=user_place(model, history, positions),
        history=[data.items[row] for row in history],
        recommended=[data.items[row] for row in answer.rows],
        color_by=fields[color] if color else None,
        color_title=field_words(color or ""),
        size=np.sqrt(data.sequences.counts),
        named="User on the item map",
    )
    choose = lambda item: _clicked(data, item)  # noqa: E731
    live_chart(figure, key=f"user map@{data.key}", height=HIGH, above=ABOVE, on_click=choose)


def _clicked(data: ActiveData, item: str) -> None:
    if item in data.items:
        session.pick(data, item)
        edited_history.edit(data, [*edited_history.current_history(data), data.items.row(item)])


def _numbers(answer: Answer) -> None:
    data, history, rows = answer.data, answer.history, answer.rows
    before = [row for row, _ in edited_history.top_rows(answer.model, answer.own, answer.seen)]
    figures = [
        ("Events in the history", f"{len(history):,}", f"User {plain(edited_history.current_user(data))}."),
        (
            "Still offered",
            f"{len(set(rows) & set(before))} of {len(before)}",
            "Of the items that the same model offers under the user's own history.",
        ),
    ]
    field = default_attribute(data)
    if field and history and rows:
        alike, every = (recall_experiments.alike(data, field, one, history) for one in (rows, range(len(data.items))))
        figures.append(
            (
                f"Same {plain_field(field)}",
                f"{alike:.0%}",
                f"Share of the pairs of an offered item and one of the history with the same {plain_field(field)}; "
                f"of all items it would be {every:.1%}.",
            )
        )
    frame.metrics(figures)


def _lists(answer: Answer) -> None:
    """The history, to be edited, and below it what it leads to."""
    data = answer.data
    edited_history.editor(data, answer.history)
    stood = answer.places_before() if answer.edited else {}
    lines = []
    for place, row in enumerate(answer.rows, 1):
        was = stood.get(row)
        moved = "" if was is None or was == place else f":gray[(was {was:,})] "  # first: a long name is cut at its end
        lines.append(f"{place}. {moved}{plain(data.titles[row])}")
    with st.container(key="history-top"):
        before = " :small[(in brackets: the place before the edit)]" if stood else ""
        st.markdown(f"**Top {TOP}**{before}\n" + "\n".join(lines))


def top_table(answer: Answer) -> pl.DataFrame:
    """The list, what pulled each item, and where it stood before the history was edited."""
    rows = answer.rows
    items, parts = answer.model.pulls(np.array(answer.history, dtype=np.int32), rows)
    stood = {}
    if answer.edited:
        ranks = answer.places_before()
        stood = {"Before": [str(ranks.get(row, "taken")) for row in rows]}
    pulled = zip(parts.T, answer.ranked, strict=True)
    return pl.DataFrame(
        {
            "Rank": [str(place) for place in range(1, len(rows) + 1)],
            **stood,
            "Item": [plain(answer.data.titles[row]) for row in rows],
            "Score": [f"{score:.2f}" for _, score in answer.ranked],
            "Pulled by": [_pulled(answer, items, part, score) for part, (_, score) in pulled],
        }
    )


def _pulled(answer: Answer, items: Int32Array, parts: Float32Array, score: float) -> str:
    """The two strongest pulls: shares of the score for an average, differences for a network."""
    words = []
    for i in np.argsort(-parts, kind="stable")[:2]:
        if parts[i] <= 0:
            break
        amount = f"{parts[i] / score:.0%}" if answer.model.is_sum and score > 0 else f"{parts[i]:+.2f}"
        words.append(f"{plain(answer.data.titles[int(items[i])])} ({amount})")
    return "; ".join(words) or "nothing in the history: it stands here for everyone"


def pull_words(answer: Answer) -> str:
    """What the numbers in brackets are."""
    before = " Before: rank under the user's own history; “taken” stood in it." if answer.edited else ""
    exact = "share of the score, exact, because an average's score is a sum over the history."
    by_leaving_out = (
        "the score minus the score without that item (leave one out; the rest of the history is weighted up). A "
        "network is not a sum, so these need not add up."
    )
    return f"Pulled by: {exact if answer.model.is_sum else by_leaving_out}{before}"


def _side_by_side(data: ActiveData, models: dict[str, RecallModel], history: list[int], with_seen: bool) -> None:
    with st.expander("The same history under every model", icon=":material/view_column:"):
        columns = {"Rank": [str(i + 1) for i in range(TOP)]}
        for name, model in models.items():
            titles = [data.titles[row] for row, _ in edited_history.top_rows(model, history, with_seen)]
            columns[name] = titles + [""] * (TOP - len(titles))
        st.dataframe(pl.DataFrame(columns), hide_index=True)


def _python(data: ActiveData, config: ModelConfig, history: list[int]) -> list[str]:
    train, options, extra = model_lines(config)
    rows = history[-20:]
    return [
        "import numpy as np",
        "",
        *frame.import_lines(data, always=True),
        *extra,
        "from recemb_core.evaluation.ranking import next_item_cases",
        "from recemb_core.splits import leave_last_out",
        "",
        *frame.load_lines(data, always=True),
        "known, _ = leave_last_out(sequences)  # the last of each user is kept for a test",
        f"model = {train}(next_item_cases(known).train, {options})",
        f"history = np.array({rows})  # item rows, oldest first"
        + (f"; the newest {len(rows)} of {len(history)}" if len(history) > len(rows) else ""),
        f"best = model.recommend(history, k={TOP})",
        "items, parts = model.pulls(history, model.items.rows(item for item, _ in best))",
        "for (item, score), pull in zip(best, parts.T):",
        '    print(item, f"{score:.3f}, most pulled by", model.items[int(items[pull.argmax()])])',
    ]


def model_lines(config: ModelConfig) -> tuple[str, str, list[str]]:
    """(function, config, imports) of a recall model in Python."""
    train = recall_spec(config).train
    assert train is not None
    used = {train.__name__: train.__module__}
    options = _config_text(config, used)
    by_module: dict[str, list[str]] = {}
    for name in sorted(used):
        by_module.setdefault(used[name], []).append(name)
    return train.__name__, options, [f"from {module} import {', '.join(by_module[module])}" for module in by_module]


def _config_text(config: Any, used: dict[str, str]) -> str:
    """A config with what differs from its defaults, the configs in it too; ``used`` gets class → module."""
    used[type(config).__name__] = type(config).__module__
    own = {
        field.name: getattr(config, field.name)
        for field in fields(config)
        if getattr(config, field.name) != field.default
    }
    text = {name: _config_text(value, used) if is_dataclass(value) else repr(value) for name, value in own.items()}
    return f"{type(config).__name__}({', '.join(f'{name}={value}' for name, value in text.items())})"
