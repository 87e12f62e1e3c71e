"""``recemb neighbors`` and ``recemb export``: what trained vectors say, and files of them for other programs."""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path
from typing import Any, get_args

from recemb_core.brought import read_vectors
from recemb_core.bundles import MeasuredScore, Origin, bundle_files, load_origin, save_bundle, save_with_origin
from recemb_core.command_line.prepare import written
from recemb_core.command_line.printing import Result, Table
from recemb_core.embeddings import ItemVectors, Score
from recemb_core.embeddings.exporting import FORMATS, neighbors_parquet, neighbors_table, renamed
from recemb_core.foreign_text import spreadsheet_csv
from recemb_core.validation import UsageError

OPENED = "vectors of 'recemb train' or the app, or made elsewhere (word2vec, npz, parquet; npy or tsv and --ids)"


def vectors_arguments(parser: argparse.ArgumentParser) -> None:
    """Which vectors."""
    parser.add_argument("vectors", metavar="VECTORS", help=OPENED)
    ids_argument(parser)


def ids_argument(parser: argparse._ActionsContainer) -> None:
    """The file of ids that an npy or a tsv needs."""
    parser.add_argument("--ids", metavar="FILE", help="of an npy or a vectors.tsv: JSON list, lines, or metadata.tsv")


def opened(path: str, ids: str | None = None) -> tuple[ItemVectors, Origin, tuple[str, ...]]:
    """Vectors of a file, where they come from, and what their reading decided."""
    if ids is None and (own := _own(path)) is not None:
        return own
    brought = read_vectors(path, ids)
    notes = (f"Read as {brought.config.form}.", *brought.notes)
    vectors = brought.as_item_vectors()
    counts = {"items": len(vectors)}
    origin = Origin(data=brought.config.name, fingerprint=brought.config.digest, counts=counts, notes=notes)
    return vectors, origin, notes


def _own(path: str) -> tuple[ItemVectors, Origin, tuple[str, ...]] | None:
    """Vectors with all that this program has written beside them; None of any other file."""
    try:
        vectors = ItemVectors.load(path)
        origin = load_origin(path)
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, zipfile.BadZipFile):
        return None  # what is wrong with it, the reading of vectors says
    counts = {"items": len(vectors)}
    return vectors, origin or Origin.trained(vectors.config, Path(path).name, "", "", counts), ()


def score_arguments(parser: argparse.ArgumentParser) -> None:
    """What a neighbor is."""
    parser.add_argument(
        "--score",
        choices=get_args(Score),
        default="cosine",
        help="cosine of two items' vectors, or input vector times output vector (default: cosine)",
    )
    parser.add_argument(
        "--min-count", type=int, default=0, metavar="N", help="name no item seen less in training (default: all)"
    )


# --- neighbors ---


class Neighbors:
    """``recemb neighbors``."""

    NAME = "neighbors"
    HELP = "list the nearest items of some items, or of all into a file"

    @staticmethod
    def add(parser: argparse.ArgumentParser) -> None:
        vectors_arguments(parser)
        parser.add_argument(
            "--item", action="append", default=[], metavar="ID", help="list its neighbors; again and again"
        )
        parser.add_argument("-k", type=int, default=10, metavar="N", help="how many (default: 10)")
        score_arguments(parser)
        parser.add_argument(
            "--out", metavar="FILE", help="write those of all items: .parquet, or .csv for spreadsheets"
        )

    @staticmethod
    def run(args: argparse.Namespace) -> Result:
        if not args.item and not args.out:
            args.parser.error("say of what: --item ID, or --out FILE for all items")
        vectors, _, notes = opened(args.vectors, args.ids)
        files: dict[str, str] = {}
        if args.out:
            files["out"] = _write_neighbors(vectors, args)
        found = {item: vectors.most_similar(item, args.k, args.score, min_count=args.min_count) for item in args.item}
        tables = [
            Table(
                ("rank", "neighbor", args.score.replace("_", "·")),
                [(rank, other, value) for rank, (other, value) in enumerate(listed, start=1)],
                title=f"Nearest to {item}",
            )
            for item, listed in found.items()
        ]
        facts = {
            "score": args.score,
            "neighbors": {
                item: [{"id": other, "score": value} for other, value in listed] for item, listed in found.items()
            },
            "files": files,
        }
        return Result(facts, [*tables, *written(files)], notes)


def _write_neighbors(vectors: ItemVectors, args: argparse.Namespace) -> str:
    path = Path(args.out)
    if path.suffix == ".parquet":
        path.write_bytes(neighbors_parquet(vectors, args.k, args.score, min_count=args.min_count))
    elif path.suffix == ".csv":
        path.write_bytes(spreadsheet_csv(neighbors_table(vectors, args.k, args.score, min_count=args.min_count)))
    else:
        raise UsageError(f"--out must end in .parquet or .csv, not {path.suffix or path.name!r}")
    return str(path)


# --- export ---


class Export:
    """``recemb export``."""

    NAME = "export"
    HELP = "write vectors for other programs, or as a bundle for production"

    @staticmethod
    def add(parser: argparse.ArgumentParser) -> None:
        vectors_arguments(parser)
        parser.add_argument("--out", metavar="FILE", help="a file in another format")
        formats = ", ".join(f"{one.name} ({one.ending})" for one in FORMATS.values())
        parser.add_argument(
            "--as",
            dest="form",
            choices=list(FORMATS),
            metavar="FORMAT",
            help=f"of --out: {formats}; by default its ending says",
        )
        parser.add_argument(
            "--bundle",
            metavar="PATH",
            help="a folder or .zip: vectors, ids, faiss indexes (exact and HNSW), config, a card, and a load.py that "
            "needs numpy and faiss alone",
        )
        parser.add_argument(
            "--scores",
            metavar="FILE",
            help="for the card: what 'recemb evaluate --json' or 'recemb compare --json' printed of model and data",
        )
        score_arguments(parser)
        parser.epilog = (
            "--score and --min-count are for the bundle's indexes. word2vec's formats end an id at a blank: ids with "
            "blanks are written with _, and that is said."
        )

    @staticmethod
    def run(args: argparse.Namespace) -> Result:
        if not args.out and not args.bundle:
            args.parser.error("say where to: --out FILE, --bundle PATH, or both")
        vectors, origin, told = opened(args.vectors, args.ids)
        facts: dict[str, Any] = {"items": len(vectors), "dimensions": int(vectors.vectors.shape[1])}
        files, notes = dict[str, str](), list(told)
        if args.out:
            form = FORMATS[args.form or _form_of(Path(args.out))]
            if form.name == "npz":
                save_with_origin(args.out, vectors, origin)
            else:
                Path(args.out).write_bytes(form.make(vectors))
            files["out"] = args.out
            facts["format"] = form.name
            notes += [said] if form.renames and (said := renamed(vectors.items.ids)) else []
        if args.bundle:
            scores = () if args.scores is None else measured_scores(Path(args.scores), origin)
            contents = bundle_files(vectors, origin, score=args.score, min_count=args.min_count, scores=scores)
            save_bundle(contents, args.bundle)
            files["bundle"] = args.bundle
            facts["bundle"] = {name: len(data) for name, data in contents.items()}
        table = Table(("vectors", ""), [("items", len(vectors)), ("dimensions", facts["dimensions"])])
        return Result(facts | {"files": files}, [table, *written(files)], notes)


def measured_scores(path: Path, origin: Origin) -> list[MeasuredScore]:
    """What ``recemb evaluate --json`` printed, where it is of this model's settings, its seed aside, on this data.

    Raises:
        UsageError: no such file, of other data, or without a row of these settings.
    """
    told = _json_of(path)
    if told.get("fingerprint") != origin.fingerprint:
        raise UsageError(f"{path} was measured on other data than these vectors are of; measure again")
    wanted = {name: value for name, value in origin.config.items() if name != "seed"}
    rows = [row for row in told["rows"] if {k: v for k, v in row["config"].items() if k != "seed"} == wanted]
    if not rows:
        raise UsageError(f"{path} has no row of the settings of these vectors; measure the model with its --session")
    (row, *_), k = rows, told["k"]
    seeds = "no seed" if row["seeds"] is None else f"{row['seeds']} seeds"
    sample = f"{told['users']:,} users of the {told['part']} part, {seeds}"
    words = (
        f"Mean over users of models with these settings, trained on what is older ({told['split'].replace('_', ' ')}, "
        f"targets: {told['targets'].replace('_', ' ')}), asked by {row['asked']}; not of these vectors, which know all."
    )
    names = {"hr": f"HR@{k}", "ndcg": f"NDCG@{k}", "mrr": "MRR"}
    return [
        MeasuredScore(name=name, **row[metric], sample=sample, words=words if metric == "hr" else "")
        for metric, name in names.items()
    ]


def _json_of(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
        rows, facts = told["rows"], ("fingerprint", "part", "users", "split", "targets", "k")
        if all(name in told for name in facts) and all({"config", "hr", "ndcg", "mrr"} <= row.keys() for row in rows):
            return dict(told)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror or error}); give what evaluate --json printed"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise UsageError(f"{path} is not what 'recemb evaluate --json' prints; measure again, and keep its output")


def _form_of(path: Path) -> str:
    """The format that a file's ending says."""
    found = [one.name for one in FORMATS.values() if one.ending == path.suffix]
    if not found:
        raise UsageError(
            f"{path.suffix or path.name!r} is the ending of no format; give --as {', '.join(FORMATS)}, or one of "
            f"{', '.join(one.ending for one in FORMATS.values())}"
        )
    return found[0]
