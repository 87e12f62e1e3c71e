"""Locality-sensitive hashing: the index, the grid over its settings, its theory, and the families of hash functions.

``families`` registers what a hash function is; ``hashing`` draws functions; ``index`` searches, ``grid`` measures every
setting at once, ``theory`` says what to expect, ``curve`` and ``pairs`` measure what theory says, ``explain`` looks
inside; the ``*_kernel`` files hold the compiled code and ``reference`` the same in plain NumPy.
"""

from recemb_core.neighbors.lsh.families import HashFamily, family_named, register_family, unregister_family
from recemb_core.neighbors.lsh.index import MAX_FUNCTIONS, MAX_TABLES, LSHAnswer, LSHConfig, LSHIndex

__all__ = [
    "MAX_FUNCTIONS",
    "MAX_TABLES",
    "HashFamily",
    "LSHAnswer",
    "LSHConfig",
    "LSHIndex",
    "family_named",
    "register_family",
    "unregister_family",
]
