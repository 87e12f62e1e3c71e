"""What the designed shop is made of: its settings, and where its items lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recemb_core.arrays import Int64Array
from recemb_core.datasets.designed_shop_names import NOISE_FIELDS
from recemb_core.validation import is_whole, require

MOST_ITEMS, MOST_SESSIONS = 50_000, 500_000
LONGEST_SESSION = 20


def _range(default: Any, low: float, high: float, slider: tuple[float, float, float] | None = None) -> Any:
    """A field with the values that it can have, and those that a page offers: (low, high, step)."""
    return field(default=default, metadata={"range": (low, high), "slider": slider})


@dataclass(frozen=True, kw_only=True)
class DesignedShopConfig:
    """What the shop looks like; docs/designed_shop.md has the equations.

    Attributes:
        categories: number of categories; each has one best-seller.
        products: products of each category.
        variants: brand variants of each product, at most half of the shop's brands: substitutes, one of which is in a
            session.
        accessories: accessories of each product: complements, clicked after any of its variants.
        bridges: items that lead from one category to another.
        cold_items: items with side information and no click.
        noise_fields: fields of side information that say nothing.
        users: how many people click.
        sessions_per_user: mean, at least 1.
        weeks: how long the log is.
        session_length: mean number of clicks in a session, at least 2 (two and a geometric number more, at most 20).
        complement: probability that a variant is followed by an accessory of its product.
        club: probability that a best-seller is followed by that of another category.
        loyalty: probability that a session is true to the user's brand wherever a product has it.
        taste: probability that a session starts in the user's favorite category.
        drift: probability, a week, that a product gets the accessories of another one of its category, and that a user
            gets another favorite category; 0: the last week is as the first.
        noise: probability that a click is any item, and that a value of a field is any value; 1: no structure at all.
        seed: the shop, its side information, drift, clicks and noise each draw from a stream of their own.
    """

    categories: int = _range(12, 2, 200, (2, 40, 1))
    products: int = _range(4, 2, 20, (2, 8, 1))
    variants: int = _range(3, 1, 10, (1, 6, 1))
    accessories: int = _range(2, 1, 10, (1, 6, 1))
    bridges: int = _range(12, 0, 1_000, (0, 60, 1))
    cold_items: int = _range(24, 0, 1_000, (0, 120, 12))
    noise_fields: int = _range(4, 0, len(NOISE_FIELDS), (0, len(NOISE_FIELDS), 1))
    users: int = _range(2_000, 10, 10_000, (100, 3_000, 100))
    sessions_per_user: float = _range(6.0, 1, 100, (1.0, 12.0, 0.5))
    weeks: int = _range(52, 1, 104, (4, 104, 4))
    session_length: float = _range(6.0, 2, LONGEST_SESSION, (2.0, 10.0, 0.5))
    complement: float = _range(0.6, 0, 1, (0.0, 1.0, 0.05))
    club: float = _range(0.3, 0, 1, (0.0, 1.0, 0.05))
    loyalty: float = _range(0.5, 0, 1, (0.0, 1.0, 0.05))
    taste: float = _range(0.7, 0, 1, (0.0, 1.0, 0.05))
    drift: float = _range(0.0, 0, 1, (0.0, 0.5, 0.01))
    noise: float = _range(0.1, 0, 1, (0.0, 1.0, 0.05))
    seed: int = _range(0, 0, 2**32 - 1)

    def __post_init__(self) -> None:
        for name, one in self.__dataclass_fields__.items():
            value, (low, high) = getattr(self, name), one.metadata["range"]
            number = is_whole(value) or (not is_whole(one.default) and isinstance(value, float))
            kind = "a whole number" if is_whole(one.default) else "a number"
            require(number and low <= value <= high, name, value, f"{kind} from {low:,} to {high:,}")
        days = 7 * self.weeks
        sessions = self.sessions_per_user
        require(sessions <= days, "sessions_per_user", sessions, f"at most one a day: {days:,} in {self.weeks} weeks")
        total = self.users * sessions
        require(total <= MOST_SESSIONS, "users", self.users, f"so few that all have {MOST_SESSIONS:,} sessions or less")
        items = self.categories * self.per_category + self.bridges
        require(items <= MOST_ITEMS, "categories", self.categories, f"so few that the shop has {MOST_ITEMS:,} items")

    @property
    def per_category(self) -> int:
        """Items of a category: the best-seller, then variants by product, then accessories by product."""
        return 1 + self.products * (self.variants + self.accessories)

    @property
    def brands(self) -> int:
        """Brands of the shop, of which each product has ``variants``."""
        return 2 * self.variants


def variant_rows(config: DesignedShopConfig) -> Int64Array:
    """Rows of the variants, int64 (products of the shop, variants)."""
    return _rows(config, 1, config.variants)


def accessory_rows(config: DesignedShopConfig) -> Int64Array:
    """Rows of the accessories, int64 (products of the shop, accessories)."""
    return _rows(config, 1 + config.products * config.variants, config.accessories)


def _rows(config: DesignedShopConfig, start: int, each: int) -> Int64Array:
    first = np.arange(config.categories)[:, None] * config.per_category + start
    rows: Int64Array = (first + np.arange(config.products * each)).reshape(-1, each)
    return rows
