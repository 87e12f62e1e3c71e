"""A shop made to order: substitutes, complements, roles, telling and empty fields, drift and noise, each a setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recemb_core.arrays import BoolArray, Int64Array, StrArray
from recemb_core.datasets.designed_shop_clicks import Plan, clicks
from recemb_core.datasets.designed_shop_config import DesignedShopConfig, accessory_rows, variant_rows
from recemb_core.datasets.designed_shop_names import NOISE_FIELDS, brands, bridge_titles, shelves, slug
from recemb_core.sequences import Sequences
from recemb_core.vocabulary import Vocabulary

if TYPE_CHECKING:
    import polars as pl

__all__ = ["DesignedShop", "DesignedShopConfig", "designed_shop"]


@dataclass(frozen=True, eq=False)
class DesignedShop:
    """A shop with known truth. Rows of every array are items, in the order of ``items``.

    Attributes:
        items: by category the best-seller, the variants product by product, the accessories product by product; then
            the bridges.
        sequences: one time-ordered sequence of clicks a user, not cut into sessions.
        labels: ``"category"`` (a bridge has that of its first side), ``"role"`` ("best-seller", "brand variant",
            "accessory", "bridge") and ``"product"`` (what it is, brand aside), str (n,).
        side_info: ``title, department, collection, brand`` and fields that say nothing. Of department and collection
            one names the category, by item, and the other holds any; the brand tells of variants only.
        cold_items: the same fields for items that nobody has clicked, with ``item`` (id) and ``true_category``.
        partners: int64 (weeks, products of the shop), whose accessories a product has in a week.
        config: what it was made from.
    """

    items: Vocabulary
    sequences: Sequences
    labels: dict[str, StrArray]
    side_info: pl.DataFrame
    cold_items: pl.DataFrame
    partners: Int64Array
    config: DesignedShopConfig

    @property
    def substitutes(self) -> Int64Array:
        """Pairs of variants of one product, int64 (m, 2): never in one session but by noise."""
        first, second = np.triu_indices(self.config.variants, k=1)
        rows = variant_rows(self.config)
        return np.column_stack([rows[:, first].ravel(), rows[:, second].ravel()])

    def complements(self, week: int = 0) -> Int64Array:
        """Pairs of a variant and an accessory of its product in a week, int64 (m, 2)."""
        left, right = variant_rows(self.config), accessory_rows(self.config)[self.partners[week]]
        shape = (*left.shape, right.shape[1])
        pairs = np.broadcast_to(left[:, :, None], shape), np.broadcast_to(right[:, None, :], shape)
        return np.column_stack([side.ravel() for side in pairs])


def designed_shop(config: DesignedShopConfig | None = None) -> DesignedShop:
    """A shop whose structure is set, and a log of it over ``weeks``.

    A session has a category c (the user's favorite with probability ``taste``, else any) and an order of brands (the
    user's first with probability ``loyalty``; others by P(b) ∝ 1 / rank of b). Each click depends on the last:

        after a variant of product p       with probability ``complement`` an accessory of partner(p, week);
        after a best-seller                with probability ``club`` the best-seller of any other category, which is c;
        else                               1/6 c's best-seller (not twice running), 1/12 a bridge of c, which changes c
                                           to its other side, and the rest any product of c but the last one, in the
                                           first brand of the session's order that it has.

    So two variants of a product share a session only where ``noise`` has put one. partner(p, w) = partner(p, w − 1)
    with probability 1 − ``drift``, else any product of the category; likewise a user's favorite. In week 0 each product
    is its own partner, so drift also wears an order down: some accessories come to follow several products, others
    none. A year of it has the timestamps of 2024 on; sessions of a user are on different days, pauses inside one at
    most 30 minutes. Every click is then any item of the shop, all equally likely, with probability ``noise``.

    Raises:
        UsageError: of the config.

    >>> shop = designed_shop(DesignedShopConfig(users=100))
    >>> len(shop.items), shop.items[:3], len(shop.sequences)
    (264, ('house-blend', 'elia-espresso-machine', 'fenn-espresso-machine'), 100)
    >>> shop.labels["product"][shop.substitutes[0]].tolist()
    ['Espresso machine', 'Espresso machine']
    """
    config = config or DesignedShopConfig()
    shop_rng, side_rng, drift_rng, click_rng, noise_rng = streams(config.seed)
    names, sellers, goods, extras = shelves(config.categories, config.products, config.accessories)
    sides = bridge_sides(config)
    # (products of the shop, variants): brand of each.
    order = shop_rng.random((config.categories * config.products, config.brands)).argsort(axis=1)
    brand_of = order[:, : config.variants]
    known = brands(config.brands)
    rows: list[tuple[str, str, str, int, int]] = []  # title, product, role, category, brand
    for c, seller in enumerate(sellers):
        rows.append((seller, seller, "best-seller", c, -1))
        for p, product in enumerate(goods[c]):
            for its in brand_of[c * config.products + p].tolist():
                title = f"{known[its]} {product[0].lower()}{product[1:]}"
                rows.append((title, product, "brand variant", c, its))
        rows += [(title, title, "accessory", c, -1) for own in extras[c] for title in own]
    for title, (first, _) in zip(bridge_titles(names, sides), sides, strict=True):
        rows.append((title, title, "bridge", first, -1))
    titles, products, roles, category, brand = map(list, zip(*rows, strict=True))
    items = Vocabulary(map(slug, titles))
    where = np.array(category, dtype=np.int64)
    side_info = _side_info(titles, where, np.array(brand, dtype=np.int64), names, known, config, side_rng)
    cold = _cold_items(names, known, config, side_rng)
    partners = _drifting(
        np.repeat(np.arange(config.categories), config.products) * config.products,
        np.tile(np.arange(config.products), config.categories),
        config.products,
        config,
        drift_rng,
    )
    favorites = _drifting(
        np.zeros(config.users, np.int64),
        click_rng.integers(config.categories, size=config.users),
        config.categories,
        config,
        drift_rng,
    )
    plan = Plan(brand_of, partners, favorites, np.array(sides, dtype=np.int64).reshape(-1, 2))
    offsets, tokens, times = clicks(plan, config, click_rng, noise_rng)
    sequences = Sequences(
        items=items,
        offsets=offsets,
        tokens=tokens,
        ordered=True,
        users=np.array([f"user {u + 1}" for u in range(config.users)], dtype=np.str_),
        timestamps=times,
        side_info=side_info,
    )
    labels = {
        "category": np.asarray(names, dtype=np.str_)[where],
        "role": np.array(roles, dtype=np.str_),
        "product": np.array(products, dtype=np.str_),
    }
    return DesignedShop(items, sequences, labels, side_info, cold, partners, config)


def streams(seed: int) -> Iterator[np.random.Generator]:
    """Shop, side information, drift, clicks, noise: one stream each, so that another setting leaves the rest alone."""
    return (np.random.default_rng(one) for one in np.random.SeedSequence([seed, 18]).spawn(5))


def bridge_sides(config: DesignedShopConfig) -> list[tuple[int, int]]:
    """The categories that each bridge joins: a ring, then a ring with a step of two, and so on."""
    total = config.categories
    return [(b % total, (b + 1 + (b // total) % (total - 1)) % total) for b in range(config.bridges)]


def _drifting(
    base: Int64Array, start: Int64Array, values: int, config: DesignedShopConfig, rng: np.random.Generator
) -> Int64Array:
    """base + a value, int64 (weeks, n), that starts at ``start`` and is any of ``values`` from a week on at a rate."""
    weeks = np.empty((config.weeks, len(start)), dtype=np.int64)
    now = start
    for week in range(config.weeks):
        if week:
            turned, other = rng.random(len(now)) < config.drift, rng.integers(values, size=len(now))
            now = np.where(turned, other, now)
        weeks[week] = base + now
    return weeks


def _side_info(
    titles: list[str],
    category: Int64Array,
    brand: Int64Array,
    names: list[str],
    known: list[str],
    config: DesignedShopConfig,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Fields of items; one without a brand of its own (-1) has any."""
    import polars as pl

    n, total = len(titles), config.categories

    def field_of(truth: Int64Array, holds: BoolArray, values: int) -> Int64Array:
        """The truth where the field holds it and no noise is in the way, else any value, all equally likely."""
        kept = holds & (rng.random(n) >= config.noise)
        return np.where(kept, truth, rng.integers(values, size=n))

    in_department = rng.random(n) < 0.5
    department = field_of(category, in_department, total)
    collection = field_of(category, ~in_department, total)
    brands_said = field_of(brand, brand >= 0, len(known))
    columns = {
        "title": titles,
        "department": [names[c] for c in department.tolist()],
        "collection": [f"{names[c]} collection" for c in collection.tolist()],
        "brand": [known[b] for b in brands_said.tolist()],
    }
    for name in NOISE_FIELDS[: config.noise_fields]:
        columns[name] = [f"{name} {value + 1}" for value in rng.integers(total, size=n).tolist()]
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _cold_items(
    names: list[str], known: list[str], config: DesignedShopConfig, rng: np.random.Generator
) -> pl.DataFrame:
    """New brand variants, as evenly over the categories as their number allows."""
    import polars as pl

    category = rng.permutation(np.arange(config.cold_items) % config.categories)
    titles = [f"New in {names[c].lower()}, no. {number + 1}" for number, c in enumerate(category.tolist())]
    brand = rng.integers(len(known), size=config.cold_items)
    frame = _side_info(titles, category, brand, names, known, config, rng)
    return frame.select(
        pl.Series("item", list(map(slug, titles)), dtype=pl.String),
        pl.all(),
        pl.Series("true_category", [names[c] for c in category.tolist()], dtype=pl.String),
    )
