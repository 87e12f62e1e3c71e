"""A page with nothing but the live chart: one map, moved, regrouped, resized and highlighted by controls."""

import numpy as np
import streamlit as st

from pages.kit.live_chart import live_chart
from recemb_core.figures.item_map import item_map_figure

st.set_page_config(page_title="Live chart", layout="wide")
n = int(st.query_params.get("items", "300"))

angle = st.slider("Angle", 0, 180, 0, step=15, key="angle")
grouping = st.radio("Color", ["department", "halves", "price", "aisle"], horizontal=True, key="grouping")
big = st.checkbox("Size by popularity", key="big")


def choose(item: str) -> None:
    st.session_state["chosen"] = item
    st.session_state["clicks"] = st.session_state.get("clicks", 0) + 1


rng = np.random.default_rng(0)
group = np.arange(n) % 12
center = np.stack([np.cos(group * np.pi / 6), np.sin(group * np.pi / 6)], axis=1) * 6
base = center + rng.normal(size=(n, 2)) * 0.8
turn = np.deg2rad(angle)
positions = base @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * (1 + angle / 60)
ids = [f"i{i}" for i in range(n)]
departments = [
    "Produce",
    "Dairy",
    "Bakery",
    "Meat",
    "Frozen",
    "Snacks",
    "Drinks",
    "Household",
    "Pet",
    "Baby",
    "Deli",
    "Floral",
]
labels = {
    "department": [departments[g] for g in group],
    "halves": ["left" if x < 0 else "right" for x in base[:, 0]],
    "price": rng.gamma(2.0, 3.0, size=n),
    "aisle": [f"aisle {i % 20:02d}" for i in range(n)],
}[grouping]
titles = [f"{departments[g]} item no. {i}, 500 g" for i, g in enumerate(group)]
chosen = st.session_state.get("chosen")
neighbors: list[str] = []
if chosen is not None:
    distance = np.linalg.norm(base - base[ids.index(chosen)], axis=1)
    neighbors = [ids[i] for i in np.argsort(distance)[1:9]]
figure = item_map_figure(
    positions,
    ids,
    titles,
    color_by=labels,
    color_title=grouping.capitalize(),
    size=rng.pareto(1.5, size=n) if big else None,
    chosen=chosen,
    highlighted=neighbors,
    labels=ids[:12],
    title="A map that turns",
)
events = live_chart(figure, key="map", on_click=choose)
if events.clicked:
    st.session_state["seen"] = st.session_state.get("seen", 0) + 1
st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.html(
    f"<span data-testid='facts' data-clicks='{st.session_state.get('clicks', 0)}'"
    f" data-seen='{st.session_state.get('seen', 0)}' data-chosen='{chosen or ''}'"
    f" data-selected='{len(events.selected)}' data-first='{events.selected[0] if events.selected else ''}'"
    f" data-runs='{st.session_state['runs']}' data-angle='{angle}'></span>"
)
st.button("Run again")
