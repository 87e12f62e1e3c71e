"""What a saved session asks for: parts of the command line and settings of the pages mean the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.config_fields import config_fields, from_text, said_of
from recemb_core.embeddings import MODELS, default_graph
from recemb_core.item_graph.config import GraphConfig
from recemb_core.plans import gap_of, graph_config, model_config, model_named, page_settings, seed_of
from recemb_core.sequences import Sequences
from recemb_core.session_file import SessionFile
from recemb_core.validation import UsageError

SHOP = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"], ["milk", "pot"]])
BASKETS = Sequences.from_lists([["tea", "milk", "cup"], ["tea", "cup"]], ordered=False)
GRAPH = default_graph(SHOP)


def planned(saved: SessionFile, name: str) -> object:
    return model_config(saved, model_named(name), sequences=SHOP, graph=GRAPH, side_info=None)


@pytest.mark.parametrize("shop", [SHOP, BASKETS], ids=["ordered", "baskets"])
def test_a_session_that_says_nothing_gives_the_graph_that_walks_use_by_default(shop: Sequences) -> None:
    graph = graph_config(SessionFile(), ordered=shop.ordered).build(shop)
    assert graph.fingerprint == default_graph(shop).fingerprint


@pytest.mark.parametrize("name", [name for name, spec in MODELS.items() if "side_info" not in spec.needs])
def test_a_session_that_says_nothing_gives_the_defaults_of_the_data(name: str) -> None:
    assert planned(SessionFile(seed=7), name) == MODELS[name].default_config(SHOP, GRAPH, None, 7)


@given(
    model=st.sampled_from(["word2vec", "node2vec"]),
    told=st.fixed_dictionaries({}, optional={"window": st.integers(1, 9), "dimensions": st.integers(1, 40)}),
    seed=st.none() | st.integers(0, 2**32 - 1),
    graph=st.fixed_dictionaries(
        {}, optional={"top": st.integers(1, 9), "backbone": st.sampled_from(["top_edges", "none"])}
    ),
)
@settings(max_examples=60, deadline=None)
def test_the_command_lines_parts_mean_what_the_pages_settings_mean(
    model: str, told: dict[str, int], seed: int | None, graph: dict[str, object]
) -> None:
    parts = SessionFile.from_toml(SessionFile(seed=seed, graph=graph, model=model, config=told).to_toml())
    pages = SessionFile(settings=page_settings(parts)[0])
    assert planned(parts, model) == planned(pages, model)
    assert seed_of(parts) == seed_of(pages)
    assert graph_config(parts, ordered=True) == graph_config(pages, ordered=True)


def test_what_no_page_has_a_control_for_is_said() -> None:
    found, said = page_settings(SessionFile(model="word2vec", config={"window": 2, "min_count": 5}))
    assert found == {"models": ["word2vec"], "word2vec_window": 2}
    assert len(said) == 1
    assert "min_count = 5" in said[0]


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (SessionFile(model="wordvec"), "no model is called 'wordvec'; there are word2vec"),
        (SessionFile(model="word2vec", config={"windw": 2}), "no setting 'windw' (did you mean window?)"),
        (SessionFile(model="word2vec", config={"window": "two"}), "word2vec: window must be a whole number"),
        (SessionFile(model="word2vec", config={"learning_rate": "two"}), "learning_rate = 'two'"),
        (SessionFile(graph={"top": "many"}), "the graph: top must be a whole number"),
        (SessionFile(graph={"tops": 3}), "the graph has no setting 'tops' (did you mean top?)"),
        (SessionFile(seed=-1), "seed must be"),
        (SessionFile(gap_minutes=0), "gap_minutes must be"),
        (SessionFile(model="word2vec", config={"seed": 1}, seed=2), "say it once"),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_sentence(saved: SessionFile, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as refused:
        seed_of(saved), gap_of(saved), graph_config(saved, ordered=True), planned(saved, saved.model or "word2vec")
    assert "\n" not in str(refused.value)


def test_a_model_that_is_what_it_is_by_a_field_keeps_it() -> None:
    with pytest.raises(UsageError, match="attention is False of GES"):
        model_config(
            SessionFile(model="GES", config={"attention": True}),
            model_named("ges"),
            sequences=SHOP,
            graph=GRAPH,
            side_info=None,
        )


@pytest.mark.parametrize("name", list(MODELS))
def test_every_setting_of_every_model_is_described(name: str) -> None:
    for field in config_fields(MODELS[name].config):
        assert field.words, f"{name}: the docstring says nothing of {field.name}"


@pytest.mark.parametrize("name", list(MODELS))
def test_every_value_can_be_written_as_text(name: str) -> None:
    config = MODELS[name].config()
    for field in config_fields(type(config)):
        value = getattr(config, field.name)
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        assert from_text(type(config), field.name, text) == value


def test_a_graphs_settings_are_described() -> None:
    assert all(said_of(GraphConfig, field.name) for field in config_fields(GraphConfig))
    assert from_text(GraphConfig, "content", "brand, category") == ("brand", "category")
