"""How long runs tell how far they are, and how they are ended."""

from __future__ import annotations

from collections.abc import Callable

# progress(fraction from 0 to 1, what is being done); an exception raised in it ends the run.
Progress = Callable[[float, str], None]

# cancel(), asked as often: True ends the run.
Cancel = Callable[[], bool] | None

LAST_RATE = 1e-4  # where a falling learning rate ends


def rate_at(start: float, share: float) -> float:
    """The learning rate when this share of the training is done: from ``start`` down to nearly zero, linearly."""
    return start + (min(LAST_RATE, start) - start) * share


class TrainingCancelled(RuntimeError):
    """Raised by a trainer whose ``cancel()`` callback answered True."""


class Reporter:
    """Tells how far the training is and ends it when asked to."""

    def __init__(self, progress: Progress | None, cancel: Cancel = None) -> None:
        self.progress, self.cancel = progress, cancel

    def __call__(self, fraction: float) -> None:
        if self.cancel is not None and self.cancel():
            raise TrainingCancelled("training was cancelled")
        self.tell(fraction)

    def tell(self, fraction: float, stage: str = "training") -> None:
        """Say it, and go on in any case."""
        if self.progress is not None:
            self.progress(fraction, stage)
