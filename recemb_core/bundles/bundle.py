"""Vectors for production: a folder or zip with ids, faiss indexes, a loader of its own, and a card that says all."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recemb_core.arrays import Int32Array, NumberArray
from recemb_core.bundles.card import MeasuredScore, card
from recemb_core.bundles.origin import Origin
from recemb_core.embeddings.exporting import zipped
from recemb_core.embeddings.item_vectors import ItemVectors, Score, rows_of
from recemb_core.evaluation.intervals import share_interval
from recemb_core.neighbors import ExactIndex, HNSWConfig, HNSWIndex
from recemb_core.neighbors.base import Metric, unit_rows, without_own
from recemb_core.validation import UsageError

LOADER = "load.py"
MOST_ASKED = 1_000  # queries by which the recall of HNSW is measured
CHECKED = 10  # neighbors of each


def bundle_files(
    vectors: ItemVectors,
    origin: Origin,
    *,
    score: Score = "cosine",
    min_count: int = 0,
    counts: NumberArray | None = None,
    scores: Sequence[MeasuredScore] = (),
) -> dict[str, bytes]:
    """Name → content of the files of a bundle; the same arguments give the same bytes.

    ``vectors.npy`` float32 (n, d), ``ids.json``, ``flat.faiss`` (exact) and ``hnsw.faiss`` (approximate, one thread),
    ``named.npy`` (which item stands at each place of the indexes), ``config.json``, ``session.toml`` where it is known,
    ``load.py`` and the card ``README.md``. The loader gives the lists of :meth:`ItemVectors.most_similar`.

    Args:
        vectors: n items.
        origin: where they come from.
        score, min_count, counts: what a neighbor is, as in :meth:`ItemVectors.most_similar`.
        scores: what was measured of these vectors, for the card.

    Raises:
        UsageError: no item may be named, or the score needs output vectors that are not there.
    """
    targets = vectors.targets_of(score)
    named = np.flatnonzero(vectors.candidates(min_count, counts)).astype(np.int32)
    if not len(named):
        raise UsageError("no item may be named as a neighbor: lower min_count")
    metric: Metric = "cosine" if score == "cosine" else "inner_product"
    rows = np.ascontiguousarray(targets[named], dtype=np.float32)
    flat = ExactIndex(metric).build(rows)
    how = HNSWConfig(metric=metric)
    hnsw = HNSWIndex(how, threads=1).build(rows)
    config = {
        "format": "recemb-bundle",
        "version": 1,
        "items": len(vectors),
        "dimensions": int(vectors.vectors.shape[1]),
        "score": score,
        "min_count": min_count,
        "hnsw": dataclasses.asdict(how),
        **{name: value for name, value in dataclasses.asdict(origin).items() if name != "session"},
    }
    files = {
        "vectors.npy": _npy(np.ascontiguousarray(rows_of(vectors), dtype=np.float32)),
        "ids.json": _json(list(vectors.items.ids)),
        "named.npy": _npy(named),
        "flat.faiss": flat.to_bytes(),
        "hnsw.faiss": hnsw.to_bytes(),
        "config.json": _json(config, indent=1),
        LOADER: (Path(__file__).parent / LOADER).read_bytes(),
    }
    if origin.session:
        files["session.toml"] = origin.session.encode()
    found = _hnsw_recall(vectors, flat, hnsw, named, metric)
    text = card(vectors, origin, score, min_count, len(named), [*scores, *found], files)
    return {"README.md": text.encode("utf-8", "replace"), **files}


def bundle_zip(
    vectors: ItemVectors,
    origin: Origin,
    *,
    score: Score = "cosine",
    min_count: int = 0,
    counts: NumberArray | None = None,
    scores: Sequence[MeasuredScore] = (),
) -> bytes:
    """:func:`bundle_files` in one zip."""
    return zipped(bundle_files(vectors, origin, score=score, min_count=min_count, counts=counts, scores=scores))


def save_bundle(files: dict[str, bytes], path: str | os.PathLike[str]) -> None:
    """Write a bundle's files into a zip where the name ends so, else into a folder, which must be new or empty.

    Raises:
        UsageError: the folder holds files already.
    """
    path = Path(path)
    if path.suffix == ".zip":
        path.write_bytes(zipped(files))
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} is there already and not an empty folder; give a new name")
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(content)


def _hnsw_recall(
    vectors: ItemVectors, flat: ExactIndex, hnsw: HNSWIndex, named: Int32Array, metric: Metric
) -> list[MeasuredScore]:
    """How much of the exact lists the approximate index finds, over a sample of the items."""
    n, k = len(vectors), min(CHECKED, len(named) - 1)
    if k < 1:
        return []
    rows = np.arange(n)
    if n > MOST_ASKED:
        rows = np.sort(np.random.default_rng(0).choice(n, MOST_ASKED, replace=False))
    place = np.full(n, -1)
    place[named] = np.arange(len(named))
    queries, own = vectors.vectors[rows], place[rows]
    _, true = without_own(*flat.query(queries, k + 1), own)
    ids, _ = without_own(*hnsw.query(queries, k + 1), own)
    # Counted by value, so that which of equally near items is found makes no difference.
    asked = unit_rows(queries) if metric == "cosine" else queries
    targets = unit_rows(vectors.vectors) if metric == "cosine" else vectors.targets_of("in_out")
    scores = np.einsum("qd,qkd->qk", asked, targets[named[np.maximum(ids, 0)]])
    worst = (1 - true[:, -1] if metric == "cosine" else true[:, -1])[:, None]
    hits = ((scores >= worst - 1e-5 * np.maximum(1.0, np.abs(worst))) & (ids >= 0)).mean(axis=1)
    about = share_interval(hits)
    return [
        MeasuredScore(
            name=f"HNSW recall@{k}",
            value=about.value,
            low=about.low,
            high=about.high,
            sample=f"{len(rows):,} of {n:,} items as queries" if len(rows) < n else f"all {n:,} items as queries",
            words="Share of the exact list that hnsw.faiss finds; no score of the model.",
        )
    ]


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _json(value: object, indent: int | None = None) -> bytes:
    return (json.dumps(value, indent=indent, default=lambda number: number.item()) + "\n").encode()
