"""A store within its bytes: what goes first, and what is not begun because nothing more may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from recemb_core.runs.store import RunStore


def make_room(store: RunStore, newest: str) -> None:
    """Remove vectors of the oldest runs until the folder is within its limit; pinned ones, and the newest, stay."""
    if store.bytes <= store.limits.bytes:
        return
    for record in reversed(store.runs()):
        if record.has_vectors and not record.pinned and record.run_id != newest:
            store.drop_vectors(record.run_id)
            if store.bytes <= store.limits.bytes:
                return


def check_room(store: RunStore) -> None:
    """Refuse a run where the folder is over its limit, and would be without all that may be removed.

    Raises:
        UsageError: says how much it is, and what to do.
    """
    if store.bytes <= store.limits.bytes:
        return
    freed = sum(one.bytes for one in store.runs() if one.has_vectors and not one.pinned)
    if store.bytes - freed > store.limits.bytes:
        raise UsageError(
            f"the kept runs in {store.folder} take {store.bytes / 1e6:,.0f} MB of {store.limits.megabytes:,}, and what "
            "may be removed is not enough: delete or unpin some, or give RECEMB_RUNS_MEGABYTES another number"
        )
