"""What to try on the Sequences page; the answers are counted on the log, cut here and elsewhere."""

from __future__ import annotations

import numpy as np

from pages.kit import results, session
from pages.kit.answer_words import counted
from pages.kit.session import ActiveData
from pages.kit.stage import Old as Experiment
from pages.kit.uploads import uploads
from recemb_core.arrays import Float64Array
from recemb_core.figures.session_gaps import duration
from recemb_core.sequences import Sequences
from recemb_core.summaries import event_gaps
from recemb_core.validation import UsageError

HOUR, WEEK = 60, 10080


def experiments(data: ActiveData) -> list[Experiment]:
    """Predict, then press; for a log that has times."""
    minute = "A pause of one minute ends a session. **How many items will a session have left?**"
    week = "Only a pause of a week ends a session. **What will a long session mix?**"
    hour = "The usual hour. **Does the number of sessions hang on this very choice?**"
    return [
        (minute, lambda: cut_words(data, 1, HOUR), {"gap": 1}),
        (week, lambda: f"{cut_words(data, WEEK, HOUR)} {bridged(data, HOUR, WEEK)}", {"gap": WEEK}),
        (hour, lambda: around(data, 30, HOUR, 120), {"gap": HOUR}),
    ]


def _cut(data: ActiveData, minutes: int) -> Sequences | None:
    if data.upload is not None:
        return uploads.outcome(data.upload, gap_minutes=minutes).sequences
    try:
        return session.cut_sessions(data.uncut(), minutes)
    except UsageError:  # no session is left
        return None


def _gaps(data: ActiveData) -> Float64Array:
    log = data.uncut()
    found: Float64Array = results.remember(data, ("gaps", log.fingerprint), lambda: event_gaps(log))
    return found


def cut_words(data: ActiveData, minutes: int, beside: int) -> str:
    """Sessions, their length, and what is left out, at one cut beside another."""
    events = len(data.uncut().tokens)

    def told(cut: Sequences | None) -> str:
        if cut is None:
            return "no session of two events"
        return (
            f"{counted(len(cut), 'session')} of {np.median(cut.lengths):g} items (median, longest "
            f"{cut.lengths.max():,}), {events - len(cut.tokens):,} of {events:,} events left out"
        )

    now, before = _cut(data, minutes), _cut(data, beside)
    return f"**{told(now)}**; cut at {duration(beside)}: {told(before)}."


def bridged(data: ActiveData, shorter: int, longer: int) -> str:
    """How many pauses no longer end a session."""
    gaps = _gaps(data)
    between = int(((gaps > shorter) & (gaps <= longer)).sum())
    if not between:
        return (
            f"No pause lies between {duration(shorter)} and {duration(longer)}, so no session mixes more than before."
        )
    return (
        f"**{between:,} of {len(gaps):,} pauses** are longer than {duration(shorter)} and do not end a session here: "
        "what was taken before and after them now counts as one visit."
    )


def around(data: ActiveData, low: int, at: int, high: int) -> str:
    """What half and twice the gap would give."""
    gaps = _gaps(data)
    inside = float(((gaps > low) & (gaps <= high)).mean()) if len(gaps) else 0.0
    counts = ["no session" if (cut := _cut(data, m)) is None else f"{len(cut):,}" for m in (low, at, high)]
    return (
        f"Sessions cut at {duration(low)}, {duration(at)}, {duration(high)}: **{', '.join(counts)}**. {inside:.1%} of "
        f"the {len(gaps):,} pauses lie between {duration(low)} and {duration(high)}: the fewer, the less the cut "
        f"matters."
    )
