"""Scores by the graph: hidden edges found again, neighbors of the same group; of the models that walk it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from pages.kit import controls, jobs, model_results, results, session
from pages.kit.controls import Labelling
from pages.kit.jobs import Job, part
from pages.kit.live_chart import live_chart
from pages.kit.text import plain
from pages.views.evaluation.settings import Settings
from recemb_core.embeddings import needs_graph, train_model
from recemb_core.evaluation import group_score
from recemb_core.evaluation.intervals import SeedBand, seed_band
from recemb_core.evaluation.link_prediction import HiddenEdges, hide_edges, link_prediction_auc
from recemb_core.evaluation.noise import LEAST_SEEDS
from recemb_core.experiments.leaderboard import Entry
from recemb_core.figures.score_intervals import ScoreLine, score_intervals_figure
from recemb_core.progress import Progress

SHARE = 0.2


@dataclass(frozen=True)
class GraphScores:
    """Of one model over seeds.

    Attributes:
        auc: P(a hidden edge scores above a pair that is no edge).
        purity: share of an item's 5 nearest in its own group, less chance, mean over groups.
        maximum: of ``purity``.
    """

    auc: SeedBand
    purity: SeedBand
    maximum: float


def graph_scores(settings: Settings) -> None:
    """The picture of the AUC, the table of both."""
    data, graph = settings.data, settings.graph
    walking = {
        name: entry
        for name, entry in settings.entries.items()
        if entry.kind == "embedding" and needs_graph(entry.config)
    }
    others = [name for name, entry in settings.entries.items() if entry.kind == "embedding" and name not in walking]
    if not walking:
        st.info("None of the rows walks a graph: choose DeepWalk or node2vec among the rows.")
        return
    groups = controls.labellings(data, graph)[0]
    seeds = tuple(range(session.seed(), session.seed() + LEAST_SEEDS))
    configs = {name: entry.with_seed(0).config for name, entry in walking.items()}
    identity = ("graph scores", graph.fingerprint, data.fingerprint, seeds, groups.name, tuple(configs.items()))
    seconds = len(seeds) * sum(model_results.model_seconds(data, one, len(graph)) + 1 for one in configs.values())
    job = Job(
        identity,
        f"{len(walking)} models",
        seconds,
        lambda report: _all(settings, walking, groups, seeds, report, identity),
    )
    found, _ = jobs.result(
        data,
        "evaluation graph",
        job,
        verb="Measure",
        waiting=f"A fifth of the edges is hidden, and {len(walking)} models learn from the rest, {len(seeds)} seeds "
        "each. Press Measure.",
    )
    if found is not None:
        _draw(settings, found, groups, seeds)
    if others:
        st.caption(
            f"{', '.join(map(plain, others))} learn from sequences, from which an edge of the graph cannot be hidden: "
            "no figure here."
        )


def _all(
    settings: Settings,
    walking: dict[str, Entry],
    groups: Labelling,
    seeds: tuple[int, ...],
    report: Progress,
    identity: Any,
) -> dict[str, GraphScores]:
    found = {}
    for done, (name, entry) in enumerate(walking.items()):
        found[name] = _one(settings, entry, groups, seeds, part(report, done, len(walking), f"{name}, {{stage}}"))
    results.results(settings.data).put(identity, found)
    return found


def _one(settings: Settings, entry: Entry, groups: Labelling, seeds: tuple[int, ...], report: Progress) -> GraphScores:
    data, graph = settings.data, settings.graph
    auc, purity, maximum = [], [], 0.0
    for done, seed in enumerate(seeds):
        config = entry.with_seed(seed).config
        tell = part(report, done, len(seeds), f"seed {seed}, {{stage}}")
        hidden: HiddenEdges = results.compute(
            data,
            ("hidden edges", graph.fingerprint, seed),
            hide_edges,
            graph,
            share=SHARE,
            seed=seed,
            seconds=1e-5 * graph.num_edges,
            progress=tell,
        )
        vectors = results.compute(
            data,
            ("vectors without edges", graph.fingerprint, data.fingerprint, seed, config),
            train_model,
            config,
            graph=hidden.graph,
            side_info=data.side_info,
            seconds=model_results.model_seconds(data, config, len(graph)),
            progress=tell,
            reports=True,
        )
        auc.append(link_prediction_auc(vectors, hidden.hidden, hidden.non_edges))
        score = group_score(vectors, groups.values)
        purity.append(score.value)
        maximum = score.maximum
    return GraphScores(seed_band(auc), seed_band(purity), maximum)


def _draw(settings: Settings, found: dict[str, GraphScores], groups: Labelling, seeds: tuple[int, ...]) -> None:
    order = sorted(found, key=lambda name: -found[name].auc.mean)
    figure = score_intervals_figure(
        [ScoreLine(name, found[name].auc.mean, found[name].auc.low, found[name].auc.high) for name in order],
        x_title=f"Link AUC: mean, smallest and largest of {len(seeds)} seeds",
        chance=0.5,
    )
    live_chart(figure, key=f"link auc@{settings.data.key}", height=100 + 42 * len(order))
    st.dataframe(graph_table(found, order, groups), hide_index=True)
    most = next(iter(found.values())).maximum
    st.caption(
        f"Link AUC: the chance that a hidden edge (a fifth of {settings.graph.num_edges:,}) scores above a pair that "
        f"is no edge, by cosine; .5 is chance. Purity by {plain(groups.words)}: share of an item's 5 nearest in its "
        f"own group, less chance, mean over groups; 0 is chance, {most:.2f} the most. ± is the standard deviation over "
        f"{len(seeds)} seeds. Neither says what a person takes next."
    )


def graph_table(found: dict[str, GraphScores], order: list[str], groups: Labelling) -> pl.DataFrame:
    """Both figures of each model."""
    return pl.DataFrame(
        [
            {
                "Model": name,
                "Link AUC": f"{found[name].auc.mean:.3f} ± {found[name].auc.sd:.3f}",
                f"Purity by {groups.words}": f"{found[name].purity.mean:.3f} ± {found[name].purity.sd:.3f}",
            }
            for name in order
        ]
    )
