"""Item properties that a log's own events tell: what is measured with them, and what has to be said of it."""

from __future__ import annotations

from pages.kit.session import ActiveData
from pages.kit.text import plain_field


def of_events(data: ActiveData) -> tuple[str, ...]:
    """Fields of side information that were taken from the events of an upload, not from a table of items."""
    log = None if data.found is None else data.found.log
    if log is None or log.columns.shape == "sequences":
        return ()
    told = () if log.details is None else log.details.frame.columns
    return tuple(name for name in log.columns.side if name in data.side_fields and name not in told)


def held_out_words(data: ActiveData) -> str:
    """That these fields know of the held-out part, in a sentence; "" where there are none."""
    names = of_events(data)
    if not names:
        return ""
    few = ", ".join(plain_field(name) for name in names[:4]) + (f" and {len(names) - 4:,} more" * (len(names) > 4))
    return (
        f"Models with side information read {few} from all events of the log, the held-out ones included (an item's "
        "commonest value): a property that changes from event to event, such as a price paid, tells them a little of "
        "what is asked. A table of items beside the log, on the Sequences page, takes its place."
    )
