"""Trainers: sequences or graphs in, :class:`ItemVectors` out."""
