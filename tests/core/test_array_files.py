"""Arrays and JSON in one file: what was written comes back, and nothing is unpickled."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recemb_core.array_files import from_json, load_arrays, save_arrays, to_json

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(plain)
@settings(max_examples=40)
@pytest.mark.slow
def test_json_comes_back(value: Any) -> None:
    assert from_json(to_json(value)) == value


def test_arrays_come_back_from_a_path_of_any_name_and_from_a_buffer(tmp_path: Path) -> None:
    arrays = {"x": np.arange(3, dtype=np.int32), "meta": to_json({"käse": (1, np.float32(0.5))})}
    buffer = io.BytesIO()
    for target in (tmp_path / "file.model", buffer):
        save_arrays(target, arrays)
        buffer.seek(0)
        found = load_arrays(target)
        assert found.keys() == arrays.keys()
        assert found["x"].dtype == np.int32
        assert from_json(found["meta"]) == {"käse": [1, 0.5]}
    assert [path.name for path in tmp_path.iterdir()] == ["file.model"]


def test_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "bad.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        load_arrays(tmp_path / "bad.npz")
