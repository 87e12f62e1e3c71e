"""Addresses full of nonsense: every parameter of every page with values of every nasty kind.

Two levels. At the mechanism (``pages/kit/parameters.py``) all addresses are read by all declared parameters; of whole
pages a sample is opened. An address is *taken* as it stands, *refused* with a sentence for each value that is not
possible (the default is used), *repaired* with a sentence (given twice, far too long), or it *crashed* something; what
was neither taken nor said is *silent*, which is a fault as well.

    python -m benchmarks.attack_addresses --count 2000 --seed 0 --pages 60
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ("planted_shop", "complete_journey", "designed_shop", "les_miserables", "karate_club", "barbell")
NOT_DECLARED = ("data", "file", "details", "reading", "v", "lessons", "embed", "__proto__", "q ", "Q", "p@karate_club")
NASTY = (
    *("", " ", "0", "-0", "-1", "1", "2", "7", "0.5", "1.0", "1e3", "1e999", "-1e999", "nan", "inf", "-inf", "NaN"),
    *("²", "٣", "１２", "½", "Ⅷ", "1_000", " 5 ", "+3", "0x10", "0b1", "1e-400", "9" * 30, "9" * 5_000, "1" * 30_000),
    *("0." + "3" * 400, "1,2", "1,1", ",", ",,,,", ".", "3.14.15", "-", "0.0.0", ":", "3:tea", "²:tea", "-1:", "True"),
    *("true", "False", "None", "null", "undefined", "[]", "[1]", "['a','b']", "{}", '{"a":1}', "()", "(1,)", "a;b"),
    *("\0", "a\0b", "\ud800", "x\udfff", "\u202e", "\ufeff", "e\u0301", "🧬" * 50, "\r\n", "\t", "a" * 100_000),
    *("%", "%%", "%zz", "%00", "%2e%2e%2f", "+", "&", "=", "#", "../../etc/passwd", "/dev/zero", "C:\\", "file:///etc"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "**b**", "[x](javascript:alert(1))", "`", "$x$"),
    *("' OR 1=1 --", "${jndi:ldap://x}", "{{7*7}}", "__class__", "upload-0123456789ab", "upload-", "recall", "window"),
    *("events~user.u~item.i~min_count.²", "events~item." + "i" * 300, "sequences~", "~~~", "events~gap_minutes.nan"),
    *("node2vec", "word2vec,word2vec", "item2vec,eges,ges", "euclidean", "and_or", "category", "Valjean", "two", "ges"),
)
Address = dict[str, list[str]]


def declare_all() -> list[Any]:
    """Every parameter that the kit and the views declare."""
    from pages.kit import parameters

    for folder in ("kit", "views"):
        for path in sorted((ROOT / "pages" / folder).rglob("*.py")):  # folders without __init__.py too
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return parameters.declared()


def addresses(count: int, seed: int, parameters: Sequence[Any]) -> list[Address]:
    """So many addresses of one to eight parameters, declared names before all, the same ones for the same seed."""
    rng = random.Random(seed)
    offered = {one.name: _offered(one.allowed) for one in parameters}
    known = sorted(offered)

    def value(name: str = "") -> str:
        kind = rng.random()
        if kind < 0.3 and offered.get(name):
            return rng.choice(offered[name])
        if kind < 0.75:
            return rng.choice(NASTY)
        if kind < 0.9:
            return str(rng.choice((rng.randint(-5, 300), round(rng.uniform(-2, 60), 3), rng.choice(known))))
        return "".join(chr(rng.choice((rng.randrange(32, 127), rng.randrange(160, 0x2FFF)))) for _ in range(12))

    found: list[Address] = []
    for _ in range(count):
        chosen = [
            rng.choice(known) if rng.random() < 0.9 else rng.choice((*NOT_DECLARED, value()[:50]))
            for _ in range(rng.randint(1, 8))
        ]
        found.append({name: [value(name) for _ in range(2 if rng.random() < 0.05 else 1)] for name in chosen})
    return found


def _offered(allowed: Any) -> list[str]:
    """Some values that a control offers, its ends among them, as a link writes them."""
    from pages.kit.allowed import Flag, Span
    from pages.kit.parameters import as_text

    if isinstance(allowed, Flag):
        return ["True", "False"]
    if isinstance(allowed, Span):
        return [as_text(allowed.low), as_text(allowed.high)]
    values = list(getattr(allowed, "values", getattr(allowed, "names", ())))
    return [as_text(value) for value in values[:2] + values[-2:]]


def _read_all(given: list[Address], names: list[Any], told: dict[str, Any]) -> None:
    """The script of a session: every address read by every parameter that it names, each as a visit of its own."""
    from types import SimpleNamespace

    import streamlit as st

    from pages.kit import opened_link, parameters

    data = SimpleNamespace(key="toy")
    real, said = st.toast, []
    st.toast = lambda text, **more: said.append(text)
    try:
        for number, address in enumerate(given):
            for key in [key for key in st.session_state if isinstance(key, str)]:
                del st.session_state[key]
            said.clear()
            outcome = []
            try:
                values, repairs = opened_link.cleaned(address)
                parameters.set_link(values)
                parameters.forget_bound()
                for one in names:
                    if one.name not in values:
                        continue
                    # What only the data knows: stand-ins of the kinds that there are.
                    more: dict[str, Any] = {}
                    if not one.holds_any():
                        more["among"] = (*([one.default] if isinstance(one.default, str) else ()), "tea", "cup", "p,q")
                    allowed = one.allowed.among(more["among"]) if more else one.allowed
                    if one.default is None:
                        more["default"] = _start(allowed)
                    part = "part" if one.parts else ""
                    name = f"{one.name}_{part}" if part else one.name
                    before = len(said)
                    found = one.value(data, part, **more)
                    first = more.get("default", one.default)
                    if not allowed.holds(found) or allowed.parse(parameters.as_text(found)) != found:
                        outcome.append(f"{name}={address.get(name)!r} gave {found!r}")
                    elif len(said) > before:
                        outcome.append("refused")
                        said[-1].encode()
                        if found != first or len(said[-1]) > 400:
                            outcome.append(f"{name}: {said[-1]} (now {found!r})")
                    elif (
                        values.get("data", "toy") == "toy"
                        and name in values
                        and not _same(allowed, values[name], found)
                    ):
                        outcome.append(f"silent: {name}={values[name][:60]!r}")
                if repairs:
                    outcome.append("repaired")
            except Exception as error:
                outcome.append(f"crashed: {type(error).__name__}: {error} at {address!r}"[:400])
            told[number] = outcome
    finally:
        st.toast = real


def _start(allowed: Any) -> Any:
    """A value that a control can start at."""
    from pages.kit.allowed import Flag, Several, Span

    if isinstance(allowed, Flag):
        return True
    if isinstance(allowed, Span):
        return allowed.low
    first = next(iter(getattr(allowed, "values", getattr(allowed, "names", ("",)))))
    return [first] if isinstance(allowed, Several) else first


def _same(allowed: Any, text: str, value: Any) -> bool:
    try:
        return bool(allowed.parse(text) == value)
    except (ValueError, KeyError):
        return False


def at_the_mechanism(count: int, seed: int) -> dict[str, Any]:
    """So many addresses read by every declared parameter, without pages."""
    from streamlit.testing.v1 import AppTest

    names = declare_all()
    given = addresses(count, seed, names)
    told: dict[int, list[str]] = {}
    page = AppTest.from_function(_run, kwargs={"given": given, "names": names, "told": told}, default_timeout=300)
    page.run()
    if page.exception:
        raise RuntimeError(page.exception[0].message)
    return _summary(told)


def _run(given, names, told):  # type: ignore[no-untyped-def]  # run without this file's imports
    from benchmarks.attack_addresses import _read_all

    _read_all(given, names, told)


def _summary(told: dict[int, list[str]]) -> dict[str, Any]:
    faults = [text for outcome in told.values() for text in outcome if text not in ("refused", "repaired", "silent")]
    counts = Counter(kind for outcome in told.values() for kind in set(outcome) if kind in ("refused", "repaired"))
    return {
        "tried": len(told),
        "refused": counts["refused"],
        "repaired": counts["repaired"],
        "taken": sum(not outcome for outcome in told.values()),
        "silent": sum("silent" in outcome for outcome in told.values()),
        "crashed": sum(any(t not in ("refused", "repaired", "silent") for t in o) for o in told.values()),
        "faults": faults,
    }


def on_pages(count: int, seed: int) -> dict[str, Any]:
    """So many addresses, each opened on a page, all pages in turn; what a page cannot have is dropped or said."""
    from streamlit.testing.v1 import AppTest

    from pages.kit import parameters
    from pages.kit.navigation import SECTIONS

    os.environ.setdefault("RECEMB_NO_WARM_UP", "1")
    declare_all()
    pages = [name for part in SECTIONS.values() for name in part]
    rng = random.Random(seed + 1)
    logged: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: logged.append(  # type: ignore[method-assign]
        f"{record.getMessage()} {record.exc_info[1]!r}" if record.exc_info else record.getMessage()
    )
    logging.getLogger("recemb").addHandler(handler)
    told: dict[int, list[str]] = {}
    try:
        for number in range(count):
            name = pages[number % len(pages)]
            scope = name if rng.random() < 0.7 else ""
            own = [one for one in parameters.declared() if one.scope.page == scope]
            (address,) = addresses(1, seed * 100_003 + number, own or parameters.declared())
            data = rng.choice(DATA)
            address.setdefault("data", [data])
            page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=300)
            for key, values in address.items():
                page.query_params[_sendable(key)] = [_sendable(value) for value in values]
            logged.clear()
            page.run()
            outcome = ["refused"] * bool(page.toast or page.warning)
            outcome += [f"{name}: {e.message}" for e in page.exception] + [f"{name}: {e.value}" for e in page.error]
            outcome += [f"{name}: {text}" for text in logged]
            if outcome != ["refused"] and outcome:
                outcome.append(f"at {name}?{address!r}"[:600])
            if not any("page-done" in element.proto.body for element in page.get("html")):
                outcome.append(f"{name} stopped before its end at {address!r}"[:600])
            told[number] = outcome
    finally:
        logging.getLogger("recemb").removeHandler(handler)
    return _summary(told)


def _sendable(text: str) -> str:
    """As a browser sends it: no halves of characters."""
    return text.encode("utf-8", "replace").decode()


def main(count: int, seed: int, pages: int | None = None) -> dict[str, Any]:
    """Both levels: ``count`` addresses at the mechanism, and ``pages`` of whole pages (by default a 30th); a table."""
    pages = max(10, count // 30) if pages is None else pages
    start = time.perf_counter()
    levels = {"mechanism": at_the_mechanism(count, seed)}
    levels["pages"] = on_pages(pages, seed)
    kinds = ("tried", "taken", "refused", "repaired", "silent", "crashed")
    print(f"{'addresses':<10}" + "".join(f"{kind:>10}" for kind in kinds))
    for level, found in levels.items():
        print(f"{level:<10}" + "".join(f"{found[kind]:>10,}" for kind in kinds))
    for level, found in levels.items():
        for fault in found["faults"][:20]:
            print(f"{level}: {fault}")
    bad = sum(found["crashed"] + found["silent"] for found in levels.values())
    print(f"{bad} faults, {time.perf_counter() - start:.0f} s")
    tried = sum(found["tried"] for found in levels.values())
    return {"tried": tried, "failed": bad, **levels}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pages", type=int, default=60)
    given = parser.parse_args()
    sys.exit(bool(main(given.count, given.seed, given.pages)["failed"]))
