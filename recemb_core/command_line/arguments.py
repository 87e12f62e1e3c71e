"""Arguments that several commands have: which data, which reading, which settings; their help is the docstrings'."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, replace
from pathlib import Path
from typing import Any

from recemb_core.config_fields import ConfigField, config_fields, from_text
from recemb_core.datasets import list_datasets
from recemb_core.plans import GAP_MINUTES, MADE
from recemb_core.prepared import Prepared, prepare_bundled, prepare_file, reading_settings
from recemb_core.session_file import FileMark, SessionFile
from recemb_core.validation import UsageError

WIDTH = 110


def data_arguments(parser: argparse.ArgumentParser) -> None:
    """What is read, and how."""
    group = parser.add_argument_group("data")
    group.add_argument("log", nargs="?", metavar="LOG", help="a file of your own, in any format that the app reads")
    names = ", ".join(info.name for info in list_datasets())
    group.add_argument("--data", metavar="NAME", help=f"a bundled data set instead: {names}")
    made = ", ".join(info.name for info in list_datasets() if info.settings is not None)
    group.add_argument(
        "--make",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"a setting of a data set that is made to order ({made}), again and again, such as noise=0.2",
    )
    group.add_argument(
        "--graph-from",
        choices=("given", "log"),
        help="of a data set that comes with a graph and a log: which of them gives the graph (default: given)",
    )
    group.add_argument("--details", metavar="FILE", help="a table with a row an item (title, category, …)")
    group.add_argument(
        "--session",
        metavar="FILE",
        help="a session.toml, saved by the app or by this program: data, reading, graph, model and seed; what is "
        "given beside it counts more",
    )
    group.add_argument(
        "--read",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the reading or the cleaning, again and again; 'recemb prepare --help' lists them",
    )
    group.add_argument(
        "--gap",
        type=float,
        metavar="MINUTES",
        help=f"a longer pause ends a session (default: that of the session or {GAP_MINUTES:g})",
    )


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """NAME=VALUE as a dict.

    Raises:
        UsageError: one has no equals sign, or a name stands twice with two values.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} needs NAME=VALUE, not {text!r}")
        name = name.strip().replace("-", "_")
        if found.get(name, value) != value:
            raise UsageError(f"{option} {name} is given twice, as {found[name]!r} and as {value!r}; give it once")
        found[name] = value
    return found


def typed(config: type, texts: Iterable[str], option: str) -> dict[str, Any]:
    """NAME=VALUE as values of a config's fields."""
    return {name: from_text(config, name, value) for name, value in pairs(texts, option).items()}


def session_of(args: argparse.Namespace) -> SessionFile:
    """The session that is given, with what stands beside it on the command line; an empty one where there is none."""
    saved = SessionFile()
    if args.session:
        try:
            saved = SessionFile.from_toml(Path(args.session).read_bytes())
        except OSError as error:
            raise UsageError(
                f"{args.session} cannot be read ({error.strerror or error}); give a session.toml"
            ) from None
        except UsageError as error:
            log = "; a log goes behind --log" if args.command == "sweep" else ""
            raise UsageError(f"{args.session}: {error}{log}") from None
    if getattr(args, "seed", None) is not None:
        saved = replace(saved, seed=args.seed)
    return saved


def open_data(args: argparse.Namespace, saved: SessionFile) -> Prepared:
    """The data that the arguments and the session name."""
    if args.log and args.data:
        args.parser.error("give either LOG or --data, not both")
    reading = pairs(args.read, "--read")
    if args.data or (not args.log and saved.data):
        if reading or args.details:
            raise UsageError("a bundled data set is read already: leave out --read and --details")
        saved = saved if args.gap is None else replace(saved, gap_minutes=args.gap)
        name = args.data or saved.data
        return prepare_bundled(name, bundled_session(args, saved, name))
    if args.make or args.graph_from:
        raise UsageError("--make and --graph-from are for bundled data sets; leave them out for a file of your own")
    if not args.log and saved.file is None:
        args.parser.error("say which data: LOG, --data NAME, or --session FILE with either in it")
    if args.gap is not None:
        reading["gap_minutes"] = repr(args.gap)
    log = Path(args.log) if args.log else beside(args.session, saved.file)
    details = args.details
    if details is None and saved.details is not None and not args.log:
        details = beside(args.session, saved.details)
    return prepare_file(log, details, session=saved, reading=reading)


def bundled_session(args: argparse.Namespace, saved: SessionFile, name: str) -> SessionFile:
    """The session with how a bundled data set is made, and its graph; those of another data set are left out."""
    if saved.data != name:
        kept = {key: value for key, value in saved.settings.items() if not key.startswith(MADE) and key != "graph_from"}
        saved = replace(saved, made={}, graph_from="", settings=kept)
    if told := args.make:
        kind = next((info.settings for info in list_datasets() if info.name == name), None)
        if kind is None:
            raise UsageError(f"{name} is as it is, and takes no --make; leave it out")
        saved = replace(saved, made={**saved.made, **typed(kind, told, "--make")})
    return replace(saved, graph_from=args.graph_from or saved.graph_from)


def beside(session: str, mark: FileMark | None) -> Path:
    """The file of a session, looked for where the session lies and here."""
    assert mark is not None
    name = Path(mark.name).name  # never a path out of another computer's folders
    found = [place for place in (Path(session).parent / name, Path(name)) if place.is_file()]
    if not found:
        raise UsageError(
            f"{session} belongs to {mark.name} ({mark.size:,} bytes): put that file beside it, or give its path as LOG"
        )
    return found[0]


# --- help ---


def settings_text(title: str, fields: Iterable[ConfigField]) -> str:
    """Every field with what it may be, its default, and its sentence."""
    lines = [title]
    for field in fields:
        default = "" if field.default in (None, MISSING, ()) else f"; default {_shown(field.default)}"
        lines.append(f"  {field.name}  ({field.allowed}{default})")
        lines += textwrap.wrap(field.words, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


def reading_text() -> str:
    """Every setting of a reading."""
    kinds: Mapping[str, type] = reading_settings()
    described = {field.name: field for kind in set(kinds.values()) for field in config_fields(kind)}
    return settings_text("settings for --read:", [described[name] for name in kinds])


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
