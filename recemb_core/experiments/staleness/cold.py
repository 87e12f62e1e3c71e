"""The events whose item an old table has never seen: what EGES and two-tower, trained as long ago, make of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from recemb_core.embeddings.eges import eges_defaults
from recemb_core.evaluation.ranking import Scorer
from recemb_core.evaluation.ties import expected_within, tied_ranks
from recemb_core.experiments.staleness.plan import StalenessConfig
from recemb_core.experiments.staleness.questions import Questions, target_auc
from recemb_core.experiments.staleness.report import Cold
from recemb_core.experiments.staleness.tables import train_table
from recemb_core.progress import Cancel, Progress
from recemb_core.sequences import Sequences


@dataclass
class ColdItems:
    """EGES and two-tower on the events whose item a table of their age has never seen."""

    config: StalenessConfig
    kept: dict[tuple[str, int], list[Cold]] = field(default_factory=dict)

    def ask(self, train: Sequences, questions: Questions, w: int, age: int, tell: Progress, cancel: Cancel) -> None:
        """Train both on the old part and rank these events' items in the whole catalogue."""
        side = train.side_info
        if not self.config.cold or side is None or not any(name != "title" for name in side.columns):
            return
        new = [target[train.counts[target] == 0] for target in questions.targets]
        rows = [i for i, target in enumerate(new) if len(target)]
        if not rows:
            return
        unknown = np.flatnonzero(train.counts == 0)
        for name, scorer in self._models(train, self.config.seed + w, tell, cancel):
            lines: list[tuple[float, float, float, int]] = []  # of each event
            for i in rows:
                values = np.asarray(scorer([questions.histories[i]]))[0].astype(np.float64)
                values = np.where(np.isfinite(values), values, -np.inf)
                hits = expected_within(tied_ranks(values, new[i]), self.config.k)
                for target, hit in zip(new[i], hits, strict=True):
                    own = np.searchsorted(unknown, target)
                    among = target_auc(values[unknown], [own]) if len(unknown) > 1 else np.nan
                    lines.append((target_auc(values, [target]), float(hit), among, int(questions.users[i])))
            auc, found, apart, users = map(np.array, zip(*lines, strict=True))
            self.kept.setdefault((name, age), []).append(
                Cold(auc, found, apart, users.astype(np.int64), np.full(len(lines), w, dtype=np.int64))
            )

    def _models(self, train: Sequences, seed: int, tell: Progress, cancel: Cancel) -> Iterator[tuple[str, Scorer]]:
        eges = eges_defaults(len(train.items), seed)
        yield "EGES", train_table(train, eges, progress=tell, cancel=cancel).scorer()
        if self.config.network is not None:
            from recemb_core.deep.two_tower import TwoTowerConfig, train_two_tower

            yield "Two-tower", train_two_tower(train, TwoTowerConfig(seed=seed), progress=tell, cancel=cancel).scores

    def found(self) -> dict[str, dict[int, Cold]]:
        """By model and age."""
        by_model: dict[str, dict[int, Cold]] = {}
        for (name, age), parts in self.kept.items():
            joined = {key: np.concatenate([getattr(part, key) for part in parts]) for key in vars(parts[0])}
            by_model.setdefault(name, {})[age] = Cold(**joined)
        return by_model
