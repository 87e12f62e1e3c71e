"""Every example in a docstring and every Python block of the README runs."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
OWN_LOG = "# your own log"


def modules_with_examples() -> list[str]:
    files = sorted((ROOT / "recemb_core").rglob("*.py"))
    names = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files if ">>> " in f.read_text("utf-8")]
    return [name.removesuffix(".__init__") for name in names]


def readme_blocks() -> list[str]:
    text = README.read_text("utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", modules_with_examples())
def test_docstring_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0, "see the captured output for what differs"


def test_the_readme_shows_python() -> None:
    assert readme_blocks()


@pytest.mark.parametrize("block", readme_blocks(), ids=lambda b: b.splitlines()[0][:40])
def test_readme_blocks(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As they stand, each on its own: from the repository, or beside a log of one's own.
    if block.startswith(OWN_LOG):
        write_log(tmp_path / "my_log.csv")
        monkeypatch.chdir(tmp_path)
    else:
        monkeypatch.chdir(ROOT)
    exec(compile(block, str(README), "exec"), {"__name__": "__main__"})


def write_log(path: Path) -> None:
    """Thirty people, each with two sessions of six clicks a day apart, on twelve items of two kinds."""
    kinds = (["tea", "milk", "cup", "spoon", "sugar", "lemon"], ["nail", "screw", "hammer", "saw", "drill", "plank"])
    lines = ["user_id,item_id,timestamp"]
    for user in range(30):
        items = kinds[user % 2]
        for session in range(2):
            for step in range(6):
                item = items[(user * (session + 1) + step * (1 + user % 3)) % 6]
                lines.append(f"user{user},{item},{1_700_000_000 + user * 5_000 + session * 86_400 + step * 40}")
    path.write_text("\n".join(lines) + "\n")
