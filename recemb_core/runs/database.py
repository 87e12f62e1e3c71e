"""Optuna's storage on one SQLite file, for several programs at once, and rows of it erased so that nothing is left.

SQLite rather than Optuna's journal file, for what each does when things go wrong (``tests/core/test_runs_survive.py``
looks at SQLite, ``python -m benchmarks.run_stores`` at both): a journal line that a full disk cut in two makes every
later reading fail, its lock outlives a killed process by half a minute, and nothing can be taken out of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from recemb_core.runs.locks import waited_for
from recemb_core.sqlite_files import WAIT, foreign_table
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

P = ParamSpec("P")
R = TypeVar("R")
FILE = "optuna.db"
LOCK = "store.lock"


class RunStoreError(UsageError):
    """A store that cannot be used: one sentence of what is wrong with which folder, and what to do."""


def is_there() -> bool:
    """Whether Optuna is installed."""
    return find_spec("optuna") is not None


def needs_optuna() -> None:
    """Say what is missing.

    Raises:
        UsageError: Optuna is not installed.
    """
    if not is_there():
        raise UsageError("kept runs need Optuna: install recemb-explorer[sweep]")


def said(folder: Path, error: BaseException) -> RunStoreError:
    """What went wrong as a sentence."""
    text, chain = "", error
    while chain is not None:
        text += f" {chain}"
        chain = chain.__cause__ or chain.__context__  # type: ignore[assignment]
    reason = next((line for line in (str(getattr(error, "strerror", "") or ""), _of_sqlite(text)) if line), str(error))
    lower = f"{text} {reason}".lower()
    if any(word in lower for word in ("is full", "no space", "disk i/o", "too large", "quota")):
        cure = "free some room there and do it again; what was finished before is still there"
    elif any(word in lower for word in ("locked", "is held by")):
        cure = "another program is writing to it; do it again"
    elif any(word in lower for word in ("not a database", "malformed", "no such table", "no such column")):
        cure = "move that folder away, and begin another"
    else:
        cure = "look whether it is there, is yours to write, and has room"
    return RunStoreError(f"the kept runs in {folder} cannot be used ({reason}): {cure}")


def _of_sqlite(text: str) -> str:
    at = text.find("(sqlite3.")
    return text[at:].partition(") ")[2].partition("\n")[0].partition(" [SQL")[0].strip() if at >= 0 else ""


def told(function: Callable[P, R]) -> Callable[P, R]:
    """A method of what has a ``folder``, whose failures of disk and database are :class:`RunStoreError`."""

    @wraps(function)
    def wrapped(*args: P.args, **named: P.kwargs) -> R:
        try:
            return function(*args, **named)
        except (OSError, sqlite3.Error) as error:
            raise said(args[0].folder, error) from error  # type: ignore[attr-defined]
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("sqlalchemy", "optuna"):
                raise said(args[0].folder, error) from error  # type: ignore[attr-defined]
            raise

    return wrapped


def file_id(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_storage(folder: Path) -> RDBStorage:
    """Optuna's storage in a folder, see :func:`_opened`.

    Raises:
        RunStoreError: the folder cannot be used.
    """
    try:
        return _opened(folder)
    except RunStoreError:
        raise
    except Exception as error:
        raise said(folder, error) from error


def _opened(folder: Path) -> RDBStorage:
    """Optuna's storage in a folder, made where there is none; another program's file is refused.

    Every transaction takes SQLite's lock when it begins, and waits for it: one that reads first and writes later would
    be refused where another was faster. What is deleted is overwritten.
    """
    import optuna
    from sqlalchemy import event

    if optuna.logging.get_verbosity() == optuna.logging.INFO:  # a line for each study and trial on the error stream
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    # Two programs that make the tables of one file at once are in each other's way.
    with waited_for(folder / LOCK, WAIT):
        table = foreign_table(folder / FILE, {"studies", "version_info"})  # the first that Optuna makes
        if table is not None:
            raise RunStoreError(f"{folder / FILE} is another program's file (it holds {table!r}): give another folder")
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{folder / FILE}", engine_kwargs={"connect_args": {"timeout": WAIT}}
        )

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy says when a transaction begins
        connection.execute("PRAGMA secure_delete = ON")

    event.listen(storage.engine, "connect", connected)
    event.listen(storage.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    storage.engine.dispose()  # connections made before
    return storage


def erase(folder: Path, trials: Iterable[int] = (), studies: Iterable[int] = ()) -> None:
    """Take trials and studies out of the file, and rewrite it so that no byte of them is left.

    A trial leaves its empty row: Optuna numbers trials by how many there were before, and a row taken out would give
    two of them one number. A study whose rows are all empty goes as a whole.
    """
    with closing(sqlite3.connect(folder / FILE, timeout=WAIT, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        try:
            touched = set(studies)
            for trial in trials:
                (study,) = db.execute("SELECT study_id FROM trials WHERE trial_id = ?", (trial,)).fetchone() or (None,)
                _without(db, "trial_id", trial, keep="trials")
                db.execute(
                    "UPDATE trials SET state = 'FAIL', datetime_start = ?, datetime_complete = ? WHERE trial_id = ?",
                    ("1970-01-01 00:00:00.000000", "1970-01-01 00:00:00.000000", trial),
                )
                for table in ("study_system_attributes", "study_user_attributes"):
                    db.execute(f"DELETE FROM {table} WHERE key GLOB ?", (f"*:{trial}:*",))
                left = (
                    "SELECT 1 FROM trials WHERE study_id = ? AND NOT (state = 'FAIL' AND datetime_start LIKE '1970-%')"
                )
                if study is not None and db.execute(left, (study,)).fetchone() is None:
                    touched.add(study)
            for study in touched:
                for (trial,) in db.execute("SELECT trial_id FROM trials WHERE study_id = ?", (study,)).fetchall():
                    _without(db, "trial_id", trial)
                _without(db, "study_id", study)
        except BaseException:
            if db.in_transaction:  # a full disk has ended it already
                db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
        db.execute("VACUUM")


def _without(db: sqlite3.Connection, column: str, value: int, keep: str = "") -> None:
    """Delete every row that belongs to something, in whichever tables this version of Optuna has."""
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        if column in columns and table != keep:
            db.execute(f'DELETE FROM "{table}" WHERE {column} = ?', (value,))
