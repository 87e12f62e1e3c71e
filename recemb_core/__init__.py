"""Turn behaviour into embeddings, and measure them."""
