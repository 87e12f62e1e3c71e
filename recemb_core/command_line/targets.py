"""Files that a command is to write, looked at before its work begins: an hour of training is not lost to a typo."""

from __future__ import annotations

import argparse
from pathlib import Path

from recemb_core.validation import UsageError


def check_targets(args: argparse.Namespace) -> None:
    """Refuse what cannot be written to.

    Args:
        args: of any command; ``--out`` and ``--save-session`` name files.

    Raises:
        UsageError: a folder stands in its place, its folder is missing, or its ending is wrong.

    >>> check_targets(argparse.Namespace(command="train", out="vectors.bin"))
    Traceback (most recent call last):
        ...
    recemb_core.validation.UsageError: --out must end in .npz, not '.bin'; 'recemb export' writes other formats from it
    """
    for option in ("out", "save_session"):
        name = getattr(args, option, None)
        if not name:
            continue
        path, said = Path(name), f"--{option.replace('_', '-')}"
        if option == "out" and args.command == "prepare" and getattr(args, "engine", "") == "spark":
            from recemb_core.spark.prepared import check_events_target

            check_events_target(name)
            if "://" in name:  # where only Spark can look
                continue
        if path.is_dir():
            raise UsageError(f"{said} must name a file, and {name} is a folder")
        if not path.parent.is_dir():
            raise UsageError(f"{said} cannot be written: there is no folder {path.parent} for {name}; make it first")
        if option == "out" and args.command in ("train", "runs") and path.suffix != ".npz":
            raise UsageError(
                f"--out must end in .npz, not {path.suffix!r}; 'recemb export' writes other formats from it"
            )
