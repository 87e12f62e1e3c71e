"""One text without end among ordinary rows costs what its length costs: no pattern looks through it again and again.

At the length tried here a reader that does takes minutes; each file is given as long as a hundred such texts need.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from recemb_core.sequences import read_events
from recemb_core.validation import UsageError

LENGTH = 200_000
SECONDS = 20
FILLS = (
    *(
        "x",
        " ",
        "\t",
        "=",
        "a=",
        "a ",
        "1",
        "1.",
        "-",
        "2024-01-01 ",
        ":",
        '""',
        "'",
        "\\",
        '\\"',
        "[",
        "{",
        "(",
        "<a>",
    ),
    *("&amp;", "%", "#", "_", "é", "中", "\u200b", ".", "/", "@", "a::", "\r", "e+", "a.b.", "AM ", "'a', ", '"a": '),
)


def _files(fill: str) -> Iterator[str]:
    """Files of ordinary rows with one endless text in each place that a reader looks at."""
    text = (fill * (LENGTH // len(fill) + 1))[:LENGTH]
    quoted = '"' + text.replace('"', '""') + '"'
    rows = "".join(f"u{n % 7},i{n % 11},2024-01-0{1 + n % 9}\n" for n in range(60))
    yield f"user,item,time\n{rows}{quoted},i1,2024-01-01\n"
    yield f"user,item,time\n{rows}u1,{quoted},2024-01-01\n"
    yield f"user,item,time\n{rows}u1,i1,{quoted}\n"
    yield f"user,item,time\n{rows}u1,{text},2024-01-01\n"
    yield f"user,{quoted},time\n{rows}"
    yield f"{text}\n{rows}"
    yield "".join(f"a b c{n % 5}\n" for n in range(40)) + text + "\n"
    yield '{"user": "u1", "items": ["a", "' + text.replace("\\", "\\\\").replace('"', '\\"') + '"]}\n' * 3
    yield '{"user": "u1", "items": ["a"' + text + "]}\n"
    yield "INSERT INTO t VALUES ('u1','i1',1),('u2','" + text.replace("'", "''") + "',2);\n"
    yield "INSERT INTO t VALUES ('u1','i1',1),(" + text + ");\n"
    yield "user=a item=b\n" * 20 + f"user={text} item=b\n"
    yield f"#Version: 1.0\n#Fields: {text}\n1 2 3\n"


class _NoEndError(BaseException):
    """No error of ours: nothing that reads a file may catch it."""


@pytest.fixture
def bounded() -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise _NoEndError

    before = signal.signal(signal.SIGALRM, end)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _told(text: str) -> str:
    """What is said of a file that is refused."""
    try:
        read_events(text.encode())
    except UsageError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("fill", FILLS, ids=repr)
def test_a_text_without_end_is_read_once(fill: str, bounded: None) -> None:
    for number, text in enumerate(_files(fill)):
        signal.alarm(SECONDS)
        assert len(_told(text)) < 1_000, f"file {number}"


def test_a_column_named_without_end_is_told() -> None:
    with pytest.raises(UsageError, match=r"column 2 of the file has a name of 5,000 characters .* 1,000 is the limit"):
        read_events(("user," + "x" * 5_000 + ",time\n" + "u,i,2024-01-01\n" * 9).encode())
