"""Opening a kept run gives the page every setting of its spec back, or says which has no control there."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import healthy


def scene(key: str, draws: int) -> None:
    """Settings at random on the Evaluation page; each row's run, opened from a page at its defaults, asks the same."""
    from typing import Any

    import numpy as np
    import streamlit as st

    from pages.kit import asked, frame, parameters, recall_models
    from pages.views.evaluation import settings
    from pages.views.runs.opening import state_of
    from recemb_core.embeddings import MODELS
    from recemb_core.runs import RunSpec

    def offered(one: Any) -> list[Any]:
        return list(one.allowed.values if hasattr(one.allowed, "values") else one.allowed.names)

    with frame.page("Opened?", "A page for the test.", opens_on=key) as data:
        checked, wrong = 0, list[str]()
        for draw in range(draws):
            rng = np.random.default_rng(draw)
            pick = lambda values: values[int(rng.integers(len(values)))]  # noqa: B023, E731
            told: dict[str, Any] = {asked.SPLIT.name: pick(asked.splits_of(data))}
            for one in (asked.PART, asked.QUERY, asked.SCORE):
                told[one.name] = pick(offered(one))
            for one in (asked.VALIDATION_SHARE, asked.TEST_SHARE):
                told[one.name] = pick(asked.SHARES)
            for one in (recall_models.LENGTH, recall_models.HALF_LIFE):
                told[one.name] = pick(offered(one))
            for spec in MODELS.values():
                for setting in spec.shown():
                    if setting.values is not None:
                        told[spec.key_of(setting.field)] = pick(list(setting.values))
            parameters.reset_parameters(data)
            parameters.set_parameters(data, **told)
            found = settings.settings_of(data)
            for name, entry in found.entries.items():
                run = RunSpec.measured(found.cases, entry, draw, name=key, fingerprint=data.fingerprint)
                parameters.reset_parameters(data)
                restored, lacking = state_of(data, run)
                parameters.set_parameters(data, **restored)
                again = settings.settings_of(data)
                there = again.entries.get(name)
                checked += 1
                if lacking or again.question.key != found.question.key or there is None:
                    wrong.append(f"{draw} {name}: {lacking}, {again.question.protocol}, {list(again.entries)}")
                elif there.with_seed(0) != entry.with_seed(0):
                    wrong.append(f"{draw} {name}: {there} for {entry}")
        st.session_state["checked"], st.session_state["wrong"] = checked, wrong


@pytest.mark.slow
@pytest.mark.parametrize("key", ["planted_shop", "complete_journey"])
def test_what_a_run_was_asked_is_asked_again_when_it_is_opened(key: str) -> None:
    page = AppTest.from_function(scene, args=(key, 3), default_timeout=600)
    page.query_params["data"] = key
    healthy(page.run())
    assert page.session_state["checked"] >= 15
    assert page.session_state["wrong"] == []


def lacking_scene() -> None:

    import streamlit as st

    from pages.kit import frame
    from pages.views.runs.opening import state_of
    from recemb_core.embeddings import Word2VecConfig
    from recemb_core.experiments.leaderboard import Entry, Protocol, Query, part_cases
    from recemb_core.runs import RunSpec

    with frame.page("Opened?", "A page for the test.", opens_on="planted_shop") as data:
        cases = part_cases(data.sequences, Protocol(most_users=300))
        entry = Entry(name="word2vec", config=Word2VecConfig(dimensions=17), query=Query(newest=3))
        about = {"name": "planted_shop", "fingerprint": data.fingerprint}
        st.session_state["said"] = state_of(data, RunSpec.measured(cases, entry, 0, **about))[1]


def test_what_no_control_shows_is_said() -> None:
    page = AppTest.from_function(lacking_scene, default_timeout=180)
    page.query_params["data"] = "planted_shop"
    said = healthy(page.run()).session_state["said"]
    assert any(one.startswith("dimensions 17") for one in said)
    assert any("most users 300" in one for one in said)
    assert any(one.startswith("the query (last 3 events") for one in said)
