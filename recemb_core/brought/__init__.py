"""Embeddings made elsewhere."""

from recemb_core.brought.reading import read_vectors
from recemb_core.brought.vectors import Brought, BroughtConfig, BroughtVectors

__all__ = ["Brought", "BroughtConfig", "BroughtVectors", "read_vectors"]
