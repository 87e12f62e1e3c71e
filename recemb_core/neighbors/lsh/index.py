"""Locality-sensitive hashing: near vectors share buckets, so that a query looks into a few buckets only."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from recemb_core.array_files import File, from_json, load_arrays, save_arrays, to_json
from recemb_core.arrays import Float32Array, Float64Array, Int32Array, Int64Array, UInt64Array
from recemb_core.neighbors.base import checked_vectors
from recemb_core.neighbors.lsh.families import HashFamily, family_named
from recemb_core.neighbors.lsh.hashing import HashFunctions, draw_functions, width_in_use
from recemb_core.neighbors.lsh.theory import MODES, Family, Mode
from recemb_core.parallel import share_out
from recemb_core.validation import UsageError, is_whole, require

MAX_FUNCTIONS = 32
MAX_TABLES = 1024
# Positions of this many rows at a time: a few megabytes.
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True)
class LSHConfig:
    """What an :class:`LSHIndex` can be told.

    Attributes:
        family: ``"euclidean"`` (p-stable, h(v) = ⌊(a · v + b) / w⌋), ``"hyperplane"`` (cosine, h(v) = [a · v ≥ 0]) or
            another registered one, see :mod:`recemb_core.neighbors.lsh.families`.
        tables: L; more find more and cost more (with ``"or_and"``: find less and cost less). Unused by ``"and"``.
        functions: K; more make buckets smaller: fewer candidates, more misses (with ``"or_and"`` the reverse).
            Unused by ``"or"``.
        width: bucket width w in the unit of the vectors; larger buckets find more and cost more. None takes four times
            the median distance of near neighbors (:func:`~recemb_core.neighbors.lsh.hashing.default_width`) of
            the vectors first built on. Families without a width, such as hyperplanes, ignore it.
        mode: ``"and"`` one table of K functions; ``"or"`` L tables of one function; ``"and_or"`` L tables of K
            functions, a candidate agrees in all functions of some table; ``"or_and"`` a candidate agrees in some
            function of every table.
        multi_probe: further buckets looked into in each table, the likeliest neighboring ones first (Lv et al. 2007).
            More of them do what more tables do, for more lookups and no memory. Not with ``"or_and"``, nor with a
            family of which no neighboring bucket is known.
        seed: of the functions; those of few tables and functions are the first ones of many.
    """

    family: Family = "euclidean"
    tables: int = 16
    functions: int = 8
    width: float | None = None
    mode: Mode = "and_or"
    multi_probe: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        family = family_named(self.family)
        require(self.mode in MODES, "mode", self.mode, "'and_or', 'and', 'or' or 'or_and'")
        for name, most in (("tables", MAX_TABLES), ("functions", MAX_FUNCTIONS)):
            value = getattr(self, name)
            require(is_whole(value) and 1 <= value <= most, name, value, f"a whole number from 1 to {most:,}")
        require(self.width is None or 0 < self.width < np.inf, "width", self.width, "None or a finite number above 0")
        probes, unknown = self.multi_probe, f"0 with family {self.family!r}, of which no neighboring bucket is known"
        require(is_whole(probes) and 0 <= probes <= 256, "multi_probe", probes, "a whole number from 0 to 256")
        require(probes == 0 or self.mode != "or_and", "multi_probe", probes, "0 with mode 'or_and'")
        require(probes == 0 or family.probes, "multi_probe", probes, unknown)
        require(is_whole(self.seed) and 0 <= self.seed < 2**32, "seed", self.seed, "a whole number from 0 to 2^32 − 1")

    @property
    def shape(self) -> tuple[int, int]:
        """(tables, functions a table) that the mode uses."""
        return 1 if self.mode == "and" else self.tables, 1 if self.mode == "or" else self.functions


class LSHAnswer(NamedTuple):
    """What a search found and what it cost.

    Attributes:
        ids: int32 (q, k), best first, −1 where fewer than k candidates were found.
        values: float32 (q, k), exact distances; NaN there.
        candidates: int64 (q,), rows compared with each query.
        buckets: int64 (q,), buckets looked up.
    """

    ids: Int32Array
    values: Float32Array
    candidates: Int64Array
    buckets: Int64Array


class LSHIndex:
    """Hash tables over vectors; the candidates that a query's buckets hold are ranked by their exact distance.

    A vector at distance c is a candidate with probability 1 − (1 − p(c)^K)^L under ``"and_or"``; see
    :func:`~recemb_core.neighbors.lsh.theory.collision_probability` for p and
    :func:`~recemb_core.neighbors.lsh.theory.amplified_probability` for the other modes. Values are Euclidean
    distances, of a family that goes by angles (``"hyperplane"``) the cosine distance 1 − cos. An index that is not
    being changed may be queried from several threads, and answers alike on any number of them.

    Args:
        config: see :class:`LSHConfig`.
        threads: for building and querying; None for all processors.

    Raises:
        ValueError: vectors or queries of the wrong shape or not finite, a query before anything is built.

    References:
        Datar et al. (2004), Charikar (2002), and Lv et al., *Multi-probe LSH* (VLDB 2007).

    >>> rows = np.random.default_rng(0).normal(size=(1_000, 8)).astype(np.float32)
    >>> index = LSHIndex(LSHConfig(tables=8, functions=4)).build(rows)
    >>> ids, distances = index.query(rows[:2], k=3)
    >>> ids[:, 0].tolist(), distances[:, 0].tolist()
    ([0, 1], [0.0, 0.0])
    """

    measure: Literal["distance", "similarity"] = "distance"

    def __init__(self, config: LSHConfig | None = None, *, threads: int | None = None) -> None:
        self.config = config or LSHConfig()
        self.threads = threads
        self.width: float | None = None
        self.hashing: HashFunctions | None = None
        self._vectors = np.empty((0, 0), dtype=np.float32)
        self._alive = np.empty(0, dtype=bool)
        self._keys = np.empty((0, 0), dtype=np.uint64)
        self._multipliers = np.empty(0, dtype=np.uint64)
        self._tables: Any = None

    # --- what is in it ---

    @property
    def family(self) -> HashFamily:
        """The family of its hash functions."""
        return family_named(self.config.family)

    def __len__(self) -> int:
        """Vectors that can be found: added and not removed."""
        return int(self._alive.sum())

    @property
    def ids(self) -> Int32Array:
        """Ids that can be found, ascending."""
        return np.flatnonzero(self._alive).astype(np.int32)

    @property
    def vectors(self) -> Float32Array:
        """The row of every id ever given, removed ones too, float32; of length 1 for angles. Not to be changed."""
        return self._vectors

    @property
    def memory_bytes(self) -> int:
        """Tables, keys and vectors."""
        if self.hashing is None:
            return 0
        own = (self._vectors, self._alive, self._keys, self.hashing.directions, self.hashing.offsets)
        return sum(a.nbytes for a in (*own, *self._tables[:4]))

    def bucket_sizes(self) -> list[Int64Array]:
        """Sizes of the buckets of each hash table, in no particular order (of each function with ``"or_and"``)."""
        self._built()
        sizes = np.diff(self._tables.starts)
        ends = self._tables.slots[:, -1]
        return [sizes[first:last] for first, last in zip(np.append(0, ends[:-1]), ends, strict=True)]

    # --- building ---

    def build(self, vectors: Float32Array) -> LSHIndex:
        """Index the rows of (n, d) under the ids 0 … n − 1, replacing what was there; returns itself."""
        rows = checked_vectors(vectors, None)
        if rows.shape[1] < 1:
            raise UsageError(f"vectors must have at least one dimension, not shape {rows.shape}")
        config = self.config
        tables, functions = config.shape
        width = width_in_use(rows, config.family, config.width, seed=config.seed)
        hashing = draw_functions(
            rows.shape[1], family=config.family, tables=tables, functions=functions, width=width, seed=config.seed
        )
        self._take(hashing)
        self._vectors = np.empty((0, rows.shape[1]), dtype=np.float32)
        self._alive = np.empty(0, dtype=bool)
        self._keys = np.empty((self._groups[0], 0), dtype=np.uint64)
        self.add(rows)
        return self

    def add(self, vectors: Float32Array) -> Int32Array:
        """Index more rows with the same functions and width; returns their ids, which follow those given before.

        Only the new rows are hashed, but all tables are put in order again: many at a time cost little more than one.
        """
        hashing = self._built()
        rows = self.family.distance.space(checked_vectors(vectors, self._vectors.shape[1]))
        keys = self._hash(hashing, rows)
        first = len(self._vectors)
        # An index that was just built on these rows keeps them and no copy of its own.
        self._vectors = np.concatenate([self._vectors, rows]) if first else rows.copy()
        self._keys = np.concatenate([self._keys, keys], axis=1) if first else keys
        self._alive = np.concatenate([self._alive, np.ones(len(rows), dtype=bool)])
        self._sort()
        return np.arange(first, first + len(rows), dtype=np.int32)

    def remove(self, ids: npt.ArrayLike) -> None:
        """Take rows out by id; the others keep theirs, and no id is given again.

        Raises:
            ValueError: an id that is not in the index.
        """
        self._built()
        gone = np.atleast_1d(np.asarray(ids))
        if gone.size and not np.issubdtype(gone.dtype, np.integer):
            raise UsageError(f"ids must be whole numbers, not {gone.dtype}")
        gone = gone.astype(np.int64)
        known = (gone >= 0) & (gone < len(self._alive))
        known[known] = self._alive[gone[known]]
        if not known.all():
            raise UsageError(f"ids must be in the index, and {int(gone[~known][0])} is not")
        self._alive[gone] = False
        self._sort()

    # --- searching ---

    def query(self, queries: Float32Array, k: int) -> tuple[Int32Array, Float32Array]:
        """(ids (q, k), distances (q, k)), best first, equal distances by id; −1 and NaN where fewer were candidates."""
        answer = self.search(queries, k)
        return answer.ids, answer.values

    def search(self, queries: Float32Array, k: int) -> LSHAnswer:
        """:meth:`query`, with what it cost."""
        from recemb_core.neighbors.lsh.search_kernel import search_block

        require(is_whole(k) and k >= 1, "k", k, "a whole number, at least 1")
        wanted, buckets, looked_up = self._buckets(queries)
        n = len(wanted)
        ids, values = np.empty((n, k), dtype=np.int32), np.empty((n, k), dtype=np.float32)
        counts = np.empty(n, dtype=np.int64)
        cosine = self.family.distance.is_angle
        share_out(
            lambda first, last: search_block(
                self._tables, buckets, self._groups[1], self._vectors, wanted, cosine, ids, values, counts, first, last
            ),
            n,
            self.threads,
        )
        return LSHAnswer(ids, values, counts, looked_up)

    def candidates(self, queries: Float32Array) -> tuple[Int64Array, Int32Array]:
        """What a query would be compared with: (indptr (q + 1,), ids), ids[indptr[i]:indptr[i + 1]] ascending."""
        from recemb_core.neighbors.lsh.search_kernel import count_candidates, fill_candidates

        wanted, buckets, _ = self._buckets(queries)
        n, rows, group = len(wanted), len(self._vectors), self._groups[1]
        indptr = np.zeros(n + 1, dtype=np.int64)
        counts = indptr[1:]
        share_out(lambda a, b: count_candidates(self._tables, buckets, group, rows, counts, a, b), n, self.threads)
        np.cumsum(counts, out=counts)
        ids = np.empty(indptr[-1], dtype=np.int32)
        share_out(lambda a, b: fill_candidates(self._tables, buckets, group, rows, indptr, ids, a, b), n, self.threads)
        return indptr, ids

    def table_candidates(self, query: Float32Array) -> list[Int32Array]:
        """Candidates of each table alone for one query (1, d) or (d,), ascending; with ``"or_and"`` of any function."""
        _, buckets, _ = self._buckets(np.atleast_2d(query))
        tables = self._tables
        each = self.config.shape[1] if self.config.mode == "or_and" else 1
        grouped = buckets[0].reshape(len(buckets[0]) // each, -1)
        parts = [[tables.ids[tables.starts[b] : tables.starts[b + 1]] for b in row if b >= 0] for row in grouped]
        return [np.unique(np.concatenate([np.empty(0, dtype=np.int32), *part])) for part in parts]

    # --- files ---

    def save(self, target: File) -> None:
        """Write a ``.npz`` without pickle, functions included; :meth:`load` reads it back and answers alike."""
        hashing = self._built()
        meta = to_json({"config": dataclasses.asdict(self.config), "width": self.width})
        arrays = {"vectors": self._vectors, "alive": self._alive, "keys": self._keys, "meta": meta}
        save_arrays(target, arrays | {"directions": hashing.directions, "offsets": hashing.offsets})

    @classmethod
    def load(cls, source: File, *, threads: int | None = None) -> LSHIndex:
        """Read what :meth:`save` wrote; never unpickles.

        Raises:
            ValueError: a file of something else.
        """
        file = load_arrays(source)
        try:
            meta = from_json(file["meta"])
            index = cls(LSHConfig(**meta["config"]), threads=threads)
            index._take(HashFunctions(index.config.family, file["directions"], file["offsets"], meta["width"]))
            index._vectors, index._alive, index._keys = file["vectors"], file["alive"], file["keys"]
        except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise UsageError("source must be a file written by LSHIndex.save") from error
        index._sort()
        return index

    # --- inside ---

    @property
    def _groups(self) -> tuple[int, int]:
        """(number of hash tables kept, how many of them any of is enough): all, with ``"or_and"`` one table's."""
        tables, functions = self.config.shape
        return (tables * functions, functions) if self.config.mode == "or_and" else (tables, tables)

    def _built(self) -> HashFunctions:
        if self.hashing is None:
            raise UsageError("build(vectors) must come before anything else")
        return self.hashing

    def _take(self, hashing: HashFunctions) -> None:
        self.hashing, self.width = hashing, hashing.width
        functions = 1 if self.config.mode == "or_and" else self.config.shape[1]
        # Odd, so that no bucket number is lost; fixed, so that keys in files stay good.
        self._multipliers = np.random.PCG64(2004).random_raw(MAX_FUNCTIONS)[:functions] | np.uint64(1)

    def _positions(self, hashing: HashFunctions, rows: Float32Array) -> Float64Array:
        """(n, hash tables, functions of each): with ``"or_and"`` every function is a hash table of its own."""
        positions = hashing.positions(rows)
        return positions.reshape(len(rows), self._groups[0], -1) if len(rows) else np.empty((0, self._groups[0], 1))

    def _hash(self, hashing: HashFunctions, rows: Float32Array) -> UInt64Array:
        from recemb_core.neighbors.lsh.table_kernel import fill_keys

        keys = np.empty((self._groups[0], len(rows)), dtype=np.uint64)
        for first in range(0, len(rows), _BLOCK):
            positions = self._positions(hashing, rows[first : first + _BLOCK])
            share_out(
                lambda a, b, p=positions, start=first: fill_keys(  # type: ignore[misc]
                    p[a:b], hashing.by_sign, self._multipliers, keys, start + a
                ),
                len(positions),
                self.threads,
                least=512,
            )
        return keys

    def _sort(self) -> None:
        from recemb_core.neighbors.lsh.table_kernel import BucketTables, sort_table

        rows = self.ids
        n, tables = len(rows), self._groups[0]
        bits = int(np.clip(max(n - 1, 1).bit_length(), 1, 24))
        ids = np.empty((tables, n), dtype=np.int32)
        keys, sizes = np.empty((tables, n), dtype=np.uint64), np.empty((tables, n), dtype=np.int64)
        slots = np.zeros((tables, (1 << bits) + 1), dtype=np.int64)
        found = np.zeros(tables, dtype=np.int64)

        def work(first: int, last: int) -> None:
            for t in range(first, last):
                found[t] = sort_table(self._keys[t], rows, bits, ids[t], keys[t], sizes[t], slots[t, 1:])

        share_out(work, tables, self.threads, least=1 if tables * n > 20_000 else tables)
        before = np.append(0, np.cumsum(found)[:-1])
        np.cumsum(slots, axis=1, out=slots)
        slots += before[:, None]
        flat_sizes = np.concatenate([s[:f] for s, f in zip(sizes, found, strict=True)])
        starts = np.append(0, np.cumsum(flat_sizes)).astype(np.int64)
        flat_keys = np.concatenate([k[:f] for k, f in zip(keys, found, strict=True)])
        self._tables = BucketTables(ids.reshape(-1), starts, flat_keys, slots, np.uint64(64 - bits))

    def _buckets(self, queries: Float32Array) -> tuple[Float32Array, Int64Array, Int64Array]:
        """(queries as compared, bucket numbers (q, hash tables, probes), lookups (q,))."""
        from recemb_core.neighbors.lsh.probe_kernel import probe_keys
        from recemb_core.neighbors.lsh.table_kernel import find_buckets

        hashing = self._built()
        wanted = self.family.distance.space(checked_vectors(queries, self._vectors.shape[1], "queries"))
        shape = len(wanted), self._groups[0], 1 + self.config.multi_probe
        keys, probed = np.empty(shape, dtype=np.uint64), np.zeros(shape[:2], dtype=np.int64)
        buckets = np.empty(shape, dtype=np.int64)
        positions = self._positions(hashing, wanted)

        def work(first: int, last: int) -> None:
            probe_keys(positions, hashing.by_sign, self._multipliers, keys, probed, first, last)
            find_buckets(self._tables, keys, probed, buckets, first, last)

        share_out(work, len(wanted), self.threads, least=64)
        return wanted, buckets, probed.sum(axis=1)
