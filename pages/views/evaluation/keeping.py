"""A row of the table kept as runs, one a seed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.kit import jobs, kept_runs, links
from pages.kit.allowed import Options
from pages.kit.asked import EVALUATION_PAGE
from pages.kit.jobs import Job, part
from pages.kit.leaderboard import Question, peak_of, seconds_of, trained_row
from pages.kit.parameters import Parameter
from pages.kit.text import plain
from pages.views.evaluation.board import Board
from recemb_core.embeddings import ItemVectors
from recemb_core.experiments.leaderboard import Entry, EntryRun
from recemb_core.progress import Progress
from recemb_core.runs import RunRecord, RunSpec, RunStore
from recemb_core.scorers import SCORERS

ROW = Parameter(EVALUATION_PAGE, "evaluation_keep", "Row to keep", Options(), help="One run is kept for each seed.")


def keep_box(board: Board) -> None:
    """Which row, and the button."""
    data, question = board.data, board.settings.question
    there = {
        row.name: row.shown
        for row in board.rows
        if row.shown is not None
        and (row.shown.kind != "scorer" or row.name in SCORERS)
        and kept_runs.brought_is_kept(row.shown.config)
    }
    if kept_runs.closed() or not there:
        return
    with st.popover("Keep a row", icon=":material/bookmark_add:"):
        if kept_runs.asks_for_leave(data):
            kept_runs.leave_button(data)
            return
        names = list(there)
        best = next((name for name in board.comparison().order if name in names), names[0])
        name = ROW.draw(data, default=best, among=names)
        entry, runs = there[name], board.table.rows[name].runs
        job = _job(question, name, entry, runs)
        st.caption(
            "Kept are settings, seeds, the figures of each user, and the vectors, so that two runs can be compared "
            "later. Vectors that came with the app are trained once more for it, to the same bytes."
        )
        label = f"Keep {len(runs)} run{'s' * (len(runs) != 1)} ({jobs.about(job.seconds)})"
        if st.button(label, key=f"keep row@{data.key}", type="primary"):
            records = jobs.perform(data, job)
            words = f"Kept: {len(records)} run{'s' * (len(records) != 1)} of {plain(name)}."
            st.toast(words, icon=":material/bookmark_added:")  # outlives a page that draws itself anew
        kept_runs.to_the_page()


def _job(question: Question, name: str, entry: Entry, runs: tuple[EntryRun, ...]) -> Job:
    """Keeping the runs of a row; what has vectors is trained for them where they are not there."""
    data = question.data

    def run(report: Progress) -> list[RunRecord]:
        store, session = kept_runs.store(), links.saved_session(data).to_toml()
        return [
            _keep(store, question, entry, one, session, part(report, at, len(runs), f"seed {one.seed}, {{stage}}"))
            for at, one in enumerate(runs)
        ]

    trained = entry.kind == "embedding"
    seconds = sum(seconds_of(question, entry, one.seed or 0) for one in runs) if trained else 0.5
    return Job(("keep", *question.answer(entry), len(runs)), f"Keeping {name}", seconds, run)


def _keep(
    store: RunStore, question: Question, entry: Entry, run: EntryRun, session: str, report: Progress
) -> RunRecord:
    seed = run.seed or 0
    about: dict[str, Any] = {"name": kept_runs.name_of(question.data), "fingerprint": question.data.fingerprint}
    spec = RunSpec.measured(question.cases, entry, seed, **about, session=session)
    found = store.find(spec)
    if found is not None and found.has_users and (found.has_vectors or entry.kind != "embedding"):
        return found
    with store.begin(spec.study, spec) as handle:
        model = trained_row(question, entry, seed, report).model if entry.kind == "embedding" else None
        vectors = model if isinstance(model, ItemVectors) else None
        peak = peak_of(question, entry, seed)
        seconds = None if entry.brought else run.train_seconds
        return handle.finish(vectors=vectors, scores=run, seconds=seconds, peak_bytes=peak)
