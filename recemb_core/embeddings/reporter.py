"""What all trainers share while they run: progress, cancelling and where the learning rate ends."""

from __future__ import annotations

from collections.abc import Callable

from recemb_core.embeddings.item_vectors import Progress, TrainingCancelled

LAST_RATE = 1e-4


class Reporter:
    """Tells how far the training is and ends it when asked to."""

    def __init__(self, progress: Progress | None, cancel: Callable[[], bool] | None) -> None:
        self.progress, self.cancel = progress, cancel

    def __call__(self, fraction: float) -> None:
        if self.cancel is not None and self.cancel():
            raise TrainingCancelled("training was cancelled")
        if self.progress is not None:
            self.progress(fraction, "training")
