"""``recemb evaluate`` and ``recemb compare``: hits beside the floor, with intervals; and which rows are told apart."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from recemb_core.brought import read_vectors
from recemb_core.command_line.arguments import data_arguments, open_data, pairs, session_of, settings_text, typed
from recemb_core.command_line.keeping import keep_arguments, kept_in
from recemb_core.command_line.printing import Lines, Result, Table, bar
from recemb_core.config_fields import changed, config_fields, from_text
from recemb_core.embeddings import MODELS, needs_graph
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.leaderboard import (
    METRICS,
    OPENING_SEEDS,
    PARTS,
    Entry,
    EntryRun,
    Leaderboard,
    PartCases,
    Protocol,
    brought_row,
    default_query,
    entry_defaults,
    measure_all,
    measure_trained,
    part_cases,
)
from recemb_core.experiments.leaderboard.entries import recall_is_there
from recemb_core.plans import model_config, model_named, seed_of
from recemb_core.prepared import Prepared
from recemb_core.progress import Progress
from recemb_core.result_files import plain
from recemb_core.runs import RunStore
from recemb_core.runs.doing import kept_measurement
from recemb_core.scorers import scorer_defaults
from recemb_core.sequences import Sequences
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError, is_whole, require


def _arguments(parser: argparse.ArgumentParser) -> None:
    data_arguments(parser)
    group = parser.add_argument_group("measurement")
    group.add_argument(
        "--part",
        choices=PARTS,
        default="validation",
        help="choose settings on validation; ask the test part once, at the end (default: validation)",
    )
    group.add_argument(
        "--protocol", action="append", default=[], metavar="NAME=VALUE", help="split, targets, lengths …"
    )
    group.add_argument(
        "--seeds",
        type=int,
        default=len(OPENING_SEEDS),
        metavar="N",
        help=f"trainings of a row that depends on a seed; noise is known from three on (default: {len(OPENING_SEEDS)})",
    )
    group.add_argument("--seed", type=int, metavar="N", help="the first of them (default: that of the session or 0)")
    group.add_argument(
        "--vectors",
        action="append",
        default=[],
        metavar="FILE",
        help="vectors made elsewhere as one more row, as they are; again and again (word2vec, npz, parquet, a bundle)",
    )
    group.add_argument("--metric", choices=list(METRICS), default="hr", help="that rows are ordered by (default: hr)")
    keep_arguments(parser)
    parser.epilog = settings_text("settings for --protocol:", config_fields(Protocol))


class Evaluate:
    """``recemb evaluate``."""

    NAME = "evaluate"
    HELP = "measure one model on held-out events, beside what is most popular"

    @staticmethod
    def add(parser: argparse.ArgumentParser) -> None:
        _arguments(parser)
        parser.add_argument(
            "--model", metavar="NAME", help=f"one of {', '.join(MODELS)} (default: that of the session)"
        )
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the model")

    @staticmethod
    def run(args: argparse.Namespace) -> Result:
        saved = session_of(args)
        name = args.model or saved.model
        if not name and args.vectors:
            return _measured(args, saved, ["Popularity"])
        if not name:
            args.parser.error("say which model: --model NAME, or --session FILE with one in it; or --vectors FILE")
        told = "".join(f",{pair}" for pair in args.set)
        return _measured(args, saved, [f"{model_named(name).name}{told}", "Popularity"])


class Compare:
    """``recemb compare``."""

    NAME = "compare"
    HELP = "measure several models and baselines, and say which are told apart beyond noise"

    @staticmethod
    def add(parser: argparse.ArgumentParser) -> None:
        _arguments(parser)
        parser.add_argument(
            "--row",
            action="append",
            default=[],
            metavar="NAME[,SETTING=VALUE…]",
            help="a model or a baseline, with settings that differ from those of the data; again and again "
            "(default: all that this data can have)",
        )
        parser.add_argument("--recall", action="store_true", help="recall networks too, where --row names none (slow)")

    @staticmethod
    def run(args: argparse.Namespace) -> Result:
        return _measured(args, session_of(args), args.row)


def _measured(args: argparse.Namespace, saved: SessionFile, asked: Sequence[str]) -> Result:
    require(is_whole(args.seeds) and args.seeds >= 1, "--seeds", args.seeds, "1 or more")
    protocol = Protocol(**typed(Protocol, args.protocol, "--protocol"))
    prepared = open_data(args, saved)
    if prepared.sequences is None:
        raise UsageError(f"{prepared.name} is a graph, and nothing of it can be held out; give a log")
    cases = part_cases(prepared.sequences, protocol, args.part)
    whole = prepared.sequences
    rows = _rows(cases, whole, saved, asked) if asked else _all_rows(cases, whole, saved, args.recall)
    first, notes = seed_of(saved), [*prepared.notes]
    seeds = range(first, first + args.seeds)
    store = kept_in(args)
    with bar(f"{len(rows)} rows") as progress:
        if store is None:
            runs = list(measure_all(cases, rows, seeds, progress=progress))
        else:
            runs, before = _kept(store, cases, rows, seeds, prepared, progress)
            notes.append(f"{len(runs)} runs are kept in {store.folder}; {before} of them were there before.")
    if any(needs_graph(row.config) for row in rows if row.kind == "embedding") and saved.graph:
        notes.append("Walks use the default graph of the training part here, not that of the session.")
    board = Leaderboard.of(runs)
    for path in dict.fromkeys(args.vectors):
        board, said = _with_vectors(cases, board, path)
        notes += said
    return _result(args, prepared, cases, board, notes)


def _with_vectors(cases: PartCases, board: Leaderboard, path: str) -> tuple[Leaderboard, list[str]]:
    """The board with a row of vectors made elsewhere, and what is to be said of them."""
    brought = read_vectors(path)
    name = Path(path).name
    row, vectors = brought_row(cases, brought, path if name in board.rows else name)
    _, said = brought.aligned(cases.train.items)
    known = f"whether it has seen the {cases.part} part, and what it cost to train, is not known here"
    notes = [*brought.notes, *said, f"{row.name} is taken as it is, without a seed; {known}."]
    return board.plus(row, measure_trained(cases, row, vectors)), notes


def _kept(
    store: RunStore, cases: PartCases, rows: list[Entry], seeds: range, prepared: Prepared, progress: Progress
) -> tuple[list[tuple[Entry, EntryRun]], int]:
    """(every row with every seed, how many of them were kept before)."""
    asked = [(row, seed) for row in rows for seed in (seeds if row.seeded else seeds[:1])]
    found, before = list[tuple[Entry, EntryRun]](), 0
    session = prepared.session.to_toml()
    for at, (row, seed) in enumerate(asked):

        def tell(fraction: float, stage: str, at: int = at, name: str = row.name) -> None:
            progress((at + fraction) / len(asked), f"{name}, {stage}")

        about: dict[str, Any] = {"name": prepared.name, "fingerprint": prepared.fingerprint, "session": session}
        run, _, new = kept_measurement(store, cases, row, seed, **about, progress=tell)
        found.append((row, run))
        before += not new
    return found, before


# --- rows ---


def _all_rows(cases: PartCases, whole: Sequences, saved: SessionFile, recall: bool) -> list[Entry]:
    if recall and not recall_is_there():
        raise UsageError("recall networks need jax and optax: install recemb-explorer[deep], or leave out --recall")
    found = entry_defaults(cases.train, seed=seed_of(saved), graph=cases.timed_graph[0], recall=recall)
    return [_of_session(cases, whole, saved, row) if row.kind == "embedding" else row for row in found.values()]


def _of_session(cases: PartCases, whole: Sequences, saved: SessionFile, row: Entry) -> Entry:
    """The row with what the session says of its model; defaults go by the whole log, which is trained on in the end."""
    spec = next(spec for spec in MODELS.values() if spec.owns(row.config))
    graph = cases.timed_graph[0] if "graph" in spec.needs else None
    side = cases.train.side_info
    config = model_config(saved, spec, sequences=whole, graph=graph, side_info=side)
    return replace(row, config=config, query=default_query(config, cases.train))


def _rows(cases: PartCases, whole: Sequences, saved: SessionFile, asked: Sequence[str]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for text in asked:
        if text in found:
            raise UsageError(f"the row {text!r} is asked for twice; once is enough")
        found[text] = _row(cases, whole, saved, text)
    return list(found.values())


def _row(cases: PartCases, whole: Sequences, saved: SessionFile, text: str) -> Entry:
    """``NAME,setting=value,…`` as a row that is called so."""
    scorers = {key.lower(): (key, config) for key, config in scorer_defaults(cases.train).items()}
    a_scorer = text.strip().lower() in scorers  # some have a comma in their name
    name, *settings = [text.strip()] if a_scorer else [part.strip() for part in text.split(",")]
    if name.lower() in scorers:
        key, config = scorers[name.lower()]
        given = {k: from_text(type(config), k, v) for k, v in pairs(settings, "--row").items()}
        label = key if not settings else f"{key}, {', '.join(settings)}"
        return Entry(name=label, config=changed(config, given, key))
    if name.lower() not in {model.lower() for model in MODELS}:
        raise UsageError(f"no row is called {name!r}; there are {', '.join([*scorer_defaults(cases.train), *MODELS])}")
    spec = model_named(name)
    lacking = spec.lacking(cases.train, True, cases.train.side_info)
    if lacking:
        raise UsageError(f"{spec.name} needs side information, and this data has none; choose another model")
    given = typed(spec.config, settings, "--row")
    row = _of_session(cases, whole, saved, Entry(name=spec.name, config=spec.config(**spec.fixed)))
    config = changed(row.config, given, spec.name)
    label = spec.name if not settings else f"{spec.name}, {', '.join(settings)}"
    return Entry(name=label, config=config, query=default_query(config, cases.train))


# --- what is said ---


def _result(
    args: argparse.Namespace, prepared: Prepared, cases: PartCases, board: Leaderboard, notes: list[str]
) -> Result:
    k = cases.protocol.k
    comparison = board.compare(args.metric, k)
    figures = {
        name: {metric: board.estimate(name, metric, k) for metric in METRICS} for name in comparison.order
    }  # fmt: skip
    rows = [
        {
            "row": name,
            "config": plain(board.rows[name].entry.with_seed(0).config),
            "letters": comparison.letters.get(name, ""),
            **{metric: _plain(figures[name][metric]) for metric in METRICS},
            "coverage": board.coverage(name, k),
            "seeds": len(board.rows[name].runs) if board.rows[name].entry.seeded else None,
            "train_seconds": None if board.rows[name].entry.brought else board.rows[name].mean("train_seconds"),
            "asked": row.query.words if (row := board.rows[name].entry).query is not None else "",
        }
        for name in comparison.order
    ]
    of = "" if len(cases.users) == cases.there else f"{len(cases.users):,} of "
    split = cases.protocol.split.replace("_", " ")
    if (asked := cases.asked()) < len(cases.users):
        split += f"; {asked:,} have a target that counts"
    said = [
        f"The {cases.part} part of {prepared.name}: {of}{cases.there:,} users, {split}.",
        cases.choice.words,
        "Intervals are of 95%, over users and seeds. Rows that share a letter are not told apart (paired over users "
        f"and seeds, Holm over all pairs, {100 * comparison.level:g}% for all together).",
    ]
    epochs = {name: getattr(row.entry.config, "epochs", None) for name, row in board.rows.items()}
    trained = "; ".join(f"{name}: {count}" for name, count in epochs.items() if count is not None)
    if trained:
        said.append(f"Epochs (of item vectors by size, where no setting says them): {trained}.")
    advice = board.advice(comparison).words
    names = {"hr": f"HR@{k}", "ndcg": f"NDCG@{k}", "mrr": "MRR"}
    table = Table(
        ("row", *names.values(), "95% interval of " + names[args.metric], "letters", "coverage", "seeds", "train s"),
        [
            (
                one["row"],
                *(one[metric]["value"] for metric in METRICS),
                _range(one[args.metric]["low"], one[args.metric]["high"], ".4f"),
                one["letters"],
                one["coverage"],
                one["seeds"],
                None if one["train_seconds"] is None else round(one["train_seconds"], 3),
            )
            for one in rows
        ],
    )
    pairs_table = Table(
        ("first", "second", f"{names[args.metric]}, first less second", "95% interval", "p (Holm)", "verdict"),
        [
            (d.first, d.second, d.value, _range(d.low, d.high, "+.4f"), d.adjusted if d.measured else None, d.verdict)
            for d in comparison.differences.values()
        ],
        title="Differences",
    )
    facts = {
        "data": prepared.name,
        "fingerprint": prepared.fingerprint,
        "part": cases.part,
        "users": len(cases.users),
        "users_there": cases.there,
        "users_asked": cases.asked(),
        "split": cases.protocol.split,
        "targets": cases.choice.targets,
        "k": k,
        "metric": args.metric,
        "rows": rows,
        "differences": [
            {
                "first": d.first,
                "second": d.second,
                "value": d.value,
                "low": d.low,
                "high": d.high,
                "p_holm": d.adjusted if d.measured else None,
                "verdict": d.verdict,
            }
            for d in comparison.differences.values()
        ],
        "advice": advice,
    }
    return Result(facts, [Lines("Measured", said), table, pairs_table, Lines("Which to take", [advice])], notes)


def _range(low: float, high: float, form: str) -> str:
    return f"{low:{form}} to {high:{form}}"


def _plain(about: Estimate) -> dict[str, float]:
    return {"value": about.value, "low": about.low, "high": about.high}
