"""Vectors that this session brought: read apart from the server, kept for the session alone, shown beside models."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePath

import streamlit as st

from pages.kit import results
from pages.kit.session import ActiveData
from pages.kit.uploads.apart import read_apart
from recemb_core.brought import Brought, BroughtConfig, BroughtVectors, read_vectors
from recemb_core.brought.reading import needs_ids
from recemb_core.embeddings.registry import MODELS
from recemb_core.foreign_text import inert
from recemb_core.readers import InputError

MOST = 4  # at a time
_NAME = 24  # characters above a column


@dataclass(frozen=True)
class File:
    """A file as it came."""

    name: str
    data: bytes


@dataclass(frozen=True, eq=False)
class Fitted:
    """Brought vectors among the items of the data in use.

    Attributes:
        label: above the column.
        config: which file; with how many items of this data it has.
        vectors: in the order of the data's items; None where no item has one.
        said: sentences about it, or why there are no vectors.
    """

    label: str
    config: BroughtConfig
    vectors: BroughtVectors | None
    said: tuple[str, ...]


def bring(files: list[File]) -> list[str]:
    """Read files, a pair where one needs the ids of another, and keep them; sentences about what could not be."""
    said = []
    for file, ids in _pairs(files):
        try:
            said += _keep(file, ids)
        except InputError as error:
            words = str(error)
            said.append(f"{words[:1].upper()}{words[1:]}.")
    return said


def put(found: Brought) -> None:
    """Vectors that were kept are here again, as if their file had come.

    Raises:
        InputError: as many are here as can be.
    """
    digest = found.config.digest
    if digest in _names():
        return
    if len(_names()) >= MOST:
        raise InputError(f"{MOST} files of vectors are here already; remove one on the Neighbors page first")
    _names()[digest] = found.config.name
    results.session_results().put(("brought", digest), found)


def _pairs(files: list[File]) -> list[tuple[File, File | None]]:
    bare = [file for file in files if needs_ids(file.data)]
    others = [file for file in files if file not in bare]
    if len(bare) == 1 and len(others) == 1:
        return [(bare[0], others[0])]
    return [(file, None) for file in files]


def _keep(file: File, ids: File | None) -> list[str]:
    digest = hashlib.blake2b(file.data + b"\0" + (b"" if ids is None else ids.data), digest_size=12).hexdigest()
    if digest in _names():
        return []
    if len(_names()) >= MOST:
        return [f"{file.name} was not taken: {MOST} files of vectors are here already; remove one."]
    found: Brought = read_apart(
        file.name,
        read_vectors,
        file.data,
        None if ids is None else ids.data,
        name=file.name,
        ids_name=None if ids is None else ids.name,
        remember=("vectors", digest),
    )
    _names()[found.config.digest] = found.config.name
    results.session_results().put(("brought", found.config.digest), found)
    return []


def _names() -> dict[str, str]:
    """Digest → name of the files that are here."""
    found: dict[str, str] = st.session_state.setdefault("_brought", {})
    return found


def remove(digest: str) -> None:
    """Forget a file of vectors, and what was made of it for any data."""
    _names().pop(digest, None)
    results.session_results().drop(("brought", digest))


def every(data: ActiveData) -> list[Fitted]:
    """What this session brought, in the order of this data's items; what had to give way is forgotten, and said."""
    found = []
    for digest, name in list(_names().items()):
        brought: Brought | None = results.session_results().get(("brought", digest))
        if brought is None:
            remove(digest)
            st.toast(f"{inert(name)} was let go, for this session needed the room; bring it again to go on with it.")
            continue
        found.append(_fitted(data, brought))
    return found


def _fitted(data: ActiveData, brought: Brought) -> Fitted:
    def make() -> Fitted:
        label = _label(brought.config)
        try:
            vectors, said = brought.aligned(data.items)
        except InputError as error:
            return Fitted(label, brought.config, None, (f"{error}.",))
        return Fitted(label, vectors.config, vectors, (*brought.notes, *said))

    return results.remember(data, ("fitted", data.fingerprint, brought.config, _label(brought.config)), make)


def _label(config: BroughtConfig) -> str:
    """The file's name without its ending; a part of its hash where another column is called so."""
    stem = inert(PurePath(config.name).stem, _NAME) or "vectors"
    twins = [name for name in _names().values() if inert(PurePath(name).stem, _NAME) == stem]
    taken = stem in MODELS or len(twins) > 1
    return f"{stem} ({config.digest[:4]})" if taken else stem


def vectors_of(data: ActiveData, config: BroughtConfig) -> BroughtVectors:
    """The vectors of a config that :func:`every` gave."""
    brought: Brought | None = results.session_results().get(("brought", config.digest))
    fitted = None if brought is None else _fitted(data, brought)
    if fitted is None or fitted.vectors is None:
        raise InputError(f"{config.name} is not here any more; bring it again")
    return fitted.vectors
