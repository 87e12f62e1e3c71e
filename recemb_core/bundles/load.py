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
        self.row = {item: row for row, item in enumerate(self.ids)}
        self.vectors, self.named = (np.load(Path(folder) / f"{n}.npy") for n in ("vectors", "named"))
        if self.config["score"] == "cosine":  # the index holds vectors of length 1
            self.vectors = self.vectors / np.maximum(np.linalg.norm(self.vectors, axis=1, keepdims=True), 1e-30)
        self.index = faiss.read_index(str(Path(folder) / f"{index}.faiss"))

    def nearest(self, item: str, k: int = 10) -> list[tuple[str, float]]:
        """The k best-scored other items; a KeyError of an unknown id."""
        values, at = self.index.search(self.vectors[[self.row[item]]], k + 1)
        found = sorted((-value, self.named[place]) for value, place in zip(values[0], at[0]) if place >= 0)  # noqa: B905
        return [(self.ids[other], -float(value)) for value, other in found if other != self.row[item]][:k]


if __name__ == "__main__":
    item, k, index = [*sys.argv[1:], *["10", "flat"][len(sys.argv) - 2 :]] if sys.argv[1:] else sys.exit(__doc__)
    print(*(f"{score:.4f}  {name}" for name, score in Bundle(index=index).nearest(item, int(k))), sep="\n")
