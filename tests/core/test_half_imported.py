"""Figures while another thread imports pandas: plotly looks at what is there so far."""

from __future__ import annotations

import importlib.machinery
import sys
import types

import numpy as np
import plotly.graph_objects as go
import pytest

from recemb_core.figures import half_imported
from recemb_core.figures.popularity import popularity_figure


def half_made() -> types.ModuleType:
    module = types.ModuleType("pandas")
    module.__spec__ = importlib.machinery.ModuleSpec("pandas", None)
    module.__spec__._initializing = True  # type: ignore[attr-defined]  # as importlib has it meanwhile
    return module


def test_a_half_imported_pandas_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = popularity_figure(np.array([2, 1]), ("a", "b"), chosen=0).to_json()
    monkeypatch.setitem(sys.modules, "pandas", half_made())
    assert half_imported.whole_module("pandas", should_load=False) is None
    assert half_imported.whole_module("numpy", should_load=False) is np
    assert popularity_figure(np.array([2, 1]), ("a", "b"), chosen=0).to_json() == expected
    # Values of every kind that plotly would ask pandas about, to the end of writing them out.
    values = [[1, 2], (1, 2), np.arange(2), np.array(["a", "b"]), ["a", None], np.array([1, "a", None], dtype=object)]
    for value in values:
        go.Figure(go.Scatter(x=value, y=value, marker={"color": [1, 2]}, text=value, customdata=value)).to_json()
    go.Figure(go.Heatmap(z=np.eye(3), text=[["a"] * 3] * 3)).to_json()


def test_without_that_plotly_takes_it_for_a_whole_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, plotly looks by itself now, and ``half_imported`` can go."""
    import _plotly_utils.basevalidators
    from _plotly_utils.optional_imports import get_module

    monkeypatch.setattr(_plotly_utils.basevalidators, "get_module", get_module)
    monkeypatch.setitem(sys.modules, "pandas", half_made())
    with pytest.raises(AttributeError, match="Series"):
        go.Figure(go.Scatter(x=[1, 2], customdata=[1, 2], marker={"color": [1, 2]})).to_json()
