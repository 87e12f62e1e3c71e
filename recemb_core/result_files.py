"""Results in few named files: ``<data set>/<file>.npz`` beside a ``manifest.json`` that says what made each of them.

A line of the manifest is a result: its kind, the hash of its data, its settings in clear, the versions of the
algorithms that made it, the file, and the names of its arrays there (``prefix/name``). Nothing is pickled. The prefix
holds a hash of all that, so a reader never takes one result for another, even while files are written anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recemb_core.array_files import Arrays, save_arrays
from recemb_core.validation import UsageError
from recemb_core.versions import versions_of

MANIFEST = "manifest.json"
_IDENTITY = ("kind", "data", "settings", "versions")


@dataclasses.dataclass(frozen=True)
class Key:
    """What a result is found by: ``text`` is the JSON of its kind, data, settings and versions, keys sorted."""

    text: str

    @property
    def identity(self) -> dict[str, Any]:
        """The same as a dict."""
        found: dict[str, Any] = json.loads(self.text)
        return found

    @property
    def prefix(self) -> str:
        """Before the names of its arrays: the class of its first config, or its kind, and a hash."""
        identity = self.identity
        classes = [v["class"] for v in identity["settings"].values() if isinstance(v, dict)]
        digest = hashlib.blake2b(self.text.encode(), digest_size=6).hexdigest()
        return f"{(classes or [identity['kind']])[0]}-{digest}"


def key_of(kind: str, data: str, **settings: object) -> Key:
    """The key of a result of today's algorithms.

    Args:
        kind: of :data:`recemb_core.versions.OF_KIND`.
        data: the fingerprint of what it was computed from.
        settings: configs, and whatever else it depends on, by name.

    >>> key_of("layout", "0a1b", seed=3).identity["versions"]
    {'graph_layout': 1}
    """
    clear = {name: plain(value) for name, value in settings.items()}
    identity = {"kind": kind, "data": data, "settings": clear, "versions": versions_of(kind, *settings.values())}
    return Key(_dump(identity))


def plain(value: Any) -> Any:
    """A config as a dict with its class name; p=1 and p=1.0, which are equal, are written alike, at any depth.

    A config with an ``identity()`` is written as that: what changes no result is no part of a key.
    """
    if not dataclasses.is_dataclass(value):
        return value
    value = value.identity() if hasattr(value, "identity") else value
    found: dict[str, Any] = {"class": type(value).__name__}
    for field in dataclasses.fields(value):
        inside = getattr(value, field.name)
        decimal = "float" in str(field.type)
        if isinstance(inside, tuple):
            found[field.name] = [float(v) if decimal else v for v in inside]
        else:
            found[field.name] = float(inside) if decimal and inside is not None else plain(inside)
    return found


def _dump(value: Any) -> str:
    # default: a NumPy number in a config
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=lambda number: number.item())


class Place(NamedTuple):
    """Where a result's arrays are."""

    file: Path
    prefix: str
    names: tuple[str, ...]


def read(folder: Path, key: Key) -> Arrays | None:
    """The arrays of a result, or None where no manifest names one of exactly this key.

    Arrays that a manifest names and that are not there are warned of, and the answer is None as well.
    """
    place = places(folder).get(key)
    return None if place is None else _arrays(place)


def _arrays(place: Place) -> Arrays | None:
    try:
        with np.load(place.file, allow_pickle=False) as file:
            return {name: file[f"{place.prefix}/{name}"] for name in place.names}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        _warn(place.file, error)
        return None


@lru_cache(maxsize=4)
def places(folder: Path) -> Mapping[Key, Place]:
    """Every result that the manifests below a folder name; they are read once."""
    return {
        _key(line): Place(path.parent / f"{line['file']}.npz", line["prefix"], tuple(line["arrays"]))
        for path in sorted(folder.glob(f"*/{MANIFEST}"))
        for line in _lines(path)
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    """The entries of a manifest; none, with a warning, of one that cannot be read."""
    if not path.exists():
        return []
    try:
        lines: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
        if all(line.keys() >= {*_IDENTITY, "file", "prefix", "arrays"} for line in lines):
            return lines
        raise UsageError("an entry is not complete")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _warn(path, error)
        return []


def _key(line: Mapping[str, Any]) -> Key:
    return Key(_dump({name: line[name] for name in _IDENTITY}))


def _warn(path: Path, error: Exception) -> None:
    warnings.warn(
        f"{path.parent.name}/{path.name} cannot be used ({error}); its results are computed anew when they are needed, "
        "and python data/build_precomputed.py writes it again",
        stacklevel=4,
    )


def write(
    folder: Path,
    results: Mapping[Key, Arrays],
    files: Mapping[str, str],
    *,
    drop: frozenset[Key] = frozenset(),
    made_with: str = "",
) -> None:
    """Put results into the files of one data set's folder, in place of those of the same key; the others stay.

    Args:
        folder: of the data set.
        results: arrays by name of each.
        files: kind → name of its file, without ``.npz``.
        drop: results that go.
        made_with: the package's version, for people.
    """
    lines = {_key(line): line for line in _lines(folder / MANIFEST)}
    kept = {key: line for key, line in lines.items() if key not in drop and key not in results}
    for key, arrays in results.items():
        place = {"file": files[key.identity["kind"]], "prefix": key.prefix, "arrays": list(arrays)}
        kept[key] = {**key.identity, **place, "package": made_with}
    touched = {line["file"] for key, line in (lines | kept).items() if key in results or key not in kept}
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(touched):
        path, arrays = folder / f"{name}.npz", {}
        of_file = sorted((key for key, line in kept.items() if line["file"] == name), key=lambda key: key.text)
        for key in of_file:
            found = results.get(key) or _arrays(Place(path, kept[key]["prefix"], tuple(kept[key]["arrays"])))
            if found is None:
                del kept[key]
                continue
            arrays |= {f"{kept[key]['prefix']}/{array}": value for array, value in found.items()}
        if arrays:
            buffer = io.BytesIO()
            save_arrays(buffer, arrays)
            _replace(path, buffer.getvalue())
        else:
            path.unlink(missing_ok=True)
    if kept:
        order = sorted(kept, key=lambda key: (kept[key]["file"], key.text))
        text = ",\n".join(_dump(kept[key]) for key in order)
        _replace(folder / MANIFEST, f'{{"results": [\n{text}\n]}}\n'.encode())
    else:
        (folder / MANIFEST).unlink(missing_ok=True)
    places.cache_clear()


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)  # of a write that failed: it takes the last room of a full disk
