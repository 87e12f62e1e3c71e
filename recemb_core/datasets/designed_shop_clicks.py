"""The log of the designed shop: all sessions walk at once, one click a round."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from recemb_core.arrays import BoolArray, Float64Array, Int32Array, Int64Array
from recemb_core.datasets.designed_shop_config import LONGEST_SESSION, DesignedShopConfig, accessory_rows, variant_rows

BEST_SELLER, BRIDGE = 1 / 6, 1 / 12  # of the clicks that begin something new
PAUSE_SECONDS, LONGEST_PAUSE = 90.0, 30 * 60
START = 1_704_067_200  # 2024-01-01 00:00 UTC, a Monday


@dataclass(frozen=True, eq=False)
class Plan:
    """What clicks are drawn from.

    Attributes:
        brand_of: (products of the shop, variants), the brand of each variant.
        partners: (weeks, products of the shop), whose accessories a product has.
        favorites: (weeks, users), their category.
        sides: (bridges, 2), the categories of each.
    """

    brand_of: Int64Array
    partners: Int64Array
    favorites: Int64Array
    sides: Int64Array


def clicks(
    plan: Plan, config: DesignedShopConfig, rng: np.random.Generator, noise_rng: np.random.Generator
) -> tuple[Int64Array, Int32Array, Float64Array]:
    """(offsets by user, items, unix seconds) of :func:`~recemb_core.datasets.designed_shop.designed_shop`."""
    user, day = _visits(config, rng)
    lengths = np.minimum(1 + rng.geometric(1 / (config.session_length - 1), size=len(user)), LONGEST_SESSION)
    tokens = _walk(plan, config, user, day // 7, lengths, rng)
    clicked = tokens >= 0
    items = tokens[clicked]
    replaced, other = noise_rng.random(len(items)), noise_rng.integers(_total(config), size=len(items))
    noisy: Int32Array = np.where(replaced < config.noise, other, items).astype(np.int32)
    events = np.bincount(user, weights=lengths, minlength=config.users).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(events)]).astype(np.int64)
    return offsets, noisy, _times(clicked, day, rng)


def _total(config: DesignedShopConfig) -> int:
    return config.categories * config.per_category + config.bridges


def _visits(config: DesignedShopConfig, rng: np.random.Generator) -> tuple[Int64Array, Int64Array]:
    """User and day of every session, by user and day: one on a day with equal probability, and one at least."""
    days = 7 * config.weeks
    comes = rng.random((config.users, days)) < config.sessions_per_user / days
    never = np.flatnonzero(~comes.any(axis=1))
    comes[never, rng.integers(days, size=config.users)[never]] = True
    user, day = np.nonzero(comes)
    return user, day


def _brand_scores(config: DesignedShopConfig, user: Int64Array, rng: np.random.Generator) -> Float64Array:
    """(sessions, brands): the brand with the highest score is taken, P ∝ 1 / rank, but that of a loyal user first."""
    rank = np.arange(config.brands) + 1
    scores: Float64Array = rng.gumbel(size=(len(user), config.brands)) - np.log(rank)
    own = (rng.gumbel(size=(config.users, config.brands)) - np.log(rank)).argmax(axis=1)[user]
    loyal = np.flatnonzero(rng.random(len(user)) < config.loyalty)
    scores[loyal, own[loyal]] = np.inf
    return scores


def _walk(
    plan: Plan,
    config: DesignedShopConfig,
    user: Int64Array,
    week: Int64Array,
    lengths: Int64Array,
    rng: np.random.Generator,
) -> Int64Array:
    """Items of every session, (sessions, longest), -1 after its end."""
    n, total, products = len(user), config.categories, config.products
    scores = _brand_scores(config, user, rng)
    variants, accessories = variant_rows(config), accessory_rows(config)
    starts, leads_to, bridges = _bridges(plan.sides, total)
    follows = rng.random(n) < config.taste
    category = np.where(follows, plan.favorites[week, user], rng.integers(total, size=n))
    product = np.full(n, -1)  # of the last click, where it was a variant
    last_product = np.full(n, -1)
    seller = np.zeros(n, dtype=bool)  # whether the last click was a best-seller
    tokens = np.full((n, int(lengths.max(initial=0))), -1, dtype=np.int64)
    for step in range(tokens.shape[1]):
        going = np.flatnonzero(lengths > step)
        coin, kind, which, wide = rng.random((4, len(going)))
        here, before, was_seller = category[going], product[going], seller[going]
        clubs = was_seller & (coin < config.club)
        here = np.where(clubs, (here + 1 + _pick(wide, total - 1)) % total, here)
        sells = clubs | (~was_seller & (kind < BEST_SELLER))
        joins = ~sells & (kind >= 1 - BRIDGE) & (np.diff(starts)[here] > 0)
        adds = (before >= 0) & (coin < config.complement)
        # Any product of the category but the last one of the session.
        last = last_product[going]
        same = last // products == here
        other = _pick(which, products - same)
        other += same & (other >= last % products)
        chosen = here * products + other
        variant = np.take_along_axis(scores[going], plan.brand_of[chosen], axis=1).argmax(axis=1)
        item = variants[chosen, variant]
        at = np.minimum(starts[here] + _pick(which, np.diff(starts)[here]), max(len(bridges) - 1, 0))
        if len(bridges):
            item = np.where(joins, config.categories * config.per_category + bridges[at], item)
        item = np.where(sells, here * config.per_category, item)
        partner = plan.partners[week[going], np.maximum(before, 0)]
        item = np.where(adds, accessories[partner, _pick(wide, config.accessories)], item)
        tokens[going, step] = item
        varied = ~(adds | sells | joins)
        product[going] = np.where(varied, chosen, -1)
        last_product[going] = np.where(varied, chosen, last)
        seller[going] = sells & ~adds
        crossed = joins & ~adds
        moved = np.where(crossed, leads_to[at], here) if len(bridges) else here
        category[going] = np.where(adds, category[going], moved)
    return tokens


def _pick(point: Float64Array, among: Int64Array | int) -> Int64Array:
    """Whole numbers below ``among`` from points of [0, 1)."""
    picked: Int64Array = (point * among).astype(np.int64)
    return picked


def _bridges(sides: Int64Array, categories: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    """(where each category's bridges start, the category that each leads to, the bridges), each bridge twice."""
    here, there = sides.ravel(), sides[:, ::-1].ravel()
    order = np.argsort(here, kind="stable")
    starts = np.searchsorted(here[order], np.arange(categories + 1))
    return starts, there[order], order // 2


def _times(clicked: BoolArray, day: Int64Array, rng: np.random.Generator) -> Float64Array:
    """Whole unix seconds of every click: from 06:00 to 16:00 of its day on, then pauses (log-normal, median 90 s)."""
    begins = START + day * 86_400 + 6 * 3600 + rng.integers(10 * 3600, size=len(day))
    first = np.arange(clicked.shape[1]) == 0
    pause = np.clip(rng.lognormal(math.log(PAUSE_SECONDS), 0.9, size=clicked.shape), 1, LONGEST_PAUSE)
    since = np.cumsum(np.where(first, 0.0, np.rint(pause)), axis=1)
    seconds: Float64Array = (begins[:, None] + since)[clicked]
    return seconds
