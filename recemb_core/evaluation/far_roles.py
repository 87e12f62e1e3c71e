"""Are items of one role near each other although they are far apart in the graph?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from recemb_core.arrays import FloatArray
from recemb_core.auc import auc_of
from recemb_core.embeddings.item_vectors import ItemVectors, rows_of
from recemb_core.neighbors.base import unit_rows
from recemb_core.validation import UsageError


def far_roles_auc(
    vectors: ItemVectors | FloatArray,
    roles: npt.ArrayLike,
    sides: npt.ArrayLike,
    ends: tuple[object, object] = ("left", "right"),
    *,
    both_across: bool = False,
) -> float:
    """P(cosine of a same-role pair at opposite ends > cosine of a different-role pair), ties half; .5 is chance.

    Same-role pairs have one item at either of the two ``ends`` and one role; different-role pairs are all pairs of two
    roles, wherever they are. Two cosines closer than 1e-6 are a tie.

    Args:
        vectors: (n, d), or ItemVectors.
        roles: (n,) labels.
        sides: (n,) labels.
        ends: the two values of ``sides`` that are opposite.
        both_across: different-role pairs from one end to the other only, so that all pairs are about equally far apart.

    Raises:
        ValueError: a labelling has another length, or there is no pair of either kind.

    References:
        Rossi et al., *On Proximity and Structural Role-based Embeddings in Networks*, TKDD 2020, arXiv 1908.08572.

    >>> far_roles_auc(np.array([[1, 0], [0, 1], [0, 1], [1, 0]]), ["x", "y", "y", "x"], ["left"] * 2 + ["right"] * 2)
    1.0
    """
    rows = rows_of(vectors)
    role, side = np.asarray(roles), np.asarray(sides)
    for name, labels in (("roles", role), ("sides", side)):
        if labels.shape != (len(rows),):
            raise UsageError(f"{name} must hold one label for each of the {len(rows)} items, not {labels.shape}")
    unit = unit_rows(rows)
    i, j = np.triu_indices(len(rows), 1)
    cosine = np.round((unit @ unit.T)[i, j].astype(np.float64), 6)
    opposite = ((side[i] == ends[0]) & (side[j] == ends[1])) | ((side[i] == ends[1]) & (side[j] == ends[0]))
    same, different = cosine[opposite & (role[i] == role[j])], cosine[role[i] != role[j]]
    if both_across:
        different = cosine[opposite & (role[i] != role[j])]
    if not len(same) or not len(different):
        raise UsageError("there must be a same-role pair at opposite ends and a pair of different roles")
    return auc_of(same, different)
