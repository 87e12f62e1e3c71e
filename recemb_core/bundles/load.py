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

        self.config = json.loads((Path(folder) / "config.json").read_text("utf-8"))
        self.ids: list[str] = json.loads((Path(folder) / "ids.json").read_text("utf-8"))
        self.row = {item: row for row, item in enumerate(self.ids)}
        self.vectors = np.load(Path(folder) / "vectors.npy")
        if self.config["score"] == "cosine":  # the index holds vectors of length 1
            length = np.linalg.norm(self.vectors, axis=1, keepdims=True)
            self.vectors = self.vectors / np.where(length > 0, length, 1)
        self.named = np.load(Path(folder) / "named.npy")  # row of the item at each place of the index
        self.index = faiss.read_index(str(Path(folder) / f"{index}.faiss"))

    def nearest(self, item: str, k: int = 10) -> list[tuple[str, float]]:
        """The k best-scored other items."""
        row = self.row[item]
        values, at = self.index.search(self.vectors[[row]], k + 1)
        found = [(-value, self.named[place]) for value, place in zip(values[0], at[0], strict=True) if place >= 0]
        return [(self.ids[other], -float(value)) for value, other in sorted(found) if other != row][:k]


if __name__ == "__main__":
    bundle = Bundle(index=sys.argv[3] if len(sys.argv) > 3 else "flat")
    for name, score in bundle.nearest(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10):
        print(f"{score:.4f}  {name}")
