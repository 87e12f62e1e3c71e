"""Rows of the evaluation on the data set in use: what is measured already, and the jobs that measure the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Literal

import streamlit as st

from pages.kit import brought, large, model_results, recall_models, results, session
from pages.kit.jobs import Job, part
from pages.kit.session import ActiveData
from recemb_core import precomputed
from recemb_core.embeddings import needs_graph
from recemb_core.experiments.leaderboard import (
    OPENING_SEEDS,
    Entry,
    EntryRun,
    Leaderboard,
    Part,
    PartCases,
    Protocol,
    Trained,
    VectorMeasures,
    measure,
    measure_trained,
    measure_vectors,
    part_cases,
    train_entry,
)
from recemb_core.progress import Progress
from recemb_core.validation import UsageError

State = Literal["ready", "stale", "waiting", "unavailable"]


@dataclass(frozen=True, eq=False)
class Question:
    """What every row of one table is asked: of which data, by which protocol, on which part, with which seeds."""

    data: ActiveData
    protocol: Protocol
    part: Part = "validation"

    @property
    def key(self) -> tuple[str, Protocol, Part]:
        """What tells it from other questions."""
        return recall_models.log_source(self.data), self.protocol, self.part

    def seeds(self, entry: Entry) -> tuple[int, ...]:
        """The visit's seed and those after it; one where the row has none."""
        first = session.seed()
        return tuple(first + seed for seed in OPENING_SEEDS) if entry.seeded else (first,)

    @property
    def cases(self) -> PartCases:
        """Who is asked about what; see :func:`recemb_core.experiments.leaderboard.part_cases`."""
        sequences = self.data.sequences
        assert sequences is not None
        seconds = 3e-7 * len(sequences.tokens)
        key = ("part cases", *self.key)
        found: PartCases = results.compute(
            self.data, key, part_cases, sequences, self.protocol, self.part, seconds=seconds, what="the split"
        )
        return found

    def answer(self, entry: Entry) -> tuple[Any, ...]:
        """What a row's runs are kept by, its seeds aside; its name is no part of it."""
        return *self.key, entry.with_seed(0).config, entry.query


@dataclass(frozen=True, eq=False)
class BoardRow:
    """A row of the table as far as it is there.

    Attributes:
        name: on the page.
        wanted: what is asked for.
        shown: what ``runs`` are of: that, or what was shown last while that is not measured.
        runs: one a seed.
        state: of the row.
        message: why there are no runs.
    """

    name: str
    wanted: Entry
    shown: Entry | None
    runs: tuple[EntryRun, ...]
    state: State
    message: str = ""


def ready_run(question: Question, entry: Entry, seed: int) -> EntryRun | None:
    """One run, of the store or of the bundled file, under the row's name."""
    data = question.data
    key = _run_key(question, entry, seed)

    def load() -> EntryRun | None:
        return None if entry.brought else precomputed.load_run(key[1], question.protocol, entry, question.part, seed)

    found = results.ready(data, key, load)
    return found if found is None or found.name == entry.name else replace(found, name=entry.name)


def ready_runs(question: Question, entry: Entry) -> tuple[EntryRun, ...]:
    """All runs of a row; empty while one is missing."""
    found = [ready_run(question, entry, seed) for seed in question.seeds(entry)]
    return tuple(run for run in found if run is not None) if None not in found else ()


def _run_key(question: Question, entry: Entry, seed: int) -> tuple[Any, ...]:
    return "leaderboard run", *question.answer(entry), seed if entry.seeded else None


def rows(question: Question, entries: Mapping[str, Entry]) -> list[BoardRow]:
    """Every row as far as it is there: measured, with what was shown last, or waiting."""
    return [_row(question, name, entry) for name, entry in entries.items()]


def _row(question: Question, name: str, entry: Entry) -> BoardRow:
    # With the data set's key, so that Reset, which forgets settings, forgets what they have shown as well.
    shown = f"row {name} {hash(question.key)}@{question.data.key}"
    if runs := ready_runs(question, entry):
        st.session_state[shown] = entry
        return BoardRow(name, entry, entry, runs, "ready")
    if message := failure_of(question, entry):
        return BoardRow(name, entry, None, (), "unavailable", message)
    last = st.session_state.get(shown)
    if last is not None and (runs := ready_runs(question, last)):
        return BoardRow(name, entry, last, runs, "stale", "Old settings; the new ones are not measured yet.")
    return BoardRow(name, entry, None, (), "waiting", "Not measured yet.")


def board_of(found: Sequence[BoardRow]) -> Leaderboard:
    """The table of the rows that are there."""
    return Leaderboard.of((one.shown, run) for one in found if one.shown is not None for run in one.runs)


def failure_of(question: Question, entry: Entry) -> str:
    """What the data lacks for a row, as its training said; "" where it said nothing."""
    return results.kept(question.data, _failure(question, entry)) or ""


def _failure(question: Question, entry: Entry) -> tuple[Any, ...]:
    return "leaderboard failed", *question.answer(entry)


def _unavailable(question: Question, entry: Entry, error: UsageError) -> None:
    """The data lacks something that only the training sees: the row says it."""
    failure = _failure(question, entry)
    results.store_of(question.data, failure).put(failure, f"{error}.")


# ---- measuring ----


def measuring_jobs(
    question: Question, found: Sequence[BoardRow], *, asks: Callable[[BoardRow], bool | None]
) -> list[Job]:
    """What is missing, the cheapest first, so that the first rows are there soon.

    Scorers, which are quick, are measured in one go; of large data one by one, so that the first row is there sooner.

    ``asks`` as :class:`~pages.kit.jobs.Job` takes it: whether a row waits for the button.
    """
    missing = [one for one in found if one.state in ("waiting", "stale")]
    quick = [one for one in missing if one.wanted.kind == "scorer"]
    together = [[one] for one in quick] if large.is_large(question.data) else [quick] if quick else []
    first = [_job(question, some, asks(some[0])) for some in together]
    others = [_job(question, [one], asks(one)) for one in missing if one.wanted.kind != "scorer"]
    return first + sorted(others, key=lambda job: job.seconds)


def _job(question: Question, together: Sequence[BoardRow], asks: bool | None) -> Job:
    runs = [(one, seed) for one in together for seed in question.seeds(one.wanted)]

    def run(report: Progress) -> None:
        for done, (one, seed) in enumerate(runs):
            told = f"{one.name}, {{stage}}" if len(together) > 1 else f"seed {seed}, {{stage}}"
            try:
                _measured(question, one.wanted, seed, part(report, done, len(runs), told))
            except UsageError as error:
                _unavailable(question, one.wanted, error)

    seconds = sum(
        seconds_of(question, one.wanted, seed) for one, seed in runs if ready_run(question, one.wanted, seed) is None
    )
    first = together[0]
    label = f"{len(together)} baselines" if len(together) > 1 else first.name
    if first.wanted.seeded:
        label += f" ({len(runs)} seeds)"
    identity = ("leaderboard", *((*question.answer(one.wanted), seed) for one, seed in runs))
    return Job(identity, label, seconds, run, asks=asks)


def _measured(question: Question, entry: Entry, seed: int, report: Progress) -> EntryRun:
    """One run: from the store, or trained and asked now."""
    if (ready := ready_run(question, entry, seed)) is not None:
        return ready
    data, cases = question.data, question.cases
    key = _run_key(question, entry, seed)
    if entry.kind == "scorer":
        report(0.0, "fitting, and ranking the catalogue for every user")
        seconds = seconds_of(question, entry, seed)
        found: EntryRun = results.compute(data, key, measure, cases, entry, seed, seconds=seconds, progress=report)
        return found
    trained = trained_row(question, entry, seed, report)
    report(1.0, "ranking the catalogue for every user")
    run: EntryRun = results.compute(
        data, key, measure_trained, cases, entry, trained, seed, seconds=_asking_seconds(question), progress=report
    )
    return run


def vectors_of_one_seed(question: Question, entry: Entry) -> VectorMeasures | None:
    """What the vectors of a row's first seed know beside the next item, where that was measured before its runs."""
    found: VectorMeasures | None = results.kept(question.data, _one_seed_key(question, entry))
    return found


def one_seed_job(question: Question, found: Sequence[BoardRow], *, asks: bool | None) -> Job | None:
    """Measures that of the row of item vectors that is trained soonest; None where there is none to train.

    Asking users takes longer than all of it on large data, and needs every seed.
    """
    able = [one.wanted for one in found if one.wanted.kind == "embedding" and one.state in ("waiting", "stale")]
    if not able:
        return None
    seed = session.seed()
    entry = min(able, key=lambda one: seconds_of(question, one, seed) + _graph_seconds(question, one))
    key = _one_seed_key(question, entry)
    seconds = max(seconds_of(question, entry, seed) - _asking_seconds(question), 0.2)

    def run(report: Progress) -> None:
        try:
            trained = trained_row(question, entry, seed, report)
            report(1.0, "links and neighbors of its vectors")
            asked = (question.cases, trained.model, entry.query)
            results.compute(question.data, key, measure_vectors, *asked, seconds=2.0)
        except UsageError as error:
            _unavailable(question, entry, error)

    return Job(key, f"{entry.name}, one seed", seconds, run, asks=asks)


def _one_seed_key(question: Question, entry: Entry) -> tuple[Any, ...]:
    return "vectors of one seed", *question.answer(entry), session.seed()


def trained_row(question: Question, entry: Entry, seed: int, report: Progress) -> Trained:
    """A row's model, trained with one seed: from the store, or now; brought vectors as they are."""
    data, cases = question.data, question.cases
    if entry.brought:
        return Trained(brought.vectors_of(data, entry.config), float("nan"))
    if entry.kind == "embedding" and needs_graph(entry.config):
        cases.__dict__["timed_graph"] = results.compute(  # as the cached property would keep it; sent along from now on
            data,
            ("part graph", *question.key),
            attrgetter("timed_graph"),
            cases,
            seconds=_graph_seconds(question, entry),
            progress=lambda fraction, stage: report(0.0, f"building the graph, {stage}"),
        )
    own = entry.with_seed(seed)
    peak_key = ("peak of", *_model_key(question, own))
    found: Trained = _of_the_deep_page(question, own) or results.compute(
        data,
        _model_key(question, own),
        train_entry,
        cases,
        replace(own, name=entry.kind),  # rows that differ by name or query share it
        seed,
        seconds=max(seconds_of(question, entry, seed) - _asking_seconds(question), 0.2),
        progress=report,
        reports=True,
        took=lambda _, peak: results.results(data).put(peak_key, peak),
    )
    return found


def peak_of(question: Question, entry: Entry, seed: int) -> int | None:
    """The most memory of the process that trained a row; None where it came ready, or the system does not tell."""
    found: int | None = results.results(question.data).get(("peak of", *_model_key(question, entry.with_seed(seed))))
    return found


def put_run(question: Question, entry: Entry, run: EntryRun, seed: int) -> None:
    """What was measured elsewhere, a kept run say: it is not measured again."""
    key = _run_key(question, entry, seed)
    results.store_of(question.data, key).put(key, run)


def _of_the_deep_page(question: Question, own: Entry) -> Trained | None:
    """The network as the Deep models page has trained it, which asks the same of the same part."""
    if own.kind != "recall" or question.key[1:] != (Protocol(), "validation"):
        return None
    model = recall_models.model_of(question.data, own.config)
    return None if model is None else Trained(model, model.seconds)


def seconds_of(question: Question, entry: Entry, seed: int) -> float:
    """Estimated seconds of one run; of a model that is trained already, those of asking it."""
    data, asking = question.data, _asking_seconds(question)
    if entry.brought:
        return asking
    if results.results(data).get(_model_key(question, entry.with_seed(seed))) is not None:
        return asking
    if entry.kind == "scorer":
        return asking + 5e-6 * len(question.cases.train.tokens)
    if entry.kind == "recall":
        return asking + recall_models.training_seconds(data, entry.config)
    return asking + model_results.model_seconds(data, entry.config, len(data.items))


def _graph_seconds(question: Question, entry: Entry) -> float:
    """Of building the graph that a row walks, while it is not there."""
    cases = question.cases
    walks = entry.kind == "embedding" and not entry.brought and needs_graph(entry.config)
    return 1e-5 * len(cases.train.tokens) if walks and "timed_graph" not in cases.__dict__ else 0.0


def _asking_seconds(question: Question) -> float:
    return 0.1 + 3e-7 * len(question.cases.users) * len(question.data.items)


def _model_key(question: Question, own: Entry) -> tuple[Any, ...]:
    return recall_models.trained_key(question.key, own.config)
