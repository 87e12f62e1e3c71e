"""A Spark session: on this computer, at a master's address, or behind Spark Connect; what is missing is said."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from recemb_core.readers.errors import shortened
from recemb_core.validation import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = TypeVar("T")
_KNOCK, _ANSWER = 5.0, 12.0  # seconds for a port to open, and for Spark Connect to say its version
_ADDRESS = re.compile(r"^(?:sc|spark|k8s)://(?:https?://)?([^/;]+)")
_PORTS = {"sc": 15002, "spark": 7077, "k8s": 443}
_LOCAL = re.compile(r"^local(\[([1-9]\d{0,3}|\*)(,\s*[1-9]\d{0,3})?\])?$")
# Times without a zone mean UTC, as everywhere here; a page of its own is nothing that a command should open.
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_ON_THIS_COMPUTER = {"spark.driver.memory": "4g", "spark.driver.host": "localhost", "spark.sql.shuffle.partitions": "8"}


def connect(master: str | None = None) -> SparkSession:
    """A Spark session.

    Args:
        master: ``"sc://host:port"`` (Spark Connect), ``"spark://host:port"``, ``"yarn"``, ``"k8s://…"`` or
            ``"local[2]"``. Left out, it is the address in ``SPARK_REMOTE``, and without that all cores of this
            computer.

    Raises:
        UsageError: pyspark or Java is missing, or nothing answers at the address: within 20 seconds, one sentence.

    >>> connect("nowhere")
    Traceback (most recent call last):
        ...
    recemb_core.validation.UsageError: master must be sc://host:port, spark://host:port, k8s://…, yarn or local[n], \
not 'nowhere'
    """
    remote = os.environ.get("SPARK_REMOTE", "")
    where = master or remote or "local[*]"
    kind = where.split(":", 1)[0]
    if not (_ADDRESS.match(where) or _LOCAL.match(where) or where == "yarn"):
        raise UsageError(
            f"master must be sc://host:port, spark://host:port, k8s://…, yarn or local[n], not {shortened(where)!r}"
        )
    if master and remote and kind != "sc":
        raise UsageError(f"SPARK_REMOTE is set ({_shown(remote)}), and master is {master}: unset one of the two")
    _need_pyspark()
    if kind != "sc":
        _need_java()
    if kind == "yarn" and not (os.environ.get("HADOOP_CONF_DIR") or os.environ.get("YARN_CONF_DIR")):
        raise UsageError(
            "master is yarn, and nothing says where it is: set HADOOP_CONF_DIR to the folder of its settings"
        )
    if kind in _PORTS:
        _knock(where, _PORTS[kind])
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("recemb")
    if kind == "sc":
        _greet(where)
        spark: SparkSession = builder.remote(where).getOrCreate()
        if type(spark).getActiveSession() is None:  # begun by another thread, and Spark ML looks for one of this
            spark = builder.remote(where).create()
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        return spark
    for name, value in {**_SETTINGS, **(_ON_THIS_COMPUTER if kind.startswith("local") else {})}.items():
        builder = builder.config(name, value)
    whole = builder.master(where)
    if kind == "spark":
        _begin_in_time(whole, where)
    return whole.getOrCreate()


def failures() -> tuple[type[Exception], ...]:
    """What Spark raises where it cannot do something, its driver's Java among it; empty where it is not installed."""
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    except ImportError:
        return ()
    return PySparkException, Py4JError


def reason(error: Exception) -> str:
    """What Spark says of a failure, in a line: its own words, which Java wraps in several of its own."""
    told, cause = "", getattr(error, "java_exception", None)
    while cause is not None:
        words = str(cause.getMessage() or "").strip()
        told, cause = (words if words.startswith("[") or not told else told), cause.getCause()
    return shortened((told or str(error)).strip().split("\n")[0], 300)


def _need_pyspark() -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of a newer pandas, of which nothing here is used
            import pyspark.sql  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Spark's Python part is missing ({error}); install it with pip install 'recemb-explorer[spark]'"
        ) from None


def _need_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if shutil.which(os.path.join(home, "bin", "java") if home else "java") is None:
        where = f"in JAVA_HOME ({home})" if home else "on this computer"
        raise UsageError(
            f"Spark needs Java 17 or later, and there is none {where}; install default-jre-headless (or your system's "
            "package of it), or name a cluster in SPARK_REMOTE, which needs none here"
        )


def _shown(where: str) -> str:
    """An address without what follows it: a token is nothing to be printed."""
    found = _ADDRESS.match(where)
    return found[0] if found else shortened(where)


def _knock(where: str, usual: int) -> None:
    """See whether anything listens at an address; of several, any."""
    found = _ADDRESS.match(where)
    assert found is not None
    why = ""
    for one in found[1].split(","):
        host, _, port = one.rpartition(":") if ":" in one else (one, "", str(usual))
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK).close()
            return
        except (OSError, ValueError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
    raise UsageError(
        f"no Spark answers at {_shown(where)} ({why}); look whether the address is right and the cluster runs"
    )


def _greet(where: str) -> None:
    """Ask for Spark's version, and leave nothing behind where nothing comes."""
    try:
        from pyspark.sql.connect.session import SparkSession as Connected

        probe = Connected(connection=where)  # nothing is sent yet
    except Exception as error:
        raise UsageError(_no_connect(where, error)) from None
    try:
        _in_time(lambda: str(probe.version), where)
    except UsageError:
        probe.client.close()  # or it says goodbye at the program's end, over and over for ten minutes
        raise
    probe.stop()


def _begin_in_time(builder: SparkSession.Builder, where: str) -> None:
    """Begin with a standalone master, or end the Java that was begun: by itself it asks three times, for a minute."""
    from pyspark import SparkContext

    if SparkContext._active_spark_context is not None:
        return
    began = time.monotonic()
    SparkContext._ensure_initialized()  # Java begins, which is not the master's doing; still nobody waits for long
    gateway = SparkContext._gateway
    try:
        patience = max(_ANSWER - (time.monotonic() - began), _ANSWER / 3)
        _in_time(builder.getOrCreate, where, "a Spark master", patience)
    except UsageError:
        SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
        gateway.proc.kill()
        raise


def _in_time(work: Callable[[], T], where: str, what: str = "Spark Connect", patience: float | None = None) -> T:
    """What a call gives; a sentence where it has not answered in time (Spark's own client tries for minutes)."""
    done: list[T] = []
    wrong: list[Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # told below, in the thread that asked
            wrong.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    patience = _ANSWER if patience is None else patience
    thread.join(patience)
    if done:
        return done[0]
    raise UsageError(_no_connect(where, wrong[0] if wrong else None, what, patience))


def _no_connect(where: str, error: Exception | None, what: str = "Spark Connect", patience: float = _ANSWER) -> str:
    why = f"{type(error).__name__}: {shortened(error, 120)}" if error else f"not within {patience:.2g} seconds"
    return (
        f"what listens at {_shown(where)} does not answer as {what} ({why}); give the address of "
        f"{'a Spark Connect server' if what == 'Spark Connect' else what}"
    )
