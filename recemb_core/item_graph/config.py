"""How the graph that walks use is made of sequences, as one frozen value: its edges, and which of them are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from recemb_core.item_graph.backbone import backbone
from recemb_core.item_graph.build import build_item_graph
from recemb_core.item_graph.graph import ItemGraph
from recemb_core.validation import is_whole, require

if TYPE_CHECKING:
    from recemb_core.sequences import Sequences

Kept = Literal["auto", "noise_corrected", "disparity", "top_edges", "none"]
# Nearly every basket pair occurs once, so a co-occurrence graph needs a backbone before it says anything.
DEFAULT_BACKBONE: dict[str, Kept] = {"transitions": "none", "co_occurrence": "noise_corrected"}


@dataclass(frozen=True, kw_only=True)
class GraphConfig:
    """What :func:`build_item_graph` and :func:`backbone` are told; the defaults are those of the pages.

    Attributes:
        edges: ``"transitions"`` (directly follows), ``"co_occurrence"`` (is together with), or ``"auto"``:
            transitions where order is known.
        directed: transitions only; False adds up i → j and j → i.
        weighted: False: every kept edge counts 1.
        min_weight: edges seen less often are left out before the backbone is taken.
        share_baskets: each basket shares one unit among its pairs; co-occurrence only.
        content: fields of side information whose shared values join items as well.
        backbone: ``"noise_corrected"`` (edges beyond popularity), ``"disparity"``, ``"top_edges"`` (heaviest of each
            item), ``"none"`` (all edges), or ``"auto"``: none of transitions, noise-corrected of co-occurrence.
        per_item: edges an item, on average, of ``"noise_corrected"``.
        alpha: significance level of ``"disparity"``.
        top: edges an item of ``"top_edges"``.

    >>> from recemb_core.sequences import Sequences
    >>> shop = Sequences.from_lists([["tea", "milk", "tea"], ["tea", "milk"]])
    >>> GraphConfig(directed=False).build(shop).weights.tolist()
    [3.0, 3.0]
    """

    edges: Literal["auto", "transitions", "co_occurrence"] = "auto"
    directed: bool = True
    weighted: bool = True
    min_weight: float = 1
    share_baskets: bool = False
    content: tuple[str, ...] = ()
    backbone: Kept = "auto"
    per_item: float = 8
    alpha: float = 0.01
    top: int = 10

    def __post_init__(self) -> None:
        known = ("auto", "transitions", "co_occurrence")
        require(self.edges in known, "edges", self.edges, "'auto', 'transitions' or 'co_occurrence'")
        methods = ("auto", "noise_corrected", "disparity", "top_edges", "none")
        require(self.backbone in methods, "backbone", self.backbone, ", ".join(map(repr, methods)))
        for name in ("directed", "weighted", "share_baskets"):
            require(isinstance(getattr(self, name), bool), name, getattr(self, name), "true or false")
        named = isinstance(self.content, tuple) and all(isinstance(field, str) for field in self.content)
        require(named, "content", self.content, "names of fields")
        for name in ("min_weight", "per_item", "alpha"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            require(number, name, value, "a number, at least 0")
        require(is_whole(self.top) and self.top >= 0, "top", self.top, "a whole number, at least 0")

    def resolved(self, ordered: bool) -> GraphConfig:
        """The same with nothing left to ``"auto"``, for sequences with or without order."""
        edges = self.edges if self.edges != "auto" else "transitions" if ordered else "co_occurrence"
        kept = self.backbone if self.backbone != "auto" else DEFAULT_BACKBONE[edges]
        return replace(self, edges=edges, backbone=kept)

    @property
    def building(self) -> dict[str, Any]:
        """What :func:`build_item_graph` is told; of a resolved config."""
        transitions = self.edges == "transitions"
        return {
            "edges": self.edges,
            "directed": self.directed if transitions else False,
            "weighted": self.weighted,
            "min_weight": self.min_weight,
            "share_baskets": self.share_baskets and not transitions,
            "side_info_fields": self.content,
        }

    @property
    def narrowed(self) -> dict[str, Any]:
        """What :func:`backbone` is told; empty where all edges stay."""
        told: dict[str, tuple[str, float]] = {
            "noise_corrected": ("edges_per_item", self.per_item),
            "disparity": ("alpha", self.alpha),
            "top_edges": ("top", self.top),
        }
        return {"method": self.backbone} | dict([told[self.backbone]]) if self.backbone in told else {}

    def build(self, sequences: Sequences) -> ItemGraph:
        """The graph of these sequences."""
        config = self.resolved(sequences.ordered)
        whole = build_item_graph(sequences, **config.building)
        return backbone(whole, **config.narrowed) if config.narrowed else whole
