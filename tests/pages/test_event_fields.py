"""Item properties out of a log's own events: said where they are read and where something is measured with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.kit.uploads.uploads import File, Upload
from tests.pages.conftest import ROOT, healthy, text

HEAD = "user,item,time,brand,price"


def log() -> bytes:
    draw, lines = np.random.default_rng(0), [HEAD]
    for user in range(30):
        for number, item in enumerate(draw.permutation(12)[:8]):
            lines.append(f"u{user},i{item},{1_600_000_000 + user * 10_000 + number * 60},b{item % 3},{item % 4 + 1}.5")
    return "\n".join(lines).encode()


def table() -> bytes:
    return "\n".join(["item,brand", *(f"i{item},b{item % 3}" for item in range(12))]).encode()


@pytest.mark.parametrize("page", ["summary", "evaluation", "deep_models"])
@pytest.mark.parametrize("details", [False, True])
@pytest.mark.slow
def test_it_is_said_of_fields_from_events_and_of_no_other(page: str, details: bool) -> None:
    lines = [line.split(",") for line in log().decode().split("\n")]
    plain = "\n".join(",".join(line[:3]) for line in lines).encode()
    upload = Upload(File("log.csv", plain if details else log()), File("items.csv", table()) if details else None)
    shown = AppTest.from_file(str(Path(ROOT) / "pages" / f"{page}.py"), default_timeout=300)
    shown.session_state["uploads"], shown.session_state["data"] = {upload.key: upload}, upload.key
    said = text(healthy(shown.run()))
    assert ("from all events of the log, the held-out ones included" in said) != details
    if not details:
        assert "read brand and price" in said or "read brand, price" in said
