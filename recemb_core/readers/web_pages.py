"""Web pages and XML that programs save under the name of a spreadsheet: told, and what to do with them."""

from __future__ import annotations

import re

from recemb_core.readers.errors import InputError

_PAGE = re.compile(
    rb"(?:<\?xml[^>]*+>\s*+|<!--.*?-->\s*+)*+<(?:!doctype\s++html|html|head|body|table|meta|style)\b", re.I | re.S
)
_MAIL = re.compile(rb"mime-version:[^\n]*+\n", re.I)
_TABLE = re.compile(rb"<t(?:able|r|d|h)\b|schemas-microsoft-com:office:excel", re.I)
_CURE = "open it in a spreadsheet program and save it as xlsx or csv"


def check_no_page(head: bytes, called: str) -> None:
    """Raise :class:`InputError` for a text that begins as a web page or a spreadsheet in XML does.

    >>> check_no_page(b"<html><table><tr><td>u1</td></tr></table></html>", "'report.xls'")
    Traceback (most recent call last):
    recemb_core.readers.errors.InputError: 'report.xls' is a web page (HTML) with a table, as some programs save under \
the name of a spreadsheet; open it in a spreadsheet program and save it as xlsx or csv
    """
    if _PAGE.match(head) or (_MAIL.match(head) and b"html" in head.lower()):
        if _TABLE.search(head):
            what = "a web page (HTML) with a table, as some programs save under the name of a spreadsheet"
            raise InputError(f"{called} is {what}; {_CURE}")
        raise InputError(
            f"{called} is a web page (HTML), perhaps one that asks to sign in; download the file itself, or open it in "
            "a spreadsheet program and save its table as xlsx or csv"
        )
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head or b'progid="Excel.Sheet"' in head:
        raise InputError(f"{called} is a spreadsheet in XML (of 2003), which is not read here; {_CURE}")
