"""The staleness view: figures and words of the report it shows, logs that are too short, an upload of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.uploads.uploads import File, Upload
from recemb_core import precomputed
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import item2vec_defaults
from recemb_core.experiments.recall_models import recall_fingerprint
from recemb_core.experiments.staleness import ARMS, StalenessReport, staleness_config, usual_network
from tests.pages.conftest import ROOT, healthy, numbers, text

Open = Callable[..., AppTest]


def bundled() -> StalenessReport:
    sequences = load_dataset("complete_journey").sequences
    assert sequences is not None
    plan = staleness_config(sequences, item2vec_defaults(sequences), network=usual_network())
    found = precomputed.load_staleness(recall_fingerprint(sequences), plan)
    assert found is not None, "run python data/build_precomputed.py missing"
    return found


def written(value: float) -> str:
    shown = f"{value:+.3f}"
    return (shown if re.search("[1-9]", shown) else shown[1:]).replace("-", "−")


@pytest.mark.parametrize("measure", ["auc", "hr", "ndcg"])
def test_the_view_says_what_the_report_holds(measure: Any, open_page: Open) -> None:
    page, report = healthy(open_page("deep_models", section="staleness", stale_measure=measure)), bundled()
    name = {"auc": "AUC", "hr": "HR@10", "ndcg": "NDCG@10"}[measure]
    at = report.arms.index("network_fresh"), ("hr", "ndcg", "auc").index(measure)
    fresh, oldest = (report.figures[at[0], age, at[1]].astype(float).mean() for age in (0, -1))
    told = numbers(page)
    assert told[f"{name}, all fresh"] == f"{fresh:.3f}"
    assert told["8 weeks old"] == written(oldest - fresh)
    said = text(page)
    months = np.array(report.ages) * 7 / 30.4375
    for i, arm in enumerate(report.arms):
        levels = report.figures[i, :, at[1]].astype(float).mean(axis=1)
        slope = np.polyfit(months, levels, 1)[0]
        line = next(line for line in said.splitlines() if line.startswith(f"- {ARMS[arm]}:"))
        assert line.startswith(f"- {ARMS[arm]}: {written(slope)} (95%: ")
        low, high = (float(x.replace("−", "-")) for x in re.findall(r"[−+]?\d\.\d{3}", line)[1:3])
        assert ("beyond noise" in line) == (
            low > 0 or high < 0 or (0 in (low, high) and report.slope(arm, measure).sign)
        )
    table = page.dataframe[0].value
    assert table["Schedule"].to_list()[:2] == ["Table daily, network daily", "Table weekly, network daily"]
    daily, weekly = table["Seconds a week"].to_list()[:2]
    assert np.isclose(daily, 7 * (report.seconds["table"] + report.seconds["network"]))
    assert np.isclose(weekly, report.seconds["table"] + 7 * report.seconds["network"])
    assert f"{report.questions:,} questions ({len(report.users):,} cases" in said


def log(weeks: float, users: int = 24, *, times: bool = True) -> bytes:
    draw, lines = np.random.default_rng(0), ["user,item,time" if times else "user,item"]
    for user in range(users):
        for at in np.sort(draw.uniform(0, weeks * 604_800, 12)):
            for step in range(3):
                when = f",{int(1_600_000_000 + at + 60 * step)}" if times else ""
                lines.append(f"u{user},{'ab'[user % 2]}{draw.integers(8)}{when}")
    return "\n".join(lines).encode()


def opened(content: bytes, **values: Any) -> AppTest:
    upload = Upload(File("clicks.csv", content), None)
    page = AppTest.from_file(str(ROOT / "pages" / "deep_models.py"), default_timeout=180)
    page.session_state["uploads"], page.session_state["data"] = {upload.key: upload}, upload.key
    for name, value in ({"section": "staleness"} | values).items():
        page.session_state[f"{name}@{upload.key}"] = value
    return healthy(page.run())


def test_a_log_without_times_or_too_short_is_told_in_a_sentence() -> None:
    said = text(opened(log(12, times=False)))
    assert "these sequences have no timestamps" in said
    assert "map a column for the time." in said
    page = opened(log(3))
    assert "the log spans 3.0 weeks" in text(page)
    assert "give a longer log" in text(page)
    assert not page.metric
    assert any("A table is trained" in one.value for one in page.markdown)


def test_ages_that_the_log_has_no_room_for_are_told_beside_the_controls() -> None:
    page = opened(log(9), stale_oldest=8, stale_windows=6)
    assert re.search(r"the log spans \d\.\d weeks, and tables up to 8 weeks old, asked about 6 weeks", text(page))
    assert page.slider  # to choose fewer


@pytest.mark.slow
def test_an_upload_is_measured() -> None:
    page = opened(log(12), stale_top="mean", stale_windows=3, stale_oldest=2, stale_table="word2vec")
    if not page.metric:
        next(button for button in page.button if button.label.startswith("Train")).click()
        healthy(page.run())
    assert "AUC, all fresh" in numbers(page)
    assert "Table weekly" in page.dataframe[0].value["Schedule"].to_list()
    assert "3 weeks that begin" in text(page)
