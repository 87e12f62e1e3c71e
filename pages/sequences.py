"""Choose or upload behavior, cut it into sessions, see what is in it."""

from __future__ import annotations

import numpy as np
import polars as pl
import streamlit as st

from pages.kit import frame, navigation, results, session, stage
from pages.kit.live_chart import live_chart
from pages.kit.text import plain
from pages.kit.uploads import uploads
from pages.views.sequences.designed import design_box
from pages.views.sequences.experiments import experiments
from pages.views.sequences.upload import upload_box
from recemb_core.figures.popularity import MOST as POPULARITIES
from recemb_core.figures.popularity import popularity_figure
from recemb_core.figures.session_gaps import session_gaps_figure
from recemb_core.figures.session_lengths import session_lengths_figure
from recemb_core.sequences import Sequences
from recemb_core.summaries import event_gaps, log_histogram


def began(sequences: Sequences, rows: range) -> pl.Series:
    """When each sequence began."""
    if sequences.timestamps is None:
        return pl.Series([None] * len(rows), dtype=pl.String)
    return pl.from_epoch(pl.Series([int(sequences.timestamps[sequences.offsets[i]]) for i in rows], dtype=pl.Int64))


def left_out(sequences: Sequences) -> str:
    """How many events the steps between log and sequences left out, and which steps these were."""
    steps = [step for step in sequences.report if step.dropped_rows]
    if not sequences.report or not steps:
        return "No event is left out."
    rows = sequences.report[0].rows[0]
    by_step = ", ".join(f"{step.name} {step.dropped_rows:,}" for step in steps)
    return f"{rows - sequences.report[-1].rows[1]:,} of {rows:,} events are left out: {by_step}."


with frame.page(
    "What is in my log?",
    "Who did what, in which order: the raw material of every embedding. Take a bundled data set, or upload your own.",
    opens_on="planted_shop",
    needs="nothing",
) as data:
    with st.expander("Upload your own log", icon=":material/upload:", expanded=bool(uploads.every() or uploads.said())):
        upload_box(data)
    design_box(data)
    sequences = data.sequences
    if sequences is None:
        st.info(
            f"**{plain(data.title)}** is a graph without a log. See it on the Item graph page, or "
            "choose another data set."
        )
        navigation.link("item_graph", "To the item graph")
    else:
        unit = "baskets" if not sequences.ordered else "sessions" if data.cut_by_time else "sequences"
        users = len(np.unique(sequences.users)) if sequences.users is not None else None
        chosen = session.chosen_item(data)
        row = sequences.items.row(chosen)
        main, side = frame.side_by_side("log-and-cut", (8, 3), "15rem")
        with main:
            numbers = [
                ("Events", f"{len(sequences.tokens):,}", "Rows of behavior in the sequences below."),
                (unit.capitalize(), f"{len(sequences):,}", f"The {unit} that embeddings are learned from."),
                ("Items", f"{len(sequences.items):,}", "Different items."),
                ("Users", "–" if users is None else f"{users:,}", "Different users; – where the log names none."),
                (
                    "Median length",
                    f"{np.median(sequences.lengths):g} items",
                    f"The {unit[:-1]} in the middle, by length.",
                ),
            ]
            frame.metrics(numbers, stage.scores())
        share = ""
        with side:
            if data.cut_by_time:
                session.gap_control(data)
            stage.try_this(data, experiments(data))
        popularity = popularity_figure(sequences.counts, data.titles, chosen=row)
        many = len(data.items)
        fewer = f"{POPULARITIES:,} of {many:,} items are points of the line, at equal steps of log rank."
        choose = lambda item: session.pick(data, item)  # noqa: E731
        with main:
            with stage.picture():
                if data.cut_by_time:
                    log = data.uncut()
                    gaps = results.remember(data, ("gaps", log.fingerprint), lambda: event_gaps(log))
                    cut = session.gap(data)
                    if len(gaps):
                        share = f"{np.mean(gaps > cut):.1%} of {len(gaps):,} pauses are longer than the cut. "
                    figure = session_gaps_figure(log_histogram(gaps), cut_minutes=cut)
                    live_chart(figure, key=f"gaps@{data.key}", height=360, above=225)
                else:
                    live_chart(popularity, key=f"popularity@{data.key}", height=360, above=225, on_click=choose)
            if data.cut_by_time:
                st.caption(f"{share}{left_out(sequences)}")
            elif many > POPULARITIES:
                st.caption(fewer)
        left, right = frame.side_by_side("lengths-and-popularity", (1, 1), "17rem")
        with left:
            st.subheader(f"How long are the {unit}?", anchor=False)
            live_chart(session_lengths_figure(sequences.lengths, unit=unit), key=f"lengths@{data.key}", height=320)
        if data.cut_by_time:
            with right:
                st.subheader("How unevenly are items used?", anchor=False)
                live_chart(popularity, key=f"popularity@{data.key}", height=320, on_click=choose)
                if many > POPULARITIES:
                    st.caption(fewer)
        st.subheader(f"First {unit}", anchor=False)
        few = range(min(12, len(sequences)))
        joint = " → " if sequences.ordered else " + "
        st.dataframe(
            pl.DataFrame(
                {
                    "User": [str(sequences.users[i]) if sequences.users is not None else "–" for i in few],
                    "Began (UTC)": began(sequences, few),
                    "Length": [len(sequences[i]) for i in few],
                    "Items": [joint.join(data.titles[int(t)] for t in sequences[i][:20]) for i in few],
                }
            ),
            hide_index=True,
            column_config={"Items": st.column_config.TextColumn(width="large")},
        )
        frame.what_you_see(
            "An embedding learns from *what occurs together*, so the first decision is what 'together' means. "
            "A user's events are sorted by time and cut where the pause to the previous one exceeds the gap; "
            "lines of a basket share one time and have no order. "
            "The popularity curve is nearly a straight line on these axes when few items take most of "
            "the events (a power law): rare items, on its right, have little to learn from.\n\n"
            "**Longer gap**: fewer, longer sessions that mix visits. **Shorter gap**: more, shorter ones, and "
            "many of a single event, which are left out."
        )
        frame.as_python(
            [
                *frame.import_lines(data, always=True),
                "",
                *frame.load_lines(data, always=True),
                "print(len(sequences), sequences.lengths, sequences.counts)",
                *(["print(*sequences.report, sep='\\n')"] if data.uploaded else []),
            ]
        )
