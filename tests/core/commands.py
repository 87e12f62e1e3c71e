"""Commands of ``recemb`` in this very process: what they print."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recemb_core.command_line import main


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The JSON of a command that works."""
    capsys.readouterr()
    code = main([*arguments, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence of a command that cannot be done."""
    capsys.readouterr()
    assert main(list(arguments)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("recemb: ")
    assert err.count("\n") == 1
    return err
