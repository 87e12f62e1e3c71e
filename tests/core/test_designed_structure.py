"""Which model finds which structure of the designed shop: what was expected, written down before it was measured.

Structures, each as a figure that is 0 at chance:

- categories, roles: share of an item's 5 nearest (cosine of inputs) of its own group, less chance, over groups;
- substitutes: how often a variant's substitute is nearer (cosine of inputs) than a variant of another product of the
  same category, less 1/2;
- complements: how often v·v′ of a variant is larger with an accessory of its product than with one of another product
  of the same category, less 1/2;
- substitutes first by cosine: how often a substitute is nearer by cosine of inputs than an accessory, less 1/2;
- complements first by v·v′: how often v·v′ is larger with an accessory than with a substitute, less 1/2;
- cold items: share of the 5 nearest of an item that nobody has clicked that are of its true category, less chance.
"""

from __future__ import annotations

FINDS, CHANCE, AGAINST = 1, 0, -1  # above chance, at chance, below it

STRUCTURES = (
    "categories",
    "roles",
    "substitutes",
    "complements",
    "substitutes first by cosine",
    "complements first by v·v′",
    "cold items",
)

# Models as the app has them by default, role features beside them. None: the model has nothing to measure it by.
# Reasons: whoever learns from what occurs together finds categories and, by contexts alike, substitutes; two tables
# tell complements. Best-sellers follow each other across categories, so that roles show a little everywhere. Role
# features see numbers of edges, and nothing of who is joined to whom. Side information places cold items.
EXPECTED: dict[str, tuple[int | None, ...]] = {
    "word2vec": (FINDS, FINDS, FINDS, FINDS, FINDS, FINDS, None),
    "item2vec": (FINDS, FINDS, FINDS, FINDS, FINDS, FINDS, None),
    "DeepWalk": (FINDS, FINDS, FINDS, FINDS, FINDS, FINDS, None),
    "node2vec": (FINDS, FINDS, FINDS, FINDS, FINDS, FINDS, None),
    "GES": (FINDS, FINDS, FINDS, FINDS, FINDS, FINDS, FINDS),
    "EGES": (FINDS, FINDS, FINDS, FINDS, FINDS, FINDS, FINDS),
    "PPMI-SVD": (FINDS, FINDS, FINDS, FINDS, FINDS, FINDS, None),
    "role features": (CHANCE, FINDS, CHANCE, None, CHANCE, None, None),
}
# The same at noise 0, .2 and .5; at noise 1 every figure of every model is at chance.
NOISES = (0.0, 0.2, 0.5, 1.0)
# Attention can tell which of an item's fields speak: EGES over GES on categories, at noise 0 and .2.
ATTENTION_HELPS = ("categories",)


def test_the_table_is_whole() -> None:
    assert all(len(row) == len(STRUCTURES) for row in EXPECTED.values())
