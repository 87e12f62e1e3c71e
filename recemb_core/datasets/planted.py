"""Synthetic shops whose categories and roles are known: the truth that embeddings are tested against."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import BoolArray, Float64Array, Int64Array, StrArray
from recemb_core.item_graph import ItemGraph
from recemb_core.sequences import Sequences
from recemb_core.validation import require
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

# Category: best-seller: ten accessories. Larger shops go on with numbered names.
CATALOGUE = """
Camping: Tent: Tent pegs, Groundsheet, Guy ropes, Tent footprint, Camping lantern, Tent repair kit, Mallet,
  Porch awning, Tent carpet, Storage pockets
Cycling: Road bike: Bike lock, Bottle cage, Bike pump, Chain oil, Inner tube, Saddle bag, Bike lights,
  Mudguards, Tyre levers, Handlebar tape
Coffee: Espresso machine: Milk jug, Coffee tamper, Descaler, Espresso cups, Knock box, Coffee grinder, Filter
  basket, Group brush, Bean canister, Milk thermometer
Photography: Mirrorless camera: Camera strap, Memory card, Spare battery, Lens cloth, Camera bag, Tripod, Lens
  filter, Battery charger, Screen protector, Remote release
Baking: Stand mixer: Dough hook, Whisk attachment, Mixing bowl, Pouring shield, Pasta roller, Baking scale,
  Pastry brush, Piping bags, Cake tins, Mixer cover
Gardening: Lawn mower: Mower blade, Grass bags, Edge trimmer, Lawn feed, Grass seed, Leaf rake, Mower cover,
  Mower oil, Spark plug, Garden gloves
Music: Acoustic guitar: Guitar strings, Guitar picks, Capo, Guitar strap, Clip-on tuner, Guitar stand, Gig
  bag, String winder, Fretboard oil, Music stand
Painting: Easel: Canvas pad, Acrylic paints, Brush set, Palette, Palette knife, Gesso, Varnish, Brush washer,
  Painting apron, Masking tape
Fishing: Fishing rod: Fishing reel, Fishing line, Hooks, Lures, Floats, Landing net, Tackle box, Rod rest,
  Bait bucket, Line cutter
Running: Running shoes: Running socks, Shoe laces, Insoles, Running belt, Sports watch, Head torch, Anti-chafe
  balm, Running cap, Reflective vest, Shoe deodorant
Dogs: Dog bed: Dog bowl, Dog lead, Dog collar, Chew toy, Dog blanket, Grooming brush, Poo bags, Dog treats,
  Dog shampoo, Tick remover
Babies: Pram: Rain cover, Changing bag, Cup holder, Footmuff, Parasol, Pram blanket, Pram toy, Bumper bar,
  Insect net, Pram hooks
Skiing: Skis: Ski poles, Ski bindings, Ski wax, Ski goggles, Ski bag, Ski socks, Edge sharpener, Ski gloves,
  Ski helmet, Ski straps
Gaming: Games console: Controller, Charging dock, Headset, HDMI cable, Console stand, Thumb grips, External
  drive, Carry case, Dust cover, Racing wheel
Sewing: Sewing machine: Sewing needles, Bobbins, Thread set, Fabric scissors, Presser feet, Pin cushion, Tape
  measure, Seam ripper, Extension table, Machine oil
Grilling: Gas barbecue: Grill brush, Grill tongs, Barbecue cover, Gas regulator, Skewers, Meat thermometer,
  Smoker box, Pizza stone, Drip trays, Griddle plate
"""
PRICE_BANDS = ("under 20", "20 to 100", "over 100")
_BRANDS = "Alder Birch Cedar Dunmore Elmwood Fjell Granite Harbor Iris Juniper Kestrel Lumen Moss Nordwand Otter Pebble"
_START = 1_704_067_200  # 2024-01-01 00:00 UTC
_LONGEST_SESSION = 60
_LONGEST_PAUSE, _SHORTEST_ABSENCE = 30 * 60, 2 * 3600
_RANGES = {
    **{"categories": (2, 1_000), "accessories": (1, 200)},
    **dict.fromkeys(("accessory_link", "side_info_strength", "taste"), (0, 1)),
    **{"bridges": (0, 10_000), "cold_items": (0, 10_000), "users": (0, 100_000)},
    **{"sessions_per_user": (1, 100), "session_length": (2, _LONGEST_SESSION)},
}


@dataclass(frozen=True, kw_only=True)
class PlantedShopConfig:
    """What the shop looks like; the defaults are the shop of 176 items that q visibly rearranges.

    Attributes:
        categories: number of categories, each with one best-seller.
        accessories: accessories of each best-seller.
        accessory_link: probability that two accessories of one category are joined; larger hides the best-seller.
        accessory_weight: weight of every edge inside a category.
        club_weight: weight of the edges among best-sellers; larger draws them together across categories.
        bridges: items that join two categories each.
        bridge_links: accessories that a bridge is joined to in each of its two categories.
        side_info_strength: probability that a field of an item tells the truth, else it holds any value, all equally
            likely; 0 is pure noise, 1 no noise.
        cold_items: items with side information and no edge or click.
        users: how many people click.
        sessions_per_user: mean, at least 1 (one session and a Poisson number more).
        session_length: mean number of clicks in a session, at least 2 (two and a geometric number more, at most 60).
        taste: probability that a session starts in the user's favourite category.
        pause_minutes: median time between clicks of a session (log-normal, at most 30 minutes).
        absence_hours: median time between sessions of a user (log-normal, at least 2 hours).
        seed: the graph, the side information and the clicks each draw from a stream of their own.
    """

    categories: int = 16
    accessories: int = 10
    accessory_link: float = 0.3
    accessory_weight: float = 1.0
    club_weight: float = 3.0
    bridges: int = 0
    bridge_links: int = 3
    side_info_strength: float = 0.9
    cold_items: int = 16
    users: int = 2_000
    sessions_per_user: float = 4.0
    session_length: float = 5.5
    taste: float = 0.7
    pause_minutes: float = 1.5
    absence_hours: float = 36.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            require(least <= value <= most, name, value, f"from {least:,} to {most:,}")
        for name in ("accessory_weight", "club_weight", "pause_minutes", "absence_hours"):
            value = getattr(self, name)
            require(value > 0 and math.isfinite(value), name, value, "a positive finite number")
        links, allowed = self.bridge_links, f"from 1 to accessories = {self.accessories}"
        require(1 <= links <= self.accessories, "bridge_links", links, allowed)
        require(0 <= self.seed < 2**32, "seed", self.seed, "from 0 to 2^32 − 1")


@dataclass(frozen=True, eq=False)
class PlantedShop:
    """A shop with known truth. Rows of every array are items, in the order of ``items``.

    Attributes:
        items: best-seller, accessories, best-seller, accessories, …, then the bridges.
        graph: undirected and weighted.
        sequences: one time-ordered sequence of clicks a user, not cut into sessions.
        labels: ``"category"`` (a bridge has that of its first side) and ``"role"`` ("best-seller", "accessory",
            "bridge"), str (n,).
        side_info: fields ``title, department, brand, price_band``. The department names the category, a brand is at
            home in two neighboring categories, the price band follows the role; each only at the set strength.
        cold_items: the same fields for items outside the graph, with ``item`` (id) and ``true_category``.
        config: what it was made from.
    """

    items: Vocabulary
    graph: ItemGraph
    sequences: Sequences
    labels: dict[str, StrArray]
    side_info: pl.DataFrame
    cold_items: pl.DataFrame
    config: PlantedShopConfig


def planted_shop(config: PlantedShopConfig | None = None) -> PlantedShop:
    """A shop in which each category has a best-seller with its accessories and the best-sellers form a club.

    Edges: best-seller with each of its accessories, accessories of a category with each other at random, every two
    best-sellers, and each bridge with a few accessories of two categories. Clicks are first-order walks on the graph,
    P(j | i) = w_ij / Σ_k w_ik, that start where long walks would be (in proportion to strength), so the transition
    counts are in proportion to the edge weights. Sessions can be told apart by time: inside one no gap exceeds
    30 minutes, between two none is below 2 hours.

    >>> shop = planted_shop(PlantedShopConfig(users=100))
    >>> len(shop.items), shop.items[0], len(shop.sequences)
    (176, 'tent', 100)
    >>> shop.labels["role"][:2].tolist(), shop.graph.neighbors(0)[1].max()
    (['best-seller', 'accessory'], np.float32(3.0))
    """
    import polars as pl

    config = config or PlantedShopConfig()
    # One stream each, so that more users or other side information leave the graph as it is.
    graph_rng, side_rng, click_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(config.seed).spawn(3))
    names, leaders, goods = _catalogue(config)
    categories, per = config.categories, config.accessories + 1
    source, target, weight, sides = _edges(config, graph_rng)
    titles = [title for leader, own in zip(leaders, goods, strict=True) for title in (leader, *own)]
    titles += _bridge_titles(leaders, sides)
    items = Vocabulary(_slug(title) for title in titles)
    graph = ItemGraph.from_edges(source, target, weight, directed=False, items=items)
    category = np.concatenate([np.repeat(np.arange(categories), per), sides[:, 0]])
    roles = np.full(len(items), "accessory", dtype="<U11")
    roles[: categories * per : per] = "best-seller"
    roles[categories * per :] = "bridge"
    side_info = _side_info(titles, category, roles == "best-seller", names, config, side_rng)
    cold_category = side_rng.permutation(np.arange(config.cold_items) % categories)
    numbers = np.arange(config.cold_items) + 1
    cold_titles = [f"New in {names[c].lower()}, no. {number}" for c, number in zip(cold_category, numbers, strict=True)]
    cold = _side_info(cold_titles, cold_category, np.zeros(config.cold_items, bool), names, config, side_rng)
    ids, truth = [_slug(t) for t in cold_titles], [names[c] for c in cold_category]
    cold = cold.select(
        pl.Series("item", ids, dtype=pl.String), pl.all(), pl.Series("true_category", truth, dtype=pl.String)
    )
    sequences = _clickstream(graph, category, side_info, config, click_rng)
    labels = {"category": np.asarray(names, dtype=np.str_)[category], "role": roles.astype(np.str_)}
    return PlantedShop(items, graph, sequences, labels, side_info, cold, config)


def _catalogue(config: PlantedShopConfig) -> tuple[list[str], list[str], list[list[str]]]:
    """Category names, best-seller titles and accessory titles, as many as the config asks for."""
    names, leaders, goods = [], [], []
    shelves = [line.split(": ") for line in CATALOGUE.replace("\n  ", " ").strip().splitlines()]
    for c in range(config.categories):
        name, leader, listed = shelves[c] if c < len(shelves) else (f"Category {c + 1}", f"Best-seller {c + 1}", "")
        own = listed.split(", ") if listed else []
        own += [f"{leader} accessory {a + 1}" for a in range(len(own), config.accessories)]
        names.append(name)
        leaders.append(leader)
        goods.append(own[: config.accessories])
    return names, leaders, goods


def _edges(
    config: PlantedShopConfig, rng: np.random.Generator
) -> tuple[Int64Array, Int64Array, Float64Array, Int64Array]:
    """Source, target and weight of every edge, and the two categories of every bridge, int64 (bridges, 2)."""
    per = config.accessories + 1
    leaders = np.arange(config.categories, dtype=np.int64) * per
    star = np.column_stack([np.repeat(leaders, config.accessories), (leaders[:, None] + np.arange(1, per)).ravel()])
    first, second = (np.array(np.triu_indices(config.accessories, k=1)) + 1).astype(np.int64)
    joined = rng.random((config.categories, len(first))) < config.accessory_link
    c, pair = np.nonzero(joined)
    among = np.column_stack([leaders[c] + first[pair], leaders[c] + second[pair]])
    club = np.array(list(combinations(leaders.tolist(), 2)), dtype=np.int64)
    sides = np.empty((config.bridges, 2), dtype=np.int64)
    sides[:, 0] = rng.integers(config.categories, size=config.bridges)
    sides[:, 1] = (sides[:, 0] + rng.integers(1, config.categories, size=config.bridges)) % config.categories
    parts, weights = [star, among, club], [config.accessory_weight, config.accessory_weight, config.club_weight]
    for b, side in enumerate(sides):
        bridge = config.categories * per + b
        for chosen in side:
            ends = leaders[chosen] + 1 + rng.permutation(config.accessories)[: config.bridge_links]
            parts.append(np.column_stack([np.full(len(ends), bridge, dtype=np.int64), ends]))
            weights.append(config.accessory_weight)
    edges = np.concatenate(parts)
    return edges[:, 0], edges[:, 1], np.repeat(weights, [len(part) for part in parts]), sides


def _bridge_titles(leaders: list[str], sides: Int64Array) -> list[str]:
    """ "Tent and skis gift set", numbered where a pair of categories has several bridges."""
    titles: list[str] = []
    seen: Counter[tuple[int, int]] = Counter()
    for a, b in sides.tolist():
        seen[a, b] += 1
        ending = f" no. {seen[a, b]}" if seen[a, b] > 1 else ""
        titles.append(f"{leaders[a]} and {leaders[b].lower()} gift set{ending}")
    return titles


def _side_info(
    titles: list[str],
    category: Int64Array,
    is_best_seller: BoolArray,
    names: list[str],
    config: PlantedShopConfig,
    rng: np.random.Generator,
) -> pl.DataFrame:
    import polars as pl

    n, total = len(titles), config.categories

    def noisy(truth: Int64Array, values: int) -> Int64Array:
        """The truth with probability ``side_info_strength``, else any value, all equally likely."""
        return np.where(rng.random(n) < config.side_info_strength, truth, rng.integers(values, size=n))

    department = noisy(category, total)
    brand = noisy((category + rng.integers(2, size=n)) % total, total)
    price = noisy(np.where(is_best_seller, 2, rng.integers(2, size=n)), 3)
    brands = [*_BRANDS.split(), *(f"Brand {i + 1}" for i in range(16, total))]
    return pl.DataFrame(
        {
            "title": titles,
            "department": [names[c] for c in department],
            "brand": [brands[b] for b in brand],
            "price_band": [PRICE_BANDS[band] for band in price],
        },
        schema=dict.fromkeys(("title", "department", "brand", "price_band"), pl.String),
    )


def _slug(title: str) -> str:
    return "-".join("".join(ch if ch.isalnum() else " " for ch in title.lower()).split())


def _clickstream(
    graph: ItemGraph, category: Int64Array, side_info: pl.DataFrame, config: PlantedShopConfig, rng: np.random.Generator
) -> Sequences:
    """All sessions walk at once, one step a round; then they are strung together by user."""
    sessions = 1 + rng.poisson(config.sessions_per_user - 1, size=config.users)
    user = np.repeat(np.arange(config.users), sessions)
    lengths = np.minimum(1 + rng.geometric(1 / (1 + (config.session_length - 2)), size=len(user)), _LONGEST_SESSION)
    here = _starts(graph, category, user, config, rng)
    ends = np.cumsum(graph.weights, dtype=np.float64)
    begins = np.concatenate([[0.0], ends])
    tokens = np.full((len(user), int(lengths.max(initial=0))), -1, dtype=np.int32)
    for step in range(tokens.shape[1]):
        going = np.flatnonzero(lengths > step)
        tokens[going, step] = here[going]
        first, stop = graph.indptr[here[going]], graph.indptr[here[going] + 1]
        point = begins[first] + rng.random(len(going)) * (begins[stop] - begins[first])
        # Rounding may carry a point past the last edge of its row.
        edge = np.minimum(np.searchsorted(ends, point, side="right"), stop - 1)
        here[going] = graph.indices[edge]
    clicked = tokens >= 0
    events = np.bincount(user, weights=lengths, minlength=config.users).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(events)]).astype(np.int64)
    return Sequences(
        items=graph.items,
        offsets=offsets,
        tokens=tokens[clicked],
        ordered=True,
        users=np.array([f"user {u + 1}" for u in range(config.users)], dtype=np.str_),
        timestamps=_timestamps(clicked, offsets, config, rng),
        side_info=side_info,
    )


def _starts(
    graph: ItemGraph, category: Int64Array, user: Int64Array, config: PlantedShopConfig, rng: np.random.Generator
) -> Int64Array:
    """First items: a favourite category by its strength, an item in it by its strength; overall by strength alone."""
    order = np.argsort(category, kind="stable")
    ends = np.cumsum(graph.strength[order])
    last = np.searchsorted(category[order], np.arange(config.categories), side="right")
    bounds = np.concatenate([[0.0], ends[last - 1]])
    favourite = np.searchsorted(bounds[1:], rng.random(config.users) * bounds[-1], side="right")[user]
    low, high = bounds[favourite], bounds[favourite + 1]
    follows = rng.random(len(user)) < config.taste
    low, high = np.where(follows, low, 0.0), np.where(follows, high, bounds[-1])
    point = low + rng.random(len(user)) * (high - low)
    rows: Int64Array = order[np.minimum(np.searchsorted(ends, point, side="right"), len(order) - 1)]
    return rows


def _timestamps(
    clicked: BoolArray, offsets: Int64Array, config: PlantedShopConfig, rng: np.random.Generator
) -> Float64Array:
    """Unix seconds, whole, of every click, float64 (n_events,)."""
    starts_session = np.broadcast_to(np.arange(clicked.shape[1]) == 0, clicked.shape)[clicked]
    n = len(starts_session)
    pause = np.clip(rng.lognormal(math.log(config.pause_minutes * 60), 0.9, size=n), 1, _LONGEST_PAUSE)
    absence = np.maximum(rng.lognormal(math.log(config.absence_hours * 3600), 1.0, size=n), _SHORTEST_ABSENCE)
    gaps = np.rint(np.where(starts_session, absence, pause))
    first = offsets[:-1][np.diff(offsets) > 0]
    gaps[first] = 0
    since = np.cumsum(gaps)
    born = _START + rng.integers(7 * 86_400, size=len(offsets) - 1)
    user = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    seconds: Float64Array = born[user] + since - since[offsets[:-1][user]]
    return seconds
