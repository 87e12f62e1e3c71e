"""The node2vec page in a few lines of the library, for the view at hand."""

from __future__ import annotations

from collections.abc import Callable

from pages.kit import frame, large
from pages.kit.controls import Labelling
from pages.kit.graph_controls import GraphSettings
from pages.kit.session import ActiveData
from pages.kit.text import quoted
from pages.views.node2vec.figure_three import Asked, python_lines
from pages.views.node2vec.one_setting import Shown
from pages.views.node2vec.sweep_grid import AskedGrid
from pages.views.node2vec.why import NEAREST, SECOND
from recemb_core.embeddings import Node2VecConfig
from recemb_core.evaluation.homophily import TIERS
from recemb_core.evaluation.noise import default_seeds
from recemb_core.layouts import UMAPConfig

Lines = tuple[list[str], list[str]]  # imports, and what follows the training
TRAIN = "from recemb_core.embeddings import Node2VecConfig, train_node2vec"


def as_python(shown: Shown, settings: GraphSettings, view: str, sweep: AskedGrid | None) -> list[str]:
    """Lines that run as they stand: load, build, train, and what the view shows."""
    imports, lines = _sweep(shown, sweep) if sweep is not None else _VIEWS[view](shown)
    trained = f"vectors = train_node2vec(graph, Node2VecConfig({_options(shown.config)}))"
    return _whole(shown.data, settings, imports, [trained, *lines])


def figure_python(asked: Asked, settings: GraphSettings) -> list[str]:
    """The same of Figure 3's view."""
    return _whole(asked.data, settings, *python_lines(asked, _labels))


def _whole(data: ActiveData, settings: GraphSettings, imports: list[str], lines: list[str]) -> list[str]:
    built = settings.as_python(data)
    everything = "\n".join([*built, *lines])
    if "strength_tiers" in everything:
        imports = [*imports, "from recemb_core.evaluation.homophily import strength_tiers"]
    builders = [name for name in ("backbone", "build_item_graph", "communities") if f"{name}(" in everything]
    if builders:
        imports = [*imports, f"from recemb_core.item_graph import {', '.join(builders)}"]
    return [*frame.sorted_imports([*frame.import_lines(data), *imports]), "", *frame.load_lines(data), *built, *lines]


def _options(config: Node2VecConfig) -> str:
    names = ("p", "q", "dimensions", "window", "num_walks", "walk_length", "epochs", "negative", "seed")
    return ", ".join(f"{name}={getattr(config, name)!r}" for name in names)


def _drawing(umap: UMAPConfig) -> str:
    return f"drawing = UMAPConfig(n_neighbors={umap.n_neighbors}, min_dist={umap.min_dist:g}, seed={umap.seed})"


def _layout(shown: Shown) -> tuple[str, str]:
    """What lays a map out here, and what it is told besides: of large data a sample."""
    most = large.on_map(shown.data)
    return ("umap_layout", "") if most is None else ("sampled_layout", f", sample={most}")


def _map(shown: Shown) -> Lines:
    config, (layout, more) = shown.config, _layout(shown)
    imports = [TRAIN, f"from recemb_core.layouts import UMAPConfig, {layout}"]
    lines = [f"positions = {layout}(vectors, drawing{more})"]
    if not config.p == config.q == 1:
        imports += [
            "from dataclasses import replace",
            "from recemb_core.evaluation import compare_with_control, group_score",
        ]
        lines = [
            "base = train_node2vec(graph, replace(vectors.config, p=1.0, q=1.0))  "
            "# unmoved items stay where they are here",
            f"positions = {layout}(vectors, drawing{more}, start={layout}(base, drawing{more}))",
            *_labelling_lines(shown),
            f"seeds = range({config.seed}, {config.seed + default_seeds(len(shown.graph))})",
            "here, there = ([train_node2vec(graph, replace(one.config, seed=seed)) for seed in seeds] "
            "for one in (vectors, base))",
            "for name, groups in labellings.items():",
            "    scores, at_base = ([group_score(run, groups).value for run in runs] for runs in (here, there))",
            "    noise = compare_with_control({name: scores}, at_base)",
            "    print(name, noise.change[name], noise.verdict(name))",
        ]
    return imports, [_drawing(shown.umap), *lines, f"print(vectors.most_similar({quoted(shown.item)}, k=10))"]


def _labels(by: Labelling) -> str:
    """How one labelling is made in Python."""
    if by.planted:
        return f"data.labels[{quoted(by.name)}]"
    # Communities of seed 0, as the page has them.
    return "strength_tiers(graph)" if set(by.values) <= set(TIERS) else "communities(graph)"


def _labelling_lines(shown: Shown) -> list[str]:
    return ["labellings = {", *[f"    {quoted(by.name)}: {_labels(by)}," for by in shown.labellings], "}"]


def _sweep(shown: Shown, sweep: AskedGrid) -> Lines:
    grid, more = sweep.config, "" if sweep.minutes is None else f", minutes={sweep.minutes!r}"
    return [
        TRAIN,
        "from recemb_core.experiments.sweep import SweepConfig",
        "from recemb_core.sweeps import STRUCTURE, Structure, Sweep, grid_ground, grid_scores, judge_grid",
    ], [
        *_labelling_lines(shown),
        f"grid = SweepConfig(ps={grid.ps}, qs={grid.qs}, seeds={grid.seeds}, base=vectors.config)",
        f"sweep = Sweep(grid_ground(grid, Structure(graph, labellings), aim={sweep.aim!r}{more}))",
        "print(sweep.go().words)",
        "scores = grid_scores(sweep.plan, sweep.runs)",
        "for aim in STRUCTURE:",
        "    noise = judge_grid(scores, aim)",
        "    for p, q in noise.change:",
        "        print(aim, p, q, noise.change[p, q], noise.verdict((p, q)))",
    ]


def _roles(shown: Shown) -> Lines:
    layout, more = _layout(shown)
    return [
        "from recemb_core.embeddings import Node2VecConfig, train_node2vec, train_role_features",
        "from recemb_core.evaluation.homophily import group_score",
        f"from recemb_core.layouts import UMAPConfig, {layout}",
    ], [
        *_labelling_lines(shown),
        "roles = train_role_features(graph)",
        "for name, groups in labellings.items():",
        "    print(name, group_score(vectors, groups).value, group_score(roles, groups).value)",
        _drawing(shown.umap),
        f"positions = {layout}(vectors, drawing{more}), {layout}(roles, drawing{more})",
    ]


def _why(shown: Shown) -> Lines:
    other = SECOND.value(shown.data, among=(NEAREST, *shown.data.items.ids))
    second = quoted(other) if other else "vectors.most_similar(first, k=1)[0][0]"
    return [
        TRAIN,
        "from recemb_core.evaluation.explanations import explain_pair",
        "from recemb_core.walks import generate_walks",
    ], [
        f"first = {quoted(shown.item)}",
        f"second = {second}",
        "walks = generate_walks(graph, vectors.config)",
        "a, b = graph.items.row(first), graph.items.row(second)",
        "print(explain_pair(graph, walks, a, b, window=vectors.config.window))",
    ]


def _objective(shown: Shown) -> Lines:
    return [
        TRAIN,
        "from recemb_core.evaluation.walk_objective import neighborhood, walk_objective",
        "from recemb_core.walks import generate_walks",
    ], [
        f"row = graph.items.row({quoted(shown.item)})",
        "walks = generate_walks(graph, vectors.config)",
        "around = neighborhood(walks, row, len(graph), vectors.config.window)",
        "found = walk_objective(vectors, around)",
        "for reading in (found.one_table, found.two_tables, found.with_noise):",
        "    print(reading.dots, reading.log_z, reading.value, reading.by_context)",
        "print(found.best, found.uniform, found.trained, found.trained_best)",
    ]


_VIEWS: dict[str, Callable[[Shown], Lines]] = {"map": _map, "roles": _roles, "why": _why, "objective": _objective}
