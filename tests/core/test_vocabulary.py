"""Item ids and row numbers: one numbering, and errors that name what is wrong."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.vocabulary import UnknownItemError, Vocabulary


@given(st.lists(st.text(max_size=8), unique=True, max_size=30))
def test_rows_and_ids_are_inverse(ids: list[str]) -> None:
    vocabulary = Vocabulary(ids)
    assert list(vocabulary) == list(vocabulary.ids) == ids
    assert len(vocabulary) == len(ids)
    assert [vocabulary.row(item) for item in ids] == list(range(len(ids)))
    assert [vocabulary[row] for row in vocabulary.rows(ids)] == ids
    assert all(item in vocabulary for item in ids)


def test_ids_are_strings_whatever_they_came_as() -> None:
    vocabulary = Vocabulary([7, "tea", 2.5])
    assert vocabulary.ids == ("7", "tea", "2.5")
    assert vocabulary.row(7) == vocabulary.row("7") == 0
    assert 2.5 in vocabulary
    assert "8" not in vocabulary


def test_rows_are_int32_also_when_there_are_none() -> None:
    vocabulary = Vocabulary("abc")
    assert vocabulary.rows("cab").dtype == vocabulary.rows([]).dtype == np.int32
    assert vocabulary.rows("cab").tolist() == [2, 0, 1]


def test_duplicates_are_refused_by_name_even_across_types() -> None:
    with pytest.raises(ValueError, match="distinct; 'b' appears more than once"):
        Vocabulary(["a", "b", "c", "b"])
    with pytest.raises(ValueError, match="'1'"):
        Vocabulary([1, "1"])


def test_unknown_items_are_named_with_close_spellings() -> None:
    vocabulary = Vocabulary(["green tea", "milk", "black tea"])
    with pytest.raises(
        UnknownItemError, match="item 'gren tea' is not among the 3 items; did you mean 'green tea'"
    ) as e:
        vocabulary.row("gren tea")
    # Callers may catch either.
    assert isinstance(e.value, KeyError)
    assert isinstance(e.value, ValueError)
    with pytest.raises(UnknownItemError) as far:
        vocabulary.row("zzzz")
    assert str(far.value) == "item 'zzzz' is not among the 3 items"
    with pytest.raises(UnknownItemError, match="'sugar'"):
        vocabulary.rows(["milk", "sugar"])


def test_large_catalogues_answer_an_unknown_item_without_searching_for_spellings() -> None:
    with pytest.raises(UnknownItemError) as e:
        Vocabulary(range(20_001)).row("20002")
    assert "did you mean" not in str(e.value)


def test_equality_and_hash_follow_ids_and_order() -> None:
    assert Vocabulary("ab") == Vocabulary(["a", "b"])
    assert hash(Vocabulary("ab")) == hash(Vocabulary(["a", "b"]))
    assert Vocabulary("ab") != Vocabulary("ba")
    assert Vocabulary("ab") != ("a", "b")


def test_pickling_keeps_everything() -> None:
    vocabulary = Vocabulary("abc")
    again = pickle.loads(pickle.dumps(vocabulary))
    assert again == vocabulary
    assert again.row("c") == 2


def test_repr_shows_the_first_ids() -> None:
    assert repr(Vocabulary("ab")) == "Vocabulary(2 items: 'a', 'b')"
    assert repr(Vocabulary("abcd")) == "Vocabulary(4 items: 'a', 'b', 'c', …)"
