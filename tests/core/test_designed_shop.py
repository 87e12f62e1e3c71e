"""The designed shop is what its config says: substitutes apart, complements in a row, drift and noise at a rate."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.datasets import load_dataset
from recemb_core.datasets.designed_shop import DesignedShop, DesignedShopConfig, designed_shop
from recemb_core.datasets.designed_shop_clicks import START
from recemb_core.datasets.designed_shop_config import accessory_rows
from recemb_core.sequences import split_sessions
from recemb_core.validation import UsageError

CLEAN = DesignedShopConfig(noise=0, users=400)


@pytest.fixture(scope="module")
def clean() -> DesignedShop:
    return designed_shop(CLEAN)


@pytest.fixture(scope="module")
def drifting() -> DesignedShop:
    return designed_shop(DesignedShopConfig(noise=0, users=400, drift=0.1))


def changed(shop: DesignedShop, **settings: float) -> DesignedShop:
    return designed_shop(DesignedShopConfig(**(vars(shop.config) | settings)))


def test_the_same_config_gives_the_same_bytes(clean: DesignedShop) -> None:
    again, other = designed_shop(CLEAN), changed(clean, seed=1)
    assert again.sequences.fingerprint == clean.sequences.fingerprint
    assert again.side_info.equals(clean.side_info)
    assert again.cold_items.equals(clean.cold_items)
    assert other.sequences.fingerprint != clean.sequences.fingerprint
    assert not other.side_info.equals(clean.side_info)


@pytest.mark.parametrize("shop", ["clean", "drifting"])
def test_substitutes_never_share_a_session(shop: str, request: pytest.FixtureRequest) -> None:
    found: DesignedShop = request.getfixturevalue(shop)
    product, role = found.labels["product"], found.labels["role"]
    for session in split_sessions(found.sequences, gap_minutes=60):
        variants = np.unique(session)[role[np.unique(session)] == "brand variant"]
        assert len(set(product[variants])) == len(variants)


@pytest.mark.parametrize("shop", ["clean", "drifting"])
def test_an_accessory_follows_a_variant_whose_it_is_that_week(shop: str, request: pytest.FixtureRequest) -> None:
    found: DesignedShop = request.getfixturevalue(shop)
    log, role = found.sequences, found.labels["role"]
    assert log.timestamps is not None
    at = np.flatnonzero(role[log.tokens] == "accessory")
    assert len(at) > 1_000
    before, week = log.tokens[at - 1], ((log.timestamps[at] - START) // (7 * 86_400)).astype(int)
    together = [set(map(tuple, found.complements(w).tolist())) for w in range(found.config.weeks)]
    # A session that begins late on a Sunday may end on a Monday, and goes by the week that it began in.
    pairs = zip(zip(before.tolist(), log.tokens[at].tolist(), strict=True), week.tolist(), strict=True)
    assert all(pair in together[w] or (w > 0 and pair in together[w - 1]) for pair, w in pairs)


def test_a_complement_follows_at_its_probability(clean: DesignedShop) -> None:
    sessions, role = split_sessions(clean.sequences, gap_minutes=60, drop_repeats=False), clean.labels["role"]
    pairs = [(role[a], role[b]) for s in sessions for a, b in pairwise(s)]
    after = [b == "accessory" for a, b in pairs if a == "brand variant"]
    club = [b == "best-seller" for a, b in pairs if a == "best-seller"]
    # Four standard errors of a share.
    assert abs(np.mean(after) - CLEAN.complement) < 4 * np.sqrt(0.25 / len(after))
    assert abs(np.mean(club) - CLEAN.club) < 4 * np.sqrt(0.25 / len(club))


def test_partners_drift_at_their_rate() -> None:
    config = DesignedShopConfig(categories=60, products=5, users=10, drift=0.05)
    partners = designed_shop(config).partners
    assert (designed_shop(DesignedShopConfig(users=10)).partners == np.arange(48)).all()
    assert (partners // 5 == np.arange(300) // 5).all()  # of the same category, always
    for age in (1, 4, 20, 51):
        expected = 1 / 5 + (1 - 1 / 5) * (1 - config.drift) ** age
        assert abs((partners[age] == partners[0]).mean() - expected) < 4 * np.sqrt(0.25 / 300)


def test_drift_wears_down_the_order_that_the_shop_begins_with() -> None:
    """One product to each family of accessories at first; of many weeks later a share (1 − 1/5)⁵ has none."""
    partners = designed_shop(DesignedShopConfig(categories=60, products=5, users=10, weeks=104, drift=0.1)).partners
    without = [1 - len(np.unique(week)) / 300 for week in partners]
    assert without[0] == 0
    assert without[5] < without[20]
    assert abs(np.mean(without[60:]) - (1 - 1 / 5) ** 5) < 0.03


def test_drift_shows_in_the_log(clean: DesignedShop, drifting: DesignedShop) -> None:
    """Of the clicks after a variant, those on its accessories of the first week: alike at both ends, or fewer late."""
    for shop, falls in ((clean, False), (drifting, True)):
        log = shop.sequences
        assert log.timestamps is not None
        first = set(map(tuple, shop.complements(0).tolist()))
        at = np.flatnonzero(np.isin(log.tokens, accessory_rows(shop.config)))
        held = np.array(
            [pair in first for pair in zip(log.tokens[at - 1].tolist(), log.tokens[at].tolist(), strict=True)]
        )
        late = log.timestamps[at] > np.median(log.timestamps)
        assert held[~late].mean() - held[late].mean() > 0.15 if falls else held.all()


def test_sessions_are_apart_and_within_the_weeks(clean: DesignedShop) -> None:
    log = clean.sequences
    assert log.timestamps is not None
    gaps = np.diff(log.timestamps)
    gaps = gaps[np.setdiff1d(np.arange(len(gaps)), log.offsets[1:-1] - 1)]
    assert (gaps > 0).all()
    assert not ((gaps > 1_800) & (gaps < 3 * 3_600)).any()
    assert (log.timestamps >= START).all()
    assert (log.timestamps < START + (CLEAN.weeks * 7 + 1) * 86_400).all()
    sessions = (gaps > 1_800).sum() + len(log)
    assert abs(sessions / CLEAN.users - CLEAN.sessions_per_user) < 4 * np.sqrt(CLEAN.sessions_per_user / CLEAN.users)


def test_one_of_two_fields_names_the_category(clean: DesignedShop) -> None:
    category, side = clean.labels["category"], clean.side_info
    in_department = side["department"].to_numpy() == category
    in_collection = side["collection"].str.strip_suffix(" collection").to_numpy() == category
    assert (in_department | in_collection).all()
    assert 0.3 < (in_department & ~in_collection).mean() < 0.7
    variants = clean.labels["role"] == "brand variant"
    first_word = side["title"].str.split(" ").list.first().to_numpy()
    assert (side["brand"].to_numpy()[variants] == first_word[variants]).all()


def test_without_any_structure_every_click_is_any_item() -> None:
    shop = designed_shop(DesignedShopConfig(noise=1))
    n, counts = len(shop.items), shop.sequences.counts
    expected = counts.sum() / n
    # χ² of n − 1 degrees of freedom, four standard deviations.
    assert ((counts - expected) ** 2 / expected).sum() < n - 1 + 4 * np.sqrt(2 * (n - 1))
    category = np.unique(shop.labels["category"], return_inverse=True)[1]
    pairs = np.concatenate([np.column_stack([s[:-1], s[1:]]) for s in shop.sequences])
    shares = np.bincount(category) / n
    same, chance = (category[pairs[:, 0]] == category[pairs[:, 1]]).mean(), (shares**2).sum()
    assert abs(same - chance) < 4 * np.sqrt(chance / len(pairs))
    told = shop.side_info["department"].to_numpy() == shop.labels["category"]
    assert abs(told.mean() - 1 / 12) < 4 * np.sqrt(1 / 12 / n)


def test_a_setting_leaves_the_rest_as_it_was(clean: DesignedShop) -> None:
    noisy, more = changed(clean, noise=0.3), changed(clean, users=500)
    kept = noisy.sequences.tokens == clean.sequences.tokens
    assert 0.65 < kept.mean() < 0.75
    np.testing.assert_array_equal(noisy.sequences.timestamps, clean.sequences.timestamps)
    assert more.side_info.equals(clean.side_info)
    assert more.items == clean.items
    np.testing.assert_array_equal(
        changed(clean, drift=0.2).partners, changed(clean, drift=0.2, noise=1, users=50).partners
    )


@settings(max_examples=15, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "categories": st.integers(2, 20),
            "products": st.integers(2, 6),
            "variants": st.integers(1, 4),
            "accessories": st.integers(1, 4),
            "bridges": st.integers(0, 40),
            "cold_items": st.integers(0, 30),
            "noise_fields": st.integers(0, 6),
            "users": st.integers(10, 60),
            "weeks": st.integers(3, 20),
            "session_length": st.floats(2, 20),
            "noise": st.floats(0, 1),
            "drift": st.floats(0, 1),
        }
    )
)
def test_any_sizes_make_a_shop(sizes: dict[str, float]) -> None:
    shop = designed_shop(DesignedShopConfig(**sizes))  # type: ignore[arg-type]
    config, n = shop.config, len(shop.items)
    assert n == config.categories * config.per_category + config.bridges == shop.side_info.height
    assert len(set(shop.side_info["title"])) == n
    assert {len(values) for values in shop.labels.values()} == {n}
    assert shop.sequences.tokens.min() >= 0
    assert shop.sequences.tokens.max() < n
    assert len(shop.cold_items) == config.cold_items
    assert (shop.labels["role"][shop.complements()] == ["brand variant", "accessory"]).all()
    product = shop.labels["product"][shop.substitutes]
    assert (product[:, 0] == product[:, 1]).all()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"noise": 1.5}, "noise must be a number from 0 to 1, not 1.5"),
        ({"noise": float("nan")}, "noise must be a number from 0 to 1"),
        ({"users": 20.5}, "users must be a whole number from 10 to 10,000"),
        ({"variants": True}, "variants must be a whole number"),
        ({"weeks": 1, "sessions_per_user": 8.0}, "sessions_per_user must be at most one a day: 7 in 1 weeks"),
        ({"users": 10_000, "sessions_per_user": 60.0}, "users must be so few that all have 500,000"),
        ({"categories": 200, "products": 20, "variants": 10, "accessories": 10}, "categories must be so few"),
        ({"noize": 1}, "designed_shop has no setting 'noize' .did you mean noise.."),
        ({"noise": "much"}, "designed_shop cannot have noise = 'much'|noise must be"),
    ],
)
def test_a_wrong_setting_is_one_sentence(setting: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_dataset("designed_shop", **setting)


def test_only_what_is_made_to_order_has_settings() -> None:
    with pytest.raises(UsageError, match="karate_club is as it is: it has no setting 'noise'; leave it out"):
        load_dataset("karate_club", noise=1)
    data = load_dataset("designed_shop", categories=3, bridges=0, users=50)
    assert data.sequences is not None
    assert (data.info.items, data.info.sequences, data.info.events) == (63, 50, len(data.sequences.tokens))
