"""Results of the bundled data that were computed beforehand, so that a first page has something to show.

They are what the same call would compute, found by their data, their settings and the versions of the algorithms that
made them (:mod:`recemb_core.versions`): of another graph, another setting or an older algorithm there is nothing.
``data/build_precomputed.py`` writes them, :mod:`recemb_core.result_files` says in what form.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from recemb_core import result_files
from recemb_core.array_files import Arrays, from_json, to_json
from recemb_core.arrays import Float32Array, Int32Array
from recemb_core.data_folder import DATA_FOLDER
from recemb_core.result_files import Key, key_of

if TYPE_CHECKING:
    from recemb_core.deep.recall import RecallModel
    from recemb_core.embeddings.item_vectors import ItemVectors
    from recemb_core.evaluation.analogies import Analogies
    from recemb_core.evaluation.analogy_study import Reports
    from recemb_core.evaluation.ranking import RankingReport
    from recemb_core.experiments.factorization import Factorization, FactorizationConfig
    from recemb_core.experiments.figure_three import FigureThree, FigureThreeConfig
    from recemb_core.experiments.leaderboard import Entry, EntryRun, Part, Protocol
    from recemb_core.experiments.networks import LayerConfig, LayerReport
    from recemb_core.experiments.pretraining import PretrainingConfig, PretrainingReport
    from recemb_core.experiments.recall_models import ColdItemReport
    from recemb_core.experiments.staleness import StalenessConfig, StalenessReport
    from recemb_core.experiments.sweep import SweepBase, SweepCell
    from recemb_core.experiments.user_features import FeatureReport, FeatureStudyConfig
    from recemb_core.item_graph import ItemGraph
    from recemb_core.neighbors.lsh.cells import LSHCell
    from recemb_core.sequences import Sequences

    # What a model was trained on: a graph or sequences, or the hash of its data (``embeddings.training_fingerprint``).
    Source = ItemGraph | Sequences | str

T = TypeVar("T")
FOLDER = DATA_FOLDER / "precomputed"
# Kind → file, in the folder of its data set.
FILES = {
    **{
        kind: kind
        for kind in ("vectors", "scores", "sweep", "networks", "factorization", "staleness", "figure_three", "features")
    },
    **dict.fromkeys(("map", "layout", "networks_map"), "maps"),
    **dict.fromkeys(("graph", "communities"), "graphs"),
    **dict.fromkeys(("recall", "ranking", "cold"), "recall"),
    "leaderboard": "leaderboard",
    **dict.fromkeys(("swept", "swept_structure"), "swept"),
    **dict.fromkeys(("questions", "analogies"), "arithmetic"),
    "lsh_cell": "lsh",
}


def _hash(source: Source) -> str:
    return source if isinstance(source, str) else source.fingerprint


def result_key(kind: str, source: Source, config: Any) -> Key:
    """What a result of a model, a sweep or a comparison under a config is found by.

    Args:
        kind: ``"vectors"``, ``"sweep"``, ``"factorization"``, ``"figure_three"``, ``"networks"`` (a comparison of
            networks, or of starts), ``"staleness"`` (tables of several ages), ``"recall"`` (a model of the training
            part), ``"ranking"`` (both its reports) or ``"cold"`` (its report on cold items).
        source: what it was trained on; of networks the fingerprint of the feature table, of recall models what
            ``recall_models.recall_fingerprint`` gives.
        config: of the model or the comparison; None stands for the ranking of popularity.
    """
    return key_of(kind, _hash(source), config=config)


def has(key: Key) -> bool:
    """Whether a result is there."""
    return key in result_files.places(FOLDER)


def load(key: Key) -> Arrays | None:
    """The arrays of any result, or None."""
    return result_files.read(FOLDER, key)


def _read(key: Key, read: Callable[[Arrays], T]) -> T | None:
    found = load(key)
    return None if found is None else read(found)


def save(data_set: str, results: Mapping[Key, Arrays], *, drop: frozenset[Key] = frozenset(), made_with: str) -> None:
    """Write results of a bundled data set; see :func:`recemb_core.result_files.write`."""
    result_files.write(FOLDER / data_set, results, FILES, drop=drop, made_with=made_with)


# --- item vectors and maps ---


def load_vectors(source: Source, config: Any) -> ItemVectors | None:
    """The vectors computed beforehand, or None; they say the config that was asked for, whatever its ``workers``."""
    from recemb_core.embeddings.item_vectors import ItemVectors

    found = _read(result_key("vectors", source, config), ItemVectors.from_arrays)
    return found if found is None or found.config == config else dataclasses.replace(found, config=config)


def map_key(source: Source, config: Any, umap_config: Any, anchor_config: Any) -> Key:
    """What the map of those vectors is found by, started from the map of the anchor's vectors (None: from nothing)."""
    return key_of("map", _hash(source), config=config, umap=umap_config, anchor=anchor_config)


def load_map(source: Source, config: Any, umap_config: Any, anchor_config: Any) -> Float32Array | None:
    """The map computed beforehand, or None."""
    return _positions(map_key(source, config, umap_config, anchor_config))


def layout_key(graph: ItemGraph, seed: int) -> Key:
    """What the drawing of the graph itself is found by."""
    return key_of("layout", graph.fingerprint, seed=seed)


def load_layout(graph: ItemGraph, seed: int) -> Float32Array | None:
    """The drawing computed beforehand, or None."""
    return _positions(layout_key(graph, seed))


def _positions(key: Key) -> Float32Array | None:
    return _read(key, lambda found: found["positions"])


# --- the graph that is walked, and its communities ---


def graph_key(sequences: Sequences, building: Mapping[str, Any], narrowing: Mapping[str, Any]) -> Key:
    """What a backbone is found by: its sequences, what ``build_item_graph`` is told of them, and what ``backbone`` is.

    Side information is no part of it, so there is none with edges from that.
    """
    return key_of("graph", sequences.fingerprint, **building, **narrowing)


def graph_to_arrays(graph: ItemGraph, edges: int) -> Arrays:
    """A backbone without its items, which its sequences have, and how many edges there were before."""
    said = to_json({"directed": graph.directed, "rule": graph.rule, "edges": edges})
    return {"indptr": graph.indptr, "indices": graph.indices, "weights": graph.weights, "meta": said}


def load_graph(
    sequences: Sequences, building: Mapping[str, Any], narrowing: Mapping[str, Any]
) -> tuple[int, ItemGraph] | None:
    """(edges before, the backbone computed beforehand), or None."""
    from recemb_core.item_graph import ItemGraph

    def read(found: Arrays) -> tuple[int, ItemGraph]:
        said = from_json(found["meta"])
        indptr, indices, weights = found["indptr"], found["indices"], found["weights"]
        return said["edges"], ItemGraph(indptr, indices, weights, sequences.items, said["directed"], said["rule"])

    return _read(graph_key(sequences, building, narrowing), read)


def communities_key(graph: ItemGraph, seed: int) -> Key:
    """What the communities of a graph are found by."""
    return key_of("communities", graph.fingerprint, seed=seed)


def load_communities(graph: ItemGraph, seed: int) -> Int32Array | None:
    """The communities computed beforehand, or None."""
    return _read(communities_key(graph, seed), lambda found: found["communities"])


# --- scores over seeds, sweeps ---


def scores_key(graph: ItemGraph, config: Any) -> Key:
    """What the scores of several seeds are found by."""
    return key_of("scores", graph.fingerprint, config=dataclasses.replace(config, seed=0))


def load_scores(graph: ItemGraph, config: Any) -> dict[str, list[float]] | None:
    """Scores by labelling over seeds 0, 1, 2 …, or None."""
    return _read(scores_key(graph, config), lambda found: {name: found[name].tolist() for name in found})


def load_sweep(
    graph: ItemGraph, sweep_config: Any, base_vectors: ItemVectors
) -> tuple[list[SweepCell], SweepBase] | None:
    """The sweep computed beforehand, or None; the vectors at p = q = 1, its first seed, are not part of the file."""
    from recemb_core.experiments.sweep import sweep_from_arrays

    return _read(result_key("sweep", graph, sweep_config), lambda found: sweep_from_arrays(found, base_vectors))


def load_factorization(sequences: Sequences, config: FactorizationConfig) -> Factorization | None:
    """Products held against what they factorize, computed beforehand, or None."""
    from recemb_core.experiments.factorization import Factorization

    return _read(result_key("factorization", sequences, config), lambda found: Factorization.from_arrays(config, found))


def load_staleness(source: str, config: StalenessConfig) -> StalenessReport | None:
    """Tables of several ages on the same weeks, computed beforehand, or None; ``source`` as of recall models."""
    from recemb_core.experiments.staleness import StalenessReport

    return _read(result_key("staleness", source, config), lambda found: StalenessReport.from_arrays(config, found))


def load_figure_three(graph: ItemGraph, config: FigureThreeConfig) -> FigureThree | None:
    """node2vec's Figure 3 over seeds, computed beforehand, or None."""
    from recemb_core.experiments.figure_three import FigureThree

    return _read(result_key("figure_three", graph, config), FigureThree.from_arrays)


# --- networks on a feature table ---


def load_networks(rows: str, config: LayerConfig) -> LayerReport | None:
    """The comparison of networks computed beforehand, or None."""
    from recemb_core.experiments.networks import LayerReport

    return _read(result_key("networks", rows, config), LayerReport.from_arrays)


def load_pretraining(rows: str, config: PretrainingConfig) -> PretrainingReport | None:
    """The comparison of starts computed beforehand, or None."""
    from recemb_core.experiments.pretraining import PretrainingReport

    return _read(result_key("networks", rows, config), PretrainingReport.from_arrays)


def networks_map_key(rows: str, config: Any, start: str, umap_config: Any) -> Key:
    """What the maps of a start's item vectors before and after training are found by."""
    return key_of("networks_map", rows, config=config, start=start, umap=umap_config)


def load_networks_map(rows: str, config: Any, start: str, umap_config: Any) -> Float32Array | None:
    """Those maps, (2, n, 2), or None."""
    return _positions(networks_map_key(rows, config, start, umap_config))


# --- recall models ---


def load_recall(fingerprint: str, config: Any) -> RecallModel | None:
    """The recall model computed beforehand, or None."""
    from recemb_core.deep.recall import RecallModel

    return _read(result_key("recall", fingerprint, config), RecallModel.from_arrays)


def rankings_to_arrays(reports: Sequence[RankingReport]) -> Arrays:
    """The reports (novel targets, all targets) as arrays."""
    from recemb_core.evaluation.ranking import report_to_arrays

    return {f"{i} {name}": value for i, r in enumerate(reports) for name, value in report_to_arrays(r).items()}


def load_rankings(fingerprint: str, config: Any) -> tuple[RankingReport, RankingReport] | None:
    """The reports computed beforehand, or None."""
    from recemb_core.evaluation.ranking import report_from_arrays

    def report(i: int, found: Arrays) -> RankingReport:
        return report_from_arrays({name[2:]: value for name, value in found.items() if name.startswith(f"{i} ")})

    return _read(result_key("ranking", fingerprint, config), lambda found: (report(0, found), report(1, found)))


def cold_to_arrays(report: ColdItemReport) -> Arrays:
    """The report on cold items as arrays."""
    return {"report": to_json(dataclasses.asdict(report))}


def load_cold(fingerprint: str, config: Any) -> ColdItemReport | None:
    """The report computed beforehand, or None."""
    from recemb_core.evaluation.intervals import Estimate
    from recemb_core.experiments.recall_models import ColdItemReport

    def report(found: Arrays) -> ColdItemReport:
        values: dict[str, Any] = from_json(found["report"])
        values |= {name: Estimate(**value) for name, value in values.items() if isinstance(value, dict)}
        return ColdItemReport(**values)

    return _read(result_key("cold", fingerprint, config), report)


def features_key(fingerprint: str, details: str, config: FeatureStudyConfig) -> Key:
    """What the worth of a network's further inputs is found by; ``details``: the hash of the user details."""
    return key_of("features", fingerprint, details=details, config=config)


def load_features(fingerprint: str, details: str, config: FeatureStudyConfig) -> FeatureReport | None:
    """That worth computed beforehand, or None."""
    from recemb_core.experiments.user_features import FeatureReport

    key = features_key(fingerprint, details, config)
    return _read(key, lambda found: FeatureReport.from_arrays(config, found))


# --- vector arithmetic, and one setting of LSH ---


def questions_key(fields: str) -> Key:
    """What the analogies that fields can ask are found by; ``fields``: their hash (``fields_fingerprint``)."""
    return key_of("questions", fields)


def load_questions(fields: str) -> dict[str, Analogies] | None:
    """Field that steps → questions, or None."""
    from recemb_core.evaluation.analogy_study import questions_from_arrays

    return _read(questions_key(fields), questions_from_arrays)


def analogies_key(source: Source, config: Any, fields: str, level: float) -> Key:
    """What a model's answers to all of these questions by 3CosAdd are found by; ``level``: of their intervals."""
    return key_of("analogies", _hash(source), config=config, fields=fields, level=level)


def load_analogies(source: Source, config: Any, fields: str, level: float) -> Reports | None:
    """Field that steps → reports, or None."""
    from recemb_core.evaluation.analogy_study import reports_from_arrays

    return _read(analogies_key(source, config, fields, level), reports_from_arrays)


def lsh_cell_key(source: Source, config: Any) -> Key:
    """What the figures of the usual setting of LSH on a model's vectors are found by."""
    from recemb_core.neighbors.lsh.usual import MOST_QUERIES, NEAREST, OPENING

    return key_of("lsh_cell", _hash(source), config=config, lsh=OPENING, k=NEAREST, queries=MOST_QUERIES)


def lsh_cell_to_arrays(cell: LSHCell) -> Arrays:
    """One setting's figures as an array and its name."""
    import numpy as np

    said = {name: getattr(cell, name) for name in ("mode", "functions", "tables", "draws")}
    figures = [value for name, value in cell._asdict().items() if name not in said]
    return {"figures": np.array(figures), "meta": to_json(said)}


def load_lsh_cell(source: Source, config: Any) -> LSHCell | None:
    """The figures computed beforehand, or None."""
    from recemb_core.neighbors.lsh.cells import LSHCell

    def cell(found: Arrays) -> LSHCell:
        said = from_json(found["meta"])
        rest = [name for name in LSHCell._fields if name not in said]
        return LSHCell(**said, **dict(zip(rest, found["figures"].tolist(), strict=True)))

    return _read(lsh_cell_key(source, config), cell)


# --- rows of the evaluation ---


def run_key(fingerprint: str, protocol: Protocol, entry: Entry, part: Part, seed: int) -> Key:
    """What one training of a row, measured on a part, is found by; the row's name is no part of it.

    Args:
        fingerprint: of the whole log, ``recall_models.recall_fingerprint``.
        protocol, entry, part, seed: as :func:`recemb_core.experiments.leaderboard.measure` is given them.
    """
    own = entry.with_seed(seed)
    return key_of("leaderboard", fingerprint, config=own.config, query=own.query, protocol=protocol, part=part)


def run_to_arrays(run: EntryRun) -> Arrays:
    """A run as few arrays, each array of a file costing a look into it; views of the same users and places once."""
    import numpy as np

    said = {name: getattr(run, name) for name in ("name", "part", "seed", "train_seconds", "score_seconds", "bytes")}
    facts, reports = {}, list[Any]()
    for view, report in run.views.items():
        alike = (i for i, other in enumerate(reports) if other.exclude_seen == report.exclude_seen)
        same = next((i for i in alike if _same_places(reports[i], report)), len(reports))
        reports += [report] * (same == len(reports))
        kept = {name: getattr(report, name) for name in ("ks", "targets", "unknown", "exclude_seen")}
        facts[view] = kept | {"coverage": list(report.coverage.values()), "of": same}
    return {
        "best": np.concatenate([np.asarray(report.best) for report in reports], axis=1).astype(np.int32),
        "kept": np.concatenate([report.kept for report in reports]).astype(np.int32),
        "shares": np.concatenate([np.c_[r.user_recall, r.user_ndcg] for r in reports]).astype(np.float32),
        "head_lists": run.head_lists.astype(np.float32),
        "meta": to_json(
            said
            | {
                "views": facts,
                "users": [report.users for report in reports],
                "vectors": None if run.vectors is None else run.vectors.to_json(),
            }
        ),
    }


def _same_places(a: RankingReport, b: RankingReport) -> bool:
    import numpy as np

    pairs = ((np.asarray(a.best), np.asarray(b.best)), (a.kept, b.kept), (a.user_ndcg, b.user_ndcg))
    return all(np.array_equal(one, other) for one, other in pairs)


def run_from_arrays(arrays: Arrays) -> EntryRun:
    """What :func:`run_to_arrays` was given, shares as float32 holds them."""
    import numpy as np

    from recemb_core.evaluation.ranking import RankingReport
    from recemb_core.evaluation.ties import BestRanks
    from recemb_core.experiments.leaderboard import EntryRun
    from recemb_core.experiments.leaderboard.vector_measures import VectorMeasures

    said = from_json(arrays["meta"])
    best, shares = arrays["best"].astype(np.int64), arrays["shares"].astype(np.float64)
    ends = np.cumsum([0, *said.pop("users")])
    views = {}
    for view, facts in said.pop("views").items():
        rows = slice(ends[facts["of"]], ends[facts.pop("of") + 1])
        ks = tuple(facts.pop("ks"))
        views[view] = RankingReport(
            ks=ks,
            coverage=dict(zip(ks, facts.pop("coverage"), strict=True)),
            best=BestRanks(*best[:, rows]),
            kept=arrays["kept"][rows].astype(np.int64),
            user_recall=shares[rows, : len(ks)],
            user_ndcg=shares[rows, len(ks) :],
            **facts,
        )
    known = said.pop("vectors")
    vectors = None if known is None else VectorMeasures(**known)
    return EntryRun(views=views, head_lists=arrays["head_lists"].astype(np.float64), vectors=vectors, **said)


def load_run(fingerprint: str, protocol: Protocol, entry: Entry, part: Part, seed: int) -> EntryRun | None:
    """The run computed beforehand under the name that the row has now, or None."""
    found = _read(run_key(fingerprint, protocol, entry, part, seed), run_from_arrays)
    return None if found is None else dataclasses.replace(found, name=entry.name)
