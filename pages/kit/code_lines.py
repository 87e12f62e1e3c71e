"""*As Python*, line by line: which controls a line goes by, and what of the page it draws.

A line is read as text: an argument ``q=20`` belongs to the control of that name, and a page says what other words of
its code stand for. Pointed at, or gone to by the arrow keys, the line says so below the code, and what it names is
framed.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.kit import parameters
from pages.kit.session import DATA_WIDGET, ITEM, ActiveData, chosen_item

HINT = "Point at a line, or use the arrow keys: here stands which control it goes by, and what it draws."


@dataclass(frozen=True)
class Stands:
    """What a piece of code stands for on its page.

    Attributes:
        draws: in words, in the middle of a sentence: "both maps".
        charts: beginnings of the keys of these charts.
        controls: names of the parameters that it goes by.
    """

    draws: str = ""
    charts: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """What one line says: a sentence, and the keys of the controls and charts that it frames."""

    words: str = ""
    controls: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()


Guide = Mapping[str, Stands]
# Of every page.
USUAL: Guide = {"gap_minutes=": Stands(controls=("gap",)), "seed=": Stands(controls=("seed",))}


def read_lines(lines: Iterable[str], data: ActiveData, guide: Guide) -> list[Line]:
    """What each line of the code says; nothing of imports and of lines that no control and no chart goes by.

    Args:
        lines: of the code; one may hold several.
        data: the data set in use.
        guide: piece of code → what it stands for here: ``"k="``, ``"umap_layout("``. An argument that is not in it
            stands for the parameter of its own name, in ``Word2VecConfig(…)`` for that of this model, if that has the
            value that is written there.
    """
    item = re.compile(rf"""["']{re.escape(chosen_item(data))}["']""")
    return [_read(line, data, {**USUAL, **guide}, item) for line in "\n".join(lines).split("\n")]


def _read(line: str, data: ActiveData, guide: Guide, item: re.Pattern[str]) -> Line:
    code = line.split("  #")[0]
    if code.startswith(("import ", "from ")):
        return Line()
    found = [stands for piece, stands in guide.items() if re.search(rf"(?<!\w){re.escape(piece)}", code)]
    names = [name for stands in found for name in stands.controls]
    model = re.search(r"(\w+)Config\(", code)
    for argument, value in re.findall(r"(?<!\w)(\w+)=(?!=)([^,()\s]*)", code):
        own = [f"{model[1].lower()}_{argument}", argument] if model else [argument]
        if f"{argument}=" not in guide:
            names += [name for name in own if _has(name, value)]
    if item.search(code):
        names.append(ITEM.name)
    known = {name: one for name in names if (one := parameters.control(name)) is not None}
    controls = list(dict.fromkeys(known.values()))
    if "load_dataset(" in code or code.startswith("data = "):
        controls.insert(0, (DATA_WIDGET, "Data set"))
    draws = list(dict.fromkeys(stands.draws for stands in found if stands.draws))
    said = [
        f"{title}: {', '.join(words)}."
        for title, words in (("Goes by", [label for _, label in controls]), ("Draws", draws))
        if words
    ]
    charts = tuple(chart for stands in found for chart in stands.charts)
    return Line(" ".join(said), tuple(key for key, _ in controls), charts)


def _has(name: str, code: str) -> bool:
    """Whether a control has the value that the code gives; what is worked out in the code may come from it."""
    found = parameters.control(name)
    try:
        return found is not None and bool(ast.literal_eval(code) == st.session_state[found[0]])
    except (ValueError, SyntaxError):
        return True


_component = st.components.v2.component(
    "recemb_code_lines",
    html='<output class="code-lines" aria-live="polite"></output>',
    css="""
        .code-lines { display: block; min-height: 1.5em; font: 0.875rem/1.5 var(--st-font); }
        .code-lines:not([data-line="-1"]) {
            position: fixed; z-index: 3; max-width: min(40rem, 60vw); padding: 0.25rem 0.625rem; pointer-events: none;
            color: var(--st-text-color); background: var(--st-secondary-background-color);
            border: 1px solid var(--st-border-color); border-radius: 0.375rem;
        }
        .said-by-code { outline: 2px dashed var(--moved); outline-offset: 4px; border-radius: 4px; }
    """,
    js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def say_lines(lines: list[Line]) -> None:
    """Below a code block, in the same expander: what the line under the mouse, or gone to by keys, says."""
    words: list[dict[str, Any]] = [
        # Streamlit makes a class of a key by putting "-" for what a class cannot hold.
        {
            "words": line.words,
            "controls": [f"st-key-{re.sub(r'[^a-zA-Z0-9_-]', '-', key)}" for key in line.controls],
            "charts": line.charts,
        }
        for line in lines
    ]
    text = json.dumps(words)
    revision = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    _component(key="code lines", data={"lines": text, "hint": HINT, "revision": revision})
