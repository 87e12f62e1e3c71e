"""Vectors made elsewhere as a row beside the models that are trained here."""

from __future__ import annotations

from recemb_core.brought import Brought, BroughtVectors
from recemb_core.experiments.leaderboard.cases import PartCases
from recemb_core.experiments.leaderboard.entries import Entry, Query, query_kinds
from recemb_core.experiments.leaderboard.measuring import Trained


def brought_query(cases: PartCases, vectors: BroughtVectors) -> Query:
    """The decayed history; in · out where the file has output vectors, else by cosine."""
    return query_kinds(cases.train, "cosine" if vectors.output_vectors is None else "in_out")["decayed"]


def brought_row(
    cases: PartCases, brought: Brought, name: str | None = None, query: Query | None = None
) -> tuple[Entry, Trained]:
    """(a row, its vectors) of a file of vectors, ready for :func:`measure_trained`.

    The file is taken as it is: there is one training and no seed, so its row says how good *these* vectors are, not how
    good another training of the same model would be. Two things cannot be known here: what the training cost (NaN), and
    whether it saw the part that is asked about, which would make the row too good. Items without a vector are in no
    list, and are misses; in a history they say nothing.

    Args:
        cases: see :func:`part_cases`.
        brought: what :func:`~recemb_core.brought.read_vectors` gave.
        name: of the row; by default that of the file.
        query: by default :func:`brought_query`.

    Raises:
        InputError: no item of the data has a vector.

    >>> from recemb_core.brought import read_vectors
    >>> from recemb_core.experiments.leaderboard import Protocol, measure_trained, part_cases
    >>> from recemb_core.sequences import Sequences
    >>> cases = part_cases(Sequences.from_lists([["a", "b", "c", "d"], ["b", "c", "d", "a"]]), Protocol(ks=(1,)))
    >>> row, vectors = brought_row(cases, read_vectors(b"2 2\\na 1 0\\nd 0 1\\n", name="mine.txt"))
    >>> run = measure_trained(cases, row, vectors)
    >>> row.name, run.seed, run.views["main"].hit_rate[1].value
    ('mine.txt', None, 0.25)
    """
    vectors, _ = brought.aligned(cases.train.items)
    entry = Entry(name=name or brought.config.name, config=vectors.config, query=query or brought_query(cases, vectors))
    return entry, Trained(vectors, float("nan"))
