"""The card of a bundle: what is in it, where it comes from, how to use it, how good it was measured to be."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recemb_core.foreign_text import inert

if TYPE_CHECKING:
    from recemb_core.bundles.origin import Origin
    from recemb_core.embeddings.item_vectors import ItemVectors, Score

SCORE_WORDS = {
    "cosine": "cosine of two items' vectors",
    "in_out": "inner product of the asked item's input vector and the other's output vector",
}
_FILES = {
    "vectors.npy": "float32 (items, dimensions), a row an item in the order of ids.json",
    "ids.json": "the items' ids",
    "named.npy": "int32: which row each place of the indexes is",
    "flat.faiss": "exact index",
    "hnsw.faiss": "approximate index (a navigable small-world graph)",
    "config.json": "what this card says, for programs",
    "session.toml": "trains the same vectors again: recemb train --session session.toml",
    "load.py": "the loader; numpy and faiss-cpu alone",
}


@dataclass(frozen=True, kw_only=True)
class MeasuredScore:
    """One measured number with its interval of 95%.

    Attributes:
        name: e.g. ``"HR@10"``.
        value, low, high: of it.
        sample: of what, and how many.
        words: what it means, one sentence.
    """

    name: str
    value: float
    low: float
    high: float
    sample: str
    words: str = ""


def card(
    vectors: ItemVectors,
    origin: Origin,
    score: Score,
    min_count: int,
    named: int,
    scores: Sequence[MeasuredScore],
    files: Mapping[str, bytes],
) -> str:
    """The card as Markdown."""
    n, d = vectors.vectors.shape
    model = origin.model or "a model made elsewhere"
    asked = shlex.quote(next((item for item in vectors.items if item.isprintable() and item), "ITEM"))
    least = f" Items seen less than {min_count:,} times are not named: {named:,} of {n:,} are." if min_count else ""
    of_model = [one for one in scores if not one.name.startswith("HNSW")]
    lines = [
        f"# {n:,} item vectors: {_code(model)} on {_code(origin.data)}",
        "",
        f"{n:,} items, {d} numbers each. A neighbor's score is the {SCORE_WORDS[score]}.{least}",
        "",
        "## Use",
        "",
        "```sh",
        "pip install numpy faiss-cpu",
        f"python load.py {asked} 10",
        "```",
        "",
        "```python",
        "from load import Bundle",
        "",
        f"Bundle().nearest({_literal(vectors)}, k=10)                # exact",
        f'Bundle(index="hnsw").nearest({_literal(vectors)}, k=10)    # approximate',
        "```",
        "",
        "## How good",
        "",
        *(_table(("what", "value", "95% interval", "of what"), [_row(one) for one in scores])),
        "",
        *(f"{one.name}: {one.words}" for one in scores if one.words),
        *([] if of_model else ["", "No score of the model itself was measured with this bundle."]),
        "",
        "## Where it comes from",
        "",
        *_table(("data", ""), [("name", _code(origin.data)), *_facts(origin)]),
        "",
        *(
            [*_table(("setting", "value"), [(k, _code(v)) for k, v in origin.config.items()]), ""]
            if origin.config
            else []
        ),
        *_table(
            ("made by", "version"),
            [(f"algorithm {k}", str(v)) for k, v in origin.versions.items()]
            + [(k, _code(v)) for k, v in origin.packages.items()],
        ),
        *(["", *(inert(note, 2_000) for note in origin.notes)] if origin.notes else []),
        "",
        "## Files",
        "",
        *_table(
            ("file", "bytes", "BLAKE2b (12 bytes)", "what"),
            [(name, f"{len(data):,}", _digest(data), _FILES.get(name, "")) for name, data in files.items()],
        ),
        "",
        "The vectors know these items only, and mean nothing beside vectors of another training.",
        "",
    ]
    return "\n".join(lines)


def _facts(origin: Origin) -> list[tuple[str, str]]:
    facts = [("fingerprint", origin.fingerprint), ("fingerprint of what the model saw", origin.trained_on)]
    return [(name, value) for name, value in facts if value] + [(name, f"{n:,}") for name, n in origin.counts.items()]


def _row(one: MeasuredScore) -> tuple[str, ...]:
    return one.name, f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}", one.sample


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


def _code(value: Any) -> str:
    """Foreign text inside a table: neither a mark of Markdown nor the end of a cell."""
    return "`" + inert(value).replace("`", "'").replace("|", "¦") + "`"


def _literal(vectors: ItemVectors) -> str:
    return repr(next((item for item in vectors.items if item.isprintable() and item), "ITEM"))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()
