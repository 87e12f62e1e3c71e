"""How many bytes a value holds: arrays, frames, texts and whatever is inside, each thing once."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import polars as pl

Parts = dict[int, int]  # identity of a thing that several values may share → its bytes
MANY = 4_000  # elements that are looked at one by one; of more, so many are, and the rest counted like them
_SHARED = 1_000  # bytes from which on a text counts as a thing of its own
_NOTHING = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, type)


def held_bytes(value: Any) -> int:
    """The bytes of all parts.

    >>> rows = np.zeros((1000, 100))
    >>> held_bytes([rows, rows[3], rows.T]) // 1000  # two views of one array
    800
    """
    return sum(parts(value).values())


def parts(value: Any) -> Parts:
    """What a value holds, by identity, so that what two values share can be counted once.

    A view counts as the array behind it, which it keeps alive. Large containers are estimated from a sample of their
    elements. Memory that a library keeps for itself, and says nothing about, is not seen.
    """
    found: Parts = {}
    own, seen, stack = 0, set(), [value]
    while stack:
        one = stack.pop()
        if one is None or isinstance(one, _NOTHING) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            own += _array(one, found, stack)
        elif isinstance(one, (pl.DataFrame, pl.Series)):
            found[id(one)] = int(one.estimated_size())
        elif isinstance(one, (str, bytes, bytearray)):
            size = sys.getsizeof(one)
            if size >= _SHARED:
                found[id(one)] = size
            else:
                own += size
        elif isinstance(one, (dict, list, tuple, set, frozenset, deque)):
            own += sys.getsizeof(one) + _elements(one, stack)
        else:
            own += _thing(one, found, stack)
    found[id(value)] = found.get(id(value), 0) + own
    return found


def _array(array: np.ndarray[Any, Any], found: Parts, stack: list[Any]) -> int:
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    if isinstance(owner.base, (bytes, bytearray)):
        stack.append(owner.base)
    elif not isinstance(owner, np.memmap):
        found[id(owner if owner.base is None else owner.base)] = owner.nbytes
    inside = 0
    if array.dtype.hasobject:
        flat = array.ravel()
        inside = _elements(flat.tolist() if flat.size <= MANY else flat, stack)
    elif array.dtype.kind == "T" and array.size:  # texts of any length live beside the array
        sample = array.ravel()[:: max(array.size // MANY, 1)]
        inside = int(array.size * np.mean([len(text) if len(text) > 15 else 0 for text in sample.tolist()]))
    return 112 + inside


def _elements(container: Any, stack: list[Any]) -> int:
    """Put a container's elements on the stack; of a large one, estimate their bytes."""
    if isinstance(container, Mapping):
        return _elements(list(container.keys()), stack) + _elements(list(container.values()), stack)
    count = len(container)
    if count <= MANY:
        stack.extend(container)
        return 0
    sample: Iterable[Any] = islice(iter(container), 0, None, -(-count // MANY))
    together = list(sample)
    return int(held_bytes(together) * count / len(together)) - sys.getsizeof(together)


def _thing(one: Any, found: Parts, stack: list[Any]) -> int:
    """An object: what it says itself of its bytes, or what its fields hold."""
    try:
        said = getattr(one, "nbytes", None)
    except Exception:  # closed, or given to a device
        said = None
    if isinstance(said, int | np.integer) and not isinstance(one, np.generic):
        found[id(one)] = int(said)
        return 100
    if type(one).__module__.partition(".")[0] == "pandas" and hasattr(one, "memory_usage"):
        found[id(one)] = int(np.sum(one.memory_usage(deep=True)))
        return 100
    if isinstance(getattr(one, "ntotal", None), int) and isinstance(getattr(one, "d", None), int):
        found[id(one)] = one.ntotal * one.d * 4  # a faiss index holds its vectors
        return 100
    stack.append(getattr(one, "__dict__", None))
    for kind in type(one).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            stack.append(getattr(one, name, None))
    return sys.getsizeof(one, 100)
