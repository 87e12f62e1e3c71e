"""What the table's figures are read off: rows of the evaluation, and other results, as far as they are there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pages.kit import (
    cold_items,
    graph_controls,
    model_results,
    old_tables,
    recall_models,
    results,
    seed_scores,
    session,
)
from pages.kit.answer_words import signed
from pages.kit.controls import labellings
from pages.kit.leaderboard import Question, ready_runs
from pages.kit.model_controls import able_models, model_config
from pages.kit.seed_scores import Scores
from pages.kit.session import ActiveData
from pages.kit.text import sentence
from recemb_core import precomputed
from recemb_core.deep.registry import recall_spec
from recemb_core.embeddings import node2vec_defaults
from recemb_core.evaluation.intervals import Estimate
from recemb_core.experiments.leaderboard import Entry, Leaderboard, Protocol, default_query
from recemb_core.experiments.leaderboard.entries import recall_is_there
from recemb_core.experiments.recall_models import FLOOR, ColdItemReport
from recemb_core.experiments.staleness import StalenessConfig, StalenessReport
from recemb_core.item_graph import ItemGraph
from recemb_core.neighbors.lsh.cells import LSHCell
from recemb_core.neighbors.lsh.usual import LEAST_POINTS
from recemb_core.scorers import PopularityConfig
from recemb_core.validation import UsageError

K = 10
VERDICTS = {
    "better": "more, beyond noise",
    "worse": "less, beyond noise",
    "within noise": "not told apart",
    "noise not measured": "noise not measured",
}


@dataclass(frozen=True, eq=False)
class Ground:
    """The data set in use, its graph, and what is measured on it already; nothing is trained here."""

    data: ActiveData
    graph: ItemGraph

    @cached_property
    def question(self) -> Question | None:
        """What the Evaluation page asks at first; None of a graph alone."""
        return None if self.data.sequences is None else Question(self.data, Protocol())

    @cached_property
    def tables(self) -> dict[str, Any]:
        """The models of item vectors that this data can have, with the settings in use."""
        return {name: model_config(self.data, self.graph, name) for name in able_models(self.data)}

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The rows wanted here, with the settings in use."""
        if self.question is None:
            return {}
        data, train = self.data, self.question.cases.train
        found = {FLOOR: Entry(name=FLOOR, config=PopularityConfig())}
        for name, config in self.tables.items():
            found[name] = Entry(name=name, config=config, query=default_query(config, train))
        if recall_is_there():
            for name, config in recall_models.model_configs(data).items():
                if recall_spec(config).item_vectors is None:
                    found[name] = Entry(name=name, config=config)
        return found

    @cached_property
    def board(self) -> Leaderboard:
        """The rows that are measured."""
        question = self.question
        if question is None:
            return Leaderboard({})
        return Leaderboard.of((one, run) for one in self.entries.values() for run in ready_runs(question, one))

    def has(self, *names: str) -> bool:
        return all(name in self.board.rows for name in names)

    def hit_rate(self, name: str) -> Estimate:
        return self.board.estimate(name, "hr", K)

    def against(self, first: str, second: str) -> str:
        """The difference of two rows on the same users, judged with all rows that are measured."""
        found = self._compared.between(first, second)
        return (
            f"{signed(found.value, '.3f')} against {second} ({signed(found.low, '.3f')} to "
            f"{signed(found.high, '.3f')}): **{VERDICTS[found.verdict]}**"
        )

    @cached_property
    def _compared(self) -> Any:
        return self.board.compare("hr", K)

    @cached_property
    def cold(self) -> ColdItemReport | None:
        """Two-tower on items taken out of the log, where it is measured."""
        if self.question is None or "Two-tower" not in self.entries:
            return None
        return cold_items.ready(self.data, self.entries["Two-tower"].config)

    @cached_property
    def plan(self) -> StalenessConfig | None:
        """How tables of several ages are measured; None where the log does not allow it (:attr:`no_plan` says why)."""
        if self.question is None or "item2vec" not in self.tables:
            return None
        try:
            return old_tables.usual_plan(self.data, self.tables["item2vec"])
        except UsageError:
            return None

    @property
    def no_plan(self) -> str:
        """Why there is none, in a sentence."""
        try:
            old_tables.usual_plan(self.data, self.tables["item2vec"])
        except UsageError as error:
            message = f"{error}."
            return sentence(message[:1].upper() + message[1:])
        return ""

    @cached_property
    def staleness(self) -> StalenessReport | None:
        """Tables of several ages, where they are measured."""
        return None if self.plan is None else old_tables.ready(self.data, old_tables.key_of(self.data, self.plan))

    @cached_property
    def ends(self) -> tuple[Any, Any]:
        """node2vec at q = 20 and at q = 0.05."""
        start = replace(node2vec_defaults(len(self.graph)), seed=session.seed())
        return replace(start, q=20.0), replace(start, q=0.05)

    @cached_property
    def leanings(self) -> tuple[Scores, Scores] | None:
        """Scores at both over seeds, where they are measured."""
        by = labellings(self.data, self.graph)
        near, far = (seed_scores.ready(self.data, self.graph, config, by) for config in self.ends)
        return None if near is None or far is None else (near, far)

    @cached_property
    def searched(self) -> tuple[Any, ItemGraph | None] | None:
        """(settings, graph) of the vectors that LSH searches: item2vec's, of a graph alone node2vec's; None if few."""
        if len(self.graph) < LEAST_POINTS:
            return None
        if "item2vec" in self.tables:
            return self.tables["item2vec"], None
        return self.tables["node2vec"], self.graph

    @cached_property
    def cell(self) -> LSHCell | None:
        """What LSH scans and misses there, where it is measured."""
        if self.searched is None:
            return None
        config, graph = self.searched
        source = model_results.source_of(self.data, config, graph)
        return results.ready(self.data, lsh_key(self), lambda: precomputed.load_lsh_cell(source, config))


def lsh_key(ground: Ground) -> tuple[Any, ...]:
    """What these figures are kept by."""
    assert ground.searched is not None
    config, graph = ground.searched
    return "summary lsh", model_results.source_of(ground.data, config, graph), config


def ground_of(data: ActiveData) -> Ground:
    """With the graph that the pages walk."""
    return Ground(data, graph_controls.walked_graph(data, graph_controls.graph_settings(data))[1])
