"""GES against EGES: the chosen item's neighbors under both, how far they agree, and which predicts hidden edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, large, model_results, results, session, stage
from pages.kit.jobs import Job, part
from pages.kit.live_chart import live_chart
from pages.kit.model_jobs import entry, training_jobs
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.tables import HALF, fitted
from pages.kit.text import plain
from pages.views.side_information.shown import COSINE, Places, Shown, answered, fields_control, neighbor_frame
from recemb_core.arrays import AnyArray
from recemb_core.embeddings import train_eges
from recemb_core.evaluation import compare_with_control, seed_band
from recemb_core.evaluation.agreement import overlap_at_k
from recemb_core.evaluation.intervals import Estimate, share_interval
from recemb_core.evaluation.link_prediction import hide_edges, link_prediction_auc
from recemb_core.evaluation.noise import LEVEL
from recemb_core.figures.linked_lists import linked_lists_figure
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.layouts import sample_rows
from recemb_core.progress import Progress

K = 10
SHARE = 1 / 3
SEEDS = 3
NONE, GES, EGES = "no side information", "GES", "EGES"


def ges_view(data: ActiveData, shown: Shown, places: Places) -> list[Job]:
    """Two lists of neighbors, agreement, and the test on hidden edges; what is left to train."""
    one = entry(data, shown.graph, GES, GES, replace(shown.config, attention=False))
    ready = one.vectors is not None and one.state == "ready"
    with places.side:
        stage.try_this(data, experiments(data, shown, ready))
        fields_control(data)
    if not ready:
        places.main.info("GES with the same settings is being trained.")
        return training_jobs(data, shown.graph, [one])
    found = agreement(data, shown)
    frame.metrics(
        [
            ("Shared here", f"{found.mine} of {K}", "Items in both lists of the chosen item."),
            (
                "Shared on average",
                f"{K * found.shared.value:.1f} of {K}",
                f"Over {_items(found, shown)}: 95% interval {K * found.shared.low:.2f} to "
                f"{K * found.shared.high:.2f}; random lists {K * found.chance:.2f}.",
            ),
            (
                "Weight moved here",
                f"{found.moved[shown.row]:.0%}",
                "How much of this item's weight attention has moved away from the plain average.",
            ),
            ("Moved on average", f"{found.moved.mean():.0%}", "The same, mean over the catalogue."),
        ],
        places.numbers,
    )
    with places.main:
        with stage.picture():
            _linked(data, shown, found.lists)
        _neighbors(data, shown, found.lists)
        st.markdown(
            f"The two share **{found.mine} of {K}** neighbors of this item. Over {_items(found, shown)} the "
            f"overlap of the {K} nearest is **{found.shared.value:.2f}** (95% interval {found.shared.low:.2f} to "
            f"{found.shared.high:.2f}; chance {found.chance:.3f}). Attention moved **{found.moved[shown.row]:.0%}** of "
            f"this item's weight away from the plain average (catalogue mean {found.moved.mean():.0%})."
        )
        return _link_section(data, shown)


@dataclass(frozen=True, eq=False)
class Agreement:
    """GES and EGES of the same settings beside each other.

    Attributes:
        lists: name → (ids, cosines) (K,) of the chosen item.
        asked: how many items the overlap is a mean over: all, or a sample of large data.
        mine: how many of K neighbors of the chosen item are in both lists.
        shared: overlap of two lists over these items.
        chance: overlap of two random lists.
        moved: (n,) how much weight attention has moved away from the plain average, 0 to 1.
    """

    lists: dict[str, tuple[AnyArray, AnyArray]]
    asked: int
    mine: int
    shared: Estimate
    chance: float
    moved: AnyArray


def agreement(data: ActiveData, shown: Shown) -> Agreement:
    """How far the two models agree; both are trained."""
    configs = {GES: replace(shown.config, attention=False), EGES: shown.config}
    rows = sample_rows(len(shown.graph), large.scored(data) or len(shown.graph), 0)
    every, mine = (
        {name: model_results.model_neighbors(data, one, K, graph=shown.graph, rows=of) for name, one in configs.items()}
        for of in (rows, np.array([shown.row]))
    )
    lists = {name: (ids[0], values[0]) for name, (ids, values) in mine.items()}
    uniform = shown.present / shown.present.sum(axis=1, keepdims=True)
    return Agreement(
        lists=lists,
        asked=len(rows),
        mine=len(set(lists[GES][0].tolist()) & set(lists[EGES][0].tolist()) - {-1}),
        shared=share_interval(overlap_at_k(every[GES][0], every[EGES][0])),
        chance=K / max(len(shown.graph) - 1, 1),
        moved=np.abs(shown.vectors.attention - uniform).sum(axis=1) / 2,
    )


def _items(found: Agreement, shown: Shown) -> str:
    """Over which items a mean is."""
    n = len(shown.graph)
    return f"all {n:,} items" if found.asked == n else f"{found.asked:,} of {n:,} items, drawn at random"


SHARED = ("Eight or more", "Four to seven", "Three or fewer")
MOVED = ("Under 5%", "5 to 20%", "More than 20%")


def experiments(data: ActiveData, shown: Shown, ready: bool) -> list[Experiment]:
    """Of this view."""
    lists = "GES weighs every embedding alike, EGES by attention. **How many of ten neighbors have they in common?**"
    moved = "Attention learns other weights than the plain average. **How much of an item's weight has it moved?**"
    tries = [
        Experiment(lists, SHARED, answered(data, shown, lambda: shared_words(data, shown) if ready else ""), {}),
        Experiment(moved, MOVED, answered(data, shown, lambda: moved_words(data, shown) if ready else ""), {}),
    ]
    return tries if len(shown.graph) - 1 > K else tries[1:]  # else both lists name all other items


def shared_words(data: ActiveData, shown: Shown) -> Verdict:
    """How many neighbors are in both lists, on average."""
    found = agreement(data, shown)
    share = K * found.shared.value
    return Verdict(
        f"**{share:.1f} of {K}** on average over {_items(found, shown)} (95%: {K * found.shared.low:.2f} to "
        f"{K * found.shared.high:.2f}; random lists {K * found.chance:.2f}); {found.mine} for this item. Two seeds of "
        "one model differ too: see the Neighbors page.",
        0 if share >= 7.5 else 1 if share >= 3.5 else 2,
    )


def moved_words(data: ActiveData, shown: Shown) -> Verdict:
    """How far the weights are from the plain average."""
    moved = agreement(data, shown).moved
    low, high = np.quantile(moved, (0.25, 0.75))
    return Verdict(
        f"**{moved.mean():.1%}** on average, in the middle half of the items {low:.1%} to {high:.1%}; "
        f"{moved[shown.row]:.1%} of this item's. One seed.",
        0 if moved.mean() < 0.05 else 1 if moved.mean() <= 0.2 else 2,
    )


def _linked(data: ActiveData, shown: Shown, lists: dict[str, tuple[AnyArray, AnyArray]]) -> None:
    """The chosen item's two lists, joined where they name the same item."""
    st.markdown(f"Nearest to **:red[{plain(data.titles[shown.row])}]**")
    ids, values = ([part[at] for part in lists.values()] for at in (0, 1))
    there = [rows[rows >= 0].tolist() for rows in ids]
    figure = linked_lists_figure(
        (f"{GES}: all alike", f"{EGES}: by attention"),
        (_of(shown.graph.items.ids, there[0]), _of(shown.graph.items.ids, there[1])),
        (_of(data.titles, there[0]), _of(data.titles, there[1])),
        (values[0].tolist(), values[1].tolist()),
    )
    choose = lambda item: session.pick(data, item)  # noqa: E731
    live_chart(figure, key=f"two lists@{data.key}", height=380, above=245, glide=False, on_click=choose)


def _of(names: Sequence[str], rows: Sequence[int]) -> list[str]:
    return [names[row] for row in rows]


def _neighbors(data: ActiveData, shown: Shown, lists: dict[str, tuple[AnyArray, AnyArray]]) -> None:
    mine = shown.vectors.side.of(shown.row)
    both = set(lists[GES][0].tolist()) & set(lists[EGES][0].tolist())
    words = {GES: "every embedding weighs the same", EGES: "weights that attention learned"}
    for column, name in zip(frame.side_by_side("two-lists", (1, 1), "16rem"), lists, strict=True):
        rows, values = lists[name]
        rows, values = rows[rows >= 0], values[rows >= 0]
        table = neighbor_frame(data, shown, rows, values, mine)
        marks = pl.Series("Both", [bool(row in both) for row in rows], dtype=pl.Boolean)
        column.markdown(f"**{name}**: {words[name]}")
        table = table.with_columns(marks)
        column.dataframe(table, hide_index=True, column_config=fitted(table, HALF, COSINE))


def _key(shown: Shown) -> tuple[Any, ...]:
    return ("hidden third", shown.graph.fingerprint, shown.config)


def _link_section(data: ActiveData, shown: Shown) -> list[Job]:
    st.subheader("Which of them foretells edges that it has not seen?", anchor=False)
    values: dict[str, list[float]] | None = results.results(data).get(_key(shown))
    if values is None:
        st.caption(
            f"A third of the edges is hidden, the three are trained without them, and AUC is the probability that a "
            f"hidden edge scores above a pair that is no edge (0.5 is chance). {SEEDS} seeds of hiding and training."
        )
        seconds = model_results.model_seconds(data, shown.config, len(shown.graph)) * 3 * SEEDS
        measure = partial(_measure, data, shown)
        return [Job(_key(shown), "the test on hidden edges", seconds, measure, asks=True, extra=True)]
    bands = {name: seed_band(found) for name, found in values.items()}
    lines = [ScoreLine(name, band.mean, band.low, band.high) for name, band in bands.items()]
    title = f"AUC on hidden edges (point: mean, whisker: range over {SEEDS} seeds)"
    live_chart(score_intervals_figure(lines, x_title=title, chance=0.5), key=f"hidden third@{data.key}", height=230)
    st.caption(auc_words(values))
    return []


def auc_words(values: dict[str, list[float]]) -> str:
    """What may be said of side information and of attention, from model → AUC of each seed's hidden edges."""
    # All three are tested on the same hidden edges of a seed, which move them together.
    test = compare_with_control({name: values[name] for name in (NONE, EGES)}, values[GES], paired=True)
    return (
        f"Side information changes the AUC by {-test.change[NONE]:+.3f} (GES against none, {test.verdict(NONE)}), "
        f"attention by {test.change[EGES]:+.3f} (EGES against GES, {test.verdict(EGES)}): Dunnett's test against GES, "
        f"paired by hidden edges, {LEVEL * 100:g}% for both together, {test.seeds} seeds; a difference under about "
        f"{test.detectable():.3f} would mostly not be seen. Hidden: a third of the edges, never an item's last one."
    )


def _measure(data: ActiveData, shown: Shown, report: Progress) -> None:
    config = shown.config
    models = {NONE: replace(config, fields=()), GES: replace(config, attention=False), EGES: config}
    assert data.side_info is not None
    side_info = data.side_info

    values: dict[str, list[float]] = {name: [] for name in models}
    seconds = model_results.model_seconds(data, config, len(shown.graph))
    for seed in range(SEEDS):
        split = hide_edges(shown.graph, share=SHARE, seed=seed)
        for number, (name, config) in enumerate(models.items()):
            done, words = seed * len(models) + number, f"{name}, {{stage}}, seed {seed + 1} of {SEEDS}"
            vectors = results.compute(
                data,
                (*_key(shown), name, seed),
                train_eges,
                split.graph,
                side_info,
                replace(config, seed=seed),
                seconds=seconds,
                progress=part(report, done, SEEDS * len(models), words),
                reports=True,
            )
            values[name].append(link_prediction_auc(vectors, split.hidden, split.non_edges))
    results.results(data).put(_key(shown), values)
