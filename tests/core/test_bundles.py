"""Bundles: their loader, without this package, gives the lists of the vectors; their card says where they come from."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from recemb_core.bundles import (
    MeasuredScore,
    Origin,
    bundle_files,
    bundle_zip,
    load_origin,
    save_bundle,
    save_with_origin,
)
from recemb_core.embeddings import DeepWalkConfig, ItemVectors, train_deepwalk
from recemb_core.prepared import prepare_bundled
from recemb_core.validation import UsageError
from recemb_core.vocabulary import Vocabulary
from tests.bare_loader import answers

HOSTILE = ["green tea", "a\nb", "=1+1", "`|x`", "чай", "'; rm -rf /", "\x1b[31m", "../x"]
KARATE = prepare_bundled("karate_club")


def some(n: int = 300, d: int = 8) -> ItemVectors:
    rng = np.random.default_rng(0)
    ids = [*HOSTILE, *(f"item {i}" for i in range(n - len(HOSTILE)))]
    rows, outputs = rng.normal(size=(2, n, d)).astype(np.float32)
    rows[5] = rows[6]  # equally near to everything
    return ItemVectors(Vocabulary(ids), rows, outputs, rng.integers(1, 9, n))


@pytest.mark.parametrize("score", ["cosine", "in_out"])
@pytest.mark.parametrize("min_count", [0, 4])
def test_the_loader_gives_the_same_top_10_where_there_is_numpy_and_faiss_alone(
    bare: Path, tmp_path: Path, score, min_count: int
) -> None:
    vectors = some()
    files = bundle_files(vectors, Origin(data="some"), score=score, min_count=min_count)
    save_bundle(files, tmp_path / "bundle")
    asked = [*HOSTILE, "item 7"]
    for item, found in answers(bare, tmp_path / "bundle", asked).items():
        wanted = vectors.most_similar(item, 10, score, min_count=min_count)
        assert [other for other, _ in found] == [other for other, _ in wanted]
        assert [value for _, value in found] == pytest.approx([value for _, value in wanted], abs=1e-5)


def test_the_loader_runs_as_a_command_and_finds_by_hnsw_too(bare: Path, tmp_path: Path) -> None:
    vectors = some()
    save_bundle(bundle_files(vectors, Origin(data="some")), tmp_path / "bundle")
    wanted = [other for other, _ in vectors.most_similar("item 7", 10)]
    hnsw = [other for other, _ in answers(bare, tmp_path / "bundle", ["item 7"], "hnsw")["item 7"]]
    assert len(set(hnsw) & set(wanted)) >= 8
    assert len(_lines_of_code((tmp_path / "bundle" / "load.py").read_text("utf-8"))) <= 20
    said = _command(bare, tmp_path, "item 7", "3")
    assert [line.split("  ")[1] for line in said.stdout.splitlines()] == wanted[:3]
    all_others = _command(bare, tmp_path, "item 7", "1000000000000").stdout.rstrip("\n")
    assert len(re.findall(r"^-?\d\.\d{4}  ", all_others, re.MULTILINE)) == len(vectors) - 1


@pytest.mark.parametrize(
    "asked", [(), ("item 7", "ten"), ("item 7", "-3"), ("item 7", "3", "tree"), ("a", "3", "flat", "b")]
)
def test_the_loader_asked_nothing_it_knows_says_what_to_ask(bare: Path, tmp_path: Path, asked: tuple[str, ...]) -> None:
    save_bundle(bundle_files(some(), Origin(data="some")), tmp_path / "bundle")
    said = _command(bare, tmp_path, *asked)
    assert (said.returncode, "python load.py ITEM" in said.stderr, "Traceback" in said.stderr) == (1, True, False)


def test_the_loader_says_in_a_sentence_that_it_has_no_such_id(bare: Path, tmp_path: Path) -> None:
    save_bundle(bundle_files(some(), Origin(data="some")), tmp_path / "bundle")
    said = _command(bare, tmp_path, "item nobody has")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == f"'item nobody has' is none of the {len(some())} ids in ids.json\n"


def _command(bare: Path, folder: Path, *asked: str) -> subprocess.CompletedProcess[str]:
    """``python load.py ASKED…`` where there is numpy and faiss alone."""
    code = (
        f"import runpy, sys; sys.argv = {['load.py', *asked]!r}; sys.path.insert(0, {str(bare)!r}); "
        "runpy.run_path('load.py', run_name='__main__')"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder / "bundle", timeout=120, check=False)


def _lines_of_code(source: str) -> list[str]:
    """Lines that are neither blank nor a comment nor of a docstring."""
    said: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            said |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(source.splitlines(), 1)
    return [line for i, line in lines if line.strip() and not line.strip().startswith("#") and i not in said]


def test_the_same_vectors_give_the_same_bytes() -> None:
    vectors = some(1_500)
    one, two = (bundle_zip(vectors, Origin(data="some")) for _ in range(2))
    assert one == two


def test_the_card_says_data_config_seed_versions_counts_and_scores() -> None:
    config = DeepWalkConfig(dimensions=4, num_walks=2, walk_length=10, seed=5)
    vectors = train_deepwalk(KARATE.graph, config)
    origin = Origin.of(config, KARATE, session='data = "karate_club"\n')
    score = MeasuredScore(name="AUC", value=0.71, low=0.66, high=0.75, sample="78 edges", words="Of left-out edges.")
    files = bundle_files(vectors, origin, scores=[score])
    text = files["README.md"].decode()
    for part in (
        "karate_club",
        KARATE.fingerprint,
        "| seed | `5` |",
        "| items | 34 |",
        "| algorithm deepwalk |",
        "numpy",
    ):
        assert part in text
    assert "| AUC | 0.710 | 0.660 to 0.750 | 78 edges |" in text
    assert "HNSW recall@10" in text
    assert "No score of the model itself was measured" not in text
    assert files["session.toml"] == b'data = "karate_club"\n'
    config_file = json.loads(files["config.json"])
    assert config_file["config"]["num_walks"] == 2
    assert config_file["versions"] == origin.versions
    assert "No score of the model itself was measured" in bundle_files(vectors, origin)["README.md"].decode()


def test_hostile_names_stay_inside_their_cells_of_the_card() -> None:
    origin = Origin(data="evil`|<script>\n# head", config={"class": "x|`y"})
    text = bundle_files(some(), origin)["README.md"].decode()
    assert "\n# head" not in text
    rows = [line for line in text.splitlines() if line.startswith("| name |")]
    assert [line.count("|") for line in rows] == [3]


def test_a_zip_holds_the_files_of_the_folder(tmp_path: Path) -> None:
    files = bundle_files(some(), Origin(data="some"))
    save_bundle(files, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    with pytest.raises(UsageError, match="not an empty folder"):
        save_bundle(files, tmp_path / "full")


def test_what_cannot_be_bundled_is_said() -> None:
    with pytest.raises(UsageError, match="lower min_count"):
        bundle_files(some(), Origin(data="some"), min_count=100)
    with pytest.raises(UsageError, match="output vectors"):
        bundle_files(ItemVectors(Vocabulary("ab"), np.eye(2, dtype=np.float32)), Origin(data="x"), score="in_out")


def test_one_item_alone_can_be_bundled(bare: Path, tmp_path: Path) -> None:
    save_bundle(
        bundle_files(ItemVectors(Vocabulary(["a"]), np.ones((1, 2), np.float32)), Origin(data="x")), tmp_path / "b"
    )
    assert answers(bare, tmp_path / "b", ["a"]) == {"a": []}


def test_the_origin_stays_beside_the_vectors(tmp_path: Path) -> None:
    origin = Origin.of(DeepWalkConfig(), KARATE)
    save_with_origin(tmp_path / "v.npz", some(), origin)
    assert load_origin(tmp_path / "v.npz") == origin
    assert ItemVectors.load(tmp_path / "v.npz").items == some().items
    some().save(tmp_path / "bare.npz")
    assert load_origin(tmp_path / "bare.npz") is None
    buffer = io.BytesIO()
    np.savez_compressed(buffer, origin=np.frombuffer(b'{"data": "x", "later": 1}', np.uint8))
    buffer.seek(0)
    assert load_origin(buffer) is None
