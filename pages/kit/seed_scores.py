"""Scores of one setting over seeds: bundled, of vectors that are there, or by a job that trains the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pages.kit import jobs, large, model_results
from pages.kit.controls import Labelling
from pages.kit.jobs import Job, part
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation.noise import default_seeds
from recemb_core.item_graph import ItemGraph
from recemb_core.progress import Progress

Scores = dict[str, list[float]]  # by labelling, a figure a seed


def _seeds(config: Any, n: int) -> list[Any]:
    return [replace(config, seed=config.seed + i) for i in range(default_seeds(n))]


def ready(data: ActiveData, graph: ItemGraph, config: Any, labellings: Sequence[Labelling]) -> Scores | None:
    """Scores that are bundled or whose vectors are all there; None where some are not."""
    # The bundled ones are of seeds 0, 1, 2 …
    bundled = precomputed.load_scores(graph, config) if config.seed == 0 else None
    if bundled is not None and {by.name for by in labellings} <= set(bundled):
        return bundled
    configs = _seeds(config, len(graph))
    if not all(model_results.has_model(data, one, graph=graph) for one in configs):
        return None
    runs = [model_results.model_vectors(data, one, graph=graph) for one in configs]
    return {
        by.name: [model_results.score(data, run, graph, by.name, by.values).value for run in runs] for by in labellings
    }


def job(data: ActiveData, graph: ItemGraph, config: Any) -> Job:
    """What trains the vectors of the seeds that are not there."""
    configs = _seeds(config, len(graph))
    seeds = len(configs)
    todo = [one for one in configs if not model_results.has_model(data, one, graph=graph)]

    def run(report: Progress) -> list[ItemVectors]:
        return [
            model_results.model_vectors(
                data, one, part(report, done, seeds, f"seed {done + 1} of {seeds}"), graph=graph
            )
            for done, one in enumerate(configs)
        ]

    each = model_results.model_seconds(data, config, len(graph))
    identity = ("seed noise", graph.fingerprint, tuple(configs))
    asks = each > jobs.LIVE_SECONDS or large.is_large(data)
    return Job(identity, f"the noise of {seeds} seeds", each * len(todo), run, asks=asks)
