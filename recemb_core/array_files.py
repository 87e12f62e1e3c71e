"""Arrays by name in one ``.npz``, what is no array as JSON in the array ``meta``; nothing is ever pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import IO, Any, get_args, get_origin, get_type_hints

import numpy as np

from recemb_core.arrays import AnyArray, UInt8Array

Arrays = dict[str, AnyArray]
File = str | os.PathLike[str] | IO[bytes]


def to_json(value: Any) -> UInt8Array:
    """A value as the bytes of its JSON; NumPy numbers become plain ones.

    >>> from_json(to_json({"tea": np.int64(3)}))
    {'tea': 3}
    """
    text = json.dumps(value, ensure_ascii=False, default=lambda number: number.item())
    return np.frombuffer(text.encode(), dtype=np.uint8)


def from_json(array: AnyArray) -> Any:
    """What :func:`to_json` was given, tuples as lists."""
    return json.loads(array.tobytes().decode())


def from_plain(kind: Any, value: Any) -> Any:
    """A dataclass from the dict of its fields as JSON has them; dataclasses and tuples inside by their hints.

    >>> from dataclasses import make_dataclass
    >>> from_plain(make_dataclass("Tea", [("cups", tuple[int, ...])]), {"cups": [1, 2]})
    Tea(cups=(1, 2))
    """
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: from_plain(hints[name], inside) for name, inside in value.items()})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        return tuple(from_plain(kinds[0] if kinds[-1] is ... else kinds[i], v) for i, v in enumerate(value))
    return value


def save_arrays(target: File, arrays: Mapping[str, AnyArray]) -> None:
    """Write a compressed ``.npz`` to a path, whatever its name ends in, or into an open binary file."""
    if isinstance(target, (str, os.PathLike)):
        with open(target, "wb") as file:  # numpy would append .npz to a name without it
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    else:
        np.savez_compressed(target, **arrays)  # type: ignore[arg-type]


def load_arrays(source: File) -> Arrays:
    """What :func:`save_arrays` wrote.

    Raises:
        ValueError: an array of objects, which only unpickling could read.
    """
    with np.load(source, allow_pickle=False) as file:
        return dict(file)
