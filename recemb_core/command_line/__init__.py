"""The command line: ``recemb`` or ``python -m recemb_core``, and what of the app it does without a page.

Exit codes: 0 done; 1 something cannot be used, one sentence on the error stream; 2 the command itself is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from recemb_core.command_line import models, prepare, runs, serve, sweep, train
from recemb_core.command_line.measure import Compare, Evaluate
from recemb_core.command_line.on_spark import check_engine, engine_arguments
from recemb_core.command_line.printing import Result
from recemb_core.command_line.targets import check_targets
from recemb_core.command_line.vectors import Export, Neighbors
from recemb_core.foreign_text import for_terminal
from recemb_core.serving import StoreError
from recemb_core.validation import UsageError
from recemb_core.versions import installed
from recemb_core.vocabulary import UnknownItemError

__all__ = ["main", "parser"]


class Command(Protocol):
    """A command: its name, its help, its arguments, and what it does."""

    NAME: str
    HELP: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Result]


COMMANDS: tuple[Any, ...] = (prepare, train, models, Evaluate, Compare, sweep, Neighbors, Export, runs, serve)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    whole = argparse.ArgumentParser(
        prog="recemb",
        description="Turn behavior into embeddings and measure them, without the app.",
        epilog="Tables are for people; --json gives the same for programs. 'recemb COMMAND --help' says all of one.",
    )
    whole.add_argument("--version", action="version", version=installed()["recemb-explorer"])
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=f"{command.HELP[:1].upper()}{command.HELP[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add(one)
        engine_arguments(one, command.NAME)
        one.epilog = None if one.epilog is None else one.epilog.replace("%", "%%")
        one.add_argument("--json", action="store_true", help="print JSON instead of tables")
        one.set_defaults(run=command.run, parser=one, command=command.NAME)
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    >>> main(["neighbors", "nowhere.npz", "--item", "tea"])
    1
    """
    args = parser().parse_args(arguments)
    try:
        check_engine(args, args.command)
        check_targets(args)
        args.run(args).show(args.json)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt as stopped:
        print(f"recemb: {for_terminal(str(stopped) or 'stopped; nothing was written', 4_000)}", file=sys.stderr)
        return 130
    except (UsageError, UnknownItemError, StoreError) as error:
        return _refused(str(error))
    except MemoryError as error:
        return _refused(
            f"there is not enough memory for this ({str(error) or 'none is left'}); ask for less: fewer dimensions, "
            "fewer items (--read min_count=5), or a shorter log"
        )
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _refused(
            f"{where}{error.strerror or error}; look whether the place is there, can be written, and has room"
        )
    return 0


def _refused(sentence: str) -> int:
    print(f"recemb: {for_terminal(sentence, 4_000)}", file=sys.stderr)
    return 1
