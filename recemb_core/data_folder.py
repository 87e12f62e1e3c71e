"""Where the bundled data lie: inside an installed package, or beside it in the repository."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_data"  # where setup.py puts data/
DATA_FOLDER = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "data"
