"""Hide a known item: what the model without its clicks says about its neighbors, scored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, model_results, results, stage
from pages.kit.answer_words import counted, paired, signed
from pages.kit.jobs import LIVE_SECONDS, Job, part
from pages.kit.live_chart import live_chart
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.tables import HALF, fitted
from pages.kit.text import plain
from pages.views.side_information.shown import COSINE, Places, Shown, answered, fields_control
from recemb_core.arrays import AnyArray, BoolArray, Int64Array
from recemb_core.embeddings import EGESVectors
from recemb_core.evaluation.cold_items import GuessScore, hide_items, score_guess, score_guesses, true_neighbors
from recemb_core.evaluation.intervals import share_interval
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.base import unit_rows
from recemb_core.progress import Progress

FOLDS = 10
FIRST = 10
HONEST = "fields, clicks never seen"
SEEN = "fields, clicks seen in training"
OWN = "own vector, nothing hidden"
POPULAR = "most popular first"
RANDOM = "chance"
SHORT = {HONEST: "Fields, unseen", SEEN: "Fields, seen", OWN: "Own vector", POPULAR: "Most popular"}


@dataclass(frozen=True, eq=False)
class Hidden:
    """A tenth of the items that lost every edge, and the model trained without them."""

    rows: Int64Array
    graph: ItemGraph
    vectors: EGESVectors

    def candidates(self) -> BoolArray:
        """Which items can be guessed: those that are not hidden."""
        able = np.ones(len(self.graph), dtype=bool)
        able[self.rows] = False
        return able


def tenths(shown: Shown) -> Int64Array:
    """Which of the parts each item is hidden with, at random: (n,) from 0."""
    n = len(shown.graph)
    parts = min(FOLDS, n)
    return np.random.default_rng(shown.config.seed).permutation(n) % parts


def _key(shown: Shown, part: int) -> tuple[object, ...]:
    return ("hidden tenth", shown.graph.fingerprint, shown.config, part)


def hidden_of(data: ActiveData, shown: Shown, part: int) -> Hidden | None:
    """The model without one tenth, if it was trained."""
    return results.results(data).get(_key(shown, part))


def _train(data: ActiveData, shown: Shown, part: int, report: Progress) -> Hidden:
    rows = np.flatnonzero(tenths(shown) == part)
    rest = hide_items(shown.graph, rows, seed=part).graph
    vectors = model_results.model_vectors(data, shown.config, report, graph=rest)
    assert isinstance(vectors, EGESVectors)
    found: Hidden = results.remember(data, _key(shown, part), lambda: Hidden(rows, rest, vectors))
    return found


def hide_jobs(data: ActiveData, shown: Shown) -> list[Job]:
    """The tenth with the chosen item first; then, on request, all the others."""
    parts = tenths(shown)
    mine = int(parts[shown.row])
    seconds = model_results.model_seconds(data, shown.config, len(shown.graph))
    if hidden_of(data, shown, mine) is None:
        label, asks = "a model that never saw this item's clicks", seconds > LIVE_SECONDS
        return [Job(_key(shown, mine), label, seconds, lambda report: _train(data, shown, mine, report), asks)]
    rest = [tenth for tenth in range(int(parts.max()) + 1) if hidden_of(data, shown, tenth) is None]
    if not rest:
        return []

    def run(report: Progress) -> None:
        for done, tenth in enumerate(rest):
            _train(data, shown, tenth, part(report, done, len(rest), f"{{stage}}, part {done + 1} of {len(rest)}"))

    label = f"the same for the other {len(rest)} tenths of the catalogue"
    return [Job((_key(shown, mine), "rest"), label, seconds * len(rest), run, asks=True, extra=True)]


def _scores(data: ActiveData, shown: Shown, hidden: Hidden) -> dict[str, dict[int, GuessScore]]:
    """Way of guessing → score of each hidden item."""

    def make() -> dict[str, dict[int, GuessScore]]:
        rows, able, graph, trained = hidden.rows, hidden.candidates(), shown.graph, shown.vectors

        def by_cosine(placed: AnyArray, vectors: AnyArray) -> dict[int, GuessScore]:
            return score_guesses(placed[rows], vectors, graph, rows, k=FIRST, candidates=able)

        found = {
            HONEST: by_cosine(hidden.vectors.from_side_alone(), hidden.vectors.vectors),
            SEEN: by_cosine(trained.from_side_alone(), trained.vectors),
            OWN: by_cosine(trained.vectors, trained.vectors),
        }
        strength = hidden.graph.strength
        found[POPULAR] = {
            row: score_guess(strength, true_neighbors(graph, row), item=row, k=FIRST, candidates=able)
            for row in found[HONEST]
        }
        return found

    return results.remember(data, ("guesses", *_key(shown, -1), tuple(hidden.rows)), make)


def quick_scores(shown: Shown) -> dict[str, GuessScore]:
    """The chosen item's guesses that need no training; nothing is hidden yet."""
    row, own = np.array([shown.row]), shown.vectors.vectors
    ways = {SEEN: shown.vectors.from_side_alone(), OWN: own}
    found = {name: score_guesses(placed[row], own, shown.graph, row, k=FIRST) for name, placed in ways.items()}
    return {name: scores[shown.row] for name, scores in found.items() if shown.row in scores}


def hidden_view(data: ActiveData, shown: Shown, places: Places) -> list[Job]:
    """How well fields alone guess neighbors, over what is hidden; then the chosen item's guess in full."""
    title = data.titles[shown.row]
    truth = true_neighbors(shown.graph, shown.row)
    with places.side:
        stage.try_this(data, experiments(data, shown))
        fields_control(data)
    if len(truth) == 0:
        said = f"**{plain(title)}** has no neighbor in this graph, so no guess can be scored. Choose another item."
        places.main.info(said)
        return []
    if not shown.vectors.side.of(shown.row):
        places.main.info(f"**{plain(title)}** has no value in any field, so nothing places it. Choose another item.")
        return []
    hidden = hidden_of(data, shown, int(tenths(shown)[shown.row]))
    scores, pooled = own_scores(data, shown), pooled_scores(data, shown)
    frame.metrics(_figures(plain(title), pooled, scores) or [("Chance", "50%", _COLUMNS_HELP)], places.numbers)
    with places.main:
        with stage.picture():
            _chart(data, shown, pooled, scores)
        if hidden is None:
            st.caption(
                "So far from the model above, which was trained with this item's clicks: its side vectors have learned "
                "from them too. Next: a model that never saw them."
            )
        else:
            st.caption(
                f"Hidden with the item: a random tenth of the catalogue ({len(hidden.rows):,} items, every edge), so "
                "that one training tests them all; the guess ranks the items that are not hidden. Neighbors that are "
                "hidden too are not asked for."
            )
        st.subheader(f"{plain(title)}: its {len(truth)} neighbors in the graph, guessed", anchor=False)
        if scores:
            st.dataframe(score_frame(scores), hide_index=True, column_config=_COLUMNS)
        vectors = shown.vectors if hidden is None else hidden.vectors
        _guess_tables(data, shown, vectors, truth, None if hidden is None else hidden.candidates())
        if len(pooled.get(HONEST, ())) > 1:
            _recall(pooled)
    return hide_jobs(data, shown)


def _figures(title: str, pooled: dict[str, list[GuessScore]], own: dict[str, GuessScore]) -> list[tuple[str, str, str]]:
    """Label, value and help of each way of guessing: of what the picture shows, so that the two say the same."""
    if len(pooled.get(HONEST, ())) < 2:
        return [
            (SHORT[name], f"{score.beaten:.0%}", f"{title}, {name}: {_COLUMNS_HELP}") for name, score in own.items()
        ]
    found = {name: [score.beaten for score in every] for name, every in pooled.items()}
    return [
        (
            SHORT[name],
            f"{np.mean(beaten):.0%}",
            f"Mean over {len(beaten):,} hidden items, {name}: {_COLUMNS_HELP}"
            + (f" {title} alone: {own[name].beaten:.0%}." if name in own else ""),
        )
        for name, beaten in found.items()
    ]


def own_scores(data: ActiveData, shown: Shown) -> dict[str, GuessScore]:
    """Way of guessing → score of the chosen item, as far as it is there."""
    hidden = hidden_of(data, shown, int(tenths(shown)[shown.row]))
    if hidden is None:
        return quick_scores(shown)
    return {name: scores[shown.row] for name, scores in _scores(data, shown, hidden).items() if shown.row in scores}


_COLUMNS_HELP = "share of the items that are no neighbors which a true neighbor stands before; 50% is chance."
_COLUMNS = {
    "Beats": st.column_config.NumberColumn(format="percent", help=f"{_COLUMNS_HELP[0].upper()}{_COLUMNS_HELP[1:]}")
}


def score_frame(scores: dict[str, GuessScore]) -> pl.DataFrame:
    """A line for each way of guessing, chance last."""
    some = next(iter(scores.values()))
    lines = [
        (name, score.beaten, f"{_count(score.hits)} of {min(score.k, score.neighbors)}")
        for name, score in scores.items()
    ]
    lines.append((RANDOM, 0.5, f"{some.expected_hits:.1f} of {min(some.k, some.neighbors)}"))
    return pl.DataFrame(lines, schema=["Ordered by", "Beats", f"Found among the first {some.k}"], orient="row")


def _count(hits: float) -> str:
    """A count; with a decimal where items of one score stand across the end of the list and count in part."""
    return f"{hits:.0f}" if abs(hits - round(hits)) < 1e-9 else f"{hits:.1f}"


def _guess_tables(
    data: ActiveData, shown: Shown, vectors: EGESVectors, truth: AnyArray, able: BoolArray | None
) -> None:
    cosines = unit_rows(vectors.vectors) @ unit_rows(vectors.from_side_alone()[[shown.row]])[0]
    allowed = np.ones(len(cosines), dtype=bool) if able is None else able.copy()
    allowed[shown.row] = False
    order = np.flatnonzero(allowed)[np.argsort(-cosines[allowed], kind="stable")]
    rank = np.full(len(cosines), -1)
    rank[order] = np.arange(1, len(order) + 1)
    left, right = frame.side_by_side("guess", (1, 1), "18rem")
    with left:
        st.markdown("**The guess**: nearest by side information")
        guess = {
            "Item": [data.titles[int(row)] for row in order[:FIRST]],
            "Cosine": cosines[order[:FIRST]].tolist(),
            "True": ["✓" if row in truth else "" for row in order[:FIRST]],
        }
        st.dataframe(guess, hide_index=True, column_config=fitted(guess, HALF, COSINE))
    with right:
        st.markdown("**The truth**: where its neighbors stand in that order")
        edges, weights = shown.graph.neighbors(shown.row)
        weight_of = dict(zip(edges.tolist(), weights.tolist(), strict=True))
        asked = sorted((int(row) for row in truth if rank[row] > 0), key=rank.__getitem__)
        true = {
            "Neighbor": [data.titles[row] for row in asked],
            "Rank": rank[asked].tolist(),
            "Weight": [weight_of.get(row) for row in asked],
        }
        about = {
            "Rank": st.column_config.NumberColumn(help=f"In the order of the guess, of {len(order):,} items."),
            "Weight": st.column_config.NumberColumn(help="Of the edge between the two."),
        }
        st.dataframe(true, hide_index=True, height=387, column_config=fitted(true, HALF, about))


def pooled_scores(data: ActiveData, shown: Shown) -> dict[str, list[GuessScore]]:
    """Way of guessing → scores of every item that was hidden so far."""
    pooled: dict[str, list[GuessScore]] = {}
    for tenth in range(FOLDS):
        if (hidden := hidden_of(data, shown, tenth)) is not None:
            for name, scores in _scores(data, shown, hidden).items():
                pooled.setdefault(name, []).extend(scores.values())
    return pooled


def _chart(data: ActiveData, shown: Shown, pooled: dict[str, list[GuessScore]], own: dict[str, GuessScore]) -> None:
    """The ways of guessing beside chance: over what is hidden, or, until then, of the chosen item."""
    many = len(pooled.get(HONEST, ()))
    if many > 1:
        done = sum(hidden_of(data, shown, tenth) is not None for tenth in range(FOLDS))
        st.markdown(
            f"**Over {many:,} hidden items** ({done} of {int(tenths(shown).max()) + 1} tenths of the catalogue)"
        )
        found = {name: share_interval([score.beaten for score in every]) for name, every in pooled.items()}
        lines = [ScoreLine(name, one.value, one.low, one.high) for name, one in found.items()]
        of = "mean, 95% interval"
    else:
        st.markdown("**Of the chosen item alone**")
        lines = [ScoreLine(name, score.beaten, score.beaten, score.beaten) for name, score in own.items()]
        of = "one item"
    figure = score_intervals_figure(
        lines, x_title=f"share of other items that a true neighbor beats ({of})", chance=0.5
    )
    live_chart(figure, key=f"guesses@{data.key}", height=400, above=265)


def _recall(pooled: dict[str, list[GuessScore]]) -> None:
    st.subheader("How many true neighbors are among the first?", anchor=False)
    recall = {name: share_interval([score.recall for score in every]) for name, every in pooled.items()}
    table = [(name, f"{r.value:.1%}", f"{r.low:.1%} to {r.high:.1%}") for name, r in recall.items()]
    chance = float(np.mean([score.expected_recall for score in pooled[HONEST]]))
    table.append((RANDOM, f"{chance:.1%}", ""))
    st.dataframe(
        pl.DataFrame(table, schema=["Ordered by", f"Recall@{FIRST}", "95% interval"], orient="row"), hide_index=True
    )
    st.caption(f"Recall@{FIRST}: true neighbors among the first {FIRST}, of the {FIRST} or fewer that there are.")


# ---- questions ----

BETTER = ("Better", "Worse", "No difference beyond noise")


def experiments(data: ActiveData, shown: Shown) -> list[Experiment]:
    """Of this view."""
    popular = "Items without clicks, guessed from their fields. **Better than taking the most popular?**"
    leaks = "The same fields, but trained with the clicks that are to be guessed. **How does the guess look then?**"
    told = [(popular, HONEST, POPULAR), (leaks, SEEN, HONEST)]
    return [
        Experiment(asks, BETTER, answered(data, shown, partial(against, data, shown, way, other)), {})
        for asks, way, other in told
    ]


def against(data: ActiveData, shown: Shown, way: str, other: str) -> Verdict | str:
    """One way of guessing against another over the hidden items, and of the chosen one."""
    if len(true_neighbors(shown.graph, shown.row)) == 0 or not shown.vectors.side.of(shown.row):
        return Verdict("This item has no neighbors or no fields, so no guess can be scored. Choose another item.")
    pooled, own = pooled_scores(data, shown), own_scores(data, shown)
    if len(pooled.get(HONEST, ())) < 2:
        return ""  # the training is on its way
    now, before = ([score.beaten for score in pooled[name]] for name in (way, other))
    gain = paired(now, before)
    right = 2 if gain.low <= 0 <= gain.high else 0 if gain.value > 0 else 1
    more = ""
    if way in own:
        more = (
            f"{plain(data.titles[shown.row])} alone, {counted(own[way].neighbors, 'neighbor')}: {way} "
            f"{own[way].beaten:.0%}, {other} {own[other].beaten:.0%}."
        )
    return Verdict(
        f"A true neighbor stands before {np.mean(now):.0%} of the others ({way}), before {np.mean(before):.0%} "
        f"({other}): **{signed(gain.value, '.3f')}** (95%: {signed(gain.low, '.3f')} to {signed(gain.high, '.3f')} "
        f"over {gain.n:,} hidden items).",
        right,
        more,
    )
