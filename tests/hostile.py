"""A log in which every name tries something: Markdown, links, pictures, HTML, a chart's markup, formulas, quotes."""

from __future__ import annotations

import csv
import io
import random

FAR = "evil.test"  # no such host; whatever asks for it is seen
# {n} tells the names of one kind apart.
KINDS = (
    "*b{n}*",
    "_u{n}_",
    "`c{n}`",
    "~~s{n}~~",
    "[l{n}](http://evil.test/)",
    "![i{n}](http://evil.test/{n}.png)",
    "http://evil.test/{n}",
    "www.e{n}.evil.test",
    "m{n}@evil.test",
    "xmpp:x{n}@evil.test",
    ":cat:{n}",
    ":red[r{n}]",
    ":material/home:{n}",
    "$x^{n}$",
    "<img src=http://evil.test/{n} onerror=window.__pwned={n}>",
    "<a href='https://evil.test/{n}'>a{n}</a>",
    "<script>window.__pwned={n}</script>",
    "<b>bold{n}</b>",
    "[r{n}]: http://evil.test",
    "\u202edib{n}",
    "two\nlines{n}",
    "%{{customdata[0]}}{n}",
    "{{x}}{n}",
    '"""{n}',
    "\\{n}\\",
    "&copy;{n}",
    "a -> b{n}",
    "=1+{n}",
    "@sum{n}",
    "a|b{n}",
    "'{n}'",
    "1. l{n}",
    "# h{n}",
    "> q{n}",
    "javascript:alert({n})",
    "L" * 200 + "{n}",
)
FIELDS = ("*kind*<b>", "![f](http://evil.test/f.png)")
OWN = ("[~~where~~](http://evil.test/) <i>", "*searched* {{x}} :red[q]")  # columns of the log that tell of its users
FILE = "![x](http:evil.test)*log*<b>.csv"
DETAILS = "_details_ www.evil.test.csv"


def name(kind: int, n: int) -> str:
    return KINDS[kind % len(KINDS)].format(n=n)


def names(count: int) -> list[str]:
    """One of each kind, then the next of each."""
    return [name(i, i) for i in range(count)]


ITEMS = names(len(KINDS))
USERS = [name(i, 100 + i) for i in range(len(KINDS))]
TITLES = [name(i, 200 + i) for i in range(len(KINDS))]
VALUES = [name(i, 300 + i) for i in range(len(KINDS))]
PLACES = [name(i, 400 + i) for i in range(len(KINDS))]


def log(*, seed: int = 0) -> bytes:
    """Users, items, times and where it was; neighbors in the list of items are bought together."""
    draw, where = random.Random(seed), random.Random(seed + 1)
    rows: list[list[object]] = [["user", "item", "time", *OWN]]
    for number, user in enumerate(USERS):
        now = 1_600_000_000 + number * 1_000
        for _ in range(3):
            first = draw.randrange(len(ITEMS))
            for _ in range(draw.randint(3, 6)):
                own = [PLACES[where.randrange(4) * 7], f"{where.choice(PLACES)} {where.choice(PLACES)}"]
                rows.append([user, ITEMS[(first + draw.randint(0, 4)) % len(ITEMS)], now, *own])
                now += draw.choice([30, 200, 900])
            now += 90_000
    return _csv(rows)


def details(*, titles: bool = True) -> bytes:
    """A title and two fields of each item."""
    head: list[object] = ["item", *(["title"] if titles else []), *FIELDS]
    rows: list[list[object]] = [head]
    for i, item in enumerate(ITEMS):
        more: list[object] = [TITLES[i]] if titles else []
        rows.append([item, *more, VALUES[i % 4 * 6], VALUES[i % 3 + 14]])
    return _csv(rows)


def _csv(rows: list[list[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
