"""A session as one small text file: which data, how it is read, what is trained, and every setting of the pages."""

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
GRAPH_FROM = ("", "given", "log")
_PLAIN = (str, int, float, bool)
_NUMBERS: dict[str, tuple[type, ...]] = {"gap_minutes": (int, float), "seed": (int,)}


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

    What is left out has the default for this data. The pages write ``settings``; the command line writes the other
    parts, and reads both (:mod:`recemb_core.plans`).

    Attributes:
        data: name of a bundled data set, or "" for a file of one's own.
        made: settings of a bundled data set that is made to order, fields of its config.
        graph_from: of a data set that comes with a graph and a log: ``"log"`` to count the graph from the log;
            ``"given"`` or "" for the one that it comes with.
        file: the log, where it is a file of one's own.
        details: the table of item details beside it.
        reading: how the log is read.
        gap_minutes: of a bundled log: a longer pause ends a session. A log of one's own has it in its reading.
        seed: of everything random.
        graph: fields of ``item_graph.config.GraphConfig``.
        model: name of a registered model, or "".
        config: fields of that model's config.
        sweep: what is swept, as :func:`recemb_core.sweeps.plan_of` reads it.
        settings: page parameters by name, plain values.

    >>> saved = SessionFile(data="karate_club", model="node2vec", config={"q": 2.0}, settings={"p": 0.5, "item": "3"})
    >>> SessionFile.from_toml(saved.to_toml()) == saved
    True
    """

    data: str = ""
    made: Mapping[str, Any] = field(default_factory=dict)
    graph_from: str = ""
    file: FileMark | None = None
    details: FileMark | None = None
    reading: Reading | None = None
    gap_minutes: float | None = None
    seed: int | None = None
    graph: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_toml(self) -> str:
        """The file's text; what equals its default is left out."""
        import tomli_w

        parts: dict[str, Any] = {"format": FORMAT, "version": VERSION}
        if self.data:
            parts["data"] = self.data
        if self.graph_from:
            parts["graph_from"] = self.graph_from
        parts |= {name: value for name in _NUMBERS if (value := getattr(self, name)) is not None}
        for name in ("file", "details"):
            if (mark := getattr(self, name)) is not None:
                parts[name] = vars(mark)
        if self.reading is not None:
            parts["reading"] = self.reading.to_dict()
        if self.made:
            parts["made"] = _toml(self.made)
        if self.graph:
            parts["graph"] = _toml(self.graph)
        if self.model:
            parts["model"] = {"name": self.model, **_toml(self.config)}
        if self.sweep:
            parts["sweep"] = _toml(self.sweep)
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
        data = parts.pop("data", "")
        if not isinstance(data, str):
            raise InputError(f"the saved session's data must be a name, not {written(data)}")
        graph_from = parts.pop("graph_from", "")
        if graph_from not in GRAPH_FROM:
            raise InputError(f"the saved session's graph_from must be 'given' or 'log', not {written(graph_from)}")
        numbers = {name: _number(parts.pop(name, None), name, kind) for name, kind in _NUMBERS.items()}
        file, details = (_mark(parts.pop(name, None), name) for name in ("file", "details"))
        reading = parts.pop("reading", None)
        groups = ("made", "graph", "model", "settings")
        made, graph, config, settings = (_group(parts.pop(name, {}), name) for name in groups)
        sweep = parts.pop("sweep", {})
        if not isinstance(sweep, dict):
            raise InputError(f"the saved session's sweep must be a table, not {written(sweep)}")
        model = config.pop("name", "")
        if not isinstance(model, str) or (config and not model):
            raise InputError(f"the saved session's model must say its name, not {written(model)}")
        if parts:
            raise InputError(f"the saved session has a part {shortened(next(iter(parts)))!r} that is not known here")
        return cls(
            data=data,
            made=made,
            graph_from=graph_from,
            file=file,
            details=details,
            reading=None if reading is None else Reading.from_dict(reading),
            **numbers,
            graph=graph,
            model=model,
            config=config,
            sweep=sweep,
            settings=settings,
        )


def _toml(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as TOML has them: tuples as lists, and None, which it has not, left out."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items() if v is not None}


def _number(value: Any, name: str, kinds: tuple[type, ...]) -> Any:
    if value is None or (isinstance(value, kinds) and not isinstance(value, bool) and not _too_large(value)):
        return value
    raise InputError(
        f"the saved session's {name} must be a {'whole ' * (float not in kinds)}number, not {written(value)}"
    )


def _group(values: Any, place: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise InputError(f"the saved session's {place} must be a table, not {written(values)}")
    what = "setting" if place == "settings" else f"{place} setting"
    for name, value in values.items():
        several = value if isinstance(value, list) else [value]
        if not all(isinstance(v, _PLAIN) and not _too_large(v) for v in several):
            raise InputError(
                f"the saved session's {what} {shortened(name)!r} must be plain text or a number of 64 bits, not "
                f"{written(value)}"
            )
    return values


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
