"""Names in SQL: ``a``, ``"a b"``, ``[a b]``, `` `a b` ``, and several of them joined by dots."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

Name = tuple[str, ...]  # its parts, as (schema, table)
_ONE = rb"(?:\"(?:[^\"]|\"\")++\"|`(?:[^`]|``)++`|\[(?:[^\]]|\]\])++\]|[^\s(),;.\"'`\[]++)"
NAME = _ONE + rb"(?:\s*+\.\s*+" + _ONE + rb")*+"
NAMES = rb"(?:\"(?:[^\"]|\"\")*+\"|`[^`]*+`|\[[^\]]*+\]|[^()\"`\[])*+"  # a list of them between brackets
_PARTS = re.compile(_ONE)
_NAMES = re.compile(NAME)


def name_of(text: bytes) -> Name:
    """The parts of a name without their quotation marks.

    >>> name_of(b'[dbo].[all clicks]'), name_of(b'public."a.b"'), name_of(b"`user id`")
    (('dbo', 'all clicks'), ('public', 'a.b'), ('user id',))
    """
    return tuple(_bare(found[0].decode("utf-8", errors="replace")) for found in _PARTS.finditer(text))


def _bare(part: str) -> str:
    closing = {'"': '"', "`": "`", "[": "]"}.get(part[:1])
    return part if closing is None else part[1:-1].replace(closing * 2, closing)


def column_names(text: bytes) -> list[str]:
    """The last parts of the names in a list with commas.

    >>> column_names(b'user, "a, b", t.[time]')
    ['user', 'a, b', 'time']
    """
    return [name_of(found[0])[-1] for found in _NAMES.finditer(text)]


def labels(names: Iterable[Name]) -> dict[Name, str]:
    """What each table is called: by its last part where no other is called so, else by the whole name.

    >>> labels([("shop", "log"), ("old", "log"), ("old", "people")])
    {('shop', 'log'): 'shop.log', ('old', 'log'): 'old.log', ('old', 'people'): 'people'}
    """
    names = list(dict.fromkeys(names))
    taken = Counter(call.lower() for name in names for call in {name[-1], whole(name)})
    return {name: name[-1] if taken[name[-1].lower()] == 1 else whole(name) for name in names}


def whole(name: Name) -> str:
    """A name with all its parts; one that holds a dot keeps quotation marks.

    >>> whole(("public", "a.b"))
    'public."a.b"'
    """
    return ".".join(f'"{part}"' if "." in part else part for part in name)


def called_so(names: Iterable[Name], text: str) -> list[Name]:
    """Those that a text means: by their label, else by the whole name, in the case that it has where that tells."""
    named = labels(names)
    for spell in (str, str.lower):
        for call in (named.__getitem__, whole):
            if found := [name for name in named if spell(call(name)) == spell(text)]:
                return found
    return []
