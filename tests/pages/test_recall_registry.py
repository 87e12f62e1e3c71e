"""A recall model is registered once: one more works everywhere, and is gone afterwards."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.results import Results
from recemb_core import precomputed, versions
from recemb_core.deep import RecallModel, RecallSpec, register_recall, unregister_recall
from recemb_core.deep.registry import SPECS, recall_spec
from recemb_core.deep.youtube_dnn import YouTubeDNNConfig
from recemb_core.evaluation.ranking import next_item_cases
from recemb_core.experiments.recall_indexes import compare_recall_indexes
from recemb_core.experiments.recall_models import cold_item_report, recall_defaults, train_recall_model
from recemb_core.scorers import PopularityConfig
from recemb_core.sequences import Sequences
from tests.pages.conftest import healthy
from tests.pages.test_recall_views import scorers_of

Open = Callable[..., AppTest]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class LastItemConfig:
    """How strongly the last item counts."""

    strength: float = 2.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class LastItemTower:
    """The vector of the newest item alone: no sum that the registry's other models have."""

    table: npt.NDArray[np.float32]
    history_length: int | None = None
    half_life: float | None = None
    summed = None

    def encode(self, rows: npt.NDArray, weights: npt.NDArray, codes: npt.NDArray) -> npt.NDArray[np.float32]:
        newest = np.argmax(weights > 0, axis=1)
        there = weights.any(axis=1, keepdims=True)
        return np.where(there, self.table[rows[np.arange(len(rows)), newest]], 0).astype(np.float32)

    def arrays(self) -> dict[str, npt.NDArray]:
        return {"last": self.table}


def train_last_item(sequences: Sequences, config: LastItemConfig, **_: object) -> RecallModel:
    """Items that follow each other have like vectors: one-hot codes beside those of the items before."""
    table = np.random.default_rng(config.seed).normal(size=(len(sequences.items), 8)).astype(np.float32)
    return RecallModel(
        kind="last_item",
        title="Last item",
        items=sequences.items,
        item_vectors=config.strength * table,
        tower=LastItemTower(table),
        config=config,
    )


LAST = RecallSpec(
    kind="last_item",
    config=LastItemConfig,
    defaults=lambda seed: {"Last item": LastItemConfig(seed=seed)},
    words="**Last item**: only the newest event counts.",
    train=train_last_item,
    tower=lambda arrays, length, half_life: LastItemTower(arrays["last"], length, half_life),
    version=7,
    made_by=("next_item_cases",),
)


@pytest.fixture
def registered() -> Iterator[None]:
    assert register_recall(LAST) is LAST
    yield
    if "last_item" in SPECS:
        unregister_recall("last_item")


def shop() -> Sequences:
    return Sequences.from_lists([["tea", "cup", "tea"], ["cup", "tea", "nail"], ["saw", "nail", "saw"]] * 5)


# --- the core ---


@pytest.mark.usefixtures("registered")
def test_one_more_model_is_trained_saved_loaded_measured_and_has_a_version() -> None:
    cases = next_item_cases(shop())
    config = recall_defaults(3)["Last item"]
    assert config == LastItemConfig(seed=3)
    model = train_recall_model(cases.train, config)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    again = RecallModel.load(file)
    assert again.config == config
    np.testing.assert_array_equal(again.encode(cases.histories), model.encode(cases.histories))
    points = compare_recall_indexes(
        model.encode(cases.histories), model.item_vectors, cases.targets, n=2, tables=(1,), ef_search=(10,)
    )
    assert [point.index for point in points] == ["Exact", "LSH", "HNSW"]
    assert not model.is_sum
    assert precomputed.result_key("recall", "0", config).identity["versions"] == {"last_item": 7, "next_item_cases": 1}


def test_what_is_unregistered_is_gone() -> None:
    before = dict(SPECS), dict(versions.ALGORITHMS), dict(versions.OF_CONFIG)
    register_recall(LAST)
    model = train_recall_model(shop(), LastItemConfig())
    unregister_recall("last_item")
    assert before == (dict(SPECS), versions.ALGORITHMS, versions.OF_CONFIG)
    with pytest.raises(ValueError, match=r"kind must be one of the recall models average, .* not 'last_item'"):
        RecallModel.from_arrays(model.to_arrays())
    with pytest.raises(ValueError, match="no version is known for LastItemConfig"):
        precomputed.result_key("recall", "0", LastItemConfig())
    for ask in (lambda: recall_spec(LastItemConfig()), lambda: train_recall_model(shop(), LastItemConfig())):
        with pytest.raises(ValueError, match="config must be that of a recall model"):
            ask()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "two_tower"}, "kind 'two_tower' is taken"),
        ({"config": YouTubeDNNConfig}, "config .* is taken"),
        ({"defaults": lambda seed: {"Popularity": LastItemConfig()}}, "name 'Popularity' is taken"),
        ({"made_by": ("magic",)}, "versions.ALGORITHMS, not .magic."),
    ],
)
def test_a_registration_that_does_not_fit_is_refused(changed: dict[str, object], message: str) -> None:
    before = dict(SPECS), dict(versions.ALGORITHMS)
    with pytest.raises(ValueError, match=message):
        register_recall(RecallSpec(**{**vars(LAST), **changed}))  # type: ignore[arg-type]
    assert before == (dict(SPECS), versions.ALGORITHMS)


def test_a_scorer_is_no_recall_model_and_only_some_models_place_cold_items() -> None:
    with pytest.raises(ValueError, match="config must be that of a recall model"):
        train_recall_model(shop(), PopularityConfig())
    told = replace(shop(), side_info=pl.DataFrame({"kind": ["a"] * len(shop().items)}))
    with pytest.raises(ValueError, match="youtube_dnn cannot place an item"):
        cold_item_report(told, YouTubeDNNConfig())


def test_nobody_asks_what_class_a_model_is() -> None:
    """Classes of towers and their configs are named where they live; everybody else asks the registry."""
    words = r"AverageTower|YouTubeTower|TwoTower\b|HistoryAverageConfig|YouTubeDNNConfig|TwoTowerConfig"
    homes = {spec.train.__module__ for spec in SPECS.values()} | {"recemb_core.deep"}
    files = [*(ROOT / "recemb_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), *(ROOT / "data").glob("*.py")]
    asked = re.compile(rf"isinstance\([^)]*(?:{words}|\.tower\b)|\.__name__ ==|\"(?:{words})\"")
    found = []
    for path in files:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if module in homes:
            continue
        found += [f"{path.name}: {line.strip()}" for line in path.read_text("utf-8").splitlines() if asked.search(line)]
    # A module's list of public names is no question.
    assert [line for line in found if not line.endswith('Config",')] == []


# --- the page ---


@pytest.mark.usefixtures("registered")
@pytest.mark.slow
def test_it_stands_in_the_table_the_history_and_the_index_measurement(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)
    page = healthy(open_page("deep_models", data="planted_shop"))
    next(b for b in page.button if b.label.startswith("Train")).click()
    healthy(page.run())
    assert list(page.dataframe[0].value["Model"]) == [*scorers_of("planted_shop"), *recall_defaults()]
    assert "Last item" in list(page.dataframe[0].value["Model"])
    assert any("only the newest event counts" in m.value for m in page.markdown)
    page.segmented_control(key="recall_look@planted_shop").set_value("index")
    healthy(page.run())
    page.selectbox(key="recall_index_model@planted_shop").set_value("Last item")
    healthy(page.run())
    assert any("Exact search hits" in m.value for m in page.markdown)
    page = healthy(open_page("deep_models", data="planted_shop", section="history", history_model="Last item"))
    assert any("leave one out" in c.value for c in page.caption)
    assert any(m.value.startswith("**Top 10**") for m in page.markdown)
    assert "What pulled each item (Last item)" in [head.value for head in page.subheader]
    assert len(page.table[0].value) == 10
    (shown,) = [block.value for block in page.code if "import" in block.value]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(shown, "As Python", "exec"), {})
    assert "most pulled by" in out.getvalue()
