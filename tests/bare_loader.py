"""A bundle's own loader, run where there is numpy and faiss and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import files as files_of
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with numpy and faiss, and what they consist of, alone."""
    folder = tmp_path_factory.mktemp("bare")
    for package in ("numpy", "faiss-cpu", "packaging"):  # faiss requires the last
        found = files_of(package) or []
        site = Path(str(found[0].locate())).parents[len(found[0].parts) - 1]
        for top in {file.parts[0] for file in found} - {"..", "__pycache__"}:
            (folder / top).symlink_to(site / top)
    return folder


ASK = """
import sys
sys.path.insert(0, sys.argv[1])
for other in ("recemb_core", "pandas", "gensim", "polars", "scipy", "numba", "sklearn"):
    try:
        __import__(other)
    except ImportError:
        continue
    raise SystemExit(f"{other} is there: this proves nothing")
sys.path.insert(0, sys.argv[2])
import json
from load import Bundle
found = {item: Bundle(index=sys.argv[3]).nearest(item, 10) for item in json.loads(sys.argv[4])}
print(json.dumps(found))
"""


def answers(bare: Path, folder: Path, items: list[str], index: str = "flat") -> dict[str, list[tuple[str, float]]]:
    """What the bundle's loader says in a process that sees numpy and faiss alone."""
    # -I -S: neither the current folder nor the environment's packages.
    command = [sys.executable, "-I", "-S", "-c", ASK, str(bare), str(folder), index, json.dumps(items)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return {item: [(other, value) for other, value in found] for item, found in json.loads(run.stdout).items()}
