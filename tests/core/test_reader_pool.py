"""Reading apart: limits, one sentence for each way to lose a reader, and a refusal that is remembered."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from recemb_core.processes import ProcessLost, memory_is_bounded
from recemb_core.reader_pool import ReaderLimits, ReaderPool
from recemb_core.readers import InputError, Reading
from tests import bombs

LOG = b"user,item,time\nann,tea,1700000000\nann,milk,1700000060\n"


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    pool = ReaderPool(ReaderLimits(megabytes=1_500, seconds=20.0, processes=1))
    yield pool
    pool.close()


@pytest.mark.slow
def test_a_table_is_the_same_as_when_it_is_read_here(pool: ReaderPool) -> None:
    here, there = Reading().table(LOG, "log.csv"), pool.read("log.csv", Reading().table, LOG, "log.csv")
    assert here.frame.equals(there.frame)
    assert (here.format, here.notes, here.where(1)) == (there.format, there.notes, there.where(1))


@pytest.mark.slow
def test_a_reader_is_used_again(pool: ReaderPool) -> None:
    assert pool.read("a", os.getpid) == pool.read("b", os.getpid) != os.getpid()


@pytest.mark.skipif(not memory_is_bounded(), reason="this system cannot bound the memory of a process")
def test_a_bomb_is_refused_once_and_for_all(pool: ReaderPool) -> None:
    name, data = bombs.far_row()
    lost = pool.lost
    for _ in range(2):
        with pytest.raises(InputError, match=r"'far_row\.xlsx'") as refused:
            pool.read(name, Reading().table, data, name, key=(name, len(data)))
        assert str(refused.value).count("\n") == 0
    assert pool.lost <= lost + 1
    assert pool.read("log.csv", Reading().table, LOG, "log.csv").frame.height == 2


@pytest.mark.parametrize(("end", "said"), [((time.sleep, 60), "longer than 1 s"), ((os._exit, 3), "ended the process")])
@pytest.mark.slow
def test_each_loss_has_its_sentence(end: tuple, said: str) -> None:
    pool = ReaderPool(ReaderLimits(megabytes=1_500, seconds=1.0, processes=1))
    with pytest.raises(InputError, match=said):
        pool.read("log.csv", *end)
    pool.close()


@pytest.mark.slow
def test_who_waits_may_leave(pool: ReaderPool) -> None:
    busy = threading.Thread(target=pool.read, args=("slow", time.sleep, 2))
    busy.start()
    time.sleep(0.3)
    with pytest.raises(ProcessLost) as lost:
        pool.read("log.csv", Reading().table, LOG, "log.csv", wanted=lambda: False)
    assert lost.value.cause == "stopped"
    busy.join()


@pytest.mark.parametrize("text", ["many", "0", "-1", "nan", "1e99"])
@pytest.mark.parametrize("name", ["MEGABYTES", "SECONDS", "PROCESSES"])
def test_settings_out_of_range_are_named(name: str, text: str) -> None:
    with pytest.raises(InputError, match=f"RECEMB_READER_{name}="):
        ReaderLimits.from_environment({f"RECEMB_READER_{name}": text})
