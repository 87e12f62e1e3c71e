"""Settings of every test."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# XLA compiles a program once for all workers and runs, not once a test: two thirds of a deep model's test.
ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".pytest_cache" / "jax"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# A busy machine is no failure.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests stay together, for what its fixtures keep; all that have a browser do (make test)."""
    for item in items:
        folder = item.path.parent
        group = folder if folder.name == "browser" else item.path
        item.add_marker(pytest.mark.xdist_group(group.relative_to(ROOT).as_posix()))
