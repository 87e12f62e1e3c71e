"""The Spark engine beside the library's own: equal sessions, edges and weights, walks equal in distribution.

One session of two threads serves the whole file. Where Java or pyspark is missing, the tests that need them are skipped
and say that nothing about Spark was tested.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2

from recemb_core.datasets import load_dataset
from recemb_core.embeddings import DeepWalkConfig, Item2VecConfig, ItemVectors, Word2VecConfig, train_deepwalk
from recemb_core.item_graph import ItemGraph, backbone
from recemb_core.item_graph.config import GraphConfig
from recemb_core.readers import CleaningConfig, ColumnMapping, InputError, Reading
from recemb_core.readers.events import parse_events
from recemb_core.sequences import Sequences, read_events
from recemb_core.spark import (
    SparkGraph,
    as_trained,
    clean_events,
    connect,
    connection,
    from_graph,
    from_sequences,
    generate_walks,
    item_edges,
    read_log,
    train_vectors,
)
from recemb_core.spark import backbone as spark_backbone
from recemb_core.spark.narrowing import _kth_largest
from recemb_core.spark.walks import _proposals
from recemb_core.validation import UsageError
from recemb_core.walks import WalkConfig, transition_probabilities
from tests.core.commands import refused, said

pytestmark = pytest.mark.slow
# Compiled simply, and without a look through Spark's own classes: so short a life never earns either back.
LIGHT_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
LIGHT = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session on one thread that compiles nothing: these tests run everything once, on a few rows."""
    pytest.importorskip("pyspark", reason="nothing about Spark was tested: pyspark is not installed (make test does)")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("nothing about Spark was tested: there is no Java (apt-get install default-jre-headless)")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SPARK_REMOTE", raising=False)
        patch.setenv("JDK_JAVA_OPTIONS", LIGHT_JAVA)
        patch.setitem(connection._ON_THIS_COMPUTER, "spark.driver.memory", "1g")
        session = connect("local[1]")
    for name, value in LIGHT.items():
        session.conf.set(name, value)
    yield session
    end(session)


def end(session: Any) -> None:
    """Stop a session and its Java, which would wait for another one until the last test of the process is over."""
    from pyspark import SparkContext

    session.stop()
    gateway = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)
    SparkContext._gateway = SparkContext._jvm = None


def lines(sequences: Sequences) -> list[tuple[Any, ...]]:
    """Who, what with which weights, and when it began: of every sequence, in an order of its own."""
    users = [""] * len(sequences) if sequences.users is None else sequences.users.tolist()
    found = []
    for number, (start, stop) in enumerate(itertools.pairwise(sequences.offsets)):
        when = () if sequences.timestamps is None else tuple(sequences.timestamps[start:stop].tolist())
        weight = () if sequences.weights is None else tuple(sequences.weights[start:stop].tolist())
        user = "unknown" if users[number].startswith("unknown ") else users[number]
        found.append((user, tuple(sequences.tokens[start:stop].tolist()), when, weight))
    return sorted(found)


def steps(sequences: Sequences) -> list[tuple[Any, ...]]:
    return [(s.name, s.rows, s.items, s.sequences) for s in sequences.report if ":" not in s.name or "filter" in s.name]


def same(spark: Any, source: Any, reading: Reading) -> Sequences:
    """The sequences of a log, once both engines have read the same."""
    here = read_events(source, reading=reading)
    there = clean_events(read_log(spark, source, reading)).collect()
    assert there.items.ids == here.items.ids
    assert there.ordered is here.ordered
    assert lines(there) == lines(here)
    assert steps(there) == [s for s in steps(here) if not s[0].startswith("side")]
    return here


# --- sessions, edges and weights of three bundled sets ---


@pytest.mark.parametrize(
    ("name", "most", "config"),
    [
        ("planted_shop", 1_500, GraphConfig(backbone="none")),
        ("designed_shop", 5_000, GraphConfig(directed=False, min_weight=2, backbone="disparity", alpha=0.2)),
        ("complete_journey", 2_000, GraphConfig(min_weight=2, share_baskets=True, per_item=3)),
    ],
)
def test_bundled_sets_give_equal_sessions_edges_weights_and_backbones(
    name: str, most: int, config: GraphConfig, spark: Any, tmp_path: Path
) -> None:
    bundled = load_dataset(name).sequences
    assert bundled is not None
    path = str(tmp_path / f"{name}.csv")
    frame = bundled.to_frame().head(most)
    # Sessions are cut by time, as from a log that does not name them; baskets are named.
    (frame.drop("session") if bundled.ordered else frame).write_csv(path)
    sequences = same(spark, path, Reading(cleaning=CleaningConfig(gap_minutes=30, min_count=2)))
    here, there = config.build(sequences), item_edges(from_sequences(spark, sequences), config)
    assert there.num_edges() == here.num_edges > 100
    alike(there, here, exact=not config.share_baskets)
    # Every rule, each of which leaves something out, on the same edges.
    whole = replace(config, backbone="none", share_baskets=False, min_weight=2).build(sequences)
    edges = from_graph(spark, whole)
    kept = [
        {"method": "disparity", "alpha": 0.1},
        {"method": "noise_corrected", "delta": 1.0},
        {"method": "noise_corrected", "delta": 0.0, "edges_per_item": 1.5},
        {"method": "top_edges", "top": 2},
    ]
    for told in kept if name == "complete_journey" else (*kept[:2], kept[3]):
        narrowed = backbone(whole, **told)  # type: ignore[arg-type]
        assert 0 < narrowed.num_edges < whole.num_edges
        alike(spark_backbone(edges, **told), narrowed)  # type: ignore[arg-type]


def alike(there: SparkGraph, here: ItemGraph, *, exact: bool = True) -> None:
    """The same edges, and the same weights: to the byte where they are counts, sums of shares to the last digits."""
    found = there.collect(here.items)
    assert found.directed is here.directed
    assert np.array_equal(found.indptr, here.indptr)
    assert np.array_equal(found.indices, here.indices)
    assert np.array_equal(found.weights, here.weights) if exact else np.allclose(found.weights, here.weights, rtol=1e-6)


@pytest.mark.parametrize("k", [1, 7, 40, 60, 99])
def test_the_value_that_so_many_edges_reach_is_exact(k: int, spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recemb_core.spark.narrowing._BUCKETS", 4)
    monkeypatch.setattr("recemb_core.spark.narrowing._IN_HAND", 5)
    values = np.concatenate([np.random.default_rng(0).normal(size=49) ** 3, np.full(50, 0.25)])
    frame = spark.createDataFrame(pl.DataFrame({"worth": values}).to_arrow())
    assert _kth_largest(frame, k) == np.sort(values)[-k]


def test_a_graph_with_next_to_no_weight_keeps_the_best_edge_of_each_item(spark: Any) -> None:
    graph = ItemGraph.from_edges([0, 0], [1, 2], [0.25, 0.5], directed=True)
    for told in ({"method": "noise_corrected"}, {"method": "disparity"}, {"method": "top_edges", "top": 1}):
        alike(spark_backbone(from_graph(spark, graph), **told), backbone(graph, **told))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="alpha"):
        spark_backbone(from_graph(spark, graph), alpha=0)


# --- every setting of the reading and the cleaning ---


LOG = pl.DataFrame(
    {
        "user": [
            " ann",
            "ann",
            "bob",
            "bob",
            "",
            "ann",
            "ann",
            "cid",
            "cid",
            "cid",
            "bob",
            "ann ",
            "NULL",
            "dan",
            "dan",
        ],
        "item": ["tea", "tea", "cup", "pot", "pot", "cup", "7.0", "tea", "tea", "pot", "tea", "pot", "tea", "cup", ""],
        "time": [0, 60, 9_000, 9_060, 5, 120, 9_999, 50, 7_000, 7_001, 9_120, 10_020, 8, 90_000, 90_001],
        "visit": ["a", "a", "b", "b", "z", "a", "c", "d", "d", "d", "b", "c", "z", "e", "e"],
        "qty": [1, 2, 3, -1, 1, 1, 2, 5, 1, 1, 2, 0, 4, 1, 1],
        "stars": [5.0, 4.0, None, 3.0, 5.0, 2.0, 5.0, 4.0, 4.0, 4.0, 5.0, 3.0, 2.0, 4.0, 4.0],
        "kind": ["view", "buy", "view", "view", "buy", "View", "view", "view", "buy", "view", "buy", "view", "view"]
        + ["view"] * 2,
        "seen": [3, 60, 10, 30, 5, 90, 40, 2, 80, 70, 33, 21, 14, 9, 9],
    }
).with_columns(time=pl.col("time") + 1_700_000_000)
BY_TIME = ColumnMapping(shape="events", user="user", item="item", timestamp="time")


@pytest.mark.parametrize(
    ("mapping", "cleaning"),
    [
        (BY_TIME, {}),
        (replace(BY_TIME, zone="+02:00", weight="qty"), {"gap_minutes": 1, "min_length": 1, "drop_repeats": False}),
        (BY_TIME, {"gap_minutes": float("inf"), "min_count": 3, "max_user_events": 4}),
        (
            replace(BY_TIME, rating="stars", event_type="kind", dwell="seen"),
            {"min_rating": 3, "event_types": ("view",), "min_dwell_seconds": 5, "min_length": 1},
        ),
        (replace(BY_TIME, session="visit"), {"max_user_events": 3, "min_length": 1}),
        (replace(BY_TIME, session="visit", keep_anonymous=False), {"min_length": 1}),
        (ColumnMapping(shape="baskets", user="user", item="item", basket="visit", weight="qty"), {"min_length": 1}),
        (ColumnMapping(shape="events", user="user", item="item", ordered=False), {}),
        (ColumnMapping(shape="events", user="user", item="item", order="seen"), {}),
    ],
    ids=range(9),
)
def test_a_log_is_read_and_cleaned_alike(
    mapping: ColumnMapping, cleaning: dict[str, Any], spark: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "log.csv")
    LOG.write_csv(path)
    same(spark, path, Reading(columns=mapping, cleaning=CleaningConfig(**cleaning)))


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%d/%m/%Y %H:%M", "%Y-%m-%d", "ms"])
def test_forms_of_times_are_read_alike(form: str, spark: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "log.csv")
    when = pl.from_epoch("time")
    LOG.with_columns(time=pl.col("time") * 1000 if form == "ms" else when.dt.strftime(form)).write_csv(path)
    reading = Reading(columns=BY_TIME)
    log = read_log(spark, path, reading)
    there = log.frame.select("user", "item", "time").toPandas()
    here = parse_events(reading.table(Path(path).read_bytes(), "log.csv"), BY_TIME).events
    assert here.time is not None
    assert np.array_equal(there["time"].to_numpy(), here.time)
    assert len(there) == len(here.time) > 10
    assert log.date_only == (form == "%Y-%m-%d")


def test_parquet_is_read_alike_with_its_own_types(spark: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "log.parquet")
    LOG.with_columns(time=pl.from_epoch("time"), visit=pl.Series(np.arange(15) // 4 + 0.0)).write_parquet(path)
    same(spark, path, Reading(columns=replace(BY_TIME, session="visit")))


def test_a_dataframe_goes_in_and_dataframes_come_out(spark: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "log.csv")
    LOG.write_csv(path)
    log = read_log(spark, spark.read.option("header", True).csv(path), Reading(columns=BY_TIME))
    sequences = clean_events(log)
    assert lines(sequences.collect()) == lines(read_events(path, reading=Reading(columns=BY_TIME)))
    assert any("no order" in note for note in sequences.notes)
    assert sequences.events.columns == ["user", "basket", "number", "position", "item", "timestamp", "weight"]


def test_what_spark_would_read_otherwise_is_refused(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,item,price\nann,tea,1\nann,cup,2\n")
    columns = ColumnMapping(shape="events", user="user", item="item", weight="price")
    with pytest.raises(InputError, match="gone"):
        read_log(spark, str(path), Reading(columns=replace(columns, item="gone")))
    path.write_text('user,item,price\nann,tea,"1,5"\nann,cup,"2,5"\n')
    with pytest.raises(InputError, match="otherwise"):
        read_log(spark, str(path), Reading(columns=columns))
    path.write_text("user,item,price\n")
    with pytest.raises(InputError, match=r"log\.csv"):
        read_log(spark, str(path), Reading(columns=columns))
    with pytest.raises(InputError, match="no rows"):
        read_log(spark, spark.createDataFrame([], "user string, item string"), Reading(columns=columns))
    with pytest.raises(InputError, match="cannot be read by Spark"):
        read_log(spark, str(tmp_path / "gone.parquet"), Reading(columns=columns))


# --- files that change, names, letters, and rows after those that the columns are judged by ---


def test_a_file_that_was_replaced_is_read_anew(spark: Any, tmp_path: Path) -> None:
    """Spark keeps frames by their plan, and the plan of a path does not know what lies there."""
    path = tmp_path / "log.csv"
    path.write_text("user,item,time\nann,tea,1700000000\nann,cup,1700000060\n")
    same(spark, str(path), Reading())
    path.write_text("user,item,time\nbob,pot,1700000000\nbob,jug,1700000090\nbob,tea,1700000099\n")
    assert set(same(spark, str(path), Reading()).items.ids) == {"pot", "jug", "tea"}


def test_columns_may_have_any_name(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("us`er,it.em,`time`\nann,tea,1700000000\nann,cup,1700000060\n")
    same(spark, str(path), Reading(columns=replace(BY_TIME, user="us`er", item="it.em", timestamp="`time`")))


@pytest.mark.parametrize("head", [4, 100])
def test_letters_in_another_encoding_are_refused_wherever_they_stand(
    head: int, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark makes one mark of every byte that is no UTF-8: café and cafè would be one item."""
    monkeypatch.setattr("recemb_core.spark.tables.HEAD", head)
    path = tmp_path / "log.csv"
    plain = "user,item,time\n" + "".join(f"ann,tea{i % 3},{1_700_000_000 + i}\n" for i in range(9))
    path.write_bytes((plain + "ann,café,1700000010\nann,cafè,1700000011\n").encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_log(spark, str(path), Reading())
    path.write_text(plain + "ann,caf\ufffd,1700000010\n")  # the file itself has such a mark
    same(spark, str(path), Reading())


def moment(number: int) -> float:
    return 1_700_000_000 + 7_777 * number + 0.123 * number


FRACTIONS = {
    "milliseconds": lambda i: f"{moment(i) * 1e3:.0f}",
    "microseconds": lambda i: f"{moment(i) * 1e6:.0f}",
    "seconds": lambda i: f"{moment(i):.3f}",
    "ISO": lambda i: f"{np.datetime64(round(moment(i) * 1e3), 'ms')}".replace("T", " "),
}


@pytest.mark.parametrize("form", FRACTIONS)
def test_parts_of_seconds_are_the_same_to_the_last_bit(form: str, spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,item,time\n" + "".join(f"u{i // 9},i{i % 5},{FRACTIONS[form](i)}\n" for i in range(90)))
    same(spark, str(path), Reading(cleaning=CleaningConfig(gap_minutes=1e4)))


def test_short_lines_are_rows_and_long_ones_are_not_as_in_the_library(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    rows = "".join(f"ann,tea{i % 3},{1_700_000_000 + i},green\n" for i in range(9))
    path.write_text(f"user,item,time,color\nann,cup,1700000000\n{rows}ann,pot,1700000099\nann\nann,jug,1,2,3\n")
    found = same(spark, str(path), Reading(columns=BY_TIME))
    assert {"cup", "pot"} <= set(found.items.ids)
    assert "jug" not in found.items.ids


LATER = {  # what the times (or amounts) of later rows are → of what the sentence speaks
    "another unit": ("1700000000000", "time_unit"),
    "a date": ("2023-11-14 22:13:20", "'2023-11-14 22:13:20'"),
    "with a decimal comma": ("1700000000,5", "1700000000,5"),
}


@pytest.mark.parametrize("case", LATER)
def test_later_times_in_another_form_are_refused_and_not_lost(
    case: str, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recemb_core.spark.tables.HEAD", 6)
    path, (time, words) = tmp_path / "log.csv", LATER[case]
    rows = "".join(f"ann;tea{i % 3};{1_700_000_000 + i}\n" for i in range(9))
    path.write_text(f"user;item;time\n{rows}ann;cup;{time}\n")
    with pytest.raises(InputError, match=words):
        read_log(spark, str(path), Reading(columns=BY_TIME))
    # What is no time to the library either is left out, and told.
    path.write_text(f"user;item;time\n{rows}ann;cup;soon\nann;cup;\nann;cup;2d\nann;cup;0\n")
    same(spark, str(path), Reading(columns=replace(BY_TIME, time_unit="seconds")))


@pytest.mark.parametrize(
    ("first", "later", "told"),
    [
        ("0{}/02/2020 10:00", "13/02/2020 10:00", {}),
        ("2020-02-0{} 10:00:00", "2020-02-09 10:00:00Z", {"zone": "+02:00"}),
        ("2020-02-0{} 10:00:00Z", "2020-02-09 10:00:00", {"zone": "+02:00"}),
    ],
)
def test_what_only_later_dates_tell_is_not_passed_over(
    first: str, later: str, told: dict[str, str], spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recemb_core.spark.tables.HEAD", 6)
    path = tmp_path / "log.csv"
    rows = "".join(f"ann,tea{i % 3},{first.format(i)}\n" for i in range(1, 9))
    path.write_text(f"user,item,time\n{rows}ann,cup,{later}\n")
    with pytest.raises(InputError, match=f"such as '{later}'"):
        read_log(spark, str(path), Reading(columns=replace(BY_TIME, **told)))


def test_later_amounts_are_numbers_where_the_library_says_so(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recemb_core.spark.tables.HEAD", 6)
    path, reading = tmp_path / "log.csv", Reading(columns=replace(BY_TIME, weight="qty"))
    rows = "".join(f"ann;tea{i % 3};{1_700_000_000 + i};2\n" for i in range(9))
    path.write_text(f"user;item;time;qty\n{rows}ann;cup;1700000010;2,5\n")
    with pytest.raises(InputError, match="decimal"):
        read_log(spark, str(path), reading)
    path.write_text(f"user;item;time;qty\n{rows}ann;cup;1700000010;2d\nann;cup;1700000011;0x1p3\n")
    assert "cup" not in same(spark, str(path), reading).items.ids


def test_many_lost_rows_are_to_be_looked_at(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recemb_core.spark.tables.HEAD", 6)
    path = tmp_path / "log.csv"
    rows = "".join(f"ann,tea{i % 3},{1_700_000_000 + i}\n" for i in range(9))
    path.write_text(f"user,item,time\n{rows}ann,cup,\nann,cup,\nann,cup,\n")
    log = read_log(spark, str(path), Reading(columns=BY_TIME))
    assert [str(a) for a in log.assumptions if a.name == "rows left out" and a.doubtful] == [
        "3 rows of 12 with no readable time in 'time' left out."
    ]


def test_a_file_is_read_by_its_name_and_no_other_that_it_would_match(spark: Any, tmp_path: Path) -> None:
    text = "user,item,time\nann,{},1700000000\nann,cup,1700000060\n"
    (tmp_path / "log1.csv").write_text(text.format("another"))
    for name in ("log[1].csv", "log?.csv", "l*.csv", "{log1,x}.csv", "b\\[].csv", "log %20#日.csv"):
        (tmp_path / name).write_text(text.format("tea"))
        assert set(same(spark, str(tmp_path / name), Reading()).items.ids) == {"tea", "cup"}
    for name in ("_log.csv", ".log.csv"):
        (tmp_path / name).write_text(text.format("tea"))
        with pytest.raises(InputError, match="passes over"):
            read_log(spark, str(tmp_path / name))


def test_what_java_cannot_read_is_a_sentence_that_says_why(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    LOG.write_parquet(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="FOOTER"):
        read_log(spark, str(path))
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(b"user,item,time\nann,tea,1\n")
    with pytest.raises(InputError, match=r"log\.csv\.gz"):
        read_log(spark, str(packed))


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (pl.Series([b"tea"] * 15), "no column 'item'"),
        (pl.Series([{"id": "tea"}] * 15), "no column 'item'"),
        (pl.Series([1, 2, 3] * 5).cast(pl.Decimal(9, 2)), "reads the items"),  # 1.00 to Spark, 1 here
    ],
    ids=["bytes", "structs", "decimals"],
)
def test_types_that_the_library_takes_for_others_are_never_read_otherwise(
    item: pl.Series, words: str, spark: Any, tmp_path: Path
) -> None:
    path = str(tmp_path / "log.parquet")
    LOG.with_columns(item=item).write_parquet(path)
    with pytest.raises(InputError, match=words):
        read_log(spark, path, Reading(columns=BY_TIME))


def test_users_of_whom_none_is_known_are_as_many_as_in_the_library(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,item,visit\nann,tea,a\n,tea,b\n,cup,b\n,pot,c\n,tea,c\n")  # ann's visit is too short
    columns = ColumnMapping(shape="events", user="user", item="item", session="visit")
    assert same(spark, str(path), Reading(columns=columns)).users is not None


# --- walks ---


def small_graph(directed: bool) -> ItemGraph:
    """Eight items with edges of weight 1 to 8; of a directed one, the last has no way on."""
    rng = np.random.default_rng(1)
    weight = rng.integers(1, 9, (8, 8)) * (rng.random((8, 8)) < 0.55)
    weight = weight * (1 - np.eye(8, dtype=int))
    if directed:
        weight[7] = 0
        weight[0, 7] = 3
    else:
        weight = np.triu(weight)
    source, target = np.nonzero(weight)
    return ItemGraph.from_edges(source, target, weight[source, target], directed=directed)


def fit(graph: ItemGraph, walks: list[list[int]], p: float, q: float) -> tuple[float, int]:
    """χ² of the steps against the closed form, and its degrees of freedom; every step must be a possible one."""
    seen: dict[tuple[int | None, int], Counter[int]] = defaultdict(Counter)
    for walk in walks:
        for at in range(1, len(walk)):
            seen[walk[at - 2] if at > 1 else None, walk[at - 1]][walk[at]] += 1
    total, freedom = 0.0, 0
    for (previous, current), counts in seen.items():
        ids, chances = transition_probabilities(graph, previous, current, p=p, q=q)
        assert set(counts) <= set(ids.tolist())
        expected = chances * counts.total()
        if len(ids) > 1 and expected.min() >= 5:
            found = np.array([counts[int(i)] for i in ids])
            total += float(((found - expected) ** 2 / expected).sum())
            freedom += len(ids) - 1
    return total, freedom


def both_graphs() -> ItemGraph:
    """An undirected graph, items 0 to 7, and a directed one, 8 to 15, beside it: one walk of Spark serves both."""
    one, two = small_graph(False), small_graph(True)
    ends = [np.concatenate([getattr(one, name), getattr(two, name) + 8]) for name in ("sources", "indices")]
    return ItemGraph.from_edges(*ends, np.concatenate([one.weights, two.weights]), directed=True)


ODDS = {
    "first order": (1.0, 1.0, None),
    "no popular items": (0.25, 4.0, None),
    "popular items": (0.25, 4.0, 2),
    "popular, most refused": (4.0, 0.25, 1),
}
ROUNDS = 700


@pytest.fixture(scope="module")
def walked(spark: Any) -> Callable[[str], list[list[int]]]:
    """Walks by these odds, made once."""

    @cache
    def walk(name: str) -> list[list[int]]:
        p, q, proposals = ODDS[name]
        config = WalkConfig(num_walks=ROUNDS, walk_length=4, p=p, q=q, seed=5)
        found = generate_walks(from_graph(spark, both_graphs()), config, proposals=proposals).toArrow()
        assert sorted(found.column("walk").to_pylist()) == list(range(ROUNDS * 16))
        lists: list[list[int]] = found.column("nodes").to_pylist()
        return lists

    return walk


@pytest.mark.parametrize("name", ODDS)
def test_walks_follow_the_closed_form(name: str, walked: Callable[[str], list[list[int]]]) -> None:
    p, q, _ = ODDS[name]
    for directed in (False, True):
        walks = [walk for walk in walked(name) if (walk[0] >= 8) is directed]
        statistic, freedom = fit(both_graphs(), walks, p, q)
        assert freedom > 50
        assert chi2.sf(statistic, freedom) > 0.001
    assert all(15 not in walk[:-1] for walk in walks)
    assert any(walk[-1] == 15 and len(walk) < 4 for walk in walks)


def test_walks_of_wrong_odds_are_noticed(walked: Callable[[str], list[list[int]]]) -> None:
    """The same test of the same walks against another p and q."""
    statistic, freedom = fit(both_graphs(), walked("no popular items"), 0.35, 3.0)
    assert chi2.sf(statistic, freedom) < 1e-6


@pytest.mark.parametrize("q", [1.0, 4.0])
def test_walks_repeat_whatever_the_partitions(q: float, spark: Any) -> None:
    graph = from_graph(spark, small_graph(False))
    dealt = SparkGraph(graph.edges.repartition(3, "weight"), graph.n_items, graph.directed)
    config = WalkConfig(num_walks=3, walk_length=3, q=q, seed=2)
    found = []
    for one, partitions in ((graph, "1"), (dealt, "3")):
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
        found.append(generate_walks(one, config, proposals=2).toArrow().sort_by("walk").to_pylist())
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    assert found[0] == found[1]
    other = generate_walks(graph, replace(config, seed=3), proposals=2).toArrow().sort_by("walk").to_pylist()
    assert other != found[0]


def test_proposals_are_refused_in_fewer_than_one_of_fifty_walks() -> None:
    for p, q in ((1.0, 2.0), (0.25, 4.0), (4.0, 0.5), (0.5, 0.5)):
        bound = max(1.0, 1 / q)
        least = min(1.0, 1 / q, min(1 / p, bound)) / bound
        assert (1 - least) ** _proposals(p, q) < 0.02


# --- vectors ---


def overlap(a: ItemVectors, b: ItemVectors) -> float:
    """Mean share of ten neighbors that two models have in common."""
    pairs = zip(a.nearest(10)[0], b.nearest(10)[0], strict=True)
    return float(np.mean([len(np.intersect1d(x, y)) / 10 for x, y in pairs]))


def test_neighbors_agree_as_two_seeds_do(spark: Any) -> None:
    graph = load_dataset("les_miserables").graph
    assert graph is not None
    usual = DeepWalkConfig(dimensions=16, window=2, num_walks=10, walk_length=10, epochs=5, hierarchical_softmax=True)
    edges = from_graph(spark, graph)
    here = [train_deepwalk(graph, replace(usual, seed=seed)) for seed in range(4)]
    there = [train_vectors(replace(usual, seed=seed), graph.items, graph=edges) for seed in range(3)]
    own = [overlap(a, b) for of in (here, there) for a, b in itertools.combinations(of, 2)]
    across = [overlap(a, b) for a, b in itertools.product(here, there)]
    assert np.mean(across) >= min(own)
    again = train_vectors(usual, graph.items, graph=SparkGraph(edges.edges.repartition(3), len(graph), graph.directed))
    assert np.array_equal(again.vectors, there[0].vectors)
    assert np.array_equal(again.counts if again.counts is not None else [], there[0].counts)


def test_what_spark_ml_does_otherwise_is_said() -> None:
    config, words = as_trained(Word2VecConfig(subsample=0.001, shrink_windows=False))
    assert (config.hierarchical_softmax, config.subsample, config.shrink_windows) == (True, 0.0, True)
    assert len(words) == 3
    assert as_trained(config) == (config, ())
    with pytest.raises(UsageError, match="CBOW"):
        as_trained(Word2VecConfig(skip_gram=False))
    with pytest.raises(UsageError, match="not Item2Vec"):
        as_trained(Item2VecConfig())


# --- the command line ---


def test_commands_run_the_same_session_file(spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, session = tmp_path / "log.csv", tmp_path / "session.toml"
    frame = load_dataset("planted_shop").sequences.to_frame().head(600).drop("session")  # type: ignore[union-attr]
    frame.write_csv(path)
    told = ["--gap", "30", "--read", "min_count=3"]
    here = said(capsys, "prepare", str(path), *told, "--save-session", str(session))
    events = tmp_path / "events.parquet"
    (tmp_path / "events.parquet.part").mkdir()  # somebody's own
    engine = ["--engine", "spark", "--master", "local[2]"]
    there = said(capsys, "prepare", "--session", str(session), *engine, "--out", str(events))
    assert there["counts"] == {name: here["counts"][name] for name in ("items", "events", "sequences")}
    assert [s["rows"] for s in there["steps"]] == [s["rows"] for s in here["steps"] if "reading" not in s["name"]]
    assert pl.read_parquet(events / "*.parquet").height == here["counts"]["events"]
    assert "is there already" in refused(capsys, "prepare", str(path), *engine, "--out", str(events))
    vectors = tmp_path / "vectors.npz"
    few = ["--set", "epochs=1", "--set", "num_walks=1", "--set", "walk_length=4", "--set", "dimensions=8"]
    trained = said(
        capsys, "train", "--session", str(session), *engine, "--model", "node2vec", "--set", "q=2", *few,
        "--out", str(vectors),
    )  # fmt: skip
    assert any("hierarchical softmax" in note for note in trained["notes"])
    assert trained["config"]["hierarchical_softmax"] is True
    brought = said(capsys, "neighbors", str(vectors), "--item", ItemVectors.load(vectors).items[0])
    assert brought
    assert len(ItemVectors.load(vectors)) == here["counts"]["items"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *("events.parquet", "events.parquet.part", "log.csv", "session.toml", "vectors.npz")
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("evaluate LOG --engine spark --model word2vec", "serves prepare and train, not evaluate"),
        ("prepare LOG --master local[2]", "--master is of --engine spark"),
        ("train LOG --engine spark --model EGES --out OUT", "trains word2vec, DeepWalk, node2vec, not EGES"),
        ("train LOG --engine spark --model word2vec --out OUT --keep", "leave out --keep"),
        ("prepare LOG --engine spark --master nowhere", "master must be"),
        ("prepare LOG --engine spark --master local[0]", "master must be"),
        ("prepare LOG --engine spark --master local[99999999999]", "master must be"),
        ("prepare LOG --engine spark --master yarn", "set HADOOP_CONF_DIR"),
        ("prepare LOG --engine spark --out LOG", "--out must end in .parquet"),
        ("prepare LOG --engine spark --out FOLDER", "is there already"),
        ("prepare LOG --engine spark --save-session FOLDER", "is a folder"),
        ("train LOG --engine spark --model word2vec --out FOLDER", "is a folder"),
        ("prepare gone.csv --engine spark", "there is no file gone.csv"),
    ],
)
def test_what_spark_does_not_serve_is_said(
    arguments: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SPARK_REMOTE", "HADOOP_CONF_DIR", "YARN_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("recemb_core.spark.connection._need_java", lambda: None)
    (tmp_path / "log.csv").write_text("user,item,time\nann,tea,0\nann,cup,60\n")
    folder = tmp_path / ("there.npz" if arguments.startswith("train") else "there.parquet")
    folder.mkdir()
    places = {"LOG": str(tmp_path / "log.csv"), "OUT": str(tmp_path / "out.npz"), "FOLDER": str(folder)}
    assert words in refused(capsys, *(places.get(a, a) for a in arguments.split()))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.csv", folder.name]


def test_bad_input_is_a_sentence_and_nothing_is_written(
    spark: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "log.csv", str(tmp_path / "out.parquet")
    path.write_text("user,item,time\nann,tea,0\nann,cup,60\n")
    engine = ["--engine", "spark", "--master", "local[2]", "--out", out]
    assert "'gone'" in refused(capsys, "prepare", str(path), *engine, "--read", "item=gone")
    assert "min_length" in refused(capsys, "prepare", str(path), *engine, "--read", "min_length=9")
    path.write_text("")
    assert refused(capsys, "prepare", str(path), *engine)
    assert [p.name for p in tmp_path.iterdir()] == ["log.csv"]


# --- what is missing ---


def test_an_unreachable_master_is_a_sentence_within_twenty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    assert connection._KNOCK + connection._ANSWER < 20
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"sc://127.0.0.1:{port}/;token=secret", f"spark://127.0.0.1:{port}"):
        monkeypatch.setattr("recemb_core.spark.connection._need_java", lambda: None)
        monkeypatch.delenv("SPARK_REMOTE", raising=False)
        with pytest.raises(UsageError, match="no Spark answers") as caught:
            connect(address)
        assert "secret" not in str(caught.value)
    monkeypatch.setenv("SPARK_REMOTE", f"sc://127.0.0.1:{port}")
    with pytest.raises(UsageError, match="no Spark answers"):
        connect()


NO_SPARK = """
import socket, sys
import pyspark.sql.connect.session
from recemb_core.spark import connect, connection
from recemb_core.validation import UsageError

server = socket.create_server(("127.0.0.1", 0))
connection._ANSWER = 1.0
try:
    connect(f"{sys.argv[1]}://127.0.0.1:{server.getsockname()[1]}")
except UsageError as error:
    print(error)
server.close()  # what listened is gone, and nobody is told goodbye
"""


@pytest.mark.parametrize(("kind", "words"), [("sc", "as Spark Connect"), ("spark", "as a Spark master")])
def test_what_listens_but_is_no_spark_is_a_sentence_too_and_the_program_ends(kind: str, words: str) -> None:
    pytest.importorskip("pyspark")
    if kind == "spark" and shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("a standalone master was not tested: there is no Java (apt-get install default-jre-headless)")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NO_SPARK, kind], capture_output=True, text=True, env=kept, timeout=120
    )
    assert f"does not answer {words} (not within " in done.stdout, done.stderr


def test_without_java_or_pyspark_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    monkeypatch.setattr("recemb_core.spark.connection._need_pyspark", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UsageError, match="default-jre-headless"):
        connect("local[2]")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(UsageError, match="in JAVA_HOME"):
        connect("local[2]")
    monkeypatch.undo()
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'recemb-explorer\[spark\]'"):
        connect("local[2]")
