"""``--keep`` and ``--store``: which store of runs a command keeps what it does in."""

from __future__ import annotations

import argparse
from pathlib import Path

from recemb_core.runs import RunLimits, RunStore, default_folder
from recemb_core.validation import UsageError


def store_argument(parser: argparse._ActionsContainer) -> None:
    """Which store."""
    parser.add_argument(
        "--store",
        metavar="FOLDER",
        help="of kept runs (default: RECEMB_RUNS_FOLDER, else that of the app on this computer)",
    )


def keep_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether a command keeps its runs, and where."""
    group = parser.add_argument_group("keeping")
    group.add_argument(
        "--keep",
        action="store_true",
        help="keep what is trained and measured as a run; one that is kept already is not trained again. "
        + RunLimits().words.replace("%", "%%"),
    )
    store_argument(group)


def opened_store(args: argparse.Namespace) -> RunStore:
    """The store that the arguments name."""
    return RunStore.open(args.store or default_folder())


def store_to_read(args: argparse.Namespace) -> RunStore | None:
    """The store of what was kept; nothing is made. None where nobody named a folder and nothing was kept yet.

    Raises:
        UsageError: the folder that is named holds no kept runs.
    """
    folder = Path(args.store or default_folder()).expanduser()
    if RunStore.is_in(folder):
        return RunStore.open(folder)
    if not args.store:
        return None
    what = (
        "cannot be used: it is a file"
        if folder.is_file()
        else "holds no kept runs"
        if folder.is_dir()
        else "is no folder"
    )
    raise UsageError(
        f"{folder} {what}; give the one that 'recemb train --keep --store FOLDER' or the app keeps runs in"
    )


def kept_in(args: argparse.Namespace) -> RunStore | None:
    """The store to keep in; None where nothing is to be kept. A store that is named is meant to be used."""
    return opened_store(args) if args.keep or args.store else None
