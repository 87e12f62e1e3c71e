"""The sliders of a data set that is made to order."""

from __future__ import annotations

import streamlit as st

from pages.kit import frame
from pages.kit.made_to_order import CONTROLS, make_as_usual
from pages.kit.session import ActiveData

FIRST = ("noise", "drift", "noise_fields", "users")


def design_box(data: ActiveData) -> None:
    """What the shop is made like; nothing for a data set that is as it is."""
    controls = CONTROLS.get(type(data.made), {})
    if not controls:
        return
    with st.container(border=True):
        st.markdown("**Design the shop** — every page then works on it, and the link says how it is made")
        _row([name for name in FIRST if name in controls], data)
        with st.expander("More of its settings"):
            rest = [name for name in controls if name not in FIRST]
            for start in range(0, len(rest), len(FIRST)):
                _row(rest[start : start + len(FIRST)], data)
            st.button(
                "The usual shop",
                icon=":material/restart_alt:",
                on_click=make_as_usual,
                args=(data, type(data.made)),
                help="All of these settings back to where they started. Reset on other pages leaves the shop alone.",
            )
        st.caption(
            "At noise 0 each click follows the plan; at noise 1 each is any item and each field any value, and what a "
            "page finds then is chance. The plan: variants of a product never share a session (substitutes), an "
            "accessory follows a variant of its product (complements), best-sellers follow each other across "
            "categories."
        )


def _row(names: list[str], data: ActiveData) -> None:
    controls = CONTROLS[type(data.made)]
    places = frame.figure_columns(f"design-{names[0]}", len(FIRST), narrowest="9rem")
    for place, name in zip(places, names, strict=False):  # the last row has places to spare
        controls[name].draw(data, place)
