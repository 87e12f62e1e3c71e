"""Side information as value tables: kinds of columns, missing and several values, names of what is unknown."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recemb_core.readers.side_info import bin_numeric
from recemb_core.side_information import UnknownValueError, encode_side_info
from recemb_core.vocabulary import UnknownItemError

FRAME = pl.DataFrame(
    {
        "title": ["Tea", "Milk", "Cup", "Pot"],
        "shelf": ["dry", " cold ", "", None],
        "tags": [["b", "a", "a"], ["b"], [], None],
        "price": [1.0, None, float("nan"), 4.0],
        "organic": [True, False, None, True],
        "since": [date(2020, 1, 1), None, date(2021, 5, 5), date(2020, 9, 9)],
    }
)


def test_every_kind_of_column() -> None:
    side = encode_side_info(FRAME)
    assert side.names == ("shelf", "tags", "price", "organic", "since")
    assert side.values == (("cold", "dry"), ("a", "b"), ("1", "4"), ("False", "True"), ("2020", "2021"))
    assert side.of(0) == {
        "shelf": ("dry",), "tags": ("a", "b"), "price": ("1",), "organic": ("True",), "since": ("2020",)
    }  # fmt: skip
    assert side.of(1) == {"shelf": ("cold",), "tags": ("b",), "organic": ("False",)}
    assert side.of(2) == {"since": ("2021",)}
    assert side.present.tolist()[2] == [False, False, False, False, True]


def test_fields_can_be_chosen_and_their_order_counts() -> None:
    side = encode_side_info(FRAME, ["tags", "shelf"])
    assert side.names == ("tags", "shelf")
    assert side.of(1) == {"tags": ("b",), "shelf": ("cold",)}
    none = encode_side_info(FRAME, [])
    assert (none.names, none.values, len(none.codes), none.present.shape) == ((), (), 0, (4, 0))


@pytest.mark.parametrize("frame", [FRAME.head(0), FRAME.select("title"), pl.DataFrame()])
def test_nothing_to_encode(frame: pl.DataFrame) -> None:
    assert len(encode_side_info(frame).codes) == 0


def test_a_field_without_any_value_is_kept_and_empty() -> None:
    side = encode_side_info(pl.DataFrame({"a": [None, None], "b": pl.Series([None, None], dtype=pl.Float64)}))
    assert side.values == ((), ())
    assert not side.present.any()


def test_columns_that_are_no_categories_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'box' must hold categories"):
        encode_side_info(pl.DataFrame({"box": [{"a": 1}]}))


def test_unknown_names_are_named_with_near_spellings() -> None:
    side = encode_side_info(FRAME)
    with pytest.raises(UnknownValueError, match=r"no field 'shelv'; did you mean 'shelf'.*shelf, tags, price"):
        side.rows({"shelv": "dry"})
    with pytest.raises(UnknownItemError, match="'shelf' has no value 'dri' among its 2; did you mean 'dry'"):
        side.rows({"shelf": "dri"})
    with pytest.raises(ValueError, match="no value 'z'"):
        side.rows({"tags": ["a", "z"]})
    with pytest.raises(UnknownValueError, match="no column 'shelv'; did you mean 'shelf'"):
        encode_side_info(FRAME, ["shelv"])


def test_given_values_become_rows() -> None:
    side = encode_side_info(FRAME)
    assert [rows.tolist() for rows in side.rows({"shelf": "dry", "tags": ["b", "a"], "price": None})] == [[1], [2, 3]]


def test_a_number_finds_its_bin() -> None:
    side = encode_side_info(pl.DataFrame({"price": np.arange(100.0)}))
    assert len(side.values[0]) == 5
    bins = [int(side.rows({"price": price})[0][0]) for price in (-5, 0, 19, 20, 50.5, 99, 1e6)]
    assert bins == [0, 0, 0, 1, 2, 4, 4]
    with pytest.raises(UnknownValueError, match="'price' has no value 'cheap'"):
        side.rows({"price": "cheap"})
    with pytest.raises(UnknownValueError, match="'nan'"):
        side.rows({"price": float("nan")})


def label_frame(numbers: list[float], bins: int = 5) -> pl.DataFrame:
    """A field cut into bins when its table was read: text labels, as uploads and bundled data have them."""
    return pl.DataFrame({"price": bin_numeric(pl.Series("price", numbers), bins)})


def test_a_number_finds_its_bin_among_labels() -> None:
    side = encode_side_info(pl.DataFrame({"price": ["1 to 9.50", "126.54 to 130.98", "131 to 400", None]}))
    place = lambda value: side.values[0][int(side.rows({"price": value})[0][0])]  # noqa: E731
    for value in (128.0, np.float32(128), 128, np.int64(128), "128", " 128.0 ", 126.54, 130.98, "126.54 to 130.98"):
        assert place(value) == "126.54 to 130.98"
    # Between two bins and outside all: the nearest; in the middle between two, the lower.
    assert [place(v) for v in (-7, 10, 100, 68.02, 68.03, 130.985, 1e9)] == [
        "1 to 9.50", "1 to 9.50", "126.54 to 130.98", "1 to 9.50", "126.54 to 130.98", "126.54 to 130.98", "131 to 400",
    ]  # fmt: skip
    unsorted = encode_side_info(pl.DataFrame({"price": ["100 to 200", "20 to 30", "3 to 4"]}))  # as text sorts them
    assert [unsorted.values[0][int(unsorted.rows({"price": v})[0][0])] for v in (65, 12, 2)] == [
        "20 to 30", "3 to 4", "3 to 4",
    ]  # fmt: skip
    for value in (float("nan"), float("inf"), -np.inf, "nan", "inf", "cheap", True):
        with pytest.raises(
            UnknownValueError, match=r"'price' has no value .* among its 3.* a finite number finds its bin"
        ):
            side.rows({"price": value})


@given(
    st.lists(st.floats(-1e4, 1e4).map(lambda x: round(x, 2)), min_size=2, max_size=60, unique=True), st.integers(1, 6)
)
@pytest.mark.slow
def test_every_number_of_a_table_finds_its_own_bin(numbers: list[float], bins: int) -> None:
    plain = encode_side_info(pl.DataFrame({"price": pl.Series(numbers, dtype=pl.Float64)}))
    labels = encode_side_info(label_frame(numbers, bins))
    for row, number in enumerate(numbers):
        assert (
            plain.rows({"price": number})[0].tolist() == plain.codes[plain.indptr[row] : plain.indptr[row + 1]].tolist()
        )
        if labels.bins[0]:
            code = int(labels.rows({"price": number})[0][0])
            assert labels.values[0][code] == labels.of(row)["price"][0]


@given(st.lists(st.floats(-100, 100), min_size=6, max_size=40, unique=True), st.floats(-300, 300))
@pytest.mark.slow
def test_no_bin_is_nearer_than_the_one_found(numbers: list[float], wanted: float) -> None:
    side = encode_side_info(pl.DataFrame({"price": pl.Series(numbers, dtype=pl.Float64)}))
    away = [0.0 if low <= wanted <= high else min(abs(wanted - low), abs(wanted - high)) for low, high in side.bins[0]]
    assert away[int(side.rows({"price": wanted})[0][0])] == min(away)


def test_numbers_that_are_categories_are_no_bins() -> None:
    side = encode_side_info(pl.DataFrame({"year": ["2019", "2020", "2024"], "size": ["1 to 2", "big", "2 to 1"]}))
    assert side.bins == ((), ())
    assert side.rows({"year": 2020}) == side.rows({"year": "2020"}) == side.rows({"year": 2020.0})
    with pytest.raises(UnknownValueError, match=r"no value '2021' among its 3.*It has '2019', '2020', '2024'$"):
        side.rows({"year": 2021})


def test_an_unknown_value_is_answered_with_the_known_ones() -> None:
    few = encode_side_info(pl.DataFrame({"shelf": ["dry", "cold"]}))
    with pytest.raises(UnknownValueError, match=r"no value 'zzz' among its 2; it has 'cold', 'dry'$"):
        few.rows({"shelf": "zzz"})
    many = encode_side_info(pl.DataFrame({"brand": [f"brand {i:03}" for i in range(500)]}))
    with pytest.raises(
        UnknownValueError, match="no value 'brnd 012' among its 500; did you mean 'brand 012', "
    ) as found:
        many.rows({"brand": "brnd 012"})
    assert len(str(found.value)) < 160
    with pytest.raises(UnknownValueError, match="among its 500; among them are 'brand 000', "):
        many.rows({"brand": "%"})


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.text(max_size=3)), st.lists(st.one_of(st.none(), st.text(max_size=2)))),
        max_size=12,
    )
)
@pytest.mark.slow
def test_what_goes_in_comes_out(items: list[tuple[str | None, list[str | None]]]) -> None:
    frame = pl.DataFrame(
        {"one": [a for a, _ in items], "many": [b for _, b in items]},
        schema={"one": pl.String, "many": pl.List(pl.String)},
    )
    side = encode_side_info(frame)
    assert len(side.indptr) == 2 * len(items) + 1
    for row, (one, many) in enumerate(items):
        texts = {(m or "").strip() for m in many} - {""}
        expected = {"one": tuple({(one or "").strip()} - {""}), "many": tuple(sorted(texts))}
        assert side.of(row) == {name: values for name, values in expected.items() if values}
        found = side.rows(side.of(row) | {})
        assert sorted(int(code) for rows in found for code in rows) == sorted(
            side.codes[side.indptr[2 * row] : side.indptr[2 * row + 2]].tolist()
        )
