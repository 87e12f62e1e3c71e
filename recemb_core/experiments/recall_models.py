"""Recall models side by side: trained on the same part, asked about the same users; and two-tower on cold items."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from recemb_core.arrays import BoolArray, FloatArray, IntegerArray
from recemb_core.deep.average import HistoryAverageConfig as HistoryAverageConfig  # its place for those who came by it
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.registry import recall_defaults as recall_defaults
from recemb_core.deep.registry import recall_spec
from recemb_core.embeddings import ItemVectors
from recemb_core.evaluation.intervals import Estimate, share_interval
from recemb_core.evaluation.ranking import NextItemCases, RankingReport, Scorer, next_item_cases, rank_next_items
from recemb_core.evaluation.ties import expected_within, tied_ranks
from recemb_core.progress import Progress
from recemb_core.sequences import Sequences
from recemb_core.splits import subset
from recemb_core.validation import UsageError, require

KS = (10, 50, 100)


def recall_fingerprint(sequences: Sequences) -> str:
    """A hash of all that a recall model depends on: behavior, who did it and when, and the items' side information."""
    digest = hashlib.blake2b(sequences.fingerprint.encode(), digest_size=12)
    digest.update(repr(None if sequences.users is None else sequences.users.tolist()).encode())
    if sequences.timestamps is not None:
        digest.update(np.ascontiguousarray(sequences.timestamps).tobytes())
    if sequences.side_info is not None:
        digest.update(sequences.side_info.write_json().encode())
    return digest.hexdigest()


ModelConfig = Any
"""Settings of any registered recall model."""
FLOOR = "Popularity"  # the scorer that all others are compared with


def train_recall_model(
    train: Sequences,
    config: ModelConfig,
    *,
    item_vectors: ItemVectors | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> RecallModel:
    """Any of the registered models by its config, on the training part.

    Args:
        train: what may be learned from; side information of its items is used where the model sees it.
        config: of the model.
        item_vectors: for a model that starts from item vectors (an average), those, already trained on ``train``.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: the config of no model that is trained.
    """
    spec = recall_spec(config)
    start = {} if spec.item_vectors is None else {"item_vectors": item_vectors}
    return spec.train(train, config, **start, progress=progress, cancel=cancel)


def cold_defaults(seed: int = 0) -> dict[str, ModelConfig]:
    """Those of :func:`recall_defaults` that place items without behavior by their side information."""
    return {name: config for name, config in recall_defaults(seed).items() if recall_spec(config).cold}


def both_figures(scorer: Scorer, cases: NextItemCases, ks: tuple[int, ...] = KS) -> tuple[RankingReport, RankingReport]:
    """(novel targets with seen items masked, all targets with nothing masked)."""
    novel, every = (
        rank_next_items(scorer, cases.histories, cases.targets, ks=ks, exclude_seen=seen) for seen in (True, False)
    )
    return novel, every


@dataclass(frozen=True)
class ColdItemReport:
    """How items that the training never saw are ranked for users who then took them.

    Attributes:
        ranked_below: share of the other unseen-by-the-user items of the whole catalogue that stand below a cold
            target (those of its score count half), mean over users; 0.5 is chance.
        below_among_cold: the same among cold items only; 0.5 is chance.
        recall: share of a user's cold targets among the first k of the catalogue, ties by their expectation.
        chance_recall: what a random order gives.
        k: list length of ``recall``.
        cold: number of cold items.
        users: users with a cold target.
    """

    ranked_below: Estimate
    below_among_cold: Estimate
    recall: Estimate
    chance_recall: float
    k: int
    cold: int
    users: int


def cold_item_report(
    sequences: Sequences,
    config: ModelConfig = None,
    *,
    share: float = 0.1,
    k: int = 50,
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
) -> ColdItemReport:
    """Take a share of the items out of the training part entirely, train, and rank them for their buyers.

    Users are asked about as in :func:`~recemb_core.evaluation.ranking.next_item_cases`; targets are the cold items of
    the held-out part, candidates all items that the user has not taken, the cold ones by side information alone.

    Args:
        sequences: with side information.
        config: of a model that places items by side information; None: the first such with its usual settings.
        share: of the items that is taken out.
        k: list length of the recall.
        seed: of the draw of these items.
        progress, cancel: called with (fraction, stage); True ends the training with ``TrainingCancelled``.

    Raises:
        ValueError: the sequences have no side information, the model cannot place items by it, or nobody took a cold
            item.
    """
    config = next(iter(cold_defaults().values())) if config is None else config
    if not recall_spec(config).cold:
        raise UsageError(f"{recall_spec(config).kind} cannot place an item by its side information")
    if sequences.side_info is None:
        raise UsageError("cold items are served by side information, and these sequences have none")
    require(0 < share < 1, "share", share, "between 0 and 1")
    n = len(sequences.items)
    cold = np.zeros(n, dtype=bool)
    cold[np.random.default_rng(seed).permutation(n)[: max(2, round(share * n))]] = True
    cases = next_item_cases(sequences)
    train = without_items(cases.train, cold)
    model = train_recall_model(train, config, progress=progress, cancel=cancel)
    lists: list[tuple[float, float, float, float]] = []  # of each user, in the order of the report
    for history, target in zip(cases.histories, cases.targets, strict=True):
        seen = np.zeros(n, dtype=bool)
        seen[history[~cold[history]]] = True
        wanted = np.unique(target[cold[target]])
        if len(wanted) == 0:
            continue
        values = model.scores([history[~cold[history]]])[0]
        place = np.cumsum(~seen) - 1  # of each item among those not seen
        found = float(expected_within(tied_ranks(values[~seen], place[wanted]), k).mean())
        # What the model cannot place stands last, in any order.
        values = np.where(np.isfinite(values), values, values[np.isfinite(values)].min(initial=0.0) - 1)
        below = _share_below(values[~seen], place[wanted])
        among = _share_below(values[cold], (np.cumsum(cold) - 1)[wanted])
        lists.append((below, among, found, min(k / np.count_nonzero(~seen), 1.0)))
    if not lists:
        raise UsageError("nobody took a cold item in the held-out part; hold out a larger share of the items")
    whole, colds, recalls, chances = zip(*lists, strict=True)
    return ColdItemReport(
        ranked_below=share_interval(whole),
        below_among_cold=share_interval(colds),
        recall=share_interval(recalls),
        chance_recall=float(np.mean(chances)),
        k=k,
        cold=int(cold.sum()),
        users=len(lists),
    )


def _share_below(values: FloatArray, rows: IntegerArray) -> float:
    """Mean share of the other items that stand below those at ``rows``; one of the same score counts half."""
    ranks = tied_ranks(values, rows)
    return float(1 - (ranks.first + (ranks.tied - 1) / 2 - 1).mean() / max(len(values) - 1, 1))


def without_items(sequences: Sequences, gone: BoolArray) -> Sequences:
    """The sequences without every event of some items; sequences left empty go as well, the vocabulary stays."""
    keep = ~gone[sequences.tokens]
    owner = np.repeat(np.arange(len(sequences)), sequences.lengths)
    lengths = np.bincount(owner[keep], minlength=len(sequences))
    filled = lengths > 0
    users = None if sequences.users is None else sequences.users[filled]
    return subset(sequences, np.flatnonzero(keep), lengths[filled], users)
