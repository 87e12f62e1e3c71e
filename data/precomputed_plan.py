"""What should be computed beforehand of the bundled data: results by key, each with the function that makes it.

``build_precomputed.py`` makes them; tests compare the plan with what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from recemb_core import precomputed
from recemb_core.datasets import Dataset, list_datasets, load_dataset
from recemb_core.deep.features import FeatureConfig, FeatureTable, feature_table
from recemb_core.deep.networks import FNN
from recemb_core.deep.recall import RecallModel
from recemb_core.deep.registry import recall_spec
from recemb_core.deep.training import TrainingConfig
from recemb_core.deep.two_tower import TwoTowerConfig
from recemb_core.deep.user_fields import USER, details_fingerprint
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig
from recemb_core.embeddings import (
    ItemVectors,
    RoleFeaturesConfig,
    comparison_defaults,
    item2vec_defaults,
    node2vec_defaults,
    train_model,
    train_node2vec,
    train_role_features,
    training_fingerprint,
)
from recemb_core.embeddings import default_graph as graph_of
from recemb_core.embeddings.item_vectors import Score
from recemb_core.embeddings.models import EDGES_PER_ITEM
from recemb_core.evaluation import group_score, score_labels
from recemb_core.evaluation.analogies import every_analogy
from recemb_core.evaluation.analogy_study import (
    fields_fingerprint,
    joint_level,
    questions_to_arrays,
    report_both,
    reports_to_arrays,
)
from recemb_core.evaluation.noise import default_seeds
from recemb_core.evaluation.ranking import NextItemCases, next_item_cases
from recemb_core.experiments.factorization import FactorizationConfig, factorization, factorization_defaults
from recemb_core.experiments.figure_three import FigureThreeConfig, figure_three, figure_three_base
from recemb_core.experiments.leaderboard import (
    OPENING_SEEDS,
    Entry,
    PartCases,
    Protocol,
    Query,
    Trained,
    default_query,
    measure_trained,
    part_cases,
    query_kinds,
    train_entry,
)
from recemb_core.experiments.leaderboard.measuring import held_bytes
from recemb_core.experiments.networks import LayerConfig, compare_networks, layer_defaults
from recemb_core.experiments.pretraining import (
    PretrainingConfig,
    PretrainingReport,
    before_and_after,
    compare_starts,
    pretraining_defaults,
)
from recemb_core.experiments.recall_models import (
    ModelConfig,
    both_figures,
    cold_defaults,
    cold_item_report,
    recall_defaults,
    recall_fingerprint,
    train_recall_model,
)
from recemb_core.experiments.staleness import StalenessConfig, measure_staleness, staleness_config, usual_network
from recemb_core.experiments.sweep import SweepConfig, sweep_base, sweep_cell, sweep_from_arrays, sweep_to_arrays
from recemb_core.experiments.user_features import FeatureStudyConfig, feature_defaults, measure_features
from recemb_core.item_graph import ItemGraph, backbone, build_item_graph, communities
from recemb_core.layouts import UMAPConfig, graph_layout, umap_layout
from recemb_core.neighbors.lsh.usual import LEAST_POINTS, opening_cell
from recemb_core.plans import model_named
from recemb_core.result_files import Arrays, Key
from recemb_core.scorers import fit_scorer, scorer_defaults
from recemb_core.sequences import Sequences, split_sessions
from recemb_core.side_information import MISSING, item_fields
from recemb_core.splits import leave_last_out
from recemb_core.sweeps import STRUCTURE, Ground, Structure, Sweep, grid_ground
from recemb_core.sweeps.beforehand import swept_key, swept_to_arrays
from recemb_core.sweeps.grid import grid_runs
from recemb_core.sweeps.usual import USUAL_MODEL, opening_plan

# (dimensions, popularity power of negatives) and numbers of events on the Deep models page.
LAYERS = [(16, 0.75), (8, 0.75), (16, 1.0), (16, 0.0)]
PRETRAINING_EVENTS = [40_000]
# (p, q) of the page's opening and of its experiments.
BIASES = [(1.0, 1.0), (1.0, 20.0), (1.0, 0.05), (0.05, 20.0)]

# Windows of the paper's Figure 3 on the node2vec page: its authors' program's, and the app's.
FIGURE_WINDOWS = (10, 2)

# (negatives k, dimensions) of the last view of the Training page and of its experiments.
FACTORIZED = [(5, 32), (1, 32), (15, 32), (5, 8)]

# How pages ask for the graph of baskets that ``default_graph`` makes.
BASKETS: dict[str, Any] = {
    "edges": "co_occurrence",
    "directed": False,
    "weighted": True,
    "min_weight": 1,
    "share_baskets": False,
    "side_info_fields": (),
}
# How item vectors are asked on the Evaluation page, and after its experiment.
SCORES: tuple[Score, ...] = ("cosine", "in_out")

BACKBONE: dict[str, Any] = {"method": "noise_corrected", "edges_per_item": EDGES_PER_ITEM}

REPEATED = "planted_shop"  # so small that tests compute some of its results again and compare

Made = Callable[[Key], Arrays]


@dataclass(frozen=True)
class Planned:
    """A result that the bundled data should have.

    Attributes:
        key: what it is found by.
        make: computes it, given a function that gives the results planned before it.
        short: whether no page asks for it: a run of a second that tests repeat and compare.
    """

    key: Key
    make: Callable[[Made], Arrays]
    short: bool = False


Plan = Iterator[Planned]


# --- the data as the pages take it by default ---


@cache
def loaded(name: str) -> Dataset:
    return load_dataset(name)


@cache
def default_graph(name: str) -> ItemGraph:
    """The graph that the pages walk by default: of the sessions, where it is made of a log."""
    graph = loaded(name).graph
    return graph if graph is not None else graph_of(sessions(name))


@cache
def sessions(name: str) -> Sequences:
    """Sequences as the pages cut them by default."""
    sequences = loaded(name).sequences
    assert sequences is not None
    return split_sessions(sequences, gap_minutes=60) if sequences.ordered else sequences


@cache
def table_of(name: str, config: FeatureConfig) -> FeatureTable:
    sequences = loaded(name).sequences
    assert sequences is not None
    return feature_table(sequences, config)


@cache
def known(name: str) -> Sequences:
    """Without each user's last, which is the test part."""
    return leave_last_out(sessions(name))[0]


@cache
def cases_of(name: str) -> NextItemCases:
    return next_item_cases(known(name))


@cache
def labellings(name: str) -> dict[str, np.ndarray]:
    """Groups and roles of the node2vec page."""
    return score_labels(default_graph(name), loaded(name).labels)


# --- what is planned, part by part ---


def drawn(source: Any, config: Any, umap: UMAPConfig, anchor: Any, rows: Callable[[Made], Any]) -> Planned:
    """The map of ``rows``."""

    def make(made: Made) -> Arrays:
        start = None if anchor is None else made(precomputed.map_key(source, anchor, umap, None))["positions"]
        return {"positions": umap_layout(rows(made), umap, start=start)}

    return Planned(precomputed.map_key(source, config, umap, anchor), make)


def vectors_in(key: Key) -> Callable[[Made], ItemVectors]:
    return lambda made: ItemVectors.from_arrays(made(key))


def kept_edges(sequences: Sequences) -> Planned:
    """The backbone of what is together in baskets."""

    def make(made: Made) -> Arrays:
        whole = build_item_graph(sequences, **BASKETS)
        return precomputed.graph_to_arrays(backbone(whole, **BACKBONE), whole.num_edges)

    return Planned(precomputed.graph_key(sequences, BASKETS, BACKBONE), make)


def openings(name: str) -> Plan:
    """The graph where it is a backbone, its communities and drawing, vectors and maps of the node2vec page."""
    graph = default_graph(name)
    if name == REPEATED or (loaded(name).graph is None and not graph.directed):
        yield replace(kept_edges(sessions(name)), short=name == REPEATED)
    yield Planned(precomputed.communities_key(graph, 0), lambda made: {"communities": communities(graph, 0)})
    yield Planned(precomputed.layout_key(graph, 0), lambda made: {"positions": graph_layout(graph, 0)})
    umap = UMAPConfig().for_size(len(graph))
    base = node2vec_defaults(len(graph))
    for p, q in BIASES:
        config = replace(base, p=p, q=q)
        key = precomputed.result_key("vectors", graph, config)
        yield Planned(key, partial(lambda config, made: train_node2vec(graph, config).to_arrays(), config))
        yield drawn(graph, config, umap, None if config == base else base, vectors_in(key))
    yield drawn(graph, RoleFeaturesConfig(), umap, None, lambda made: train_role_features(graph))


def sweeps(name: str) -> Plan:
    """Scores over seeds and the sweep of the node2vec page."""
    graph = default_graph(name)
    seeds, base = default_seeds(len(graph)), node2vec_defaults(len(graph))
    for p, q in BIASES:
        config = replace(base, p=p, q=q)
        yield Planned(precomputed.scores_key(graph, config), partial(score, name, config, seeds))
    config = SweepConfig(seeds=seeds, base=base, umap=UMAPConfig().for_size(len(graph)))
    yield Planned(precomputed.result_key("sweep", graph, config), lambda made: sweep(name, config))
    yield from swept_grid(name)


def score(name: str, config: Any, seeds: int, made: Made) -> Arrays:
    runs = [train_node2vec(default_graph(name), replace(config, seed=seed)) for seed in range(seeds)]
    by = labellings(name).items()
    return {label: np.array([group_score(run, groups).value for run in runs]) for label, groups in by}


def sweep(name: str, config: SweepConfig) -> Arrays:
    graph, by = default_graph(name), labellings(name)
    base = sweep_base(graph, config, by, train_node2vec)
    return sweep_to_arrays([sweep_cell(graph, config, by, base, p, q, train_node2vec) for p, q in config.cells], base)


def swept_grid(name: str) -> Plan:
    """The same sweep as the engine has it: runs of the cells, and those with fresh seeds that the verdict goes by."""
    graph, base = default_graph(name), node2vec_defaults(len(default_graph(name)))
    config = SweepConfig(seeds=default_seeds(len(graph)), base=base, umap=UMAPConfig().for_size(len(graph)))
    ground = grid_ground(config, Structure(graph, labellings(name)))

    def make(made: Made) -> Arrays:
        vectors = ItemVectors.from_arrays(made(precomputed.result_key("vectors", graph, base)))
        cells, _ = sweep_from_arrays(made(precomputed.result_key("sweep", graph, config)), vectors)
        scores = {(c.p, c.q): dict(zip(STRUCTURE, c.scores.values(), strict=True)) for c in cells}
        sweep = Sweep(ground, runs=grid_runs(ground, scores, float(held_bytes(vectors))))
        sweep.go()
        return swept_to_arrays(sweep.runs)

    yield Planned(swept_key(ground), make)


def models(name: str) -> Plan:
    """Vectors and maps of the default models."""
    graph, side_info = default_graph(name), loaded(name).side_info
    sequences = None if loaded(name).sequences is None else sessions(name)
    known: dict[str, Any] = {"sequences": sequences, "graph": graph, "side_info": side_info}
    umap = UMAPConfig().for_size(len(graph))
    for config in comparison_defaults(**known).values():
        source = training_fingerprint(config, **known)
        key = precomputed.result_key("vectors", source, config)
        yield Planned(key, partial(lambda config, made: train_model(config, **known).to_arrays(), config))
        yield drawn(source, config, umap, None, vectors_in(key))


# Runs of a second, which tests repeat: they stand for the long ones, with which they are written anew.
SHORT_TRAINING = TrainingConfig(epochs=1, batch_size=256, learning_rate=0.003, patience=None)
SHORT_ROWS = FeatureConfig(max_positives=3_000)
SHORT_LAYERS = LayerConfig(dimensions=4, features=SHORT_ROWS, training=SHORT_TRAINING)
SHORT_STARTS = PretrainingConfig(
    starts=("fm", "communities_and_roles"),
    seeds=1,
    features=SHORT_ROWS,
    network=FNN(dimensions=4, hidden=(16,)),
    fm_training=SHORT_TRAINING,
    training=SHORT_TRAINING,
)
SHORT_RECALL: tuple[ModelConfig, ...] = (
    YouTubeDNNConfig(dimensions=16, hidden=(32, 16), negative=50, max_steps=64),
    TwoTowerConfig(dimensions=16, hidden=32, max_steps=64),
)


def short_networks(name: str) -> Plan:
    """A short run of each comparison, and one of its maps."""
    yield replace(layers(name, SHORT_LAYERS), short=True)
    report = replace(starts(name, SHORT_STARTS), short=True)
    yield report
    umap, rows = UMAPConfig().for_size(len(loaded(name).items)), table_of(name, SHORT_ROWS).fingerprint
    start = "communities_and_roles"  # an FM of a second has no shape: its map turns on every rounding
    key = precomputed.networks_map_key(rows, SHORT_STARTS, start, umap)
    yield Planned(key, partial(moved, report.key, start, umap), short=True)


def networks(name: str) -> Plan:
    """Scores, learning curves and maps that the Deep models page shows first, and after its experiments."""
    if name == REPEATED:
        yield from short_networks(name)
        return
    for dimensions, power in LAYERS:
        yield layers(name, layer_defaults(dimensions, power))
    umap = UMAPConfig().for_size(len(loaded(name).items))
    for events in PRETRAINING_EVENTS:
        config = pretraining_defaults(events)
        report = starts(name, config)
        yield report
        rows = table_of(name, config.features).fingerprint
        for start in config.starts:
            yield Planned(
                precomputed.networks_map_key(rows, config, start, umap), partial(moved, report.key, start, umap)
            )


def layers(name: str, config: LayerConfig) -> Planned:
    table = table_of(name, config.features)
    key = precomputed.result_key("networks", table.fingerprint, config)
    return Planned(key, lambda made: compare_networks(table, config).to_arrays())


def starts(name: str, config: PretrainingConfig) -> Planned:
    sequences = loaded(name).sequences
    assert sequences is not None
    key = precomputed.result_key("networks", table_of(name, config.features).fingerprint, config)
    return Planned(key, lambda made: compare_starts(sequences, config).to_arrays())


def moved(report: Key, start: str, umap: UMAPConfig, made: Made) -> Arrays:
    found = PretrainingReport.from_arrays(made(report))
    return {"positions": before_and_after(found.before[start], found.after[start], umap)}


def recall(name: str) -> Plan:
    """The recall models of the Deep models page, their maps, rankings and cold items."""
    source = recall_fingerprint(known(name))
    for scorer in scorer_defaults(cases_of(name).train).values():
        yield Planned(precomputed.result_key("ranking", source, scorer), partial(scored, name, scorer))
    item2vec = item2vec_defaults(sessions(name))
    for config in recall_defaults().values():
        average = recall_spec(config).item_vectors is not None
        yield from recall_model(name, replace(config, vectors=item2vec) if average else config)
    yield cold(name, next(iter(cold_defaults().values())))
    if name == REPEATED:
        for config in SHORT_RECALL:
            model, ranking, _ = recall_model(name, config)
            yield replace(model, short=True)
            yield replace(ranking, short=True)
            if recall_spec(config).cold:
                yield replace(cold(name, config), short=True)


def features(name: str) -> Plan:
    """What user details, the age of an example and side information are worth to the recall networks."""
    details, train = loaded(name).user_details, cases_of(name).train
    short = SHORT_RECALL if name == REPEATED else ()
    for model in (YouTubeDNNConfig(), TwoTowerConfig(), *short):
        columns = [] if details is None else [column for column in details.columns if column != USER]
        sided = train.side_info is not None
        config = feature_defaults(model, columns, timed=train.timestamps is not None, side_information=sided)
        if config is not None:
            one = studied(name, replace(config, seeds=1) if model in short else config)
            yield replace(one, short=model in short)


def studied(name: str, config: FeatureStudyConfig) -> Planned:
    details, source = loaded(name).user_details, recall_fingerprint(known(name))
    key = precomputed.features_key(source, details_fingerprint(details), config)
    return Planned(key, lambda made: measure_features(cases_of(name), config, details).to_arrays())


def scored(name: str, scorer: object, made: Made) -> Arrays:
    cases = cases_of(name)
    return precomputed.rankings_to_arrays(both_figures(fit_scorer(cases.train, scorer).scores, cases))


def recall_model(name: str, config: ModelConfig) -> Plan:
    """A model, its rankings and its map; what is kept has three digits, and the other two are of exactly that."""
    source, umap = recall_fingerprint(known(name)), UMAPConfig().for_size(len(loaded(name).items))
    key = precomputed.result_key("recall", source, config)

    def ranked(made: Made) -> Arrays:
        model = RecallModel.from_arrays(made(key))
        return precomputed.rankings_to_arrays(both_figures(model.scores, cases_of(name)))

    yield Planned(key, lambda made: train_recall_model(cases_of(name).train, config).to_arrays(half=True))
    yield Planned(precomputed.result_key("ranking", source, config), ranked)
    yield drawn(source, config, umap, None, lambda made: RecallModel.from_arrays(made(key)).item_vectors)


def cold(name: str, config: ModelConfig) -> Planned:
    key = precomputed.result_key("cold", recall_fingerprint(known(name)), config)
    return Planned(key, lambda made: precomputed.cold_to_arrays(cold_item_report(known(name), config)))


def lessons(name: str) -> Plan:
    """Products of vectors against what they factorize, of the Training page."""
    default = factorization_defaults(sessions(name))
    for negative, dimensions in FACTORIZED:
        config = replace(default, model=replace(default.model, negative=negative, dimensions=dimensions))
        yield factorized(name, config)
    if name == REPEATED:
        short = replace(default.model, dimensions=8, epochs=2)
        yield replace(factorized(name, replace(default, model=short, exponents=(1.0,), seeds=1)), short=True)


def factorized(name: str, config: FactorizationConfig) -> Planned:
    key = precomputed.result_key("factorization", sessions(name), config)
    return Planned(key, lambda made: factorization(sessions(name), config).to_arrays())


def staleness(name: str) -> Plan:
    """Tables of several ages, of the Deep models page and of its experiments."""
    table = item2vec_defaults(sessions(name))
    yield aged(name, staleness_config(sessions(name), table, network=usual_network()))
    yield aged(name, staleness_config(sessions(name), table, all_before=True))
    if name == REPEATED:
        short = replace(table, dimensions=8, epochs=2, mode="sequence")
        yield replace(aged(name, StalenessConfig(table=short, ages=(0, 1), windows=2)), short=True)


def aged(name: str, config: StalenessConfig) -> Planned:
    key = precomputed.result_key("staleness", recall_fingerprint(sessions(name)), config)
    return Planned(key, lambda made: measure_staleness(sessions(name), config).to_arrays())


def arithmetic(name: str) -> Plan:
    """The analogies that fields can ask, and how often each model answers them, of the Neighbors page."""
    graph, data = default_graph(name), loaded(name)
    rows = [data.items.row(item) for item in graph.items]
    fields = {
        field: np.array([None if value == MISSING else value for value in values[rows].tolist()], dtype=object)
        for field, values in item_fields(data.labels, data.side_info).items()
    }
    asked, said = cache(partial(every_analogy, fields)), fields_fingerprint(fields)
    yield Planned(precomputed.questions_key(said), lambda made: questions_to_arrays(asked()))
    known: dict[str, Any] = {"sequences": sessions(name), "graph": graph, "side_info": data.side_info}
    configs = comparison_defaults(**known).values()
    level = joint_level(len(configs))
    for config in configs:
        source = training_fingerprint(config, **known)
        vectors = vectors_in(precomputed.result_key("vectors", source, config))
        yield Planned(precomputed.analogies_key(source, config, said, level), partial(answers, vectors, asked, level))


def answers(vectors: Callable[[Made], ItemVectors], asked: Any, level: float, made: Made) -> Arrays:
    rows = vectors(made).vectors
    return reports_to_arrays({step: report_both(rows, of, level=level) for step, of in asked().items()})


def scans(name: str) -> Plan:
    """What LSH scans and misses on the first model's vectors, of the Summary page."""
    graph = default_graph(name)
    source: str
    config: Any
    if loaded(name).sequences is None:
        source, config = graph.fingerprint, comparison_defaults(None, graph, loaded(name).side_info)["node2vec"]
    else:
        source, config = sessions(name).fingerprint, item2vec_defaults(sessions(name))
    if len(graph) < LEAST_POINTS:
        return
    vectors = vectors_in(precomputed.result_key("vectors", source, config))
    make = lambda made: precomputed.lsh_cell_to_arrays(opening_cell(vectors(made).vectors))  # noqa: E731
    yield Planned(precomputed.lsh_cell_key(source, config), make)


def figures(name: str) -> Plan:
    """The paper's Figure 3 over seeds, of the node2vec page."""
    graph, by = default_graph(name), labellings(name)
    for window in FIGURE_WINDOWS:
        config = FigureThreeConfig(base=figure_three_base(window))
        yield Planned(
            precomputed.result_key("figure_three", graph, config),
            partial(lambda config, made: figure_three(graph, by, config).to_arrays(), config),
        )
    if name == REPEATED:
        short = FigureThreeConfig(base=replace(figure_three_base(2), num_walks=2), seeds=3)
        key = precomputed.result_key("figure_three", graph, short)
        yield Planned(key, lambda made: figure_three(graph, by, short).to_arrays(), short=True)


@cache
def part_of(name: str) -> PartCases:
    return part_cases(sessions(name), Protocol())


def evaluation(name: str) -> Plan:
    """The rows of the Evaluation page with their seeds on the validation part, item vectors by both scores.

    The test part is left alone: whoever looks at it has it measured.
    """
    graph, cases = default_graph(name), part_of(name)
    vectors = comparison_defaults(sessions(name), graph, loaded(name).side_info)
    networks = [config for config in recall_defaults().values() if recall_spec(config).item_vectors is None]
    kinds = [query_kinds(cases.train, score)["decayed"] for score in SCORES]
    asked = [(config, kinds) for config in vectors.values()]
    asked += [(config, [None]) for config in (*scorer_defaults(cases.train).values(), *networks)]
    asked.append((node2vec_defaults(len(graph)), [Query()]))  # the method that Home shows
    for config, queries in asked:
        entry = Entry(name="row", config=config)
        for seed in OPENING_SEEDS if entry.seeded else OPENING_SEEDS[:1]:
            model = cache(partial(train_entry, cases, entry, seed))
            for query in queries:
                yield run(name, replace(entry, query=query), seed, model)


def run(name: str, entry: Entry, seed: int, model: Callable[[], Trained]) -> Planned:
    key = precomputed.run_key(recall_fingerprint(sessions(name)), Protocol(), entry, "validation", seed)
    make = lambda made: precomputed.run_to_arrays(measure_trained(part_of(name), entry, model(), seed))  # noqa: E731
    return Planned(key, make)


def swept(name: str) -> Plan:
    """The sweep that the Sweeps view opens with: every run of it, without its seconds."""
    spec, whole, cases = model_named(USUAL_MODEL), sessions(name), part_of(name)
    config = spec.default_config(whole, default_graph(name), loaded(name).side_info)
    ground = Ground.of(opening_plan(config, default_query(config, cases.train)), whole, cases=cases, config=config)

    def make(made: Made) -> Arrays:
        sweep = Sweep(ground)
        sweep.go()
        return swept_to_arrays(sweep.runs)

    yield Planned(swept_key(ground), make)


EVERY = tuple(info.name for info in list_datasets())
WITH_SEQUENCES = tuple(info.name for info in list_datasets() if info.sequences is not None)
# The other logs are measured when somebody asks: it takes minutes.
AGED = ("planted_shop", "complete_journey")
# Part → what plans it, and of which data sets.
PARTS: dict[str, tuple[Callable[[str], Plan], tuple[str, ...]]] = {
    "openings": (openings, EVERY),
    "sweeps": (sweeps, EVERY),
    "models": (models, EVERY),
    "networks": (networks, WITH_SEQUENCES),
    "recall": (recall, WITH_SEQUENCES),
    "features": (features, WITH_SEQUENCES),
    "evaluation": (evaluation, WITH_SEQUENCES),
    "lessons": (lessons, WITH_SEQUENCES),
    "swept": (swept, WITH_SEQUENCES),
    "arithmetic": (arithmetic, WITH_SEQUENCES),
    "scans": (scans, EVERY),
    "staleness": (staleness, AGED),
    "figures": (
        figures,
        tuple(info.name for info in list_datasets() if info.sequences is None or info.name == REPEATED),
    ),
}


def planned(part: str, name: str) -> dict[Key, Planned]:
    """What a part plans of a data set, in an order in which nothing needs a later one."""
    plan, names = PARTS[part]
    return {one.key: one for one in plan(name)} if name in names else {}


@cache
def whole_plan(name: str) -> dict[Key, Planned]:
    """What all parts plan of a data set."""
    return {key: one for part in PARTS for key, one in planned(part, name).items()}
