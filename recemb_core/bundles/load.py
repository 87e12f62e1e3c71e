"""The nearest items by the vectors of this folder. It needs numpy and faiss (faiss-cpu), and nothing else.

python load.py ITEM [HOW_MANY [flat or hnsw]]
"""

import json
import sys
from pathlib import Path

import numpy as np


class Bundle:
    """``Bundle().nearest("an id", 10)`` gives [(id, score), …], best first; ``index="hnsw"`` searches approximately."""

    def __init__(self, folder: str | Path = Path(__file__).parent, index: str = "flat") -> None:
        import faiss

        self.config, self.ids = (json.loads((Path(folder) / f"{n}.json").read_text("utf-8")) for n in ("config", "ids"))
        x, self.named = (np.load(Path(folder) / f"{n}.npy") for n in ("vectors", "named"))
        # For cosine the index holds vectors of length 1.
        self.vectors = x / (np.linalg.norm(x, axis=1)[:, None].clip(1e-30) if self.config["score"] == "cosine" else 1)
        self.row, self.index = {item: r for r, item in enumerate(self.ids)}, faiss.read_index(f"{folder}/{index}.faiss")

    def nearest(self, item: str, k: int = 10) -> list[tuple[str, float]]:
        """The k best-scored other items; a KeyError of an unknown id."""
        values, at = self.index.search(self.vectors[[self.row[item]]], min(k + 1, self.index.ntotal))
        found = sorted((-value, self.named[place]) for value, place in zip(values[0], at[0]) if place >= 0)  # noqa: B905
        return [(self.ids[other], -float(value)) for value, other in found if other != self.row[item]][:k]


if __name__ == "__main__":
    asked = sys.argv[1:] + ["10", "flat"][max(0, len(sys.argv) - 2) :]
    bundle = Bundle(index=asked[2]) if asked[2:] in (["flat"], ["hnsw"]) and asked[1].isdecimal() else sys.exit(__doc__)
    known = asked[0] in bundle.row or sys.exit(f"{asked[0]!r} is none of the {len(bundle.ids):,} ids in ids.json")
    print(*(f"{score:.4f}  {name}" for name, score in bundle.nearest(asked[0], int(asked[1]))), sep="\n")
