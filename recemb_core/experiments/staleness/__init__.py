"""How stale may embeddings grow: tables of several ages, asked about the same weeks."""

from recemb_core.experiments.staleness.measuring import measure_staleness
from recemb_core.experiments.staleness.plan import AGES, StalenessConfig, Timeline, staleness_config, timeline
from recemb_core.experiments.staleness.report import ARMS, METRICS, Schedule, StalenessReport

__all__ = [
    "AGES",
    "ARMS",
    "METRICS",
    "Schedule",
    "StalenessConfig",
    "StalenessReport",
    "Timeline",
    "measure_staleness",
    "staleness_config",
    "timeline",
]
