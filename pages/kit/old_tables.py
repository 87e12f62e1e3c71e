"""Tables of several ages: what a report is found by, for the view that measures it and the table that quotes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pages.kit import jobs, model_results, recall_models, results, session
from pages.kit.jobs import Job
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.experiments.leaderboard.entries import recall_is_there
from recemb_core.experiments.staleness import (
    StalenessConfig,
    StalenessReport,
    measure_staleness,
    staleness_config,
    timeline,
    usual_network,
)

Key = tuple[str, str, StalenessConfig]
NETWORK_SECONDS = 3e-5  # of a training, an event that it learns from; the line of costs says what was measured


def usual_plan(data: ActiveData, table: Any) -> StalenessConfig:
    """What the view opens with for this table.

    Raises:
        UsageError: no times, or too few weeks.
    """
    assert data.sequences is not None
    network = usual_network() if recall_is_there() else None
    return staleness_config(data.sequences, unseeded(table), network=network, seed=session.seed())


def unseeded(table: Any) -> Any:
    """The table's config with seed 0: each window sets its own, and results are found by one config."""
    return replace(table, seed=0) if hasattr(table, "seed") else table


def key_of(data: ActiveData, config: StalenessConfig) -> Key:
    """What a report is kept by."""
    return "staleness", recall_models.log_source(data), config


def job(data: ActiveData, config: StalenessConfig) -> Job:
    """What trains the tables and what stands on them, and asks them.

    Raises:
        UsageError: no times, or too few weeks.
    """
    sequences = data.sequences
    assert sequences is not None
    learned = timeline(sequences, config.ages, config.windows).learned
    tables = config.windows * len(config.ages)
    networks = 0 if config.network is None else config.windows * (2 * len(config.ages) - 1)
    share = learned * 7 * 86_400 / float(max(np.ptp(sequences.timestamps), 1.0))  # type: ignore[arg-type]
    seconds = tables * (share * model_results.model_seconds(data, config.table, len(data.items)) + 0.2)
    seconds += networks * (1.5 + NETWORK_SECONDS * share * len(sequences.tokens))
    label = f"{tables} tables" + (f" and {networks} networks" if networks else "")
    return jobs.heavy_job(data, key_of(data, config), label, seconds, measure_staleness, sequences, config, asks=None)


def ready(data: ActiveData, key: Key) -> StalenessReport | None:
    """A report that is there: of this server, or bundled."""
    return results.ready(data, key, lambda: precomputed.load_staleness(key[1], key[2]))
