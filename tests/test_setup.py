"""What a fresh machine relies on: pinned and hashed requirements, the two commands, licenses named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from recemb_core.datasets import DatasetInfo, list_datasets

ROOT = Path(__file__).resolve().parents[1]
HEAVY = re.compile(r"^(torch|torchvision|triton|nvidia-|cuda-|cupy)", re.IGNORECASE)
LOCKS = ("requirements.txt", "requirements-dev.txt")
REDIS, SPARK = "requirements-redis.txt", "requirements-spark.txt"


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


PYPROJECT = tomllib.loads(text("pyproject.toml"))
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
LIBRARY: list[str] = PYPROJECT["project"]["dependencies"]
APP = [*LIBRARY, *EXTRAS["deep"], *EXTRAS["app"]]
DEV = [*APP, *EXTRAS["redis"], *PYPROJECT["dependency-groups"]["dev"]]


def locked(name: str) -> dict[str, str]:
    """Package → its block of a compiled file; a package that is locked twice, for different Pythons, is joined."""
    found: dict[str, str] = {}
    for block in re.split(r"^(?=[A-Za-z0-9])", text(name), flags=re.MULTILINE)[1:]:
        package = re.split(r"[=<>!~\[; ]", block, maxsplit=1)[0].lower()
        found[package] = found.get(package, "") + block
    return found


@pytest.mark.parametrize(
    "requirement", [*LIBRARY, *EXTRAS["deep"], *EXTRAS["app"][1:], *EXTRAS["redis"], *EXTRAS["spark"]]
)
def test_a_requirement_has_two_ends(requirement: str) -> None:
    assert re.fullmatch(r"[\w.-]+(\[\w+\])?>=[\w.]+,<[\w.]+", requirement), (
        f"{requirement}: from which version, below which"
    )


@pytest.mark.parametrize(
    ("requirements", "lock"),
    [(APP, LOCKS[0]), (DEV, LOCKS[1]), (EXTRAS["redis"], REDIS), (EXTRAS["spark"], SPARK)],
    ids=[*LOCKS, REDIS, SPARK],
)
def test_a_lock_pins_every_direct_requirement_inside_its_range(requirements: list[str], lock: str) -> None:
    packages = locked(lock)
    for requirement in map(Requirement, requirements):
        if requirement.name == PYPROJECT["project"]["name"]:  # [app] takes [deep] along
            continue
        assert requirement.name in packages, f"{requirement} is missing in {lock}: run make lock"
        for pinned in re.findall(r"^[\w.-]+==([\w.]+)", packages[requirement.name], flags=re.MULTILINE):
            assert requirement.specifier.contains(pinned), f"{lock} has {pinned}, and {requirement} is asked for"


@pytest.mark.parametrize("extra", ["redis", "spark"])
def test_what_stands_beside_the_locks_is_locked_as_the_extra(extra: str) -> None:
    lines = [line.strip() for line in text(f"requirements-{extra}.in").splitlines() if line[0] not in "#-"]
    assert lines == EXTRAS[extra]


def test_a_plain_install_and_the_tools_bring_no_spark() -> None:
    assert not any("pyspark" in locked(name) for name in LOCKS)


def test_what_spark_shares_with_the_app_is_the_same_version() -> None:
    app, spark = locked(LOCKS[0]), locked(SPARK)
    assert {"pandas", "pyarrow", "numpy"} <= app.keys() & spark.keys()
    for package in app.keys() & spark.keys():
        assert re.findall(r"==[\w.]+", spark[package])[0] in app[package], package


@pytest.mark.slow
def test_the_library_requires_what_it_imports_and_nothing_more() -> None:
    files = [path.read_text("utf-8") for path in (ROOT / "recemb_core").rglob("*.py")]
    imported = {name for file in files for name in re.findall(r"^ *(?:from|import) (\w+)", file, flags=re.MULTILINE)}
    owner = packages_distributions()
    # A part of a package that is asked for.
    brought_by = {"llvmlite": "numba", "threadpoolctl": "scikit-learn", "SQLAlchemy": "optuna", "py4j": "pyspark"}
    named = {owner[name][0].replace("_", "-") for name in imported & owner.keys()}
    extras = [*EXTRAS["deep"], *EXTRAS["redis"], *EXTRAS["sweep"], *EXTRAS["spark"]]
    declared = {Requirement(line).name for line in [*LIBRARY, *extras]}
    if "pyspark" not in owner:  # make test installs it, make check does not
        declared.remove("pyspark")
    assert {brought_by.get(name, name) for name in named} - {PYPROJECT["project"]["name"]} == declared


@pytest.mark.parametrize("lock", [*LOCKS, REDIS, SPARK])
def test_a_lock_pins_and_hashes_everything(lock: str) -> None:
    packages = locked(lock)
    assert lock in (REDIS, SPARK) or len(packages) > 20
    for package, block in packages.items():
        assert re.match(r"[\w.-]+==[\w.+]+", block), f"{package} has no exact version"
        assert "--hash=sha256:" in block, f"{package} has no hash"
        assert not HEAVY.match(package), f"{package} is hundreds of megabytes that nothing here needs"


@pytest.mark.parametrize("lock", [*LOCKS, REDIS, SPARK])
def test_a_lock_names_no_place_to_download_from(lock: str) -> None:
    # Which index serves the packages is the reader's own setting.
    for word in ("--index-url", "--extra-index-url", "--find-links", "http://", "https://", "file:"):
        assert word not in text(lock), f"{lock} holds {word}"


def test_both_locks_agree() -> None:
    app, dev = (locked(name) for name in LOCKS)
    for package, block in app.items():
        assert dev[package] == block, f"{package} differs: run make lock"


@pytest.mark.parametrize("info", list_datasets(), ids=lambda info: info.name)
def test_the_readme_names_every_data_set_with_its_license(info: DatasetInfo) -> None:
    row = next((line for line in text("README.md").splitlines() if line.startswith(f"| {info.title} ")), None)
    assert row is not None, f"the README's table of data has no row for {info.title}"
    licenses = re.findall(r"CC0|MIT|BSD-3-Clause|Apache-2\.0|CC BY [\d.]+", info.license)
    assert licenses
    for name in licenses:
        assert name in row


def test_every_bundled_file_is_named_in_the_data_readme() -> None:
    described = text("data/README.md")
    for path in (ROOT / "data").iterdir():
        if path.suffix in {".parquet", ".csv", ".gz"}:
            assert path.name in described, f"data/README.md does not say where {path.name} comes from"


def test_the_readme_shows_commands_and_pictures_that_exist() -> None:
    readme, makefile = text("README.md"), text("Makefile")
    commands = set(re.findall(r"\bmake ([a-z]+)", "\n".join(re.findall(r"```sh\n(.*?)```", readme, flags=re.DOTALL))))
    assert {"run", "test", "check", "bench", "lock"} <= commands
    for name in commands:
        assert re.search(rf"^{name}:", makefile, flags=re.MULTILINE), f"there is no make {name}"
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), f"{target} is linked and missing"


def test_pictures_are_small() -> None:
    for path in (ROOT / "docs").rglob("*.png"):
        assert path.stat().st_size < 250_000, f"{path.name} has {path.stat().st_size:,} bytes"


def test_continuous_integration_runs_the_tests() -> None:
    assert re.search(r"^make test$", text(".ci/run"), flags=re.MULTILINE)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def hooks() -> dict[str, str]:
    """id → command of the hooks before a commit."""
    found = re.findall(r"- id: (\S+)\n.*?entry: ([^\n]+)", text(".pre-commit-config.yaml"), flags=re.DOTALL)
    return dict(found)


def test_hooks_check_what_make_check_checks() -> None:
    recipes = dict(re.findall(r"^(check|types):.*\n((?:\t.*\n)+)", text("Makefile"), flags=re.MULTILINE))
    assert "types" in recipes["check"]
    lines = (recipes["check"] + recipes["types"]).replace("$(BIN)", ".venv/bin").splitlines()
    without_tests = [line.strip().removesuffix(" .") for line in lines if "$(MAKE)" not in line]
    assert [command.replace(" --force-exclude", "") for command in hooks().values()] == without_tests
    assert text(".pre-commit-config.yaml").count("language: system") == len(hooks())


@pytest.mark.parametrize("name", ["ruff", "ruff-format"])
def test_a_hook_passes_good_code_and_stops_bad(name: str, tmp_path: Path) -> None:
    tool = Path(sys.executable).with_name("ruff")
    if not tool.exists():
        pytest.skip("ruff is not in this environment")
    command = hooks()[name].split()[1:]
    (tmp_path / "good.py").write_text('"""Nothing."""\n')
    (tmp_path / "bad.py").write_text("import os\nx =  1\n")
    for file, code in (("good.py", 0), ("bad.py", 1)):
        run = subprocess.run([tool, *command, "--config", ROOT / "pyproject.toml", tmp_path / file], check=False)
        assert run.returncode == code


def run_need(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "need.sh"), *arguments],
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of commands that stands for the whole PATH of a machine; nothing is ever installed from it."""

    def command(name: str, body: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)

    command("apt-get", 'echo apt-get $* >> "${0%/*}/installed"')
    command("id", "echo 1000")
    command("sudo", "exit 1")
    return tmp_path


def test_without_rights_the_one_line_to_type_is_said(machine: Path) -> None:
    result = run_need("chromium", path=str(machine))
    assert result.returncode == 1
    said = "sudo apt-get install -y --no-install-recommends chromium fonts-liberation libatomic1"
    assert result.stderr == f"Please type:  {said}\n"
    assert not (machine / "installed").exists()


def test_root_installs_what_is_missing(machine: Path) -> None:
    (machine / "id").write_text("#!/bin/sh\necho 0\n")
    result = run_need("chromium", path=str(machine))
    assert result.returncode == 0, result.stderr
    assert "chromium fonts-liberation libatomic1" in (machine / "installed").read_text()


def test_what_is_there_is_left_alone(machine: Path) -> None:
    for name in ("chromium", "python3", "java"):
        (machine / name).write_text("#!/bin/sh\nexit 0\n")
        (machine / name).chmod(0o755)
    for part in ("chromium", "libgomp", "java", "python"):
        result = run_need(part, "python3", path=str(machine))
        assert (result.returncode, result.stderr) == (0, "")
    assert not (machine / "installed").exists()


def test_without_debian_the_package_is_named(machine: Path) -> None:
    (machine / "apt-get").unlink()
    result = run_need("chromium", path=str(machine))
    assert result.returncode == 1
    assert "chromium" in result.stderr
    assert "package manager" in result.stderr


@pytest.mark.parametrize(("version", "fine"), [("3.10", False), ("3.11", True), ("3.13", True), ("3.14", False)])
def test_which_python_is_good_enough(machine: Path, version: str, fine: bool) -> None:
    # A Python that says it is of that version, and has what makes environments.
    pretend = f"import sys; sys.version_info = ({version.replace('.', ', ')}, 0); exec(sys.argv[1])"
    script = machine / "python3"
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = -V ]; then echo Python {version}; else exec {sys.executable} -c "{pretend}" "$2"; fi\n'
    )
    script.chmod(0o755)
    result = run_need("python", "python3", path=str(machine))
    assert (result.returncode == 0) == fine
    if not fine:
        assert f"Python {version}" in result.stderr
        assert "make PYTHON=" in result.stderr
