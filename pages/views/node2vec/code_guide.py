"""What the pieces of *As Python* stand for on the node2vec page."""

from __future__ import annotations

from pages.kit.code_lines import Guide, Stands

_MAPS = Stands("where the points lie", ("left map", "map", "gliding map", "node2vec map", "roles map"))
GUIDE: Guide = {
    "train_node2vec(": Stands("the vectors behind scores and pictures"),
    "train_role_features(": Stands("the vectors of the right map", ("roles map",)),
    "n_neighbors=": Stands(controls=("umap_neighbors",)),
    "umap_layout(": _MAPS,
    "sampled_layout(": _MAPS,
    "most_similar(": Stands("the nearest, in thin rings", ("left map", "map", "gliding map")),
    "compare_with_control(": Stands("what is said of the change against p = q = 1"),
    "group_score(": Stands("the two scores above the picture"),
    "ps=": Stands(controls=("sweep_ps",)),
    "qs=": Stands(controls=("sweep_qs",)),
    "seeds=": Stands(controls=("sweep_seeds",)),
    "aim=": Stands(controls=("sweep_by",)),
    "minutes=": Stands(controls=("sweep_most_minutes",)),
    "grid_scores(": Stands("the numbers of the phase maps", ("phase",)),
    "judge_grid(": Stands("which of them are alike within noise", ("phase",)),
    "second =": Stands("the second item", ("ways",), ("why",)),
    "generate_walks(": Stands("the walks that are counted", ("ways", "context shares")),
    "explain_pair(": Stands("the counts of the pair", ("ways",)),
    "neighborhood(": Stands("the grey marks: how often each context is met", ("context shares",)),
    "walk_objective(": Stands("the marks of the three readings", ("context shares",)),
    "figure_three_base(": Stands(controls=("figure_window",)),
    "figure_three(": Stands("the intervals of both settings", ("figure three",)),
}
