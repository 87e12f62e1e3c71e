"""Recall, precision and cost of every number of tables and functions at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recemb_core.arrays import Float32Array, Int32Array, Int64Array, NumberArray, UInt64Array
from recemb_core.neighbors.lsh.cells import LSHCell, LSHGrid, Measurement
from recemb_core.neighbors.lsh.draws import DRAWS
from recemb_core.neighbors.lsh.families import family_named
from recemb_core.neighbors.lsh.hashing import HashFunctions, draw_functions
from recemb_core.neighbors.lsh.index import MAX_FUNCTIONS, MAX_TABLES, LSHConfig, LSHIndex
from recemb_core.neighbors.lsh.theory import GRID_MODES, Family, GridMode
from recemb_core.parallel import share_out
from recemb_core.progress import Progress
from recemb_core.validation import is_whole, require

_BLOCK = 1024


def lsh_grid(
    vectors: Float32Array,
    queries: NumberArray,
    k: int = 10,
    *,
    family: Family = "euclidean",
    tables: int = 32,
    functions: int = 16,
    width: float | None = None,
    modes: tuple[GridMode, ...] = GRID_MODES,
    seed: int = 0,
    draws: int = 1,
    truth: Int32Array | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> LSHGrid:
    """Measure all settings up to ``functions`` × ``tables`` in one pass, each as an index of that setting would do.

    All projections are made once. For each query, point and table two lengths matter: how many functions agree before
    the first that does not, and which function agrees first. A point is a candidate of ``"and_or"`` where the largest
    of the former over the first L tables is at least K, of ``"or_and"`` where the largest of the latter is at most K.
    Both are kept as bit masks, whose maximum over tables is their or: four or eight points are compared at a time.

    Args:
        vectors: float32 (n, d).
        queries: row numbers (q,) — a row never counts itself, neither as neighbor nor as candidate — or vectors (q, d).
        k: true neighbors a query, by the distance of the family: Euclidean, by cosine for ``"hyperplane"``.
        family, width, seed: as in :class:`~recemb_core.neighbors.lsh.LSHConfig`.
        tables, functions: the largest L and K.
        modes: any of ``"and_or"``, ``"or_and"``.
        draws: of functions, the first of ``seed`` and the others of :func:`~recemb_core.neighbors.lsh.draws.draw_seed`;
            the figures are means over them. From two on there are intervals that cover the draw of functions and, where
            not all rows are asked, the sample of queries. Time grows with their number.
        truth: int32 (q, k) ids of the true neighbors where they are known already, −1 for none.
        threads: None for all processors; the result is the same on any number.
        progress: called before each draw with (fraction done, what is being done); what it raises ends the run.

    Raises:
        ValueError: a parameter out of range, vectors that are not finite, no queries.

    >>> rows = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    >>> grid = lsh_grid(rows, np.arange(50), k=5, tables=8, functions=4)
    >>> grid.recall.shape, bool(grid.recall[0, 3, 7] > grid.recall[0, 3, 0])
    ((2, 4, 8), True)
    >>> cell = lsh_grid(rows, np.arange(50), k=5, tables=8, functions=4, draws=4).cell("and_or", functions=2, tables=4)
    >>> bool(cell.recall_low < cell.recall < cell.recall_high), cell.draws
    (True, 4)
    """
    kind = family_named(family)
    for name, value, most in (("tables", tables, MAX_TABLES), ("functions", functions, MAX_FUNCTIONS)):
        require(is_whole(value) and 1 <= value <= most, name, value, f"a whole number from 1 to {most:,}")
    modes = tuple(modes)
    require(bool(modes) and set(modes) <= set(GRID_MODES), "modes", modes, "some of 'and_or', 'or_and'")
    require(width is None or 0 < width < np.inf, "width", width, "None or a finite number above 0")
    measured = Measurement(
        vectors, queries, k, family=family, width=width, modes=modes, seed=seed, draws=draws, truth=truth
    )
    rows, asked = kind.distance.space(measured.vectors), kind.distance.space(measured.wanted)
    itself = (measured.own >= 0)[:, None, None].astype(np.int32)  # a row that is a query is its own candidate
    for drawn in measured.seeds(progress):
        hashing = draw_functions(
            rows.shape[1], family=family, tables=tables, functions=functions, width=measured.width, seed=drawn
        )
        counts, hits = _count(hashing, rows, asked, measured.neighbors, modes, threads)
        measured.add((counts - itself).swapaxes(2, 3), hits.swapaxes(2, 3), drawn)
    return measured.result()


def lsh_cell(
    vectors: Float32Array,
    queries: NumberArray,
    k: int = 10,
    config: LSHConfig | None = None,
    *,
    draws: int = DRAWS,
    truth: Int32Array | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> LSHCell:
    """The figures of one setting, each draw of functions an index of its own: what the grid has no room for.

    Without further probes it is the cell of :func:`lsh_grid` with the same draws.

    Args:
        vectors, queries, k, draws, truth, threads, progress: as in :func:`lsh_grid`.
        config: of the index, multi-probe included; its seed is that of the first draw.

    >>> rows = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    >>> some = [lsh_cell(rows, np.arange(50), 5, LSHConfig(tables=2, multi_probe=m), draws=2) for m in (0, 4)]
    >>> some[1].recall > some[0].recall
    True
    """
    config = LSHConfig() if config is None else config
    mode: GridMode = "or_and" if config.mode == "or_and" else "and_or"
    measured = Measurement(
        vectors,
        queries,
        k,
        family=config.family,
        width=config.width,
        modes=(mode,),
        seed=config.seed,
        draws=draws,
        truth=truth,
    )
    q = len(measured.wanted)
    for drawn in measured.seeds(progress):
        index = LSHIndex(replace(config, seed=drawn, width=measured.width), threads=threads).build(measured.vectors)
        indptr, ids = index.candidates(measured.wanted)
        query = np.repeat(np.arange(q), np.diff(indptr))
        other = ids != measured.own[query]
        hit = (ids[:, None] == measured.neighbors[query]).any(axis=1) & other
        counts, hits = (np.bincount(query[which], minlength=q)[None, :, None, None] for which in (other, hit))
        measured.add(counts, hits, drawn)
    tables, functions = config.shape
    return measured.result().cell(mode, 1, 1)._replace(functions=functions, tables=tables)


def _count(
    hashing: HashFunctions,
    rows: Float32Array,
    asked: Float32Array,
    neighbors: Int32Array,
    modes: tuple[GridMode, ...],
    threads: int | None,
) -> tuple[Int32Array, Int32Array]:
    """(candidates, true neighbors among them) of one draw, (modes, q, L, K) each."""
    from recemb_core.neighbors.lsh.grid_kernel import grid_all, grid_some

    points, packed, log_bits = _pack(hashing, rows, asked, threads)
    shape = len(modes), len(asked), *hashing.offsets.shape
    counts, hits = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    nothing = np.empty((0, 0, 0), dtype=np.int32)
    prefixes, misses = ([a[modes.index(m)] if m in modes else nothing for a in (counts, hits)] for m in GRID_MODES)

    def work(first: int, last: int) -> None:
        grid_all(points, packed, log_bits, prefixes[0], misses[0], first, last)
        grid_some(points, packed, neighbors, log_bits, prefixes[1], misses[1], first, last)

    share_out(work, len(asked), threads, least=8)
    there = (neighbors >= 0).sum(axis=1)
    for m, mode in enumerate(modes):
        if mode == "or_and":  # counted: points that miss
            counts[m] = len(rows) - counts[m]
            hits[m] = there[:, None, None] - hits[m]
    return counts, hits


def _pack(
    hashing: HashFunctions, vectors: Float32Array, queries: Float32Array, threads: int | None
) -> tuple[UInt64Array, UInt64Array, int]:
    """Bucket numbers of points and queries in as few bits as hold them apart: (points, queries, log₂ bits)."""
    lanes = hashing.offsets.shape[1]
    for bits in (8, 16, 32):
        words = -(-lanes // (64 // bits))
        packed, ranges = [], []
        # Lanes beyond the last function never agree.
        for rows, padding in ((vectors, 0), (queries, 1)):
            packed.append(np.empty((hashing.offsets.shape[0], words, len(rows)), dtype=np.uint64))
            ranges += _pack_rows(hashing, rows, bits.bit_length() - 1, padding, packed[-1], threads)
        low = np.min([r[0] for r in ranges], axis=0)
        high = np.max([r[1] for r in ranges], axis=0)
        if bits == 32 or (high - low < 2**bits).all():
            break
    return packed[0], np.ascontiguousarray(packed[1].transpose(2, 0, 1)), bits.bit_length() - 1


def _pack_rows(
    hashing: HashFunctions, rows: Float32Array, log_bits: int, padding: int, words: UInt64Array, threads: int | None
) -> list[tuple[Int64Array, Int64Array]]:
    """Fill ``words``; returns the (lowest, highest) bucket numbers (L, K) of every part of the work."""
    from recemb_core.neighbors.lsh.grid_kernel import pack_codes

    ranges: list[tuple[Int64Array, Int64Array]] = []
    by_sign = hashing.by_sign

    def work(first: int, last: int) -> None:
        low = np.full(hashing.offsets.shape, 2**31, dtype=np.int64)
        high = -low
        pack_codes(positions[first:last], by_sign, log_bits, padding, words, low, high, start + first)
        ranges.append((low, high))

    for start in range(0, len(rows), _BLOCK):
        positions = hashing.positions(rows[start : start + _BLOCK])
        share_out(work, len(positions), threads, least=128)
    return ranges
