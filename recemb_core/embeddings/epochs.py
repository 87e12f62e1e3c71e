"""How many epochs a model starts with: more where a pass over the data gives few training pairs."""

from __future__ import annotations

import numpy as np

PAIRS_AN_ITEM = 25_000
MOST_PAIRS = 200_000_000
LEAST, MOST = 20, 500


def walk_epochs(items: int) -> int:
    """The epochs over walks that a model on a graph starts with: 3 up to 500 items, 2 above.

    The default walks give every item the same number of pairs a pass, whatever the size of the graph: 20 walks of 80
    items 4,720, 10 walks of 40 items 1,160. So :func:`epochs_by_size` would be one number for all graphs of a kind.
    More passes rank no better beyond noise on graphs of 176 and 572 items; on the groceries' backbone 5 do (DeepWalk
    HR@10 .356 [.325, .388] against .174 [.140, .214]; ``docs/epochs.md``).

    >>> walk_epochs(176), walk_epochs(1_748)
    (3, 2)
    """
    return 3 if items <= 500 else 2


def epochs_by_size(pairs: float, items: int) -> int:
    """The epochs that a model starts with where nobody says a number.

    One pass over a log gives P training pairs of n items. So many passes are made that an item is trained t = 25,000
    times on average, 20 at least and 500 at most, and no more than give M = 200 million pairs:

        E = max(1, min(max(20, t n / P), 500, M / P)), rounded

    It falls as P grows, and rises with n; it changes with P by no larger share than P does. The rate falls linearly
    over all epochs, however many they are.

    HR@10 of validation users before and by this rule: word2vec on 10,490 clicks .002 and .204 (362 epochs, .6 s),
    groceries .196 and .295 (29, 3.4 s), planted shop .439 and .445, which is noise; item2vec on ratings .123 and .211
    (10 epochs, 10 s). ``docs/epochs.md`` has the others, and where it does not help.

    Args:
        pairs: P, before frequent items are dropped.
        items: n.

    >>> epochs_by_size(42_800, 572), epochs_by_size(1_500_000, 1_748), epochs_by_size(1e9, 100_000)
    (334, 29, 1)
    """
    wanted = max(PAIRS_AN_ITEM * items / max(pairs, 1.0), LEAST)
    return int(max(1, np.rint(min(wanted, MOST, MOST_PAIRS / max(pairs, 1.0)))))
