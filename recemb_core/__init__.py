"""Turn behavior into embeddings, and measure them."""

from recemb_core import moved, numba_cache

moved.install()
numba_cache.ensure_place()
