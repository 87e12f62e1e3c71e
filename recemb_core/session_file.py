"""A session on a page as one small text file: which data, how it is read, and every setting of the pages."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recemb_core.readers import InputError, Reading
from recemb_core.readers.errors import shortened
from recemb_core.validation import written

FORMAT, VERSION = "recemb-session", 1
_PLAIN = (str, int, float, bool)


@dataclass(frozen=True, kw_only=True)
class FileMark:
    """What tells a file again: its name, its size in bytes, and the BLAKE2b hash of its content (12 bytes, hex)."""

    name: str
    size: int
    digest: str

    @classmethod
    def of(cls, name: str, data: bytes) -> FileMark:
        """The mark of a file's bytes.

        >>> FileMark.of("log.csv", b"a,b").size
        3
        """
        return cls(name=name, size=len(data), digest=hashlib.blake2b(data, digest_size=12).hexdigest())

    def matches(self, data: bytes) -> bool:
        """Whether these bytes are the file's."""
        return len(data) == self.size and FileMark.of(self.name, data).digest == self.digest


@dataclass(frozen=True, kw_only=True)
class SessionFile:
    """All that restores a session beside its file: bundled data by name, an upload by its mark and its reading.

    Attributes:
        data: name of a bundled data set, or "" for a file of one's own.
        file: the log, where it is a file of one's own.
        details: the table of item details beside it.
        reading: how the log is read.
        settings: page parameters by name, plain values.

    >>> text = SessionFile(data="karate_club", settings={"p": 0.5, "item": "3"}).to_toml()
    >>> SessionFile.from_toml(text).settings
    {'p': 0.5, 'item': '3'}
    """

    data: str = ""
    file: FileMark | None = None
    details: FileMark | None = None
    reading: Reading | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_toml(self) -> str:
        """The file's text; what equals its default is left out."""
        import tomli_w

        parts: dict[str, Any] = {"format": FORMAT, "version": VERSION}
        if self.data:
            parts["data"] = self.data
        for name in ("file", "details"):
            if (mark := getattr(self, name)) is not None:
                parts[name] = vars(mark)
        if self.reading is not None:
            parts["reading"] = self.reading.to_dict()
        return tomli_w.dumps(parts | {"settings": dict(self.settings)})

    @classmethod
    def from_toml(cls, text: str | bytes) -> SessionFile:
        """Read what :meth:`to_toml` wrote; parts that a later version adds are refused by name, never passed over.

        Raises:
            InputError: no TOML, another format or version, or a part that cannot be understood.
        """
        parts = _parsed(text)
        if parts.pop("format", None) != FORMAT:
            raise InputError(f"this is no saved session: its first line must be format = {FORMAT!r}")
        version = parts.pop("version", None)
        if version != VERSION:
            raise InputError(f"the saved session has version {written(version)}, and this app reads version {VERSION}")
        data, settings = parts.pop("data", ""), parts.pop("settings", {})
        if not isinstance(data, str):
            raise InputError(f"the saved session's data must be a name, not {written(data)}")
        if not isinstance(settings, dict):
            raise InputError(f"the saved session's settings must be a table, not {written(settings)}")
        for name, value in settings.items():
            values = value if isinstance(value, list) else [value]
            if not all(isinstance(v, _PLAIN) and not _too_large(v) for v in values):
                raise InputError(
                    f"the saved session's setting {shortened(name)!r} must be plain text or a number of 64 bits, not "
                    f"{written(value)}"
                )
        file, details = (_mark(parts.pop(name, None), name) for name in ("file", "details"))
        reading = parts.pop("reading", None)
        if parts:
            raise InputError(f"the saved session has a part {shortened(next(iter(parts)))!r} that is not known here")
        return cls(
            data=data,
            file=file,
            details=details,
            reading=None if reading is None else Reading.from_dict(reading),
            settings=settings,
        )


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except UnicodeDecodeError:
        raise InputError("this is no saved session: it is not UTF-8 text") from None
    except ValueError as error:  # TOMLDecodeError among them; a number of thousands of digits gives another one
        raise InputError(f"the saved session is no valid TOML: {error}") from None
    except RecursionError:
        raise InputError("the saved session is nested too deeply to be one") from None


def _too_large(value: Any) -> bool:
    """Whether a whole number is none of TOML, whose numbers have 64 bits; Python reads more, and cannot write them."""
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def _mark(values: Any, place: str) -> FileMark | None:
    if values is None:
        return None
    kinds = {"name": str, "size": int, "digest": str}
    if not isinstance(values, dict) or set(values) != set(kinds):
        raise InputError(f"the saved session's {place} must have exactly {', '.join(kinds)}")
    for name, kind in kinds.items():
        if not isinstance(values[name], kind) or isinstance(values[name], bool) or _too_large(values[name]):
            raise InputError(
                f"the saved session's {place} has a {name} that is no {kind.__name__}: {written(values[name])}"
            )
    return FileMark(**values)
