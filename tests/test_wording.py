"""One spelling, one place for colors, and no word of a text that a reader of the app does not have."""

from __future__ import annotations

import ast
import re
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


def strings(path: Path) -> list[str]:
    """All texts of a file that a person may read; docstrings too."""
    tree = ast.parse(path.read_text("utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("path", [*WORDS, *TEXTS], ids=relative)
def test_center_is_spelled_one_way(path: Path) -> None:
    assert not re.search(r"cent(?:re|red)\b", path.read_text("utf-8"), flags=re.IGNORECASE)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_said_by_the_article(path: Path) -> None:
    said = " ".join(" ".join(strings(path)).split())
    assert not re.search(r"\bthe article('s)?\b", said, flags=re.IGNORECASE)


@pytest.mark.parametrize("path", COLORED, ids=relative)
@pytest.mark.slow
def test_a_color_is_named_by_what_it_means(path: Path) -> None:
    assert "PALETTE[" not in path.read_text("utf-8")
    for text in strings(path):
        assert not re.search(r"#[0-9A-Fa-f]{6}\b", text), f"{text!r}: give it a name in figures/theme.py"


@pytest.mark.parametrize("path", [p for p in SOURCES if "pages" in p.parts and p.name != "text.py"], ids=relative)
def test_a_field_is_put_into_words_in_one_place(path: Path) -> None:
    assert not re.search(r"""replace\(["']_["'], ["'] ["']\)""", path.read_text("utf-8"))
