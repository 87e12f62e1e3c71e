"""An upload is in memory alone: on its way in, while it is read and trained on, and in the Serving view's store."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser

from pages.kit.uploads import server
from tests.pages.conftest import ROOT
from tests.pages.upload_everywhere import MARK


def test_a_large_file_on_its_way_in_makes_no_temporary_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's default is a temporary file from a megabyte on."""

    def refuse(*args: object, **more: object) -> None:
        raise AssertionError("a temporary file was made")

    content = MARK * 300_000
    body = b"\r\n".join(
        (b"--x", b'Content-Disposition: form-data; name="f"; filename="a.csv"', b"", content, b"--x--", b"")
    )

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    async def received() -> bytes:
        headers = Headers({"content-type": "multipart/form-data; boundary=x"})
        form = await MultiPartParser(headers, chunks()).parse()
        upload = form["f"]
        assert isinstance(upload, UploadFile)
        return await upload.read()

    monkeypatch.setattr(MultiPartParser, "spool_max_size", MultiPartParser.spool_max_size)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    server.middleware()
    with ThreadPoolExecutor(1) as elsewhere:  # a browser test before this one may have left a loop in this thread
        assert elsewhere.submit(asyncio.run, received()).result() == content


@pytest.mark.slow
def test_no_view_writes_an_uploads_ids_to_any_file(tmp_path: Path) -> None:
    folders = {"TMPDIR": tmp_path / "tmp", "HOME": tmp_path / "home"}
    for folder in folders.values():
        folder.mkdir()
    environment = {
        **os.environ,
        **{name: str(folder) for name, folder in folders.items()},
        "PYTHONPATH": str(ROOT),
        "RECEMB_NO_WARM_UP": "1",
    }
    command = [sys.executable, "-m", "tests.pages.upload_everywhere"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stderr[-3_000:]
    assert "FOUND" not in run.stdout, run.stdout
    assert "visited deep_models serving" in run.stdout, run.stdout
