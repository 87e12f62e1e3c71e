"""The node2vec page in a few lines of the library, for the view at hand."""

from __future__ import annotations

from collections.abc import Sequence

from pages.kit import frame, session
from pages.kit.controls import Labelling
from pages.kit.graph_controls import GraphSettings
from pages.kit.session import ActiveData
from pages.views.node2vec.why import NEAREST, SECOND
from recemb_core.embeddings import Node2VecConfig
from recemb_core.evaluation.homophily import TIERS
from recemb_core.evaluation.noise import default_seeds
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.layouts import UMAPConfig


def as_python(
    data: ActiveData,
    settings: GraphSettings,
    config: Node2VecConfig,
    umap: UMAPConfig,
    view: str,
    labellings: Sequence[Labelling],
    sweep: SweepConfig | None,
) -> list[str]:
    """Lines that run as they stand: load, build, train, and what the view shows."""
    lines, imports = {"map": _map, "sweep": _sweep, "roles": _roles, "why": _why}[view](
        data, config, umap, labellings, sweep
    )
    built = settings.as_python(data)
    builders = {n for n in ("build_item_graph", "backbone") if any(n in line for line in built)}
    if any("communities(" in line for line in lines):
        builders.add("communities")
    head = sorted(
        [
            *frame.import_lines(data),
            *imports,
            *([f"from recemb_core.item_graph import {', '.join(sorted(builders))}"] if builders else []),
        ],
        key=lambda line: line.split()[1],
    )
    first = [line for line in head if " recemb_core" not in line]
    return [
        *first,
        *([""] if first else []),
        *[line for line in head if " recemb_core" in line],
        "",
        *frame.load_lines(data),
        *built,
        f"vectors = train_node2vec(graph, Node2VecConfig({_options(config)}))",
        *lines,
    ]


Lines = tuple[list[str], list[str]]
TRAIN = "from recemb_core.embeddings import Node2VecConfig, train_node2vec"


def _options(config: Node2VecConfig) -> str:
    names = ("p", "q", "dimensions", "window", "num_walks", "walk_length", "epochs", "negative", "seed")
    return ", ".join(f"{name}={getattr(config, name)!r}" for name in names)


def _drawing(umap: UMAPConfig) -> str:
    return f"drawing = UMAPConfig(n_neighbors={umap.n_neighbors}, min_dist={umap.min_dist:g}, seed={umap.seed})"


def _map(
    data: ActiveData, config: Node2VecConfig, umap: UMAPConfig, labellings: Sequence[Labelling], sweep: object
) -> Lines:
    imports = [TRAIN, "from recemb_core.layouts import UMAPConfig, umap_layout"]
    if config.p == config.q == 1:
        lines = ["positions = umap_layout(vectors, drawing)"]
    else:
        imports.append("from dataclasses import replace")
        imports.append("from recemb_core.evaluation import compare_with_control, group_score")
        lines = [
            "base = train_node2vec(graph, replace(vectors.config, p=1.0, q=1.0))  "
            "# unmoved items stay where they are here",
            "positions = umap_layout(vectors, drawing, start=umap_layout(base, drawing))",
            *_labelling_lines(data, labellings),
            f"seeds = range({config.seed}, {config.seed + default_seeds(len(labellings[0].values))})",
            "here, there = ([train_node2vec(graph, replace(one.config, seed=seed)) for seed in seeds] "
            "for one in (vectors, base))",
            "for name, groups in labellings.items():",
            "    scores, at_base = ([group_score(run, groups).value for run in runs] for runs in (here, there))",
            "    noise = compare_with_control({name: scores}, at_base)",
            "    print(name, noise.change[name], noise.verdict(name))",
        ]
        imports += _tiers(lines)
    return [_drawing(umap), *lines, f'print(vectors.most_similar("{session.chosen_item(data)}", k=10))'], imports


def _labels(data: ActiveData, by: Labelling) -> str:
    """How one labelling is made in Python."""
    if by.planted:
        return f'data.labels["{by.name}"]'
    if set(by.values) <= set(TIERS):
        return "strength_tiers(graph)"
    return "communities(graph)"  # of seed 0, as the page has them


def _labelling_lines(data: ActiveData, labellings: Sequence[Labelling]) -> list[str]:
    return ["labellings = {", *[f'    "{by.name}": {_labels(data, by)},' for by in labellings], "}"]


def _sweep(
    data: ActiveData,
    config: Node2VecConfig,
    umap: UMAPConfig,
    labellings: Sequence[Labelling],
    sweep: SweepConfig | None,
) -> Lines:
    assert sweep is not None
    lines = [
        *_labelling_lines(data, labellings),
        "base = replace(vectors.config, p=1.0, q=1.0)",
        f"grid = SweepConfig(ps={sweep.ps}, qs={sweep.qs}, seeds={sweep.seeds}, base=base)",
        "middle = sweep_base(graph, grid, labellings, train_node2vec)",
        "cells = [sweep_cell(graph, grid, labellings, middle, p, q, train_node2vec) for p, q in grid.cells]",
        "for name in labellings:",
        "    noise = judge_sweep(cells, middle, name)",
        "    for p, q in noise.change:",
        "        print(name, p, q, noise.change[p, q], noise.verdict((p, q)))",
    ]
    imports = [
        TRAIN,
        "from dataclasses import replace",
        "from recemb_core.experiments.sweep import SweepConfig, judge_sweep, sweep_base, sweep_cell",
    ]
    return lines, imports + _tiers(lines)


def _roles(
    data: ActiveData, config: Node2VecConfig, umap: UMAPConfig, labellings: Sequence[Labelling], sweep: object
) -> Lines:
    lines = [
        *_labelling_lines(data, labellings),
        "roles = train_role_features(graph)",
        "for name, groups in labellings.items():",
        "    print(name, group_score(vectors, groups).value, group_score(roles, groups).value)",
        _drawing(umap),
        "positions = umap_layout(vectors, drawing), umap_layout(roles, drawing)",
    ]
    imports = [
        "from recemb_core.embeddings import Node2VecConfig, train_node2vec, train_role_features",
        "from recemb_core.evaluation.homophily import group_score",
        "from recemb_core.layouts import UMAPConfig, umap_layout",
    ]
    return lines, imports + _tiers(lines)


def _why(
    data: ActiveData, config: Node2VecConfig, umap: UMAPConfig, labellings: Sequence[Labelling], sweep: object
) -> Lines:
    other = SECOND.value(data, among=(NEAREST, *data.items.ids))
    second = f'"{other}"' if other else "vectors.most_similar(first, k=1)[0][0]"
    lines = [
        f'first = "{session.chosen_item(data)}"',
        f"second = {second}",
        "walks = generate_walks(graph, vectors.config)",
        "a, b = graph.items.row(first), graph.items.row(second)",
        "print(explain_pair(graph, walks, a, b, window=vectors.config.window))",
    ]
    imports = [
        TRAIN,
        "from recemb_core.evaluation.explanations import explain_pair",
        "from recemb_core.walks import generate_walks",
    ]
    return lines, imports


def _tiers(lines: list[str]) -> list[str]:
    needed = any("strength_tiers" in line for line in lines)
    return ["from recemb_core.evaluation.homophily import strength_tiers"] if needed else []
