"""The report on cold items: taken out of the log, and ranked by their side information alone."""

from __future__ import annotations

from typing import Any

from pages.kit import jobs, recall_models, results
from pages.kit.jobs import Job
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.experiments.recall_models import ColdItemReport, cold_item_report


def _key(data: ActiveData, config: Any) -> tuple[Any, ...]:
    return "recall cold", recall_models.source(data), config


def ready(data: ActiveData, config: Any) -> ColdItemReport | None:
    """The report of a model, where it is there: of this server, or bundled."""
    source = recall_models.source(data)
    return results.ready(data, _key(data, config), lambda: precomputed.load_cold(source, config))


def job(data: ActiveData, config: Any) -> Job:
    """What trains the model without a tenth of the items and asks it."""
    label, seconds = "cold items: train without 10% of the items", recall_models.training_seconds(data, config)
    return jobs.heavy_job(data, _key(data, config), label, seconds, cold_item_report, recall_models.known(data), config)
