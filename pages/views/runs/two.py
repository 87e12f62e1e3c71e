"""Two runs side by side: what differs in their settings, their scores, their maps, their neighbors."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages.kit import frame, large, maps, results, session, stage
from pages.kit.allowed import Flag, Options
from pages.kit.answer_words import signed
from pages.kit.jobs import Job
from pages.kit.live_chart import live_chart
from pages.kit.parameters import Parameter
from pages.kit.text import field_words, plain, sentence
from pages.views.runs.kept import RUNS_PAGE, Kept, label_of, vectors_of
from pages.views.runs.overlap_words import bands, chance, listed
from recemb_core.arrays import Float32Array, Float64Array, Int32Array
from recemb_core.brought import BroughtVectors
from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation.differences import Difference
from recemb_core.figures.paired_maps import paired_maps_figure
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.foreign_text import inert
from recemb_core.layouts import UMAPConfig
from recemb_core.progress import Progress
from recemb_core.runs import RunRecord
from recemb_core.runs.comparing import SideBySide, not_comparable, overlap, seeds_of, side_by_side
from recemb_core.runs.record import differing

FIRST = Parameter(RUNS_PAGE, "runs_first", "First", Options(), help="All kept seeds of its setting are compared.")
SECOND = Parameter(RUNS_PAGE, "runs_second", "Second", Options(), help="All kept seeds of its setting are compared.")
STACKED = Parameter(RUNS_PAGE, "runs_stacked", "One map below the other", Flag(), False, help="For a narrow page.")
LEAST = 10  # items whose neighbors changed most
HIGH, ABOVE = 460, 225  # pixels of the maps at least, and of what lies above and below them


def two_section(kept: Kept) -> list[Job]:
    """All of it; returns the drawing that is missing."""
    there = kept.finished
    if len(there) < 2:
        st.info("One finished run alone is compared with nothing: keep another one.")
        return []
    ids = list(there)
    main, side = frame.side_by_side("two-runs", (8, 3), "15rem")
    numbers = stage.scores(main)
    shown = lambda run_id: label_of(there[run_id])  # noqa: E731
    with side:
        first = there[FIRST.bind(kept.data, default=ids[0], among=ids).draw(format_func=shown)]
        other = _another(kept, first)
        second = there[SECOND.bind(kept.data, default=other, among=ids).draw(format_func=shown)]
        STACKED.draw(kept.data)
    if first.run_id == second.run_id:
        main.info("These are the same run: choose another one on one side.")
        return []
    why = not_comparable(first, second)
    found = None if why else _compared(kept, first, second)
    with side:
        st.markdown(
            f"No difference is shown: {sentence(why)}." if found is None else verdict(found, names_of(first, second))
        )
    figures = [] if found is None else _figures(found)
    with main:
        todo, shares = _vectors(kept, first, second)
    if shares is not None and not np.isnan(shares).all():
        known = shares[~np.isnan(shares)]
        k = listed(len(shares))
        about = (
            f"Of an item's {k} nearest neighbors, the share that both runs have; mean over {len(known):,} items. "
            f"{chance(k, len(known))}"
        )
        figures.append((f"Overlap@{k}", f"{known.mean():.2f}", about))
    with numbers:
        if figures:
            frame.metrics(figures)
    if found is not None:
        _scores(kept, found, first)
    with st.expander("Settings that differ"):
        _settings(first, second)
    return todo


def _another(kept: Kept, first: RunRecord) -> str:
    """The newest run of another setting that can be compared with it, of its model before others; else any other."""
    others = [one for one in kept.finished.values() if one.run_id != first.run_id]
    others.sort(key=lambda one: one.spec.model != first.spec.model)  # of one model, settings say more
    return next((one.run_id for one in others if not not_comparable(first, one)), others[0].run_id)


def names_of(first: RunRecord, second: RunRecord) -> tuple[str, str]:
    """What tells them apart in heads of columns."""
    return f"{first.spec.model} {first.run_id[:6]}", f"{second.spec.model} {second.run_id[:6]}"


def _settings(first: RunRecord, second: RunRecord) -> None:
    names = names_of(first, second)
    found = differing(dict(zip(names, (first.spec, second.spec), strict=True)))
    if not found and first.spec.seed == second.spec.seed:
        st.caption("None: they differ by the versions of what made them, or by the part that they learned from.")
        return
    lines = [
        {"Setting": field_words(name), **{one: _value(values, one) for one in names}} for name, values in found.items()
    ]
    if first.spec.seed != second.spec.seed:
        lines.append({"Setting": "seed", names[0]: str(first.spec.seed), names[1]: str(second.spec.seed)})
    st.dataframe(lines, hide_index=True, height=38 + 35 * len(lines))


def _value(values: dict[str, Any], name: str) -> str:
    return "–" if name not in values else inert(str(values[name]))


def _compared(kept: Kept, first: RunRecord, second: RunRecord) -> SideBySide:
    """All kept seeds of both settings, on the same users."""
    about = tuple(tuple(one.run_id for one in seeds_of(kept.runs, run)) for run in (first, second))
    key = ("two kept runs", first.run_id, second.run_id, about)
    found: SideBySide = results.remember(kept.data, key, lambda: side_by_side(kept.store, first, second))
    return found


def _figures(found: SideBySide) -> list[tuple[str, str, str]]:
    """The first less the second by each measure."""
    return [
        (
            f"{_measure(metric, found.k)}, difference",
            signed(d.value, ".3f"),
            f"First less second, {d.users:,} users; 95%: {signed(d.low, '.3f')} to {signed(d.high, '.3f')}.",
        )
        for metric, d in found.differences.items()
    ][:2]


def _scores(kept: Kept, found: SideBySide, first: RunRecord) -> None:
    st.subheader("Scores", anchor=False)
    lines = [ScoreLine(_measure(metric, found.k), d.value, d.low, d.high) for metric, d in found.differences.items()]
    figure = score_intervals_figure(
        lines, x_title="first less second, 95% interval", chance=0.0, chance_title="no difference"
    )
    live_chart(figure, key=f"two runs@{kept.data.key}", height=260)
    st.caption(
        f"{lines[0].name}, {', '.join(one.name for one in lines[1:])}: the first less the second, with 95% intervals, "
        f"paired over {found.differences['hr'].users:,} users of the {first.spec.part} part; kept seeds: "
        f"{found.seeds[0] or 'it has none'} and {found.seeds[1] or 'it has none'}. {_looks(kept)}"
    )


def _looks(kept: Kept) -> str:
    """What choosing the pair after a look at the table does to a p-value."""
    settings = len({one.spec.setting_id for one in kept.finished.values() if one.has_users})
    pairs = settings * (settings - 1) // 2
    if pairs < 2:
        return ""
    return (
        f"This pair is judged alone: of the {pairs:,} pairs of {settings} settings, one in twenty of those that do not "
        "differ would be told apart. The Evaluation page and `recemb compare` judge all rows together."
    )


def _measure(metric: str, k: int) -> str:
    return "MRR" if metric == "mrr" else f"{metric.upper()}@{k}"


def verdict(found: SideBySide, names: tuple[str, str]) -> str:
    """What may be said, by HR."""
    d: Difference = found.differences["hr"]
    value, low, high = (signed(number, ".3f") for number in (d.value, d.low, d.high))
    what = f"{_measure('hr', found.k)}: first less second = {value} ({low} to {high})"
    if not d.measured:
        return (
            f"{what}. **Noise not measured**: keep three seeds or more of both settings, and it can be said whether "
            "they are told apart."
        )
    if not d.told_apart:
        return f"{what}. **Not told apart**: a difference under about {d.detectable():.3f} would mostly be missed here."
    better = names[0] if d.value > 0 else names[1]
    return f"{what}. **{plain(better)} is better**, beyond noise (p = {d.p:.2g})."


def _vectors(kept: Kept, first: RunRecord, second: RunRecord) -> tuple[list[Job], Float64Array | None]:
    """The maps, or why there are none; the drawing that is missing, and each item's share of neighbors in common."""
    without = [one for one in (first, second) if not one.has_vectors]
    if without:
        st.caption(sentence(f"No maps: {without[0].name} has no vectors (none were kept, or they made room)."))
        return [], None
    one, other = (vectors_of(kept, run) for run in (first, second))
    if one.items != other.items:
        st.caption("No maps: the two have other items.")
        return [], None
    key = ("overlap of kept runs", first.run_id, second.run_id)
    shares, lists, others = results.remember(kept.data, key, lambda: overlap(one, other))
    lacks = [found for found in (one, other) if isinstance(found, BroughtVectors) and not found.known.all()]
    if lacks:
        gone = int((~lacks[0].known).sum())
        has = "has" if gone == 1 else "have"
        st.caption(f"No maps: {gone:,} of {len(one):,} items {has} no vector in {plain(lacks[0].config.name)}.")
        _changed(kept, one, shares, (lists, others))
        return [], shares
    return _maps(kept, (first, second), (one, other), shares, (lists, others)), shares


def _maps(
    kept: Kept,
    runs: tuple[RunRecord, RunRecord],
    vectors: tuple[ItemVectors, ItemVectors],
    shares: Float64Array,
    lists: tuple[Int32Array, Int32Array],
) -> list[Job]:
    data, names, k = kept.data, names_of(*runs), lists[0].shape[1]
    umap = UMAPConfig().for_size(len(vectors[0]))
    how = umap, large.on_map(data)
    keys = [("map of a kept run", runs[0].run_id, *how), ("map of a kept run", runs[1].run_id, runs[0].run_id, *how)]
    found: list[Float32Array | None] = [results.store_of(data, key).get(key) for key in keys]
    todo = []
    if found[0] is None or found[1] is None:
        st.caption("The maps are being drawn: the first by UMAP, the second started from the first.")
        todo.append(_map_job(kept, vectors, umap, keys, " and ".join(names)))
    else:
        stacked = STACKED.value(data)
        row = vectors[0].items.row(session.chosen_item(data))
        near = [[vectors[0].items[int(j)] for j in listed[row] if j >= 0] for listed in lists]
        rows = large.drawn_rows(data, umap.seed, [row, *(int(j) for listed in lists for j in listed[row])])
        figure = paired_maps_figure(
            found[0][rows],
            found[1][rows],
            [vectors[0].items[int(at)] for at in rows],
            [data.titles[int(at)] for at in rows],
            names=names,
            highlighted=(near[0], near[1]),
            stacked=stacked,
            color_by=bands(shares[rows], k),
            color_title=f"of {k} kept",
            chosen=session.chosen_item(data),
        )
        choose = lambda item: session.pick(data, item)  # noqa: E731
        height, above = (940, None) if stacked else (HIGH, ABOVE)
        key = f"maps of runs@{data.key}"
        with stage.picture():
            live_chart(figure, key=key, height=height, above=above, glide=False, on_click=choose)
        st.caption(
            f"{large.drawn_words(data)}Colored by how many of an item's {k} nearest both runs have. "
            f"Crimson rings: the chosen item and its {k} nearest in each run; click another item to choose it. UMAP "
            "puts near vectors near each other as far as a plane allows; axes mean nothing."
        )
    _changed(kept, vectors[0], shares, lists)
    return todo


def _map_job(
    kept: Kept, vectors: tuple[ItemVectors, ItemVectors], umap: UMAPConfig, keys: list[tuple[Any, ...]], label: str
) -> Job:
    def run(report: Progress) -> Float32Array:
        start = maps.draw_umap(kept.data, keys[0], vectors[0], umap, None, report)
        return maps.draw_umap(kept.data, keys[1], vectors[1], umap, start, report)

    return Job(
        identity=keys[1], label=f"Maps of {label}", seconds=1.5 * maps.map_seconds(kept.data, len(vectors[0])), run=run
    )


def _changed(kept: Kept, vectors: ItemVectors, shares: Float64Array, lists: tuple[Int32Array, Int32Array]) -> None:
    """The items whose neighbors changed most."""
    known = np.flatnonzero(~np.isnan(shares))
    if len(known) == 0:
        return
    k = lists[0].shape[1]
    order = known[np.argsort(shares[known], kind="stable")][:LEAST]
    titles = kept.data.titles
    st.subheader("Neighbors that changed", anchor=False)
    st.caption(
        f"The mean overlap@{k} is {shares[known].mean():.2f} over {len(known):,} items. {chance(k, len(known))} "
        f"The {len(order)} items with the least."
    )

    def only(row: int, here: Int32Array, there: Int32Array) -> str:
        return ", ".join(titles[int(j)] for j in here[row] if j >= 0 and j not in there[row])

    st.dataframe(
        [
            {
                "Item": titles[row],
                f"Overlap@{k}": f"{shares[row]:.1f}",
                "Only in the first": only(row, *lists),
                "Only in the second": only(row, *lists[::-1]),
            }
            for row in order.tolist()
        ],
        hide_index=True,
        column_config={
            "Item": st.column_config.TextColumn(width=140),
            f"Overlap@{k}": st.column_config.TextColumn(width=80),
        }
        | {f"Only in the {which}": st.column_config.TextColumn(width=200) for which in ("first", "second")},
    )
