"""Nearest-neighbor indexes: ``build(vectors)``, then ``query(queries, k)``."""

from recemb_core.neighbors.exact import ExactIndex
from recemb_core.neighbors.faiss_lsh import FaissLSHIndex
from recemb_core.neighbors.hnsw import HNSWConfig, HNSWIndex
from recemb_core.neighbors.inner_product import AugmentedIndex
from recemb_core.neighbors.kd_tree import KDTreeIndex
from recemb_core.neighbors.lsh import HashFamily, LSHAnswer, LSHConfig, LSHIndex, register_family
from recemb_core.neighbors.lsh.cells import LSHCell, LSHGrid
from recemb_core.neighbors.lsh.grid import lsh_cell, lsh_grid
from recemb_core.neighbors.lsh.theory import amplified_probability, collision_probability

__all__ = [
    "AugmentedIndex",
    "ExactIndex",
    "FaissLSHIndex",
    "HNSWConfig",
    "HNSWIndex",
    "HashFamily",
    "KDTreeIndex",
    "LSHAnswer",
    "LSHCell",
    "LSHConfig",
    "LSHGrid",
    "LSHIndex",
    "amplified_probability",
    "collision_probability",
    "lsh_cell",
    "lsh_grid",
    "register_family",
]
