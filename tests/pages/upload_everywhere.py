"""Run on its own: an upload whose ids carry a mark is taken through every view; prints the files that held the mark.

Every file that Python opens for writing is looked at before it goes, and at the end all that lies in the folders given
(TMPDIR and HOME of this process), which also finds what compiled libraries write and leave.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

MARK = b"ZQXJ-upload-mark"
written: set[str] = set()
found: set[str] = set()


def look(path: str) -> None:
    """Note a file that holds the mark, in any of the ways in which texts are written."""
    try:
        content = Path(path).read_bytes() if os.path.isfile(path) else b""
    except OSError:
        return
    if MARK in content or MARK.decode().encode("utf-16-le") in content:
        found.add(path)


def watch(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook: what is opened for writing, and what is about to be removed or replaced."""
    if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
        if any(letter in str(args[1] or "") for letter in "wax+") or (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            written.add(os.fsdecode(args[0]))
    elif event == "sqlite3.connect":
        written.add(os.fsdecode(args[0]))
    elif event in ("os.remove", "os.rename", "os.truncate") and isinstance(args[0], str | bytes | os.PathLike):
        path = os.fsdecode(args[0])
        if path in written:
            look(path)
    elif event == "shutil.rmtree":
        for path in list(written):
            look(path)


def log() -> bytes:
    """Baskets of two groups of items, every id with the mark."""
    mark = MARK.decode()
    groups = [["tea", "milk", "sugar", "cup", "pot"], ["hammer", "nail", "saw", "drill", "glue"]]
    lines = ["user_id,item_id,timestamp"]
    for event in range(900):
        item = groups[(event // 6) % 2][event * 7 % 5]
        lines.append(f"{mark}-u{event // 6 % 25},{mark}-{item},{1_600_000_000 + event // 6 * 9_000 + event % 6 * 60}")
    return "\n".join(lines).encode()


def main() -> None:
    from streamlit.testing.v1 import AppTest

    from benchmarks.attack_addresses import declare_all
    from pages.kit import jobs, parameters
    from pages.kit.navigation import SECTIONS

    root = Path(__file__).resolve().parents[2]
    jobs.may_run = lambda *args, **more: True  # every run is started
    sys.addaudithook(watch)
    page = AppTest.from_file(str(root / "app.py"), default_timeout=600).run()
    page.switch_page("pages/sequences.py").run()
    page.file_uploader(key="log_file").set_value(("marked.csv", log(), "text/csv"))
    page.run()
    key = page.query_params["data"][0] if isinstance(page.query_params["data"], list) else page.query_params["data"]
    assert key.startswith("upload-"), key
    declare_all()
    # A sweep of four cells takes every path that one of all cells takes.
    few = {"sweep_ps": [0.5, 1.0], "sweep_qs": [1.0, 2.0], "sweep_seeds": 3}
    for parameter, value in few.items():
        page.session_state[f"{parameter}@{key}"] = value
    visited = 0
    for name in [name for part in SECTIONS.values() for name in part]:
        page.switch_page(f"pages/{name}.py").run()
        views = [one for one in parameters.declared() if one.view and one.scope.page == name]
        for one in views or [None]:
            for value in getattr(one.allowed, "names", ()) if one is not None else (None,):
                if one is not None:
                    page.session_state[f"{one.name}@{key}"] = value
                    page.run()
                assert not page.exception, [e.message for e in page.exception]
                visited += 1
                print(f"visited {name} {value or ''}", flush=True)
    for folder in (os.environ["TMPDIR"], os.environ["HOME"]):
        written.update(str(path) for path in Path(folder).rglob("*"))
    for path in written:
        look(path)
    print(f"{visited} views, {len(written)} files written")
    for path in sorted(found):
        print(f"FOUND {path}")


if __name__ == "__main__":
    main()
