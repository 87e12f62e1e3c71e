"""A scorer is registered once: one more is a row of the recall table, with its words and its lines of Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.results import Results
from recemb_core.datasets import load_dataset
from recemb_core.deep.registry import recall_defaults
from recemb_core.evaluation.ranking import next_item_cases, rank_next_items
from recemb_core.scorers import SCORERS, ScorerSpec, fit_scorer, register_scorer, scorer_defaults, unregister_scorer
from recemb_core.sequences import Sequences, split_sessions
from recemb_core.splits import leave_last_out
from tests.pages.conftest import healthy, run_the_python, text
from tests.pages.test_recall_views import scorers_of

Open = Callable[..., AppTest]
SHOP = "planted_shop"


@dataclass(frozen=True, kw_only=True)
class NearestNumberConfig:
    """How far a row number reaches."""

    reach: int = 3


@dataclass(frozen=True)
class NearestNumber:
    """Items whose row number is close to that of the newest event."""

    items: int
    reach: int

    def scores(self, histories: Sequence[npt.NDArray[np.integer]]) -> npt.NDArray[np.float32]:
        newest = np.array([history[-1] if len(history) else -self.items for history in histories])
        far = np.abs(newest[:, None] - np.arange(self.items)[None])
        return np.maximum(self.reach - far, 0).astype(np.float32)


def fit_nearest_number(sequences: Sequences, config: NearestNumberConfig) -> NearestNumber:
    return NearestNumber(len(sequences.items), config.reach)


SPEC = ScorerSpec(
    name="Nearest number", config=NearestNumberConfig, fit=fit_nearest_number, words="how close an item's row number is"
)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    fresh = Results()
    monkeypatch.setattr("pages.kit.results._shared_results", lambda: fresh)
    register_scorer(SPEC)
    yield
    unregister_scorer(SPEC.name)


@pytest.mark.usefixtures("registered")
@pytest.mark.slow
def test_one_more_scorer_is_a_row_with_the_figures_that_the_library_gives(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = healthy(open_page("deep_models", data=SHOP))
    table = page.dataframe[0].value
    rows = scorers_of(SHOP)
    assert table["Model"].tolist() == [*rows, *recall_defaults()]
    assert "Nearest number" in rows
    log = load_dataset(SHOP).sequences
    assert log is not None
    cases = next_item_cases(leave_last_out(split_sessions(log))[0])  # as the page reads it
    for place, config in enumerate(scorer_defaults(cases.train).values()):
        scores = fit_scorer(cases.train, config).scores
        report = rank_next_items(scores, cases.histories, cases.targets, ks=[10], exclude_seen=False)
        hit, gain = report.hit_rate[10], report.ndcg[10]
        assert table["HR@10"][place] == f"{hit.value:.3f}  [{hit.low:.3f}, {hit.high:.3f}]"
        assert table["NDCG@10"][place] == f"{gain.value:.3f}  [{gain.low:.3f}, {gain.high:.3f}]"
    assert (page.dataframe[1].value["Training"][: len(rows)] == "").all()
    assert "**Nearest number** scores by how close an item's row number is." in text(page)
    # The network of the last line is trained in the tests of the views; here anything with scores stands for it.
    monkeypatch.setattr(
        "recemb_core.deep.two_tower.train_two_tower", lambda train, _: NearestNumber(len(train.items), 1)
    )
    printed = re.findall(r"^(.+?) Estimate\(value=([\d.]+)", run_the_python(page), flags=re.MULTILINE)
    shown = {name: cell.split()[0] for name, cell in zip(table["Model"], table["HR@10"], strict=True)}
    assert {name: f"{float(value):.3f}" for name, value in printed[:-1]} == {name: shown[name] for name in rows}


@pytest.mark.usefixtures("registered")
@pytest.mark.slow
def test_what_is_slow_waits_for_its_button_and_the_floor_does_not(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.kit.jobs.LIVE_SECONDS", 0.0)
    page = healthy(open_page("deep_models", data=SHOP))
    assert page.dataframe[0].value["Model"].tolist() == ["Popularity", *recall_defaults()]
    assert "Nearest number: not measured on this data yet." in text(page)
    page.button(key=f"run scorers@{SHOP}").click()
    healthy(page.run())
    assert page.dataframe[0].value["Model"].tolist() == [*scorers_of(SHOP), *recall_defaults()]


def test_a_scorer_that_the_data_cannot_have_is_named_with_its_reason(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    lacking = replace(SCORERS["Markov chain"], missing=lambda sequences: "Nobody came twice.")
    monkeypatch.setitem(SCORERS, "Markov chain", lacking)
    page = healthy(open_page("deep_models", data=SHOP))
    assert page.dataframe[0].value["Model"].tolist() == [
        *(name for name in scorers_of(SHOP) if name != "Markov chain"),
        *recall_defaults(),
    ]
    assert SPEC.name not in text(page), "what was unregistered is gone"
    assert any("No row of Markov chain: Nobody came twice." in caption.value for caption in page.caption)
