"""What a sweep has done so far: one line a run, in memory and in a file that survives whatever ends the program."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np

from recemb_core.arrays import Float64Array
from recemb_core.validation import UsageError

Stage = Literal["look", "race", "final"]
STAGES: Mapping[Stage, str] = {"look": "first look", "race": "second look", "final": "fresh seeds"}
FORMAT, VERSION = "recemb-sweep", 1
_NO_SWEEP = "{} is no sweep of this version; move it away, or give another name"


class Step(NamedTuple):
    """A run to be done.

    Attributes:
        setting: its number; 0 is the default.
        values: of the parameters that vary.
        repeat: which training of the setting.
        stage: what for.
    """

    setting: int
    values: dict[str, Any]
    repeat: int
    stage: Stage


@dataclass(frozen=True, eq=False)
class Run:
    """A run that was done.

    Attributes:
        setting, values, repeat, stage: see :class:`Step`.
        seed: that it was trained with.
        users: figure of each user by the first aim, float64 (users,); empty where it failed.
        aims: aim → figure.
        train_seconds: of training.
        seconds: of the whole run.
        failed: why there is nothing, a sentence; "" where all is well.
    """

    setting: int
    values: dict[str, Any]
    repeat: int
    stage: Stage
    seed: int
    users: Float64Array
    aims: Mapping[str, float] = field(default_factory=dict)
    train_seconds: float = 0.0
    seconds: float = 0.0
    failed: str = ""

    @property
    def mean(self) -> float:
        """Mean over users of the first aim."""
        return float(self.users.mean())

    def to_line(self) -> str:
        """As a line of a file; figures to the last bit."""
        said = {name: getattr(self, name) for name in _PLAIN}
        said["values"] = {k: list(v) if isinstance(v, tuple) else v for k, v in self.values.items()}
        packed = zlib.compress(self.users.astype("<f8").tobytes(), 6)
        return json.dumps(said | {"users": base64.b64encode(packed).decode("ascii")})

    @classmethod
    def from_line(cls, line: str) -> Run:
        """See :meth:`to_line`."""
        said = json.loads(line)
        users = np.frombuffer(zlib.decompress(base64.b64decode(said.pop("users"))), dtype="<f8").astype(np.float64)
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in said.pop("values").items()}
        return cls(values=values, users=users, **{name: said[name] for name in _PLAIN})


_PLAIN = ("setting", "repeat", "stage", "seed", "aims", "train_seconds", "seconds", "failed")


class Journal:
    """The runs of one sweep in a file: a line each, on the disk before the next run begins.

    The first line says what is swept, on which data. A line is written whole or, where the program or the machine ends
    meanwhile, is cut off when the file is opened again: at most the run that was under way is lost. One program at a
    time has a journal; the others can read it.

    Args:
        path: of the file.
        head: what is swept, plain values. A file that is there has to say the same.

    Raises:
        UsageError: another sweep has the name, another program has the file, or it is none of a sweep.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "window.jsonl"
    >>> run = Run(0, {"window": 5}, 0, "look", 0, np.array([0.0, 1.0]))
    >>> with Journal(path, {"model": "item2vec"}) as journal:
    ...     journal.add(run)
    >>> [one.mean for one in Journal.read(path)[1]]
    [0.5]
    """

    def __init__(self, path: str | os.PathLike[str], head: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = open(self.path, "a+b")  # noqa: SIM115 (closed by close())
        try:
            _lock(self._file, self.path)
            whole = _whole_lines(self.path.read_bytes())
            said, self.runs = _parsed(whole, self.path)
            if said is None:
                _own_beginning(self.path)
            os.ftruncate(self._file.fileno(), len(whole))  # not before it is known to be a sweep
            if said is None:
                self._write(json.dumps({"format": FORMAT, "version": VERSION} | dict(head)))
            elif _known(said) != (plain := _known(json.loads(json.dumps(dict(head))))):
                raise UsageError(
                    f"{self.path.name} holds another sweep ({_difference(_known(said), plain)}); give another name, or "
                    "delete it first"
                )
        except BaseException:
            self.close()
            raise

    def add(self, run: Run) -> None:
        """Keep a run.

        Raises:
            UsageError: the disk has no room; what was kept before is there.
        """
        self._write(run.to_line())
        self.runs.append(run)

    def _write(self, line: str) -> None:
        size = os.fstat(self._file.fileno()).st_size
        data, written = line.encode() + b"\n", 0
        try:
            while written < len(data):
                written += os.write(self._file.fileno(), data[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), size)
            raise UsageError(
                f"{self.path} cannot take another run ({error.strerror or error}); make room and resume: what was done "
                "before is kept"
            ) from None

    def close(self) -> None:
        """Let others have it."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], list[Run]]:
        """(what is swept, the runs so far) of a file, which another program may be writing.

        Raises:
            UsageError: no such file, or none of a sweep.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({error.strerror or error})") from None
        head, runs = _parsed(_whole_lines(data), Path(path))
        return head or {}, runs

    @staticmethod
    def is_open(path: str | os.PathLike[str]) -> bool:
        """Whether a program has it now."""
        try:
            with open(path, "r+b") as file:
                _lock(file, Path(path))
        except (OSError, UsageError):
            return Path(path).exists()
        return False


def _lock(file: IO[bytes], path: Path) -> None:
    """Held until the file is closed, or the program ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows has none; one program at a time is then a person's own care
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise UsageError(f"another program is at work on {path.name}; wait for it, or stop it first") from None


def _whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _own_beginning(path: Path) -> None:
    """Refuse a file of something else that has no whole line; what a killed sweep left of its first one is let go.

    Raises:
        UsageError: it is none of a sweep.
    """
    data, begins = path.read_bytes(), json.dumps({"format": FORMAT, "version": VERSION})[:-1].encode()
    if not (data.startswith(begins) or begins.startswith(data)):
        raise UsageError(_NO_SWEEP.format(path.name))


def _parsed(data: bytes, path: Path) -> tuple[dict[str, Any] | None, list[Run]]:
    lines: Sequence[str] = data.decode("utf-8", "replace").splitlines()
    if not lines:
        return None, []
    try:
        head = json.loads(lines[0])
        if head.pop("format") != FORMAT or head.pop("version") != VERSION:
            raise ValueError
        return head, [Run.from_line(line) for line in lines[1:]]
    except (ValueError, KeyError, AttributeError, TypeError, zlib.error):
        raise UsageError(_NO_SWEEP.format(path.name)) from None


def _known(head: Mapping[str, Any]) -> dict[str, Any]:
    """What a sweep is known by: one may be given more trials or minutes than it began with."""
    return {name: value for name, value in head.items() if name != "budget"}


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    for name in (*one, *other):
        if one.get(name) != other.get(name):
            if isinstance(one.get(name), Mapping) and isinstance(other.get(name), Mapping):
                return f"{name}, {_difference(one[name], other[name])}"
            return f"{name} is {one.get(name)!r} there and {other.get(name)!r} here"
    return "nothing differs"


def by_setting(runs: Iterable[Run]) -> dict[int, list[Run]]:
    """Runs of each setting that came to a result, in order."""
    found: dict[int, list[Run]] = {}
    for run in runs:
        if not run.failed:
            found.setdefault(run.setting, []).append(run)
    return found


def journal_of(folder: Path, study: str) -> Path | None:
    """The file of the sweep that a study of kept runs is of; it has what each user got too. None where there is none.

    Args:
        folder: of the store of runs.
        study: its name there: ``sweep NAME`` of the command line, ``sweep of MODEL NAME`` of the pages.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "sweeps").mkdir()
    >>> (folder / "sweeps" / "dims.jsonl").touch()
    >>> [journal_of(folder, name) is not None for name in ("sweep dims", "sweep of item2vec dims", "dims", "sweep odm")]
    [True, True, False, False]
    """
    if not study.startswith("sweep "):
        return None
    files = sorted((folder / "sweeps").glob("*.jsonl"))
    return next((file for file in files if study.endswith(f" {file.stem}")), None)
