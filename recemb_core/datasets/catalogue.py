"""What a data set is, and the list of them: each registered once, and then in the library and on every page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from recemb_core.arrays import StrArray
from recemb_core.config_fields import changed
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError, require
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["baskets", "clickstream", "graph"]


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """What a page says about a data set before it is loaded.

    Attributes:
        name: short name for URLs and :func:`load_dataset`; small letters, digits and underscores.
        title: display name.
        description: one sentence.
        kind: ``"baskets"``, ``"clickstream"`` (ordered, time-stamped) or ``"graph"`` (no behavior).
        source: who made it.
        license: under which terms it may be used.
        citation: what to cite, or None.
        url: where it comes from, or None.
        items: number of items.
        sequences: number of sequences, or None without behavior.
        events: number of events, or None without behavior.
        edges: number of edges of its own graph (undirected edges once), or None.
        imports: lines of Python that register it, where the library does not.
        settings: config class of one that is made to order, whose fields :func:`load_dataset` takes; the sizes above
            are those of its defaults.
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
    imports: tuple[str, ...] = ()
    settings: type[Any] | None = None


@dataclass(frozen=True, eq=False)
class Dataset:
    """A loaded data set; rows of every array and frame are items, in the order of ``items``.

    Attributes:
        info: title, source, license and sizes.
        items: the vocabulary, shared by ``sequences`` and ``graph``.
        sequences: behavior, or None.
        graph: the data set's own graph, which walks use as it is, weights and all; None where one is to be built.
        labels: known groups by name, str (n,) each.
        side_info: one row an item with ``title`` and further fields; None where there is nothing to say.
        cold_items: items outside the graph and behavior (``item``, the fields of ``side_info``, ``true_category``),
            or None.
        user_details: a row a user: ``user``, as the sequences name them, and categorical facts; or None.
    """

    info: DatasetInfo
    items: Vocabulary
    sequences: Sequences | None = None
    graph: ItemGraph | None = None
    labels: dict[str, StrArray] = field(default_factory=dict)
    side_info: pl.DataFrame | None = None
    cold_items: pl.DataFrame | None = None
    user_details: pl.DataFrame | None = None

    @cached_property
    def titles(self) -> StrArray:
        """Display names, str (n,); the id where there is no title."""
        if self.side_info is None or "title" not in self.side_info.columns:
            return np.array(self.items.ids, dtype=np.str_)
        pairs = zip(self.side_info["title"].to_list(), self.items, strict=True)
        return np.array([title or item for title, item in pairs], dtype=np.str_)


Load = Callable[..., Dataset]  # of the info and, where it has settings, a config
_registered: dict[str, tuple[DatasetInfo, Load]] = {}


def register_dataset(info: DatasetInfo) -> Callable[[Load], Load]:
    """Make a data set known, by the function that loads it: it is then in :func:`list_datasets` and on every page.

    Args:
        info: what is said of it before it is loaded; given to the function, which puts it into the :class:`Dataset`.
            With ``settings`` the function is given a config of that class as well.

    Raises:
        ValueError: the name is taken, or has other letters than a short name has.

    >>> from recemb_core.item_graph import ItemGraph
    >>> facts = dict(description="Three items.", kind="graph", source="This example", license="MIT", items=3, edges=2)
    >>> @register_dataset(DatasetInfo(name="three", title="Three", **facts))
    ... def load(info: DatasetInfo) -> Dataset:
    ...     graph = ItemGraph.from_edges(["a", "b"], ["b", "c"], directed=False)
    ...     return Dataset(info, graph.items, graph=graph)
    >>> load_dataset("three").titles.tolist()
    ['a', 'b', 'c']
    >>> unregister_dataset("three")
    """
    short = isinstance(info.name, str) and re.fullmatch(r"[a-z0-9_]+", info.name) is not None
    require(short, "name", info.name, "of small letters, digits and underscores")
    if info.name in _registered:
        raise UsageError(f"name {info.name!r} is taken by another data set")

    def register(load: Load) -> Load:
        _registered[info.name] = (info, load)
        return load

    return register


def unregister_dataset(name: str) -> None:
    """Forget a data set; what is loaded of it stays usable.

    Raises:
        ValueError: no such name.
    """
    _named(name)
    del _registered[name]


def list_datasets() -> list[DatasetInfo]:
    """What :func:`load_dataset` can load, the app's opening choice first; reads no file.

    >>> [info.name for info in list_datasets()]
    ['planted_shop', 'complete_journey', 'designed_shop', 'les_miserables', 'karate_club', 'barbell']
    """
    return [info for info, _ in _registered.values()]


def load_dataset(name: str, **settings: Any) -> Dataset:
    """A registered data set by its short name.

    Args:
        name: of :func:`list_datasets`.
        settings: fields of the config of one that is made to order (:attr:`DatasetInfo.settings`).

    Raises:
        ValueError: no such name; the message lists the names. Or a setting that the data set does not have.
        FileNotFoundError: a bundled file is missing from :data:`DATA_FOLDER`.

    >>> karate = load_dataset("karate_club")
    >>> karate.graph.num_edges, karate.titles[0], karate.labels["club"][0]
    (78, np.str_('Mr. Hi (0)'), np.str_('Mr. Hi'))
    >>> len(load_dataset("designed_shop", categories=3, bridges=0).items)
    63
    """
    info, load = _named(name)
    if info.settings is None:
        if settings:
            raise UsageError(f"{name} is as it is: it has no setting {next(iter(settings))!r}; leave it out")
        return load(info)
    return load(info, changed(info.settings(), settings, name))


def _named(name: str) -> tuple[DatasetInfo, Load]:
    if name not in _registered:
        raise UsageError(f"no data set is called {name!r}; the names are {', '.join(_registered)}")
    return _registered[name]
