"""Edge lists → item graphs: a row joins two items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recemb_core.item_graph import ItemGraph
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

    from recemb_core.readers import ColumnMapping, Reading, Table


def read_edges(
    source: Any,
    *,
    reading: Reading | None = None,
    source_column: str | None = None,
    target_column: str | None = None,
    weight: str | None = None,
    directed: bool | None = None,
    side_info: Any = None,
) -> ItemGraph:
    """A graph from a table of edges, in any format that ``readers.load_table`` reads.

    Columns are recognised as ``source, target``, ``from, to``, ``u, v`` and the like, or the first two columns are
    taken; a column called ``weight``, ``count`` or the like, or an unlabelled third column of numbers, is the weight.
    Items are numbered in order of first appearance. Repeated edges add up and self-loops are left out; ``.rule`` says
    how many there were. An item that has only a self-loop stays as an isolated one.

    Args:
        source: a path, bytes, a binary buffer, a polars frame or a ``readers.Table``.
        reading: everything else at once; the other arguments but ``side_info`` are then left out.
        source_column: where edges start.
        target_column: where they end.
        weight: positive numbers; 1 for each row when there is no such column.
        directed: whether an edge runs one way only; left out, what a graph file says of itself, else False.
        side_info: a second table with a row an item, matched by the item's id; it becomes ``.side_info``.

    Raises:
        InputError: (a ValueError) the file cannot be used; one sentence names the cause, the place and the cure.

    >>> g = read_edges(b"from,to,weight\\ntea,cup,2\\ncup,tea,1\\ncup,cup,5\\n")
    >>> g.items.ids, g.num_edges, g.weights.tolist()
    (('tea', 'cup'), 1, [3.0, 3.0])
    >>> g.rule
    'edge list, undirected: 3 rows; 1 self-loop left out; 1 repeated row added up'
    """
    from recemb_core.readers import ColumnMapping, Reading

    if reading is None:
        columns = None
        if source_column is not None or target_column is not None or weight is not None:
            columns = ColumnMapping(shape="edges", source=source_column, target=target_column, weight=weight)
        return _read(source, Reading(columns=columns, directed=directed), side_info, guess_weight=weight is None)
    given = {"source_column": source_column, "target_column": target_column, "weight": weight, "directed": directed}
    beside = [name for name, value in given.items() if value is not None]
    if beside:
        raise UsageError(f"give either reading or {', '.join(beside)}, not both")
    return _read(source, reading, side_info, guess_weight=reading.columns is None)


def _read(source: Any, reading: Reading, side_info: Any, *, guess_weight: bool) -> ItemGraph:
    from recemb_core.readers import ColumnMapping, InputError
    from recemb_core.readers.content import to_numbers
    from recemb_core.readers.errors import counted
    from recemb_core.readers.ids import codes_of, id_strings

    table = reading.table(source)
    frame = table.frame
    if table.format == "sequences":
        raise InputError("the lines have different numbers of fields, so they are sequences and no edges; read them so")
    start, end, heft = _columns(frame, reading.columns, guess_weight=guess_weight)
    mapping = reading.columns or ColumnMapping(shape="edges")
    missing_words, as_written = mapping.missing, mapping.ids_as_written
    ends = [id_strings(frame[column], missing_words, as_written=as_written) for column in (start, end)]
    missing = (ends[0].is_null() | ends[1].is_null()).to_numpy()
    weights = np.ones(len(frame))
    if heft is not None:
        numbers = to_numbers(frame[heft]).fill_null(float("nan")).to_numpy()
        bad = np.flatnonzero(~missing & ~(np.isfinite(numbers) & (numbers > 0)))
        if len(bad):
            raise InputError(
                f"column {heft!r}: {counted(len(bad), 'weight')} not a number over 0, the first in "
                f"{table.where(int(bad[0]))} ({frame[heft][int(bad[0])]!r}); choose another column for the weight"
            )
        weights = numbers
    if missing.all():
        raise InputError(f"no row has both ends filled in ({start!r} and {end!r}); choose other columns")
    import polars as pl

    kept = np.flatnonzero(~missing)
    # Row by row, so that items are numbered as a reader meets them.
    both = pl.DataFrame({"a": ends[0], "b": ends[1]})[kept].select(pl.concat_list("a", "b").explode())["a"]
    codes, ids = codes_of(both)
    rows, columns = codes[0::2], codes[1::2]
    loops = int((rows == columns).sum())
    directed = bool(table.directed) if reading.directed is None else reading.directed
    low, high = (rows, columns) if directed else (np.minimum(rows, columns), np.maximum(rows, columns))
    pairs = low.astype(np.int64) * len(ids) + high
    repeated = len(kept) - loops - len(np.unique(pairs[rows != columns]))
    try:
        graph = ItemGraph.from_edges(rows, columns, weights[kept], directed=directed, items=Vocabulary(ids.to_list()))
    except ValueError as error:
        raise InputError(f"{error}; choose another column, or none, for the weight") from None
    said = [f"edge list, {'directed' if directed else 'undirected'}: {counted(len(frame) + table.left_out, 'row')}"]
    said += [f"{counted(table.left_out, 'line')} that could not be split left out"] if table.left_out else []
    said += [f"{counted(loops, 'self-loop')} left out"] if loops else []
    said += [f"{counted(repeated, 'repeated row')} added up"] if repeated else []
    where = table.where(int(np.flatnonzero(missing)[0])) if missing.any() else ""
    said += [f"{counted(int(missing.sum()), 'row')} with an empty end left out (first: {where})"] if where else []
    side, notes = _side_info(table, reading, side_info, ids)
    return replace(graph, rule="; ".join([*said, *notes]), side_info=side)


def _side_info(
    table: Table, reading: Reading, side_info: Any, ids: pl.Series
) -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    """What is known of the nodes, in their order, and what to say of it."""
    from recemb_core.readers.assembly import details_table
    from recemb_core.readers.side_info import choose_key, from_details, tidy

    second = details_table(table, reading, side_info)
    if second is None:
        return None, ()
    as_written = reading.columns is not None and reading.columns.ids_as_written
    details = choose_key(second, ids, None, reading.details_key, strict=side_info is not None, as_written=as_written)
    if details.key is None:
        return None, details.notes
    wide, said = from_details(details, np.arange(len(ids)))
    frame, notes = tidy(wide, None)
    return frame, tuple(note.rstrip(".") for note in (*details.notes, *said, *notes))


def _columns(frame: pl.DataFrame, given: ColumnMapping | None, *, guess_weight: bool) -> tuple[str, str, str | None]:
    from recemb_core.readers import InputError, guess_columns
    from recemb_core.readers.column_names import plain_name, role_rank
    from recemb_core.readers.content import is_number
    from recemb_core.readers.errors import listed

    source, target, weight = (None, None, None) if given is None else (given.source, given.target, given.weight)
    for role, column in (("source", source), ("target", target), ("weight", weight)):
        if column is not None and column not in frame.columns:
            raise InputError(
                f"there is no column {column!r} for the {role}; the columns are {listed(frame.columns, 30)}"
            )
    if frame.width < 2:
        raise InputError(
            f"an edge list needs two columns, and there is only {frame.columns[0]!r}; set the right delimiter"
        )
    guess = guess_columns(frame)
    if source is None and target is None and guess.source is not None and guess.target is not None:
        source, target = guess.source, guess.target
    free = [c for c in frame.columns if c not in (source, target, weight)]
    if source is None or target is None:
        if len(free) < (source is None) + (target is None):
            raise InputError(f"an edge needs a source and a target column; the columns are {listed(frame.columns, 30)}")
        source = source or free.pop(0)
        target = target or free.pop(0)
    if source == target:
        raise InputError(f"source and target cannot both be column {source!r}; choose two")
    if weight is None and guess_weight:
        rest = [c for c in frame.columns if c not in (source, target) and is_number(frame[c])]
        named = [c for c in rest if role_rank("weight", c) is not None]
        unlabelled = [c for c in rest if plain_name(c).startswith("column")]
        weight = next(iter(named + unlabelled), None)
    return source, target, weight
