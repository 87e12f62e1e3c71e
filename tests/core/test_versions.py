"""The table of versions: whole, without dead lines, and loud about what it does not know."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from recemb_core import precomputed, versions
from recemb_core.deep.histories import RecallConfig
from recemb_core.embeddings import Item2VecConfig, Node2VecConfig
from recemb_core.embeddings.sentences import SequenceConfig
from recemb_core.embeddings.skip_gram import WalkSkipGramConfig
from recemb_core.experiments.networks import layer_defaults
from recemb_core.experiments.pretraining import pretraining_defaults
from recemb_core.experiments.recall_models import HistoryAverageConfig
from recemb_core.experiments.sweep import SweepConfig
from recemb_core.layouts import UMAPConfig
from recemb_core.versions import ALGORITHMS, OF_CONFIG, OF_KIND, versions_of


def test_the_tables_fit_together() -> None:
    named = {name for names in [*OF_CONFIG.values(), *OF_KIND.values()] for name in names}
    assert named == ALGORITHMS.keys()  # no unknown algorithm, and none that nothing is made by
    assert all(isinstance(number, int) and number >= 1 for number in ALGORITHMS.values())
    assert OF_KIND.keys() == precomputed.FILES.keys()


@pytest.mark.parametrize("base", [WalkSkipGramConfig, SequenceConfig, RecallConfig])
def test_every_trainer_has_a_version(base: type) -> None:
    """A new trainer's config is found here by its base class."""
    trainers = [kind for kind in base.__subclasses__() if kind.__module__.startswith("recemb_core.")]
    assert trainers
    for kind in trainers:
        assert versions_of("vectors", kind())


def test_a_result_carries_the_versions_of_all_that_made_it() -> None:
    node2vec = versions_of("vectors", Node2VecConfig())
    assert {"node2vec", "walks", "skip_gram"} <= node2vec.keys()
    umap = {"umap_layout": ALGORITHMS["umap_layout"]}
    assert versions_of("map", Node2VecConfig(), UMAPConfig(), None) == dict(sorted((node2vec | umap).items()))
    swept = versions_of("sweep", SweepConfig())
    assert (node2vec | umap).items() < swept.items()
    assert {"sweep", "group_score", "communities"} <= swept.keys()
    average = versions_of("recall", HistoryAverageConfig(vectors=Item2VecConfig()))
    assert {"history_average", "item2vec", "next_item_cases"} <= average.keys()
    started = versions_of("networks", pretraining_defaults())
    assert {"pretraining", "click_networks", "optimizer", "node2vec", "walks", "item_graph"} <= started.keys()
    assert "pretraining" not in versions_of("networks", layer_defaults())


def test_names_and_numbers_beside_configs_add_nothing() -> None:
    assert versions_of("layout", 3) == versions_of("layout")
    assert versions_of("networks_map", "fm", None, UMAPConfig()) == versions_of("networks_map", UMAPConfig())


def test_what_is_not_in_the_table_is_named() -> None:
    @dataclass(frozen=True)
    class NewConfig:
        seed: int = 0

    with pytest.raises(ValueError, match=r"no version is known for NewConfig: say in versions\.OF_CONFIG"):
        versions_of("vectors", NewConfig())
    with pytest.raises(ValueError, match=r"kind must be one of vectors, .* not 'pictures'"):
        versions_of("pictures", UMAPConfig())


def test_raising_a_number_reaches_everything_built_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = SweepConfig(base=dataclasses.replace(Node2VecConfig(), q=3.0))
    before = versions_of("sweep", sweep)
    monkeypatch.setitem(versions.ALGORITHMS, "walks", ALGORITHMS["walks"] + 1)
    after = versions_of("sweep", sweep)
    assert {name for name in after if after[name] != before[name]} == {"walks"}
