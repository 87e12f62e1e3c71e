"""The walk's probability as a line of its own, with 1/p and 1/q lit where they differ from 1."""

from __future__ import annotations

import streamlit as st

from recemb_core.figures.walk_microscope import KIND_COLORS
from recemb_core.walks import statistics

STYLE = """<style>
.bias-formula { margin: 0; font-size: 0.9375rem; line-height: 1.9; }
.bias-formula span { padding: 0.0625rem 0.375rem; border-radius: 4px; border: 2px solid transparent;
    border-bottom-color: var(--kind); white-space: nowrap; }
.bias-formula span.lit { font-weight: 700; border-color: var(--kind);
    background: color-mix(in srgb, var(--kind) 22%, transparent); }
</style>"""


def lit(p: float, q: float) -> tuple[str, ...]:
    """The kinds of steps that p and q weigh other than by 1.

    >>> lit(1.0, 20.0)
    ('away',)
    """
    return tuple(kind for kind, value in ((statistics.RETURN, p), (statistics.AWAY, q)) if value != 1)


def bias_formula(p: float, q: float) -> None:
    """P(x) with α's three values, each underlined in the color that its steps have; what is lit is framed and bold."""
    parts = (
        (statistics.RETURN, f"<i>1/p</i> = {1 / p:.4g}", "back to <i>t</i>"),
        (statistics.SHARED, "1", "on to a neighbor of <i>t</i>"),
        (statistics.AWAY, f"<i>1/q</i> = {1 / q:.4g}", "away from <i>t</i>"),
    )
    on = lit(p, q)
    told = ", ".join(
        f"<span style='--kind: {KIND_COLORS[kind]}'{' class=lit' if kind in on else ''}>{value}</span> {words}"
        for kind, value, words in parts
    )
    st.html(f"{STYLE}<p class='bias-formula'>P(<i>x</i>) = α·<i>w</i> / Σ α·<i>w</i>, α = {told}</p>")
