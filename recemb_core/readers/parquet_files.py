"""Parquet files, decoded within the limits."""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from recemb_core.readers.errors import InputError, shortened
from recemb_core.readers.limits import Budget, limits

_BATCH = 65_536  # rows of a parquet file decoded at a time


def parquet_frame(data: bytes, called: str) -> pl.DataFrame:
    """The columns of a parquet file.

    Raises:
        InputError: damaged, too wide, or too much once it is decoded.
    """
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        # Not polars' own reader: one wrong byte can make it ask for so much memory that the whole process is aborted,
        # and with it everybody's session.
        schema = parquet.read_schema(io.BytesIO(data))
        limits().check_columns(len(schema), called)
        # Text as its distinct values and their numbers: what it will take is known before it is written out.
        texts = [field.name for field in schema if pyarrow.types.is_string(field.type)]
        file, budget, batches = parquet.ParquetFile(io.BytesIO(data), read_dictionary=texts), Budget(), []
        for batch in file.iter_batches(_BATCH):
            budget.take(sum(map(_decoded_size, batch.columns)), called)
            columns = [c.dictionary_decode() if pyarrow.types.is_dictionary(c.type) else c for c in batch.columns]
            batches.append(pyarrow.RecordBatch.from_arrays(columns, names=schema.names))
        table = pyarrow.Table.from_batches(batches) if batches else schema.empty_table()
        table.validate(full=True)
        frame = pl.from_arrow(table)
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()
    except (InputError, MemoryError):
        raise
    except Exception as error:
        why = shortened(str(error).split("\n")[0], 100)
        raise InputError(f"{called} is a damaged parquet file ({why}); write or download it again") from None
    except BaseException as error:
        # The Rust side reports some damage as a panic, which is no Exception; a KeyboardInterrupt goes on.
        if type(error).__name__ != "PanicException":
            raise
        raise InputError(f"{called} is a damaged parquet file; write or download it again") from None


def _decoded_size(column: Any) -> int:
    """Bytes of an Arrow array once every row holds its own value."""
    import pyarrow
    import pyarrow.compute as compute

    kind = column.type
    if not pyarrow.types.is_dictionary(kind) or not pyarrow.types.is_string(kind.value_type):
        return int(column.nbytes)
    lengths = compute.binary_length(column.dictionary).cast(pyarrow.int64())
    return int(compute.sum(lengths.take(column.indices)).as_py() or 0) + 4 * len(column)
