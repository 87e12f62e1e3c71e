"""The grid of p and q as far as it is known: scores of the sweep's runs, and what is drawn of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pages.kit import kept_runs, maps, model_results, results
from pages.kit.jobs import Job
from pages.kit.sweeps.keeping import figures_key
from pages.kit.sweeps.opening import structure_of
from pages.views.node2vec.one_setting import Shown
from recemb_core import precomputed
from recemb_core.embeddings import ItemVectors, Node2VecConfig
from recemb_core.experiments.leaderboard.measuring import held_bytes
from recemb_core.experiments.sweep import SweepBase, SweepCell, SweepConfig, base_of_vectors, cell_of_vectors
from recemb_core.progress import Progress
from recemb_core.sweeps import STRUCTURE, Ground, Run, grid_ground, grid_scores
from recemb_core.sweeps.grid import MIDDLE, Cell, Scores


@dataclass(frozen=True)
class AskedGrid:
    """What the controls ask for: the grid, the score that the winner goes by, minutes at most."""

    config: SweepConfig
    aim: str
    minutes: float | None


@dataclass(eq=False)
class Grid:
    """A grid over what the page shows.

    Attributes:
        shown: graph, labellings, and where models are trained.
        asked: see :class:`AskedGrid`.
    """

    shown: Shown
    asked: AskedGrid

    def __post_init__(self) -> None:
        self._take_bundled()

    @property
    def config(self) -> SweepConfig:
        return self.asked.config

    @cached_property
    def ground(self) -> Ground:
        """The sweep's: the same one on the Sweeps view."""
        structure = structure_of(self.shown.data, self.shown.graph)
        return grid_ground(self.config, structure, aim=self.asked.aim, minutes=self.asked.minutes)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the two labellings, groups first."""
        return tuple(by.name for by in self.shown.labellings)

    @property
    def chosen(self) -> Cell:
        """The p and q of the controls."""
        return self.shown.wanted.p, self.shown.wanted.q

    # --- scores ---

    def scores(self, runs: Sequence[Run]) -> dict[Cell, Scores]:
        """Of the cells that the runs have filled, and of those whose trainings were there before any run."""
        found = grid_scores(self.ground.plan, runs)
        for at in dict.fromkeys((*self.config.cells, MIDDLE)):
            if at not in found and (known := self._known(*at)) is not None:
                found[at] = known
        return found

    def ready(self, scores: dict[Cell, Scores], runs: Sequence[Run]) -> int:
        """Trainings of cells that the runs have not, and that need not be done."""
        return self.config.seeds * len(scores.keys() - grid_scores(self.ground.plan, runs).keys())

    def _known(self, p: float, q: float) -> Scores | None:
        store = results.results(self.shown.data)
        each = [store.get(figures_key(self.ground, self.ground_config(run))) for run in self.config.runs(p, q)]
        if None in each:
            return None
        return {aim: tuple(figures[aim] for figures in each) for aim in STRUCTURE}

    def ground_config(self, run: Node2VecConfig) -> Node2VecConfig:
        """A training's config as the sweep writes it."""
        found: Node2VecConfig = self.ground.setting({"p": run.p, "q": run.q}).with_seed(run.seed).entry.config
        return found

    # --- pictures ---

    def _key(self, *cell: float) -> Hashable:
        """Of the base, or of a cell, in the store: which other cells there are plays no part."""
        common = replace(self.config, ps=(1.0,), qs=(1.0,))
        return ("sweep", self.shown.graph.fingerprint, common, self.names, *cell)

    @property
    def base(self) -> SweepBase | None:
        """p = q = 1 with its map, where it is drawn."""
        found: SweepBase | None = results.results(self.shown.data).get(self._key())
        return found

    def pictures(self, scores: dict[Cell, Scores]) -> dict[Cell, SweepCell]:
        """Those that are drawn, of the cells that have scores."""
        store = results.results(self.shown.data)
        known = ((at, store.get(self._key(*at))) for at in self.config.cells if at in scores)
        return {at: cell for at, cell in known if cell is not None} if self.base is not None else {}

    def drawing(self, scores: dict[Cell, Scores]) -> Job:
        """The job that draws the maps which are missing, each kept as it comes."""
        shown, config, known = self.shown, self.config, self.pictures(scores)
        todo = [at for at in config.cells if at in scores and at not in known]
        trained = [replace(config.base, p=p, q=q) for p, q in todo]
        seconds = len(todo) * maps.map_seconds(shown.data, len(shown.graph))
        seconds += sum(not shown.has(one) for one in trained) * model_results.model_seconds(
            shown.data, config.base, len(shown.graph)
        )
        identity = ("sweep maps", shown.graph.fingerprint, config)
        return Job(identity, f"maps of {len(todo)} cells", seconds, lambda report: self._draw(scores, todo, report))

    def _draw(self, scores: dict[Cell, Scores], todo: list[Cell], report: Progress) -> None:
        shown, config = self.shown, self.config
        store, values = results.results(shown.data), {by.name: by.values for by in shown.labellings}
        named = lambda at: dict(zip(self.names, (scores[at][aim] for aim in STRUCTURE), strict=True))  # noqa: E731

        def part(done: int, words: str) -> Progress:
            return lambda fraction, stage: report((done + fraction) / (len(todo) + 1), f"{words} {stage}".strip())

        base, tell = self.base, part(0, "p = q = 1,")
        if base is None:
            first, second = (self._vectors(replace(config.base, seed=config.base.seed + i), tell) for i in (0, 1))
            place = maps.map_positions(shown.data, shown.graph, first, config.umap, None, tell)
            base = base_of_vectors(first, second, place, named(MIDDLE))
            store.put(self._key(), base)
        for done, (p, q) in enumerate(todo, start=1):
            tell = part(done, f"p = {p:g}, q = {q:g},")
            tell(0.0, "")
            vectors = self._vectors(replace(config.base, p=p, q=q), tell)
            anchor = None if (p, q) == MIDDLE else base.vectors
            place = maps.map_positions(shown.data, shown.graph, vectors, config.umap, anchor, tell)
            store.put(self._key(p, q), cell_of_vectors(p, q, vectors, place, base, values, named((p, q))))

    def _vectors(self, config: Node2VecConfig, report: Progress) -> ItemVectors:
        """Of a training of the sweep: from the pages' store, from the kept runs, else trained once more."""
        data, graph = self.shown.data, self.shown.graph
        if not self.shown.has(config) and not kept_runs.closed() and not kept_runs.asks_for_leave(data):
            kept = kept_runs.store()
            record = kept.find(kept_runs.vectors_spec(data, config, graph))
            if record is not None and record.has_vectors:
                model_results.put_model(data, kept.load(record.run_id), graph=graph)
        return self.shown.train(config, report)

    def _take_bundled(self) -> None:
        """What comes with the app of these settings, for this grid and for any that shares cells with it."""
        shown, store = self.shown, results.results(self.shown.data)
        usual = SweepConfig()
        opening = replace(self.config, ps=usual.ps, qs=usual.qs)
        if self.base is not None or not precomputed.has(precomputed.result_key("sweep", shown.graph, opening)):
            return
        vectors = shown.train(self.config.base)
        cells, base = precomputed.load_sweep(shown.graph, opening, vectors) or ([], None)
        if base is None or set(cells[0].scores) != set(self.names):
            return
        store.put(self._key(), base)
        held = float(held_bytes(vectors))
        for cell in cells:
            store.put(self._key(cell.p, cell.q), cell)
            for i, run in enumerate(self.config.runs(cell.p, cell.q)):
                aims = {aim: cell.scores[name][i] for aim, name in zip(STRUCTURE, self.names, strict=True)}
                store.put(figures_key(self.ground, self.ground_config(run)), aims | {"bytes": held})
