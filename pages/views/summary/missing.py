"""What the table still lacks: why a figure cannot be had on this data, and the jobs that measure the others."""

from __future__ import annotations

from dataclasses import replace

from pages.kit import cold_items, leaderboard, model_results, old_tables, results, seed_scores
from pages.kit.controls import labellings
from pages.kit.jobs import Job
from pages.kit.model_controls import missing as lacking
from pages.kit.text import sentence
from pages.views.summary.ground import FLOOR, Ground, lsh_key
from recemb_core.embeddings import MODELS
from recemb_core.neighbors.lsh.usual import opening_cell
from recemb_core.progress import Progress
from recemb_core.validation import UsageError

LIVE_SECONDS = 0.3  # what takes longer waits for its button
# Method → the rows of the evaluation that its figures are read off.
ROWS = {
    "word2vec": ("word2vec", FLOOR),
    "item2vec": ("item2vec", "word2vec"),
    "DeepWalk": ("DeepWalk", "item2vec"),
    "node2vec": ("node2vec", "DeepWalk"),
    "EGES": ("EGES", "DeepWalk", "GES"),
    "YouTube DNN": ("YouTube DNN", "item2vec"),
    "Two-tower": ("Two-tower", "YouTube DNN"),
}


class Lacks(str):
    """In the place of a figure: why there can be none."""


NO_LOG = Lacks("This data has no log to measure it on.")
NO_NETWORKS = Lacks("The networks need jax and optax, which are not installed.")
NO_FIELDS = Lacks("This data has no side information.")


def of_rows(ground: Ground, *names: str) -> Lacks | str:
    """Why there is no figure of these rows; "" where they are only not measured yet."""
    if ground.question is None:
        return NO_LOG
    for name in names:
        if name in ground.entries:
            if message := leaderboard.failure_of(ground.question, ground.entries[name]):
                return Lacks(f"{name}: {sentence(message)}")
        elif name in MODELS:
            return Lacks(f"{name}: {lacking(ground.data, name)}")
        else:
            return NO_NETWORKS
    return ""


def failed(ground: Ground, job: Job | None) -> Lacks | str:
    """What a job of this view said when it could not be done; "" where it was not tried, or is none."""
    message: str = "" if job is None else results.kept(ground.data, _said(job)) or ""
    return Lacks(sentence(message[:1].upper() + message[1:])) if message else ""


def _said(job: Job) -> tuple[object, ...]:
    return "summary failed", job.identity


def _telling(ground: Ground, job: Job) -> Job:
    """The job, with what it says of data that it cannot work on kept for its row."""

    def run(report: Progress) -> None:
        try:
            job.run(report)
        except UsageError as error:
            results.store_of(ground.data, _said(job)).put(_said(job), f"{error}.")

    return replace(job, run=run, asks=job.seconds > LIVE_SECONDS)


# --- each method's own ---


def leaning_jobs(ground: Ground) -> list[Job]:
    """node2vec over seeds, at both ends of q."""
    by = labellings(ground.data, ground.graph)
    return [
        seed_scores.job(ground.data, ground.graph, config)
        for config in ground.ends
        if seed_scores.ready(ground.data, ground.graph, config, by) is None
    ]


def cold_job(ground: Ground) -> Job | None:
    """Two-tower on items taken out of the log; None where it can place none by side information."""
    if "Two-tower" not in ground.entries or not ground.data.side_fields:
        return None
    return cold_items.job(ground.data, ground.entries["Two-tower"].config)


def aging_job(ground: Ground) -> Job | None:
    """Tables of several ages; None where the log does not allow it."""
    return None if ground.plan is None else old_tables.job(ground.data, ground.plan)


def scan_job(ground: Ground) -> Job | None:
    """LSH on the vectors of the first model; None where those are too few."""
    if ground.searched is None:
        return None
    data, (config, graph) = ground.data, ground.searched
    n = len(ground.graph)
    there = model_results.has_model(data, config, graph=graph)
    training = 0.0 if there else model_results.model_seconds(data, config, n)
    scanning = 0.2 + 2e-7 * 200 * n
    key = lsh_key(ground)

    def run(report: Progress) -> None:
        vectors = model_results.model_vectors(data, config, report, graph=graph).vectors
        results.compute(data, key, opening_cell, vectors, seconds=scanning, progress=report)

    return Job(("summary", key), "LSH on item vectors", training + scanning, run)


def jobs_of(ground: Ground) -> dict[str, list[Job]]:
    """Method → what measures the figures that it lacks, as far as this data allows."""
    found: dict[str, list[Job]] = {}
    rows: dict[str, list[Job]] = {}
    for name, (first, *others) in ROWS.items():
        wanted = [one for one in (first, *others) if one in ground.entries and not ground.has(one)]
        for one in wanted:
            if one not in rows:
                rows[one] = _row_jobs(ground, one)
        found[name] = [job for one in wanted for job in rows[one]]
    if ground.leanings is None:
        found["node2vec"] += leaning_jobs(ground)
    own: dict[str, tuple[object, Job | None]] = {
        "Two-tower": (ground.cold, cold_job(ground)),
        "LSH": (ground.cell, scan_job(ground)),
        "Tables weekly, network daily": (ground.staleness, aging_job(ground)),
    }
    for name, (figure, job) in own.items():
        found.setdefault(name, [])
        if figure is None and job is not None and not failed(ground, job):
            found[name].append(_telling(ground, job))
    return found


def _row_jobs(ground: Ground, name: str) -> list[Job]:
    assert ground.question is not None
    waiting = leaderboard.rows(ground.question, {name: ground.entries[name]})
    found = leaderboard.measuring_jobs(ground.question, waiting, asks=lambda row: None)
    return [replace(job, asks=job.seconds > LIVE_SECONDS) for job in found]


def all_jobs(by_method: dict[str, list[Job]]) -> list[Job]:
    """Every job once, the quickest first."""
    once = {job.identity: job for found in by_method.values() for job in found}
    return sorted(once.values(), key=lambda job: job.seconds)
