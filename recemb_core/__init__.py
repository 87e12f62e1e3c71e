"""Turn behaviour into embeddings, and measure them."""

from pathlib import Path

from recemb_core import moved, numba_cache

moved.install()
numba_cache.ensure_place(Path(__file__).parent / "kernels" / "__pycache__" / "numba")
