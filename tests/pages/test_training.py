"""The Training page: every view on sessions, baskets and uploads; counts that add up; updates that repeat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from recemb_core.datasets import load_dataset
from recemb_core.embeddings.noise import noise_distribution, popular_rows
from recemb_core.embeddings.pair_sources import context_counts
from recemb_core.sequences import split_sessions
from tests.pages.conftest import healthy, numbers, run_the_python, text
from tests.pages.test_upload import upload

Open = Callable[..., AppTest]
VIEWS = ("window", "noise", "lookup", "steps", "cbow", "two", "costs", "learned", "set")


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click()
    return healthy(page.run())


# Of baskets, the views that make or train on pairs otherwise.
@pytest.mark.parametrize(
    ("look", "data"),
    [*((look, "planted_shop") for look in VIEWS), *((look, "complete_journey") for look in VIEWS[::2])],
)
@pytest.mark.slow
def test_every_view_shows_an_answer_and_its_python_runs(look: str, data: str, open_page: Open) -> None:
    page = healthy(open_page("training", data=data, look=look))
    assert len(page.metric) >= 4
    assert run_the_python(page).strip()


def test_a_graph_alone_says_what_is_missing(open_page: Open) -> None:
    page = healthy(open_page("training", data="les_miserables"))
    assert "this page needs sequences" in page.info[0].value
    assert not page.metric


# --- pairs ---


@pytest.mark.slow
def test_windows_and_sets_yield_as_many_pairs_as_the_formulas_say(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop"))
    n = int(numbers(page)["Items here"])
    assert int(numbers(page)["Pairs here"]) == 4 * n - 6  # window 2: 2·c·n − c·(c + 1)
    assert int(numbers(page)["All with all"]) == n * (n - 1)
    sessions = split_sessions(load_dataset("planted_shop").sequences, gap_minutes=60)
    length = sessions.lengths
    expected = np.where(length > 2, 4 * length - 6, length * (length - 1)).sum()
    assert numbers(page)["Pairs of the log"] == f"{expected:,}"
    page.slider(key="width@planted_shop").set_value(1)
    assert int(numbers(healthy(page.run()))["Pairs here"]) == 2 * (n - 1)
    page.segmented_control(key="pairs@planted_shop").set_value("set")
    healthy(page.run())
    distinct = int(numbers(page)["Items here"])
    assert int(numbers(page)["Pairs here"]) == distinct * (distinct - 1)
    printed = run_the_python(page)
    assert printed.count("→") == distinct * (distinct - 1)


@pytest.mark.slow
def test_the_window_moves_and_lists_its_pairs(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop"))
    before = page.dataframe[0].value
    assert len(before) == 2 + 3 + 4  # centers 1 to 3 of window 2
    page.button(key="window 1@planted_shop").click()
    after = healthy(page.run()).dataframe[0].value
    assert len(after) == 2 + 3 + 4 + 4
    assert after["Center"].iloc[:4].nunique() == 1
    assert after.iloc[4:].reset_index(drop=True).equals(before)
    page.slider(key="center@planted_shop").set_value(1)
    assert len(healthy(page.run()).dataframe[0].value) == 2


@pytest.mark.slow
def test_shrinking_keeps_some_pairs_and_repeats_by_seed(open_page: Open) -> None:
    def pairs(**query: str) -> int:
        return int(numbers(healthy(open_page("training", data="planted_shop", width="10", **query)))["Pairs here"])

    whole = pairs()
    shrunk = [pairs(shrink="True", seed=str(seed)) for seed in (0, 0, 1, 2)]
    assert max(shrunk) <= whole
    assert min(shrunk) < whole
    assert shrunk[0] == shrunk[1]
    assert len(set(shrunk)) > 1


# --- noise ---


@pytest.mark.slow
def test_the_exponent_changes_what_is_popular_among_negatives(open_page: Open) -> None:
    counts = split_sessions(load_dataset("planted_shop").sequences, gap_minutes=60).counts
    for exponent in ("-1", "0", "0.75", "1"):
        page = healthy(open_page("training", data="planted_shop", look="noise", exponent=exponent))
        share = noise_distribution(counts, float(exponent))[popular_rows(counts)].sum()
        assert numbers(page)["Popular negatives"] == f"{share:.1%}"
    assert numbers(page)["Popular negatives"] == f"{counts[popular_rows(counts)].sum() / counts.sum():.1%}"


# --- updates ---


@pytest.mark.slow
def test_updates_add_up_repeat_and_start_again(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop", look="steps", updates="0"))
    assert numbers(page)["Score of the pair"] == "0.500"
    assert "every v′ is zero" in text(page)
    press(page, "+ 1")
    assert "In the first update v cannot move" in text(page)
    assert numbers(page)["Loss now"] == "4.16"  # 6·log 2
    for label in ("+ 10", "+ 100"):
        press(page, label)
    assert numbers(page)["Updates"] == "111"
    again = healthy(open_page("training", data="planted_shop", look="steps", updates="111"))
    assert numbers(again) == numbers(page)
    press(page, "+ 1,000")
    assert float(numbers(page)["Score of the pair"]) > 0.95
    assert float(numbers(page)["Noise watched"]) < 0.1
    table = page.dataframe[0].value
    assert table["y"].tolist() == [1] + [0] * (len(table) - 1)
    assert (table["σ before"] - table["y"]).tolist() == pytest.approx(table["σ − y"].tolist())
    press(page, "Start again")
    assert numbers(page)["Updates"] == "0"


@pytest.mark.parametrize("source", ["sequence", "log"])
@pytest.mark.slow
def test_one_sequence_and_the_whole_log_are_trained_on(source: str, open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop", look="steps", source=source, updates="1000"))
    first = numbers(page)
    assert first["Updates"] == "1,000"
    printed = run_the_python(page)
    assert f"{float(first['Score of the pair']):.3f}"[:4] in printed
    page.select_slider(key="rate@planted_shop").set_value(0.01)
    assert numbers(healthy(page.run()))["Score of the pair"] != first["Score of the pair"]


# --- four losses ---


@pytest.mark.slow
def test_four_objectives_agree_with_the_log_after_training(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop", look="costs"))
    table = next(d.value for d in page.dataframe if "p(o | c)" in d.value.columns)
    sessions = split_sessions(load_dataset("planted_shop").sequences, gap_minutes=60)
    contexts = context_counts(sessions, int(np.argmax(sessions.counts)), 2)
    truth = contexts.max() / contexts.sum()
    assert f"**{truth:.4f}**" in text(page)
    assert table["p(o | c)"].tolist() == pytest.approx([truth] * 4, rel=0.35)
    assert table["Sum over all"].tolist()[:2] == pytest.approx([1, 1])
    assert table["Sum over all"].tolist()[2:] == pytest.approx([1, 1], abs=0.2)
    assert numbers(page)["Full softmax"] == f"{176 * 8:,} products"
    path = next(d.value for d in page.dataframe if "P(bit)" in d.value.columns)
    assert int(numbers(page)["Hierarchical"].replace(",", "").removesuffix(" products")) == 8 * len(path)
    assert path["p so far"].iloc[-1] == pytest.approx(table["p(o | c)"].iloc[1])


@pytest.mark.slow
def test_untrained_they_believe_what_the_page_says(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop", look="costs", learned="0"))
    table = next(d.value for d in page.dataframe if "p(o | c)" in d.value.columns)
    path = next(d.value for d in page.dataframe if "P(bit)" in d.value.columns)
    assert table["p(o | c)"].iloc[0] == pytest.approx(1 / 176)
    assert table["p(o | c)"].iloc[1] == pytest.approx(0.5 ** len(path))
    assert table["p(o | c)"].iloc[2] == pytest.approx(1)


# --- every view: uploads, links, reset ---


@pytest.mark.parametrize(
    "log",
    [b"basket,item\n1,tea\n1,milk\n2,tea\n2,milk\n2,cup\n", b"user,item,timestamp\na,x,0\na,y,60\n"],
    ids=["baskets", "two items"],
)
@pytest.mark.slow
def test_uploads(log: bytes, app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    healthy(upload(app, "mine.csv", log))
    app.switch_page("pages/training.py").run()
    healthy(app)
    key = app.query_params["data"][0] if isinstance(app.query_params["data"], list) else app.query_params["data"]
    for look in VIEWS:
        app.segmented_control(key=f"look@{key}").set_value(look)
        healthy(app.run())
        assert len(app.metric) >= 4, look


@pytest.mark.slow
def test_an_item_in_large_sets_only_is_explained(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/sequences.py").run()
    log = "\n".join(["user,item,timestamp", *(f"u,i{k},{60 * k}" for k in range(70))])
    healthy(upload(app, "mine.csv", log.encode()))
    app.switch_page("pages/training.py").run()
    assert "has 2 to 60 items" in text(healthy(app))
    key = app.session_state["data"]
    app.segmented_control(key=f"look@{key}").set_value("steps")
    assert numbers(healthy(app.run()))["Updates"] == "100"  # the pair is there all the same


@pytest.mark.slow
def test_nonsense_in_the_link_falls_back(open_page: Open) -> None:
    page = healthy(
        open_page(
            "training",
            look="nothing",
            pairs="x",
            width="99",
            shrink="maybe",
            k="0",
            exponent="7",
            sequence="-3",
            center="x",
        )
    )
    assert page.segmented_control(key="look@planted_shop").value == "window"
    assert page.slider(key="width@planted_shop").value == 2


@pytest.mark.slow
def test_reset_goes_back(open_page: Open) -> None:
    page = healthy(open_page("training", data="planted_shop", look="steps", rate="0.5", updates="7"))
    assert page.query_params["updates"] == ["7"] or page.query_params["updates"] == "7"
    press(page, "Reset")
    assert "rate" not in page.query_params
    assert "updates" not in page.query_params
