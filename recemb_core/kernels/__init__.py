"""What the numba kernels of walks, embeddings and LSH share: random numbers, prefetching, σ, one skip-gram update.

Everything here is inlined into the kernel that calls it. ``reference`` says the same in plain Python.
"""

from pathlib import Path

from recemb_core.kernels.outdated import forget_outdated
from recemb_core.numba_cache import go_on_without_room

forget_outdated(Path(__file__).resolve().parents[1])
go_on_without_room()
