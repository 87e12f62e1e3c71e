"""Settings of every test."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

pytest_plugins = ["tests.bare_loader"]

# XLA compiles a program once for all workers and runs, not once a test: two thirds of a deep model's test.
CACHE = Path(__file__).resolve().parents[1] / ".pytest_cache" / "jax"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

os.environ.setdefault("RECEMB_CHECK_FIGURES", "1")
# Threads with nothing to do sleep at once: by default they spin for a while, on cores that other workers need. (A
# worker of pytest-xdist has this from its start; OpenBLAS may be loaded before this line where there is one process.)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
# A busy machine is no failure.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


# Of the files with a browser, the first that the second worker takes: each half lasts about as long.
SECOND_HALF = "tests/browser/test_lsh.py"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file is one worker's, and so is a half of the files that share the app's server: any more would start cold."""
    from xdist.scheduler import LoadFileScheduling

    class ByServer(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            if "tests/browser/" not in file:
                return file
            return "browser, second half" if file >= SECOND_HALF else "browser, first half"

    return ByServer(config, log) if config.getoption("dist") == "loadfile" else None
