"""``recemb prepare``: a log → cleaned sequences, with every assumption and every step of the cleaning said."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recemb_core.command_line import on_spark
from recemb_core.command_line.arguments import data_arguments, open_data, reading_text, session_of
from recemb_core.command_line.printing import Lines, Result, Table
from recemb_core.foreign_text import spreadsheet_csv
from recemb_core.prepared import Prepared
from recemb_core.readers import Assumption
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from recemb_core.spark.prepared import SparkPrepared

NAME = "prepare"
HELP = "read and clean a log; say what was assumed, what was dropped, and what is left"


def add(parser: argparse.ArgumentParser) -> None:
    data_arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="write the cleaned events: .parquet, or .csv for spreadsheets")
    parser.add_argument("--save-session", metavar="FILE", help="write a session.toml that reads the same again")
    parser.epilog = reading_text()


def run(args: argparse.Namespace) -> Result:
    if args.engine == "spark":
        return on_spark.prepare(args, facts_of, parts_of)
    prepared = open_data(args, session_of(args))
    files = {}
    if args.out:
        files["out"] = _write(prepared, Path(args.out))
    if args.save_session:
        Path(args.save_session).write_text(prepared.session.to_toml(), "utf-8")
        files["session"] = args.save_session
    return Result(facts_of(prepared) | {"files": files}, [*parts_of(prepared), *written(files)], prepared.notes)


def written(files: dict[str, str]) -> list[Lines]:
    """Which files were written."""
    return [Lines("Written", list(files.values()))] if files else []


def facts_of(prepared: Prepared | SparkPrepared) -> dict[str, Any]:
    """Data, counts, assumptions and steps as plain values."""
    sequences = prepared.sequences
    return {
        "data": prepared.name,
        "fingerprint": prepared.fingerprint,
        "counts": prepared.counts,
        "ordered": None if sequences is None else sequences.ordered,
        "details": list(prepared.details),
        "assumptions": [
            {"name": a.name, "value": a.value, "words": str(a), "doubtful": a.doubtful, "instead": instead(a)}
            for a in prepared.assumptions
        ],
        "steps": [
            {"name": s.name, "text": s.text, "rows": s.rows, "items": s.items, "sequences": s.sequences}
            for s in prepared.report
        ],
    }


def parts_of(prepared: Prepared | SparkPrepared) -> list[Table | Lines]:
    """The same for people, in the order of the page."""
    what = "graph" if prepared.sequences is None else "sequences" if prepared.sequences.ordered else "baskets"
    counts: list[tuple[str, object]] = [*prepared.counts.items()]
    if prepared.fingerprint:
        counts.append(("fingerprint", prepared.fingerprint))
    found: list[Table | Lines] = [Table((what, ""), counts, title=f"{prepared.name}")]
    doubtful = [a for a in prepared.assumptions if a.doubtful]
    usual = [a for a in prepared.assumptions if not a.doubtful]
    if doubtful:
        lines = [line for a in doubtful for line in (f"? {a}", *(f"→ instead, {one}" for one in instead(a)))]
        found.append(Lines("Please look at these before you trust the numbers", lines))
    if usual:
        found.append(Lines("Read as usual", [str(a) for a in usual]))
    steps = [s for s in prepared.report if not s.name.startswith("reading:")]
    if steps:
        rows = [
            (s.name, s.rows[1], s.dropped_rows, s.items[1], None if s.sequences is None else s.sequences[1])
            for s in steps
        ]
        found.append(Table(("step", "events left", "dropped", "items left", "sequences"), rows, title="Cleaning"))
        found.append(Lines("What each step did", [str(s) for s in steps]))
    return found


def instead(assumption: Assumption) -> list[str]:
    """What to give for each other way to read."""
    return [
        f"{choice.label}: " + " ".join(f"--read {name}={_text(value)}" for name, value in choice.changes)
        for choice in assumption.alternatives
    ]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _write(prepared: Prepared, path: Path) -> str:
    if prepared.sequences is None:
        raise UsageError(f"{prepared.name} is a graph, which has no events to write; leave out --out")
    frame = prepared.sequences.to_frame()
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        path.write_bytes(spreadsheet_csv(frame))
    else:
        raise UsageError(f"--out must end in .parquet or .csv, not {path.suffix or path.name!r}")
    return str(path)
