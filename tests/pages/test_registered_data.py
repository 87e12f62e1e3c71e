"""A data set registered once is on every page and in the lines of Python, and is gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.navigation import SECTIONS
from recemb_core.datasets import Dataset, DatasetInfo, list_datasets, load_dataset, register_dataset, unregister_dataset
from recemb_core.sequences import Sequences
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary
from tests.pages.conftest import healthy, text

Open = Callable[..., AppTest]
PAGES = [name for names in SECTIONS.values() for name in names]
TEAS = DatasetInfo(
    name="tea_house",
    title="Tea house",
    description="Forty people, each with six clicks on twelve things of two kinds.",
    kind="clickstream",
    source="This test",
    license="MIT",
    items=12,
    sequences=40,
    events=240,
    imports=("import tea_house",),
)


def load_teas(info: DatasetInfo) -> Dataset:
    """Users 0, 2, 4 … click on the first six items, the others on the last six."""
    rng = np.random.default_rng(0)
    tokens = np.concatenate([rng.permutation(6) + 6 * (user % 2) for user in range(40)]).astype(np.int32)
    items = Vocabulary([f"thing {number}" for number in range(12)])
    kinds = ["tea"] * 6 + ["tool"] * 6
    side_info = pl.DataFrame({"title": [f"Thing {number}" for number in range(12)], "kind": kinds})
    sequences = Sequences(
        items=items,
        offsets=np.arange(0, 241, 6, dtype=np.int64),
        tokens=tokens,
        users=np.arange(40).astype(np.str_),
        timestamps=np.arange(240, dtype=np.float64),
        side_info=side_info,
    )
    return Dataset(info, items, sequences, labels={"kind": np.array(kinds, dtype=np.str_)}, side_info=side_info)


@pytest.fixture
def teas() -> Iterator[None]:
    register_dataset(TEAS)(load_teas)
    yield
    if TEAS in list_datasets():
        unregister_dataset(TEAS.name)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.slow
def test_it_is_on_every_page(name: str, open_page: Open, teas: None) -> None:
    page = healthy(open_page(name, data=TEAS.name))
    assert page.query_params["data"] == TEAS.name
    assert page.sidebar.selectbox[0].value == TEAS.name
    assert TEAS.title in page.sidebar.selectbox[0].options
    assert page.sidebar.selectbox[1].options[0].startswith("Thing ")
    printed = "\n".join(code.value for code in page.code)
    if "load_dataset" in printed:
        assert "import tea_house" in printed


@pytest.mark.parametrize("name", ["home", "item_graph", "walks"])  # all take their data from the same function
@pytest.mark.slow
def test_it_is_gone_after_it_was_forgotten(name: str, open_page: Open, teas: None) -> None:
    unregister_dataset(TEAS.name)
    page = healthy(open_page(name, data=TEAS.name))
    assert TEAS.title not in page.sidebar.selectbox[0].options
    assert page.query_params["data"] in [info.name for info in list_datasets()]
    assert "no data set called tea_house; you see **" in text(page)


def test_the_library_has_it_while_it_is_registered(teas: None) -> None:
    assert list_datasets()[-1] is TEAS
    assert load_dataset(TEAS.name).info is TEAS
    unregister_dataset(TEAS.name)
    assert TEAS not in list_datasets()
    with pytest.raises(UsageError, match="no data set is called 'tea_house'; the names are planted_shop, "):
        load_dataset(TEAS.name)
    with pytest.raises(UsageError, match="no data set is called 'tea_house'"):
        unregister_dataset(TEAS.name)


@pytest.mark.parametrize("name", ["", "Tea House", "upload-1", "tea/house", "tée"])
def test_a_name_fits_into_an_address(name: str) -> None:
    info = DatasetInfo(
        name=name, title="T", description="D.", kind="graph", source="This test", license="MIT", items=1, edges=0
    )
    with pytest.raises(UsageError, match="name must be of small letters, digits and underscores"):
        register_dataset(info)


def test_a_name_is_taken_once(teas: None) -> None:
    with pytest.raises(UsageError, match="name 'tea_house' is taken"):
        register_dataset(TEAS)
