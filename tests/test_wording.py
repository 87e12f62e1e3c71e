"""One spelling, one place for colors, and no word of a text that a reader of the app does not have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*(ROOT / "recemb_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")])
# Compiled code; a change of a name there compiles it anew on every machine.
WORDS = [path for path in SOURCES if not path.stem.endswith("_kernel")]
COLORED = [path for path in SOURCES if path.name != "theme.py" and ("figures" in path.parts or "pages" in path.parts)]
TEXTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "data/README.md")]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def strings(path: Path) -> tuple[str, ...]:
    """All texts of a file that a person may read; docstrings too."""
    tree = ast.parse(path.read_text("utf-8"))
    return tuple(
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


# A test a rule and not one a file: with thousands of files' cases pytest itself would cost more than the reading does.


def found(pattern: str, texts: Iterable[tuple[Path, str]], flags: int = 0) -> list[str]:
    """Where a pattern stands: file and what is found."""
    hits = ((path, re.search(pattern, text, flags=flags)) for path, text in texts)
    return [f"{relative(path)}: {hit[0]!r}" for path, hit in hits if hit]


def files(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    return [(path, path.read_text("utf-8")) for path in paths]


def test_the_files_are_found() -> None:
    assert len(WORDS) > 300
    assert len(COLORED) > 200
    assert len(found("Where a pattern", files([Path(__file__)]))) == 1


def test_center_is_spelled_one_way() -> None:
    assert found(r"cent(?:re|red)\b", files([*WORDS, *TEXTS]), re.IGNORECASE) == []


def test_percentages_are_written_as_the_formats_of_numbers_write_them() -> None:
    assert found(r"(?:^|\d)[ \u00a0]%(?=[\s,.;:)]|$)", [(p, s) for p in SOURCES for s in strings(p)]) == []


def test_nothing_is_said_by_the_article() -> None:
    said = [(path, " ".join(" ".join(strings(path)).split())) for path in SOURCES]
    assert found(r"\bthe article('s)?\b", said, re.IGNORECASE) == []


@pytest.mark.slow
def test_a_color_is_named_by_what_it_means() -> None:
    """What is found gets a name in figures/theme.py."""
    assert found(r"PALETTE\[", files(COLORED)) == []
    assert found(r"#[0-9A-Fa-f]{6}\b", [(path, text) for path in COLORED for text in strings(path)]) == []


def test_a_field_is_put_into_words_in_one_place() -> None:
    paths = [path for path in SOURCES if "pages" in path.parts and path.name != "text.py"]
    assert found(r"""replace\(["']_["'], ["'] ["']\)""", files(paths)) == []
