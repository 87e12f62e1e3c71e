"""Vectors made elsewhere, and the same in the order of some data's items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from recemb_core.arrays import AnyArray, BoolArray, Float32Array, Int32Array, IntegerArray, NumberArray
from recemb_core.embeddings.exporting import word2vec_names
from recemb_core.embeddings.item_vectors import ItemVectors, Score
from recemb_core.readers.errors import InputError, counted, shortened, were
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class BroughtConfig:
    """What stands in place of a config: which file the vectors were read from, and what of it the data has.

    Attributes:
        name: of the file.
        digest: of its content.
        form: what kind of file, in words.
        dimensions: numbers in a vector.
        rows: vectors in the file.
        ids_name: of the file of ids beside it, or "".
        data: items of the data that have one, or None before they were looked for.
        private: what is made of them belongs to whoever brought them, and is kept for nobody else.
    """

    private: ClassVar[bool] = True
    name: str
    digest: str
    form: str
    dimensions: int
    rows: int
    ids_name: str = ""
    data: int | None = None


@dataclass(frozen=True, eq=False)
class BroughtVectors(ItemVectors):
    """Vectors of some of the items: the others have a row of zeros, are never named and have no list.

    Attributes:
        known: bool (n,), the items that have a vector.
    """

    known: BoolArray = field(default_factory=lambda: np.empty(0, bool))

    def candidates(self, min_count: int = 0, counts: NumberArray | None = None) -> BoolArray:
        """See :meth:`ItemVectors.candidates`; items without a vector are none."""
        return super().candidates(min_count, counts) & self.known

    def most_similar(
        self,
        item: object,
        k: int = 10,
        score: Score = "cosine",
        *,
        min_count: int = 0,
        counts: NumberArray | None = None,
    ) -> list[tuple[str, float]]:
        """See :meth:`ItemVectors.most_similar`.

        Raises:
            UsageError: the item has no vector.
        """
        if not self.known[self.items.row(item)]:
            raise UsageError(f"item {str(item)!r} has no vector in {self.config.name}; ask for one that has")
        return super().most_similar(item, k, score, min_count=min_count, counts=counts)

    def nearest(
        self,
        k: int = 10,
        score: Score = "cosine",
        min_count: int = 0,
        *,
        counts: NumberArray | None = None,
        rows: IntegerArray | None = None,
        approximate: bool = False,
    ) -> tuple[Int32Array, Float32Array]:
        """See :meth:`ItemVectors.nearest`; an item without a vector has the list −1, −1, …"""
        ids, values = super().nearest(k, score, min_count, counts=counts, rows=rows, approximate=approximate)
        asked = self.known if rows is None else self.known[np.asarray(rows)]
        return np.where(asked[:, None], ids, -1), np.where(asked[:, None], values, np.nan).astype(np.float32)

    def own(self) -> ItemVectors:
        """The items that have a vector, alone."""
        at = np.flatnonzero(self.known)
        items = Vocabulary(self.items[int(row)] for row in at)
        counts = None if self.counts is None else self.counts[at]
        outputs = None if self.output_vectors is None else self.output_vectors[at]
        return ItemVectors(items, self.vectors[at], outputs, counts, config=self.config)

    def _parts(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        return self.own()._parts()


@dataclass(frozen=True, eq=False)
class Brought:
    """What a file of vectors holds.

    Attributes:
        config: which file.
        ids: of the rows, all different.
        vectors: float32 (n, d), all finite.
        output_vectors: float32 (n, d) where the file has them, or None.
        notes: what the reading decided, one sentence each.
    """

    config: BroughtConfig
    ids: tuple[str, ...]
    vectors: Float32Array
    output_vectors: Float32Array | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of_kept(cls, config: BroughtConfig, vectors: ItemVectors) -> Brought:
        """What a store of runs has of a file, as if the file had come again."""
        own = replace(config, data=None)
        return cls(own, tuple(vectors.items.ids), vectors.vectors, vectors.output_vectors)

    def __len__(self) -> int:
        return len(self.ids)

    def as_item_vectors(self) -> ItemVectors:
        """The vectors by the file's own ids."""
        return ItemVectors(Vocabulary(self.ids), self.vectors, self.output_vectors, config=self.config)

    def aligned(self, items: Vocabulary, counts: NumberArray | None = None) -> tuple[BroughtVectors, tuple[str, ...]]:
        """The vectors in the order of some data's items, and what there is to be said about ids.

        An id is looked for as it stands; where no item has it, as word2vec's formats write items (blanks as ``_``).

        Args:
            items: of the data.
            counts: events of its items, for lists that leave out the rare.

        Raises:
            InputError: the file has a vector of none of the items.

        >>> config = BroughtConfig(name="v.txt", digest="", form="word2vec text", dimensions=1, rows=2)
        >>> brought = Brought(config, ("green_tea", "pot"), np.ones((2, 1), np.float32))
        >>> vectors, said = brought.aligned(Vocabulary(["green tea", "milk"]))
        >>> vectors.known.tolist()
        [True, False]
        >>> print(*said, sep="\\n")
        1 of the data's 2 items has a vector in v.txt; 1 has none ('milk') and is in no list of it.
        1 of the file's 2 ids is no item of the data and not used ('pot').
        1 id was found as word2vec's formats write them, with _ for blanks: 'green_tea' for 'green tea'.
        """
        row = {item: at for at, item in enumerate(self.ids)}
        place = np.array([row.get(item, -1) for item in items.ids], np.int64)
        renamed: list[tuple[str, str]] = []
        if (place < 0).any():
            taken = set(place[place >= 0].tolist())
            for at, (item, name) in enumerate(zip(items.ids, word2vec_names(items.ids), strict=True)):
                if place[at] < 0 and name != item and name in row and row[name] not in taken:
                    place[at] = row[name]
                    renamed.append((name, item))
        known = place >= 0
        if not known.any():
            raise InputError(
                f"none of the {len(self):,} ids of {self.config.name!r} ({_some(self.ids)}) is an item of this data "
                f"({_some(items.ids)}); bring vectors of the same items under the same ids"
            )
        config = BroughtConfig(**{**vars(self.config), "data": int(known.sum())})
        outputs = None if self.output_vectors is None else self._rows(self.output_vectors, place)
        whole = None if counts is None else np.asarray(counts).astype(np.int64)
        vectors = BroughtVectors(
            items, self._rows(self.vectors, place), outputs, whole, config=config, known=np.asarray(known)
        )
        return vectors, self._said(items, known, place, renamed)

    @staticmethod
    def _rows(array: Float32Array, place: AnyArray) -> Float32Array:
        found = np.zeros((len(place), array.shape[1]), np.float32)
        found[place >= 0] = array[place[place >= 0]]
        return found

    def _said(
        self, items: Vocabulary, known: BoolArray, place: AnyArray, renamed: Sequence[tuple[str, str]]
    ) -> tuple[str, ...]:
        have, lack, name = int(known.sum()), int((~known).sum()), self.config.name
        first = f"{have:,} of the data's {len(items):,} items {_has(have)} a vector in {name}"
        if lack:
            which = _some([items[int(at)] for at in np.flatnonzero(~known)[:_EXAMPLES]], lack)
            first += f"; {lack:,} {_has(lack)} none ({which}) and {'is' if lack == 1 else 'are'} in no list of it"
        said = [f"{first}."]
        used = set(place[place >= 0].tolist())
        if left := [item for at, item in enumerate(self.ids) if at not in used]:
            are = "is no item" if len(left) == 1 else "are no items"
            said.append(
                f"{len(left):,} of the file's {len(self):,} ids {are} of the data and not used ({_some(left)})."
            )
        if renamed:
            found, item = renamed[0]
            said.append(
                f"{counted(len(renamed), 'id')} {were(len(renamed))} found as word2vec's formats write them, with _ "
                f"for blanks: {shortened(found)!r} for {shortened(item)!r}."
            )
        return tuple(said)


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _some(ids: Sequence[str], count: int | None = None) -> str:
    more = len(ids) if count is None else count
    shown = ", ".join(repr(shortened(item, 40)) for item in ids[:_EXAMPLES])
    return shown + (", …" if more > _EXAMPLES else "")
