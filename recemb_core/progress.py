"""How long runs tell how far they are, and how they are ended."""

from __future__ import annotations

from collections.abc import Callable

# progress(fraction from 0 to 1, what is being done); an exception raised in it ends the run.
Progress = Callable[[float, str], None]

LAST_RATE = 1e-4  # where a falling learning rate ends


class TrainingCancelled(RuntimeError):
    """Raised by a trainer whose ``cancel()`` callback answered True."""


class Reporter:
    """Tells how far the training is and ends it when asked to."""

    def __init__(self, progress: Progress | None, cancel: Callable[[], bool] | None) -> None:
        self.progress, self.cancel = progress, cancel

    def __call__(self, fraction: float) -> None:
        if self.cancel is not None and self.cancel():
            raise TrainingCancelled("training was cancelled")
        if self.progress is not None:
            self.progress(fraction, "training")
