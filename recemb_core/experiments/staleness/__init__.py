"""How stale may embeddings grow: tables of several ages, asked about the same weeks."""

from recemb_core.experiments.staleness.measuring import measure_staleness
from recemb_core.experiments.staleness.plan import (
    AGES,
    StalenessConfig,
    Timeline,
    staleness_config,
    timeline,
    usual_network,
)
from recemb_core.experiments.staleness.report import ARMS, METRICS, Arm, Metric, Schedule, StalenessReport

__all__ = [
    "AGES",
    "ARMS",
    "METRICS",
    "Arm",
    "Metric",
    "Schedule",
    "StalenessConfig",
    "StalenessReport",
    "Timeline",
    "measure_staleness",
    "staleness_config",
    "timeline",
    "usual_network",
]
