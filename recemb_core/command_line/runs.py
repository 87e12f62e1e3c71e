"""``recemb runs``: what was kept, one of them, two side by side, notes, and out with it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recemb_core.bundles import Origin, save_with_origin
from recemb_core.command_line.keeping import store_argument, store_to_read
from recemb_core.command_line.prepare import written
from recemb_core.command_line.printing import Lines, Result, Table
from recemb_core.foreign_text import for_terminal
from recemb_core.runs import RunRecord, RunStore, default_folder
from recemb_core.runs.comparing import overlap, side_by_side
from recemb_core.runs.record import asked_differently, differing
from recemb_core.sweeps.records import journal_of
from recemb_core.validation import UsageError

NAME = "runs"
HELP = "list the runs that were kept; show, compare, note or delete them"
ACTIONS = ("list", "show", "compare", "note", "delete")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=ACTIONS, default="list", help="default: list")
    parser.add_argument("runs", nargs="*", metavar="RUN", help="ids, or their first characters")
    store_argument(parser)
    parser.add_argument("--study", metavar="NAME", help="list: of this study alone")
    parser.add_argument("--out", metavar="FILE", help="show: write its vectors, as .npz with all that made them")
    group = parser.add_argument_group("note")
    group.add_argument("--text", metavar="TEXT", help='the note, "" for none')
    group.add_argument("--tag", action="append", metavar="TAG", help='a tag, again and again; "" alone for none')
    pins = group.add_mutually_exclusive_group()
    pins.add_argument("--pin", action="store_true", help="keep its vectors when others make room")
    pins.add_argument("--unpin", action="store_true", help="let its vectors make room")
    parser.epilog = (
        "compare: the first less the second, paired over users and over all kept seeds of their settings. Other "
        "programs read the store too: optuna-dashboard sqlite:///FOLDER/optuna.db --artifact-dir FOLDER/artifacts"
    )


def run(args: argparse.Namespace) -> Result:
    wanted = {"list": (0, 0), "show": (1, 1), "compare": (2, 2), "note": (1, 1), "delete": (1, 10_000)}[args.action]
    if not wanted[0] <= len(args.runs) <= wanted[1]:
        args.parser.error(f"{args.action} takes {'no' if not wanted[1] else wanted[0]} RUN{'s' * (wanted[0] != 1)}")
    store = store_to_read(args)
    if store is None:
        if args.action == "list":
            return _none(default_folder(), 0)
        raise UsageError(f"no run is called {for_terminal(args.runs[0], 40)!r}: {default_folder()} has none")
    found = [store.record(one) for one in args.runs]
    if args.action == "list":
        return _listed(store, store.runs(args.study))
    if args.action == "compare":
        return _compared(store, found[0], found[1])
    if args.action == "delete":
        for one in found:
            store.delete(one.run_id)
        ids = [one.run_id for one in found]
        files = {str(file): None for one in found if (file := journal_of(store.folder, one.study)) is not None}
        left = [f"{file}, the file of a sweep, keeps what each user got in its runs; delete it too" for file in files]
        return Result({"deleted": ids}, [Lines("Deleted, with vectors, scores and notes", ids)], left)
    if args.action == "note":
        _note(args, store, found[0])
    return _shown(store, store.record(found[0].run_id), args.out if args.action == "show" else None)


def _note(args: argparse.Namespace, store: RunStore, one: RunRecord) -> None:
    if args.text is None and args.tag is None and not args.pin and not args.unpin:
        args.parser.error("say what: --text, --tag, --pin or --unpin")
    pinned = True if args.pin else False if args.unpin else None
    tags = None if args.tag is None else [tag for tag in args.tag if tag]
    store.annotate(one.run_id, note=args.text, tags=tags, pinned=pinned)


def facts_of(one: RunRecord) -> dict[str, Any]:
    """A run as plain values."""
    return {
        "run": one.run_id,
        "study": one.study,
        "state": one.state,
        "data": one.spec.data,
        "fingerprint": one.spec.fingerprint,
        "model": one.spec.model,
        "settings": one.spec.settings,
        "seed": one.spec.seed,
        "part": one.spec.part if one.spec.protocol else None,
        "scores": {name: asdict(score) for name, score in one.scores.items()},
        "figures": dict(one.figures),
        "seconds": one.seconds,
        "peak_bytes": one.peak_bytes,
        "bytes": one.bytes,
        "vectors": one.has_vectors,
        "begun": None if one.begun is None else one.begun.isoformat(timespec="seconds"),
        "note": one.note,
        "tags": list(one.tags),
        "pinned": one.pinned,
        "why_failed": one.sentence,
    }


def _none(folder: Path, size: int) -> Result:
    said = [f"{folder} has none: 'recemb train --keep' and 'recemb evaluate --keep' keep what they do"]
    return Result({"store": str(folder), "bytes": size, "runs": []}, [Lines("No runs are kept", said)])


def _listed(store: RunStore, runs: list[RunRecord]) -> Result:
    if not runs:
        return _none(store.folder, store.bytes)
    facts = {"store": str(store.folder), "bytes": store.bytes, "runs": [facts_of(one) for one in runs]}
    rows = [
        (
            one.run_id[:8],
            one.spec.data,
            one.spec.model,
            one.spec.seed,
            one.state,
            one.spec.part if one.spec.protocol else None,
            f"{hr.value:.4f} @{hr.k}" if (hr := one.scores.get("hr")) else None,
            one.seconds,
            "yes" if one.has_vectors else "no",
            ", ".join((*(["pinned"] if one.pinned else []), *one.tags)),
            one.note.partition("\n")[0],
        )
        for one in runs
    ]
    head = ("run", "data", "model", "seed", "state", "asked", "HR @k", "train s", "vectors", "tags", "note")
    about = [f"{store.folder}, {store.bytes / 1e6:,.1f} MB. {store.limits.words}"]
    apart = asked_differently({one.run_id: one.spec for one in runs})
    if apart:
        about.append(
            f"Scores are of different questions (they differ by {', '.join(apart)}): compare those of one question."
        )
    return Result(facts, [Table(head, rows, title=f"{len(rows)} runs, the newest first"), Lines("Kept in", about)])


def _shown(store: RunStore, one: RunRecord, out: str | None) -> Result:
    facts, files = facts_of(one), dict[str, str]()
    if out:
        notes = ("Trained on the events of a part alone: the rest was held out to measure it.",)
        counts = {"items": len(vectors := store.load(one.run_id))}
        spec = one.spec
        origin = Origin.trained(
            spec.config,
            spec.data,
            spec.fingerprint,
            spec.trained_on,
            counts,
            spec.session,
            notes if spec.protocol is not None else (),
        )
        save_with_origin(out, vectors, origin)
        files["vectors"] = out
    about = [
        ("state", f"{one.state}: {one.sentence}" if one.sentence else one.state),
        ("data", one.spec.data),
        ("study", one.study),
        ("model", one.spec.model),
        ("seed", one.spec.seed),
        *((f"question: {name}", str(value)) for name, value in one.spec.question.items()),
        ("seconds", one.seconds),
        ("peak of its process, MB", None if one.peak_bytes is None else one.peak_bytes / 1e6),
        ("on disk, MB", one.bytes / 1e6),
        ("vectors", one.has_vectors),
        ("pinned", one.pinned),
        ("tags", ", ".join(one.tags)),
        ("note", one.note),
    ]
    scores = [
        (f"{name.upper()}@{s.k}" if s.k else name.upper(), s.value, f"{s.low:.4f} to {s.high:.4f}", s.users)
        for name, s in one.scores.items()
    ]
    parts: list[Table | Lines] = [
        Table(("run", ""), about, title=one.run_id),
        Table(("setting", "value"), [(name, str(value)) for name, value in one.spec.settings.items()]),
    ]
    if scores:
        title = f"Of the {one.spec.part} part; intervals of 95% over users, the noise of training is not in them"
        parts.append(Table(("score", "mean", "interval", "users"), scores, title=title))
    if one.figures:
        parts.append(Table(("score", "value"), list(one.figures.items()), title="Of its vectors; of this one training"))
    return Result(facts | {"files": files}, [*parts, *written(files)])


def _compared(store: RunStore, first: RunRecord, second: RunRecord) -> Result:
    settings = differing({"first": first.spec, "second": second.spec})
    parts: list[Table | Lines] = [
        Table(
            ("setting", first.name, second.name),
            [(name, *(str(values.get(one, "–")) for one in ("first", "second"))) for name, values in settings.items()],
            title="Settings that differ",
        )
    ]
    facts: dict[str, Any] = {"first": facts_of(first), "second": facts_of(second), "settings": settings}
    notes = []
    try:
        found = side_by_side(store, first, second)
    except UsageError as error:
        notes.append(f"No scores are compared: {error}.")
    else:
        rows = [
            (metric.upper(), d.value, f"{d.low:+.4f} to {d.high:+.4f}", d.p if d.measured else None, d.verdict)
            for metric, d in found.differences.items()
        ]
        seeds = " and ".join(str(count or "none") for count in found.seeds)
        title = f"First less second, paired over users; kept seeds: {seeds}"
        parts.append(Table(("score", "difference", "95% interval", "p", "verdict"), rows, title=title))
        facts["differences"] = {metric: asdict(d) for metric, d in found.differences.items()}
    if first.has_vectors and second.has_vectors:
        one, other = store.load(first.run_id), store.load(second.run_id)
        if one.items == other.items:
            shares, lists, _ = overlap(one, other)
            k, known = lists.shape[1], int((shares == shares).sum())
            order = [int(row) for row in shares.argsort(kind="stable")[:10] if shares[row] == shares[row]]
            facts["neighbors"] = k
            facts["overlap_at_10"] = float(shares[shares == shares].mean()) if order else None
            facts["least_overlap"] = [{"item": one.items[row], "overlap": float(shares[row])} for row in order]
            if order:
                title = (
                    f"Items whose {k} nearest changed most; mean overlap@{k} is {facts['overlap_at_10']:.2f} over "
                    f"{known:,} items, of lists drawn by chance {min(1.0, k / max(1, known - 1)):.2f}"
                )
                rows_of = [(one.items[row], shares[row]) for row in order]
                parts.append(Table(("item", f"overlap@{k}"), rows_of, title=title))
        else:
            notes.append(
                f"No neighbors are compared: {first.name} has {len(one):,} items and {second.name} {len(other):,}, "
                "and they are not the same."
            )
    else:
        without = second if first.has_vectors else first
        notes.append(f"No neighbors are compared: {without.name} has no vectors.")
    return Result(facts, parts, notes)
