"""Frames that much is made of: computed once, and no burden for the plans that come after."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def settled(frame: DataFrame) -> DataFrame:
    """The frame, kept where it was computed.

    Spark Connect sends the whole plan of a frame with everything that is asked of it, what is persisted too, and
    refuses plans that are a hundred steps deep, as one from a file to walks is: there it is a checkpoint, which is a
    plan of one step. Elsewhere it is persisted, which a lost machine does not lose.
    """
    if type(frame).__module__.startswith("pyspark.sql.connect"):
        return frame.localCheckpoint()
    return frame.persist()
