"""Turn behaviour into embeddings, and measure them."""

from recemb_core import moved

moved.install()
