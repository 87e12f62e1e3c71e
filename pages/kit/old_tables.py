"""Tables of several ages: what a report is found by, for the view that measures it and the table that quotes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pages.kit import recall_models, results, session
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.experiments.leaderboard.entries import recall_is_there
from recemb_core.experiments.staleness import StalenessConfig, StalenessReport, staleness_config, usual_network

Key = tuple[str, str, StalenessConfig]


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


def ready(data: ActiveData, key: Key) -> StalenessReport | None:
    """A report that is there: of this server, or bundled."""
    return results.ready(data, key, lambda: precomputed.load_staleness(key[1], key[2]))
