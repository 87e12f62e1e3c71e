"""Item graphs: who follows whom, or who is bought with whom."""

from recemb_core.item_graph.backbone import backbone
from recemb_core.item_graph.build import build_item_graph, field_codes
from recemb_core.item_graph.communities import communities, connected_groups
from recemb_core.item_graph.graph import ItemGraph

__all__ = ["ItemGraph", "backbone", "build_item_graph", "communities", "connected_groups", "field_codes"]
