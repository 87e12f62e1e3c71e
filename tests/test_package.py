"""The wheel: what is in it, and that it works where no clone is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.test_docs import readme_blocks, write_log

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def installed_sources() -> list[Path]:
    """What goes into the wheel: the library, and the bundled files that are no scripts."""
    library = [p for p in (ROOT / "recemb_core").rglob("*") if p.suffix == ".py" or p.name == "py.typed"]
    data = [p for p in (ROOT / "data").rglob("*") if p.is_file() and p.suffix in {".parquet", ".npz", ".json", ".md"}]
    return library + data


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository, built without asking an index, from a copy: building leaves files behind."""
    if Version(version("setuptools")) < Version("77"):
        pytest.skip("setuptools below 77 cannot build it: make check installs what the tests need")
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    leave = shutil.ignore_patterns("__pycache__", "*.part")
    for name in ("recemb_core", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=leave)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    build = ["-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([sys.executable, *build, str(folder), str(source)], check=True, timeout=300)
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.slow
def test_the_wheel_holds_the_library_and_its_data_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = {path.relative_to(ROOT).as_posix() for path in installed_sources()}
    assert names == {re.sub(r"^data/", "recemb_core/_data/", name) for name in sources}


def test_the_wheel_says_its_version_and_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    assert f"\nVersion: {PROJECT['version']}\n" in text
    assert set(re.findall(r"^Provides-Extra: (.+)$", text, flags=re.MULTILINE)) == {
        "app",
        "deep",
        "redis",
        "spark",
        "sweep",
    }
    for requirement in PROJECT["dependencies"]:
        name = Requirement(requirement).name
        assert re.search(rf"^Requires-Dist: {re.escape(name)}\b", text, flags=re.MULTILINE), name


@pytest.mark.slow
def test_an_installed_wheel_runs_the_readme_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    python = installed(wheel, tmp_path / "environment")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_log(elsewhere / "my_log.csv")
    # One process, so that kernels are compiled once; each block has names of its own.
    blocks = f"for block in {readme_blocks()!r}:\n    exec(block, {{'__name__': '__main__'}})\n"
    lines = run(python, f"import recemb_core\nprint(recemb_core.__file__)\n{blocks}{DATA_SETS}", elsewhere).splitlines()
    assert Path(lines[0]).is_relative_to(tmp_path / "environment")
    kept = {path.name for path in (ROOT / "data" / "precomputed").iterdir()}
    assert set(lines[-len(kept) :]) == kept
    assert (elsewhere / "vectors.npz").is_file()  # the last block's


# Every bundled data set loads, and the results computed beforehand for its defaults are found.
DATA_SETS = """
from recemb_core import precomputed
from recemb_core.datasets import list_datasets
from recemb_core.embeddings import node2vec_defaults
from recemb_core.prepared import prepare_bundled

for info in list_datasets():
    graph = prepare_bundled(info.name).graph
    assert precomputed.load_vectors(graph, node2vec_defaults(len(graph))) is not None, info.name
    print(info.name)
"""


def installed(wheel: Path, folder: Path) -> Path:
    """A Python with the wheel installed; everything else it sees is what runs this test."""
    venv.create(folder)  # without a pip of its own: the one that runs this test installs for it
    python = folder / "bin" / "python"
    install = ["install", "--quiet", "--no-index", "--no-deps", "--no-compile", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True, timeout=300)
    (packages,) = folder.glob("lib/python*/site-packages")
    take_compiled(packages)
    (packages / "ready.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")) + "\n")
    return python


def take_compiled(packages: Path) -> None:
    """Kernels that this clone has compiled serve the same sources elsewhere: numba goes by a file's date and size."""
    for source in (ROOT / "recemb_core").rglob("*.py"):
        there = packages / source.relative_to(ROOT)
        if there.is_file() and there.read_bytes() == source.read_bytes():
            shutil.copystat(source, there)
    stamp = (
        ROOT / "recemb_core" / "kernels" / "__pycache__" / "kernels.sha256"
    )  # of the sources that they are made from
    for kept in [*(ROOT / "recemb_core").rglob("__pycache__/*.nb[ic]"), stamp]:
        there = packages / kept.relative_to(ROOT)
        if kept.is_file() and there.parents[1].is_dir():
            there.parent.mkdir(exist_ok=True)
            shutil.copy(kept, there)


def run(python: Path, code: str, folder: Path) -> str:
    """Its output, run as a script would be, in a folder of its own."""
    done = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
