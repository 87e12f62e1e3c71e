"""Where vectors come from: data, reading, config, versions; kept beside them in their file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from recemb_core.array_files import from_json, to_json
from recemb_core.embeddings.item_vectors import ItemVectors
from recemb_core.embeddings.registry import MODELS, training_fingerprint
from recemb_core.result_files import plain
from recemb_core.versions import installed, versions_of

if TYPE_CHECKING:
    from recemb_core.prepared import Prepared

_NAME = "origin"  # of its array in the file


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What made some vectors; nothing of it depends on the day or the machine but the packages.

    Attributes:
        data: name of the data set or file.
        fingerprint: hash of behavior or graph and item details.
        trained_on: hash of all that the model saw of it.
        counts: items, events, sequences, … of the data.
        model: name of the model, "" of vectors made elsewhere.
        config: its settings in clear, the seed among them.
        versions: algorithm → version of its arithmetic.
        packages: package → version.
        session: text of the ``session.toml`` that trains them again, or "".
        notes: what else a reader of them has to know, one sentence each.
    """

    data: str
    fingerprint: str = ""
    trained_on: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    model: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=installed)
    session: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Any, prepared: Prepared, session: str = "") -> Origin:
        """Of a model trained on prepared data."""
        needs = next((spec.needs for spec in MODELS.values() if spec.owns(config)), ())
        graph = prepared.graph if "graph" in needs else None
        trained_on = training_fingerprint(
            config, sequences=prepared.sequences, graph=graph, side_info=prepared.side_info
        )
        edges = {} if graph is None else {"edges walked": graph.num_edges}
        return cls.trained(
            config, prepared.name, prepared.fingerprint, trained_on, {**prepared.counts, **edges}, session
        )

    @classmethod
    def trained(
        cls,
        config: Any,
        data: str,
        fingerprint: str,
        trained_on: str,
        counts: Mapping[str, int],
        session: str = "",
        notes: tuple[str, ...] = (),
    ) -> Origin:
        """The same where the hashes are known."""
        model = next((spec.name for spec in MODELS.values() if spec.owns(config)), "")
        settings = plain(config) if model else {}
        return cls(
            data=data,
            fingerprint=fingerprint,
            trained_on=trained_on,
            counts=dict(counts),
            model=model,
            config=settings,
            versions=versions_of("vectors", config) if model else {},
            session=session,
            notes=notes,
        )


def save_with_origin(target: str | os.PathLike[str], vectors: ItemVectors, origin: Origin) -> None:
    """Write vectors as :meth:`ItemVectors.save` does, with their origin beside them; ``ItemVectors.load`` reads both.

    >>> import tempfile
    >>> from recemb_core.vocabulary import Vocabulary
    >>> path = tempfile.mkdtemp() + "/vectors.npz"
    >>> save_with_origin(path, ItemVectors(Vocabulary("ab"), np.eye(2, dtype=np.float32)), Origin(data="two"))
    >>> load_origin(path).data, len(ItemVectors.load(path))
    ('two', 2)
    """
    with open(target, "wb") as file:
        arrays: dict[str, Any] = {**vectors.to_arrays(), _NAME: to_json(asdict(origin))}
        np.savez_compressed(file, **arrays)


def load_origin(source: str | os.PathLike[str] | IO[bytes]) -> Origin | None:
    """The origin in a file of vectors; None where it has none, or one of another version."""
    with np.load(source, allow_pickle=False) as file:
        if _NAME not in file:
            return None
        told = from_json(file[_NAME])
    known = Origin.__dataclass_fields__
    if not isinstance(told, dict) or not told.keys() <= known.keys() or "data" not in told:
        return None
    return Origin(**{**told, "notes": tuple(told.get("notes", ()))})
