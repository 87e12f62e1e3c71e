"""Where items lie on a map."""

from recemb_core.layouts.graph import graph_layout
from recemb_core.layouts.umap_map import SMALLEST_FOR_UMAP, UMAPConfig, aligned_layouts, umap_layout

__all__ = ["SMALLEST_FOR_UMAP", "UMAPConfig", "aligned_layouts", "graph_layout", "umap_layout"]
