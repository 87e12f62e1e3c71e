"""What the pieces of *As Python* stand for on the LSH page."""

from __future__ import annotations

from pages.kit.code_lines import Guide, Stands

GUIDE: Guide = {
    "train_": Stands("the points", controls=("vectors",)),
    "unit_rows(": Stands("all points at length 1", controls=("unit",)),
    "queries =": Stands("the points that ask", controls=("seed",)),
    "k=": Stands(controls=("nearest",)),
    "family=": Stands(controls=("hashing",)),
    "width=": Stands(controls=("ratio",)),
    "mode=": Stands(controls=("mode",)),
    "multi_probe=": Stands(controls=("probes",)),
    "draws=": Stands(),
    "lsh_grid(": Stands("every K and L", ("lsh cost", "lsh map", "lsh paths")),
    "lsh_cell(": Stands("the red mark, with further buckets", ("lsh cost",)),
    "grid.cell(": Stands("the red mark", ("lsh cost", "lsh map"), ("mode",)),
    "best_cell(": Stands("the star", ("lsh cost", "lsh map"), ("target",)),
    "index.query(": Stands("what the chosen item finds"),
    "explain_query(": Stands("the squares, caught or missed", ("lsh catches",), ("whose",)),
    "by_table": Stands("the squares, caught or missed", ("lsh catches",)),
    "plane_points(": Stands("the cloud", ("lsh walk",), ("walk_pattern",)),
    "links=": Stands(controls=("walk_links",)),
    "ef=": Stands(controls=("walk_ef",)),
    "ef_construction=": Stands(),
    "leaf_size=": Stands(controls=("walk_leaf",)),
    "build_graph(": Stands("the layers and their links", ("lsh walk",)),
    "graph.walk(": Stands("the hops", ("lsh walk",), ("walk_query",)),
    "TreeOfCells(": Stands("the cells of the kd-tree", ("lsh walk beside",)),
    "compare_indexes(": Stands("all indexes in one race", ("lsh race", "lsh product")),
    "kd_tree_decay(": Stands("how the kd-tree falls behind", ("lsh kd",), ("axes",)),
}
