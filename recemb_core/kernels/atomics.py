"""Whole numbers that threads share inside a kernel: add, read and write without a lock and without Python.

What a thread wrote before :func:`fetch_add` or :func:`publish` is seen by every thread that reads the new number
(sequentially consistent, the strongest order there is): so a counter can say that other arrays are ready.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.np.arrayobj import make_array

_ORDER = "seq_cst"
_WORD = ir.IntType(64)


def _address(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    data = make_array(signature.args[0])(context, builder, arguments[0]).data
    return builder.gep(data, [arguments[1]])


def _fetch_add(typing_context: Any, counters: Any, place: Any, more: Any) -> Any:
    """``fetch_add(counters, place, more)``: add, and return what was there before; int64 (m,) counters."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.atomic_rmw("add", _address(context, builder, signature, arguments), arguments[2], _ORDER)

    return types.int64(counters, types.intp, types.int64), code


def _look(typing_context: Any, counters: Any, place: Any) -> Any:
    """``look(counters, place)``: what is there now; int64 (m,) counters."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_address(context, builder, signature, arguments), _ORDER, 8, typ=_WORD)

    return types.int64(counters, types.intp), code


def _publish(typing_context: Any, counters: Any, place: Any, value: Any) -> Any:
    """``publish(counters, place, value)``: write it; int64 (m,) counters."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[2], _address(context, builder, signature, arguments), _ORDER, 8)
        return context.get_dummy_value()

    return types.void(counters, types.intp, types.int64), code


fetch_add: Any = numba.extending.intrinsic(_fetch_add)
look: Any = numba.extending.intrinsic(_look)
publish: Any = numba.extending.intrinsic(_publish)
