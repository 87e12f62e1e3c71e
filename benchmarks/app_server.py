"""The app as a process of its own: started, watched, and what it holds and takes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def held(pid: int) -> dict[str, int]:
    """Megabytes in memory of a server and of the processes that it started."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(folder.name) == pid or int(fields[1]) == pid:
                pages = int((folder / "statm").read_text().split()[1])
                name = (folder / "comm").read_text().strip() if int(folder.name) != pid else "server"
                found[name] = found.get(name, 0) + pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000
    return found


def spend(server: int, spent: dict[tuple[str, int], float]) -> None:
    """Note the seconds of processor so far, (group, process) → seconds.

    Groups: the server, its processes by their names, browsers, and this program with what else it started.
    """
    known: dict[int, tuple[int, str, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            name = (folder / "comm").read_text().strip()
            ticks = int(fields[11]) + int(fields[12])
            known[int(folder.name)] = int(fields[1]), name, ticks / os.sysconf("SC_CLK_TCK")
    for pid, (parent, name, seconds) in known.items():
        above = {pid}
        while parent in known and parent not in above:
            above.add(parent)
            parent = known[parent][0]
        if server in above:
            group = "server" if pid == server else name
        elif os.getpid() in above:
            group = "browsers" if name.startswith("chrom") else "this program"
        else:
            continue
        spent[group, pid] = seconds


def start_server(port: int, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """The app at this port, once it answers."""
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port), "--server.fileWatcherType", "none"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    if not wait_for(port):
        process.kill()
        raise RuntimeError(log.read_text())
    return process


def wait_for(port: int) -> bool:
    """Whether a server of Streamlit answers at this port within a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).read()
            return True
        time.sleep(0.1)
    return False


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
