"""File formats in, tidy polars tables out."""
