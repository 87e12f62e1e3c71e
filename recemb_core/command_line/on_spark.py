"""``--engine spark``: prepare and train on a cluster, or on this computer as if on one."""

from __future__ import annotations

import argparse
import os
import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from recemb_core.bundles import Origin, save_with_origin
from recemb_core.command_line.arguments import beside, bundled_session, pairs, session_of
from recemb_core.command_line.printing import Lines, Result, Table
from recemb_core.plans import model_config, told_settings, whole_session
from recemb_core.readers.errors import shortened
from recemb_core.result_files import plain
from recemb_core.session_file import SessionFile
from recemb_core.timing import timed
from recemb_core.validation import UsageError
from recemb_core.versions import installed

if TYPE_CHECKING:
    from recemb_core.embeddings.registry import ModelSpec
    from recemb_core.spark.prepared import SparkPrepared

T = TypeVar("T")
SERVES = ("prepare", "train")


def engine_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Which engine; said of every command, so that one that Spark does not serve can say so."""
    only = "" if command in SERVES else f" (serves {' and '.join(SERVES)}, not this command)"
    parser.add_argument(
        "--engine", choices=("polars", "spark"), default="polars", help=f"what reads and trains{only} (default: polars)"
    )
    parser.add_argument(
        "--master",
        metavar="ADDRESS",
        help="of Spark: sc://host:port, spark://host:port, yarn, k8s://… or local[n] (default: SPARK_REMOTE or here)",
    )


def check_engine(args: argparse.Namespace, command: str) -> None:
    """Refuse an engine that a command does not have.

    Raises:
        UsageError: it does not.
    """
    if args.engine == "spark" and command not in SERVES:
        raise UsageError(f"--engine spark serves {' and '.join(SERVES)}, not {command}; leave it out")
    if args.master and args.engine != "spark":
        raise UsageError("--master is of --engine spark; give both, or neither")


def prepare(
    args: argparse.Namespace, words: Callable[[Any], dict[str, Any]], parts: Callable[[Any], list[Any]]
) -> Result:
    """``recemb prepare --engine spark``; ``words`` and ``parts`` are those of the command itself."""
    from recemb_core.spark.prepared import write_events

    prepared = opened(args, session_of(args))
    files = {}
    if args.out:
        if prepared.sequences is None:
            raise UsageError(f"{prepared.name} is a graph, which has no events to write; leave out --out")
        sequences = prepared.sequences
        _in_words(lambda: write_events(sequences, args.out))
        files["out"] = args.out
    if args.save_session:
        Path(args.save_session).write_text(prepared.session.to_toml(), "utf-8")
        files["session"] = args.save_session
    lines = [Lines("Written", list(files.values()))] if files else []
    return Result(words(prepared) | {"files": files}, [*parts(prepared), *lines], prepared.notes)


def train(args: argparse.Namespace, saved: SessionFile, spec: ModelSpec) -> Result:
    """``recemb train --engine spark``."""
    from recemb_core.spark import SERVED, as_trained, train_vectors

    if args.keep or args.store or not args.out:
        raise UsageError(
            "--engine spark writes vectors to a file: give --out FILE.npz, which pages open as vectors of your own, "
            "and leave out --keep and --store"
        )
    if spec.name not in SERVED:
        raise UsageError(f"the Spark engine trains {', '.join(SERVED)}, not {spec.name}; leave out --engine spark")
    folder = Path(args.out).absolute().parent
    if not folder.is_dir():
        raise UsageError(f"there is no folder {shortened(folder)}; make it, or write elsewhere")
    prepared = opened(args, saved)
    on_graph = "graph" in spec.needs
    if not on_graph and prepared.sequences is None:
        raise UsageError(f"{spec.name} needs sequences, and {prepared.name} has none; choose another model")
    # The defaults go by sizes alone, and these are here without the events and edges.
    sizes: Any = prepared.sizes()
    size: Any = prepared.items
    asked = model_config(prepared.session, spec, sequences=sizes, graph=size, side_info=None)
    config, said = as_trained(asked)
    graph = _in_words(prepared.graph) if on_graph else None
    sequences = None if on_graph else prepared.sequences
    vectors, seconds = timed(
        lambda: _in_words(lambda: train_vectors(config, prepared.items, sequences=sequences, graph=graph))
    )
    counts = dict(prepared.counts)
    if graph is not None:
        counts["edges walked"] = graph.num_edges()
    session = whole_session(prepared.session, config).to_toml()
    notes = (*prepared.notes, *said)
    origin = Origin(
        data=prepared.name,
        counts=counts,
        model=spec.name,
        config=plain(config),
        packages={**installed(), "pyspark": version("pyspark")},
        session=session,
        notes=("Trained by Spark ML's Word2Vec.", *notes),
    )
    part = Path(f"{args.out}.{uuid.uuid4().hex[:8]}.part")  # no file that somebody has
    try:
        save_with_origin(part, vectors, origin)
        os.replace(part, args.out)
    finally:
        part.unlink(missing_ok=True)
    files = {"vectors": args.out}
    if args.save_session:
        Path(args.save_session).write_text(session, "utf-8")
        files["session"] = args.save_session
    settings = asdict(config)
    by_size = "epochs" in settings and "epochs" not in told_settings(saved, spec)
    facts = {
        "engine": "spark",
        "model": spec.name,
        "config": settings,
        "epochs_by_size": by_size,
        "data": prepared.name,
        "counts": counts,
        "dimensions": vectors.vectors.shape[1],
        "seconds": seconds,
        "files": files,
    }
    about = [*counts.items(), ("dimensions", vectors.vectors.shape[1]), ("seconds", seconds)]
    table = [
        (name, f"{value} (by size)" if name == "epochs" and by_size else str(value)) for name, value in settings.items()
    ]
    return Result(
        facts,
        [
            Table(("trained", ""), about, title=f"{spec.name} on {prepared.name}, by Spark ML"),
            Table(("setting", "value"), table),
            Lines("Written", list(files.values())),
        ],
        notes,
    )


def opened(args: argparse.Namespace, saved: SessionFile) -> SparkPrepared:
    """The data that the arguments and the session name, on Spark."""
    from recemb_core.spark import connect
    from recemb_core.spark.prepared import bundled_on_spark, prepare_on_spark

    if args.details:
        raise UsageError("the Spark engine carries no item details; leave out --details, or --engine spark")
    if args.log and args.data:
        args.parser.error("give either LOG or --data, not both")
    told = pairs(args.read, "--read")
    if args.data or (not args.log and saved.data):
        name = args.data or saved.data
        if told:
            raise UsageError("a bundled data set is read already: leave out --read")
        saved = saved if args.gap is None else replace(saved, gap_minutes=args.gap)
        session = bundled_session(args, saved, name)
        return _in_words(lambda: bundled_on_spark(connect(args.master), name, session))
    if not args.log and saved.file is None:
        args.parser.error("say which data: LOG, --data NAME, or --session FILE with either in it")
    if args.gap is not None:
        told["gap_minutes"] = repr(args.gap)
    path = args.log or str(beside(args.session, saved.file))
    if "://" not in path and not os.path.exists(path) and not (args.master or os.environ.get("SPARK_REMOTE")):
        raise UsageError(f"there is no file {shortened(path, 200)}; give the path of a log")
    return _in_words(lambda: prepare_on_spark(connect(args.master), path, saved, told))


def _in_words(work: Callable[[], T]) -> T:
    """What a piece of work gives; one sentence where Spark fails on the way."""
    from recemb_core.spark.connection import failures, reason

    try:
        return work()
    except failures() as error:
        why = reason(error)
        raise UsageError(f"Spark could not do it ({type(error).__name__}: {why}); nothing was written") from None
