"""Nearest-neighbor indexes: ``build(vectors)``, then ``query(queries, k)``."""

from recemb_core.neighbors.exact import ExactIndex

__all__ = ["ExactIndex"]
