"""``--keep`` and ``--store``: which store of runs a command keeps what it does in."""

from __future__ import annotations

import argparse

from recemb_core.runs import RunLimits, RunStore, default_folder


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


def kept_in(args: argparse.Namespace) -> RunStore | None:
    """The store to keep in; None where nothing is to be kept. A store that is named is meant to be used."""
    return opened_store(args) if args.keep or args.store else None
