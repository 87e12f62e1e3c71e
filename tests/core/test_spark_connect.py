"""The Spark engine behind a Spark Connect server of this computer: the same results through ``SPARK_REMOTE``.

The server is started here, from the jar that pyspark brings, and the client is a process of its own: a session in
memory and one of Connect do not go together in one. Where Java, pyspark or Connect's own needs (grpcio …) are missing,
the test is skipped and says that Spark Connect was not tested.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recemb_core.datasets import load_dataset
from tests.core.commands import said
from tests.core.test_spark import LIGHT, LIGHT_JAVA

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("pyspark", "grpc", "grpc_status", "google.rpc", "zstandard")
PATIENCE = 120.0  # seconds for the server to listen, on a busy machine

CLIENT = """
import json, sys
from recemb_core.datasets import load_dataset
from recemb_core.embeddings import Node2VecConfig
from recemb_core.item_graph import backbone
from recemb_core.item_graph.config import GraphConfig
from recemb_core.readers import CleaningConfig, Reading
from recemb_core.sequences import read_events
from recemb_core.spark import clean_events, connect, item_edges, read_log, train_vectors
from tests.core.test_spark import alike, lines

spark = connect()
reading = Reading(cleaning=CleaningConfig(gap_minutes=30, min_count=2))
here, there = read_events(sys.argv[1], reading=reading), clean_events(read_log(spark, sys.argv[1], reading))
found = there.collect()
assert found.items.ids == here.items.ids
assert lines(found) == lines(here)
config = GraphConfig(backbone="noise_corrected", per_item=2)
edges, graph = item_edges(there, config), config.build(here)
alike(edges, graph)
few = Node2VecConfig(dimensions=6, num_walks=1, walk_length=5, epochs=1, q=2, hierarchical_softmax=True)
one, again = (train_vectors(few, here.items, graph=edges) for _ in range(2))
assert one.vectors.tobytes() == again.vectors.tobytes()
assert one.counts.sum() > len(graph)
print(json.dumps({"kind": type(spark).__module__, "edges": graph.num_edges, "vectors": len(one)}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Spark Connect server."""
    missing = [name for name in NEEDED if not _there(name)]
    if missing:
        pytest.skip(f"Spark Connect was not tested: {', '.join(missing)} not installed (make test does)")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark Connect was not tested: there is no Java (apt-get install default-jre-headless)")
    import pyspark

    home = Path(pyspark.__file__).parent
    jar = next((home / "jars").glob("spark-connect_*.jar"), None)
    if jar is None:
        pytest.skip("Spark Connect was not tested: pyspark came without its jar")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {
        **LIGHT,
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    command = [str(home / "bin" / "spark-submit"), "--master", "local[1]", "--driver-memory", "1g"]
    command += [part for name, value in told.items() for part in ("--conf", f"{name}={value}")]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", str(jar)]
    log = tmp_path_factory.mktemp("connect") / "server.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env={**kept, "SPARK_HOME": str(home), "JDK_JAVA_OPTIONS": LIGHT_JAVA},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text(errors="replace")[-2000:]
                assert time.monotonic() < deadline, "the server does not listen"
                time.sleep(0.3)
        yield f"sc://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def client(address: str, *arguments: str) -> dict[str, object]:
    """What a program prints as its last line that works through ``SPARK_REMOTE``."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "SPARK_REMOTE": address, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def test_sessions_edges_backbones_walks_and_vectors_come_through_spark_connect(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.csv"
    frame = load_dataset("planted_shop").sequences.to_frame().head(600).drop("session")  # type: ignore[union-attr]
    frame.write_csv(path)
    found = client(server, "-c", CLIENT, str(path))
    assert str(found["kind"]).startswith("pyspark.sql.connect")
    assert found["vectors"] > 30  # type: ignore[operator]
    # And by the command that a person gives.
    there = client(server, "-m", "recemb_core", "prepare", str(path), "--engine", "spark", "--json")
    here = said(capsys, "prepare", str(path))
    assert there["counts"] == {name: here["counts"][name] for name in ("items", "events", "sequences")}
