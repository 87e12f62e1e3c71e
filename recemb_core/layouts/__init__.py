"""Where items lie on a map."""

from recemb_core.layouts.graph import graph_layout
from recemb_core.layouts.preview import MapPreview, preview_map
from recemb_core.layouts.sampled import sample_rows, sampled_layout
from recemb_core.layouts.umap_map import SMALLEST_FOR_UMAP, UMAPConfig, aligned_layouts, umap_layout

__all__ = [
    "SMALLEST_FOR_UMAP",
    "MapPreview",
    "UMAPConfig",
    "aligned_layouts",
    "graph_layout",
    "preview_map",
    "sample_rows",
    "sampled_layout",
    "umap_layout",
]
