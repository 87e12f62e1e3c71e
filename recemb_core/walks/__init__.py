"""Random walks on the item graph, by p and q."""

from recemb_core.walks.generate import (
    WalkConfig,
    WalkSettings,
    WalkStream,
    generate_walks,
    transition_probabilities,
    walks_or_stream,
)

__all__ = ["WalkConfig", "WalkSettings", "WalkStream", "generate_walks", "transition_probabilities", "walks_or_stream"]
