"""Bytes → clean UTF-8 text, and a sentence about anything that was not.

A detector of encodings was measured (charset-normalizer 3.5, logs of 3 and of 60 rows in ten encodings):

============================ ========== ==================
right of 2                    here       charset-normalizer
============================ ========== ==================
Windows-1252                  2          2
Latin-1 (Spanish)             2          0 (Windows-1250)
Windows-1250, KOI8-R, GBK     0 each     0 each
Windows-1251                  0          1
Shift-JIS, EUC-KR, Big5       0 each     2 each
Windows-1253                  0          2
============================ ========== ==================

It misreads what is commonest, so what is not UTF-8 is taken for Windows-1252, said to be doubtful, and changed by hand;
unless another encoding makes known names of columns of the first line, which is sure where no two do so differently.
"""

from __future__ import annotations

import codecs
import re

import numpy as np

from recemb_core.readers.column_names import is_known_name
from recemb_core.readers.errors import InputError, counted, were
from recemb_core.readers.statements import is_sql

OTHER_ENCODINGS = (
    *("latin-1", "utf-16", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254", "gb18030", "big5", "shift_jis", "euc_kr"),
    *("cp1255", "cp1256", "cp1257", "iso-8859-2", "iso-8859-15", "mac-roman"),
)
NAMES = {
    **{"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"},
    **{"cp1250": "Windows-1250 (Central Europe)", "iso-8859-2": "ISO-8859-2 (Central Europe)"},
    **{"cp1251": "Windows-1251 (Cyrillic)", "koi8-r": "KOI8-R (Cyrillic)", "cp1253": "Windows-1253 (Greek)"},
    **{"cp1254": "Windows-1254 (Turkish)", "cp1255": "Windows-1255 (Hebrew)", "cp1256": "Windows-1256 (Arabic)"},
    **{"cp1257": "Windows-1257 (Baltic)", "iso-8859-15": "ISO-8859-15 (Western, with €)"},
    **{"mac-roman": "Mac Roman", "gb18030": "GB 18030 (Chinese)", "big5": "Big5 (Chinese)"},
    **{"shift_jis": "Shift-JIS (Japanese)", "euc_kr": "EUC-KR (Korean)"},
}
MAX_LINE = 1_000_000  # bytes; a table's line is far shorter, a minified or binary file's is longer
_TORN, _LEAST = 0.05, 4  # share of lines that NUL bytes may be taken off, and lines of a text that can be judged
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def decode(data: bytes, name: str = "", encoding: str | None = None) -> tuple[bytes, str, tuple[str, ...]]:
    """UTF-8 (with or without mark), UTF-16, else Windows-1252/Latin-1, else a mixture, each said in a note.

    Returns:
        The text as UTF-8 with ``\\n`` line ends, the encoding it came in, and what to tell the person.

    Raises:
        InputError: binary content, NULs in many lines, an encoding that does not fit, or a line over a million bytes.
    """
    called = repr(name) if name else "the file"
    clean, used, notes = _to_utf8(data, called, encoding)
    clean, torn = _without_nul(clean)
    notes = (*notes, *torn)
    _check_text(clean, called)
    if b"\r" in clean:
        clean, said = _line_ends(clean)
        notes = (*notes, *said)
    if not clean.strip():
        raise InputError(f"{called} is empty (white space only); check that the export finished")
    _check_lines(clean, called)
    return clean, used, notes


def _line_ends(text: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Every line end as ``\\n``; a lone carriage return is one too, unless it stands inside a quoted field.

    >>> _line_ends(b"a\\r\\nb\\rc\\n")[0], _line_ends(b'"a\\rb"\\n')[0]
    (b'a\\nb\\nc\\n', b'"a\\rb"\\n')
    """
    pairs = text.count(b"\r\n")
    text = text.replace(b"\r\n", b"\n")
    alone = text.count(b"\r")
    if not alone:
        return text, ()
    feeds = text.count(b"\n")
    values = np.frombuffer(text, np.uint8).copy()
    returns, marks = np.flatnonzero(values == 13), np.flatnonzero(values == 34)
    if len(marks) % 2 == 0:
        returns = returns[np.searchsorted(marks, returns) % 2 == 0]
    values[returns] = 10
    if not feeds or not len(returns):
        return values.tobytes(), ()
    kinds = f"{len(returns):,} lone carriage returns, {pairs:,} CR LF and {feeds - pairs:,} LF"
    return values.tobytes(), (f"The file mixes line ends ({kinds}); each was read as one.",)


def _to_utf8(data: bytes, called: str, encoding: str | None) -> tuple[bytes, str, tuple[str, ...]]:
    if encoding is not None:
        try:
            return data.decode(encoding).lstrip("\ufeff").encode(), encoding, ()
        except LookupError:
            raise InputError(f"there is no encoding {encoding!r}; common ones are utf-8 and cp1252") from None
        except UnicodeError as error:
            raise InputError(
                f"{called} is not {encoding} ({error}); leave the encoding out to have it guessed"
            ) from None
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16").encode(), "utf-16", ("The file was UTF-16 (Excel's “Unicode text”).",)
        except UnicodeError:
            raise InputError(f"{called} starts like UTF-16 but is damaged; save it as UTF-8") from None
    if (wide := _unmarked_utf16(data)) is not None:
        text = data.decode(wide, errors="replace")
        return text.encode(), wide, (f"The file was {wide.upper()} without a mark.",)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _control_share(data) > 0.02:
            raise InputError(f"{called} is binary, not a table; save it as csv, tsv, jsonl, parquet or xlsx") from None
        return _from_other(data, data.count(b"\n", 0, error.start) + 1)
    return data, "utf-8", ()


def _from_other(data: bytes, line: int) -> tuple[bytes, str, tuple[str, ...]]:
    named = {name: text for name in ("cp1252", *OTHER_ENCODINGS) if (text := _with_known_names(data, name)) is not None}
    if named:
        used, text = next(iter(named.items()))
        others = [NAMES.get(name, name) for name, other in named.items() if other != text]
        note = f"By the names of its columns the file is {NAMES.get(used, used)}."
        if others:  # in which the names of the columns are the same, and something else is not
            note = f"The file is not UTF-8; by the names of its columns it is {NAMES.get(used, used)} or {others[0]}."
        return text.encode(), used, (note,)
    high = int((np.frombuffer(data, np.uint8) >= 128).sum())
    valid = sum(map(len, _MULTIBYTE.findall(data)))
    if valid > 0.1 * high:
        text = data.decode("utf-8", errors=_AS_WINDOWS)
        note = (
            f"The file mixes encodings: line {line} is not UTF-8 though other lines are; its bytes were read as "
            "Windows-1252. If names look wrong, save the whole file as UTF-8."
        )
        return text.encode(), "utf-8 and cp1252 mixed", (note,)
    try:
        text, used = data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        text, used = data.decode("latin-1"), "latin-1"
    label = "Windows-1252" if used == "cp1252" else "Latin-1"
    note = (
        f"The file is not UTF-8 (first at line {line}); it was read as {label}. If names look wrong, save it as UTF-8."
    )
    return text.encode(), used, (note,)


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 of mostly Latin letters without a mark in front: every other byte is zero."""
    head = np.frombuffer(data[: 1 << 16 & ~1], np.uint8)
    head = head[: len(head) // 2 * 2]
    if len(head) < 8 or len(data) % 2:
        return None
    even, odd = float((head[::2] == 0).mean()), float((head[1::2] == 0).mean())
    return "utf-16-le" if odd > 0.6 and even < 0.05 else "utf-16-be" if even > 0.6 and odd < 0.05 else None


def _with_known_names(data: bytes, encoding: str) -> str | None:
    """The text in an encoding, where that makes known names of columns, not in ASCII, of its first line."""
    try:
        first = data.split(b"\n", 1)[0][:4_096].decode(encoding)
        fields = [field.strip().strip('"') for field in re.split(r"[,;\t|]", first)]
        known = any(not field.isascii() and is_known_name(field) for field in fields)
        return data.decode(encoding) if known else None
    except UnicodeError:
        return None


def _bytes_as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", errors="replace"), error.end


_AS_WINDOWS = "recemb_windows_1252"
codecs.register_error(_AS_WINDOWS, _bytes_as_windows)


def _control_share(data: bytes) -> float:
    """Share of control characters, NUL apart, in the first 64 KB; text has none but tabs and line ends."""
    head = np.frombuffer(data[:65_536], np.uint8)
    odd = (head < 32) & ~np.isin(head, (0, 1, 9, 10, 11, 12, 13, 26, 27, 31))  # 1: Hive's delimiter
    return float(odd.mean()) if len(head) else 0.0


def _without_nul(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Text without its NUL bytes where few lines have any: a disk or a program left them where it broke off.

    >>> _without_nul(b"a,b\\n" * 30 + b"c\\0,d\\n")[1]
    ('1 NUL byte, which text never has, was taken off (line 31); what stands there may be damaged.',)
    """
    nul = data.count(b"\x00")
    if not nul:
        return data, ()
    lines = data.split(b"\n")
    torn = [number for number, line in enumerate(lines, start=1) if b"\x00" in line]
    rest = data.replace(b"\x00", b"")
    if len(torn) > max(1, _TORN * len(lines)) or len(lines) < _LEAST or _control_share(rest) > 0:
        return data, ()
    where = ", ".join(map(str, torn[:5])) + (", …" if len(torn) > 5 else "")
    line = "line" if len(torn) == 1 else "lines"
    words = f"{counted(nul, 'NUL byte')}, which text never has, {were(nul)} taken off ({line} {where})"
    words += "; what stands there may be damaged."
    return rest, (words,)


def _check_text(data: bytes, called: str) -> None:
    if data.count(b"\x00") or _control_share(data) > 0.02:
        raise InputError(f"{called} is binary, not a table; save it as csv, tsv, jsonl, parquet or xlsx")


def _check_lines(data: bytes, called: str) -> None:
    if len(data) <= MAX_LINE or data.lstrip()[:1] in (b"[", b"{") or is_sql(data):
        return  # a dump may hold all rows of a table in one statement
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
    starts = np.concatenate([[-1], ends, [len(data)]])
    length = np.diff(starts) - 1
    longest = int(length.argmax())
    if length[longest] > MAX_LINE:
        whole = "the whole file is one line" if len(ends) <= 1 else f"line {longest + 1} is one giant line"
        raise InputError(
            f"{called}: {whole} of {int(length[longest]):,} bytes, so rows cannot be told apart; "
            "export it with a line break after every row"
        )
