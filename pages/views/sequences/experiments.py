"""What to try on the Sequences page; the answers are counted on the log, cut here and elsewhere."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from pages.kit import results, session
from pages.kit.answer_words import counted
from pages.kit.session import ActiveData
from pages.kit.stage import Experiment, Verdict
from pages.kit.text import plain
from pages.kit.uploads import uploads
from recemb_core.arrays import Float64Array
from recemb_core.figures.session_gaps import duration
from recemb_core.sequences import Sequences
from recemb_core.summaries import event_gaps
from recemb_core.validation import UsageError

HOUR, WEEK = 60, 10080
LEFT_OUT = ("Under 10% of the events", "10 to 50%", "More than half")
STAY = ("Fewer than half: visits are mixed", "Half to 90%", "Nearly all: over 90%")
CHANGE = ("By less than 2%", "By 2 to 10%", "By more than 10%")
TAKE = ("About a tenth: all sell alike", "Up to half", "More than half")
ONCE = ("None", "Less than a tenth", "A tenth or more")


def experiments(data: ActiveData) -> list[Experiment]:
    """Of pauses where the log has times, else of the popularity that is the picture."""
    if not data.cut_by_time:
        return [
            Experiment(
                "The most popular tenth of the items. **How many of all events are theirs?**",
                TAKE,
                lambda: popular_share(data),
                {},
            ),
            Experiment(
                "An embedding learns an item from its events. **How many items have fewer than five?**",
                ONCE,
                lambda: rare_share(data),
                {},
            ),
        ]
    tries = [
        Experiment(
            "Only a pause of a week ends a session. **How many sessions of the one-hour cut are left?**",
            STAY,
            lambda: week(data),
            {"gap": WEEK},
        ),
        Experiment(
            "The usual hour. **By how much does half or twice the pause change the number of sessions?**",
            CHANGE,
            lambda: around(data),
            {"gap": HOUR},
        ),
    ]
    if not (_gaps(data) <= 1).any():  # songs, say: cut at a minute, such a log has no session, and no page
        return tries
    question = "A pause of one minute ends a session. **How many events are left out then, alone in their session or "
    return [Experiment(f"{question}repeated?**", LEFT_OUT, lambda: minute(data), {"gap": 1}), *tries]


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


def _told(cut: Sequences | None, minutes: int) -> str:
    if cut is None:
        return f"Cut at {duration(minutes)}, no session of two events is left."
    return (
        f"Cut at {duration(minutes)}: {counted(len(cut), 'session')} of {np.median(cut.lengths):g} items (median; "
        f"longest {cut.lengths.max():,})."
    )


def minute(data: ActiveData) -> Verdict:
    """What is left out when a minute ends a session."""
    events, cut, before = len(data.uncut().tokens), _cut(data, 1), _cut(data, HOUR)
    lost = events - (0 if cut is None else len(cut.tokens))
    right = bisect_left((0.1, 0.5), lost / events)
    said = f"**{lost:,} of {events:,}** events are left out ({lost / events:.0%}): they teach nothing. {_told(cut, 1)}"
    return Verdict(said, right, more=_told(before, HOUR))


def week(data: ActiveData) -> Verdict:
    """What is mixed when only a week ends a session."""
    now, before, gaps = _cut(data, WEEK), _cut(data, HOUR), _gaps(data)
    bridged = int(((gaps > HOUR) & (gaps <= WEEK)).sum())
    mixed = (
        f"**{bridged:,} of {len(gaps):,} pauses** are longer than {duration(HOUR)} and end no session now: what was "
        "taken before and after one counts as one visit."
    )
    if now is None or before is None:
        return Verdict(mixed, more=f"{_told(now, WEEK)} {_told(before, HOUR)}")
    share = len(now) / len(before)
    right = 0 if share < 0.5 else 1 if share <= 0.9 else 2
    more = f"{_told(now, WEEK)} {_told(before, HOUR)}"
    return Verdict(f"{len(now):,} of {len(before):,}. {mixed}", right, more=more)


def around(data: ActiveData) -> Verdict:
    """What half and twice the gap would give."""
    gaps, minutes = _gaps(data), (30, HOUR, 120)
    inside = float(((gaps > 30) & (gaps <= 120)).mean()) if len(gaps) else 0.0
    cuts = [_cut(data, m) for m in minutes]
    counts = ["no session" if cut is None else f"{len(cut):,}" for cut in cuts]
    many = [0 if cut is None else len(cut) for cut in cuts]
    change = max(abs(one - many[1]) for one in many) / many[1] if many[1] else 0.0
    right = None if not many[1] else 0 if change < 0.02 else 1 if change <= 0.1 else 2
    told = ", ".join(duration(m) for m in minutes)
    return Verdict(
        f"Sessions cut at {told}: **{', '.join(counts)}**. {inside:.1%} of the {len(gaps):,} pauses lie between "
        f"{duration(30)} and {duration(120)}: the fewer, the less the cut matters.",
        right,
    )


def popular_share(data: ActiveData) -> Verdict:
    """What the most popular tenth takes."""
    assert data.sequences is not None
    counts = np.sort(data.sequences.counts)[::-1]
    top = -(-len(counts) // 10)
    share = counts[:top].sum() / counts.sum()
    best = plain(data.titles[int(np.argmax(data.sequences.counts))])
    return Verdict(
        f"The {counted(top, 'item')} of the most popular tenth have **{share:.0%}** of all {counts.sum():,} events; "
        f"{best} alone has {counts[0] / counts.sum():.1%}.",
        0 if share <= 0.15 else 1 if share <= 0.5 else 2,
    )


def rare_share(data: ActiveData) -> Verdict:
    """How many items have hardly an event."""
    assert data.sequences is not None
    counts = data.sequences.counts
    few = int((counts < 5).sum())
    return Verdict(
        f"**{few:,} of {len(counts):,}** items have fewer than five events, the rarest {counts.min():,}; half of the "
        f"items have {np.median(counts):g} or fewer. The right end of the curve is theirs.",
        0 if few == 0 else 1 if few / len(counts) < 0.1 else 2,
    )
